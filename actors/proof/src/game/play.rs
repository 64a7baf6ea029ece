//! The referee: whose turn it is, what is due, and what each move does.

use super::{
    Challenge, Entry, Finding, Judge, Move, MoveKind, Outcome, Party, Reason, Terms, Transcript, clock::Clocks,
    moves::EVIDENCE, plan::PlanSearch,
};
use crate::{
    Dissection,
    dissection::{self, Point},
    error::{MoveError, StepError},
    graph::NodeProof,
    machine::StepProof,
    tree::Hash,
};

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The graph; a step is a node.
    Graph,
    /// The trace of this node; a step is an instruction.
    Trace {
        /// Which.
        node: u32,
    },
}

/// What has to come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// This node as it is in the plan, with evidence.
    Answer {
        /// Which.
        node: u32,
    },
    /// The roots of these subtrees of the plan.
    Split {
        /// Levels above nodes; 0 for nodes' own subtrees.
        level: u32,
        /// Their numbers on that level, from the left.
        places: Vec<u32>,
    },
    /// One of these subtrees of the plan, with a node in it.
    Pick {
        /// As for [`Split`](Self::Split).
        level: u32,
        /// As for [`Split`](Self::Split).
        places: Vec<u32>,
        /// Their roots.
        roots: Vec<Hash>,
    },
    /// The roots at these steps.
    Cut {
        /// Of what.
        layer: Layer,
        /// After so many steps.
        steps: Vec<u64>,
    },
    /// A piece between these points.
    Choose {
        /// Of what.
        layer: Layer,
        /// The agreed one first, the disputed one last.
        points: Vec<Point>,
    },
    /// This node and its run.
    Open {
        /// Which.
        node: u32,
    },
    /// The proof of this step.
    Prove {
        /// In the trace of which node.
        node: u32,
        /// From 0.
        step: u64,
    },
}

impl Due {
    /// Whose turn that is.
    pub fn by(&self) -> Party {
        match self {
            Self::Choose { .. } | Self::Pick { .. } => Party::Challenger,
            _ => Party::Provider,
        }
    }

    /// The kind of move that is due.
    pub fn kind(&self) -> MoveKind {
        match self {
            Self::Answer { .. } => MoveKind::Answer,
            Self::Split { .. } => MoveKind::Split,
            Self::Pick { .. } => MoveKind::Pick,
            Self::Cut { .. } => MoveKind::Cut,
            Self::Choose { .. } => MoveKind::Choose,
            Self::Open { .. } => MoveKind::Open,
            Self::Prove { .. } => MoveKind::Prove,
        }
    }
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who has to move.
    pub by: Party,
    /// The last moment for it.
    pub until: u64,
    /// What has to come.
    pub due: Due,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Plan(PlanSearch),
    Inputs { node: u32 },
    Graph(Dissection),
    Trace { node: u32, search: Dissection },
    Over(Outcome),
}

/// A dispute between two parties about one challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    terms: Terms,
    stage: Stage,
    clocks: Clocks,
    entries: Vec<Entry>,
    /// Cuts of the graph and of the trace.
    cuts: [u32; 2],
}

impl Game {
    /// A game on these terms, with the provider to move. An error where no game can have them. Whether their number of nodes is
    /// the one that was signed, is not asked here.
    pub fn new(terms: Terms) -> Result<Self, MoveError> {
        terms.check()?;
        let stage = match terms.challenge {
            Challenge::Inputs { node } => Stage::Inputs { node },
            Challenge::Plan => searching_plan(PlanSearch::new(terms.nodes, terms.plan, terms.arity)),
            Challenge::Outputs => Stage::Graph(terms.dissection()?),
        };
        let clocks = Clocks::new(terms.clock, terms.filed);
        Ok(Self { terms, stage, clocks, entries: Vec::new(), cuts: [0; 2] })
    }

    /// As [`Game::new`], for a claim about as many nodes as were signed. An error where the judge knows another number.
    pub fn filed(terms: Terms, judge: &impl Judge) -> Result<Self, MoveError> {
        terms.check_nodes(judge)?;
        Self::new(terms)
    }

