"""The simulated world behind ``lrbstore simulate``: one genome in two assemblies, its genes, motifs and common variants.

Every source draws its files from the same world, so that a variant of the eQTL task is found again in GTEx and ClinVar, and a gene
of the expression task again in GTEx. Nothing of it is real: gene ids lie in a range that Ensembl does not use, contigs are shorter
than the real ones.

How the world is laid out, per contig (lengths grow with the scale):

* GRCh38 and GRCh37 share one sequence but for two short segments, one of which each assembly lacks: positions behind them differ.
* Genes stand in zones; between the zones lie deserts, so that distances to the nearest TSS above 100 kb are true ones.
* Short motifs (``MOTIFS``) occur by chance everywhere and are planted around each gene's CAGE TSS, in the gene's orientation. They
  are what all labels depend on: expression on their counts, variant effects on whether an allele makes or breaks one.
* Runs of N stand at both ends and inside, a few IUPAC codes inside, and about half of the sequence is soft-masked.

A source takes part by a file ``ingest/<source>/simulate.py`` with ``simulate(world: World, out: Path) -> list[Path]``, which writes the
provider's layout below ``out`` (``OUT/<source>``). Sources are found by listing the folders.

Random numbers come from one stream per purpose, named by :meth:`World.rng`: a new source does not change the files of the others.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from lrbstore.errors import BadSpec

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ASSEMBLIES = ("GRCh37", "GRCh38")
AUTOSOMES = tuple(f"chr{n}" for n in range(1, 23))
NUCLEAR = (*AUTOSOMES, "chrX", "chrY")
CONTIGS = (*NUCLEAR, "chrM")
LINE_BASES = 60

#: The real contigs' lengths in Mb, rounded: they set the proportions of the simulated ones.
REAL_MB = (249, 242, 198, 190, 182, 171, 159, 145, 138, 134, 135, 133, 114, 107, 102, 90, 83, 80, 59, 64, 47, 51, 156, 57)
MIN_CONTIG_BP = 600_000  # 131,072-bp windows fit on every nuclear contig
MITOCHONDRION_BP = 16_000
EXTRA_BP = (2_800_000, 282_800_000)  # spread over the contigs: a constant part, and one times the scale

MOTIF_BP = 6
#: Name, sequence and the sign of its effect on expression. None is its own or another's reverse complement.
MOTIFS = (
    ("activator_1", "GATAAG", 1),
    ("activator_2", "CGGAAG", 1),
    ("activator_3", "TGAGTC", 1),
    ("repressor_1", "CAGGTA", -1),
    ("repressor_2", "TTCAGC", -1),
)
MOTIF_SIGN: Ints = np.array([sign for _, _, sign in MOTIFS], dtype=np.int64)
PROMOTER_FLANK_BP = 1_000  # motifs are planted and counted from 1 kb before to 1 kb behind the CAGE TSS

#: Upper edges in bp of the strata near, middle and far, by distance to the nearest TSS.
DISTANCE_EDGES_BP = (30_000, 100_000)
#: Contigs on which a gene stands so near to both ends that a 4,096-bp window leaves the contig.
EDGE_GENE_CONTIGS = ("chr1", "chr2", "chr8")
EDGE_VARIANTS = 2  # common variants per contig end whose 4,096-bp window leaves the contig
PUBLISHED_TYPES = {"protein_coding": 18_709, "lincRNA": 5_108}

#: The 49 tissues of GTEx v8 by their file stems; the first ones are those that a small scale keeps.
TISSUES = (
    *("Whole_Blood", "Liver", "Adipose_Subcutaneous", "Adipose_Visceral_Omentum", "Adrenal_Gland", "Artery_Aorta", "Artery_Coronary"),
    *("Artery_Tibial", "Brain_Amygdala", "Brain_Anterior_cingulate_cortex_BA24", "Brain_Caudate_basal_ganglia"),
    *("Brain_Cerebellar_Hemisphere", "Brain_Cerebellum", "Brain_Cortex", "Brain_Frontal_Cortex_BA9", "Brain_Hippocampus"),
    *("Brain_Hypothalamus", "Brain_Nucleus_accumbens_basal_ganglia", "Brain_Putamen_basal_ganglia", "Brain_Spinal_cord_cervical_c-1"),
    *("Brain_Substantia_nigra", "Breast_Mammary_Tissue", "Cells_Cultured_fibroblasts", "Cells_EBV-transformed_lymphocytes"),
    *("Colon_Sigmoid", "Colon_Transverse", "Esophagus_Gastroesophageal_Junction", "Esophagus_Mucosa", "Esophagus_Muscularis"),
    *("Heart_Atrial_Appendage", "Heart_Left_Ventricle", "Kidney_Cortex", "Lung", "Minor_Salivary_Gland", "Muscle_Skeletal"),
    *("Nerve_Tibial", "Ovary", "Pancreas", "Pituitary", "Prostate", "Skin_Not_Sun_Exposed_Suprapubic", "Skin_Sun_Exposed_Lower_leg"),
    *("Small_Intestine_Terminal_Ileum", "Spleen", "Stomach", "Testis", "Thyroid", "Uterus", "Vagina"),
)

ACGT: Codes = np.frombuffer(b"ACGT", dtype=np.uint8)
_CODE_OF_BYTE: Codes = np.full(256, 4, dtype=np.uint8)
_CODE_OF_BYTE[[*b"ACGT"]] = _CODE_OF_BYTE[[*b"acgt"]] = range(4)


def _motif_codes(sequence: str) -> Codes:
    return _CODE_OF_BYTE[np.frombuffer(sequence.encode(), dtype=np.uint8)]


def _motif_table() -> npt.NDArray[np.int8]:
    """Map the 12-bit code of every 6-mer to +k (motif k, counted from 1), -k (its reverse complement) or 0."""
    table = np.zeros(4**MOTIF_BP, dtype=np.int8)
    for number, (_, sequence, _) in enumerate(MOTIFS, start=1):
        codes = _motif_codes(sequence).astype(np.int64)
        weights = 4 ** np.arange(MOTIF_BP - 1, -1, -1)
        table[int(codes @ weights)] = number
        table[int((3 - codes[::-1]) @ weights)] = -number
    return table


MOTIF_TABLE = _motif_table()


@dataclass(frozen=True)
class Hits:
    """Where motifs occur on a contig: ``start`` int64, 0-based, ascending; ``motif`` int8, +k on the plus strand, -k on the minus."""

    start: Ints
    motif: npt.NDArray[np.int8]

    def counts(self, lo: Ints, hi: Ints, *, strand: int = 0) -> Ints:
        """Count the motifs that begin in [lo, hi), 0-based.

        Args:
            lo: Region starts, shape (n,).
            hi: Region ends, shape (n,).
            strand: 1 or -1 for one strand, 0 for both.

        Returns:
            Counts, int64, shape (n, number of motifs).
        """
        columns = []
        for number in range(1, len(MOTIFS) + 1):
            wanted = np.abs(self.motif) == number if strand == 0 else self.motif == strand * number
            at = self.start[wanted]
            columns.append(np.searchsorted(at, hi) - np.searchsorted(at, lo))
        return np.stack(columns, axis=1).astype(np.int64)


@dataclass(frozen=True)
class Genome:
    """A written FASTA, read in place: bases are gathered from the file, which is never held in memory.

    Attributes:
        assembly: Its name.
        path: The FASTA.
        lengths: Contig to length in bp.
        hits: Contig to its motif hits.
    """

    assembly: str
    path: Path
    lengths: dict[str, int]
    hits: dict[str, Hits]
    _offsets: dict[str, int]

    def codes(self, chrom: str) -> Codes:
        """Give a whole contig as uint8 codes: A, C, G, T = 0..3, everything else 4; shape (length,)."""
        length, offset = self.lengths[chrom], self._offsets[chrom]
        lines = -(-length // LINE_BASES)
        with self.path.open("rb") as handle:
            handle.seek(offset)
            raw = np.frombuffer(handle.read(length + lines), dtype=np.uint8)
        whole = raw[: (lines - 1) * (LINE_BASES + 1)].reshape(-1, LINE_BASES + 1)[:, :LINE_BASES].reshape(-1)
        last = raw[(lines - 1) * (LINE_BASES + 1) : -1]
        return np.asarray(_CODE_OF_BYTE[np.concatenate([whole, last])], dtype=np.uint8)


@dataclass(frozen=True)
class Genes:
    """All genes of the world, in contig order and ascending there; arrays of shape (n,).

    Attributes:
        gene_id: Unversioned Ensembl-like id, outside Ensembl's own range.
        symbol: Gene symbol.
        entrez: Number for ClinVar's GENEINFO.
        chrom: Contig.
        strand: ``+`` or ``-``.
        type: ``protein_coding`` or ``lincRNA``.
        tss: Assembly to 0-based TSS.
        cage_tss: Assembly to 0-based CAGE TSS.
    """

    gene_id: npt.NDArray[Any]
    symbol: npt.NDArray[Any]
    entrez: Ints
    chrom: npt.NDArray[Any]
    strand: npt.NDArray[Any]
    type: npt.NDArray[Any]
    tss: dict[str, Ints]
    cage_tss: dict[str, Ints]


@dataclass(frozen=True)
class Variants:
    """Common variants of GRCh38, in contig order and ascending there; arrays of shape (n,). REF is always the genome's base.

    Attributes:
        chrom: Contig.
        start: 0-based position of the first REF base, int64.
        ref: REF alleles.
        alt: ALT alleles.
        rs: dbSNP-like number, outside dbSNP's own range.
        delta: Motif counts of ALT minus REF, int8, shape (n, number of motifs); zero for indels, which stand off motifs.
        distance_bp: Distance to the nearest TSS.
        is_snv: One base for one.
        is_edge: So near to a contig end that a 4,096-bp window leaves the contig.
    """

    chrom: npt.NDArray[Any]
    start: Ints
    ref: npt.NDArray[Any]
    alt: npt.NDArray[Any]
    rs: Ints
    delta: npt.NDArray[np.int8]
    distance_bp: Ints
    is_snv: Bools
    is_edge: Bools

    @property
    def changes_motif(self) -> Bools:
        """Whether ALT makes or breaks a motif; shape (n,)."""
        return np.asarray(self.delta.any(axis=1), dtype=np.bool_)


@dataclass(frozen=True)
class Fault:
    """One faulty row that ``with_faults`` wrote: source, file below OUT, 1-based line, what is wrong, and the row's text."""

    source: str
    file: str
    line: int
    kind: str
    text: str


