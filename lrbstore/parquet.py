"""How Parquet is written and read here: one place for every setting, so that all files of a store are alike.

Settings and the measurements behind them: v2 pages with checksums, DELTA_BINARY_PACKED for integers, BYTE_STREAM_SPLIT for floats,
dictionaries on text only, snappy, 122,880 rows a group unless the table's contract says otherwise.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import math
import mmap
import os
import shutil
import tempfile
import threading
import weakref
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lrbstore.bases import gather
from lrbstore.buffers import Buffers
from lrbstore.contract import Contract
from lrbstore.errors import ContractBroken, HashMismatch, LrbStoreError, MissingData
from lrbstore.manifest import DataFile, Key, file_sha256


class TableWriter:
    """Write rows of one table into one new file: aside first, in place only when :meth:`close` has synced it.

    Args:
        contract: The table; every batch is cast to its schema.
        path: Where the finished file shall lie; its folder is made.
        metadata: Key-value pairs for the Parquet footer.
        bloom: Columns that get a Bloom filter in each row group, with the number of values that it is made for. Where a column has
            few values in the whole file, its footer lists them, too (:func:`listed`).
    """

    def __init__(self, contract: Contract, path: Path, metadata: dict[str, str], bloom: dict[str, int] | None = None) -> None:
        self.contract, self.path, self.rows = contract, path, 0
        self._aside = path.with_name(f".{path.name}.writing")
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._metadata = metadata
        self._bloom = {column: {"ndv": n, "fpp": 0.01} for column, n in (bloom or {}).items()}
        self._listed: dict[str, set[str]] = {column: set() for column in self._bloom}
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append rows; columns are taken by name and cast to the contract's types.

        Raises:
            ContractBroken: If a NOT NULL column has a null: rows are checked before they come here, so this is a defect of a source's load.
        """
        if not table.num_rows:
            return
        table = table.select(self.contract.column_names)
        for field in self.contract.schema:
            if not field.nullable and table.column(field.name).null_count:
                raise ContractBroken(f"table {self.contract.name}: {field.name} is missing in a row that was taken for checked")
        table = table.cast(self.contract.schema)
        for column in list(self._listed):
            self._listed[column].update(pc.unique(table.column(column).drop_null()).to_pylist())
            if len(self._listed[column]) > _LISTED:
                del self._listed[column]
        self.rows += table.num_rows
        self._pending += table.to_batches()
        self._pending_rows += table.num_rows
        if self._pending_rows >= self.contract.rows_per_group:
            self._flush(everything=False)

    def end_group(self) -> None:
        """End the row group here, so that its statistics speak of the rows written so far and of none that follow."""
        if self._pending_rows:
            self._flush(everything=True)

    def close(
        self,
        *,
        source: str | None,
        version: str | None,
        assembly: str | None,
        unit: str | None,
        genome: str | None,
        order: str | None = None,
        made_of: tuple[str, ...] = (),
        span: tuple[Key, Key] | None = None,
    ) -> DataFile:
        """Finish the file: footer, fsync, rename. Returns its line of the manifest."""
        writer = self._flush(everything=True)
        writer.add_key_value_metadata({_LIST + column: _packed(values) for column, values in self._listed.items()})
        writer.close()
        with self._aside.open("rb") as handle:
            os.fsync(handle.fileno())
        sha256, size = file_sha256(self._aside), self._aside.stat().st_size
        self._aside.replace(self.path)
        sync_folder(self.path.parent)
        return DataFile(
            table=self.contract.name,
            path=f"data/{self.path.parent.name}/{self.path.name}",
            rows=self.rows,
            bytes=size,
            sha256=sha256,
            source=source,
            version=version,
            assembly=assembly,
            unit=unit,
            genome=genome,
            order=order,
            made_of=made_of,
            span=span,
        )

    def abandon(self) -> None:
        """Give up: leave nothing behind."""
        try:
            if self._writer is not None:
                with contextlib.suppress(OSError):  # a full disk refuses the footer too
                    self._writer.close()
        finally:
            self._aside.unlink(missing_ok=True)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.abandon()

    def _flush(self, *, everything: bool) -> pq.ParquetWriter:
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            schema = self.contract.schema.with_metadata(self._metadata)
            self._writer = pq.ParquetWriter(self._aside, schema, **_settings(schema), bloom_filter_options=self._bloom or None)
        size = self.contract.rows_per_group
        table = pa.Table.from_batches(self._pending, schema=self.contract.schema)
        whole = table.num_rows if everything else table.num_rows // size * size
        for first in range(0, whole, size):
            self._writer.write_table(table.slice(first, min(size, whole - first)), row_group_size=size)
        rest = table.slice(whole)
        self._pending, self._pending_rows = rest.to_batches(), rest.num_rows
        return self._writer


