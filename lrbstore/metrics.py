"""Every number of quality: what it is, how it is computed, and when it is not defined.

A metric is declared once, by the decorator over its function, and is found in `METRICS`; the catalogue, the command line and the tests
read that list. A metric takes labels and predictions of one shape and gives a `Value`. What is undefined (one class only, constant
labels, …) is None with the reason, never 0 and never NaN.

Axes: ``(n_examples,)``, ``(n_examples, n_tracks)`` or ``(n_examples, n_bins, n_tracks)``. A track is also a tissue or a cell type; for
the tasks on genes an example is a gene, hence *across genes*.

Arithmetic is float64, sums are taken about the mean (two passes), and arrays of any size are read in blocks of about `BLOCK_VALUES`
numbers, so memory beyond the input does not grow with the input, except for one track (or one example) at a time.
"""

from __future__ import annotations

import enum
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbstore.errors import BadSpec, UnknownName
from lrbstore.ranks import average_ranks, tie_spans

Floats = NDArray[np.float64]
AnyArray = NDArray[Any]
Direction = Literal["higher", "lower"]
Kind = Literal["binary", "real"]

BLOCK_VALUES = 1 << 22  # 32 MiB of float64 per temporary array
SMALLEST_SUM = 1e-280  # sums of squares below this have lost digits to underflow

_AXES = {1: ("examples",), 2: ("examples", "tracks"), 3: ("examples", "bins", "tracks")}


@dataclass(frozen=True, slots=True)
class Value:
    """One number of quality, or why there is none.

    Attributes:
        value: The number, always finite; None when it is undefined.
        reason: Why it is undefined; None when it is not.
        note: What a reader must know beside the number: how many terms of a mean were left out, and why.
        n_terms: How many terms the mean is over; 1 for a metric that is no mean, 0 when undefined.
    """

    value: float | None
    reason: str | None = None
    note: str | None = None
    n_terms: int = 1

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None) or (self.value is not None and not math.isfinite(self.value)):
            raise BadSpec(f"metric value {self.value!r} with reason {self.reason!r}: expected a finite number, or None with a reason")


@dataclass(frozen=True)
class Metric:
    """One metric: its function and everything that is said about it anywhere.

    Attributes:
        name: Key in `METRICS`.
        function: Takes checked labels and predictions and keyword options; call the metric itself instead, which checks.
        title: Name for a reader.
        formula: How it is computed, in one line.
        range: Lowest and highest possible value, ±inf where open.
        direction: Whether ``higher`` or ``lower`` is better.
        kind: ``binary`` when labels are 0 and 1, ``real`` when they are any numbers.
        ndim: Numbers of axes that labels may have.
        source: Where the definition comes from.
        undefined_when: When the value is None.
        options: Names of the keyword options.
    """

    name: str
    function: Callable[..., Value]
    title: str
    formula: str
    range: tuple[float, float]
    direction: Direction
    kind: Kind
    ndim: tuple[int, ...]
    source: str
    undefined_when: str
    options: tuple[str, ...] = ()

    def __call__(self, labels: ArrayLike, predictions: ArrayLike, **options: float) -> Value:
        """Compute the metric.

        Args:
            labels: Truth: finite numbers or booleans, in one of the shapes of `ndim`.
            predictions: The model's numbers, in the same shape.
            **options: Those named in `options`, such as ``threshold``.

        Returns:
            The value, or None with the reason.

        Raises:
            BadSpec: Other than numbers; shapes that differ or do not fit; non-finite numbers (counted); labels of a binary metric
                other than 0 and 1; an unknown option.
        """
        for option in options:
            if option not in self.options:
                raise BadSpec(f"metric {self.name} has no option {option!r}; its options: {', '.join(self.options) or 'none'}")
        truth, guess = self._checked(labels, predictions)
        if truth.size == 0:
            missing = next(axis for axis, length in zip(_AXES[truth.ndim], truth.shape, strict=True) if length == 0)
            return Value(None, f"no {missing}", n_terms=0)
        # Overflow and 0/0 end as non-finite terms, which become None with a reason.
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            return self.function(truth, guess, **options)

    def _checked(self, labels: ArrayLike, predictions: ArrayLike) -> tuple[AnyArray, AnyArray]:
        truth, guess = _as_numbers(labels, f"{self.name}: labels"), _as_numbers(predictions, f"{self.name}: predictions")
        if truth.shape != guess.shape:
            raise BadSpec(f"{self.name}: labels have shape {truth.shape} and predictions {guess.shape}; expected the same shape")
        if truth.ndim not in self.ndim:
            expected = " or ".join(f"({', '.join(_AXES[ndim])}{',' if ndim == 1 else ''})" for ndim in self.ndim)
            raise BadSpec(f"{self.name}: labels have shape {truth.shape}; expected {expected}")
        bad = {"labels": _count(truth, _is_not_finite), "predictions": _count(guess, _is_not_finite)}
        if any(bad.values()):
            found = " and ".join(f"{n:,} of {truth.size:,} {what}" for what, n in bad.items() if n)
            raise BadSpec(f"{self.name}: {found} are not finite; expected finite numbers everywhere: leave out or mend those rows")
        if self.kind == "binary" and (other := _count(truth, _is_not_binary)):
            raise BadSpec(
                f"{self.name}: {other:,} of {truth.size:,} labels are neither 0 nor 1; expected classes 0 (negative) and 1 (positive)"
            )
        return truth, guess


