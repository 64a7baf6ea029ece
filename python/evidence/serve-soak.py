"""Eight clients join and leave a server for half an hour: its memory, open files and threads must not grow.

Each client is a process of its own that opens a session (scene, lanes, mode and whether it is recorded are drawn), steps it for a while
beside a local copy, compares every array, and leaves: by closing, by vanishing with its session open, or by handing the session
to its next life. Twice a minute the server is measured. Growth is the median of the last quarter of the samples beside that of the second:
the first fills caches. Sessions that were left open are closed by the server after `wire.silence` and `wire.resumable`, which are short here. Writes
docs/evidence/serve-soak.json.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import statistics
import sys
import time
from typing import Any

import machine
import serve
import server
import twin

import hyperdust

CLIENTS = 8
SCENES = ("cartpole", "hopper", "blocks", "pendulum")
# The store may grow: its index is in memory. So its size is bounded here, and the bound is reached within minutes.
FLAGS = ("threads=1", "wire.silence=120", "wire.resumable=5", "store.capacity=67108864", "quota.sessions=256")
GROWTH = {"resident_mib": 32.0, "files": 4.0, "threads": 4.0}


def client(address: str, seed: int, until: float, queue: Any) -> None:
    """Joins and leaves until then; what it did goes into the queue."""
    draw = random.Random(seed)
    done = {"sessions": 0, "steps": 0, "vanished": 0, "resumed": 0, "recorded": 0}
    try:
        while time.time() < until:
            options = {"autoreset_mode": draw.choice(["NextStep", "SameStep"]), "record": draw.random() < 0.5}
            scene, pair = draw.choice(SCENES), None
            there = hyperdust.connect(address, scene, draw.choice([1, 4, 32]), timeout=200.0, pipeline=draw.choice([1, 4]), **options)
            pair = twin.Twin(there, scene, draw.randrange(1 << 30))
            pair.reset()
            done["sessions"] += 1
            done["recorded"] += options["record"]
            # Clients think between steps, as agents do.
            end = min(time.time() + draw.uniform(0.5, 15), until)
            while time.time() < end:
                pair.step()
                time.sleep(draw.choice([0.002, 0.01, 0.05]))
            way = draw.random()
            if way < 0.25:
                pair.there = hyperdust.connect(address, resume=there.resumption(), timeout=200.0)
                pair.step()
                done["resumed"] += 1
            done["steps"] += pair.steps
            if way > 0.75:
                # Its socket closes, its session stays: as if the process had been killed.
                pair.there._core = None
                done["vanished"] += 1
            else:
                if not options["record"]:
                    pair.check()
                pair.close()
        queue.put(done)
    except BaseException as error:  # noqa: BLE001  (told by the main process)
        queue.put({**done, "error": f"{type(error).__name__}: {error}"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    flags = parser.parse_args()
    before = machine.describe()
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(serve.scratch())
        one = stack.enter_context(server.running(folder / "server", *(part for flag in FLAGS for part in ("--set", flag))))
        begin, queue = time.time(), context.Queue()
        until = begin + 60 * flags.minutes
        clients = [context.Process(target=client, args=(one.tcp, seed, until, queue)) for seed in range(CLIENTS)]
        [each.start() for each in clients]
        samples = []
        while time.time() < until:
            time.sleep(min(30.0, 1.5 * flags.minutes))
            samples.append({"minute": round((time.time() - begin) / 60, 2), **one.size()})
            print(samples[-1], flush=True)
        found = [queue.get(timeout=120) for _ in clients]
        [each.join() for each in clients]
        # What vanished is forgotten: nothing of 8 clients is left but the server itself.
        time.sleep(130)
        rest = one.size()
        log = one.log()
        status = one.stop()
    quarter = max(1, len(samples) // 4)
    growth = {
        name: round(statistics.median(s[name] for s in samples[-quarter:]) - statistics.median(s[name] for s in samples[quarter : 2 * quarter]), 2)
        for name in GROWTH
    }
    missed = [f"{name} grew by {growth[name]}" for name, limit in GROWTH.items() if growth[name] > limit]
    missed += [each["error"] for each in found if "error" in each]
    missed += ["a panic is in the log"] * ("panicked" in log) + [f"exit status {status}"] * bool(status)
    total = {name: sum(each[name] for each in found) for name in ("sessions", "steps", "vanished", "resumed", "recorded")}
    result = {"minutes": flags.minutes, "clients": CLIENTS, "settings": FLAGS, **total, "growth": growth, "afterwards": rest, "missed": missed}
    machine.write("serve-soak", before, {**result, "samples": samples})
    print("\n".join(missed) or f"flat: {growth}")
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
