"""Where evidence is kept, and that every file of it says where and with what it was made."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hyperdust.bench.machine import describe

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"

__all__ = ["EVIDENCE", "ROOT", "describe", "programs", "target", "write"]


def write(name: str, machine: dict[str, Any], result: dict[str, Any]) -> Path:
    """docs/evidence/<name>.json; `machine` is `describe()` from before the measurement."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    path = EVIDENCE / f"{name}.json"
    path.write_text(json.dumps({"made_by": f"make evidence-{name}", "machine": machine, **result}, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")
    return path


def target() -> Path:
    """Where cargo builds: CARGO_TARGET_DIR, or the folder that the Makefile gives it."""
    cache = Path(os.environ.get("HYPERDUST_CACHE", Path.home() / ".cache" / "hyperdust"))
    return Path(os.environ.get("CARGO_TARGET_DIR", cache / "target")).resolve()


def programs() -> dict[str, str]:
    """The environment in which cargo, and what it builds, finds the programs of the proof machine. Exits where there are none."""
    folder = Path(os.environ.get("HYPERDUST_GUEST", target() / "hyperdust-guest")).resolve()
    if not (folder / "segment.elf").is_file():
        raise SystemExit(f"{folder} holds no segment.elf: `make guest` builds it; HYPERDUST_GUEST names its folder where that is another")
    return {**os.environ, "CARGO_TARGET_DIR": str(target()), "HYPERDUST_GUEST": str(folder)}
