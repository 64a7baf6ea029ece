"""`send`/`recv`: the bits of the synchronous vector environment, in a fixed order, whatever the threads do."""

from __future__ import annotations

import os

import numpy as np
import pytest

import hyperdust


def actions(step: int, lanes: np.ndarray, size: int) -> np.ndarray:
    """One action per lane that depends on nothing but step and lane."""
    return np.sin(0.7 * step + 1.3 * lanes[:, None] + np.arange(size)).astype(np.float32)


@pytest.mark.parametrize("scene", ["Hopper", "Ant"])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_lanes_equal_the_synchronous_ones(scene: str, threads: int) -> None:
    name, lanes, batch, steps = f"hyperdust/{scene}-v0", 12, 3, 120
    envs = hyperdust.make_vec(name, num_envs=lanes, num_threads=1)
    size = envs.single_action_space.shape[0]
    first, _ = envs.reset(seed=7)
    expected = [(first, np.zeros(lanes), np.zeros(lanes, bool), np.zeros(lanes, bool), {})]
    expected += [envs.step(actions(step, np.arange(lanes), size)) for step in range(steps)]
    envs.close()
    order = []
    with hyperdust.make_async(name, num_envs=lanes, batch_size=batch, num_threads=threads) as pipeline:
        pipeline.async_reset(seed=7)
        buffer = np.empty((batch, size), np.float32)  # one for all batches: `send` must copy
        for step in range(steps + 1):
            for _ in range(lanes // batch):
                *arrays, infos = pipeline.recv()
                rows = infos["env_id"]
                order.append(int(rows[0]))
                for ours, theirs in zip(arrays, expected[step]):
                    assert np.array_equal(ours, theirs[rows])
                buffer[:] = actions(step, rows, size)
                pipeline.send(buffer, rows)
                buffer[:] = 0
    assert order == [0, 3, 6, 9] * (steps + 1)
    assert any(terminated.any() for _, _, terminated, *_ in expected) or scene == "Ant"


def test_batches_may_be_answered_in_any_order() -> None:
    with hyperdust.make_async("hyperdust/Pendulum-v0", num_envs=6, batch_size=2, num_threads=2) as envs:
        envs.async_reset(seed=1)
        first, second = envs.recv()[4]["env_id"], envs.recv()[4]["env_id"]
        action = np.zeros((2, *envs.single_action_space.shape), np.float32)
        envs.send(action, second)
        envs.send(action)
        assert [int(envs.recv()[4]["env_id"][0]) for _ in range(3)] == [4, 2, 0]
        assert list(first) == [0, 1]


def test_misuse_is_named() -> None:
    with pytest.raises(hyperdust.LaneError, match="divide"):
        hyperdust.make_async("hyperdust/Pendulum-v0", num_envs=7, batch_size=2)
    envs = hyperdust.make_async("hyperdust/Pendulum-v0", num_envs=4, batch_size=2, num_threads=1)
    action = np.zeros((2, 1), np.float32)
    with pytest.raises(hyperdust.ResetNeeded):
        envs.recv()
    with pytest.raises(hyperdust.ResetNeeded):
        envs.send(action)
    envs.async_reset(seed=0)
    lanes = envs.recv()[4]["env_id"]
    for wrong in (lanes[:1], lanes + 1, lanes + 2, np.array([9, 10]), "0"):
        with pytest.raises(hyperdust.LaneError, match="env_id"):
            envs.send(action, wrong)
    envs.send(np.full((2, 1), np.nan, np.float32), lanes)
    envs.recv()
    with pytest.raises(hyperdust.ActionError):
        envs.recv()
    # The batch whose actions were refused waits for others.
    envs.send(action, lanes)
    assert list(envs.recv()[4]["env_id"]) == list(lanes)
    with pytest.raises(hyperdust.MaskError):
        envs.async_reset(options={"reset_mask": np.array([True, False, True, False])})
    envs.async_reset()
    envs.close()
    envs.close()
    with pytest.raises(hyperdust.ClosedError):
        envs.recv()


def test_a_forked_process_is_told() -> None:
    with hyperdust.make_async("hyperdust/Pendulum-v0", num_envs=2, batch_size=1) as envs:
        envs.async_reset(seed=0)
        child = os.fork()
        if child == 0:
            try:
                envs.recv()
            except hyperdust.ClosedError:
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        envs.recv()
