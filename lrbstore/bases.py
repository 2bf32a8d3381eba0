"""Bases in memory, and windows cut out of them: the one place where bases are read in bulk.

:class:`Sequences` is what the rest of the house sees: contigs by name, windows checked before they are cut.
:class:`lrbstore.genome.Genome` is the one of a registered genome, :class:`lrbstore.sequences.SequenceTable` that of a table with a
sequence a row. :class:`Bases` does the cutting for both.

Contigs lie in one array of ASCII letters: a FASTA mapped into memory, its flat cache, or sequences held by a table. A contig whose first
base is at byte ``offset``, with lines of ``lenc`` bases in ``lenb`` bytes, has base ``p`` (0-based) at byte
``offset + p // lenc * lenb + p % lenc``; a contig on one line is a plain stretch.

A batch is cut in pieces that stay in a core's own cache while they are gathered, folded to upper case and encoded, so that memory is read
once and written once. Pieces of a large batch go to several threads: numpy lets go of the interpreter while it copies. Short windows are
gathered many at a time, long ones line block by line block.
"""

from __future__ import annotations

import itertools
import mmap
import operator
import os
import resource
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore import encoding as enc
from lrbstore.errors import BadSpec, OutOfContig

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]
Letters = npt.NDArray[np.uint8]

_PIECE = 1 << 18  #: Bytes of letters that are worked on at a time: a share of what a core's second cache holds.
_PIECE_OF_LINES = 1 << 20  #: The same where letters are gathered from lines: longer steps let two threads work side by side. Twice as
# much is slower by half: memory of that size goes back to the system after each piece, and comes anew page by page.
_GATHER_UP_TO = 32_768  #: Windows up to this length are gathered many at a time, longer ones copied one by one.
_LETTERS_UP_TO = 8  #: Windows up to this length are gathered letter by letter where they are broken into lines.
_SHARE = 1 << 21  #: Bytes of output that are worth a thread of their own.
_COUNTED_AT_ONCE = 1 << 18  #: Bytes that letters are counted in at a time; what lies between windows is read with them if it is less.
_MANY_CUTS = 100  #: From then on it takes less time to add up what is counted, byte by byte of its bits, than to count from cut to cut.
_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)  #: Of each byte.
_TAILS = (0xFF >> np.arange(1, 9)).astype(np.uint8)  #: The bits of a byte behind its first, its second, …
_AHEAD = 16  #: Pieces that are asked for ahead after one had to wait for the disk.
_MOST_THREADS = 4  #: More than that no memory feeds.
_PAGE = mmap.PAGESIZE


Counted = Callable[[Letters], npt.NDArray[Any]]  #: Tells letters, in either case, that count (not 0) from others and line ends (0).


def is_gc(letters: Letters) -> BoolArray:
    """Tell G and C: they differ in one bit of ASCII, upper from lower case in another."""
    return np.asarray((letters & 0xDB) == 0x43, np.bool_)


def is_at(letters: Letters) -> BoolArray:
    """Tell A and T."""
    upper = letters & 0xDF
    return np.asarray((upper == 0x41) | (upper == 0x54), np.bool_)


def is_lower(letters: Letters) -> Letters:
    """Tell lower-case letters, of letters and line ends: what is soft-masked in a FASTA."""
    return letters & np.uint8(0x20)


def _counts_up_to(found: npt.NDArray[Any], cuts: Int64Array) -> Int64Array:
    """Count what is not 0 before each of some ascending places, from 1 to the array's length: int64."""
    if len(cuts) > _MANY_CUTS:
        bits = np.packbits(found != 0)
        up_to = np.cumsum(_ONES[bits], dtype=np.int64)
        whole, rest = np.divmod(cuts - 1, 8)  # the last letter that is counted is in that byte, at that bit
        return np.asarray(up_to[whole] - _ONES[bits[whole] & _TAILS[rest]])
    edges = [0, *cuts.tolist()]
    return np.cumsum([np.count_nonzero(found[a:b]) for a, b in itertools.pairwise(edges)], dtype=np.int64)


