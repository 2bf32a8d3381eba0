import csv
import gzip
import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore.errors import BadSpec, ContigNotFound, ContractBroken, OutOfContig
from lrbstore.window import (
    CAGE_BINS,
    CAGE_LABEL_BP,
    CONTIG_NOT_IN_GENOME,
    CONTIG_UNKNOWN,
    EDGES,
    REASON_TEXT,
    REASONS,
    WindowPlan,
    WindowSpec,
    cage_bins,
    cage_label_intervals,
    check_seq_len,
    plan_intervals,
    plan_points,
    plan_variants,
)

REAL = Path(__file__).resolve().parents[1].parent / "shared" / "realdata"

quick = settings(max_examples=200, deadline=None, database=None)


def toy_contig(length: int, seed: int = 7) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def reverse_complement(sequence: str) -> str:
    return sequence[::-1].translate(str.maketrans("ACGTN", "TGCAN"))


def bases(contig: str, start: int, stop: int) -> str:
    """A slice that is N where the contig has no base."""
    return "".join(contig[i] if 0 <= i < len(contig) else "N" for i in range(start, stop))


def handed_out(contig: str, plan: WindowPlan, row: int) -> str:
    piece = bases(contig, int(plan.start[row]), int(plan.end[row]))
    return reverse_complement(piece) if plan.reverse[row] else piece


def reason(plan: WindowPlan, row: int = 0) -> str:
    return REASONS[plan.reason[row]]


# --- lrb: the published loader's rules, restated on strings -------------------------------------------------------------------------


def loader_window(contig: str, first: int, stop: int, minus: bool = False) -> str | None:
    if first < 0 or stop >= len(contig):
        return None
    return reverse_complement(contig[first:stop]) if minus else contig[first:stop]


