"""A place in its window: read as it was meant, planned and cut as the house does, counted as brute force counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyfaidx
import pytest
import screen

import lrbstore
from lrbstore.alleles import variant_id
from lrbstore.assembly import assembly
from lrbstore.dashboard.queries import locus, variants
from lrbstore.dashboard.queries.locus import Place
from lrbstore.errors import BadSpec, ContigNotFound, MissingData, OutOfContig, UnknownName


@pytest.fixture(scope="module")
def fasta(simulated: Path):
    with pyfaidx.Fasta(str(simulated / "genomes" / "GRCh38.fa"), sequence_always_upper=True) as opened:
        yield opened


def one(desk, sql, **params):
    return desk.store.sql(sql, params=params or None).to_arrow_table().to_pylist()[0]


@pytest.fixture(scope="module")
def snv(desk):
    """A variant of the store on GRCh38 whose alleles are one base each, far from the contig's ends."""
    return one(
        desk,
        "select * from variant where assembly = 'GRCh38' and variant_type = 'snv' and pos > 20000 and ref_check = 'match'"
        " order by variant_id",
    )


@pytest.fixture(scope="module")
def minus(desk):
    """A gene on the minus strand, with expression."""
    return one(desk, "select * from lrb_gene where strand = '-' order by gene_id")


# ── what a reader means ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "{chrom}-{pos}-{ref}-{alt}",
        "{bare}-{pos}-{ref}-{alt}",
        "{chrom}:{pos} {ref}>{alt}",
        "{chrom}:{pos:,}{ref}>{alt}",
        "{chrom}_{pos}_{ref}_{alt}_b38",
        "{chrom}:{pos}:{ref}:{alt}",
        "hg38:{bare}:{pos}:{ref}:{alt}",
        "{refseq}:g.{pos}{ref}>{alt}",
        "{variant_id}",
    ],
)
def test_every_spelling_of_a_variant_is_one_place(desk, snv, text):
    refseq = next(c.refseq for c in assembly("GRCh38").contigs if c.chrom == snv["chrom"])
    place = locus.resolve(desk, text.format(**snv, bare=snv["chrom"][3:], refseq=refseq), on="GRCh38")
    assert (place.variant_id, place.start, place.end, place.ref, place.alt) == (
        snv["variant_id"], snv["pos"] - 1, snv["pos"], snv["ref"], snv["alt"],
    )  # fmt: skip


def test_alleles_are_trimmed_and_need_no_record(desk):
    place = locus.resolve(desk, "chr1-30001-ACGT-ACGTT", on="GRCh38")
    assert place.variant_id == variant_id("GRCh38", "chr1", 30001, "ACGT", "ACGTT")
    assert place.end - place.start == len(place.ref) == 1


def test_a_long_allele_is_found_by_its_digest(tmp_path, desk):
    found = desk.store.sql("select variant_id from variant where length(ref) > 64 or length(alt) > 64 order by 1 limit 1").fetchall()
    key = found[0][0] if found else None
    if key is None:
        with pytest.raises(MissingData, match="not in its name"):
            locus.resolve(desk, f"GRCh38:chr1:100:80-{'0' * 32}:A")
    else:
        place = locus.resolve(desk, key)
        assert place.variant_id == key
        assert max(len(place.ref), len(place.alt)) > 64


def test_an_rs_number_is_the_allele_that_most_sources_have(desk):
    rs = one(desk, "select rs_id from variant_record where rs_id is not null and variant_id is not null and assembly = 'GRCh38' order by 1")
    place = locus.resolve(desk, rs["rs_id"].upper())
    rows = desk.store.sql(
        "select variant_id, count(distinct source) as n from variant_record where rs_id = $rs and assembly = 'GRCh38'"
        " and variant_id is not null group by variant_id order by n desc",
        params={"rs": rs["rs_id"]},
    ).fetchall()
    assert place.variant_id in {key for key, n in rows if n == rows[0][1]}
    assert {place.variant_id, *place.others} == {key for key, _ in rows}
    with pytest.raises(MissingData, match="rs99999999999"):
        locus.resolve(desk, "rs99999999999")


