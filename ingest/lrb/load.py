"""LRB's files that are not text by rows: expression joined by row number, CAGE labels from npz shards.

The published file names drift: coordinates say ``validation`` where the shards say ``valid``; the keys inside a shard end in ``.npy``.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.cage import BINS, RINGS, TRACKS, to_rings
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow, DelimitedFile, reading, refuse_pointer
from lrbstore.ingest.spec import Part
from lrbstore.vocabulary import tissue_name

VALUES = "rna_expression_values.csv"
MAPPING = "label_mapping.csv"
SHARDS = "targets_subset"
_SHARD = re.compile(r"targets-(train|valid|validation|test)-(\d+)-(\d+)\.npz")
_SHARD_SPLIT = {"train": "train", "validation": "valid", "test": "test"}
_BULK_CHUNK, _CAGE_CHUNK = 1_000, 64


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell version and assembly: the eQTL folder was renamed in the second version; the other files stayed as they were."""
    if part.name == "variant_effect_causal_eqtl":
        return {"version": "1" if path.parent.name == "variant_effect_gene_expression" else "2", "assembly": "GRCh38"}
    companions = [path.with_name(MAPPING)] if path.with_name(MAPPING).is_file() else []
    if part.name == "bulk_rna_expression":
        values = path.with_name(VALUES)
        if not values.is_file():
            raise MissingData(f"{values} is missing; row i of it holds the labels of row i of {path.name}: give the folder that has both")
        return {"version": "1", "assembly": "GRCh37", "companions": [values, *companions]}
    shards = _shards(path)
    if not shards:
        raise MissingData(f"no shard targets-…-….npz was found in {path.parent / SHARDS}; the labels of {path.name} lie there")
    return {"version": "1", "assembly": "GRCh38", "companions": [*shards, *companions]}


def _sql(job: Job, name: str) -> str:
    return (job.spec.folder / name).read_text(encoding="utf-8")


# ── bulk RNA expression ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_bulk(job: Job) -> None:
    """Join gene coordinates and expression values by row number, once, and keep the gene's id with its vector.

    Raises:
        ContractBroken: If the two files have different numbers of rows: then nothing says which label is whose.
    """
    path = job.unit.path
    values_path = path.with_name(VALUES)
    coordinates, values = job.read(path), DelimitedFile(values_path)
    tracks = values.columns
    n_genes, n_values = _count_rows(path), _count_rows(values_path)
    if n_genes != n_values:
        raise ContractBroken(
            f"{values_path} has {n_values:,} rows and {path} has {n_genes:,}; row i of the one belongs to row i of the other, "
            "so the counts must agree: fetch both files again"
        )
    job.fact(values_path, "tracks", len(tracks))
    _write_tracks(job, "expression_track", tracks, values_path)
    label_row = job.run.next_label_row("lrb_expression")
    vectors = _Vectors(values, len(tracks))
    for rows in in_chunks(coordinates.batches(), _BULK_CHUNK):
        job.rows_in(path, rows.num_rows)
        lines = rows["source_line"].to_numpy()
        matrix, reasons = vectors.take(lines)
        job.typed(rows)
        # A gene whose values cannot be read is no example: the reason travels with the coordinates' row.
        bad = [(int(line), reason) for line, reason in zip(lines, reasons, strict=True) if reason]
        job.scratch.execute("create or replace temp table no_values (source_line BIGINT, reason VARCHAR)")
        if bad:
            job.scratch.executemany("insert into no_values values (?, ?)", bad)
        genes = job.canonical(_sql(job, "genes.sql"), "lrb_gene")
        _reject_partners(job, coordinates, vectors, int(lines[-1]))
        kept = genes["source_line"].to_numpy()
        numbers = np.arange(label_row, label_row + len(kept), dtype=np.int64)
        label_row += len(kept)
        chosen = matrix[np.searchsorted(lines, kept)]
        job.write("lrb_gene", genes.set_column(genes.column_names.index("label_row"), "label_row", pa.array(numbers)))
        job.write(
            "lrb_expression",
            pa.table(
                {
                    "label_row": numbers,
                    "expression": _lists(chosen),
                    "source": [job.spec.name] * len(kept),
                    "source_version": [job.unit.version] * len(kept),
                    "source_file": [values_path.name] * len(kept),
                    "source_line": kept,
                }
            ),
        )
        lost = np.setdiff1d(lines, kept)
        texts = vectors.raw(lost)
        why = dict(zip(lines.tolist(), reasons, strict=True))
        job.reject(
            values_path,
            [BadRow(int(n), why[int(n)] or f"its row of {path.name} was rejected", texts[int(n)]) for n in lost if int(n) in texts],
        )
        job.rows_in(values_path, len(kept) + sum(int(n) in texts for n in lost))
        vectors.done = int(lines[-1])
        job.run.say(f"{path.name}: {int(lines[-1]) - 1:,} genes")
    job.rows_in(path, len(coordinates.bad))
    job.reject(path, coordinates.bad)
    vectors.read_to(None)
    _reject_partners(job, coordinates, vectors, None)
    job.rows_in(values_path, len(values.bad))
    job.reject(values_path, values.bad)


