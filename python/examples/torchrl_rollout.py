"""TorchRL on HyperDust: `GymEnv` takes a registered id, and its specs are checked against real rollouts.

    pip install torchrl && python torchrl_rollout.py --env-id hyperdust/HalfCheetah-v0
"""

from __future__ import annotations

import argparse

from tensordict import TensorDict
from torchrl.envs import GymEnv, StepCounter, TransformedEnv, check_env_specs

import hyperdust  # noqa: F401  (registers hyperdust/...)


def main(env_id: str, steps: int, seed: int) -> TensorDict:
    """A rollout of `steps` random actions, crossing the ends of episodes."""
    env = TransformedEnv(GymEnv(env_id), StepCounter())
    env.set_seed(seed)
    check_env_specs(env)
    rollout = env.rollout(steps, break_when_any_done=False)
    done = int(rollout["next", "done"].sum())
    print(f"{env_id}: {len(rollout)} steps, {done} episode ends, mean reward {rollout['next', 'reward'].mean():.3f}")
    env.close()
    return rollout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env-id", default="hyperdust/HalfCheetah-v0")
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    main(**vars(parser.parse_args()))
