"""The server that is measured: `hyperdust serve`, as released, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import machine

SECONDS = 60.0


def binary() -> Path:
    """HYPERDUST_BINARY, or what `cargo build --release` made of this tree."""
    path = Path(os.environ.get("HYPERDUST_BINARY", machine.target() / "release" / "hyperdust"))
    if not path.is_file():
        raise SystemExit(f"{path} is not there: `cargo build --release -p hyperdust-actors` makes it; HYPERDUST_BINARY names another")
    return path


class Server:
    """A running server: ``tcp`` and ``ipc`` are its addresses, ``folder`` has its data. ``wrap``: a command that it is started through."""

    def __init__(self, folder: Path, *flags: str, listen: tuple[str, ...] = (), wrap: tuple[str, ...] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.wrap = folder, wrap
        self.ipc = f"ipc://{folder}/wire"
        endpoints = ["tcp://127.0.0.1:*", self.ipc, *listen]
        addresses = [part for endpoint in endpoints for part in ("--listen", endpoint)]
        self.flags = [*addresses, "--http", "off", "--data", str(folder / "data"), *flags]
        self.start()

    def start(self) -> None:
        """Starts it and waits until it says where it listens."""
        command = [*self.wrap, str(binary()), "serve", *self.flags]
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        self.addresses = []
        said = self.process.stdout
        while len(self.addresses) < self.flags.count("--listen"):
            line = said.readline()
            if not line:
                raise RuntimeError(f"the server ended: {self.log()[-2000:]}")
            if line.startswith("listens on "):
                self.addresses.append(line.split()[-1].replace("[::ffff:127.0.0.1]", "127.0.0.1"))
        self.tcp = self.addresses[0]

    @property
    def pid(self) -> int:
        """Of the server itself, below what it was started through."""
        pid = self.process.pid
        for _ in self.wrap and range(8):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "hyperdust":
                break
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                break
            pid = int(children[0])
        return pid

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """Ends it at once."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self.process.wait(SECONDS)

    def stop(self) -> int:
        """Lets it drain; its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(SECONDS)

    def size(self) -> dict[str, float]:
        """What it takes: resident MiB, open files, threads."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return {
            "resident_mib": round(int(fields["VmRSS"].split()[0]) / 1024, 2),
            "files": len(os.listdir(f"/proc/{self.pid}/fd")),
            "threads": int(fields["Threads"]),
        }


@contextlib.contextmanager
def running(folder: Path, *flags: str, listen: tuple[str, ...] = (), wrap: tuple[str, ...] = ()) -> Iterator[Server]:
    """A server for as long as the block runs."""
    server = Server(folder, *flags, listen=listen, wrap=wrap)
    try:
        yield server
    finally:
        server.kill()
