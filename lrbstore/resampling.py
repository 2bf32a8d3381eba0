"""The bootstrap of any metric: over all strata of several groupings, paired across models, by example or by cluster.

A replicate draws as many clusters as there are, with replacement (of examples, where no clusters are given), and is nothing but a whole
number of times that each cluster counts. So a metric is computed from *weights* on what was sorted or summed up once, and the value is
that of the rows repeated so often: sums over (stratum, cluster) make accuracy, MSE, R² and Pearson a matrix product, and cumulated weights
over sorted predictions make AUROC, average precision and Spearman. A metric with no such form is computed on the repeated rows.

**What is drawn** are clusters of the whole data set, once for a replicate, and every stratum takes what falls into it. That is right
when strata cut through clusters (tissues, of a gene's variants: a stratum's part of a cluster comes or goes as one) and when they do not
(chromosomes, of genes); it gives all strata, models and metrics the same rows, so that any difference has an interval; and that a stratum's
number of clusters then varies, as it would in another sample, changes a mean's variance in terms of 1/clusters² only.

A replicate in which the metric is undefined (one class only) is left out and counted.

**Which interval.** BCa, with Student's quantiles in place of the normal's, for the degrees of freedom of the clusters or of the rarer
class; plain percentiles lean to one side where AUROC, average precision or MSE are skewed. Simulated
(``tests/benchmarks/interval_coverage.py``), intervals of 95 % hold the truth in 93 to 97 % from 50 examples and 10 positives on. They do
not, and say so in their notes, with fewer positives (``too_few``; AUROC: 86 % with 4 of 200) and with 20 to 49 strongly correlated
clusters (``few_clusters``: 91 to 95 %). With fewer than 20 clusters there is none.
"""

from __future__ import annotations

import functools
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbstore.errors import BadSpec
from lrbstore.intervals import LEVEL, MIN_CLASS, MIN_N, Interval, check_level, freedom, normal_quantile, student_quantile, too_few
from lrbstore.metrics import (
    BINS,
    METRICS,
    OF_CONFUSION,
    THRESHOLD,
    Grouped,
    Metric,
    Pair,
    bins_of,
    by_group,
    calibration,
    decisions,
)
from lrbstore.ranks import Groups, Ordinals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
AnyArray = NDArray[Any]
Use = tuple[Metric, Mapping[str, float]]
Method = Literal["percentile", "bca"]
_Weights = Callable[[int, int, Floats], None]  # of replicates from, to, into (to − from, n_clusters)

REPLICATES = 1000
MIN_CLUSTERS = 20  #: Independent units below which a bootstrap is no interval.
ENOUGH_CLUSTERS = 50  #: Clusters below which the interval is given with a word of caution.
PARTS = 200  #: Into how many parts clusters are put, at most, for the jackknife.
BLOCK_VALUES = 1 << 18  #: Numbers in a temporary array of a thread, as near as whole replicates come to it: they stay in the cache.
CHUNK_ROWS = 1 << 16  #: Examples of small groups that are gone over together.
EXAMPLES = 1 << 21  #: Examples, times models, that are made ready at a time: about 100 bytes each.
WEIGHTS = 1 << 22  #: Weights that a thread holds, as near as whole replicates come to it.
KEPT_BYTES = 1 << 27  #: Up to which all weights are kept, one byte each, rather than drawn again.


# --- weights ----------------------------------------------------------------------------------------------------------------------------


class Draws:
    """How often each cluster counts in each replicate: the same for everyone who asks, in whatever order.

    Args:
        n_clusters: Clusters, at least one; as many are drawn.
        replicates: How many times.
        seed: Replicate r has the generator PCG64 of (seed, r).
    """

    def __init__(self, n_clusters: int, replicates: int, seed: int) -> None:
        self.n_clusters, self.replicates, self.seed = n_clusters, replicates, seed
        fits = n_clusters * replicates <= KEPT_BYTES
        self._kept = np.zeros((replicates, n_clusters), np.uint8) if fits else None
        self._known = np.zeros(replicates, bool)

    def _draw(self, replicate: int) -> Integers:
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(replicate,))))
        return np.bincount(generator.integers(0, self.n_clusters, self.n_clusters), minlength=self.n_clusters)

    def __call__(self, start: int, stop: int, out: Floats) -> None:
        """Write the weights of replicates ``start`` to ``stop`` into float64 (stop − start, n_clusters)."""
        for row, replicate in zip(out, range(start, stop), strict=True):
            if self._kept is not None and self._known[replicate]:
                row[:] = self._kept[replicate]
                continue
            counts = self._draw(replicate)
            row[:] = counts
            if self._kept is not None and counts.max() < 256:
                self._kept[replicate] = counts
                self._known[replicate] = True


def jackknife_weights(n_clusters: int, parts: int = PARTS) -> _Weights:
    """Leave out one part of the clusters after the other; each cluster is a part of its own where there are no more than ``parts``."""
    parts = min(parts, n_clusters) or 1
    part = np.random.default_rng(n_clusters).permutation(n_clusters) % parts  # a part is no run of neighbours

    def weights(start: int, stop: int, out: Floats) -> None:
        np.not_equal(part, np.arange(start, stop)[:, np.newaxis], out=out)

    return weights


