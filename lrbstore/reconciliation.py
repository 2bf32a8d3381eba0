"""Reconciliations: what a body of work publishes about its data, beside the count of the same definition in the store.

sql/reconciliations/<body>/published.tsv   a line for each definition: the number, what it counts in words, where it is published
sql/reconciliations/<body>/<idea>.sql      one select of one row whose columns are named after figures of that file

The store makes the view ``reconciliation`` of them (its columns: ``sql/tables/reconciliation.sql``). Nothing is counted before it is asked;
a question about one body reads nothing for the others. Nothing is registered: a folder that is there is a body of work.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lrbstore.catalogue import source_cards
from lrbstore.contract import contract, contracts, literal
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.layout import sql_folder
from lrbstore.manifest import InputFile, Manifest, version_key

COLUMNS = ("figure", "source", "part", "assembly", "definition", "published", "published_in", "sum_of", "remark")
MAY_BE_EMPTY = {"source", "part", "assembly", "sum_of", "remark"}


@dataclass(frozen=True)
class Figure:
    """One line of a ``published.tsv``: a published number with one definition of what it counts.

    Attributes:
        name: Unique in its body; the column of a select beside the file that counts it. Without one it is not counted.
        source, part: The source and its kind of file that rows are counted of; empty for a pure sum.
        assembly: Files on this assembly alone; empty for all.
        definition: What is counted, in words.
        published: The number.
        published_in: Where it is published.
        sum_of: Figures of the same body that the published number is the sum of; a pure sum is counted as the sum of their counts.
        remark: What the number is easily taken for, or what the count cannot tell.
    """

    name: str
    source: str
    part: str
    assembly: str
    definition: str
    published: int
    published_in: str
    sum_of: tuple[str, ...]
    remark: str


@dataclass(frozen=True)
class Body:
    """A body of work: a folder of ``sql/reconciliations``.

    Attributes:
        name: The folder's name.
        title: First line of the head of its ``published.tsv``.
        figures: Its lines, in order.
        counts: File name → the select that counts some of them.
    """

    name: str
    title: str
    figures: tuple[Figure, ...]
    counts: dict[str, str]


@functools.cache
def bodies() -> dict[str, Body]:
    """Read every folder under ``sql/reconciliations``, by name.

    Raises:
        BadSpec: If a line lacks something, names what is not there, or is a sum that does not add up; says file, line and column.
    """
    return {path.parent.name: read_body(path.parent) for path in sorted((sql_folder() / "reconciliations").glob("*/published.tsv"))}


def body(name: str) -> Body:
    """Look a body of work up by name.

    Raises:
        UnknownName: If there is no such folder; near names are offered.
    """
    try:
        return bodies()[name]
    except KeyError:
        raise UnknownName("body of work", name, bodies()) from None


def read_body(folder: Path) -> Body:
    """Read one folder; see :func:`bodies` for what it raises."""
    path = folder / "published.tsv"
    text = path.read_text(encoding="utf-8")
    heads = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    rows = [(n, line.split("\t")) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and not line.startswith("#")]
    if not heads or not rows or tuple(rows[0][1]) != COLUMNS:
        raise BadSpec(f"{path}: expected head lines (# …) and then the columns {', '.join(COLUMNS)}, separated by tabs")
    figures: dict[str, Figure] = {}
    for n, cells in rows[1:]:
        where = f"{path}, line {n}"
        if len(cells) != len(COLUMNS):
            raise BadSpec(f"{where}: {len(cells)} columns; expected {len(COLUMNS)}")
        said = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
        empty = [c for c in COLUMNS if not said[c] and c not in MAY_BE_EMPTY]
        if empty:
            raise BadSpec(f"{where}: {', '.join(empty)} is empty")
        if not said["figure"].isidentifier() or said["figure"] in figures:
            raise BadSpec(f"{where}: figure {said['figure']!r} is not a plain name, or comes twice")
        if not said["published"].isdecimal() or int(said["published"]) < 1:
            raise BadSpec(f"{where}: published {said['published']!r} is not a whole number from 1")
        if bool(said["source"]) != bool(said["part"]) or not (said["source"] or said["sum_of"]):
            raise BadSpec(f"{where}: a figure has a source and its part, or is the sum_of others")
        if said["source"] and said["source"] not in source_cards():
            raise BadSpec(f"{where}: {UnknownName('source', said['source'], source_cards())}")
        figures[said["figure"]] = Figure(
            said["figure"], said["source"], said["part"], said["assembly"], said["definition"], int(said["published"]),
            said["published_in"], tuple(said["sum_of"].split()), said["remark"],
        )  # fmt: skip
    for figure in figures.values():
        strangers = [part for part in figure.sum_of if part not in figures or not figures[part].source]
        if strangers:
            raise BadSpec(f"{path}: {figure.name} is the sum of {', '.join(strangers)}, which is no figure there with a source of its own")
        total = sum(figures[part].published for part in figure.sum_of)
        if figure.sum_of and total != figure.published:
            raise BadSpec(f"{path}: {figure.name} is published as {figure.published:,}, but its parts sum to {total:,}")
    counts = {sql.name: sql.read_text(encoding="utf-8").strip().removesuffix(";") for sql in sorted(folder.glob("*.sql"))}
    return Body(folder.name, heads[0], tuple(figures.values()), counts)


def make_view(connection: duckdb.DuckDBPyConnection, manifest: Manifest, *, simulated: bool) -> None:
    """Make the view ``reconciliation``, whose SQL is looked at when the view is asked, and not before.

    To bind its dozens of counts would cost every opening of a store more than all other views of a source do. So the view is made over
    a macro that gives no rows, and then the macro is made anew: as one that runs a body's SQL, which DuckDB binds where it is called.
    """
    nothing = ", ".join(f"null::{c.type} as {c.name}" for c in contract("reconciliation").columns)
    connection.execute(f"create macro reconciliation_(called) as table select {nothing} where called is null")
    branches = [f"from reconciliation_({literal(name)})" for name in bodies()] or ["from reconciliation_(null) where false"]
    connection.execute(f"create view reconciliation as {' union all '.join(branches)}")
    texts = " ".join(f"when {literal(b.name)} then {literal(view_sql(b, manifest, simulated=simulated))}" for b in bodies().values())
    connection.execute(f"create macro reconciliation_sql_(called) as case called {texts or 'when null then null'} end")
    connection.execute("create or replace macro reconciliation_(called) as table from query(reconciliation_sql_(called))")


def defects(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, duckdb.Error]]:
    """List the files of counts that are no select that can be run on this connection's tables, each with what DuckDB says of it."""
    for one in bodies().values():
        for file, text in one.counts.items():
            try:
                connection.execute(f"explain {text}")
            except duckdb.Error as error:
                yield f"sql/reconciliations/{one.name}/{file}", error


