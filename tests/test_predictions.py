"""Predictions: kept, scored again by name, allowed to miss some, refused when they are for something else; intervals and comparisons."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn import metrics as reference

import lrbstore
from lrbstore.baseline import BASELINES, predict
from lrbstore.cli import app
from lrbstore.ingest.pipeline import ingest
from lrbstore.predictions import forget, listed, template

EQTL, BULK, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "gvrep_eqtl_pval"
NONE = lrbstore.Intervals("none")


@pytest.fixture
def own(demo_store: Path, tmp_path: Path) -> Path:
    """A store of the demo's that may be written to."""
    home = tmp_path / "store"
    shutil.copytree(demo_store, home)
    return home


def _numbers(ds: lrbstore.Dataset, seed: int = 0) -> np.ndarray:
    labels = ds.labels()
    return np.asarray(labels + np.random.default_rng(seed).normal(0, 1, labels.shape), np.float64)


def _frame(ds: lrbstore.Dataset, seed: int = 0) -> pl.DataFrame:
    values = _numbers(ds, seed)
    return pl.DataFrame({"example_id": ds.rows("example_id")["example_id"].to_pylist(), "prediction": values.tolist()})


# ── kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [EQTL, BULK])
def test_what_is_kept_scores_the_same_again(own: Path, name: str) -> None:
    with lrbstore.open(own) as store:
        task = lrbstore.task(name, 256, store=store)
        fingerprint = task.test.fingerprint
        first = task.score(_frame(task.test), model="mine", predictor="linear", replicate="3", keep=True, intervals=NONE)
    with lrbstore.open(own) as store:
        task = lrbstore.task(name, 256, store=store)
        assert task.test.fingerprint == fingerprint  # predictions change no example
        again = task.score(model="mine", intervals=NONE)
        assert again.drop("release").equals(first.drop("release"))
        assert set(again["model"]) == {"mine"}
        assert set(again["predictor"]) == {"linear"}
        assert set(again["replicate"]) == {"3"}
        (said,) = store.sql("from predictor where source = 'user'").pl().to_dicts()
        assert (said["task"], said["split"], said["n"], said["n_missing"]) == (name, "test", len(task.test), 0)
        assert (said["seq_len"], said["window"], said["fingerprint"]) == (256, task.window.policy, fingerprint)
        held = store.sql("select example_id, \"values\" from prediction where source = 'user' order by source_line").pl()
        assert held["example_id"].to_list() == task.test.rows("example_id")["example_id"].to_pylist()
        expected = _numbers(task.test).astype(np.float32).reshape(len(task.test), -1)
        assert np.array_equal(np.array(held["values"].to_list(), np.float32), expected)


def test_kept_again_takes_the_place_and_forgotten_is_gone(own: Path) -> None:
    with lrbstore.open(own) as store:
        task = lrbstore.task(EQTL, 256, store=store)
        for seed in (0, 1):
            task.score(_frame(task.test, seed), model="mine", keep=True, intervals=NONE)
        task.score(_frame(task.test), model="other", keep=True, intervals=NONE)
    with lrbstore.open(own) as store:
        task = lrbstore.task(EQTL, 256, store=store)
        expected = task.score(_numbers(task.test, 1).astype(np.float32), intervals=NONE)["value"].to_list()
        assert task.score(model="mine", intervals=NONE)["value"].to_list() == expected
        assert store.sql("select count(*) from prediction where model = 'mine'").fetchall() == [(len(task.test),)]
        assert forget(store, EQTL, "mine") == 1
        with pytest.raises(lrbstore.UnknownName, match="'mine'; known: other"):
            forget(store, EQTL, "mine")
    with lrbstore.open(own) as store:
        task = lrbstore.task(EQTL, 256, store=store)
        with pytest.raises(lrbstore.UnknownName, match="unknown model with predictions for variant_effect_gene_expression 'mine'"):
            task.score(model="mine")
        assert task.score(model="other", intervals=NONE).height == 4
        with pytest.raises(lrbstore.BadSpec, match=r'of other that are kept .* "seq_len": 256.*asked for: split test.*"seq_len": 64'):
            lrbstore.task(EQTL, 64, store=store).score(model="other")