class _Scratch(threading.local):
    """Arrays that a thread uses over and over: a fresh one of many megabytes costs more to get than what is computed in it."""

    def __init__(self) -> None:
        self._flat: dict[str, Floats] = {}

    def __call__(self, name: str, n_rows: int, n_columns: int) -> Floats:
        """Give float64 (n_rows, n_columns) of any content, good until the name is asked for again."""
        flat = self._flat.get(name)
        if flat is None or flat.size < n_rows * n_columns:
            flat = self._flat[name] = np.empty(n_rows * n_columns)
        return flat[: n_rows * n_columns].reshape(n_rows, n_columns)


_scratch = _Scratch()


# --- forms ------------------------------------------------------------------------------------------------------------------------------


class Form(Protocol):
    """A metric over weighted clusters, in every group that it can ever be defined for."""

    width: int  #: Numbers that one replicate takes at a time.

    def __call__(self, weights: Floats) -> Floats:
        """Take weights (b, n_clusters), whole numbers; give values (b, n_groups), NaN where undefined."""


class Setting(NamedTuple):
    """What forms are made from."""

    known: Metric
    options: Mapping[str, float]
    grouped: Grouped
    clusters: Integers  # (n,)
    n_clusters: int

    def exact(self, weights: Floats, members: Integers | None = None) -> Floats:
        """Compute the metric on repeated rows: (n_groups,) for weights (n_clusters,); of these examples only, as one group, if given."""
        pair, groups = self.grouped.pair, self.grouped.groups
        codes = self.clusters if members is None else self.clusters[members]
        rows = np.repeat(np.arange(len(codes)) if members is None else members, weights[codes].astype(np.int64))
        cut = Groups(groups.codes[rows], groups.n_groups) if members is None else Groups.whole(len(rows))
        (((values,),)) = by_group([(self.known, self.options)], pair.labels[rows], pair.predictions[rows], [cut])
        return np.array([math.nan if value.value is None else value.value for value in values])


