"""Intervals that follow from a formula: DeLong for AUROC, Fisher's z for Pearson, Bonett & Wright for Spearman, Wilson for shares.

All take the examples to be independent of each other; where examples come in clusters (variants of one gene, of one LD block), the
bootstrap by cluster holds (:mod:`lrbstore.resampling`). An interval that does not exist has a reason, never the ends of the range.

Simulated 1,000 times each (``tests/benchmarks/interval_coverage.py``), those of 95 % hold the truth in 93 to 97 % for 50 to 1,000
examples, DeLong's from 10 positives on: with fewer it holds 96 to 99 %, or does not exist, and has ``too_few`` in its note. Fisher's and
Bonett & Wright's take the two numbers to be jointly normal: where they are far from it (counts, a few very large numbers) the bootstrap
is the one to trust.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrbstore.errors import BadSpec
from lrbstore.metrics import Grouped, Metric, Value
from lrbstore.ranks import Groups, Ordinals

Floats = NDArray[np.float64]

LEVEL = 0.95  #: Share of intervals that should hold the truth, unless told otherwise.
MIN_N = 30  #: Examples that a comparison should stand on, at least.
MIN_CLASS = 10  #: Positives, and negatives, that a comparison of classes should stand on, at least.


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval, or why there is none.

    Attributes:
        low: Lower end; None where there is no interval.
        high: Upper end; None likewise.
        method: How it was made, in a few words: ``DeLong (logit)``, ``bootstrap by cluster, …``.
        level: Share of such intervals that should hold the truth.
        reason: Why there is none; None when there is one.
        note: What a reader must know beside it; begins with ``too_few`` or ``few_clusters`` where one of those rules applies.
    """

    low: float | None
    high: float | None
    method: str
    level: float
    reason: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if len(ends) != (0 if self.reason is not None else 2) or not all(map(math.isfinite, ends)) or ends != sorted(ends):
            raise BadSpec(f"interval from {self.low!r} to {self.high!r} with reason {self.reason!r}: expected two finite ends, or a reason")


def check_level(level: float) -> float:
    """See that a level is a share.

    Raises:
        BadSpec: It is not above 0 and below 1.
    """
    if not 0 < level < 1:
        raise BadSpec(f"level {level!r}: expected a share above 0 and below 1, such as 0.95")
    return level


def too_few(n: int, n_pos: int | None = None, n_neg: int | None = None, *, min_n: int = MIN_N, min_class: int = MIN_CLASS) -> str | None:
    """Say whether a stratum is too small to be compared.

    Args:
        n: Examples.
        n_pos: Positives, of a binary label.
        n_neg: Negatives likewise.
        min_n: Examples that are enough.
        min_class: Positives, and negatives, that are enough.

    Returns:
        ``too_few: …``, or None where the stratum is large enough. A flag: numbers of such a stratum are shown all the same.
    """
    counted = [(n, "example", min_n)]
    if n_pos is not None and n_neg is not None:
        counted += [(n_pos, "positive", min_class), (n_neg, "negative", min_class)]
    short = [f"{found:,} {what}{'' if found == 1 else 's'} (below {least:,})" for found, what, least in counted if found < least]
    return f"too_few: {', '.join(short)}" if short else None


# --- distributions ----------------------------------------------------------------------------------------------------------------------


def normal_quantile(probability: float) -> float:
    """Give the standard normal number that this share lies below."""
    return statistics.NormalDist().inv_cdf(probability)


def normal_p(z: float) -> float:
    """Give the two-sided p of a standard normal number, exact far out."""
    return math.erfc(abs(z) / math.sqrt(2))


def student_p(t: float, freedom: float) -> float:
    """Give the two-sided p of a number that follows Student's t.

    Args:
        t: The number.
        freedom: Degrees of freedom, above 0.

    Returns:
        I_x(ν/2, ½) at x = ν/(ν+t²), the regularised incomplete beta function (Abramowitz & Stegun 26.7.1), to about 13 digits.
    """
    share = t * t / freedom
    if not math.isfinite(share):
        return 0.0
    return _incomplete_beta(freedom / 2, share)


