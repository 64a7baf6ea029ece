"""A server among those who mean it ill: it neither fails nor grows, and nobody else notices.

A million messages made from the protocol's golden frames by changing, cutting, doubling and mixing them; numbers of requests out of order,
twice and again; strangers without a key, with one that is not listed, or sure of another server; and clients that ask for more than
their quota. All the while another client's session is compared, array by array, with a local copy. Writes docs/evidence/hostile.json.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faults
import machine
import network
import numpy as np
import serve
import server
import twin
import zmq

import hyperdust

GOLDEN = machine.ROOT / "gym" / "wire" / "golden"
SHUTDOWN, OPEN, RESET, STEP, CLOSE = 4, 16, 18, 19, 23
# MiB by which the server may grow after the first tenth of the messages.
GROWTH_MIB = 24.0


def golden() -> list[list[bytes]]:
    """Every message of the protocol, as frames: requests, and what only servers send too."""
    messages = []
    for path in sorted(GOLDEN.glob("*.txt")):
        frames = []
        for line in path.read_text().splitlines():
            form, _, text = line.partition(" ")
            if form == "hex":
                frames.append(bytes.fromhex(text))
            elif form == "json":
                frames.append(text.encode())
            elif form != "#":
                raise ValueError(f"{path}: {line}")
        messages.append(frames)
    return messages


def header(kind: int, request: int, session: int) -> bytes:
    """A request's first frame."""
    return struct.pack("<4sHHQQ", b"HYPD", 1, kind, request, session)


def mutate(draw: random.Random, messages: list[list[bytes]], sessions: list[int]) -> list[bytes]:
    """One of the messages, changed."""
    frames = list(draw.choice(messages))
    if draw.random() < 0.7 and len(frames[0]) == 24:
        # Numbers that mean something to the server get further.
        head = bytearray(frames[0])
        head[8:16] = draw.choice([0, 1, 2, draw.randrange(1 << 16), draw.randrange(1 << 64)]).to_bytes(8, "little")
        head[16:24] = draw.choice([0, *sessions, *sessions, draw.randrange(1 << 64)]).to_bytes(8, "little")
        frames[0] = bytes(head)
    for _ in range(draw.randrange(4)):
        index = draw.randrange(len(frames))
        frame = bytearray(frames[index])
        way = draw.randrange(9)
        if way == 0:
            frames.insert(index, frames[index])
        elif way == 1 and len(frames) > 1:
            del frames[index]
            continue
        elif way == 2:
            del frame[draw.randrange(len(frame) + 1) :]
        elif way == 3:
            frame[draw.randrange(len(frame) + 1) :] = draw.randbytes(draw.randrange(200))
        elif way == 4:
            frames[index] = draw.choice(draw.choice(messages))
            continue
        elif way == 5:
            frames.extend([b""] * draw.randrange(80))
            continue
        elif frame:
            for _ in range(draw.randrange(1, 4)):
                frame[draw.randrange(len(frame))] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
        frames[index] = bytes(frame)
    return frames


class Attacker:
    """A raw socket."""

    def __init__(self, context: zmq.Context, address: str) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvtimeo = 30_000
        self.socket.connect(address)
        self.number = 0

    def ask(self, kind: int, session: int, number: int, *frames: bytes) -> tuple[bytes, list[bytes]]:
        """Sends a request; the answer to it: its header, and its other frames."""
        self.socket.send_multipart([header(kind, number, session), *frames])
        while True:
            first, *rest = self.socket.recv_multipart()
            if first[8:24] == struct.pack("<QQ", number, session) and struct.unpack_from("<H", first, 6)[0] != 0xFFFE:
                return first, rest

    def open(self, scene: str, lanes: int, pipeline: int = 4) -> int:
        """A session's number."""
        self.number += 1
        wanted = {"scene": scene, "num_envs": lanes, "autoreset": "NextStep", "pipeline": pipeline}
        first, (said,) = self.ask(OPEN, 0, self.number, json.dumps(wanted).encode())
        if first[6:8] == b"\xff\xff":
            raise RuntimeError(said.decode())
        return json.loads(said)["session"]

    def drain(self) -> int:
        """Takes what has come; how many messages."""
        count = 0
        with contextlib.suppress(zmq.Again):
            while True:
                self.socket.recv_multipart(zmq.DONTWAIT)
                count += 1
        return count


