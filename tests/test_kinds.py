"""Kinds beyond one window a row: knocked-out genes against a walk base by base, combinations against their members as single variants."""

from __future__ import annotations

import csv
import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyfaidx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

import lrbstore
from lrbstore import loaders
from lrbstore.alleles import REF_CHECKS, check_reference
from lrbstore.assembly import assembly
from lrbstore.baseline import kmer_ridge
from lrbstore.buffers import Buffers
from lrbstore.catalogue import TaskSpec
from lrbstore.encoding import ENCODINGS, encode
from lrbstore.errors import BadSpec, ContigNotFound, ContractBroken, OutOfContig
from lrbstore.export import export
from lrbstore.genome import Genome, register_fasta
from lrbstore.kinds import KINDS, Kind, Windows, ref_checks, seen_in
from lrbstore.window import CONTIG_NOT_IN_GENOME, CONTIG_UNKNOWN, EDGES, REASONS, WindowPlan, WindowSpec, check_seq_len, plan_knockouts

OLIGO = "gvrep_oligogenic"
KNOCKOUT = KINDS["knockout"]
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}
BASES = np.random.default_rng(7).choice(list("ACGTacgtN"), 300, p=[0.12] * 8 + [0.04])
CONTIGS = {"chr1": "".join(BASES), "chr3": "ACGGTTCA", "chr9": "C"}
CONTIGS["chr2"] = "".join(COMPLEMENT[b.upper()] for b in reversed(CONTIGS["chr1"]))  # chr1 seen from its other end


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Genome:
    folder = tmp_path_factory.mktemp("genome")
    (folder / "g.fa").write_text("".join(f">{name}\n{sequence}\n" for name, sequence in CONTIGS.items()))
    return Genome(register_fasta(folder / "g.fa", assembly("GRCh38"), folder / "store", simulated=True))


@pytest.fixture(scope="module")
def contigs(genome: Genome) -> dict[str, str]:
    with pyfaidx.Fasta(str(genome.record.path), indexname=str(genome.record.index), as_raw=True) as fasta:
        return {name: fasta[name][:].upper() for name in CONTIGS}


# ── knocked-out genes ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def places(*genes: tuple[str, int, str, int, int]) -> pa.Table:
    """Make rows of genes: contig, 0-based TSS, strand, 0-based half-open body."""
    chrom, tss, strand, start, end = zip(*genes, strict=True)
    return pa.table({"chrom": chrom, "pos": [t + 1 for t in tss], "strand": strand, "start": start, "end": end})


def sequences(kind: Kind, genome: Genome, rows: pa.Table, plan: WindowPlan, spec: WindowSpec, encoding: str) -> dict[str, Any]:
    """Cut rows that all have their windows."""
    spots = kind.spots(rows, {name: place for place, name in enumerate(genome.lengths)})
    return kind.cut(genome, spots, plan, spec, encoding, Buffers())


def knock_out(genome: Genome, genes: pa.Table, spec: WindowSpec) -> tuple[WindowPlan, list[tuple[str, str]]]:
    """Plan and cut; of the genes that have a window, both sequences."""
    lengths = np.array([len(CONTIGS[c]) for c in genes["chrom"].to_pylist()])
    plan = KNOCKOUT.plan(genes, lengths, spec)
    kept = np.flatnonzero(plan.kept)
    text = sequences(KNOCKOUT, genome, genes.take(pa.array(kept)), plan.take(kept), spec, "text")
    return plan, list(zip(text["wild_type_sequence"], text["knockout_sequence"], strict=True))


def walk(contig: str, anchor_at: int, gene: tuple[str, int, str, int, int], spec: WindowSpec) -> tuple[str, str, set[int]]:
    """Go along the gene's direction base by base; the TSS is the ``anchor_at``-th that is met. Also gives every base that was needed."""
    _, tss, strand, start, end = gene
    step = 1 if strand == "+" else -1
    met: set[int] = set()

    def base(at: int) -> str:
        met.add(at)
        letter = contig[at] if 0 <= at < len(contig) else "N"
        return letter if step == 1 else COMPLEMENT[letter]

    at = tss - step * anchor_at
    wild_type = "".join(base(at + step * i) for i in range(spec.seq_len))
    if spec.knockout == "masked":
        return wild_type, "".join("N" if start <= at + step * i < end else b for i, b in enumerate(wild_type)), met
    out = ""
    while len(out) < spec.seq_len:
        if not start <= at < end:
            out += base(at)
        at += step
    return wild_type, out, met


def expected(contig: str, gene: tuple[str, int, str, int, int], spec: WindowSpec) -> tuple[int, str, str] | None:
    """Say where the TSS stands and what the sequences are, or that there is no window: every place is tried, nothing is computed."""
    middle = spec.seq_len // 2
    if spec.edge == "pad":
        return middle, *walk(contig, middle, gene, spec)[:2]
    tried = [middle] if spec.edge == "drop" else sorted(range(spec.seq_len), key=lambda a: abs(a - middle))
    for anchor_at in tried:
        *sequences, met = walk(contig, anchor_at, gene, spec)
        if met <= set(range(len(contig))):
            return anchor_at, *sequences
    return None


