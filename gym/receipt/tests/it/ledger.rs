//! The ledgers bound credit, sign nothing that they did not compute, and never get stuck between honest sides.

use std::collections::{HashMap, HashSet};

use hyperdust_receipt::{
    ActionRoot, Domain, Error, Hash, OutputRoot, ProviderLedger, Receipt, Refusal, Signed, Terms, UserLedger, chain,
};
use proptest::prelude::*;

use crate::{DOMAIN, keccak, key, terms};

fn actions(segment: u64) -> Hash {
    keccak(format!("actions {segment}"))
}

fn output(segment: u64) -> Hash {
    keccak(format!("output {segment}"))
}

/// Both sides make `steps` of a segment, sign and countersign it.
fn segment(user: &mut UserLedger, provider: &mut ProviderLedger, steps: u64) -> Receipt {
    let at = user.segment();
    user.step(steps).unwrap();
    provider.step(steps).unwrap();
    let signed = user.sign(&key(0), &actions(at)).unwrap();
    assert_eq!(provider.close(&actions(at)).unwrap(), signed.message);
    provider.accept(&signed).unwrap();
    let receipt = provider.countersign(&key(1), &output(at)).unwrap();
    assert_eq!(user.accept(&receipt.outputs.unwrap(), &output(at)).unwrap(), receipt);
    receipt
}

/// Roots run over all segments, steps add up, and a segment may be empty (a mere reset).
#[test]
fn receipts_run_over_the_whole_stream() {
    let (mut user, mut provider) = (UserLedger::new(terms(8)), ProviderLedger::new(terms(8)));
    let receipts = [8, 0, 3].map(|steps| segment(&mut user, &mut provider, steps));
    let steps = receipts.map(|receipt| receipt.actions.message.steps);
    assert_eq!(steps, [8, 8, 11]);
    let last = receipts[2];
    let list = [0, 1, 2].map(actions);
    assert_eq!(last.actions.message.root, chain::extend(chain::ACTIONS, &chain::START, &list));
    let outputs = last.outputs.unwrap().message;
    assert_eq!(outputs.root, chain::extend(chain::OUTPUTS, &chain::START, &[0, 1, 2].map(output)));
    assert_eq!((outputs.segment, outputs.steps, outputs.actions), (2, 11, last.actions.message.root));
    assert_eq!((user.last(), provider.last()), (Some(&last), Some(&last)));
    for receipt in receipts {
        assert_eq!(receipt.verify(&terms(8)), Ok(()));
    }
}

/// The provider makes at most the credit, then needs the segment closed, then the signature.
#[test]
fn a_provider_gives_one_segment_of_credit() {
    let mut provider = ProviderLedger::new(terms(4));
    provider.step(3).unwrap();
    let refusal = provider.step(2).unwrap_err();
    assert_eq!(refusal, Refusal::Credit { segment: 0, found: 5, accepted: 4 });
    assert!(refusal.waits());
    assert_eq!(provider.step(u64::MAX), Err(Refusal::Credit { segment: 0, found: u64::MAX, accepted: 4 }));
    provider.step(1).unwrap();
    provider.close(&actions(0)).unwrap();
    for refusal in [provider.step(1), provider.step(0), provider.close(&actions(1)).map(drop)] {
        assert_eq!(refusal, Err(Refusal::Unsigned { segment: 0 }));
        assert!(refusal.unwrap_err().waits());
    }
    assert_eq!(provider.countersign(&key(1), &output(0)), Err(Refusal::Unsigned { segment: 0 }));
    assert_eq!(provider.unsigned_steps(), 4);
}

/// The user may send a segment's actions ahead, and signs when the answer to the one before is there.
#[test]
fn a_user_signs_on_after_the_answer() {
    let mut user = UserLedger::new(terms(2));
    user.step(2).unwrap();
    assert!(matches!(user.step(1), Err(Refusal::Credit { .. })));
    let signed = user.sign(&key(0), &actions(0)).unwrap();
    user.step(2).unwrap();
    let refusal = user.sign(&key(0), &actions(1)).unwrap_err();
    assert_eq!(refusal, Refusal::Unanswered { segment: 0 });
    assert!(refusal.waits());
    assert_eq!(user.unanswered(), Some(&signed), "to be sent again");
}

