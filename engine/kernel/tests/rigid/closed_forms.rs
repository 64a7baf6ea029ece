//! Rapier, rebuilt from poses and velocities at every environment step, obeys mechanics.

use hyperdust_kernel::blueprint::{Options, RigidBody, RigidShape};

use crate::scenes::*;

#[test]
fn a_thrown_ball_follows_semi_implicit_euler() {
    let options = Options { frame_skip: 5, ..options() };
    let start = RigidBody { linear_velocity: [3.0, -1.0, 4.0], ..body([0.0, 0.0, 10.0]) };
    let mut world = world(&on_floor(vec![(start, RigidShape::Sphere { radius: 0.1 })]), &options);
    let env_steps = 20;
    for _ in 0..env_steps {
        world.step(options.frame_skip);
    }
    // Each physics step is cut into `rigid_iterations` substeps: v += g h, then x += v h.
    let n = f64::from(env_steps) * 5.0 * f64::from(options.rigid_iterations);
    let h = f64::from(options.timestep) / f64::from(options.rigid_iterations);
    let (g, t) = (f64::from(GRAVITY), n * h);
    let expected = [3.0 * t, -t, 10.0 + 4.0 * t + g * h * h * n * (n + 1.0) / 2.0];
    for (found, expected) in world.positions()[1].iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} instead of {expected}");
    }
    assert!((f64::from(world.linear_velocities()[1][2]) - (4.0 + g * t)).abs() < 1e-4);
}

// A box on a plane tilted about y. tan(angle) against a friction of 0.5.
fn slide(tangent: f64) -> f32 {
    let angle = tangent.atan();
    let (s, c) = ((angle / 2.0).sin() as f32, (angle / 2.0).cos() as f32);
    let tilt = [c, 0.0, s, 0.0];
    let normal = [angle.sin() as f32, 0.0, angle.cos() as f32];
    let mut rigid = on_floor(vec![(
        RigidBody { orientation: tilt, ..body(normal.map(|x| x * 0.2)) },
        RigidShape::Cuboid { half: [0.4, 0.4, 0.2] },
    )]);
    rigid.bodies[0].orientation = tilt;
    let mut world = world(&rigid, &options());
    for _ in 0..100 {
        world.step(1);
    }
    let p = world.positions()[1];
    // Along the slope, downhill positive.
    p[0] * angle.cos() as f32 - p[2] * angle.sin() as f32
}

#[test]
fn a_box_sticks_below_the_friction_threshold_and_slides_above() {
    let (below, above) = (slide(0.45), slide(0.55));
    assert!(below.abs() < 0.001, "crept {below} m in 1 s");
    // a = g (sin - mu cos) = 9.81 · 0.05 · cos(28.8°) = 0.43 m/s²
    let expected = 0.5 * 9.81 * 0.05 * 0.8762;
    assert!((above - expected).abs() < 0.01 * expected, "slid {above} m, not {expected} m");
}

#[test]
fn a_collision_keeps_momentum() {
    let (mut rigid, options) = in_space(vec![
        (
            RigidBody { linear_velocity: [2.0, 0.1, 0.0], angular_velocity: [0.0, 1.0, 2.0], ..body([-1.0, 0.0, 0.0]) },
            cube(0.3),
        ),
        (RigidBody { linear_velocity: [-1.0, 0.0, 0.2], ..body([1.0, 0.1, 0.05]) }, RigidShape::Sphere { radius: 0.3 }),
    ]);
    rigid.colliders[2].restitution = 0.5;
    let masses = [1000.0 * 0.6_f32.powi(3), 1000.0 * 4.0 / 3.0 * std::f32::consts::PI * 0.3_f32.powi(3)];
    let mut world = world(&rigid, &options);
    let momentum = |v: &[[f32; 3]]| [0, 1, 2].map(|k| masses[0] * v[1][k] + masses[1] * v[2][k]);
    let before = momentum(world.linear_velocities());
    let mut contacts = 0;
    for _ in 0..100 {
        contacts += world.step(1).contacts;
    }
    let after = momentum(world.linear_velocities());
    assert!(contacts > 0, "they missed each other");
    assert!((world.linear_velocities()[1][0] - 2.0).abs() > 0.5, "nothing was exchanged");
    for k in 0..3 {
        assert!((after[k] - before[k]).abs() < 1e-3 * masses[0], "{before:?} became {after:?}");
    }
}

