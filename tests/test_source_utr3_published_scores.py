"""Published scores: every figure of the file that comes along is found again, once, with where it stands."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lrbstore
from lrbstore.cli import app
from lrbstore.contract import contract
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.pipeline import ingest
from lrbstore.layout import ingest_folder
from lrbstore.metrics import METRICS
from lrbstore.published import beside, published
from lrbstore.release import _OF_MODELS

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
    assert store.sql(query).fetchall() == [
        ("utr3_mpra_griesemer", "griesemer_2021", "cell_line"),
        ("utr3_mpra_siegel", "siegel_2022", "cell_line"),  # stability; the other quantity is no task
        (None, "siegel_2022", "cell_line"),
    ]
    query = "select distinct task, published_stratum from published_score where published_dataset = 'siegel_2022' order by all nulls last"
    assert [row[1] for row in store.sql(query).fetchall() if row[0]] == ["Beas2B|stability", "Jurkat|stability"]
    # the figure of a table, as a reader would look it up
    one = "model = 'DNBT-3UTR-RNA' and predictor = 'SVR' and task = 'utr3_mpra_griesemer' and stratum = 'HMEC'"
    assert store.sql(f"select value from published_score where {one}").fetchall() == [(0.55,)]
    chosen = "select distinct predictor from published_score where published_task = 'variant_effect' and direction_by is null"
    assert store.sql(chosen).fetchall() == [("MLP",)]  # all others were turned round where they were below 0.5
    assert store.sql("select count(*) from published_score where n is not null or reference = ''").fetchall() == [(0,)]


def test_each_model_that_figures_name_has_a_row(store: lrbstore.Store) -> None:
    """What is known of it; and what models are is no part of a release's content."""
    named = "select count(*), count(about) from (select distinct model from published_score) left join model using (model)"
    assert store.sql(named).fetchall() == [(22, 22)]
    assert store.sql("select count(*), count(distinct model), count(source_line) from model").fetchall() == [(22, 22, 0)]
    known = (SHIPPED.parent / "models.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.count("\t") for line in known] == [2] * 23
    kept = {file.table for file in store.manifest.files}
    assert kept == {"published_score", "model"}
    assert "model" in _OF_MODELS


def test_published_scores_lie_under_computed_ones_of_the_same_stratum(store: lrbstore.Store) -> None:
    rows = published(store, "utr3_mpra_siegel")
    assert rows.columns == contract("score").schema.names
    assert len(rows) == 44
    assert set(rows["origin"]) == {"published"}
    for column in ("split", "n", "n_missing", "window", "stratifier_hash", "direction"):
        assert rows[column].null_count() == 44
    assert rows["ci_low"].null_count() == 0
    assert rows["note"].str.contains("is not verified").all()
    asked = rows.head(1).with_columns(
        origin=pl.lit("computed"), model=pl.lit("mine"), stratum=pl.lit("Jurkat"), note=pl.lit(None, pl.String), tie_group=pl.lit(1)
    )
    both = beside(asked, rows)
    assert both["origin"].to_list() == ["computed"] + ["published"] * 22
    assert set(both["stratum"]) == {"Jurkat"}
    assert both["tie_group"].to_list() == [1] + [None] * 22
    figure = both.filter((pl.col("model") == "DNBT-3UTR-RNA") & (pl.col("predictor") == "SVR"))
    assert figure.select("value", "ci_low", "ci_high").row(0) == (0.49, 0.48, 0.5)
    assert beside(asked.with_columns(metric=pl.lit("spearman")), rows)["origin"].to_list() == ["computed"]
    assert len(published(store, "gvrep_gwas")) == 0


@pytest.mark.slow
def test_published_scores_are_shown_with_the_real_ones(realdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By score and compare, in Python and on the command line; they have no rank, and stand in no difference."""
    path = tmp_path / "store"
    ingest(path, "utr3_mpra_siegel", [realdata / "utr3"])
    asked: dict[str, Any] = {"by": "cell_line", "intervals": lrbstore.Intervals("none"), "model": "saluki"}
    with lrbstore.open(path) as opened:
        task = lrbstore.task("utr3_mpra_siegel", store=opened)
        with pytest.raises(MissingData, match=r"no published scores; .* run: lrbstore ingest utr3_published_scores --store"):
            task.score(**asked, published=True)
        with pytest.raises(MissingData, match="no published scores"):
            task.compare({"a": [], "b": []}, published=True)
    ingest(path, NAME, [])
    with lrbstore.open(path) as opened:
        task = lrbstore.task("utr3_mpra_siegel", store=opened)
        plain, frame = task.score(**asked), task.score(**asked, published=True)
        assert frame.head(len(plain)).equals(plain)
        ours = frame.filter(origin="computed", metric="pearson", stratifier="cell_line")
        assert dict(ours.select("stratum", pl.col("value").round(3)).iter_rows()) == {"Beas2B": 0.561, "Jurkat": 0.42}
        theirs = frame.filter(origin="published")
        assert theirs["stratum"].to_list() == ["Beas2B"] * 22 + ["Jurkat"] * 22
        assert "saluki" not in {name.lower() for name in theirs["model"]}  # nobody published its figure for this assay
        (one,) = theirs.filter(model="5-mers Siegel et al., 2022", predictor="SVR", stratum="Jurkat").to_dicts()
        assert (one["value"], one["ci_low"], one["ci_high"], one["n"], one["split"]) == (0.45, 0.44, 0.46, None, None)
        labels = task.test.labels()
        models = {name: labels + np.random.default_rng(i).normal(size=len(labels)) for i, name in enumerate("ab")}
        how = lrbstore.Intervals(replicates=20)
        without, found = (task.compare(models, "cell_line", metrics=["pearson"], intervals=how, published=p) for p in (False, True))
        assert found.differences.equals(without.differences)
        assert found.scores.filter(origin="computed").equals(without.scores)
        assert found.scores.filter(origin="published")["tie_group"].to_list() == [None] * 44
        narrow = lrbstore.task("utr3_mpra_siegel", store=opened, cell_line="Jurkat").score(**asked, published=True)
        (note,) = narrow.filter(origin="published")["note"].unique()
        assert note.endswith("; of examples that are not chosen by cell_line='Jurkat'")
    words = ["score", "utr3_mpra_siegel", "--model", "saluki", "--published", "--store", str(path), "--intervals", "none"]
    app([*words, "--by", "cell_line"], standalone_mode=False)
    told = capsys.readouterr()
    assert told.out.count("published") == 44
    assert told.err.count("published: held-out predictions") == 1
    app([*words, "--by", "cell_line", "--format", "json"], standalone_mode=False)
    assert [row["origin"] for row in json.loads(capsys.readouterr().out)] == ["computed"] * 9 + ["published"] * 44
    app(words, standalone_mode=False)
    assert "no published score is of these metrics and strata of utr3_mpra_siegel" in capsys.readouterr().err
    with lrbstore.open(path) as opened:
        task = lrbstore.task("utr3_mpra_siegel", store=opened)
        for name, own in models.items():
            task.score(own, model=name, keep=True, intervals=lrbstore.Intervals("none"))
    words = ["compare", "utr3_mpra_siegel", "a", "b", "--by", "cell_line", "--published", "--replicates", "20", "--store", str(path)]
    app(words, standalone_mode=False)
    told = capsys.readouterr()
    assert told.out.count(" #") == 6  # two models in three strata
    assert told.out.count("published") == 44


def test_nothing_is_made_up_for_a_source_that_brings_no_files(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"source 'gtex_v8_eqtl' brings no files along; give files or a folder: .*egenes.* Download GTEx"):
        ingest(tmp_path / "store", "gtex_v8_eqtl", [])


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / SHIPPED.name).write_text("task,model,value\nmpra,A,0.5\n")
    with pytest.raises(ContractBroken, match="lacks the columns dataset, stratum, predictor, metric, source"):
        ingest(tmp_path / "store", NAME, [tmp_path])
