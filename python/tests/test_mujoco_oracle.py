"""Physics against the `mujoco` package on the same MJCF, both sides from the same states.

Proves: one step of our articulated solver changes velocities as MuJoCo's does (median ≤ 1e-5, 99th
percentile ≤ 1e-3, no state beyond 1e-2, in the joints' own units), for every robot and integrator that the classic tasks use, on our robot files and
on Gymnasium's; passive motion stays within 1e-4 for 0.3 s; robots at rest stand as high.

States are 2,000 reached under random torque over the whole control range, rounded to f32 and handed to both
(HYPERDUST_ORACLE_STATES takes more). Humanoid's file asks MuJoCo for 50 sweeps of PGS, which do not converge; the
oracle solves the same equations with Newton.
"""

from __future__ import annotations

import os
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from hyperdust import _core

mujoco = pytest.importorskip("mujoco")

STATES = int(os.environ.get("HYPERDUST_ORACLE_STATES", "2000"))
ASSETS = Path(gymnasium.__file__).parent / "envs/mujoco/assets"
SCENES = Path(__file__).resolve().parents[2] / "scenes"

# name: Gymnasium's file (v5), our folder, the integrator that the original uses
ROBOTS = {
    "ant": ("ant.xml", "RK4"),
    "half_cheetah": ("half_cheetah.xml", "Euler"),
    "hopper": ("hopper.xml", "RK4"),
    "walker2d": ("walker2d_v5.xml", "RK4"),
    "humanoid": ("humanoid.xml", "RK4"),
}
CASES = [
    pytest.param(name, path, integrator, id=f"{name}-{origin}-{integrator}")
    for name, (asset, original) in ROBOTS.items()
    for origin, path in (("ours", SCENES / name / "robot.xml"), ("gymnasium", ASSETS / asset))
    for integrator in dict.fromkeys([original, "Euler"])
]


def oracle(path: Path, integrator: str):
    model = mujoco.MjModel.from_xml_path(str(path))
    model.opt.integrator = {"Euler": mujoco.mjtIntegrator.mjINT_EULER, "RK4": mujoco.mjtIntegrator.mjINT_RK4}[integrator]
    model.opt.solver = mujoco.mjtSolver.mjSOL_NEWTON
    model.opt.iterations = max(model.opt.iterations, 100)
    return model, mujoco.MjData(model)


def pair(path: Path, integrator: str):
    model, data = oracle(path, integrator)
    robot = _core.Robot(str(path), integrator=integrator)
    assert (robot.nq, robot.nv, robot.nu) == (model.nq, model.nv, model.nu)
    assert robot.timestep == pytest.approx(model.opt.timestep, rel=1e-6)
    return model, data, robot


def restart(model, data, rng: np.random.Generator) -> None:
    mujoco.mj_resetData(model, data)
    data.qpos[:] = model.qpos0 + rng.uniform(-0.05, 0.05, model.nq)
    data.qvel[:] = rng.normal(0, 0.1, model.nv)
    mujoco.mj_normalizeQuat(model, data.qpos)


@pytest.mark.parametrize(("name", "path", "integrator"), CASES)
def test_one_step_velocity(name: str, path: Path, integrator: str) -> None:
    model, data, robot = pair(path, integrator)
    rng = np.random.default_rng(7)
    low, high = model.actuator_ctrlrange.T
    errors = np.empty(STATES)
    for index in range(STATES):
        if index % 250 == 0:
            restart(model, data, rng)
        if index % 5 == 0:
            control = rng.uniform(low, high).astype(np.float32)
        # The same numbers on both sides: what f32 holds.
        data.qpos[:] = data.qpos.astype(np.float32)
        data.qvel[:] = data.qvel.astype(np.float32)
        robot.set(data.qpos.astype(np.float32), data.qvel.astype(np.float32))
        data.ctrl[:] = control
        mujoco.mj_step(model, data)
        robot.step(control, 1)
        errors[index] = np.abs(robot.qvel() - data.qvel).max()
    median, tail = np.median(errors), np.quantile(errors, 0.99)
    print(f"{name} {integrator}: median {median:.1e}, p99 {tail:.1e}, max {errors.max():.1e}")
    assert np.isfinite(errors).all()
    assert median <= 1e-5
    assert tail <= 1e-3
    assert errors.max() <= 1e-2  # no single state goes another way


@pytest.mark.parametrize(("name", "path", "integrator"), CASES)
def test_passive_trajectory(name: str, path: Path, integrator: str) -> None:
    """Without control, positions stay together for 0.3 s, through the first touch of the ground where there is one."""
    model, data, robot = pair(path, integrator)
    data.qpos[:] = model.qpos0.astype(np.float32)
    robot.set(model.qpos0.astype(np.float32), np.zeros(model.nv, np.float32))
    control = np.zeros(model.nu, np.float32)
    worst = 0.0
    for _ in range(round(0.3 / model.opt.timestep)):
        mujoco.mj_step(model, data)
        robot.step(control, 1)
        worst = max(worst, np.abs(robot.qpos() - data.qpos).max())
    print(f"{name} {integrator}: {worst:.1e}")
    assert worst <= 1e-4


@pytest.mark.parametrize("name", ["ant", "half_cheetah"])
@pytest.mark.parametrize("origin", ["ours", "gymnasium"])
def test_standing_height(name: str, origin: str) -> None:
    """Robots that stand without control do so at MuJoCo's height, to a thousandth."""
    asset, integrator = ROBOTS[name]
    path = SCENES / name / "robot.xml" if origin == "ours" else ASSETS / asset
    model, data, robot = pair(path, integrator)
    robot.set(model.qpos0.astype(np.float32), np.zeros(model.nv, np.float32))
    steps = round(5.0 / model.opt.timestep)
    mujoco.mj_step(model, data, nstep=steps)
    robot.step(np.zeros(model.nu, np.float32), steps)
    mujoco.mj_kinematics(model, data)
    robot.refresh()
    ours, theirs = robot.sense("body_position").reshape(-1, 3)[1, 2], data.xpos[1, 2]
    print(f"{name}: {ours:.5f} m, MuJoCo {theirs:.5f} m")
    assert ours == pytest.approx(theirs, rel=1e-3)
