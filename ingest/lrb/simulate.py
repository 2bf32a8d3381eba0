"""Simulated files of the Genomics Long-Range Benchmark: bulk RNA expression, causal eQTL and CAGE, in its repository's layout.

File coordinates are 1-based, as the published loader reads them; bulk RNA lies on GRCh37, the rest on GRCh38.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lrbstore.ingest.simulation import (
    CONTIGS,
    EDGE_GENE_CONTIGS,
    MOTIF_SIGN,
    NUCLEAR,
    PROMOTER_FLANK_BP,
    PUBLISHED_TYPES,
    TISSUES,
    Bools,
    Floats,
    Ints,
    World,
    distance_stratum,
    scaled,
)

SOURCE = "lrb"
N_EXPRESSION_TISSUES = 218
BULK_TEST = frozenset({"chr8"})
EQTL_TEST = frozenset({"chr9", "chr10"})
PUBLISHED_BULK = {"train": 22_827, "test": 990}
PUBLISHED_EQTL = {"train": 89_060, "test": 8_862}
PUBLISHED_CAGE = {"train": 33_891, "validation": 2_195, "test": 1_922}

N_TRACKS = 50
BIN_BP = 128
N_BINS = 896
WINDOW_BP = BIN_BP * N_BINS  # 114,688
SHARD_ARRAYS = 1_000
SHARD_NAME = {"train": "train", "validation": "valid", "test": "test"}  # the coordinates say validation, the shards valid

#: Weight of the motif signal, and of the noise beside it, in a gene's expression.
TYPE_SIGNAL = {"protein_coding": (1.0, 0.55), "lincRNA": (0.25, 1.1)}
#: Share of the eQTL rows in the strata near, middle and far; and how often the label follows the motif there.
STRATUM_SHARE = (0.45, 0.33, 0.22)
LABEL_FIDELITY = (0.95, 0.80, 0.62)
REPEATED_SHARE = 0.25  # of the eQTL rows: a variant met before, in another tissue
EQTL_EDGE_CONTIGS = ("chr1", "chr2", "chr9", "chr10")


@dataclass(frozen=True)
class Counts:
    """Rows by task and split."""

    bulk: dict[str, int]
    eqtl: dict[str, int]
    cage: dict[str, int]
    eqtl_tissues: int


def counts(scale: float) -> Counts:
    """Give the rows of each file by split: the published counts at scale 1, and minima that keep every split and stratum filled."""
    eqtl = {
        "train": scaled(scale, PUBLISHED_EQTL["train"], 240),
        "test": scaled(scale, PUBLISHED_EQTL["test"], 60),
    }
    return Counts(
        bulk={"train": scaled(scale, PUBLISHED_BULK["train"], 200), "test": scaled(scale, PUBLISHED_BULK["test"], 40)},
        eqtl=eqtl,
        cage={split: scaled(scale, n, 4) for split, n in PUBLISHED_CAGE.items()},
        eqtl_tissues=min(len(TISSUES), max(3, sum(eqtl.values()) // 50)),
    )


def expression_tissues() -> list[str]:
    """Name the 218 columns of the expression matrix: GTEx tissues in words, then numbered cell lines."""
    words = [tissue.replace("_", " ") for tissue in TISSUES]
    return words + [f"Cell line {n:03d}" for n in range(1, N_EXPRESSION_TISSUES - len(words) + 1)]


def track_names() -> list[str]:
    """Name the 50 CAGE tracks."""
    words = [tissue.replace("_", " ") for tissue in TISSUES[:20]]
    return [f"CAGE:{name}" for name in (*words, *(f"Cell line {n:03d}" for n in range(1, N_TRACKS - len(words) + 1)))]


def simulate(world: World, out: Path) -> list[Path]:
    """Write the three tasks' files below ``out``; give their paths."""
    n = counts(world.scale)
    return [
        *_bulk(world, out / "bulk_rna_expression", n),
        *_eqtl(world, out / "variant_effect_causal_eqtl", n),
        *_cage(world, out / "cage_prediction", n),
    ]


# ------------------------------------------------------------------------------------------------------------------ bulk RNA


