"""Predictions: a model's numbers for the examples of a task, given in any form, matched with the examples, and kept in the store.

One *set* is what one model says of one split in one way: told apart by model, predictor (the way of predicting with it) and replicate (a
seed). A file may hold several. Whatever they come as (:func:`given`), they end as :class:`Predictions`: an array in the order of the data
set, with the examples that have none marked. :func:`keep` puts sets into tables ``prediction``, ``predictor`` and ``model`` of the store's
next release; :func:`kept` reads them again, those that came with a source too.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import task_specs
from lrbstore.contract import contract, literal, quote
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, CannotWrite, IncompletePredictions, MissingData, UnknownName
from lrbstore.manifest import DataFile
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication, StoreFolder
from lrbstore.store import Store, damage_said

ID = "example_id"
USER = "user"  #: Source of the predictions that users keep.
AS_GIVEN = "as_given"  #: Predictor where nobody says in which way a model predicted.
_VALUE = ("prediction", "score")  #: Names of the column of numbers, if there are several columns.
_NAMES = {"model": "model", "predictor": "predictor", "replicate": "replicate", "seed": "replicate"}
_FACTS = ("task", "split", "release", "fingerprint")  #: What a file may say of itself, in columns of one value: a template does.
_MADE_AT = ("seq_len", "window")  #: And of the sequences that they were made from: said where a fingerprint is another one.
_ROWS_AT_ONCE = 1 << 22  #: Numbers that are written at a time.

BoolArray = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """One set of predictions, in the order of a data set.

    Attributes:
        values: float64 (n, …): predictions of the examples that have one, each in the shape of a label.
        present: bool (examples,): which have one; n of them.
        model, predictor, replicate: Whose they are, as far as that was said.
        note: What was left out, if anything.
        file: Name of the file that they were read from, if any.
    """

    values: Floats
    present: BoolArray
    model: str | None = None
    predictor: str | None = None
    replicate: str | None = None
    note: str | None = None
    file: str | None = None


@dataclass(frozen=True, eq=False)
class _Given:
    """One set as it was given: its ids, its numbers (or what should be numbers), and what it says of itself."""

    ids: pl.Series
    values: Any
    names: dict[str, str | None]
    facts: dict[str, str]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def given(
    dataset: Dataset,
    ids: pl.Series,
    predictions: Any,
    *,
    model: str | None = None,
    predictor: str | None = None,
    replicate: str | None = None,
    allow_missing: bool = False,
) -> list[Predictions]:
    """Read predictions in any form and match them with the examples of a data set.

    Args:
        dataset: The examples that were to be predicted.
        ids: Their ids, in order.
        predictions: A Parquet or CSV file; a frame (polars, Arrow, pandas) or a mapping of columns with ``example_id`` and a column of
            numbers (``prediction`` or ``score``, or the only other one); a mapping example_id → prediction; or an array in the order of
            the data set. A frame may hold several sets, told apart by columns ``model``, ``predictor``, ``replicate`` (or ``seed``), and
            may say what it is for in ``task``, ``split``, ``release`` and ``fingerprint``, and with which sequences it was made in
            ``seq_len`` and ``window``. A prediction has the shape of a label, or is
            that flattened.
        model: Whose they are; in a frame that says so itself, whose are meant.
        predictor: The way of predicting, likewise.
        replicate: The seed, likewise.
        allow_missing: Take sets in which examples lack a finite prediction, or that know other examples too; the counts are kept.

    Returns:
        The sets, in the order of the frame.

    Raises:
        IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
        BadSpec: If they are of another shape than the labels, or for another task, split or release.
        MissingData: If there is no such file.
    """
    asked = {"model": model, "predictor": predictor, "replicate": replicate}
    file = Path(predictions).name if isinstance(predictions, str | Path) else None
    found = []
    for one in _sets(predictions, ids, asked):
        _see_what_it_is_for(dataset, one.facts)
        with _about(dataset):
            matched = _matched(one.ids, one.values, ids, dataset.label_shape, allow_missing=allow_missing)
        found.append(
            dataclasses.replace(
                matched, model=one.names["model"], predictor=one.names["predictor"], replicate=one.names["replicate"], file=file
            )
        )
    return found


class _about:  # noqa: N801 - reads as a statement
    """Say of which data set incomplete predictions are, and of which other one the unknown ids are, if any."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IncompletePredictions):
            ds = self.dataset
            elsewhere = _whose(ds, error.unknown) if error.unknown else ""
            raise IncompletePredictions(
                f"{ds.spec.name}.{ds.split} at seq_len={ds.window.seq_len:,}, window={ds.window.policy!r}: {error}{elsewhere}", error.counts
            ) from None