def test_a_variant_goes_where_records_are_unless_its_assembly_is_said(desk):
    only = one(
        desk,
        "select variant_id, chrom, pos, ref, alt from variant where assembly = 'GRCh37' and variant_type = 'snv' and not exists"
        " (select 1 from variant as v where v.variant_id = replace(variant.variant_id, 'GRCh37', 'GRCh38')) order by 1",
    )
    text = f"{only['chrom']}-{only['pos']}-{only['ref']}-{only['alt']}"
    assert locus.resolve(desk, text).assembly == "GRCh37"
    assert locus.resolve(desk, text, on="GRCh38").assembly == "GRCh38"
    assert locus.resolve(desk, f"hg38:{text}").assembly == "GRCh38"


def test_a_gene_is_found_by_symbol_id_and_assembly(desk, minus):
    held = {
        row[0]
        for row in desk.store.sql("select distinct assembly from gene where gene_id = $id", params={"id": minus["gene_id"]}).fetchall()
    }
    place = locus.resolve(desk, gene=minus["gene_id"] + ".7")
    assert place.gene_id == minus["gene_id"]
    assert {place.assembly, *place.others} == held
    on_37 = locus.resolve(desk, gene=minus["symbol"].lower(), on="hg19")
    assert (on_37.assembly, on_37.start, on_37.strand) == ("GRCh37", minus["cage_tss_pos"] - 1, "-")


def test_what_cannot_be_found_is_said_in_words(desk, minus):
    with pytest.raises(UnknownName, match=f"did you mean .*{minus['symbol']}"):
        locus.resolve(desk, gene=minus["symbol"] + "X")
    with pytest.raises(BadSpec, match="expected chr22-123-A-G"):
        locus.resolve(desk, "nonsense; drop table variant")
    with pytest.raises(BadSpec, match="expected chr22:100-200"):
        locus.resolve(desk, region="chr1:here")
    with pytest.raises(ContigNotFound, match="nowhere"):
        locus.resolve(desk, region="nowhere")
    with pytest.raises(BadSpec, match="ends before it begins"):
        locus.resolve(desk, region="chr1:200-100")
    with pytest.raises(ContigNotFound, match="chr99"):
        locus.resolve(desk, region="chr99:1-2")
    with pytest.raises(OutOfContig, match="1-based"):
        locus.resolve(desk, region="chr1:1-999,999,999")
    with pytest.raises(BadSpec, match="1-based"):
        locus.resolve(desk, "chr1-0-A-G", on="GRCh38")
    with pytest.raises(OutOfContig, match="1-based"):
        locus.resolve(desk, "chr1-999,999,999-A-G", on="GRCh38")
    with pytest.raises(ContigNotFound, match="chr99"):
        locus.resolve(desk, "chr99-1-A-G")


def test_a_region_is_1_based_with_both_ends_in_it(desk):
    place = locus.resolve(desk, region="chr2:1,001-1,010", on="GRCh38")
    assert (place.start, place.end, place.name) == (1000, 1010, "chr2:1,001-1,010")
    single = locus.resolve(desk, region="2:5", on="GRCh38")
    assert (single.start, single.end, single.name) == (4, 5, "chr2:5")
    whole = locus.resolve(desk, region="chrM", on="GRCh38")
    assert (whole.start, whole.end) == (0, desk.store.contig_lengths("GRCh38")["chrM"])


def test_without_a_wish_the_variant_of_most_sources_on_the_busiest_contig_is_shown(desk):
    place = locus.resolve(desk)
    busiest = desk.store.sql(
        "select assembly, chrom from variant_record where variant_id is not null group by all"
        " order by count(*) desc, assembly desc, chrom limit 1"
    ).fetchall()[0]
    assert (place.assembly, place.chrom) == busiest
    counts = dict(
        desk.store.sql(
            "select variant_id, count(distinct source) from variant_record where assembly = $a and chrom = $c"
            " and variant_id is not null group by all",
            params={"a": busiest[0], "c": busiest[1]},
        ).fetchall()
    )
    assert counts[place.variant_id] == max(counts.values())


