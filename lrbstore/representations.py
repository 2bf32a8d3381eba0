"""Representations (embeddings): a model's vectors for examples or variants, kept in the store beside predictions, and their neighbours.

One *set* is one layer of a model, for the examples of one task or for variants. It comes as Parquet, as npz, or from memory; wherever it
lies, vectors are read a block at a time, so that a set may be larger than memory. Its ids are held. :func:`keep` puts a set into tables
``representation``, ``representation_set`` and ``model`` of the store's next release; :func:`kept_set` finds it again; :func:`nearest` says
which vectors are nearest to one, and what is known of those. Pickles are never read: they run what they hold.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lrbstore.catalogue import task_spec
from lrbstore.contract import contract, quote
from lrbstore.errors import BadSpec, MissingData, UnknownName
from lrbstore.manifest import DataFile
from lrbstore.neighbours import Neighbours, check_metric, k_nearest
from lrbstore.parquet import TableWriter
from lrbstore.predictions import AS_GIVEN, ID, USER, know_models, of_other_tasks, own_rows, renew
from lrbstore.release import Publication, StoreFolder
from lrbstore.store import Store, damage_said

VARIANT = "variant_id"
_NAMES = ("vector", "embedding", "embeddings", "representation")  #: Names of the column of vectors, if there are several of lists.
_DTYPES = ("float16", "float32", "float64")
_ROWS = 8192  #: Vectors that are read, checked and written at a time.
_SET = ("task", "model", "layer", "source", "source_version", "source_file")  #: What tells the rows of a set from those of others.
_SHOWN = 3  #: Of each kind of bad ids.

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Given:
    """Representations as they were given.

    Attributes:
        key: What their ids are, ``example_id`` or ``variant_id``; None where nothing says so.
        ids: In order.
        dtype: Of their numbers.
        blocks: Reads the vectors from the beginning, in order, some at a time: an Arrow array of lists or a numpy array (m, width).
        file: Name of the file that they come from, if any.
    """

    key: str | None
    ids: pl.Series
    dtype: str
    blocks: Callable[[], Iterator[pa.Array | Floats]]
    file: str | None = None


def given(representations: Any) -> Given:
    """Read representations in any form; of a file, the ids alone until :func:`keep` asks for more.

    Args:
        representations: A Parquet file or a frame (polars, Arrow) with ``example_id`` or ``variant_id`` and a column of lists (``vector``
            or ``embedding``, or the only one); an npz file with the arrays ``ids`` (n,) and ``embeddings`` (n, width), of which nothing
            that is pickled is read; a pair ``(ids, array)``; or a mapping id → vector. Numbers are float16, float32 or float64.

    Raises:
        MissingData: If there is no such file.
        BadSpec: If it cannot be understood; says what was expected.
    """
    if isinstance(representations, str | Path):
        path = Path(representations)
        if not path.is_file():
            raise MissingData(f"there is no file of representations at {path}; expected Parquet or npz")
        return _of_npz(path) if path.suffix == ".npz" else _of_parquet(path)
    if isinstance(representations, pl.DataFrame | pa.Table):
        return _of_table(representations.to_arrow() if isinstance(representations, pl.DataFrame) else representations)
    if isinstance(representations, Mapping):
        representations = (list(representations), list(representations.values()))
    if not isinstance(representations, tuple) or len(representations) != 2:
        raise BadSpec(
            f"representations of type {type(representations).__name__} are not understood; give a .parquet or .npz file, a frame, "
            "a pair (ids, array), or a mapping of id to vector"
        )
    ids = pl.Series("ids", [str(one) for one in representations[0]], dtype=pl.String)
    try:
        array = np.asarray(representations[1])
    except ValueError:
        raise BadSpec("representations are vectors of different lengths; expected one length") from None
    _see_array(ids, array.shape, array.dtype, "representations")
    return Given(None, ids, array.dtype.name, lambda: (array[i : i + _ROWS] for i in range(0, len(array), _ROWS)))


def _of_parquet(path: Path) -> Given:
    try:
        with pq.ParquetFile(path) as file:
            key, column, dtype = _columns(file.schema_arrow)
            ids = pl.Series(key, file.read([key]).column(key).cast(pa.string()))
    except (pa.ArrowException, OSError) as error:
        raise BadSpec(f"{path} cannot be read as representations: {str(error).splitlines()[0]}; expected Parquet or npz") from None

    def blocks() -> Iterator[pa.Array]:
        with pq.ParquetFile(path) as opened:
            for batch in opened.iter_batches(_ROWS, columns=[column]):
                yield batch.column(0)

    return Given(key, ids, dtype, blocks, path.name)


def _of_table(table: pa.Table) -> Given:
    key, column, dtype = _columns(table.schema)
    ids = pl.Series(key, table.column(key).cast(pa.string()))

    def blocks() -> Iterator[pa.Array]:
        for chunk in table.column(column).chunks:
            yield from (chunk.slice(i, _ROWS) for i in range(0, len(chunk), _ROWS))

    return Given(key, ids, dtype, blocks)


def _columns(schema: pa.Schema) -> tuple[str, str, str]:
    """Find the columns of ids and of vectors, and the dtype of the latter."""
    keys = [name for name in (ID, VARIANT) if name in schema.names]
    lists = {f.name: f.type for f in schema if _is_list(f.type)}
    named = [name for name in _NAMES if name in lists] if len(lists) > 1 else list(lists)
    if not keys or len(named) != 1:
        raise BadSpec(
            f"representations need the column {ID!r} or {VARIANT!r} and one column of lists of numbers, 'vector' if there are several; "
            f"found: {', '.join(f'{f.name} {f.type}' for f in schema) or 'no column'}"
        )
    kinds = {"halffloat": "float16", "float": "float32", "double": "float64"}
    dtype = kinds.get(str(lists[named[0]].value_type))
    if dtype is None:
        raise BadSpec(f"column {named[0]!r} holds {lists[named[0]]}; expected lists of {', '.join(_DTYPES)}")
    # The variant of an example may be said beside its id, which is then what tells rows apart.
    return keys[0], named[0], dtype


def _is_list(of: pa.DataType) -> bool:
    return pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of)


def _of_npz(path: Path) -> Given:
    try:
        with zipfile.ZipFile(path) as archive:
            there = archive.namelist()
            if lacking := [name for name in ("ids", "embeddings") if f"{name}.npy" not in there]:
                found = ", ".join(name.removesuffix(".npy") for name in there) or "nothing"
                raise BadSpec(
                    f"{path} has no array {' and no array '.join(lacking)}; found: {found}; expected ids (n,) and embeddings (n, width)"
                )
            with archive.open("ids.npy") as stream:
                ids = np.lib.format.read_array(stream, allow_pickle=False)
            with archive.open("embeddings.npy") as stream:
                shape, by_column, dtype = _npy_header(stream)
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, BadSpec):
            raise
        pickled = "object" in str(error).lower()
        said = "it holds pickled objects, which are never read: they run what they hold" if pickled else str(error).splitlines()[0]
        hint = "; save ids as text: np.savez(file, ids=np.array(ids, dtype=str), embeddings=array)" if pickled else ""
        raise BadSpec(f"{path} cannot be read as representations: {said}{hint}") from None
    if ids.ndim != 1 or ids.dtype.kind not in "USiu":
        raise BadSpec(f"ids in {path} are {ids.dtype} {ids.shape}; expected text (n,)")
    ids = ids.astype("U") if ids.dtype.kind != "S" else np.char.decode(ids, "utf-8")
    series = pl.Series("ids", ids.tolist(), dtype=pl.String)
    _see_array(series, shape, dtype, str(path))
    if by_column:
        raise BadSpec(f"embeddings in {path} lie column by column; save them row by row: np.ascontiguousarray(embeddings)")

    def blocks() -> Iterator[Floats]:
        with zipfile.ZipFile(path) as archive, archive.open("embeddings.npy") as stream:
            _npy_header(stream)
            row = shape[1] * dtype.itemsize
            for first in range(0, shape[0], _ROWS):
                n = min(_ROWS, shape[0] - first)
                content = stream.read(n * row)
                if len(content) < n * row:
                    raise BadSpec(f"{path} ends in the middle of its embeddings; copy it again")
                yield np.frombuffer(content, dtype).reshape(n, shape[1])

    return Given(None, series, dtype.name, blocks, path.name)


def _npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read where an array begins: its shape, whether it lies column by column, its dtype (https://numpy.org/neps/nep-0001-npy-format.html)."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("object arrays")
    return shape, by_column and len(shape) > 1 and min(shape) > 1, dtype


def _see_array(ids: pl.Series, shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> None:
    if len(shape) != 2 or dtype.name not in _DTYPES:
        raise BadSpec(f"{what}: vectors are {dtype} {shape}; expected an array (n, width) of {', '.join(_DTYPES)}")
    if len(ids) != shape[0]:
        raise BadSpec(f"{what}: {len(ids):,} ids for {shape[0]:,} vectors; expected as many")


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def keep(
    store: Store,
    representations: Any,
    *,
    model: str,
    layer: str | None = None,
    task: str | None = None,
    metric: str = "cosine",
    about: str | None = None,
) -> Kept:
    """Publish a set of representations as part of the store's next release; one that is kept again takes the place of the earlier one.

    Args:
        store: The store; it keeps the release that it was opened with.
        representations: As :func:`given` takes them.
        model: Whose they are.
        layer: Which of the model's they are.
        task: Whose examples their ids are; variants' if nothing is said. Examples of the task may lack one.
        metric: What distance between them means something.
        about: What was done to get them.

    Returns:
        The set as the next release has it.

    Raises:
        BadSpec: If ids are unknown or come twice, or a vector is of another width or not finite (or too large for float32), with the counts
            and the first three of each.
        MissingData: If there is no such file.
        UnknownName: If there is no such task or metric.
        StoreLocked, CannotWrite: As :func:`lrbstore.predictions.keep`.
    """
    check_metric(metric)
    one, spec = given(representations), task_spec(task) if task is not None else None
    if not model:
        raise BadSpec("representations can be kept only under the name of a model; give one: --model NAME")
    key = ID if spec else VARIANT
    if one.key is not None and one.key != key:
        way = "name their task: --task TASK" if one.key == ID else "leave the task out, for they are of variants"
        raise BadSpec(f"the representations are keyed by {one.key}; {way}")
    if not len(one.ids):
        raise BadSpec("there is no representation to keep; expected at least one vector")
    unknown, n_unknown, n_known = _unknown(store, one.ids, f"{spec.name}.examples" if spec else "variant", key)
    name = spec.name if spec else None
    layer = layer or AS_GIVEN
    unit = hashlib.sha256(json.dumps([model, layer, name]).encode()).hexdigest()[:16]
    said = {"task": name, "model": model, "layer": layer, "source": USER, "source_version": unit, "source_file": one.file or USER}
    with StoreFolder(store.path).writer() as publication:
        base = publication.draft()
        written, width, bad = _write(publication, one, key, said)
        bad = {"unknown": (n_unknown, unknown), "duplicate": _firsts(one.ids.filter(~one.ids.is_first_distinct())), **bad}
        if any(n for n, _ in bad.values()):
            whose = f"examples of {name}" if name else "variants of the store"
            raise BadSpec(
                f"the {len(one.ids):,} representations do not fit the {n_known:,} {whose}: {_counted(bad)}; every id needs one finite "
                f"vector of {width:,} numbers" + (of_other_tasks(store, name, unknown) if unknown else "")
            )
        row = {
            **said,
            "about": about,
            "dimension": width,
            "dtype": one.dtype,
            "metric": metric,
            "n": len(one.ids),
            "n_missing": n_known - len(one.ids) if name else None,
            "release": store.release,
            "kept_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "source_line": None,
        }
        files = [f for f in base.files if not (f.source == USER and f.table == "representation" and f.unit == unit)]
        files.append(written)
        renew(publication, files, "representation_set", [row], replaces=lambda old: old["source_version"] == unit)
        know_models(publication, files, [model])
        of = name or "variants"
        publication.publish(publication.draft(files=tuple(files), note=f"representations of {model} ({layer}) for {of}"))
    return Kept(store, row)


def forget(store: Store, model: str, *, layer: str | None = None, task: str | None = None) -> int:
    """Publish a release without a model's representations, all of its layers and tasks if nothing else is said.

    Earlier releases have them until ``lrbstore gc``.

    Returns:
        How many sets went.

    Raises:
        UnknownName: If users kept none of that model.
    """
    asked = {"model": model, "layer": layer, "task": task_spec(task).name if task is not None else None}
    with StoreFolder(store.path).writer() as publication:
        files = list(publication.draft().files)
        own = own_rows(publication, files, "representation_set")
        gone = {row["source_version"] for row in own if all(v is None or row[k] == v for k, v in asked.items())}
        if not gone:
            raise UnknownName("model with representations kept", model, {row["model"] for row in own})
        files = [f for f in files if not (f.source == USER and f.table == "representation" and f.unit in gone)]
        renew(publication, files, "representation_set", [], replaces=lambda row: row["source_version"] in gone)
        publication.publish(publication.draft(files=tuple(files), note=f"without representations of {model}"))
    return len(gone)


def _unknown(store: Store, ids: pl.Series, view: str, key: str) -> tuple[list[str], int, int]:
    """Ask which ids a view lacks: the first of them, how many they are, and how many ids it knows."""
    cursor = store.cursor(view)
    cursor.register("given_ids", pa.table({"id": ids.to_arrow().cast(pa.string()), "n_": np.arange(len(ids))}))
    with damage_said():
        anti = f"from (select id, min(n_) as n_ from given_ids group by id) as g anti join {view} as v on v.{key} = g.id"
        ((n_unknown,),) = cursor.execute(f"select count(*) {anti}").fetchall()
        first = cursor.execute(f"select coalesce(id, 'null') {anti} order by n_ limit {_SHOWN}").fetchall() if n_unknown else []
        ((n_known,),) = cursor.execute(f"select count(distinct {key}) from {view}").fetchall()
    cursor.unregister("given_ids")
    return [row[0] for row in first], n_unknown, n_known


_Bad = dict[str, tuple[int, list[str]]]


def _firsts(ids: pl.Series) -> tuple[int, list[str]]:
    return len(ids), ids.head(_SHOWN).to_list()


def _counted(bad: _Bad) -> str:
    return "; ".join(
        f"{n:,} {kind} ({', '.join(map(str, first))}{' …' if n > len(first) else ''})" for kind, (n, first) in bad.items() if n
    )


def _write(publication: Publication, one: Given, key: str, said: Mapping[str, str | None]) -> tuple[DataFile, int, _Bad]:
    """Write vectors as they are read. Bad ones are counted and left out: who calls refuses them, and nothing is published."""
    rules, unit = contract("representation"), str(said["source_version"])
    width, found = 0, Counter[str]()
    first_bad: dict[str, list[str]] = {}

    def count(kind: str, ids: pl.Series) -> None:
        found[kind] += len(ids)
        first_bad.setdefault(kind, []).extend(ids.head(max(_SHOWN - len(first_bad.get(kind, [])), 0)).to_list())

    with TableWriter(rules, publication.data_path("representation", f"{USER}-{unit}"), {"lrbstore.source": USER}) as writer:
        place = 0
        for block in one.blocks():
            width = width or _width(block)
            ids = one.ids.slice(place, len(block))
            vectors, fits = _of_width(block, width)
            count("of another width", ids.filter(~pl.Series(fits)))
            with np.errstate(over="ignore"):
                vectors = vectors.astype(np.float32)
            finite = np.isfinite(vectors).all(axis=1)
            count("non-finite", ids.filter(pl.Series(fits)).filter(~pl.Series(finite)))
            own = np.flatnonzero(fits)[finite]
            n = len(own)
            columns = {name: pa.repeat(pa.scalar(value, pa.string()), n) for name, value in said.items()}
            columns |= {name: pa.nulls(n, pa.string()) for name in (ID, VARIANT)}
            columns[key] = ids.gather(own).to_arrow().cast(pa.string())
            offsets = pa.array(np.arange(0, (n + 1) * width, width, dtype=np.int32) if width else np.zeros(n + 1, np.int32))
            columns["vector"] = pa.ListArray.from_arrays(offsets, pa.array(vectors[finite].reshape(-1)))
            columns["source_line"] = pa.array(place + own + 1)
            if not found.total() and not ids.null_count():
                writer.write(pa.table(columns))
            place += len(block)
        if not width:
            count("of no width", one.ids)
        written = writer.close(source=USER, version=None, assembly=None, unit=unit, genome=None)
    return written, width, {kind: (n, first_bad[kind]) for kind, n in found.items()}


def _width(block: pa.Array | Floats) -> int:
    if isinstance(block, np.ndarray):
        return int(block.shape[1])
    lengths = pc.list_value_length(block).drop_null()
    return int(lengths[0].as_py()) if len(lengths) else 0


def _of_width(block: pa.Array | Floats, width: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return those vectors of a block that have a width, and which they are; one that is null has none."""
    if isinstance(block, np.ndarray):
        return block, np.full(len(block), block.shape[1] == width)
    fits = pc.fill_null(pc.equal(pc.list_value_length(block), width), False)
    flat = block.filter(fits).flatten().to_numpy(zero_copy_only=False)  # a number that is null is NaN
    return flat.reshape(-1, width) if width else flat.reshape(0, 0), fits.to_numpy(zero_copy_only=False)


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Kept:
    """A set that the store has.

    Attributes:
        store: The store.
        row: What table ``representation_set`` says of it.
    """

    def __init__(self, store: Store, row: Mapping[str, Any]) -> None:
        self.store, self.row = store, dict(row)

    def __repr__(self) -> str:
        return f"{self.model} ({self.layer}) for {self.task or 'variants'}: {self.row['n']:,} × {self.dimension}"

    @property
    def model(self) -> str:
        """Whose it is."""
        return str(self.row["model"])

    @property
    def layer(self) -> str:
        """Which of the model's it is."""
        return str(self.row["layer"])

    @property
    def task(self) -> str | None:
        """Name of the task whose examples it is for; None where it is for variants."""
        return self.row["task"]

    @property
    def key(self) -> str:
        """What its ids are: ``example_id`` or ``variant_id``."""
        return ID if self.task is not None else VARIANT

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self.row["dimension"])

    @property
    def metric(self) -> str:
        """The distance that neighbours are found by, if nothing else is said."""
        return str(self.row["metric"])

    @functools.cached_property
    def ids(self) -> pl.Series:
        """The ids, in the order of :meth:`blocks`."""
        found = [pl.Series(self.key, column, dtype=pl.String) for _, column in self._read(self.key)]
        return pl.concat(found) if found else pl.Series(self.key, [], dtype=pl.String)

    def blocks(self) -> Iterator[npt.NDArray[np.float32]]:
        """Read the vectors, some at a time: float32 (m, dimension)."""
        return (self._array(column) for _, column in self._read("vector"))

    def _array(self, column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
        return column.combine_chunks().flatten().to_numpy().reshape(-1, self.dimension)

    def _read(self, column: str, ascending: Integers | None = None) -> Iterator[tuple[int, pa.ChunkedArray]]:
        """Read a column of the set's rows, a row group at a time, with the place of its first row.

        DuckDB would hold many row groups at once. Those that have none of some places, int64 ascending, are passed over.
        """
        wanted, first = {key: self.row[key] for key in _SET}, 0
        with damage_said():
            for path in self.store.data_files("representation"):
                with pq.ParquetFile(path) as file:
                    for group in range(file.num_row_groups):
                        about = file.metadata.row_group(group)
                        said = _says(about, wanted)
                        if said is False:
                            continue
                        if said and ascending is not None and not np.diff(np.searchsorted(ascending, [first, first + about.num_rows]))[0]:
                            first += about.num_rows
                            continue
                        rows = file.read_row_group(group, [column] if said else [column, *wanted])
                        if said is None:
                            same = [pc.equal(rows[k], v) if v is not None else pc.is_null(rows[k]) for k, v in wanted.items()]
                            rows = rows.filter(functools.reduce(pc.and_kleene, same))
                        if rows.num_rows:
                            yield first, rows.column(column)
                        first += rows.num_rows

    def places(self, ids: pl.Series) -> Integers:
        """Find where the vectors of some ids lie: int64, -1 where an id has none."""
        known = pl.DataFrame({"id": self.ids, "place": np.arange(len(self.ids))})
        found = pl.DataFrame({"id": ids}).join(known, on="id", how="left", maintain_order="left")
        return found.get_column("place").fill_null(-1).to_numpy().astype(np.int64)

    def taken(self, places: Integers) -> Iterator[tuple[Integers, npt.NDArray[np.float32]]]:
        """Read the vectors at some places, in the order in which they lie: which of the places, and their vectors, block by block."""
        order = np.argsort(places, kind="stable")
        ascending = places[order]
        for first, column in self._read("vector", ascending):
            low, high = np.searchsorted(ascending, [first, first + len(column)])
            if high > low:
                own = order[low:high]
                yield own, self._array(column)[places[own] - first]

    def take(self, places: Integers) -> npt.NDArray[np.float32]:
        """Read the vectors at some places: float32 (n, dimension)."""
        out = np.empty((len(places), self.dimension), np.float32)
        for own, vectors in self.taken(places):
            out[own] = vectors
        return out


def _says(group: pq.RowGroupMetaData, wanted: Mapping[str, str | None]) -> bool | None:
    """Tell by its statistics whether all rows of a row group have some values, or none has; None where they do not tell."""
    answers: list[bool | None] = []
    for i in range(group.num_columns):
        column = group.column(i)
        if column.path_in_schema not in wanted:
            continue
        value, known = wanted[column.path_in_schema], column.statistics
        if known is None or not known.has_null_count:
            answers.append(None)
        elif value is None or known.null_count == group.num_rows:
            answers.append((value is None) is (known.null_count == group.num_rows) if known.null_count in {0, group.num_rows} else None)
        elif not known.has_min_max:
            answers.append(None)
        elif not known.min <= value <= known.max:
            answers.append(False)
        else:
            answers.append(True if known.min == known.max and not known.null_count else None)
    return False if False in answers else None if None in answers else True


def kept_sets(store: Store) -> list[Kept]:
    """List the sets that the store has, by model, task and layer."""
    cursor, names = store.cursor(""), contract("representation_set").column_names
    with damage_said():
        rows = cursor.execute(f"select {', '.join(map(quote, names))} from representation_set order by model, task, layer").fetchall()
    return [Kept(store, dict(zip(names, row, strict=True))) for row in rows]


def kept_set(store: Store, model: str, task: str | None = None, layer: str | None = None) -> Kept:
    """Find the set of a model for the examples of a task, or for variants.

    Raises:
        UnknownName: If the store has no representations of the model.
        BadSpec: If it has some, but none for the task (or for variants), or of several layers.
    """
    held = kept_sets(store)
    mine = [one for one in held if one.model == model and layer in {None, one.layer}]
    if not mine:
        wanted = "model with representations" if layer is None else f"model with representations of layer {layer!r}"
        raise UnknownName(wanted, model, {one.model for one in held if layer in {None, one.layer}})
    fits = [one for one in mine if one.task == task]
    if len(fits) != 1:
        layers = "; name a layer: " + ", ".join(one.layer for one in fits) if fits else ""
        there = ", ".join(dict.fromkeys(f"--task {one.task}" if one.task else "variants" for one in mine))
        raise BadSpec(
            f"{len(fits)} sets of representations of {model} are for {task or 'variants'}; expected one{layers}; it has some for: {there}"
        )
    return fits[0]


def nearest(
    store: Store,
    ids: str | Sequence[str],
    *,
    model: str,
    k: int = 10,
    task: str | None = None,
    layer: str | None = None,
    metric: str | None = None,
) -> pl.DataFrame:
    """Find the nearest neighbours of variants or examples by a model's representations, exactly, with what is known of them.

    Args:
        store: The store.
        ids: One or several: ids of variants; of a task, of its examples, or of variants that it has examples of.
        model: Whose representations.
        k: How many neighbours of each.
        task: Whose examples; without it, variants.
        layer: Which of the model's representations, if there are several.
        metric: ``cosine`` or ``euclidean``; the one that the set advises if nothing is said.

    Returns:
        One row for each query and neighbour: query, rank (from 1; ties by id), distance, the neighbour's ``example_id`` or ``variant_id``;
        then of an example its label, under the label's key, if that is one number or word; of a variant ``records``, a list of what the
        sources say of it: source, label_name, label_text, and n of such records. A query is none of its own neighbours.

    Raises:
        UnknownName: If the store has no representations of the model, or there is no such task or metric.
        BadSpec: If a set cannot be told, or k is less than one.
        MissingData: If an id has no representation in the set.
    """
    spec = task_spec(task) if task is not None else None
    held = kept_set(store, model, spec.name if spec else None, layer)
    by = check_metric(metric or held.metric)
    asked = [ids] if isinstance(ids, str) else list(ids)
    found = [(one, own) for one in asked for own in (_of_task(store, spec.name, one) if spec else [one])]
    queries = pl.Series("query", [own for _, own in found], dtype=pl.String)
    places = held.places(queries)
    lacking = sorted({one for one, _ in found} - {one for (one, _), place in zip(found, places, strict=True) if place >= 0})
    if lacking or not found:
        raise MissingData(
            f"no representation of {', '.join((lacking or asked)[:_SHOWN])} is in {held!r}; "
            f"ids are a {held.key}"
            + (f" of {held.task}, or a {VARIANT} that it has examples of" if held.task else ", as GRCh38:chr1:1000:A:G")
        )
    queries, places = queries.filter(pl.Series(places >= 0)), places[places >= 0]
    near = _search(held, places, k, by)
    n = (near.places >= 0).sum(axis=1)
    frame = pl.DataFrame(
        {
            "query": queries.gather(np.repeat(np.arange(len(n)), n)),
            "rank": np.concatenate([np.arange(1, m + 1) for m in n]).astype(np.int64) if len(n) else [],
            "distance": near.distances[near.places >= 0],
            held.key: held.ids.gather(near.places[near.places >= 0]),
        }
    )
    return frame.join(_known(store, held, frame.get_column(held.key).unique()), on=held.key, how="left", maintain_order="left")


def _search(held: Kept, places: Integers, k: int, metric: str) -> Neighbours:
    """Find neighbours of some of a set's own vectors among its others."""
    rank = held.ids.rank("ordinal").to_numpy().astype(np.int64)
    everyone = np.arange(len(held.ids))
    return k_nearest(held.take(places), held.taken(everyone), k, metric, rank=rank, apart=[(places, everyone)])


def _of_task(store: Store, task: str, one: str) -> list[str]:
    """Find the examples that an id means: of an example, or of a variant."""
    cursor = store.cursor(task)
    columns = [row[0] for row in cursor.execute(f"describe {task}.examples").fetchall()]
    either = f"{ID} = $one" + (f" or {VARIANT} = $one" if VARIANT in columns else "")
    with damage_said():
        return [
            str(row[0]) for row in cursor.execute(f"select {ID} from {task}.examples where {either} order by 1", {"one": one}).fetchall()
        ]


def _known(store: Store, held: Kept, ids: pl.Series) -> pl.DataFrame:
    """Read what is known of some examples or variants."""
    if held.task is None:
        asked = (
            "with told as (select variant_id, source, label_name, label_text, count(*)::BIGINT as n from variant_record "
            "where variant_id in (select id from ids_) group by all) "
            "select variant_id, list(struct_pack(source, label_name, label_text, n) order by source, label_name, label_text) as records "
            "from told group by variant_id"
        )
    else:
        label = task_spec(held.task).label
        column = f", {quote(label.column)} as {quote(label.key)}" if label.column else ""
        asked = f"select {ID}{column} from {held.task}.examples where {ID} in (select id from ids_)"
    cursor = store.cursor(held.task or "")
    cursor.register("ids_", pa.table({"id": ids.to_arrow().cast(pa.string())}))
    with damage_said(), contextlib.closing(cursor):
        return cursor.sql(asked).pl()
