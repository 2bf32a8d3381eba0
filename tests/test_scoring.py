"""Scores against scikit-learn and scipy per stratum; predictions in every form; what is wrong with predictions, counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

import lrbstore
from lrbstore.contract import contract
from lrbstore.predictions import given as given_for
from lrbstore.scoring import _groups

EQTL, BULK, CAGE, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_eqtl_pval"
NONE = lrbstore.Intervals("none")


@pytest.fixture(scope="module")
def eqtl(store: lrbstore.Store) -> lrbstore.Task:
    return lrbstore.task(EQTL, 64, store=store)


def _truth(ds: lrbstore.Dataset) -> np.ndarray:
    return np.concatenate([batch[ds.spec.label.key] for batch in ds.batches(64)])


def _noisy(truth: np.ndarray, seed: int = 0) -> np.ndarray:
    """Predictions with ties that say something about the truth."""
    return np.round(truth + np.random.default_rng(seed).normal(0, 1, truth.shape), 1)


def _members(rows: list[dict[str, Any]], column: str) -> dict[Any, np.ndarray]:
    names = [row[column] for row in rows]
    return {name: np.array([i for i, other in enumerate(names) if other == name]) for name in set(names)}


def _value(frame: pl.DataFrame, metric: str, stratifier: str = "overall", stratum: str | None = None) -> dict[str, Any]:
    same = (frame["metric"] == metric) & (frame["stratifier"] == stratifier) & frame["stratum"].eq_missing(pl.lit(stratum, pl.String))
    (row,) = frame.filter(same).to_dicts()
    return row


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [EQTL, GVREP])
@pytest.mark.parametrize("split", ["train", "test"])
def test_binary_scores_are_scikit_learns_in_every_stratum(store: lrbstore.Store, name: str, split: str) -> None:
    task = lrbstore.task(name, 64, store=store)
    ds = task[split]
    truth = _truth(ds)
    guess = _noisy(truth)
    frame = task.score(guess, by=("tissue", "chromosome", "tss_distance:viztool"), split=split, model="noise")
    rows = ds.rows(["tissue", "chrom", "tss_distance_bp"]).to_pylist()
    for row in rows:
        distance = abs(row["tss_distance_bp"])
        row["near"] = "0-10k" if distance < 10_000 else "10k-100k" if distance < 100_000 else "100k+"
    groups: list[tuple[str, str | None, np.ndarray]] = [("overall", None, np.arange(len(ds)))]
    for stratifier, column in (("tissue", "tissue"), ("chromosome", "chrom"), ("tss_distance:viztool", "near")):
        groups += [(stratifier, stratum, members) for stratum, members in _members(rows, column).items()]
    assert frame.height == 4 * len(groups)
    n_defined = 0
    for stratifier, stratum, members in groups:
        y, p = truth[members], guess[members]
        for metric, function in (
            ("accuracy", lambda y, p: reference.accuracy_score(y, p >= 0.5)),
            ("auroc", reference.roc_auc_score),
            ("auprc", reference.average_precision_score),
            ("mcc", lambda y, p: reference.matthews_corrcoef(y, p >= 0.5)),
        ):
            row = _value(frame, metric, stratifier, stratum)
            assert (row["n"], row["n_pos"], row["n_neg"]) == (len(y), int(y.sum()), int((y == 0).sum()))
            if metric != "accuracy" and len(set(y.tolist())) == 1:
                assert row["value"] is None
                assert "one class only" in row["note"]
            elif metric == "mcc" and len(set((p >= 0.5).tolist())) == 1:
                assert row["value"] is None
                assert "one class only is decided for" in row["note"]
            else:
                assert row["value"] == pytest.approx(function(y, p), abs=1e-12)
                n_defined += 1
    assert n_defined > 12
    assert set(frame["model"]) == {"noise"}
    assert set(frame["split"]) == {split}


def test_vector_scores_are_scipys_in_every_stratum(store: lrbstore.Store) -> None:
    task = lrbstore.task(BULK, 64, store=store)
    truth = _truth(task.test)
    guess = _noisy(truth)
    frame = task.score(guess, by="gene_type")
    groups: dict[tuple[str, str | None], np.ndarray] = {("overall", None): np.arange(len(truth))}
    groups |= {("gene_type", k): v for k, v in _members(task.test.rows(["gene_type"]).to_pylist(), "gene_type").items()}
    assert {stratum for _, stratum in groups} == {None, "protein_coding", "lincRNA"}
    for (stratifier, stratum), members in groups.items():
        y, p = truth[members].astype(np.float64), guess[members]
        expected = {
            "mean_spearman_across_tissues": np.mean([stats.spearmanr(y[:, t], p[:, t]).statistic for t in range(218)]),
            "mean_spearman_across_genes": np.mean([stats.spearmanr(y[g], p[g]).statistic for g in range(len(y))]),
            "mean_r2": reference.r2_score(y, p, multioutput="uniform_average"),
        }
        for metric, value in expected.items():
            row = _value(frame, metric, stratifier, stratum)
            assert row["value"] == pytest.approx(value, abs=1e-9)
            assert (row["n"], row["n_pos"], row["n_neg"], row["transform"]) == (len(members), None, None, "none")


def test_cage_scores_compare_log1p_of_the_labels_and_say_so(store: lrbstore.Store) -> None:
    task = lrbstore.task(CAGE, 2_048, store=store)
    truth = np.log1p(_truth(task.test).astype(np.float64))
    guess = truth + np.random.default_rng(1).normal(0, 0.5, truth.shape)
    frame = task.score(guess)
    assert set(frame["transform"]) == {"log1p"}
    tracks_y, tracks_p = truth.reshape(-1, 50), guess.reshape(-1, 50)
    used = [t for t in range(50) if np.ptp(tracks_y[:, t]) > 0]
    expected = {
        "mean_pearson_across_tracks": np.mean([stats.pearsonr(tracks_y[:, t], tracks_p[:, t]).statistic for t in used]),
        "mean_pearson_across_genes": np.mean([stats.pearsonr(y.ravel(), p.ravel()).statistic for y, p in zip(truth, guess, strict=True)]),
        "mean_r2": np.mean([reference.r2_score(tracks_y[:, t], tracks_p[:, t]) for t in used]),
    }
    for metric, value in expected.items():
        assert _value(frame, metric)["value"] == pytest.approx(value, abs=1e-9)
    raw = task.score(_truth(task.test) * 1.001)
    assert _value(raw, "mean_r2")["value"] < 0.9  # raw counts are not what the metric compares with
    assert _value(task.score(truth), "mean_r2")["value"] == pytest.approx(1)


def test_an_undefined_score_is_null_with_its_reason(eqtl: lrbstore.Task) -> None:
    """Never 0, and never left out."""
    truth = _truth(eqtl.test)
    rows = eqtl.test.rows(["chrom", "pos"]).to_pylist()
    edges = sorted({abs(row["tss_distance_bp"]) for row in eqtl.test.rows(["tss_distance_bp"]).to_pylist()})
    # A stratum of its own for the farthest distance: one class only, unless rows of both share it.
    distances = np.array([abs(row["tss_distance_bp"]) for row in eqtl.test.rows(["tss_distance_bp"]).to_pylist()])
    edge = next(e for e in reversed(edges) if len(set(truth[distances >= e].tolist())) == 1)
    frame = eqtl.score(_noisy(truth), by=f"tss_distance:0,{edge}")
    far = frame.filter((pl.col("stratum").str.ends_with("+")) & (pl.col("metric") != "accuracy")).to_dicts()
    assert len(far) == 3
    for row in far:
        assert row["value"] is None
        assert row["note"].startswith("one class only")
        assert row["n"] == int((distances >= edge).sum()) == max(row["n_pos"], row["n_neg"]) > 0
    assert len(rows) == frame["n"].max()
    constant = lrbstore.task(BULK, 64, store=eqtl.store)
    zeros = constant.score(np.zeros((len(constant.test), 218)))
    assert _value(zeros, "mean_spearman_across_tissues")["value"] is None
    assert "constant predictions" in _value(zeros, "mean_spearman_across_tissues")["note"]


def test_the_frame_is_the_score_table(eqtl: lrbstore.Task) -> None:
    frame = eqtl.score(_noisy(_truth(eqtl.test)), by=("tss_distance:caduceus",))
    columns = contract("score").columns
    assert frame.columns == [column.name for column in columns]
    nothing = {"predictor", "replicate", "model"}
    for column in columns:
        if not column.nullable:
            assert frame[column.name].null_count() == 0, column.name
        elif column.name in nothing:
            assert frame[column.name].null_count() == frame.height
    types = {"VARCHAR": pl.String, "BIGINT": pl.Int64, "DOUBLE": pl.Float64}
    assert [frame.schema[column.name] for column in columns] == [types[column.type] for column in columns]
    row = frame.row(0, named=True)
    assert (row["task"], row["window"], row["seq_len"], row["release"]) == (EQTL, "lrb", 64, eqtl.store.release)
    assert (row["origin"], row["direction"], row["direction_by"]) == ("computed", "higher", "declared")
    assert row["note"] == "positive at 0.5 or more"
    assert frame["stratifier"].to_list()[:4] == ["overall"] * 4  # overall first
    assert frame.filter(pl.col("stratifier") != "overall")["stratifier_hash"].n_unique() == 1


def test_scoring_cuts_no_sequence(eqtl: lrbstore.Task, monkeypatch: pytest.MonkeyPatch) -> None:
    n = len(eqtl.test)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a sequence was cut")

    monkeypatch.setattr(lrbstore.Genome, "windows", refuse)
    monkeypatch.setattr(lrbstore.Genome, "fetch", refuse)
    assert eqtl.score(np.linspace(0, 1, n), by="tissue").height > 3


# ── predictions in every form ────────────────────────────────────────────────────────────────────────────────────────────────────────

FORMS: dict[str, Callable[[list[str], np.ndarray, Path], Any]] = {
    "array": lambda ids, p, folder: p,
    "list": lambda ids, p, folder: p.tolist(),
    "float32": lambda ids, p, folder: p.astype(np.float32),
    "mapping": lambda ids, p, folder: dict(zip(ids[::-1], p[::-1], strict=True)),
    "mapping of columns": lambda ids, p, folder: {"example_id": ids[::-1], "prediction": p[::-1].tolist()},
    "polars": lambda ids, p, folder: pl.DataFrame({"example_id": ids[::-1], "prediction": p[::-1].tolist()}),
    "polars, lazy": lambda ids, p, folder: pl.LazyFrame({"example_id": ids[::-1], "prediction": p[::-1].tolist()}),
    "any column name": lambda ids, p, folder: pl.DataFrame({"logit": p[::-1].tolist(), "example_id": ids[::-1]}),
    "columns beside": lambda ids, p, folder: pl.DataFrame({"example_id": ids, "note": [1] * len(ids), "prediction": p.tolist()}),
    "arrow": lambda ids, p, folder: pa.table({"example_id": ids[::-1], "prediction": p[::-1].tolist()}),
}


def _files(ids: list[str], p: np.ndarray, folder: Path) -> dict[str, Path]:
    frame = pl.DataFrame({"example_id": ids[::-1], "prediction": p[::-1].tolist()})
    frame.write_parquet(folder / "polars.parquet")
    pq.write_table(pa.table({"example_id": ids[::-1], "prediction": p[::-1].tolist()}), folder / "arrow.pq")
    out = {"parquet": folder / "polars.parquet", "pq": folder / "arrow.pq"}
    if p.ndim == 1:
        frame.write_csv(folder / "p.csv")
        out["csv"] = folder / "p.csv"
    return out


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [EQTL, BULK])
def test_a_prediction_means_the_same_in_every_form(store: lrbstore.Store, tmp_path: Path, name: str, form: str) -> None:
    task = lrbstore.task(name, 64, store=store)
    ids, guess = task.test.rows("example_id")["example_id"].to_pylist(), _noisy(_truth(task.test)).astype(np.float32).astype(np.float64)
    straight = task.score(guess, intervals=NONE)
    assert straight["value"].null_count() == 0
    assert task.score(FORMS[form](ids, guess, tmp_path), intervals=NONE).equals(straight)


@pytest.mark.parametrize("name", [EQTL, BULK])
def test_files_are_read_as_parquet_or_csv(store: lrbstore.Store, tmp_path: Path, name: str) -> None:
    task = lrbstore.task(name, 64, store=store)
    ids, guess = task.test.rows("example_id")["example_id"].to_pylist(), _noisy(_truth(task.test))
    straight = task.score(guess, intervals=NONE)
    for path in _files(ids, guess, tmp_path).values():
        assert task.score(path, intervals=NONE).equals(straight)
        assert task.score(str(path), intervals=NONE).equals(straight)


@pytest.mark.slow
def test_cage_predictions_may_come_as_flat_lists(store: lrbstore.Store, tmp_path: Path) -> None:
    """A column cannot always hold bins × tracks: the flat list, bin by bin, is the same prediction."""
    task = lrbstore.task(CAGE, 512, store=store)
    ids, guess = task.test.rows("example_id")["example_id"].to_pylist(), _noisy(_truth(task.test))
    straight = task.score(guess)
    flat = guess.reshape(len(guess), -1)
    assert task.score(flat).equals(straight)
    assert task.score(dict(zip(ids, flat, strict=True))).equals(straight)
    frame = pl.DataFrame({"example_id": ids, "prediction": flat.tolist()})
    fixed = frame.with_columns(pl.col("prediction").cast(pl.Array(pl.Float64, flat.shape[1])))
    nested = pl.DataFrame({"example_id": ids, "prediction": guess.tolist()})
    for form in (frame, fixed, nested, frame.to_arrow(), nested.to_arrow()):
        assert task.score(form).equals(straight)
    for path in _files(ids, flat, tmp_path).values():
        assert task.score(path).equals(straight)
    assert not task.score(guess.swapaxes(1, 2).reshape(len(guess), -1)).equals(straight)  # the order inside counts
    with pytest.raises(lrbstore.BadSpec, match=r"shape \(50, 4\); the label of an example has \(4, 50\)"):
        task.score(guess.swapaxes(1, 2))


# ── what is wrong with predictions ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_incomplete_predictions_are_counted_with_the_first_three(eqtl: lrbstore.Task) -> None:
    ids = eqtl.test.rows("example_id")["example_id"].to_pylist()
    given = [*ids[5:], ids[6], ids[6], ids[7], "nobody", "no-one"]
    values = np.zeros(len(given))
    values[[0, 1]] = np.nan, np.inf
    with pytest.raises(lrbstore.IncompletePredictions) as caught:
        eqtl.score(pl.DataFrame({"example_id": given, "prediction": values}))
    assert caught.value.counts == {"missing": 5, "unknown": 2, "duplicate": 2, "non_finite": 2}
    said = str(caught.value)
    assert f"5 missing ({ids[0]}, {ids[1]}, {ids[2]} …)" in said
    assert "2 unknown (nobody, no-one)" in said
    assert f"2 duplicate ({ids[6]}, {ids[7]})" in said
    assert f"2 non-finite ({ids[5]}, {ids[6]})" in said
    assert isinstance(caught.value, ValueError)


def _matched(eqtl: lrbstore.Task, ids: list[str], predictions: Any) -> np.ndarray:
    """Match predictions with examples of these ids; whose the unknown ones are is not looked up."""
    with mock.patch("lrbstore.predictions._whose", return_value=""):
        (one,) = given_for(eqtl.test, pl.Series("example_id", ids, dtype=pl.String), predictions)
    return one.values


@given(
    ids=st.lists(st.sampled_from("abcdefgh"), unique=True),
    others=st.lists(st.sampled_from("abcdefghxyz"), max_size=3),
    holes=st.sets(st.integers(0, 12), max_size=2),
    form=st.sampled_from(["array", "shuffled", "replaced", "added"]),
)
def test_predictions_are_matched_as_a_plain_loop_matches_them(
    eqtl: lrbstore.Task, ids: list[str], others: list[str], holes: set[int], form: str
) -> None:
    given_ids = {"array": ids, "shuffled": ids[::-1], "replaced": (others + ids)[: len(ids)], "added": ids + others}[form]
    values = np.array([np.nan if i in holes else i for i in range(len(given_ids))], np.float64)
    expected = {
        "missing": [name for name in ids if name not in given_ids],
        "unknown": list(dict.fromkeys(name for name in given_ids if name not in ids)),
        "duplicate": list(dict.fromkeys(name for i, name in enumerate(given_ids) if name in given_ids[:i])),
        "non_finite": [name for name, value in zip(given_ids, values, strict=True) if np.isnan(value)],
    }
    predictions = values if form == "array" else pl.DataFrame({"example_id": pl.Series(given_ids, dtype=pl.String), "prediction": values})
    if any(expected.values()):
        with pytest.raises(lrbstore.IncompletePredictions) as caught:
            _matched(eqtl, ids, predictions)
        assert caught.value.counts == {what: len(names) for what, names in expected.items()}
        for what, names in expected.items():
            if names:
                assert f"{len(names)} {what.replace('_', '-')} ({', '.join(names[:3])}" in str(caught.value)
    else:
        found = _matched(eqtl, ids, predictions)
        assert found.tolist() == [values[given_ids.index(name)] for name in ids]


def test_ids_that_are_no_text(eqtl: lrbstore.Task) -> None:
    ids = ["1", "2", "None"]
    frame = pl.DataFrame({"example_id": [2, None, 1], "prediction": [0.2, 0.0, 0.1]})
    assert _matched(eqtl, ids, frame).tolist() == [0.1, 0.2, 0.0]
    with pytest.raises(lrbstore.BadSpec, match=r"ids of type List\(Int64\); expected text"):
        _matched(eqtl, ids, pl.DataFrame({"example_id": [[1]], "prediction": [0.0]}))


@given(
    names=st.lists(st.none() | st.sampled_from(["chr10", "chr2", "chrX", "100k+", "0-10k", "<0", ""]), max_size=40),
    n_chunks=st.integers(0, 3),
)
def test_every_example_is_in_the_stratum_of_its_name(names: list[str | None], n_chunks: int) -> None:
    """Null is a stratum of its own, the last; strata in their order, then by name with numbers as numbers."""
    size = max(1, len(names) // (n_chunks or 1))
    column = pa.chunked_array([pa.array(names[i : i + size], pa.string()) for i in range(0, len(names), size)], pa.string())
    strata, groups = _groups(column, ("<0", "0-10k", "100k+"))
    assert [strata[code] for code in groups.codes] == names
    assert strata == [n for n in ("<0", "0-10k", "100k+", "", "chr2", "chr10", "chrX", None) if n in names]
    assert groups.counts.tolist() == [names.count(name) for name in strata]


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf"), "text"])
def test_a_cell_that_is_no_number_is_non_finite(eqtl: lrbstore.Task, tmp_path: Path, wrong: Any) -> None:
    ids = eqtl.test.rows("example_id")["example_id"].to_pylist()
    cells = ["0.5"] * len(ids)
    cells[3] = "" if wrong is None else str(wrong)
    (tmp_path / "p.csv").write_text("example_id,prediction\n" + "".join(f"{i},{c}\n" for i, c in zip(ids, cells, strict=True)))
    with pytest.raises(lrbstore.IncompletePredictions, match=rf"1 non-finite \({ids[3]}\)"):
        eqtl.score(tmp_path / "p.csv")


def test_vectors_with_holes_are_non_finite(store: lrbstore.Store) -> None:
    task = lrbstore.task(BULK, 64, store=store)
    ids = task.test.rows("example_id")["example_id"].to_pylist()
    vectors: list[Any] = [[0.0] * 218 for _ in ids]
    vectors[2] = None
    vectors[4] = [0.0] * 217 + [None]
    for dtype in (pl.List(pl.Float64), pl.Array(pl.Float64, 218)):
        with pytest.raises(lrbstore.IncompletePredictions, match=rf"2 non-finite \({ids[2]}, {ids[4]}\)"):
            task.score(pl.DataFrame({"example_id": ids, "prediction": pl.Series(vectors, dtype=dtype)}))


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (lambda ids: np.zeros(len(ids) - 1), lrbstore.IncompletePredictions, "an array must follow the data set's order"),
        (lambda ids: np.zeros(len(ids) + 2), lrbstore.IncompletePredictions, "an array must follow the data set's order"),
        (lambda ids: {}, lrbstore.IncompletePredictions, "missing"),
        (lambda ids: np.zeros((len(ids), 2)), lrbstore.BadSpec, r"shape \(2,\); the label of an example has \(\)"),
        (lambda ids: {name: [0.0, 1.0] for name in ids}, lrbstore.BadSpec, r"shape \(2,\)"),
        (lambda ids: dict.fromkeys(ids, "high"), lrbstore.BadSpec, "cannot be read as numbers"),
        (lambda ids: {"prediction": 0.0}, lrbstore.IncompletePredictions, r"1 unknown \(prediction\)"),
        (lambda ids: pl.DataFrame({"id": ids, "prediction": 0.0}), lrbstore.BadSpec, "need the column 'example_id'"),
        (lambda ids: pl.DataFrame({"example_id": ids}), lrbstore.BadSpec, "need the column 'example_id' and one column"),
        (lambda ids: pl.DataFrame({"example_id": ids, "a": 0.0, "b": 1.0}), lrbstore.BadSpec, "several columns besides 'example_id': a, b"),
        (lambda ids: 3.5, lrbstore.BadSpec, "of type float are not understood"),
        (lambda ids: None, lrbstore.BadSpec, "nothing to score: give predictions, or the name of a model"),
    ],
)
def test_predictions_of_the_wrong_form(eqtl: lrbstore.Task, given: Callable[[list[str]], Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        eqtl.score(given(eqtl.test.rows("example_id")["example_id"].to_pylist()))


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (lambda n: [[0.0] * 217] * n, r"shape \(217,\); the label of an example has \(218,\)"),
        (lambda n: [[0.0] * 218] * (n - 1) + [[0.0] * 217], "vectors of different lengths: 217, 218"),
        (lambda n: [0.0] * n, r"shape \(\); the label of an example has \(218,\)"),
        (lambda n: [[]] * n, r"shape \(0,\)"),
    ],
)
def test_vectors_of_the_wrong_width(store: lrbstore.Store, vectors: Callable[[int], Any], said: str) -> None:
    task = lrbstore.task(BULK, 64, store=store)
    ids = task.test.rows("example_id")["example_id"].to_pylist()
    with pytest.raises(lrbstore.BadSpec, match=said):
        task.score(pl.DataFrame({"example_id": ids, "prediction": vectors(len(ids))}))


def test_files_that_cannot_be_read(eqtl: lrbstore.Task, tmp_path: Path) -> None:
    with pytest.raises(lrbstore.MissingData, match="no file of predictions at"):
        eqtl.score(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(lrbstore.BadSpec, match=r"bad\.parquet cannot be read as predictions"):
        eqtl.score(tmp_path / "bad.parquet")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(lrbstore.BadSpec, match=r"empty\.csv cannot be read as predictions"):
        eqtl.score(tmp_path / "empty.csv")
    (tmp_path / "other.csv").write_text("name,score\na,1\n")
    with pytest.raises(lrbstore.BadSpec, match="need the column 'example_id'"):
        eqtl.score(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("name", "by", "error", "said"),
    [
        (EQTL, "tisue", lrbstore.UnknownName, "did you mean 'tissue'"),
        (EQTL, "tss_distance_bp +", lrbstore.BadSpec, "cannot be understood: Parser Error"),
        (EQTL, "tissue & tss_distance_bp // 1000", lrbstore.BadSpec, "is an expression, and only named strata are crossed"),
        (EQTL, "no_such.sql", lrbstore.MissingData, "no file of a stratum at no_such.sql"),
        (EQTL, ("tissue", "tss_distance:viztol"), lrbstore.UnknownName, "did you mean 'viztool'"),
        (
            BULK,
            "tissue",
            lrbstore.BadSpec,
            "'tissue' needs the column tissue, which the examples of bulk_rna_expression do not have; its own strata: gene_type",
        ),
        (CAGE, "tss_distance", lrbstore.BadSpec, "needs the column tss_distance_bp"),
        (EQTL, "gene_type", lrbstore.BadSpec, "needs the column gene_type"),
    ],
)
def test_strata_that_a_task_cannot_have(store: lrbstore.Store, name: str, by: Any, error: type[Exception], said: str) -> None:
    task = lrbstore.task(name, 256, store=store)
    with pytest.raises(error, match=said):
        task.score(np.zeros((len(task.test), *task.test[0][task.spec.label.key].shape)), by=by)


def test_a_missing_split_is_said(eqtl: lrbstore.Task) -> None:
    with pytest.raises(lrbstore.UnknownName, match="known: test, train"):
        eqtl.score([], split="validation")


@pytest.mark.parametrize(("name", "shape"), [(EQTL, ()), (BULK, (218,)), (CAGE, (896, 50))])
def test_a_split_without_examples_has_scores_that_are_null(store: lrbstore.Store, name: str, shape: tuple[int, ...]) -> None:
    """A window as long as the longest contig fits nowhere in the test split."""
    longest = max(store.manifest.genome("GRCh37" if name == BULK else "GRCh38").contigs.values())
    task = lrbstore.task(name, longest // 256 * 256, store=store)
    assert len(task.test) == 0
    frame = task.score(np.zeros((0, *shape)), by="chromosome")
    assert frame["metric"].to_list() == [use.name for use in task.spec.metrics]
    assert frame["value"].null_count() == frame.height
    assert frame["n"].to_list() == [0] * frame.height
    assert all("no examples" in note for note in frame["note"].to_list())
