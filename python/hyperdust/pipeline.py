"""``send`` and ``recv``: worlds step while the policy thinks.

As in EnvPool's asynchronous mode, a batch is smaller than the number of environments: while the caller works on one
batch, the others are stepped in the background. Unlike there, batches come back in the order in which they were sent, so
a run is as reproducible as a synchronous one: lane ``i`` gives the same bits as lane ``i`` of
:class:`hyperdust.HyperdustVectorEnv` with the same seed and actions, and who waits for whom never shows.
"""

from __future__ import annotations

import operator
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from hyperdust.errors import ClosedError, LaneError, MaskError, ResetNeeded
from hyperdust.vector import HyperdustVectorEnv, _default_threads, make_vec


class Pipeline:
    """``num_envs`` lanes of a scene, handed out ``batch_size`` at a time.

    Args:
        id: As for :func:`hyperdust.make_vec`.
        num_envs: Number of lanes, a multiple of ``batch_size``.
        batch_size: Lanes per :meth:`recv`; group ``g`` holds lanes ``g * batch_size`` and following.
        num_threads: Threads that step groups; ``None``: one per available core.
        **kwargs: As for :func:`hyperdust.make_vec`: autoreset mode, scene parameters, ...

    >>> envs = hyperdust.make_async("hyperdust/Ant-v0", num_envs=256, batch_size=64)
    >>> envs.async_reset(seed=0)
    >>> while training:
    ...     observations, rewards, terminations, truncations, infos = envs.recv()
    ...     envs.send(policy(observations), infos["env_id"])
    """

    def __init__(
        self,
        id: str | os.PathLike[str],
        num_envs: int,
        batch_size: int,
        num_threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.num_envs, self.batch_size = operator.index(num_envs), operator.index(batch_size)
        if not 1 <= self.batch_size <= self.num_envs or self.num_envs % self.batch_size:
            raise LaneError(
                f"{self.num_envs} environments in batches of {self.batch_size}: "
                "batch_size must be at least 1 and divide num_envs"
            )
        groups = self.num_envs // self.batch_size
        self._groups: list[HyperdustVectorEnv] = [
            make_vec(id, num_envs=self.batch_size, num_threads=1, **kwargs) for _ in range(groups)
        ]
        first = self._groups[0]
        self.single_observation_space = first.single_observation_space
        self.single_action_space = first.single_action_space
        self.observation_space = first.observation_space
        self.action_space = first.action_space
        self.metadata = first.metadata
        threads = _default_threads() if num_threads is None else operator.index(num_threads)
        self.num_threads = max(1, min(threads, groups))
        self._threads: ThreadPoolExecutor | None = ThreadPoolExecutor(self.num_threads, thread_name_prefix="hyperdust")
        self._process = os.getpid()
        # Under way, oldest first; then received and waiting for an action, oldest first.
        self._sent: deque[tuple[int, Future[Any]]] = deque()
        self._received: deque[int] = deque()

    def async_reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Starts episodes in all lanes; each group's first :meth:`recv` gives what they begin with, rewards zero.

        ``seed``: lane ``i`` gets ``seed + i``. What was under way is finished and forgotten. ``options`` are for all
        groups; a mask of lanes cannot be.
        """
        self._open()
        if options is not None and "reset_mask" in options:
            raise MaskError("async_reset() starts all lanes: it takes no `reset_mask`")
        self._drain()
        self._received.clear()
        for group in range(len(self._groups)):
            self._submit(group, self._reset, group, None if seed is None else seed + group * self.batch_size, options)

    def send(self, actions: Any, env_id: np.ndarray | None = None) -> None:
        """Applies ``actions``, one per lane of a batch that was received, in the background. They are copied: the caller's
        array is free at once.

        ``env_id``: that batch's ``infos["env_id"]``; without it, the batch that was received first of those
        that wait for actions. Errors (of shapes, NaNs) are raised by the :meth:`recv` that would return the batch.
        """
        self._open()
        if not self._received:
            raise ResetNeeded("no batch waits for actions: call async_reset(), then recv()")
        group = self._received[0] if env_id is None else self._group_of(env_id)
        self._received.remove(group)
        own = {name: np.array(part) for name, part in actions.items()} if isinstance(actions, dict) else np.array(actions)
        self._submit(group, self._step, group, own)

    def recv(self) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """The oldest batch under way, once it is there: what ``step`` returns, and ``infos["env_id"]``, its lanes."""
        self._open()
        if not self._sent:
            raise ResetNeeded("no batch is under way: call async_reset() or send() first")
        group, future = self._sent[0]
        wait([future])  # an interrupt here leaves the batch under way
        self._sent.popleft()
        # Appended first: after an error the batch waits for better actions.
        self._received.append(group)
        observations, rewards, terminations, truncations, infos = future.result()
        lanes = np.arange(group * self.batch_size, (group + 1) * self.batch_size, dtype=np.int32)
        return observations, rewards, terminations, truncations, {**infos, "env_id": lanes}

    def close(self) -> None:
        """Finishes what is under way, ends the threads and frees the worlds; a second call does nothing."""
        if self._threads is None or self._process != os.getpid():
            return
        self._drain()
        self._threads.shutdown()
        self._threads = None
        for envs in self._groups:
            envs.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reset(self, group: int, seed: int | None, options: dict[str, Any] | None) -> Any:
        observations, infos = self._groups[group].reset(seed=seed, options=options)
        none = np.zeros(self.batch_size, dtype=np.bool_)
        return observations, np.zeros(self.batch_size), none, none.copy(), infos

    def _step(self, group: int, actions: Any) -> Any:
        return self._groups[group].step(actions)

    def _submit(self, group: int, work: Any, *arguments: Any) -> None:
        assert self._threads is not None
        self._sent.append((group, self._threads.submit(work, *arguments)))

    def _drain(self) -> None:
        wait([future for _, future in self._sent])
        self._sent.clear()

    def _group_of(self, env_id: np.ndarray) -> int:
        ids = np.asarray(env_id)
        if ids.shape == (self.batch_size,) and ids.size:
            group = int(ids[0]) // self.batch_size
            first = group * self.batch_size
            if group in self._received and np.array_equal(ids, np.arange(first, first + self.batch_size)):
                return group
        raise LaneError("env_id must be infos[\"env_id\"] of a batch that was received and not yet answered")

    def _open(self) -> None:
        if self._threads is None:
            raise ClosedError("the environments are closed: make new ones")
        if self._process != os.getpid():
            raise ClosedError("this process was forked: its copy of the environments has no threads; make new ones")


def make_async(
    id: str | os.PathLike[str], num_envs: int, batch_size: int, num_threads: int | None = None, **kwargs: Any
) -> Pipeline:
    """Environments with ``send`` and ``recv``: see :class:`Pipeline`."""
    return Pipeline(id, num_envs, batch_size, num_threads, **kwargs)
