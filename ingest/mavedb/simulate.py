"""A simulated MaveDB bulk dump: ``main.json``, and below ``csv/`` the scores and annotations of every score set.

Targets are cut from the simulated GRCh38 at genes: promoters (``n.``) around a CAGE TSS, coding ones (``c.``) from the TSS on, on the
gene's strand; so every mapped ``hgvs_g`` names the base that the FASTA has. A single-base change scores by the motifs that it makes or
breaks, on a scale of its score set's own. Besides: codons replaced, deletions, insertions, several changes in a row, wild type, score
NA, rows with a protein change alone, score sets with a protein as target, further columns of a score set's own. One score set is
held in memory at a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lrbstore.ingest.simulation import CONTIGS, MOTIF_SIGN, Codes, Floats, Ints, World, check_scale, letters, motif_delta, scaled

SOURCE = "mavedb"
DATE = "2025-06-12"
PUBLISHED_SETS, PUBLISHED_DNA_SETS = 1_373, 1_304  # GV-Rep, of its MAVE task
PUBLISHED_ROWS, PUBLISHED_USABLE = 6_456_426, 3_166_541  # usable: a change of a DNA target, with a score
PROTEIN_SHARE = 0.35  # of the rows that are not usable: in score sets of protein targets
NO_SCORE_SHARE = 0.1  # of the other unusable rows: a nucleotide change whose score is NA; the rest have a protein change alone
SNV_SHARE = 0.8
UNMAPPED_SHARE = 0.02
PROMOTER_SHARE = 0.3
TARGET_BP = (90, 1_500)

#: Versions of the RefSeq accessions NC_000001 … NC_000024 on GRCh38.
_NC_VERSION = (11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10)
#: Amino acids of the codons AAA, AAC, AAG, … TTT.
_AMINO = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
_LONG = dict(zip("ARNDCEQGHILKMFPSTWYV*", ["Ala", "Arg", "Asn", "Asp", "Cys", "Glu", "Gln", "Gly", "His", "Ile", "Leu", "Lys", "Met",
                 "Phe", "Pro", "Ser", "Thr", "Trp", "Tyr", "Val", "Ter"], strict=True))  # fmt: skip
_RESIDUES = [name for letter, name in _LONG.items() if letter != "*"]
_LICENCES = (
    ("CC0", "CC0 (Public domain)"),
    ("CC BY 4.0", "CC BY 4.0 (Attribution)"),
    ("CC BY-NC-SA 4.0", "CC BY-NC-SA 4.0 (Attribution-NonCommercial-ShareAlike)"),
)


@dataclass(frozen=True)
class Counts:
    """How many score sets there are, how many with a DNA target, and how many rows, in all and usable."""

    sets: int
    dna_sets: int
    rows: int
    usable: int


@dataclass(frozen=True)
class Target:
    """A stretch of GRCh38, 0-based half-open, read on a gene's strand; ``codes`` are the target's own."""

    gene: int
    chrom: str
    start: int
    end: int
    is_plus: bool
    is_promoter: bool
    codes: Codes
    around: Codes  # the contig's codes from ``offset`` on, a few bases more than the target on either side

    @property
    def offset(self) -> int:
        """0-based position of the first base of ``around``."""
        return max(0, self.start - 16)

    def places(self, at: Ints) -> Ints:
        """Map 0-based places of the target to 0-based positions of the contig."""
        return np.asarray(self.start + at if self.is_plus else self.end - 1 - at, dtype=np.int64)

    def plus(self, codes: Codes) -> Codes:
        """Turn codes of the target's strand into those of the plus strand."""
        return codes if self.is_plus else (3 - codes).astype(np.uint8)


def counts(scale: float) -> Counts:
    """Give the published counts times the scale; never fewer than 6 score sets and 1,200 rows."""
    check_scale(scale)
    sets, rows = scaled(scale, PUBLISHED_SETS, 6), scaled(scale, PUBLISHED_ROWS, 1_200)
    return Counts(
        sets, round(sets * PUBLISHED_DNA_SETS / PUBLISHED_SETS) - (sets < 20), rows, round(rows * PUBLISHED_USABLE / PUBLISHED_ROWS)
    )


