//! A session that was opened on a chain is the env that it stands for, and every step of it is paid, once and no more: whatever gets lost
//! on the way, up to the budget and not past it, on the terms that were agreed on and no others.

use std::sync::{Arc, Mutex, atomic::AtomicU32};

use hyperdust_gym::{AutoresetMode, Sampler, Seeds, VectorEnv, rows};
use hyperdust_kernel::rng::Rng;
use hyperdust_receipt::{Agreement, Signed, Voucher};
use hyperdust_wire::{
    client::{Books, Client, ClientError, Keep, Options, SignedSession},
    message::{Open, SigningRequest, SigningTerms},
};

use crate::{
    model,
    provider::{Signs, agreement, key, terms},
    server::{Server, Setup, local},
};

const LANES: usize = 3;
const EVERY: u32 = 7;

/// CartPole in three lanes, with so much money.
fn agreed(deposit: u128) -> Agreement {
    agreement(model("cartpole").id().0, LANES as u32, deposit, None)
}

/// A server of that session, which goes wrong as `setup` says.
fn server(a: &Agreement, setup: Setup) -> (Server, Signs) {
    let signs = Signs::new(terms(a, EVERY));
    (Server::start(Setup { signing: Some(signs.clone()), ..setup }), signs)
}

fn pay(
    server: &Server,
    mode: AutoresetMode,
    a: &Agreement,
    budget: u128,
    keep: Keep,
) -> Result<SignedSession, ClientError> {
    let signing = Some(SigningRequest::paying(a.session, EVERY, &a.domain, &key(1)));
    let open = Open { autoreset: mode.name().into(), signing, ..Open::new("cartpole", LANES) };
    let session = Client::connect(&server.endpoint, &Options::default()).unwrap().open(open).unwrap();
    SignedSession::paying(session, key(1), keep, *a, budget)
}

fn forgetful() -> Keep {
    Box::new(|_| Ok(()))
}

/// Random actions, the same here and there.
struct Actions(Sampler);

impl Actions {
    fn new(env: &VectorEnv) -> Self {
        Self(Sampler::new(env.model().actions(), 5))
    }

    fn draw(&mut self, env: &VectorEnv) -> Vec<Vec<u8>> {
        let layout = env.model().actions();
        let arenas: Vec<Vec<u8>> = (0..LANES).map(|_| self.0.draw(layout).to_vec()).collect();
        rows(layout, &arenas)
    }

    fn step(&mut self, there: &mut SignedSession, here: &mut VectorEnv) -> Result<(), ClientError> {
        let actions = self.draw(here);
        let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        let batch = there.step(&slices)?.clone();
        assert_eq!(&batch, here.step(&slices).unwrap());
        Ok(())
    }
}

