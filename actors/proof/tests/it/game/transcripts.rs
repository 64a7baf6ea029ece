//! Transcripts: bytes there and back, the same game again, and no way to make the decoder or the rules panic.

use hyperdust_proof::{
    Game, Transcript, TranscriptError,
    game::{Challenge, LONGEST, Party},
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::arena::{self, job::Job, matrix, players};

fn played(job: &Job) -> Game {
    let lie = job.lie(3, 11);
    let mut game = Game::new(arena::terms(&lie, Challenge::Outputs, 4)).unwrap();
    let mut provider = players::solving(Party::Provider, &lie);
    arena::play(&mut game, job, &mut provider, &mut players::solving(Party::Challenger, &job.truth));
    game
}

#[test]
fn bytes_replay_to_the_same_game() {
    let job = Job::new();
    let judge = arena::judge(&job);
    for case in &mut matrix::cases(&job) {
        let game = case.play(&job);
        let bytes = game.transcript().encode();
        let transcript = Transcript::decode(&bytes).unwrap();
        assert_eq!(transcript.replay(&judge).unwrap(), game, "{}", case.name);
    }
}

/// The first moves of a game are a game that is not over; bytes that end too soon are no transcript.
#[test]
fn truncated_transcripts_decide_nothing() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let transcript = played(&job).transcript();
    for length in 0..transcript.entries.len() {
        let first = Transcript { entries: transcript.entries[..length].to_vec(), ..transcript.clone() };
        assert_eq!(first.replay(&judge).unwrap().outcome(), None);
    }
    for left_out in 0..transcript.entries.len() - 1 {
        let mut with_gap = transcript.clone();
        with_gap.entries.remove(left_out);
        let error = with_gap.replay(&judge).unwrap_err();
        assert!(matches!(error, TranscriptError::Move { number, .. } if number == left_out), "{error}");
    }
    let bytes = transcript.encode();
    for length in 0..bytes.len() {
        assert!(matches!(Transcript::decode(&bytes[..length]), Err(TranscriptError::Malformed { .. })), "{length}");
    }
    assert!(Transcript::decode(&[&bytes[..], &[0]].concat()).is_err());
    assert!(Transcript::decode(&vec![0; LONGEST + 1]).is_err());
}

/// What a person reads.
#[test]
fn tables_are_readable() {
    let job = Job::new();
    let rows = played(&job).transcript().table(&arena::judge(&job)).unwrap();
    let text: Vec<String> = rows.iter().map(|row| row.to_string()).collect();
    let expected = [
        "      5050  provider    cuts the graph at 3 points, 1 to 3; the first is 0x",
        "      5100  challenger  disputes piece 3 of the graph: 3 to 5",
        "      5150  provider    cuts the graph at 1 points, 4 to 4; the first is 0x",
        "      5200  challenger  disputes piece 0 of the graph: 3 to 4",
        "      5250  provider    opens node 3: 16 steps to output 0x",
        "      5300  provider    cuts the trace of node 3 at 3 points, 4 to 12; the first is 0x",
        "      5350  challenger  disputes piece 2 of the trace of node 3: 8 to 12",
        "      5400  provider    cuts the trace of node 3 at 3 points, 9 to 11; the first is 0x",
        "      5450  challenger  disputes piece 2 of the trace of node 3: 10 to 11",
        "      5450  challenger  proves step 10 of node 3, pc 0x00000028",
        "      5450  provider    is blamed: node 3: instruction 10 leads elsewhere",
    ];
    assert_eq!(text.len(), expected.len(), "{text:#?}");
    for (line, expected) in text.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\n{expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A transcript with changed bytes is an error or another game, and never a panic.
    #[test]
    fn mutated_transcripts_do_not_panic(changes in vec((any::<Index>(), any::<u8>()), 1..4), cut in proptest::option::of(any::<Index>())) {
        thread_local! {
            static PLAYED: (Job, Vec<u8>) = {
                let job = Job::new();
                let bytes = played(&job).transcript().encode();
                (job, bytes)
            };
        }
        PLAYED.with(|(job, bytes)| {
            let mut bytes = bytes.clone();
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(transcript) = Transcript::decode(&bytes) {
                prop_assert_eq!(transcript.encode(), bytes);
                let judge = arena::judge(job);
                let replayed = transcript.replay(&judge);
                prop_assert_eq!(transcript.table(&judge).is_ok(), replayed.is_ok());
                if let Ok(game) = replayed {
                    prop_assert_eq!(game.transcript(), transcript);
                }
            }
            Ok(())
        })?;
    }

    /// Any bytes are a transcript or an error.
    #[test]
    fn decoding_is_total(bytes in vec(any::<u8>(), 0..2000)) {
        if let Ok(transcript) = Transcript::decode(&bytes) {
            prop_assert_eq!(transcript.encode(), bytes);
        }
    }
}
