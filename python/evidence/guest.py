"""Every scene natively and on the proof machine: equal bytes over hundreds of steps, and instructions a step.

`make evidence-guest` builds the programs of the proof machine first and runs this; by hand, `make guest` comes before it. Writes
docs/evidence/guest.json; exits 1 where a byte differs or Ant with Euler's method takes more instructions a physics step than it may.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

import machine

ANT_EULER = 1_500_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="of each scene")
    flags = parser.parse_args()
    before = machine.describe()
    command = ["cargo", "run", "--locked", "--quiet", "--release", "-p", "hyperdust-guest-tests", "--example", "measure"]
    command += ["--", "--steps", str(flags.steps), "--json"]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=machine.ROOT, env=machine.programs())
    if not run.stdout:
        return 1
    report = json.loads(run.stdout)
    rows = report["scenes"]
    missed = [f"{row['scene']}: not equal" for row in rows if not row["equal"]]
    missed += [] if report["policy"]["equal"] else ["policy-mlp: not equal"]
    (euler,) = (row["instructions_per_physics_step"] for row in rows if row["scene"] == "ant (euler)")
    missed += [f"ant (euler): {euler} instructions a physics step"] if euler > ANT_EULER else []
    machine.write("guest", before, {"bounds": {"ant_euler": ANT_EULER}, "missed": missed, **report})
    for row in rows:
        step, physics = row["instructions_per_step"] / 1e6, row["instructions_per_physics_step"] / 1e6
        print(f"{row['scene']:14} {row['steps']} steps, equal: {row['equal']}, {step:.3f} M a step, {physics:.3f} M a physics step")
    print(f"missed: {missed}" if missed else "nothing missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
