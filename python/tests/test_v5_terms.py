"""Our scenes mean what Gymnasium's environments mean, term by term.

From the same state, under the same actions, both environments must give the same observation, reward, reward
terms, info and termination, for the defaults and for every keyword argument that Gymnasium's v5 versions take.
Each comparison runs consecutive steps, because some v5 quantities (body positions, contact forces) are those of the
last substep's beginning, and only a second step shows whether the "before" value is equally old.

The physics is f32 here and f64 there, so numbers agree within the tolerance of one step, not exactly: errors are
compared as quantiles, since a contact that one side opens a moment earlier is not a wrong term. A wrong term (a missing
clip, another dt, a stale position) is wrong by much more, and in the median.
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")
hyperdust = pytest.importorskip("hyperdust")

# Two steps after the state was made equal; then again from the reference's state.
STEPS, ROUNDS = 2, 120

MUJOCO = {
    "Ant": [
        {},
        {"exclude_current_positions_from_observation": False, "include_cfrc_ext_in_observation": False},
        {"forward_reward_weight": 2.5, "ctrl_cost_weight": 0.1, "contact_cost_weight": 0.02, "healthy_reward": 0.25},
        {"contact_force_range": (-30.0, 12.0), "contact_cost_weight": 1e-3},
        {"healthy_z_range": (0.65, 1.0)},
        {"healthy_z_range": (0.5, 0.6), "terminate_when_unhealthy": False},
        {"frame_skip": 2, "reset_noise_scale": 0.02},
        {"main_body": 4},
    ],
    "HalfCheetah": [
        {},
        {"exclude_current_positions_from_observation": False, "forward_reward_weight": 0.5, "ctrl_cost_weight": 1.0},
        {"frame_skip": 1, "reset_noise_scale": 0.3},
    ],
    "Hopper": [
        {},
        {"exclude_current_positions_from_observation": False, "forward_reward_weight": 0.5, "ctrl_cost_weight": 0.1},
        {"healthy_reward": 3.0, "healthy_z_range": (1.15, 1.3), "terminate_when_unhealthy": False},
        {"healthy_angle_range": (-0.02, 0.05)},
        {"healthy_state_range": (-3.0, 2.0), "frame_skip": 8},
        {"reset_noise_scale": 0.05},
    ],
    "Humanoid": [
        {},
        {"exclude_current_positions_from_observation": False, "include_cinert_in_observation": False},
        {"include_cvel_in_observation": False, "include_qfrc_actuator_in_observation": False},
        {"include_cfrc_ext_in_observation": False, "forward_reward_weight": 2.0, "ctrl_cost_weight": 1.0},
        {"contact_cost_weight": 1e-3, "contact_cost_range": (0.5, 1.0), "healthy_reward": 1.5},
        {"healthy_z_range": (1.3, 1.39)},
        {"healthy_z_range": (1.3, 1.39), "terminate_when_unhealthy": False, "frame_skip": 3},
        {"reset_noise_scale": 0.1},
    ],
    "Walker2d": [
        {},
        {"exclude_current_positions_from_observation": False, "forward_reward_weight": 0.5, "ctrl_cost_weight": 0.1},
        {"healthy_reward": 3.0, "healthy_z_range": (1.15, 1.3), "terminate_when_unhealthy": False},
        {"healthy_angle_range": (-0.02, 0.05), "frame_skip": 2},
        {"reset_noise_scale": 0.05},
    ],
}
CASES = [pytest.param(name, kwargs, id=f"{name}-{i}") for name, all in MUJOCO.items() for i, kwargs in enumerate(all)]
CLASSIC = {"CartPole": "CartPole-v1", "Pendulum": "Pendulum-v1"}
ALL = {**{name: f"{name}-v5" for name in MUJOCO}, **CLASSIC}
# v5 clips their velocities, which torques alone hardly make fast enough.
CLIPPED = {"Hopper", "Walker2d"}
# Not numbers, or of tendons that our Humanoid leaves out: listed in its README.
OTHER_INFO = {"tendon_length", "tendon_velocity"}


def pair(name, kwargs):
    env = gym.make(f"hyperdust/{name}-v0", **kwargs)
    reference = gym.make(ALL[name], **kwargs)
    if name == "Humanoid":
        # Its file asks for PGS, which stops at 50 iterations, before the solution that Newton reaches.
        reference.unwrapped.model.opt.solver = mujoco.mjtSolver.mjSOL_NEWTON
    return env, reference


def round_to_f32(a):
    return np.asarray(a, np.float32).astype(np.float64)


def equalise(env, reference, kick):
    """Both in the reference's state, its velocities changed by `kick`, rounded to what f32 can say."""
    physics = reference.unwrapped.data
    qpos, qvel = round_to_f32(physics.qpos), round_to_f32(physics.qvel + kick)
    reference.unwrapped.set_state(qpos, qvel)
    env.unwrapped.set_qpos_qvel(qpos, qvel)


