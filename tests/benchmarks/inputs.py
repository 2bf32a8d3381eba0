"""Files that several benchmarks start from: a genome, and eQTL rows as their provider lays them out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from lrbstore.genome import Genome

SIZES = (150_000_000, 100_000_000, 50_000_000)  #: Bases of chr1, chr2 and chr3 in the FASTA that is made.
TISSUES = ("Whole_Blood", "Liver", "Brain_Cortex", "Adipose_Subcutaneous")
COLUMNS = ("CHROM", "POS", "REF", "ALT", "SNP", "label", "tissue", "distance_to_nearest_TSS", "split")


def write_fasta(path: Path, sizes: tuple[int, ...] = SIZES) -> None:
    """Write a FASTA of random bases, with stretches of lower case and of N."""
    rng = np.random.default_rng(1)
    with path.open("wb") as out:
        for number, size in enumerate(sizes, 1):
            bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size, dtype=np.int8)]
            for start in rng.integers(0, size, size // 4_000).tolist():
                bases[start : start + 2_000] |= 0x20
            for start in rng.integers(0, size, 5).tolist():
                bases[start : start + size // 3_000] = ord("N")
            whole = size // 60
            lines = np.full((whole, 61), ord("\n"), np.uint8)
            lines[:, :60] = bases[: whole * 60].reshape(whole, 60)
            out.write(b">chr%d\n" % number + lines.tobytes() + bases[whole * 60 :].tobytes() + (b"\n" if size % 60 else b""))


def write_eqtls(path: Path, genome: Genome, n: int, margin: int = 600_000) -> None:
    """Write single-base variants of the training split at random places of a genome, ``margin`` bases or more from its contigs' ends."""
    rng = np.random.default_rng(2)
    names, sizes = list(genome.lengths), np.array(list(genome.lengths.values()))
    contig = rng.choice(len(sizes), n, p=sizes / sizes.sum())
    start = (margin + rng.random(n) * (sizes[contig] - 2 * margin)).astype(np.int64)
    bases = genome.windows(contig, start, 1)[:, 0].tobytes().decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(COLUMNS)
        for i, (place, pos, ref) in enumerate(zip(contig.tolist(), (start + 1).tolist(), bases, strict=True)):
            chrom, alt = names[place], {"A": "C", "C": "G", "G": "T"}.get(ref, "A")
            rows.writerow([chrom, pos, ref, alt, f"{chrom}_{pos}_{ref}_{alt}_b38", i % 2, TISSUES[i % 4], i, "train"])
