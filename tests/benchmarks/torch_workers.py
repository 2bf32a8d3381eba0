"""How much faster two workers feed PyTorch than one: ``python tests/benchmarks/torch_workers.py [--fasta FILE]``.

Variants, REF and ALT, shuffled over the whole genome, as batches of the data set (``torch_batches``) and map-style (``ds.torch``): passes
with one worker and with two take turns, beside this process alone, which cuts with all cores. What is compared are examples a second from
the arrival of the first batch on, so that starting workers does not count; every batch is read once, as a model would. A second worker can
pay at most what a second core does.

FASTA needs contigs ``chr1``, ``chr2``, ``chr3``; by default 90 Mb are made up. Everything else lies in a temporary folder.
"""

from __future__ import annotations

import csv
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from measure import Measure, Report, parser

import lrbstore
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

EXAMPLES, LONGEST = 16_384, 131_072
CASES = (("codes", 16_384, 256), ("codes", 131_072, 32), ("one_hot_float32", 16_384, 64))  # encoding, length, examples a batch
BATCHES = 48  #: A pass.
AIM = 1.5  #: Two workers beside one.
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
            pos = int(rng.integers(LONGEST, genome.lengths[chrom] - LONGEST))
            ref = genome.fetch(chrom, pos - 1, pos).decode()
            writer.writerow(
                [chrom, pos, ref, {"A": "G", "C": "T", "G": "A"}.get(ref, "C"), "", i % 2, "Liver", i, "train" if i else "test"]
            )


def rate(batches: Iterable[dict[str, Any]]) -> float:
    """Go through some batches of a pass: examples a second, from the arrival of the first on."""
    n, started, iterator = 0, 0.0, iter(batches)
    for number, batch in zip(range(BATCHES + 1), iterator, strict=False):
        batch["alt_forward_sequence"].amax()  # every byte is read
        if number:
            n += len(batch["label"])
        else:
            started = time.perf_counter()
    return n / (time.perf_counter() - started)


def main() -> None:
    """Make a store, and take the measures."""
    import torch

    arguments = parser(__doc__)
    arguments.add_argument("--fasta", type=Path, help="a FASTA with contigs chr1, chr2, chr3")
    arguments.add_argument("--turns", type=int, default=5)
    given = arguments.parse_args()
    report = Report(given.measures)
    torch.set_num_threads(1)  # the cores are the workers'
    with tempfile.TemporaryDirectory() as folder:
        home, fasta = Path(folder) / "store", given.fasta or Path(folder) / "genome.fa"
        if given.fasta is None:
            write_fasta(fasta)
        add_genome(home, "GRCh38", fasta, simulated=True)
        table = Path(folder) / "variant_effect_causal_eqtl" / "All_Tissues.csv"
        with lrbstore.open(home) as store:
            write_variants(table, store.genome("GRCh38"))
        ingest(home, "lrb", [table], simulated=True)
        with lrbstore.open(home) as store:
            for encoding, length, size in CASES:
                ds = lrbstore.task("variant_effect_gene_expression", length, store=store).train
                wrapped, sampled = ds.torch(encoding), torch.Generator()

                def mapped(workers: int, wrapped: Any = wrapped, size: int = size, sampled: Any = sampled) -> Iterable[dict[str, Any]]:
                    return torch.utils.data.DataLoader(  # type: ignore[no-any-return]
                        wrapped, size, shuffle=True, num_workers=workers, collate_fn=wrapped.collate, generator=sampled.manual_seed(0)
                    )

                def batches(workers: int, ds: Any = ds, size: int = size, encoding: str = encoding) -> Iterable[dict[str, Any]]:
                    return ds.torch_batches(size, encoding, shuffle=True).loader(workers)  # type: ignore[no-any-return]

                ways: dict[str, Callable[[int], Iterable[dict[str, Any]]]] = {"batches": batches, "map-style": mapped}
                for name, way in ways.items():
                    rate(way(0))  # pages are in memory, rows are planned
                    found: dict[int, list[float]] = {0: [], 1: [], 2: []}
                    for _ in range(given.turns):
                        for workers, rates in found.items():
                            rates.append(rate(way(workers)))

                    def ratio(one: int, other: int, found: dict[int, list[float]] = found) -> float:
                        return statistics.median(a / b for a, b in zip(found[one], found[other], strict=True))

                    at = f"{encoding}, {length:,} bp"
                    report(Measure(f"PyTorch, two workers, {name}", "one worker", ratio(2, 1), at, aim=AIM))
                    report(Measure(f"PyTorch, two workers, {name}", "no worker, all cores", ratio(2, 0), at))


if __name__ == "__main__":
    main()
