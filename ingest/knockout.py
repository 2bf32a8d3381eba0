"""Matrices of knockout effects, gene × model or model × gene, as long rows in tiles.

A matrix is read once, row by row, into a scratch file of float64; then tiles of genes × screens, both sorted, are taken from it. Memory
holds one line and one band of rows, whatever the matrix's size. A tile is a row group: its statistics skip it both for a query after
another gene and for one after another model.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import pyarrow as pa

from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow, reading, refuse_pointer

GENES_PER_TILE, SCREENS_PER_TILE = 512, 64
MISSING = frozenset({"", "NA", "NaN", "nan"})  #: Cells without a value: they make no row.
MORE, LESS = "more essential", "less essential"
_CELL_BITS = 27  #: Of a record id: the place of a cell in its file.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Gene:
    """A gene of a matrix: its symbol, Ensembl id without version, NCBI id and the provider's own id, as far as they are given."""

    symbol: str
    gene_id: str | None = None
    entrez_id: int | None = None
    upstream_id: str | None = None


@dataclass(frozen=True)
class Screen:
    """A screen of a matrix: the cell model as given, and what the matrix says of it."""

    model_id: str
    model_name: str | None = None
    centre: str | None = None
    qc_pass: bool | None = None


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a matrix are: their unit, and what a higher one means (``MORE`` or ``LESS`` essential)."""

    unit: str
    higher_means: str


class Spill:
    """Rows of float64 on disk: appended in the file's order, taken in any.

    Args:
        width: Numbers a row.
    """

    def __init__(self, width: int) -> None:
        self.width, self.rows = width, 0
        self.filled: np.ndarray = np.zeros(width, np.int64)  # values by column
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def append(self, values: np.ndarray) -> int:
        """Add a row, float64 (width,) with NaN for "no value"; gives the number of its values."""
        has = ~np.isnan(values)
        self.filled += has
        self._file.write(values.tobytes())
        self.rows += 1
        return int(np.count_nonzero(has))

    def take(self, rows: Sequence[int]) -> np.ndarray:
        """Read rows by number, float64 (len(rows), width)."""
        self._file.flush()
        out = np.empty((len(rows), self.width), np.float64)
        for i, row in enumerate(rows):
            out[i] = np.frombuffer(os.pread(self._file.fileno(), 8 * self.width, 8 * self.width * row), np.float64)
        return out

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


def lines_of(path: Path, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Read a text file, gzipped or not, one line at a time.

    Yields:
        The 1-based line number, the line's cells, and its text.

    Raises:
        ContractBroken: If the file is truncated, damaged, a pointer of git-lfs, or not text.
    """
    refuse_pointer(path)
    opened = gzip.open if path.name.endswith(".gz") else open
    with reading(path), opened(path, "rt", encoding="utf-8-sig", newline="\n") as handle:
        for number, line in enumerate(handle, 1):
            text = line.rstrip("\r\n")
            yield number, next(csv.reader([text], delimiter=delimiter), []) if '"' in text else text.split(delimiter), text


def parse(cells: Sequence[str], text: str, names: Sequence[str]) -> np.ndarray | str:
    """Parse cells as float64, NaN where a cell has no value; a text says what is wrong with which column."""
    try:
        if text.isascii() and "_" not in text:  # Python's float() takes 1_000 and digits of other scripts
            values = np.array([math.nan if cell in MISSING else float(cell) for cell in cells])
            if not np.isinf(values).any() and np.count_nonzero(np.isnan(values)) == sum(cell in MISSING for cell in cells):
                return values
    except ValueError:
        pass
    for name, cell in zip(names, cells, strict=True):
        if cell not in MISSING and not (_NUMBER.fullmatch(cell.strip()) and math.isfinite(float(cell))):
            return f"{name}: {cell!r} is not a finite number"
    return np.array([math.nan if cell in MISSING else float(cell) for cell in cells])


