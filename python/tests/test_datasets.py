"""Data sets: what an export holds is, array for array, what the environment returned when the episode was recorded,
read back by the format's own reader; what is not true of a recording is never written, and nothing is left half written.

The reference is kept while recording, so that a replay is compared with the run itself. LeRobot is tested where its library is
(`make test-trainers`), the other formats wherever theirs are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from conftest import assert_same

import hyperdust
from hyperdust.datasets import __main__ as command

STEPS = 12

# Two parts of an observation, two of an action, one of them not f32.
PARTS = """
format = 1
[scene]
name = "parts"
title = "Parts"
description = "Several parts of everything."
license = "MIT"
author = "nobody"
[episode]
max_episode_steps = 5
[robot]
file = "robot.xml"
[physics]
timestep = 0.01
[[action]]
name = "left"
actuators = ["left"]
[[action]]
name = "right"
actuators = ["right"]
[[observation]]
name = "angles"
dtype = "f32"
[[observation.term]]
kind = "joint_positions"
[[observation]]
name = "speeds"
dtype = "f64"
[[observation.term]]
kind = "joint_velocities"
[[reward]]
kind = "expression"
name = "still"
value = "-abs(qvel[0])"
[[reset]]
kind = "uniform"
target = "qpos"
low = -1.0
high = 1.0
"""
ROBOT = """<mujoco><worldbody><body pos="0 0 1"><joint name="a" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -.1" size=".01"/>
<body pos="0 0 -.1"><joint name="b" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -.1" size=".01"/></body></body></worldbody>
<actuator><motor name="left" joint="a" ctrlrange="-1 1" ctrllimited="true"/>
<motor name="right" joint="b" ctrlrange="-1 1" ctrllimited="true"/></actuator></mujoco>"""


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "scene.toml").write_text(PARTS)
    (folder / "robot.xml").write_text(ROBOT)
    return folder


@dataclass
class Run:
    """What an environment returned, stacked."""

    episode: hyperdust.Episode
    observations: Any
    actions: Any
    rewards: np.ndarray
    terminations: np.ndarray
    truncations: np.ndarray
    infos: dict[str, np.ndarray]
    space: gymnasium.Space
    action_space: gymnasium.Space


def stack(rows: list[Any]) -> Any:
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]} if isinstance(rows[0], dict) else np.stack(rows)


def run(scene: str | Path, seed: int, steps: int = STEPS, **options: Any) -> Run:
    env = hyperdust.load(scene, record=True, **options)
    env.action_space.seed(seed)
    observation, info = env.reset(seed=seed)
    observations, infos, actions, returned = [observation], [info], [], []
    for _ in range(steps):
        actions.append(env.action_space.sample())
        observation, reward, terminated, truncated, info = env.step(actions[-1])
        observations.append(observation)
        infos.append(info)
        returned.append((reward, terminated, truncated))
        if terminated or truncated:
            break
    rewards, terminations, truncations = (np.array(column) for column in zip(*returned, strict=True))
    columns = {name: np.array([one[name] for one in infos]) for name in infos[0]}
    return Run(
        env.episode(), stack(observations), stack(actions), rewards, terminations, truncations, columns,
        env.observation_space, env.action_space,
    )


def three(scene: str | Path = "hopper") -> list[Run]:
    """Of different lengths, the last not complete."""
    return [run(scene, 0, max_episode_steps=5), run(scene, 1, 3, max_episode_steps=5), run(scene, 2, max_episode_steps=5)]


def episodes_of(runs: list[Run]) -> list[hyperdust.Episode]:
    return [one.episode for one in runs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two hoppers and a cart pole on disk."""
    into = tmp_path / "runs"
    hyperdust.dataset(run("hopper", 1).episode, run("hopper", 2, 3).episode).save(into / "hoppers")
    hyperdust.dataset(run("cartpole", 3, 500).episode).save(into)
    return into


# --- replaying --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["cartpole", "pendulum", "hopper", "ant", "blocks"])
def test_a_trajectory_is_what_the_environment_returned(scene: str) -> None:
    was = run(scene, 7)
    one = hyperdust.datasets.trajectory(was.episode)
    for name in ("observations", "rewards", "terminations", "truncations", "infos"):
        assert_same(getattr(one, name), getattr(was, name))
    assert np.array_equal(one.actions, was.actions) and one.actions.dtype == one.action_space.dtype
    assert (one.observation_space, one.action_space) == (was.space, was.action_space)
    assert (one.seed, one.scene, one.error, len(one)) == (7, scene, None, len(was.rewards))
    assert one.poses is None