def test_what_cannot_be_scored_is_not_kept_and_a_score_names_the_release_that_has_its_predictions(own: Path) -> None:
    with lrbstore.open(own) as store:
        task = lrbstore.task(EQTL, 64, store=store)
        for wrong in ({"intervals": lrbstore.Intervals(cluster="gene_idd")}, {"metrics": ["mse_"]}, {"by": "tisue"}):
            with pytest.raises(lrbstore.UnknownName):
                task.score(_frame(task.test), model="mine", keep=True, **wrong)
        assert store.folder.current == store.release
        scores = task.score(_frame(task.test), model="mine", keep=True, intervals=NONE)
        assert set(scores["release"]) == {store.folder.current} != {store.release}
    with lrbstore.open(own) as store:
        assert lrbstore.task(EQTL, 64, store=store).score(model="mine", intervals=NONE).equals(scores)


def test_a_file_may_hold_several_models_and_seeds(own: Path, tmp_path: Path) -> None:
    with lrbstore.open(own) as store:
        task = lrbstore.task(EQTL, 256, store=store)
        parts = [
            _frame(task.test, seed).with_columns(pl.lit(model).alias("model"), pl.lit(seed).alias("seed"))
            for seed, model in enumerate(("a", "a", "b"))
        ]
        pl.concat(parts).write_parquet(tmp_path / "all.parquet")
        frame = task.score(tmp_path / "all.parquet", intervals=NONE)
        found = frame.filter(pl.col("metric") == "auroc").select("model", "replicate", "value").rows()
        assert found == [
            (model, str(seed), pytest.approx(reference.roc_auc_score(task.test.labels(), _numbers(task.test, seed)), abs=1e-12))
            for seed, model in enumerate(("a", "a", "b"))
        ]
        assert task.score(tmp_path / "all.parquet", model="b", intervals=NONE).height == 4
        with pytest.raises(lrbstore.BadSpec, match="none of their rows is of model 'c'"):
            task.score(tmp_path / "all.parquet", model="c")
        with pytest.raises(lrbstore.BadSpec, match="under the name of a model"):
            task.score(_frame(task.test), keep=True, intervals=NONE)


# ── what is wrong with them ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_missing_ones_may_be_allowed_and_are_counted_in_every_stratum(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    frame, labels = _frame(task.test), task.test.labels()
    frame = frame.with_columns(pl.when(pl.arange(pl.len()) == 4).then(math.nan).otherwise("prediction").alias("prediction"))
    frame = pl.concat([frame[3:], pl.DataFrame({"example_id": ["nobody"], "prediction": [0.0]})])
    with pytest.raises(lrbstore.IncompletePredictions, match=r"3 missing .*1 unknown .nobody.*1 non-finite"):
        task.score(frame)
    found = task.score(frame, by="chromosome", allow_missing=True, intervals=NONE)
    kept = np.arange(len(labels)) > 4
    kept[3] = True
    overall = found.filter((pl.col("metric") == "auroc") & (pl.col("stratifier") == "overall")).row(0, named=True)
    assert overall["value"] == pytest.approx(reference.roc_auc_score(labels[kept], _numbers(task.test)[kept]), abs=1e-12)
    assert (overall["n"], overall["n_missing"]) == (len(labels) - 4, 4)
    assert overall["note"] == "1 unknown ids passed over; 1 predictions that are not finite counted as missing"
    strata = found.filter((pl.col("metric") == "auroc") & (pl.col("stratifier") == "chromosome"))
    assert strata["n_missing"].sum() == 4
    with pytest.raises(lrbstore.IncompletePredictions, match="columns model and replicate tell several"):
        task.score(pl.concat([frame, frame]), allow_missing=True)


