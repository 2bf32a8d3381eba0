"""Simulated GTEx v8 ``*.v8.egenes.txt.gz`` files: one row per tested gene, 33 columns in the provider's order and number formats.

The lead variant of a gene is a common variant near its TSS. A nominal p-value below the gene's threshold is likelier when the variant
changes a motif, and the slope's sign tells the direction: losing an activator or making a repressor lowers expression. A share of the
variants has REF and ALT swapped, which a check against the genome has to find. Missing values look as in the real files: ``.`` for the
rs number, an empty last cell.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.ingest.simulation import MOTIF_SIGN, TISSUES, Bools, Floats, Ints, World, check_scale, gzip_text

SOURCE = "gtex_v8_eqtl"
PUBLISHED_ROWS = 1_207_976  # over all 49 tissues: 24,652 or 24,653 a tissue
SWAPPED_SHARE = 0.01  # of the variants: REF and ALT exchanged
P_SIGNIFICANT = {True: 0.80, False: 0.25}  # by whether the lead variant changes a motif
NO_RS_SHARE = 0.002
NO_UPPER_SHARE = 0.02  # rows whose log2_aFC_upper is empty
AFC_CAP = 6.643856  # log2(100): the provider caps allelic fold changes there
CIS_BP = 1_000_000

COLUMNS = (
    *("gene_id", "gene_name", "gene_chr", "gene_start", "gene_end", "strand", "num_var", "beta_shape1", "beta_shape2", "true_df"),
    *("pval_true_df", "variant_id", "tss_distance", "chr", "variant_pos", "ref", "alt", "num_alt_per_site", "rs_id_dbSNP151_GRCh38p7"),
    *("minor_allele_samples", "minor_allele_count", "maf", "ref_factor", "pval_nominal", "slope", "slope_se", "pval_perm", "pval_beta"),
    *("qval", "pval_nominal_threshold", "log2_aFC", "log2_aFC_lower", "log2_aFC_upper"),
)
_FORMATS = {
    **dict.fromkeys(("beta_shape1", "beta_shape2", "true_df", "pval_true_df", "maf", "pval_nominal", "slope", "slope_se"), "%.6g"),
    **dict.fromkeys(("pval_perm", "pval_beta", "qval", "pval_nominal_threshold"), "%.6g"),
    **dict.fromkeys(("log2_aFC", "log2_aFC_lower"), "%.6f"),
}
_ROW = "\t".join(_FORMATS.get(name, "%s") for name in COLUMNS) + "\n"


def counts(scale: float) -> dict[str, int]:
    """Give the rows by tissue: 49 tissues of 24,652 or 24,653 at scale 1, fewer tissues (at least 3) and genes below."""
    check_scale(scale)
    n_tissues = min(len(TISSUES), max(3, math.ceil(len(TISSUES) * scale ** (1 / 3) - 1e-9)))
    total = max(200 * n_tissues, round(PUBLISHED_ROWS * scale))
    return {tissue: total // n_tissues + (number < total % n_tissues) for number, tissue in enumerate(TISSUES[:n_tissues])}


def swapped(world: World) -> Bools:
    """Say which of the world's variants GTEx gives with REF and ALT exchanged: about ``SWAPPED_SHARE``, SNVs only; shape (n,)."""
    drawn = world.rng(SOURCE, "swapped").random(len(world.variants.start)) < SWAPPED_SHARE
    return np.asarray(drawn & world.variants.is_snv, dtype=np.bool_)


def simulate(world: World, out: Path) -> list[Path]:
    """Write one file per tissue below ``out``; give their paths."""
    annotation = _annotate(world)
    exchanged = swapped(world)
    paths: list[Path] = []
    for tissue, n in counts(world.scale).items():
        path = out / f"{tissue}.v8.egenes.txt.gz"
        lines = _tissue(world, tissue, n, annotation, exchanged)
        with gzip_text(path) as write:
            write("\t".join(COLUMNS) + "\n")
            for at in range(0, len(lines), 5_000):
                write("".join(lines[at : at + 5_000]))
            if not paths:
                write("".join(world.fault_lines(SOURCE, path, len(lines) + 2, _faulty(lines[0]))))
        paths.append(path)
    return paths


