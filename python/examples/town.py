"""A market on this machine: a chain, wallets, servers and companions, each of them a process of the `hyperdust` binary.

Nothing here knows how a market works; it starts the commands, hears what they say, and asks the chain over plain JSON-RPC. Whatever goes
wrong is a :class:`Failed` that says which command, and what it said last. The binary is HYPERDUST_BINARY, or `hyperdust` on the path.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

# For wallets whose coin is worth nothing.
PASSWORD = "only for trials"
# A bitcoin has 10⁸ sat and, on the chains that this is for, 10¹⁸ wei.
SAT = 10**10
# Contracts' times, in seconds of the chain: no busy machine misses one, and when everybody waits the chain's clock is put forward.
HOURS = {"window": 4 * 3600, "closing": 2 * 3600, "answer": 3600, "budget": 3 * 3600, "extension": 1800, "epoch": 12 * 3600, "unbonding": 8 * 3600}


class Failed(Exception):
    """Something did not go as it has to."""


def sats(wei: int) -> str:
    """An amount for people, in sat, rounded to a hundredth of one, halves up (JSON has all of it)."""
    whole, cents = divmod((abs(wei) * 100 + SAT // 2) // SAT, 100)
    return f"{'-' if wei < 0 and (whole or cents) else ''}{whole:,}{f'.{cents:02}'.rstrip('0') if cents else ''} sat"


class Town:
    """A chain with a market, in ``folder``, for as long as the block runs; ``purses``: who is there, with how many coins."""

    def __init__(self, folder: Path, purses: dict[str, int]) -> None:
        binary = os.environ.get("HYPERDUST_BINARY") or shutil.which("hyperdust")
        if binary is None:
            raise Failed("no binary: set HYPERDUST_BINARY to hyperdust (cargo build --release -p hyperdust-actors)")
        self.binary, self.folder = Path(binary).resolve(), folder.resolve()
        self.wallets, self.password = self.folder / "wallets", self.folder / "password"
        self.deployment = self.folder / "deployment.json"
        self.running: dict[str, subprocess.Popen[str]] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.password.write_text(PASSWORD)
        self.people = {name: self.command("wallet", "new", name)["address"] for name in purses}
        words = ["devnet", "--listen", "127.0.0.1:0", "--data", self.folder / "chain", "--deployment", self.deployment, "--trial", "--json"]
        words += [word for name, coins in purses.items() for word in ("--fund", f"{name}={coins}eth")]
        words += [word for name, seconds in HOURS.items() for word in ("--set", f"{name}={seconds}")]
        self.url: str = json.loads(self.start("devnet", *words))["url"]

    def __enter__(self) -> Town:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self.running)):
            with contextlib.suppress(Failed):
                self.stop(name)

    # --- commands ------------------------------------------------------------------------------------

    def _environment(self, wallet: str | None) -> dict[str, str]:
        mine = {"HYPERDUST_WALLETS": str(self.wallets), "HYPERDUST_PASSWORD_FILE": str(self.password)}
        if "devnet" in self.running:
            mine |= {"HYPERDUST_CHAIN": self.url, "HYPERDUST_DEPLOYMENT": str(self.deployment)}
        if wallet is not None:
            mine["HYPERDUST_WALLET"] = wallet
        return {**os.environ, **mine}

    def command(self, *words: str | Path, wallet: str | None = None) -> dict[str, Any]:
        """What a command says as JSON; ``wallet``: who acts."""
        return json.loads(self.said(*words, "--json", wallet=wallet))

    def said(self, *words: str | Path, wallet: str | None = None) -> str:
        """What a command says."""
        command = [str(self.binary), *map(str, words)]
        done = subprocess.run(command, cwd=self.folder, env=self._environment(wallet), capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"hyperdust {' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def start(self, name: str, *words: str | Path, wallet: str | None = None) -> str:
        """A command that goes on, and the first line that it says. The rest goes to a file, ``name``.log."""
        with open(self._log(name), "a") as log:
            command = [str(self.binary), *map(str, words)]
            self.running[name] = subprocess.Popen(
                command, cwd=self.folder, env=self._environment(wallet), stdout=subprocess.PIPE, stderr=log, text=True
            )
        said = self.running[name].stdout.readline()  # type: ignore[union-attr]
        if not said:
            self.running.pop(name).wait()
            raise Failed(f"hyperdust {words[0]} did not start: {self.last_words(name)}")
        return said

    def behind(self, name: str, *words: str | Path, wallet: str | None = None) -> None:
        """A command that goes on, and says nothing that anybody waits for."""
        with open(self._log(name), "a") as log:
            command = [str(self.binary), *map(str, words)]
            self.running[name] = subprocess.Popen(command, cwd=self.folder, env=self._environment(wallet), stdout=log, stderr=log, text=True)

    def stop(self, name: str, accepted: int = 0) -> None:
        """Tells it to end, and waits until it has."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed(f"{name} did not end: {self.last_words(name)}") from None
        if process.stdout is not None:
            process.stdout.close()
        if status not in (accepted, -signal.SIGTERM):
            raise Failed(f"{name} ended with status {status}: {self.last_words(name)}")

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of what a process has said."""
        lines = self._log(name).read_text(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    # --- the chain -----------------------------------------------------------------------------------

    def ask(self, method: str, *params: Any) -> Any:
        """What the chain's node answers."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            said = json.load(answer)
        if "error" in said:
            raise Failed(f"{method}: {said['error']['message']}")
        return said["result"]

    def block(self) -> int:
        """Number of the last block."""
        return int(self.ask("eth_blockNumber"), 16)

    def later(self, seconds: int) -> None:
        """So much time goes by on the chain, after its last block: which may be ahead of any clock, where blocks came fast."""
        last = int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self.ask("evm_setNextBlockTimestamp", last + seconds)
        self.ask("evm_mine")

    def until(self, what: str, holds: Callable[[], T], seconds: float = 120.0) -> T:
        """Waits until this holds. Blocks come meanwhile, one a second, and whoever is at work has to be alive."""
        end, mine = time.monotonic() + seconds, time.monotonic() + 1.0
        while not (found := holds()):
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise Failed(f"{what}: {name} has ended: {self.last_words(name)}")
            if time.monotonic() > end:
                ends = "; ".join(f"{name}: {self.last_words(name)}" for name in self.running if name != "devnet")
                raise Failed(f"{what}: not within {seconds:.0f} seconds ({ends})")
            if time.monotonic() > mine:
                self.ask("evm_mine")
                mine += 1.0
            time.sleep(0.2)
        return found

    def session(self, session: str) -> dict[str, Any]:
        """What the chain says of a session."""
        return self.command("session", "status", session)

    def ended(self, session: str) -> dict[str, Any]:
        """What it says once the session's claim can be paid out and was, or a companion was drawn for it."""
        self.later(HOURS["window"] + 1)

        def over() -> dict[str, Any] | None:
            state = self.session(session)
            return state if state["status"] == "ended" else None

        return self.until(f"session {session} is paid out", over)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def town(folder: Path, purses: dict[str, int]) -> Iterator[Town]:
    """A new market in this folder; what another run has left there goes."""
    if (folder / "deployment.json").exists():
        shutil.rmtree(folder)
    with Town(folder, purses) as made:
        yield made