@functools.lru_cache(maxsize=4096)
def student_quantile(probability: float, freedom: float) -> float:
    """Give the number that this share of Student's t lies below.

    Args:
        probability: Above 0 and below 1.
        freedom: Degrees of freedom, above 0.

    Returns:
        The quantile, by bisection of `student_p`, to the last digits.
    """
    tail = 2 * min(probability, 1 - probability)
    low, high = 0.0, 1.0
    while student_p(high, freedom) > tail:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in {low, high}:
        low, high = (middle, high) if student_p(middle, freedom) > tail else (low, middle)
    return math.copysign(low, probability - 0.5)


def freedom(n: int, n_pos: int | None = None, n_neg: int | None = None) -> float:
    """Give the degrees of freedom of a spread that is estimated from n independent units.

    Args:
        n: Examples, or clusters.
        n_pos: Those with a positive, of a binary label.
        n_neg: Those with a negative likewise.

    Returns:
        n − 1; of a binary label no more than Satterthwaite's for two classes that vary alike, (1/P + 1/N)² / (1/(P²(P−1)) + 1/(N²(N−1))),
        which is the rarer class's where it is rare: a thousand examples with ten positives say as little about the spread as ten do.
        0 where nothing can be estimated.
    """
    if n_pos is None or n_neg is None:
        return max(n - 1, 0)
    if min(n_pos, n_neg) < 2:
        return 0
    of_classes = (1 / n_pos + 1 / n_neg) ** 2 / (1 / (n_pos**2 * (n_pos - 1)) + 1 / (n_neg**2 * (n_neg - 1)))
    return min(n - 1, of_classes)


def _incomplete_beta(a: float, odds: float) -> float:
    """Compute I_x(a, ½) at x = 1/(1 + odds) by its continued fraction (Didonato & Morris 1992, doi:10.1145/131766.131776, eq. 9)."""
    if odds <= 0:
        return 1.0
    x, rest = 1 / (1 + odds), odds / (1 + odds)
    front = math.exp(-a * math.log1p(odds)) * math.sqrt(rest / math.pi) * _gamma_ratio(a)
    if x < (a + 1) / (a + 2.5):
        return front * _continued_fraction(a, 0.5, x, rest)
    return 1 - front * _continued_fraction(0.5, a, rest, x)


def _gamma_ratio(a: float) -> float:
    """Compute Γ(a + ½) / Γ(a): step by step up to where its asymptotic series holds (Tricomi & Erdélyi 1951), which no lgamma does."""
    found = 1.0
    while a < 60:
        found *= a / (a + 0.5)
        a += 1
    inverse = 1 / (8 * a)
    series = functools.reduce(lambda total, coefficient: coefficient + total * inverse, (54.3125, -49.875, -2.625, 2.5, 0.5, -1.0, 1.0))
    return found * math.sqrt(a) * series


def _continued_fraction(a: float, b: float, x: float, rest: float) -> float:
    """Evaluate it forwards (Lentz's method): nothing in it is a difference of near numbers, however large a and b are."""
    tiny, ahead = 1e-300, a * rest - b * x
    c, d, found = tiny, 0.0, tiny
    for n in range(10_000):
        over = (a + n - 1) * (a + b + n - 1) * n * (b - n) * (x / (a + 2 * n - 1)) ** 2 if n else 1.0
        under = n + (n * (b - n) * x / (a + 2 * n - 1) if n else 0.0) + (a + n) / (a + 2 * n + 1) * (ahead + 1 + n * (1 + rest))
        d = 1 / _away(under + over * d, tiny)
        c = _away(under + over / c, tiny)
        found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found


def _away(number: float, tiny: float) -> float:
    return number if abs(number) > tiny else tiny


# --- scales -----------------------------------------------------------------------------------------------------------------------------


def scale_of(ends: tuple[float, float]) -> str:
    """Name the scale on which a number between these ends has none: ``logit`` of two ends, ``log`` of one, ``identity`` of none."""
    return ("identity", "log", "logit")[sum(map(math.isfinite, ends))]