def error(ours, theirs):
    """Relative to 1 or to the reference's size, whichever is larger."""
    theirs = np.asarray(theirs, np.float64)
    return np.abs(np.asarray(ours, np.float64) - theirs) / np.maximum(1.0, np.abs(theirs))


def assert_small(errors, what):
    errors = np.asarray(errors)
    median, high = np.median(errors), np.quantile(errors, 0.95)
    assert median < 2e-4 and high < 2e-2, f"{what}: median {median:.1e}, 95th percentile {high:.1e}"


@pytest.mark.parametrize("name", sorted(ALL))
def test_spec_and_spaces_are_equal(name):
    env, reference = pair(name, {})
    assert env.observation_space == reference.observation_space
    assert env.action_space == reference.action_space
    assert env.spec.max_episode_steps == reference.spec.max_episode_steps
    assert env.spec.reward_threshold == reference.spec.reward_threshold


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_steps_are_equal(name, kwargs):
    env, reference = pair(name, kwargs)
    assert env.observation_space == reference.observation_space
    rng = np.random.default_rng(11)
    errors: dict[str, list] = {"observation": [], "reward": []}
    endings = []
    touched = False
    env.reset(seed=1)
    reference.reset(seed=1)
    for i in range(ROUNDS):
        kick = rng.normal(0, 6, reference.unwrapped.model.nv) if name in CLIPPED and i % 6 == 0 else 0
        equalise(env, reference, kick)
        for _ in range(STEPS):
            # Beyond the bounds too: motors clamp, but costs are of the action as it was given.
            action = (1.25 * rng.uniform(env.action_space.low, env.action_space.high)).astype(np.float32)
            ours, theirs = env.step(action), reference.step(action)
            errors["observation"].append(error(ours[0], theirs[0]).max())
            errors["reward"].append(error(ours[1], theirs[1]))
            endings.append((ours[2], theirs[2], ours[3]))
            touched |= reference.unwrapped.data.ncon > 0
            assert set(theirs[4]) - OTHER_INFO <= set(ours[4]), "an info key is missing"
            for key in set(theirs[4]) - OTHER_INFO:
                errors.setdefault(key, []).append(error(ours[4][key], theirs[4][key]))
            if ours[2] or theirs[2]:
                break
        if theirs[2] or rng.random() < 0.04:
            env.reset()
            reference.reset()
    assert touched or kwargs, "the robot never touched the ground, so contact terms were not compared"
    for what, values in errors.items():
        assert_small(values, what)
    disagreements = sum(ours != theirs for ours, theirs, _ in endings)
    assert disagreements == 0, f"terminated differs in {disagreements} of {len(endings)} steps"
    assert not any(truncated for *_, truncated in endings)
    if {"healthy_z_range", "healthy_angle_range"} & set(kwargs) and kwargs.get("terminate_when_unhealthy", True):
        assert any(theirs for _, theirs, _ in endings), "this case was to end episodes, and ended none"


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_resets_are_drawn_alike(name, kwargs):
    """Same reference state, same distribution around it; and the observation after a reset is v5's of that state."""
    env, reference = pair(name, kwargs)
    scale = reference.unwrapped._reset_noise_scale
    init_qpos, init_qvel = reference.unwrapped.init_qpos, reference.unwrapped.init_qvel
    free = reference.unwrapped.model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE
    qpos, qvel = [], []
    for i in range(400):
        observation, info = env.reset(seed=i)
        qpos.append(env.unwrapped.qpos.copy())
        qvel.append(env.unwrapped.qvel.copy())
        if i < 20:
            reference.reset()
            reference.unwrapped.set_state(np.array(qpos[-1], float), np.array(qvel[-1], float))
            assert error(observation, reference.unwrapped._get_obs()).max() < 2e-5
            expected = reference.unwrapped._get_reset_info()
            for key in set(expected) - OTHER_INFO:
                assert error(info[key], expected[key]) < 1e-5, key
    qpos, qvel = np.array(qpos, float) - init_qpos, np.array(qvel, float) - init_qvel
    if free:
        # Ours is normalised at once, MuJoCo's when it is used: the same orientation, other four numbers.
        qpos = np.delete(qpos, range(3, 7), axis=1)
    uniform = [qpos] if name in ("Ant", "HalfCheetah") else [qpos, qvel]
    for sample in uniform:
        assert np.abs(sample).max() <= scale * (1 + 1e-4) + 1e-6
        np.testing.assert_allclose(sample.std(axis=0), scale / np.sqrt(3), rtol=0.15)
        np.testing.assert_allclose(sample.mean(axis=0), 0, atol=0.15 * scale)
    if len(uniform) == 1:
        np.testing.assert_allclose(qvel.std(axis=0), scale, rtol=0.2)
        np.testing.assert_allclose(qvel.mean(axis=0), 0, atol=0.25 * scale)
        assert np.abs(qvel).max() > 2 * scale, "a normal distribution has tails"


