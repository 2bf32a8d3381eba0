"""Scores: a task's metrics over predictions, for all examples together and for each stratum, with the counts beside every number."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore import predictions as sets_of
from lrbstore.catalogue import MetricUse, TaskSpec
from lrbstore.comparison import Difference, adjusted, differences_by_bootstrap, differences_by_delong, tie_groups
from lrbstore.contract import contract
from lrbstore.dataset import Dataset
from lrbstore.derived import DERIVED
from lrbstore.errors import BadSpec, ContractBroken, UnknownName
from lrbstore.intervals import ANALYTIC, LEVEL, Interval, analytic_intervals, check_level, too_few
from lrbstore.metrics import METRICS, THRESHOLD, Direction, Grouped, Metric, Pair, Value, apply_transform, by_group, class_counts, metric
from lrbstore.predictions import ID, Predictions
from lrbstore.ranks import Groups, Ordinals
from lrbstore.resampling import REPLICATES, Resampled, bootstrap
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
    metrics: Sequence[str] = (),
    direction: str | None = None,
    train: Any = None,
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
        metrics: Further metrics beside the task's own: any that fit the shape of its labels.
        direction: Whether ``higher`` or ``lower`` predictions mean the positive (the higher) label, as the task declares if nothing is
            said. ``train`` finds it on the training split: see :func:`_found_on`. ``test`` chooses it on the very rows that are scored,
            which the scores then say. Metrics that take scores see predictions negated where lower ones mean the positive label; those
            that take numbers or probabilities see them as they are.
        train: For direction ``train``: predictions for the training split, as ``predictions``; None for those that the store has.

    Returns:
        One row for each set, metric and stratum, the overall ones first, in the columns of table ``score``. An undefined metric is null
        with the reason in ``note``.

    Raises:
        IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
        UnknownName: If there is no such stratifier, metric or direction, or the store has no predictions of the model.
        BadSpec: If the predictions have another shape than the labels, are the labels, or are for something else; or the task lacks a
            column that a stratifier reads; a metric does not fit the labels; predictions for the training split are needed, or say
            nothing about the direction.
    """
    uses = _uses(dataset, metrics)
    cuts = stratifiers(by, dataset.columns)
    ids, labels = examples(dataset)
    if predictions is not None:
        named = {"model": model, "predictor": predictor, "replicate": replicate}
        sets = sets_of.given(dataset, ids, predictions, **named, allow_missing=allow_missing)
        _see_no_labels(labels, sets)
    elif model is None:
        raise BadSpec("nothing to score: give predictions, or the name of a model whose predictions the store has (model=…)")
    else:
        sets = sets_of.kept(dataset, ids, model=model, predictor=predictor, replicate=replicate, allow_missing=allow_missing)
    facing = _facing(dataset, labels, sets, direction, [train] * len(sets))
    cutting = [Cut("overall", "", [None], Groups.whole(len(ids))), *cut_into_strata(dataset, cuts)]
    keep = keep and predictions is not None
    sets = sets_of.as_kept(sets) if keep else sets
    how = intervals or Intervals()
    clusters = clusters_of(dataset, how.cluster)
    rows: list[dict[str, Any]] = []
    for one, way in zip(sets, facing, strict=True):
        rows += _scored(dataset, [one], [way], _judge(dataset, labels, [one], [way], cutting, how, clusters, uses))
    if keep:  # last: what cannot be scored is not kept either
        release = sets_of.keep(dataset, ids, sets)
        rows = [{**row, "release": release} for row in rows]  # which has the predictions as well, and the same examples
    return score_table(rows)


# ── which metrics, and which way round ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Facing:
    """Which way round predictions are.

    Attributes:
        direction: Whether higher or lower ones mean the positive label.
        by: Who says so, as column ``direction_by`` of table ``score`` words it.
        note: What a reader must know of that.
    """

    direction: Direction
    by: str = "declared"
    note: str | None = None


_DIRECTIONS = (*get_args(Direction), "train", "test")

