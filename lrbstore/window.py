"""Decide where each example's window lies, which rows get none, and why: integer arithmetic on whole columns, no sequence is read.

Two policies, named in every dataset's fingerprint (``L`` is ``seq_len``, ``c`` the 0-based locus, ``//`` rounds down):

============  ==================================================  ==============================================================
              ``lrb``                                             ``strict``
============  ==================================================  ==============================================================
point         ``[c - L//2, c + L//2 + L%2)`` on both strands, so  the same on the plus strand; on the minus strand moved so that
              a minus-strand TSS is at ``L - 1 - L//2``           the TSS is at ``L//2`` of what is handed out
variant       as a plus-strand point; REF is never looked at      as a plus-strand point; fetches what ALT needs to be ``L`` long
gene          --                                                  as a point at the gene's TSS; a deleted gene draws in as many
                                                                  bases downstream as its body has inside the window
interval      ``p = (L - n)//2``: ``[s - p, e + p + L%2)``, which  the same start, always ``L`` long: where the parities of ``L``
              is ``L - 1`` or ``L + 1`` long for an odd ``n``     and ``n`` differ, the extra base is on the right
legal when    ``start >= 0`` and ``end < contig length``: a       ``start >= 0`` and ``start + fetch <= contig length``
              window that touches the contig's end is lost
otherwise     dropped, counted                                    ``edge``: dropped, padded, shifted inside, or an error
============  ==================================================  ==============================================================

``lrb`` is the published loading script of the Genomics Long-Range Benchmark (InstaDeepAI/genomics-long-range-benchmark,
``genomics-long-range-benchmark.py`` at 84cfc69), coordinate for coordinate. ``strict`` is what one would have expected of it.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lrbstore.errors import BadSpec, ContigNotFound, ContractBroken, OutOfContig, near_names
from lrbstore.packing import joined, packed

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

POLICIES: Final = ("lrb", "strict")
EDGES: Final = ("drop", "pad", "shift", "error")
REF_ACTIONS: Final = ("flag", "drop", "error")
KINDS: Final = ("point", "variant", "interval", "cage", "combination", "knockout")
KNOCKOUTS: Final = ("masked", "deleted")

REASON_TEXT: Final[dict[str, str]] = {
    "kept": "the row has a window",
    "off_contig_start": "the window, or what a deleted gene needs to its left, would begin before the contig's first base",
    "off_contig_end": "the window, or what a deletion needs to its right, would end after the contig's last base",
    "touches_contig_end": "the window ends exactly at the contig's end: valid, but the published loader drops it (window='lrb' only)",
    "contig_shorter_than_window": "the whole contig is shorter than what the window needs",
    "anchor_off_contig": "the point, the middle of the interval, or part of the REF allele (window='strict') is not on the contig",
    "contig_unknown": "the assembly has no contig of that name",
    "contig_not_in_genome": "the assembly has the contig, the registered genome does not",
    "allele_not_sequence": "an allele is missing or cannot be written as bases (symbolic, '*')",
    "ref_mismatch": "the REF allele is not what the genome has there (on_ref_mismatch='drop')",
    "contig_longer_than_window": "the whole contig is longer than seq_len, and only those that a window holds were asked for (fits=True)",
}
"""What each reason means, in the order of the codes."""

REASONS: Final[tuple[str, ...]] = tuple(REASON_TEXT)
"""Reasons by code: ``REASONS[plan.reason[i]]`` says why row ``i`` has no window; code 0 is ``kept``."""

CONTIG_UNKNOWN: Final = -1
"""In place of a contig's length: the assembly does not know the contig."""
CONTIG_NOT_IN_GENOME: Final = -2
"""In place of a contig's length: the assembly knows the contig, the registered genome lacks it."""

CAGE_BIN_BP: Final = 128
CAGE_BINS: Final = 896
CAGE_LABEL_BP: Final = CAGE_BIN_BP * CAGE_BINS  # 114,688 bp