@pytest.mark.parametrize("kwargs", [{}, {"sutton_barto_reward": True}], ids=["default", "sutton_barto"])
def test_cartpole_steps_are_equal(kwargs):
    env, reference = pair("CartPole", kwargs)
    rng = np.random.default_rng(12)
    ended = 0
    for episode in range(20):
        env.reset(seed=episode)
        reference.reset(seed=episode)
        spread = [0.05, 0.05, 0.05, 0.05] if episode % 2 else [2.4, 3, 0.2, 3]
        state = round_to_f32(rng.uniform(-1, 1, 4) * spread)
        reference.unwrapped.state = state
        env.unwrapped.set_qpos_qvel(state[[0, 2]], state[[1, 3]])
        for _ in range(100):
            action = int(rng.integers(2))
            ours, theirs = env.step(action), reference.step(action)
            assert error(ours[0], theirs[0]).max() < 1e-4
            assert ours[1:4] == theirs[1:4]
            if theirs[2]:
                ended += 1
                break
    assert ended > 10


@pytest.mark.parametrize("kwargs", [{}, {"g": 9.81}], ids=["default", "g"])
def test_pendulum_steps_are_equal(kwargs):
    env, reference = pair("Pendulum", kwargs)
    rng = np.random.default_rng(13)
    fastest = 0.0
    for episode in range(20):
        env.reset(seed=episode)
        reference.reset(seed=episode)
        state = round_to_f32(rng.uniform(-1, 1, 2) * [10, 8])
        reference.unwrapped.state = state
        env.unwrapped.set_qpos_qvel(state[:1], state[1:])
        for _ in range(20):
            # Beyond the bounds too: both clip.
            action = rng.uniform(-3, 3, 1).astype(np.float32)
            ours, theirs = env.step(action), reference.step(action)
            # Upright the motion is unstable: f32 against f64 grows by e^(√15·1 s) over these steps.
            assert error(ours[0], theirs[0]).max() < 5e-4
            assert error(ours[1], theirs[1]) < 1e-3 or abs(abs(wrap(reference.unwrapped.state[0])) - np.pi) < 0.5
            assert ours[2:4] == theirs[2:4]
            fastest = max(fastest, abs(theirs[0][2]))
    assert fastest == 8.0, "the speed limit was never reached, so it was not compared"


def wrap(angle):
    return (angle + np.pi) % (2 * np.pi) - np.pi


@pytest.mark.parametrize("name", sorted(CLASSIC))
def test_classic_resets_are_drawn_alike(name):
    env = gym.make(f"hyperdust/{name}-v0")
    states = []
    for i in range(600):
        env.reset(seed=i)
        states.append(np.concatenate([env.unwrapped.qpos, env.unwrapped.qvel]))
    states = np.array(states, float)
    high = np.array([np.pi, 1.0]) if name == "Pendulum" else np.full(4, 0.05)
    assert (np.abs(states) <= high * (1 + 1e-6)).all()
    np.testing.assert_allclose(states.std(axis=0), high / np.sqrt(3), rtol=0.1)
    np.testing.assert_allclose(states.mean(axis=0), 0, atol=0.12 * high.max())
