"""The bootstrap's weighted forms are the metrics on the repeated rows, and its intervals are SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore import resampling
from lrbstore.errors import BadSpec
from lrbstore.metrics import METRICS, by_group, metric
from lrbstore.ranks import Groups
from lrbstore.resampling import Draws, bootstrap

CASES = [(name, ndim) for name, known in METRICS.items() for ndim in known.ndim]


def made(known, ndim, n, seed, spread=8):
    """Labels, two models, two groupings (an empty group in one) and clusters: few distinct numbers, so many ties and constant groups."""
    rng = np.random.default_rng(seed)
    shape = {1: (n,), 2: (n, 3), 3: (n, 2, 3)}[ndim]
    labels = rng.integers(0, 2, shape) if known.kind == "binary" else rng.integers(-spread, spread + 1, shape) / 8
    predictions = {model: rng.integers(-spread, spread + 1, shape) / 8 for model in ("a", "b")}
    if known.one_hot and ndim == 2:
        labels = np.eye(shape[1], dtype=np.int64)[rng.integers(0, shape[1], n)]
    if known.takes == "probabilities":
        odds = {model: np.exp(own) for model, own in predictions.items()}
        predictions = {model: own / (1 + own if ndim == 1 else own.sum(axis=1, keepdims=True)) for model, own in odds.items()}
        predictions["b"][0] += seed % 2  # an example that spoils every replicate which draws it
    groupings = [Groups(rng.integers(0, 4, n), 5), Groups.whole(n)]
    return labels, predictions, groupings, rng.integers(0, max(n // 3, 1), n) * 7


def repeated(known, labels, predictions, groups, rows):
    (((found,),)) = by_group([(known, {})], labels[rows], predictions[rows], [Groups(groups.codes[rows], groups.n_groups)])
    return np.array([np.nan if value.value is None else value.value for value in found])


@pytest.mark.parametrize(("name", "ndim"), CASES)
@settings(max_examples=10, deadline=None)
@given(n=st.integers(1, 30), seed=st.integers(0, 2**32), spread=st.sampled_from([0, 1, 8, 1000]), by_cluster=st.booleans())
def test_a_replicate_is_the_metric_on_the_repeated_rows(name, ndim, n, seed, spread, by_cluster):
    known = METRICS[name]
    labels, predictions, groupings, clusters = made(known, ndim, n, seed, spread)
    given_clusters = clusters if by_cluster else None
    found = bootstrap([(known, {})], labels, predictions, groupings, clusters=given_clusters, replicates=5, seed=seed, threads=1)
    codes = np.unique(clusters, return_inverse=True)[1] if by_cluster else np.arange(n)
    weights = np.empty((5, codes.max() + 1))
    Draws(codes.max() + 1, 5, seed)(0, 5, weights)
    weights = weights.astype(int)
    assert (weights.sum(axis=1) == codes.max() + 1).all()
    for groups, (resampled,) in zip(groupings, found.found, strict=True):
        for model, predicted in enumerate(predictions.values()):
            for replicate, own in enumerate(weights):
                expected = repeated(known, labels, predicted, groups, np.repeat(np.arange(n), own[codes]))
                np.testing.assert_allclose(resampled.replicates[model, :, replicate], expected, rtol=1e-10, atol=1e-10)


def test_a_metric_without_a_form_is_computed_on_the_repeated_rows(monkeypatch):
    labels, predictions, groupings, clusters = made(metric("auroc"), 1, 60, 1)
    fast = bootstrap([(metric("auroc"), {})], labels, predictions, groupings, clusters=clusters, replicates=20, jackknife=True)
    monkeypatch.setattr(resampling, "FORMS", {})
    slow = bootstrap([(metric("auroc"), {})], labels, predictions, groupings, clusters=clusters, replicates=20, jackknife=True)
    for (a,), (b,) in zip(fast.found, slow.found, strict=True):
        np.testing.assert_allclose(a.replicates, b.replicates, rtol=1e-12)
        np.testing.assert_allclose(a.jackknife, b.jackknife, rtol=1e-12)


def test_threads_and_blocks_change_nothing(monkeypatch):
    labels, predictions, groupings, clusters = made(metric("spearman"), 1, 200, 2)
    uses = [(metric("spearman"), {}), (metric("pearson"), {})]
    one = bootstrap(uses, labels, predictions, groupings, clusters=clusters, replicates=50, threads=1)
    monkeypatch.setattr(resampling, "BLOCK_VALUES", 700)
    monkeypatch.setattr(resampling, "CHUNK_ROWS", 60)
    monkeypatch.setattr(resampling, "WEIGHTS", 500)
    monkeypatch.setattr(resampling, "KEPT_BYTES", 0)
    steps = []
    many = bootstrap(
        uses, labels, predictions, groupings, clusters=clusters, replicates=50, threads=3, progress=lambda *step: steps.append(step)
    )
    for a, b in zip(one.found, many.found, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x.replicates, y.replicates, rtol=1e-12)
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clusters": np.zeros(5)}, "clusters are float64"),
        ({"clusters": np.zeros(4, int)}, r"shape \(4,\)"),
        ({"replicates": 0}, "0 replicates"),
        ({"seed": -1}, "seed -1"),
        ({"predictions": {}}, "no model"),
    ],
)
def test_what_cannot_be_drawn_is_said(change, said):
    asked = {"predictions": {"a": np.arange(5.0)}, **change}
    with pytest.raises(BadSpec, match=said):
        bootstrap([(metric("mse"), {})], np.arange(5.0), groupings=[Groups.whole(5)], **asked)


def test_two_clusters_are_no_interval():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 400)
    found = bootstrap(
        [(metric("auroc"), {})], labels, {"a": labels + rng.normal(size=400)}, [Groups.whole(400)], clusters=np.arange(400) % 2
    )
    interval = found.found[0][0].interval(0, 0)
    assert interval.low is None
    assert interval.reason.startswith("few_clusters: 2 clusters")


def test_no_examples_are_no_interval():
    found = bootstrap([(metric("auroc"), {}), (metric("mse"), {})], np.zeros(0), {"a": np.zeros(0)}, [Groups.whole(0)], replicates=5)
    for resampled in found.found[0]:
        interval = resampled.interval(0, 0)
        assert (interval.low, interval.reason) == (None, "no examples")


def test_how_an_interval_is_made_is_checked():
    labels = np.arange(40.0)
    found = bootstrap([(metric("mse"), {})], labels, {"a": labels + labels % 3}, [Groups.whole(40)], replicates=9).found[0][0]
    assert found.interval(0, 0, method="percentile").low is not None
    for asked, said in (({"method": "bca"}, "without jackknife"), ({"method": "basic"}, "'basic'"), ({"level": 95}, "level 95")):
        with pytest.raises(BadSpec, match=said):
            found.interval(0, 0, **asked)
