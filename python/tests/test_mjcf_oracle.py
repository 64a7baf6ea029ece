"""Our MJCF compiler against the `mujoco` package, field by field.

What it proves: for Gymnasium's own robots, for hand-written files that use every rule once, and for random trees, the
compiled robot has MuJoCo's masses, inertias, frames, joints, limits, inverse weights, actuators, reference state, and
exactly its pairs of touching geoms, in its order and with its merged contact parameters. A wrong rule anywhere in
`engine/scene/src/{mjcf,robot}` shows here as a field that differs.

`HYPERDUST_ROBOT_JSON=<binary of the example robot_json>` compares that instead of the installed package.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")
gymnasium = pytest.importorskip("gymnasium")

ASSETS = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"
GEOM, JOINT = mujoco.mjtGeom, mujoco.mjtJoint
SUPPORTED = {int(GEOM.mjGEOM_PLANE): "plane", int(GEOM.mjGEOM_SPHERE): "sphere", int(GEOM.mjGEOM_CAPSULE): "capsule"}
# f32 keeps 24 bits; weights pass through a factorisation of each side's own.
CLOSE = dict(rtol=2e-6, atol=1e-7)
WEIGHTS = dict(rtol=1e-5, atol=0)


class Refused(Exception):
    """The compiler's error message."""


def compiled(path: Path) -> dict:
    binary = os.environ.get("HYPERDUST_ROBOT_JSON")
    if binary:
        done = subprocess.run([binary, str(path)], capture_output=True, text=True)
        if done.returncode:
            raise Refused(done.stderr.strip())
        return json.loads(done.stdout)
    from hyperdust import _core as core
    try:
        return json.loads(core.robot_json(str(path)))
    except Exception as error:  # hyperdust.Error: its message is what matters here
        raise Refused(str(error)) from error


def matrix(quat) -> np.ndarray:
    out = np.zeros(9)
    mujoco.mju_quat2Mat(out, np.asarray(quat, float))
    return out.reshape(3, 3)


def six(m: np.ndarray) -> np.ndarray:
    return np.array([m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2]])


def first(values) -> np.ndarray:
    """The linear coefficient where MuJoCo keeps polynomials."""
    values = np.asarray(values, float)
    return values if values.ndim == 1 else values[:, 0]


class Fused:
    """MuJoCo's bodies as links: bodies without joints belong to the body that carries them."""

    def __init__(self, m):
        self.link, self.at, self.bodies, self.parent, self.pose = {0: 0}, {0: (np.zeros(3), np.eye(3))}, [0], [0], [(np.zeros(3), np.eye(3))]
        for b in range(1, m.nbody):
            p = m.body_parentid[b]
            position, rotation = self.at[p]
            position, rotation = position + rotation @ m.body_pos[b], rotation @ matrix(m.body_quat[b])
            if m.body_jntnum[b]:
                self.link[b], self.at[b] = len(self.bodies), (np.zeros(3), np.eye(3))
                self.bodies.append(b)
                self.parent.append(self.link[p])
                self.pose.append((position, rotation))
            else:
                self.link[b], self.at[b] = self.link[p], (position, rotation)

    def mass(self, m, b):
        position, rotation = self.at[b]
        axes = rotation @ matrix(m.body_iquat[b])
        return m.body_mass[b], position + rotation @ m.body_ipos[b], axes @ np.diag(m.body_inertia[b]) @ axes.T


def close(ours, theirs, what, tolerance=CLOSE):
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), err_msg=what, **tolerance)


def compare(path: Path, m=None) -> dict:
    m = m or mujoco.MjModel.from_xml_path(str(path))
    ours, fused = compiled(path), Fused(m)
    compare_bodies(ours, m, fused)
    compare_joints(ours, m)
    if path.suffix == ".xml":  # a URDF's motors are our own addition
        compare_actuators(ours, m)
    geoms = compare_geoms(ours, m, fused)
    compare_pairs(ours, m, geoms)
    close(ours["qpos0"], m.qpos0, "qpos0")
    close(ours["options"]["timestep"], m.opt.timestep, "timestep")
    close(ours["options"]["gravity"], m.opt.gravity, "gravity")
    assert len(ours["keyframes"]) == path.read_text().count("<key ")  # MuJoCo adds empty ones up to size/nkey
    for index, ours_key in enumerate(ours["keyframes"]):
        close(ours_key["qpos"], m.key_qpos[index], "key qpos")
        close(ours_key["qvel"], m.key_qvel[index], "key qvel")
        close(ours_key["controls"], m.key_ctrl[index], "key ctrl")
    return ours


