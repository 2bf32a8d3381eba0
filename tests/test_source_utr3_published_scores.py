"""Published scores: every figure of the file that comes along is found again, once, with where it stands."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrbstore
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.pipeline import ingest
from lrbstore.layout import ingest_folder
from lrbstore.metrics import METRICS

NAME = "utr3_published_scores"
SHIPPED = ingest_folder() / NAME / f"{NAME}.csv"
COLUMNS = ("published_task", "published_dataset", "published_stratum", "model", "predictor", "published_metric", "value", "reference")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    path = tmp_path_factory.mktemp("published")
    (loaded,) = ingest(path, NAME, []).loaded  # no path: what comes along
    assert (loaded.name, loaded.rows_in, loaded.rows_loaded, loaded.rows_rejected) == (SHIPPED.name, 1_556, 1_556, 0)
    with lrbstore.open(path) as opened:
        yield opened


def test_every_figure_is_found_again(store: lrbstore.Store) -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as handle:
        lines = dict(enumerate(csv.DictReader(handle), start=2))
    found = store.sql(
        f"select {', '.join(COLUMNS)}, source_line, half_width, folded_lines[1], ci_low, ci_high, ci_method from published_score"
    )
    rows = found.fetchall()
    told = {}
    for *figure, line, half_width, half_width_line, low, high, method in rows:
        given = lines[line]
        assert figure == [*list(given.values())[:6], float(given["value"]), given["source"]]
        told[line] = given
        assert (half_width is None) == (low is None) == (high is None) == (method is None)
        if half_width is not None:
            other = told[half_width_line] = lines[half_width_line]
            same = ("task", "dataset", "stratum", "model", "predictor", "source")
            assert [other[key] for key in same] == [given[key] for key in same]
            assert other["metric"].endswith("_halfwidth")
            assert float(other["value"]) == half_width
            assert (low, high) == pytest.approx((figure[6] - half_width, figure[6] + half_width))
    assert told == lines  # figures in = rows and half-widths joined; none is rejected
    assert len(rows) == 845


def test_names_are_ours_where_there_is_one_of_the_kind(store: lrbstore.Store) -> None:
    counts = dict(store.sql("select metric, count(*) from published_score group by 1").fetchall())
    assert counts == {"auroc": 549, "pearson": 289, "pearson_r_mean_folds": 3, "median_score": 4}
    assert {"auroc", "pearson"} <= set(METRICS)
    query = "select distinct task, published_dataset, stratifier from published_score where stratifier = 'cell_line' order by all"
    assert store.sql(query).fetchall() == [("utr3_mpra_griesemer", "griesemer_2021", "cell_line"), (None, "siegel_2022", "cell_line")]
    # the figure of a table, as a reader would look it up
    one = "model = 'DNBT-3UTR-RNA' and predictor = 'SVR' and task = 'utr3_mpra_griesemer' and stratum = 'HMEC'"
    assert store.sql(f"select value from published_score where {one}").fetchall() == [(0.55,)]
    chosen = "select distinct predictor from published_score where published_task = 'variant_effect' and direction_by is null"
    assert store.sql(chosen).fetchall() == [("MLP",)]  # all others were turned round where they were below 0.5
    assert store.sql("select count(*) from published_score where n is not null or reference = ''").fetchall() == [(0,)]


def test_nothing_is_made_up_for_a_source_that_brings_no_files(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"source 'gtex_v8_eqtl' brings no files along; give files or a folder: .*egenes.* Download GTEx"):
        ingest(tmp_path / "store", "gtex_v8_eqtl", [])


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / SHIPPED.name).write_text("task,model,value\nmpra,A,0.5\n")
    with pytest.raises(ContractBroken, match="lacks the columns dataset, stratum, predictor, metric, source"):
        ingest(tmp_path / "store", NAME, [tmp_path])
