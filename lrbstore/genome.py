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

import functools
import gzip
import hashlib
import itertools
import mmap
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import numpy as np
import pydantic
import pyfaidx

from lrbstore import encoding as enc
from lrbstore.assembly import Assembly, assemblies
from lrbstore.assembly import assembly as load_assembly
from lrbstore.bases import Bases, Int64Array, Sequences, inside, is_lower
from lrbstore.errors import BadSpec, ContigNotFound, HashMismatch, MissingData, WrongAssembly, near_names

Progress = Callable[[str, int, int], None]

_BLOCK = 1 << 23  # bytes read at a time while a FASTA is copied, decoded or digested
_OTHER_LISTED = 100_000  # letters other than ACGTN whose places are kept: the reference assemblies have some hundreds at most
_LINE_END = b"\r\n"
_UPPER = bytes(byte - 32 if 97 <= byte <= 122 else byte for byte in range(256))
_IUPAC = b"ACGTUNRYSWKMBDHVX"  # nucleotide codes; X is what some tools mask with
_BGZF_AT_ONCE = 512  # blocks of bgzip decoded at a time: up to 32 MB of text
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
        other: Contig (store's name) to the 0-based places of letters that are none of A, C, G, T, N in either case (IUPAC codes, handed
            out as N); None where there are too many to list.
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
    other: dict[str, tuple[int, ...]] | None = None
    source_path: Path
    origin: Literal["referenced", "copied", "decoded"]

    @property
    def cache(self) -> Path:
        """Where the flat cache lies, if there is one: named after the sequence alone, beside the index."""
        return self.index.with_name(f"{self.assembly}.{self.digest[:16]}.bases")

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
        md5, others = _read_through(path, entries, set(names.values()), fasta, progress)
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
        other=None if others is None else {chrom: others[name] for chrom, name in names.items() if name in others},
        source_path=fasta,
        origin=origin,
    )


class Genome(Sequences):
    """The sequence of a registered genome. Picklable and safe to share with forked processes and threads: its state is the record.

    Attributes:
        record: The registered facts.
    """

    def __init__(self, record: GenomeRecord) -> None:
        self.record = record
        self._mapped: tuple[int, Bases] | None = None  # of the process with this number

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

    def count_soft_masked(self, contig: Int64Array, start: Int64Array, end: Int64Array) -> Int64Array:
        """Count the lower-case letters that the registered FASTA has in windows; it is read for it, as the flat cache has no case.

        Args:
            contig: int64 (n,), places in ``lengths``.
            start: int64 (n,), 0-based; what lies outside the contig has none.
            end: int64 (n,), exclusive; likewise.

        Returns:
            int64 (n,).

        Raises:
            HashMismatch: The FASTA, or its index, is not what was registered.
            MissingData: One of them is gone.
        """
        return map_fasta(self.record).count([is_lower], contig, *inside(self.sizes[contig], start, end))[0]

    def is_soft_masked(self) -> bool:
        """Tell whether the registered FASTA has any lower-case letter; contigs are read up to the first that has one.

        Raises:
            HashMismatch, MissingData: As :meth:`count_soft_masked`.
        """
        fasta, start = map_fasta(self.record), np.zeros(1, np.int64)
        return any(fasta.count([is_lower], np.array([i]), start, fasta.length[i : i + 1]).any() for i in range(len(fasta.length)))

    @property
    def _what(self) -> str:
        return f"the registered genome {self.assembly}"

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {chrom: place for place, chrom in enumerate(self.record.contigs)}

    def _place(self, name: Any, row: int | None) -> int:
        found = self._places.get(name)
        if found is not None:
            return found
        where = "" if row is None else f"row {row}: "
        chrom = None if name is None else load_assembly(self.assembly).canonical(name)
        if chrom is None:
            near = near_names(str(name), list(self._places), "contig")
            raise ContigNotFound(f"{where}{self.assembly} has no contig {name!r}{near}")
        if chrom not in self._places:
            raise ContigNotFound(
                f"{where}the registered genome {self.assembly} lacks the contig {chrom}; it has {_some(list(self._places))}; register a "
                f"FASTA that has it with `lrbstore genome add {self.assembly} FASTA`"
            )
        return self._places[chrom]

    @property
    def _bases(self) -> Bases:
        """This process's map of the sequence; made at first use and again after a fork."""
        held = self._mapped
        if held is None or held[0] != os.getpid():
            held = self._mapped = (os.getpid(), map_cache(self.record) or map_fasta(self.record))
        return held[1]