# ── one value, two pages ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_variant_typed_on_either_page_is_one_allele(desk, snv):
    rows = desk.store.sql(
        "select variant_id, chrom, pos, ref, alt, assembly from variant where ref_check in ('match', 'mismatch')"
        " qualify row_number() over (partition by assembly, variant_type order by variant_id) <= 2"
    ).to_arrow_table()
    spelt = [f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}" for row in rows.to_pylist()]
    assert {row["assembly"] for row in rows.to_pylist()} == {"GRCh37", "GRCh38"}
    for text in [*rows["variant_id"].to_pylist(), *spelt, "chr1-30001-ACGT-ACGTT", f"hg19 {spelt[0]}"]:
        for on in (None, "GRCh37", "GRCh38"):
            place, card = locus.resolve(desk, text, on=on), variants.card(desk, text, on)
            assert place.allele == card.asked, (text, on)
            assert place.variant_id == card.asked.variant_id
            assert {*locus.records(desk, place, most=1_000).table["variant_id"].to_pylist()} - {None} <= {
                *card.records.table["variant_id"].to_pylist()
            }


def test_a_region_typed_on_either_page_holds_the_same_records(desk, snv):
    low, high = max(snv["pos"] - 5_000, 1), snv["pos"] + 5_000
    for text in (f"{snv['chrom']}:{low}-{high}", f"{snv['chrom'][3:]}:{low:,}–{high:,}", f"hg19:{snv['chrom']}:{low}-{high}", "chr21"):
        for on in (None, "GRCh37", "GRCh38"):
            place = locus.resolve(desk, region=text, on=on)
            here = locus.binned(desk, place, place.start, place.end).table["n_records"].to_pylist()
            there = variants.by_source(desk, region=text, assembly=on).table["n_records"].to_pylist()
            assert sum(here) == sum(there), (text, on)


def test_a_gene_id_is_typed_with_or_without_its_version_on_either_page(desk):
    row = one(desk, "select gene_id from variant_record where gene_id in (select gene_id from gene) order by 1 limit 1")
    gene = row["gene_id"]
    wanted = variants.by_source(desk, gene=gene).table
    assert wanted.num_rows
    for text in (f"{gene}.7", gene.lower()):
        assert locus.resolve(desk, gene=text).gene_id == gene
        assert variants.by_source(desk, gene=text).table == wanted


# ── windows and letters ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("policy", ["strict", "lrb"])
@pytest.mark.parametrize("seq_len", [512, 2047, 2048])
def test_a_gene_has_the_window_that_its_task_hands_out(desk, scored_store, minus, seq_len, policy):
    place = locus.resolve(desk, gene=minus["gene_id"], on="GRCh37")
    window = locus.frame(desk, place, seq_len, policy)
    with lrbstore.open(scored_store) as store:
        rows = lrbstore.task("bulk_rna_expression", seq_len=seq_len, window=policy, store=store)[minus["split"]]
        i = rows.rows("example_id")["example_id"].to_pylist().index(minus["gene_id"])
        example = rows.example(i)
    genome = desk.store.genome("GRCh37")
    (text,) = genome.windows([place.chrom], [window.start], window.end - window.start, "text", reverse=np.array([window.reverse]))
    assert text == example["sequence"]
    around = locus.letters(desk, place, flank=5)
    assert around.reverse
    assert text[window.anchor - 5 : window.anchor + 6] == around.before + around.marked + around.after
    assert around.first_pos > around.last_pos


def test_letters_are_the_genomes(desk, snv, fasta):
    place = locus.resolve(desk, snv["variant_id"])
    around = locus.letters(desk, place, flank=40)
    text = str(fasta[snv["chrom"]][snv["pos"] - 41 : snv["pos"] + 40])
    clean = "".join(letter if letter in "ACGT" else "N" for letter in text)
    assert around.before + around.marked + around.after == clean
    assert (around.first_pos, around.last_pos) == (snv["pos"] - 40, snv["pos"] + 40)
    assert (around.marked, around.alt, around.ref_check) == (snv["ref"], snv["alt"], "match")


def test_ref_is_judged_as_the_store_judges_it(desk):
    rows = desk.store.sql(
        "select ref_check, variant_id from variant where assembly = 'GRCh38'"
        " qualify row_number() over (partition by ref_check order by variant_id) <= 3"
    ).fetchall()
    assert len({check for check, _ in rows}) > 1
    for check, key in rows:
        assert locus.letters(desk, locus.resolve(desk, key)).ref_check == check


