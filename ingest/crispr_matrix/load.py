"""A plain matrix: its header names the cell lines, its file name says what the numbers are. The direction is never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.knockout import LESS, Meaning, Screen, lines_of, load_genes_by_screens
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part

GENE_COLUMNS = ("", "gene", "genes", "symbol", "gene_symbol", "genesymbol")


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version: such matrices are published once, so all are of version 1 unless told, and none supersedes another."""
    del part, path
    return {"version": "1", "assembly": None}


def load_matrix(job: Job) -> None:
    """Load a gene × cell line matrix.

    Raises:
        ContractBroken: If the header does not name a gene column and cell lines.
    """
    path = job.unit.path
    rows = lines_of(path, "\t")
    _, header, _ = next(rows, (0, [], ""))
    if len(header) < 2 or header[0].strip().lower() not in GENE_COLUMNS or not all(name.strip() for name in header[1:]):
        raise ContractBroken(
            f"{path}: its header begins with {header[:3]}; expected a gene column ({', '.join(filter(None, GENE_COLUMNS))}) and cell "
            "lines, separated by tabs. Is it the right file?"
        )
    unit = "MAGeCK beta" if "beta" in path.name.lower() else "log2 fold change"
    if "corrected" in path.name.lower():
        unit += ", corrected for copy number"
    screens = [Screen(name.strip(), name.strip()) for name in header[1:]]
    load_genes_by_screens(job, rows, ["symbol"], screens, Meaning(unit, LESS), symbol="symbol")