class _Vectors:
    """Rows of the values file by line number, read forward in step with the coordinates.

    Attributes:
        done: The last line that is accounted for.
    """

    def __init__(self, file: DelimitedFile, width: int) -> None:
        self.file, self.width, self.done = file, width, 1
        self._batches = file.batches()
        self._held: pa.Table | None = None

    def read_to(self, line: int | None) -> None:
        """Read on until a line is held, or to the file's end; lines up to :attr:`done` are let go."""
        while line is None or self._held is None or not self._held.num_rows or self._held["source_line"][-1].as_py() < line:
            batch = next(self._batches, None)
            if batch is None:
                return
            if self._held is not None:
                batch = pa.concat_tables([self._held.filter(pc.greater(self._held["source_line"], self.done)), batch])
            self._held = batch

    def take(self, lines: np.ndarray) -> tuple[np.ndarray, list[str | None]]:
        """Return float32 (n, width) and, for each line, why it has no vector (else None)."""
        self.read_to(int(lines[-1]))
        matrix = np.full((len(lines), self.width), np.nan, np.float32)
        reasons: list[str | None] = ["its row of rna_expression_values.csv could not be cut into columns"] * len(lines)
        if self._held is None or not self._held.num_rows:
            return matrix, reasons
        held = self._held["source_line"].to_numpy()
        here = np.flatnonzero(np.isin(held, lines))
        at = np.searchsorted(lines, held[here])
        cells = self._held.drop_columns(["source_line"]).take(pa.array(here))
        for column, name in enumerate(self.file.columns):
            matrix[at, column] = _numbers(cells[name])
        for row in at.tolist():
            reasons[row] = None
        for row in np.flatnonzero(~np.isfinite(matrix).all(axis=1) & np.isin(np.arange(len(lines)), at)).tolist():
            column = int(np.flatnonzero(~np.isfinite(matrix[row]))[0])
            value = cells[self.file.columns[column]][int(np.flatnonzero(at == row)[0])].as_py()
            reasons[row] = f"{self.file.columns[column]}: {value!r} is not a finite number"
        return matrix, reasons

    def raw(self, lines: np.ndarray) -> dict[int, str]:
        """Return the text of held lines."""
        if self._held is None or not len(lines):
            return {}
        chosen = self._held.filter(pc.is_in(self._held["source_line"], pa.array(lines)))
        numbers = chosen["source_line"].to_pylist()
        rows = chosen.drop_columns(["source_line"]).to_pylist()
        return {number: ",".join(row.values()) for number, row in zip(numbers, rows, strict=True)}


def _reject_partners(job: Job, coordinates: DelimitedFile, vectors: _Vectors, last: int | None) -> None:
    """Account for values whose row of the coordinates could not be cut into columns, up to line ``last`` (None: to the end)."""
    alone = [row.line for row in coordinates.bad if vectors.done < row.line and (last is None or row.line <= last)]
    texts = vectors.raw(np.array(alone, np.int64))
    reason = f"its row of {coordinates.path.name} could not be cut into columns"
    job.rows_in(vectors.file.path, len(texts))
    job.reject(vectors.file.path, [BadRow(line, reason, texts[line]) for line in sorted(texts)])


