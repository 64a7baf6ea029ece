//! Copies of a world: a new one, or onto another world of the same model without allocation.

use alloc::sync::Arc;

use super::World;

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            robot: self.robot.clone(),
            rigid: self.rigid.clone(),
            rng: self.rng.clone(),
            steps: self.steps,
            fault: self.fault,
            terminated: self.terminated,
            truncated: self.truncated,
            reward: self.reward,
            cost: self.cost,
            action: self.action.clone(),
            odd_action: self.odd_action,
            action_numbers: self.action_numbers.clone(),
            controls: self.controls.clone(),
            values: self.values.clone(),
            info: self.info.clone(),
            observation: self.observation.clone(),
            timed_out: self.timed_out,
            results: self.results.clone(),
            before: self.before.clone(),
        }
    }

    /// Without allocation where both are worlds of one model: the fastest reset to a prepared state.
    fn clone_from(&mut self, other: &Self) {
        if !Arc::ptr_eq(&self.model, &other.model) {
            *self = other.clone();
            return;
        }
        if let (Some(robot), Some(from)) = (&mut self.robot, &other.robot) {
            // The state is all that counts; sensors are brought up to date from it.
            robot.qpos_mut().copy_from_slice(from.qpos());
            robot.qvel_mut().copy_from_slice(from.qvel());
            robot.set_warm_start(from.warm_start());
            robot.refresh();
        }
        self.rigid.clone_from(&other.rigid);
        self.rng.clone_from(&other.rng);
        self.steps = other.steps;
        self.fault = other.fault;
        self.terminated = other.terminated;
        self.truncated = other.truncated;
        self.timed_out = other.timed_out;
        self.reward = other.reward;
        self.cost = other.cost;
        self.action.clone_from(&other.action);
        self.odd_action = other.odd_action;
        self.action_numbers.clone_from(&other.action_numbers);
        self.controls.clone_from(&other.controls);
        self.values.clone_from(&other.values);
        self.info.clone_from(&other.info);
        self.observation.clone_from(&other.observation);
    }
}
