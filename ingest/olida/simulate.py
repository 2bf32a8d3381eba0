"""Simulated export of OLIDA: combinations of two to four members, the lists of variants that they name, and their companions.

Members lie near the TSSs of their genes, on both assemblies, and change a motif more often than the neutral pairs' do. As in the real
export, a title line stands above the header, ``N.A.`` means that nothing is known, alleles may be of several bases, some variants have a
position on one assembly only or no alleles, and copy number variants have neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import Bools, Ints, World, scaled

SOURCE = "olida"
COMBINATIONS, DISEASES = 1_808, 219  # of the export that GV-Rep used
CONFIDENT, CONFIDENT_DISEASES = 579, 142  # with FINALmeta >= 1
DATE = "2024-02-29"
MOTIF_SHARE = 0.6  # of the members: drawn from variants that change a motif
MNV_SHARE = 0.08  # of the single-base members: the next base changes as well
CNV_SHARE = 0.04  # of the members
NO_ALLELES_SHARE, NO_HG19_SHARE = 0.01, 0.01  # of the small variants
MEMBERS, MEMBER_SHARES = (2, 3, 4), (0.7, 0.22, 0.08)
NA = "N.A."

COMBINATION = (
    *("OLIDA ID", "Diseases", "Omim Id", "Oligogenic Effect", "Ethnicity", "Associated Variants"),
    *("FINALmeta", "FUNmeta", "VARmeta", "GENEmeta", "STATmeta"),
)
SMALL = (
    *("Entry Id", "Gene", "Chromosome", "Genomic Position Hg19", "Genomic Position Hg38", "Ref Allele", "Alt Allele", "Cdna Change"),
    *("Protein Change", "Transcript Id", "Dbsnp Id", "Variant Effect", "Gnomad Maf", "CADD", "SIFT", "PP2 HVAR"),
)
CNV = ("Entry Id", "Gene", "Cdna Change", "Variant Effect")
_EFFECTS = ("True digenic", "Modifier", "Dual molecular diagnosis", NA)


@dataclass(frozen=True)
class Allele:
    """An allele near a gene, on both assemblies: ``start`` 0-based; REF is the genome's on either."""

    symbol: str
    chrom: str
    start_37: int
    start_38: int
    ref: str
    alt: str
    rs: int

    @property
    def cdna(self) -> str:
        """An HGVS-like change, invented but the same for the same allele."""
        place = 1 + self.start_38 % 4_000
        if len(self.ref) == len(self.alt) == 1:
            return f"c.{place}{self.ref}>{self.alt}"
        if len(self.alt) == 1:
            return f"c.{place}del{self.ref[1:]}"
        return f"c.{place}_{place + 1}ins{self.alt[1:]}" if len(self.ref) == 1 else f"c.{place}_{place + 1}delins{self.alt}"

    @property
    def protein(self) -> str:
        """A change of the protein to go with it."""
        return f"p.(K{1 + self.start_38 % 4_000 // 3}fs)" if len(self.ref) != len(self.alt) else f"p.(K{1 + self.start_38 % 4_000 // 3}N)"

    @property
    def effect(self) -> str:
        """Effect on the gene product."""
        return "missense" if len(self.ref) == len(self.alt) else "frameshift"


def draw_alleles(world: World, genes: Ints, rng: np.random.Generator, motif_share: float) -> list[Allele]:
    """Draw an allele that both assemblies have near the TSS of each gene.

    Args:
        world: The simulated world.
        genes: Rows of ``world.genes``, shape (n,).
        rng: Source of randomness.
        motif_share: Share of them that is drawn from variants that change a motif.

    Returns:
        n alleles, in order.
    """
    variants = world.variants
    alleles: list[Allele | None] = [None] * len(genes)
    aimed, shift, wide = rng.random(len(genes)) < motif_share, rng.laplace(0, 15, len(genes)), rng.random(len(genes)) < MNV_SHARE
    chroms = world.genes.chrom[genes]
    for chrom in np.unique(chroms).tolist():
        codes = world.genomes["GRCh38"].codes(chrom)
        own = np.flatnonzero(variants.chrom == chrom)
        size = np.array([len(ref) for ref in variants.ref[own].tolist()])
        own = own[_is_on_both(world, chrom, variants.start[own], size + 1)]
        pools = {True: own[variants.changes_motif[own]], False: own}
        for row in np.flatnonzero(chroms == chrom).tolist():
            gene = int(genes[row])
            pool = pools[bool(aimed[row])] if len(pools[True]) else own
            near = int(np.searchsorted(variants.start[pool], world.genes.tss["GRCh38"][gene])) + round(float(shift[row]))
            variant = int(pool[min(max(near, 0), len(pool) - 1)])
            start, ref, alt = int(variants.start[variant]), str(variants.ref[variant]), str(variants.alt[variant])
            following = int(codes[start + 1])
            if wide[row] and len(ref) == len(alt) == 1 and following < 4:
                ref, alt = ref + "ACGT"[following], alt + "ACGT"[(following + 1) % 4]
            lifted = int(world.lift(chrom, np.array([start]))[0][0])
            alleles[row] = Allele(str(world.genes.symbol[gene]), chrom, lifted, start, ref, alt, int(variants.rs[variant]))
    return [allele for allele in alleles if allele is not None]