@pytest.mark.parametrize(("start", "end"), [(-50, 300), (1000, 6000), (15_950, 16_100)])
def test_the_composition_is_that_of_the_letters_on_the_contig(desk, fasta, start, end):
    place = locus.resolve(desk, region="chrM:1-10", on="GRCh38")
    made_of = locus.composition(desk, place, start, end)
    text = str(fasta["chrM"][max(start, 0) : min(end, len(fasta["chrM"]))])
    expected = [text.count(letter) for letter in "ACGT"]
    assert made_of.counts == (*expected, len(text) - sum(expected))
    assert made_of.off_contig == end - start - len(text)
    assert made_of.gc == pytest.approx((expected[1] + expected[2]) / sum(expected))


@pytest.mark.parametrize("pos", [3, 8_000, -3])
def test_edge_rules_do_what_they_are_said_to(desk, pos):
    length = desk.store.contig_lengths("GRCh38")["chrM"]
    at = pos if pos > 0 else length + pos
    place = locus.resolve(desk, region=f"chrM:{at}", on="GRCh38")
    window = locus.frame(desk, place, 1000, "strict")
    rules = {row["edge"]: row for row in locus.edges(desk, place, 1000, "strict").table.to_pylist()}
    assert [*rules] == ["drop", "pad", "shift", "error"]
    assert window.left_off == max(-window.start, 0)
    assert window.right_off == max(window.end - length, 0)
    inside = window.start >= 0 and window.end <= length
    assert (rules["drop"]["outcome"] == "kept") == (window.reason == "kept") == inside
    assert rules["pad"]["outcome"] == rules["shift"]["outcome"] == "kept"
    assert rules["shift"]["start"] >= 0
    assert rules["shift"]["end"] <= length
    assert rules["shift"]["start"] + rules["shift"]["anchor_index"] == place.start
    if not inside:
        assert f"{abs(rules['shift']['start'] - window.start):,} bp" in rules["shift"]["what_it_does"]
        assert f"{window.left_off:,} on the left, {window.right_off:,} on the right" in rules["pad"]["what_it_does"]
    assert [row["edge"] for row in locus.edges(desk, place, 1000, "lrb").table.to_pylist()] == ["drop"]


def test_letters_are_written_in_full_and_nothing_else_is(desk, snv):
    charts = pytest.importorskip("lrbstore.dashboard.charts", reason="charts need the extra 'dashboard'")
    around = locus.letters(desk, locus.resolve(desk, snv["variant_id"]))
    said = charts.letters(around.before, around.marked, around.after, alt_allele="<b>", marked_is="REF & more")
    assert around.before in said
    assert around.after in said
    assert "&lt;b&gt;" in said
    assert "REF &amp; more" in said
    assert "…100 bases" in charts.letters("", "A" * 100, "", alt_allele="A", marked_is="REF")


# ── what lies in it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def region(start: int, end: int, chrom: str = "chr1", name: str = "GRCh38") -> Place:
    return Place("region", "here", name, chrom, start, end)


@pytest.mark.slow
@pytest.mark.parametrize(("start", "end"), [(0, 1), (40_000, 42_000), (0, 300_000)])
def test_transcripts_are_all_that_overlap(desk, start, end):
    answer = locus.transcripts(desk, region(start, end), start, end)
    every = desk.store.sql("select transcript_id, start, \"end\" from transcript where assembly = 'GRCh38' and chrom = 'chr1'").fetchall()
    expected = {name for name, first, last in every if set(range(first, last)) & set(range(start, end))}
    assert answer.rows == len(expected)
    assert {*desk.whole(answer)["transcript_id"].to_pylist()} == expected
    assert answer.table.num_rows == min(len(expected), locus.TRANSCRIPTS)
    canonical = answer.table["is_canonical"].to_pylist()
    assert canonical == sorted(canonical, reverse=True)


def test_genes_of_which_only_the_start_is_known_are_shown_where_they_have_no_transcript(desk, minus):
    at = minus["tss_pos"] - 1
    rows = locus.transcripts(desk, region(at, at + 1, minus["chrom"], "GRCh37"), at - 50, at + 50).table.to_pylist()
    mine = [row for row in rows if row["gene_id"] == minus["gene_id"]]
    has_transcripts = desk.store.sql(
        "select count(*) from transcript where assembly = 'GRCh37' and gene_id = $id and chrom = $c",
        params={"id": minus["gene_id"], "c": minus["chrom"]},
    ).fetchall()[0][0]
    assert mine
    assert all((row["transcript_id"] is None) == (not has_transcripts) for row in mine)


