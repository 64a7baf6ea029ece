//! The robot solver against mechanics that can be written down.
//!
//! What the `mujoco` package is to whole robots (see `python/tests/test_mujoco_oracle.py`), closed forms
//! are to its parts: periods, parabolas, conserved quantities, friction and limits.

use hyperdust_kernel::{
    articulated::Articulated,
    blueprint::{GeomShape, Integrator, JointKind, Source},
};

use crate::builder::{Builder, arm, free_ball, joint, options};

#[test]
fn a_pendulum_has_the_period_of_the_elliptic_integral() {
    // Rod of length 1 m, 1 kg, released at 1 rad. T = 2π √(I / m g c) / AGM(1, cos(θ₀/2)).
    let mut b = Builder::new();
    b.link(
        0,
        [0.0; 3],
        1.0,
        [0.0, 0.0, -0.5],
        [1.0 / 12.0, 1.0 / 12.0, 1e-4],
        &[joint(JointKind::Hinge, [0.0, 1.0, 0.0])],
    );
    let step = 0.001;
    let mut robot = b.build(&options(Integrator::RungeKutta4, step));
    robot.qpos_mut()[0] = 1.0;
    let (mut agm, mut geometric) = (1.0f64, 0.5f64.cos());
    for _ in 0..6 {
        (agm, geometric) = (0.5 * (agm + geometric), (agm * geometric).sqrt());
    }
    let period = core::f64::consts::TAU * ((1.0 / 3.0) / (9.81 * 0.5f64)).sqrt() / agm;
    let mut crossings = Vec::new();
    for i in 0..5000 {
        let before = robot.qpos()[0];
        robot.step(&[]);
        let after = robot.qpos()[0];
        if before > 0.0 && after <= 0.0 {
            crossings.push((f64::from(i) + f64::from(before / (before - after))) * f64::from(step));
        }
    }
    let measured = (crossings[2] - crossings[0]) / 2.0;
    assert!((measured / period - 1.0).abs() < 2e-5, "{measured} s, closed form {period} s");
}

#[test]
fn a_thrown_body_flies_on_the_discrete_parabola() {
    let (h, n) = (0.002f32, 500);
    let t = f64::from(h) * f64::from(n);
    for (integrator, fall) in [
        (Integrator::RungeKutta4, 0.5 * 9.81 * t * t),
        (Integrator::Euler, 0.5 * 9.81 * f64::from(h).powi(2) * f64::from(n) * f64::from(n + 1)),
        (Integrator::ExplicitEuler, 0.5 * 9.81 * f64::from(h).powi(2) * f64::from(n) * f64::from(n - 1)),
    ] {
        let mut b = Builder::new();
        free_ball(&mut b, [0.0, 0.0, 10.0]);
        let mut robot = b.build(&options(integrator, h));
        robot.qvel_mut()[..3].copy_from_slice(&[3.0, -1.0, 2.0]);
        robot.qvel_mut()[3..].copy_from_slice(&[1.0, 2.0, 3.0]);
        for _ in 0..n {
            robot.step(&[]);
        }
        let expected = [3.0 * t, -t, 10.0 + 2.0 * t - fall];
        for (q, e) in robot.qpos().iter().zip(expected) {
            assert!((f64::from(*q) - e).abs() < 3e-4, "{integrator:?}: {q} for {e}");
        }
    }
}

#[test]
fn a_free_body_keeps_its_energy_and_angular_momentum() {
    // An asymmetric top tumbling about its middle axis, without gravity.
    let mut b = Builder::new();
    b.link(0, [0.0; 3], 2.0, [0.0; 3], [0.01, 0.03, 0.035], &[joint(JointKind::Free, [0.0, 0.0, 1.0])]);
    let mut o = options(Integrator::RungeKutta4, 0.001);
    o.gravity = [0.0; 3];
    let mut robot = b.build(&o);
    robot.qvel_mut()[3..].copy_from_slice(&[0.05, 6.0, 0.05]);
    robot.refresh();
    let measure = |robot: &Articulated| {
        let mut w = [0.0; 3];
        robot.sense(Source::BodyAngularVelocity, 3, &mut w);
        let mut inertia = [0.0; 10];
        robot.sense(Source::BodyInertia, 10, &mut inertia);
        let [xx, yy, zz, xy, xz, yz, ..] = inertia;
        let l =
            [xx * w[0] + xy * w[1] + xz * w[2], xy * w[0] + yy * w[1] + yz * w[2], xz * w[0] + yz * w[1] + zz * w[2]];
        let energy = 0.5 * (l[0] * w[0] + l[1] * w[1] + l[2] * w[2]);
        (l, energy)
    };
    let (l0, e0) = measure(&robot);
    for _ in 0..5000 {
        robot.step(&[]);
    }
    robot.refresh();
    let (l1, e1) = measure(&robot);
    assert!((e1 / e0 - 1.0).abs() < 1e-3, "energy {e0} J became {e1} J");
    let drift = (0..3).map(|i| (l1[i] - l0[i]).powi(2)).sum::<f32>().sqrt();
    let size = l0.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!(drift < 2e-3 * size, "angular momentum {l0:?} became {l1:?}");
}

