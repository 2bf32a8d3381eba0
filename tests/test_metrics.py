"""Metrics equal scikit-learn, SciPy and tables worked out by hand, and say why when they are undefined."""

from __future__ import annotations

import dataclasses
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from lrbstore import metrics, ranks
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.metrics import METRICS, Value, apply_transform, by_group, class_counts, metric
from lrbstore.ranks import Groups, average_ranks

EXACT = {"rel": 1e-12, "abs": 1e-12}

# Multiples of 1/8 in a small range: many ties, many constant rows, and no loss of digits that two right answers could differ by.
tied = st.integers(-24, 24).map(lambda n: n / 8)
tables = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)
cubes = hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=4)


def pair_of(shapes, labels=tied, dtype=np.float64):
    return shapes.flatmap(lambda shape: st.tuples(hnp.arrays(dtype, shape, elements=labels), hnp.arrays(np.float64, shape, elements=tied)))


def lines(max_size=30):
    return hnp.array_shapes(min_dims=1, max_dims=1, min_side=1, max_side=max_size)


def pearson_oracle(y, p):
    """SciPy's, or None where it would warn."""
    return None if len(y) < 2 or np.ptp(y) == 0 or np.ptp(p) == 0 else stats.pearsonr(y, p).statistic


def spearman_oracle(y, p):
    return None if len(y) < 2 or np.ptp(y) == 0 or np.ptp(p) == 0 else stats.spearmanr(y, p).statistic


def r2_oracle(y, p):
    return None if len(y) < 2 or np.ptp(y) == 0 else oracle.r2_score(y, p)


def auroc_oracle(y, p):
    return None if len(set(y.tolist())) < 2 else oracle.roc_auc_score(y, p)


def auprc_oracle(y, p):
    return None if len(set(y.tolist())) < 2 else oracle.average_precision_score(y, p)


def assert_is(value, expected):
    if expected is None:
        assert value.value is None
        assert value.reason
        assert value.n_terms == 0
    else:
        assert value.value == pytest.approx(expected, **EXACT)
        assert (value.reason, value.note, value.n_terms) == (None, None, 1)


def assert_mean(value, expected, note=None):
    """Compare a mean with its terms, and what was left out with what the note says, after ``note``."""
    defined = [term for term in expected if term is not None]
    if not defined:
        assert_is(value, None)
        return
    assert value.value == pytest.approx(sum(defined) / len(defined), **EXACT)
    assert value.n_terms == len(defined)
    left_out = len(expected) - len(defined)
    said = (value.note or "").split("; ")
    if note is not None:
        assert said.pop(0) == note
    assert ([one for one in said if one] == []) == (left_out == 0)
    if left_out:
        assert said[0].startswith(f"{left_out} of {len(expected)} ")


def mcc_oracle(y, decided):
    return None if len(np.unique(y)) < 2 or len(np.unique(decided)) < 2 else oracle.matthews_corrcoef(y, decided)


def balanced_accuracy_oracle(y, decided):
    occur = np.unique(y)
    return None if len(occur) < 2 else oracle.recall_score(y, decided, labels=occur, average="macro", zero_division=0)


def f1_oracle(y, decided):
    return oracle.f1_score(y, decided, labels=np.union1d(y, decided), average="macro", zero_division=0)


def brier_oracle(y, p):
    return None if p.min() < 0 or p.max() > 1 else oracle.brier_score_loss(y, p, labels=[0, 1])


def log_loss_oracle(y, p):
    """scikit-learn's, where it clips nothing."""
    if p.min() < 0 or p.max() > 1 or np.where(y == 1, p, 1 - p).min() == 0:
        return None
    return oracle.log_loss(y, p, labels=[0, 1])


def calibration_oracle(y, p):
    """Made of scikit-learn's curve: the bins that are not empty, in order."""
    if p.min() < 0 or p.max() > 1:
        return None
    positive, predicted = calibration_curve(y, p, n_bins=15)
    sizes = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], p))
    return (np.abs(positive - predicted) * sizes[sizes > 0]).sum() / len(y)


def assert_of_classes(value, expected, n_terms, n_classes):
    """Compare a mean over classes, of which ``n_terms`` occur."""
    note = f"{n_classes - n_terms} of {n_classes} classes left out (they do not occur)" if n_terms < n_classes else None
    assert_noted(dataclasses.replace(value, n_terms=1 if value.value is not None else 0), expected, note)
    assert value.n_terms == (n_terms if expected is not None else 0)


def assert_noted(value, expected, note):
    """As `assert_is`, of a value whose note is known."""
    assert value.note == (None if expected is None else note)
    assert_is(dataclasses.replace(value, note=None), expected)


# --- tables worked out by hand ----------------------------------------------------------------------------------------------------------

