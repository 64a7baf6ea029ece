"""Proximal policy optimisation in one file: JAX on the CPU, any Gymnasium vector environment.

    python ppo_jax.py --env-id hyperdust/Ant-v0 --seed 1 --save runs/ant.npz
    python ppo_jax.py --env-id CartPole-v1 --autoreset next_step          # any other Gymnasium id works too

What it gets right, and where to look:
  * Autoreset (`collect`). Under SAME_STEP the observation returned beside `done` belongs to the next episode and the true
    successor is in `info["final_obs"]`: the value that a *truncated* episode bootstraps from is taken there. Under
    NEXT_STEP the step after `done` only resets: its action is ignored, so that transition carries no weight in the loss.
  * Terminated is not truncated (`advantages`): the first ends the return, the second only ends our look at it.
  * One iteration's observation statistics are frozen, so the ratio of new to old policy is 1 before the first update.
  * The environment may reuse the arrays it returned: whatever is kept is copied into the rollout's own buffers.

The same seed, flags and machine give the same weights. Each iteration is one rollout of `num_steps` x `num_envs`
transitions and one jitted call that runs every epoch and minibatch in nested `lax.scan`s.
Reference: Schulman et al., "Proximal Policy Optimization Algorithms", 2017; generalised advantages: Schulman et al., 2016.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium.vector import AutoresetMode
from tqdm import tqdm


@dataclasses.dataclass(frozen=True)
class Config:
    """Every knob; each is a command-line flag of the same name. `PRESETS` holds the values that suit a task."""

    env_id: str = "hyperdust/Ant-v0"
    seed: int = 1
    total_steps: int = 1_000_000  # environment steps, summed over lanes
    num_envs: int = 64
    num_steps: int = 64  # rollout length per lane
    num_threads: int = 0  # of the environment; 0: its own choice
    autoreset: str = "same_step"  # or next_step, disabled
    vectorization: str = "sync"  # for environments without a vector form of their own: sync or async
    learning_rate: float = 3e-4  # falls linearly to zero
    epochs: int = 4
    minibatches: int = 8
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    entropy_bonus: float = 0.0
    value_weight: float = 0.5
    max_grad_norm: float = 0.5
    initial_log_std: float = 0.0
    hidden: int = 64
    normalize_observations: bool = True
    normalize_rewards: bool = True


PRESETS: dict[str, dict[str, Any]] = {
    "CartPole": dict(total_steps=250_000, num_envs=32, num_steps=64, learning_rate=1e-3, entropy_bonus=0.005, epochs=6, minibatches=4),
    "Pendulum": dict(total_steps=300_000, num_envs=32, num_steps=64, learning_rate=1e-3, gamma=0.95, epochs=10, minibatches=8),
    "Ant": dict(total_steps=3_000_000, num_envs=64, num_steps=64, learning_rate=6e-4, gamma=0.98, epochs=5, minibatches=8, initial_log_std=-1.0),
}


def configure(env_id: str, **overrides: Any) -> Config:
    """The preset whose task name `env_id` contains, with `overrides` on top."""
    name = env_id.rsplit("/", 1)[-1].rsplit("-", 1)[0]
    return Config(env_id=env_id, **{**PRESETS.get(name, {}), **overrides})


def make_envs(config: Config, num_envs: int | None = None, **kwargs: Any) -> gym.vector.VectorEnv:
    """A vector environment in the wanted autoreset mode; `hyperdust/...` ids step natively on their own threads."""
    num_envs = num_envs or config.num_envs
    mode = AutoresetMode[config.autoreset.upper()]
    if "hyperdust/" in config.env_id:
        import hyperdust

        threads = {"num_threads": config.num_threads} if config.num_threads else {}
        return hyperdust.make_vec(config.env_id, num_envs=num_envs, autoreset_mode=mode, **threads, **kwargs)
    return gym.make_vec(
        config.env_id, num_envs, vectorization_mode=config.vectorization, vector_kwargs={"autoreset_mode": mode}, **kwargs
    )


# ------------------------------------------------------------------------------------------------ the policy


class Moments(NamedTuple):
    """Running mean and variance (Chan et al., parallel form), in f64: a long run does not lose small changes."""

    mean: np.ndarray
    var: np.ndarray
    count: float

    @staticmethod
    def of(shape: tuple[int, ...]) -> Moments:
        return Moments(np.zeros(shape), np.ones(shape), 1e-4)

    def update(self, batch: np.ndarray) -> Moments:
        """`batch` is (samples, *shape)."""
        if len(batch) == 0:
            return self
        mean, var, count = batch.mean(0, dtype=np.float64), batch.var(0, dtype=np.float64), len(batch)
        delta, total = mean - self.mean, self.count + count
        second = self.var * self.count + var * count + delta**2 * self.count * count / total
        return Moments(self.mean + delta * count / total, second / total, total)


def normalize(mean: Any, scale: Any, observations: Any) -> Any:
    """Works on NumPy and on JAX arrays: training and the saved policy see the same numbers."""
    return ((observations - mean) * scale).clip(-10.0, 10.0)


def init_params(key: jax.Array, inputs: int, outputs: int, hidden: int, log_std: float | None) -> dict:
    """Two tanh networks, orthogonal weights; a small last policy layer keeps the first actions near the middle."""

    def network(key: jax.Array, sizes: list[int], last: float) -> list:
        layers = []
        for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
            key, sub = jax.random.split(key)
            gain = last if i == len(sizes) - 2 else 2**0.5
            layers.append((jax.nn.initializers.orthogonal(gain)(sub, (fan_in, fan_out), jnp.float32), jnp.zeros(fan_out)))
        return layers

    actor, critic = jax.random.split(key)
    params = {
        "actor": network(actor, [inputs, hidden, hidden, outputs], 0.01),
        "critic": network(critic, [inputs, hidden, hidden, 1], 1.0),
    }
    return params if log_std is None else {**params, "log_std": jnp.full(outputs, log_std)}


def forward(layers: list, x: Any, tanh: Any = jnp.tanh) -> Any:
    for weight, bias in layers[:-1]:
        x = tanh(x @ weight + bias)
    return x @ layers[-1][0] + layers[-1][1]


def log_prob_and_entropy(params: dict, observations: jax.Array, actions: jax.Array) -> tuple[jax.Array, jax.Array]:
    output = forward(params["actor"], observations)
    if "log_std" not in params:  # categorical
        logits = jax.nn.log_softmax(output)
        log_prob = jnp.take_along_axis(logits, actions[:, None], axis=-1)[:, 0]
        return log_prob, -(jnp.exp(logits) * logits).sum(-1)
    log_std = params["log_std"]
    z = (actions - output) / jnp.exp(log_std)
    log_prob = (-0.5 * z**2 - log_std - 0.5 * jnp.log(2 * jnp.pi)).sum(-1)
    entropy = (log_std + 0.5 * jnp.log(2 * jnp.pi * jnp.e)).sum()
    return log_prob, jnp.broadcast_to(entropy, log_prob.shape)


@jax.jit
def sample(params: dict, mean: jax.Array, scale: jax.Array, observations: jax.Array, key: jax.Array, step: jax.Array) -> Any:
    """Actions for (lanes, inputs) raw observations, and their log-probability."""
    observations = normalize(mean, scale, observations)
    output = forward(params["actor"], observations)
    key = jax.random.fold_in(key, step)
    if "log_std" not in params:
        actions = jax.random.categorical(key, output)
    else:
        actions = output + jnp.exp(params["log_std"]) * jax.random.normal(key, output.shape)
    return actions, log_prob_and_entropy(params, observations, actions)[0]


class Policy:
    """A trained policy in plain NumPy: no JAX is needed to load it and act. Continuous actions are in [-1, 1] before scaling."""

    def __init__(self, params: dict, mean: np.ndarray, scale: np.ndarray) -> None:
        self.params = jax.tree.map(np.asarray, params)
        self.mean, self.scale = mean.astype(np.float32), scale.astype(np.float32)

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """The most likely action for each of (lanes, *shape) observations, unscaled."""
        flat = observations.reshape(len(observations), -1).astype(np.float32)
        output = forward(self.params["actor"], normalize(self.mean, self.scale, flat), np.tanh)
        return output if "log_std" in self.params else output.argmax(-1)

    def save(self, path: str | Path) -> None:
        arrays = {f"{net}_{i}_{j}": a for net in ("actor", "critic") for i, l in enumerate(self.params[net]) for j, a in enumerate(l)}
        if "log_std" in self.params:
            arrays["log_std"] = self.params["log_std"]
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, mean=self.mean, scale=self.scale, **arrays)

    @staticmethod
    def load(path: str | Path) -> Policy:
        file = np.load(path)
        params: dict = {net: [(file[f"{net}_{i}_0"], file[f"{net}_{i}_1"]) for i in range(3)] for net in ("actor", "critic")}
        if "log_std" in file:
            params["log_std"] = file["log_std"]
        return Policy(params, file["mean"], file["scale"])


def to_env(space: gym.Space, actions: np.ndarray) -> np.ndarray:
    """From the policy's numbers to the environment's: [-1, 1] is stretched over a bounded Box, and clipped to it."""
    if isinstance(space, gym.spaces.Discrete):
        return actions.astype(space.dtype) + space.start
    low, high = space.low, space.high
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return actions.reshape(-1, *space.shape).astype(space.dtype)
    unit = np.clip(actions.reshape(-1, *space.shape), -1.0, 1.0)
    return (low + 0.5 * (unit + 1.0) * (high - low)).astype(space.dtype)


# ------------------------------------------------------------------------------------------------ collecting experience


class Rollout(NamedTuple):
    """One iteration's experience; every array is (num_steps, num_envs, ...)."""

    observations: np.ndarray
    successors: np.ndarray  # what really followed, also where the environment had already reset itself
    actions: np.ndarray
    log_probs: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    done: np.ndarray  # terminated or truncated
    valid: np.ndarray  # False for NEXT_STEP's reset-only steps

    @staticmethod
    def empty(steps: int, lanes: int, inputs: int, space: gym.Space) -> Rollout:
        discrete = isinstance(space, gym.spaces.Discrete)
        action = np.zeros((steps, lanes), np.int32) if discrete else np.zeros((steps, lanes, int(np.prod(space.shape))), np.float32)
        scalar, flag = partial(np.zeros, (steps, lanes), np.float32), partial(np.zeros, (steps, lanes), bool)
        wide = partial(np.zeros, (steps, lanes, inputs), np.float32)
        return Rollout(wide(), wide(), action, scalar(), scalar(), flag(), flag(), flag())


