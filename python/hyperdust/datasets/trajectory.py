"""An episode as arrays: what the environment returned, step by step, made again by replaying the recording."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from hyperdust import _core
from hyperdust.episode import report_of, scene_of
from hyperdust.scene import published
from hyperdust.spaces import named, space_of


@dataclass(frozen=True)
class Trajectory:
    """An episode of ``n`` steps.

    Attributes:
        observations: ``n + 1`` observations, the reset's first; a dict of arrays where the space is a ``Dict``.
        actions: ``n`` actions as the world read them, clipped ones included; a dict where the space is one.
        rewards: (n,) float64.
        terminations, truncations: (n,) bool. Only the last can be true.
        infos: Per name, (n + 1,) float64, the reset's first.
        error: Why the last step could not be simulated; ``None``: it could.
        observation_space, action_space: As of the environment.
        step_seconds: Simulated seconds per step.
        seed: Of the reset; ``None``: the episode started from a state or went on with an earlier random stream.
        blueprint_id: What was simulated.
        scene: Name of the published scene that this is, with its default parameters; ``None``: another.
        digest: Hexadecimal name of the recording.
        poses: (n + 1, bodies, 7) float32, each body's position in metres (world frame, z up) and orientation as a
            quaternion w x y z; ``None`` unless asked for.
    """

    observations: Any
    actions: Any
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    infos: dict[str, np.ndarray]
    error: str | None
    observation_space: spaces.Space
    action_space: spaces.Space
    step_seconds: float
    seed: int | None
    blueprint_id: str
    scene: str | None
    digest: str
    poses: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def episode_return(self) -> float:
        """Undiscounted sum of the rewards."""
        return float(self.rewards.sum())

    @property
    def shape(self) -> tuple[Any, ...]:
        """What episodes must share to be in one data set: spaces and names of infos."""
        return (self.observation_space, self.action_space, tuple(self.infos))


def trajectory(
    episode: _core.Episode | bytes | str | os.PathLike[str],
    scene: _core.Scene | None = None,
    *,
    poses: bool = False,
) -> Trajectory:
    """Replays an episode and returns what it gave.

    Args:
        episode: An episode, its bytes or the path of its file.
        scene: What to run it on (``env.scene``); ``None``: the blueprint inside the episode, else the published
            scene that it is of.
        poses: Keep the pose of every body, too.

    Raises :class:`hyperdust.ReplayError` where the replay differs from the recording, with the step, and
    :class:`hyperdust.EpisodeError` where it could not be run.
    """
    if isinstance(episode, (bytes, bytearray, memoryview)):
        episode = _core.Episode.from_bytes(bytes(episode))
    elif not isinstance(episode, _core.Episode):
        episode = _core.Episode.load(os.fspath(episode))
    found, parts = episode._trajectory(scene_of(episode, scene), poses)
    report_of(found).check()
    action_space = space_of(parts["action_segments"])
    actions = tuple(
        # Gymnasium's own dtype of a discrete action; the world reads 32 bits of it.
        array.astype(np.int64) if segment.choices else array
        for segment, array in zip(parts["action_segments"], parts["actions"], strict=True)
    )
    return Trajectory(
        observations=named(parts["observation_segments"], parts["observations"]),
        actions=named(parts["action_segments"], actions),
        rewards=parts["rewards"],
        terminations=parts["terminations"],
        truncations=parts["truncations"],
        infos=parts["infos"],
        error=parts["error"],
        observation_space=space_of(parts["observation_segments"]),
        action_space=action_space,
        step_seconds=parts["step_seconds"],
        seed=episode.seed,
        blueprint_id=episode.blueprint_id,
        scene=published(episode.blueprint_id),
        digest=episode.digest().hex(),
        poses=parts.get("poses"),
    )


def flat(prefix: str, value: Any, separator: str = "/") -> dict[str, np.ndarray]:
    """Observations or actions by name: ``prefix`` alone, or ``prefix/<segment>`` where the space is a ``Dict``."""
    if isinstance(value, dict):
        return {f"{prefix}{separator}{name}": array for name, array in value.items()}
    return {prefix: value}
