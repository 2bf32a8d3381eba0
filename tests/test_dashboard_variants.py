"""The page of variants: counts and rows under filters against brute force, one variant's card, the page in its states."""

import re
from collections import Counter
from collections.abc import Iterator

import polars as pl
import pytest
import screen

from lrbstore.dashboard.desk import Desk, Limits, TooLarge
from lrbstore.dashboard.queries import sql, variants
from lrbstore.ingest.chains import add_chain
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest


@pytest.fixture(scope="module")
def everything(desk) -> pl.DataFrame:
    """All records, with what only some sources say, and all traits of each, by plain joins."""
    return desk.store.sql(
        """with said as (
            select record_id, clinical_significance as significance, molecular_consequence as consequence from clinvar_record
            union all select record_id, null, consequence from cell_model_variant
            union all select record_id, null, consequence from cell_model_mutation
        ),
        traits as (select record_id, list(trait) as others from record_trait group by all)
        select r.*, s.significance, s.consequence, list_append(coalesce(t.others, []), r.trait) as traits
        from variant_record as r left join said as s using (record_id) left join traits as t using (record_id)"""
    ).pl()


def middling(column: pl.Series) -> str:
    """A value that is neither rare nor everywhere."""
    counted = column.drop_nulls().value_counts(sort=True)
    return counted[column.name][min(3, counted.height - 1)]


def cases(rows: pl.DataFrame) -> list[tuple[dict, pl.Expr]]:
    """Filters as the page gives them, beside what they mean."""
    tissue, trait, symbol = (middling(rows[c]) for c in ("tissue", "trait", "gene_symbol"))
    other = rows.filter(pl.col("traits").list.len() > 2).select(pl.col("traits").list.get(1)).item(0, 0)
    both = rows.filter(pl.col("gene_symbol").is_not_null() & pl.col("gene_id").is_not_null()).row(0, named=True)
    ids = rows.filter(gene_symbol=both["gene_symbol"])["gene_id"].drop_nulls().unique()
    symbols = rows.filter(gene_id=both["gene_id"])["gene_symbol"].drop_nulls().unique()
    place = rows.filter(assembly="GRCh37").row(0, named=True)
    chrom, lo, hi = place["chrom"], max(1, place["pos"] - 5_000), place["pos"]
    inside = (pl.col("assembly") == "GRCh37") & (pl.col("chrom") == chrom) & pl.col("pos").is_between(lo, hi)
    region = {"region": f"{chrom.removeprefix('chr')}:{lo:,}-{hi:,}", "assembly": "GRCh37"}
    return [
        ({}, pl.lit(True)),
        ({"source": ("clinvar", "lrb")}, pl.col("source").is_in(["clinvar", "lrb"])),
        ({"tissue": tissue}, pl.col("tissue") == tissue),
        ({"trait": trait}, pl.col("traits").list.contains(trait)),
        ({"trait": other, "source": ("clinvar",)}, pl.col("traits").list.contains(other) & (pl.col("source") == "clinvar")),
        ({"gene": both["gene_symbol"]}, (pl.col("gene_symbol") == both["gene_symbol"]) | pl.col("gene_id").is_in(ids)),
        ({"gene": both["gene_id"]}, (pl.col("gene_id") == both["gene_id"]) | pl.col("gene_symbol").is_in(symbols)),
        (region, inside),
        ({"significance": "Pathogenic"}, pl.col("significance") == "Pathogenic"),
        ({"consequence": "missense_variant"}, pl.col("consequence") == "missense_variant"),
        ({"consequence": "missense"}, pl.col("consequence") == "missense"),
        ({"significance": "Pathogenic", **region}, (pl.col("significance") == "Pathogenic") & inside),
        ({"gene": symbol, "trait": trait}, None),
        ({"tissue": "nowhere"}, pl.lit(False)),
    ]


@pytest.mark.slow
def test_counts_are_those_of_brute_force(desk, everything):
    for filters, means in cases(everything):
        if means is None:
            continue
        rows = everything.filter(means)
        found = {r["source"]: r["n_records"] for r in variants.by_source(desk, **filters).table.to_pylist()}
        assert found == {source: part.height for (source,), part in rows.group_by("source")}, filters
        assert variants.distinct(desk, **filters).table.to_pylist() == [{"n_variants": rows["variant_id"].drop_nulls().n_unique()}]
        for stratum in variants.STRATA:
            column = pl.coalesce("gene_symbol", "gene_id") if stratum == "gene" else pl.col(stratum)
            counted = Counter(rows.select(column).to_series().drop_nulls().to_list())
            shown = {r[stratum]: r["n_records"] for r in variants.top(desk, stratum, **filters).table.to_pylist()}
            assert shown == {value: counted[value] for value in shown}, (filters, stratum)
            assert sorted(shown.values()) == sorted(n for _, n in counted.most_common(variants.MOST)), (filters, stratum)


