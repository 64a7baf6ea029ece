"""Who had what before and after, and what each action took: read back from a chain, and added up.

Balances are `eth_getBalance` at two blocks; actions are the receipts of every transaction between them. Whatever a market does, no coin is
made or lost: what people, contracts and the burnt pile have gained is what was paid for gas, with the sign turned. :meth:`Books.close`
fails where that is not so. Actions are named by the contracts' own interfaces (`actors/settlement/artifacts`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from town import Failed, Town, sats

ARTIFACTS = Path(__file__).resolve().parents[2] / "actors" / "settlement" / "artifacts"
# The currency of a market that is the chain's coin.
NATIVE = "0" * 64


def keccak(data: bytes) -> bytes:
    """Keccak-256, as Ethereum has it; what `hashlib` calls SHA-3 pads otherwise. For names of functions alone: it is slow."""
    lanes, mask, rate = [0] * 25, (1 << 64) - 1, 136
    padded = bytearray(data + b"\x01" + bytes(rate - 1 - len(data) % rate))
    padded[-1] |= 0x80
    turn = lambda x, n: (x << n | x >> (64 - n)) & mask  # noqa: E731
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            lanes[i] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        register = 1
        for _ in range(24):
            parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
            lanes = [lanes[i] ^ parity[(i - 1) % 5] ^ turn(parity[(i + 1) % 5], 1) for i in range(25)]
            x, y, current = 1, 0, lanes[1]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                lanes[x + 5 * y], current = turn(current, (t + 1) * (t + 2) // 2 % 64), lanes[x + 5 * y]
            for y in range(0, 25, 5):
                row = lanes[y : y + 5]
                lanes[y : y + 5] = [row[x] ^ ~row[(x + 1) % 5] & mask & row[(x + 2) % 5] for x in range(5)]
            for j in range(7):  # the round's constant, a bit at a time
                if register & 1:
                    lanes[0] ^= 1 << (1 << j) - 1
                register = register << 1 ^ (0x171 if register & 0x80 else 0)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def selector(signature: str) -> str:
    """The first four bytes of a call of this function."""
    return "0x" + keccak(signature.encode())[:4].hex()


def _type(argument: dict[str, Any]) -> str:
    kind: str = argument["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, argument['components']))}){kind[5:]}"


def interfaces() -> dict[str, dict[str, str]]:
    """The contracts' functions: names by selectors, by contract."""
    found = {}
    for path in sorted(ARTIFACTS.glob("*.json")):
        said = json.loads(path.read_text())
        if path.stem[0].isupper() and isinstance(said, dict):
            functions = [one for one in said["abi"] if one["type"] == "function"]
            found[path.stem] = {selector(f"{f['name']}({','.join(map(_type, f['inputs']))})"): f["name"] for f in functions}
    return found


@dataclass(frozen=True)
class Action:
    """A transaction, as its receipt says; money in wei."""

    block: int
    transaction: str
    who: str
    what: str
    gas: int
    cost: int


@dataclass
class Account:
    """What somebody had and has, in wei."""

    who: str
    before: int
    after: int = 0

    @property
    def change(self) -> int:
        return self.after - self.before


