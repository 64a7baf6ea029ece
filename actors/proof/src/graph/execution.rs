//! From layer 1 into the machine: what a provider opens when one node is left of the search.
//!
//! Both parties then agree on the graph whose first *i* outputs are known, and not on the one with output *i* as well.
//! The provider opens node *i* in the former, and says how the machine ran: from which strings, for how many steps, to which final state. What of
//! that is to be believed follows from the two roots alone:
//!
//! - **The first state** is nobody's word. The node's program and the roots of its input strings are in the agreed graph;
//!   the provider gives each string's [`Head`], whose root must be that one, and the machine's first root is hashed from program and heads
//!   ([`layout::initial_root`]): memory is zero elsewhere, the processor too.
//! - **The last state** is bound to the output. The provider gives the output's head: writing its root into the agreed
//!   graph must give the disputed one. It gives the processor, which must have exited with code 0, and the siblings of
//!   the output region; the region's root is hashed from the head ([`layout::string_root`]), and with the siblings and the processor
//!   that gives the last root. So a provider may say what it likes about heap, stack and registers, which the dissection of the trace
//!   then tests, but not claim an output other than the one that this state holds.
//! - **The number of steps** is the provider's, 1 to [`MAX_STEPS`]. A halted machine stays as it is, so a number over the
//!   true one changes nothing; one below it leads to a state that has not exited.
//!
//! An opening that fails any of this is refused, and the provider's time goes on. It follows what a program has to leave behind in
//! order to be claimed at all: exit code 0, and an output region that is zero but for its string and the header's two
//! leaves. A run that ends otherwise has no output, and a node without an output cannot be claimed ([`super::Run::output`]).

use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{Read, Result as IoResult, Write},
};

use super::{NodeProof, UNKNOWN};
use crate::{
    error::ExecutionError,
    machine::{
        Processor, Status,
        commitment::commit,
        layout::{self, ABOVE_OUTPUT, INPUT_COUNT, Region},
    },
    tree::{self, Hash, Head},
};

/// Steps of a node's run, at most: as many as eight cuts into sixteen reduce to one. A node has to be planned so that it
/// halts within that; a provider of one that does not cannot open it.
pub const MAX_STEPS: u64 = 1 << 32;

/// How a provider says that a node ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The node, in the graph that both accept: without its output.
    pub node: NodeProof,
    /// The string of each input that is not empty.
    pub inputs: [Option<Head>; INPUT_COUNT],
    /// The output string.
    pub output: Head,
    /// Steps from the first state to the last.
    pub steps: u64,
    /// The processor in the last state.
    pub processor: Processor,
    /// Siblings of the output region in the last state's memory, from its own up to below the root.
    pub siblings: [Hash; ABOVE_OUTPUT],
}

/// Two states of a machine, one of them agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Root of the state that the node's program starts from.
    pub first: Hash,
    /// Root of the state that it is said to end in.
    pub last: Hash,
    /// Steps between them, at least one.
    pub steps: u64,
}

impl Execution {
    /// Checks that this leads from the graph of `nodes` nodes with root `agreed` to the one with root `disputed`, which
    /// has one more output, that of node `index`.
    pub fn check(&self, agreed: &Hash, disputed: &Hash, nodes: u32, index: u32) -> Result<Endpoints, ExecutionError> {
        if !(1..=MAX_STEPS).contains(&self.steps) {
            return Err(ExecutionError::Steps { found: self.steps, accepted: MAX_STEPS });
        }
        let roots = self.node.check(agreed, nodes, index)?;
        if self.node.node.output != UNKNOWN {
            return Err(ExecutionError::Known { node: index });
        }
        let found = self.node.root_with(self.output.root(), nodes, index);
        if found != *disputed {
            return Err(ExecutionError::Output { found, accepted: *disputed });
        }
        if self.processor.status != Status::Exited(0) {
            return Err(ExecutionError::NotExited { found: self.processor.status });
        }
        let region = layout::string_root("the output", &self.output).map_err(|_| too_long("output"))?;
        let memory = tree::climb(Region::OUTPUT.index().into(), &region, &self.siblings);
        let last = commit(&memory, &self.processor);
        Ok(Endpoints { first: self.first(&roots)?, last, steps: self.steps })
    }

    /// Root of the first state.
    fn first(&self, roots: &[Option<Hash>; INPUT_COUNT]) -> Result<Hash, ExecutionError> {
        let mut regions = [layout::empty_root(); INPUT_COUNT];
        for (input, ((region, root), head)) in regions.iter_mut().zip(roots).zip(&self.inputs).enumerate() {
            let found = head.as_ref().map(Head::root);
            if found != *root {
                return Err(ExecutionError::Input { input, found, accepted: *root });
            }
            if let Some(head) = head {
                *region = layout::string_root("an input", head).map_err(|_| too_long("input"))?;
            }
        }
        let memory = layout::initial_root(&self.node.node.program, &regions);
        Ok(commit(&memory, &Processor::default()))
    }
}

fn too_long(what: &'static str) -> ExecutionError {
    ExecutionError::TooLong { what, accepted: layout::HEADER }
}

impl BorshSerialize for Execution {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        self.node.serialize(writer)?;
        self.inputs.map(|head| head.as_ref().map(parts)).serialize(writer)?;
        parts(&self.output).serialize(writer)?;
        (self.steps, &self.processor, self.siblings).serialize(writer)
    }
}

impl BorshDeserialize for Execution {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let node = NodeProof::deserialize_reader(reader)?;
        let inputs = <[Option<Parts>; INPUT_COUNT]>::deserialize_reader(reader)?.map(|parts| parts.map(head));
        let output = head(Parts::deserialize_reader(reader)?);
        let (steps, processor, siblings) = BorshDeserialize::deserialize_reader(reader)?;
        Ok(Self { node, inputs, output, steps, processor, siblings })
    }
}

/// A head as it is encoded: kind, length, tree.
type Parts = (Hash, u64, Hash);

fn parts(head: &Head) -> Parts {
    (head.kind, head.length, head.tree)
}

fn head((kind, length, tree): Parts) -> Head {
    Head { kind, length, tree }
}