def _is_on_both(world: World, chrom: str, start: Ints, size: Ints) -> Bools:
    """Say which stretches of GRCh38 (0-based starts, sizes in bp) lie in one piece on GRCh37."""
    (first, has_first), (last, has_last) = world.lift(chrom, start), world.lift(chrom, start + size - 1)
    return np.asarray(has_first & has_last & (last - first == size - 1), dtype=np.bool_)


def draw_genes(world: World, rng: np.random.Generator, sizes: list[int]) -> list[Ints]:
    """Draw distinct genes for each combination, off chrY; rows of ``world.genes``."""
    usable = np.flatnonzero(world.genes.chrom != "chrY")
    return [rng.choice(usable, size, replace=False).astype(np.int64) for size in sizes]


def zygosity(chrom: str, rng: np.random.Generator) -> str:
    """Draw how many copies of an allele a patient has."""
    u = rng.random()
    return "Hemizygous" if chrom == "chrX" and u < 0.5 else "Homozygous" if u < 0.15 else "Heterozygous"


def simulate(world: World, out: Path) -> list[Path]:
    """Write the export's six files and two published lists below ``out``; give their paths."""
    rng = world.rng(SOURCE)
    n = scaled(world.scale, COMBINATIONS, 60)
    n_confident = round(n * CONFIDENT / COMBINATIONS)
    disease = _diseases(n, n_confident, rng)
    score = np.where(np.arange(n) < n_confident, rng.choice([1, 2, 3], n, p=[0.67, 0.21, 0.12]), 0)
    order = rng.permutation(n)
    disease, score = disease[order], score[order]
    sizes = rng.choice(MEMBERS, n, p=MEMBER_SHARES).tolist()
    # A third member may be a second allele of a gene: then fewer genes than members.
    genes = [np.concatenate([g, g[:1]]) if two else g for g, two in _genes(world, rng, sizes)]
    alleles = iter(draw_alleles(world, np.concatenate(genes), rng, MOTIF_SHARE))

    entries: dict[Allele, tuple[str, ...]] = {}
    cnvs: list[tuple[str, ...]] = []
    rows: list[tuple[str, ...]] = []
    members: dict[str, list[str]] = {}
    pairs: dict[str, list[str]] = {}
    for number, (size, own_genes) in enumerate(zip(sizes, genes, strict=True), start=1):
        olida_id, items = f"OLI{number:03d}", []
        for _ in range(size):
            allele = next(alleles)
            if rng.random() < CNV_SHARE:
                cnvs.append((str(900_001 + len(cnvs)), allele.symbol, "whole gene deletion", "deletion"))
                items.append(f"{cnvs[-1][0]}:{allele.symbol}:{NA},{NA}:whole gene deletion:Heterozygous")
                continue
            if allele not in entries:
                entries[allele] = _small(str(len(entries) + 1), allele, rng)
                members.setdefault(allele.symbol, []).append(entries[allele][0])
            small = dict(zip(SMALL, entries[allele], strict=True))
            protein = "" if small["Protein Change"] == NA else f",{allele.protein}"
            places = f"{small['Genomic Position Hg19']},{small['Genomic Position Hg38']}"
            items.append(f"{small['Entry Id']}:{allele.symbol}:{places}:{allele.cdna}{protein}:{zygosity(allele.chrom, rng)}")
        named = list(dict.fromkeys(world.genes.symbol[own_genes].tolist()))
        pairs.setdefault("; ".join(sorted(named)), []).append(olida_id)
        k = int(disease[number - 1])
        meta = [str(int(score[number - 1])), *(str(x) for x in rng.integers(0, 4, 4).tolist())]
        effect = str(rng.choice(_EFFECTS))
        rows.append(
            (olida_id, f"Simulated disease {k + 1}", _omim(k), effect, NA if rng.random() < 0.6 else "Other", ";".join(items), *meta)
        )

    paths = [
        _write(world, out / "Combination.tsv", COMBINATION, rows, _faulty_combinations(rows[0]), f"OLIDA combinations, exported {DATE}"),
        _write(world, out / "SMALLVARIANT.tsv", SMALL, list(entries.values()), _faulty_variants(next(iter(entries.values())))),
        _write(world, out / "CNV.tsv", CNV, cnvs),
        _write(world, out / "Gene.tsv", ("Gene Name", "Variants"), [(gene, "; ".join(ids)) for gene, ids in sorted(members.items())]),
    ]
    header = ("Genes", "Oligogenic variant combinations", "Genes Relationship", "Protein Interactions", "Common Pathways", "GENEmeta")
    paths.append(
        _write(world, out / "GeneCombination.tsv", header, [(g, "; ".join(ids), NA, NA, NA, "1") for g, ids in sorted(pairs.items())])
    )
    held: dict[int, list[str]] = {}
    for row, k in zip(rows, disease.tolist(), strict=True):
        held.setdefault(k, []).append(row[0])
    listed = [(f"Simulated disease {k + 1}", f"ORPHA:{900_000 + k}", _omim(k), NA, "; ".join(ids)) for k, ids in sorted(held.items())]
    paths.append(
        _write(world, out / "Disease.tsv", ("Disease Name", "Orphanet ID", "Omim Id", "ICD-10 ID", "Combinations"), listed),
    )
    paths.append(_write(world, out / "olida_scores.txt", ("OLIDA ID", "FINALmeta"), [(row[0], row[6]) for row in rows]))
    chosen = [row[0] for row in rows if row[6] != "0"]
    training = [(olida_id, f"{rng.normal(3, 1.5):.3f}", "-3") for olida_id in chosen[: max(1, len(chosen) // 2)]]
    paths.append(_write(world, out / "HG38_OLIDA_training_set_annotated.txt", ("Combination_ID", "CADD1", "CADD2"), training))
    return paths


def _diseases(n: int, n_confident: int, rng: np.random.Generator) -> Ints:
    """Give each combination a disease, each disease at least one combination, and the confident ones fewer diseases."""
    n_diseases = min(DISEASES, max(12, round(DISEASES * n / COMBINATIONS)))
    first = min(n_confident, round(n_diseases * CONFIDENT_DISEASES / DISEASES))
    confident = np.concatenate([np.arange(first), rng.integers(0, first, n_confident - first)])
    rest = n - n_confident
    others = np.concatenate([np.arange(first, n_diseases), rng.integers(0, n_diseases, rest - (n_diseases - first))])
    return np.concatenate([confident, others]).astype(np.int64)


def _genes(world: World, rng: np.random.Generator, sizes: list[int]) -> list[tuple[Ints, bool]]:
    twice = [size > 2 and bool(rng.random() < 0.5) for size in sizes]
    drawn = draw_genes(world, rng, [size - two for size, two in zip(sizes, twice, strict=True)])
    return list(zip(drawn, twice, strict=True))


def _omim(k: int) -> str:
    return NA if k % 3 == 0 else str(990_000 + k)


def _small(entry: str, allele: Allele, rng: np.random.Generator) -> tuple[str, ...]:
    has_alleles, has_hg19, has_protein = rng.random() >= NO_ALLELES_SHARE, rng.random() >= NO_HG19_SHARE, rng.random() < 0.7
    return (
        *(entry, allele.symbol, allele.chrom.removeprefix("chr"), str(allele.start_37 + 1) if has_hg19 else NA, str(allele.start_38 + 1)),
        *((allele.ref, allele.alt) if has_alleles else (NA, NA)),
        *(allele.cdna, allele.protein if has_protein else NA, f"NM_9{int(entry):06d}.1", f"rs{allele.rs}", allele.effect),
        *(NA if rng.random() < 0.5 else f"{rng.random() * 1e-3:.6f}", f"{rng.normal(20, 6):.1f}", f"{rng.random():.2f}", NA),
    )


def _write(
    world: World,
    path: Path,
    header: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    faulty: list[tuple[str, str]] | None = None,
    title: str | None = None,
) -> Path:
    """Write a tab-separated file, with a title line where the provider has one."""
    lines = ["\t".join(row) + "\n" for row in [*([(title, *[""] * (len(header) - 1))] if title else []), header, *rows]]
    lines += world.fault_lines(SOURCE, path, len(lines) + 1, faulty or [])
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return path


def _faulty_combinations(good: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        ("short row", "\t".join(good[:3])),
        ("repeated id", "\t".join(good)),
        ("score is not a number", "\t".join(("OLI9001", *good[1:6], "high", *good[7:]))),
        ("score outside 0 to 3", "\t".join(("OLI9002", *good[1:6], "7", *good[7:]))),
    ]


def _faulty_variants(good: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        ("short row", "\t".join(good[:5])),
        ("unknown chromosome", "\t".join(("900001", good[1], "99", *good[3:]))),
        ("position is not a number", "\t".join(("900002", *good[1:4], "somewhere", *good[5:]))),
        ("repeated entry", "\t".join(good)),
    ]
