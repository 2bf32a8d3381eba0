"""Liftover: where a base of one assembly lies in another, as a chain file says.

The format is UCSC's (https://genome.ucsc.edu/goldenPath/help/chain.html), plain or gzip. A chain is a header and blocks::

    chain SCORE FROM_NAME FROM_SIZE + FROM_START FROM_END TO_NAME TO_SIZE STRAND TO_START TO_END [ID]
    SIZE GAP_IN_FROM GAP_IN_TO
    SIZE

Starts and ends are 0-based, half-open; with strand ``-`` those of the target count from the end of its reverse complement. A base lies in
the target where a block covers it; where blocks of several chains do, the chain of the highest score wins (the earlier one of equals).

What goes in and comes out here is ``pos``, 1-based.
"""

from __future__ import annotations

import gzip
import hashlib
import heapq
import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic

from lrbstore.assembly import Assembly, assembly
from lrbstore.errors import BadSpec, ContractBroken, HashMismatch, MissingData, WrongAssembly

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MITOCHONDRIA = frozenset({"chrM", "chrMT"})
_HEADER_FIELDS = (12, 13)  # the id, which is last, may be missing
_COMPLEMENT = str.maketrans("ACGTNacgtn", "TGCANtgcan")


class Lifted(NamedTuple):
    """Where positions lie in the target; arrays of shape (n,).

    Attributes:
        chrom: Contig of the target in the store's spelling; None where unmapped.
        pos: 1-based position; 0 where unmapped.
        is_minus: The target's strand runs the other way: alleles must be reverse-complemented.
        is_mapped: A block covers the position.
        block: Number of the block that does; -1 where unmapped. Two positions in one block have nothing between them that only one
            assembly has.
    """

    chrom: npt.NDArray[np.object_]
    pos: Ints
    is_minus: Bools
    is_mapped: Bools
    block: Ints


class _Pieces(NamedTuple):
    """Stretches of one contig that do not overlap, ascending: [start, end), 0-based; which block each is of."""

    start: Ints
    end: Ints
    block: Ints


@dataclass(frozen=True)
class Chain:
    """A chain file, read and ready to lift.

    Attributes:
        source: Assembly that positions come from.
        target: Assembly that they are lifted to.
        digest: sha256 of the file's text, which does not depend on how it was compressed.
        n_chains: Chains in the file.
        ignored: Contigs of the source side whose chains are not used, with the reason.
    """

    source: str
    target: str
    digest: str
    n_chains: int
    ignored: Mapping[str, str]
    _pieces: Mapping[str, _Pieces] = field(repr=False)
    # By block: its start in the source, its start in the target (on the strand's own count), contig, its size and its strand.
    _from: Ints = field(repr=False)
    _to: Ints = field(repr=False)
    _to_chrom: npt.NDArray[np.object_] = field(repr=False)
    _to_size: Ints = field(repr=False)
    _to_minus: Bools = field(repr=False)

    @property
    def n_blocks(self) -> int:
        """Number of blocks that are used."""
        return len(self._from)

    def lift(self, chroms: Sequence[str | None], positions: Sequence[int] | Ints) -> Lifted:
        """Lift positions.

        Args:
            chroms: Contigs in any spelling that the source assembly knows, ``(n,)``; an unknown one, or None, is unmapped.
            positions: 1-based positions, ``(n,)``.

        Raises:
            BadSpec: The columns differ in length.
        """
        names = np.asarray(chroms, dtype=object)
        pos = np.asarray(positions, dtype=np.int64)
        if names.shape != pos.shape or pos.ndim != 1:
            raise BadSpec(f"chroms and positions have the shapes {names.shape} and {pos.shape}; expected two columns of one length")
        known = assembly(self.source)
        block = np.full(len(pos), -1, dtype=np.int64)
        for spelling in {name for name in names.tolist() if name is not None}:
            pieces = self._pieces.get(known.canonical(spelling) or "")
            if pieces is None or not len(pieces.start):
                continue
            rows = np.flatnonzero(names == spelling)
            start = pos[rows] - 1
            piece = np.searchsorted(pieces.start, start, side="right") - 1
            inside = (piece >= 0) & (start < pieces.end[piece])
            block[rows[inside]] = pieces.block[piece[inside]]
        return self._place(pos, block)

    def _place(self, pos: Ints, block: Ints) -> Lifted:
        is_mapped = block >= 0
        if not self.n_blocks:
            nothing = np.zeros(len(pos), dtype=np.bool_)
            return Lifted(np.full(len(pos), None, dtype=object), np.zeros(len(pos), dtype=np.int64), nothing, is_mapped, block)
        on_strand = self._to[block] + (pos - 1 - self._from[block])
        is_minus = self._to_minus[block] & is_mapped
        start = np.where(is_minus, self._to_size[block] - 1 - on_strand, on_strand)
        chrom = self._to_chrom[block]
        chrom[~is_mapped] = None
        return Lifted(chrom, np.where(is_mapped, start + 1, 0).astype(np.int64), is_minus, is_mapped, block)


