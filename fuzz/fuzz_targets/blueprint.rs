//! Any byte string is a valid blueprint or an error; a valid one has one encoding, compiles and steps without a panic.
#![no_main]

use hyperdust_kernel::{Model, World, blueprint::Blueprint};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(blueprint) = Blueprint::decode(bytes) else { return };
    assert_eq!(blueprint.encode().expect("a decoded blueprint is encodable"), bytes, "two encodings of one blueprint");
    let Ok(model) = Model::new(blueprint) else { return };
    let action = vec![0u8; model.actions().size];
    let mut world = World::new(model, 1);
    for _ in 0..2 {
        let outcome = world.step(&action);
        assert!(outcome.reward.is_finite(), "a reward that is no number left the kernel");
        if outcome.fault.is_some() {
            break;
        }
    }
});
