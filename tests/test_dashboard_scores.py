"""The page on scores shows what task.score and task.compare give, beside what a metric is by chance."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import screen
from polars.testing import assert_frame_equal

import lrbstore
from lrbstore.dashboard.desk import TooLarge
from lrbstore.dashboard.queries import scores, strata
from lrbstore.metrics import metric

TASK = "variant_effect_gene_expression"
BY = "tss_distance:caduceus"


@pytest.fixture(scope="module")
def view(desk):
    return scores.views(desk, TASK)[0]


@pytest.fixture(scope="module")
def task(desk):
    return lrbstore.task(TASK, 2048, store=desk.store)


def scored(desk, view, by=BY, further=None, method="formula", cluster=None, names=None):
    short = scores.short_names(view.names)
    how = (by, further, method, 100, cluster, False, view.settings)
    return {short[name]: scores.of_set(desk, TASK, view.split, name, *how) for name in names or view.names}


def test_the_window_is_that_of_the_predictions(desk, view):
    assert dict(view.settings)["seq_len"] == 2048
    assert view.split == "test"
    assert {name.partition("/")[0] for name in view.names} == {"tss_distance", "gc_content", "random"}
    assert scores.fitting([view], None, (("seq_len", None), ("window", "lrb"))) == [view]
    assert not scores.fitting([view], None, (("seq_len", 4096),))
    assert not scores.fitting([view], "train", ())
    assert scores.views(desk, "gvrep_gwas") == []
    assert strata.task_names(desk)[0] == TASK


def test_numbers_are_those_of_score(desk, view, task):
    found = scores.together(desk, TASK, scored(desk, view), "auroc").frame
    for name in ("tss_distance", "gc_content", "random"):
        expected = task.score(model=name, by=BY, intervals=lrbstore.Intervals(method="formula")).filter(metric="auroc")
        own = found.filter(pl.col("name") == name, pl.col("place") != scores.MACRO).select(expected.columns)
        assert_frame_equal(own, expected, check_dtypes=False)


def test_scores_stand_beside_chance_and_few_or_undefined_ones_are_told_apart(desk, view):
    for name in ("auroc", "auprc", "mcc", "accuracy"):
        rows = scores.together(desk, TASK, scored(desk, view, "tissue"), name).frame.filter(pl.col("place") != scores.MACRO).to_dicts()
        assert {row["state"] for row in rows} >= {"scored", "too_few"}
        for row in rows:
            expected = {"auroc": 0.5, "auprc": row["n_pos"] / row["n"], "mcc": 0.0, "accuracy": None}[name]
            assert row["chance"] == expected
            assert row["above_chance"] == (None if expected is None or row["value"] is None else row["value"] - expected)
            assert (row["state"] == "undefined") == (row["value"] is None)
            if row["state"] != "undefined":
                assert (row["state"] == "too_few") == (min(row["n_pos"], row["n_neg"]) < 10 or row["n"] < 30)
    undefined = [row for row in rows if row["state"] == "undefined"]
    of_auroc = scores.together(desk, TASK, scored(desk, view, "tissue"), "auroc").frame.filter(state="undefined", name="random")
    assert not undefined
    assert of_auroc.filter(pl.col("place") != scores.MACRO)["note"].str.contains("one class only").all()


def test_macro_is_the_mean_over_the_strata_that_are_large_enough(desk, view):
    found = scores.together(desk, TASK, scored(desk, view, "chromosome"), "accuracy").frame
    for name in set(found["name"]):
        own = found.filter(pl.col("name") == name)
        macro = own.filter(pl.col("place") == scores.MACRO).row(0, named=True)
        strata = own.filter(~pl.col("place").is_in([scores.OVERALL, scores.MACRO]))
        large = strata.filter(pl.col("state") == "scored")
        assert macro["value"] == (pytest.approx(np.mean(large["value"].to_list())) if large.height else None)
        assert macro["state"] == ("scored" if large.height else "undefined")
        for row in strata.filter(pl.col("state") != "scored").to_dicts():
            assert f"{row['place']} ({row['state']})" in macro["note"]
        assert macro["n"] == large["n"].sum()


def row(value, place, state="scored", n=40, chance=0.5):
    keys = ("task", "split", "model", "predictor", "replicate", "metric", "transform", "window", "seq_len", "release", "origin", "name")
    more = {"stratifier": "s", "stratifier_hash": "h", "n_missing": 0}
    return {**dict.fromkeys(keys, "x"), **more, "value": value, "place": place, "state": state, "n": n, "chance": chance}


def test_macro_leaves_out_what_is_not_reported():
    rows = [row(0.6, "a"), row(0.8, "b", n=60), row(1.0, "c", "too_few", 3), row(None, "d", "undefined", 1), row(0.1, scores.NONE)]
    macro = scores._macro(rows)
    assert (macro["value"], macro["n"], macro["chance"]) == (pytest.approx(0.7), 100, 0.5)
    assert macro["note"] == "mean over 2 of 4 strata; left out: c (too_few), d (undefined)"
    nothing = scores._macro(rows[2:])
    assert nothing["value"] is None
    assert nothing["state"] == "undefined"


def test_comparisons_are_those_of_compare(desk, view, task):
    names = ("gc_content/baseline", "tss_distance/baseline")
    found = scores.compared(desk, TASK, "test", names, BY, "auprc", "auto", 100, None, False, view.settings)
    expected = task.compare(list(names), BY, metrics=("auprc",), intervals=lrbstore.Intervals(replicates=100))
    assert_frame_equal(found.differences.frame.drop("place"), expected.differences, check_dtypes=False)
    assert_frame_equal(found.scores.frame.drop("place"), expected.scores, check_dtypes=False)
    assert found.scores.frame["tie_group"].min() == 1


def test_a_further_metric_and_clusters_are_taken(desk, view, task):
    found = scores.together(desk, TASK, scored(desk, view, further="balanced_accuracy", method="none"), "balanced_accuracy").frame
    assert set(found.filter(pl.col("place") != scores.MACRO)["chance"]) == {0.5}
    drawn = scored(desk, view, method="bootstrap", cluster="chrom", names=["random/baseline"])["random"].frame
    assert drawn["ci_method"].drop_nulls().str.contains("cluster").all()
    with pytest.raises(lrbstore.BadSpec, match="does not fit"):
        scored(desk, view, further="mean_spearman_across_tissues")
    with pytest.raises(lrbstore.UnknownName, match="stratum"):
        scored(desk, view, by="label")


def test_an_interval_is_what_is_there_at_once_unless_more_is_asked_for(desk, view, monkeypatch):
    def way(name, asked="auto", cluster=None, replicates=200):
        return scores.way(desk, TASK, "test", view.settings, name, 3, asked, replicates, cluster)

    assert way("auroc").method == "formula"
    assert way("auroc", "none").method == "none"
    assert way("auroc", "bootstrap").method == "bootstrap"
    assert way("auprc").method == "auto"
    assert way("auprc", "formula").said.startswith("none: auprc has no formula")
    assert way("auroc", cluster="chrom").method == "auto"
    monkeypatch.setattr(scores, "SECOND", 1_000)
    assert way("auprc").method == "none"
    assert "choose 'bootstrap'" in way("auprc").said
    with pytest.raises(TooLarge, match="lrbstore score"):
        way("auprc", "bootstrap")


def test_a_comparison_that_would_take_long_is_refused_with_the_command(desk, view, monkeypatch):
    monkeypatch.setattr(scores, "SECOND", 10)
    with pytest.raises(TooLarge, match=f"lrbstore compare {TASK}"):
        scores.compared(desk, TASK, "test", view.names, BY, "auprc", "auto", 100, None, False, view.settings)
    assert scores.compared(desk, TASK, "test", view.names, BY, "auroc", "auto", 100, None, False, view.settings).scores.rows


def test_the_code_beside_an_answer_gives_it_again(desk, view, monkeypatch):
    monkeypatch.setenv("LRBSTORE_HOME", str(desk.store.path))
    answer = scores.together(desk, TASK, scored(desk, view), "auroc")
    names: dict = {}
    exec(answer.made_by, names)
    again = pl.concat(names["scores"]).filter(metric="auroc")["value"].to_list()
    assert sorted(again) == sorted(answer.frame.filter(pl.col("place") != scores.MACRO)["value"].to_list())
    pair = scores.compared(desk, TASK, "test", view.names[:2], BY, "auroc", "auto", 100, None, False, view.settings).differences
    code, _, last = pair.made_by.rpartition("found = ")
    exec(f"{code}found = {last}", names)
    assert names["found"]["p"].to_list() == pair.frame["p"].to_list()


def test_names_are_as_short_as_they_stay_apart():
    assert scores.short_names(["a/x", "b/x"]) == {"a/x": "a", "b/x": "b"}
    assert scores.short_names(["a/x", "a/y"]) == {"a/x": "a/x", "a/y": "a/y"}
    assert scores.short_names(["a/x/1", "a/x/2"]) == {"a/x/1": "a/x/1", "a/x/2": "a/x/2"}


def test_published_scores_stand_among_computed_ones(desk, view, monkeypatch):
    answers = scored(desk, view)
    (first, *_) = answers["random"].frame.filter(metric="auroc", stratifier="overall").to_dicts()
    same = {**first, "model": "theirs", "value": 0.9, "origin": "published", "n": None, "n_pos": None, "n_neg": None, "note": "their split"}
    monkeypatch.setattr(scores, "known", lambda *_: pl.DataFrame([same, same], schema=answers["random"].frame.schema))
    found = scores.together(desk, TASK, answers, "auroc", with_published=True).frame
    theirs = found.filter(origin="published")
    assert theirs["name"].to_list() == ["theirs/baseline, published (1)", "theirs/baseline, published (2)"]
    assert theirs["above_chance"].to_list() == pytest.approx([0.4, 0.4])
    assert set(theirs["place"]) == {scores.OVERALL}


@pytest.mark.parametrize("name", ["auroc", "mse"])
def test_a_metric_says_whether_it_has_a_level_of_chance(name):
    assert (metric(name).chance is None) == (name == "mse")


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_page_is_drawn_with_the_task_that_has_predictions(scored_store):
    with screen.page("scores", scored_store) as app:
        screen.is_sound(app)
        said = screen.text(app)
        assert f"Scores on {TASK}" in said
        assert "split test at 2,048 bp, lrb" in said
        assert "DeLong" in said
        app.selectbox(key="metric").set_value("auprc").run()
        screen.is_sound(app)
        assert "bootstrap of 200 replicates" in screen.text(app)
        assert "Area under the precision-recall curve" in screen.text(app)


@pytest.mark.slow
def test_a_link_presets_every_control(scored_store):
    asked = {"split": "test", "split_scheme": "published", "seq_len": "2048", "window": "lrb", "edge": "drop", "by": "tissue"}
    asked |= {"metric": "mcc", "intervals": "none", "replicates": "100", "cluster": "chrom", "model_a": "random/baseline"}
    models = ["random/baseline", "gc_content/baseline"]
    with screen.page("scores", scored_store, task=TASK, models=models, **asked) as app:
        screen.is_sound(app)
        assert {key: str(app.session_state[key]) for key in asked} == asked
        assert app.session_state["models"] == models
        assert "2 of 3 sets of predictions are shown" in screen.text(app)
        assert "none was asked for" in screen.text(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"task": "gvrep_gwas"}, "lrbstore baseline gvrep_gwas gc_content --keep"),
        ({"task": TASK, "seq_len": "4096"}, "no predictions for what is chosen"),
        ({"task": TASK, "models": ["random/baseline"]}, "One set of predictions alone"),
        ({"task": TASK, "metric": "mean_r2"}, "no metric of that name fits"),
        ({"task": TASK, "metric": "brier"}, "Brier score"),
        ({"task": TASK, "published": "true"}, "no published scores"),
        ({"task": "none_of_these"}, "task = 'none_of_these'"),
    ],
)
def test_each_state_is_said(scored_store, params, said):
    with screen.page("scores", scored_store, **params) as app:
        screen.is_sound(app)
        assert said in screen.text(app)


@pytest.fixture(scope="module")
def gappy_store(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one set of predictions that lacks some."""
    import shutil

    path = tmp_path_factory.mktemp("gappy") / "store"
    shutil.copytree(demo_store, path)
    with lrbstore.open(path) as store:
        test = lrbstore.task(TASK, 2048, store=store).test
        ids = test.rows("example_id")["example_id"].to_pylist()
        values = {one: float(i % 7) for i, one in enumerate(ids[5:])}
        lrbstore.task(TASK, 2048, store=store).score(values, model="gappy", allow_missing=True, keep=True)
    return path


