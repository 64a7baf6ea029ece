//! Random tasks: terms of every kind, over whatever a world has to read and to drive.

use hyperdust_kernel::{
    blueprint::{
        ActionTerm, Blueprint, Budget, Distribution, InfoTerm, ObservationGroup, ObservationTerm, Op, Program, Reduce,
        ResetTarget, ResetTerm, RewardTerm, Slice, Source, Task, TerminationTerm, Value,
    },
    layout::Dtype,
    task::source_len,
};
use proptest::{collection::vec, prelude::*};

use super::numbers::{mostly, offset, one_of, value};

/// What is decided about a task before it is known what there is to read.
#[derive(Clone, Debug)]
pub struct Plan {
    most_steps: u32,
    discrete: bool,
    groups: Vec<(Dtype, Vec<Seen>)>,
    rewards: Vec<(f32, Formula)>,
    endings: Vec<(bool, Formula)>,
    infos: Vec<Formula>,
    resets: Vec<(ResetTarget, Place, bool, bool, [f32; 2])>,
    budget: Budget,
}

/// What is observed, its scale, and the bound that it is clamped to.
type Seen = (Read, f32, f32);

/// Some consecutive numbers: which array, where it starts and how many, each modulo what there is.
#[derive(Clone, Copy, Debug)]
struct Place(usize, usize, usize);

#[derive(Clone, Debug)]
enum Read {
    Slice(Place, bool),
    Formula(Formula),
}

/// A computed number.
#[derive(Clone, Debug)]
enum Formula {
    Const(f32),
    Load(Place, bool),
    Reduce(Reduce, Place, Option<[f32; 2]>),
    Apply(Op, Vec<Formula>),
}

/// Any task.
pub fn plan() -> BoxedStrategy<Plan> {
    let groups = vec((dtype(), vec((read(), scale(), bound()), 1..=3)), 1..=2);
    let rewards = vec((mostly(&[1.0, -0.5, 0.0, -1e-3]), formula()), 0..=2);
    let endings = vec((any::<bool>(), formula().prop_map(rare)), 0..=1);
    let targets = one_of(&[
        ResetTarget::Qpos,
        ResetTarget::Qvel,
        ResetTarget::RigidPosition,
        ResetTarget::RigidOrientation,
        ResetTarget::RigidLinearVelocity,
        ResetTarget::RigidAngularVelocity,
    ]);
    let resets = vec((targets, place(), any::<bool>(), any::<bool>(), [offset(), mostly(&[0.01, 0.0, 1.0])]), 0..=3);
    let budget = prop_oneof![
        9 => Just(Budget::default()),
        1 => (0..40u32, 0..400u32).prop_map(|(contacts, rows)| Budget { contacts, rows, rays: 0 }),
    ];
    let most = one_of(&[0, 2, 3]);
    (most, any::<bool>(), groups, rewards, endings, vec(formula(), 0..=1), resets, budget)
        .prop_map(|(most_steps, discrete, groups, rewards, endings, infos, resets, budget)| Plan {
            most_steps,
            discrete,
            groups,
            rewards,
            endings,
            infos,
            resets,
            budget,
        })
        .boxed()
}

fn dtype() -> BoxedStrategy<Dtype> {
    mostly(&[Dtype::F32, Dtype::F64, Dtype::I32, Dtype::U8, Dtype::Bool])
}

fn scale() -> BoxedStrategy<f32> {
    mostly(&[1.0, -1.0, 0.0, 100.0])
}

/// An observation is clamped to ± this.
fn bound() -> BoxedStrategy<f32> {
    mostly(&[f32::MAX, 1.0, 0.0, 0.1])
}

fn place() -> BoxedStrategy<Place> {
    (any::<usize>(), any::<usize>(), any::<usize>()).prop_map(|(a, b, c)| Place(a, b, c)).boxed()
}

