"""Many recorded episodes: found in files, filtered, verified, exported.

Files are read when an episode is needed and forgotten afterwards, so a data set may be larger than memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from hyperdust import _core
from hyperdust.datasets.progress import progress as counted
from hyperdust.datasets.trajectory import Trajectory, trajectory
from hyperdust.episode import ReplayReport, replay
from hyperdust.errors import DatasetError, EpisodeError, ReplayError
from hyperdust.scene import published, resolve

if TYPE_CHECKING:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
    from minari import MinariDataset

SUFFIX = ".hdep"


@dataclass(frozen=True)
class Entry:
    """One episode: where it is, and how it is had."""

    name: str
    open: Callable[[], _core.Episode]


@dataclass(frozen=True)
class Verification:
    """What replaying every episode found.

    Attributes:
        reports: By name, for each episode that could be run.
        refused: By name, why one could not be: unreadable, malformed, or of another version of the simulation.
    """

    reports: dict[str, ReplayReport]
    refused: dict[str, str]

    @property
    def failed(self) -> list[str]:
        """Names of the episodes that differ or were refused."""
        return [name for name, report in self.reports.items() if not report.equal] + list(self.refused)

    @property
    def equal(self) -> bool:
        """Whether every episode was run and every record of it was equal."""
        return not self.failed

    def check(self) -> None:
        """Raises :class:`hyperdust.ReplayError` with what :func:`str` says, unless everything was equal."""
        if not self.equal:
            first = next((report for report in self.reports.values() if not report.equal), None)
            raise ReplayError(str(self), first)

    def __str__(self) -> str:
        steps = sum(report.matched for report in self.reports.values())
        lines = [f"{len(self.reports) + len(self.refused)} episodes, {steps} steps matched, {len(self.failed)} failed"]
        lines += [f"  {name}: {report}" for name, report in self.reports.items() if not report.equal]
        lines += [f"  {name}: {reason}" for name, reason in self.refused.items()]
        return "\n".join(lines)


class Dataset(Sequence[_core.Episode]):
    """Recorded episodes in a fixed order; made by :func:`hyperdust.dataset`.

    A sequence of :class:`hyperdust.Episode`; a slice is a data set.
    """

    def __init__(self, entries: Iterable[Entry], scene: _core.Scene | None = None) -> None:
        self._entries = list(entries)
        self._scene = scene

    # --- reading ----------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """What each episode is called: the path of its file, or the start of its digest."""
        return [entry.name for entry in self._entries]

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> _core.Episode: ...
    @overload
    def __getitem__(self, index: slice) -> Dataset: ...
    def __getitem__(self, index: int | slice) -> _core.Episode | Dataset:
        if isinstance(index, slice):
            return Dataset(self._entries[index], self._scene)
        return self._entries[index].open()

    def __iter__(self) -> Iterator[_core.Episode]:
        return (entry.open() for entry in self._entries)

    def __repr__(self) -> str:
        return f"Dataset({len(self)} episodes)"

    def filter(
        self,
        where: Callable[[_core.Episode], bool] | None = None,
        *,
        scene: str | os.PathLike[str] | _core.Scene | None = None,
        complete: bool | None = None,
        seed: int | None = None,
        min_steps: int = 0,
        min_return: float | None = None,
    ) -> Dataset:
        """The episodes for which everything given holds.

        Args:
            where: Any condition of an episode.
            scene: A scene (``env.scene``), a blueprint id ("0x…"), or a name or path as for :func:`hyperdust.load`,
                which means that scene with its default parameters.
            complete: Whether the recording reaches the end of its episode.
            seed: Of its reset.
            min_steps: At least so many steps.
            min_return: At least this return, as recorded.
        """
        blueprint = None if scene is None else _blueprint_id(scene)

        def keeps(episode: _core.Episode) -> bool:
            return (
                (blueprint is None or episode.blueprint_id == blueprint)
                and (complete is None or episode.complete == complete)
                and (seed is None or episode.seed == seed)
                and len(episode) >= min_steps
                and (min_return is None or episode.episode_return >= min_return)
                and (where is None or bool(where(episode)))
            )

        return Dataset((entry for entry in self._entries if keeps(entry.open())), self._scene)

    def scenes(self) -> dict[str, int]:
        """How many episodes there are of each blueprint: by published scene name where it is one, else by id."""
        counts: dict[str, int] = {}
        for episode in self:
            name = published(episode.blueprint_id) or episode.blueprint_id
            counts[name] = counts.get(name, 0) + 1
        return counts

    def trajectories(self, *, poses: bool = False, progress: bool | None = None) -> Iterator[Trajectory]:
        """Replays one episode after the other: see :func:`hyperdust.datasets.trajectory`.

        ``progress``: whether to count on standard error; ``None``: where that is a terminal.
        """
        for entry in counted(self._entries, len(self), "replaying", progress):
            try:
                yield trajectory(entry.open(), self._scene, poses=poses)
            except ReplayError as error:
                raise ReplayError(f"{entry.name}: {error}", error.report) from None
            except EpisodeError as error:
                raise EpisodeError(f"{entry.name}: {error}") from None

    def verify(self, *, jobs: int | None = None, progress: bool | None = None) -> Verification:
        """Replays every episode and says which differ from what was recorded.

        ``jobs``: threads; ``None``: one per available core. Nothing is raised for an episode that differs:
        see :meth:`Verification.check`.
        """

        def run(entry: Entry) -> tuple[str, ReplayReport | str]:
            try:
                return entry.name, replay(entry.open(), self._scene)
            except (EpisodeError, OSError) as error:
                return entry.name, str(error)

        reports: dict[str, ReplayReport] = {}
        refused: dict[str, str] = {}
        with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
            for name, found in counted(pool.map(run, self._entries), len(self), "verifying", progress):
                if isinstance(found, str):
                    refused[name] = found
                else:
                    reports[name] = found
        return Verification(reports, refused)

    # --- writing ----------------------------------------------------------------------------------

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes each recording into ``folder`` (made if need be), named by its digest; the paths."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for episode in self:
            paths.append(folder / f"{episode.digest().hex()[:32]}{SUFFIX}")
            episode.save(paths[-1])
        return paths

    def to_npz(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """One NumPy archive: see :func:`hyperdust.datasets.npz.write`."""
        from hyperdust.datasets import npz

        return npz.write(self, path, **options)

    def to_minari(self, dataset_id: str, **options: Any) -> MinariDataset:
        """A Minari data set: see :func:`hyperdust.datasets.minari.write`."""
        from hyperdust.datasets import minari

        return minari.write(self, dataset_id, **options)

    def to_lerobot(self, root: str | os.PathLike[str], **options: Any) -> LeRobotDataset:
        """A LeRobotDataset v3: see :func:`hyperdust.datasets.lerobot.write`."""
        from hyperdust.datasets import lerobot

        return lerobot.write(self, root, **options)

    def to_rerun(self, path: str | os.PathLike[str], **options: Any) -> Path:
        """A Rerun recording: see :func:`hyperdust.datasets.rerun.write`."""
        from hyperdust.datasets import rerun

        return rerun.write(self, path, **options)


def dataset(
    *sources: str | os.PathLike[str] | _core.Episode | Iterable[Any],
    scene: _core.Scene | None = None,
    timeout: float = 30.0,
    server_key: str | None = None,
    key: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Opens recorded episodes.

    Args:
        *sources: Folders (searched for ``*.hdep``, subfolders included, in the order of their paths), files,
            servers ("tcp://HOST:PORT", "ipc://PATH": their recorded episodes, newest first), episodes, and
            iterables of these.
        scene: What to replay on (``env.scene``); ``None``: the blueprint inside each episode, else the published
            scene that it is of. A server's recordings have none inside.
        timeout, server_key, key: Of connections to servers: see :func:`hyperdust.connect`.
    """

    def connect(address: str) -> _core.Client:
        return _core.Client(address, timeout, server_key, key)

    return Dataset(_entries(sources, connect), scene)


