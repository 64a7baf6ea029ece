"""A vector environment as Stable-Baselines3's ``VecEnv``.

SB3 has its own vector interface: ``dones`` for both ends, infos as one dict per lane, the last observation of an
episode as ``info["terminal_observation"]`` and ``info["TimeLimit.truncated"]`` where it was cut off rather than over.
This module imports SB3 and is itself imported only by :meth:`hyperdust.HyperdustVectorEnv.to_sb3`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from hyperdust.errors import LaneError

if TYPE_CHECKING:
    from hyperdust.vector import HyperdustVectorEnv

_FINAL = ("final_obs", "final_info")


class HyperdustVecEnv(VecEnv):
    """SB3's view of a :class:`hyperdust.HyperdustVectorEnv`, which it takes over and which stays reachable as ``envs``.

    An ended lane is reset in the same step, as SB3 expects.
    """

    def __init__(self, envs: HyperdustVectorEnv) -> None:
        envs.set_autoreset_mode(AutoresetMode.SAME_STEP)
        self.envs = envs
        self.metadata = envs.metadata
        self._actions: Any = None
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Any:
        """Resets all lanes with the seeds of :meth:`seed`, if there are any; infos are in ``reset_infos``."""
        seeds = None if all(seed is None for seed in self._seeds) else list(self._seeds)
        observations, infos = self.envs.reset(seed=seeds)
        self.reset_infos = [lane_info(infos, lane) for lane in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keeps the actions for :meth:`step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Steps: observations, float32 rewards, dones, one info per lane."""
        observations, rewards, terminations, truncations, batch = self.envs.step(self._actions)
        dones = terminations | truncations
        infos = []
        for lane in range(self.num_envs):
            if dones[lane]:
                # SB3 reads the finished episode's info; the new one's is in `reset_infos`.
                info = lane_info(batch["final_info"], lane)
                info["terminal_observation"] = batch["final_obs"][lane]
                self.reset_infos[lane] = lane_info(batch, lane)
            else:
                info = lane_info(batch, lane)
            info["TimeLimit.truncated"] = bool(truncations[lane] and not terminations[lane])
            infos.append(info)
        return observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Closes the lanes; a second call does nothing."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """One frame per lane."""
        frames = self.envs.render() if self.envs.render_mode else None
        return [None] * self.num_envs if frames is None else list(frames)

    def get_attr(self, attr_name: str, indices: None | int | Iterable[int] = None) -> list[Any]:
        """An attribute of the vector environment, which all lanes share, once per lane asked for."""
        value = getattr(self.envs, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: None | int | Iterable[int] = None) -> None:
        """Sets an attribute for all lanes; they cannot differ."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise LaneError("lanes share their attributes: set it for all of them (indices=None)")
        setattr(self.envs, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: None | int | Iterable[int] = None, **method_kwargs: Any
    ) -> list[Any]:
        """Calls a method of the vector environment once; every lane asked for gets its result."""
        result = getattr(self.envs, method_name)(*method_args, **method_kwargs)
        return [result for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: None | int | Iterable[int] = None) -> list[bool]:
        """No lane is wrapped."""
        return [False for _ in self._get_indices(indices)]


def lane_info(infos: dict[str, Any], lane: int) -> dict[str, Any]:
    """One lane's own info out of a batch: Python numbers, without masks."""
    return {
        key: value[lane].item() if isinstance(value[lane], np.generic) else value[lane]
        for key, value in infos.items()
        if not key.startswith("_") and key not in _FINAL and infos[f"_{key}"][lane]
    }