#: What finds a direction, by kind of label and number of its axes.
_FINDERS: Mapping[tuple[str, int], str] = {
    ("binary", 1): "auroc",
    ("binary", 2): "mean_auroc_across_tracks",
    ("real", 1): "spearman",
    ("real", 2): "mean_spearman_across_tissues",
    ("real", 3): "mean_pearson_across_tracks",
}


def _facing(dataset: Dataset, labels: np.ndarray, sets: Sequence[Predictions], asked: str | None, train: Sequence[Any]) -> list[_Facing]:
    """Say which way round each set of predictions is; ``train`` has each one's for the training split, None for those in the store.

    Raises:
        UnknownName: If there is no such direction.
        BadSpec: If predictions for the training split are needed and not there, or are given and not asked for; or the training split is
            what is scored.
    """
    if asked is not None and asked not in _DIRECTIONS:
        raise UnknownName("direction", asked, _DIRECTIONS)
    if asked != "train" and any(given is not None for given in train):
        raise BadSpec("predictions for the training split find a direction; ask for that: direction='train'")
    if asked == "test":
        return [_found_on(dataset.spec, labels[one.present], one.values, dataset.split, is_scored=True) for one in sets]
    if asked != "train":
        return [_Facing(dataset.spec.direction if asked is None else "lower" if asked == "lower" else "higher")] * len(sets)
    if dataset.split == "train":
        raise BadSpec("the training split is what is scored: a direction found on it is chosen on the scored rows (direction='test')")
    if "train" not in dataset.spec.splits(dataset.scheme):
        raise BadSpec(f"split scheme {dataset.scheme!r} has no training split to find a direction on; say which it is")
    there = Dataset(dataset.store, dataset.spec, dataset.scheme, "train", dataset.window, dataset.filters)
    ids, truth = examples(there)
    found = []
    for one, given in zip(sets, train, strict=True):
        named = {"model": one.model, "predictor": one.predictor, "replicate": one.replicate}
        if given is None and one.model is None:
            raise BadSpec("direction 'train' needs predictions for the training split: give them (train=…), or the name of a model")
        try:
            own = (
                sets_of.kept(there, ids, model=str(one.model), predictor=one.predictor, replicate=one.replicate, allow_missing=True)
                if given is None
                else sets_of.given(there, ids, given, **named, allow_missing=True)
            )
        except (UnknownName, BadSpec) as error:
            raise BadSpec(f"direction 'train' needs predictions for the training split (train=…, or kept in the store): {error}") from error
        if len(own) != 1:
            raise BadSpec(f"direction 'train': {len(own)} sets of predictions for the training split; expected one of each that is scored")
        found.append(_found_on(dataset.spec, truth[own[0].present], own[0].values, "train", is_scored=False))
    return found


def _found_on(spec: TaskSpec, labels: np.ndarray, values: np.ndarray, split: str, *, is_scored: bool) -> _Facing:
    """Find the direction of predictions: the side of chance that their AUROC (classes) or correlation (numbers) is on.

    Chosen on the scored rows it makes more than chance of any guess, as in the published AUROCs that were replaced by 1 − AUROC where
    they were below 0.5 (source utr3_published_scores): hence it is never done unless asked for, and the scores say so.

    Raises:
        BadSpec: If that is undefined, or is what it is by chance: the predictions say nothing about the direction.
    """
    name = _FINDERS["binary" if spec.label.positive or spec.label.classes else "real", labels.ndim]
    chance = metric(name).by_chance() or 0.0  # none of them is without one
    transform = spec.metrics[0].transform
    value = metric(name)(apply_transform(labels, transform) if transform != "none" else labels, values)
    if value.value is None or value.value == chance:
        said = value.reason if value.value is None else f"it is {chance:g}, as by chance"
        raise BadSpec(f"no direction is found on split {split}: {name} over {len(labels):,} examples: {said}; say which it is")
    direction: Direction = "higher" if value.value > chance else "lower"
    about = f"as {name} is {value.value:.3g} over {len(labels):,} examples"
    if is_scored:
        note = f"direction chosen on the scored rows, {about}: it cannot fall below chance ({chance:g})"
        return _Facing(direction, "chosen_on_test", note)
    return _Facing(direction, "train", f"direction found on split {split}, {about}")


