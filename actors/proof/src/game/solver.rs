//! The honest party: the move that is due, from what it computed itself.
//!
//! [`respond`] is a function of the game and of a party's [`Knowledge`], and keeps nothing. It plays for either
//! side: as a provider it posts its own roots and opens its own runs; as a challenger it chooses the first piece at whose end its own
//! root is another. Whoever calls it in time with true knowledge is never blamed. Where another referee keeps the game (a contract), [`answer_to`]
//! is the same for what that one says is due.

use std::collections::BTreeMap;

use super::{Due, Game, Layer, Move, Party, Turn};
use crate::{
    TraceProvider,
    dissection::{answer, first_difference},
    graph::{Execution, Graph, NodeProof, Run, Unclaimable},
    machine::StepProof,
    tree::Hash,
};

/// What a party knows of a job.
pub trait Knowledge {
    /// Why something could not be had.
    type Error;

    /// Root of the graph, as this party computed it, with the first `known` outputs.
    fn prefix(&mut self, known: u32) -> Hash;
    /// Root of a subtree of the plan, as this party has it ([`Graph::plan_subtree`]).
    fn plan_subtree(&mut self, level: u32, place: u32) -> Option<Hash>;
    /// Node `index` in the plan, and the evidence for it.
    fn evidence(&mut self, index: u32) -> Result<(NodeProof, Vec<u8>), Self::Error>;
    /// The run of node `index`, to be opened.
    fn execution(&mut self, index: u32) -> Result<Execution, Self::Error>;
    /// The states of node `index`.
    fn trace(&mut self, index: u32) -> Result<&mut dyn TraceProvider, Self::Error>;
    /// The proof of a step of node `index`.
    fn proof(&mut self, index: u32, step: u64) -> Result<StepProof, Self::Error>;
}

/// The move of `party` at time `at`, or `None` where it has to wait. A provider whose own computation differs from its
/// claim concedes while it can. A challenger proves the last step itself, and does not wait for the provider.
pub fn respond<K: Knowledge>(party: Party, game: &Game, at: u64, knowledge: &mut K) -> Result<Option<Move>, K::Error> {
    let Some(turn) = game.turn() else { return Ok(None) };
    let in_time = at <= turn.until && party == turn.by && !matches!(turn.due, Due::Prove { .. });
    if in_time && party == Party::Provider && game.may_concede() && is_mistaken(game, knowledge) {
        return Ok(Some(Move::Concede));
    }
    answer_to(party, turn, at, knowledge)
}

/// As [`respond`], from the turn alone; never a concession.
pub fn answer_to<K: Knowledge>(party: Party, turn: Turn, at: u64, knowledge: &mut K) -> Result<Option<Move>, K::Error> {
    if at > turn.until {
        // Too late for whoever is due.
        return Ok((party != turn.by).then_some(Move::Timeout));
    }
    if let Due::Prove { node, step } = turn.due {
        return Ok(Some(Move::Prove(Box::new(knowledge.proof(node, step)?))));
    }
    if party != turn.by {
        return Ok(None);
    }
    Ok(Some(match turn.due {
        Due::Answer { node } => {
            let (proof, evidence) = knowledge.evidence(node)?;
            Move::Answer { proof: Box::new(proof), evidence }
        }
        Due::Split { level, places } => {
            // Whoever has no such subtree has another plan, and nothing to post.
            let roots: Option<_> = places.iter().map(|&place| knowledge.plan_subtree(level, place)).collect();
            return Ok(roots.map(Move::Split));
        }
        Due::Pick { level, places, roots } => {
            let own = |place| knowledge.plan_subtree(level, place);
            let piece = first_other(&places, &roots, own).unwrap_or(0);
            Move::Pick(u8::try_from(piece).expect("at most 256 pieces"))
        }
        Due::Cut { layer: Layer::Graph, steps } => Move::Cut(answer(&steps, &mut Prefixes(knowledge))),
        Due::Cut { layer: Layer::Trace { node }, steps } => Move::Cut(answer(&steps, knowledge.trace(node)?)),
        Due::Choose { layer, points } => {
            let piece = match layer {
                Layer::Graph => first_difference(&points, &mut Prefixes(knowledge)),
                Layer::Trace { node } => first_difference(&points, knowledge.trace(node)?),
            };
            Move::Choose(u8::try_from(piece).expect("at most 256 pieces"))
        }
        Due::Open { node } => Move::Open(Box::new(knowledge.execution(node)?)),
        Due::Prove { .. } => unreachable!("answered above"),
    }))
}

