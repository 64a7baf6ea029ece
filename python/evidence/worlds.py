"""Random worlds natively and on the proof machine, for CPU hours: whether any leaves other bytes behind.

Wants HYPERDUST_GUEST, which `make evidence-worlds` sets after it built the programs. Writes docs/evidence/worlds.json after every
run of some minutes, so that an interrupted one loses little; `--add` counts earlier runs of the example `worlds`. Exits 1 where a
world differed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import machine

RUN_SECONDS = 900


def run(seed: int, first: int, seconds: int, threads: int) -> dict:
    """Some worlds of a series, from `first` on."""
    command = ["cargo", "run", "--locked", "--quiet", "--release", "-p", "hyperdust-guest-tests", "--example", "worlds", "--"]
    flags = {"seed": seed, "first": first, "seconds": seconds, "threads": threads}
    arguments = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    # It exits with 1 where worlds differ, and says which.
    said = subprocess.run([*command, *arguments], stdout=subprocess.PIPE, text=True, cwd=machine.ROOT).stdout
    return json.loads(said)


def summary(runs: list[dict], bound: float) -> dict:
    sums: Counter[str] = Counter()
    for row in runs:
        sums.update(row["sums"])
    hours = sum(row["cpu_seconds"] or row["seconds"] for row in runs) / 3600
    different = sum(row["different"] for row in runs)
    missed = [f"{different} worlds differ"] if different else []
    missed += [f"{hours:.2f} CPU hours"] if hours < bound else []
    return {
        "bounds": {"cpu_hours": bound},
        "missed": missed,
        "cpu_hours": hours,
        "worlds": sum(row["worlds"] for row in runs),
        "different": different,
        "sums": dict(sums),
        "runs": runs,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpu-hours", type=float, default=4.0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--add", type=Path, nargs="*", default=[], help="what the example wrote, of this program and of other series")
    flags = parser.parse_args()
    before = machine.describe()
    runs = [json.loads(path.read_text()) for path in flags.add]
    first = 0
    while True:
        result = summary(runs, flags.cpu_hours)
        left = 3600 * (flags.cpu_hours - result["cpu_hours"])
        if runs:
            machine.write("worlds", before, result)
            print(f"{result['worlds']} worlds in {result['cpu_hours']:.2f} CPU hours: {result['different']} differ", flush=True)
        if left <= 0 or result["different"]:
            break
        runs.append(run(flags.seed, first, round(min(RUN_SECONDS, left / flags.threads + 1)), flags.threads))
        first += runs[-1]["worlds"]
    print(f"missed: {result['missed']}" if result["missed"] else "nothing missed")
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
