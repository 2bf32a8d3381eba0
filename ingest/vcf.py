"""VCF 4.0 to 4.3, plain, gzip or bgzip: a header read leniently, and a body in which every line is a row or a reject.

What the header does wrong is a fact of the file (:attr:`VcfHeader.problems`), never a crash. Only a file that is no VCF at all is refused:
one that is empty, binary, cut off before the line ``#CHROM …``, or without the columns that tell a place and its alleles.

A body line is a row when it has as many cells as the header has names; trailing tabs more or less do not matter. All else (too few or
too many cells, an empty line, a ``#`` line among the rows, bytes that are no UTF-8) is put aside with its line number and a reason. What
stands in a cell is not judged here: that is the business of the SQL (``sql/macros/vcf.sql``).

:class:`~lrbstore.ingest.reading.DelimitedFile` does not fit: in a header that ends in a tab, as dbSNP 132 has it, it sees a ninth column;
it cuts apart thousands of sample cells that nobody reads, and refuses a whole file for one line that is no UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.assembly import assemblies, assembly
from lrbstore.errors import ContractBroken
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.info import InfoKeys
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow, reading, refuse_pointer

FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
REQUIRED = ("CHROM", "POS", "REF", "ALT")
SITES_SQL = "known_sites.sql"

_BLOCK = 4 << 20  #: Bytes taken at a time.
_LONGEST = 256 << 20  #: Bytes of the longest line that is still believed to be one.
_CHUNK = 100_000
_WITH_ID = ("INFO", "FORMAT", "FILTER", "contig")
_FIELD = re.compile(r'([^=,<>"]+)=("(?:[^"\\]|\\.)*"|[^,">]*)')
_STRAY = 100  #: Lines without ``#`` before the column names (a description that was broken in two) that are passed over.
_KEPT = 20  #: Problems of a header that are told one by one.

#: Words that name an assembly; behind them its name. NCBI numbers the patches of GRCh37 as GCF_000001405.13 to .25.
_NAMES = (
    (re.compile(r"GRCh37|hg19|b37|g1k_v37|hs37d5|assembly19|GCF_000001405\.(?:1[3-9]|2[0-5])(?!\d)", re.IGNORECASE), "GRCh37"),
    (re.compile(r"GRCh38|hg38|hs38|assembly38|GCF_000001405\.(?:2[6-9]|[3-9]\d)(?!\d)", re.IGNORECASE), "GRCh38"),
    (re.compile(r"NCBI36|hg18|b36(?!\d)|assembly18", re.IGNORECASE), "NCBI36"),
)


@dataclass(frozen=True)
class VcfHeader:
    """What stands before the rows of a VCF.

    Attributes:
        fileformat: ``VCFv4.2``; None where the file does not say.
        meta: Key → values of the lines ``##key=value``, in order.
        declared: Kind (``INFO``, ``FORMAT``, ``FILTER``, ``contig`` …) → ID → the fields of ``##kind=<ID=…,…>``.
        columns: Names of the fixed columns, in the file's order, without ``#``.
        samples: Names of the samples.
        has_format: Whether a column FORMAT stands behind the fixed ones.
        problems: What the header does against VCF's rules, in words.
    """

    fileformat: str | None
    meta: dict[str, list[str]]
    declared: dict[str, dict[str, dict[str, str]]]
    columns: list[str]
    samples: list[str]
    has_format: bool
    problems: list[str]

    @property
    def reference(self) -> list[str]:
        """Values of ``##reference``."""
        return self.meta.get("reference", [])

    @property
    def contigs(self) -> dict[str, dict[str, str]]:
        """Contig → fields of its line (``length``, ``assembly`` …)."""
        return self.declared.get("contig", {})

    @property
    def width(self) -> int:
        """Cells that a row has to have."""
        return len(self.columns) + self.has_format + len(self.samples)


