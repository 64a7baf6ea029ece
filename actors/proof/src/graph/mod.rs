//! Layer 1 of a job: what was computed from what, and a commitment from which any one node can be opened.
//!
//! A [`Node`] is a pure function from byte strings to a byte string: a program for the [machine](crate::machine), and where
//! its inputs come from: [given](Source::Given) from outside (a blueprint, signed actions) or an [earlier node's
//! output](Source::Node). A [`Graph`] lists nodes in a topological order. For a scene it is a chain of segments; a policy that is
//! hosted beside it is a node between two of them.
//!
//! # Commitment
//! A node is eight 32-byte words, and so a subtree of height 3:
//!
//! | word | what |
//! |---|---|
//! | 0 | root of the program's image region |
//! | 1 | where each of the four inputs comes from, 8 bytes each, big-endian: 0 nowhere, 1 given, 2 + *i* output of node *i* |
//! | 2–5 | root of each string that is given, otherwise zero |
//! | 6 | root of the output string, zero where it is not known yet |
//! | 7 | zero |
//!
//! A graph is the byte string of its nodes, and its root is that string's as a [`KIND`], length-headed like all. An input that
//! comes from a node does not repeat that node's output, so no graph can contradict itself.
//!
//! # Plan and claim
//! The graph with every output left at zero is the *plan*: what is to be computed, which both parties derive from what
//! they signed. The complete one is the *claim*. Between them lie the graphs of which the first *k* outputs are known
//! ([`Graph::prefix`]). They are to layer 1 what machine states are to layer 2: an append-only memory, in which step *k* writes
//! word 6 of node *k* and nothing else. So layer 1 is dissected like a trace, from the plan on, which both accept, to
//! the claim, which one does not; the search ends at the first index in topological order whose output differs, and everything that
//! this node reads is then agreed on, whatever the graph's shape.
//!
//! [`Execution`] leads from there into the machine.

mod execution;
mod prefix;
mod run;

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use self::prefix::Levels;
pub use self::{
    execution::{Endpoints, Execution, MAX_STEPS},
    prefix::{NodeProof, OutputProof, Prefix},
    run::{Run, Unclaimable},
};
use crate::{
    codec,
    error::GraphError,
    machine::layout::INPUT_COUNT,
    tree::{self, Hash, Head, Kind},
};

/// Kind of a graph's byte string.
pub const KIND: Kind = Kind::new("hyperdust graph");
/// Words of a node.
pub const NODE_WORDS: usize = 8;
/// Bytes of a node in the string that is committed to.
pub const NODE_BYTES: u64 = 32 * NODE_WORDS as u64;
/// Nodes of a graph, at most.
pub const MAX_NODES: u32 = 1 << 16;
/// Root of an output that is not known.
pub const UNKNOWN: Hash = [0; 32];

/// Levels of a node's own subtree.
pub(crate) const NODE_DEPTH: u32 = NODE_WORDS.trailing_zeros();
/// Word of a node that holds its output.
const OUTPUT_WORD: usize = 6;
/// Bytes of a node's longest borsh encoding.
const NODE_ENCODED: usize = 32 + INPUT_COUNT * 33 + 32;

/// Where an input comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Source {
    /// Nowhere: the region is all zero.
    Empty,
    /// From outside: the string with this root.
    Given(Hash),
    /// The output of the node with this index, which is before the one that reads it.
    Node(u32),
}

/// A vertex: a program, its inputs and its output.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Node {
    /// Root of the image region ([`crate::machine::layout::image_root`]).
    pub program: Hash,
    /// What is in each input region.
    pub inputs: [Source; INPUT_COUNT],
    /// Root of the output string, or [`UNKNOWN`].
    pub output: Hash,
}

impl Node {
    /// What is committed to.
    pub fn words(&self) -> [Hash; NODE_WORDS] {
        let mut words = [[0; 32]; NODE_WORDS];
        words[0] = self.program;
        for (number, source) in self.inputs.iter().enumerate() {
            let tag = match *source {
                Source::Empty => 0,
                Source::Given(root) => {
                    words[2 + number] = root;
                    1
                }
                Source::Node(index) => 2 + u64::from(index),
            };
            words[1][8 * number..][..8].copy_from_slice(&tag.to_be_bytes());
        }
        words[OUTPUT_WORD] = self.output;
        words
    }