def _faulty(good: str) -> list[tuple[str, str]]:
    cells = dict(zip(COLUMNS, good.rstrip("\n").split("\t"), strict=True))

    def other(**changed: str) -> str:
        return "\t".join({**cells, **changed}.values())

    return [
        ("short row", "\t".join(list(cells.values())[:20])),
        ("position is not a number", other(variant_pos="unknown")),
        ("unknown chromosome", other(chr="chr99", gene_chr="chr99")),
        ("bad allele", other(alt="<DEL>")),
        ("p-value is not a number", other(pval_nominal="tiny")),
        ("p-value outside 0 to 1", other(pval_nominal="1.5")),
        ("repeated row", other()),
    ]


def _annotate(world: World) -> dict[str, npt.NDArray[Any]]:
    """Give every gene the fields that all tissues share: bodies, versions, variants tested, p-value thresholds."""
    genes, rng = world.genes, world.rng(SOURCE, "genes")
    n = len(genes.chrom)
    tss = genes.tss["GRCh38"] + 1
    length = np.array([world.genomes["GRCh38"].lengths[c] for c in genes.chrom.tolist()])
    body = np.exp(rng.normal(9, 1.2, n)).astype(np.int64) + 200
    is_plus = genes.strand == "+"
    number = np.array([int(g[-5:]) for g in genes.gene_id.tolist()])
    return {
        "gene_id": np.array([f"{g}.{1 + k % 9}" for g, k in zip(genes.gene_id.tolist(), number.tolist(), strict=True)]),
        "tss": tss,
        "gene_start": np.where(is_plus, tss, np.maximum(1, tss - body)),
        "gene_end": np.where(is_plus, np.minimum(length, tss + body), tss),
        "num_var": rng.integers(900, 11_000, n),
        "beta_shape1": rng.normal(1.04, 0.015, n),
        "beta_shape2": rng.uniform(180, 400, n),
        "threshold": 10 ** rng.normal(-3.7, 0.12, n),
    }


def _two_sided_z(p: Floats) -> Floats:
    """Give |z| of two-sided normal p-values by the rational approximation 26.2.23 of Abramowitz and Stegun (error below 5e-4)."""
    t = np.sqrt(-2 * np.log(np.clip(p, 1e-300, 1) / 2))
    z = t - (2.515517 + 0.802853 * t + 0.010328 * t**2) / (1 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3)
    return np.asarray(z, dtype=np.float64)


def _lead_variants(world: World, genes: Ints, rng: np.random.Generator) -> Ints:
    """Choose a common variant for each gene, mostly near its TSS and never beyond 1 Mb; rows of ``world.variants``."""
    variants = world.variants
    rows = np.zeros(len(genes), dtype=np.int64)
    chroms = world.genes.chrom[genes]
    for chrom in np.unique(chroms).tolist():
        here = np.flatnonzero(chroms == chrom)
        own = np.flatnonzero(variants.chrom == chrom)
        start, tss = variants.start[own], world.genes.tss["GRCh38"][genes[here]]
        lo, hi = np.searchsorted(start, tss - CIS_BP), np.searchsorted(start, tss + CIS_BP, side="right") - 1
        near = np.searchsorted(start, tss) + np.rint(rng.laplace(0, 25, len(here))).astype(np.int64)
        rows[here] = own[np.clip(near, lo, hi)]
    return rows


