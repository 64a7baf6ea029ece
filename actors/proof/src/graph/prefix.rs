//! The graph while its outputs become known one by one, and proofs of single nodes in it.
//!
//! Two trees are kept, of the nodes with and without their outputs. The tree of which the first *k* outputs are known
//! takes its left part from the one and its right part from the other; only the path between them is hashed anew. So
//! each of its roots and proofs costs the depth of the tree.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Graph, NODE_DEPTH, Node, OUTPUT_WORD, Source, UNKNOWN, check_count, headed};
use crate::{
    error::GraphError,
    machine::layout::INPUT_COUNT,
    tree::{self, Hash},
};

/// A tree over nodes, level by level: their subtrees first, filled up with zeros, the root last.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Levels(Vec<Vec<Hash>>);

impl Levels {
    pub(super) fn new(mut level: Vec<Hash>) -> Self {
        level.resize(level.len().next_power_of_two(), tree::zero(NODE_DEPTH));
        let mut levels = Vec::new();
        while level.len() > 1 {
            let above = level.as_chunks::<2>().0.iter().map(|[left, right]| tree::node(left, right)).collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Self(levels)
    }

    pub(super) fn at(&self, level: u32, place: u32) -> Option<Hash> {
        self.0.get(level as usize)?.get(place as usize).copied()
    }
}

/// A graph of which the first outputs are known.
pub struct Prefix<'a> {
    graph: &'a Graph,
    known: u32,
    /// The node of each level, subtrees first, that has known outputs on its left and unknown ones on its right;
    /// the last is the root of the tree.
    mixed: Vec<Hash>,
}

impl<'a> Prefix<'a> {
    pub(super) fn new(graph: &'a Graph, known: u32) -> Self {
        let (complete, blank) = (&graph.complete.0, &graph.blank.0);
        let (width, known_nodes) = (blank[0].len(), known as usize);
        // In a full tree there is no first unknown output, and the path is that of the last one.
        let (mut at, mut node) = if known_nodes < width {
            (known_nodes, blank[0][known_nodes])
        } else {
            (width - 1, complete[0][width - 1])
        };
        let mut mixed = vec![node];
        for level in 0..complete.len() - 1 {
            let place = at ^ 1;
            node = if at & 1 == 0 {
                tree::node(&node, &blank[level][place])
            } else {
                tree::node(&complete[level][place], &node)
            };
            mixed.push(node);
            at /= 2;
        }
        Self { graph, known, mixed }
    }

    /// Outputs that are known.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// Root of this graph.
    pub fn root(&self) -> Hash {
        headed(self.graph.count(), self.mixed[self.mixed.len() - 1])
    }

    /// Proof of node `index` as this graph has it, with the outputs that it reads. `None` where there is no such node.
    pub fn prove(&self, index: u32) -> Option<NodeProof> {
        let mut node = self.graph.nodes.get(index as usize)?.clone();
        if index >= self.known {
            node.output = UNKNOWN;
        }
        let open = |source: &Source| match *source {
            Source::Node(from) => self.output(from),
            _ => None,
        };
        Some(NodeProof { siblings: self.siblings(index), outputs: node.inputs.iter().filter_map(open).collect(), node })
    }

    fn output(&self, index: u32) -> Option<OutputProof> {
        let node = self.graph.nodes.get(index as usize)?;
        let output = if index < self.known { node.output } else { UNKNOWN };
        let siblings = node.beside_output().into_iter().chain(self.siblings(index)).collect();
        Some(OutputProof { output, siblings })
    }

    /// Siblings of a node's subtree, up to below the tree's root.
    fn siblings(&self, index: u32) -> Vec<Hash> {
        let (index, known) = (index as usize, self.known as usize);
        let depth = self.mixed.len() - 1;
        let sibling = |level: usize| {
            let place = index >> level ^ 1;
            if (place + 1) << level <= known {
                self.graph.complete.0[level][place]
            } else if place << level >= known {
                self.graph.blank.0[level][place]
            } else {
                self.mixed[level]
            }
        };
        (0..depth).map(sibling).collect()
    }
}

/// Opens a node in the root of a graph.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodeProof {
    /// The node.
    pub node: Node,
    /// Siblings of its subtree, from its own up to below the tree's root.
    pub siblings: Vec<Hash>,
    /// For each input that comes from a node, in the inputs' order: that node's output.
    pub outputs: Vec<OutputProof>,
}

/// Opens the output of a node in the root of a graph; which node is said elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OutputProof {
    /// Root of the output string, or [`UNKNOWN`].
    pub output: Hash,
    /// Siblings of its word, up to below the tree's root.
    pub siblings: Vec<Hash>,
}

impl NodeProof {
    /// Checks that this is node `index` of the graph of `nodes` nodes with this root, and returns the root of each input
    /// string, [`UNKNOWN`] where it comes from a node whose output is not known.
    pub fn check(&self, root: &Hash, nodes: u32, index: u32) -> Result<[Option<Hash>; INPUT_COUNT], GraphError> {
        check_count(nodes)?;
        if index >= nodes {
            return Err(GraphError::Index { found: index, nodes });
        }
        self.node.check(index)?;
        let depth = nodes.next_power_of_two().trailing_zeros() as usize;
        let long = |found: usize, accepted: usize| GraphError::Siblings { found, accepted };
        if self.siblings.len() != depth {
            return Err(long(self.siblings.len(), depth));
        }
        let found = self.root_with(self.node.output, nodes, index);
        if found != *root {
            return Err(GraphError::NotInGraph { node: index, found, accepted: *root });
        }
        let mut outputs = self.outputs.iter();
        let mut roots = [None; INPUT_COUNT];
        for (place, (input, source)) in roots.iter_mut().zip(self.node.inputs.iter().enumerate()) {
            *place = match *source {
                Source::Empty => None,
                Source::Given(root) => Some(root),
                Source::Node(from) => {
                    let proof = outputs.next().ok_or(GraphError::Missing { node: index, input, from })?;
                    let accepted = depth + NODE_DEPTH as usize;
                    if proof.siblings.len() != accepted {
                        return Err(long(proof.siblings.len(), accepted));
                    }
                    let place = u64::from(from) << NODE_DEPTH | OUTPUT_WORD as u64;
                    let found = headed(nodes, tree::climb(place, &proof.output, &proof.siblings));
                    if found != *root {
                        return Err(GraphError::NotInGraph { node: from, found, accepted: *root });
                    }
                    Some(proof.output)
                }
            };
        }
        match outputs.len() {
            0 => Ok(roots),
            found => Err(GraphError::Superfluous { found }),
        }
    }

    /// Root of the graph in which the node has this output, and everything else is as the siblings have it.
    pub(super) fn root_with(&self, output: Hash, nodes: u32, index: u32) -> Hash {
        let subtree = Node { output, ..self.node.clone() }.subtree();
        headed(nodes, tree::climb(index.into(), &subtree, &self.siblings))
    }
}