def _uses(dataset: Dataset, further: Sequence[str]) -> tuple[MetricUse, ...]:
    """Add metrics that were asked for to the task's own, with the task's transform and threshold.

    Raises:
        UnknownName: If there is no such metric.
        BadSpec: If one does not fit the labels.
    """
    spec, ndim = dataset.spec, 1 + len(dataset.label_shape)
    own = spec.metrics
    threshold = next((use.threshold for use in own if use.threshold is not None), THRESHOLD)
    found = list(own)
    for name in dict.fromkeys([further] if isinstance(further, str) else further):
        if name in {use.name for use in own}:
            continue
        known = metric(name)
        if lack := _does_not_fit(spec, ndim, known):
            raise BadSpec(f"metric {name!r} does not fit {spec.name}: {lack}; those that do: {', '.join(metrics_for(spec))}")
        found.append(
            MetricUse(
                name=name,
                transform=own[0].transform if known.kind == "real" else "none",
                threshold=threshold if "threshold" in known.options and ndim == 1 else None,
            )
        )
    return tuple(found)


def metrics_for(spec: TaskSpec) -> list[str]:
    """List the metrics that fit a task's labels: its own first, in its order."""
    ndim = 3 if spec.label.bins else 2 if spec.label.vectors or spec.label.classes else 1
    own = [use.name for use in spec.metrics]
    return [*own, *(name for name, one in METRICS.items() if name not in own and not _does_not_fit(spec, ndim, one))]


def _does_not_fit(spec: TaskSpec, ndim: int, known: Metric) -> str | None:
    if ndim not in known.ndim:
        return f"its labels have {ndim} {'axis' if ndim == 1 else 'axes'}, and the metric takes {' or '.join(map(str, known.ndim))}"
    if known.kind == "binary" and not (spec.label.positive or spec.label.classes):
        return "its labels are no classes"
    return None


