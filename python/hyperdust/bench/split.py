"""Where a step of ours spends its time, by subtraction, on one thread.

Nothing inside the core is timed; whole loops are, of worlds that lack something:

1. the scene as it is;
2. the same scene with one number observed, a constant reward and no info. Resets and terminations stay, so that the robot is in the
   same states;
3. a single hinge with such a task, where physics is next to nothing;
4. the native call of 3 without `HyperdustVectorEnv.step`.

Then 2 - 3 is physics (with resets and terminations), 1 - 2 is sensing, rewards and observations, 3 - 4 is Python, 4 is what any batch
costs in the core. All in microseconds per environment step of one lane; differences of noisy numbers are noisier than they are.
"""

from __future__ import annotations

import re
import statistics
from pathlib import Path
from typing import Any

from gymnasium.vector import VectorEnv

import hyperdust
from hyperdust.bench.measure import Loop
from hyperdust.bench.tasks import Task, draw

LOOPS = ("as_it_is", "trivial_task", "trivial_robot", "native_call")

TRIVIAL = """
[[observation]]

[[observation.term]]
kind = "expression"
value = "qpos[0]"

[[reward]]
kind = "alive"
"""

HINGE_SCENE = """
format = 1

[scene]
name = "hinge"

[episode]
max_episode_steps = 1000

[robot]
file = "robot.xml"

[physics]
integrator = "euler"
frame_skip = 1

[[action]]
actuators = "all"
"""

HINGE_ROBOT = """
<mujoco model="hinge">
  <option timestep="0.01"/>
  <worldbody>
    <body name="rod">
      <joint name="hinge" type="hinge" axis="0 1 0"/>
      <inertial pos="0 0 0.5" mass="1" diaginertia="0.1 0.1 0.1"/>
    </body>
  </worldbody>
  <actuator>
    <motor name="torque" joint="hinge" ctrlrange="-1 1"/>
  </actuator>
</mujoco>
"""


def trivial_task(scene: str) -> str:
    """A scene.toml with the same robot, physics, actions, resets and terminations, and next to no task."""
    tables = re.split(r"(?m)^(?=\[)", scene)
    kept = [table for table in tables if not re.match(r"\[+(observation|reward|info)\b", table)]
    return "".join(kept).rstrip() + "\n" + TRIVIAL


def write_scenes(source: Path, folder: Path) -> tuple[Path, Path]:
    """The scene folders of loops 2 and 3, made in `folder` from the scene folder `source`."""
    plain, hinge = folder / f"plain_{source.name}", folder / "hinge"
    plain.mkdir(exist_ok=True)
    hinge.mkdir(exist_ok=True)
    (plain / "robot.xml").write_text((source / "robot.xml").read_text())
    (plain / "scene.toml").write_text(trivial_task((source / "scene.toml").read_text()))
    (hinge / "robot.xml").write_text(HINGE_ROBOT)
    (hinge / "scene.toml").write_text(HINGE_SCENE + TRIVIAL)
    return plain, hinge


class _Native:
    """The part of a `VectorEnv` that `Loop` needs, with the native call as its step."""

    def __init__(self, envs: hyperdust.HyperdustVectorEnv) -> None:
        self.num_envs, self.metadata, self.step = envs.num_envs, envs.metadata, envs._core.step


def measure(task: Task, source: Path, folder: Path, lanes: int, seconds: float, rounds: int) -> dict[str, Any]:
    """The split of one scene, `source` being its folder: the four loops in turn, medians over rounds."""
    plain, hinge = write_scenes(source, folder)
    made: list[VectorEnv] = [hyperdust.HyperdustVectorEnv(scene, lanes, num_threads=1) for scene in (source, plain, hinge, hinge)]
    try:
        batches = [draw(envs.single_action_space, lanes, "full") for envs in made]
        for envs in made:
            envs.reset(seed=1)
        loops = [Loop(envs, actions) for envs, actions in zip(made[:3], batches[:3], strict=True)]
        loops.append(Loop(_Native(made[3]), [(actions,) for actions in batches[3]]))
        for loop in loops:
            loop.run(seconds / 2, least=20)
        taken: list[list[float]] = [[] for _ in loops]
        for _ in range(rounds):
            for loop, times in zip(loops, taken, strict=True):
                times.append(1e6 / loop.run(seconds).rate)
    finally:
        for envs in made:
            envs.close()
    return {"scene": task.name, "lanes": lanes, "threads": 1, "policy": "full", **subtract([statistics.median(times) for times in taken])}


def subtract(times: list[float]) -> dict[str, Any]:
    """The parts, from the four loops' microseconds per step."""
    whole, plain, hinge, native = times
    parts = {"physics": plain - hinge, "sensing_reward_observation": whole - plain, "batch": native, "python": hinge - native}
    return {
        "loops_us": dict(zip(LOOPS, times, strict=True)),
        "parts_us": parts,
        "share_outside_physics": 1 - parts["physics"] / whole,
    }