_LIST = "lrbstore.values."  #: In a footer, before a column's name: the values that its rows have, if they are not many.
_LISTED = 1 << 16  #: Values at most that a footer lists.


def _packed(values: Iterable[str]) -> str:
    return base64.b64encode(zlib.compress("\0".join(["", *sorted(values), ""]).encode())).decode()


def listed(path: Path) -> dict[str, bytes]:
    """Read what a file's footer lists: for each column with few values, these in UTF-8, with a zero byte before and after each.

    Raises:
        OSError, pyarrow.ArrowException: If the file is gone or has no footer.
    """
    found = pq.read_metadata(path).metadata or {}
    prefix = _LIST.encode()
    return {
        key.removeprefix(prefix).decode(): zlib.decompress(base64.b64decode(said)) for key, said in found.items() if key.startswith(prefix)
    }


def _settings(schema: pa.Schema) -> dict[str, object]:
    encodings: dict[str, str] = {}
    text: list[str] = []
    for field in schema:
        is_list = pa.types.is_list(field.type)
        path, type_ = (f"{field.name}.list.element", field.type.value_type) if is_list else (field.name, field.type)
        if pa.types.is_string(type_) or pa.types.is_large_string(type_):
            text.append(path)
        elif pa.types.is_integer(type_):
            encodings[path] = "DELTA_BINARY_PACKED"
        elif pa.types.is_floating(type_):
            encodings[path] = "BYTE_STREAM_SPLIT"
    return {
        "compression": "snappy",
        "use_dictionary": text or False,
        "column_encoding": encodings or None,
        "data_page_version": "2.0",
        "write_page_checksum": True,
        "version": "2.6",
    }


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Form(Protocol):
    """How the vectors of a row, one a column, become the one array that is asked for. Forms that say the same are equal."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the list columns that it is made of."""
        ...

    def shape(self, widths: Sequence[int]) -> tuple[int, ...]:
        """Shape of a row's array, of vectors of some widths."""
        ...

    def lay(self, vectors: Sequence[np.ndarray], out: np.ndarray) -> None:
        """Put the vectors of n rows, float32 (n, width) a column, into float32, n rows of the form's shape."""
        ...


@dataclass(frozen=True)
class Plain:
    """The vectors of one column as they are."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def shape(self, widths: Sequence[int]) -> tuple[int, ...]:
        """As wide as the column's vectors."""
        return tuple(widths)

    def lay(self, vectors: Sequence[np.ndarray], out: np.ndarray) -> None:
        """Copy them."""
        out[...] = vectors[0]