def _entries(sources: Iterable[Any], connect: Callable[[str], _core.Client]) -> Iterator[Entry]:
    for source in sources:
        if isinstance(source, _core.Episode):
            yield Entry(source.digest().hex()[:16], lambda episode=source: episode)  # type: ignore[misc]
        elif isinstance(source, str) and source.startswith(("tcp://", "ipc://")):
            client = connect(source)
            for id in client.episodes():
                yield Entry(id[2:18], lambda client=client, id=id: client.episode(id))  # type: ignore[misc]
        elif isinstance(source, (str, os.PathLike)):
            yield from _files(Path(source))
        elif isinstance(source, Dataset):
            yield from source._entries
        elif isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
            yield from _entries(source, connect)
        else:
            raise DatasetError(
                f"a source of episodes is of type {type(source).__name__}, accepted are paths of folders and files, "
                "hyperdust.Episode and iterables of these"
            )


def _files(path: Path) -> Iterator[Entry]:
    if path.is_dir():
        found = sorted(path.rglob(f"*{SUFFIX}"))
        if not found:
            raise DatasetError(f"{path}: no *{SUFFIX} file in this folder; episode.save(path) writes one")
    elif path.exists():
        found = [path]
    else:
        raise DatasetError(f"{path}: no such file or folder")
    for file in found:
        yield Entry(str(file), lambda file=file: _load(file))  # type: ignore[misc]


def _load(file: Path) -> _core.Episode:
    try:
        return _core.Episode.load(file)
    except EpisodeError as error:
        raise EpisodeError(f"{file}: {error}") from None


def _blueprint_id(scene: str | os.PathLike[str] | _core.Scene) -> str:
    if isinstance(scene, str) and scene.startswith("0x") and len(scene) == 66:
        return scene
    return resolve(scene, {}, None).blueprint_id
