//! Who keeps to a ledger is never blamed, whatever the other side signs, omits or alters, in any order; and where the two
//! differ about actions that one of them claims, somebody always is.

use std::collections::HashSet;

use hyperdust_receipt::{
    ActionRoot, Actions, Blame, Domain, Error, Fault, Hash, OutputRoot, ProviderLedger, Receipt, Side, Signed,
    Statement, UserLedger, blame, chain,
};

use crate::{DOMAIN, keccak, key, terms};

const SEGMENTS: u64 = 3;

fn actions(segment: u64) -> Hash {
    keccak(format!("actions {segment}"))
}

fn output(segment: u64) -> Hash {
    keccak(format!("output {segment}"))
}

fn action_root(segment: u64, said: Actions) -> ActionRoot {
    ActionRoot { job: terms(1).job, segment, steps: said.steps, root: said.root }
}

fn output_root(segment: u64, said: Actions) -> OutputRoot {
    let root = chain::next(chain::OUTPUTS, &chain::START, &output(segment));
    OutputRoot { job: terms(1).job, segment, steps: said.steps, actions: said.root, root }
}

/// What a liar may say of a segment whose actions were `truly` these: the truth, other actions, another number of steps.
fn sayings(truly: Option<Actions>, segment: u64) -> Vec<Actions> {
    let truly = truly.unwrap_or(Actions { steps: segment + 1, root: actions(segment) });
    vec![truly, Actions { root: [0xaa; 32], ..truly }, Actions { steps: truly.steps + 1, ..truly }]
}

fn said(receipt: &Receipt) -> Actions {
    let ActionRoot { steps, root, .. } = receipt.actions.message;
    Actions { steps, root }
}

/// Statements of a liar: anything said, beside nothing, any signature that it was given, or one that it or a stranger makes.
fn lies<T: Copy>(truly: Option<Actions>, segment: u64, given: &[Signed<T>], own: &[Signed<T>]) -> Vec<Statement<T>> {
    let says = sayings(truly, segment).into_iter().map(Some).chain([None]);
    let shows: Vec<_> = given.iter().chain(own).copied().map(Some).chain([None]).collect();
    says.flat_map(|says| shows.iter().map(move |&shows| Statement { says, shows })).collect()
}

/// The user's ledger with every receipt that it ever had.
#[derive(Clone, Debug)]
struct User(UserLedger, Vec<Receipt>);

impl User {
    /// Every state that one move leads to: its own, or a message of a provider that signs anything.
    fn moves(&self) -> Vec<Self> {
        let mut next = Vec::new();
        let mut stepped = self.clone();
        if stepped.0.segment() < SEGMENTS && stepped.0.step(1).is_ok() {
            next.push(stepped);
        }
        let mut signed = self.clone();
        let segment = signed.0.segment();
        if segment < SEGMENTS && signed.0.sign(&key(0), &actions(segment)).is_ok() {
            signed.1.push(*signed.0.last().unwrap());
            next.push(signed);
        }
        for about in 0..=SEGMENTS {
            let receipt = self.1.get(about as usize);
            let previous = about.checked_sub(1).and_then(|before| self.1.get(before as usize)?.outputs);
            let before = previous.map_or(chain::START, |answer| answer.message.root);
            for said in sayings(receipt.map(said), about) {
                for signer in [1, 2] {
                    let root = chain::next(chain::OUTPUTS, &before, &output(about));
                    let message = OutputRoot { root, ..output_root(about, said) };
                    let mut game = self.clone();
                    if let Ok(receipt) = game.0.accept(&Signed::new(message, &DOMAIN, &key(signer)), &output(about)) {
                        *game.1.last_mut().unwrap() = receipt;
                        next.push(game);
                    }
                }
            }
        }
        next
    }

    fn judge(&self) {
        let given: Vec<_> = self.1.iter().map(|receipt| receipt.actions).collect();
        let unanswered = self.1.iter().filter(|receipt| receipt.outputs.is_none()).count();
        assert!(unanswered <= 1, "signed on without an answer");
        for segment in 0..=SEGMENTS {
            let receipt = self.1.get(segment as usize);
            let mine = receipt.map_or(Statement { says: None, shows: None }, Receipt::user);
            let forged = sayings(mine.says, segment)[1];
            let own = [1, 2].map(|signer| Signed::new(action_root(segment, forged), &DOMAIN, &key(signer)));
            for theirs in lies(mine.says, segment, &given, &own) {
                if receipt.is_some_and(|receipt| receipt.claimable(Side::User)) && theirs.says != mine.says {
                    let verdict = blame(&terms(1), segment, Side::User, &mine, &theirs);
                    assert!(matches!(verdict, Blame::Provider(Fault::Denied { .. })), "{verdict:?}");
                }
                let verdict = blame(&terms(1), segment, Side::Provider, &mine, &theirs);
                match verdict {
                    Blame::Agreed => assert_eq!(mine.says, theirs.says),
                    Blame::NothingClaimed => assert_eq!(theirs.says, None),
                    Blame::Provider(_) => {}
                    _ => panic!("an honest user is blamed: {mine:?} against {theirs:?}: {verdict:?}"),
                }
            }
        }
    }
}

