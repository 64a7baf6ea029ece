//! Companions over the wire: inputs first, a commitment that is for good, the claim after it, and a verdict that holds; from two sides,
//! a companion of its own and the server's.

use std::{num::NonZeroUsize, sync::Arc};

use hyperdust_actors::{
    Error, Job, Program, SEGMENT,
    companion::{Report, Verdict, commitment::Reveal, remote::Remote},
    job::roots,
    serve::{Options, Server, keys},
    trial,
};
use hyperdust_gym::{AutoresetMode, Seeds};
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::{Receipt, Signed};
use hyperdust_store::{Id, JobMeta, Outcome, SledStore, Store};
use hyperdust_wire::{
    Code, Hex,
    client::{self, Client},
    curve::{Authorised, Entry, KeyPair},
    message::{CommitRequest, JobId, OpeningRequest, Role},
};

use super::{
    house::{Home, House},
    http,
    signing::{EVERY, open, signed, signs},
};

/// A server that signs, checks itself, and lets these in.
fn house(entries: &[(&Arc<KeyPair>, Role)]) -> House {
    House::new(
        |config| {
            signs(config);
            config.http = "127.0.0.1:0".parse().unwrap();
            config.companion.enabled = true;
            config.listen.push("tcp://0.0.0.0:*".into());
            let mut list = Authorised::default();
            for (pair, role) in entries {
                list.allow(Entry { role: *role, key: pair.public, name: String::new() }).unwrap();
            }
            list.save(&config.data.join(keys::LIST)).unwrap();
        },
        Options::default(),
    )
}

fn connect(house: &House, pair: &Arc<KeyPair>) -> Client {
    let endpoint = house.server().endpoints[2].replace("0.0.0.0", "127.0.0.1");
    let server = keys::server(&house.data).unwrap().public;
    let keys = Some((server, (**pair).clone()));
    Client::connect(&endpoint, &client::Options { keys, ..Default::default() }).unwrap()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, client::ClientError>, code: Code) {
    match answer {
        Err(client::ClientError::Refused(failure)) if failure.code == code => {}
        other => panic!("found {other:?}; accepted: {code}"),
    }
}

/// Until the server's own companion has come to so many verdicts of this kind.
fn wait(server: &Server, outcome: &str, count: u32) {
    let line = format!("hyperdust_verdicts_total{{outcome=\"{outcome}\"}} {count}\n");
    while !String::from_utf8(http::get(server.http.unwrap(), "/metrics", "localhost").1).unwrap().contains(&line) {}
}

fn unasked(_: &Job, number: usize, _: &[u8]) -> Result<Option<Hash>, Error> {
    panic!("the machine was asked for segment {number}")
}

fn own_terms(job: &Job) -> Result<hyperdust_receipt::Terms, Error> {
    Ok(*job.terms().unwrap())
}

