//! A running world: reset, step, and what can be read in between.
//!
//! A step is act → physics × frame_skip → sense → reward → end, and it is a transaction: either all of
//! it is finite and becomes the state, or the world keeps the state and observation it had and carries a
//! [`Fault`], with which every further step answers until the next reset. So **every float of a
//! world is finite and has a canonical zero, always**. After its first steps a robot allocates nothing.

mod access;
mod copy;
mod model;
mod pack;
mod undo;

pub use model::Model;
pub use pack::Pack;

use alloc::sync::Arc;
use alloc::{vec, vec::Vec};

use crate::arena::Arena;
use crate::articulated::Articulated;
use crate::error::{Fault, FaultKind};
use crate::rigid::RigidWorld;
use crate::rng::Rng;
use crate::task::{self, Cost, Own, Results, Sensed};

/// What a step gives back; observation and info are read from the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Weighted sum of the reward terms; 0 where a fault cut the step off.
    pub reward: f32,
    /// The task ended the episode.
    pub terminated: bool,
    /// The episode was cut off: time limit, a truncating condition, or a fault.
    pub truncated: bool,
    /// `truncated` for no other reason than the time limit: for callers that keep a limit of their own.
    pub timed_out: bool,
    /// Why the step could not be simulated.
    pub fault: Option<Fault>,
}

/// A running world. See the module documentation.
pub struct World {
    pub(crate) model: Arc<Model>,
    pub(crate) robot: Option<Articulated>,
    pub(crate) rigid: Option<RigidWorld>,
    pub(crate) rng: Rng,
    pub(crate) steps: u32,
    pub(crate) fault: Option<Fault>,
    pub(crate) terminated: bool,
    pub(crate) truncated: bool,
    pub(crate) reward: f32,
    pub(crate) cost: Cost,
    /// Bytes of the last action if it had the right length; empty after a reset.
    pub(crate) action: Vec<u8>,
    /// Hash of the last action if it had not.
    pub(crate) odd_action: Option<[u8; 32]>,
    /// The last accepted action as numbers, before clamping.
    pub(crate) action_numbers: Vec<f32>,
    pub(crate) controls: Vec<f32>,
    /// See [`task::quantities`]: only the *previous* part is state.
    pub(crate) values: Vec<f32>,
    pub(crate) info: Vec<f32>,
    pub(crate) observation: Arena,
    /// See [`Outcome::timed_out`]; of the last step, no part of the state.
    pub(crate) timed_out: bool,
    results: Results<f32>,
    /// What physics changes, as it was before the step.
    before: undo::Before,
}

impl World {
    /// A world of `model`, reset with `seed`.
    pub fn new(model: Arc<Model>, seed: u64) -> Self {
        let plan = model.plan();
        let info = vec![0.0; plan.info_names.len()];
        let observation = Arena::new(&plan.observations);
        let mut world = Self {
            robot: model.robot().cloned(),
            rigid: model.rigid().cloned(),
            rng: Rng::new(seed),
            steps: 0,
            fault: None,
            terminated: false,
            truncated: false,
            reward: 0.0,
            cost: Cost::default(),
            action: Vec::with_capacity(plan.actions.size),
            odd_action: None,
            action_numbers: vec![0.0; plan.action_elements],
            controls: vec![0.0; model.blueprint().robot.as_ref().map_or(0, |r| r.actuators.len())],
            values: vec![0.0; plan.addresses.len()],
            timed_out: false,
            results: Results::new(plan),
            before: undo::Before::default(),
            info,
            observation,
            model,
        };
        world.save();
        world.reset(None);
        world
    }

