"""Opening a task: names, lengths, options and splits; overlap of splits against brute force; the catalogue as a frame."""

from __future__ import annotations

import csv
import multiprocessing
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import lrbstore
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

EQTL, BULK, CAGE, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_eqtl_pval"


# ── what cannot be opened ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("bulk_rna_expresion", {}, "unknown task .*did you mean 'bulk_rna_expression'"),
        ("variant_effect_causal_eqtls", {}, "did you mean 'variant_effect_causal_eqtl'"),
        (EQTL, {"tissue": "Whole Bloood"}, "unknown tissue 'Whole Bloood'; did you mean 'Whole Blood'"),
        (EQTL, {"tisue": "Liver"}, "unknown option of variant_effect_gene_expression 'tisue'; did you mean 'tissue'"),
        (BULK, {"tissue": "Liver"}, "unknown option of bulk_rna_expression 'tissue'"),
        (EQTL, {"edg": "drop"}, "did you mean 'edge'"),
        (CAGE, {"split_scheme": "card_v2"}, "unknown split scheme of cage_prediction 'card_v2'; did you mean 'card_v1'"),
        (EQTL, {"split_scheme": "random"}, "known: published"),
        ("gvrep_cell_passport", {"cell_model_id": "SIDM0002"}, "unknown cell_model_id among .*; did you mean 'SIDM00002' or "),
        (
            "gvrep_cell_passport",
            {"cell_model_id": "HeLa"},
            "unknown cell_model_id among .* 'HeLa'; known: SIDM00001, SIDM00002, SIDM00003$",
        ),
    ],
)
def test_unknown_names_offer_near_ones(store: lrbstore.Store, name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(lrbstore.UnknownName, match=said) as caught:
        lrbstore.task(name, 256, store=store, **options)
    assert isinstance(caught.value, KeyError)


def test_an_unknown_disease_is_told_with_near_ones_and_with_those_it_is_part_of(store: lrbstore.Store) -> None:
    """Names of diseases are long, and have commas of their own."""
    task = "gvrep_clinvar_clndn"
    diseases = {name for (name,) in store.sql(f"select distinct disease from {task}.examples").fetchall()}
    long = max(diseases, key=len)
    with pytest.raises(lrbstore.UnknownName, match=f"unknown disease among .* did you mean '{re.escape(long)}'"):
        lrbstore.task(task, 32, store=store, disease=long.upper())
    word = next(name for name in sorted(diseases) if " " in name).split()[0].lower()
    with pytest.raises(lrbstore.UnknownName, match="did you mean '") as caught:
        lrbstore.task(task, 32, store=store, disease=word[:-1])
    assert word[:-1] in str(caught.value).rpartition("did you mean")[2].lower()
    with pytest.raises(lrbstore.UnknownName) as caught:
        lrbstore.task(task, 32, store=store, disease="zzzz")
    listed = ", ".join(map(repr, sorted(diseases)[:12]))
    assert str(caught.value).endswith(f" 'zzzz'; known: {listed}, … ({len(diseases)} in all)")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"window": "loader"}, r"window='loader' is not known.*lrb.*strict"),
        ({"window": "strikt"}, "did you mean 'strict'"),
        ({"window": "strict", "edge": "pads"}, "did you mean 'pad'"),
        ({"window": "strict", "on_ref_mismatch": "warn"}, "flag"),
        ({"edge": "pad"}, "does not go with window='lrb'"),
        ({"edge": "shift", "window": "lrb"}, "does not go with window='lrb'"),
        ({"on_ref_mismatch": "drop"}, "never compares REF"),
        ({"subset": True}, "no smaller subset"),
    ],
)
def test_settings_that_cannot_be_served(store: lrbstore.Store, options: dict[str, Any], said: str) -> None:
    with pytest.raises(lrbstore.BadSpec, match=said):
        lrbstore.task(EQTL, 256, store=store, **options)