def _whose(dataset: Dataset, unknown: Sequence[str]) -> str:
    """Tell which split, or which other task, knows ids that the data set does not."""
    spec = dataset.spec
    for split in spec.splits(dataset.scheme):
        if split != dataset.split and _knows(dataset.store, spec.view(dataset.scheme, split), unknown):
            return f"; the unknown ids are of its split {split}"
    if _knows(dataset.store, f"{spec.name}.examples", unknown):
        return "; the unknown ids are examples that this window, filter or split scheme leaves out: see dropped()"
    return of_other_tasks(dataset.store, spec.name, unknown)


def of_other_tasks(store: Store, task: str | None, unknown: Sequence[str]) -> str:
    """Say which tasks but one have examples of some ids: a clause for a message, empty where none has."""
    others = [name for name in task_specs() if name != task and _knows(store, f"{name}.examples", unknown)]
    return f"; the unknown ids are of task {', '.join(others)}" if others else ""


def _knows(store: Store, view: str, ids: Sequence[str]) -> bool:
    values = {f"i{i}": one for i, one in enumerate(ids)}
    named = ", ".join(f"${name}" for name in values)
    return bool(store.cursor(view).execute(f"select count(*) from {view} where {ID} in ({named})", values).fetchall()[0][0])


def _see_what_it_is_for(dataset: Dataset, facts: Mapping[str, str]) -> None:
    """Refuse predictions that say they are for something else."""
    is_for = {"task": dataset.spec.name, "split": dataset.split}
    for fact, here in is_for.items():
        if facts.get(fact, here) != here:
            raise BadSpec(f"the predictions say that they are for {fact} {facts[fact]!r}; {here!r} is being scored")
    told, here = facts.get("fingerprint"), dataset.store.release
    release = facts.get("release", here)
    # A fingerprint tells best. Without one the release does: its content, the second half of its name.
    if told == dataset.fingerprint or (told is None and release.partition("-")[2] == here.partition("-")[2]):
        return
    if told is None or release != here:
        raise BadSpec(
            f"the predictions are for release {release}, and {here} is open: its examples may be others; score them against their own "
            f"release (--release {release}), or fill a new template: lrbstore predictions template {dataset.spec.name}"
        )
    made_at = ", ".join(f"{fact}={facts[fact]}" for fact in _MADE_AT if fact in facts)
    if made_at and made_at == ", ".join(f"{fact}={dataset.settings[fact]}" for fact in _MADE_AT if fact in facts):
        made_at += " as here"  # it is another option, a filter or a split scheme
    said = f" (made at {made_at})" if made_at else ""
    raise BadSpec(
        f"the predictions are for a data set with fingerprint {told[:12]}…{said}, and {dataset!r} has "
        f"{dataset.fingerprint[:12]}…: open the task with the window and the options that they were made with"
    )


