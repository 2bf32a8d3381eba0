"""How much faster two workers feed PyTorch than one: ``python tests/benchmarks/torch_workers.py [FASTA]``.

Variants at 16,384 bp as codes, REF and ALT, shuffled over the whole genome: a map-style data set and batches, passes with one worker and
with two in turn, and this process alone beside them. Prints medians of examples a second, and the ratio of two workers to one; beside them
the processor's time, which tells more than the clock where other work keeps the cores busy: on two cores of its own, two workers are as
much faster than one as ``one worker's time / half of everyone's time``.

FASTA needs contigs ``chr1``, ``chr2``, ``chr3``; by default 90 Mb are made up. Everything else lies in a temporary folder.
"""

from __future__ import annotations

import csv
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import lrbstore
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

LENGTH, BATCH, EXAMPLES, ROUNDS = 16_384, 256, 16_384, 5
COLUMNS = ("CHROM", "POS", "REF", "ALT", "SNP", "label", "tissue", "distance_to_nearest_TSS", "split")


def write_fasta(path: Path) -> None:
    """Write three contigs of 30 Mb, in lines of 60."""
    rng = np.random.default_rng(1)
    with path.open("wb") as handle:
        for name in ("chr1", "chr2", "chr3"):
            lines = np.full((500_000, 61), ord("\n"), np.uint8)
            lines[:, :60] = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (500_000, 60))]
            handle.write(f">{name}\n".encode() + lines.tobytes())


def write_variants(path: Path, genome: lrbstore.Genome) -> None:
    """Write variants of the training split at random places."""
    rng = np.random.default_rng(0)
    path.parent.mkdir(parents=True)
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        for i in range(EXAMPLES):
            chrom = f"chr{1 + i % 3}"
            pos = int(rng.integers(LENGTH, genome.lengths[chrom] - LENGTH))
            ref = genome.fetch(chrom, pos - 1, pos).decode()
            writer.writerow(
                [chrom, pos, ref, {"A": "G", "C": "T", "G": "A"}.get(ref, "C"), "", i % 2, "Liver", i, "train" if i else "test"]
            )


def seconds() -> tuple[float, float]:
    """Tell the processor's time so far, of this process and of its workers that have ended."""
    own, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime, theirs.ru_utime + theirs.ru_stime


def rate(batches: Iterable[dict[str, Any]]) -> float:
    """Go through a pass: examples a second, from the arrival of the first batch on, so that starting workers does not count."""
    n, started, began = 0, 0.0, False
    for batch in batches:
        if began:
            n += len(batch["label"])
        else:
            started, began = time.perf_counter(), True
    return n / (time.perf_counter() - started)


def main(fasta: Path | None = None) -> None:
    """Print the ratios."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "store"
        if fasta is None:
            fasta = Path(folder) / "genome.fa"
            write_fasta(fasta)
        add_genome(home, "GRCh38", fasta, simulated=True)
        table = Path(folder) / "variant_effect_causal_eqtl" / "All_Tissues.csv"
        with lrbstore.open(home) as store:
            write_variants(table, store.genome("GRCh38"))
        ingest(home, "lrb", [table], simulated=True)
        with lrbstore.open(home) as store:
            ds = lrbstore.task("variant_effect_gene_expression", LENGTH, store=store).train
            wrapped, sampled = ds.torch("codes"), torch.Generator()

            def mapped(workers: int) -> Iterable[dict[str, Any]]:
                return torch.utils.data.DataLoader(  # type: ignore[no-any-return]
                    wrapped, BATCH, shuffle=True, num_workers=workers, collate_fn=wrapped.collate, generator=sampled.manual_seed(0)
                )

            ways: dict[str, Callable[[int], Iterable[dict[str, Any]]]] = {
                "batches": lambda workers: ds.torch_batches(BATCH, "codes", shuffle=True).loader(workers),
                "map-style": mapped,
            }
            print(f"torch {torch.__version__}, {len(ds):,} examples, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
            for name, way in ways.items():
                rate(way(0))  # pages are in memory, rows are planned
                found: dict[int, list[float]] = {0: [], 1: [], 2: []}
                spent: dict[int, list[list[float]]] = {0: [], 1: [], 2: []}
                for _ in range(ROUNDS):
                    for workers, rates in found.items():
                        before = seconds()
                        rates.append(rate(way(workers)))
                        spent[workers].append([b - a for a, b in zip(before, seconds(), strict=True)])
                median = {workers: statistics.median(rates) for workers, rates in found.items()}
                ratio = statistics.median(two / one for one, two in zip(found[1], found[2], strict=True))
                said = ", ".join(f"{workers} workers {median[workers]:,.0f} examples/s" for workers in found)
                print(f"torch, codes at {LENGTH:,} bp, {name}: {said}; 2 workers against 1: {ratio:.2f} x")
                (_, one), (own, two) = np.median(spent[1], 0), np.median(spent[2], 0)
                told = f"1 worker {one:.2f} s; 2 workers {two:.2f} s, and {own:.2f} s here"
                print(f"  processor's time a pass: {told}; on two free cores {one / ((two + own) / 2):.2f} x")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
