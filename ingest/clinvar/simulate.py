"""Simulated ClinVar VCFs, one per assembly, with the same alleles on both.

The header and the vocabulary follow the file's date: renamed review states and classifications, the separator of CLNSIGCONF, the
oncogenicity and somatic fields (2024 on), the SCV lists (2025 on). Chromosomes are spelt without ``chr``, the mitochondrion ``MT``; one
allele stands on a row; ALT ``.`` says that the reference itself was classified. Pathogenic alleles change a motif more often.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.errors import BadSpec
from lrbstore.ingest.mavedb.simulate import Target, targets
from lrbstore.ingest.simulation import (
    ASSEMBLIES,
    CONTIGS,
    MOTIF_BP,
    Bools,
    Codes,
    Ints,
    World,
    gzip_text,
    indel_alleles,
    letters,
    motif_delta,
    scaled,
)

SOURCE = "clinvar"
DATE = "20260226"
#: Of one file at scale 1: so many that those of GV-Rep's four classes are the 1,154,103 that it publishes (of 1,200,000 rows 665,323 were).
ROWS = 2_081_600
REF_MISMATCHES = 5  # rows per file whose REF is not the genome's base (nor is ALT)
SHARED_SHARE = 0.15  # of the rows, at most: alleles from the world's common variants
ASSAYED_SHARE = 0.1  # of the single-base rows of a contig with targets of MaveDB's score sets, at most: variants of these targets
MOTIF_SHARE = 0.25  # of the remaining single-base rows: aimed at a motif
INDEL_SHARE = 0.12
NO_CHANGE_SHARE = 0.002  # ALT "."
MITOCHONDRIAL_SHARE = 0.001

#: Versions of the RefSeq accessions NC_000001 … NC_000024 on GRCh37; GRCh38's are one higher.
_NC_VERSION_37 = (10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9)

_RENAMED_IN_2024 = {
    "Conflicting_interpretations_of_pathogenicity": "Conflicting_classifications_of_pathogenicity",
    "criteria_provided,_conflicting_interpretations": "criteria_provided,_conflicting_classifications",
    "no_interpretation_for_the_single_variant": "no_classification_for_the_single_variant",
    "no_assertion_provided": "no_classification_provided",
}
_SINGLE, _MULTIPLE = "criteria_provided,_single_submitter", "criteria_provided,_multiple_submitters,_no_conflicts"
_CONFLICT = "criteria_provided,_conflicting_interpretations"
_EXPERT, _GUIDELINE, _NONE = "reviewed_by_expert_panel", "practice_guideline", "no_assertion_criteria_provided"
_SUBMITTED = ((_SINGLE, 60), (_MULTIPLE, 25), (_EXPERT, 8), (_NONE, 6.5), (_GUIDELINE, 0.5))
_CONFLICTING = "Conflicting_interpretations_of_pathogenicity"

#: CLNSIG in the old spelling; its weight among alleles that change no motif, and among those that do; and its review states.
_CLASSES: tuple[tuple[str, float, float, tuple[tuple[str, float], ...]], ...] = (
    ("Uncertain_significance", 40, 18, _SUBMITTED[:2]),
    ("Likely_benign", 26, 8, _SUBMITTED),
    ("Benign", 9, 3, _SUBMITTED),
    ("Benign/Likely_benign", 4, 1, ((_MULTIPLE, 1),)),
    ("Pathogenic", 6, 34, _SUBMITTED),
    ("Likely_pathogenic", 4, 18, _SUBMITTED),
    ("Pathogenic/Likely_pathogenic", 2, 9, ((_MULTIPLE, 1),)),
    (_CONFLICTING, 6, 6, ((_CONFLICT, 1),)),
    ("not_provided", 0.7, 0.7, (("no_assertion_provided", 1),)),
    ("other", 0.3, 0.3, _SUBMITTED),
    ("drug_response", 0.3, 0.3, _SUBMITTED),
    ("risk_factor", 0.2, 0.2, _SUBMITTED),
    ("association", 0.2, 0.2, ((_NONE, 1),)),
    ("protective", 0.1, 0.1, ((_NONE, 1),)),
    ("Affects", 0.1, 0.1, ((_NONE, 1),)),
    ("confers_sensitivity", 0.05, 0.05, ((_NONE, 1),)),
    ("Pathogenic|risk_factor", 0.2, 0.5, _SUBMITTED),
    ("Benign|other", 0.1, 0.1, _SUBMITTED),
    ("Uncertain_significance|drug_response", 0.1, 0.1, _SUBMITTED),
    (f"{_CONFLICTING}|association|risk_factor", 0.1, 0.1, ((_CONFLICT, 1),)),
    ("Pathogenic/Likely_pathogenic/Pathogenic,_low_penetrance", 0.1, 0.2, ((_MULTIPLE, 1),)),
    ("Established_risk_allele", 0.05, 0.05, ((_SINGLE, 1),)),
    ("Likely_risk_allele", 0.05, 0.05, ((_SINGLE, 1),)),
    ("no_interpretation_for_the_single_variant", 0.05, 0.05, (("no_interpretation_for_the_single_variant", 1),)),
)
_UNCLASSIFIED = "included"  # rows that only say what a haplotype with the variant was classified as
_BARE = "bare"  # rows without any germline classification
_KIND_SHARE = {_UNCLASSIFIED: 0.006, _BARE: 0.02}

#: CLNVC and CLNVCSO by kind of change.
_TYPES = {
    "snv": ("single_nucleotide_variant", "SO:0001483"),
    "deletion": ("Deletion", "SO:0000159"),
    "insertion": ("Insertion", "SO:0000667"),
}
_CONSEQUENCES = (
    ("SO:0001583|missense_variant", 40),
    ("SO:0001819|synonymous_variant", 18),
    ("SO:0001627|intron_variant", 16),
    ("SO:0001587|nonsense", 6),
    ("SO:0001583|missense_variant,SO:0001619|non-coding_transcript_variant", 8),
    ("SO:0001583|missense_variant,SO:0001623|5_prime_UTR_variant", 3),
    ("SO:0001619|non-coding_transcript_variant,SO:0001627|intron_variant,SO:0001819|synonymous_variant", 3),
    ("SO:0001575|splice_donor_variant", 2),
    ("SO:0001574|splice_acceptor_variant", 2),
    ("SO:0001624|3_prime_UTR_variant", 1.5),
    ("", 0.5),
)
_FRAME = ("SO:0001589|frameshift_variant", "SO:0001589|frameshift_variant,SO:0001627|intron_variant")
_ORIGINS = (("1", 88), ("0", 8), ("3", 1), ("2", 1), ("17", 0.5), ("32", 0.3), ("33", 0.3), ("5", 0.3), ("1073741824", 0.2), ("", 0.4))

_INFO_COMMON = (
    ("AF_ESP", "1", "Float", "allele frequencies from GO-ESP"),
    ("AF_EXAC", "1", "Float", "allele frequencies from ExAC"),
    ("AF_TGP", "1", "Float", "allele frequencies from TGP"),
    ("ALLELEID", "1", "Integer", "the ClinVar Allele ID"),
    ("CLNDN", ".", "String", "ClinVar's preferred disease name for the concept specified by disease identifiers in CLNDISDB"),
    (
        "CLNDNINCL",
        ".",
        "String",
        "For included Variant : ClinVar's preferred disease name for the concept specified by disease identifiers in CLNDISDB",
    ),
    ("CLNDISDB", ".", "String", "Tag-value pairs of disease database name and identifier, e.g. OMIM:NNNNNN"),
    ("CLNDISDBINCL", ".", "String", "For included Variant: Tag-value pairs of disease database name and identifier, e.g. OMIM:NNNNNN"),
    ("CLNHGVS", ".", "String", "Top-level (primary assembly, alt, or patch) HGVS expression."),
    ("CLNREVSTAT", ".", "String", "ClinVar review status for the Variation ID"),
    ("CLNSIG", ".", "String", "Clinical significance for this single variant"),
    ("CLNSIGCONF", ".", "String", "Conflicting clinical significance for this single variant"),
    (
        "CLNSIGINCL",
        ".",
        "String",
        "Clinical significance for a haplotype or genotype that includes this variant. "
        "Reported as pairs of VariationID:clinical significance.",
    ),
    ("CLNSIGSCV", ".", "String", "SCV accession numbers for the submissions that contribute to the classification"),
    ("CLNVC", "1", "String", "Variant type"),
    ("CLNVCSO", "1", "String", "Sequence Ontology id for variant type"),
    ("CLNVI", ".", "String", "the variant's clinical sources reported as tag-value pairs of database and variant identifier"),
    ("DBVARID", ".", "String", "nsv accessions from dbVar for the variant"),
    (
        "GENEINFO",
        "1",
        "String",
        "Gene(s) for the variant reported as gene symbol:gene id. The gene symbol and id are delimited by a colon (:) "
        "and each pair is delimited by a vertical bar (|)",
    ),
    ("MC", ".", "String", "comma separated list of molecular consequence in the form of Sequence Ontology ID|molecular_consequence"),
    *(
        (f"ONC{tail}", ".", "String", f"Oncogenicity classification: {tail or 'class'}")
        for tail in ("DN", "DNINCL", "DISDB", "DISDBINCL", "")
    ),
    *((f"ONC{tail}", ".", "String", f"Oncogenicity classification: {tail}") for tail in ("INCL", "REVSTAT", "SCV", "CONF")),
    (
        "ORIGIN",
        ".",
        "String",
        "Allele origin. One or more of the following values may be added: 0 - unknown; 1 - germline; 2 - somatic; 4 - inherited; "
        "8 - paternal; 16 - maternal; 32 - de-novo; 64 - biparental; 128 - uniparental; 256 - not-tested; 512 - tested-inconclusive; "
        "1073741824 - other",
    ),
    ("RS", ".", "String", "dbSNP ID (i.e. rs number)"),
    (
        "SSR",
        "1",
        "Integer",
        "Variant Suspect Reason Codes. One or more of the following values may be added: 0 - unspecified, 1 - Paralog, 2 - byEST, "
        "4 - oldAlign, 8 - Para_EST, 16 - 1kg_failed, 1024 - other",
    ),
    *((f"SCI{tail}", ".", "String", f"Somatic clinical impact: {tail}") for tail in ("DN", "DNINCL", "DISDB", "DISDBINCL", "REVSTAT")),
    *((f"SCI{tail}", ".", "String", f"Somatic clinical impact: {tail or 'class'}") for tail in ("", "INCL", "SCV")),
)
_FIRST_DATE = {"ONC": "20240130", "SCI": "20240130", "CLNSIGSCV": "20250101"}  # fields by prefix
_LAST_DATE = {"SSR": "20231231"}

_NOUNS = (
    *("Cardiomyopathy", "Retinal_dystrophy", "Spastic_paraplegia", "Ataxia", "Epilepsy", "Hearing_loss", "Nephropathy", "Myopathy"),
    *("Immunodeficiency", "Skeletal_dysplasia", "Ichthyosis", "Anemia", "Thrombocytopenia", "Neuropathy", "Cataract", "Lipodystrophy"),
)
_FORMS = (",_autosomal_recessive", ",_autosomal_dominant,_with_late_onset", ",_X-linked", "_syndrome", "", ",_familial,_susceptibility_to")


@dataclass(frozen=True)
class _Alleles:
    """Distinct alleles of one contig of GRCh38, ascending; arrays of shape (n,)."""

    start: Ints
    ref: npt.NDArray[Any]
    alt: npt.NDArray[Any]
    changes_motif: Bools
    rs: Ints  # 0: none


def counts(scale: float) -> dict[str, int]:
    """Give the rows of each assembly's file."""
    return dict.fromkeys(ASSEMBLIES, scaled(scale, ROWS, 2_000))