HAND = [
    # label 1 at scores .9 .8 .3, label 0 at .7 .5 .3 .1: pairs in order 4 + 4 + (1 + ½) = 9.5 of 12
    ("auroc", [1, 1, 0, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.5, 0.3, 0.3, 0.1], 9.5 / 12),
    # steps: .9 → 1/1, .8 → 2/2, .3 (with its tie) → 3/6; each worth a third of the recall
    ("auprc", [1, 1, 0, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.5, 0.3, 0.3, 0.1], (1 + 1 + 3 / 6) / 3),
    ("auroc", [0, 1], [0.5, 0.5], 0.5),
    ("auprc", [0, 0, 0, 1], [1, 1, 1, 1], 0.25),
    ("auroc", [0, 0, 1, 1], [4, 3, 2, 1], 0.0),
    # a score at the threshold is a positive
    ("accuracy", [1, 0, 1, 0], [0.5, 0.5, 0.4, 0.2], 0.5),
    ("accuracy", [True, False], [1, 0], 1.0),
    ("pearson", [1, 2, 3, 4], [2, 4, 6, 8], 1.0),
    ("pearson", [1, 2, 3], [1, 3, 2], 0.5),
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: Σ = 4.5, √(4.5·5)
    ("spearman", [1, 5, 5, 100], [0.1, 0.2, 0.3, 0.4], 4.5 / math.sqrt(22.5)),
    ("spearman", [1, 2, 3, 4], [1, 8, 27, 64], 1.0),
    # residuals 1, 0, 1 → 2; about the mean 2: 2
    ("r2", [1, 2, 3], [2, 2, 2], 0.0),
    ("r2", [1, 2, 3], [1, 2, 4], 0.5),
    ("r2", [1, 2, 3], [3, 2, 1], -3.0),
    ("mse", [1, 2, 3], [1, 2, 6], 3.0),
    # pooled: labels 0, 2, 10, 12 about 6: 36 + 16 + 16 + 36 = 104, residuals 4 × 1
    ("r2", [[0, 10], [2, 12]], [[1, 11], [1, 11]], 1 - 4 / 104),
    # the same by track: each 1 − 2/2
    ("mean_r2", [[0, 10], [2, 12]], [[1, 11], [1, 11]], 0.0),
    # tissue 1 in order (1), tissue 2 reversed (−1), tissue 3: ranks 1 2 3 against 1 3 2 (½)
    ("mean_spearman_across_tissues", [[1, 1, 1], [2, 2, 2], [3, 3, 3]], [[1, 9, 1], [5, 5, 7], [6, 1, 5]], 0.5 / 3),
    # gene 1: 1 2 3 against 1 3 2 (½); gene 2: in order (1)
    ("mean_spearman_across_genes", [[1, 2, 3], [4, 5, 6]], [[0, 2, 1], [7, 8, 9]], 0.75),
    # track 1 over both examples' bins: 0 1 2 3 against itself (1); track 2: reversed (−1)
    ("mean_pearson_across_tracks", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]], [[[0, 3], [1, 2]], [[2, 1], [3, 0]]], 0.0),
    # gene 1: 0 0 1 1 against 0 3 1 2: Σ(y−½)p = 0; gene 2: 2 2 3 3 against 2 1 3 0: 0
    ("mean_pearson_across_genes", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]], [[[0, 3], [1, 2]], [[2, 1], [3, 0]]], 0.0),
    ("mean_r2", [[[0, 0], [1, 1]], [[2, 2], [3, 3]]], [[[0, 3], [1, 2]], [[2, 1], [3, 0]]], (1 - 3) / 2),
    ("mean_auroc_across_tracks", [[0, 1], [1, 0]], [[0.1, 0.2], [0.9, 0.2]], 0.75),
    # highest scores: class 2 (right), class 1 (wrong), a tie that the first class wins (right)
    ("class_accuracy", [[0, 1], [0, 1], [1, 0]], [[0.1, 0.2], [0.9, 0.2], [0.5, 0.5]], 2 / 3),
    ("mean_auprc_across_tracks", [[0, 1], [1, 0]], [[0.1, 0.2], [0.9, 0.2]], 0.75),
    # decided 1 1 0 0 for 1 0 1 0: one right and one wrong of each class
    ("mcc", [1, 0, 1, 0], [0.5, 0.7, 0.4, 0.2], 0.0),
    # 2 right positives, 1 wrong one, 1 right negative: (2·1 − 0·1) / √(2·3·1·2)
    ("mcc", [1, 1, 1, 0], [0.5, 0.7, 0.4, 0.2], 2 / math.sqrt(12)),
    # three classes, 3 of 4 right, occurring 2 1 1 times, decided 1 2 1: (3·4 − 5) / √((16 − 6)(16 − 6))
    ("mcc", [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[3, 2, 1], [1, 2, 1], [0, 5, 0], [1, 1, 2]], 7 / 10),
    ("balanced_accuracy", [1, 1, 1, 0], [0.5, 0.7, 0.4, 0.2], (2 / 3 + 1) / 2),
    ("balanced_accuracy", [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[3, 2, 1], [1, 2, 1], [0, 5, 0], [1, 1, 2]], (1 / 2 + 1 + 1) / 3),
    # positives 2·2/(3+2), negatives 2·1/(1+2)
    ("macro_f1", [1, 1, 1, 0], [0.5, 0.7, 0.4, 0.2], (4 / 5 + 2 / 3) / 2),
    ("macro_f1", [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[3, 2, 1], [1, 2, 1], [0, 5, 0], [1, 1, 2]], (2 / 3 + 2 / 3 + 1) / 3),
    ("brier", [1, 0], [0.5, 0.25], (0.25 + 0.0625) / 2),
    ("log_loss", [1, 0], [0.5, 0.75], math.log(8) / 2),
    ("log_loss", [[0, 1], [1, 0]], [[0.5, 0.5], [0.25, 0.75]], math.log(8) / 2),
    # one bin with .97 and .99, one of them positive; one with .5, a positive
    ("calibration_error", [1, 0, 1], [0.97, 0.99, 0.5], (0.96 + 0.5) / 3),
]
#: What stands in the note of a value that nothing is left out of.
NOTED = {"auprc": "prevalence", "mean_auprc_across_tracks": "mean prevalence"}


@pytest.mark.parametrize(("name", "labels", "predictions", "expected"), HAND)
def test_metric_equals_the_table_worked_out_by_hand(name, labels, predictions, expected):
    value = metric(name)(labels, predictions)
    assert value.value == pytest.approx(expected, **EXACT)
    assert value.reason is None
    assert value.note == (f"{NOTED[name]} {np.mean(labels):.3g}" if name in NOTED else None)


def test_every_metric_stands_in_a_table():
    assert {row[0] for row in HAND} == set(METRICS)


# --- oracles ----------------------------------------------------------------------------------------------------------------------------

quick = settings(deadline=None, max_examples=80)


@quick
@given(pair=pair_of(lines(), labels=st.integers(0, 1), dtype=np.int8), threshold=tied)
def test_binary_metrics_equal_scikit_learn(pair, threshold):
    y, p = pair
    assert_is(metrics.auroc(y, p), auroc_oracle(y, p))
    assert_noted(metrics.auprc(y, p), auprc_oracle(y, p), f"prevalence {y.mean():.3g}")
    assert_is(metrics.accuracy(y, p, threshold=threshold), oracle.accuracy_score(y, p >= threshold))
    assert_is(metrics.mcc(y, p, threshold=threshold), mcc_oracle(y, p >= threshold))
    decided = p >= threshold
    assert_of_classes(metrics.balanced_accuracy(y, p, threshold=threshold), balanced_accuracy_oracle(y, decided), 2, 2)
    assert_of_classes(metrics.macro_f1(y, p, threshold=threshold), f1_oracle(y, decided), len(np.union1d(y, decided)), 2)


#: Shares that lie on the edges of bins, and beside them, and between; 0 and 1 too.
shares = st.integers(0, 30).map(lambda n: n / 30) | st.floats(0, 1)


@quick
@given(data=st.data(), n=st.integers(1, 30), outside=st.sampled_from([(), (), (1.5,), (-1e-9,)]))
def test_metrics_of_probabilities_equal_scikit_learn(data, n, outside):
    y = data.draw(hnp.arrays(np.int8, n, elements=st.integers(0, 1)))
    p = data.draw(hnp.arrays(np.float64, n, elements=shares))
    p[: len(outside)] = outside
    assert_is(metrics.brier(y, p), brier_oracle(y, p))
    assert_is(metrics.calibration_error(y, p), calibration_oracle(y, p))
    if np.where(y == 1, p, 1 - p).min() not in (0, *outside) and p[p > 0].min(initial=1) > 1e-15:  # scikit-learn clips what is nearer to 0
        assert_is(metrics.log_loss(y, p), log_loss_oracle(y, p))
    elif not outside and np.where(y == 1, p, 1 - p).min() == 0:
        assert metrics.log_loss(y, p).reason == "a probability of 0 for the class that the label says"