def test_blocks_are_exons_and_coding_parts_clipped_to_the_window(desk):
    wanted = one(
        desk, "select * from transcript where assembly = 'GRCh38' and cds_start is not null and len(exon_starts) > 3 order by transcript_id"
    )
    start, end = wanted["start"] + 50, wanted["end"] - 50
    answer = locus.transcripts(desk, region(start, end, wanted["chrom"]), start, end)
    whole = [row for row in desk.whole(answer).to_pylist() if row["transcript_id"] == wanted["transcript_id"]]
    answer = locus.Answer("t", "", locus.pa.Table.from_pylist(whole, schema=answer.table.schema), "")
    drawn = locus.blocks(answer, start, end).to_pylist()

    def bases(part: str) -> set[int]:
        return {base for row in drawn if row["part"] == part for base in range(row["start"], row["end"])}

    inside = set(range(start, end))
    exons = {b for first, last in zip(wanted["exon_starts"], wanted["exon_ends"], strict=True) for b in range(first, last)}
    assert bases("body") == inside
    assert bases("exon") == exons & inside
    assert bases("coding") == exons & inside & set(range(wanted["cds_start"], wanted["cds_end"]))
    assert drawn[0]["lane"].split()[1] == {"+": "→", "-": "←"}[wanted["strand"]]


@pytest.mark.parametrize(("start", "end"), [(1000, 1040), (50_000, 60_001)])
def test_records_are_counted_in_bins_that_cover_the_window_once(desk, start, end):
    rows = desk.store.sql("select source, pos, variant_id from variant_record where assembly = 'GRCh38' and chrom = 'chr1'").fetchall()
    here = [(source, pos, key) for source, pos, key in rows if start < pos <= end]
    bins = locus.binned(desk, region(start, end), start, end).table.to_pylist()
    assert sum(row["n_records"] for row in bins) == len(here)
    for row in bins:
        mine = [key or str(pos) for source, pos, key in here if source == row["source"] and row["start"] < pos <= row["end"]]
        assert (row["n_records"], row["n_variants"]) == (len(mine), len({*mine}))
        assert start <= row["start"] < row["end"] <= end
    assert len({row["start"] for row in bins}) <= locus.WINDOW_BINS
    points = locus.points(desk, region(start, end), start, end).table.to_pylist()
    assert {(row["source"], row["pos"]) for row in points} == {(source, pos) for source, pos, _ in here}
    assert sum(row["n_records"] for row in points) == len(here)


def test_records_of_a_variant_are_all_that_name_it_and_those_at_its_place_without_alleles(desk):
    place = locus.resolve(desk)
    rows = desk.store.sql(
        "select record_id, variant_id, assembly, chrom, pos from variant_record where chrom = $c", params={"c": place.chrom}
    ).fetchall()
    expected = {
        record
        for record, key, name, _, pos in rows
        if key == place.variant_id or (key is None and name == place.assembly and pos == place.start + 1)
    }
    answer = locus.records(desk, place, most=2)
    assert answer.rows == len(expected) > 2 == answer.table.num_rows
    assert {*desk.whole(answer)["record_id"].to_pylist()} == expected


