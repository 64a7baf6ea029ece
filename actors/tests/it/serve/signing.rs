//! Signed sessions: what was made is receipted segment by segment, and comes to the same whatever fails on the way; nothing goes on
//! unsigned, and nothing that does not hold is taken.

use std::{
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex},
};

use hyperdust_actors::{
    serve::{Config, Options, Server},
    trial,
};
use hyperdust_gym::{AutoresetMode, Seeds, Segment};
use hyperdust_receipt::{Domain, Receipt, Signed, Voucher, chain, list};
use hyperdust_store::{Id, SledStore, Store};
use hyperdust_wire::{
    Code, Hex,
    client::{Books, Client, ClientError, SignedSession},
    message::{Open, Request, Reset, Run, SeedsFrame, SigningRequest},
};

use super::{
    failure::panics,
    house::{Actions, Home, House, Player, parse, recorded, refused},
};

pub const EVERY: u32 = 8;

/// A server that signs.
pub fn signs(config: &mut Config) {
    let path = config.data.join("provider.key");
    std::fs::create_dir_all(&config.data).unwrap();
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path).unwrap();
    std::io::Write::write_all(&mut file, &[b'2'; 64]).unwrap();
    config.signing.key = Some(path);
    config.signing.every = EVERY;
}

pub fn signed(scene: &str, lanes: usize, mode: AutoresetMode) -> Open {
    let user = Hex(trial::key("user").unwrap().address().0);
    Open {
        signing: Some(SigningRequest { user, every: 1000, session: None, proof: None }),
        ..recorded(scene, lanes, mode)
    }
}

type Kept = Arc<Mutex<Vec<Vec<Option<Receipt>>>>>;

pub fn open(house: &House, open: Open) -> (SignedSession, Kept) {
    open_at(house.server(), open)
}

fn open_at(server: &Server, open: Open) -> (SignedSession, Kept) {
    let client = Client::connect(&server.endpoints[0], &Default::default()).unwrap();
    let kept = Kept::default();
    let keep = kept.clone();
    let keep = Box::new(move |books: Books<'_>| {
        keep.lock().unwrap().push(books.receipts.to_vec());
        Ok(())
    });
    let session = client.open(open).unwrap();
    (SignedSession::new(session, trial::key("user").unwrap(), keep).unwrap(), kept)
}

/// Steps of random actions here and at home.
fn play(remote: &mut SignedSession, home: &mut Home, steps: usize) {
    for _ in 0..steps {
        let actions = home.actions.draw();
        let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        assert_eq!(remote.step(&slices).unwrap(), home.env.step(&slices).unwrap());
    }
}

/// Every receipt is signed by both, and is over what the same env at home has cut.
fn compare(remote: &SignedSession, segments: &[(usize, Segment)]) {
    let terms = remote.opened().signing.clone().unwrap();
    let domain = Domain { chain_id: terms.chain_id, contract: hyperdust_receipt::Address(terms.contract.0) };
    for (lane, receipt) in remote.receipts().into_iter().enumerate() {
        let Receipt { actions, outputs } = receipt.unwrap();
        let outputs = outputs.unwrap();
        actions.verify(&domain, &hyperdust_receipt::Address(terms.user.0)).unwrap();
        outputs.verify(&domain, &hyperdust_receipt::Address(terms.provider.0)).unwrap();
        let own: Vec<_> = segments.iter().filter(|(of, _)| *of == lane).map(|(_, segment)| segment).collect();
        assert_eq!(outputs.message.segment + 1, own.len() as u64);
        let expected = chain::extend(chain::OUTPUTS, &chain::START, own.iter().map(|segment| &segment.output_root));
        assert_eq!(outputs.message.root, expected, "lane {lane}");
        let expected = chain::extend(chain::ACTIONS, &chain::START, own.iter().map(|segment| &segment.actions_root));
        assert_eq!(actions.message.root, expected, "lane {lane}");
    }
}

