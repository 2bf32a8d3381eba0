"""A simulated plain matrix of MAGeCK betas: ten cell lines named as people write them, of which DepMap knows some by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.project_score.simulate import essentiality, knocked_out, model
from lrbstore.ingest.simulation import World, gzip_text

SOURCE = "crispr_matrix"
LINES = 10


def simulate(world: World, out: Path) -> list[Path]:
    """Write one gene × cell line matrix below ``out``; give its path."""
    path, genes, rng = out / "simulated_MAGeCK_gene_corrected_beta.tsv.gz", knocked_out(world), world.rng(SOURCE, "matrix")
    lines = [model(number if number < LINES // 2 else 8_000 + number) for number in range(LINES)]
    beta = -1.5 * essentiality(world, genes, np.array([tissue for _, _, tissue in lines])) + rng.normal(0, 0.2, (len(genes), LINES))
    with gzip_text(path) as write:
        write("\t".join(["genes", *(name.replace("-", "") for _, name, _ in lines)]) + "\n")
        rows = [
            "\t".join([str(symbol), *(f"{b:.5g}" for b in row)])
            for symbol, row in zip(world.genes.symbol[genes].tolist(), beta.tolist(), strict=True)
        ]
        write("".join(row + "\n" for row in rows))
        faults = [("short row", "\t".join(rows[0].split("\t")[:4])), ("score is not a number", rows[0].rpartition("\t")[0] + "\tlow")]
        write("".join(world.fault_lines(SOURCE, path, len(rows) + 2, faults)))
    return [path]
