"""GTEx v8 splicing QTL: both layouts of sgenes files, ids taken apart, and what is refused. No real file is to be had."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import duckdb
import pytest
from asking import ask

from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.spec import source

RAW = Path(__file__).resolve().parent / "sources" / "gtex_v8_sqtl" / "raw"
ANNOTATED, BARE, PAIRS = "Whole_Blood.v8.sgenes.txt", "Brain_Cortex.v8.sgenes.txt", "Whole_Blood.v8.sqtl_signifpairs.txt"


def table(path: Path) -> list[dict[str, str]]:
    """Read a file's rows without any of our code."""
    header, *rows = (text.split("\t") for text in path.read_text().splitlines())
    return [dict(zip(header, row, strict=False)) for row in rows]


def reorder(path: Path, to: Path, header: list[str]) -> Path:
    """Write a file anew with other columns, in another order."""
    to.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for row in table(path) if len(row) == len(path.read_text().split("\n", 1)[0].split("\t"))]
    to.write_text("\n".join("\t".join(row) for row in [header, *([row[name] for name in header] for row in rows)]) + "\n")
    return to


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqtl") / "store"
    ingest(path, "gtex_v8_sqtl", [RAW])
    return path


@pytest.mark.parametrize(("name", "loaded"), [("gtex_sqtl", {ANNOTATED, BARE}), ("gtex_sqtl_pair", {PAIRS})])
def test_every_loaded_row_says_what_its_line_says(store: Path, name: str, loaded: set[str]) -> None:
    query = (
        "select source_file, source_line, chrom, pos, ref, alt, intron_chrom, intron_start, intron_end, cluster_id, gene_id, "
        f"gene_version, slope, pval_nominal, tissue_name from {name}"
    )
    rows = ask(store, query)
    assert {row[0] for row in rows} == loaded
    for file, line, chrom, pos, ref, alt, *intron, slope, p, tissue in rows:
        text = table(RAW / file)[line - 2]
        theirs = text["variant_id"].split("_")
        assert (chrom, str(pos), ref, alt, "b38") == (*theirs[:2], *(allele.upper() for allele in theirs[2:4]), theirs[4])
        *place, cluster, gene = text["phenotype_id"].split(":")
        gene_id, _, version = gene.partition(".")
        assert [str(value) for value in intron] == [*place, cluster, gene_id, version or "None"]
        assert (slope, p) == (None if text["slope"] == "NA" else float(text["slope"]), float(text["pval_nominal"]))
        assert tissue == file.split(".")[0]


@pytest.mark.slow
def test_the_order_of_the_columns_is_nothing_to_go_by(tmp_path: Path) -> None:
    header = list(table(RAW / ANNOTATED)[0])
    for name, columns in (("given", header), ("turned", header[::-1]), ("sorted", sorted(header))):
        ingest(tmp_path / name, "gtex_v8_sqtl", [reorder(RAW / ANNOTATED, tmp_path / "raw" / name / ANNOTATED, columns)])
    given, *others = (
        ask(tmp_path / name, "select * exclude (record_id, random_split_42, source_file) from gtex_sqtl order by source_line")
        for name in ("given", "turned", "sorted")
    )
    assert given
    assert all(other == given for other in others)


def test_the_locus_is_the_same_from_its_columns_and_from_variant_id(tmp_path: Path) -> None:
    places = ["chr", "variant_pos", "ref", "alt"]
    short = [name for name in table(RAW / ANNOTATED)[0] if name not in places]
    bare = reorder(RAW / ANNOTATED, tmp_path / "bare" / ANNOTATED, short)
    (loaded,) = ingest(tmp_path / "short", "gtex_v8_sqtl", [bare]).loaded
    assert loaded.facts == {"extra_columns": ["rank"]}
    ingest(tmp_path / "whole", "gtex_v8_sqtl", [RAW / ANNOTATED])
    query = "select source_line, variant_id, chrom, pos, ref, alt, gene_id, label_text from gtex_sqtl order by 1"
    whole, without = ({row[0]: row[1:] for row in ask(tmp_path / name, query)} for name in ("whole", "short"))
    assert set(whole) < set(without)  # line 6 has no ref of its own
    assert {line: without[line] for line in whole} == whole


def test_a_row_of_both_kinds_is_a_record_of_its_variant(store: Path) -> None:
    rows = ask(
        store, "select source_file, label_name, label_text, effect_allele = alt, gene_id from variant_record where effect is not null"
    )
    assert {row[0] for row in rows} == {ANNOTATED, BARE, PAIRS}
    assert {row[1] for row in rows} == {"pval_nominal"}
    assert all(row[3] for row in rows)
    assert ask(store, "select count(*) - count(distinct record_id) from variant_record") == [(0,)]
    query = "select count(*) > 0 from gtex_sqtl_pair as p join gtex_sqtl as s using (variant_id, phenotype_id, tissue)"
    assert ask(store, query) == [(True,)]


