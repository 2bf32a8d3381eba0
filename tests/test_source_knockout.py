"""Gene knockouts: matrices against a plain reading of the same text, tiles that skip, one id for a cell model whatever came first."""

from __future__ import annotations

import csv
import gzip
import runpy
from pathlib import Path

import numpy as np
import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.knockout import Spill, model_key, parse
from lrbstore.ingest.pipeline import ingest

HERE = Path(__file__).resolve().parent
RAW = HERE / "sources"
with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(HERE / "benchmarks")  # where benchmarks find what they share
    BENCH = runpy.run_path(str(HERE / "benchmarks" / "knockout_tiles.py"))
NAME = BENCH["NAME"]
ORDERS = [
    ("project_score", "depmap", "crispr_matrix"),
    ("crispr_matrix", "depmap", "project_score"),
    ("depmap", "project_score", "crispr_matrix"),
]


def store_of(folder: Path, order: tuple[str, ...]) -> lrbstore.Store:
    for source in order:
        ingest(folder / "store", source, [RAW / source / "raw"])
    return lrbstore.open(folder / "store")


@pytest.mark.parametrize("order", ORDERS, ids=["-".join(o) for o in ORDERS])
def test_a_model_has_one_id_whatever_came_first(order: tuple[str, ...], tmp_path: Path) -> None:
    with store_of(tmp_path, order) as store:
        found = dict(store.sql("select source || ' ' || model_id, cell_model_id from cell_bridge").fetchall())
        assert found["depmap ACH-990001"] == found["project_score SIDM99001"] == "SIDM99001"
        assert found["depmap ACH-990005"] == "SIDM99001", "two DepMap models may share a Sanger id"
        assert found["crispr_matrix 921"] == "ACH-990004", "by its name, which one model alone has"
        assert found["crispr_matrix Nova1"] == "Nova1"
        sql = "select source, count(*) from gene_knockout where cell_model_id = 'SIDM99001' group by 1 order by 1"
        assert store.sql(sql).fetchall() == [("depmap", 5), ("project_score", 2)]
        model = store.sql("select model_name, tissue, depmap_ids, sources from cell_model where cell_model_id = 'SIDM99001'").fetchall()
        assert model == [("HX-29", "Bowel", ["ACH-990001", "ACH-990005"], ["depmap", "project_score"])]
        ids = store.sql("select count(*), count(distinct cell_model_id) from cell_model").fetchall()[0]
        assert ids[0] == ids[1]
        sql = "select alias from cell_model_alias group by 1 having count(distinct cell_model_id) > 1"
        assert store.sql(sql).fetchall() == [("CVCL_9901",)], "an RRID may stand for several models, a model's id never"


def test_every_score_is_shown_once_and_opposite_signs_are_turned(tmp_path: Path) -> None:
    with store_of(tmp_path, ORDERS[0]) as store:
        counts = store.sql("select (select count(*) from knockout_score), (select count(*) from gene_knockout)").fetchall()[0]
        assert counts[0] == counts[1]
        rows = store.sql("select source, score, essentiality, higher_means from gene_knockout").fetchall()
        for source, score, essentiality, means in rows:
            sign = 1 if source == "project_score" else -1
            assert (essentiality, means) == (sign * score, "more essential" if sign == 1 else "less essential")
        ids = store.sql("select count(*), count(distinct record_id) from knockout_score").fetchall()[0]
        assert ids[0] == ids[1]


def test_duplicate_models_are_screens_of_their_own(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "project_score", [RAW / "project_score" / "raw" / NAME.replace("20250624", "20240111")])
    with lrbstore.open(tmp_path / "store") as store:
        found = store.sql("select screen_number, centre, qc_pass from knockout_screen where model_id = 'SIDM99001' order by 1").fetchall()
        assert found == [(0, "Sanger", True), (1, "Broad", False)]
        assert store.sql("select count(distinct screen_id) from knockout_screen").fetchall() == [(4,)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "header row"),
        ("symbol\tA\nX\t1\n", "header row"),
        ("model_name\tA\nmodel_id\tSIDM1\nX\t1\n", "source"),
        ("model_name\tA\tB\nmodel_id\tSIDM1\nsource\tSanger\tBroad\nX\t1\t2\n", "differ in length"),
        ("model_name\tA\tB\nmodel_id\tSIDM1\t\nsource\tSanger\tBroad\nX\t1\t2\n", "no model_id"),
        ("model_name\tA\nmodel_id\tSIDM1\nsource\tSanger\nqc_pass\tYES\nX\t1\n", "qc_pass"),
        ("model_name\t\t\tA\nmodel_id\t\t\tSIDM1\nsource\t\t\tSanger\nS1\tX\tE1\t1\n", "no row that names them"),
    ],
    ids=["empty", "no heads", "no source", "ragged", "no id", "flag", "unnamed lead"],
)
def test_a_matrix_that_is_not_what_it_says_is_refused_whole(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ContractBroken, match=says):
        ingest(tmp_path / "store", "project_score", [tmp_path / NAME])
    assert not (tmp_path / "store" / "CURRENT").exists()


