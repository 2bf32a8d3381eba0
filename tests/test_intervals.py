"""Intervals by formula equal SciPy's, scikit-learn's and the definition over all pairs, and say why when there is none."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from lrbstore.errors import BadSpec
from lrbstore.intervals import (
    ANALYTIC,
    Interval,
    analytic_intervals,
    delong,
    delong_interval,
    fisher_interval,
    freedom,
    placements,
    student_p,
    student_quantile,
    too_few,
    wilson_interval,
)
from lrbstore.metrics import METRICS, Grouped, Pair, by_group, metric
from lrbstore.ranks import Groups, Ordinals


def data(n, seed, n_models=2):
    rng = np.random.default_rng(seed)
    groups = Groups(rng.integers(0, 3, n), 4)  # one is empty
    return groups, [Ordinals(rng.integers(-6, 7, n) / 8) for _ in range(n_models)], rng.integers(0, 2, n).astype(bool)


def shares_over_pairs(scores, positive):
    """Each example's share of the other class on the right side, by all pairs."""
    out = np.full(len(scores), np.nan)
    for i, own in enumerate(scores):
        others = scores[positive != positive[i]]
        if len(others):
            right = others < own if positive[i] else others > own
            out[i] = (right + (others == own) / 2).mean()
    return out


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_delong_is_the_covariance_of_placements_over_all_pairs(n, seed):
    groups, scores, positive = data(n, seed)
    found = delong(groups, scores, positive)
    for group in range(groups.n_groups):
        own = groups.codes == group
        y = positive[own]
        assert (found.n_pos[group], found.n_neg[group]) == (y.sum(), (~y).sum())
        shares = [shares_over_pairs(side.values[own], y) for side in scores]
        for side, expected in zip(scores, shares, strict=True):
            np.testing.assert_allclose(placements(groups, side, positive)[own], expected, rtol=1e-12)
        if len(set(y.tolist())) < 2:
            assert np.isnan(found.auroc[:, group]).all()
            continue
        for model, side in enumerate(scores):
            assert found.auroc[model, group] == pytest.approx(roc_auc_score(y, side.values[own]), abs=1e-12)
        if min(y.sum(), (~y).sum()) < 2:
            assert np.isnan(found.covariance[:, :, group]).all()
            continue
        expected = np.cov(shares[0][y], shares[1][y]) / y.sum() + np.cov(shares[0][~y], shares[1][~y]) / (~y).sum()
        np.testing.assert_allclose(found.covariance[:, :, group], expected, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(4, 60), slope=st.floats(-9, 9), level=st.floats(0.01, 0.999), seed=st.integers(0, 2**32))
def test_fisher_is_scipys(n, slope, level, seed):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    correlated = stats.pearsonr(y, slope * y + rng.normal(size=n))
    expected = correlated.confidence_interval(level)
    found = fisher_interval(float(correlated.statistic), n, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_spearmans_is_wider():
    wider = fisher_interval(0.5, 50, spearman=True)  # 1 + ρ²/2
    narrow = fisher_interval(0.5, 50)
    ratio = (math.atanh(wider.high) - math.atanh(wider.low)) / (math.atanh(narrow.high) - math.atanh(narrow.low))
    assert ratio == pytest.approx(math.sqrt(1.125))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 30), (7, 30), (30, 30), (999, 1000)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_wilson_is_scipys(k, n, level):
    expected = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    found = wilson_interval(k / n, n, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("degrees", [1, 1.5, 2, 19, 1e3, 1e6, 1e9])
def test_student_is_scipys(degrees):
    rel = 1e-6 if degrees <= 1e6 else 1e-3
    for p in (1e-6, 0.02, 0.3, 0.6, 0.975, 0.9999):
        assert student_quantile(p, degrees) == pytest.approx(stats.t.ppf(p, degrees), rel=rel, abs=1e-9)
    for t in (0.0, 1e-3, 0.5, 3.0, 30.0, 1e4):
        assert student_p(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), rel=rel, abs=1e-300)
        assert student_p(-t, degrees) == student_p(t, degrees)
    assert student_p(math.inf, degrees) == 0


