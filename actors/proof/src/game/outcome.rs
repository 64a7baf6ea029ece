//! How games end, and what that means for a claim.

use std::fmt;

use super::{MoveKind, Part, Party};

/// The end of a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Who loses.
    pub blamed: Party,
    /// Why.
    pub reason: Reason,
    /// When it ended.
    pub at: u64,
}

/// Why a party lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The provider gave up before the search.
    Conceded,
    /// The provider used a node that it cannot show agreement to.
    Input {
        /// Which.
        node: u32,
        /// What of it.
        part: Part,
    },
    /// The challenger questioned a node that is as agreed.
    InputSigned {
        /// Which.
        node: u32,
    },
    /// A move did not come in time.
    Timeout {
        /// What was due.
        due: MoveKind,
    },
    /// The step that was left leads elsewhere: the provider's claim is false.
    StepRefuted {
        /// The node in which it is.
        node: u32,
        /// The step, from 0: the instruction's index in the node's trace.
        step: u64,
    },
    /// The step that was left leads where the provider said: the challenger disputed what is true.
    StepProven {
        /// The node in which it is.
        node: u32,
        /// The step, from 0.
        step: u64,
    },
}

/// What the blamed party loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forfeit {
    /// A multiple of the claim's fee.
    Fee,
    /// Its bond.
    Bond,
}

impl Outcome {
    /// What the blamed party loses: a concession costs fees, everything else the bond.
    pub fn forfeit(&self) -> Forfeit {
        match self.reason {
            Reason::Conceded => Forfeit::Fee,
            _ => Forfeit::Bond,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} blamed: {}", self.blamed, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conceded => f.write_str("conceded"),
            Self::Input { node, part } => match part {
                Part::Program => write!(f, "node {node}: not the program that was agreed"),
                Part::Sources => write!(f, "node {node}: inputs come from elsewhere than agreed"),
                Part::Input(input) => write!(f, "node {node}: input {input} was not signed"),
            },
            Self::InputSigned { node } => write!(f, "node {node} is as agreed and signed"),
            Self::Timeout { due } => write!(f, "no {due} in time"),
            Self::StepRefuted { node, step } => write!(f, "node {node}: instruction {step} leads elsewhere"),
            Self::StepProven { node, step } => {
                write!(f, "node {node}: instruction {step} leads where the provider said")
            }
        }
    }
}

/// What is known of a claim from the games about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Some game is not over, and none was lost by the provider.
    Open,
    /// The provider lost a game.
    Refuted,
    /// Every challenger lost.
    Upheld,
}

/// The standing of a claim from all games about it, each by its outcome if there is one. One game lost by the provider
/// refutes the claim, however many challengers lost: a challenger that loses, on purpose too, upholds nothing.
pub fn standing<'a>(games: impl IntoIterator<Item = Option<&'a Outcome>>) -> Standing {
    let mut standing = Standing::Upheld;
    for game in games {
        match game {
            Some(Outcome { blamed: Party::Provider, .. }) => return Standing::Refuted,
            Some(Outcome { blamed: Party::Challenger, .. }) => {}
            None => standing = Standing::Open,
        }
    }
    standing
}
