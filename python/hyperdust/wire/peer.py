"""Messages as bytes, over pyzmq: what the checks of :mod:`hyperdust.wire.conformance` are made with.

It shares no code with the client that the package uses, so that a mistake in one is not a mistake in both.
"""

from __future__ import annotations

import itertools
import json
import math
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zmq

HEADER = struct.Struct("<4sHHQQ")
MAGIC, VERSION = b"HYPD", 1
REPLY, NOTICE, ERROR = 0x8000, 0xFFFE, 0xFFFF
HELLO, SCENES, PING, SHUTDOWN = 1, 2, 3, 4
OPEN, RESUME, RESET, STEP, RUN, SNAPSHOT, RESTORE, CLOSE = 16, 17, 18, 19, 20, 21, 22, 23
RECEIPT, VOUCHER, EPISODES, EPISODE = 32, 33, 48, 49
POLICY_OPEN, POLICY_ACT, JOBS, JOB, COMMIT, OPENING = 64, 65, 80, 81, 82, 83


@dataclass(frozen=True)
class Message:
    """What a server said."""

    kind: int
    request: int
    session: int
    frames: list[bytes]

    @property
    def json(self) -> dict[str, Any]:
        """The first frame."""
        return json.loads(self.frames[0])

    @property
    def code(self) -> str | None:
        """The code of an error; ``None``: it is none."""
        return self.json["code"] if self.kind == ERROR else None


@dataclass(frozen=True)
class Keys:
    """What a connection beyond one machine needs: texts in Z85."""

    server: str
    public: str
    secret: str

    @staticmethod
    def load(server: str, path: str) -> Keys:
        """With the pair in a file of ``hyperdust keys new``."""
        lines = dict(line.split(" ", 1) for line in Path(path).read_text().splitlines() if not line.startswith("#"))
        return Keys(server, lines["public"], lines["secret"])


class Peer:
    """A connection that can say anything."""

    def __init__(self, address: str, timeout: float, keys: Keys | None = None) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        if keys is not None:
            self.socket.curve_serverkey = keys.server.encode()
            self.socket.curve_publickey, self.socket.curve_secretkey = keys.public.encode(), keys.secret.encode()
        self.socket.connect(address)
        self.timeout = timeout
        self.numbers = itertools.count(1)
        self.notices: list[Message] = []

    def send(self, kind: int, frames: Any = (), *, number: int | None = None, session: int = 0, version: int = VERSION) -> int:
        """Sends a message; its number."""
        number = next(self.numbers) if number is None else number
        self.socket.send_multipart([HEADER.pack(MAGIC, version, kind, number, session), *map(_frame, frames)])
        return number

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message that is no notice, or ``None`` where none comes in time."""
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        while self.socket.poll(max(0, math.ceil((until - time.monotonic()) * 1000))):
            header, *frames = self.socket.recv_multipart()
            magic, version, kind, request, session = HEADER.unpack(header)
            assert (magic, version) == (MAGIC, VERSION), f"the server's header says {magic!r}, version {version}"
            message = Message(kind, request, session, frames)
            if kind != NOTICE:
                return message
            self.notices.append(message)
        return None

    def ask(self, kind: int, frames: Any = (), **header: Any) -> Message:
        """Sends a request; the answer to it, which may be an error."""
        number = self.send(kind, frames, **header)
        answer = self.receive()
        assert answer is not None, f"no answer to kind {kind} within {self.timeout} s"
        session = header.get("session", 0)
        assert (answer.request, answer.session) == (number, session), (
            f"request {number} of session {session} was answered as {answer.request} of {answer.session}"
        )
        assert answer.kind in (kind | REPLY, ERROR), f"kind {kind} was answered by {answer.kind:#06x}"
        return answer

    def good(self, kind: int, frames: Any = (), **header: Any) -> Message:
        """The same, where only a reply will do."""
        answer = self.ask(kind, frames, **header)
        assert answer.kind != ERROR, f"kind {kind} was refused: {answer.json}"
        return answer

    def refused(self, codes: set[str], kind: int, frames: Any = (), **header: Any) -> dict[str, Any]:
        """The same, where only an error of one of these codes will do; its JSON."""
        answer = self.ask(kind, frames, **header)
        assert answer.kind == ERROR, f"kind {kind} was accepted, expected {' or '.join(sorted(codes))}"
        assert answer.code in codes, f"refused as {answer.code} ({answer.json['message']}), expected {' or '.join(sorted(codes))}"
        assert answer.json["message"] and isinstance(answer.json["retryable"], bool)
        return answer.json

    def hello(self) -> dict[str, Any]:
        """HELLO's answer."""
        return self.good(HELLO, [{"versions": [VERSION], "client": "hyperdust.wire.conformance"}]).json

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()


class Session:
    """A session of a peer, numbered by hand."""

    def __init__(self, peer: Peer, scene: str, num_envs: int = 3, **options: Any) -> None:
        opening = {"scene": scene, "num_envs": num_envs, "autoreset": "NextStep", **options}
        self.peer, self.opened, self.next = peer, peer.good(OPEN, [opening]).json, 1
        self.id = self.opened["session"]

    def ask(self, kind: int, frames: Any = ()) -> Message:
        """The next request's answer."""
        self.next += 1
        return self.peer.ask(kind, frames, number=self.next - 1, session=self.id)

    def good(self, kind: int, frames: Any = ()) -> Message:
        """The same, where only a reply will do."""
        answer = self.ask(kind, frames)
        assert answer.kind != ERROR, f"kind {kind} was refused: {answer.json}"
        return answer

    def reset(self, seed: int = 0) -> Message:
        """RESET of all lanes."""
        return self.good(RESET, [{"seeds": {"first": seed}, "mask": False}])

    def step(self, rng: np.random.Generator) -> Message:
        """STEP with random actions."""
        return self.good(STEP, self.actions(rng))

    def actions(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Random actions of all lanes."""
        lanes = self.opened["num_envs"]
        return [
            (rng.integers(spec["choices"], size=lanes) if spec["choices"] else rng.uniform(-1, 1, (lanes, *spec["shape"])))
            .astype(spec["dtype"])
            for spec in self.opened["actions"]
        ]

    def arrays(self, answer: Message) -> dict[tuple[str, str], np.ndarray]:
        """A batch's arrays by part and name."""
        frame, batch = self.opened["layout"]["batch"], answer.frames[0]
        assert len(batch) == frame["size"], f"a batch of {len(batch)} bytes, the layout has {frame['size']}"
        return {
            (field["part"], field["name"]): np.frombuffer(
                batch, np.dtype(field["dtype"]), math.prod(field["shape"]), field["offset"]
            ).reshape(field["shape"])
            for field in frame["fields"]
        }

    def close(self) -> None:
        """CLOSE."""
        self.good(CLOSE)


def _frame(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return value if isinstance(value, bytes) else json.dumps(value).encode()