#: What counts as a number; Python's own float() would also take 1_000 and digits of other scripts.
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Parse text as float32; what is no number becomes NaN."""
    try:
        return column.cast(pa.float32()).to_numpy()
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(column, _NUMBER)
        return pc.if_else(is_number, pc.ascii_trim_whitespace(column), None).cast(pa.float32()).to_numpy()


def _count_rows(path: Path) -> int:
    """Count data rows: lines after the header, the last one with or without its line end."""
    n, last = 0, b"\n"
    with reading(path), path.open("rb") as handle:
        while block := handle.read(1 << 22):
            n += block.count(b"\n")
            last = block[-1:]
    return n - 1 + (last != b"\n")


def _write_tracks(job: Job, table: str, names: Sequence[str | None], path: Path) -> None:
    """Write the columns of a label matrix as tracks, with whatever ``label_mapping.csv`` says about each."""
    mapping = _mapping(job, len(names))
    rows: dict[str, Any] = {
        "track": pa.array(range(len(names)), pa.int64()),
        "track_name": pa.array(names, pa.string()),
        "mapping": pa.array(mapping, pa.string()),
        "source": [job.spec.name] * len(names),
        "source_version": [job.unit.version] * len(names),
        "source_file": [path.name] * len(names),
        "source_line": pa.array([1] * len(names), pa.int64()),
    }
    if table == "expression_track":
        rows |= {"tissue": [tissue_name(n) for n in names if n is not None], "tissue_name": names}
    job.write(table, pa.table(rows))


def _mapping(job: Job, n: int) -> list[str | None]:
    """Return row i of ``label_mapping.csv`` as JSON for track i; its columns are taken as they come."""
    path = job.unit.path.with_name(MAPPING)
    if path not in job.unit.companions:
        return [None] * n
    file = DelimitedFile(path)
    rows = _mapping_rows(file)
    job.rows_in(path, len(rows) + len(file.bad))
    job.reject(path, file.bad)
    beyond = [BadRow(line, f"there are only {n} tracks", ",".join(row.values())) for line, row in rows.items() if line - 2 >= n]
    job.reject(path, beyond)
    job.fact(path, "columns", file.columns)
    if len(rows) + len(file.bad) != n:
        job.fact(path, "note", f"{len(rows) + len(file.bad)} rows for {n} tracks: rows are taken in order")
    said = {line - 2: json.dumps(row, ensure_ascii=False, separators=(",", ":")) for line, row in rows.items()}
    return [said.get(track) for track in range(n)]


def _mapping_rows(file: DelimitedFile) -> dict[int, dict[str, str]]:
    """Read a mapping: line → column → text. A row that cannot be read leaves its track without, and moves no other."""
    rows = [row for batch in file.batches() for row in batch.to_pylist()]
    return {row.pop("source_line"): row for row in rows}


# ── CAGE ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_cage(job: Job) -> None:
    """Read windows, and their label arrays one at a time from the shards, so that memory holds a few dozen windows."""
    path = job.unit.path
    file = job.read(path)
    widths: dict[int, int] = {}
    label_row = job.run.next_label_row("cage_label")
    shards = _Shards([p for p in job.unit.companions if p.suffix == ".npz"])
    for shard in shards.paths:
        job.rows_in(shard, shards.count(shard))
    mapping = path.with_name(MAPPING)
    _write_tracks(job, "cage_track", _track_names(job), mapping if mapping in job.unit.companions else path)
    done = 0
    for rows in in_chunks(file.batches(), 10_000):
        job.rows_in(path, rows.num_rows)
        job.typed(rows)
        job.scratch.execute("create or replace temp table shard_key (split VARCHAR, npy_idx BIGINT)")
        if shards.keys:
            keys = pa.table({"split": [k[0] for k in shards.keys], "npy_idx": pa.array([k[1] for k in shards.keys], pa.int64())})
            job.scratch.register("keys_arrow", keys)
            job.scratch.execute("insert into shard_key select * from keys_arrow")
            job.scratch.unregister("keys_arrow")
        windows = job.canonical(_sql(job, "windows.sql"), "cage_window")
        for width, n in job.scratch.execute('select "end" - start, count(*) from accepted group by 1').fetchall():
            widths[int(width)] = widths.get(int(width), 0) + int(n)
        for first in range(0, windows.num_rows, _CAGE_CHUNK):
            some = windows.slice(first, _CAGE_CHUNK)
            numbers = np.arange(label_row, label_row + some.num_rows, dtype=np.int64)
            label_row += some.num_rows
            job.write("cage_window", some.set_column(some.column_names.index("label_row"), "label_row", pa.array(numbers)))
            job.write("cage_label", _label_rows(job, shards, some, numbers))
            done += some.num_rows
            if done % (16 * _CAGE_CHUNK) == 0:
                job.run.say(f"{path.name}: {done:,} windows")
    job.rows_in(path, len(file.bad))
    job.reject(path, file.bad)
    job.fact(path, "interval_width_bp", widths)
    for shard, key in shards.unused():
        job.reject(shard, [BadRow(key[1], f"no window of {path.name} names this array", f"target-{_SHARD_SPLIT[key[0]]}-{key[1]}.npy")])
    shards.close()


def _label_rows(job: Job, shards: _Shards, windows: pa.Table, numbers: np.ndarray) -> pa.Table:
    keys = list(zip(windows["split"].to_pylist(), windows["npy_idx"].to_pylist(), strict=True))
    labels = np.empty((len(keys), BINS, TRACKS), np.float32)
    for i, key in enumerate(keys):
        labels[i] = shards.read(key)
    rings = {f"ring_{k}": _lists(ring) for k, ring in enumerate(to_rings(labels))}
    return pa.table(
        {
            "label_row": numbers,
            **rings,
            "source": [job.spec.name] * len(keys),
            "source_version": [job.unit.version] * len(keys),
            "source_file": [shards.path_of(key).name for key in keys],
            "source_line": windows["npy_idx"],
        }
    )


class _Shards:
    """The label arrays of all shards by (split, npy_idx), read one array at a time."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._place: dict[tuple[str, int], tuple[Path, str]] = {}
        self._used: set[tuple[str, int]] = set()
        names = {theirs: ours for ours, theirs in _SHARD_SPLIT.items()}
        for path in paths:
            refuse_pointer(path)
            with _reading_shard(path):
                self._zips[path] = zipfile.ZipFile(path)
            for member in self._zips[path].namelist():
                # np.savez appends .npy to a key; the keys themselves end in .npy already
                found = re.fullmatch(r"target-(train|valid|test)-(\d+)(?:\.npy){0,2}", member)
                if found is None:
                    raise ContractBroken(
                        f"{path} holds {member!r}; expected arrays named target-train-0.npy, target-valid-…, target-test-…"
                    )
                key = (names[found[1]], int(found[2]))
                if key in self._place:
                    raise ContractBroken(f"{path} holds {member!r}, and so does {self._place[key][0]}; each array belongs to one shard")
                self._place[key] = (path, member)

    @property
    def keys(self) -> list[tuple[str, int]]:
        return list(self._place)

    def path_of(self, key: tuple[str, int]) -> Path:
        return self._place[key][0]

    def count(self, path: Path) -> int:
        return len(self._zips[path].namelist())

    def read(self, key: tuple[str, int]) -> np.ndarray:
        """Read one array: float32 (896, 50), raw."""
        path, member = self._place[key]
        with _reading_shard(path), self._zips[path].open(member) as handle:
            array = np.lib.format.read_array(handle, allow_pickle=False)
        if array.shape not in {(1, BINS, TRACKS), (BINS, TRACKS)} or not np.issubdtype(array.dtype, np.floating):
            raise ContractBroken(f"{path}: {member} is {array.dtype} {array.shape}; expected floats of shape (1, {BINS}, {TRACKS})")
        array = array.reshape(BINS, TRACKS).astype(np.float32)
        if not np.isfinite(array).all():
            raise ContractBroken(f"{path}: {member} holds {int((~np.isfinite(array)).sum())} values that are not finite")
        self._used.add(key)
        return array

    def unused(self) -> Iterator[tuple[Path, tuple[str, int]]]:
        for key, (path, _) in self._place.items():
            if key not in self._used:
                yield path, key

    def close(self) -> None:
        for handle in self._zips.values():
            handle.close()