#: Genes in the middle, at both ends, of one base, longer than every window; on either strand.
GENES = [
    (chrom, tss, strand, start, end)
    for chrom, n in (("chr1", 300), ("chr3", 8), ("chr9", 1))
    for start, end in ((140, 160), (0, 5), (0, 300), (295, 300), (1, 299), (150, 151), (20, 280), (0, 1), (0, 8), (2, 6), (7, 8))
    if end <= n
    for strand in "+-"
    for tss in sorted({start if strand == "+" else end - 1, (start + end) // 2})
]


@pytest.mark.parametrize("edge", ["drop", "pad", "shift"])
@pytest.mark.parametrize("knockout", ["masked", "deleted"])
@pytest.mark.parametrize("seq_len", [1, 20, 21, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 7, 64, 301))])
def test_a_knocked_out_gene_is_what_a_walk_along_it_meets(
    genome: Genome, contigs: dict[str, str], seq_len: int, knockout: str, edge: str
) -> None:
    spec = WindowSpec(seq_len, "strict", edge, knockout=knockout)
    plan, found = knock_out(genome, places(*GENES), spec)
    wanted = [expected(contigs[gene[0]], gene, spec) for gene in GENES]
    assert plan.kept.tolist() == [one is not None for one in wanted]
    kept = [one for one in wanted if one is not None]
    assert plan.anchor[plan.kept].tolist() == [anchor for anchor, _, _ in kept]
    assert found == [(wild_type, knocked_out) for _, wild_type, knocked_out in kept]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_gene_on_the_minus_strand_is_the_mirrored_gene_on_the_mirrored_genome(genome: Genome, data: st.DataObject) -> None:
    """chr2 is chr1 from its other end: what the minus strand gives on one, the plus strand gives on the other, letter by letter."""
    start = data.draw(st.integers(0, 299))
    end = data.draw(st.integers(start + 1, 300))
    tss = data.draw(st.integers(start, end - 1))
    spec = WindowSpec(
        data.draw(st.integers(1, 320)),
        "strict",
        data.draw(st.sampled_from([e for e in EDGES if e != "error"])),
        knockout=data.draw(st.sampled_from(["masked", "deleted"])),
    )
    minus, plus = ("chr1", tss, "-", start, end), ("chr2", 299 - tss, "+", 300 - end, 300 - start)
    (a, sequences), (b, mirrored) = knock_out(genome, places(minus), spec), knock_out(genome, places(plus), spec)
    assert sequences == mirrored
    assert a.anchor.tolist() == b.anchor.tolist()
    assert a.kept.tolist() == b.kept.tolist()
    assert a.start[0] == 300 - b.end[0]
    mirror = {"off_contig_start": "off_contig_end", "off_contig_end": "off_contig_start"}
    assert REASONS[a.reason[0]] == mirror.get(REASONS[b.reason[0]], REASONS[b.reason[0]])


def test_the_wild_type_is_the_window_of_a_point_task(genome: Genome) -> None:
    genes = places(*[gene for gene in GENES if gene[0] == "chr1"])
    for edge in ("drop", "pad", "shift"):
        spec = WindowSpec(21, "strict", edge)
        plan, found = knock_out(genome, genes, spec)
        point = KINDS["point"]
        other = point.plan(genes, np.full(genes.num_rows, 300), spec)
        assert (plan.kept == other.kept).all()
        assert (plan.start == other.start).all()
        kept = np.flatnonzero(other.kept)
        cut = sequences(point, genome, genes.take(pa.array(kept)), other.take(kept), spec, "text")
        assert [wild_type for wild_type, _ in found] == cut["sequence"]


def test_why_a_gene_has_no_window(genome: Genome) -> None:
    def reason(gene: tuple[str, int, str, int, int], knockout: str, edge: str = "drop", seq_len: int = 20) -> str:
        plan, _ = knock_out(genome, places(gene), WindowSpec(seq_len, "strict", edge, knockout=knockout))
        return REASONS[plan.reason[0]]

    to_the_right, to_the_left = ("chr1", 100, "+", 100, 295), ("chr1", 199, "-", 5, 200)
    assert [reason(to_the_right, k) for k in ("masked", "deleted")] == ["kept", "off_contig_end"]
    assert [reason(to_the_left, k) for k in ("masked", "deleted")] == ["kept", "off_contig_start"]
    assert reason(("chr1", 3, "+", 3, 5), "masked") == "off_contig_start"
    assert reason(("chr1", 3, "-", 0, 4), "masked") == "off_contig_start"
    assert reason(("chr1", 295, "-", 290, 296), "deleted") == "off_contig_end"
    assert reason(("chr3", 3, "+", 3, 5), "deleted", "shift") == "contig_shorter_than_window"
    lengths = np.array([CONTIG_UNKNOWN, CONTIG_NOT_IN_GENOME])
    plan = plan_knockouts([9, 9], [5, 5], [10, 10], lengths, WindowSpec(4, "strict"), minus=[True, False])
    assert [REASONS[code] for code in plan.reason] == ["contig_unknown", "contig_not_in_genome"]
    assert plan.start.tolist() == [8, 7]  # where they would have been


