//! Running the schedule from outside.

use bevy_ecs::prelude::*;
use hyperdust_kernel::Outcome;

use crate::{EnvStep, Simulation, bodies, plugin::BUILT_IN_SYSTEMS};

/// Why a step could not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The app has no simulation.
    #[error("there is no simulation: add HyperdustPlugin to the app")]
    NoPlugin,
    /// The schedule cannot be built: a cycle, or systems that conflict without an order.
    #[error("the EnvStep schedule cannot be built; order the systems with .before and .after: {0}")]
    Schedule(String),
    /// The action has the wrong length.
    #[error("action arena has {found} bytes, accepted are {expected}")]
    ActionLength {
        /// Given.
        found: usize,
        /// Accepted.
        expected: usize,
    },
    /// A system removed the simulation, or skipped [`crate::phases::end`].
    #[error("a system kept the step from ending")]
    NotEnded,
}

/// Whether a lie about a scene can be shown on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provability {
    /// Data only: the kernel alone decides every byte.
    Provable,
    /// Systems of an author's run too: companions replay it, no chain can judge it.
    Attested,
}

/// One environment step with an action arena of the model's layout.
pub fn step(world: &mut World, action: &[u8]) -> Result<Outcome, Error> {
    build(world)?;
    {
        let mut simulation = world.get_resource_mut::<Simulation>().ok_or(Error::NoPlugin)?;
        let expected = simulation.action.len();
        if action.len() != expected {
            return Err(Error::ActionLength { found: action.len(), expected });
        }
        simulation.action.copy_from_slice(action);
    }
    world.run_schedule(EnvStep);
    world.get_resource::<Simulation>().and_then(|simulation| simulation.outcome).ok_or(Error::NotEnded)
}

/// Starts an episode and puts the entities where the bodies are; without a seed the random stream goes on.
pub fn reset(world: &mut World, seed: Option<u64>) -> Result<(), Error> {
    let mut simulation = world.get_resource_mut::<Simulation>().ok_or(Error::NoPlugin)?;
    simulation.world.reset(seed);
    simulation.outcome = None;
    // The system takes no input and cannot fail once its parameters exist.
    world.run_system_cached(bodies::follow).map_err(|error| Error::Schedule(error.to_string()))
}

/// What the systems of the schedule make of the scene.
pub fn provability(world: &mut World) -> Result<Provability, Error> {
    let systems = build(world)?;
    Ok(if systems == BUILT_IN_SYSTEMS { Provability::Provable } else { Provability::Attested })
}

/// Builds the schedule where it has changed; the number of its systems.
fn build(world: &mut World) -> Result<usize, Error> {
    world
        .try_schedule_scope(EnvStep, |world, schedule| match schedule.initialize(world) {
            Ok(_) => Ok(schedule.systems_len()),
            Err(error) => Err(Error::Schedule(error.to_string(schedule.graph(), world))),
        })
        .map_err(|_| Error::NoPlugin)?
}