def model_key(name: str) -> str:
    """Give what names of cell models are compared by: letters and digits, upper case (``NIH:OVCAR-3`` → ``NIHOVCAR3``)."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def load_genes_by_screens(
    job: Job,
    rows: Iterator[tuple[int, list[str], str]],
    columns: Sequence[str],
    screens: Sequence[Screen],
    meaning: Meaning,
    *,
    symbol: str,
    gene_id: str | None = None,
    upstream_id: str | None = None,
) -> None:
    """Load a matrix whose rows are genes.

    Args:
        job: The unit on its way.
        rows: The data lines.
        columns: Names of the leading columns; the screens follow them.
        screens: One for each further column.
        meaning: Of the numbers.
        symbol: The leading column of the symbol.
        gene_id: The leading column of the Ensembl id, if there is one.
        upstream_id: The leading column of the provider's own id, if there is one.
    """
    path, lead = job.unit.path, len(columns)
    genes: list[Gene] = []
    lines: list[int] = []
    counts: list[int] = []
    bad: list[BadRow] = []
    width = lead + len(screens)
    names = [screen.model_id for screen in screens]
    at = {name: place for place, name in enumerate(columns)}
    n = 0
    with Spill(len(screens)) as spill:
        for n, (line, cells, text) in enumerate(rows, 1):
            if len(cells) != width:
                bad.append(BadRow(line, f"{len(cells)} columns instead of {width}" if text else "the line is empty", text))
                continue
            if cells[at[symbol]].strip() in MISSING:
                bad.append(BadRow(line, f"{symbol} is missing", text))
                continue
            values = parse(cells[lead:], text, names)
            if isinstance(values, str):
                bad.append(BadRow(line, values, text))
                continue
            ensembl = cells[at[gene_id]].strip().split(".")[0] if gene_id else ""
            own = cells[at[upstream_id]].strip() if upstream_id else ""
            genes.append(Gene(cells[at[symbol]].strip(), ensembl or None, None, own or None))
            lines.append(line)
            counts.append(spill.append(values))
            if n % 2_000 == 0:
                job.run.say(f"{path.name}: {n:,} genes")
        job.rows_in(path, n)
        job.reject(path, bad)
        ids = _write_screens(job, screens, meaning, spill.filled.tolist(), None, range(lead + 1, width + 1))
        _write_genes(job, genes, counts, lines, None)
        _facts(job, genes, screens, counts)
        _write_tiles(job, spill, genes, screens, ids, lines, range(lead + 1, width + 1), rows_are_genes=True)


def load_screens_by_genes(
    job: Job, rows: Iterator[tuple[int, list[str], str]], columns: Sequence[str], genes: Sequence[Gene], meaning: Meaning, *, id_like: str
) -> None:
    """Load a matrix whose rows are cell models.

    Args:
        job: The unit on its way.
        rows: The data lines; the first cell is the model's id.
        columns: The header's names, the first one's included.
        genes: One for each further column.
        meaning: Of the numbers.
        id_like: Pattern that a model's id must match.
    """
    path = job.unit.path
    screens: list[Screen] = []
    lines: list[int] = []
    counts: list[int] = []
    bad: list[BadRow] = []
    width = len(columns)
    n = 0
    with Spill(len(genes)) as spill:
        for n, (line, cells, text) in enumerate(rows, 1):
            if len(cells) != width:
                bad.append(BadRow(line, f"{len(cells)} columns instead of {width}" if text else "the line is empty", text))
                continue
            if not re.fullmatch(id_like, cells[0]):
                bad.append(BadRow(line, f"{columns[0] or 'ModelID'}: {cells[0]!r} is not a model's id ({id_like})", text))
                continue
            values = parse(cells[1:], text, columns[1:])
            if isinstance(values, str):
                bad.append(BadRow(line, values, text))
                continue
            screens.append(Screen(cells[0]))
            lines.append(line)
            counts.append(spill.append(values))
            if n % 100 == 0:
                job.run.say(f"{path.name}: {n:,} models")
        job.rows_in(path, n)
        job.reject(path, bad)
        ids = _write_screens(job, screens, meaning, counts, lines, None)
        _write_genes(job, genes, spill.filled.tolist(), None, range(2, width + 1))
        _facts(job, genes, screens, counts)
        _write_tiles(job, spill, genes, screens, ids, lines, range(2, width + 1), rows_are_genes=False)


def _facts(job: Job, genes: Sequence[Gene], screens: Sequence[Screen], counts: Sequence[int]) -> None:
    """Record what the matrix holds: genes, screens, cells with and without a value, and what comes more than once."""
    path, n = job.unit.path, sum(counts)
    job.fact(path, "genes", len(genes))
    job.fact(path, "screens", len(screens))
    job.fact(path, "scores", n)
    job.fact(path, "missing_cells", len(genes) * len(screens) - n)
    for name, keys in (("repeated_genes", [g.symbol for g in genes]), ("repeated_models", [s.model_id for s in screens])):
        repeated = sorted(key for key, times in Counter(keys).items() if times > 1)
        if repeated:
            job.fact(path, name, repeated[:100])


def _given(job: Job, n: int) -> dict[str, Any]:
    unit = job.unit
    given = {"source": job.spec.name, "source_version": unit.version, "source_file": unit.path.name}
    return {name: pa.repeat(value, n) for name, value in given.items()}


def _numbers(values: Sequence[int] | None, n: int) -> pa.Array:
    return pa.nulls(n, pa.int64()) if values is None else pa.array(values, pa.int64())


def _write_screens(
    job: Job,
    screens: Sequence[Screen],
    meaning: Meaning,
    counts: Sequence[int],
    lines: Sequence[int] | None,
    columns: Sequence[int] | None,
) -> list[str]:
    """Write the screens, and give their ids."""
    met: Counter[str] = Counter()
    ids = []
    for screen in screens:
        name = f"{screen.model_id}/{screen.centre or job.spec.name}"
        met[name] += 1
        ids.append(f"{name}{f'/{met[name]}' if met[name] > 1 else ''}@{job.unit.sha256[:8]}")
    n = len(screens)
    job.write(
        "knockout_screen",
        pa.table(
            {
                "screen_id": pa.array(ids, pa.string()),
                "screen_number": pa.array(range(n), pa.int64()),
                "model_id": pa.array([s.model_id for s in screens], pa.string()),
                "model_name": pa.array([s.model_name for s in screens], pa.string()),
                "model_key": pa.array([model_key(s.model_name or s.model_id) for s in screens], pa.string()),
                "centre": pa.array([s.centre for s in screens], pa.string()),
                "qc_pass": pa.array([s.qc_pass for s in screens], pa.bool_()),
                "score_unit": pa.repeat(meaning.unit, n),
                "higher_means": pa.repeat(meaning.higher_means, n),
                "n_genes": pa.array(counts, pa.int64()),
                "source_line": _numbers(lines, n),
                "source_column": _numbers(columns, n),
                **_given(job, n),
            }
        ),
    )
    return ids


def _write_genes(
    job: Job, genes: Sequence[Gene], counts: Sequence[int], lines: Sequence[int] | None, columns: Sequence[int] | None
) -> None:
    n = len(genes)
    job.write(
        "knockout_gene",
        pa.table(
            {
                "gene_symbol": pa.array([g.symbol for g in genes], pa.string()),
                "gene_id": pa.array([g.gene_id for g in genes], pa.string()),
                "entrez_id": pa.array([g.entrez_id for g in genes], pa.int64()),
                "upstream_gene_id": pa.array([g.upstream_id for g in genes], pa.string()),
                "n_screens": pa.array(counts, pa.int64()),
                "source_line": _numbers(lines, n),
                "source_column": _numbers(columns, n),
                **_given(job, n),
            }
        ),
    )


def _write_tiles(
    job: Job,
    spill: Spill,
    genes: Sequence[Gene],
    screens: Sequence[Screen],
    ids: Sequence[str],
    lines: Sequence[int],
    columns: Sequence[int],
    *,
    rows_are_genes: bool,
) -> None:
    """Write a matrix as tiles, genes sorted by symbol and screens by model id; ``lines`` are of its rows, ``columns`` of its columns."""
    by_symbol = sorted(range(len(genes)), key=lambda i: (genes[i].symbol, i))
    by_model = sorted(range(len(screens)), key=lambda i: (screens[i].model_id, i))
    last = (max(lines, default=1) - 1) * (len(columns) + 3) + len(columns) + 3
    if last >= 1 << _CELL_BITS:
        raise ContractBroken(
            f"{job.unit.path} has {last:,} cells; at most {1 << _CELL_BITS:,} are numbered: cut it into files of fewer rows"
        )
    held = {
        "gene_symbol": pa.array([genes[i].symbol for i in by_symbol], pa.string()),
        "gene_id": pa.array([genes[i].gene_id for i in by_symbol], pa.string()),
        "entrez_id": pa.array([genes[i].entrez_id for i in by_symbol], pa.int64()),
    }
    screen_ids = pa.array([ids[i] for i in by_model], pa.string())
    line_of, column_of = np.asarray(lines, np.int64), np.asarray(columns, np.int64)
    base = int(job.unit.sha256[:9], 16) << _CELL_BITS
    outer, inner = (by_symbol, by_model) if rows_are_genes else (by_model, by_symbol)
    outer_size, inner_size = (GENES_PER_TILE, SCREENS_PER_TILE) if rows_are_genes else (SCREENS_PER_TILE, GENES_PER_TILE)
    for first in range(0, len(outer), outer_size):
        rows = outer[first : first + outer_size]
        band = spill.take(rows)
        for second in range(0, len(inner), inner_size):
            across = inner[second : second + inner_size]
            tile = band[:, across]
            if rows_are_genes:
                g, s = np.nonzero(~np.isnan(tile))
                scores, line, column = tile[g, s], line_of[rows][g], column_of[across][s]
                g, s = g + first, s + second
            else:
                g, s = np.nonzero(~np.isnan(tile.T))
                scores, line, column = tile[s, g], line_of[rows][s], column_of[across][g]
                g, s = g + second, s + first
            table = {
                "record_id": pa.array(base + (line - 1) * (len(columns) + 3) + column - 1),
                **{name: values.take(pa.array(g)) for name, values in held.items()},
                "screen_id": screen_ids.take(pa.array(s)),
                "score": pa.array(scores),
                "source_line": pa.array(line),
                "source_column": pa.array(column),
                **_given(job, len(scores)),
            }
            job.write("knockout_score", pa.table(table))
            job.end_group("knockout_score")
        job.run.say(f"{job.unit.path.name}: {min(first + outer_size, len(outer)):,} of {len(outer):,} rows written")
