"""Alleles: one spelling, one key, one kind for each, and what the genome says about them.

Positions are 1-based, alleles are VCF's REF and ALT on the plus strand. An allele counts when it is one or more of A, C, G, T, N, in
upper or lower case; symbolic alleles, ``*``, ``.``, ``-``, lists of alleles and empty text do not.

What needs no genome (:func:`trim_alleles`, :func:`variant_id`, :func:`variant_type`) has a twin in ``sql/macros/alleles.sql`` that gives
the same answers. What needs one (:func:`check_reference`, :func:`left_align`) is here alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.bases import Sequences
from lrbstore.coordinates import start_of_pos
from lrbstore.errors import BadSpec
from lrbstore.genome import Genome

# What the genome says about a REF allele; see check_reference.
REF_CHECKS = ("match", "swapped", "mismatch", "n", "off_contig", "contig_not_in_genome", "unchecked")
VARIANT_TYPES = ("snv", "mnv", "insertion", "deletion", "indel")
LONGEST_SPELT_ALLELE = 64

_BASES = re.compile("[ACGTNacgtn]+")
_COMPARED_BASES = 1 << 24  # bases compared with the genome at a time
_FIRST_CHUNK = 256  # bases read at first when an indel is moved to the left; doubled each time


def is_bases(allele: str | None) -> bool:
    """Tell whether an allele is spelt out in bases (A, C, G, T, N in upper or lower case)."""
    return allele is not None and _BASES.fullmatch(allele) is not None


def trim_alleles(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Write alleles as short as they can be with at least one base left in each.

    Bases that both end with go first, then bases that both begin with, which moves the position to the right. No genome is looked at,
    so that an indel in a repeat stays where it was put; see :func:`left_align`.

    Args:
        pos: 1-based position of the first REF base.
        ref: REF allele.
        alt: ALT allele.

    Returns:
        Position and alleles, trimmed, in upper case.

    Raises:
        BadSpec: An allele is not spelt out in bases.
    """
    for name, allele in (("REF", ref), ("ALT", alt)):
        if not is_bases(allele):
            raise BadSpec(f"the {name} allele at position {pos} is {allele!r}; expected one or more of A, C, G, T, N")
    ref, alt = ref.upper(), alt.upper()
    most = min(len(ref), len(alt)) - 1
    last = _shared_prefix_length(ref[::-1], alt[::-1], most)
    ref, alt = ref[: len(ref) - last], alt[: len(alt) - last]
    first = _shared_prefix_length(ref, alt, most - last)
    return pos + first, ref[first:], alt[first:]


def variant_id(assembly: str, chrom: str, pos: int | None, ref: str | None, alt: str | None) -> str | None:
    """Return the key of a distinct allele: ``<assembly>:<chrom>:<pos>:<ref>:<alt>`` of the trimmed alleles.

    A function of its arguments alone: no genome, release or source changes it. An allele of more than 64 bases is written as its
    length and the md5 of its upper-case letters, ``<length>-<md5>``.

    Args:
        assembly: Name of the assembly, as ``GRCh38``.
        chrom: Contig as the store spells it, as ``chr1``.
        pos: 1-based position of the first REF base.
        ref: REF allele.
        alt: ALT allele.

    Returns:
        The key, or None when a position or allele is missing or an allele is not spelt out in bases.
    """
    if pos is None or ref is None or alt is None or not (is_bases(ref) and is_bases(alt)):
        return None
    pos, ref, alt = trim_alleles(pos, ref, alt)
    return f"{assembly}:{chrom}:{pos}:{allele_key(ref)}:{allele_key(alt)}"


def allele_key(allele: str) -> str:
    """Return how an allele is written in a key: as it is up to 64 bases, else ``<length>-<md5>``; upper case."""
    allele = allele.upper()
    if len(allele) <= LONGEST_SPELT_ALLELE:
        return allele
    return f"{len(allele)}-{hashlib.md5(allele.encode(), usedforsecurity=False).hexdigest()}"


def variant_type(ref: str | None, alt: str | None) -> str | None:
    """Say what changes, from the trimmed alleles.

    Returns:
        ``snv`` (one base for another), ``mnv`` (as many bases, more than one), ``insertion``, ``deletion`` (bases only come or only go)
        or ``indel`` (some go and others come); None when an allele is missing or not spelt out in bases, or both are the same.
    """
    if ref is None or alt is None or not (is_bases(ref) and is_bases(alt)) or ref.upper() == alt.upper():
        return None
    _, ref, alt = trim_alleles(1, ref, alt)
    if len(ref) == len(alt):
        return "snv" if len(ref) == 1 else "mnv"
    if len(ref) == 1 and (alt.startswith(ref) or alt.endswith(ref)):
        return "insertion"
    if len(alt) == 1 and (ref.startswith(alt) or ref.endswith(alt)):
        return "deletion"
    return "indel"


