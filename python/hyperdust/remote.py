"""Worlds on a server: the same environments, spaces, infos and bits as here.

    >>> envs = hyperdust.connect("tcp://localhost:5555", scene="ant", num_envs=64)

The client is native; it numbers every request, sends again what was not answered, connects again and resumes its session by
itself, so that each request acts exactly once. A call that takes longer than ``timeout`` raises
:class:`hyperdust.RemoteTimeout`, and what was pending then can still be waited for.

With ``chain=`` the session is opened and paid on a chain (:mod:`hyperdust.payment`)::

    envs = hyperdust.connect(scene="ant", num_envs=64, chain="http://127.0.0.1:8545", deployment="deployment.json", wallet="me", budget="0.01")
    print(envs.receipt())

Beyond this machine connections are encrypted, and both sides know each other by their keys: ``server_key`` is the
server's public key, ``key`` the file of your own pair (``hyperdust keys new``).
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
import warnings
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from hyperdust import _core
from hyperdust.env import SEED_MASK
from hyperdust.errors import (
    AddressError,
    ChainError,
    ClosedError,
    Error,
    LaneError,
    RenderError,
    ResetNeeded,
    SceneError,
    SeedError,
    StateError,
)
from hyperdust.payment import Payment, Receipt, receipt_of
from hyperdust.policies import rows_of
from hyperdust.spaces import named, space_of, unnamed
from hyperdust.vector import Lanes, reset_mask

# Seconds that a goodbye may take. A session that could not say it is forgotten by its server in time.
_GOODBYE = 2.0


class _Session:
    """What both faces of a session have in common."""

    _core: _core.Remote | None = None
    _opened: dict[str, Any]
    _timeout: float = 30.0
    _minting = False
    # The last one, once the session is closed.
    _receipt: Receipt | None = None

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

    def receipt(self) -> Receipt:
        """What the session has cost so far. Only of one that is paid."""
        said = self._receipt if self._core is None else self._paid(self._core)
        if said is None:
            raise StateError("nothing is paid in this session: connect with chain=, deployment=, wallet= and budget=")
        return said

    @staticmethod
    def _paid(core: _core.Remote) -> Receipt | None:
        said = core.receipt()
        return None if said is None else receipt_of(said)

    def _connect(
        self,
        address: str | None,
        scene: str | None,
        parameters: dict[str, Any],
        num_envs: int,
        mode: str,
        max_episode_steps: int | None,
        record: bool,
        pipeline: int,
        connection: tuple[float, str | None, str | os.PathLike[str] | None],
        payment: Payment | None,
    ) -> None:
        """Opens a session, which is paid where ``payment`` says how."""
        self._timeout = connection[0]
        bought = None
        if payment is None:
            self.address = _address(address)
            client, name = _core.Client(self.address, *connection), _scene_name(scene)
        else:
            there = payment.connect(address, scene, parameters, max_episode_steps, num_envs, connection)
            client, self.address, name, bought = there
            # As it was published: what it is paid for.
            parameters, max_episode_steps, pipeline = {}, None, 1
            self._minting = payment.mint
        try:
            arguments = (num_envs, mode, _limit(max_episode_steps), bool(record), pipeline, bought)
            self._core = _core.Remote.open(client, name, parameters, *arguments)
        except Error as error:
            if bought is not None:
                error.args = (
                    f"{error}; session {bought.session} stays open on the chain, and `hyperdust session close` gives its deposit back",
                    *error.args[1:],
                )
            raise
        self._opened = self._core.opened()

    def _no_seed(self, seed: Any) -> None:
        if self._minting and seed is not None:
            raise SeedError(
                "seed is given, accepted is none: the chain has drawn the seeds of a session with mint=True, since work that begins from seeds of one's own counts for nothing"
            )

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
        if core is None:
            return
        if self._paid(core) is None:
            with contextlib.suppress(Error):
                core.close(_GOODBYE)
            return
        try:
            # What is owed is paid first, so this may take as long as any call.
            core.close(self._timeout)
        except Error as error:
            warnings.warn(f"the session could not be settled: {error}", RuntimeWarning, stacklevel=3)
        self._receipt = self._paid(core)


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
        chain: URL of a node. The session is then opened on its chain and paid step by step; ``address`` is needed no more, and
            ``scene`` may also be a folder.
        deployment: File of the market's deployment. This and the next three are taken from the variables HYPERDUST_DEPLOYMENT,
            HYPERDUST_WALLET, … where they are not given.
        wallet, wallets, password_file: Name of the wallet that pays and signs (``hyperdust wallet new``), the folder that it is in
            (``~/.hyperdust/wallets``), and the file with its password, which else is HYPERDUST_PASSWORD's value.
        budget: What may be spent, and what is put in as the deposit: a text with a number of coins (``"0.01"``) or a number and a unit
            (``"1500 sat"``), or an int of wei. The step that could not be paid is a :class:`hyperdust.BudgetExceeded`, and not made.
        mint: Whether the work shall count for minting. The chain draws the seeds then, and ``reset`` takes none.
        asset: Number of the asset. Without it the chain is asked for the one that is this scene.
        provider: Account of the provider. Without it the cheapest that answers, or the one that is registered at ``address``.
        chain_timeout: Seconds that the chain may take to open the session.
        receipts: Folder for what both sides sign, a file a session (``~/.hyperdust/sessions``): evidence, should the provider lie.
        **parameters: The scene's own parameters. A session that is paid has those that were published.

    A session that is paid has one request under way at a time. Closing it pays for all that was made; the rest of the deposit comes back
    with the provider's claim. ``render`` is not there: nothing is drawn on servers.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        address: str | None = None,
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
        chain: str | None = None,
        deployment: str | os.PathLike[str] | None = None,
        wallet: str | None = None,
        wallets: str | os.PathLike[str] | None = None,
        password_file: str | os.PathLike[str] | None = None,
        budget: str | int | None = None,
        mint: bool = False,
        asset: int | None = None,
        provider: str | None = None,
        chain_timeout: float = 300.0,
        receipts: str | os.PathLike[str] | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        _no_pictures(render_mode)
        self.render_mode = None
        payment = _payment(chain, deployment, wallet, wallets, password_file, budget, mint, asset, provider, chain_timeout, receipts)
        self.num_envs = operator.index(num_envs)
        if self.num_envs < 1:
            raise LaneError(f"num_envs is {num_envs}, accepted is 1 or more")
        mode = AutoresetMode(autoreset_mode).value
        connection = (timeout, server_key, key)
        if resume is None:
            arguments = (self.num_envs, mode, max_episode_steps, record, pipeline, connection, payment)
            self._connect(address, scene, parameters, *arguments)
        else:
            self.address, self._timeout = _address(address), timeout
            self._core = _core.Remote.resume(_core.Client(self.address, *connection), *_resumption(resume))
            self._opened = self._core.opened()
        self.num_envs = self._opened["num_envs"]
        self.autoreset_mode = AutoresetMode(self._opened["autoreset_mode"])
        fps = self._opened["render_fps"] or 50
        self.metadata = {"render_modes": [], "render_fps": fps, "autoreset_mode": self.autoreset_mode}
        self._shape(self._opened["observations"], self._opened["actions"])
        # A resumed session that answered something was reset before.
        self._started = resume is not None and _resumption(resume)[2] > 0

    def _seeds(self, seed: Any) -> list[int | None] | None:
        self._no_seed(seed)
        return None if self._minting else super()._seeds(seed)

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
        run = self._running().run(name, operator.index(steps), timeout)
        arrays, rewards, terminations, truncations, infos = run
        return named(self._segments, arrays), rewards, terminations, truncations, infos

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
        address: str | None = None,
        scene: str | None = None,
        *,
        max_episode_steps: int | None = None,
        record: bool = False,
        timeout: float = 30.0,
        server_key: str | None = None,
        key: str | os.PathLike[str] | None = None,
        render_mode: str | None = None,
        chain: str | None = None,
        deployment: str | os.PathLike[str] | None = None,
        wallet: str | None = None,
        wallets: str | os.PathLike[str] | None = None,
        password_file: str | os.PathLike[str] | None = None,
        budget: str | int | None = None,
        mint: bool = False,
        asset: int | None = None,
        provider: str | None = None,
        chain_timeout: float = 300.0,
        receipts: str | os.PathLike[str] | None = None,
        **parameters: Any,
    ) -> None:
        _no_pictures(render_mode)
        self.render_mode = None
        payment = _payment(chain, deployment, wallet, wallets, password_file, budget, mint, asset, provider, chain_timeout, receipts)
        arguments = (1, AutoresetMode.DISABLED.value, max_episode_steps, record, 1, (timeout, server_key, key), payment)
        self._connect(address, scene, parameters, *arguments)
        self.metadata = {"render_modes": [], "render_fps": self._opened["render_fps"] or 50}
        self._segments, self._action_segments = self._opened["observations"], self._opened["actions"]
        self.observation_space = space_of(self._segments)
        self.action_space = space_of(self._action_segments)
        self._started = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As :meth:`hyperdust.HyperdustEnv.reset`."""
        if self._core is None:
            raise ClosedError("the environment is closed: make a new one")
        self._no_seed(seed)
        super().reset(seed=seed)
        if seed is None and not self._started and not self._minting:
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


def connect(
    address: str | None = None, scene: str | None = None, num_envs: int = 1, **options: Any
) -> RemoteVectorEnv:
    """Lanes of a scene on a server: see :class:`RemoteVectorEnv` for the arguments.

    With ``chain=``, ``deployment=``, ``wallet=`` and ``budget=`` a provider is found on that chain, and paid for every step.
    """
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


def _address(address: str | None) -> str:
    if address is None:
        raise AddressError("address is None, accepted is tcp://HOST:PORT or ipc://PATH; with chain= a provider is found on the chain")
    return address


def _payment(chain: str | None, *options: Any) -> Payment | None:
    if chain is None:
        if any(option is not None and option is not False for option in options[:8]):
            raise ChainError("a session is paid on a chain: chain= is missing, the URL of a node")
        return None
    return Payment(chain, *options)


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