@pytest.mark.slow
def test_pages_follow_each_other_there_and_back_and_hold_every_record_once(desk, everything):
    for filters, means in cases(everything):
        n = sum(variants.by_source(desk, **filters).table["n_records"].to_pylist())
        if not 0 < n < 2_000:
            continue
        after, seen, starts = None, [], []
        while True:
            page = variants.page(desk, after, n, **filters)
            assert page.answer.rows == n
            assert page.first == (after is None)
            assert after is None or variants.previous(desk, after, **filters) == starts[-1], filters
            seen += page.answer.table["record_id"].to_pylist()
            starts.append(after)
            if page.next is None:
                break
            after = page.next
        assert seen == sorted({*seen})
        if means is not None:
            assert seen == sorted(everything.filter(means)["record_id"].to_list()), filters
        assert desk.whole(page.answer)["record_id"].to_pylist() == seen


def test_the_store_reads_sorted_copies_where_they_serve(desk, everything, monkeypatch):
    asked = []
    exchange = desk.store._view_of_order
    monkeypatch.setattr(desk.store, "_view_of_order", lambda *given: asked.append(given[1].name) or exchange(*given))
    wanted = {"tissue": "tissue", "trait": "trait", "gene": "chrom_pos", "region": "chrom_pos"}
    for filters, _ in cases(everything):
        if len(filters.keys() - {"assembly"}) == 1 and (name := next(iter(filters))) in wanted:
            asked.clear()
            variants.page(desk, None, 1, **filters)
            assert wanted[name] in asked, filters


def test_text_of_a_reader_is_a_value(desk):
    for name in ("tissue", "trait", "gene", "significance", "consequence"):
        assert variants.by_source(desk, **{name: "x') or true --"}).rows == 0
    assert variants.by_source(desk, source=("x') or true --",)).rows == 0


def test_more_rows_than_may_be_taken_are_refused(scored_store):
    small = Desk(scored_store, limits=Limits(taken=100))
    with pytest.raises(TooLarge, match="100 rows"):
        small.whole(variants.page(small, None, 10_000).answer)
    small.close()


def test_a_name_is_found_whatever_its_case_else_those_that_hold_it(desk):
    known = variants.values(desk, "trait").table
    name = next(v for v in known["value"].to_pylist() if v != v.upper())
    assert variants.matches(known, name) == variants.matches(known, name.upper()) == (name, ())
    none, near = variants.matches(known, name[1:-1].upper(), most=5)
    assert none is None
    assert 1 <= len(near) <= 5
    assert all(name[1:-1].casefold() in v.casefold() for v, _ in near)
    assert variants.matches(known, "no trait is called this") == (None, ())


# ── one variant ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def met(everything) -> str:
    """The variant that most sources speak of."""
    many = everything.filter(pl.col("variant_id").str.starts_with("GRCh38")).group_by("variant_id").agg(pl.col("source").n_unique())
    return many.sort("source", "variant_id")["variant_id"][-1]


def test_a_card_holds_every_record_of_the_allele_across_sources(desk, everything, met):
    card = variants.card(desk, met)
    own = everything.filter(variant_id=met)
    found = card.records.frame
    assert own["source"].n_unique() >= 3
    assert {*own["record_id"]} <= {*found["record_id"]}
    assert found["record_id"].is_unique().all()
    assert {*found.filter(matched_by="rs_id")["variant_id"]} <= {None}
    assert {*found.filter(matched_by="rs_id")["rs_id"]} <= {*own["rs_id"]}
    (row,) = card.allele.frame.filter(lift_status="native", variant_id=met).to_dicts()
    assert row["ref_check"] == desk.store.sql("select ref_check from variant where variant_id = $v", {"v": met}).fetchall()[0][0]
    traits = desk.store.sql(
        "select count(*) from record_trait where record_id in (select unnest($ids))", {"ids": found["record_id"].to_list()}
    )
    assert card.traits.rows == traits.fetchall()[0][0]
    _, chrom, pos, ref, alt = met.split(":")
    assert (
        variants.card(desk, f"{chrom.removeprefix('chr')}-{int(pos):,}-{ref}-{alt}").records.table["record_id"]
        == card.records.table["record_id"]
    )