def test_predictions_made_at_another_window_say_at_which(store: lrbstore.Store, tmp_path: Path) -> None:
    made, here = lrbstore.task(EQTL, 128, store=store), lrbstore.task(EQTL, 64, store=store)
    filled = pl.DataFrame(pl.from_arrow(template(made.test))).with_columns(_frame(made.test)["prediction"])
    for name in ("filled.csv", "filled.parquet"):
        filled.write_csv(tmp_path / name) if name.endswith("csv") else filled.write_parquet(tmp_path / name)
        assert made.score(tmp_path / name, intervals=NONE).height == 4
        with pytest.raises(lrbstore.BadSpec, match=r"(?s)made at seq_len=128, window=\w+\), and .* seq_len=64, window='\w+'.*: open"):
            here.score(tmp_path / name)
    filtered = lrbstore.task(EQTL, 128, tissue=made.test.rows("tissue")["tissue"][0].as_py(), store=store)
    with pytest.raises(lrbstore.BadSpec, match=r"made at seq_len=128, window=\w+ as here"):
        filtered.score(filled)
    with pytest.raises(lrbstore.BadSpec, match=r"fingerprint \w{12}…, and "):
        here.score(filled.drop("seq_len", "window"))
    plain = _frame(here.test).with_columns(pl.lit(8192).alias("seq_len"), pl.Series("window", map(str, range(len(here.test)))))
    assert here.score(plain, intervals=NONE).height == 4  # what a model reads is its own business


def test_predictions_for_something_else_are_refused(store: lrbstore.Store, tmp_path: Path) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    filled = pl.DataFrame(pl.from_arrow(template(task.test))).with_columns(_frame(task.test)["prediction"])
    assert task.score(filled, intervals=NONE).height == 4
    later = store.release.replace(store.release[:4], "9999", 1)  # of the same content: predictions were added to it
    assert task.score(filled.drop("fingerprint").with_columns(pl.lit(later).alias("release")), intervals=NONE).height == 4
    train = template(task.train)["example_id"].to_pylist()
    other = lrbstore.task(GVREP, 64, store=store).test.rows("example_id")["example_id"].to_pylist()
    wrong = [
        (filled.with_columns(pl.lit(BULK).alias("task")), "say that they are for task 'bulk_rna_expression'"),
        (filled.with_columns(pl.lit("train").alias("split")), "say that they are for split 'train'"),
        (
            filled.with_columns(pl.lit("0001-00000000").alias("release"), pl.lit("f").alias("fingerprint")),
            "are for release 0001-00000000, and .* is open.*--release 0001-00000000",
        ),
        (filled.drop("fingerprint").with_columns(pl.lit("0001-00000000").alias("release")), "are for release 0001-00000000"),
        (filled.with_columns(pl.lit("f").alias("fingerprint")), "open the task with the window"),
        (filled.with_columns(pl.Series("task", [EQTL, *[BULK] * (filled.height - 1)])), "column 'task' .* expected one value"),
        (filled.with_columns(pl.Series("prediction", task.test.labels())), "are the labels of all"),
        (filled.with_columns(pl.lit("causal").alias("prediction")), r"holds text \('causal'\) and no number"),
        ({"example_id": train, "prediction": [0.0] * len(train)}, "the unknown ids are of its split train"),
        ({"example_id": other, "prediction": [0.0] * len(other)}, "the unknown ids are of task gvrep_eqtl_pval"),
    ]
    for given, said in wrong:
        with pytest.raises((lrbstore.BadSpec, lrbstore.IncompletePredictions), match=said):
            task.score(given)


def test_expects_says_what_is_wanted(store: lrbstore.Store) -> None:
    said = lrbstore.task(EQTL, 64, store=store).expects()
    assert f"{len(lrbstore.task(EQTL, 64, store=store).test):,} examples" in said
    assert "one finite number; higher means causal" in said
    assert "218 finite numbers, as a list of 218" in lrbstore.task(BULK, 64, store=store).expects()