def _append(world: World, path: Path, n_rows: int, rows: list[tuple[str, str]]) -> None:
    """Append faulty rows behind a header line and ``n_rows`` rows."""
    lines = world.fault_lines(SOURCE, path, n_rows + 2, rows)
    if lines:
        with path.open("a", newline="") as handle:
            handle.writelines(lines)


def _write_mapping(path: Path, names: list[str]) -> Path:
    pl.DataFrame({"index": range(len(names)), "name": names}).write_csv(path)
    return path


def _bulk(world: World, folder: Path, n: Counts) -> list[Path]:
    folder.mkdir()
    rows = _choose_genes(world, n)
    genes, tissues = world.genes, expression_tissues()
    values = _expression(world, rows)
    coordinates = pl.DataFrame(
        {
            "id": genes.gene_id[rows],
            "symbol": genes.symbol[rows],
            "chrom": genes.chrom[rows],
            "strand": genes.strand[rows],
            "TSS": genes.tss["GRCh37"][rows] + 1,
            "CAGE_representative_TSS": genes.cage_tss["GRCh37"][rows] + 1,
            "type": genes.type[rows],
            "split": np.where(np.isin(genes.chrom[rows], list(BULK_TEST)), "test", "train"),
        }
    )
    paths = [folder / "gene_coordinates.csv", folder / "rna_expression_values.csv"]
    coordinates.write_csv(paths[0])
    pl.DataFrame(values, schema=tissues).write_csv(paths[1], float_precision=6)
    # The matrix has no key: a faulty row of one file needs a partner at the same place of the other.
    good = ",".join(["0.000000"] * N_EXPRESSION_TISSUES)
    gene = "ENSG00999999{0:03d},FAULT{0},chr3,+,200000,200000,protein_coding,train"
    first = ",".join(str(cell) for cell in coordinates.row(0))
    _append(
        world,
        paths[0],
        len(rows),
        [
            ("unknown chromosome", gene.format(1).replace("chr3", "chr99")),
            ("position is not a number", gene.format(2).replace("200000", "somewhere")),
            ("unknown strand", gene.format(3).replace("+", "?")),
            ("short row", ",".join(gene.format(4).split(",")[:5])),
            ("repeated gene id", first),
            ("", gene.format(6)),
            ("", gene.format(7)),
        ],
    )
    _append(
        world,
        paths[1],
        len(rows),
        [*[("", good)] * 5, ("value is not a number", good.replace("0.000000", "abc", 1)), ("short row", good.rpartition(",")[0])],
    )
    return [*paths, _write_mapping(folder / "label_mapping.csv", tissues)]


def _choose_genes(world: World, n: Counts) -> Ints:
    """Choose the genes by split and type, some at contig ends among them; rows of ``world.genes``, ordered by gene id."""
    genes, rng = world.genes, world.rng(SOURCE, "bulk genes")
    is_test = np.isin(genes.chrom, list(BULK_TEST))
    at_edge = _first_and_last(genes.chrom)
    share = PUBLISHED_TYPES["lincRNA"] / sum(PUBLISHED_TYPES.values())
    linc_test = round(n.bulk["test"] * share)
    linc_all = round(sum(n.bulk.values()) * share)
    wanted = {
        (True, "lincRNA"): linc_test,
        (True, "protein_coding"): n.bulk["test"] - linc_test,
        (False, "lincRNA"): linc_all - linc_test,
        (False, "protein_coding"): n.bulk["train"] - (linc_all - linc_test),
    }
    chosen = []
    for (test, kind), size in wanted.items():
        candidates = rng.permutation(np.flatnonzero((is_test == test) & (genes.type == kind)))
        edge_first = candidates[np.argsort(~at_edge[candidates], kind="stable")]
        chosen.append(edge_first[:size])
    rows = np.concatenate(chosen)
    return rows[np.argsort(genes.gene_id[rows])].astype(np.int64)


def _first_and_last(chrom: npt.NDArray[Any]) -> Bools:
    at_edge = np.zeros(len(chrom), dtype=np.bool_)
    for name in EDGE_GENE_CONTIGS:
        rows = np.flatnonzero(chrom == name)
        at_edge[rows[[0, -1]]] = True
    return at_edge


