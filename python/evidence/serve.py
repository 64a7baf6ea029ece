"""How much of the local speed is left on a server, and how far others get with the same world.

Everything is measured on one machine, interleaved: a round takes every way of stepping for a moment, one after the other, and what is
reported is the median over rounds of the ratio to the local vector env of the same round, so that a machine that slows down slows
down everything alike. Client and server share the machine; the server steps with as many threads as the local env.

Peers serve the very same CartPole, so the table compares serving and nothing else. Writes docs/evidence/serve.json.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import gymnasium
import machine
import numpy as np
import peers
import server

import hyperdust

BATCH, DEPTH = 256, 8
# Parts of the local speed that must be left at batch 256 over tcp, and microseconds that a round trip may take beside the step.
TARGETS = {"ant": 0.85, "cartpole": 0.60}
ROUND_TRIP_US = 200.0
# Processes of Gymnasium's AsyncVectorEnv: more are slower on few cores.
PROCESSES = 16


def stepping(envs: Any, actions: list[np.ndarray]) -> Callable[[float], float]:
    """A function that steps for so many seconds and says how many lane steps a second that were."""

    def run(seconds: float) -> float:
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            envs.step(actions[count % len(actions)])
            count += 1
        return count * envs.num_envs / spent

    return run


def sending(envs: Any, actions: list[np.ndarray]) -> Callable[[float], float]:
    """The same with `send` and `recv`, as many requests under way as the session may have."""

    def run(seconds: float) -> float:
        sent = received = 0
        begin = time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            while sent - received < DEPTH:
                envs.send(actions[sent % len(actions)])
                sent += 1
            envs.recv()
            received += 1
        count = received
        while received < sent:
            envs.recv()
            received += 1
        return count * envs.num_envs / spent

    return run


def throughput(scene: str, threads: int, rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """One scene with so many threads: steps a second, and the ratios to the local vector env."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(server.running(folder, "--set", f"threads={threads}"))
        local = hyperdust.make_vec(scene, BATCH, num_threads=threads)
        local.action_space.seed(0)
        actions = [local.action_space.sample() for _ in range(16)]
        ways = {"local": stepping(local, actions)}
        for name, address in (("tcp", one.tcp), ("ipc", one.ipc)):
            envs = [stack.enter_context(contextlib.closing(hyperdust.connect(address, scene, BATCH, pipeline=DEPTH))) for _ in range(2)]
            ways[name] = stepping(envs[0], actions)
            ways[f"{name}_send_recv"] = sending(envs[1], actions)
            [each.reset(seed=0) for each in envs]
        local.reset(seed=0)
        rows = interleaved(ways, rounds, seconds)
    return {"threads": threads, "batch": BATCH, **summary(rows, "local")}


def interleaved(ways: dict[str, Callable[[float], float]], rounds: int, seconds: float) -> list[dict[str, float]]:
    """Steps a second of every way in every round, after one that does not count."""
    [run(seconds / 4) for run in ways.values()]
    rows = []
    for _ in range(rounds):
        rows.append({name: run(seconds) for name, run in ways.items()})
    return rows


def summary(rows: list[dict[str, float]], base: str) -> dict[str, Any]:
    """Medians over rounds: of steps a second, and of ratios to `base`."""
    names = rows[0].keys()
    return {
        "steps_per_second": {name: round(statistics.median(row[name] for row in rows)) for name in names},
        f"of_{base}": {name: round(statistics.median(row[name] / row[base] for row in rows), 3) for name in names if name != base},
    }


def durations(env: Any, count: int) -> np.ndarray:
    """Microseconds of so many steps of one env; resets are not counted."""
    env.reset(seed=0)
    actions = np.random.default_rng(0).integers(2, size=count)
    spent = np.empty(count)
    for index in range(count):
        begin = time.perf_counter_ns()
        *_, terminated, truncated, _ = env.step(actions[index])
        spent[index] = time.perf_counter_ns() - begin
        if terminated or truncated:
            env.reset()
    return spent / 1000