def _matched(given_ids: pl.Series, values: Any, ids: pl.Series, shape: tuple[int, ...], *, allow_missing: bool) -> Predictions:
    """Bring numbers into the order of the examples, see :func:`given`."""
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
    everyone = np.ones(len(ids), np.bool_)
    if finite.all() and (given_ids is ids or given_ids.equals(ids)):
        return Predictions(array, everyone)
    places = (
        pl.DataFrame({ID: ids})
        .join(pl.DataFrame({ID: given_ids, "i": np.arange(len(given_ids))}), on=ID, how="left", maintain_order="left")
        .get_column("i")
    )
    # As many predictions as examples, and one for each example: then none is unknown or given twice.
    if len(ids) == len(given_ids) == len(places) and not places.null_count() and finite.all():
        return Predictions(array[places.to_numpy()], everyone)
    bad = {
        "missing": ids.filter(~ids.is_in(given_ids.implode())).to_list(),
        "unknown": given_ids.filter(~given_ids.is_in(ids.implode())).unique(maintain_order=True).to_list(),
        "duplicate": given_ids.filter(~given_ids.is_first_distinct()).unique(maintain_order=True).to_list(),
        "non_finite": given_ids.filter(pl.Series(~finite)).to_list(),
    }
    counts = {kind: len(some) for kind, some in bad.items()}
    if allow_missing and not bad["duplicate"] and len(bad["missing"]) < len(ids):
        place = places.fill_null(-1).to_numpy()
        present = (place >= 0) & np.append(finite, False)[place]
        return Predictions(array[place[present]], present, note=_left_out(counts))
    said = "; ".join(
        f"{len(v):,} {k.replace('_', '-')} ({', '.join(map(str, v[:3]))}{' …' if len(v) > 3 else ''})" for k, v in bad.items() if v
    )
    wanted = "at most one prediction for each example" if allow_missing else "every example needs exactly one finite prediction"
    hint = "; columns model and replicate tell several of one example apart" if bad["duplicate"] else ""
    raise IncompletePredictions(
        f"the predictions do not fit the {len(ids):,} examples: {said}; {wanted}{hint}", counts, unknown=bad["unknown"][:3]
    )


def _left_out(counts: Mapping[str, int]) -> str | None:
    said = {"unknown": "unknown ids passed over", "non_finite": "predictions that are not finite counted as missing"}
    return "; ".join(f"{counts[kind]:,} {words}" for kind, words in said.items() if counts[kind]) or None


def _sets(predictions: Any, ids: pl.Series, asked: Mapping[str, str | None]) -> list[_Given]:
    """Take predictions apart into sets; ``ids`` itself is the ids of an array."""
    names = {key: asked.get(key) for key in ("model", "predictor", "replicate")}
    if isinstance(predictions, str | Path):
        return _of_frame(read_predictions(Path(predictions)), names)
    if isinstance(predictions, list | tuple) and predictions and isinstance(predictions[0], tuple):
        raise BadSpec("predictions are a list of pairs; give a mapping: dict(pairs)")
    if isinstance(predictions, np.ndarray | list | tuple):
        if len(predictions) != len(ids):
            counts = {"missing": max(len(ids) - len(predictions), 0), "unknown": max(len(predictions) - len(ids), 0)}
            raise IncompletePredictions(
                f"{len(predictions):,} predictions for {len(ids):,} examples; an array must follow the data set's order row by row",
                {**counts, "duplicate": 0, "non_finite": 0},
            )
        return [_Given(ids, predictions, names, {})]
    if isinstance(predictions, Mapping):
        if ID not in predictions:
            given_ids = pl.Series(ID, [str(k) for k in predictions], dtype=pl.String)
            return [_Given(given_ids, list(predictions.values()), names, {})]
        predictions = pl.DataFrame(dict(predictions))
    return _of_frame(_frame(predictions), names)


