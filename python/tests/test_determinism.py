"""Same seed and actions, same bits: twice, single or in a batch, here or in a fresh process, before and after a
snapshot that travelled, pickled, deep-copied or spawned."""

from __future__ import annotations

import copy
import hashlib
import multiprocessing
import pickle
import subprocess
import sys

import gymnasium
import numpy as np
from conftest import assert_same

import hyperdust

STEPS = 25


def actions_of(env: gymnasium.Env, seed: int = 0) -> list:
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(STEPS)]


def digests(env_id: str, seed: int = 11) -> list[str]:
    """State digests of a fixed-seed random episode, one a step."""
    env = gymnasium.make(env_id).unwrapped
    actions = actions_of(env)
    env.reset(seed=seed)
    result = [env.digest().hex()]
    for action in actions:
        observation = env.step(action)[0]
        arrays = observation.values() if isinstance(observation, dict) else [observation]
        seen = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
        result.append(env.digest().hex() + seen)
    return result


def test_twice(env_id: str) -> None:
    assert digests(env_id) == digests(env_id)
    assert digests(env_id, seed=12) != digests(env_id, seed=11)


def test_fresh_process(env_id: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(__file__.rpartition('/')[0])!r});"
    code += f"import test_determinism; print(*test_determinism.digests({env_id!r}))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.split() == digests(env_id)


def test_single_equals_lane_of_a_batch(env_id: str) -> None:
    envs = hyperdust.make_vec(env_id, 3, num_threads=2)
    envs.reset(seed=11)
    actions = actions_of(gymnasium.make(env_id).unwrapped)
    for lane in range(3):
        single = gymnasium.make(env_id).unwrapped
        single.reset(seed=11 + lane)
        assert single.digest() == envs.digests()[lane]
    single.reset(seed=11)
    for action in actions:
        batch = {k: np.stack([v] * 3) for k, v in action.items()} if isinstance(action, dict) else np.stack([action] * 3)
        ended = [bool(flags) for flags in np.logical_or(*envs.step(batch)[2:4])]
        single.step(action)
        if any(ended):
            break
        assert single.digest() == envs.digests()[0]


def test_reset_without_a_seed_goes_on(env_id: str) -> None:
    """The stream continues: different starts, but the same ones after the same seed."""
    env = gymnasium.make(env_id)
    starts = []
    for _ in range(2):
        starts.append([env.reset(seed=3)[0], env.reset()[0], env.reset()[0]])
    assert_same(starts[0], starts[1])
    assert not np.array_equal(flat(starts[0][0]), flat(starts[0][1]))
    assert not np.array_equal(flat(starts[0][1]), flat(starts[0][2]))


def flat(observation: object) -> np.ndarray:
    return np.concatenate([np.ravel(v) for v in observation.values()]) if isinstance(observation, dict) else observation


def test_first_reset_without_a_seed_can_be_repeated() -> None:
    env = gymnasium.make("hyperdust/Hopper-v0").unwrapped
    first = env.reset()[0]
    again = gymnasium.make("hyperdust/Hopper-v0").unwrapped
    assert_same(again.reset(seed=env.np_random_seed)[0], first)


def test_snapshot_restores_in_another_process(env_id: str) -> None:
    env = gymnasium.make(env_id).unwrapped
    actions = actions_of(env)
    env.reset(seed=7)
    for action in actions[:10]:
        env.step(action)
    state = env.get_state()
    expected = [env.step(action)[1] for action in actions[10:]] + [env.digest()]
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert pool.apply(continue_from, (env_id, state, actions[10:])) == expected
    env.set_state(state)
    assert [env.step(action)[1] for action in actions[10:]] + [env.digest()] == expected


def continue_from(env_id: str, state: bytes, actions: list) -> list:
    env = gymnasium.make(env_id).unwrapped
    env.set_state(state)
    return [env.step(action)[1] for action in actions] + [env.digest()]


def test_pickle_and_deepcopy_go_on_alike(env_id: str) -> None:
    env = gymnasium.make(env_id)
    actions = actions_of(env)
    env.reset(seed=2)
    env.step(actions[0])
    twins = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    results = [[e.step(a) for a in actions[1:8]] + [e.reset()] for e in [env, *twins]]
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


def test_copies_keep_gymnasiums_time_limit() -> None:
    """The scene's own limit of 200 steps, which a longer one replaced, does not come back."""
    env = gymnasium.make("hyperdust/Pendulum-v0", max_episode_steps=203)
    env.reset(seed=2)
    action = np.zeros(1, np.float32)
    for _ in range(198):
        env.step(action)
    restored = gymnasium.make("hyperdust/Pendulum-v0", max_episode_steps=-1).unwrapped
    restored.set_state(env.unwrapped.get_state())
    twins = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    for each in [env, *twins]:
        assert [each.step(action)[3] for _ in range(5)] == [False] * 4 + [True]
    assert not any(restored.step(action)[3] for _ in range(5))


def test_vector_pickle_and_deepcopy_go_on_alike(env_id: str) -> None:
    envs = hyperdust.make_vec(env_id, 2, autoreset_mode="SameStep", max_episode_steps=5)
    envs.action_space.seed(0)
    envs.reset(seed=2)
    actions = [envs.action_space.sample() for _ in range(9)]
    envs.step(actions[0])
    twins = [copy.deepcopy(envs), pickle.loads(pickle.dumps(envs))]
    results = [[e.step(a) for a in actions[1:]] for e in [envs, *twins]]
    assert_same(results[1], results[0])
    assert_same(results[2], results[0])


def test_copies_are_independent() -> None:
    env = hyperdust.load("hopper")
    env.reset(seed=0)
    twin = copy.deepcopy(env)
    before = twin.digest()
    env.step(np.ones(3, np.float32))
    assert twin.digest() == before != env.digest()


def test_async_vector_env_spawns_us() -> None:
    """Gymnasium's own process-per-environment vectoriser works and gives the same numbers."""
    make = lambda: gymnasium.make("hyperdust:hyperdust/Pendulum-v0")  # noqa: E731
    spawned = gymnasium.vector.AsyncVectorEnv([make] * 2, context="spawn")
    ours = hyperdust.make_vec("hyperdust/Pendulum-v0", 2)
    try:
        assert_same(spawned.reset(seed=1)[0], ours.reset(seed=1)[0])
        action = np.full((2, 1), 0.5, np.float32)
        for _ in range(3):
            assert_same(spawned.step(action)[:4], ours.step(action)[:4])
    finally:
        spawned.close()


def test_thread_count_may_change_over_a_snapshot() -> None:
    one, two = (hyperdust.make_vec("hyperdust/Ant-v0", 4, n) for n in (1, 2))
    one.reset(seed=0)
    action = np.full((4, 8), 0.3, np.float32)
    one.step(action)
    two.set_state(one.get_state())
    assert_same(one.step(action), two.step(action))
