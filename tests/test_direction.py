"""Which way round predictions are: declared, found on the training split, or chosen on the scored rows; and metrics beside a task's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as reference

import lrbstore
from lrbstore.cli import app
from lrbstore.metrics import METRICS
from lrbstore.resampling import bootstrap
from lrbstore.scoring import compare, score

EQTL, BULK, CLASSES, GWAS = "variant_effect_gene_expression", "bulk_rna_expression", "gvrep_clinvar_clnsig", "gvrep_gwas"
NONE = lrbstore.Intervals("none")


@pytest.fixture(scope="module")
def eqtl(store: lrbstore.Store) -> lrbstore.Task:
    return lrbstore.task(EQTL, 64, store=store)


def _scores(ds: lrbstore.Dataset, sign: float = 1.0, noise: float = 1.0, seed: int = 0) -> np.ndarray:
    """Scores that say something about the labels, one way or the other."""
    labels = ds.labels()
    return np.asarray(sign * labels + np.random.default_rng(seed).normal(0, noise, labels.shape), np.float64)


def _overall(frame: pl.DataFrame, name: str) -> dict[str, Any]:
    (row,) = frame.filter((pl.col("metric") == name) & (pl.col("stratifier") == "overall")).to_dicts()
    return row


def _values(frame: pl.DataFrame) -> list[float | None]:
    return frame["value"].to_list()


@pytest.mark.parametrize("name", [EQTL, BULK, CLASSES, GWAS])
def test_negated_scores_that_are_declared_lower_score_as_the_scores_do(store: lrbstore.Store, name: str) -> None:
    """In every stratum, decisions too: the threshold lies on the other side. Metrics of numbers take them as they are."""
    task = lrbstore.task(name, 64, store=store)
    scores = _scores(task.test)
    further = ("mcc", "macro_f1") if name == EQTL else ()
    plain = task.score(scores, by="chromosome", intervals=NONE, metrics=further)
    turned = task.score(1 - scores, by="chromosome", direction="lower", intervals=NONE, metrics=further)
    takes_scores = [METRICS[metric].takes == "scores" for metric in plain["metric"]]
    assert any(takes_scores)
    for one, other, is_score in zip(plain.to_dicts(), turned.to_dicts(), takes_scores, strict=True):
        if is_score:
            assert other["value"] == pytest.approx(one["value"], abs=1e-9)
            assert (one["direction"], other["direction"]) == ("higher", "lower")
        else:
            assert other["direction"] == "higher"
        assert other["direction_by"] == "declared"
        if one["metric"] == "accuracy":
            assert one["note"].endswith("positive at 0.5 or more")
            assert other["note"].endswith("positive at 0.5 or less")


def test_numbers_and_probabilities_are_never_negated(eqtl: lrbstore.Task) -> None:
    chances = 1 / (1 + np.exp(-_scores(eqtl.test)))
    asked: dict[str, Any] = {"metrics": ("brier", "log_loss", "calibration_error"), "intervals": NONE}
    plain, turned = eqtl.score(chances, **asked), eqtl.score(chances, direction="lower", **asked)
    for name in asked["metrics"]:
        assert _overall(turned, name)["value"] == _overall(plain, name)["value"]
        assert (_overall(turned, name)["direction"], _overall(turned, name)["direction_by"]) == ("higher", "declared")
    assert _overall(turned, "auroc")["value"] == pytest.approx(1 - _overall(plain, "auroc")["value"], abs=1e-12)


@pytest.mark.parametrize("name", [EQTL, BULK, CLASSES, GWAS])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_direction_is_found_on_the_training_split(store: lrbstore.Store, name: str, sign: float) -> None:
    task = lrbstore.task(name, 64, store=store)
    scores = _scores(task.test)
    frame = task.score(scores, direction="train", train=_scores(task.train, sign), intervals=NONE)
    expected = "higher" if sign > 0 else "lower"
    declared = task.score(scores, direction=expected, intervals=NONE)
    assert _values(frame) == _values(declared)
    scored = [row for row in frame.to_dicts() if METRICS[row["metric"]].takes == "scores"]
    assert {(row["direction"], row["direction_by"]) for row in scored} == {(expected, "train")}
    assert all("direction found on split train, as " in row["note"] for row in scored)


def test_the_scored_rows_never_choose_unless_asked(eqtl: lrbstore.Task) -> None:
    """Scores that are the wrong way round on the test rows stay below chance, whatever the training split says they are."""
    wrong = _scores(eqtl.test, -1)
    below = reference.roc_auc_score(eqtl.test.labels(), wrong)
    assert below < 0.4
    ways: tuple[dict[str, Any], ...] = ({}, {"direction": "higher"}, {"direction": "train", "train": _scores(eqtl.train)})
    for asked in ways:
        assert _overall(eqtl.score(wrong, intervals=NONE, **asked), "auroc")["value"] == pytest.approx(below, abs=1e-12)
    chosen = _overall(eqtl.score(wrong, direction="test", intervals=NONE), "auroc")
    assert chosen["value"] == pytest.approx(1 - below, abs=1e-12)
    assert (chosen["direction"], chosen["direction_by"]) == ("lower", "chosen_on_test")
    assert f"direction chosen on the scored rows, as auroc is {below:.3g} over" in chosen["note"]
    assert "it cannot fall below chance (0.5)" in chosen["note"]
    right = _overall(eqtl.score(-wrong, direction="test", intervals=NONE), "auroc")
    assert (right["direction"], right["direction_by"]) == ("higher", "chosen_on_test")  # the choice is named where it changes nothing too


def test_the_interval_is_that_of_the_scores_as_they_are_meant(eqtl: lrbstore.Task) -> None:
    scores = _scores(eqtl.test)
    asked: dict[str, Any] = {"intervals": lrbstore.Intervals(replicates=60), "metrics": ("mcc",)}
    plain, turned = eqtl.score(scores, **asked), eqtl.score(1 - scores, direction="lower", **asked)
    for end in ("ci_low", "ci_high"):
        for one, other in zip(plain[end].to_list(), turned[end].to_list(), strict=True):
            assert other == pytest.approx(one, abs=1e-9)
    assert plain["ci_low"].null_count() == 0


def test_kept_predictions_of_the_training_split_find_the_direction(demo_store: Path, tmp_path: Path) -> None:
    home = tmp_path / "store"
    shutil.copytree(demo_store, home)
    with lrbstore.open(home) as opened:
        task = lrbstore.task(EQTL, 64, store=opened)
        task.score(_scores(task.test), model="mine", keep=True, intervals=NONE)
    with lrbstore.open(home) as opened:
        task = lrbstore.task(EQTL, 64, store=opened)
        with pytest.raises(lrbstore.BadSpec, match=r"needs predictions for the training split .*asked for: split train"):
            task.score(model="mine", direction="train", intervals=NONE)
        task.score(_scores(task.train, -1), split="train", model="mine", keep=True, intervals=NONE)
    with lrbstore.open(home) as opened:
        task = lrbstore.task(EQTL, 64, store=opened)
        row = _overall(task.score(model="mine", direction="train", intervals=NONE), "auroc")
        assert (row["direction"], row["direction_by"]) == ("lower", "train")


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        (lambda t: {"direction": "up"}, lrbstore.UnknownName, "unknown direction 'up'"),
        (lambda t: {"direction": "train"}, lrbstore.BadSpec, "needs predictions for the training split: give them"),
        (lambda t: {"direction": "test", "train": _scores(t.train)}, lrbstore.BadSpec, "ask for that: direction='train'"),
        (
            lambda t: {"direction": "train", "train": np.zeros(len(t.train))},
            lrbstore.BadSpec,
            "no direction is found on split train: auroc",
        ),
        (lambda t: {"direction": "train", "train": np.zeros(3)}, lrbstore.IncompletePredictions, "3 predictions for"),
        (lambda t: {"direction": "train", "split": "train"}, lrbstore.BadSpec, "the training split is what is scored"),
        (lambda t: {"metrics": ("brierr",)}, lrbstore.UnknownName, "did you mean 'brier'"),
        (
            lambda t: {"metrics": ("class_accuracy",)},
            lrbstore.BadSpec,
            "does not fit .*1 axis, and the metric takes 2; those that do: .*brier",
        ),
    ],
)
def test_what_cannot_be_asked_is_said(
    eqtl: lrbstore.Task, asked: Callable[[lrbstore.Task], dict[str, Any]], error: type[Exception], said: str
) -> None:
    given = asked(eqtl)
    with pytest.raises(error, match=said):
        eqtl.score(_scores(eqtl[given.get("split", "test")]), intervals=NONE, **given)


def test_metrics_beside_the_tasks_own(store: lrbstore.Store, eqtl: lrbstore.Task) -> None:
    own = [use.name for use in eqtl.spec.metrics]
    truth, chances = eqtl.test.labels(), 1 / (1 + np.exp(-_scores(eqtl.test)))
    frame = eqtl.score(chances, metrics=("brier", "auroc", "log_loss", "balanced_accuracy"), intervals=NONE)
    assert frame["metric"].to_list() == [*own, "brier", "log_loss", "balanced_accuracy"]
    assert _overall(frame, "brier")["value"] == pytest.approx(reference.brier_score_loss(truth, chances), abs=1e-12)
    assert _overall(frame, "log_loss")["value"] == pytest.approx(reference.log_loss(truth, chances), abs=1e-12)
    assert _overall(frame, "balanced_accuracy")["value"] == pytest.approx(
        reference.balanced_accuracy_score(truth, chances >= 0.5), abs=1e-12
    )
    assert "positive at 0.5 or more" in _overall(frame, "balanced_accuracy")["note"]
    assert f"prevalence {truth.mean():.3g}" in _overall(frame, "auprc")["note"]
    row = _overall(eqtl.score(_scores(eqtl.test), metrics=("brier",), intervals=NONE), "brier")
    assert row["value"] is None
    assert row["note"].startswith("predictions are no probabilities")
    several = lrbstore.task(CLASSES, 64, store=store)
    frame = several.score(_scores(several.test), metrics=["macro_f1"], intervals=NONE)
    labels = several.test.labels()
    expected = reference.f1_score(labels.argmax(axis=1), _scores(several.test).argmax(axis=1), average="macro")
    assert _overall(frame, "macro_f1")["value"] == pytest.approx(expected, abs=1e-12)
    with pytest.raises(lrbstore.BadSpec, match="its labels are no classes"):
        lrbstore.task(BULK, 64, store=store).score(None, metrics=("mean_auroc_across_tracks",))


def test_a_task_may_declare_that_lower_is_positive(store: lrbstore.Store) -> None:
    """Scores and comparisons then see predictions negated, in formulas, bootstraps and decisions."""
    task = lrbstore.task(EQTL, 64, store=store)
    models = {"a": _scores(task.test), "b": _scores(task.test, seed=1)}
    turned = {name: 1 - own for name, own in models.items()}
    how = lrbstore.Intervals(replicates=40)
    lower = lrbstore.task(EQTL, 64, store=store).test
    lower.spec = lower.spec.model_copy(update={"direction": "lower"})
    assert _overall(score(lower, turned["a"], intervals=NONE), "auroc")["direction"] == "lower"
    metrics = ("auroc", "auprc", "mcc", "accuracy", "brier")
    plain = task.compare(models, metrics=metrics, intervals=how)
    found = compare(lower, turned, metrics=metrics, intervals=how)
    assert plain.scores["metric"].unique(maintain_order=True).to_list() == ["accuracy", "auroc", "auprc", "mcc", "brier"]
    for frame, other, columns in (
        (plain.scores, found.scores, ("value", "ci_low", "ci_high", "tie_group")),
        (plain.differences, found.differences, ("difference", "ci_low", "ci_high", "p")),
    ):
        for one, two in zip(frame.to_dicts(), other.to_dicts(), strict=True):
            for column in columns:
                if one["metric"] != "brier":
                    assert two[column] == (None if one[column] is None else pytest.approx(one[column], abs=1e-9)), (one, column)
                elif column in ("value", "difference"):
                    assert one[column] is None or np.isnan(one[column])  # scores are no probabilities


def test_each_model_of_a_comparison_faces_its_own_way(eqtl: lrbstore.Task) -> None:
    """Two models of which one is the wrong way round compare as if it had been turned: in formulas, bootstraps and decisions."""
    right = {"a": _scores(eqtl.test), "b": _scores(eqtl.test, seed=1)}
    mixed, train = right | {"b": -right["b"]}, {"a": _scores(eqtl.train), "b": _scores(eqtl.train, -1, seed=1)}
    asked: dict[str, Any] = {"metrics": ("auroc", "auprc", "mcc", "accuracy"), "by": "chromosome"}
    for how in (lrbstore.Intervals(replicates=30), lrbstore.Intervals(cluster="pos", replicates=30)):
        found = eqtl.compare(mixed, direction="train", train=train, intervals=how, **asked)
        ways = found.scores.select("model", "direction", "direction_by").unique().sort("model").rows()
        assert ways == [("a", "higher", "train"), ("b", "lower", "train")]
        told = {name: score(eqtl.test, own, direction="train", train=train[name], intervals=NONE)["note"][0] for name, own in mixed.items()}
        assert all("direction found on split train, as auroc is " in note for note in told.values())
        for name, own in found.scores.group_by("model"):
            assert all(told[str(name[0])].split("; ")[-1] in note for note in own["note"])
        assert all(f"{name}: direction found on split train" in note for note in found.differences["note"] for name in "ab")
        of_ranks = pl.col("metric").is_in(["auroc", "auprc"])  # decisions fall on either side of a threshold, which is turned with them
        plain = eqtl.compare(right, intervals=how, **asked)
        for one, two, columns in (
            (plain.scores, found.scores, ["value", "ci_low", "ci_high", "n", "tie_group"]),
            (plain.differences, found.differences, ["difference", "ci_low", "ci_high", "p_holm", "n"]),
        ):
            assert one.filter(of_ranks).select(columns).equals(two.filter(of_ranks).select(columns))
        for name, way in (("a", "higher"), ("b", "lower")):
            alone = eqtl.score(mixed[name], direction=way, by="chromosome", intervals=how, metrics=["mcc"])
            both = found.scores.filter(pl.col("model") == name)
            keys = ["metric", "stratifier", "stratum"]
            joined = both.join(alone, on=keys, nulls_equal=True, suffix="_alone")
            assert len(joined) == len(both)
            for column in ("value", "ci_low", "ci_high", "ci_method"):
                assert joined[column].equals(joined[f"{column}_alone"])


def test_a_comparison_chosen_on_the_scored_rows_says_so(eqtl: lrbstore.Task) -> None:
    models = {"a": _scores(eqtl.test), "b": _scores(eqtl.test, -1)}
    found = eqtl.compare(models, metrics=["auroc"], direction="test")
    assert found.scores["direction"].to_list() == ["higher", "lower"]
    assert set(found.scores["direction_by"]) == {"chosen_on_test"}
    assert all("direction chosen on the scored rows" in note for note in [*found.scores["note"], *found.differences["note"]])


def test_a_comparison_refuses_directions_that_cannot_be_found(eqtl: lrbstore.Task) -> None:
    models = {"a": _scores(eqtl.test), "b": _scores(eqtl.test, seed=1)}
    with pytest.raises(lrbstore.UnknownName, match="unknown direction 'up'"):
        eqtl.compare(models, direction="up")
    with pytest.raises(lrbstore.BadSpec, match="needs predictions for the training split: give them"):
        eqtl.compare(models, direction="train", train={"a": _scores(eqtl.train)})
    with pytest.raises(lrbstore.UnknownName, match="unknown model that is compared 'c'"):
        eqtl.compare(models, direction="train", train={"c": _scores(eqtl.train)})
    with pytest.raises(lrbstore.BadSpec, match="ask for that: direction='train'"):
        eqtl.compare(models, train={"a": _scores(eqtl.train)})


def test_all_that_is_drawn_for_a_comparison_is_drawn_once(eqtl: lrbstore.Task, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[str]] = []

    def seen(uses: dict[str, list[tuple[Any, Any]]], *given: Any, **more: Any) -> Any:
        drawn.append([known.name for known, _ in uses["0"]])
        return bootstrap(uses, *given, **more)

    monkeypatch.setattr("lrbstore.scoring.bootstrap", seen)
    models = {name: _scores(eqtl.test, seed=seed) for seed, name in enumerate("abc")}
    eqtl.compare(models, metrics=("auroc", "auprc"), by="chromosome", intervals=lrbstore.Intervals(cluster="pos", replicates=5))
    assert drawn == [["auroc", "auprc"]]


def test_the_command_line_asks_the_same(
    store: lrbstore.Store, eqtl: lrbstore.Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("train", "test"):
        ids = eqtl[split].rows("example_id")["example_id"].to_pylist()
        pl.DataFrame({"example_id": ids, "prediction": _scores(eqtl[split], -1)}).write_csv(tmp_path / f"{split}.csv")
    words = ["score", EQTL, str(tmp_path / "test.csv"), "--store", str(store.path), "--seq-len", "64", "--format", "json"]
    asked = ["--direction", "train", "--train", str(tmp_path / "train.csv"), "--metric", "mcc", "--metric", "brier", "--intervals", "none"]
    app([*words, *asked], standalone_mode=False)
    found = {row["metric"]: row for row in json.loads(capsys.readouterr().out)}
    expected = eqtl.score(_scores(eqtl.test, -1), direction="lower", metrics=("mcc", "brier"), intervals=NONE)
    assert [row["value"] for row in found.values()] == _values(expected)
    assert (found["mcc"]["direction"], found["mcc"]["direction_by"]) == ("lower", "train")


@pytest.mark.slow
def test_the_command_line_compares_each_its_own_way(demo_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo_store, store)
    with lrbstore.open(store) as opened:
        task = lrbstore.task(EQTL, 64, store=opened)
        for name, sign in (("a", 1), ("b", -1)):
            task.score(_scores(task.test, sign), model=name, keep=True, intervals=NONE)
        task.score(_scores(task.train), split="train", model="a", keep=True, intervals=NONE)
        ids = task.train.rows("example_id")["example_id"].to_pylist()
        pl.DataFrame({"example_id": ids, "prediction": _scores(task.train, -1)}).write_csv(tmp_path / "b.csv")
    words = ["compare", EQTL, "a", "b", "--store", str(store), "--seq-len", "64", "--format", "json"]
    app([*words, "--direction", "train", "--train", f"b={tmp_path / 'b.csv'}"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["direction"], row["direction_by"]) for row in found] == [("a", "higher", "train"), ("b", "lower", "train")]
