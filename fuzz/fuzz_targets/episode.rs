//! Any byte string is an episode or an error; one that is accepted has one encoding and replays to a verdict.
#![no_main]

use hyperdust_gym::Episode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(episode) = Episode::decode(bytes) else { return };
    assert_eq!(episode.encode(), bytes, "two encodings of one episode");
    if episode.len() <= 64
        && let Ok(model) = episode.model()
    {
        let _ = episode.replay(&model);
    }
});
