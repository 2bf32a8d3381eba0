"""Ranks with ties, for many rows at once: what Spearman's ρ, AUROC and average precision are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
