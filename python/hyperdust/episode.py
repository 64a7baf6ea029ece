"""Replaying recorded episodes."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hyperdust import _core
from hyperdust.errors import ReplayError
from hyperdust.scene import published


@dataclass(frozen=True)
class ReplayReport:
    """What a replay found.

    Attributes:
        matched: Steps whose every digest, reward and flag was equal.
        steps: Steps recorded.
        diverged_at: The first step that differs, from 1; 0: the reset itself; ``None``: nothing differs.
        field: What differs there: "action", "state digest", "observation", "reward", "terminated" or "truncated".
        episode_return: Sum of the replayed rewards, up to and including the first difference.
        complete: Whether the recording reaches an end of the episode.
    """

    matched: int
    steps: int
    diverged_at: int | None
    field: str | None
    episode_return: float
    complete: bool

    @property
    def equal(self) -> bool:
        """Whether every record was equal."""
        return self.diverged_at is None

    def check(self) -> None:
        """Raises :class:`hyperdust.ReplayError` where the replay differs from the recording."""
        if not self.equal:
            raise ReplayError(str(self), self)

    def __str__(self) -> str:
        if self.equal:
            return f"{self.matched} of {self.steps} steps matched: every digest is equal"
        place = "the reset" if self.diverged_at == 0 else f"step {self.diverged_at}"
        return f"{self.matched} of {self.steps} steps matched: {place} differs in its {self.field}"


def replay(episode: _core.Episode | bytes | str | os.PathLike[str], scene: _core.Scene | None = None) -> ReplayReport:
    """Runs an episode again and compares it step by step with what was recorded.

    Args:
        episode: An episode, its bytes or the path of its file.
        scene: What to run it on (``env.scene``); ``None``: the blueprint inside the episode, else the published
            scene that it is of. Servers' recordings have none inside.

    An :class:`hyperdust.EpisodeError` means that it could not be run: malformed, or of another version or scene.
    """
    if isinstance(episode, (bytes, bytearray, memoryview)):
        episode = _core.Episode.from_bytes(bytes(episode))
    elif not isinstance(episode, _core.Episode):
        episode = _core.Episode.load(os.fspath(episode))
    return report_of(episode._replay(scene_of(episode, scene)))


def scene_of(episode: _core.Episode, scene: _core.Scene | None) -> _core.Scene | None:
    """What to replay on: the scene that was given, or one that is published where the episode does not bring its own."""
    if scene is not None or episode.embeds_blueprint:
        return scene
    name = published(episode.blueprint_id)
    return None if name is None else _core.Scene(name, True, {}, None)


def report_of(found: tuple[int, int, tuple[int, str] | None, float, bool]) -> ReplayReport:
    """What the native module says of a replay."""
    matched, steps, divergence, episode_return, complete = found
    diverged_at, field = divergence or (None, None)
    return ReplayReport(matched, steps, diverged_at, field, episode_return, complete)
