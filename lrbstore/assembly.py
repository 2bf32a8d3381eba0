"""Assemblies: which contigs each has, how long they are, and by which names the world calls them.

The facts are data: ``sql/assemblies/<assembly>.tsv``, one contig a line (chrom, length in bases, RefSeq accession, GenBank accession,
other spellings separated by commas). Adding an assembly is adding a file. Lengths and accessions are NCBI's for GRCh37 and GRCh38;
the UCSC spellings of GRCh38's scaffolds were compared with the names and sizes in UCSC's chain files.

Inside the store a chromosome is spelt ``chr1`` … ``chr22``, ``chrX``, ``chrY``. Other contigs of GRCh37 bear their UCSC name
(``chrUn_gl000225``), those of GRCh38 their accession (``KI270728.1``); the other spelling of each is an alias.

**Mitochondria.** GRCh37 has two. ``chrM`` is the one in UCSC's hg19.fa (16,571 bases, NC_001807.4; also ``M``); ``chrMT`` is the
revised Cambridge sequence (16,569 bases, NC_012920.1; also ``MT``) that NCBI, Ensembl and ClinVar mean by MT on GRCh37. Their
positions differ, so they are two contigs. GRCh38 has only the latter, spelt ``chrM``; ``MT`` and ``chrMT`` are aliases of it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache, cached_property

from lrbstore.errors import ContractBroken, UnknownName
from lrbstore.layout import sql_folder

# Names that are understood at the door and never used inside. Upper and lower case make no difference.
DOOR_ALIASES = {"hg19": "GRCh37", "b37": "GRCh37", "hg38": "GRCh38"}

COLUMNS = ["chrom", "length", "refseq", "genbank", "aliases"]


@dataclass(frozen=True)
class Contig:
    """One sequence of an assembly.

    Attributes:
        chrom: Its name inside the store.
        length: Bases.
        refseq: Versioned RefSeq accession, or None.
        genbank: Versioned GenBank accession, or None.
        other_names: Further spellings.
    """

    chrom: str
    length: int
    refseq: str | None = None
    genbank: str | None = None
    other_names: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name that means this contig, its own first, none twice."""
        names = (self.chrom, *self.other_names, self.refseq, self.genbank)
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True)
class Assembly:
    """A named build of a genome: its contigs, their lengths and their spellings. Hashable, picklable, never changed.

    Attributes:
        name: ``GRCh37`` or ``GRCh38``.
        contigs: The contigs in karyotype order, then scaffolds and alternate loci.
    """

    name: str
    contigs: tuple[Contig, ...]

    @property
    def lengths(self) -> dict[str, int]:
        """Contig name to length in bases, in the order of :attr:`contigs`; a new dict each time."""
        return {contig.chrom: contig.length for contig in self.contigs}

    def canonical(self, contig_spelling: str) -> str | None:
        """Return the store's name of a contig, or None when this assembly has no contig of that name.

        Args:
            contig_spelling: ``chr1``, ``1``, ``NC_000001.11``, ``MT`` …; upper and lower case make no difference. The version of an
                accession does: ``NC_000001.10`` is GRCh37's and unknown to GRCh38.
        """
        found = self._by_spelling.get(contig_spelling)
        return found if found is not None else self._by_folded_spelling.get(str(contig_spelling).casefold())

    def aliases(self) -> dict[str, str]:
        """Return every spelling and the contig it means, the contigs' own names included; a new dict each time."""
        return dict(self._by_spelling)

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        return {spelling: contig.chrom for contig in self.contigs for spelling in contig.spellings}

    @cached_property
    def _by_folded_spelling(self) -> dict[str, str]:
        return {spelling.casefold(): chrom for spelling, chrom in self._by_spelling.items()}


def assemblies() -> tuple[str, ...]:
    """Return the names of all known assemblies, sorted: one per file in ``sql/assemblies``."""
    return tuple(sorted(path.stem for path in (sql_folder() / "assemblies").glob("*.tsv")))


def assembly(name: str) -> Assembly:
    """Return an assembly by its name or by one of the names that are understood at the door.

    Args:
        name: ``GRCh37``, ``hg19``, ``b37``, ``GRCh38`` or ``hg38``, in upper or lower case.

    Raises:
        UnknownName: No such assembly; near names are offered.
    """
    known = {candidate.casefold(): candidate for candidate in assemblies()}
    known |= {door: inside for door, inside in DOOR_ALIASES.items() if inside in known.values()}
    inside = known.get(str(name).casefold())
    if inside is None:
        raise UnknownName("assembly", name, {*known.values(), *(door for door in DOOR_ALIASES if door in known)})
    return _read(inside)


@cache
def _read(name: str) -> Assembly:
    path = sql_folder() / "assemblies" / f"{name}.tsv"
    with path.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(handle, delimiter="\t")
        if rows.fieldnames != COLUMNS:
            raise ContractBroken(f"{path} has the columns {rows.fieldnames}; expected {COLUMNS}")
        contigs = tuple(
            Contig(
                chrom=row["chrom"],
                length=int(row["length"]),
                refseq=row["refseq"] or None,
                genbank=row["genbank"] or None,
                other_names=tuple(alias for alias in row["aliases"].split(",") if alias),
            )
            for row in rows
        )
    owner: dict[str, str] = {}
    for contig in contigs:
        for spelling in contig.spellings:
            # Spellings are looked up without regard to case: two contigs must not share one even so.
            if owner.setdefault(spelling.casefold(), contig.chrom) != contig.chrom or contig.length < 1:
                other = owner[spelling.casefold()]
                raise ContractBroken(f"{path}: {contig.chrom} (length {contig.length}) has the spelling '{spelling}', as has {other}")
    return Assembly(name, contigs)
