"""Scores: a task's metrics over predictions, for all examples together and for each stratum, with the counts beside every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import TaskSpec
from lrbstore.contract import contract
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, ContractBroken, IncompletePredictions, MissingData
from lrbstore.metrics import Value, apply_transform, by_group, class_counts, metric
from lrbstore.ranks import Groups
from lrbstore.strata import Stratifier, stratifier

_ID = "example_id"


def score(dataset: Dataset, predictions: Any, by: str | Sequence[str] = (), model: str | None = None) -> pl.DataFrame:
    """Score predictions for a data set.

    Args:
        dataset: The examples that were to be predicted.
        predictions: A Parquet or CSV file, a frame (polars, Arrow, pandas) or a mapping with ``example_id`` and one more column; or a
            mapping example_id → prediction; or an array in the order of the data set. A prediction has the shape of a label.
        by: Stratifiers, each scored on its own (:mod:`lrbstore.strata`).
        model: Name of the model, for the score's column.

    Returns:
        One row for each metric and stratum, the overall ones first, in the columns of table ``score``. An undefined metric is null with
        the reason in ``note``.

    Raises:
        IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
        UnknownName: If there is no such stratifier.
        BadSpec: If the predictions have another shape than the labels, or the task lacks a column that a stratifier reads.
    """
    spec = dataset.spec
    cuts = [stratifier(name) for name in ([by] if isinstance(by, str) else by)]
    ids, labels = _labels(dataset)
    if ids.n_unique() != len(ids):
        raise ContractBroken(
            f"{spec.name}: two examples of {dataset.split} share an id, so that no prediction can be told theirs; run: lrbstore verify"
        )
    try:
        values = aligned(predictions, ids, labels.shape[1:])
    except IncompletePredictions as error:
        w = dataset.window
        raise IncompletePredictions(
            f"{spec.name}.{dataset.split} at seq_len={w.seq_len:,}, window={w.policy!r}: {error}", error.counts
        ) from None
    cutting = [_Cut("overall", "", [None], Groups.whole(len(ids))), *_strata(dataset, cuts)]
    positive = None
    if labels.ndim == 1 and spec.label.positive:
        class_counts(labels)  # refuses other labels than 0 and 1
        positive = labels != 0
    found = _values(spec, labels, values, [cut.groups for cut in cutting])
    rows = []
    for cut, by_use in zip(cutting, found, strict=True):
        n_pos = None if positive is None else cut.groups.count(positive)
        for i, stratum in enumerate(cut.strata):
            n = int(cut.groups.counts[i])
            for use, results in zip(spec.metrics, by_use, strict=True):
                rows.append(
                    {
                        "task": spec.name,
                        "split": dataset.split,
                        "model": model,
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
                        "direction": spec.direction,
                        "direction_by": "declared",
                        "note": _note(results[i], use.threshold),
                    }
                )
    columns = contract("score")
    table = pa.table({c.name: [row.get(c.name) for row in rows] for c in columns.columns}, schema=_nullable(columns.schema))
    return pl.DataFrame(pl.from_arrow(table))


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


def _note(result: Value, threshold: float | None) -> str | None:
    said = [t for t in (result.reason, result.note, None if threshold is None else f"positive at {threshold:g} or more") if t]
    return "; ".join(said) or None


def _labels(dataset: Dataset) -> tuple[pl.Series, np.ndarray]:
    """Read ids and labels without cutting a sequence."""
    return pl.Series(_ID, dataset.rows(_ID)[_ID], dtype=pl.String), dataset.labels()


@dataclass(frozen=True, eq=False)
class _Cut:
    """A data set cut into strata: which stratum each example is in; the last one's name is None where an example has no stratum."""

    name: str
    hash: str
    strata: list[str | None]
    groups: Groups


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
    rows = dataset.rows(list(dict.fromkeys([_ID, *(column for cut in cuts for column in cut.needs)])))
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


def aligned(predictions: Any, ids: Sequence[str] | pl.Series, shape: tuple[int, ...]) -> np.ndarray:
    """Bring predictions into the order of the examples.

    Args:
        predictions: See :func:`score`.
        ids: The examples' ids, each once.
        shape: Shape of one label.

    Returns:
        float64, n rows of the shape of a label.

    Raises:
        IncompletePredictions: With the counts of missing, unknown, duplicate and non-finite ones and the first three of each.
        BadSpec: If the shape is not that of the labels.
    """
    ids = pl.Series(_ID, ids, dtype=pl.String)
    given, values = _ids_and_values(predictions, ids)
    try:
        array = np.asarray(values, np.float64) if len(values) else np.empty((0, *shape))
    except (ValueError, TypeError) as error:
        raise BadSpec(f"predictions cannot be read as numbers of shape {shape}: {error}") from error
    flat = int(np.prod(shape)) if shape else 1
    if array.shape[1:] != shape:
        if array.ndim == 2 and array.shape[1] == flat:  # a vector column cannot hold bins × tracks: it comes flattened
            array = array.reshape(len(array), *shape)
        else:
            raise BadSpec(f"a prediction has the shape {array.shape[1:]}; the label of an example has {shape}")
    finite = np.isfinite(array).reshape(len(array), flat).all(axis=1)
    if finite.all() and (given is ids or given.equals(ids)):
        return array
    places = pl.DataFrame({_ID: ids}).join(
        pl.DataFrame({_ID: given, "i": np.arange(len(given))}), on=_ID, how="left", maintain_order="left"
    )
    # As many predictions as examples, and one for each example: then none is unknown or given twice.
    if len(ids) == len(given) == places.height and not places["i"].null_count() and finite.all():
        return array[places["i"].to_numpy()]
    bad = {
        "missing": ids.filter(~ids.is_in(given.implode())).to_list(),
        "unknown": given.filter(~given.is_in(ids.implode())).unique(maintain_order=True).to_list(),
        "duplicate": given.filter(~given.is_first_distinct()).unique(maintain_order=True).to_list(),
        "non_finite": given.filter(pl.Series(~finite)).to_list(),
    }
    said = "; ".join(
        f"{len(v):,} {k.replace('_', '-')} ({', '.join(map(str, v[:3]))}{' …' if len(v) > 3 else ''})" for k, v in bad.items() if v
    )
    raise IncompletePredictions(
        f"the predictions do not fit the {len(ids):,} examples: {said}; every example needs exactly one finite prediction",
        {k: len(v) for k, v in bad.items()},
    )


