//! The hosted companion: what is true is attested, what is not is found, where it stops being true.

use std::collections::BTreeMap;

use hyperdust_actors::serve::{Options, Server};
use hyperdust_gym::{AutoresetMode, Episode};
use hyperdust_store::{Id, Outcome, Query, SledStore, Store};

use super::{
    house::{Client, House, Player, recorded},
    http::json,
};

/// The verdicts of all episodes, by their names, once each has one.
fn verdicts(server: &Server) -> BTreeMap<String, String> {
    loop {
        let list = json(server.http.unwrap(), "/api/episodes");
        let episodes = list["episodes"].as_array().unwrap();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let found = episodes.iter().map(|episode| Some((text(&episode["id"])?, text(&episode["verdict"])?)));
        if let Some(found) = found.collect() {
            return found;
        }
    }
}

/// Episodes of a session are attested while it goes on. One that is put into the store with another reward, well-formed and under a
/// right checksum, is disputed at the step that was changed, and so is one that is listed with another return; the others stay
/// attested. What was found is in the store after the server, and goes with the episode.
#[test]
fn wrong_episodes_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = House::config(folder.path());
    config.http = "127.0.0.1:0".parse().unwrap();
    config.companion.enabled = true;
    let server = Server::start(config.clone(), Options::default()).unwrap();
    let mut remote =
        Player::open(Client::new(&server.endpoints[0]), recorded("cartpole", 3, AutoresetMode::SameStep), 5);
    remote.reset(5);
    for _ in 0..80 {
        remote.step();
    }
    let made = remote.close().episodes as usize;
    let honest = verdicts(&server);
    assert_eq!(honest.len(), made);
    assert!(made > 4 && honest.values().all(|verdict| verdict == "attested"), "{honest:?}");
    server.drain().unwrap();

    let options = hyperdust_store::Options { path: config.data.join("store"), ..Default::default() };
    let (store, _) = SledStore::open(&options).unwrap();
    let page = store.episodes(&Query::default()).unwrap();
    let take = |number: usize| {
        let record = &page.episodes[number];
        (record.meta.clone(), Episode::decode(&store.episode_bytes(&record.id).unwrap().unwrap()).unwrap())
    };
    let (mut meta, mut episode) = take(0);
    episode.records[3].reward += 0.5;
    meta.episode_return = episode.episode_return();
    let wrong = store.put_episode(&meta, &episode.encode()).unwrap();
    let (mut meta, mut episode) = take(1);
    // Another episode by its bytes, and true: only what it is listed as is not.
    episode.records.pop();
    episode.actions.truncate(episode.records.len() * episode.action_size as usize);
    (meta.steps, meta.complete) = (episode.len() as u64, false);
    meta.episode_return = 1000.0;
    let praised = store.put_episode(&meta, &episode.encode()).unwrap();
    let nothing = store.put_episode(&take(2).0, b"no episode").unwrap();
    store.flush().unwrap();
    drop(store);

    let server = Server::start(config.clone(), Options::default()).unwrap();
    let found = verdicts(&server);
    let of = |id: &Id| &*found[&format!("0x{id}")];
    assert_eq!(of(&wrong), "disputed (step 4 differs in its reward)");
    assert_eq!(of(&praised), "disputed (it is listed with another return)");
    assert!(of(&nothing).starts_with("disputed ("));
    assert!(honest.iter().all(|(id, verdict)| found[id] == *verdict));
    server.drain().unwrap();

    let (store, _) = SledStore::open(&options).unwrap();
    let kept = store.verdicts(&wrong).unwrap();
    assert_eq!((kept.len(), kept[0].outcome), (1, Outcome::Disputed));
    assert_eq!(store.usage().verdicts as usize, made + 3);
    drop(store);
    // Under a cap that holds no more than a part of them, episodes leave and take their verdicts along.
    let small = hyperdust_store::Options { capacity: 20_000, reserve: 0, ..options };
    let (store, _) = SledStore::open(&small).unwrap();
    let mut filler = 0_u32;
    while store.usage().verdicts > 0 {
        filler += 1;
        let bytes = [&filler.to_le_bytes()[..], &[0; 2000]].concat();
        store.put_episode(&Default::default(), &bytes).unwrap();
    }
    assert_eq!((store.episode(&wrong).unwrap(), store.verdicts(&wrong).unwrap()), (None, vec![]));
}