class ChainRecord(pydantic.BaseModel, frozen=True, extra="forbid"):
    """A chain file as a store's manifest keeps it.

    Attributes:
        source: Assembly that positions come from.
        target: Assembly that they are lifted to.
        digest: sha256 of the file's uncompressed text.
        n_chains: Chains in the file.
        ignored: Contigs whose chains are not used, with the reason.
        simulated: The file is simulated.
        path: The store's copy, relative to the store.
        source_path: The file that was registered.
    """

    source: str
    target: str
    digest: str
    n_chains: int
    ignored: dict[str, str] = {}
    simulated: bool
    path: Path
    source_path: Path

    def open(self, store: Path) -> Chain:
        """Read the store's copy.

        Raises:
            MissingData: If it is gone.
            HashMismatch: If it is not what was registered.
        """
        path = Path(store) / self.path
        again = f"restore it from a copy, or run: lrbstore chain add {self.source} {self.target} FILE"
        try:
            digest = hashlib.sha256(_text(path)).hexdigest()
        except ContractBroken as error:
            raise HashMismatch(f"{path} is damaged; {again}") from error
        if digest != self.digest:
            raise HashMismatch(f"{path} has changed: digest {digest[:12]}…, registered as {self.digest[:12]}…; {again}")
        # A simulated file's lengths were compared with the simulated genomes' when it was registered.
        lengths: dict[str, int] | None = {} if self.simulated else None
        return read_chain(path, self.source, self.target, source_lengths=lengths, target_lengths=lengths)


def reverse_complement(allele: str) -> str:
    """Write an allele (A, C, G, T, N in upper or lower case) as the other strand has it."""
    return allele.translate(_COMPLEMENT)[::-1]


def read_chain(
    path: Path,
    source: str,
    target: str,
    *,
    source_lengths: Mapping[str, int] | None = None,
    target_lengths: Mapping[str, int] | None = None,
) -> Chain:
    """Read a chain file.

    Args:
        path: The file, plain or gzip.
        source: The assembly whose contigs stand first in each header; ``hg19`` and ``hg38`` are understood.
        target: The other assembly.
        source_lengths: Contig → length in bp; the assembly's own by default. An empty mapping: any length is taken.
        target_lengths: Likewise for the target.

    Returns:
        The chains. Those on a contig that an assembly does not know are not used and are listed in ``ignored``; so are those of a
        mitochondrion of another length, because GRCh37 has two, and ``b37ToHg38`` calls one by the other's name.

    Raises:
        MissingData: There is no such file.
        ContractBroken: The file is damaged or is no chain file; says the line.
        WrongAssembly: A contig's length is not the assembly's.
        UnknownName: There is no such assembly.
    """
    here, there = assembly(source), assembly(target)
    if here.name == there.name:
        raise BadSpec(f"a chain from {here.name} to {there.name} leads nowhere; give two assemblies")
    text = _text(Path(path))
    headers, sizes, gaps_from, gaps_to, owner = _parse(Path(path), text)
    sides = (
        _Side(here, here.lengths if source_lengths is None else source_lengths),
        _Side(there, there.lengths if target_lengths is None else target_lengths),
    )
    ignored: dict[str, str] = {}
    from_chroms: list[str | None] = []
    to_chroms: list[str | None] = []
    for header in headers:
        one, why_one = sides[0].contig(header.from_name, header.from_size, path, header.line)
        other, why_other = sides[1].contig(header.to_name, header.to_size, path, header.line)
        reason = why_one or why_other
        if reason:
            ignored.setdefault(header.from_name, reason)
        from_chroms.append(None if reason else one)
        to_chroms.append(None if reason else other)
    size = np.array(sizes, dtype=np.int64)
    chain = np.array(owner, dtype=np.int64)
    start_from = _block_starts(size, np.array(gaps_from, dtype=np.int64), chain, np.array([h.from_start for h in headers]))
    start_to = _block_starts(size, np.array(gaps_to, dtype=np.int64), chain, np.array([h.to_start for h in headers]))
    # Blocks in order of preference: the block's number then says which of two wins.
    rank = np.empty(len(headers), dtype=np.int64)
    rank[sorted(range(len(headers)), key=lambda i: -headers[i].score)] = np.arange(len(headers))
    is_used = np.array([chrom is not None for chrom in from_chroms], dtype=np.bool_)[chain]
    order = np.lexsort((start_from, rank[chain]))
    order = order[is_used[order]]
    chain, start_from, start_to, size = chain[order], start_from[order], start_to[order], size[order]
    number = {chrom: n for n, chrom in enumerate(dict.fromkeys(c for c in from_chroms if c is not None))}
    number_of_block = np.array([-1 if c is None else number[c] for c in from_chroms], dtype=np.int64)[chain]
    pieces = {}
    for chrom, n in number.items():
        rows = np.flatnonzero(number_of_block == n)
        pieces[chrom] = _pieces(start_from[rows], start_from[rows] + size[rows], rows)
    return Chain(
        source=here.name,
        target=there.name,
        digest=hashlib.sha256(text).hexdigest(),
        n_chains=len(headers),
        ignored=ignored,
        _pieces=pieces,
        _from=start_from,
        _to=start_to,
        _to_chrom=np.array(to_chroms, dtype=object)[chain],
        _to_size=np.array([h.to_size for h in headers], dtype=np.int64)[chain],
        _to_minus=np.array([h.to_minus for h in headers], dtype=np.bool_)[chain],
    )