def test_errors_of_knockouts_say_what_is_needed(genome: Genome) -> None:
    spec = WindowSpec(20, "strict", "error", knockout="deleted")
    with pytest.raises(OutOfContig, match=r"row 0: the window needs \[90, 305\) of a contig with 300 bp"):
        knock_out(genome, places(("chr1", 100, "+", 100, 295)), spec)
    with pytest.raises(OutOfContig, match=r"row 0: the window needs \[-5, 210\) of a contig with 300 bp"):
        knock_out(genome, places(("chr1", 199, "-", 5, 200)), spec)
    with pytest.raises(ContigNotFound, match="row 0"):
        plan_knockouts([9], [5], [10], [CONTIG_UNKNOWN], spec, minus=[True])
    with pytest.raises(ContractBroken, match=r"row 1: the TSS 10 is no base of its gene \[5, 10\)"):
        plan_knockouts([9, 10], [5, 5], [10, 10], 300, spec, minus=[True, False])
    with pytest.raises(BadSpec, match="has no rule for a knocked-out gene; use window='strict'"):
        plan_knockouts([9], [5], [10], 300, WindowSpec(4, "lrb"), minus=[True])
    with pytest.raises(BadSpec, match="has no rule for a knocked-out gene"):
        check_seq_len(4, kind="knockout", policy="lrb")
    with pytest.raises(BadSpec, match=r"knockout='maskd' is not known.*'masked'"):
        WindowSpec(4, "strict", knockout="maskd")


@pytest.mark.parametrize(
    ("kind", "columns", "expected"),
    [
        ("point", {"chrom": "chr1", "pos": 9, "strand": "-"}, "example e1 (chr1:9)"),
        ("variant", {"chrom": "chr1", "pos": 9, "ref": "A", "alt": None}, "example e1 (chr1:9 A>None)"),
        ("cage", {"chrom": "chr1", "start": 0, "end": 9}, "example e1 (chr1:0-9, 0-based, half-open)"),
        ("knockout", {"chrom": "chr1", "pos": 9, "strand": "-", "start": 0, "end": 9}, "example e1 (chr1:9)"),
    ],
)
def test_a_place_has_a_name_in_messages(kind: str, columns: dict[str, object], expected: str) -> None:
    rows = pa.table({"example_id": ["e0", "e1"], **{name: [value, value] for name, value in columns.items()}})
    assert KINDS[kind].named(rows, 1) == expected


def test_a_member_has_a_name_in_messages() -> None:
    columns = {"chroms": ["chr1", "chr2"], "positions": [5, 7], "refs": ["A", "C"], "alts": ["G", "T"]}
    found, _ = KINDS["combination"].places(pa.table({"example_id": ["e0", "e1"], **{k: [v, v] for k, v in columns.items()}}))
    assert KINDS["combination"].named(found, 3) == "example e1 (member 2, chr2:7 C>T)"


def test_no_genes_and_every_encoding(genome: Genome) -> None:
    spec = WindowSpec(20, "strict", knockout="deleted")
    empty = places(("chr1", 100, "+", 100, 105)).slice(0, 0)
    plan = KNOCKOUT.plan(empty, np.zeros(0, np.int64), spec)
    assert sequences(KNOCKOUT, genome, empty, plan, spec, "bytes")["knockout_sequence"].shape == (0, 20)
    genes = places(("chr1", 100, "+", 100, 105), ("chr1", 100, "-", 90, 101))
    plan = KNOCKOUT.plan(genes, np.array([300, 300]), spec)
    cut = {encoding: sequences(KNOCKOUT, genome, genes, plan, spec, encoding)["knockout_sequence"] for encoding in ENCODINGS}
    assert [row.tobytes().decode() for row in cut["bytes"]] == cut["text"]
    assert [["ACGTN"[c] for c in row] for row in cut["codes"]] == [list(one) for one in cut["text"]]
    assert cut["one_hot"].sum() == sum(len(one) - one.count("N") for one in cut["text"])
    assert (cut["one_hot_float32"] == cut["one_hot"]).all()


# ── windows of rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _windows(kept: list[list[bool]]) -> Windows:
    flat = np.array([one for row in kept for one in row], bool)
    n = len(flat)
    plan = WindowPlan(
        np.arange(n),
        np.ones(n, np.int64),
        np.ones(n, np.int64),
        np.zeros(n, bool),
        np.zeros(n, np.int64),
        np.where(flat, 0, 4).astype(np.int8),
    )
    return Windows(plan, np.cumsum([0, *map(len, kept)]))