@st.composite
def classified(draw):
    """Classes and scores of 1 to 5 classes, of which some do not occur."""
    n, k = draw(st.integers(1, 25)), draw(st.integers(1, 5))
    of = draw(hnp.arrays(np.int64, n, elements=st.integers(0, k - 1)))
    return (
        of,
        np.eye(k, dtype=draw(st.sampled_from([np.int8, np.bool_, np.float32])))[of],
        draw(hnp.arrays(np.float64, (n, k), elements=tied)),
    )


@quick
@given(classified())
def test_metrics_of_several_classes_equal_scikit_learn(examples):
    of, y, p = examples
    decided = p.argmax(axis=1)
    assert_is(metrics.class_accuracy(y, p), oracle.accuracy_score(of, decided))
    assert_is(metrics.mcc(y, p), mcc_oracle(of, decided))
    k, occur, used = y.shape[1], len(np.unique(of)), len(np.union1d(of, decided))
    for found, expected, n_terms in (
        (metrics.balanced_accuracy(y, p), balanced_accuracy_oracle(of, decided), occur),
        (metrics.macro_f1(y, p), f1_oracle(of, decided), used),
    ):
        assert_of_classes(found, expected, n_terms, k)
    if k > 1:
        shares = np.exp(p) / np.exp(p).sum(axis=1, keepdims=True)
        assert_is(metrics.log_loss(y, shares), oracle.log_loss(of, shares, labels=range(k)))


@quick
@given(pair=pair_of(tables, labels=st.integers(0, 1), dtype=np.int8))
def test_binary_means_equal_scikit_learn_track_by_track(pair):
    y, p = pair
    tracks = range(y.shape[1])
    assert_mean(metrics.mean_auroc_across_tracks(y, p), [auroc_oracle(y[:, t], p[:, t]) for t in tracks])
    expected = [auprc_oracle(y[:, t], p[:, t]) for t in tracks]
    defined = [t for t in tracks if expected[t] is not None]
    words = ("mean " if len(defined) > 1 else "") + f"prevalence {y[:, defined].mean():.3g}" if defined else None
    assert_mean(metrics.mean_auprc_across_tracks(y, p), expected, words)


@quick
@given(pair=pair_of(lines()))
def test_scalar_regression_equals_scipy_and_scikit_learn(pair):
    y, p = pair
    assert_is(metrics.pearson(y, p), pearson_oracle(y, p))
    assert_is(metrics.spearman(y, p), spearman_oracle(y, p))
    assert_is(metrics.r2(y, p), r2_oracle(y, p))
    assert_is(metrics.mse(y, p), oracle.mean_squared_error(y, p))


@quick
@given(pair=pair_of(tables))
def test_vector_means_equal_their_oracle_term_by_term(pair):
    y, p = pair
    genes, tissues = (range(length) for length in y.shape)
    assert_mean(metrics.mean_spearman_across_tissues(y, p), [spearman_oracle(y[:, t], p[:, t]) for t in tissues])
    assert_mean(metrics.mean_spearman_across_genes(y, p), [spearman_oracle(y[g], p[g]) for g in genes])
    assert_mean(metrics.mean_r2(y, p), [r2_oracle(y[:, t], p[:, t]) for t in tissues])
    assert_mean(metrics.mean_pearson_across_tracks(y, p), [pearson_oracle(y[:, t], p[:, t]) for t in tissues])
    assert_mean(metrics.mean_pearson_across_genes(y, p), [pearson_oracle(y[g], p[g]) for g in genes])


@quick
@given(pair=pair_of(cubes))
def test_profile_metrics_equal_their_oracle_term_by_term(pair):
    y, p = pair
    by_track = [(y[..., t].ravel(), p[..., t].ravel()) for t in range(y.shape[2])]
    by_gene = [(y[g].ravel(), p[g].ravel()) for g in range(len(y))]
    assert_mean(metrics.mean_pearson_across_tracks(y, p), [pearson_oracle(*pair) for pair in by_track])
    assert_mean(metrics.mean_pearson_across_genes(y, p), [pearson_oracle(*pair) for pair in by_gene])
    assert_mean(metrics.mean_r2(y, p), [r2_oracle(*pair) for pair in by_track])
    assert_is(metrics.pearson(y, p), pearson_oracle(y.ravel(), p.ravel()))
    assert_is(metrics.r2(y, p), r2_oracle(y.ravel(), p.ravel()))
    assert_is(metrics.mse(y, p), float(np.mean((y - p) ** 2)))


@quick
@given(values=hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=8), elements=tied))
def test_average_ranks_equal_scipy(values):
    np.testing.assert_array_equal(average_ranks(values), stats.rankdata(values, method="average", axis=-1))


def test_larger_random_sets_equal_the_oracles():
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, 5_000)
    for scores in (rng.normal(size=5_000) + labels, rng.integers(0, 20, 5_000) / 20, rng.normal(size=5_000).astype(np.float32)):
        assert_is(metrics.auroc(labels, scores), oracle.roc_auc_score(labels, scores))
        assert_noted(metrics.auprc(labels, scores), oracle.average_precision_score(labels, scores), f"prevalence {labels.mean():.3g}")
        decided = scores.astype(np.float64) >= 0.5
        assert_is(metrics.mcc(labels, scores), oracle.matthews_corrcoef(labels, decided))
        assert_of_classes(metrics.balanced_accuracy(labels, scores), oracle.balanced_accuracy_score(labels, decided), 2, 2)
    chances = rng.random(5_000)
    assert_is(metrics.brier(labels, chances), oracle.brier_score_loss(labels, chances))
    assert_is(metrics.log_loss(labels, chances), oracle.log_loss(labels, chances))
    assert_is(metrics.calibration_error(labels, chances), calibration_oracle(labels, chances))
    y, p = rng.normal(3, 2, (400, 6)), rng.normal(3, 2, (400, 6))
    p += y
    assert_mean(metrics.mean_spearman_across_tissues(y, p), [stats.spearmanr(y[:, t], p[:, t]).statistic for t in range(6)])
    assert metrics.mean_r2(y, p).value == pytest.approx(oracle.r2_score(y, p, multioutput="uniform_average"), **EXACT)
    assert metrics.mean_pearson_across_tracks(y, p).value == pytest.approx(
        np.mean([np.corrcoef(y[:, t], p[:, t])[0, 1] for t in range(6)]), **EXACT
    )


# --- all groups at once -----------------------------------------------------------------------------------------------------------------

