"""The single environment: state access, time limits, rendering, parameters, and errors that say what to do."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from conftest import assert_same

import hyperdust
from hyperdust import remote


def make(scene: str = "hopper", **kwargs) -> hyperdust.HyperdustEnv:
    env = hyperdust.load(scene, **kwargs)
    env.reset(seed=0)
    return env


# --- state ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", ["cartpole", "pendulum", "hopper", "walker2d", "half_cheetah", "ant", "humanoid"])
def test_positions_can_be_set(scene: str) -> None:
    env = make(scene)
    qpos, qvel = env.qpos, env.qvel
    assert qpos.dtype == qvel.dtype == np.float32
    env.step(env.action_space.sample())
    assert not np.array_equal(env.qpos, qpos)
    observation = env.set_qpos_qvel(qpos, qvel)
    assert observation in env.observation_space
    np.testing.assert_array_equal(env.qpos, qpos)
    np.testing.assert_array_equal(env.qvel, qvel)


def test_positions_are_copies() -> None:
    env = make()
    before = env.digest()
    env.qpos[:] = 9
    assert env.digest() == before


@pytest.mark.parametrize(("nq", "nv", "value"), [(5, 6, 0.0), (6, 7, 0.0), (6, 6, np.nan)])
def test_bad_positions(nq: int, nv: int, value: float) -> None:
    env = make()
    with pytest.raises(hyperdust.StateError):
        env.set_qpos_qvel(np.full(nq, value), np.zeros(nv))


def test_digest_follows_the_state() -> None:
    env = make()
    seen = {env.digest()}
    for _ in range(5):
        env.step(np.zeros(3, np.float32))
        seen.add(env.digest())
    assert len(seen) == 6 and all(len(d) == 32 for d in seen)


# --- time limits ---------------------------------------------------------------------------------


def steps_until_end(env: gymnasium.Env, limit: int = 1300) -> int | None:
    env.reset(seed=0)
    action = np.zeros(env.action_space.shape, np.float32)
    for index in range(1, limit):
        _, _, terminated, truncated, _ = env.step(action)
        assert not terminated
        if truncated:
            return index
    return None


def test_scene_limit() -> None:
    assert steps_until_end(hyperdust.load("pendulum")) == 200
    assert steps_until_end(hyperdust.load("pendulum", max_episode_steps=7)) == 7
    assert steps_until_end(hyperdust.load("pendulum", max_episode_steps=-1), 300) is None


def test_gymnasium_limit_wins() -> None:
    """Shorter, longer or none: `gymnasium.make` decides, though the scene has a limit of its own."""
    make = gymnasium.make
    assert steps_until_end(make("hyperdust/Pendulum-v0")) == 200
    assert steps_until_end(make("hyperdust/Pendulum-v0", max_episode_steps=20)) == 20
    assert steps_until_end(make("hyperdust/Pendulum-v0", max_episode_steps=230)) == 230
    assert steps_until_end(make("hyperdust/Pendulum-v0", max_episode_steps=-1), 300) is None


def test_registered_limit_is_the_scenes(env_id: str) -> None:
    spec = gymnasium.spec(env_id)
    scene = gymnasium.make(env_id).unwrapped.scene
    assert scene.max_episode_steps == spec.max_episode_steps
    assert scene.reward_threshold == spec.reward_threshold
    assert hyperdust.make_vec(env_id, 1).scene.blueprint_id == scene.blueprint_id


# --- rendering -----------------------------------------------------------------------------------


def test_render(env_id: str) -> None:
    env = gymnasium.make(env_id, render_mode="rgb_array", width=64, height=48)
    env.reset(seed=0)
    frame = env.render()
    assert frame.shape == (48, 64, 3) and frame.dtype == np.uint8
    assert frame.std() > 2, "a frame of one colour shows nothing"
    assert_same(env.render(), frame)
    assert env.metadata["render_fps"] == max(1, round(1 / env.unwrapped.dt))


def test_render_shows_motion() -> None:
    env = make("cartpole", render_mode="rgb_array", width=96, height=64)
    before = env.render()
    for _ in range(15):
        env.step(1)
    assert (env.render() != before).any()


def test_render_needs_a_mode() -> None:
    with pytest.raises(hyperdust.RenderError, match="rgb_array"):
        make().render()
    with pytest.raises(hyperdust.RenderError, match="'rgb_array'"):
        hyperdust.load("ant", render_mode="ansi")


@pytest.mark.parametrize(("width", "height"), [(0, 48), (64, 0), (1 << 20, 1 << 20)])
def test_bad_frame_sizes(width: int, height: int) -> None:
    env = make(render_mode="rgb_array", width=width, height=height)
    with pytest.raises(hyperdust.RenderError, match=f"{width} × {height}"):
        env.render()


# --- scenes and parameters -----------------------------------------------------------------------


def test_parameters_change_the_blueprint() -> None:
    plain, changed = make("ant").scene, make("ant", forward_reward_weight=2.0).scene
    assert plain.blueprint_id != changed.blueprint_id
    assert hyperdust.parameters("ant")["forward_reward_weight"][0] == 1.0
    # A default given by hand changes nothing, whatever kind of number it is.
    assert make("ant", forward_reward_weight=np.float64(1.0)).scene.blueprint_id == plain.blueprint_id


def test_unknown_parameters_are_listed() -> None:
    with pytest.raises(hyperdust.ParameterError, match="forward_reward_weight"):
        gymnasium.make("hyperdust/Ant-v0", forward_rewad_weight=2.0)


def test_wrong_parameter_kinds() -> None:
    with pytest.raises(hyperdust.ParameterError, match="forward_reward_weight"):
        hyperdust.load("ant", forward_reward_weight="much")
    with pytest.raises(hyperdust.ParameterError, match="forward_reward_weight"):
        hyperdust.load("ant", forward_reward_weight=object())


@pytest.mark.parametrize("value", [10**30, -(10**30), "\ud800"])
def test_parameters_without_a_native_value(value: object) -> None:
    with pytest.raises(hyperdust.ParameterError, match="forward_reward_weight"):
        hyperdust.load("ant", forward_reward_weight=value)


def test_scene_names() -> None:
    assert set(hyperdust.scenes()) >= {"ant", "cartpole", "half_cheetah", "hopper", "humanoid", "pendulum", "walker2d"}


def test_missing_scene(tmp_path) -> None:
    with pytest.raises(hyperdust.SceneError, match="nowhere"):
        hyperdust.load(tmp_path / "nowhere")


def test_bare_robot_file(tmp_path) -> None:
    """An MJCF file without a scene gets a default task."""
    (tmp_path / "arm.xml").write_text(
        '<mujoco model="arm"><worldbody><geom type="plane" size="5 5 1"/>'
        '<body pos="0 0 1"><joint name="swing" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -.5" size=".05"/></body>'
        '</worldbody><actuator><motor joint="swing" ctrlrange="-1 1" ctrllimited="true"/></actuator></mujoco>'
    )
    env = hyperdust.load(tmp_path / "arm.xml")
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    assert env.action_space.shape == (1,)
    env.step(np.ones(1, np.float32))
    assert isinstance(hyperdust.check(tmp_path / "arm.xml"), list)


def test_malformed_robot_file(tmp_path) -> None:
    (tmp_path / "bad.xml").write_text("<mujoco><worldbody><body></worldbody></mujoco>")
    with pytest.raises(hyperdust.SceneError, match="bad.xml"):
        hyperdust.load(tmp_path / "bad.xml")


# --- mistakes ------------------------------------------------------------------------------------


def test_one_tree() -> None:
    for name in hyperdust.__all__:
        value = getattr(hyperdust, name)
        if isinstance(value, type) and issubclass(value, Exception):
            assert issubclass(value, hyperdust.Error)
    assert issubclass(hyperdust.ActionError, ValueError)
    assert issubclass(hyperdust.ResetNeeded, gymnasium.error.ResetNeeded)


def test_readme_names_what_exists() -> None:
    """The table's calls are the unwrapped environment's, and the text above it says so."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    before, _, table = text.partition("| to … | use |")
    assert "`env.unwrapped`" in before
    table = table.partition("\n\n")[0]
    homes = {
        "env": [type(gymnasium.make("hyperdust/Ant-v0").unwrapped)],
        "envs": [type(hyperdust.make_vec("hyperdust/Ant-v0", 1)), remote.RemoteVectorEnv],
        "hyperdust": [hyperdust],
    }
    named = re.findall(r"\b(env|envs|hyperdust)\.(\w+)", table)
    assert {home for home, _ in named} == homes.keys()

    def exists(home: str, name: str) -> bool:
        return any(hasattr(one, name) for one in homes[home]) or home == "hyperdust" and find_spec(f"hyperdust.{name}") is not None

    assert [f"{home}.{name}" for home, name in named if not exists(home, name)] == []


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (np.zeros(2, np.float32), r"\(2,\).*\(3,\)"),
        (np.zeros((1, 3), np.float32), r"\(1, 3\).*\(3,\)"),
        (0.5, r"\(\).*\(3,\)"),
        (np.array([0, np.nan, 0], np.float32), "NaN.*finite"),
        ([0, 0, float("inf")], "inf.*finite"),
        ("left", "numbers"),
        (None, "numbers"),
        ([[1], [2, 3]], "numbers"),
    ],
)
def test_bad_continuous_actions(action: object, says: str) -> None:
    env = make()
    before = env.digest()
    with pytest.raises(hyperdust.ActionError, match=f"(?i){says}"):
        env.step(action)
    assert env.digest() == before, "nothing was stepped"


