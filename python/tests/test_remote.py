"""Worlds on a server are the worlds here: every array, mask, info and state of a session is, bit for bit, that of a local vector
environment with the same seeds and actions, in every mode, whatever is under way and however often the connection is taken over.
And what goes wrong is a typed error of the package's one tree.

Runs against the real server: see server.py.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from conftest import assert_same
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, VectorEnv
from server import Server, running

import hyperdust

SCENES = ["cartpole", "hopper", "blocks"]
LANES = 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture
def address(server: Server) -> str:
    return server.address


# --- the same bits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("scene", SCENES)
def test_remote_is_local(address: str, scene: str, mode: AutoresetMode) -> None:
    with closing(hyperdust.connect(address, scene, LANES, autoreset_mode=mode, max_episode_steps=9)) as there:
        here = hyperdust.make_vec(scene, LANES, 2, mode, max_episode_steps=9)
        assert isinstance(there, VectorEnv) and there.blueprint_id == here.scene.blueprint_id
        for space in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
            assert getattr(there, space) == getattr(here, space)
        assert there.metadata["autoreset_mode"] is mode
        assert_same(there.reset(seed=3), here.reset(seed=3))
        here.action_space.seed(0)
        for _ in range(40):
            actions = here.action_space.sample()
            stepped = here.step(actions)
            assert_same(there.step(actions), stepped)
            ended = stepped[2] | stepped[3]
            if mode is AutoresetMode.DISABLED and ended.any():
                options = {"reset_mask": ended}
                assert_same(there.reset(options=options), here.reset(options=options))
        assert there.get_state() == here.get_state()


def test_every_way_of_seeding(address: str) -> None:
    there, here = hyperdust.connect(address, "hopper", LANES), hyperdust.make_vec("hopper", LANES)
    mask = np.array([True, False, True, False, False])
    for seed, options in [(5, None), (None, None), ([1, None, 3, None, 2**63], None), (8, {"reset_mask": mask}), (None, None)]:
        assert_same(there.reset(seed=seed, options=options), here.reset(seed=seed, options=options))
        assert there.get_state() == here.get_state()
    there.close()


def test_a_first_reset_without_a_seed_draws_from_np_random(address: str) -> None:
    there, here = hyperdust.connect(address, "hopper", 2), hyperdust.make_vec("hopper", 2)
    there.np_random, here.np_random = np.random.default_rng(4), np.random.default_rng(4)
    assert_same(there.reset(), here.reset())
    there.close()


def test_parameters_go_over(address: str) -> None:
    options = {"healthy_reward": 2.5, "terminate_when_unhealthy": False, "healthy_z_range": [0.5, 9.0], "frame_skip": 2}
    there, here = hyperdust.connect(address, "hopper", 2, **options), hyperdust.make_vec("hopper", 2, **options)
    assert there.blueprint_id == here.scene.blueprint_id
    there.close()


def test_a_state_goes_over(address: str) -> None:
    """A run that began here goes on there, and back."""
    there, here = hyperdust.connect(address, "hopper", LANES), hyperdust.make_vec("hopper", LANES)
    here.reset(seed=1)
    here.step(here.action_space.sample())
    observations = there.set_state(here.get_state())
    actions = here.action_space.sample()
    stepped = here.step(actions)
    assert observations.shape == stepped[0].shape
    assert_same(there.step(actions), stepped)
    assert_same(here.set_state(there.get_state()), stepped[0])
    with pytest.raises(hyperdust.StateError):
        there.set_state(there.get_state()[:-1])
    there.close()


def test_threads_and_clients_do_not_show(address: str) -> None:
    """Four clients at once, each with a run of its own, all equal to runs made alone here."""
    failed: list[BaseException] = []

    def client(seed: int) -> None:
        try:
            there, here = hyperdust.connect(address, "cartpole", 3), hyperdust.make_vec("cartpole", 3, 1)
            assert_same(there.reset(seed=seed), here.reset(seed=seed))
            rng = np.random.default_rng(seed)
            for _ in range(50):
                actions = rng.integers(2, size=3)
                assert_same(there.step(actions), here.step(actions))
            there.close()
        except BaseException as error:  # noqa: BLE001  (told by the main thread)
            failed.append(error)

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert not failed, failed[0]


# --- under way ----------------------------------------------------------------------------------------


def test_pipelining_changes_nothing(address: str) -> None:
    there, here = hyperdust.connect(address, "hopper", LANES, pipeline=3), hyperdust.make_vec("hopper", LANES)
    there.async_reset(seed=2)
    observations, infos = here.reset(seed=2)
    received = there.recv()
    assert_same(received[0], observations)
    assert (received[1] == 0).all() and received[4].pop("env_id").tolist() == list(range(LANES))
    assert_same(received[4], infos)
    actions = [here.action_space.sample() for _ in range(12)]
    expected = [here.step(each) for each in actions]
    got = []
    for each in actions:
        if there.pending == there.server["pipeline"]:
            got.append(there.recv())
        there.send(each, np.arange(LANES))
        each[:] = np.nan  # the caller's array is free at once
    while there.pending:
        got.append(there.recv())
    for left, right in zip(got, expected, strict=True):
        left[4].pop("env_id")
        assert_same(left, right)
    there.close()


def test_what_is_pending_is_guarded(address: str) -> None:
    there = hyperdust.connect(address, "cartpole", 2, pipeline=2)
    with pytest.raises(hyperdust.ResetNeeded, match="reset"):
        there.step(np.zeros(2, int))
    there.reset(seed=0)
    with pytest.raises(hyperdust.PendingError, match="nothing is pending"):
        there.step_wait()
    for _ in range(there.server["pipeline"]):
        there.step_async(np.zeros(2, int))
    with pytest.raises(hyperdust.PendingError, match="wait for one"):
        there.step_async(np.zeros(2, int))
    for call in (lambda: there.step(np.zeros(2, int)), lambda: there.reset()):
        with pytest.raises(hyperdust.PendingError, match="wait for them first"):
            call()
    with pytest.raises(hyperdust.LaneError):
        there.send(np.zeros(2, int), np.array([1, 0]))
    while there.pending:
        there.step_wait()
    there.close()


# --- single environments ------------------------------------------------------------------------------


def test_make_gives_one_environment(address: str) -> None:
    there = gymnasium.make("hyperdust/Remote-v0", address=address, scene="hopper")
    here = hyperdust.load("hopper")
    assert (there.observation_space, there.action_space) == (here.observation_space, here.action_space)
    for seed in (3, None):
        assert_same(there.reset(seed=seed), here.reset(seed=seed))
        ended = False
        while not ended:
            action = here.action_space.sample()
            stepped = here.step(action)
            assert_same(there.step(action), stepped)
            ended = stepped[2] or stepped[3]
    with pytest.raises(hyperdust.ResetNeeded):
        there.step(action)
    there.close(), there.close()


@pytest.mark.filterwarnings("ignore")
def test_check_env(address: str) -> None:
    check_env(gymnasium.make("hyperdust/Remote-v0", address=address, scene="pendulum").unwrapped, skip_render_check=True)


def test_make_vec_gives_a_batch(address: str) -> None:
    there = gymnasium.make_vec(
        "hyperdust/Remote-v0", 3, "vector_entry_point", address=address, scene="cartpole", max_episode_steps=7
    )
    assert there.server["max_episode_steps"] == 7 and there.reset(seed=0)[0].shape == (3, 4)
    there.close()


# --- going on -------------------------------------------------------------------------------------------


def test_a_session_is_taken_over(address: str) -> None:
    """By another process, say; the first one is told that it has lost it."""
    first, here = hyperdust.connect(address, "hopper", LANES), hyperdust.make_vec("hopper", LANES)
    assert_same(first.reset(seed=1), here.reset(seed=1))
    second = hyperdust.connect(address, resume=first.resumption())
    assert (second.num_envs, second.session, second.autoreset_mode) == (LANES, first.session, first.autoreset_mode)
    actions = here.action_space.sample()
    assert_same(second.step(actions), here.step(actions))
    with pytest.raises(hyperdust.SessionLost):
        first.step(actions)
        first.step(actions)
    first.close()
    assert_same(second.step(actions), here.step(actions))
    second.close()
    with pytest.raises(hyperdust.StateError, match="resumption"):
        hyperdust.connect(address, resume="{}")


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_session_goes_on_at_a_server_that_was_started_again(tmp_path: Path, end: str) -> None:
    """Killed or told to end: what it had not written down its client sends again, and nothing else can be seen of it."""
    with running(tmp_path / "server") as server:
        there, here = hyperdust.connect(server.address, "hopper", LANES), hyperdust.make_vec("hopper", LANES)
        # Without a seed, chance decides: what it decided must be the same after the crash.
        there.reset()
        assert_same(there.reset(seed=1), here.reset(seed=1))
        for _ in range(2):
            for _ in range(20):
                actions = here.action_space.sample()
                assert_same(there.step(actions), here.step(actions))
            getattr(server, end)()
            server.start()
        there.close()


def test_what_chance_decided_outlives_a_killed_server(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        there = hyperdust.connect(server.address, "cartpole", LANES)
        there.reset()
        state = there.get_state()
        server.kill()
        server.start()
        assert there.get_state() == state
        there.close()


def test_a_server_that_is_gone_is_an_error_in_time(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        there = hyperdust.connect(server.address, "cartpole", 2, timeout=1.0)
        there.reset(seed=0)
        server.kill()
        with pytest.raises(hyperdust.RemoteTimeout, match="no answer") as caught:
            there.step(np.zeros(2, int))
        assert caught.value.retryable and isinstance(caught.value, TimeoutError) and isinstance(caught.value, hyperdust.Error)
        assert there.pending == 1, "what was sent may still be waited for"
        with pytest.raises(hyperdust.RemoteTimeout):
            there.step_wait(0.1)
        there.close()


def test_a_server_drains(tmp_path: Path) -> None:
    with running(tmp_path / "server") as server:
        there = hyperdust.connect(server.address, "cartpole", 2)
        there.reset(seed=0)
        assert server.stop() == 0, server.log()


def test_an_interrupt_ends_a_wait(tmp_path: Path) -> None:
    """Ctrl-C, with the request still under way afterwards. In a process of its own: the signal is real."""
    code = """
