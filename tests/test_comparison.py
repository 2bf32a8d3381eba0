"""Paired differences, their adjustment and ranks with ties; the bootstrap beside SciPy's."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import multitest

from lrbstore.comparison import (
    Difference,
    adjusted,
    benjamini_hochberg,
    differences_by_bootstrap,
    differences_by_delong,
    holm,
    tie_groups,
)
from lrbstore.errors import BadSpec
from lrbstore.intervals import Interval, delong, delong_interval
from lrbstore.metrics import METRICS, metric
from lrbstore.ranks import Groups, Ordinals
from lrbstore.resampling import bootstrap

shares = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=30)


def classes(n=400, seed=0, shift=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    common = rng.normal(size=n)
    return y, {"a": common + rng.normal(size=n) + shift * y, "b": common + rng.normal(size=n) + shift * y}


@given(p=shares)
def test_adjusted_p_are_statsmodels_and_scipys(p):
    if not p:
        assert holm(p) == benjamini_hochberg(p) == []
        return
    with mock.patch("gc.collect"):  # which statsmodels calls every time, a tenth of a second each
        np.testing.assert_allclose(holm(p), multitest.multipletests(p, method="holm")[1], rtol=1e-12)
        np.testing.assert_allclose(benjamini_hochberg(p), multitest.multipletests(p, method="fdr_bh")[1], rtol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12)


@given(p=st.lists(st.floats(0, 1), max_size=8))
@settings(max_examples=50)
def test_holm_is_the_closed_test(p):
    """A hypothesis is rejected when every set of hypotheses that holds it is, by Bonferroni: its p is the largest of the sets'."""
    expected = [
        max(
            min(1.0, len(own) * min(p[j] for j in own))
            for size in range(1, len(p) + 1)
            for own in itertools.combinations(range(len(p)), size)
            if i in own
        )
        for i in range(len(p))
    ]
    np.testing.assert_allclose(holm(p), expected, rtol=1e-12)


def test_p_outside_its_range_is_refused():
    with pytest.raises(BadSpec, match="1 of 2 p are not between 0 and 1"):
        holm([0.5, 1.5])


@pytest.mark.parametrize("name", sorted(name for name, known in METRICS.items() if 1 in known.ndim))
@pytest.mark.parametrize("by_cluster", [False, True])
def test_a_model_does_not_differ_from_itself(name, by_cluster):
    known = METRICS[name]
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200) if known.kind == "binary" else rng.normal(size=200)
    p = rng.random(200) if known.takes == "probabilities" else y + rng.normal(size=200)
    clusters = np.arange(200) % 40 if by_cluster else None
    found = bootstrap([(known, {})], y, {"a": p, "b": p.copy()}, [Groups.whole(200)], clusters=clusters, replicates=50)
    (difference,) = differences_by_bootstrap(found.models, found.found[0][0])
    assert (difference.value, difference.p) == (0.0, 1.0)
    assert (difference.interval.low, difference.interval.high) == (0.0, 0.0)


def test_by_delong_a_model_does_not_differ_from_itself():
    y, p = classes()
    (difference,) = differences_by_delong("ab", Groups.whole(len(y)), [Ordinals(p["a"]), Ordinals(p["a"])], y != 0)
    assert (difference.value, difference.p, difference.interval.low, difference.interval.high) == (0.0, 1.0, 0.0, 0.0)


def test_delong_and_the_bootstrap_agree_and_p_goes_with_the_interval():
    y, p = classes(shift=0.8)
    p["b"] = p["b"] + 0.3 * y
    groups = Groups(np.arange(len(y)) % 2, 2)
    found = bootstrap([(metric("auroc"), {})], y, p, [groups], replicates=2000)
    drawn = differences_by_bootstrap(found.models, found.found[0][0])
    formula = differences_by_delong(found.models, groups, [Ordinals(own) for own in p.values()], y != 0)
    for a, b in zip(drawn, formula, strict=True):
        assert a.value == pytest.approx(b.value, abs=1e-12)
        width = b.interval.high - b.interval.low
        assert (a.interval.low, a.interval.high) == pytest.approx((b.interval.low, b.interval.high), abs=0.1 * width)
        for d in (a, b):
            assert (d.p < 0.05) == (not d.interval.low <= 0 <= d.interval.high)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("name", ["auroc", "auprc", "accuracy", "pearson", "spearman", "r2", "mse"])
