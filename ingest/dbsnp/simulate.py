"""A simulated dbSNP VCF on GRCh38 as the builds since 2019 are: RefSeq accessions for contigs, frequencies by study in FREQ.

It lists the world's common variants under their rs numbers, so that a record of another source finds its alleles here by number. At a
share of the single bases a second ALT stands on the same line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.assembly import assembly
from lrbstore.ingest.simulation import CONTIGS, World, gzip_text

SOURCE = "dbsnp"
BUILD = 900  # beyond dbSNP's own
TWO_ALT_SHARE = 0.03
NO_FREQUENCY_SHARE = 0.1

_INFO = (
    ("RS", "1", "Integer", "dbSNP ID (i.e. rs number)"),
    ("dbSNPBuildID", "1", "Integer", "First dbSNP Build for RS"),
    ("GENEINFO", "1", "String", "Pairs each of gene symbol:gene id"),
    ("VC", "1", "String", "Variation Class"),
    ("FREQ", ".", "String", "An ordered list of allele frequencies as reported by various genomic studies, REF first"),
)


def header() -> str:
    """Give the header of the file: VCF 4.2 without contig lines, the assembly with its patch level."""
    lines = ["##fileformat=VCFv4.2", "##fileDate=20260101", "##source=dbSNP", f"##dbSNP_BUILD_ID={BUILD}", "##reference=GRCh38.p14"]
    lines += [f'##INFO=<ID={name},Number={number},Type={kind},Description="{said}">' for name, number, kind, said in _INFO]
    return "\n".join([*lines, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]) + "\n"


def simulate(world: World, out: Path) -> list[Path]:
    """Write ``dbsnp900.GRCh38.vcf.gz`` below ``out``, one line for each common variant of the world; give its path."""
    path = out / f"dbsnp{BUILD}.GRCh38.vcf.gz"
    variants = world.variants
    accession = {contig.chrom: contig.refseq or contig.chrom for contig in assembly("GRCh38").contigs}
    text = header()
    n_lines, good = text.count("\n"), ""
    with gzip_text(path) as write:
        write(text)
        for chrom in CONTIGS:
            rows = np.flatnonzero(variants.chrom == chrom)
            rng = world.rng(SOURCE, "rows", chrom)
            drawn, share = rng.random((len(rows), 2)), rng.beta(0.5, 2.0, len(rows))
            for i, (u, v), frequency in zip(rows.tolist(), drawn.tolist(), share.tolist(), strict=True):
                good = accession[chrom] + "\t" + _row(world, i, float(frequency), two=u < TWO_ALT_SHARE, bare=v < NO_FREQUENCY_SHARE)
                write(good + "\n")
            n_lines += len(rows)
        write("".join(world.fault_lines(SOURCE, path, n_lines + 1, _faulty(good))))
    return [path]


def _row(world: World, i: int, frequency: float, *, two: bool, bare: bool) -> str:
    variants = world.variants
    ref, alt, rs = str(variants.ref[i]), str(variants.alt[i]), int(variants.rs[i])
    is_snv = bool(variants.is_snv[i])
    alts = [alt, next(base for base in "ACGT" if base not in (ref, alt))] if two and is_snv else [alt]
    info = [f"RS={rs}", f"dbSNPBuildID={BUILD - i % 40}", f"VC={'SNV' if is_snv else 'INDEL'}"]
    if not bare:
        others = [frequency] + [frequency / 100] * (len(alts) - 1)
        first = ",".join(f"{x:.4g}" for x in (1 - sum(others), *others))
        second = ",".join([f"{1 - frequency:.3g}", f"{frequency:.3g}", *["."] * (len(alts) - 1)])
        info.append(f"FREQ=1000Genomes:{first}|SimulatedCohort:{second}")
    return f"{int(variants.start[i]) + 1}\trs{rs}\t{ref}\t{','.join(alts)}\t.\t.\t{';'.join(info)}"


def _faulty(good: str) -> list[tuple[str, str]]:
    chrom, pos, name, ref, alt, *tail = good.split("\t")
    return [
        ("short row", "\t".join([chrom, pos, name, ref])),
        ("position is not a number", "\t".join([chrom, "pos", name, ref, alt, *tail])),
        ("unknown chromosome", "\t".join(["NC_000099.1", pos, name, ref, alt, *tail])),
        ("bad allele", "\t".join([chrom, pos, name, ref, "Z!", *tail])),
        ("symbolic allele", "\t".join([chrom, pos, name, ref, "<DEL>", ".", ".", "."])),
        ("repeated row", good),
    ]