def _of_frame(frame: pl.DataFrame, asked: dict[str, str | None]) -> list[_Given]:
    """Read a frame: which sets it holds, what they are for, and their numbers."""
    of_set = {c: _NAMES[c] for c in frame.columns if c in _NAMES}
    if len(set(of_set.values())) < len(of_set):
        raise BadSpec("the predictions have a column 'seed' and a column 'replicate'; expected one of the two")
    facts = {c: _one_value(frame, c) for c in frame.columns if c in _FACTS and not frame[c].is_null().all()}
    # A model's own context length may stand under such a name as well: several values, or another one, are no fault.
    facts |= {c: str(frame[c][0]) for c in _MADE_AT if c in frame.columns and frame[c].n_unique() == 1 and frame[c].null_count() == 0}
    others = [c for c in frame.columns if c not in {ID, *of_set, *_FACTS, *_MADE_AT}]
    if ID not in frame.columns or not others:
        raise BadSpec(f"predictions need the column {ID!r} and one column of predictions; found: {', '.join(frame.columns)}")
    column = next((name for name in _VALUE if name in others), others[0])
    if len(others) > 1 and column not in _VALUE:
        raise BadSpec(f"predictions have several columns besides {ID!r}: {', '.join(others)}; call the one that is meant 'prediction'")
    if not of_set:
        return [_Given(*_ids_and_values(frame, column), asked, facts)]
    if null := [c for c in of_set if frame[c].null_count()]:
        raise BadSpec(f"column {null[0]!r} of the predictions is empty in {frame[null[0]].null_count():,} of {frame.height:,} rows")
    found = []
    for key, part in frame.partition_by(list(of_set), maintain_order=True, as_dict=True).items():
        names = {**asked, **{of_set[c]: str(value) for c, value in zip(of_set, key, strict=True)}}
        if all(wanted is None or names[name] == wanted for name, wanted in asked.items()):
            found.append(_Given(*_ids_and_values(part, column), names, facts))
    if not found:
        said = ", ".join(f"{name} {wanted!r}" for name, wanted in asked.items() if wanted is not None)
        raise BadSpec(f"the predictions have columns {', '.join(of_set)}, and none of their rows is of {said}")
    return found


def _one_value(frame: pl.DataFrame, column: str) -> str:
    values = frame[column].drop_nulls().unique(maintain_order=True).cast(pl.String).to_list()
    if len(values) > 1:
        raise BadSpec(f"column {column!r} of the predictions says {', '.join(values[:3])}; expected one value: it says what they are for")
    return str(values[0])


def _ids_and_values(frame: pl.DataFrame, column: str) -> tuple[pl.Series, Any]:
    try:
        given_ids = frame[ID].cast(pl.String, strict=False).fill_null("None")
    except pl.exceptions.PolarsError as error:
        raise BadSpec(f"predictions have ids of type {frame[ID].dtype}; expected text, as the examples' {ID}") from error
    values = frame[column]
    if isinstance(values.dtype, pl.List | pl.Array):
        return given_ids, _nested(values)
    numbers = values.cast(pl.Float64, strict=False)
    texts = values.drop_nulls()
    if values.dtype == pl.String and len(texts) and not numbers.is_not_null().any():
        raise BadSpec(
            f"column {column!r} of the predictions holds text ({texts[0]!r}) and no number: a class's name is a label, not a score"
        )
    return given_ids, numbers.fill_null(np.nan).to_numpy()


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
        return pl.read_csv(path, schema_overrides={ID: pl.String})
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadSpec(f"{path} cannot be read as predictions: {str(error).splitlines()[0]}; expected Parquet or CSV") from error