def spelling(word: str, date: str) -> str:
    """Spell a classification or review state, given in the old spelling, as a release of that date does."""
    if date < "20240101":
        return word
    head, bar, tails = word.partition("|")
    return _RENAMED_IN_2024.get(head, head) + bar + tails


def header(assembly: str, date: str) -> str:
    """Give the header of a release: VCF 4.1 without contig lines."""
    lines = ["##fileformat=VCFv4.1", f"##fileDate={date[:4]}-{date[4:6]}-{date[6:]}", "##source=ClinVar", f"##reference={assembly}"]
    lines.append('##ID=<Description="ClinVar Variation ID">')
    for name, number, kind, description in _INFO_COMMON:
        if _has_field(name, date):
            lines.append(f'##INFO=<ID={name},Number={number},Type={kind},Description="{description}">')
    return "\n".join([*lines, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]) + "\n"


def _has_field(name: str, date: str) -> bool:
    first = max((day for prefix, day in _FIRST_DATE.items() if name.startswith(prefix)), default="")
    return first <= date <= _LAST_DATE.get(name, "99999999")


def simulate(world: World, out: Path, *, date: str = DATE) -> list[Path]:
    """Write ``clinvar_<date>.<assembly>.vcf.gz`` for both assemblies below ``out``, contig by contig.

    Args:
        world: The simulated world.
        out: An existing folder.
        date: The release's date, YYYYMMDD; it sets header and vocabulary.

    Returns:
        The paths of the files.

    Raises:
        BadSpec: The date is not eight digits.
    """
    if not (len(date) == 8 and date.isdigit()):
        raise BadSpec(f"ClinVar release date {date!r} is not usable; expected eight digits, as in {DATE}")
    paths = [out / f"clinvar_{date}.{assembly}.vcf.gz" for assembly in ASSEMBLIES]
    words = _Words(world, date)
    share = _rows_by_contig(world)
    next_id = 1_000
    n_lines = header(ASSEMBLIES[0], date).count("\n")
    wrong = _wrong_rows(world, share)
    assayed = targets(world)
    with ExitStack() as stack:
        writers = [stack.enter_context(gzip_text(path)) for path in paths]
        for write, assembly in zip(writers, ASSEMBLIES, strict=True):
            write(header(assembly, date))
        for chrom, n in share.items():
            alleles = _draw_alleles(world, chrom, n, [target for target in assayed if target.chrom == chrom])
            lines = _lines(world, words, chrom, alleles, first_id=next_id, wrong=wrong.get(chrom, []))
            for write, assembly in zip(writers, ASSEMBLIES, strict=True):
                for at in range(0, n, 5_000):
                    write("".join(lines[assembly][at : at + 5_000]))
            next_id += 3 * n
            n_lines += n
            sample = lines
        for write, path, assembly in zip(writers, paths, ASSEMBLIES, strict=True):
            faults = _faulty(sample[assembly][0]) if world.with_faults else []
            write("".join(world.fault_lines(SOURCE, path, n_lines + 1, faults)))
    return paths


