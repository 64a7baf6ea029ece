"""Policies: files that are what was saved, servers that answer with the same bits as here, sessions that a policy drives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server import Server, running

import hyperdust
from hyperdust import policies


def layers(*sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(sum(sizes))
    return [(rng.normal(size=(b, a)) / a**0.5, rng.normal(size=b)) for a, b in zip(sizes, sizes[1:])]


def hopper(path: Path) -> policies.Policy:
    """A policy for the hopper, with everything that a file may hold."""
    rng = np.random.default_rng(3)
    mean, std = rng.normal(size=11), rng.uniform(0.5, 2.0, size=11)
    low, high = -np.ones(3), np.ones(3)
    policies.save(path, layers(11, 16, 3), mean=mean, std=std, clip=10.0, low=low, high=high)
    return policies.load(path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("policies")
    hopper(folder / "hop.safetensors")
    policies.save(folder / "balance.safetensors", layers(4, 8, 2), activation="relu")
    flags = [f"--policy={name}={folder}/{name}.safetensors" for name in ("hop", "balance")]
    with running(folder / "server", *flags) as server:
        yield server


def test_a_file_is_what_was_saved(tmp_path: Path) -> None:
    """As NumPy computes it, to a few roundings; and plain safetensors, which a dozen lines read."""
    rng = np.random.default_rng(0)
    parts = layers(5, 7, 3)
    mean, std, low, high = rng.normal(size=5), rng.uniform(0.5, 2, 5), np.array([-2.0, 0, 1]), np.array([3.0, 1, 9])
    path = tmp_path / "x.safetensors"
    policies.save(path, parts, mean=mean, std=std, clip=1.0, low=low, high=high)
    policy = policies.load(path)
    assert (policy.inputs, policy.outputs, len(policy.digest)) == (5, 3, 66)
    seen = rng.normal(size=(4, 6, 5)) * 2
    x = np.clip((seen - mean) / std, -1, 1)
    x = np.tanh(x @ parts[0][0].T + parts[0][1]) @ parts[1][0].T + parts[1][1]
    wanted = low + (np.clip(x, -1, 1) + 1) / 2 * (high - low)
    np.testing.assert_allclose(policy(seen), wanted, atol=1e-5)

    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    assert header.pop("__metadata__") == {"activation": "tanh", "output_activation": "linear", "observation_clip": "1"}
    first, end = header["layers.1.weight"]["data_offsets"]
    stored = np.frombuffer(data[8 + size + first : 8 + size + end], np.float32).reshape(header["layers.1.weight"]["shape"])
    np.testing.assert_array_equal(stored, parts[1][0].astype(np.float32))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layers": []}, "layers"),
        ({"layers": [(np.zeros((2, 3)), np.zeros(3))]}, "accepted is"),
        ({"layers": [(np.zeros((2, 3)), np.zeros(2)), (np.zeros((1, 3)), np.zeros(1))]}, r"layers\[1\]"),
        ({"layers": [(np.full((2, 3), np.nan), np.zeros(2))]}, "NaN|finite"),
        ({"activation": "gelu"}, "gelu"),
        ({"mean": np.zeros(3)}, "go together"),
        ({"mean": np.zeros(3), "std": np.zeros(3)}, "above 0"),
        ({"low": np.zeros(1), "high": np.ones(1)}, "found 1; accepted: 2"),
        ({"clip": -1.0}, "observation_clip"),
    ],
)
def test_what_is_no_policy(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    given = {"layers": layers(3, 2), **change}
    with pytest.raises(hyperdust.PolicyError, match=said):
        policies.save(tmp_path / "x", given.pop("layers"), **given)
    assert not list(tmp_path.iterdir())


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x07" * 100)
    with pytest.raises(hyperdust.PolicyError, match=f"{tmp_path}/x: "):
        policies.load(tmp_path / "x")
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/y: "):
        policies.load(tmp_path / "y")


def test_a_server_answers_with_the_same_bits(server: Server) -> None:
    """Alone, in any shape, in batches longer than one request, and from threads at once."""
    here, there = policies.load(server.folder.parent / "hop.safetensors"), hyperdust.policy(server.address, "hop")
    assert (there.inputs, there.outputs, there.digest) == (here.inputs, here.outputs, here.digest)
    seen = np.random.default_rng(1).normal(size=(there.rows + 100, 11)).astype(np.float32) * 5
    answers = here(seen)
    assert np.abs(answers).max() <= 1.0 and (np.abs(answers) == 1.0).any()
    np.testing.assert_array_equal(there(seen), answers)
    np.testing.assert_array_equal(there(seen[5]), answers[5])
    np.testing.assert_array_equal(there(seen[:12].reshape(3, 4, 11)), answers[:12].reshape(3, 4, 3))
    assert there(seen[:0]).shape == (0, 3)
    wrong: list[int] = []

    def ask(first: int) -> None:
        mine = hyperdust.policy(server.address, "hop")
        for row in range(first, first + 40):
            if not np.array_equal(mine(seen[row]), answers[row]):
                wrong.append(row)
        mine.close()

    threads = [threading.Thread(target=ask, args=(100 * i,)) for i in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert not wrong
    for bad in (seen[:, :4], np.full(11, np.inf)):
        with pytest.raises(hyperdust.PolicyError):
            there(bad)
    there.close()
    with pytest.raises(hyperdust.ClosedError):
        there(seen[0])
    with pytest.raises(hyperdust.PolicyError, match="no policy walk"):
        hyperdust.policy(server.address, "walk")


@pytest.mark.parametrize(("scene", "name"), [("hopper", "hop"), ("cartpole", "balance")])
def test_a_policy_drives_a_session(server: Server, scene: str, name: str) -> None:
    """RUN gives what asking and stepping gives, bit for bit; what it recorded replays."""
    here = policies.load(server.folder.parent / f"{name}.safetensors")
    there = hyperdust.connect(server.address, scene, 3, autoreset_mode="SameStep", record=True)
    local = hyperdust.make_vec(scene, 3, autoreset_mode="SameStep", record=True)
    with pytest.raises(hyperdust.ResetNeeded):
        there.run_policy(name, 1)
    observations, _ = local.reset(seed=5)
    there.reset(seed=5)
    for steps in (1, 120):
        for _ in range(steps):
            answers = here(observations)
            actions = answers.argmax(-1) if scene == "cartpole" else answers
            observations, rewards, terminated, truncated, _ = local.step(actions)
        run = there.run_policy(name, steps, timeout=60)
        for left, right in zip(run, (observations, rewards, terminated, truncated)):
            np.testing.assert_array_equal(left, right)
    with pytest.raises(hyperdust.PolicyError, match="accepted by the scene"):
        there.run_policy({"hop": "balance", "balance": "hop"}[name], 1)
    with pytest.raises(hyperdust.PolicyError, match="no policy"):
        there.run_policy("walk", 1)
    there.close()
    wanted = {episode.digests[-1] for _, episode in local.finished_episodes()}
    stored = hyperdust.dataset(server.address).filter(scene=scene)
    assert wanted and wanted <= {episode.digests[-1] for episode in stored}
    assert stored.verify(progress=False).equal
