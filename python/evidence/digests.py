"""Random episodes here, on servers, and replayed: the same digests, however many clients and threads.

For each scene a local run of 10⁵ lane steps is recorded by one thread. Then the same seeds and actions go to servers that step with one
thread and with two, over one connection and over four at once, each with a part of the lanes. The digests of every step of every
episode that the servers recorded must be those of the local run, all arrays on the way too, and every one of these episodes must
replay. Writes docs/evidence/digests.json.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import threading
from pathlib import Path
from typing import Any

import machine
import numpy as np
import serve
import server

import hyperdust
from hyperdust import _core

SCENES = ("ant", "blocks", "cartpole")
LANES = 16
# Short, so that many episodes end within a run.
EPISODE = 200


class Run:
    """Some lanes of a run: what is done to them and what they gave."""

    def __init__(self, envs: Any, lanes: slice, actions: list[Any]) -> None:
        self.envs, self.lanes, self.actions = envs, lanes, actions
        self.hash = [hashlib.blake2b(digest_size=16) for _ in range(lanes.stop - lanes.start)]

    def __call__(self) -> None:
        self.note(self.envs.reset(seed=[1000 + lane for lane in range(self.lanes.start, self.lanes.stop)])[0])
        for actions in self.actions:
            observations, rewards, terminations, truncations, _ = self.envs.step(part(actions, self.lanes))
            self.note(observations, rewards, terminations, truncations)

    def note(self, observations: Any, *arrays: np.ndarray) -> None:
        named = observations.values() if isinstance(observations, dict) else [observations]
        for array in (*named, *arrays):
            for row, digest in zip(np.ascontiguousarray(array), self.hash, strict=True):
                digest.update(row.tobytes())


def part(actions: Any, lanes: slice) -> Any:
    """These lanes' part of a batch of actions."""
    return {name: array[lanes] for name, array in actions.items()} if isinstance(actions, dict) else actions[lanes]


def compare(scene: str, steps: int, folder: Path) -> dict[str, Any]:
    """One scene: what was compared; an error at the first difference."""
    count = -(-steps // LANES)
    options = {"autoreset_mode": "SameStep", "max_episode_steps": EPISODE, "record": True}
    here = hyperdust.make_vec(scene, LANES, 1, **options)
    here.action_space.seed(7)
    actions = [here.action_space.sample() for _ in range(count)]
    local = Run(here, slice(0, LANES), actions)
    local()
    wanted = {episode.digests[-1]: list(episode.digests) for _, episode in here.finished_episodes()}
    arrays = [digest.hexdigest() for digest in local.hash]
    replayed = 0
    for threads in (1, 2):
        for clients in (1, 4):
            with server.running(folder / f"{threads}-{clients}", "--set", f"threads={threads}") as one:
                each = LANES // clients
                parts = [slice(first, first + each) for first in range(0, LANES, each)]
                runs = [Run(hyperdust.connect(one.tcp, scene, each, **options), lanes, actions) for lanes in parts]
                together(runs)
                [run.envs.close() for run in runs]
                name = f"{scene}, {threads} threads, {clients} clients"
                if [digest.hexdigest() for run in runs for digest in run.hash] != arrays:
                    raise AssertionError(f"{name}: arrays differ from the local run's")
                client = _core.Client(one.tcp, 30.0)
                episodes = [client.episode(id) for id in client.episodes(scene)]
                if {episode.digests[-1]: list(episode.digests) for episode in episodes} != wanted:
                    raise AssertionError(f"{name}: recorded digests differ from the local run's")
                for episode in episodes:
                    hyperdust.replay(episode, here.scene).check()
                    replayed += 1
                client.close()
    return {"lane_steps": count * LANES, "episodes": len(wanted), "servers": 4, "replayed": replayed, "equal": True}


def together(runs: list[Run]) -> None:
    """All at once; the first error, if any."""
    failed: list[BaseException] = []

    def one(run: Run) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  (told by the main thread)
            failed.append(error)

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    if failed:
        raise failed[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="lane steps of every run")
    parser.add_argument("--only", choices=SCENES, help="one scene, without writing")
    parser.add_argument("--short", action="store_true", help="few steps, without writing")
    flags = parser.parse_args()
    before, rows = machine.describe(), {}
    with serve.scratch() as folder:
        for scene in SCENES:
            if flags.only in (None, scene):
                rows[scene] = compare(scene, 3000 if flags.short else flags.steps, folder / scene)
                print(scene, rows[scene], flush=True)
    if flags.only or flags.short:
        return 0
    machine.write("digests", before, {"lanes": LANES, "threads": [1, 2], "clients": [1, 4], "scenes": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
