//! The search for a step that leads from a root two parties agree on to one they do not.
//!
//! They agree on the root at one step and not on the root at a later one. The provider, whose claim is disputed, cuts
//! what lies between into equally long pieces and posts the roots in between ([`Dissection::cut`]); the challenger
//! names a piece whose beginning it agrees with and whose end it does not ([`Dissection::choose`]). That piece is
//! what is disputed next, until it is a single step, which a [proof](crate::machine::step) decides
//! ([`Dissection::settle`]).
//!
//! A cut into 16 pieces ends 2³¹ steps after 8 moves of the provider. Where the cuts are follows from the steps alone,
//! and every move is checked; who may move and until when is not known here.
//!
//! Why an honest party wins: the disputed end of a piece is always a root that the provider posted, and its beginning
//! one that the challenger accepted. A challenger who accepts true roots alone, and disputes false ones alone, ends at
//! a step from a true root to a false one, which no proof leads over. A provider who posts true roots ends at a step
//! between two of them, which is proved. Where a false trace never returns to the true one, the step is its first wrong
//! one.

use crate::{
    error::{DissectionError, StepError},
    machine::step::{self, StepProof},
    tree::Hash,
};

/// Pieces of a cut: fewest and most.
const ARITIES: (u64, u64) = (2, 256);

/// A root at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Steps since the beginning of the trace.
    pub step: u64,
    /// Root of the state there.
    pub root: Hash,
}

/// Who knows the roots of a trace.
pub trait TraceProvider {
    /// Root of the state after `step` steps.
    fn root_at(&mut self, step: u64) -> Hash;
}

/// What has to happen next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The provider posts the roots at these steps.
    Cut(Vec<u64>),
    /// The challenger chooses a piece between these points, the agreed and the disputed one included.
    Choose(Vec<Point>),
    /// Somebody proves or refutes the one step that is left.
    Settle,
}

impl Turn {
    fn name(&self) -> &'static str {
        match self {
            Self::Cut(_) => "cut",
            Self::Choose(_) => "choice",
            Self::Settle => "proof of the step",
        }
    }
}

/// A dispute about what lies between two points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dissection {
    arity: u64,
    agreed: Point,
    disputed: Point,
    /// What the provider posted and the challenger has not answered.
    posted: Vec<Hash>,
    cuts: u32,
}

impl Dissection {
    /// A dispute between an agreed and a later, disputed point, cut into `arity` pieces (2 to 256) at a time.
    pub fn new(arity: u64, agreed: Point, disputed: Point) -> Result<Self, DissectionError> {
        if !(ARITIES.0..=ARITIES.1).contains(&arity) {
            return Err(DissectionError::Arity { found: arity, accepted: ARITIES });
        }
        if agreed.step >= disputed.step {
            return Err(DissectionError::Empty { agreed: agreed.step, disputed: disputed.step });
        }
        Ok(Self { arity, agreed, disputed, posted: Vec::new(), cuts: 0 })
    }

    /// The latest point that both accept.
    pub fn agreed(&self) -> Point {
        self.agreed
    }

    /// The earliest point after it that the challenger does not.
    pub fn disputed(&self) -> Point {
        self.disputed
    }

    /// Moves of the provider so far.
    pub fn cuts(&self) -> u32 {
        self.cuts
    }

    /// What has to happen next.
    pub fn turn(&self) -> Turn {
        if !self.posted.is_empty() {
            Turn::Choose(self.points())
        } else if self.disputed.step - self.agreed.step == 1 {
            Turn::Settle
        } else {
            Turn::Cut(self.steps())
        }
    }

    /// The provider's move: the roots at the steps of [`Turn::Cut`].
    pub fn cut(&mut self, roots: &[Hash]) -> Result<(), DissectionError> {
        match self.turn() {
            Turn::Cut(steps) if steps.len() == roots.len() => {
                self.posted = roots.to_vec();
                self.cuts += 1;
                Ok(())
            }
            Turn::Cut(steps) => Err(DissectionError::Roots { found: roots.len(), accepted: steps.len() }),
            other => Err(DissectionError::Turn { found: "cut", accepted: other.name() }),
        }
    }

    /// The challenger's move: piece `piece`, from 0, between the points of [`Turn::Choose`].
    pub fn choose(&mut self, piece: usize) -> Result<(), DissectionError> {
        match self.turn() {
            Turn::Choose(points) => {
                let Some(&[agreed, disputed]) = points.get(piece..).and_then(|rest| rest.first_chunk()) else {
                    return Err(DissectionError::Piece { found: piece, pieces: points.len() - 1 });
                };
                (self.agreed, self.disputed) = (agreed, disputed);
                self.posted.clear();
                Ok(())
            }
            other => Err(DissectionError::Turn { found: "choice", accepted: other.name() }),
        }
    }

    /// Whether `proof` shows that the step that is left leads to the disputed root: then the provider was right.
    /// [`StepError::PostState`] says that it leads elsewhere: the provider was wrong. Any other [`StepError`] says that
    /// the proof is not one of this step, and decides nothing.
    pub fn settle(&self, proof: &StepProof) -> Result<Result<(), StepError>, DissectionError> {
        match self.turn() {
            Turn::Settle => Ok(step::verify(&self.agreed.root, &self.disputed.root, proof)),
            other => Err(DissectionError::Turn { found: Turn::Settle.name(), accepted: other.name() }),
        }
    }

    /// Steps of the points between the agreed and the disputed one: equally spaced, rounded down.
    fn steps(&self) -> Vec<u64> {
        let length = self.disputed.step - self.agreed.step;
        let pieces = self.arity.min(length);
        let inner = |i| self.agreed.step + (u128::from(length) * u128::from(i) / u128::from(pieces)) as u64;
        (1..pieces).map(inner).collect()
    }

    /// All points, the agreed one first and the disputed one last.
    fn points(&self) -> Vec<Point> {
        let inner = self.steps().into_iter().zip(&self.posted).map(|(step, &root)| Point { step, root });
        [self.agreed].into_iter().chain(inner).chain([self.disputed]).collect()
    }
}

/// The cut of whoever has this trace.
pub fn answer(steps: &[u64], trace: &mut (impl TraceProvider + ?Sized)) -> Vec<Hash> {
    steps.iter().map(|&step| trace.root_at(step)).collect()
}

/// The piece to choose with this trace: the one that ends at the first point whose root is another, or the last one
/// where only the disputed point is left.
pub fn first_difference(points: &[Point], trace: &mut (impl TraceProvider + ?Sized)) -> usize {
    let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().position(|point| trace.root_at(point.step) != point.root).unwrap_or(inner.len())
}