def compare_bodies(ours, m, fused):
    assert len(ours["bodies"]) == m.nbody - 1
    assert [len(fused.bodies), m.nbody - 1] == [len(ours["links"]), len(ours["names"]["bodies"])]
    parts = {}
    for b, body in enumerate(ours["bodies"], start=1):
        name = m.body(b).name or f"body {b}"
        assert body["link"] == fused.link[b], name
        mass, center, inertia = fused.mass(m, b)
        close(body["mass"], mass, f"{name} mass")
        close(body["position"], fused.at[b][0], f"{name} position")
        close(body["rotation"], fused.at[b][1], f"{name} rotation")
        size = np.trace(inertia)
        close(body["inertia"], six(inertia), f"{name} inertia", dict(rtol=2e-6, atol=1e-6 * size + 1e-30))
        if mass:
            close(body["center"], center, f"{name} center")
        parts.setdefault(fused.link[b], []).append((mass, center, inertia))
    for index, link in enumerate(ours["links"]):
        assert link["parent"] == fused.parent[index]
        close(link["position"], fused.pose[index][0], f"link {index} position")
        close(link["rotation"], fused.pose[index][1], f"link {index} rotation")
        if index == 0:
            assert link["mass"] == 0
            continue
        total = sum(p[0] for p in parts[index])
        center = sum(p[0] * p[1] for p in parts[index]) / total
        inertia = sum(i + w * (np.dot(c - center, c - center) * np.eye(3) - np.outer(c - center, c - center)) for w, c, i in parts[index])
        close(link["mass"], total, f"link {index} mass")
        close(link["center"], center, f"link {index} center")
        close(link["inertia"], six(inertia), f"link {index} inertia", dict(rtol=2e-6, atol=1e-6 * np.trace(inertia)))
    return parts


def compare_joints(ours, m):
    assert len(ours["joints"]) == m.njnt
    assert ours["names"]["joints"] == [m.joint(j).name for j in range(m.njnt)]
    kinds = {int(JOINT.mjJNT_FREE): "free", int(JOINT.mjJNT_SLIDE): "slide", int(JOINT.mjJNT_HINGE): "hinge"}
    stiffness, damping = first(m.jnt_stiffness), first(m.dof_damping)
    for j, joint in enumerate(ours["joints"]):
        name, dof = m.joint(j).name or f"joint {j}", m.jnt_dofadr[j]
        assert joint["kind"] == kinds[int(m.jnt_type[j])], name
        assert joint["limited"] == bool(m.jnt_limited[j]), name
        if joint["kind"] != "free":
            close(joint["axis"], m.jnt_axis[j], f"{name} axis")
            close(joint["anchor"], m.jnt_pos[j], f"{name} anchor")
            close(joint["stiffness"], stiffness[j], f"{name} stiffness", WEIGHTS)
            close(joint["spring_reference"], m.qpos_spring[m.jnt_qposadr[j]], f"{name} springref")
        if joint["limited"]:
            close(joint["range"], m.jnt_range[j], f"{name} range")
        for ours_field, theirs in [
            ("margin", m.jnt_margin[j]),
            ("armature", m.dof_armature[dof]),
            ("solref", m.jnt_solref[j]),
            ("solimp", m.jnt_solimp[j]),
        ]:
            close(joint[ours_field], theirs, f"{name} {ours_field}")
        close(joint["damping"], damping[dof], f"{name} damping", WEIGHTS)
        close(joint["inverse_weight"], min(m.dof_invweight0[dof], 1e9), f"{name} dof_invweight0", WEIGHTS)


def compare_actuators(ours, m):
    assert len(ours["actuators"]) == m.nu
    for a, actuator in enumerate(ours["actuators"]):
        name = m.actuator(a).name or f"actuator {a}"
        assert actuator["joint"] == m.actuator_trnid[a, 0], name
        close(actuator["gear"], m.actuator_gear[a, 0], f"{name} gear")
        close(actuator["gain"], m.actuator_gainprm[a, 0], f"{name} gain")
        affine = m.actuator_biastype[a] == mujoco.mjtBias.mjBIAS_AFFINE
        close(actuator["bias"], m.actuator_biasprm[a, :3] if affine else np.zeros(3), f"{name} bias", dict(rtol=1e-5, atol=1e-7))
        for field, limited, values in [
            ("control_range", m.actuator_ctrllimited[a], m.actuator_ctrlrange[a]),
            ("force_range", m.actuator_forcelimited[a], m.actuator_forcerange[a]),
        ]:
            if field == "force_range" and m.jnt_actfrclimited[actuator["joint"]]:
                continue  # the joint's bound is folded into the actuator's: test_a_joint_bound_on_forces…
            assert (actuator[field] is not None) == bool(limited), f"{name} {field}"
            if limited:
                close(actuator[field], values, f"{name} {field}")