def _faulty(good: str) -> list[tuple[str, str]]:
    chrom, pos, number, ref, alt, *tail = good.rstrip("\n").split("\t")

    def row(**changed: str) -> str:
        cells = {"chrom": chrom, "pos": pos, "id": number, "ref": ref, "alt": alt, **changed}
        return "\t".join([*cells.values(), *tail])

    two = ",".join(base for base in "ACGT" if base != ref[0])[:3]
    return [
        ("short row", "\t".join([chrom, pos, number, ref])),
        ("position is not a number", row(pos="pos")),
        ("position below 1", row(pos="0")),
        ("unknown chromosome", row(chrom="99")),
        ("bad allele", row(alt="Z!")),
        ("several alleles", row(alt=two)),
        ("id is not a number", row(id="VCV1")),
        ("repeated row", row()),
    ]


def _rows_by_contig(world: World) -> dict[str, int]:
    """Share a file's rows among the contigs by length, chrM and chrY getting few; their sum is exact."""
    lengths = world.genomes["GRCh38"].lengths
    total = counts(world.scale)["GRCh38"]
    weight = {c: (0.15 if c == "chrY" else 1.0) * n for c, n in lengths.items() if c != "chrM"}
    shares = {c: max(5, round(total * w / sum(weight.values()))) for c, w in weight.items()}
    shares["chrM"] = max(5, round(total * MITOCHONDRIAL_SHARE))
    shares["chr1"] += total - sum(shares.values())
    return {chrom: shares[chrom] for chrom in CONTIGS}


