"""Scores: a task's metrics over predictions, for all examples together and for each stratum, with the counts beside every number."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore import predictions as sets_of
from lrbstore.catalogue import TaskSpec
from lrbstore.comparison import Difference, adjusted, differences_by_bootstrap, differences_by_delong, tie_groups
from lrbstore.contract import contract
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, ContractBroken, UnknownName
from lrbstore.intervals import ANALYTIC, LEVEL, Interval, analytic_intervals, check_level, too_few
from lrbstore.metrics import Grouped, Pair, Value, apply_transform, by_group, class_counts, metric
from lrbstore.predictions import ID, Predictions
from lrbstore.ranks import Groups, Ordinals
from lrbstore.resampling import REPLICATES, bootstrap
from lrbstore.strata import Stratifier, stratifiers

_MOST_STRATA = 10_000  #: Strata of one way to cut; more are a number that was not cut into bins.


@dataclass(frozen=True)
class Intervals:
    """How intervals are made.

    Attributes:
        method: ``auto`` (a formula where the metric has one and examples are independent, else the bootstrap), ``formula`` (where there
            is none, no interval), ``bootstrap``, or ``none``.
        cluster: Column of the examples whose values are drawn as a whole (``gene_id``, ``chrom``, an LD block); examples one by one where
            None. With it there is no formula.
        replicates: Of a bootstrap.
        seed: Of a bootstrap.
        level: Share of such intervals that should hold the truth.
        progress: Called with the steps done and all steps of a bootstrap.

    Raises:
        BadSpec: If there is no such method, or the level is no share; a formula with clusters.
    """

    method: str = "auto"
    cluster: str | None = None
    replicates: int = REPLICATES
    seed: int = 0
    level: float = LEVEL
    progress: Callable[[int, int], None] | None = None

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.method not in _METHODS:
            raise UnknownName("method of intervals", self.method, _METHODS)
        if self.cluster is not None and self.method == "formula":
            raise BadSpec("intervals by formula take examples to be independent; with clusters use the bootstrap")

    def formula_for(self, name: str, ndim: int) -> bool:
        """Tell whether a metric's interval is to come from a formula."""
        return self.method in {"auto", "formula"} and self.cluster is None and (name, ndim) in ANALYTIC


_METHODS = ("auto", "formula", "bootstrap", "none")


def score(
    dataset: Dataset,
    predictions: Any = None,
    by: str | Sequence[str] = (),
    model: str | None = None,
    *,
    predictor: str | None = None,
    replicate: str | None = None,
    allow_missing: bool = False,
    keep: bool = False,
    intervals: Intervals | None = None,
) -> pl.DataFrame:
    """Score predictions for a data set.

    Args:
        dataset: The examples that were to be predicted.
        predictions: As :func:`lrbstore.predictions.given` takes them; None for those that the store has of ``model``.
        by: Stratifiers, each scored on its own (:mod:`lrbstore.strata`).
        model: Whose they are, for the score's column; of those that the store has, whose.
        predictor: The way of predicting, likewise.
        replicate: The seed, likewise.
        allow_missing: Score the examples that have a prediction, and count the others in ``n_missing``.
        keep: Publish the predictions as part of the store's next release, under ``model``.
        intervals: How intervals are made; by a formula where there is one, else by a bootstrap over examples, if nothing is said.

    Returns:
        One row for each set, metric and stratum, the overall ones first, in the columns of table ``score``. An undefined metric is null
        with the reason in ``note``.

    Raises:
        IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
        UnknownName: If there is no such stratifier, or the store has no predictions of the model.
        BadSpec: If the predictions have another shape than the labels, are the labels, or are for something else; or the task lacks a
            column that a stratifier reads.
    """
    cuts = stratifiers(by, dataset._columns)
    ids, labels = examples(dataset)
    if predictions is not None:
        named = {"model": model, "predictor": predictor, "replicate": replicate}
        sets = sets_of.given(dataset, ids, predictions, **named, allow_missing=allow_missing)
        _see_no_labels(labels, sets)
    elif model is None:
        raise BadSpec("nothing to score: give predictions, or the name of a model whose predictions the store has (model=…)")
    else:
        sets = sets_of.kept(dataset, ids, model=model, predictor=predictor, replicate=replicate, allow_missing=allow_missing)
    cutting = [Cut("overall", "", [None], Groups.whole(len(ids))), *cut_into_strata(dataset, cuts)]
    if keep and predictions is not None:
        sets = sets_of.keep(dataset, ids, sets)
    how = intervals or Intervals()
    clusters = clusters_of(dataset, how.cluster)
    rows = [row for one in sets for row in _scored(dataset, labels, one, cutting, how, clusters)]
    return score_table(rows)


