"""Coordinates: the one place where 1-based positions and 0-based intervals are turned into each other.

``pos`` is 1-based, as in VCF and GTF. ``start`` and ``end`` are 0-based half-open, as in BED: an interval's first base has the position
``start + 1``, its last one the position ``end``. Each function has a twin of the same name in ``sql/macros/coordinates.sql``.
"""

from __future__ import annotations


def start_of_pos(pos: int) -> int:
    """Return the 0-based start of the base at a 1-based position."""
    return pos - 1


def pos_of_start(start: int) -> int:
    """Return the 1-based position of the base at a 0-based start."""
    return start + 1


def interval_length(start: int, end: int) -> int:
    """Return the bases in an interval."""
    return end - start


def interval_overlaps(start_a: int, end_a: int, start_b: int, end_b: int) -> bool:
    """Tell whether two intervals on one contig share at least one base; those that touch share none, nor does an empty one."""
    return start_a < end_b and start_b < end_a and start_a < end_a and start_b < end_b


def overlap_bp(start_a: int, end_a: int, start_b: int, end_b: int) -> int:
    """Return how many bases two intervals on one contig share."""
    return max(0, min(end_a, end_b) - max(start_a, start_b))


def distance_bp(pos_a: int, pos_b: int) -> int:
    """Return the bases between two positions on one contig: 0 for the same base, 1 for neighbours, whichever comes first."""
    return abs(pos_a - pos_b)