SCALARS = {
    "accuracy": lambda y, p: oracle.accuracy_score(y, p >= 0.5),
    "auroc": auroc_oracle,
    "auprc": auprc_oracle,
    "mcc": lambda y, p: mcc_oracle(y, p >= 0.5),
    "brier": brier_oracle,
    "calibration_error": calibration_oracle,
    "pearson": pearson_oracle,
    "spearman": spearman_oracle,
    "r2": r2_oracle,
    "mse": oracle.mean_squared_error,
}
#: Few groups for many examples, many groups of 1 to 3, and groups that nothing is in.
codes = st.integers(1, 60).flatmap(
    lambda n: st.lists(st.integers(0, 5), min_size=n, max_size=n) | st.lists(st.integers(0, n), min_size=n, max_size=n)
)


def grouped_examples(labels, dtype):
    def sides(of):
        scores = tied | st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda x: round(x, 6))
        return st.tuples(
            st.just(of), hnp.arrays(dtype, len(of), elements=labels), hnp.arrays(np.float64, len(of), elements=scores, fill=st.just(0.0))
        )

    return codes.flatmap(sides)


def assert_groups_equal_the_oracles(of, y, p, names):
    of = np.array(of)
    n_groups = int(of.max()) + 2  # the last one is empty
    ((*found,),) = by_group([(metric(name), {}) for name in names], y, p, [Groups(of, n_groups)])
    truth = y.astype(np.int64) if y.dtype == bool else y
    for name, values in zip(names, found, strict=True):
        assert len(values) == n_groups
        for group, value in enumerate(values):
            own = of == group
            if not own.any():
                assert value == Value(None, "no examples", n_terms=0)
                continue
            assert_noted(value, SCALARS[name](truth[own], p[own]), f"prevalence {truth[own].mean():.3g}" if name == "auprc" else None)
            plain = metric(name)(y[own], p[own])
            assert (value.reason, value.note, value.n_terms) == (plain.reason, plain.note, plain.n_terms)


@settings(max_examples=60)
@given(data=st.data(), dtype=st.sampled_from([np.bool_, np.int8, np.int64, np.float32, np.float64]))
def test_binary_metrics_of_groups_equal_scikit_learn(data, dtype):
    labels = st.booleans() if dtype is np.bool_ else st.integers(0, 1)
    of, y, p = data.draw(grouped_examples(labels, dtype))
    assert_groups_equal_the_oracles(of, y, p, ["accuracy", "auroc", "auprc", "mcc", "brier", "calibration_error"])


@settings(max_examples=40)
@given(examples=grouped_examples(tied, np.float64))
def test_regression_of_groups_equals_scipy_and_scikit_learn(examples):
    assert_groups_equal_the_oracles(*examples, ["pearson", "spearman", "r2", "mse"])


@pytest.mark.parametrize("bits", [ranks.MOST_BITS, 0])
@pytest.mark.parametrize("digits", [None, 2])
def test_larger_groups_equal_the_oracles(monkeypatch, digits, bits):
    """Also where group and ranks have too many bits for one whole number."""
    monkeypatch.setattr(ranks, "MOST_BITS", bits)
    rng = np.random.default_rng(8)
    of = np.minimum(rng.geometric(0.1, 10_000), 150) - 1  # of a thousand examples down to none
    y = rng.integers(0, 2, 10_000)
    p = rng.normal(size=10_000) + y
    assert_groups_equal_the_oracles(of, y, p if digits is None else p.round(digits), list(SCALARS))


def as_probabilities(scores):
    """Bring scores between 0 and 1; those of an example to a sum of 1, where it has several."""
    odds = np.exp(scores)
    return odds / (1 + odds) if scores.ndim == 1 else odds / odds.sum(axis=1, keepdims=True)


def assert_same(value, plain):
    assert (value.value is None) == (plain.value is None)
    if plain.value is not None:
        assert value.value == pytest.approx(plain.value, **EXACT)
    assert (value.reason, value.note, value.n_terms) == (plain.reason, plain.note, plain.n_terms)


@pytest.mark.parametrize(("name", "ndim"), [(name, ndim) for name in sorted(METRICS) for ndim in METRICS[name].ndim])
@pytest.mark.parametrize("has_form", [True, False])
@settings(max_examples=20)
@given(data=st.data())
def test_every_metric_of_a_group_is_what_it_is_of_the_group_alone(name, ndim, has_form, data):
    """Also of several groupings at once, of vectors and profiles, and where a metric has no grouped form."""
    entry = METRICS[name] if has_form else dataclasses.replace(METRICS[name], grouped={})
    shape = data.draw(hnp.array_shapes(min_dims=ndim, max_dims=ndim, min_side=1, max_side=12 if ndim < 3 else 4))
    n = shape[0]
    y = data.draw(hnp.arrays(np.float32, shape, elements=st.integers(0, 1) if entry.kind == "binary" else tied.map(np.float32)))
    p = data.draw(hnp.arrays(np.float32, shape, elements=tied.map(np.float32)))
    if entry.one_hot and ndim == 2:
        y = np.eye(shape[1], dtype=np.float32)[y.argmax(axis=1)]
    if entry.takes == "probabilities" and data.draw(st.booleans()):
        p = as_probabilities(p.astype(np.float64))
    groupings = [data.draw(hnp.arrays(np.uint8, n, elements=st.integers(0, 3))) for _ in range(2)]
    found = by_group([(entry, {})], y, p, [Groups.whole(n), *(Groups(of, 5) for of in groupings)])
    assert_same(found[0][0][0], entry(y, p))
    for of, ((*values,),) in zip(groupings, found[1:], strict=True):
        assert len(values) == 5
        for group, value in enumerate(values):
            assert_same(value, entry(y[of == group], p[of == group]))


@pytest.mark.parametrize("offset", [0.0, 1e9, -1e12])
def test_numbers_of_groups_far_from_zero_lose_no_digits(offset):
    rng = np.random.default_rng(3)
    of = rng.integers(0, 3, 500)
    y = offset + rng.normal(size=500)
    p = offset + rng.normal(size=500) + 0.3 * (y - offset)
    ((*found,),) = by_group([(metric(name), {}) for name in ("pearson", "r2", "mse")], y, p, [Groups(of, 3)])
    for group in range(3):
        own = of == group
        ss_y, ss_p, s_yp, ss_residual = exact_sums(y[own], p[own])
        expected = (float(s_yp) / math.sqrt(float(ss_y) * float(ss_p)), float(1 - ss_residual / ss_y), float(ss_residual / int(own.sum())))
        assert [values[group].value for values in found] == pytest.approx(expected, **EXACT)


def test_values_of_groups_too_large_for_arithmetic_are_undefined_and_spoil_no_other_group():
    y, p = np.array([1e200, 0, 1, 2, 3]), np.array([0, 1e300, 1, 2, 4])
    ((*found,),) = by_group([(metric(name), {}) for name in ("mse", "pearson", "r2")], y, p, [Groups(np.array([0, 0, 1, 1, 1]), 2)])
    for name, values in zip(("mse", "pearson", "r2"), found, strict=True):
        assert_same(values[0], metric(name)(y[:2], p[:2]))
        assert values[0].value is None
        assert_same(values[1], metric(name)(y[2:], p[2:]))