/// The provider's ledger with every receipt that it ever had.
#[derive(Clone, Debug)]
struct Provider(ProviderLedger, Vec<Receipt>);

impl Provider {
    /// Every state that one move leads to: its own, or a message of a user that signs anything.
    fn moves(&self) -> Vec<Self> {
        let mut next = Vec::new();
        let mut stepped = self.clone();
        if stepped.0.segment() < SEGMENTS && stepped.0.step(1).is_ok() {
            next.push(stepped);
        }
        let mut closed = self.clone();
        let due = (closed.0.segment() < SEGMENTS).then(|| closed.0.close(&actions(closed.0.segment())).ok()).flatten();
        if due.is_some() {
            next.push(closed);
        }
        let mut answered = self.clone();
        if let Some(signed) = self.0.uncountersigned() {
            *answered.1.last_mut().unwrap() = answered.0.countersign(&key(1), &output(signed.message.segment)).unwrap();
            next.push(answered);
        }
        let mut root = chain::START;
        for about in 0..=SEGMENTS {
            root = chain::next(chain::ACTIONS, &root, &actions(about));
            // A segment here has one step or none.
            for steps in 0..=about + 1 {
                for said in sayings(Some(Actions { steps, root }), about) {
                    let mut game = self.clone();
                    let signed = Signed::new(action_root(about, said), &DOMAIN, &key(0));
                    if game.0.accept(&signed).is_ok() && game.0 != self.0 {
                        game.1.push(*game.0.last().unwrap());
                        next.push(game);
                    }
                }
            }
        }
        next
    }

    fn judge(&self) {
        assert!(self.0.unsigned_steps() <= 1, "more than the credit");
        let given: Vec<_> = self.1.iter().filter_map(|receipt| receipt.outputs).collect();
        for segment in 0..=SEGMENTS {
            let receipt = self.1.get(segment as usize);
            let mine = receipt.map_or(Statement { says: None, shows: None }, Receipt::provider);
            let forged = sayings(mine.says, segment)[1];
            let own = [0, 2].map(|signer| Signed::new(output_root(segment, forged), &DOMAIN, &key(signer)));
            for theirs in lies(mine.says, segment, &given, &own) {
                if receipt.is_some_and(|receipt| receipt.claimable(Side::Provider)) && theirs.says != mine.says {
                    let verdict = blame(&terms(1), segment, Side::Provider, &theirs, &mine);
                    assert!(matches!(verdict, Blame::User(Fault::Denied { .. })), "{verdict:?}");
                }
                let verdict = blame(&terms(1), segment, Side::User, &theirs, &mine);
                match verdict {
                    Blame::Agreed => assert_eq!(mine.says, theirs.says),
                    Blame::NothingClaimed => assert_eq!(theirs.says, None),
                    Blame::User(_) => {}
                    _ => panic!("an honest provider is blamed: {mine:?} against {theirs:?}: {verdict:?}"),
                }
            }
        }
    }
}

/// Visits every state once.
fn explore<S: std::fmt::Debug>(start: S, moves: impl Fn(&S) -> Vec<S>, mut visit: impl FnMut(&S)) {
    let mut seen = HashSet::from([format!("{start:?}")]);
    let mut open = vec![start];
    while let Some(state) = open.pop() {
        visit(&state);
        open.extend(moves(&state).into_iter().filter(|state| seen.insert(format!("{state:?}"))));
    }
}

#[test]
fn an_honest_user_is_never_blamed() {
    let (mut judged, mut answered) = (HashSet::new(), 0);
    explore(User(UserLedger::new(terms(1)), vec![]), User::moves, |user| {
        // The open segment's steps do not matter to a judge.
        if judged.insert(format!("{:?}", user.1)) {
            user.judge();
            answered = answered.max(user.1.iter().filter(|receipt| receipt.outputs.is_some()).count());
        }
    });
    assert_eq!(answered, SEGMENTS as usize, "the exploration gets to the end");
}

#[test]
fn an_honest_provider_is_never_blamed() {
    let (mut judged, mut answered) = (HashSet::new(), 0);
    explore(Provider(ProviderLedger::new(terms(1)), vec![]), Provider::moves, |provider| {
        assert!(provider.0.unsigned_steps() <= 1, "more than the credit");
        if judged.insert(format!("{:?}", provider.1)) {
            provider.judge();
            answered = answered.max(provider.1.iter().filter(|receipt| receipt.outputs.is_some()).count());
        }
    });
    assert_eq!(answered, SEGMENTS as usize, "the exploration gets to the end");
}

