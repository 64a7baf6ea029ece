//! Any byte string is a companion's report or an error; one that decodes encodes to the same bytes.
#![no_main]

use hyperdust_actors::companion::Report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = Report::decode(bytes) {
        assert_eq!(report.encode(), bytes, "bytes of a report are canonical");
    }
});