class Vectors:
    """Rows of float vectors in a table's files, addressed by a running row number.

    The label vectors of a task (218 tissues; rings of CAGE bins) are far larger than the rest of a row. They lie in a table of their
    own whose first column is a running number, and only the row groups and columns that a batch needs are decoded. To decode them takes
    longer than to cut the windows beside them, so what was decoded is kept, laid out as batches have it: in memory if that of all rows is
    small; else, once rows are asked for again, in a file that has no name and is gone with the last process that has it. Processes that
    were forked since share the file: what one of them has put there, the others find.

    Args:
        paths: Data files in order of the running number.
        key: Name of the running number's column (BIGINT, ascending over all files, without gaps inside a file).
        keep: Row groups kept decoded where not all of them are.
        whole: Bytes up to which the vectors of all rows are kept in memory.
        disk: Share of the free room beside the data files up to which they are kept in a file.
    """

    def __init__(self, paths: list[Path], key: str, keep: int = 4, whole: int = 1 << 28, disk: float = 0.25) -> None:
        self.paths, self.key, self.keep, self.whole, self.disk = paths, key, keep, whole, disk
        self._forget()

    def _forget(self) -> None:
        """Begin with nothing open and nothing decoded."""
        self._files: dict[int, pq.ParquetFile] = {}
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._groups: _Groups | None = None
        self._cache: OrderedDict[tuple[int, Form], np.ndarray] = OrderedDict()
        self._kept: dict[Form, _Kept | None] = {}
        self._shapes: dict[Form, tuple[int, ...]] = {}
        self._had: set[tuple[int, Form]] = set()  # row groups that were decoded, and not kept

    def __getstate__(self) -> dict[str, object]:
        return {"paths": self.paths, "key": self.key, "keep": self.keep, "whole": self.whole, "disk": self.disk}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def take(self, rows: np.ndarray, form: Form, room: Buffers | None = None, *, again: bool = False) -> np.ndarray:
        """Read vectors.

        Args:
            rows: int64 (n,) running row numbers, in any order.
            form: What is made of them.
            room: Gives the array; a new one by default.
            again: These rows or others will be asked for more than once, so that a file is worth it from the first time on.

        Returns:
            float32, n rows of the form's shape, in the order of ``rows``.

        Raises:
            MissingData: If a file is gone, or holds no such row.
            HashMismatch: If a file is damaged.
        """
        if self._pid != os.getpid():  # a forked worker opens its own handles
            inherited = self._kept
            self._forget()
            self._kept = inherited  # its parent's vectors are as good, and shared with it
        rows = np.asarray(rows, np.int64)
        groups = self._index()
        whole = self._kept.get(form)
        if whole is not None and groups.is_dense and whole.there.all():
            at = rows - groups.firsts[0]
            if not len(rows) or 0 <= at.min() <= at.max() < len(whole.values):
                out = (room or Buffers()).empty((len(rows), *whole.values.shape[1:]), np.float32)
                gather(whole.values, at, out)
                return out
        group = np.searchsorted(groups.firsts, rows, side="right") - 1
        if len(rows) and (outside := (group < 0) | (rows - groups.firsts[group] >= groups.sizes[group])).any():
            raise self._no_row(int(rows[outside.argmax()]))
        if not len(groups.firsts):  # no rows of no file: no width is known
            return np.empty((0, *form.shape([0] * len(form.columns))), np.float32)
        kept = self._hold(form, group, again=again)
        out = (room or Buffers()).empty((len(rows), *self._shape(form)), np.float32)
        if kept is not None:
            gather(kept.values, rows - groups.firsts[group] + groups.places[group], out)
            return out
        for g in np.unique(group).tolist():
            chosen = np.flatnonzero(group == g)
            out[chosen] = self._decode(g, form)[rows[chosen] - groups.firsts[g]]
        return out

    def _hold(self, form: Form, group: np.ndarray, *, again: bool) -> _Kept | None:
        """Give the laid-out vectors of all row groups, of which those in ``group`` are there; None where they are not kept."""
        with self._lock:
            groups = self._index()
            shape = (int(groups.sizes.sum()), *self._shape(form))
            if form not in self._kept:
                self._kept[form] = _Kept(shape, len(groups.firsts)) if 4 * math.prod(shape) <= self.whole else None
            if self._kept[form] is None and self.disk and (again or self._is_asked_again(form, group)):
                self._kept[form] = self._in_file(shape)
            kept = self._kept[form]
            if kept is None or kept.there.all():
                return kept
            try:
                self._complete(kept, form, np.unique(group))
            except _NoRoom:
                self._kept[form], self.disk = None, 0.0
                return None
            return kept

    def _is_asked_again(self, form: Form, group: np.ndarray) -> bool:
        """Tell whether a row group would be decoded for the second time."""
        return any((g, form) in self._had and (g, form) not in self._cache for g in np.unique(group).tolist())

    def _in_file(self, shape: tuple[int, ...]) -> _Kept | None:
        """Make room for the vectors of all rows in a file; None, for good, where there is none."""
        folder = self.paths[0].parent
        with contextlib.suppress(OSError):  # a store that others own
            if 4 * math.prod(shape) <= self.disk * shutil.disk_usage(folder).free:
                return _Kept(shape, len(self._index().firsts), folder)
        self.disk = 0.0
        return None

    def _complete(self, kept: _Kept, form: Form, wanted: np.ndarray) -> None:
        """Decode those of some row groups that are not there yet."""
        if kept.there[wanted].all():
            return
        kept.look_again()
        groups = self._index()
        for g in wanted[~kept.there[wanted]].tolist():
            if kept.there[g]:
                continue
            for one, vectors in self._read(self._next_ones(g, kept), form):
                kept.put(one, int(groups.places[one]), vectors)

    def _next_ones(self, g: int, kept: _Kept) -> list[int]:
        """List a row group and those behind it that are worth reading with it."""
        groups = self._index()
        n_bytes = 4 * math.prod(kept.values.shape[1:])
        some, n = [g], int(groups.sizes[g])
        while (after := some[-1] + 1) < len(groups.firsts):
            n += int(groups.sizes[after])
            if kept.there[after] or groups.files[after][0] != groups.files[g][0] or n * n_bytes > _TOGETHER:
                break
            some.append(after)
        return some

    def _no_row(self, row: int) -> MissingData:
        return MissingData(f"{self.key} {row} is in none of {', '.join(p.name for p in self.paths) or 'no file'}; run: lrbstore verify")

    def _open(self, file: int) -> pq.ParquetFile:
        if file not in self._files:
            try:
                self._files[file] = pq.ParquetFile(self.paths[file], page_checksum_verification=True)
            except FileNotFoundError as error:
                raise MissingData(f"{self.paths[file]} is missing; restore it from a copy (lrbstore verify lists what is wrong)") from error
            except (OSError, pa.ArrowException) as error:
                raise HashMismatch(f"{self.paths[file]} is damaged ({error}); run: lrbstore verify") from error
        return self._files[file]

    def _index(self) -> _Groups:
        with self._lock:
            if self._groups is None:
                firsts, sizes, places = [], [], []
                for f in range(len(self.paths)):
                    metadata = self._open(f).metadata
                    column = metadata.schema.to_arrow_schema().get_field_index(self.key)
                    for g in range(metadata.num_row_groups):
                        firsts.append(metadata.row_group(g).column(column).statistics.min)
                        sizes.append(metadata.row_group(g).num_rows)
                        places.append((f, g))
                order = np.argsort(np.array(firsts, np.int64), kind="stable")
                size = np.array(sizes, np.int64)[order]
                self._groups = _Groups(np.array(firsts, np.int64)[order], size, np.cumsum(size) - size, [places[i] for i in order])
            return self._groups

    def _decode(self, group: int, form: Form) -> np.ndarray:
        with self._lock:  # several threads may read one data set
            if (group, form) in self._cache:
                self._cache.move_to_end((group, form))
                return self._cache[group, form]
            ((_, decoded),) = self._read([group], form)
            self._cache[group, form] = decoded
            self._had.add((group, form))
            while len(self._cache) > self.keep:
                self._cache.popitem(last=False)
            return decoded

    def _shape(self, form: Form) -> tuple[int, ...]:
        """Tell the shape of a row's array."""
        if form not in self._shapes:
            self._shapes[form] = self._decode(0, form).shape[1:]
        return self._shapes[form]

    def _read(self, some: list[int], form: Form) -> list[tuple[int, np.ndarray]]:
        """Decode row groups of one file."""
        groups = self._index()
        file = groups.files[some[0]][0]
        try:
            table = self._open(file).read_row_groups([groups.files[g][1] for g in some], columns=list(form.columns))
        except LrbStoreError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise HashMismatch(f"{self.paths[file]} is damaged ({error}); run: lrbstore verify") from error
        n = table.num_rows
        flat = [table.column(column).combine_chunks().flatten().to_numpy(zero_copy_only=False) for column in form.columns]
        vectors = [values.reshape(n, -1) if n else values.reshape(0, 0) for values in flat]
        out = np.empty((n, *form.shape([each.shape[1] for each in vectors])), np.float32)
        form.lay(vectors, out)
        ends = np.cumsum(groups.sizes[some]).tolist()
        return [(g, out[end - int(groups.sizes[g]) : end]) for g, end in zip(some, ends, strict=True)]


