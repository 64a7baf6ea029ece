"""Policies as files, for servers to host and for anyone to compute with the same bits.

    >>> from hyperdust import policies
    >>> policies.save("walk.safetensors", [(w0, b0), (w1, b1)], activation="tanh", mean=mean, std=std)
    >>> actions = policies.load("walk.safetensors")(observations)

``hyperdust serve --policy walk=walk.safetensors`` hosts it; ``hyperdust.policy(address, "walk")`` asks it there. What a file may
hold is in docs/policies.md; trainers that have safetensors of their own can write it without this module.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hyperdust import _core
from hyperdust.errors import PolicyError


class Policy:
    """A policy in a file, computed here: :func:`load`.

    Attributes:
        inputs, outputs: Numbers of an observation and of an action.
        digest: What it is: a server that hosts the same policy says the same.
    """

    def __init__(self, core: _core.Policy) -> None:
        self._core = core
        self.inputs, self.outputs, self.digest = core.shape()

    def __call__(self, observations: Any) -> np.ndarray:
        """Actions (…, outputs) float32 for observations (…, inputs)."""
        rows = rows_of(observations, self.inputs)
        actions = np.frombuffer(self._core.act(rows.tobytes()), dtype=np.float32)
        return actions.reshape(*rows.shape[:-1], self.outputs).copy()


def save(
    path: str | os.PathLike[str],
    layers: Sequence[tuple[Any, Any]],
    *,
    activation: str = "tanh",
    output_activation: str = "linear",
    mean: Any = None,
    std: Any = None,
    clip: float | None = None,
    low: Any = None,
    high: Any = None,
) -> None:
    """Writes a policy's file (safetensors).

    Args:
        layers: Weights (units, inputs) and biases (units,) of each layer, the first first.
        activation: Of all layers but the last: "linear", "relu" or "tanh".
        output_activation: Of the last.
        mean, std: Of the observations that it was trained with: it sees ``(observation - mean) / std``.
        clip: What it sees is clamped to ± this.
        low, high: Answers are clamped to -1 … 1 and stretched over these bounds, one a number of the action.
    """
    arrays = [
        (_array(weight, 2, f"layers[{number}]: weight"), _array(bias, 1, f"layers[{number}]: bias"))
        for number, (weight, bias) in enumerate(layers)
    ]
    normal, bounds = _pair(mean, std, "mean and std"), _pair(low, high, "low and high")
    data = _core.policy_file(arrays, activation, output_activation, normal, clip, bounds)
    # Whoever reads it meanwhile sees the old file or the new one.
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Policy:
    """The policy in a file. A file that is none is a :class:`hyperdust.PolicyError`. Errors name the file."""
    try:
        return Policy(_core.Policy.read(path))
    except (PolicyError, OSError) as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from None


def rows_of(observations: Any, inputs: int) -> np.ndarray:
    """Observations as (…, inputs) float32, C-contiguous."""
    rows = np.ascontiguousarray(observations, dtype=np.float32)
    if rows.shape[-1:] != (inputs,):
        raise PolicyError(f"observations have shape {rows.shape}, accepted is (…, {inputs})")
    return rows


def _array(given: Any, dimensions: int, what: str) -> np.ndarray:
    array = np.ascontiguousarray(given, dtype=np.float32)
    if array.ndim != dimensions:
        raise PolicyError(f"{what} has shape {array.shape}, accepted are {dimensions} dimensions")
    return array


def _pair(first: Any, second: Any, what: str) -> tuple[list[float], list[float]] | None:
    if first is None and second is None:
        return None
    if first is None or second is None:
        raise PolicyError(f"{what} go together")
    return _array(first, 1, what).tolist(), _array(second, 1, what).tolist()