/// In every mode, with resets of some lanes, and with messages that get lost, sessions that fail and quotas that are used up: the batches
/// are an env's at home, each step is paid once, and each voucher was written down before it was sent.
#[test]
fn every_step_is_paid_once() {
    let troubles = || Setup { lose: 5, fail: 13, quota: 17, crowd: 11, ..Setup::default() };
    for (mode, setup) in [
        (AutoresetMode::NextStep, Setup::default()),
        (AutoresetMode::SameStep, troubles()),
        (AutoresetMode::NextStep, troubles()),
        (AutoresetMode::Disabled, Setup { full: Arc::new(AtomicU32::new(0)), ..Setup::default() }),
    ] {
        let a = agreed(1_000_000);
        let (server, signs) = server(&a, setup);
        let kept = Arc::new(Mutex::new(Vec::<Signed<Voucher>>::new()));
        let (writes, seen) = (kept.clone(), signs.clone());
        let keep = move |books: Books<'_>| {
            let mut writes = writes.lock().unwrap();
            if let Some(voucher) = books.voucher
                && !writes.contains(voucher)
            {
                assert!(!seen.vouchers.lock().unwrap().contains(voucher), "it was sent before it was written down");
                writes.push(*voucher);
            }
            Ok(())
        };
        let mut there = pay(&server, mode, &a, u128::MAX, Box::new(keep)).unwrap();
        let mut here = local("cartpole", LANES, mode);
        let mut actions = Actions::new(&here);
        let mut rng = Rng::new(4);
        assert_eq!(there.reset(Seeds::First(5), None).unwrap(), here.reset(Seeds::First(5), None).unwrap());
        let mut made = 0;
        for _ in 0..60 {
            let over = here.batch().episode_mask.clone();
            let ended = mode == AutoresetMode::Disabled && over.contains(&true);
            if ended || rng.unit() < 0.1 {
                let mask = if ended { over } else { vec![true, false, true] };
                let batch = there.reset(Seeds::Continue, Some(&mask)).unwrap().clone();
                assert_eq!(&batch, here.reset(Seeds::Continue, Some(&mask)).unwrap());
                continue;
            }
            actions.step(&mut there, &mut here).unwrap();
            made += LANES as u64;
            let spent = there.spending().unwrap();
            assert_eq!((spent.units + spent.unpaid, spent.amount), (made, 3 * u128::from(spent.units)));
            assert_eq!(spent.remaining, 1_000_000 - 3 * u128::from(made));
            assert!(spent.unpaid <= u64::from(EVERY) * LANES as u64, "at most one segment of each lane is unpaid");
        }
        let closed = there.close().unwrap();
        let last = there.voucher().unwrap().message;
        assert_eq!((closed.steps * LANES as u64, last.units, last.amount), (made, made, 3 * u128::from(made)));
        assert_eq!(signs.last(), Some(last), "the last steps were paid too, though their segment was not whole");
        assert_eq!(*kept.lock().unwrap(), *signs.vouchers.lock().unwrap());
    }
}