_TOGETHER = (
    1 << 22
)  #: Bytes of vectors that are decoded at a time where all are kept: to open a small row group takes longer than to read it.


@dataclass(frozen=True, eq=False)
class _Groups:
    """The row groups of all files, by their first row: its number, their rows, rows before them, and (file, row group)."""

    firsts: np.ndarray
    sizes: np.ndarray
    places: np.ndarray
    files: list[tuple[int, int]]

    @functools.cached_property
    def is_dense(self) -> bool:
        """Whether no number is left out from the first row to the last."""
        return bool((np.diff(self.firsts) == self.sizes[:-1]).all())


class _NoRoom(Exception):
    """The disk is full; never leaves this module."""


class _Kept:
    """Vectors of all rows in one array, and which row groups' are there: in this process's memory, or in a file without a name.

    The file is written with ``pwrite``, which says when the disk is full, and read through a map. Behind the vectors it has a byte for
    each row group, written once its vectors are.

    Args:
        shape: Of the array.
        n_groups: Row groups.
        folder: Where the file is to be, if it is to be one; OSError if it cannot be.
    """

    def __init__(self, shape: tuple[int, ...], n_groups: int, folder: Path | None = None) -> None:
        self.there = np.zeros(n_groups, np.bool_)
        self._file: IO[bytes] | None = None
        if folder is None:
            self.values = np.empty(shape, np.float32)  # memory that is only asked for takes none: a page of it is there once written to
            return
        self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115 - open as long as the map is
        weakref.finalize(self, self._file.close)
        self._flags = 4 * math.prod(shape)
        os.truncate(self._file.fileno(), self._flags + n_groups)
        self._map = mmap.mmap(self._file.fileno(), self._flags + n_groups, access=mmap.ACCESS_READ)
        self.values = np.frombuffer(self._map, np.float32, math.prod(shape)).reshape(shape)

    def look_again(self) -> None:
        """Learn what other processes have put there."""
        if self._file is not None:
            self.there = np.frombuffer(os.pread(self._file.fileno(), len(self.there), self._flags), np.bool_).copy()

    def put(self, group: int, first: int, vectors: np.ndarray) -> None:
        """Put the vectors of a row group's rows there, from row ``first`` on."""
        if self._file is None:
            self.values[first : first + len(vectors)] = vectors
        else:
            data = np.ascontiguousarray(vectors).reshape(-1).view(np.uint8).data
            try:
                _write(self._file.fileno(), data, first * 4 * math.prod(vectors.shape[1:]))
                _write(self._file.fileno(), memoryview(b"\1"), self._flags + group)
            except OSError as error:
                raise _NoRoom from error
        self.there[group] = True


def _write(file: int, data: memoryview, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written