def examples(dataset: Dataset) -> tuple[pl.Series, np.ndarray]:
    """Read ids and labels of a data set without cutting a sequence.

    Returns:
        Ids in order, each once, and labels as :meth:`Dataset.labels` gives them.

    Raises:
        ContractBroken: If two examples share an id.
    """
    ids = pl.Series(ID, dataset.rows(ID)[ID], dtype=pl.String)
    if ids.n_unique() != len(ids):
        raise ContractBroken(
            f"{dataset.spec.name}: two examples of {dataset.split} share an id, so that no prediction can be told theirs; "
            "run: lrbstore verify"
        )
    return ids, dataset.labels()


def _see_no_labels(labels: np.ndarray, sets: Sequence[Predictions]) -> None:
    """Refuse the labels themselves, which happens to be the other column of a file."""
    for one in sets:
        own = labels[one.present]
        if len(own) > 2 and (own != own[0]).any() and np.array_equal(one.values, own):
            raise BadSpec(
                f"the predictions are the labels of all {len(own):,} examples, number by number; expected a model's scores: "
                "name their column 'prediction'"
            )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models beside each other on the same examples.

    Attributes:
        scores: Columns of table ``score`` and ``tie_group``: within a metric and stratum, models of one group cannot be told apart; 1 is
            the best one's.
        differences: One row for each metric, stratum and pair of models: task, split, metric, transform, stratifier, stratum, model_a,
            model_b, difference (a's less b's), ci_low, ci_high, ci_method, p, p_holm, p_bh (adjusted over all strata and pairs of the
            metric), n, n_pos, n_neg, note.
    """

    scores: pl.DataFrame
    differences: pl.DataFrame


def compare(
    dataset: Dataset,
    models: Sequence[str] | Mapping[str, Any],
    by: str | Sequence[str] = (),
    *,
    metrics: Sequence[str] = (),
    allow_missing: bool = False,
    intervals: Intervals | None = None,
) -> Comparison:
    """Compare models on the same examples: scores, paired differences, and which models cannot be told apart.

    Args:
        dataset: The examples that were predicted.
        models: Two or more names of models whose predictions the store has (``model``, ``model/predictor`` or
            ``model/predictor/replicate``), or a mapping name → predictions as :func:`lrbstore.predictions.given` takes them.
        by: Stratifiers.
        metrics: Which of the task's metrics; all by default.
        allow_missing: Compare on the examples that all models have a prediction for; the others are counted in ``n_missing``.
        intervals: How intervals are made. ``auto`` takes DeLong for the AUROC of independent examples and else the bootstrap, in which
            all models see the same draws.

    Raises:
        BadSpec: If fewer than two models are given, or a name stands for several sets of predictions.
        UnknownName: If the store has no predictions of a model, or the task no such metric.
        IncompletePredictions: If examples have no prediction, and that is not allowed.
    """
    spec, how = dataset.spec, intervals or Intervals()
    if len(models) < 2 or how.method in {"none", "formula"}:
        raise BadSpec(
            f"{len(models)} model to compare; expected two or more"
            if len(models) < 2
            else f"a comparison needs intervals; method {how.method!r} has none for differences: use 'auto' or 'bootstrap'"
        )
    names = [use.name for use in spec.metrics]
    for name in metrics:
        if name not in names:
            raise UnknownName(f"metric of {spec.name}", name, names)
    chosen = [use for use in spec.metrics if not metrics or use.name in metrics]
    cuts = stratifiers(by, dataset._columns)
    ids, labels = examples(dataset)
    sets = _named_sets(dataset, ids, models, allow_missing)
    present = np.logical_and.reduce([one.present for one in sets.values()])
    if not present.any() and len(ids):
        raise BadSpec("no example has a prediction of every model; they cannot be compared")
    sets = {
        name: dataclasses.replace(one, values=one.values[present[one.present]], present=present, model=name) for name, one in sets.items()
    }
    cutting = [Cut("overall", "", [None], Groups.whole(len(ids))), *cut_into_strata(dataset, cuts)]
    clusters = clusters_of(dataset, how.cluster)
    frames = [pl.DataFrame(list(_scored(dataset, labels, one, cutting, how, clusters)), infer_schema_length=None) for one in sets.values()]
    scores = pl.concat(frames, how="vertical_relaxed").filter(pl.col("metric").is_in([use.name for use in chosen]))
    held = [cut.of(present) for cut in cutting]
    rows: list[dict[str, Any]] = []
    ranks: dict[tuple[Any, ...], int | None] = {}
    for use in chosen:
        found = _differences(use, labels[present], {name: one.values for name, one in sets.items()}, held, how, clusters, present)
        for cut, of_cut in zip(held, found, strict=True):
            for i, stratum in enumerate(cut.strata):
                own = [d for d in of_cut if d.group == i]
                here = scores.filter(
                    (pl.col("metric") == use.name) & (pl.col("transform") == use.transform) & (pl.col("stratifier") == cut.name)
                ).filter(pl.col("stratum").eq_missing(pl.lit(stratum)))
                values = dict(here.select("model", "value").iter_rows())
                keys = {"metric": use.name, "transform": use.transform, "stratifier": cut.name, "stratum": stratum}
                for name, group in tie_groups(values, own, metric(use.name).direction).items():
                    ranks[(*keys.values(), name)] = group
                counts = here.select("n", "n_pos", "n_neg", "n_missing").row(0, named=True)
                rows += [{"task": spec.name, "split": dataset.split, **keys, **_said(d), **counts} for d in own]
    of_row = scores.select("metric", "transform", "stratifier", "stratum", "model").iter_rows()
    return Comparison(
        scores.with_columns(pl.Series("tie_group", [ranks[key] for key in of_row], dtype=pl.Int64)),
        pl.DataFrame(rows, schema_overrides={"stratum": pl.String, "ci_method": pl.String, "note": pl.String}, infer_schema_length=None),
    )


def _named_sets(dataset: Dataset, ids: pl.Series, models: Sequence[str] | Mapping[str, Any], allow_missing: bool) -> dict[str, Predictions]:
    """Find one set of predictions for each name."""
    found = {}
    for name in models:
        if isinstance(models, Mapping):
            sets = sets_of.given(dataset, ids, models[name], allow_missing=allow_missing)
            _see_no_labels(dataset.labels(), sets)
        else:
            model, predictor, replicate = (*name.split("/", 2), None, None)[:3]
            sets = sets_of.kept(dataset, ids, model=str(model), predictor=predictor, replicate=replicate, allow_missing=allow_missing)
        if len(sets) != 1:
            there = ", ".join("/".join(part for part in (s.model, s.predictor, s.replicate) if part) for s in sets)
            raise BadSpec(f"{name!r} stands for {len(sets)} sets of predictions; name one of them: {there}")
        found[name] = sets[0]
    if len(found) < len(models):
        raise BadSpec(f"a model is named twice: {', '.join(models)}")
    return found


def _differences(
    use: Any,
    labels: np.ndarray,
    values: Mapping[str, np.ndarray],
    cuts: Sequence[Cut],
    how: Intervals,
    clusters: np.ndarray | None,
    present: np.ndarray,
) -> list[list[Difference]]:
    """Compare all pairs of models by one metric, in every stratum of every cut; adjusted over all of them together."""
    truth = apply_transform(labels, use.transform) if use.transform != "none" else labels
    if use.name == "auroc" and labels.ndim == 1 and how.method == "auto" and clusters is None and len(labels):
        scores = [Ordinals(np.asarray(own, np.float64)) for own in values.values()]
        found = [differences_by_delong(list(values), cut.groups, scores, truth != 0, level=how.level) for cut in cuts]
    else:
        resampled = bootstrap(
            [(metric(use.name), {} if use.threshold is None else {"threshold": use.threshold})],
            truth,
            values,
            [cut.groups for cut in cuts],
            clusters=None if clusters is None else clusters[present],
            replicates=how.replicates,
            seed=how.seed,
            jackknife=False,
            progress=how.progress,
        )
        found = [differences_by_bootstrap(list(values), of_cut[0], level=how.level) for of_cut in resampled.found]
    flat = iter(adjusted([d for of_cut in found for d in of_cut]))
    return [[next(flat) for _ in of_cut] for of_cut in found]


def _said(found: Difference) -> dict[str, Any]:
    interval = found.interval
    notes = [part for part in (interval.note, interval.reason) if part]
    return {
        "model_a": found.a,
        "model_b": found.b,
        "difference": found.value,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "ci_method": f"{interval.method}, {interval.level:.4g}" if interval.low is not None else None,
        "p": found.p,
        "p_holm": found.p_holm,
        "p_bh": found.p_bh,
        "note": "; ".join(notes) or None,
    }


def clusters_of(dataset: Dataset, column: str | None) -> np.ndarray | None:
    """Number the clusters that a column of the examples says: int64 (examples,); None where there is no column.

    Raises:
        UnknownName: If the examples have no such column.
        BadSpec: If it is null for some of them: nothing would tell which cluster they belong to.
    """
    if column is None:
        return None
    if column not in dataset._columns:
        raise UnknownName(f"column of the examples of {dataset.spec.name}", column, dataset._columns)
    values = dataset.rows([ID, column])[column].combine_chunks()
    if values.null_count:
        raise BadSpec(f"column {column!r} is null in {values.null_count:,} of {len(values):,} examples, so that it names no clusters")
    return values.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _scored(
    dataset: Dataset,
    labels: np.ndarray,
    one: Predictions,
    cutting: Sequence[Cut],
    how: Intervals,
    clusters: np.ndarray | None,
) -> Iterator[dict[str, Any]]:
    """Give the rows of table ``score`` of one set of predictions."""
    spec, own = dataset.spec, labels[one.present]
    everyone = bool(one.present.all())
    held = cutting if everyone else [cut.of(one.present) for cut in cutting]
    positive = None
    if labels.ndim == 1 and spec.label.positive:
        class_counts(own)  # refuses other labels than 0 and 1
        positive = own != 0
    groupings = [cut.groups for cut in held]
    found = _values(spec, own, one.values, groupings)
    sure = _intervals(spec, own, one.values, groupings, found, how, None if clusters is None else clusters[one.present])
    for j, (whole, cut, by_use) in enumerate(zip(cutting, held, found, strict=True)):
        n_pos = None if positive is None else cut.groups.count(positive)
        for i, stratum in enumerate(cut.strata):
            n = int(cut.groups.counts[i])
            n_positive, n_negative = (None, None) if n_pos is None else (int(n_pos[i]), n - int(n_pos[i]))
            few = too_few(n, n_positive, n_negative)
            for u, (use, results) in enumerate(zip(spec.metrics, by_use, strict=True)):
                interval = sure[j][u][i] if sure else None
                yield {
                    "task": spec.name,
                    "split": dataset.split,
                    "model": one.model,
                    "predictor": one.predictor,
                    "replicate": one.replicate,
                    "metric": use.name,
                    "transform": use.transform,
                    "stratifier": cut.name,
                    "stratifier_hash": cut.hash,
                    "stratum": stratum,
                    "window": dataset.window.policy,
                    "seq_len": dataset.window.seq_len,
                    "release": dataset.store.release,
                    "origin": "computed",
                    "value": results[i].value,
                    "ci_low": interval.low if interval else None,
                    "ci_high": interval.high if interval else None,
                    "ci_method": f"{interval.method}, {interval.level:.4g}" if interval and interval.low is not None else None,
                    "n": n,
                    "n_pos": n_positive,
                    "n_neg": n_negative,
                    "n_missing": int(whole.groups.counts[i]) - n,
                    "direction": spec.direction,
                    "direction_by": "declared",
                    "note": _note(results[i], use.threshold, one.note, few, interval),
                }


def _values(spec: TaskSpec, labels: np.ndarray, values: np.ndarray, groupings: Sequence[Groups]) -> list[list[list[Value]]]:
    """Compute a task's metrics: for each grouping, for each metric, a value for each group."""
    found: dict[int, list[list[Value]]] = {}
    for transform in dict.fromkeys(use.transform for use in spec.metrics):
        mine = [i for i, use in enumerate(spec.metrics) if use.transform == transform]
        uses = [_use(spec, i) for i in mine]
        truth = apply_transform(labels, transform) if transform != "none" else labels
        for i, of_groupings in zip(mine, zip(*by_group(uses, truth, values, groupings), strict=True), strict=True):
            found[i] = list(of_groupings)
    return [[found[i][j] for i in range(len(spec.metrics))] for j in range(len(groupings))]


