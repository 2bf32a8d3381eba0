"""Retrieval: whether the nearest neighbours of an example, by a model's representations, have its label.

The score is the precision at k: the share of the k nearest reference examples that have the query's label, averaged over queries (GV-Rep
indexes variants likewise and reads the labels of what a verified one is near to: Li et al. 2024, arXiv 2407.16940). Beside it stands what
neighbours drawn blindly would give. Search is exact (:mod:`lrbstore.neighbours`), and rows have the columns of table ``score``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, IncompletePredictions
from lrbstore.intervals import LEVEL, Interval, check_level, too_few, wilson_interval
from lrbstore.neighbours import check_metric, k_nearest
from lrbstore.predictions import ID
from lrbstore.ranks import Groups
from lrbstore.representations import VARIANT, Kept, kept_set, kept_sets
from lrbstore.scoring import Cut, clusters_of, cut_into_strata, examples, interval_columns, score_table
from lrbstore.strata import stratifiers

PRECISION, CHANCE = "knn_precision", "knn_precision_by_chance"
_HELD = 1 << 26  #: Bytes of queries that are searched at a time.

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Side:
    """Queries, or references: those examples that have a label and a vector.

    Attributes:
        dataset: What they are of.
        kept: Their vectors.
        rows: int64 (n,): which examples of the data set they are.
        places: int64 (n,): where their vectors lie.
        labels: Text (n,).
        are_own: The labels are the task's own.
        keys: What references must not share with a query, by name: text (n,).
        n_missing: Examples without a vector.
        n_unlabelled: Examples without a label.
    """

    dataset: Dataset
    kept: Kept
    rows: Integers
    places: Integers
    labels: pl.Series
    are_own: bool
    keys: dict[str, pl.Series]
    n_missing: int
    n_unlabelled: int


def retrieve(
    queries: Dataset,
    references: Dataset,
    model: str,
    *,
    k: int = 10,
    layer: str | None = None,
    metric: str | None = None,
    by: str | Sequence[str] = (),
    label: str | None = None,
    apart: str | Sequence[str] | None = None,
    allow_missing: bool = False,
    cluster: str | None = None,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Score a model's representations by the labels of nearest neighbours.

    The vectors of a side are those kept for its task, or those kept for variants where it has none.

    Args:
        queries: The examples whose neighbours are looked for.
        references: The examples that are looked among: of another split, or of another task with the same classes.
        model: Whose representations.
        k: How many neighbours.
        layer: Which of the model's, if there are several.
        metric: ``cosine`` or ``euclidean``; the one that the set advises if nothing is said.
        by: Stratifiers of the queries.
        label: A column of both sides' examples whose values are compared as words; the task's own label if nothing is said. Where it is
            null an example is left out, and counted.
        apart: Columns whose value a query must not share with its neighbours, for they would tell of each other: ``gene_symbol``. If
            nothing is said, ``variant_id`` where both sides have it. A query is never its own neighbour.
        allow_missing: Score the queries that have a vector, among the references that have one; queries without one are counted in
            ``n_missing``.
        cluster: Column of the queries whose values are taken to be drawn as a whole, for the interval.
        level: Share of such intervals that should hold the truth.

    Returns:
        For each stratum, the overall ones first, a row ``knn_precision`` and a row ``knn_precision_by_chance``, which is the share of all
        references that have the query's label, averaged over the same queries. In ``predictor`` stands the layer; in ``note`` k, the
        metric, the references and what was left out. Intervals take the references as given, and the queries as drawn.

    Raises:
        BadSpec: If labels are no classes, or not the same on both sides; if vectors differ in width; if k is less than one.
        UnknownName: If the store has no representations of the model, or there is no such column, stratifier or metric.
        IncompletePredictions: If examples have no vector, and that is not allowed.
    """
    check_level(level)
    cuts = stratifiers(by, queries.columns)
    words = [apart] if isinstance(apart, str) else apart
    if words is None:
        words = [VARIANT] if VARIANT in queries.columns and VARIANT in references.columns else []
    if label is None:
        _see_same_classes(queries, references)
    own, among = (_side(ds, model, layer, label, words, allow_missing=allow_missing) for ds in (queries, references))
    if own.kept.dimension != among.kept.dimension or own.kept.layer != among.kept.layer:
        raise BadSpec(f"{own.kept!r} and {among.kept!r} are not of one space: expected one layer of a model, and one width")
    if not len(among.rows):
        raise BadSpec(f"no example of {_name(references)} has a label and a representation; there is nothing to look among")
    by_metric = check_metric(metric or own.kept.metric)
    shares, chance = _agreement(own, among, k, by_metric)
    clusters = clusters_of(queries, cluster)
    notes = [
        f"k={k}",
        by_metric,
        f"among {len(among.rows):,} of {_name(references)}",
        f"no neighbour of the same {', '.join(words)}" if words else None,
        f"labels are {label}" if label else None,
        f"{among.n_missing:,} references without a representation left out" if among.n_missing else None,
        f"{own.n_unlabelled:,} queries and {among.n_unlabelled:,} references without {label} left out"
        if own.n_unlabelled or among.n_unlabelled
        else None,
    ]
    rows = []
    for cut in [Cut("overall", "", [None], Groups.whole(len(queries))), *cut_into_strata(queries, cuts)]:
        rows += list(_rows(own, cut, shares, chance, clusters, level, "; ".join(n for n in notes if n)))
    return score_table(rows)


