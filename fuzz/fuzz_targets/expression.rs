//! Any text is an expression or an error, in bounded time and depth.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = hyperdust_scene::parse_expression(text);
});