@settings(max_examples=200, deadline=None)
@given(kept=st.lists(st.lists(st.booleans(), min_size=1, max_size=5), max_size=8), data=st.data())
def test_rows_are_taken_with_all_their_windows(kept: list[list[bool]], data: st.DataObject) -> None:
    windows = _windows(kept)
    numbered, at = [], 0
    for row in kept:
        numbered.append(list(range(at, at + len(row))))
        at += len(row)
    assert windows.kept.tolist() == [all(row) for row in kept]
    rows = data.draw(st.lists(st.integers(0, len(kept) - 1))) if kept else []
    taken = windows.take(np.array(rows, np.int64))
    assert taken.plan.start.tolist() == [i for row in rows for i in numbered[row]]
    assert taken.kept.tolist() == [all(kept[row]) for row in rows]
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(kept)), st.integers(0, len(kept)))))
    sliced = windows.take(slice(first, last))
    assert sliced.plan.start.tolist() == [i for row in numbered[first:last] for i in row]
    joined = Windows.join([sliced, taken])
    assert joined.offsets is not None
    assert np.diff(joined.offsets).tolist() == [len(kept[row]) for row in [*range(first, last), *rows]]
    dropped = np.array([i for i, row in enumerate(kept) if not all(row)], np.int64)
    assert windows.first_dropped(dropped).tolist() == [numbered[i][kept[i].index(False)] for i in dropped]


def test_every_kind_is_one_that_a_task_may_have() -> None:
    assert set(KINDS) == set(get_args(TaskSpec.model_fields["kind"].annotation))
    for kind in KINDS.values():
        assert kind.sequences
        assert kind.input


# ── combinations ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _alone(store: lrbstore.Store, rows: list[dict[str, Any]], spec: WindowSpec) -> list[list[tuple[str, str] | None]]:
    """Give each member's sequences as those of a single variant, or None where it has no window."""
    kind, genome, lengths = KINDS["variant"], store.genome("GRCh38"), store.contig_lengths("GRCh38")
    out = []
    for row in rows:
        pairs: list[tuple[str, str] | None] = []
        for chrom, pos, ref, alt in zip(row["chroms"], row["positions"], row["refs"], row["alts"], strict=True):
            one = pa.table({"chrom": [chrom], "pos": [pos], "ref": [ref], "alt": [alt]})
            plan = kind.plan(one, np.array([lengths[chrom]]), spec)
            if plan.kept.all():
                text = sequences(kind, genome, one, plan, spec, "text")
                pairs.append((text["ref_forward_sequence"][0], text["alt_forward_sequence"][0]))
            else:
                pairs.append(None)
        out.append(pairs)
    return out


@pytest.mark.parametrize(
    ("length", "how"),
    [
        pytest.param(64, {}, marks=pytest.mark.slow),
        pytest.param(255, {"edge": "pad"}, marks=pytest.mark.slow),
        (60_000, {}),
        (60_000, {"edge": "shift"}),
        pytest.param(63, {"window": "lrb"}, marks=pytest.mark.slow),
        (60_000, {"window": "lrb"}),
        (64, {"on_ref_mismatch": "drop"}),
    ],
)
def test_a_combinations_windows_are_its_members(store: lrbstore.Store, length: int, how: dict[str, str]) -> None:
    opened = lrbstore.task(OLIGO, length, store=store, **how)
    for split in opened.splits:
        ds = opened[split]
        columns = "example_id, chroms, positions, refs, alts, zygosities, n_members"
        view = opened.spec.view(opened.split_scheme, split)
        rows = pl.DataFrame(store.sql(f"select {columns} from {view}").to_arrow_table()).to_dicts()
        members = _alone(store, rows, opened.window)
        keep = [i for i, pairs in enumerate(members) if None not in pairs]
        if length > 1_000 and opened.window.edge == "drop":
            assert 0 < len(keep) < len(rows)
        assert [example["example_id"] for example in ds] == [rows[i]["example_id"] for i in keep]
        for i, example in zip(keep, ds, strict=True):
            assert list(zip(example["ref_sequences"], example["alt_sequences"], strict=True)) == members[i]
            assert example["positions"].tolist() == rows[i]["positions"]
            assert example["zygosities"] == rows[i]["zygosities"]
            assert len(example["ref_sequences"]) == rows[i]["n_members"] >= 2
        lost = [i for i in range(len(rows)) if i not in set(keep)]
        ledger = ds.dropped().to_pylist()
        assert [row["example_id"] for row in ledger] == [rows[i]["example_id"] for i in lost]
        for row, i in zip(ledger, lost, strict=True):
            member = members[i].index(None)
            assert (row["member"], row["chrom"], row["pos"]) == (member + 1, rows[i]["chroms"][member], rows[i]["positions"][member])
            assert row["reason"] in {"off_contig_start", "off_contig_end", "touches_contig_end"}


@pytest.mark.parametrize("encoding", ["bytes", "codes", "one_hot", "text"])
def test_batches_stack_members_and_say_whose_they_are(store: lrbstore.Store, encoding: str) -> None:
    ds = lrbstore.task(OLIGO, 32, store=store, edge="shift").train
    for shuffle in (False, True):
        met = []
        for batch in ds.batches(7, encoding=encoding, shuffle=shuffle, seed=3):
            offsets = batch["member_offsets"]
            assert offsets.dtype == np.int64
            assert offsets.shape == (len(batch["example_id"]) + 1,)
            for key in ds.member_keys:
                assert len(batch[key]) == offsets[-1]
            if encoding != "text":
                assert batch["alt_sequences"].shape == ((offsets[-1], 4, 32) if encoding == "one_hot" else (offsets[-1], 32))
            met += list(ds.unbatch(batch))
        assert len(met) == len(ds)
        at = {row: i for i, row in enumerate(ds.rows("example_id")["example_id"].to_pylist())}
        for one in met:
            other = ds.example(at[one["example_id"]], encoding=encoding)
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[key], other[key]) for key in one)


