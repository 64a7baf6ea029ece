"""A client of a HyperDust server in pyzmq and NumPy alone, written from gym/wire/PROTOCOL.md: proof that the protocol can
be spoken from any language. What it leaves out is RESUME, with which a session outlives its connection.

    python wire_client.py tcp://127.0.0.1:5555 ant 16 1000
"""

import itertools
import json
import math
import struct
import sys
import time

import numpy as np
import zmq

HEADER = struct.Struct("<4sHHQQ")  # magic, version, kind, request, session
HELLO, OPEN, RESET, STEP, CLOSE = 1, 16, 18, 19, 23
NOTICE, ERROR = 0xFFFE, 0xFFFF


class Connection:
    """One DEALER socket."""

    def __init__(self, address, timeout=30.0):
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(address)
        self.timeout, self.numbers = timeout, itertools.count(1)
        hello = {"versions": [1], "client": "wire_client.py"}
        self.welcome = json.loads(self.call(HELLO, [json.dumps(hello).encode()])[0])

    def call(self, kind, frames=(), session=0, number=None):
        """Sends a request, returns its reply's frames. Requests of a session are numbered 1, 2, 3, … by the caller."""
        number = next(self.numbers) if number is None else number
        self.socket.send_multipart([HEADER.pack(b"HYPD", 1, kind, number, session), *frames])
        until = time.monotonic() + self.timeout
        while self.socket.poll(max(0, math.ceil((until - time.monotonic()) * 1000))):
            header, *reply = self.socket.recv_multipart()
            _, _, found, answered, of = HEADER.unpack(header)
            if found == NOTICE:
                print("notice:", json.loads(reply[0])["message"], file=sys.stderr)
            elif (answered, of) == (number, session):
                if found == ERROR:
                    raise RuntimeError("{code}: {message}".format(**json.loads(reply[0])))
                return reply
        raise TimeoutError(f"no answer within {self.timeout} s")


class Lanes:
    """A session: many copies of a scene, stepped together."""

    def __init__(self, connection, scene, num_envs):
        self.connection, self.numbers = connection, itertools.count(1)
        opening = {"scene": scene, "num_envs": num_envs, "autoreset": "NextStep"}
        self.opened = json.loads(connection.call(OPEN, [json.dumps(opening).encode()])[0])

    def reset(self, first_seed):
        """Lane i gets first_seed + i."""
        return self._batch(self._call(RESET, [json.dumps({"seeds": {"first": first_seed}, "mask": False}).encode()]))

    def step(self, *actions):
        """One array of shape (lanes, *shape) for each entry of opened["actions"]."""
        specs = zip(self.opened["actions"], actions, strict=True)
        return self._batch(self._call(STEP, [np.ascontiguousarray(array, spec["dtype"]) for spec, array in specs]))

    def close(self):
        return json.loads(self._call(CLOSE, [])[0])

    def _call(self, kind, frames):
        return self.connection.call(kind, frames, self.opened["session"], next(self.numbers))

    def _batch(self, frames):
        """Views into the frames: nothing is copied."""
        layout = self.opened["layout"]
        batch = {}
        for prefix, frame, fields in zip(("", "final_"), frames, (layout["batch"], layout.get("finals"))):
            for field in fields["fields"]:
                count = math.prod(field["shape"])
                array = np.frombuffer(frame, np.dtype(field["dtype"]), count, field["offset"]).reshape(field["shape"])
                batch[prefix + "/".join(filter(None, (field["part"], field["name"])))] = array
        return batch


def draw(rng, spec, lanes):
    return rng.integers(spec["choices"], size=lanes) if spec["choices"] else rng.uniform(-1, 1, (lanes, *spec["shape"]))


def main(address, scene="ant", num_envs="16", steps="1000"):
    lanes = Lanes(Connection(address), scene, int(num_envs))
    lanes.reset(0)
    rng, rewards, start = np.random.default_rng(0), np.zeros(int(num_envs)), time.perf_counter()
    for _ in range(int(steps)):
        rewards += lanes.step(*(draw(rng, spec, int(num_envs)) for spec in lanes.opened["actions"]))["reward"]
    seconds = time.perf_counter() - start
    print(f"{steps} steps of {num_envs} lanes: reward {rewards.mean():.3f}, {int(steps) / seconds:.0f} batches/s", lanes.close())


if __name__ == "__main__":
    main(*sys.argv[1:])
