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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore import encoding as enc
from lrbstore.alleles import REF_CHECKS, check_reference
from lrbstore.bases import Sequences
from lrbstore.buffers import Buffers
from lrbstore.columns import Alleles, Rows
from lrbstore.errors import ContractBroken
from lrbstore.packing import joined, packed
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

Seen = Callable[[Int64Array, int], npt.NDArray[np.uint8] | None]  #: See :func:`ref_checks`.

_LONGEST_COMPARED = 64  #: Alleles up to this length are compared, and bases drawn in, all rows at once.


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

    def __len__(self) -> int:
        return len(self.plan) if self.offsets is None else len(self.offsets) - 1

    def take(self, rows: Rows) -> Windows:
        """Give the windows of some rows, by number or as a slice."""
        if self.offsets is None:
            return Windows(self.plan.take(rows))
        chosen = _numbered(rows, len(self))
        return Windows(self.plan.take(self.of(chosen)), _offsets(self.offsets[chosen + 1] - self.offsets[chosen]))

    def of(self, rows: Rows) -> Rows:
        """Number the windows of some rows, row after row; a slice where they are one."""
        if self.offsets is None:
            return rows
        chosen = _numbered(rows, len(self))
        first = self.offsets[chosen]
        sizes = self.offsets[chosen + 1] - first
        after = _offsets(sizes)
        return np.repeat(first - after[:-1], sizes) + np.arange(after[-1])

    def first_dropped(self, rows: npt.NDArray[Any]) -> Int64Array:
        """Number the first window that is not, of each of some rows that are not kept."""
        if self.offsets is None:
            return np.asarray(rows, np.int64)
        dropped = np.flatnonzero(~self.plan.kept)
        return np.asarray(dropped[np.searchsorted(dropped, self.offsets[rows])], np.int64)

    def packed(self) -> Windows:
        """Keep the same in fewer bytes, to take windows out of it; see :meth:`lrbstore.window.WindowPlan.packed`."""
        return Windows(self.plan.packed(), self.offsets)

    @classmethod
    def join(cls, pieces: Sequence[Windows]) -> Windows:
        """Put windows of rows one after the other."""
        plan = WindowPlan.join([piece.plan for piece in pieces])
        if any(piece.offsets is None for piece in pieces):
            return cls(plan)
        return cls(plan, _offsets(np.concatenate([np.diff(piece.offsets) for piece in pieces if piece.offsets is not None])))


