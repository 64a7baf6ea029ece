"""From the kernel's typed segments to Gymnasium spaces, and back again for observations.

A layout with one segment is a plain space, one with several a ``Dict`` by segment name. Elements keep
the dtype of the arena; a boolean segment is a ``uint8`` box of 0 and 1, because a ``Box`` of bools is not portable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

if TYPE_CHECKING:
    from hyperdust._core import Segment


def space_of(segments: list[Segment]) -> spaces.Space:
    """The space of a layout."""
    if len(segments) == 1:
        return _segment_space(segments[0])
    return spaces.Dict({segment.name: _segment_space(segment) for segment in segments})


def _segment_space(segment: Segment) -> spaces.Space:
    if segment.choices:
        return spaces.Discrete(segment.choices)
    dtype = np.dtype("uint8" if segment.dtype == "bool" else segment.dtype)
    low, high = segment.low, segment.high
    if dtype.kind in "iu":
        # An unbounded integer segment still has the bounds of its type.
        bounds = np.iinfo(dtype)
        ceiling = 1 if segment.dtype == "bool" else bounds.max
        low = np.clip(low.astype(np.float64), bounds.min, ceiling)
        high = np.clip(high.astype(np.float64), bounds.min, ceiling)
    return spaces.Box(
        low=low.reshape(segment.shape).astype(dtype),
        high=high.reshape(segment.shape).astype(dtype),
        shape=segment.shape,
        dtype=dtype.type,
    )


def named(segments: list[Segment], arrays: tuple[np.ndarray, ...]) -> Any:
    """Arrays in segment order as an element of the (batched) space."""
    if len(segments) == 1:
        return arrays[0]
    return {segment.name: array for segment, array in zip(segments, arrays, strict=True)}


def unnamed(segments: list[Segment], value: Any) -> tuple[Any, ...]:
    """An element of the (batched) action space as one object per segment."""
    from hyperdust.errors import ActionError

    if len(segments) == 1:
        return (value,)
    names = [segment.name for segment in segments]
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        found = f"keys {sorted(value)}" if isinstance(value, dict) else type(value).__name__
        raise ActionError(f"the action must be a dict with the keys {names}, found {found}")
    return tuple(value[name] for name in names)
