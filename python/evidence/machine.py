"""Where evidence is kept, and that every file of it says where and with what it was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hyperdust.bench.machine import describe

ROOT = Path(__file__).resolve().parents[2]
EVIDENCE = ROOT / "docs" / "evidence"

__all__ = ["EVIDENCE", "ROOT", "describe", "write"]


def write(name: str, machine: dict[str, Any], result: dict[str, Any]) -> Path:
    """docs/evidence/<name>.json; `machine` is `describe()` from before the measurement."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    path = EVIDENCE / f"{name}.json"
    path.write_text(json.dumps({"made_by": f"make evidence-{name}", "machine": machine, **result}, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")
    return path
