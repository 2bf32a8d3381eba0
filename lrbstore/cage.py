"""CAGE label arrays in rings outward from the centre, so that a short request reads only the bins it needs.

A window has 896 bins of 128 bp by 50 tracks. Ring 0 is the central 16 bins; each further ring adds bins on both sides, as many again as
lie inside it, the last what remains. Whoever wants the central ``n`` bins reads the rings that touch them: fewer than ``2 n`` bins once
``n`` is 10 or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


def from_rings(rings: Sequence[np.ndarray], n_bins: int, out: np.ndarray | None = None) -> np.ndarray:
    """Put rings together again.

    Args:
        rings: The arrays of :func:`rings_for`, each float32 (n, bins in the ring × 50).
        n_bins: Central bins wanted, even.
        out: float32 (n, n_bins, 50) to put them into; a new array by default.

    Returns:
        float32 (n, n_bins, 50), bins in genomic order.
    """
    n, half = len(rings[0]), n_bins // 2
    labels = np.empty((n, n_bins, TRACKS), np.float32) if out is None else out
    inner = 0
    for outer, ring in zip(RINGS, rings, strict=False):
        width = outer - inner
        both = ring.reshape(n, 2 * width, TRACKS)
        take = min(outer, half) - inner  # bins of this ring that are wanted, on each side
        labels[:, half - inner - take : half - inner] = both[:, width - take : width]
        labels[:, half + inner : half + inner + take] = both[:, width : width + take]
        inner = outer
    return labels


@dataclass(frozen=True)
class Central:
    """The central bins of label arrays, as :class:`lrbstore.parquet.Vectors` makes them of rings.

    Attributes:
        n_bins: How many, an even number, 2 to 896.
    """

    n_bins: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The rings that hold them."""
        return rings_for(self.n_bins)

    def shape(self, widths: Sequence[int]) -> tuple[int, int]:
        """Bins and tracks."""
        del widths
        return self.n_bins, TRACKS

    def lay(self, vectors: Sequence[np.ndarray], out: np.ndarray) -> None:
        """Put the rings of n rows together: float32 (n, n_bins, 50)."""
        if len(out):
            from_rings(vectors, self.n_bins, out)
