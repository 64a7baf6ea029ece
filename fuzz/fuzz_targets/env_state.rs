//! Any byte string is the state of an environment, or of a vector of them (`restore`, what Python's `set_state` and pickles take) or an error that changes nothing.
#![no_main]

use std::{cell::RefCell, collections::BTreeMap};

use hyperdust_gym::{AutoresetMode, Env, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::Model;
use hyperdust_scene::Scene;

thread_local! {
    static ENVS: RefCell<(Env, VectorEnv)> = RefCell::new({
        let cooked = Scene::builtin("ant").expect("published").cook(&BTreeMap::new()).expect("cooks");
        let model = Model::new(cooked.blueprint).expect("valid");
        let mut env = Env::new(model.clone());
        env.reset(Some(1)).expect("open");
        let options = VectorOptions { num_envs: 2, num_threads: 1, autoreset: AutoresetMode::SameStep };
        let mut vector = VectorEnv::new(model, options).expect("two lanes");
        vector.reset(Seeds::First(1), None).expect("open");
        (env, vector)
    });
}

/// For either kind of environment: takes the bytes or stays as it is; whatever they were, what it is then, and after a step, it takes again.
macro_rules! restore {
    ($env:expr, $bytes:expr, $step:expr) => {
        let before = $env.snapshot().expect("open");
        if $env.restore($bytes).is_err() {
            assert_eq!($env.snapshot().expect("open"), before, "a refused state changed the environment");
        } else {
            let again = $env.snapshot().expect("open");
            $env.restore(&again).expect("an environment's own state");
            // A state from before the first reset cannot step.
            let _ = $step;
            let after = $env.snapshot().expect("open");
            $env.restore(&after).expect("an environment's own state");
            $env.restore(&before).expect("an environment's own state");
        }
    };
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    ENVS.with_borrow_mut(|(env, vector)| {
        let layout = env.model().actions().clone();
        let action = vec![0u8; layout.size];
        restore!(env, bytes, env.step(&action));
        let actions: Vec<Vec<u8>> = layout.segments.iter().map(|segment| vec![0u8; 2 * segment.bytes()]).collect();
        let actions: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        restore!(vector, bytes, vector.step(&actions));
    });
});