def view_sql(of: Body, manifest: Manifest, *, simulated: bool) -> str:
    """Write one body's part of the view: its numbers and what the manifest says as values, its counts as they stand in their files."""
    figures = [
        f"({n}, {literal(f.name)}, {literal(f.source or None)}, {literal(f.part or None)}, {literal(f.assembly or None)}, "
        f"{literal(f.definition)}, {f.published}, {literal(f.published_in)}, {_list(f.sum_of)}, {literal(f.remark or None)})"
        for n, f in enumerate(of.figures, start=1)
    ]
    files: dict[tuple[str, str, str | None], list[int]] = {}
    for i in shown_files(manifest):
        held = files.setdefault((i.source, i.part, i.assembly), [0, 0, 0])
        held[:] = (held[0] + i.rows_in, held[1] + i.rows_loaded, held[2] + i.rows_rejected)
    sums = [f"({', '.join(map(literal, of))}, {', '.join(map(str, held))})" for of, held in files.items()]
    counts = [
        f"select figure, n::BIGINT as n from (\n{text}\n) unpivot include nulls (n for figure in (columns(*)))"
        for text in of.counts.values()
    ]
    # A constant body: a filter on it cuts the branches of the others off before any file of theirs is opened.
    columns = [f"{literal(of.name) if c.name == 'body' else c.name}::{c.type} as {c.name}" for c in contract("reconciliation").columns]
    return _VIEW.format(
        figures=",\n    ".join(figures),
        files=",\n    ".join(sums or ["(null, null, null, 0, 0, 0)"]),
        counts="\n    union all\n    ".join(counts or ["select null as figure, null::BIGINT as n where false"]),
        simulated=str(simulated).lower(),
        columns=",\n    ".join(columns),
    )


