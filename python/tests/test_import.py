"""Importing the package loads nothing heavy: only NumPy, Gymnasium and the registry entries. (A rule
about modules, not a stopwatch: it cannot flicker.)"""

import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_import_is_lazy() -> None:
    code = (
        "import numpy, gymnasium, sys; before = set(sys.modules); import hyperdust;"
        "print(*sorted(set(sys.modules) - before))"
    )
    assert run(code).split() == ["hyperdust", "hyperdust.registration"]


def test_every_public_name_resolves() -> None:
    assert run("import hyperdust; print(all(hasattr(hyperdust, n) for n in hyperdust.__all__))") == "True"


def test_nothing_beyond_numpy_and_gymnasium_is_needed() -> None:
    code = (
        "import sys; sys.modules.update({n: None for n in ('mujoco', 'jax', 'torch', 'stable_baselines3', 'scipy', 'zmq', 'tqdm',"
        "'minari', 'h5py', 'rerun', 'lerobot', 'pyarrow', 'pandas', 'PIL')});"
        "import hyperdust, hyperdust.remote, hyperdust.datasets as d; e = hyperdust.load('cartpole', record=True); e.reset(seed=0);"
        "n = len(e.step(0)); assert len(next(hyperdust.dataset(e.episode()).trajectories(progress=True))) == 1; print(n)"
    )
    assert run(code) == "5"
