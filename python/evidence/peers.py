"""Others that serve environments, each with a process of its own: rlmesh and openenv-core, with our CartPole behind them.

Run with a name and a number of lanes this is that process (0 lanes: one env). Each is used as its own documentation does it, by its own
client; where there is a choice, the faster way is taken (openenv's environment is async, which spares it a thread).
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hyperdust



def world(lanes: int) -> Any:
    """What is served."""
    return hyperdust.make_vec("cartpole", lanes, num_threads=1) if lanes else hyperdust.load("cartpole")


def stepping(env: Any) -> Callable[[float], float]:
    """A function that steps one env for so many seconds, resets included, and says how many steps a second that were."""

    def run(seconds: float) -> float:
        env.reset(seed=0)
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            *_, terminated, truncated, _ = env.step(count & 1)
            count += 1
            if terminated or truncated:
                env.reset()
        return count / spent

    return run


@contextlib.contextmanager
def process(name: str, lanes: int) -> Iterator[str]:
    """A peer's server; its address."""
    serving = subprocess.Popen([sys.executable, "-P", __file__, name, str(lanes)], stdout=subprocess.PIPE, text=True)
    try:
        address = serving.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"{name} did not start")
        yield address
    finally:
        serving.kill()
        serving.wait()


# --- rlmesh --------------------------------------------------------------------------------------


def serve_rlmesh(lanes: int) -> None:
    from rlmesh import EnvServer

    serving = EnvServer(world(lanes), "127.0.0.1:0")
    print(serving.address, flush=True)
    serving.serve()


@contextlib.contextmanager
def rlmesh_env() -> Iterator[Any]:
    from rlmesh.numpy import RemoteEnv

    with process("rlmesh", 0) as address, contextlib.closing(RemoteEnv(address)) as env:
        yield env


@contextlib.contextmanager
def rlmesh_vector(lanes: int) -> Iterator[Any]:
    from rlmesh.numpy import RemoteVectorEnv

    with process("rlmesh", lanes) as address, contextlib.closing(RemoteVectorEnv(address)) as env:
        yield env


# --- openenv -------------------------------------------------------------------------------------


def serve_openenv(lanes: int) -> None:
    import socket

    import uvicorn
    from openenv.core.env_server import Action, Environment, Observation, State, create_fastapi_app

    class Move(Action):
        move: Any

    class Seen(Observation):
        values: Any
        rewards: Any = None
        terminated: Any = False
        truncated: Any = False

    class CartPole(Environment):
        def __init__(self) -> None:
            super().__init__()
            self.env = world(lanes)

        def reset(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Seen:
            return Seen(values=self.env.reset(seed=seed)[0].tolist())

        def step(self, action: Move, timeout_s: float | None = None, **_: Any) -> Seen:
            observation, reward, terminated, truncated, _ = self.env.step(np.asarray(action.move) if lanes else action.move)
            if lanes:
                given = {"rewards": reward.tolist(), "terminated": terminated.tolist(), "truncated": truncated.tolist()}
                return Seen(values=observation.tolist(), **given)
            given = {"reward": float(reward), "done": bool(terminated or truncated), "terminated": terminated, "truncated": truncated}
            return Seen(values=observation.tolist(), **given)

        async def reset_async(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Seen:
            return self.reset(seed)

        async def step_async(self, action: Move, timeout_s: float | None = None, **_: Any) -> Seen:
            return self.step(action)

        @property
        def state(self) -> State:
            return State()

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    app = create_fastapi_app(CartPole, Move, Seen)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


class OpenEnv:
    """The Gymnasium calls, on openenv's client."""

    def __init__(self, client: Any, lanes: int) -> None:
        self.client, self.num_envs = client, lanes or 1
        self.lanes = lanes

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict]:
        result = self.client.reset(**({} if seed is None else {"seed": seed}))
        return np.asarray(result.observation["values"], dtype=np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, Any, Any, Any, dict]:
        seen = self.client.step({"move": action.tolist() if self.lanes else int(action)})
        said = seen.observation
        observation = np.asarray(said["values"], dtype=np.float32)
        if self.lanes:
            return observation, np.asarray(said["rewards"]), np.asarray(said["terminated"]), np.asarray(said["truncated"]), {}
        return observation, seen.reward, said["terminated"], said["truncated"], {}


@contextlib.contextmanager
def openenv(lanes: int = 0) -> Iterator[OpenEnv]:
    from openenv.core import GenericEnvClient

    with process("openenv", lanes) as address, GenericEnvClient(base_url=address).sync() as client:
        yield OpenEnv(client, lanes)


SINGLE: dict[str, Callable[[], Any]] = {"rlmesh": rlmesh_env, "openenv-core": openenv}
VECTOR: dict[str, Callable[[int], Any]] = {"rlmesh": rlmesh_vector, "openenv-core": openenv}

if __name__ == "__main__":
    {"rlmesh": serve_rlmesh, "openenv": serve_openenv}[sys.argv[1]](int(sys.argv[2]))