    /// What it is a world of.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// A new episode from a randomised initial state. With a seed the random stream starts again, without
    /// one it goes on. A world whose very first observation is not finite comes out with a fault.
    pub fn reset(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed {
            self.rng = Rng::new(seed);
        }
        let model = Arc::clone(&self.model);
        if let Some(robot) = &mut self.robot {
            robot.reset_state();
        }
        if let Some(rigid) = &mut self.rigid {
            rigid.reset_state();
        }
        task::apply_resets(&model.blueprint().task.resets, &mut self.rng, self.robot.as_mut(), self.rigid.as_mut());
        if let Some(robot) = &mut self.robot {
            robot.refresh();
        }
        self.steps = 0;
        self.cost = Cost::default();
        self.action.clear();
        self.odd_action = None;
        self.action_numbers.fill(0.0);
        model.plan().drive.rest(&mut self.controls);
        self.info.fill(0.0);
        self.observation.bytes_mut().fill(0);
        self.begin();
        if self.fault.is_some() {
            // Nothing finite came before: fall back on the blueprint's own state.
            if let Some(robot) = &mut self.robot {
                robot.reset_state();
                robot.canonicalize();
                robot.refresh();
            }
            if let Some(rigid) = &mut self.rigid {
                rigid.reset_state();
            }
            model.plan().addresses.previous_mut(&mut self.values).fill(0.0);
        }
    }

    /// Flags, previous values, infos and observation of a state that no step led to.
    fn begin(&mut self) {
        self.fault = None;
        self.terminated = false;
        self.truncated = false;
        self.timed_out = false;
        self.reward = 0.0;
        if let Err(fault) = self.observe_start() {
            self.fault = Some(fault);
            self.truncated = true;
        }
    }

    fn observe_start(&mut self) -> Result<(), Fault> {
        self.check_state()?;
        self.measure()?;
        let model = Arc::clone(&self.model);
        let plan = model.plan();
        plan.addresses.turn(&mut self.values);
        // Neither a reward nor an ending belongs to it, whatever their terms come to.
        let [_, infos] = plan.reward(&self.values, &mut self.results);
        check(infos, FaultKind::InfoNotFinite)?;
        let [_, observation] = plan.end(&self.values, &mut self.results);
        check(observation, FaultKind::ObservationNotFinite)?;
        self.results.info[..plan.reward_terms()].fill(0.0);
        self.publish();
        Ok(())
    }

    /// One environment step: [`World::act`], [`World::physics`], [`World::sense`], [`World::reward`],
    /// [`World::end`]. `action` is an arena of [`Model::actions`]; any other bytes, and numbers that are not
    /// finite, are a fault. Goes on simulating after an episode ended, unless it ended in a fault.
    pub fn step(&mut self, action: &[u8]) -> Outcome {
        self.act(action);
        self.physics();
        self.sense();
        self.reward();
        self.end()
    }