/// The first subtree that is another than one's own.
fn first_other(places: &[u32], roots: &[Hash], mut own: impl FnMut(u32) -> Option<Hash>) -> Option<usize> {
    places.iter().zip(roots).position(|(&place, &root)| own(place) != Some(root))
}

fn is_mistaken(game: &Game, knowledge: &mut impl Knowledge) -> bool {
    knowledge.prefix(game.terms().nodes) != game.terms().claim
}

/// The graph as a trace: a step makes one more output known.
struct Prefixes<'a, K>(&'a mut K);

impl<K: Knowledge> TraceProvider for Prefixes<'_, K> {
    fn root_at(&mut self, step: u64) -> Hash {
        self.0.prefix(u32::try_from(step).unwrap_or(u32::MAX))
    }
}

/// Knowledge from real runs: a graph, and a function that runs one of its nodes when the game has come down to it.
pub struct Runs<F> {
    graph: Graph,
    evidence: BTreeMap<u32, Vec<u8>>,
    run: F,
    done: BTreeMap<u32, Run>,
}

/// Why a run could not be had or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunsError<E> {
    /// The function that runs nodes failed.
    #[error("node {node}: {error}")]
    Run {
        /// Which.
        node: u32,
        /// What it said.
        error: E,
    },
    /// The run has no output.
    #[error("node {node}: {error}")]
    Unclaimable {
        /// Which.
        node: u32,
        /// Why.
        error: Unclaimable,
    },
    /// There is no such node.
    #[error("found node {node}; accepted: nodes of the graph")]
    Index {
        /// Asked for.
        node: u32,
    },
}

impl<F> Runs<F> {
    /// What follows from a graph with this party's own outputs, and a function that runs node `index`.
    pub fn new(graph: Graph, run: F) -> Self {
        Self { graph, evidence: BTreeMap::new(), run, done: BTreeMap::new() }
    }

    /// With what to show for nodes that are questioned.
    pub fn with_evidence(mut self, evidence: BTreeMap<u32, Vec<u8>>) -> Self {
        self.evidence = evidence;
        self
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }
}

impl<E, F: FnMut(u32) -> Result<Run, E>> Runs<F> {
    /// The run of node `index`, from the first time on kept.
    pub fn run(&mut self, index: u32) -> Result<&mut Run, RunsError<E>> {
        use std::collections::btree_map::Entry;
        Ok(match self.done.entry(index) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert((self.run)(index).map_err(|error| RunsError::Run { node: index, error })?)
            }
        })
    }
}

impl<E, F: FnMut(u32) -> Result<Run, E>> Knowledge for Runs<F> {
    type Error = RunsError<E>;

    fn prefix(&mut self, known: u32) -> Hash {
        self.graph.prefix(known).root()
    }

    fn plan_subtree(&mut self, level: u32, place: u32) -> Option<Hash> {
        self.graph.plan_subtree(level, place)
    }

    fn evidence(&mut self, index: u32) -> Result<(NodeProof, Vec<u8>), Self::Error> {
        let proof = self.graph.prefix(0).prove(index).ok_or(RunsError::Index { node: index })?;
        Ok((proof, self.evidence.get(&index).cloned().unwrap_or_default()))
    }

    fn execution(&mut self, index: u32) -> Result<Execution, Self::Error> {
        let proof = self.graph.prefix(index).prove(index).ok_or(RunsError::Index { node: index })?;
        self.run(index)?.execution(proof).map_err(|error| RunsError::Unclaimable { node: index, error })
    }

    fn trace(&mut self, index: u32) -> Result<&mut dyn TraceProvider, Self::Error> {
        Ok(&mut self.run(index)?.trace)
    }

    fn proof(&mut self, index: u32, step: u64) -> Result<StepProof, Self::Error> {
        Ok(self.run(index)?.trace.proof_at(step))
    }
}
