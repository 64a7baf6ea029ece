//! Steps of several worlds of one model at once, in lanes.
//!
//! A pack does what follows [`World::act`]: it takes the worlds' states into lanes, and physics, sensing, rewards,
//! endings and observations are computed together. The bits are those of the single phases, whatever the width
//! and whoever the neighbours, because all of it is one source over both kinds of number. A lane in which anything is not
//! finite or over budget is not taken over: its world, which still is where it was, goes through the
//! phases alone and finds the fault there. Worlds with rigid bodies are not packed: Rapier has its own step.

use alloc::sync::Arc;
use alloc::{vec, vec::Vec};

use super::{Model, World};
use crate::articulated::{Solver, Topology};
use crate::math::{Mask, Real};
use crate::task::{Cost, Own, Results};

/// Most lanes that a number may have.
const MAX_LANES: usize = 16;

/// Room for [`Real::LANES`] worlds side by side, at most 16.
#[derive(Clone, Debug)]
pub struct Pack<T: Real> {
    model: Arc<Model>,
    solver: Solver<T>,
    controls: Vec<T>,
    values: Vec<T>,
    results: Results<T>,
    /// Contacts and rows of every physics step.
    costs: Vec<[T; 2]>,
    /// Lanes in which everything is finite.
    finite: T::Mask,
}

impl<T: Real> Pack<T> {
    /// For worlds of `model`; `None` where it has no robot, or rigid bodies.
    pub fn new(model: &Arc<Model>) -> Option<Self> {
        const { assert!(T::LANES <= MAX_LANES) };
        let robot = model.robot().filter(|_| model.rigid().is_none())?;
        let actuators = model.blueprint().robot.as_ref().map_or(0, |r| r.actuators.len());
        Some(Self {
            // Its own copy: the count of a shared one would be written by every thread at every step.
            solver: Solver::shared(Arc::new(Topology::clone(&robot.topology()))),
            controls: vec![T::zero(); actuators],
            values: vec![T::zero(); model.plan().addresses.len()],
            results: Results::new(model.plan()),
            costs: vec![[T::zero(); 2]; model.blueprint().options.frame_skip.into()],
            finite: T::Mask::splat(true),
            model: model.clone(),
        })
    }

    /// All that is left of a step of the first `LANES` worlds of an iterator: worlds of the pack's model that have
    /// acted. `compute` is to call [`Self::compute`], and may do so from code for a wider instruction set.
    pub fn step<'a>(&mut self, mut worlds: impl Iterator<Item = &'a mut World>, compute: impl FnOnce(&mut Self)) {
        let packed: [Option<&mut World>; MAX_LANES] =
            core::array::from_fn(
                |lane| if lane < T::LANES { worlds.next().filter(|w| w.fault.is_none()) } else { None },
            );
        if packed.iter().flatten().next().is_none() {
            return;
        }
        for lane in 0..T::LANES {
            self.load(lane, packed[lane].as_deref());
        }
        compute(self);
        for (lane, world) in packed.into_iter().enumerate() {
            if let Some(world) = world
                && !self.store(lane, world)
            {
                world.physics();
                world.sense();
                world.reward();
                world.end();
            }
        }
    }

    /// The part of [`Self::step`] that is arithmetic: always inlined, so that it is compiled for the
    /// instruction set of the function that calls it.
    #[inline(always)]
    pub fn compute(&mut self) {
        for cost in &mut self.costs {
            self.solver.advance(&self.controls);
            *cost = self.solver.counts();
        }
        let plan = self.model.plan();
        let state = self.solver.canonicalize();
        let values = plan.addresses.sense_lanes(&self.solver, &mut self.values);
        let [reward, infos] = plan.reward(&self.values, &mut self.results);
        let [endings, observation] = plan.end(&self.values, &mut self.results);
        self.finite = state.and(values).and(reward).and(infos).and(endings).and(observation);
    }

    /// A lane without a world computes the reference state, which nobody reads.
    fn load(&mut self, lane: usize, world: Option<&World>) {
        self.solver.load(lane, world.and_then(|w| w.robot.as_ref()));
        let Some(world) = world else { return };
        for (own, &control) in self.controls.iter_mut().zip(&world.controls) {
            own.set_lane(lane, control);
        }
        let addresses = &self.model.plan().addresses;
        let own =
            Own { action: &world.action_numbers, controls: &world.controls, time: world.time(), steps: world.steps };
        addresses.load(&own, addresses.previous(&world.values), lane, &mut self.values);
    }

    /// Gives a lane's step to its world; false (and nothing changes) if it has a fault.
    fn store(&self, lane: usize, world: &mut World) -> bool {
        let budget = self.model.blueprint().task.budget;
        let mut cost = world.cost;
        for [contacts, rows] in &self.costs {
            cost = cost.plus(Cost::of(contacts.lane(lane), rows.lane(lane)));
        }
        if !self.finite.lane(lane) || cost.exceeds(budget).is_some() {
            return false;
        }
        world.cost = cost;
        if let Some(robot) = &mut world.robot {
            self.solver.store(lane, robot);
        }
        let plan = self.model.plan();
        plan.addresses.turn_lane(&self.values, lane, &mut world.values);
        world.reward = self.results.reward.lane(lane);
        for (info, own) in world.info.iter_mut().zip(&self.results.info) {
            *info = own.lane(lane);
        }
        plan.observe(&self.results, lane, world.observation.bytes_mut());
        world.conclude(self.results.terminated.lane(lane), self.results.truncated.lane(lane));
        true
    }
}