/// The step that could not be paid is not asked for, however often it is tried; what was made is paid, and the session closes.
#[test]
fn a_budget_is_kept_to() {
    for (deposit, budget) in [(3 * 32 + 1, u128::MAX), (1_000_000, 3 * 32 + 1)] {
        let a = agreed(deposit);
        let (server, signs) = server(&a, Setup::default());
        let mut there = pay(&server, AutoresetMode::NextStep, &a, budget, forgetful()).unwrap();
        let mut here = local("cartpole", LANES, AutoresetMode::NextStep);
        let mut actions = Actions::new(&here);
        there.reset(Seeds::First(5), None).unwrap();
        here.reset(Seeds::First(5), None).unwrap();
        for _ in 0..10 {
            actions.step(&mut there, &mut here).unwrap();
        }
        for _ in 0..3 {
            match actions.step(&mut there, &mut here) {
                Err(ClientError::Budget { budget: 97, spent: 90, made: 30, left: 2, lanes: 3 }) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(there.close().unwrap().steps, 10);
        let last = signs.last().unwrap();
        assert_eq!((last.units, last.amount), (30, 90));
    }
}

/// A server that says anything else than the chain is paid nothing: nothing is signed or written down.
#[test]
fn other_terms_are_refused() {
    type Lie = (&'static str, fn(&mut SigningTerms));
    let lies: [Lie; 10] = [
        ("chain_id", |terms| terms.chain_id = 1),
        ("contract", |terms| terms.contract.0[0] ^= 1),
        ("provider", |terms| terms.provider.0[0] ^= 1),
        ("user", |terms| terms.user.0[0] ^= 1),
        ("price", |terms| terms.payment.as_mut().unwrap().price = "4".into()),
        ("deposit", |terms| terms.payment.as_mut().unwrap().deposit = "99".into()),
        ("seeds", |terms| terms.payment.as_mut().unwrap().seeds = Some(vec![1, 2, 3])),
        ("jobs", |terms| terms.jobs.swap(0, 1)),
        ("jobs", |terms| terms.jobs.truncate(2)),
        ("payment", |terms| terms.payment = None),
    ];
    let a = agreed(100);
    let never = || Box::new(|_: Books<'_>| panic!("nothing was signed"));
    for (what, lie) in lies {
        let mut said = terms(&a, EVERY);
        lie(&mut said);
        let server = Server::start(Setup { signing: Some(Signs::new(said)), ..Setup::default() });
        match pay(&server, AutoresetMode::NextStep, &a, 100, never()) {
            Err(ClientError::Terms { what: found, .. }) => assert_eq!(found, what),
            Err(ClientError::Unexpected { .. }) => assert_eq!(what, "payment"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // Another world, other lanes, another session.
    let others: [(&str, Agreement); 2] =
        [("blueprint", Agreement { content: [1; 32], ..a }), ("num_envs", Agreement { lanes: 4, ..a })];
    for (what, other) in others {
        let (server, _) = server(&a, Setup::default());
        match pay(&server, AutoresetMode::NextStep, &other, 100, never()) {
            Err(ClientError::Terms { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        }
    }
    // Who agreed to nothing pays nothing.
    let (server, _) = server(&a, Setup::default());
    let signing = Some(SigningRequest::paying(a.session, EVERY, &a.domain, &key(1)));
    let session = Client::connect(&server.endpoint, &Options::default()).unwrap();
    let session = session.open(Open { signing, ..Open::new("cartpole", LANES) }).unwrap();
    assert!(matches!(SignedSession::new(session, key(1), never()), Err(ClientError::Terms { what: "payment", .. })));
}

/// Episodes begin from what the chain drew, each lane once; a seed of one's own is refused and changes nothing.
#[test]
fn drawn_seeds_are_the_only_ones() {
    let a = Agreement { seed: Some([0x5e; 32]), ..agreed(1_000_000) };
    let (server, signs) = server(&a, Setup::default());
    let mut there = pay(&server, AutoresetMode::NextStep, &a, u128::MAX, forgetful()).unwrap();
    let mut here = local("cartpole", LANES, AutoresetMode::NextStep);
    for seeds in [Seeds::First(5), Seeds::Each(&[None, None, Some(5)])] {
        assert!(matches!(there.reset(seeds, None), Err(ClientError::Drawn)));
    }
    let drawn: Vec<Option<u64>> = (0..3).map(|lane| a.lane_seed(lane)).collect();
    let mut actions = Actions::new(&here);
    let first = [true, true, false];
    there.reset(Seeds::Continue, Some(&first)).unwrap();
    here.reset(Seeds::Each(&drawn), Some(&first)).unwrap();
    // The last lane's first reset has its seed, the others go on.
    let mut last = drawn.clone();
    (last[0], last[1]) = (None, None);
    let batch = there.reset(Seeds::Continue, None).unwrap().clone();
    assert_eq!(&batch, here.reset(Seeds::Each(&last), None).unwrap());
    for step in 0..30 {
        if step == 20 {
            assert!(matches!(there.reset(Seeds::First(5), None), Err(ClientError::Drawn)));
            let batch = there.reset(Seeds::Continue, None).unwrap().clone();
            assert_eq!(&batch, here.reset(Seeds::Continue, None).unwrap());
        }
        actions.step(&mut there, &mut here).unwrap();
    }
    there.close().unwrap();
    assert_eq!(signs.last().unwrap().units, 90);
}

/// Where nothing can be written down nothing is sent; once it can, the session goes on.
#[test]
fn what_cannot_be_kept_is_not_sent() {
    let a = agreed(1_000_000);
    let (server, signs) = server(&a, Setup::default());
    // The disk fails at the second write: what the server countersigned, with the voucher for it.
    let mut writes = 0;
    let keep = Box::new(move |_: Books<'_>| {
        writes += 1;
        if (2..5).contains(&writes) { Err(std::io::Error::other("full")) } else { Ok(()) }
    });
    let mut there = pay(&server, AutoresetMode::NextStep, &a, u128::MAX, keep).unwrap();
    let mut here = local("cartpole", LANES, AutoresetMode::NextStep);
    let mut actions = Actions::new(&here);
    there.reset(Seeds::First(5), None).unwrap();
    here.reset(Seeds::First(5), None).unwrap();
    for _ in 0..EVERY {
        actions.step(&mut there, &mut here).unwrap();
    }
    for _ in 0..3 {
        assert!(matches!(there.settle(), Err(ClientError::Keep { .. })));
        assert_eq!(signs.last(), None);
    }
    actions.step(&mut there, &mut here).unwrap();
    assert_eq!(signs.last().unwrap().units, u64::from(EVERY) * LANES as u64);
}