@dataclass
class VcfFile:
    """A VCF, opened as far as its header.

    Attributes:
        path: The file.
        header: What stands before the rows.
        header_line: 1-based line of the column names.
        bad: Body lines that :meth:`batches` had to leave out so far.
    """

    path: Path
    header: VcfHeader = field(init=False)
    header_line: int = field(init=False)
    bad: list[BadRow] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        refuse_pointer(self.path)
        lines: list[str] = []
        problems: list[str] = []
        self._head_bytes = stray = 0
        with reading(self.path), open_text(self.path) as handle:
            for raw in _byte_lines(self.path, handle):
                number = len(lines) + 1
                if number == 1:
                    self._see_it_is_text(raw)
                self._head_bytes += len(raw)
                try:
                    line = raw.rstrip(b"\r\n").decode("utf-8")
                except UnicodeDecodeError:
                    line = raw.rstrip(b"\r\n").decode("utf-8", "replace")
                    problems.append(f"line {number} is not UTF-8")
                line = line.removeprefix("\ufeff") if number == 1 else line
                lines.append(line)
                if line.startswith("#CHROM"):
                    self.header_line = number
                    self.header = _header(self.path, lines, problems)
                    return
                stray += bool(line) and not line.startswith("#")
                if stray > (_STRAY if lines[0].startswith("##fileformat=") else 0):
                    break
        if not lines:
            raise ContractBroken(f"{self.path} is empty; expected a VCF: ##fileformat=VCFv4.x, then #CHROM …, then rows")
        last = lines[-1][:60]
        raise ContractBroken(
            f"{self.path} is not a VCF, or one without column names: no line that starts with #CHROM came before line {len(lines)} "
            f"({last!r}); fetch it again, or see that it is the right file"
        )

    def _see_it_is_text(self, first: bytes) -> None:
        if first.startswith((b"BCF\x02", b"BCF\x04")):
            raise ContractBroken(f"{self.path} is a BCF, the binary form of VCF; write it as text first: bcftools view -Oz -o FILE.vcf.gz")
        if b"\0" in first:
            raise ContractBroken(f"{self.path} is not a VCF: it is not text; fetch it again, or see that it is the right file")

    def batches(self) -> Iterator[pa.Table]:
        """Read the rows in pieces.

        Yields:
            Tables of text columns: the header's fixed names; FORMAT and ``samples`` (the sample cells as they stand, with their tabs)
            where the header has them; and ``source_line`` (int64, 1-based, header included).

        Raises:
            ContractBroken: If the file is truncated or damaged.
        """
        head = self.header
        names = [*head.columns, *(["FORMAT"] if head.has_format else []), *(["samples"] if head.samples else [])]
        with reading(self.path):
            for lines, numbers in body_lines(self.path, self._head_bytes, self.header_line + 1, self.bad):
                rows, kept = self._whole(lines, numbers)
                if not len(rows):
                    continue
                cells = pc.split_pattern(rows, "\t", max_splits=len(names) - 1)
                yield pa.table([*(pc.list_element(cells, i) for i in range(len(names))), kept], names=[*names, "source_line"])

    def _whole(self, lines: pa.Array, numbers: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Keep the lines that have a cell for each name; put the others aside."""
        width = self.header.width
        good = pc.and_(pc.equal(pc.count_substring(lines, "\t"), width - 1), pc.invert(pc.starts_with(lines, "#")))
        good = pc.and_(good, pc.not_equal(pc.binary_length(lines), 0))
        if pc.all(good).as_py() is not False:
            return lines, numbers
        texts, places = lines.to_pylist(), numbers.to_pylist()
        for i in pc.indices_nonzero(pc.invert(good)).to_pylist():
            text = texts[i]
            cells = text.split("\t")
            if text and not text.startswith("#") and len(cells) > width and not any(cells[width:]):
                texts[i] = "\t".join(cells[:width])
                continue
            many = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            reason = (
                "the line is empty"
                if not text.strip("\t")
                else "a header line stands among the rows"
                if text.startswith("#")
                else f"{many} instead of {width}"
            )
            self.bad.append(BadRow(places[i], reason, text))
            texts[i] = None
        kept = pa.array(texts, pa.string())
        return kept.drop_null(), numbers.filter(kept.is_valid())


def open_text(path: Path) -> Any:
    """Open a file for reading bytes, unpacked where its first bytes say gzip (bgzip is a kind of gzip)."""
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
    return pa.input_stream(str(path), compression="gzip" if packed else None, buffer_size=1 << 20)


def body_lines(path: Path, skip_bytes: int, first_line: int, bad: list[BadRow]) -> Iterator[tuple[pa.Array, pa.Array]]:
    """Read lines in pieces.

    Args:
        path: The file.
        skip_bytes: Unpacked bytes before the first line wanted.
        first_line: That line's number.
        bad: Receives the lines that are no UTF-8.

    Yields:
        Pairs of lines without their ends (string) and their numbers (int64); LF and CRLF both end a line.
    """
    for text, number in body_texts(path, skip_bytes, first_line):
        yield lines_of(text, number, bad)


def lines_of(text: bytes, number: int, bad: list[BadRow]) -> tuple[pa.Array, pa.Array]:
    """Cut a piece that :func:`body_texts` gave into lines, as :func:`body_lines` gives them."""
    lines = text.split(b"\n")
    return _as_text(lines, pa.array(range(number, number + len(lines)), pa.int64()), bad)


def body_texts(path: Path, skip_bytes: int, first_line: int) -> Iterator[tuple[bytes, int]]:
    """Read text in pieces of whole lines, with the number of each piece's first line; LF parts the lines, and none ends the last."""
    with open_text(path) as handle:
        while skip_bytes > 0 and (skipped := len(handle.read(min(skip_bytes, _BLOCK)))):
            skip_bytes -= skipped
        rest, number = b"", first_line
        while True:
            block = handle.read(_BLOCK)
            text = rest + block
            cut = text.rfind(b"\n") + 1 if block else len(text)
            whole, rest = text[:cut], text[cut:]
            if len(rest) > _LONGEST:
                raise ContractBroken(f"{path}: line {number + whole.count(10)} is longer than {_LONGEST:,} bytes; is it the right file?")
            if whole:
                whole = whole.removesuffix(b"\n")
                if b"\r" in whole:
                    whole = whole.replace(b"\r\n", b"\n").removesuffix(b"\r")
                yield whole, number
                number += whole.count(b"\n") + 1
            if not block:
                return


def _as_text(lines: list[bytes], numbers: pa.Array, bad: list[BadRow]) -> tuple[pa.Array, pa.Array]:
    try:
        return pa.array(lines, pa.binary()).cast(pa.string()), numbers
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        for line, number in zip(lines, numbers.to_pylist(), strict=True):
            try:
                texts.append(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                bad.append(BadRow(number, f"not UTF-8: byte {line[error.start]:#04x}", line.decode("utf-8", "replace")))
                texts.append(None)
        kept = pa.array(texts, pa.string())
        return kept.drop_null(), numbers.filter(kept.is_valid())


def _byte_lines(path: Path, handle: Any) -> Iterator[bytes]:
    """Read lines with their ends; only headers are read this way."""
    rest = b""
    while block := handle.read(1 << 16):
        *whole, rest = (rest + block).splitlines(keepends=True) if b"\r" not in block else _at_lf(rest + block)
        if rest.endswith(b"\n"):
            whole, rest = [*whole, rest], b""
        yield from whole
        if len(rest) > _BLOCK:
            raise ContractBroken(f"{path} is not a VCF: its header has a line of more than {_BLOCK:,} bytes")
    if rest:
        yield rest


def _at_lf(text: bytes) -> list[bytes]:
    return [part for part in re.split(rb"(?<=\n)", text) if part] or [b""]


# ── the header ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _header(path: Path, lines: list[str], problems: list[str]) -> VcfHeader:
    """Take a header's lines apart; the last one has the column names."""
    meta: dict[str, list[str]] = {}
    declared: dict[str, dict[str, dict[str, str]]] = {}
    for number, line in enumerate(lines[:-1], start=1):
        key, equals, value = line.removeprefix("##").partition("=")
        if not line.startswith("##"):
            problems.append(f"line {number} does not start with ##")
        elif not equals or not key.strip():
            problems.append(f"line {number} is not of the form ##key=value")
        elif value.startswith("<"):
            fields = {name.strip(): text.strip('"') for name, text in _FIELD.findall(value[1:].removesuffix(">"))}
            name = fields.pop("ID", None)
            if not value.endswith(">") or (key in _WITH_ID and value.count('"') % 2):
                problems.append(f"line {number}: ##{key}=<…> is not closed")
            if name is None:
                problems += [f"line {number}: ##{key}=<…> has no ID"] * (key in _WITH_ID)
            elif name in declared.setdefault(key, {}):
                problems.append(f"line {number}: {key} {name} is declared a second time")
            else:
                declared[key][name] = fields
        else:
            meta.setdefault(key, []).append(value.strip())
    said = meta.get("fileformat", [])
    if len(said) != 1 or not re.fullmatch(r"VCFv4\.[0-9]+", said[0]) or not lines[0].startswith("##fileformat="):
        problems.append(f"##fileformat=VCFv4.x does not stand once, on line 1: {', '.join(said) or 'not said'}")
    columns, has_format, samples = _columns(path, lines, problems)
    return VcfHeader(said[0] if said else None, meta, declared, columns, samples, has_format, problems)


def _columns(path: Path, lines: list[str], problems: list[str]) -> tuple[list[str], bool, list[str]]:
    """Read the names of the columns, wherever the fixed ones stand; what follows FORMAT are samples."""
    line = lines[-1].removeprefix("#")
    names = line.split("\t")
    if len(names) == 1 and len(line.split()) > 1:
        problems.append("the column names are parted by spaces")
        names = line.split()
    if names[-1] == "":
        problems.append("the column names end in a tab")
        while names[-1] == "":
            names.pop()
    at = names.index("FORMAT") if "FORMAT" in names else len(names)
    fixed, samples = names[:at], names[at + 1 :]
    missing = [name for name in REQUIRED if name not in fixed]
    if missing:
        raise ContractBroken(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; line {len(lines)} names "
            f"{', '.join(names[:12])}; a VCF has {', '.join(FIXED)}. Is it the right file?"
        )
    repeated = sorted({name for name in fixed if fixed.count(name) > 1})
    if repeated:
        raise ContractBroken(f"{path}: line {len(lines)} names the column {', '.join(repeated)} more than once")
    if tuple(fixed) != FIXED:
        problems.append(f"the fixed columns are {', '.join(fixed[:12])}")
    if len(set(samples)) < len(samples):
        problems.append("a sample is named more than once")
    return fixed, at < len(names), samples


# ── assembly ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def assembly_said(header: VcfHeader, path: Path) -> str:
    """Tell the assembly of a VCF by all that says it: ``##reference``, the contigs' ``assembly`` and lengths, the file's name.

    Returns:
        ``GRCh37``, ``GRCh38``, or a name that no file under ``sql/assemblies`` has.

    Raises:
        ContractBroken: If nothing says it, or two things say different ones: it is never guessed.
    """
    said: dict[str, set[str]] = {}
    for value in header.reference:
        _note(said, value, "##reference")
    for fields in header.contigs.values():
        _note(said, fields.get("assembly", ""), "##contig assembly")
    for name in _by_lengths(header):
        said.setdefault(name, set()).add("##contig lengths")
    _note(said, path.name, "the file's name")
    if len(said) == 1:
        return next(iter(said))
    if not said:
        raise ContractBroken(
            f"{path} does not say its assembly: neither ##reference, nor the assembly or length of a ##contig, nor the file's name does; "
            "expected ##reference=GRCh37 or GRCh38, or the name in the file's name, as in NAME.GRCh38.vcf.gz"
        )
    words = "; ".join(f"{name} by {', '.join(sorted(where))}" for name, where in sorted(said.items()))
    raise ContractBroken(
        f"{path} says two assemblies ({words}); positions differ between them: find out which is meant, and mend the header"
    )


def name_said(text: str) -> list[str]:
    """Return the assemblies that a text names (a file's name, a path, a URL), without repeats."""
    return [name for pattern, name in _NAMES if pattern.search(text)]


def _note(said: dict[str, set[str]], text: str, where: str) -> None:
    for name in name_said(text):
        said.setdefault(name, set()).add(where)


def _by_lengths(header: VcfHeader) -> list[str]:
    """Find the assemblies some contig of which has the length that the header gives it; a length that several share says nothing."""
    known = {name: (assembly(name), assembly(name).lengths) for name in assemblies()}
    found: set[str] = set()
    for contig, fields in header.contigs.items():
        fits = [
            name for name, (a, lengths) in known.items() if (chrom := a.canonical(contig)) and str(lengths[chrom]) == fields.get("length")
        ]
        found |= set(fits) if len(fits) == 1 else set()
    return sorted(found)


# ── sites ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_sites(job: Job) -> None:
    """Load a sites VCF into ``known_variant``, chunk by chunk; one row for each ALT of a line."""
    path = job.unit.path
    file = VcfFile(path)
    head = file.header
    job.fact(path, "fileformat", head.fileformat)
    job.fact(path, "samples", len(head.samples))
    if head.reference:
        job.fact(path, "reference", head.reference)
    if head.problems:
        job.fact(path, "header_problems", head.problems[:_KEPT] + [f"{len(head.problems) - _KEPT} more"] * (len(head.problems) > _KEPT))
    undeclared = [name for name in file.header.columns if name not in FIXED]
    if undeclared:
        job.fact(path, "extra_columns", undeclared)
    sql = (Path(__file__).with_name(SITES_SQL)).read_text(encoding="utf-8")
    info = InfoKeys.named_in(sql)
    done = 0
    for rows in in_chunks(file.batches(), _CHUNK):
        job.typed(rows, info=info)
        job.rows_in(path, rows.num_rows)
        job.write("known_variant", job.canonical(sql, "known_variant"))
        done += rows.num_rows
        job.run.say(f"{path.name}: {done:,} lines")
    job.rows_in(path, len(file.bad))
    job.reject(path, sorted(file.bad, key=lambda row: row.line))