def test_both_zeros_are_one_score_and_one_rank():
    groups = [Groups(np.array([0, 0, 1, 1]), 2)]
    found = by_group([(metric("auroc"), {}), (metric("spearman"), {})], [0, 1, 1, 0], [0.0, -0.0, 0.0, -0.5], groups)
    assert [value.value for value in found[0][0]] == [0.5, 1.0]
    assert [value.reason for value in found[0][1]] == ["constant predictions", None]


def test_groups_of_many_examples_take_little_memory():
    rng = np.random.default_rng(9)
    n = 200_000
    y, p, of = rng.integers(0, 2, n), rng.random(n), rng.integers(0, 100, n)
    uses = [(metric(name), {}) for name in SCALARS]
    tracemalloc.start()
    try:
        by_group(uses, y, p, [Groups.whole(n), Groups(of, 100)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 160 * n  # bytes: twenty float64 an example


def test_groups_of_bad_input_are_refused_as_the_metric_refuses_it():
    groups = [Groups.whole(3)]
    with pytest.raises(BadSpec, match="auroc: 1 of 3 predictions are not finite"):
        by_group([(metric("auroc"), {})], [0, 1, 1], [0.1, math.nan, 0.2], groups)
    with pytest.raises(BadSpec, match="auroc: 1 of 3 labels are neither 0 nor 1"):
        by_group([(metric("mse"), {}), (metric("auroc"), {})], [0, 1, 2], [0.1, 0.3, 0.2], groups)
    with pytest.raises(BadSpec, match="accuracy has no option 'cut'"):
        by_group([(metric("accuracy"), {"cut": 1})], [0, 1, 1], [0.1, 0.3, 0.2], groups)
    with pytest.raises(BadSpec, match="threshold nan; expected a finite number"):
        by_group([(metric("accuracy"), {"threshold": math.nan})], [0, 1, 1], [0.1, 0.3, 0.2], groups)
    with pytest.raises(BadSpec, match=r"groups of \(2,\) examples; labels have shape \(3,\)"):
        by_group([(metric("auroc"), {})], [0, 1, 1], [0.1, 0.3, 0.2], [Groups.whole(2)])
    assert by_group([], [0, 1, 1], [0.1, 0.3, 0.2], groups) == [[]]
    assert by_group([(metric("auroc"), {})], [], [], [Groups.whole(0)]) == [[[Value(None, "no examples", n_terms=0)]]]


# --- undefined, never 0 and never NaN ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "predictions", "reason"),
    [
        ("auroc", [1, 1, 1], [0.1, 0.2, 0.3], "one class only: no negative label"),
        ("auroc", [0, 0], [0.1, 0.2], "one class only: no positive label"),
        ("auprc", [1, 1], [0.1, 0.2], "one class only: no negative label"),
        ("auprc", [0], [0.1], "one class only: no positive label"),
        ("pearson", [2.0], [1.0], "fewer than 2 values"),
        ("pearson", [0.1] * 7, [1, 2, 3, 4, 5, 6, 7], "constant labels"),
        ("pearson", [1, 2, 3, 4, 5, 6, 7], [0.1] * 7, "constant predictions"),
        ("spearman", [1, 2], [3, 3], "constant predictions"),
        ("r2", [0.1] * 7, [1, 2, 3, 4, 5, 6, 7], "constant labels"),
        ("r2", [0.1], [0.1], "fewer than 2 values"),
        ("mcc", [1, 1], [0.9, 0.1], "one class only: no label of another"),
        ("mcc", [1, 0], [0.9, 0.8], "one class only is decided for"),
        ("mcc", [[1, 0], [0, 1]], [[1, 0], [1, 0]], "one class only is decided for"),
        ("balanced_accuracy", [0, 0], [0.9, 0.1], "one class only: no label of another"),
        ("brier", [1, 0], [1.0, -1e-12], "predictions are no probabilities: some are below 0 or above 1"),
        ("calibration_error", [1, 0], [1.01, 0.5], "predictions are no probabilities: some are below 0 or above 1"),
        ("log_loss", [1, 0], [2, 0.5], "predictions are no probabilities: some are below 0 or above 1"),
        ("log_loss", [1, 0], [0.5, 1], "a probability of 0 for the class that the label says"),
        (
            "log_loss",
            [[1, 0], [0, 1]],
            [[0.5, 0.6], [0.5, 0.5]],
            "predictions are no probabilities: those of an example do not add up to 1",
        ),
        ("mse", [], [], "no examples"),
        ("accuracy", [], [], "no examples"),
        ("auroc", [], [], "no examples"),
        ("mean_r2", np.empty((3, 0)), np.empty((3, 0)), "no tracks"),
        ("mean_pearson_across_tracks", np.empty((3, 0, 2)), np.empty((3, 0, 2)), "no bins"),
        ("mse", [1e200, 0], [0, 0], "numbers too large or too close together for float64 arithmetic"),
        ("pearson", [1e-200, 2e-200, 5e-200], [1, 2, 3], "numbers too large or too close together for float64 arithmetic"),
        ("r2", [1, 2], [1e300, 0], "numbers too large or too close together for float64 arithmetic"),
        ("mean_r2", [[1, 2], [1, 2]], [[1, 2], [3, 4]], "no track of 2 is defined (2: constant labels)"),
        ("mean_spearman_across_genes", [[1], [2]], [[1], [2]], "no gene of 2 is defined (2: fewer than 2 values)"),
        (
            "mean_spearman_across_tissues",
            [[1, 1, 2], [1, 2, 2]],
            [[1, 5, 1], [2, 5, 2]],
            "no tissue of 3 is defined (2: constant labels; 1: constant predictions)",
        ),
    ],
)
def test_what_is_undefined_is_none_with_a_reason(name, labels, predictions, reason):
    assert metric(name)(labels, predictions) == Value(None, reason, n_terms=0)


def test_accuracy_of_one_class_is_defined():
    assert metrics.accuracy([1, 1], [0.9, 0.1]) == Value(0.5)


def test_r2_of_constant_predictions_is_defined():
    assert metrics.r2([1, 3], [2, 2]) == Value(0.0)


def test_a_mean_says_what_it_left_out():
    labels = [[1, 1, 4, 1], [2, 1, 5, 2], [3, 1, 6, 3]]
    predictions = [[1, 1, 9, 3], [2, 2, 9, 2], [3, 3, 9, 1]]
    value = metrics.mean_pearson_across_tracks(labels, predictions)
    assert value == Value(0.0, None, "2 of 4 tracks left out (1: constant labels; 1: constant predictions)", 2)


def test_a_value_is_a_finite_number_or_has_a_reason():
    for value, reason in ((None, None), (math.nan, None), (math.inf, None), (0.5, "because")):
        with pytest.raises(BadSpec, match="expected a finite number, or None with a reason"):
            Value(value, reason)


# --- stability, blocks, memory, types ---------------------------------------------------------------------------------------------------


def exact_sums(y, p):
    y, p = [Fraction(float(v)) for v in y], [Fraction(float(v)) for v in p]
    mean_y, mean_p = sum(y) / len(y), sum(p) / len(p)
    return (
        sum((a - mean_y) ** 2 for a in y),
        sum((b - mean_p) ** 2 for b in p),
        sum((a - mean_y) * (b - mean_p) for a, b in zip(y, p, strict=True)),
        sum((a - b) ** 2 for a, b in zip(y, p, strict=True)),
    )


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, -1e12])
@pytest.mark.parametrize("block", [metrics.BLOCK_VALUES, 64])
def test_numbers_far_from_zero_lose_no_digits(monkeypatch, offset, block):
    monkeypatch.setattr(metrics, "BLOCK_VALUES", block)
    rng = np.random.default_rng(3)
    y = offset + rng.normal(size=500)
    p = offset + rng.normal(size=500) + 0.3 * (y - offset)
    ss_y, ss_p, s_yp, ss_residual = exact_sums(y, p)
    correlation = float(s_yp) / math.sqrt(float(ss_y) * float(ss_p))
    assert metrics.pearson(y, p).value == pytest.approx(correlation, **EXACT)
    assert metrics.mean_pearson_across_tracks(y[:, None], p[:, None]).value == pytest.approx(correlation, **EXACT)
    assert metrics.r2(y, p).value == pytest.approx(float(1 - ss_residual / ss_y), **EXACT)
    assert metrics.mse(y, p).value == pytest.approx(float(ss_residual / 500), **EXACT)


