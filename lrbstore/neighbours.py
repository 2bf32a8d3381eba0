"""Nearest neighbours, exactly: of many queries at once, among references that come block by block.

A matrix product in single precision finds who may be among the nearest; a bound on its rounding says whom it cannot tell. Those few are
measured again in double precision, each pair in the same way wherever it stands, so that equal vectors are equally far and ties are ties.
What is held is the queries, their k best, and one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lrbstore.errors import BadSpec, UnknownName

METRICS = ("cosine", "euclidean")

_QUERIES, _REFERENCES = 1024, 2048  #: Rows of a block of the matrix product: 8 MiB of it.
_MEASURED = 1 << 21  #: Numbers of pairs that are measured at a time: 16 MiB, and some copies.
_CROWD = 4  #: Times k: from this many candidates a query on, it pays to look for the k-th of them first.

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest references of some queries, the nearest first.

    Attributes:
        places: int64 (queries, k): which references; -1 where there are fewer than k.
        distances: float64 (queries, k): how far they are; infinite where there are fewer than k.
    """

    places: Integers
    distances: npt.NDArray[np.float64]


def distance(a: Floats, b: Floats, metric: str) -> npt.NDArray[np.float64]:
    """Measure pairs of vectors.

    Args:
        a: (n, d).
        b: (n, d).
        metric: ``cosine``, 1 − a·b/(|a||b|), from 0 to 2, and 1 where a vector is zero and has no direction; or ``euclidean``, |a − b|.

    Returns:
        float64 (n,).

    Raises:
        UnknownName: If there is no such metric.
    """
    check_metric(metric)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if metric == "euclidean":
        return np.sqrt(np.square(a - b).sum(axis=1))
    norms = np.sqrt(np.square(a).sum(axis=1)) * np.sqrt(np.square(b).sum(axis=1))
    return np.clip(1 - (a * b).sum(axis=1) / np.where(norms > 0, norms, 1), 0, 2)


def check_metric(metric: str) -> str:
    """Return a metric's name.

    Raises:
        UnknownName: If there is no such metric.
    """
    if metric not in METRICS:
        raise UnknownName("metric", metric, METRICS)
    return metric


def k_nearest(
    queries: Floats,
    references: Iterable[tuple[Integers, Floats]],
    k: int,
    metric: str,
    *,
    rank: Integers | None = None,
    apart: Sequence[tuple[Integers, Integers]] = (),
) -> Neighbours:
    """Find the k nearest references of each query.

    Args:
        queries: float32 or float64 (q, d), all finite.
        references: Blocks of them: their places, int64 (m,), and vectors (m, d), all finite.
        k: How many, at least one.
        metric: See :func:`distance`.
        rank: int64 (references,), which of two equally distant ones comes first: the lower one; by place if nothing is said.
        apart: Pairs of codes, int64 (q,) and int64 (references,): who has the same code as a query is none of its neighbours.

    Returns:
        The neighbours, by distance and then rank.

    Raises:
        BadSpec: If k is less than one, or the widths differ.
        UnknownName: If there is no such metric.
    """
    check_metric(metric)
    if k < 1:
        raise BadSpec(f"k={k}; expected at least one neighbour")
    best = _Best(len(queries), k, rank)
    sought = [_Queries(queries[i : i + _QUERIES], metric) for i in range(0, len(queries), _QUERIES)]
    for places, vectors in references:
        if vectors.shape[1:] != queries.shape[1:]:
            raise BadSpec(f"queries have {queries.shape[1]:,} numbers and references {vectors.shape[1]:,}; expected as many")
        for first in range(0, len(places), _REFERENCES):
            here, block = places[first : first + _REFERENCES], vectors[first : first + _REFERENCES]
            codes = [(of_queries, of_references[here]) for of_queries, of_references in apart]
            for i, own in enumerate(sought):
                _search(own, i * _QUERIES, here, block, codes, best)
    return Neighbours(best.places, best.distances)


class _Best:
    """The k best so far of each query."""

    def __init__(self, n: int, k: int, rank: Integers | None) -> None:
        self.places, self.distances = np.full((n, k), -1, np.int64), np.full((n, k), np.inf)
        self.k, self.rank = k, rank

    def take(self, rows: Integers, places: Integers, distances: npt.NDArray[np.float64]) -> None:
        """Put candidates among the best: for each its query, its place, and how far it is."""
        own = np.unique(rows)
        old = self.places[own]
        held = old >= 0
        rows = np.concatenate([np.broadcast_to(own[:, None], old.shape)[held], rows])
        places = np.concatenate([old[held], places])
        distances = np.concatenate([self.distances[own][held], distances])
        order = np.lexsort((places if self.rank is None else self.rank[places], distances, rows))
        rows, places, distances = rows[order], places[order], distances[order]
        nth = np.arange(len(rows)) - np.searchsorted(rows, rows)
        first = nth < self.k
        self.places[rows[first], nth[first]], self.distances[rows[first], nth[first]] = places[first], distances[first]


