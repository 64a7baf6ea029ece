//! What is refused of layer 1.

use crate::{hex::Hex, machine::Status, tree::Hash};

/// Why a graph, or a node's proof, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Bytes are not the encoding of a graph.
    #[error("malformed: {reason}")]
    Malformed {
        /// Where and why.
        reason: String,
    },
    /// A graph without nodes or with too many.
    #[error("found {found} nodes; accepted: 1 to {accepted}")]
    Count {
        /// Given.
        found: u32,
        /// Most.
        accepted: u32,
    },
    /// A node that reads its own output or a later one's.
    #[error("node {node}, input {input}: found the output of node {from}; accepted: that of an earlier node")]
    Order {
        /// Which node.
        node: u32,
        /// Which of its inputs, from 0.
        input: usize,
        /// What it reads.
        from: u32,
    },
    /// A node that the graph does not have.
    #[error("found node {found}; accepted: 0 to {most}", most = nodes - 1)]
    Index {
        /// Asked for.
        found: u32,
        /// Nodes of the graph.
        nodes: u32,
    },
    /// A proof of another depth.
    #[error("found {found} siblings; accepted: {accepted}, as many as the tree has levels")]
    Siblings {
        /// Given.
        found: usize,
        /// Due.
        accepted: usize,
    },
    /// What is shown of a node is not in the graph.
    #[error("node {node}: leads to graph root {}; accepted: {}", Hex(found), Hex(accepted))]
    NotInGraph {
        /// Which node.
        node: u32,
        /// Root that it leads to.
        found: Hash,
        /// Root of the graph.
        accepted: Hash,
    },
    /// An output that the node reads is not shown.
    #[error("node {node}, input {input}: no opening of node {from}'s output; accepted: one")]
    Missing {
        /// Which node.
        node: u32,
        /// Which of its inputs, from 0.
        input: usize,
        /// What it reads.
        from: u32,
    },
    /// Outputs are shown that the node does not read.
    #[error("{found} openings of outputs that the node does not read; accepted: none")]
    Superfluous {
        /// How many.
        found: usize,
    },
}

/// Why the opening of a node's run was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// The node is not in the graph that both accept.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Too few or too many steps.
    #[error("found a run of {found} steps; accepted: 1 to {accepted}")]
    Steps {
        /// Given.
        found: u64,
        /// Most.
        accepted: u64,
    },
    /// The node is shown with an output, which nobody agreed to.
    #[error("node {node}: found with an output; accepted: without, because both parties agree on what precedes it")]
    Known {
        /// Which node.
        node: u32,
    },
    /// The output does not lead to the disputed graph.
    #[error("the output leads to graph root {}; accepted: the disputed one, {}", Hex(found), Hex(accepted))]
    Output {
        /// Root that it leads to.
        found: Hash,
        /// Disputed root.
        accepted: Hash,
    },
    /// The machine did not end as a claim needs.
    #[error("the last state is {found:?}; accepted: exited with code 0")]
    NotExited {
        /// Its status.
        found: Status,
    },
    /// An input's head is not that of the string in the graph.
    #[error("input {input}: found {}; accepted: {}", Root(found), Root(accepted))]
    Input {
        /// Which, from 0.
        input: usize,
        /// Root of what is shown.
        found: Option<Hash>,
        /// Root in the graph.
        accepted: Option<Hash>,
    },
    /// A string that no region holds.
    #[error("{what}: a string of over {accepted} bytes; accepted: at most that many")]
    TooLong {
        /// "input" or "output".
        what: &'static str,
        /// The longest.
        accepted: u32,
    },
}

/// The root of a string, or nothing.
struct Root<'a>(&'a Option<Hash>);

impl std::fmt::Display for Root<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(root) => Hex(root).fmt(f),
            None => f.write_str("no string"),
        }
    }
}
