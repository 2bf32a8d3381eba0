"""Scores: a task's metrics over predictions, for all examples together and for each stratum, with the counts beside every number."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore import predictions as sets_of
from lrbstore.catalogue import TaskSpec
from lrbstore.contract import contract
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, ContractBroken
from lrbstore.metrics import Value, apply_transform, by_group, class_counts, metric
from lrbstore.predictions import ID, Predictions
from lrbstore.ranks import Groups
from lrbstore.strata import Stratifier, stratifier


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

    Returns:
        One row for each set, metric and stratum, the overall ones first, in the columns of table ``score``. An undefined metric is null
        with the reason in ``note``.

    Raises:
        IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
        UnknownName: If there is no such stratifier, or the store has no predictions of the model.
        BadSpec: If the predictions have another shape than the labels, are the labels, or are for something else; or the task lacks a
            column that a stratifier reads.
    """
    cuts = [stratifier(name) for name in ([by] if isinstance(by, str) else by)]
    ids, labels = examples(dataset)
    if predictions is not None:
        named = {"model": model, "predictor": predictor, "replicate": replicate}
        sets = sets_of.given(dataset, ids, predictions, **named, allow_missing=allow_missing)
        _see_no_labels(labels, sets)
    elif model is None:
        raise BadSpec("nothing to score: give predictions, or the name of a model whose predictions the store has (model=…)")
    else:
        sets = sets_of.kept(dataset, ids, model=model, predictor=predictor, replicate=replicate, allow_missing=allow_missing)
    cutting = [_Cut("overall", "", [None], Groups.whole(len(ids))), *_strata(dataset, cuts)]
    if keep and predictions is not None:
        sets = sets_of.keep(dataset, ids, sets)
    rows = [row for one in sets for row in _scored(dataset, labels, one, cutting)]
    columns = contract("score")
    table = pa.table({c.name: [row.get(c.name) for row in rows] for c in columns.columns}, schema=_nullable(columns.schema))
    return pl.DataFrame(pl.from_arrow(table))


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


def _scored(dataset: Dataset, labels: np.ndarray, one: Predictions, cutting: Sequence[_Cut]) -> Iterator[dict[str, Any]]:
    """Give the rows of table ``score`` of one set of predictions."""
    spec, own = dataset.spec, labels[one.present]
    everyone = bool(one.present.all())
    held = cutting if everyone else [cut.of(one.present) for cut in cutting]
    positive = None
    if labels.ndim == 1 and spec.label.positive:
        class_counts(own)  # refuses other labels than 0 and 1
        positive = own != 0
    found = _values(spec, own, one.values, [cut.groups for cut in held])
    for whole, cut, by_use in zip(cutting, held, found, strict=True):
        n_pos = None if positive is None else cut.groups.count(positive)
        for i, stratum in enumerate(cut.strata):
            n = int(cut.groups.counts[i])
            for use, results in zip(spec.metrics, by_use, strict=True):
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
                    "n": n,
                    "n_pos": None if n_pos is None else int(n_pos[i]),
                    "n_neg": None if n_pos is None else n - int(n_pos[i]),
                    "n_missing": int(whole.groups.counts[i]) - n,
                    "direction": spec.direction,
                    "direction_by": "declared",
                    "note": _note(results[i], use.threshold, one.note),
                }


def _values(spec: TaskSpec, labels: np.ndarray, values: np.ndarray, groupings: Sequence[Groups]) -> list[list[list[Value]]]:
    """Compute a task's metrics: for each grouping, for each metric, a value for each group."""
    found: dict[int, list[list[Value]]] = {}
    for transform in dict.fromkeys(use.transform for use in spec.metrics):
        mine = [i for i, use in enumerate(spec.metrics) if use.transform == transform]
        uses = [
            (metric(use.name), {} if use.threshold is None else {"threshold": use.threshold}) for use in (spec.metrics[i] for i in mine)
        ]
        truth = apply_transform(labels, transform) if transform != "none" else labels
        for i, of_groupings in zip(mine, zip(*by_group(uses, truth, values, groupings), strict=True), strict=True):
            found[i] = list(of_groupings)
    return [[found[i][j] for i in range(len(spec.metrics))] for j in range(len(groupings))]


def _note(result: Value, threshold: float | None, of_set: str | None) -> str | None:
    said = [t for t in (result.reason, result.note, None if threshold is None else f"positive at {threshold:g} or more", of_set) if t]
    return "; ".join(said) or None


@dataclass(frozen=True, eq=False)
class _Cut:
    """A data set cut into strata: which stratum each example is in; the last one's name is None where an example has no stratum."""

    name: str
    hash: str
    strata: list[str | None]
    groups: Groups

    def of(self, rows: np.ndarray) -> _Cut:
        """Cut some of the examples likewise; a stratum may become empty."""
        return dataclasses.replace(self, groups=Groups(self.groups.codes[rows], self.groups.n_groups))


def _strata(dataset: Dataset, cuts: Sequence[Stratifier]) -> list[_Cut]:
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
    columns = ", ".join(f"({cut.sql})::VARCHAR as stratum_{i}" for i, cut in enumerate(cuts))
    table = cursor.sql(f"select {columns}, n_ from kept_rows order by n_").to_arrow_table()
    cursor.unregister("kept_rows")
    return [_Cut(cut.name, cut.hash, *_groups(table[f"stratum_{i}"], cut.order)) for i, cut in enumerate(cuts)]


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


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([f.with_nullable(True) for f in schema])


def describe_metrics(spec: TaskSpec) -> list[str]:
    """Say each of a task's metrics with its transform and formula."""
    return [
        f"{use.name}" + (f" of {use.transform}(label)" if use.transform != "none" else "") + f": {metric(use.name).formula}"
        for use in spec.metrics
    ]
