"""Make the binary files of the fixture: npz shards, which cannot be read side by side with the rows that are expected of them.

``raw/cage_prediction/targets_subset/arrays.csv`` names each array, its shard and its first value. Bin b of track t of an array holds
``first + b + t / 64``, which float32 holds exactly.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def label_array(first: float) -> np.ndarray:
    """Give an invented label array: float32 (1, 896, 50), as a shard holds it."""
    bins, tracks = np.arange(896)[:, None], np.arange(50)[None, :]
    return (first + bins + tracks / 64).astype(np.float32)[None]


def build(raw: Path) -> None:
    """Write the shards below ``raw``, a copy of the fixture's folder."""
    folder = raw / "cage_prediction" / "targets_subset"
    shards: dict[str, dict[str, np.ndarray]] = {}
    with (folder / "arrays.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            shards.setdefault(row["shard"], {})[row["key"]] = label_array(float(row["first"]))
    for name, arrays in shards.items():
        np.savez(folder / name, **arrays)
