"""Worlds on a server: the same environments, spaces, infos and bits as here.

    >>> envs = hyperdust.connect("tcp://localhost:5555", scene="ant", num_envs=64)

The client is native; it numbers every request, sends again what was not answered, connects again and resumes its session by
itself, so that each request acts exactly once. A call that takes longer than ``timeout`` raises
:class:`hyperdust.RemoteTimeout`, and what was pending then can still be waited for.

Beyond this machine connections are encrypted, and both sides know each other by their keys: ``server_key`` is the
server's public key, ``key`` the file of your own pair (``hyperdust keys new``).
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from hyperdust import _core
from hyperdust.env import SEED_MASK
from hyperdust.errors import (
    ClosedError,
    Error,
    LaneError,
    RenderError,
    ResetNeeded,
    SceneError,
    StateError,
)
from hyperdust.policies import rows_of
from hyperdust.spaces import named, space_of, unnamed
from hyperdust.vector import Lanes, reset_mask

# Seconds that a goodbye may take. A session that could not say it is forgotten by its server in time.
_GOODBYE = 2.0


class _Session:
    """What both faces of a session have in common."""

    _core: _core.Remote | None = None
    _opened: dict[str, Any]

    @property
    def session(self) -> int:
        """Number of the session on its server."""
        return self._opened["session"]

    @property
    def blueprint_id(self) -> str:
        """What is simulated: equal to that of the local scene exactly where the bits are."""
        return self._opened["blueprint_id"]

    @property
    def server(self) -> dict[str, Any]:
        """What the server said when the session was opened: its name, the kernel's version, rights, limits, …"""
        return {name: value for name, value in self._opened.items() if name not in ("observations", "actions")}

    def resumption(self) -> str:
        """What another process needs to take this session over: ``connect(address, resume=…)``.

        It is a secret: whoever has it has the session. This object is of no use afterwards.
        """
        if self._core is None:
            raise ClosedError("the session is closed: open a new one")
        session, token, answered = self._core.resumption()
        return json.dumps({"session": session, "token": token, "answered": answered})

    def _bye(self) -> None:
        core, self._core = self._core, None
        if core is not None:
            with contextlib.suppress(Error):
                core.close(_GOODBYE)


