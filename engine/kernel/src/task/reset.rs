//! Randomised initial states: each term draws its numbers in order, one by one.

use crate::articulated::Articulated;
use crate::blueprint::{ResetTarget, ResetTerm};
use crate::rigid::RigidWorld;
use crate::rng::Rng;

/// Applies the terms in order to a robot and bodies in their reference state, then makes quaternions
/// unit and zeros canonical. A term without its target draws nothing: validation refuses it.
pub(crate) fn apply(
    terms: &[ResetTerm],
    rng: &mut Rng,
    mut robot: Option<&mut Articulated>,
    mut rigid: Option<&mut RigidWorld>,
) {
    for term in terms {
        let array = match (term.target, &mut robot, &mut rigid) {
            (ResetTarget::Qpos, Some(robot), _) => robot.qpos_mut(),
            (ResetTarget::Qvel, Some(robot), _) => robot.qvel_mut(),
            (ResetTarget::RigidPosition, _, Some(rigid)) => rigid.positions_mut().as_flattened_mut(),
            (ResetTarget::RigidOrientation, _, Some(rigid)) => rigid.orientations_mut().as_flattened_mut(),
            (ResetTarget::RigidLinearVelocity, _, Some(rigid)) => rigid.linear_velocities_mut().as_flattened_mut(),
            (ResetTarget::RigidAngularVelocity, _, Some(rigid)) => rigid.angular_velocities_mut().as_flattened_mut(),
            _ => continue,
        };
        for x in array.iter_mut().skip(term.start.into()).take(term.len.into()) {
            let drawn = rng.draw(term.distribution);
            *x = if term.add { *x + drawn } else { drawn };
        }
    }
    if let Some(robot) = robot {
        robot.normalize();
        robot.canonicalize();
    }
    if let Some(rigid) = rigid {
        rigid.normalize();
    }
}
