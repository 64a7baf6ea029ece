"""What happens to a server under load when something breaks, one thing at a time.

Every fault has its own server with a bystander: a session that steps beside a local copy all the while, compared array by array. A fault
that shows in the bystander, hangs a call beyond its deadline, ends in an untyped error, loses what was acknowledged or leaves a store
that `hyperdust store fsck` complains about is a failure. Writes docs/evidence/faults.json; what cannot be done on a machine (namespaces,
mounts and a false clock need privileges and tools) is named there as left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import machine
import network
import numpy as np
import serve
import server
import twin

import hyperdust
from hyperdust import _core

# Seconds beyond its deadline that a call may take on a busy machine.
GRACE = 5.0


class LeftOut(Exception):
    """This machine cannot do that, and why."""


class Bystander(threading.Thread):
    """A session that must not notice anything."""

    def __init__(self, address: str, timeout: float = 20.0) -> None:
        super().__init__()
        self.pair = twin.Twin(hyperdust.connect(address, "hopper", 2, timeout=timeout), "hopper", 5)
        self.pair.reset()
        self.ending, self.error = threading.Event(), None
        self.start()

    def run(self) -> None:
        try:
            while not self.ending.is_set():
                self.pair.step()
        except BaseException as error:  # noqa: BLE001  (told by the main thread)
            self.error = error

    def done(self) -> dict[str, Any]:
        """How it fared; an error where it noticed something."""
        self.ending.set()
        self.join()
        if self.error is not None:
            raise AssertionError(f"another session noticed: {self.error!r}")
        self.pair.check()
        self.pair.close()
        return {"steps": self.pair.steps, "longest_call_ms": round(1000 * self.pair.longest, 1)}


def fsck(folder: Path) -> None:
    """An error unless the store is clean."""
    said = subprocess.run([server.binary(), "store", "fsck", "--store", folder / "data" / "store"], capture_output=True, text=True)
    # What it says on standard error is what opening the store came upon.
    if said.returncode != 0 or said.stderr:
        raise AssertionError(f"fsck: {said.stdout}{said.stderr}")


def client_process(code: str, *arguments: Any) -> subprocess.Popen:
    """A client in a process of its own, which says what it has to in lines."""
    head = "import sys, time, numpy as np, hyperdust, json; sys.path.insert(0, sys.argv.pop(1)); import twin\n"
    command = [sys.executable, "-c", head + code, str(Path(__file__).parent), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


# --- kill -9 ---------------------------------------------------------------------------------------


def recording(address: str, seed: int, closed: list[tuple[int, int]], ending: threading.Event) -> None:
    """Sessions that record, one after the other, until the server is gone. Those that said goodbye are noted with what they were told."""
    with contextlib.suppress(hyperdust.Error):
        while not ending.is_set():
            options = {"autoreset_mode": "SameStep", "max_episode_steps": 30, "record": True}
            envs = hyperdust.connect(address, "cartpole", 8, timeout=1.0, **options)
            # No two episodes of a run have the same bytes: a store would keep them as one.
            draw = np.random.default_rng(seed)
            envs.reset(seed=int(draw.integers(1 << 60)))
            for _ in range(draw.integers(5, 120)):
                envs.step(draw.integers(2, size=8))
            _, episodes = envs._core.close(1.0)
            closed.append((envs.session, episodes))
            seed += 100_000


def kills(rounds: int, folder: Path) -> dict[str, Any]:
    """kill -9 at random points under load: what was listed or told to be safe is there and replays."""
    draw, known, told, checked = random.Random(1), {}, 0, 0
    scene = hyperdust.make_vec("cartpole", 1, max_episode_steps=30).scene
    one = server.Server(folder)
    for kill in range(rounds + 1):
        watcher = _core.Client(one.ipc, 5.0)
        listed = set(watcher.episodes())
        missing = known.keys() - listed
        if missing:
            raise AssertionError(f"round {kill}: {len(missing)} acknowledged episodes are gone")
        # Every one is read again once after the kill that it went through; all of them at the end.
        for name in known if kill == rounds else [name for name, seen in known.items() if not seen]:
            hyperdust.replay(watcher.episode(name), scene).check()
            known[name] = True
            checked += 1
        if kill == rounds:
            break
        closed, ending = [], threading.Event()
        load = [threading.Thread(target=recording, args=(one.ipc, 100 * kill + n, closed, ending)) for n in range(4)]
        [each.start() for each in load]
        until = time.monotonic() + draw.uniform(0.05, 1.0)
        while time.monotonic() < until:
            known.update((name, False) for name in watcher.episodes() if name not in known)
        watcher.close()
        safe = list(closed)
        one.kill()
        ending.set()
        [each.join() for each in load]
        told += sum(episodes for _, episodes in safe)
        fsck(folder)
        counts = sessions(folder)
        for session, episodes in safe:
            if counts.get(session, 0) != episodes:
                raise AssertionError(f"round {kill}: session {session} was told of {episodes} safe episodes, {counts.get(session, 0)} are there")
        one.start()
    one.stop()
    fsck(folder)
    return {"kills": rounds, "acknowledged_by_listing": len(known), "acknowledged_by_close": told, "replays": checked, "lost": 0}


def sessions(folder: Path) -> dict[int, int]:
    """Episodes in the store by session."""
    command = [server.binary(), "episode", "list", "--limit", "0", "--json", "--store", folder / "data" / "store"]
    page = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    counts: dict[int, int] = {}
    for record in page["episodes"]:
        counts[record["session"]] = counts.get(record["session"], 0) + 1
    return counts


# --- clients ----------------------------------------------------------------------------------------


STEPPING = """
there = hyperdust.connect(sys.argv[1], "hopper", 4, pipeline=4, timeout=30)
pair = twin.Twin(there, "hopper", int(sys.argv[2]))
pair.reset()
print(there.resumption(), flush=True)
begin = time.monotonic()
while time.monotonic() - begin < float(sys.argv[3]):
    pair.step()
    time.sleep(float(sys.argv[4]))
