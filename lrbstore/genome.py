"""Genomes: register a FASTA as an assembly's sequence, and cut windows out of it.

Registration indexes the file (pyfaidx), reads every base once and leaves a :class:`GenomeRecord`: which contigs there are, under which
names, how long, and one digest of the sequence that does not depend on line width, letter case or the order of contigs. The user's file
is never written to, nor anything beside it: index and decoded or copied sequence go into the store's own folder.

Reading maps the FASTA into memory and finds a base by arithmetic. A contig whose first base is at byte ``offset``, with lines of ``lenc``
bases in ``lenb`` bytes, has base ``p`` (0-based) at byte ``offset + p // lenc * lenb + p % lenc``. Registration proves that every line
keeps this geometry. A :class:`Genome` carries its record only; each process maps the file for itself, because a handle that crosses a
fork shares its file position and returns wrong bases (pyfaidx issues 92 and 211).
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import operator
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic
import pyfaidx

from lrbstore import encoding as enc
from lrbstore.assembly import Assembly, assemblies
from lrbstore.assembly import assembly as load_assembly
from lrbstore.errors import BadSpec, ContigNotFound, HashMismatch, MissingData, OutOfContig, WrongAssembly, near_names

Progress = Callable[[str, int, int], None]

_BLOCK = 1 << 23  # bytes read at a time while a FASTA is copied, decoded or digested
_GATHER_UP_TO = 32  # windows up to this length are gathered for many rows at once; longer ones are cut row by row
_GATHER_ROWS = 1 << 16  # rows gathered at a time: bounds the index arrays to some tens of MB
_LINE_END = b"\r\n"
_UPPER = bytes(byte - 32 if 97 <= byte <= 122 else byte for byte in range(256))
_IUPAC = b"ACGTUNRYSWKMBDHVX"  # nucleotide codes; X is what some tools mask with
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")  # SAM specification, 4.1.2
# GRCh37 has two mitochondrial contigs whose names the world mixes up; their lengths tell them apart.
_OTHER_MITOCHONDRION = {"chrM": "chrMT", "chrMT": "chrM"}


class GenomeRecord(pydantic.BaseModel, frozen=True, extra="forbid"):
    """What the store knows of a registered genome: enough to read it, and to notice that its file has changed.

    Attributes:
        assembly: Name of the assembly, as ``GRCh38``.
        digest: SHA-256 (hex) over the sorted lines ``chrom TAB length TAB md5``, where md5 is that of the upper-case sequence without
            line ends (the M5 of a SAM header). Two files with the same sequence have the same digest.
        simulated: Whether the lengths are the FASTA's own instead of the assembly's.
        path: The FASTA that is read; absolute, or relative to the store that it lies in.
        index: Its ``.fai`` index, in the store; likewise.
        fasta_bytes: Size of the file at ``path``.
        fasta_mtime_ns: Its time of modification, in nanoseconds.
        contigs: Contig (store's name) to length in bases, in the assembly's order.
        names: Contig (store's name) to its name in the FASTA.
        ignored: Names in the FASTA that the assembly does not know; they are kept out.
        source_path: The file that was registered, which is ``path`` unless it was copied or decoded.
        origin: ``referenced`` (read where it lies), ``copied`` or ``decoded`` (from gzip) into the store.
    """

    assembly: str
    digest: str
    simulated: bool
    path: Path
    index: Path
    fasta_bytes: int
    fasta_mtime_ns: int
    contigs: dict[str, int]
    names: dict[str, str]
    ignored: tuple[str, ...] = ()
    source_path: Path
    origin: Literal["referenced", "copied", "decoded"]

    def within(self, store: Path) -> GenomeRecord:
        """Return the record with paths inside the store written relative to it, so that a store can be moved or copied."""
        store = Path(store).absolute()
        return self.model_copy(
            update={name: p.relative_to(store) for name in ("path", "index") if (p := getattr(self, name)).is_relative_to(store)}
        )

    def located(self, store: Path) -> GenomeRecord:
        """Undo :meth:`within`: return the record with absolute paths."""
        return self.model_copy(update={name: Path(store).absolute() / getattr(self, name) for name in ("path", "index")})


class _Entry(NamedTuple):
    """A contig's place in a FASTA: name, bases, byte of the first base, bases a line, bytes a line (with its end)."""

    name: str
    length: int
    offset: int
    lenc: int
    lenb: int

    def byte_of(self, base: int) -> int:
        return self.offset + base // self.lenc * self.lenb + base % self.lenc


def register_fasta(
    fasta: Path, assembly: Assembly, folder: Path, *, simulated: bool = False, copy: bool = False, progress: Progress | None = None
) -> GenomeRecord:
    """Index and check a FASTA, and describe it.

    Args:
        fasta: A FASTA file, plain or gzip (bgzip included); it may lie in a folder that cannot be written to.
        assembly: What the file is said to be. Contigs may be missing and may come in any order and any spelling that the assembly knows.
        folder: A folder of the store for the index and, if need be, the copy; it is made. Files there are named by content, so
            registering again replaces nothing that another record uses.
        simulated: Take the FASTA's own contig lengths instead of comparing them with the assembly's.
        copy: Copy a plain FASTA into the folder, so that the store does not depend on the user's file. Gzip is decoded there anyway.
        progress: Called as ``progress(step, bytes done, bytes in all)`` with the steps ``decode``, ``copy`` and ``read``.

    Returns:
        The record to be kept in the store's manifest.

    Raises:
        MissingData: There is no such file.
        BadSpec: The file is not a FASTA of nucleotides, is empty, is cut off, holds a contig twice, or has lines of uneven length.
        WrongAssembly: A contig's length is not the assembly's, or no contig is known to it.
        HashMismatch: The file changed while it was read.
    """
    fasta = Path(fasta).absolute()
    if not fasta.exists():
        raise MissingData(f"there is no FASTA at {fasta}; give the path of an existing file")
    folder = Path(folder).absolute()
    with _workshop(folder) as aside:
        before = fasta.stat()
        origin, path = _bring(fasta, aside, copy=copy, progress=progress)
        index = aside / "genome.fa.fai"
        entries = _index(path, index, fasta)
        names, ignored = _recognise({entry.name: entry.length for entry in entries}, assembly, fasta, simulated=simulated)
        by_name = {entry.name: entry for entry in entries}
        contigs = {chrom: by_name[name].length for chrom, name in names.items()}
        md5 = _md5_by_name(path, entries, set(names.values()), fasta, progress)
        lines = sorted(f"{chrom}\t{length}\t{md5[names[chrom]]}\n" for chrom, length in contigs.items())
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        after = fasta.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise HashMismatch(f"{fasta} changed while it was read; run `lrbstore genome add {assembly.name} {fasta}` when it is complete")
        key = _key(digest, index.read_bytes())
        if origin != "referenced":
            os.utime(path, ns=(after.st_atime_ns, after.st_mtime_ns))  # so that the same source gives the same record again
            path = _publish(path, folder / f"{assembly.name}.{key}.fa")
        index = _publish(index, folder / f"{assembly.name}.{key}.fa.fai")
        stat = path.stat()
    return GenomeRecord(
        assembly=assembly.name,
        digest=digest,
        simulated=simulated,
        path=path,
        index=index,
        fasta_bytes=stat.st_size,
        fasta_mtime_ns=stat.st_mtime_ns,
        contigs=contigs,
        names=names,
        ignored=ignored,
        source_path=fasta,
        origin=origin,
    )


class Genome:
    """The sequence of a registered genome. Picklable and safe to share with forked processes and threads: its state is the record.

    Attributes:
        record: The registered facts.
    """

    def __init__(self, record: GenomeRecord) -> None:
        self.record = record
        self._mapped: _Mapped | None = None

    def __reduce__(self) -> tuple[type[Genome], tuple[GenomeRecord]]:
        return Genome, (self.record,)

    def __repr__(self) -> str:
        kind = " simulated" if self.simulated else ""
        return f"<Genome{kind} {self.assembly}: {len(self.record.contigs)} contigs, {sum(self.record.contigs.values()):,} bases>"

    @property
    def assembly(self) -> str:
        """Name of the assembly, as ``GRCh38``."""
        return self.record.assembly

    @property
    def digest(self) -> str:
        """SHA-256 of the sequence, see :class:`GenomeRecord`."""
        return self.record.digest

    @property
    def simulated(self) -> bool:
        """Whether this is a simulated genome, whose lengths are its own."""
        return self.record.simulated

    @property
    def lengths(self) -> dict[str, int]:
        """Contig to length in bases, for the contigs that this genome holds; a new dict each time."""
        return dict(self.record.contigs)

    def contig_length(self, chrom: str) -> int | None:
        """Give the length in bases of a contig, in any spelling that the assembly knows; None where this genome lacks it."""
        inside = load_assembly(self.assembly).canonical(chrom)
        return None if inside is None else self.record.contigs.get(inside)

    def windows(self, chroms: Any, starts: Any, length: int, encoding: str = "bytes", out: npt.NDArray[Any] | None = None) -> Any:
        """Cut windows of one length; upper case, everything outside A, C, G, T as N, plus strand.

        Args:
            chroms: n contig names in any spelling that the assembly knows (list, array or column), or one name for all rows.
            starts: n 0-based starts, integers.
            length: Bases a window, at least 1.
            encoding: ``bytes`` | ``codes`` | ``one_hot`` | ``text``, see :mod:`lrbstore.encoding`.
            out: A buffer of the result's shape and dtype to write into and return; not for ``text``.

        Returns:
            ``bytes`` uint8 ``(n, length)`` ASCII; ``codes`` int8 ``(n, length)``; ``one_hot`` uint8 ``(n, 4, length)``; ``text`` a list of
            n str.

        Raises:
            OutOfContig: A window leaves its contig; names the first such row.
            ContigNotFound: A contig that the genome lacks; names the first such row.
            BadSpec: Lengths of the arguments differ, starts are not integers, or the buffer does not fit.
            HashMismatch: The FASTA has changed since it was registered.
            MissingData: The FASTA or its index is gone.
        """
        enc.check_encoding(encoding)
        length = operator.index(length)
        if length < 1:
            raise BadSpec(f"a window of {length} bases was asked for; expected at least 1")
        begin = _integers(starts)
        n = len(begin)
        if out is not None:
            shape, dtype = enc.encoded_form(encoding, n, length)
            if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype or not out.flags.writeable:
                found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
                raise BadSpec(f"the output buffer is {found}; encoding '{encoding}' needs a writable {dtype} array of shape {shape}")
        mapped = self._map()
        contig = self._contig_rows(chroms, n, mapped)
        room = mapped.length[contig] - length  # compared this way round, a start near the largest integer cannot wrap
        outside = (begin < 0) | (begin > room)
        if outside.any():
            row = int(outside.argmax())
            raise self._out_of_contig(mapped.chroms[contig[row]], int(begin[row]), int(begin[row]) + length, f"row {row}: ")
        if encoding == "codes":
            codes = np.empty((n, length), np.int8) if out is None else out
            self._fill(codes.view(np.uint8), contig, begin, mapped, enc.CODE)
            return codes
        letters = np.empty((n, length), np.uint8) if out is None or encoding != "bytes" else out
        self._fill(letters, contig, begin, mapped, enc.NORMALISED)
        return enc.one_hot(letters, out=out) if encoding == "one_hot" else enc.encode(letters, encoding)

    def fetch(self, chrom: str, start: int, end: int) -> bytes:
        """Cut one interval, 0-based half-open: ``end - start`` upper-case ASCII letters A, C, G, T, N; empty when they are equal.

        Raises:
            OutOfContig: The interval leaves the contig, or ends before it starts.
            ContigNotFound: The genome lacks the contig.
            HashMismatch: The FASTA has changed since it was registered.
            MissingData: The FASTA or its index is gone.
        """
        mapped = self._map()
        contig = int(self._contig_rows(chrom, 1, mapped)[0])
        start, end = operator.index(start), operator.index(end)
        if not 0 <= start <= end <= mapped.length[contig]:
            raise self._out_of_contig(mapped.chroms[contig], start, end, "")
        return _cut(mapped.file, mapped.entries[contig], start, end, enc.NORMALISED) if start < end else b""

    def _fill(
        self, out: npt.NDArray[np.uint8], contig: npt.NDArray[np.int64], begin: npt.NDArray[np.int64], mapped: _Mapped, table: bytes
    ) -> None:
        """Fill ``out`` (n, length) with windows that are known to lie inside their contigs, each letter replaced through ``table``.

        The one place where bases are read in bulk: a faster way of cutting goes here.
        """
        n, length = out.shape
        if length > _GATHER_UP_TO:
            for row, (entry, start) in enumerate(zip(contig.tolist(), begin.tolist(), strict=True)):
                out[row] = np.frombuffer(_cut(mapped.file, mapped.entries[entry], start, start + length, table), np.uint8)
            return
        letter = np.frombuffer(table, np.uint8)
        steps = np.arange(length)
        for first in range(0, n, _GATHER_ROWS):
            rows = slice(first, first + _GATHER_ROWS)
            which = contig[rows]
            line, column = np.divmod(begin[rows, None] + steps, mapped.lenc[which, None])
            out[rows] = letter[mapped.raw[mapped.offset[which, None] + line * mapped.lenb[which, None] + column]]

    def _contig_rows(self, chroms: Any, n: int, mapped: _Mapped) -> npt.NDArray[np.int64]:
        """Return, for each of n rows, the contig's place in ``mapped``; int64 ``(n,)``."""
        if isinstance(chroms, str):
            return np.full(n, self._contig_row(chroms, 0, mapped), np.int64)
        names = list(chroms) if isinstance(chroms, list | tuple) else np.asarray(chroms).tolist()
        if len(names) != n:
            raise BadSpec(f"{len(names)} contig names were given for {n} starts; expected one each, or a single name")
        seen = mapped.rows
        try:
            return np.fromiter((seen[name] for name in names), np.int64, count=n)
        except KeyError:  # another spelling, or no such contig
            return np.fromiter((self._contig_row(name, row, mapped) for row, name in enumerate(names)), np.int64, count=n)

    def _contig_row(self, name: str, row: int, mapped: _Mapped) -> int:
        found = mapped.rows.get(name)
        if found is not None:
            return found
        chrom = None if name is None else load_assembly(self.assembly).canonical(name)
        if chrom is None:
            near = near_names(str(name), mapped.chroms, "contig")
            raise ContigNotFound(f"row {row}: {self.assembly} has no contig {name!r}{near}")
        if chrom not in mapped.rows:
            raise ContigNotFound(
                f"row {row}: the registered genome {self.assembly} lacks the contig {chrom}; it has {_some(mapped.chroms)}; register a "
                f"FASTA that has it with `lrbstore genome add {self.assembly} FASTA`"
            )
        return mapped.rows[chrom]

    def _out_of_contig(self, chrom: str, start: int, end: int, where: str) -> OutOfContig:
        return OutOfContig(
            f"{where}{chrom}:{start}-{end} (0-based, half-open) is not an interval inside {chrom}, which has "
            f"{self.record.contigs[chrom]} bases in the registered genome {self.assembly}"
        )

    def _map(self) -> _Mapped:
        """Return this process's map of the file; made at first use and again after a fork."""
        mapped = self._mapped
        if mapped is None or mapped.pid != os.getpid():
            mapped = self._mapped = _map(self.record)
        return mapped


class _Mapped(NamedTuple):
    """A FASTA mapped into this process's memory, and the geometry of its contigs as arrays over them."""

    pid: int
    file: mmap.mmap
    raw: npt.NDArray[np.uint8]
    chroms: list[str]
    rows: dict[str, int]
    entries: list[_Entry]
    length: npt.NDArray[np.int64]
    offset: npt.NDArray[np.int64]
    lenc: npt.NDArray[np.int64]
    lenb: npt.NDArray[np.int64]


def _map(record: GenomeRecord) -> _Mapped:
    again = f"run `lrbstore genome add {record.assembly} {record.source_path}{' --simulated' if record.simulated else ''}` again"
    try:
        with record.path.open("rb") as handle:
            stat = os.fstat(handle.fileno())
            # A copy inside the store is never written to again, but the store may be copied by a tool that gives new times.
            expected = (record.fasta_bytes, record.fasta_mtime_ns if record.origin == "referenced" else stat.st_mtime_ns)
            if (stat.st_size, stat.st_mtime_ns) != expected:
                raise HashMismatch(
                    f"{record.path} is not the file that was registered as {record.assembly}: found {stat.st_size} bytes, modified at "
                    f"{stat.st_mtime_ns} ns, expected {record.fasta_bytes} and {record.fasta_mtime_ns}; {again}"
                )
            file = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        index = record.index.read_bytes()
    except FileNotFoundError as error:
        if isinstance(error, MissingData):
            raise
        raise MissingData(f"the genome {record.assembly} cannot be read: {error.filename} is gone; {again}") from error
    # One wrong digit in an index moves every base behind it: the index is the one that its name was made from, or it is not read.
    if f".{_key(record.digest, index)}." not in record.index.name:
        raise HashMismatch(f"{record.index} is not the index that was made for {record.path}; {again}")
    by_name = {entry.name: entry for entry in _read_index(record.index)}
    entries = [by_name.get(name) for name in record.names.values()]
    fitting = [
        entry for entry, length in zip(entries, record.contigs.values(), strict=True) if entry is not None and entry.length == length
    ]
    if len(fitting) != len(entries):
        raise HashMismatch(f"{record.index} is not the index that was made for {record.path}; {again}")
    chroms = list(record.contigs)
    geometry = np.array([entry[1:] for entry in fitting], np.int64).reshape(-1, 4)
    return _Mapped(
        pid=os.getpid(),
        file=file,
        raw=np.frombuffer(file, np.uint8),
        chroms=chroms,
        rows={chrom: row for row, chrom in enumerate(chroms)},
        entries=fitting,
        length=geometry[:, 0],
        offset=geometry[:, 1],
        lenc=geometry[:, 2],
        lenb=geometry[:, 3],
    )


def _cut(file: mmap.mmap, entry: _Entry, start: int, end: int, table: bytes) -> bytes:
    """Return the bases of ``[start, end)``, which is not empty and inside the contig, each replaced through ``table``."""
    return file[entry.byte_of(start) : entry.byte_of(end - 1) + 1].translate(table, _LINE_END)


def _integers(values: Any) -> npt.NDArray[np.int64]:
    found = np.asarray(values)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise BadSpec(f"starts are {found.dtype} of shape {found.shape}; expected one list of integers (0-based)")
    return found.astype(np.int64)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """Make an empty folder inside ``folder`` to work in; what is left there at the end goes away, so a failure leaves nothing."""
    existed = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
    try:
        yield aside
    finally:
        shutil.rmtree(aside)
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


def _publish(file: Path, target: Path) -> Path:
    """Make a finished file durable and move it to its place in one step."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
    file.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return target


def _bring(fasta: Path, aside: Path, *, copy: bool, progress: Progress | None) -> tuple[Literal["referenced", "copied", "decoded"], Path]:
    """Say how the FASTA is read, and from where: decoded or copied into the folder ``aside``, or where it lies."""
    if not fasta.is_file():
        raise BadSpec(f"{fasta} is not a file; expected a FASTA, plain or gzip")
    target = aside / "genome.fa"
    with fasta.open("rb") as handle:
        first = handle.read(18)
        handle.seek(0)
        if first.startswith(b"\x1f\x8b"):
            _decode(handle, first, target, fasta, progress)
            return "decoded", target
        if not first.lstrip().startswith((b">", b";")):
            raise BadSpec(
                f"{fasta} is {'empty' if not first else f'not a FASTA: it begins with {first!r}'}; expected a '>' line, plain or gzip"
            )
        if not copy and fasta.suffix.lower() not in {".gz", ".bgz", ".bz2", ".zip"}:
            return "referenced", fasta
        # A plain file that is named like a compressed one cannot be indexed under its name: it is copied too.
        with target.open("wb") as out:
            _pump(handle.read, out, lambda: _report(progress, "copy", handle))
    return "copied", target


def _decode(handle: BinaryIO, first: bytes, target: Path, fasta: Path, progress: Progress | None) -> None:
    """Write the content of a gzip file, which must be whole, to ``target``."""
    cut_off = f"{fasta} is not a whole gzip file (%s): it was cut off or damaged on its way here; nothing was kept; fetch it again"
    if first[3] & 4 and first[12:14] == b"BC":  # bgzip: blocks that each are whole, so only the closing block tells that none is missing
        handle.seek(max(0, fasta.stat().st_size - len(_BGZF_END)))
        if handle.read() != _BGZF_END:
            raise BadSpec(cut_off % "bgzip without its closing block")
        handle.seek(0)
    try:
        with gzip.GzipFile(fileobj=handle) as stream, target.open("wb") as out:
            _pump(stream.read, out, lambda: _report(progress, "decode", handle))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadSpec(cut_off % error) from error


def _pump(read: Callable[[int], bytes], out: BinaryIO, report: Callable[[], None]) -> None:
    while block := read(_BLOCK):
        out.write(block)
        report()


def _report(progress: Progress | None, step: str, source: BinaryIO) -> None:
    if progress is not None:
        progress(step, source.tell(), os.fstat(source.fileno()).st_size)


class _Faidx(pyfaidx.Faidx):  # type: ignore[misc]  # pyfaidx is untyped
    """pyfaidx's index, which also takes bytes that are not text for what they are: no FASTA."""

    def build_index(self) -> None:
        try:
            super().build_index()
        except UnicodeDecodeError as error:
            # As this kind of error, so that pyfaidx closes the file.
            raise pyfaidx.FastaIndexingError(f"it holds bytes that are not text ({error})") from error


def _index(path: Path, index: Path, fasta: Path) -> list[_Entry]:
    """Build the index of a plain FASTA at ``index`` and return it; ``fasta`` is the name for messages."""
    try:
        _Faidx(str(path), indexname=str(index)).close()
    except pyfaidx.FastaIndexingError as error:
        raise BadSpec(f"{fasta} cannot be indexed as a FASTA: {str(error).replace(str(path), str(fasta))}") from error
    except ValueError as error:
        raise BadSpec(f"{fasta} holds a contig twice ({error}); expected every name once") from error
    entries = _read_index(index)
    if not any(entry.length for entry in entries):
        raise BadSpec(f"{fasta} holds no bases; expected at least one contig with a sequence")
    return entries


def _key(digest: str, index: bytes) -> str:
    """Name sequence and line geometry: files of equal names hold equal bytes."""
    return hashlib.sha256(digest.encode() + index).hexdigest()[:16]


def _read_index(index: Path) -> list[_Entry]:
    entries = []
    for line in index.read_text(encoding="utf-8").splitlines():
        name, *numbers = line.split("\t")
        entries.append(_Entry(name, *(int(number) for number in numbers)))
    return entries


def _recognise(lengths: dict[str, int], assembly: Assembly, fasta: Path, *, simulated: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """Tell which contig of the assembly each sequence of a FASTA is.

    Args:
        lengths: Name in the FASTA to length in bases.
        assembly: What the FASTA is said to be.
        fasta: Its path, for messages.
        simulated: Whether lengths are free.

    Returns:
        Contig to name in the FASTA, in the assembly's order; and the names that the assembly does not know.
    """
    expected = assembly.lengths
    names: dict[str, str] = {}
    ignored: list[str] = []
    wrong: list[str] = []
    for name, found in lengths.items():
        chrom = _contig_of(name, found, assembly)
        if chrom is None:
            ignored.append(name)
            continue
        if chrom in names:
            raise BadSpec(f"{fasta} holds {chrom} twice, as {names[chrom]!r} and {name!r}; expected every contig once")
        if not found:
            raise BadSpec(f"{fasta}: contig {name!r} holds no bases; expected a sequence below every '>' line")
        names[chrom] = name
        if not simulated and found != expected[chrom]:
            wrong.append(f"contig {name} has {found} bases, expected {expected[chrom]}")
    if not names:
        raise WrongAssembly(
            f"{fasta} holds no contig of {assembly.name}: found {_some(ignored)}, expected names like chr1, 1 or "
            f"{assembly.contigs[0].refseq}{_advice(lengths, assembly, fasta)}"
        )
    if wrong:
        advice = _advice(lengths, assembly, fasta) or "; take another FASTA, or add --simulated if it holds a simulated genome"
        raise WrongAssembly(f"{fasta} is not {assembly.name}: {_some(wrong, '; ')}{advice}")
    return {chrom: names[chrom] for chrom in expected if chrom in names}, tuple(ignored)


def _contig_of(name: str, length: int, assembly: Assembly) -> str | None:
    """Return the contig that a sequence is by its name, or, for mitochondria of GRCh37, by its name and length."""
    chrom = assembly.canonical(name)
    other = _OTHER_MITOCHONDRION.get(chrom or "")
    if other is not None and assembly.lengths.get(other) == length:
        return other
    return chrom


def _advice(lengths: dict[str, int], assembly: Assembly, fasta: Path) -> str:
    """Name the other assemblies that the lengths fit, if any: all contigs that such an assembly knows are as long as it says."""
    fitting = []
    for name in assemblies():
        other = load_assembly(name)
        known = [
            (found, other.lengths[chrom]) for spelt, found in lengths.items() if (chrom := _contig_of(spelt, found, other)) is not None
        ]
        if name != assembly.name and known and all(found == expected for found, expected in known):
            fitting.append(name)
    if not fitting:
        return ""
    return f"; its lengths are those of {' and '.join(fitting)}: run `lrbstore genome add {fitting[0]} {fasta}`"


def _some(items: list[str], separator: str = ", ") -> str:
    return separator.join(items[:4]) + (f"{separator}… ({len(items)} in all)" if len(items) > 4 else "")


def _md5_by_name(path: Path, entries: list[_Entry], wanted: set[str], fasta: Path, progress: Progress | None) -> dict[str, str]:
    """Read every base of the wanted contigs once: prove their geometry and their letters, and return the md5 of each."""
    found: dict[str, str] = {}
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        for entry in entries:
            if entry.name not in wanted:
                continue
            md5 = hashlib.md5(usedforsecurity=False)
            for done, bases in _blocks(raw, entry, fasta):
                md5.update(bases)
                if progress is not None:
                    progress("read", done, len(raw))
            found[entry.name] = md5.hexdigest()
    return found


def _blocks(raw: mmap.mmap, entry: _Entry, fasta: Path) -> Iterator[tuple[int, bytes]]:
    """Yield a contig's upper-case bases in blocks, each after the byte it ends at.

    Raises:
        BadSpec: A line end is not where the index says, or a letter is no nucleotide code.
    """
    step = max(_BLOCK // entry.lenb, 1) * entry.lenc if entry.lenb <= _BLOCK else _BLOCK
    for start in range(0, entry.length, step):
        end = min(start + step, entry.length)
        until = entry.byte_of(end - 1) + 1
        block = raw[entry.byte_of(start) : until]
        bases = block.translate(_UPPER, _LINE_END)
        # As many letters as the index says (it counts all up to the next '>' line), and a line end wherever it says: so every base lies
        # where the arithmetic looks for it, and none lies elsewhere.
        first = entry.lenc - start % entry.lenc
        ends = {byte for extra in range(entry.lenb - entry.lenc) for byte in block[first + extra :: entry.lenb]}
        if len(bases) != end - start or not ends <= set(_LINE_END):
            raise BadSpec(
                f"{fasta}: contig {entry.name} has lines of uneven length between its bases {start + 1} and {end}; rewrite it with lines "
                f"of equal length"
            )
        strange = bases.translate(None, _IUPAC)
        if strange:
            raise BadSpec(
                f"{fasta}: contig {entry.name} holds {chr(strange[0])!r} among its bases {start + 1} to {end}; expected nucleotide codes "
                f"({_IUPAC.decode()}) in upper or lower case"
            )
        yield until, bases