def random_pair(name, rng):
    entry = METRICS[name]
    shape = {1: (97,), 2: (41, 9), 3: (13, 7, 5)}[entry.ndim[-1]]
    labels = rng.integers(0, 2, shape) if entry.kind == "binary" else rng.integers(0, 6, shape)
    scores = rng.normal(size=shape).round(1)
    if entry.one_hot:
        labels = np.eye(shape[1], dtype=np.int64)[rng.integers(0, shape[1], shape[0])]
    return labels, as_probabilities(scores) if entry.takes == "probabilities" else scores


@pytest.mark.parametrize("name", sorted(METRICS))
def test_the_value_does_not_depend_on_the_block_size(monkeypatch, name):
    labels, predictions = random_pair(name, np.random.default_rng(11))
    whole = metric(name)(labels, predictions)
    for block in (1, 7, 50, 1000):
        monkeypatch.setattr(metrics, "BLOCK_VALUES", block)
        parts = metric(name)(labels, predictions)
        if name in ("pearson", "r2", "mse"):  # pooled sums are joined; all others compute each term whole
            assert parts.value == pytest.approx(whole.value, **EXACT)
        else:
            assert parts == whole


@pytest.mark.parametrize("name", sorted(METRICS))
def test_inputs_stay_as_they_were_and_layout_does_not_matter(name):
    labels, predictions = random_pair(name, np.random.default_rng(12))
    value = metric(name)(labels, predictions)
    axes = tuple(reversed(range(labels.ndim)))
    strided_y, strided_p = (np.ascontiguousarray(side.transpose(axes)).transpose(axes) for side in (labels, predictions))
    strided_y.flags.writeable = strided_p.flags.writeable = False
    assert metric(name)(strided_y, strided_p) == value
    assert metric(name)(labels.tolist(), predictions.tolist()) == value
    floats = np.float32(labels), np.float64(predictions)
    assert metric(name)(*floats) == value
    np.testing.assert_array_equal(floats[0], labels)
    np.testing.assert_array_equal(floats[1], predictions)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_the_value_lies_in_the_declared_range_and_moves_in_the_declared_direction(name):
    rng = np.random.default_rng(13)
    labels, predictions = random_pair(name, rng)
    entry = metric(name)
    perfect, poor = entry(labels, labels).value, entry(labels, predictions).value
    low, high = entry.range
    assert low <= poor <= high
    assert perfect == pytest.approx(high if entry.direction == "higher" else low)
    assert (perfect > poor) == (entry.direction == "higher")


@pytest.mark.parametrize("name", ["mean_pearson_across_tracks", "mean_pearson_across_genes", "mean_r2", "pearson", "r2", "mse"])
def test_memory_is_bounded_by_the_block_not_by_the_input(monkeypatch, name):
    monkeypatch.setattr(metrics, "BLOCK_VALUES", 1 << 14)  # 128 KiB a temporary array
    rng = np.random.default_rng(14)
    labels, predictions = (rng.random((64, 896, 16), dtype=np.float32) for _ in range(2))  # 3.5 MiB each, 7 MiB as float64
    entry = metric(name)
    entry(labels[:2], predictions[:2])
    tracemalloc.start()
    try:
        entry(labels, predictions)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 << 20  # one track of 64 × 896 positions is 448 KiB of float64, of which five are held


def test_float32_is_computed_in_float64():
    rng = np.random.default_rng(15)
    y, p = (100 + rng.random(2_000).astype(np.float32) for _ in range(2))
    assert metrics.pearson(y, p).value == pytest.approx(stats.pearsonr(y.astype(np.float64), p.astype(np.float64)).statistic, **EXACT)


# --- any numbers: every metric, for every number of axes, plain and in groups -----------------------------------------------------------

#: Very large and very small; far from 0 and close together; with ties. Squares of their distances neither overflow nor underflow.
any_number = (
    st.floats(-(2.0**100), 2.0**100).map(lambda x: x if abs(x) >= 2.0**-100 else 0.0)
    | st.integers(-99, 99).map(lambda k: 1e9 + k / 64)
    | st.integers(-9, 9).map(lambda k: 1 + k * 2.0**-52)
    | tied
)
#: Down to the smallest, which scikit-learn clips.
any_share = st.floats(0, 1) | st.integers(0, 45).map(lambda k: k / 45)


def correlation_oracle(y, p):
    """Exact sums; SciPy's beside them where the numbers vary enough for it."""
    if np.ptp(y) == 0 or np.ptp(p) == 0:
        return None
    ss_y, ss_p, s_yp, _ = exact_sums(y, p)
    correlation = math.copysign(math.sqrt(s_yp**2 / (ss_y * ss_p)), s_yp)
    if all(np.ptp(side) > 1e-3 * np.abs(side).max() for side in (y, p)):
        assert correlation == pytest.approx(stats.pearsonr(y, p).statistic, **EXACT)
    return correlation


