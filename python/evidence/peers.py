"""EnvPool as a `gymnasium.vector.VectorEnv`: MuJoCo's own Ant at a speed that training on two cores can bear.

EnvPool's environments are Gymnasium's v5 definitions over the same MuJoCo. Its autoreset is NEXT_STEP: the step after an
episode's last ignores its action and returns the first observation of the next.
"""

from __future__ import annotations

from typing import Any

import envpool
import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space


class EnvPool(VectorEnv):
    """`num_envs` lanes of an EnvPool task such as "Ant-v5"; the seed is fixed when it is made."""

    def __init__(self, task: str, num_envs: int, seed: int, num_threads: int = 2) -> None:
        super().__init__()
        self.pool = envpool.make_gymnasium(task, num_envs=num_envs, num_threads=num_threads, seed=seed)
        self.num_envs = num_envs
        self.single_observation_space = self.pool.observation_space
        self.single_action_space = self.pool.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        return self.pool.reset()

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        if isinstance(self.single_action_space, gym.spaces.Box):
            actions = np.asarray(actions, self.single_action_space.dtype)
        return self.pool.step(actions)

    def close_extras(self, **kwargs: Any) -> None:
        self.pool.close()