import os, signal, sys, threading, numpy as np, hyperdust
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever starts a test in the background lets it ignore the signal
there = hyperdust.connect(sys.argv[1], "cartpole", 2, timeout=60)
there.reset(seed=0)
os.kill(int(sys.argv[2]), signal.SIGSTOP)
there.step_async(np.zeros(2, int))
try:
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    there.step_wait()
except KeyboardInterrupt:
    os.kill(int(sys.argv[2]), signal.SIGCONT)
    print("interrupted,", there.step_wait()[1].shape, "afterwards")
"""
    with running(tmp_path / "server") as server:
        command = [sys.executable, "-c", code, server.address, str(server.process.pid)]
        try:
            said = subprocess.run(command, capture_output=True, text=True, timeout=60)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
    assert said.stdout.strip() == "interrupted, (2,) afterwards", said.stderr


def test_others_run_while_a_call_waits(address: str) -> None:
    """The interpreter's lock is free: with it held, the thread that steps the other session could not answer."""
    first, second = hyperdust.connect(address, "cartpole", 2), hyperdust.connect(address, "cartpole", 2)
    first.reset(seed=0), second.reset(seed=0)
    done = threading.Event()

    def other() -> None:
        while not done.is_set():
            second.step(np.zeros(2, int))

    thread = threading.Thread(target=other)
    thread.start()
    for _ in range(50):
        first.step(np.zeros(2, int))
    done.set()
    thread.join()
    first.close(), second.close()