#[test]
fn a_double_pendulum_keeps_its_energy() {
    let mut b = Builder::new();
    let hinge = || joint(JointKind::Hinge, [0.0, 1.0, 0.0]);
    let inertia = [1.0 / 12.0, 1.0 / 12.0, 1e-4];
    let first = b.link(0, [0.0; 3], 1.0, [0.0, 0.0, -0.5], inertia, &[hinge()]);
    b.link(first, [0.0, 0.0, -1.0], 1.0, [0.0, 0.0, -0.5], inertia, &[hinge()]);
    let mut robot = b.build(&options(Integrator::RungeKutta4, 0.001));
    robot.qpos_mut().copy_from_slice(&[2.0, -1.0]);
    let energy = |robot: &mut Articulated| {
        robot.refresh();
        let mut total = 0.0;
        for body in 1..=2usize {
            let (mut x, mut v, mut w, mut r) = ([0.0; 3], [0.0; 3], [0.0; 3], [0.0; 4]);
            robot.sense(Source::BodyPosition, 3 * body, &mut x);
            robot.sense(Source::BodyLinearVelocity, 3 * body, &mut v);
            robot.sense(Source::BodyAngularVelocity, 3 * body, &mut w);
            robot.sense(Source::BodyOrientation, 4 * body, &mut r);
            // The rod's centre is half a metre below its frame, turned by the body's angle about y.
            let angle = 2.0 * f64::from(r[2]).atan2(f64::from(r[0]));
            let down = [-0.5 * angle.sin(), -0.5 * angle.cos()];
            let (wy, vx, vz) = (f64::from(w[1]), f64::from(v[0]), f64::from(v[2]));
            let (cx, cz) = (vx + wy * down[1], vz - wy * down[0]);
            total += 0.5 * (cx * cx + cz * cz) + 0.5 / 12.0 * wy * wy + 9.81 * (f64::from(x[2]) + down[1]);
        }
        total
    };
    let before = energy(&mut robot);
    for _ in 0..5000 {
        robot.step(&[]);
    }
    let after = energy(&mut robot);
    assert!((after - before).abs() < 5e-3, "{before} J became {after} J");
}

/// A 1 kg body that can only translate, on a floor; gravity is tilted by `angle` instead of the floor.
fn block_on_slope(angle: f32, friction: f32) -> Articulated {
    let mut b = Builder::new();
    let slides = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|axis| joint(JointKind::Slide, axis));
    let floor = b.geom(0, GeomShape::Plane, [0.0; 3]);
    let block = b.link(0, [0.0, 0.0, 0.1], 1.0, [0.0; 3], [0.004; 3], &slides);
    let ball = b.geom(block, GeomShape::Sphere { radius: 0.1 }, [0.0; 3]);
    b.touch(floor, ball, 3, friction, 1.0);
    let mut o = options(Integrator::Euler, 0.002);
    o.gravity = [9.81 * angle.sin(), 0.0, -9.81 * angle.cos()];
    b.build(&o)
}

