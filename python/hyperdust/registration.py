"""The Gymnasium registry entries of the published scenes.

Entry points are strings, so importing the package loads neither the native module nor any scene. Time
limits and reward thresholds are the classic tasks' own (Gymnasium v5, CartPole-v1, Pendulum-v1).
"""

from __future__ import annotations

from typing import NamedTuple

from gymnasium.envs.registration import register, registry


class Entry(NamedTuple):
    """One published scene."""

    id: str
    scene: str
    max_episode_steps: int
    reward_threshold: float | None


ENTRIES = (
    Entry("hyperdust/CartPole-v0", "cartpole", 500, 475.0),
    Entry("hyperdust/Pendulum-v0", "pendulum", 200, None),
    Entry("hyperdust/Hopper-v0", "hopper", 1000, 3800.0),
    Entry("hyperdust/Walker2d-v0", "walker2d", 1000, None),
    Entry("hyperdust/HalfCheetah-v0", "half_cheetah", 1000, 4800.0),
    Entry("hyperdust/Ant-v0", "ant", 1000, 6000.0),
    Entry("hyperdust/Humanoid-v0", "humanoid", 1000, None),
    Entry("hyperdust/Blocks-v0", "blocks", 200, None),
)


# Takes `address` and `scene`; the server ends its episodes.
REMOTE = "hyperdust/Remote-v0"


def register_scenes() -> None:
    """Registers every published scene, and scenes on servers; harmless when repeated."""
    for entry in ENTRIES:
        if entry.id in registry:
            continue
        register(
            id=entry.id,
            entry_point="hyperdust.env:HyperdustEnv",
            vector_entry_point="hyperdust.vector:HyperdustVectorEnv",
            max_episode_steps=entry.max_episode_steps,
            reward_threshold=entry.reward_threshold,
            kwargs={"scene": entry.scene},
        )
    if REMOTE not in registry:
        register(
            id=REMOTE,
            entry_point="hyperdust.remote:RemoteEnv",
            vector_entry_point="hyperdust.remote:RemoteVectorEnv",
        )
