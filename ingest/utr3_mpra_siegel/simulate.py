"""A simulated copy of the assay's files: stabilities, the pairs of each cell line, and predictions of both.

A reference is 160 bases of GRCh38; up to four more oligos have a base of it changed, or one taken out. Stability depends on what
:func:`~lrbstore.ingest.utr3_mpra_griesemer.simulate.effect` gives, and so do the predictions. As upstream: Beas2B has a fourth of the
oligos (NA elsewhere), tables of labels have no header, and a pair is two lines, the alternative above.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import NUCLEAR, World, gzip_text, letters, scaled
from lrbstore.ingest.utr3_mpra_griesemer.simulate import effect

SOURCE = "utr3_mpra_siegel"
PUBLISHED_OLIGOS, PUBLISHED_GROUPS = 31_054, 12_861
OLIGO_BP = 160
#: Cell line → share of the oligos with a stability, and noise.
CELL_LINES = {"Jurkat": (30_253 / PUBLISHED_OLIGOS, 1.0), "Beas2B": (7_613 / PUBLISHED_OLIGOS, 0.6)}


def simulate(world: World, out: Path) -> list[Path]:
    """Write the six files below ``out``; give their paths."""
    rng = world.rng(SOURCE, "oligos")
    sequences, reference = _oligos(world)
    n = len(sequences)
    true = effect(sequences)
    of = np.array(reference)
    predicted = 0.4 * true + rng.normal(0, 0.2, n)[of] + rng.normal(0, 0.05, n)  # most of what is not said is a reference's own
    stability = {}
    for line, (share, noise) in CELL_LINES.items():
        values = 0.5 * true + rng.normal(0, noise, n)[of] + rng.normal(0, 0.2, n)
        values[rng.random(n) >= share] = np.nan
        stability[line] = values
    stability["Jurkat"] = np.where(np.isnan(stability["Jurkat"]) & np.isnan(stability["Beas2B"]), 0.0, stability["Jurkat"])

    paths = [out / "fastUTR_mpra.txt.gz", out / "fastUTR_MPRA_predictions.txt.gz"]
    rows = [
        "\t".join([sequence, *("NA" if np.isnan(x) else f"{x:.12f}" for x in values)])
        for sequence, *values in zip(sequences, *(v.tolist() for v in stability.values()), strict=True)
    ]
    _write(world, paths[0], rows, [("short row", sequences[-1]), ("value is not a number", f"{sequences[-1][:-1]}\tlow\tNA")])
    _write(world, paths[1], ["seq\tPrediction", *(f"{s}\t{x:.12f}" for s, x in zip(sequences, predicted.tolist(), strict=True))])
    for line, values in stability.items():
        pairs = [(i, r) for i, r in enumerate(reference) if r != i and not np.isnan(values[i]) and not np.isnan(values[r])]
        paths += [out / f"fastUTR_mpra_{line}.txt.gz", out / f"fastUTR_MPRA_predictions_{line}.txt.gz"]
        _write(world, paths[-2], [row for i, r in pairs for row in (f"{sequences[i]}\t{values[i] - values[r]:.12f}", f"{sequences[r]}\t0")])
        told = (f"{sequences[i]}\t{predicted[i] - predicted[r]:.12f}" for i, r in pairs)
        _write(world, paths[-1], ["seq\tPrediction", *told])
    return paths


def _write(world: World, path: Path, rows: list[str], faults: list[tuple[str, str]] | None = None) -> None:
    with gzip_text(path) as write:
        write("".join(f"{row}\n" for row in rows))
        write("".join(world.fault_lines(SOURCE, path, len(rows) + 1, faults or [])))


def _oligos(world: World) -> tuple[list[str], list[int]]:
    """Draw sequences, all different, and of each the number of its reference: its own for a reference."""
    rng = world.rng(SOURCE, "places")
    n_oligos = scaled(world.scale, PUBLISHED_OLIGOS, 300)
    n_groups = max(1, round(n_oligos * PUBLISHED_GROUPS / PUBLISHED_OLIGOS))
    sequences: list[str] = []
    reference: list[int] = []
    known: set[str] = set()

    def add(sequence: str, of: int | None) -> None:
        if sequence not in known:
            known.add(sequence)
            reference.append(len(sequences) if of is None else of)
            sequences.append(sequence)

    chroms = np.sort(rng.integers(0, len(NUCLEAR), n_groups))
    for k in np.unique(chroms).tolist():
        codes = world.genomes["GRCh38"].codes(NUCLEAR[k])
        for first in rng.integers(0, len(codes) - OLIGO_BP, int(np.count_nonzero(chroms == k))).tolist():
            bases = "".join(letters(np.minimum(codes[first : first + OLIGO_BP], 3)).tolist())
            if bases in known:
                continue
            own = len(sequences)
            add(bases, None)
            for _ in range(int(rng.integers(0, 5))):
                at, new = int(rng.integers(20, OLIGO_BP - 20)), str(rng.choice(list("ACGT")))
                add(bases[:at] + (new if rng.random() < 0.9 else "") + bases[at + 1 :], own)
    return sequences, reference
