"""The store as the screen reads it: nothing but reading, one cursor a question, bounded in time, memory and rows.

A page asks a question through a :class:`Desk` and gets an :class:`Answer`: the table that is on screen together with all that is needed to
take it away: the SQL (or Python) that gives it again, what the reader chose, whose licence and citation hold. Nothing here draws.
"""

from __future__ import annotations

import datetime
import functools
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lrbstore.catalogue import source_cards, task_specs
from lrbstore.contract import literal
from lrbstore.dashboard.guard import bounded
from lrbstore.errors import BadSpec, LrbStoreError
from lrbstore.store import Store, damage_said
from lrbstore.task import Task
from lrbstore.version import __version__

#: What DuckDB raises when it fails within, and from then on for every question: the store must be opened anew.
BROKEN = (duckdb.InternalException, duckdb.FatalException)
_TASKS_OPEN = 3  #: Tasks at one window length that stay open: of a million examples each holds some hundred megabytes.


class TooLarge(LrbStoreError, RuntimeError):
    """A question took more time or memory than a screen may; the message says what to narrow."""


@dataclass(frozen=True)
class Limits:
    """What one question may take.

    Attributes:
        seconds: Of time.
        memory: Of DuckDB's memory, all questions together, in DuckDB's spelling.
        rows: Rows of an answer on screen.
        taken: Rows of an answer that is taken away.
    """

    seconds: float = 20.0
    memory: str = "4GB"
    rows: int = 1_000
    taken: int = 1_000_000


@dataclass(frozen=True)
class Answer:
    """What a page shows, and where it comes from.

    Attributes:
        name: Of the file that it is taken away as; letters, digits and underscores.
        about: What one row is.
        table: The rows on screen.
        made_by: SQL, or Python, that gives the rows again; of a page of a longer table, all of its rows.
        params: Values of the SQL's ``$name``.
        chosen: What the reader chose, by the names of the controls.
        sources: Whose licence and citation hold.
        n: Rows in all, where the table is a page of them; None where it holds all.
        is_sql: Whether ``made_by`` is SQL.
    """

    name: str
    about: str
    table: pa.Table
    made_by: str
    params: Mapping[str, Any] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    n: int | None = None
    is_sql: bool = True

    @property
    def rows(self) -> int:
        """Rows in all."""
        return self.table.num_rows if self.n is None else self.n

    @property
    def frame(self) -> pl.DataFrame:
        """The rows on screen as a polars frame."""
        return pl.DataFrame(pl.from_arrow(self.table))