class Collector:
    """Steps the environment and keeps what must survive from one rollout to the next."""

    def __init__(self, envs: gym.vector.VectorEnv, config: Config) -> None:
        self.envs, self.lanes = envs, envs.num_envs
        self.mode = AutoresetMode(envs.metadata["autoreset_mode"])
        self.inputs = int(np.prod(envs.single_observation_space.shape))
        self.rollout = Rollout.empty(config.num_steps, self.lanes, self.inputs, envs.single_action_space)
        self.observations = envs.reset(seed=config.seed)[0]
        self.dead = np.zeros(self.lanes, bool)  # this lane's next step only resets
        self.returns, self.lengths = np.zeros(self.lanes), np.zeros(self.lanes, int)

    def collect(self, params: dict, mean: jax.Array, scale: jax.Array, key: jax.Array) -> tuple[Rollout, list[tuple[float, int]]]:
        """One rollout, and the (return, length) of every episode that ended in it. The arrays are reused by the next call."""
        r, finished = self.rollout, []
        for t in range(len(r.rewards)):
            r.observations[t] = self.observations.reshape(self.lanes, -1)
            actions, log_probs = sample(params, mean, scale, r.observations[t], key, t)
            r.actions[t], r.log_probs[t] = actions, log_probs
            following, rewards, terminated, truncated, info = self.envs.step(to_env(self.envs.single_action_space, r.actions[t]))
            done = terminated | truncated
            r.successors[t] = following.reshape(self.lanes, -1)
            if self.mode is AutoresetMode.SAME_STEP and done.any():
                r.successors[t][done] = np.stack(list(info["final_obs"][done])).reshape(int(done.sum()), -1)
            r.rewards[t], r.terminated[t], r.done[t], r.valid[t] = rewards, terminated, done, ~self.dead
            self.returns += np.where(self.dead, 0.0, rewards)
            self.lengths += ~self.dead
            finished += [(float(self.returns[i]), int(self.lengths[i])) for i in np.flatnonzero(done)]
            self.returns[done], self.lengths[done] = 0.0, 0
            if self.mode is AutoresetMode.NEXT_STEP:
                self.dead = done.copy()
            elif self.mode is AutoresetMode.DISABLED and done.any():
                following, _ = self.envs.reset(options={"reset_mask": done})
            self.observations = following
        return r, finished