@pytest.mark.slow
def test_missing_predictions_are_said_and_allowed_with_their_count(gappy_store):
    with screen.page("scores", gappy_store, task=TASK) as app:
        screen.is_sound(app)
        assert "have no prediction" in screen.text(app) or "missing" in screen.text(app)
        app.toggle(key="allow_missing").set_value(True).run()
        screen.is_sound(app)
        assert "5 examples have no prediction and are left out" in screen.text(app)


def test_a_pair_stands_as_among_all_pairs_whichever_way_round(desk, view):
    found = scores.compared(desk, TASK, "test", view.names, BY, "auroc", "auto", 100, None, False, view.settings).differences
    a, b = found.frame["model_a"][0], found.frame["model_b"][0]
    straight, turned = scores.pair(found, a, b).frame, scores.pair(found, b, a).frame
    assert straight["p_holm"].to_list() == found.frame.filter(model_a=a, model_b=b)["p_holm"].to_list() == turned["p_holm"].to_list()
    assert straight["difference"].to_list() == (-turned["difference"]).to_list()
    assert straight["ci_low"].to_list() == (-turned["ci_high"]).to_list()
    assert set(turned["model_a"]) == {b}


@pytest.mark.parametrize(("n_few", "n_left"), [(11, 0), (12, 12)])
def test_strata_of_too_few_examples_stay_in_the_table_where_they_are_many(n_few, n_left):
    rows = [row(0.6, "a"), row(None, "b", "undefined", 1), row(0.6, scores.OVERALL), row(None, scores.MACRO, "undefined")]
    rows += [row(1.0, str(i), "too_few", 3) for i in range(n_few - 1)]
    rows += [row(0.6, "b", "too_few", 3)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    found, left = scores.large_enough(frame)
    assert left == n_left
    assert set(frame["place"]) - set(found["place"]) == (set(map(str, range(n_few - 1))) | {"b"} if n_left else set())
    again, n_all = scores.large_enough(pl.concat([frame, pl.DataFrame([row(0.6, "b")])]))  # one model is scored there: it stays
    assert n_all == max(n_left - 1, 0)
    assert {"a", "b", scores.OVERALL, scores.MACRO} <= set(again["place"])
