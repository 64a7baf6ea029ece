"""Many worlds on a fixed pool of threads, as a ``gymnasium.vector.VectorEnv``.

Spaces, autoreset, masks and infos are those of ``gymnasium.vector.SyncVectorEnv`` over the single
environments, bit for bit; only the speed differs. The interpreter lock is released while worlds step.

Ownership of arrays. Everything returned is the caller's own for as long as it is referenced: no later call writes
to it. Observations are copied once, from each world into the memory of the array that is returned, and that memory
comes from a small stock: when the last reference to an array (or to a view of it, or to a DLPack tensor made of
it) is gone, a later step writes there again. A loop that drops its observations allocates nothing.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from hyperdust import _core
from hyperdust.env import SEED_MASK, check_render_mode, metadata_of
from hyperdust.errors import ClosedError, MaskError, RenderError, ResetNeeded, SeedError
from hyperdust.scene import resolve
from hyperdust.spaces import named, space_of, unnamed

if TYPE_CHECKING:
    from hyperdust.sb3 import HyperdustVecEnv


class Lanes(VectorEnv):
    """What lanes have in common wherever they run: spaces, seeds, masks, resets and steps.

    A subclass sets ``num_envs``, calls :meth:`_shape`, and gives ``_core`` the calls of ``_core.VectorEnv``.
    """

    _core: Any
    _started: bool
    _segments: list[_core.Segment]
    _action_segments: list[_core.Segment]

    def _shape(self, observations: list[_core.Segment], actions: list[_core.Segment]) -> None:
        self._segments, self._action_segments = observations, actions
        self.single_observation_space = space_of(observations)
        self.single_action_space = space_of(actions)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Resets all lanes, or those of ``options["reset_mask"]``, a boolean array of shape (num_envs,).

        ``seed``: an int (lane ``i`` gets ``seed + i``), a list with one int or ``None`` per lane, or ``None``:
        each lane's random stream goes on. Observations of lanes that are not reset are their current ones.
        """
        core = self._open()
        mask = reset_mask(options, self.num_envs)
        seeds = self._seeds(seed)
        arrays, infos = core.reset(seeds, mask)
        self._started = True
        return named(self._segments, arrays), infos

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Applies one action per lane. See ``gymnasium.vector.AutoresetMode`` for ended lanes."""
        core = self._running()
        arrays, rewards, terminations, truncations, infos = core.step(unnamed(self._action_segments, actions))
        return named(self._segments, arrays), rewards, terminations, truncations, infos

    def get_state(self) -> bytes:
        """State of every lane, and which are to be reset, as bytes."""
        return self._running().get_state()

    def set_state(self, state: bytes) -> Any:
        """Continues from :meth:`get_state`'s bytes; returns the observations."""
        core = self._open()
        arrays = core.set_state(state)
        self._started = True
        return named(self._segments, arrays)

    def _seeds(self, seed: Any) -> list[int | None] | None:
        if seed is not None and not isinstance(seed, (list, tuple, np.ndarray)):
            super().reset(seed=operator.index(seed))  # refuses negative seeds, and seeds np_random
            return [(operator.index(seed) + lane) & SEED_MASK for lane in range(self.num_envs)]
        if seed is not None:
            if len(seed) != self.num_envs:
                raise SeedError(
                    "If seeds are passed as a list the length must match "
                    f"num_envs={self.num_envs} but got length={len(seed)}."
                )
            for one in seed:
                if one is not None and operator.index(one) < 0:
                    raise SeedError(f"Seed must be greater or equal to zero, got {one}")
            return [None if one is None else operator.index(one) & SEED_MASK for one in seed]
        if not self._started:
            # Drawn from np_random, so that a caller who set it gets the same run again.
            fresh = self.np_random.integers(1 << 63, size=self.num_envs)
            return [int(one) for one in fresh]
        return None

    def _open(self) -> Any:
        if self._core is None:
            raise ClosedError("the environments are closed: make new ones")
        return self._core

    def _running(self) -> Any:
        core = self._open()
        if not self._started:
            raise ResetNeeded("no episode is running: call reset() first")
        return core


