"""The benchmark's bookkeeping: who takes part and who is named as missing, what is counted, what is written and where.

No speed is asserted anywhere: numbers only have to be there and to be positive.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv

import hyperdust
from hyperdust.bench import __main__ as command
from hyperdust.bench import contestants, machine, measure, memory, report, split, tasks


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The quick form, as short as can be, on a machine without EnvPool."""
    folder = tmp_path_factory.mktemp("bench")
    files = {name: folder / f"result.{name}" for name in ("json", "png", "md")}
    files["md"].write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    arguments = ["--quick", "--seconds", "0.02", "--lanes", "16", "--json", str(files["json"]), "--markdown", str(files["md"])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "envpool", None)  # importing it fails, also where it is installed
        assert command.main([*arguments, "--png", str(files["png"])]) == 0
    return {"folder": folder, **files, "report": json.loads(files["json"].read_text())}


def test_every_contestant_has_a_row(quick: dict) -> None:
    rows = {(row["scene"], row["who"]): row for row in quick["report"]["rows"]}
    peers = {"sync", "async"}
    wanted = {("CartPole", who) for who in {"hyperdust", *peers}} | {("Ant", "hyperdust")}
    try:
        import mujoco  # noqa: F401

        wanted |= {("Ant", who) for who in {*peers, "rollout"}}
    except ImportError:
        pass
    assert rows.keys() == wanted
    for (_, who), row in rows.items():
        assert row["steps_per_second"] > 0 and len(row["rounds"]) == 2
        assert row["physics_steps_per_second"] == pytest.approx(row["steps_per_second"] * row["frame_skip"])
        assert row["lanes"] == (contestants.FEW_LANES if who in peers else 16)
        assert (row["ratio"] is None) == (who == "hyperdust")
        assert ("benchmark_vector_step" in row) == (who != "rollout")
        ours = rows[row["scene"], "hyperdust"]
        assert row["frame_skip"] == ours["frame_skip"] and row["seconds_per_step"] == pytest.approx(ours["seconds_per_step"])
    assert rows["CartPole", "sync"]["ratio"] == pytest.approx(
        rows["CartPole", "hyperdust"]["steps_per_second"] / rows["CartPole", "sync"]["steps_per_second"]
    )


def test_absent_peers_are_named_with_their_package(quick: dict) -> None:
    assert "envpool is left out of Ant, CartPole: pip install envpool" in quick["report"]["left_out"]
    assert "pip install envpool" in report.text(quick["report"])


def test_table_and_split(quick: dict) -> None:
    found = quick["report"]
    lines = report.text(found).splitlines()
    assert all(column in lines[0] for column in report.COLUMNS)
    assert len({len(line) for line in lines[: 2 + len(found["rows"])]}) == 1  # a grid
    assert {"cpu", "cores", "commit", "packages"} <= found["machine"].keys()
    if machine.source_tree():
        assert [one["scene"] for one in found["split"]] == ["Ant", "CartPole"]
        for one in found["split"]:
            assert one["parts_us"].keys() == {"physics", "sensing_reward_observation", "batch", "python"}
            assert sum(one["parts_us"].values()) == pytest.approx(one["loops_us"]["as_it_is"])


def test_picture(quick: dict) -> None:
    pytest.importorskip("matplotlib")
    assert quick["png"].read_bytes().startswith(b"\x89PNG")


def test_markdown_replaces_only_what_is_between_the_markers(quick: dict) -> None:
    written = quick["md"].read_text()
    assert written.startswith(f"before\n{report.BEGIN}\n") and written.endswith(f"\n{report.END}\nafter\n")
    assert "\nold\n" not in written and str(quick["folder"]) not in written and "| Ant | RK4 | full | hyperdust |" in written
    again = quick["folder"] / "again.md"
    again.write_text(written.replace("before\n", "other\n", 1))
    assert command.main(["--from", str(quick["json"]), "--markdown", str(again)]) == 0
    assert again.read_text() == written.replace("before\n", "other\n", 1)


