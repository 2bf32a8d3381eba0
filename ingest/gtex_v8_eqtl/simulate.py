"""Simulated GTEx v8 eQTL files: the lead variant of every tested gene, and pairs of the significant ones.

``*.v8.egenes.txt.gz`` has one row per tested gene, 33 columns in the provider's order and number formats;
``*.v8.signif_variant_gene_pairs.txt.gz`` has, for each significant gene, its lead variant and up to two variants beside it.

The lead variant of a gene is a common variant near its TSS. A nominal p-value below the gene's threshold is likelier when the variant
changes a motif, and the slope's sign tells the direction: losing an activator or making a repressor lowers expression. A share of the
variants has REF and ALT swapped, which a check against the genome has to find. Missing values look as in the real files: ``.`` for the
rs number, an empty last cell. The sQTL files are drawn by the same functions.
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
PAIR_COLUMNS = (
    *("variant_id", "gene_id", "tss_distance", "ma_samples", "ma_count", "maf", "pval_nominal", "slope", "slope_se"),
    *("pval_nominal_threshold", "min_pval_nominal", "pval_beta"),
)
MORE_PAIRS = 2  # of a significant gene, at most: GTEx has hundreds
_FORMATS = {
    **dict.fromkeys(("beta_shape1", "beta_shape2", "true_df", "pval_true_df", "maf", "pval_nominal", "slope", "slope_se"), "%.6g"),
    **dict.fromkeys(("pval_perm", "pval_beta", "qval", "pval_nominal_threshold", "min_pval_nominal"), "%.6g"),
    **dict.fromkeys(("log2_aFC", "log2_aFC_lower"), "%.6f"),
}

Columns = dict[str, Any]  # column → values, one a row; beside upstream's columns, "variant" holds rows of world.variants


def counts(scale: float) -> dict[str, int]:
    """Give the rows by tissue: 49 tissues of 24,652 or 24,653 at scale 1, fewer tissues (at least 3) and genes below."""
    return spread(scale, PUBLISHED_ROWS)


def spread(scale: float, published_rows: int) -> dict[str, int]:
    """Spread a published number of rows over the tissues: as even as can be; at least 3 tissues, of at least 200 rows."""
    check_scale(scale)
    n_tissues = min(len(TISSUES), max(3, math.ceil(len(TISSUES) * scale ** (1 / 3) - 1e-9)))
    total = max(200 * n_tissues, round(published_rows * scale))
    return {tissue: total // n_tissues + (number < total % n_tissues) for number, tissue in enumerate(TISSUES[:n_tissues])}


def swapped(world: World) -> Bools:
    """Say which of the world's variants GTEx gives with REF and ALT exchanged: about ``SWAPPED_SHARE``, SNVs only; shape (n,)."""
    drawn = world.rng(SOURCE, "swapped").random(len(world.variants.start)) < SWAPPED_SHARE
    return np.asarray(drawn & world.variants.is_snv, dtype=np.bool_)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the two files of every tissue below ``out``; give their paths."""
    annotation = annotate(world)
    exchanged = swapped(world)
    paths: list[Path] = []
    for tissue, n in counts(world.scale).items():
        columns = tested(world, SOURCE, tissue, n, annotation, exchanged)
        path, pairs_path = out / f"{tissue}.v8.egenes.txt.gz", out / f"{tissue}.v8.signif_variant_gene_pairs.txt.gz"
        write_table(path, COLUMNS, columns, world, SOURCE, FAULTS if not paths else ())
        write_table(pairs_path, PAIR_COLUMNS, pairs(world, SOURCE, tissue, columns, exchanged, key="gene_id"), world, SOURCE, ())
        paths += [path, pairs_path]
    return paths


#: Faulty rows of an egenes or sgenes file: what is wrong, and the cells that are not as they should be.
FAULTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("position is not a number", {"variant_pos": "unknown"}),
    ("unknown chromosome", {"chr": "chr99", "gene_chr": "chr99"}),
    ("bad allele", {"alt": "<DEL>"}),
    ("p-value is not a number", {"pval_nominal": "tiny"}),
    ("p-value outside 0 to 1", {"pval_nominal": "1.5"}),
    ("repeated row", {}),
)


def write_table(
    path: Path, names: tuple[str, ...], columns: Columns, world: World, source: str, faults: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    """Write rows in the provider's number formats, and behind them, where the world has faults and any are asked for, faulty ones."""
    row = "\t".join(_FORMATS.get(name, "%s") for name in names) + "\n"
    listed = [columns[name].tolist() if isinstance(columns[name], np.ndarray) else columns[name] for name in names]
    lines = [row % cells for cells in zip(*listed, strict=True)]
    with gzip_text(path) as write:
        write("\t".join(names) + "\n")
        for at in range(0, len(lines), 5_000):
            write("".join(lines[at : at + 5_000]))
        if faults:
            cells = dict(zip(names, lines[0].rstrip("\n").split("\t"), strict=True))
            rows = [
                ("short row", "\t".join(list(cells.values())[:20])),
                *((kind, "\t".join({**cells, **bad}.values())) for kind, bad in faults),
            ]
            write("".join(world.fault_lines(source, path, len(lines) + 2, rows)))


