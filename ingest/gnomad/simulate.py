"""A simulated gnomAD sites VCF on GRCh38: a share of the world's common variants with counts and frequencies, by ancestry too.

The name says the release, the contig lines the assembly; some variants fail a filter, and where nobody was called there is no AF.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import CONTIGS, World, gzip_text

SOURCE = "gnomad"
RELEASE = "r99.0"  # beyond gnomAD's own
LISTED_SHARE = 0.5
FAILED_SHARE = 0.05
PEOPLE = 10_000
_GROUPS = ("afr", "amr", "eas", "nfe", "sas")


def simulate(world: World, out: Path) -> list[Path]:
    """Write ``gnomad.exomes.r99.0.sites.GRCh38.vcf.bgz`` below ``out``; give its path."""
    path = out / f"gnomad.exomes.{RELEASE}.sites.GRCh38.vcf.bgz"
    variants, lengths = world.variants, world.genomes["GRCh38"].lengths
    lines = ["##fileformat=VCFv4.2", '##FILTER=<ID=AC0,Description="Allele count is zero">']
    lines += [f"##contig=<ID={chrom},length={lengths[chrom]},assembly=gnomAD_GRCh38>" for chrom in CONTIGS]
    lines += [f'##INFO=<ID={name},Number={n},Type={kind},Description="{name}">' for name, n, kind in _declared()]
    with gzip_text(path) as write:
        write("\n".join([*lines, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]) + "\n")
        for chrom in CONTIGS:
            rows = np.flatnonzero(variants.chrom == chrom)
            rng = world.rng(SOURCE, "rows", chrom)
            listed, failed = rng.random((2, len(rows)))
            shares = rng.beta(0.5, 2.0, (len(rows), len(_GROUPS)))
            for i, keep, fail, share in zip(rows.tolist(), listed.tolist(), failed.tolist(), shares.tolist(), strict=True):
                if keep < LISTED_SHARE:
                    place = f"{chrom}\t{int(variants.start[i]) + 1}\trs{int(variants.rs[i])}\t{variants.ref[i]}\t{variants.alt[i]}"
                    write(f"{place}\t{1000 * fail + 30:.2f}\t{_info(share, fails=fail < FAILED_SHARE)}\n")
    return [path]


def _declared() -> list[tuple[str, str, str]]:
    return [
        ("AC", "A", "Integer"),
        ("AN", "1", "Integer"),
        ("AF", "A", "Float"),
        ("nhomalt", "A", "Integer"),
        *((f"AF_{group}", "A", "Float") for group in _GROUPS),
    ]


def _info(share: list[float], *, fails: bool) -> str:
    """Give FILTER and INFO."""
    if fails:
        return "AC0\tAC=0;AN=0;nhomalt=0"
    count = round(2 * PEOPLE * sum(share) / len(share))
    by_group = ";".join(f"AF_{group}={x:.5e}" for group, x in zip(_GROUPS, share, strict=True))
    frequency = count / (2 * PEOPLE)
    return f"PASS\tAC={count};AN={2 * PEOPLE};AF={frequency:.5e};nhomalt={round(frequency**2 * PEOPLE)};{by_group}"
