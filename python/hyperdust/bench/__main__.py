"""``python -m hyperdust.bench``: one command, one table. ``--help`` lists what can be chosen."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium

from hyperdust.bench import machine, measure, memory, report, split
from hyperdust.bench.contestants import KINDS, SHOWN, missing, takes_part
from hyperdust.bench.tasks import INTEGRATORS, POLICIES, TASKS, Case, cases

EQUAL = (
    "Frame skip, seconds per step and action bounds were read from each contestant that tells them and are equal. "
    "NEXT_STEP's dead steps are counted on no side."
)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    def some_of(known: Any) -> Callable[[str], list[str]]:
        def names(given: str) -> list[str]:
            found = [name.strip() for name in given.split(",") if name.strip()]
            for name in found:
                if name not in known:
                    raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
            return list(dict.fromkeys(found))

        return names

    def at_least(least: int) -> Callable[[str], int]:
        def count(given: str) -> int:
            if int(given) < least:
                raise argparse.ArgumentTypeError(f"{given} is less than {least}")
            return int(given)

        return count

    parser = argparse.ArgumentParser(prog="python -m hyperdust.bench", description="Our speed beside others', measured in turn.")

    def choice(flag: str, known: Any) -> None:
        parser.add_argument(flag, type=some_of(known), default=list(known), metavar="A,B", help=f"of {','.join(known)}")

    choice("--scenes", TASKS)
    choice("--policies", POLICIES)
    choice("--integrators", INTEGRATORS)
    choice("--contestants", SHOWN)
    parser.add_argument("--lanes", type=at_least(1), default=256, help="of hyperdust, envpool and rollout (256)")
    parser.add_argument("--threads", type=at_least(1), default=2, help="of hyperdust, envpool and rollout (2)")
    parser.add_argument("--seconds", type=float, default=1.0, help="a contestant runs in each round (1.0)")
    parser.add_argument("--rounds", type=at_least(1), default=5, help="of all contestants in turn (5)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every round's figure, machine and versions")
    parser.add_argument("--png", type=Path, metavar="PATH", help="write a bar chart (needs matplotlib)")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write the table between its two markers in this file")
    parser.add_argument("--from", type=Path, dest="old", metavar="JSON", help="report an earlier run again, measure nothing")
    parser.add_argument("--no-memory", action="store_true", help="do not weigh the lanes (an interpreter for each scene and contestant)")
    parser.add_argument("--quick", action="store_true", help="Ant and CartPole, full policy, original, 2 rounds of 0.2 s, no memory")
    first = parser.parse_args(arguments)
    if first.quick:  # what is given beside it still counts
        parser.set_defaults(scenes=["Ant", "CartPole"], policies=["full"], integrators=["original"], rounds=2, seconds=0.2, no_memory=True)
    return parser.parse_args(arguments)


@contextlib.contextmanager
def progress_of(total: int) -> Iterator[Callable[[str], None]]:
    """A bar if tqdm is installed, else lines, on stderr."""
    try:
        from tqdm import tqdm
    except ImportError:
        done = 0

        def line(what: str) -> None:
            nonlocal done
            done += 1
            print(f"[{done}/{total}] {what}", file=sys.stderr, flush=True)

        yield line
        return
    with tqdm(total=total, file=sys.stderr, unit="turn") as bar:

        def step(what: str) -> None:
            bar.set_description(what)
            bar.update()

        yield step


def lineup(chosen: list[str], wanted: list[Case]) -> tuple[dict[Case, list[str]], list[str]]:
    """Who takes part in each case, and a line for each absence that pip could mend."""
    absent: dict[str, tuple[str, list[str]]] = {}
    present: dict[Case, list[str]] = {}
    for case in wanted:
        present[case] = []
        for who in (name for name in KINDS if name in chosen and takes_part(name, case)):
            package = missing(who, case)
            if package is None:
                present[case].append(who)
            else:
                absent.setdefault(who, (package, []))[1].append(case.task.name)
    lines = [f"{who} is left out of {', '.join(dict.fromkeys(tasks))}: pip install {package}" for who, (package, tasks) in absent.items()]
    return present, lines


def run(flags: argparse.Namespace, made_by: str) -> dict[str, Any]:
    """Measures what was asked for."""
    before = machine.describe()
    if not 0 < flags.seconds < float("inf"):
        raise ValueError(f"--seconds must be positive, got {flags.seconds}")
    present, left_out = lineup(flags.contestants, cases(flags.scenes, flags.policies, flags.integrators, flags.lanes, flags.threads))
    if not any(present.values()):
        raise ValueError("nothing to measure: no contestant has such a task with such an integrator " + "; ".join(left_out))
    for line in left_out:
        print(line, file=sys.stderr)
    root = machine.source_tree()
    splits = [TASKS[name] for name in flags.scenes] if root and "hyperdust" in flags.contestants else []
    if "hyperdust" in flags.contestants and not root:
        left_out.append("The split of a step is left out: it needs the scenes' files, so run it inside a checkout.")
    weighed = {} if flags.no_memory else {(case.task.name, who): None for case, whos in present.items() for who in whos}
    again = sum(1 for case, whos in present.items() for who in whos if case.policy == "full" and who != "rollout")
    total = len(weighed) + flags.rounds * (again + sum(len(whos) for whos in present.values())) + len(splits)
    rows: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, progress_of(total) as progress:
        folder = Path(name)
        for scene, who in weighed:
            progress(f"{scene} {who}, memory")
            weighed[scene, who] = memory.per_lane(scene, who, flags.lanes, flags.threads)
        for case, whos in present.items():
            makers = {who: KINDS[who].make for who in whos}
            rows += measure.compete(case, makers, folder, flags.seconds, flags.rounds, progress)
        for task in splits:
            progress(f"{task.name}, split of a step")
            parts.append(split.measure(task, root / "scenes" / task.scene, folder, flags.lanes, flags.seconds, flags.rounds))
    measure.add_ratios(rows)
    for row in rows:
        row["memory_per_lane_bytes"] = weighed.get((row["scene"], row["who"]))
    settings = {name: getattr(flags, name) for name in ("lanes", "threads", "seconds", "rounds")}
    return {
        "made_by": made_by,
        "machine": before,
        "settings": settings,
        "equal": EQUAL,
        "policies": {name: POLICIES[name] for name in flags.policies},
        "contestants": {who: KINDS[who].note for who in SHOWN if any(row["who"] == who for row in rows)},
        "left_out": left_out,
        "rows": report.ordered(rows),
        "split": parts,
    }


def said(given: list[str]) -> str:
    """The command that measures the same again, without the places that it writes to."""
    kept, skip = [], False
    for word in given:
        place = word.split("=")[0] in ("--json", "--png", "--markdown")
        if not (skip or place):
            kept.append(word)
        skip = place and "=" not in word
    return " ".join(["python -m hyperdust.bench", *kept])


def main(arguments: list[str] | None = None) -> int:
    """Measures (or reads), prints, writes; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    flags = parse(given)
    level, gymnasium.logger.min_level = gymnasium.logger.min_level, gymnasium.logger.ERROR  # peers' advice is no part of the table
    try:
        if flags.old:
            found = json.loads(flags.old.read_text())
        else:
            found = run(flags, said(given))
        print(report.text(found))
        if flags.json:
            report.write_json(flags.json, found)
        if flags.markdown:
            report.write_markdown(flags.markdown, found)
        if flags.png:
            try:
                report.write_png(flags.png, found)
            except ImportError:
                print("the picture is left out: pip install matplotlib", file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        gymnasium.logger.min_level = level
    return 0


if __name__ == "__main__":
    sys.exit(main())
