"""Alleles: the SQL macros are their Python twins, REF is checked against the genome, indels move as far left as an oracle says."""

import gzip
import hashlib
import itertools
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore import alleles
from lrbstore.alleles import check_reference, left_align, trim_alleles, variant_id, variant_type
from lrbstore.assembly import assembly
from lrbstore.errors import BadSpec, ContigNotFound, OutOfContig
from lrbstore.genome import Genome, register_fasta
from lrbstore.layout import sql_folder

REALDATA = Path(__file__).resolve().parents[1].parent / "shared" / "realdata"
needs_realdata = pytest.mark.skipif(not REALDATA.is_dir(), reason="real upstream files are not beside this checkout")

BASES = st.text("ACac", min_size=1, max_size=7) | st.text("ACGTNacgtn", min_size=1, max_size=7)
# A common head and tail make trimming likely; long ones reach the md5.
PAIRS = st.tuples(st.text("ACG", max_size=4), BASES, BASES, st.text("ACG", max_size=70)).map(
    lambda t: (t[0] + t[1] + t[3], t[0] + t[2] + t[3])
)
NO_BASES = st.sampled_from([None, "", "<DEL>", "*", ".", "-", "A,C", "A ", "A\n", "R", "é", "N[chr1:5["])
ANY_PAIR = PAIRS | st.tuples(BASES | NO_BASES, BASES | NO_BASES)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute((sql_folder() / "macros" / "alleles.sql").read_text(encoding="utf-8"))
        yield connection


def spelt(*pair):
    return all(alleles.is_bases(allele) for allele in pair)


# --- trimming, keys, kinds: macro and twin


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(st.none() | st.integers(1, 2**40), ANY_PAIR), min_size=1, max_size=25))
def test_macros_are_their_twins(con, rows):
    table = pa.table(
        {
            "row": range(len(rows)),
            "pos": pa.array([pos for pos, _ in rows], pa.int64()),
            "ref": pa.array([pair[0] for _, pair in rows], pa.string()),
            "alt": pa.array([pair[1] for _, pair in rows], pa.string()),
        }
    )
    con.register("given_rows", table)
    found = con.execute(
        "select trimmed_alleles(pos, ref, alt), trimmed_pos(pos, ref, alt), trimmed_ref(pos, ref, alt), trimmed_alt(pos, ref, alt), "
        "variant_id('GRCh38', 'chr1', pos, ref, alt), variant_type(ref, alt), is_bases(ref) from given_rows order by row"
    ).fetchall()
    con.unregister("given_rows")
    for (pos, (ref, alt)), (struct, t_pos, t_ref, t_alt, key, kind, bases) in zip(rows, found, strict=True):
        trimmed = trim_alleles(pos, ref, alt) if pos is not None and spelt(ref, alt) else (None, None, None)
        assert (t_pos, t_ref, t_alt) == trimmed
        assert struct == (None if pos is None or not spelt(ref, alt) else dict(zip(("pos", "ref", "alt"), trimmed, strict=True)))
        assert key == variant_id("GRCh38", "chr1", pos, ref, alt)
        assert kind == variant_type(ref, alt)
        assert bool(bases) == alleles.is_bases(ref)


def test_every_macro_of_the_file_has_a_twin(con):
    names = {row[0] for row in con.execute("select distinct function_name from duckdb_functions() where not internal").fetchall()}
    parts_of_one = {"trimmed_alleles", "trimmed_pos", "trimmed_ref", "trimmed_alt", "shared_prefix_length"}
    assert names == parts_of_one | {"is_bases", "allele_key", "variant_id", "variant_type"}
    assert all(hasattr(alleles, name) for name in names - parts_of_one)


def test_macros_on_an_integer_column_and_a_null_contig(con):
    assert con.execute("select variant_id('G', 'chr1', 5::INTEGER, 'CAT', 'CT'), variant_id('G', null, 5, 'A', 'T')").fetchone() == (
        "G:chr1:5:CA:C",
        None,
    )
    assert con.execute("select typeof(trimmed_pos(5::INTEGER, 'CAT', 'CT'))").fetchone() == ("BIGINT",)


