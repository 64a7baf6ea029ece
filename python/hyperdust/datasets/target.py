"""Where an export goes: never over what is there, and never left half written."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from hyperdust.datasets.trajectory import Trajectory
from hyperdust.errors import DatasetError, MissingLibraryError

if TYPE_CHECKING:
    from hyperdust.datasets.dataset import Dataset


@contextlib.contextmanager
def fresh(path: str | os.PathLike[str], overwrite: bool) -> Iterator[Path]:
    """A path with nothing at it, in a folder that exists; what was written there is removed after an error."""
    path = Path(path)
    if path.exists():
        if not overwrite:
            raise DatasetError(f"{path}: already exists; pass overwrite=True to replace it")
        _remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def library(name: str, extra: str) -> ModuleType:
    """Imports a format's own library, or says how it is had."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingLibraryError(
            f"this format needs {name.partition('.')[0]}, which cannot be imported ({error}): "
            f'pip install "hyperdust[{extra}]"'
        ) from error


def alike(dataset: Dataset, *, poses: bool = False, progress: bool | None = None) -> Iterator[Trajectory]:
    """The trajectories of a data set; refused where they have no steps or do not have one form."""
    if not len(dataset):
        raise DatasetError("there are no episodes to export: the data set is empty")
    first: Trajectory | None = None
    for name, one in zip(dataset.names, dataset.trajectories(poses=poses, progress=progress), strict=True):
        if not len(one):
            raise DatasetError(f"{name}: the episode has no steps; leave such out with filter(min_steps=1)")
        if first is None:
            first = one
        elif one.shape != first.shape:
            raise DatasetError(
                f"{name}: its spaces or infos differ from those of {dataset.names[0]} "
                f"({one.scene or one.blueprint_id} and {first.scene or first.blueprint_id}): "
                "export one scene at a time, with filter(scene=…)"
            )
        yield one
