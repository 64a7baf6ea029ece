"""`make demo`: the whole way, on one machine, in a few minutes, with nothing from outside.

An author publishes our Ant on a chain; a provider puts a bond up and serves it; PPO learns it over the wire and pays for every step; a
companion computes all of it again, and everybody is paid. The policy that comes out is hosted, and drives a session on the server without a
client in between; what the server recorded of that is filmed, replayed bit for bit, and made a Minari data set. The policy becomes an agent
on the chain, which another agent asks and pays. Another provider lies by one bit, the companion disputes, and a contract executes the one
instruction that says who is right. It ends with what everybody had and has, and what each action took. `story.py` is the
chain's part of it.

Writes into the folder `--out`: learning_curve.png, best_episode.gif, film_strip.png, policy.npz (the learner's own), policy.safetensors
(what a server hosts), best_episode.hdep (the recording: seed, actions and a digest of every step), minari/ (the data set) and market/ (the
chain, its wallets, what the processes said). `--json` names a file for all amounts and transactions. The binary is HYPERDUST_BINARY, or
`hyperdust` on the path; HYPERDUST_GUEST is the folder of the programs that disputes are played with.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

import gymnasium
import imageio.v3 as iio
import matplotlib
import numpy as np
import ppo_jax
from ppo_jax import Policy, to_env
from story import PATIENT, PURSES, DrawnSeeds, Story
from town import Failed, town

import hyperdust
from hyperdust import policies

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend must be chosen first)

FRAMES_PER_SECOND = 20
DATA_SET = "demo/expert-v0"


def save_hosted(policy: Policy, space: gymnasium.Space, path: Path) -> None:
    """The learner's policy as a file that servers host: its actor, what it sees, and where its actions lie."""
    layers = [(np.asarray(weight).T, np.asarray(bias)) for weight, bias in policy.params["actor"]]
    bounds = {}
    if isinstance(space, gymnasium.spaces.Box) and np.isfinite(space.low).all() and np.isfinite(space.high).all():
        bounds = {"low": space.low.ravel(), "high": space.high.ravel()}
    policies.save(path, layers, activation="tanh", mean=policy.mean, std=1.0 / policy.scale, clip=10.0, **bounds)


def film(env_id: str, episode: hyperdust.Episode, seconds: float) -> list[np.ndarray]:
    """Plays a recorded episode's actions in an environment here: the same world as the lane there that was seeded alike."""
    env = gymnasium.make(env_id, render_mode="rgb_array", width=320, height=240)
    env.reset(seed=episode.seed)
    every = max(1, round(1.0 / (FRAMES_PER_SECOND * env.unwrapped.dt)))
    frames = []
    actions = next(hyperdust.dataset(episode).trajectories(progress=False)).actions
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