# Beyond any human contig (chr1 has 248,956,422 bp), and small enough that no sum below can leave int64.
_LONGEST_SEQ_LEN: Final = 2**31 - 1
_FARTHEST_BP: Final = 2**40


@dataclass(frozen=True)
class WindowSpec:
    """Hold the validated settings of a window.

    Attributes:
        seq_len: Bases handed out per row, ``L``; any integer type, kept as ``int``.
        policy: ``"lrb"`` or ``"strict"`` (what users call ``window=``).
        edge: What ``strict`` does with a window that leaves its contig: ``"drop"`` it, ``"pad"`` it with N, ``"shift"`` it inside
            (its anchor index moves and is reported), or raise an ``"error"``. ``lrb`` always drops.
        on_ref_mismatch: ``"flag"``, ``"drop"`` or ``"error"``. ``lrb`` never compares REF with the genome, so it takes ``"flag"`` alone.
        knockout: How a knocked-out gene is written: ``"masked"`` (its bases in the window become N) or ``"deleted"`` (they are cut out,
            and the window goes on downstream). Other examples have no use for it.

    Raises:
        BadSpec: A setting that is unknown, or that the policy cannot honour.
    """

    seq_len: int
    policy: str
    edge: str = "drop"
    on_ref_mismatch: str = "flag"
    knockout: str = "masked"

    def __post_init__(self) -> None:
        _one_of("window", self.policy, POLICIES)
        _one_of("edge", self.edge, EDGES)
        _one_of("on_ref_mismatch", self.on_ref_mismatch, REF_ACTIONS)
        _one_of("knockout", self.knockout, KNOCKOUTS)
        object.__setattr__(self, "seq_len", _seq_len(self.seq_len))
        if self.policy == "lrb" and self.edge != "drop":
            raise BadSpec(
                f"edge={self.edge!r} does not go with window='lrb': the published loader drops every window that leaves its contig;"
                f" use edge='drop', or window='strict' with edge={self.edge!r}"
            )
        if self.policy == "lrb" and self.on_ref_mismatch != "flag":
            raise BadSpec(
                f"on_ref_mismatch={self.on_ref_mismatch!r} does not go with window='lrb': the published loader never compares REF with the"
                f" genome; use on_ref_mismatch='flag', or window='strict' with on_ref_mismatch={self.on_ref_mismatch!r}"
            )