@pytest.mark.parametrize("seq_len", [0, -1, True, 1.5, "x", "256", float("nan"), 2**31, 10**30, 256.0, np.bool_(True)])
@pytest.mark.parametrize("name", [EQTL, BULK, CAGE])
def test_lengths_that_are_no_lengths(store: lrbstore.Store, name: str, seq_len: Any) -> None:
    with pytest.raises(lrbstore.BadSpec, match="seq_len="):
        lrbstore.task(name, seq_len, store=store)


@pytest.mark.parametrize(
    ("seq_len", "policy", "nearest"),
    [
        (300, "lrb", "256 or 512"), (384, "lrb", "256 or 512"), (114_500, "lrb", "114,432 or 114,688"), (128, "lrb", "256"),
        (114_816, "lrb", "114,688 or 114,944"), (114_432 + 1, "lrb", ""), (114_559, "lrb", ""), (114_687, "lrb", ""), (1, "lrb", "256"),
        (300, "strict", "256 or 512"), (384, "strict", ""), (114_689, "strict", "114,688 or 114,944"), (131_073, "strict", ""),
    ],
)  # fmt: skip
def test_cage_lengths_that_the_labels_do_not_allow(store: lrbstore.Store, seq_len: int, policy: str, nearest: str) -> None:
    with pytest.raises(lrbstore.BadSpec, match=f"seq_len={seq_len:,} cannot be served for CAGE.*{nearest}"):
        lrbstore.task(CAGE, seq_len, store=store, window=policy)


