"""Every number of quality: what it is, how it is computed, and when it is not defined.

A metric is declared once, by the decorator over its function, and is found in `METRICS`; the catalogue, the command line and the tests
read that list. A metric takes labels and predictions of one shape and gives a `Value`. What is undefined (one class only, constant
labels, …) is None with the reason, never 0 and never NaN.

Axes: ``(n_examples,)``, ``(n_examples, n_tracks)`` or ``(n_examples, n_bins, n_tracks)``. A track is also a tissue or a cell type; for
the tasks on genes an example is a gene, hence *across genes*.

Arithmetic is float64, sums are taken about the mean (two passes), and arrays of any size are read in blocks of about `BLOCK_VALUES`
numbers, so memory beyond the input does not grow with the input, except for one track (or one example) at a time.

Many metrics over many strata are one call of `by_group`, which sorts the predictions once and goes over all strata in one pass. The plain
function stays the definition: a metric's grouped form is a faster way to the same values, and one without any is computed group by group
(means over tracks: their kernels go over all tracks of a group at once, which is as fast).
"""

from __future__ import annotations

import enum
import functools
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrbstore.errors import BadSpec, UnknownName
from lrbstore.ranks import Groups, Ordinals, Steps, average_ranks, centred_ranks, steps, tie_spans

Floats = NDArray[np.float64]
AnyArray = NDArray[Any]
Direction = Literal["higher", "lower"]
Kind = Literal["binary", "real"]
Takes = Literal["scores", "numbers", "probabilities"]
Chance = float | Literal["prevalence", "one_class_of_all"]

BLOCK_VALUES = 1 << 22  # 32 MiB of float64 per temporary array
SMALLEST_SUM = 1e-280  # sums of squares below this have lost digits to underflow
THRESHOLD = 0.5  # score from which on an example is decided to be positive, unless told otherwise
BINS = 15  # of equal width, as Guo et al. 2017 have them
SUM_TOLERANCE = 1e-4  # by which probabilities of several classes may miss 1: float32 and a file's digits

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
        takes: What predictions are: ``scores``, whose order or size tells the label (of either direction: negated, they mean the
            opposite), ``numbers`` on the label's own scale, or ``probabilities`` of 1.
        one_hot: Labels of two axes mark the one class of each example.
        chance: What predictions that know nothing of the labels give: a number; the share of positives (``prevalence``); one over the
            number of classes (``one_class_of_all``: one half of labels of one axis). Of a metric that takes numbers, what the labels' own
            mean gives. None where that hangs on how often which class is decided for, or on the labels' spread.
        options: Names of the keyword options.
        grouped: For a number of axes, the same metric over all groups at once: takes a :class:`Grouped` and the options, and gives a value
            for each group that is not empty. Where there is none, `by_group` calls the function group by group.
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
    takes: Takes = "scores"
    one_hot: bool = False
    chance: Chance | None = None
    options: tuple[str, ...] = ()
    grouped: Mapping[int, Callable[..., list[Value]]] = field(default_factory=dict, compare=False, repr=False)

    def by_chance(self, n_pos: int | None = None, n_neg: int | None = None, n_classes: int = 2) -> float | None:
        """Say what predictions that know nothing of the labels give on some examples.

        Args:
            n_pos: Positives among the examples, of a label of two classes.
            n_neg: Negatives likewise.
            n_classes: Classes of the label.

        Returns:
            The value; None where the metric has none (see ``chance``), or where it needs the share of positives and there is none.
        """
        if self.chance == "one_class_of_all":
            return 1 / n_classes
        if self.chance == "prevalence":
            return n_pos / (n_pos + n_neg) if n_pos is not None and n_neg is not None and n_pos + n_neg else None
        return self.chance

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
                other than 0 and 1; labels that mark no class, or several, where a metric is of one class an example; an unknown option.
        """
        truth, guess = self._checked(labels, predictions, options)
        if truth.size == 0:
            return _nothing(truth.shape)
        # Overflow and 0/0 end as non-finite terms, which become None with a reason.
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            return self.function(truth, guess, **options)

    def _checked(self, labels: ArrayLike, predictions: ArrayLike, options: Mapping[str, float]) -> tuple[AnyArray, AnyArray]:
        for option in options:
            if option not in self.options:
                raise BadSpec(f"metric {self.name} has no option {option!r}; its options: {', '.join(self.options) or 'none'}")
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
        if self.one_hot and truth.ndim == 2 and truth.size and (other := _count(truth, _is_not_one_hot)):
            raise BadSpec(f"{self.name}: {other:,} of {len(truth):,} labels do not mark exactly one class; expected one-hot labels")
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
    takes: Takes = "scores",
    one_hot: bool = False,
    chance: Chance | None = None,
    grouped: Mapping[int, Callable[..., list[Value]]] | None = None,
) -> Callable[[Callable[..., Value]], Metric]:
    """Enter a function into `METRICS` under its own name; its keyword-only parameters are the metric's options."""

    def enter(function: Callable[..., Value]) -> Metric:
        parameters = inspect.signature(function).parameters.values()
        options = tuple(parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)
        entry = Metric(
            name=function.__name__,
            function=function,
            title=title,
            formula=formula,
            range=range,
            direction=direction,
            kind=kind,
            ndim=ndim,
            source=source,
            undefined_when=undefined_when,
            takes=takes,
            one_hot=one_hot,
            chance=chance,
            options=options,
            grouped=grouped or {},
        )
        METRICS[entry.name] = entry
        return entry

    return enter


