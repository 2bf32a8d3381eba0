"""Project Score's combined matrix: four header rows above the gene rows, one leading column (2024) or three (2025)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.knockout import MORE, Meaning, Screen, lines_of, load_genes_by_screens
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part

HEADS = ("model_name", "model_id", "source", "qc_pass")
SYMBOLS = ("symbol", "gene_symbol", "gene", "Gene")
MEANING = Meaning("scaled Bayes factor", MORE)
_FLAGS = {"TRUE": True, "FALSE": False, "": None, "NA": None}


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version: the date in the combined matrix's name; the first paper's files, of 2019, carry none."""
    if part.name != "combined":
        return {"version": "2019", "assembly": None}
    date = re.search(r"_(\d{8})\.tsv", path.name)
    return {"version": date[1] if date else None, "assembly": None, "version_from": "a date in the file's name (…_20250624.tsv)"}


def load_combined(job: Job) -> None:
    """Load the combined matrix.

    Raises:
        ContractBroken: If the header rows are not what they should be: then nothing says which column is whose.
    """
    path = job.unit.path
    rows = lines_of(path, "\t")
    heads: dict[str, list[str]] = {}
    lead, rest = 0, None
    for row in rows:
        _, cells, _ = row
        label = next((cell for cell in cells if cell), "")
        if label not in HEADS:
            rest = row
            break
        at = cells.index(label)
        lead = lead or next((i for i in range(at + 1, len(cells)) if cells[i]), len(cells))
        if label in heads:
            raise ContractBroken(f"{path}: the header names {label} twice")
        heads[label] = cells
    missing = [name for name in HEADS[:3] if name not in heads]
    if missing:
        raise ContractBroken(
            f"{path} lacks the header row{'s' if len(missing) > 1 else ''} {', '.join(missing)}; found: {', '.join(heads) or 'none'}; "
            f"required: {', '.join(HEADS)}. Is it the right file?"
        )
    widths = {name: len(cells) for name, cells in heads.items()}
    if len(set(widths.values())) > 1:
        raise ContractBroken(f"{path}: its header rows differ in length ({', '.join(f'{k}: {v}' for k, v in widths.items())} columns)")
    screens = [_screen(path, heads, column) for column in range(lead, widths["model_id"])]
    if not screens:
        raise ContractBroken(f"{path}: its header rows name no model")
    names, data = _leading(path, lead, rest, rows)
    job.fact(path, "leading_columns", names)
    load_genes_by_screens(
        job,
        data,
        names,
        screens,
        MEANING,
        symbol=next(name for name in SYMBOLS if name in names),
        gene_id="ensembl_gene_id" if "ensembl_gene_id" in names else None,
        upstream_id="gene_id" if "gene_id" in names else None,
    )


def _screen(path: Path, heads: dict[str, list[str]], column: int) -> Screen:
    said = {name: cells[column].strip() for name, cells in heads.items()}
    if not said["model_id"]:
        raise ContractBroken(f"{path}: column {column + 1} has no model_id; expected one over every column of numbers")
    flag = said.get("qc_pass", "").upper()
    if flag not in _FLAGS:
        raise ContractBroken(f"{path}: qc_pass of column {column + 1} is {said['qc_pass']!r}; expected TRUE or FALSE")
    return Screen(said["model_id"], said["model_name"] or None, said["source"] or None, _FLAGS[flag])


def _leading(
    path: Path, lead: int, rest: tuple[int, list[str], str] | None, rows: Iterator[tuple[int, list[str], str]]
) -> tuple[list[str], Iterator[tuple[int, list[str], str]]]:
    """Give the names of the leading columns, and the data rows: a fifth header row is there where it holds names and nothing else."""
    data = chain([rest], rows) if rest else rows
    if rest:
        names, others = [cell.strip() for cell in rest[1][:lead]], rest[1][lead:]
        if any(name in SYMBOLS for name in names) and not any(others):
            return names, rows
        if lead == 1 and not any(rest[1]):
            return ["symbol"], rows
    if lead != 1:
        raise ContractBroken(
            f"{path} has {lead} leading columns and no row that names them; expected gene_id, symbol, ensembl_gene_id below the header rows"
        )
    return ["symbol"], data