class Books:
    """Opened now, closed later."""

    def __init__(self, town: Town) -> None:
        self.town, self.first = town, town.block()
        deployment = json.loads(town.deployment.read_text())
        # Contracts that hold coin, by address in small letters, with what each is.
        self.contracts = {address.lower(): name.capitalize() for name, address in deployment["addresses"].items()}
        self.others: dict[str, str] = {}
        self.names = interfaces()
        self.found: list[Action] = []
        self.seen = self.first
        self.accounts = [Account(name, self._coin(address, self.first)) for name, address in town.people.items()]
        self.held, self.burnt = Account("bonds, deposits", 0), Account("burnt", 0)
        self.held.before, self.burnt.before = self._contracts(self.first)

    def agent(self, name: str, published: dict[str, Any]) -> None:
        """An agent is there from now on: its account is somebody, its share token holds coin."""
        self.town.people[name] = published["account"]
        self.accounts.append(Account(name, self._coin(published["account"], self.first)))
        self.others[published["account"].lower()] = "Account"
        self.contracts[published["share_token"].lower()] = "Shares"

    def _coin(self, address: str, block: int) -> int:
        return int(self.town.ask("eth_getBalance", address, hex(block)), 16)

    def _call(self, contract: str, signature: str, argument: str = "", block: int | None = None) -> int:
        to = next(address for address, name in self.contracts.items() if name == contract)
        at = "latest" if block is None else hex(block)
        return int(self.town.ask("eth_call", {"to": to, "data": selector(signature) + argument}, at), 16)

    def tokens(self, who: str) -> int:
        """Tokens that somebody has now, in their smallest unit (10⁻¹⁸)."""
        return self._call("Token", "balanceOf(address)", self.town.people[who][2:].lower().rjust(64, "0"))

    def owed(self, who: str, contract: str = "Sessions") -> int:
        """What a contract owes somebody now, until it is fetched."""
        return self._call(contract, "owed(address,address)", NATIVE + self.town.people[who][2:].lower().rjust(64, "0"))

    def _contracts(self, block: int) -> tuple[int, int]:
        """What contracts hold for somebody, and what nobody gets any more."""
        coin = {address: self._coin(address, block) for address in self.contracts}
        burnt = sum(coin[address] for address, name in self.contracts.items() if name == "Work")
        burnt += self._call("Providers", "burnt(address)", NATIVE, block) + self._call("Companions", "burnt()", block=block)
        return sum(coin.values()) - burnt, burnt

    def actions(self) -> list[Action]:
        """Every transaction since the books were opened, by its receipt."""
        who = {address.lower(): name for name, address in self.town.people.items()}
        last = self.town.block()
        for number in range(self.seen + 1, last + 1):
            for transaction in self.town.ask("eth_getBlockByNumber", hex(number), True)["transactions"]:
                receipt = self.town.ask("eth_getTransactionReceipt", transaction["hash"])
                gas = int(receipt["gasUsed"], 16)
                what = self._what(transaction["to"] or "", transaction["input"])
                if int(receipt["status"], 16) != 1:
                    what += ", refused"
                sender = transaction["from"].lower()
                action = Action(number, transaction["hash"], who.get(sender, sender), what, gas, gas * int(receipt["effectiveGasPrice"], 16))
                self.found.append(action)
        self.seen = last
        return self.found

    def done(self, who: str, what: str) -> int:
        """How often somebody did this."""
        return sum((action.who, action.what) == (who, what) for action in self.actions())

    def _what(self, to: str, data: str) -> str:
        if len(data) < 10:
            return "give coin"
        contract = {**self.contracts, **self.others}.get(to.lower())
        name = self.names.get(contract or "", {}).get(data[:10])
        if name is None:
            raise Failed(f"a transaction to {to} is none of this market's: {data[:10]}")
        if contract == "Account" and name == "execute":  # (to, value, bytes): four words, then the call
            return f"{self._what('0x' + data[34:74], '0x' + data[266:])}, by an agent"
        return f"{contract}.{name}"

    def close(self) -> dict[str, Any]:
        """Reads what everybody has now, and adds up. Everything, in wei, as text where it is an amount."""
        last = self.town.block()
        actions = self.actions()
        for account in self.accounts:
            account.after = self._coin(self.town.people[account.who], last)
        self.held.after, self.burnt.after = self._contracts(last)
        accounts = [*self.accounts, self.held, self.burnt]
        gas = sum(action.cost for action in actions)
        difference = sum(account.change for account in accounts) + gas
        if difference:
            raise Failed(f"the books are wrong by {difference} wei: gains and gas do not add up to nothing")
        self._print_accounts(accounts, actions)
        self._print_actions(actions)
        text = lambda row: {key: str(value) if key in ("before", "after", "cost") else value for key, value in row.items()}  # noqa: E731
        paid = {a.who: sum(action.cost for action in actions if action.who == a.who) for a in accounts}
        whole = lambda a: {**text(asdict(a)), "change": str(a.change), "gas": str(paid[a.who])}  # noqa: E731
        return {
            "accounts": [whole(account) for account in accounts],
            "gas_paid": str(gas),
            "actions": [text(asdict(action)) for action in actions],
        }

    def _print_accounts(self, accounts: list[Account], actions: list[Action]) -> None:
        signed = lambda wei: ("+" if wei > 0 else "") + sats(wei)  # noqa: E731
        rows = []
        for a in accounts:
            gas = sum(action.cost for action in actions if action.who == a.who)
            rows.append((a.who, sats(a.before), sats(a.after), signed(a.change), sats(gas), signed(a.change + gas)))
        total = sum(action.cost for action in actions)
        rows.append(("all", *(sats(sum(getattr(a, what) for a in accounts)) for what in ("before", "after", "change")), sats(total), "0 sat"))
        table(("who", "before", "after", "change", "gas paid", "without gas"), rows)

    def _print_actions(self, actions: list[Action]) -> None:
        groups: dict[tuple[str, str], list[Action]] = {}
        for action in actions:
            groups.setdefault((action.what, action.who), []).append(action)
        rows = []
        for (what, who), group in groups.items():
            least, most = min(a.gas for a in group), max(a.gas for a in group)
            each = f"{most:,}" if least == most else f"{least:,} to {most:,}"
            rows.append((what, who, str(len(group)), each, sats(sum(a.cost for a in group))))
        table(("action", "who", "times", "gas", "cost of all"), rows, left=2)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], left: int = 1) -> None:
    """Prints rows under a head; the first ``left`` columns are words, the others numbers."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, tuple("-" * width for width in widths), *rows]:
        cells = [cell.ljust(width) if i < left else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip())