def test_a_combination_is_scored_exported_and_has_a_baseline(store: lrbstore.Store, tmp_path: Path) -> None:
    task = lrbstore.task(OLIGO, 64, store=store, split_scheme="random")
    ids, values = kmer_ridge(task, k=3)
    frame = task.score({"example_id": ids, "prediction": values}, by="n_members")
    assert frame.filter(pl.col("stratifier") == "n_members")["stratum"].to_list()[0] == "2"
    examples = list(task.test)
    labels, by_id = [one["label"] for one in examples], dict(zip(ids, np.asarray(values).tolist(), strict=True))
    auroc = frame.filter(pl.col("metric") == "auroc")["value"][0]  # overall comes first
    assert auroc == pytest.approx(roc_auc_score(labels, [by_id[one["example_id"]] for one in examples]))
    parquet, sidecar = export(task, tmp_path, split="test", batch_size=5)
    table = pq.read_table(parquet)
    assert table["alt_sequences"].to_pylist() == [one["alt_sequences"] for one in examples]
    assert table["positions"].to_pylist() == [one["positions"].tolist() for one in examples]
    assert "member_offsets" not in table.column_names
    assert json.loads(sidecar.read_text())["examples"] == len(examples)
    jsonl, _ = export(task, tmp_path, split="test", form="jsonl", batch_size=5)
    assert [json.loads(line)["ref_sequences"] for line in jsonl.read_text().splitlines()] == [one["ref_sequences"] for one in examples]
    fasta, _ = export(task, tmp_path, split="test", form="fasta", batch_size=5)
    lines = fasta.read_text().splitlines()
    first = examples[0]
    assert lines[:3] == [f">{first['example_id']}|ref|1", first["ref_sequences"][0], f">{first['example_id']}|ref|2"]
    assert len(lines) == 4 * sum(len(one["ref_sequences"]) for one in examples)


def test_overlap_counts_the_windows_of_members(store: lrbstore.Store) -> None:
    task = lrbstore.task(OLIGO, 1_024, store=store)
    windows = task.test.window_table()
    assert windows.num_rows == sum(len(one["positions"]) for one in task.test)
    overlap = task.overlap(1_024).to_dicts()
    assert {(row["n_windows"], row["n_overlapping"]) for row in overlap} == {(windows.num_rows, 0)}  # no chromosome in common


def test_a_combination_survives_pickling_and_its_options_filter(store: lrbstore.Store) -> None:
    task = lrbstore.task(OLIGO, 32, store=store, is_gvrep_example=True, combination_set="olida")
    again = pickle.loads(pickle.dumps(task.train))
    assert again[0].keys() == task.train[0].keys()
    assert again.fingerprint == task.train.fingerprint
    assert {bool(one["is_gvrep_example"]) for one in task.train} == {True}
    assert {int(one["label"]) for one in task.train} == {1}
    assert "is_gvrep_example=True" in repr(task)
    assert "split_scheme='chromosome'" in repr(task)
    assert "split_scheme='chromosome'" in repr(task.train)
    spelt = lrbstore.task(OLIGO, 32, store=store, is_gvrep_example="true", combination_set="olida")
    assert spelt.train.fingerprint == task.train.fingerprint
    with pytest.raises(lrbstore.BadSpec, match="expected True or False"):
        lrbstore.task(OLIGO, 32, store=store, is_gvrep_example=1)
    other = lrbstore.task(OLIGO, 32, store=store, is_gvrep_example=False, combination_set="olida")
    assert other.train.fingerprint != task.train.fingerprint
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'olida'"):
        lrbstore.task(OLIGO, 32, store=store, combination_set="oldia")
    with pytest.raises(lrbstore.UnknownName, match="knockout"):
        lrbstore.task(OLIGO, 32, store=store, knockout="masked")


def test_what_is_in_no_split_is_counted(store: lrbstore.Store) -> None:
    from lrbstore.describe import page

    task = lrbstore.task(OLIGO, 32, store=store)
    n = store.sql(f"select count(*) from {OLIGO}.examples").fetchall()[0][0]
    inside = sum(len(task[split]) for split in task.splits)
    assert f"in no split: {task.spec.remainder['chromosome']} | {n - inside:,} |" in page(OLIGO, store)
    held = {"chr1", "chr2", "chr9", "chr10"}
    assert all(set(chroms) <= held for chroms in task.test.rows("chroms")["chroms"].to_pylist())
    assert not any(set(chroms) & held for chroms in task.train.rows("chroms")["chroms"].to_pylist())


def test_every_combination_is_an_example_or_counted_with_its_reason(store: lrbstore.Store) -> None:
    from lrbstore.layout import sql_folder

    audit = (sql_folder() / "audits" / "combinations_that_are_no_examples.sql").read_text(encoding="utf-8")
    lost = store.sql(audit).fetchall()
    n, examples = (store.sql(f"select count(*) from {t}").fetchall()[0][0] for t in ("combination", f"{OLIGO}.examples"))
    assert n == examples + sum(row[2] for row in lost)
    assert {row[1] for row in lost} >= {"not on GRCh38", "a member is a copy number variant"}
    assert "another reason" not in {row[1] for row in lost}


