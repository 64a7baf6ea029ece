"""The short forms of what `make evidence-digests`, `-faults` and `-hostile` prove at length, with the same programs: equal digests here, on
servers and replayed; nothing acknowledged is lost, whatever breaks; and who means it ill gets nothing and disturbs nobody.

What a machine cannot do (namespaces, mounts and a false clock need privileges and tools) is skipped there.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from server import ROOT, binary


@pytest.mark.parametrize(
    ("program", "part"),
    [
        *(("digests", scene) for scene in ("ant", "blocks", "cartpole")),
        *(("faults", name) for name in ("kill_9", "client_killed", "slow_and_frozen_clients", "frozen_server")),
        *(("faults", name) for name in ("disk_full", "clock_jumps", "network_cut", "network_delay_and_loss")),
        *(("hostile", name) for name in ("mutated", "numbers", "strangers", "quotas")),
    ],
)
def test_short_form(program: str, part: str) -> None:
    if program == "hostile":
        pytest.importorskip("zmq")
    command = [sys.executable, ROOT / "python" / "evidence" / f"{program}.py", "--short", "--only", part]
    environment = {**os.environ, "HYPERDUST_BINARY": str(binary())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    if "left_out" in done.stdout:
        pytest.skip(done.stdout)