def _intervals(
    spec: TaskSpec,
    labels: np.ndarray,
    values: np.ndarray,
    groupings: Sequence[Groups],
    found: Sequence[Sequence[Sequence[Value]]],
    how: Intervals,
    clusters: np.ndarray | None,
) -> list[list[list[Interval | None]]]:
    """Make intervals, in the form of :func:`_values`; None where none was asked for."""
    sure: list[list[list[Interval | None]]] = [[[None] * groups.n_groups for _ in spec.metrics] for groups in groupings]
    if how.method == "none":
        return sure
    for transform in dict.fromkeys(use.transform for use in spec.metrics):
        truth = apply_transform(labels, transform) if transform != "none" else labels
        mine = [u for u, use in enumerate(spec.metrics) if use.transform == transform]
        by_formula = [u for u in mine if how.formula_for(spec.metrics[u].name, labels.ndim)]
        if by_formula:
            pair = Pair(truth, values)
            for j, groups in enumerate(groupings):
                grouped = Grouped(pair, groups)
                for u in by_formula:
                    sure[j][u] = [*analytic_intervals(metric(spec.metrics[u].name), grouped, found[j][u], how.level)]
        drawn = [u for u in mine if u not in by_formula] if how.method != "formula" else []
        if drawn:
            uses = [_use(spec, u) for u in drawn]
            resampled = bootstrap(
                uses,
                truth,
                {"": values},
                groupings,
                clusters=clusters,
                replicates=how.replicates,
                seed=how.seed,
                jackknife=False,
                progress=how.progress,
            )
            for j, of_uses in enumerate(resampled.found):
                for u, one in zip(drawn, of_uses, strict=True):
                    sure[j][u] = [one.interval(0, group, level=how.level) for group in range(groupings[j].n_groups)]
    return sure