class RepeatedRows:
    """Any metric, one replicate after the other."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.width = setting, setting.n_clusters

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        return np.stack([self.setting.exact(row) for row in weights])


class _Sorted(NamedTuple):
    """Examples of those groups that are of use, by group and number: where ties begin and end, and which cluster counts."""

    rows: Integers  # (m,) examples
    cluster: Integers  # (m,)
    first: Integers  # (m,) where the example's tie begins
    end: Integers  # (m,) and ends (exclusive)
    groups: Integers  # (g,) which groups
    starts: Integers  # (g,) where each group begins
    sizes: Integers  # (g,)
    tied: bool


def _sorted(setting: Setting, numbers: Ordinals, of_use: NDArray[np.bool_]) -> _Sorted:
    groups = setting.grouped.groups
    rows = np.flatnonzero(of_use[groups.codes])
    key = (groups.codes[rows].astype(np.int64) << numbers.bits) | numbers.ordinals[rows]
    order = np.argsort(key)
    key, rows = key[order], rows[order]
    opens = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.empty(0, np.int64)
    sizes = np.diff(opens, append=len(key))
    present = np.flatnonzero(of_use & (groups.counts > 0))
    per_group = groups.counts[present]
    first, end = np.repeat(opens, sizes), np.repeat(opens + sizes, sizes)
    starts = np.cumsum(per_group) - per_group
    return _Sorted(rows, setting.clusters[rows], first, end, present, starts, per_group, tied=len(opens) < len(rows))


def _taken(name: str, of: Floats, places: Integers) -> Floats:
    """Gather columns of ``of`` (b, …) into a scratch array (b, m)."""
    return np.take(of, places, axis=1, out=_scratch(name, len(of), len(places)), mode="clip")


def _cumulated(name: str, of_rows: Floats) -> Floats:
    """Sum up before each place and after the last, into a scratch array (b, m + 1)."""
    out = _scratch(name, len(of_rows), of_rows.shape[1] + 1)
    out[:, 0] = 0
    np.cumsum(of_rows, axis=1, out=out[:, 1:])
    return out


def _with_both_classes(setting: Setting) -> NDArray[np.bool_]:
    positive = setting.grouped.groups.count(setting.grouped.pair.labels != 0)
    return (positive > 0) & (positive < setting.grouped.groups.counts)


class InChunks:
    """A form over examples, a few groups at a time.

    Args:
        setting: What it is made from.
        form: Makes the form of some of the groups.
    """

    def __init__(self, setting: Setting, form: Callable[[Setting], Form]) -> None:
        groups, pair = setting.grouped.groups, setting.grouped.pair
        self.n_groups, self.width = groups.n_groups, setting.n_clusters
        self.parts: list[tuple[Integers, Form]] = []
        order = np.arange(len(groups.codes)) if groups.order is None else groups.order
        chunk = np.cumsum(groups.sizes) // CHUNK_ROWS
        for number in np.unique(chunk):
            own = chunk == number
            rows = order[groups.starts[own][0] : groups.starts[own][-1] + groups.sizes[own][-1]]
            cut = Groups(np.repeat(np.arange(own.sum()), groups.sizes[own]), int(own.sum()))
            grouped = Grouped(Pair(pair.labels[rows], pair.predictions[rows]), cut)
            self.parts.append((groups.present[own], form(setting._replace(grouped=grouped, clusters=setting.clusters[rows]))))

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        out = np.full((len(weights), self.n_groups), np.nan)
        for groups, form in self.parts:
            step = max(1, BLOCK_VALUES // form.width)
            for start in range(0, len(weights), step):
                out[start : start + step, groups] = form(weights[start : start + step])
        return out


class Auroc:
    """Positives over the cumulated weights of the negatives below."""

    def __init__(self, setting: Setting) -> None:
        own = _sorted(setting, setting.grouped.pair.ordinals[1], _with_both_classes(setting))
        hits = setting.grouped.pair.labels[own.rows] != 0
        self.n_groups, self.groups = setting.grouped.groups.n_groups, own.groups
        negatives = np.append(0, np.cumsum(~hits))
        self.positive, self.negative = own.cluster[hits], own.cluster[~hits]
        self.first, self.end = negatives[own.first[hits]], negatives[own.end[hits]]
        self.tied = bool((self.first != self.end).any())
        ends = own.starts + own.sizes
        self.first_negative, self.end_negative = negatives[own.starts], negatives[ends]
        self.starts = own.starts - self.first_negative
        self.width = max(len(own.rows), 1)

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        out = np.full((len(weights), self.n_groups), np.nan)
        if not len(self.groups):
            return out
        below = _cumulated("below", _taken("taken", weights, self.negative))
        positive = _taken("taken", weights, self.positive)
        n_pos = np.add.reduceat(positive, self.starts, axis=1)
        before = below[:, self.first_negative]
        n_neg = below[:, self.end_negative] - before
        # Twice the pairs in the right order: whole numbers, exact up to 2⁵³.
        doubled = _taken("doubled", below, self.first)
        doubled += _taken("end", below, self.end) if self.tied else doubled
        doubled *= positive
        right = np.add.reduceat(doubled, self.starts, axis=1) - 2 * before * n_pos
        out[:, self.groups] = right / (2 * n_pos * n_neg)  # 0/0 where the replicate has one class
        return out


class AveragePrecision:
    """Positives over the cumulated weights of those scored as high or higher."""

    def __init__(self, setting: Setting) -> None:
        own = _sorted(setting, setting.grouped.pair.ordinals[1], _with_both_classes(setting))
        hits = setting.grouped.pair.labels[own.rows] != 0
        self.n_groups, self.groups = setting.grouped.groups.n_groups, own.groups
        self.cluster, self.hits = own.cluster, np.flatnonzero(hits)
        self.first = own.first[hits]
        positives = np.append(0, np.cumsum(hits))
        self.first_positive = positives[self.first]
        ends = own.starts + own.sizes
        self.bounds, self.bounds_positive = (own.starts, ends), (positives[own.starts], positives[ends])
        per_group = np.diff(np.append(self.bounds_positive[0], len(self.hits)))
        self.end_of_group, self.end_of_group_positive = np.repeat(ends, per_group), np.repeat(self.bounds_positive[1], per_group)
        self.width = max(len(own.rows), 1)

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        out = np.full((len(weights), self.n_groups), np.nan)
        if not len(self.groups):
            return out
        taken = _taken("taken", weights, self.cluster)
        positive = _taken("positive", taken, self.hits)
        total, hits = _cumulated("total", taken), _cumulated("hits", positive)
        low, high = hits[:, self.bounds_positive[0]], hits[:, self.bounds_positive[1]]
        n_pos, n = high - low, total[:, self.bounds[1]] - total[:, self.bounds[0]]
        at_or_above = _taken("above", total, self.end_of_group)
        at_or_above -= _taken("first", total, self.first)
        terms = _taken("terms", hits, self.end_of_group_positive)
        terms -= _taken("first", hits, self.first_positive)
        np.maximum(at_or_above, 1, out=at_or_above)  # of weight 0, and so is the term
        terms /= at_or_above
        terms *= positive
        value = np.add.reduceat(terms, self.bounds_positive[0], axis=1) / n_pos
        out[:, self.groups] = np.where(n_pos < n, value, np.nan)
        return out


class Spearman:
    """Correlation of the ranks that the examples have in the replicate: cumulated weights of both numbers."""

    def __init__(self, setting: Setting) -> None:
        of_use = setting.grouped.groups.counts > 1
        self.n_groups = setting.grouped.groups.n_groups
        self.by_label, self.by_prediction = (_sorted(setting, side, of_use) for side in setting.grouped.pair.ordinals)
        place = np.empty(len(setting.clusters), np.int64)
        place[self.by_label.rows] = np.arange(len(self.by_label.rows))
        self.place = place[self.by_prediction.rows]  # in the order of labels
        self.width = max(len(self.place), 1)

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        out = np.full((len(weights), self.n_groups), np.nan)
        if not len(self.by_label.groups):
            return out
        starts = self.by_label.starts
        label = _taken("label", self._centred("of label", weights, self.by_label), self.place)
        prediction, taken = self._centred("of prediction", weights, self.by_prediction), _scratch("taken", len(weights), len(self.place))
        weighted = np.multiply(prediction, taken, out=_scratch("weighted", *taken.shape))
        prediction *= weighted
        ss_p = np.add.reduceat(prediction, starts, axis=1)
        weighted *= label
        s_yp = np.add.reduceat(weighted, starts, axis=1)
        label *= label
        label *= taken
        ss_y = np.add.reduceat(label, starts, axis=1)
        out[:, self.by_label.groups] = np.clip(s_yp / (np.sqrt(ss_y) * np.sqrt(ss_p)), -1, 1)  # 0/0 where constant: ranks are exact
        return out

    @staticmethod
    def _centred(name: str, weights: Floats, own: _Sorted) -> Floats:
        """Give twice the distance of each rank from the group's mean, whole numbers, (b, m); the weights stay in ``taken``."""
        below = _cumulated("below", _taken("taken", weights, own.cluster))
        if own.tied:
            doubled = _taken(name, below, own.first)
            doubled += _taken("end", below, own.end)
        else:
            doubled = np.add(below[:, :-1], below[:, 1:], out=_scratch(name, len(weights), len(own.rows)))
        for start, end in zip(own.starts.tolist(), (own.starts + own.sizes).tolist(), strict=True):
            doubled[:, start:end] -= below[:, start, np.newaxis] + below[:, end, np.newaxis]
        return doubled