@dataclass(frozen=True, eq=False)
class Spots:
    """Where windows lie and what is done to them, in arrays: one row a window.

    Attributes:
        contig: int32, place of the contig among the names that the spots were made with; -1 where it is none of them.
        numbers: int64, further columns of a kind's ``locus``.
        ref, alt: Alleles, where the kind has them.
    """

    contig: npt.NDArray[np.int32]
    numbers: dict[str, Int64Array] = field(default_factory=dict)
    ref: Alleles | None = None
    alt: Alleles | None = None

    def __len__(self) -> int:
        return len(self.contig)

    @property
    def alleles(self) -> tuple[Alleles, Alleles]:
        """REF and ALT of a kind that has them."""
        if self.ref is None or self.alt is None:
            raise TypeError("these are no spots of variants")
        return self.ref, self.alt

    def take(self, rows: Rows) -> Spots:
        """Give some of them."""
        numbers = {name: values[rows].astype(np.int64, copy=False) for name, values in self.numbers.items()}
        contig, ref, alt = self.contig[rows].astype(np.int32, copy=False), self.ref, self.alt
        return Spots(contig, numbers, None if ref is None else ref.take(rows), None if alt is None else alt.take(rows))

    def packed(self) -> Spots:
        """Keep the same in fewer bytes, to take spots out of it."""
        numbers, ref, alt = {name: packed(values) for name, values in self.numbers.items()}, self.ref, self.alt
        return Spots(packed(self.contig), numbers, None if ref is None else ref.packed(), None if alt is None else alt.packed())

    @classmethod
    def join(cls, pieces: Sequence[Spots]) -> Spots:
        """Put spots one after the other."""
        return cls(
            joined([piece.contig for piece in pieces]),
            {name: joined([piece.numbers[name] for piece in pieces]) for name in pieces[0].numbers},
            None if pieces[0].ref is None else Alleles.join([piece.ref for piece in pieces if piece.ref is not None]),
            None if pieces[0].alt is None else Alleles.join([piece.alt for piece in pieces if piece.alt is not None]),
        )


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
        numbers: Columns of ``locus`` that windows are cut by, or that :meth:`more` reads, beside what their plan says.
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
    numbers: tuple[str, ...] = ()

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

    def spots(self, places: pa.Table, contigs: Mapping[str, int]) -> Spots:
        """Turn places into arrays; ``contigs`` numbers the names of contigs."""
        encoded = places["chrom"].combine_chunks().dictionary_encode()
        table = np.array([*(contigs.get(name, -1) for name in encoded.dictionary.to_pylist()), -1], np.int32)
        contig = table[encoded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)]
        ref, alt = (Alleles.of(places[name]) if self.has_ref else None for name in ("ref", "alt"))
        return Spots(contig, {name: pc.fill_null(places[name], 0).to_numpy().astype(np.int64) for name in self.numbers}, ref, alt)

    def cut(self, genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, encoding: str, room: Buffers) -> dict[str, Any]:
        """Cut the windows of spots that all have one, straight into an encoding.

        Args:
            genome: What they are cut from; ``spots.contig`` are places in its ``lengths``.
            spots: n spots.
            plan: Their windows.
            spec: The settings of the windows.
            encoding: See :mod:`lrbstore.encoding`.
            room: Gives the arrays.

        Returns:
            Key of ``sequences`` → array, or list of str for ``text``. Under ``lrb`` a multi-base ALT makes the text longer than L.

        Raises:
            ContractBroken: If the windows are not of one length.
        """
        return {self.sequences[0]: as_asked(cut(genome, spots, plan, spec, _form(encoding), room), encoding)}

    def more(self, spots: Spots, plan: WindowPlan, spec: WindowSpec) -> dict[str, Any]:
        """Give further keys of a batch that follow from the windows."""
        del spots, plan, spec
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
    numbers = ("start", "end")

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_intervals`."""
        return plan_intervals(places["start"].to_numpy(), places["end"].to_numpy(), lengths, spec)

    def more(self, spots: Spots, plan: WindowPlan, spec: WindowSpec) -> dict[str, Any]:
        """Give the interval that the labels cover."""
        start, stop = cage_label_intervals(spots.numbers["start"], spots.numbers["end"], plan, spec)
        return {"labels_start": start, "labels_stop": stop}


class Variant(Kind):
    """REF and ALT at a place."""

    input = "ref and alt sequence"
    locus: tuple[str, ...] = ("pos", "ref", "alt")
    place = "{chrom}:{pos} {ref}>{alt}"
    columns: tuple[str, ...] = ("pos", "ref", "alt")
    numbers = ("pos",)
    sequences = ("ref_forward_sequence", "alt_forward_sequence")
    has_ref = True

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_variants`."""
        # The published loader never reads REF: a row without one has its window all the same. A strict one cannot be written.
        absent = 1 if spec.policy == "lrb" else 0
        ref = pc.fill_null(pc.binary_length(places["ref"]), absent).to_numpy().astype(np.int64)
        alt = pc.fill_null(pc.binary_length(places["alt"]), 0).to_numpy().astype(np.int64)
        return plan_variants(places["pos"].to_numpy() - 1, ref, alt, lengths, spec)

    def cut(self, genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, encoding: str, room: Buffers) -> dict[str, Any]:
        """Cut the windows, and put ALT in place of REF in a copy; see :meth:`Kind.cut`."""
        form, strict = _form(encoding), spec.policy == "strict"
        ref, alt = cut_twice(genome, spots, plan, spec, form, room)
        refs, alleles = spots.alleles
        replaced = refs.size if strict else np.ones(len(spots), np.int32)
        # A point change is one letter of a copy.
        single = (alleles.size == 1) & (replaced == 1)
        at = slice(None) if single.all() else np.flatnonzero(single)
        letters = enc.encode(alleles.letter[at][:, None], form)
        rows = np.arange(len(spots))[at]
        if form.startswith("one_hot"):
            alt[rows, :, plan.anchor[rows]] = letters[..., 0]
        else:
            alt[rows, plan.anchor[rows]] = letters[:, 0]
        others = np.flatnonzero(~single)
        if len(others):
            _replace(genome, spots, plan, others, alleles, replaced, (ref, alt), form)
        out = dict(zip(self.sequences, (as_asked(ref, encoding), as_asked(alt, encoding)), strict=True))
        if encoding == "text" and not strict:
            # The published loader's rule makes the text as much longer as ALT is.
            begin, size = alleles.span(others)
            letters = alleles.laid_out()
            for i, a, n in zip(others.tolist(), begin.tolist(), size.tolist(), strict=True):
                before, anchor = out[self.sequences[0]][i], int(plan.anchor[i])
                out[self.sequences[1]][i] = before[:anchor] + str(letters[a : a + n].data, "ascii") + before[anchor + 1 :]
        return out


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
    numbers = ("start", "end")
    sequences = ("wild_type_sequence", "knockout_sequence")
    settings = ("knockout",)

    def plan(self, places: pa.Table, lengths: Int64Array, spec: WindowSpec) -> WindowPlan:
        """See :func:`lrbstore.window.plan_knockouts`."""
        start, end = (places[name].to_numpy() for name in ("start", "end"))
        return plan_knockouts(places["pos"].to_numpy() - 1, start, end, lengths, spec, minus=_minus(places))

    def cut(self, genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, encoding: str, room: Buffers) -> dict[str, Any]:
        """Cut the windows, and take the gene's body out of a copy; see :meth:`Kind.cut`."""
        width, form = spec.seq_len, _form(encoding)
        start, end = (spots.numbers[name] for name in ("start", "end"))
        wild_type, knocked_out = cut_twice(genome, spots, plan, spec, form, room)
        # Where the body begins and ends in what is handed out, the gene's own direction.
        first = np.clip(np.where(plan.reverse, plan.end - end, start - plan.start), 0, width)
        last = np.clip(np.where(plan.reverse, plan.end - start, end - plan.start), 0, width)
        if spec.knockout == "masked":
            nothing = {"bytes": enc.N, "codes": 4}.get(form, 0)
            for row, a, b in zip(knocked_out, first.tolist(), last.tolist(), strict=True):  # a stretch of memory each
                row[..., a:b] = nothing
        else:
            tail = np.where(last > first, width - first, 0)  # bases from beyond the body
            for size in np.unique(tail[tail > 0]).tolist():  # most genes begin in the middle of their window: one size
                rows = np.flatnonzero(tail == size)
                reverse = plan.reverse[rows]
                begin = np.where(reverse, start[rows] - size, end[rows])
                knocked_out[rows, ..., width - size :] = _stretches(genome, spots.contig[rows], begin, size, form, reverse)
        return dict(zip(self.sequences, (as_asked(wild_type, encoding), as_asked(knocked_out, encoding)), strict=True))