def mutated(count: int, folder: Path) -> dict[str, Any]:
    """So many mutated messages, from connections that come and go."""
    draw, messages = random.Random(3), golden()
    # Without logs: what honest steps leave in the database's cache would hide what an attack leaves.
    settings = ("quota.sessions=12", "quota.bytes=268435456", "threads=1", "store.journal=false")
    with server.running(folder, *(part for each in settings for part in ("--set", each))) as one, zmq.Context() as context:
        other = faults.Bystander(one.tcp)
        sent = answered = dropped = 0
        samples, begin, attacker = [], time.monotonic(), None
        while sent < count:
            if attacker is None or sent % 20_000 == 0:
                if attacker is not None:
                    attacker.socket.close()
                attacker = Attacker(context, one.tcp)
                with contextlib.suppress(RuntimeError):
                    mine = attacker.open("cartpole", 2)
            frames = mutate(draw, messages, [mine])
            # Everybody on this machine may end the server: that is no fault of the message's.
            if frames[0][:8] == header(SHUTDOWN, 0, 0)[:8]:
                continue
            try:
                attacker.socket.send_multipart(frames, zmq.DONTWAIT)
                sent += 1
            except zmq.Again:
                answered += attacker.drain()
                attacker.socket.poll(10)
                dropped += 1
                continue
            if sent % 64 == 0:
                answered += attacker.drain()
            if sent % max(1, count // 20) == 0:
                samples.append(one.size())
                print(f"{sent} sent, {answered} answered, {samples[-1]}", flush=True)
        # The last ones are read too before anything is judged.
        attacker.drain()
        attacker.socket.close()
        sane(one)
        bystander = other.done()
        half = samples[len(samples) // 10 :]
        growth = round(half[-1]["resident_mib"] - half[0]["resident_mib"], 2)
        if growth > GROWTH_MIB:
            raise AssertionError(f"the server grew by {growth} MiB: {samples}")
        seconds = round(time.monotonic() - begin, 1)
        return {"sent": sent, "answered": answered, "seconds": seconds, "growth_mib": growth, "samples": samples[:: max(1, len(samples) // 10)], "bystander": bystander}


def sane(one: server.Server) -> None:
    """An error unless the server is there, and never failed."""
    if one.process.poll() is not None:
        raise AssertionError(f"the server ended: {one.log()[-2000:]}")
    if "panicked" in one.log() or "worker failed" in one.log():
        raise AssertionError(f"something panicked: {one.log()[-2000:]}")


def numbers(count: int, folder: Path) -> dict[str, Any]:
    """Requests again, out of order and twice: each acts once, in its order, and the same answer comes again."""
    draw = random.Random(4)
    with server.running(folder, "--set", "threads=1") as one, zmq.Context() as context:
        other = faults.Bystander(one.tcp)
        attacker, keep = Attacker(context, one.tcp), 4
        session = attacker.open("cartpole", 2, keep)
        here = hyperdust.make_vec("cartpole", 2)
        observations, _ = here.reset(seed=9)
        _, (batch,) = attacker.ask(RESET, session, 1, b'{"seeds":{"first":9}}')
        given, next_, answers, refused = {}, 2, {}, 0
        twin.same(np.frombuffer(batch, "<f4", 8).reshape(2, 4), observations, "reset")
        for _ in range(count):
            number = max(2, next_ + draw.choice([0, 0, 0, -1, -1, -2, -3, -6, 1, 2, 50]))
            actions = given.setdefault(number, np.array([draw.randrange(2), draw.randrange(2)], dtype="<i4"))
            # What is sent again may well say something else: the number is what counts.
            said = actions if draw.random() < 0.7 or number >= next_ else 1 - actions
            first, rest = attacker.ask(STEP, session, number, said.tobytes())
            if number == next_:
                twin.same(np.frombuffer(rest[0], "<f4", 8).reshape(2, 4), here.step(actions.astype(np.int64))[0], f"step {number}")
                answers[number] = rest
                next_ += 1
            elif number < next_ and number >= next_ - keep:
                twin.same([bytes(frame) for frame in rest], [bytes(frame) for frame in answers[number]], f"the answer of {number}, again")
            else:
                code, wanted = json.loads(rest[0])["code"], "order" if number > next_ else "forgotten"
                if first[6:8] != b"\xff\xff" or code != wanted:
                    raise AssertionError(f"request {number}, {next_} is due: {code}, not {wanted}")
                refused += 1
        sane(one)
        return {"requests": count, "acted": next_ - 2, "refused": refused, "bystander": other.done()}


def strangers(folder: Path) -> dict[str, Any]:
    """On an endpoint that asks for keys: nothing without one, with an unknown one, or with the wrong server's; all with the right one."""
    public, known = network.keys(folder)
    other_public, unknown = network.keys(folder / "other")
    with server.running(folder, listen=("tcp://0.0.0.0:*",)) as one, zmq.Context() as context:
        other = faults.Bystander(one.tcp)
        address = f"tcp://127.0.0.1:{one.addresses[2].rsplit(':', 1)[1]}"
        found = {}
        for name, keys in {
            "a key that is not listed": {"server_key": public, "key": unknown},
            "another server's key": {"server_key": other_public, "key": known},
            "no key": {},
        }.items():
            try:
                hyperdust.connect(address, "cartpole", timeout=2.0, **keys)
                raise AssertionError(f"{name}: was let in")
            except hyperdust.RemoteError as error:
                found[name] = type(error).__name__
        bare = Attacker(context, address)
        bare.socket.rcvtimeo = 1000
        for kind in (1, 2, 3, SHUTDOWN, OPEN):
            bare.socket.send_multipart([header(kind, 1, 0)])
        with contextlib.suppress(zmq.Again):
            raise AssertionError(f"no key at all: was told {bare.socket.recv_multipart()}")
        bare.socket.close()
        pair = twin.Twin(hyperdust.connect(address, "hopper", 2, server_key=public, key=known), "hopper", 1)
        pair.reset()
        pair.run(0.5)
        pair.check()
        pair.close()
        sane(one)
        return {"refused": found, "with_a_key": pair.steps, "bystander": other.done()}


def quotas(seconds: float, folder: Path) -> dict[str, Any]:
    """A client that wants all there is gets its share: sessions, lanes, bytes, and steps a second."""
    limit, sessions, lanes = 20_000, 6, 600
    named = {"steps_per_second": limit, "sessions": sessions, "lanes": lanes, "bytes": 64 << 20}
    settings = [part for key, value in named.items() for part in ("--set", f"quota.{key}={value}")]
    with server.running(folder, *settings, "--set", "threads=1") as one:
        held, codes = [], {}
        for _ in range(40):
            for wanted in (500, 100, 1):
                try:
                    held.append(hyperdust.connect(one.tcp, "cartpole", wanted, timeout=20.0, pipeline=4))
                except hyperdust.Error as error:
                    what = str(error).split(":")[0]
                    codes[what] = codes.get(what, 0) + 1
        total = sum(envs.num_envs for envs in held)
        if len(held) > sessions or total > lanes:
            raise AssertionError(f"{len(held)} sessions with {total} lanes were had, {sessions} and {lanes} are allowed")
        [envs.reset(seed=0) for envs in held]
        taken, begin = 0, time.monotonic()
        actions = [np.zeros(envs.num_envs, np.int64) for envs in held]
        while (spent := time.monotonic() - begin) < seconds:
            for envs, action in zip(held, actions, strict=True):
                if envs.pending < 4:
                    envs.send(action)
            for envs in held:
                if envs.pending == 4:
                    envs.recv()
                    taken += envs.num_envs
        # A second's worth may be taken at once, and what is under way counts before it is answered.
        allowed = limit * (spent + 1) + 4 * total
        if taken > allowed:
            raise AssertionError(f"{taken} lane steps in {spent} s, {allowed} are allowed")
        sane(one)
        [envs.close() for envs in held]
        return {"quota": named, "sessions": len(held), "lanes": total, "refused": codes, "lane_steps_per_second": round(taken / spent)}


def attacks(count: int, short: bool) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """By name."""
    return {
        "mutated": lambda folder: mutated(count, folder),
        "numbers": lambda folder: numbers(500 if short else 50_000, folder),
        "strangers": strangers,
        "quotas": lambda folder: quotas(2.0 if short else 20.0, folder),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--only", help="one attack, without writing")
    parser.add_argument("--short", action="store_true", help="without writing")
    flags = parser.parse_args()
    before, rows, missed = machine.describe(), {}, []
    count = min(flags.messages, 20_000) if flags.short else flags.messages
    with serve.scratch() as folder:
        for name, attack in attacks(count, flags.short).items():
            if flags.only in (None, name):
                try:
                    rows[name] = attack(folder / name)
                except Exception as error:  # noqa: BLE001  (told at the end)
                    missed.append(f"{name}: {type(error).__name__}: {error}")
                    rows[name] = {"failed": missed[-1]}
                print(name, rows[name], flush=True)
    if not (flags.only or flags.short):
        machine.write("hostile", before, {"missed": missed, "attacks": rows})
    print("\n".join(missed) or "nothing came of it")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