/// In every mode, with resets of some lanes, with a worker that fails in the middle of a segment, and with one that fails while it
/// signs: the batches, the segments and their roots are those of an env at home.
#[test]
fn receipts_are_of_what_was_made() {
    for (mode, fails) in [(AutoresetMode::NextStep, 1000), (AutoresetMode::SameStep, 32), (AutoresetMode::NextStep, 19)]
    {
        // A checkpoint would come after every request, if this were no signed session.
        let change = |config: &mut Config| {
            signs(config);
            config.store.checkpoint = 1;
        };
        let house = House::new(change, panics(fails, 1));
        let (mut remote, kept) = open(&house, signed("cartpole", 3, mode));
        assert_eq!(remote.opened().signing.as_ref().unwrap().every, EVERY, "the server's, where it is less");
        let mut home = Home::new(remote.opened(), 1, 7);
        home.env.commit(EVERY);
        assert_eq!(remote.reset(Seeds::First(7), None).unwrap(), home.reset(7));
        play(&mut remote, &mut home, 45);
        let (seeds, mask) = ([None, Some(3), None], [false, true, true]);
        let here = home.env.reset(Seeds::Each(&seeds), Some(&mask)).unwrap().clone();
        assert_eq!(*remote.reset(Seeds::Each(&seeds), Some(&mask)).unwrap(), here);
        play(&mut remote, &mut home, 30);
        remote.settle().unwrap();
        let segments = home.env.take_segments(false).unwrap();
        assert!(segments.len() > 25);
        compare(&remote, &segments);
        // Before it was sent each segment was kept half signed, and then whole.
        let kept = kept.lock().unwrap();
        assert!(kept.chunks(2).all(|pair| pair[0] != pair[1]));
        assert!(kept[0].iter().flatten().all(|receipt| receipt.outputs.is_none()));
        assert_eq!(*kept.last().unwrap(), remote.receipts());
        remote.close().unwrap();
    }
}

/// A server that was drained and begun again has the same books: the session goes on, and its receipts are of the whole stream. What is in
/// the store under a segment's number is what was signed: where the log says something else, nothing is signed.
#[test]
fn books_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = House::config(folder.path());
    signs(&mut config);
    let start = || Server::start(config.clone(), Options::default()).unwrap();
    let server = start();
    let (mut remote, _) = open_at(&server, signed("cartpole", 2, AutoresetMode::SameStep));
    let mut home = Home::new(remote.opened(), 1, 9);
    home.env.commit(EVERY);
    assert_eq!(remote.reset(Seeds::First(9), None).unwrap(), home.reset(9));
    play(&mut remote, &mut home, 20);
    server.drain().unwrap();
    let server = start();
    play(&mut remote, &mut home, 12);
    server.drain().unwrap();
    let server = start();
    remote.settle().unwrap();
    let segments = home.env.take_segments(false).unwrap();
    assert_eq!(segments.len(), 2 * 4);
    compare(&remote, &segments);
    play(&mut remote, &mut home, EVERY as usize);
    server.drain().unwrap();

    let options = hyperdust_store::Options { path: config.data.join("store"), ..Default::default() };
    let (store, _) = SledStore::open(&options).unwrap();
    let job = Id(remote.opened().signing.as_ref().unwrap().jobs[1].0);
    store.put_segment(&job, 4, b"signed in a past that the log has lost").unwrap();
    store.flush().unwrap();
    drop(store);
    let server = start();
    match remote.settle() {
        Err(ClientError::Refused(failure)) if failure.code == Code::Receipt => {}
        other => panic!("{other:?}"),
    }
    drop(server);
}

fn reset(seeds: SeedsFrame) -> Request<'static> {
    Request::Reset(Reset { seeds, each: None, mask: None })
}