def compare_geoms(ours, m, fused) -> list[int]:
    """Compares our geoms and returns MuJoCo's number of each."""
    link = lambda g: fused.link[m.geom_bodyid[g]]  # noqa: E731
    known = [p for p in zip(m.pair_geom1, m.pair_geom2) if all(int(m.geom_type[g]) in SUPPORTED for g in p)]
    paired = {int(g) for pair in known if link(pair[0]) != link(pair[1]) for g in pair}
    ids = [
        g
        for g in range(m.ngeom)
        if int(m.geom_type[g]) in SUPPORTED and (m.geom_contype[g] or m.geom_conaffinity[g] or g in paired)
    ]
    disabled = m.opt.disableflags & (mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)
    ids = [] if disabled else ids
    assert len(ours["geoms"]) == len(ids)
    for geom, g in zip(ours["geoms"], ids):
        name, b = m.geom(g).name or f"geom {g}", m.geom_bodyid[g]
        assert (geom["body"], geom["link"], geom["shape"]) == (b, fused.link[b], SUPPORTED[int(m.geom_type[g])]), name
        if geom["shape"] != "plane":
            close(geom["size"], m.geom_size[g][: len(geom["size"])], f"{name} size")
        position, rotation = fused.at[b]
        close(geom["position"], position + rotation @ m.geom_pos[g], f"{name} position")
        close(geom["rotation"], rotation @ matrix(m.geom_quat[g]), f"{name} rotation")
    return ids


def touching(m) -> list:
    """Every contact that MuJoCo can make: all geoms reach each other when margins are huge."""
    reach = 1e3
    saved = m.geom_margin.copy(), m.pair_margin.copy(), m.body_margin.copy()
    m.geom_margin[:] += reach
    m.body_margin[:] += reach
    m.pair_margin[:] += 2 * reach
    d = mujoco.MjData(m)
    mujoco.mj_kinematics(m, d)
    mujoco.mj_comPos(m, d)
    mujoco.mj_collision(m, d)
    found = []
    for c in range(d.ncon):
        pair = tuple(int(g) for g in d.contact.geom[c])
        if found and found[-1][0] == pair:
            continue  # a capsule's second end
        contact = d.contact
        found.append((pair, int(contact.dim[c]), contact.friction[c].copy(), contact.includemargin[c] - 2 * reach, contact.solref[c].copy(), contact.solimp[c].copy()))
    m.geom_margin[:], m.pair_margin[:], m.body_margin[:] = saved
    return [f for f in found if all(int(m.geom_type[g]) in SUPPORTED for g in f[0])]


def compare_pairs(ours, m, ids):
    fused = Fused(m)
    # Contacts within one link are ours to leave out: nothing in them can move.
    theirs = [f for f in touching(m) if len({fused.link[m.geom_bodyid[g]] for g in f[0]}) == 2]
    assert [(ids[p["first"]], ids[p["second"]]) for p in ours["pairs"]] == [t[0] for t in theirs]
    authored = {frozenset((int(a), int(b))): i for i, (a, b) in enumerate(zip(m.pair_geom1, m.pair_geom2))}
    for pair, (geoms, dimension, friction, margin, solref, solimp) in zip(ours["pairs"], theirs):
        name = " - ".join(m.geom(g).name or f"geom {g}" for g in geoms)
        assert pair["dimension"] == min(dimension, 3), name
        close(pair["friction"], friction[:2], f"{name} friction")
        close(pair["solref"], solref, f"{name} solref")
        close(pair["solimp"], solimp, f"{name} solimp")
        index = authored.get(frozenset(geoms))
        gap = m.geom_gap[list(geoms)].sum() if index is None else m.pair_gap[index]
        close(pair["gap"], gap, f"{name} gap")
        close(pair["margin"] - pair["gap"], margin, f"{name} margin", dict(rtol=1e-6, atol=1e-9 + 1e-6))
        # The lower bound is MuJoCo's at run time, the upper one the kernel's.
        weight = np.clip(m.body_invweight0[m.geom_bodyid[list(geoms)], 0].sum(), 1e-15, 1e9)
        close(pair["inverse_weight"], weight, f"{name} body_invweight0", WEIGHTS)