def test_parts_of_spaces_keep_their_names(parts: Path) -> None:
    was = run(parts, 7)
    one = hyperdust.datasets.trajectory(was.episode)
    assert_same(one.observations, was.observations)
    assert_same(one.actions, was.actions)
    assert one.observations["speeds"].dtype == np.float64 and one.scene is None


def test_poses_are_there_on_demand() -> None:
    was = run("blocks", 1)
    poses = hyperdust.datasets.trajectory(was.episode, poses=True).poses
    assert poses is not None and poses.shape[0] == len(was.rewards) + 1 and poses.shape[2] == 7
    assert np.allclose(np.linalg.norm(poses[..., 3:], axis=-1), 1.0, atol=1e-5)
    assert (poses[0] != poses[-1]).any()


def test_a_fault_is_named(explosive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that a fault ended says why, as the environment did, and so does what is made of it."""
    env = hyperdust.load(explosive, record=True)
    env.reset(seed=0)
    truncated = False
    while not truncated:
        *_, truncated, info = env.step([1e9])
    episode = env.episode()
    assert hyperdust.datasets.trajectory(episode, env.scene).error == info["error"]
    assert "finite" in hyperdust.datasets.trajectory(episode).error
    with np.load(hyperdust.dataset(episode, scene=env.scene).to_npz(tmp_path / "set.npz")) as file:
        assert file["errors"].tolist() == [info["error"]]
    if _has("minari", "h5py"):
        made = hyperdust.dataset(episode, scene=env.scene).to_minari("set-v0", root=tmp_path)
        assert made[0].infos["error"].tolist() == [b""] * len(episode) + [info["error"].encode()]


def test_a_false_recording_gives_no_trajectory() -> None:
    episode = run("hopper", 1).episode
    raw = bytearray(episode.to_bytes())
    raw[raw.find(episode.digests[6])] ^= 1
    with pytest.raises(hyperdust.ReplayError, match="step 6 differs in its state digest") as caught:
        hyperdust.datasets.trajectory(bytes(raw))
    assert caught.value.report.diverged_at == 6


# --- opening, filtering, verifying -------------------------------------------------------------------


def test_a_folder_is_searched_in_a_fixed_order(folder: Path) -> None:
    episodes = hyperdust.dataset(folder)
    assert len(episodes) == 3 and episodes.names == sorted(episodes.names)
    assert [len(one) for one in episodes] == [len(episodes[i]) for i in range(3)]
    assert len(episodes[1:]) == 2 and episodes[1:].names == episodes.names[1:]
    assert hyperdust.dataset(list(episodes), *episodes.names, folder, episodes).scenes() == {"hopper": 8, "cartpole": 4}


def test_filters(folder: Path) -> None:
    episodes = hyperdust.dataset(folder)
    hopper = hyperdust.load("hopper").scene
    for scene in ("hopper", hopper, hopper.blueprint_id):
        assert len(episodes.filter(scene=scene)) == 2
    assert len(episodes.filter(scene=hyperdust.load("hopper", healthy_reward=2.0).scene)) == 0
    assert len(episodes.filter(complete=True)) == 1
    assert [one.seed for one in episodes.filter(seed=2)] == [2]
    assert [len(one) for one in episodes.filter(scene="hopper", min_steps=4)] == [STEPS]
    assert len(episodes.filter(min_return=1e9)) == 0
    assert len(episodes.filter(lambda one: len(one) == 3)) == 1


def test_verifying_names_what_fails(folder: Path) -> None:
    episodes = hyperdust.dataset(folder)
    assert episodes.verify(progress=False).equal
    changed = folder / "hoppers" / "changed.hdep"
    one = episodes.filter(seed=1)[0]
    raw = bytearray(one.to_bytes())
    raw[raw.find(one.digests[4])] ^= 1
    changed.write_bytes(raw)
    (folder / "cut.hdep").write_bytes(one.to_bytes()[:100])
    found = hyperdust.dataset(folder).verify(jobs=2, progress=False)
    assert sorted(found.failed) == sorted([str(changed), str(folder / "cut.hdep")])
    assert "5 episodes" in str(found) and "2 failed" in str(found) and "step 4 differs" in str(found)
    with pytest.raises(hyperdust.ReplayError, match="cut.hdep"):
        found.check()


@pytest.mark.parametrize(
    ("sources", "said"), [(["nowhere"], "no such file"), (["."], r"no \*\.hdep file"), ([3], "of type int"), ([b"x"], "bytes")]
)
def test_wrong_sources_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[Any], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hyperdust.DatasetError, match=said):
        hyperdust.dataset(*sources)


# --- the formats -------------------------------------------------------------------------------------


def test_npz(tmp_path: Path) -> None:
    runs = three()
    path = hyperdust.dataset(episodes_of(runs)).to_npz(tmp_path / "set.npz")
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    for index, was in enumerate(runs):
        steps = slice(arrays["starts"][index], arrays["starts"][index + 1])
        states = slice(arrays["state_starts"][index], arrays["state_starts"][index + 1])
        assert_same(arrays["observations"][states], was.observations)
        assert_same(arrays["actions"][steps], was.actions)
        for name in ("rewards", "terminations", "truncations"):
            assert_same(arrays[name][steps], getattr(was, name))
        for name, column in was.infos.items():
            assert_same(arrays[f"infos/{name}"][states], column)
        assert arrays["digests"][index] == was.episode.digest().hex()
    assert arrays["seeds"].tolist() == [0, 1, 2] and arrays["has_seed"].all()


def test_npz_of_parts(tmp_path: Path, parts: Path) -> None:
    runs = three(parts)
    with np.load(hyperdust.dataset(episodes_of(runs)).to_npz(tmp_path / "set"), allow_pickle=False) as file:
        assert_same(file["observations/speeds"], np.concatenate([one.observations["speeds"] for one in runs]))
        assert_same(file["actions/right"], np.concatenate([one.actions["right"] for one in runs]))


@pytest.mark.parametrize("scene", ["hopper", "cartpole", "parts"])
def test_minari(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, scene: str) -> None:
    minari = pytest.importorskip("minari")
    pytest.importorskip("h5py")
    runs = three(request.getfixturevalue("parts") if scene == "parts" else scene)
    made = hyperdust.dataset(episodes_of(runs)).to_minari("deep/set-v0", root=tmp_path / "sets", author="nobody")
    assert "MINARI_DATASETS_PATH" not in os.environ or os.environ["MINARI_DATASETS_PATH"] != str(tmp_path / "sets")
    assert made.total_steps == sum(len(one.rewards) for one in runs)

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "sets"))
    loaded = minari.load_dataset("deep/set-v0")
    assert (loaded.observation_space, loaded.action_space) == (runs[0].space, runs[0].action_space)
    assert loaded.storage.metadata["author"] == {"nobody"}
    for was, got in zip(runs, loaded.iterate_episodes(), strict=True):
        assert_same(got.observations, was.observations)
        assert np.array_equal(got.actions, was.actions) if scene == "cartpole" else assert_same(got.actions, was.actions) is None
        for name in ("rewards", "terminations", "truncations", "infos"):
            assert_same(getattr(got, name), getattr(was, name))
    metadata = list(loaded.storage.get_episode_metadata(range(3)))
    assert [one["seed"] for one in metadata] == [0, 1, 2]
    assert [one["digest"] for one in metadata] == [one.episode.digest().hex() for one in runs]


def test_a_malformed_minari_id_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("minari"), pytest.importorskip("h5py")
    with pytest.raises(hyperdust.DatasetError, match="Malformed dataset ID: a b"):
        hyperdust.dataset(run("pendulum", 1).episode).to_minari("a b", root=tmp_path / "sets")
    assert not (tmp_path / "sets").exists()


def test_minari_gives_the_environment_back(tmp_path: Path) -> None:
    pytest.importorskip("minari"), pytest.importorskip("h5py")
    made = hyperdust.dataset(run("pendulum", 1).episode).to_minari("set-v0", root=tmp_path)
    assert made.recover_environment().spec.id == "hyperdust/Pendulum-v0"
    other = hyperdust.dataset(run("pendulum", 1, g=9.81).episode).to_minari("other-v0", root=tmp_path)
    assert other.env_spec is None, "another gravity is another scene than the registered one"


@pytest.mark.parametrize("scene", ["hopper", "cartpole", "parts"])
def test_rerun(tmp_path: Path, request: pytest.FixtureRequest, scene: str) -> None:
    pytest.importorskip("rerun")
    chunk = pytest.importorskip("rerun.chunk")
    runs = three(request.getfixturevalue("parts") if scene == "parts" else scene)
    episodes = hyperdust.dataset(episodes_of(runs))
    path = episodes.to_rerun(tmp_path / "set.rrd")
    columns: dict[str, dict[str, list[Any]]] = {}
    for piece in chunk.RrdReader(path).stream():
        columns.setdefault(piece.entity_path, {}).update(piece.to_record_batch().to_pydict())

    def scalars(entity: str) -> np.ndarray:
        return np.array(columns[entity]["Scalars:scalars"], dtype=np.float64)

    for index, was in enumerate(runs):
        n = len(was.rewards)
        flat = lambda array, rows: array.reshape(rows, -1).astype(np.float64)  # noqa: E731
        for name, array in (was.observations.items() if scene == "parts" else [(None, was.observations)]):
            at = f"/episode_{index}/observation" + (f"/{name}" if name else "")
            assert_same(scalars(at), flat(array, n + 1))
            assert columns[at]["step"] == list(range(n + 1))
        for name, array in (was.actions.items() if scene == "parts" else [(None, was.actions)]):
            assert_same(scalars(f"/episode_{index}/action" + (f"/{name}" if name else "")), flat(array, n))
        for name, array in [("reward", was.rewards), ("terminated", was.terminations), ("truncated", was.truncations)]:
            assert_same(scalars(f"/episode_{index}/{name}"), flat(array, n))
            assert columns[f"/episode_{index}/{name}"]["step"] == list(range(1, n + 1))
        for name, array in was.infos.items():
            assert_same(scalars(f"/episode_{index}/info/{name}"), flat(array, n + 1))
        poses = hyperdust.datasets.trajectory(was.episode, poses=True).poses
        points = np.array(columns[f"/episode_{index}/bodies"]["Points3D:positions"], dtype=np.float32)
        assert_same(points, np.ascontiguousarray(poses[..., :3]))
        assert was.episode.digest().hex() in columns[f"/episode_{index}"]["TextDocument:text"][0][0]


@pytest.mark.parametrize("scene", ["hopper", "cartpole", "parts"])
def test_lerobot(tmp_path: Path, request: pytest.FixtureRequest, scene: str) -> None:
    pytest.importorskip("lerobot")
    runs = three(request.getfixturevalue("parts") if scene == "parts" else scene)
    made = hyperdust.dataset(episodes_of(runs)).to_lerobot(tmp_path / "set", task="stand", progress=False)
    from lerobot.datasets.lerobot_dataset import CODEBASE_VERSION, LeRobotDataset

    assert CODEBASE_VERSION == "v3.0"
    loaded = LeRobotDataset(made.repo_id, root=tmp_path / "set")
    assert (loaded.num_episodes, loaded.num_frames) == (3, sum(len(one.rewards) for one in runs))
    rows = [loaded[index] for index in range(len(loaded))]

    def column(key: str) -> np.ndarray:
        return np.stack([np.asarray(row[key]).reshape(-1) for row in rows])

    def expect(key: str, per_run: list[np.ndarray]) -> None:
        wanted = np.concatenate([array.reshape(len(array), -1) for array in per_run])
        assert np.array_equal(column(key), wanted.astype(column(key).dtype)), key

    if scene == "parts":
        expect("observation.angles", [one.observations["angles"][:-1] for one in runs])
        expect("action.right", [one.actions["right"] for one in runs])
    else:
        expect("observation.state", [one.observations[:-1] for one in runs])
        expect("action", [one.actions for one in runs])
    expect("next.reward", [one.rewards for one in runs])
    expect("next.terminated", [one.terminations for one in runs])
    expect("next.truncated", [one.truncations for one in runs])
    expect("next.done", [one.terminations | one.truncations for one in runs])
    for name in runs[0].infos:
        expect(f"next.{name}", [one.infos[name][1:] for one in runs])
    expect("episode_index", [np.full(len(one.rewards), index) for index, one in enumerate(runs)])
    assert {row["task"] for row in rows} == {"stand"}


# --- what is refused ----------------------------------------------------------------------------------


def exports(tmp_path: Path) -> list[tuple[Any, Path]]:
    """A way of writing each format that is installed here, and where it writes."""
    ways: list[tuple[Any, Path]] = [(lambda ds, **o: ds.to_npz(tmp_path / "a.npz", **o), tmp_path / "a.npz")]
    if _has("minari", "h5py"):
        ways.append((lambda ds, **o: ds.to_minari("xy/a-v0", root=tmp_path, **o), tmp_path / "xy" / "a-v0"))
    if _has("rerun"):
        ways.append((lambda ds, **o: ds.to_rerun(tmp_path / "a.rrd", **o), tmp_path / "a.rrd"))
    if _has("lerobot"):
        ways.append((lambda ds, **o: ds.to_lerobot(tmp_path / "a", **o), tmp_path / "a"))
    return ways


def _has(*names: str) -> bool:
    import importlib.util

    return all(importlib.util.find_spec(name) for name in names)


def test_nothing_false_is_written_and_nothing_half(tmp_path: Path) -> None:
    """The second episode differs: the export fails, names it, and leaves no file behind."""
    good = run("hopper", 1).episode
    raw = bytearray(good.to_bytes())
    raw[raw.find(good.digests[5])] ^= 1
    (tmp_path / "in").mkdir()
    good.save(tmp_path / "in" / "a.hdep")
    (tmp_path / "in" / "b.hdep").write_bytes(raw)
    for write, target in exports(tmp_path):
        with pytest.raises(hyperdust.ReplayError, match="b.hdep.*step 5"):
            write(hyperdust.dataset(tmp_path / "in"))
        assert not target.exists()


def test_what_is_there_is_kept_unless_told(tmp_path: Path) -> None:
    episodes = hyperdust.dataset(run("hopper", 1).episode)
    for write, target in exports(tmp_path):
        write(episodes)
        with pytest.raises(hyperdust.DatasetError, match="already exists"):
            write(episodes)
        assert target.exists()
        write(episodes, overwrite=True)


def test_unlike_empty_and_stepless_episodes_are_refused(tmp_path: Path) -> None:
    env = hyperdust.load("hopper", record=True)
    env.reset(seed=0)
    hopper = run("hopper", 1).episode
    for write, target in exports(tmp_path):
        with pytest.raises(hyperdust.DatasetError, match="cartpole and hopper"):
            write(hyperdust.dataset(hopper, run("cartpole", 1).episode))
        with pytest.raises(hyperdust.DatasetError, match="no episodes"):
            write(hyperdust.dataset(hopper)[:0])
        with pytest.raises(hyperdust.DatasetError, match="no steps"):
            write(hyperdust.dataset(hopper, env.episode()))
        assert not target.exists()


@pytest.mark.parametrize(("method", "missing", "extra"), [("minari", "minari", "datasets"), ("rerun", "rerun", "datasets")])
def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, missing: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(hyperdust.MissingLibraryError, match=rf'pip install "hyperdust\[{extra}\]"') as caught:
        getattr(hyperdust.dataset(run("hopper", 1).episode), f"to_{method}")(str(tmp_path / "x-v0"))
    assert isinstance(caught.value, ImportError)


# --- the command --------------------------------------------------------------------------------------


def test_command_exports(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "hoppers.npz"
    assert command.main(["export", "--format", "npz", "--scene", "hopper", str(folder), str(out), "--quiet"]) == 0
    assert "2 episodes" in capsys.readouterr().out
    with np.load(out) as file:
        assert len(file["digests"]) == 2
    assert command.main(["export", "--format", "npz", "--scene", "hopper", str(folder), str(out)]) == 1
    assert "already exists" in capsys.readouterr().err


def test_command_lists_and_verifies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["list", str(folder)]) == 0
    said = capsys.readouterr().out
    assert said.count("hopper ") == 2 and said.count("cartpole") == 1
    assert command.main(["verify", str(folder), "--quiet"]) == 0
    (folder / "cut.hdep").write_bytes(b"HDEP")
    assert command.main(["verify", str(folder), "--quiet"]) == 1
    assert "cut.hdep" in capsys.readouterr().err


def test_command_is_a_module(folder: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "hyperdust.datasets", "verify", str(folder)], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("3 episodes") and said.stderr == ""