/// Who does not sign gets no further than one segment; signatures of others, over something else or too early are refused and nothing
/// changes; nobody's seeds, policies and states are not taken. A server without a key says so.
#[test]
fn nothing_goes_on_unsigned() {
    let house = House::new(signs, Options::default());
    let mut client = house.ipc();
    refused(House::plain().ipc().open(signed("cartpole", 2, AutoresetMode::NextStep)), Code::Invalid);
    let opened = client.open(signed("cartpole", 2, AutoresetMode::NextStep)).unwrap();
    let (actions, batch) = (Actions::new(&opened, 1), opened.layout.buffer());
    let mut remote = Player { client, opened, number: 0, actions, batch };
    refused(remote.ask(&reset(SeedsFrame::Continue)), Code::Invalid);
    remote.ask(&reset(SeedsFrame::First(1))).unwrap();
    let terms = remote.opened.signing.clone().unwrap();
    let mut book = hyperdust_wire::signing::UserBook::new(trial::key("user").unwrap(), &remote.opened, &terms).unwrap();
    book.reset(Seeds::First(1), None).unwrap();
    for _ in 0..EVERY {
        let actions = remote.actions.draw();
        remote.step_with(&actions).unwrap();
        book.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    let actions = remote.actions.draw();
    let failure = refused(remote.step_with(&actions), Code::Unsigned);
    assert!(failure.retryable && failure.next == Some(remote.number + 1), "{failure:?}");
    refused(remote.ask(&reset(SeedsFrame::First(1))), Code::Unsigned);
    refused(remote.ask(&Request::Run(Run { policy: "any".into(), steps: 3 })), Code::Forbidden);
    refused(remote.ask(&Request::Restore(b"a state")), Code::Forbidden);

    let due = book.due().unwrap();
    let domain = Domain { chain_id: terms.chain_id, contract: hyperdust_receipt::Address(terms.contract.0) };
    let stranger = trial::key("provider").unwrap();
    let forged = Signed::new(due[0].message, &domain, &stranger).encode();
    refused(remote.ask(&Request::Receipt(&forged)), Code::Receipt);
    let mut other = due[0].message;
    other.root[0] ^= 1;
    let other = Signed::new(other, &domain, &trial::key("user").unwrap()).encode();
    refused(remote.ask(&Request::Receipt(&other)), Code::Receipt);
    refused(remote.ask(&Request::Receipt(&other[1..])), Code::Malformed);
    refused(remote.step_with(&actions), Code::Unsigned);

    // All of them at once; the same once more has the same answer.
    let frame: Vec<u8> = due.iter().flat_map(Signed::encode).collect();
    let answer = remote.ask(&Request::Receipt(&frame)).unwrap();
    let again = remote.ask(&Request::Receipt(&frame)).unwrap();
    assert_eq!(parse(&answer), parse(&again));
    remote.step_with(&actions).unwrap();

    // A voucher is the user's, of this session, for what was made, and takes nothing back.
    let hyperdust_wire::message::Reply::Receipt(_, signatures) = parse(&answer) else { panic!("no receipt") };
    let shown: Vec<_> = signatures.chunks(177).map(|bytes| Signed::decode(bytes).unwrap()).collect();
    let shown: Vec<_> = shown.iter().map(|signed: &Signed<hyperdust_receipt::OutputRoot>| signed.message).collect();
    let voucher = Voucher {
        session: terms.session.0,
        units: 16,
        amount: 1 << 70,
        actions: list::root(list::LANES, &shown.iter().map(|output| output.actions).collect::<Vec<_>>()),
        outputs: list::root(list::LANES, &shown.iter().map(|output| output.root).collect::<Vec<_>>()),
    };
    let user = trial::key("user").unwrap();
    let mut pay = |voucher: Voucher, key| {
        let bytes = Signed::new(voucher, &domain, key).encode();
        remote.ask(&Request::Voucher(&bytes)).map(drop)
    };
    refused(pay(voucher, &stranger), Code::Receipt);
    refused(pay(Voucher { session: [0; 32], ..voucher }, &user), Code::Receipt);
    refused(pay(Voucher { outputs: [0; 32], ..voucher }, &user), Code::Receipt);
    pay(voucher, &user).unwrap();
    refused(pay(Voucher { amount: 1, ..voucher }, &user), Code::Receipt);
    pay(Voucher { amount: 1 << 71, ..voucher }, &user).unwrap();
}

/// A log that has come to its limit takes no steps any more, but the signature that is due; and nobody fills it by signing again and again.
#[test]
fn a_full_log_takes_what_is_due() {
    let change = |config: &mut Config| {
        signs(config);
        (config.signing.every, config.signing.log) = (2, 100);
    };
    let house = House::new(change, Options::default());
    let mut client = house.ipc();
    let opened = client.open(signed("cartpole", 2, AutoresetMode::NextStep)).unwrap();
    let (actions, batch) = (Actions::new(&opened, 1), opened.layout.buffer());
    let mut remote = Player { client, opened, number: 0, actions, batch };
    let terms = remote.opened.signing.clone().unwrap();
    let mut book = hyperdust_wire::signing::UserBook::new(trial::key("user").unwrap(), &remote.opened, &terms).unwrap();
    remote.ask(&reset(SeedsFrame::First(1))).unwrap();
    book.reset(Seeds::First(1), None).unwrap();
    for _ in 0..2 {
        let actions = remote.actions.draw();
        remote.step_with(&actions).unwrap();
        book.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
    let actions = remote.actions.draw();
    refused(remote.step_with(&actions), Code::Unsigned);
    let frame: Vec<u8> = book.due().unwrap().iter().flat_map(Signed::encode).collect();
    remote.ask(&Request::Receipt(&frame)).unwrap();
    refused(remote.step_with(&actions), Code::Quota);
    refused(remote.ask(&Request::Receipt(&frame)), Code::Quota);
    remote.close();
}