# --- refusals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"scene": "no-such-scene"}, hyperdust.SceneError, "no-such-scene"),
        ({"scene": None}, hyperdust.SceneError, "None"),
        ({"scene": "hopper", "no_such": 1}, hyperdust.ParameterError, "no_such"),
        ({"scene": "hopper", "frame_skip": "fast"}, hyperdust.ParameterError, "frame_skip"),
        ({"scene": "hopper", "num_envs": 0}, hyperdust.LaneError, "1 or more"),
        ({"scene": "hopper", "autoreset_mode": "sometimes"}, ValueError, "sometimes"),
        ({"scene": "hopper", "render_mode": "rgb_array"}, hyperdust.RenderError, "drawn"),
        ({"scene": "hopper", "server_key": "x"}, hyperdust.AccessError, "go together"),
    ],
)
def test_what_cannot_be_opened(address: str, arguments: dict[str, Any], error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        hyperdust.connect(address, **arguments)


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("localhost:5555", hyperdust.AddressError, "tcp://HOST:PORT"),
        ("tcp://192.0.2.1:5555", hyperdust.AccessError, "no keys"),
    ],
)
def test_where_nobody_can_be(address: str, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        hyperdust.connect(address, "ant")


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(hyperdust.RemoteTimeout) as caught:
        hyperdust.connect(f"ipc://{tmp_path}/nobody", "ant", timeout=0.2)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.code, again.retryable) == (hyperdust.RemoteTimeout, "timeout", True)