@dataclass(frozen=True)
class _Way:
    """A metric as it is computed for one set of predictions: those that take scores see them negated where lower ones are positive."""

    use: MetricUse
    known: Metric
    negated: bool

    @property
    def options(self) -> dict[str, float]:
        """What the metric is called with: the threshold lies on the other side of 0 where predictions are negated."""
        if "threshold" not in self.known.options or (self.use.threshold is None and not self.negated):
            return {}
        threshold = THRESHOLD if self.use.threshold is None else self.use.threshold
        return {"threshold": -threshold if self.negated else threshold}

    @property
    def threshold_said(self) -> str | None:
        """How decisions are made, for the note; None where the task names no threshold."""
        return None if self.use.threshold is None else f"positive at {self.use.threshold:g} or {'less' if self.negated else 'more'}"

    def pair(self, labels: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give labels and predictions as the metric takes them."""
        truth = apply_transform(labels, self.use.transform) if self.use.transform != "none" else labels
        return truth, -values if self.negated else values


def _ways(uses: Sequence[MetricUse], direction: Direction) -> list[_Way]:
    known = [metric(use.name) for use in uses]
    return [_Way(use, one, direction == "lower" and one.takes == "scores") for use, one in zip(uses, known, strict=True)]


def _together(keys: Mapping[int, Any]) -> list[list[int]]:
    """Put metrics of the same key together, which says what labels and predictions they take."""
    return [[u for u, other in keys.items() if other == key] for key in dict.fromkeys(keys.values())]


# ── what is scored ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    direction: str | None = None,
    train: Mapping[str, Any] | None = None,
) -> Comparison:
    """Compare models on the same examples: scores, paired differences, and which models cannot be told apart.

    Args:
        dataset: The examples that were predicted.
        models: Two or more names of models whose predictions the store has (``model``, ``model/predictor`` or
            ``model/predictor/replicate``), or a mapping name → predictions as :func:`lrbstore.predictions.given` takes them.
        by: Stratifiers.
        metrics: Which metrics, of the task's own or others that fit its labels; all of its own by default.
        allow_missing: Compare on the examples that all models have a prediction for; the others are counted in ``n_missing``.
        intervals: How intervals are made. ``auto`` takes DeLong for the AUROC of independent examples and else the bootstrap, in which
            all models see the same draws.
        direction: As for :func:`score`; what is found (``train``, ``test``) is found for each model by itself, ``test`` on the examples
            that are compared.
        train: For direction ``train``: by the model's name, its predictions for the training split; those that the store has of a model
            that is not named.

    Raises:
        BadSpec: If fewer than two models are given, or a name stands for several sets of predictions; predictions for the training split
            are needed, or say nothing about the direction.
        UnknownName: If the store has no predictions of a model, or there is no such metric or direction; ``train`` names another model.
        IncompletePredictions: If examples have no prediction, and that is not allowed.
    """
    spec, how = dataset.spec, intervals or Intervals()
    if len(models) < 2 or how.method in {"none", "formula"}:
        raise BadSpec(
            f"{len(models)} model to compare; expected two or more"
            if len(models) < 2
            else f"a comparison needs intervals; method {how.method!r} has none for differences: use 'auto' or 'bootstrap'"
        )
    chosen = [use for use in _uses(dataset, metrics) if not metrics or use.name in metrics]
    cuts = stratifiers(by, dataset.columns)
    ids, labels = examples(dataset)
    sets = _named_sets(dataset, ids, labels, models, allow_missing)
    present = np.logical_and.reduce([one.present for one in sets.values()])
    if not present.any() and len(ids):
        raise BadSpec("no example has a prediction of every model; they cannot be compared")
    if strange := [name for name in train or {} if name not in sets]:
        raise UnknownName("model that is compared", strange[0], sets)
    common = [dataclasses.replace(one, values=one.values[present[one.present]], present=present) for one in sets.values()]
    facing = _facing(dataset, labels, common, direction, [(train or {}).get(name) for name in sets])
    common = [dataclasses.replace(one, model=name) for name, one in zip(sets, common, strict=True)]
    cutting = [Cut("overall", "", [None], Groups.whole(len(ids))), *cut_into_strata(dataset, cuts)]
    judged = _judge(dataset, labels, common, facing, cutting, how, clusters_of(dataset, how.cluster), chosen, paired=True)
    scores = score_table([*_scored(dataset, common, facing, judged)])
    rows: list[dict[str, Any]] = []
    ranks: dict[tuple[Any, ...], int | None] = {}
    found_by = {name: f"{name}: {one.note}" for name, one in zip(sets, facing, strict=True) if one.note}
    for u, use in enumerate(chosen):
        for j, of_cut in enumerate(_differences(u, list(sets), labels[present], common, judged, how)):
            cut = judged.cuts[j]
            for i, stratum in enumerate(cut.strata):
                own = [d for d in of_cut if d.group == i]
                keys = {"metric": use.name, "transform": use.transform, "stratifier": cut.name, "stratum": stratum}
                values = {name: judged.values[m][j][u][i].value for m, name in enumerate(sets)}
                for name, group in tie_groups(values, own, metric(use.name).direction).items():
                    ranks[(*keys.values(), name)] = group
                said = {"task": spec.name, "split": dataset.split, **keys}
                rows += [
                    {**said, **_said(d, found_by if judged.ways[0][u].known.takes == "scores" else {}), **judged.counts[j][i]} for d in own
                ]
    of_row = scores.select("metric", "transform", "stratifier", "stratum", "model").iter_rows()
    return Comparison(
        scores.with_columns(pl.Series("tie_group", [ranks[key] for key in of_row], dtype=pl.Int64)),
        pl.DataFrame(rows, schema_overrides={"stratum": pl.String, "ci_method": pl.String, "note": pl.String}, infer_schema_length=None),
    )


def _named_sets(
    dataset: Dataset, ids: pl.Series, labels: np.ndarray, models: Sequence[str] | Mapping[str, Any], allow_missing: bool
) -> dict[str, Predictions]:
    """Find one set of predictions for each name."""
    found = {}
    for name in models:
        if isinstance(models, Mapping):
            sets = sets_of.given(dataset, ids, models[name], allow_missing=allow_missing)
            _see_no_labels(labels, sets)
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
    u: int, names: Sequence[str], labels: np.ndarray, sets: Sequence[Predictions], judged: _Judged, how: Intervals
) -> list[list[Difference]]:
    """Compare all pairs of models by one metric, in every stratum of every cut; adjusted over all of them together."""
    if _is_by_delong(judged.ways[0][u].use, labels, how):
        pairs = [of_model[u].pair(labels, one.values) for of_model, one in zip(judged.ways, sets, strict=True)]
        scores = [Ordinals(np.asarray(guess, np.float64)) for _, guess in pairs]
        found = [differences_by_delong(names, cut.groups, scores, pairs[0][0] != 0, level=how.level) for cut in judged.cuts]
    else:
        found = [differences_by_bootstrap(names, of_cut[u], level=how.level) for of_cut in judged.resampled]
    flat = iter(adjusted([d for of_cut in found for d in of_cut]))
    return [[next(flat) for _ in of_cut] for of_cut in found]


def _is_by_delong(use: MetricUse, labels: np.ndarray, how: Intervals) -> bool:
    """Tell whether differences of a metric have a formula."""
    return use.name == "auroc" and labels.ndim == 1 and how.method == "auto" and how.cluster is None and len(labels) > 0


def _said(found: Difference, facing: Mapping[str, str]) -> dict[str, Any]:
    interval = found.interval
    notes = [interval.note, interval.reason, facing.get(found.a), facing.get(found.b)]
    return {
        "model_a": found.a,
        "model_b": found.b,
        "difference": found.value,
        **interval_columns(interval),
        "p": found.p,
        "p_holm": found.p_holm,
        "p_bh": found.p_bh,
        "note": "; ".join(note for note in notes if note) or None,
    }


def clusters_of(dataset: Dataset, column: str | None) -> np.ndarray | None:
    """Number the clusters that a column of the examples says: int64 (examples,); None where there is no column.

    Raises:
        UnknownName: If the examples have no such column.
        BadSpec: If it is null for some of them: nothing would tell which cluster they belong to.
    """
    if column is None:
        return None
    if lack := dataset.lacks(column):
        raise lack
    values = dataset.rows([ID, column])[column].combine_chunks()
    if values.null_count:
        raise BadSpec(f"column {column!r} is null in {values.null_count:,} of {len(values):,} examples, so that it names no clusters")
    return values.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)


# ── judging ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_OfStrata = list[list[list[Any]]]  #: By cut and metric: one for each stratum.


@dataclass(frozen=True, eq=False)
class _Judged:
    """What is found of models on the same rows.

    Attributes:
        cuts: These rows, cut into strata.
        counts: By cut and stratum: ``n``, ``n_pos``, ``n_neg``, ``n_missing``.
        ways: By model and metric.
        values: By model, cut, metric and stratum: a ``Value``.
        intervals: Likewise, an ``Interval``; None where none was asked for.
        resampled: By cut and metric that was drawn, of all models.
    """

    cuts: Sequence[Cut]
    counts: list[list[dict[str, int | None]]]
    ways: list[list[_Way]]
    values: list[_OfStrata]
    intervals: list[_OfStrata]
    resampled: list[dict[int, Resampled]]


def _judge(
    dataset: Dataset,
    labels: np.ndarray,
    sets: Sequence[Predictions],
    facing: Sequence[_Facing],
    cutting: Sequence[Cut],
    how: Intervals,
    clusters: np.ndarray | None,
    uses: Sequence[MetricUse],
    *,
    paired: bool = False,
) -> _Judged:
    """Compute metrics of models on the same rows, with intervals.

    What is drawn is drawn once for all models, so that their intervals and, if ``paired``, their differences come of one bootstrap.
    """
    present = sets[0].present
    own = labels[present]
    cuts = cutting if present.all() else [cut.of(present) for cut in cutting]
    groupings = [cut.groups for cut in cuts]
    ways = [_ways(uses, one.direction) for one in facing]
    counts = _counts(dataset.spec, own, cutting, groupings)
    values = [_values(mine, own, one.values, groupings) for mine, one in zip(ways, sets, strict=True)]
    sure: list[_OfStrata] = [[[[None] * groups.n_groups for _ in uses] for groups in groupings] for _ in sets]
    formulas = [u for u, use in enumerate(uses) if how.formula_for(use.name, own.ndim)]
    for mine, one, found, intervals in zip(ways, sets, values, sure, strict=True):
        for together in _together({u: (mine[u].use.transform, mine[u].negated) for u in formulas}):
            pair = Pair(*mine[together[0]].pair(own, one.values))
            for j, groups in enumerate(groupings):
                grouped = Grouped(pair, groups)
                for u in together:
                    intervals[j][u] = analytic_intervals(mine[u].known, grouped, found[j][u], how.level)
    resampled: list[dict[int, Resampled]] = [{} for _ in groupings]
    with_interval = {u for u in range(len(uses)) if u not in formulas and how.method not in {"none", "formula"}}
    drawn = {
        u: (use.transform, *(mine[u].negated for mine in ways))
        for u, use in enumerate(uses)
        if u in with_interval or (paired and not _is_by_delong(use, own, how))
    }
    for together in _together(drawn):
        pairs = [mine[together[0]].pair(own, one.values) for mine, one in zip(ways, sets, strict=True)]
        drawings = bootstrap(
            {str(m): [(mine[u].known, mine[u].options) for u in together] for m, mine in enumerate(ways)},
            pairs[0][0],
            {str(m): guess for m, (_, guess) in enumerate(pairs)},
            groupings,
            clusters=None if clusters is None else clusters[present],
            replicates=how.replicates,
            seed=how.seed,
            progress=how.progress,
        )
        for j, of_uses in enumerate(drawings.found):
            resampled[j].update(zip(together, of_uses, strict=True))
    for m, intervals in enumerate(sure):
        for j, of_cut in enumerate(resampled):
            for u, found_of in of_cut.items():
                if u in with_interval:
                    intervals[j][u] = [found_of.interval(m, group, level=how.level) for group in range(groupings[j].n_groups)]
    return _Judged(cuts, counts, ways, values, sure, resampled)


def _counts(spec: TaskSpec, labels: np.ndarray, cutting: Sequence[Cut], groupings: Sequence[Groups]) -> list[list[dict[str, int | None]]]:
    """Count the examples of each stratum that are scored, by class, and those that are not."""
    positive = None
    if labels.ndim == 1 and spec.label.positive:
        class_counts(labels)  # refuses other labels than 0 and 1
        positive = labels != 0
    counts: list[list[dict[str, int | None]]] = []
    for whole, groups in zip(cutting, groupings, strict=True):
        n_pos = None if positive is None else groups.count(positive)
        of_cut: list[dict[str, int | None]] = []
        for i, (n, n_all) in enumerate(zip(groups.counts.tolist(), whole.groups.counts.tolist(), strict=True)):
            classes = {"n_pos": None, "n_neg": None} if n_pos is None else {"n_pos": int(n_pos[i]), "n_neg": n - int(n_pos[i])}
            of_cut.append({"n": n, **classes, "n_missing": n_all - n})
        counts.append(of_cut)
    return counts


def _values(ways: Sequence[_Way], labels: np.ndarray, values: np.ndarray, groupings: Sequence[Groups]) -> list[list[list[Value]]]:
    """Compute metrics: for each grouping, for each metric, a value for each group."""
    found: dict[int, list[list[Value]]] = {}
    for mine in _together({u: (way.use.transform, way.negated) for u, way in enumerate(ways)}):
        truth, guess = ways[mine[0]].pair(labels, values)
        of_uses = zip(*by_group([(ways[u].known, ways[u].options) for u in mine], truth, guess, groupings), strict=True)
        for u, of_groupings in zip(mine, of_uses, strict=True):
            found[u] = list(of_groupings)
    return [[found[u][j] for u in range(len(ways))] for j in range(len(groupings))]


def _scored(dataset: Dataset, sets: Sequence[Predictions], facing: Sequence[_Facing], judged: _Judged) -> Iterator[dict[str, Any]]:
    """Give the rows of table ``score``, set by set."""
    for m, (one, own_facing) in enumerate(zip(sets, facing, strict=True)):
        for j, cut in enumerate(judged.cuts):
            for i, counts in enumerate(judged.counts[j]):
                few = too_few(int(counts["n"] or 0), counts["n_pos"], counts["n_neg"])
                for u, way in enumerate(judged.ways[m]):
                    value, interval = judged.values[m][j][u][i], judged.intervals[m][j][u][i]
                    faces = own_facing if way.known.takes == "scores" else _Facing("higher")
                    yield {
                        **cut.columns(dataset, i),
                        "model": one.model,
                        "predictor": one.predictor,
                        "replicate": one.replicate,
                        "metric": way.use.name,
                        "transform": way.use.transform,
                        "value": value.value,
                        **interval_columns(interval),
                        **counts,
                        "direction": faces.direction,
                        "direction_by": faces.by,
                        "note": _note(value, (way.threshold_said, faces.note, one.note), few, interval),
                    }


def _note(result: Value, said: Sequence[str | None], few: str | None, interval: Interval | None) -> str | None:
    told = (interval.note, interval.reason) if interval is not None else (None, None)
    sure = [part for words in told if words for part in words.split("; ") if part not in {few, result.reason}]
    return "; ".join(dict.fromkeys(t for t in (result.reason, few, result.note, *sure, *said) if t)) or None


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

    def columns(self, dataset: Dataset, i: int) -> dict[str, Any]:
        """Say what is computed of a data set's stratum ``i``, in the columns of table ``score`` that no model or metric changes."""
        return {
            "task": dataset.spec.name,
            "split": dataset.split,
            "stratifier": self.name,
            "stratifier_hash": self.hash,
            "stratum": self.strata[i],
            "window": dataset.window.policy,
            "seq_len": dataset.window.seq_len,
            "release": dataset.store.release,
            "origin": "computed",
        }


def interval_columns(interval: Interval | None) -> dict[str, Any]:
    """Say an interval in the columns of table ``score``: nulls where there is none."""
    if interval is None or interval.low is None:
        return {"ci_low": None, "ci_high": None, "ci_method": None}
    return {"ci_low": interval.low, "ci_high": interval.high, "ci_method": f"{interval.method}, {interval.level:.4g}"}


def cut_into_strata(dataset: Dataset, cuts: Sequence[Stratifier]) -> list[Cut]:
    """Cut a data set into strata, in the order of each stratifier; all are read at once."""
    for cut in cuts:
        lacking = {column: why for column in cut.needs if (why := dataset.lacks(column))}
        for column, why in lacking.items():
            said = str(why) if column in DERIVED else f"its own strata: {', '.join(dataset.spec.strata)}"
            raise BadSpec(
                f"stratum {cut.name!r} needs the column {', '.join(lacking)}, which the examples of {dataset.spec.name} do not have; {said}"
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
    for own in found:
        if len(own.strata) > _MOST_STRATA:
            raise BadSpec(
                f"stratum {own.name!r} cuts {len(dataset):,} examples into {len(own.strata):,}; expected at most {_MOST_STRATA:,}: "
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
    """Say each of a task's metrics with its transform, formula, range, direction, source and what makes it undefined."""
    return [
        f"{use.name}" + (f" of {use.transform}(label)" if use.transform != "none" else "") + f": {_described(metric(use.name))}"
        for use in spec.metrics
    ]


def _described(known: Metric) -> str:
    low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in known.range)
    return f"{known.formula}; {low} … {high}, {known.direction} is better; undefined where {known.undefined_when}. {known.source}"
