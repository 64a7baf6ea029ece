//! Canonical bytes: one encoding of a blueprint, an id that names it, and an error with a path for the rest.

use hyperdust_kernel::blueprint::*;
use hyperdust_kernel::{Error, Model, World, merkle};
use proptest::prelude::*;

use super::fixture;

fn all() -> Vec<Blueprint> {
    vec![
        fixture::cart_pole(Integrator::Euler),
        fixture::cart_pole(Integrator::RungeKutta4),
        fixture::everything(),
        fixture::ball(),
        fixture::discrete(),
    ]
}

#[test]
fn bytes_round_trip() {
    for blueprint in all() {
        let valid = blueprint.validated().unwrap();
        let bytes = valid.encode().unwrap();
        assert_eq!(Blueprint::decode(&bytes), Ok(valid.clone()));
        assert_eq!(valid.id().unwrap().0, merkle::root(merkle::Kind::BLUEPRINT, &bytes));
    }
}

/// A change of one number is another blueprint; a zero's sign is not.
#[test]
fn the_id_names_the_physics() {
    let id = |blueprint: Blueprint| Model::new(blueprint).unwrap().id();
    let original = id(fixture::everything());
    let mut other = fixture::everything();
    other.options.gravity[2] = -9.8;
    assert_ne!(id(other), original);
    let mut signed = fixture::everything();
    signed.options.gravity[0] = -0.0;
    assert_eq!(id(signed), original);
}

#[test]
fn ids_are_text() {
    let id = BlueprintId(core::array::from_fn(|i| i as u8 * 7));
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string().to_uppercase().replace("0X", "0x").parse(), Ok(id));
    for text in ["", "0x", "0x12", &id.to_string()[2..], &format!("{id}0"), &id.to_string().replace('7', "g"), "0xé"] {
        assert!(text.parse::<BlueprintId>().is_err(), "{text}");
    }
}

/// −0 in bytes would be a second encoding of the same blueprint.
#[test]
fn negative_zero_is_not_canonical() {
    let valid = fixture::ball().validated().unwrap();
    let mut bytes = valid.encode().unwrap();
    // After the head: timestep 4, frame_skip 2, integrator 1, two counts 4, then gravity x.
    let sign = 6 + 4 + 2 + 1 + 4 + 3;
    assert_eq!(bytes[sign], 0);
    bytes[sign] = 0x80;
    let error = Blueprint::decode(&bytes).unwrap_err();
    assert!(error.to_string().contains("-0"), "{error}");
}

#[test]
fn other_versions_and_strings_are_named() {
    let mut bytes = fixture::ball().validated().unwrap().encode().unwrap();
    assert!(Blueprint::decode(&bytes[..bytes.len() - 1]).is_err());
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Blueprint::decode(&longer).is_err());
    bytes[4] = 9;
    assert_eq!(
        Blueprint::decode(&bytes),
        Err(Error::Version { what: "blueprint", found: 9, accepted: hyperdust_kernel::VERSION })
    );
    assert!(Blueprint::decode(b"").is_err());
    assert!(Blueprint::decode(&vec![0; limits::BYTES + 1]).unwrap_err().to_string().contains("at most"));
}