def _wrong_rows(world: World, share: dict[str, int]) -> dict[str, list[int]]:
    """Choose the rows (numbers within a contig) whose REF is to be wrong: one on each of the first contigs."""
    rng = world.rng(SOURCE, "wrong REF")
    return {chrom: rng.permutation(share[chrom]).tolist() for chrom in CONTIGS[:REF_MISMATCHES]}


def _draw_alleles(world: World, chrom: str, n: int, assayed: list[Target]) -> _Alleles:
    """Draw ``n`` distinct alleles of a contig: common ones, single bases of assayed targets, on and off motifs, indels, and no changes."""
    rng = world.rng(SOURCE, "alleles", chrom)
    genome, variants = world.genomes["GRCh38"], world.variants
    codes, hits = genome.codes(chrom), genome.hits[chrom]
    common = rng.permutation(np.flatnonzero(variants.chrom == chrom))[: int(SHARED_SHARE * n)]
    n_same, n_indel = int(np.ceil(NO_CHANGE_SHARE * n)), round(INDEL_SHARE * n)
    n_snv = n - len(common) - n_same - n_indel
    # A stream of its own: which alleles are assayed does not change which others are drawn.
    drawn = world.rng(SOURCE, "assayed", chrom)
    of_targets = np.concatenate([np.zeros(0, np.int64), *(np.arange(target.start, target.end) for target in assayed)])
    of_targets = drawn.permutation(of_targets)[: int(ASSAYED_SHARE * n_snv)]
    of_targets_alt = ((codes[of_targets] + drawn.integers(1, 4, len(of_targets))) % 4).astype(np.uint8)

    def places(wanted: int) -> Ints:
        at = rng.integers(8, len(codes) - 16, wanted)
        return at[codes[at] < 4].astype(np.int64)

    at_motif = np.zeros(0, dtype=np.int64)
    if len(hits.start):
        aimed = round(MOTIF_SHARE * n_snv)
        at_motif = hits.start[rng.integers(0, len(hits.start), aimed)] + rng.integers(0, MOTIF_BP, aimed)
    # More than needed of each kind: some coincide, stand on N or have no place in GRCh37.
    snv = np.concatenate([at_motif, places(3 * n_snv + 100)])
    snv_alt = ((codes[snv] + rng.integers(1, 4, len(snv))) % 4).astype(np.uint8)
    anchors = places(4 * n_indel + 200)
    usable, indel_ref, indel_alt = indel_alleles(codes, anchors, rng)
    same = places(3 * n_same + 50)
    parts = [
        (
            variants.start[common],
            variants.ref[common],
            variants.alt[common],
            variants.changes_motif[common],
            variants.rs[common],
            len(common),
        ),
        (same, letters(codes[same]), np.full(len(same), "."), np.zeros(len(same), np.bool_), np.zeros(len(same), np.int64), n_same),
        (
            anchors[usable],
            np.array(indel_ref, dtype="U5"),
            np.array(indel_alt, dtype="U5"),
            np.zeros(len(usable), np.bool_),
            np.zeros(len(usable), np.int64),
            n_indel,
        ),
        _single_bases(codes, of_targets, of_targets_alt, len(of_targets)),
        _single_bases(codes, snv, snv_alt, n_snv - len(of_targets)),
    ]
    kept: list[tuple[npt.NDArray[Any], ...]] = []
    seen: set[tuple[int, str, str]] = set()
    missing = 0
    for start, ref, alt, changes, rs, wanted in parts:
        _, exists = world.lift(chrom, start)
        rows: list[int] = []
        target = wanted + missing  # what one kind lacks, the next gives
        for row, key in enumerate(zip(start.tolist(), ref.tolist(), alt.tolist(), strict=True)):
            if len(rows) == target:
                break
            if exists[row] and key not in seen:
                seen.add(key)
                rows.append(row)
        missing = target - len(rows)
        kept.append((start[rows], ref[rows], alt[rows], changes[rows], rs[rows]))
    start, ref, alt, changes, rs = (np.concatenate(column) for column in zip(*kept, strict=True))
    own_rs = np.where(rng.random(len(start)) < 0.8, 8_000_000_000 + CONTIGS.index(chrom) * 10_000_000 + np.arange(len(start)), 0)
    order = np.lexsort((alt, ref, start))
    return _Alleles(start[order], ref[order], alt[order], changes[order], np.where(rs > 0, rs, own_rs)[order].astype(np.int64))


