"""Simulated DIDA: digenic combinations, their variants on GRCh37, and the table of the digenic-effect predictor.

The provider's quirks are kept: files named csv are tab-separated with quoted cells and a tab at the end of each line; the predictor's table
has commas and ends its lines in CRLF.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.olida.simulate import MOTIF_SHARE, Allele, draw_alleles, draw_genes
from lrbstore.ingest.simulation import World, scaled

SOURCE = "dida"
COMBINATIONS = 258
EFFECT_SHARES = {"N/A": 0.36, "TD": 0.35, "CO": 0.29}
HOMOZYGOUS_SHARE, COMPOUND_SHARE = 0.1, 0.08  # of the genes of a combination
WILD = ("wild type", "wild type")

_ALLELES = [f"Allele {allele} Gene {{}} {kind} change" for allele in (1, 2) for kind in ("cDNA", "protein")]
COMBS = (
    *("ID", "Gene A", *(name.format("A") for name in _ALLELES), "Gene B", *(name.format("B") for name in _ALLELES)),
    *("Disease name (ORPHANET)", "Oligogenic effect", "Gene relationship"),
)
VARS = (
    *("ID", "Genomic position", "Chromosome", "Ref allele", "Alt allele", "Gene name", "cDNA change", "Protein change"),
    "Variant effect",
)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the three files below ``out``; give their paths."""
    rng = world.rng(SOURCE)
    n = scaled(world.scale, COMBINATIONS, 30)
    pairs = np.stack(draw_genes(world, rng, [2] * n))
    alleles = draw_alleles(world, np.repeat(pairs, 2, axis=1).reshape(-1), rng, MOTIF_SHARE)
    # A change is looked up by gene and cDNA: an allele that another shares them with takes the other's place.
    known: dict[tuple[str, str], Allele] = {}
    alleles = [known.setdefault((allele.symbol, allele.cdna), allele) for allele in alleles]
    used: dict[Allele, None] = {}
    combs, full = [], []
    for number in range(n):
        cells: list[str] = []
        n_mutated = 0
        for gene in range(2):
            first, second = alleles[4 * number + 2 * gene], alleles[4 * number + 2 * gene + 1]
            u = rng.random()
            other = first if u < HOMOZYGOUS_SHARE else second if u < HOMOZYGOUS_SHARE + COMPOUND_SHARE else None
            used |= dict.fromkeys(allele for allele in (first, other) if allele is not None)
            n_mutated += 1 + (other is not None)
            cells += [first.symbol, first.cdna, first.protein, *((other.cdna, other.protein) if other else WILD)]
        effect = str(rng.choice(list(EFFECT_SHARES), p=list(EFFECT_SHARES.values())))
        disease = f"Simulated disease {int(rng.integers(1, 45))}"
        combs.append((f"dd{number + 1:03d}", *cells, disease, effect, "none"))
        pair = f"{cells[0]}/{cells[5]}"
        full.append(
            (f"dd{number + 1:03d}", f"{rng.normal(3, 1):.5f}", str(n_mutated), {"N/A": "UK"}.get(effect, effect), pair, "0", disease)
        )
    listed = [
        *(
            (str(i), str(a.start_37 + 1), a.chrom.removeprefix("chr"), a.ref, a.alt, a.symbol, a.cdna, a.protein, a.effect)
            for i, a in enumerate(used, start=1)
        )
    ]
    faulty_comb = [("short row", _quoted(combs[0][:3])), ("repeated id", _quoted(combs[0]))]
    bad = listed[0]
    faulty_var = [
        ("short row", _quoted(bad[:4])),
        ("unknown chromosome", _quoted(("90001", bad[1], "77", *bad[3:]))),
        ("position is not a number", _quoted(("90002", "somewhere", *bad[2:]))),
    ]
    paths = [
        _write(world, out / "DIDA_combs.csv", [_quoted(COMBS), *map(_quoted, combs)], faulty_comb),
        _write(world, out / "DIDA_vars.csv", [_quoted(VARS), *map(_quoted, listed)], faulty_var),
    ]
    path = out / "dida_v2_full.csv"
    header = ("DidaID", "CADD1", "AllelicState", "DE", "Pair", "Orphanet", "Name")
    path.write_text("".join(",".join(row) + "\r\n" for row in [header, *full]), encoding="utf-8", newline="")
    return [*paths, path]


def _quoted(cells: tuple[str, ...]) -> str:
    return "".join(f'"{cell}"\t' for cell in cells)


def _write(world: World, path: Path, lines: list[str], faulty: list[tuple[str, str]]) -> Path:
    text = [line + "\n" for line in lines]
    text += world.fault_lines(SOURCE, path, len(text) + 1, faulty)
    path.write_text("".join(text), encoding="utf-8", newline="")
    return path