    /// Root of the node's own subtree.
    pub fn subtree(&self) -> Hash {
        tree::climb(OUTPUT_WORD as u64, &self.output, &self.beside_output())
    }

    /// Siblings of the output's word within the node.
    fn beside_output(&self) -> [Hash; NODE_DEPTH as usize] {
        let [program, sources, a, b, c, d, _, last] = self.words();
        let first = tree::node(&tree::node(&program, &sources), &tree::node(&a, &b));
        [last, tree::node(&c, &d), first]
    }

    /// Refuses an input from a node that is not before `index`.
    fn check(&self, index: u32) -> Result<(), GraphError> {
        for (input, source) in self.inputs.iter().enumerate() {
            if let Source::Node(from) = *source
                && from >= index
            {
                return Err(GraphError::Order { node: index, input, from });
            }
        }
        Ok(())
    }
}

/// Nodes in a topological order, with the hashes that open them.
#[derive(Clone, PartialEq, Eq)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Of the nodes as they are.
    complete: Levels,
    /// Of the nodes without their outputs.
    blank: Levels,
}

impl Graph {
    /// A graph of these nodes. Errors where there are none or over [`MAX_NODES`], or one reads what comes after it.
    pub fn new(nodes: Vec<Node>) -> Result<Self, GraphError> {
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        check_count(count)?;
        for (index, node) in (0..).zip(&nodes) {
            node.check(index)?;
        }
        let blank = |node: &Node| Node { output: UNKNOWN, ..node.clone() }.subtree();
        let (complete, blank) = (nodes.iter().map(Node::subtree).collect(), nodes.iter().map(blank).collect());
        Ok(Self { nodes, complete: Levels::new(complete), blank: Levels::new(blank) })
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Number of nodes: 1 to [`MAX_NODES`].
    pub fn count(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// Root of the whole graph: the claim.
    pub fn root(&self) -> Hash {
        self.prefix(self.count()).root()
    }

    /// Root of the graph without outputs: the plan.
    pub fn plan(&self) -> Hash {
        self.prefix(0).root()
    }

    /// Root of a subtree of the plan's tree: `level` levels above nodes (0 for a node's own), number `place` from the
    /// left. `None` where the tree has none there.
    pub fn plan_subtree(&self, level: u32, place: u32) -> Option<Hash> {
        self.blank.at(level, place)
    }

    /// The graph as it is known after its first `known` nodes; all of it where that is over their number.
    pub fn prefix(&self, known: u32) -> Prefix<'_> {
        Prefix::new(self, known.min(self.count()))
    }

    /// Proof of node `index` in the whole graph, or `None` where there is no such node.
    pub fn prove(&self, index: u32) -> Option<NodeProof> {
        self.prefix(self.count()).prove(index)
    }

    /// The bytes that are committed to.
    pub fn bytes(&self) -> Vec<u8> {
        self.nodes.iter().flat_map(Node::words).flatten().collect()
    }

    /// The graph's borsh encoding: the list of its nodes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&self.nodes)
    }

    /// The graph of these bytes. An error where they are too many or no graph's encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, GraphError> {
        let accepted = 4 + NODE_ENCODED * MAX_NODES as usize;
        let nodes = codec::decode(bytes, accepted).map_err(|reason| GraphError::Malformed { reason })?;
        Self::new(nodes)
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

/// Refuses a number of nodes that no graph has.
pub(crate) fn check_count(nodes: u32) -> Result<(), GraphError> {
    if (1..=MAX_NODES).contains(&nodes) { Ok(()) } else { Err(GraphError::Count { found: nodes, accepted: MAX_NODES }) }
}

/// Root of the graph of `nodes` nodes whose string has this tree.
pub(crate) fn headed(nodes: u32, tree: Hash) -> Hash {
    Head { kind: KIND.word(), length: NODE_BYTES * u64::from(nodes), tree }.root()
}
