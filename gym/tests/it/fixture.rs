//! Small scenes, written as blueprints by hand so that these tests need no scene packages.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::{
    Model,
    blueprint::{
        ActionTerm, Actuator, Blueprint, Body, Budget, Distribution, InfoTerm, Integrator, Joint, JointKind, Link,
        ObservationGroup, ObservationTerm, Op, Options, Program, Reduce, ResetTarget, ResetTerm, RewardTerm, Robot,
        Slice, Source, Task, TerminationTerm, Value,
    },
    layout::{Dtype, Layout},
    rng::Rng,
};

const IDENTITY: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

/// A cart on a rail with a pole, pushed left or right; ends where it tilts or after `limit` steps.
pub fn cart(limit: u32) -> Arc<Model> {
    let action = ActionTerm::Discrete { name: "push".into(), actuators: vec![0], choices: vec![-1.0, 1.0] };
    Model::new(blueprint(vec![action], limit, 0.12)).expect("the fixture is valid")
}

/// The same with two continuous inputs in two segments, and a `Dict` of observations in three dtypes.
pub fn crane(limit: u32) -> Arc<Model> {
    let segment = |name: &str, actuators: Vec<u16>| ActionTerm::Continuous {
        name: name.into(),
        low: vec![-1.0; actuators.len()],
        high: vec![1.0; actuators.len()],
        actuators,
    };
    let mut blueprint = blueprint(vec![segment("cart", vec![0]), segment("pole", vec![1])], limit, 0.5);
    blueprint.task.observations.push(group("velocity", Dtype::F64, Source::Qvel, 2));
    blueprint.task.observations.push(group("moving", Dtype::Bool, Source::Qvel, 2));
    Model::new(blueprint).expect("the fixture is valid")
}

fn blueprint(actions: Vec<ActionTerm>, limit: u32, tilt: f32) -> Blueprint {
    let slice = |source, start, len| Slice { source, start, len, previous: false };
    let program = |ops| Program { ops };
    Blueprint {
        options: Options {
            timestep: 0.02,
            frame_skip: 2,
            integrator: Integrator::Euler,
            iterations: 20,
            rigid_iterations: 4,
            gravity: [0.0, 0.0, -9.81],
        },
        robot: Some(robot()),
        rigid: None,
        task: Task {
            max_episode_steps: limit,
            actions,
            observations: vec![group("position", Dtype::F32, Source::Qpos, 2)],
            rewards: vec![
                RewardTerm { name: "alive".into(), weight: 1.0, value: program(vec![Op::Const(1.0)]) },
                RewardTerm {
                    name: "effort".into(),
                    weight: -0.01,
                    value: program(vec![Op::Reduce(Reduce::SumSquares, slice(Source::Qvel, 0, 2))]),
                },
            ],
            terminations: vec![TerminationTerm {
                name: "tilt".into(),
                truncates: false,
                value: program(vec![Op::Const(tilt), Op::Load(slice(Source::Qpos, 1, 1)), Op::Abs, Op::Less]),
            }],
            resets: vec![
                reset(ResetTarget::Qpos, Distribution::Uniform { low: -0.05, high: 0.05 }),
                reset(ResetTarget::Qvel, Distribution::Normal { mean: 0.0, deviation: 0.1 }),
            ],
            infos: vec![InfoTerm {
                name: "x".into(),
                unit: "m".into(),
                value: program(vec![Op::Load(slice(Source::Qpos, 0, 1))]),
            }],
            budget: Budget::default(),
        },
    }
}

fn reset(target: ResetTarget, distribution: Distribution) -> ResetTerm {
    ResetTerm { target, start: 0, len: 2, add: true, distribution }
}

fn group(name: &str, dtype: Dtype, source: Source, len: u16) -> ObservationGroup {
    let value = Value::Slice(Slice { source, start: 0, len, previous: false });
    ObservationGroup {
        name: name.into(),
        dtype,
        terms: vec![ObservationTerm {
            name: name.into(),
            unit: "m".into(),
            value,
            scale: 1.0,
            low: -f32::MAX,
            high: f32::MAX,
        }],
        shape: vec![u32::from(len)],
    }
}

