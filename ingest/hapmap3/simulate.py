"""Simulated HapMap lists: the world's single-base common variants, with frequencies on GRCh38, and as places on both assemblies.

The columns REF and ALT of the one are exchanged, as upstream's are: ``SNPID`` has the genome's order. A1 of the other is now REF, now ALT.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import CONTIGS, World, gzip_text

SOURCE = "hapmap3"
LISTED_SHARE = 0.3
_GROUPS = ("EUR", "EAS", "AMR", "SAS", "AFR")


def simulate(world: World, out: Path) -> list[Path]:
    """Write one list of frequencies and two of places below ``out``; give their paths."""
    variants = world.variants
    chosen = np.flatnonzero(variants.is_snv & (world.rng(SOURCE, "listed").random(len(variants.start)) < LISTED_SHARE))
    rng = world.rng(SOURCE, "rows")
    shares, flipped = rng.beta(0.5, 2.0, (len(chosen), len(_GROUPS))), rng.random(len(chosen)) < 0.5
    paths = [out / "PAN.hapmap3.hg38.EAF.tsv.gz", out / "hapmap3.hg38.snplist.tsv.gz", out / "hapmap3.hg19.snplist.tsv.gz"]
    with gzip_text(paths[0]) as write:
        write("\t".join(["SNPID", "CHR", "POS", "REF", "ALT", *_GROUPS]) + "\n")
        for i, share in zip(chosen.tolist(), shares.tolist(), strict=True):
            name, pos, ref, alt = str(variants.chrom[i])[3:], int(variants.start[i]) + 1, variants.ref[i], variants.alt[i]
            numbers = "\t".join(f"{x:.3f}" for x in share)
            write(f"chr{name}:{pos}:{ref}:{alt}\t{name}\t{pos}\t{alt}\t{ref}\t{numbers}\n")
    for path, lifted in ((paths[1], False), (paths[2], True)):
        with gzip_text(path) as write:
            write("rsid\tA1\tA2\t#CHROM\tPOS\n")
            for chrom in CONTIGS:
                here = np.flatnonzero(variants.chrom[chosen] == chrom)
                start = variants.start[chosen[here]]
                place, there = world.lift(chrom, start) if lifted else (start, np.ones(len(start), np.bool_))
                for row, at, exists in zip(here.tolist(), place.tolist(), there.tolist(), strict=True):
                    i = int(chosen[row])
                    pair = [str(variants.ref[i]), str(variants.alt[i])][:: 1 if flipped[row] else -1]
                    if exists:
                        write(f"rs{int(variants.rs[i])}\t{pair[0]}\t{pair[1]}\t{chrom[3:]}\t{at + 1}\n")
    return paths
