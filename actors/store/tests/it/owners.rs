//! Episodes have owners: lists are of one owner's where that is asked for, and of equal recordings everybody is the owner.

use hyperdust_store::{EpisodeMeta, MAX_OWNERS, Query, Store};

use crate::{assert_clean, meta, open};

fn of(owner: &str) -> EpisodeMeta {
    EpisodeMeta { owners: vec![owner.into()], ..meta("ant", 1) }
}

/// Each owner's list has what that owner recorded, whoever recorded the same before, also after the store was opened again; bytes are
/// counted once; beyond the most that a record holds nobody is added, and nothing is lost.
#[test]
fn equal_recordings_are_everybodys() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let both = store.put_episode(&of("one"), b"the same").unwrap();
    let own = store.put_episode(&of("one"), b"another").unwrap();
    assert_eq!(store.put_episode(&of("two"), b"the same").unwrap(), both);
    let others: Vec<String> = (2..MAX_OWNERS + 5).map(|number| format!("owner {number}")).collect();
    for other in &others {
        assert_eq!(store.put_episode(&of(other), b"the same").unwrap(), both);
    }
    let mine = |store: &dyn Store, owner: &str| -> Vec<_> {
        let page = store.episodes(&Query { owner: Some(owner.into()), ..Query::default() }).unwrap();
        page.episodes.iter().map(|record| record.id).collect()
    };
    let check = |store: &dyn Store| {
        assert_eq!(mine(store, "one"), [own, both]);
        assert_eq!(mine(store, "two"), [both]);
        assert!(mine(store, "three").is_empty());
        assert_eq!(others.iter().filter(|other| mine(store, other) == [both]).count(), MAX_OWNERS - 2);
        assert_eq!(store.episodes(&Query::default()).unwrap().total, 2);
    };
    check(&store);
    store.flush().unwrap();
    let bytes = store.usage().bytes;
    drop(store);
    let (store, opened) = open(folder.path());
    assert!(!opened.salvaged());
    check(&store);
    assert_eq!(store.usage().bytes, bytes);
    assert_clean(&store);
}
