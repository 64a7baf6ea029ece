"""The recipes in python/examples run, and the PPO handles every autoreset mode rightly. Skipped without JAX.

The strongest test here: with a policy that does not explore, the three modes are three ways of walking the same road, so the
collector must bring home the same transitions, true successors included, and mask exactly what NEXT_STEP adds.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from server import binary

pytest.importorskip("jax")
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))

import ppo_jax  # noqa: E402


def transitions(mode: str, lanes: int = 6, steps: int = 200) -> list[list[tuple[bytes, ...]]]:
    """Per lane, every valid (observation, action, successor, reward, terminated, done) under a fixed policy."""
    config = ppo_jax.configure("hyperdust/Hopper-v0", autoreset=mode, num_envs=lanes, num_steps=steps, seed=3)
    envs = ppo_jax.make_envs(config, max_episode_steps=40)  # short: both kinds of ending occur
    collector = ppo_jax.Collector(envs, config)
    key = ppo_jax.jax.random.key(0)
    params = ppo_jax.init_params(key, collector.inputs, 3, 16, -60.0)
    params["actor"][-1] = (params["actor"][-1][0] * 100.0, params["actor"][-1][1])  # so that it moves, and falls
    ones = np.ones(collector.inputs, np.float32)
    rollout, finished = collector.collect(params, 0 * ones, ones, key)
    assert {length for _, length in finished} != {40}, "nothing fell: the test would not see a termination"
    assert any(length == 40 for _, length in finished), "nothing was cut off: the test would not see a truncation"
    envs.close()
    return [
        [
            tuple(np.ascontiguousarray(field[t, lane]).tobytes() for field in rollout[:3] + rollout[4:7])
            for t in range(steps)
            if rollout.valid[t, lane]
        ]
        for lane in range(lanes)
    ]


def test_all_autoreset_modes_bring_the_same_experience() -> None:
    same, following, disabled = (transitions(mode) for mode in ("same_step", "next_step", "disabled"))
    assert same == disabled
    for lane, shorter in enumerate(following):
        assert len(shorter) < len(same[lane]), "NEXT_STEP spends steps on resets; they must be masked"
        assert shorter == same[lane][: len(shorter)]


def test_bootstraps_from_the_true_successor_only_when_truncated() -> None:
    """One step of GAE by hand: terminated counts no future, truncated counts the successor's value, nothing leaks over `done`."""
    config = dataclasses.replace(ppo_jax.Config(), gamma=0.5, gae_lambda=1.0)
    params = {"critic": [(np.ones((1, 1), np.float32), np.zeros(1, np.float32))]}  # value(x) = x
    shape = (3, 2)
    arrays = dict.fromkeys(("actions", "log_probs", "valid"), np.zeros(shape, np.float32))
    rollout = ppo_jax.Rollout(
        observations=np.zeros((*shape, 1), np.float32),
        successors=np.full((*shape, 1), 8.0, np.float32),
        rewards=np.ones(shape, np.float32),
        terminated=np.array([[0, 0], [1, 0], [0, 0]], np.float32),
        done=np.array([[0, 0], [1, 1], [0, 0]], np.float32),
        **arrays,
    )
    advantage, _ = ppo_jax.advantages(params, rollout, config)
    # last step: 1 + 0.5*8 = 5; terminated: 1, truncated: 5; first: (1 + 0.5*8) + 0.5 * what follows
    np.testing.assert_allclose(advantage, [[5.5, 7.5], [1.0, 5.0], [5.0, 5.0]])


@pytest.mark.parametrize("mode", ["same_step", "next_step"])
def test_ppo_learns_cartpole(mode: str) -> None:
    config = ppo_jax.configure("hyperdust/CartPole-v0", seed=1, total_steps=60_000, autoreset=mode)
    result = ppo_jax.train(config, progress=False)
    assert ppo_jax.evaluate(result.policy, config, episodes=16)["return"] > 150.0  # an untrained one: about 20


def test_training_repeats_itself() -> None:
    config = ppo_jax.configure("hyperdust/Pendulum-v0", seed=4, total_steps=6_000)
    first, second = (ppo_jax.train(config, progress=False) for _ in range(2))
    assert [row.get("return") for row in first.curve] == [row.get("return") for row in second.curve]
    for left, right in zip(ppo_jax.jax.tree.leaves(first.policy.params), ppo_jax.jax.tree.leaves(second.policy.params), strict=True):
        assert left.tobytes() == right.tobytes()


def test_saved_policy_acts_alike(tmp_path: Path) -> None:
    result = ppo_jax.train(ppo_jax.configure("hyperdust/Pendulum-v0", seed=4, total_steps=2_048), progress=False)
    result.policy.save(tmp_path / "policy.npz")
    observations = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(ppo_jax.Policy.load(tmp_path / "policy.npz")(observations), result.policy(observations))


def test_first_program() -> None:
    said = subprocess.run([sys.executable, EXAMPLES / "first_program.py"], capture_output=True, text=True, check=True).stdout
    assert "16 lanes" in said


def test_demo(tmp_path: Path) -> None:
    """The demo in miniature: it learns from a server and hosts there what it learned; its replay matches, its data set is read again."""
    for library in ("matplotlib", "imageio", "minari", "h5py"):
        pytest.importorskip(library)
    command = [sys.executable, EXAMPLES / "demo.py", "--out", tmp_path, "--steps", "8192", "--lanes", "4"]
    environment = {**os.environ, "HYPERDUST_BINARY": str(binary())}
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "every digest matched" in run.stdout and "minari.load_dataset" in run.stdout
    assert "which the chain executes" in run.stdout, "a lie is told, found and settled"
    made = {path.name for path in tmp_path.iterdir()}
    pictures = {"best_episode.gif", "film_strip.png", "learning_curve.png"}
    assert made == pictures | {"best_episode.hdep", "policy.npz", "policy.safetensors", "minari", "market"}
