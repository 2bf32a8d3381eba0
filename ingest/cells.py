"""Cells as they are read, on their way to typed columns: chunks of rows, one form for all files of a part. Arrow alone, no SQL.

Where several files are loaded together, ``source_line`` holds a file's number above the line, until their rows are parted again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.ingest.info import InfoKeys, take_apart
from lrbstore.ingest.reading import BadRow
from lrbstore.ingest.spec import Part

_CHUNK_BYTES = 32 << 20  #: Text of a chunk, at most.
_FILE_BIT = 40  #: ``source_line`` is a file's number from this bit on, and the line below it.
LINE = (1 << _FILE_BIT) - 1  #: What of it is the line.
FILE_NO = f"source_line >> {_FILE_BIT}"  #: SQL of the number.
_ARROW = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64()}


def quote_always(name: str) -> str:
    """Quote an upstream column's name, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def cells_of(rows: pa.Table, part: Part, file_no: int = 0, info: InfoKeys | None = None) -> pa.Table:
    """Bring rows as read into one form for all files of a part, so that those of several files can stand in one table.

    Args:
        rows: Text columns under the file's names, and ``source_line``.
        part: The part.
        file_no: The file's number among those that are loaded together.
        info: The keys of the column INFO that are wanted.

    Returns:
        ``c0``, ``c1``, … are the part's columns: text, or numbers where every cell is a plain one, null where the file says so or has no
        such column. ``extra``, where there are such, maps unknown columns to their cells. ``content`` joins the cells by chr(31);
        ``is_blank`` tells whether all are empty. ``source_line`` holds ``file_no`` from bit 40 on. With ``info``
        also what :func:`~lrbstore.ingest.info.take_apart` makes of the column INFO.
    """
    # Columns go by their place: DuckDB takes "label" and "Label" for one name, a provider need not.
    cells = {name: rows[name].combine_chunks() for name in rows.column_names if name != "source_line"}
    texts, n = list(cells.values()), rows.num_rows
    content = pc.binary_join_element_wise(*texts, "\x1f") if texts else pa.array([""] * n, pa.string())
    lines = rows["source_line"].combine_chunks()
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "source_line": pc.add(lines, pa.scalar(file_no << _FILE_BIT, pa.int64())) if file_no else lines,
        "content": content,
        "is_blank": pc.equal(pc.binary_length(content), max(len(texts) - 1, 0)),
    }
    for i, (name, declared) in enumerate(part.columns.items()):
        type_ = declared.removesuffix("?")
        if name not in cells:
            columns[f"c{i}"] = pa.nulls(n, _ARROW[type_])
            continue
        cell = cells[name]
        if part.null:
            cell = pc.if_else(pc.is_in(cell, pa.array(part.null, pa.string())), pa.scalar(None, pa.string()), cell)
        numbers = None if type_ == "VARCHAR" else as_numbers(cell, type_)
        columns[f"c{i}"] = cell if numbers is None else numbers
    if info:
        columns |= take_apart(columns[f"c{[*part.columns].index('INFO')}"] if "INFO" in cells else pa.nulls(n, pa.string()), info)
    extra = [name for name in cells if name not in part.columns]
    if extra:
        places = np.arange(n * len(extra)).reshape(len(extra), n).T.ravel()
        names = pa.array(extra, pa.string()).take(pa.array(np.tile(np.arange(len(extra)), n)))
        values = pa.concat_arrays([cells[name] for name in extra]).take(pa.array(places))
        columns["extra"] = pa.MapArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32) * len(extra)), names, values)
    return pa.table(columns)


def in_alike_chunks(pieces: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """Join pieces that :func:`cells_of` gave, neighbours with the same types, into chunks as :func:`in_chunks` does."""
    for _, alike in itertools.groupby(pieces, lambda piece: [one.type for one in piece.schema if one.name != "extra"]):
        yield from in_chunks(alike, size)


def bad_rows(found: Sequence[tuple[int, str, str]], file_no: int) -> list[BadRow]:
    """Pick the bad rows of one file, of those that are loaded together, out of tuples of ``source_line``, reason and text."""
    return [BadRow(line & LINE, reason, text) for line, reason, text in found if line >> _FILE_BIT == file_no]


def by_file(rows: pa.Table, n: int) -> list[pa.Table]:
    """Part rows in order of ``source_line`` into those of each of ``n`` files; the file's number stays in the line."""
    if n == 1:
        return [rows]
    edges = np.searchsorted(rows["source_line"].to_numpy(), np.arange(n + 1, dtype=np.int64) << _FILE_BIT).tolist()
    return [rows.slice(first, last - first) for first, last in itertools.pairwise(edges)]


def with_lines_alone(rows: pa.Table) -> pa.Table:
    """Leave the line alone in ``source_line``."""
    at = rows.column_names.index("source_line")
    return rows.set_column(at, rows.schema.field(at), pa.array(rows["source_line"].to_numpy() & LINE))


def as_numbers(cells: pa.Array, type_: str) -> pa.Array | None:
    """Read a column of text as plain numbers at once.

    Args:
        cells: Text; null where the file has no value.
        type_: ``BIGINT`` or ``DOUBLE``.

    Returns:
        int64 or float64, or None where any cell is something else than digits (and for DOUBLE a point and an exponent) or is not finite.
    """
    try:
        numbers = pc.cast(cells, pa.int64() if type_ == "BIGINT" else pa.float64())
    except pa.ArrowInvalid:
        return None
    if type_ == "DOUBLE" and not pc.all(pc.is_finite(numbers), min_count=0).as_py():
        return None
    hexadecimal = pc.any(pc.match_substring(cells, "x", ignore_case=True), min_count=0).as_py()  # Arrow reads 0x1F
    return None if hexadecimal else numbers


def in_chunks(batches: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """Join and cut batches into chunks of ``size`` rows: fewer where they come to ``_CHUNK_BYTES``, and in the last."""
    held: list[pa.Table] = []
    n = n_bytes = 0
    for batch in batches:
        rest = batch
        while rest.num_rows:
            piece = rest.slice(0, size - n)
            rest = rest.slice(piece.num_rows)
            held.append(piece)
            n, n_bytes = n + piece.num_rows, n_bytes + piece.nbytes
            if n == size or n_bytes >= _CHUNK_BYTES:
                yield pa.concat_tables(held, promote_options="default")
                held, n, n_bytes = [], 0, 0
    if n:
        yield pa.concat_tables(held, promote_options="default")