/// All pairs of statements, honest or not: whoever is blamed is so by a rule, and a claim that is contradicted always ends
/// with somebody blamed.
#[test]
fn somebody_is_always_blamed() {
    let versions = sayings(None, 1);
    let by = |signer, segment: u64, version: usize| {
        let said = versions[version];
        let (user, provider) = (action_root(segment, said), output_root(segment, said));
        (Signed::new(user, &DOMAIN, &key(signer)), Signed::new(provider, &DOMAIN, &key(signer)))
    };
    // Both versions of this segment, one of another segment, one by the wrong side.
    let pool: Vec<_> = [(1, 0), (1, 1), (2, 0)]
        .iter()
        .map(|&(at, version)| (at, version, [by(0, at, version), by(1, at, version)]))
        .collect();
    let says = [None, Some(versions[0]), Some(versions[1])];
    let mut shown = vec![(None, None, None)];
    for &(at, version, [user, provider]) in &pool {
        shown.push((Some(provider.1), Some(user.0), (at == 1).then_some(versions[version])));
    }
    let wrong = pool[0].2;
    shown.push((Some(wrong[0].1), Some(wrong[1].0), None));

    for user_says in says {
        for provider_says in says {
            for &(user_shows, _, by_provider) in &shown {
                for &(_, provider_shows, by_user) in &shown {
                    let user = Statement { says: user_says, shows: user_shows };
                    let provider = Statement { says: provider_says, shows: provider_shows };
                    for claimant in [Side::User, Side::Provider] {
                        let verdict = blame(&terms(1), 1, claimant, &user, &provider);
                        if user_says == provider_says {
                            assert_eq!(verdict, Blame::Agreed);
                            continue;
                        }
                        let expected = |side, says: Option<Actions>, signed, others: Option<Actions>| {
                            let denies = Option::is_some(&signed) && signed != says;
                            let unproved = claimant == side && says.is_some() && others != says;
                            denies || unproved
                        };
                        let user_is = expected(Side::User, user_says, by_user, by_provider);
                        let provider_is = expected(Side::Provider, provider_says, by_provider, by_user);
                        let found = match verdict {
                            Blame::User(_) => (true, false),
                            Blame::Provider(_) => (false, true),
                            Blame::Both { .. } => (true, true),
                            _ => (false, false),
                        };
                        assert_eq!(found, (user_is, provider_is), "{user:?} {provider:?}");
                        let claim = if claimant == Side::User { user_says } else { provider_says };
                        assert!(claim.is_none() || found != (false, false), "nobody is blamed");
                    }
                }
            }
        }
    }
}

/// Every fault by its name.
#[test]
fn faults_are_named() {
    let [truth, altered, _] = sayings(None, 1)[..] else { unreachable!() };
    let nothing = Statement::<OutputRoot> { says: None, shows: None };
    let claim = |shows| Statement { says: Some(altered), shows };
    let verdict = |shows| blame(&terms(1), 1, Side::Provider, &nothing, &claim(shows));
    let signed = |segment, said, number| Signed::new(action_root(segment, said), &DOMAIN, &key(number));

    assert_eq!(verdict(None), Blame::Provider(Fault::Unsigned));
    let (found, accepted) = (key(1).address(), key(0).address());
    assert_eq!(verdict(Some(signed(1, altered, 1))), Blame::Provider(Fault::Forged(Error::Signer { found, accepted })));
    let elsewhere = Domain { chain_id: 1, ..DOMAIN };
    let elsewhere = Signed::new(action_root(1, altered), &elsewhere, &key(0));
    assert!(matches!(verdict(Some(elsewhere)), Blame::Provider(Fault::Forged(_))), "signed for another chain");
    let job = terms(1).job;
    assert_eq!(verdict(Some(signed(2, altered, 0))), Blame::Provider(Fault::Elsewhere { job, segment: 2 }));
    let other_job = Signed::new(ActionRoot { job: [5; 32], ..action_root(1, altered) }, &DOMAIN, &key(0));
    assert_eq!(verdict(Some(other_job)), Blame::Provider(Fault::Elsewhere { job: [5; 32], segment: 1 }));
    // The user says that there was no such segment, and signed it: with other actions than the provider claims.
    assert_eq!(
        verdict(Some(signed(1, truth, 0))),
        Blame::Both { user: Fault::Denied { signed: truth }, provider: Fault::Altered { signed: truth } }
    );
    let honest = Statement::<OutputRoot> { says: Some(truth), shows: None };
    assert_eq!(
        blame(&terms(1), 1, Side::Provider, &honest, &claim(Some(signed(1, truth, 0)))),
        Blame::Provider(Fault::Altered { signed: truth })
    );
    assert_eq!(verdict(Some(signed(1, altered, 0))), Blame::User(Fault::Denied { signed: altered }));
    assert_eq!(blame(&terms(1), 1, Side::User, &nothing, &claim(None)), Blame::NothingClaimed);
    let user = Statement::<OutputRoot> { says: Some(altered), shows: None };
    assert_eq!(blame(&terms(1), 1, Side::Provider, &user, &claim(None)), Blame::Agreed);
}
