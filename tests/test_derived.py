"""Derived columns against what the sequences that are handed out, the labels and the FASTA say, one example after the other."""

from __future__ import annotations

import csv
import gzip
import multiprocessing
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyfaidx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lrbstore
from lrbstore import bases, derived
from lrbstore.assembly import assembly
from lrbstore.bases import is_at, is_gc
from lrbstore.catalogue import task_specs
from lrbstore.dataset import Dataset
from lrbstore.derived import DERIVED
from lrbstore.describe import page
from lrbstore.genome import Genome, register_fasta, write_cache
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.kinds import KINDS
from lrbstore.scoring import clusters_of, cut_into_strata
from lrbstore.strata import file_names, stratifier, stratifiers

EQTL, BULK, CAGE, GWAS, OLIGO, CONSTRUCT = (
    "variant_effect_gene_expression",
    "bulk_rna_expression",
    "cage_prediction",
    "gvrep_gwas",
    "gvrep_oligogenic",
    "gvrep_mave_construct",
)


def cut(dataset: Dataset, by: str) -> list[str | None]:
    """Name each example's stratum."""
    (found,) = cut_into_strata(dataset, stratifiers(by, dataset.columns))
    return [found.strata[code] for code in found.groups.codes.tolist()]


# ── letters that are counted where they lie ──────────────────────────────────────────────────────────────────────────────────────────