def test_bad_actions_step_nothing(address: str) -> None:
    there, here = hyperdust.connect(address, "hopper", LANES), hyperdust.make_vec("hopper", LANES)
    there.reset(seed=0), here.reset(seed=0)
    good = here.action_space.sample()
    bad = good.copy()
    bad[2, 1] = np.nan
    for action in (bad, good[:-1], "x", {"action": good}):
        with pytest.raises(hyperdust.ActionError):
            there.step(action)
    assert_same(there.step(good), here.step(good))
    there.close()


def test_closed_is_closed(address: str) -> None:
    there = hyperdust.connect(address, "cartpole", 2)
    there.close(), there.close()
    for call in (lambda: there.reset(), lambda: there.step(np.zeros(2, int)), lambda: there.resumption(), lambda: there.pending):
        with pytest.raises(hyperdust.ClosedError):
            call()


# --- recordings -----------------------------------------------------------------------------------------


def test_recorded_episodes_are_a_data_set(address: str) -> None:
    """What a session recorded there replays here, and is what a local recording holds."""
    options = {"autoreset_mode": "SameStep", "record": True}
    there, here = hyperdust.connect(address, "pendulum", 2, **options), hyperdust.make_vec("pendulum", 2, **options)
    there.reset(seed=11), here.reset(seed=11)
    for _ in range(400):
        actions = here.action_space.sample()
        there.step(actions), here.step(actions)
    there.close()
    wanted = {episode.digests[-1]: episode for _, episode in here.finished_episodes()}
    stored = hyperdust.dataset(address).filter(scene="pendulum")
    assert len(wanted) == 4 and {episode.digests[-1] for episode in stored} == wanted.keys()
    assert stored.verify(progress=False).equal
    for there_, episode in zip(stored.trajectories(progress=False), stored, strict=True):
        here_ = hyperdust.datasets.trajectory(wanted[episode.digests[-1]])
        assert_same(there_.observations, here_.observations)
        assert_same(there_.rewards, here_.rewards)


# --- other clients --------------------------------------------------------------------------------------


def test_the_client_without_this_package(address: str) -> None:
    pytest.importorskip("zmq")
    example = Path(__file__).resolve().parents[1] / "examples" / "wire_client.py"
    assert len(example.read_text().splitlines()) <= 100
    said = subprocess.run([sys.executable, example, address, "hopper", "4", "50"], capture_output=True, text=True)
    assert said.returncode == 0 and said.stdout.startswith("50 steps of 4 lanes"), said.stderr


def test_conformance(address: str) -> None:
    pytest.importorskip("zmq")
    command = [sys.executable, "-m", "hyperdust.wire.conformance", address]
    said = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said.stdout + said.stderr
    assert ", 0 failed" in said.stdout