@pytest.mark.parametrize("action", [2, -1, 0.5, "1", None, np.zeros(1), 1 << 40])
def test_bad_discrete_actions(action: object) -> None:
    env = make("cartpole")
    before = env.digest()
    with pytest.raises(hyperdust.ActionError, match="0 to 1"):
        env.step(action)
    assert env.digest() == before


@pytest.mark.parametrize("action", [1, np.int64(1), np.array(1), True])
def test_kinds_of_discrete_actions(action: object) -> None:
    env = make("cartpole")
    env.step(action)


@pytest.mark.parametrize(
    "action", [[0.5, 0, 1], (0.5, 0, 1), np.array([0.5, 0, 1]), np.array([0.5, 9, 0, 9, 1], np.float32)[::2]]
)
def test_kinds_of_continuous_actions(action: object) -> None:
    ours, reference = make(), make()
    assert_same(ours.step(action), reference.step(np.array([0.5, 0, 1], np.float32)))


def test_bad_batches() -> None:
    envs = hyperdust.make_vec("hyperdust/Hopper-v0", 2)
    envs.reset(seed=0)
    with pytest.raises(hyperdust.ActionError, match=r"\(3,\).*\(2, 3\).*one action per environment"):
        envs.step(np.zeros(3, np.float32))
    bad = np.zeros((2, 3), np.float32)
    bad[1, 2] = np.nan
    with pytest.raises(hyperdust.ActionError, match="lane 1"):
        envs.step(bad)
    with pytest.raises(gymnasium.error.Error):
        envs.reset(seed=-1)


