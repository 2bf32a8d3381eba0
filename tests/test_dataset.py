"""Data sets against the published loader's rules, restated here over the provider's own files, and against windows made base by base."""

from __future__ import annotations

import csv
import gc
import gzip
import hashlib
import json
import multiprocessing
import os
import pickle
import re
import shutil
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyfaidx
import pytest

import lrbstore
from lrbstore.catalogue import task_specs
from lrbstore.derived import DERIVED
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.kinds import KINDS
from lrbstore.store import Store
from lrbstore.task import Task
from lrbstore.window import WindowSpec

EQTL, BULK, CAGE, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_eqtl_pval"
EQTL_FOLDER = "variant_effect_causal_eqtl"
SEQUENCES = ("sequence", "ref_forward_sequence", "alt_forward_sequence")
COMPLEMENT = str.maketrans("ACGTacgt", "TGCAtgca")
BIN, BINS, LABEL_BP = 128, 896, 114_688
RING_EDGES = (8, 16, 32, 64, 128, 256, 448)


# ── the published loader, restated ───────────────────────────────────────────────────────────────────────────────────────────────────


def _standardise(sequence: str) -> str:
    return re.sub("[^ACGT]", "N", sequence.upper())


def _loader_window(contig: str, start: int, length: int, end: int | None = None, *, negative: bool = False) -> tuple[str, int, int] | None:
    """Extend a point or an interval to a window; None where it does not fit."""
    if end is not None:
        pad = (length - (end - start)) // 2
        first, last = start - pad, end + pad + length % 2
    else:
        first, last = start - length // 2, start + length // 2 + length % 2
    if first < 0 or last >= len(contig):
        return None
    window = contig[first:last]
    if negative:
        window = window[::-1].translate(COMPLEMENT)
    return _standardise(window), first, last