@dataclass(frozen=True, eq=False)
class WindowPlan:
    """Hold one window per input row, in input order; rows without one keep the window that they would have had.

    All arrays have shape ``(n,)`` and are read-only. Positions are 0-based on the forward strand, lengths in bases.

    Attributes:
        start: int64, where the forward slice begins; negative only under ``edge="pad"`` or in a dropped row.
        length: int64, bases handed out: ``seq_len``, but for the odd intervals of ``lrb``.
        fetch: int64, bases to read from ``start`` on: ``length`` or more. A strict variant reads on to the right as far as REF goes and
            as its ALT needs, so that ``slice[:anchor] + ALT + slice[anchor + len(REF):]`` has at least ``length`` bases. A deleted gene
            on the minus strand reads on to the left: ``[start + length - fetch, start + length)``.
        reverse: bool, the slice is reverse-complemented before it is handed out.
        anchor: int64, index of the anchor base in the orientation handed out: the point (TSS), the variant's first REF base, the middle of
            the interval. Under ``strict`` it is ``seq_len // 2`` unless the window was shifted (for intervals see ``plan_intervals``).
        reason: int8, code into ``REASONS``; 0 where the row is kept.
    """

    start: Int64Array
    length: Int64Array
    fetch: Int64Array
    reverse: BoolArray
    anchor: Int64Array
    reason: npt.NDArray[np.int8]

    def __post_init__(self) -> None:
        for values in (self.start, self.length, self.fetch, self.reverse, self.anchor, self.reason):
            values.flags.writeable = False

    def __len__(self) -> int:
        return len(self.reason)

    @property
    def kept(self) -> BoolArray:
        """Say which rows have a window: bool, shape ``(n,)``."""
        return np.equal(self.reason, 0)

    @property
    def end(self) -> Int64Array:
        """Give the exclusive 0-based forward-strand end of what is handed out: int64, shape ``(n,)``."""
        return self.start + self.length

    def take(self, rows: npt.NDArray[Any] | slice) -> WindowPlan:
        """Give the windows of some rows, by number or as a slice."""
        start, length, fetch, anchor = (
            values[rows].astype(np.int64, copy=False) for values in (self.start, self.length, self.fetch, self.anchor)
        )
        return WindowPlan(start, length, fetch, self.reverse[rows], anchor, self.reason[rows])

    def packed(self) -> WindowPlan:
        """Keep the same in fewer bytes, to take windows out of it: its numbers are narrow until they are taken, and not to be added up."""
        return WindowPlan(**{field.name: packed(getattr(self, field.name)) for field in dataclasses.fields(self)})

    @classmethod
    def join(cls, plans: Sequence[WindowPlan]) -> WindowPlan:
        """Put plans one after the other; what packed ones all have (most often lengths, strands and reasons) takes no memory."""
        return cls(**{field.name: joined([getattr(plan, field.name) for plan in plans]) for field in dataclasses.fields(cls)})

    def counts(self) -> dict[str, int]:
        """Count the rows by reason, ``kept`` included; the sum is the number of rows, reasons without rows are left out."""
        return {name: int(n) for name, n in zip(REASONS, np.bincount(self.reason, minlength=len(REASONS)), strict=True) if n}

    def drop(self, rows: npt.ArrayLike, reason: str) -> WindowPlan:
        """Give a plan in which more rows are dropped, for a reason that their place does not tell (``ref_mismatch``).

        Args:
            rows: bool, shape ``(n,)``; rows that were dropped before keep their first reason.
            reason: One of ``REASONS``.

        Raises:
            BadSpec: An unknown reason, ``kept``, or a mask of another shape or type.
        """
        _one_of("reason", reason, REASONS[1:])
        mask = _mask("rows", rows, len(self))
        code = np.where(mask & self.kept, np.int8(REASONS.index(reason)), self.reason)
        return dataclasses.replace(self, reason=code)


