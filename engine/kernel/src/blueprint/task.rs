//! What the agent does, sees and is paid for: terms as data.
//!
//! Named term kinds (`forward_velocity`, `control_cost`, …) are compiled by `hyperdust-scene` into the
//! two forms here: a [`Slice`] of a quantity, or a [`Program`] over quantities. So a new task needs no
//! Rust and stays provable, and the kernel knows one small machine.

use alloc::{string::String, vec::Vec};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{codec, limits};
use crate::layout::Dtype;

/// The task.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Task {
    /// An episode is truncated after so many environment steps; 0: never.
    pub max_episode_steps: u32,
    /// Applied in order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub actions: Vec<ActionTerm>,
    /// One segment each; a single group is a plain space, several a `Dict`.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub observations: Vec<ObservationGroup>,
    /// Summed in order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub rewards: Vec<RewardTerm>,
    /// Any true one ends the episode.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub terminations: Vec<TerminationTerm>,
    /// Applied in order at every reset, after the reference state.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub resets: Vec<ResetTerm>,
    /// Further numbers for `info`.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub infos: Vec<InfoTerm>,
    /// Cost caps per environment step.
    pub budget: Budget,
}

/// What one action segment drives.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum ActionTerm {
    /// A box: element `i` is the control of `actuators[i]`.
    Continuous {
        /// Segment name.
        #[borsh(deserialize_with = "codec::name")]
        name: String,
        /// Driven actuators.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::ACTUATORS }>")]
        actuators: Vec<u16>,
        /// Lower bounds of the space.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::ACTUATORS }>")]
        low: Vec<f32>,
        /// Upper bounds of the space.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::ACTUATORS }>")]
        high: Vec<f32>,
    },
    /// One of `choices.len() / actuators.len()` rows of controls (an i32 scalar; out of range: clamped).
    /// Without actuators there is one choice and it does nothing.
    Discrete {
        /// Segment name.
        #[borsh(deserialize_with = "codec::name")]
        name: String,
        /// Driven actuators.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::ACTUATORS }>")]
        actuators: Vec<u16>,
        /// Row-major controls, one row per choice.
        #[borsh(deserialize_with = "codec::list::<_, _, { limits::CHOICE_CONTROLS }>")]
        choices: Vec<f32>,
    },
}

/// Terms concatenated into one observation segment.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct ObservationGroup {
    /// Segment name.
    #[borsh(deserialize_with = "codec::name")]
    pub name: String,
    /// Element type in the arena; values are computed in f32 and cast (saturating; bool: ≠ 0).
    pub dtype: Dtype,
    /// Concatenated.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::TERMS }>")]
    pub terms: Vec<ObservationTerm>,
    /// Shape of the segment; its product is the number of values.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::DIMENSIONS }>")]
    pub shape: Vec<u32>,
}

/// One or more values.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct ObservationTerm {
    /// For people and documentation.
    #[borsh(deserialize_with = "codec::name")]
    pub name: String,
    /// Unit, for people ("m", "rad/s", …).
    #[borsh(deserialize_with = "codec::name")]
    pub unit: String,
    /// What.
    pub value: Value,
    /// Multiplied.
    pub scale: f32,
    /// Clamped to, after scaling. ±f32::MAX: such a bound clamps nothing, and the space says unbounded.
    pub low: f32,
    /// See `low`.
    pub high: f32,
}

/// A quantity or a computed number.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Value {
    /// Consecutive elements of a source.
    Slice(Slice),
    /// One number.
    Program(Program),
}

/// `weight · value`, summed into the reward and reported as `info["reward_<name>"]`.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct RewardTerm {
    /// Name.
    #[borsh(deserialize_with = "codec::name")]
    pub name: String,
    /// Weight (negative: a cost).
    pub weight: f32,
    /// Value.
    pub value: Program,
}

/// Ends the episode where its value is not zero.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct TerminationTerm {
    /// Name.
    #[borsh(deserialize_with = "codec::name")]
    pub name: String,
    /// Report as `truncated` (an artificial end) rather than `terminated`.
    pub truncates: bool,
    /// Condition.
    pub value: Program,
}

/// A number reported as `info[name]`.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct InfoTerm {
    /// Name.
    #[borsh(deserialize_with = "codec::name")]
    pub name: String,
    /// Unit, for people.
    #[borsh(deserialize_with = "codec::name")]
    pub unit: String,
    /// Value.
    pub value: Program,
}

/// One randomised part of the initial state.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct ResetTerm {
    /// Which numbers.
    pub target: ResetTarget,
    /// First element.
    pub start: u16,
    /// Number of elements; each is drawn on its own, in order.
    pub len: u16,
    /// Added to the reference (true) or set (false).
    pub add: bool,
    /// From where.
    pub distribution: Distribution,
}

