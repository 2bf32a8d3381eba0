"""Simulated Cell Model Passports: a list of models, one VCF of somatic variants a model, and the CSV of mutations in its 19 columns.

Models are numbered from 1: ``SIDM00001`` is ``ACH-000001`` and ``SIM-1``. The CSV repeats the VCFs' flagged variants, with ``-`` for what
is inserted or deleted. A driver (DRV) changes a motif more often than another variant; about a tenth of the variants are common ones of
the world, so that they are found again in the other sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.ingest.simulation import (
    MOTIF_BP,
    NUCLEAR,
    Bools,
    Ints,
    World,
    gzip_text,
    indel_alleles,
    letters,
    motif_delta,
    scaled,
)

SOURCE = "cell_model_passports"
VCF_DATE, CSV_DATE, LIST_DATE = "20221123", "20260316", "20240110"
FLAGGED_ROWS, DRIVER_ROWS = 741_738, 1_334  # as GV-Rep counts them
MODELS_WITH_VCF, MODELS_LISTED = 100, 2_000
UNFLAGGED_SHARE = 0.25  # rows without a flag, by those with one
SHARED_SHARE, INDEL_SHARE, MOTIF_SHARE = 0.1, 0.05, 0.05
DRIVER_ODDS = 12  # of a variant that changes a motif to be a driver, against one that does not

COLUMNS = (
    *("gene_symbol", "ensembl_gene_id", "transcript_id", "model_id", "model_name", "protein_mutation", "rna_mutation", "cdna_mutation"),
    *("chromosome", "position", "reference", "alternative", "cancer_driver", "cancer_predisposition_variant", "effect", "vaf", "coding"),
    *("source", "gene_id"),
)
LIST_COLUMNS = (
    *("model_id", "sample_id", "model_name", "synonyms", "tissue", "cancer_type", "tissue_status", "model_type", "growth_properties"),
    *("msi_status", "COSMIC_ID", "BROAD_ID", "CCLE_ID", "RRID"),
)
_CANCERS = (
    ("Lung", "Non-Small Cell Lung Carcinoma"),
    ("Large Intestine", "Colorectal Carcinoma"),
    ("Breast", "Breast Carcinoma"),
    ("Skin", "Melanoma"),
    ("Haematopoietic and Lymphoid", "B-Lymphoblastic Leukemia"),
    ("Central Nervous System", "Glioblastoma"),
    ("Pancreas", "Pancreatic Carcinoma"),
    ("Ovary", "Ovarian Carcinoma"),
    ("Liver", "Hepatocellular Carcinoma"),
)
_EFFECTS = ("missense", "silent", "nonsense", "ess_splice", "intronic")
_HEADER = """\
##fileformat=VCFv4.1
##fileDate={date}
##source=simulated
##reference=GRCh38
##INFO=<ID=VD,Number=1,Type=String,Description="Vagrent Default Annotation">
##INFO=<ID=VC,Number=.,Type=String,Description="Variant consequence based on Vagrent default annotation">
##INFO=<ID=DRV,Number=0,Type=Flag,Description="Cancer driver">
##INFO=<ID=CPV,Number=0,Type=Flag,Description="Cancer predisposition variant">
##INFO=<ID=NPGL,Number=0,Type=Flag,Description="NPGL">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=PM,Number=1,Type=Float,Description="Share of reads with the variant">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{model}
"""


@dataclass(frozen=True)
class _Somatic:
    """Variants of all models, in contig order and ascending there; arrays of shape (n,)."""

    chrom: npt.NDArray[Any]
    start: Ints
    ref: npt.NDArray[Any]
    alt: npt.NDArray[Any]
    gene: Ints  # rows of world.genes
    is_driver: Bools
    is_flagged: Bools  # drivers included
    model: Ints  # from 0


def counts(scale: float) -> dict[str, int]:
    """Give the rows with a flag (in the VCFs together, and in the CSV), the drivers among them, the VCFs and the listed models."""
    return {
        "flagged": scaled(scale, FLAGGED_ROWS, 2_400),
        "drivers": scaled(scale, DRIVER_ROWS, 96),
        "vcfs": scaled(scale, MODELS_WITH_VCF, 3),
        "models": scaled(scale, MODELS_LISTED, 60),
    }


def simulate(world: World, out: Path) -> list[Path]:
    """Write the list of models, the CSV of mutations and one VCF a model below ``out``; give their paths."""
    n = counts(world.scale)
    somatic = _draw_all(world, n)
    words = _Words(world, somatic)
    listed = _write_list(world, out / f"model_list_{LIST_DATE}.csv.gz", n["models"])
    folder = out / f"mutations_wgs_vcf_{VCF_DATE}"
    folder.mkdir()
    table = out / f"mutations_all_{CSV_DATE}.csv.gz"
    vcfs = []
    with gzip_text(table) as write_row:
        write_row(",".join(COLUMNS) + "\n")
        line, good = 1, ""
        for model in range(n["vcfs"]):
            rows = np.flatnonzero(somatic.model == model).tolist()
            source = _laboratory(model)
            path = folder / f"SIDM{model + 1:05d}_{source.lower()}_somatic.vcf.gz"
            with gzip_text(path) as write:
                write(_HEADER.format(date=f"202211{1 + model % 20:02d}", model=f"SIDM{model + 1:05d}"))
                for at in range(0, len(rows), 5_000):
                    write("".join([words.vcf_line(row) for row in rows[at : at + 5_000]]))
            vcfs.append(path)
            flagged = [row for row in rows if somatic.is_flagged[row]]
            for at in range(0, len(flagged), 5_000):
                write_row("".join([words.csv_line(row) for row in flagged[at : at + 5_000]]))
            line += len(flagged)
            good = good or words.csv_line(flagged[0])
        write_row("".join(world.fault_lines(SOURCE, table, line + 1, _faulty(good))))
    return [listed, table, *vcfs]


def _laboratory(model: int) -> str:
    return "Broad" if model % 3 == 2 else "Sanger"


def _faulty(good: str) -> list[tuple[str, str]]:
    cells = dict(zip(COLUMNS, good.rstrip("\n").split(","), strict=True))

    def other(**changed: str) -> str:
        return ",".join({**cells, **changed}.values())

    return [
        ("short row", ",".join(list(cells.values())[:12])),
        ("position is not a number", other(position="unknown")),
        ("unknown chromosome", other(chromosome="chr99")),
        ("bad allele", other(alternative="<DEL>")),
        ("flag is neither t nor f", other(cancer_driver="perhaps")),
        ("no model", other(model_id="")),
        ("repeated row", other()),
    ]


def _write_list(world: World, path: Path, n: int) -> Path:
    rng = world.rng(SOURCE, "models")
    cancer = rng.integers(0, len(_CANCERS), n).tolist()
    with gzip_text(path) as write:
        write(",".join(LIST_COLUMNS) + "\n")
        for i, kind in enumerate(cancer, start=1):
            tissue, name = _CANCERS[kind]
            has_broad = i % 7 != 0  # some models are not in DepMap
            cells = [
                *(f"SIDM{i:05d}", f"SIDS{i:05d}", f"SIM-{i}", f"SIM{i};SIM {i}", tissue, name, "Metastasis" if i % 4 == 0 else "Tumour"),
                *("Organoid" if i % 9 == 0 else "Cell Line", "Suspension" if kind == 4 else "Adherent", "MSI" if i % 8 == 0 else "MSS"),
                *(str(9_000_000 + i), f"ACH-{i:06d}" if has_broad else "", f"SIM{i}_{tissue.upper().replace(' ', '_')}", f"CVCL_9{i:04d}"),
            ]
            write(",".join(cells) + "\n")
    return path


def _draw_all(world: World, n: dict[str, int]) -> _Somatic:
    lengths = world.genomes["GRCh38"].lengths
    total = sum(lengths[chrom] for chrom in NUCLEAR)
    flagged = {chrom: round(n["flagged"] * lengths[chrom] / total) for chrom in NUCLEAR}
    flagged["chr1"] += n["flagged"] - sum(flagged.values())
    # Drivers go around the contigs evenly, so that none of them, and no split by contig, is without.
    drivers = {chrom: n["drivers"] // len(NUCLEAR) + (i < n["drivers"] % len(NUCLEAR)) for i, chrom in enumerate(NUCLEAR)}
    parts = [_draw(world, chrom, flagged[chrom], drivers[chrom], n["vcfs"]) for chrom in NUCLEAR]
    return _Somatic(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Somatic.__dataclass_fields__))


def _draw(world: World, chrom: str, n_flagged: int, n_drivers: int, n_models: int) -> _Somatic:
    """Draw the somatic variants of one contig: at most one a position, ascending."""
    rng = world.rng(SOURCE, "variants", chrom)
    genome, variants = world.genomes["GRCh38"], world.variants
    codes, hits = genome.codes(chrom), genome.hits[chrom]
    n = n_flagged + round(UNFLAGGED_SHARE * n_flagged)
    n_indel = round(INDEL_SHARE * n)

    def places(wanted: int) -> Ints:
        at = rng.integers(8, len(codes) - 16, wanted)
        return np.asarray(at[codes[at] < 4], dtype=np.int64)

    common = rng.permutation(np.flatnonzero(variants.chrom == chrom))[: round(SHARED_SHARE * n)]
    anchors = places(3 * n_indel + 100)
    usable, indel_ref, indel_alt = indel_alleles(codes, anchors, rng)
    usable, indel_ref, indel_alt = usable[:n_indel], indel_ref[:n_indel], indel_alt[:n_indel]
    aimed = round(MOTIF_SHARE * n) + n_drivers if len(hits.start) else 0
    at_motif = hits.start[rng.integers(0, len(hits.start), aimed)] + rng.integers(0, MOTIF_BP, aimed) if aimed else np.zeros(0, np.int64)
    single = np.concatenate([at_motif, places(2 * n + 200)])
    alt = ((codes[single] + rng.integers(1, 4, len(single))) % 4).astype(np.uint8)
    start = np.concatenate([variants.start[common], anchors[usable], single])
    refs = np.concatenate([variants.ref[common], np.array(indel_ref, dtype="U5"), letters(codes[single])])
    alts = np.concatenate([variants.alt[common], np.array(indel_alt, dtype="U5"), letters(alt)])
    changes = np.concatenate([variants.changes_motif[common], np.zeros(len(usable), np.bool_), motif_delta(codes, single, alt).any(axis=1)])
    _, first = np.unique(start, return_index=True)
    kept = np.sort(first)[:n]  # in the order of the kinds; what is beyond the number wanted are plain single bases
    kept = kept[np.argsort(start[kept], kind="stable")]
    start, refs, alts, changes = start[kept], refs[kept], alts[kept], changes[kept]

    weight = np.where(changes, DRIVER_ODDS, 1.0)
    is_driver = np.zeros(len(kept), np.bool_)
    is_driver[rng.choice(len(kept), n_drivers, replace=False, p=weight / weight.sum())] = True
    is_flagged = is_driver.copy()
    is_flagged[rng.permutation(np.flatnonzero(~is_driver))[: n_flagged - n_drivers]] = True
    genes = np.flatnonzero(world.genes.chrom == chrom)
    genes = genes[np.argsort(world.genes.tss["GRCh38"][genes], kind="stable")]
    nearest = np.clip(np.searchsorted(world.genes.tss["GRCh38"][genes], start), 0, len(genes) - 1)
    model = rng.permutation(np.arange(len(kept)) % n_models).astype(np.int64)
    return _Somatic(np.full(len(kept), chrom), start, refs, alts, genes[nearest], is_driver, is_flagged, model)


class _Words:
    """The text of a variant's line in a VCF and in the CSV."""

    def __init__(self, world: World, somatic: _Somatic) -> None:
        rng = world.rng(SOURCE, "words")
        n = len(somatic.start)
        self.somatic = somatic
        self.symbol, self.gene_id = world.genes.symbol, world.genes.gene_id
        self.effect = rng.choice(len(_EFFECTS), n, p=(0.6, 0.2, 0.06, 0.04, 0.1)).tolist()
        self.vaf = np.char.mod("%.4f", rng.beta(4, 5, n)).tolist()
        self.more = rng.random(n).tolist()
        self.codon = rng.integers(1, 900, n).tolist()

    def _said(self, row: int) -> tuple[str, str, str, str, str, str]:
        """Give gene, transcript, the changes of RNA, coding DNA and protein, and the effect."""
        s, gene, at = self.somatic, int(self.somatic.gene[row]), self.codon[row]
        ref, alt = str(s.ref[row]), str(s.alt[row])
        names = str(self.symbol[gene]), f"CCDS{90_000 + gene}"
        if len(ref) != len(alt):
            change = f"{3 * at + 1}_{3 * at + 2}" + (f"del{ref[1:]}" if len(ref) > len(alt) else f"ins{alt[1:]}")
            return *names, f"r.{change.lower()}", f"c.{change}", f"p.K{at}fs*4", "frameshift"
        effect = _EFFECTS[self.effect[row]]
        protein = {"missense": f"p.G{at}D", "silent": f"p.G{at}G", "nonsense": f"p.Q{at}*", "ess_splice": "p.?", "intronic": "-"}[effect]
        return *names, f"r.{3 * at + 90}{ref.lower()}>{alt.lower()}", f"c.{3 * at}{ref}>{alt}", protein, effect

    def vcf_line(self, row: int) -> str:
        """Write a variant as its model's VCF does; about every tenth driver predisposes to cancer too."""
        s, more = self.somatic, self.more[row]
        gene, transcript, rna, cdna, protein, effect = self._said(row)
        flags = ["DRV", *(["CPV"] if more < 0.1 else ["NPGL"] if more < 0.15 else [])] if s.is_driver[row] else ["NPGL"]
        info = ";".join(
            [*(flags if s.is_flagged[row] else []), f"VD={gene}|{transcript}|{rna}|{cdna}|{protein}|protein_coding", f"VC={effect}"]
        )
        place = f"{s.chrom[row]}\t{s.start[row] + 1}\t.\t{s.ref[row]}\t{s.alt[row]}"
        return f"{place}\t.\tPASS\t{info}\tGT:PM\t0/1:{self.vaf[row]}\n"

    def csv_line(self, row: int) -> str:
        """Write a variant as the CSV of mutations does: ``-`` in place of the base before an insertion or deletion."""
        s, gene = self.somatic, int(self.somatic.gene[row])
        symbol, transcript, rna, cdna, protein, effect = self._said(row)
        position, ref, alt = int(s.start[row]) + 1, str(s.ref[row]), str(s.alt[row])
        if len(ref) > len(alt):
            position, ref, alt = position + 1, ref[1:], "-"
        elif len(ref) < len(alt):
            ref, alt = "-", alt[1:]
        model = int(s.model[row])
        driver, predisposes = bool(s.is_driver[row]), bool(s.is_driver[row]) and self.more[row] < 0.1
        cells = (
            *(symbol, str(self.gene_id[gene]), transcript, f"SIDM{model + 1:05d}", f"SIM-{model + 1}", protein, rna, cdna),
            *(str(s.chrom[row]), str(position), ref, alt, "t" if driver else "f", "t" if predisposes else "f", effect, self.vaf[row]),
            *("f" if effect in ("intronic", "ess_splice") else "t", _laboratory(model), f"SIDG{gene + 1:05d}"),
        )
        return ",".join(cells) + "\n"