# ── what is wanted ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def expects(dataset: Dataset) -> str:
    """Say which predictions a data set is scored with."""
    spec, shape = dataset.spec, dataset.label_shape
    n, name = len(dataset), f"{dataset.spec.name}.{dataset.split}"
    if spec.label.classes:
        number = f"{len(spec.label.classes)} finite numbers, one a class: {', '.join(spec.label.classes)}"
    elif shape:
        number = f"{' × '.join(map(str, shape))} finite numbers, as a list of {int(np.prod(shape)):,}"
    else:
        number = f"one finite number; {spec.direction} means " + (spec.label.positive or f"a higher label ({spec.label.unit})")
    lines = [
        f"{name} at {dataset.window.seq_len:,} bp, window {dataset.window.policy!r}: predictions for {n:,} examples, one each.",
        f"  {ID}    text: ids as dataset.rows('{ID}') and batches have them; lrbstore predictions template {spec.name} writes them",
        f"  prediction    {number}; higher and lower are what counts, not the scale, for AUROC, AUPRC and Spearman",
        "  model, predictor, replicate    optional text: who predicted, in which way, with which seed; several sets may share a file",
        "  task, split, release, fingerprint    optional: what the file is for, and refused elsewhere; a template has them",
        "  seq_len, window    optional: what the fingerprint stands for, in words; a template has them",
        "As a Parquet or CSV file, a frame, a mapping of id to prediction, or an array in the order of the data set.",
    ]
    return "\n".join(lines)


def template(dataset: Dataset) -> pa.Table:
    """Make the table that predictions are to be filled into: one row an example, in order.

    Returns:
        Columns example_id; prediction (float64, or a list of them where labels are vectors; all null); task, split, release, fingerprint,
        seq_len (int64, bp), window.
    """
    n = len(dataset)
    facts = {
        "task": dataset.spec.name,
        "split": dataset.split,
        "release": dataset.store.release,
        "fingerprint": dataset.fingerprint,
        "seq_len": dataset.window.seq_len,
        "window": dataset.window.policy,
    }
    number = pa.list_(pa.float64()) if dataset.label_shape else pa.float64()
    columns = {ID: dataset.rows(ID)[ID], "prediction": pa.nulls(n, number)}
    return pa.table({**columns, **{name: pa.repeat(value, n) for name, value in facts.items()}})


def write_template(table: pa.Table, path: Path) -> None:
    """Write a template as CSV or Parquet, by its ending.

    Raises:
        BadSpec: If the ending is another one, or the file is there already.
        CannotWrite: If it cannot be written.
    """
    if path.suffix not in {".csv", ".parquet", ".pq"}:
        raise BadSpec(f"{path} ends in {path.suffix!r}; expected .csv or .parquet")
    if path.exists():
        raise BadSpec(f"{path} is there already, and may hold predictions; give another name")
    frame = pl.DataFrame(pl.from_arrow(table))
    try:
        if path.suffix == ".csv":
            frame.with_columns(pl.lit(None, pl.String).alias("prediction")).write_csv(path)
        else:
            frame.write_parquet(path)
    except OSError as error:
        raise CannotWrite(f"{path} cannot be written: {error.strerror}") from error


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_kept(sets: Sequence[Predictions]) -> list[Predictions]:
    """Give sets of predictions as the store would have them: numbers as float32.

    Raises:
        BadSpec: If a set has no model, or a number that float32 cannot hold.
    """
    kept = [dataclasses.replace(one, predictor=one.predictor or AS_GIVEN) for one in sets]
    if any(not one.model for one in kept):
        raise BadSpec("predictions can be kept only under the name of a model; give one: --model NAME, or a column 'model'")
    with np.errstate(over="ignore"):
        kept = [dataclasses.replace(one, values=one.values.astype(np.float32).astype(np.float64)) for one in kept]
    if not all(np.isfinite(one.values).all() for one in kept):
        raise BadSpec("a prediction is too large for float32, as which the store keeps it; expected numbers below 3.4e38")
    return kept


