"""What a lane weighs: memory that the process and its children gain when the lanes are made, by the number of lanes.

Each figure comes from an interpreter of its own, because an allocator does not give back what an earlier contestant used. One set of
lanes is made and stepped first, so that imports and first calls are not counted. Counted is the proportional set size: a page that
AsyncVectorEnv's processes share counts once. Linux only; elsewhere there is no figure.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hyperdust.bench.tasks import TASKS, Case

STEPS = 5


def resident() -> int | None:
    """Bytes of this process and its children; `None` where the system does not tell."""
    total = 0
    for pid in (os.getpid(), *(child.pid for child in multiprocessing.active_children())):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return None
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def here(scene: str, who: str, lanes: int, threads: int) -> float | None:
    """Bytes per lane, in this process."""
    from hyperdust.bench.contestants import KINDS

    case = Case(TASKS[scene], "full", False, lanes, threads)
    with tempfile.TemporaryDirectory() as folder:
        first = KINDS[who].make(case._replace(lanes=2), Path(folder))
        first.run(0.0, least=STEPS)
        gc.collect()
        before = resident()
        contestant = KINDS[who].make(case, Path(folder))
        contestant.run(0.0, least=STEPS)
        gc.collect()
        after = resident()
        contestant.close()
        first.close()
        return None if before is None or after is None else max(0, after - before) / contestant.lanes


def per_lane(scene: str, who: str, lanes: int, threads: int) -> float | None:
    """Bytes per lane, in a fresh interpreter; `None` if that cannot be had."""
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    # The child finds modules where this process does, whatever put them there.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    safe = ["-P"] if sys.version_info >= (3, 11) else []
    command = [sys.executable, *safe, "-m", "hyperdust.bench.memory", scene, who, str(lanes), str(threads)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    except subprocess.TimeoutExpired:
        print(f"no memory figure for {scene} {who}: not done in 300 s", file=sys.stderr)
        return None
    if done.returncode:
        print(f"no memory figure for {scene} {who}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    said = done.stdout.split()[-1]
    return None if said == "None" else float(said)


if __name__ == "__main__":
    print(here(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
