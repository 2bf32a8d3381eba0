"""Which model is better, and whether that stands up: paired differences, adjusted for how many there are, and ranks with ties.

A difference is always of two models on the same rows. Its interval and its p are one statement: p < 1 − level exactly where the interval
leaves out 0. p is two-sided, against no difference:

* by bootstrap: d / s, with s the standard deviation of the difference over the replicates, against Student's t with the degrees of freedom
  of the clusters, or of the rarer class (:func:`lrbstore.intervals.freedom`); the interval is d ± t·s. (A p counted from R replicates
  cannot fall below 2/(R+1), and none would survive an adjustment over a hundred strata; the difference of two numbers of the same rows is
  near normal where the numbers themselves are not.)
* by DeLong: d / √(V(A) + V(B) − 2·Cov(A, B)) against Student's t likewise; the interval is d ± t·√(…).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lrbstore.errors import BadSpec
from lrbstore.intervals import LEVEL, Interval, check_level, delong, freedom, student_p, student_quantile, too_few
from lrbstore.metrics import Direction
from lrbstore.ranks import Groups, Ordinals
from lrbstore.resampling import MIN_CLUSTERS, Resampled

Floats = NDArray[np.float64]

ALPHA = 0.05  #: Share of false findings that an adjusted p is held against.


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher one model's metric is than another's, in one group.

    Attributes:
        group: Which group, from 0.
        a: One model.
        b: The other.
        value: The metric of ``a`` less that of ``b``; None where either is undefined.
        interval: Of the difference; its note begins with ``too_few`` or ``few_clusters`` where one of those rules applies.
        p: Two-sided, as the module says; None where there is no interval.
        p_holm: Adjusted by Holm: so that any false finding at all is as rare as it says.
        p_bh: Adjusted by Benjamini & Hochberg: so that false findings are as rare among the findings.
    """

    group: int
    a: str
    b: str
    value: float | None
    interval: Interval
    p: float | None
    p_holm: float | None = None
    p_bh: float | None = None


def differences_by_bootstrap(
    models: Sequence[str], resampled: Resampled, *, level: float = LEVEL, least: int = MIN_CLUSTERS
) -> list[Difference]:
    """Compare every pair of models in every group on the same replicates.

    Args:
        models: Names, in the order of ``resampled``.
        resampled: One metric over one grouping.
        level: Share of the intervals that should hold the truth.
        least: Clusters below which there is no interval.

    Returns:
        Differences, group by group, in the order of the models, not adjusted yet (:func:`adjusted`).
    """
    check_level(level)
    found = []
    said = f"paired bootstrap by {resampled.unit}, Student t, {resampled.replicates.shape[2]:,} replicates"
    for group in range(resampled.values.shape[1]):
        for a, b in itertools.combinations(range(len(models)), 2):
            value, interval, p = _by_bootstrap(resampled, group, a, b, level, least, said)
            found.append(Difference(group, models[a], models[b], value, interval, p))
    return found


def _by_bootstrap(
    resampled: Resampled, group: int, a: int, b: int, level: float, least: int, said: str
) -> tuple[float | None, Interval, float | None]:
    for model in (a, b):
        if (reason := resampled.reasons[model][group]) is not None:
            return None, Interval(None, None, said, level, reason, resampled.notes[group]), None
    value = float(resampled.values[a, group] - resampled.values[b, group])
    both = resampled.replicates[a, group] - resampled.replicates[b, group]
    both = both[np.isfinite(both)]
    note, reason = resampled.left_out(len(both), group)
    reason = resampled.refused(group, least) or reason
    if reason is not None:
        return value, Interval(None, None, said, level, reason, note), None
    error = float(both.std(ddof=1))
    if error <= abs(value) * 1e-9:  # replicates that do not vary; a model against itself is the case of no difference
        if value == 0:
            return value, Interval(0.0, 0.0, said, level, note=note), 1.0
        return value, Interval(None, None, said, level, "no replicate differs from another", note), None
    degrees = float(resampled.freedom[group])
    half = student_quantile((1 + level) / 2, degrees) * error
    return value, Interval(value - half, value + half, said, level, note=note), student_p(value / error, degrees)