def simulate(world: World, out: Path) -> list[Path]:
    """Write the dump below ``out``; give the paths."""
    (out / "csv").mkdir()
    n, rng = counts(world.scale), world.rng(SOURCE, "sets")
    usable, other, proteins = _rows(n, rng)
    paths: list[Path] = []
    score_sets: list[dict[str, Any]] = []
    for number, target in enumerate(_targets(world, usable, rng)):
        urn = f"urn:mavedb:9{number:07d}-a-1"
        paths += _write_dna_set(world, out, urn, number, target, int(usable[number]), int(other[number]))
        name = str(world.genes.symbol[target.gene]) + (" promoter" if target.is_promoter else "")
        ids = [{"identifier": {"dbName": "Ensembl", "identifier": str(world.genes.gene_id[target.gene])}, "offset": 0}]
        sequence = "".join(letters(target.codes).tolist())
        about = "Reporter expression" if target.is_promoter else "Fitness"
        score_sets.append(_metadata(number, urn, int(usable[number] + other[number]), name, sequence, "dna", ids, about))
    for number, rows in enumerate(proteins.tolist(), start=n.dna_sets):
        urn = f"urn:mavedb:9{number:07d}-a-1"
        own = world.rng(SOURCE, "set", number)
        sequence = "M" + "".join(own.choice([*_LONG][:-1], 200).tolist())
        path = _path(out, urn, "scores")
        with path.open("w", encoding="utf-8", newline="\n") as handle:
            handle.write("accession,hgvs_nt,hgvs_splice,hgvs_pro,scores.score\n")
            changes, values = _protein_changes(sequence, rows, own), own.normal(0, 1, rows).tolist()
            handle.writelines(f"{urn}#{k},NA,NA,{c},{v:.6g}\n" for k, (c, v) in enumerate(zip(changes, values, strict=True), 1))
        paths.append(path)
        score_sets.append(_metadata(number, urn, rows, f"Protein {number}", sequence, "protein", [], "Abundance"))
    main = out / "main.json"
    groups = [{"urn": s["urn"][:-4], "experiments": [{"urn": s["urn"][:-2], "title": s["title"], "scoreSets": [s]}]} for s in score_sets]
    main.write_text(json.dumps({"title": "Simulated MaveDB", "asOf": f"{DATE}T00:00:00Z", "experimentSets": groups}), encoding="utf-8")
    return [main, *paths]


def targets(world: World) -> list[Target]:
    """Give the DNA targets that :func:`simulate` writes score sets for, in their order: other sources classify variants of them."""
    rng = world.rng(SOURCE, "sets")
    usable, _, _ = _rows(counts(world.scale), rng)
    return _targets(world, usable, rng)


