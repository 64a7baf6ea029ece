//! Blueprints written by hand: small, but with every kind of state and term.

use hyperdust_kernel::blueprint::*;
use hyperdust_kernel::layout::Dtype;

pub const IDENTITY: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

pub fn options(integrator: Integrator) -> Options {
    Options {
        timestep: 0.01,
        frame_skip: 2,
        integrator,
        iterations: 20,
        rigid_iterations: 4,
        gravity: [0.0, 0.0, -9.81],
    }
}

pub fn slice(source: Source, start: u16, len: u16) -> Slice {
    Slice { source, start, len, previous: false }
}

pub fn previous(source: Source, start: u16, len: u16) -> Slice {
    Slice { previous: true, ..slice(source, start, len) }
}

pub fn program(ops: &[Op]) -> Program {
    Program { ops: ops.to_vec() }
}

fn joint(kind: JointKind, axis: [f32; 3]) -> Joint {
    Joint {
        kind,
        axis,
        anchor: [0.0; 3],
        limited: false,
        range: [0.0; 2],
        margin: 0.0,
        stiffness: 0.0,
        spring_reference: 0.0,
        damping: 0.05,
        armature: 0.0,
        max_speed: 0.0,
        solref: [0.02, 1.0],
        solimp: [0.9, 0.95, 0.001, 0.5, 2.0],
        inverse_weight: 1.0,
    }
}

fn link(parent: u16, joints: u16, mass: f32, center: [f32; 3]) -> Link {
    let i = 0.01 * mass;
    Link { parent, joints, position: [0.0; 3], rotation: IDENTITY, mass, center, inertia: [i, i, i, 0.0, 0.0, 0.0] }
}

fn body(link: u16, of: &Link) -> Body {
    Body { link, position: [0.0; 3], rotation: IDENTITY, mass: of.mass, center: of.center, inertia: of.inertia }
}

/// A cart on a limited rail (slide along x) with a pole (hinge about y), and a free ball over a plane
/// that touches it: hinge, slide, free joint, limit, contact, actuator.
pub fn robot() -> Robot {
    let world = link(0, 0, 0.0, [0.0; 3]);
    let cart = link(0, 1, 1.0, [0.0; 3]);
    let pole = link(1, 1, 0.1, [0.0, 0.0, 0.5]);
    let ball = link(0, 1, 0.5, [0.0; 3]);
    let rail = Joint { limited: true, range: [-1.0, 1.0], ..joint(JointKind::Slide, [1.0, 0.0, 0.0]) };
    let geom = |link, shape| Geom { link, body: link, shape, position: [0.0; 3], rotation: IDENTITY };
    Robot {
        bodies: vec![body(1, &cart), body(2, &pole), body(3, &ball)],
        links: vec![world, cart, pole, ball],
        joints: vec![rail, joint(JointKind::Hinge, [0.0, 1.0, 0.0]), joint(JointKind::Free, [0.0, 0.0, 1.0])],
        geoms: vec![geom(0, GeomShape::Plane), geom(3, GeomShape::Sphere { radius: 0.1 })],
        pairs: vec![Pair {
            first: 0,
            second: 1,
            dimension: 3,
            friction: [1.0, 1.0],
            margin: 0.0,
            gap: 0.0,
            solref: [0.02, 1.0],
            solimp: [0.9, 0.95, 0.001, 0.5, 2.0],
            inverse_weight: 2.0,
        }],
        actuators: vec![Actuator {
            joint: 0,
            gear: 1.0,
            gain: 10.0,
            bias: [0.0; 3],
            control_range: Some([-1.0, 1.0]),
            force_range: None,
        }],
        qpos0: vec![0.0, 0.0, 0.0, 2.0, 0.12, 1.0, 0.0, 0.0, 0.0],
    }
}

/// A ball that falls onto fixed ground.
pub fn falling_ball() -> Rigid {
    let body = |fixed, z| RigidBody {
        fixed,
        position: [0.0, 0.0, z],
        orientation: [1.0, 0.0, 0.0, 0.0],
        linear_velocity: [0.0; 3],
        angular_velocity: [0.0; 3],
        linear_damping: 0.0,
        angular_damping: 0.0,
    };
    let collider = |body, shape| Collider {
        body,
        shape,
        position: [0.0; 3],
        orientation: [1.0, 0.0, 0.0, 0.0],
        density: 1000.0,
        friction: 0.5,
        restitution: 0.3,
        memberships: 1,
        filter: 1,
    };
    Rigid {
        bodies: vec![body(true, 0.0), body(false, 0.3)],
        colliders: vec![collider(0, RigidShape::HalfSpace), collider(1, RigidShape::Sphere { radius: 0.1 })],
    }
}