def test_intervals_of_the_same_replicates_are_scipys(name, level):
    """Percentiles and BCa, with SciPy's own jackknife; ``t`` is the formula with its quantile."""
    known = metric(name)
    y, p = classes(150)
    found = bootstrap([(known, {})], y, {"a": p["a"] / 4}, [Groups.whole(150)], replicates=500, jackknife=True).found[0][0]
    n = found.freedom[0] + 1
    reach = stats.t.ppf((1 + level) / 2, n - 1) * np.sqrt(n / (n - 1))
    drawn = SimpleNamespace(bootstrap_distribution=found.replicates[0, 0])
    for method in ("percentile", "bca"):
        expected = stats.bootstrap(
            (y, p["a"] / 4),
            lambda a, b: known(a, b).value,
            paired=True,
            vectorized=False,
            n_resamples=0,
            bootstrap_result=drawn,
            confidence_level=1 - 2 * stats.norm.sf(reach),
            method=method,
        ).confidence_interval
        mine = found.interval(0, 0, level=level, method=method)
        assert (mine.low, mine.high) == pytest.approx((expected.low, expected.high), rel=1e-10)
    value, half = found.values[0, 0], reach * found.replicates[0, 0].std(ddof=1)
    low, high = known.range
    if np.isinf(low) or np.isinf(high):
        end = low if np.isfinite(low) else high
        expected = sorted(end + (value - end) * np.exp(np.array([-1, 1]) * half / (value - end)))
    else:
        share = (value - low) / (high - low)
        slope = half / (high - low) / (share * (1 - share))
        expected = low + (high - low) / (1 + np.exp(-np.log(share / (1 - share)) - np.array([-1, 1]) * slope))
    mine = found.interval(0, 0, level=level)
    assert (mine.low, mine.high) == pytest.approx(tuple(expected), rel=1e-12)
    assert mine.method == f"bootstrap by example, Student t ({'log' if name in {'r2', 'mse'} else 'logit'}), 500 replicates"


def test_differences_are_the_formula_with_scipys_quantile():
    y, p = classes(120)
    strata = Groups(np.arange(120) % 2, 2)
    found = bootstrap([(metric("auroc"), {})], y, p, [strata], replicates=200)
    drawn = found.found[0][0]
    covered = delong(strata, [Ordinals(own) for own in p.values()], y != 0)
    by_formula = differences_by_delong("ab", strata, [Ordinals(own) for own in p.values()], y != 0, level=0.9)
    for group, pair in enumerate(zip(differences_by_bootstrap("ab", drawn, level=0.9), by_formula, strict=True)):
        v = covered.covariance[:, :, group]
        errors = np.std(drawn.replicates[0, group] - drawn.replicates[1, group], ddof=1), np.sqrt(v[0, 0] + v[1, 1] - 2 * v[0, 1])
        for d, error in zip(pair, errors, strict=True):
            degrees = drawn.freedom[group]
            expected = d.value + stats.t.ppf([0.05, 0.95], degrees) * error
            assert (d.interval.low, d.interval.high) == pytest.approx(tuple(expected), rel=1e-12, abs=1e-12)
            assert d.p == pytest.approx(2 * stats.t.sf(abs(d.value) / error, degrees), rel=1e-12, abs=1e-12)


def test_a_metric_at_an_end_of_its_range_has_no_interval():
    y = np.tile([0, 1], 20)
    found = bootstrap([(metric("calibration_error"), {}), (metric("auroc"), {})], y, {"a": np.full(40, 0.5)}, [Groups.whole(40)]).found[0]
    assert found[0].interval(0, 0).reason == "0 is an end of the metric's range, where its spread is unknown"
    assert found[0].interval(0, 0, method="percentile").low is not None
    assert found[1].interval(0, 0).reason == "no replicate differs from another"


