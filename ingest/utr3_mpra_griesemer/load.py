"""Griesemer et al.'s reporter assay: what a file is, and the libraries' FASTA.

Two assays' files have the same name upstream (``fastUTR_mpra.txt.gz``, in Sabeti_testSet and in Siegel_testSet): the header tells.
The files ``*.sequences.txt.gz`` of some copies are the sequences of the FASTA files, in their order; nothing is taken from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.predictions import load_predictions
from lrbstore.ingest.reading import first_line, lines_of
from lrbstore.ingest.saluki import saluki
from lrbstore.ingest.spec import Part

VERSION = "2021"  #: The files bear no date: the year in which the values were published.
_CHUNK = 50_000


def is_part(part: Part, path: Path) -> bool:
    """Tell by a file's header whether it is measurements or predictions; the other assay's file of that name is neither.

    Raises:
        ContractBroken: If its first line is that of no file of this name.
    """
    if part.name == "oligos":
        return True
    line = first_line(path)
    columns = line.split("\t")
    if "mpra_variant_id" in columns:
        return part.name == ("predictions" if "Ref_pred" in columns or "Alt_pred" in columns else "measurements")
    if columns == ["seq", "Prediction"] or re.fullmatch("[ACGTN]+", columns[0]):
        return False
    raise ContractBroken(
        f"{path}: its first line {line[:80]!r} is no header of this assay; expected tab-separated columns, mpra_variant_id among them"
    )


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version, and of a library its accession, which is in its file's name."""
    if part.name == "oligos":
        found = re.search(r"ENCFF[0-9A-Z]+", path.name)
        return {"version": VERSION, "assembly": "GRCh37", "constants": {"library": found[0] if found else path.stem}}
    return {"version": VERSION}


def load_saluki(job: Job) -> None:
    """Load Saluki's predictions of both alleles."""
    about = "predicted stability of an mRNA with the oligo as 3'UTR, one number for all cell lines; the model saw no label of this assay"
    load_predictions(job, "predictions.sql", saluki("utr3_mpra_griesemer", about))


def load_oligos(job: Job) -> None:
    """Load a library's FASTA, record by record; a record's line is that of its name.

    Raises:
        ContractBroken: If the file does not begin with a record.
    """
    path = job.unit.path
    sql = (job.spec.folder / "oligos.sql").read_text(encoding="utf-8")
    for lines, names, sequences in _records(path):
        job.rows_in(path, len(lines))
        job.typed(pa.table({"name": names, "sequence": sequences, "source_line": pa.array(lines, pa.int64())}))
        job.write("oligo", job.canonical(sql, "oligo"))


def _records(path: Path) -> Iterator[tuple[list[int], list[str], list[str]]]:
    """Read a FASTA in pieces: lines of the records' names, names, sequences."""
    lines: list[int] = []
    names: list[str] = []
    sequences: list[str] = []
    for number, text in enumerate(lines_of(path), start=1):
        if text.startswith(">"):
            if len(lines) == _CHUNK:
                yield lines, names, sequences
                lines, names, sequences = [], [], []
            lines.append(number)
            names.append(text[1:].strip())
            sequences.append("")
        elif lines:
            sequences[-1] += text.strip()
        elif text.strip():
            raise ContractBroken(f"{path}: line {number} is {text[:40]!r}; expected a FASTA file, whose first record begins with '>'")
    if lines:
        yield lines, names, sequences
