"""The kinds of tasks: which columns say where an example lies, how that becomes windows, and how windows become sequences.

A data set knows rows, windows and batches; a kind knows what they mean. One object a kind, in :data:`KINDS`:

===============  =============================================================  ====================================================
kind             an example is                                                  sequences
===============  =============================================================  ====================================================
``point``        a base with a strand (a TSS): ``pos``, ``strand``              ``sequence``
``variant``      REF and ALT at a place: ``pos``, ``ref``, ``alt``              ``ref_forward_sequence``, ``alt_forward_sequence``
``cage``         an interval with binned labels: ``start``, ``end``             ``sequence``
``combination``  several variants: lists ``chroms``, ``positions``, ``refs``,   ``ref_sequences``, ``alt_sequences``: one for each member
                 ``alts``, in member order
``knockout``     a gene that is taken out: ``pos`` (its TSS), ``strand``,       ``wild_type_sequence``, ``knockout_sequence``, both in the
                 ``start``, ``end`` (its body)                                  gene's orientation
===============  =============================================================  ====================================================

Most kinds have a window a row. A combination has one for each member: its rows are laid out member by member (``places``), planned and
cut as variants, and :class:`Windows` says which members are whose. An example is kept if all its windows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore import encoding as enc
from lrbstore.alleles import check_reference
from lrbstore.bases import Sequences
from lrbstore.errors import ContractBroken
from lrbstore.window import (
    BoolArray,
    Int64Array,
    WindowPlan,
    WindowSpec,
    cage_label_intervals,
    plan_intervals,
    plan_knockouts,
    plan_points,
    plan_variants,
)

Letters = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of rows.

    Attributes:
        plan: One window after the other, in the order of the rows.
        offsets: int64 (n + 1,): row ``i`` has the windows ``offsets[i]`` up to ``offsets[i + 1]``; None where each row has one.
    """

    plan: WindowPlan
    offsets: Int64Array | None = None

    @property
    def kept(self) -> BoolArray:
        """Say which rows have all their windows: bool, shape ``(n,)``."""
        if self.offsets is None:
            return self.plan.kept
        lost = np.concatenate([[0], np.cumsum(~self.plan.kept)])
        return np.asarray(lost[self.offsets[1:]] == lost[self.offsets[:-1]], np.bool_)

    def take(self, rows: npt.NDArray[Any] | slice) -> Windows:
        """Give the windows of some rows, by number or as a slice."""
        if self.offsets is None:
            return Windows(self.plan.take(rows))
        chosen = np.arange(len(self.offsets) - 1)[rows]
        return Windows(self.plan.take(self.of(chosen)), _offsets(np.diff(self.offsets)[chosen]))

    def of(self, rows: npt.NDArray[Any]) -> Int64Array:
        """Number the windows of some rows, row after row."""
        if self.offsets is None:
            return np.asarray(rows, np.int64)
        first, sizes = self.offsets[rows], np.diff(self.offsets)[rows]
        after = _offsets(sizes)
        return np.repeat(first - after[:-1], sizes) + np.arange(after[-1])

    def first_dropped(self, rows: npt.NDArray[Any]) -> Int64Array:
        """Number the first window that is not, of each of some rows that are not kept."""
        if self.offsets is None:
            return np.asarray(rows, np.int64)
        dropped = np.flatnonzero(~self.plan.kept)
        return np.asarray(dropped[np.searchsorted(dropped, self.offsets[rows])], np.int64)

    @classmethod
    def join(cls, pieces: Sequence[Windows]) -> Windows:
        """Put windows of rows one after the other."""
        plan = WindowPlan.join([piece.plan for piece in pieces])
        if any(piece.offsets is None for piece in pieces):
            return cls(plan)
        return cls(plan, _offsets(np.concatenate([np.diff(piece.offsets) for piece in pieces if piece.offsets is not None])))


@dataclass
class Cut:
    """Sequences of windows that were cut, all of one length.

    Attributes:
        letters: Key → uint8 (n windows, L), in the orientation that is handed out.
        longer: Key → row → text, where the published loader's rule makes it longer than L.
    """

    letters: dict[str, Letters]
    longer: dict[str, dict[int, str]] = field(default_factory=dict)

    def encoded(self, encoding: str) -> dict[str, Any]:
        """Give the sequences in an encoding; those that are longer are so in ``text`` alone."""
        out: dict[str, Any] = {}
        for key, letters in self.letters.items():
            out[key] = letters if encoding == "bytes" else enc.encode(letters, encoding)
            if encoding == "text":
                for i, text in self.longer.get(key, {}).items():
                    out[key][i] = text
        return out


