"""A session on a server and the same worlds here: every array of every step is compared.

The two have the same seeds and actions, so a difference is a fault, whatever is done to server, network or client meanwhile.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import hyperdust


def same(left: Any, right: Any, place: str) -> None:
    """An error where two results of a call differ."""
    if isinstance(left, dict):
        if left.keys() != right.keys():
            raise AssertionError(f"{place}: {sorted(left)} there, {sorted(right)} here")
        [same(left[key], right[key], f"{place}.{key}") for key in left]
    elif isinstance(left, tuple | list):
        [same(one, other, f"{place}[{index}]") for index, (one, other) in enumerate(zip(left, right, strict=True))]
    elif isinstance(left, np.ndarray) and left.dtype == object:
        same(left.tolist(), right.tolist(), place)
    elif isinstance(left, np.ndarray):
        if left.dtype != right.dtype or left.shape != right.shape or left.tobytes() != right.tobytes():
            raise AssertionError(f"{place} differs")
    elif not np.array_equal(left, right):
        raise AssertionError(f"{place} differs: {left} there, {right} here")


class Twin:
    """``step`` makes a random step there and here; ``longest`` is the longest that a call took there, in seconds."""

    def __init__(self, there: hyperdust.RemoteVectorEnv, scene: str, seed: int, threads: int = 1, **options: Any) -> None:
        self.there, self.seed = there, seed
        self.here = hyperdust.make_vec(scene, there.num_envs, threads, there.autoreset_mode, **options)
        self.here.action_space.seed(seed)
        self.steps, self.longest = 0, 0.0

    def reset(self) -> None:
        same(self.timed(lambda: self.there.reset(seed=self.seed)), self.here.reset(seed=self.seed), "reset")

    def step(self, actions: Any = None) -> None:
        actions = self.here.action_space.sample() if actions is None else actions
        same(self.timed(lambda: self.there.step(actions)), self.here.step(actions), f"step {self.steps}")
        self.steps += 1

    def late(self, actions: Any) -> None:
        """The batch of a step that is under way: an earlier call timed out."""
        same(self.timed(self.there.step_wait), self.here.step(actions), f"step {self.steps}")
        self.steps += 1

    def run(self, seconds: float) -> int:
        """Steps for so long; how often."""
        before, until = self.steps, time.monotonic() + seconds
        while time.monotonic() < until:
            self.step()
        return self.steps - before

    def check(self) -> None:
        """An error unless everything that the future depends on is equal. (Of a recorded session the recordings are part of that.)"""
        if self.there.get_state() != self.here.get_state():
            raise AssertionError("the states differ")

    def timed(self, call: Any) -> Any:
        begin = time.monotonic()
        try:
            return call()
        finally:
            self.longest = max(self.longest, time.monotonic() - begin)

    def close(self) -> None:
        self.there.close()
        self.here.close()
