"""CAGE label arrays in rings outward from the centre, so that a short request reads only the bins it needs.

A window has 896 bins of 128 bp by 50 tracks. Ring 0 is the central 16 bins; each further ring adds bins on both sides, as many again as
lie inside it, the last what remains. Whoever wants the central ``n`` bins reads the rings that touch them: fewer than ``2 n`` bins once
``n`` is 10 or more.
"""

from __future__ import annotations

import numpy as np

from lrbstore.buffers import Buffers
from lrbstore.window import CAGE_BINS

BINS = CAGE_BINS
TRACKS = 50
#: Distance of each ring's outer edge from the centre, in bins.
RINGS = (8, 16, 32, 64, 128, 256, 448)


def to_rings(labels: np.ndarray) -> list[np.ndarray]:
    """Cut label arrays into rings.

    Args:
        labels: float32 (n, 896, 50).

    Returns:
        One array a ring, float32 (n, bins in the ring × 50): bins left of the centre first, then bins right of it.
    """
    middle, inner, out = BINS // 2, 0, []
    for outer in RINGS:
        left, right = labels[:, middle - outer : middle - inner], labels[:, middle + inner : middle + outer]
        out.append(np.concatenate([left, right], axis=1).reshape(len(labels), 2 * (outer - inner) * TRACKS))
        inner = outer
    return out


def rings_for(n_bins: int) -> tuple[str, ...]:
    """Name the ring columns that hold the central ``n_bins`` bins (an even number, 2 to 896)."""
    inner = (0, *RINGS)
    return tuple(f"ring_{k}" for k in range(len(RINGS)) if inner[k] < n_bins // 2)


def from_rings(rings: list[np.ndarray], n_bins: int, room: Buffers | None = None) -> np.ndarray:
    """Put rings together again.

    Args:
        rings: The arrays of :func:`rings_for`, each float32 (n, bins in the ring × 50).
        n_bins: Central bins wanted, even.
        room: Gives the array; a new one by default.

    Returns:
        float32 (n, n_bins, 50), C-contiguous, bins in genomic order: the innermost ring itself where that is all.
    """
    n = len(rings[0])
    half = n_bins // 2
    if half == RINGS[0]:
        return rings[0].reshape(n, n_bins, TRACKS)
    labels = np.empty((n, n_bins, TRACKS), np.float32) if room is None else room.empty((n, n_bins, TRACKS), np.float32)
    inner = 0
    for outer, ring in zip(RINGS, rings, strict=False):
        width = outer - inner
        both = ring.reshape(n, 2 * width, TRACKS)
        take = min(outer, half) - inner  # bins of this ring that are wanted, on each side
        labels[:, half - inner - take : half - inner] = both[:, width - take : width]
        labels[:, half + inner : half + inner + take] = both[:, width : width + take]
        inner = outer
    return labels