class _Header(NamedTuple):
    line: int
    score: float
    from_name: str
    from_size: int
    from_start: int
    from_end: int
    to_name: str
    to_size: int
    to_minus: bool
    to_start: int
    to_end: int


@dataclass(frozen=True)
class _Side:
    assembly: Assembly
    lengths: Mapping[str, int]

    def contig(self, name: str, size: int, path: Path, line: int) -> tuple[str | None, str | None]:
        """Return the store's name of a contig, and the reason why its chains are not used, if any."""
        chrom = self.assembly.canonical(name)
        if chrom is None:
            return None, f"{self.assembly.name} has no contig {name}"
        length = self.lengths.get(chrom)
        if length is None or length == size:
            return chrom, None
        if chrom in MITOCHONDRIA:
            return None, f"{name} has {size:,} bases, {chrom} of {self.assembly.name} {length:,}"
        raise WrongAssembly(
            f"{path}, line {line}: {name} has {size:,} bases, but {length:,} in {self.assembly.name}; "
            "are the two assemblies the right ones, and in the right order?"
        )


def _text(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise MissingData(f"there is no chain file at {path}; give the path of an existing file") from None
    except OSError as error:
        raise MissingData(f"{path} cannot be read: {error.strerror}") from error
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ContractBroken(f"{path} is a damaged or truncated gzip file ({error}); fetch it again") from error


def _parse(path: Path, text: bytes) -> tuple[list[_Header], list[int], list[int], list[int], list[int]]:
    """Cut the text into headers and, by block: size, gap behind it in the source and in the target, and the number of its chain."""
    headers: list[_Header] = []
    sizes: list[int] = []
    gaps_from: list[int] = []
    gaps_to: list[int] = []
    owner: list[int] = []
    open_chain = False
    sum_from = sum_to = 0

    def damaged(line: int, said: str) -> ContractBroken:
        return ContractBroken(f"{path}, line {line}: {said}; expected a chain file as UCSC writes them (fetch it again?)")

    number = 0
    for number, line in enumerate(text.split(b"\n"), start=1):
        fields = line.split()
        if not fields or fields[0].startswith(b"#"):
            if not fields and open_chain:
                raise damaged(number, "the chain ends without its last block")
            continue
        if fields[0] == b"chain":
            if open_chain:
                raise damaged(number, "a chain begins before the one above it has had its last block")
            header = _header(number, fields)
            if isinstance(header, str):
                raise damaged(number, header)
            headers.append(header)
            open_chain, sum_from, sum_to = True, 0, 0
            continue
        if not open_chain:
            raise damaged(number, f"{_shown(line)} stands outside any chain")
        if len(fields) not in (1, 3) or not all(f.isdigit() for f in fields):
            raise damaged(number, f"{_shown(line)} is no block (one number, or three)")
        size, gap_from, gap_to = (int(f) for f in (fields if len(fields) == 3 else (fields[0], b"0", b"0")))
        if size < 1:
            raise damaged(number, "a block of no bases")
        sizes.append(size)
        gaps_from.append(gap_from)
        gaps_to.append(gap_to)
        owner.append(len(headers) - 1)
        sum_from += size + gap_from
        sum_to += size + gap_to
        if len(fields) == 1:
            open_chain, head = False, headers[-1]
            for side, found, said in (
                ("first", sum_from, head.from_end - head.from_start),
                ("second", sum_to, head.to_end - head.to_start),
            ):
                if found != said:
                    raise damaged(
                        head.line, f"the blocks of this chain span {found:,} bases of the {side} assembly, its header says {said:,}"
                    )
    if open_chain:
        raise damaged(number, "the file ends in the middle of a chain")
    if not headers:
        raise damaged(number, "there is no chain in it")
    return headers, sizes, gaps_from, gaps_to, owner


def _header(line: int, fields: list[bytes]) -> _Header | str:
    """Read a header, or say what is wrong with it."""
    if len(fields) not in _HEADER_FIELDS:
        return f"a header of {len(fields)} fields; 12 or 13 were expected"
    words = [f.decode("utf-8", "replace") for f in fields]
    try:
        score = float(words[1])
        from_size, from_start, from_end, to_size, to_start, to_end = (int(words[i]) for i in (3, 5, 6, 8, 10, 11))
    except ValueError as error:
        return f"a header with something else in the place of a number ({error})"
    if words[4] != "+" or words[9] not in "+-":
        return f"strands {words[4]!r} and {words[9]!r}; the first must be '+', the second '+' or '-'"
    for name, start, end, size in ((words[2], from_start, from_end, from_size), (words[7], to_start, to_end, to_size)):
        if not 0 <= start < end <= size:
            return f"{name} from {start:,} to {end:,} is no interval of {size:,} bases"
    return _Header(line, score, words[2], from_size, from_start, from_end, words[7], to_size, words[9] == "-", to_start, to_end)


def _shown(line: bytes) -> str:
    return repr(line[:60].decode("utf-8", "replace"))


def _block_starts(size: Ints, gap: Ints, chain: Ints, chain_start: Any) -> Ints:
    """Add sizes and gaps up, chain by chain; 0-based starts of the blocks."""
    before = np.concatenate([[0], np.cumsum(size + gap)[:-1]]).astype(np.int64)
    first = np.searchsorted(chain, np.arange(len(chain_start)))  # every chain has a block
    return np.asarray(before - before[first][chain] + np.asarray(chain_start, dtype=np.int64)[chain], dtype=np.int64)


def _pieces(start: Ints, end: Ints, block: Ints) -> _Pieces:
    """Cut blocks, which may overlap, into stretches each of which is the block's with the lowest number."""
    order = np.argsort(start, kind="stable")
    start, end, block = start[order], end[order], block[order]
    if (start[1:] >= end[:-1]).all():
        return _Pieces(start, end, block)
    cuts = np.unique(np.concatenate([start, end])).tolist()
    starts, ends, numbers = start.tolist(), end.tolist(), block.tolist()
    best: list[tuple[int, int]] = []  # (number, end) of blocks that have begun; the best first, those that are over go lazily
    out: list[tuple[int, int, int]] = []
    next_one = 0
    for lo, hi in itertools.pairwise(cuts):
        while next_one < len(starts) and starts[next_one] == lo:
            heapq.heappush(best, (numbers[next_one], ends[next_one]))
            next_one += 1
        while best and best[0][1] <= lo:
            heapq.heappop(best)
        if not best:
            continue
        if out and out[-1][2] == best[0][0] and out[-1][1] == lo:
            out[-1] = (out[-1][0], hi, best[0][0])
        else:
            out.append((lo, hi, best[0][0]))
    columns = np.array(out, dtype=np.int64).reshape(-1, 3)
    return _Pieces(columns[:, 0].copy(), columns[:, 1].copy(), columns[:, 2].copy())