@dataclass
class World:
    """What all simulated files are drawn from.

    Attributes:
        scale: 1 for the published counts.
        seed: Of every random stream.
        with_faults: Whether sources add faulty rows.
        genomes: Assembly to genome.
        genes: All genes.
        variants: Common variants.
        layout: Contig to how the assemblies differ.
        faults: The faulty rows written so far; sources add theirs by :meth:`fault_lines`.
        root: The folder OUT.
    """

    scale: float
    seed: int
    with_faults: bool
    genomes: dict[str, Genome]
    genes: Genes
    variants: Variants
    layout: dict[str, Layout]
    root: Path
    faults: list[Fault] = field(default_factory=list)

    def rng(self, *purpose: object) -> np.random.Generator:
        """Open the random stream of a purpose: the same seed and purpose give the same numbers, whatever else was drawn."""
        return stream(self.seed, *purpose)

    def lift(self, chrom: str, start: Ints) -> tuple[Ints, Bools]:
        """Map 0-based GRCh38 positions to GRCh37.

        Returns:
            GRCh37 positions (0-based), and whether each exists there.
        """
        return self.layout[chrom].lift(start)

    def fault_lines(self, source: str, path: Path, first_line: int, rows: Iterable[tuple[str, str]]) -> list[str]:
        """Note faulty rows and give their text lines, or none unless the world has faults.

        Args:
            source: Name of the source.
            path: The file they go to.
            first_line: 1-based line of the first of them.
            rows: Pairs of kind and text without line end; an empty kind is a good row between them and is not noted.

        Returns:
            The lines, with line ends, to be written from ``first_line`` on.
        """
        if not self.with_faults:
            return []
        lines = []
        for line, (kind, text) in enumerate(rows, start=first_line):
            lines.append(text + "\n")
            if kind:
                self.faults.append(Fault(source, path.relative_to(self.root).as_posix(), line, kind, text))
        return lines