def _name(dataset: Dataset) -> str:
    return f"{dataset.spec.name}.{dataset.split}"


def _see_same_classes(queries: Dataset, references: Dataset) -> None:
    a, b = queries.spec.label, references.spec.label
    for dataset in (queries, references):
        if not (dataset.spec.label.positive or dataset.spec.label.classes):
            raise BadSpec(
                f"labels of {dataset.spec.name} are numbers ({dataset.spec.label.unit}), of which neighbours have no equal ones; "
                "name a column of classes: label=COLUMN"
            )
    if (a.positive, a.classes) != (b.positive, b.classes):
        said = [one.positive or ", ".join(one.classes) for one in (a, b)]
        raise BadSpec(
            f"labels of {queries.spec.name} ({said[0]}) and of {references.spec.name} ({said[1]}) are not the same; "
            "name a column that both have: label=COLUMN"
        )


def _side(dataset: Dataset, model: str, layer: str | None, label: str | None, words: Sequence[str], *, allow_missing: bool) -> _Side:
    """Find the labels and vectors of a side's examples."""
    kept = _kept(dataset, model, layer)
    for column in [*words, *([label] if label else [])]:
        if lack := dataset.lacks(column):
            raise lack
    ids, numbers = examples(dataset)
    table = pl.DataFrame(pl.from_arrow(dataset.rows(list(dict.fromkeys([ID, *words, kept.key, *([label] if label else [])])))))
    if label is not None:
        labels = table.get_column(label).cast(pl.String)
    elif dataset.spec.label.classes:
        labels = pl.Series(np.array(dataset.spec.label.classes, object)[numbers.argmax(axis=1)].tolist(), dtype=pl.String)
    else:
        labels = pl.Series(numbers).cast(pl.String)
    places = kept.places(table.get_column(kept.key).cast(pl.String))
    has, told = places >= 0, labels.is_not_null().to_numpy()
    if not has.all() and not allow_missing:
        lacking = ids.filter(pl.Series(~has))
        raise IncompletePredictions(
            f"{len(lacking):,} of {len(ids):,} examples of {_name(dataset)} have no representation in {kept!r}: "
            f"{', '.join(lacking.head(3).to_list())}{' …' if len(lacking) > 3 else ''}; allow_missing leaves them out, and counts them",
            {"missing": len(lacking), "unknown": 0, "duplicate": 0, "non_finite": 0},
        )
    rows = np.flatnonzero(has & told)
    held = {word: table.get_column(word).cast(pl.String).gather(rows) for word in words} | {ID: ids.gather(rows)}
    return _Side(dataset, kept, rows, places[rows], labels.gather(rows), label is None, held, int((~has).sum()), int((~told).sum()))


def _kept(dataset: Dataset, model: str, layer: str | None) -> Kept:
    """Find a model's set for a task, else the one for variants."""
    name = dataset.spec.name
    mine = [one for one in kept_sets(dataset.store) if one.model == model and layer in {None, one.layer}]
    for_variants = VARIANT in dataset.columns and any(one.task is None for one in mine) and not any(one.task == name for one in mine)
    return kept_set(dataset.store, model, None if for_variants else name, layer)


