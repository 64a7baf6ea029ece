//! Physics and sensing of several worlds of one model at once, in lanes.
//!
//! A pack stands between [`World::act`] and [`World::reward`]: it takes the robots' states into lanes,
//! advances them together, and gives back states and sensed values. The bits are those of
//! [`World::physics`] and [`World::sense`], whatever the width and whoever the neighbours, because the solver is
//! one source over both kinds of number. Worlds with rigid bodies are not packed: Rapier has its own step.

use alloc::{vec, vec::Vec};

use super::{Model, World};
use crate::articulated::Solver;
use crate::error::{Fault, FaultKind};
use crate::math::{Lanes, Real};

/// Room for `N` worlds side by side.
#[derive(Clone, Debug)]
pub struct Pack<const N: usize> {
    solver: Solver<Lanes<N>>,
    controls: Vec<Lanes<N>>,
    sensed: Vec<Lanes<N>>,
}

impl<const N: usize> Pack<N> {
    /// For worlds of `model`; `None` where it has no robot, or rigid bodies.
    pub fn new(model: &Model) -> Option<Self> {
        let robot = model.robot().filter(|_| model.rigid().is_none())?;
        let actuators = model.blueprint().robot.as_ref().map_or(0, |r| r.actuators.len());
        Some(Self {
            solver: Solver::shared(robot.topology()),
            controls: vec![Lanes::default(); actuators],
            sensed: vec![Lanes::default(); model.plan().addresses.len()],
        })
    }

    /// The physics and sense phases of the first `N` worlds of an iterator: worlds of the pack's model that
    /// have acted. A lane without a world, or whose world carries a fault, computes the reference state
    /// and is thrown away.
    pub fn advance<'a>(&mut self, mut worlds: impl Iterator<Item = &'a mut World>) {
        let mut worlds: [Option<&mut World>; N] = core::array::from_fn(|_| worlds.next().filter(|w| w.fault.is_none()));
        let Some(model) = worlds.iter().flatten().next().map(|w| w.model.clone()) else { return };
        for (lane, world) in worlds.iter().enumerate() {
            self.solver.load(lane, world.as_ref().and_then(|w| w.robot.as_ref()));
            for (i, own) in self.controls.iter_mut().enumerate() {
                own.set_lane(lane, world.as_ref().map_or(0.0, |w| w.controls[i]));
            }
        }
        let (options, task) = (&model.blueprint().options, &model.blueprint().task);
        for _ in 0..options.frame_skip {
            self.solver.advance(&self.controls);
            for (lane, world) in worlds.iter_mut().enumerate() {
                let Some(world) = world.as_mut().filter(|w| w.fault.is_none()) else { continue };
                world.cost = world.cost.plus(self.solver.cost(lane));
                if let Some(cap) = world.cost.exceeds(task.budget) {
                    world.fail(Fault::new(FaultKind::BudgetExceeded(cap)));
                }
            }
        }
        let addresses = &model.plan().addresses;
        for (source, start, range) in addresses.of_robot() {
            self.solver.sense(source, start, &mut self.sensed[range]);
        }
        for (lane, world) in worlds.iter_mut().enumerate() {
            let Some(world) = world else { continue };
            world.attempt(|world| {
                if let Some(robot) = &mut world.robot {
                    self.solver.store(lane, robot);
                    robot.canonicalize();
                }
                world.check_state()?;
                for (_, _, range) in addresses.of_robot() {
                    for (value, own) in world.values[range.clone()].iter_mut().zip(&self.sensed[range]) {
                        *value = own.lane(lane);
                    }
                }
                world.measure(true)
            });
        }
    }
}
