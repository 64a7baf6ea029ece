//! User and provider cut the same streams into the same segments and sign each once, whatever is reset when; and neither signs
//! nor takes what is not so.

use hyperdust_gym::{AutoresetMode, Sampler, Seeds, VectorEnv, rows};
use hyperdust_kernel::rng::Rng;
use hyperdust_receipt::{Hash, Key, OutputRoot, Signed};
use hyperdust_wire::{
    ArraySpec, Hex, Layout,
    message::{Opened, SigningTerms},
    signing::{ProviderBook, SigningError, UserBook},
};

use crate::{examples, server::local};

const LANES: usize = 3;
const EVERY: u32 = 7;

/// A key that nobody may use for anything but tests.
fn key(number: u8) -> Key {
    Key::from_secret(&[number; 32]).unwrap()
}

/// The session of `env`, the terms, and both books.
fn books(env: &mut VectorEnv) -> (UserBook, ProviderBook) {
    let agreed = SigningTerms {
        chain_id: 31,
        contract: Hex([0xc0; 20]),
        user: Hex(key(1).address().0),
        provider: Hex(key(2).address().0),
        every: EVERY,
        session: Hex([9; 32]),
        payment: None,
        jobs: (0..LANES as u8).map(|lane| Hex([lane; 32])).collect(),
    };
    let model = env.model();
    let opened = Opened {
        num_envs: LANES,
        autoreset: env.autoreset_mode().name().into(),
        actions: ArraySpec::of(model.actions()),
        layout: Layout::new(model, LANES, env.autoreset_mode()).unwrap(),
        signing: Some(agreed.clone()),
        ..examples::opened()
    };
    env.commit(EVERY);
    assert!(UserBook::new(key(2), &opened, &agreed).is_err(), "another's key");
    (UserBook::new(key(1), &opened, &agreed).unwrap(), ProviderBook::new(&agreed, env.model().actions().size))
}

fn answers(frames: &(Vec<u8>, Vec<u8>)) -> Vec<(Hash, Signed<OutputRoot>)> {
    let signed = frames.1.chunks(Signed::<OutputRoot>::BYTES).map(|bytes| Signed::decode(bytes).unwrap());
    frames.0.as_chunks().0.iter().copied().zip(signed).collect()
}

/// Signs, countersigns and takes what is due; how many segments.
fn settle(env: &mut VectorEnv, user: &mut UserBook, provider: &mut ProviderBook) -> usize {
    let segments = env.take_segments(false).unwrap();
    provider.cut(&segments).unwrap();
    if !segments.is_empty() {
        assert!(matches!(provider.may_go_on(), Err(SigningError::Unsigned { .. })));
        assert!(matches!(user.may_step(), Err(SigningError::Unsigned { .. })));
    }
    let due = user.due().unwrap();
    assert_eq!(due.len(), segments.len(), "what the env has cut, the user has cut");
    assert_eq!(user.due().unwrap(), due, "asked for again it is the same");
    let frame: Vec<u8> = due.iter().flat_map(Signed::encode).collect();
    let answer = provider.accept(&key(2), &frame).unwrap();
    assert_eq!(provider.accept(&key(2), &frame).unwrap(), answer, "sent again it is answered the same");
    user.accept(&answers(&answer)).unwrap();
    provider.may_go_on().unwrap();
    user.may_step().unwrap();
    segments.len()
}