fn term(name: &str, value: Value) -> ObservationTerm {
    ObservationTerm { name: name.into(), unit: String::new(), value, scale: 1.0, low: f32::MIN, high: f32::MAX }
}

/// Pushes the cart; sees positions, velocities and a count; is paid for moving on.
pub fn cart_task() -> Task {
    let forward = program(&[
        Op::Load(slice(Source::Qpos, 0, 1)),
        Op::Load(previous(Source::Qpos, 0, 1)),
        Op::Sub,
        Op::Const(0.02),
        Op::Div,
    ]);
    Task {
        max_episode_steps: 50,
        actions: vec![ActionTerm::Continuous {
            name: "push".into(),
            actuators: vec![0],
            low: vec![-1.0],
            high: vec![1.0],
        }],
        observations: vec![
            ObservationGroup {
                name: "state".into(),
                dtype: Dtype::F32,
                terms: vec![
                    term("qpos", Value::Slice(slice(Source::Qpos, 0, 9))),
                    ObservationTerm { low: -10.0, high: 10.0, ..term("qvel", Value::Slice(slice(Source::Qvel, 0, 8))) },
                ],
                shape: vec![17],
            },
            ObservationGroup {
                name: "steps".into(),
                dtype: Dtype::I32,
                terms: vec![term("steps", Value::Slice(slice(Source::Steps, 0, 1)))],
                shape: vec![],
            },
        ],
        rewards: vec![
            RewardTerm { name: "forward".into(), weight: 2.0, value: forward.clone() },
            RewardTerm {
                name: "control".into(),
                weight: -0.1,
                value: program(&[Op::Reduce(Reduce::SumSquares, slice(Source::Action, 0, 1))]),
            },
        ],
        terminations: vec![TerminationTerm {
            name: "fallen".into(),
            truncates: false,
            value: program(&[Op::Load(slice(Source::Qpos, 1, 1)), Op::Abs, Op::Const(1.5), Op::Less, Op::Not]),
        }],
        resets: vec![
            ResetTerm {
                target: ResetTarget::Qpos,
                start: 0,
                len: 9,
                add: true,
                distribution: Distribution::Uniform { low: -0.01, high: 0.01 },
            },
            ResetTerm {
                target: ResetTarget::Qvel,
                start: 0,
                len: 8,
                add: false,
                distribution: Distribution::Normal { mean: 0.0, deviation: 0.1 },
            },
        ],
        infos: vec![InfoTerm { name: "speed".into(), unit: "m/s".into(), value: forward }],
        budget: Budget::default(),
    }
}

/// The robot alone.
pub fn cart_pole(integrator: Integrator) -> Blueprint {
    Blueprint { options: options(integrator), robot: Some(robot()), rigid: None, task: cart_task() }
}

/// Robot and rigid bodies in one world, all kinds of state at once.
pub fn everything() -> Blueprint {
    let mut blueprint = cart_pole(Integrator::Euler);
    blueprint.rigid = Some(falling_ball());
    blueprint.task.observations.push(ObservationGroup {
        name: "ball".into(),
        dtype: Dtype::F64,
        // Across the border between the robot's last body and the first rigid one.
        terms: vec![term("positions", Value::Slice(slice(Source::BodyPosition, 9, 9)))],
        shape: vec![3, 3],
    });
    blueprint.task.resets.push(ResetTerm {
        target: ResetTarget::RigidPosition,
        start: 3,
        len: 2,
        add: false,
        distribution: Distribution::Uniform { low: -0.5, high: 0.5 },
    });
    blueprint
}

/// Rigid bodies alone; nobody acts.
pub fn ball() -> Blueprint {
    let height = Value::Slice(slice(Source::BodyPosition, 8, 1));
    let task = Task {
        observations: vec![ObservationGroup {
            name: "height".into(),
            dtype: Dtype::F32,
            terms: vec![term("height", height)],
            shape: vec![1],
        }],
        ..Task::default()
    };
    Blueprint { options: options(Integrator::Euler), robot: None, rigid: Some(falling_ball()), task }
}

/// The cart with three pushes to choose from.
pub fn discrete() -> Blueprint {
    let mut blueprint = cart_pole(Integrator::ExplicitEuler);
    blueprint.task.actions =
        vec![ActionTerm::Discrete { name: "choice".into(), actuators: vec![0], choices: vec![-0.5, 0.0, 4.0] }];
    blueprint.task.infos.push(InfoTerm {
        name: "control".into(),
        unit: String::new(),
        value: program(&[Op::Load(slice(Source::Control, 0, 1))]),
    });
    blueprint
}
