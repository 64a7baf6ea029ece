"""A market for tests: a chain of this machine, wallets, a published scene and a provider that serves it, all of them the real commands.

What a test asserts about money it reads back from the chain.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from server import Server, binary

# What nobody may use for anything but tests.
PASSWORD = "a password of tests"
AUTHOR, PROVIDER = 3_000_000_000, 7_000_000_000
PRICE = AUTHOR + PROVIDER


class Market:
    """A chain at ``url`` with the market's ``deployment``, and wallets in ``wallets`` that have coin."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wallets, self.password = folder, folder / "wallets", folder / "password"
        self.deployment = folder / "deployment.json"
        self.password.write_text(PASSWORD)
        for name in ("author", "provider", "user"):
            self.run("wallet", "new", name)
        command = [binary(), "devnet", "--listen", "127.0.0.1:0", "--trial", "--deployment", self.deployment, "--json"]
        command += ["--wallets", self.wallets, "--fund", "author=10eth", "--fund", "provider=100eth", "--fund", "user=10eth"]
        with open(folder / "devnet.log", "w") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (folder / "devnet.log").read_text()
        self.url = json.loads(line)["url"]

    def run(self, *words: str, wallet: str | None = None) -> dict[str, Any]:
        """What a command says as JSON."""
        environment = {**os.environ, "HYPERDUST_WALLETS": str(self.wallets), "HYPERDUST_PASSWORD_FILE": str(self.password)}
        if wallet is not None:
            environment |= {"HYPERDUST_WALLET": wallet, "HYPERDUST_CHAIN": self.url}
            environment |= {"HYPERDUST_DEPLOYMENT": str(self.deployment)}
        command = [str(binary()), *words, "--json"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout)

    def paying(self, **more: Any) -> dict[str, Any]:
        """Arguments of somebody who pays."""
        return {
            "chain": self.url,
            "deployment": self.deployment,
            "wallet": "user",
            "wallets": self.wallets,
            "password_file": self.password,
            "receipts": self.folder / "receipts",
            "budget": "0.01",
            **more,
        }


@contextlib.contextmanager
def market(folder: Path) -> Iterator[Market]:
    """A market for as long as the block runs."""
    made = Market(folder)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()


@contextlib.contextmanager
def provider(market: Market, *scenes: str) -> Iterator[Server]:
    """A server that is paid for these scenes, which the author has published."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    market.run("provider", "register", endpoint, "--key", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", wallet="provider")
    market.run("provider", "bond", "50 eth", wallet="provider")
    for scene in scenes:
        asset = str(market.run("scene", "publish", scene, "--price", f"{AUTHOR} wei", wallet="author")["asset"])
        market.run("provider", "offer", asset, "--price", f"{PROVIDER} wei", wallet="provider")
    settings = {
        "chain": market.url,
        "deployment": market.deployment,
        "wallet": "provider",
        "wallets": market.wallets,
        "password_file": market.password,
        "patience": 0,
        "look": 1,
        "confirmations": 1,
    }
    flags = [word for name, value in settings.items() for word in ("--set", f"settlement.{name}={value}")]
    server = Server(market.folder / "server", "--listen", endpoint, *flags)
    server.endpoint = endpoint
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