class Sums:
    """A metric of sums over examples: a matrix product of weights and the sums of each cluster within the group.

    Args:
        setting: What it is made from.
        summed: Sums of each example, (n, …, k), of labels and predictions of one group.
        value: From the group's sums (b, …, k) to the metric's values (b,), and which of them have lost digits to cancellation: those are
            computed on the repeated rows.
    """

    def __init__(
        self, setting: Setting, summed: Callable[[AnyArray, AnyArray], Floats], value: Callable[[Floats], tuple[Floats, NDArray[np.bool_]]]
    ) -> None:
        self.setting, self.value = setting, value
        groups, pair = setting.grouped.groups, setting.grouped.pair
        order = np.argsort(groups.codes.astype(np.int64) * setting.n_clusters + setting.clusters, kind="stable")
        self.parts: list[tuple[int, Integers, Floats, tuple[int, ...], Integers]] = []
        self.width = setting.n_clusters
        for group, start, size in zip(groups.present.tolist(), groups.starts.tolist(), groups.sizes.tolist(), strict=True):
            members = order[start : start + size]
            clusters = setting.clusters[members]
            opens = np.flatnonzero(np.append(True, clusters[1:] != clusters[:-1]))
            sums = np.add.reduceat(summed(pair.labels[members], pair.predictions[members]), opens, axis=0)
            self.parts.append((group, clusters[opens], sums.reshape(len(opens), -1), sums.shape[1:], members))
            self.width = max(self.width, sums[0].size)

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        out = np.full((len(weights), self.setting.grouped.groups.n_groups), np.nan)
        for group, clusters, sums, shape, members in self.parts:
            own = weights if len(clusters) == self.setting.n_clusters else np.take(weights, clusters, axis=1)
            values, doubtful = self.value((own @ sums).reshape(len(weights), *shape))
            for replicate in np.flatnonzero(doubtful):
                values[replicate] = self.setting.exact(weights[replicate], members)[0]
            out[:, group] = values
        return out


DIGITS = 1e-5  #: A sum of squares about the replicate's mean, as a share of that about the group's mean, below which it is computed anew.


def _pooled_sums(
    columns: Callable[[Floats, Floats], Sequence[Floats]], *, by_track: bool = False
) -> Callable[[AnyArray, AnyArray], Floats]:
    """Sum up columns made of centred labels and predictions over an example, (n, k), or over each of its tracks, (n, tracks, k)."""

    def summed(labels: AnyArray, predictions: AnyArray) -> Floats:
        y, p = (np.array(side, dtype=np.float64) for side in (labels, predictions))
        axes = tuple(range(y.ndim - by_track))
        sums = []
        residual = np.square(y - p)
        for x in (y, p):
            constant = x.min(axis=axes, keepdims=True) == x.max(axis=axes, keepdims=True)
            for _ in range(2):  # the second mean is what the first one, rounded, left over
                np.subtract(x, x.mean(axis=axes, keepdims=True), out=x)
            np.copyto(x, 0.0, where=constant)
        for column in [np.ones_like(y), *columns(y, p), residual]:
            sums.append(column.sum(axis=tuple(range(1, y.ndim - by_track))) if y.ndim - by_track > 1 else column)
        return np.stack(sums, axis=-1)

    return summed


def _about_mean(n: Floats, a: Floats, b: Floats, ab: Floats) -> Floats:
    return ab - a * b / n


def _mean_defined(values: Floats, by_track: bool) -> Floats:
    """Average over the tracks that are defined."""
    if not by_track:
        return values
    defined = np.isfinite(values)
    return np.where(defined, values, 0).sum(axis=1) / defined.sum(axis=1)


def _is_doubtful(doubtful: NDArray[np.bool_], by_track: bool) -> NDArray[np.bool_]:
    return np.asarray(doubtful.any(axis=1)) if by_track else doubtful


def _lost(about_mean: Floats, square: Floats) -> NDArray[np.bool_]:
    """Tell where digits were lost; nowhere where every square is 0, as all numbers are one number then."""
    lost: NDArray[np.bool_] = (about_mean < DIGITS * square) & (square != 0)
    return lost