def keep(dataset: Dataset, ids: pl.Series, sets: Sequence[Predictions], about: str | None = None) -> str:
    """Publish sets of predictions as part of the store's next release; one that is kept again takes the place of what was kept before.

    Args:
        dataset: What was predicted.
        ids: The examples' ids, in order.
        sets: As :func:`given` gives them.
        about: What was done to get the numbers.

    Returns:
        Name of the release, whose examples are those of the one before.

    Raises:
        BadSpec: If a set has no model, or a number that float32 cannot hold.
        StoreLocked: If another process is writing.
        CannotWrite: If the disk is full or the folder cannot be written to; the store is untouched.
    """
    kept = as_kept(sets)
    with StoreFolder(dataset.store.path).writer() as publication:
        base = publication.draft()
        rows = {_set_id(dataset, one): one for one in kept}
        files = [f for f in base.files if not (f.source == USER and f.table == "prediction" and f.unit in rows)]
        files += [_write(publication, dataset, ids, one, unit) for unit, one in rows.items()]
        said = [_said_of(dataset, one, unit, about) for unit, one in rows.items()]
        renew(publication, files, "predictor", said, replaces=lambda row: row["source_version"] in rows)
        know_models(publication, files, [str(one.model) for one in kept])
        whose = ", ".join(dict.fromkeys(str(one.model) for one in kept))
        note = f"predictions of {whose} for {dataset.spec.name}.{dataset.split}"
        return publication.publish(publication.draft(files=tuple(files), note=note)).release


def forget(store: Store, task: str, model: str, predictor: str | None = None, replicate: str | None = None) -> int:
    """Publish a release without some sets that were kept. Earlier releases have them until ``lrbstore gc``.

    Returns:
        How many sets went.

    Raises:
        UnknownName: If there are none of that model for the task; those that came with a source are part of it.
    """
    asked = {"model": model, "predictor": predictor, "replicate": replicate}
    with StoreFolder(store.path).writer() as publication:
        files = list(publication.draft().files)
        own = [row for row in own_rows(publication, files, "predictor") if row["task"] == task]
        gone = {row["source_version"] for row in own if all(v is None or row[k] == v for k, v in asked.items())}
        if not gone:
            raise UnknownName(f"model with predictions kept for {task}", model, {row["model"] for row in own})
        files = [f for f in files if not (f.source == USER and f.table == "prediction" and f.unit in gone)]
        renew(publication, files, "predictor", [], replaces=lambda row: row["source_version"] in gone)
        publication.publish(publication.draft(files=tuple(files), note=f"without predictions of {model} for {task}"))
    return len(gone)


def _set_id(dataset: Dataset, one: Predictions) -> str:
    """Tell a set from others: the same model, way and seed for the same split, window and options."""
    key = [one.model, one.predictor, one.replicate, dataset.spec.name, dataset.split, dataset.settings]
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]