def annotate(world: World) -> dict[str, npt.NDArray[Any]]:
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


def tested(world: World, source: str, tissue: str, n: int, annotation: dict[str, npt.NDArray[Any]], exchanged: Bools) -> Columns:
    """Draw the tested genes of a tissue with their lead variants.

    Args:
        world: The world.
        source: Whose random stream is drawn from.
        tissue: A name of ``TISSUES``.
        n: Genes.
        annotation: Of every gene of the world, from :func:`annotate`.
        exchanged: Of every variant, from :func:`swapped`.

    Returns:
        Upstream's columns, of n rows in the order of the world's genes; and ``gene`` and ``variant``, rows of the world's tables.
    """
    rng, variants = world.rng(source, tissue), world.variants
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
    ref, alt, ids = _spell(world, rows, exchanged)
    rs = np.array([f"rs{number}" for number in variants.rs[rows].tolist()], dtype=object)
    rs[np.isin(rows % 1000, range(round(1000 * NO_RS_SHARE)))] = "."  # by variant: it has no number in any tissue
    return {
        "gene": genes,
        "variant": rows,
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


def _spell(world: World, rows: Ints, exchanged: Bools) -> tuple[npt.NDArray[Any], npt.NDArray[Any], list[str]]:
    """Give REF, ALT and GTEx's id of variants, as GTEx gives them."""
    variants, swap = world.variants, exchanged[rows]
    ref = np.where(swap, variants.alt[rows], variants.ref[rows])
    alt = np.where(swap, variants.ref[rows], variants.alt[rows])
    cells = zip(variants.chrom[rows].tolist(), (variants.start[rows] + 1).tolist(), ref.tolist(), alt.tolist(), strict=True)
    return ref, alt, [f"{c}_{x}_{r}_{a}_b38" for c, x, r, a in cells]


def pairs(world: World, source: str, tissue: str, leads: Columns, exchanged: Bools, *, key: str) -> Columns:
    """Draw the significant pairs of a tissue: each significant lead variant, and up to ``MORE_PAIRS`` variants behind it.

    A further variant's p-value lies between the lead's and the gene's threshold, its slope has the lead's sign.

    Args:
        world: The world.
        source: Whose random stream is drawn from.
        tissue: A name of ``TISSUES``.
        leads: What :func:`tested` gave.
        exchanged: Of every variant, from :func:`swapped`.
        key: The column that names what is associated: ``gene_id`` or ``phenotype_id``.

    Returns:
        Upstream's columns of a pairs file.
    """
    rng, variants = world.rng(source, tissue, "pairs"), world.variants
    at = np.flatnonzero(leads["pval_nominal"] < leads["pval_nominal_threshold"])
    more = rng.integers(0, MORE_PAIRS + 1, len(at))
    step = np.concatenate([np.arange(n + 1) for n in more.tolist()]).astype(np.int64)
    at = np.repeat(at, more + 1)
    rows = leads["variant"][at] + step
    position = leads["variant_pos"][at] - leads["tss_distance"][at]  # of the TSS
    rows = np.minimum(rows, len(variants.start) - 1)
    kept = (step == 0) | (
        (variants.chrom[rows] == leads["chr"][at]) & (np.abs(variants.start[rows] + 1 - position) <= CIS_BP) & (rows > leads["variant"][at])
    )
    at, rows, is_lead = at[kept], rows[kept], (step == 0)[kept]

    best, threshold = leads["pval_nominal"][at], leads["pval_nominal_threshold"][at]
    share = np.where(is_lead, 0.0, rng.uniform(0.05, 0.9, len(at)))
    p = np.where(is_lead, best, best ** (1 - share) * threshold**share)
    slope = leads["slope"][at] * np.where(is_lead, 1.0, rng.uniform(0.5, 1, len(at)))
    slope = np.where(exchanged[rows] != exchanged[leads["variant"][at]], -slope, slope)
    return {
        "variant_id": _spell(world, rows, exchanged)[2],
        key: [leads[key][i] for i in at.tolist()],
        "tss_distance": variants.start[rows] + 1 - position[kept],
        "ma_samples": leads["minor_allele_samples"][at],
        "ma_count": leads["minor_allele_count"][at],
        "maf": leads["maf"][at],
        "pval_nominal": p,
        "slope": slope,
        "slope_se": np.abs(slope) / _two_sided_z(p),
        "pval_nominal_threshold": threshold,
        "min_pval_nominal": best,
        "pval_beta": leads["pval_beta"][at],
    }