def promoter_counts(world: World, rows: Ints, assembly: str) -> Ints:
    """Count motifs in the gene's orientation from 1 kb before to 1 kb behind the CAGE TSS; int64 (genes, motifs)."""
    genes = world.genes
    found = np.zeros((len(rows), len(MOTIF_SIGN)), dtype=np.int64)
    for chrom in np.unique(genes.chrom[rows]).tolist():
        for strand, name in ((1, "+"), (-1, "-")):
            here = np.flatnonzero((genes.chrom[rows] == chrom) & (genes.strand[rows] == name))
            centre = genes.cage_tss[assembly][rows[here]]
            hits = world.genomes[assembly].hits[chrom]
            found[here] = hits.counts(centre - PROMOTER_FLANK_BP, centre + PROMOTER_FLANK_BP - 5, strand=strand)
    return found


def _expression(world: World, rows: Ints) -> Floats:
    """Draw log(1+x) values from the motif counts, standardised by tissue; float64 (genes, 218)."""
    rng = world.rng(SOURCE, "expression")
    motifs = promoter_counts(world, rows, "GRCh37").astype(np.float64)
    weights = MOTIF_SIGN * rng.uniform(0.6, 1.2, len(MOTIF_SIGN)) + rng.normal(0, 0.35, (N_EXPRESSION_TISSUES, len(MOTIF_SIGN)))
    signal = motifs @ weights.T
    signal = (signal - signal.mean(axis=0)) / signal.std(axis=0)
    part = np.array([TYPE_SIGNAL[kind] for kind in world.genes.type[rows]])
    gene_noise = rng.normal(0, 1, (len(rows), 1))
    noise = 0.7 * gene_noise + 0.7 * rng.normal(0, 1, signal.shape)
    values = np.log1p(np.exp(1.2 * (part[:, :1] * signal + part[:, 1:] * noise)))
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0), dtype=np.float64)


# ---------------------------------------------------------------------------------------------------------------------- eQTL


def _eqtl(world: World, folder: Path, n: Counts) -> list[Path]:
    folder.mkdir()
    variants = world.variants
    drawn = [_draw_eqtl(world, split, n.eqtl[split], n.eqtl_tissues) for split in ("train", "test")]
    rows, tissue, label = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    chrom, start = variants.chrom[rows], variants.start[rows]
    ref, alt = variants.ref[rows], variants.alt[rows]
    contig_number = np.array([CONTIGS.index(name) for name in chrom.tolist()])
    order = np.lexsort((start, contig_number, np.array(TISSUES)[tissue]))
    snp = [f"{c}_{p + 1}_{r}_{a}_b38" for c, p, r, a in zip(chrom.tolist(), start.tolist(), ref.tolist(), alt.tolist(), strict=True)]
    table = pl.DataFrame(
        {
            "CHROM": chrom,
            "POS": start + 1,
            "REF": ref,
            "ALT": alt,
            "SNP": snp,
            "label": label,
            "tissue": np.array(TISSUES)[tissue],
            "distance_to_nearest_TSS": variants.distance_bp[rows],
            "split": np.where(np.isin(chrom, list(EQTL_TEST)), "test", "train"),
        }
    )[order]
    path = folder / "All_Tissues.csv"
    table.write_csv(path)
    good = "chr3,{pos},{ref},{alt},chr3_200000_A_G_b38,{label},Liver,5000,train"
    fine = {"pos": "200000", "ref": "A", "alt": "G", "label": "1"}
    _append(
        world,
        path,
        table.height,
        [
            ("short row", "chr3,200000,A,G"),
            ("position is not a number", good.format(**{**fine, "pos": "2e5x"})),
            ("position below 1", good.format(**{**fine, "pos": "0"})),
            ("unknown chromosome", good.format(**fine).replace("chr3,", "chr99,", 1)),
            ("bad allele", good.format(**{**fine, "alt": "G?"})),
            ("unknown label", good.format(**{**fine, "label": "maybe"})),
            ("repeated row", ",".join(str(cell) for cell in table.row(0))),
        ],
    )
    return [path]


