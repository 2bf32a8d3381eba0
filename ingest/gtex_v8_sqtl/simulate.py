"""Simulated GTEx v8 sQTL files: the lead variant and intron of every tested gene, and pairs of the significant ones.

``*.v8.sgenes.txt.gz`` has one row per tested gene, in the annotated layout; ``*.v8.sqtl_signifpairs.txt.gz`` a few of each significant one.
They are drawn as the eQTL files are, from streams of their own: the same variants and genes come up in both. The order of an sgenes
file's columns is ours; the provider's is not known, and the ingest goes by names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.gtex_v8_eqtl.simulate import COLUMNS as EQTL_COLUMNS
from lrbstore.ingest.gtex_v8_eqtl.simulate import FAULTS, PAIR_COLUMNS, Columns, annotate, pairs, spread, swapped, tested, write_table
from lrbstore.ingest.simulation import World

SOURCE = "gtex_v8_sqtl"
PUBLISHED_ROWS = 618_932  # over all 49 tissues: 12,631 or 12,632 a tissue
MIN_INTRON_BP = 30

_SHARED = [name for name in EQTL_COLUMNS if not name.startswith("log2_aFC")]
_AT = _SHARED.index("qval")
SGENE_COLUMNS = ("phenotype_id", *_SHARED[:_AT], "group_id", "group_size", *_SHARED[_AT:])
SPAIR_COLUMNS = tuple("phenotype_id" if name == "gene_id" else name for name in PAIR_COLUMNS)


def counts(scale: float) -> dict[str, int]:
    """Give the rows by tissue: 49 tissues of 12,631 or 12,632 at scale 1, fewer tissues (at least 3) and genes below."""
    return spread(scale, PUBLISHED_ROWS)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the two files of every tissue below ``out``; give their paths."""
    annotation, exchanged = annotate(world), swapped(world)
    paths: list[Path] = []
    for tissue, n in counts(world.scale).items():
        columns = tested(world, SOURCE, tissue, n, annotation, exchanged)
        columns |= _introns(world, tissue, columns)
        path, pairs_path = out / f"{tissue}.v8.sgenes.txt.gz", out / f"{tissue}.v8.sqtl_signifpairs.txt.gz"
        write_table(path, SGENE_COLUMNS, columns, world, SOURCE, FAULTS if not paths else ())
        write_table(pairs_path, SPAIR_COLUMNS, pairs(world, SOURCE, tissue, columns, exchanged, key="phenotype_id"), world, SOURCE, ())
        paths += [path, pairs_path]
    return paths


def _introns(world: World, tissue: str, columns: Columns) -> Columns:
    """Give each tested gene one intron inside its body: the same gene may have another in another tissue, as leads do."""
    rng = world.rng(SOURCE, tissue, "introns")
    n = len(columns["gene_start"])
    first, room = columns["gene_start"], np.maximum(columns["gene_end"] - columns["gene_start"] - MIN_INTRON_BP, 1)
    start = first + (room * rng.uniform(0, 0.5, n)).astype(np.int64)
    end = start + MIN_INTRON_BP + (room * rng.uniform(0, 0.5, n)).astype(np.int64)
    cells = zip(columns["chr"].tolist(), start.tolist(), end.tolist(), columns["gene"].tolist(), columns["gene_id"].tolist(), strict=True)
    return {
        "phenotype_id": [f"{chrom}:{lo}:{hi}:clu_{10_000 + number}:{gene}" for chrom, lo, hi, number, gene in cells],
        "group_id": columns["gene_id"],
        "group_size": rng.integers(1, 30, n),
    }
