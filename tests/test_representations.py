"""Representations: kept from every form, refused where they do not fit, searched as SQL searches them, and scored by neighbours' labels."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.neighbors import NearestNeighbors

import lrbstore
from lrbstore.cli import app
from lrbstore.contract import contract
from lrbstore.parquet import TableWriter
from lrbstore.release import StoreFolder
from lrbstore.representations import forget, keep, kept_set, nearest
from lrbstore.retrieval import interval_of_mean

CLINVAR, VERIFIED = "gvrep_clinvar_pathogenicity", "gvrep_verified"


def _ids(store: lrbstore.Store, task: str) -> pl.DataFrame:
    return store.sql(f"select example_id, variant_id, label::BIGINT as label from {task}.examples order by example_id").pl()


def _vectors(labels: np.ndarray, width: int = 16, seed: int = 0, noise: float = 0.7) -> np.ndarray:
    """Simulate representations of classes: one direction says the class, and noise is on all."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, noise, (len(labels), width))
    vectors[:, 0] += 2 * labels - 1
    return vectors.astype(np.float32)


@pytest.fixture(scope="module")
def home(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with representations: a model's of the examples of two tasks, another's of variants."""
    home = tmp_path_factory.mktemp("nearest") / "store"
    shutil.copytree(demo_store, home)
    with lrbstore.open(home) as store:
        for task, seed in ((CLINVAR, 0), (VERIFIED, 1)):
            table = _ids(store, task)
            vectors = _vectors(table["label"].to_numpy(), seed=seed)
            keep(store, (table["example_id"].to_list(), vectors), model="mine", task=task)
        table = pl.concat([_ids(store, task) for task in (CLINVAR, VERIFIED)]).unique("variant_id", maintain_order=True)
        vectors = _vectors(table["label"].to_numpy(), seed=2).round(0)  # of whole numbers: many are equally far
        keep(store, pl.DataFrame({"variant_id": table["variant_id"], "vector": vectors.tolist()}), model="of_variants", layer="mean")
    return home


@pytest.fixture(scope="module")
def store(home: Path) -> Iterator[lrbstore.Store]:
    with lrbstore.open(home) as opened:
        yield opened


@pytest.fixture
def own(home: Path, tmp_path: Path) -> Path:
    """That store, to be written to."""
    shutil.copytree(home, tmp_path / "own")
    return tmp_path / "own"


QUICK_FILES = {("npz", "float32"), ("compressed", "float16"), ("list", "float64"), ("fixed", "float16")}


# ── kept ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        # Every form and every type is among the quick ones.
        pytest.param(form, dtype, marks=[] if (form, dtype) in QUICK_FILES else pytest.mark.slow)
        for form in ("npz", "compressed", "list", "fixed")
        for dtype in ("float16", "float32", "float64")
    ],
)
def test_files_come_back_as_they_were(own: Path, tmp_path: Path, form: str, dtype: str) -> None:
    with lrbstore.open(own) as store:
        ids = _ids(store, CLINVAR)["example_id"].to_list()[::-1]
        vectors = np.random.default_rng(3).normal(size=(len(ids), 5)).astype(dtype)
        path = tmp_path / ("x.npz" if form in {"npz", "compressed"} else "x.parquet")
        if path.suffix == ".npz":
            (np.savez if form == "npz" else np.savez_compressed)(path, ids=np.array(ids), embeddings=vectors)
        else:
            lists = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 5)
            lists = lists.cast(pa.list_(lists.type.value_type)) if form == "list" else lists
            pq.write_table(pa.table({"example_id": ids, "embedding": lists}), path, row_group_size=7)
        said = keep(store, path, model="file", layer="last", task=CLINVAR, metric="euclidean", about="pooled")
        assert (said.row["dtype"], said.dimension, said.row["n"], said.row["n_missing"]) == (dtype, 5, len(ids), 0)
    with lrbstore.open(own) as store:
        held = kept_set(store, "file", CLINVAR)
        assert (held.layer, held.metric, held.row["about"], held.row["source_file"]) == ("last", "euclidean", "pooled", path.name)
        assert held.ids.to_list() == ids
        assert np.array_equal(np.concatenate(list(held.blocks())), vectors.astype(np.float32))
        some = np.array([4, 0, 4, len(ids) - 1])
        assert np.array_equal(held.take(some), vectors.astype(np.float32)[some])
        assert store.sql("select count(*) from model where model = 'file'").fetchall() == [(1,)]


def test_a_set_changes_no_example_and_is_replaced_and_forgotten(own: Path) -> None:
    with lrbstore.open(own) as store:
        task, table = lrbstore.task(CLINVAR, store=store), _ids(store, CLINVAR)
        before = (task.test.fingerprint, store.release[4:])
        for seed in (1, 2):
            keep(store, (table["example_id"], _vectors(table["label"].to_numpy(), seed=seed)), model="mine", task=CLINVAR)
    with lrbstore.open(own) as store:
        assert (lrbstore.task(CLINVAR, store=store).test.fingerprint, store.release[4:]) == before
        held = kept_set(store, "mine", CLINVAR)
        assert np.array_equal(np.concatenate(list(held.blocks())), _vectors(table["label"].to_numpy(), seed=2))
        assert forget(store, "mine", task=CLINVAR) == 1
    with lrbstore.open(own) as store:
        with pytest.raises(lrbstore.BadSpec, match=rf"0 sets .* mine are for {CLINVAR}.*some for: --task {VERIFIED}"):
            kept_set(store, "mine", CLINVAR)
        assert forget(store, "mine") == 1
        with pytest.raises(lrbstore.UnknownName, match="unknown model with representations kept 'mine'; known: of_variants"):
            forget(store, "mine")
    with lrbstore.open(own) as store, pytest.raises(lrbstore.UnknownName, match="unknown model with representations 'mine'"):
        kept_set(store, "mine", CLINVAR)


def test_a_file_may_hold_several_sets(own: Path) -> None:
    """As a source may bring them: rows of two models, of a task and of variants, lie mixed in the row groups of one file."""
    n, rng = 20, np.random.default_rng(0)
    with lrbstore.open(own) as store:
        ids = _ids(store, CLINVAR)
    models, tasks = rng.choice(["a", "b"], n), rng.choice([CLINVAR, None], n)
    vectors = rng.normal(size=(n, 3)).astype(np.float32)
    of_task = tasks == CLINVAR
    said = {
        "source": ["some"] * n,
        "source_version": ["1"] * n,
        "source_file": ["x"] * n,
        "source_line": range(1, n + 1),
        "layer": ["l"] * n,
    }
    rows = {
        "task": tasks.tolist(),
        "example_id": [one if own_task else None for one, own_task in zip(ids["example_id"], of_task, strict=False)],
        "variant_id": [None if own_task else one for one, own_task in zip(ids["variant_id"], of_task, strict=False)],
        "model": models.tolist(),
        "vector": vectors.tolist(),
        **said,
    }
    sets = [(model, task) for model in "ab" for task in (CLINVAR, None)]
    about = {"task": [t for _, t in sets], "model": [m for m, _ in sets], **{name: list(v)[:4] for name, v in said.items()}}
    about |= {"dimension": [3] * 4, "dtype": ["float32"] * 4, "metric": ["cosine"] * 4, "n": [n] * 4}
    about |= {name: pa.nulls(4) for name in ("about", "n_missing", "release", "kept_at")}
    with StoreFolder(own).writer() as publication:
        files = list(publication.draft().files)
        for table, columns in (("representation", rows), ("representation_set", about)):
            with TableWriter(contract(table), publication.data_path(table, "some"), {}) as writer:
                for i in range(0, len(columns["model"]), 4):
                    writer.write(pa.table({k: pa.array(v)[i : i + 4] for k, v in columns.items()}))
                    writer.end_group()
                files.append(writer.close(source="some", version="1", assembly=None, unit="u", genome=None))
        publication.publish(publication.draft(files=tuple(files)))
    with lrbstore.open(own) as store:
        for model, task in sets:
            held = kept_set(store, model, task)
            mine = np.flatnonzero((models == model) & (of_task == (task is not None)))
            assert held.ids.to_list() == [rows[held.key][i] for i in mine]
            assert np.array_equal(np.concatenate(list(held.blocks())), vectors[mine])
            assert np.array_equal(held.take(held.places(held.ids.reverse())), vectors[mine[::-1]])


def test_what_does_not_fit_is_counted_in_one_line(own: Path, tmp_path: Path) -> None:
    with lrbstore.open(own) as store:
        ids = _ids(store, CLINVAR)["example_id"].to_list()[:8]
        vectors: list[Any] = np.ones((8, 3)).tolist()
        vectors[1], vectors[2], vectors[3], vectors[4] = [1.0, 2.0], [1.0, None, 2.0], None, [np.inf, 0.0, 1e39]
        frame = pl.DataFrame({"example_id": [*ids[:7], ids[0], "nobody"], "vector": [*vectors, [1.0, 1.0, 1.0]]})
        with pytest.raises(lrbstore.BadSpec) as caught:
            keep(store, frame, model="bad", task=CLINVAR)
        assert f"1 unknown (nobody); 1 duplicate ({ids[0]}); 2 of another width ({ids[1]}, {ids[3]}); 2 non-finite" in str(caught.value)
        assert "one finite vector of 3 numbers" in str(caught.value)
        for n in (3, 4):
            with pytest.raises(lrbstore.BadSpec, match=rf"{n} non-finite \({', '.join(ids[:3])}{' …' if n > 3 else ''}\)"):
                keep(store, (ids[:n], np.full((n, 2), 1e39)), model="bad", task=CLINVAR)
        others = _ids(store, VERIFIED)["example_id"].to_list()[:2]
        with pytest.raises(lrbstore.BadSpec, match=rf"2 unknown .*; the unknown ids are of task {VERIFIED}"):
            keep(store, (others, np.ones((2, 2))), model="bad", task=CLINVAR)
        assert store.sql("select count(*) from representation_set where model = 'bad'").fetchall() == [(0,)]
    assert len(list((own / "data" / "representation").iterdir())) == 3  # what was refused left nothing behind


def test_forms_that_cannot_be_read_are_told(store: lrbstore.Store, tmp_path: Path) -> None:
    ids = _ids(store, CLINVAR)["example_id"].to_list()[:2]
    ones = np.ones((2, 3), np.float32)
    files = {
        "pickled_ids": {"ids": np.array(ids, object), "embeddings": ones},
        "pickled": {"ids": np.array(ids), "embeddings": np.array([[1, None], [2, "a"]], object)},
        "no_ids": {"names": np.array(ids), "embeddings": ones},
        "deep": {"ids": np.array(ids), "embeddings": np.ones((2, 3, 4), np.float32)},
        "whole": {"ids": np.array(ids), "embeddings": np.ones((2, 3), int)},
        "fewer": {"ids": np.array(ids[:1]), "embeddings": ones},
        "by_column": {"ids": np.array(ids), "embeddings": np.asfortranarray(ones)},
    }
    for name, arrays in files.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "text.parquet").write_text("no table")
    pl.DataFrame({"example_id": ids, "vector": ["a", "b"]}).write_parquet(tmp_path / "words.parquet")
    said = {
        "pickled_ids.npz": "pickled objects, which are never read.*save ids as text",
        "pickled.npz": "pickled objects, which are never read",
        "no_ids.npz": "has no array ids; found: names, embeddings",
        "deep.npz": r"vectors are float32 \(2, 3, 4\); expected an array \(n, width\)",
        "whole.npz": "vectors are int64",
        "fewer.npz": "1 ids for 2 vectors",
        "by_column.npz": "lie column by column",
        "text.npz": "cannot be read as representations",
        "text.parquet": "cannot be read as representations",
        "words.parquet": "one column of lists of numbers.*found: example_id .*string",
    }
    for name, match in said.items():
        with pytest.raises(lrbstore.BadSpec, match=match):
            keep(store, tmp_path / name, model="bad", task=CLINVAR)
    with pytest.raises(lrbstore.MissingData, match="no file of representations"):
        keep(store, tmp_path / "none.npz", model="bad", task=CLINVAR)
    keyed = pl.DataFrame({"example_id": ids, "vector": ones.tolist()})
    with pytest.raises(lrbstore.BadSpec, match="keyed by example_id; name their task: --task"):
        keep(store, keyed, model="bad")
    with pytest.raises(lrbstore.BadSpec, match="keyed by variant_id; leave the task out"):
        keep(store, keyed.rename({"example_id": "variant_id"}), model="bad", task=CLINVAR)
    with pytest.raises(lrbstore.BadSpec, match="vectors of different lengths"):
        keep(store, {ids[0]: [1.0], ids[1]: [1.0, 2.0]}, model="bad", task=CLINVAR)
    with pytest.raises(lrbstore.BadSpec, match="type int are not understood"):
        keep(store, 3, model="bad", task=CLINVAR)


# ── neighbours ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("metric", ["cosine", "euclidean", None])
@pytest.mark.parametrize("model", ["mine", "of_variants"])
def test_sql_finds_the_same_neighbours(store: lrbstore.Store, model: str, metric: str | None) -> None:
    task = CLINVAR if model == "mine" else None
    ids = kept_set(store, model, task).ids.to_list()[5:25:5]
    found = nearest(store, ids, model=model, k=7, task=task, metric=metric)
    assert found["query"].unique(maintain_order=True).to_list() == ids
    for one in ids:
        asked = "select rank, distance, id from nearest($m, $id, 7, in_task := $task, by_metric := $metric)"
        rows = store.sql(asked, params={"m": model, "id": one, "task": task, "metric": metric}).fetchall()
        mine = found.filter(pl.col("query") == one)
        assert mine["rank"].to_list() == [row[0] for row in rows] == list(range(1, 8))
        assert mine["distance"].to_list() == pytest.approx([row[1] for row in rows], abs=1e-12)
        # Rounding may part what is equally far, so that ids are compared as far as distances differ.
        for number in (mine["distance"].round(9)).unique().to_list()[:-1]:
            near = set(mine.filter(pl.col("distance").round(9) == number)[mine.columns[3]])
            assert near == {row[2] for row in rows if round(row[1], 9) == number}
        assert one not in mine[mine.columns[3]].to_list()


def test_neighbours_come_with_what_is_known_of_them(store: lrbstore.Store) -> None:
    table = _ids(store, CLINVAR)
    example = table.row(3, named=True)
    by_example = nearest(store, example["example_id"], model="mine", k=4, task=CLINVAR)
    labels = dict(table.select("example_id", "label").iter_rows())
    assert by_example["label"].to_list() == [labels[one] for one in by_example["example_id"]]
    by_variant = nearest(store, example["variant_id"], model="mine", k=4, task=CLINVAR)
    assert by_variant.filter(pl.col("query") == example["example_id"]).equals(by_example)
    of_variants = nearest(store, example["variant_id"], model="of_variants", k=3)
    for one in of_variants.iter_rows(named=True):
        rows = store.sql(
            "select source, label_name, label_text, count(*)::BIGINT as n from variant_record where variant_id = $v group by all "
            "order by source, label_name, label_text",
            params={"v": one["variant_id"]},
        ).pl()
        assert one["records"] == rows.to_dicts()
        assert one["records"]
    with pytest.raises(lrbstore.MissingData, match="no representation of GRCh38:chr1:1:A:G is in of_variants"):
        nearest(store, "GRCh38:chr1:1:A:G", model="of_variants")
    with pytest.raises(lrbstore.UnknownName, match="unknown metric 'l1'"):
        nearest(store, example["variant_id"], model="of_variants", metric="l1")


# ── the score ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("split", "reference"), [("test", "train"), ("train", "train"), ("all", "all")])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_precision_is_scikit_learns_in_every_stratum(store: lrbstore.Store, split: str, reference: str, metric: str) -> None:
    task = lrbstore.task(CLINVAR, store=store)
    found = task.retrieve("mine", "review_stars", split, reference=reference, k=5, metric=metric, apart=())
    held = kept_set(store, "mine", CLINVAR)
    both = np.concatenate(list(held.blocks()))
    sides = []
    for name in (split, reference):
        names = task.splits if name == "all" else (name,)
        frames = [pl.DataFrame(pl.from_arrow(task[one].rows(["example_id", "label", "review_stars"]))) for one in names]
        table = pl.concat(frames)
        sides.append((table, both[held.places(table["example_id"])].astype(float)))
    (queries, a), (references, b) = sides
    is_self = split == reference
    _, near = NearestNeighbors(n_neighbors=5 + is_self, algorithm="brute", metric=metric).fit(b).kneighbors(a)
    near = near[:, is_self:]  # the nearest to itself is each one first
    agree = (references["label"].to_numpy()[near] == queries["label"].to_numpy()[:, None]).mean(axis=1)
    rows = {(r["metric"], r["stratifier"], r["stratum"]): r for r in found.iter_rows(named=True)}
    overall = rows["knn_precision", "overall", None]
    assert overall["value"] == pytest.approx(agree.mean(), abs=1e-12)
    assert (overall["n"], overall["n_missing"], overall["n_pos"]) == (len(a), 0, queries["label"].sum())
    assert overall["ci_low"] < overall["value"] < overall["ci_high"]
    assert (overall["predictor"], overall["split"], overall["direction_by"]) == ("as_given", split, "declared")
    assert f"k=5; {metric}; among {len(b):,} of {CLINVAR}.{reference}" in overall["note"]
    share = references["label"].mean()
    blind = np.where(queries["label"].to_numpy() == 1, share, 1 - share)
    assert rows["knn_precision_by_chance", "overall", None]["value"] == pytest.approx(blind.mean(), abs=1e-12)
    assert overall["value"] > blind.mean()  # the simulation says the class
    strata = queries["review_stars"].to_numpy()
    for star in np.unique(strata):
        row = rows["knn_precision", "review_stars", str(star)]
        assert (row["value"], row["n"]) == (pytest.approx(agree[strata == star].mean(), abs=1e-12), (strata == star).sum())


def test_verified_variants_are_scored_against_clinvar(store: lrbstore.Store) -> None:
    verified = lrbstore.task(VERIFIED, store=store)
    mine = verified.retrieve("mine", split="all", reference=CLINVAR, k=3)
    variants = verified.retrieve("of_variants", split="all", reference=f"{CLINVAR}.train", k=3)
    n = store.sql(f"select count(*) from {VERIFIED}.examples").fetchall()[0][0]
    for frame in (mine, variants):
        assert (frame["task"].unique().to_list(), frame["n"].unique().to_list()) == ([VERIFIED], [n])
        assert frame["value"][0] > 0.5
        assert "no neighbour of the same variant_id" in frame["note"][0]
    assert variants["predictor"].unique().to_list() == ["mean"]
    by_words = verified.retrieve("mine", split="all", reference=CLINVAR, k=3, label="gene_symbol")
    assert by_words["value"][0] < 0.5
    assert by_words["n_pos"].is_null().all()  # of words nobody says which is the positive one
    with pytest.raises(lrbstore.BadSpec, match="are not the same; name a column that both have: label=COLUMN"):
        verified.retrieve("mine", reference="gvrep_clinvar_clnsig")
    with pytest.raises(lrbstore.UnknownName, match="unknown reference 'trian'"):
        verified.retrieve("mine", reference="trian")


def test_what_must_be_apart_is_no_neighbour(own: Path) -> None:
    with lrbstore.open(own) as store:
        table = _ids(store, CLINVAR)
        genes = store.sql(f"select example_id, gene_symbol from {CLINVAR}.examples order by example_id").pl()["gene_symbol"]
        # A gene's variants lie together, and say nothing else: what looks like knowledge of labels is knowledge of genes.
        codes = genes.rank("dense").fill_null(0).to_numpy().astype(int)
        vectors = np.random.default_rng(0).normal(size=(codes.max() + 1, 8))[codes] * 1.0
        keep(store, (table["example_id"], vectors), model="genes", task=CLINVAR)
    with lrbstore.open(own) as store:
        task = lrbstore.task(CLINVAR, store=store)
        same = task.retrieve("genes", split="all", reference="all", k=1, label="gene_symbol", apart=())
        none = task.retrieve("genes", split="all", reference="all", k=1, label="gene_symbol", apart="gene_symbol")
        assert none["value"][0] == 0
        assert same["value"][0] > 0.5


def test_missing_representations_are_refused_or_counted(own: Path) -> None:
    with lrbstore.open(own) as store:
        table = _ids(store, CLINVAR)
        task = lrbstore.task(CLINVAR, store=store)
        lacking = task.test.rows("example_id")["example_id"].to_pylist()[:2]
        some = table.filter(~pl.col("example_id").is_in(lacking))
        said = keep(store, (some["example_id"], _vectors(some["label"].to_numpy())), model="some", task=CLINVAR)
        assert said.row["n_missing"] == 2
    with lrbstore.open(own) as store:
        task = lrbstore.task(CLINVAR, store=store)
        with pytest.raises(lrbstore.IncompletePredictions, match=rf"2 of .* have no representation in some.*: {', '.join(lacking)}; allow"):
            task.retrieve("some")
        row = task.retrieve("some", allow_missing=True).row(0, named=True)
        assert (row["n"], row["n_missing"]) == (len(task.test) - 2, 2)
        with pytest.raises(lrbstore.BadSpec, match=r"labels of .* are numbers"):
            lrbstore.task("bulk_rna_expression", store=store).retrieve("some")


def test_the_interval_of_a_mean_holds_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = {True: 0, False: 0}
    turns = 400
    for _ in range(turns):
        clusters = np.repeat(np.arange(40), 5)
        shares = rng.binomial(10, np.repeat(rng.beta(6, 2, 40), 5)) / 10
        for by_cluster in held:
            one = interval_of_mean(shares, clusters if by_cluster else None)
            held[by_cluster] += one.low <= 0.75 <= one.high
    assert 0.92 <= held[True] / turns <= 0.98
    assert held[False] < held[True]  # neighbours of one cluster are alike: taken for independent, they look surer than they are
    certain = interval_of_mean(np.ones(12))
    assert certain.low < certain.high == 1


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_whole_way_on_the_command_line(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with lrbstore.open(own) as store:
        table = _ids(store, CLINVAR)
    np.savez(tmp_path / "x.npz", ids=table["example_id"].to_numpy().astype(str), embeddings=_vectors(table["label"].to_numpy()))

    def run(*arguments: object) -> str:
        app([*map(str, arguments), "--store", str(own)], standalone_mode=False)
        return capsys.readouterr().out

    run("representations", "keep", tmp_path / "x.npz", "--model", "cli", "--task", CLINVAR, "--layer", "mean")
    listed = json.loads(run("representations", "list", "--format", "json"))
    assert [one["model"] for one in listed] == ["cli", "mine", "mine", "of_variants"]
    variant = table.row(0, named=True)["variant_id"]
    near = json.loads(run("nearest", variant, "--model", "cli", "--task", CLINVAR, "--k", 3, "--format", "json"))
    assert [one["rank"] for one in near][:3] == [1, 2, 3]
    assert variant_told(run("nearest", variant, "--model", "of_variants", "--k", 2))
    scored = json.loads(run("retrieve", CLINVAR, "--model", "cli", "--by", "review_stars", "--k", 5, "--format", "json"))
    assert {one["metric"] for one in scored} == {"knn_precision", "knn_precision_by_chance"}
    assert "knn_precision" in run("retrieve", CLINVAR, "--model", "cli")
    run("representations", "forget", "cli")
    assert ",cli," not in run("representations", "list", "--format", "csv")


def variant_told(text: str) -> bool:
    return "records" in text and "label_name" in text


# ── bounded memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_less_is_held_than_the_vectors_take(tmp_path: Path) -> None:
    """200 MB of vectors, by the benchmark's own account: less is held to keep them, and to search them; and the search is exact."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux tells what a process has come to hold at most")
    benchmark = Path(__file__).parent / "benchmarks" / "nearest.py"
    size = ["--rows", "200000", "--width", "256", "--queries", "100", "--turns", "1"]
    subprocess.run([sys.executable, str(benchmark), *size, "--measures", str(tmp_path / "found")], check=True)
    found = {one["what"]: one for one in map(json.loads, (tmp_path / "found").read_text().splitlines())}
    for what in ("keeping representations: held", "nearest neighbours: held", "nearest neighbours: largest difference of distances"):
        assert found[what]["found"] <= found[what]["aim"], what
