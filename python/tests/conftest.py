"""Shared by all tests: the registered environments and comparisons that mean "the same bits"."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import numpy as np
import pytest

import hyperdust  # noqa: F401  (registers the environments)
from hyperdust.registration import ENTRIES

ENV_IDS = sorted(entry.id for entry in ENTRIES)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``env_id`` runs once for every registered environment."""
    if "env_id" in metafunc.fixturenames:
        metafunc.parametrize("env_id", ENV_IDS)


@pytest.fixture
def explosive(tmp_path: Path) -> Path:
    """A hinge with an absurd gear and range: a control of 0 is harmless, the largest overflows at once."""
    file = tmp_path / "explosive.xml"
    file.write_text(
        '<mujoco model="explosive"><option timestep="0.01"/><worldbody><body name="rod" pos="0 0 1">'
        '<joint name="hinge" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 0 0 -.1" size=".01"/></body></worldbody>'
        '<actuator><motor joint="hinge" gear="1e9" ctrlrange="-1e9 1e9" ctrllimited="true"/></actuator></mujoco>'
    )
    return file


def assert_same(left: object, right: object, path: str = "") -> None:
    """Equal in type, dtype, shape, keys and every bit."""
    assert type(left) is type(right), f"{path}: {type(left)} is not {type(right)}"
    if isinstance(left, dict):
        assert left.keys() == right.keys(), f"{path}: keys {sorted(left)} are not {sorted(right)}"
        for key in left:
            assert_same(left[key], right[key], f"{path}[{key!r}]")
    elif isinstance(left, (list, tuple)):
        assert len(left) == len(right), path
        for index, (a, b) in enumerate(zip(left, right)):
            assert_same(a, b, f"{path}[{index}]")
    elif isinstance(left, np.ndarray):
        assert left.dtype == right.dtype and left.shape == right.shape, f"{path}: {left.dtype}{left.shape} {right.dtype}{right.shape}"
        if left.dtype == object:
            for index, (a, b) in enumerate(zip(left.flat, right.flat)):
                assert_same(a, b, f"{path}[{index}]")
        else:
            assert left.tobytes() == right.tobytes(), f"{path}: {left} is not {right}"
    else:
        assert left == right, f"{path}: {left!r} is not {right!r}"