class Kind:
    """What examples of a kind are made of. Holds nothing: what it needs is handed to it.

    Attributes:
        input: What a model is given, in words.
        locus: Columns of a window's place, beside its contig ``chrom``.
        place: How a window's place is written in a message.
        columns: Columns of ``examples`` that the places are read from.
        sequences: Keys of the sequences, the one that something was done to last.
        members: Whether an example has several windows: its sequences, and what else is said of each window, are then lists.
        has_ref: Whether places have a REF that the genome can be compared with.
        settings: Names of settings of a window that concern this kind alone: options of its tasks.
        anchors: SQL over ``examples`` for contig and 0-based middle of each window.
    """

    input: str = "sequence"
    locus: tuple[str, ...]
    place: str = "{chrom}:{pos}"
    columns: tuple[str, ...]
    sequences: tuple[str, ...] = ("sequence",)
    members: bool = False
    has_ref: bool = False
    settings: tuple[str, ...] = ()
    anchors: tuple[str, str] = ("chrom", "pos - 1")

    def named(self, places: pa.Table, i: int) -> str:
        """Name one of some places by its example and its locus, for a message."""
        row = places.slice(i, 1).to_pylist()[0]
        return f"example {row['example_id']} ({self.place.format_map(row)})"

    def places(self, rows: pa.Table) -> tuple[pa.Table, Int64Array | None]:
        """Lay rows out window by window.

        Returns:
            A table with ``example_id``, ``chrom`` and the columns of ``locus``, one row a window; and the rows' offsets in it (see
            :class:`Windows`).
        """
        return rows, None

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """Plan a window for each place; ``lengths`` are those of the contigs."""
        raise NotImplementedError

    def cut(self, genome: Sequences, places: pa.Table, plan: WindowPlan, spec: WindowSpec) -> Cut:
        """Cut the windows of places that all have one."""
        return Cut({self.sequences[0]: cut(genome, places["chrom"].to_pylist(), plan, spec.seq_len)})

    def more(self, rows: pa.Table, windows: Windows, spec: WindowSpec) -> dict[str, Any]:
        """Give further keys of a batch that follow from the windows."""
        del rows, windows, spec
        return {}