# --- all groups at once -----------------------------------------------------------------------------------------------------------------


class Pair:
    """Labels and predictions: what several groupings of the same examples share is worked out once, when first asked for.

    Args:
        labels: Checked labels, n ≥ 1 examples along the first axis.
        predictions: Checked predictions, same shape.
    """

    def __init__(self, labels: AnyArray, predictions: AnyArray) -> None:
        self.labels, self.predictions = labels, predictions
        self._example_terms: dict[_Kernel, _Terms] = {}

    @functools.cached_property
    def ordinals(self) -> tuple[Ordinals, Ordinals]:
        """Labels and predictions of one axis, each sorted when first asked for."""
        y, p = (Ordinals(np.asarray(side, dtype=np.float64)) for side in (self.labels, self.predictions))
        return y, p

    def example_terms(self, kernel: _Kernel) -> _Terms:
        """Each example's own term, which no grouping changes."""
        if kernel not in self._example_terms:
            self._example_terms[kernel] = _all_terms(kernel, self.labels, self.predictions, axis=0)
        return self._example_terms[kernel]


class Grouped:
    """A pair cut into groups: what several metrics are made of is worked out once, when first asked for.

    Args:
        pair: Labels and predictions of n examples.
        groups: Of the n examples.
    """

    def __init__(self, pair: Pair, groups: Groups) -> None:
        self.pair, self.groups = pair, groups

    @functools.cached_property
    def steps(self) -> Steps:
        """Examples and positives at each distinct prediction of each group."""
        return steps(self.groups, self.pair.ordinals[1], self.pair.labels != 0)

    @functools.cached_property
    def sums(self) -> _Sums:
        """Sums of each group about its mean."""
        y, p = (self.groups.by_group(side.values) for side in self.pair.ordinals)
        return _sums_by_group(self.groups, y, p)

    @functools.cached_property
    def rank_sums(self) -> _Sums:
        """The same of the ranks within the group, doubled; those of labels and predictions are not subtracted from each other."""
        products = _products_by_group(self.groups, *centred_ranks(self.groups, *self.pair.ordinals))
        zero = np.zeros_like(products)
        return _Sums(self.groups.sizes, low=zero[:2], high=products[:2], products=products, ss_residual=zero[2])  # exact: 0 where constant


def by_group(
    uses: Sequence[tuple[Metric, Mapping[str, float]]], labels: ArrayLike, predictions: ArrayLike, groupings: Sequence[Groups]
) -> list[list[list[Value]]]:
    """Compute metrics over every group of several groupings; predictions are sorted once for all of them.

    Args:
        uses: Metrics, each with its options.
        labels: Truth of n examples, as a metric takes it.
        predictions: The model's numbers, in the same shape.
        groupings: Ways to cut the n examples into groups; an empty group has no examples, and its values say so.

    Returns:
        For each grouping, for each use: a value for each group, what the metric gives for the group's examples alone, but for rounding.

    Raises:
        BadSpec: As for the metric; groups of another number of examples.
    """
    sides = [known._checked(labels, predictions, options) for known, options in uses]
    if not sides:
        return [[] for _ in groupings]
    pair = Pair(*sides[0])
    for groups in groupings:
        if groups.codes.shape != pair.labels.shape[:1]:
            raise BadSpec(f"groups of {groups.codes.shape} examples; labels have shape {pair.labels.shape}")
    return [_of_grouping(uses, Grouped(pair, groups)) for groups in groupings]


def _of_grouping(uses: Sequence[tuple[Metric, Mapping[str, float]]], grouped: Grouped) -> list[list[Value]]:
    groups, pair = grouped.groups, grouped.pair
    found = []
    for known, options in uses:
        values = [_nothing((0, *pair.labels.shape[1:]))] * groups.n_groups
        if pair.labels.size:
            form = known.grouped.get(pair.labels.ndim, functools.partial(_one_by_one, known))
            with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
                for group, value in zip(groups.present.tolist(), form(grouped, **options), strict=True):
                    values[group] = value
        else:
            for group in groups.present.tolist():
                values[group] = _nothing(pair.labels.shape)
        found.append(values)
    return found


