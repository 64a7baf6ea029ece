"""Every published scene for a long time under random actions: equal digests on one thread and on all, steady memory, no error.

Two vector environments of the same seed, one stepped by one thread and one by all cores; every 500 steps their digests are
compared, then one of them is put through `get_state` -> `set_state` before it goes on. Writes docs/evidence/soak.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import machine
import numpy as np

import hyperdust
from hyperdust.registration import ENTRIES

LANES, EVERY = 64, 500
GROWTH_MIB = 64.0


def resident_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def soak(env_id: str, seconds: float, cores: int) -> dict:
    """One scene; `equal` is False at the first difference."""
    one, many = (hyperdust.make_vec(env_id, LANES, num_threads=threads) for threads in (1, cores))
    one.action_space.seed(1)
    one.reset(seed=1), many.reset(seed=1)
    steps, episodes, errors, equal, start, memory = 0, 0, 0, True, time.perf_counter(), None
    while equal and time.perf_counter() - start < seconds:
        for _ in range(EVERY):
            actions = one.action_space.sample()
            _, _, terminated, truncated, info = one.step(actions)
            many.step(actions)
            episodes += int((terminated | truncated).sum())
            errors += int(np.sum(info["_error"])) if "_error" in info else 0
        steps += EVERY * LANES
        equal = one.digests() == many.digests()
        many.set_state(many.get_state())
        memory = memory or resident_mib()  # after the first round everything has its size
    result = {"steps": 2 * steps, "episodes": episodes, "errors": errors, "equal": equal, "growth_mib": round(resident_mib() - memory, 1)}
    one.close(), many.close()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each scene")
    flags = parser.parse_args()
    before = machine.describe()
    rows, missed = {}, []
    for env_id in sorted(entry.id for entry in ENTRIES):
        rows[env_id] = row = soak(env_id, 60 * flags.minutes, max(2, before["cores"]))
        print(f"{env_id:28} {row}", flush=True)
        if not row["equal"] or row["errors"] or row["growth_mib"] > GROWTH_MIB:
            missed.append(f"{env_id}: {row}")
    machine.write("soak", before, {"minutes_each": flags.minutes, "lanes": LANES, "missed": missed, "runs": rows})
    print("\n".join(missed) or "every digest was equal, memory was steady")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