@pytest.mark.parametrize("alias", [*"abcdefghijklmnopqrstuvwxyz", "pair"])
def test_macros_do_not_mind_what_the_callers_table_is_called(con, alias):
    # A lambda's name that is a table's too means the table: "t" once gave untrimmed keys.
    a, row = alias, "(values (3, 'CTGA', 'CA', {'pos': 1, 'ref': 'G', 'alt': 'G'}, {'n': 9}))"
    told = f"variant_id('G', 'chr2', {a}.pos, {a}.ref, {a}.alt), trimmed_alleles({a}.pos, {a}.ref, {a}.alt), variant_type({a}.ref, {a}.alt)"
    found = con.execute(f"select {told} from {row} as {a}(pos, ref, alt, v, n)").fetchall()
    assert found == [("G:chr2:3:CTG:C", {"pos": 3, "ref": "CTG", "alt": "C"}, "deletion")]


@given(pos=st.integers(1, 1_000), pair=PAIRS)
def test_trimming_changes_no_sequence_and_cannot_go_on(pos, pair):
    ref, alt = (allele.upper() for allele in pair)
    t_pos, t_ref, t_alt = trim_alleles(pos, *pair)
    head = t_pos - pos
    tail = len(ref) - head - len(t_ref)
    assert head >= 0
    assert tail >= 0
    assert (ref[:head], ref[len(ref) - tail :]) == (alt[:head], alt[len(alt) - tail :])
    assert (ref[head : len(ref) - tail], alt[head : len(alt) - tail]) == (t_ref, t_alt)
    assert trim_alleles(t_pos, t_ref, t_alt) == (t_pos, t_ref, t_alt)
    if min(len(t_ref), len(t_alt)) > 1:
        assert t_ref[0] != t_alt[0]
        assert t_ref[-1] != t_alt[-1]


@pytest.mark.parametrize(
    ("given_as", "trimmed", "kind"),
    [
        ((10, "A", "G"), (10, "A", "G"), "snv"),
        ((10, "a", "g"), (10, "A", "G"), "snv"),
        ((10, "CAT", "CGT"), (11, "A", "G"), "snv"),
        ((10, "AT", "GC"), (10, "AT", "GC"), "mnv"),
        ((10, "CAA", "CA"), (10, "CA", "C"), "deletion"),  # the end goes first, so the deletion stays on the left
        ((10, "CA", "CAA"), (10, "C", "CA"), "insertion"),
        ((1, "A", "TA"), (1, "A", "TA"), "insertion"),  # at a contig's start, anchored on the right
        ((1, "TA", "A"), (1, "TA", "A"), "deletion"),
        ((10, "CAT", "CG"), (11, "AT", "G"), "indel"),
        ((10, "A", "GT"), (10, "A", "GT"), "indel"),
        ((10, "ACA", "GC"), (10, "ACA", "GC"), "indel"),
        ((10, "ACG", "ACG"), (10, "A", "A"), None),
    ],
)
def test_known_cases(given_as, trimmed, kind):
    assert trim_alleles(*given_as) == trimmed
    assert variant_type(*given_as[1:]) == kind
    assert variant_id("GRCh38", "chr7", *given_as) == f"GRCh38:chr7:{trimmed[0]}:{trimmed[1]}:{trimmed[2]}"


def test_a_long_allele_is_its_length_and_md5():
    assert variant_id("GRCh38", "chr1", 5, "A", "A" * 64) == f"GRCh38:chr1:5:A:{'A' * 64}"
    long = "A" + "CG" * 32
    assert variant_id("GRCh38", "chr1", 5, "a", long.lower()) == f"GRCh38:chr1:5:A:65-{hashlib.md5(long.encode()).hexdigest()}"


