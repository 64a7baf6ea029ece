"""``python -m hyperdust``: what is installed; with a path, what a scene or robot file cooks to."""

from __future__ import annotations

import sys

import gymnasium

import hyperdust
from hyperdust import _core


def main(arguments: list[str]) -> int:
    """Prints, and returns the exit status."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print("usage: python -m hyperdust [SCENE]", file=sys.stderr)
        return 2
    if not arguments:
        print(f"hyperdust {hyperdust.__version__}, kernel version {_core.KERNEL_VERSION}")
        for name in sorted(gymnasium.registry):
            if name.startswith("hyperdust/"):
                print(f"  {name}")
        return 0
    try:
        env = hyperdust.load(arguments[0])
    except hyperdust.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    scene = env.scene
    print(f"{scene.name}: blueprint {scene.blueprint_id}")
    print(f"  observation  {env.observation_space}")
    print(f"  action       {env.action_space}")
    print(f"  step         {env.dt:g} s, episodes of {scene.max_episode_steps or 'any number of'} steps")
    for name, (default, doc) in hyperdust.parameters(arguments[0]).items():
        print(f"  {name} = {default!r}: {doc}")
    for warning in scene.warnings:
        print(f"  warning: {warning}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
