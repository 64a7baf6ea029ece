//! Any byte string is an environment's state (`Env::restore`, what Python's `set_state` and pickles take) or an error that changes nothing.
#![no_main]

use std::{cell::RefCell, collections::BTreeMap};

use hyperdust_gym::Env;
use hyperdust_kernel::Model;
use hyperdust_scene::Scene;

thread_local! {
    static ENV: RefCell<Env> = RefCell::new({
        let cooked = Scene::builtin("ant").expect("published").cook(&BTreeMap::new()).expect("cooks");
        let mut env = Env::new(Model::new(cooked.blueprint).expect("valid"));
        env.reset(Some(1)).expect("open");
        env
    });
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    ENV.with_borrow_mut(|env| {
        let before = env.snapshot().expect("open");
        if env.restore(bytes).is_err() {
            assert_eq!(env.snapshot().expect("open"), before, "a refused state changed the environment");
            return;
        }
        let again = env.snapshot().expect("open");
        env.restore(&again).expect("an environment's own state");
        let action = vec![0u8; env.model().actions().size];
        let _ = env.step(&action);
        env.restore(&before).expect("an environment's own state");
    });
});
