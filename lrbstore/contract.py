"""The contract of a table: what ``sql/tables/<table>.sql`` says about it, read once and used everywhere.

A file in ``sql/tables`` is plain DDL that the DuckDB shell can run. Its head comment says what one row is and carries a few
``-- key: value`` lines; the comment that ends each column's line is the column's meaning::

    -- One row is one tested gene in one tissue.
    -- unites: variant_record
    create table gtex_eqtl (
        pos  BIGINT NOT NULL check (pos >= 1),  -- 1-based position of the first REF base
        …

From that one text follow: the empty table, the Arrow schema that files are written with, the reasons for which a row is rejected, the
comments that ``duckdb_columns()`` gives back, and the pages of documentation.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from lrbstore.errors import BadSpec, UnknownName
from lrbstore.layout import sql_folder

HEAD_KEYS = ("unites", "united", "rows_per_group", "derived", "history", "unique", "sorted_by", "all_sorted_by", "bloom")
_COLUMN = re.compile(r'^\s+"?(?P<name>[a-z_0-9A-Z]+)"?\s+(?P<rest>[A-Z].*?),?\s*--\s(?P<comment>.*)$')
_RESERVED = {"end", "order", "group", "table", "column", "values", "window"}


@dataclass(frozen=True)
class Column:
    """One column of a table: its SQL name, DuckDB type, whether it may be null, and its meaning."""

    name: str
    type: str
    nullable: bool
    comment: str


@dataclass(frozen=True)
class Rule:
    """A rule that every row keeps: ``expression`` is SQL that must not be false; ``says`` is the reason when it is.

    ``column`` is the column that a NOT NULL rule is about, and None for a CHECK, whose ``columns`` are those that it reads.
    """

    expression: str
    says: str
    column: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """An order in which a united table's rows are kept once more, for the questions that it serves.

    Attributes:
        columns: What the rows are sorted by; then come file and line.
        complete: True where every row is in it; else those are left out whose first column is null: no filter on that column finds them.
        bloom: Columns with a Bloom filter in each row group: values that lie together in this order without being sorted by it.
    """

    columns: tuple[str, ...]
    complete: bool = False
    bloom: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in manifests and of its view (``chrom_pos``)."""
        return "_".join(self.columns)


@dataclass(frozen=True)
class Contract:
    """What ``sql/tables/<name>.sql`` says.

    Attributes:
        name: The table's name, which is also its file's.
        grain: What one row is, in words.
        ddl: The text of the file.
        kind: ``table`` (stored as Parquet) or ``view`` (derived from other tables by the SQL of the file).
        columns: In order.
        rules: NOT NULL and CHECK, as reasons for rejecting a row.
        unites: The united table that this stored table is a part of, if any (``variant_record``).
        united: True where the file declares only columns, and the rows come from all tables that unite into it.
        rows_per_group: Rows in a Parquet row group.
        history: False for tables that a new version of a source does not supersede (``reject``, ``variant_allele``).
        derived: True for small tables that the store fills from its manifest and the vocabularies (``source``, ``contig``).
        unique: Columns that tell the rows of one upstream file apart; a row that repeats them is rejected.
        orders: Of a united table: the orders that its rows are kept in beside upstream's.
        schema: The Arrow schema that data files of this table are written with; NOT NULL columns are not nullable. Empty for a view.
    """

    name: str
    grain: str
    ddl: str
    kind: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    unites: str | None
    united: bool
    rows_per_group: int
    history: bool
    derived: bool = False
    unique: tuple[str, ...] = ()
    orders: tuple[Order, ...] = ()
    schema: pa.Schema = field(default_factory=lambda: pa.schema([]), repr=False)

    @property
    def stored(self) -> bool:
        """True where rows of this table are kept in Parquet files of their own."""
        return self.kind == "table" and not self.united and not self.derived

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @functools.cached_property
    def drawn(self) -> dict[str, int]:
        """Columns that keep a record's part of the random split, with the seed that their names end in (``random_split_42``)."""
        return {name: int(seed) for name in self.column_names for stem, _, seed in [name.rpartition("_")] if stem == "random_split"}


@functools.cache
def quote(name: str) -> str:
    """Quote an SQL identifier where DuckDB needs it (``"end"``)."""
    return f'"{name}"' if name in _RESERVED or not re.fullmatch(r"[a-z_][a-z0-9_]*", name) else name


def literal(text: object) -> str:
    """Write a Python value as an SQL literal; for names and paths of our own, never for a user's text."""
    return "null" if text is None else "'" + str(text).replace("'", "''") + "'"


