"""OLIDA: members read as the export spells them, lists of variants that come later, and the published lists as they are."""

from __future__ import annotations

import csv
import gzip
import importlib
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import lrbstore
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.olida.load import read_items
from lrbstore.ingest.pipeline import ingest

RAW = Path(__file__).resolve().parent / "sources" / "olida" / "raw"
simulate = importlib.import_module("lrbstore.ingest.olida.simulate")


def rows(path: Path, title: bool = False) -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as handle:
        if title:
            next(handle)
        return list(csv.DictReader(handle, delimiter="\t"))


def copy(tmp_path: Path, *names: str) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name in names:
        shutil.copy(RAW / name, folder / name)
    return folder


# ── members ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("7:GENA:10,20:c.1A>G,p.Met1Val:Heterozygous", ("7", "GENA", "10", "20", "c.1A>G", "p.Met1Val", "Heterozygous")),
        (" 7 : GENA : 10 , 20 : c.1A>G : Homozygous ", ("7", "GENA", "10", "20", "c.1A>G", None, "Homozygous")),
        ("7:GENA:N.A.,20:c.1A>G:N.A.", ("7", "GENA", None, "20", "c.1A>G", None, None)),
        ("7:GENA:10:c.1A>G:Heterozygous", ("7", "GENA", "10", None, "c.1A>G", None, "Heterozygous")),
        ("7:GENA:10,20:NM_1.2:c.[1A>G;3del],p.[(A);(B)]:Het", ("7", "GENA", "10", "20", "NM_1.2:c.[1A>G;3del]", "p.[(A);(B)]", "Het")),
        ("7:GENA:10,20", (None,) * 7),
    ],
)
def test_a_member_is_read_as_the_export_spells_it(text: str, wanted: tuple[str | None, ...]) -> None:
    (item,) = read_items(text)
    assert item.pop("member_text") == text.strip()
    assert tuple(item.values()) == wanted


def test_members_are_cut_at_semicolons_outside_brackets_and_empty_ones_are_none() -> None:
    assert [item["entry_id"] for item in read_items("1:A:1,2:c.[1A>G;2C>T]:Het;2:B:3,4:c.5del:Het; ;3:C:5,6:c.9C>T:Hom;")] == [
        "1",
        "2",
        "3",
    ]
    assert read_items("N.A.") == read_items("") == read_items(" ; ") == []


def test_every_member_stands_on_both_assemblies_whatever_becomes_of_it(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "olida", [RAW])
    with lrbstore.open(tmp_path / "store") as store:
        counts = store.sql("select combination_id, assembly, count(*) from combination_member group by all").fetchall()
        united = store.sql("select combination_id, n_members, assembly, label from combination").fetchall()
        alleles = dict(store.sql("select variant_id, variant_type from variant").fetchall())
    given: dict[str, str] = {}
    for row in rows(RAW / "Combination.tsv", True):
        given.setdefault(row["OLIDA ID"], row["Associated Variants"])  # the repeated id is rejected
    for combination, n, assembly, label in united:
        want = len(read_items(given[combination]))
        assert (n, assembly, label) == (want, None, 1)
        assert {(a, k) for c, a, k in counts if c == combination} == ({("GRCh37", n), ("GRCh38", n)} if n else set())
    assert alleles["GRCh38:chrX:3000420:CC:AA"] == "mnv"  # GV-Rep kept the first base of such an allele


def test_without_the_list_of_variants_no_combination_is_lost_and_the_list_mends_it_later(tmp_path: Path) -> None:
    folder, store = copy(tmp_path, "Combination.tsv"), tmp_path / "store"
    ingest(store, "olida", [folder])
    query = "select count(distinct combination_id), count(*), count(variant_id) from combination_member"
    with lrbstore.open(store) as held:
        (before,) = held.sql(query).fetchall()
    shutil.copy(RAW / "SMALLVARIANT.tsv", folder / "SMALLVARIANT.tsv")
    outcome = ingest(store, "olida", [folder])
    assert {file.name for file in outcome.loaded} == {"Combination.tsv", "SMALLVARIANT.tsv"}
    with lrbstore.open(store) as held:
        (after,) = held.sql(query).fetchall()
        assert held.sql("select count(*) from combination").fetchall() == [(5,)]
    assert before == (4, 30, 0)
    assert after == (4, 30, 4 + 6 + 2 + 2)  # by combination