@pytest.mark.parametrize("name", [EQTL, BULK, CAGE, GVREP])
def test_longer_than_every_contig(store: lrbstore.Store, name: str) -> None:
    longest = max(store.manifest.genome("GRCh37" if name == BULK else "GRCh38").contigs.values())
    too_long = (longest // 256 + 1) * 256
    with pytest.raises(lrbstore.BadSpec, match=f"longer than the longest contig \\({longest:,} bp\\)"):
        lrbstore.task(name, too_long, store=store)
    padded = lrbstore.task(name, too_long, store=store, window="strict", edge="pad").test
    assert len(padded) > 0
    key = "sequence" if name in {BULK, CAGE} else "ref_forward_sequence"
    assert len(padded[0][key]) == too_long


def test_what_is_not_in_the_store_is_said_with_the_command(simulated: Path, tmp_path: Path) -> None:
    with pytest.raises(lrbstore.MissingData, match="lrbstore ingest SOURCE"):
        lrbstore.task(EQTL, 256, store=str(tmp_path / "nothing"))
    ingest(tmp_path / "store", "lrb", [simulated / "lrb" / BULK], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        with pytest.raises(lrbstore.MissingData, match=f"no rows for {GVREP}.*lrbstore ingest gtex_v8_eqtl PATH"):
            lrbstore.task(GVREP, store=opened)
        with pytest.raises(lrbstore.MissingData, match=f"no rows for {CAGE}"):
            lrbstore.task(CAGE, store=opened)
        counted = {row["name"]: {one["split"]: one["n"] for one in row["rows"]} for row in lrbstore.tasks(opened).to_dicts()}
        assert counted[CAGE] == {"train": 0, "validation": 0, "test": 0}
        assert counted[BULK]["test"] > 0


# ── what can ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_defaults_come_from_the_tasks_folder(store: lrbstore.Store) -> None:
    for name, seq_len, window, splits in (
        (EQTL, 100_000, "lrb", ("train", "test")),
        (BULK, 100_000, "lrb", ("train", "test")),
        (CAGE, 114_688, "lrb", ("train", "validation", "test")),
        (GVREP, 1_024, "strict", ("train", "test")),
    ):
        task = lrbstore.task(name, store=store)
        assert (task.name, task.window.seq_len, task.window.policy, task.splits) == (name, seq_len, window, splits)
        assert task["test"] is task.test
        assert "SIMULATED" in repr(task)
        assert str(seq_len) in repr(task)
    task = lrbstore.task(EQTL, np.int32(64), store=store, window="strict")
    assert (task.window.seq_len, type(task.window.seq_len), task.window.policy) == (64, int, "strict")


def test_an_alias_is_the_task_itself(store: lrbstore.Store) -> None:
    one, other = (lrbstore.task(name, 64, store=store) for name in (EQTL, "variant_effect_causal_eqtl"))
    assert other.name == EQTL
    assert one.test.fingerprint == other.test.fingerprint


def test_a_store_can_be_given_by_its_path(demo_store: Path) -> None:
    for given in (demo_store, str(demo_store)):
        task = lrbstore.task(EQTL, 64, store=given)
        assert task.test[0]["ref_forward_sequence"]
        task.store.close()


def test_missing_splits_are_said(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    for ask in (lambda: task.validation, lambda: task["validation"]):
        with pytest.raises(
            lrbstore.UnknownName, match=r"unknown split of variant_effect_gene_expression.*'validation'; known: test, train"
        ):
            ask()
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'train'"):
        task["trian"]
    merged = lrbstore.task(CAGE, 256, store=store, split_scheme="card_v1")
    assert merged.splits == ("train", "test")
    apart = lrbstore.task(CAGE, 256, store=store)
    assert len(merged.train) == len(apart.train) + len(apart.validation)
    ids = set(merged.train.rows("example_id")["example_id"].to_pylist())
    assert ids == {name for ds in (apart.train, apart.validation) for name in ds.rows("example_id")["example_id"].to_pylist()}


@pytest.mark.parametrize("spelling", ["Whole_Blood", "Whole Blood", "whole blood", "WHOLE-BLOOD"])
@pytest.mark.parametrize("name", [EQTL, GVREP])
def test_a_tissue_may_be_spelt_in_any_way(store: lrbstore.Store, simulated: Path, name: str, spelling: str) -> None:
    task = lrbstore.task(name, 64, store=store, tissue=spelling)
    assert task.filters == {"tissue": "Whole Blood"}
    n = sum(len(task[split]) + task[split].dropped().num_rows for split in task.splits)
    if name == EQTL:
        with (simulated / "lrb" / "variant_effect_causal_eqtl" / "All_Tissues.csv").open(newline="") as handle:
            assert n == sum(row["tissue"] == "Whole_Blood" for row in csv.DictReader(handle)) > 0
        assert {one["tissue"] for one in task.train} == {"Whole_Blood"}
    else:
        assert (
            n
            == store.sql("select count(*) from gtex_eqtl where tissue_name = 'Whole_Blood' and label_text is not null").fetchall()[0][0]
            > 0
        )
    whole = lrbstore.task(name, 64, store=store)
    order = [row["example_id"] for row in whole.train.rows(["example_id", "tissue"]).to_pylist() if row["tissue"] == "Whole Blood"]
    assert task.train.rows("example_id")["example_id"].to_pylist() == order


def test_sql_gene_expression_is_the_labels(store: lrbstore.Store) -> None:
    """Two ways in, one meaning."""
    rows = store.sql("select gene_id, track, value from gene_expression order by gene_id, track").pl()
    by_gene = {
        gene: np.array(values, np.float32) for gene, values in rows.group_by("gene_id", maintain_order=True).agg("value").iter_rows()
    }
    task = lrbstore.task(BULK, 64, store=store)
    n = 0
    for split in task.splits:
        for batch in task[split].batches(50):
            for name, labels in zip(batch["example_id"].tolist(), batch["labels"], strict=True):
                assert np.array_equal(by_gene[name], labels)
                n += 1
    assert n > 200
    assert {len(values) for values in by_gene.values()} == {218}


def _in_child(path: str, sender: Any) -> None:
    task = _HELD[0]
    ids = task.test.rows("example_id")["example_id"].to_pylist()
    opened = lrbstore.open(path)
    sender.send((len(ids), task.store.sql("select 41 + 1").fetchall(), lrbstore.task(EQTL, 64, store=opened).test[0]["position"]))
    task.store.close()


_HELD: list[lrbstore.Task] = []


def test_a_task_works_in_a_forked_process(demo_store: Path) -> None:
    """DuckDB's threads do not cross a fork: the child makes a DuckDB of its own instead of waiting for ever."""
    with lrbstore.open(demo_store) as opened:
        _HELD[:] = [lrbstore.task(EQTL, 64, store=opened)]
        n, position = len(_HELD[0].test), int(_HELD[0].test[0]["position"])
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_in_child, args=(str(demo_store), sender))
        process.start()
        answered = receiver.poll(60)
        if not answered:
            process.kill()
        process.join(60)
        assert answered, "the forked child did not answer"
        assert process.exitcode == 0
        assert receiver.recv() == (n, [(42,)], position)
        assert opened.sql("select 1").fetchall() == [(1,)]  # the parent's store is as it was
        _HELD.clear()


# ── the catalogue ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_catalogue_as_a_frame(store: lrbstore.Store, simulated: Path) -> None:
    frame = lrbstore.tasks(store)
    assert isinstance(frame, pl.DataFrame)
    assert {"name", "title", "input", "label", "metrics", "rows"} <= set(frame.columns)
    assert {EQTL, BULK, CAGE, GVREP} <= set(frame["name"])
    by_name = {row["name"]: row for row in frame.to_dicts()}
    for name, path in (
        (EQTL, "variant_effect_causal_eqtl/All_Tissues.csv"),
        (BULK, f"{BULK}/gene_coordinates.csv"),
        (CAGE, f"{CAGE}/sequences_coordinates.csv"),
    ):
        with (simulated / "lrb" / path).open(newline="") as handle:
            splits = [row["split"] for row in csv.DictReader(handle)]
        assert {one["split"]: one["n"] for one in by_name[name]["rows"]} == {split: splits.count(split) for split in dict.fromkeys(splits)}
    assert [one["split"] for one in by_name[CAGE]["rows"]] == ["train", "validation", "test"]
    assert by_name[EQTL]["metrics"] == ["accuracy", "auroc", "auprc", "mcc"]
    assert by_name[EQTL]["input"] == "ref and alt sequence"


def test_the_catalogue_needs_no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LRBSTORE_HOME", str(tmp_path / "none"))
    frame = lrbstore.tasks()
    assert all(one["n"] is None for rows in frame["rows"].to_list() for one in rows)
    assert not (tmp_path / "none").exists()
    with pytest.raises(lrbstore.MissingData):
        lrbstore.tasks(str(tmp_path / "none"))


# ── overlap ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    """Loci close together and often repeated, their splits at random on the same contigs."""
    folder = tmp_path_factory.mktemp("crowded")
    rng = np.random.default_rng(11)
    contigs = {name: "".join(rng.choice(list("ACGT"), n)) for name, n in (("chr1", 900), ("chr2", 400))}
    (folder / "genome.fa").write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    path = folder / "variant_effect_causal_eqtl" / "All_Tissues.csv"
    path.parent.mkdir()
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("CHROM", "POS", "REF", "ALT", "label", "tissue", "distance_to_nearest_TSS", "split"))
        for name, sequence in contigs.items():
            # 25 loci, each met up to 8 times: equal windows, in both splits
            for start in rng.choice(len(sequence), 25, replace=False).tolist():
                for _ in range(int(rng.integers(1, 9))):
                    writer.writerow((name, start + 1, sequence[start], "A", 1, "Liver", 5, "test" if rng.random() < 0.3 else "train"))
    add_genome(folder / "store", "GRCh38", folder / "genome.fa", simulated=True)
    ingest(folder / "store", "lrb", [path], simulated=True)
    with lrbstore.open(folder / "store") as opened:
        yield opened


def _covered(task: lrbstore.Task, split: str, seq_len: int) -> list[tuple[str, set[int]]]:
    """List the windows of a split as sets of bases, from the examples' own loci."""
    rows = lrbstore.task(task.name, seq_len, store=task.store, window=task.window.policy)[split].rows(["chrom", "pos"]).to_pylist()
    return [(row["chrom"], set(range(row["pos"] - 1 - seq_len // 2, row["pos"] - 1 - seq_len // 2 + seq_len))) for row in rows]


@pytest.mark.parametrize("policy", ["lrb", "strict"])
@pytest.mark.parametrize("seq_len", [1, 2, 7, 20, 51, 130])
def test_overlap_equals_brute_force(crowded: lrbstore.Store, seq_len: int, policy: str) -> None:
    task = lrbstore.task(EQTL, 10, store=crowded, window=policy)
    train = _covered(task, "train", seq_len)
    covered = {chrom: set().union(*(bases for name, bases in train if name == chrom)) for chrom in ("chr1", "chr2")}
    shares = [len(bases & covered[chrom]) / seq_len for chrom, bases in _covered(task, "test", seq_len)]
    (row,) = task.overlap(seq_len).to_dicts()
    assert (row["seq_len"], row["split"], row["versus"], row["n_windows"]) == (seq_len, "test", "train", len(shares))
    assert row["n_overlapping"] == sum(share > 0 for share in shares) > 0
    assert row["share_overlapping"] == pytest.approx(np.mean([share > 0 for share in shares]), abs=1e-12)
    assert row["mean_shared"] == pytest.approx(np.mean(shares), abs=1e-12)
    assert row["max_shared"] == pytest.approx(max(shares), abs=1e-12)


def test_overlap_grows_with_the_window(crowded: lrbstore.Store) -> None:
    """No row is lost under edge='pad', so a longer window can only overlap more."""
    task = lrbstore.task(EQTL, 10, store=crowded, window="strict", edge="pad")
    frame = task.overlap(1, 3, 9, 27, 81, 243)
    assert frame["seq_len"].to_list() == [1, 3, 9, 27, 81, 243]
    assert frame["n_windows"].n_unique() == 1
    assert frame["n_overlapping"].is_sorted()
    assert frame["n_overlapping"][0] < frame["n_overlapping"][-1]


def test_overlap_of_three_splits_and_of_splits_by_chromosome(store: lrbstore.Store, simulated: Path) -> None:
    with (simulated / "lrb" / CAGE / "sequences_coordinates.csv").open(newline="") as handle:
        windows = [(row["split"], row["chrom"], int(row["start"]) - 1) for row in csv.DictReader(handle)]
    frame = lrbstore.task(CAGE, 114_688, store=store).overlap(65_536)
    assert [(row["split"], row["versus"]) for row in frame.to_dicts()] == [
        ("test", "train"),
        ("test", "validation"),
        ("validation", "train"),
    ]
    for row in frame.to_dicts():
        mine, others = ([w for w in windows if w[0] == row[key]] for key in ("split", "versus"))
        n = sum(any(chrom == other and abs(start - begin) < 65_536 for _, other, begin in others) for _, chrom, start in mine)
        assert (row["n_windows"], row["n_overlapping"]) == (len(mine), n)
    for name in (EQTL, BULK, GVREP):
        held_out = lrbstore.task(name, 4_096, store=store).overlap()
        assert held_out["n_overlapping"].to_list() == [0]
        assert held_out["n_windows"][0] > 0


def test_overlap_checks_its_lengths_and_lives_with_empty_splits(store: lrbstore.Store, crowded: lrbstore.Store) -> None:
    with pytest.raises(lrbstore.BadSpec, match="cannot be served for CAGE"):
        lrbstore.task(CAGE, 256, store=store).overlap(300)
    with pytest.raises(lrbstore.BadSpec, match="seq_len=0"):
        lrbstore.task(EQTL, 256, store=store).overlap(0)
    (row,) = lrbstore.task(EQTL, 10, store=crowded).overlap(899).to_dicts()
    assert row["n_windows"] == row["n_overlapping"] == 0
    assert row["mean_shared"] is None or row["mean_shared"] == 0
