//! Local, remote and replayed are the same bytes.

use hyperdust_actors::serve::Options;
use hyperdust_gym::{AutoresetMode, Episode};
use hyperdust_wire::message::{EpisodeId, EpisodeList, EpisodeQuery, Reply, Request};

use super::house::{Home, House, Player, parse, recorded};

/// Steps a session beside an env at home, and compares every batch, then every recorded episode, byte for byte.
fn compare(house: &House, scene: &str, mode: AutoresetMode, lanes: usize, steps: usize, seed: u64, tcp: bool) {
    let client = if tcp { house.tcp() } else { house.ipc() };
    let mut remote = Player::open(client, recorded(scene, lanes, mode), seed);
    let mut home = Home::new(&remote.opened, 1, seed);
    assert_eq!(remote.reset(seed), home.reset(seed), "{scene}");
    for step in 0..steps {
        let over = home.env.batch().episode_mask.contains(&true);
        if mode == AutoresetMode::Disabled && over {
            let first = seed + 1000 * (step as u64 + 1);
            assert_eq!(remote.reset(first), home.reset(first), "{scene}: the reset before step {step}");
        }
        assert_eq!(remote.step(), home.step(), "{scene}: step {step}");
    }
    let expected: Vec<Episode> = home.env.take_episodes().into_iter().map(|(_, episode)| episode).collect();
    let session = remote.opened.session;
    assert_eq!(remote.close().episodes, expected.len() as u64, "{scene}");
    let mut client = house.ipc();
    for episode in &expected {
        let id = hyperdust_wire::Hex(episode.digest());
        let frames = client.query(&Request::Episode(EpisodeId { id })).unwrap();
        let Reply::Episode(summary, bytes) = parse(&frames) else { panic!("no episode") };
        assert_eq!((summary.session, summary.steps), (session, episode.len() as u64));
        let found = Episode::decode(bytes).unwrap();
        assert_eq!(found, *episode, "{scene}");
        assert!(found.replay(home.env.model()).unwrap().equal(), "{scene}");
    }
    let listed = list(&mut client, EpisodeQuery { session: Some(session), ..EpisodeQuery::default() });
    assert_eq!(listed.episodes.len(), expected.len().min(256), "{scene}");
}

fn list(client: &mut super::house::Client, query: EpisodeQuery) -> EpisodeList {
    match parse(&client.query(&Request::Episodes(query)).unwrap()) {
        Reply::Episodes(list) => list,
        other => panic!("{other:?}"),
    }
}

/// Scenes of all kinds, in all modes, over both transports, on servers that step with one thread and with two.
#[test]
fn remote_is_local_and_replayed() {
    for threads in [1, 2] {
        let house = House::new(|config| config.threads = threads, Options::default());
        // Seeds differ: an episode that two sessions have in common is one episode, the first one's.
        for (case, (tcp, scene, mode, steps)) in (0..).zip([
            (false, "cartpole", AutoresetMode::SameStep, 120),
            (true, "cartpole", AutoresetMode::NextStep, 120),
            (true, "cartpole", AutoresetMode::Disabled, 60),
            (false, "pendulum", AutoresetMode::SameStep, 210),
            (true, "hopper", AutoresetMode::SameStep, 60),
            (false, "blocks", AutoresetMode::NextStep, 20),
        ]) {
            compare(&house, scene, mode, 5, steps, 11 + 100_000 * case, tcp);
        }
    }
}

/// Four clients at once get what each would get alone.
#[test]
fn clients_do_not_meet() {
    let house = House::plain();
    std::thread::scope(|scope| {
        for client in 0..4_u64 {
            let (scene, mode) = match client {
                0 | 1 => ("cartpole", AutoresetMode::SameStep),
                2 => ("hopper", AutoresetMode::NextStep),
                _ => ("pendulum", AutoresetMode::SameStep),
            };
            let house = &house;
            scope.spawn(move || compare(house, scene, mode, 3, 100, 100 * client, client % 2 == 0));
        }
    });
}