/// Every field of a signature is compared with what was received; a refusal changes nothing.
#[test]
fn a_provider_takes_no_other_actions() {
    let mut user = UserLedger::new(terms(4));
    let mut provider = ProviderLedger::new(terms(4));
    segment(&mut user, &mut provider, 4);
    provider.step(2).unwrap();
    let before = provider.clone();
    let early = Signed::new(ActionRoot { job: terms(4).job, segment: 1, steps: 6, root: [0; 32] }, &DOMAIN, &key(0));
    assert_eq!(provider.accept(&early), Err(Refusal::NotDue { found: 1, accepted: None }));
    assert_eq!(provider, before);
    let due = provider.close(&actions(1)).unwrap();
    let before = provider.clone();
    let by_user = |message| Signed::new(message, &DOMAIN, &key(0));
    let other = [9; 32];
    for (message, refusal) in [
        (ActionRoot { job: other, ..due }, Refusal::Root { what: "job", found: other, accepted: due.job }),
        (ActionRoot { segment: 2, ..due }, Refusal::NotDue { found: 2, accepted: Some(1) }),
        (ActionRoot { segment: 0, ..due }, Refusal::Past { found: 0, accepted: 1 }),
        (ActionRoot { steps: 5, ..due }, Refusal::Number { what: "steps", found: 5, accepted: 6 }),
        (ActionRoot { root: other, ..due }, Refusal::Root { what: "action root", found: other, accepted: due.root }),
    ] {
        assert_eq!(provider.accept(&by_user(message)), Err(refusal));
    }
    let (found, accepted) = (key(1).address(), key(0).address());
    let forged = Signed::new(due, &DOMAIN, &key(1));
    assert_eq!(provider.accept(&forged), Err(Refusal::Signature(Error::Signer { found, accepted })));
    for domain in [Domain { chain_id: 30, ..DOMAIN }, Domain { contract: found, ..DOMAIN }] {
        let elsewhere = Signed::new(due, &domain, &key(0));
        assert!(matches!(provider.accept(&elsewhere), Err(Refusal::Signature(_))));
    }
    assert!(matches!(provider.countersign(&key(0), &output(1)), Err(Refusal::Unsigned { .. } | Refusal::Signature(_))));
    assert_eq!(provider, before);
    provider.accept(&by_user(due)).unwrap();
    let before = provider.clone();
    provider.accept(&by_user(due)).unwrap();
    assert_eq!(provider, before, "the same signature once more");
    assert!(matches!(provider.countersign(&key(0), &output(1)), Err(Refusal::Signature(_))), "not the provider's key");
}

/// Every field of an answer is compared with what was signed and shown; a refusal changes nothing.
#[test]
fn a_user_takes_no_other_answer() {
    let mut user = UserLedger::new(terms(4));
    let mut provider = ProviderLedger::new(terms(4));
    let first = segment(&mut user, &mut provider, 4);
    assert_eq!(user.accept(&first.outputs.unwrap(), &output(0)), Ok(first), "the same answer once more");
    user.step(1).unwrap();
    let by_provider = |message| Signed::new(message, &DOMAIN, &key(1));
    let root = chain::next(chain::OUTPUTS, &first.outputs.unwrap().message.root, &output(1));
    let early = OutputRoot { job: terms(4).job, segment: 1, steps: 5, actions: [0; 32], root };
    assert_eq!(user.accept(&by_provider(early), &output(1)), Err(Refusal::NotDue { found: 1, accepted: None }));
    assert!(matches!(user.sign(&key(1), &actions(1)), Err(Refusal::Signature(Error::Signer { .. }))));
    let signed = user.sign(&key(0), &actions(1)).unwrap().message;
    let good = OutputRoot { actions: signed.root, ..early };
    let before = user.clone();
    let other = [9; 32];
    for (message, refusal) in [
        (OutputRoot { job: other, ..good }, Refusal::Root { what: "job", found: other, accepted: good.job }),
        (OutputRoot { segment: 2, ..good }, Refusal::NotDue { found: 2, accepted: Some(1) }),
        (OutputRoot { segment: 0, ..good }, Refusal::Past { found: 0, accepted: 1 }),
        (OutputRoot { steps: 9, ..good }, Refusal::Number { what: "steps", found: 9, accepted: 5 }),
        (
            OutputRoot { actions: other, ..good },
            Refusal::Root { what: "action root", found: other, accepted: good.actions },
        ),
        (OutputRoot { root: other, ..good }, Refusal::Root { what: "output root", found: other, accepted: good.root }),
    ] {
        assert_eq!(user.accept(&by_provider(message), &output(1)), Err(refusal));
    }
    assert!(matches!(user.accept(&by_provider(good), &output(7)), Err(Refusal::Root { what: "output root", .. })));
    let elsewhere = Signed::new(good, &Domain { chain_id: 1, ..DOMAIN }, &key(1));
    assert!(matches!(user.accept(&elsewhere, &output(1)), Err(Refusal::Signature(_))));
    let forged = Signed::new(good, &DOMAIN, &key(0));
    assert!(matches!(user.accept(&forged, &output(1)), Err(Refusal::Signature(Error::Signer { .. }))));
    assert_eq!(user, before);
    user.accept(&by_provider(good), &output(1)).unwrap();
}

