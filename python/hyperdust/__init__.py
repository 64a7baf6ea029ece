"""HyperDust: deterministic physics environments for Gymnasium.

``import hyperdust`` registers the published scenes::

    import gymnasium, hyperdust

    env = gymnasium.make("hyperdust/Ant-v0")
    envs = hyperdust.make_vec("hyperdust/Ant-v0", num_envs=64, num_threads=2)
    envs = hyperdust.make_async("hyperdust/Ant-v0", num_envs=64, batch_size=16)
    mine = hyperdust.load("path/to/scene_or_robot.xml")
    episodes = hyperdust.dataset("runs/").filter(scene="ant")
    there = hyperdust.connect("tcp://localhost:5555", scene="ant", num_envs=64)
    paid = hyperdust.connect(scene="ant", chain="http://…", deployment="deployment.json", wallet="me", budget="0.01")

The import itself is light: environments, the native module and everything else are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hyperdust.registration import register_scenes

if TYPE_CHECKING:
    from hyperdust._core import Episode
    from hyperdust.datasets import Dataset, dataset
    from hyperdust.env import HyperdustEnv
    from hyperdust.episode import ReplayReport, replay
    from hyperdust.errors import (
        AccessError,
        ActionError,
        AddressError,
        AmountError,
        BudgetExceeded,
        ChainError,
        ClosedError,
        DatasetError,
        EpisodeError,
        Error,
        LaneError,
        MaskError,
        MissingLibraryError,
        ParameterError,
        PendingError,
        PolicyError,
        RemoteError,
        RemoteTimeout,
        RenderError,
        ReplayError,
        ResetNeeded,
        SceneError,
        SeedError,
        SessionLost,
        StateError,
        UnknownParameterError,
    )
    from hyperdust.payment import LaneReceipt, Receipt
    from hyperdust.pipeline import Pipeline, make_async
    from hyperdust.remote import RemoteEnv, RemotePolicy, RemoteVectorEnv, connect, policy
    from hyperdust.scene import check, load, parameters, scenes
    from hyperdust.vector import HyperdustVectorEnv, make_vec

register_scenes()

_HOME = {
    "Episode": "_core",
    "Dataset": "datasets",
    "dataset": "datasets",
    "HyperdustEnv": "env",
    "ReplayReport": "episode",
    "replay": "episode",
    "check": "scene",
    "load": "scene",
    "parameters": "scene",
    "scenes": "scene",
    "HyperdustVectorEnv": "vector",
    "make_vec": "vector",
    "Pipeline": "pipeline",
    "make_async": "pipeline",
    "LaneReceipt": "payment",
    "Receipt": "payment",
    "RemoteEnv": "remote",
    "RemotePolicy": "remote",
    "RemoteVectorEnv": "remote",
    "connect": "remote",
    "policy": "remote",
    "AccessError": "errors",
    "ActionError": "errors",
    "AddressError": "errors",
    "AmountError": "errors",
    "BudgetExceeded": "errors",
    "ChainError": "errors",
    "ClosedError": "errors",
    "DatasetError": "errors",
    "EpisodeError": "errors",
    "Error": "errors",
    "LaneError": "errors",
    "MaskError": "errors",
    "MissingLibraryError": "errors",
    "ParameterError": "errors",
    "PendingError": "errors",
    "PolicyError": "errors",
    "RemoteError": "errors",
    "RemoteTimeout": "errors",
    "RenderError": "errors",
    "ReplayError": "errors",
    "ResetNeeded": "errors",
    "SceneError": "errors",
    "SeedError": "errors",
    "SessionLost": "errors",
    "StateError": "errors",
    "UnknownParameterError": "errors",
}

__all__ = [*sorted(_HOME), "__version__"]


def __getattr__(name: str) -> Any:
    # PEP 562: loads a name's module when it is first asked for, then remembers it.
    if name == "__version__":
        value = importlib.import_module("hyperdust._core").__version__
    elif name in _HOME:
        value = getattr(importlib.import_module(f"hyperdust.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'hyperdust' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
