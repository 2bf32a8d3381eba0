"""A reader's own question: examples of one, what there is to ask of, and the answer, behind the guard."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from lrbstore.catalogue import task_specs
from lrbstore.contract import contracts
from lrbstore.dashboard.desk import BROKEN, Answer, Desk, TooLarge, in_bounds, without_paths
from lrbstore.dashboard.guard import admitted, bounded
from lrbstore.errors import BadSpec

#: Types of DuckDB that a table on screen or a CSV file cannot hold; such a column is shown as text.
_AS_TEXT = re.compile(r"\b(INTERVAL|UNION|MAP|VARIANT|BIT|BLOB|BIGNUM|TIME WITH TIME ZONE|TIME_NS|GEOMETRY)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """An answer to a reader's question.

    Attributes:
        answer: Its rows; ``n`` counts all of them where not all are on screen.
        seconds: That the rows on screen took.
        is_cut: Whether there are more rows than are on screen.
        is_counted: Whether it is known how many there are; where not, only those on screen can be taken away.
    """

    answer: Answer
    seconds: float
    is_cut: bool
    is_counted: bool


def asked(desk: Desk, text: str) -> Asked:
    """Ask what a reader wrote.

    Args:
        desk: The desk.
        text: One question in SQL.

    Raises:
        BadSpec: If the guard does not admit it, or DuckDB cannot run it; with its explanation.
        TooLarge: If it takes too long or too much memory.
        duckdb.InternalException, duckdb.FatalException: If DuckDB fails within.
    """
    most, started = desk.limits.rows, time.perf_counter()
    try:
        question = admitted(text)
        with in_bounds(desk.limits):
            shown = desk.store.sql(bounded(question, most + 1))
            as_text = ['"' + c.replace('"', '""') + '"' for c, t in zip(shown.columns, shown.types, strict=True) if _AS_TEXT.search(str(t))]
            if as_text:
                cast = ", ".join(f"{c}::VARCHAR as {c}" for c in as_text)
                question = f"select * replace ({cast})\nfrom (\n{question}\n) as q"
                shown = desk.store.sql(bounded(question, most + 1))
            table = shown.to_arrow_table()
            seconds = time.perf_counter() - started
            n: int | None = table.num_rows
            if table.num_rows > most:
                table, n = table.slice(0, most), _count(desk, question)
    except (TooLarge, *BROKEN):  # the latter is said of DuckDB, not of the question: it may have been another reader's
        raise
    except BadSpec as error:
        raise BadSpec(without_paths(str(error), desk.store.path)) from None
    except (duckdb.Error, pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise BadSpec(f"this SQL cannot be run: {without_paths(str(error), desk.store.path)}") from None
    is_cut = n is None or n > most
    made_by = question if n is not None else f"select * from (\n{question}\n) as q\nlimit {most}"
    named = sorted({i.source for i in desk.store.manifest.inputs})
    return Asked(
        Answer("answer", "as the question says", table, made_by, {}, {"q": text}, tuple(named), n if is_cut else None),
        seconds,
        is_cut,
        n is not None,
    )


def _count(desk: Desk, question: str) -> int | None:
    """Count the rows of a question; None where that takes too much."""
    try:
        with in_bounds(desk.limits):
            ((n,),) = desk.store.sql(f"select count(*) from (\n{question}\n) as q").fetchall()
            return int(n)
    except TooLarge:
        return None


_COLUMNS = """select column_name as "column", data_type as type, comment as meaning from duckdb_columns()
where schema_name || '.' || table_name = $table order by column_index"""


def tables(desk: Desk) -> tuple[str, ...]:
    """Name what can be asked of: tables, those with the most rows first, and the examples of each task."""
    rows = {name: sum(f.rows for f in desk.store.manifest.current(name)) for name in contracts()}
    rows["variant_record"] = max(rows.values(), default=0) + 1  # where most questions begin
    return (*sorted(rows, key=lambda name: (-rows[name], name)), *(f"{task}.examples" for task in task_specs()))


def columns(desk: Desk, table: str) -> Answer:
    """List the columns of a table, with type and meaning.

    Args:
        desk: The desk.
        table: One of :func:`tables`.
    """
    spec = contracts().get(table)
    about = f"a column of {table}" + (f", of which {spec.grain[0].lower()}{spec.grain[1:].rstrip('.')}" if spec else "")
    params = {"table": table if "." in table else f"main.{table}"}
    return desk.ask("columns", about, _COLUMNS, params, chosen={"table": table})


@dataclass(frozen=True)
class Example:
    """A question to begin with: what it asks, its SQL, and the tables that must have rows for it."""

    asks: str
    sql: str
    needs: tuple[str, ...]


_EXAMPLES = (
    Example(
        "How many records and variants has each source?",
        "select source, label_name, count(*) as n_records, count(distinct variant_id) as n_variants\n"
        "from variant_record\ngroup by all\norder by n_records desc",
        (),
    ),
    Example(
        "What does ClinVar say, by class?",
        "select assembly, clinical_significance, review_stars, count(*) as n\nfrom clinvar_record\ngroup by all\norder by n desc",
        ("clinvar_record",),
    ),
    Example(
        "Which lead eQTLs in liver does ClinVar call pathogenic?",
        "select e.variant_id, e.gene_symbol, e.neg_log10_p, c.clinical_significance, c.trait\nfrom variant_record as e\n"
        "join clinvar_record as c using (variant_id)\nwhere e.tissue = 'Liver' and c.clinical_significance ilike '%pathogenic%'\n"
        "order by e.neg_log10_p desc",
        ("clinvar_record", "gtex_eqtl"),
    ),
    Example(
        "Which traits have the strongest associations?",
        "select trait, count(*) as n, max(neg_log10_p) as best_neg_log10_p\nfrom gwas_association\ngroup by trait\n"
        "order by best_neg_log10_p desc\nlimit 50",
        ("gwas_association",),
    ),
    Example(
        "How are the scores of each score set spread?",
        "select urn, count(score) as n, quantile_cont(score, [0.05, 0.5, 0.95]) as quantiles\n"
        "from mave_score\ngroup by urn\norder by n desc",
        ("mave_score",),
    ),
    Example(
        "What do the models score, and on how many examples?",
        "select task, model, predictor, replicate, count(*) as n_examples\nfrom prediction\ngroup by all\norder by all",
        ("prediction",),
    ),
    Example(
        "Which columns say something of a p-value?",
        "select table_name, column_name, comment\nfrom duckdb_columns()\nwhere comment ilike '%p-value%' and schema_name = 'main'",
        (),
    ),
    Example(
        "What could not be loaded, and why?",
        "select source, source_file, reason, count(*) as n\nfrom reject\ngroup by all\norder by n desc",
        (),
    ),
)


def examples(desk: Desk) -> tuple[Example, ...]:
    """List questions that this store can answer."""
    held = {f.table for f in desk.store.manifest.files if f.rows}
    return tuple(e for e in _EXAMPLES if held.issuperset(e.needs))
