//! What the commands say: by a name's beginning, and nothing that moves a terminal's cursor.

use hyperdust_store::{
    Error, Outcome, Query, Store, Verdict,
    cli::{fsck, list, show},
};

use super::{content, meta, open, options, put};

#[test]
fn commands_find_an_episode_by_the_beginning_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let ids: Vec<_> = (0..40).map(|seed| put(&store, seed, 100)).collect();
    let evil = store.put_episode(&meta("an\u{1b}[2Jt", 0), &content("evil", 0, 10)).unwrap();
    let verdict =
        Verdict { subject: ids[3], by: "me".into(), outcome: Outcome::Attested, detail: "equal".into(), time_ms: 1 };
    store.put_verdict(&verdict).unwrap();
    store.flush().unwrap();
    let shown = show(&store, &ids[3].to_string()[..16]).unwrap();
    assert_eq!((shown.episode.id, &shown.verdicts[..]), (ids[3], &[verdict][..]));
    assert!(shown.to_string().contains("attested by me: equal"));
    // Forty names and sixteen digits: some two begin alike.
    let alike =
        (0..16).map(|digit| format!("{digit:x}")).any(|digit| matches!(show(&store, &digit), Err(Error::Name { .. })));
    assert!(alike);
    for name in ["", "x", &"0".repeat(65)] {
        assert!(matches!(show(&store, name), Err(Error::Name { .. })));
    }
    assert!(matches!(show(&store, &"0".repeat(64)), Err(Error::Unknown { .. })));
    let text = list(&store, &Query { limit: 5, ..Query::default() }).unwrap().to_string();
    assert!(text.contains("5 of 41") && !text.contains('\u{1b}'), "{text}");
    assert!(!show(&store, &evil.to_string()).unwrap().to_string().contains('\u{1b}'));
    drop(store);
    let checked = fsck(&options(folder.path()), true).unwrap();
    assert!(checked.clean() && checked.report.whole == 42, "{checked}");
    assert!(serde_json::to_string(&checked).unwrap().contains("\"findings\":[]"));
}