class Point(Kind):
    """A base with a strand."""

    locus = columns = ("pos", "strand")

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_points`."""
        return plan_points(places["pos"].to_numpy() - 1, lengths, spec, minus=_minus(places))


class Cage(Kind):
    """An interval whose labels come in bins."""

    locus = columns = ("start", "end")
    place = "{chrom}:{start}-{end}, 0-based, half-open"
    anchors = ("chrom", '(start + "end") // 2')

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_intervals`."""
        return plan_intervals(places["start"].to_numpy(), places["end"].to_numpy(), lengths, spec)

    def more(self, rows: pa.Table, windows: Windows, spec: WindowSpec) -> dict[str, Any]:
        """Give the interval that the labels cover."""
        start, stop = cage_label_intervals(rows["start"].to_numpy(), rows["end"].to_numpy(), windows.plan, spec)
        return {"labels_start": start, "labels_stop": stop}


class Variant(Kind):
    """REF and ALT at a place."""

    input = "ref and alt sequence"
    locus: tuple[str, ...] = ("pos", "ref", "alt")
    place = "{chrom}:{pos} {ref}>{alt}"
    columns: tuple[str, ...] = ("pos", "ref", "alt")
    sequences = ("ref_forward_sequence", "alt_forward_sequence")
    has_ref = True

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_variants`."""
        # The published loader never reads REF: a row without one has its window all the same. A strict one cannot be written.
        absent = 1 if spec.policy == "lrb" else 0
        ref = pc.fill_null(pc.binary_length(places["ref"]), absent).to_numpy().astype(np.int64)
        alt = pc.fill_null(pc.binary_length(places["alt"]), 0).to_numpy().astype(np.int64)
        return plan_variants(places["pos"].to_numpy() - 1, ref, alt, lengths, spec)

    def cut(self, genome: Sequences, places: pa.Table, plan: WindowPlan, spec: WindowSpec) -> Cut:
        """Cut the windows, and put ALT in place of REF in a copy."""
        ref = cut(genome, places["chrom"].to_pylist(), plan, spec.seq_len)
        alt, long_alts = ref.copy(), {}
        refs, alts = places["ref"].to_pylist(), [a.upper() for a in places["alt"].to_pylist()]
        strict = spec.policy == "strict"
        single = np.array([len(a) == 1 and (not strict or len(r) == 1) for r, a in zip(refs, alts, strict=True)], bool)
        at = np.flatnonzero(single)
        # A point change is one byte of a copy. What lies beyond the window (a tiny seq_len) changes nothing.
        letters = np.frombuffer("".join(alts[i] for i in at).encode("ascii"), np.uint8)
        alt[at, plan.anchor[at]] = np.frombuffer(enc.NORMALISED, np.uint8)[letters]
        width = ref.shape[1]
        for i in np.flatnonzero(~single).tolist():
            anchor = int(plan.anchor[i])
            bases = alts[i].encode("ascii").translate(enc.NORMALISED)
            if strict:
                chrom = places["chrom"][i].as_py()
                piece = _padded(genome, chrom, int(plan.start[i]), int(plan.fetch[i]), genome.lengths[chrom])
                whole = piece[:anchor] + bases + piece[anchor + len(refs[i]) :]
            else:
                before = ref[i].tobytes()
                whole = before[:anchor] + bases + before[anchor + 1 :]
                long_alts[i] = whole.decode("ascii")
            alt[i] = np.frombuffer(whole[:width], np.uint8)
        return Cut(dict(zip(self.sequences, (ref, alt), strict=True)), {self.sequences[1]: long_alts})


class Combination(Variant):
    """Several variants that come together, each with a window of its own."""

    input = "ref and alt sequence of each member"
    place = "member {member}, {chrom}:{pos} {ref}>{alt}"
    columns = ("chroms", "positions", "refs", "alts")
    sequences = ("ref_sequences", "alt_sequences")
    members = True
    anchors = ("unnest(chroms)", "unnest(positions) - 1")

    def places(self, rows: pa.Table) -> tuple[pa.Table, Int64Array | None]:
        """Lay members out one after the other; ``member`` is a member's place in its example, from 1."""
        lists = {name: rows[name].combine_chunks() for name in self.columns}
        sizes = {name: pc.fill_null(pc.list_value_length(values), 0).to_numpy().astype(np.int64) for name, values in lists.items()}
        n = sizes["chroms"]
        for name, found in sizes.items():
            if (wrong := np.flatnonzero(found != n)).size:
                i = int(wrong[0])
                raise ContractBroken(
                    f"example {rows['example_id'][i].as_py()} has {n[i]} chroms and {found[i]} {name}; expected one for each member"
                )
        if (alone := np.flatnonzero(n < 1)).size:
            raise ContractBroken(f"example {rows['example_id'][int(alone[0])].as_py()} has no members")
        offsets = _offsets(n)
        columns = {"chrom": "chroms", "pos": "positions", "ref": "refs", "alt": "alts"}
        owner = np.repeat(np.arange(len(n)), n)
        places = pa.table(
            {
                "example_id": rows["example_id"].take(pa.array(owner)),
                "member": pa.array(np.arange(offsets[-1]) - offsets[owner] + 1),
                **{name: lists[column].flatten() for name, column in columns.items()},
            }
        )
        return places, offsets