def _rows(n: Counts, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Share the rows out: usable and other ones of each DNA score set, and those of each score set of a protein."""
    weights = np.exp(rng.normal(0, 0.8, n.dna_sets))
    of_proteins = round((n.rows - n.usable) * PROTEIN_SHARE)
    usable, other = _share(n.usable, weights), _share(n.rows - n.usable - of_proteins, weights)
    return usable, other, _share(of_proteins, np.exp(rng.normal(0, 0.8, n.sets - n.dna_sets)))


def _path(out: Path, urn: str, kind: str) -> Path:
    return out / "csv" / f"{urn.replace(':', '-')}.{kind}.csv"


def _metadata(
    number: int, urn: str, rows: int, name: str, sequence: str, kind: str, ids: list[dict[str, Any]], about: str
) -> dict[str, Any]:
    short, long = _LICENCES[number % len(_LICENCES)]
    taxonomy = {"taxId": 9606, "organismName": "Homo sapiens"}
    return {
        "urn": urn,
        "title": f"{about} of {name} variants",
        "shortDescription": f"Simulated scores of variants of {name}.",
        "abstractText": "",
        "methodText": "",
        "numVariants": rows,
        "publishedDate": DATE,
        "license": {"shortName": short, "longName": long},
        "targetGenes": [
            {
                "name": name,
                "category": "regulatory" if name.endswith("promoter") else "protein_coding",
                "targetSequence": {"sequence": sequence, "sequenceType": kind, "taxonomy": taxonomy},
                "externalIdentifiers": ids,
            }
        ],
        "primaryPublicationIdentifiers": [{"dbName": "PubMed", "identifier": str(99_000_000 + number)}],
        "secondaryPublicationIdentifiers": [],
    }


def _share(total: int, weights: Floats) -> Ints:
    """Share a whole number out by weight, at least 20 each; the sum is exact."""
    least = min(20, total // len(weights))
    exact = (total - least * len(weights)) * weights / weights.sum()
    shares = np.floor(exact).astype(np.int64)
    shares[np.argsort(shares - exact, kind="stable")[: total - least * len(weights) - int(shares.sum())]] += 1
    return np.asarray(shares + least, dtype=np.int64)


def _targets(world: World, usable: Ints, rng: np.random.Generator) -> list[Target]:
    """Cut a target for each score set out of GRCh38 at a gene, all bases known.

    The first ones lie on chr9 and chr1, so that both splits have some; the strands take turns.
    """
    genes, genome = world.genes, world.genomes["GRCh38"]
    free = {c: rng.permutation(np.flatnonzero(genes.chrom == c)).tolist() for c in CONTIGS if (genes.chrom == c).any()}
    shares = np.array([len(rows) for rows in free.values()], dtype=np.float64)
    chosen = np.array([*free], dtype=object)[rng.choice(len(free), len(usable), p=shares / shares.sum())]
    chosen[:2] = ["chr9", "chr1"]
    is_promoter = rng.random(len(usable)) < PROMOTER_SHARE
    made: dict[int, Target] = {}
    for chrom, rows in free.items():
        codes = genome.codes(chrom)
        turn = 0
        for number in np.flatnonzero(chosen == chrom).tolist():
            length = int(np.clip(usable[number] * SNV_SHARE / 3, *TARGET_BP)) // 3 * 3
            for gene in rows[turn % len(rows) :] + rows[: turn % len(rows)]:
                turn += 1
                plus = bool(genes.strand[gene] == "+")
                tss = int(genes.cage_tss["GRCh38"][gene] if is_promoter[number] else genes.tss["GRCh38"][gene])
                start = tss - length // 2 if is_promoter[number] else tss if plus else tss + 1 - length
                cut = codes[max(0, start) : start + length]
                if plus == (number % 2 == 0) and start >= 0 and len(cut) == length and (cut < 4).all():
                    own = cut.copy() if plus else (3 - cut[::-1]).astype(np.uint8)
                    made[number] = Target(
                        gene,
                        chrom,
                        start,
                        start + length,
                        plus,
                        bool(is_promoter[number]),
                        own,
                        codes[max(0, start - 16) : start + length + 16].copy(),
                    )
                    break
    return [made[number] for number in range(len(usable))]


def _write_dna_set(world: World, out: Path, urn: str, number: int, target: Target, usable: int, other: int) -> list[Path]:
    rng, n_bases = world.rng(SOURCE, "set", number), len(target.codes)
    prefix = "n." if target.is_promoter else "c."
    accession = f"NC_{CONTIGS.index(target.chrom) + 1:06d}.{_NC_VERSION[CONTIGS.index(target.chrom)]}:g."
    n_changes = usable + round(other * NO_SCORE_SHARE)
    n_snv = min(3 * n_bases, round(SNV_SHARE * n_changes))

    which = np.sort(rng.permutation(3 * n_bases)[:n_snv])
    at = (which // 3).astype(np.int64)
    alt = ((target.codes[at] + 1 + which % 3) % 4).astype(np.uint8)
    positions, plus_ref, plus_alt = target.places(at), target.plus(target.codes[at]), target.plus(alt)
    effect = motif_delta(target.around, positions - target.offset, plus_alt) @ MOTIF_SIGN
    size, noise = float(np.exp(rng.normal(0, 0.7))), rng.normal(0, 0.4, n_changes)
    score = size * noise
    score[:n_snv] += size * effect
    was, becomes = letters(target.codes[at]).tolist(), letters(alt).tolist()
    nt = [f"{prefix}{p}{a}>{b}" for p, a, b in zip((at + 1).tolist(), was, becomes, strict=True)]
    on_contig = [
        f"{accession}{p}{a}>{b}"
        for p, a, b in zip((positions + 1).tolist(), letters(plus_ref).tolist(), letters(plus_alt).tolist(), strict=True)
    ]
    protein = ["NA"] * n_snv if target.is_promoter else _residues(target.codes, at, alt)
    more_nt, more_contig, more_protein = _longer(target, prefix, accession, n_changes - n_snv, rng)
    nt, on_contig, protein = nt + more_nt, on_contig + more_contig, protein + more_protein
    for k in np.flatnonzero(rng.random(n_changes) < UNMAPPED_SHARE).tolist():
        on_contig[k] = "NA"
    shown = np.char.mod("%.6g", score).astype(object)
    shown[rng.permutation(n_changes)[: n_changes - usable]] = "NA"

    n_protein = other - (n_changes - usable)
    residues = "".join(_AMINO[16 * a + 4 * b + c] for a, b, c in target.codes.reshape(-1, 3).tolist()).replace("*", "W")
    nt += ["NA"] * n_protein
    on_contig += ["NA"] * n_protein
    protein += _protein_changes(residues, n_protein, rng)
    values = [*shown.tolist(), *np.char.mod("%.6g", size * rng.normal(0, 1, n_protein)).tolist()]
    rows = len(nt)
    # Every third score set has an error of its own, every fifth a column of its own.
    columns: dict[str, list[str]] = {}
    if number % 3 == 0:
        columns["scores.sd"] = np.char.mod("%.4g", size * rng.uniform(0.05, 0.3, rows)).tolist()
        columns["scores.se"] = np.char.mod("%.4g", size * rng.uniform(0.02, 0.1, rows)).tolist()
    if number % 5 == 0:
        columns["scores.exp.reads"] = rng.integers(10, 5_000, rows).astype(str).tolist()
    scores, annotations = _path(out, urn, "scores"), _path(out, urn, "annotations")
    with scores.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(",".join(["accession", "hgvs_nt", "hgvs_splice", "hgvs_pro", "scores.score", *columns]) + "\n")
        cells = zip(nt, protein, values, *columns.values(), strict=True)
        handle.writelines(f"{urn}#{k},{row[0]},NA,{','.join(row[1:])}\n" for k, row in enumerate(cells, 1))
        if number == 0:
            handle.writelines(world.fault_lines(SOURCE, scores, rows + 2, _faulty(urn, rows, list(columns))))
    with annotations.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write(
            "accession,hgvs_nt,hgvs_splice,hgvs_pro,mavedb.post_mapped_hgvs_g,mavedb.post_mapped_vrs_digest,clingen.clingen_allele_id\n"
        )
        handle.writelines(
            f"{urn}#{k},{a},NA,{b},{g},{'NA' if g == 'NA' else f'ga4gh:VA.sim{number}-{k}'},NA\n"
            for k, (a, b, g) in enumerate(zip(nt, protein, on_contig, strict=True), 1)
        )
    return [scores, annotations]


def _faulty(urn: str, rows: int, columns: list[str]) -> list[tuple[str, str]]:
    tail = "".join(",1" for _ in columns)
    return [
        ("short row", f"{urn}#{rows + 1},c.1A>T"),
        ("score is not a number", f"{urn}#{rows + 2},c.1A>T,NA,NA,high{tail}"),
        ("another score set", f"urn:mavedb:00000000-z-1#1,c.1A>T,NA,NA,0.5{tail}"),
        ("repeated accession", f"{urn}#1,c.1A>T,NA,NA,0.5{tail}"),
        ("no accession", f"NA,c.1A>T,NA,NA,0.5{tail}"),
    ]


def _residues(codes: Codes, at: Ints, alt: Codes) -> list[str]:
    """Name the protein changes of single-base changes of a coding target."""
    codons = codes.reshape(-1, 3)[at // 3].astype(np.int64)
    changed = codons.copy()
    changed[np.arange(len(at)), at % 3] = alt
    before, after = (c @ np.array([16, 4, 1]) for c in (codons, changed))
    return [
        f"p.{_LONG[_AMINO[a]]}{p}{'=' if _AMINO[a] == _AMINO[b] else _LONG[_AMINO[b]]}"
        for a, b, p in zip(before.tolist(), after.tolist(), (at // 3 + 1).tolist(), strict=True)
    ]


def _longer(target: Target, prefix: str, accession: str, n: int, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Make changes that are no substitution of one base: ``hgvs_nt``, mapped ``hgvs_g`` and ``hgvs_pro``, n each."""
    text = "".join(letters(target.codes).tolist())
    flipped = str.maketrans("ACGT", "TGCA")
    nt: list[str] = []
    mapped: list[str] = []
    protein: list[str] = []
    kinds = rng.random(n).tolist()
    codons = rng.integers(0, len(text) // 3, (n, 2)).tolist()
    drawn = letters(rng.integers(0, 4, (n, 3)).astype(np.uint8))
    for kind, (codon, second), bases in zip(kinds, codons, drawn.tolist(), strict=True):
        new, at = "".join(bases), 3 * codon
        lo, hi = sorted((target.start + at, target.start + at + 2) if target.is_plus else (target.end - 1 - at, target.end - 3 - at))
        on_plus = new if target.is_plus else new.translate(flipped)[::-1]
        place = f"{accession}{lo + 1}_{hi + 1}"
        if not nt:
            change, there = "_wt" if target.is_promoter else "c.=", "NA"
        elif kind < 0.6:
            change, there = f"{prefix}{at + 1}_{at + 3}delins{new}", f"{place}delins{on_plus}"
        elif kind < 0.75:
            change, there = f"{prefix}{at + 1}_{at + 3}del", f"{place}del"
        elif kind < 0.85:
            between = (lo + 1, lo + 2) if target.is_plus else (hi, hi + 1)
            change, there = f"{prefix}{at + 1}_{at + 2}ins{new}", f"{accession}{between[0]}_{between[1]}ins{on_plus}"
        else:
            first, last = sorted((at, 3 * second + 1))
            parts = [f"{p + 1}{text[p]}>{text[p].translate(flipped)}" for p in (first, last)]
            change, there = f"{prefix}[{';'.join(parts)}]", "NA"
        nt.append(change)
        mapped.append(there)
        protein.append("NA" if target.is_promoter else "p.?")
    return nt, mapped, protein


def _protein_changes(sequence: str, n: int, rng: np.random.Generator) -> list[str]:
    """Name n protein changes: residues replaced, now and then two at once, none, or all synonymous ones together."""
    at = rng.integers(0, len(sequence), (n, 2)).tolist()
    new = rng.integers(0, len(_RESIDUES), (n, 2)).tolist()
    kinds = rng.random(n).tolist()
    made = []
    for kind, (i, j), (a, b) in zip(kinds, at, new, strict=True):
        one = f"{_LONG[sequence[i]]}{i + 1}{'=' if kind < 0.05 else _RESIDUES[a]}"
        two = kind > 0.9 and i != j
        made.append(f"p.[{one};{_LONG[sequence[j]]}{j + 1}{_RESIDUES[b]}]" if two else f"p.{one}")
    if made:
        made[-1] = "_sy"
    return made
