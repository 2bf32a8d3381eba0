"""Simulated verified variants: 156 rows of an ANNOVAR table, six or seven on each contig, whatever the scale.

They are common variants of the world, so that they are found again in the other sources. Pathogenic ones change a motif where the contig
has such a variant. One row a contig is an insertion or deletion, which ANNOVAR writes with ``-``.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import NUCLEAR, Ints, World

SOURCE = "verified_variants"
ROWS = 156
SAMPLES = 40

COLUMNS = (
    *("Sample ID", "Chr_hg38", "Start_hg38", "End_hg38", "Ref", "Alt", "Func.refGene", "Gene.refGene", "ExonicFunc.refGene"),
    *("AAChange.refGene", "avsnp147", "HGMD_Phen", "Class", "Zygosity"),
)
#: What the rows of a contig are, in turn: class, and whether a motif changes (None: an insertion or deletion).
_SLOTS: tuple[tuple[str, bool | None], ...] = (
    ("Pathogenic", True),
    ("Benign", False),
    ("Likely pathogenic", True),
    ("Likely benign", False),
    ("Pathogenic", None),
    ("Uncertain significance", False),
    ("Benign", False),
)


def simulate(world: World, out: Path) -> list[Path]:
    """Write ``verified_real_clinvar.csv`` below ``out``; give its path."""
    path = out / "verified_real_clinvar.csv"
    rng, variants = world.rng(SOURCE), world.variants
    lines = [_line(COLUMNS)]
    for number, chrom in enumerate(NUCLEAR):
        n = ROWS // len(NUCLEAR) + (number < ROWS % len(NUCLEAR))
        own = rng.permutation(np.flatnonzero((variants.chrom == chrom) & ~variants.is_edge)).astype(np.int64)
        chosen = _choose(world, own, n)
        for row, (name, _) in zip(chosen, _SLOTS, strict=False):
            lines.append(_row(world, row, name, int(rng.integers(1, SAMPLES + 1))))
    good = lines[1].rstrip("\n")
    cells = good.split(",")
    faults = [
        ("short row", ",".join(cells[:6])),
        ("position is not a number", ",".join([*cells[:2], "unknown", *cells[3:]])),
        ("unknown chromosome", ",".join([cells[0], "chr99", *cells[2:]])),
        ("bad allele", ",".join([*cells[:5], "<DEL>", *cells[6:]])),
        ("repeated row", good),
    ]
    path.write_text("".join([*lines, *world.fault_lines(SOURCE, path, len(lines) + 1, faults)]), encoding="utf-8")
    return [path]


def _choose(world: World, own: Ints, n: int) -> list[int]:
    """Take for each slot the first variant of its kind that is left, or any."""
    variants, left, chosen = world.variants, own.tolist(), []
    for _, changes in _SLOTS[:n]:
        fits = (
            r for r in left if (not variants.is_snv[r] if changes is None else variants.is_snv[r] and variants.changes_motif[r] == changes)
        )
        row = next(fits, left[0])
        left.remove(row)
        chosen.append(int(row))
    return chosen


def _row(world: World, row: int, name: str, sample: int) -> str:
    variants, genes = world.variants, world.genes
    chrom, start = str(variants.chrom[row]), int(variants.start[row]) + 1
    ref, alt = str(variants.ref[row]), str(variants.alt[row])
    if len(ref) > len(alt):
        start, ref, alt = start + 1, ref[1:], "-"
    elif len(ref) < len(alt):
        ref, alt = "-", alt[1:]
    own = np.flatnonzero(genes.chrom == chrom)
    gene = str(genes.symbol[own[np.argmin(np.abs(genes.tss["GRCh38"][own] - start))]])
    end = start + (len(ref) - 1 if ref != "-" else 0)
    is_snv = "-" not in (ref, alt)
    return _line(
        (
            *(f"SIMSAMPLE-{sample:03d}", chrom, str(start), str(end), ref, alt, "exonic", gene),
            *("nonsynonymous SNV" if is_snv else "frameshift", f"{gene}:NM_9{row:06d}:exon1:c.1", f"rs{variants.rs[row]}"),
            *("Simulated disease" if name.endswith("athogenic") else ".", name, "het"),
        )
    )


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