def loader_point(contig: str, pos: int, length: int, minus: bool = False) -> str | None:
    centre = pos - 1
    return loader_window(contig, centre - length // 2, centre + length // 2 + length % 2, minus)


def loader_interval(contig: str, start: int, stop: int, length: int) -> str | None:
    if not stop:  # 0 passes for "none given"
        return loader_point(contig, start + 1, length)
    half = (length - (stop - start)) // 2
    return loader_window(contig, start - half, stop + half + length % 2)


@pytest.mark.parametrize("contig_length", [1, 2, 17, 24])
def test_lrb_points_equal_the_loader_at_every_position_length_and_strand(contig_length):
    contig = toy_contig(contig_length)
    pos = np.arange(-2, contig_length + 4)
    for length in range(1, contig_length + 4):
        for minus in (False, True):
            plan = plan_points(pos - 1, contig_length, WindowSpec(length, "lrb"), minus=np.full(len(pos), minus))
            for row, p in enumerate(pos.tolist()):
                expected = loader_point(contig, p, length, minus)
                assert bool(plan.kept[row]) == (expected is not None), (p, length)
                if expected is not None:
                    assert handed_out(contig, plan, row) == expected
                    base = reverse_complement(contig[p - 1]) if minus else contig[p - 1]
                    assert expected[plan.anchor[row]] == base
                    assert plan.anchor[row] == (length - 1 - length // 2 if minus else length // 2)


def test_lrb_puts_a_minus_strand_tss_one_base_early_for_even_lengths_only():
    plan = plan_points([50, 50], 100, WindowSpec(10, "lrb"), minus=[False, True])
    assert plan.anchor.tolist() == [5, 4]
    assert plan.start.tolist() == [45, 45]
    assert plan_points([50, 50], 100, WindowSpec(11, "lrb"), minus=[False, True]).anchor.tolist() == [5, 5]


def test_lrb_intervals_equal_the_loader_for_even_and_odd_intervals_and_lengths():
    contig = toy_contig(21)
    rows = [(s, e) for s in range(-2, 24) for e in range(s, min(s + 9, 25))]
    starts, ends = (np.array(column) for column in zip(*rows, strict=True))
    for length in range(1, 25):
        plan = plan_intervals(starts, ends, len(contig), WindowSpec(length, "lrb"))
        for row, (s, e) in enumerate(rows):
            expected = loader_interval(contig, s, e, length)
            assert bool(plan.kept[row]) == (expected is not None), (s, e, length)
            if expected is not None:
                assert handed_out(contig, plan, row) == expected
                assert len(expected) == plan.length[row] == plan.fetch[row]
                assert plan.start[row] + plan.anchor[row] == s + (e - s) // 2
                assert 0 <= plan.anchor[row] < plan.length[row]


@pytest.mark.parametrize(("length", "size", "out"), [(10, 4, 10), (10, 5, 9), (11, 4, 11), (11, 5, 12), (4, 7, 3), (3, 7, 4), (3, 8, 3)])
def test_lrb_odd_intervals_come_out_one_base_short_or_long(length, size, out):
    plan = plan_intervals([50], [50 + size], 200, WindowSpec(length, "lrb"))
    assert plan.length.tolist() == [out]
    assert plan.kept.all()


def test_lrb_variants_are_planned_like_points_and_ref_is_not_looked_at():
    contig = toy_contig(19)
    position = np.arange(len(contig))
    for length in range(1, 20):
        plan = plan_variants(position, np.full(19, 500), 1, 19, WindowSpec(length, "lrb"))
        for row in range(19):
            expected = loader_point(contig, row + 1, length)
            assert bool(plan.kept[row]) == (expected is not None)
            if expected is not None:
                assert handed_out(contig, plan, row) == expected
                assert plan.anchor[row] == length // 2
                assert plan.fetch[row] == length


def test_the_last_window_of_a_contig_is_lost_under_lrb_and_kept_under_strict():
    position = [95, 94]  # 0-based, L=10, contig of 100: [90, 100) and [89, 99)
    lrb = plan_points(position, 100, WindowSpec(10, "lrb"))
    assert lrb.counts() == {"kept": 1, "touches_contig_end": 1}
    assert reason(lrb, 0) == "touches_contig_end"
    assert plan_points(position, 100, WindowSpec(10, "strict")).kept.all()


# --- strict ---------------------------------------------------------------------------------------------------------------------------

lengths = st.integers(1, 40)
contig_lengths = st.integers(1, 60)


@quick
@given(contig_lengths, lengths, st.booleans(), st.sampled_from(["drop", "shift", "pad"]), st.data())
def test_strict_points_are_exactly_as_long_as_asked_with_the_anchor_where_it_is_said(n, length, minus, edge, data):
    contig = toy_contig(n)
    c = data.draw(st.integers(0, n - 1))
    plan = plan_points([c], n, WindowSpec(length, "strict", edge), minus=[minus])
    left = length - 1 - length // 2 if minus else length // 2
    fits = c - left >= 0 and c - left + length <= n
    assert plan.kept[0] == {"drop": fits, "shift": length <= n, "pad": True}[edge]
    assert plan.length[0] == plan.fetch[0] == length
    if not plan.kept[0]:
        assert plan.start[0] == c - left  # the ledger shows the window that was wished for
        return
    if edge != "pad":
        assert 0 <= plan.start[0] <= plan.end[0] <= n
    if edge != "shift" or fits:
        assert plan.start[0] == c - left
        assert plan.anchor[0] == length // 2
    sequence = handed_out(contig, plan, 0)
    assert len(sequence) == length
    assert sequence[plan.anchor[0]] == (reverse_complement(contig[c]) if minus else contig[c])


@quick
@given(contig_lengths, lengths, st.sampled_from(["drop", "shift", "pad"]), st.data())
def test_strict_intervals_are_exactly_as_long_as_asked_and_centred(n, length, edge, data):
    s = data.draw(st.integers(0, n - 1))
    e = data.draw(st.integers(s, n))
    if s == e:
        e += 1
    plan = plan_intervals([s], [e], n, WindowSpec(length, "strict", edge))
    wished = plan_intervals([s], [e], n, WindowSpec(length, "strict", "pad"))
    left, right = s - int(wished.start[0]), int(wished.end[0]) - e  # negative where the interval is cropped
    assert right - left == (length - (e - s)) % 2  # centred, what is over lies on the right
    assert plan.length[0] == length
    fits = wished.start[0] >= 0 and wished.end[0] <= n
    assert plan.kept[0] == {"drop": fits, "shift": length <= n, "pad": True}[edge]
    if plan.kept[0]:
        assert plan.start[0] + plan.anchor[0] == (s + e) // 2
        assert 0 <= plan.anchor[0] < length
        if edge != "shift" or fits:
            assert plan.start[0] == wished.start[0]
            assert plan.anchor[0] == length // 2 - (length % 2 == 0 and (e - s) % 2 == 1)
        if edge != "pad":
            assert plan.start[0] >= 0
            assert plan.end[0] <= n


def assemble(contig: str, plan: WindowPlan, ref_length: int, alt: str) -> tuple[str, str]:
    """Cut REF and ALT sequence from the fetched slice alone, as a reader of a plan would."""
    piece = bases(contig, int(plan.start[0]), int(plan.start[0] + plan.fetch[0]))
    anchor, length = int(plan.anchor[0]), int(plan.length[0])
    return piece[:length], (piece[:anchor] + alt + piece[anchor + ref_length :])[:length]


def legal_variant_starts(contig: str, c: int, ref_length: int, alt: str, length: int) -> list[int]:
    """Where both windows are whole, found by writing the allele into the whole contig."""
    mutated = contig[:c] + alt + contig[c + ref_length :]
    whole = [s for s in range(len(contig)) if len(contig[s : s + length]) == len(mutated[s : s + length]) == length]
    return [s for s in whole if s <= c < s + length]


@quick
@given(contig_lengths, lengths, st.text("ACGT", min_size=1, max_size=25), st.sampled_from(["drop", "shift", "pad"]), st.data())
def test_strict_variants_keep_both_alleles_at_the_asked_length(n, length, alt, edge, data):
    contig = toy_contig(n)
    c = data.draw(st.integers(0, n - 1))
    ref_length = data.draw(st.integers(1, n - c))
    plan = plan_variants([c], [ref_length], [len(alt)], n, WindowSpec(length, "strict", edge))
    wished = c - length // 2
    legal = legal_variant_starts(contig, c, ref_length, alt, length)
    assert plan.kept[0] == {"drop": wished in legal, "shift": bool(legal), "pad": True}[edge]
    assert plan.fetch[0] >= plan.length[0] == length
    if not plan.kept[0]:
        return
    start = int(plan.start[0])
    assert start == (min(legal, key=lambda s: abs(s - wished)) if edge == "shift" else wished)
    assert start + plan.anchor[0] == c
    assert 0 <= plan.anchor[0] < length
    assert edge == "shift" or plan.anchor[0] == length // 2
    if edge != "pad":
        assert start + plan.fetch[0] <= n
    ref_sequence, alt_sequence = assemble(contig, plan, ref_length, alt)
    margin = "N" * 100
    mutated = margin + contig[:c] + alt + contig[c + ref_length :] + margin
    assert ref_sequence == bases(contig, start, start + length)
    assert alt_sequence == mutated[100 + start : 100 + start + length]
    assert len(alt_sequence) == length
    # REF is read whole, so that it can be checked, and nothing is read that neither the check nor ALT uses
    right_of_anchor = length - int(plan.anchor[0])
    used = [length, plan.anchor[0] + ref_length, plan.anchor[0] + ref_length + right_of_anchor - len(alt)]
    assert plan.fetch[0] == max(used)


def test_a_strict_deletion_needs_as_many_bases_more_on_the_right_as_it_deletes():
    spec = WindowSpec(10, "strict")
    plan = plan_variants([50, 50, 50, 93, 92], [4, 1, 1, 4, 4], [1, 4, 1, 1, 1], 100, spec)
    assert plan.start.tolist()[:3] == [45, 45, 45]
    assert plan.fetch.tolist()[:3] == [13, 10, 10]
    assert [reason(plan, row) for row in range(5)] == ["kept", "kept", "kept", "off_contig_end", "kept"]


def test_the_whole_alphabet_of_reasons_under_each_edge():
    spec = {edge: WindowSpec(20, "strict", edge) for edge in ("drop", "pad", "shift")}
    position = [50, 3, 95, 3, -1, 100, 50, 50]
    contig_length = [100, 100, 100, 12, 100, 100, CONTIG_UNKNOWN, CONTIG_NOT_IN_GENOME]
    always = ["anchor_off_contig", "anchor_off_contig", "contig_unknown", "contig_not_in_genome"]
    expected = {
        "drop": ["kept", "off_contig_start", "off_contig_end", "contig_shorter_than_window", *always],
        "pad": ["kept", "kept", "kept", "kept", *always],
        "shift": ["kept", "kept", "kept", "contig_shorter_than_window", *always],
    }
    for edge, reasons in expected.items():
        plan = plan_points(position, contig_length, spec[edge])
        assert [reason(plan, row) for row in range(8)] == reasons
        assert sum(plan.counts().values()) == len(plan) == 8
    lrb = plan_points(position, contig_length, WindowSpec(20, "lrb"))
    assert [reason(lrb, row) for row in range(8)] == expected["drop"]
    shifted = plan_points(position, contig_length, spec["shift"])
    assert shifted.start.tolist()[:3] == [40, 0, 80]
    assert shifted.anchor.tolist()[:3] == [10, 3, 15]
    assert shifted.start.tolist()[3:6] == [-7, -11, 90]  # what has no window is not moved


def test_a_shifted_deletion_leaves_room_for_the_bases_that_follow_it():
    plan = plan_variants([90, 90, 2], [4, 1, 4], [1, 4, 1], 100, WindowSpec(20, "strict", "shift"))
    assert plan.kept.all()
    assert plan.start.tolist() == [77, 80, 0]
    assert plan.fetch.tolist() == [23, 20, 23]
    assert plan.anchor.tolist() == [13, 10, 2]
    short = plan_variants([10], [4], [1], 22, WindowSpec(20, "strict", "shift"))  # 23 bases are needed
    assert reason(short) == "contig_shorter_than_window"


def test_a_ref_allele_that_runs_off_the_contig_has_no_window_even_when_padded():
    plan = plan_variants([98, 98], [2, 3], [1, 1], 100, WindowSpec(4, "strict", "pad"))
    assert [reason(plan, row) for row in range(2)] == ["kept", "anchor_off_contig"]


@pytest.mark.parametrize("policy", ["lrb", "strict"])
def test_a_missing_alt_is_dropped_and_counted(policy):
    plan = plan_variants([50, 50], [1, 1], [0, 1], 100, WindowSpec(4, policy))
    assert plan.counts() == {"kept": 1, "allele_not_sequence": 1}
    assert plan_variants([50], [0], [1], 100, WindowSpec(4, policy)).kept.tolist() == [policy == "lrb"]


def test_edge_error_names_the_first_offending_row_its_interval_and_the_contigs_length():
    spec = WindowSpec(20, "strict", "error")
    with pytest.raises(OutOfContig, match=re.escape("row 1: the window needs [-7, 13) of a contig with 100 bp (seq_len=20)")) as caught:
        plan_points([50, 3, 99], 100, spec)
    assert "1 more rows fail" in str(caught.value)
    assert "edge='drop', 'pad' or 'shift'" in str(caught.value)
    with pytest.raises(OutOfContig, match=re.escape("row 0: the window needs [80, 103) of a contig with 100 bp")):
        plan_variants([90], [4], [1], 100, spec)
    with pytest.raises(OutOfContig, match="is not on the contig"):
        plan_points([100], 100, WindowSpec(1, "strict", "error"))
    with pytest.raises(ContigNotFound, match="row 2: the assembly has no contig of that name"):
        plan_points([50, 50, 50], [100, 100, CONTIG_UNKNOWN], spec)
    with pytest.raises(ContigNotFound, match="row 0: the assembly has the contig, the registered genome does not"):
        plan_intervals([50], [60], [CONTIG_NOT_IN_GENOME], spec)
    assert plan_points([10, 50, 90], 100, spec).kept.all()
    assert plan_variants([50], [1], [0], 100, spec).counts() == {"allele_not_sequence": 1}


# --- the plan itself ------------------------------------------------------------------------------------------------------------------


def test_a_plan_has_the_promised_types_and_cannot_be_written_to():
    plan = plan_variants(np.arange(5, dtype=np.int32) + 50, 1, np.ones(5, np.uint8), np.full(5, 200, np.uint64), WindowSpec(8, "strict"))
    types = {name: getattr(plan, name).dtype for name in ("start", "length", "fetch", "reverse", "anchor", "reason")}
    assert types == {"start": "i8", "length": "i8", "fetch": "i8", "reverse": "?", "anchor": "i8", "reason": "i1"}
    for name in types:
        assert getattr(plan, name).shape == (5,)
        with pytest.raises(ValueError, match="read-only"):
            getattr(plan, name)[0] = 1


def test_planning_leaves_the_callers_columns_alone():
    position, minus = np.array([1, 50, 99]), np.array([True, False, True])
    plan = plan_points(position, 100, WindowSpec(20, "strict", "shift"), minus=minus)
    assert position.tolist() == [1, 50, 99]
    position[0], minus[0] = 7, False  # and they stay writable, apart from the plan
    assert plan.reverse.tolist() == [True, False, True]


def test_no_rows_give_an_empty_plan():
    for plan in (
        plan_points([], [], WindowSpec(8, "lrb"), minus=[]),
        plan_variants([], [], [], [], WindowSpec(8, "strict", "error")),
        plan_intervals([], [], [], WindowSpec(8, "strict", "shift")),
    ):
        assert len(plan) == 0
        assert plan.counts() == {}


def test_rows_dropped_later_keep_their_first_reason():
    plan = plan_points([50, 0, 50], 100, WindowSpec(20, "strict"))
    dropped = plan.drop([True, True, False], "ref_mismatch")
    assert [reason(dropped, row) for row in range(3)] == ["ref_mismatch", "off_contig_start", "kept"]
    assert plan.counts() == {"kept": 2, "off_contig_start": 1}
    with pytest.raises(BadSpec, match="reason='kept'"):
        plan.drop([True, True, True], "kept")
    with pytest.raises(BadSpec, match="rows has type bool and shape"):
        plan.drop([True], "ref_mismatch")


def test_reasons_are_few_enough_for_their_type_and_all_explained():
    assert REASONS[0] == "kept"
    assert len(REASONS) < 128
    assert all(REASON_TEXT[name] for name in REASONS)


def test_columns_that_are_no_coordinates_are_refused_with_the_row():
    spec = WindowSpec(8, "strict")
    with pytest.raises(BadSpec, match="position has type float64; expected integers without nulls"):
        plan_points([1.0, np.nan], 100, spec)
    with pytest.raises(BadSpec, match=re.escape("contig_length has shape (3,); expected one value for each of the 2 rows of position")):
        plan_points([1, 2], [100, 100, 100], spec)
    with pytest.raises(BadSpec, match="minus has type <U1"):
        plan_points([1, 2], 100, spec, minus=["+", "-"])
    with pytest.raises(ContractBroken, match="row 1: position is 9223372036854775807"):
        plan_points([1, 2**63 - 1], 100, spec)
    with pytest.raises(ContractBroken, match="row 0: contig_length is -3"):
        plan_points([1, 2], [-3, 100], spec)
    with pytest.raises(ContractBroken, match=re.escape("row 1: the interval [9, 8) ends before it starts")):
        plan_intervals([1, 9], [2, 8], 100, spec)


# --- settings -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"policy": "LRB"}, "window='LRB' is not known; did you mean 'lrb'?"),
        ({"policy": None}, "window=None is not known"),
        ({"policy": "strict", "edge": "padd"}, "edge='padd' is not known; did you mean 'pad'?"),
        ({"policy": "strict", "on_ref_mismatch": "ignore"}, "on_ref_mismatch='ignore' is not known; known: drop, error, flag"),
        ({"policy": "lrb", "edge": "pad"}, "edge='pad' does not go with window='lrb'"),
        ({"policy": "lrb", "edge": "shift"}, "use edge='drop', or window='strict' with edge='shift'"),
        ({"policy": "lrb", "edge": "error"}, "edge='error' does not go with window='lrb'"),
        ({"policy": "lrb", "on_ref_mismatch": "drop"}, "the published loader never compares REF with the genome"),
        ({"policy": "lrb", "on_ref_mismatch": "error"}, "on_ref_mismatch='error' does not go with window='lrb'"),
    ],
)
def test_impossible_settings_say_why(settings_, message):
    with pytest.raises(BadSpec, match=re.escape(message)):
        WindowSpec(8, **settings_)


