"""Places as people type them and as other browsers want them.

People type positions 1-based and inclusive; so do UCSC, Ensembl and gnomAD in their links. Inside, ``pos`` is 1-based
and ``start``, ``end`` are 0-based half-open, as everywhere in this house.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from lrbstore.alleles import is_bases
from lrbstore.alleles import variant_id as key
from lrbstore.assembly import assemblies, assembly
from lrbstore.coordinates import pos_of_start, start_of_pos
from lrbstore.errors import BadSpec, ContigNotFound

_REGION = re.compile(r"([^:\s]+)(?:\s*[:\s]\s*([\d,]+)(?:\s*(?:-|\.\.)\s*([\d,]+))?)?")
_ALLELE = re.compile(r"([^:\-\s/_]+)[:\-\s_]([\d,]+)[:\-\s_]?([A-Za-z]+)(?:[:\-/_>]|\s+)([A-Za-z]+)")
_KEY = re.compile(rf"({'|'.join(assemblies())}):[^:\s]+:\d+:([ACGTN]+|\d+-[0-9a-f]{{32}}):([ACGTN]+|\d+-[0-9a-f]{{32}})")
_DB = {"GRCh38": "hg38", "GRCh37": "hg19"}
_ENSEMBL = {"GRCh38": "www.ensembl.org", "GRCh37": "grch37.ensembl.org"}
_GNOMAD = {"GRCh38": "gnomad_r4", "GRCh37": "gnomad_r2_1"}


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
        return f"{self.chrom}:{self.first:,}-{self.last:,}"


@dataclass(frozen=True)
class Allele:
    """A variant by its alleles: ``pos`` is the 1-based position of the first REF base."""

    assembly: str
    chrom: str
    pos: int
    ref: str
    alt: str

    @property
    def variant_id(self) -> str:
        """Key of table ``variant``: of the trimmed alleles."""
        return str(key(self.assembly, self.chrom, self.pos, self.ref, self.alt))


def region(text: str, of_assembly: str) -> Region:
    """Read a region as typed: ``chr1:1000-2000``, ``1:1,000-2,000``, ``chr1:1000`` (one base), ``chr1`` (all of it); 1-based, inclusive.

    Raises:
        BadSpec: If it is none.
        ContigNotFound: If the assembly has no such contig.
    """
    found = _REGION.fullmatch(text.strip())
    if not found:
        raise BadSpec(f"{text!r} is no region; expected one as in chr1:1000-2000, 1-based, both ends in it")
    chrom = _contig(found[1], of_assembly)
    if found[2] is None:
        return Region(of_assembly, chrom, 0, assembly(of_assembly).lengths[chrom])
    first, last = _number(found[2]), _number(found[3] or found[2])
    if not 1 <= first <= last:
        raise BadSpec(f"{text!r} is no region: it must begin at base 1 or later, and end where it begins or later")
    return Region(of_assembly, chrom, start_of_pos(first), last)


def variant(text: str, of_assembly: str) -> Allele | str:
    """Read a variant as typed: ``GRCh38:chr1:1000:A:G``, ``chr1-1000-A-G``, ``1:1,000 A>G``, or an rs number.

    Returns:
        The allele, on the assembly that the text names or else ``of_assembly``; or the rs number, in lower case; or a ``variant_id`` as it
        is, where an allele in it is too long to be spelt out.

    Raises:
        BadSpec: If it is none of these.
        ContigNotFound: If the assembly has no such contig.
    """
    typed = text.strip()
    if re.fullmatch(r"rs\d+", typed, re.IGNORECASE):
        return typed.lower()
    if _KEY.fullmatch(typed) and "-" in typed:
        return typed
    named = re.match(rf"({'|'.join([*assemblies(), *_DB.values()])})[:\-\s]", typed, re.IGNORECASE)
    if named:
        of_assembly, typed = assembly(named[1]).name, typed[named.end() :]
    found = _ALLELE.fullmatch(typed.strip())
    if not found or not (is_bases(found[3].upper()) and is_bases(found[4].upper())) or _number(found[2]) < 1:
        raise BadSpec(
            f"{text!r} is no variant; expected one as in chr1-1000-A-G (position 1-based), GRCh38:chr1:1000:A:G or an rs number as in rs123"
        )
    return Allele(of_assembly, _contig(found[1], of_assembly), _number(found[2]), found[3].upper(), found[4].upper())


def links(allele: Allele) -> dict[str, str]:
    """Give the pages of other browsers on a variant: by name, their URL. Nothing is asked of them here.

    UCSC and Ensembl take a stretch, 1-based and inclusive: the bases of REF. gnomAD takes the alleles with their VCF position.
    """
    last = allele.pos + len(allele.ref) - 1
    short = allele.chrom.removeprefix("chr")
    return {
        "UCSC": f"https://genome.ucsc.edu/cgi-bin/hgTracks?db={_DB[allele.assembly]}&position={quote(f'{allele.chrom}:{allele.pos}-{last}')}",
        "Ensembl": f"https://{_ENSEMBL[allele.assembly]}/Homo_sapiens/Location/View?r={quote(f'{short}:{allele.pos}-{last}')}",
        "gnomAD": f"https://gnomad.broadinstitute.org/variant/{short}-{allele.pos}-{allele.ref}-{allele.alt}"
        f"?dataset={_GNOMAD[allele.assembly]}",
    }


def _contig(spelling: str, of_assembly: str) -> str:
    chrom = assembly(of_assembly).canonical(spelling)
    if chrom is None:
        raise ContigNotFound(f"{of_assembly} has no contig {spelling!r}; expected one as in chr1, 1, chrX")
    return chrom


def _number(text: str) -> int:
    return int(text.replace(",", ""))