    /// First phase: the action becomes controls.
    ///
    /// The phases are for those who put something between them, and are meant to be called in order, each
    /// once. Nothing that can be read from outside is of this step before [`World::end`], except the
    /// robot's and the bodies' state. After a fault the rest does nothing.
    pub fn act(&mut self, action: &[u8]) {
        self.remember(action);
        if self.fault.is_some() {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        self.cost = Cost::default();
        self.timed_out = false;
        let Self { model, action_numbers, controls, .. } = self;
        let (plan, task) = (model.plan(), &model.blueprint().task);
        if let Err(fault) = plan.drive.apply(&task.actions, &plan.actions, action, action_numbers, controls) {
            self.stop(fault);
        }
    }

    /// Second phase: `frame_skip` physics steps.
    pub fn physics(&mut self) {
        if self.fault.is_none() {
            self.save();
        }
        self.attempt(Self::simulate);
    }

    /// Third phase: the quantities that terms read.
    pub fn sense(&mut self) {
        self.attempt(Self::measure);
    }

    /// Fourth phase: reward terms, their sum, and infos.
    pub fn reward(&mut self) {
        let model = Arc::clone(&self.model);
        self.attempt(|world| {
            let [reward, infos] = model.plan().reward(&world.values, &mut world.results);
            check(reward, FaultKind::RewardNotFinite)?;
            check(infos, FaultKind::InfoNotFinite)
        });
    }

    /// Last phase: endings, the time limit and the observation; then the step is what is read.
    pub fn end(&mut self) -> Outcome {
        let model = Arc::clone(&self.model);
        let plan = model.plan();
        self.attempt(|world| {
            let [endings, observation] = plan.end(&world.values, &mut world.results);
            check(endings, FaultKind::TerminationNotFinite)?;
            check(observation, FaultKind::ObservationNotFinite)?;
            // From here on nothing can fail.
            plan.addresses.turn(&mut world.values);
            world.reward = world.results.reward;
            world.conclude(world.results.terminated, world.results.truncated);
            world.publish();
            Ok(())
        });
        self.outcome()
    }

    /// The task's endings and the time limit.
    fn conclude(&mut self, terminated: bool, truncated: bool) {
        let limit = self.model.blueprint().task.max_episode_steps;
        self.terminated = terminated;
        self.truncated = truncated || (limit != 0 && self.steps >= limit);
        self.timed_out = self.truncated && !truncated;
    }

    /// Of the last step.
    pub fn outcome(&self) -> Outcome {
        let Self { reward, terminated, truncated, timed_out, fault, .. } = *self;
        Outcome { reward, terminated, truncated, timed_out, fault }
    }

    /// A part of a step, unless an earlier one failed.
    fn attempt(&mut self, part: impl FnOnce(&mut Self) -> Result<(), Fault>) {
        if self.fault.is_none()
            && let Err(fault) = part(self)
        {
            self.undo();
            self.stop(fault);
        }
    }

    fn simulate(&mut self) -> Result<(), Fault> {
        let model = Arc::clone(&self.model);
        let (options, budget) = (&model.blueprint().options, model.blueprint().task.budget);
        if let Some(robot) = &mut self.robot {
            for _ in 0..options.frame_skip {
                self.cost = self.cost.plus(robot.step(&self.controls));
                if let Some(cap) = self.cost.exceeds(budget) {
                    return Err(Fault::new(FaultKind::BudgetExceeded(cap)));
                }
            }
            robot.canonicalize();
        }
        if let Some(rigid) = &mut self.rigid {
            let before = self.cost;
            let spent = rigid.step_while(options.frame_skip, |spent| before.plus(spent).exceeds(budget).is_none());
            self.cost = before.plus(spent);
            if let Some(cap) = self.cost.exceeds(budget) {
                return Err(Fault::new(FaultKind::BudgetExceeded(cap)));
            }
        }
        self.check_state()
    }

    fn check_state(&self) -> Result<(), Fault> {
        let of_robot = self.robot.as_ref().and_then(Articulated::non_finite);
        let of_rigid = || {
            let body = self.rigid.as_ref().and_then(RigidWorld::non_finite)?;
            u16::try_from(self.model.first_rigid_body() + body).ok()
        };
        match of_robot.or_else(of_rigid) {
            Some(body) => Err(Fault::of_body(FaultKind::StateNotFinite, Some(body))),
            None => Ok(()),
        }
    }

    /// Reads all quantities.
    fn measure(&mut self) -> Result<(), Fault> {
        let sensed = Sensed {
            robot: self.robot.as_ref(),
            rigid: self.rigid.as_ref(),
            own: Own { action: &self.action_numbers, controls: &self.controls, time: self.time(), steps: self.steps },
        };
        self.model.plan().addresses.sense(&sensed, &mut self.values)
    }

    /// Seconds since the reset.
    fn time(&self) -> f32 {
        self.steps as f32 * self.model.blueprint().step_seconds()
    }

    /// Seed and position of the random stream: what the next `reset(None)` draws from.
    pub fn random_stream(&self) -> (u64, u64) {
        (self.rng.seed(), self.rng.position())
    }

    /// As [`World::reset`] of a world whose random stream is of `seed` and has come to `position`.
    pub fn reset_at(&mut self, seed: u64, position: u64) {
        self.rng = Rng::at(seed, position);
        self.reset(None);
    }

    /// What was computed beside becomes what is read.
    fn publish(&mut self) {
        self.info.copy_from_slice(&self.results.info);
        self.model.plan().observe(&self.results, 0, self.observation.bytes_mut());
    }

    fn remember(&mut self, action: &[u8]) {
        self.action.clear();
        let fits = action.len() == self.model.actions().size;
        self.odd_action = (!fits).then(|| *blake3::hash(action).as_bytes());
        if fits {
            self.action.extend_from_slice(action);
        }
    }
}

fn check(finite: bool, otherwise: FaultKind) -> Result<(), Fault> {
    if finite { Ok(()) } else { Err(Fault::new(otherwise)) }
}

impl core::fmt::Debug for World {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("World")
            .field("blueprint", &self.model.id())
            .field("steps", &self.steps)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