KINDS: Final[dict[str, Kind]] = {
    "point": Point(),
    "variant": Variant(),
    "cage": Cage(),
    "combination": Combination(),
    "knockout": Knockout(),
}
"""The kinds by name; ``kind`` of a task's ``task.toml`` is one of them."""


def ref_checks(genome: Sequences, spots: Spots, seen: Seen | None = None) -> npt.NDArray[np.int8]:
    """Compare REF with the genome; see :func:`lrbstore.alleles.check_reference`.

    Args:
        genome: ``spots.contig`` are places in its ``lengths``.
        spots: n spots with REF and ALT; all on contigs of the genome.
        seen: Gives the genome's letters uint8 (rows, width) from POS on for some rows, if it has them: they need not be read again.

    Returns:
        int8 (n,), places in :data:`lrbstore.alleles.REF_CHECKS`.
    """
    ref, alt = spots.alleles
    code = {name: np.int8(place) for place, name in enumerate(REF_CHECKS)}
    longest = np.maximum(ref.size, alt.size)
    out = np.full(len(spots), code["unchecked"], np.int8)
    start = spots.numbers["pos"] - 1
    checked = ref.spelt & (longest <= _LONGEST_COMPARED)
    for rows in (np.flatnonzero(checked & (longest == 1)), np.flatnonzero(checked & (longest > 1))):
        if not len(rows):
            continue
        width, begin, room = int(longest[rows].max()), start[rows], genome.sizes[spots.contig[rows]]
        found = None if seen is None else seen(rows, width)
        if found is None:
            found = _stretches(genome, spots.contig[rows], begin, width, "bytes")
        is_there = (begin >= 0) & (begin + ref.size[rows] <= room)
        if width == 1:
            letter = found[:, 0]
            is_n, is_ref, is_alt = letter == enc.N, letter == ref.letter[rows], letter == alt.letter[rows]
        else:
            inside = np.arange(width)
            is_n = ((found == enc.N) & (inside < ref.size[rows][:, None])).any(axis=1)
            is_ref, is_alt = (_is_said(found, alleles, rows) for alleles in (ref, alt))
            is_alt &= begin + alt.size[rows] <= room
        said = np.where(is_alt & alt.spelt[rows], code["swapped"], code["mismatch"])
        said = np.where(is_n, code["n"], np.where(is_ref, code["match"], said))
        out[rows] = np.where(is_there, said, code["off_contig"])
    rest = np.flatnonzero(ref.spelt & (longest > _LONGEST_COMPARED))
    if len(rest):
        spelling = []
        for alleles in (ref, alt):
            begin, size = alleles.span(rest)
            letters, spelt = alleles.laid_out().tobytes(), alleles.spelt[rest].tolist()
            whole = zip(begin.tolist(), size.tolist(), spelt, strict=True)
            spelling.append([letters[a : a + n].decode() if is_spelt else None for a, n, is_spelt in whole])
        names = list(genome.lengths)
        chroms = [names[place] for place in spots.contig[rest].tolist()]
        out[rest] = [code[said] for said in check_reference(genome, chroms, spots.numbers["pos"][rest].tolist(), *spelling)]
    return out


