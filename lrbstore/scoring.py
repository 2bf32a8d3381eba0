"""Scores: a task's metrics over predictions, for all examples together and for each stratum, with the counts beside every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import TaskSpec
from lrbstore.contract import contract
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, ContractBroken, IncompletePredictions, MissingData
from lrbstore.metrics import Value, apply_transform, class_counts, metric
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
    if len(set(ids)) != len(ids):
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
    groups: list[tuple[str, str, str | None, np.ndarray]] = [("overall", "", None, np.arange(len(ids)))]
    for cut in cuts:
        groups += _strata(dataset, cut)
    rows = []
    for name, digest, stratum, members in groups:
        counts = class_counts(labels[members]) if labels.ndim == 1 and spec.label.positive else None
        for use in spec.metrics:
            result = _value(use.name, labels[members], values[members], use.transform, use.threshold)
            rows.append(
                {
                    "task": spec.name,
                    "split": dataset.split,
                    "model": model,
                    "metric": use.name,
                    "transform": use.transform,
                    "stratifier": name,
                    "stratifier_hash": digest,
                    "stratum": stratum,
                    "window": dataset.window.policy,
                    "seq_len": dataset.window.seq_len,
                    "release": dataset.store.release,
                    "origin": "computed",
                    "value": result.value,
                    "n": len(members),
                    "n_pos": counts.n_pos if counts else None,
                    "n_neg": counts.n_neg if counts else None,
                    "direction": spec.direction,
                    "direction_by": "declared",
                    "note": _note(result, use.threshold),
                }
            )
    columns = contract("score")
    table = pa.table({c.name: [row.get(c.name) for row in rows] for c in columns.columns}, schema=_nullable(columns.schema))
    return pl.DataFrame(pl.from_arrow(table))


def _value(name: str, labels: np.ndarray, values: np.ndarray, transform: str, threshold: float | None) -> Value:
    known = metric(name)
    options = {} if threshold is None else {"threshold": threshold}
    return known(apply_transform(labels, transform) if transform != "none" else labels, values, **options)


def _note(result: Value, threshold: float | None) -> str | None:
    said = [t for t in (result.reason, result.note, None if threshold is None else f"positive at {threshold:g} or more") if t]
    return "; ".join(said) or None


def _labels(dataset: Dataset) -> tuple[list[str], np.ndarray]:
    """Read ids and labels without cutting a sequence."""
    return dataset.rows(_ID)[_ID].to_pylist(), dataset.labels()


def _strata(dataset: Dataset, cut: Stratifier) -> list[tuple[str, str, str | None, np.ndarray]]:
    """Cut a data set into strata: name, hash, stratum, positions of its examples."""
    lacking = [c for c in cut.needs if c not in dataset._columns]
    if lacking:
        raise BadSpec(
            f"stratum {cut.name!r} needs the column {', '.join(lacking)}, which the examples of {dataset.spec.name} do not have; "
            f"its own strata: {', '.join(dataset.spec.strata)}"
        )
    cursor = dataset.store.cursor(dataset.spec.name)
    cursor.register("kept_rows", dataset.rows([_ID, *cut.needs]).append_column("n_", pa.array(np.arange(len(dataset)))))
    table = cursor.sql(f"select ({cut.sql})::VARCHAR as stratum, n_ from kept_rows order by n_").to_arrow_table()
    cursor.unregister("kept_rows")
    names = np.array(table["stratum"].to_pylist(), object)
    found = sorted(
        {n for n in names if n is not None}, key=lambda n: (cut.order.index(n) if n in cut.order else len(cut.order), _natural(n))
    )
    groups = [(cut.name, cut.hash, stratum, np.flatnonzero(names == stratum)) for stratum in found]
    nothing = np.flatnonzero(np.array([n is None for n in names], bool))
    return [*groups, (cut.name, cut.hash, None, nothing)] if len(nothing) else groups


def _natural(name: str) -> list[tuple[int, str]]:
    import re

    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.findall(r"\d+|\D+", name)]


def aligned(predictions: Any, ids: list[str], shape: tuple[int, ...]) -> np.ndarray:
    """Bring predictions into the order of the examples.

    Args:
        predictions: See :func:`score`.
        ids: The examples' ids.
        shape: Shape of one label.

    Returns:
        float64, n rows of the shape of a label.

    Raises:
        IncompletePredictions: With the counts of missing, unknown, duplicate and non-finite ones and the first three of each.
        BadSpec: If the shape is not that of the labels.
    """
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
    position: dict[str, int] = {}
    duplicate = []
    for i, name in enumerate(given):
        if name in position:
            duplicate.append(name)
        position[name] = i
    wanted = set(ids)
    bad = {
        "missing": [name for name in ids if name not in position],
        "unknown": [name for name in position if name not in wanted],
        "duplicate": list(dict.fromkeys(duplicate)),
        "non_finite": [given[i] for i in np.flatnonzero(~np.isfinite(array).reshape(len(array), flat).all(axis=1)).tolist()],
    }
    if any(bad.values()):
        said = "; ".join(
            f"{len(v):,} {k.replace('_', '-')} ({', '.join(map(str, v[:3]))}{' …' if len(v) > 3 else ''})" for k, v in bad.items() if v
        )
        raise IncompletePredictions(
            f"the predictions do not fit the {len(ids):,} examples: {said}; every example needs exactly one finite prediction",
            {k: len(v) for k, v in bad.items()},
        )
    return array[[position[name] for name in ids]]


def _ids_and_values(predictions: Any, ids: list[str]) -> tuple[list[str], Any]:
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
            return [str(k) for k in predictions], list(predictions.values())
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
    return [str(i) for i in frame[_ID].to_list()], _nested(values) if nested else values.cast(pl.Float64, strict=False).fill_null(
        np.nan
    ).to_numpy()


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