def _use(spec: TaskSpec, number: int) -> tuple[Any, dict[str, float]]:
    use = spec.metrics[number]
    return metric(use.name), {} if use.threshold is None else {"threshold": use.threshold}


def _note(result: Value, threshold: float | None, of_set: str | None, few: str | None, interval: Interval | None) -> str | None:
    told = (interval.note, interval.reason) if interval is not None else (None, None)
    sure = [part for said in told if said for part in said.split("; ") if part not in {few, result.reason}]
    at = None if threshold is None else f"positive at {threshold:g} or more"
    return "; ".join(dict.fromkeys(t for t in (result.reason, few, result.note, *sure, at, of_set) if t)) or None


@dataclass(frozen=True, eq=False)
class Cut:
    """A data set cut into strata.

    Attributes:
        name: What by; ``overall`` for all examples together.
        hash: Digest of the stratifier's SQL.
        strata: Names; the last one is None where an example has no stratum.
        groups: Which stratum each example is in.
    """

    name: str
    hash: str
    strata: list[str | None]
    groups: Groups

    def of(self, rows: np.ndarray) -> Cut:
        """Cut some of the examples likewise; a stratum may become empty."""
        return dataclasses.replace(self, groups=Groups(self.groups.codes[rows], self.groups.n_groups))


