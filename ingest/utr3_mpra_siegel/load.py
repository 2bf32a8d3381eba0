"""Siegel et al.'s reporter assay: what a file is, by its first line and, for the pairs, the cell line in its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.predictions import load_predictions
from lrbstore.ingest.reading import first_line
from lrbstore.ingest.saluki import saluki
from lrbstore.ingest.spec import Part

VERSION = "2022"  #: The files bear no date: the year in which the values were published.
CELL_LINES = ("Jurkat", "Beas2B")


def is_part(part: Part, path: Path) -> bool:
    """Tell by a file's first line, and by the cell line in its name, which part it is; the other assay's file of that name is none.

    Raises:
        ContractBroken: If its first line is that of no file of this name.
    """
    line = first_line(path)
    cells = line.split("\t")
    if cells == ["seq", "Prediction"]:
        return part.name == ("variant_predictions" if _cell_line(path) else "predictions")
    if re.fullmatch("[ACGTNacgtn]+", cells[0]) and len(cells) in {2, 3}:
        return part.name == ("measurements" if len(cells) == 3 else "variants")
    if "mpra_variant_id" in cells:
        return False
    raise ContractBroken(
        f"{path}: its first line {line[:80]!r} is that of no file of this assay; expected a sequence and one or two numbers, separated "
        "by tabs, or the header seq, Prediction"
    )


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version, and the cell line of pairs.

    Raises:
        ContractBroken: If the name of a file of pairs says no cell line.
    """
    if part.name in {"measurements", "predictions"}:
        return {"version": VERSION}
    cell_line = _cell_line(path)
    if cell_line is None:
        raise ContractBroken(
            f"{path} holds pairs of oligos in one cell line, and its name does not say in which; expected one that ends in "
            f"{' or '.join(CELL_LINES)}, as fastUTR_mpra_Jurkat.txt.gz"
        )
    return {"version": VERSION, "constants": {"cell_line": cell_line}}


def _cell_line(path: Path) -> str | None:
    return next((name for name in CELL_LINES if re.search(rf"_{name}\.txt(\.gz)?$", path.name, re.IGNORECASE)), None)


def load_saluki(job: Job) -> None:
    """Load Saluki's predictions of single oligos."""
    about = (
        "predicted stability of an mRNA with the oligo in its 3'UTR, one number for both cell lines; the model saw no label of this assay"
    )
    load_predictions(job, "predictions.sql", saluki("utr3_mpra_siegel", about))


def load_saluki_of_variants(job: Job) -> None:
    """Load Saluki's predictions of pairs: the difference of what it predicts for the two oligos."""
    about = "predicted stability with the alternative oligo less that with its reference; the model saw no label of this assay"
    load_predictions(job, "variant_predictions.sql", saluki("utr3_mpra_siegel_variant", about))
