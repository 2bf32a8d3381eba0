"""Ranks with ties, for many rows or many groups at once: what Spearman's ρ, AUROC and average precision are made of.

Groups are of any sizes and come in any order. Numbers are sorted once, whatever the number of groupings (:class:`Ordinals`); within a
grouping, a whole number made of the group and the ordinal is sorted, which costs a quarter of sorting the positions of float64.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_BITS = 63  #: Of a key that is sorted as int64.

Scalar = TypeVar("Scalar", bound=np.generic)


def tie_spans(ascending: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the group of equal values that each element of a sorted row belongs to.

    Args:
        ascending: Rows sorted along the last axis, without NaN, float64 (…, m).

    Returns:
        0-based indices of the first and the last member of each element's group, int64 (…, m) each.
    """
    m = ascending.shape[-1]
    opens = np.ones(ascending.shape, dtype=bool)
    opens[..., 1:] = ascending[..., 1:] != ascending[..., :-1]
    closes = np.ones(ascending.shape, dtype=bool)
    closes[..., :-1] = opens[..., 1:]
    index = np.arange(m, dtype=np.int64)
    first = np.maximum.accumulate(np.where(opens, index, 0), axis=-1)
    last = np.minimum.accumulate(np.where(closes, index, m)[..., ::-1], axis=-1)[..., ::-1]
    return first, last