def _is_said(found: npt.NDArray[np.uint8], alleles: Alleles, rows: Int64Array) -> BoolArray:
    """Tell which rows' letters, uint8 (rows, width), begin with their allele; none of them is longer than that."""
    begin, size = alleles.span(rows)
    inside, letters = np.arange(found.shape[1]), alleles.laid_out()
    said = letters[np.minimum(begin[:, None] + inside, len(letters) - 1)]
    return np.asarray(((found == said) | (inside >= size[:, None])).all(axis=1), np.bool_)


def seen_in(window: npt.NDArray[Any], form: str, anchor: Int64Array) -> Seen:
    """Look letters up in windows that were cut, from their anchors on; see :func:`ref_checks`."""

    def letters(rows: Int64Array, width: int) -> npt.NDArray[np.uint8] | None:
        at = anchor[rows][:, None] + np.arange(width)
        if at.max() >= window.shape[-1]:
            return None
        if form == "bytes":
            return np.asarray(window[rows[:, None], at], np.uint8)
        if form == "codes":
            return enc.from_codes(window[rows[:, None], at])
        hot = window[rows[:, None], :, at]
        return enc.from_codes(np.where(hot.any(axis=-1), hot.argmax(axis=-1), 4).astype(np.int8))

    return letters


def cut(genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, form: str, room: Buffers) -> npt.NDArray[Any]:
    """Cut windows of one length into an array, in the orientation that is handed out; what lies outside a contig is N.

    Raises:
        ContractBroken: If the windows are not of one length.
    """
    return _cut(genome, spots, plan, spec, form, room, 1)[0]