@pytest.mark.parametrize("track", [None, 0, 7])
def test_cage_bins_are_the_labels_of_the_task(desk, scored_store, track):
    with lrbstore.open(scored_store) as store:
        rows = lrbstore.task("cage_prediction", seq_len=114_688, window="strict", store=store)["test"]
        example = rows.example(0)
        named = rows.rows(["chrom", "start", "end", "npy_idx"]).slice(0, 1).to_pylist()[0]
    labels = np.asarray(example["labels"])
    expected = labels.mean(axis=1) if track is None else labels[:, track]
    middle = (named["start"] + named["end"]) // 2
    low, high = middle - 1000, middle + 1000
    answer = locus.cage(desk, region(low, high, named["chrom"]), low, high, track).table.to_pylist()
    mine = [row for row in answer if row["npy_idx"] == named["npy_idx"] and row["split"] == "test"]
    first = middle - 448 * 128
    assert [(row["start"] - first) // 128 for row in mine] == [
        k for k in range(896) if first + k * 128 < high and first + k * 128 + 128 > low
    ]
    assert [row["value"] for row in mine] == pytest.approx([expected[(row["start"] - first) // 128] for row in mine], rel=1e-5)


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_page_is_never_empty(scored_store):
    with screen.page("locus", scored_store) as app:
        screen.is_sound(app)
        said = screen.text(app)
        assert "1-based" in said
        assert "0-based half-open" in said
        assert "Records of this variant" in said
        assert len(app.get("vega_lite_chart")) >= 2


@pytest.mark.slow
def test_a_link_presets_every_control(scored_store, minus):
    with screen.page("locus", scored_store, gene=minus["symbol"], assembly="GRCh37", seq_len="2048", window="lrb") as app:
        screen.is_sound(app)
        assert (app.number_input(key="seq_len").value, app.selectbox(key="window").value) == (2048, "lrb")
        said = screen.text(app)
        assert f"{minus['symbol']} · GRCh37" in said
        assert "reverse complement" in said
        assert "Expression across tissues" in said
        app.button(key="double_").click().run()
        screen.is_sound(app)
        assert app.number_input(key="seq_len").value == 4096
        assert "4,096 bp" in screen.text(app)


@pytest.mark.slow
def test_a_link_means_the_same_place_on_the_page_of_variants(scored_store, desk):
    held = one(desk, "select gene_id from variant_record where gene_id in (select gene_id from gene) order by 1 limit 1")["gene_id"]
    only = one(
        desk,
        "select variant_id, chrom, pos, ref, alt from variant where assembly = 'GRCh37' and variant_type = 'snv' and not exists"
        " (select 1 from variant as v where v.variant_id = replace(variant.variant_id, 'GRCh37', 'GRCh38')) order by 1",
    )
    text = f"{only['chrom']}-{only['pos']}-{only['ref']}-{only['alt']}"
    link = {"variant": text, "gene": f"{held}.3", "region": "chrM:1–10"}
    for on, known in (({}, True), ({"assembly": "GRCh38"}, False)):
        with screen.page("locus", scored_store, **link, **on) as app:
            screen.is_sound(app)
            assert ("· GRCh37" if known else "· GRCh38") in screen.text(app)
            assert ("No record of this store is about this allele" in screen.text(app)) == (not known)
        with screen.page("variants", scored_store, **link, **on) as app:
            screen.is_sound(app)
            said = screen.text(app)
            assert app.selectbox(key="assembly").value == on.get("assembly")
            assert f"Variant {text}" in said
            assert ("No record speaks of this variant" in said) == (not known)
            assert "Choose one of the names" not in said  # a gene is known by its id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"gene": "NOTAGENE"}, "unknown gene 'NOTAGENE'"),
        ({"variant": "<script>alert(1)</script>"}, "is no variant"),
        ({"region": "chr1:5-1"}, "ends before it begins"),
        ({"seq_len": "-7"}, "Shown is the default"),
        ({"assembly": "hg5"}, "Shown is the default"),
        ({"region": "chr1:1-10", "seq_len": "4096"}, "the example is left out"),
    ],
)
def test_a_wrong_link_is_said_once_and_the_page_goes_on(scored_store, params, said):
    with screen.page("locus", scored_store, **params) as app:
        screen.is_sound(app)
        assert said in screen.text(app)


@pytest.mark.slow
def test_a_store_without_genome_or_places_says_what_to_do(tmp_path, simulated):
    from lrbstore.ingest.pipeline import ingest

    genes, nothing = tmp_path / "genes", tmp_path / "nothing"
    ingest(genes, "gencode", [simulated / "gencode"], simulated=True)
    with screen.page("locus", genes) as app:
        screen.is_sound(app)
        assert "lrbstore genome add GRCh38" in screen.text(app)
        assert "No source of this store speaks of a variant" in screen.text(app)
    ingest(nothing, "depmap", [simulated / "depmap"], simulated=True)
    with screen.page("locus", nothing) as app:
        screen.is_sound(app)
        assert "Nothing in this store has a place" in screen.text(app)
