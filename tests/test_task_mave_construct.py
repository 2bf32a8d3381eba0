"""Task gvrep_mave_construct: every example against hgvs_nt, applied to the dump's targets by another reader; and sequences of a table."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import pickle
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import lrbstore
from lrbstore.contract import contracts
from lrbstore.layout import sql_folder
from lrbstore.sequences import SequenceTable

TASK = "gvrep_mave_construct"
CHANGE = re.compile(r"(\d+)(?:_(\d+))?(?:([ACGT]+)>([ACGT]+)|(=)|(del)([ACGT]*)(?:ins([ACGT]+))?|ins([ACGT]+)|(dup)[ACGT]*|(inv))")

# ── another reader of HGVS ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def slots(target: str, hgvs: str) -> tuple[list[str], list[int]] | None:
    """Apply changes to a target laid out as 2n + 1 slots: bases stand in the odd ones, what is inserted in the even ones between them.

    Returns:
        The slots afterwards, and the numbers of those that were touched; None for what is not understood.
    """
    laid = [""]
    for base in target:
        laid += [base, ""]
    if hgvs == "_wt" or (hgvs.endswith("=") and not re.search(r"\d+=", hgvs)):
        return laid, []
    body = re.fullmatch(r"(?:[^:]+:)?[cng]\.(.*)", hgvs)
    if body is None:
        return None
    touched: list[int] = []
    for text in body[1].strip("[]").split(";"):
        found = CHANGE.fullmatch(text)
        if found is None:
            return None
        first = int(found[1])
        last = int(found[2] or first)
        if last > len(target) or first < 1:
            return None
        if found[9] or found[10]:  # inserted between first and last; what is doubled stands behind it
            place = 2 * (first if found[9] else last)
            own, new = [place], found[9] or target[first - 1 : last]
            laid[place] = new
        else:
            own = list(range(2 * first - 1, 2 * last))
            if found[11] and last == first:
                return None
            kept = target[first - 1 : last]
            turned = "".join({"A": "T", "C": "G", "G": "C", "T": "A"}[base] for base in kept[::-1])
            new = kept if found[5] else turned if found[11] else found[4] or found[8] or ""
            for place in own:
                laid[place] = ""
            laid[own[0]] = new
        if set(own) & set(touched):
            return None
        touched += own
    return laid, touched


def window(target: str, hgvs: str, length: int) -> tuple[str, str, int] | None:
    """Give the window of reference and changed target, and the 1-based place of the first base that VCF's REF has."""
    applied = slots(target, hgvs)
    if applied is None:
        return None
    laid, touched = applied
    if touched:
        first, last = min(touched), max(touched)
        ref, alt = (target[first // 2 : (last + 1) // 2], "".join(laid[first : last + 1]))
        pos = first // 2 + 1
        if not ref or not alt:
            pos = max(pos - 1, 1)  # the base before, or the one after the first base
    else:
        pos = len(target) // 2 + 1
    before = pos - 1
    half = length // 2
    left = ("N" * length + target[:before])[-half:] if half else ""
    changed = "".join(laid)
    wild = target[before:] + "N" * length
    other = changed[before:] + "N" * length
    return (left + wild)[:length], (left + other)[:length], pos


def test_the_other_reader() -> None:
    assert window("GATTACA", "n.2_3insGG", 6) == ("NNGATT", "NNGAGG", 2)
    assert window("GATTACA", "n.1del", 6) == ("NNNGAT", "NNNATT", 1)
    assert window("GATTACA", "n.[2del;4T>C]", 6) == ("NNGATT", "NNGTCA", 2)
    assert window("GATTACA", "n.2_3dup", 6) == ("NGATTA", "NGATAT", 3)
    assert window("GATTACA", "n.4_6inv", 6) == ("GATTAC", "GATGTA", 4)
    assert window("GATTACA", "n.4inv", 6) is None


# ── macros ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _random_change(rng: random.Random, target: str) -> str:
    first = rng.randint(1, len(target))
    last = min(len(target), first + rng.choice((0, 0, 1, 3)))
    place = f"{first}_{last}" if last > first else f"{first}"
    new = "".join(rng.choices("ACGT", k=rng.randint(1, 4)))
    ways = [f"{first}{target[first - 1]}>{new[0]}", f"{place}del", f"{place}delins{new}", f"{place}dup", f"{place}="]
    ways += [f"{place}del{target[first - 1 : last]}", f"{first}_{first + 1}ins{new}", f"{place}inv", f"{first}-5del"]
    return rng.choice(ways)


def test_changes_are_joined_as_another_reader_joins_them(store: lrbstore.Store) -> None:
    rng = random.Random(1)
    cases = []
    for _ in range(2_000):
        target = "".join(rng.choices("ACGT", k=rng.randint(1, 12)))
        cases.append((";".join(_random_change(rng, target) for _ in range(rng.randint(1, 3))), target))
    texts, targets = (list(column) for column in zip(*cases, strict=True))
    rows = store.sql(
        "select changes, sequence, hgvs_stretch(changes, sequence) from (select unnest($texts) as changes, unnest($targets) as sequence)",
        {"texts": texts, "targets": targets},
    ).fetchall()
    assert [row[:2] for row in rows] == cases
    n = 0
    for text, target, found in rows:
        applied = slots(target, f"n.[{text}]")
        assert (found is None) == (applied is None), (text, target)
        if applied is not None:
            n += 1
            first = found["first"] - 1
            assert found["ref"] == target[first : found["last"]], (text, target)
            assert target[:first] + found["alt"] + target[found["last"] :] == "".join(applied[0]), (text, target)
    assert n > 700


# ── examples of the simulated dump ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def targets(simulated: Path) -> dict[str, dict[str, Any]]:
    main = json.loads((simulated / "mavedb" / "main.json").read_text())
    sets = [s for group in main["experimentSets"] for e in group["experiments"] for s in e["scoreSets"]]
    return {s["urn"]: s["targetGenes"][0]["targetSequence"] for s in sets}


@pytest.mark.slow
@pytest.mark.parametrize("length", [51, 1024])
def test_every_example_is_the_target_with_its_change(store: lrbstore.Store, targets: dict[str, dict[str, Any]], length: int) -> None:
    task = lrbstore.task(TASK, length, store=store)
    n, kinds = 0, set()
    for split in task.splits:
        ds = task[split]
        assert ds.dropped().num_rows == 0
        for one in ds:
            target = targets[one["score_set"]]["sequence"]
            want = window(target, one["hgvs_nt"], length)
            assert want == (one["ref_forward_sequence"], one["alt_forward_sequence"], one["position"]), one["hgvs_nt"]
            assert (one["chromosome"], one["target_length"], one["ref_check"]) == (one["score_set"], len(target), "match")
            kinds |= {kind for kind in ("delins", "ins", "del", ">", ";", "_wt", "=") if kind in one["hgvs_nt"]}
            n += 1
        assert ds[5] == next(x for i, x in enumerate(ds) if i == 5)
    assert kinds == {"delins", "ins", "del", ">", ";", "_wt", "="}
    # GV-Rep's own count, from the table alone: all that it keeps is an example here, in which every target is the only one.
    kept = "target_sequence_type = 'dna' and hgvs_nt is not null and score is not null"
    assert n == store.sql(f"select count(*) from mave_score where {kept}").fetchall()[0][0]
    assert store.sql((sql_folder() / "audits" / "mave_scores_that_are_no_constructs.sql").read_text()).fetchall()[0][0] == "no score"


@pytest.mark.slow
def test_no_target_is_on_both_sides(store: lrbstore.Store, targets: dict[str, dict[str, Any]]) -> None:
    task = lrbstore.task(TASK, 256, store=store)
    sides = [{targets[one]["sequence"] for one in task[split].rows("score_set")["score_set"].unique().to_pylist()} for split in task.splits]
    assert all(sides)
    assert not sides[0] & sides[1]
    overlap = task.overlap(64, 1024)
    assert overlap["n_overlapping"].to_list() == [0, 0]
    assert lrbstore.task(TASK, 64, store=store, split_scheme="random").overlap()["n_overlapping"].min() > 0


def test_score_sets_of_one_gene_or_one_sequence_stay_together(store: lrbstore.Store) -> None:
    text = contracts()["mave_target"].ddl.replace("create view mave_target as", "").rstrip().removesuffix(";")
    with store.cursor() as own:
        own.execute(
            "create or replace temp view mave_score_set as select col0 as urn, 'v' as source_version, 1 as n_targets, "
            "col1 as gene_symbol, col2 as gene_id, col3 as target_sequence, 'dna' as target_sequence_type, 4 as target_length, "
            "'f' as source_file, 1 as source_line from (values ('a', 'ONE', 'E1', 'ACGT'), ('b', null, null, 'ACGT'), "
            "('c', 'ONE', null, 'GGGG'), ('d', null, 'E4', 'CCCC'), ('e', null, null, 'TTTT'))"
        )
        groups = dict(own.execute(f"select urn, target_group from ({text})").fetchall())
    assert groups == {"a": "ONE", "b": "ONE", "c": "ONE", "d": "E4", "e": hashlib.md5(b"TTTT").hexdigest()}


def _first(ds: Any) -> tuple[Any, str]:
    return ds[0], ds.fingerprint


@pytest.mark.slow
def test_a_data_set_survives_pickling_and_a_fork(store: lrbstore.Store) -> None:
    ds = lrbstore.task(TASK, 128, store=store).test
    here = _first(ds)
    assert _first(pickle.loads(pickle.dumps(ds))) == here
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_first, (ds,)) == here


@pytest.mark.slow
def test_batches_export_score_and_options(store: lrbstore.Store, tmp_path: Path) -> None:
    from lrbstore.describe import page
    from lrbstore.export import export

    task = lrbstore.task(TASK, 40, store=store, licence="CC0")
    assert set(task.train.rows("licence")["licence"].to_pylist()) == {"CC0"}
    urn = lrbstore.task(TASK, 40, store=store).test.rows("score_set")["score_set"][0].as_py()
    task = lrbstore.task(TASK, 40, store=store, score_set=urn)
    ds = task.test
    batch = next(ds.batches(32, encoding="codes", shuffle=True, seed=3))
    assert batch["alt_forward_sequence"].shape == (32, 40)
    assert (batch["ref_forward_sequence"] == 4).any()  # N beyond an end
    score = task.score(np.array([2 * one["label"] for one in ds]), by="score_set")
    assert set(score["stratum"]) >= {urn}
    data, sidecar = export(task, tmp_path, split="test")
    said = json.loads(sidecar.read_text())
    assert (said["assembly"], said["edge"], said["genome_digest"]) == ("construct", "pad", store.sequences(task.spec).digest)
    assert pq.read_table(data)["alt_forward_sequence"].to_pylist() == [one["alt_forward_sequence"] for one in ds]
    assert "**Assembly** construct (table `mave_target`; needs no genome); window `strict` by default, 1,024 bp, edge `pad`." in page(
        TASK, None
    )
    assert "edge='pad'" in repr(ds)


def test_edges_of_its_own_and_asked_for(store: lrbstore.Store) -> None:
    task = lrbstore.task(TASK, 100, store=store)
    dropped = lrbstore.task(TASK, 100, store=store, edge="drop")
    assert (task.window.edge, dropped.window.edge, lrbstore.task(TASK, 100, store=store, window="lrb").window.edge) == (
        "pad",
        "drop",
        "drop",
    )
    assert 0 < len(dropped.train) < len(task.train)
    assert task.train.fingerprint != dropped.train.fingerprint
    with pytest.raises(lrbstore.BadSpec, match=r"longer than the longest contig \(966 bp\)"):
        lrbstore.task(TASK, 1024, store=store, edge="drop")
    with pytest.raises(lrbstore.BadSpec, match="edge='slide'"):
        lrbstore.task(TASK, 100, store=store, edge="slide")
    assert lrbstore.task("gvrep_mave", 100, store=store).window.edge == "drop"


@pytest.mark.slow
def test_only_targets_that_a_window_holds(store: lrbstore.Store) -> None:
    whole, every = lrbstore.task(TASK, 420, store=store, fits=True), lrbstore.task(TASK, 420, store=store, fits=False)
    lengths = {split: every[split].rows("target_length")["target_length"].to_pylist() for split in every.splits}
    assert {split: len(whole[split]) for split in whole.splits} == {s: sum(n <= 420 for n in own) for s, own in lengths.items()}
    assert 0 < sum(len(whole[split]) for split in whole.splits) < sum(map(len, lengths.values()))
    split = next(s for s in whole.splits if len(whole[s]))
    assert whole[split].fingerprint != every[split].fingerprint
    assert every[split].fingerprint == lrbstore.task(TASK, 420, store=store)[split].fingerprint
    again = pickle.loads(pickle.dumps(whole[split]))
    assert (again.filters, again[0]) == ({"fits": True}, whole[split][0])
    assert "fits=True" in repr(whole[split])
    for split in whole.splits:
        longer = [row for row in every[split].rows().to_pylist() if row["target_length"] > 420]
        ledger = [row for row in whole[split].dropped().to_pylist() if row["reason"] == "contig_longer_than_window"]
        assert [row["example_id"] for row in ledger] == [row["example_id"] for row in longer]
        assert [row["contig_length"] for row in ledger] == [row["target_length"] for row in longer]
        assert all("fits=True" in row["meaning"] for row in ledger)
        assert len(whole[split]) + whole[split].dropped().num_rows == len(every[split]) + every[split].dropped().num_rows
        assert [one["example_id"] for one in whole[split]] == whole[split].rows("example_id")["example_id"].to_pylist()
    with pytest.raises(lrbstore.BadSpec, match=r"no example of gvrep_mave_construct has all of fits=True \(seq_len=2\)"):
        lrbstore.task(TASK, 2, store=store, fits=True)
    with pytest.raises(lrbstore.BadSpec, match="fits='yes'; expected True"):
        lrbstore.task(TASK, 420, store=store, fits="yes")
    with pytest.raises(lrbstore.UnknownName, match="fits"):
        lrbstore.task("gvrep_mave", 420, store=store, fits=True)


# ── a store without a genome ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SCORES = """\
accession,hgvs_nt,hgvs_splice,hgvs_pro,score
{urn}#1,c.2A>C,NA,NA,1
{urn}#2,c.3A>C,NA,NA,2
{urn}#3,c.9A>T,NA,NA,3
{urn}#4,c.13del,NA,NA,4
{urn}#5,c.1_8del,NA,NA,5
{urn}#6,c.5_6insT,NA,NA,6
"""


def _ingest(store: Path, folder: Path, sequence: str) -> None:
    from lrbstore.ingest.pipeline import ingest

    urn = "urn:mavedb:90000009-a-1"
    folder.mkdir()
    (folder / "urn-mavedb-90000009-a-1_scores.csv").write_text(SCORES.format(urn=urn))
    target = {"name": "T", "targetSequence": {"sequence": sequence, "sequenceType": "dna"}}
    (folder / "score_sets.json").write_text(json.dumps([{"urn": urn, "targetGenes": [target]}]))
    ingest(store, "mavedb", [folder])


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    folder = tmp_path_factory.mktemp("bare")
    _ingest(folder / "store", folder / "mavedb", "gattRcat")
    with lrbstore.open(folder / "store") as opened:
        yield opened


def test_no_genome_is_needed(bare: lrbstore.Store, tmp_path: Path) -> None:
    assert bare.manifest.genomes == ()
    task = lrbstore.task(TASK, 6, store=bare)
    ds = next(task[split] for split in task.splits if len(task[split]))
    assert [(one["hgvs_nt"], one["ref_check"], one["alt_forward_sequence"]) for one in ds] == [
        ("c.2A>C", "match", "NNGCTT"),
        ("c.3A>C", "mismatch", "NGACTN"),  # the target has T there, and R at 5
        ("c.5_6insT", "n", "ATTNTC"),
    ]
    gone = ds.dropped()
    assert list(zip(gone["pos"].to_pylist(), gone["reason"].to_pylist(), strict=True)) == [
        (9, "anchor_off_contig"),  # one base beyond the target
        (13, "allele_not_sequence"),  # what is there is not known
        (1, "allele_not_sequence"),  # nothing is left
    ]
    kept = lrbstore.task(TASK, 6, store=bare, on_ref_mismatch="drop")
    assert len(kept[ds.split]) == 2
    with pytest.raises(lrbstore.ContractBroken, match="is not what the genome has there: mismatch"):
        len(lrbstore.task(TASK, 6, store=bare, on_ref_mismatch="error")[ds.split])
    with pytest.raises(lrbstore.MissingData, match="holds no rows for gvrep_mave;"):
        lrbstore.task("gvrep_mave", 6, store=bare)
    _ingest(tmp_path / "other", tmp_path / "mavedb", "gattRcaa")  # the same rows on another target
    with lrbstore.open(tmp_path / "other") as other:
        assert other.sequences(task.spec).digest != bare.sequences(task.spec).digest


def test_a_store_without_targets_says_what_to_ingest(bare: lrbstore.Store, tmp_path: Path) -> None:
    from lrbstore.ingest.genomes import add_genome

    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n")
    add_genome(tmp_path / "store", "GRCh38", tmp_path / "genome.fa", simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        for how in ({}, {"edge": "drop"}):
            with pytest.raises(lrbstore.MissingData, match=r"holds no rows for gvrep_mave_construct; run: lrbstore ingest mavedb"):
                lrbstore.task(TASK, 10, store=opened, **how)
    with pytest.raises(lrbstore.UnknownName, match="score_set among the examples of gvrep_mave_construct"):
        lrbstore.task(TASK, 10, store=bare, score_set="urn:mavedb:90000009-a-2")


# ── sequences of a table ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_of_sequences_cuts_as_a_genome_does(store: lrbstore.Store) -> None:
    genome = store.genome("GRCh38")
    names = list(genome.lengths)[:2]
    table = SequenceTable("table", [(name, genome.fetch(name, 0, genome.lengths[name]).decode().lower()) for name in names])
    assert dict(table.lengths) == {name: genome.lengths[name] for name in names}
    assert (table.contig_length(names[0]), table.contig_length("nowhere")) == (genome.lengths[names[0]], None)
    chroms, starts = [names[1], names[0], names[1]], [5, 70, 0]
    for encoding in ("bytes", "codes", "one_hot", "text"):
        assert np.array_equal(table.windows(chroms, starts, 33, encoding), genome.windows(chroms, starts, 33, encoding))
    out = np.empty((3, 33), np.int8)
    assert table.windows(chroms, starts, 33, "codes", out) is out
    assert np.array_equal(out, genome.windows(chroms, starts, 33, "codes"))
    assert table.windows(names[0], np.array([], np.int64), 4).shape == (0, 4)
    assert table.fetch(names[0], 3, 3) == b""
    assert pickle.loads(pickle.dumps(table)).digest == table.digest
    assert "2 sequences" in repr(table)


def test_errors_of_a_table_of_sequences_name_row_and_sequence() -> None:
    table = SequenceTable("construct", [("one", "ACGU"), ("two", "")])
    assert table.fetch("one", 0, 4) == b"ACGN"
    with pytest.raises(lrbstore.OutOfContig, match=r"row 1: one:2-5 .* which has 4 bases in construct"):
        table.windows(["one", "one"], [0, 2], 3)
    with pytest.raises(lrbstore.ContigNotFound, match=r"construct has no sequence 'onne'.*one"):
        table.fetch("onne", 0, 1)
    for chroms, starts, length in ((["one"], [0, 1], 1), ("one", [0.5], 1), ("one", [0], 0)):
        with pytest.raises(lrbstore.BadSpec):
            table.windows(chroms, starts, length)
    with pytest.raises(lrbstore.BadSpec, match="the output buffer is uint8"):
        table.windows("one", [0], 2, out=np.empty((1, 3), np.uint8))
    for rows, said in (([("a", "A"), ("a", "C")], "a comes twice"), ([(None, "A")], "no name"), ([("a", None)], "a has no sequence")):
        with pytest.raises(lrbstore.ContractBroken, match=said):
            SequenceTable("construct", rows)


# ── real files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_real_constructs(realdata: Path, tmp_path: Path) -> None:
    from lrbstore.ingest.pipeline import ingest

    ingest(tmp_path / "store", "mavedb", [realdata / "mavedb"])
    with lrbstore.open(tmp_path / "store") as opened:
        sequences = dict(opened.sql("select urn, target_sequence from mave_target").fetchall())
        task, n = lrbstore.task(TASK, store=opened), 0
        for split in task.splits:
            assert task[split].dropped().num_rows == 0
            for one in task[split]:
                want = window(sequences[one["score_set"]], one["hgvs_nt"], 1024)
                assert want == (one["ref_forward_sequence"], one["alt_forward_sequence"], one["position"]), one["hgvs_nt"]
                assert one["ref_check"] == "match"
                n += 1
    assert n == 39
