"""Sequences of a table, as the constructs of assays: what windows are cut from where a task's ``task.toml`` names a table of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lrbstore import encoding as enc
from lrbstore.bases import Bases, Sequences
from lrbstore.errors import ContigNotFound, ContractBroken, near_names


class SequenceTable(Sequences):
    """Sequences held in memory, each under a name of its own, a contig. Holds no file and no connection: it may cross a fork.

    Args:
        what: What they are, in a word, for errors.
        rows: Names with sequences; letters in any case, everything outside A, C, G, T is N.
        simulated: Whether they are made up.

    Raises:
        ContractBroken: If a name or a sequence is missing, or a name comes twice.
    """

    def __init__(self, what: str, rows: Iterable[tuple[str | None, str | None]], *, simulated: bool = False) -> None:
        self.what, self._simulated = what, simulated
        held: dict[str, bytes] = {}
        for name, sequence in rows:
            if not name or sequence is None or name in held:
                wrong = "a sequence has no name" if not name else f"{name} " + ("has no sequence" if sequence is None else "comes twice")
                raise ContractBroken(f"{what}: {wrong}; expected names of their own, each with its sequence")
            held[name] = sequence.encode("ascii", "replace").translate(enc.NORMALISED)
        self._lengths = {name: len(letters) for name, letters in held.items()}
        self._rows = {name: place for place, name in enumerate(held)}
        length = np.array(list(self._lengths.values()), np.int64)
        self._held = Bases(np.frombuffer(b"".join(held.values()), np.uint8), length, np.cumsum(length) - length, normalised=True)
        lines = sorted(
            f"{name}\t{len(letters)}\t{hashlib.md5(letters, usedforsecurity=False).hexdigest()}\n" for name, letters in held.items()
        )
        self._digest = hashlib.sha256("".join(lines).encode()).hexdigest()

    def __repr__(self) -> str:
        kind = " simulated" if self.simulated else ""
        return f"<SequenceTable{kind} {self.what}: {len(self._lengths):,} sequences, {sum(self._lengths.values()):,} bases>"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the sorted lines ``name TAB length TAB md5``, as of a genome."""
        return self._digest

    @property
    def simulated(self) -> bool:
        """Whether they are made up."""
        return self._simulated

    @property
    def lengths(self) -> Mapping[str, int]:
        """Name to length in bases."""
        return self._lengths

    def contig_length(self, chrom: str) -> int | None:
        """Give a sequence's length in bases; None where there is none of that name."""
        return self._lengths.get(chrom)

    @property
    def _bases(self) -> Bases:
        return self._held

    @property
    def _what(self) -> str:
        return self.what

    @property
    def _places(self) -> Mapping[str, int]:
        return self._rows

    def _place(self, name: Any, row: int | None) -> int:
        place = self._rows.get(name)
        if place is None:
            where = "" if row is None else f"row {row}: "
            raise ContigNotFound(f"{where}{self.what} has no sequence {name!r}{near_names(str(name), list(self._rows), 'sequence')}")
        return place