def test_labels_and_gvreps_choice_follow_from_the_files(store: lrbstore.Store, simulated: Path) -> None:
    with (simulated / "olida" / "Combination.tsv").open(newline="") as handle:
        next(handle)
        confidence = {row["OLIDA ID"]: int(row["FINALmeta"]) for row in csv.DictReader(handle, delimiter="\t")}
    rows = store.sql(f"select combination_id, label, is_gvrep_example, source from {OLIGO}.examples").fetchall()
    for name, label, is_gvrep, source in rows:
        assert (label, is_gvrep) == ((1, confidence[name] >= 1) if source == "olida" else (0, True))


def test_lists_of_different_lengths_are_said(store: lrbstore.Store) -> None:
    del store
    rows = pa.table({"example_id": ["a", "b"], "chroms": [["chr1"], ["chr1", "chr2"]], "positions": [[1], [2]], "refs": [["A"], ["A", "C"]],
                     "alts": [["C"], ["C", "A"]]})  # fmt: skip
    with pytest.raises(ContractBroken, match="example b has 2 chroms and 1 positions"):
        KINDS["combination"].places(rows)
    with pytest.raises(ContractBroken, match="example a has no members"):
        KINDS["combination"].places(
            pa.table({"example_id": ["a"], **{c: pa.array([[]], pa.list_(pa.string())) for c in KINDS["combination"].columns}})
        )


