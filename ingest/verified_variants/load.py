"""GV-Rep's clinician-verified variants: a table of ANNOVAR's that names patients' samples, which must not reach the store.

A sample id is replaced by ``sample <n>``, n counting the samples of the file in the order in which they first come, before anything is
typed, hashed, or rejected. A hash of the id would not do: ids are short and guessable, so that whoever has a list of them could find
theirs again. With the number alone one still sees which rows are of one sample, and can look the row up in the file by its line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow
from lrbstore.ingest.spec import Part

SAMPLE = "Sample ID"
HIDDEN = "(not kept: which cell is the sample's id cannot be told in a row of another width)"
_CHUNK = 10_000


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell version and assembly: the file has one published version, GV-Rep's Zenodo record, and its columns say hg38."""
    del part, path
    return {"version": "zenodo-11502840", "assembly": "GRCh38"}


def load_verified(job: Job) -> None:
    """Load the table with its samples' ids replaced; rows that cannot be cut into columns are rejected without their text."""
    path = job.unit.path
    file = job.read(path)
    known = job.unit.part.columns
    further = [name for name in file.columns if name not in known]
    # A further column could name the sample under another header: it is kept only where nothing speaks of samples or patients.
    private = [name for name in further if any(word in name.lower() for word in ("sample", "patient", "proband", "family"))]
    if further:
        job.fact(path, "extra_columns", further)
    if private:
        job.fact(path, "columns_left_out", private)
    sql = (job.spec.folder / "verified.sql").read_text(encoding="utf-8")
    samples: dict[str, str] = {}
    for rows in in_chunks(file.batches(), _CHUNK):
        job.typed(_without_ids(rows, private, samples))
        job.rows_in(path, rows.num_rows)
        job.write("verified_variant", job.canonical(sql, "verified_variant"))
        job.run.say(f"{path.name}: {rows.num_rows:,} rows")
    job.rows_in(path, len(file.bad))
    job.reject(path, [BadRow(row.line, row.reason, HIDDEN) for row in file.bad])


def _without_ids(rows: pa.Table, private: list[str], samples: dict[str, str]) -> pa.Table:
    """Replace ids of samples by ``sample <n>``; ``samples`` remembers them from chunk to chunk, for this file only."""
    rows = rows.drop_columns(private)
    if SAMPLE not in rows.column_names:
        return rows
    told = [
        "" if text.strip() in {"", "."} else samples.setdefault(text.strip(), f"sample {len(samples) + 1}")
        for text in rows[SAMPLE].to_pylist()
    ]
    return rows.set_column(rows.column_names.index(SAMPLE), SAMPLE, pa.array(told, pa.string()))