def _one_by_one(known: Metric, grouped: Grouped, **options: float) -> list[Value]:
    """Compute a metric without a grouped form."""
    pair, order = grouped.pair, grouped.groups.order
    if order is None:
        return [known.function(pair.labels, pair.predictions, **options)]
    members = np.split(order, grouped.groups.starts[1:])
    return [known.function(pair.labels[own], pair.predictions[own], **options) for own in members]


def _nothing(shape: tuple[int, ...]) -> Value:
    """Say which axis has no length."""
    missing = next(axis for axis, length in zip(_AXES[len(shape)], shape, strict=True) if length == 0)
    return Value(None, f"no {missing}", n_terms=0)


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


# --- grouped forms: terms (g,) of the g groups that are not empty ------------------------------------------------------------------------


def _auroc_of_groups(grouped: Grouped) -> _Terms:
    first, n, n_pos = grouped.steps
    negative = n - n_pos
    below = np.cumsum(negative) - negative  # negatives scored lower, and those of the groups before
    pos, neg = np.add.reduceat(n_pos, first), np.add.reduceat(negative, first)
    # Twice the pairs in the right order: whole numbers, exact up to 2⁶³.
    right = np.add.reduceat(n_pos * (2 * below + negative), first) - 2 * below[first] * pos
    return _terms(right / (2 * pos * neg), (_Why.NO_POSITIVE, pos == 0), (_Why.NO_NEGATIVE, neg == 0))


def _average_precision_of_groups(grouped: Grouped) -> _Terms:
    first, n, n_pos = grouped.steps
    total, pos = grouped.groups.sizes, np.add.reduceat(n_pos, first)
    n_steps = np.diff(first, append=len(n))
    below, pos_below = np.cumsum(n) - n, np.cumsum(n_pos) - n_pos
    at_or_after = np.repeat(below[first] + total, n_steps) - below
    pos_at_or_after = np.repeat(pos_below[first] + pos, n_steps) - pos_below
    values = np.add.reduceat(n_pos * (pos_at_or_after / at_or_after), first) / pos
    return _terms(values, (_Why.NO_POSITIVE, pos == 0), (_Why.NO_NEGATIVE, pos == total))


def _auprc_by_group(grouped: Grouped) -> list[Value]:
    counts = zip(np.add.reduceat(grouped.steps.n_positive, grouped.steps.first).tolist(), grouped.groups.sizes.tolist(), strict=True)
    found = zip(_values(_average_precision_of_groups(grouped)), counts, strict=True)
    return [_beside_prevalence(value, n_pos / n) for value, (n_pos, n) in found]


def _pearson_of_groups(grouped: Grouped) -> _Terms:
    return _pearson_of(grouped.sums)


def _spearman_of_groups(grouped: Grouped) -> _Terms:
    return _pearson_of(grouped.rank_sums)


def _r2_of_groups(grouped: Grouped) -> _Terms:
    return _r2_of(grouped.sums)


def _mse_of_groups(grouped: Grouped) -> _Terms:
    return _mse_of(grouped.sums)


def _accuracy_by_group(grouped: Grouped, *, threshold: float = THRESHOLD) -> list[Value]:
    _check_threshold(threshold)
    y, p = grouped.pair.ordinals
    right = (p.values >= threshold) == (y.values == 1)
    share = grouped.groups.share(right)
    return [Value(float(value)) for value in share]


def _class_accuracy_by_group(grouped: Grouped) -> list[Value]:
    return [Value(float(value)) for value in grouped.groups.share(_is_marked(grouped.pair.labels, grouped.pair.predictions))]


def _by_confusion(name: str, grouped: Grouped, *, threshold: float = THRESHOLD) -> list[Value]:
    """Compute a metric of the groups' confusion matrices."""
    cells, n_classes = decisions(grouped.pair.labels, grouped.pair.predictions, threshold)
    groups, size = grouped.groups, n_classes * n_classes
    counts = np.bincount(groups.codes.astype(np.int64) * size + cells, minlength=groups.n_groups * size)
    terms, why = OF_CONFUSION[name](counts.reshape(groups.n_groups, n_classes, n_classes)[groups.present].astype(np.float64))
    return [_mean_over_classes(own, _Why(reason)) for own, reason in zip(terms, why.tolist(), strict=True)]


