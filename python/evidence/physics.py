"""The long form of python/tests/test_mujoco_oracle.py: one-step velocity errors against MuJoCo from 2,000 states a robot.

States are those reached under random torque; both solvers start each step from the same f32 numbers. Bounds: median <= 1e-5, 99th
percentile <= 1e-3 (m/s, rad/s). Writes docs/evidence/physics.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import machine  # noqa: E402
import mujoco  # noqa: E402
from test_mujoco_oracle import CASES, pair, restart  # noqa: E402

MEDIAN, TAIL = 1e-5, 1e-3
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)


def one_step_errors(path: Path, integrator: str, states: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest velocity error of each step, and the number of contacts that MuJoCo had in it."""
    model, data, robot = pair(path, integrator)
    rng = np.random.default_rng(seed)
    low, high = model.actuator_ctrlrange.T
    errors, contacts = np.empty(states), np.empty(states, int)
    for index in range(states):
        if index % 250 == 0:
            restart(model, data, rng)
        if index % 5 == 0:
            control = rng.uniform(low, high).astype(np.float32)
        data.qpos[:], data.qvel[:] = data.qpos.astype(np.float32), data.qvel.astype(np.float32)
        robot.set(data.qpos.astype(np.float32), data.qvel.astype(np.float32))
        data.ctrl[:] = control
        mujoco.mj_step(model, data)
        robot.step(control, 1)
        errors[index], contacts[index] = np.abs(robot.qvel() - data.qvel).max(), data.ncon
    return errors, contacts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", type=int, default=2000)
    flags = parser.parse_args()
    before = machine.describe()
    rows, missed = [], []
    for case in CASES:
        name, path, integrator = case.values
        errors, contacts = one_step_errors(path, integrator, flags.states, seed=7)
        quantiles = {f"p{100 * q:g}": float(f"{np.quantile(errors, q):.3g}") for q in QUANTILES}
        rows.append({"case": case.id, "states": flags.states, "in_contact": float((contacts > 0).mean()), "velocity_error": quantiles})
        print(f"{case.id:36} {quantiles}", flush=True)
        if not (quantiles["p50"] <= MEDIAN and quantiles["p99"] <= TAIL):
            missed.append(f"{case.id}: {quantiles}")
    machine.write("physics", before, {"bounds": {"p50": MEDIAN, "p99": TAIL}, "missed": missed, "runs": rows})
    print("\n".join(missed) or "every bound is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