# ── what a file says of itself ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("title", "version"),
    [("OLIDA export 2023-05-01\t\t", "2023-05-01"), ("OLIDA version 2.1", "2.1"), ("Combinations of OLIDA v3\t", "3")],
)
def test_the_title_says_the_version(tmp_path: Path, title: str, version: str) -> None:
    folder = copy(tmp_path, "Combination.tsv", "Gene.tsv")
    _, *rest = (folder / "Combination.tsv").read_text().splitlines()
    (folder / "Combination.tsv").write_text("\n".join([title, *rest]) + "\n")
    outcome = ingest(tmp_path / "store", "olida", [folder])
    assert {file.version for file in outcome.loaded} == {version}
    assert sum(file.rows_rejected for file in outcome.loaded) == 5


def test_an_export_without_a_title_needs_a_version(tmp_path: Path) -> None:
    folder = copy(tmp_path, "Combination.tsv")
    _, *rest = (folder / "Combination.tsv").read_text().splitlines()
    (folder / "Combination.tsv").write_text("\n".join(rest) + "\n")
    with pytest.raises(ContractBroken, match=r"title line.*--version VERSION"):
        ingest(tmp_path / "store", "olida", [folder])
    outcome = ingest(tmp_path / "store", "olida", [folder], version="10732286")
    assert [(f.version, f.rows_in, f.rows_rejected) for f in outcome.loaded] == [("10732286", 9, 4)]


def test_a_file_that_is_not_the_export_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path, "Combination.tsv")
    shutil.copy(RAW / "Gene.tsv", folder / "Combination.tsv")
    with pytest.raises(ContractBroken, match=r"lacks the columns OLIDA ID, Diseases, Associated Variants, FINALmeta"):
        ingest(tmp_path / "store", "olida", [folder], version="1")
    (folder / "Combination.tsv").unlink()
    shutil.copy(RAW / "SMALLVARIANT.tsv", folder)
    with pytest.raises(MissingData, match=r"Combination\.tsv"):
        ingest(tmp_path / "store", "olida", [folder])


# ── simulated ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_at_scale_1_the_published_counts_come_out() -> None:
    n, confident = simulate.COMBINATIONS, simulate.CONFIDENT
    diseases = simulate._diseases(n, confident, np.random.default_rng(1))
    assert len(diseases) == 1_808
    assert len(set(diseases.tolist())) == 219
    assert (confident, len(set(diseases[:confident].tolist()))) == (579, 142)


# ── the real lists ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_published_lists_load_whole(realdata: Path, tmp_path: Path) -> None:
    outcome = ingest(tmp_path / "store", "olida", [realdata / "olida"])
    paths = {path.name: path for path in (realdata / "olida").iterdir() if "OLIDA" in path.name or path.name == "olida_scores.txt.gz"}
    assert {file.name for file in outcome.loaded} == set(paths)
    with lrbstore.open(tmp_path / "store") as store:
        found = store.sql("select source_file, combination_id, final_meta, gene_a, gene_b from olida_listing").fetchall()
        kinds = dict(store.sql("select distinct list_name, concat_ws(' ', list_kind, annotated_on) from olida_listing").fetchall())
    want = []
    for name, path in paths.items():
        for row in rows(path):
            score = row.get("FINALmeta")
            genes = (row.get("GeneA"), row.get("GeneB"))
            want.append((name, next(iter(row.values())), int(score) if score else None, *genes))
    assert Counter(found) == Counter(want)
    assert all(file.rows_rejected == 0 for file in outcome.loaded)
    assert Counter(score for name, _, score, *_ in found if name == "olida_scores.txt.gz") == {0: 568, 1: 235, 2: 73, 3: 40}
    assert kinds["HG38_OLIDA_training_set_annotated"] == "training GRCh38"
    assert kinds["OLIDA_annotated_set"] == "annotated"