    /// What the game is about.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Its end, where it is over.
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Over(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Terms and moves so far: what others replay.
    pub fn transcript(&self) -> Transcript {
        Transcript { terms: self.terms.clone(), entries: self.entries.clone() }
    }

    /// Cuts that the provider made, of the graph and of the trace.
    pub fn cuts(&self) -> [u32; 2] {
        self.cuts
    }

    /// Whose turn it is, or `None` where the game is over.
    pub fn turn(&self) -> Option<Turn> {
        let due = match &self.stage {
            Stage::Over(_) => return None,
            Stage::Inputs { node } => Due::Answer { node: *node },
            Stage::Plan(search) => {
                let ((level, places), roots) = (search.below(), search.posted().to_vec());
                if roots.is_empty() { Due::Split { level, places } } else { Due::Pick { level, places, roots } }
            }
            Stage::Graph(search) => match search.turn() {
                dissection::Turn::Settle => Due::Open { node: node_of(search) },
                other => searching(other, Layer::Graph),
            },
            Stage::Trace { node, search } => match search.turn() {
                dissection::Turn::Settle => Due::Prove { node: *node, step: search.agreed().step },
                other => searching(other, Layer::Trace { node: *node }),
            },
        };
        Some(Turn { by: due.by(), until: self.clocks.until(due.by()), due })
    }

    /// Whether the provider may still concede: it has not moved.
    pub fn may_concede(&self) -> bool {
        self.outcome().is_none() && self.entries.is_empty()
    }

    /// A move by a party at a time; the judge is asked about inputs only. An error changes nothing.
    pub fn play(&mut self, by: Party, at: u64, action: Move, judge: &impl Judge) -> Result<(), MoveError> {
        let turn = self.turn().ok_or(MoveError::Over)?;
        self.clocks.check(at)?;
        let ended = match &action {
            Move::Timeout => Some(timeout(&turn, by, at)?),
            _ => {
                if at > turn.until {
                    return Err(MoveError::Late { found: at, accepted: turn.until });
                }
                self.check_turn(&turn, by, &action)?;
                self.advance(&action, judge)?
            }
        };
        if let Some((blamed, reason)) = ended {
            self.stage = Stage::Over(Outcome { blamed, reason, at });
        }
        self.clocks.moved(by, at);
        self.entries.push(Entry { by, at, action });
        Ok(())
    }

    fn check_turn(&self, turn: &Turn, by: Party, action: &Move) -> Result<(), MoveError> {
        let (found, accepted) = (action.kind(), turn.due.kind());
        if found == MoveKind::Concede {
            return match by == Party::Provider && self.may_concede() {
                true => Ok(()),
                false => Err(MoveError::Concession),
            };
        }
        // What a proof shows does not depend on who brought it.
        if found == accepted && (by == turn.by || found == MoveKind::Prove) {
            return Ok(());
        }
        Err(MoveError::Turn { found, by, accepted, from: turn.by })
    }

    /// Makes a move that is due; returns how the game ends by it, if it does.
    fn advance(&mut self, action: &Move, judge: &impl Judge) -> Result<Option<(Party, Reason)>, MoveError> {
        match (&mut self.stage, action) {
            (_, Move::Concede) => return Ok(Some((Party::Provider, Reason::Conceded))),
            (Stage::Inputs { node }, Move::Answer { proof, evidence }) => {
                let node = *node;
                return self.answer(node, proof, evidence, judge).map(Some);
            }
            (Stage::Plan(search), Move::Split(roots)) => search.split(roots)?,
            (Stage::Plan(search), Move::Pick(piece)) => {
                search.pick((*piece).into())?;
                self.stage = searching_plan(search.clone());
            }
            (Stage::Graph(search), Move::Cut(roots)) => {
                search.cut(roots)?;
                self.cuts[0] += 1;
            }
            (Stage::Trace { search, .. }, Move::Cut(roots)) => {
                search.cut(roots)?;
                self.cuts[1] += 1;
            }
            (Stage::Graph(search) | Stage::Trace { search, .. }, Move::Choose(piece)) => {
                search.choose((*piece).into())?;
            }
            (Stage::Graph(search), Move::Open(execution)) => {
                let node = node_of(search);
                let (agreed, disputed) = (search.agreed().root, search.disputed().root);
                let ends = execution.check(&agreed, &disputed, self.terms.nodes, node)?;
                let point = |step: u64, root: Hash| Point { step, root };
                let search =
                    Dissection::new(self.terms.arity.into(), point(0, ends.first), point(ends.steps, ends.last))?;
                self.stage = Stage::Trace { node, search };
            }
            (Stage::Trace { node, search }, Move::Prove(proof)) => return prove(*node, search, proof).map(Some),
            // The turn was checked: the move is of the kind that this stage is due.
            _ => return Err(MoveError::Over),
        }
        Ok(None)
    }

    fn answer(
        &self,
        node: u32,
        proof: &NodeProof,
        evidence: &[u8],
        judge: &impl Judge,
    ) -> Result<(Party, Reason), MoveError> {
        if evidence.len() > EVIDENCE {
            return Err(MoveError::Evidence { found: evidence.len(), accepted: EVIDENCE });
        }
        proof.check(&self.terms.plan, self.terms.nodes, node)?;
        Ok(match judge.judge(node, &proof.node, evidence) {
            Finding::Signed => (Party::Challenger, Reason::InputSigned { node }),
            Finding::Unsigned(part) => (Party::Provider, Reason::Input { node, part }),
        })
    }
}

/// The search through the plan, or the question about the node that is left of it.
fn searching_plan(search: PlanSearch) -> Stage {
    match search.found() {
        Some(node) => Stage::Inputs { node },
        None => Stage::Plan(search),
    }
}

/// The node that is left of a search through the graph.
fn node_of(search: &Dissection) -> u32 {
    u32::try_from(search.agreed().step).expect("steps of layer 1 are nodes")
}

fn searching(turn: dissection::Turn, layer: Layer) -> Due {
    match turn {
        dissection::Turn::Cut(steps) => Due::Cut { layer, steps },
        dissection::Turn::Choose(points) => Due::Choose { layer, points },
        dissection::Turn::Settle => unreachable!("a search that is over is what its layer makes of it"),
    }
}

fn timeout(turn: &Turn, by: Party, at: u64) -> Result<(Party, Reason), MoveError> {
    if by == turn.by {
        return Err(MoveError::Turn { found: MoveKind::Timeout, by, accepted: turn.due.kind(), from: turn.by });
    }
    if at <= turn.until {
        return Err(MoveError::Early { found: at, accepted: turn.until });
    }
    Ok((turn.by, Reason::Timeout { due: turn.due.kind() }))
}

fn prove(node: u32, search: &Dissection, proof: &StepProof) -> Result<(Party, Reason), MoveError> {
    let step = search.agreed().step;
    match search.settle(proof)? {
        Ok(()) => Ok((Party::Challenger, Reason::StepProven { node, step })),
        Err(StepError::PostState { .. }) => Ok((Party::Provider, Reason::StepRefuted { node, step })),
        Err(error) => Err(MoveError::Step(error)),
    }
}