def reach(value: float, half: float, ends: tuple[float, float]) -> tuple[float, float]:
    """Give the interval that reaches as far as this to both sides, on a scale without ends, brought back.

    Args:
        value: The estimate, within the ends.
        half: How far, in units of the value.
        ends: Lowest and highest possible value, ±inf where open.

    Returns:
        g⁻¹(g(value) ± half·g′(value)), low first: with g the logit of the share of the way between two ends (of a correlation twice
        Fisher's z), the logarithm of the distance from a single one, and the number itself where both are open.
    """
    low, high = ends
    up, down = value - low, high - value
    factor = math.exp(min(half / up + half / down, 600.0))  # of the odds, or of the distance from the only end
    if math.isinf(up) and math.isinf(down):
        found = value - half, value + half
    elif math.isinf(down):
        found = low + up / factor, low + up * factor
    elif math.isinf(up):
        found = high - down * factor, high - down / factor
    else:
        odds = up / down
        found = low + (high - low) * (odds / (odds + factor)), low + (high - low) * (odds / (odds + 1 / factor))
    return min(found[0], value), max(found[1], value)  # rounding may leave the value out by a little


# --- DeLong -----------------------------------------------------------------------------------------------------------------------------


def placements(groups: Groups, scores: Ordinals, positive: NDArray[np.bool_]) -> Floats:
    """Give the share of the other class, within the group, that each example lies on the right side of; ties count ½.

    The structural components V10 and V01 of DeLong et al. 1988 (doi:10.2307/2531595), from one sort instead of all pairs (Sun & Xu 2014,
    doi:10.1109/LSP.2014.2337313). The mean over the positives of a group is its AUROC, and so is that over its negatives.

    Args:
        groups: Of n examples, at least one.
        scores: The model's numbers, of the same examples.
        positive: Which of them are positive, bool (n,).

    Returns:
        Shares, float64 (n,); NaN where the group has no example of the other class.
    """
    key = (groups.codes.astype(np.int64) << scores.bits) | scores.ordinals
    order = np.argsort(key)
    key = key[order]
    hits = positive[order]
    opens = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    sizes = np.diff(opens, append=len(key))
    found = np.empty(len(key))
    halves = {}
    for is_positive in (True, False):
        own = hits == is_positive
        up_to = np.append(0, np.cumsum(own))
        # Twice those below the tie, plus those in it: whole numbers.
        doubled = np.repeat(up_to[opens] + up_to[opens + sizes], sizes)
        first = np.repeat(up_to[groups.starts], groups.sizes)
        total = np.repeat(np.diff(up_to[np.append(groups.starts, len(key))]), groups.sizes)
        halves[is_positive] = (doubled - 2 * first, total)
    with np.errstate(invalid="ignore", divide="ignore"):
        below, total = halves[False]
        found[hits] = (below / (2 * total))[hits]
        below, total = halves[True]
        found[~hits] = (1 - below / (2 * total))[~hits]
    out = np.empty(len(key))
    out[order] = found
    return out


class DeLong(NamedTuple):
    """AUROC of m models in g groups, and how they vary together; NaN where a class has no example, or fewer than 2 for the covariance."""

    auroc: Floats  # (m, g)
    covariance: Floats  # (m, m, g)
    n_pos: NDArray[np.int64]  # (g,)
    n_neg: NDArray[np.int64]  # (g,)


