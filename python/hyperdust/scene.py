"""Finding, checking and loading scenes."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from hyperdust import _core
from hyperdust.errors import ParameterError, UnknownParameterError

if TYPE_CHECKING:
    from hyperdust.env import HyperdustEnv


def scenes() -> list[str]:
    """Names of the published scenes."""
    return _core.scene_names()


def parameters(scene: str | os.PathLike[str]) -> dict[str, tuple[Any, str]]:
    """A scene's parameters: name to (default, documentation)."""
    source, builtin = _locate(scene)
    return _core.scene_parameters(source, builtin)


def load(scene: str | os.PathLike[str], **kwargs: Any) -> HyperdustEnv:
    """Any scene as an environment.

    Args:
        scene: A scene folder (with ``scene.toml``), a bare MJCF or URDF file, which gets a default task,
            or the name of a published scene. A bare word that is a published name means that scene:
            write ``./ant`` for a folder ``ant`` of your own.
        **kwargs: Scene parameters, and the keyword arguments of :class:`hyperdust.HyperdustEnv`.
    """
    from hyperdust.env import HyperdustEnv

    return HyperdustEnv(scene, **kwargs)


def check(scene: str | os.PathLike[str], **parameters: Any) -> list[str]:
    """Cooks a scene and returns its warnings (what was found but is not simulated); raises ``SceneError``."""
    return resolve(scene, parameters, None).warnings


def resolve(
    scene: str | os.PathLike[str] | _core.Scene, parameters: dict[str, Any], max_episode_steps: int | None
) -> _core.Scene:
    """The cooked scene."""
    if isinstance(scene, _core.Scene):
        return scene
    source, builtin = _locate(scene)
    try:
        return _core.Scene(source, builtin, parameters, max_episode_steps)
    except ParameterError as error:
        unknown = sorted(parameters.keys() - _core.scene_parameters(source, builtin).keys())
        if not unknown:
            raise
        raise UnknownParameterError(f"unexpected keyword argument '{unknown[0]}': {error}") from None


@functools.cache
def _published() -> dict[str, str]:
    return {_core.Scene(name, True, {}, None).blueprint_id: name for name in _core.scene_names()}


def published(blueprint_id: str) -> str | None:
    """Name of the published scene that has this blueprint with its default parameters."""
    return _published().get(blueprint_id)


def _locate(scene: str | os.PathLike[str]) -> tuple[str, bool]:
    if isinstance(scene, str) and scene in _core.scene_names():
        return scene, True
    return os.path.abspath(os.fspath(scene)), False