def _single_bases(codes: Codes, start: Ints, alt: Codes, wanted: int) -> tuple[Ints, npt.NDArray[Any], npt.NDArray[Any], Bools, Ints, int]:
    changes = motif_delta(codes, start, alt).any(axis=1)
    return start, letters(codes[start]), letters(alt), np.asarray(changes, np.bool_), np.zeros(len(start), np.int64), wanted


class _Words:
    """Ready-made pieces of INFO for one release, and draws of them by weight."""

    def __init__(self, world: World, date: str) -> None:
        rng = world.rng(SOURCE, "words")
        self.date = date
        self.has_scv = _has_field("CLNSIGSCV", date)
        self.has_onc = _has_field("ONC", date)
        pairs = [(sig, review, plain, changed, share) for sig, plain, changed, states in _CLASSES for review, share in _shares(states)]
        self.sig = [spelling(sig, date) for sig, *_ in pairs]
        self.review = [spelling(review, date) for _, review, *_ in pairs]
        self.is_conflict = [sig.startswith(_CONFLICTING) for sig, *_ in pairs]
        self.weight = {False: _normed([p * s for _, _, p, _, s in pairs]), True: _normed([c * s for _, _, _, c, s in pairs])}
        self.diseases = self._diseases(rng)
        bar = "|" if date >= "20240101" else ","
        self.conflicts = [
            bar.join(f"{name}({rng.integers(1, 5)})" for name in names)
            for names in (
                ("Pathogenic", "Uncertain_significance"),
                ("Likely_pathogenic", "Uncertain_significance"),
                ("Uncertain_significance", "Likely_benign"),
                ("Pathogenic", "Likely_pathogenic", "Uncertain_significance", "Benign"),
            )
        ]

    def _diseases(self, rng: np.random.Generator) -> list[tuple[str, str]]:
        """Make pairs of CLNDISDB and CLNDN values of one to four diseases; their items correspond."""
        names = [f"{noun}_{k}{form}" if k else f"{noun}{form}" for noun in _NOUNS for form in _FORMS for k in range(4)]
        single = [
            (f"MONDO:MONDO:09{n:05d},MedGen:C99{n:05d},OMIM:9{n:05d},Orphanet:9{n:05d}" if n % 3 else f"MedGen:C99{n:05d}", name)
            for n, name in enumerate(names)
        ]
        single.append(("MedGen:C9900001", "Breast_and/or_ovarian_cancer%2C_simulated"))
        fixed = [("MedGen:C3661900", "not_provided"), ("MedGen:CN169374", "not_specified")]
        made = [*fixed * 60, *single]
        for _ in range(400):
            items = [single[k] for k in rng.integers(0, len(single), int(rng.integers(1, 4)))]
            if rng.random() < 0.3:
                items.append(fixed[int(rng.integers(0, 2))])
            if rng.random() < 0.2:
                items.insert(int(rng.integers(0, len(items) + 1)), (".", f"{_NOUNS[int(rng.integers(0, len(_NOUNS)))]}_of_unknown_cause"))
            if rng.random() < 0.05:
                items.insert(0, ("MedGen:C9900002", "."))
            made.append(("|".join(ids for ids, _ in items), "|".join(name for _, name in items)))
        return made


