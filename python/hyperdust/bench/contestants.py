"""Who takes part. A contestant is made for one case, steps all its lanes at once, and says which time step it really has.

Peers are optional and imported when first made. `mujoco.rollout` is the floor under everything that is built on MuJoCo: physics
alone, without rewards, observations or resets. Its lanes start again from an initial state after as many steps as an episode of
that task and policy lasts on average, else robots that fell long ago would be compared with robots that are still falling.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import math
import multiprocessing
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from gymnasium.vector.utils import batch_space

import hyperdust
from hyperdust.bench.measure import Loop, Round
from hyperdust.bench.tasks import Case, draw

FEW_LANES = 8
CHUNK = 8  # most environment steps in one call of mujoco.rollout, which starts its solver cold at every call
SEED = 1


class EnvPool(VectorEnv):
    """EnvPool as a `gymnasium.vector.VectorEnv`: `num_envs` lanes of a task such as "Ant-v5"; the seed is fixed when it is made.

    Its autoreset is NEXT_STEP: the step after an episode's last ignores its action and returns the first observation of the next.
    """

    def __init__(self, task: str, num_envs: int, seed: int, num_threads: int = 2) -> None:
        import envpool

        super().__init__()
        self.pool = envpool.make_gymnasium(task, num_envs=num_envs, num_threads=num_threads, seed=seed)
        self.num_envs = num_envs
        self.single_observation_space = self.pool.observation_space
        self.single_action_space = self.pool.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        return self.pool.reset()

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:
        if isinstance(self.single_action_space, gymnasium.spaces.Box):
            actions = np.asarray(actions, self.single_action_space.dtype)
        return self.pool.step(actions)

    def close_extras(self, **kwargs: Any) -> None:
        self.pool.close()
        self.pool = None  # its threads end with it


class Timing(NamedTuple):
    """What must be equal on all sides; `None` where a contestant does not tell."""

    frame_skip: int | None
    seconds: float | None  # of one environment step
    action_bounds: tuple[float, float] | None


class Contestant(Protocol):
    """What the rounds need; `envs` is there for Gymnasium's own benchmark and may be `None`."""

    lanes: int
    threads: int
    timing: Timing
    envs: VectorEnv | None

    def run(self, seconds: float, least: int = 1) -> Round: ...

    def close(self) -> None: ...


class Vector:
    """Any `VectorEnv`, in the loop of `measure`."""

    def __init__(self, envs: VectorEnv, case: Case, threads: int, frame_skip: int | None, seconds: float | None) -> None:
        self.envs, self.lanes, self.threads = envs, envs.num_envs, threads
        space = envs.single_action_space
        bounds = (float(space.low.min()), float(space.high.max())) if isinstance(space, gymnasium.spaces.Box) else (0.0, float(space.n - 1))
        self.timing = Timing(frame_skip, seconds, bounds)
        self._loop = Loop(envs, draw(space, self.lanes, case.policy))
        self.run = self._loop.run

    def close(self) -> None:
        self.envs.close()
        del self._loop, self.run, self.envs


def make_hyperdust(case: Case, folder: Path) -> Vector:
    options = {"integrator": "euler"} if case.euler else {}
    envs = hyperdust.make_vec(case.task.ours, case.lanes, num_threads=case.threads, **options)
    envs.reset(seed=SEED)
    return Vector(envs, case, envs.num_threads, hyperdust.parameters(case.task.scene)["frame_skip"][0], envs.dt)


def make_envpool(case: Case, folder: Path) -> Vector:
    envs = EnvPool(case.task.original, case.lanes, SEED, case.threads)
    envs.reset()
    settings = dict(zip(envs.pool.spec.config._fields, envs.pool.spec.config, strict=True))
    frame_skip, seconds = settings.get("frame_skip"), None
    if case.task.xml and "base_path" in settings:
        robots = Path(settings["base_path"]) / "mujoco/assets_gym"
        stem = settings.get("xml_file", case.task.xml).removesuffix(".xml")
        for path in (robots / f"{stem}.xml", robots / f"{stem}_envpool.xml"):
            if path.exists():
                seconds = float(ElementTree.parse(path).find("option").attrib["timestep"]) * frame_skip
                break
    return Vector(envs, case, case.threads, frame_skip, seconds)


def _original(case: Case, folder: Path) -> functools.partial:
    options: dict[str, Any] = {"disable_env_checker": True}
    if case.euler:
        options["xml_file"] = str(euler_file(case.task.xml, folder))
    return functools.partial(gymnasium.make, case.task.original, **options)


def euler_file(name: str, folder: Path) -> Path:
    """Gymnasium's robot with `integrator="Euler"`, in `folder`."""
    tree = ElementTree.parse(Path(gymnasium.__file__).parent / "envs/mujoco/assets" / name)
    tree.find("option").set("integrator", "Euler")
    path = folder / name
    tree.write(path)
    return path


def _make_gymnasium(case: Case, folder: Path, envs: VectorEnv, threads: int) -> Vector:
    envs.reset(seed=SEED)
    frame_skip, seconds = 1, envs.get_attr("tau" if case.task.name == "CartPole" else "dt")[0]
    if case.task.xml:
        frame_skip = envs.get_attr("frame_skip")[0]
    return Vector(envs, case, threads, frame_skip, float(seconds))


def make_sync(case: Case, folder: Path) -> Vector:
    return _make_gymnasium(case, folder, SyncVectorEnv([_original(case, folder)] * FEW_LANES), 1)