def _agreement(own: _Side, among: _Side, k: int, metric: str) -> tuple[Floats, Floats]:
    """Give for each query the share of its neighbours with its label, NaN where it has no neighbour, and the share of all references."""
    apart = [_codes(a, among.keys[name]) for name, a in own.keys.items() if name != ID or own.dataset.spec.name == among.dataset.spec.name]
    mine, theirs = _codes(own.labels, among.labels)
    rank = among.keys[ID].rank("ordinal").to_numpy().astype(np.int64)
    shares = np.full(len(own.rows), np.nan)
    at_once = max(_HELD // (4 * own.kept.dimension), 1)
    for first in range(0, len(own.rows), at_once):
        part = slice(first, first + at_once)
        near = k_nearest(
            own.kept.take(own.places[part]),
            among.kept.taken(among.places),
            k,
            metric,
            rank=rank,
            apart=[(a[part], b) for a, b in apart],
        ).places
        is_there = near >= 0
        agree = is_there & (theirs[near] == mine[part, None])
        n = is_there.sum(axis=1)
        np.divide(agree.sum(axis=1), n, out=shares[part], where=n > 0)
    counts = np.bincount(theirs, minlength=max(int(mine.max(initial=0)) + 1, 1))
    return shares, counts[mine] / len(theirs)


def _codes(a: pl.Series, b: pl.Series) -> tuple[Integers, Integers]:
    """Number the values of two columns together; a null one is like no other."""
    both = pl.concat([a.alias("v"), b.alias("v")])
    codes = both.rank("dense").cast(pl.Int64)
    mine, theirs = codes.head(len(a)).fill_null(-1), codes.tail(len(b)).fill_null(-2)
    return mine.to_numpy().astype(np.int64), theirs.to_numpy().astype(np.int64)


def _rows(
    own: _Side, cut: Cut, shares: Floats, chance: Floats, clusters: npt.NDArray[Any] | None, level: float, note: str
) -> Iterator[dict[str, Any]]:
    """Give the rows of table ``score`` of one way to cut the queries."""
    dataset, spec = own.dataset, own.dataset.spec
    defined = np.isfinite(shares)
    rows = own.rows[defined]
    groups = Groups(cut.groups.codes[rows], cut.groups.n_groups)
    positive = own.labels.filter(pl.Series(defined)) == "1" if spec.label.positive and own.are_own else None
    for i in range(len(cut.strata)):
        here = groups.codes == i
        n = int(here.sum())
        n_pos = int(positive.filter(pl.Series(here)).sum()) if positive is not None else None
        for name, values in ((PRECISION, shares[defined][here]), (CHANCE, chance[defined][here])):
            sure = None
            if n and name == PRECISION:
                sure = interval_of_mean(values, None if clusters is None else clusters[rows][here], level)
            lone = "no query in the stratum has a neighbour" if not n else None
            yield {
                **cut.columns(dataset, i),
                "model": own.kept.model,
                "predictor": own.kept.layer,
                "replicate": None,
                "metric": name,
                "transform": "none",
                "value": float(values.mean()) if n else None,
                **interval_columns(sure),
                "n": n,
                "n_pos": n_pos,
                "n_neg": None if n_pos is None else n - n_pos,
                "n_missing": int(cut.groups.counts[i]) - n,
                "direction": spec.direction,
                "direction_by": "declared",
                "note": "; ".join(part for part in (lone, too_few(n) if n else None, note) if part),
            }


def interval_of_mean(shares: Floats, clusters: npt.NDArray[Any] | None = None, level: float = LEVEL) -> Interval:
    """Give the interval of a mean of shares, by the number of independent yes-or-no answers that would be as sure.

    That number is v(1−v) over the mean's variance v̂ (Kish, Survey Sampling, 1965, §8.2), which a Wilson interval is made of; v̂ is that of
    a mean of drawn clusters. A mean of 0 or 1 counts as many answers as there are clusters.

    Args:
        shares: float64 (n,), each from 0 to 1; at least one.
        clusters: Which cluster each is of, integers (n,); each its own if nothing is said.
        level: Share of such intervals that should hold the truth.
    """
    mean = float(shares.mean())
    _, codes = np.unique(np.arange(len(shares)) if clusters is None else clusters, return_inverse=True)
    n_clusters = int(codes.max()) + 1
    off = np.bincount(codes, weights=shares - mean, minlength=n_clusters)
    variance = float(np.square(off).sum()) / len(shares) ** 2 * n_clusters / max(n_clusters - 1, 1)
    # Where all shares are alike they say nothing of their variance: each cluster is one answer.
    answers = n_clusters if variance <= 0 or mean in {0.0, 1.0} else max(int(mean * (1 - mean) / variance), 1)
    found = wilson_interval(mean, answers, level)
    said = "Wilson, effective n" if clusters is None else "Wilson, effective n by cluster"
    return Interval(found.low, found.high, said, level)