@pytest.mark.parametrize("length", [63, 64, 65, 66, 5_000])
def test_long_alleles_are_the_same_in_sql(con, length):
    for ref, alt in (("A", "A" + "c" * (length - 1)), ("A" + "CG" * length, "A" + "CG" * (length // 2)), ("G" * length, "T" * length)):
        found = con.execute("select variant_id('G', 'chr1', 5, $ref, $alt), variant_type($ref, $alt)", {"ref": ref, "alt": alt}).fetchone()
        assert found == (variant_id("G", "chr1", 5, ref, alt), variant_type(ref, alt))


@pytest.mark.parametrize(("ref", "alt"), [("A", "."), ("", "A"), ("A", None), ("A", "<DEL>"), ("A", "C,G"), ("R", "A")])
def test_what_is_not_bases_has_no_key(ref, alt):
    assert variant_id("GRCh38", "chr1", 5, ref, alt) is None
    assert variant_type(ref, alt) is None
    if alt is not None:
        with pytest.raises(BadSpec, match="allele at position 5"):
            trim_alleles(5, ref, alt)


# --- what needs a genome

HG38 = assembly("GRCh38")
NAMES = list(HG38.lengths)


def make_genome(folder, contigs):
    folder.mkdir(exist_ok=True)
    path = folder / "g.fa"
    path.write_text("".join(f">{name}\n" + "".join(b[i : i + 7] + "\n" for i in range(0, len(b), 7)) for name, b in contigs.items()))
    return Genome(register_fasta(path, HG38, folder / "store", simulated=True))


@pytest.fixture(scope="module")
def repeats(tmp_path_factory):
    """Many small contigs of few letters, so that indels can move; some with N."""
    rng = np.random.default_rng(1)
    contigs = {name: "".join(rng.choice(list("AC" if i % 3 else "ACN"), int(rng.integers(1, 8)))) for i, name in enumerate(NAMES[:60])}
    contigs[NAMES[60]] = "G" + "A" * 900 + "T"  # longer than the first chunks
    contigs[NAMES[61]] = "CAT" * 400
    contigs[NAMES[62]] = "G" + "A" * 200 + "N" + "A" * 300
    return contigs, make_genome(tmp_path_factory.mktemp("repeats"), contigs)


def edited(sequence, pos, ref, alt):
    assert sequence[pos - 1 : pos - 1 + len(ref)] == ref
    return sequence[: pos - 1] + alt + sequence[pos - 1 + len(ref) :]


def test_left_alignment_is_the_brute_force_smallest_position(repeats):
    contigs, genome = repeats
    short = [text for n in (1, 2, 3) for text in map("".join, itertools.product("AC", repeat=n))]
    groups = moved = 0
    for chrom in NAMES[:60]:
        sequence = contigs[chrom]
        if "N" in sequence:
            continue
        spellings = defaultdict(set)
        for pos in range(1, len(sequence) + 1):
            for n in range(1, len(sequence) - pos + 2):
                ref = sequence[pos - 1 : pos - 1 + n]
                for alt in {*short, *(ref[:k] + ref[k + m :] for k in range(n) for m in range(1, n))}:
                    if alt and alt != ref:
                        # Two spellings are equivalent if and only if they make the same sequence.
                        spellings[edited(sequence, pos, ref, alt)].add(trim_alleles(pos, ref, alt))
        for result, group in spellings.items():
            aligned = {left_align(genome, chrom, *spelling) for spelling in group}
            kinds = {variant_type(*spelling[1:]) for spelling in group}
            if kinds <= {"insertion", "deletion"}:
                assert len(aligned) == 1, (sequence, group, aligned)
                (only,) = aligned
                assert only[0] == min(pos for pos, _, _ in group)
                groups += 1
                moved += len(group) > 1
            for spelling in aligned:
                assert edited(sequence, *spelling) == result
                assert left_align(genome, chrom, *spelling) == spelling
    assert groups > 900  # enough cases that could have moved to mean something
    assert moved > 300


def test_left_alignment_over_many_chunks(repeats):
    contigs, genome = repeats
    homopolymer, triplets = NAMES[60], NAMES[61]
    assert left_align(genome, homopolymer, 900, "AA", "A") == (1, "GA", "G")
    assert left_align(genome, homopolymer, 901, "A", "AAAA") == (1, "G", "GAAA")
    assert left_align(genome, triplets, 1_198, "CAT", "CATCAT") == (1, "C", "CATC")
    assert left_align(genome, triplets, 1_197, "TCAT", "T") == (1, "CATC", "C")
    for pos, ref, alt in ((900, "AA", "A"), (901, "A", "AAAA")):
        assert edited(contigs[homopolymer], pos, ref, alt) == edited(contigs[homopolymer], *left_align(genome, homopolymer, pos, ref, alt))


def test_left_alignment_stops_at_n(repeats):
    _, genome = repeats
    # base 202 is N: deletions behind it are anchored by it, and go no further
    assert left_align(genome, NAMES[62], 450, "AA", "A") == (202, "NA", "N")
    assert left_align(genome, NAMES[62], 450, "A", "AA") == (202, "N", "NA")
    assert left_align(genome, NAMES[62], 100, "AA", "A") == (1, "GA", "G")
    assert left_align(genome, NAMES[62], 202, "NA", "N") == (202, "NA", "N")
    assert left_align(genome, NAMES[62], 203, "A", "NA") == (202, "N", "NN")  # what comes is N, and moves through none


def test_left_alignment_moves_nothing_that_it_should_not(repeats):
    contigs, genome = repeats
    chrom = NAMES[60]
    assert left_align(genome, chrom, 900, "CA", "C") == (900, "CA", "C")  # REF is not what the genome has
    assert left_align(genome, chrom, 900, "AA", "GT") == (900, "AA", "GT")
    assert left_align(genome, chrom, 900, "AAT", "AC") == (901, "AT", "C")
    assert left_align(genome, chrom, 900, "a", "g") == (900, "A", "G")
    assert left_align(genome, chrom, 1, "G", "TG") == (1, "G", "TG")
    with pytest.raises(OutOfContig):
        left_align(genome, chrom, len(contigs[chrom]), "TA", "T")
    with pytest.raises(ContigNotFound):
        left_align(genome, NAMES[100], 1, "A", "AT")
    with pytest.raises(BadSpec):
        left_align(genome, chrom, 5, "A", "<DEL>")


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (("chr1", 1, "A", "C"), "match"),
        (("chr1", 2, "c", "T"), "match"),
        (("1", 2, "C", None), "match"),
        (("chr1", 1, "ACGTACGT", "A"), "match"),
        (("chr1", 1, "G", "A"), "swapped"),
        (("chr1", 1, "A" * 3, "acg"), "swapped"),
        (("chr1", 1, "AT", "A"), "swapped"),  # the genome has the short allele, so not what is inserted
        (("chr1", 1, "G", "T"), "mismatch"),
        (("chr1", 1, "G", "<DEL>"), "mismatch"),
        (("chr1", 1, "G", None), "mismatch"),
        (("chr1", 13, "A", "C" * 9), "mismatch"),  # ALT would leave the contig: the genome cannot have it
        (("chr1", 9, "A", "C"), "n"),
        (("chr1", 8, "TN", "T"), "n"),
        (("chr1", 13, "T", "C"), "match"),
        (("chr1", 13, "TA", "T"), "off_contig"),
        (("chr1", 14, "A", "C"), "off_contig"),
        (("chr1", 0, "A", "C"), "off_contig"),
        (("chr1", -5, "A", "C"), "off_contig"),
        (("chr2", 1, "A", "C"), "contig_not_in_genome"),
        (("chrNone", 1, "A", "C"), "contig_not_in_genome"),
        (("chr1", 1, None, "C"), "unchecked"),
        (("chr1", 1, "-", "C"), "unchecked"),
        (("chr1", None, "A", "C"), "unchecked"),
        ((None, 1, "A", "C"), "unchecked"),
    ],
)
def test_reference_check_words(checked, row, answer):
    genome, answers = checked
    assert check_reference(genome, *[[field] for field in row]) == [answer]
    assert answer in alleles.REF_CHECKS
    answers.append((row, answer))


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    answers = []
    genome = make_genome(tmp_path_factory.mktemp("checked"), {"chr1": "ACGTacgtNACGT"})
    yield genome, answers
    # All rows in one call, and as Arrow columns, give what they gave one by one.
    columns = list(zip(*[row for row, _ in answers], strict=True))
    expected = [answer for _, answer in answers]
    assert check_reference(genome, *columns) == expected
    types = (pa.string(), pa.int64(), pa.string(), pa.string())
    assert check_reference(genome, *[pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]) == expected


def test_reference_check_needs_columns_of_one_length(checked):
    with pytest.raises(BadSpec, match="2, 1, 1, 1 rows"):
        check_reference(checked[0], ["chr1", "chr1"], [1], ["A"], ["C"])
    assert check_reference(checked[0], [], [], [], []) == []


def by_the_book(sequence, pos, ref, alt):
    """The published algorithm as it is written there, one base at a time: cut equal ends, lengthen to the left what became empty."""
    if sequence[pos - 1 : pos - 1 + len(ref)] != ref:
        return trim_alleles(pos, ref, alt)
    while ref[-1] == alt[-1] and (len(ref) > 1 or len(alt) > 1) and not (min(len(ref), len(alt)) == 1 and pos == 1):
        ref, alt = ref[:-1], alt[:-1]
        if not ref or not alt:
            pos -= 1
            ref, alt = sequence[pos - 1] + ref, sequence[pos - 1] + alt
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        pos, ref, alt = pos + 1, ref[1:], alt[1:]
    return pos, ref, alt


@needs_realdata
@pytest.mark.slow
def test_real_alleles_on_chr21(tmp_path):
    script = [sys.executable, str(REALDATA / "build_genome.py"), "GRCh38", str(tmp_path / "g.fa"), "chr21"]
    subprocess.run(script, check=True)
    genome = Genome(register_fasta(tmp_path / "g.fa", HG38, tmp_path / "store"))
    (cache,) = (REALDATA / "vep_chr21").glob("*.txt.gz")
    with gzip.open(cache, "rt") as handle:
        rows = [line.rstrip("\n").split(" ") for line in handle]
    places, indels = [], []
    for row in rows:
        start, (ref, *alts) = int(row[3]), row[5].split("/")
        if spelt(ref):
            places.append((start, ref, alts[0] if alts else None))
        if spelt(ref.replace("-", "A"), *(alt.replace("-", "A") for alt in alts)) and "-" in (ref, *alts[:1]) and alts:
            # Ensembl writes what comes or goes alone; an insertion starts at the base after it. VCF wants the base before.
            anchor = genome.fetch("chr21", start - 2, start - 1).decode()
            indels.append((start - 1, anchor + ref.strip("-"), anchor + alts[0].strip("-")))
    sequence = genome.fetch("chr21", 0, genome.lengths["chr21"]).decode()
    answers = check_reference(genome, ["21"] * len(places), *(list(column) for column in zip(*places, strict=True)))
    assert [answer == "match" for answer in answers] == [sequence[pos - 1 : pos - 1 + len(ref)] == ref for pos, ref, _ in places]
    assert len(places) > 112_000
    assert Counter(answers)["match"] > 0.9995 * len(places)  # this build's dbSNP; a one-off in a coordinate would give a quarter
    assert set(answers) == {"match", "mismatch", "swapped"}
    moved = 0
    for indel in indels:
        expected = by_the_book(sequence, *indel)
        assert left_align(genome, "chr21", *indel) == expected
        moved += expected[0] < indel[0]
    assert len(indels) > 8_000
    assert moved > 1_000
