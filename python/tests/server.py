"""A server for tests: the real `hyperdust` binary, in a folder of its own.

The binary is HYPERDUST_BINARY, or built from this checkout (`cargo build`, in CARGO_TARGET_DIR). Without either, tests that need
it are skipped.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperdust import _core

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0


@functools.cache
def binary() -> Path:
    """The server's executable."""
    given = os.environ.get("HYPERDUST_BINARY")
    if given:
        return Path(given)
    if shutil.which("cargo") is None:
        pytest.skip("neither HYPERDUST_BINARY nor cargo is there")
    command = ["cargo", "build", "--locked", "--quiet", "-p", "hyperdust-actors", "--bin", "hyperdust"]
    made = subprocess.run([*command, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(line) for line in made.stdout.splitlines()]
    return next(Path(line["executable"]) for line in lines if line.get("executable"))


class Server:
    """A running server at ``address``, with its data in ``folder``; ``flags``: what else it is started with; ``http``: where its page is."""

    def __init__(self, folder: Path, *flags: str, http: str = "off") -> None:
        self.folder = folder
        self.address = f"ipc://{folder}/socket"
        self.flags = ["--listen", self.address, "--http", http, "--data", str(folder / "data"), *flags]
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen([binary(), "serve", *self.flags], cwd=self.folder, stdout=log, stderr=log)
        try:
            _core.Client(self.address, SECONDS).close()
        except Exception as error:
            self.kill()
            raise RuntimeError(f"the server did not answer: {self.log()}") from error

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Lets it drain; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


@contextlib.contextmanager
def running(folder: Path, *flags: str, http: str = "off") -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(folder, *flags, http=http)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