#[test]
fn friction_holds_below_the_threshold_and_slides_above() {
    let friction = 0.5f32;
    let threshold = friction.atan();
    let mut held = block_on_slope(threshold * 0.9, friction);
    let mut slid = block_on_slope(threshold * 1.5, friction);
    for _ in 0..500 {
        held.step(&[]);
        slid.step(&[]);
    } // one second
    // Soft friction creeps; it does not accelerate.
    let creep = held.qvel()[0];
    for _ in 0..500 {
        held.step(&[]);
    }
    assert!(
        creep.abs() < 0.05 && (held.qvel()[0] - creep).abs() < 1e-4,
        "creeps at {creep} m/s, then {}",
        held.qvel()[0]
    );
    // Soft pyramids lift a sliding body a little, so its friction is not Coulomb's to the digit.
    let angle = threshold * 1.5;
    let acceleration = slid.qvel()[0];
    let coulomb = 9.81 * (angle.sin() - friction * angle.cos());
    assert!((acceleration / coulomb - 1.0).abs() < 0.05, "{acceleration} m/s², Coulomb {coulomb} m/s²");
}

#[test]
fn a_pushed_joint_rests_at_its_limit() {
    let mut b = Builder::new();
    let mut slide = joint(JointKind::Slide, [0.0, 0.0, 1.0]);
    slide.limited = true;
    slide.range = [-0.3, 0.4];
    b.link(0, [0.0; 3], 1.0, [0.0; 3], [0.01; 3], &[slide]);
    let mut robot = b.build(&options(Integrator::Euler, 0.002));
    let mut deepest = 0.0f32;
    for _ in 0..2000 {
        robot.step(&[]);
        deepest = deepest.min(robot.qpos()[0]);
    }
    let rest = robot.qpos()[0];
    assert!(robot.qvel()[0].abs() < 1e-5, "still moves at {} m/s", robot.qvel()[0]);
    assert!((-0.31..-0.3).contains(&rest), "rests at {rest} m, limit -0.3 m");
    assert!(deepest > -0.35, "went through its limit to {deepest} m");
}

#[test]
fn a_collision_keeps_momentum() {
    let mut b = Builder::new();
    let balls = [[-1.0, 0.0, 0.0], [0.0, 0.05, 0.02]].map(|p| {
        let link = free_ball(&mut b, p);
        b.geom(link, GeomShape::Sphere { radius: 0.1 }, [0.0; 3])
    });
    b.touch(balls[0], balls[1], 3, 0.8, 2.0);
    let mut o = options(Integrator::Euler, 0.001);
    o.gravity = [0.0; 3];
    let mut robot = b.build(&o);
    robot.qvel_mut()[0] = 2.0;
    let mut contacts = 0;
    for _ in 0..1000 {
        contacts += robot.step(&[]).contacts;
    }
    let v = robot.qvel();
    assert!(contacts > 5, "the balls never met");
    assert!((v[0] - 2.0).abs() > 0.1, "nothing happened to the first ball");
    for (axis, expected) in [2.0, 0.0, 0.0].into_iter().enumerate() {
        let total = v[axis] + v[6 + axis];
        assert!((total - expected).abs() < 1e-5, "momentum {total} along {axis}, was {expected}");
    }
}

#[test]
fn trees_that_do_not_touch_do_not_disturb_each_other() {
    // The second world needs the dense factorisation; the arm's part of it must come out the same.
    let o = options(Integrator::Euler, 0.002);
    let mut alone = Builder::new();
    arm(&mut alone);
    let mut alone = alone.build(&o);
    let mut crowd = Builder::new();
    arm(&mut crowd);
    let balls = [[3.0, 0.0, 5.0], [3.0, 0.01, 5.19]].map(|p| {
        let link = free_ball(&mut crowd, p);
        crowd.geom(link, GeomShape::Sphere { radius: 0.1 }, [0.0; 3])
    });
    crowd.touch(balls[0], balls[1], 3, 0.8, 2.0);
    let mut crowd = crowd.build(&o);
    let mut coupled = 0;
    for i in 0..100 {
        coupled += u32::from(crowd.step(&[]).contacts > alone.step(&[]).contacts);
        for (x, y) in alone.qvel().iter().zip(crowd.qvel()) {
            assert!((x - y).abs() < 1e-4, "step {i}: {:?} and {:?}", alone.qvel(), &crowd.qvel()[..2]);
        }
    }
    assert!(coupled > 5, "the balls met in {coupled} steps only");
}

#[test]
fn nothing_finite_is_reported_and_a_nan_is() {
    let mut b = Builder::new();
    free_ball(&mut b, [0.0, 0.0, 1.0]);
    let mut robot = b.build(&options(Integrator::Euler, 0.002));
    assert_eq!(robot.non_finite(), None);
    robot.qvel_mut()[4] = f32::NAN;
    assert_eq!(robot.non_finite(), Some(1));
}