METRICS: dict[str, Metric] = {}


def metric(name: str) -> Metric:
    """Find a metric by its name.

    Args:
        name: A key of `METRICS`.

    Returns:
        The metric, to be called with labels and predictions.

    Raises:
        UnknownName: There is no metric of that name; near names are offered.
    """
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    return METRICS[name]


def _declare(
    *,
    title: str,
    formula: str,
    range: tuple[float, float],  # noqa: A002 - the field's name
    kind: Kind,
    ndim: tuple[int, ...],
    source: str,
    undefined_when: str,
    direction: Direction = "higher",
) -> Callable[[Callable[..., Value]], Metric]:
    """Enter a function into `METRICS` under its own name; its keyword-only parameters are the metric's options."""

    def enter(function: Callable[..., Value]) -> Metric:
        parameters = inspect.signature(function).parameters.values()
        options = tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
        entry = Metric(function.__name__, function, title, formula, range, direction, kind, ndim, source, undefined_when, options)
        METRICS[entry.name] = entry
        return entry

    return enter


# --- before a metric: transforms and counts ---------------------------------------------------------------------------------------------

TRANSFORMS = ("none", "log1p")


def apply_transform(values: ArrayLike, name: str) -> Floats:
    """Transform labels or predictions before they are scored.

    Args:
        values: Numbers of any shape. ``log1p`` takes numbers above -1 only.
        name: ``none``, or ``log1p`` for ln(1 + x), which the CAGE labels of the Genomics Long-Range Benchmark are scored under.

    Returns:
        float64, same shape; with ``none`` the input itself where it is float64 already.

    Raises:
        UnknownName: No such transform.
        BadSpec: Other than numbers, or numbers whose logarithm is not finite (counted).
    """
    if name not in TRANSFORMS:
        raise UnknownName("transform", name, TRANSFORMS)
    numbers = _as_numbers(values, f"transform {name}: values")
    if name == "none":
        return numbers.astype(np.float64, copy=False)
    if outside := _count(numbers, _has_no_log1p):
        raise BadSpec(
            f"transform log1p: {outside:,} of {numbers.size:,} values are not finite numbers above -1; expected counts or coverage"
        )
    return np.log1p(numbers, dtype=np.float64)


class ClassCounts(NamedTuple):
    """How many examples a binary score stands on."""

    n: int
    n_pos: int
    n_neg: int