def _mean_over_classes(terms: Floats, why: _Why) -> Value:
    if why != _Why.DEFINED:
        return Value(None, _REASONS[why], n_terms=0)
    defined = terms[np.isfinite(terms)]
    n_out = len(terms) - len(defined)
    note = f"{n_out:,} of {len(terms):,} classes left out (they do not occur)" if n_out else None
    return Value(math.fsum(defined) / len(defined), note=note, n_terms=len(defined))


def _mean_loss_by_group(name: str, grouped: Grouped) -> list[Value]:
    """Average the examples' losses, unless one of them is undefined."""
    groups = grouped.groups
    values, why = (groups.by_group(part) for part in grouped.pair.example_terms(LOSSES[name]))
    return _values(_Terms(np.add.reduceat(values, groups.starts) / groups.sizes, np.maximum.reduceat(why, groups.starts)))


def _calibration_error_by_group(grouped: Grouped, *, bins: float = BINS) -> list[Value]:
    groups, n_bins = grouped.groups, bins_of(bins)
    apart, outside, which = calibration(grouped.pair.labels, grouped.pair.predictions, n_bins)
    of_bins = np.bincount(groups.codes.astype(np.int64) * n_bins + which, apart, groups.n_groups * n_bins)
    sums = np.abs(of_bins.reshape(groups.n_groups, n_bins)[groups.present]).sum(axis=1)
    return _values(_terms(sums / groups.sizes, (_Why.NO_PROBABILITY, groups.count(outside)[groups.present] > 0)))


def _single_by_group(terms: Callable[[Grouped], _Terms]) -> Callable[[Grouped], list[Value]]:
    """Make a grouped form for examples of one number each."""
    return lambda grouped: _values(terms(grouped))


def _mean_over_examples_by_group(kernel: Callable[[], _Kernel], noun: str) -> Callable[[Grouped], list[Value]]:
    """Make a grouped form for the mean over examples, whose own terms no grouping changes."""

    def form(grouped: Grouped) -> list[Value]:
        cuts = grouped.groups.starts[1:]
        values, why = (np.split(grouped.groups.by_group(part), cuts) for part in grouped.pair.example_terms(kernel()))
        return [_mean_of(_Terms(*group), noun) for group in zip(values, why, strict=True)]

    return form


# --- binary labels ----------------------------------------------------------------------------------------------------------------------

_ONE_CLASS = "only one class is present"
_AT = f"threshold {THRESHOLD} unless given"
_DECIDED = f"decided by score ≥ threshold ({_AT}); of several classes by the highest score, the first of equal ones"
_NO_PROBABILITY = "a prediction is below 0 or above 1"
_CARD = "Genomics Long-Range Benchmark, data set card"


@_declare(
    title="Accuracy",
    formula=f"share of examples with (score ≥ threshold) = (label = 1); {_AT}",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source=_CARD,
    undefined_when="there are no examples",
    grouped={1: _accuracy_by_group},
)
def accuracy(labels: AnyArray, predictions: AnyArray, *, threshold: float = THRESHOLD) -> Value:
    """Count the share of right decisions; scores are compared with the threshold as float64."""
    _check_threshold(threshold)
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
    chance=0.5,
    grouped={1: _single_by_group(_auroc_of_groups)},
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
    source="average precision as in scikit-learn's average_precision_score; by chance it is the prevalence, which the note says",
    undefined_when=_ONE_CLASS,
    chance="prevalence",
    grouped={1: _auprc_by_group},
)
def auprc(labels: AnyArray, predictions: AnyArray) -> Value:
    """Compute the average precision, step-wise; equal scores are one step."""
    return _beside_prevalence(_single(_average_precision, labels, predictions), np.count_nonzero(labels) / labels.size)


@_declare(
    title="Accuracy over classes",
    formula="share of examples whose highest score is the class that the one-hot label marks; of equal scores the first class counts",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(2,),
    source="accuracy of the classifiers of GV-Rep, arXiv 2407.16940",
    undefined_when="there are no examples",
    one_hot=True,
    grouped={2: _class_accuracy_by_group},
)
def class_accuracy(labels: AnyArray, predictions: AnyArray) -> Value:
    """Count the share of examples whose class has the highest score."""
    return Value(float(np.count_nonzero(_is_marked(labels, predictions))) / len(labels))