def test_bad_seeds_and_lanes() -> None:
    """Of the tree and of the customary class at once."""
    envs = hyperdust.make_vec("hyperdust/Hopper-v0", 2)
    envs.reset(seed=0)
    for kind in (hyperdust.SeedError, ValueError):
        with pytest.raises(kind, match="num_envs=2"):
            envs.reset(seed=[1, 2, 3])
    for kind in (hyperdust.SeedError, gymnasium.error.Error):
        with pytest.raises(kind, match="-1"):
            envs.reset(seed=[0, -1])
    for kind in (hyperdust.LaneError, ValueError):
        with pytest.raises(kind, match="0 lanes"):
            hyperdust.make_vec("hyperdust/Hopper-v0", 0)
    for kind in (hyperdust.LaneError, IndexError):
        with pytest.raises(kind, match="lane 2"):
            envs.episode(2)


def test_order_in_memory_does_not_matter() -> None:
    """A batch in Fortran order, or any view, is read by its indices."""
    batch = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    results = []
    for actions in (batch, np.asfortranarray(batch), np.repeat(batch, 2, axis=1)[:, ::2], batch.astype(np.float64, order="F")):
        envs = hyperdust.make_vec("hyperdust/Hopper-v0", 2)
        envs.reset(seed=0)
        results.append(envs.step(actions))
    for result in results[1:]:
        assert_same(result, results[0])


def test_stepping_before_reset() -> None:
    for env in (hyperdust.load("hopper"), hyperdust.make_vec("hyperdust/Hopper-v0", 1)):
        with pytest.raises(hyperdust.ResetNeeded, match=r"reset\(\)"):
            env.step(env.action_space.sample())
        with pytest.raises(gymnasium.error.ResetNeeded):
            env.digest() if isinstance(env, gymnasium.Env) else env.digests()


def test_after_close() -> None:
    for env in (make(), hyperdust.make_vec("hyperdust/Hopper-v0", 1)):
        env.close()
        env.close()
        for call in (lambda: env.step(env.action_space.sample()), lambda: env.reset(), lambda: env.get_state()):
            with pytest.raises(hyperdust.ClosedError, match="make"):
                call()


@pytest.mark.parametrize("cut", [0, 3, 50, -1])
def test_malformed_states(cut: int) -> None:
    env = make()
    state = env.get_state()
    before = env.digest()
    with pytest.raises(hyperdust.StateError):
        env.set_state(state[:cut])
    with pytest.raises(hyperdust.StateError):
        make("cartpole").set_state(state)
    assert env.digest() == before
