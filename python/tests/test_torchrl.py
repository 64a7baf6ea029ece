"""TorchRL: specs agree with rollouts of every environment, and the recipes run. Skipped where TorchRL (and torch) is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torchrl")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))


def test_specs(env_id: str) -> None:
    from torchrl.envs import GymEnv, check_env_specs

    env = GymEnv(env_id)
    env.set_seed(1)
    check_env_specs(env)
    env.close()


def test_torchrl_recipe() -> None:
    import torchrl_rollout

    rollout = torchrl_rollout.main("hyperdust/Hopper-v0", steps=100, seed=1)
    assert rollout.shape == (100,)
    assert rollout["next", "done"].any()


def test_sb3_recipe() -> None:
    pytest.importorskip("stable_baselines3")
    import sb3_ppo

    assert sb3_ppo.main("hyperdust/CartPole-v0", steps=2_048, num_envs=4, seed=1) > 8.0
