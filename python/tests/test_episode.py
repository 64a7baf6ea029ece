"""Episodes: what is recorded replays with every digest equal, and whatever is changed afterwards is found,
at its step."""

from __future__ import annotations

import pickle

import gymnasium
import numpy as np
import pytest

import hyperdust

STEPS = 20


def recorded(env_id: str, steps: int = STEPS) -> tuple[gymnasium.Env, hyperdust.Episode]:
    env = gymnasium.make(env_id, record=True)
    env.action_space.seed(4)
    env.reset(seed=4)
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            break
    return env, env.unwrapped.episode()


def test_replay_matches(env_id: str) -> None:
    env, episode = recorded(env_id)
    for report in (hyperdust.replay(episode), hyperdust.replay(episode, env.unwrapped.scene)):
        assert report.equal and report.matched == report.steps == len(episode) > 0
        report.check()
    assert episode.seed == 4
    assert episode.blueprint_id == env.unwrapped.scene.blueprint_id
    assert episode.digests[-1] == env.unwrapped.digest()
    assert hyperdust.replay(episode).episode_return == pytest.approx(episode.episode_return)


def test_bytes_and_files(tmp_path) -> None:
    _, episode = recorded("hyperdust/Hopper-v0")
    assert hyperdust.Episode.from_bytes(episode.to_bytes()) == episode
    assert pickle.loads(pickle.dumps(episode)) == episode
    path = tmp_path / "episode.hdep"
    episode.save(path)
    assert hyperdust.Episode.load(path) == episode
    assert hyperdust.replay(path).equal and hyperdust.replay(episode.to_bytes()).equal


def test_a_changed_action_is_found_at_its_step() -> None:
    _, episode = recorded("hyperdust/Hopper-v0")
    raw = bytearray(episode.to_bytes())
    row = episode.actions[3].tobytes()
    place = raw.find(row)
    assert place > 0 and raw.find(row, place + 1) < 0
    raw[place + 3] ^= 0x80  # the first number's sign
    report = hyperdust.replay(bytes(raw))
    assert (report.diverged_at, report.field, report.matched) == (4, "action", 3)
    with pytest.raises(hyperdust.ReplayError, match="step 4") as caught:
        report.check()
    assert caught.value.report is report


def test_a_changed_digest_is_found_at_its_step() -> None:
    _, episode = recorded("hyperdust/Hopper-v0")
    raw = bytearray(episode.to_bytes())
    place = raw.find(episode.digests[6])
    raw[place] ^= 1
    report = hyperdust.replay(bytes(raw))
    assert (report.diverged_at, report.field) == (6, "state digest")


def test_a_changed_reward_is_found_at_its_step() -> None:
    _, episode = recorded("hyperdust/Hopper-v0")
    raw = bytearray(episode.to_bytes())
    place = raw.find(np.float32(episode.rewards[2]).tobytes(), raw.find(episode.digests[3]))
    raw[place] ^= 1
    report = hyperdust.replay(bytes(raw))
    assert (report.diverged_at, report.field) == (3, "reward")


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 40, 200, -1])
def test_cut_bytes_are_an_error(cut: int) -> None:
    raw = recorded("hyperdust/CartPole-v0")[1].to_bytes()
    with pytest.raises(hyperdust.EpisodeError):
        hyperdust.replay(raw[:cut])


def test_another_scene_is_an_error() -> None:
    _, episode = recorded("hyperdust/CartPole-v0")
    with pytest.raises(hyperdust.EpisodeError, match="blueprint"):
        hyperdust.replay(episode, hyperdust.load("pendulum").scene)


def test_not_recording_is_an_error() -> None:
    env = hyperdust.load("cartpole")
    env.reset(seed=0)
    with pytest.raises(hyperdust.EpisodeError, match="record=True"):
        env.episode()


def test_a_recording_that_a_longer_limit_outgrew_is_an_error() -> None:
    """Recordings stop at the scene's own limit: past it, what there is must not pass for the episode."""
    env = gymnasium.make("hyperdust/Pendulum-v0", max_episode_steps=-1, record=True).unwrapped
    own = hyperdust.load("pendulum", max_episode_steps=230, record=True)
    for each in (env, own):
        each.reset(seed=0)
    action = np.zeros(1, np.float32)
    for step in range(230):
        if step == 200:
            assert len(env.episode()) == 200
        env.step(action)
        own.step(action)
    with pytest.raises(hyperdust.EpisodeError, match=r"200 steps.*230.*hyperdust\.load\("):
        env.episode()
    assert len(own.episode()) == 230 and own.episode().complete
    env.reset()
    env.step(action)
    assert len(env.episode()) == 1


def test_a_state_set_by_hand_starts_the_recording_there() -> None:
    env = hyperdust.load("hopper", record=True)
    env.reset(seed=0)
    env.step(np.zeros(3, np.float32))
    env.set_qpos_qvel(env.qpos + np.float32(0.01), env.qvel)
    env.step(np.zeros(3, np.float32))
    episode = env.episode()
    assert len(episode) == 1 and episode.seed is None
    assert hyperdust.replay(episode).equal


def test_continued_stream_replays() -> None:
    """The second episode of a run starts from a random stream that goes on."""
    env = hyperdust.load("hopper", record=True)
    env.reset(seed=0)
    env.reset()
    env.step(np.ones(3, np.float32))
    assert hyperdust.replay(env.episode()).equal


def test_finished_episodes_of_a_batch() -> None:
    envs = hyperdust.make_vec("hyperdust/CartPole-v0", 3, autoreset_mode="SameStep", max_episode_steps=6, record=True)
    envs.reset(seed=0)
    for _ in range(13):
        envs.step(envs.action_space.sample())
    finished = envs.finished_episodes()
    assert [lane for lane, _ in finished] == [0, 0, 1, 1, 2, 2]
    assert all(e.complete and len(e) == 6 and hyperdust.replay(e).equal for _, e in finished)
    assert envs.finished_episodes() == []
    assert len(envs.episode(1)) == 1
