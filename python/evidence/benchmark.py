"""Environment steps per second beside Gymnasium's own and EnvPool's, measured in the same run on the same machine.

Gymnasium's figure is its `benchmark_vector_step`, which does not count NEXT_STEP's dead steps; EnvPool, which is no
`VectorEnv`, goes through the same function in a thin adapter. Random actions; the best of `--rounds`. Writes docs/evidence/benchmark.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import gymnasium
import machine
from gymnasium.utils.performance import benchmark_vector_step
from gymnasium.vector import VectorEnv
from peers import EnvPool

import hyperdust

TASKS = {"Ant": "Ant-v5", "HalfCheetah": "HalfCheetah-v5", "Hopper": "Hopper-v5", "Walker2d": "Walker2d-v5", "Humanoid": "Humanoid-v5"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lanes", type=int, default=64)
    flags = parser.parse_args()
    before = machine.describe()
    cores = before["cores"]
    rows = []

    def measure(task: str, who: str, threads: int, make: Callable[[], VectorEnv]) -> None:
        envs = make()
        best = max(benchmark_vector_step(envs, target_duration=flags.seconds, seed=round_) for round_ in range(flags.rounds))
        envs.close()
        rows.append({"task": task, "who": who, "lanes": envs.num_envs, "threads": threads, "steps_per_second": round(best)})
        print(f"{task:12} {who:28} {threads} threads {best:12,.0f} steps/s", flush=True)

    for task, v5 in TASKS.items():
        for threads in sorted({1, cores}):
            measure(task, "hyperdust", threads, lambda: hyperdust.make_vec(f"hyperdust/{task}-v0", flags.lanes, num_threads=threads))
            measure(task, "envpool", threads, lambda: EnvPool(v5, flags.lanes, seed=1, num_threads=threads))
        measure(task, "gymnasium SyncVectorEnv", 1, lambda: gymnasium.make_vec(v5, 8, vectorization_mode="sync"))
        measure(task, "gymnasium AsyncVectorEnv", cores, lambda: gymnasium.make_vec(v5, 8, vectorization_mode="async"))
    machine.write("benchmark", before, {"seconds": flags.seconds, "rounds": flags.rounds, "runs": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
