"""`make demo`: a few minutes of PPO on our Ant, then proof that its best episode can be run again bit for bit.

Writes into the folder `--out`: learning_curve.png, best_episode.gif, film_strip.png, policy.npz and best_episode.hdep
(the recording: blueprint, seed, actions and a digest of every step).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import gymnasium
import imageio.v3 as iio
import matplotlib
import numpy as np
import ppo_jax
from ppo_jax import Policy, to_env

import hyperdust

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

FRAMES_PER_SECOND = 20


def best_episode(policy: Policy, env_id: str, lanes: int, seed: int) -> tuple[hyperdust.Episode, int, np.ndarray, np.ndarray]:
    """Lets the policy play one episode in each lane: the recording of the best, its lane, its actions, and all returns."""
    envs = hyperdust.make_vec(env_id, num_envs=lanes, record=True)
    observations, _ = envs.reset(seed=seed)
    finished: dict[int, hyperdust.Episode] = {}
    returns, running, taken = np.zeros(lanes), np.ones(lanes, bool), []
    while running.any():
        taken.append(to_env(envs.single_action_space, policy(observations)))
        observations, rewards, terminated, truncated, _ = envs.step(taken[-1])
        returns += np.where(running, rewards, 0.0)
        running &= ~(terminated | truncated)
        for lane, episode in envs.finished_episodes():
            finished.setdefault(lane, episode)
    envs.close()
    best = int(returns.argmax())
    return finished[best], best, np.stack(taken)[: len(finished[best]), best], returns


def film(env_id: str, seed: int, actions: np.ndarray, seconds: float) -> list[np.ndarray]:
    """Plays the actions in a single environment: the same world as the lane that was seeded alike."""
    env = gymnasium.make(env_id, render_mode="rgb_array", width=320, height=240)
    env.reset(seed=seed)
    every = max(1, round(1.0 / (FRAMES_PER_SECOND * env.unwrapped.dt)))
    frames = []
    for step, action in enumerate(actions[: round(seconds / env.unwrapped.dt)]):
        env.step(action)
        if step % every == 0:
            frames.append(env.render())
    env.close()
    return frames


def draw_curve(curve: list[dict[str, float]], env_id: str, path: Path) -> None:
    rows = [row for row in curve if "return" in row]
    steps, returns = [row["steps"] / 1e6 for row in rows], [row["return"] for row in rows]
    figure, axes = plt.subplots(figsize=(7, 4), constrained_layout=True)
    axes.plot(steps, returns, color="#b9cbe6", linewidth=1)
    width = max(1, len(returns) // 20)
    smooth = [float(np.mean(returns[max(0, i - width + 1) : i + 1])) for i in range(len(returns))]
    axes.plot(steps, smooth, color="#1f4e9c", linewidth=2)
    axes.set(xlabel="environment steps (millions)", ylabel="return while exploring", title=f"PPO on {env_id}")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--env-id", default="hyperdust/Ant-v0")
    parser.add_argument("--steps", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=16, help="episodes played to judge the policy")
    flags = parser.parse_args()
    flags.out.mkdir(parents=True, exist_ok=True)

    config = ppo_jax.configure(flags.env_id, seed=flags.seed, total_steps=flags.steps)
    print(f"HyperDust {hyperdust.__version__}: PPO on {flags.env_id}, {flags.steps:,} steps, seed {flags.seed}")
    rng = np.random.default_rng(flags.seed)
    untrained = ppo_jax.train(dataclasses.replace(config, total_steps=0), progress=False).policy
    aimless = ppo_jax.evaluate(lambda seen: rng.uniform(-1, 1, untrained(seen).shape), config, flags.lanes)
    before = ppo_jax.evaluate(untrained, config, flags.lanes)
    result = ppo_jax.train(config)
    after = ppo_jax.evaluate(result.policy, config, flags.lanes)

    def say(label: str, found: dict[str, float]) -> None:
        speed = f", {found['speed']:.2f} m/s" if "speed" in found else ""
        print(f"{label}: return {found['return']:.0f} ± {found['return_std']:.0f}, episode of {found['length']:.0f} steps{speed}")

    say("random actions ", aimless)
    say("before training", before)  # an untrained ant stands still, and is paid for being upright
    say("after training ", after)
    print(f"{flags.steps / result.seconds:,.0f} steps a second, learning included ({result.seconds:.0f} s)")

    seed = 20_000
    episode, lane, actions, returns = best_episode(result.policy, flags.env_id, flags.lanes, seed)
    frames = film(flags.env_id, seed + lane, actions, seconds=10.0)
    iio.imwrite(flags.out / "best_episode.gif", frames, duration=1000 / FRAMES_PER_SECOND, loop=0)
    strip = np.concatenate([frames[i] for i in np.linspace(0, len(frames) - 1, 6).astype(int)], axis=1)
    iio.imwrite(flags.out / "film_strip.png", strip)
    draw_curve(result.curve, flags.env_id, flags.out / "learning_curve.png")
    result.policy.save(flags.out / "policy.npz")
    recording = flags.out / "best_episode.hdep"
    episode.save(recording)
    print(f"saved {', '.join(sorted(str(path) for path in flags.out.iterdir() if path.is_file()))}")

    report = hyperdust.replay(recording)  # from the file alone: anyone who has it can do the same
    print(f"best episode: return {returns[lane]:.1f}, seed {seed + lane}, {len(episode)} steps, {recording.stat().st_size:,} bytes")
    if not report.equal:
        print(f"REPLAY DIFFERS: {report}")
        return 1
    print(f"replayed: every digest matched ({report.matched} of {report.steps} steps)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
