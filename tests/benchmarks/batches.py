"""How fast batches leave a data set, beside the bare window engine: ``python tests/benchmarks/batches.py [--genome FASTA]``.

Writes a random genome (or takes a FASTA with contigs ``chr1``, ``chr2``, …) and upstream files whose rows lie all over it, ingests them,
and goes through the batches of four data sets, labels, ids and all. Beside them the bare engine cuts the windows of the same rows into
buffers that it was given: one window an example, on the example's strand, of a variant two and the changed base. All take turns in one
process, a stretch of batches each; a finding is the median of ratios, 1 being as fast as the bare engine: of batches that are streamed from
the store (``streamed``), that come from the index once it is made (``indexed``), and shuffled ones. The limit, where labels are vectors, is
the bare engine and a plain copy of as many labels in memory: at 896 x 50 they are more bytes than their windows. Label vectors are read
from the store in a first pass, which is a finding of its own. Everything lies in a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import Measure, Report, parser

import lrbstore
from lrbstore import encoding as enc
from lrbstore.genome import Genome
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

TISSUES = ["Whole_Blood", "Liver", "Brain_Cortex", "Adipose_Subcutaneous"]
CONTIGS = {"chr1": 150, "chr2": 100, "chr3": 50}  # megabases of the genome that is made
BULK, EQTL, CAGE = "bulk_rna_expression", "variant_effect_gene_expression", "cage_prediction"
AIM = 0.75  #: Of the bare engine's speed.
BESIDE = "bare window engine"
TASKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("points, 218 labels", BULK, {}),
    ("variants", EQTL, {}),
    ("variants, strict", EQTL, {"window": "strict"}),
    ("intervals, 16 to 896 x 50 labels", CAGE, {}),
)


def write_genome(path: Path) -> None:
    """Write random bases in lines of 60, half of them in lower case."""
    rng = np.random.default_rng(1)
    with path.open("wb") as handle:
        for name, megabases in CONTIGS.items():
            handle.write(f">{name}\n".encode())
            for _ in range(megabases):
                lines = np.full((1_000_000 // 50, 51), ord("\n"), np.uint8)
                lines[:, :50] = np.frombuffer(b"ACGTacgt", np.uint8)[rng.integers(0, 8, (len(lines), 50), np.int8)]
                handle.write(lines.tobytes())


def write_files(folder: Path, genome: Genome, n_variants: int, n_genes: int, n_intervals: int) -> None:
    """Write the benchmark's files, one split each, rows anywhere on the genome; one variant in ten is an insertion or deletion."""
    rng = np.random.default_rng(2)
    lengths = genome.lengths
    names = list(lengths)

    def places(n: int) -> Iterator[tuple[str, int]]:
        contigs = rng.choice(len(names), n, p=np.array(list(lengths.values())) / sum(lengths.values()))
        for contig, share in zip(contigs.tolist(), rng.random(n).tolist(), strict=True):
            yield names[contig], int(600_000 + share * (lengths[names[contig]] - 1_200_000))

    def table(*path: str) -> Any:
        file = folder.joinpath(*path)
        file.parent.mkdir(parents=True, exist_ok=True)
        return csv.writer(file.open("w", newline=""))

    rows = table("variant_effect_causal_eqtl", "All_Tissues.csv")
    rows.writerow(["CHROM", "POS", "REF", "ALT", "SNP", "label", "tissue", "distance_to_nearest_TSS", "split"])
    for i, (chrom, pos) in enumerate(places(n_variants)):
        bases = genome.fetch(chrom, pos - 1, pos + 1).decode()
        ref, alt = (bases[0], "ACGT"["TACG".find(bases[0])]) if i % 10 else ((bases, bases[0]), (bases[0], bases))[i // 10 % 2]
        rows.writerow([chrom, pos, ref, alt, f"{chrom}_{pos}_{ref}_{alt}_b38", i % 2, TISSUES[i % 4], i, "train"])

    rows = table("bulk_rna_expression", "gene_coordinates.csv")
    rows.writerow(["id", "symbol", "chrom", "strand", "TSS", "CAGE_representative_TSS", "type", "split"])
    for i, (chrom, pos) in enumerate(places(n_genes)):
        rows.writerow([f"ENSG{i:011d}", f"GENE{i}", chrom, "+-"[i % 2], pos, pos, "protein_coding", "train"])
    rows = table("bulk_rna_expression", "rna_expression_values.csv")
    rows.writerow([f"track {i}" for i in range(218)])
    for _ in range(n_genes):
        rows.writerow([f"{value:.4f}" for value in rng.normal(size=218).tolist()])

    rows = table("cage_prediction", "sequences_coordinates.csv")
    rows.writerow(["", "chrom", "start", "stop", "split", "npy_idx"])
    for i, (chrom, pos) in enumerate(places(n_intervals)):
        rows.writerow([i, chrom, pos, pos + 114_688, "train", i])
    (folder / "cage_prediction" / "targets_subset").mkdir()
    counts = rng.poisson(1.0, (64, 1, 896, 50)).astype(np.float32)
    labels = {f"target-train-{i}.npy": counts[i % len(counts)] for i in range(n_intervals)}
    np.savez(folder / "cage_prediction" / "targets_subset" / f"targets-train-0-{n_intervals - 1}.npz", **labels)


def bare(store: lrbstore.Store, ds: lrbstore.Dataset, size: int, encoding: str, labels: np.ndarray | None = None) -> Iterator[int]:
    """Cut the same windows with the bare engine into buffers that are used again; copy as many labels, if any are given."""
    genome, length = store.genome(ds.spec.assembly), ds.window.seq_len
    windows = ds.window_table()
    names = {name: place for place, name in enumerate(genome.lengths)}
    contig = np.array([names[name] for name in windows["chrom"].to_pylist()], np.int64)
    start = windows["window_start"].to_numpy()
    n_windows = 2 if ds.spec.kind == "variant" else 1
    minus = np.array(ds.rows("strand")["strand"].to_pylist()) == "-" if ds.spec.kind == "point" else None
    shape, dtype = enc.encoded_form(encoding, size, length)
    buffers = [np.empty(shape, dtype) for _ in range(n_windows)]
    letter = enc.encode(np.frombuffer(b"G", np.uint8)[None], encoding)[0, ..., 0]
    copied = None if labels is None else np.empty((size, *labels.shape[1:]), labels.dtype)
    while True:
        for first in range(0, len(start) - size + 1, size):
            some = slice(first, first + size)
            label = first % (len(labels) - size + 1) if labels is not None else 0
            for buffer in buffers:
                genome.windows(contig[some], start[some], length, encoding, buffer, reverse=None if minus is None else minus[some])
            if n_windows == 2:
                buffers[1][..., length // 2] = letter
            if labels is not None and copied is not None:
                np.copyto(copied, labels[label : label + size])
            yield size


def laid_out(ds: lrbstore.Dataset, size: int, encoding: str, *, shuffle: bool = False) -> Iterator[int]:
    """Go through the batches again and again; every batch is let go before the next is asked for, as a loop does."""
    while True:
        for batch in ds.batches(size, encoding=encoding, shuffle=shuffle):
            yield len(batch["example_id"])


def rate(batches: Iterator[int], n: int) -> float:
    """Examples a second over the next ``n`` batches."""
    began = time.perf_counter()
    return sum(itertools.islice(batches, n)) / (time.perf_counter() - began)


def fresh(ds: lrbstore.Dataset, store: lrbstore.Store) -> lrbstore.Dataset:
    """Make the same data set anew, which has read nothing and was never asked for its length."""
    return lrbstore.Dataset(store, ds.spec, ds.scheme, ds.split, ds.window, ds.filters)


def measure(store: lrbstore.Store, ds: lrbstore.Dataset, name: str, given: argparse.Namespace, report: Report) -> None:
    """Take turns, and say the medians of the ratios."""
    size, encoding, length = given.batch_size, given.encoding, ds.window.seq_len
    uncounted = fresh(ds, store)
    has_vectors = bool(ds.spec.label.vectors)
    ways: dict[str, Callable[[], Iterator[int]]] = {
        "bare": lambda: bare(store, ds, size, encoding),
        "streamed": lambda: laid_out(uncounted, size, encoding),
        "indexed": lambda: laid_out(ds, size, encoding),
        "shuffled": lambda: laid_out(ds, size, encoding, shuffle=True),
    }
    if has_vectors:
        labels = np.ones((min(len(ds), 4 * size), *ds.label_shape), np.float32)
        ways["limit"] = lambda: bare(store, ds, size, encoding, labels)
    running = {way: begin() for way, begin in ways.items()}
    began = time.perf_counter()
    first = sum(itertools.islice(running["streamed"], -(-len(ds) // size))) / (time.perf_counter() - began)
    n = max(4, given.megabytes * 2**20 // (size * length))
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(-1, given.turns):  # whoever is first finds the least in the caches: each is in turn
        for place in range(len(ways)):
            way = list(ways)[(place + turn) % len(ways)]
            found = rate(running[way], n)
            if turn >= 0:
                rates[way].append(found)

    def ratio(way: str, other: str) -> float:
        return statistics.median(mine / theirs for mine, theirs in zip(rates[way], rates[other], strict=True))

    at = f"{length:,} bp"
    for way in ("streamed", "indexed", "shuffled"):
        limit = ratio(way, "limit") if has_vectors else None
        report(Measure(f"batches of {name}, {way}", BESIDE, ratio(way, "bare"), at, aim=AIM, limit=limit))
    if has_vectors:
        report(Measure(f"batches of {name}, first pass", BESIDE, first / statistics.median(rates["bare"]), at))


def main() -> None:
    """Make a store, and take the measures."""
    arguments = parser(__doc__)
    arguments.add_argument("--genome", type=Path, help="a FASTA with contigs chr1, chr2, … (default: 300 Mb made at random)")
    arguments.add_argument("--variants", type=int, default=60_000)
    arguments.add_argument("--genes", type=int, default=20_000)
    arguments.add_argument("--intervals", type=int, default=4_096)
    arguments.add_argument("--lengths", type=int, nargs="+", default=[2_048, 16_384, 131_072])
    arguments.add_argument("--batch-size", type=int, default=256)
    arguments.add_argument("--encoding", default="bytes")
    arguments.add_argument("--turns", type=int, default=15)
    arguments.add_argument("--megabytes", type=int, default=64, help="bases that are cut in a stretch")
    arguments.add_argument("--store", type=Path, help="keep the store here, or use the one that is there")
    arguments.add_argument("--only", default="", help="part of a data set's name")
    given = arguments.parse_args()
    report = Report(given.measures)
    with tempfile.TemporaryDirectory() as folder:
        home = given.store or Path(folder) / "store"
        if not home.exists():
            fasta = given.genome or Path(folder) / "genome.fa"
            if given.genome is None:
                write_genome(fasta)
            for assembly in ("GRCh37", "GRCh38"):
                add_genome(home, assembly, fasta, simulated=True, copy=given.store is not None and given.genome is None)
            with lrbstore.open(home) as store:
                write_files(Path(folder) / "lrb", store.genome("GRCh38"), given.variants, given.genes, given.intervals)
            ingest(home, "lrb", [Path(folder) / "lrb"], simulated=True)
        with lrbstore.open(home) as store:
            for name, task, options in TASKS:
                for length in given.lengths if given.only in name else []:
                    measure(store, lrbstore.task(task, seq_len=length, store=store, **options).train, name, given, report)


if __name__ == "__main__":
    main()
