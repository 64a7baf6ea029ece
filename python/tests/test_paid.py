"""A session that is paid is the session that is not, and costs what it says: every array and state is that of a local vector environment with the
same seeds and actions, every step is paid once, the budget is kept to, and the chain shows what the receipt shows.

Everything is real: `hyperdust devnet`, wallets, a published scene, a bonded provider and its server. See market.py.
"""

from __future__ import annotations

import json
import pickle
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from conftest import assert_same
from gymnasium.vector import AutoresetMode
from market import PRICE, Market, market, provider
from server import Server

import hyperdust
from hyperdust import _core

LANES = 3
EVERY = 64
COIN = 10**18


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with market(tmp_path_factory.mktemp("market")) as one:
        yield one


@pytest.fixture(scope="module")
def server(chain: Market) -> Iterator[Server]:
    with provider(chain, "cartpole", "ant") as one:
        yield one


def connect(chain: Market, scene: str = "cartpole", lanes: int = LANES, **more: Any) -> hyperdust.RemoteVectorEnv:
    return hyperdust.connect(scene=scene, num_envs=lanes, **chain.paying(**more))


def purse(chain: Market) -> _core.Purse:
    return _core.Purse(chain.url, chain.deployment, "user", chain.wallets, chain.password, 60.0)


def claimed(chain: Market, session: str) -> dict[str, Any]:
    """What the chain says of a session once its provider has claimed it, within a bounded time."""
    until = time.monotonic() + 120
    while True:
        said = purse(chain).session(session)
        if said["amount"] is not None:
            return said
        assert time.monotonic() < until, f"nobody claimed {session}: {said}"
        time.sleep(0.5)


# --- the same bits, and what they cost ----------------------------------------------------------------


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_session_that_is_paid_is_local(chain: Market, server: Server, mode: AutoresetMode) -> None:
    with closing(connect(chain, autoreset_mode=mode)) as there:
        here = hyperdust.make_vec("cartpole", LANES, 1, mode)
        assert there.blueprint_id == here.scene.blueprint_id and there.address == server.endpoint
        assert_same(there.reset(seed=3), here.reset(seed=3))
        rng, made = np.random.default_rng(0), 0
        for _ in range(200):
            actions = rng.integers(2, size=LANES)
            stepped = here.step(actions)
            assert_same(there.step(actions), stepped)
            made += LANES
            ended = stepped[2] | stepped[3]
            if mode is AutoresetMode.DISABLED and ended.any():
                options = {"reset_mask": ended}
                assert_same(there.reset(options=options), here.reset(options=options))
            receipt = there.receipt()
            assert receipt.units + receipt.unpaid == made and receipt.amount == receipt.units * PRICE
            assert receipt.unpaid <= EVERY * LANES
            assert receipt.remaining == receipt.deposit - made * PRICE
        assert there.get_state() == here.get_state()
    receipt = there.receipt()
    assert (receipt.units, receipt.unpaid, receipt.amount) == (made, 0, made * PRICE)
    assert receipt.deposit == COIN // 100 and receipt.price == PRICE
    assert sum(lane.steps for lane in receipt.lanes) == made


