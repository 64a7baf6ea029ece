//! What a step can take back: a step is a transaction.

use alloc::vec::Vec;

use super::World;
use crate::error::Fault;
use crate::rigid::RigidWorld;

/// What physics changes, as it was before the step.
#[derive(Clone, Default)]
pub(super) struct Before {
    qpos: Vec<f32>,
    qvel: Vec<f32>,
    warm_start: Vec<u8>,
    rigid: Option<RigidWorld>,
}

impl World {
    /// Keeps what physics changes.
    pub(super) fn save(&mut self) {
        if let Some(robot) = &self.robot {
            refill(&mut self.before.qpos, robot.qpos());
            refill(&mut self.before.qvel, robot.qvel());
            refill(&mut self.before.warm_start, robot.warm_start());
        }
        self.before.rigid.clone_from(&self.rigid);
    }

    /// Goes back to what [`Self::save`] kept.
    pub(super) fn undo(&mut self) {
        if let Some(robot) = &mut self.robot {
            robot.qpos_mut().copy_from_slice(&self.before.qpos);
            robot.qvel_mut().copy_from_slice(&self.before.qvel);
            robot.set_warm_start(&self.before.warm_start);
            robot.refresh();
        }
        self.rigid.clone_from(&self.before.rigid);
    }

    /// Ends the episode with a fault.
    pub(super) fn stop(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.terminated = false;
        self.truncated = true;
        self.reward = 0.0;
        self.info[..self.model.plan().reward_terms()].fill(0.0);
    }
}

fn refill<T: Copy>(out: &mut Vec<T>, from: &[T]) {
    out.clear();
    out.extend_from_slice(from);
}