def _pearson_form(by_track: bool) -> Callable[[Setting], Form]:
    def value(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        n, y, p, yy, pp, yp, _ = np.moveaxis(sums, -1, 0)
        ss_y, ss_p, s_yp = _about_mean(n, y, y, yy), _about_mean(n, p, p, pp), _about_mean(n, y, p, yp)
        values = np.clip(s_yp / (np.sqrt(ss_y) * np.sqrt(ss_p)), -1, 1)
        doubtful = _lost(ss_y, yy) | _lost(ss_p, pp)
        return _mean_defined(values, by_track), _is_doubtful(doubtful, by_track)

    summed = _pooled_sums(lambda y, p: (y, p, y * y, p * p, y * p), by_track=by_track)
    return lambda setting: Sums(setting, summed, value)


def _r2_form(by_track: bool) -> Callable[[Setting], Form]:
    def value(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        n, y, yy, residual = np.moveaxis(sums, -1, 0)
        ss_y = _about_mean(n, y, y, yy)
        values = np.where(ss_y > 0, 1 - residual / ss_y, np.nan)
        return _mean_defined(values, by_track), _is_doubtful(_lost(ss_y, yy), by_track)

    summed = _pooled_sums(lambda y, _: (y, y * y), by_track=by_track)
    return lambda setting: Sums(setting, summed, value)


def _ratio(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Divide the last sum by the first."""
    return sums[..., -1] / sums[..., 0], np.zeros(sums.shape[:-1], bool)


def _mse_form(setting: Setting) -> Form:
    return Sums(setting, _pooled_sums(lambda _y, _p: ()), _ratio)


def _accuracy_form(setting: Setting) -> Form:
    threshold = setting.options.get("threshold", THRESHOLD)

    def summed(labels: AnyArray, predictions: AnyArray) -> Floats:
        right = (predictions.astype(np.float64, copy=False) >= threshold) == (labels == 1)
        return np.stack([np.ones(len(right)), right], axis=-1)

    return Sums(setting, summed, _ratio)


def _example_term_form(setting: Setting, *, need_all: bool = False) -> Form:
    """Average what the metric gives for each example alone: where it is defined, or only if it is for all."""

    def summed(labels: AnyArray, predictions: AnyArray) -> Floats:
        n = len(labels)
        (((values,),)) = by_group([(setting.known, setting.options)], labels, predictions, [Groups(np.arange(n), n)])
        terms = np.array([math.nan if value.value is None else value.value for value in values])
        return np.stack([np.ones(n), np.isfinite(terms), np.nan_to_num(terms)], axis=-1)

    def value(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        n, n_defined, total = np.moveaxis(sums, -1, 0)
        values = total / n_defined
        return np.where(n_defined == n, values, np.nan) if need_all else values, np.zeros(len(sums), bool)

    return Sums(setting, summed, value)


def _calibration_form(setting: Setting) -> Form:
    n_bins = bins_of(setting.options.get("bins", BINS))

    def summed(labels: AnyArray, predictions: AnyArray) -> Floats:
        apart, outside, which = calibration(labels, predictions, n_bins)
        sums = np.zeros((len(apart), n_bins + 2))
        sums[:, 0], sums[:, 1] = 1, outside
        sums[np.arange(len(apart)), which + 2] = apart
        return sums

    def value(sums: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        error = np.abs(sums[:, 2:]).sum(axis=1) / sums[:, 0]
        return np.where(sums[:, 1] == 0, error, np.nan), np.zeros(len(sums), bool)

    return Sums(setting, summed, value)


class Confusion:
    """A metric of the confusion matrix: cumulated weights of each of its cells."""

    def __init__(self, setting: Setting) -> None:
        groups, pair = setting.grouped.groups, setting.grouped.pair
        cells, self.n_classes = decisions(pair.labels, pair.predictions, setting.options.get("threshold", THRESHOLD))
        self.of, self.n_groups = OF_CONFUSION[setting.known.name], groups.n_groups
        # Examples of one cell, group and cluster count together.
        key = (groups.codes.astype(np.int64) * self.n_classes**2 + cells) * setting.n_clusters + setting.clusters
        keys, self.times = np.unique(key, return_counts=True)
        cell, self.cluster = np.divmod(keys, setting.n_clusters)
        self.starts = np.flatnonzero(np.append(True, cell[1:] != cell[:-1]))
        self.cells = cell[self.starts]
        self.width = max(len(keys), self.n_groups * self.n_classes**2)

    def __call__(self, weights: Floats) -> Floats:
        """See :class:`Form`."""
        taken = _taken("taken", weights, self.cluster)
        taken *= self.times
        counts = np.zeros((len(weights), self.n_groups * self.n_classes**2))
        counts[:, self.cells] = np.add.reduceat(taken, self.starts, axis=1)
        terms, why = self.of(counts.reshape(len(weights), self.n_groups, self.n_classes, self.n_classes))
        defined = np.isfinite(terms)
        return np.where(why == 0, np.where(defined, terms, 0).sum(axis=-1) / defined.sum(axis=-1), np.nan)


def _track_by_track(single: str) -> Callable[[Setting], Iterator[Form]]:
    """Make a form of each track in turn."""

    def forms(setting: Setting) -> Iterator[Form]:
        pair, groups = setting.grouped.pair, setting.grouped.groups
        for track in range(pair.labels.shape[1]):
            grouped = Grouped(Pair(pair.labels[:, track], pair.predictions[:, track]), groups)
            yield from FORMS[single, 1](setting._replace(known=METRICS[single], grouped=grouped))

    return forms


def _one(form: Callable[[Setting], Form]) -> Callable[[Setting], Iterator[Form]]:
    def forms(setting: Setting) -> Iterator[Form]:
        yield form(setting)

    return forms


#: By metric and number of axes: the forms whose values, where defined, are averaged; one for most. Others go by repeated rows.
FORMS: Mapping[tuple[str, int], Callable[[Setting], Iterator[Form]]] = {
    ("auroc", 1): _one(functools.partial(InChunks, form=Auroc)),
    ("auprc", 1): _one(functools.partial(InChunks, form=AveragePrecision)),
    ("spearman", 1): _one(functools.partial(InChunks, form=Spearman)),
    ("accuracy", 1): _one(_accuracy_form),
    ("class_accuracy", 2): _one(_example_term_form),
    **{(name, ndim): _one(Confusion) for name in OF_CONFUSION for ndim in (1, 2)},
    ("brier", 1): _one(functools.partial(_example_term_form, need_all=True)),
    **{("log_loss", ndim): _one(functools.partial(_example_term_form, need_all=True)) for ndim in (1, 2)},
    ("calibration_error", 1): _one(_calibration_form),
    ("mean_auroc_across_tracks", 2): _track_by_track("auroc"),
    ("mean_auprc_across_tracks", 2): _track_by_track("auprc"),
    ("mean_spearman_across_tissues", 2): _track_by_track("spearman"),
    ("mean_spearman_across_genes", 2): _one(_example_term_form),
    **{("mean_pearson_across_genes", ndim): _one(_example_term_form) for ndim in (2, 3)},
    **{("mean_pearson_across_tracks", ndim): _one(_pearson_form(by_track=True)) for ndim in (2, 3)},
    **{("mean_r2", ndim): _one(_r2_form(by_track=True)) for ndim in (2, 3)},
    **{("pearson", ndim): _one(_pearson_form(by_track=False)) for ndim in (1, 2, 3)},
    **{("r2", ndim): _one(_r2_form(by_track=False)) for ndim in (1, 2, 3)},
    **{("mse", ndim): _one(_mse_form) for ndim in (1, 2, 3)},
}


def forms_of(setting: Setting) -> Iterator[Form]:
    """Find the forms of a metric."""
    return FORMS.get((setting.known.name, setting.grouped.pair.labels.ndim), _one(RepeatedRows))(setting)


# --- the bootstrap ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Resampled:
    """One metric over the groups of one grouping, of m models, in R replicates of the same rows.

    Attributes:
        values: The metric on the rows as they are, (m, n_groups); NaN where undefined.
        reasons: Why it is undefined, for each model and group; None where it is not.
        replicates: The metric in each replicate, (m, n_groups, R); NaN where undefined.
        jackknife: The metric with one part of the clusters left out, (m, n_groups, parts).
        n_units: Clusters (examples, where none are given) with rows in each group, (n_groups,).
        freedom: Degrees of freedom of the spread over replicates, (n_groups,): :func:`lrbstore.intervals.freedom` of the units.
        unit: What a replicate draws: ``example`` or ``cluster``.
        notes: What a reader of a group's intervals must know, for each group: ``too_few: …``, ``few_clusters: …``, or None.
    """

    values: Floats
    reasons: list[list[str | None]]
    replicates: Floats
    jackknife: Floats
    n_units: Integers
    freedom: Floats
    unit: str
    notes: list[str | None]

    def interval(self, model: int, group: int, *, level: float = LEVEL, method: Method = "bca", least: int = MIN_CLUSTERS) -> Interval:
        """Give the interval of a model's metric in a group.

        Args:
            model: Which model, from 0.
            group: Which group, from 0.
            level: Share of such intervals that should hold the truth.
            method: ``bca``, or ``percentile``; both with Student's quantiles (:func:`spread`).
            least: Clusters below which there is none.

        Returns:
            The interval, with the replicates that were left out, or the reason why there is none.

        Raises:
            BadSpec: A level that is no share; another method; ``bca`` of a bootstrap without jackknife.
        """
        check_level(level)
        if method not in {"bca", "percentile"}:
            raise BadSpec(f"bootstrap interval by {method!r}; expected 'bca' or 'percentile'")
        if method == "bca" and not self.jackknife.shape[2] and len(self.n_units) and self.n_units.any():
            raise BadSpec(
                "bootstrap interval by 'bca' of a bootstrap without jackknife; call bootstrap(…, jackknife=True), or 'percentile'"
            )
        said = f"bootstrap by {self.unit}, {'BCa' if method == 'bca' else 'percentile'}, {self.replicates.shape[2]:,} replicates"
        reason = self.reasons[model][group] or self.refused(group, least)
        if reason is not None:
            return Interval(None, None, said, level, reason)
        own = self.replicates[model, group]
        defined = np.sort(own[np.isfinite(own)])
        note, reason = self.left_out(len(defined), group)
        if reason is None and defined[0] == defined[-1]:
            reason = "no replicate differs from another"
        if reason is not None:
            return Interval(None, None, said, level, reason, note)
        z = spread(float(self.freedom[group]), level)
        shares = (
            _bca_shares(defined, float(self.values[model, group]), self.jackknife[model, group], z)
            if method == "bca"
            else (_phi(-z), _phi(z))
        )
        low, high = np.quantile(defined, shares)
        return Interval(float(low), float(high), said, level, note=note)

    def refused(self, group: int, least: int) -> str | None:
        """Say why a group's clusters are too few for an interval, if they are."""
        n = int(self.n_units[group])
        if n < least:
            return f"few_clusters: {n:,} {self.unit}s; a bootstrap needs {least:,}"
        return None if self.freedom[group] > 0 else f"few_clusters: a class lies in fewer than 2 {self.unit}s"

    def left_out(self, n_defined: int, group: int) -> tuple[str | None, str | None]:
        """Say how many replicates were left out, as a note; and as a reason, where they are more than half."""
        total = self.replicates.shape[2]
        out = f"{total - n_defined:,} of {total:,} replicates undefined and left out" if n_defined < total else None
        note = "; ".join(part for part in (self.notes[group], out) if part) or None
        return note, out if 2 * n_defined < total or n_defined < 2 else None


def spread(degrees: float, level: float) -> float:
    """Give how many standard deviations of the replicates an interval reaches.

    Student's quantile, times what n drawn of n vary too little. The *expanded* interval of Hesterberg 2015
    (doi:10.1080/00031305.2015.1089789), with the degrees of freedom of the rarer class.
    """
    return student_quantile((1 + level) / 2, degrees) * math.sqrt((degrees + 1) / degrees)


def _phi(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def _bca_shares(defined: Floats, value: float, jackknife: Floats, z: float) -> tuple[float, float]:
    """Give the shares of the replicates between which BCa's interval lies (Efron 1987, doi:10.1080/01621459.1987.10478410)."""
    below = (np.searchsorted(defined, value) + np.searchsorted(defined, value, side="right")) / 2
    bias = normal_quantile(min(max(below, 0.5), len(defined) - 0.5) / len(defined))
    apart = jackknife[np.isfinite(jackknife)]
    apart = apart.mean() - apart if len(apart) else apart
    squares = float((apart**2).sum())
    acceleration = float((apart**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0

    def share(at: float) -> float:
        return _phi(bias + (bias + at) / max(1 - acceleration * (bias + at), 1e-6))

    return share(-z), share(z)


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What `bootstrap` gives.

    Attributes:
        models: Names, in the order of the first axis of every :class:`Resampled`.
        found: For each grouping, for each use, the metric in all groups.
    """

    models: tuple[str, ...]
    found: list[list[Resampled]]


def bootstrap(
    uses: Sequence[Use] | Mapping[str, Sequence[Use]],
    labels: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    groupings: Sequence[Groups],
    *,
    clusters: ArrayLike | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    jackknife: bool = True,
    min_n: int = MIN_N,
    min_class: int = MIN_CLASS,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Bootstrap:
    """Compute metrics of several models on the same resampled rows, in every group of several groupings.

    Args:
        uses: Metrics, each with its options; by the model's name, where models have options of their own for the same metrics.
        labels: Truth of n examples, as a metric takes it.
        predictions: By the model's name, its numbers, in the same shape.
        groupings: Ways to cut the n examples into groups.
        clusters: Which cluster each example belongs to, integers (n,); examples are drawn one by one where None.
        replicates: How many times clusters are drawn.
        seed: The same seed draws the same clusters, whatever the models, metrics, groupings and threads.
        jackknife: Whether to leave out parts of the clusters as well, which BCa needs.
        min_n: Examples below which a group is flagged ``too_few``.
        min_class: Positives, and negatives, below which it is.
        threads: How many; as many as the process may use cores where None.
        progress: Called as (done, all) with steps of equal work, from the calling thread.

    Returns:
        Values and replicates; memory beyond the input is 8 bytes for each model, group, metric and replicate, and about 100 bytes for
        each example.

    Raises:
        BadSpec: As for the metrics; clusters that are no integers or not one for each example; no model; fewer than 1 replicate; a
            negative seed.
    """
    if not predictions:
        raise BadSpec("bootstrap: no model; expected predictions by the model's name")
    if seed < 0:
        raise BadSpec(f"bootstrap: seed {seed}; expected 0 or more")
    if replicates < 1:
        raise BadSpec(f"bootstrap: {replicates} replicates; expected 1 or more, such as {REPLICATES:,}")
    truth = np.asarray(labels)
    guesses = {model: np.asarray(own) for model, own in predictions.items()}
    uses_of = {model: uses[model] if isinstance(uses, Mapping) else uses for model in guesses}
    points = {model: by_group(uses_of[model], truth, own, groupings) for model, own in guesses.items()}  # checks everything
    metrics = [known for known, _ in next(iter(uses_of.values()))]
    n = len(truth)
    codes, n_clusters = _clusters(clusters, n)
    draws: _Weights = Draws(n_clusters, replicates, seed)
    without = jackknife_weights(n_clusters)
    parts = min(PARTS, n_clusters) if jackknife else 0
    n_threads = threads or _cores()
    together = max(1, EXAMPLES // max(n, 1))
    batches = [list(range(first, min(first + together, len(guesses)))) for first in range(0, len(guesses), together)]
    steps, done = len(groupings) * len(metrics) * len(batches), 0
    found = []
    with ThreadPoolExecutor(n_threads) as pool:
        for g, groups in enumerate(groupings):
            about = [_about(groups, codes, n_clusters, known, truth, clusters is not None, min_n, min_class) for known in metrics]
            n_units = _cells(groups, codes, n_clusters)
            of_grouping = []
            for u, known in enumerate(metrics):
                values = [points[model][g][u] for model in guesses]
                resampled = np.full((len(guesses), groups.n_groups, replicates), np.nan)
                left_out = np.full((len(guesses), groups.n_groups, parts), np.nan)
                for batch in batches if truth.size else ():
                    own = [
                        Setting(known, uses_of[model][u][1], Grouped(Pair(truth, guesses[model]), groups), codes, n_clusters)
                        for model in (list(guesses)[m] for m in batch)
                    ]
                    sources = [(draws, [resampled[m].T for m in batch])]
                    if parts:
                        sources.append((without, [left_out[m].T for m in batch]))
                    _fill(own, sources, pool, n_threads, None if progress is None else _within(progress, done, steps))
                    done += 1
                of_grouping.append(
                    Resampled(
                        values=np.array([[math.nan if v.value is None else v.value for v in own] for own in values]),
                        reasons=[[v.reason for v in own] for own in values],
                        replicates=resampled,
                        jackknife=left_out,
                        n_units=n_units,
                        unit="example" if clusters is None else "cluster",
                        freedom=about[u][0],
                        notes=about[u][1],
                    )
                )
            found.append(of_grouping)
    return Bootstrap(tuple(guesses), found)


def _fill(
    settings: Sequence[Setting],
    sources: Sequence[tuple[_Weights, Sequence[Floats]]],
    pool: ThreadPoolExecutor,
    threads: int,
    progress: Callable[[float], None] | None,
) -> None:
    """Compute a metric of some models, for weights from each source, into (replicates, n_groups) each; several forms are averaged."""
    total = [[np.zeros(out.shape) for out in outs] for _, outs in sources]
    count = [[np.zeros(out.shape, np.int64) for out in outs] for _, outs in sources]
    known, labels, n_clusters = settings[0].known, settings[0].grouped.pair.labels, settings[0].n_clusters
    n_forms = labels.shape[-1] if FORMS.get((known.name, labels.ndim)) in _SEVERAL else 1
    for f, forms in enumerate(zip(*(forms_of(setting) for setting in settings), strict=True)):

        def work(job: tuple[int, int, int], forms: tuple[Form, ...] = forms) -> int:
            source, start, stop = job
            weights = _scratch("weights", stop - start, n_clusters)
            sources[source][0](start, stop, weights)
            for m, form in enumerate(forms):
                step = max(1, BLOCK_VALUES // form.width)
                for first in range(start, stop, step):
                    last = min(first + step, stop)
                    with np.errstate(all="ignore"):
                        values = form(weights[first - start : last - start])
                    defined = np.isfinite(values)
                    total[source][m][first:last] += np.where(defined, values, 0)
                    count[source][m][first:last] += defined
            return stop - start

        step = max(1, WEIGHTS // n_clusters)
        jobs = []
        for source, (_, outs) in enumerate(sources):
            n = len(outs[0])
            own = max(1, min(step, -(-n // threads)))
            jobs += [(source, start, min(start + own, n)) for start in range(0, n, own)]
        all_of_them, done = sum(stop - start for _, start, stop in jobs), 0
        for finished in pool.map(work, jobs):
            done += finished
            if progress is not None:
                progress((f + done / all_of_them) / n_forms)
    for (_, outs), sums, n_defined in zip(sources, total, count, strict=True):
        for out, added, times in zip(outs, sums, n_defined, strict=True):
            with np.errstate(all="ignore"):
                out[:] = added / times


_SEVERAL = {FORMS[name, 2] for name in ("mean_auroc_across_tracks", "mean_auprc_across_tracks", "mean_spearman_across_tissues")}


def _within(progress: Callable[[int, int], None], done: int, steps: int) -> Callable[[float], None]:
    return lambda share: progress(round(1000 * (done + share)), 1000 * steps)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _clusters(clusters: ArrayLike | None, n: int) -> tuple[Integers, int]:
    """Number the clusters that occur from 0."""
    if clusters is None:
        return np.arange(n), n
    given = np.asarray(clusters)
    if given.shape != (n,) or given.dtype.kind not in "iu":
        raise BadSpec(f"clusters are {given.dtype} of shape {given.shape}; expected integers, one for each of {n:,} examples")
    names, codes = np.unique(given, return_inverse=True)
    return codes.astype(np.int64, copy=False), len(names)


def _cells(groups: Groups, codes: Integers, n_clusters: int, own: NDArray[np.bool_] | slice = slice(None)) -> Integers:
    """Count the clusters with rows of one's own in each group, (n_groups,)."""
    cells = np.unique(groups.codes[own].astype(np.int64) * n_clusters + codes[own])
    return np.bincount(cells // max(n_clusters, 1), minlength=groups.n_groups).astype(np.int64, copy=False)


_OF_EACH_EXAMPLE = {
    "accuracy",
    "brier",
    "log_loss",
    "calibration_error",
}  # binary, and no comparison of the classes: the rarer class does not set its degrees of freedom


def _about(
    groups: Groups, codes: Integers, n_clusters: int, known: Metric, labels: AnyArray, by_cluster: bool, min_n: int, min_class: int
) -> tuple[Floats, list[str | None]]:
    """Give the degrees of freedom of each group, and say whether its examples are too few, and its clusters, or those that hold a class."""
    n, n_units = groups.counts.tolist(), _cells(groups, codes, n_clusters).tolist()
    sides = {"positives": labels != 0, "negatives": labels == 0} if known.kind == "binary" and labels.ndim == 1 else {}
    n_of_class = [groups.count(own).tolist() for own in sides.values()]
    holding = {what: _cells(groups, codes, n_clusters, own).tolist() for what, own in sides.items()}
    notes: list[str | None] = []
    for group in range(groups.n_groups):
        said = [too_few(n[group], *(own[group] for own in n_of_class), min_n=min_n, min_class=min_class)]
        if by_cluster:
            few = [f"{n_units[group]:,} clusters (below {ENOUGH_CLUSTERS}: rather too narrow)"] * (n_units[group] < ENOUGH_CLUSTERS)
            few += [f"{what} in {own[group]:,} clusters" for what, own in holding.items() if own[group] < min_class]
            said.append(f"few_clusters: {', '.join(few)}" if few else None)
        notes.append("; ".join(part for part in said if part) or None)
    of_classes = () if known.name in _OF_EACH_EXAMPLE else holding.values()
    return np.array([freedom(*own) for own in zip(n_units, *of_classes, strict=True)], dtype=np.float64), notes