def test_the_chain_shows_what_the_receipt_shows(chain: Market, server: Server) -> None:
    """An Ant's few hundred steps, up to the claim."""
    mine = purse(chain)
    with closing(connect(chain, "ant", 2, budget="0.02")) as there:
        here = hyperdust.make_vec("ant", 2, 1)
        assert_same(there.reset(seed=7), here.reset(seed=7))
        here.action_space.seed(0)
        for _ in range(300):
            actions = here.action_space.sample()
            assert_same(there.step(actions), here.step(actions))
        opened = mine.session(there.receipt().session)
        assert (opened["status"], opened["deposit"], opened["price"]) == ("Open", COIN // 50, PRICE)
        assert (opened["user"], opened["lanes"]) == (mine.address, 2)
    receipt = there.receipt()
    assert (receipt.units, receipt.amount) == (600, 600 * PRICE)
    said = claimed(chain, receipt.session)
    assert (said["amount"], said["actions"], said["outputs"]) == (receipt.amount, receipt.actions, receipt.outputs)
    assert (said["provider"], said["asset"], said["deposit"]) == (receipt.provider, receipt.asset, receipt.deposit)
    # On the disk is what was signed.
    kept = json.loads((chain.folder / "receipts" / f"{receipt.session}.json").read_text())
    assert kept["session"] == receipt.session and kept["voucher"] is not None and len(kept["receipts"]) == 2


def test_one_environment_is_paid(chain: Market, server: Server) -> None:
    env = gymnasium.make("hyperdust/Remote-v0", scene="cartpole", **chain.paying(budget=200 * PRICE))
    here = gymnasium.make("hyperdust/CartPole-v0")
    for seed in (1, None, 5):
        assert_same(env.reset(seed=seed), here.reset(seed=seed))
        for _ in range(10):
            stepped = here.step(1)
            assert_same(env.step(1), stepped)
            if stepped[2] or stepped[3]:
                break
    receipt = env.unwrapped.receipt()
    assert receipt.deposit == 200 * PRICE and receipt.units + receipt.unpaid <= 30
    env.close(), env.close()
    closed = env.unwrapped.receipt()
    assert (closed.units, closed.unpaid) == (receipt.units + receipt.unpaid, 0)


def test_one_request_is_under_way_at_a_time(chain: Market, server: Server) -> None:
    with closing(connect(chain, pipeline=3)) as there:
        here = hyperdust.make_vec("cartpole", LANES, 1)
        assert_same(there.reset(seed=1), here.reset(seed=1))
        actions = np.ones(LANES, int)
        for _ in range(EVERY + 3):
            there.step_async(actions)
            assert there.pending == 1
            with pytest.raises(hyperdust.PendingError):
                there.step_async(actions)
            assert_same(there.step_wait(), here.step(actions))
        with pytest.raises(hyperdust.PendingError, match="nothing is pending"):
            there.step_wait()
        with pytest.raises(hyperdust.StateError, match="handed over"):
            there.resumption()


# --- the budget ---------------------------------------------------------------------------------------


def test_a_budget_is_kept_to(chain: Market, server: Server) -> None:
    steps = EVERY + 6
    there, here = connect(chain, budget=(steps * LANES + 1) * PRICE), hyperdust.make_vec("cartpole", LANES, 1)
    there.reset(seed=0), here.reset(seed=0)
    actions = np.zeros(LANES, int)
    for _ in range(steps):
        assert_same(there.step(actions), here.step(actions))
    for _ in range(2):
        with pytest.raises(hyperdust.BudgetExceeded, match="nothing was stepped") as caught:
            there.step(actions)
        error = caught.value
        assert isinstance(error, hyperdust.Error)
        assert (error.budget, error.spent) == ((steps * LANES + 1) * PRICE, steps * LANES * PRICE)
        assert (error.units, error.left) == (steps * LANES, 1)
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), again.spent) == (str(error), error.spent)
    assert there.get_state() == here.get_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        there.close()
    receipt = there.receipt()
    assert (receipt.units, receipt.remaining) == (steps * LANES, PRICE)
    assert claimed(chain, receipt.session)["amount"] == steps * LANES * PRICE


def test_amounts_are_exact(chain: Market, server: Server) -> None:
    mine = purse(chain)
    assert mine.amount("0.01") == COIN // 100 == mine.amount("0.01 ETH") == mine.amount("10000000 gwei")
    assert mine.amount("0.000000000000000001") == 1
    for wrong in ("0.0000000000000000001", "1e-3", "-1", "", "1 dollar", "0,1"):
        with pytest.raises(hyperdust.AmountError):
            mine.amount(wrong)
    for budget in (0.01, None, 0, -5, True, 2**96, "0"):
        with pytest.raises(hyperdust.AmountError, match="budget is"):
            connect(chain, budget=budget)
    with closing(connect(chain)) as there:
        assert "ETH" in str(there.receipt()) and "0.01" in str(there.receipt())


# --- seeds --------------------------------------------------------------------------------------------


