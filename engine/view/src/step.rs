//! Running the schedule from outside.

use bevy_ecs::{prelude::*, schedule::ScheduleGraph};
use hyperdust_kernel::Outcome;

use crate::{EnvStep, Simulation, bodies, plugin::built_in};

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
    /// Systems of an author's run too, or conditions skip some: companions replay it, no chain can judge it.
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
    let simulation = world.get_resource::<Simulation>();
    let outcome = simulation.and_then(|simulation| simulation.outcome).ok_or(Error::NotEnded)?;
    if outcome.fault.is_some() {
        // One in the last phases put the bodies back after the entities had followed them.
        follow(world)?;
    }
    Ok(outcome)
}

/// Starts an episode and puts the entities where the bodies are; without a seed the random stream goes on.
pub fn reset(world: &mut World, seed: Option<u64>) -> Result<(), Error> {
    let mut simulation = world.get_resource_mut::<Simulation>().ok_or(Error::NoPlugin)?;
    simulation.world.reset(seed);
    simulation.outcome = None;
    follow(world)
}

/// Puts the entities where the bodies are.
fn follow(world: &mut World) -> Result<(), Error> {
    // The system takes no input and cannot fail once its parameters exist.
    world.run_system_cached(bodies::follow).map_err(|error| Error::Schedule(error.to_string()))
}

/// What the schedule makes of the scene. Once attested, it stays so: what an author's system did remains.
pub fn provability(world: &mut World) -> Result<Provability, Error> {
    build(world)?;
    let simulation = world.get_resource::<Simulation>().ok_or(Error::NoPlugin)?;
    Ok(if simulation.attested { Provability::Attested } else { Provability::Provable })
}

/// Builds the schedule where it has changed, and notes whether it is only the plugin's.
fn build(world: &mut World) -> Result<(), Error> {
    world
        .try_schedule_scope(EnvStep, |world, schedule| {
            // Before building: that moves conditions out of sight.
            let conditions = has_conditions(schedule.graph());
            inspect(world, |simulation| simulation.inspected = true);
            let built = schedule.initialize(world).map(|_| ());
            let systems = schedule.systems().is_ok_and(|systems| systems.map(|(_, s)| s.system_type()).eq(built_in()));
            inspect(world, |simulation| {
                simulation.inspected = false;
                simulation.attested |= conditions || !systems;
            });
            built.map_err(|error| Error::Schedule(error.to_string(schedule.graph(), world)))
        })
        .map_err(|_| Error::NoPlugin)?
}

fn inspect(world: &mut World, note: impl FnOnce(&mut Simulation)) {
    if let Some(mut simulation) = world.get_resource_mut::<Simulation>() {
        note(&mut simulation);
    }
}

/// Whether anything that was added since the last build runs only under a condition.
fn has_conditions(graph: &ScheduleGraph) -> bool {
    graph.systems.iter().any(|(_, _, conditions)| !conditions.is_empty())
        || graph.system_sets.iter().any(|(_, _, conditions)| !conditions.is_empty())
}