/// What was written down is enough to go on from, on either side, answered or not.
#[test]
fn ledgers_resume_from_the_last_receipt() {
    let (mut user, mut provider) = (UserLedger::new(terms(4)), ProviderLedger::new(terms(4)));
    let first = segment(&mut user, &mut provider, 4);
    let outputs = first.outputs.unwrap().message.root;
    assert_eq!(UserLedger::resume(terms(4), first, [0; 32]).as_ref(), Ok(&user));
    assert_eq!(ProviderLedger::resume(terms(4), first, [0; 32]).as_ref(), Ok(&provider));
    user.step(3).unwrap();
    provider.step(3).unwrap();
    let signed = user.sign(&key(0), &actions(1)).unwrap();
    let open = Receipt { actions: signed, outputs: None };
    assert_eq!(UserLedger::resume(terms(4), open, outputs).as_ref(), Ok(&user));
    provider.close(&actions(1)).unwrap();
    provider.accept(&signed).unwrap();
    assert_eq!(ProviderLedger::resume(terms(4), open, outputs).as_ref(), Ok(&provider));

    let others = Terms { job: [0; 32], ..terms(4) };
    assert!(matches!(UserLedger::resume(others, first, [0; 32]), Err(Refusal::Root { what: "job", .. })));
    let others = Terms { user: key(1).address(), provider: key(0).address(), ..terms(4) };
    assert!(matches!(ProviderLedger::resume(others, first, [0; 32]), Err(Refusal::Signature(_))));
    let mixed = Receipt { actions: signed, outputs: first.outputs };
    assert!(matches!(UserLedger::resume(terms(4), mixed, [0; 32]), Err(Refusal::NotDue { .. })));
    let end = ActionRoot { job: terms(4).job, segment: u64::MAX, steps: u64::MAX, root: [0; 32] };
    let end = Receipt { actions: Signed::new(end, &DOMAIN, &key(0)), outputs: None };
    assert_eq!(UserLedger::resume(terms(4), end, [0; 32]), Err(Refusal::Exhausted { segment: u64::MAX }));
    let near = ActionRoot { job: terms(4).job, segment: 0, steps: u64::MAX, root: [0; 32] };
    let near = Receipt { actions: Signed::new(near, &DOMAIN, &key(0)), outputs: None };
    let mut near = UserLedger::resume(terms(4), near, [0; 32]).unwrap();
    assert_eq!(near.step(1), Err(Refusal::Exhausted { segment: 1 }));
}

/// Two honest sides and a wire that may lose whatever is on it.
#[derive(Clone, Debug)]
struct Game {
    user: UserLedger,
    provider: ProviderLedger,
    to_provider: Option<Signed<ActionRoot>>,
    to_user: Option<Signed<OutputRoot>>,
}

impl Game {
    const SEGMENTS: u64 = 3;

    fn done(&self) -> bool {
        self.user.segment() == Self::SEGMENTS && self.user.unanswered().is_none()
    }