def test_the_chain_draws_the_seeds(chain: Market, server: Server) -> None:
    there = connect(chain, mint=True)
    assert purse(chain).session(there.receipt().session)["minting"]
    for seed in (3, [1, None, 2]):
        with pytest.raises(hyperdust.SeedError, match="the chain has drawn"):
            there.reset(seed=seed)
    actions = np.ones(LANES, int)
    first = there.reset()
    state = there.get_state()
    steps = [there.step(actions) for _ in range(EVERY + 3)]
    again = there.reset()
    assert not np.array_equal(first[0], again[0]), "the stream goes on"
    there.close()
    # From the same state a local environment gives the same.
    here = hyperdust.make_vec("cartpole", LANES, 1)
    here.reset(seed=0)
    assert_same(here.set_state(state), first[0])
    for stepped in steps:
        assert_same(here.step(actions), stepped)
    assert_same(here.reset(), again)

    env = gymnasium.make("hyperdust/Remote-v0", scene="cartpole", **chain.paying(mint=True))
    with pytest.raises(hyperdust.SeedError, match="the chain has drawn"):
        env.unwrapped.reset(seed=3)
    env.reset(), env.step(1), env.close()


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_killed_server_is_got_over(chain: Market, tmp_path: Path, server: Server) -> None:
    """Killed in the middle of a segment, and right after one: nothing is paid twice, and nothing is missing."""
    with closing(connect(chain)) as there:
        here = hyperdust.make_vec("cartpole", LANES, 1)
        assert_same(there.reset(seed=1), here.reset(seed=1))
        actions = np.ones(LANES, int)
        for kill in (40, EVERY - 40):
            for _ in range(kill):
                assert_same(there.step(actions), here.step(actions))
            server.kill()
            server.start()
        for _ in range(EVERY + 1):
            assert_same(there.step(actions), here.step(actions))
        assert there.get_state() == here.get_state()
    assert there.receipt().units == (2 * EVERY + 1) * LANES


def test_refusals_cost_nothing(chain: Market, server: Server) -> None:
    before = chain.run("wallet", "show", "user", wallet="user")
    refused = [
        ({"scene": "hopper"}, hyperdust.ChainError, "nobody has published"),
        ({"asset": 77}, hyperdust.ChainError, "77"),
        ({"provider": "0x" + "11" * 20}, hyperdust.ChainError, "no offer of"),
        ({"provider": "nobody"}, hyperdust.ChainError, "provider"),
        ({"address": "tcp://127.0.0.1:1"}, hyperdust.ChainError, "is registered at"),
        ({"wallet": "nobody"}, hyperdust.ChainError, "no wallet nobody"),
        ({"wallet": None}, hyperdust.ChainError, "wallet= is missing"),
        ({"deployment": chain.folder / "none.json"}, hyperdust.ChainError, "none.json"),
        ({"chain": "http://127.0.0.1:1"}, hyperdust.ChainError, "did not answer"),
        ({"chain": None}, hyperdust.ChainError, "chain= is missing"),
        ({"budget": "5000"}, hyperdust.ChainError, "bonded for"),
        ({"budget": "9.9999999", "num_envs": 5000}, hyperdust.ChainError, "4096"),
        ({"max_episode_steps": 7}, hyperdust.ChainError, "nobody has published"),
        ({"num_envs": 0}, hyperdust.LaneError, "1 or more"),
    ]
    for arguments, error, said in refused:
        given: dict[str, Any] = {"scene": "cartpole", **chain.paying(), **arguments}
        with pytest.raises(error, match=said):
            hyperdust.connect(**given)
    assert chain.run("wallet", "show", "user", wallet="user") == before
    with closing(hyperdust.connect(server.address, "cartpole")) as free, pytest.raises(hyperdust.StateError, match="nothing is paid"):
        free.receipt()


def test_a_provider_by_name_and_place(chain: Market, server: Server) -> None:
    account = chain.run("wallet", "show", "provider", wallet="provider")["address"]
    with closing(connect(chain, address=server.endpoint)) as there:
        assert there.receipt().provider == account
    # Its account says who is paid, the address how it is reached.
    with closing(connect(chain, address=server.address, provider=account)) as there:
        assert there.address == server.address
        there.reset(seed=0)
