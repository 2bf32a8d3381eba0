"""How fast batches leave a data set, beside the bare window engine: ``python tests/benchmarks/batches.py [--genome FASTA]``.

Writes a random genome (or takes a FASTA with contigs ``chr1``, ``chr2``, …) and upstream files whose rows lie all over it, ingests them,
and goes through the batches of four data sets. Beside them the bare engine cuts the windows of the same rows into buffers that it was
given: one window an example, on the example's strand, of a variant two and the changed base. All go on in one process, a stretch of
batches each in turn; what is printed are medians of the ratio, 1 being as fast as the bare engine: of batches that are streamed from the
store (``streamed``), that come from the index once it is made (``indexed``), and shuffled ones. Everything lies in a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import lrbstore
from lrbstore import encoding as enc
from lrbstore.genome import Genome
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

TISSUES = ["Whole_Blood", "Liver", "Brain_Cortex", "Adipose_Subcutaneous"]
CONTIGS = {"chr1": 150, "chr2": 100, "chr3": 50}  # megabases of the genome that is made
BULK, EQTL, CAGE = "bulk_rna_expression", "variant_effect_gene_expression", "cage_prediction"
_STRETCHES = 8  # a round
PAIRS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("point, 218 labels", BULK, {}),
    ("variant", EQTL, {}),
    ("variant, strict", EQTL, {"window": "strict"}),
    ("interval, 16 x 50 to 896 x 50 labels", CAGE, {}),
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
    labels = {f"target-train-{i}.npy": rng.poisson(1.0, (1, 896, 50)).astype(np.float32) for i in range(n_intervals)}
    np.savez(folder / "cage_prediction" / "targets_subset" / f"targets-train-0-{n_intervals - 1}.npz", **labels)


def bare(store: lrbstore.Store, ds: lrbstore.Dataset, size: int, encoding: str, *, forward: bool) -> Iterator[int]:
    """Cut the same windows with the bare engine into buffers that are used again."""
    genome, length = store.genome(ds.spec.assembly), ds.window.seq_len
    windows = ds.window_table()
    names = {name: place for place, name in enumerate(genome.lengths)}
    contig = np.array([names[name] for name in windows["chrom"].to_pylist()], np.int64)
    start = windows["window_start"].to_numpy()
    n_windows = 2 if ds.spec.kind == "variant" else 1
    minus = None if ds.spec.kind != "point" or forward else np.array(ds.rows("strand")["strand"].to_pylist()) == "-"
    shape, dtype = enc.encoded_form(encoding, size, length)
    buffers = [np.empty(shape, dtype) for _ in range(n_windows)]
    letter = enc.encode(np.frombuffer(b"G", np.uint8)[None], encoding)[0, ..., 0]
    for first in range(0, len(start) - size + 1, size):
        some = slice(first, first + size)
        for buffer in buffers:
            genome.windows(contig[some], start[some], length, encoding, buffer, None if minus is None else minus[some])
        if n_windows == 2:
            buffers[1][..., length // 2] = letter
        yield size


def laid_out(ds: lrbstore.Dataset, size: int, encoding: str, *, shuffle: bool) -> Iterator[int]:
    """Go through the batches; every batch is let go before the next is asked for, as a loop does."""
    for batch in ds.batches(size, encoding=encoding, shuffle=shuffle):
        yield len(batch["example_id"])


def rate(batches: Iterator[int], n: int) -> float | None:
    """Examples a second over the next ``n`` batches; None where there are no more."""
    began = time.perf_counter()
    done = sum(itertools.islice(batches, n))
    return done / (time.perf_counter() - began) if done else None


def ratios(store: lrbstore.Store, ds: lrbstore.Dataset, length: int, args: argparse.Namespace) -> tuple[float, list[float]]:
    """Rate of the bare engine, and the medians of the ratios to it: streamed, in order from the index, shuffled."""
    uncounted = lrbstore.Dataset(store, ds.spec, ds.scheme, ds.split, ds.window, ds.filters)  # never asked for its length: has no index
    len(ds)
    ways = [
        lambda: bare(store, ds, args.batch_size, args.encoding, forward=args.forward),
        lambda: laid_out(uncounted, args.batch_size, args.encoding, shuffle=False),
        lambda: laid_out(ds, args.batch_size, args.encoding, shuffle=False),
        lambda: laid_out(ds, args.batch_size, args.encoding, shuffle=True),
    ]
    found: list[list[float]] = []
    at_a_time = max(1, args.megabytes * 2**20 // (args.batch_size * length))
    for _ in range(args.rounds):
        running = [way() for way in ways]
        for each in running:
            rate(each, 1)
        for turn in range(_STRETCHES):  # whoever is first finds the least in the caches: each is in turn
            order = [(way + turn) % len(ways) for way in range(len(ways))]
            rates = {way: rate(running[way], at_a_time) for way in order}
            if any(r is None for r in rates.values()):
                break
            found.append([rates[way] or 0.0 for way in range(len(ways))])
    table = np.array(found)
    return statistics.median(table[:, 0]), [statistics.median(table[:, way] / table[:, 0]) for way in range(1, len(ways))]


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description="ds.batches beside the bare window engine.")
    parser.add_argument("--genome", type=Path, help="a FASTA with contigs chr1, chr2, … (default: 300 Mb made at random)")
    parser.add_argument("--variants", type=int, default=60_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--intervals", type=int, default=1_000)
    parser.add_argument("--lengths", type=int, nargs="+", default=[2_048, 16_384, 131_072])
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--encoding", default="bytes")
    parser.add_argument("--forward", action="store_true", help="let the bare engine cut the plus strand alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=64, help="bases that are cut in a stretch")
    parser.add_argument("--store", type=Path, help="keep the store here, or use the one that is there")
    parser.add_argument("--only", default="", help="part of a data set's name")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = args.store or Path(folder) / "store"
        if not home.exists():
            fasta = args.genome or Path(folder) / "genome.fa"
            if args.genome is None:
                write_genome(fasta)
            for assembly in ("GRCh37", "GRCh38"):
                add_genome(home, assembly, fasta, simulated=True, copy=args.store is not None and args.genome is None)
            with lrbstore.open(home) as store:
                write_files(Path(folder) / "lrb", store.genome("GRCh38"), args.variants, args.genes, args.intervals)
            ingest(home, "lrb", [Path(folder) / "lrb"], simulated=True)
        print(f"{args.encoding}, batches of {args.batch_size}; examples/s of the bare engine, and the ratios to it")
        print(f"{'':38}{'length':>8}{'bare':>12}{'streamed':>10}{'indexed':>10}{'shuffled':>10}")
        with lrbstore.open(home) as store:
            for name, task, options in PAIRS:
                for length in args.lengths if args.only in name else []:
                    ds = lrbstore.task(task, seq_len=length, store=store, **options).train
                    rate_of_bare, found = ratios(store, ds, length, args)
                    print(f"{name:38}{length:8,}{rate_of_bare:12,.0f}" + "".join(f"{ratio:10.2f}" for ratio in found), flush=True)
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
