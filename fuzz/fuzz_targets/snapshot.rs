//! Any byte string is a snapshot or an error. One that is accepted gives a world that goes on without a panic, and whose own
//! snapshot restores to the same digest.
#![no_main]

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, sync::LazyLock};

use hyperdust_kernel::{Model, World};
use hyperdust_scene::Scene;

static MODELS: LazyLock<Vec<Arc<Model>>> = LazyLock::new(|| {
    let model = |name| {
        let cooked = Scene::builtin(name).expect("published").cook(&BTreeMap::new()).expect("cooks");
        Model::new(cooked.blueprint).expect("valid")
    };
    ["cartpole", "ant", "blocks"].map(model).to_vec()
});

thread_local! {
    static WORLDS: RefCell<Vec<World>> = RefCell::new(MODELS.iter().map(|model| World::new(model.clone(), 1)).collect());
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    WORLDS.with_borrow_mut(|worlds| {
        for world in worlds {
            let before = world.digest();
            if world.restore(bytes).is_err() {
                assert_eq!(world.digest(), before, "a refused snapshot changed the world");
                continue;
            }
            let digest = world.digest();
            let again = world.snapshot();
            world.restore(&again).expect("a world's own snapshot");
            assert_eq!(world.digest(), digest);
            let action = vec![0u8; world.model().actions().size];
            let outcome = world.step(&action);
            assert!(outcome.reward.is_finite());
            world.reset(Some(1));
        }
    });
});