# ------------------------------------------------------------------------------------------------ learning


class Adam(NamedTuple):
    """Kingma & Ba, 2015."""

    first: dict
    second: dict
    count: jax.Array

    @staticmethod
    def of(params: dict) -> Adam:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return Adam(zeros, zeros, jnp.zeros((), jnp.int32))

    def apply(self, params: dict, grads: dict, rate: jax.Array, max_norm: float) -> tuple[dict, Adam]:
        norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(grads)))
        grads = jax.tree.map(lambda g: g * jnp.minimum(1.0, max_norm / (norm + 1e-6)), grads)
        count = self.count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, self.first, grads)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, self.second, grads)
        correct = jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        params = jax.tree.map(lambda p, m, v: p - rate * correct * m / (jnp.sqrt(v) + 1e-5), params, first, second)
        return params, Adam(first, second, count)


def advantages(params: dict, r: Rollout, config: Config) -> tuple[jax.Array, jax.Array]:
    """Generalised advantages and value targets, both (num_steps, num_envs); observations are already normalised."""
    value, following = forward(params["critic"], r.observations)[..., 0], forward(params["critic"], r.successors)[..., 0]
    delta = r.rewards + config.gamma * following * (1.0 - r.terminated) - value

    def backward(carry: jax.Array, step: tuple) -> tuple[jax.Array, jax.Array]:
        delta, done = step
        carry = delta + config.gamma * config.gae_lambda * (1.0 - done) * carry
        return carry, carry

    _, advantage = jax.lax.scan(backward, jnp.zeros_like(delta[0]), (delta, r.done), reverse=True)
    return advantage, advantage + value


