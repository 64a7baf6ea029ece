"""Plain NumPy: one ``.npz`` archive that ``numpy.load`` reads, nothing else needed.

Episodes lie one after the other. Of episode ``i``, the steps are the rows ``starts[i]:starts[i + 1]`` of ``actions``,
``rewards`` (float64), ``terminations`` and ``truncations`` (bool), and the states, of which there is one more than steps,
are the rows ``state_starts[i]:state_starts[i + 1]`` of ``observations`` and of each ``infos/<name>`` (float64). Where a space
is a ``Dict``, its parts are ``observations/<name>`` and ``actions/<name>``. Per episode there are ``seeds`` (uint64, valid where
``has_seed``), ``blueprint_ids``, ``digests``, ``scenes`` ("" for one that is not published) and ``errors`` ("" for none).
``step_seconds`` and ``kernel_version`` are numbers. No entry is an object array: it loads with ``allow_pickle=False``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hyperdust import _core
from hyperdust.datasets.target import alike, fresh
from hyperdust.datasets.trajectory import flat

if TYPE_CHECKING:
    from hyperdust.datasets.dataset import Dataset


def write(
    dataset: Dataset, path: str | os.PathLike[str], *, overwrite: bool = False, progress: bool | None = None
) -> Path:
    """Writes a data set to ``path`` and returns it; all arrays are in memory at once."""
    with fresh(path, overwrite) as path:
        all_of = list(alike(dataset, progress=progress))
        rows = [
            {
                **flat("observations", one.observations),
                **flat("actions", one.actions),
                **flat("infos", one.infos),
                "rewards": one.rewards,
                "terminations": one.terminations,
                "truncations": one.truncations,
            }
            for one in all_of
        ]
        arrays: dict[str, Any] = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        lengths = np.array([len(one) for one in all_of], dtype=np.int64)
        arrays["starts"] = np.concatenate([[0], np.cumsum(lengths)])
        arrays["state_starts"] = np.concatenate([[0], np.cumsum(lengths + 1)])
        arrays["seeds"] = np.array([one.seed or 0 for one in all_of], dtype=np.uint64)
        arrays["has_seed"] = np.array([one.seed is not None for one in all_of], dtype=np.bool_)
        arrays["blueprint_ids"] = np.array([one.blueprint_id for one in all_of])
        arrays["digests"] = np.array([one.digest for one in all_of])
        arrays["scenes"] = np.array([one.scene or "" for one in all_of])
        arrays["errors"] = np.array([one.error or "" for one in all_of])
        arrays["step_seconds"] = np.float64(all_of[0].step_seconds)
        arrays["kernel_version"] = np.int64(_core.KERNEL_VERSION)
        # Through a handle: given a path, NumPy would append its own suffix to it.
        with open(path, "wb") as file:
            np.savez_compressed(file, **arrays)
    return path
