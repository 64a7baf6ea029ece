//! `hyperdust companion work`, `episode verify --server` and `episode export --server` against a server: what they print, leave behind
//! and exit with. The library under them is tested in [`super::jobs`].

use std::{
    path::Path,
    process::{Command, Output},
    sync::Arc,
};

use hyperdust_actors::{
    Program, SEGMENT,
    job::roots,
    serve::{Options, Server, keys},
    trial,
};
use hyperdust_gym::{AutoresetMode, Seeds};
use hyperdust_receipt::Receipt;
use hyperdust_store::{Id, JobMeta, SledStore, Store};
use hyperdust_wire::{
    curve::{Authorised, Entry, KeyPair},
    message::{EpisodeQuery, Open, Reply, Request, Role, Value},
};

use super::{
    house::{Home, House, Player, parse, recorded},
    signing::{EVERY, open, signed, signs},
};

fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    let Output { status, stdout, stderr } =
        command.current_dir(folder).env_remove("HYPERDUST_GUEST").args(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

/// `companion work --once` of a companion with a key that everybody knows.
fn work(folder: &Path, server: &str, more: &[&str]) -> (i32, String) {
    let fixed = ["companion", "work", "--server", server, "--trial-key", "companion", "--out", "mine"];
    run(folder, &[&fixed[..], &["--once", "--jobs", "1", "--wait", "1"], more].concat())
}

fn files(folder: &Path, ending: &str) -> usize {
    let Ok(entries) = std::fs::read_dir(folder.join("mine")) else { return 0 };
    entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == ending)).count()
}