class HyperdustVectorEnv(Lanes):
    """``num_envs`` independent copies ("lanes") of a scene.

    Args:
        scene: As for :class:`hyperdust.HyperdustEnv`.
        num_envs: Number of lanes.
        num_threads: Threads that step them; ``None``: one per available core, at most one per lane. Results
            do not depend on it.
        autoreset_mode: A ``gymnasium.vector.AutoresetMode`` or its value ("NextStep", "SameStep", "Disabled").
        max_episode_steps: As for :class:`hyperdust.HyperdustEnv`; each lane counts its own.
        render_mode, width, height: As for :class:`hyperdust.HyperdustEnv`; :meth:`render` gives one frame a lane.
        record: Keep actions and step records of each lane's episode, for :meth:`episode`.
        **parameters: The scene's own parameters.

    ``reset(seed=s)`` seeds lane ``i`` with ``s + i``.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        scene: str | os.PathLike[str],
        num_envs: int = 1,
        *,
        num_threads: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        width: int = 480,
        height: int = 480,
        record: bool = False,
        **parameters: Any,
    ) -> None:
        super().__init__()
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        check_render_mode(render_mode)
        self._scene = resolve(scene, parameters, max_episode_steps)
        self.num_envs = operator.index(num_envs)
        threads = _default_threads() if num_threads is None else operator.index(num_threads)
        self.num_threads = max(1, min(threads, self.num_envs))
        self.render_mode = render_mode
        self.width, self.height = width, height
        self.metadata = {**metadata_of(self._scene), "autoreset_mode": self.autoreset_mode}
        self._record = bool(record)
        self._core: _core.VectorEnv | None = self._new_core()
        self._shape(self._scene.observations, self._scene.actions)
        self._started = False

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One (height, width, 3) frame of bytes per lane."""
        if self.render_mode is None:
            raise RenderError("render() needs a render mode: make the environments with render_mode=\"rgb_array\"")
        core = self._running()
        return tuple(core.render(lane, self.width, self.height) for lane in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Stops the threads and frees the worlds."""
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

    @property
    def qpos(self) -> np.ndarray:
        """Positions of the robots' joints, (num_envs, nq) float32; a copy."""
        return self._running().qpos()

    @property
    def qvel(self) -> np.ndarray:
        """Velocities of the robots' joints, (num_envs, nv) float32; a copy."""
        return self._running().qvel()

    def set_qpos_qvel(self, lane: int, qpos: Any, qvel: Any) -> Any:
        """As :meth:`hyperdust.HyperdustEnv.set_qpos_qvel`, for one lane."""
        qpos = np.ascontiguousarray(qpos, dtype=np.float32)
        qvel = np.ascontiguousarray(qvel, dtype=np.float32)
        return named(self._segments, self._running().set_qpos_qvel(lane, qpos, qvel))

    def digests(self) -> list[bytes]:
        """Per lane, what :meth:`hyperdust.HyperdustEnv.digest` gives."""
        return self._running().digests()

    def episode(self, lane: int) -> _core.Episode:
        """The running episode of a lane so far; needs ``record=True``."""
        return self._running().episode(lane)

    def finished_episodes(self) -> list[tuple[int, _core.Episode]]:
        """Takes the episodes that ended, with their lanes: lane by lane, oldest first; needs ``record=True``."""
        return self._running().finished_episodes()

    def to_sb3(self) -> HyperdustVecEnv:
        """This environment as a Stable-Baselines3 ``VecEnv`` (``pip install stable-baselines3``).

        The wrapper takes the lanes over: autoreset becomes SAME_STEP, as SB3 expects. Step it, not this one.
        """
        from hyperdust.sb3 import HyperdustVecEnv

        return HyperdustVecEnv(self)

    def set_autoreset_mode(self, mode: AutoresetMode | str) -> None:
        """Changes the autoreset mode. Lanes start over: reset them afterwards."""
        self._open()
        mode = AutoresetMode(mode)
        if mode is not self.autoreset_mode:
            self.autoreset_mode = mode
            self.metadata = {**self.metadata, "autoreset_mode": mode}
            self._core = self._new_core()
            self._started = False

    # --- housekeeping -----------------------------------------------------------------------------

    def _new_core(self) -> _core.VectorEnv:
        return _core.VectorEnv(
            self._scene, self.num_envs, self.num_threads, self.autoreset_mode.value, self._record
        )

    # Pickle's way serves deepcopy too: a scene is immutable and copies as itself.

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
            self._core = self._new_core()
            self._core.set_state(core_state)


def make_vec(
    id: str | os.PathLike[str],
    num_envs: int = 1,
    num_threads: int | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **kwargs: Any,
) -> HyperdustVectorEnv:
    """A vector environment of a registered id ("hyperdust/Ant-v0"), a published scene or a scene's path.

    ``kwargs`` are those of :class:`HyperdustVectorEnv`, scene parameters included.
    """
    options = {"num_threads": num_threads, "autoreset_mode": autoreset_mode, **kwargs}
    if isinstance(id, str) and id.rpartition(":")[2] in gymnasium.registry:
        envs = gymnasium.make_vec(id, num_envs=num_envs, vectorization_mode="vector_entry_point", **options)
        return cast("HyperdustVectorEnv", envs)
    return HyperdustVectorEnv(id, num_envs, **options)


def reset_mask(options: dict[str, Any] | None, num_envs: int) -> np.ndarray | None:
    """``options["reset_mask"]``, checked as Gymnasium's own vector environments check it."""
    if options is None or "reset_mask" not in options:
        return None
    mask = options["reset_mask"]
    if not isinstance(mask, np.ndarray):
        raise MaskError(f"`options['reset_mask']` must be a numpy array, got {type(mask)}")
    if mask.shape != (num_envs,):
        raise MaskError(f"`options['reset_mask']` must have shape `({num_envs},)`, got {mask.shape}")
    if mask.dtype != np.bool_:
        raise MaskError(f"`options['reset_mask']` must have `dtype=np.bool_`, got {mask.dtype}")
    if not mask.any():
        raise MaskError("`options['reset_mask']` must contain a boolean array with at least one True value")
    return np.ascontiguousarray(mask)


def _default_threads() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        return os.cpu_count() or 1
