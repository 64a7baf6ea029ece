//! A robot file without a `scene.toml`: a default task, written as one. So there is one way to a blueprint, and an
//! author can start from this text.

use hyperdust_kernel::blueprint::Integrator;

use crate::robot::RobotFile;

/// Environment steps per second that the default task aims at.
const CONTROL_RATE: f64 = 33.0;

/// `scene.toml` of the default task: the whole state is observed, every actuator is driven, each step pays 1, and an
/// episode is truncated after 1000.
pub(crate) fn scene(file: &str, robot: &RobotFile) -> String {
    let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or("robot");
    let name: String = stem.chars().filter(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).take(64).collect();
    let name = if name.is_empty() { "robot" } else { &name };
    let timestep = robot.options.timestep;
    let frame_skip = (1.0 / (CONTROL_RATE * f64::from(timestep)) + 0.5).clamp(1.0, 1000.0) as u32;
    let integrator = match robot.options.integrator {
        Integrator::Euler => "euler",
        Integrator::ExplicitEuler => "explicit_euler",
        Integrator::RungeKutta4 => "rk4",
    };
    let iterations = robot.options.iterations;
    let file = file.replace('\\', "\\\\").replace('"', "\\\"");
    let action = if robot.robot.actuators.is_empty() {
        "kind = \"discrete\"\nactuators = []\nchoices = [[]]"
    } else {
        "actuators = \"all\""
    };
    format!(
        r#"format = 1

[scene]
name = "{name}"
title = "{name}"
description = "The robot of {file} with a default task."

[episode]
max_episode_steps = "$max_episode_steps"

[robot]
file = "{file}"

[physics]
timestep = "$timestep"
frame_skip = "$frame_skip"
integrator = "$integrator"
iterations = "$iterations"

[parameters.timestep]
default = {timestep:?}
doc = "Seconds per physics step."

[parameters.frame_skip]
default = {frame_skip}
min = 1
doc = "Physics steps per environment step."

[parameters.integrator]
default = "{integrator}"
choices = ["euler", "explicit_euler", "rk4"]
doc = "How positions follow from velocities."

[parameters.iterations]
default = {iterations}
min = 1
doc = "Upper bound of Newton iterations."

[parameters.max_episode_steps]
default = 1000
min = 0
doc = "Environment steps after which an episode is truncated; 0: never."

[[action]]
{action}

[[observation]]

[[observation.term]]
kind = "joint_positions"

[[observation.term]]
kind = "joint_velocities"

[[reward]]
kind = "alive"
"#
    )
}
