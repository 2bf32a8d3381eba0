"""DuckDB as this house uses it: one way to connect, with the macros of ``sql/macros``, and one way to read data files."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Iterable
from pathlib import Path

import duckdb

from lrbstore.contract import literal
from lrbstore.layout import sql_folder

#: What DuckDB may hold in memory while files are loaded; what is more goes to disk. Beside it stand the chunk at hand in Arrow and the ids
#: given out: together they stay below the 4 GB that an ingest may take at the published sizes (``tests/benchmarks/ingest_scale.py``).
SCRATCH_MEMORY = "1500MB"


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Connect to a DuckDB in memory that knows our macros and reaches for nothing outside.

    Args:
        spill: Folder for what does not fit into ``SCRATCH_MEMORY``; made if it is not there. None leaves DuckDB its own bounds.
    """
    bounds = {}
    if spill:
        spill.mkdir(parents=True, exist_ok=True)
        # Two connections in one folder would write over each other's pages.
        bounds = {"memory_limit": SCRATCH_MEMORY, "temp_directory": str(spill / uuid.uuid4().hex[:8])}
    connection = duckdb.connect(
        config={
            "python_enable_replacements": "false",  # a query means tables, never a variable that happens to be in scope
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",  # a split's order is upstream's: the files' own order
            **bounds,
        }
    )
    # A sorted copy has hundreds of row groups: to read its footer takes longer than the answer.
    connection.execute("set global parquet_metadata_cache = true")
    run_folder(connection, "macros")
    return connection


def run_folder(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Run every file of a folder of ``sql/``, by name."""
    for path in sorted((sql_folder() / name).glob("*.sql")):
        run(connection, path.read_text(encoding="utf-8"))


def run(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """Run statements that are run on one connection after another: their text is parsed once, which takes as long as to run them.

    Raises:
        duckdb.Error: If one cannot be run.
    """
    for statement in _parsed(text):
        connection.execute(statement)


@functools.lru_cache(maxsize=1_024)  # all of sql/ and what follows from it is about four hundred
def _parsed(text: str) -> tuple[duckdb.Statement, ...]:
    return tuple(duckdb.extract_statements(text))


def read_parquet(paths: Iterable[Path]) -> str:
    """Return the SQL that reads some Parquet files, in their order."""
    return f"read_parquet([{', '.join(literal(path) for path in paths)}])"
