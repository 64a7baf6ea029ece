//! Any bytes are a policy's file or an error; what is a policy answers finite rows with finite numbers or an error, and its network
//! read again is the same policy.
#![no_main]

use hyperdust_policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(policy) = Policy::decode(bytes) else { return };
    let again = Policy::decode(&policy.network().encode().expect("a network has a string")).expect("and is read again");
    assert_eq!(again.digest(), policy.digest());
    if let Ok(actions) = policy.act(&vec![0.5; policy.inputs() * 2]) {
        assert_eq!(actions.len(), policy.outputs() * 2);
        assert!(actions.iter().all(|x| x.is_finite()));
        assert_eq!(actions[..policy.outputs()], actions[policy.outputs()..], "equal rows have equal answers");
    }
});
