"""``python -m hyperdust.datasets``: what is in recordings, whether it is true, and the same in another format.

    python -m hyperdust.datasets list runs/
    python -m hyperdust.datasets verify runs/
    python -m hyperdust.datasets export --format minari --id ant/expert-v0 runs/ ~/.minari/datasets
    python -m hyperdust.datasets export --format lerobot|rerun|npz runs/ OUT

Exit status: 0, 1 for a recording that is not what it claims or an export that cannot be, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import sys

from hyperdust.datasets.dataset import Dataset, dataset
from hyperdust.errors import Error
from hyperdust.scene import published

FORMATS = ("minari", "lerobot", "rerun", "npz")


def main(arguments: list[str] | None = None) -> int:
    """Prints, and returns the exit status."""
    options = _parser().parse_args(arguments)
    show = False if options.quiet else None
    try:
        episodes = dataset(*options.source).filter(
            scene=options.scene, complete=True if options.complete else None, min_steps=1
        )
        if options.command == "list":
            _list(episodes)
        elif options.command == "verify":
            verification = episodes.verify(jobs=options.jobs, progress=show)
            print(verification)
            return 0 if verification.equal else 1
        else:
            print(_export(episodes, options, show))
    except (Error, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _list(episodes: Dataset) -> None:
    print(f"{'steps':>8} {'return':>12} {'seed':>20} {'end':<5} {'scene':<14} name")
    for name, episode in zip(episodes.names, episodes, strict=True):
        seed = "-" if episode.seed is None else episode.seed
        scene = published(episode.blueprint_id) or f"{episode.blueprint_id[:12]}…"
        end = "yes" if episode.complete else "no"
        print(f"{len(episode):>8} {episode.episode_return:>12.3f} {seed:>20} {end:<5} {scene:<14} {name}")


def _export(episodes: Dataset, options: argparse.Namespace, show: bool | None) -> str:
    common = {"overwrite": options.overwrite, "progress": show}
    if options.format == "minari":
        scene = published(episodes[0].blueprint_id) if len(episodes) else None
        name = options.id or f"{scene or 'scene'}/episodes-v0"
        made = episodes.to_minari(name, root=options.out, **common)
        return f"{len(episodes)} episodes, {made.total_steps} steps: Minari data set {name} in {options.out}"
    if options.format == "lerobot":
        made = episodes.to_lerobot(options.out, repo_id=options.id, task=options.task, **common)
        return f"{len(episodes)} episodes, {made.num_frames} frames: LeRobot data set {made.repo_id} in {options.out}"
    write = episodes.to_rerun if options.format == "rerun" else episodes.to_npz
    return f"{len(episodes)} episodes: {write(options.out, **common)}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hyperdust.datasets", description="Recorded episodes as data sets.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("source", nargs="+", metavar="IN", help="folders with *.hdep files, or such files")
    common.add_argument("--scene", help="only episodes of this scene: a name, a path or a blueprint id")
    common.add_argument("--complete", action="store_true", help="only episodes that were recorded to their end")
    common.add_argument("--quiet", action="store_true", help="no progress bar")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", parents=[common], help="a line for each episode")
    verify = commands.add_parser("verify", parents=[common], help="replay every episode and compare")
    verify.add_argument("--jobs", type=int, help="threads (all cores)")
    export = commands.add_parser("export", parents=[common], help="write the episodes in another format")
    export.add_argument("out", metavar="OUT", help="file (rerun, npz), folder (lerobot) or folder of data sets (minari)")
    export.add_argument("--format", required=True, choices=FORMATS)
    export.add_argument("--id", help="name of the data set: Minari's id (SCENE/episodes-v0), LeRobot's repo id")
    export.add_argument("--task", help="LeRobot's task sentence (the scene's name)")
    export.add_argument("--overwrite", action="store_true", help="replace what is there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
