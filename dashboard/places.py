"""Places as people type them, as they stand inside, and as genome browsers want them: the one home of all three.

People type positions 1-based and inclusive; so do UCSC, Ensembl and gnomAD in their links. Inside, ``pos`` is 1-based and ``start``,
``end`` are 0-based half-open, as everywhere in this house. Nothing here looks at a store: a text is read into what it says
(:class:`TypedRegion`, :class:`TypedAllele`), and a question that knows the store says which assemblies it may be meant on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from lrbstore.alleles import allele_key, is_bases, trim_alleles
from lrbstore.assembly import DOOR_ALIASES, assemblies, assembly
from lrbstore.coordinates import pos_of_start, start_of_pos
from lrbstore.errors import BadSpec, ContigNotFound, near_names

# ── as they stand inside ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Region:
    """A stretch of a contig: ``start``, ``end`` 0-based half-open."""

    assembly: str
    chrom: str
    start: int
    end: int

    @property
    def first(self) -> int:
        """Its first base, 1-based."""
        return pos_of_start(self.start)

    @property
    def last(self) -> int:
        """Its last base, 1-based: of a half-open interval the same number as its end."""
        return self.end

    def __str__(self) -> str:
        """Write it as browsers do: 1-based, both ends in it, one number for one base."""
        stretch = f"{self.first:,}" if self.first == self.last else f"{self.first:,}-{self.last:,}"
        return f"{self.chrom}:{stretch}"


@dataclass(frozen=True)
class Allele:
    """A variant by its trimmed alleles.

    Attributes:
        assembly: Its assembly.
        chrom: Its contig.
        pos: 1-based position of the first REF base.
        ref: REF in upper-case bases; or ``<length>-<md5>``, as a ``variant_id`` has an allele that is too long to be spelt out.
        alt: ALT, likewise.
    """

    assembly: str
    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def is_spelt(self) -> bool:
        """Whether both alleles are known in bases."""
        return is_bases(self.ref) and is_bases(self.alt)

    @property
    def variant_id(self) -> str:
        """Key of table ``variant``."""
        ref, alt = (allele_key(allele) if is_bases(allele) else allele for allele in (self.ref, self.alt))
        return f"{self.assembly}:{self.chrom}:{self.pos}:{ref}:{alt}"

    @property
    def region(self) -> Region:
        """The bases of REF."""
        start = start_of_pos(self.pos)
        n = len(self.ref) if is_bases(self.ref) else int(self.ref.partition("-")[0])
        return Region(self.assembly, self.chrom, start, start + n)


# ── as people type them ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

#: What an assembly is called where a place is typed, lower case → its name inside; GTEx says b38 for the other one of b37.
_NAMES = {name.casefold(): name for name in assemblies()} | DOOR_ALIASES | {"b38": "GRCh38"}
_NAMED = rf"(?:(?P<assembly>{'|'.join(_NAMES)})[\s:_-]+)?(?P<contig>[\w.]+?)"
_POS = r"[0-9][0-9,]{0,17}(?![0-9,])"  # fits 64 bits
_BASES, _DIGEST = "[ACGTN]+", "[0-9]{1,9}-[0-9a-f]{32}"
_VARIANT = re.compile(
    rf"{_NAMED}[\s:_-]+(?:g\.)?(?P<pos>{_POS})(?:[\s:_-]*(?P<ref>{_BASES})|[\s:_-]+(?P<long_ref>{_DIGEST}))"
    rf"[\s:_/>-]+(?P<alt>{_BASES}|{_DIGEST})(?:_(?P<build>b3[78]))?",
    re.IGNORECASE | re.ASCII,
)
_REGION = re.compile(rf"{_NAMED}(?:[\s:]+(?P<first>{_POS})(?:\s*(?:-|–|\.\.)\s*(?P<last>{_POS}))?)?", re.IGNORECASE | re.ASCII)
_RS = re.compile(r"rs[0-9]+", re.IGNORECASE | re.ASCII)
_GENE_ID = re.compile(r"(ENSG[0-9]{11})(?:\.[0-9]+)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class _Typed:
    text: str
    assembly: str | None
    contig: str

    def _contigs(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Give the assemblies, each with its contig, that are meant: the one that the text says, else those that know the contig."""
        meant = [self.assembly] if self.assembly else [assembly(name).name for name in names]
        known = [(name, chrom) for name in meant if (chrom := assembly(name).canonical(self.contig)) is not None]
        if not known:
            near = near_names(self.contig, list(assembly(meant[0]).lengths)[:25], "contig") if meant else ""
            raise ContigNotFound(f"{self.text!r} is nowhere: there is no contig {self.contig!r} on {' or '.join(meant)}{near}")
        return known