def test_replicates_of_one_class_are_left_out_and_counted():
    y = np.zeros(60, int)
    y[:2] = 1
    rng = np.random.default_rng(0)
    found = bootstrap([(metric("auroc"), {})], y, {"a": y + rng.normal(size=60), "b": rng.normal(size=60)}, [Groups.whole(60)])
    n_out = int(np.isnan(found.found[0][0].replicates[0, 0]).sum())
    assert 100 < n_out < 170  # (58/60)⁶⁰ of a thousand
    interval = found.found[0][0].interval(0, 0)
    assert interval.note == f"too_few: 2 positives (below 10); {n_out} of 1,000 replicates undefined and left out"
    assert interval.low is not None
    (difference,) = differences_by_bootstrap(found.models, found.found[0][0])
    assert difference.interval.note == interval.note
    assert difference.p is not None


def test_two_clusters_have_no_p_and_do_not_count():
    y, p = classes(200)
    strata = Groups((np.arange(200) >= 100).astype(int), 2)
    clusters = np.where(np.arange(200) < 100, np.arange(200) % 2, 10 + np.arange(200) % 40)
    found = bootstrap([(metric("auroc"), {})], y, p, [strata], clusters=clusters, replicates=200)
    few, enough = adjusted(differences_by_bootstrap(found.models, found.found[0][0]))
    assert few.interval.reason == "few_clusters: 2 clusters; a bootstrap needs 20"
    assert few.value is not None
    assert few.p is few.p_holm is few.p_bh is None
    assert enough.p == enough.p_holm == enough.p_bh
    assert enough.interval.note == "few_clusters: 40 clusters (below 50: may be too narrow)"


def test_a_class_in_few_clusters_is_flagged():
    y, p = classes(300)
    clusters = np.arange(300) % 60
    y[clusters > 3] = 0
    found = bootstrap([(metric("auroc"), {})], y, p, [Groups.whole(300)], clusters=clusters, replicates=200).found[0][0]
    assert "few_clusters: positives in 4 clusters" in found.interval(0, 0).note
    assert 3 < found.freedom[0] < 4


def test_an_undefined_metric_has_no_difference():
    y, p = np.ones(40, int), {"a": np.arange(40.0), "b": np.arange(40.0)}
    found = bootstrap([(metric("auroc"), {})], y, p, [Groups.whole(40)], replicates=20)
    for difference in (
        *differences_by_bootstrap(found.models, found.found[0][0]),
        *differences_by_delong("ab", Groups.whole(40), [Ordinals(own) for own in p.values()], y != 0),
    ):
        assert difference.value is difference.p is None
        assert "one class only" in difference.interval.reason


# --- ranks ------------------------------------------------------------------------------------------------------------------------------


def pair(a, b, p_holm, p=0.0):
    return Difference(0, a, b, 0.1, Interval(0, 1, "m", 0.95), p, p_holm, p_holm)


def test_models_join_the_group_until_they_differ_from_its_best():
    values = {"w": 0.5, "x": 0.9, "y": 0.8, "z": 0.7, "none": None}
    pairs = [
        pair("w", "x", 0.001),
        pair("w", "y", 0.001),
        pair("w", "z", 0.3),
        pair("x", "y", 0.2),
        pair("x", "z", 0.01),
        pair("y", "z", 0.9),  # not asked: the group's best is x
    ]
    assert tie_groups(values, pairs, "higher") == {"w": 2, "x": 1, "y": 1, "z": 2, "none": None}
    assert tie_groups(values, pairs, "lower") == {"w": 1, "z": 1, "y": 2, "x": 2, "none": None}
    assert tie_groups(values, pairs, "higher", alpha=0.001) == {"w": 2, "x": 1, "y": 1, "z": 1, "none": None}


