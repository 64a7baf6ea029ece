"""Rerun: one ``.rrd`` file for its viewer (``rerun file.rrd``).

Every episode is a tree of entities ``episode_<i>`` on two timelines, ``step`` (0: the reset) and ``time`` (simulated seconds):
``observation`` (or ``observation/<name>``), ``action``, ``reward``, ``terminated``, ``truncated``, ``info/<name>`` as scalars, and
``bodies``, the position of every body in metres as 3-D points. What an action led to stands at the step it led to; an action
stands where it was chosen. Scalars are float64 there: exact for all that an environment returns. Nothing in the file depends on when it was written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperdust.datasets.target import alike, fresh, library
from hyperdust.datasets.trajectory import Trajectory, flat

if TYPE_CHECKING:
    from hyperdust.datasets.dataset import Dataset


def write(
    dataset: Dataset, path: str | os.PathLike[str], *, overwrite: bool = False, progress: bool | None = None
) -> Path:
    """Writes a data set to ``path`` and returns it."""
    rr = library("rerun", "datasets")
    with fresh(path, overwrite) as path:
        recording: Any = None
        for index, one in enumerate(alike(dataset, poses=True, progress=progress)):
            if recording is None:
                recording = rr.RecordingStream("hyperdust", recording_id=one.digest, send_properties=False)
                recording.save(path)
            _episode(rr, recording, f"episode_{index}", one)
        recording.flush()
        recording.disconnect()
    return path


def _episode(rr: Any, recording: Any, entity: str, one: Trajectory) -> None:
    states = np.arange(len(one) + 1)

    def send(name: str, at: np.ndarray, columns: Any) -> None:
        indexes = [rr.TimeColumn("step", sequence=at), rr.TimeColumn("time", duration=at * one.step_seconds)]
        recording.send_columns(f"{entity}/{name}", indexes=indexes, columns=columns)

    def scalars(name: str, at: np.ndarray, array: np.ndarray) -> None:
        rows = array.reshape(len(array), -1).astype(np.float64)
        columns = rr.Scalars.columns(scalars=rows.ravel())
        send(name, at, [*columns.partition(np.full(len(rows), rows.shape[1]))])

    recording.log(entity, rr.TextDocument(_about(one)), static=True)
    recording.log(entity, rr.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    for name, array in flat("observation", one.observations).items():
        scalars(name, states, array)
    for name, array in flat("action", one.actions).items():
        scalars(name, states[:-1], array)
    scalars("reward", states[1:], one.rewards)
    scalars("terminated", states[1:], one.terminations)
    scalars("truncated", states[1:], one.truncations)
    for name, array in one.infos.items():
        scalars(f"info/{name}", states, array)
    if one.poses is not None:
        bodies = one.poses.shape[1]
        points = rr.Points3D.columns(positions=one.poses[..., :3].reshape(-1, 3))
        send("bodies", states, [*points.partition(np.full(len(states), bodies))])


def _about(one: Trajectory) -> str:
    lines = [
        f"scene {one.scene or 'not published'}",
        f"blueprint {one.blueprint_id}",
        f"recording {one.digest}",
        f"seed {one.seed}",
        f"{len(one)} steps, return {one.episode_return:.6g}",
    ]
    return "\n".join(lines + ([f"ended by: {one.error}"] if one.error else []))