def _ids_and_values(predictions: Any, ids: pl.Series) -> tuple[pl.Series, Any]:
    """Read predictions: their ids (``ids`` itself where they follow it), and their values."""
    if isinstance(predictions, str | Path):
        return _ids_and_values(read_predictions(Path(predictions)), ids)
    if isinstance(predictions, list | tuple) and predictions and isinstance(predictions[0], tuple):
        raise BadSpec("predictions are a list of pairs; give a mapping: dict(pairs)")
    if isinstance(predictions, np.ndarray | list | tuple):
        if len(predictions) != len(ids):
            raise IncompletePredictions(
                f"{len(predictions):,} predictions for {len(ids):,} examples; an array must follow the data set's order row by row",
                {
                    "missing": max(len(ids) - len(predictions), 0),
                    "unknown": max(len(predictions) - len(ids), 0),
                    "duplicate": 0,
                    "non_finite": 0,
                },
            )
        return ids, predictions
    if isinstance(predictions, Mapping):
        if _ID not in predictions:
            return pl.Series(_ID, [str(k) for k in predictions], dtype=pl.String), list(predictions.values())
        predictions = pl.DataFrame(dict(predictions))
    frame = _frame(predictions)
    if _ID not in frame.columns or frame.width < 2:
        raise BadSpec(f"predictions need the column {_ID!r} and one column of predictions; found: {', '.join(frame.columns)}")
    column = "prediction" if "prediction" in frame.columns else next(c for c in frame.columns if c != _ID)
    others = [c for c in frame.columns if c not in {_ID, column}]
    if others and column != "prediction":
        raise BadSpec(
            f"predictions have several columns besides {_ID!r}: {', '.join([column, *others])}; call the one that is meant 'prediction'"
        )
    values = frame[column]
    nested = isinstance(values.dtype, pl.List | pl.Array)
    try:
        given = frame[_ID].cast(pl.String, strict=False).fill_null("None")
    except pl.exceptions.PolarsError as error:
        raise BadSpec(f"predictions have ids of type {frame[_ID].dtype}; expected text, as the examples' {_ID}") from error
    return given, _nested(values) if nested else values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def _nested(values: pl.Series) -> Any:
    """Read a column of lists as an array (n, width); a missing list, or a missing number, is NaN and will be counted as not finite."""
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    widths = sorted(values.list.len().drop_nulls().unique().to_list())
    if len(widths) > 1:
        raise BadSpec(f"predictions are vectors of different lengths: {', '.join(map(str, widths[:4]))}; expected one length")
    if values.dtype.inner.is_nested():  # type: ignore[attr-defined]
        return values.to_list()
    out = np.full((len(values), *widths), np.nan)
    if widths and widths[0]:
        numbers = values.drop_nulls().explode(empty_as_null=False, keep_nulls=True).cast(pl.Float64, strict=False).fill_null(np.nan)
        out[values.is_not_null().to_numpy()] = numbers.to_numpy().reshape(-1, widths[0])
    return out


def _frame(predictions: Any) -> pl.DataFrame:
    if isinstance(predictions, pl.DataFrame):
        return predictions
    if isinstance(predictions, pl.LazyFrame):
        return predictions.collect()
    try:
        return pl.DataFrame(pl.from_arrow(pa.table(predictions) if not isinstance(predictions, pa.Table) else predictions))
    except (TypeError, ValueError, pa.ArrowInvalid) as error:
        raise BadSpec(
            f"predictions of type {type(predictions).__name__} are not understood; give a file, a frame, a mapping or an array"
        ) from error


def read_predictions(path: Path) -> pl.DataFrame:
    """Read a file of predictions: Parquet, or CSV with a header.

    Raises:
        MissingData: If there is no such file.
        BadSpec: If it cannot be read as a table.
    """
    if not path.is_file():
        raise MissingData(f"there is no file of predictions at {path}; expected Parquet or CSV with example_id and prediction")
    try:
        if path.suffix in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        return pl.read_csv(path, schema_overrides={_ID: pl.String})
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadSpec(f"{path} cannot be read as predictions: {str(error).splitlines()[0]}; expected Parquet or CSV") from error


def _nullable(schema: pa.Schema) -> pa.Schema:
    return pa.schema([f.with_nullable(True) for f in schema])


def describe_metrics(spec: TaskSpec) -> list[str]:
    """Say each of a task's metrics with its transform and formula."""
    return [
        f"{use.name}" + (f" of {use.transform}(label)" if use.transform != "none" else "") + f": {metric(use.name).formula}"
        for use in spec.metrics
    ]