_CONTIGS = st.dictionaries(
    st.sampled_from(["chr1", "chr2", "chr9", "chrX"]), st.text("ACGTacgtNnRy", min_size=1, max_size=90), min_size=1, max_size=4
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_counts_are_those_of_the_fasta_letter_by_letter(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    contigs, folder = data.draw(_CONTIGS), tmp_path_factory.mktemp("counted")
    width, eol = data.draw(st.integers(1, 70)), data.draw(st.sampled_from(["\n", "\r\n"]))
    lines = ((f">{name}", *(text[i : i + width] for i in range(0, len(text), width))) for name, text in contigs.items())
    text = "".join(f"{line}{eol}" for contig in lines for line in contig).encode()
    path = folder / ("g.fa.gz" if (is_packed := data.draw(st.booleans())) else "g.fa")
    path.write_bytes(gzip.compress(text) if is_packed else text)
    genome = Genome(register_fasta(path, assembly("GRCh38"), folder / "store", simulated=True))
    if data.draw(st.booleans()):
        write_cache(genome.record)
    names = list(genome.lengths)
    windows = data.draw(st.lists(st.tuples(st.integers(0, len(names) - 1), st.integers(-20, 110), st.integers(0, 60)), max_size=30))
    contig, start, length = np.array(windows, np.int64).reshape(-1, 3).T
    monkeypatch.setattr(bases, "_COUNTED_AT_ONCE", data.draw(st.sampled_from([1, 7, 64, 1 << 18])))
    monkeypatch.setattr(bases, "_MANY_CUTS", data.draw(st.sampled_from([-1, 3, 100])))
    with pyfaidx.Fasta(str(genome.record.path), indexname=str(folder / "own.fai"), as_raw=True) as fasta:
        held = {name: fasta[genome.record.names[name]][:] for name in names}
    inside = [held[names[c]][max(s, 0) : max(s + n, 0)] for c, s, n in zip(contig, start, length, strict=True)]
    gc, at = genome.count([is_gc, is_at], contig, start, start + length)
    assert gc.tolist() == [sum(letter in "GCgc" for letter in one) for one in inside]
    assert at.tolist() == [sum(letter in "ATat" for letter in one) for one in inside]
    assert genome.count_soft_masked(contig, start, start + length).tolist() == [sum(map(str.islower, one)) for one in inside]
    assert genome.is_soft_masked() == any(letter.islower() for one in held.values() for letter in one)


def test_what_lies_between_far_windows_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGT" * 2_000 + "\n>chr2\n" + "GGCA" * 2_000 + "\n")
    genome = Genome(register_fasta(tmp_path / "g.fa", assembly("GRCh38"), tmp_path / "store", simulated=True))
    monkeypatch.setattr(bases, "_COUNTED_AT_ONCE", 100)
    read: list[int] = []

    def seen(letters: bases.Letters) -> Any:
        read.append(len(letters))
        return is_gc(letters)

    contig, start = np.array([1, 0, 0, 0]), np.array([4_000, 0, 100, 7_000])
    assert genome.count([seen], contig, start, start + 400).tolist() == [[300, 200, 200, 200]]
    assert sum(read) == 400 + 500 + 400  # windows that overlap are read once
    assert max(read) == 100


# ── columns of data sets ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def letters(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Assembly → contig → its letters as the FASTA has them."""
    found = {}
    for name in ("GRCh37", "GRCh38"):
        own = tmp_path_factory.mktemp("index") / "g.fai"
        with pyfaidx.Fasta(str(simulated / "genomes" / f"{name}.fa"), indexname=str(own), as_raw=True) as fasta:
            found[name] = {contig: fasta[contig][:] for contig in fasta.keys()}  # noqa: SIM118 - not a dict
    return found


def _windows(dataset: Dataset) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Give each example with the sequences of its windows, as the genome has them."""
    for one in dataset:
        sequences = one[KINDS[dataset.spec.kind].sequences[0]]
        yield one, sequences if isinstance(sequences, list) else [sequences]


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        (EQTL, {"seq_len": 301}),
        (EQTL, {"seq_len": 40_000, "window": "strict", "edge": "pad"}),
        (BULK, {"seq_len": 256}),
        (BULK, {"seq_len": 60_001, "window": "strict", "edge": "pad"}),
        (CAGE, {"seq_len": 256}),
        (OLIGO, {"seq_len": 64}),
        (OLIGO, {"seq_len": 50_001, "edge": "pad"}),
        ("gvrep_gene_knockout", {"seq_len": 128}),
        (CONSTRUCT, {"seq_len": 128}),
    ],
)
def test_shares_are_those_of_the_windows(
    store: lrbstore.Store, letters: dict[str, dict[str, str]], task: str, settings: dict[str, Any]
) -> None:
    dataset = lrbstore.task(task, store=store, **settings).test
    has_case = dataset.spec.sequences is None
    found = dataset.rows(["gc_share", "n_share", *(["soft_masked_share"] if has_case else [])]).to_pydict()
    table = dataset.window_table()
    places = zip(*(table[name].to_pylist() for name in ("chrom", "window_start", "window_end")), strict=True)
    for i, (_, sequences) in enumerate(_windows(dataset)):
        text = "".join(sequences)
        known = len(text) - text.count("N")
        assert found["gc_share"][i] == (pytest.approx((text.count("G") + text.count("C")) / known) if known else None)
        assert found["n_share"][i] == pytest.approx(text.count("N") / len(text))
        if has_case:
            inside = "".join(
                letters[dataset.spec.assembly][chrom][max(start, 0) : end] for chrom, start, end in (next(places) for _ in sequences)
            )
            assert found["soft_masked_share"][i] == pytest.approx(sum(map(str.islower, inside)) / len(inside))
    assert len(found["gc_share"]) == len(dataset) > 0
    if settings.get("edge") == "pad":
        assert max(found["n_share"]) > 0.1  # some windows leave their contigs


@pytest.mark.parametrize("task", [EQTL, OLIGO, CONSTRUCT])
def test_ref_check_is_what_batches_say(store: lrbstore.Store, task: str) -> None:
    dataset = lrbstore.task(task, 64, store=store, window="strict").test
    said = [
        one["ref_check"] if isinstance(one["ref_check"], str) else "/".join(c for c in derived.REF_CHECKS if c in one["ref_check"])
        for one in dataset
    ]
    fresh = lrbstore.task(task, 64, store=store, window="strict").test  # no batch has looked anything up
    assert fresh.rows("ref_check")["ref_check"].to_pylist() == said


@pytest.mark.parametrize(("task", "seq_len"), [(BULK, 128), (CAGE, 256), (CAGE, 1_024), (GWAS, 64)])
def test_the_level_is_the_mean_of_the_label(store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch, task: str, seq_len: int) -> None:
    dataset = lrbstore.task(task, seq_len, store=store).test
    labels = dataset.labels()
    expected = labels.reshape(len(labels), -1).astype(np.float64).mean(axis=1)
    largest: list[int] = []
    make = dataset._labels
    monkeypatch.setattr(dataset, "_labels", lambda values, room: (largest.append(len(values)), make(values, room))[1])
    monkeypatch.setattr(derived, "_LABELS_AT_ONCE", 3 * labels[0].nbytes)
    np.testing.assert_allclose(dataset.rows("label_level")["label_level"].to_numpy(), expected, rtol=1e-12)
    assert max(largest) == 3


def test_blocks_do_not_change_what_is_found(store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for task in (EQTL, OLIGO):
        whole, pieces = (lrbstore.task(task, 200, store=store, window="strict").test for _ in range(2))
        names = ["gc_share", "n_share", "soft_masked_share", "ref_check"]
        expected = whole.rows(names)
        with monkeypatch.context() as small:
            for name in ("_WINDOWS_AT_ONCE", "_CHECKED_AT_ONCE"):
                small.setattr(derived, name, 5)
            assert pieces.rows(names).equals(expected)


def test_columns_are_the_views_then_derived_ones(store: lrbstore.Store) -> None:
    dataset = lrbstore.task(EQTL, 128, store=store).test
    own = dataset.rows().column_names
    assert dataset.columns == [*own, "gc_share", "n_share", "soft_masked_share", "ref_check"]
    assert not set(DERIVED) & set(own)
    some = dataset.rows(["gc_share", "example_id", "ref_check", "gc_share"])
    assert some.column_names == ["gc_share", "example_id", "ref_check", "gc_share"]
    assert some["example_id"].equals(dataset.rows("example_id")["example_id"])
    for name, one in DERIVED.items():
        if name in dataset.columns:
            assert dataset.rows(name).schema.field(name).type == one.type
    assert lrbstore.task(EQTL, 128, store=store).test.rows("gc_share").equals(dataset.rows("gc_share"))


def test_a_column_is_computed_once(store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = lrbstore.task(EQTL, 128, store=store).test
    first = dataset.rows("gc_share")
    monkeypatch.setattr(derived, "_counted", lambda *_: pytest.fail("it was counted again"))
    assert dataset.rows("gc_share").equals(first)


def test_no_example_has_no_derived_column_either(store: lrbstore.Store) -> None:
    for task in (EQTL, BULK, OLIGO):
        longest = max(store.genome(task_specs()[task].assembly).lengths.values())
        dataset = lrbstore.task(task, longest, store=store, window="strict").test
        assert len(dataset) == 0
        names = [name for name in DERIVED if name in dataset.columns]
        found = dataset.rows(names)
        assert (found.num_rows, [f.type for f in found.schema]) == (0, [DERIVED[name].type for name in names])


def _in_child(dataset: Dataset, out: Any) -> None:
    out.send(dataset.rows(["gc_share", "soft_masked_share"]).to_pydict())


@pytest.mark.parametrize("how", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_they_are_the_same_in_other_processes(store: lrbstore.Store, how: str) -> None:
    dataset = lrbstore.task(EQTL, 128, store=store).test
    before = dataset.fingerprint
    here = dataset.rows(["gc_share", "soft_masked_share"]).to_pydict()
    assert dataset.fingerprint == before
    again = pickle.loads(pickle.dumps(dataset))
    assert not again._derived
    assert again.fingerprint == before
    context = multiprocessing.get_context(how)
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_in_child, args=(dataset, sender))
    child.start()
    assert receiver.poll(60)
    assert receiver.recv() == here
    child.join(30)
    assert child.exitcode == 0


# ── what is lacking, and why ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("task", "column", "stratum", "said"),
    [
        (EQTL, "label_level", "label_level", r"labels of variant_effect_gene_expression are classes \(.*\), which have no level"),
        (BULK, "ref_check", "ref_check", "examples of bulk_rna_expression have no REF"),
        (
            CONSTRUCT,
            "soft_masked_share",
            "repeat",
            "are cut from table mave_target, and soft-masking is told by the letter case of a FASTA",
        ),
    ],
)
def test_a_task_that_cannot_have_a_column_says_why(store: lrbstore.Store, task: str, column: str, stratum: str, said: str) -> None:
    dataset = lrbstore.task(task, 64, store=store).test
    assert column not in dataset.columns
    with pytest.raises(lrbstore.BadSpec, match=f"the column {column} cannot be derived: .*{said}"):
        dataset.rows(column)
    for by in (stratum, f"{column} || 'x'", f"{stratum} & chromosome"):
        with pytest.raises(lrbstore.BadSpec, match=rf"needs the column {column}, which the examples of {task} do not have; .*{said}"):
            cut(dataset, by)
    with pytest.raises(lrbstore.BadSpec, match=said):
        clusters_of(dataset, column)


def test_a_name_that_is_no_column_is_offered_near_ones(store: lrbstore.Store) -> None:
    dataset = lrbstore.task(EQTL, 64, store=store).test
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'gc_share'"):
        dataset.rows("gc_shares")


def _small_store(folder: Path, sequence: str) -> Path:
    """Make a store of one contig and an eQTL at each tenth base."""
    path = folder / "variant_effect_causal_eqtl" / "All_Tissues.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("CHROM", "POS", "REF", "ALT", "label", "tissue", "distance_to_nearest_TSS", "split"))
        for i in range(5, len(sequence), 10):
            ref = sequence[i - 1].upper()
            writer.writerow(("chr9", i, ref if ref in "ACGT" else "A", "T" if ref == "A" else "A", i % 2, "Liver", i, "test"))
    (folder / "g.fa").write_text(f">chr9\n{sequence}\n")
    add_genome(folder / "store", "GRCh38", folder / "g.fa", simulated=True)
    ingest(folder / "store", "lrb", [path], simulated=True)
    return folder / "store"


def test_a_fasta_in_one_case_has_no_soft_masking(tmp_path: Path) -> None:
    path = _small_store(tmp_path, "ACGGTTNNNNNNNNNNNNNNACGGTACCAAGGCCTTACGATTACAGGT")
    with lrbstore.open(path) as opened:
        dataset = lrbstore.task(EQTL, 4, store=opened, window="strict").test
        for ask in (lambda: dataset.rows("soft_masked_share"), lambda: cut(dataset, "repeat")):
            with pytest.raises(
                lrbstore.BadSpec, match="has no lower-case letter: register a soft-masked one with `lrbstore genome add GRCh38"
            ):
                ask()
        # Nothing but N has no share of GC.
        shares = dataset.rows(["gc_share", "n_share"]).to_pydict()
        assert (None in shares["gc_share"], 1.0 in shares["n_share"]) == (True, True)
        assert cut(dataset, "gc")[shares["gc_share"].index(None)] is None


def test_a_window_without_lower_case_letters_has_a_share_of_none(tmp_path: Path) -> None:
    path = _small_store(tmp_path, "ACGGTTACCAAGGTTACGTAacgttgca")
    with lrbstore.open(path) as opened:
        dataset = lrbstore.task(EQTL, 4, store=opened, window="strict").test
        assert dataset.rows("soft_masked_share")["soft_masked_share"].to_pylist() == [0, 0, 1]
        early = Dataset(opened, dataset.spec, dataset.scheme, "test", dataset.window, {"tissue": "Liver"})
        assert early.rows("soft_masked_share").num_rows == 3


def test_a_fasta_that_changed_is_not_read(tmp_path: Path) -> None:
    path = _small_store(tmp_path, "ACGGTTacca" * 4)
    with lrbstore.open(path) as opened:
        write_cache(opened.genome("GRCh38").record)
        dataset = lrbstore.task(EQTL, 4, store=opened, window="strict").test
        (tmp_path / "g.fa").write_text(">chr9\n" + "ACGGTTAcca" * 4 + "\n\n")
        assert dataset.rows("gc_share").num_rows == 4  # of the cache
        with pytest.raises(lrbstore.HashMismatch, match="is not the file that was registered"):
            dataset.rows("soft_masked_share")


def test_without_a_genome_the_command_is_said(simulated: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "store", "lrb", [simulated / "lrb" / BULK], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        dataset = lrbstore.task(BULK, 128, store=opened).test
        assert [name for name in DERIVED if name in dataset.columns] == ["label_level"]
        assert dataset.rows("label_level").num_rows == len(dataset)
        with pytest.raises(lrbstore.MissingData, match="lrbstore genome add GRCh37 "):
            dataset.rows("gc_share")
        with pytest.raises(lrbstore.BadSpec, match=r"stratum 'gc:isochores' needs the column gc_share.*lrbstore genome add GRCh37 "):
            cut(dataset, "gc")


# ── strata of them ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bin(value: float, edges: list[float]) -> str:
    place = max(i for i, edge in enumerate(edges) if edge <= value)
    low, high = (str(edges[i]).removesuffix(".0") if i < len(edges) else None for i in (place, place + 1))
    return f"{low}-{high}" if high else f"{low}+"


def test_strata_of_derived_columns_cut_as_their_edges_say(store: lrbstore.Store) -> None:
    dataset = lrbstore.task(EQTL, 300, store=store).test
    rows = dataset.rows(["gc_share", "n_share", "soft_masked_share", "ref_check", "chromosome"]).to_pydict()
    assert cut(dataset, "gc") == [_bin(x, [0, 0.37, 0.41, 0.46, 0.53]) for x in rows["gc_share"]]
    assert cut(dataset, "gc:0,0.4") == [_bin(x, [0, 0.4]) for x in rows["gc_share"]]
    assert cut(dataset, "n_share") == [_bin(x, [0, 0.001, 0.01, 0.1]) for x in rows["n_share"]]
    assert cut(dataset, "repeat") == [_bin(x, [0, 0.25, 0.5, 0.75]) for x in rows["soft_masked_share"]]
    assert cut(dataset, "ref_check") == rows["ref_check"]
    assert cut(dataset, "gc_share * 10") == [str(int(x * 10)) for x in rows["gc_share"]]
    crossed = zip(rows["chromosome"], cut(dataset, "repeat"), strict=True)
    assert cut(dataset, "chromosome & repeat") == [f"chr{chrom} & {stratum}" for chrom, stratum in crossed]
    clusters = clusters_of(dataset, "gc_share")
    assert clusters is not None
    assert len({*zip(clusters.tolist(), rows["gc_share"], strict=True)}) == len(set(rows["gc_share"])) == clusters.max() + 1


def test_quarters_by_level_have_ties_together_and_leave_nulls(store: lrbstore.Store) -> None:
    dataset = lrbstore.task(BULK, 64, store=store).test
    level = [None if i % 7 == 0 else float(x) for i, x in enumerate(np.random.default_rng(0).integers(0, 9, len(dataset)))]
    dataset._derived["label_level"] = pa.array(level)
    there = [x for x in level if x is not None]
    expected = [None if x is None else _bin(sum(y < x for y in there) / (len(there) - 1), [0, 0.25, 0.5, 0.75]) for x in level]
    assert cut(dataset, "label_level") == expected
    assert len(set(expected)) == 5
    places = zip(dataset.rows("chrom")["chrom"].to_pylist(), expected, strict=True)
    assert cut(dataset, "chromosome & label_level") == [None if quarter is None else f"{chrom} & {quarter}" for chrom, quarter in places]
    assert cut(dataset, "label_level:0,0.5") == [
        None if x is None else "0-0.5" if x in {"0-0.25", "0.25-0.5"} else "0.5+" for x in expected
    ]


def test_scores_by_derived_strata_add_up(store: lrbstore.Store) -> None:
    task = lrbstore.task(BULK, 128, store=store)
    by = ["gc", "n_share", "repeat", "label_level", "gc & repeat", "label_level:tenths"]
    guess = np.random.default_rng(0).normal(size=task.test.labels().shape)
    frame = task.score(guess, by=by, intervals=lrbstore.Intervals("none"))
    one = frame.filter(frame["metric"] == "mean_spearman_across_tissues")
    counts = dict(one.group_by("stratifier").agg(pl.col("n").sum()).iter_rows())
    assert len(counts) == 1 + len(by)
    assert set(counts.values()) == {len(task.test)}


def test_a_folder_is_described_with_the_columns_that_its_task_can_have(store: lrbstore.Store) -> None:
    for task in (EQTL, BULK, OLIGO, CONSTRUCT):
        dataset = lrbstore.task(task, 256, store=store).test
        text = page(task, None)
        for name in DERIVED:
            derived_part = text.partition("Derived from windows")[2]
            assert (f"| `{name}` |" in derived_part) == (name in dataset.columns), (task, name)
        for name in file_names():
            assert (f"`{name}`:" in text) == set(dataset.columns).issuperset(stratifier(name).needs), (task, name)


def test_nothing_is_written_for_them(store: lrbstore.Store) -> None:
    before = {p: p.stat().st_mtime_ns for p in store.path.rglob("*")}
    dataset = lrbstore.task(BULK, 128, store=store).test
    dataset.rows([name for name in DERIVED if name in dataset.columns])
    assert {p: p.stat().st_mtime_ns for p in store.path.rglob("*")} == before