@pytest.mark.parametrize("column", ["phenotype_id", "variant_id", "slope", "pval_nominal", "pval_nominal_threshold", "minor_allele_count"])
def test_a_file_without_what_a_label_needs_is_refused(column: str, tmp_path: Path) -> None:
    header = [name for name in table(RAW / ANNOTATED)[0] if name != column]
    path = reorder(RAW / ANNOTATED, tmp_path / ANNOTATED, header)
    with pytest.raises(ContractBroken, match=f"lacks the column {column}; .*required for sgenes: phenotype_id, "):
        ingest(tmp_path / "store", "gtex_v8_sqtl", [path])
    assert not (tmp_path / "store").exists()


def test_an_egenes_file_under_this_name_is_refused(tmp_path: Path) -> None:
    theirs = RAW.parents[1] / "gtex_v8_eqtl" / "raw" / "Whole_Blood.v8.egenes.txt"
    (tmp_path / ANNOTATED).write_bytes(theirs.read_bytes())
    with pytest.raises(ContractBroken, match="lacks the column phenotype_id"):
        ingest(tmp_path / "store", "gtex_v8_sqtl", [tmp_path / ANNOTATED])
    with pytest.raises(MissingData, match=r"\*\.v8\.sgenes\.txt\.gz"):
        ingest(tmp_path / "store", "gtex_v8_sqtl", [theirs])


def test_gzip_and_plain_text_give_the_same_rows(store: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for path in RAW.iterdir():
        (tmp_path / "raw" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    ingest(tmp_path / "store", "gtex_v8_sqtl", [tmp_path / "raw"])
    for name in (part.tables[0] for part in source("gtex_v8_sqtl").part):
        query = f"select * exclude (source_file) from {name} order by tissue, source_line"
        assert ask(store, query) == ask(tmp_path / "store", query) != []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("chr1:15947:16607:clu_40978:ENSG00000227232.5", ("chr1", 15947, 16607, "clu_40978", "ENSG00000227232.5")),
        ("chr1:1:2:clu_1_-:G", ("chr1", 1, 2, "clu_1_-", "G")),
        ("chr1:1:2:clu_1", None),
        ("chr1:1:2:clu_1:G:more", None),
        ("chr1:a:2:clu_1:G", None),
        ("", None),
        (None, None),
    ],
)
def test_phenotype_ids_are_taken_apart(macros: duckdb.DuckDBPyConnection, text: str | None, parts: tuple[Any, ...] | None) -> None:
    ((found,),) = macros.execute("select gtex_phenotype(?::VARCHAR)", [text]).fetchall()
    assert tuple((found or dict.fromkeys("abcde")).values()) == (parts or (None,) * 5)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("chr1_902173_GGTGT_G_b38", ("chr1", 902173, "GGTGT", "G")),
        ("chrX_5_a_t_b38", ("chrX", 5, "A", "T")),
        ("chr1_KI270706v1_random_11_A_T_b38", ("chr1_KI270706v1_random", 11, "A", "T")),
        ("chr1_902173_GGTGT_G_b37", None),
        ("chr1_902173_GGTGT_b38", None),
        ("chr1_x_G_T_b38", None),
        ("rs12", None),
        (None, None),
    ],
)
def test_variant_ids_are_taken_apart(macros: duckdb.DuckDBPyConnection, text: str | None, parts: tuple[Any, ...] | None) -> None:
    ((found,),) = macros.execute("select gtex_variant(?::VARCHAR)", [text]).fetchall()
    assert tuple((found or dict.fromkeys("abcd")).values()) == (parts or (None,) * 4)


# ── the labels of GV-Rep ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gvreps_labels_follow_from_the_files_cells(store: Path) -> None:
    """GV-Rep's rules written out anew; a row without slope has GV-Rep's word "positive", and is no example here."""
    rows = {(name, at): row for name in (ANNOTATED, BARE) for at, row in enumerate(table(RAW / name), 2)}
    held = {(file, line) for file, line in ask(store, "select source_file, source_line from gtex_sqtl")}
    slopes = {
        (file, line): told
        for file, line, *told in ask(
            store, "select source_file, source_line, label, gvrep_slope, gvrep_splice_change from gvrep_sqtl_slope.examples"
        )
    }
    assert set(slopes) == {key for key in held if rows[key]["slope"] != "NA"} < held
    for key, told in slopes.items():
        negative = float(rows[key]["slope"]) < 0
        _, start, end, *_ = rows[key]["phenotype_id"].split(":")
        assert told == [int(not negative), "negative" if negative else "positive", 1 if int(end) > int(start) else -1]
    p_values = {
        (file, line): label for file, line, label in ask(store, "select source_file, source_line, label from gvrep_sqtl_pval.examples")
    }
    assert set(p_values) == {key for key in held if rows[key]["pval_nominal_threshold"] != "NA"} < held
    for key, label in p_values.items():
        assert label == (float(rows[key]["pval_nominal"]) < float(rows[key]["pval_nominal_threshold"]))
    assert set(p_values.values()) == {0, 1}
