"""One world as a ``gymnasium.Env``.

All simulation is native; this class gives it Gymnasium's face. Every array returned is new and the
caller's own: nothing handed out is written to later.
"""

from __future__ import annotations

import os
from typing import Any

import gymnasium
import numpy as np

from hyperdust import _core
from hyperdust.errors import ClosedError, RenderError, ResetNeeded
from hyperdust.scene import resolve
from hyperdust.spaces import named, space_of, unnamed

SEED_MASK = (1 << 64) - 1
# Attributes that copies may share.
IMMUTABLE = ("_scene", "_segments", "_action_segments")


class HyperdustEnv(gymnasium.Env):
    """A scene as a single environment.

    Args:
        scene: Name of a published scene ("ant"), or the path of a scene folder, MJCF or URDF file.
        render_mode: ``None`` or ``"rgb_array"``.
        width, height: Size of a rendered frame, pixels.
        max_episode_steps: Truncate after so many steps; 0 or -1: never; ``None``: as the scene says.
            Under ``gymnasium.make`` the ``TimeLimit`` wrapper does this instead.
        record: Keep the actions and step records of the current episode, for :meth:`episode`.
        **parameters: The scene's own parameters; an unknown one is an error that lists them.

    Seeds: ``reset(seed=s)`` starts the world's random stream from the lowest 64 bits of ``s``; ``reset()``
    lets it go on. A first reset without a seed uses :attr:`np_random_seed`, so the run can be repeated.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 50}

    def __init__(
        self,
        scene: str | os.PathLike[str],
        *,
        render_mode: str | None = None,
        width: int = 480,
        height: int = 480,
        max_episode_steps: int | None = None,
        record: bool = False,
        **parameters: Any,
    ) -> None:
        self._scene = resolve(scene, parameters, max_episode_steps)
        check_render_mode(render_mode)
        self._record = bool(record)
        self._core: _core.Env | None = _core.Env(self._scene, self._record)
        self.render_mode = render_mode
        self.width, self.height = width, height
        self.metadata = metadata_of(self._scene)
        self._segments, self._action_segments = self._scene.observations, self._scene.actions
        self.observation_space = space_of(self._segments)
        self.action_space = space_of(self._action_segments)
        self._started = False

    # --- episodes ---------------------------------------------------------------------------------

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts an episode. See the class for how seeds are used; there are no options."""
        core = self._open()
        super().reset(seed=seed)
        if seed is None and not self._started:
            seed = self.np_random_seed
            if seed == -1:  # np_random was set by hand and its seed is unknown
                seed = int(self.np_random.integers(1 << 63))
        # Gymnasium's TimeLimit ends the episodes of a registered environment.
        core.own_time_limit = self.spec is None
        arrays, info = core.reset(None if seed is None else int(seed) & SEED_MASK)
        self._started = True
        return named(self._segments, arrays), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Applies an action for one environment step.

        ``info`` holds each reward term as ``reward_<term>``, the scene's further terms and, where the
        simulation failed (a NaN, a cost cap), ``error``.
        """
        core = self._core
        if core is None or not self._started:
            core = self._running()
        arrays, reward, terminated, truncated, info = core.step(unnamed(self._action_segments, action))
        return named(self._segments, arrays), reward, terminated, truncated, info

    def render(self) -> np.ndarray | None:
        """The current state as (height, width, 3) bytes."""
        if self.render_mode is None:
            if self.spec is None:
                raise RenderError("render() needs a render mode: make the environment with render_mode=\"rgb_array\"")
            gymnasium.logger.warn(
                "You are calling render method without specifying any render mode. You can specify the "
                f'render_mode at initialization, e.g. gym.make("{self.spec.id}", render_mode="rgb_array")'
            )
            return None
        return self._running().render(self.width, self.height)

    def close(self) -> None:
        """Frees the world. Calling it again does nothing."""
        self._core = None

    # --- state ------------------------------------------------------------------------------------

    @property
    def dt(self) -> float:
        """Simulated seconds per step."""
        return self._scene.step_seconds

    @property
    def scene(self) -> _core.Scene:
        """The cooked scene: names, spaces, blueprint."""
        return self._scene

    def get_state(self) -> bytes:
        """The whole state as bytes: everything that can influence the future, the random stream included."""
        return self._running().get_state()

    def set_state(self, state: bytes) -> Any:
        """Continues from :meth:`get_state`'s bytes, of this or another process; returns the observation."""
        core = self._open()
        core.set_state(state)
        core.own_time_limit = self.spec is None  # as in `reset`
        self._started = True
        return named(self._segments, core.observation())

    @property
    def qpos(self) -> np.ndarray:
        """Positions of the robot's joints, (nq,) float32, metres and radians; a copy."""
        return self._running().qpos()

    @property
    def qvel(self) -> np.ndarray:
        """Velocities of the robot's joints, (nv,) float32, m/s and rad/s; a copy."""
        return self._running().qvel()

    def set_qpos_qvel(self, qpos: Any, qvel: Any) -> Any:
        """Sets the robot's positions and velocities as ``MujocoEnv.set_state`` does; returns the observation.

        Sensors are refreshed; step count, time and random stream stay. An episode in which this is
        called is recorded from here on, as one that starts in this state.
        """
        core = self._running()
        qpos = np.ascontiguousarray(qpos, dtype=np.float32)
        qvel = np.ascontiguousarray(qvel, dtype=np.float32)
        core.set_qpos_qvel(qpos, qvel)
        return named(self._segments, core.observation())

    def digest(self) -> bytes:
        """BLAKE3 of the state, 32 bytes: equal exactly where the future is equal, given equal actions."""
        return self._running().digest()

    def episode(self) -> _core.Episode:
        """The episode so far, with its blueprint; needs ``record=True``."""
        return self._running().episode()

    def cost(self) -> dict[str, int]:
        """What the last step cost: contact points, solver rows and ray casts."""
        return dict(zip(("contacts", "rows", "rays"), self._running().cost()))

    # --- housekeeping -----------------------------------------------------------------------------

    def _open(self) -> _core.Env:
        if self._core is None:
            raise ClosedError("the environment is closed: make a new one")
        return self._core

    def _running(self) -> _core.Env:
        core = self._open()
        if not self._started:
            raise ResetNeeded("no episode is running: call reset() first")
        return core

    def __deepcopy__(self, memo: dict[int, Any]) -> HyperdustEnv:
        # Shares the immutable scene; through pickle's way it would be cooked again.
        import copy

        twin = object.__new__(type(self))
        memo[id(self)] = twin
        for name, value in self.__dict__.items():
            if name == "_core":
                twin._core = None if value is None else value.copy()
            elif name in IMMUTABLE:
                setattr(twin, name, value)
            else:
                setattr(twin, name, copy.deepcopy(value, memo))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name not in ("_segments", "_action_segments")}
        core = state.pop("_core")
        state["_state"] = None if core is None else core.get_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        core_state = state.pop("_state")
        self.__dict__.update(state)
        self._segments, self._action_segments = self._scene.observations, self._scene.actions
        self._core = None
        if core_state is not None:
            self._core = _core.Env(self._scene, self._record)
            self._core.set_state(core_state)
            self._core.own_time_limit = self.spec is None  # as in `reset`


def check_render_mode(render_mode: str | None) -> None:
    """Refuses a mode that is not drawn here."""
    if render_mode not in (None, "rgb_array"):
        raise RenderError(f"render_mode is {render_mode!r}, accepted are None and 'rgb_array'")


def metadata_of(scene: _core.Scene) -> dict[str, Any]:
    """Gymnasium metadata of a scene."""
    return {"render_modes": ["rgb_array"], "render_fps": max(1, round(1.0 / scene.step_seconds))}
