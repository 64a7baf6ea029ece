//! A compiled blueprint: immutable, shared by all worlds of a scene.

use alloc::string::String;
use alloc::sync::Arc;

use crate::articulated::Articulated;
use crate::blueprint::{Blueprint, BlueprintId};
use crate::error::Error;
use crate::layout::Layout;
use crate::rigid::RigidWorld;
use crate::task::Plan;

/// A valid blueprint, its id, its task compiled, and its solvers in their reference state to clone from.
pub struct Model {
    blueprint: Blueprint,
    id: BlueprintId,
    plan: Plan,
    robot: Option<Articulated>,
    rigid: Option<RigidWorld>,
}

impl Model {
    /// Validates and compiles.
    pub fn new(blueprint: Blueprint) -> Result<Arc<Self>, Error> {
        let blueprint = blueprint.validated()?;
        Ok(Arc::new(Self {
            id: blueprint.id()?,
            plan: Plan::new(&blueprint)?,
            robot: blueprint.robot.as_ref().map(|robot| Articulated::new(robot, &blueprint.options)),
            rigid: blueprint.rigid.as_ref().map(|rigid| RigidWorld::new(rigid, &blueprint.options)),
            blueprint,
        }))
    }

    /// What was compiled, with canonical zeros.
    pub fn blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// Its name.
    pub fn id(&self) -> BlueprintId {
        self.id
    }

    /// Layout of the bytes that [`crate::World::step`] takes.
    pub fn actions(&self) -> &Layout {
        &self.plan.actions
    }

    /// Layout of the bytes that [`crate::World::observation`] gives.
    pub fn observations(&self) -> &Layout {
        &self.plan.observations
    }

    /// Names of [`crate::World::info`]: `reward_<term>` for each reward term, then the info terms.
    pub fn info_names(&self) -> &[String] {
        &self.plan.info_names
    }

    /// Sensor number of the first rigid body.
    pub(crate) fn first_rigid_body(&self) -> usize {
        1 + self.blueprint.robot.as_ref().map_or(0, |r| r.bodies.len())
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(crate) fn robot(&self) -> Option<&Articulated> {
        self.robot.as_ref()
    }

    pub(crate) fn rigid(&self) -> Option<&RigidWorld> {
        self.rigid.as_ref()
    }
}

impl core::fmt::Debug for Model {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Model").field("id", &self.id).finish_non_exhaustive()
    }
}