@dataclass(frozen=True)
class Layout:
    """How one contig is laid out, in union coordinates (0-based): the sequence of both assemblies, each of which lacks one segment.

    Attributes:
        length: Of the union.
        only_38: Segment that GRCh37 lacks, (start, end).
        only_37: Segment that GRCh38 lacks, (start, end); behind ``only_38``.
        head_n: Length of the N run at the start.
        tail_n: Length of the N run at the end.
        gaps: N runs inside, (start, end).
        deserts: Regions without genes, (start, end).
    """

    length: int
    only_38: tuple[int, int]
    only_37: tuple[int, int]
    head_n: int
    tail_n: int
    gaps: tuple[tuple[int, int], ...]
    deserts: tuple[tuple[int, int], ...]

    def missing(self, assembly: str) -> tuple[int, int]:
        """Give the segment that an assembly lacks."""
        return self.only_38 if assembly == "GRCh37" else self.only_37

    def cut(self, union: npt.NDArray[Any], assembly: str) -> npt.NDArray[Any]:
        """Cut an assembly's sequence out of the union's."""
        lo, hi = self.missing(assembly)
        return np.concatenate([union[:lo], union[hi:]])

    def to_assembly(self, position: Ints, assembly: str) -> Ints:
        """Map union positions, which must not lie in the segment that the assembly lacks."""
        lo, hi = self.missing(assembly)
        return np.where(position >= hi, position - (hi - lo), position).astype(np.int64)

    def lift(self, start: Ints) -> tuple[Ints, Bools]:
        """Map 0-based GRCh38 positions to GRCh37; see :meth:`World.lift`."""
        lo, hi = self.only_37
        union = np.where(start >= lo, start + (hi - lo), start)
        exists = (union < self.only_38[0]) | (union >= self.only_38[1])
        return self.to_assembly(union, "GRCh37"), exists

    def zones(self, margin_bp: int) -> list[tuple[int, int]]:
        """List where genes may stand: away by ``margin_bp`` from ends, gaps and segments, and outside deserts."""
        closed = sorted(
            [(0, self.head_n + margin_bp), (self.length - self.tail_n - margin_bp, self.length), *self.deserts]
            + [(lo - margin_bp, hi + margin_bp) for lo, hi in (*self.gaps, self.only_38, self.only_37)]
        )
        zones, at = [], 0
        for lo, hi in closed:
            if lo > at:
                zones.append((at, lo))
            at = max(at, hi)
        return zones