def cut_twice(
    genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, form: str, room: Buffers
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Cut windows as :func:`cut` does, into two arrays: one to stay as it is, one for something to be done to it."""
    first, second = _cut(genome, spots, plan, spec, form, room, 2)
    return first, second


def _cut(
    genome: Sequences, spots: Spots, plan: WindowPlan, spec: WindowSpec, form: str, room: Buffers, copies: int
) -> list[npt.NDArray[Any]]:
    width = int(plan.length[0]) if len(plan) else spec.seq_len
    if (plan.length != width).any():
        raise ContractBroken(
            f"windows of {sorted(set(plan.length.tolist()))} bases in one batch; intervals of odd length do not come out alike under"
            " window='lrb': use window='strict'"
        )
    shape, dtype = enc.encoded_form(form, len(plan), width)
    arrays = [room.empty(shape, dtype) for _ in range(copies)]
    if spec.edge == "pad":
        found = _stretches(genome, spots.contig, plan.start, width, form, plan.reverse)
        for array in arrays:
            array[...] = found
    elif len(plan):
        out, *twin = arrays
        genome.windows(spots.contig, plan.start, width, form, out, twin[0] if twin else None, plan.reverse)
    return arrays


def as_asked(sequences: npt.NDArray[Any], encoding: str) -> Any:
    """Turn letters into text where that was asked for."""
    return enc.to_text(sequences) if encoding == "text" else sequences


def _form(encoding: str) -> str:
    """Tell in which form sequences are worked on; text is made of the letters at the end."""
    return "bytes" if encoding == "text" else encoding


def _replace(
    genome: Sequences,
    spots: Spots,
    plan: WindowPlan,
    rows: Int64Array,
    alleles: Alleles,
    replaced: npt.NDArray[np.int32],
    pair: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    form: str,
) -> None:
    """Put ALT in the place of ``replaced`` bases in some rows of a copy, and let the genome after REF follow, up to the window's length.

    Such rows are few, and what is moved differs from row to row: each is a few copies of stretches.
    """
    ref, alt = pair
    width = ref.shape[-1]
    begin, size = alleles.span(rows)
    letters = enc.encode(alleles.laid_out()[None], form)[0]
    # What REF is longer than ALT is drawn in from beyond the window.
    anchor, end = plan.anchor[rows], np.minimum(plan.anchor[rows] + size, width)
    after = anchor + replaced[rows]
    held = np.clip(np.minimum(width - after, width - end), 0, None)
    lacking = width - end - held
    steps = (rows, anchor, end, after, held, begin)
    for i, a, b, c, n, at in zip(*(column.tolist() for column in steps), strict=True):
        to, of = alt[i], ref[i]
        to[..., a:b] = letters[..., at : at + b - a]
        to[..., b : b + n] = of[..., c : c + n]
    short, long = ((lacking > 0) & (lacking <= _LONGEST_COMPARED)), lacking > _LONGEST_COMPARED
    for some in [np.flatnonzero(short), *np.flatnonzero(long)[:, None]]:
        if len(some):
            most = int(lacking[some].max())
            beyond = _stretches(genome, spots.contig[rows[some]], (plan.start[rows] + after + held)[some], most, form)
            for i, piece, n in zip(rows[some].tolist(), beyond, lacking[some].tolist(), strict=True):
                alt[i, ..., width - n :] = piece[..., :n]


def _stretches(
    genome: Sequences,
    contig: npt.NDArray[Any],
    start: Int64Array,
    width: int,
    form: str,
    reverse: BoolArray | None = None,
) -> npt.NDArray[Any]:
    """Cut stretches of one length that may leave their contigs, or lie beyond them; what lies outside is N."""
    outside = (start < 0) | (start + width > genome.sizes[contig])
    if not outside.any():
        found: npt.NDArray[Any] = genome.windows(contig, start, width, form, reverse=reverse)
        return found
    letters = np.full((len(start), width), enc.N, np.uint8)
    inside = np.flatnonzero(~outside)
    letters[inside] = genome.windows(contig[inside], start[inside], width)
    names = list(genome.lengths)
    for i in np.flatnonzero(outside).tolist():
        begin, end = int(start[i]), int(start[i]) + width
        first, last = max(begin, 0), min(end, int(genome.sizes[contig[i]]))
        if first < last:
            letters[i, first - begin : last - begin] = np.frombuffer(genome.fetch(names[contig[i]], first, last), np.uint8)
    if reverse is not None:
        enc.turn(letters, reverse)
    out: npt.NDArray[Any] = enc.encode(letters, form)
    return out


def _numbered(rows: Rows, n: int) -> Int64Array:
    return np.arange(*rows.indices(n)) if isinstance(rows, slice) else rows


def _offsets(sizes: Int64Array) -> Int64Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _minus(places: pa.Table) -> BoolArray:
    return np.asarray(pc.equal(places["strand"], "-").to_numpy())
