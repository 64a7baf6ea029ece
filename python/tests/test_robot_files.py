"""Our robots are the classic ones: every number that physics reads is equal.

`scenes/<name>/robot.xml` are files of our own; the `mujoco` package compiles both them and the assets that Gymnasium's
v5 environments use, and the compiled models are compared field by field. Names, colours, floor extents and the frame
of an inertia tensor may differ; nothing that moves a body may. CartPole and Pendulum have no such asset: their
accelerations are compared with Gymnasium's closed forms.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")
gymnasium = pytest.importorskip("gymnasium")

SCENES = Path(__file__).resolve().parents[2] / "scenes"
ROBOTS = {
    "ant": "Ant-v5",
    "half_cheetah": "HalfCheetah-v5",
    "hopper": "Hopper-v5",
    "humanoid": "Humanoid-v5",
    "walker2d": "Walker2d-v5",
}


def ours(name: str):
    return mujoco.MjModel.from_xml_path(str(SCENES / name / "robot.xml"))


@pytest.fixture(scope="module", params=sorted(ROBOTS))
def models(request):
    env = gymnasium.make(ROBOTS[request.param]).unwrapped
    yield ours(request.param), env.model
    env.close()


def rotation(quaternion):
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quaternion, dtype=float))
    return matrix.reshape(3, 3)


def inertia_tensors(model):
    """Full tensors in body axes, because the principal frame is free to flip."""
    frames = [rotation(q) for q in model.body_iquat]
    return np.array([r @ np.diag(i) @ r.T for r, i in zip(frames, model.body_inertia, strict=True)])


def close(actual, expected, what):
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12, err_msg=what)


def test_options_are_equal(models):
    a, b = models
    for field in ("timestep", "integrator", "cone", "gravity", "wind", "density", "viscosity", "impratio", "tolerance",
                  "iterations", "ls_iterations", "disableflags", "enableflags", "o_margin"):
        if hasattr(b.opt, field):
            close(getattr(a.opt, field), getattr(b.opt, field), field)


def test_sizes_and_reference_pose_are_equal(models):
    a, b = models
    for field in ("nq", "nv", "nu", "na", "nbody", "njnt", "ngeom", "neq", "npair", "nexclude", "nmocap"):
        assert getattr(a, field) == getattr(b, field), field
    close(a.qpos0, b.qpos0, "qpos0")
    close(a.qpos_spring, b.qpos_spring, "qpos_spring")


def test_bodies_are_equal(models):
    a, b = models
    for field in ("body_parentid", "body_mass", "body_ipos", "body_pos", "body_gravcomp", "body_jntnum", "body_geomnum",
                  "body_rootid", "body_invweight0", "body_subtreemass"):
        close(getattr(a, field), getattr(b, field), field)
    close([rotation(q) for q in a.body_quat], [rotation(q) for q in b.body_quat], "body_quat")
    close(inertia_tensors(a), inertia_tensors(b), "body inertia")


def test_joints_are_equal(models):
    a, b = models
    for field in ("jnt_type", "jnt_bodyid", "jnt_axis", "jnt_limited", "jnt_stiffness", "jnt_qposadr", "jnt_dofadr",
                  "jnt_solref", "jnt_solimp", "jnt_actfrclimited", "jnt_actgravcomp", "dof_armature", "dof_damping",
                  "dof_frictionloss", "dof_invweight0"):
        close(getattr(a, field), getattr(b, field), field)
    limited = b.jnt_limited.astype(bool)
    close(a.jnt_range[limited], b.jnt_range[limited], "jnt_range")
    close(a.jnt_margin[limited], b.jnt_margin[limited], "jnt_margin")
    hinges = b.jnt_type == mujoco.mjtJoint.mjJNT_HINGE  # a slide's anchor moves nothing
    close(a.jnt_pos[hinges], b.jnt_pos[hinges], "jnt_pos")


def test_geoms_are_equal(models):
    a, b = models
    for field in ("geom_type", "geom_bodyid", "geom_contype", "geom_conaffinity", "geom_condim", "geom_priority",
                  "geom_solmix", "geom_margin", "geom_gap", "geom_friction", "geom_solref", "geom_solimp", "geom_pos"):
        if hasattr(b, field):
            close(getattr(a, field), getattr(b, field), field)
    bounded = b.geom_type != mujoco.mjtGeom.mjGEOM_PLANE  # a plane is infinite, whatever is drawn
    close(a.geom_size[bounded], b.geom_size[bounded], "geom_size")
    # Planes, spheres and capsules are round about z; its direction also orders a capsule's two contacts.
    axes = lambda m: [rotation(q)[:, 2] for q in m.geom_quat]  # noqa: E731
    close(axes(a), axes(b), "geom z axis")


def test_actuators_are_equal(models):
    a, b = models
    for field in ("actuator_trntype", "actuator_dyntype", "actuator_gaintype", "actuator_biastype", "actuator_gear",
                  "actuator_gainprm", "actuator_biasprm", "actuator_ctrllimited", "actuator_ctrlrange",
                  "actuator_forcelimited"):
        close(getattr(a, field), getattr(b, field), field)
    close(a.actuator_trnid[:, 0], b.actuator_trnid[:, 0], "actuator_trnid")


def test_well_known_names_are_kept(models):
    """Joints carry the names that papers and tools use; bodies too, where the original names them."""
    a, b = models
    for i in range(b.njnt):
        assert a.joint(i).name == b.joint(i).name
    for i in range(b.nbody):
        if b.body(i).name:
            assert a.body(i).name == b.body(i).name


def test_trajectories_are_equal(models):
    """The models compared as a whole: the same random torques lead to the same states, contacts included."""
    a, b = models
    a.opt.solver = b.opt.solver  # Humanoid-v5 asks for PGS, which stops short of the solution
    rng = np.random.default_rng(5)
    da, db = mujoco.MjData(a), mujoco.MjData(b)
    touched = False
    for step in range(200):
        if step % 5 == 0:
            da.ctrl[:] = db.ctrl[:] = rng.uniform(*a.actuator_ctrlrange.T)
        # From the same state each time: contacts are chaotic, and an ulp in a mass would grow.
        da.qpos[:], da.qvel[:], da.qacc_warmstart[:] = db.qpos, db.qvel, db.qacc_warmstart
        mujoco.mj_step(a, da)
        mujoco.mj_step(b, db)
        touched |= db.ncon > 0
        np.testing.assert_allclose(da.qvel, db.qvel, rtol=1e-6, atol=1e-7, err_msg=f"step {step}")
    assert touched, "the robot never touched the ground, so contacts were not compared"


def test_cartpole_accelerates_as_gymnasiums():
    model = ours("cartpole")
    data = mujoco.MjData(model)
    env = gymnasium.make("CartPole-v1").unwrapped
    assert model.opt.timestep == env.tau
    rng = np.random.default_rng(6)
    for action in (0, 1) * 20:
        x, x_dot, theta, theta_dot = state = rng.uniform(-2, 2, 4)
        env.reset(seed=0)
        env.state = state
        env.step(action)
        expected = (env.state[[1, 3]] - [x_dot, theta_dot]) / env.tau
        data.qpos[:], data.qvel[:] = (x, theta), (x_dot, theta_dot)
        data.ctrl[:] = 2 * action - 1
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(data.qacc, expected, rtol=1e-9, atol=1e-9)


def test_pendulum_accelerates_as_gymnasiums():
    model = ours("pendulum")
    data = mujoco.MjData(model)
    env = gymnasium.make("Pendulum-v1").unwrapped
    env.max_speed = np.inf  # not part of the robot file
    assert model.opt.timestep == env.dt
    assert model.actuator_ctrlrange.tolist() == [[-env.max_torque, env.max_torque]]
    rng = np.random.default_rng(7)
    for _ in range(40):
        theta, theta_dot, torque = rng.uniform(-3, 3, 3)  # some torques beyond the limit of ±2
        env.reset(seed=0)
        env.state = np.array([theta, theta_dot])
        env.step(np.array([torque]))
        expected = (env.state[1] - theta_dot) / env.dt
        data.qpos[:], data.qvel[:], data.ctrl[:] = theta, theta_dot, torque
        mujoco.mj_forward(model, data)
        np.testing.assert_allclose(data.qacc[0], expected, rtol=1e-9, atol=1e-9)
