"""A simulated piece of Ensembl's variation cache: the common variants of one contig, single spaces between cells, none at a line's end.

Alleles are written Ensembl's way: an insertion as ``-/TG`` with its end before its start, a deletion as ``TG/-``; ``info.txt`` beside the
file names the columns and the assembly.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import World, gzip_text

SOURCE = "ensembl_variation"
RELEASE = 900  # beyond Ensembl's own
CHROM = "chr21"
FREQUENCY_SHARE = 0.3
COLUMNS = (
    *("variation_name", "failed", "somatic", "start", "end", "allele_string", "strand", "minor_allele", "minor_allele_freq", "clin_sig"),
    *("phenotype_or_disease", "pubmed", "AFR", "AMR", "EAS", "EUR", "SAS"),
)


def simulate(world: World, out: Path) -> list[Path]:
    """Write ``ensembl900_variation.chr21.txt.gz`` and ``info.txt`` below ``out``; give their paths."""
    path, info = out / f"ensembl{RELEASE}_variation.{CHROM}.txt.gz", out / "info.txt"
    said = {"species": "homo_sapiens", "assembly": "GRCh38", "variation_cols": ",".join(COLUMNS), "source_dbSNP": "900"}
    info.write_text("# CACHE UPDATED 2026-01-01 00:00:00\n" + "".join(f"{key}\t{value}\n" for key, value in said.items()))
    variants = world.variants
    rows = np.flatnonzero(variants.chrom == CHROM)
    rng = world.rng(SOURCE, "rows")
    drawn, shares = rng.random(len(rows)), rng.beta(0.5, 2.0, (len(rows), 5))
    with gzip_text(path) as write:
        for i, u, share in zip(rows.tolist(), drawn.tolist(), shares.tolist(), strict=True):
            write(_line(world, i, share if u < FREQUENCY_SHARE else None) + "\n")
    return [path, info]


def _line(world: World, i: int, share: list[float] | None) -> str:
    variants = world.variants
    ref, alt, start = str(variants.ref[i]), str(variants.alt[i]), int(variants.start[i]) + 1
    end = start + len(ref) - 1
    if len(ref) != len(alt) and ref[0] == alt[0]:
        ref, alt, start = ref[1:] or "-", alt[1:] or "-", start + 1
    cells = dict.fromkeys(COLUMNS, "")
    cells |= {"variation_name": f"rs{int(variants.rs[i])}", "start": str(start), "end": "" if start == end else str(end)}
    cells["allele_string"] = f"{ref}/{alt}"
    if share is not None:
        mean = sum(share) / len(share)
        cells["minor_allele"], cells["minor_allele_freq"] = (alt, f"{mean:.4f}") if mean <= 0.5 else (ref, f"{1 - mean:.4f}")
        cells |= {group: f"{alt}:{x:.4g}" for group, x in zip(COLUMNS[-5:], share, strict=True)}
    return " ".join(cells.values()).rstrip(" ")
