"""Nearest neighbours: brute force and scikit-learn find the same, ties go by rank, and whoever must be apart is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

import lrbstore
from lrbstore import neighbours
from lrbstore.neighbours import METRICS, distance, k_nearest


def _blocks(vectors: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    places = np.arange(len(vectors))
    return ((places[i : i + size], vectors[i : i + size]) for i in range(0, len(vectors), size))


def _brute(queries: np.ndarray, references: np.ndarray, k: int, metric: str, rank: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Measure every pair, sort every row."""
    out = np.full((len(queries), k), -1)
    for i, query in enumerate(queries):
        far = distance(np.broadcast_to(query, references.shape), references, metric)
        order = [j for j in np.lexsort((rank, far)) if allowed[i, j]][:k]
        out[i, : len(order)] = order
    return out


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 40),
    width=st.integers(1, 9),
    k=st.integers(1, 12),
    metric=st.sampled_from(METRICS),
    values=st.sampled_from([1, 2, 5, None]),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 1e18, 1e37]),
    size=st.integers(1, 50),
)
def test_search_is_brute_force(seed: int, n: int, width: int, k: int, metric: str, values: int | None, scale: float, size: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (n + 7, width)
    # Of few values come many ties, and vectors that are zero.
    both = rng.normal(size=shape) if values is None else rng.integers(0, values, shape)
    both = (both * scale).astype(np.float32)
    queries, references = both[:7], both[7:]
    rank, codes = rng.permutation(n), (rng.integers(0, 3, 7), rng.integers(0, 3, n))
    found = k_nearest(queries, _blocks(references, size), k, metric, rank=rank, apart=[codes])
    expected = _brute(queries, references, k, metric, rank, codes[0][:, None] != codes[1])
    assert np.array_equal(found.places, expected)
    i, nth = np.nonzero(expected >= 0)
    assert np.array_equal(found.distances[i, nth], distance(queries[i], references[expected[i, nth]], metric))
    assert np.isinf(found.distances[expected < 0]).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("width", [3, 256])
def test_search_is_scikit_learns(metric: str, width: int) -> None:
    rng = np.random.default_rng(0)
    # A common offset far longer than the differences: in single precision alone, neighbours would be mistaken for each other.
    vectors = (100 + rng.normal(size=(3000, width)) * 1e-3).astype(np.float32)
    way = "ball_tree" if metric == "euclidean" else "brute"  # a tree measures each pair; brute force expands the square, and loses digits
    oracle = NearestNeighbors(n_neighbors=10, algorithm=way, metric=metric).fit(vectors[50:].astype(float))
    far, _ = oracle.kneighbors(vectors[:50].astype(float))
    found = k_nearest(vectors[:50], _blocks(vectors[50:], 700), 10, metric)
    assert found.distances == pytest.approx(far, rel=1e-9, abs=1e-14)
    assert found.distances == pytest.approx(
        np.array([distance(np.repeat(vectors[i : i + 1], 10, axis=0), vectors[50:][found.places[i]], metric) for i in range(50)])
    )


@pytest.mark.parametrize("metric", METRICS)
def test_equal_vectors_are_equally_far_wherever_they_stand(metric: str) -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=(1, 77)).astype(np.float32)
    references = np.repeat(one, 9000, axis=0)
    rank = rng.permutation(9000)
    found = k_nearest(rng.normal(size=(5, 77)).astype(np.float32), _blocks(references, 1111), 20, metric, rank=rank)
    assert (rank[found.places] == np.arange(20)).all()
    assert (found.distances == found.distances[:, :1]).all()


def test_few_pairs_are_measured_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []
    plain = distance
    monkeypatch.setattr(neighbours, "distance", lambda a, b, metric: measured.append(len(a)) or plain(a, b, metric))
    vectors = np.random.default_rng(2).normal(size=(20_000, 32)).astype(np.float32)
    k_nearest(vectors[:100], _blocks(vectors, 4096), 10, "cosine")
    assert sum(measured) < 100 * 100  # of 20,000 for each query


def test_what_cannot_be_searched_is_refused() -> None:
    vectors = np.ones((3, 2), np.float32)
    with pytest.raises(lrbstore.BadSpec, match="k=0; expected at least one"):
        k_nearest(vectors, _blocks(vectors, 2), 0, "cosine")
    with pytest.raises(lrbstore.UnknownName, match="unknown metric 'manhattan'"):
        k_nearest(vectors, _blocks(vectors, 2), 1, "manhattan")
    with pytest.raises(lrbstore.BadSpec, match="queries have 2 numbers and references 3"):
        k_nearest(vectors, _blocks(np.ones((3, 3), np.float32), 2), 1, "cosine")
