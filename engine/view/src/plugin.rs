//! The plugin: resource, schedule, sets.

use std::{any::TypeId, sync::Arc};

use bevy_app::{App, Plugin};
use bevy_ecs::{
    prelude::*,
    schedule::{LogLevel, ScheduleBuildSettings, ScheduleBuilt, ScheduleLabel, SingleThreadedExecutor, SystemSet},
};
use hyperdust_kernel::{Model, Outcome, World as KernelWorld};

use crate::{bodies, phases};

/// The schedule of one environment step. Run it with [`crate::step`].
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnvStep;

/// The phases of an environment step, in order. The kernel's own system of each is in [`phases`]; order
/// systems before or after it.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepSet {
    /// The action becomes controls.
    Act,
    /// `frame_skip` physics steps, within the budget.
    Physics,
    /// Quantities that terms read; entities of bodies follow.
    Sense,
    /// Reward terms and infos.
    Reward,
    /// Terminations, time limit and the observation.
    End,
}

/// The kernel world with the step that is under way.
#[derive(Resource, Debug)]
pub struct Simulation {
    pub(crate) world: KernelWorld,
    pub(crate) action: Vec<u8>,
    pub(crate) outcome: Option<Outcome>,
    /// The schedule is being built by [`crate::step`] or [`crate::provability`], which have looked at it.
    pub(crate) inspected: bool,
    /// The schedule was, at least once, not only the plugin's.
    pub(crate) attested: bool,
}

impl Simulation {
    /// The world.
    pub fn world(&self) -> &KernelWorld {
        &self.world
    }

    /// The world, to change: what a system does here makes the scene attested.
    pub fn world_mut(&mut self) -> &mut KernelWorld {
        &mut self.world
    }

    /// The action arena of this step, in the layout of [`Model::actions`].
    pub fn action(&self) -> &[u8] {
        &self.action
    }

    /// The action arena, to change before [`phases::act`].
    pub fn action_mut(&mut self) -> &mut [u8] {
        &mut self.action
    }

    /// What the last step gave; none before the first and while one is under way.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }
}

/// Puts a world of `model`, reset with `seed`, into an app.
#[derive(Clone, Debug)]
pub struct HyperdustPlugin {
    /// The compiled scene.
    pub model: Arc<Model>,
    /// Of the first episode.
    pub seed: u64,
}

impl Plugin for HyperdustPlugin {
    fn build(&self, app: &mut App) {
        let mut schedule = Schedule::new(EnvStep);
        schedule
            .set_executor(SingleThreadedExecutor::new())
            .set_build_settings(ScheduleBuildSettings {
                ambiguity_detection: LogLevel::Error,
                hierarchy_detection: LogLevel::Error,
                ..ScheduleBuildSettings::default()
            })
            .configure_sets((StepSet::Act, StepSet::Physics, StepSet::Sense, StepSet::Reward, StepSet::End).chain());
        schedule.add_systems((
            phases::act.in_set(StepSet::Act),
            phases::physics.in_set(StepSet::Physics),
            (phases::sense, bodies::follow).chain().in_set(StepSet::Sense),
            phases::reward.in_set(StepSet::Reward),
            phases::end.in_set(StepSet::End),
        ));
        let simulation = Simulation {
            world: KernelWorld::new(self.model.clone(), self.seed),
            action: vec![0; self.model.actions().size],
            outcome: None,
            inspected: false,
            attested: false,
        };
        bodies::spawn(app.world_mut(), &simulation);
        app.insert_resource(simulation).add_schedule(schedule).add_observer(built);
    }
}

/// A schedule that was built elsewhere may hold conditions, which can be seen only before.
fn built(event: On<ScheduleBuilt>, simulation: Option<ResMut<Simulation>>) {
    if let Some(mut simulation) = simulation
        && event.label == EnvStep.intern()
    {
        simulation.attested |= !simulation.inspected;
    }
}

/// The systems that the plugin itself adds to [`EnvStep`], in the order in which they run.
pub(crate) fn built_in() -> [TypeId; 6] {
    fn id<M>(system: impl IntoSystem<(), (), M>) -> TypeId {
        system.system_type_id()
    }
    [id(phases::act), id(phases::physics), id(phases::sense), id(bodies::follow), id(phases::reward), id(phases::end)]
}