@pytest.mark.parametrize("text", ["no markers", report.BEGIN, f"{report.END}\n{report.BEGIN}", f"{report.BEGIN}{report.BEGIN}{report.END}"])
def test_a_file_without_markers_is_left_alone(quick: dict, text: str, capsys: pytest.CaptureFixture) -> None:
    path = quick["folder"] / "bad.md"
    path.write_text(text)
    assert command.main(["--from", str(quick["json"]), "--markdown", str(path)]) == 1
    assert path.read_text() == text
    assert report.BEGIN in capsys.readouterr().err


class Counting(VectorEnv):
    """Lane i ends at every (i + 2)nd step that it really takes."""

    def __init__(self, lanes: int, mode: AutoresetMode) -> None:
        self.num_envs, self.metadata = lanes, {"autoreset_mode": mode}
        self.real, self.calls = np.zeros(lanes, int), 0
        self.ended = np.zeros(lanes, bool)

    def step(self, actions: np.ndarray) -> tuple:
        self.calls += 1
        lives = ~self.ended if self.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP else np.ones(self.num_envs, bool)
        self.real += lives
        self.ended = lives & (self.real % (np.arange(self.num_envs) + 2) == 0)
        truncated = self.ended & (np.arange(self.num_envs) % 2 == 1)
        return None, None, self.ended & ~truncated, truncated, {}


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_dead_steps_are_not_counted(mode: AutoresetMode) -> None:
    envs = Counting(5, mode)
    loop = measure.Loop(envs, [None, None])
    rounds = [loop.run(0.0, least=least) for least in (1, 1, 7, 100)]  # who had ended is remembered from round to round
    assert envs.calls == 109
    assert sum(one.steps for one in rounds) == envs.real.sum()
    assert sum(one.episodes for one in rounds) == sum(envs.real // (np.arange(5) + 2))
    assert (sum(one.steps for one in rounds) < 5 * 109) == (mode is AutoresetMode.NEXT_STEP)


def test_the_loop_agrees_with_stepping_by_hand() -> None:
    """CartPole falls: count the steps in which the lane's own step counter moved."""
    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 3)
    envs.reset(seed=1)
    actions = tasks.draw(envs.single_action_space, 3, "full")
    counted = measure.Loop(envs, actions).run(0.0, least=100)
    envs.reset(seed=1)
    real, ended = 0, np.zeros(3, bool)
    for index in range(100):
        _, rewards, terminated, truncated, _ = envs.step(actions[index % len(actions)])
        assert not rewards[ended].any()  # a reset pays nothing, every step of CartPole pays 1
        real += int(rewards.sum())
        ended = terminated | truncated
    assert counted.steps == real < 300


def test_lanes_that_never_start_over_are_refused() -> None:
    with pytest.raises(ValueError, match="start over"):
        measure.Loop(Counting(1, AutoresetMode.DISABLED), [None])


def test_actions_do_not_depend_on_the_number_of_lanes() -> None:
    space = gymnasium.spaces.Box(-0.4, 0.4, (3,), np.float32)
    few, many = tasks.draw(space, 2, "full"), tasks.draw(space, 5, "full")
    assert all(np.array_equal(a, b[:2]) for a, b in zip(few, many, strict=True))
    assert many[0].dtype == np.float32 and np.abs(many).max() <= 0.4 and np.abs(many).max() > 0.3
    assert np.allclose(tasks.draw(space, 2, "gentle"), 0.1 * np.array(few)) and not np.any(tasks.draw(space, 2, "zero"))
    choices = np.array(tasks.draw(gymnasium.spaces.Discrete(2), 5, "gentle"))
    assert set(choices.ravel()) == {0, 1} and not np.any(tasks.draw(gymnasium.spaces.Discrete(2), 5, "zero"))