/// Both jobs of a signed session are attested to, once; a commitment that was being written when the companion was killed is no
/// hindrance; jobs of another user are refused, and that ends too; the files are those that `check` reads.
#[test]
fn a_companion_works() {
    let house = House::new(signs, Options::default());
    let (mut session, _) = open(&house, signed("cartpole", 2, AutoresetMode::SameStep));
    let mut home = Home::new(session.opened(), 1, 7);
    session.reset(Seeds::First(7), None).unwrap();
    for _ in 0..2 * EVERY {
        let actions = home.actions.draw();
        session.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    session.close().unwrap();
    let server = house.server().endpoints[0].as_str();
    // The jobs wait once the session's log is gone.
    let mut client = hyperdust_wire::client::Client::connect(server, &Default::default()).unwrap();
    while client.jobs().unwrap().jobs.len() < 2 {}
    let name = client.jobs().unwrap().jobs[0].job.to_string().trim_start_matches("0x").to_owned();

    let folder = tempfile::tempdir().unwrap();
    let address = |label: &str| trial::key(label).unwrap().address().to_string();
    let (code, said) = work(folder.path(), server, &["--user", &address("stranger")]);
    assert_eq!((code, said.matches("  error  ").count()), (1, 2), "{said}");
    assert_eq!(files(folder.path(), "hdcommit"), 0);

    let partial = folder.path().join(format!("mine/{name}.hdcommit"));
    std::fs::write(&partial, b"a beginning").unwrap();
    let user = address("user");
    let (code, said) = work(folder.path(), server, &["--user", &user]);
    assert_eq!((code, said.matches("  attested  ").count()), (0, 2), "{said}");
    assert_eq!(std::fs::read(partial.with_extension("broken")).unwrap(), b"a beginning");
    for ending in ["hdcommit", "hdgraph", "hdattest"] {
        assert_eq!(files(folder.path(), ending), 2, "{ending}");
    }
    assert_eq!(work(folder.path(), server, &["--user", &user]), (0, String::new()), "nothing is left");
    let check = ["companion", "check", "mine", "--claims", "mine", "--trial-key", "companion"];
    let (code, said) = run(folder.path(), &check);
    assert_eq!((code, said.matches("attested").count()), (0, 2), "{said}");
}

/// Beyond loopback a companion's pair lets it in, an agent's does not, and half of the keys is an error of the command line. A server
/// that is not there is an error, too.
#[test]
fn keys_let_companions_in() {
    let (agent, companion) = (Arc::new(KeyPair::generate().unwrap()), Arc::new(KeyPair::generate().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let house = House::new(
        |config| {
            config.listen.push("tcp://0.0.0.0:*".into());
            let mut list = Authorised::default();
            for (name, pair, role) in
                [("agent.key", &agent, Role::Agent), ("companion.key", &companion, Role::Companion)]
            {
                list.allow(Entry { role, key: pair.public, name: String::new() }).unwrap();
                pair.save(&folder.path().join(name)).unwrap();
            }
            std::fs::create_dir_all(&config.data).unwrap();
            list.save(&config.data.join(keys::LIST)).unwrap();
        },
        Options::default(),
    );
    let endpoint = house.server().endpoints[2].replace("0.0.0.0", "127.0.0.1");
    let public = keys::server(&house.data).unwrap().public.to_string();
    let with = |pair: &str| work(folder.path(), &endpoint, &["--server-key", &public, "--pair", pair]);
    assert_eq!(with("companion.key"), (0, String::new()));
    let (code, said) = with("agent.key");
    assert!(code == 1 && said.contains("agents get no jobs"), "{said}");
    let (code, said) = with("nobody.key");
    assert!(code == 1 && said.contains("nobody.key"), "{said}");
    let (code, said) = work(folder.path(), &endpoint, &["--server-key", &public]);
    assert!(code == 2 && said.contains("--pair"), "{said}");
    let (code, said) = work(folder.path(), "udp://127.0.0.1:1", &[]);
    assert!(code == 1 && said.contains("udp://127.0.0.1:1"), "{said}");
}

/// A claim that is wrong is no accusation before the machine was asked, whose program is not here: exit code 1, and what is missing is
/// named. A job of which the server's disk has lost something is in nobody's way.
#[test]
fn wrong_claims_and_broken_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let config = House::config(folder.path());
    let program = Program::committed(SEGMENT).unwrap().root;
    let model = trial::model("cartpole").unwrap();
    let options = hyperdust_store::Options { path: config.data.join("store"), ..Default::default() };
    let (store, _) = SledStore::open(&options).unwrap();
    let blueprint = Id(model.id().0);
    store.put_blueprint(&blueprint, &model.blueprint().encode().unwrap()).unwrap();
    let job = trial::job(&model, program, 5, 30, 10).unwrap();
    let (terms, mut outputs) = (*job.terms().unwrap(), roots(&job.replay(|_| {}).unwrap()));
    outputs[1][9] ^= 1;
    let note = borsh::to_vec(&(0_u8, program, terms)).unwrap();
    let meta = JobMeta { blueprint, note, ..JobMeta::default() };
    // The first of these cannot be listed, the second can and cannot be given away.
    let broken = [Id([1; 32]), Id([2; 32])];
    for id in broken.iter().chain([&Id(terms.job)]) {
        store.put_job(id, &meta, &[]).unwrap();
    }
    store.put_segment(&broken[0], 0, b"no segment").unwrap();
    store.put_segment(&broken[1], 0, b"no segment").unwrap();
    for (number, (inputs, output)) in (0..).zip(job.segments().iter().zip(&outputs)) {
        let receipt = Receipt { actions: inputs.signed.unwrap(), outputs: None };
        let bytes = borsh::to_vec(&(inputs, output, receipt)).unwrap();
        store.put_segment(&Id(terms.job), number, &bytes).unwrap();
        if number == 0 {
            store.put_segment(&broken[1], 1, &bytes).unwrap();
        }
    }
    store.flush().unwrap();
    drop(store);
    let server = Server::start(config, Options::default()).unwrap();
    let (code, said) = work(folder.path(), &server.endpoints[0], &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&terms.job.map(|byte| format!("{byte:02x}")).concat()), "{said}");
    assert!(said.contains("HYPERDUST_GUEST"), "{said}");
    assert_eq!((files(folder.path(), "hdgraph"), files(folder.path(), "hdattest")), (1, 0), "the claim is kept");
}

/// An episode of a server is verified and exported by its name, with or without 0x; one of a scene with other parameters needs a file that
/// has its blueprint, and says so; what is not there is an error.
#[test]
fn episodes_of_a_server() {
    let house = House::plain();
    let folder = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    let parameters = [("sutton_barto_reward".to_owned(), Value::Bool(true))].into();
    for open in [
        recorded("cartpole", 1, AutoresetMode::SameStep),
        Open { parameters, ..recorded("cartpole", 1, AutoresetMode::SameStep) },
    ] {
        let mut player = Player::open(house.ipc(), open, 1);
        player.reset(1);
        while !player.step().episode_mask[0] {}
        player.close();
        let query = EpisodeQuery { session: Some(player.opened.session), ..EpisodeQuery::default() };
        let frames = player.client.query(&Request::Episodes(query)).unwrap();
        let Reply::Episodes(list) = parse(&frames) else { panic!("no list") };
        ids.push(list.episodes[0].id.to_string());
    }
    let server = house.server().endpoints[1].as_str();
    let (code, said) = run(folder.path(), &["episode", "verify", &ids[0], "--server", server]);
    assert!(code == 0 && said.contains("steps are true"), "{said}");
    let plain = ids[0].trim_start_matches("0x");
    let export = ["episode", "export", plain, "--server", server, "--out", "out.hdep"];
    assert_eq!(run(folder.path(), &export), (0, String::new()));
    assert_eq!(run(folder.path(), &["episode", "verify", "out.hdep"]).0, 0);
    assert_eq!(run(folder.path(), &export).0, 1, "it is there already");
    let (code, said) = run(folder.path(), &["episode", "verify", &ids[1], "--server", server]);
    assert!(code == 1 && said.contains("blueprint"), "{said}");
    let (code, said) = run(folder.path(), &["episode", "verify", &format!("0x{}", "7".repeat(64)), "--server", server]);
    assert!(code == 1 && said.contains("there is no episode"), "{said}");
    // As much of a name as no other has is enough.
    let (code, said) = run(folder.path(), &["episode", "verify", &plain[..40], "--server", server]);
    assert!(code == 0 && said.contains("steps are true"), "{said}");
    let (code, said) = run(folder.path(), &["episode", "verify", "seven", "--server", server]);
    assert!(code == 1 && said.contains("hexadecimal digits"), "{said}");
    let (code, said) = run(folder.path(), &["episode", "verify", plain, "--server", server, "--store", "x"]);
    assert!(code == 2 && said.contains("--store"), "{said}");
}
