"""Where and with what something was measured: a number without it means nothing."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("hyperdust", "gymnasium", "numpy", "jax", "mujoco", "envpool")


def source_tree() -> Path | None:
    """The checkout around the working directory or this file, where there is one: it has the scenes' files and a commit."""
    here = Path(__file__).resolve().parent
    for folder in (Path.cwd(), *Path.cwd().parents, *here.parents):
        if (folder / "scenes/ant/scene.toml").exists() and (folder / "python/hyperdust").is_dir():
            return folder
    return None


def _said(root: Path | None, *command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=root, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):  # not on every platform
        return None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """The machine, the tools and the tree. `load_before` tells whether the machine had other work."""
    root = source_tree()
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")), platform.processor())
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "cpu": model,
        "cores": cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "commit": _said(root, "git", "rev-parse", "HEAD") if root else "unknown",
        "uncommitted_changes": bool(_said(root, "git", "status", "--porcelain", "--", ":!docs/evidence")) if root else None,
        "rustc": _said(root, "rustc", "--version"),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }
