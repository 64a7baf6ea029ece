"""Hours of `make fuzz`: executions and coverage of every decoder's target, and whether anything was found.

Writes docs/evidence/fuzzing.json; exits 1 where a target stopped early, which it does at the first finding.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

import machine


def fuzz(target: str, seconds: int) -> dict:
    """Runs one target through the Makefile, which knows where the tools and corpora are."""
    command = ["make", "fuzz", f"FUZZ_TARGETS={target}", f"FUZZ_SECONDS={seconds}"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=machine.ROOT)
    said = run.stdout + run.stderr
    stats = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", said)}
    done = re.search(r"Done (\d+) runs in (\d+) second", said)
    row = {
        "seconds": int(done[2]) if done else None,
        "executions": stats.get("number_of_executed_units"),
        "peak_rss_mib": stats.get("peak_rss_mb"),
    }
    if run.returncode != 0:
        row["finding"] = "\n".join(said.splitlines()[-12:])
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="for each target")
    flags = parser.parse_args()
    before = machine.describe()
    targets = sorted(path.stem for path in (machine.ROOT / "fuzz" / "fuzz_targets").glob("*.rs"))
    rows = {}
    for target in targets:
        rows[target] = fuzz(target, round(60 * flags.minutes))
        print(f"{target:16} {rows[target]}", flush=True)
    found = [target for target, row in rows.items() if "finding" in row]
    machine.write("fuzzing", before, {"minutes_each": flags.minutes, "findings": found, "targets": rows})
    print(f"findings in: {', '.join(found)}" if found else "nothing was found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