def cut_into_strata(dataset: Dataset, cuts: Sequence[Stratifier]) -> list[Cut]:
    """Cut a data set into strata, in the order of each stratifier; all are read at once."""
    for cut in cuts:
        if lacking := [c for c in cut.needs if c not in dataset._columns]:
            raise BadSpec(
                f"stratum {cut.name!r} needs the column {', '.join(lacking)}, which the examples of {dataset.spec.name} do not have; "
                f"its own strata: {', '.join(dataset.spec.strata)}"
            )
    if not cuts:
        return []
    rows = dataset.rows(list(dict.fromkeys([ID, *(column for cut in cuts for column in cut.needs)])))
    cursor = dataset.store.cursor(dataset.spec.name)
    cursor.register("kept_rows", rows.append_column("n_", pa.array(np.arange(len(dataset)))))
    cuts = [_typed(cursor, cut) if cut.is_own else cut for cut in cuts]
    columns = ", ".join(f"({cut.sql})::VARCHAR as stratum_{i}" for i, cut in enumerate(cuts))
    table = cursor.sql(f"select {columns}, n_ from kept_rows order by n_").to_arrow_table()
    cursor.unregister("kept_rows")
    found = [Cut(cut.name, cut.hash, *_groups(table[f"stratum_{i}"], cut.order)) for i, cut in enumerate(cuts)]
    for cut in found:
        if len(cut.strata) > _MOST_STRATA:
            raise BadSpec(
                f"stratum {cut.name!r} cuts {len(dataset):,} examples into {len(cut.strata):,}; expected at most {_MOST_STRATA:,}: "
                "cut numbers into bins, as in 'tss_distance_bp // 10000' or 'bin_label(maf, [0, 0.01, 0.05])'"
            )
    return found


