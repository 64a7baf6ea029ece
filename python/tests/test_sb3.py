"""Stable-Baselines3's own checker, and its `VecEnv` made of ours. Skipped where SB3 (and torch) is not installed."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from conftest import assert_same

import hyperdust

pytest.importorskip("stable_baselines3")


def test_checker(env_id: str) -> None:
    from stable_baselines3.common.env_checker import check_env

    check_env(gymnasium.make(env_id).unwrapped, warn=False)


def test_terminal_observation_and_time_limit() -> None:
    reference = hyperdust.make_vec("hyperdust/Hopper-v0", 3, autoreset_mode="SameStep", max_episode_steps=9)
    envs = hyperdust.make_vec("hyperdust/Hopper-v0", 3, max_episode_steps=9).to_sb3()
    envs.seed(5)
    assert_same(envs.reset(), reference.reset(seed=5)[0])
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(30):
        action = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
        observation, reward, done, infos = envs.step(action)
        expected = reference.step(action)
        assert_same(observation, expected[0])
        assert_same(reward, expected[1].astype(np.float32))
        assert_same(done, expected[2] | expected[3])
        for lane in np.flatnonzero(done):
            ends += 1
            assert_same(infos[lane]["terminal_observation"], expected[4]["final_obs"][lane])
            assert infos[lane]["TimeLimit.truncated"] is bool(expected[3][lane] and not expected[2][lane])
        assert all("terminal_observation" not in infos[lane] for lane in np.flatnonzero(~done))
    assert ends > 3
    envs.close()
    envs.close()


def test_lanes_share_attributes() -> None:
    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 2).to_sb3()
    envs.set_attr("width", 40)
    assert envs.get_attr("width") == [40, 40]
    with pytest.raises(hyperdust.LaneError, match="indices=None"):
        envs.set_attr("width", 50, [0])


def test_ppo_takes_it() -> None:
    from stable_baselines3 import PPO

    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 4, num_threads=1).to_sb3()
    PPO("MlpPolicy", envs, n_steps=16, batch_size=32, device="cpu", seed=0).learn(128)
