//! What came out of a dispute, for people and as JSON.

use std::{fmt, time::Duration};

use hyperdust_proof::{
    Game, Party,
    game::{Judge, Part, Reason},
    machine::{State, disassemble},
};
use serde::Serialize;

use crate::{Error, Program};

/// The instruction that a dispute ended at.
#[derive(Clone, Debug, Serialize)]
pub struct Guilty {
    /// Its index in the trace of the segment, from 0.
    pub index: u64,
    /// Its address.
    pub pc: u32,
    /// The instruction, disassembled.
    pub text: String,
    /// Function, file and line that it came from; inlined ones first.
    pub source: Vec<String>,
}

impl Guilty {
    /// The instruction that `state` is about to execute.
    pub(super) fn at(state: &State, program: &Program, index: u64) -> Self {
        let pc = state.processor.pc;
        let word = state.memory().word(pc);
        let source = program.source.frames(pc).into_iter().map(|frame| {
            let name = |part: Option<String>| part.unwrap_or_else(|| "?".into());
            format!("{} ({}:{})", name(frame.function), name(frame.file), frame.line.unwrap_or(0))
        });
        Self { index, pc, text: disassemble(word, pc), source: source.collect() }
    }
}

/// A dispute that is over, or was none.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Who lost; nobody where both agreed.
    pub blamed: Option<&'static str>,
    /// Why.
    pub reason: String,
    /// Index of the guilty instruction in its segment's trace.
    pub instruction_index: Option<u64>,
    /// Where the lie was injected: segment and instruction. Known to whoever made the trial alone.
    pub injected: Option<(usize, u64)>,
    /// Cuts of the instruction trace by the provider.
    pub provider_moves: u32,
    /// Cuts of the graph by the provider.
    pub graph_moves: u32,
    /// The node that it ended in: a segment's number.
    pub node: Option<u32>,
    /// Nodes of the graph.
    pub nodes: u32,
    /// Wall-clock time.
    pub seconds: f64,
    /// The instruction.
    pub guilty: Option<Guilty>,
    /// Every move, in words.
    pub moves: Vec<String>,
}

impl Report {
    pub(super) fn after(self, time: Duration) -> Self {
        Self { seconds: time.as_secs_f64(), ..self }
    }
}

/// Both sides computed the same.
pub(super) fn undisputed(nodes: u32) -> Report {
    Report {
        blamed: None,
        reason: "both computed the same".into(),
        instruction_index: None,
        injected: None,
        provider_moves: 0,
        graph_moves: 0,
        node: None,
        nodes,
        seconds: 0.0,
        guilty: None,
        moves: Vec::new(),
    }
}

pub(super) fn of(
    game: &Game,
    judge: &impl Judge,
    guilty: Option<Guilty>,
    injected: Option<(usize, u64)>,
) -> Result<Report, Error> {
    let outcome = game.outcome().ok_or_else(|| Error::Dispute("the game is not over".into()))?;
    let rows = game.transcript().table(judge).map_err(|error| Error::Dispute(error.to_string()))?;
    let [graph_moves, provider_moves] = game.cuts();
    Ok(Report {
        blamed: Some(match outcome.blamed {
            Party::Provider => "provider",
            Party::Challenger => "companion",
        }),
        reason: outcome.reason.to_string(),
        instruction_index: guilty.as_ref().map(|guilty| guilty.index),
        injected,
        provider_moves,
        graph_moves,
        node: match outcome.reason {
            Reason::StepRefuted { node, .. }
            | Reason::StepProven { node, .. }
            | Reason::Input { node, part: Part::Input(2) }
            | Reason::InputSigned { node } => Some(node),
            _ => None,
        },
        nodes: game.terms().nodes,
        seconds: 0.0,
        guilty,
        moves: rows.iter().map(ToString::to_string).collect(),
    })
}

impl fmt::Display for Guilty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "instruction {} of the segment, at {:#010x}:  {}", self.index, self.pc, self.text)?;
        self.source.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.moves {
            writeln!(f, "{row}")?;
        }
        if !self.moves.is_empty() {
            writeln!(f)?;
        }
        if let Some(guilty) = &self.guilty {
            write!(f, "{guilty}")?;
        }
        match self.blamed {
            Some(blamed) => writeln!(f, "blamed: the {blamed}: {}", self.reason)?,
            None => writeln!(f, "no dispute: {}", self.reason)?,
        }
        write!(
            f,
            "{} nodes, {} cuts of the graph, {} cuts of the trace, {:.1} s",
            self.nodes, self.graph_moves, self.provider_moves, self.seconds
        )
    }
}