/// A length that the input does not hold, or that is over the limit, is refused without memory for it.
#[test]
fn lengths_are_limited_before_reading() {
    let valid = fixture::cart_pole(Integrator::Euler).validated().unwrap();
    let bytes = valid.encode().unwrap();
    // The robot follows 6 + 23 bytes of head and options and a tag; its first list is the links.
    let links = 6 + 23 + 1;
    assert_eq!(bytes[links], 4);
    let mut huge = bytes.clone();
    huge[links..links + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = Blueprint::decode(&huge).unwrap_err().to_string();
    assert!(error.contains("at most 256"), "{error}");
}

/// One broken field at a time: the error names it.
#[test]
fn invalid_fields_are_named() {
    type Break = fn(&mut Blueprint);
    let cases: &[(&str, Break)] = &[
        ("options.timestep", |b| b.options.timestep = 0.0),
        ("options.timestep", |b| b.options.timestep = f32::NAN),
        ("options.frame_skip", |b| b.options.frame_skip = 0),
        ("options.iterations", |b| b.options.iterations = 0),
        ("options.gravity[1]", |b| b.options.gravity[1] = f32::INFINITY),
        ("robot.links", |b| b.robot.as_mut().unwrap().links.clear()),
        ("robot.links[0].mass", |b| b.robot.as_mut().unwrap().links[0].mass = 1.0),
        ("robot.links[0].joints", |b| b.robot.as_mut().unwrap().links[0].joints = 1),
        ("robot.links[2].parent", |b| b.robot.as_mut().unwrap().links[2].parent = 2),
        ("robot.links[3].joints", |b| b.robot.as_mut().unwrap().links[3].joints = 0),
        ("robot.links[3].joints", |b| b.robot.as_mut().unwrap().links[3].joints = 2),
        ("robot.links[3].joints", |b| b.robot.as_mut().unwrap().links[3].parent = 2),
        ("robot.links[1].mass", |b| b.robot.as_mut().unwrap().links[1].mass = -1.0),
        ("robot.links[1].inertia", |b| b.robot.as_mut().unwrap().links[1].inertia[3] = 1.0),
        ("robot.links[1].rotation", |b| b.robot.as_mut().unwrap().links[1].rotation[0] = -1.0),
        ("robot.joints", |b| b.robot.as_mut().unwrap().joints.push(fixture::robot().joints[0].clone())),
        ("robot.joints[1].axis", |b| b.robot.as_mut().unwrap().joints[1].axis = [0.0, 0.5, 0.0]),
        ("robot.joints[0].range", |b| b.robot.as_mut().unwrap().joints[0].range = [1.0, -1.0]),
        ("robot.joints[0].solref", |b| b.robot.as_mut().unwrap().joints[0].solref = [0.02, -1.0]),
        ("robot.joints[0].solimp[4]", |b| b.robot.as_mut().unwrap().joints[0].solimp[4] = 0.0),
        ("robot.joints[0].inverse_weight", |b| b.robot.as_mut().unwrap().joints[0].inverse_weight = 0.0),
        ("robot.joints[1]", |b| {
            let robot = b.robot.as_mut().unwrap();
            (robot.links[2].mass, robot.links[2].inertia) = (0.0, [0.0; 6]);
        }),
        ("robot.bodies[0].link", |b| b.robot.as_mut().unwrap().bodies[0].link = 9),
        ("robot.geoms[1].body", |b| b.robot.as_mut().unwrap().geoms[1].body = 1),
        ("robot.geoms[1].shape", |b| b.robot.as_mut().unwrap().geoms[1].shape = GeomShape::Plane),
        ("robot.geoms[1].radius", |b| b.robot.as_mut().unwrap().geoms[1].shape = GeomShape::Sphere { radius: 0.0 }),
        ("robot.pairs[0]", |b| {
            (b.robot.as_mut().unwrap().pairs[0].first, b.robot.as_mut().unwrap().pairs[0].second) = (1, 0)
        }),
        ("robot.pairs[0].second", |b| b.robot.as_mut().unwrap().pairs[0].second = 7),
        ("robot.pairs[0].dimension", |b| b.robot.as_mut().unwrap().pairs[0].dimension = 4),
        ("robot.pairs[0].friction[0]", |b| b.robot.as_mut().unwrap().pairs[0].friction[0] = 0.0),
        ("robot.pairs[1]", |b| {
            let pairs = &mut b.robot.as_mut().unwrap().pairs;
            pairs.push(pairs[0].clone());
        }),
        ("robot.actuators[0].joint", |b| b.robot.as_mut().unwrap().actuators[0].joint = 2),
        ("robot.actuators[0].control_range", |b| {
            b.robot.as_mut().unwrap().actuators[0].control_range = Some([1.0, 0.0])
        }),
        ("robot.qpos0", |b| b.robot.as_mut().unwrap().qpos0.truncate(3)),
        ("robot.qpos0[5..9]", |b| b.robot.as_mut().unwrap().qpos0[5] = 0.5),
        ("rigid.bodies[1].position[2]", |b| b.rigid.as_mut().unwrap().bodies[1].position[2] = f32::NAN),
        ("collider 1", |b| b.rigid.as_mut().unwrap().colliders[1].shape = RigidShape::HalfSpace),
        ("rigid body 1", |b| b.rigid.as_mut().unwrap().colliders[1].density = 0.0),
        ("task.actions[0].name", |b| rename(&mut b.task.actions[0], "")),
        ("task.actions[0].name", |b| rename(&mut b.task.actions[0], "a\nb")),
        ("task.actions[0].actuators[0]", |b| drive(&mut b.task.actions[0], vec![3])),
        ("task.actions[0].actuators[1]", |b| drive(&mut b.task.actions[0], vec![0, 0])),
        ("task.actions[0].actuators", |b| drive(&mut b.task.actions[0], vec![])),
        ("task.observations[0].shape", |b| b.task.observations[0].shape = vec![4, 4]),
        ("task.observations[0].shape", |b| b.task.observations[0].shape = vec![u32::MAX; 8]),
        ("task.observations[1].name", |b| b.task.observations[1].name = "state".into()),
        ("task.observations[0].terms[0].scale", |b| b.task.observations[0].terms[0].scale = f32::NAN),
        ("task.observations[0].terms[1].high", |b| b.task.observations[0].terms[1].high = -11.0),
        ("task.observations[2].terms[0].value", |b| {
            b.task.observations[2].terms[0].value = Value::Slice(fixture::slice(Source::BodyPosition, 10, 9));
        }),
        ("task.rewards[0].value", |b| b.task.rewards[0].value.ops.clear()),
        ("task.rewards[0].value.ops[0]", |b| {
            b.task.rewards[0].value.ops[0] = Op::Load(fixture::slice(Source::Qpos, 9, 1))
        }),
        ("task.rewards[0].value", |b| b.task.rewards[0].value.ops[0] = Op::Load(fixture::slice(Source::Qpos, 0, 2))),
        ("task.rewards[1].name", |b| b.task.rewards[1].name = "forward".into()),
        ("task.infos[0].name", |b| b.task.infos[0].name = "reward_control".into()),
        ("task.terminations[0].value", |b| b.task.terminations[0].value.ops.push(Op::Const(1.0))),
        ("task.resets[0]", |b| b.task.resets[0].len = 10),
        ("task.resets[1].distribution.deviation", |b| {
            b.task.resets[1].distribution = Distribution::Normal { mean: 0.0, deviation: -1.0 };
        }),
    ];
    for (path, spoil) in cases {
        let mut blueprint = fixture::everything();
        spoil(&mut blueprint);
        let error = blueprint.validated().expect_err(path).to_string();
        assert!(
            error.contains(&format!("{path}:")) || error.contains(&format!(" {path}")),
            "{path} is not in: {error}"
        );
    }
}

/// Counts that are allowed one by one, whose product would let a step run for hours.
#[test]
fn the_work_of_a_step_is_limited() {
    let mut slow = fixture::everything();
    (slow.options.frame_skip, slow.options.iterations) = (1000, 1000);
    slow.options.integrator = Integrator::RungeKutta4;
    let robot = slow.robot.as_mut().unwrap();
    for second in robot.geoms.len() as u16..300 {
        robot.geoms.push(robot.geoms[1].clone());
        robot.pairs.push(Pair { second, ..robot.pairs[0].clone() });
    }
    let error = slow.clone().validated().expect_err("hours of Newton").to_string();
    assert!(error.contains("operations a step"), "{error}");
    (slow.options.frame_skip, slow.options.iterations) = (5, 100);
    slow.validated().expect("an ordinary step");

    let mut crowd = fixture::ball();
    let rigid = crowd.rigid.as_mut().unwrap();
    for body in rigid.bodies.len() as u16..1100 {
        rigid.bodies.push(rigid.bodies[1].clone());
        rigid.colliders.push(Collider { body, ..rigid.colliders[1].clone() });
    }
    let error = crowd.validated().expect_err("a million pairs").to_string();
    assert!(error.contains("moving bodies x colliders"), "{error}");
}

fn rename(term: &mut ActionTerm, to: &str) {
    if let ActionTerm::Continuous { name, .. } = term {
        *name = to.into();
    }
}

fn drive(term: &mut ActionTerm, with: Vec<u16>) {
    if let ActionTerm::Continuous { actuators, low, high, .. } = term {
        (*low, *high) = (vec![-1.0; with.len()], vec![1.0; with.len()]);
        *actuators = with;
    }
}

/// What decodes is canonical, and a world of it can be made and stepped.
fn decode_and_run(bytes: &[u8]) {
    let Ok(blueprint) = Blueprint::decode(bytes) else {
        return;
    };
    assert_eq!(blueprint.encode().unwrap(), bytes);
    let Ok(model) = Model::new(blueprint) else { return };
    let mut world = World::new(model.clone(), 1);
    for _ in 0..2 {
        world.step(&vec![0; model.actions().size]);
    }
    assert!(world.qpos().iter().chain(world.qvel()).chain(world.info()).all(|x| x.is_finite()));
}

proptest! {
    #![proptest_config(super::cases(400))]

    #[test]
    fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Blueprint::decode(&bytes);
        let _ = Blueprint::decode(&[&b"HDBP\x01\x00"[..], &bytes].concat());
    }

    #[test]
    fn mutated_bytes_decode_or_fail(which in 0usize..5, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = all()[which].clone().validated().unwrap().encode().unwrap();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            // Not the steps per step: a thousand of them only cost time.
            if !(10..12).contains(&at) {
                bytes[at] = value;
            }
        }
        decode_and_run(&bytes);
    }
}
