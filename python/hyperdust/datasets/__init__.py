"""Recorded episodes as data sets: opened, filtered, verified, and written in the formats that others read.

    >>> episodes = hyperdust.dataset("runs/").filter(scene="ant", complete=True)
    >>> episodes.verify().check()
    >>> episodes.to_minari("ant/expert-v0")

A recording holds a seed and actions; observations, rewards and infos are made by replaying it, and a replay is
compared with the recording's digests as it runs. So what is exported is verified by construction: an episode whose
replay differs is never written, it is an error that names the step.

The formats need their own libraries (``pip install "hyperdust[datasets]"``; LeRobot, which brings torch, is
``hyperdust[lerobot]``); opening, filtering, verifying and NPZ need none.
"""

from hyperdust.datasets.dataset import Dataset, Verification, dataset
from hyperdust.datasets.trajectory import Trajectory, trajectory

__all__ = ["Dataset", "Trajectory", "Verification", "dataset", "trajectory"]