def check_reference(
    genome: Sequences,
    chroms: Sequence[str | None],
    positions: Sequence[int | None],
    refs: Sequence[str | None],
    alts: Sequence[str | None],
) -> list[str]:
    """Compare REF alleles with the genome, all rows of one allele length at a time.

    Args:
        genome: The registered genome, or a table of sequences.
        chroms: Contigs, in any spelling that the assembly knows.
        positions: 1-based positions of the first REF base.
        refs: REF alleles.
        alts: ALT alleles; looked at only where REF is not what the genome has.

    Returns:
        One word a row, of :data:`REF_CHECKS`: ``match``; ``swapped`` (the genome has ALT in the place of REF); ``mismatch`` (neither);
        ``n`` (the genome has N under REF); ``off_contig`` (REF leaves the contig); ``contig_not_in_genome``; ``unchecked`` (contig,
        position or REF missing, or REF not spelt out in bases).

    Raises:
        BadSpec: The columns differ in length.
    """
    columns = [_as_list(column) for column in (chroms, positions, refs, alts)]
    if len({len(column) for column in columns}) > 1:
        raise BadSpec(f"chroms, positions, refs and alts have {', '.join(str(len(c)) for c in columns)} rows; expected as many of each")
    answer = ["unchecked"] * len(columns[0])
    lengths: dict[Any, int | None] = {}
    by_length: dict[int, list[int]] = defaultdict(list)
    for row, (chrom, pos, ref, _) in enumerate(zip(*columns, strict=True)):
        if chrom is None or pos is None or not is_bases(ref):
            continue
        if chrom not in lengths:
            lengths[chrom] = genome.contig_length(chrom)
        length = lengths[chrom]
        if length is None:
            answer[row] = "contig_not_in_genome"
        elif pos < 1 or start_of_pos(pos) + len(ref) > length:
            answer[row] = "off_contig"
        else:
            by_length[len(ref)].append(row)
    differing = []
    for rows, found, same in _compared(genome, columns[0], columns[1], columns[2], by_length):
        has_n = (found == ord("N")).any(axis=1)
        for row, is_same, is_n in zip(rows, same.tolist(), has_n.tolist(), strict=True):
            answer[row] = "n" if is_n else "match" if is_same else "mismatch"
            if answer[row] == "mismatch":
                differing.append(row)
    by_length = defaultdict(list)
    for row in differing:
        chrom, pos, _, alt = (column[row] for column in columns)
        if is_bases(alt) and start_of_pos(pos) + len(alt) <= (lengths[chrom] or 0):
            by_length[len(alt)].append(row)
    for rows, _, same in _compared(genome, columns[0], columns[1], columns[3], by_length):
        for row, is_same in zip(rows, same.tolist(), strict=True):
            if is_same:
                answer[row] = "swapped"
    return answer


def left_align(genome: Genome, chrom: str, pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """Write an insertion or deletion at the leftmost place that gives the same sequence, anchored by the base before it.

    Bases that come or go are moved to the left one by one while the base before them equals their last one (Tan, Abecasis and Kang,
    Bioinformatics 2015, "Unified representation of genetic variants"); an N in the genome stops it. What is at the very start of a
    contig has no base before it and is anchored by the base after it. Substitutions, and indels in which some bases go and others come,
    are only trimmed; so are alleles whose REF is not what the genome has, because they cannot be moved truthfully.

    Args:
        genome: The registered genome.
        chrom: Contig, in any spelling that the assembly knows.
        pos: 1-based position of the first REF base.
        ref: REF allele.
        alt: ALT allele.

    Returns:
        Position (1-based) and alleles, trimmed and left-aligned, in upper case.

    Raises:
        BadSpec: An allele is not spelt out in bases.
        ContigNotFound: The genome lacks the contig.
        OutOfContig: REF leaves the contig.
    """
    pos, ref, alt = trim_alleles(pos, ref, alt)
    start = start_of_pos(pos)
    reference = genome.fetch(chrom, start, start + len(ref)).decode("ascii")
    longer, shorter = (ref, alt) if len(ref) > len(alt) else (alt, ref)
    if reference != ref or len(shorter) != 1 or len(longer) == 1:
        return pos, ref, alt
    if longer.startswith(shorter):
        event, moved = start + 1, longer[1:]  # 0-based: where bases go or come
    elif longer.endswith(shorter):
        event, moved = start, longer[:-1]
    else:
        return pos, ref, alt
    if event == 0:
        return pos, ref, alt
    # The base before the event is its anchor, so the event stops at 1; moved on to 0 it would be the same text, anchored on the right.
    shift, size, chunk = 0, len(moved), _FIRST_CHUNK
    stopped = False
    while not stopped and event - shift > 1:
        end = event - shift
        begin = max(1, end - chunk)
        for base in reversed(genome.fetch(chrom, begin, end).decode("ascii")):
            if base == "N" or base != moved[-1 - shift % size]:
                stopped = True
                break
            shift += 1
        chunk *= 2
    event -= shift
    turn = size - shift % size
    moved = moved[turn:] + moved[:turn]
    anchor = genome.fetch(chrom, event - 1, event).decode("ascii")
    return (event, anchor + moved, anchor) if longer is ref else (event, anchor, anchor + moved)


def _compared(
    genome: Sequences, chroms: list[Any], positions: list[Any], alleles: list[Any], by_length: dict[int, list[int]]
) -> Iterator[tuple[list[int], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]]:
    """Yield, for alleles of one length at a time, their rows, the genome's letters ``(n, length)`` and whether these are the allele's."""
    for length, all_rows in by_length.items():
        step = max(1, _COMPARED_BASES // length)
        for first in range(0, len(all_rows), step):
            rows = all_rows[first : first + step]
            found = genome.windows([chroms[row] for row in rows], [start_of_pos(positions[row]) for row in rows], length)
            said = np.frombuffer("".join(alleles[row] for row in rows).upper().encode("ascii"), np.uint8).reshape(found.shape)
            yield rows, found, (found == said).all(axis=1)


def _shared_prefix_length(text_a: str, text_b: str, most: int) -> int:
    return next((place for place in range(most) if text_a[place] != text_b[place]), most)


def _as_list(column: Any) -> list[Any]:
    if hasattr(column, "to_pylist"):  # an Arrow column, whose elements are no Python values
        return list(column.to_pylist())
    return column if isinstance(column, list) else column.tolist() if isinstance(column, np.ndarray) else list(column)