class Desk:
    """A release of a store, open for the screen.

    DuckDB is locked down before the first question: it reads the store's data files and nothing else, its settings cannot be changed, and
    a question that takes too long or too much is ended. (The attacks that this was tried with: ``tests/test_dashboard_guard.py``.)

    Args:
        path: The store's folder.
        release: Name of the release; the current one by default.
        limits: What one question may take.

    Raises:
        MissingData: If nothing has been published there.
        UnknownName: If there is no such release.
    """

    def __init__(self, path: Path, release: str | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.store = Store(path, release, settings=locked(Path(path).absolute() / "data", self.limits))
        self._opened = functools.lru_cache(maxsize=_TASKS_OPEN)(functools.partial(Task.open, self.store, need_rows=False))

    def task(self, name: str, **settings: Any) -> Task:
        """Open a task as :func:`lrbstore.task` does. The last few stay open, so that the windows of their examples are placed once.

        That it has no example at all is not said here: see :meth:`lrbstore.task.Task.need_rows`.

        Raises:
            UnknownName, BadSpec: As :func:`lrbstore.task`.
            TooLarge: If that took too long or too much memory.
        """
        with in_bounds(self.limits):
            return self._opened(name, **settings)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def relation(self, sql: str, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Ask a question that this house wrote, all of its rows.

        Raises:
            TooLarge: If it took too long or too much memory.
        """
        with in_bounds(self.limits), damage_said():
            return self.store.sql(sql, params=dict(params or {})).to_arrow_table()

    def ask(
        self,
        name: str,
        about: str,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        chosen: Mapping[str, Any] | None = None,
        sources: Iterable[str] = (),
        page: str | None = None,
        n: int | None = None,
    ) -> Answer:
        """Ask a question that this house wrote.

        Args:
            name: See :class:`Answer`.
            about: What one row is.
            sql: The question; of a longer table, all of its rows.
            params: Values for ``$name``: what a reader typed travels here and never in the text.
            chosen: What the reader chose.
            sources: Whose licence and citation hold.
            page: The question of the rows on screen, where ``sql`` gives more than these; it may use ``params`` too.
            n: Rows that ``sql`` gives, where ``page`` is given.

        Raises:
            TooLarge: If it took too long or too much memory, or gives more rows than a screen shows.
        """
        asked = page or bounded(sql, self.limits.rows + 1)
        table = self.relation(asked, _named_in(asked, params or {}))
        if page is None and table.num_rows > self.limits.rows:
            raise TooLarge(f"this gives more than {self.limits.rows:,} rows: choose less of it")
        return Answer(name, about, table, sql, dict(params or {}), dict(chosen or {}), tuple(sources), n)

    def whole(self, answer: Answer) -> pa.Table:
        """Give all rows of an answer, to be taken away.

        Raises:
            TooLarge: If there are more than ``limits.taken``.
        """
        if answer.n is None or answer.n == answer.table.num_rows or not answer.is_sql:
            return answer.table
        sql = bounded(answer.made_by, self.limits.taken + 1)
        table = self.relation(sql, _named_in(sql, answer.params))
        if table.num_rows > self.limits.taken:
            raise TooLarge(f"this gives more than {self.limits.taken:,} rows: choose less of it, or ask with `lrbstore sql`")
        return table

    def sidecar(self, answer: Answer, rows: int | None = None) -> dict[str, Any]:
        """Say where an answer comes from: release, SQL with its values, what was chosen, licences and citations."""
        store, cards = self.store, source_cards()
        return {
            "name": answer.name,
            "one_row_is": answer.about,
            "rows": answer.rows if rows is None else rows,
            "release": store.release,
            "simulated": store.simulated,
            "sql" if answer.is_sql else "python": answer.made_by,
            "parameters": dict(answer.params),
            "chosen": dict(answer.chosen),
            "genomes": {g.assembly: g.digest for g in store.manifest.genomes},
            "sources": [
                {"source": s, "licence": cards[s].licence, "citation": cards[s].citation, "url": cards[s].url}
                for s in answer.sources
                if s in cards
            ],
            "lrbstore": __version__,
            "taken": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }

    def licences(self) -> dict[str, str]:
        """Name the licence of each source that this store holds."""
        cards = source_cards()
        return {s: cards[s].licence for s in sorted({i.source for i in self.store.manifest.inputs}) if s in cards}

    def sources_of(self, task: str) -> tuple[str, ...]:
        """Name the sources of a task that this store holds."""
        held = {i.source for i in self.store.manifest.inputs}
        return tuple(s for s in task_specs()[task].sources if s in held)


def locked(folder: Path, limits: Limits) -> tuple[str, ...]:
    """List the settings, in their order, with which DuckDB reads one folder and nothing else, within limits, until it is closed."""
    return (
        f"max_execution_time = {round(limits.seconds * 1000)}",  # global: a plain SET would not bind cursors
        f"memory_limit = {literal(limits.memory)}",
        "temp_directory = ''",  # else a folder that could be written to and read from
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        f"allowed_directories = [{literal(folder)}]",
        "enable_external_access = false",
        "lock_configuration = true",
    )


class in_bounds:  # noqa: N801 - a context manager, named as it reads
    """Say in words when a question took more time or memory than it may."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        del kind, trace
        if isinstance(error, duckdb.InterruptException) or (isinstance(error, OSError) and "maximum execution time" in str(error)):
            raise TooLarge(
                f"this took longer than {self.limits.seconds:g} s and was ended: choose less of it, or ask with `lrbstore sql`"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise TooLarge(f"this needs more than {self.limits.memory} of memory: choose less of it, or ask with `lrbstore sql`") from error


def without_paths(text: str, store: Path) -> str:
    """Say the same without the folders of this machine, which are nobody's business who looks at it from another."""
    return text.replace(str(store.absolute()), "STORE").replace(str(Path.home()), "~")


def _named_in(sql: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that a text names: DuckDB refuses others."""
    return {name: value for name, value in params.items() if re.search(rf"\${name}\b", sql)}


# ── what is taken away ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

FORMS = ("csv", "parquet")


def written(table: pa.Table, form: str, sidecar: Mapping[str, Any]) -> bytes:
    """Write rows as a file: CSV (lists as JSON), or Parquet, which holds the sidecar in its metadata under ``lrbstore`` as well.

    Raises:
        BadSpec: If there is no such form.
    """
    if form == "csv":
        frame = pl.DataFrame(pl.from_arrow(table))
        nested = [c for c, t in frame.schema.items() if t.is_nested()]
        frame = frame.with_columns(
            pl.Series(c, [None if v is None else json.dumps(v, default=str) for v in frame[c].to_list()], pl.String) for c in nested
        )
        return frame.write_csv().encode()
    if form == "parquet":
        buffer = io.BytesIO()
        said = {**(table.schema.metadata or {}), b"lrbstore": json.dumps(sidecar, default=str).encode()}
        pq.write_table(table.replace_schema_metadata(said), buffer, compression="zstd", write_page_checksum=True)
        return buffer.getvalue()
    raise BadSpec(f"there is no form {form!r}; expected one of {', '.join(FORMS)}")


def file_name(answer: Answer, release: str, form: str) -> str:
    """Name the file of an answer: what, of which release."""
    return f"{answer.name}.{release}.{form}"
