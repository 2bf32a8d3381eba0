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
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from lrbstore.errors import BadSpec
from lrbstore.intervals import (
    ANALYTIC,
    Interval,
    analytic_intervals,
    delong,
    delong_interval,
    fisher_interval,
    freedom,
    normal_p,
    normal_quantile,
    placements,
    reach,
    scale_of,
    student_p,
    student_quantile,
    too_few,
    wilson_interval,
)
from lrbstore.metrics import METRICS, Grouped, Pair, by_group, metric
from lrbstore.ranks import Groups, Ordinals

EXACT = {"rel": 1e-12, "abs": 1e-12}


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
    assert ratio == pytest.approx(math.sqrt(1.125), **EXACT)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(4, 10_000), correlation=st.floats(-0.999, 0.999), level=st.floats(0.01, 0.999))
def test_bonett_wright_is_the_formula_with_scipys_quantile(n, correlation, level):
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt((1 + correlation**2 / 2) / (n - 3))
    found = fisher_interval(correlation, n, level, spearman=True)
    expected = np.tanh(np.arctanh(correlation) + half * np.array([-1, 1]))
    assert (found.low, found.high) == pytest.approx(tuple(expected), **EXACT)


@settings(max_examples=80, deadline=None)
@given(n=st.integers(1, 2000), part=st.floats(0, 1), level=st.floats(0.01, 0.999))
def test_wilson_is_scipys_and_statsmodels(n, part, level):
    k = round(part * n)
    found = wilson_interval(k / n, n, level)
    scipys = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    for expected in ((scipys.low, scipys.high), proportion_confint(k, n, 1 - level, method="wilson")):
        # statsmodels' ends of shares of 0 and 1 are a rounding away from them
        assert (found.low, found.high) == pytest.approx(expected, **EXACT)


@settings(max_examples=60, deadline=None)
@given(
    auroc=st.floats(0.001, 0.999),
    error=st.floats(1e-6, 0.5),
    n_pos=st.integers(2, 500),
    n_neg=st.integers(2, 500),
    level=st.floats(0.5, 0.999),
)
def test_delongs_interval_is_the_formula_with_scipys_quantile(auroc, error, n_pos, n_neg, level):
    half = stats.t.ppf((1 + level) / 2, freedom(n_pos + n_neg, n_pos, n_neg)) * error / (auroc * (1 - auroc))
    expected = 1 / (1 + np.exp(-np.clip(np.log(auroc / (1 - auroc)) + half * np.array([-1, 1]), -700, 700)))
    found = delong_interval(auroc, error**2, n_pos, n_neg, level)
    assert (found.low, found.high) == pytest.approx(tuple(expected), **EXACT)


@pytest.mark.parametrize(
    ("ends", "name", "there", "derivative", "back"),
    [
        ((0.0, 1.0), "logit", lambda x: math.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)), lambda g: 1 / (1 + math.exp(-g))),
        ((-1.0, 1.0), "logit", math.atanh, lambda x: 1 / (1 - x * x), math.tanh),
        ((0.0, math.inf), "log", math.log, lambda x: 1 / x, math.exp),
        ((-math.inf, 1.0), "log", lambda x: -math.log(1 - x), lambda x: 1 / (1 - x), lambda g: 1 - math.exp(-g)),
        ((-math.inf, math.inf), "identity", lambda x: x, lambda x: 1.0, lambda g: g),
    ],
)
@settings(max_examples=40)
@given(at=st.floats(0.01, 0.99), half=st.floats(0, 0.2))
def test_an_interval_reaches_as_far_to_both_sides_of_a_scale_without_ends(ends, name, there, derivative, back, at, half):
    value = 2 * at - 1 if ends == (-1.0, 1.0) else at
    expected = [back(there(value) + side * half * derivative(value)) for side in (-1, 1)]
    assert scale_of(ends) == name
    assert reach(value, half, ends) == pytest.approx(tuple(expected), **EXACT)
    low, high = reach(value, 1e3 * half, ends)
    assert ends[0] <= low <= value <= high <= ends[1]


@settings(max_examples=100, deadline=None)
@given(
    degrees=st.floats(0.5, 1e9) | st.sampled_from([1, 2, 19, 99, 1e3, 1e6, 1e9]),
    probability=st.floats(1e-6, 1 - 1e-6),
    t=st.floats(-30, 30) | st.floats(-2, 2),
)
def test_student_is_scipys(degrees, probability, t):
    assert student_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-10, abs=1e-12)
    assert student_p(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-9, abs=1e-12)  # SciPy has a digit fewer
    assert student_p(-t, degrees) == student_p(t, degrees)
    assert student_p(math.inf, degrees) == 0


@pytest.mark.parametrize("degrees", [1, 2, 4, 9.5, 19, 49, 199, 1e4, 1e8])
@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
def test_students_quantiles_of_usual_levels_are_scipys(degrees, level):
    assert student_quantile((1 + level) / 2, degrees) == pytest.approx(stats.t.ppf((1 + level) / 2, degrees), rel=1e-12)


@given(x=st.floats(-8, 8), probability=st.floats(1e-9, 1 - 1e-9))
def test_the_normal_is_scipys(x, probability):
    assert normal_p(x) == pytest.approx(2 * stats.norm.sf(abs(x)), rel=1e-12)
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), **EXACT)


@settings(max_examples=40)
@given(n_pos=st.integers(2, 300), n_neg=st.integers(2, 300))
def test_the_freedom_of_two_classes_is_satterthwaites(n_pos, n_neg):
    one, other = (np.where(np.arange(n) % 2, 1.0, -1.0) for n in (n_pos, n_neg))
    one, other = (side / side.std(ddof=1) for side in (one, other))  # of equal spread
    expected = CompareMeans(DescrStatsW(one), DescrStatsW(other)).dof_satt()
    assert freedom(n_pos + n_neg, n_pos, n_neg) == pytest.approx(min(expected, n_pos + n_neg - 1), rel=1e-12)


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
    assert too_few(40, 39, 1) == "too_few: 1 negative (below 10)"
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