    /// Every state that one move leads to.
    fn moves(&self) -> Vec<Self> {
        let mut next = Vec::new();
        let mut after = |change: &dyn Fn(&mut Self) -> Option<()>| {
            let mut game = self.clone();
            if change(&mut game).is_some() {
                next.push(game);
            }
        };
        let waits = |refusal: Refusal| {
            let harmless = refusal.waits() || matches!(refusal, Refusal::Past { .. });
            assert!(harmless, "between honest sides: {refusal}");
        };
        if self.user.segment() < Self::SEGMENTS {
            after(&|game| game.user.step(1).map_err(waits).ok());
            after(&|game| game.user.sign(&key(0), &actions(game.user.segment())).map_err(waits).ok().map(drop));
        }
        // Actions come with the number of their segment.
        let asked = match self.user.last() {
            Some(last) if self.provider.segment() < self.user.segment() => last.actions.message.steps,
            _ => self.user.steps(),
        };
        if self.provider.steps() < asked {
            after(&|game| game.provider.step(1).map_err(waits).ok());
        }
        // The user's signature says where the segment ends; once the provider has made its steps, it closes it.
        after(&|game| {
            let signed = game.to_provider?;
            if game.provider.segment() == signed.message.segment {
                (game.provider.steps() == signed.message.steps).then_some(())?;
                game.provider.close(&actions(signed.message.segment)).map_err(waits).ok()?;
            }
            game.provider.accept(&signed).map_err(waits).ok()?;
            game.to_provider = None;
            Some(())
        });
        after(&|game| {
            let segment = game.provider.uncountersigned()?.message.segment;
            game.provider.countersign(&key(1), &output(segment)).map_err(waits).ok().map(drop)
        });
        after(&|game| {
            let answer = game.to_user.take()?;
            game.user.accept(&answer, &output(answer.message.segment)).map_err(waits).ok().map(drop)
        });
        after(&|game| game.to_provider.take().map(drop));
        after(&|game| game.to_user.take().map(drop));
        // Sent, or sent again.
        after(&|game| {
            game.to_provider = Some(*game.user.unanswered().filter(|_| game.to_provider.is_none())?);
            Some(())
        });
        after(&|game| {
            let last = game.provider.last().filter(|_| game.to_user.is_none())?;
            // An answer that was taken already is as good as lost.
            game.to_user =
                Some(last.outputs.filter(|answer| game.user.last().is_none_or(|r| r.outputs != Some(*answer)))?);
            Some(())
        });
        next
    }
}

/// All interleavings of three segments, with every loss: credit is kept, nothing is refused but what waits or comes late, and from every
/// state the end can be reached.
#[test]
fn honest_sides_never_get_stuck() {
    let start = Game {
        user: UserLedger::new(terms(1)),
        provider: ProviderLedger::new(terms(1)),
        to_provider: None,
        to_user: None,
    };
    let mut states = vec![start.clone()];
    let mut numbers = HashMap::from([(format!("{start:?}"), 0)]);
    let mut before: Vec<Vec<usize>> = vec![vec![]];
    let mut at = 0;
    while at < states.len() {
        for game in states[at].moves() {
            assert!(game.provider.unsigned_steps() <= 1, "credit");
            let number = *numbers.entry(format!("{game:?}")).or_insert_with(|| {
                states.push(game);
                before.push(vec![]);
                states.len() - 1
            });
            before[number].push(at);
        }
        at += 1;
    }
    let mut reach: Vec<usize> = (0..states.len()).filter(|&at| states[at].done()).collect();
    assert!(!reach.is_empty());
    let mut ends: HashSet<usize> = reach.iter().copied().collect();
    while let Some(at) = reach.pop() {
        reach.extend(before[at].iter().filter(|&&at| ends.insert(at)));
    }
    assert_eq!(ends.len(), states.len(), "states from which the end is out of reach");
    for game in states.iter().filter(|game| game.done()) {
        assert_eq!(game.user.last(), game.provider.last());
    }
}

proptest! {
    /// Whatever a provider is asked to do in whatever order, no more than the credit is unsigned.
    #[test]
    fn credit_is_bounded(credit in 1u64..6, moves in prop::collection::vec((0u8..4, 0u64..4), 0..60)) {
        let mut provider = ProviderLedger::new(terms(credit));
        let mut due = None;
        for (kind, number) in moves {
            match kind {
                0 => drop(provider.step(number)),
                1 => due = provider.close(&actions(number)).ok().or(due),
                2 => if let Some(message) = due {
                    let _ = provider.accept(&Signed::new(message, &DOMAIN, &key(u32::from(number == 3))));
                },
                _ => drop(provider.countersign(&key(1), &output(number))),
            }
            prop_assert!(provider.unsigned_steps() <= credit);
        }
    }
}
