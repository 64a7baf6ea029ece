//! Any byte string is a transcript or an error; one that decodes encodes to the same bytes, and replays to a game or an error
//! without a panic.
#![no_main]

use hyperdust_proof::{
    Transcript,
    game::{Finding, Part},
    graph::Node,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(transcript) = Transcript::decode(bytes) {
        assert_eq!(transcript.encode(), bytes, "bytes of a transcript are canonical");
        let judge = |_: u32, _: &Node, evidence: &[u8]| match evidence {
            b"signed" => Finding::Signed,
            _ => Finding::Unsigned(Part::Input(0)),
        };
        let replayed = transcript.replay(&judge);
        assert_eq!(transcript.table(&judge).is_ok(), replayed.is_ok());
        if let Ok(game) = replayed {
            assert_eq!(game.transcript(), transcript);
        }
    }
});
