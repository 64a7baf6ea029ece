//! Under a size cap the oldest goes first, what is pinned stays, and what cannot fit is refused and changes nothing.

use hyperdust_store::{Error, Id, JobMeta, Options, SledStore, Store};
use proptest::prelude::*;

use super::{assert_clean, content, meta, options, put};

const CAPACITY: u64 = 200_000;

fn capped(path: &std::path::Path) -> SledStore {
    SledStore::open(&Options { capacity: CAPACITY, ..options(path) }).unwrap().0
}

fn listed(store: &SledStore) -> Vec<Id> {
    let episodes = store.episodes(&Default::default()).unwrap().episodes;
    episodes.iter().rev().map(|episode| episode.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_oldest_unpinned_goes_first(
        puts in prop::collection::vec((0..60_000_usize, prop::bool::weighted(0.2), prop::bool::weighted(0.2)), 10..40)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = capped(folder.path());
        let (job, mut pinned, mut came) = (Id::of(b"job"), Vec::new(), Vec::new());
        store.put_job(&job, &JobMeta::default(), &[]).unwrap();
        for (number, (bytes, pin, reopen)) in puts.into_iter().enumerate() {
            let before = (listed(&store), store.usage().bytes);
            match store.put_episode(&meta("ant", 0), &content("capped", number as u64, bytes)) {
                Ok(id) => {
                    came.push(id);
                    if pin && store.put_job(&job, &JobMeta::default(), &[id]).is_ok() {
                        pinned.push(id);
                    }
                }
                Err(error) => {
                    prop_assert!(matches!(error, Error::NoRoom { .. }), "{error}");
                    prop_assert_eq!((listed(&store), store.usage().bytes), before);
                }
            }
            let usage = store.usage();
            prop_assert!(usage.bytes <= CAPACITY && usage.pinned <= usage.bytes, "{usage:?}");
            let left = listed(&store);
            prop_assert!(pinned.iter().all(|id| left.contains(id)));
            // Of those that are not pinned, the last ones to come.
            let free: Vec<_> = came.iter().filter(|id| !pinned.contains(id)).collect();
            let kept: Vec<_> = left.iter().filter(|id| !pinned.contains(id)).collect();
            prop_assert!(free.ends_with(&kept));
            store.flush().unwrap();
            if reopen {
                drop(store);
                store = capped(folder.path());
                prop_assert_eq!(store.usage().bytes, usage.bytes);
                prop_assert_eq!(listed(&store), left);
            }
        }
        assert_clean(&store);
    }
}

#[test]
fn pins_end_with_the_job() {
    let folder = tempfile::tempdir().unwrap();
    let store = capped(folder.path());
    let first = put(&store, 1, 90_000);
    let job = Id::of(b"job");
    store.put_job(&job, &JobMeta::default(), &[first]).unwrap();
    store.put_segment(&job, 0, &content("segment", 0, 90_000)).unwrap();
    let refused = store.put_episode(&meta("ant", 0), &content("late", 0, 90_000)).unwrap_err();
    assert!(matches!(refused, Error::NoRoom { .. }) && !refused.retryable(), "{refused}");
    store.finalise(&job).unwrap();
    put(&store, 2, 90_000);
    assert_eq!(store.episode(&first).unwrap(), None, "the oldest goes once nothing pins it");
    assert!(store.job(&job).unwrap().is_some());
    put(&store, 3, 90_000);
    assert_eq!(store.job(&job).unwrap(), None, "a finalised job goes, too");
    assert_eq!(store.segment(&job, 0).unwrap(), None);
    store.flush().unwrap();
    assert_eq!(store.usage().evicted, 2);
    assert_clean(&store);
}

#[test]
fn journals_are_never_evicted_and_blueprints_stay_while_they_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let store = capped(folder.path());
    let (used, unused) = (Id::of(b"used"), Id::of(b"unused"));
    store.put_blueprint(&used, &content("used", 0, 20_000)).unwrap();
    store.put_blueprint(&unused, &content("unused", 0, 20_000)).unwrap();
    store.checkpoint(1, 0, &content("state", 0, 50_000)).unwrap();
    store.append(1, 1, b"command").unwrap();
    let of = hyperdust_store::EpisodeMeta { blueprint: used, ..meta("ant", 0) };
    for number in 0..20 {
        store.put_episode(&of, &content("episode", number, 40_000)).unwrap();
        store.flush().unwrap();
    }
    assert!(store.blueprint(&used).unwrap().is_some());
    assert_eq!(store.blueprint(&unused).unwrap(), None);
    assert_eq!(store.journal(1).unwrap().unwrap().commands, [b"command".to_vec()]);
    assert_clean(&store);
}

/// A scene's blueprint, larger than its episodes, makes room with the last of them; otherwise a store that has seen many scenes would
/// be full of what nothing uses.
#[test]
fn blueprints_go_with_the_last_of_their_episodes() {
    let folder = tempfile::tempdir().unwrap();
    let store = capped(folder.path());
    for number in 0..12 {
        let root = Id::of(&[number as u8]);
        store.put_blueprint(&root, &content("blueprint", number, 90_000)).unwrap();
        let of = hyperdust_store::EpisodeMeta { blueprint: root, ..meta("ant", 0) };
        store.put_episode(&of, &content("episode", number, 20_000)).unwrap();
        store.flush().unwrap();
        assert!(store.blueprint(&root).unwrap().is_some());
    }
    assert_eq!(store.usage().pinned, 0, "all of it may go");
    assert_clean(&store);
}