def _write(publication: Publication, dataset: Dataset, ids: pl.Series, one: Predictions, unit: str) -> DataFile:
    rules, own = contract("prediction"), ids.filter(pl.Series(one.present)).to_arrow()
    flat = one.values.reshape(len(own), -1).astype(np.float32)
    width = flat.shape[1]
    at_once = max(_ROWS_AT_ONCE // max(width, 1), 1)
    with TableWriter(rules, publication.data_path("prediction", f"{USER}-{unit}"), {"lrbstore.source": USER}) as writer:
        for first in range(0, len(own), at_once):
            part = flat[first : first + at_once]
            n = len(part)
            offsets = pa.array(np.arange(0, (n + 1) * width, width, dtype=np.int32))
            said = {
                "task": dataset.spec.name,
                "model": one.model,
                "predictor": one.predictor,
                "replicate": one.replicate,
                "source": USER,
                "source_version": unit,
                "source_file": one.file or USER,
            }
            columns = {name: pa.repeat(pa.scalar(value, pa.string()), n) for name, value in said.items()}
            columns[ID] = own.slice(first, n).cast(pa.string())
            columns["values"] = pa.ListArray.from_arrays(offsets, pa.array(part.reshape(-1)))
            columns["source_line"] = pa.array(np.arange(first + 1, first + n + 1))
            writer.write(pa.table(columns))
        return writer.close(source=USER, version=None, assembly=None, unit=unit, genome=None)


def _said_of(dataset: Dataset, one: Predictions, unit: str, about: str | None) -> dict[str, Any]:
    """Say of a set what table ``predictor`` has."""
    return {
        "task": dataset.spec.name,
        "model": one.model,
        "predictor": one.predictor,
        "replicate": one.replicate,
        "about": about,
        "split_scheme": dataset.scheme,
        "split": dataset.split,
        "window": dataset.window.policy,
        "seq_len": dataset.window.seq_len,
        "settings": json.dumps(dataset.settings, sort_keys=True),
        "release": dataset.store.release,
        "fingerprint": dataset.fingerprint,
        "n": int(one.present.sum()),
        "n_missing": int((~one.present).sum()),
        "kept_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "source": USER,
        "source_version": unit,
        "source_file": one.file or USER,
        "source_line": None,
    }


def know_models(publication: Publication, files: list[DataFile], names: Sequence[str]) -> None:
    """Put models into table ``model`` that users have not named before; ``files`` becomes those of the next release."""
    known = {row["model"] for row in own_rows(publication, files, "model")}
    rows = [
        {"model": name, "source": USER, "source_version": USER, "source_file": USER, "source_line": None}
        for name in dict.fromkeys(names)
        if name not in known
    ]
    renew(publication, files, "model", rows)


def own_rows(publication: Publication, files: Sequence[DataFile], table: str) -> list[dict[str, Any]]:
    """Read the rows of a small table that users have brought."""
    import pyarrow.parquet as pq

    own = [publication.folder.path / f.path for f in files if f.table == table and f.source == USER]
    return [row for path in own for row in pq.read_table(path).to_pylist()]


def renew(
    publication: Publication,
    files: list[DataFile],
    table: str,
    rows: list[dict[str, Any]],
    replaces: Callable[[dict[str, Any]], bool] = lambda _: False,
) -> None:
    """Write the users' rows of a small table anew: what was there, less what is replaced, and some more; ``files`` changes with it."""
    old = own_rows(publication, files, table)
    stay = [row for row in old if not replaces(row)]
    if not rows and len(stay) == len(old):
        return
    files[:] = [f for f in files if not (f.table == table and f.source == USER)]
    rules = contract(table)
    found = [*stay, *rows]
    if not found:
        return
    with TableWriter(rules, publication.data_path(table, USER), {"lrbstore.source": USER}) as writer:
        columns = {c: [row.get(c) for row in found] for c in rules.column_names}
        writer.write(pa.table(columns, schema=pa.schema([f.with_nullable(True) for f in rules.schema])))
        files.append(writer.close(source=USER, version=None, assembly=None, unit=None, genome=None))


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def kept(
    dataset: Dataset,
    ids: pl.Series,
    *,
    model: str,
    predictor: str | None = None,
    replicate: str | None = None,
    allow_missing: bool = False,
) -> list[Predictions]:
    """Read the sets of a model that the store has for a data set: those that users kept, and those that came with a source.

    A source's set may hold other splits too, which are passed over; a user's is for the split, window and options that it was kept for.

    Raises:
        UnknownName: If there is none of that model for the task; near names are offered.
        BadSpec: If there are some, for other splits or windows.
        IncompletePredictions: If examples have no prediction, and that is not allowed.
    """
    spec, cursor = dataset.spec, dataset.store.cursor(dataset.spec.name)
    columns = ["model", "predictor", "replicate", "split_scheme", "split", "settings", "source", "source_version", "source_file", "seq_len"]
    with damage_said():
        found = cursor.execute(
            f"select {', '.join(columns)} from predictor where task = $task order by all", {"task": spec.name}
        ).fetchall()
    sets = [dict(zip(columns, row, strict=True)) for row in found]
    mine = [s for s in sets if s["model"] == model and predictor in {None, s["predictor"]} and replicate in {None, s["replicate"]}]
    if not mine:
        names = {s["model"] for s in sets if predictor in {None, s["predictor"]} and replicate in {None, s["replicate"]}}
        raise UnknownName(f"model with predictions for {spec.name}", model, names)
    settings = json.loads(json.dumps(dataset.settings))
    fits = [
        s
        for s in mine
        if s["source"] != USER
        or (s["split"] == dataset.split and s["split_scheme"] == dataset.scheme and json.loads(s["settings"]) == settings)
    ]
    if not fits:
        there = "; ".join(dict.fromkeys(f"split {s['split']}, {s['settings']}" for s in mine))
        raise BadSpec(
            f"the predictions of {model} that are kept for {spec.name} are for: {there}; "
            f"asked for: split {dataset.split}, {json.dumps(settings)}"
        )
    return [_read(dataset, ids, s, allow_missing) for s in fits]


def listed(store: Store) -> pl.DataFrame:
    """List the sets that the store has.

    Returns:
        Columns task, model, predictor, replicate, split_scheme, split, seq_len (bp), n (predictions in the set), n_test (examples of the
        task's test split, under its own scheme, that have one; null for a user's set for another split or scheme), n_missing, kept_at,
        source, source_file.
    """
    keys = "task, model, predictor, replicate, source, source_version, source_file"
    with damage_said():
        tasks = [name for (name,) in store.sql("select distinct task from predictor order by task").fetchall()]
        specs = [task_specs()[name] for name in tasks if name in task_specs()]
        with_test = [spec for spec in specs if "test" in spec.splits(spec.split_scheme)]
        # A user's set is for one split, and its n says how many of that have one: only a source's is looked through.
        counts = [
            f"select {keys}, count(distinct {ID})::BIGINT as n_test from prediction where task = {literal(spec.name)} "
            f"and source <> {literal(USER)} and {ID} in (select {ID} from {spec.view(spec.split_scheme, 'test')}) group by all"
            for spec in with_test
        ]
        counted = " union all ".join(counts) or f"select {keys}, n as n_test from predictor where false"
        own = ", ".join(f"({literal(spec.name)}, {literal(spec.split_scheme)})" for spec in with_test) or "(null, null)"
        named = " and ".join(f"p.{key} is not distinct from c.{key}" for key in keys.split(", "))
        return pl.DataFrame(
            store.sql(
                f"""select p.task, p.model, p.predictor, p.replicate, p.split_scheme, p.split, p.seq_len, p.n,
    case
        when o.scheme is null then null
        when p.source <> {literal(USER)} then coalesce(c.n_test, 0)
        when p.split = 'test' and p.split_scheme = o.scheme then p.n
    end as n_test,
    p.n_missing, p.kept_at, p.source, p.source_file
from predictor as p
left join (values {own}) as o(task, scheme) on o.task = p.task
left join ({counted}) as c on {named}
order by all"""
            ).pl()
        )


def _read(dataset: Dataset, ids: pl.Series, of: Mapping[str, Any], allow_missing: bool) -> Predictions:
    keys = ("model", "predictor", "replicate", "source", "source_version", "source_file")
    where = " and ".join(f"{quote(k)} is not distinct from ${k}" for k in keys)
    cursor, values_of = dataset.store.cursor(dataset.spec.name), {"task": dataset.spec.name, **{k: of[k] for k in keys}}
    with damage_said():
        rows = cursor.sql(f'select {ID}, "values" from prediction where task = $task and {where}', params=values_of).to_arrow_table()
    names = {k: of[k] for k in ("model", "predictor", "replicate")}
    with _about(dataset):
        said = pl.Series(ID, rows[ID], dtype=pl.String)
        values = np.asarray(rows["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False), np.float64).reshape(len(said), -1)
        shape = dataset.label_shape
        if not shape and values.shape[1:] == (1,):
            values = values[:, 0]
        if of["source"] != USER:
            ours = said.is_in(ids.implode())
            said, values = said.filter(ours), values[ours.to_numpy()]
        matched = _matched(said, values, ids, shape, allow_missing=allow_missing)
    return dataclasses.replace(matched, **names)
