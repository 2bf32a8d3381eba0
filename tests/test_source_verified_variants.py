"""GV-Rep's verified variants: no sample's id reaches the store, indels keep ANNOVAR's writing, and classes have two sides."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from asking import ask

import lrbstore
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.pipeline import ingest

RAW = Path(__file__).resolve().parent / "sources" / "verified_variants" / "raw" / "verified_real_clinvar.csv"
SOURCE = "verified_variants"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("verified") / "store"
    ingest(path, SOURCE, [RAW])
    return path


def test_no_sample_id_is_anywhere_in_the_store(store: Path) -> None:
    assert "SECRET" in RAW.read_text()
    with lrbstore.open(store) as opened:
        for table in ("verified_variant", "variant_record", "reject", "source", "variant"):
            text = "\n".join(map(str, opened.sql(f"select * from {table}").fetchall()))
            assert text
            assert "SECRET" not in text, table
    held = [path for path in store.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert held
    assert not [path for path in held if b"SECRET" in path.read_bytes()]


def test_rows_of_one_sample_stay_recognisable(store: Path) -> None:
    with RAW.open(newline="") as handle:
        theirs = {i: row["Sample ID"] for i, row in enumerate(csv.DictReader(handle), start=2)}
    ours = dict(ask(store, "select source_line, sample_pseudonym from verified_variant"))
    assert {line for line, name in ours.items() if name is None} == {line for line in ours if theirs[line] == "."}
    pairs = {(theirs[line], name) for line, name in ours.items()}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_values_equal_a_plain_reading(store: Path) -> None:
    with RAW.open(newline="") as handle:
        theirs = dict(enumerate(csv.DictReader(handle), start=2))
    names = ("Start_hg38", "End_hg38", "Ref", "Alt", "Class", "HGMD_Phen", "Func.refGene", "Gene.refGene", "avsnp147", "AAChange.refGene")
    held = ask(
        store,
        "select source_line, pos, end_pos, upstream_ref, upstream_alt, label_text, trait, func_refgene, gene_symbol, avsnp147, "
        "aa_change_refgene from verified_variant",
    )
    assert len(held) == 7
    for line, *values in held:
        want = ["" if theirs[line][name] == "." else theirs[line][name] for name in names]
        assert ["" if value is None else str(value) for value in values] == want, line


def test_a_dash_is_never_an_allele(store: Path) -> None:
    found = ask(
        store, "select upstream_ref, upstream_alt, ref, alt, variant_id from verified_variant where '-' in (upstream_ref, upstream_alt)"
    )
    assert sorted(found) == [("-", "gt", None, None, None), ("AC", "-", None, None, None)]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Pathogenic", "pathogenic"),
        ("likely_pathogenic", "pathogenic"),
        ("Likely Pathogenic", "pathogenic"),
        ("Pathogenic/Likely_pathogenic", "pathogenic"),
        ("LP", "pathogenic"),
        ("Class 5", "pathogenic"),
        ("4", "pathogenic"),
        ("DM", "pathogenic"),
        ("Benign", "benign"),
        ("likely benign", "benign"),
        ("Benign/Likely benign", "benign"),
        ("class 1", "benign"),
        ("2", "benign"),
        ("DM?", None),
        ("DP", None),
        ("3", None),
        ("VUS", None),
        ("Uncertain significance", None),
        ("Pathogenic;Benign", None),
        ("not pathogenic", None),
        ("", None),
        (None, None),
    ],
)
def test_sides_of_classes(macros: duckdb.DuckDBPyConnection, text: str | None, side: str | None) -> None:
    assert macros.execute("select verified_class(?)", [text]).fetchall() == [(side,)]


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "clinvar.csv"
    other.write_text("a\n1\n")
    with pytest.raises(MissingData):
        ingest(tmp_path / "store", SOURCE, [other])
    lacking = tmp_path / "verified_real_clinvar.csv"
    lacking.write_text("Chr,Start,Ref,Alt\nchr1,1,A,C\n")
    with pytest.raises(ContractBroken, match="lacks the columns Chr_hg38, Start_hg38, Class"):
        ingest(tmp_path / "store", SOURCE, [lacking])
    assert not (tmp_path / "store").exists()