def class_counts(labels: ArrayLike) -> ClassCounts:
    """Count examples, positives and negatives.

    Args:
        labels: Classes 0 and 1, any shape.

    Returns:
        The counts; ``n = n_pos + n_neg``.

    Raises:
        BadSpec: Labels other than 0 and 1 (counted).
    """
    classes = _as_numbers(labels, "class counts: labels")
    if other := _count(classes, _is_not_binary):
        raise BadSpec(f"class counts: {other:,} of {classes.size:,} labels are neither 0 nor 1; expected classes 0 and 1")
    n_pos = int(np.count_nonzero(classes))
    return ClassCounts(classes.size, n_pos, classes.size - n_pos)


# --- binary labels ----------------------------------------------------------------------------------------------------------------------

_ONE_CLASS = "only one class is present"
_CARD = "Genomics Long-Range Benchmark, data set card"


@_declare(
    title="Accuracy",
    formula="share of examples with (score ≥ threshold) = (label = 1); threshold 0.5 unless given",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source=_CARD,
    undefined_when="there are no examples",
)
def accuracy(labels: AnyArray, predictions: AnyArray, *, threshold: float = 0.5) -> Value:
    """Count the share of right decisions; scores are compared with the threshold as float64."""
    if not math.isfinite(threshold):
        raise BadSpec(f"accuracy: threshold {threshold}; expected a finite number")
    right = sum(
        np.count_nonzero((scores >= threshold) == (classes == 1))  # one block of all examples at a time
        for classes, scores in _blocks(labels, predictions, axis=0)
    )
    return Value(right / labels.size)


@_declare(
    title="Area under the ROC curve",
    formula="(Σ average ranks of the positives − P(P+1)/2) / (P·N): share of positive-negative pairs in the right order, ties ½",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source="Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747",
    undefined_when=_ONE_CLASS,
)
def auroc(labels: AnyArray, predictions: AnyArray) -> Value:
    """Compute the area under the receiver operating characteristic from ranks, exact with ties."""
    return _single(_auroc, labels, predictions)


@_declare(
    title="Area under the precision-recall curve (average precision)",
    formula="Σ over distinct scores s, descending, of (recall(s) − recall(s before)) · precision(s); no interpolation",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source="average precision as in scikit-learn's average_precision_score",
    undefined_when=_ONE_CLASS,
)
def auprc(labels: AnyArray, predictions: AnyArray) -> Value:
    """Compute the average precision, step-wise; equal scores are one step."""
    return _single(_average_precision, labels, predictions)


@_declare(
    title="Accuracy over classes",
    formula="share of examples whose highest score is the class that the one-hot label marks; of equal scores the first class counts",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(2,),
    source="accuracy of the classifiers of GV-Rep, arXiv 2407.16940",
    undefined_when="there are no examples",
)
def class_accuracy(labels: AnyArray, predictions: AnyArray) -> Value:
    """Count the share of examples whose class has the highest score."""
    return Value(float(np.count_nonzero(np.take_along_axis(labels, predictions.argmax(axis=1)[:, None], axis=1))) / len(labels))


