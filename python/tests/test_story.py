"""The chain's part of `make demo`, without training: from a published scene to everybody's income, by the commands that people use.

Shown by what the story writes down: every wei is accounted for, each party has what docs/economics.md says, and every action of the story is
on the chain. The story itself fails where a step of it does not come about.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from server import ROOT, binary

EXAMPLES = ROOT / "python" / "examples"
sys.path.insert(0, str(EXAMPLES))
from town import sats  # noqa: E402  (beside the story, which is no package)

STEPS, LANES = 100, 2
SAT = 10**10


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What the story has written down."""
    folder = tmp_path_factory.mktemp("story")
    command = [sys.executable, EXAMPLES / "story.py", "--out", folder / "market", "--json", folder / "told.json"]
    command += ["--steps", str(STEPS), "--lanes", str(LANES)]
    # Nobody lies without the programs of the proof machine: tests/guest has that.
    environment = {name: value for name, value in os.environ.items() if name != "HYPERDUST_GUEST"}
    done = subprocess.run(command, env={**environment, "HYPERDUST_BINARY": str(binary())}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "told.json").read_text())


@pytest.mark.parametrize(
    ("wei", "said"),
    [(0, "0 sat"), (71_999_999_999, "7.2 sat"), (10**8 // 2, "0.01 sat"), (10**8 // 2 - 1, "0 sat"), (-(10**7), "0 sat"), (-1_234_567 * SAT, "-1,234,567 sat")],
)
def test_amounts_for_people_are_rounded(wei: int, said: str) -> None:
    assert sats(wei) == said


def test_every_wei_is_accounted_for(told: dict) -> None:
    accounts = {one["who"]: int(one["after"]) - int(one["before"]) for one in told["accounts"]}
    gas = {who: 0 for who in accounts}
    for action in told["actions"]:
        gas[action["who"]] += int(action["cost"])
    assert sum(accounts.values()) + sum(gas.values()) == 0
    assert sum(gas.values()) == int(told["gas_paid"])
    assert {one["who"]: int(one["gas"]) for one in told["accounts"]} == gas
    assert all(int(one["change"]) == accounts[one["who"]] for one in told["accounts"])

    # What everybody has apart from gas, by the prices and shares of docs/economics.md.
    fee = STEPS * LANES * SAT
    burnt = fee * 5 // 100
    pot = (fee - burnt) // 10
    rest = fee - burnt - pot
    paid = int(told["invoked"]["paid"])
    assert paid == LANES * 5 * SAT
    earned = int(told["invoked"]["earned"])
    plain = {who: accounts[who] + gas[who] for who in accounts}
    fund = 10**15
    assert plain["companion"] == pot - SAT * 10**6, "a tenth of what was not burnt; its bond is still there"
    assert plain["burnt"] == burnt
    assert plain["author"] == rest * 3 // 10 - fund
    assert plain["user"] == earned - fee
    assert plain["agent Novice"] == fund - paid + paid // 10, "no companion watched: its part came back"
    assert paid * 9 // 10 * 8 // 10 - earned in range(2), "all of the author's part, but for what 1,000 shares don't divide"
    assert plain["provider"] == rest - rest * 3 // 10 + paid * 9 // 10 - paid * 9 // 10 * 8 // 10
    assert int(told["tokens"]) == 1_000_000 * 10**18, "the whole emission: nobody else burnt anything"


def test_the_chain_has_all_of_it(told: dict) -> None:
    done = {(action["who"], action["what"]) for action in told["actions"]}
    expected = [
        ("author", "Assets.publish"),
        ("provider", "Providers.register"),
        ("provider", "Providers.bond"),
        ("provider", "Providers.offer"),
        ("companion", "Companions.join"),
        ("user", "Sessions.open"),
        ("companion", "Companions.commit"),
        ("provider", "Sessions.claim"),
        ("companion", "Companions.open"),
        ("companion", "Sessions.withdraw"),
        ("provider", "Work.mint"),
        ("user", "Assets.publish"),
        ("author", "Sessions.open, by an agent"),
        ("user", "Shares.withdraw"),
        ("provider", "Providers.takeBond"),
    ]
    assert set(expected) <= done, set(expected) - done
    assert all(action["gas"] > 0 and int(action["cost"]) > 0 for action in told["actions"])