/// Random steps and resets, masked and not, in every mode: after each call both sides have cut the same, and the receipts are equal.
#[test]
fn both_sides_sign_the_same() {
    for mode in AutoresetMode::ALL {
        let mut env = local("cartpole", LANES, mode);
        let (mut user, mut provider) = books(&mut env);
        let mut rng = Rng::new(4);
        let mut sampler = Sampler::new(env.model().actions(), 3);
        assert!(matches!(user.may_reset(Seeds::Continue, None), Err(SigningError::Unseeded { lane: 0 })));
        env.reset(Seeds::First(5), None).unwrap();
        user.reset(Seeds::First(5), None).unwrap();
        let mut signed = 0;
        for _ in 0..120 {
            signed += settle(&mut env, &mut user, &mut provider);
            let over = env.batch().episode_mask.clone();
            let ended = mode == AutoresetMode::Disabled && over.contains(&true);
            if ended || rng.unit() < 0.1 {
                let some: Vec<bool> = (0..LANES).map(|lane| lane == 1 || rng.unit() < 0.5).collect();
                let seeds = [Some(3), None, Some(u64::MAX)];
                let (seeds, mask) = if ended { (Seeds::Continue, over) } else { (Seeds::Each(&seeds), some) };
                env.reset(seeds, Some(&mask)).unwrap();
                user.reset(seeds, Some(&mask)).unwrap();
                continue;
            }
            let layout = env.model().actions().clone();
            let arenas: Vec<Vec<u8>> = (0..LANES).map(|_| sampler.draw(&layout).to_vec()).collect();
            let rows = rows(&layout, &arenas);
            let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
            env.step(&rows).unwrap();
            user.step(&rows).unwrap();
        }
        assert!(signed > 40, "{signed} segments");
        assert_eq!(user.receipts(), provider.receipts());
        assert!(user.receipts().iter().all(|receipt| receipt.is_some_and(|receipt| receipt.outputs.is_some())));
    }
}

/// Actions that were not asked for are not countersigned; outputs that were not shown, another's signature and another stream are not
/// taken; a frame that is cut is refused.
#[test]
fn lies_are_refused() {
    let mut env = local("cartpole", LANES, AutoresetMode::NextStep);
    let (mut user, mut provider) = books(&mut env);
    env.reset(Seeds::First(5), None).unwrap();
    user.reset(Seeds::First(5), None).unwrap();
    let (left, right) = ([0; 4 * LANES], [1, 0, 0, 0].repeat(LANES));
    for step in 0..EVERY {
        env.step(&[&left]).unwrap();
        // In the last one the user signs something else than it sent.
        user.step(&[if step + 1 == EVERY { &right } else { &left }]).unwrap();
    }
    assert!(matches!(user.step(&[&left]), Err(SigningError::Unsigned { lane: 0 })));
    assert!(matches!(user.step(&[]), Err(SigningError::Unsigned { .. } | SigningError::Malformed { .. })));
    provider.cut(&env.take_segments(false).unwrap()).unwrap();
    let lie: Vec<u8> = user.due().unwrap().iter().flat_map(Signed::encode).collect();
    let before = provider.receipts();
    assert!(matches!(provider.accept(&key(2), &lie), Err(SigningError::Refused { lane: 0, .. })));
    assert!(matches!(provider.accept(&key(2), &lie[1..]), Err(SigningError::Malformed { .. })));
    assert_eq!(provider.receipts(), before);

    let mut env = local("cartpole", LANES, AutoresetMode::NextStep);
    let (mut user, mut provider) = books(&mut env);
    env.reset(Seeds::First(5), None).unwrap();
    user.reset(Seeds::First(5), None).unwrap();
    for _ in 0..EVERY {
        env.step(&[&left]).unwrap();
        user.step(&[&left]).unwrap();
    }
    provider.cut(&env.take_segments(false).unwrap()).unwrap();
    let frame: Vec<u8> = user.due().unwrap().iter().flat_map(Signed::encode).collect();
    assert!(provider.clone().accept(&key(3), &frame).is_err(), "another's key");
    let honest = answers(&provider.accept(&key(2), &frame).unwrap());
    let mut other = honest.clone();
    other[1].0 = [7; 32];
    assert!(matches!(user.accept(&other), Err(SigningError::Refused { lane: 1, .. })), "outputs that were not signed");
    let mut other = honest.clone();
    other[2].1.message.job = [77; 32];
    assert!(matches!(user.accept(&other), Err(SigningError::Stranger { .. })));
    assert!(matches!(user.accept(&honest[..1]), Err(SigningError::Unsigned { lane: 2 })), "one is missing");
    user.accept(&honest).unwrap();
}