fn robot() -> Robot {
    let link = |parent, joints, position, mass: f32, center| Link {
        parent,
        joints,
        position,
        rotation: IDENTITY,
        mass,
        center,
        inertia: [0.01, 0.01, 0.01, 0.0, 0.0, 0.0],
    };
    let joint = |kind, axis| Joint {
        kind,
        axis,
        anchor: [0.0; 3],
        limited: kind == JointKind::Slide,
        range: [-2.0, 2.0],
        margin: 0.0,
        stiffness: 0.0,
        spring_reference: 0.0,
        damping: 0.05,
        armature: 0.01,
        max_speed: 0.0,
        solref: [0.02, 1.0],
        solimp: [0.9, 0.95, 0.001, 0.5, 2.0],
        inverse_weight: 1.0,
    };
    let body = |link, mass, center| Body {
        link,
        position: [0.0; 3],
        rotation: IDENTITY,
        mass,
        center,
        inertia: [0.01, 0.01, 0.01, 0.0, 0.0, 0.0],
    };
    let motor = |joint, gear| Actuator {
        joint,
        gear,
        gain: 1.0,
        bias: [0.0; 3],
        control_range: Some([-1.0, 1.0]),
        force_range: None,
    };
    let mut world = link(0, 0, [0.0; 3], 0.0, [0.0; 3]);
    world.inertia = [0.0; 6];
    Robot {
        links: vec![world, link(0, 1, [0.0; 3], 1.0, [0.0; 3]), link(1, 1, [0.0; 3], 0.2, [0.0, 0.0, 0.3])],
        joints: vec![joint(JointKind::Slide, [1.0, 0.0, 0.0]), joint(JointKind::Hinge, [0.0, 1.0, 0.0])],
        bodies: vec![body(1, 1.0, [0.0; 3]), body(2, 0.2, [0.0, 0.0, 0.3])],
        geoms: vec![],
        pairs: vec![],
        actuators: vec![motor(0, 10.0), motor(1, 0.5)],
        qpos0: vec![0.0, 0.0],
    }
}

/// Random members of an action space: one contiguous `(lanes, *shape)` array per segment.
pub fn random_actions(layout: &Layout, lanes: usize, rng: &mut Rng) -> Vec<Vec<u8>> {
    let row = |segment: &hyperdust_kernel::layout::Segment, rng: &mut Rng| -> Vec<u8> {
        (0..segment.elements())
            .flat_map(|_| match segment.choices {
                0 => rng.uniform(-1.0, 1.0).to_le_bytes(),
                choices => ((rng.unit() * choices as f32) as i32).to_le_bytes(),
            })
            .collect()
    };
    layout.segments.iter().map(|s| (0..lanes).flat_map(|_| row(s, rng)).collect()).collect()
}

/// One lane of [`random_actions`] as the arena that a world takes.
pub fn arena(layout: &Layout, actions: &[Vec<u8>], lane: usize) -> Vec<u8> {
    let mut arena = vec![0; layout.size];
    for (segment, bytes) in layout.segments.iter().zip(actions) {
        let size = segment.bytes();
        arena[segment.offset..segment.offset + size].copy_from_slice(&bytes[lane * size..(lane + 1) * size]);
    }
    arena
}

/// Borrowed, as `step` takes them.
pub fn borrow(actions: &[Vec<u8>]) -> Vec<&[u8]> {
    actions.iter().map(Vec::as_slice).collect()
}

/// A vector env that was reset with `seed`.
pub fn vector(model: &Arc<Model>, lanes: usize, threads: usize, mode: AutoresetMode, seed: u64) -> VectorEnv {
    let options = VectorOptions { num_envs: lanes, num_threads: threads, autoreset: mode };
    let mut env = VectorEnv::new(model.clone(), options).expect("options are valid");
    env.reset(Seeds::First(seed), None).expect("a new env can be reset");
    env
}
