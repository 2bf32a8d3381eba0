"""Simulated neutral combinations: pairs of genes with one or two variants each, on GRCh38, drawn without regard to motifs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.olida.simulate import draw_alleles, draw_genes, zygosity
from lrbstore.ingest.simulation import World, scaled

SOURCE = "neutral_combinations"
PUBLISHED = 10_000
TWO_ALLELES_SHARE = 0.21  # of the combinations: one of the genes has two variants


def simulate(world: World, out: Path) -> list[Path]:
    """Write one set below ``out``; give its path."""
    rng = world.rng(SOURCE)
    n = scaled(world.scale, PUBLISHED, 120)
    pairs = np.stack(draw_genes(world, rng, [2] * n))
    more = np.where(rng.random(n) < TWO_ALLELES_SHARE, rng.integers(0, 2, n), -1)
    # Three draws a combination: gene A, gene B, and the second variant of whichever gene has two.
    genes = np.column_stack([pairs, np.where(more >= 0, pairs[np.arange(n), np.maximum(more, 0)], pairs[:, 0])])
    alleles = draw_alleles(world, genes.reshape(-1), rng, 0.0)
    lines = ["Combination_ID\tIndividual_ID\tGene_A\tGene_B\n"]
    for number in range(n):
        of_pair, second = alleles[3 * number : 3 * number + 2], alleles[3 * number + 2]
        cells = []
        for gene, allele in enumerate(of_pair):
            own = [allele, second] if more[number] == gene and second != allele else [allele]
            zygosities = ["Heterozygous"] * 2 if len(own) == 2 else [zygosity(allele.chrom, rng)]
            cells.append(
                "/".join(
                    f"{a.chrom.removeprefix('chr')}:{a.start_38 + 1}:{a.ref}:{a.alt}:{z}" for a, z in zip(own, zygosities, strict=True)
                )
            )
        lines.append(f"set_1_neg_{number + 1}\tSIM{int(rng.integers(0, 2_504)):05d}\t{cells[0]}\t{cells[1]}\n")
    path = out / "1kgp_testset_hg38_combs.txt"
    good = lines[1].rstrip("\n").split("\t")
    faulty = [("short row", "\t".join(good[:3])), ("repeated id", "\t".join(good)), ("no id", "\t".join(["", *good[1:]]))]
    lines += world.fault_lines(SOURCE, path, len(lines) + 1, faulty)
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return [path]
