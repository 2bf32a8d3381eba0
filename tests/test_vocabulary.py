"""Tissue names: one rule in Python and in SQL, one canonical name a spelling, and the real spellings of ExPecto and GTEx."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore.layout import sql_folder
from lrbstore.vocabulary import tissue_aliases, tissue_key, tissue_name, tissue_plain, vocabulary

CANONICAL = {row.tissue for row in vocabulary()}


@pytest.mark.parametrize(
    ("spelling", "key", "plain", "tissue"),
    [
        ("Whole_Blood", "wholeblood", "Whole Blood", "Whole Blood"),
        ("whole blood", "wholeblood", "whole blood", "Whole Blood"),
        ("Whole Blood | GTEx", "wholeblood", "Whole Blood", "Whole Blood"),
        ("Liver | Roadmap | v2", "liver", "Liver", "Liver"),
        ("Liver|Roadmap", "liverroadmap", "Liver|Roadmap", "Liver|Roadmap"),  # a suffix stands behind spaces
        ("Brain_Spinal_cord_cervical_c-1", "brainspinalcordcervicalc1", "Brain Spinal cord cervical c-1", "Brain Spinal Cord Cervical C1"),
        ("Cells_Transformed_fibroblasts", "cellstransformedfibroblasts", "Cells Transformed fibroblasts", "Cells Cultured Fibroblasts"),
        ("Cells_EBV-transformed_lymphocytes", "cellsebvtransformedlymphocytes", "Cells EBV-transformed lymphocytes",
         "Cells EBV-Transformed Lymphocytes"),
        ("Urinary Bladder", "urinarybladder", "Urinary Bladder", "Bladder"),
        ("HepG2 | ENCODE", "hepg2", "HepG2", "HepG2"),
        (" Martian_Gland ", "martiangland", "Martian Gland", "Martian Gland"),
        ("Île_flottante", "leflottante", "Île flottante", "Île flottante"),
    ],
)  # fmt: skip
def test_a_spelling_has_a_key_and_a_canonical_name(spelling: str, key: str, plain: str, tissue: str) -> None:
    assert (tissue_key(spelling), tissue_plain(spelling), tissue_name(spelling)) == (key, plain, tissue)


@pytest.fixture(scope="module")
def sql() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute((sql_folder() / "macros" / "tissue.sql").read_text(encoding="utf-8"))
    yield connection
    connection.close()


# A cell of a delimited file: no line ends; letters of any script, and those whose lower case is ASCII or of another length.
spellings = st.text(st.sampled_from("aZ9 _-|().,ä\tİKſ\xa0"), max_size=20) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"]), max_size=20
)


@settings(max_examples=300, deadline=None)
@given(spellings)
def test_the_sql_twin_says_the_same(sql: duckdb.DuckDBPyConnection, spelling: str) -> None:
    found = sql.execute("select tissue_key($1), tissue_plain($1)", [spelling]).fetchall()
    assert found == [(tissue_key(spelling), tissue_plain(spelling))]


@given(spellings.filter(lambda text: "|" not in text))
def test_the_canonical_name_of_a_canonical_name_is_itself(spelling: str) -> None:
    assert tissue_name(tissue_name(spelling)) == tissue_name(spelling)


def test_no_key_stands_for_two_tissues() -> None:
    tissues: dict[str, set[str]] = {}
    for row in vocabulary():
        assert row.key == tissue_key(row.alias)
        assert row.key
        tissues.setdefault(row.key, set()).add(row.tissue)
    assert {key: names for key, names in tissues.items() if len(names) > 1} == {}
    assert len(CANONICAL) == 54
    assert all(tissue_name(row.alias) == row.tissue for row in vocabulary())
    assert tissue_aliases("lrb") == vocabulary()


# ── real spellings ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def expecto_names(realdata: Path) -> list[str]:
    lines = (realdata / "expecto_basenji" / "modellist").read_text().splitlines()
    assert lines[0] == "ModelName\tTissue"
    return [line.split("\t")[1] for line in lines[1:]]


def test_expectos_218_names_map_sensibly(expecto_names: list[str]) -> None:
    assert len(set(expecto_names)) == 218
    names = {spelling: tissue_name(spelling) for spelling in expecto_names}
    assert {names[f"Liver | {by}"] for by in ("GTEx", "Roadmap", "ENCODE")} == {"Liver"}
    assert {names[f"K562 | {by}"] for by in ("Roadmap", "ENCODE")} == {"K562"}
    assert (names["Sigmoid Colon"], names["Urinary Bladder"]) == ("Colon Sigmoid", "Bladder")
    assert not any("|" in name or "_" in name for name in names.values())
    of_gtex = expecto_names[:53]  # ExPecto lists GTEx's tissues first
    assert all(names[spelling] in CANONICAL for spelling in of_gtex)
    assert len({names[spelling] for spelling in of_gtex}) == 53, "no two tissues of GTEx become one"
    # What is alike but not the same tissue stays apart.
    assert len({names[s] for s in ("Brain Frontal Cortex BA9", "Frontal Cortex", "Brain Cortex")} & set(names.values())) == 3
    assert names["Heart"] not in {names["Heart Left Ventricle"], names["Left Ventricle"]}
    shared = {name for name, n in Counter(names.values()).items() if n > 1}
    assert shared == {
        "Bladder", "Brain Cerebellum", "Colon Sigmoid", "GM12878", "HepG2", "K562", "Liver", "Lung", "Ovary", "Pancreas", "Spleen",
        "Stomach", "Thyroid", "Uterus",
    }  # fmt: skip


def test_the_stems_of_the_real_gtex_files_are_canonical(realdata: Path, expecto_names: list[str]) -> None:
    stems = [path.name.split(".")[0] for path in sorted((realdata / "gtex_v8").glob("*.v8.egenes.txt.gz"))]
    assert len(stems) == 10
    assert {tissue_name(stem) for stem in stems} <= CANONICAL
    of_expecto = {tissue_name(name) for name in expecto_names}
    # ExPecto was made from v6, in which the kidney had too few samples for eQTLs but stood in the expression table.
    assert {tissue_name(stem) for stem in stems} <= of_expecto