@_declare(
    title="Mean AUROC across tracks",
    formula="AUROC of each track over the examples, then the mean over tracks",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(2,),
    source="evaluation of the chromatin tasks of the Genomics Long-Range Benchmark",
    undefined_when="every track has one class only",
)
def mean_auroc_across_tracks(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tracks' AUROC."""
    return _mean(_auroc, labels, predictions, axis=-1, noun="track")


@_declare(
    title="Mean AUPRC across tracks",
    formula="average precision of each track over the examples, then the mean over tracks",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(2,),
    source="evaluation of the chromatin tasks of the Genomics Long-Range Benchmark",
    undefined_when="every track has one class only",
)
def mean_auprc_across_tracks(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tracks' average precision."""
    return _mean(_average_precision, labels, predictions, axis=-1, noun="track")


# --- real labels: one number over everything --------------------------------------------------------------------------------------------

_CONSTANT = "fewer than 2 numbers, constant labels or constant predictions"


@_declare(
    title="Pearson correlation",
    formula="Σ(y−ȳ)(p−p̄) / √(Σ(y−ȳ)² · Σ(p−p̄)²) over all numbers pooled",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(1, 2, 3),
    source="Pearson 1895, doi:10.1098/rspl.1895.0041",
    undefined_when=_CONSTANT,
)
def pearson(labels: AnyArray, predictions: AnyArray) -> Value:
    """Correlate all numbers, bins and tracks pooled."""
    return _first(_pearson_of(_pooled(labels, predictions)))


@_declare(
    title="Spearman correlation",
    formula="Pearson correlation of the average ranks",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(1,),
    source="Spearman 1904, doi:10.2307/1412159",
    undefined_when=_CONSTANT,
)
def spearman(labels: AnyArray, predictions: AnyArray) -> Value:
    """Correlate ranks, ties sharing their mean rank."""
    return _single(_spearman, labels, predictions)


@_declare(
    title="Coefficient of determination, R²",
    formula="1 − Σ(y−p)² / Σ(y−ȳ)² over all numbers pooled",
    range=(-math.inf, 1.0),
    kind="real",
    ndim=(1, 2, 3),
    source="as in scikit-learn's r2_score; not the square of a correlation",
    undefined_when="fewer than 2 numbers or constant labels",
)
def r2(labels: AnyArray, predictions: AnyArray) -> Value:
    """Compute the explained share of the labels' variance, bins and tracks pooled about one common mean."""
    return _first(_r2_of(_pooled(labels, predictions)))


@_declare(
    title="Mean squared error",
    formula="Σ(y−p)² / n over all numbers pooled",
    range=(0.0, math.inf),
    kind="real",
    ndim=(1, 2, 3),
    source="as in scikit-learn's mean_squared_error",
    undefined_when="there are no examples",
    direction="lower",
)
def mse(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the squared difference, in the squared unit of the labels."""
    sums = _pooled(labels, predictions)
    return _first(_terms(sums.ss_residual / sums.n))


# --- real labels: means over tracks or genes --------------------------------------------------------------------------------------------


@_declare(
    title="Mean Spearman correlation across tissues",
    formula="Spearman correlation of each tissue (track) over the genes (examples), then the mean over tissues",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2,),
    source=_CARD,
    undefined_when=f"every tissue has {_CONSTANT}",
)
def mean_spearman_across_tissues(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tissues' rank correlation over genes."""
    return _mean(_spearman, labels, predictions, axis=-1, noun="tissue")


@_declare(
    title="Mean Spearman correlation across genes",
    formula="Spearman correlation of each gene (example) over the tissues (tracks), then the mean over genes",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2,),
    source=_CARD,
    undefined_when=f"every gene has {_CONSTANT}",
)
def mean_spearman_across_genes(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the genes' rank correlation over tissues."""
    return _mean(_spearman, labels, predictions, axis=0, noun="gene")


@_declare(
    title="Mean Pearson correlation across tracks",
    formula="Pearson correlation of each track over all bins of all examples, then the mean over tracks",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2, 3),
    source=_CARD,
    undefined_when=f"every track has {_CONSTANT}",
)
def mean_pearson_across_tracks(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tracks' correlation over all positions."""
    return _mean(_pearson, labels, predictions, axis=-1, noun="track")


@_declare(
    title="Mean Pearson correlation across genes",
    formula="Pearson correlation of each gene (example) over all its bins and tracks, then the mean over genes",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2, 3),
    source=_CARD,
    undefined_when=f"every gene has {_CONSTANT}",
)
def mean_pearson_across_genes(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the genes' correlation over positions and tracks."""
    return _mean(_pearson, labels, predictions, axis=0, noun="gene")


@_declare(
    title="Mean R² over tracks",
    formula="1 − Σ(y−p)² / Σ(y−ȳ)² of each track over all bins of all examples, then the mean over tracks",
    range=(-math.inf, 1.0),
    kind="real",
    ndim=(2, 3),
    source=_CARD,
    undefined_when="every track has fewer than 2 numbers or constant labels",
)
def mean_r2(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tracks' coefficient of determination."""
    return _mean(_r2, labels, predictions, axis=-1, noun="track")


# --- kernels: (k, m) float64 labels and predictions, one term per row; they may overwrite their input -------------------------------------


class _Why(enum.IntEnum):
    """Why a term is undefined."""

    DEFINED = 0
    FEW = 1
    NO_POSITIVE = 2
    NO_NEGATIVE = 3
    CONSTANT_LABELS = 4
    CONSTANT_PREDICTIONS = 5
    OUT_OF_RANGE = 6


_REASONS = {
    _Why.FEW: "fewer than 2 values",
    _Why.NO_POSITIVE: "one class only: no positive label",
    _Why.NO_NEGATIVE: "one class only: no negative label",
    _Why.CONSTANT_LABELS: "constant labels",
    _Why.CONSTANT_PREDICTIONS: "constant predictions",
    _Why.OUT_OF_RANGE: "numbers too large or too close together for float64 arithmetic",
}


class _Terms(NamedTuple):
    """The terms of a metric: values float64 (k,), and a `_Why` for each, int8 (k,)."""

    values: Floats
    why: NDArray[np.int8]


_Kernel = Callable[[Floats, Floats], _Terms]


def _terms(values: Floats, *undefined: tuple[_Why, NDArray[np.bool_] | bool]) -> _Terms:
    """Give each value the first reason that applies to it; a non-finite value without a reason is out of range."""
    why = np.where(np.isfinite(values), _Why.DEFINED, _Why.OUT_OF_RANGE).astype(np.int8)
    for reason, applies in reversed(undefined):
        why[np.broadcast_to(applies, why.shape)] = reason
    return _Terms(values, why)


def _auroc(labels: Floats, scores: Floats) -> _Terms:
    n_pos = labels.sum(axis=1)
    n_neg = labels.shape[1] - n_pos
    rank_sum = (average_ranks(scores) * labels).sum(axis=1)
    values = (rank_sum - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg)
    return _terms(values, (_Why.NO_POSITIVE, n_pos == 0), (_Why.NO_NEGATIVE, n_neg == 0))


def _average_precision(labels: Floats, scores: Floats) -> _Terms:
    m = labels.shape[1]
    order = np.argsort(scores, axis=1)
    first, _ = tie_spans(np.take_along_axis(scores, order, axis=1))
    positive = np.take_along_axis(labels, order, axis=1)
    at_or_after = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1]
    # Each positive counts the precision of its own step: everything scored as high as it, or higher, is predicted positive.
    precision = np.take_along_axis(at_or_after, first, axis=1) / (m - first)
    n_pos = positive.sum(axis=1)
    values = (precision * positive).sum(axis=1) / n_pos
    return _terms(values, (_Why.NO_POSITIVE, n_pos == 0), (_Why.NO_NEGATIVE, n_pos == m))


class _Sums(NamedTuple):
    """What Pearson, R² and MSE are made of, for each of k rows; index 0 of a side is the labels, 1 the predictions."""

    n: int  # numbers in a row
    low: Floats  # (2, k)
    high: Floats  # (2, k)
    products: Floats  # (3, k): Σ(y−ȳ)², Σ(p−p̄)², Σ(y−ȳ)(p−p̄)
    ss_residual: Floats  # (k,): Σ(y−p)²

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Sides that hold one number only, (2, k): exact, where a sum of squares of rounded differences is not."""
        constant: NDArray[np.bool_] = self.low == self.high
        return constant


def _sums(y: Floats, p: Floats) -> tuple[_Sums, Floats]:
    """Sum up each row about its mean, overwriting both arrays.

    Args:
        y: Labels, (k, m).
        p: Predictions, (k, m).

    Returns:
        The sums, and the means in two parts that add up to more digits than one float64 has, (2 parts, 2 sides, k).
    """
    work = y - p
    np.multiply(work, work, out=work)
    ss_residual = work.sum(axis=1)
    low, high = np.empty((2, len(y))), np.empty((2, len(y)))
    means = np.empty((2, 2, len(y)))
    for side, x in enumerate((y, p)):
        low[side], high[side] = x.min(axis=1), x.max(axis=1)
        for part in means:
            # The first mean is rounded; the second is what that left over, which matters far from 0 when numbers lie close together.
            part[side] = x.mean(axis=1)
            np.subtract(x, part[side, :, np.newaxis], out=x)
    products = np.stack([np.multiply(a, b, out=work).sum(axis=1) for a, b in ((y, y), (p, p), (y, p))])
    return _Sums(y.shape[1], low, high, products, ss_residual), means


def _pooled(labels: AnyArray, predictions: AnyArray) -> _Sums:
    """Sum up all numbers as one row, block by block.

    A sum about the common mean is the blocks' own sums plus n·(shift of the block's mean)² each (Chan, Golub & LeVeque 1983,
    doi:10.1080/00031305.1983.10483115).
    """
    pairs = [_sums(y.reshape(1, -1), p.reshape(1, -1)) for y, p in _blocks(labels, predictions, axis=0)]
    blocks = [sums for sums, _ in pairs]
    means = np.concatenate([means for _, means in pairs], axis=2)  # (2 parts, 2 sides, blocks)
    n = np.array([block.n for block in blocks], dtype=np.float64)
    shift = (means - means[:, :, :1]).sum(axis=0)  # from the first block's mean: part by part, so that large means swallow nothing
    shift -= (shift @ n / n.sum())[:, np.newaxis]
    between = np.stack([n @ (shift[a] * shift[b]) for a, b in ((0, 0), (1, 1), (0, 1))])
    return _Sums(
        n=sum(block.n for block in blocks),
        low=np.min([block.low for block in blocks], axis=0),
        high=np.max([block.high for block in blocks], axis=0),
        products=np.sum([block.products for block in blocks], axis=0) + between[:, np.newaxis],
        ss_residual=np.sum([block.ss_residual for block in blocks], axis=0),
    )


def _pearson_of(sums: _Sums) -> _Terms:
    ss_y, ss_p, s_yp = sums.products
    # √a·√b rather than √(a·b), which overflows first; rounding may exceed 1 by a little
    values = np.clip(s_yp / (np.sqrt(ss_y) * np.sqrt(ss_p)), -1.0, 1.0)
    return _terms(
        values,
        (_Why.FEW, sums.n < 2),
        (_Why.CONSTANT_LABELS, sums.is_constant[0]),
        (_Why.CONSTANT_PREDICTIONS, sums.is_constant[1]),
        (_Why.OUT_OF_RANGE, ~(_is_sound(ss_y) & _is_sound(ss_p))),
    )


def _r2_of(sums: _Sums) -> _Terms:
    ss_y = sums.products[0]
    return _terms(
        1.0 - sums.ss_residual / ss_y,
        (_Why.FEW, sums.n < 2),
        (_Why.CONSTANT_LABELS, sums.is_constant[0]),
        (_Why.OUT_OF_RANGE, ~_is_sound(ss_y)),
    )


def _is_sound(sum_of_squares: Floats) -> NDArray[np.bool_]:
    sound: NDArray[np.bool_] = (sum_of_squares > SMALLEST_SUM) & np.isfinite(sum_of_squares)
    return sound


def _pearson(labels: Floats, predictions: Floats) -> _Terms:
    return _pearson_of(_sums(labels, predictions)[0])


def _spearman(labels: Floats, predictions: Floats) -> _Terms:
    return _pearson(average_ranks(labels), average_ranks(predictions))


def _r2(labels: Floats, predictions: Floats) -> _Terms:
    return _r2_of(_sums(labels, predictions)[0])


# --- from arrays to kernels, and from terms to values -----------------------------------------------------------------------------------


def _blocks(labels: AnyArray, predictions: AnyArray, axis: int) -> Iterator[tuple[Floats, Floats]]:
    """Cut arrays into blocks of whole terms.

    Args:
        labels: Any shape.
        predictions: Same shape.
        axis: The axis that counts the terms: 0 for examples, -1 for tracks.

    Yields:
        Fresh C-ordered float64 copies (terms in the block, numbers per term), in the order of the axis.
    """
    n_terms = labels.shape[axis]
    step = max(1, BLOCK_VALUES * n_terms // labels.size)
    sides = [np.moveaxis(side, axis, 0) for side in (labels, predictions)]
    for start in range(0, n_terms, step):
        y, p = (np.array(side[start : start + step], dtype=np.float64, order="C") for side in sides)
        yield y.reshape(len(y), -1), p.reshape(len(p), -1)


def _single(kernel: _Kernel, labels: AnyArray, predictions: AnyArray) -> Value:
    """Run a kernel on one row."""
    return _first(kernel(*(np.array(side, dtype=np.float64).reshape(1, -1) for side in (labels, predictions))))


def _first(terms: _Terms) -> Value:
    """Turn the only term into a value."""
    why = _Why(int(terms.why[0]))
    return Value(float(terms.values[0])) if why is _Why.DEFINED else Value(None, _REASONS[why], n_terms=0)


def _mean(kernel: _Kernel, labels: AnyArray, predictions: AnyArray, *, axis: int, noun: str) -> Value:
    """Average the terms that are defined, and say how many are not and why."""
    parts = [kernel(y, p) for y, p in _blocks(labels, predictions, axis)]
    values, why = (np.concatenate([part[field] for part in parts]) for field in range(2))
    defined = values[why == _Why.DEFINED]
    n_out = len(values) - len(defined)
    causes = "; ".join(f"{n:,}: {text}" for reason, text in _REASONS.items() if (n := int(np.count_nonzero(why == reason))))
    if not len(defined):
        return Value(None, f"no {noun} of {len(values):,} is defined ({causes})", n_terms=0)
    note = f"{n_out:,} of {len(values):,} {noun}s left out ({causes})" if n_out else None
    return Value(math.fsum(defined) / len(defined), note=note, n_terms=len(defined))


# --- checks -----------------------------------------------------------------------------------------------------------------------------


def _as_numbers(values: ArrayLike, what: str) -> AnyArray:
    """Take booleans, integers or floats as an array, without a copy where they are one."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise BadSpec(f"{what} are not one array of numbers ({error}); expected rows of equal length") from error
    if array.dtype.kind not in "biuf":
        raise BadSpec(f"{what} are of type {array.dtype}; expected booleans, integers or floats, without missing values")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise BadSpec(f"{what} have {np.count_nonzero(values.mask):,} masked values; expected none: leave out those rows")
    return array


def _count(array: AnyArray, test: Callable[[AnyArray], NDArray[np.bool_]]) -> int:
    """Count the numbers that a test holds for, block by block along the first axis."""
    if array.size == 0:
        return 0
    if array.ndim == 0:
        return int(test(array))
    step = max(1, BLOCK_VALUES * len(array) // array.size)
    return sum(int(np.count_nonzero(test(array[start : start + step]))) for start in range(0, len(array), step))


def _is_not_finite(array: AnyArray) -> NDArray[np.bool_]:
    return ~np.isfinite(array)


def _is_not_binary(array: AnyArray) -> NDArray[np.bool_]:
    other: NDArray[np.bool_] = (array != 0) & (array != 1)
    return other


def _has_no_log1p(array: AnyArray) -> NDArray[np.bool_]:
    return ~((array > -1) & np.isfinite(array))