def _shares(states: tuple[tuple[str, float], ...]) -> list[tuple[str, float]]:
    total = sum(weight for _, weight in states)
    return [(state, weight / total) for state, weight in states]


def _normed(weights: list[float]) -> npt.NDArray[np.float64]:
    array = np.array(weights, dtype=np.float64)
    return np.asarray(array / array.sum(), dtype=np.float64)


def _pick(rng: np.random.Generator, choices: tuple[tuple[str, float], ...], n: int) -> list[str]:
    names = np.array([name for name, _ in choices], dtype=object)
    return list(names[rng.choice(len(names), n, p=_normed([weight for _, weight in choices]))])


def _gene_texts(world: World, chrom: str, start: Ints, rng: np.random.Generator) -> list[str]:
    """Name the next gene behind each position, for some with the one before it."""
    genes = world.genes
    rows = np.flatnonzero(genes.chrom == chrom)
    if len(rows) == 0:
        return ["MT-SIM1:999000001"] * len(start)
    rows = rows[np.argsort(genes.tss["GRCh38"][rows], kind="stable")]
    names = [f"{s}:{e}" for s, e in zip(genes.symbol[rows].tolist(), genes.entrez[rows].tolist(), strict=True)]
    right = np.clip(np.searchsorted(genes.tss["GRCh38"][rows], start), 0, len(rows) - 1)
    several = rng.random(len(start)) < 0.04
    return [f"{names[g]}|{names[g - 1]}" if both and g else names[g] for g, both in zip(right.tolist(), several.tolist(), strict=True)]