def test_the_rarer_class_sets_the_degrees_of_freedom():
    assert freedom(100) == 99
    assert freedom(50, 25, 25) == pytest.approx(48)  # Welch's, of equal sizes and spreads
    assert 9 < freedom(1000, 10, 990) < 10
    assert freedom(20, 20, 20) == 19  # clusters that hold both classes
    assert freedom(100, 1, 99) == freedom(0) == 0


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (fisher_interval(0.5, 3), "3 examples"),
        (fisher_interval(1.0, 30), "the correlation is 1"),
        (fisher_interval(-1.0, 30, spearman=True), "the correlation is -1"),
        (delong_interval(math.nan, math.nan, 0, 9), "fewer than 2 positives"),
        (delong_interval(0.7, math.nan, 9, 1), "fewer than 2 negatives"),
        (delong_interval(1.0, 0.0, 9, 9), "AUROC is 1"),
        (delong_interval(0.0, 0.0, 9, 9), "AUROC is 0"),
        (delong_interval(0.5, 0.0, 9, 9), "no placement varies"),
        (wilson_interval(0.0, 0), "no examples"),
    ],
)
def test_where_there_is_none_it_says_why(interval, reason):
    assert interval.low is interval.high is None
    assert interval.reason.startswith(reason)


def test_delong_stays_within_the_range():
    found = delong_interval(0.995, 0.01**2, 40, 400)
    assert 0.7 < found.low < 0.995 < found.high < 1


def test_small_strata_are_flagged_and_kept():
    assert too_few(30) is too_few(30, 10, 20) is None
    assert too_few(29) == "too_few: 29 examples (below 30)"
    assert too_few(40, 4, 36) == "too_few: 4 positives (below 10)"
    assert fisher_interval(0.3, 12).note == "too_few: 12 examples (below 30)"
    assert fisher_interval(0.3, 12).low is not None


@pytest.mark.parametrize(("name", "ndim"), ANALYTIC)
def test_a_groups_interval_is_that_of_its_examples_alone(name, ndim):
    rng = np.random.default_rng(4)
    n, known = 90, METRICS[name]
    shape = (n,) if ndim == 1 else (n, 3)
    labels = rng.integers(0, 2, shape) if known.kind == "binary" else rng.normal(size=shape)
    if known.one_hot and ndim == 2:
        labels = np.eye(3, dtype=np.int64)[rng.integers(0, 3, n)]
    predictions = labels + rng.normal(size=shape)
    groups = Groups(np.where(np.arange(n) < 3, 0, rng.integers(1, 4, n)), 5)  # one of three examples, one empty
    found = analytic_intervals(
        known, Grouped(Pair(labels, predictions), groups), by_group([(known, {})], labels, predictions, [groups])[0][0]
    )
    assert found[4].low is None
    assert found[4].reason
    for group in range(4):
        own = groups.codes == group
        whole = Groups.whole(int(own.sum()))
        alone = by_group([(known, {})], labels[own], predictions[own], [whole])[0][0]
        (expected,) = analytic_intervals(known, Grouped(Pair(labels[own], predictions[own]), whole), alone)
        assert (found[group].reason, found[group].note, found[group].method) == (expected.reason, expected.note, expected.method)
        if expected.low is not None:
            assert (found[group].low, found[group].high) == pytest.approx((expected.low, expected.high))


def test_what_has_no_formula_is_refused():
    grouped = Grouped(Pair(np.arange(5.0), np.arange(5.0)), Groups.whole(5))
    with pytest.raises(BadSpec, match="metric r2 over 1 axes has no interval by formula"):
        analytic_intervals(metric("r2"), grouped, [])
    with pytest.raises(BadSpec, match="level 95"):
        analytic_intervals(metric("pearson"), grouped, [], level=95)


@pytest.mark.parametrize(
    ("low", "high", "reason"),
    [*itertools.product([None], [1.0], [None]), (2.0, 1.0, None), (math.nan, 1.0, None), (0.0, 1.0, "why"), (None, None, None)],
)
def test_an_interval_is_two_finite_ends_or_a_reason(low, high, reason):
    with pytest.raises(BadSpec, match="expected two finite ends"):
        Interval(low, high, "m", 0.95, reason)
