"""The loop, and rounds of it in turn.

A machine's speed drifts by tens of per cent within minutes (heat, neighbours). So the contestants of a row are all made first and
then run in turn, round after round, and medians over rounds are compared: drift meets them all. What is counted are environment
steps that really happened. Under NEXT_STEP autoreset, the call after an episode's end only resets that lane: it is not counted, as in
`gymnasium.utils.performance.benchmark_vector_step`.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium.utils.performance
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

if TYPE_CHECKING:
    from hyperdust.bench.contestants import Contestant
    from hyperdust.bench.tasks import Case

WARM_UP = 50  # calls, but no longer than two rounds


class Round(NamedTuple):
    """What one round did."""

    steps: int
    seconds: float
    episodes: int

    @property
    def rate(self) -> float:
        """Environment steps per second."""
        return self.steps / self.seconds


class Loop:
    """Steps a reset `VectorEnv` with given batches of actions in turn, and remembers which lanes had ended."""

    def __init__(self, envs: VectorEnv, actions: list[Any]) -> None:
        mode = envs.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        if mode not in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
            raise ValueError(f"the lanes would not start over by themselves under {mode}")
        self._step, self._lanes, self._actions = envs.step, envs.num_envs, actions
        self._next_step = mode is AutoresetMode.NEXT_STEP
        self._ended, self._turn = np.zeros(envs.num_envs, np.bool_), 0

    def run(self, seconds: float, least: int = 1) -> Round:
        """Runs for `seconds` and at least `least` calls."""
        step, actions, ended = self._step, self._actions, self._ended
        turn, calls, dead, episodes, length = self._turn, 0, 0, 0, 0.0
        start = time.perf_counter()
        while length < seconds or calls < least:
            _, _, terminated, truncated, _ = step(actions[turn])
            turn = (turn + 1) % len(actions)
            calls += 1
            if self._next_step:
                dead += int(np.count_nonzero(ended))
            ended = np.logical_or(terminated, truncated)
            episodes += int(np.count_nonzero(ended))
            length = time.perf_counter() - start
        self._ended, self._turn = ended, turn
        return Round(calls * self._lanes - dead, length, episodes)


def warm_up(contestant: Contestant, seconds: float) -> None:
    """Loads, allocates and starts what is lazy, and leaves the initial states behind."""
    start = time.perf_counter()
    for _ in range(WARM_UP):
        contestant.run(0.0)
        if time.perf_counter() - start > 2 * seconds:
            break


def compete(
    case: Case,
    makers: dict[str, Callable[[Case, Path], Contestant]],
    folder: Path,
    seconds: float,
    rounds: int,
    progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """One row a contestant. `progress` is told before each of the `turns` that it takes."""
    from hyperdust.bench.contestants import unequal

    contestants: dict[str, Contestant] = {}
    try:
        for who, make in makers.items():
            contestants[who] = make(case, folder)
        differences = unequal({who: contestant.timing for who, contestant in contestants.items()})
        if differences:
            raise ValueError(f"{case.task.name} is not the same task on all sides: {'; '.join(differences)}")
        for contestant in contestants.values():
            warm_up(contestant, seconds)
        measured: dict[str, list[Round]] = {who: [] for who in contestants}
        standard: dict[str, list[float]] = {who: [] for who, contestant in contestants.items() if counts_twice(case, contestant)}
        gc.collect()
        order = list(contestants)
        for index in range(rounds):
            # Another one begins in every round: nobody always follows the same neighbour.
            start = index % len(order)
            for who in order[start:] + order[:start]:
                progress(f"{case.task.name} {case.integrator} {case.policy} {who}")
                measured[who].append(contestants[who].run(seconds))
        for index in range(rounds):
            for who in standard:
                progress(f"{case.task.name} {case.integrator} {who}, Gymnasium's benchmark")
                standard[who].append(gymnasium.utils.performance.benchmark_vector_step(contestants[who].envs, seconds, seed=index))
        return [_row(case, who, contestant, measured[who], standard.get(who)) for who, contestant in contestants.items()]
    finally:
        for contestant in contestants.values():
            contestant.close()


def counts_twice(case: Case, contestant: Contestant) -> bool:
    """Gymnasium's own benchmark samples the whole range of actions, so it belongs beside that policy; and it needs a `VectorEnv`."""
    return case.policy == "full" and contestant.envs is not None


def _row(case: Case, who: str, contestant: Contestant, rounds: list[Round], standard: list[float] | None) -> dict[str, Any]:
    rate = statistics.median(one.rate for one in rounds)
    frame_skip = contestant.timing.frame_skip or 1
    row = {
        "scene": case.task.name,
        "integrator": case.integrator,
        "euler_on_both_sides": case.euler,
        "policy": case.policy,
        "who": who,
        "lanes": contestant.lanes,
        "threads": contestant.threads,
        "frame_skip": contestant.timing.frame_skip,
        "seconds_per_step": contestant.timing.seconds,
        "steps_per_second": rate,
        "physics_steps_per_second": rate * frame_skip,
        "ratio": None,
        "rounds": [round(one.rate, 1) for one in rounds],
        "episodes": sum(one.episodes for one in rounds),
        "memory_per_lane_bytes": None,
    }
    if hasattr(contestant, "horizon"):
        row["restarts_after_steps"] = contestant.horizon
    if standard is not None:
        row["benchmark_vector_step"] = {"steps_per_second": statistics.median(standard), "rounds": [round(one, 1) for one in standard]}
    return row


def add_ratios(rows: list[dict[str, Any]]) -> None:
    """hyperdust / peer, from the medians of the same group."""
    ours = {group(row): row["steps_per_second"] for row in rows if row["who"] == "hyperdust"}
    for row in rows:
        if row["who"] != "hyperdust" and group(row) in ours:
            row["ratio"] = ours[group(row)] / row["steps_per_second"]


def group(row: dict[str, Any]) -> tuple[str, str, str]:
    """What rows that were measured in turn have in common."""
    return row["scene"], row["integrator"], row["policy"]
