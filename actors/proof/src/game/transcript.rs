//! Games as bytes, and as a table that a person can read.
//!
//! Encoding: borsh of [`Transcript`]. Bytes from a stranger decode to a transcript or an error; a transcript replays to
//! the game that it records or to the move that the rules refuse. Whether inputs were signed is asked again.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Due, Game, Judge, Layer, Move, Party, Terms};
use crate::{
    codec,
    error::{MoveError, TranscriptError},
    hex::Hex,
    tree::Hash,
};

/// Bytes of a transcript, at most.
pub const LONGEST: usize = 1 << 20;

/// A game from its terms to its last move.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transcript {
    /// What it is about.
    pub terms: Terms,
    /// The moves, in order.
    pub entries: Vec<Entry>,
}

/// A move, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Who.
    pub by: Party,
    /// When.
    pub at: u64,
    /// What.
    pub action: Move,
}

/// A line of the table of a game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who moved.
    pub by: Party,
    /// When.
    pub at: u64,
    /// What, in words.
    pub what: String,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {:10}  {}", self.at, self.by, self.what)
    }
}

impl Transcript {
    /// The transcript's bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The transcript of these bytes. An error where they are too many or no transcript's encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, TranscriptError> {
        codec::decode(bytes, LONGEST).map_err(|reason| TranscriptError::Malformed { reason })
    }

    /// The game after all moves, over or not. An error where the terms or a move are refused.
    pub fn replay(&self, judge: &impl Judge) -> Result<Game, TranscriptError> {
        self.follow(judge, |_, _| {})
    }

    /// The moves in words, with the steps that they are about, and the outcome as a last line where there is one.
    pub fn table(&self, judge: &impl Judge) -> Result<Vec<Row>, TranscriptError> {
        let mut rows = Vec::new();
        let game = self.follow(judge, |game, entry| {
            rows.push(Row { by: entry.by, at: entry.at, what: describe(game, &entry.action) });
        })?;
        if let Some(outcome) = game.outcome() {
            rows.push(Row { by: outcome.blamed, at: outcome.at, what: format!("is blamed: {}", outcome.reason) });
        }
        Ok(rows)
    }

    /// Replays, showing each accepted move with the game before it.
    fn follow(&self, judge: &impl Judge, mut show: impl FnMut(&Game, &Entry)) -> Result<Game, TranscriptError> {
        let mut game = Game::filed(self.terms.clone(), judge).map_err(TranscriptError::Terms)?;
        for (number, entry) in self.entries.iter().enumerate() {
            let before = game.clone();
            let refused = |error: MoveError| TranscriptError::Move { number, by: entry.by, error };
            game.play(entry.by, entry.at, entry.action.clone(), judge).map_err(refused)?;
            show(&before, entry);
        }
        Ok(game)
    }
}

/// A move in words, given the game before it.
fn describe(game: &Game, action: &Move) -> String {
    let due = game.turn().map(|turn| turn.due);
    match (action, due) {
        (Move::Cut(roots), Some(Due::Cut { layer, steps })) => match (roots.first(), steps.first(), steps.last()) {
            (Some(root), Some(first), Some(last)) => {
                format!(
                    "cuts {} at {} points, {first} to {last}; the first is {}",
                    named(layer),
                    roots.len(),
                    Short(root)
                )
            }
            _ => format!("cuts {}", named(layer)),
        },
        (Move::Choose(piece), Some(Due::Choose { layer, points })) => match points.get(usize::from(*piece)..) {
            Some([from, to, ..]) => format!("disputes piece {piece} of {}: {} to {}", named(layer), from.step, to.step),
            _ => format!("disputes piece {piece}"),
        },
        (Move::Split(roots), Some(Due::Split { level, .. })) => {
            format!("opens the plan: {} subtrees of {} nodes", roots.len(), 1u64 << level)
        }
        (Move::Pick(piece), Some(Due::Pick { level, places, .. })) => match places.get(usize::from(*piece)) {
            Some(&place) => format!("questions the plan from node {} on", u64::from(place) << level),
            None => format!("questions subtree {piece} of the plan"),
        },
        (Move::Open(execution), Some(Due::Open { node })) => {
            format!("opens node {node}: {} steps to output {}", execution.steps, Short(&execution.output.root()))
        }
        (Move::Prove(proof), Some(Due::Prove { node, step })) => {
            format!("proves step {step} of node {node}, pc {:#010x}", proof.processor.pc)
        }
        (Move::Answer { evidence, .. }, Some(Due::Answer { node })) => {
            format!("shows node {node} of the plan and {} bytes of evidence", evidence.len())
        }
        (Move::Concede, _) => "concedes".into(),
        (Move::Timeout, Some(due)) => format!("calls time: no {} from the {}", due.kind(), due.by()),
        (other, _) => other.kind().to_string(),
    }
}

fn named(layer: Layer) -> String {
    match layer {
        Layer::Graph => "the graph".into(),
        Layer::Trace { node } => format!("the trace of node {node}"),
    }
}

/// The first bytes of a root.
struct Short<'a>(&'a Hash);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.10}…", Hex(self.0).to_string())
    }
}
