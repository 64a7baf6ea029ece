//! Any text is a robot or an error; a robot that is accepted has only finite numbers.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    // Included files are the model itself: this finds endless inclusion.
    let files = |_: &str| Some(text.as_bytes().to_vec());
    let _ = hyperdust_scene::mjcf::load(text, "robot.xml", &files);
});
