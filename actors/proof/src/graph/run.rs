//! A node's program, really run: what a party has in hand when a dispute has come down to one node.

use super::{Execution, NodeProof};
use crate::{
    error::Error,
    machine::{
        Processor, State, Status, Trace,
        layout::{self, ABOVE_OUTPUT, HEADER, INPUT_COUNT, Region},
    },
    tree::{Hash, Head},
};

/// The run of a program on given strings.
#[derive(Clone, Debug)]
pub struct Run {
    /// Root of the image region.
    pub program: Hash,
    /// The string in each input region.
    pub inputs: [Option<Head>; INPUT_COUNT],
    /// Every state on the way.
    pub trace: Trace,
    processor: Processor,
    siblings: [Hash; ABOVE_OUTPUT],
    output: Result<Head, Unclaimable>,
    bytes: Vec<u8>,
}

/// Why a run has no output that could be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unclaimable {
    /// It did not exit within the limit, or trapped, or exited with another code.
    #[error("the program ended as {0:?}; accepted: exit code 0 within the limit")]
    Status(Status),
    /// The output region does not hold a string, and nothing else.
    #[error("the output region holds more than a string of at most {HEADER} bytes and its header")]
    Region,
}

impl Run {
    /// Runs `image` on these strings (kind and bytes) until it halts, for `limit` steps at most, keeping a snapshot every
    /// `2^interval` steps. Errors where something is too large for its region or the interval is refused; a program that traps
    /// or goes on is no error, because a claim about it can be disputed like any other.
    pub fn record(
        image: &[u8],
        inputs: [Option<(Hash, &[u8])>; INPUT_COUNT],
        interval: u32,
        limit: u64,
    ) -> Result<Self, Error> {
        let program = layout::image_root(image)?;
        let trace = Trace::record_up_to(State::with_inputs(image, inputs)?, interval, limit)?;
        Ok(Self::of(program, inputs.map(|input| input.map(|(kind, bytes)| Head::of(kind, bytes))), trace))
    }

    /// The run of a program on the strings with these heads whose trace was recorded elsewhere, or
    /// [tampered](Trace::tampered) with.
    pub fn of(program: Hash, inputs: [Option<Head>; INPUT_COUNT], trace: Trace) -> Self {
        let mut last = trace.state_at(trace.length());
        let (output, bytes) = match last.processor.status {
            Status::Exited(0) => match output(&mut last) {
                Some((head, bytes)) => (Ok(head), bytes),
                None => (Err(Unclaimable::Region), Vec::new()),
            },
            other => (Err(Unclaimable::Status(other)), Vec::new()),
        };
        let siblings = last.memory_mut().region_siblings(Region::OUTPUT).try_into().expect("levels above a region");
        Self { program, inputs, trace, processor: last.processor, siblings, output, bytes }
    }

    /// The output string's head, or why there is none.
    pub fn output(&self) -> Result<Head, Unclaimable> {
        self.output
    }

    /// The output string's bytes; none where there is no output.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the provider opens when this node is disputed; `node` proves it in the graph that both accept.
    pub fn execution(&self, node: NodeProof) -> Result<Execution, Unclaimable> {
        let output = self.output?;
        let Self { inputs, siblings, .. } = *self;
        Ok(Execution { node, inputs, output, steps: self.trace.length(), processor: self.processor.clone(), siblings })
    }
}

/// The string in the output region, where there is one and nothing else.
fn output(last: &mut State) -> Option<(Head, Vec<u8>)> {
    let memory = last.memory_mut();
    let (kind, word) = (memory.leaf(Region::OUTPUT.start + HEADER), memory.leaf(Region::OUTPUT.start + HEADER + 32));
    let (zeros, length) = word.split_last_chunk::<4>()?;
    let length = u32::from_be_bytes(*length);
    if zeros.iter().any(|&byte| byte != 0) || length > HEADER {
        return None;
    }
    let bytes = memory.bytes(Region::OUTPUT.start, length);
    let head = Head::of(kind, &bytes);
    let region = layout::string_root("output", &head).ok()?;
    (memory.region_root(Region::OUTPUT) == region).then_some((head, bytes))
}