def map_fasta(record: GenomeRecord) -> Bases:
    """Map a registered FASTA into memory.

    Raises:
        HashMismatch: It, or its index, is not what was registered.
        MissingData: One of them is gone.
    """
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
            file.madvise(mmap.MADV_RANDOM)  # else the system reads many pages around each one that is asked for
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
    length, offset, lenc, lenb = np.array([entry[1:] for entry in fitting], np.int64).reshape(-1, 4).T
    return Bases(np.frombuffer(file, np.uint8), length, offset, lenc, lenb, other=_other(record), file=file)


def _other(record: GenomeRecord) -> Int64Array | None:
    """List the places of letters other than A, C, G, T, N over all contigs, as :class:`Bases` counts them."""
    if record.other is None:
        return None
    first, places = 0, [np.zeros(0, np.int64)]
    for chrom, length in record.contigs.items():
        places.append(first + np.array(record.other.get(chrom, ()), np.int64))
        first += length
    return np.concatenate(places)


# ── the flat cache ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def write_cache(record: GenomeRecord, progress: Progress | None = None) -> Path:
    """Write a genome's flat cache: one byte a base, upper-case A, C, G, T, N, contig after contig in the record's order, nothing else.

    Windows are then cut from it, and the FASTA is no longer read. It may be removed at any time.

    Args:
        record: With absolute paths.
        progress: Called as ``progress("cache", bytes done, bytes in all)``.

    Returns:
        Its path; written anew if it is there already.

    Raises:
        HashMismatch: The FASTA, or its index, is not what was registered.
        MissingData: One of them is gone.
    """
    map_fasta(record)  # says what is wrong with file or index
    by_name = {entry.name: entry for entry in _read_index(record.index)}
    with _workshop(record.index.parent) as aside, record.path.open("rb") as handle:
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as raw, (aside / "bases").open("wb") as out:
            for name in record.names.values():
                for done, bases in _blocks(raw, by_name[name], record.path):
                    out.write(bases.translate(enc.NORMALISED))
                    if progress is not None:
                        progress("cache", done, len(raw))
        return _publish(aside / "bases", record.cache)


def map_cache(record: GenomeRecord) -> Bases | None:
    """Map a genome's flat cache into memory; None where there is none.

    Raises:
        HashMismatch: It is not of the size that it was written with.
    """
    try:
        with record.cache.open("rb") as handle:
            file = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return None
    except ValueError:  # an empty file cannot be mapped
        file = None
    length = np.array(list(record.contigs.values()), np.int64)
    found = 0 if file is None else len(file)
    if file is None or found != length.sum():
        raise HashMismatch(
            f"{record.cache} has {found:,} bytes, expected one for each of {length.sum():,} bases: it is damaged; remove it, and run: "
            f"lrbstore genome cache {record.assembly}"
        )
    file.madvise(mmap.MADV_RANDOM)
    return Bases(np.frombuffer(file, np.uint8), length, np.cumsum(length) - length, normalised=True, file=file)


