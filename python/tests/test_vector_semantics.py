"""A vector environment is `gymnasium.vector.SyncVectorEnv` over our single environments, bit for bit:
observations, rewards, flags, infos with their masks, final observations, in all three autoreset modes, with masked resets."""

from __future__ import annotations

import copy

import gymnasium
import numpy as np
import pytest
from conftest import assert_same
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import hyperdust

LANES = 3
# Short episodes, so that time limits and resets happen often beside terminations.
LIMIT = 11
MODES = list(AutoresetMode)


def both(env_id: str, mode: AutoresetMode, **kwargs) -> tuple[SyncVectorEnv, hyperdust.HyperdustVectorEnv]:
    reference = gymnasium.make_vec(
        env_id, LANES, "sync", vector_kwargs={"autoreset_mode": mode}, max_episode_steps=LIMIT, **kwargs
    )
    ours = hyperdust.make_vec(env_id, LANES, 2, mode, max_episode_steps=LIMIT, **kwargs)
    return reference, ours


def rollout(env_id: str, mode: AutoresetMode, steps: int = 60) -> None:
    reference, ours = both(env_id, mode)
    assert ours.single_observation_space == reference.single_observation_space
    assert ours.observation_space == reference.observation_space
    assert ours.action_space == reference.action_space
    assert_same(ours.reset(seed=5), reference.reset(seed=5), "reset")
    reference.action_space.seed(9)
    ended = np.zeros(LANES, bool)
    for index in range(steps):
        if mode is AutoresetMode.DISABLED and ended.any():
            assert_same(
                ours.reset(options={"reset_mask": ended.copy()}),
                reference.reset(options={"reset_mask": ended.copy()}),
                f"masked reset {index}",
            )
        actions = reference.action_space.sample()
        theirs = reference.step(actions)
        assert_same(ours.step(actions), theirs, f"step {index}")
        ended = theirs[2] | theirs[3]
    reference.close()
    ours.close()


@pytest.mark.parametrize("mode", MODES)
def test_equal_to_sync_vector_env(env_id: str, mode: AutoresetMode) -> None:
    rollout(env_id, mode)


@pytest.mark.parametrize("mode", MODES)
def test_lanes_that_end_at_different_steps(mode: AutoresetMode) -> None:
    """Hopper falls at times of its own: lanes get out of step, masks differ."""
    reference, ours = both("hyperdust/Hopper-v0", mode)
    rng = np.random.default_rng(0)
    assert_same(ours.reset(seed=[4, 8, 15]), reference.reset(seed=[4, 8, 15]))
    for index in range(80):
        mask = rng.random(LANES) < 0.15
        if mask.any() or mode is AutoresetMode.DISABLED:
            ended = mask if index == 0 else mask | theirs[2] | theirs[3]
            if ended.any():
                # A mask at any time, with seeds for some lanes and None for others.
                seed = [None if rng.random() < 0.5 else int(rng.integers(1000)) for _ in range(LANES)]
                options = {"reset_mask": ended}
                assert_same(
                    ours.reset(seed=seed, options=dict(options)), reference.reset(seed=seed, options=dict(options))
                )
        actions = rng.uniform(-1, 1, ours.action_space.shape).astype(np.float32)
        theirs = reference.step(actions)
        assert_same(ours.step(actions), theirs, f"step {index}")


@pytest.mark.parametrize("mode", MODES)
def test_threads_do_not_matter(env_id: str, mode: AutoresetMode) -> None:
    one, two = (hyperdust.make_vec(env_id, 5, n, mode, max_episode_steps=7) for n in (1, 2))
    assert_same(one.reset(seed=1), two.reset(seed=1))
    one.action_space.seed(1)
    for _ in range(20):
        actions = one.action_space.sample()
        result = one.step(actions)
        assert_same(result, two.step(actions))
        assert one.digests() == two.digests()
        ended = result[2] | result[3]
        if mode is AutoresetMode.DISABLED and ended.any():
            assert_same(one.reset(options={"reset_mask": ended}), two.reset(options={"reset_mask": ended}))


def test_metadata_names_the_mode(env_id: str) -> None:
    for mode in MODES:
        for asked in (mode, mode.value):
            envs = hyperdust.make_vec(env_id, 2, autoreset_mode=asked)
            assert envs.metadata["autoreset_mode"] is mode
            envs.close()


def test_gymnasium_make_vec_uses_the_native_one() -> None:
    envs = gymnasium.make_vec("hyperdust/CartPole-v0", num_envs=4, max_episode_steps=9)
    assert type(envs.unwrapped) is hyperdust.HyperdustVectorEnv
    envs.reset(seed=0)
    assert envs.spec.id == "hyperdust/CartPole-v0"
    assert envs.unwrapped.scene.max_episode_steps == 9
    # The spec that Gymnasium attached makes the same environments again.
    again = gymnasium.make_vec(envs.spec)
    assert_same(again.reset(seed=0), envs.reset(seed=0))


def test_disabled_refuses_to_step_an_ended_lane() -> None:
    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 2, autoreset_mode="Disabled", max_episode_steps=1)
    envs.reset(seed=0)
    envs.step(np.zeros(2, np.int64))
    with pytest.raises(hyperdust.ResetNeeded, match="reset_mask"):
        envs.step(np.zeros(2, np.int64))


@pytest.mark.parametrize(
    ("mask", "error"),
    [([True, False], TypeError), (np.array([1, 0]), TypeError), (np.array([True]), ValueError), (np.zeros(2, bool), ValueError)],
)
def test_bad_masks(mask: object, error: type[Exception]) -> None:
    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 2)
    envs.reset(seed=0)
    for kind in (error, hyperdust.MaskError):
        with pytest.raises(kind, match="reset_mask"):
            envs.reset(options={"reset_mask": mask})


def test_vector_render_is_one_frame_per_lane() -> None:
    envs = hyperdust.make_vec("hyperdust/Ant-v0", 3, render_mode="rgb_array", width=40, height=30)
    envs.reset(seed=0)
    frames = envs.render()
    assert len(frames) == 3 and all(f.shape == (30, 40, 3) and f.dtype == np.uint8 for f in frames)
    assert frames[0].std() > 0


def test_arrays_are_the_callers_own(env_id: str) -> None:
    envs = hyperdust.make_vec(env_id, 2)
    kept = [envs.reset(seed=0)[0]]
    copies = [copy.deepcopy(kept[0])]
    for _ in range(4):
        kept.append(envs.step(envs.action_space.sample())[0])
        copies.append(copy.deepcopy(kept[-1]))
    assert_same(kept, copies)


def test_memory_is_used_again_only_when_nobody_sees_it() -> None:
    """A loop that drops its observations runs in the same few buffers; a view keeps its buffer alive."""
    envs = hyperdust.make_vec("hyperdust/Hopper-v0", 2)
    actions = envs.action_space.sample()
    observation = envs.reset(seed=0)[0]
    view, kept = observation[1:, ::2], np.array(observation[1:, ::2])
    addresses = set()
    for _ in range(30):
        observation = envs.step(actions)[0]
        addresses.add(observation.ctypes.data)
    assert len(addresses) <= 3
    np.testing.assert_array_equal(view, kept)


def test_dlpack_keeps_its_memory() -> None:
    envs = hyperdust.make_vec("hyperdust/Hopper-v0", 2)
    tensor = np.from_dlpack(envs.reset(seed=0)[0])
    kept = np.array(tensor)
    for _ in range(5):
        envs.step(envs.action_space.sample())
    np.testing.assert_array_equal(tensor, kept)