class RemoteVectorEnv(_Session, Lanes):
    """``num_envs`` lanes of a scene on a server. Semantics are those of :class:`hyperdust.HyperdustVectorEnv`, bit for bit.

    Args:
        address: "tcp://HOST:PORT" or "ipc://PATH".
        scene: Name of a scene that the server has published.
        num_envs: Number of lanes.
        autoreset_mode, max_episode_steps: As for :class:`hyperdust.HyperdustVectorEnv`.
        record: Whether the server keeps the episodes; ``hyperdust.dataset(address)`` opens them.
        pipeline: Requests that may be under way at a time, for :meth:`step_async` and :meth:`send`.
        timeout: Seconds that a call may take.
        server_key, key: See the module; not needed on one machine.
        resume: :meth:`resumption` of a session that this one goes on with; then all of the above but the address and
            the keys is as it was.
        **parameters: The scene's own parameters.

    ``render`` is not there: nothing is drawn on servers.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        address: str,
        scene: str | None = None,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        record: bool = False,
        pipeline: int = 2,
        timeout: float = 30.0,
        server_key: str | None = None,
        key: str | os.PathLike[str] | None = None,
        resume: str | None = None,
        render_mode: str | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        _no_pictures(render_mode)
        self.render_mode = None
        self.address = address
        self.num_envs = operator.index(num_envs)
        if self.num_envs < 1:
            raise LaneError(f"num_envs is {num_envs}, accepted is 1 or more")
        mode = AutoresetMode(autoreset_mode).value
        client = _core.Client(address, timeout, server_key, key)
        if resume is not None:
            self._core = _core.Remote.resume(client, *_resumption(resume))
        else:
            arguments = (self.num_envs, mode, _limit(max_episode_steps), bool(record), pipeline)
            self._core = _core.Remote.open(client, _scene_name(scene), parameters, *arguments)
        self._opened = self._core.opened()
        self.num_envs = self._opened["num_envs"]
        self.autoreset_mode = AutoresetMode(self._opened["autoreset_mode"])
        fps = self._opened["render_fps"] or 50
        self.metadata = {"render_modes": [], "render_fps": fps, "autoreset_mode": self.autoreset_mode}
        self._shape(self._opened["observations"], self._opened["actions"])
        # A resumed session that answered something was reset before.
        self._started = resume is not None and _resumption(resume)[2] > 0

    # --- under way --------------------------------------------------------------------------------

    def reset_async(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> None:
        """As :meth:`reset`, without waiting: :meth:`step_wait` gives its batch, rewards zero."""
        core = self._open()
        core.reset_async(self._seeds(seed), reset_mask(options, self.num_envs))
        self._started = True

    def step_async(self, actions: Any) -> None:
        """As :meth:`step`, without waiting; the caller's array is free at once.

        As many requests may be under way as ``pipeline`` says; one more is a :class:`hyperdust.PendingError`.
        """
        self._running().step_async(unnamed(self._action_segments, actions))

    def step_wait(
        self, timeout: float | None = None
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """What the oldest request under way gave, as :meth:`step` returns it.

        ``timeout``: in seconds, ``None``: the connection's. After a :class:`hyperdust.RemoteTimeout` the
        request is still under way.
        """
        arrays, rewards, terminations, truncations, infos = self._running().wait(timeout)
        return named(self._segments, arrays), rewards, terminations, truncations, infos

    def run_policy(
        self, name: str, steps: int, *, timeout: float | None = None
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Lets a policy that the server hosts make ``steps`` steps, without a client between them; what :meth:`step` of the
        last one returns. Episodes that ended between are in the record (``record=True``).

        It acts as a whole or not at all; in ``DISABLED`` it ends with the first step that ends an episode. Give it a ``timeout`` (in
        seconds) that so many steps may take. A policy that does not fit is a :class:`hyperdust.PolicyError`.
        """
        arrays, *rest = self._running().run(name, operator.index(steps), timeout)
        return (named(self._segments, arrays), *rest)

    @property
    def pending(self) -> int:
        """Requests under way."""
        return self._open().pending()

    # The names that EnvPool and hyperdust.Pipeline use.

    def async_reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """:meth:`reset_async`."""
        self.reset_async(seed=seed, options=options)

    def send(self, actions: Any, env_id: np.ndarray | None = None) -> None:
        """:meth:`step_async`; ``env_id``, if given, must be that of :meth:`recv`: all lanes."""
        if env_id is not None and not np.array_equal(env_id, np.arange(self.num_envs)):
            raise LaneError('env_id must be infos["env_id"] of a batch that was received: all lanes, in order')
        self.step_async(actions)

    def recv(self) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """:meth:`step_wait`, and ``infos["env_id"]``, the lanes."""
        observations, rewards, terminations, truncations, infos = self.step_wait()
        lanes = np.arange(self.num_envs, dtype=np.int32)
        return observations, rewards, terminations, truncations, {**infos, "env_id": lanes}

    # --- housekeeping -----------------------------------------------------------------------------

    def render(self) -> None:
        """Nothing is drawn on servers."""
        _no_pictures("render()")

    def close_extras(self, **kwargs: Any) -> None:
        """Ends the session; a server that is gone is not waited for long."""
        self._bye()