def check_cache(record: GenomeRecord) -> None:
    """Compare a genome's flat cache, if there is one, with the FASTA, base by base.

    Raises:
        HashMismatch: They differ; names the first contig that does.
    """
    cache = map_cache(record)
    if cache is None:
        return
    fasta = map_fasta(record)
    for contig, (chrom, length) in enumerate(record.contigs.items()):
        for start in range(0, length, _BLOCK):
            end = min(start + _BLOCK, length)
            if cache.fetch(contig, start, end) != fasta.fetch(contig, start, end):
                raise HashMismatch(
                    f"{record.cache} is damaged: {chrom}:{start}-{end} is not what {record.path} has; remove it, and run: "
                    f"lrbstore genome cache {record.assembly}"
                )


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
    is_bgzip = bool(first[3] & 4) and first[12:14] == b"BC"
    if is_bgzip:  # blocks that each are whole, so only the closing block tells that none is missing
        handle.seek(max(0, fasta.stat().st_size - len(_BGZF_END)))
        if handle.read() != _BGZF_END:
            raise BadSpec(cut_off % "bgzip without its closing block")
        handle.seek(0)
    try:
        with target.open("wb") as out:
            if is_bgzip:
                for text in _blocks_of_bgzip(handle):
                    out.write(text)
                    _report(progress, "decode", handle)
            else:
                with gzip.GzipFile(fileobj=handle) as stream:
                    _pump(stream.read, out, lambda: _report(progress, "decode", handle))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadSpec(cut_off % error) from error


def _blocks_of_bgzip(handle: BinaryIO) -> Iterator[bytes]:
    """Decode bgzip, whose blocks of up to 64 kB stand for themselves: on as many threads as there are cores (SAM specification, 4.1).

    Raises:
        EOFError: A block is cut off.
        gzip.BadGzipFile: A block is none of bgzip, or its text is not what its checksum says.
        zlib.error: A block cannot be decoded.
    """

    def decoded(block: bytes) -> bytes:
        header = 12 + int.from_bytes(block[10:12], "little")
        text = zlib.decompress(block[header:-8], -15)
        if (zlib.crc32(text), len(text)) != (int.from_bytes(block[-8:-4], "little"), int.from_bytes(block[-4:], "little")):
            raise gzip.BadGzipFile("a block's checksum is wrong")
        return text

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = _raw_blocks_of_bgzip(handle)
        while some := list(itertools.islice(blocks, _BGZF_AT_ONCE)):
            yield b"".join(pool.map(decoded, some))


def _raw_blocks_of_bgzip(handle: BinaryIO) -> Iterator[bytes]:
    while head := handle.read(18):
        if len(head) == 18 and (head[:2], head[12:14]) != (b"\x1f\x8b", b"BC"):
            raise gzip.BadGzipFile("bytes that are no block of bgzip stand between its blocks")
        size = int.from_bytes(head[16:18], "little") + 1
        block = head + handle.read(size - 18)
        if len(head) < 18 or len(block) != size:
            raise EOFError("its last block is cut off")
        yield block


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


def _read_through(
    path: Path, entries: list[_Entry], wanted: set[str], fasta: Path, progress: Progress | None
) -> tuple[dict[str, str], dict[str, tuple[int, ...]] | None]:
    """Read every base of the wanted contigs once: prove their geometry and their letters.

    Returns:
        The md5 of each, and the places of its letters other than A, C, G, T, N where it has any; None where these are too many.
    """
    found: dict[str, str] = {}
    others: dict[str, list[int]] = {}
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        for entry in entries:
            if entry.name not in wanted:
                continue
            md5, before = hashlib.md5(usedforsecurity=False), 0
            for done, bases in _blocks(raw, entry, fasta):
                md5.update(bases)
                if bases.translate(None, b"ACGTN") and sum(map(len, others.values())) <= _OTHER_LISTED:
                    letters = np.frombuffer(bases, np.uint8)
                    places = before + np.flatnonzero(~np.isin(letters, np.frombuffer(b"ACGTN", np.uint8)))
                    others.setdefault(entry.name, []).extend(places.tolist())
                before += len(bases)
                if progress is not None:
                    progress("read", done, len(raw))
            found[entry.name] = md5.hexdigest()
    many = sum(map(len, others.values())) > _OTHER_LISTED
    return found, None if many else {name: tuple(places) for name, places in others.items()}


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