def plan_points(
    position: npt.ArrayLike, contig_length: npt.ArrayLike, spec: WindowSpec, *, minus: npt.ArrayLike | None = None
) -> WindowPlan:
    """Plan windows around single bases (TSS, bin centres).

    Args:
        position: Integer, shape ``(n,)``, 0-based (``pos - 1``).
        contig_length: Integer, shape ``(n,)`` or a scalar, in bases; ``CONTIG_UNKNOWN`` or ``CONTIG_NOT_IN_GENOME`` where there is none.
        spec: The window's settings.
        minus: bool, shape ``(n,)``: rows on the minus strand, handed out reverse-complemented. None: all forward.

    Returns:
        One window per row.

    Raises:
        BadSpec: Columns that are not integers, or not of one length.
        ContractBroken: A position or contig length that no genome can have.
        ContigNotFound, OutOfContig: Under ``edge="error"``, for the first row that has no window.
    """
    position, contig_length = _columns(position=position, contig_length=contig_length)
    reverse = np.zeros(len(position), np.bool_) if minus is None else _mask("minus", minus, len(position))
    left = np.full(len(position), spec.seq_len // 2, np.int64)
    if spec.policy == "strict":
        # Reversal maps index i to L-1-i: for the anchor to come out at L//2 it has to go in at L-1-L//2.
        left[reverse] = spec.seq_len - 1 - spec.seq_len // 2
    length = np.full(len(position), spec.seq_len, np.int64)
    return _settle(
        position - left, length, anchor=position, locus_end=position + 1, contig_length=contig_length, spec=spec, reverse=reverse
    )


def plan_variants(
    position: npt.ArrayLike, ref_length: npt.ArrayLike, alt_length: npt.ArrayLike, contig_length: npt.ArrayLike, spec: WindowSpec
) -> WindowPlan:
    """Plan windows around variants, always on the forward strand.

    Under ``strict`` the left flank is the same for REF and ALT, and ALT is followed by the genome after REF, cut off at ``L`` bases. With
    the first REF base at index ``a`` the ALT sequence needs the genome up to ``position + ref_length + max(0, L - a - alt_length)``; a
    window is legal only if all of that is on the contig. An ALT longer than ``L - a`` is cut, a REF that reaches beyond the window is
    fetched whole so that it can be checked. ``lrb`` plans the REF window alone, as the loader does.

    Args:
        position: Integer, shape ``(n,)``, 0-based position of the first REF base (``pos - 1``).
        ref_length: Integer, shape ``(n,)`` or a scalar, bases of REF; not looked at under ``lrb``.
        alt_length: Integer, shape ``(n,)`` or a scalar, bases of ALT. 0 or less where an allele is missing or not made of bases: the
            row is dropped as ``allele_not_sequence`` under every ``edge``. (The loader takes any text for ALT and fails on none.)
        contig_length: As in ``plan_points``.
        spec: The window's settings.

    Returns:
        One window per row.

    Raises:
        BadSpec, ContractBroken, ContigNotFound, OutOfContig: As ``plan_points``.
    """
    position, ref_length, alt_length, contig_length = _columns(
        position=position, ref_length=ref_length, alt_length=alt_length, contig_length=contig_length
    )
    length = np.full(len(position), spec.seq_len, np.int64)
    start = position - spec.seq_len // 2
    if spec.policy == "lrb":
        ref_end, lost, no_allele = position + 1, np.zeros_like(position), alt_length < 1
    else:
        no_allele = (ref_length < 1) | (alt_length < 1)
        ref_end = position + np.maximum(ref_length, 1)
        lost = np.where(no_allele, 0, np.maximum(ref_length - alt_length, 0))  # bases that a deletion draws in from the right
    return _settle(
        start,
        length,
        anchor=position,
        locus_end=ref_end,
        contig_length=contig_length,
        spec=spec,
        least_fetch=length + lost,
        no_allele=no_allele,
    )


def plan_knockouts(
    position: npt.ArrayLike,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    contig_length: npt.ArrayLike,
    spec: WindowSpec,
    *,
    minus: npt.ArrayLike,
) -> WindowPlan:
    """Plan windows around the TSSs of genes that are knocked out, ``strict`` alone: as ``plan_points``, TSS at ``L // 2``, both strands.

    Under ``knockout="deleted"`` the gene's body is cut out, and the window goes on with what lies downstream of it: it needs as many more
    bases as the body has between the window's beginning and the body's end, to the right on the plus strand, to the left on the minus
    strand. A window is legal only if all of that is on the contig.

    Args:
        position: Integer, shape ``(n,)``, 0-based TSS; a base of the gene.
        start: Integer, shape ``(n,)``, 0-based first base of the gene's body.
        end: Integer, shape ``(n,)``, 0-based, exclusive.
        contig_length: As in ``plan_points``.
        spec: The window's settings.
        minus: bool, shape ``(n,)``: genes on the minus strand.

    Returns:
        One window per row: that of the gene as it is.

    Raises:
        BadSpec, ContigNotFound, OutOfContig: As ``plan_points``; and for ``window="lrb"``, which knows no knockouts.
        ContractBroken: As ``plan_points``, and where a TSS lies outside its gene.
    """
    if spec.policy != "strict":
        raise BadSpec(f"window={spec.policy!r} has no rule for a knocked-out gene; use window='strict'")
    position, start, end, contig_length = _columns(position=position, start=start, end=end, contig_length=contig_length)
    reverse = _mask("minus", minus, len(position))
    if (wrong := np.flatnonzero((position < start) | (position >= end))).size:
        row = int(wrong[0])
        raise ContractBroken.of_row(
            row,
            f"the TSS {position[row]} is no base of its gene [{start[row]}, {end[row]}); expected 0-based, start <= TSS < end"
            f" ({wrong.size} such rows)",
        )
    # Seen along its transcription every gene lies on the plus strand: on a minus strand, bases are counted from the contig's end.
    tss = np.where(reverse, contig_length - 1 - position, position)
    first = np.where(reverse, contig_length - end, start)
    last = np.where(reverse, contig_length - start, end)
    begin = tss - spec.seq_len // 2
    length = np.full(len(position), spec.seq_len, np.int64)
    drawn_in = np.zeros(len(position), np.int64)
    if spec.knockout == "deleted":
        drawn_in = last - np.maximum(first, begin)
        if spec.edge == "shift":  # a window that has to move begins before the gene, with the whole body still to come
            drawn_in = np.where(begin + length + drawn_in > contig_length, last - first, drawn_in)
    along = _settle(
        begin,
        length,
        anchor=tss,
        locus_end=tss + 1,
        contig_length=contig_length,
        spec=dataclasses.replace(spec, edge="drop") if spec.edge == "error" else spec,
        least_fetch=length + drawn_in,
    )
    code = {name: np.int8(REASONS.index(name)) for name in ("off_contig_start", "off_contig_end")}
    # A shift that would push the TSS out of its own window (it is no first base of its gene) is none.
    reason = np.where(along.kept & (along.anchor >= length), code["off_contig_end"], along.reason)
    swapped = np.select(
        [reason == code["off_contig_start"], reason == code["off_contig_end"]], [code["off_contig_end"], code["off_contig_start"]], reason
    )
    plan = WindowPlan(
        start=np.where(reverse, contig_length - along.start - length, along.start),
        length=length,
        fetch=along.fetch,
        reverse=reverse,
        anchor=along.anchor,
        reason=np.where(reverse, swapped, reason).astype(np.int8),
    )
    if spec.edge == "error":
        _raise_first(plan, contig_length, spec)
    return plan


def plan_intervals(start: npt.ArrayLike, end: npt.ArrayLike, contig_length: npt.ArrayLike, spec: WindowSpec) -> WindowPlan:
    """Plan windows centred on intervals; an interval longer than the window is cropped on both sides.

    Both policies begin at ``start - (L - n) // 2``, ``n`` being the interval's length; ``strict`` then has exactly ``L`` bases, so that an
    odd base over is on the right. The anchor is the interval's middle base ``start + n // 2``: index ``L // 2``, or ``L // 2 - 1`` where
    ``L`` is even and ``n`` odd.

    Args:
        start: Integer, shape ``(n,)``, 0-based.
        end: Integer, shape ``(n,)``, 0-based, exclusive.
        contig_length: As in ``plan_points``.
        spec: The window's settings.

    Returns:
        One window per row.

    Raises:
        BadSpec, ContigNotFound, OutOfContig: As ``plan_points``.
        ContractBroken: As ``plan_points``, and where an interval ends before it starts.
    """
    start, end, contig_length = _columns(start=start, end=end, contig_length=contig_length)
    size = end - start
    if (wrong := np.flatnonzero(size < 0)).size:
        row = int(wrong[0])
        raise ContractBroken.of_row(
            row,
            f"the interval [{start[row]}, {end[row]}) ends before it starts; expected start <= end, 0-based half-open"
            f" ({wrong.size} such rows)",
        )
    pad = (spec.seq_len - size) // 2  # numpy rounds down like the loader: a negative pad crops
    first = start - pad
    length = np.full(len(start), spec.seq_len, np.int64)
    if spec.policy == "lrb":
        # The loader lets `end == 0` pass for "no end": such a row has start <= 0 and comes out alike either way.
        length = size + 2 * pad + spec.seq_len % 2
    middle = start + size // 2
    return _settle(first, length, anchor=middle, locus_end=middle + 1, contig_length=contig_length, spec=spec)


def cage_bins(seq_len: int, policy: str) -> tuple[int, int]:
    """Give the central label bins that go with a CAGE window, out of 896 bins of 128 bp (114,688 bp).

    From 114,688 bp on it is all of them, and the sequence reaches beyond the labels on both sides. Below, both policies take multiples of
    256 bp (as many bins on the left as on the right). Above, ``strict`` still does; ``lrb`` takes what the loader serves: every length
    whose ``L // 128`` is even. The loader also accepts shorter lengths whose labels then have another shape than declared (300), or none
    (114,433 to 114,559): those are refused, a named deviation.

    Returns:
        First bin (0-based) and number of bins.

    Raises:
        BadSpec: A length that cannot be served, with the next ones that can.
    """
    _one_of("window", policy, POLICIES)
    length = _seq_len(seq_len)
    below = length // (2 * CAGE_BIN_BP) * 2 * CAGE_BIN_BP
    if length >= CAGE_LABEL_BP:
        if length != below and not (policy == "lrb" and length // CAGE_BIN_BP % 2 == 0):
            rule = "seq_len // 128 must be even" if policy == "lrb" else "it must be a multiple of 256 bp (an even number of 128-bp bins)"
            raise _bad_cage(length, policy, rule, below)
        return 0, CAGE_BINS
    if length != below:
        rule = f"below {CAGE_LABEL_BP:,} bp it must be a multiple of 256 bp (an even number of 128-bp bins, all of them inside the window)"
        raise _bad_cage(length, policy, rule, below)
    bins = length // CAGE_BIN_BP
    return (CAGE_BINS - bins) // 2, bins


def cage_label_intervals(start: npt.ArrayLike, end: npt.ArrayLike, plan: WindowPlan, spec: WindowSpec) -> tuple[Int64Array, Int64Array]:
    """Give the genomic interval that the labels of each CAGE window cover (``labels_start``, ``labels_stop``).

    ``lrb`` says what the loader says: the sequence's own window below 114,688 bp, else the interval as it is in the file. ``strict``
    counts the handed-out bins from the interval's start, so that labels stay where they are when a window is shifted.

    Args:
        start: Integer, shape ``(n,)``, 0-based start of the 896 labelled bins.
        end: Integer, shape ``(n,)``, their exclusive end.
        plan: What ``plan_intervals`` gave for these rows.
        spec: The settings that it was made with.

    Returns:
        int64 starts and exclusive ends, 0-based, shape ``(n,)`` each.

    Raises:
        BadSpec: A length that CAGE cannot serve, or columns that do not fit the plan.
    """
    first_bin, bins = cage_bins(spec.seq_len, spec.policy)
    start, end, _ = _columns(start=start, end=end, start_of_window=plan.start)
    if spec.policy == "strict":
        first = start + first_bin * CAGE_BIN_BP
        return first, first + bins * CAGE_BIN_BP
    return (start, end) if spec.seq_len >= CAGE_LABEL_BP else (plan.start, plan.end)


def check_seq_len(
    seq_len: int, *, kind: str, policy: str, longest_contig: int | None = None, edge: str = "drop", shortest: int | None = None
) -> int:
    """Check a requested length against what a task can serve, before any row is looked at.

    Args:
        seq_len: Requested length in bases; Python and numpy integers are taken, ``True`` is not.
        kind: ``"point"``, ``"variant"``, ``"interval"``, ``"cage"``, ``"combination"`` or ``"knockout"``; CAGE has rules of its own
            (``cage_bins``), and a knockout has no ``lrb``.
        policy: ``"lrb"`` or ``"strict"``.
        longest_contig: Length in bases of the longest contig that the task's rows lie on; None: not known, not checked.
        edge: As in ``WindowSpec``; with ``"pad"`` a window may be longer than every contig.
        shortest: The task's own least length (200 for the chromatin and regulatory tasks of the benchmark); None: 1.

    Returns:
        The length as ``int``.

    Raises:
        BadSpec: A length that cannot be served.
    """
    _one_of("kind", kind, KINDS)
    length = WindowSpec(seq_len, policy, edge).seq_len
    if shortest is not None and length < shortest:
        raise BadSpec(f"seq_len={length:,} is shorter than this task allows; expected at least {shortest:,} bp")
    if kind == "cage":
        cage_bins(length, policy)
    if kind == "knockout" and policy != "strict":
        raise BadSpec(f"window={policy!r} has no rule for a knocked-out gene; use window='strict'")
    if longest_contig is not None and length > longest_contig and edge != "pad":
        raise BadSpec(
            f"seq_len={length:,} is longer than the longest contig ({longest_contig:,} bp), so that no window fits;"
            + (" ask for less" if policy == "lrb" else " ask for less, or pad with N by edge='pad'")
        )
    return length


def _settle(
    start: Int64Array,
    length: Int64Array,
    *,
    anchor: Int64Array,
    locus_end: Int64Array,
    contig_length: Int64Array,
    spec: WindowSpec,
    least_fetch: Int64Array | None = None,
    reverse: BoolArray | None = None,
    no_allele: BoolArray | None = None,
) -> WindowPlan:
    """Compare wished-for windows with their contigs, and drop, pad, shift or raise.

    ``anchor`` and ``locus_end`` are genomic (0-based, exclusive end): what must be on the contig whatever the edge rule, and be fetched.
    ``least_fetch`` (else ``length``) does not depend on where the window lies, so it also bounds how far right a shifted one may go.
    """
    n = len(start)
    least_fetch = length if least_fetch is None else least_fetch
    reverse = np.zeros(n, np.bool_) if reverse is None else reverse
    no_allele = np.zeros(n, np.bool_) if no_allele is None else no_allele
    anchor_off = (anchor < 0) | (locus_end > contig_length)
    too_short = least_fetch > contig_length
    last_start = contig_length - least_fetch
    if spec.edge == "shift":
        start = np.where(too_short | anchor_off, start, np.clip(start, 0, np.maximum(last_start, 0)))
    leaves = spec.edge != "pad"
    touches = np.full(n, spec.policy == "lrb") & (start == last_start)
    tests: dict[str, BoolArray] = {  # the first that holds names the row
        "contig_unknown": contig_length == CONTIG_UNKNOWN,
        "contig_not_in_genome": contig_length == CONTIG_NOT_IN_GENOME,
        "allele_not_sequence": no_allele,
        "anchor_off_contig": anchor_off,
        "contig_shorter_than_window": too_short & leaves,
        "off_contig_start": (start < 0) & leaves,
        "off_contig_end": (start > last_start) & leaves,
        "touches_contig_end": touches,
    }
    codes = [np.int8(REASONS.index(name)) for name in tests]
    plan = WindowPlan(
        start=start,
        length=length,
        fetch=np.maximum(start + least_fetch, locus_end) - start,
        reverse=reverse,
        anchor=np.where(reverse, length - 1 - (anchor - start), anchor - start),
        reason=np.select(list(tests.values()), codes, np.int8(0)).astype(np.int8),
    )
    if spec.edge == "error":
        _raise_first(plan, contig_length, spec)
    return plan


def _raise_first(plan: WindowPlan, contig_length: Int64Array, spec: WindowSpec) -> None:
    """Raise for the first row whose contig is missing or that leaves its contig; a missing allele is no matter of edges."""
    wrong = np.flatnonzero(~plan.kept & (plan.reason != REASONS.index("allele_not_sequence")))
    if not wrong.size:
        return
    row = int(wrong[0])
    reason, begin, contig = REASONS[plan.reason[row]], int(plan.start[row]), int(contig_length[row])
    if plan.reverse[row]:  # what a deleted gene needs more lies to the left
        begin -= int(plan.fetch[row] - plan.length[row])
    more = f" ({wrong.size - 1:,} more rows fail)" if wrong.size > 1 else ""
    if reason in ("contig_unknown", "contig_not_in_genome"):
        raise ContigNotFound.of_row(
            row, f"{REASON_TEXT[reason]}{more}; register a genome that has it, or count such rows in the ledger with edge='drop'"
        )
    needed = f"[{begin:,}, {begin + int(plan.fetch[row]):,})"
    raise OutOfContig.of_row(
        row,
        f"the window needs {needed} of a contig with {contig:,} bp (seq_len={spec.seq_len:,}): {REASON_TEXT[reason]}{more};"
        " use edge='drop', 'pad' or 'shift', or a shorter seq_len",
    )


def _seq_len(value: object) -> int:
    """Give a length as ``int``, or say what is wrong with it."""
    try:
        # bool is an int to Python, but True is no length.
        length = None if isinstance(value, bool | np.bool_) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        length = None
    if length is None:
        raise BadSpec(f"seq_len={value!r} ({type(value).__name__}) is not a length; expected a whole number of bases, 1 or more")
    if length < 1:
        raise BadSpec(f"seq_len={length} is not a length; expected 1 base or more")
    if length > _LONGEST_SEQ_LEN:
        raise BadSpec(f"seq_len={length:,} is longer than any contig; expected at most {_LONGEST_SEQ_LEN:,} bases")
    return length


def _one_of(setting: str, value: object, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise BadSpec(f"{setting}={value!r} is not known{near_names(str(value), known, setting)}")


def _bad_cage(length: int, policy: str, rule: str, below: int) -> BadSpec:
    near = " or ".join(f"{candidate:,}" for candidate in (below, below + 2 * CAGE_BIN_BP) if candidate)
    return BadSpec(f"seq_len={length:,} cannot be served for CAGE with window={policy!r}: {rule}; nearest: {near}")


def _columns(**columns: npt.ArrayLike) -> tuple[Int64Array, ...]:
    """Give integer columns as int64 arrays of one length; the first sets the length, scalars are repeated."""
    given = {name: np.asarray(values) for name, values in columns.items()}
    first, array = next(iter(given.items()))
    n = array.size
    checked = []
    for name, values in given.items():
        if values.dtype.kind not in "iu" and values.size:
            raise BadSpec(f"{name} has type {values.dtype}; expected integers without nulls")
        if values.ndim > 1 or (values.ndim == 1 and values.size != n):
            raise BadSpec(f"{name} has shape {values.shape}; expected one value for each of the {n:,} rows of {first}")
        if (far := np.flatnonzero((values < -_FARTHEST_BP) | (values > _FARTHEST_BP))).size:
            row = int(far[0])
            raise ContractBroken.of_row(row, f"{name} is {np.atleast_1d(values)[row]}; expected bases on a contig")
        checked.append(np.broadcast_to(values.astype(np.int64), (n,)))
    lengths = dict(zip(given, checked, strict=True)).get("contig_length")
    if lengths is not None and (wrong := np.flatnonzero(lengths < CONTIG_NOT_IN_GENOME)).size:
        row = int(wrong[0])
        raise ContractBroken.of_row(
            row,
            f"contig_length is {lengths[row]}; expected bases, {CONTIG_UNKNOWN} (contig unknown)"
            f" or {CONTIG_NOT_IN_GENOME} (contig not in genome)",
        )
    return tuple(checked)


def _mask(name: str, values: npt.ArrayLike, n: int) -> BoolArray:
    """Give a bool column of ``n`` rows as an array of its own."""
    mask = np.array(values)
    if mask.size == 0 and n == 0:
        return np.zeros(0, np.bool_)
    if mask.dtype != np.bool_ or mask.shape != (n,):
        raise BadSpec(f"{name} has type {mask.dtype} and shape {mask.shape}; expected bool, one value for each of the {n:,} rows")
    return mask
