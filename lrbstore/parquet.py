"""How Parquet is written and read here: one place for every setting, so that all files of a store are alike.

Settings and the measurements behind them: v2 pages with checksums, DELTA_BINARY_PACKED for integers, BYTE_STREAM_SPLIT for floats,
dictionaries on text only, snappy, 122,880 rows a group unless the table's contract says otherwise.
"""

from __future__ import annotations

import base64
import contextlib
import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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


class Vectors:
    """Rows of float vectors in a table's files, addressed by a running row number, decoded one row group at a time.

    The label vectors of a task (218 tissues; rings of CAGE bins) are far larger than the rest of a row. They lie in a table of their
    own whose first column is a running number, and only the row groups and columns that a batch needs are decoded.

    Args:
        paths: Data files in order of the running number.
        key: Name of the running number's column (BIGINT, ascending over all files, without gaps inside a file).
        keep: Row groups kept decoded.
        whole: Bytes up to which the vectors of all rows are kept, once decoded; ``keep`` says how much where they take more.
    """

    def __init__(self, paths: list[Path], key: str, keep: int = 4, whole: int = 1 << 28) -> None:
        self.paths, self.key, self.keep, self.whole = paths, key, keep, whole
        self._forget()

    def _forget(self) -> None:
        """Begin with nothing open and nothing decoded."""
        self._files: dict[int, pq.ParquetFile] = {}
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._groups: _Groups | None = None
        self._cache: OrderedDict[tuple[int, tuple[str, ...]], dict[str, np.ndarray]] = OrderedDict()
        self._kept: dict[tuple[str, ...], _Kept | None] = {}

    def __getstate__(self) -> dict[str, object]:
        return {"paths": self.paths, "key": self.key, "keep": self.keep, "whole": self.whole}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def take(self, rows: np.ndarray, columns: tuple[str, ...], room: Buffers | None = None) -> list[np.ndarray]:
        """Read vectors.

        Args:
            rows: int64 (n,) running row numbers, in any order.
            columns: Names of list columns.
            room: Gives the arrays; new ones by default.

        Returns:
            One float32 array (n, width) for each column, in the order of ``rows``.

        Raises:
            MissingData: If a file is gone, or holds no such row.
            HashMismatch: If a file is damaged.
        """
        if self._pid != os.getpid():  # a forked worker opens its own handles
            inherited = self._kept
            self._forget()
            self._kept = inherited  # its parent's vectors are as good, and shared with it
        rows = np.asarray(rows, np.int64)
        room = room or Buffers()
        groups = self._index()
        group = np.searchsorted(groups.firsts, rows, side="right") - 1
        if len(rows) and (outside := (group < 0) | (rows - groups.firsts[group] >= groups.sizes[group])).any():
            raise self._no_row(int(rows[outside.argmax()]))
        kept = self._hold(columns, group) if len(rows) else None
        if kept is not None:
            at = rows - groups.firsts[group] + groups.places[group]
            out = [room.empty((len(rows), values.shape[1]), np.float32) for values in kept.values]
            for values, some in zip(kept.values, out, strict=True):
                np.take(values, at, axis=0, out=some, mode="clip")  # no place is outside: clipping spares a copy of what is taken
            return out
        out = []
        for g in np.unique(group) if len(rows) else range(min(1, len(groups.firsts))):  # no rows still have a width
            decoded, chosen = self._decode(int(g), columns), group == g
            places = rows[chosen] - groups.firsts[g]
            for i, column in enumerate(columns):
                if i == len(out):
                    out.append(room.empty((len(rows), decoded[column].shape[1]), np.float32))
                out[i][chosen] = decoded[column][places]
        return out

    def _hold(self, columns: tuple[str, ...], group: np.ndarray) -> _Kept | None:
        """Give the decoded vectors of all row groups, of which those in ``group`` are there; None where all of them are too many."""
        with self._lock:
            groups = self._index()
            if columns not in self._kept:
                widths = [vectors.shape[1] for vectors in self._decode(int(group[0]), columns).values()]
                n = int(groups.sizes.sum())
                fits = 4 * n * sum(widths) <= self.whole
                # Memory that is only asked for takes none: a page of it is there once something is written to it.
                there = np.zeros(len(groups.firsts), np.bool_)
                self._kept[columns] = _Kept([np.empty((n, width), np.float32) for width in widths], there) if fits else None
            kept = self._kept[columns]
            if kept is None or kept.there[group].all():
                return kept
            for g in np.unique(group[~kept.there[group]]).tolist():
                if kept.there[g]:
                    continue
                for one, vectors in self._read(self._next_ones(g, kept), columns):
                    first = int(groups.places[one])
                    for values, column in zip(kept.values, columns, strict=True):
                        values[first : first + len(vectors[column])] = vectors[column]
                    kept.there[one] = True
            return kept

    def _next_ones(self, g: int, kept: _Kept) -> list[int]:
        """List a row group and those behind it that are worth reading with it."""
        groups = self._index()
        n_bytes = 4 * sum(values.shape[1] for values in kept.values)
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

    def _decode(self, group: int, columns: tuple[str, ...]) -> dict[str, np.ndarray]:
        with self._lock:  # several threads may read one data set
            if (group, columns) in self._cache:
                self._cache.move_to_end((group, columns))
                return self._cache[group, columns]
            ((_, decoded),) = self._read([group], columns)
            self._cache[group, columns] = decoded
            while len(self._cache) > self.keep:
                self._cache.popitem(last=False)
            return decoded

    def _read(self, some: list[int], columns: tuple[str, ...]) -> list[tuple[int, dict[str, np.ndarray]]]:
        """Decode row groups of one file."""
        groups = self._index()
        file = groups.files[some[0]][0]
        try:
            table = self._open(file).read_row_groups([groups.files[g][1] for g in some], columns=list(columns))
        except LrbStoreError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise HashMismatch(f"{self.paths[file]} is damaged ({error}); run: lrbstore verify") from error
        decoded = {}
        for column in columns:
            values = table.column(column).combine_chunks()
            flat = values.flatten().to_numpy(zero_copy_only=False)
            decoded[column] = flat.reshape(len(values), -1) if len(values) else flat.reshape(0, 0)
        ends = np.cumsum(groups.sizes[some]).tolist()
        return [
            (g, {column: vectors[end - int(groups.sizes[g]) : end] for column, vectors in decoded.items()})
            for g, end in zip(some, ends, strict=True)
        ]


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


@dataclass(frozen=True, eq=False)
class _Kept:
    """Vectors of all rows, a column's in one array, and which row groups' are there."""

    values: list[np.ndarray]
    there: np.ndarray
