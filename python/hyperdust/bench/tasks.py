"""What is compared: seven tasks that exist on both sides, and three ways to act in them.

Actions are drawn before the clock starts, from one seed, and used in turn: drawing them costs more than a step of CartPole does.
Contestants with fewer lanes take the first lanes of the same batches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from gymnasium import spaces

BATCHES = 32
POLICIES = {"full": "uniform over the whole range", "gentle": "uniform over a tenth of the range", "zero": "no action (CartPole: always 0)"}
INTEGRATORS = ("original", "euler")


class Task(NamedTuple):
    """One task under its name on each side."""

    name: str
    scene: str
    original: str
    xml: str | None = None
    integrator: str | None = None

    @property
    def ours(self) -> str:
        return f"hyperdust/{self.name}-v0"


TASKS = {
    task.name: task
    for task in (
        Task("Ant", "ant", "Ant-v5", "ant.xml", "RK4"),
        Task("HalfCheetah", "half_cheetah", "HalfCheetah-v5", "half_cheetah.xml", "Euler"),
        Task("Humanoid", "humanoid", "Humanoid-v5", "humanoid.xml", "RK4"),
        Task("Hopper", "hopper", "Hopper-v5", "hopper.xml", "RK4"),
        Task("Walker2d", "walker2d", "Walker2d-v5", "walker2d_v5.xml", "RK4"),
        Task("CartPole", "cartpole", "CartPole-v1"),
        Task("Pendulum", "pendulum", "Pendulum-v1"),
    )
}


class Case(NamedTuple):
    """One group of rows: a task, a policy, and the integrator if it is not the original's."""

    task: Task
    policy: str
    euler: bool
    lanes: int
    threads: int

    @property
    def integrator(self) -> str:
        """Its name in the table; classic control has none to choose."""
        return "Euler" if self.euler else self.task.integrator or "-"


def cases(names: list[str], policies: list[str], integrators: list[str], lanes: int, threads: int) -> list[Case]:
    """Every group that was asked for. Euler is left out where it is the original already, or where there is no choice."""
    found = []
    for task in (TASKS[name] for name in names):
        for integrator in integrators:
            if integrator == "original" or task.integrator not in (None, "Euler"):
                found += [Case(task, policy, integrator == "euler", lanes, threads) for policy in policies]
    return found


def draw(space: spaces.Space, lanes: int, policy: str, seed: int = 1) -> list[np.ndarray]:
    """`BATCHES` batches of actions, (lanes, ...) each, in the dtype of `space`: lane i gets the same ones whatever `lanes` is."""
    batches = []
    for index in range(BATCHES):
        generators = [np.random.default_rng((seed, index, lane)) for lane in range(lanes)]
        if isinstance(space, spaces.Discrete):
            drawn = [0 if policy == "zero" else rng.integers(space.n) for rng in generators]
        else:
            width = {"full": 1.0, "gentle": 0.1, "zero": 0.0}[policy]
            drawn = [width * rng.uniform(space.low, space.high) for rng in generators]
        batches.append(np.ascontiguousarray(drawn, dtype=space.dtype))
    return batches
