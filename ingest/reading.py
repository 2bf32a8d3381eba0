"""Delimited text, row by row, with nothing lost: every data row comes out with its line number, or goes to the rejects with its text."""

from __future__ import annotations

import contextlib
import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from lrbstore.errors import ContractBroken

#: Bytes parsed at a time; a single row must fit. Arrow reads up to 32 such blocks ahead, in memory, and cannot be told not to.
_BLOCK = 4 << 20
_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class BadRow:
    """A row that could not be cut into the file's columns."""

    line: int
    reason: str
    raw: str


@dataclass
class DelimitedFile:
    """A delimited text file, gzipped or not.

    Attributes:
        path: The file.
        delimiter: One character.
        quote: Whether cells may be quoted with ``"``.
        encoding: Of the text: ``utf-8``, or what an old file was written in (``windows-1252``).
        titled: Whether a first line of one cell is a title that stands above the header, as spreadsheets are exported.
        names: The columns of a file without a header, whose first line is a row; None where the header names them.
        columns: The header's names, or ``names``, in order.
        header_line: 1-based line of the header; 0 where there is none.
        preamble: Lines before the header (``##`` lines of a VCF, a title).
        is_bare: True where nothing follows the header.
        bad: Rows that :meth:`batches` had to leave out so far.
    """

    path: Path
    delimiter: str = ","
    quote: bool = True
    encoding: str = "utf-8"
    titled: bool = False
    names: tuple[str, ...] | None = None
    columns: list[str] = field(init=False)
    header_line: int = field(init=False)
    preamble: list[str] = field(init=False)
    is_bare: bool = field(init=False)
    bad: list[BadRow] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.preamble = []
        if self.names is not None:
            self._see_row(first_line(self.path, self.encoding), self.names)
            self.columns, self.header_line, self.is_bare = list(self.names), 0, False
            return
        refuse_pointer(self.path)
        with reading(self.path), self._open() as handle:
            lines = _lines(handle, self.encoding)
            for line in lines:
                is_title = self.titled and not self.preamble and self.delimiter not in line.rstrip(self.delimiter)
                if line.startswith("##") or is_title:
                    self.preamble.append(line)
                    continue
                self.columns = self._header(line)
                self.header_line = len(self.preamble) + 1
                self.is_bare = next(lines, None) is None
                return
        raise ContractBroken(f"{self.path} is empty; expected a header line and data rows")

    def batches(self) -> Iterator[pa.Table]:
        """Read the rows in pieces.

        Yields:
            Tables of text columns under the header's names, and ``source_line`` (int64, 1-based, header included).

        Raises:
            ContractBroken: If the file is truncated, damaged, or not text.
        """
        if self.is_bare:  # Arrow calls a header without a line end too short a file
            return
        known = len(self.bad)

        def put_aside(row: Any) -> str:
            reason = f"{row.actual_columns} columns instead of {row.expected_columns}"
            self.bad.append(BadRow(row.number + len(self.preamble), reason, row.text))
            return "skip"

        names = [f"c{i}" for i in range(len(self.columns))]
        next_line = self.header_line + 1
        with reading(self.path), self._open() as handle:
            for _ in self.preamble:
                _skip_line(handle)
            reader = pacsv.open_csv(
                handle,
                read_options=pacsv.ReadOptions(
                    use_threads=False,
                    block_size=_BLOCK,
                    column_names=names,
                    skip_rows=int(self.names is None),
                    encoding=self.encoding,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=self.delimiter,
                    quote_char='"' if self.quote else False,
                    invalid_row_handler=put_aside,
                    ignore_empty_lines=False,
                ),
                convert_options=pacsv.ConvertOptions(column_types={n: pa.string() for n in names}, strings_can_be_null=False),
            )
            for batch in reader:
                self._see_quotes_closed(batch, known)
                bad_lines = np.array([b.line for b in self.bad[known:]], np.int64)
                lines, next_line = _number(batch.num_rows, next_line, bad_lines)
                known += int(np.count_nonzero(bad_lines < next_line))
                yield pa.table([*batch.columns, pa.array(lines)], names=[*self.columns, "source_line"])
            self._see_quotes_closed(None, known)

    def _see_quotes_closed(self, batch: pa.RecordBatch | None, known: int) -> None:
        """See that every row is one line: a quote that stays open would swallow the rows behind it, and their numbers.

        An error raised in Arrow's handler of bad rows would be lost, so that these are looked at here.
        """
        over = [row.raw for row in self.bad[known:] if "\n" in row.raw]
        for column in batch.columns if batch is not None and self.quote else ():
            at = pc.index(pc.match_substring(column, "\n"), True).as_py()
            over += [column[at].as_py()] if at >= 0 else []
        if over:
            start = over[0].split("\n", 1)[0][:80]
            raise ContractBroken(
                f"{self.path}: a quoted cell runs over the end of its line ({start!r} …); expected one row a line: "
                "close the quote, or write the cell in one line"
            )

    def _open(self) -> Any:
        return _open(self.path)

    def _see_row(self, line: str, names: tuple[str, ...]) -> None:
        """Refuse a file without a header whose first line has not as many cells as there are columns: it is another file."""
        cells = line.count(self.delimiter) + 1
        if cells != len(names):
            raise ContractBroken(
                f"{self.path}: its first line has {cells} column{'s' if cells > 1 else ''}; expected a file without a header, of "
                f"{len(names)}: {', '.join(names)}. Is it the right file?"
            )

    def _header(self, line: str) -> list[str]:
        try:
            names = next(csv.reader([line], delimiter=self.delimiter, quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE))
        except csv.Error as error:
            raise ContractBroken(
                f"{self.path}: the header cannot be cut into columns ({error}); expected lines that end in LF or CRLF"
            ) from error
        if not names:
            raise ContractBroken(f"{self.path}: line {len(self.preamble) + 1} is empty; expected the header with the column names")
        names[0] = names[0].removeprefix("\ufeff").removeprefix("#")
        names = [name or ("unnamed" if i == 0 else f"unnamed_{i}") for i, name in enumerate(names)]
        names = ["source_line_" if name == "source_line" else name for name in names]  # the name of our own line numbers
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ContractBroken(f"{self.path}: the header names {', '.join(repeated)} more than once")
        return names


