"""Faults of the network, on a link of their own: a client in a network namespace, and a server that it reaches over a pair of virtual
interfaces, encrypted, since that is not loopback. Needs root; `tc netem` where the kernel has it, else packets are lost by netfilter and
delayed by the queue of a narrow link.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import server

TIMEOUT = 2.0

# Calls end by their deadline, always; what was under way then is waited for again, until the network is back.
STEPPING = """
where, public, key, seconds, timeout = sys.argv[1:6]
there = hyperdust.connect(where, "hopper", 4, timeout=float(timeout), server_key=public, key=key)
pair, timeouts = twin.Twin(there, "hopper", 3), 0
pair.reset()
print("begun", flush=True)
begin = time.monotonic()
while time.monotonic() - begin < float(seconds):
    actions = pair.here.action_space.sample()
    try:
        pair.step(actions)
    except hyperdust.RemoteTimeout as error:
        timeouts, late = timeouts + 1, True
        while late:
            try:
                pair.late(actions)
                late = False
            except hyperdust.RemoteTimeout:
                timeouts += 1
there.close()
print(json.dumps({"steps": pair.steps, "timeouts": timeouts, "longest_call_seconds": round(pair.longest, 3)}), flush=True)
"""


def command(*words: Any) -> None:
    """Runs it; where it cannot be done this fault is left out."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode:
        raise faults.LeftOut(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


class Link:
    """``inside`` is the command that runs others in the namespace; ``here`` the address of this end, ``name`` its interface."""

    def __init__(self) -> None:
        number = os.getpid() % 60_000
        self.space, self.name, self.other = f"hd{number}", f"hda{number}", f"hdb{number}"
        net = f"10.{200 + number // 16384}.{number // 64 % 256}"
        block = number % 64 * 4
        self.here, self.there = f"{net}.{block + 1}", f"{net}.{block + 2}"
        self.inside = ("ip", "netns", "exec", self.space)

    @contextlib.contextmanager
    def up(self) -> Iterator[Link]:
        command("ip", "netns", "add", self.space)
        try:
            command("ip", "link", "add", self.name, "type", "veth", "peer", "name", self.other, "netns", self.space)
            command("ip", "addr", "add", f"{self.here}/30", "dev", self.name)
            command("ip", "link", "set", self.name, "up")
            for words in (("addr", "add", f"{self.there}/30", "dev", self.other), ("link", "set", self.other, "up"), ("link", "set", "lo", "up")):
                command(*self.inside, "ip", *words)
            yield self
        finally:
            subprocess.run(["ip", "netns", "del", self.space], check=False)
            subprocess.run(["ip", "link", "del", self.name], check=False, capture_output=True)

    def worsen(self) -> str:
        """Packets are lost and late from here on; how that is done."""
        if subprocess.run([*self.inside, *f"tc qdisc add dev {self.other} root netem delay 20ms 10ms loss 5%".split()], capture_output=True).returncode == 0:
            return "tc netem: 20 ± 10 ms, 5 % lost"
        command(*self.inside, *"iptables -A INPUT -m statistic --mode random --probability 0.05 -j DROP".split())
        command(*self.inside, *f"tc qdisc add dev {self.other} root tbf rate 2mbit burst 16kbit latency 100ms".split())
        return "this kernel has no netem: 5 % lost by netfilter, a link of 2 Mbit/s with a queue of up to 100 ms"


def keys(folder: Path) -> tuple[str, Path]:
    """The server's public key and the file of an operator's pair that it knows."""
    folder.mkdir(parents=True, exist_ok=True)

    def run(*words: Any) -> str:
        return subprocess.run([server.binary(), "keys", *words], check=True, capture_output=True, text=True).stdout.strip()

    pair = folder / "client.key"
    public = run("new", pair)
    run("allow", public, "--role", "operator", "--data", folder / "data")
    return run("list", "--data", folder / "data").splitlines()[0].split()[1], pair


@contextlib.contextmanager
def client(link: Link, folder: Path, seconds: float) -> Iterator[tuple[subprocess.Popen, faults.Bystander]]:
    """A client beyond the link that steps for so long, and a bystander on loopback."""
    public, pair = keys(folder)
    with server.running(folder, listen=(f"tcp://{link.here}:*",)) as one:
        other = faults.Bystander(one.tcp)
        address = f"tcp://{link.here}:{one.addresses[2].rsplit(':', 1)[1]}"
        head = "import sys, time, json, hyperdust; sys.path.insert(0, sys.argv.pop(1)); import twin\n"
        words = [*link.inside, sys.executable, "-c", head + STEPPING, Path(__file__).parent, address, public, pair, seconds, TIMEOUT]
        stepping = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True)
        try:
            if stepping.stdout.readline().strip() != "begun":
                raise AssertionError("the client beyond the link did not begin")
            yield stepping, other
        finally:
            stepping.kill()
            stepping.wait()


def result(stepping: subprocess.Popen, other: faults.Bystander) -> dict[str, Any]:
    """What the client said; an error where a call took longer than its deadline allows."""
    lines = stepping.communicate(timeout=180)[0].splitlines()
    if stepping.returncode or not lines:
        raise AssertionError("the client beyond the link failed: see what it said above")
    said = json.loads(lines[-1])
    if said["longest_call_seconds"] > TIMEOUT + faults.GRACE:
        raise AssertionError(f"a call took {said['longest_call_seconds']} s, its deadline was {TIMEOUT}")
    return {**said, "deadline_seconds": TIMEOUT, "bystander": other.done()}


def cut(seconds: float, folder: Path) -> dict[str, Any]:
    """The link goes down for so long, and comes back."""
    down = TIMEOUT + seconds
    with Link().up() as link, client(link, folder, 2 * down) as (stepping, other):
        time.sleep(0.5)
        command("ip", "link", "set", link.name, "down")
        time.sleep(down)
        command("ip", "link", "set", link.name, "up")
        found = result(stepping, other)
    if found["timeouts"] == 0:
        raise AssertionError("the client noticed nothing: the link was not cut")
    return {"down_seconds": down, **found}


def bad(seconds: float, folder: Path) -> dict[str, Any]:
    """The link loses packets and delays others."""
    with Link().up() as link, client(link, folder, seconds) as (stepping, other):
        how = link.worsen()
        return {"how": how, "for_seconds": seconds, **result(stepping, other)}
