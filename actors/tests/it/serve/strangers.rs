//! Beyond loopback: who has no key gets nothing, who has one gets what its role allows, and what is another's stays so.

use std::{sync::Arc, time::Duration};

use hyperdust_actors::serve::{Options, keys};
use hyperdust_gym::AutoresetMode;
use hyperdust_wire::{
    Code, Hex,
    curve::{self, Authorised, Entry, KeyPair},
    message::{EpisodeId, EpisodeQuery, Open, Reply, Request, Right, Role},
};

use super::house::{Client, House, Player, parse, recorded, refused, reset};

/// A server that listens everywhere, with these keys.
fn house(entries: &[(&Arc<KeyPair>, Role)]) -> House {
    House::new(
        |config| {
            config.listen.push("tcp://0.0.0.0:*".into());
            let mut list = Authorised::default();
            for (pair, role) in entries {
                list.allow(Entry { role: *role, key: pair.public, name: String::new() }).unwrap();
            }
            std::fs::create_dir_all(&config.data).unwrap();
            list.save(&config.data.join(keys::LIST)).unwrap();
        },
        Options::default(),
    )
}

fn endpoint(house: &House) -> String {
    house.server().endpoints[2].replace("0.0.0.0", "127.0.0.1")
}

fn client(house: &House, pair: &KeyPair) -> Client {
    let server = keys::server(&house.data).unwrap().public;
    Client::prepared(&endpoint(house), |socket| curve::connect(socket, &server, pair).unwrap())
}

fn pair() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate().unwrap())
}

/// Without a key, or with one that is not on the list, or with the wrong server's: silence.
#[test]
fn strangers_get_nothing() {
    let (known, stranger) = (pair(), pair());
    let house = house(&[(&known, Role::Agent)]);
    client(&house, &known).query(&Request::Ping).unwrap();
    let wrong = Client::prepared(&endpoint(&house), |socket| {
        curve::connect(socket, &stranger.public, &known).unwrap();
    });
    for client in [Client::new(&endpoint(&house)), client(&house, &stranger), wrong] {
        client.socket.set_rcvtimeo(Duration::from_millis(300).as_millis() as i32).unwrap();
        let header = super::house::header(hyperdust_wire::Kind::Ping, 1, 0);
        // Refused before it has anybody to send to, or after.
        let _ = client.socket.send(&header.encode()[..], zmq::DONTWAIT);
        assert!(client.socket.recv_multipart(0).is_err());
    }
}

/// Agents step and reset what is theirs and nothing else; operators read and write states; companions open nothing.
#[test]
fn roles() {
    let (agent, other, operator, companion) = (pair(), pair(), pair(), pair());
    let house = house(&[
        (&agent, Role::Agent),
        (&other, Role::Agent),
        (&operator, Role::Operator),
        (&companion, Role::Companion),
    ]);
    let mut mine = Player::open(client(&house, &agent), Open::new("cartpole", 2), 1);
    assert_eq!(mine.opened.rights, [Right::Step, Right::Reset]);
    mine.reset(1);
    mine.step();
    refused(mine.ask(&Request::Snapshot), Code::Forbidden);
    refused(mine.client.query(&Request::Shutdown), Code::Forbidden);
    refused(client(&house, &companion).open(Open::new("cartpole", 1)), Code::Forbidden);

    // Another key does not even learn that there is such a session; with its token it may still not have it.
    let mut thief = client(&house, &other);
    refused(thief.ask(mine.opened.session, 3, &reset(1)), Code::Detached);
    refused(thief.ask(mine.opened.session ^ 1, 3, &reset(1)), Code::Detached);
    refused(thief.resume(&mine.opened, 0), Code::Forbidden);
    mine.step();

    // What an operator hands to an agent, the agent may step and not reset.
    let open = Open { agent: Some(agent.public.to_string()), ..Open::new("cartpole", 2) };
    let mut handed = Player::open(client(&house, &operator), open, 1);
    assert_eq!(handed.opened.rights, [Right::Step, Right::Reset, Right::State]);
    handed.reset(1);
    handed.ask(&Request::Snapshot).unwrap();
    handed.client = client(&house, &agent);
    let resumed = handed.client.resume(&handed.opened, handed.number).unwrap();
    assert_eq!(resumed.opened.rights, [Right::Step]);
    handed.step();
    refused(handed.ask(&reset(1)), Code::Forbidden);
    handed.step();

    // A companion has no sessions, not one that is handed to it either.
    let open = Open { agent: Some(companion.public.to_string()), ..Open::new("cartpole", 1) };
    let opened = client(&house, &operator).open(open).unwrap();
    refused(client(&house, &companion).resume(&opened, 0), Code::Forbidden);

    // An operator who has the token may take any session over, and all of it.
    mine.client = client(&house, &operator);
    let resumed = mine.client.resume(&mine.opened, mine.number).unwrap();
    assert_eq!(resumed.opened.rights, [Right::Step, Right::Reset, Right::State]);
    mine.step();
}

/// What a client is told there is.
fn episodes(client: &mut Client) -> Vec<Hex<32>> {
    let frames = client.query(&Request::Episodes(EpisodeQuery::default())).unwrap();
    let Reply::Episodes(list) = parse(&frames) else { panic!("no list") };
    list.episodes.iter().map(|episode| episode.id).collect()
}

/// Recordings are read by whose they are (of equal ones everybody who made them, and whom the session was handed to) and by operators.
/// To other agents they are not there, and companions read none.
#[test]
fn recordings_have_owners() {
    let (agent, other, operator, companion) = (pair(), pair(), pair(), pair());
    let house = house(&[
        (&agent, Role::Agent),
        (&other, Role::Agent),
        (&operator, Role::Operator),
        (&companion, Role::Companion),
    ]);
    let record = |pair: &KeyPair, open: Open, seed: u64| {
        let mut player = Player::open(client(&house, pair), open, seed);
        player.reset(seed);
        while !player.step().episode_mask[0] {}
        player.close();
    };
    let open = || recorded("cartpole", 1, AutoresetMode::SameStep);
    let episode = |pair: &KeyPair, id: Hex<32>| client(&house, pair).query(&Request::Episode(EpisodeId { id }));
    record(&agent, open(), 1);
    let mine = episodes(&mut client(&house, &agent));
    assert_eq!(mine.len(), 1);
    assert_eq!(episodes(&mut client(&house, &operator)), mine);
    episode(&agent, mine[0]).unwrap();
    episode(&operator, mine[0]).unwrap();
    assert!(episodes(&mut client(&house, &other)).is_empty());
    refused(episode(&other, mine[0]), Code::NotFound);
    refused(client(&house, &companion).query(&Request::Episodes(EpisodeQuery::default())), Code::Forbidden);
    refused(episode(&companion, mine[0]), Code::Forbidden);

    record(&other, open(), 1);
    assert_eq!(episodes(&mut client(&house, &other)), mine, "it has made the same");
    record(&operator, Open { agent: Some(other.public.to_string()), ..open() }, 2);
    assert_eq!(episodes(&mut client(&house, &other)).len(), 2);
    assert_eq!(episodes(&mut client(&house, &agent)), mine);
}
