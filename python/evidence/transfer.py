"""Policies carry over: trained in our Ant and judged in Gymnasium's Ant-v5, and the other way round, >= 90 % of the return.

The policy of the other way is trained in EnvPool's Ant-v5 (the same definition over the same MuJoCo, but quick enough); all
judging of it against MuJoCo is in Gymnasium's own. 32 fresh episodes a number, most likely actions. Writes docs/evidence/transfer.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
import machine  # noqa: E402
import ppo_jax  # noqa: E402

from hyperdust.bench.contestants import EnvPool  # noqa: E402

KEPT = 0.9
OURS, THEIRS = "hyperdust/Ant-v0", "Ant-v5"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=2_000_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=32)
    flags = parser.parse_args()
    before = machine.describe()
    rows, missed = [], []
    for seed in range(1, flags.seeds + 1):
        for trained_in, other in ((OURS, THEIRS), (THEIRS, OURS)):
            config = ppo_jax.configure(trained_in, seed=seed, total_steps=flags.steps)
            envs = None
            if trained_in == THEIRS:
                config = ppo_jax.dataclasses.replace(config, autoreset="next_step")
                envs = EnvPool("Ant-v5", config.num_envs, seed)
            result = ppo_jax.train(config, envs)
            if envs is not None:
                envs.close()
            at_home = ppo_jax.evaluate(result.policy, ppo_jax.configure(trained_in), flags.episodes)
            away = ppo_jax.evaluate(result.policy, ppo_jax.configure(other), flags.episodes)
            kept = away["return"] / at_home["return"]
            run = {"trained_in": trained_in, "seed": seed, "seconds": round(result.seconds, 1)}
            rows.append({**run, "at_home": at_home, "away": away, "kept": kept})
            print(f"{run}: {at_home['return']:.0f} at home, {away['return']:.0f} in {other}: {kept:.1%}", flush=True)
    summary = {}
    for trained_in in (OURS, THEIRS):
        kept = float(np.mean([row["kept"] for row in rows if row["trained_in"] == trained_in]))
        summary[f"trained in {trained_in}"] = {"mean_kept": kept, "bound": KEPT}
        if kept < KEPT:
            missed.append(f"trained in {trained_in}: {kept:.1%} of the return is kept, less than {KEPT:.0%}")
    machine.write("transfer", before, {"summary": summary, "missed": missed, "steps": flags.steps, "runs": rows})
    print("\n".join(missed) or "every bound is met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
