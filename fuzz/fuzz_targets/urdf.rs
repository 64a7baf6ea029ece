//! Any text is a robot or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let files = |_: &str| Some(text.as_bytes().to_vec());
    let _ = hyperdust_scene::urdf::load(text, "robot.urdf", &files);
});
