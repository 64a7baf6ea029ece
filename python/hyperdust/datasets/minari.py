"""Minari: the data set format of the Farama foundation, in HDF5, read with ``minari.load_dataset(id)``.

Arrays are stored as they are (no JPEG). A published scene with default parameters keeps its environment's spec, so that
``dataset.recover_environment()`` gives the environment. Each episode's metadata holds its recording's ``digest``,
``blueprint_id`` and ``seed``; an episode that a fault ended has an info ``error``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium

import hyperdust
from hyperdust.datasets.target import alike, fresh, library
from hyperdust.datasets.trajectory import Trajectory
from hyperdust.errors import DatasetError
from hyperdust.registration import ENTRIES

if TYPE_CHECKING:
    from minari import MinariDataset

    from hyperdust.datasets.dataset import Dataset

_ROOT = "MINARI_DATASETS_PATH"


def write(
    dataset: Dataset,
    dataset_id: str,
    *,
    root: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    progress: bool | None = None,
    **metadata: Any,
) -> MinariDataset:
    """Writes a data set and returns it, opened by Minari.

    Args:
        dataset_id: As Minari names data sets: "ant/expert-v0".
        root: Folder of Minari data sets; ``None``: Minari's own (``MINARI_DATASETS_PATH``, else in the home folder).
            To read from another folder set that variable, or open ``root/dataset_id/data`` with ``minari.MinariDataset``.
        overwrite: Replace a data set of that name.
        **metadata: ``author``, ``author_email``, ``algorithm_name``, ``code_permalink``, ``description``: as for
            ``minari.create_dataset_from_buffers``.
    """
    library("h5py", "datasets")
    minari = library("minari", "datasets")
    from minari.data_collector import EpisodeBuffer
    from minari.storage import get_dataset_path

    try:
        minari.dataset.minari_dataset.parse_dataset_id(dataset_id)
    except ValueError as error:
        raise DatasetError(str(error)) from None
    with _rooted(root), fresh(Path(get_dataset_path(dataset_id)), overwrite):
        trajectories = alike(dataset, progress=progress)
        first = next(trajectories)
        about = []

        def buffers() -> Iterator[Any]:
            for one in itertools.chain([first], trajectories):
                about.append({"digest": one.digest, "blueprint_id": one.blueprint_id})
                yield _buffer(EpisodeBuffer, one)

        # The spec is written before the episodes, so what they are of must be known first.
        ids = {episode.blueprint_id for episode in dataset}
        spec = _spec(first.scene) if len(ids) == 1 else None
        metadata.setdefault("description", f"Episodes of {first.scene or first.blueprint_id}, replayed bit for bit.")
        with warnings.catch_warnings():
            # Minari's advice about what metadata to give, and about data that has no registered environment.
            warnings.filterwarnings("ignore", message=".*(is set to None|env_spec is None)")
            made = minari.create_dataset_from_buffers(
                dataset_id,
                buffers(),
                env=spec,
                observation_space=first.observation_space,
                action_space=first.action_space,
                data_format="hdf5",
                jpeg_encoding=False,
                requirements=[f"hyperdust>={hyperdust.__version__}"],
                **metadata,
            )
        made.storage.update_episode_metadata(about, range(len(about)))
        return minari.MinariDataset(made.storage.data_path)


def _buffer(episode_buffer: Any, one: Trajectory) -> Any:
    infos: dict[str, Any] = dict(one.infos)
    if one.error is not None:
        infos["error"] = [""] * len(one) + [one.error]
    return episode_buffer(
        seed=one.seed,
        observations=one.observations,
        actions=one.actions,
        rewards=one.rewards,
        terminations=one.terminations,
        truncations=one.truncations,
        infos=infos or None,
    )


def _spec(scene: str | None) -> Any:
    return next((gymnasium.spec(entry.id) for entry in ENTRIES if entry.scene == scene), None)


@contextlib.contextmanager
def _rooted(root: str | os.PathLike[str] | None) -> Iterator[None]:
    """Minari takes the folder of its data sets from the environment only."""
    if root is None:
        yield
        return
    before = os.environ.get(_ROOT)
    os.environ[_ROOT] = os.fspath(Path(root).absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ROOT]
        else:
            os.environ[_ROOT] = before
