"""A simulated copy of the assay's files: measurements, the same with predictions, and the FASTA files of two libraries.

Variants are single-base ones of the world, so that their rsIDs are found again in other sources; oligos are 101 bases of GRCh38 around
them. What is measured depends on an oligo's motifs and its share of A and T, and so do the predictions, each with noise of its own.
Besides, as upstream: placements at an end (_5'_End) and second ones (_2), variants with a strand (_+, _-) whose oligos have other names,
rows that are NA in every cell line, oligos of several names, and oligos with further changes (_bash_).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.ingest.simulation import MOTIFS, Floats, World, gzip_text, letters, scaled

SOURCE = "utr3_mpra_griesemer"
PUBLISHED_VARIANTS = 15_266
OLIGO_BP = 101
NA_SHARE = 63 / PUBLISHED_VARIANTS
STRANDED_SHARE = 129 / PUBLISHED_VARIANTS
#: Cell line → how strongly the simulated values depend on the sequence.
CELL_LINES = {"HEK293FT": 0.3, "HEPG2": 0.2, "HMEC": 1.0, "K562": 0.8, "GM12878": 0.4, "SKNSH": 0.6}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def effect(sequences: Sequence[str]) -> Floats:
    """Give what a simulated reporter shows of sequences, without noise: of their motifs on both strands, and their A and T; shape (n,)."""
    told = []
    for sequence in sequences:
        other = sequence.translate(_COMPLEMENT)[::-1]
        motifs = sum(sign * (sequence.count(motif) + other.count(motif)) for _, motif, sign in MOTIFS)
        told.append(1.5 * motifs - 12.0 * ((sequence.count("A") + sequence.count("T")) / len(sequence) - 0.5))
    return np.array(told, dtype=np.float64)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the four files below ``out``; give their paths."""
    rng = world.rng(SOURCE, "variants")
    rows = np.flatnonzero(world.variants.is_snv & ~world.variants.is_edge)
    n = min(scaled(world.scale, PUBLISHED_VARIANTS, 120), len(rows))
    rows = np.sort(rng.permutation(rows)[:n])
    kinds = rng.choice(["", "_5'_End", "_2"], n, p=[0.8, 0.08, 0.12]).tolist()
    placed = [(str(name), kind) for name, kind in zip((f"rs{number}" for number in world.variants.rs[rows].tolist()), kinds, strict=True)]
    ref, alt = _oligos(world, rows, kinds)
    is_stranded = rng.random(n) < STRANDED_SHARE
    is_stranded[:1], is_na = True, rng.random(n) < NA_SHARE
    is_na[1:2] = True
    names = [f"{name}{kind}" + ("_+" if stranded else "") for (name, kind), stranded in zip(placed, is_stranded.tolist(), strict=True)]

    true = {"Ref": effect(ref), "Alt": effect(alt)}
    columns: dict[str, npt.NDArray[Any]] = {}
    for line, gain in CELL_LINES.items():
        of = {allele: gain * values + rng.normal(0, 1, n) for allele, values in true.items()}
        for allele, values in {"Skew": of["Alt"] - of["Ref"], **of}.items():
            columns[f"log2FoldChange_{allele}_{line}"] = values
    predicted = {allele: 0.3 * values + rng.normal(0, 0.2, n) for allele, values in true.items()}

    measured, with_predictions = out / "fastUTR_mpra.txt.gz", out / "fastUTR_mpra_with_predictions.txt.gz"
    cells = [
        "\t".join([name, *("NA" if na else f"{x:.15f}" for x in values)])
        for name, na, values in zip(names, is_na.tolist(), np.stack(list(columns.values()), axis=1).tolist(), strict=True)
    ]
    header = "\t".join(["mpra_variant_id", *columns])
    _write(world, measured, header, cells)
    told = [
        "\t".join([f"{a:.12f}", f"{b:.12f}", f"{_gc(r):.3f}", f"{s:.3f}", row])
        for a, b, r, s, row, stranded in zip(
            predicted["Ref"].tolist(), predicted["Alt"].tolist(), ref, map(_gc, alt), cells, is_stranded.tolist(), strict=True
        )
        if not stranded
    ]
    _write(world, with_predictions, "\t".join(["Ref_pred", "Alt_pred", "Ref_GC", "Alt_GC", header]), told)
    return [measured, with_predictions, *_write_libraries(out, placed, is_stranded.tolist(), ref, alt)]


def _gc(sequence: str) -> float:
    return (sequence.count("G") + sequence.count("C")) / len(sequence)


def _write(world: World, path: Path, header: str, rows: list[str]) -> None:
    """Write a table, and behind it, where the world has faults, faulty rows."""
    bad = rows[-1].split("\t")
    with gzip_text(path) as write:
        write(f"{header}\n" + "".join(f"{row}\n" for row in rows))
        faults = [("short row", "\t".join(bad[:-3])), ("value is not a number", "\t".join([*bad[:-1], "low"]))]
        write("".join(world.fault_lines(SOURCE, path, len(rows) + 2, faults)))


def _oligos(world: World, rows: npt.NDArray[np.int64], kinds: list[str]) -> tuple[list[str], list[str]]:
    """Cut the oligos of variants with REF and with ALT out of GRCh38; the variant lies in the middle, or nearer to an end."""
    variants = world.variants
    ref, alt = [""] * len(rows), [""] * len(rows)
    chroms = variants.chrom[rows]
    for chrom in np.unique(chroms).tolist():
        codes = world.genomes["GRCh38"].codes(chrom)
        for i in np.flatnonzero(chroms == chrom).tolist():
            before = {"": 50, "_5'_End": 20, "_2": 70}[kinds[i]]
            first = int(variants.start[rows[i]]) - before
            bases = "".join(letters(np.minimum(codes[first : first + OLIGO_BP], 3)).tolist())
            ref[i] = bases
            alt[i] = bases[:before] + str(variants.alt[rows[i]]) + bases[before + 1 :]
    return ref, alt


def _write_libraries(out: Path, placed: list[tuple[str, str]], stranded: list[bool], ref: list[str], alt: list[str]) -> list[Path]:
    """Write the FASTA files: the allele stands before a second placement's number; every ninth oligo is in the second library alone."""
    records: list[list[tuple[str, str]]] = [[], []]
    for i, (name, kind) in enumerate(placed):
        for allele, sequence in (("ref", ref[i]), ("alt", alt[i])):
            own = f"{name}_{allele}{kind}" if kind == "_2" else f"{name}{kind}_{allele}"
            other = i % 9 == 1
            further = other and i % 2 == 0
            records[int(other)].append((f"{own}/{name}_{allele}_bash_p1A" if further and not stranded[i] else own, sequence))
    records[1].append(("randomSeq_1", "ACGT" * 25))
    paths = [out / "ENCFF770UJN.fasta.gz", out / "ENCFF090JTW.fasta.gz"]
    for path, some in zip(paths, records, strict=True):
        with gzip_text(path) as write:
            write("".join(f">{name}\n{sequence}\n" for name, sequence in some))
    return paths
