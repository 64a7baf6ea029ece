//! What can be read of a world between steps, and the one thing that can be written: a robot's state.

use alloc::{format, vec::Vec};

use super::World;
use crate::error::{Error, Fault};
use crate::record::StepRecord;
use crate::render::Pose;
use crate::task::Cost;

impl World {
    /// Puts the robot into a state and observes it as a reset does: flags clear, previous values and infos
    /// of that state, a cold solver. Time, steps, actions, rigid bodies and the random stream stay.
    ///
    /// `qpos` and `qvel` are in the robot's order (m, rad; free joints: position and quaternion w x y z, which is
    /// normalised). An error, which changes nothing, for wrong lengths, numbers beyond
    /// [`MAGNITUDE`](crate::blueprint::limits::MAGNITUDE), a world without a robot, and one that must be reset first.
    pub fn set_state(&mut self, qpos: &[f32], qvel: &[f32]) -> Result<(), Error> {
        if let Some(fault) = self.fault {
            return Err(Error::State {
                what: "world",
                found: format!("a fault: {fault}"),
                accepted: "a reset first".into(),
            });
        }
        let Some(robot) = &mut self.robot else {
            return Err(Error::State {
                what: "world",
                found: "no robot".into(),
                accepted: "a scene with a robot".into(),
            });
        };
        check_numbers("qpos", qpos, robot.qpos().len())?;
        check_numbers("qvel", qvel, robot.qvel().len())?;
        robot.reset_state();
        robot.qpos_mut().copy_from_slice(qpos);
        robot.qvel_mut().copy_from_slice(qvel);
        robot.normalize();
        robot.canonicalize();
        robot.refresh();
        self.begin();
        Ok(())
    }

    /// The last observation: an arena of [`Model::observations`], aligned to 8 bytes.
    pub fn observation(&self) -> &[u8] {
        self.observation.bytes()
    }

    /// The last infos, named by [`Model::info_names`].
    pub fn info(&self) -> &[f32] {
        &self.info
    }

    /// Robot positions, m and rad; empty without a robot.
    pub fn qpos(&self) -> &[f32] {
        self.robot.as_ref().map_or(&[], |r| r.qpos())
    }

    /// Robot velocities, m/s and rad/s; empty without a robot.
    pub fn qvel(&self) -> &[f32] {
        self.robot.as_ref().map_or(&[], |r| r.qvel())
    }

    /// Poses of all sensor bodies at the current state: the world, the robot's, rigid bodies.
    pub fn bodies(&self) -> Vec<Pose> {
        let mut poses = Vec::with_capacity(self.model.blueprint().body_count());
        poses.push(Pose { position: [0.0; 3], orientation: [1.0, 0.0, 0.0, 0.0] });
        if let Some(robot) = &self.robot {
            poses.extend(robot.poses());
        }
        if let Some(rigid) = &self.rigid {
            let pairs = rigid.positions().iter().zip(rigid.orientations());
            poses.extend(pairs.map(|(&position, &orientation)| Pose { position, orientation }));
        }
        poses
    }

    /// Of the last reset or step.
    pub fn record(&self) -> StepRecord {
        let observation = self.observation_hash();
        StepRecord {
            state: self.digest_with(&observation),
            observation,
            reward: self.reward,
            terminated: self.terminated,
            truncated: self.truncated,
            action: self.odd_action.unwrap_or_else(|| *blake3::hash(&self.action).as_bytes()),
        }
    }

    /// Why the episode was cut off, until the next reset.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// What the last step cost.
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// Environment steps since the reset.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    /// Bytes that the robot's contact solver starts the next step from; empty without a robot.
    pub fn warm_start(&self) -> &[u8] {
        self.robot.as_ref().map_or(&[], |r| r.warm_start())
    }

    /// Positions, orientations, velocities and angular velocities of rigid bodies, flat.
    pub fn rigid_arrays(&self) -> [&[f32]; 4] {
        self.rigid.as_ref().map_or([&[]; 4], |r| {
            [
                r.positions().as_flattened(),
                r.orientations().as_flattened(),
                r.linear_velocities().as_flattened(),
                r.angular_velocities().as_flattened(),
            ]
        })
    }
}

fn check_numbers(what: &'static str, numbers: &[f32], len: usize) -> Result<(), Error> {
    let bound = crate::blueprint::limits::MAGNITUDE;
    if numbers.len() != len {
        return Err(Error::State {
            what,
            found: format!("{} numbers", numbers.len()),
            accepted: format!("{len} numbers"),
        });
    }
    // Also finds NaN.
    match numbers.iter().position(|x| x.is_nan() || x.abs() > bound) {
        None => Ok(()),
        Some(i) => Err(Error::State {
            what,
            found: format!("{} at {i}", numbers[i]),
            accepted: format!("-{bound} to {bound}"),
        }),
    }
}