pair.check()
print(pair.steps, flush=True)
"""


def client_killed(rounds: int, folder: Path) -> dict[str, Any]:
    """A client is killed in the middle of its steps; another one takes its session over and goes on exactly there."""
    draw, steps = random.Random(2), 0
    with server.running(folder) as one:
        other = Bystander(one.tcp)
        for turn in range(rounds):
            victim = client_process(STEPPING, one.tcp, turn, 60, 0)
            said = json.loads(victim.stdout.readline())
            time.sleep(draw.uniform(0.01, 0.4))
            victim.kill()
            victim.wait()
            # Its last word was after the reset; what was done since, the session knows: a snapshot says where it stands.
            there = hyperdust.connect(one.tcp, resume=json.dumps(said))
            pair = twin.Twin(there, "hopper", turn)
            pair.here.reset(seed=turn)
            state = there.get_state()
            while pair.here.get_state() != state:
                pair.here.step(pair.here.action_space.sample())
                pair.steps += 1
                if pair.steps > 1_000_000:
                    raise AssertionError("the session is nowhere on its way")
            steps += pair.steps
            [pair.step() for _ in range(20)]
            pair.check()
            pair.close()
        return {"kills": rounds, "steps_before": steps, "bystander": other.done()}


def slow_and_frozen(seconds: float, folder: Path) -> dict[str, Any]:
    """One client takes its time, one is stopped (SIGSTOP) with requests under way: both end equal to their copies."""
    with server.running(folder, "--set", "wire.silence=2") as one:
        other = Bystander(one.tcp)
        slow = client_process(STEPPING, one.tcp, 1, seconds, 0.2)
        frozen = client_process(STEPPING, one.tcp, 2, 2 * seconds, 0)
        time.sleep(seconds / 4)
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(seconds)  # longer than the server waits before it counts the client as gone
        frozen.send_signal(signal.SIGCONT)
        counts = [int(each.communicate(timeout=60)[0].split()[-1]) for each in (slow, frozen)]
        if slow.returncode or frozen.returncode:
            raise AssertionError("a client failed")
        return {"stopped_seconds": seconds, "slow_steps": counts[0], "frozen_steps": counts[1], "bystander": other.done()}


def stop(pid: int) -> None:
    """Stops a process: when this returns none of its threads runs any more, which takes a moment from the signal on."""
    os.kill(pid, signal.SIGSTOP)
    stats = [task / "stat" for task in Path(f"/proc/{pid}/task").iterdir()]
    # After the name, which may have anything in it.
    while any(stat.read_text().rpartition(")")[2].split()[0] != "T" for stat in stats):
        time.sleep(0.001)


def frozen_server(seconds: float, folder: Path) -> dict[str, Any]:
    """The server itself is stopped: calls end at their deadline with a typed error, and go on afterwards where they were."""
    with server.running(folder) as one:
        pair = twin.Twin(hyperdust.connect(one.tcp, "hopper", 2, timeout=1.0), "hopper", 1)
        pair.reset()
        pair.run(0.3)
        stop(one.pid)
        actions, begin = pair.here.action_space.sample(), time.monotonic()
        try:
            pair.there.step(actions)
            raise AssertionError("a server that is stopped answered")
        except hyperdust.RemoteTimeout as error:
            after = time.monotonic() - begin
            if not error.retryable or after > 1.0 + GRACE:
                raise AssertionError(f"{error!r} after {after} s") from error
        time.sleep(seconds)
        os.kill(one.pid, signal.SIGCONT)
        pair.late(actions)
        pair.run(0.3)
        pair.check()
        pair.close()
    return {"deadline_seconds": 1.0, "ended_after": round(after, 3), "steps": pair.steps}


# --- the machine ------------------------------------------------------------------------------------


@contextlib.contextmanager
def tmpfs(folder: Path, mebibytes: int) -> Iterator[None]:
    """A file system of that size."""
    folder.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", folder], capture_output=True, text=True)
    if made.returncode:
        raise LeftOut(f"no file system can be mounted: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def disk_full(folder: Path) -> dict[str, Any]:
    """The store's disk fills up under recording sessions, and has room again later."""
    disk, options = folder / "server", {"autoreset_mode": "SameStep", "max_episode_steps": 20, "record": True}
    with tmpfs(disk, 40):
        one = server.Server(disk)
        try:
            other = Bystander(one.tcp)
            watcher = _core.Client(one.tcp, 10.0)
            # Promised while there was room.
            early = hyperdust.connect(one.tcp, "pendulum", 4, timeout=10.0, **options)
            early.reset(seed=9)
            for _ in range(25):
                early.step(early.action_space.sample())
            _, before = early._core.close(60.0)
            envs = hyperdust.connect(one.tcp, "pendulum", 256, timeout=10.0, **options)
            envs.reset(seed=0)
            actions = [envs.action_space.sample() for _ in range(8)]
            codes: dict[str, int] = {}
            full = False
            until = time.monotonic() + 120
            step = 0
            while not full and time.monotonic() < until:
                try:
                    envs.step(actions[step % 8])
                    step += 1
                except hyperdust.RemoteError as error:
                    codes[str(error.code)] = codes.get(str(error.code), 0) + 1
                    full = True
                full |= step % 50 == 0 and "could not be" in one.log()
            known = set(watcher.episodes())
            if not known or len(known) < before:
                raise AssertionError(f"{before} episodes were promised before the disk was full, and {len(known)} are listed")
            # A goodbye would promise that all is safe, and must not be had now.
            try:
                _, safe = envs._core.close(5.0)
                raise AssertionError(f"a full disk took a goodbye: {safe} episodes")
            except hyperdust.RemoteError as error:
                codes[f"close: {error.code}"] = 1
            subprocess.run(["mount", "-o", "remount,size=512m", disk], check=True)
            _, safe = envs._core.close(60.0)
            bystander = other.done()
            names = set(watcher.episodes())
            if not known <= names or len(names) != before + safe:
                raise AssertionError(f"{len(known - names)} listed episodes are gone, {len(names)} are there, {before + safe} were told of")
            scene = hyperdust.make_vec("pendulum", 1, max_episode_steps=20).scene
            for name in random.Random(0).sample(sorted(names), min(50, len(names))):
                hyperdust.replay(watcher.episode(name), scene).check()
            one.stop()
            fsck(disk)
        finally:
            one.kill()
    return {"disk_mib": 40, "refusals": codes, "episodes_before": before, "episodes": safe, "bystander": bystander}