def determination_oracle(y, p):
    if np.ptp(y) == 0:
        return None
    ss_y, _, _, ss_residual = exact_sums(y, p)
    unexplained = float(ss_residual / ss_y)
    if np.ptp(y) > 1e-3 * np.abs(y).max():
        assert unexplained == pytest.approx(1 - oracle.r2_score(y, p), rel=1e-12, abs=1e-12)
    return 1 - unexplained


def squared_error_oracle(y, p):
    expected = float(exact_sums(y, p)[3] / len(y))
    assert expected == pytest.approx(oracle.mean_squared_error(y, p), rel=1e-12)
    return expected


def surprise_oracle(y, p):
    """Of one or several classes: scikit-learn's beside the formula, where it neither clips nor warns."""
    own = np.where(y == 1, p, 1 - p) if y.ndim == 1 else p[y == 1]
    apart = 0 if y.ndim == 1 or y.shape[1] == 1 else np.abs(p.sum(axis=1) - 1).max()
    if p.min() < 0 or p.max() > 1 or apart > metrics.SUM_TOLERANCE or own.min() == 0:
        return None
    expected = -np.log(own).mean()
    if y.shape[1:] != (1,) and apart < 1e-8 and min(own.min(), p[p > 0].min(initial=1)) > 1e-15:
        k = 2 if y.ndim == 1 else y.shape[1]
        assert expected == pytest.approx(oracle.log_loss(y if y.ndim == 1 else y.argmax(axis=1), p, labels=range(k)), **EXACT)
    return expected


def of_all(term):
    """One term, of everything pooled."""
    return lambda y, p: [term(y.ravel(), p.ravel())]


def of_decisions(term):
    """One term, of the classes that are decided for."""
    return lambda y, p: [term(y, p >= metrics.THRESHOLD) if y.ndim == 1 else term(y.argmax(axis=1), p.argmax(axis=1))]


def of_each(term, axis):
    """A term for each track (-1) or example (0)."""
    return lambda y, p: [term(a.ravel(), b.ravel()) for a, b in zip(np.moveaxis(y, axis, 0), np.moveaxis(p, axis, 0), strict=True)]


#: The terms of every metric, None where undefined, from float64 labels and predictions; the metric is their mean.
ORACLES = {
    ("accuracy", 1): of_decisions(oracle.accuracy_score),
    ("auroc", 1): of_all(auroc_oracle),
    ("auprc", 1): of_all(auprc_oracle),
    ("class_accuracy", 2): of_decisions(oracle.accuracy_score),
    ("mean_auroc_across_tracks", 2): of_each(auroc_oracle, -1),
    ("mean_auprc_across_tracks", 2): of_each(auprc_oracle, -1),
    **{("mcc", ndim): of_decisions(mcc_oracle) for ndim in (1, 2)},
    **{("balanced_accuracy", ndim): of_decisions(balanced_accuracy_oracle) for ndim in (1, 2)},
    **{("macro_f1", ndim): of_decisions(f1_oracle) for ndim in (1, 2)},
    ("brier", 1): of_all(brier_oracle),
    **{("log_loss", ndim): lambda y, p: [surprise_oracle(y, p)] for ndim in (1, 2)},
    ("calibration_error", 1): of_all(calibration_oracle),
    **{("pearson", ndim): of_all(correlation_oracle) for ndim in (1, 2, 3)},
    ("spearman", 1): of_all(spearman_oracle),
    **{("r2", ndim): of_all(determination_oracle) for ndim in (1, 2, 3)},
    **{("mse", ndim): of_all(squared_error_oracle) for ndim in (1, 2, 3)},
    ("mean_spearman_across_tissues", 2): of_each(spearman_oracle, -1),
    ("mean_spearman_across_genes", 2): of_each(spearman_oracle, 0),
    **{("mean_pearson_across_tracks", ndim): of_each(correlation_oracle, -1) for ndim in (2, 3)},
    **{("mean_pearson_across_genes", ndim): of_each(correlation_oracle, 0) for ndim in (2, 3)},
    **{("mean_r2", ndim): of_each(determination_oracle, -1) for ndim in (2, 3)},
}


def test_every_metric_has_an_oracle_for_every_number_of_axes():
    assert set(ORACLES) == {(name, ndim) for name, entry in METRICS.items() for ndim in entry.ndim}


def assert_is_mean_of(value, terms):
    defined = [term for term in terms if term is not None]
    assert (value.value is None) == (not defined), (value, terms)
    if defined:
        # one minus a large number has the digits of that number
        assert value.value == pytest.approx(math.fsum(defined) / len(defined), rel=1e-12, abs=1e-12 * max(1, *map(abs, defined)))
        assert value.n_terms == len(defined) or len(terms) == 1  # means over classes have one for each class


@pytest.mark.parametrize(("name", "ndim"), ORACLES)
@settings(max_examples=20)
@given(data=st.data(), narrow=st.booleans(), n_groups=st.integers(1, 4))
def test_every_metric_of_any_numbers_equals_its_oracle_in_every_group(name, ndim, data, narrow, n_groups):
    entry = METRICS[name]
    shape = data.draw(hnp.array_shapes(min_dims=ndim, max_dims=ndim, min_side=1, max_side={1: 25, 2: 9, 3: 4}[ndim]))
    dtype = np.float32 if narrow else np.float64
    predicted = any_number
    if entry.takes == "probabilities":
        predicted = any_share | st.floats(-0.01, 1.01) if data.draw(st.booleans()) else any_share
    labels = st.integers(0, 1) if entry.kind == "binary" else any_number
    y, p = (data.draw(hnp.arrays(np.float64, shape, elements=of, fill=st.nothing())).astype(dtype) for of in (labels, predicted))
    if entry.one_hot and ndim == 2:
        y = np.eye(shape[1], dtype=dtype)[y.argmax(axis=1)]
        if entry.takes == "probabilities" and data.draw(st.booleans()):
            p = ((p + 0.01) / (p + 0.01).sum(axis=1, keepdims=True)).astype(dtype)
    of = data.draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, n_groups - 1)))
    wide_y, wide_p = (side.astype(np.float64) for side in (y, p))
    if entry.kind == "binary":
        wide_y = wide_y.astype(np.int64)
    found = by_group([(entry, {})], y, p, [Groups(of, n_groups)])[0][0]
    for group, value in enumerate(found):
        own = of == group
        if own.any():
            assert_is_mean_of(value, ORACLES[name, ndim](wide_y[own], wide_p[own]))
    assert_is_mean_of(entry(y, p), ORACLES[name, ndim](wide_y, wide_p))


# --- the list of metrics ----------------------------------------------------------------------------------------------------------------


