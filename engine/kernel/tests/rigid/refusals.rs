//! No blueprint and no state panics: it is refused with a reason, or simulated, or named as lost.

use hyperdust_kernel::blueprint::{Options, Rigid, RigidBody, RigidShape};
use hyperdust_kernel::rigid::{BOUND, RigidError, RigidWorld, ShapeProblem, check, hull};
use proptest::prelude::*;

use crate::scenes::*;

fn refused(shape: RigidShape) -> ShapeProblem {
    let mut rigid = on_floor(vec![]);
    rigid.colliders.push(collider(0, shape));
    match check(&rigid) {
        Err(RigidError::Shape { collider: 1, problem }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_world_without_bodies_or_motion_is_fine() {
    let mut empty = world(&Rigid::default(), &options());
    assert_eq!(empty.step(5).contacts, 0);
    assert!(empty.is_empty());
    assert_eq!(empty.non_finite(), None);
    let mut still = world(&on_floor(vec![]), &options());
    still.step(5);
    assert_eq!(still.positions(), [[0.0; 3]]);
}

#[test]
fn degenerate_shapes_are_refused_with_a_reason() {
    let triangle = vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let field = |rows, columns, heights: usize| RigidShape::HeightField {
        rows,
        columns,
        heights: vec![0.0; heights],
        size: [1.0, 1.0],
    };
    assert_eq!(refused(RigidShape::Sphere { radius: 0.0 }), ShapeProblem::Size(0.0));
    assert!(matches!(refused(RigidShape::Sphere { radius: f32::NAN }), ShapeProblem::Size(_)));
    assert!(matches!(refused(cube(f32::INFINITY)), ShapeProblem::Size(_)));
    assert_eq!(refused(RigidShape::Hull { points: vec![] }), ShapeProblem::Flat);
    assert_eq!(refused(RigidShape::Hull { points: vec![[1.0; 3]; 50] }), ShapeProblem::Flat);
    assert_eq!(refused(RigidShape::Hull { points: triangle.clone() }), ShapeProblem::Flat);
    assert!(matches!(refused(RigidShape::Hull { points: vec![[0.0; 3]; 257] }), ShapeProblem::TooMany { .. }));
    let mesh = |triangles| RigidShape::Mesh { vertices: triangle.clone(), triangles };
    assert_eq!(refused(mesh(vec![])), ShapeProblem::Empty);
    assert_eq!(refused(mesh(vec![[0, 0, 1], [2, 2, 2]])), ShapeProblem::Empty);
    assert_eq!(refused(mesh(vec![[0, 1, 3]])), ShapeProblem::Index { found: 3, vertices: 3 });
    assert!(matches!(refused(field(1, 5, 5)), ShapeProblem::Grid { .. }));
    assert!(matches!(refused(field(2, 2, 5)), ShapeProblem::Grid { .. }));
    assert!(matches!(refused(field(u32::MAX, u32::MAX, 1)), ShapeProblem::Grid { .. }));
}

#[test]
fn bodies_that_make_no_sense_are_refused_with_a_reason() {
    let scene = || on_floor(vec![(body([0.0, 0.0, 1.0]), cube(0.1))]);
    let mut rigid = scene();
    rigid.colliders[1].density = 0.0;
    assert_eq!(check(&rigid), Err(RigidError::Massless { body: 1, mass: 0.0 }));
    let mut rigid = scene();
    rigid.colliders.pop();
    assert_eq!(check(&rigid), Err(RigidError::Massless { body: 1, mass: 0.0 }));
    let mut rigid = scene();
    rigid.colliders[1].shape = RigidShape::HalfSpace;
    assert_eq!(check(&rigid), Err(RigidError::NeedsFixedBody { collider: 1, body: 1 }));
    let mut rigid = scene();
    rigid.colliders[1].body = 2;
    assert!(matches!(check(&rigid), Err(RigidError::Collider { collider: 1, field: "body", .. })));
    let mut rigid = scene();
    rigid.bodies[1].orientation = [0.0; 4];
    let error = check(&rigid).unwrap_err();
    assert!(error.to_string().contains("rigid body 1") && error.to_string().contains("unit quaternion"), "{error}");
    let mut rigid = scene();
    rigid.colliders[1].friction = -1.0;
    assert!(matches!(check(&rigid), Err(RigidError::Collider { field: "friction", .. })));
    // What check refuses, new does not choke on.
    assert!(RigidWorld::new(&rigid, &options()).is_empty());
}

#[test]
fn a_lost_body_is_named_and_nothing_moves() {
    for value in [f32::NAN, f32::INFINITY, -f32::INFINITY, BOUND * 2.0] {
        let mut world = world(&stack(), &options());
        world.linear_velocities_mut()[4][1] = value;
        let before = bits(&world);
        world.step(5);
        assert_eq!(world.non_finite(), Some(4), "{value}");
        assert_eq!(bits(&world), before);
    }
}

#[test]
fn an_explosion_ends_as_a_named_body_and_never_as_a_nan() {
    // Twenty boxes in one place, at enormous speed, with a step of ten seconds.
    let bodies = (0..20).map(|i| {
        let v = if i % 2 == 0 { 9e3 } else { -9e3 };
        (RigidBody { linear_velocity: [v, v, -v], angular_velocity: [v, -v, v], ..body([0.0, 0.0, 0.2]) }, cube(0.2))
    });
    let mut world = world(&on_floor(bodies.collect()), &Options { timestep: 10.0, ..options() });
    for _ in 0..200 {
        world.step(1);
        assert!(bits(&world).iter().all(|b| f32::from_bits(*b).is_finite()));
    }
    assert!(world.non_finite().is_some());
}

#[test]
fn a_hull_is_closed_and_holds_its_points() {
    // The eight corners of a cube, its face centres, edge centres and middle, some twice.
    let steps = [-1.0_f32, 0.0, 1.0, 1.0];
    let mut points = Vec::new();
    for x in steps {
        for y in steps {
            points.extend(steps.map(|z| [x, y, z]));
        }
    }
    let hull = hull::convex_hull(&points).unwrap();
    assert_eq!(hull.vertices.len(), 8);
    assert_eq!(hull.triangles.len(), 12);
    closed(&hull);
}

fn closed(hull: &hull::Hull) {
    let mut edges: Vec<_> = hull.triangles.iter().flat_map(|&[a, b, c]| [(a, b), (b, c), (c, a)]).collect();
    edges.sort_unstable();
    let count = edges.len();
    edges.dedup();
    assert_eq!(count, edges.len(), "an edge occurs twice");
    assert!(edges.iter().all(|&(a, b)| edges.binary_search(&(b, a)).is_ok()), "an edge is open");
    assert_eq!(hull.vertices.len() + hull.triangles.len(), count / 2 + 2, "Euler");
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![
        6 => -2.0..2.0_f32,
        2 => prop::sample::select(vec![0.0, -0.0, 1.0, 0.5, 1e-4, 1e5, -1e5, 1e-30, 1e30, 1e-3, 100.0]),
        1 => any::<f32>(),
    ]
}

fn triple() -> impl Strategy<Value = [f32; 3]> {
    let modest = || {
        prop_oneof![
            60 => -2.0..2.0_f32,
            20 => prop::sample::select(vec![0.0, -0.0, 1.0, 0.5, 1e-4, 1e4, -1e4, 1e-30, 1e-3, 100.0]),
            1 => number(),
        ]
    };
    [modest(), modest(), modest()]
}

// Mostly acceptable, so that a good part of the scenes gets to run.
fn size() -> impl Strategy<Value = f32> {
    prop_oneof![30 => 1e-3..2.0_f32, 1 => number()]
}

fn solid() -> impl Strategy<Value = RigidShape> {
    prop_oneof![
        size().prop_map(|radius| RigidShape::Sphere { radius }),
        [size(), size(), size()].prop_map(|half| RigidShape::Cuboid { half }),
        (size(), size()).prop_map(|(radius, half_length)| RigidShape::Capsule { radius, half_length }),
        (size(), size()).prop_map(|(radius, half_length)| RigidShape::Cylinder { radius, half_length }),
        prop::collection::vec(triple(), 4..12).prop_map(|points| RigidShape::Hull { points }),
        prop::collection::vec([-1.0..1.0_f32, -1.0..1.0_f32, -1e-3..1e-3_f32], 4..60)
            .prop_map(|points| RigidShape::Hull { points }),
    ]
}

fn surface() -> impl Strategy<Value = RigidShape> {
    prop_oneof![
        Just(RigidShape::HalfSpace),
        (prop::collection::vec(triple(), 9), prop::collection::vec([0..9_u32, 0..9, 0..9], 0..9))
            .prop_map(|(vertices, triangles)| RigidShape::Mesh { vertices, triangles }),
        (2..4_u32, 2..4_u32, prop::collection::vec(number(), 9), size(), size()).prop_map(
            |(rows, columns, mut heights, x, y)| {
                heights.truncate((rows * columns) as usize);
                RigidShape::HeightField { rows, columns, heights, size: [x, y] }
            }
        ),
    ]
}

fn scene() -> impl Strategy<Value = Rigid> {
    let moving = (triple(), triple(), triple(), prop::collection::vec((solid(), triple()), 1..3));
    (prop::collection::vec(moving, 0..5), prop::collection::vec(surface(), 0..3), size()).prop_map(
        |(moving, surfaces, density)| {
            let mut rigid = on_floor(vec![]);
            rigid.colliders.extend(surfaces.into_iter().map(|shape| collider(0, shape)));
            for (position, v, w, solids) in moving {
                let index = rigid.bodies.len() as u16;
                rigid.bodies.push(RigidBody { linear_velocity: v, angular_velocity: w, ..body(position) });
                for (shape, offset) in solids {
                    let mut collider = collider(index, shape);
                    (collider.position, collider.density) = (offset, density);
                    rigid.colliders.push(collider);
                }
            }
            rigid
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_scene_is_refused_or_runs(rigid in scene(), dt in prop::sample::select(vec![1e-4_f32, 0.01, 1.0])) {
        let accepted = check(&rigid).is_ok();
        let mut world = RigidWorld::new(&rigid, &Options { timestep: dt, ..options() });
        prop_assert!(accepted || world.is_empty());
        for _ in 0..8 {
            world.step(2);
            prop_assert!(bits(&world).iter().all(|b| f32::from_bits(*b).is_finite()));
        }
    }

    #[test]
    fn any_hull_is_closed_or_refused(points in prop::collection::vec([-3..4_i8, -3..4, -3..4], 4..40)) {
        let points: Vec<[f32; 3]> = points.iter().map(|p| p.map(|x| f32::from(x) * 0.1)).collect();
        if let Some(hull) = hull::convex_hull(&points) {
            closed(&hull);
        }
    }

    #[test]
    fn any_state_runs_or_is_named(values in prop::collection::vec(number(), 13 * 6)) {
        let mut world = world(&stack(), &options());
        for (i, v) in values.chunks_exact(13).enumerate() {
            world.positions_mut()[i].copy_from_slice(&v[0..3]);
            world.orientations_mut()[i].copy_from_slice(&v[3..7]);
            world.linear_velocities_mut()[i].copy_from_slice(&v[7..10]);
            world.angular_velocities_mut()[i].copy_from_slice(&v[10..13]);
        }
        for _ in 0..4 {
            world.step(2);
            let finite = bits(&world).iter().all(|b| f32::from_bits(*b).is_finite());
            prop_assert!(finite || world.non_finite().is_some());
        }
    }
}
