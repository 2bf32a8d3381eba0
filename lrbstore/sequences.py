"""What windows are cut from: a registered genome, or the sequences of a table, as the constructs of assays.

Cutting asks little of a sequence's home (:class:`Sequences`). :class:`lrbstore.genome.Genome` is the one for genomes;
:class:`SequenceTable` is the one for tasks whose ``task.toml`` names a table of sequences, each of them a contig of its own.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lrbstore import encoding as enc
from lrbstore.errors import BadSpec, ContigNotFound, ContractBroken, OutOfContig, near_names


class Sequences(Protocol):
    """What cutting needs; positions are 0-based, half-open."""

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of names, lengths and sequences."""

    @property
    def simulated(self) -> bool:
        """Whether the sequences are made up."""

    @property
    def lengths(self) -> Mapping[str, int]:
        """Contig to length in bases."""

    def contig_length(self, chrom: str) -> int | None:
        """Give a contig's length in bases, in any spelling; None where there is none."""

    def windows(self, chroms: Any, starts: Any, length: int, encoding: str = "bytes", out: npt.NDArray[Any] | None = None) -> Any:
        """Cut windows of one length; see :meth:`lrbstore.genome.Genome.windows`."""

    def fetch(self, chrom: str, start: int, end: int) -> bytes:
        """Cut one interval: upper-case ASCII letters A, C, G, T, N."""


class SequenceTable:
    """Sequences held in memory, each under a name of its own. Holds no file and no connection: it may cross a fork, and be pickled.

    Args:
        what: What they are, in a word, for errors.
        rows: Names with sequences; letters in any case, everything outside A, C, G, T is N.
        simulated: Whether they are made up.

    Raises:
        ContractBroken: If a name or a sequence is missing, or a name comes twice.
    """

    def __init__(self, what: str, rows: Iterable[tuple[str | None, str | None]], *, simulated: bool = False) -> None:
        self.what, self.simulated = what, simulated
        self._bases: dict[str, bytes] = {}
        for name, sequence in rows:
            if not name or sequence is None or name in self._bases:
                wrong = "a sequence has no name" if not name else f"{name} " + ("has no sequence" if sequence is None else "comes twice")
                raise ContractBroken(f"{what}: {wrong}; expected names of their own, each with its sequence")
            self._bases[name] = sequence.encode("ascii", "replace").translate(enc.NORMALISED)
        self._lengths = {name: len(bases) for name, bases in self._bases.items()}
        lines = sorted(
            f"{name}\t{len(bases)}\t{hashlib.md5(bases, usedforsecurity=False).hexdigest()}\n" for name, bases in self._bases.items()
        )
        #: SHA-256 (hex) over the sorted lines ``name TAB length TAB md5``, as of a genome.
        self.digest = hashlib.sha256("".join(lines).encode()).hexdigest()

    def __repr__(self) -> str:
        kind = " simulated" if self.simulated else ""
        return f"<SequenceTable{kind} {self.what}: {len(self._bases):,} sequences, {sum(self._lengths.values()):,} bases>"

    @property
    def lengths(self) -> Mapping[str, int]:
        """Name to length in bases."""
        return self._lengths

    def contig_length(self, chrom: str) -> int | None:
        """Give a sequence's length in bases; None where there is none of that name."""
        return self._lengths.get(chrom)

    def windows(self, chroms: Any, starts: Any, length: int, encoding: str = "bytes", out: npt.NDArray[Any] | None = None) -> Any:
        """Cut windows of one length, each inside its sequence; arguments and result as of :meth:`lrbstore.genome.Genome.windows`.

        Raises:
            OutOfContig: A window leaves its sequence; names the first such row.
            ContigNotFound: There is no sequence of that name.
            BadSpec: Lengths of the arguments differ, starts are not integers, or the buffer does not fit.
        """
        enc.check_encoding(encoding)
        length, begin = operator.index(length), np.asarray(starts)
        if length < 1:
            raise BadSpec(f"a window of {length} bases was asked for; expected at least 1")
        if begin.ndim != 1 or (begin.size and begin.dtype.kind not in "iu"):
            raise BadSpec(f"starts are {begin.dtype} of shape {begin.shape}; expected one list of integers (0-based)")
        names = [chroms] * len(begin) if isinstance(chroms, str) else list(chroms)
        if len(names) != len(begin):
            raise BadSpec(f"{len(names)} names were given for {len(begin)} starts; expected one each, or a single name")
        pieces = [
            self._cut(name, start, start + length, f"row {row}: ")
            for row, (name, start) in enumerate(zip(names, begin.tolist(), strict=True))
        ]
        letters = np.frombuffer(b"".join(pieces), np.uint8).reshape(len(names), length)
        if out is None:
            return letters.copy() if encoding == "bytes" else enc.encode(letters, encoding)
        shape, dtype = enc.encoded_form(encoding, len(names), length)
        if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype or not out.flags.writeable:
            found = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
            raise BadSpec(f"the output buffer is {found}; encoding '{encoding}' needs a writable {dtype} array of shape {shape}")
        out[...] = letters if encoding == "bytes" else enc.encode(letters, encoding)
        return out

    def fetch(self, chrom: str, start: int, end: int) -> bytes:
        """Cut one interval, 0-based half-open; empty where both ends are equal.

        Raises:
            OutOfContig: The interval leaves the sequence, or ends before it starts.
            ContigNotFound: There is no sequence of that name.
        """
        return self._cut(chrom, operator.index(start), operator.index(end), "")

    def _cut(self, chrom: str, start: int, end: int, where: str) -> bytes:
        bases = self._bases.get(chrom)
        if bases is None:
            raise ContigNotFound(f"{where}{self.what} has no sequence {chrom!r}{near_names(str(chrom), list(self._bases), 'sequence')}")
        if not 0 <= start <= end <= len(bases):
            raise OutOfContig(
                f"{where}{chrom}:{start}-{end} (0-based, half-open) is not an interval inside {chrom}, which has {len(bases)} bases in "
                f"{self.what}"
            )
        return bases[start:end]