@pytest.mark.parametrize("kind", ["point", "variant", "interval", "cage"])
@pytest.mark.parametrize("policy", ["lrb", "strict"])
@pytest.mark.parametrize(
    ("seq_len", "message"),
    [
        (0, "seq_len=0 is not a length; expected 1 base or more"),
        (-1, "seq_len=-1 is not a length; expected 1 base or more"),
        (True, "seq_len=True (bool) is not a length; expected a whole number of bases, 1 or more"),
        (np.True_, "(bool) is not a length"),
        (2048.0, "seq_len=2048.0 (float) is not a length"),
        (np.float32(2048), "(float32) is not a length"),
        ("2048", "seq_len='2048' (str) is not a length"),
        (None, "seq_len=None (NoneType) is not a length"),
        (2**31, "seq_len=2,147,483,648 is longer than any contig"),
        (10**30, "is longer than any contig"),
    ],
)
def test_what_is_no_length_is_refused_for_every_kind_and_policy(kind, policy, seq_len, message):
    with pytest.raises(BadSpec, match=re.escape(message)):
        check_seq_len(seq_len, kind=kind, policy=policy)


def test_lengths_are_held_against_the_longest_contig_and_the_tasks_own_minimum():
    assert check_seq_len(np.int32(1000), kind="point", policy="strict", longest_contig=1000) == 1000
    assert type(WindowSpec(np.uint16(512), "lrb").seq_len) is int
    with pytest.raises(BadSpec, match=re.escape("seq_len=1,001 is longer than the longest contig (1,000 bp)")):
        check_seq_len(1001, kind="point", policy="strict", longest_contig=1000)
    with pytest.raises(BadSpec, match=r"so that no window fits; ask for less$"):
        check_seq_len(1001, kind="variant", policy="lrb", longest_contig=1000)
    assert check_seq_len(1001, kind="point", policy="strict", longest_contig=1000, edge="pad") == 1001
    with pytest.raises(BadSpec, match="edge='pad' does not go with window='lrb'"):
        check_seq_len(1001, kind="point", policy="lrb", edge="pad")
    assert check_seq_len(200, kind="interval", policy="lrb", shortest=200) == 200
    with pytest.raises(BadSpec, match="seq_len=199 is shorter than this task allows; expected at least 200 bp"):
        check_seq_len(199, kind="interval", policy="lrb", shortest=200)
    with pytest.raises(BadSpec, match="kind='points' is not known; did you mean 'point'"):
        check_seq_len(8, kind="points", policy="lrb")


