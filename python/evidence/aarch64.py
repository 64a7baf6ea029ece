"""Every scene's golden run of 200 steps from code for aarch64, under qemu-user.

Writes docs/evidence/aarch64.json; exits 1 where a scene's digests are not those of x86-64.
"""

from __future__ import annotations

import re
import subprocess
import sys

import machine


def main() -> int:
    before = machine.describe()
    run = subprocess.run([machine.ROOT / "tests" / "aarch64.sh"], stdout=subprocess.PIPE, text=True, cwd=machine.ROOT)
    scenes = dict(re.findall(r"^(\w+): (.*)$", run.stdout, re.MULTILINE))
    equal = sorted(name for name, said in scenes.items() if said == "as before")
    version = subprocess.run(["qemu-aarch64-static", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    result = {"target": "aarch64-unknown-linux-gnu", "emulator": version.splitlines()[0], "steps": 200, "scenes": scenes}
    machine.write("aarch64", before, result)
    print(f"{len(equal)} of {len(scenes)} scenes equal")
    return 0 if run.returncode == 0 and len(equal) == len(scenes) >= 3 else 1


if __name__ == "__main__":
    sys.exit(main())