def clock_jumps(folder: Path) -> dict[str, Any]:
    """The wall clock jumps by days, forth and back, below a running server (libfaketime; steady clocks stay steady)."""
    found = subprocess.run(["sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1"], capture_output=True, text=True)
    if found.returncode:
        raise LeftOut("libfaketime is not installed (apt-get install faketime)")
    folder.mkdir(parents=True)
    stamp = folder / "stamp"
    stamp.write_text("+0d\n")
    settings = [f"LD_PRELOAD={found.stdout.split()[0]}", f"FAKETIME_TIMESTAMP_FILE={stamp}", "FAKETIME_NO_CACHE=1", "DONT_FAKE_MONOTONIC=1"]
    jumps = ["+10d", "-20d", "+3650d", "+0d"]
    with server.running(folder / "server", "--set", "wire.silence=5", wrap=("env", *settings)) as one:
        other = Bystander(one.tcp)
        watcher, times = _core.Client(one.tcp, 10.0), []
        for index, jump in enumerate(jumps):
            stamp.write_text(jump + "\n")
            envs = hyperdust.connect(one.tcp, "cartpole", 4, autoreset_mode="SameStep", record=True)
            pair = twin.Twin(envs, "cartpole", index)
            pair.reset()
            pair.run(0.5)
            pair.close()
            times.append(len(watcher.episodes()))
        bystander = other.done()
        scene = hyperdust.make_vec("cartpole", 1).scene
        for name in watcher.episodes()[:100]:
            hyperdust.replay(watcher.episode(name), scene).check()
        if one.stop() != 0:
            raise AssertionError("the server did not drain")
    fsck(folder / "server")
    if times != sorted(times) or times[0] == 0:
        raise AssertionError(f"episodes were not recorded: {times}")
    return {"jumps": jumps, "episodes": times[-1], "bystander": bystander}


