"""Stable-Baselines3 on HyperDust's threads: `.to_sb3()` makes its VecEnv, with `terminal_observation` where episodes end.

    pip install stable-baselines3 && python sb3_ppo.py --env-id hyperdust/CartPole-v0 --steps 100000
"""

from __future__ import annotations

import argparse

from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

import hyperdust


def main(env_id: str, steps: int, num_envs: int, seed: int) -> float:
    """Trains and returns the mean return of 16 episodes."""
    envs = VecMonitor(hyperdust.make_vec(env_id, num_envs=num_envs).to_sb3())
    model = PPO("MlpPolicy", envs, n_steps=max(8, 2048 // num_envs), batch_size=256, seed=seed, device="cpu")
    model.learn(steps)
    mean, spread = evaluate_policy(model, envs, n_eval_episodes=16)
    envs.close()
    print(f"{env_id}: return {mean:.1f} ± {spread:.1f} after {steps:,} steps")
    return float(mean)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env-id", default="hyperdust/CartPole-v0")
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--num-envs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    main(**vars(parser.parse_args()))
