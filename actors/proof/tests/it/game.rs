//! Games: an honest party that answers in time wins every one, whoever the other is; and what the rules refuse.

use hyperdust_proof::{Game, Party, game::Reason};

use crate::arena::{job::Job, matrix};

/// Every adversary by name ends as the table says, and its transcript replays to the same end.
#[test]
fn the_matrix() {
    let job = Job::new();
    let judge = crate::arena::judge(&job);
    for case in &mut matrix::cases(&job) {
        let game = case.play(&job);
        assert!(case.expects(game.outcome()), "{}: {:?}", case.name, game.outcome());
        let replayed = game.transcript().replay(&judge).unwrap();
        assert_eq!(replayed, game, "{}", case.name);
    }
}