class _reading_shard:  # noqa: N801 - reads as a verb at its use
    """Name the shard in whatever goes wrong inside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError)) and not isinstance(error, ContractBroken):
            raise ContractBroken(f"{self.path} cannot be read: {error}; it may be truncated or damaged: fetch it again") from error


def _shards(path: Path) -> list[Path]:
    found = [(m, p) for p in sorted((path.parent / SHARDS).glob("*.npz")) if (m := _SHARD.fullmatch(p.name))]
    return [p for m, p in sorted(found, key=lambda pair: (pair[0][1], int(pair[0][2])))]


def _track_names(job: Job) -> list[str | None]:
    """Name the tracks by the mapping's last column, or leave them unnamed."""
    path = job.unit.path.with_name(MAPPING)
    if path not in job.unit.companions:
        return [None] * TRACKS
    file = DelimitedFile(path)
    rows = _mapping_rows(file)
    return [rows[track + 2][file.columns[-1]] if track + 2 in rows else None for track in range(TRACKS)]


def _lists(matrix: np.ndarray) -> pa.ListArray:
    """Turn (n, width) into a list column without a copy per row."""
    n, width = matrix.shape
    offsets = np.arange(0, (n + 1) * width, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(matrix).reshape(-1)))


assert len(RINGS) == 7  # noqa: S101 - cage_label has one column a ring