class RemoteEnv(_Session, gymnasium.Env):
    """One lane of a scene on a server, as ``gymnasium.make("hyperdust/Remote-v0", address=…, scene=…)``.

    Arguments are those of :class:`RemoteVectorEnv`. The server ends episodes at the scene's time limit. A step after the end
    of an episode is a :class:`hyperdust.ResetNeeded`.
    """

    metadata: dict[str, Any] = {"render_modes": [], "render_fps": 50}

    def __init__(
        self,
        address: str,
        scene: str,
        *,
        max_episode_steps: int | None = None,
        record: bool = False,
        timeout: float = 30.0,
        server_key: str | None = None,
        key: str | os.PathLike[str] | None = None,
        render_mode: str | None = None,
        **parameters: Any,
    ) -> None:
        _no_pictures(render_mode)
        self.render_mode = None
        self.address = address
        client = _core.Client(address, timeout, server_key, key)
        arguments = (1, AutoresetMode.DISABLED.value, _limit(max_episode_steps), bool(record), 1)
        self._core = _core.Remote.open(client, _scene_name(scene), parameters, *arguments)
        self._opened = self._core.opened()
        self.metadata = {"render_modes": [], "render_fps": self._opened["render_fps"] or 50}
        self._segments, self._action_segments = self._opened["observations"], self._opened["actions"]
        self.observation_space = space_of(self._segments)
        self.action_space = space_of(self._action_segments)
        self._started = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As :meth:`hyperdust.HyperdustEnv.reset`."""
        if self._core is None:
            raise ClosedError("the environment is closed: make a new one")
        super().reset(seed=seed)
        if seed is None and not self._started:
            seed = self.np_random_seed
            if seed == -1:  # np_random was set by hand and its seed is unknown
                seed = int(self.np_random.integers(1 << 63))
        arrays, info = self._core.reset_one(None if seed is None else int(seed) & SEED_MASK)
        self._started = True
        return named(self._segments, arrays), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As :meth:`hyperdust.HyperdustEnv.step`."""
        if self._core is None:
            raise ClosedError("the environment is closed: make a new one")
        if not self._started:
            raise ResetNeeded("no episode is running: call reset() first")
        arrays, reward, terminated, truncated, info = self._core.step_one(unnamed(self._action_segments, action))
        return named(self._segments, arrays), reward, terminated, truncated, info

    def close(self) -> None:
        """Ends the session. Calling it again does nothing."""
        self._bye()


class RemotePolicy:
    """A policy that a server hosts, as a function of observations; see :func:`policy`.

    Attributes:
        inputs, outputs: Numbers of an observation and of an action.
        rows: Observations of one call at most.
        digest: What it is: root of its bytes.
    """

    def __init__(self, client: _core.Client, name: str) -> None:
        self._client, self.name = client, name
        self.inputs, self.outputs, self.rows, self.digest = client.policy(name)

    def __call__(self, observations: Any) -> np.ndarray:
        """Actions (…, outputs) float32 for observations (…, inputs), however many there are."""
        rows = rows_of(observations, self.inputs)
        flat = rows.reshape(-1, self.inputs)
        actions = np.empty((len(flat), self.outputs), np.float32)
        for first in range(0, len(flat), self.rows):
            part = flat[first : first + self.rows]
            data = self._client.act(self.name, part.tobytes(), len(part) * self.outputs * 4)
            actions[first : first + self.rows] = np.frombuffer(data, np.float32).reshape(len(part), self.outputs)
        return actions.reshape(*rows.shape[:-1], self.outputs)

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()


def connect(address: str, scene: str | None = None, num_envs: int = 1, **options: Any) -> RemoteVectorEnv:
    """Lanes of a scene on a server: see :class:`RemoteVectorEnv` for the arguments."""
    return RemoteVectorEnv(address, scene, num_envs, **options)


def policy(
    address: str,
    name: str,
    *,
    timeout: float = 30.0,
    server_key: str | None = None,
    key: str | os.PathLike[str] | None = None,
) -> RemotePolicy:
    """A policy that a server hosts (``hyperdust serve --policy NAME=FILE``)."""
    return RemotePolicy(_core.Client(address, timeout, server_key, key), name)


def _scene_name(scene: str | None) -> str:
    if not isinstance(scene, str):
        raise SceneError(f"scene is {scene!r}, accepted is the name of a scene that the server has published")
    return scene


def _limit(max_episode_steps: int | None) -> int | None:
    return None if max_episode_steps is None else max(0, operator.index(max_episode_steps))


def _no_pictures(render_mode: str | None) -> None:
    if render_mode is not None:
        raise RenderError(f"{render_mode!r}: nothing is drawn on servers; draw a recorded episode here")


def _resumption(text: str) -> tuple[int, str, int]:
    try:
        said = json.loads(text)
        return operator.index(said["session"]), str(said["token"]), operator.index(said["answered"])
    except (ValueError, KeyError, TypeError):
        raise StateError("resume: this is not what resumption() returned") from None