@dataclass(frozen=True)
class TypedRegion(_Typed):
    """A region as its text says it.

    Attributes:
        text: The text.
        assembly: The assembly that it names; None where it names none.
        contig: The contig as it is spelt there.
        first: 1-based first base; None: the whole contig is meant.
        last: 1-based last base, likewise.
    """

    first: int | None = None
    last: int | None = None

    def on(self, *names: str) -> tuple[Region, ...]:
        """Place it: on the assembly that the text names, else on each of those given that has the contig, in their order.

        Raises:
            ContigNotFound: If none has it.
        """
        return tuple(
            Region(name, chrom, start_of_pos(self.first or 1), self.last or assembly(name).lengths[chrom])
            for name, chrom in self._contigs(names)
        )


@dataclass(frozen=True)
class TypedAllele(_Typed):
    """A variant as its text says it.

    Attributes:
        text: The text.
        assembly: The assembly that it names; None where it names none.
        contig: The contig as it is spelt there.
        pos: 1-based position of the first REF base.
        ref: REF, upper case; or its length and md5.
        alt: ALT, likewise.
    """

    pos: int
    ref: str
    alt: str

    def on(self, *names: str) -> tuple[Allele, ...]:
        """Place it, trimmed: on the assembly that the text names, else on each of those given that has the contig, in their order.

        Raises:
            ContigNotFound: If none has it.
        """
        pos, ref, alt = self.pos, self.ref, self.alt
        if is_bases(ref) and is_bases(alt):
            pos, ref, alt = trim_alleles(pos, ref, alt)
        return tuple(Allele(name, chrom, pos, ref, alt) for name, chrom in self._contigs(names))


def region(text: str) -> TypedRegion:
    """Read a region as typed, 1-based and inclusive: ``chr1:1000-2000``, ``hg38:1:1,000-2,000``, ``chr1:1000`` (one base), ``chr1`` (all).

    Raises:
        BadSpec: If it is none.
    """
    found = _REGION.fullmatch(text.strip())
    wrong = "" if found else ":"
    first = last = None
    if found and found["first"]:
        first = _number(found["first"])
        last = _number(found["last"] or found["first"])
        wrong = ": it begins before base 1;" if first < 1 else ": it ends before it begins;" if last < first else ""
    if found is None or wrong:
        raise BadSpec(f"{text!r} is no region{wrong} expected chr22:100-200, chr22:123 or chr22, 1-based with both ends in it")
    return TypedRegion(text, _assembly(found["assembly"]), found["contig"], first, last)


