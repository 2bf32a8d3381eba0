"""What a DepMap file says about itself: its name or its folder's carries the release; and the matrix of gene effects."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.knockout import LESS, Gene, Meaning, lines_of, load_screens_by_genes
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part

MEANING = Meaning("Chronos gene effect", LESS)
_RELEASE = re.compile(r"(?<![0-9])\d\dQ[1-4]")
_COLUMN = re.compile(r"(.+?) \((\d+)\)")


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version: a release such as 24Q2 in the file's name or in its folder's."""
    del part
    said = _RELEASE.search(path.name) or _RELEASE.search(path.parent.name)
    return {"version": said[0] if said else None, "assembly": None, "version_from": "a release (24Q2) in the file's or its folder's name"}


def load_gene_effect(job: Job) -> None:
    """Load CRISPRGeneEffect.csv.

    Raises:
        ContractBroken: If the header is not that of a matrix of models by genes.
    """
    path = job.unit.path
    rows = lines_of(path, ",")
    _, header, _ = next(rows, (0, [], ""))
    if len(header) < 2 or header[0] not in ("", "ModelID", "DepMap_ID"):
        raise ContractBroken(
            f"{path}: its header begins with {header[:3]}; expected ModelID (or nothing) and columns SYMBOL (ENTREZ). Is it the right file?"
        )
    genes, odd = [], []
    for name in header[1:]:
        cut = _COLUMN.fullmatch(name.strip())
        odd += [] if cut else [name]
        genes.append(Gene(cut[1], None, int(cut[2])) if cut else Gene(name.strip()))
    if len(odd) > len(genes) / 2 or not all(gene.symbol for gene in genes):
        raise ContractBroken(f"{path}: columns such as {odd[0]!r} are not SYMBOL (ENTREZ), as A1BG (1) is. Is it the right file?")
    if odd:
        job.fact(path, "columns_without_entrez", odd[:100])
    load_screens_by_genes(job, rows, header, genes, MEANING, id_like=r"ACH-\d+")