MARK = "SIMULATED.txt"
"""A file of this name in OUT says that everything below it is simulated."""


def check_scale(scale: float) -> float:
    """Give the scale back as a float, or raise.

    Raises:
        BadSpec: Unless it is a finite number with 0 < scale <= 1.
    """
    try:
        value = float(scale)
    except (TypeError, ValueError):
        value = math.nan
    if not (math.isfinite(value) and 0 < value <= 1):
        raise BadSpec(f"scale {scale!r} is not usable; expected a number above 0 and at most 1 (1 = published counts); try --scale 0.01")
    return value


def scaled(scale: float, published: int, minimum: int) -> int:
    """Give ``round(scale * published)``, but at least ``minimum`` (and never more than published, if that is less)."""
    return max(min(minimum, published), round(scale * published))


def contig_lengths(scale: float) -> dict[str, int]:
    """Give the GRCh38 contigs' lengths in bp: multiples of 128 (CAGE bins end with the contig), not of 60 (the last line is short)."""
    extra = EXTRA_BP[0] + EXTRA_BP[1] * check_scale(scale)
    lengths = {}
    for chrom, megabases in zip(NUCLEAR, REAL_MB, strict=True):
        length = int(MIN_CONTIG_BP + extra * megabases / sum(REAL_MB)) // 128 * 128 + 128
        lengths[chrom] = length + 128 if length % LINE_BASES == 0 else length
    lengths["chrM"] = MITOCHONDRION_BP
    return lengths


def gene_counts(scale: float) -> dict[str, int]:
    """Give the number of genes by nuclear contig: about 30,000 at scale 1, and never too few for a test split on one contig."""
    lengths = contig_lengths(scale)
    total = sum(lengths[chrom] for chrom in NUCLEAR)
    wanted = 30_000 * scale ** (2 / 3)
    return {
        c: max(20, round(wanted * n / total / 4)) if c == "chrY" else max(64, round(wanted * n / total))
        for c, n in lengths.items()
        if c != "chrM"
    }


def variant_counts(scale: float) -> dict[str, int]:
    """Give the number of common variants aimed at by nuclear contig: 400,000 at scale 1."""
    lengths = contig_lengths(scale)
    total = sum(lengths[chrom] for chrom in NUCLEAR)
    wanted = max(12_000, 400_000 * scale)
    return {chrom: round(wanted * lengths[chrom] / total) for chrom in NUCLEAR}