@pytest.mark.parametrize("name", sorted(p.name for p in ASSETS.glob("*.xml")))
def test_gymnasiums_robots_compile_as_in_mujoco(name):
    ours = compare(ASSETS / name)
    unsupported = {"swimmer.xml": "density", "pusher_v5.xml": "cylinder", "pusher.xml": "cylinder", "point.xml": "box", "humanoid.xml": "tendon"}
    if name in unsupported:
        assert any(unsupported[name] in w for w in ours["warnings"]), ours["warnings"]


MODELS = {
    "defaults, nested classes and childclass": """
<mujoco><compiler angle="radian"/>
<default><joint armature="0.1" damping="2" axis="0 1 0"/><geom friction="0.7 0.01 0.02" density="500" solref="0.03 0.8" rgba="1 0 0 1"/>
  <default class="leg"><joint axis="1 0 0" range="-1 1"/><geom friction="0.2" solimp="0.8"/>
    <default class="foot"><geom type="sphere" size="0.07" condim="1"/><joint stiffness="3" springref="0.2"/></default></default></default>
<worldbody><geom type="plane" size="1 1 1" class="leg"/>
<body childclass="leg" pos="0 0 1"><freejoint/><geom type="capsule" size="0.1 0.2"/>
  <body pos="0 0 -0.5"><joint/><geom type="capsule" fromto="0 0 0 0.1 0.2 -0.4" size="0.05"/>
    <body pos="0.1 0.2 -0.4"><joint class="foot"/><geom class="foot"/></body></body>
  <body childclass="foot" pos="0 1 0"><joint name="a" range="0 2" class="main"/><geom/></body></body>
</worldbody><actuator><motor joint="a" gear="3"/></actuator></mujoco>""",
    "every orientation, sequences and frames": """
<mujoco><compiler eulerseq="zYx"/><default><default class="turned"><geom euler="10 20 30" size="0.1 0.2"/></default></default>
<worldbody><frame pos="1 2 3" euler="10 20 30"><body name="a" pos="0 1 0" axisangle="1 1 0 40"><joint axis="1 2 3" pos="0.1 0 0"/><geom type="capsule" size="0.1 0.3" xyaxes="1 1 0 0 1 1"/>
  <geom class="turned" type="capsule"/><geom class="turned" type="capsule" quat="1 2 0 0"/><geom class="turned" type="capsule" zaxis="1 2 0"/>
  <frame zaxis="1 0 1" pos="0 0 0.2"><geom type="box" size="0.1 0.2 0.3" pos="0.3 0 0" euler="40 50 60"/><joint type="slide" axis="0 1 0" pos="0.2 0.3 0.1"/>
   <body zaxis="-1 0 0.2" pos="0.5 0 0"><geom type="cylinder" size="0.1 0.2" zaxis="0 0 -1"/>
     <body quat="2 1 0 0" pos="0.2 0.1 0"><joint ref="15" springref="20" stiffness="2" range="-30 40"/><geom type="ellipsoid" size="0.1 0.2 0.3" quat="1 2 3 4" pos="0.1 0.1 0.1"/></body></body></frame></body></frame></worldbody></mujoco>""",
    "explicit inertias, bounds, balance and total mass": """
<mujoco><compiler boundmass="0.2" boundinertia="0.003" balanceinertia="true" settotalmass="7"/>
<worldbody><body><joint/><inertial pos="0.1 0 0.2" mass="1.5" diaginertia="0.02 0.03 0.04" quat="1 1 0 0.5"/><geom size="0.1"/>
 <body pos="0 0 1"><joint axis="1 0 0"/><inertial pos="0.1 0.2 0.3" mass="2" fullinertia="0.5 0.6 0.7 0.05 -0.02 0.01"/>
  <body pos="1 0 0"/><body pos="0 1 0"><inertial pos="0 0 0.1" mass="0.5" diaginertia="0.5 0.01 0.01" euler="0 30 0"/></body></body></body></worldbody></mujoco>""",
    "inertia from geoms, groups, shells and masses": """
<mujoco><compiler inertiafromgeom="true" inertiagrouprange="1 3"/>
<worldbody><body><joint axis="0 1 0" armature="0.01"/><inertial pos="1 1 1" mass="9" diaginertia="1 1 1"/>
 <geom group="1" type="capsule" size="0.1 0.2" shellinertia="true"/><geom group="2" type="box" size="0.1 0.2 0.3" shellinertia="true" pos="0.3 0 0" euler="10 20 30"/>
 <geom group="3" type="cylinder" size="0.1 0.2" shellinertia="true" mass="3" pos="0 0.4 0"/><geom group="4" size="1"/>
 <geom group="1" type="ellipsoid" size="0.1 0.2 0.3" shellinertia="true" pos="0 0 0.6"/><geom group="1" size="0.2" mass="0"/></body>
 <body pos="3 0 0"><joint type="slide"/><geom group="1" size="0.1" shellinertia="true"/></body></worldbody></mujoco>""",
    "priorities, mixes, gaps, stiff references and masks": """
<mujoco><worldbody><geom name="floor" type="plane" size="1 1 1" margin="0.02" gap="0.01" friction="0.3 0.1 0.1" solmix="3" solimp="0.5 0.6 0.01 0.4 1"/>
 <body><freejoint/><geom size="0.1" margin="0.03" gap="0.005" friction="0.5" solmix="2" solref="0.03 0.9"/></body>
 <body><freejoint/><geom size="0.1" priority="1" friction="0.01" condim="1" solref="-100 -5"/></body>
 <body><freejoint/><geom size="0.1" solref="-200 -7" condim="4"/></body>
 <body><freejoint/><geom size="0.1" solmix="0" friction="0"/><geom type="capsule" size="0.1 0.2" contype="2" conaffinity="4"/></body>
 <body><freejoint/><geom size="0.1" solmix="0" contype="4" conaffinity="0"/><geom type="capsule" size="0.1 0.2" contype="0" conaffinity="0"/></body>
 <body><geom size="0.3" contype="7" conaffinity="7"/></body><geom name="late" type="sphere" size="0.2" contype="3"/></worldbody></mujoco>""",
    "pairs and excludes": """
<mujoco><default><pair friction="0.6 0.7" solref="0.05"/><default class="soft"><pair solimp="0.1 0.2 0.3" margin="0.04" gap="0.02"/></default></default>
<worldbody><geom name="floor" type="plane" size="1 1 1"/>
 <body name="a"><freejoint/><geom name="a1" type="capsule" size="0.1 0.2"/><geom name="a2" size="0.1"/>
  <body name="b"><joint/><geom name="b1" size="0.1"/><body name="c"><geom name="c1" size="0.1"/></body></body></body>
 <body name="d"><joint/><geom name="d1" type="capsule" size="0.1 0.3"/><geom name="d2" size="0.1" contype="0" conaffinity="0"/></body></worldbody>
<contact><pair geom1="d1" geom2="a2"/><pair geom1="b1" geom2="a1" class="soft" condim="1"/><pair geom1="floor" geom2="d2" friction="0"/><pair geom1="c1" geom2="b1"/>
 <exclude body1="d" body2="b"/><exclude body1="world" body2="a"/></contact></mujoco>""",
    "welded bodies, trees fixed in the world, parents without a filter": """
<mujoco><option><flag filterparent="disable"/></option><worldbody><body name="fixed" pos="0 0 1"><geom type="capsule" size="0.1 0.2"/><geom type="plane" size="1 1 1"/>
 <body pos="1 0 0"><joint/><geom size="0.1"/><body pos="1 0 0"><geom size="0.2"/><body><joint axis="1 0 0"/><geom size="0.1"/></body></body></body></body>
 <body><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 1 0"/><geom size="0.1"/></body></worldbody></mujoco>""",
    "parents with the filter": """
<mujoco><worldbody><body name="fixed" pos="0 0 1"><geom type="capsule" size="0.1 0.2"/>
 <body pos="1 0 0"><joint/><geom size="0.1"/><body pos="1 0 0"><geom size="0.2"/><body><joint axis="1 0 0"/><geom size="0.1"/><body><joint/><geom size="0.1"/></body></body></body></body></body></worldbody></mujoco>""",
    "bodies that only slide": """
<mujoco><worldbody><body><joint type="slide" axis="1 0 0" armature="3"/><geom size="0.1"/></body>
 <body><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/><geom type="box" size="0.1 0.2 0.3"/></body>
 <body><joint type="slide" axis="1 1 0"/><geom size="0.1"/></body><body><joint type="slide"/><geom size="0.1" pos="0.1 0 0"/></body>
 <body><joint type="slide" pos="0 0 1"/><geom size="0.1"/></body><body><joint type="slide"/><geom size="0.1"/><body><geom size="0.1"/></body></body>
 <body simple="false"><joint type="slide"/><geom size="0.1"/></body>
 <body><geom size="0.1"/><body><joint type="slide"/><geom size="0.1"/></body><body><body><joint type="slide"/><geom size="0.1"/></body></body></body></worldbody></mujoco>""",
    "servos, general actuators, ranges and springs": """
<mujoco><default><position kp="20" forcerange="-5 5"/><default class="g"><general gainprm="4" biasprm="1 -2 -3" biastype="affine" gaintype="fixed"/></default>
 <default class="v"><velocity kv="3"/><default class="w"><motor gear="2"/></default></default></default>
<worldbody><body><joint name="a" range="-90 45" axis="0 1 0" springdamper="0.1 0.8"/><geom type="capsule" size="0.1 0.3"/>
 <body pos="0 0 1"><joint name="b" type="slide" range="-1 2" armature="0.2" actuatorfrcrange="-4 9"/><geom size="0.2"/></body></body></worldbody>
<actuator><position name="p" joint="a" kv="2"/><position joint="b" kp="30" dampratio="0.7" gear="3"/><position joint="a" inheritrange="0.9" dampratio="1" ctrlrange="0 0"/>
 <velocity joint="b" kv="5" ctrlrange="-1 1"/><velocity joint="b" ctrllimited="false" ctrlrange="-1 1"/><general class="g" joint="a" gear="2 3"/><general joint="b" biastype="affine" biasprm="0 -1 0.5"/>
 <motor jointinparent="a" forcelimited="false" ctrlrange="-2 3"/><motor class="g" joint="a"/>
 <position class="v" joint="b"/><velocity class="v" joint="b"/><velocity class="w" joint="b"/><general class="v" joint="b"/><motor class="v" joint="b"/></actuator>
<keyframe><key name="k" qpos="0.1 0.2" ctrl="1 2 3 4 5 6 7 8 9 1 2 3 4 5"/><key qvel="1 2"/></keyframe></mujoco>""",
    "no autolimits, free bodies with frames, keyframes": """
<mujoco><compiler autolimits="false"/><worldbody><body pos="1 2 3" euler="30 40 50"><joint type="free" armature="0.3" damping="0.2"/><geom type="box" size="0.1 0.2 0.3" pos="0.1 0.2 0.3"/>
 <body pos="0 0 1"><joint limited="true" range="-20 30" solreflimit="0.03" solimplimit="0.7 0.8" margin="0.1" axis="0 1 0" pos="0 0 -0.2"/><geom type="capsule" size="0.1 0.2"/></body></body></worldbody>
<keyframe><key qpos="1 2 3 1 1 0 0 0.3"/></keyframe></mujoco>""",
    "contacts and limits off": """
<mujoco><option gravity="1 2 3" timestep="0.004" integrator="RK4"><flag contact="disable" gravity="disable"/></option><worldbody><geom type="plane" size="1 1 1"/><body><freejoint/><geom size="0.1"/></body></worldbody></mujoco>""",
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_each_rule_compiles_as_in_mujoco(name, tmp_path):
    path = tmp_path / "model.xml"
    path.write_text(MODELS[name])
    m = mujoco.MjModel.from_xml_path(str(path))
    if "gravity" in MODELS[name] and m.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_GRAVITY:
        m.opt.gravity[:] = 0  # ours has no flag: gravity off is gravity zero
    compare(path, m)


class Tree:
    """Writes a random model; every number from one seeded generator."""

    def __init__(self, seed):
        self.r, self.count = np.random.default_rng(seed), 0
        self.joints, self.geoms, self.bodies = [], [], []

    def numbers(self, n, low=-1.0, high=1.0):
        return " ".join(f"{x:.6g}" for x in self.r.uniform(low, high, n))

    def pick(self, *options):
        return options[self.r.integers(len(options))]

    def name(self, kind, into):
        self.count += 1
        into.append(f"{kind}{self.count}")
        return into[-1]

    def orientation(self):
        return self.pick("", f'quat="{self.numbers(4)}"', f'euler="{self.numbers(3, -90, 90)}"', f'axisangle="{self.numbers(4)}"', f'zaxis="{self.numbers(3)}"')

    def geom(self):
        kind = self.pick("sphere", "capsule", "capsule", "box", "cylinder", "ellipsoid")
        place = f'pos="{self.numbers(3, -0.3, 0.3)}" {self.orientation()} size="{self.numbers(3, 0.05, 0.2)}"'
        if kind == "capsule" and self.r.random() < 0.5:
            place = f'fromto="{self.numbers(6, -0.3, 0.3)}" size="0.07"'
        extra = self.pick("", f'mass="{self.numbers(1, 0.1, 2)}"', f'density="{self.numbers(1, 100, 3000)}"', 'shellinertia="true"')
        contact = f'contype="{self.r.integers(4)}" conaffinity="{self.r.integers(4)}" priority="{self.r.integers(2)}" condim="{self.pick(1, 3)}" margin="{self.numbers(1, 0, 0.02)}" gap="{self.numbers(1, 0, 0.01)}" friction="{self.numbers(self.r.integers(1, 4), 0, 2)}" solmix="{self.numbers(1, 0, 2)}" solref="{self.pick(self.numbers(2, 0.01, 1), "-50 -2")}"'
        return f'<geom name="{self.name("g", self.geoms)}" type="{kind}" {place} {extra} {contact if self.r.random() < 0.7 else ""}/>'

    def joint(self):
        limits = self.pick("", f'range="{self.numbers(1, -90, -1)} {self.numbers(1, 1, 90)}" margin="{self.numbers(1, 0, 0.1)}"')
        return f'<joint name="{self.name("j", self.joints)}" type="{self.pick("hinge", "hinge", "slide")}" axis="{self.numbers(3)}" pos="{self.numbers(3, -0.2, 0.2)}" armature="{self.numbers(1, 0, 0.1)}" damping="{self.numbers(1, 0, 2)}" stiffness="{self.numbers(1, 0, 9)}" ref="{self.numbers(1, -30, 30)}" springref="{self.numbers(1, -30, 30)}" {limits}/>'

    def body(self, depth):
        inside = [self.geom() for _ in range(self.r.integers(1, 4))]
        if depth == 0 and self.r.random() < 0.5:
            inside.append("<freejoint/>")
        else:
            inside += [self.joint() for _ in range(self.pick(0, 1, 1, 2, 3))]
        if self.r.random() < 0.2:
            i = np.sort(self.r.uniform(0.01, 0.02, 3))
            inside.append(f'<inertial pos="{self.numbers(3, -0.1, 0.1)}" mass="{self.numbers(1, 0.1, 3)}" diaginertia="{i[0]} {i[1]} {i[2]}" {self.orientation()}/>')
        if depth < 3:
            inside += [self.body(depth + 1) for _ in range(self.pick(0, 1, 1, 2))]
        self.r.shuffle(inside)
        return f'<body name="{self.name("b", self.bodies)}" pos="{self.numbers(3)}" {self.orientation()}>{"".join(inside)}</body>'

    def model(self):
        world = [self.body(0) for _ in range(self.r.integers(1, 4))] + [f'<geom name="{self.name("g", self.geoms)}" type="plane" size="1 1 1" {self.orientation()}/>']
        chosen = {frozenset(self.r.choice(self.geoms, 2, replace=False).tolist()) for _ in range(3)}
        pairs = ['<pair geom1="{}" geom2="{}" margin="{}"/>'.format(*sorted(pair), self.numbers(1, 0, 0.1)) for pair in sorted(chosen, key=sorted)]
        pairs += [f'<exclude body1="{a}" body2="{b}"/>' for a, b in [self.r.choice(self.bodies, 2, replace=False) for _ in range(2)] if len(self.bodies) > 2] if len(self.bodies) > 2 else []
        motors = [f'<motor joint="{j}" gear="{self.numbers(1, 1, 9)}" ctrlrange="-1 1"/>' for j in self.joints if self.r.random() < 0.5]
        total = self.pick("", 'settotalmass="5"')
        return f'<mujoco><compiler eulerseq="{self.pick("xyz", "ZYX", "zxY")}" {total}/><worldbody>{"".join(world)}</worldbody><contact>{"".join(pairs)}</contact><actuator>{"".join(motors)}</actuator></mujoco>'


@pytest.mark.parametrize("seed", range(60))
def test_random_trees_compile_as_in_mujoco(seed, tmp_path):
    path = tmp_path / "model.xml"
    path.write_text(Tree(seed).model())
    try:
        m = mujoco.MjModel.from_xml_path(str(path))
    except ValueError as error:
        pytest.skip(f"not a model for MuJoCo either: {error}")
    compare(path, m)


URDF = """<?xml version="1.0"?>
<robot name="arm">
 <mujoco><compiler fusestatic="false" discardvisual="false"/><option timestep="0.005"/></mujoco>
 <material name="blue"><color rgba="0 0 1 1"/></material>
 <link name="base"><inertial><origin xyz="0 0 0.1" rpy="0.1 0.2 0.3"/><mass value="3"/><inertia ixx="0.3" iyy="0.4" izz="0.5" ixy="0.01" ixz="0.02" iyz="-0.03"/></inertial>
  <visual><origin xyz="0 0 0.1"/><geometry><cylinder radius="0.1" length="0.2"/></geometry><material name="blue"/></visual>
  <collision><geometry><sphere radius="0.1"/></geometry></collision></link>
 <link name="tool"><collision><origin rpy="0 1 0" xyz="0.1 0 0"/><geometry><capsule radius="0.05" length="0.3"/></geometry></collision></link>
 <link name="upper"><collision><origin xyz="0 0 0.3"/><geometry><box size="0.1 0.2 0.6"/></geometry></collision></link>
 <link name="lower"><inertial><mass value="0.5"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial>
  <collision><geometry><sphere radius="0.07"/></geometry></collision></link>
 <link name="cart"><collision><geometry><sphere radius="0.2"/></geometry></collision></link>
 <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 0.2" rpy="0.4 0.5 0.6"/><axis xyz="0 1 1"/>
  <limit lower="-1" upper="2" effort="30" velocity="3"/><dynamics damping="0.7"/></joint>
 <joint name="slider" type="prismatic"><parent link="upper"/><child link="lower"/><origin xyz="0 0 0.6"/><limit lower="0" upper="0.2"/></joint>
 <joint name="plate" type="planar"><parent link="base"/><child link="cart"/><axis xyz="1 2 2"/></joint>
 <joint name="wheel" type="continuous"><parent link="lower"/><child link="tool"/></joint>
 <joint name="flange" type="fixed"><parent link="lower"/><child link="extra"/><origin rpy="1 0 0" xyz="0.1 0 0"/></joint>
 <link name="extra"><inertial><mass value="0.2"/><inertia ixx="0.001" iyy="0.002" izz="0.0015" ixy="0" ixz="0" iyz="0"/></inertial></link>
</robot>"""


def test_a_urdf_compiles_as_in_mujoco(tmp_path):
    path = tmp_path / "arm.urdf"
    path.write_text(URDF)
    ours = compare(path)
    assert ours["names"]["actuators"] == ["shoulder"]
    assert ours["actuators"][0]["control_range"] == [-30, 30]
    assert any("velocity" in w for w in ours["warnings"])


def test_a_joint_bound_on_forces_becomes_its_only_actuators(tmp_path):
    path = tmp_path / "model.xml"
    path.write_text("""<mujoco><worldbody><body><joint name="a" actuatorfrcrange="-4 10"/><geom size="0.1" pos="1 0 0"/></body></worldbody>
<actuator><motor joint="a" gear="-2" forcerange="-3 9"/></actuator></mujoco>""")
    actuator = compiled(path)["actuators"][0]
    m = mujoco.MjModel.from_xml_path(str(path))
    d = mujoco.MjData(m)
    low, high = actuator["force_range"]
    for ctrl in np.linspace(-12, 12, 25):
        d.ctrl[0] = ctrl
        mujoco.mj_forward(m, d)
        assert d.qfrc_actuator[0] == pytest.approx(actuator["gear"] * np.clip(actuator["gain"] * ctrl, low, high))


REFUSED = {
    "ball joint": ('<body><joint type="ball"/><geom size="0.1"/></body>', 'type', "hinge"),
    "muscle": ('<body><joint name="a"/><geom size="0.1"/></body></worldbody><actuator><muscle joint="a" lengthrange="0 1"/></actuator><worldbody>', "muscle", "motor"),
    "tendon motor": ('<body><joint name="a"/><geom size="0.1"/></body></worldbody><tendon><fixed name="t"><joint joint="a" coef="1"/></fixed></tendon><actuator><motor tendon="t"/></actuator><worldbody>', "tendon", "joint"),
    "replicate": ('<replicate count="3"><body><freejoint/><geom size="0.1"/></body></replicate>', "replicate", "one by one"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_would_be_a_wrong_robot_is_refused(name, tmp_path):
    body, tag, accepted = REFUSED[name]
    path = tmp_path / "model.xml"
    path.write_text(f"<mujoco>\n<worldbody>\n{body}\n</worldbody></mujoco>")
    mujoco.MjModel.from_xml_path(str(path))  # it is a model, only not one of ours
    with pytest.raises(Refused) as error:
        compiled(path)
    assert "model.xml:3" in str(error.value) and tag in str(error.value) and accepted in str(error.value)