fn read() -> BoxedStrategy<Read> {
    prop_oneof![
        3 => (place(), prop::bool::weighted(0.2)).prop_map(|(place, previous)| Read::Slice(place, previous)),
        1 => formula().prop_map(Read::Formula),
    ]
    .boxed()
}

fn formula() -> BoxedStrategy<Formula> {
    let reduce = one_of(&[Reduce::Sum, Reduce::SumSquares, Reduce::Norm, Reduce::Min, Reduce::Max, Reduce::SumAbs]);
    let clamp = prop_oneof![2 => Just(None), 1 => one_of(&[[-1.0, 1.0], [-0.0, 0.0], [0.0, 0.5]]).prop_map(Some)];
    let leaf = prop_oneof![
        1 => value().prop_map(Formula::Const),
        2 => (place(), any::<bool>()).prop_map(|(place, previous)| Formula::Load(place, previous)),
        2 => (reduce, place(), clamp).prop_map(|(reduce, place, clamp)| Formula::Reduce(reduce, place, clamp)),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        // The last three often end in a fault, and after it nothing happens any more.
        let one = prop_oneof![
            9 => one_of(&[Op::Neg, Op::Abs, Op::Tanh, Op::Sin, Op::Cos, Op::Floor, Op::Not]),
            1 => one_of(&[Op::Sqrt, Op::Exp, Op::Ln]),
        ];
        let two = one_of(&[
            Op::Add,
            Op::Sub,
            Op::Mul,
            Op::Min,
            Op::Max,
            Op::Less,
            Op::LessEqual,
            Op::Equal,
            Op::And,
            Op::Or,
            Op::Atan2,
        ]);
        let three = one_of(&[Op::Clamp, Op::Select]);
        prop_oneof![
            3 => (one, vec(inner.clone(), 1)),
            4 => (two, vec(inner.clone(), 2)),
            1 => (three, vec(inner, 3)),
        ]
        .prop_map(|(op, operands)| Formula::Apply(op, operands))
    })
    .boxed()
}

/// True where a number is large: an episode that ends at once shows little.
fn rare(formula: Formula) -> Formula {
    Formula::Apply(Op::Less, vec![Formula::Const(2.0), formula])
}

impl Plan {
    /// Puts the task into a blueprint that has none yet.
    pub fn build(&self, blueprint: &mut Blueprint) {
        let actuators: Vec<u16> =
            (0..blueprint.robot.as_ref().map_or(0, |robot| robot.actuators.len())).map(|i| i as u16).collect();
        let mut task = Task { max_episode_steps: self.most_steps, budget: self.budget, ..Task::default() };
        task.actions = match (actuators.len(), self.discrete) {
            (0, false) => vec![],
            (0, true) => vec![ActionTerm::Discrete { name: "wait".into(), actuators, choices: vec![] }],
            (n, false) => {
                vec![ActionTerm::Continuous { name: "push".into(), actuators, low: vec![-1.0; n], high: vec![1.0; n] }]
            }
            (n, true) => {
                let choices = (0..3 * n).map(|i| i as f32 * 0.5 - 1.0).collect();
                vec![ActionTerm::Discrete { name: "choice".into(), actuators, choices }]
            }
        };
        blueprint.task.actions = task.actions.clone();
        let there = There::of(blueprint);
        for (number, (dtype, terms)) in self.groups.iter().enumerate() {
            let mut group =
                ObservationGroup { name: format!("group {number}"), dtype: *dtype, terms: vec![], shape: vec![] };
            let mut elements = 0;
            for (term, (read, scale, bound)) in terms.iter().enumerate() {
                let (value, len) = match read {
                    Read::Slice(place, previous) => {
                        let slice = there.slice(*place, *previous);
                        (Value::Slice(slice), slice.len)
                    }
                    Read::Formula(formula) => (Value::Program(there.program(formula)), 1),
                };
                elements += u32::from(len);
                let (name, unit, scale) = (format!("term {term}"), String::new(), *scale);
                group.terms.push(ObservationTerm { name, unit, value, scale, low: -bound, high: *bound });
            }
            group.shape = vec![elements];
            task.observations.push(group);
        }
        for (number, (weight, formula)) in self.rewards.iter().enumerate() {
            let (name, weight) = (format!("reward {number}"), *weight);
            task.rewards.push(RewardTerm { name, weight, value: there.program(formula) });
        }
        for (number, (truncates, formula)) in self.endings.iter().enumerate() {
            let (name, truncates) = (format!("end {number}"), *truncates);
            task.terminations.push(TerminationTerm { name, truncates, value: there.program(formula) });
        }
        for (number, formula) in self.infos.iter().enumerate() {
            let (name, unit) = (format!("info {number}"), String::new());
            task.infos.push(InfoTerm { name, unit, value: there.program(formula) });
        }
        for (target, place, add, normal, [center, spread]) in &self.resets {
            let available = resettable(*target, blueprint);
            if available == 0 {
                continue;
            }
            let start = place.1 % available;
            let len = 1 + place.2 % (available - start);
            let distribution = match normal {
                true => Distribution::Normal { mean: *center, deviation: *spread },
                false => Distribution::Uniform { low: *center, high: center + spread },
            };
            task.resets.push(ResetTerm {
                target: *target,
                start: start as u16,
                len: len as u16,
                add: *add,
                distribution,
            });
        }
        blueprint.task = task;
    }
}