def _accession(chrom: str, assembly: str) -> str:
    if chrom == "chrM":
        return "NC_012920.1:m."
    number = CONTIGS.index(chrom) + 1
    return f"NC_{number:06d}.{_NC_VERSION_37[number - 1] + (assembly == 'GRCh38')}:g."


def _hgvs(ref: str, alt: str) -> tuple[int, int, str]:
    """Give offsets from POS of the first and last base named, and the change; ``%3D`` is ``=``, escaped as ClinVar does."""
    if alt == ".":
        return 0, 0, "%3D"
    if len(ref) == len(alt) == 1:
        return 0, 0, f"{ref}>{alt}"
    if len(ref) > len(alt):
        return 1, len(ref) - 1, "del"
    return 0, 1, f"ins{alt[1:]}"


def _lines(world: World, words: _Words, chrom: str, alleles: _Alleles, *, first_id: int, wrong: list[int]) -> dict[str, list[str]]:
    """Make the rows of one contig for both assemblies; each of the three ids per allele is used once."""
    n = len(alleles.start)
    rng = world.rng(SOURCE, "rows", chrom)
    name = "MT" if chrom == "chrM" else chrom[3:]
    position = {"GRCh38": alleles.start + 1, "GRCh37": world.lift(chrom, alleles.start)[0] + 1}
    ref, alt = alleles.ref.tolist(), alleles.alt.tolist()
    n_wrong = 1 if wrong else 0
    for row in wrong:
        if n_wrong and len(ref[row]) == 1 and len(alt[row]) == 1 and alt[row] != ".":
            ref[row] = next(base for base in "ACGT" if base not in (ref[row], alt[row]))
            n_wrong = 0

    pair = np.where(
        alleles.changes_motif,
        rng.choice(len(words.sig), n, p=words.weight[True]),
        rng.choice(len(words.sig), n, p=words.weight[False]),
    ).tolist()
    drawn = rng.random(n)
    kinds = np.where(drawn < _KIND_SHARE[_UNCLASSIFIED], _UNCLASSIFIED, np.where(drawn > 1 - _KIND_SHARE[_BARE], _BARE, "")).tolist()
    disease = rng.integers(0, len(words.diseases), n).tolist()
    consequence, origin = _pick(rng, _CONSEQUENCES, n), _pick(rng, _ORIGINS, n)
    extra = rng.random((n, 4))
    scv = rng.integers(1, 9_000_000, n).tolist()
    genes = _gene_texts(world, chrom, alleles.start, rng)
    ids = (first_id + 3 * rng.permutation(n)).tolist()
    bodies: list[str] = []
    for i, (a, b, kind, p, d, number, (u, v, w, x), rs) in enumerate(
        zip(ref, alt, kinds, pair, disease, ids, extra.tolist(), alleles.rs.tolist(), strict=True)
    ):
        info = []
        if u < 0.05:
            info.append(f"AF_EXAC={w * w * 0.4:.5f}")
            if v < 0.3:
                info.append(f"AF_TGP={w * w * 0.4:.5f}")
        info.append(f"ALLELEID={number + 15_041}")
        ids_text, names_text = words.diseases[d]
        if not kind:
            info.append(f"CLNDISDB={ids_text};CLNDN={names_text}")
        elif kind == _UNCLASSIFIED:
            info.append(f"CLNDISDBINCL={ids_text};CLNDNINCL={names_text}")
        info.append("CLNHGVS=\0")
        if not kind:
            info.append(f"CLNREVSTAT={words.review[p]};CLNSIG={words.sig[p]}")
            if words.is_conflict[p]:
                info.append(f"CLNSIGCONF={words.conflicts[d % len(words.conflicts)]}")
            if words.has_scv:
                info.append(f"CLNSIGSCV=SCV{scv[i]:09d}" if v < 0.7 else f"CLNSIGSCV=SCV{scv[i]:09d}|SCV{scv[i] + 1:09d}")
        elif kind == _UNCLASSIFIED:
            second = f"|{number + 2}:Likely_pathogenic" if v < 0.3 else ""
            info.append(f"CLNSIGINCL={number + 1}:Pathogenic{second}")
        size = len(a) - len(b)
        type_name, type_id = _TYPES["snv" if size == 0 else "deletion" if size > 0 else "insertion"]
        info.append(f"CLNVC={type_name};CLNVCSO={type_id}")
        if w < 0.02:
            info.append(f"CLNVI=Simulated_Core_(SIM):{number}&base_change%3D{a[0]}_to_{b[0]}|ClinGen:CA{number:09d}")
        elif w < 0.7:
            info.append(f"CLNVI=ClinGen:CA{number:09d}")
        if x < 0.001:
            info.append(f"DBVARID=nsv9{number:07d}")
        info.append(f"GENEINFO={genes[i]}")
        term = "SO:0002073|no_sequence_alteration" if b == "." else consequence[i] if size == 0 else _FRAME[x < 0.3]
        if term:
            info.append(f"MC={term}")
        if words.has_onc and x > 0.995:
            info.append(f"ONC=Likely_oncogenic;ONCDISDB=MedGen:C9900003;ONCDN=Neoplasm;ONCREVSTAT={_SINGLE};ONCSCV=SCV{scv[i]:09d}")
        if origin[i]:
            info.append(f"ORIGIN={origin[i]}")
        if rs:
            info.append(f"RS={rs}")
        if words.has_onc and x < 0.003:
            tier = f"SCIREVSTAT={_SINGLE};SCI=Tier_I_-_Strong;SCISCV=SCV{scv[i]:09d}"
            info.append(f"SCIDISDB=MedGen:C9900003;SCIDN=Neoplasm;{tier}")
        bodies.append(f"{number}\t{a}\t{b}\t.\t.\t{';'.join(info)}\n")

    changes = [_hgvs(a, b) for a, b in zip(ref, alt, strict=True)]
    lines = {}
    for assembly in ASSEMBLIES:
        accession = _accession(chrom, assembly)
        lines[assembly] = [
            f"{name}\t{at}\t" + body.replace("\0", f"{accession}{at + lo}{'' if lo == hi else f'_{at + hi}'}{text}")
            for at, body, (lo, hi, text) in zip(position[assembly].tolist(), bodies, changes, strict=True)
        ]
    return lines