def first_line(path: Path, encoding: str = "utf-8") -> str:
    """Read a text file's first line, without its end: gzipped or not, empty where the file is.

    Raises:
        ContractBroken: If the file is damaged, not text, or a git-lfs pointer.
    """
    refuse_pointer(path)
    with reading(path), _open(path) as handle:
        return next(_lines(handle, encoding), "")


def lines_of(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    """Read a text file line by line, without line ends: for what is not text by rows.

    Raises:
        ContractBroken: If the file is damaged, not text, or a git-lfs pointer.
    """
    refuse_pointer(path)
    with reading(path), _open(path) as handle:
        yield from _lines(handle, encoding)


def _open(path: Path) -> Any:
    compression = "gzip" if path.name.endswith((".gz", ".bgz")) else None
    return pa.input_stream(str(path), compression=compression, buffer_size=1 << 20)


def _number(n: int, first: int, bad: np.ndarray) -> tuple[np.ndarray, int]:
    """Give ``n`` rows the line numbers from ``first`` on, stepping over the lines in ``bad`` (ascending)."""
    lines = np.arange(first, first + n + len(bad), dtype=np.int64)
    if len(bad):
        lines = np.setdiff1d(lines, bad, assume_unique=True)
    lines = lines[:n]
    return lines, int(lines[-1]) + 1 if n else first


def _lines(handle: Any, encoding: str) -> Iterator[str]:
    """Read lines from an Arrow stream one at a time; only headers are read this way."""
    rest = b""
    while True:
        block = handle.read(1 << 16)
        rest += block
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r").decode(encoding)
        if not block:
            if rest:
                yield rest.rstrip(b"\r").decode(encoding)
            return


def _skip_line(handle: Any) -> None:
    while handle.read(1) not in {b"\n", b""}:
        pass


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong inside a damaged file into one clear error that names it."""
    try:
        yield
    except (EOFError, zlib.error, pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
        if isinstance(error, (FileNotFoundError, PermissionError)):
            raise
        what = str(error).splitlines()[0]
        if "straddl" in what:  # Arrow's word for a row that is larger than a block
            what = f"a line of it is longer than {_BLOCK:,} bytes"
        raise ContractBroken(
            f"{path} cannot be read to its end: {what}; "
            "it may be truncated, damaged or of another kind: fetch it again and compare its size"
        ) from error


def refuse_pointer(path: Path) -> None:
    """Say what to do where a repository was cloned without its large files.

    Raises:
        ContractBroken: If a file is the pointer that git-lfs leaves in the place of the file itself.
    """
    with path.open("rb") as handle:
        if handle.read(len(_POINTER)) == _POINTER:
            raise ContractBroken(f"{path} is a git-lfs pointer, not the file itself; run git lfs pull in its folder, and ingest again")