def test_members_are_collated_for_torch(store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyTorch: what its tensors are made of."""
    ds = lrbstore.task(OLIGO, 16, store=store).test
    merged = loaders.merge_members([ds.example(i, encoding="codes") for i in range(3)], ds.member_keys)
    batch = next(ds.batches(3, encoding="codes"))
    assert merged.keys() == batch.keys()
    for key, value in batch.items():
        assert np.array_equal(np.array(merged[key]), value), key
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(lrbstore.MissingExtra):
        ds.torch()


# ── a task of knocked-out genes ──────────────────────────────────────────────────────────────────────────────────────────────────────

GENE_ROWS = {  # symbol: contig, 0-based body, strand
    "G1": ("chr1", 100, 120, "+"), "G2": ("chr1", 60, 90, "-"), "G3": ("chr2", 200, 290, "+"), "G4": ("chr2", 30, 31, "-"),
    "G5": ("chr10", 40, 70, "+"), "G6": ("chr10", 100, 140, "-"),
}  # fmt: skip
MATRIX = "Project_score_combined_Sanger_v2_Broad_21Q2_fitness_scores_scaled_bayesian_factors_20250624.tsv"
GENE_TASK = "gvrep_gene_knockout"


def _said(symbol: str, number: int) -> str:
    return f'gene_id "ENSG0000000000{number}.1"; gene_type "protein_coding"; gene_name "{symbol}"; level 2;'


@pytest.fixture(scope="module")
def gene_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    """Six genes in three screens: two of one model, by either centre, and one more; the sixth gene shares its symbol with a pseudogene."""
    from lrbstore.ingest.genomes import add_genome
    from lrbstore.ingest.pipeline import ingest

    folder = tmp_path_factory.mktemp("genes")
    contigs = {"chr1": CONTIGS["chr1"], "chr2": CONTIGS["chr2"], "chr10": CONTIGS["chr1"][::-1]}
    (folder / "g.fa").write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    add_genome(folder / "store", "GRCh38", folder / "g.fa", simulated=True)
    genes = ["##description: evidence-based annotation of the human genome (GRCh38), version 45 (Ensembl 111)", "##format: gtf"]
    for number, (symbol, (chrom, start, end, strand)) in enumerate(GENE_ROWS.items(), 1):
        genes.append(f"{chrom}\tHAVANA\tgene\t{start + 1}\t{end}\t.\t{strand}\t.\t{_said(symbol, number)}")
    genes.append(f"chr1\tHAVANA\tgene\t5\t9\t.\t+\t.\t{_said('G6', 0).replace('protein_coding', 'processed_pseudogene')}")
    (folder / "gencode.v45.annotation.gtf").write_text("\n".join(genes) + "\n")
    ingest(folder / "store", "gencode", [folder / "gencode.v45.annotation.gtf"], simulated=True)
    lines = ["model_name\t\t\tA\tA\tB", "model_id\t\t\tSIDM99001\tSIDM99001\tSIDM99002", "source\t\t\tSanger\tBroad\tBroad"]
    lines += ["qc_pass\t\t\tTRUE\tTRUE\tTRUE", "gene_id\tsymbol\tensembl_gene_id\t\t\t"]
    for number, symbol in enumerate(reversed([*GENE_ROWS, "NONE"])):  # against the alphabet: the store's tiles are in another order
        own = "" if symbol == "G6" else f"ENSG0000000000{7 - number}"
        lines.append(f"SIDG{number}\t{symbol}\t{own}\t{number}\t{number + 0.25}\t{-number}")
    (folder / MATRIX).write_text("\n".join(lines) + "\n")
    ingest(folder / "store", "project_score", [folder / MATRIX], simulated=True)
    with lrbstore.open(folder / "store") as opened:
        yield opened


def test_a_task_of_knocked_out_genes_hands_out_every_gene_and_screen(gene_store: lrbstore.Store) -> None:
    genome = gene_store.genome("GRCh38")
    contigs = {name: genome.fetch(name, 0, n).decode() for name, n in genome.lengths.items()}
    for knockout in ("masked", "deleted"):
        task = lrbstore.task(GENE_TASK, 20, store=gene_store, knockout=knockout, edge="pad")
        rows = task.train.rows().to_pylist() + task.test.rows().to_pylist()
        order = [(row["source_line"], row["source_column"]) for row in rows]
        assert order == sorted(order[: len(task.train)]) + sorted(order[len(task.train) :])  # upstream's, within a split
        assert len(rows) == 18
        for row, one in zip(rows, [*task.train, *task.test], strict=True):
            chrom, start, end, strand = GENE_ROWS[row["gene_symbol"]]
            assert (row["chrom"], row["start"], row["end"], row["strand"]) == (chrom, start, end, strand)
            assert row["placed_by"] == ("symbol" if row["gene_symbol"] == "G6" else "gene_id")
            tss = start if strand == "+" else end - 1
            wild_type, knocked_out, _ = walk(contigs[chrom], 10, (chrom, tss, strand, start, end), task.window)
            assert (one["wild_type_sequence"], one["knockout_sequence"]) == (wild_type, knocked_out)
            assert one["score"] == one["essentiality"] == row["score"]
            assert bool(one["is_gvrep_example"]) is (row["screen_number"] == 0)
        assert set(task.test.rows("chrom")["chrom"].to_pylist()) == {"chr10"}


def test_the_choice_of_knockout_is_part_of_what_a_data_set_is(gene_store: lrbstore.Store) -> None:
    masked, deleted = (lrbstore.task(GENE_TASK, 20, store=gene_store, knockout=k, edge="shift") for k in ("masked", "deleted"))
    assert lrbstore.task(GENE_TASK, 20, store=gene_store, edge="shift").train.fingerprint == masked.train.fingerprint
    assert masked.train.fingerprint != deleted.train.fingerprint
    assert "knockout='deleted'" in repr(deleted)
    assert "knockout='deleted'" in repr(deleted.train)
    for opened in (masked, deleted):
        again, whole = pickle.loads(pickle.dumps(opened.train)), pickle.loads(pickle.dumps(opened))
        assert again.fingerprint == whole.train.fingerprint == opened.train.fingerprint
        assert again[0]["knockout_sequence"] == whole.train[0]["knockout_sequence"] == opened.train[0]["knockout_sequence"]
    with pytest.raises(BadSpec, match=r"knockout='delete' is not known.*'deleted'"):
        lrbstore.task(GENE_TASK, 20, store=gene_store, knockout="delete")
    with pytest.raises(BadSpec, match="use window='strict'"):
        lrbstore.task(GENE_TASK, 20, store=gene_store, window="lrb")
    with pytest.raises(lrbstore.UnknownName, match="knockout"):
        lrbstore.task(GENE_TASK, 20, store=gene_store, knokcout="deleted")


def test_screens_and_models_are_chosen_by_options(gene_store: lrbstore.Store) -> None:
    def screens(**options: Any) -> set[tuple[str, str, int]]:
        task = lrbstore.task(GENE_TASK, 20, store=gene_store, **options)
        rows = task.train.rows(["cell_model_id", "centre", "screen_number"]).to_pylist()
        return {(row["cell_model_id"], row["centre"], row["screen_number"]) for row in rows}

    assert screens(cell_model_id="SIDM99001") == {("SIDM99001", "Sanger", 0), ("SIDM99001", "Broad", 1)}
    assert screens(is_gvrep_example=True) == {("SIDM99001", "Sanger", 0)}
    assert len(screens(source="project_score")) == 3
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'SIDM99002'"):
        screens(cell_model_id="SIDM99003")
    with pytest.raises(lrbstore.BadSpec, match="expected True or False"):
        screens(is_gvrep_example="perhaps")


def test_a_gene_without_a_place_is_told(gene_store: lrbstore.Store) -> None:
    from lrbstore.layout import sql_folder

    audit = (sql_folder() / "audits" / "knocked_out_genes_without_a_place.sql").read_text(encoding="utf-8")
    assert gene_store.sql(audit).fetchall() == [("project_score", "20250624", 1, "NONE")]


def test_what_has_no_window_stands_in_the_ledger_with_its_gene(gene_store: lrbstore.Store) -> None:
    ds = lrbstore.task(GENE_TASK, 128, store=gene_store, knockout="deleted", is_gvrep_example=True).train
    kept = set(ds.rows("gene_symbol")["gene_symbol"].to_pylist())
    ledger = {row["start"]: row for row in ds.dropped().to_pylist()}
    assert len(kept) + len(ledger) == 4
    assert "G1" in kept
    assert ledger[200]["reason"] == "off_contig_end"  # G3: its body and 64 bases behind it go beyond 300
    assert ledger[60]["reason"] == "off_contig_start"  # G2, on the minus strand, likewise to the left
    assert set(ledger[60]) >= {"example_id", "chrom", "pos", "strand", "start", "end", "window_start", "contig_length"}


def test_knocked_out_genes_are_exported_and_scored(gene_store: lrbstore.Store, tmp_path: Path) -> None:
    task = lrbstore.task(GENE_TASK, 20, store=gene_store, knockout="deleted")
    parquet, sidecar = export(task, tmp_path, split="test")
    assert pq.read_table(parquet)["knockout_sequence"].to_pylist() == [one["knockout_sequence"] for one in task.test]
    assert json.loads(sidecar.read_text())["knockout"] == "deleted"
    fasta, _ = export(task, tmp_path, split="test", form="fasta")
    one = task.test[0]
    assert fasta.read_text().splitlines()[:4] == [
        f">{one['example_id']}|wild_type", one["wild_type_sequence"], f">{one['example_id']}|knockout", one["knockout_sequence"],
    ]  # fmt: skip
    ids, values = kmer_ridge(task, k=2)
    frame = task.score({"example_id": ids, "prediction": values}, by="chromosome")
    assert frame.filter(pl.col("stratifier") == "overall")["n"].to_list() == [6] * 3
    assert task.overlap().to_dicts()[0]["n_overlapping"] == 0


# ── variants ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _one_by_one(contig: str, pos: int, ref: str, alt: str, start: int, spec: WindowSpec) -> tuple[str, str]:
    """Write a variant's sequences letter by letter; ``start`` is where its window begins."""

    def piece(begin: int, end: int) -> str:
        return "".join(contig[at] if 0 <= at < len(contig) else "N" for at in range(begin, end))

    replaced = len(ref) if spec.policy == "strict" else 1
    after = pos - 1 + replaced
    whole = piece(start, pos - 1) + "".join(b if b in "ACGT" else "N" for b in alt.upper()) + piece(after, after + spec.seq_len)
    if spec.policy == "lrb" and len(alt) > 1:
        whole = whole[: spec.seq_len - 1 + len(alt)]
        return piece(start, start + spec.seq_len), whole
    return piece(start, start + spec.seq_len), whole[: spec.seq_len]


ALLELE = st.text("ACGTacgtN", min_size=1, max_size=3) | st.sampled_from(["A" * 70, "<DEL>", "*", "GATTACA"])


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(st.sampled_from(["chr1", "chr3"]), st.integers(-2, 303), ALLELE | st.none(), ALLELE), max_size=12),
    seq_len=st.sampled_from([1, 2, 5, 8, 33, 64]),
    how=st.sampled_from([("lrb", "drop"), ("strict", "drop"), ("strict", "pad"), ("strict", "shift")]),
    data=st.data(),
)
def test_variants_are_what_is_written_letter_by_letter(
    genome: Genome, contigs: dict[str, str], rows: list[Any], seq_len: int, how: tuple[str, str], data: st.DataObject
) -> None:
    """Half of the REFs are made the genome's own; every encoding, and REF's check with and without the windows that were cut."""
    own = [
        (chrom, pos, contigs[chrom][pos - 1 : pos - 1 + len(ref or "")] or ref if data.draw(st.booleans()) and pos > 0 else ref, alt)
        for chrom, pos, ref, alt in rows
    ]
    kind, spec, names = KINDS["variant"], WindowSpec(seq_len, *how), list(genome.lengths)
    types = {"chrom": pa.string(), "pos": pa.int64(), "ref": pa.string(), "alt": pa.string()}
    table = pa.table({name: pa.array([row[i] for row in own], type_) for i, (name, type_) in enumerate(types.items())})
    plan = kind.plan(table, np.array([len(contigs[row[0]]) for row in own], np.int64), spec)
    kept = np.flatnonzero(plan.kept)
    table, plan = table.take(pa.array(kept)), plan.take(kept)
    wanted = [
        _one_by_one(contigs[chrom], pos, ref or "", alt, start, spec)
        for (chrom, pos, ref, alt), start in zip((own[i] for i in kept), plan.start.tolist(), strict=True)
    ]
    spots = kind.spots(table, {name: place for place, name in enumerate(names)})
    expected = check_reference(genome, *(table[name].to_pylist() for name in types))
    for encoding in ENCODINGS:
        found = kind.cut(genome, spots, plan, spec, encoding, Buffers())
        for key, texts in zip(kind.sequences, zip(*wanted, strict=True) if wanted else ([], []), strict=True):
            if encoding == "text":
                assert found[key] == list(texts)
            else:
                letters = np.array([list(text[:seq_len].encode()) for text in texts], np.uint8).reshape(len(texts), seq_len)
                assert np.array_equal(found[key], encode(letters, encoding))
        if spec.policy == "strict":
            seen = None if encoding == "text" else seen_in(found[kind.sequences[0]], encoding, plan.anchor)
            assert [REF_CHECKS[code] for code in ref_checks(genome, spots, seen)] == expected
