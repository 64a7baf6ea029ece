//! The kernel's phases as systems: anchors for `.before` and `.after`.

use bevy_ecs::prelude::*;

use crate::Simulation;

/// Turns the action into controls.
pub fn act(mut simulation: ResMut<Simulation>) {
    let Simulation { world, action, outcome, .. } = &mut *simulation;
    *outcome = None;
    world.act(action);
}

/// Simulates `frame_skip` physics steps; over budget they are a fault.
pub fn physics(mut simulation: ResMut<Simulation>) {
    simulation.world.physics();
}

/// Measures the quantities that terms read.
pub fn sense(mut simulation: ResMut<Simulation>) {
    simulation.world.sense();
}

/// Computes reward and infos.
pub fn reward(mut simulation: ResMut<Simulation>) {
    simulation.world.reward();
}

/// Decides whether the episode has ended and writes the observation.
pub fn end(mut simulation: ResMut<Simulation>) {
    let outcome = simulation.world.end();
    simulation.outcome = Some(outcome);
}