class _Queries:
    """A block of queries, and how far they are from a block of references about: ``bias − left · right`` orders as the distance does.

    Attributes:
        vectors: (q, d), as they are.
        lengths: float64 (q,): Euclidean ones.
    """

    def __init__(self, vectors: Floats, metric: str) -> None:
        self.vectors, self.metric, self.lengths = vectors, metric, _lengths(vectors)
        self.left: dict[type, Floats] = {}

    def about(self, block: Floats) -> tuple[Floats, npt.NDArray[np.float64]]:
        """Return (q, m) numbers, and a bound on what each row's differ by from the true ones, at most."""
        width = max(block.shape[1], 1)
        lengths = _lengths(block)
        if self.metric == "cosine":
            right = _directions(block, lengths)
            left = self._left(np.float32, lambda: _directions(self.vectors, self.lengths))
            eps = float(np.finfo(np.float32).eps)
            return -(left @ right.T), np.full(len(left), (width + 16) * eps)
        longest, own = float(lengths.max(initial=0)), float(self.lengths.max(initial=0))
        # Squares beyond single precision are rare, and would be infinite in it.
        kind: type = np.float32 if max(longest, own) < 1e18 else np.float64
        left = self._left(kind, lambda: 2 * self.vectors.astype(kind, copy=False))
        found = left @ block.astype(kind, copy=False).T
        np.subtract(np.square(lengths).astype(kind), found, out=found)
        limits = np.finfo(kind)
        # Higham, Accuracy and Stability of Numerical Algorithms (2002), §3.1: |fl(x·y) − x·y| ≤ γ_d |x||y|; the rest is for bias and sum.
        error = 2 * (width + 16) * float(limits.eps) * self.lengths * longest
        error += 16 * float(limits.eps) * (np.square(self.lengths) + longest**2) + 8 * width * float(limits.tiny)
        return found, error

    def _left(self, kind: type, make: Callable[[], Floats]) -> Floats:
        if kind not in self.left:
            self.left[kind] = make()
        return self.left[kind]

    def bound(self, distances: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Bring distances (q,) to the scale of :meth:`about`."""
        return distances - 1 if self.metric == "cosine" else np.square(distances) - np.square(self.lengths)


def _search(own: _Queries, first: int, places: Integers, block: Floats, codes: Sequence[tuple[Integers, Integers]], best: _Best) -> None:
    """Put those of a block of references among the best of a block of queries that belong there."""
    found, error = own.about(block)
    n, k = len(found), best.k
    limit = own.bound(best.distances[first : first + n, -1]) + error
    hit = found <= _up(limit, found.dtype)[:, None]
    for of_queries, of_block in codes:
        hit &= of_queries[first : first + n, None] != of_block
    crowded = np.flatnonzero(np.count_nonzero(hit, axis=1) > _CROWD * k)
    if len(crowded):  # k allowed ones are at most as far as the k-th of the block, give or take the error
        near = np.where(hit[crowded], found[crowded], np.inf)
        near.partition(k - 1, axis=1)
        nearer = _up(near[:, k - 1].astype(np.float64) + 2 * error[crowded], found.dtype)
        hit[crowded] &= found[crowded] <= nearer[:, None]
    rows, columns = np.divmod(np.flatnonzero(hit), hit.shape[1])
    at_once = max(_MEASURED // max(block.shape[1], 1), 1)
    for i in range(0, len(rows), at_once):
        some, others = rows[i : i + at_once], columns[i : i + at_once]
        best.take(some + first, places[others], distance(own.vectors[some], block[others], own.metric))


def _up(values: npt.NDArray[np.float64], kind: np.dtype[np.floating]) -> Floats:
    """Round up to another precision."""
    with np.errstate(over="ignore"):
        return np.nextafter(values.astype(kind), np.array(np.inf, kind))


def _lengths(vectors: Floats) -> npt.NDArray[np.float64]:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))


def _directions(vectors: Floats, lengths: npt.NDArray[np.float64]) -> Floats:
    """Scale vectors to length one, float32; zero stays zero."""
    return (vectors / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)
