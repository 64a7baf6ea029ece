//! Entities of bodies.
//!
//! Transforms are in the kernel's frame: metres, right-handed, z up. A viewer puts its camera, or a parent
//! that turns z into Bevy's y, around them; nothing here depends on it.

use bevy_ecs::prelude::*;
use bevy_math::{Quat, Vec3};
use bevy_transform::components::Transform;
use hyperdust_kernel::render::Pose;

use crate::Simulation;

/// A body of the simulation, by its sensor index: 0 is the world, then the robot's in their authored
/// order, then rigid bodies.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Body(pub u16);

/// One entity per sensor body, at its pose.
pub(crate) fn spawn(world: &mut World, simulation: &Simulation) {
    for (index, pose) in (0..=u16::MAX).zip(simulation.world.bodies()) {
        world.spawn((Body(index), transform(&pose)));
    }
}

/// Entities follow their bodies. Entities that an author despawned are not missed.
pub(crate) fn follow(simulation: Res<Simulation>, mut bodies: Query<(&Body, &mut Transform)>) {
    let poses = simulation.world.bodies();
    // Each body is written on its own: the order of the query does not matter.
    for (body, mut target) in &mut bodies {
        if let Some(pose) = poses.get(usize::from(body.0)) {
            target.set_if_neq(transform(pose));
        }
    }
}

/// The one place where kernel and Bevy numbers meet.
fn transform(pose: &Pose) -> Transform {
    let [w, x, y, z] = pose.orientation;
    Transform { translation: Vec3::from_array(pose.position), rotation: Quat::from_xyzw(x, y, z, w), scale: Vec3::ONE }
}