def test_metrics_are_found_by_name_and_fully_declared():
    for name, entry in METRICS.items():
        assert metric(name) is entry
        assert entry.name == name
        assert all(text.strip() for text in (entry.title, entry.formula, entry.source, entry.undefined_when))
        assert entry.direction in ("higher", "lower")
        assert entry.kind in ("binary", "real")
    assert {name for name, entry in METRICS.items() if entry.direction == "lower"} == {"brier", "log_loss", "calibration_error", "mse"}
    assert metric("accuracy").options == ("threshold",)
    assert {name for name, entry in METRICS.items() if entry.takes != "scores"} == {
        "brier",
        "log_loss",
        "calibration_error",
        "mse",
        "r2",
        "mean_r2",
    }


def test_an_unknown_metric_offers_near_names():
    with pytest.raises(UnknownName, match="did you mean 'auroc'"):
        metric("aurocc")


# --- bad input --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "labels", "predictions", "message"),
    [
        ("auroc", [0, 1, 1], [0.1, math.nan, math.inf], "2 of 3 predictions are not finite"),
        ("pearson", [math.nan, 1, 1], [0.1, 0.2, -math.inf], "1 of 3 labels and 1 of 3 predictions are not finite"),
        ("auroc", [0, 1, 2], [0.1, 0.2, 0.3], "1 of 3 labels are neither 0 nor 1"),
        ("accuracy", [-1, 1], [0.1, 0.2], "1 of 2 labels are neither 0 nor 1"),
        ("pearson", [1, 2, 3], [1, 2], r"labels have shape \(3,\) and predictions \(2,\)"),
        ("auroc", [[0, 1]], [[0.1, 0.2]], r"shape \(1, 2\); expected \(examples,\)"),
        ("mean_r2", [0, 1], [0.1, 0.2], r"expected \(examples, tracks\) or \(examples, bins, tracks\)"),
        ("mcc", [[1, 1], [0, 0], [1, 0]], [[0.1, 0.2]] * 3, "2 of 3 labels do not mark exactly one class; expected one-hot labels"),
        ("mse", 1.0, 1.0, r"shape \(\); expected \(examples,\)"),
        ("pearson", ["a", "b"], [1, 2], "labels are of type <U1; expected booleans, integers or floats"),
        ("pearson", [1, None], [1, 2], "labels are of type object"),
        ("mean_r2", [[1, 2], [3]], [[1, 2], [3, 4]], "labels are not one array of numbers"),
        ("pearson", np.ma.masked_array([1, 2], [True, False]), [1, 2], "labels have 1 masked values"),
    ],
)
def test_bad_input_is_refused_with_counts(name, labels, predictions, message):
    with pytest.raises(BadSpec, match=message):
        metric(name)(labels, predictions)


def test_bad_options_are_refused():
    with pytest.raises(BadSpec, match="auroc has no option 'threshold'; its options: none"):
        metrics.auroc([0, 1], [0, 1], threshold=0.5)
    with pytest.raises(BadSpec, match="accuracy has no option 'cut'; its options: threshold"):
        metrics.accuracy([0, 1], [0, 1], cut=0.5)
    with pytest.raises(BadSpec, match="threshold nan; expected a finite number"):
        metrics.accuracy([0, 1], [0, 1], threshold=math.nan)
    for bins in (0, 2.5, math.inf, math.nan):
        with pytest.raises(BadSpec, match=r"bins .*expected a whole number from 1 to 10,000"):
            metrics.calibration_error([0, 1], [0, 1], bins=bins)
    assert metrics.calibration_error([0, 1, 1], [0.25, 0.5, 0.75], bins=1) == Value(0.5 / 3)


# --- transforms and counts --------------------------------------------------------------------------------------------------------------


def test_log1p_is_the_logarithm_of_one_more():
    values = np.array([[0, 1], [math.e - 1, -0.5]])
    np.testing.assert_allclose(apply_transform(values, "log1p"), [[0, math.log(2)], [1, math.log(0.5)]], rtol=1e-15)
    assert apply_transform(np.float32([0, 3]), "log1p").dtype == np.float64
    assert apply_transform([0, 3], "log1p").tolist() == [0.0, math.log(4)]


def test_none_changes_nothing():
    values = np.array([-5.0, 2.0])
    assert apply_transform(values, "none") is values
    assert apply_transform([True, False], "none").tolist() == [1.0, 0.0]


@pytest.mark.parametrize("bad", [-1.0, -1.5, math.nan, math.inf])
def test_log1p_refuses_what_has_no_finite_logarithm(bad):
    with pytest.raises(BadSpec, match="2 of 3 values are not finite numbers above -1"):
        apply_transform([0.0, bad, bad], "log1p")


def test_an_unknown_transform_is_refused():
    with pytest.raises(UnknownName, match="unknown transform 'log2'"):
        apply_transform([1.0], "log2")


def test_class_counts_add_up():
    assert class_counts([1, 0, 1, 1]) == (4, 3, 1)
    assert class_counts(np.array([], dtype=bool)) == (0, 0, 0)
    assert class_counts([[True, False]]) == (2, 1, 1)
    with pytest.raises(BadSpec, match="1 of 2 labels are neither 0 nor 1"):
        class_counts([0, 0.5])


@pytest.mark.parametrize("name", sorted(n for n, known in METRICS.items() if known.chance is not None and known.takes == "scores"))
def test_chance_is_what_predictions_that_know_nothing_give(name):
    entry, rng = METRICS[name], np.random.default_rng(5)
    for ndim in entry.ndim:
        shape = {1: (400,), 2: (400, 4), 3: (100, 4, 4)}[ndim]
        labels = (rng.random(shape) < 0.2).astype(np.int64) if entry.kind == "binary" else rng.gamma(1.0, size=shape)
        if entry.one_hot and ndim == 2:
            labels = np.eye(4, dtype=np.int64)[rng.integers(0, 4, 400)]
        found = [metric(name)(labels, rng.random(shape)).value for _ in range(60)]
        n_pos = int(labels.sum()) if entry.kind == "binary" else None
        expected = entry.by_chance(n_pos, None if n_pos is None else labels.size - n_pos, 2 if ndim == 1 else 4)
        # An average precision of a few hundred examples lies a little above the prevalence.
        assert np.mean(found) == pytest.approx(expected, abs=0.02), ndim


@pytest.mark.parametrize("name", ["r2", "mean_r2"])
def test_chance_of_numbers_is_what_the_labels_mean_gives(name):
    labels = np.random.default_rng(6).gamma(1.0, size=(50, 3))
    mean = labels.mean(axis=0 if name == "mean_r2" else None, keepdims=True)
    assert metric(name)(labels, np.broadcast_to(mean, labels.shape)).value == pytest.approx(METRICS[name].by_chance(), abs=1e-12)


def test_chance_of_an_average_precision_is_unknown_without_counts():
    assert METRICS["auprc"].by_chance() is METRICS["auprc"].by_chance(0, 0) is METRICS["mse"].by_chance(1, 2) is None
    assert METRICS["auprc"].by_chance(1, 3) == 0.25
    assert METRICS["balanced_accuracy"].by_chance(n_classes=5) == 0.2