def learn(story: Story, flags: argparse.Namespace) -> tuple[ppo_jax.Result, Policy, str]:
    """PPO over the wire, every step paid, and what the policy is worth before and after; the untrained one; the session."""
    config = ppo_jax.configure(flags.env_id, seed=flags.seed, total_steps=flags.steps)
    rng = np.random.default_rng(flags.seed)
    untrained = ppo_jax.train(dataclasses.replace(config, total_steps=0), progress=False).policy
    aimless = ppo_jax.evaluate(lambda seen: rng.uniform(-1, 1, untrained(seen).shape), config, flags.lanes)
    before = ppo_jax.evaluate(untrained, config, flags.lanes)
    rounds = -(-config.total_steps // (config.num_steps * config.num_envs))
    mode = config.autoreset.title().replace("_", "")
    envs = story.connect(config.num_envs, rounds * config.num_steps, autoreset_mode=mode)
    result = ppo_jax.train(config, DrawnSeeds(envs))
    session = story.paid(envs)
    after = ppo_jax.evaluate(result.policy, config, flags.lanes)  # here: the worlds are the same, bit for bit

    def say(label: str, found: dict[str, float]) -> None:
        speed = f", {found['speed']:.2f} m/s" if "speed" in found else ""
        print(f"  {label}: return {found['return']:.0f} ± {found['return_std']:.0f}, episode of {found['length']:.0f} steps{speed}")

    say("random actions ", aimless)
    say("before training", before)  # an untrained ant stands still, and is paid for being upright
    say("after training ", after)
    print(f"  {flags.steps / result.seconds:,.0f} steps a second, learning, the wire and payment included ({result.seconds:.0f} s)")
    return result, untrained, session


def drive(address: str, scene: str, policy: Policy, flags: argparse.Namespace) -> None:
    """The server's own policy plays an episode in each lane of a session; nothing is on the wire but the request."""
    envs = hyperdust.connect(address, scene, flags.lanes, record=True)
    observations, _ = envs.reset(seed=20_000)
    hosted = hyperdust.policy(address, "demo")
    asked = hosted(observations.reshape(flags.lanes, -1))
    space = envs.single_action_space
    mine = to_env(space, policy(observations)) if isinstance(space, gymnasium.spaces.Box) else None
    if mine is not None:
        print(f"  asked for {flags.lanes} rows, it differs from the learner's by {np.abs(asked - mine.reshape(asked.shape)).max():.1e}")
    steps = envs.server["max_episode_steps"]
    start = time.perf_counter()
    envs.run_policy("demo", steps, timeout=600.0)
    seconds = time.perf_counter() - start
    print(f"  RUN: {steps * flags.lanes:,} steps in one request, {steps * flags.lanes / seconds:,.0f} a second")
    hosted.close(), envs.close()


def recorded(address: str, scene: str, flags: argparse.Namespace) -> list[float]:
    """What the server has of that, filmed, replayed, and as a data set: the returns of its episodes."""
    recording = flags.out / "best_episode.hdep"
    episodes = hyperdust.dataset(address).filter(scene=scene, complete=True, min_steps=1)
    best = max((episode for episode in episodes if episode.seed is not None), key=lambda e: e.episode_return)
    print(f"  {len(episodes)} episodes; the best: return {best.episode_return:.1f}, {len(best)} steps, seed {best.seed}")
    verification = episodes.verify(progress=False)
    print(f"  {verification}")
    best.save(recording)
    frames = film(flags.env_id, best, seconds=10.0)
    iio.imwrite(flags.out / "best_episode.gif", frames, duration=1000 / FRAMES_PER_SECOND, loop=0)
    strip = np.concatenate([frames[i] for i in np.linspace(0, len(frames) - 1, 6).astype(int)], axis=1)
    iio.imwrite(flags.out / "film_strip.png", strip)
    report = hyperdust.replay(recording)  # from the file: anyone who has it can do the same
    if not (report.equal and verification.equal):
        raise Failed(f"replay differs: {report}")
    print(f"  replayed from {recording.stat().st_size:,} bytes: every digest matched ({report.matched} of {report.steps} steps)")
    episodes.to_minari(DATA_SET, overwrite=True, progress=False, algorithm_name="PPO")
    return sorted(episode.episode_return for episode in episodes)


def read_back(returns: list[float]) -> None:
    """The data set as anyone reads it."""
    import minari

    data = minari.load_dataset(DATA_SET)
    read = sorted(float(np.sum(episode.rewards)) for episode in data.iterate_episodes())
    print(f"  minari.load_dataset({DATA_SET!r}): {data.total_episodes} episodes, {data.total_steps:,} steps, mean return {np.mean(read):.1f}")
    if not np.allclose(read, returns):
        raise Failed("the data set differs from what was recorded")


def ask(story: Story, walker: int, policy: Policy, flags: argparse.Namespace) -> None:
    """Another agent asks the trained one about observations of its own."""
    worlds = hyperdust.make_vec(flags.env_id, num_envs=flags.lanes)
    observations, _ = worlds.reset(seed=30_000)
    rows = observations.reshape(flags.lanes, -1)
    answers, space = story.invoke(walker, rows), worlds.single_action_space
    if isinstance(space, gymnasium.spaces.Box):
        mine = to_env(space, policy(observations)).reshape(answers.shape)
        if not np.allclose(answers, mine, atol=1e-4):
            raise Failed(f"what the agent answered is not what the policy says: off by {np.abs(answers - mine).max()}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out"))
    parser.add_argument("--env-id", default="hyperdust/Ant-v0")
    parser.add_argument("--steps", type=int, default=1_200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lanes", type=int, default=16, help="episodes played to judge the policy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where all amounts and transactions are written down")
    flags = parser.parse_args()
    flags.out.mkdir(parents=True, exist_ok=True)
    os.environ["MINARI_DATASETS_PATH"] = str((flags.out / "minari").resolve())
    scene, hosted = gymnasium.spec(flags.env_id).kwargs["scene"], flags.out / "policy.safetensors"
    with tempfile.TemporaryDirectory(prefix="hyperdust-demo-") as folder, town(flags.out / "market", PURSES) as here:
        print(f"1. a market on this machine, and the author's scene on it (HyperDust {hyperdust.__version__})")
        story = Story(here, scene, Path(folder))
        story.publish()
        print("2. a provider puts a bond up and serves it; a companion watches")
        story.bond()
        with story.serving(patience=PATIENT):
            story.accompany()
            print(f"3. a user trains: PPO on {scene}, {flags.steps:,} steps, seed {flags.seed}, over the wire, every step paid")
            result, untrained, session = learn(story, flags)
            print("4. the companion computes all of it again, from actions and seeds alone")
            story.committed(session)
        draw_curve(result.curve, flags.env_id, flags.out / "learning_curve.png")
        result.policy.save(flags.out / "policy.npz")
        space, novice = hyperdust.load(scene).action_space, Path(folder) / "novice.safetensors"
        save_hosted(result.policy, space, hosted)
        save_hosted(untrained, space, novice)

        print("5. the provider claims, and everybody is paid")
        with story.serving(f"--policy=demo={hosted.resolve()}") as address:
            story.settle(session)
            print(f"6. the policy is hosted (digest {policies.load(hosted).digest[:18]}…) and drives a session of {flags.lanes} lanes")
            drive(address, scene, result.policy, flags)
            print("7. what the server has recorded of it, also as a Minari data set")
            returns = recorded(address, scene, flags)
            read_back(returns)
            print("8. what was learned becomes an agent, which another agent asks and pays")
            ask(story, story.agents(hosted, novice), result.policy, flags)
            story.leave()
        here.stop("companion")
        print("9. another provider lies by one bit")
        story.lie()
        print("10. who had what, who has what, and what it took; read back from the chain")
        story.close(flags.json)
    print(f"saved {', '.join(sorted(str(path) for path in flags.out.iterdir()))}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"FAILED: {error}")