def round_trips(count: int, folder: Path) -> dict[str, Any]:
    """A single env, over and over: what a remote step takes beyond the local one. In slices, turn by turn."""
    found: dict[str, list[np.ndarray]] = {}
    with server.running(folder, "--set", "threads=1") as one:
        ours = {name: hyperdust.RemoteEnv(address, "cartpole") for name, address in (("tcp", one.tcp), ("ipc", one.ipc))}
        envs = {"local": hyperdust.load("cartpole"), **ours}
        for turn in range(11):
            for name, env in envs.items():
                spent = durations(env, count // 10)
                if turn:
                    found.setdefault(name, []).append(spent)
        [env.close() for env in envs.values()]
    joined = {name: np.concatenate(parts) for name, parts in found.items()}
    step = float(np.median(joined["local"]))
    result: dict[str, Any] = {"calls_each": int(joined["tcp"].size), "local_step_us": round(step, 2)}
    for name in ("tcp", "ipc"):
        beyond = joined[name] - step
        result[name] = {f"p{q}_us": round(float(np.percentile(beyond, q)), 1) for q in (50, 90, 99)}
        result[name]["p99_us_median_of_slices"] = round(statistics.median(float(np.percentile(part - step, 99)) for part in found[name]), 1)
    return result


def table(rounds: int, seconds: float, folder: Path) -> dict[str, Any]:
    """CartPole: one env, and a batch, on ours and on the peers."""
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(server.running(folder, "--set", "threads=1"))
        singles = {
            "hyperdust.RemoteEnv": stack.enter_context(contextlib.closing(hyperdust.RemoteEnv(one.tcp, "cartpole"))),
            **{name: stack.enter_context(make()) for name, make in peers.SINGLE.items()},
        }
        single = interleaved({name: peers.stepping(env) for name, env in singles.items()}, rounds, seconds)
        trips = {name: round(float(np.median(durations(env, 400))), 1) for name, env in singles.items()}
        local = hyperdust.make_vec("cartpole", BATCH, num_threads=1)
        local.action_space.seed(0)
        actions = [local.action_space.sample() for _ in range(16)]
        few = [action[:PROCESSES] for action in actions]
        remote = stack.enter_context(contextlib.closing(hyperdust.connect(one.tcp, "cartpole", BATCH)))
        processes = gymnasium.vector.AsyncVectorEnv([lambda: hyperdust.load("cartpole")] * PROCESSES)
        stack.callback(processes.close)
        vectors = {
            f"hyperdust.connect, {BATCH} lanes": (remote, actions),
            f"AsyncVectorEnv, {PROCESSES} processes": (processes, few),
            **{f"{name}, {BATCH} lanes": (stack.enter_context(make(BATCH)), actions) for name, make in peers.VECTOR.items()},
        }
        [env.reset(seed=0) for env, _ in vectors.values()]
        vector = interleaved({name: stepping(env, given) for name, (env, given) in vectors.items()}, rounds, seconds)
    ours, batch = "hyperdust.RemoteEnv", f"hyperdust.connect, {BATCH} lanes"
    return {
        "versions": {name: metadata.version(name) for name in ("rlmesh", "openenv-core", "gymnasium")},
        "one_env": {**summary(single, ours), "median_round_trip_us": trips},
        "batch": summary(vector, batch),
    }


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Folders for servers, short enough for the names of sockets."""
    with tempfile.TemporaryDirectory(prefix="hd-") as folder:
        yield Path(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.6, help="of every way in every round")
    parser.add_argument("--calls", type=int, default=20_000, help="round trips of each transport")
    parser.add_argument("--only", choices=["throughput", "latency", "peers"], help="one part, without writing")
    flags = parser.parse_args()
    before = machine.describe()
    result: dict[str, Any] = {"throughput": {}}
    with scratch() as folder:
        if flags.only in (None, "throughput"):
            for scene in TARGETS:
                rows = [throughput(scene, threads, flags.rounds, flags.seconds, folder / f"{scene}{threads}") for threads in (1, 2)]
                result["throughput"][scene] = rows
                print(scene, *rows, sep="\n  ", flush=True)
        if flags.only in (None, "latency"):
            result["round_trip"] = round_trips(flags.calls, folder / "trips")
            print("beside the step:", result["round_trip"], flush=True)
        if flags.only in (None, "peers"):
            result["peers"] = table(flags.rounds, flags.seconds, folder / "peers")
            print("peers:", result["peers"], flush=True)
    if flags.only:
        return 0
    missed = misses(result)
    machine.write("serve", before, {"targets": {**TARGETS, "round_trip_p99_us": ROUND_TRIP_US}, "missed": missed, **result})
    print("\n".join(missed) or "every target was met")
    return 1 if missed else 0


def misses(result: dict[str, Any]) -> list[str]:
    """What is below its target, in words."""
    missed = []
    for scene, target in TARGETS.items():
        for row in result["throughput"][scene]:
            best = max(row["of_local"]["tcp"], row["of_local"]["tcp_send_recv"])
            if best < target:
                missed.append(f"{scene}, {row['threads']} threads: {best} of the local speed over tcp, {target} is the target")
    p99 = result["round_trip"]["tcp"]["p99_us"]
    if p99 > ROUND_TRIP_US:
        missed.append(f"round trip: {p99} us beyond the step at the 99th percentile, {ROUND_TRIP_US} is the target")
    for part in ("one_env", "batch"):
        (ratios,) = [value for name, value in result["peers"][part].items() if name.startswith("of_")]
        missed += [f"{name} is faster than ours" for name, ratio in ratios.items() if ratio >= 1]
    return missed


if __name__ == "__main__":
    sys.exit(main())
