"""The picture of every scene's README: scenes/<name>/preview.png, drawn by the kernel's ray-caster a moment after a reset."""

from __future__ import annotations

from pathlib import Path

import hyperdust
import imageio.v3 as imageio

SCENES = Path(__file__).resolve().parents[2] / "scenes"
SEED, STEPS = 3, {"blocks": 4}


def main() -> None:
    for name in hyperdust.scenes():
        env = hyperdust.load(SCENES / name, render_mode="rgb_array", width=480, height=320)
        env.reset(seed=SEED)
        env.action_space.seed(SEED)
        for _ in range(STEPS.get(name, 12)):
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                env.reset()
        imageio.imwrite(SCENES / name / "preview.png", env.render())
        print(f"wrote scenes/{name}/preview.png")


if __name__ == "__main__":
    main()