# ── intervals and comparisons ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_interval_of_a_correlation_is_scipys(store: lrbstore.Store) -> None:
    task = lrbstore.task("gvrep_mave", 64, store=store)
    values = _numbers(task.test)
    row = task.score(values).filter(pl.col("metric") == "pearson").row(0, named=True)
    low, high = stats.pearsonr(task.test.labels().astype(np.float64), values).confidence_interval(0.95)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))
    assert row["ci_method"] == "Fisher z, 0.95"


def test_clusters_that_are_too_few_have_no_interval(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    frame = task.score(_numbers(task.test), intervals=lrbstore.Intervals(cluster="chrom", replicates=50))
    assert frame["ci_low"].null_count() == frame.height
    assert all("few_clusters" in note for note in frame["note"].to_list())
    with pytest.raises(lrbstore.UnknownName, match="column of the examples"):
        task.score(_numbers(task.test), intervals=lrbstore.Intervals(cluster="chromo"))


def test_models_are_compared_on_the_same_examples(store: lrbstore.Store) -> None:
    task = lrbstore.task(GVREP, 64, store=store)
    labels = task.test.labels()
    rng = np.random.default_rng(0)
    good, bad = labels + rng.normal(0, 1, labels.shape), rng.normal(0, 1, labels.shape)
    models = {"good": good, "good again": good, "bad": bad}
    found = task.compare(models, by="chromosome", metrics=["auroc"])
    assert set(found.scores["metric"]) == {"auroc"}
    overall = found.scores.filter(pl.col("stratifier") == "overall")
    assert dict(overall.select("model", "tie_group").iter_rows()) == {"good": 1, "good again": 1, "bad": 2}
    rows = {(r["model_a"], r["model_b"]): r for r in found.differences.filter(pl.col("stratifier") == "overall").iter_rows(named=True)}
    same, apart = rows["good", "good again"], rows["good", "bad"]
    assert (same["difference"], same["p"]) == (0, 1)
    expected = reference.roc_auc_score(labels, good) - reference.roc_auc_score(labels, bad)
    assert apart["difference"] == pytest.approx(expected, abs=1e-12)
    assert apart["ci_low"] < expected < apart["ci_high"]
    assert apart["p"] <= apart["p_bh"] <= apart["p_holm"] < 1e-6
    with pytest.raises(lrbstore.BadSpec, match="1 model to compare"):
        task.compare(["good"])


def test_an_expression_and_a_crossing_cut_as_sql_does(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    rows = task.test.rows(["tss_distance_bp", "tissue"])
    found = task.score(_numbers(task.test), by=("tss_distance_bp / 10000", "tissue & viztool"), intervals=NONE)
    own = found.filter((pl.col("stratifier") == "tss_distance_bp / 10000") & (pl.col("metric") == "auroc"))
    expected = pl.Series([str(math.floor(d / 10_000)) for d in rows["tss_distance_bp"].to_pylist()]).value_counts()
    assert dict(own.select("stratum", "n").iter_rows()) == dict(expected.iter_rows())
    crossed = found.filter((pl.col("stratifier") == "tissue & tss_distance:viztool") & (pl.col("metric") == "auroc"))
    assert crossed["n"].sum() == len(task.test)
    assert {name.split(" & ")[0] for name in crossed["stratum"]} == set(rows["tissue"].to_pylist())


# ── baselines ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [n for n in BASELINES if n != "kmer_ridge"])
def test_a_baseline_never_sees_the_labels_that_it_predicts(store: lrbstore.Store, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    task = lrbstore.task(GVREP, 64, store=store)
    seen: list[str] = []
    labels = lrbstore.Dataset.labels

    def noted(self: lrbstore.Dataset) -> np.ndarray:
        seen.append(self.split)
        return labels(self)

    monkeypatch.setattr(lrbstore.Dataset, "labels", noted)
    ids, values = predict(task, name)
    assert set(seen) <= {"train"}
    assert ids == task.test.rows("example_id")["example_id"].to_pylist()
    assert values.shape == (len(ids),)
    assert np.isfinite(values).all()


def test_group_means_are_those_of_a_plain_loop(store: lrbstore.Store) -> None:
    task = lrbstore.task(GVREP, 64, store=store)
    train, labels = task.train.rows(["tissue"])["tissue"].to_pylist(), task.train.labels()
    means = {t: np.mean([y for u, y in zip(train, labels.tolist(), strict=True) if u == t]) for t in set(train)}
    ids, values = predict(task, "tissue_mean")
    expected = [means.get(t, labels.mean()) for t in task.test.rows(["tissue"])["tissue"].to_pylist()]
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert len(ids) == len(values)


def test_a_baseline_that_does_not_fit_says_which_do(store: lrbstore.Store) -> None:
    with pytest.raises(lrbstore.BadSpec, match=r"'tss_distance' does not fit bulk_rna_expression: .*those that do: constant, random"):
        predict(lrbstore.task(BULK, 64, store=store), "tss_distance")
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'gc_content'"):
        predict(lrbstore.task(BULK, 64, store=store), "gc_contents")


def test_a_listed_set_says_how_many_examples_of_the_test_split_have_one(store: lrbstore.Store, own: Path) -> None:
    found = listed(store)
    assert found.height > 2
    for row in found.filter(source="utr3_mpra_siegel", task="utr3_mpra_siegel").to_dicts():
        scored = lrbstore.task(row["task"], store=store).score(model=row["model"], allow_missing=True, intervals=NONE)
        assert scored["n"].to_list() == [row["n_test"]] * scored.height
        assert 0 < row["n_test"] < row["n"]  # the provider's file has what no example of the task was made of
    with lrbstore.open(own) as opened:
        task = lrbstore.task(EQTL, 64, store=opened)
        task.score(_frame(task.test), model="mine", keep=True, intervals=NONE)
        task.score(_frame(task.train), split="train", model="mine", keep=True, intervals=NONE)
    with lrbstore.open(own) as opened:
        mine = listed(opened).filter(model="mine").select("split", "n", "n_test").rows()
    assert sorted(mine) == [("test", len(task.test), len(task.test)), ("train", len(task.train), None)]


def test_a_store_without_predictions_lists_none(tmp_path: Path, simulated: Path) -> None:
    ingest(tmp_path / "store", "dida", [simulated / "dida"], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        assert listed(opened).height == 0


@pytest.mark.slow
def test_the_walk_from_template_to_comparison(own: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What a user types: template, baseline, score, compare, forget."""
    at = ["--store", str(own), "--seq-len", "256"]

    def typed(*words: str) -> str:
        app(list(words), standalone_mode=False)
        return capfd.readouterr().out

    path = tmp_path / "mine.csv"
    typed("predictions", "template", EQTL, str(path), *at)
    frame = pl.read_csv(path, schema_overrides={"example_id": pl.String})
    frame.with_columns(pl.Series("prediction", np.random.default_rng(0).normal(size=frame.height))).write_csv(path)
    assert "auroc" in typed("score", EQTL, str(path), "--model", "mine", "--by", "tss_distance:caduceus", *at)
    typed("baseline", EQTL, "tss_distance", "random", *at)
    side_by_side = typed("compare", EQTL, "mine", "tss_distance", "random", "--by", "viztool", "--by", "caduceus", *at)
    assert all(word in side_by_side for word in ("mine", "tss_distance", "random", "100k+", "#1"))
    assert "p_holm" in typed("compare", EQTL, "mine", "random", "--differences", *at)
    typed("predictions", "forget", EQTL, "mine", "--store", str(own))
    assert "mine" not in typed("predictions", "list", "--store", str(own), "--format", "csv")