def delong(groups: Groups, scores: Sequence[Ordinals], positive: NDArray[np.bool_]) -> DeLong:
    """Estimate the covariance of the AUROC of several models over the same examples, in every group.

    Args:
        groups: Of n examples, at least one.
        scores: Each model's numbers, of the same examples.
        positive: Which of them are positive, bool (n,).

    Returns:
        Estimates for all groups, empty ones included.
    """
    n_models, n_groups = len(scores), groups.n_groups
    shares = [placements(groups, own, positive) for own in scores]
    counts = {is_positive: np.bincount(groups.codes[positive == is_positive], minlength=n_groups) for is_positive in (True, False)}
    auroc = np.full((n_models, n_groups), np.nan)
    covariance = np.zeros((n_models, n_models, n_groups))
    with np.errstate(invalid="ignore", divide="ignore"):
        for is_positive, n in counts.items():
            own = positive == is_positive
            codes = groups.codes[own]
            apart = []
            for model, share in enumerate(shares):
                mean = np.bincount(codes, share[own], minlength=n_groups) / n
                rest = share[own] - mean[codes]
                apart.append(rest - (np.bincount(codes, rest, minlength=n_groups) / n)[codes])
                if is_positive:
                    auroc[model] = mean
            for a in range(n_models):
                for b in range(a, n_models):
                    s = np.bincount(codes, apart[a] * apart[b], minlength=n_groups) / np.where(n > 1, n - 1, np.nan) / n
                    covariance[a, b] += s
                    if a != b:
                        covariance[b, a] = covariance[a, b]
    auroc[:, (counts[True] == 0) | (counts[False] == 0)] = np.nan
    return DeLong(auroc, covariance, counts[True].astype(np.int64), counts[False].astype(np.int64))


def delong_interval(auroc: float, variance: float, n_pos: int, n_neg: int, level: float = LEVEL) -> Interval:
    """Give the interval of an AUROC from DeLong's variance, on the scale of the logit, so that it stays within 0 and 1.

    Args:
        auroc: The estimate; NaN where there is none.
        variance: Its variance.
        n_pos: Positives.
        n_neg: Negatives.
        level: Share of such intervals that should hold the truth.

    Returns:
        logit(A) ± t·√V / (A(1−A)), brought back (Pepe 2003, The Statistical Evaluation of Medical Tests, §5.2.4), with Student's t for
        the `freedom` of the classes: with the normal's quantile, ten positives give 91 % where 95 % are meant. No interval where a class
        has fewer than 2 examples, or where the classes are wholly apart: the variance is estimated as 0 there, which it is not.
    """
    method = "DeLong (logit)"
    if n_pos < 2 or n_neg < 2:
        short = "positives" if n_pos < 2 else "negatives"
        return Interval(None, None, method, level, f"fewer than 2 {short}")
    if auroc in {0.0, 1.0}:
        return Interval(None, None, method, level, f"AUROC is {auroc:g}: no pair of a positive and a negative varies")
    if not variance > 0:
        return Interval(None, None, method, level, "no placement varies")
    half = student_quantile((1 + level) / 2, freedom(n_pos + n_neg, n_pos, n_neg)) * math.sqrt(variance)
    return Interval(*reach(auroc, half, (0.0, 1.0)), method, level, note=too_few(n_pos + n_neg, n_pos, n_neg))


# --- correlations and shares ------------------------------------------------------------------------------------------------------------


def fisher_interval(correlation: float, n: int, level: float = LEVEL, *, spearman: bool = False) -> Interval:
    """Give the interval of a correlation by Fisher's z.

    Args:
        correlation: Pearson's r, or Spearman's ρ.
        n: Independent pairs that it is over.
        level: Share of such intervals that should hold the truth.
        spearman: It is Spearman's ρ.

    Returns:
        tanh(atanh(r) ± z·√V) with V = 1/(n−3) (Fisher 1921), and (1 + ρ²/2)/(n−3) for Spearman (Bonett & Wright 2000,
        doi:10.1007/BF02294183); no interval for n ≤ 3 or a correlation of exactly ±1.
    """
    method = "Fisher z, Bonett-Wright" if spearman else "Fisher z"
    if n <= 3:
        return Interval(None, None, method, level, f"{n} examples; more than 3 are needed")
    if abs(correlation) >= 1:
        return Interval(None, None, method, level, f"the correlation is {correlation:g}: no pair leaves the line")
    half = normal_quantile((1 + level) / 2) * math.sqrt((1 + correlation**2 / 2 if spearman else 1) / (n - 3))
    centre = math.atanh(correlation)
    return Interval(math.tanh(centre - half), math.tanh(centre + half), method, level, note=too_few(n))


