"""A simulation that fails ends its own episode and nothing else: `truncated`, a sentence in `info["error"]` that names the
body, finite numbers everywhere, and the batch goes on. Batches still equal `SyncVectorEnv`, object arrays included."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_same
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import hyperdust

LANES = 3
# A control that throws the rod faster than f32 can say.
BANG = 1e9


def finite(value: object) -> bool:
    return all(finite(v) for v in value.values()) if isinstance(value, dict) else bool(np.isfinite(value).all())


def test_single(explosive: Path) -> None:
    env = hyperdust.load(explosive, record=True)
    env.reset(seed=0)
    truncated = False
    while not truncated:
        last, (observation, reward, terminated, truncated, info) = env.qpos, env.step([BANG])
        assert finite(observation)
    assert (reward, terminated) == (0.0, False)
    assert "rod" in info["error"] and "finite" in info["error"]
    assert_same(env.qpos, last)  # the last finite state stays
    report = hyperdust.replay(env.episode())
    assert report.equal and report.complete
    # It stays so until the next reset, which clears it.
    assert env.step([0.0])[3] is True
    assert "error" not in env.reset()[1]
    assert env.step([0.0])[3] is False


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_batches_equal_sync_vector_env(explosive: Path, mode: AutoresetMode) -> None:
    ours = hyperdust.make_vec(explosive, LANES, 2, mode)
    reference = SyncVectorEnv([lambda: hyperdust.load(explosive)] * LANES, autoreset_mode=mode)
    assert_same(ours.reset(seed=1), reference.reset(seed=1))
    rng = np.random.default_rng(0)
    errors = 0
    for index in range(40):
        actions = np.where(rng.random((LANES, 1)) < 0.2, BANG, 0).astype(np.float32)
        theirs = reference.step(actions)
        results = ours.step(actions)
        assert_same(results, theirs, f"step {index}")
        assert finite(results[0]) and finite(results[1])
        infos = theirs[4]["final_info"] if "final_info" in theirs[4] else theirs[4]
        errors += "error" in infos
        ended = theirs[2] | theirs[3]
        if mode is AutoresetMode.DISABLED and ended.any():
            options = [{"reset_mask": ended.copy()} for _ in range(2)]
            assert_same(ours.reset(options=options[0]), reference.reset(options=options[1]))
    assert errors > 5


def test_other_threads_run_while_worlds_step() -> None:
    """The interpreter lock is free during a step: another thread counts on. (Were it held, the other thread would get
    no turn between the two readings but the few in which the lock changes hands.)"""
    envs = hyperdust.make_vec("hyperdust/Humanoid-v0", 400, num_threads=1)
    envs.reset(seed=0)
    actions = envs.action_space.sample()
    counter, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counter[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counter[0]
        for _ in range(5):
            envs.step(actions)
        during = counter[0] - before
    finally:
        stop.set()
        thread.join()
    assert during > 1000