class _Crew:
    """The threads that this process cuts large batches with. None crosses a fork: a forked process begins with itself alone."""

    def __init__(self) -> None:
        self._process, self.size = 0, 1
        self._pool: ThreadPoolExecutor | None = None

    def hire(self, size: int) -> None:
        """Make it that many threads, this one included."""
        self._process, self.size = os.getpid(), max(size, 1)
        self._pool = ThreadPoolExecutor(size - 1, "lrbstore-cut") if size > 1 else None

    def pool(self) -> ThreadPoolExecutor | None:
        """Return the other threads, if there are any."""
        if self._process != os.getpid():
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            self.hire(1 if self._process else min(cores, _MOST_THREADS))  # siblings of a forked process are as busy as itself
        return self._pool


_crew = _Crew()
_room = threading.local()  #: Memory that a thread uses again and again.


def set_threads(n: int) -> None:
    """Say with how many threads this process cuts large batches: as many as it has cores, and up to 4, if nothing is said.

    A loader's worker says 1: its siblings have the other cores.
    """
    _crew.hire(n)


def gather(values: npt.NDArray[Any], rows: Int64Array, out: npt.NDArray[Any]) -> None:
    """Copy some rows of an array, with the threads that cut: ``out[i] = values[rows[i]]``.

    Args:
        values: Shape ``(n, …)``, C-contiguous.
        rows: int64 ``(m,)``, from 0 to below n.
        out: Shape ``(m, …)``, of the same dtype, C-contiguous.
    """

    def copy(some: slice) -> None:
        np.take(values, rows[some], axis=0, out=out[some], mode="clip")  # no row is outside: clipping spares a copy of what is taken

    pool = _crew.pool()
    parts = max(min(_crew.size, out.nbytes // _SHARE, len(rows)), 1) if pool else 1
    shares = [slice(len(rows) * part // parts, len(rows) * (part + 1) // parts) for part in range(parts)]
    others = [pool.submit(copy, share) for share in shares[1:]] if pool else []
    copy(shares[0])
    for other in others:
        other.result()


def _waits() -> int:
    """Count the pages that this thread had to wait for, and one; 0 where the system does not tell."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_majflt + 1 if hasattr(resource, "RUSAGE_THREAD") else 0


def _overlapping(letters: Letters, shape: tuple[int, ...], strides: tuple[int, ...]) -> Letters:
    """Look at letters as stretches that overlap: what numpy's own helpers do, in a tenth of their time."""
    return np.ndarray(shape, np.uint8, letters.data, 0, strides)


class Bases:
    """Contigs in an array of letters.

    Args:
        raw: uint8, the letters with whatever lies between them.
        length: int64 (contigs,), bases of each contig.
        offset: int64 (contigs,), byte of its first base.
        lenc, lenb: int64 (contigs,), bases and bytes of its lines; None where every contig is on one line.
        other: int64, ascending: places of all letters that are none of A, C, G, T, N in either case, counting bases over all contigs in
            order; None where they are not known.
        normalised: Every base is one of A, C, G, T, N, in upper case.
        file: The map behind ``raw``, where it is a file.
    """

    def __init__(
        self,
        raw: Letters,
        length: Int64Array,
        offset: Int64Array,
        lenc: Int64Array | None = None,
        lenb: Int64Array | None = None,
        *,
        other: Int64Array | None = None,
        normalised: bool = False,
        file: mmap.mmap | None = None,
    ) -> None:
        self.raw, self.length, self.offset = raw, length, offset
        one_line = np.maximum(length, 1)
        # A contig on one line has all its bases in line 0, whatever length of line its index gives.
        self._lenc = one_line if lenc is None else np.where(lenc >= length, one_line, lenc)
        self._lenb = one_line if lenb is None else np.where(self._lenc >= length, one_line, lenb)
        self._is_flat = self._lenc >= length
        self._first = np.cumsum(length) - length  # of each contig, over all
        self._other, self._normalised, self._file = other, normalised, file
        self._ahead = _AHEAD

    def byte_of(self, contig: int, base: int) -> int:
        """Find a base's byte."""
        line, column = divmod(base, int(self._lenc[contig]))
        return int(self.offset[contig]) + line * int(self._lenb[contig]) + column

    def fetch(self, contig: int, start: int, end: int) -> bytes:
        """Cut one interval inside a contig, 0-based half-open: upper-case A, C, G, T, N."""
        if start >= end:
            return b""
        return self.raw[self.byte_of(contig, start) : self.byte_of(contig, end - 1) + 1].tobytes().translate(enc.NORMALISED, b"\r\n")

    def count(self, which: Sequence[Counted], contig: Int64Array, begin: Int64Array, end: Int64Array) -> Int64Array:
        """Count letters in stretches that are known to lie inside their contigs, 0-based half-open.

        Each byte that any stretch has is read once, however many overlap: between two neighbouring ends of stretches letters are counted,
        and a stretch has what is counted up to its end, less what is up to its beginning.

        Args:
            which: What is counted, each on its own.
            contig: int64 (n,), places of the contigs in ``length``.
            begin: int64 (n,).
            end: int64 (n,); one that is not behind its beginning makes an empty stretch.

        Returns:
            int64 (len(which), n).
        """
        some = np.flatnonzero(begin < end)
        out = np.zeros((len(which), len(begin)), np.int64)
        if not len(some):
            return out
        first = self._bytes_of(contig[some], begin[some])
        last = self._bytes_of(contig[some], end[some] - 1) + 1
        ends, place = np.unique(np.concatenate([first, last]), return_inverse=True)
        opening, closing = place.reshape(2, -1)
        depth = np.cumsum(np.bincount(opening, minlength=len(ends)) - np.bincount(closing, minlength=len(ends)))
        # Where nothing is asked for over more than a piece, nothing is read.
        gaps = np.flatnonzero((depth[:-1] == 0) & (np.diff(ends) > _COUNTED_AT_ONCE))
        so_far = np.zeros((len(which), len(ends)), np.int64)
        known = np.zeros(len(which), np.int64)
        for low, high in zip([0, *(gaps + 1).tolist()], [*gaps.tolist(), len(ends) - 1], strict=True):
            so_far[:, low], behind, until = known, low + 1, int(ends[high])
            for at in range(int(ends[low]), until, _COUNTED_AT_ONCE):
                stop, done = min(at + _COUNTED_AT_ONCE, until), behind
                if self._file is not None and stop < until:
                    ahead = stop // _PAGE * _PAGE
                    self._file.madvise(mmap.MADV_WILLNEED, ahead, min(_COUNTED_AT_ONCE, until - ahead))
                behind = int(np.searchsorted(ends, stop, "right"))
                for row, is_counted in enumerate(which):
                    found = is_counted(self.raw[at:stop])
                    so_far[row, done:behind] = known[row] + _counts_up_to(found, ends[done:behind] - at)
                    known[row] += np.count_nonzero(found)
        out[:, some] = so_far[:, closing] - so_far[:, opening]
        return out

    def _bytes_of(self, contig: Int64Array, base: Int64Array) -> Int64Array:
        """Find the bytes of bases."""
        line, column = np.divmod(base, self._lenc[contig])
        return np.asarray(self.offset[contig] + line * self._lenb[contig] + column, np.int64)

    def windows(
        self,
        contig: Int64Array,
        begin: Int64Array,
        length: int,
        encoding: str,
        out: npt.NDArray[Any] | None = None,
        twin: npt.NDArray[Any] | None = None,
        reverse: BoolArray | None = None,
    ) -> Any:
        """Cut windows of one length that are known to lie inside their contigs.

        Args:
            contig: int64 (n,), places of the contigs in ``length``.
            begin: int64 (n,), 0-based.
            length: Bases a window.
            encoding: See :mod:`lrbstore.encoding`.
            out: An array of the form that the encoding asks for; a new one by default.
            twin: Another one, for a second copy.
            reverse: bool (n,), windows that are handed out as the opposite strand; none by default.

        Returns:
            The array, or a list of str for ``text``.
        """
        n = len(begin)
        if reverse is not None and not reverse.any():
            reverse = None
        if encoding == "text":
            return enc.to_text(self.windows(contig, begin, length, "bytes", reverse=reverse))
        if out is None:
            shape, dtype = enc.encoded_form(encoding, n, length)
            out = np.empty(shape, dtype)
        pool = _crew.pool()
        parts = min(_crew.size, out.nbytes // _SHARE, n)
        if pool is None or parts < 2:
            self._fill(contig, begin, encoding, out, twin, reverse)
            return out
        edges = [n * part // parts for part in range(parts + 1)]
        shares = [
            (contig[r], begin[r], encoding, out[r], None if twin is None else twin[r], None if reverse is None else reverse[r])
            for r in (slice(a, b) for a, b in itertools.pairwise(edges))
        ]
        others = [pool.submit(self._fill, *share) for share in shares[1:]]
        self._fill(*shares[0])
        for other in others:
            other.result()
        return out

    def _rows_a_piece(self, length: int) -> int:
        in_lines = length <= _GATHER_UP_TO and not self._is_flat.all()
        return max((_PIECE_OF_LINES if in_lines else _PIECE) // length, 1)

    def _fill(
        self,
        contig: Int64Array,
        begin: Int64Array,
        encoding: str,
        out: npt.NDArray[Any],
        twin: npt.NDArray[Any] | None,
        reverse: BoolArray | None,
    ) -> None:
        """Cut windows into ``out``, encoded, and copy them to ``twin`` while they are in the core's cache."""
        length = out.shape[-1]
        rows = self._rows_a_piece(length)
        if encoding == "bytes" and twin is None and reverse is None and length > _GATHER_UP_TO:
            rows = max(len(begin), 1)  # copied one by one straight to their place: nothing is gained by pieces
        letters = None if encoding == "bytes" else np.empty((min(rows, len(begin)), length), np.uint8)
        for first in range(0, len(begin), rows):
            piece = slice(first, first + rows)
            mine = out[piece]
            some = mine if letters is None else letters[: len(mine)]
            self._cut(contig[piece], begin[piece], some, None if reverse is None else reverse[piece])
            if letters is not None:
                enc.encode_into(some, encoding, mine)
            if twin is not None:
                twin[piece] = mine

    def _cut(self, contig: Int64Array, begin: Int64Array, out: Letters, reverse: BoolArray | None = None) -> None:
        """Cut a piece: uint8 (rows, length), upper-case A, C, G, T, N; some rows as the opposite strand."""
        self._cut_forward(contig, begin, out)
        if reverse is not None:
            enc.turn(out, reverse)

    def _cut_forward(self, contig: Int64Array, begin: Int64Array, out: Letters) -> None:
        # Asking for pages is cheap beside the disk, and dear beside a copy from memory: it goes on while pieces had to wait for pages.
        if self._ahead:
            self._ahead -= 1
            self._read_ahead(contig, begin, out.shape[1])
            waits = 0
        else:
            waits = _waits()
        flat = self._is_flat[contig]
        if flat.all():
            self._gather(self.offset[contig] + begin, out)
        elif out.shape[1] <= _LETTERS_UP_TO:
            self._gather_letters(contig, begin, out)
        elif not flat.any() and (geometry := self._one_geometry(contig)) is not None:
            self._gather_lines(contig, begin, out, *geometry)
        else:
            self._cut_mixed(contig, begin, out)
        if waits and _waits() > waits:
            self._ahead = _AHEAD
        if self._normalised:
            return
        if self._other is None:
            out[...] = enc.normalise(out)
            return
        place = self._first[contig] + begin
        low, high = np.searchsorted(self._other, place), np.searchsorted(self._other, place + out.shape[1])
        for row in np.flatnonzero(low < high).tolist():
            out[row, self._other[low[row] : high[row]] - place[row]] = enc.N

    def _one_geometry(self, contig: Int64Array) -> tuple[int, int] | None:
        lenc, lenb = self._lenc[contig], self._lenb[contig]
        return (int(lenc[0]), int(lenb[0])) if (lenc == lenc[0]).all() and (lenb == lenb[0]).all() else None

    def _cut_mixed(self, contig: Int64Array, begin: Int64Array, out: Letters) -> None:
        """Cut rows of contigs whose lines are not of one length, one contig after the other."""
        for one in np.unique(contig).tolist():
            rows = np.flatnonzero(contig == one)
            piece = np.empty((len(rows), out.shape[1]), np.uint8)
            if self._is_flat[one]:
                self._gather(self.offset[one] + begin[rows], piece)
            else:
                self._gather_lines(contig[rows], begin[rows], piece, int(self._lenc[one]), int(self._lenb[one]))
            out[rows] = piece

    def _put(self, letters: Letters, out: Letters) -> None:
        """Copy letters, to upper case where nothing else will do that."""
        if self._normalised or self._other is None:
            np.copyto(out, letters)
        else:
            np.bitwise_and(letters, 0xDF, out=out)

    def _gather_letters(self, contig: Int64Array, begin: Int64Array, out: Letters) -> None:
        """Copy a few letters of each row one by one, wherever lines end."""
        line, column = np.divmod(begin[:, None] + np.arange(out.shape[1]), self._lenc[contig][:, None])
        self._put(self.raw[self.offset[contig][:, None] + line * self._lenb[contig][:, None] + column], out)

    def _gather(self, at: Int64Array, out: Letters) -> None:
        """Copy plain stretches that begin at some bytes."""
        length = out.shape[1]
        if length <= _GATHER_UP_TO:
            self._put(_overlapping(self.raw, (self.raw.size - length + 1, length), (1, 1))[at], out)
            return
        for row, byte in enumerate(at.tolist()):
            self._put(self.raw[byte : byte + length], out[row])

    def _gather_lines(self, contig: Int64Array, begin: Int64Array, out: Letters, lenc: int, lenb: int) -> None:
        """Copy stretches that are broken into lines: whole lines first, without their ends, and of those what is asked for."""
        n, length = out.shape
        lines = (length + lenc - 2) // lenc + 1  # that a window can touch
        line, column = np.divmod(begin, lenc)
        at = self.offset[contig] + line * lenb
        # Behind the last lines of a file there are fewer bytes than a window's lines could have.
        is_last = at + lines * lenb > self.raw.size
        if is_last.any():
            for row in np.flatnonzero(is_last).tolist():
                start = int(begin[row])
                out[row] = np.frombuffer(self.fetch(int(contig[row]), start, start + length), np.uint8)
            rows = np.flatnonzero(~is_last)
            if len(rows):
                piece = np.empty((len(rows), length), np.uint8)
                self._gather_lines(contig[rows], begin[rows], piece, lenc, lenb)
                out[rows] = piece
            return
        if length <= _GATHER_UP_TO:
            blocks = _overlapping(self.raw, (self.raw.size - lines * lenb + 1, lines, lenc), (1, lenb, 1))
            whole = _overlapping(blocks[at].reshape(-1), (n * lines * lenc - length + 1, length), (1, 1))
            self._put(whole[np.arange(n) * (lines * lenc) + column], out)
            return
        letters, a_line = self._lines_held(lines * lenc), np.dtype((np.void, lenc))
        tight = letters.view(a_line)
        for row, (byte, skip) in enumerate(zip(at.tolist(), column.tolist(), strict=True)):
            tight[...] = np.ndarray((lines,), a_line, self.raw.data, byte, (lenb,))
            self._put(letters[skip : skip + length], out[row])

    def _lines_held(self, size: int) -> Letters:
        """Return room for a window's lines, the same one at each call of a thread."""
        held = getattr(_room, "held", None)
        if held is None or held.size != size:
            held = _room.held = np.empty(size, np.uint8)
        return held

    def _read_ahead(self, contig: Int64Array, begin: Int64Array, length: int) -> None:
        """Ask for a piece's pages at once: one by one, each of them would be waited for."""
        if self._file is None:
            return
        last, lenc, lenb, offset = begin + length - 1, self._lenc[contig], self._lenb[contig], self.offset[contig]
        first = (offset + begin // lenc * lenb + begin % lenc) // _PAGE * _PAGE
        sizes = offset + last // lenc * lenb + last % lenc + 1 - first
        for start, size in zip(first.tolist(), sizes.tolist(), strict=True):
            self._file.madvise(mmap.MADV_WILLNEED, start, size)


def inside(size: Int64Array, start: Int64Array, end: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Give the part of windows that lies inside contigs of some sizes: starts and ends, 0-based half-open, equal where there is none."""
    first = np.clip(start, 0, size)
    return first, np.maximum(np.clip(end, 0, size), first)


class Sequences(ABC):
    """Named sequences that windows are cut from. Positions are 0-based, intervals half-open."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 (hex) over the sorted lines ``name TAB length TAB md5``."""

    @property
    @abstractmethod
    def simulated(self) -> bool:
        """Whether the sequences are made up."""

    @property
    @abstractmethod
    def lengths(self) -> Mapping[str, int]:
        """Contig to length in bases; a contig's place in it stands for its name in :meth:`windows`."""

    @abstractmethod
    def contig_length(self, chrom: str) -> int | None:
        """Give a contig's length in bases, in any spelling that is known; None where there is none."""

    @property
    @abstractmethod
    def _bases(self) -> Bases:
        """The bases, contigs in the order of ``lengths``, good for this process."""

    @property
    @abstractmethod
    def _what(self) -> str:
        """What this is, for errors."""

    @abstractmethod
    def _place(self, name: Any, row: int | None) -> int:
        """Return a contig's place in ``lengths``; ContigNotFound where there is none, saying in which row if there is one."""

    @property
    @abstractmethod
    def _places(self) -> Mapping[str, int]:
        """Contig to its place in ``lengths``."""

    @property
    def sizes(self) -> Int64Array:
        """Lengths in bases, in the order of ``lengths``: int64 ``(contigs,)``."""
        return self._bases.length

    def windows(
        self,
        chroms: Any,
        starts: Any,
        length: int,
        encoding: str = "bytes",
        out: npt.NDArray[Any] | None = None,
        twin: npt.NDArray[Any] | None = None,
        reverse: npt.NDArray[np.bool_] | None = None,
    ) -> Any:
        """Cut windows of one length; upper case, everything outside A, C, G, T as N, plus strand.

        Args:
            chroms: n contig names in any spelling that is known (list, array or column), or their places in ``lengths`` as integers; or
                one name for all rows.
            starts: n 0-based starts, integers.
            length: Bases a window, at least 1.
            encoding: ``bytes`` | ``codes`` | ``one_hot`` | ``one_hot_float32`` | ``text``, see :mod:`lrbstore.encoding`.
            out: A buffer of the result's shape and dtype to write into and return; not for ``text``.
            twin: Another such buffer, which gets a copy: what alternative sequences begin as.
            reverse: bool ``(n,)``, windows that are handed out as the opposite strand (reverse-complemented); none by default.

        Returns:
            ``bytes`` uint8 ``(n, length)`` ASCII; ``codes`` int8 ``(n, length)``; ``one_hot`` uint8 ``(n, 4, length)``;
            ``one_hot_float32`` float32 ``(n, 4, length)``; ``text`` a list of n str.

        Raises:
            OutOfContig: A window leaves its contig; names the first such row.
            ContigNotFound: A contig that is not there; names the first such row.
            BadSpec: Lengths of the arguments differ, starts are not integers, or the buffer does not fit.
            HashMismatch: The FASTA of a genome has changed since it was registered.
            MissingData: The FASTA or its index is gone.
        """
        enc.check_encoding(encoding)
        length = operator.index(length)
        if length < 1:
            raise BadSpec(f"a window of {length} bases was asked for; expected at least 1")
        begin = np.asarray(starts)
        if begin.ndim != 1 or (begin.size and begin.dtype.kind not in "iu"):
            raise BadSpec(f"starts are {begin.dtype} of shape {begin.shape}; expected one list of integers (0-based)")
        begin = begin.astype(np.int64)
        n = len(begin)
        for buffer in (out, twin):
            if buffer is None:
                continue
            shape, dtype = enc.encoded_form(encoding, n, length)
            if not isinstance(buffer, np.ndarray) or buffer.shape != shape or buffer.dtype != dtype or not buffer.flags.writeable:
                found = f"{buffer.dtype} {buffer.shape}" if isinstance(buffer, np.ndarray) else type(buffer).__name__
                raise BadSpec(f"the output buffer is {found}; encoding '{encoding}' needs a writable {dtype} array of shape {shape}")
        bases, contig = self._bases, self._contig_rows(chroms, n)
        room = bases.length[contig] - length  # compared this way round, a start near the largest integer cannot wrap
        outside = (begin < 0) | (begin > room)
        if outside.any():
            row = int(outside.argmax())
            raise self._out_of_contig(int(contig[row]), int(begin[row]), int(begin[row]) + length, f"row {row}: ")
        if reverse is not None and (reverse.dtype != np.bool_ or reverse.shape != (n,)):
            raise BadSpec(f"reverse is {reverse.dtype} of shape {reverse.shape}; expected bool of shape ({n},)")
        return bases.windows(contig, begin, length, encoding, out, twin, reverse)

    def count(self, which: Sequence[Counted], contig: Int64Array, start: Int64Array, end: Int64Array) -> Int64Array:
        """Count letters of windows without cutting them; what lies outside a contig is none of them. See :meth:`Bases.count`.

        Args:
            which: What is counted: :func:`is_gc`, :func:`is_at`.
            contig: int64 (n,), places in ``lengths``.
            start: int64 (n,), 0-based; may lie outside the contig.
            end: int64 (n,), exclusive; likewise.

        Returns:
            int64 (len(which), n).

        Raises:
            HashMismatch, MissingData: As :meth:`windows`.
        """
        return self._bases.count(which, contig, *inside(self.sizes[contig], start, end))

    def fetch(self, chrom: str, start: int, end: int) -> bytes:
        """Cut one interval, 0-based half-open: ``end - start`` upper-case ASCII letters A, C, G, T, N; empty when they are equal.

        Raises:
            OutOfContig: The interval leaves the contig, or ends before it starts.
            ContigNotFound: There is no such contig.
            HashMismatch: The FASTA of a genome has changed since it was registered.
            MissingData: The FASTA or its index is gone.
        """
        contig, start, end = self._place(chrom, None), operator.index(start), operator.index(end)
        if not 0 <= start <= end <= self._bases.length[contig]:
            raise self._out_of_contig(contig, start, end, "")
        return self._bases.fetch(contig, start, end)

    def _contig_rows(self, chroms: Any, n: int) -> Int64Array:
        """Return each of n rows' contig as its place in ``lengths``; int64 ``(n,)``."""
        if isinstance(chroms, str):
            return np.full(n, self._place(chroms, 0), np.int64)
        if isinstance(chroms, np.ndarray) and chroms.dtype.kind in "iu":
            if chroms.shape != (n,) or (n and not 0 <= chroms.min() <= chroms.max() < len(self._places)):
                raise BadSpec(f"contigs are given as {chroms.shape} numbers; expected {n} places in lengths, 0 to {len(self._places) - 1}")
            return chroms.astype(np.int64, copy=False)
        names = list(chroms) if isinstance(chroms, list | tuple) else np.asarray(chroms).tolist()
        if len(names) != n:
            raise BadSpec(f"{len(names)} contig names were given for {n} starts; expected one each, or a single name")
        try:
            return np.fromiter(map(self._places.__getitem__, names), np.int64, count=n)
        except KeyError:  # another spelling, or no such contig
            return np.fromiter((self._place(name, row) for row, name in enumerate(names)), np.int64, count=n)

    def _out_of_contig(self, contig: int, start: int, end: int, where: str) -> OutOfContig:
        chrom = list(self._places)[contig]
        return OutOfContig(
            f"{where}{chrom}:{start}-{end} (0-based, half-open) is not an interval inside {chrom}, which has "
            f"{self.lengths[chrom]} bases in {self._what}"
        )