fn resettable(target: ResetTarget, blueprint: &Blueprint) -> usize {
    let robot = blueprint.robot.as_ref();
    let bodies = blueprint.rigid.as_ref().map_or(0, |rigid| rigid.bodies.len());
    match target {
        ResetTarget::Qpos => robot.map_or(0, |robot| robot.nq()),
        ResetTarget::Qvel => robot.map_or(0, |robot| robot.nv()),
        ResetTarget::RigidOrientation => 4 * bodies,
        _ => 3 * bodies,
    }
}

/// The arrays that have an element, and how many.
struct There(Vec<(Source, usize)>);

impl There {
    fn of(blueprint: &Blueprint) -> Self {
        const ALL: [Source; 15] = [
            Source::BodyPosition,
            Source::BodyOrientation,
            Source::BodyLinearVelocity,
            Source::BodyAngularVelocity,
            Source::Qpos,
            Source::Qvel,
            Source::ContactForce,
            Source::BodyInertia,
            Source::BodyVelocity,
            Source::CenterOfMass,
            Source::ActuatorForce,
            Source::Action,
            Source::Control,
            Source::Time,
            Source::Steps,
        ];
        Self(ALL.map(|source| (source, source_len(source, blueprint))).into_iter().filter(|(_, n)| *n > 0).collect())
    }

    fn slice(&self, Place(source, start, len): Place, previous: bool) -> Slice {
        let (source, available) = self.0[source % self.0.len()];
        let start = start % available;
        let len = 1 + len % (available - start).min(12);
        Slice { source, start: start as u16, len: len as u16, previous }
    }

    fn program(&self, formula: &Formula) -> Program {
        let mut ops = Vec::new();
        self.push(formula, &mut ops);
        Program { ops }
    }

    fn push(&self, formula: &Formula, ops: &mut Vec<Op>) {
        match formula {
            Formula::Const(x) => ops.push(Op::Const(*x)),
            Formula::Load(place, previous) => ops.push(Op::Load(Slice { len: 1, ..self.slice(*place, *previous) })),
            Formula::Reduce(reduce, place, None) => ops.push(Op::Reduce(*reduce, self.slice(*place, false))),
            Formula::Reduce(reduce, place, Some([low, high])) => {
                ops.push(Op::ReduceClamped(*reduce, self.slice(*place, false), *low, *high));
            }
            Formula::Apply(op, operands) => {
                operands.iter().for_each(|operand| self.push(operand, ops));
                ops.push(*op);
            }
        }
    }
}
