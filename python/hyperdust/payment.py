"""Sessions that are paid: found, opened and settled on a chain, with integers of wei and no floats.

What :func:`hyperdust.connect` does with ``chain=``: it finds the asset and who serves it, connects, puts the budget in as the session's deposit
and, with ``mint=True``, has the chain draw the seeds. From then on the client signs the actions of every 64 steps, checks what
the provider signs in return, and pays with a voucher off the chain; no step costs gas. What was signed is kept in a file before it is sent.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass, field
from typing import Any

from hyperdust import _core
from hyperdust.errors import AmountError, ChainError, Error
from hyperdust.scene import resolve

# Lanes of a session that is paid, at most: each is a job of its own on the chain.
_LANES = 4096


@dataclass(frozen=True)
class LaneReceipt:
    """What both sides have signed of a lane.

    Attributes:
        steps: Steps of all its segments so far.
        actions: Running root of the actions, which the user signed.
        outputs: Running root of the outputs, which the provider signed in return; ``None``: not yet.
    """

    steps: int
    actions: str
    outputs: str | None


@dataclass(frozen=True)
class Receipt:
    """What a session has cost so far. ``str()`` shows it in coin, and in sats where the coin is a bitcoin.

    Money is in wei, the smallest unit of the chain's coin. A unit is a step of one lane.

    Attributes:
        session: The session's id on the chain.
        provider: Who serves it.
        asset: What is served: the asset's number.
        price: What a unit costs, the author's part included.
        units: Units that the last voucher pays for.
        amount: What it is worth: ``units * price``.
        unpaid: Units that were made and are not paid yet, of segments that are not whole.
        deposit: What was put in. What is not paid of it comes back when the session has ended.
        remaining: What can still be spent.
        actions, outputs: The roots of all lanes that the last voucher names, as the provider's claim shows them on the chain;
            ``None``: there is no voucher yet.
        lanes: The last receipt of each lane; ``None``: nothing was signed of it yet.
    """

    session: str
    provider: str
    asset: int
    price: int
    units: int
    amount: int
    unpaid: int
    deposit: int
    remaining: int
    actions: str | None
    outputs: str | None
    lanes: tuple[LaneReceipt | None, ...]
    text: str = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.text


def receipt_of(said: dict[str, Any]) -> Receipt:
    """The extension's numbers by name."""
    lanes = tuple(None if lane is None else LaneReceipt(*lane) for lane in said["lanes"])
    return Receipt(**{**said, "lanes": lanes})


@dataclass(frozen=True)
class Payment:
    """How a session is paid, as :func:`hyperdust.connect` was told; see there."""

    chain: str
    deployment: str | os.PathLike[str] | None
    wallet: str | None
    wallets: str | os.PathLike[str] | None
    password_file: str | os.PathLike[str] | None
    budget: str | int | None
    mint: bool
    asset: int | None
    provider: str | None
    chain_timeout: float
    receipts: str | os.PathLike[str] | None

    def connect(
        self,
        address: str | None,
        scene: str | os.PathLike[str] | None,
        parameters: dict[str, Any],
        max_episode_steps: int | None,
        num_envs: int,
        connection: tuple[float, str | None, str | os.PathLike[str] | None],
    ) -> tuple[_core.Client, str, str, _core.Bought]:
        """A connection to a provider, its address, what it calls the scene, and the session that was opened for it.

        The deposit goes in last: a provider that is not there, or has another scene, costs nothing.
        """
        if not 1 <= num_envs <= _LANES:
            raise ChainError(f"num_envs is {num_envs}; 1 to {_LANES} are accepted in a session that is paid")
        content = None
        if scene is not None and (self.asset is None or parameters or max_episode_steps is not None):
            content = resolve(scene, parameters, max_episode_steps).blueprint_id
        purse = _core.Purse(
            self.chain,
            _given("deployment", self.deployment),
            os.fspath(_given("wallet", self.wallet)),
            _or_variable("wallets", self.wallets),
            _or_variable("password_file", self.password_file),
            self.chain_timeout,
        )
        deposit = _wei(purse, self.budget)
        asset, published = purse.asset(self.asset, content)
        if content is not None and content != published:
            raise ChainError(
                f"asset {asset} is the scene {published}, not {content}: what is paid for is the scene as it was published, "
                "with its own parameters and time limit"
            )
        offers = purse.offers(asset, deposit, self.provider, address)
        client, place, name, provider, price = _reach(offers, published, connection)
        try:
            bought = purse.buy(
                asset, published, provider, price, deposit, num_envs, self.mint, self.receipts
            )
        except BaseException:
            client.close()
            raise
        return client, place, name, bought


def _reach(
    offers: list[tuple[str, str, str, bool, int]],
    blueprint: str,
    connection: tuple[float, str | None, str | os.PathLike[str] | None],
) -> tuple[_core.Client, str, str, str, int]:
    """The first provider that answers and has the scene: connection, address, the scene's name there, account, price."""
    timeout, server_key, key = connection
    failed = []
    for provider, place, registered, loopback, price in offers:
        # On one machine nobody needs keys, unless they were named; elsewhere the provider has registered its own.
        public = server_key if loopback else server_key or registered
        try:
            client = _core.Client(place, timeout, public if key is not None else None, key if public is not None else None)
            name = next((one["name"] for one in client.scenes() if one["blueprint_id"] == blueprint), None)
            if name is not None:
                return client, place, name, provider, price
            client.close()
            failed.append(f"{place}: it has no scene {blueprint}")
        except Error as error:
            failed.append(str(error) if place in str(error) else f"{place}: {error}")
    raise ChainError(f"no provider can be reached: {'; '.join(failed)}", retryable=True)


def _wei(purse: _core.Purse, budget: str | int | None) -> int:
    if isinstance(budget, str):
        wei = purse.amount(budget)
    else:
        try:
            wei = operator.index(None if isinstance(budget, bool) else budget)  # type: ignore[arg-type]
        except TypeError:
            raise AmountError(
                f'budget is {budget!r}; accepted are a text with a number of coins, such as "0.01", and an int of wei; never a float'
            ) from None
    if not 0 < wei < 1 << 96:
        raise AmountError(f"budget is {wei} wei; 1 to 2⁹⁶ − 1 are accepted")
    return wei


def _given(name: str, value: Any) -> Any:
    """The argument, or the variable that the commands take it from."""
    value = _or_variable(name, value)
    if value is None:
        raise ChainError(f"{name}= is missing: a session that is paid needs it (or the variable HYPERDUST_{name.upper()})")
    return value


def _or_variable(name: str, value: Any) -> Any:
    return os.environ.get(f"HYPERDUST_{name.upper()}") if value is None else value