def variant(text: str) -> TypedAllele | str:
    """Read a variant as typed: ``chr1-1000-A-G``, ``1:1,000 A>G``, ``GRCh38:chr1:1000:A:G``, ``chr1_1000_A_G_b38``, or an rs number.

    Returns:
        What it says; or the rs number, in lower case.

    Raises:
        BadSpec: If it is none of these.
    """
    typed = text.strip()
    if _RS.fullmatch(typed):
        return typed.lower()
    found = _VARIANT.fullmatch(typed)
    if found is None or _number(found["pos"]) < 1:
        raise BadSpec(
            f"{text!r} is no variant; expected chr22-123-A-G, chr22:123 A>G or GRCh38:chr22:123:A:G (position 1-based), "
            "or an rs number as in rs123"
        )
    said = {name for word in (found["assembly"], found["build"]) if (name := _assembly(word))}
    if len(said) > 1:
        raise BadSpec(f"{text!r} is no variant; expected one assembly and not {' and '.join(sorted(said))}")
    ref, alt = (allele.upper() if is_bases(allele) else allele.lower() for allele in (found["ref"] or found["long_ref"], found["alt"]))
    return TypedAllele(text, next(iter(said), None), found["contig"], _number(found["pos"]), ref, alt)


def gene_id(text: str) -> str | None:
    """Read an Ensembl gene id as typed, in upper case and without its version; None where the text is none: then it is a symbol."""
    found = _GENE_ID.fullmatch(text.strip())
    return found[1].upper() if found else None


def _assembly(word: str | None) -> str | None:
    return _NAMES[word.casefold()] if word else None


def _number(text: str) -> int:
    return int(text.replace(",", ""))


# ── as genome browsers want them ─────────────────────────────────────────────────────────────────────────────────────────────────────

_UCSC = {"GRCh37": "hg19", "GRCh38": "hg38"}
_ENSEMBL = {"GRCh37": "https://grch37.ensembl.org", "GRCh38": "https://www.ensembl.org"}
_GNOMAD = {"GRCh37": "gnomad_r2_1", "GRCh38": "gnomad_r4"}
_CHROMOSOMES = {f"chr{name}" for name in (*range(1, 23), "X", "Y")}


def links(shown: Region, allele: Allele | None = None, gene: str | None = None) -> dict[str, str]:
    """Write links to genome browsers; nothing is asked of them here. They count bases from 1, with both ends in the stretch.

    Args:
        shown: What is to be shown there; what of it is not on the contig is left off.
        allele: The variant that it is shown for: gnomAD takes one by its alleles, where they are spelt out.
        gene: Ensembl id of the gene that it is shown for.

    Returns:
        Site → address; a site that does not have the contig is left out, and all are where nothing is on the contig.
    """
    contig = next(c for c in assembly(shown.assembly).contigs if c.chrom == shown.chrom)
    first, last = max(shown.first, 1), min(shown.last, contig.length)
    found: dict[str, str] = {}
    if last < first:
        return found
    ucsc = next((name for name in contig.spellings if name.startswith("chr")), None)
    if ucsc is not None:
        found["UCSC"] = f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={_UCSC[shown.assembly]}&position={quote(f'{ucsc}:{first}-{last}')}"
    # Ensembl's mitochondrion is the revised Cambridge sequence on both assemblies; hg19's chrM is another.
    mitochondrion = {"GRCh37": "chrMT", "GRCh38": "chrM"}[shown.assembly]
    ensembl = shown.chrom[3:] if shown.chrom in _CHROMOSOMES else "MT" if shown.chrom == mitochondrion else contig.genbank
    if ensembl is not None and (shown.chrom == mitochondrion or shown.chrom not in ("chrM", "chrMT")):
        found["Ensembl"] = f"{_ENSEMBL[shown.assembly]}/Homo_sapiens/Location/View?r={quote(f'{ensembl}:{first}-{last}')}"
        if gene is not None:
            found["Ensembl (gene)"] = f"{_ENSEMBL[shown.assembly]}/Homo_sapiens/Gene/Summary?g={quote(gene)}"
    if shown.chrom in _CHROMOSOMES:
        name, spelt = shown.chrom[3:], allele is not None and allele.is_spelt
        page = f"variant/{name}-{allele.pos}-{allele.ref}-{allele.alt}" if allele and spelt else f"region/{name}-{first}-{last}"
        found["gnomAD"] = f"https://gnomad.broadinstitute.org/{page}?dataset={_GNOMAD[shown.assembly]}"
    return found