class Knockout(Kind):
    """A gene, as it is and knocked out."""

    input = "sequence of the gene's start as it is and knocked out"
    locus = columns = ("pos", "strand", "start", "end")
    sequences = ("wild_type_sequence", "knockout_sequence")
    settings = ("knockout",)

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_knockouts`."""
        start, end = (places[name].to_numpy() for name in ("start", "end"))
        return plan_knockouts(places["pos"].to_numpy() - 1, start, end, lengths, spec, minus=_minus(places))

    def cut(self, genome: Sequences, places: pa.Table, plan: WindowPlan, spec: WindowSpec) -> Cut:
        """Cut the windows, and take the gene's body out of a copy."""
        chroms, width = places["chrom"].to_pylist(), spec.seq_len
        start, end = (places[name].to_numpy() for name in ("start", "end"))
        wild_type = cut(genome, chroms, plan, width)
        # Where the body begins and ends in what is handed out, the gene's own direction.
        first = np.clip(np.where(plan.reverse, plan.end - end, start - plan.start), 0, width)
        last = np.clip(np.where(plan.reverse, plan.end - start, end - plan.start), 0, width)
        knocked_out = wild_type.copy()
        if spec.knockout == "masked":
            for i, (a, b) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
                knocked_out[i, a:b] = ord("N")
        else:
            tail = np.where(last > first, width - first, 0)  # bases from beyond the body
            for size in np.unique(tail[tail > 0]).tolist():  # most genes begin in the middle of their window: one size
                rows = np.flatnonzero(tail == size)
                reverse = plan.reverse[rows]
                begin = np.where(reverse, start[rows] - size, end[rows])
                beyond = _stretches(genome, [chroms[i] for i in rows.tolist()], begin, size)
                beyond[reverse] = enc.reverse_complement(beyond[reverse])
                knocked_out[rows, width - size :] = beyond
        return Cut(dict(zip(self.sequences, (wild_type, knocked_out), strict=True)))


KINDS: Final[dict[str, Kind]] = {
    "point": Point(),
    "variant": Variant(),
    "cage": Cage(),
    "combination": Combination(),
    "knockout": Knockout(),
}
"""The kinds by name; ``kind`` of a task's ``task.toml`` is one of them."""


def ref_checks(genome: Sequences, places: pa.Table, of: BoolArray) -> list[str]:
    """Compare REF with the genome at some places (``match``, ``n``, …); the others get an empty text."""
    some = places.filter(pa.array(of))
    found = check_reference(genome, *(some[c].to_pylist() for c in ("chrom", "pos", "ref", "alt")))
    checks = [""] * places.num_rows
    for i, check in zip(np.flatnonzero(of).tolist(), found, strict=True):
        checks[i] = check
    return checks


def cut(genome: Sequences, chroms: list[str], plan: WindowPlan, seq_len: int) -> Letters:
    """Cut windows of one length: uint8 (n, L), in the orientation that is handed out; what lies outside a contig is N.

    Raises:
        ContractBroken: If the windows are not of one length.
    """
    width = int(plan.length[0]) if len(plan) else seq_len
    if (plan.length != width).any():
        raise ContractBroken(
            f"windows of {sorted(set(plan.length.tolist()))} bases in one batch; intervals of odd length do not come out alike under"
            " window='lrb': use window='strict'"
        )
    letters = _stretches(genome, chroms, plan.start, width)
    if plan.reverse.any():
        letters[plan.reverse] = enc.reverse_complement(letters[plan.reverse])
    return letters


def _stretches(genome: Sequences, chroms: list[str], start: Int64Array, width: int) -> Letters:
    """Cut forward stretches of one length; what lies outside a contig is N."""
    n, lengths = len(chroms), genome.lengths
    outside = (start < 0) | (start + width > np.array([lengths[c] for c in chroms], np.int64))
    letters = np.empty((n, width), np.uint8)
    inside = np.flatnonzero(~outside)
    if len(inside) == n:
        genome.windows(chroms, start, width, out=letters) if n else None
        return letters
    if len(inside):
        letters[inside] = genome.windows([chroms[i] for i in inside], start[inside], width)
    for i in np.flatnonzero(outside).tolist():
        letters[i] = np.frombuffer(_padded(genome, chroms[i], int(start[i]), width, lengths[chroms[i]]), np.uint8)
    return letters


def _padded(genome: Sequences, chrom: str, start: int, length: int, contig_length: int) -> bytes:
    """Cut a stretch that may leave its contig, or lie beyond it; what lies outside is N."""
    first, last = max(start, 0), min(start + length, contig_length)
    if first >= last:
        return b"N" * length
    return b"N" * (first - start) + genome.fetch(chrom, first, last) + b"N" * (start + length - last)


def _offsets(sizes: Int64Array) -> Int64Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _minus(places: pa.Table) -> BoolArray:
    return np.asarray(pc.equal(places["strand"], "-").to_numpy())