/// A flat array of the initial state. Quaternions are normalised after all terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum ResetTarget {
    /// Robot positions, `nq`.
    Qpos,
    /// Robot velocities, `nv`.
    Qvel,
    /// 3 per rigid body.
    RigidPosition,
    /// 4 per rigid body (w x y z).
    RigidOrientation,
    /// 3 per rigid body.
    RigidLinearVelocity,
    /// 3 per rigid body.
    RigidAngularVelocity,
}

/// A distribution of one number.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Distribution {
    /// `low` included, `high` excluded.
    Uniform {
        /// Lower bound.
        low: f32,
        /// Upper bound.
        high: f32,
    },
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f32,
        /// Standard deviation.
        deviation: f32,
    },
}

/// Caps per environment step; passing one truncates the episode. 0: no cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Budget {
    /// Contact points, summed over physics steps.
    pub contacts: u32,
    /// Constraint rows times Newton iterations, summed.
    pub rows: u32,
    /// Ray casts. Reserved: nothing casts rays in a step yet.
    pub rays: u32,
}

/// A flat array that terms may read. `n` is the number of sensor bodies, the world (0) included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Source {
    /// Seconds since the reset, 1.
    Time,
    /// Environment steps since the reset, 1.
    Steps,
    /// Robot positions, `nq`, m and rad.
    Qpos,
    /// Robot velocities, `nv`, m/s and rad/s.
    Qvel,
    /// The raw action as numbers, all segments concatenated (a discrete one: its index).
    Action,
    /// Controls after clamping, `nu`.
    Control,
    /// Generalised actuator forces, `nv`, N and N m (MuJoCo's `qfrc_actuator`).
    ActuatorForce,
    /// World positions of body frames, 3n, m.
    BodyPosition,
    /// World orientations of body frames, 4n, w x y z.
    BodyOrientation,
    /// Velocity of body frame origins, world axes, 3n, m/s.
    BodyLinearVelocity,
    /// Angular velocity, world axes, 3n, rad/s.
    BodyAngularVelocity,
    /// Centre of mass of the robot, world, 3, m.
    CenterOfMass,
    /// MuJoCo's `cfrc_ext`: contact torque and force on each body about its tree's centre of mass, 6n, N m and N.
    ContactForce,
    /// MuJoCo's `cinert`: spatial inertia of each body about its tree's centre of mass, 10n.
    BodyInertia,
    /// MuJoCo's `cvel`: spatial velocity of each body about its tree's centre of mass, 6n.
    BodyVelocity,
}

/// Consecutive elements of a source, now or at the end of the previous step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slice {
    /// Which array.
    pub source: Source,
    /// First element.
    pub start: u16,
    /// Number of elements, at least 1.
    pub len: u16,
    /// The value before this step's physics.
    pub previous: bool,
}

/// Bounded postfix code with a stack of numbers; leaves exactly one.
#[derive(Clone, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Program {
    /// Operations in order.
    #[borsh(deserialize_with = "codec::list::<_, _, { limits::PROGRAM_OPS }>")]
    pub ops: Vec<Op>,
}

/// How a slice becomes one number. Elements are visited in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Reduce {
    /// Σx
    Sum,
    /// Σx²
    SumSquares,
    /// √Σx²
    Norm,
    /// Smallest.
    Min,
    /// Largest.
    Max,
    /// Σ|x|
    SumAbs,
}

/// One operation. Comparisons give 1 or 0; a number is true where it is not 0. Division by zero and the
/// like give non-finite numbers, which end the episode with an error.
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Op {
    /// Push a constant.
    Const(f32),
    /// Push the only element of a slice of length 1.
    Load(Slice),
    /// Push a reduction of a slice.
    Reduce(Reduce, Slice),
    /// Push a reduction of a slice whose elements are first clamped to `[low, high]`.
    ReduceClamped(Reduce, Slice, f32, f32),
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// −a
    Neg,
    /// |a|
    Abs,
    /// √a
    Sqrt,
    /// eᵃ
    Exp,
    /// ln a
    Ln,
    /// tanh a
    Tanh,
    /// sin a
    Sin,
    /// cos a
    Cos,
    /// atan2(a, b)
    Atan2,
    /// ⌊a⌋
    Floor,
    /// min(a, b)
    Min,
    /// max(a, b)
    Max,
    /// min(max(a, low), high) of a, low, high
    Clamp,
    /// a < b
    Less,
    /// a ≤ b
    LessEqual,
    /// a = b
    Equal,
    /// a and b
    And,
    /// a or b
    Or,
    /// not a
    Not,
    /// condition, a, b: a where the condition is true, else b
    Select,
}