# --- all of them ------------------------------------------------------------------------------------


def faults(short: bool) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """By name."""
    return {
        "kill_9": lambda folder: kills(4 if short else 50, folder),
        "client_killed": lambda folder: client_killed(2 if short else 20, folder),
        "slow_and_frozen_clients": lambda folder: slow_and_frozen(3.0 if short else 10.0, folder),
        "frozen_server": lambda folder: frozen_server(0.5 if short else 5.0, folder),
        "disk_full": disk_full,
        "clock_jumps": clock_jumps,
        "network_cut": lambda folder: network.cut(1.5 if short else 20.0, folder),
        "network_delay_and_loss": lambda folder: network.bad(2.0 if short else 20.0, folder),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one fault: its row alone is written anew")
    parser.add_argument("--short", action="store_true", help="few rounds, without writing")
    flags = parser.parse_args()
    before, rows, missed = machine.describe(), {}, []
    with serve.scratch() as folder:
        for name, fault in faults(flags.short).items():
            if flags.only not in (None, name):
                continue
            begin = time.monotonic()
            try:
                rows[name] = {**fault(folder / name), "seconds": round(time.monotonic() - begin, 1)}
            except LeftOut as why:
                rows[name] = {"left_out": str(why)}
            except Exception as error:  # noqa: BLE001  (told at the end)
                missed.append(f"{name}: {type(error).__name__}: {error}")
                rows[name] = {"failed": missed[-1]}
                if flags.only:
                    raise
            print(name, rows[name], flush=True)
            shutil.rmtree(folder / name, ignore_errors=True)
    if not flags.short:
        path = machine.EVIDENCE / "faults.json"
        if flags.only and path.is_file():
            rows = {**json.loads(path.read_text())["faults"], flags.only: {**rows[flags.only], "commit": before["commit"]}}
        machine.write("faults", before, {"missed": [row["failed"] for row in rows.values() if "failed" in row], "faults": rows})
    print("\n".join(missed) or "every fault was survived")
    return 1 if missed else 0


if __name__ == "__main__":
    # By its name: `network` raises the `LeftOut` of that module, which is not this one's.
    import faults as named

    sys.exit(named.main())
