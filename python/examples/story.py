"""How a market of simulated work goes, from a scene to everybody's income: the chain's part of `make demo`, or alone with `python story.py`.

An author publishes a scene; a provider puts a bond up and serves it; a user pays for every step that it trains on; the provider claims, a
companion that has computed all of it again attests, and everybody is paid. What was learned is published as an agent, which another agent
asks and pays. Last, another provider lies by one bit, and a contract finds the instruction that did. All of it happens on a chain of this machine (`hyperdust devnet`), by the same commands
as anywhere else (docs/market.md), and what everybody gained is read back from there.

Alone it trains nothing: a few hundred steps of random actions, and a network with random weights; nobody lies unless HYPERDUST_GUEST is the folder
that `make guest` builds. `--json` writes everything down.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from books import Books
from town import HOURS, SAT, Failed, Town, free_port, sats, town

import hyperdust
from hyperdust import policies

# What a step of one lane costs, and a row that an agent is asked, in wei: the author's part and the provider's.
STEP = (3 * SAT // 10, 7 * SAT // 10)
ROW = (4 * SAT, 1 * SAT)
# Coins that people begin with.
PURSES = {"author": 1, "provider": 10, "user": 1, "companion": 1, "liar": 2}
# Coins that stand behind what the provider does.
BOND = 5
# What the liar puts at stake and its user pays, in wei: a bond is 20 times what it stands behind.
LIE = (20 * 10**15, 10**15)
# Seconds that a server waits with its claim for a companion: until it is started again with none.
PATIENT = 10**6


class DrawnSeeds(gymnasium.vector.VectorWrapper):
    """For learners that bring a seed: in a session that mints, the chain has drawn it."""

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> Any:
        return self.env.reset(options=options)


class Story:
    """The steps, in order. Each prints what happened, and fails if it did not."""

    def __init__(self, town: Town, scene: str, data: Path) -> None:
        self.town, self.scene, self.data = town, scene, data
        self.books = Books(town)
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.asset = 0
        guest = os.environ.get("HYPERDUST_GUEST")
        self.guest = None if guest is None else Path(guest).resolve()
        self.told: dict[str, Any] = {"chain": int(town.ask("eth_chainId"), 16), "scene": scene}
        coins = ", ".join(f"{name} {coins}" for name, coins in PURSES.items())
        print(f"  chain {self.told['chain']} at {town.url}; coins of {10**8:,} sat each: {coins}")

    def publish(self) -> None:
        """An author publishes the scene."""
        self.told["scene"] = said = self.town.command("scene", "publish", self.scene, "--price", f"{STEP[0]}wei", wallet="author")
        self.asset = said["asset"]
        print(f"  asset {self.asset}: {self.scene}, {said['tier']}, {sats(STEP[0])} a step for its author; blueprint {said['blueprint'][:18]}…")

    def bond(self) -> None:
        """A provider says where it is, puts a bond up, and offers the scene."""
        key = self.town.said("keys", "list", "--data", self.data).splitlines()[0].removeprefix("server ")
        self.town.command("provider", "register", self.endpoint, "--key", key, wallet="provider")
        self.town.command("provider", "bond", f"{BOND}eth", wallet="provider")
        self.town.command("provider", "offer", str(self.asset), "--price", f"{STEP[1]}wei", wallet="provider")
        print(f"  the provider has {sats(BOND * 10**18)} at stake and asks {sats(STEP[1])} a step on top")

    @contextlib.contextmanager
    def serving(self, *flags: str, patience: int = 0) -> Iterator[str]:
        """The provider's server, for as long as the block runs. It claims what it has earned ``patience`` seconds after a session's end."""
        town = self.town
        paid = {"chain": town.url, "deployment": town.deployment, "wallet": "provider", "wallets": town.wallets, "password_file": town.password}
        paid |= {"patience": patience, "look": 1, "confirmations": 1}
        if self.guest is not None:
            paid["programs"] = self.guest
        words = ["serve", "--listen", self.endpoint, "--http", "127.0.0.1:0", "--data", self.data, "--set", "level=warn"]
        words += [word for name, value in paid.items() for word in ("--set", f"settlement.{name}={value}")]
        town.start("server", *words, *flags)
        page = town.running["server"].stdout.readline().split()[-1]  # type: ignore[union-attr]
        print(f"  a server at {self.endpoint}, its page at {page}")
        try:
            yield self.endpoint
        finally:
            town.stop("server")

    def accompany(self) -> None:
        """A companion puts its own bond up and watches the provider's sessions, from now on."""
        guest = [] if self.guest is None else ["--guest", self.guest]
        words = ["--server", self.endpoint, "--out", self.data / "companion", "--provider", self.town.people["provider"]]
        words += ["--join", "--wait", "1", "--confirmations", "1"]
        self.town.behind("companion", "companion", "watch", *words, *guest, wallet="companion")

    def connect(self, lanes: int, steps: int, **more: Any) -> hyperdust.RemoteVectorEnv:
        """The user finds a provider on the chain, and puts in what so many steps cost, and a tenth."""
        town, price = self.town, sum(STEP)
        budget = steps * lanes * price * 11 // 10
        purse = {"deployment": town.deployment, "wallet": "user", "wallets": town.wallets, "password_file": town.password}
        purse |= {"receipts": town.folder / "receipts", "budget": budget, "mint": True, "asset": self.asset}
        envs = hyperdust.connect(scene=self.scene, num_envs=lanes, chain=town.url, **purse, **more)
        receipt = envs.receipt()
        print(f"  session {receipt.session[:18]}…: {sats(price)} a step, {sats(budget)} put in; the chain drew its seeds")
        return envs

    def paid(self, envs: hyperdust.RemoteVectorEnv) -> str:
        """The user is done: its session's id."""
        envs.close()
        receipt = envs.receipt()
        if receipt.units == 0 or receipt.unpaid:
            raise Failed(f"the user paid for {receipt.units} steps and not for {receipt.unpaid}")
        self.told["receipt"] = {"session": receipt.session, "units": receipt.units, "amount": str(receipt.amount), "deposit": str(receipt.deposit)}
        print(f"  {receipt.units:,} steps for {sats(receipt.amount)} in vouchers, which cost no gas; {sats(receipt.remaining)} are left")
        return receipt.session

    def committed(self, session: str) -> None:
        """The companion has computed everything again, and fixed its result before it could see the provider's."""

        def there() -> bool:
            return self.books.done("companion", "Companions.commit") > 0

        self.town.until("the companion commits", there, 300)
        print("  the companion has computed every step again and committed to its result")

    def settle(self, session: str) -> None:
        """The provider claims, the companion attests, everybody is paid."""
        town = self.town

        def attested() -> bool:
            claim = town.session(session)["claim"]
            return claim is not None and claim["attestations"] == "1"

        town.until("the claim, and the companion's attestation", attested)
        claim = town.session(session)["claim"]
        print(f"  claimed {sats(int(claim['amount']))}, and the companion attests to it; for {HOURS['window'] // 3600} hours anyone may dispute")
        state = town.ended(session)
        shares = {who: int(wei) for who, wei in state["claim"]["shares"].items()}
        self.told["shares"] = {who: str(wei) for who, wei in shares.items()}
        print("  nobody did: " + ", ".join(f"{who} {sats(wei)}" for who, wei in shares.items()))
        town.until("the companion's and the provider's withdrawals", lambda: all(self.books.owed(who) == 0 for who in ("companion", "provider")))
        for who in ("author", "user"):
            town.command("session", "withdraw", wallet=who)
        town.later(HOURS["epoch"])
        tokens = town.until("tokens for the provider", lambda: self.books.tokens("provider"))
        self.told["tokens"] = str(tokens)
        print(f"  everybody has fetched it; of what was burnt {tokens // 10**18:,} tokens were minted for the provider")

    def agents(self, trained: Path, novice: Path) -> int:
        """What was learned is published by the user, another network by the author: the trained one's number."""
        numbers = []
        for name, owner, model in (("agent Walker", "user", trained), ("agent Novice", "author", novice)):
            words = ("--name", name.split()[1], "--symbol", name.split()[1].upper(), "--shares", "1000", "--price", f"{ROW[0]}wei")
            said = self.town.command("agent", "publish", str(model.resolve()), *words, wallet=owner)
            self.books.agent(name, said)
            numbers.append(said["asset"])
            print(f"  asset {said['asset']}: {name}, the {owner}'s, with 1,000 shares and an account of its own; {sats(ROW[0])} a row for the {owner}")
        walker, self.novice = numbers
        self.town.command("provider", "offer", str(walker), "--price", f"{ROW[1]}wei", wallet="provider")
        self.town.command("agent", "fund", str(self.novice), "0.001eth", wallet="author")
        print(f"  the provider hosts agent Walker and asks {sats(ROW[1])} a row on top: {sats(sum(ROW))} in all")
        return walker

    def invoke(self, walker: int, rows: np.ndarray) -> np.ndarray:
        """The novice asks the trained agent what it would do, pays from its own account, and its owner's shares earn it."""
        town = self.town
        asked = town.folder / "rows.jsonl"
        asked.write_text("".join(json.dumps([float(x) for x in row]) + "\n" for row in rows.astype(np.float32)))
        said = town.command("agent", "invoke", str(walker), "--as", str(self.novice), "--input", str(asked), wallet="author")
        session, paid = said["session"], int(said["paid"])
        parts = f"{sats(ROW[0] * len(rows))} for its author and {sats(ROW[1] * len(rows))} for the provider, before the companion's tenth"
        print(f"  agent Novice asked agent Walker about {said['rows']} observations, for {sats(paid)}: {parts}")
        if paid != len(rows) * sum(ROW):
            raise Failed(f"{len(rows)} rows cost {paid} wei")
        town.until("the provider's claim for its agent's answers", lambda: town.session(session)["claim"])
        town.ended(session)
        town.until("the provider's withdrawal", lambda: self.books.owed("provider") == 0)
        income = town.command("agent", "revenue", str(walker), "--withdraw", wallet="user")
        self.town.command("session", "withdraw", "--as", str(self.novice), wallet="author")
        self.told["invoked"] = {"session": session, "rows": said["rows"], "paid": said["paid"], "earned": income["withdrawn"]}
        print(f"  {sats(int(income['withdrawn']))} of that came to the user, who holds all shares in what it taught")
        return np.array(said["outputs"], np.float32)

    def leave(self) -> None:
        """Nothing stands behind the provider's bond any more: it takes it back."""
        self.town.command("provider", "unbond", f"{BOND}eth", wallet="provider")
        self.town.later(HOURS["unbonding"] + 1)
        self.town.command("provider", "take", wallet="provider")
        self.town.until("the provider's bond", lambda: self.books.owed("provider", "Providers") == 0)
        print(f"  {HOURS['unbonding'] // 3600} hours later the provider has its bond back")

    def lie(self, steps: int = 50, step: int = 25, bit: int = 4, value: str = "velocity") -> None:
        """Another provider claims an episode in which it flipped one bit; the companion disputes, and the chain executes one instruction."""
        if self.guest is None:
            raise Failed("HYPERDUST_GUEST has to name the folder of the programs that disputes are played with (make guest)")
        town, (bond, deposit) = self.town, LIE
        town.command("provider", "register", "tcp://127.0.0.1:9", "--key", "07" * 32, wallet="liar")
        town.command("provider", "bond", f"{bond}wei", wallet="liar")
        town.command("provider", "offer", str(self.asset), "--price", f"{STEP[1]}wei", wallet="liar")
        lie = ("--scene", self.scene, "--steps", str(steps), "--inject", f"step={step},bit={bit},value={value}", "--liar", "provider")
        chain = ("--chain", town.url, "--deployment", town.deployment, "--asset", str(self.asset), "--deposit", f"{deposit}wei")
        people = ("--user", "user", "--provider", "liar", "--companion", "companion", "--guest", self.guest)
        print(f"  bit {bit} of a {value} is flipped after step {step} of {steps}; liar and companion run the episode on the proof machine")
        said = town.command("episode", "dispute", *lie, *chain, *people)
        if said["blamed"] != "provider" or [said["node"], said["instruction_index"]] != said["injected"]:
            raise Failed(f"the liar lied in {said['injected']}; blamed is the {said['blamed']} in {said['node']}, {said['instruction_index']}")
        guilty, moves, slashed = said["guilty"], len(said["transactions"]), int(said["slashed"])
        print(f"  {moves} transactions narrow it down to instruction {guilty['index']:,} of segment {said['node']}, which the chain executes:")
        print(f"    {guilty['text']}    {(guilty['source'] or ['?'])[0]}")
        stakes = self.stakes(said["transactions"])
        won = int(said["won"])
        if won != sum(stakes.values()):
            raise Failed(f"the game paid out {won} wei; put in were {stakes}")
        each = int(json.loads(town.deployment.read_text())["parameters"]["move_bond"])
        print(f"  whoever plays puts coin up, {sats(each)} a move, so that nobody plays on for nothing: the liar lost {sats(stakes['provider'])} that way")
        print(f"    to the companion, who has its own {sats(stakes['companion'])} of the game back")
        for who in ("user", "companion"):
            town.command("session", "withdraw", wallet=who)
        if slashed != bond:
            raise Failed(f"{slashed} wei of {bond} were slashed")
        self.told["lie"] = {"stakes": {who: str(wei) for who, wei in stakes.items()}, "won": said["won"]}
        self.told["lie"] |= {key: said[key] for key in ("session", "game", "deposit", "slashed", "blamed", "guilty", "node", "gas", "cost", "seconds")}
        print(f"  the liar's bond of {sats(slashed)} is gone: half is the companion's, half is burnt; the user has its deposit back")

    def stakes(self, transactions: list[dict[str, Any]]) -> dict[str, int]:
        """What liar and companion put into a game, in wei: the coin that went with its transactions."""
        disputes = json.loads(self.town.deployment.read_text())["addresses"]["disputes"].lower()
        put = {"provider": 0, "companion": 0}
        for sent in transactions:
            made = self.town.ask("eth_getTransactionByHash", sent["hash"])
            if (made["to"] or "").lower() == disputes and sent["who"] in put:
                put[sent["who"]] += int(made["value"], 16)
        return put

    def close(self, path: Path | None) -> None:
        """The tables, and everything as JSON where that is asked for."""
        self.told |= self.books.close()
        if path is not None:
            path.write_text(json.dumps(self.told, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("out/market"), help="folder of chain, wallets and logs; another run's goes")
    parser.add_argument("--scene", default="ant")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    flags = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="hyperdust-story-") as folder, town(flags.out, PURSES) as here:
        story = Story(here, flags.scene, Path(folder))
        story.publish(), story.bond()
        with story.serving(patience=PATIENT):
            story.accompany()
            envs = story.connect(flags.lanes, flags.steps)
            observations, _ = envs.reset()
            for _ in range(flags.steps):
                envs.step(envs.action_space.sample())
            session = story.paid(envs)
            story.committed(session)
        rows = np.asarray(observations, np.float32).reshape(flags.lanes, -1)
        models = []
        for name in ("walker", "novice"):
            outputs = int(np.prod(envs.single_action_space.shape))
            models.append(Path(folder) / f"{name}.safetensors")
            policies.save(models[-1], [(rng.normal(size=(outputs, rows.shape[1])), np.zeros(outputs))])
        with story.serving("--policy", f"walker={models[0]}"):
            story.settle(session)
            answers = story.invoke(story.agents(*models), rows)
            story.leave()
        here.stop("companion")
        if story.guest is not None:
            story.lie()
        if not np.isfinite(answers).all():
            raise Failed("the agent's answers are no numbers")
        story.close(flags.json)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"FAILED: {error}")