def test_alpha_is_a_share():
    with pytest.raises(BadSpec, match="alpha 5"):
        tie_groups({"x": 1.0}, [], "higher", alpha=5)


def test_models_that_cannot_be_compared_share_a_rank():
    untested = dataclasses.replace(pair("x", "y", None), p=None)
    assert tie_groups({"x": 1.0, "y": 0.0}, [untested], "higher") == {"x": 1, "y": 1}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "not compared"),
        ([pair("x", "y", 0.5), pair("y", "x", 0.5)], "compared twice"),
        ([pair("x", "y", None)], "not adjusted"),
    ],
)
def test_ranks_need_every_pair_once_and_adjusted(pairs, said):
    with pytest.raises(BadSpec, match=said):
        tie_groups({"x": 1.0, "y": 0.0}, pairs, "higher")


# --- how often the truth is held; the table of all designs: tests/benchmarks/interval_coverage.py ---------------------------------------

SIMS, ROWS = 400, 200


def correlated(rng, n_strata, cluster_size):
    """Labels and two equally good predictions with ρ = 0.4; clusters share 60 % of the variance."""
    n = n_strata * ROWS
    cluster = np.arange(n) // cluster_size

    def noise():
        shared = rng.normal(size=cluster[-1] + 1)[cluster]
        return np.sqrt(0.6) * shared + np.sqrt(0.4) * rng.normal(size=n)

    y = noise()
    return y, {m: 0.4 * y + np.sqrt(1 - 0.4**2) * noise() for m in "ab"}, Groups(np.arange(n) // ROWS, n_strata), cluster


@pytest.mark.slow
def test_the_bootstrap_by_cluster_holds_the_truth_where_that_by_example_does_not():
    y, p, groups, cluster = correlated(np.random.default_rng(0), SIMS, cluster_size=5)
    share = {}
    for clusters in (cluster, None):
        found = bootstrap([(metric("pearson"), {})], y, p, [groups], clusters=clusters, replicates=500)
        intervals = [found.found[0][0].interval(0, g) for g in range(SIMS)]
        zeros = [d.interval for d in differences_by_bootstrap(found.models, found.found[0][0])]
        share[clusters is None] = [np.mean([i.low <= truth <= i.high for i in own]) for own, truth in ((intervals, 0.4), (zeros, 0.0))]
    assert all(0.915 < held < 0.98 for held in share[False]), share  # three standard errors about 0.95 are ± 0.033
    assert all(held < 0.87 for held in share[True]), share


@pytest.mark.slow
@pytest.mark.parametrize("prevalence", [0.5, 0.1])
def test_intervals_of_auroc_hold_the_truth(prevalence):
    rng = np.random.default_rng(1)
    n = SIMS * ROWS
    y = rng.random(n) < prevalence
    common = rng.normal(size=n)
    p = {m: common + rng.normal(size=n) + 1.5 * y for m in "ab"}
    truth = stats.norm.cdf(1.5 / 2)
    groups = Groups(np.arange(n) // ROWS, SIMS)
    found = bootstrap([(metric("auroc"), {})], y, p, [groups], replicates=500).found[0][0]
    scores = [Ordinals(own) for own in p.values()]
    by_formula = delong(groups, scores, y)
    rows = zip(by_formula.auroc[0], by_formula.covariance[0, 0], by_formula.n_pos.tolist(), by_formula.n_neg.tolist(), strict=True)
    held = {
        "Student t": [i.low <= truth <= i.high for i in (found.interval(0, g) for g in range(SIMS))],
        "DeLong": [i.low <= truth <= i.high for i in (delong_interval(float(a), float(v), pos, neg) for a, v, pos, neg in rows)],
        "difference": [d.interval.low <= 0 <= d.interval.high for d in differences_by_bootstrap("ab", found)],
        "difference, DeLong": [d.interval.low <= 0 <= d.interval.high for d in differences_by_delong("ab", groups, scores, y)],
    }
    assert all(0.915 < np.mean(own) < 0.985 for own in held.values()), {m: np.mean(own) for m, own in held.items()}
