"""docs/market.md runs: its blocks, in order, in one shell, with a server, a Python program that pays, a companion and an agent, all of them real.

Where the page says that time goes by, the chain's clock is moved; ports are free ones; a command that goes on behind (`… &`) is waited for until it says that
it listens. Nothing else is other than on the page. Claims can be defended in games where HYPERDUST_GUEST names the programs.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from server import ROOT, binary

PAGE = ROOT / "docs" / "market.md"
# Asks a node without a tool that may be missing.
POST = """
post() {
  body='{"jsonrpc":"2.0","id":1,"method":"'$1'","params":['${2:-}']}'
  exec 3<>/dev/tcp/127.0.0.1/PORT
  printf 'POST / HTTP/1.0\\r\\nHost: localhost\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n%s' ${#body} "$body" >&3
  grep -q result <&3
  exec 3>&-
}
"""


def ports(count: int) -> list[int]:
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in free:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in free]


def script(page: str, node: int, wire: int) -> tuple[str, int, int]:
    """The page's blocks as one script, how often time goes by in it, and how many commands go on behind."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    # A command goes over several lines where they end so.
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    out, waits, behind = ["set -eu -o pipefail", POST.replace("PORT", str(node)), "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"], 0, 0
    for line in lines:
        line = line.replace("127.0.0.1:8545", f"127.0.0.1:{node}").replace("127.0.0.1:5555", f"127.0.0.1:{wire}")
        line = line.replace("hyperdust devnet", f"hyperdust devnet --listen 127.0.0.1:{node}")
        line = line.replace("hyperdust serve", f"hyperdust serve --listen tcp://127.0.0.1:{wire}")
        if re.fullmatch("# .* later", line):
            waits += 1
            out += ["post evm_increaseTime 600", "post evm_mine"]
        elif line.endswith(" &"):
            behind += 1
            # The shell itself holds the pipe open, so that nobody is killed for talking to nobody.
            out += [f"mkfifo said{behind}", f"exec {10 + behind}<>said{behind}", f"{line[:-2]} >said{behind} 2>log{behind} &"]
            if "companion watch" not in line:  # it has nothing to say before there is a session
                out.append(f"read -t 60 -r _ <&{10 + behind}")
        else:
            out.append(line)
    return "\n".join(out) + "\n", waits, behind


def test_the_page_runs(tmp_path: Path) -> None:
    text, waits, behind = script(PAGE.read_text(), *ports(2))
    assert (waits, behind) == (4, 3)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "hyperdust").symlink_to(binary().resolve())
    # A link would not know the packages beside it.
    (tools / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tools / "python").chmod(0o755)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("HYPERDUST_") or name == "HYPERDUST_GUEST"}
    # The page has HTTP at its default, where somebody else may listen.
    mine |= {"HOME": str(tmp_path), "PATH": f"{tools}:{os.environ['PATH']}", "HYPERDUST_SERVE_HTTP": "off"}
    command = ["bash", "-c", text]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=mine, start_new_session=True, **pipes) as shell:
        try:
            stdout, stderr = shell.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            # With all that it started.
            os.killpg(shell.pid, signal.SIGKILL)
            stdout, stderr = shell.communicate()
    logs = "".join(f"\n--- {path.name}\n{path.read_text()}" for path in sorted(tmp_path.glob("log*")))
    assert shell.returncode == 0, f"{text}\n{stdout}\n{stderr}{logs}"
    # In the order of the page: published, paid, attested to, paid out, asked, earned, back.
    said = iter(stdout.splitlines())
    for part in [
        "asset 1: arm, provable",
        "asset 2: an agent, attested",
        "paid for 800 units at 0.00000001 ETH (10 gwei)",
        "claim     0.000008 ETH (8000 gwei), attested to by 1",
        " is ended",
        "is claimed",
        " is ended",
        "earned",
        "is closing",
        "0.010000002 ETH (10000002 gwei) for",
        "2 ETH",
        "0.01 ETH (10000000 gwei) for",
        "3 of 3 sessions",
    ]:
        assert any(part in line for line in said), f"{part}: {stdout}\n{stderr}{logs}"
    watched = (tmp_path / "log3").read_text()
    for part in ("watches sessions of everybody", ": found, asset 1 with", "computed again", "committed to on the chain", ": over"):
        assert part in watched, f"{part}: {watched}"
    assert (tmp_path / ".hyperdust/wallets/author.json").is_file()
    assert len(list((tmp_path / ".hyperdust/sessions").glob("*.json"))) == 1
