"""Every registered environment passes Gymnasium's own checker, with no warning but those that
Gymnasium's tests ignore for its environments (unbounded boxes, unnormalised actions)."""

import warnings

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

IGNORED = [
    "A Box observation space minimum value is -infinity. This is probably too low.",
    "A Box observation space maximum value is infinity. This is probably too high.",
    "For Box action spaces, we recommend using a symmetric and normalized space (range=[-1, 1] or [0, 1]). "
    "See https://stable-baselines3.readthedocs.io/en/master/guide/rl_tips.html for more information.",
]


def unexpected(caught: list[warnings.WarningMessage]) -> list[str]:
    texts = [str(warning.message) for warning in caught]
    return [text for text in texts if not any(ignored in text for ignored in IGNORED)]


def test_checker(env_id: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env = gymnasium.make(env_id, render_mode="rgb_array", width=32, height=24).unwrapped
        check_env(env)
        env.close()
    assert unexpected(caught) == []


def test_passive_checker(env_id: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        env = gymnasium.make(env_id)
        env.reset(seed=1)
        for _ in range(5):
            env.step(env.action_space.sample())
        env.close()
    assert unexpected(caught) == []


def test_module_prefix_in_the_id() -> None:
    env = gymnasium.make("hyperdust:hyperdust/CartPole-v0")
    assert env.spec is not None and env.spec.id == "hyperdust/CartPole-v0"
    env.close()


def test_types_of_a_step(env_id: str) -> None:
    """`truncated is False` is tested by identity in the wild, so flags are Python's own booleans."""
    env = gymnasium.make(env_id).unwrapped
    env.reset(seed=3)
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert observation in env.observation_space
    assert type(reward) is float
    assert terminated is False or terminated is True
    assert truncated is False or truncated is True
    assert all(type(key) is str and type(value) is float for key, value in info.items())
    assert sum(value for key, value in info.items() if key.startswith("reward_")) == pytest.approx(reward, rel=1e-5, abs=1e-5)
    env.close()


def test_entry_points_are_strings(env_id: str) -> None:
    spec = gymnasium.spec(env_id)
    assert isinstance(spec.entry_point, str) and isinstance(spec.vector_entry_point, str)
    assert spec.max_episode_steps