def test_an_rs_number_gives_its_alleles_and_records(desk, everything):
    rs = everything.filter(pl.col("variant_id").is_not_null())["rs_id"].drop_nulls()[0]
    wanted = everything.filter(rs_id=rs)
    card = variants.card(desk, rs.upper())
    alleles = {*wanted["variant_id"].drop_nulls()}
    assert {*wanted["record_id"]} <= {*card.records.frame["record_id"]}
    assert ({card.asked.variant_id} if card.asked else {*card.others}) == alleles


def test_a_variant_that_nobody_speaks_of_has_an_empty_card(desk):
    card = variants.card(desk, "chr1-1-A-C")
    assert (card.records.rows, card.traits.rows, card.allele.rows) == (0, 0, 0)
    assert variants.card(desk, "rs1").records.rows == 0


# GRCh37's chr1 1-10 is GRCh38's chr1 6-15; its chr2 1-8 is GRCh38's chr1 6-13 on the other strand.
_GENOMES = {"GRCh37": {"chr1": "GATTACAGGCCACTTAC", "chr2": "CTGTAATCCC"}, "GRCh38": {"chr1": "NNNNNGATTACAGGCCTTAACCGTA"}}
_CHAIN = "chain 9 chr1 17 + 0 10 chr1 25 + 5 15 1\n10\n\nchain 8 chr2 10 + 0 8 chr1 25 - 12 20 2\n8\n\n"
_SAID = {  # POS, REF, ALT, rs number
    "GRCh37": [("1", 1, "G", "T", 11), ("1", 2, "T", "A", 12), ("1", 12, "A", "C", 13), ("2", 1, "CTG", "C", 14), ("2", 4, "T", "G", 15)],
    "GRCh38": [("1", 6, "G", "T", 11), ("1", 7, "A", "T", 12), ("1", 9, "TAC", "T", 14), ("1", 10, "A", "C", 16)],
}


@pytest.fixture(scope="module")
def lifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """ClinVar's alleles on two small assemblies, and a chain from one to the other."""
    folder = tmp_path_factory.mktemp("lifted")
    for name, contigs in _GENOMES.items():
        (folder / f"{name}.fa").write_text("".join(f">{chrom}\n{bases}\n" for chrom, bases in contigs.items()))
        add_genome(folder / "store", name, folder / f"{name}.fa", simulated=True)
        rows = "".join(
            f"{chrom}\t{pos}\t{n}\t{ref}\t{alt}\t.\t.\tCLNSIG=Benign;CLNREVSTAT=practice_guideline;RS={rs}\n"
            for n, (chrom, pos, ref, alt, rs) in enumerate(_SAID[name], 1)
        )
        header = f"##fileformat=VCFv4.1\n##fileDate=2025-03-08\n##source=ClinVar\n##reference={name}\n"
        (folder / f"clinvar.{name}.vcf").write_text(f"{header}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n{rows}")
    ingest(folder / "store", "clinvar", [folder / f"clinvar.{name}.vcf" for name in _SAID], simulated=True)
    (folder / "tiny.chain").write_text(_CHAIN)
    add_chain(folder / "store", "GRCh37", "GRCh38", folder / "tiny.chain", simulated=True)
    held = Desk(folder / "store")
    yield held
    held.close()


@pytest.mark.parametrize(
    ("old", "new", "strand"),
    [
        ("GRCh37:chr1:1:G:T", "GRCh38:chr1:6:G:T", "+"),
        ("GRCh37:chr2:1:CTG:C", "GRCh38:chr1:9:TAC:T", "-"),  # lifted, it is written CAG>G at 11, which left-aligned is the same
        ("GRCh37:chr2:4:T:G", "GRCh38:chr1:10:A:C", "-"),
    ],
)
def test_a_card_holds_the_records_that_a_chain_leads_to_either_way(lifted, old, new, strand):
    cards = [variants.card(lifted, text) for text in (old, new)]
    for card, text in zip(cards, (old, new), strict=True):
        assert card.asked.variant_id == text
        assert {*card.records.frame["variant_id"]} == {old, new}
        assert {*card.records.frame["assembly"]} == {"GRCh37", "GRCh38"}
        (row,) = card.allele.frame.filter(pl.col("lift_status") != "native").to_dicts()
        assert (row["lifted_from"], row["left_aligned_id"], row["lift_status"], row["strand"]) == (old, new, "mapped", strand)
        assert {*card.allele.frame.filter(lift_status="native")["variant_id"]} == {old, new}
    assert cards[0].records.frame.equals(cards[1].records.frame)