def test_cases_leave_out_what_is_the_same_twice() -> None:
    found = tasks.cases(["Ant", "HalfCheetah", "Pendulum"], ["full"], ["original", "euler"], 4, 1)
    names = [(case.task.name, case.integrator) for case in found]
    assert names == [("Ant", "RK4"), ("Ant", "Euler"), ("HalfCheetah", "Euler"), ("Pendulum", "-")]
    assert [case.euler for case in found] == [False, True, False, False]
    assert contestants.takes_part("envpool", found[0]) and not contestants.takes_part("envpool", found[1])
    assert not contestants.takes_part("rollout", found[3])


def test_contestants_that_differ_are_found() -> None:
    ours = contestants.Timing(5, 0.05, (-1.0, 1.0))
    assert not contestants.unequal({"hyperdust": ours, "envpool": contestants.Timing(5, None, (-1.0, 1.0))})
    assert contestants.unequal({"hyperdust": ours, "sync": ours._replace(frame_skip=4)}) == ["frame_skip: hyperdust 5, sync 4"]
    assert contestants.unequal({"hyperdust": ours, "sync": ours._replace(action_bounds=(-0.4, 0.4))})
    assert contestants.unequal({"sync": ours, "envpool": ours._replace(seconds=0.04)})


def test_euler_on_both_sides(tmp_path: Path) -> None:
    mujoco = pytest.importorskip("mujoco")
    case = tasks.Case(tasks.TASKS["Ant"], "full", True, 2, 1)
    sync, ours = contestants.make_sync(case, tmp_path), contestants.make_hyperdust(case, tmp_path)
    assert sync.envs.envs[0].unwrapped.model.opt.integrator == mujoco.mjtIntegrator.mjINT_EULER
    assert ours.envs.scene.blueprint_id != hyperdust.make_vec("hyperdust/Ant-v0").scene.blueprint_id
    sync.close(), ours.close()


@pytest.mark.parametrize("task", tasks.TASKS.values(), ids=lambda task: task.name)
def test_the_split_keeps_the_robot_and_drops_the_task(task: tasks.Task, tmp_path: Path) -> None:
    root = machine.source_tree()
    if root is None:
        pytest.skip("needs a checkout")
    plain, hinge = split.write_scenes(root / "scenes" / task.scene, tmp_path)
    ours, bare = hyperdust.load(task.scene), hyperdust.load(plain)
    assert bare.observation_space.shape == (1,) and bare.action_space == ours.action_space
    assert bare.dt == ours.dt and bare.scene.joints == ours.scene.joints
    ours.reset(seed=3), bare.reset(seed=3)
    ours.action_space.seed(3)
    for _ in range(5):
        action = ours.action_space.sample()
        ours.step(action), bare.step(action)
        assert np.array_equal(ours.unwrapped.qpos, bare.unwrapped.qpos)  # the same physics from the same state
    assert hyperdust.load(hinge).action_space.shape == (1,)


def test_a_lane_weighs_something() -> None:
    if memory.resident() is None:
        pytest.skip("this system does not tell")
    assert 0 < memory.per_lane("CartPole", "hyperdust", 512, 1) < 1 << 20


@pytest.mark.parametrize("arguments", [["--scenes", "Blocks"], ["--policies", "best"], ["--rounds", "0"], ["--contestants", "isaac"]])
def test_what_is_not_there_is_refused(arguments: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert arguments[1].strip() in capsys.readouterr().err


def test_nothing_beyond_numpy_and_gymnasium_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mujoco", "envpool", "matplotlib", "tqdm"):
        monkeypatch.setitem(sys.modules, name, None)
    chosen = ["--contestants", "hyperdust,sync,rollout,envpool"]
    flags = command.parse(["--quick", "--seconds", "0.01", "--rounds", "1", "--lanes", "4", *chosen])
    found = command.run(flags, "a test")
    assert {(row["scene"], row["who"]) for row in found["rows"]} == {("Ant", "hyperdust"), ("CartPole", "hyperdust"), ("CartPole", "sync")}
    assert "sync is left out of Ant: pip install mujoco" in found["left_out"]