class Upstream:
    """The provider's files, read with nothing but the standard library, numpy and pyfaidx."""

    def __init__(self, files: Path, index_folder: Path) -> None:
        self.lrb = files / "lrb"
        self.contigs: dict[str, dict[str, str]] = {}
        for assembly in ("GRCh37", "GRCh38"):
            fasta = pyfaidx.Fasta(str(files / "genomes" / f"{assembly}.fa"), indexname=str(index_folder / f"{assembly}.fai"), as_raw=True)
            self.contigs[assembly] = {name: fasta[name][:] for name in fasta.keys()}  # noqa: SIM118 - not a dict
            fasta.close()
        self.targets: dict[str, np.ndarray] = {}
        for shard in sorted((self.lrb / "cage_prediction" / "targets_subset").glob("*.npz")):
            with np.load(shard) as arrays:
                self.targets.update({name: arrays[name][0] for name in arrays.files})
        with (self.lrb / "bulk_rna_expression" / "rna_expression_values.csv").open(newline="") as handle:
            lines = list(csv.reader(handle))
        self.tissues, self.expression = lines[0], np.array(lines[1:], dtype=np.float64).astype(np.float32)

    def table(self, *path: str) -> list[dict[str, str]]:
        with self.lrb.joinpath(*path).open(newline="") as handle:
            return list(csv.DictReader(handle))

    def eqtl(self, split: str, length: int, rows: list[dict[str, str]] | None = None) -> Iterator[dict[str, Any]]:
        for row in rows or self.table(EQTL_FOLDER, "All_Tissues.csv"):
            if row["split"] != split:
                continue
            contig = self.contigs["GRCh38"][row["CHROM"] if row["CHROM"].startswith("chr") else f"chr{row['CHROM']}"]
            found = _loader_window(contig, int(row["POS"]) - 1, length)
            if found is None:
                continue
            letters = list(found[0])
            letters[length // 2] = row["ALT"]
            yield {
                "ref_forward_sequence": found[0],
                "alt_forward_sequence": "".join(letters),
                "label": np.int8(row["label"]),
                "tissue": row["tissue"],
                "chromosome": row["CHROM"].removeprefix("chr"),
                "position": int(row["POS"]),
                "distance_to_nearest_tss": int(row["distance_to_nearest_TSS"]),
            }

    def bulk(self, split: str, length: int) -> Iterator[dict[str, Any]]:
        for i, row in enumerate(self.table("bulk_rna_expression", "gene_coordinates.csv")):
            if row["split"] != split:
                continue
            start = int(row["CAGE_representative_TSS"]) - 1
            found = _loader_window(self.contigs["GRCh37"][row["chrom"]], start, length, negative=row["strand"] == "-")
            if found is not None:
                yield {
                    "sequence": found[0],
                    "labels": self.expression[i],
                    "chromosome": row["chrom"].removeprefix("chr"),
                    "position": start + 1,
                }

    def cage(self, split: str, length: int) -> Iterator[dict[str, Any]]:
        for row in self.table("cage_prediction", "sequences_coordinates.csv"):
            if row["split"] != split:
                continue
            start, stop = int(row["start"]) - 1, int(row["stop"]) - 1
            found = _loader_window(self.contigs["GRCh38"][row["chrom"]], start, length, stop)
            if found is None:  # the loader fails here; lrbstore drops and counts
                continue
            labels = self.targets[f"target-{split.replace('validation', 'valid')}-{row['npy_idx']}.npy"]
            if length < LABEL_BP:
                out = (LABEL_BP - length) // 2 // BIN
                labels, (start, stop) = labels[out:-out], found[1:]
            yield {
                "sequence": found[0],
                "labels": labels,
                "chromosome": row["chrom"].removeprefix("chr"),
                "labels_start": start,
                "labels_stop": stop,
            }

    def examples(self, task: str, split: str, length: int) -> list[dict[str, Any]]:
        return list({EQTL: self.eqtl, BULK: self.bulk, CAGE: self.cage}[task](split, length))

    def rows(self, task: str, split: str) -> int:
        path = {EQTL: (EQTL_FOLDER, "All_Tissues.csv"), BULK: (BULK, "gene_coordinates.csv"), CAGE: (CAGE, "sequences_coordinates.csv")}
        return sum(row["split"] == split for row in self.table(*path[task]))


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and found.shape == expected.shape and bool((found == expected).all())
    return type(found) is type(expected) and found == expected if isinstance(expected, str | np.generic) else int(found) == expected


def _assert_equal(found: dict[str, Any], expected: dict[str, Any], where: str) -> None:
    assert set(found) - {"example_id"} == set(expected), where
    for key, value in expected.items():
        if not _same(found[key], value):
            shown = (found[key], value) if key not in SEQUENCES else (len(found[key]), len(value))
            pytest.fail(f"{where}: {key} differs: {shown}")


@pytest.fixture(scope="module")
def upstream(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    return Upstream(simulated, tmp_path_factory.mktemp("index"))


SPLITS = {EQTL: ("train", "test"), BULK: ("train", "test"), CAGE: ("train", "validation", "test")}
LENGTHS = {
    EQTL: (1, 2, 255, 256, 4_097, 131_072),
    BULK: (1, 2, 255, 256, 4_097, 131_072, 131_073),
    CAGE: (256, 2_048, 114_688, 114_689, 131_072, 131_073),
}


@pytest.mark.parametrize(("task", "length"), [(task, length) for task, lengths in LENGTHS.items() for length in lengths])
def test_every_example_is_the_published_loaders(store: lrbstore.Store, upstream: Upstream, task: str, length: int) -> None:
    opened = lrbstore.task(task, length, store=store)
    assert opened.window.policy == "lrb"
    assert opened.splits == SPLITS[task]
    for split in opened.splits:
        expected, ds = upstream.examples(task, split, length), opened[split]
        assert len(ds) == len(expected)
        assert ds.dropped().num_rows == upstream.rows(task, split) - len(expected)
        for i, example in enumerate(expected):
            _assert_equal(ds[i], example, f"{task}.{split}[{i}] at {length}")


def test_a_window_that_touches_the_contigs_end_is_dropped_as_published(store: lrbstore.Store, upstream: Upstream) -> None:
    """The length is chosen so that one row's window ends with the last base of its contig."""
    rows = [row for row in upstream.table(EQTL_FOLDER, "All_Tissues.csv") if row["split"] == "train"]
    room = [len(upstream.contigs["GRCh38"][row["CHROM"]]) - int(row["POS"]) + 1 for row in rows]
    at = min(range(len(rows)), key=room.__getitem__)
    length = 2 * room[at]
    ds = lrbstore.task(EQTL, length, store=store).train
    ledger = ds.dropped().to_pylist()
    mine = [row for row in ledger if (row["chrom"], str(row["pos"])) == (rows[at]["CHROM"], rows[at]["POS"])]
    assert {row["reason"] for row in mine} == {"touches_contig_end"}
    assert all(row["window_end"] == row["contig_length"] for row in mine)
    # An odd length has its odd base on the right: one base less moves the start only.
    shorter = lrbstore.task(EQTL, length - 1, store=store).train
    assert {row["example_id"] for row in mine} <= set(shorter.dropped()["example_id"].to_pylist())
    fits = lrbstore.task(EQTL, length - 2, store=store).train
    assert not {row["example_id"] for row in mine} & set(fits.dropped()["example_id"].to_pylist())
    strict = lrbstore.task(EQTL, length, store=store, window="strict").train
    assert not {row["example_id"] for row in mine} & set(strict.dropped()["example_id"].to_pylist())


@pytest.mark.parametrize("bins", sorted({2 * edge + step for edge in RING_EDGES for step in (-2, 0, 2) if 2 * edge + step <= BINS}))
def test_cage_labels_are_the_central_bins_of_the_arrays(store: lrbstore.Store, upstream: Upstream, bins: int) -> None:
    """At, below and above every boundary at which stored labels are cut."""
    ds = lrbstore.task(CAGE, bins * BIN, store=store).test
    rows = [row for row in upstream.table(CAGE, "sequences_coordinates.csv") if row["split"] == "test"]
    kept = set(ds.rows(["npy_idx"])["npy_idx"].to_pylist())
    arrays = [upstream.targets[f"target-test-{row['npy_idx']}.npy"] for row in rows if int(row["npy_idx"]) in kept]
    expected = np.stack([array[BINS // 2 - bins // 2 : BINS // 2 + bins // 2] for array in arrays])
    (batch,) = ds.batches(len(rows), encoding="bytes")
    assert batch["labels"].dtype == np.float32
    np.testing.assert_array_equal(batch["labels"], expected)


# ── windows made base by base ────────────────────────────────────────────────────────────────────────────────────────────────────────

ODD_COLUMNS = ("CHROM", "POS", "REF", "ALT", "SNP", "label", "tissue", "distance_to_nearest_TSS", "split")
#: A small genome: soft-masked, with an ambiguity code and an N.
ODD_GENOME = {
    "chr1": "ACGTTGCAacgtNRACGGGTTTCACACATGCATTGACCAgtacgatCGGT",
    "chr2": "TTTTACGCA",
    "chr9": "GGGATCCANTACGATTTGGCACGTAACGTGCATT",
}


def _odd_rows() -> list[dict[str, str]]:
    """Every locus of the small genome, with REF right, swapped or wrong, and ALT shorter, as long or longer."""
    rng = np.random.default_rng(7)
    rows = []
    for chrom, sequence in ODD_GENOME.items():
        for start in range(len(sequence)):
            for ref_length, alt in ((1, "G"), (1, "TTA"), (3, "A"), (2, "cc"), (1, "GATTACAGATTACA")):
                ref = sequence[start : start + ref_length]
                if len(ref) < ref_length or not set(ref.upper()) <= set("ACGTN"):
                    ref = "A" * ref_length
                kind = rng.integers(0, 6)
                if kind == 0:
                    ref, alt = alt, ref  # swapped
                elif kind == 1:
                    ref = "".join(rng.choice(list("ACGT"), ref_length))
                n = len(rows)
                rows.append(
                    {
                        "CHROM": chrom if n % 7 else chrom.removeprefix("chr"),
                        "POS": str(start + 1),
                        "REF": ref,
                        "ALT": alt,
                        "SNP": "",
                        "label": str(n % 2),
                        "tissue": "Whole_Blood" if n % 3 else "Liver",
                        "distance_to_nearest_TSS": str((-30_000, 30_000, 29_999, 100_000, -100_000, 99_999, 0, 250_000)[n % 8]),
                        "split": "test" if chrom == "chr9" else "train",
                    }
                )
    return rows


def write_eqtl(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / EQTL_FOLDER / "All_Tissues.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, ODD_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_fasta(path: Path, contigs: dict[str, str]) -> Path:
    with path.open("w") as handle:
        for name, sequence in contigs.items():
            handle.write(f">{name}\n" + "".join(f"{sequence[i : i + 60]}\n" for i in range(0, len(sequence), 60)))
    return path


@pytest.fixture(scope="module")
def odd_rows() -> list[dict[str, str]]:
    return _odd_rows()


@pytest.fixture(scope="module")
def odd_path(odd_rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    add_genome(folder / "store", "GRCh38", write_fasta(folder / "genome.fa", ODD_GENOME), simulated=True)
    ingest(folder / "store", "lrb", [write_eqtl(folder, odd_rows)], simulated=True)
    return folder / "store"


@pytest.fixture(scope="module")
def odd_store(odd_path: Path) -> Iterator[lrbstore.Store]:
    with lrbstore.open(odd_path) as opened:
        yield opened


def _canonical(chrom: str) -> str:
    return chrom if chrom.startswith("chr") else f"chr{chrom}"


@pytest.mark.parametrize("length", [1, 2, 3, 8, 13, 34, 49, 50])
def test_the_published_rules_hold_for_long_alleles_and_whole_contigs(
    odd_store: lrbstore.Store, odd_rows: list[dict[str, str]], length: int
) -> None:
    genome = Upstream.__new__(Upstream)
    genome.contigs = {"GRCh38": ODD_GENOME}
    for split in ("train", "test"):
        ds = lrbstore.task(EQTL, length, store=odd_store)[split]
        expected = list(genome.eqtl(split, length, odd_rows))
        assert len(ds) == len(expected)
        for i, example in enumerate(expected):
            found = ds[i]
            # What the loader would hand out for a lower-case ALT is its text as it stands; here it is upper case like the rest.
            example["alt_forward_sequence"] = example["alt_forward_sequence"].upper()
            example["chromosome"] = example["chromosome"].removeprefix("chr")
            _assert_equal(found, example, f"{split}[{i}] at {length}")


def _base(contig: str, at: int) -> str:
    return _standardise(contig[at]) if 0 <= at < len(contig) else "N"


def _strict_variant(row: dict[str, str], length: int, edge: str) -> tuple[str, dict[str, Any] | None]:
    """Build one strict example base by base; give its fate and the example."""
    contig, c = ODD_GENOME[_canonical(row["CHROM"])], int(row["POS"]) - 1
    ref, alt = row["REF"].upper(), row["ALT"].upper()
    if c + len(ref) > len(contig):
        return "anchor_off_contig", None

    def needed(start: int) -> int:
        """End of what the two sequences read when the window begins at ``start``."""
        after_alt = max(0, length - (c - start) - len(alt))
        return max(start + length, c + len(ref) + after_alt)

    def legal(start: int) -> bool:
        return start >= 0 and needed(start) <= len(contig)

    start, wished = c - length // 2, c - length // 2
    if edge == "shift":
        # Only windows that hold the locus; the nearest to the one that was wished for.
        candidates = [s for s in range(c - length + 1, c + 1) if legal(s)]
        if not candidates:
            return "contig_shorter_than_window", None
        start = min(candidates, key=lambda s: abs(s - wished))
    elif edge != "pad" and not legal(start):
        return "dropped", None
    anchor = c - start
    reference = [_base(contig, start + j) for j in range(length)]
    changed = [*reference[:anchor], *_standardise(alt)]
    after = c + len(ref)
    while len(changed) < length:
        changed.append(_base(contig, after))
        after += 1
    seen = contig[c : c + len(ref)].upper()
    other = contig[c : c + len(alt)].upper()
    check = "n" if "N" in _standardise(seen) else "match" if seen == ref else "swapped" if other == alt else "mismatch"
    return "kept", {
        "ref_forward_sequence": "".join(reference),
        "alt_forward_sequence": "".join(changed[:length]),
        "ref_check": check,
        "anchor_index": anchor,
        "label": np.int8(row["label"]),
        "position": c + 1,
    }


@pytest.mark.parametrize("edge", ["drop", "pad", "shift"])
@pytest.mark.parametrize("length", [1, 2, 5, 8, 9, 33, 48, 60])
def test_strict_variants_equal_brute_force(odd_store: lrbstore.Store, odd_rows: list[dict[str, str]], length: int, edge: str) -> None:
    if length > 49 and edge != "pad":
        with pytest.raises(lrbstore.BadSpec, match="longest contig"):
            lrbstore.task(EQTL, length, store=odd_store, window="strict", edge=edge)
        return
    task = lrbstore.task(EQTL, length, store=odd_store, window="strict", edge=edge)
    for split in task.splits:
        mine = [row for row in odd_rows if row["split"] == split]
        fates = [_strict_variant(row, length, edge) for row in mine]
        expected = [example for _, example in fates if example is not None]
        ds = task[split]
        assert len(ds) == len(expected)
        assert sorted(ds.dropped()["source_line"].to_pylist()) == sorted(
            odd_rows.index(row) + 2 for row, (_, example) in zip(mine, fates, strict=True) if example is None
        )
        for i, example in enumerate(expected):
            found = ds[i]
            assert len(found["ref_forward_sequence"]) == len(found["alt_forward_sequence"]) == length
            keys = [key for key in example if key != "anchor_index" or edge == "shift"]
            assert {key: found[key] for key in keys} == {key: example[key] for key in keys}, (split, i, mine[i])
            assert edge == "shift" or "anchor_index" not in found


def test_strict_says_which_rows_have_a_wrong_reference(odd_store: lrbstore.Store, odd_rows: list[dict[str, str]]) -> None:
    options: dict[str, Any] = {"store": odd_store, "window": "strict", "edge": "pad"}
    flagged = lrbstore.task(EQTL, 9, **options).train
    checks = next(flagged.batches(10_000))["ref_check"]
    assert {"match", "swapped", "mismatch", "n"} == set(checks.tolist())
    right = [i for i, check in enumerate(checks.tolist()) if check in {"match", "n"}]
    dropping = lrbstore.task(EQTL, 9, **options, on_ref_mismatch="drop").train
    assert [dropping[i]["example_id"] for i in range(len(dropping))] == [flagged[i]["example_id"] for i in right]
    reasons = dropping.dropped()["reason"].to_pylist()
    assert reasons.count("ref_mismatch") == len(flagged) - len(right)
    assert len(reasons) + len(dropping) == sum(row["split"] == "train" for row in odd_rows)
    raising = lrbstore.task(EQTL, 9, **options, on_ref_mismatch="error").train
    first = next(i for i in range(len(flagged)) if i not in set(right))
    with pytest.raises(lrbstore.ContractBroken, match=rf"{flagged[first]['example_id']}.*on_ref_mismatch='flag'"):
        len(raising)


def test_text_has_one_dtype_whether_or_not_some_is_missing(store: lrbstore.Store) -> None:
    """Of combinations, where a source names no genes; and of what every task has."""
    seen = set()
    for split in ("train", "test"):
        for batch in lrbstore.task("gvrep_oligogenic", 32, store=store)[split].batches(1):
            keys = ("example_id", "chromosomes", "gene_symbols", "zygosities", "ref_check")
            assert {key: batch[key].dtype for key in keys} == dict.fromkeys(keys, np.dtype(object))
            seen |= {type(name) for name in batch["gene_symbols"]}
    assert seen == {str, type(None)}


@pytest.mark.parametrize(
    ("name", "window", "filters", "expected"),
    [
        (EQTL, WindowSpec(4096, "lrb"), {}, "7a6887f0910103eb12db3d1bc1cc509180b8000b556f3d2751165d0ad138ac4e"),
        (
            "gvrep_gene_knockout",
            WindowSpec(512, "strict", "shift", knockout="deleted"),
            {"source": "depmap", "is_gvrep_example": True},
            "edae745ae83c99aead00bc5057e555be349c85461b9dc430092ca52ae7a73b59",
        ),
        (
            "gvrep_mave_construct",
            WindowSpec(64, "strict", "pad", "drop"),
            {"fits": True, "score_set": "urn:mavedb:1"},
            "b2f2e0249ac4dca0d178f3595c14bbd9836bc66830662866ba614b12b0a9de78",
        ),
    ],
)
def test_a_fingerprint_stays_what_it_was(name: str, window: WindowSpec, filters: dict[str, Any], expected: str) -> None:
    """Of a definition, a release and a genome that are held fast: the same settings have the same fingerprint in every version."""
    spec = task_specs()[name].model_copy()
    spec.__dict__["digest"] = "0" * 64
    fixed = SimpleNamespace(path=Path("s"), release="0001-0a1b2c3d", sequence_digest=lambda _: "f" * 64)
    ds = lrbstore.Dataset(fixed, spec, "chromosome", "train", window, filters)
    assert ds.fingerprint == expected
    settings = ds.settings
    for setting, value in {**settings, **settings.pop("filters")}.items():
        if setting != "filters":
            assert f"{setting}={value!r}" in repr(ds)
    assert set(ds.settings) == {"split_scheme", "seq_len", "window", "edge", "on_ref_mismatch", *KINDS[spec.kind].settings, "filters"}


def test_strict_edge_error_names_the_first_example_that_has_no_window(odd_store: lrbstore.Store) -> None:
    dropped = lrbstore.task(EQTL, 9, store=odd_store, window="strict", edge="drop").train.dropped().to_pylist()
    first = next(row for row in dropped if row["reason"] != "allele_not_sequence")
    named = f"example {first['example_id']} ({first['chrom']}:{first['pos']} {first['ref']}>{first['alt']}): the window needs ["
    with pytest.raises(lrbstore.OutOfContig, match="edge='drop', 'pad' or 'shift'") as caught:
        len(lrbstore.task(EQTL, 9, store=odd_store, window="strict", edge="error").train)
    assert str(caught.value).startswith(named)


@pytest.mark.parametrize("edge", ["drop", "pad", "shift"])
@pytest.mark.parametrize("length", [1, 2, 257, 20_000])
def test_strict_genes_have_their_tss_in_the_middle_on_both_strands(
    store: lrbstore.Store, upstream: Upstream, length: int, edge: str
) -> None:
    task = lrbstore.task(BULK, length, store=store, window="strict", edge=edge)
    table = upstream.table(BULK, "gene_coordinates.csv")
    n_outside = 0
    for split in task.splits:
        expected = []
        for i, row in enumerate(table):
            if row["split"] != split:
                continue
            contig, c, minus = upstream.contigs["GRCh37"][row["chrom"]], int(row["CAGE_representative_TSS"]) - 1, row["strand"] == "-"
            middle = length // 2
            # Index j of what is handed out lies j - L//2 bases downstream of the TSS.
            first = c - middle if not minus else c + middle - length + 1
            outside = first < 0 or first + length > len(contig)
            n_outside += outside
            if outside and edge == "drop":
                continue
            start = min(max(first, 0), len(contig) - length) if edge == "shift" else first
            left, right = max(0, -start), max(0, start + length - len(contig))
            window = "N" * left + _standardise(contig[max(start, 0) : start + length]) + "N" * right
            anchor = c - start
            if minus:
                window, anchor = window[::-1].translate(COMPLEMENT), length - 1 - anchor
            assert edge == "shift" or anchor == middle
            expected.append((window, anchor, i))
        ds = task[split]
        assert len(ds) == len(expected)
        for i, (window, anchor, at) in enumerate(expected):
            found = ds[i]
            assert found["sequence"] == window
            assert (found["labels"] == upstream.expression[at]).all()
            assert edge != "shift" or found["anchor_index"] == anchor
    assert n_outside > 0 or length < 20_000  # the rule was needed


@pytest.mark.parametrize("edge", ["drop", "pad", "shift"])
def test_strict_cage_labels_stay_where_they_are(store: lrbstore.Store, upstream: Upstream, edge: str) -> None:
    for length in (512, 131_072):
        task = lrbstore.task(CAGE, length, store=store, window="strict", edge=edge)
        for split in task.splits:
            expected = []
            for row in upstream.table(CAGE, "sequences_coordinates.csv"):
                if row["split"] != split:
                    continue
                contig, start = upstream.contigs["GRCh38"][row["chrom"]], int(row["start"]) - 1
                bins = min(length // BIN, BINS)
                first = start + LABEL_BP // 2 - length // 2
                labels_start = start + (BINS - bins) // 2 * BIN
                if (first < 0 or first + length > len(contig)) and edge == "drop":
                    continue
                first = min(max(first, 0), len(contig) - length) if edge == "shift" else first
                left, right = max(0, -first), max(0, first + length - len(contig))
                window = "N" * left + _standardise(contig[max(first, 0) : first + length]) + "N" * right
                target = upstream.targets[f"target-{split.replace('validation', 'valid')}-{row['npy_idx']}.npy"]
                labels = target[(BINS - bins) // 2 : (BINS + bins) // 2]
                expected.append((window, labels_start, labels_start + bins * BIN, labels))
            ds = task[split]
            assert len(ds) == len(expected)
            for i, (window, labels_start, labels_stop, labels) in enumerate(expected):
                found = ds[i]
                assert found["sequence"] == window
                assert (found["labels_start"], found["labels_stop"]) == (labels_start, labels_stop)
                assert np.array_equal(found["labels"], labels)


def test_gvrep_examples_follow_the_files_rows(store: lrbstore.Store, simulated: Path, upstream: Upstream) -> None:
    """Order, labels and fields of every lead variant, from the provider's own gzip files."""
    expected: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
    for path in sorted((simulated / "gtex_v8_eqtl").glob("*.egenes.txt.gz")):
        with gzip.open(path, "rt", newline="") as handle:
            for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
                contig, c, ref, alt = upstream.contigs["GRCh38"][row["chr"]], int(row["variant_pos"]) - 1, row["ref"], row["alt"]
                first, lost = c - 64, max(0, len(ref) - len(alt))
                if first < 0 or first + 128 + lost > len(contig):
                    continue
                expected["test" if row["chr"] in {"chr9", "chr10"} else "train"].append(
                    {
                        "ref_forward_sequence": _standardise(contig[first : first + 128]),
                        "alt_forward_sequence": _standardise(contig[first:c] + alt + contig[c + len(ref) : first + 128 + lost])[:128],
                        "label": int(float(row["pval_nominal"]) < float(row["pval_nominal_threshold"])),
                        "chromosome": row["chr"].removeprefix("chr"),
                        "position": c + 1,
                        "gene_id": row["gene_id"].split(".")[0],
                        "tss_distance_bp": int(row["tss_distance"]),
                        "ref_check": "match" if contig[c : c + len(ref)].upper() == ref else "swapped",
                    }
                )
    for split, examples in expected.items():
        ds = lrbstore.task(GVREP, 128, store=store)[split]
        found = [{key: one[key] for key in examples[0]} for one in ds]
        assert found == examples
        assert {one["label"] for one in found} == {0, 1}
        assert any(one["ref_check"] == "swapped" for one in found) or split == "test"


# ── one data set, read in every way ──────────────────────────────────────────────────────────────────────────────────────────────────


def _decoded(encoding: str, sequences: Any, length: int) -> list[str]:
    if encoding == "text":
        assert isinstance(sequences, list)
        return sequences
    n = len(sequences)
    if encoding == "bytes":
        assert (sequences.dtype, sequences.shape) == (np.uint8, (n, length))
        return [row.tobytes().decode() for row in sequences]
    if encoding == "codes":
        assert (sequences.dtype, sequences.shape) == (np.int8, (n, length))
        return ["".join("ACGTN"[code] for code in row) for row in sequences]
    assert (sequences.dtype, sequences.shape) == (np.uint8, (n, 4, length))
    assert set(np.unique(sequences.sum(axis=1))) <= {0, 1}
    return ["".join("ACGT"[column.argmax()] if column.any() else "N" for column in row.T) for row in sequences]


@pytest.mark.parametrize("encoding", ["text", "bytes", "codes", "one_hot"])
@pytest.mark.parametrize(
    ("task", "options"),
    [
        (EQTL, {}),
        (EQTL, {"window": "strict", "edge": "shift"}),
        (BULK, {}),
        (BULK, {"window": "strict", "edge": "pad"}),
        (CAGE, {}),
        (GVREP, {}),
    ],
)
def test_batches_hold_what_indexing_gives(store: lrbstore.Store, task: str, options: dict[str, Any], encoding: str) -> None:
    ds = lrbstore.task(task, 256, store=store, **options).test
    at = 0
    for batch in ds.batches(13, encoding=encoding):
        n = len(batch["example_id"])
        assert n == min(13, len(ds) - at)
        decoded = {key: _decoded(encoding, value, 256) if key in SEQUENCES else value for key, value in batch.items()}
        for i in range(n):
            one = ds[at + i]
            assert list(one) == list(batch)
            for key, value in one.items():
                assert np.array_equal(decoded[key][i], value), (at + i, key)
        at += n
    assert at == len(ds)


def test_array_encodings_cut_a_long_alt_to_the_window(odd_store: lrbstore.Store) -> None:
    ds = lrbstore.task(EQTL, 9, store=odd_store).train
    texts = [ds[i]["alt_forward_sequence"] for i in range(len(ds))]
    assert max(map(len, texts)) == 9 - 1 + len("GATTACAGATTACA")
    letters = np.concatenate([batch["alt_forward_sequence"] for batch in ds.batches(7, encoding="bytes")])
    assert [row.tobytes().decode() for row in letters] == [text[:9] for text in texts]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_streaming_order_is_index_order_for_every_batch_size(store: lrbstore.Store, size: int) -> None:
    before = lrbstore.task(EQTL, 64, store=store).train
    streamed = [name for batch in before.batches(size) for name in batch["example_id"].tolist()]
    sizes = [len(batch["example_id"]) for batch in before.batches(size)]
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert sum(sizes) == len(before)
    assert streamed == before.rows(["example_id"])["example_id"].to_pylist()
    assert len(set(streamed)) == len(streamed)


def test_shuffling_is_a_seeded_permutation(store: lrbstore.Store) -> None:
    ds = lrbstore.task(EQTL, 64, store=store).train

    def order(size: int, seed: int) -> list[str]:
        return [name for batch in ds.batches(size, shuffle=True, seed=seed) for name in batch["example_id"].tolist()]

    straight = ds.rows(["example_id"])["example_id"].to_pylist()
    assert order(10, 3) == order(10, 3) == order(17, 3) == order(10_000, 3)
    assert order(10, 3) != order(10, 4)
    assert order(10, 3) != straight
    assert sorted(order(10, 3)) == sorted(straight)
    by_id = {one["example_id"]: one for one in ds}
    for batch in ds.batches(11, encoding="text", shuffle=True, seed=5):
        for i, name in enumerate(batch["example_id"].tolist()):
            assert batch["alt_forward_sequence"][i] == by_id[name]["alt_forward_sequence"]
            assert batch["label"][i] == by_id[name]["label"]


def test_shuffled_labels_stay_with_their_examples(store: lrbstore.Store) -> None:
    for task in (BULK, CAGE):
        ds = lrbstore.task(task, 256, store=store).train
        by_id = {one["example_id"]: one["labels"] for one in ds}
        for batch in ds.batches(9, shuffle=True, seed=1):
            for name, labels in zip(batch["example_id"].tolist(), batch["labels"], strict=True):
                assert np.array_equal(labels, by_id[name])


def test_indexing_like_a_sequence(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    ds = task.test
    assert "not counted yet" in repr(ds)
    n = len(ds)
    assert f"{n:,} examples" in repr(ds)
    ids = ds.rows(["example_id"])["example_id"].to_pylist()
    assert ds[-1]["example_id"] == ds[n - 1]["example_id"] == ids[-1]
    assert ds[np.int64(2)]["example_id"] == ds[np.uint8(2)]["example_id"] == ids[2]
    assert [one["example_id"] for one in ds[1:9:3]] == ids[1:9:3]
    assert [one["example_id"] for one in ds[::-1][:3]] == ids[::-1][:3]
    assert ds[n:] == []
    for wrong in (n, -n - 1, 10**12):
        with pytest.raises(IndexError, match=f"of {n}"):
            ds[wrong]
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError):
            ds[wrong]
    assert len(list(ds)) == len(ds) == n


@pytest.mark.parametrize(("task", "options"), [(EQTL, {"window": "strict", "edge": "shift"}), (BULK, {}), (CAGE, {})])
@pytest.mark.parametrize("encoding", ["codes", "one_hot_float32"])
def test_any_places_come_as_one_batch(store: lrbstore.Store, task: str, options: dict[str, Any], encoding: str) -> None:
    ds = lrbstore.task(task, 2_048, store=store, **options).test
    rows = np.random.default_rng(0).integers(0, len(ds), 9)[::-1]  # in any order, with repeats
    for batch, wanted in ((ds.take(rows, encoding), rows.tolist()), (ds.take([], encoding), [])):
        examples = list(ds.unbatch(batch))
        assert len(examples) == len(wanted)
        for found, i in zip(examples, wanted, strict=True):
            one = ds.example(i, encoding=encoding)
            assert found.keys() == one.keys()
            for key, value in one.items():
                assert np.array_equal(found[key], value), key
                assert type(found[key]) is type(value), key
    for wrong in ([-1], [0, len(ds)]):
        with pytest.raises(IndexError, match=f"example {wrong[-1]} of {len(ds)}"):
            ds.take(wrong)
    for bad in ([0.5], [[0]], 0, ["a"]):
        with pytest.raises(lrbstore.BadSpec, match="expected one list of whole numbers"):
            ds.take(bad)


def test_an_epoch_has_an_order_of_its_own(store: lrbstore.Store) -> None:
    ds = lrbstore.task(EQTL, 64, store=store).test
    n = len(ds)
    assert ds.order().tolist() == list(range(n))
    shuffled = ds.order(shuffle=True, seed=3)
    assert shuffled.dtype == np.int64
    assert sorted(shuffled.tolist()) == list(range(n))
    assert np.array_equal(shuffled, ds.order(shuffle=True, seed=3))
    assert not np.array_equal(shuffled, ds.order(shuffle=True, seed=4))
    ids = ds.rows("example_id")["example_id"].to_numpy()
    found = np.concatenate([batch["example_id"] for batch in ds.batches(7, shuffle=True, seed=3)])
    assert found.tolist() == ids[shuffled].tolist()


def test_later_epochs_come_from_the_index(store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ds = lrbstore.task(EQTL, 64, store=store).test
    streamed = list(ds.batches(50))
    len(ds)
    monkeypatch.setattr(lrbstore.Store, "cursor", None)  # whoever asks the store now fails
    indexed = list(ds.batches(50))
    assert len(indexed) == len(streamed)
    for a, b in zip(streamed, indexed, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            assert a[key].dtype == b[key].dtype
            assert np.array_equal(a[key], b[key])


def test_settings_of_batches_are_checked_at_the_call(store: lrbstore.Store) -> None:
    ds = lrbstore.task(EQTL, 64, store=store).test
    for wrong in (0, -1, 2.5, "8", True, None):
        with pytest.raises(lrbstore.BadSpec, match="batch_size"):
            ds.batches(wrong)
    with pytest.raises(lrbstore.UnknownName, match="one_hot"):
        ds.batches(8, encoding="onehot")


def test_rows_are_the_examples_without_sequences(store: lrbstore.Store, upstream: Upstream) -> None:
    ds = lrbstore.task(EQTL, 4_096, store=store).train
    table = ds.rows()
    assert table.num_rows == len(ds)
    assert {"example_id", "chrom", "pos", "ref", "alt", "tissue", "split", "source_file", "source_line"} <= set(table.column_names)
    assert table["source_line"].to_pylist() == sorted(table["source_line"].to_pylist())
    raw = upstream.table(EQTL_FOLDER, "All_Tissues.csv")
    for row in table.to_pylist():
        line = raw[row["source_line"] - 2]
        assert (row["chrom"], row["pos"], row["alt"], row["tissue_name"]) == (line["CHROM"], int(line["POS"]), line["ALT"], line["tissue"])
    some = ds.rows(["source_line", "rs_id", "example_id"])
    assert some.column_names[0] == "source_line"
    assert some["example_id"].to_pylist() == table["example_id"].to_pylist()
    assert ds.rows("pos").column_names == ["pos"]
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'tissue'"):
        ds.rows(["tisue"])


@pytest.mark.parametrize(("task", "length"), [(EQTL, 8_192), (BULK, 40_000), (CAGE, 131_072), ("gvrep_oligogenic", 100_000)])
def test_a_ledger_of_nothing_has_its_columns_and_reads_no_rows(
    store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch, task: str, length: int
) -> None:
    opened = lrbstore.task(task, length, store=store, window="strict", edge="drop")
    some = next(ledger for split in opened.splits if (ledger := opened[split].dropped()).num_rows)
    ds = lrbstore.task(task, length, store=store, window="strict", edge="pad")[opened.splits[0]]
    assert len(ds) > 0
    monkeypatch.setattr(lrbstore.Dataset, "_read_all", lambda *_: pytest.fail("the split is read"))
    nothing = ds.dropped()
    assert nothing.num_rows == 0
    assert nothing.schema == some.schema


@pytest.mark.parametrize(("task", "length"), [(EQTL, 8_192), (BULK, 40_000), (CAGE, 131_072)])
def test_kept_and_dropped_are_all_rows(store: lrbstore.Store, upstream: Upstream, task: str, length: int) -> None:
    opened = lrbstore.task(task, length, store=store)
    n_dropped = 0
    for split in opened.splits:
        ds = opened[split]
        ledger = ds.dropped()
        assert len(ds) + ledger.num_rows == upstream.rows(task, split)
        kept = set(ds.rows(["example_id"])["example_id"].to_pylist())
        assert not kept & set(ledger["example_id"].to_pylist())
        for row in ledger.to_pylist():
            off_start, off_end = row["window_start"] < 0, row["window_end"] >= row["contig_length"]
            assert row["reason"] == (
                "off_contig_start" if off_start else "touches_contig_end" if row["window_end"] == row["contig_length"] else "off_contig_end"
            )
            assert off_start or off_end
            assert row["meaning"]
            assert row["source_line"] >= 2
        n_dropped += ledger.num_rows
    assert n_dropped > 0


# ── across processes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _digest(ds: Any) -> str:
    digest = hashlib.sha256()
    for i in range(len(ds)):
        for key, value in ds[i].items():
            digest.update(f"{key}={value.tolist() if isinstance(value, np.ndarray | np.generic) else value}\n".encode())
    return digest.hexdigest()


def test_forked_workers_read_what_the_parent_reads(demo_store: Path) -> None:
    with lrbstore.open(demo_store) as opened:
        sets = [lrbstore.task(task, 512, store=opened).test for task in (EQTL, BULK, CAGE)]
        here = [_digest(ds) for ds in sets]  # store, genome and label files are open before the fork
        with multiprocessing.get_context("fork").Pool(4) as pool:
            jobs = [pool.apply_async(_digest, (ds,)) for _ in range(4) for ds in sets]
            assert [job.get(timeout=60) for job in jobs] == here * 4


def _in_fork(work: Any) -> Any:
    """Run a function in a forked child whose objects are the parent's own, not pickled; fail rather than wait for ever."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def child() -> None:
        try:
            sender.send(work())
        except BaseException as error:  # the parent shows it
            sender.send(error)

    process = context.Process(target=child)
    process.start()
    if not receiver.poll(60):
        process.kill()
        process.join()
        pytest.fail("the forked child did not answer")
    answer = receiver.recv()
    process.join(30)
    alive = process.is_alive()
    if alive:
        process.kill()
        process.join()
    assert not alive, "the forked child did not end"
    assert process.exitcode == 0
    if isinstance(answer, BaseException):
        raise answer
    return answer


def test_a_forked_process_leaves_its_parents_garbage_alone(demo_store: Path) -> None:
    """To end a DuckDB that lives in threads of the parent would wait for them, or crash: its collector did, now and then."""
    store = lrbstore.open(demo_store)
    asked = store.sql("select count(*) from variant_record")
    asked.fetchall()
    loop: list[Any] = [asked, store]
    loop.append(loop)
    held = weakref.ref(store)
    gc.disable()
    try:
        del asked, store, loop

        def still_there() -> bool:
            gc.collect()
            return held() is not None

        assert _in_fork(still_there)
    finally:
        gc.enable()
    gc.collect()
    assert held() is None


def test_a_data_set_without_task_and_store_crosses_a_fork(demo_store: Path) -> None:
    """Nothing else holds the parent's DuckDB: letting it go in the child must not wait for threads that a fork does not copy."""
    held = [lrbstore.task(EQTL, 512, store=str(demo_store)).test]
    here = _digest(held[0])
    assert next(iter(held[0].batches(4)))["label"].shape == (4,)
    before = threading.active_count()

    def work() -> str:
        first = _digest(held[0])
        assert sum(len(b["label"]) for b in held[0].batches(16)) == len(held[0])
        held.clear()
        return first

    assert _in_fork(work) == here
    assert threading.active_count() == before
    held[0].store.close()


_SPAWNED = """
import hashlib, pickle, sys
import numpy as np
sets = pickle.load(open(sys.argv[1], "rb"))
for ds in sets:
    digest = hashlib.sha256()
    for i in range(len(ds)):
        for key, value in ds[i].items():
            digest.update(f"{key}={value.tolist() if isinstance(value, np.ndarray | np.generic) else value}\\n".encode())
    print(ds.fingerprint, digest.hexdigest())
"""


def test_a_pickled_data_set_is_the_same_in_another_process(store: lrbstore.Store, tmp_path: Path) -> None:
    sets = [
        lrbstore.task(EQTL, 512, store=store, tissue="Liver").train,
        lrbstore.task(BULK, 512, store=store, window="strict", edge="pad").test,
        lrbstore.task(CAGE, 512, store=store, split_scheme="card_v1").train,
    ]
    (tmp_path / "sets.pickle").write_bytes(pickle.dumps(sets))
    done = subprocess.run(
        [sys.executable, "-c", _SPAWNED, str(tmp_path / "sets.pickle")],
        capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONHASHSEED": "7"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [text for ds in sets for text in (ds.fingerprint, _digest(ds))]
    again = pickle.loads(pickle.dumps(sets[0]))
    assert again.fingerprint == sets[0].fingerprint
    assert again.filters == {"tissue": "Liver"}
    assert _digest(again) == _digest(sets[0])


def test_fingerprints_tell_every_setting_apart(store: lrbstore.Store, odd_store: lrbstore.Store) -> None:
    sets = [
        lrbstore.task(EQTL, 512, store=store).train,
        lrbstore.task(EQTL, 512, store=store).test,
        lrbstore.task(EQTL, 513, store=store).train,
        lrbstore.task(EQTL, 512, store=store, window="strict").train,
        lrbstore.task(EQTL, 512, store=store, window="strict", edge="pad").train,
        lrbstore.task(EQTL, 512, store=store, window="strict", edge="shift").train,
        lrbstore.task(EQTL, 512, store=store, window="strict", on_ref_mismatch="drop").train,
        lrbstore.task(EQTL, 512, store=store, window="strict", on_ref_mismatch="error").train,
        lrbstore.task(EQTL, 512, store=store, tissue="Liver").train,
        lrbstore.task(EQTL, 512, store=store, tissue="Whole Blood").train,
        lrbstore.task(CAGE, 512, store=store).train,
        lrbstore.task(CAGE, 512, store=store, split_scheme="card_v1").train,
        lrbstore.task(EQTL, 32, store=odd_store).train,  # another release and genome
        lrbstore.task(EQTL, 32, store=store).train,
    ]
    prints = [ds.fingerprint for ds in sets]
    assert len(set(prints)) == len(prints)
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in prints)
    assert lrbstore.task(EQTL, 512, store=store).train.fingerprint == prints[0]
    assert lrbstore.task(EQTL, 512, store=store, tissue="liver").train.fingerprint == prints[8]


# ── genomes that are partial or missing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_on_contigs_that_a_partial_genome_lacks_are_in_the_ledger(odd_rows: list[dict[str, str]], tmp_path: Path) -> None:
    add_genome(tmp_path / "store", "GRCh38", write_fasta(tmp_path / "part.fa", {"chr1": ODD_GENOME["chr1"]}), simulated=True)
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path, odd_rows)], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        task = lrbstore.task(EQTL, 9, store=opened)
        train = task.train.dropped().to_pylist()
        assert {row["chrom"] for row in train if row["reason"] == "contig_not_in_genome"} == {"chr2"}
        assert sum(row["reason"] == "contig_not_in_genome" for row in train) == sum(_canonical(row["CHROM"]) == "chr2" for row in odd_rows)
        assert all(row["contig_length"] is None for row in train if row["reason"] == "contig_not_in_genome")
        assert set(task.train.rows(["chrom"])["chrom"].to_pylist()) == {"chr1"}
        assert len(task.test) == 0
        assert list(task.test.batches(4)) == []
        assert task.test.rows().num_rows == 0
        assert task.test[:] == []
        assert set(task.test.dropped()["reason"].to_pylist()) == {"contig_not_in_genome"}


@pytest.fixture(scope="module")
def bare_store(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    """Labels without any genome."""
    path = tmp_path_factory.mktemp("bare") / "store"
    ingest(path, "lrb", [simulated / "lrb" / EQTL_FOLDER, simulated / "lrb" / BULK], simulated=True)
    with lrbstore.open(path) as opened:
        yield opened


def test_without_a_genome_labels_and_ledger_work_and_sequences_say_the_command(bare_store: lrbstore.Store, upstream: Upstream) -> None:
    for task, assembly, lengths in ((EQTL, "GRCh38", 248_956_422), (BULK, "GRCh37", 249_250_621)):
        opened = lrbstore.task(task, 4_096, store=bare_store)
        ds = opened.test
        assert len(ds) + ds.dropped().num_rows == upstream.rows(task, "test")
        assert ds.rows(["example_id"]).num_rows == len(ds)
        assert bare_store.contig_lengths(assembly)["chr1"] == lengths  # the assembly's own, so windows at real ends are known
        assert opened.overlap().height == 1
        for read in (lambda ds=ds: ds[0], lambda ds=ds: ds.batches(2), lambda ds=ds: next(iter(ds))):
            with pytest.raises(lrbstore.MissingData, match=f"lrbstore genome add {assembly} "):
                read()
        scored = opened.score(np.zeros((len(ds), *((218,) if task == BULK else ()))))
        assert scored["n"].to_list() == [len(ds)] * scored.height


def test_a_missing_distance_stays_missing(tmp_path: Path) -> None:
    """An empty cell is no number: it comes out as None and not as the smallest integer."""
    rows = [{**row, "distance_to_nearest_TSS": "" if i == 1 else "5"} for i, row in enumerate(_odd_rows()[40:45])]
    add_genome(tmp_path / "store", "GRCh38", write_fasta(tmp_path / "genome.fa", ODD_GENOME), simulated=True)
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path, rows)], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        ds = lrbstore.task(EQTL, 5, store=opened).train
        assert [one["distance_to_nearest_tss"] for one in ds] == [5, None, 5, 5, 5]
        assert [batch["distance_to_nearest_tss"].tolist() for batch in ds.batches(5)] == [[5, None, 5, 5, 5]]


@pytest.mark.parametrize(
    ("how", "error", "said"), [("cut", lrbstore.HashMismatch, "is damaged"), ("gone", lrbstore.MissingData, "is missing")]
)
def test_a_damaged_table_is_said_in_our_own_words(odd_path: Path, tmp_path: Path, how: str, error: type[Exception], said: str) -> None:
    shutil.copytree(odd_path, tmp_path / "store")
    with lrbstore.open(tmp_path / "store") as opened:
        (path,) = opened.data_files("lrb_eqtl")
        held = lrbstore.task(EQTL, 9, store=opened)
        if how == "cut":
            path.write_bytes(path.read_bytes()[:-500])
        else:
            path.unlink()
        with pytest.raises((lrbstore.HashMismatch, lrbstore.MissingData), match="lrbstore verify"):
            len(held.train)  # opened before the damage
    with lrbstore.open(tmp_path / "store") as opened, pytest.raises(error, match=f"{said}.*lrbstore verify"):
        lrbstore.task(EQTL, 9, store=opened)


# ── work and memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def synthetic_eqtl(files: Path, folder: Path, n: int) -> Path:
    """Write n eQTL rows on the simulated genome: many loci, two tissues, all but the last one for training."""
    contigs = {}
    for record in (files / "genomes" / "GRCh38.fa").read_text().split(">")[1:]:
        name, _, sequence = record.partition("\n")
        contigs[name.split()[0]] = sequence.replace("\n", "").upper()
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        chrom = f"chr{1 + i % 8}"
        start = int(rng.integers(70_000, len(contigs[chrom]) - 70_000))
        ref = _standardise(contigs[chrom][start])  # an ambiguity code as REF would be rejected
        cells = (start + 1, ref, "ACGT"[i % 4], "", i % 2, ("Liver", "Whole_Blood")[i % 2], i, "train" if i < n - 1 else "test")
        rows.append(dict(zip(ODD_COLUMNS, (chrom, *map(str, cells)), strict=True)))
    return write_eqtl(folder, rows)


@pytest.mark.slow
def test_opening_and_the_first_batch_do_not_grow_with_the_rows(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []
    original = lrbstore.Dataset._plan_rows

    def counting(self: lrbstore.Dataset, table: pa.Table) -> Any:
        planned.append(table.num_rows)
        return original(self, table)

    monkeypatch.setattr(lrbstore.Dataset, "_plan_rows", counting)
    work = {}
    for n in (5_000, 50_000):
        path = tmp_path / f"store{n}"
        add_genome(path, "GRCh38", simulated / "genomes" / "GRCh38.fa", simulated=True)
        ingest(path, "lrb", [synthetic_eqtl(simulated, tmp_path / str(n), n)], simulated=True)
        planned.clear()
        with lrbstore.open(path) as opened:
            ds = lrbstore.task(EQTL, 256, store=opened).train
            assert not planned  # opening reads no rows
            first = next(iter(ds.batches(64)))
            assert len(first["label"]) == 64
            work[n] = sum(planned)
            assert len(ds) == n - 1
            assert sum(planned) == work[n] + n - 1  # counting does read them all, once
            planned.clear()
            assert len(ds) == n - 1
            assert ds[n - 2]["position"] > 0
            assert not planned
            if n == 50_000:  # many pieces, carried over from one to the next
                ids = [name for batch in ds.batches(1_000, encoding="bytes") for name in batch["example_id"].tolist()]
                assert ids == ds.rows(["example_id"])["example_id"].to_pylist()
                assert ds.rows(["source_line"])["source_line"].to_pylist() == list(range(2, n + 1))
    assert work[5_000] == work[50_000] < 5_000


_MEMORY = """
import json, resource, sys
import lrbstore
with lrbstore.open(sys.argv[1]) as store:
    ds = lrbstore.task("variant_effect_gene_expression", 131_072, store=store).train
    n = bases = 0
    for batch in ds.batches(256, encoding="bytes"):
        n += len(batch["label"])
        bases += batch["ref_forward_sequence"].size + batch["alt_forward_sequence"].size
print(json.dumps({"n": n, "bases": bases, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


@pytest.mark.slow
def test_a_whole_training_split_at_131_kb_takes_little_memory_and_no_disk(simulated: Path, tmp_path: Path) -> None:
    """As many rows as published: 23 GB of sequence go by."""
    path = tmp_path / "store"
    add_genome(path, "GRCh38", simulated / "genomes" / "GRCh38.fa", simulated=True)
    ingest(path, "lrb", [synthetic_eqtl(simulated, tmp_path, 89_061)], simulated=True)
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def listing() -> list[tuple[str, int, int]]:
        return sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in path.rglob("*") if p.is_file())

    before = listing()
    environment = {
        **os.environ,
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "XDG_CACHE_HOME": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(path)], capture_output=True, text=True, cwd=scratch, env=environment, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["n"] == 89_060
    assert said["bases"] == 2 * 89_060 * 131_072
    assert said["peak_kb"] < 1_000_000
    assert listing() == before
    assert list(scratch.rglob("*")) == []


@pytest.mark.parametrize(
    "name", ["gvrep_clinvar_clnsig", "bulk_rna_expression", "variant_effect_gene_expression", "gvrep_cell_passport", "gvrep_gene_knockout"]
)
@pytest.mark.parametrize("counted", [False, True])
def test_what_is_held_is_what_the_view_says_and_is_not_asked_for_again(demo_store, monkeypatch, name, counted):
    asked = []
    with Store(demo_store) as store:
        plain, held = (Task.open(store, name, seq_len=100_000)["test"] for _ in range(2))
        columns = [c for c in plain.columns if c not in DERIVED]
        if counted:
            len(held)
        monkeypatch.setattr(held, "_relation", lambda of, ask=held._relation: asked.append(list(of)) or ask(of))
        held.hold([*columns[:3], "example_id"])
        held.hold(columns[:2])
        n = len(asked)
        assert n == 1
        own = list(dict.fromkeys([*columns[:3], "example_id"]))
        assert held.rows(own).equals(plain.rows(own))
        assert len(held) == len(plain)
        assert held.dropped().equals(plain.dropped())
        assert len(asked) <= n + 2  # the ledger alone
        n = len(asked)
        held.rows(own[::-1])
        assert len(asked) == n
        held.hold(columns)
        assert held.rows(columns).equals(plain.rows(columns))
        counts = plain.dropped().to_pydict()["reason"]
        assert held.left_out() == {reason: counts.count(reason) for reason in sorted({*counts}, key=lambda r: (-counts.count(r), r))}


@pytest.mark.parametrize("rows", [50, 10_000])
def test_columns_are_held_whichever_of_several_threads_comes_first(demo_store, monkeypatch, rows):
    monkeypatch.setattr("lrbstore.dataset._INDEX_ROWS", rows)
    name, columns = "variant_effect_gene_expression", [["example_id", "tissue"], ["chrom", "ref", "alt"], ["pos", "example_id"]]
    with Store(demo_store) as store:
        plain = Task.open(store, name, seq_len=64)["train"]
        wanted = plain.rows(sorted({c for some in columns for c in some}))
        for _ in range(5):
            held = Task.open(store, name, seq_len=64)["train"]
            failed: list[BaseException] = []

            def tried(what, *given, failed=failed):
                try:
                    what(*given)
                except BaseException as error:
                    failed.append(error)

            threads = [threading.Thread(target=tried, args=(held.hold, some)) for some in columns]
            threads.append(threading.Thread(target=tried, args=(held.__len__,)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failed
            monkeypatch.setattr(held, "_relation", None)  # nothing is read again
            assert held.rows(wanted.column_names).equals(wanted)
