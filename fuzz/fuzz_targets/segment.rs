//! Any two byte strings are a segment's state and actions or an error; what it leaves behind is a state again, with one encoding.
//! The first byte says which scene, the next two how long the state is.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use hyperdust_kernel::{
    Model,
    segment::{Actions, State, Stream, run},
};
use hyperdust_scene::Scene;
use libfuzzer_sys::fuzz_target;

/// Actions that are simulated, at most.
const MOST: u32 = 32;

type Compiled = (std::sync::Arc<Model>, Vec<u8>);

static SCENES: LazyLock<[Compiled; 3]> = LazyLock::new(|| {
    ["pendulum", "hopper", "blocks"].map(|name| {
        let cooked = Scene::builtin(name).expect("published").cook(&BTreeMap::new()).expect("cooks");
        let bytes = cooked.blueprint.encode().expect("valid");
        (Model::new(cooked.blueprint).expect("valid"), bytes)
    })
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&[which, low, high], rest)) = bytes.split_first_chunk() else { return };
    let (model, blueprint) = &SCENES[usize::from(which) % SCENES.len()];
    let Some((state, actions)) = rest.split_at_checked(u16::from_le_bytes([low, high]).into()) else { return };
    let Ok(decoded) = Actions::decode(actions, model.actions().size) else {
        assert!(run(blueprint, state, actions).is_err());
        return;
    };
    assert_eq!(decoded.encode(), actions, "bytes of actions are canonical");
    if decoded.count() > MOST {
        return;
    }
    let before = Stream::resume(model, state);
    if let Ok(stream) = &before
        && !state.is_empty()
    {
        assert_eq!(stream.state().encode(), state, "bytes of a state are canonical");
    }
    let Ok(after) = run(blueprint, state, actions) else { return };
    assert!(before.is_ok());
    let steps = State::decode(&after).expect("a state").steps;
    assert!(steps.wrapping_sub(before.map_or(0, |stream| stream.state().steps)) <= decoded.count().into());
    let again = Stream::resume(model, &after).expect("what a segment leaves behind");
    assert_eq!(again.state().encode(), after, "bytes of a state are canonical");
});