def stream(seed: int, *purpose: object) -> np.random.Generator:
    """Open the random stream of a seed and a purpose (any printable parts)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *(zlib.crc32(str(part).encode()) for part in purpose)])))


def find_motifs(codes: Codes) -> Hits:
    """Find every motif on both strands of a contig given as codes (0..3, 4 = other)."""
    two_bits = (codes & 3).astype(np.uint16)
    n = len(codes) - MOTIF_BP + 1
    kmer = np.zeros(n, dtype=np.uint16)
    for offset in range(MOTIF_BP):
        kmer <<= 2
        kmer |= two_bits[offset : offset + n]
    motif = MOTIF_TABLE[kmer]
    start = np.flatnonzero(motif)
    other = np.flatnonzero(codes > 3)  # 4 & 3 looks like A: hits over such bases are none
    clean = np.searchsorted(other, start) == np.searchsorted(other, start + MOTIF_BP)
    start = start[clean]
    return Hits(start.astype(np.int64), motif[start])


def motif_delta(codes: Codes, start: Ints, alt: Codes) -> npt.NDArray[np.int8]:
    """Count motifs on both strands with ALT minus with REF, for single-base changes.

    Args:
        codes: The contig, uint8 codes.
        start: 0-based positions, shape (n,).
        alt: ALT codes 0..3, shape (n,).

    Returns:
        int8, shape (n, number of motifs).
    """
    reach = MOTIF_BP - 1
    at = start[:, None] + np.arange(-reach, reach + 1)
    around = np.where((at >= 0) & (at < len(codes)), codes[np.clip(at, 0, len(codes) - 1)], 4)
    changed = around.copy()
    changed[:, reach] = alt
    delta = np.zeros((len(start), len(MOTIFS)), dtype=np.int8)
    for sign, bases in ((-1, around), (1, changed)):
        for offset in range(MOTIF_BP):
            window = bases[:, offset : offset + MOTIF_BP]
            kmer = (window & 3).astype(np.int64) @ (4 ** np.arange(MOTIF_BP - 1, -1, -1))
            motif = np.abs(np.where((window < 4).all(axis=1), MOTIF_TABLE[kmer], 0))
            rows = np.flatnonzero(motif)
            delta[rows, motif[rows] - 1] += np.int8(sign)  # one window holds one motif: each row is met once
    return delta


def distance_to_nearest(sorted_positions: Ints, start: Ints) -> Ints:
    """Give the distance in bp to the nearest of some ascending positions; shape of ``start``."""
    right = np.searchsorted(sorted_positions, start)
    before = sorted_positions[np.clip(right - 1, 0, len(sorted_positions) - 1)]
    behind = sorted_positions[np.clip(right, 0, len(sorted_positions) - 1)]
    return np.asarray(np.minimum(np.abs(start - before), np.abs(behind - start)), dtype=np.int64)


def distance_stratum(distance_bp: Ints) -> Ints:
    """Give 0, 1 or 2 for near, middle and far (``DISTANCE_EDGES_BP``, half-open)."""
    return np.searchsorted(np.array(DISTANCE_EDGES_BP), distance_bp, side="right").astype(np.int64)


def letters(codes: Codes) -> npt.NDArray[Any]:
    """Turn codes 0..3 into an array of one-letter strings."""
    return np.array(["A", "C", "G", "T"])[codes]


def _plan(chrom: str, length_38: int, rng: np.random.Generator) -> Layout:
    if chrom == "chrM":
        return Layout(length_38, (8_000, 8_010), (12_000, 12_000), 0, 0, ((3_106, 3_107),), ())  # rCRS, too, has one N inside
    only_38_bp, only_37_bp = (int(n) for n in rng.integers(1_000, 3_000, 2))
    length = length_38 + only_37_bp
    at = [int(length * share + rng.integers(-2_000, 2_000)) for share in (0.12, 0.20, 0.80, 0.88)]
    gap_bp = rng.integers(1_000, 4_000, 2)
    n_deserts = max(1, length // 1_500_000)
    block = length / n_deserts
    deserts = tuple((int((k + 0.29) * block), int((k + 0.71) * block)) for k in range(n_deserts))
    return Layout(
        length=length,
        only_38=(at[0], at[0] + only_38_bp),
        only_37=(at[3], at[3] + only_37_bp),
        head_n=int(rng.integers(300, 800)),
        tail_n=int(rng.integers(300, 800)),
        gaps=((at[1], at[1] + int(gap_bp[0])), (at[2], at[2] + int(gap_bp[1]))),
        deserts=deserts,
    )


def _place_genes(chrom: str, n: int, layout: Layout, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Place CAGE TSS in evenly spaced, jittered slots along the zones, and TSS near them; union coordinates."""
    zones = np.array(layout.zones(PROMOTER_FLANK_BP + 100))
    widths = zones[:, 1] - zones[:, 0]
    ends = np.cumsum(widths)
    along = (np.arange(n) + 0.5 + rng.uniform(-0.25, 0.25, n)) * ends[-1] / n
    zone = np.searchsorted(ends, along, side="right")
    cage = (zones[zone, 0] + along - (ends - widths)[zone]).astype(np.int64)
    if chrom in EDGE_GENE_CONTIGS:
        near = rng.integers(1_850, 2_030, 2)
        cage[0], cage[-1] = near[0], layout.length - 1 - near[1]
    # In the published table a quarter of the CAGE TSS equal the TSS, and an eighth lie more than 1 kb away.
    kind = rng.random(n)
    shift = np.where(kind < 0.27, 0, np.where(kind < 0.87, rng.integers(-900, 901, n), rng.integers(-4_000, 4_001, n)))
    tss = cage + shift
    closed = [*layout.gaps, *layout.deserts, layout.only_38, layout.only_37]
    bad = (tss < layout.head_n + 10) | (tss > layout.length - layout.tail_n - 10)
    for lo, hi in closed:
        bad |= (tss >= lo) & (tss < hi)
    return cage, np.where(bad, cage, tss).astype(np.int64)


def _background(length: int, rng: np.random.Generator) -> Codes:
    """Draw random bases whose GC content alternates between 38 % and 46 % every 50 kb."""
    draws = rng.integers(0, 256, length, dtype=np.uint8)
    codes = np.empty(length, dtype=np.uint8)
    for block, lo in enumerate(range(0, length, 50_000)):
        half_gc = 49 if block % 2 == 0 else 59  # of 256
        edges = np.array([128 - half_gc, 128, 128 + half_gc])  # A, C | G, T
        table = np.searchsorted(edges, np.arange(256), side="right").astype(np.uint8)
        codes[lo : lo + 50_000] = table[draws[lo : lo + 50_000]]
    return codes


def _plant(codes: Codes, cage: Ints, is_plus: Bools, rng: np.random.Generator) -> None:
    """Write motifs around each CAGE TSS in the gene's orientation: per gene and motif few, some or many; in place."""
    n_slots = 2 * PROMOTER_FLANK_BP // 8  # 8 bp a slot keep motifs from overlapping
    rate = np.array([0.1, 1.5, 5.0])[rng.integers(0, 3, (len(cage), len(MOTIFS)))]
    count = rng.poisson(rate).astype(np.int64)
    order = np.argsort(rng.random((len(cage), n_slots)), axis=1)
    used = np.zeros(len(cage), dtype=np.int64)
    for number, (_, sequence, _) in enumerate(MOTIFS):
        motif = _motif_codes(sequence)
        for copy in range(int(count[:, number].max(initial=0))):
            gene = np.flatnonzero((count[:, number] > copy) & (used < n_slots))
            index = order[gene, used[gene]] * 8 + rng.integers(0, 3, len(gene))
            used[gene] += 1
            plus = is_plus[gene]
            # Index 1,000 of the oriented promoter is the CAGE TSS on both strands.
            first = np.where(plus, cage[gene] - PROMOTER_FLANK_BP + index, cage[gene] + PROMOTER_FLANK_BP - index - (MOTIF_BP - 1))
            at = first[:, None] + np.arange(MOTIF_BP)
            codes[at] = np.where(plus[:, None], motif, 3 - motif[::-1])


