"""Half-open numeric bins and their labels: the Python twin of ``sql/macros/bins.sql``.

Edges ``[0, 30000, 100000]`` make the bins ``[0, 30000)``, ``[30000, 100000)`` and ``[100000, ∞)``, labelled ``0-30k``, ``30k-100k`` and
``100k+``; what lies below the first edge is bin -1, ``<0``. An edge belongs to the bin that it opens, so no number is in two bins.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from lrbstore.errors import BadSpec

LARGEST_EDGE = 1e15  # whole numbers up to here are exact in float64, so a label shows the edge itself


def bin_ordinal(x: float | None, edges: Sequence[float]) -> int | None:
    """Count which bin a number lies in.

    Args:
        x: The number, compared as float64, or None.
        edges: Strictly ascending finite numbers; n edges make n bins, the last one open-ended.

    Returns:
        0 for the first bin, 1 for the next, …; -1 below the first edge; None when ``x`` is None or NaN.

    Raises:
        BadSpec: The edges are empty, not finite, beyond ±1e15 or not strictly ascending.
    """
    ascending = _checked(edges)
    if x is None or math.isnan(x):
        return None
    return bisect_right(ascending, float(x)) - 1


def bin_label(x: float | None, edges: Sequence[float]) -> str | None:
    """Name the bin that a number lies in.

    Args:
        x: The number, compared as float64, or None.
        edges: As for `bin_ordinal`.

    Returns:
        ``lo-hi``, ``last+`` or ``<first``; None when ``x`` is None or NaN. Equal to ``bin_labels(edges)[bin_ordinal(x, edges)]`` for every
        bin but the one below the first edge.

    Raises:
        BadSpec: As for `bin_ordinal`.
    """
    ordinal = bin_ordinal(x, edges)
    if ordinal is None:
        return None
    if ordinal < 0:
        return f"<{_edge_text(float(edges[0]))}"
    return bin_labels(edges)[ordinal]


def bin_labels(edges: Sequence[float]) -> list[str]:
    """List the labels of all bins, in the order of their ordinals.

    Args:
        edges: As for `bin_ordinal`.

    Returns:
        One label per edge; the bin below the first edge is not among them.

    Raises:
        BadSpec: As for `bin_ordinal`.
    """
    texts = [_edge_text(edge) for edge in _checked(edges)]
    return [f"{low}-{high}" for low, high in pairwise(texts)] + [f"{texts[-1]}+"]


def _checked(edges: Sequence[float]) -> list[float]:
    """Return the edges as floats, or say what is wrong with them."""
    ascending = [math.nan if edge is None else float(edge) for edge in edges]
    # `not <=` also catches NaN, for which every comparison is false
    if not ascending or any(not abs(edge) <= LARGEST_EDGE for edge in ascending) or any(low >= high for low, high in pairwise(ascending)):
        raise BadSpec(f"bin edges {list(edges)}: expected one or more finite numbers within ±1e15, strictly ascending")
    return ascending


def _edge_text(edge: float) -> str:
    """Write an edge: whole millions as M, whole thousands as k, everything else in full."""
    if not edge.is_integer():
        return repr(edge)
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if edge != 0 and edge % size == 0:
            return f"{int(edge) // size}{unit}"
    return str(int(edge))
