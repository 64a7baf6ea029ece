"""LeRobotDataset v3: parquet and JSON, read with ``LeRobotDataset(repo_id, root=…)``.

A frame is an observation, the action taken there, and what it led to:

- ``observation.state``, or ``observation.<name>`` for each part of a ``Dict`` space;
- ``action``, or ``action.<name>``;
- ``next.reward`` (float32, exact), ``next.done``, ``next.terminated``, ``next.truncated`` (bool), ``next.<info>`` (float32, exact).

The format has one row per action, so an episode's last observation has no place in it: whoever needs the successor of a
truncated step takes Minari or NPZ. ``fps`` is a whole number there: the nearest to 1 / ``step_seconds``, and timestamps follow it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperdust.datasets.target import alike, fresh, library
from hyperdust.datasets.trajectory import Trajectory, flat

if TYPE_CHECKING:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    from hyperdust.datasets.dataset import Dataset


def write(
    dataset: Dataset,
    root: str | os.PathLike[str],
    *,
    repo_id: str | None = None,
    task: str | None = None,
    overwrite: bool = False,
    progress: bool | None = None,
) -> LeRobotDataset:
    """Writes a data set into the folder ``root`` and returns it, opened by LeRobot.

    Args:
        repo_id: Its name; ``None``: "hyperdust/" and the scene's name.
        task: The sentence that policies conditioned on language are given; ``None``: the scene's name.
        overwrite: Replace what is in ``root``.
    """
    lerobot = library("lerobot.datasets.lerobot_dataset", "lerobot").LeRobotDataset
    with fresh(root, overwrite) as root:
        made = None
        try:
            for one in alike(dataset, progress=progress):
                columns = _columns(one)
                if made is None:
                    name = one.scene or "scene"
                    repo_id, task = repo_id or f"hyperdust/{name}", task or name
                    made = lerobot.create(
                        repo_id,
                        fps=max(1, round(1 / one.step_seconds)),
                        features={key: _feature(array) for key, array in columns.items()},
                        root=root,
                        robot_type=name,
                        use_videos=False,
                    )
                for step in range(len(one)):
                    made.add_frame({**{key: array[step] for key, array in columns.items()}, "task": task})
                made.save_episode()
        finally:
            # After an error too: otherwise it writes when it is collected, into what was removed by then.
            if made is not None:
                made.finalize()
        return lerobot(repo_id, root=root)


def _columns(one: Trajectory) -> dict[str, np.ndarray]:
    """Arrays of ``n`` rows, each row at least one-dimensional, as the format has it."""
    observations = flat("observation", one.observations, ".")
    if len(observations) == 1 and "observation" in observations:
        observations = {"observation.state": observations["observation"]}
    columns = {key: array[:-1] for key, array in observations.items()}
    columns |= flat("action", one.actions, ".")
    columns["next.reward"] = one.rewards.astype(np.float32)
    columns["next.done"] = one.terminations | one.truncations
    columns["next.terminated"] = one.terminations
    columns["next.truncated"] = one.truncations
    columns |= {f"next.{name}": array[1:].astype(np.float32) for name, array in one.infos.items()}
    # A name with a slash would be a path there.
    return {key.replace("/", "."): array if array.ndim > 1 else array[:, None] for key, array in columns.items()}


def _feature(array: np.ndarray) -> dict[str, Any]:
    return {"dtype": str(array.dtype), "shape": array.shape[1:], "names": None}