def _tissue(world: World, tissue: str, n: int, annotation: dict[str, npt.NDArray[Any]], exchanged: Bools) -> list[str]:
    rng, variants = world.rng(SOURCE, tissue), world.variants
    tested = np.flatnonzero(world.genes.chrom != "chrY")
    genes = np.sort(rng.permutation(tested)[:n]).astype(np.int64)
    n = len(genes)
    rows = _lead_variants(world, genes, rng)
    n_samples = int(rng.integers(73, 706))

    changes = variants.changes_motif[rows]
    threshold = annotation["threshold"][genes]
    significant = rng.random(n) < np.where(changes, P_SIGNIFICANT[True], P_SIGNIFICANT[False])
    log_p = np.log10(threshold) + np.where(significant, -0.05 - rng.exponential(6, n), rng.uniform(0.05, 1.6, n))
    p = 10 ** np.maximum(log_p, -290)
    effect = variants.delta[rows] @ MOTIF_SIGN
    sign = np.where((effect != 0) & (rng.random(n) < 0.9), np.sign(effect), rng.choice([-1, 1], n))
    swap = exchanged[rows]
    sign = np.where(swap, -sign, sign)  # the other allele is counted
    slope = sign * np.exp(rng.normal(-0.9, 0.5, n))
    slope_se = np.abs(slope) / _two_sided_z(p)
    p_beta = np.minimum(1.0, p * rng.uniform(60, 140, n))
    p_perm = np.maximum(9.999e-05, np.minimum(1.0, p_beta * rng.uniform(0.97, 1.03, n)))
    allele_count = np.maximum(4, rng.integers(1, n_samples + 1, n))
    minor_samples = np.minimum(allele_count, np.maximum((allele_count + 1) // 2, (allele_count * rng.uniform(0.75, 1, n)).astype(np.int64)))
    afc = np.clip(slope * rng.uniform(0.8, 1.6, n), -AFC_CAP, AFC_CAP)
    half_width = slope_se * rng.uniform(1.5, 3, n)
    upper = np.char.mod("%.6f", np.clip(afc + half_width, -AFC_CAP, AFC_CAP)).astype(object)
    upper[rng.random(n) < NO_UPPER_SHARE] = ""

    chrom, position = world.genes.chrom[genes], variants.start[rows] + 1
    ref = np.where(swap, variants.alt[rows], variants.ref[rows])
    alt = np.where(swap, variants.ref[rows], variants.alt[rows])
    ids = [f"{c}_{x}_{r}_{a}_b38" for c, x, r, a in zip(chrom.tolist(), position.tolist(), ref.tolist(), alt.tolist(), strict=True)]
    rs = np.array([f"rs{number}" for number in variants.rs[rows].tolist()], dtype=object)
    rs[np.isin(rows % 1000, range(round(1000 * NO_RS_SHARE)))] = "."  # by variant: it has no number in any tissue
    columns: dict[str, Any] = {
        "gene_id": annotation["gene_id"][genes],
        "gene_name": world.genes.symbol[genes],
        "gene_chr": chrom,
        "gene_start": annotation["gene_start"][genes],
        "gene_end": annotation["gene_end"][genes],
        "strand": world.genes.strand[genes],
        "num_var": annotation["num_var"][genes],
        "beta_shape1": annotation["beta_shape1"][genes],
        "beta_shape2": annotation["beta_shape2"][genes],
        "true_df": n_samples * rng.uniform(0.55, 0.8, n),
        "pval_true_df": np.minimum(1.0, p * rng.uniform(1, 5, n)),
        "variant_id": ids,
        "tss_distance": position - annotation["tss"][genes],
        "chr": chrom,
        "variant_pos": position,
        "ref": ref,
        "alt": alt,
        "num_alt_per_site": np.ones(n, dtype=np.int64),
        "rs_id_dbSNP151_GRCh38p7": rs,
        "minor_allele_samples": minor_samples,
        "minor_allele_count": allele_count,
        "maf": allele_count / (2 * n_samples),
        "ref_factor": np.where(rng.random(n) < 0.84, 1, -1),
        "pval_nominal": p,
        "slope": slope,
        "slope_se": slope_se,
        "pval_perm": p_perm,
        "pval_beta": p_beta,
        "qval": np.minimum(1.0, p_beta * rng.uniform(0.6, 0.9)),
        "pval_nominal_threshold": threshold,
        "log2_aFC": afc,
        "log2_aFC_lower": np.clip(afc - half_width, -AFC_CAP, AFC_CAP),
        "log2_aFC_upper": upper,
    }
    listed = [columns[name].tolist() if isinstance(columns[name], np.ndarray) else columns[name] for name in COLUMNS]
    return [_ROW % row for row in zip(*listed, strict=True)]
