//! Any bytes may be sent as actions: a wrong length or a NaN is a fault, never a panic, and nothing that is no number gets out.
#![no_main]

use std::{cell::RefCell, collections::BTreeMap};

use hyperdust_kernel::{Model, World};
use hyperdust_scene::Scene;

thread_local! {
    static WORLDS: RefCell<Vec<World>> = RefCell::new(["cartpole", "ant", "hopper", "blocks"].map(|name| {
        let cooked = Scene::builtin(name).expect("published").cook(&BTreeMap::new()).expect("cooks");
        World::new(Model::new(cooked.blueprint).expect("valid"), 1)
    }).into());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, rest)) = bytes.split_first() else { return };
    WORLDS.with_borrow_mut(|worlds| {
        let count = worlds.len();
        let world = &mut worlds[usize::from(which) % count];
        world.reset(Some(u64::from(which)));
        let size = world.model().actions().size;
        for action in rest.chunks(size.max(1)).take(32) {
            let outcome = world.step(action);
            assert!(outcome.reward.is_finite(), "reward");
            assert!(world.info().iter().all(|value| value.is_finite()), "info");
            assert!(world.qpos().iter().chain(world.qvel()).all(|value| value.is_finite()), "state");
            if outcome.fault.is_some() {
                assert!(outcome.truncated, "a fault ends the episode");
                break;
            }
        }
    });
});