def test_a_truncated_matrix_is_refused_whole(tmp_path: Path) -> None:
    raw = tmp_path / "x_gene_beta.tsv.gz"
    raw.write_bytes(gzip.compress(b"genes\tA\n" + b"".join(b"G%d\t0.%d\n" % (i, i) for i in range(5_000)), mtime=0)[:-40])
    with pytest.raises(ContractBroken, match="truncated"):
        ingest(tmp_path / "store", "crispr_matrix", [raw])


def test_numbers_are_read_as_numbers_alone() -> None:
    assert parse(["1", "-2e-1", ".5", "3."], "1 -2e-1 .5 3.", "abcd").tolist() == [1, -0.2, 0.5, 3]  # type: ignore[union-attr]
    assert np.isnan(parse(["", "NA", "NaN", "nan"], "", "abcd")).all()  # type: ignore[arg-type]
    for cell in ("1_000", "inf", "-nan", "٣", "0x1F", "1e999", "high"):
        assert parse(["1", cell], f"1 {cell}", "ab") == f"b: {cell!r} is not a finite number"
    assert model_key("NIH:OVCAR-3") == "NIHOVCAR3"


def test_a_spill_gives_rows_back_in_any_order() -> None:
    rows = np.arange(12, dtype=np.float64).reshape(4, 3)
    rows[1, 2] = np.nan
    with Spill(3) as spill:
        assert [spill.append(row) for row in rows] == [3, 2, 3, 3]
        np.testing.assert_array_equal(spill.take([3, 1]), rows[[3, 1]])
        assert spill.filled.tolist() == [4, 4, 3]


@pytest.mark.slow
def test_a_gene_and_a_model_each_skip_most_row_groups(tmp_path: Path) -> None:
    BENCH["write_matrix"](tmp_path / NAME, 1_700, 200)
    ingest(tmp_path / "store", "project_score", [tmp_path / NAME])
    with lrbstore.open(tmp_path / "store") as store:
        paths = store.data_files("knockout_score")
        assert BENCH["admitting"](paths, "gene_symbol", "GENE00600", "GENE00600") == (4, 16)
        assert BENCH["admitting"](paths, "screen_id", "SIDM90070", "SIDM90070~") == (4, 16)
        lines = [line.split("\t") for line in (tmp_path / NAME).read_text().splitlines()]
        models = lines[1][3:]
        for gene in ("GENE00000", "GENE00600", "GENE01699"):
            cells = next(line for line in lines[4:] if line[1] == gene)[3:]
            want = sorted((m, float(c)) for m, c in zip(models, cells, strict=True) if c)
            sql = "select cell_model_id, score from gene_knockout where gene_symbol = $g order by 1"
            assert store.sql(sql, params={"g": gene}).fetchall() == want
        at = models.index("SIDM90070")
        want = sorted((line[1], float(line[3 + at])) for line in lines[4:] if line[3 + at])
        sql = "select gene_symbol, score from gene_knockout where cell_model_id = 'SIDM90070' order by 1"
        assert store.sql(sql).fetchall() == want


@pytest.mark.slow
def test_the_real_matrix_and_models_are_loaded_with_every_value(realdata: Path, tmp_path: Path) -> None:
    crispr, store_path = realdata / "crispr", tmp_path / "store"
    matrix = crispr / "sanger_uvm_MAGeCK_gene_corrected_beta.tsv.gz"
    done = ingest(store_path, "crispr_matrix", [matrix]).loaded
    done += ingest(store_path, "project_score", [crispr]).loaded
    done += ingest(store_path, "depmap", sorted(crispr.glob("depmap_*2*Q*.csv*")) + sorted(crispr.glob("depmap_Model_2*"))).loaded
    counts = {f.name.partition(".")[0]: (f.rows_in, f.rows_rejected) for f in done}
    assert counts == {
        "sanger_uvm_MAGeCK_gene_corrected_beta": (18_006, 0),
        "project_score_manifest": (339, 0),
        "projectscore_essential_sanger_depmap19": (7_470, 0),
        "depmap_Model_23Q4": (1_921, 0),
        "depmap_Model_24Q2": (1_959, 0),
        "depmap_CRISPRInferredCommonEssentials_24Q2": (2_023, 0),
    }
    with gzip.open(matrix, "rt") as handle:
        header, *lines = csv.reader(handle, delimiter="\t")
    want = sorted((line[0], model, float(cell)) for line in lines for model, cell in zip(header[1:], line[1:], strict=True))
    with lrbstore.open(store_path) as store:
        assert store.sql("select gene_symbol, model_id, score from gene_knockout order by 1, 2").fetchall() == want
        with gzip.open(crispr / "depmap_Model_24Q2.csv.gz", "rt", encoding="utf-8-sig") as handle:
            models = {row["ModelID"]: row for row in csv.DictReader(handle)}
        held = store.sql("select model_id, sanger_model_id, model_name, rrid, cosmic_id, age from depmap_model").fetchall()
        assert len(held) == len(models)
        for ach, *rest in held:
            said = models[ach]
            numbers = [float(said[c]) if said[c] else None for c in ("COSMICID", "Age")]
            assert rest == [said["SangerModelID"] or None, said["CellLineName"], said["RRID"] or None, *numbers]
        shared = store.sql("select count(*) from cell_model where len(sources) > 1 and list_contains(sources, 'project_score')").fetchall()
        assert shared == [(336,)], "of the 339 models of the manifest, DepMap bridges 336"
