"""A progress bar where somebody looks: tqdm's if it is there, else a plain count."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], total: int, what: str, show: bool | None = None) -> Iterator[Item]:
    """``items``, counted on standard error. ``show=None``: only where that is a terminal."""
    if show is None:
        show = sys.stderr.isatty()
    if not show:
        yield from items
        return
    try:
        from tqdm import tqdm
    except ImportError:
        for count, item in enumerate(items):
            print(f"\r{what}: {count}/{total}", end="", file=sys.stderr, flush=True)
            yield item
        print(f"\r{what}: {total}/{total}", file=sys.stderr)
        return
    yield from tqdm(items, total=total, desc=what, unit="episode", file=sys.stderr)