@_declare(
    title="Mean AUROC across tracks",
    formula="AUROC of each track over the examples, then the mean over tracks",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(2,),
    source="evaluation of the chromatin tasks of the Genomics Long-Range Benchmark",
    undefined_when="every track has one class only",
    chance=0.5,
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
    source="evaluation of the chromatin tasks of the Genomics Long-Range Benchmark; by chance it is the mean prevalence of the same tracks",
    undefined_when="every track has one class only",
    chance="prevalence",
)
def mean_auprc_across_tracks(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the tracks' average precision."""
    terms = _all_terms(_average_precision, labels, predictions, axis=-1)
    shares = np.count_nonzero(labels, axis=0)[terms.why == _Why.DEFINED] / len(labels)
    return _beside_prevalence(_mean_of(terms, "track"), float(shares.mean()) if len(shares) else 0.0)


# --- binary labels and one of several classes: of what is decided, and of probabilities -------------------------------------------------


@_declare(
    title="Matthews correlation coefficient",
    formula=f"(c·n − Σ tₖpₖ) / √((n² − Σ tₖ²)(n² − Σ pₖ²)): c of n right, tₖ of class k, pₖ decided to be; {_DECIDED}",
    range=(-1.0, 1.0),
    kind="binary",
    ndim=(1, 2),
    source="Matthews 1975, doi:10.1016/0005-2795(75)90109-9; of several classes Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006",
    undefined_when="only one class is present, or is ever decided for (scikit-learn says 0 there)",
    chance=0.0,
    one_hot=True,
    grouped=dict.fromkeys((1, 2), functools.partial(_by_confusion, "mcc")),
)
def mcc(labels: AnyArray, predictions: AnyArray, *, threshold: float = THRESHOLD) -> Value:
    """Correlate decisions with classes; the threshold is for labels of one axis."""
    return _by_confusion("mcc", _as_one_group(labels, predictions), threshold=threshold)[0]


@_declare(
    title="Balanced accuracy",
    formula=f"share of each class's examples that are decided rightly, then the mean over the classes that occur; {_DECIDED}",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1, 2),
    source="Brodersen et al. 2010, doi:10.1109/ICPR.2010.764; as in scikit-learn's balanced_accuracy_score",
    undefined_when=_ONE_CLASS,
    chance="one_class_of_all",
    one_hot=True,
    grouped=dict.fromkeys((1, 2), functools.partial(_by_confusion, "balanced_accuracy")),
)
def balanced_accuracy(labels: AnyArray, predictions: AnyArray, *, threshold: float = THRESHOLD) -> Value:
    """Average the classes' recall; the threshold is for labels of one axis."""
    return _by_confusion("balanced_accuracy", _as_one_group(labels, predictions), threshold=threshold)[0]


@_declare(
    title="Macro F1",
    formula=f"2·right / (examples + decisions) of each class, then the mean over the classes that occur or are decided for; {_DECIDED}",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1, 2),
    source="as in scikit-learn's f1_score(average='macro')",
    undefined_when="there are no examples",
    one_hot=True,
    grouped=dict.fromkeys((1, 2), functools.partial(_by_confusion, "macro_f1")),
)
def macro_f1(labels: AnyArray, predictions: AnyArray, *, threshold: float = THRESHOLD) -> Value:
    """Average the classes' F1, each class counting the same; the threshold is for labels of one axis."""
    return _by_confusion("macro_f1", _as_one_group(labels, predictions), threshold=threshold)[0]