/// A signed session ends and is two jobs. Agents get none; a companion gets inputs without a root of what is claimed, and the claim only
/// for a commitment that it cannot change, under another name neither; an opening that does not hold is refused; a companion that
/// computes attests, and is asked no more. The server's own attests to the same.
#[test]
fn companions_get_inputs_first() {
    let pair = || Arc::new(KeyPair::generate().unwrap());
    let (agent, first, second) = (pair(), pair(), pair());
    let house = house(&[(&agent, Role::Agent), (&first, Role::Companion), (&second, Role::Companion)]);
    let (mut session, _) = open(&house, signed("cartpole", 2, AutoresetMode::SameStep));
    let mut home = Home::new(session.opened(), 1, 7);
    session.reset(Seeds::First(7), None).unwrap();
    for _ in 0..3 * EVERY {
        let actions = home.actions.draw();
        session.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    let mut companion = connect(&house, &first);
    assert_eq!(companion.jobs().unwrap().jobs, [], "its session lives");
    session.settle().unwrap();
    let receipts = session.receipts();
    session.close().unwrap();

    refused(connect(&house, &agent).jobs(), Code::Forbidden);
    let jobs = loop {
        let jobs = companion.jobs().unwrap().jobs;
        if jobs.len() == 2 {
            break jobs;
        }
    };
    let id = jobs[0].job;
    assert_eq!((jobs[0].segments, jobs[0].steps), (3, u64::from(3 * EVERY)));
    let bytes = companion.job(JobId { job: id }).unwrap();
    for receipt in receipts.iter().flatten() {
        let outputs = receipt.outputs.unwrap().message.root;
        assert!(bytes.windows(32).all(|window| window != outputs));
    }
    let job = Job::decode(&bytes).unwrap();
    let terms = *job.terms().unwrap();
    let program = Program::committed(SEGMENT).unwrap().root;
    let truth = job.graph(&roots(&job.replay(|_| {}).unwrap())).unwrap();
    assert!(truth.nodes().iter().all(|node| bytes.windows(32).all(|window| window != node.output)));

    // A lazy one: it commits to something, learns the claim, and can do nothing with it.
    let key = trial::key("lazy").unwrap();
    let (companion_address, guess) = (Hex(key.address().0), Reveal { root: [1; 32], salt: [2; 32] });
    let commit =
        CommitRequest { job: id, commitment: Hex(guess.commitment(&key.address())), companion: companion_address };
    let verdict = |why: &str| Verdict::Abstained { why: why.into() };
    let opening = OpeningRequest { job: id };
    let said = |reveal, verdict| Report { reveal, verdict }.encode();
    refused(companion.opening(opening.clone(), &said(guess, verdict("too early"))), Code::Forbidden);
    let claim = companion.commit(commit.clone()).unwrap();
    assert_eq!(claim, truth.encode());
    assert_eq!(companion.commit(commit.clone()).unwrap(), claim);
    let copied = Reveal { root: truth.root(), salt: [3; 32] };
    let changed = Hex(copied.commitment(&key.address()));
    refused(companion.commit(CommitRequest { commitment: changed, ..commit.clone() }), Code::Forbidden);
    let other = trial::key("other").unwrap();
    let renamed = Hex(copied.commitment(&other.address()));
    let companion_address = Hex(other.address().0);
    refused(
        companion.commit(CommitRequest { commitment: renamed, companion: companion_address, ..commit }),
        Code::Forbidden,
    );
    let attest = |reveal: Reveal, key: &hyperdust_receipt::Key| {
        let message = hyperdust_receipt::Attestation {
            job: terms.job,
            plan: truth.plan(),
            claim: truth.root(),
            commitment: reveal.commitment(&key.address()),
        };
        said(reveal, Verdict::Attested(Signed::new(message, &terms.domain, key)))
    };
    refused(companion.opening(opening.clone(), &attest(copied, &key)), Code::Receipt);
    refused(companion.opening(opening.clone(), &attest(guess, &key)), Code::Receipt);
    refused(companion.opening(opening.clone(), b"no report"), Code::Malformed);
    companion.opening(opening.clone(), &said(guess, verdict("it was a guess"))).unwrap();
    assert_eq!(companion.jobs().unwrap().jobs.len(), 1, "one is left for it");

    // One that works.
    let folder = tempfile::tempdir().unwrap();
    let key = trial::key("companion").unwrap();
    let mut remote = Remote::new(connect(&house, &second), &key, folder.path(), own_terms).unwrap();
    let tasks = remote.fetch().unwrap();
    assert_eq!(tasks.len(), 2);
    let computed = remote.compute(&tasks, program, NonZeroUsize::MIN, &|_| ());
    assert!(computed.iter().all(Result::is_ok), "{computed:?}");
    // Begun again before it sent anything, it goes on with what it committed to.
    let mut remote = Remote::new(connect(&house, &second), &key, folder.path(), own_terms).unwrap();
    let tasks = remote.fetch().unwrap();
    assert!(remote.compute(&tasks, [0; 32], NonZeroUsize::MIN, &|_| ()).iter().all(Result::is_ok));
    for task in &tasks {
        let Verdict::Attested(signed) = remote.settle(task, unasked).unwrap() else { panic!("{task:?}") };
        signed.verify(&terms.domain, &key.address()).unwrap();
    }
    assert!(remote.fetch().unwrap().is_empty());
    assert_eq!(connect(&house, &second).jobs().unwrap().jobs, []);
    // Its two, and two of the server's own beside the episodes.
    let episodes = http::json(house.server().http.unwrap(), "/api/episodes")["total"].as_u64().unwrap();
    wait(house.server(), "attested", 4 + episodes as u32);
}

/// A provider that signed an output that it did not compute: the companion's verdict is a dispute, and so is that of the server's own.
#[test]
fn wrong_claims_are_disputed() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = House::config(folder.path());
    config.http = "127.0.0.1:0".parse().unwrap();
    config.companion.enabled = true;
    let program = Program::committed(SEGMENT).unwrap().root;
    let model = trial::model("cartpole").unwrap();
    let job = trial::job(&model, program, 5, 30, 10).unwrap();
    let (terms, mut outputs) = (*job.terms().unwrap(), roots(&job.replay(|_| {}).unwrap()));
    outputs[1][9] ^= 1;
    let options = hyperdust_store::Options { path: config.data.join("store"), ..Default::default() };
    let (store, _) = SledStore::open(&options).unwrap();
    let (id, blueprint) = (Id(terms.job), Id(model.id().0));
    store.put_blueprint(&blueprint, &model.blueprint().encode().unwrap()).unwrap();
    // As a server writes it: of a lane, program and terms; inputs, output and receipt of each segment.
    let note = borsh::to_vec(&(0_u8, program, terms)).unwrap();
    store.put_job(&id, &JobMeta { blueprint, note, ..JobMeta::default() }, &[]).unwrap();
    for (number, (inputs, output)) in (0..).zip(job.segments().iter().zip(&outputs)) {
        let receipt = Receipt { actions: inputs.signed.unwrap(), outputs: None };
        store.put_segment(&id, number, &borsh::to_vec(&(inputs, output, receipt)).unwrap()).unwrap();
    }
    store.flush().unwrap();
    drop(store);

    let server = Server::start(config, Options::default()).unwrap();
    let client = Client::connect(&server.endpoints[0], &Default::default()).unwrap();
    let key = trial::key("companion").unwrap();
    let files = tempfile::tempdir().unwrap();
    let mut remote = Remote::new(client, &key, files.path(), own_terms).unwrap();
    let tasks = remote.fetch().unwrap();
    assert!(remote.compute(&tasks, program, NonZeroUsize::MIN, &|_| ())[0].is_ok());
    // The machine, as it would come out: what is native.
    let machine = |job: &Job, number: usize, state: &[u8]| Ok(Some(roots(&[job.segment(number, state, &mut ())?])[0]));
    let verdict = remote.settle(&tasks[0], machine).unwrap();
    assert!(matches!(verdict, Verdict::Disputed { node: 1, claimed, .. } if claimed == outputs[1]), "{verdict:?}");
    assert!(files.path().join(format!("{}.hdgraph", tasks[0].name)).exists(), "the claim is kept");
    wait(&server, "disputed", 2);
    server.drain().unwrap();
    let (store, _) = SledStore::open(&options).unwrap();
    let verdicts = store.verdicts(&id).unwrap();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.iter().all(|verdict| verdict.outcome == Outcome::Disputed), "{verdicts:?}");
    assert!(verdicts.iter().any(|verdict| verdict.by == key.address().to_string()));
    assert!(!store.job(&id).unwrap().unwrap().finalised, "evidence stays");
}
