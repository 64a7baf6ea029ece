//! What is owed follows from receipts alone: every countersigned step of every lane, and roots that a contract opens.

use hyperdust_receipt::{
    Address, Agreement, Error, Hash, ProviderLedger, Receipt, UserLedger, chain, claim, due, list,
};

use crate::{DOMAIN, keccak, key, terms};

/// The receipt of a lane's first segment of so many steps.
fn receipt(steps: u64, countersigned: bool) -> Receipt {
    let (mut user, mut provider) = (UserLedger::new(terms(100)), ProviderLedger::new(terms(100)));
    user.step(steps).unwrap();
    provider.step(steps).unwrap();
    let signed = user.sign(&key(0), &keccak("actions")).unwrap();
    provider.close(&keccak("actions")).unwrap();
    provider.accept(&signed).unwrap();
    match countersigned {
        true => provider.countersign(&key(1), &keccak("output")).unwrap(),
        false => *provider.last().unwrap(),
    }
}

#[test]
fn what_is_owed_follows_from_receipts() {
    let session = keccak("session");
    let nothing = due(session, 7, &[None, None]).unwrap();
    assert_eq!((nothing.units, nothing.amount), (0, 0));
    let start: Hash = list::root(list::LANES, &[chain::START; 2]);
    assert_eq!((nothing.actions, nothing.outputs), (start, start));

    let (first, second) = (receipt(5, true), receipt(9, true));
    // No claim can be made of a session with a lane that has none.
    let early = due(session, 7, &[Some(first), None]).unwrap();
    assert_eq!((early.units, early.amount), (0, 0));
    let voucher = due(session, 7, &[Some(first), Some(second)]).unwrap();
    assert_eq!((voucher.session, voucher.units, voucher.amount), (session, 14, 98));
    voucher.follows(&early).unwrap();
    let actions = [first.actions.message.root, second.actions.message.root];
    let outputs = [first.outputs.unwrap().message.root, second.outputs.unwrap().message.root];
    assert_eq!(voucher.actions, list::root(list::LANES, &actions));
    assert_eq!(voucher.outputs, list::root(list::LANES, &outputs));

    assert!(matches!(due(session, 7, &[Some(first), Some(receipt(9, false))]), Err(Error::Undue { .. })));
    assert!(matches!(due(session, u128::MAX / 4, &[Some(first)]), Err(Error::Undue { .. })));
}

#[test]
fn money_and_units_never_overflow() {
    let user = Address([1; 20]);
    let a = Agreement {
        domain: DOMAIN,
        session: keccak("session"),
        user,
        provider: user,
        content: [0; 32],
        lanes: 2,
        price: 7,
        deposit: 100,
        seed: Some([3; 32]),
    };
    assert_eq!((a.worth(14), a.units(98), a.units(97), a.units(0)), (98, 14, 13, 0));
    let dear = Agreement { price: u128::MAX, ..a };
    assert_eq!((dear.worth(2), dear.units(u128::MAX)), (u128::MAX, 1));
    let free = Agreement { price: 0, ..a };
    assert_eq!((free.worth(u64::MAX), free.units(0)), (0, u64::MAX));
    assert_eq!((a.job(1), a.lane_seed(1)), (claim::job(&a.session, 1), Some(claim::lane_seed(&[3; 32], 1))));
    assert_eq!(Agreement { seed: None, ..a }.lane_seed(1), None);
}