def differences_by_delong(
    models: Sequence[str], groups: Groups, scores: Sequence[Ordinals], positive: NDArray[np.bool_], *, level: float = LEVEL
) -> list[Difference]:
    """Compare the AUROC of every pair of models in every group by DeLong's covariance; examples are taken to be independent.

    Args:
        models: Names.
        groups: Of n examples, at least one.
        scores: Each model's numbers, of the same examples.
        positive: Which examples are positive, bool (n,).
        level: Share of the intervals that should hold the truth.

    Returns:
        Differences, group by group, in the order of the models, not adjusted yet (:func:`adjusted`).
    """
    check_level(level)
    said = "paired DeLong, Student t"
    covered = delong(groups, scores, positive)
    found = []
    for group in range(groups.n_groups):
        n_pos, n_neg = int(covered.n_pos[group]), int(covered.n_neg[group])
        note = too_few(n_pos + n_neg, n_pos, n_neg)
        for a, b in itertools.combinations(range(len(models)), 2):
            value = float(covered.auroc[a, group] - covered.auroc[b, group])
            v = covered.covariance[:, :, group]
            variance = float(v[a, a] + v[b, b] - 2 * v[a, b])
            none: str | None = None
            if math.isnan(value):
                none = "one class only"
            elif min(n_pos, n_neg) < 2:
                none = f"fewer than 2 {'positives' if n_pos < 2 else 'negatives'}"
            elif not variance > 1e-15 * float(v[a, a] + v[b, b]) and value != 0:
                none = "no placement varies"
            if none is not None:
                known = None if math.isnan(value) else value
                found.append(Difference(group, models[a], models[b], known, Interval(None, None, said, level, none, note), None))
                continue
            error = math.sqrt(max(variance, 0.0))
            degrees = freedom(n_pos + n_neg, n_pos, n_neg)
            half = student_quantile((1 + level) / 2, degrees) * error
            p = student_p(value / error, degrees) if value != 0 else 1.0
            interval = Interval(value - half, value + half, said, level, note=note)
            found.append(Difference(group, models[a], models[b], value, interval, p))
    return found


# --- many at once -----------------------------------------------------------------------------------------------------------------------


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p by Holm's step-down (Holm 1979): the chance of any false finding, under any dependence.

    Raises:
        BadSpec: Numbers other than shares.
    """
    return _stepwise(p, lambda ranks, n: n - ranks + 1, np.maximum.accumulate)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjust p by Benjamini & Hochberg's step-up (1995): the expected share of false findings, under independence or positive dependence.

    Raises:
        BadSpec: Numbers other than shares.
    """
    return _stepwise(p, lambda ranks, n: n / ranks, lambda ascending: np.minimum.accumulate(ascending[::-1])[::-1])


def _stepwise(p: Sequence[float], factor: Callable[[Floats, int], Floats], run: Callable[[Floats], Floats]) -> list[float]:
    given = np.asarray(p, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise BadSpec(f"{np.count_nonzero(~((given >= 0) & (given <= 1))):,} of {given.size:,} p are not between 0 and 1")
    order = np.argsort(given, kind="stable")
    n = len(given)
    scaled = run(given[order] * factor(np.arange(1, n + 1, dtype=np.float64), n))
    out = np.empty(n)
    out[order] = np.minimum(scaled, 1.0)
    return out.tolist()


def adjusted(differences: Iterable[Difference]) -> list[Difference]:
    """Adjust p over all differences given, as one family: strata and pairs of models, of one metric or of all that are shown together.

    Args:
        differences: Of any groups and pairs; those without a p stay without, and do not count.

    Returns:
        The same, in their order, with `p_holm` and `p_bh`.
    """
    given = list(differences)
    tested = [i for i, d in enumerate(given) if d.p is not None]
    p = [d.p for d in given if d.p is not None]
    for i, p_holm, p_bh in zip(tested, holm(p), benjamini_hochberg(p), strict=True):
        given[i] = dataclasses.replace(given[i], p_holm=p_holm, p_bh=p_bh)
    return given


def tie_groups(
    values: Mapping[str, float | None], differences: Iterable[Difference], direction: Direction, *, alpha: float = ALPHA
) -> dict[str, int | None]:
    """Rank models so that those which cannot be told apart share a rank.

    From the best model downwards, a model joins the group if its p against the group's best, adjusted by Holm, is above ``alpha``, or if
    there is none (nothing tells them apart); otherwise it opens the next group and is that group's best. So a model may differ from a
    member of its own group that is not the best, and need not differ from the next group's.

    Args:
        values: Each model's metric in one stratum.
        differences: Adjusted differences of that stratum, of every pair.
        direction: Whether higher or lower is better.
        alpha: As above.

    Returns:
        The number of each model's group, 1 for that of the best; None where its metric is undefined.

    Raises:
        BadSpec: A pair is missing, there twice (differences of several strata), or not adjusted; an alpha that is no share.
    """
    if not 0 < alpha < 1:
        raise BadSpec(f"tie groups: alpha {alpha!r}; expected a share above 0 and below 1, such as {ALPHA}")
    pairs: dict[frozenset[str], Difference] = {}
    for d in differences:
        if pairs.setdefault(frozenset((d.a, d.b)), d) is not d:
            raise BadSpec(f"tie groups: {d.a} and {d.b} are compared twice; expected the differences of one stratum and one metric")
    sign = -1 if direction == "higher" else 1
    found: dict[str, int | None] = dict.fromkeys(values)
    best, group = "", 0
    for model, _ in sorted(((m, v) for m, v in values.items() if v is not None), key=lambda mv: sign * mv[1]):
        if group == 0 or _differ(pairs, model, best, alpha):
            best, group = model, group + 1
        found[model] = group
    return found


def _differ(pairs: Mapping[frozenset[str], Difference], model: str, best: str, alpha: float) -> bool:
    d = pairs.get(frozenset((model, best)))
    if d is None:
        raise BadSpec(f"tie groups: {model} and {best} are not compared; expected a difference of every pair")
    if d.p is None:
        return False
    if d.p_holm is None:
        raise BadSpec("tie groups: differences are not adjusted; call adjusted() over all strata and pairs first")
    return d.p_holm <= alpha