def _draw_eqtl(world: World, split: str, n: int, n_tissues: int) -> tuple[Ints, Ints, Ints]:
    """Draw variants by stratum and motif, half of them changing one; give variant rows, tissue numbers and labels, shape (n,)."""
    variants, rng = world.variants, world.rng(SOURCE, "eqtl", split)
    on_test = np.isin(variants.chrom, list(EQTL_TEST))
    mine = variants.is_snv & (on_test == (split == "test"))
    stratum, changes = distance_stratum(variants.distance_bp), variants.changes_motif
    n_distinct = n - int(REPEATED_SHARE * n)
    edge = np.flatnonzero(mine & variants.is_edge & np.isin(variants.chrom, EQTL_EDGE_CONTIGS))
    chosen = [edge[: n_distinct // 2]]
    for number, share in enumerate(STRATUM_SHARE):
        for change in (False, True):
            cell = mine & (stratum == number) & (changes == change)
            wanted = round(n_distinct * share / 2) - int(cell[chosen[0]].sum())
            cell[edge] = False
            chosen.append(rng.permutation(np.flatnonzero(cell))[: max(0, wanted)])
    distinct = np.concatenate(chosen)[:n_distinct]
    spare = np.setdiff1d(np.flatnonzero(mine), distinct)
    distinct = np.concatenate([distinct, rng.permutation(spare)[: n_distinct - len(distinct)]])  # rounding, or a stratum too thin
    tissue = rng.integers(0, n_tissues, len(distinct))
    again = rng.permutation(len(distinct))[: n - len(distinct)]
    rows = np.concatenate([distinct, distinct[again]])
    tissue = np.concatenate([tissue, (tissue[again] + rng.integers(1, n_tissues, len(again))) % n_tissues])
    label = changes[rows].astype(np.int64)
    for number, fidelity in enumerate(LABEL_FIDELITY):
        for change in (False, True):
            # Exact shares: in a small test split the strata must differ by design, not by luck.
            cell = rng.permutation(np.flatnonzero((stratum[rows] == number) & (changes[rows] == change)))
            label[cell[: round((1 - fidelity) * len(cell))]] ^= 1
    return rows.astype(np.int64), tissue.astype(np.int64), label


# ---------------------------------------------------------------------------------------------------------------------- CAGE


def _cage(world: World, folder: Path, n: Counts) -> list[Path]:
    folder.mkdir()
    tracks = _cage_tracks(world)
    shards = folder / "targets_subset"
    shards.mkdir()
    windows = _draw_windows(world, n)
    paths = [folder / "sequences_coordinates.csv"]
    n_rows = sum(n.cage.values())
    with paths[0].open("w", newline="") as handle:
        handle.write(",chrom,start,stop,split,npy_idx\n")
        row = 0
        for split, (chroms, first_bin) in windows.items():
            for index, (chrom, start) in enumerate(zip(chroms.tolist(), (first_bin * BIN_BP).tolist(), strict=True)):
                handle.write(f"{row},{chrom},{start + 1},{start + 1 + WINDOW_BP},{split},{index}\n")
                row += 1
    _append(
        world,
        paths[0],
        n_rows,
        [
            ("unknown chromosome", f"{n_rows},chr99,1281,{1281 + WINDOW_BP},train,0"),
            ("position is not a number", f"{n_rows + 1},chr3,here,{1281 + WINDOW_BP},train,0"),
            ("wrong length", f"{n_rows + 2},chr3,1281,{1280 + WINDOW_BP},train,0"),
            ("unknown split", f"{n_rows + 3},chr3,1281,{1281 + WINDOW_BP},holdout,0"),
            ("no such target", f"{n_rows + 4},chr3,1281,{1281 + WINDOW_BP},test,9999999"),
            ("short row", f"{n_rows + 5},chr3,1281"),
        ],
    )
    paths.append(_write_mapping(folder / "label_mapping.csv", track_names()))
    for split, (chroms, first_bin) in windows.items():
        name = SHARD_NAME[split]
        for lo in range(0, len(chroms), SHARD_ARRAYS):
            hi = min(lo + SHARD_ARRAYS, len(chroms))
            paths.append(shards / f"targets-{name}-{lo}-{hi - 1}.npz")
            arrays = ((f"target-{name}-{i}.npy", tracks[chroms[i]][first_bin[i] : first_bin[i] + N_BINS]) for i in range(lo, hi))
            _write_npz(paths[-1], arrays)
    return paths


def _write_npz(path: Path, arrays: Iterator[tuple[str, npt.NDArray[np.uint8]]]) -> None:
    """Write what ``numpy.savez_compressed(path, **{key: float32[None]})`` would, one array in memory at a time, and less hard.

    The published keys end in ``.npy`` themselves, so that the archive's members end in ``.npy.npy``.
    """
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for key, halves in arrays:
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, halves.astype(np.float32)[None] / 2, allow_pickle=False)
            member = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(member, buffer.getvalue(), compress_type=zipfile.ZIP_DEFLATED, compresslevel=4)


def _cage_tracks(world: World) -> dict[str, npt.NDArray[np.uint8]]:
    """Draw the tracks of every contig that has windows: halves of counts, uint8 (bins, 50), so that overlapping windows agree.

    The mean of a bin is a little background plus, by track, a weight for each activator; repressors in the bin or beside it damp it.
    """
    rng = world.rng(SOURCE, "cage weights")
    activators, repressors = MOTIF_SIGN > 0, MOTIF_SIGN < 0
    used = rng.random((int(activators.sum()), N_TRACKS)) < 0.4
    used[rng.integers(0, len(used), N_TRACKS), np.arange(N_TRACKS)] = True  # every track has a signal
    weights = np.where(used, rng.uniform(0.8, 4.0, used.shape), 0.0)
    tracks = {}
    for chrom in NUCLEAR[:-1]:
        noise = world.rng(SOURCE, "cage", chrom)
        genome = world.genomes["GRCh38"]
        edges = np.arange(0, genome.lengths[chrom], BIN_BP, dtype=np.int64)
        found = genome.hits[chrom].counts(edges, edges + BIN_BP).astype(np.float64)
        damping = 0.3 ** np.minimum(found[:, repressors].sum(axis=1), 3)
        mean = 0.02 + (found[:, activators] @ weights) * damping[:, None]
        tracks[chrom] = np.minimum(noise.poisson(mean), 255).astype(np.uint8)
    return tracks


def _draw_windows(world: World, n: Counts) -> dict[str, tuple[npt.NDArray[Any], Ints]]:
    """Draw distinct windows on the bins' grid by split: contigs and first bins, the first ones of each split near contig ends.

    In each split one begins, and one ends, within 8 kb of a contig's end, so that a 131,072-bp input leaves it. The first two
    training windows begin at the first base and end with the last base of a contig.
    """
    rng = world.rng(SOURCE, "cage windows")
    chroms = NUCLEAR[:-1]
    n_starts = np.array([world.genomes["GRCh38"].lengths[c] // BIN_BP - N_BINS + 1 for c in chroms])
    ends = np.cumsum(n_starts)
    # Bins from either contig end, by split; all are below 64 bins = 8,192 bp, by which a 131,072-bp input exceeds the labelled window.
    from_ends = {"train": (0, 0), "validation": (9, 11), "test": (23, 37)}
    special = {}
    for number, (split, (from_start, from_end)) in enumerate(from_ends.items()):
        first, second = number * 2, number * 2 + 1  # two contigs a split: chr1 and chr2, …
        special[split] = np.array([ends[first] - n_starts[first] + from_start, ends[second] - 1 - from_end])
    taken = np.concatenate(list(special.values()))
    chosen = rng.choice(int(n_starts.sum()), sum(n.cage.values()) + len(taken), replace=False)
    chosen = chosen[~np.isin(chosen, taken)]
    drawn, at = {}, 0
    for split, size in n.cage.items():
        window = np.concatenate([special[split], chosen[at : at + size - 2]])
        contig = np.searchsorted(ends, window, side="right")
        drawn[split] = (np.array(chroms)[contig], (window - (ends - n_starts)[contig]).astype(np.int64))
        at += size - 2
    return drawn
