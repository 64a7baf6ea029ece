"""Learning curves: PPO from python/examples, five seeds each, with the bounds that the project promises.

CartPole: mean return >= 475; Pendulum: >= -250; all ten runs within 10 minutes. Ant: mean forward speed >= 1 m/s, each
run within 30 minutes. Judged on 128 fresh episodes with most likely actions. Writes docs/evidence/learning.json and
learning.png; exits 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
import machine  # noqa: E402
import ppo_jax  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# task: what is judged, and its bound
BOUNDS = {"CartPole": ("return", 475.0), "Pendulum": ("return", -250.0), "Ant": ("speed", 1.0)}
EPISODES = 128
CLASSIC_SECONDS, ANT_SECONDS = 600.0, 1800.0


def thin(curve: list[dict[str, float]], points: int = 100) -> list[dict[str, float]]:
    """Rows with a return, about `points` of them, rounded."""
    rows = [row for row in curve if "return" in row]
    keep = np.unique(np.linspace(0, len(rows) - 1, min(points, len(rows))).astype(int)) if rows else []
    return [{key: float(f"{rows[i][key]:.5g}") for key in ("steps", "seconds", "return", "length")} for i in keep]


def draw(runs: dict[str, list[dict]], path: Path) -> None:
    figure, panels = plt.subplots(1, len(runs), figsize=(4.2 * len(runs), 3.4), constrained_layout=True, squeeze=False)
    for axes, (task, seeds) in zip(panels[0], runs.items(), strict=True):
        for run in seeds:
            steps, returns = [row["steps"] / 1e6 for row in run["curve"]], [row["return"] for row in run["curve"]]
            axes.plot(steps, returns, linewidth=1, label=f"seed {run['seed']}")
        kind, bound = BOUNDS[task]
        if kind == "return":
            axes.axhline(bound, color="grey", linestyle="--", linewidth=1)
        axes.set(title=f"hyperdust/{task}-v0", xlabel="environment steps (millions)", ylabel="return while exploring")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(BOUNDS))
    parser.add_argument("--seeds", type=int, default=5)
    flags = parser.parse_args()
    before = machine.describe()
    runs: dict[str, list[dict]] = {}
    for task in flags.tasks:
        for seed in range(1, flags.seeds + 1):
            config = ppo_jax.configure(f"hyperdust/{task}-v0", seed=seed)
            result = ppo_jax.train(config)
            judged = ppo_jax.evaluate(result.policy, config, episodes=EPISODES)
            print(f"{task} seed {seed}: {judged} after {result.seconds:.0f} s", flush=True)
            runs.setdefault(task, []).append({"seed": seed, "seconds": round(result.seconds, 1), **judged, "curve": thin(result.curve)})
            if seed == 1:
                result.policy.save(machine.ROOT / "out" / "evidence" / f"{task.lower()}.npz")

    summary, missed = {}, []
    for task, seeds in runs.items():
        kind, bound = BOUNDS[task]
        mean = float(np.mean([run[kind] for run in seeds]))
        longest, total = max(run["seconds"] for run in seeds), sum(run["seconds"] for run in seeds)
        summary[task] = {f"mean_{kind}": mean, "bound": bound, "longest_seconds": longest, "total_seconds": round(total, 1)}
        if mean < bound:
            missed.append(f"{task}: mean {kind} {mean:.2f} < {bound}")
    classic = sum(summary[task]["total_seconds"] for task in ("CartPole", "Pendulum") if task in summary)  # all ten runs
    if classic > CLASSIC_SECONDS:
        missed.append(f"CartPole and Pendulum took {classic:.0f} s, more than {CLASSIC_SECONDS:.0f}")
    if summary.get("Ant", {}).get("longest_seconds", 0.0) > ANT_SECONDS:
        missed.append(f"Ant took more than {ANT_SECONDS:.0f} s")
    configs = {task: ppo_jax.dataclasses.asdict(ppo_jax.configure(f"hyperdust/{task}-v0")) for task in runs}
    machine.write("learning", before, {"summary": summary, "missed": missed, "configs": configs, "runs": runs})
    draw(runs, machine.EVIDENCE / "learning.png")
    print("\n".join(missed) or "every bound is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