@partial(jax.jit, static_argnames="config")
def improve(
    params: dict, adam: Adam, r: Rollout, mean: jax.Array, scale: jax.Array, rate: jax.Array, key: jax.Array, config: Config
) -> Any:
    """All epochs over one rollout; returns the new parameters, optimiser state and mean (policy loss, value loss, KL)."""
    r = r._replace(
        observations=normalize(mean, scale, r.observations),
        successors=normalize(mean, scale, r.successors),
        **{name: getattr(r, name).astype(jnp.float32) for name in ("terminated", "done", "valid")},
    )
    advantage, target = advantages(params, r, config)
    size = advantage.size
    flat = [x.reshape(size, *x.shape[2:]) for x in (r.observations, r.actions, r.log_probs, advantage, target, r.valid)]

    def loss(params: dict, batch: list) -> tuple[jax.Array, jax.Array]:
        observations, actions, old, advantage, target, valid = batch
        weight = valid / jnp.maximum(valid.sum(), 1.0)
        centred = advantage - (advantage * weight).sum()
        advantage = centred / (jnp.sqrt((centred**2 * weight).sum()) + 1e-8)
        log_prob, entropy = log_prob_and_entropy(params, observations, actions)
        log_ratio = log_prob - old
        ratio = jnp.exp(log_ratio)
        gain = jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - config.clip, 1 + config.clip) * advantage)
        policy_loss = -(gain * weight).sum()
        value_loss = 0.5 * ((forward(params["critic"], observations)[:, 0] - target) ** 2 * weight).sum()
        total = policy_loss + config.value_weight * value_loss - config.entropy_bonus * (entropy * weight).sum()
        return total, jnp.stack([policy_loss, value_loss, ((ratio - 1 - log_ratio) * weight).sum()])

    def minibatch(carry: tuple, index: jax.Array) -> tuple[tuple, jax.Array]:
        params, adam = carry
        grads, metrics = jax.grad(loss, has_aux=True)(params, [x[index] for x in flat])
        return adam.apply(params, grads, rate, config.max_grad_norm), metrics

    def epoch(carry: tuple, key: jax.Array) -> tuple[tuple, jax.Array]:
        order = jax.random.permutation(key, size)[: size // config.minibatches * config.minibatches]
        return jax.lax.scan(minibatch, carry, order.reshape(config.minibatches, -1))

    (params, adam), metrics = jax.lax.scan(epoch, (params, adam), jax.random.split(key, config.epochs))
    return params, adam, metrics.mean((0, 1))


@dataclasses.dataclass
class Result:
    """What a run gives back. `curve` has one row an iteration: steps, seconds, mean return and length of its episodes."""

    config: Config
    policy: Policy
    curve: list[dict[str, float]]
    seconds: float


def train(config: Config, envs: gym.vector.VectorEnv | None = None, progress: bool = True) -> Result:
    """Trains on `config.env_id`, or on `envs` where one is passed in (it is then the caller's to close)."""
    owned = envs is None
    envs = make_envs(config) if envs is None else envs
    space = envs.single_action_space
    discrete = isinstance(space, gym.spaces.Discrete)
    collector = Collector(envs, config)
    key = jax.random.key(config.seed)
    key, sub = jax.random.split(key)
    outputs = int(space.n) if discrete else int(np.prod(space.shape))
    params = init_params(sub, collector.inputs, outputs, config.hidden, None if discrete else config.initial_log_std)
    adam = Adam.of(params)
    # The jitted update is cached by what it reads: runs that differ only in seed or length share one compilation.
    static = dataclasses.replace(config, env_id="", seed=0, total_steps=0, num_threads=0, autoreset="", vectorization="")

    moments, reward_moments = Moments.of((collector.inputs,)), Moments.of(())
    discounted = np.zeros(envs.num_envs)
    batch = config.num_steps * envs.num_envs
    iterations = -(-config.total_steps // batch)  # 0 gives the untrained policy
    curve: list[dict[str, float]] = []
    start = time.perf_counter()
    bar = tqdm(total=iterations * batch, unit="step", unit_scale=True, disable=not progress, desc=config.env_id, mininterval=0.5)
    for iteration in range(iterations):
        mean, scale = moments.mean.astype(np.float32), (1.0 / np.sqrt(moments.var + 1e-8)).astype(np.float32)
        key, act_key, learn_key = jax.random.split(key, 3)
        rollout, finished = collector.collect(params, mean, scale, act_key)

        if config.normalize_rewards:  # divide by the spread of the discounted return; the sign and zero stay
            seen = np.zeros_like(rollout.rewards)
            for t in range(config.num_steps):
                discounted = discounted * config.gamma + rollout.rewards[t]
                seen[t] = discounted
                discounted = np.where(rollout.done[t], 0.0, discounted)
            reward_moments = reward_moments.update(seen[rollout.valid])
            rewards = np.clip(rollout.rewards / np.sqrt(reward_moments.var + 1e-8), -10.0, 10.0).astype(np.float32)
        else:
            rewards = rollout.rewards
        rate = np.float32(config.learning_rate * (1.0 - iteration / iterations))
        params, adam, metrics = improve(params, adam, rollout._replace(rewards=rewards), mean, scale, rate, learn_key, static)
        jax.block_until_ready(params)  # the rollout's buffers are about to be overwritten
        if config.normalize_observations:
            moments = moments.update(rollout.observations[rollout.valid])

        row = {"steps": (iteration + 1) * batch, "seconds": time.perf_counter() - start, "kl": float(metrics[2])}
        if finished:
            row |= {"return": float(np.mean([f[0] for f in finished])), "length": float(np.mean([f[1] for f in finished]))}
            bar.set_postfix_str(f"return {row['return']:.1f}", refresh=False)
        curve.append(row)
        bar.update(batch)
    bar.close()
    if owned:
        envs.close()
    return Result(config, Policy(params, moments.mean, 1.0 / np.sqrt(moments.var + 1e-8)), curve, time.perf_counter() - start)


def evaluate(policy: Policy, config: Config, episodes: int = 32, seed: int = 10_000, **kwargs: Any) -> dict[str, float]:
    """One episode in each of `episodes` lanes, most likely actions: mean return and length, and the mean `x_velocity` of robots."""
    envs = make_envs(dataclasses.replace(config, autoreset="next_step"), num_envs=episodes, **kwargs)
    observations, _ = envs.reset(seed=seed)
    running = np.ones(episodes, bool)
    returns, lengths, distance = np.zeros(episodes), np.zeros(episodes, int), np.zeros(episodes)
    while running.any():
        observations, rewards, terminated, truncated, info = envs.step(to_env(envs.single_action_space, policy(observations)))
        returns += np.where(running, rewards, 0.0)
        lengths += running
        if "x_velocity" in info:
            distance += np.where(running, info["x_velocity"], 0.0)
        running &= ~(terminated | truncated)
    envs.close()
    result = {"return": float(returns.mean()), "return_std": float(returns.std()), "length": float(lengths.mean())}
    if distance.any():
        result["speed"] = float(distance.sum() / lengths.sum())  # m/s
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(Config):
        flag = "--" + field.name.replace("_", "-")
        kind = type(field.default)
        extra: dict[str, Any] = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        parser.add_argument(flag, default=argparse.SUPPRESS, help=f"default {field.default}, or the task's preset", **extra)
    parser.add_argument("--eval-episodes", type=int, default=32)
    parser.add_argument("--save", help="where to write the policy (.npz); the learning curve goes beside it (.json)")
    flags = vars(parser.parse_args())
    episodes, save = flags.pop("eval_episodes"), flags.pop("save")
    config = configure(flags.pop("env_id", Config.env_id), **flags)
    result = train(config)
    print(json.dumps({"seconds": round(result.seconds, 1), **evaluate(result.policy, config, episodes)}))
    if save:
        result.policy.save(save)
        Path(save).with_suffix(".json").write_text(json.dumps({"config": dataclasses.asdict(config), "curve": result.curve}) + "\n")


if __name__ == "__main__":
    main()
