"""Random faults, each disputed to the end: who is blamed, at which instruction, after how many moves; and one dispute over
a whole episode of Ant, with its time and memory.

`make evidence-disputes` builds the programs of the proof machine first and runs this; by hand, `make guest` comes before it. Writes
docs/evidence/disputes.json; exits 1 where somebody else than the liar is blamed, a search ends at another instruction, or a bound
is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import machine

BOUNDS = {"cuts_of_a_trace": 8, "episode_seconds": 600, "episode_peak_mib": 2048}


def cargo(*arguments: str) -> str:
    command = ["cargo", "run", "--locked", "--quiet", "--release", *arguments]
    environment = machine.programs()
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=machine.ROOT, env=environment).stdout


def whole_episode() -> tuple[dict, int]:
    """The report of a dispute over 1,000 steps of Ant, and the peak memory of its process, MiB."""
    cargo("-p", "hyperdust-actors", "--", "--version")
    program = machine.target() / "release" / "hyperdust"
    arguments = ["episode", "dispute", "--scene", "ant", "--steps", "1000", "--inject", "step=500,bit=40", "--json"]
    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True, env=machine.programs())
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("the dispute over an episode failed")
    return json.loads(said), usage.ru_maxrss // 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    before = machine.describe()
    binary, peak = whole_episode()
    binary["moves"] = len(binary["moves"])
    faults = json.loads(
        cargo("-p", "hyperdust-guest-tests", "--example", "faults", "--", str(flags.cases), str(flags.seed))
    )
    missed = []
    if faults["most_cuts_of_a_trace"] > BOUNDS["cuts_of_a_trace"]:
        missed.append(f"{faults['most_cuts_of_a_trace']} cuts of a trace")
    if binary["seconds"] > BOUNDS["episode_seconds"] or peak > BOUNDS["episode_peak_mib"]:
        missed.append(f"the episode took {binary['seconds']} s and {peak} MiB")
    if binary["blamed"] != "provider" or binary["instruction_index"] != binary["injected"][1]:
        missed.append("the episode's dispute ended wrongly")
    machine.write(
        "disputes", before, {"bounds": BOUNDS, "missed": missed, "episode": {**binary, "peak_mib": peak}, "faults": faults}
    )
    print(f"{faults['cases']} cases, blamed: {faults['blamed']}; an episode of 1,000 steps: {binary['seconds']:.1f} s, {peak} MiB")
    print(f"missed: {missed}" if missed else "nothing missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