#[test]
fn a_tumbling_brick_keeps_its_angular_momentum_and_energy() {
    let (rigid, options) = in_space(vec![(
        RigidBody { angular_velocity: [0.2, 4.0, 0.3], ..body([0.0; 3]) },
        RigidShape::Cuboid { half: [0.1, 0.2, 0.4] },
    )]);
    let mass = 8.0 * 1000.0 * 0.1 * 0.2 * 0.4;
    let inertia = [0.2_f32 * 0.2 + 0.4 * 0.4, 0.1 * 0.1 + 0.4 * 0.4, 0.1 * 0.1 + 0.2 * 0.2].map(|x| x * mass / 3.0);
    let mut world = world(&rigid, &options);
    // Rotate ω into the body, so that the inertia is diagonal.
    let measure = |world: &hyperdust_kernel::rigid::RigidWorld| {
        let [w, x, y, z] = world.orientations()[1];
        let v = world.angular_velocities()[1];
        let rows = [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)],
            [2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)],
            [2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)],
        ];
        let local: [f32; 3] = rows.map(|r| r[0] * v[0] + r[1] * v[1] + r[2] * v[2]);
        let momentum: f32 = (0..3).map(|k| (inertia[k] * local[k]).powi(2)).sum::<f32>().sqrt();
        let energy: f32 = (0..3).map(|k| 0.5 * inertia[k] * local[k] * local[k]).sum();
        (momentum, energy)
    };
    let before = measure(&world);
    for _ in 0..300 {
        world.step(1);
    }
    let after = measure(&world);
    assert!((after.0 / before.0 - 1.0).abs() < 1e-3, "momentum {before:?} became {after:?}");
    // Rapier keeps the momentum exactly and lets the energy breathe a little.
    assert!((after.1 / before.1 - 1.0).abs() < 0.03, "energy {before:?} became {after:?}");
}

#[test]
fn an_elastic_ball_returns_and_never_gains_height() {
    let mut rigid = on_floor(vec![(body([0.0, 0.0, 1.1]), RigidShape::Sphere { radius: 0.1 })]);
    for collider in &mut rigid.colliders {
        collider.restitution = 1.0;
    }
    let mut world = world(&rigid, &options());
    let mut highest_after_bounce = 0.0_f32;
    let mut bounced = false;
    for _ in 0..100 {
        world.step(1);
        bounced |= world.linear_velocities()[1][2] > 0.0;
        if bounced {
            highest_after_bounce = highest_after_bounce.max(world.positions()[1][2]);
        }
    }
    assert!(highest_after_bounce > 0.9, "rose to {highest_after_bounce} m only");
    assert!(highest_after_bounce < 1.15, "gained height: {highest_after_bounce} m");
}

fn energy(world: &hyperdust_kernel::rigid::RigidWorld, mass: f32, inertia: f32) -> f32 {
    let square = |v: [f32; 3]| v.iter().map(|x| x * x).sum::<f32>();
    (1..world.len())
        .map(|i| {
            mass * -GRAVITY * world.positions()[i][2]
                + 0.5 * mass * square(world.linear_velocities()[i])
                + 0.5 * inertia * square(world.angular_velocities()[i])
        })
        .sum()
}

#[test]
fn a_resting_stack_never_gains_energy() {
    let mut world = world(&stack(), &options());
    let mass = 125.0;
    let inertia = mass * 0.5 * 0.5 / 6.0;
    let start = energy(&world, mass, inertia);
    for step in 0..1000 {
        world.step(1);
        let now = energy(&world, mass, inertia);
        assert!(now <= start + 1e-3 * start, "{start} J became {now} J in step {step}");
    }
}

#[test]
fn a_stack_of_five_boxes_stands_for_ten_seconds() {
    // Solved from cold at every environment step: once per physics step, and once per five.
    for (timestep, frame_skip) in [(0.01, 1), (0.002, 5), (0.02, 1)] {
        let options = Options { timestep, frame_skip, ..options() };
        let mut world = world(&stack(), &options);
        let env_steps = (10.0 / (timestep * f32::from(frame_skip))).round() as usize;
        for _ in 0..env_steps {
            world.step(frame_skip);
        }
        for (i, p) in world.positions().iter().enumerate().skip(1) {
            let height = 0.25 + 0.5 * (i - 1) as f32;
            let drift = p[0].hypot(p[1]);
            assert!((p[2] - height).abs() < 0.02, "dt {timestep}: box {i} at {} m, not {height} m", p[2]);
            assert!(drift < 0.02, "dt {timestep}: box {i} drifted {drift} m");
            let speed = world.linear_velocities()[i].iter().map(|v| v.abs()).fold(0.0, f32::max);
            assert!(speed < 0.02, "dt {timestep}: box {i} moves at {speed} m/s");
        }
    }
}