def average_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank each row, equal values sharing the mean of their ranks.

    Args:
        values: Rows without NaN, float64 (…, m); ranked along the last axis.

    Returns:
        Ranks from 1 to m, whole or half numbers and therefore exact, float64 (…, m).
    """
    order = np.argsort(values, axis=-1)
    first, last = tie_spans(np.take_along_axis(values, order, axis=-1))
    ranks = np.empty(values.shape, dtype=np.float64)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    return ranks


# --- groups -----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each of n elements belongs to.

    Attributes:
        codes: 0-based group of each element, integers (n,).
        n_groups: How many groups there are; a group may be empty.
    """

    codes: NDArray[np.integer[Any]]
    n_groups: int

    @classmethod
    def whole(cls, n: int) -> Groups:
        """Put n elements into one group."""
        return cls(np.zeros(n, dtype=np.uint8), 1)

    @functools.cached_property
    def counts(self) -> NDArray[np.int64]:
        """Elements in each group, int64 (n_groups,)."""
        return np.bincount(self.codes, minlength=self.n_groups).astype(np.int64, copy=False)

    @functools.cached_property
    def present(self) -> NDArray[np.int64]:
        """Groups that are not empty, ascending."""
        return np.flatnonzero(self.counts)

    @functools.cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Elements in each group of `present`."""
        return self.counts[self.present]

    @functools.cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each group of `present` begins in `order`."""
        return np.cumsum(self.sizes) - self.sizes

    @functools.cached_property
    def order(self) -> NDArray[np.int64] | None:
        """Positions of the elements group by group, ascending within a group, int64 (n,); None where they lie so already."""
        if len(self.present) < 2:
            return None
        # numpy sorts integers of up to 16 bits by radix, ten times as fast as by comparison
        small = self.codes.astype(np.min_scalar_type(self.n_groups - 1), copy=False)
        return np.argsort(small, kind="stable")

    def by_group(self, values: NDArray[Scalar]) -> NDArray[Scalar]:
        """Bring values (n, …) into the order of the groups: a new array."""
        return np.array(values) if self.order is None else values[self.order]

    def share(self, holds: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Share of the elements of each group of `present` that something holds for, bool (n,)."""
        return self.count(holds)[self.present] / self.sizes

    def count(self, holds: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the elements of each group that something holds for, int64 (n_groups,)."""
        return np.bincount(self.codes[holds], minlength=self.n_groups).astype(np.int64, copy=False)


class Ordinals:
    """Numbers, and each one's place among the distinct numbers: sorted once, when first asked for.

    Args:
        values: Without NaN, float64 (n,).
    """

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.values = values

    @functools.cached_property
    def ordinals(self) -> NDArray[np.int64]:
        """0 for the lowest number, 1 for the next higher one, …; equal numbers share theirs. int64 (n,)."""
        order = np.argsort(self.values)
        ascending = self.values[order]
        rises = np.zeros(len(ascending), dtype=np.int64)
        np.not_equal(ascending[1:], ascending[:-1], out=rises[1:], casting="unsafe")
        found = np.empty_like(rises)
        found[order] = np.cumsum(rises, out=rises)
        return found

    @functools.cached_property
    def bits(self) -> int:
        """Bits that hold every ordinal."""
        return int(self.ordinals.max(initial=0)).bit_length()


class Steps(NamedTuple):
    """The distinct numbers of each group, ascending, group after group: s steps of g groups that are not empty."""

    first: NDArray[np.int64]  # (g,) the first step of each group
    n: NDArray[np.int64]  # (s,) elements at a step
    n_positive: NDArray[np.int64]  # (s,) how many of them are positive


def _key(groups: Groups, numbers: Ordinals) -> NDArray[np.int64]:
    """Order elements by group, then by number. Group and ordinal share 62 bits: enough for 2³¹ elements of as many groups."""
    return (groups.codes.astype(np.int64) << numbers.bits) | numbers.ordinals


def _ends(ascending: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the last position of each run of equal numbers."""
    return np.append(np.flatnonzero(ascending[1:] != ascending[:-1]), len(ascending) - 1)


def steps(groups: Groups, numbers: Ordinals, positive: NDArray[np.bool_]) -> Steps:
    """Count elements and positives at each distinct number of each group.

    Args:
        groups: Of n elements, at least one.
        numbers: Of the same elements.
        positive: Which of them are positive, bool (n,).

    Returns:
        The steps of the groups that are not empty.
    """
    # The class is the key's last bit: so that the sorted keys say all, and no position need be carried along.
    key = _key(groups, numbers) << 1 | positive
    key.sort()
    n_positive = np.cumsum(key & 1)
    key >>= 1
    ends = _ends(key)
    owner = key[ends] >> numbers.bits
    return Steps(np.flatnonzero(np.diff(owner, prepend=-1)), np.diff(ends, prepend=-1), np.diff(n_positive[ends], prepend=0))


def centred_ranks(groups: Groups, a: Ordinals, b: Ordinals) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rank both numbers of each element within its group, equal numbers sharing the mean of their ranks.

    Args:
        groups: Of n elements, at least one.
        a: One number of each element.
        b: Another number of each.

    Returns:
        Twice the distance of the ranks from their mean in the group, whole numbers and therefore exact, float64 (n,) each. Groups follow
        one another; the order within a group is unspecified, and the same for both.
    """
    width = (2 * len(groups.codes)).bit_length()
    if (groups.n_groups - 1).bit_length() + max(a.bits + b.bits, b.bits + width) > MOST_BITS:
        sides = (np.split(groups.by_group(side.values), groups.starts[1:]) for side in (a, b))
        rank_a, rank_b = (np.concatenate([2 * average_ranks(own) - (len(own) + 1) for own in side]) for side in sides)
        return rank_a, rank_b
    # As in `steps`, what belongs to an element is carried in its key's last bits: first the other number, then the rank of the first.
    key = _key(groups, a) << b.bits | b.ordinals
    key.sort()
    other = key & ((1 << b.bits) - 1)
    key >>= b.bits
    rank_a = _doubled_ranks(groups, key)
    key >>= a.bits
    key <<= b.bits
    key |= other
    key <<= width
    key |= rank_a
    key.sort()
    rank_a = key & ((1 << width) - 1)
    key >>= width
    mean = np.repeat(groups.sizes + 1, groups.sizes)
    return (rank_a - mean).astype(np.float64), (_doubled_ranks(groups, key) - mean).astype(np.float64)


def _doubled_ranks(groups: Groups, ascending: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice the average ranks within the group, of sorted keys."""
    ends = _ends(ascending)
    n = np.diff(ends, prepend=-1)
    ranks = np.repeat(2 * ends - n + 3, n)
    ranks -= np.repeat(2 * groups.starts, groups.sizes)
    return ranks