def make_async(case: Case, folder: Path) -> Vector:
    # Not forked from this process, which has other contestants' threads.
    context = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    if context == "forkserver":
        multiprocessing.set_forkserver_preload(["gymnasium.envs.mujoco" if case.task.xml else "gymnasium"])
    return _make_gymnasium(case, folder, AsyncVectorEnv([_original(case, folder)] * FEW_LANES, context=context), FEW_LANES)


class Rollout:
    """`mujoco.rollout` over all lanes: physics only, each control held for `frame_skip` steps."""

    envs = None

    def __init__(self, case: Case, folder: Path) -> None:
        import mujoco
        import mujoco.rollout

        env = _original(case, folder)()
        world, self.lanes, self.threads, self._skip = env.unwrapped, case.lanes, case.threads, env.unwrapped.frame_skip
        space = world.action_space
        self.timing = Timing(self._skip, float(world.dt), (float(space.low.min()), float(space.high.max())))
        self._model = world.model
        kind = mujoco.mjtState.mjSTATE_FULLPHYSICS
        self._initial = np.empty((self.lanes, mujoco.mj_stateSize(self._model, kind)))
        for lane in range(self.lanes):
            env.reset(seed=SEED + lane)
            mujoco.mj_getState(self._model, world.data, self._initial[lane], kind)
        env.close()
        controls = np.stack(draw(space, self.lanes, case.policy), axis=1).astype(np.float64)  # (lanes, batches, nu)
        self.horizon = mean_episode(case)
        self._chunk = math.ceil(self.horizon / math.ceil(self.horizon / CHUNK))
        starts = range(0, controls.shape[1], self._chunk)
        turns = [np.take(controls, range(start, start + self._chunk), axis=1, mode="wrap") for start in starts]
        self._controls = [np.repeat(turn, self._skip, axis=1) for turn in turns]
        steps = self._chunk * self._skip
        self._data = [mujoco.MjData(self._model) for _ in range(self.threads)]
        self._states = np.empty((self.lanes, steps, self._initial.shape[1]))
        self._sensors = np.empty((self.lanes, steps, self._model.nsensordata))
        self._pool = mujoco.rollout.Rollout(nthread=self.threads if self.threads > 1 else 0)
        self._now, self._age, self._turn = self._initial, 0, 0

    def run(self, seconds: float, least: int = 1) -> Round:
        calls, start = 0, time.perf_counter()
        while True:
            if self._age >= self.horizon:
                self._now, self._age = self._initial, 0
            controls = self._controls[self._turn % len(self._controls)]
            self._pool.rollout(self._model, self._data, self._now, controls, state=self._states, sensordata=self._sensors)
            self._now = self._states[:, -1].copy()
            self._age, self._turn, calls = self._age + self._chunk, self._turn + 1, calls + 1
            length = time.perf_counter() - start
            if length >= seconds and calls * self._chunk >= least:
                return Round(calls * self._chunk * self.lanes, length, 0)

    def close(self) -> None:
        self._pool.close()
        del self._states, self._sensors, self._data, self._controls


@functools.lru_cache
def mean_episode(case: Case, steps: int = 2000) -> int:
    """Steps that an episode lasts on average under the case's policy, from one of our own runs; at most the time limit."""
    contestant = make_hyperdust(case._replace(lanes=64), Path())
    limit = contestant.envs.scene.max_episode_steps or 1000
    found = contestant.run(0.0, least=steps)
    contestant.close()
    return min(limit, max(1, round(found.steps / found.episodes))) if found.episodes else limit


class Kind(NamedTuple):
    """A contestant's name, what makes it, what it needs, and what a reader of its row must know."""

    make: Callable[[Case, Path], Contestant]
    modules: dict[str, str]  # module: the pip package that brings it
    note: str
    euler: bool = True
    classic: bool = True


MUJOCO = {"mujoco": "mujoco"}
ROLLOUT_NOTE = "mujoco.rollout: physics only, no rewards, observations or resets; lanes start over after a mean episode"
KINDS = {
    # Processes first: what they inherit is small then.
    "async": Kind(make_async, MUJOCO, f"AsyncVectorEnv of Gymnasium's original; {FEW_LANES} lanes, each a process, however few the cores"),
    "sync": Kind(make_sync, MUJOCO, f"SyncVectorEnv of Gymnasium's original; {FEW_LANES} lanes on one thread"),
    "hyperdust": Kind(make_hyperdust, {}, "hyperdust.make_vec"),
    "envpool": Kind(make_envpool, {"envpool": "envpool"}, "envpool.make_gymnasium; original integrator only", euler=False),
    "rollout": Kind(Rollout, MUJOCO, ROLLOUT_NOTE, classic=False),
}
SHOWN = ("hyperdust", "envpool", "sync", "async", "rollout")


def takes_part(who: str, case: Case) -> bool:
    """Whether the contestant has such a task at all."""
    kind = KINDS[who]
    return (kind.euler or not case.euler) and (kind.classic or case.task.xml is not None)


def missing(who: str, case: Case) -> str | None:
    """The pip package without which the contestant cannot take part in the case."""
    for module, package in KINDS[who].modules.items():
        if module == "mujoco" and case.task.xml is None:
            continue  # Gymnasium's classic control needs no physics engine
        try:
            importlib.import_module(module)
        except ImportError:
            return package
    return None


def unequal(timings: dict[str, Timing]) -> list[str]:
    """How contestants differ in what must be equal; empty when they do not."""
    found = []
    for (one, ours), (other, theirs) in itertools.combinations(timings.items(), 2):
        for name, a, b in zip(Timing._fields, ours, theirs, strict=True):
            if a is not None and b is not None and not np.allclose(a, b, rtol=1e-6):
                found.append(f"{name}: {one} {a}, {other} {b}")
    return found