#[test]
fn every_shape_comes_to_rest_on_its_own_surface() {
    // A z-long capsule and cylinder stood upright rest on their ends: this fails if the axes are confused.
    let cases = [
        (RigidShape::Sphere { radius: 0.2 }, 0.2),
        (cube(0.2), 0.2),
        (RigidShape::Cylinder { radius: 0.4, half_length: 0.1 }, 0.1),
        (
            RigidShape::Hull {
                points: vec![
                    [0.3, 0.3, -0.1],
                    [-0.3, 0.3, -0.1],
                    [-0.3, -0.3, -0.1],
                    [0.3, -0.3, -0.1],
                    [0.0, 0.0, 0.3],
                ],
            },
            0.1,
        ),
    ];
    for (shape, height) in cases {
        let name = format!("{shape:?}");
        let mut world = world(&on_floor(vec![(body([0.0, 0.0, 0.5]), shape)]), &options());
        for _ in 0..200 {
            world.step(1);
        }
        let z = world.positions()[1][2];
        assert!((z - height).abs() < 0.005, "{name} rests at {z} m, not {height} m");
    }
    // Lying capsule: turned by 90° about x, it rests on its side.
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let lying = RigidBody { orientation: [half, half, 0.0, 0.0], ..body([0.0, 0.0, 0.5]) };
    let mut world = world(&on_floor(vec![(lying, RigidShape::Capsule { radius: 0.1, half_length: 0.5 })]), &options());
    for _ in 0..200 {
        world.step(1);
    }
    assert!((world.positions()[1][2] - 0.1).abs() < 0.005);
}

#[test]
fn a_height_fields_rows_run_along_y_and_its_columns_along_x() {
    // 3 rows × 4 columns over 6 m × 4 m; every column and row has a height of its own.
    let heights: Vec<f32> = (0..12).map(|i| 0.02 * (i % 4) as f32 + 0.3 * (i / 4) as f32).collect();
    let terrain = RigidShape::HeightField { rows: 3, columns: 4, heights: heights.clone(), size: [6.0, 4.0] };
    for row in 0..3 {
        for column in 0..4 {
            let (x, y) = (-3.0 + 2.0 * column as f32, -2.0 + 2.0 * row as f32);
            // A little inwards of the border.
            let (x, y) = (x * 0.98, y * 0.98);
            let mut rigid = on_floor(vec![(body([x, y, 3.0]), RigidShape::Sphere { radius: 0.05 })]);
            rigid.colliders[0] = collider(0, terrain.clone());
            rigid.colliders[1].friction = 1.0;
            // Small steps: nothing stops a ball that passes a surface without thickness within one.
            let mut world = world(&rigid, &Options { timestep: 0.001, ..options() });
            while world.step(1).contacts == 0 {
                assert!(world.positions()[1][2] > -1.0, "row {row} column {column}: fell through");
            }
            let z = world.positions()[1][2] - 0.05;
            let expected = heights[row * 4 + column];
            assert!((z - expected).abs() < 0.04, "row {row} column {column}: touched at {z} m, not {expected} m");
        }
    }
}

#[test]
fn the_velocity_of_a_body_is_that_of_its_origin() {
    // A ball 1 m from the origin of its body, spinning about its own centre: the origin circles it.
    let (mut rigid, options) = in_space(vec![(
        RigidBody { linear_velocity: [0.0, -2.0, 0.0], angular_velocity: [0.0, 0.0, 2.0], ..body([0.0; 3]) },
        RigidShape::Sphere { radius: 0.1 },
    )]);
    rigid.colliders[1].position = [1.0, 0.0, 0.0];
    let mut world = world(&rigid, &options);
    for _ in 0..100 {
        world.step(1);
    }
    // After 1 s the centre is still at (1, 0, 0) and the body is turned by 2 rad.
    let expected = [1.0 - 2.0_f32.cos(), -2.0_f32.sin(), 0.0];
    for (found, expected) in world.positions()[1].iter().zip(expected) {
        assert!((found - expected).abs() < 1e-3, "{:?} instead of {expected:?}", world.positions()[1]);
    }
    let speed = [2.0 * 2.0_f32.sin(), -2.0 * 2.0_f32.cos(), 0.0];
    for (found, expected) in world.linear_velocities()[1].iter().zip(speed) {
        assert!((found - expected).abs() < 1e-3, "{:?} instead of {expected:?}", world.linear_velocities()[1]);
    }
}