def _typed(cursor: Any, cut: Stratifier) -> Stratifier:
    """Bind an expression of the user's; numbers that are not whole are cut down to whole ones."""
    try:
        if len(cursor.extract_statements(f"select ({cut.sql})")) != 1:
            raise BadSpec(f"stratum {cut.name!r} is more than one expression")
        ((_, type_, *_),) = cursor.execute(f"describe select ({cut.sql}) as stratum from kept_rows").fetchall()
    except duckdb.Error as error:
        raise BadSpec(f"stratum {cut.name!r} cannot be understood: {str(error).splitlines()[0]}") from None
    if type_.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return dataclasses.replace(cut, sql=f"floor({cut.sql})::BIGINT")
    return cut


def _groups(strata: pa.ChunkedArray, order: Sequence[str]) -> tuple[list[str | None], Groups]:
    """Number the strata of a column: those of ``order`` in that order, then others by name, then the null ones."""
    coded = strata.combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    sorted_names = sorted(names, key=lambda n: (order.index(n) if n in order else len(order), _natural(n)))
    place = {name: i for i, name in enumerate(sorted_names)}
    moved = np.array([*(place[name] for name in names), len(names)], dtype=np.int64)
    codes = moved[coded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)]
    found: list[str | None] = [*sorted_names, *([None] if coded.null_count else [])]
    return found, Groups(codes, len(found))


def _natural(name: str) -> list[tuple[int, str]]:
    import re

    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.findall(r"\d+|\D+", name)]


def score_table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Lay rows out in the columns of table ``score``; what a row does not say is null."""
    columns = contract("score")
    table = pa.table({c.name: [row.get(c.name) for row in rows] for c in columns.columns}, schema=_nullable(columns.schema))
    return pl.DataFrame(pl.from_arrow(table))


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([f.with_nullable(True) for f in schema])


def describe_metrics(spec: TaskSpec) -> list[str]:
    """Say each of a task's metrics with its transform and formula."""
    return [
        f"{use.name}" + (f" of {use.transform}(label)" if use.transform != "none" else "") + f": {metric(use.name).formula}"
        for use in spec.metrics
    ]