def wilson_interval(share: float, n: int, level: float = LEVEL) -> Interval:
    """Give the interval of a share of n independent examples (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Args:
        share: The share found.
        n: Examples, at least one.
        level: Share of such intervals that should hold the truth.

    Returns:
        The interval, which exists for shares of 0 and 1 too.
    """
    if n < 1:
        return Interval(None, None, "Wilson", level, "no examples")
    z2 = normal_quantile((1 + level) / 2) ** 2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low, high = max(0.0, centre - half), min(1.0, centre + half)  # rounding may leave the range by a little
    return Interval(min(low, share), max(high, share), "Wilson", level, note=too_few(n))


# --- of metrics, in groups --------------------------------------------------------------------------------------------------------------


def _of_auroc(grouped: Grouped, values: Sequence[Value], level: float) -> list[Interval]:
    del values
    found = delong(grouped.groups, [grouped.pair.ordinals[1]], grouped.pair.labels != 0)
    rows = zip(found.auroc[0].tolist(), found.covariance[0, 0].tolist(), found.n_pos.tolist(), found.n_neg.tolist(), strict=True)
    return [delong_interval(*row, level) for row in rows]


def _of_correlation(grouped: Grouped, values: Sequence[Value], level: float, *, spearman: bool = False) -> list[Interval]:
    counts = grouped.groups.counts.tolist()
    return [fisher_interval(value.value or 0.0, n, level, spearman=spearman) for value, n in zip(values, counts, strict=True)]


def _of_share(grouped: Grouped, values: Sequence[Value], level: float) -> list[Interval]:
    found = [wilson_interval(value.value or 0.0, n, level) for value, n in zip(values, grouped.groups.counts.tolist(), strict=True)]
    if grouped.pair.labels.ndim > 1:
        return found
    positive = grouped.pair.labels != 0
    counts = zip(*(grouped.groups.count(own).tolist() for own in (positive, ~positive)), strict=True)
    return [dataclasses.replace(own, note=too_few(sum(n), *n)) for own, n in zip(found, counts, strict=True)]


#: Metrics with a formula, by the number of axes of their labels: never over bins or tracks, as those of an example are not independent.
ANALYTIC: Mapping[tuple[str, int], tuple[str, Callable[[Grouped, Sequence[Value], float], list[Interval]]]] = {
    ("auroc", 1): ("DeLong (logit)", _of_auroc),
    ("pearson", 1): ("Fisher z", _of_correlation),
    ("spearman", 1): ("Fisher z, Bonett-Wright", functools.partial(_of_correlation, spearman=True)),
    ("accuracy", 1): ("Wilson", _of_share),
    ("class_accuracy", 2): ("Wilson", _of_share),
}


def analytic_intervals(known: Metric, grouped: Grouped, values: Sequence[Value], level: float = LEVEL) -> list[Interval]:
    """Give the interval of a metric in each group by its formula.

    Args:
        known: The metric.
        grouped: Checked labels and predictions, and the groups.
        values: The metric's value in each group, empty ones included, as `by_group` gives them.
        level: Share of such intervals that should hold the truth.

    Returns:
        An interval for each group; where the value is undefined, none, for the value's reason.

    Raises:
        BadSpec: The metric has no formula for labels of that many axes (`ANALYTIC` lists them): use the bootstrap. A level that is no
            share.
    """
    check_level(level)
    if (known.name, grouped.pair.labels.ndim) not in ANALYTIC:
        have = ", ".join(sorted({name for name, _ in ANALYTIC}))
        raise BadSpec(
            f"metric {known.name} over {grouped.pair.labels.ndim} axes has no interval by formula (those have: {have}); use the bootstrap"
        )
    method, form = ANALYTIC[known.name, grouped.pair.labels.ndim]
    if not grouped.pair.labels.size:
        return [Interval(None, None, method, level, value.reason or "no examples") for value in values]
    found = form(grouped, values, level)
    return [
        interval if value.reason is None else Interval(None, None, method, level, value.reason)
        for value, interval in zip(values, found, strict=True)
    ]