# --- CAGE -----------------------------------------------------------------------------------------------------------------------------


def loader_label_shapes(length: int) -> tuple[int, int] | None:
    """Declared and real number of bins of the published loader, None where it refuses; its crop counted on a real list."""
    if length // 128 % 2:
        return None
    if length >= 114_688:
        return 896, 896
    crop = (114_688 - length) // 2 // 128
    return length // 128, len(list(range(896))[crop:-crop])


def accepted(length: int, policy: str) -> tuple[int, int] | None:
    try:
        return cage_bins(length, policy)
    except BadSpec:
        return None


def test_lrb_takes_exactly_the_cage_lengths_that_the_loader_serves_as_declared():
    for length in [*range(1, 5_000), *range(113_000, 117_000), *range(130_900, 131_400), 196_608, 524_288]:
        shapes = loader_label_shapes(length)
        served = shapes is not None and shapes[0] == shapes[1]
        assert (accepted(length, "lrb") is not None) == served, length
        if served:
            first, bins = cage_bins(length, "lrb")
            assert bins == shapes[1]
            assert first == (0 if length >= CAGE_LABEL_BP else (CAGE_LABEL_BP - length) // 2 // 128)


def test_strict_takes_every_cage_length_of_an_even_number_of_bins():
    for length in [*range(1, 3_000), *range(114_000, 115_500)]:
        expected = None
        if length % 256 == 0:
            bins = min(length // 128, CAGE_BINS)
            expected = ((CAGE_BINS - bins) // 2, bins)
        assert accepted(length, "strict") == expected


@pytest.mark.parametrize("length", [256, 2_048, 114_432, 114_688, 114_944, 131_072, 196_608])
def test_both_policies_agree_on_ordinary_cage_lengths(length):
    assert cage_bins(length, "lrb") == cage_bins(length, "strict")


@pytest.mark.parametrize(
    ("length", "policy", "message"),
    [
        (300, "lrb", "seq_len=300 cannot be served for CAGE with window='lrb': below 114,688 bp it must be a multiple of 256 bp"),
        (384, "lrb", "nearest: 256 or 512"),
        (2_049, "lrb", "nearest: 2,048 or 2,304"),
        (114_500, "lrb", "nearest: 114,432 or 114,688"),
        (114_433, "lrb", "nearest: 114,432 or 114,688"),
        (114_559, "lrb", "nearest: 114,432 or 114,688"),
        (114_816, "lrb", "seq_len // 128 must be even; nearest: 114,688 or 114,944"),
        (100, "strict", "nearest: 256"),
        (384, "strict", "seq_len=384 cannot be served for CAGE with window='strict'"),
        (114_689, "strict", "it must be a multiple of 256 bp (an even number of 128-bp bins); nearest: 114,688 or 114,944"),
    ],
)
def test_refused_cage_lengths_name_the_next_ones(length, policy, message):
    with pytest.raises(BadSpec, match=re.escape(message)):
        check_seq_len(length, kind="cage", policy=policy)


def test_cage_labels_and_window_cover_the_same_bases_below_the_label_length():
    start, end = np.array([1_000_000, 0]), np.array([1_114_688, 114_688])
    for policy in ("lrb", "strict"):
        spec = WindowSpec(2_048, policy)
        plan = plan_intervals(start, end, 2_000_000, spec)
        first, bins = cage_bins(2_048, policy)
        begin, stop = cage_label_intervals(start, end, plan, spec)
        assert plan.kept.all()
        assert begin.tolist() == plan.start.tolist() == (start + first * 128).tolist()
        assert stop.tolist() == plan.end.tolist() == (begin + bins * 128).tolist()


def test_cage_labels_stay_where_they_are_when_the_sequence_is_longer_or_shifted():
    start, end = np.array([1_000_000, 0]), np.array([1_114_688, 114_688])
    for spec in (WindowSpec(131_072, "lrb"), WindowSpec(131_072, "strict", "shift")):
        plan = plan_intervals(start, end, 2_000_000, spec)
        begin, stop = cage_label_intervals(start, end, plan, spec)
        assert begin.tolist() == start.tolist()
        assert stop.tolist() == end.tolist()
    assert plan.start.tolist() == [991_808, 0]
    assert plan.anchor.tolist() == [65_536, 57_344]
    assert plan_intervals(start, end, 2_000_000, WindowSpec(131_072, "lrb")).counts() == {"kept": 1, "off_contig_start": 1}


# --- the published counts -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expecto_genes():
    """ExPecto's genes less rRNA, which are the rows of the bulk RNA task: 0-based TSS columns, contig lengths, strand, test flag."""
    folder = REAL / "expecto_basenji"
    if not (folder / "geneanno.csv.gz").exists():
        pytest.skip("needs the real ExPecto gene table and hg19 contig lengths beside the repository")
    lines = (folder / "hg19.genome").read_text().splitlines()
    contigs = {name: int(size) for name, size in (line.split()[:2] for line in lines if line[:3] == "chr" and line.split()[1].isdigit())}
    with gzip.open(folder / "geneanno.csv.gz", "rt", newline="") as file:
        genes = [row for row in csv.DictReader(file) if row["type"] != "rRNA"]
    return {
        "cage_tss": np.array([int(row["CAGE_representative_TSS"]) - 1 for row in genes]),
        "tss": np.array([int(row["TSS"]) - 1 for row in genes]),
        "contig_length": np.array([contigs.get(row["seqnames"], CONTIG_UNKNOWN) for row in genes]),
        "minus": np.array([row["strand"] == "-" for row in genes]),
        "test": np.array([row["seqnames"] == "chr8" for row in genes]),
    }


@pytest.mark.parametrize(
    ("length", "train", "test"),
    [
        (2_048, 22_827, 990),
        (65_536, 22_824, 989),
        (100_000, 22_817, 989),
        (131_072, 22_812, 989),
        (196_608, 22_791, 988),
        (524_288, 22_685, 984),
        (1_048_576, 22_495, 973),
    ],
)
def test_bulk_rna_windows_kept_on_the_real_genes(expecto_genes, length, train, test):
    genes = expecto_genes
    plan = plan_points(genes["cage_tss"], genes["contig_length"], WindowSpec(length, "lrb"), minus=genes["minus"])
    assert len(plan) == 23_817
    assert (plan.kept & ~genes["test"]).sum() == train
    assert (plan.kept & genes["test"]).sum() == test
    assert set(plan.counts()) <= {"kept", "off_contig_start", "off_contig_end"}


def test_the_published_counts_need_the_cage_tss_not_the_annotated_one(expecto_genes):
    genes = expecto_genes
    kept = [plan_points(genes[column], genes["contig_length"], WindowSpec(1_048_576, "lrb")).kept.sum() for column in ("cage_tss", "tss")]
    assert kept[0] == 22_495 + 973
    assert kept[1] != kept[0]


def test_every_edge_rule_keeps_every_real_gene_that_it_can(expecto_genes):
    genes, length = expecto_genes, 1_048_576
    for edge in EDGES:
        spec = WindowSpec(length, "strict", edge)
        if edge == "error":
            with pytest.raises(OutOfContig):
                plan_points(genes["cage_tss"], genes["contig_length"], spec, minus=genes["minus"])
            continue
        plan = plan_points(genes["cage_tss"], genes["contig_length"], spec, minus=genes["minus"])
        assert plan.kept.all() == (edge != "drop")
