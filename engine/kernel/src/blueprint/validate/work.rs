//! How long a step may at worst take. Each count of a blueprint is limited alone; here their product is,
//! so that nobody's bytes can make one step run for hours before a budget is looked at.

use super::{Checked, ensure};
use crate::blueprint::{Blueprint, Integrator, limits};

pub(super) fn check(blueprint: &Blueprint) -> Checked {
    let options = &blueprint.options;
    let steps = u64::from(options.frame_skip);
    if let Some(robot) = &blueprint.robot {
        let stages = if options.integrator == Integrator::RungeKutta4 { 4 } else { 1 };
        let solves = u64::from(options.iterations) + 1;
        let (dofs, rows) = (robot.nv() as u64, 8 * robot.pairs.len() as u64 + 2 * robot.joints.len() as u64);
        // One solve: a factorisation, and each row's outer product.
        let work = steps * stages * solves * (dofs * dofs * dofs / 6 + rows * dofs * dofs / 2);
        ensure(
            work <= limits::ROBOT_WORK,
            "robot",
            format_args!(
                "at worst {work} operations a step (frame_skip x stages x (iterations + 1) x size of a solve)"
            ),
            format_args!("at most {}: fewer iterations, physics steps or pairs", limits::ROBOT_WORK),
        )?;
    }
    if let Some(rigid) = &blueprint.rigid {
        let moving = rigid.bodies.iter().filter(|b| !b.fixed).count() as u64;
        let pairs = moving * rigid.colliders.len() as u64;
        ensure(
            pairs <= limits::RIGID_PAIRS,
            "rigid",
            format_args!("{pairs} (moving bodies x colliders)"),
            format_args!("at most {}", limits::RIGID_PAIRS),
        )?;
        let work = steps * u64::from(options.rigid_iterations) * pairs;
        ensure(
            work <= limits::RIGID_WORK,
            "rigid",
            format_args!("{work} (frame_skip x rigid_iterations x moving bodies x colliders)"),
            format_args!("at most {}", limits::RIGID_WORK),
        )?;
    }
    Ok(())
}