def test_a_card_says_why_a_chain_leads_nowhere(lifted):
    for text, status in {"GRCh37:chr1:2:T:A": "swapped", "GRCh37:chr1:12:A:C": "unmapped"}.items():
        card = variants.card(lifted, text)
        assert {*card.records.frame["variant_id"]} == {text}
        (row,) = card.allele.frame.filter(lifted_from=text).to_dicts()
        assert row["lift_status"] == status


def test_an_rs_number_of_one_allele_on_two_assemblies_is_one_variant(lifted):
    card = variants.card(lifted, "rs11")
    assert (card.asked.variant_id, card.others) == ("GRCh38:chr1:6:G:T", ())
    assert variants.card(lifted, "rs11", "GRCh37").asked.variant_id == "GRCh37:chr1:1:G:T"
    one_of_two = variants.card(lifted, "rs15")  # the record on the other assembly bears another number
    assert {*one_of_two.records.frame["variant_id"]} == {"GRCh37:chr2:4:T:G", "GRCh38:chr1:10:A:C"}
    swapped = variants.card(lifted, "rs12")
    assert (swapped.asked, swapped.others) == (None, ("GRCh37:chr1:2:T:A", "GRCh38:chr1:7:A:T"))


# ── the pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_page_is_drawn_and_a_filter_changes_it(scored_store, everything):
    with screen.page("variants", scored_store) as app:
        screen.is_sound(app)
        assert f"{everything.height:,} records" in screen.text(app)
        app.multiselect(key="source").set_value(["clinvar"]).run()
        screen.is_sound(app)
        assert f"{everything.filter(source='clinvar').height:,} records" in screen.text(app)
        app.button(key="next_").click().run()
        screen.is_sound(app)
        assert (second := app.query_params["page_after"])
        app.button(key="next_").click().run()
        assert app.query_params["page_after"] != second
        app.button(key="previous_").click().run()
        assert app.query_params["page_after"] == second
        app.button(key="previous_").click().run()
        assert "page_after" not in app.query_params
        app.button(key="next_").click().run()
        app.selectbox(key="significance").set_value("Pathogenic").run()
        screen.is_sound(app)
        assert "page_after" not in app.query_params


@pytest.mark.slow
def test_a_link_sets_every_control(scored_store, everything, met):
    row = (
        everything.filter(significance="Pathogenic", consequence="missense_variant").drop_nulls(["gene_symbol", "trait"]).row(0, named=True)
    )
    pos, chrom = row["pos"], row["chrom"]
    link = {
        "source": ["clinvar"], "trait": row["trait"], "gene": row["gene_symbol"], "region": f"{chrom}:{pos}-{pos}",
        "assembly": row["assembly"], "significance": "Pathogenic", "consequence": "missense_variant", "variant": met, "top": "consequence",
    }  # fmt: skip
    with screen.page("variants", scored_store, **link) as app:
        screen.is_sound(app)
        assert f"Variant {met}" in screen.text(app)
        assert re.search(r"\b[1-9]\d? records?\b", screen.text(app))
        assert f"one of the {variants.MOST} most frequent of consequence" in screen.text(app)
        assert "most frequent of tissue" not in screen.text(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"region": "chr1:9-1"}, "no region"),
        ({"region": "chr99"}, "no contig"),
        ({"variant": "nothing"}, "no variant"),
        ({"variant": "chr1-1-A-C"}, "No record speaks"),
        ({"source": "nobody"}, "nobody"),
        ({"trait": "no trait is called this"}, "“no trait is called this” is none: choose one of the names"),
        ({"page_after": "x"}, "page_after"),
        ({"top": "weather"}, "weather"),
        ({"region": "chr1:1-1"}, "No record meets"),
    ],
)
def test_what_a_link_asks_for_and_is_not_there_is_said(scored_store, link, said):
    with screen.page("variants", scored_store, **link) as app:
        screen.is_sound(app)
        assert said in screen.text(app)


@pytest.mark.slow
def test_the_page_of_sql_answers_refuses_and_takes_an_example(scored_store):
    with screen.page("sql", scored_store) as app:
        screen.is_sound(app)
        app.button(key="example1_").click().run()
        screen.is_sound(app)
        held = Desk(scored_store)
        assert app.text_area(key="q").value == sql.examples(held)[1].sql
        held.close()
        app.text_area(key="q").set_value("").run()
        assert "Nothing is asked" in screen.text(app)
    with screen.page("sql", scored_store, q="drop table source", table="clinvar_record") as app:
        screen.is_sound(app)
        assert "is no question" in screen.text(app)
    with screen.page("sql", scored_store, q="select * from range(2000) -- more") as app:
        screen.is_sound(app)
        assert "The first 1,000 of 2,000 rows" in screen.text(app)
