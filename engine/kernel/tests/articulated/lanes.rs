//! A world's bits do not depend on how many worlds are computed beside it, nor on what they do.

use hyperdust_kernel::{
    articulated::{Articulated, Solver},
    blueprint::{GeomShape, Integrator, Robot},
};

use crate::arrays::Lanes;
use crate::builder::{Builder, arm, free_ball, options};

/// Everything at once: hinges with ground contact, free balls that collide and fall on the floor, limits.
fn crowd() -> Robot {
    let mut b = Builder::new();
    arm(&mut b);
    b.0.joints[0].limited = true;
    b.0.joints[0].range = [-0.2, 0.8];
    b.0.joints[1].damping = 0.3;
    let balls = [[3.0, 0.0, 0.3], [3.0, 0.01, 0.55]].map(|p| {
        let link = free_ball(&mut b, p);
        b.geom(link, GeomShape::Capsule { radius: 0.1, half_length: 0.05 }, [0.0; 3])
    });
    b.touch(0, balls[0], 3, 0.5, 1.0);
    b.touch(0, balls[1], 1, 0.5, 1.0);
    b.touch(balls[0], balls[1], 3, 0.8, 2.0);
    b.0
}

fn same_bits<const N: usize>(integrator: Integrator) {
    let (robot, o) = (crowd(), options(integrator, 0.002));
    let mut together = Solver::<Lanes<N>>::new(&robot, &o);
    let mut alone: Vec<Articulated> = (0..N).map(|_| Articulated::new(&robot, &o)).collect();
    // Every lane starts elsewhere, so that contacts come and go at different times.
    for (lane, world) in alone.iter_mut().enumerate() {
        for (i, v) in world.qvel_mut().iter_mut().enumerate() {
            *v = ((lane * 7 + i * 3) % 11) as f32 * 0.2 - 1.0;
            together.qvel_mut()[i].0[lane] = *v;
        }
    }
    let mut contacts = 0;
    for step in 0..300 {
        together.advance(&[]);
        for (lane, world) in alone.iter_mut().enumerate() {
            contacts += world.step(&[]).contacts;
            let pairs = world.qpos().iter().zip(together.qpos()).chain(world.qvel().iter().zip(together.qvel()));
            for (x, y) in pairs {
                assert_eq!(x.to_bits(), y.0[lane].to_bits(), "step {step}, lane {lane} of {N}, {integrator:?}");
            }
            for (x, y) in world.warm_start().iter().zip(together.warm()) {
                assert_eq!(*x, y.0[lane], "warm start at step {step}, lane {lane} of {N}");
            }
        }
    }
    assert!(contacts > 300 * N as u32 / 2, "only {contacts} contacts: nothing was tested");
}

#[test]
fn lanes_have_the_bits_of_single_worlds() {
    for integrator in [Integrator::Euler, Integrator::RungeKutta4, Integrator::ExplicitEuler] {
        same_bits::<1>(integrator);
        same_bits::<4>(integrator);
        same_bits::<8>(integrator);
        same_bits::<16>(integrator);
    }
}
