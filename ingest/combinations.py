"""What the sources of variant combinations share: a list of variants beside the combinations, and members resolved against it.

A combination's line names its members in the source's own way. The source's SQL turns them into the scratch table ``members`` (one row a
member and assembly, columns of ``combination_member``), which the combinations are counted from and the member table is written from.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from lrbstore.contract import contract, literal, quote
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part

_CHUNK = 20_000  #: Combinations at a time.


def load_list(job: Job, path: Path | None, part: Part, scratch: str) -> None:
    """Load a companion (the source's list of variants) into its own table, and keep the accepted rows in a scratch table.

    Args:
        job: The unit on its way; rows and rejects of the companion are accounted for under its own name.
        path: The file; None where the provider's folder lacks it, which leaves the scratch table empty.
        part: What the file looks like; its first table is filled by its SQL.
        scratch: Name of the scratch table, which has the columns of the part's table.

    Raises:
        ContractBroken: If the file is damaged or lacks a required column.
    """
    table = part.tables[0]
    blank = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in contract(table).columns)
    job.scratch.execute(f"create or replace temp table {scratch} as select {blank} where false")
    if path is None:
        return
    with _reading(job, path):
        file = job.read(path, part)
        for rows in in_chunks(file.batches(), _CHUNK):
            job.rows_in(path, rows.num_rows)
            job.typed(rows, part)
            job.write(table, job.canonical(_sql(job, str(part.sql)), table))
            columns = ", ".join(quote(c.name) for c in contract(table).columns)
            job.scratch.execute(f"insert into {scratch} select {columns} from accepted")
        job.rows_in(path, len(file.bad))
        job.reject(path, file.bad)


def load_members(job: Job, members: str, combinations: str, prepare: Callable[[pa.Table], None] | None = None) -> None:
    """Load the unit's combinations and their members into the part's first and second table.

    Args:
        job: The unit on its way.
        members: SQL file that makes ``members`` out of ``typed``, the one-row table ``unit`` (assembly) and what ``prepare`` left.
        combinations: SQL file that makes the combinations out of ``typed`` and ``members``.
        prepare: Called with each chunk of raw rows (text columns and ``source_line``) before it is typed.

    Raises:
        ContractBroken: If the file is damaged or lacks a required column.
    """
    path, (table, member_table, *_) = job.unit.path, job.unit.part.tables
    job.scratch.execute(f"create or replace temp table unit as select {literal(job.unit.assembly)}::VARCHAR as assembly")
    file = job.read(path)
    filled = {"record_id", "combination_id", "source", "source_version", "source_file", "source_line"}
    columns = ", ".join(f"{'a' if c in filled else 'm'}.{quote(c)}" for c in contract(member_table).column_names)
    for rows in in_chunks(file.batches(), _CHUNK):
        if prepare:
            prepare(rows)
        job.rows_in(path, rows.num_rows)
        job.typed(rows)
        job.scratch.execute(f"create or replace temp table members as {_sql(job, members)}")
        job.write(table, job.canonical(_sql(job, combinations), table))
        job.write(
            member_table,
            job.scratch.sql(
                f"select {columns} from members as m join accepted as a using (source_line) order by source_line, m.ordinal, m.assembly"
            ).to_arrow_table(),
        )
        job.run.say(f"{path.name}: {int(rows['source_line'][-1].as_py()):,} lines")
    job.rows_in(path, len(file.bad))
    job.reject(path, file.bad)


@contextlib.contextmanager
def _reading(job: Job, path: Path) -> Iterator[None]:
    """Let rows and rejects carry a companion's name instead of the primary's."""
    whole = job.unit
    job.unit = dataclasses.replace(whole, path=path)
    try:
        yield
    finally:
        job.unit = whole


def _sql(job: Job, name: str) -> str:
    return (job.spec.folder / name).read_text(encoding="utf-8")
