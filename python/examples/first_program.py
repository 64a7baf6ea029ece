"""A first program: make an environment, act, record, replay.

    pip install ./python && python python/examples/first_program.py
"""

import gymnasium

import hyperdust  # importing it registers hyperdust/...

# One environment, as Gymnasium makes it. `record=True` keeps what a replay needs.
env = gymnasium.make("hyperdust/Ant-v0", record=True)
env.action_space.seed(1)
observation, info = env.reset(seed=1)
total, done = 0.0, False
while not done:
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    total += reward
    done = terminated or truncated
episode = env.unwrapped.episode()
print(f"return {total:.2f} in {len(episode)} steps, state {env.unwrapped.digest().hex()[:16]}…")
env.close()

# Anyone who has these bytes can run them again and compare every step.
report = hyperdust.replay(episode.to_bytes())
print(f"replay: {report.matched} of {report.steps} steps equal")

# Many at once, on all cores. Lane i of reset(seed=s) is the single environment of reset(seed=s + i).
envs = hyperdust.make_vec("hyperdust/Ant-v0", num_envs=16)
observations, infos = envs.reset(seed=1)
assert (observations[0] == gymnasium.make("hyperdust/Ant-v0").reset(seed=1)[0]).all()
for _ in range(100):
    observations, rewards, terminated, truncated, infos = envs.step(envs.action_space.sample())
print(f"{envs.num_envs} lanes: observations {observations.shape} {observations.dtype}")
envs.close()