@_declare(
    title="Brier score",
    formula="Σ(y−p)² / n, p the probability of label 1",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source="Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2, of one class; as in scikit-learn's brier_score_loss",
    undefined_when=_NO_PROBABILITY,
    direction="lower",
    takes="probabilities",
    grouped={1: functools.partial(_mean_loss_by_group, "brier")},
)
def brier(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the squared distance of probabilities from what happened; nothing is clipped."""
    return _mean_loss_by_group("brier", _as_one_group(labels, predictions))[0]


@_declare(
    title="Log loss",
    formula="Σ −ln p / n, p the probability of the class that the label says",
    range=(0.0, math.inf),
    kind="binary",
    ndim=(1, 2),
    source="as in scikit-learn's log_loss, which clips probabilities of 0",
    undefined_when=f"{_NO_PROBABILITY}, those of several classes do not add up to 1, or the right class has probability 0",
    direction="lower",
    takes="probabilities",
    one_hot=True,
    grouped=dict.fromkeys((1, 2), functools.partial(_mean_loss_by_group, "log_loss")),
)
def log_loss(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the surprise, in nats; nothing is clipped."""
    return _mean_loss_by_group("log_loss", _as_one_group(labels, predictions))[0]


@_declare(
    title="Expected calibration error",
    formula=f"Σ over bins of |Σ(y−p)| / n, p the probability of label 1; {BINS} bins of equal width unless given, closed above",
    range=(0.0, 1.0),
    kind="binary",
    ndim=(1,),
    source="Guo et al. 2017, arXiv 1706.04599, of the probability of label 1; bins as in scikit-learn's calibration_curve",
    undefined_when=_NO_PROBABILITY,
    direction="lower",
    takes="probabilities",
    grouped={1: _calibration_error_by_group},
)
def calibration_error(labels: AnyArray, predictions: AnyArray, *, bins: float = BINS) -> Value:
    """Average how far the mean probability of a bin is from the share of positives in it."""
    return _calibration_error_by_group(_as_one_group(labels, predictions), bins=bins)[0]


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
    chance=0.0,
    grouped={1: _single_by_group(_pearson_of_groups)},
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
    chance=0.0,
    grouped={1: _single_by_group(_spearman_of_groups)},
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
    chance=0.0,
    takes="numbers",
    grouped={1: _single_by_group(_r2_of_groups)},
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
    takes="numbers",
    direction="lower",
    grouped={1: _single_by_group(_mse_of_groups)},
)
def mse(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the squared difference, in the squared unit of the labels."""
    return _first(_mse_of(_pooled(labels, predictions)))


# --- real labels: means over tracks or genes --------------------------------------------------------------------------------------------


@_declare(
    title="Mean Spearman correlation across tissues",
    formula="Spearman correlation of each tissue (track) over the genes (examples), then the mean over tissues",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2,),
    source=_CARD,
    undefined_when=f"every tissue has {_CONSTANT}",
    chance=0.0,
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
    chance=0.0,
    grouped={2: _mean_over_examples_by_group(lambda: _spearman, "gene")},
)
def mean_spearman_across_genes(labels: AnyArray, predictions: AnyArray) -> Value:
    """Average the genes' rank correlation over tissues."""
    return _mean(_spearman, labels, predictions, axis=0, noun="gene")


@_declare(
    title="Mean Pearson correlation across tracks",
    formula="Pearson correlation of each track (tissue) over all bins of all examples (genes), then the mean over tracks",
    range=(-1.0, 1.0),
    kind="real",
    ndim=(2, 3),
    source=_CARD,
    undefined_when=f"every track has {_CONSTANT}",
    chance=0.0,
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
    chance=0.0,
    grouped=dict.fromkeys((2, 3), _mean_over_examples_by_group(lambda: _pearson, "gene")),
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
    chance=0.0,
    takes="numbers",
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
    ONE_CLASS = 7
    ONE_DECISION = 8
    ZERO_PROBABILITY = 9
    NOT_ONE_IN_ALL = 10
    NO_PROBABILITY = 11


_REASONS = {
    _Why.FEW: "fewer than 2 values",
    _Why.NO_POSITIVE: "one class only: no positive label",
    _Why.NO_NEGATIVE: "one class only: no negative label",
    _Why.CONSTANT_LABELS: "constant labels",
    _Why.CONSTANT_PREDICTIONS: "constant predictions",
    _Why.OUT_OF_RANGE: "numbers too large or too close together for float64 arithmetic",
    _Why.ONE_CLASS: "one class only: no label of another",
    _Why.ONE_DECISION: "one class only is decided for",
    _Why.ZERO_PROBABILITY: "a probability of 0 for the class that the label says",
    _Why.NOT_ONE_IN_ALL: "predictions are no probabilities: those of an example do not add up to 1",
    _Why.NO_PROBABILITY: "predictions are no probabilities: some are below 0 or above 1",
}


class _Terms(NamedTuple):
    """The terms of a metric: values float64 (k,), and a `_Why` for each, int8 (k,)."""

    values: Floats
    why: NDArray[np.int8]


_Kernel = Callable[[Floats, Floats], _Terms]


def _terms(values: Floats, *undefined: tuple[_Why, NDArray[np.bool_] | np.bool_ | bool]) -> _Terms:
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


# --- confusion matrices: (…, k, k) counts, of class i decided to be j ---------------------------------------------------------------------


class ByClass(NamedTuple):
    """Terms whose mean is a metric, (…, t) float64, NaN for a class that is left out; and why it is undefined, a `_Why` of int8 (…,)."""

    terms: Floats
    why: NDArray[np.int8]


def decisions(labels: AnyArray, predictions: AnyArray, threshold: float = THRESHOLD) -> tuple[NDArray[np.int64], int]:
    """Decide each example's class.

    Args:
        labels: Classes 0 and 1 (n,), or one-hot (n, k).
        predictions: Same shape; the highest one of a row decides, the first of equal ones.
        threshold: Of a single score: 1 is decided from it on.

    Returns:
        Cell of the confusion matrix, class · k + decision, int64 (n,), and k, which is 2 for labels of one axis.

    Raises:
        BadSpec: The threshold is not finite.
    """
    _check_threshold(threshold)
    if labels.ndim == 1:
        return 2 * (labels != 0).astype(np.int64) + (predictions.astype(np.float64, copy=False) >= threshold), 2
    return labels.shape[1] * labels.argmax(axis=1) + predictions.argmax(axis=1), labels.shape[1]


def _mcc_of(counts: Floats) -> ByClass:
    n, right = counts.sum(axis=(-2, -1)), np.trace(counts, axis1=-2, axis2=-1)
    t, p = counts.sum(axis=-1), counts.sum(axis=-2)
    # whole numbers, exact up to 2⁵³
    spread_t, spread_p = n * n - (t * t).sum(axis=-1), n * n - (p * p).sum(axis=-1)
    values = np.clip((right * n - (t * p).sum(axis=-1)) / (np.sqrt(spread_t) * np.sqrt(spread_p)), -1.0, 1.0)
    terms = _terms(values, (_Why.ONE_CLASS, spread_t == 0), (_Why.ONE_DECISION, spread_p == 0))
    return ByClass(terms.values[..., np.newaxis], terms.why)


def _recall_of(counts: Floats) -> ByClass:
    occur = counts.sum(axis=-1)
    why = np.where(np.count_nonzero(occur, axis=-1) < 2, _Why.ONE_CLASS, _Why.DEFINED).astype(np.int8)
    return ByClass(np.diagonal(counts, axis1=-2, axis2=-1) / occur, why)


def _f1_of(counts: Floats) -> ByClass:
    terms = 2 * np.diagonal(counts, axis1=-2, axis2=-1) / (counts.sum(axis=-1) + counts.sum(axis=-2))
    return ByClass(terms, np.zeros(terms.shape[:-1], np.int8))


#: Metrics of a confusion matrix, and of counts (…, k, k).
OF_CONFUSION: Mapping[str, Callable[[Floats], ByClass]] = {"mcc": _mcc_of, "balanced_accuracy": _recall_of, "macro_f1": _f1_of}


# --- probabilities ----------------------------------------------------------------------------------------------------------------------


def _brier_losses(labels: Floats, probabilities: Floats) -> _Terms:
    return _terms(((labels - probabilities) ** 2)[:, 0], (_Why.NO_PROBABILITY, _is_no_share(probabilities).any(axis=1)))


def _log_losses(labels: Floats, probabilities: Floats) -> _Terms:
    if labels.shape[1] == 1:
        own, off = np.where(labels == 1, probabilities, 1 - probabilities)[:, 0], np.zeros(len(labels), np.bool_)
    else:
        own = np.take_along_axis(probabilities, labels.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
        off = np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE
    return _terms(
        0.0 - np.log(own),  # no −0
        (_Why.NO_PROBABILITY, _is_no_share(probabilities).any(axis=1)),
        (_Why.NOT_ONE_IN_ALL, off),
        (_Why.ZERO_PROBABILITY, own == 0),
    )


#: Metrics that are the mean of what each example loses, where that is defined for all: kernels over examples.
LOSSES: Mapping[str, _Kernel] = {"brier": _brier_losses, "log_loss": _log_losses}


def _is_no_share(probabilities: Floats) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = (probabilities < 0) | (probabilities > 1)
    return outside


def calibration(labels: AnyArray, probabilities: AnyArray, n_bins: int) -> tuple[Floats, NDArray[np.bool_], NDArray[np.int64]]:
    """Say how far each example's label is from its probability, and in which bin it counts.

    Args:
        labels: Classes 0 and 1, (n,).
        probabilities: Of label 1, (n,).
        n_bins: Bins of equal width: the first is 0 … 1/n_bins, closed; the others are open below and closed above.

    Returns:
        Label − probability, float64 (n,); which probabilities are below 0 or above 1, bool (n,); bins from 0, int64 (n,).
    """
    p = probabilities.astype(np.float64, copy=False)
    return labels.astype(np.float64) - p, _is_no_share(p), np.searchsorted(np.linspace(0, 1, n_bins + 1)[1:-1], p)


def bins_of(bins: float) -> int:
    """Read how many bins there are.

    Raises:
        BadSpec: Other than a whole number from 1 to 10,000.
    """
    if not (1 <= bins <= 10_000 and bins == int(bins)):
        raise BadSpec(f"calibration_error: bins {bins}; expected a whole number from 1 to 10,000")
    return int(bins)


def _as_one_group(labels: AnyArray, predictions: AnyArray) -> Grouped:
    return Grouped(Pair(labels, predictions), Groups.whole(len(labels)))


def _beside_prevalence(value: Value, share: float) -> Value:
    """Note the share of positives beside an average precision: what it is by chance."""
    if value.value is None:
        return value
    noted = f"{'mean ' if value.n_terms > 1 else ''}prevalence {share:.3g}"
    return Value(value.value, None, "; ".join(part for part in (noted, value.note) if part), value.n_terms)


class _Sums(NamedTuple):
    """What Pearson, R² and MSE are made of, for each of k rows; index 0 of a side is the labels, 1 the predictions."""

    n: NDArray[np.int64]  # (k,): numbers in a row
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
    return _Sums(np.full(len(y), y.shape[1]), low, high, products, ss_residual), means


def _pooled(labels: AnyArray, predictions: AnyArray) -> _Sums:
    """Sum up all numbers as one row, block by block.

    A sum about the common mean is the blocks' own sums plus n·(shift of the block's mean)² each (Chan, Golub & LeVeque 1983,
    doi:10.1080/00031305.1983.10483115).
    """
    pairs = [_sums(y.reshape(1, -1), p.reshape(1, -1)) for y, p in _blocks(labels, predictions, axis=0)]
    blocks = [sums for sums, _ in pairs]
    means = np.concatenate([means for _, means in pairs], axis=2)  # (2 parts, 2 sides, blocks)
    n = np.concatenate([block.n for block in blocks]).astype(np.float64)
    shift = (means - means[:, :, :1]).sum(axis=0)  # from the first block's mean: part by part, so that large means swallow nothing
    shift -= (shift @ n / n.sum())[:, np.newaxis]
    between = np.stack([n @ (shift[a] * shift[b]) for a, b in ((0, 0), (1, 1), (0, 1))])
    return _Sums(
        n=np.sum([block.n for block in blocks], axis=0),
        low=np.min([block.low for block in blocks], axis=0),
        high=np.max([block.high for block in blocks], axis=0),
        products=np.sum([block.products for block in blocks], axis=0) + between[:, np.newaxis],
        ss_residual=np.sum([block.ss_residual for block in blocks], axis=0),
    )


def _sums_by_group(groups: Groups, y: Floats, p: Floats) -> _Sums:
    """Sum up each group about its mean, as `_sums` does for rows; y and p (n,) lie in the order of the groups and are overwritten."""
    starts, sizes = groups.starts, groups.sizes
    work = y - p
    np.multiply(work, work, out=work)
    ss_residual = np.add.reduceat(work, starts)
    low, high = (np.stack([extreme.reduceat(x, starts) for x in (y, p)]) for extreme in (np.minimum, np.maximum))
    for x in (y, p):
        for _ in range(2):  # the second mean is what the first one, rounded, left over
            np.subtract(x, np.repeat(np.add.reduceat(x, starts) / sizes, sizes), out=x)
    return _Sums(sizes, low, high, _products_by_group(groups, y, p), ss_residual)


def _products_by_group(groups: Groups, y: Floats, p: Floats) -> Floats:
    """Sum up Σy², Σp² and Σyp of each group, (3, g)."""
    return np.stack([np.add.reduceat(a * b, groups.starts) for a, b in ((y, y), (p, p), (y, p))])


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


def _mse_of(sums: _Sums) -> _Terms:
    return _terms(sums.ss_residual / sums.n)


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
    return _values(terms)[0]


def _values(terms: _Terms) -> list[Value]:
    """Turn each term into a value."""
    return [
        Value(value) if why == _Why.DEFINED else Value(None, _REASONS[_Why(why)], n_terms=0)
        for value, why in zip(terms.values.tolist(), terms.why.tolist(), strict=True)
    ]


def _all_terms(kernel: _Kernel, labels: AnyArray, predictions: AnyArray, axis: int) -> _Terms:
    """Run a kernel on all terms, block by block."""
    parts = [kernel(y, p) for y, p in _blocks(labels, predictions, axis)]
    values, why = (np.concatenate([part[side] for part in parts]) for side in range(2))
    return _Terms(values, why)


def _mean(kernel: _Kernel, labels: AnyArray, predictions: AnyArray, *, axis: int, noun: str) -> Value:
    """Average a kernel's terms along an axis."""
    return _mean_of(_all_terms(kernel, labels, predictions, axis), noun)


def _mean_of(terms: _Terms, noun: str) -> Value:
    """Average the terms that are defined, and say how many are not and why."""
    values, why = terms
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


def _is_not_one_hot(array: AnyArray) -> NDArray[np.bool_]:
    other: NDArray[np.bool_] = np.count_nonzero(array, axis=1) != 1
    return other


def _is_marked(labels: AnyArray, predictions: AnyArray) -> NDArray[np.bool_]:
    """Tell which examples have their highest score at a class that the label marks, bool (n,)."""
    marked: NDArray[np.bool_] = np.take_along_axis(labels, predictions.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0] != 0
    return marked


def _check_threshold(threshold: float) -> None:
    if not math.isfinite(threshold):
        raise BadSpec(f"threshold {threshold}; expected a finite number")


def _has_no_log1p(array: AnyArray) -> NDArray[np.bool_]:
    return ~((array > -1) & np.isfinite(array))