def shown_files(manifest: Manifest) -> list[InputFile]:
    """List the upstream files whose rows the default views show, without the companions that are read beside another file."""
    tables = [f for f in manifest.files if f.version is not None and contracts()[f.table].history]
    shown = {(f.source, f.version, f.unit) for table in {f.table for f in tables} for f in manifest.current(table)}
    stored = {(f.source, f.version, f.unit) for f in tables}
    primary = [i for i in manifest.inputs if i.sha256 == i.unit]
    versions: dict[tuple[str, str, str | None], set[str]] = {}
    for i in primary:
        versions.setdefault((i.source, i.part, i.assembly), set()).add(i.version)
    last = {key: max(found, key=version_key) for key, found in versions.items()}

    def is_shown(i: InputFile) -> bool:
        key = (i.source, i.version, i.unit)
        # A file all of whose rows were rejected has none that a table could show: its version decides.
        return key in shown if key in stored else last[i.source, i.part, i.assembly] == i.version

    return [i for i in primary if is_shown(i)]


def _list(names: tuple[str, ...]) -> str:
    return f"[{', '.join(map(literal, names))}]" if names else "null"


_VIEW = """
with line(ordinal, figure, source, part, assembly, definition, published, published_in, sum_of, remark) as (
    values
    {figures}
),
file(source, part, assembly, rows_in, rows_loaded, rows_rejected) as (
    values
    {files}
),
counted as (
    {counts}
),
own as (  -- figures of one source; nothing is said of one that was not ingested, not even 0
    select
        l.figure, l.source, l.part, l.assembly, sum(f.rows_in) as in_files, sum(f.rows_loaded) as rows_loaded,
        sum(f.rows_rejected) as rows_rejected, case when sum(f.rows_in) is not null then any_value(c.n) end as in_store
    from line as l
    left join file as f on f.source = l.source and f.part = l.part and (l.assembly is null or f.assembly = l.assembly)
    left join counted as c on c.figure = l.figure
    where l.source is not null
    group by all
),
addend as (  -- the parts of pure sums
    select l.figure, o.* exclude (figure)
    from (select figure, unnest(sum_of) as addend from line where source is null) as l
    join own as o on o.figure = l.addend
),
held as (  -- files that two parts are counted of are counted once
    select figure, sum(in_files) as in_files, sum(rows_loaded) as rows_loaded, sum(rows_rejected) as rows_rejected
    from (select distinct figure, source, part, assembly, in_files, rows_loaded, rows_rejected from addend) as once
    group by figure
),
total as (
    select
        a.figure, any_value(h.in_files) as in_files, any_value(h.rows_loaded) as rows_loaded, any_value(h.rows_rejected) as rows_rejected,
        sum(a.in_store) as in_store,
        string_agg(distinct a.source, ', ' order by a.source) filter (a.in_store is null) as lacking
    from addend as a
    join held as h on h.figure = a.figure
    group by a.figure
),
found as (
    select figure, in_files, rows_loaded, rows_rejected, in_store, null as lacking from own
    union all
    select figure, in_files, rows_loaded, rows_rejected, in_store, lacking from total
),
said as (
    select
        l.* exclude (remark),
        f.* exclude (figure, lacking),
        f.in_store - l.published as difference,
        f.in_store / l.published as ratio,
        case
            when f.in_files is null then 'not ingested'
            when f.in_store is null then 'not counted'
            when {simulated} then 'simulated'
            when f.lacking is not null then 'in part'
            when f.in_store = l.published then 'equal'
            else 'differs'
        end as status,
        nullif(concat_ws('; ', case when f.in_files is not null then 'without ' || f.lacking end, l.remark), '') as remark
    from line as l
    join found as f on f.figure = l.figure
)
select
    {columns}
from said
"""
