//! A list of what is safe has what a flush acknowledged, and nothing that a crash may still take.

use hyperdust_store::{Query, Store};

use crate::{meta, open, put};

#[test]
fn what_is_not_flushed_is_not_safe() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let listed = |store: &dyn Store, safe: bool| -> Vec<_> {
        let page = store.episodes(&Query { safe, limit: 2, ..Query::default() }).unwrap();
        assert!(!page.more && page.total == page.episodes.len() as u64);
        page.episodes.iter().map(|record| record.id).collect()
    };
    let first = put(&store, 1, 100);
    assert_eq!(listed(&store, true), []);
    assert_eq!(listed(&store, false), [first]);
    store.flush().unwrap();
    assert_eq!(listed(&store, true), [first]);
    let second = put(&store, 2, 100);
    // Recorded by somebody else, too: it is as safe as before.
    let owners = vec!["somebody else".into()];
    let bytes = store.episode_bytes(&first).unwrap().unwrap();
    store.put_episode(&hyperdust_store::EpisodeMeta { owners, ..meta("ant", 1) }, &bytes).unwrap();
    assert_eq!(listed(&store, true), [first]);
    drop(store);
    // As after a crash: what was not flushed is gone, and was in no list of what is safe.
    let (store, _) = open(folder.path());
    assert_eq!(listed(&store, false), [first]);
    assert_eq!(put(&store, 2, 100), second);
    store.flush().unwrap();
    assert_eq!(listed(&store, true), [second, first]);
}