@functools.cache
def contracts() -> dict[str, Contract]:
    """Read every contract under ``sql/tables``; see :func:`read_contracts`."""
    return read_contracts(sql_folder() / "tables")


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Read every contract of a folder.

    Returns:
        Contracts by table name, in alphabetical order.

    Raises:
        BadSpec: If a file's table has another name, a column has no comment, or a table unites into one that is not there.
    """
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))}
    tables = {name: text for name, text in texts.items() if not re.search(r"^create (or replace )?view", text, re.M)}
    with duckdb.connect() as connection:
        created = _create(tables, connection)
    for name in sorted(set(tables) - set(created)):
        others = ", ".join(sorted(set(created) - set(tables))) or "none"
        raise BadSpec(f"{name}.sql must create the table {name!r} and nothing else; tables without a file of their name: {others}")
    for name in sorted(set(created) - set(tables)):
        raise BadSpec(f"the table {name!r} is created by a file of sql/tables that is not named after it; expected {name}.sql")
    found = {name: _read(name, text, created.get(name)) for name, text in texts.items()}
    for contract in found.values():
        if contract.unites and contract.unites not in found:
            raise BadSpec(f"sql/tables/{contract.name}.sql unites {contract.unites!r}, which has no file there")
    return found


def contract(table: str) -> Contract:
    """Look one contract up by table name.

    Raises:
        UnknownName: If there is no such table.
    """
    try:
        return contracts()[table]
    except KeyError:
        raise UnknownName("table", table, contracts()) from None


def parts_of(united: str) -> list[Contract]:
    """List the stored tables that unite into ``united``, by name."""
    return [c for c in contracts().values() if c.unites == united]


def united_columns(united: Contract, part: Contract, constants: Mapping[str, str] | None = None) -> str:
    """Return the select list that gives a part the columns of the table it unites into: null where the part lacks one.

    Args:
        united: The united table.
        part: The stored table.
        constants: SQL for columns whose value is known without reading.
    """
    given = {c: quote(c) for c in part.column_names} | dict(constants or {})
    return ", ".join(f"{given.get(c.name, 'null')}::{c.type} as {quote(c.name)}" for c in united.columns)


def head(text: str) -> tuple[str, dict[str, str]]:
    """Split the head comment of a SQL file into its prose and its ``key: value`` lines.

    Args:
        text: Content of a SQL file.

    Returns:
        The prose in one line, and the keys (lower case) with their values; a key may come several times, joined by newlines.
    """
    prose: list[str] = []
    keys: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            if line.strip():
                break
            continue
        body = line[2:].strip()
        match = re.match(r"^([a-z_]+): (.*)$", body)
        if match:
            keys[match[1]] = f"{keys[match[1]]}\n{match[2]}" if match[1] in keys else match[2]
        else:
            prose.append(body)
    return " ".join(p for p in prose if p), keys


@dataclass(frozen=True)
class _Created:
    """What DuckDB understood of a table's DDL."""

    columns: list[tuple[str, str, bool, pa.DataType]]  #: name, type, nullable, Arrow type
    checks: list[tuple[list[str], str]]  #: columns, expression


def _create(texts: dict[str, str], connection: duckdb.DuckDBPyConnection) -> dict[str, _Created]:
    """Run the DDL of every table, then ask DuckDB once what it has understood: to ask table by table takes most of a second."""
    for name, text in texts.items():
        try:
            connection.execute(text)
        except duckdb.Error as error:
            raise BadSpec(f"{name}.sql is not the DDL of a table: {error}") from error
    found: dict[str, _Created] = {}
    arrow: dict[str, pa.DataType] = {}
    for table, column, type_, nullable in connection.execute(
        "select table_name, column_name, data_type, is_nullable from duckdb_columns() where not internal order by table_oid, column_index"
    ).fetchall():
        if type_ not in arrow:
            arrow[type_] = connection.sql(f"select null::{type_}").to_arrow_table().schema.types[0]
        found.setdefault(table, _Created([], [])).columns.append((column, type_, nullable, arrow[type_]))
    for table, columns, expression in connection.execute(
        "select table_name, constraint_column_names, expression from duckdb_constraints() where constraint_type = 'CHECK'"
    ).fetchall():
        found[table].checks.append((columns, expression))
    return found


def _read(name: str, text: str, created: _Created | None) -> Contract:
    grain, keys = head(text)
    for key in keys:
        if key not in HEAD_KEYS:
            raise BadSpec(f"{name}.sql: head line {key!r} is not one of {', '.join(HEAD_KEYS)}")
    if created is None:
        # A view's columns are known only where its inputs exist: the store asks DuckDB; here only the meanings are kept.
        columns = tuple(Column(column, "", True, comment) for column, comment in _view_comments(text).items())
        return Contract(name, grain, text, "view", columns, (), None, False, 0, False)
    comments = {m["name"]: m["comment"].strip() for m in map(_COLUMN.match, text.splitlines()) if m}
    missing = [column for column, *_ in created.columns if column not in comments]
    if missing:
        raise BadSpec(f"{name}.sql: columns without a comment at the end of their line: {', '.join(missing)}")
    columns = tuple(Column(column, type_, nullable, comments[column]) for column, type_, nullable, _ in created.columns)
    rules = [Rule(f"{quote(c.name)} is not null", f"{c.name} is missing", c.name) for c in columns if not c.nullable]
    rules += [
        Rule(expression, f"{' and '.join(names)} breaks the rule {expression}", None, tuple(names)) for names, expression in created.checks
    ]
    return Contract(
        name=name,
        grain=grain,
        ddl=text,
        kind="table",
        columns=columns,
        rules=tuple(rules),
        unites=keys.get("unites"),
        united="united" in keys,
        rows_per_group=int(keys.get("rows_per_group", 122_880)),
        history=keys.get("history", "yes") == "yes",
        derived="derived" in keys,
        unique=_listed(keys, "unique"),
        orders=_orders(keys),
        schema=pa.schema([pa.field(column, arrow, nullable=nullable) for column, _, nullable, arrow in created.columns]),
    )


def _listed(keys: dict[str, str], key: str) -> tuple[str, ...]:
    return tuple(column.strip() for column in keys.get(key, "").split(",") if column.strip())


def _orders(keys: dict[str, str]) -> tuple[Order, ...]:
    orders = [Order(tuple(line.split(", "))) for line in keys.get("sorted_by", "").splitlines()]
    if "all_sorted_by" in keys:
        orders.append(Order(_listed(keys, "all_sorted_by"), complete=True, bloom=_listed(keys, "bloom")))
    return tuple(orders)


def _view_comments(text: str) -> dict[str, str]:
    """Read ``expression as name,  -- meaning`` lines of a view's select."""
    line = re.compile(r'^\s+.*?(?:\bas\s+)?"?(?P<name>[a-z_0-9]+)"?,?\s+--\s(?P<comment>.*)$')
    return {m["name"]: m["comment"].strip() for m in map(line.match, text.splitlines()) if m}
