"""OLIDA's export: combinations name their members by Entry Id; loci and alleles are in the lists of variants beside them.

A small variant has a position on hg19 and one on hg38 in one row. It becomes a record on each assembly, not one record with two positions:
``variant_record`` has one locus a row, so that a variant is found, joined and checked against the genome on either assembly like any other.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from lrbstore.ingest.combinations import load_list, load_members
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import DelimitedFile
from lrbstore.ingest.spec import Part

_NULL = ("", "N.A.", "NA")
SMALL = Part(
    name="small_variants",
    about="One row is one small variant, with its positions on hg19 and on hg38.",
    files=("SMALLVARIANT.tsv", "SMALLVARIANT.tsv.gz"),
    tables=("olida_variant",),
    sql="small_variants.sql",
    delimiter="\t",
    titled=True,
    null=_NULL,
    columns={
        "Entry Id": "VARCHAR",
        "Gene": "VARCHAR",
        "Chromosome": "VARCHAR",
        "Genomic Position Hg19": "BIGINT",
        "Genomic Position Hg38": "BIGINT",
        "Ref Allele": "VARCHAR",
        "Alt Allele": "VARCHAR",
        "Cdna Change": "VARCHAR",
        "Protein Change": "VARCHAR?",
        "Transcript Id": "VARCHAR?",
        "Dbsnp Id": "VARCHAR?",
        "Variant Effect": "VARCHAR?",
        "Gnomad Maf": "DOUBLE?",
        "CADD": "DOUBLE?",
        "SIFT": "VARCHAR?",
        "PP2 HVAR": "VARCHAR?",
    },
)
CNV = Part(
    name="cnvs",
    about="One row is one copy number variant.",
    files=("CNV.tsv", "CNV.tsv.gz"),
    tables=("olida_cnv",),
    sql="cnvs.sql",
    delimiter="\t",
    titled=True,
    null=_NULL,
    columns={
        "Entry Id": "VARCHAR?",
        "Gene": "VARCHAR",
        "Chromosome": "VARCHAR?",
        "Genomic Position Hg19": "VARCHAR?",
        "Genomic Position Hg38": "VARCHAR?",
        "Cdna Change": "VARCHAR",
        "Protein Change": "VARCHAR?",
        "Variant Effect": "VARCHAR?",
    },
)
_LIST_KINDS = {"scores": "scores", "gene_pairs": "gene_pairs", "training": "training", "test": "test"}


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version, the lists of variants beside the combinations, and what a published list is.

    Returns:
        ``version``: of an export the date or version that the title line of it or of ``Combination.tsv`` beside it says, None where none
        does, so that it must be given. Lists published with a predictor have a version each of their own kind.
    """
    if part.name == "listings":
        name = re.sub(r"\.txt(\.gz)?$", "", path.name)
        kind = next((kind for word, kind in _LIST_KINDS.items() if word in name), "annotated")
        return {"version": "2022", "constants": {"list_name": name, "list_kind": kind}}
    beside = [path, *(path.with_name(name) for name in ("Combination.tsv", "Combination.tsv.gz"))]
    said = next(filter(None, (_version(file) for file in beside if file.is_file())), None)
    lists = [found for listed in (SMALL, CNV) if (found := _beside(path, listed))] if part.name == "combinations" else []
    return {
        "version": said,
        "version_from": "a title line above the header of Combination.tsv that holds a date (2024-02-29) or a version (version 2.1)",
        "companions": lists,
    }


def _beside(path: Path, part: Part) -> Path | None:
    return next((path.with_name(name) for name in part.files if path.with_name(name).is_file()), None)


def _version(path: Path) -> str | None:
    """Read the version from an export's title line, if it has one."""
    title = " ".join(DelimitedFile(path, "\t", titled=True).preamble)
    found = re.search(r"\d{4}-\d{2}-\d{2}", title) or re.search(r"\b(?:version|v)[ .]?(\d[\w.]*)", title, re.IGNORECASE)
    return found[found.lastindex or 0] if found else None


def load_combinations(job: Job) -> None:
    """Load both lists of variants, then the combinations with their members, each on both assemblies."""
    lists = {part.name: path for part in (SMALL, CNV) if (path := _beside(job.unit.path, part)) in job.unit.companions}
    load_list(job, lists.get(SMALL.name), SMALL, "small")
    load_list(job, lists.get(CNV.name), CNV, "cnv")

    def take_items(rows: pa.Table) -> None:
        cells = zip(rows["source_line"].to_pylist(), rows["Associated Variants"].to_pylist(), strict=True)
        items = [{"source_line": line, "ordinal": i, **item} for line, cell in cells for i, item in enumerate(read_items(cell), start=1)]
        job.scratch.register("items_arrow", pa.Table.from_pylist(items, schema=_ITEMS))
        job.scratch.execute("create or replace temp table items as select * from items_arrow")
        job.scratch.unregister("items_arrow")

    load_members(job, "members.sql", "combinations.sql", take_items)


_FIELDS = ("member_text", "entry_id", "gene", "pos_hg19", "pos_hg38", "cdna", "protein", "zygosity")
_ITEMS = pa.schema([("source_line", pa.int64()), ("ordinal", pa.int64()), *((name, pa.string()) for name in _FIELDS)])


def read_items(text: str) -> list[dict[str, str | None]]:
    """Cut ``Associated Variants`` into its members.

    Args:
        text: Items ``EntryId:Gene:pos_hg19,pos_hg38:cDNA[,protein]:zygosity`` joined by ``;``; what stands in brackets is not cut.

    Returns:
        A dict each with the item's text and its fields, None where the text has ``N.A.``. An item of another form has its text alone.
    """
    if text.strip() in _NULL:
        return []
    return [_read_item(item.strip()) for item in _cut(text, ";") if item.strip()]


def _read_item(text: str) -> dict[str, str | None]:
    item: dict[str, str | None] = {**dict.fromkeys(_FIELDS), "member_text": text}
    cells = [cell.strip() for cell in text.split(":")]
    if len(cells) < 5:
        return item
    entry, gene, places, *change, zygosity = cells  # a cDNA change may name its transcript with a colon of its own
    hg19, _, hg38 = (part.strip() for part in places.partition(","))
    cdna, *protein = _cut(":".join(change), ",")
    values = (text, entry, gene, hg19, hg38, cdna.strip(), ",".join(protein).strip(), zygosity)
    return {name: None if value in _NULL else value for name, value in zip(_FIELDS, values, strict=True)}


def _cut(text: str, separator: str) -> list[str]:
    """Cut a text where a separator stands outside brackets: HGVS joins changes of one allele by ``;`` inside them."""
    pieces, depth = [""], 0
    for letter in text:
        depth += (letter in "[(") - (letter in "])")
        if letter == separator and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return pieces