def _to_text(codes: Codes, layout: Layout, rng: np.random.Generator) -> Codes:
    """Turn codes into FASTA bytes: N runs, a few IUPAC codes, soft-masked stretches."""
    text = ACGT[codes]
    iupac_at = rng.integers(0, len(text), 4 if len(text) < MIN_CONTIG_BP else 8)
    text[iupac_at] = np.frombuffer(b"RYSWKM", dtype=np.uint8)[rng.integers(0, 6, len(iupac_at))]
    runs = np.maximum(1, rng.exponential(500, 2 * len(text) // 800 + 64)).astype(np.int64)
    is_lower = np.repeat(np.arange(len(runs)) % 2 == 1, runs)[: len(text)]
    is_lower = np.pad(is_lower, (0, len(text) - len(is_lower)))
    text = np.where(is_lower, text | 0x20, text)
    for lo, hi in ((0, layout.head_n), (layout.length - layout.tail_n, layout.length), *layout.gaps):
        text[lo:hi] = ord("N")
    return text


def _write_contig(handle: BinaryIO, chrom: str, text: Codes) -> int:
    """Write one FASTA record; give the file offset of its first base."""
    handle.write(f">{chrom}\n".encode())
    offset = handle.tell()
    n_full = len(text) // LINE_BASES
    lines = np.full((n_full, LINE_BASES + 1), ord("\n"), dtype=np.uint8)
    lines[:, :LINE_BASES] = text[: n_full * LINE_BASES].reshape(n_full, LINE_BASES)
    handle.write(lines.tobytes())
    if len(text) % LINE_BASES:
        handle.write(text[n_full * LINE_BASES :].tobytes() + b"\n")
    return offset


def indel_alleles(codes: Codes, start: Ints, rng: np.random.Generator) -> tuple[Ints, list[str], list[str]]:
    """Make left-aligned deletions and insertions of 1 to 4 bases behind anchor bases.

    Args:
        codes: The contig, uint8 codes.
        start: 0-based anchors, at least 8 bp from the contig's end.
        rng: Source of randomness.

    Returns:
        Indexes into ``start`` of the anchors that could be used (all bases known, the last deleted base not the anchor's, which
        would shift to the left), and their REF and ALT alleles.
    """
    size = rng.integers(1, 5, len(start))
    is_deletion = rng.random(len(start)) < 0.5
    around = codes[start[:, None] + np.arange(5)]
    inserted = rng.integers(0, 4, (len(start), 4)).astype(np.uint8)
    rows = np.arange(len(start))
    last = np.where(is_deletion, around[rows, size], inserted[rows, size - 1])
    usable = (around < 4).all(axis=1) & (last != around[:, 0])
    kept = np.flatnonzero(usable)
    refs, alts = [], []
    for row in kept.tolist():
        n = int(size[row])
        anchor = "ACGT"[around[row, 0]]
        if is_deletion[row]:
            refs.append("".join("ACGT"[c] for c in around[row, : n + 1]))
            alts.append(anchor)
        else:
            refs.append(anchor)
            alts.append(anchor + "".join("ACGT"[c] for c in inserted[row, :n]))
    return kept.astype(np.int64), refs, alts


def _draw_variants(codes: Codes, hits: Hits, n: int, layout: Layout, rng: np.random.Generator) -> dict[str, list[npt.NDArray[Any]]]:
    """Draw the common variants of one GRCh38 contig: motif breakers, motif makers, neutral ones of the same bases, indels, edge ones."""
    length = len(codes)
    n_break, n_make, n_indel = round(0.35 * n), round(0.1 * n), round(0.06 * n)
    n_neutral = n - n_break - n_make - n_indel

    site = rng.choice(len(hits.start) * MOTIF_BP, min(n_break, len(hits.start) * MOTIF_BP), replace=False)
    breaking = hits.start[site // MOTIF_BP] + site % MOTIF_BP
    pool = rng.permutation(np.unique(rng.integers(layout.head_n, length - layout.tail_n - 8, 8 * n)))
    pool = pool[codes[pool] < 4]
    pool_alt = ((codes[pool] + rng.integers(1, 4, len(pool))) % 4).astype(np.uint8)
    changes = motif_delta(codes, pool, pool_alt).any(axis=1)

    share = np.bincount(codes[breaking], minlength=4) / max(1, len(breaking))
    base = codes[pool]
    neutral = [np.flatnonzero(~changes & (base == b))[: round(n_neutral * share[b])] for b in range(4)]
    taken = np.zeros(len(pool), dtype=np.bool_)
    chosen = np.concatenate([np.flatnonzero(changes)[:n_make], *neutral])
    taken[chosen] = True
    spare = np.flatnonzero(~taken & ~changes)[: 2 * n_indel]
    indel_rows, indel_ref, indel_alt = indel_alleles(codes, pool[spare], rng)
    indel_rows = indel_rows[:n_indel]

    edge = []
    for lo, hi in ((layout.head_n + 20, 2_000), (length - 2_000, length - layout.tail_n - 20)):
        near = rng.permutation(np.arange(lo, hi))
        edge.append(near[codes[near] < 4][:EDGE_VARIANTS])
    edge_start = np.concatenate(edge).astype(np.int64)

    start = np.concatenate([edge_start, breaking, pool[chosen]])
    alt = np.concatenate([np.zeros(len(edge_start) + len(breaking), dtype=np.uint8), pool_alt[chosen]])
    drawn = slice(0, len(edge_start) + len(breaking))
    alt[drawn] = (codes[start[drawn]] + rng.integers(1, 4, len(start[drawn]))) % 4
    n_snv = len(start)
    delta = np.concatenate([motif_delta(codes, start, alt), np.zeros((len(indel_rows), len(MOTIFS)), dtype=np.int8)])
    ref_text = np.concatenate([letters(codes[start]), np.array(indel_ref[: len(indel_rows)], dtype="U5")])
    alt_text = np.concatenate([letters(alt), np.array(indel_alt[: len(indel_rows)], dtype="U5")])
    start = np.concatenate([start, pool[spare][indel_rows]])
    is_snv = np.arange(len(start)) < n_snv
    is_edge = np.arange(len(start)) < len(edge_start)

    _, exists = layout.lift(start)  # a common variant has a place in both assemblies
    order = np.argsort(start, kind="stable")
    _, first = np.unique(start[order], return_index=True)  # one variant a position; of two the earlier kind stays
    kept = order[first]
    kept = kept[exists[kept]]
    columns = {"start": start, "ref": ref_text, "alt": alt_text, "delta": delta, "is_snv": is_snv, "is_edge": is_edge}
    return {name: [column[kept]] for name, column in columns.items()}


def build_world(out: Path, *, scale: float, seed: int, with_faults: bool = False) -> World:
    """Draw the world and write its genomes to ``OUT/genomes/<assembly>.fa``.

    Holds one contig and the world's tables in memory, not the genomes.

    Args:
        out: The folder OUT.
        scale: 0 < scale <= 1.
        seed: Seed of every stream.
        with_faults: Handed to the sources.
    """
    lengths, n_genes, n_variants = contig_lengths(scale), gene_counts(scale), variant_counts(scale)
    folder = out / "genomes"
    folder.mkdir(parents=True, exist_ok=True)
    layouts: dict[str, Layout] = {}
    contigs: dict[str, dict[str, int]] = {a: {} for a in ASSEMBLIES}
    offsets: dict[str, dict[str, int]] = {a: {} for a in ASSEMBLIES}
    hits: dict[str, dict[str, Hits]] = {a: {} for a in ASSEMBLIES}
    genes: dict[str, list[npt.NDArray[Any]]] = {}
    variants: dict[str, list[npt.NDArray[Any]]] = {}

    def add(table: dict[str, list[npt.NDArray[Any]]], more: dict[str, list[npt.NDArray[Any]]]) -> None:
        for name, arrays in more.items():
            table.setdefault(name, []).extend(arrays)

    with (folder / "GRCh37.fa").open("wb") as fasta_37, (folder / "GRCh38.fa").open("wb") as fasta_38:
        for chrom in CONTIGS:
            rng = stream(seed, "contig", chrom)
            layout = layouts[chrom] = _plan(chrom, lengths[chrom], rng)
            codes = _background(layout.length, rng)
            cage = tss = np.zeros(0, dtype=np.int64)
            if chrom != "chrM":
                n = n_genes[chrom]
                cage, tss = _place_genes(chrom, n, layout, rng)
                is_plus = rng.random(n) < 0.5
                _plant(codes, cage, is_plus, rng)
                linc = round(n * PUBLISHED_TYPES["lincRNA"] / sum(PUBLISHED_TYPES.values()))
                kinds = rng.permutation(np.repeat(["lincRNA", "protein_coding"], [linc, n - linc]))
                add(genes, {"chrom": [np.full(n, chrom)], "strand": [np.where(is_plus, "+", "-")], "type": [kinds]})
                for assembly in ASSEMBLIES:
                    add(genes, {f"tss_{assembly}": [layout.to_assembly(tss, assembly)]})
                    add(genes, {f"cage_{assembly}": [layout.to_assembly(cage, assembly)]})
            text = _to_text(codes, layout, rng)
            for assembly, handle in (("GRCh37", fasta_37), ("GRCh38", fasta_38)):
                own = layout.cut(text, assembly)
                offsets[assembly][chrom] = _write_contig(handle, chrom, own)
                contigs[assembly][chrom] = len(own)
                own_codes = _CODE_OF_BYTE[own]
                hits[assembly][chrom] = find_motifs(own_codes)
            if chrom != "chrM":
                drawn = _draw_variants(own_codes, hits["GRCh38"][chrom], n_variants[chrom], layout, rng)  # own_codes: GRCh38's, the last
                add(variants, drawn)
                distance = distance_to_nearest(np.sort(layout.to_assembly(tss, "GRCh38")), drawn["start"][0])
                add(variants, {"chrom": [np.full(len(distance), chrom)], "distance_bp": [distance]})

    gene = {name: np.concatenate(parts) for name, parts in genes.items()}
    number = stream(seed, "gene numbers").permutation(len(gene["chrom"])) + 1  # ids must not tell the contig
    stems = np.where(gene["type"] == "lincRNA", "LINC9", "SIM")
    variant = {name: np.concatenate(parts) for name, parts in variants.items()}
    return World(
        scale=scale,
        seed=seed,
        with_faults=with_faults,
        root=out,
        layout=layouts,
        genomes={a: Genome(a, folder / f"{a}.fa", contigs[a], hits[a], offsets[a]) for a in ASSEMBLIES},
        genes=Genes(
            gene_id=np.array([f"ENSG009{n:08d}" for n in number]),
            symbol=np.array([f"{stem}{n:05d}" for stem, n in zip(stems, number, strict=True)]),
            entrez=(900_000_000 + number).astype(np.int64),
            chrom=gene["chrom"],
            strand=gene["strand"],
            type=gene["type"],
            tss={a: gene[f"tss_{a}"] for a in ASSEMBLIES},
            cage_tss={a: gene[f"cage_{a}"] for a in ASSEMBLIES},
        ),
        variants=Variants(rs=9_000_000_000 + np.arange(len(variant["start"]), dtype=np.int64), **variant),
    )


@contextmanager
def gzip_text(path: Path) -> Iterator[Callable[[str], object]]:
    """Open a gzip file whose bytes depend on its content alone; yields a function that writes text."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
        yield lambda text: packed.write(text.encode())


def sources() -> list[str]:
    """List the sources that can be simulated: the folders beside this file that hold a ``simulate.py``."""
    return sorted(path.parent.name for path in Path(__file__).resolve().parent.glob("*/simulate.py"))


def simulate(
    out: Path,
    *,
    scale: float = 0.01,
    seed: int = 0,
    with_faults: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write simulated genomes and every source's files, in the providers' layouts, below a new or empty folder.

    The same scale, seed and ``with_faults`` give the same bytes. With faults, ``OUT/faults.csv`` lists each faulty row by source, file,
    line (1-based, as a reader counts the uncompressed lines), kind and text.

    Args:
        out: The folder OUT; made if need be.
        scale: 1 for the published counts; 0 < scale <= 1.
        seed: Any integer from 0 on.
        with_faults: Whether to add a few rows that an ingest has to reject or notice.
        progress: Called with one line of text before each step, and with a summary of the faults.

    Returns:
        All files written.

    Raises:
        BadSpec: The scale or the seed is unusable, or OUT is not an empty folder.
    """
    scale = check_scale(scale)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise BadSpec(f"seed {seed!r} is not usable; expected an integer from 0 on")
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what = "is not empty" if out.is_dir() else "is a file"
        raise BadSpec(f"cannot simulate into {out}: it {what}; expected a new or empty folder; name another one or remove it first")
    say = progress or (lambda _: None)
    out.mkdir(parents=True, exist_ok=True)

    say(f"genomes: {sum(contig_lengths(scale).values()) / 1e6:.0f} Mb for each of {' and '.join(ASSEMBLIES)}")
    world = build_world(out, scale=scale, seed=seed, with_faults=with_faults)
    paths = [world.genomes[assembly].path for assembly in ASSEMBLIES]
    paths += importlib.import_module("lrbstore.ingest.simulated_chains").simulate_chains(world, out / "chains")  # it imports this module
    for source in sources():
        say(f"{source}: writing {out / source}")
        (out / source).mkdir(exist_ok=True)
        paths += importlib.import_module(f"lrbstore.ingest.{source}.simulate").simulate(world, out / source)
    if with_faults:
        report = out / "faults.csv"
        with report.open("w", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(["source", "file", "line", "kind", "text"])
            writer.writerows([f.source, f.file, f.line, f.kind, f.text] for f in world.faults)
        paths.append(report)
        files = len({fault.file for fault in world.faults})
        say(f"faults: {len(world.faults)} faulty rows in {files} files, listed in {report}")
    mark = out / MARK
    mark.write_text(f"Simulated by lrbstore with scale {scale:g} and seed {seed}: nothing computed from these files is biology.\n")
    return [*paths, mark]


def is_simulated(path: Path) -> bool:
    """Tell whether a file or folder lies in what :func:`simulate` wrote, by the mark that it leaves in OUT."""
    path = Path(path).absolute()
    return any((folder / MARK).is_file() for folder in (path, *path.parents))
