"""Chain files that fit the simulated genomes: each assembly lacks one segment of every contig, so three blocks at most, none reversed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from lrbstore.ingest.simulation import Layout, World, gzip_text

FILES = (("hg19ToHg38.over.chain.gz", "GRCh37", "GRCh38"), ("hg38ToHg19.over.chain.gz", "GRCh38", "GRCh37"))


def simulate_chains(world: World, out: Path) -> list[Path]:
    """Write the way between the assemblies, in both directions, named as UCSC names them; no random number is drawn."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, source, target in FILES:
        with gzip_text(out / name) as write:
            for number, (chrom, layout) in enumerate(world.layout.items(), start=1):
                write(chain_text(chrom, layout, source, target, number))
        paths.append(out / name)
    return paths


def chain_text(chrom: str, layout: Layout, source: str, target: str, number: int) -> str:
    """Write one contig's chain: what both assemblies have, with the segment that only one has as a gap of the other.

    N runs at the ends are left out, as UCSC does.
    """
    start, end = layout.head_n, layout.length - layout.tail_n
    holes = sorted(hole for hole in (layout.only_37, layout.only_38) if hole[0] < hole[1])
    blocks = [(lo[1], hi[0]) for lo, hi in pairwise([(start, start), *holes, (end, end)])]
    score = sum(hi - lo for lo, hi in blocks)
    spans = []
    for assembly in (source, target):
        lo, hi = layout.missing(assembly)
        # The segment lies inside the chain: what it takes from the end, it takes from the length too.
        spans.append((layout.length - (hi - lo), start, end - (hi - lo)))
    (size_a, start_a, end_a), (size_b, start_b, end_b) = spans
    lines = [f"chain {score} {chrom} {size_a} + {start_a} {end_a} {chrom} {size_b} + {start_b} {end_b} {number}"]
    for (lo, hi), hole in zip(blocks, holes, strict=False):
        gaps = [0 if hole == layout.missing(assembly) else hole[1] - hole[0] for assembly in (source, target)]
        lines.append(f"{hi - lo} {gaps[0]} {gaps[1]}")
    lines.append(str(blocks[-1][1] - blocks[-1][0]))
    return "\n".join(lines) + "\n\n"
