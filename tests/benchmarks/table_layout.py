"""Questions of the united table, beside one unsorted file: ``python tests/benchmarks/table_layout.py [--rows 7000000] [--tenfold]``.

Asks ``variant_record`` by tissue, trait, gene and region, and for counts by tissue. The ways take turns, warm, and medians are compared:

* lrbstore: ``store.sql``, which reads the copy that is sorted for the question;
* the sources' files: the view over them as they lie, which is what the question says;
* one file: the same rows and columns in one unsorted Parquet file (zstd), read by DuckDB; by Polars (a lazy scan); by pandas
  (``read_parquet`` with filters);
* SQLite with an index for each question, at a seventh of the rows, beside a store of as many: its rows come as Python's tuples, all other
  ways give Arrow or a frame.

Without a store it makes its own rows, half like GTEx (a tissue a file, by place within it), half like ClinVar (one file by place, with
traits), and says what the copies cost. There are as many more tissues, traits, genes and bases as there are more rows, so that answers are
of one size at any number of rows. ``--tenfold`` makes a second store, of ten times the rows (a quarter of an hour and 8 GB of disk for 70
million), and asks both the same questions instead.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
from measure import Measure, Report, in_turns, parser, peers

import lrbstore
from lrbstore.contract import contract, quote
from lrbstore.engine import connect
from lrbstore.ingest.copies import sorted_copies
from lrbstore.manifest import DataFile
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication, StoreFolder

with peers():
    import pandas as pd
    import polars as pl

COLUMNS = ["record_id", "variant_id", "chrom", "pos", "ref", "alt", "gene_symbol", "tissue", "trait", "label_value", "effect"]
UNIT = 7_000_000  #: Rows for which there are 49 tissues, 20,000 genes and 5,000 traits.
AIMS = {"tissue": 8, "trait": 15, "gene": 2, "region": 10}  #: Times as fast as DuckDB with the unsorted file.
TENFOLD = 2  #: Times as long as a question may take with ten times the rows.

Conditions = list[tuple[str, str, str | int]]  #: column, operator, value; joined by AND


def rows_of(table: str, n: int, seed: int, genes: int, more: dict[str, str]) -> str:
    """Return SQL that makes ``n`` rows of a table in the order of the genome; columns that are not named are null, or filled if need be."""
    given = {
        "record_id": f"hash(i, {seed}) // 2",
        "random_split_42": "'train'",
        "assembly": "'GRCh38'",
        "chrom": f"'chr' || (1 + gene * 22 // {genes})",
        "pos": f"1 + (gene % ({genes} // 22 + 1)) * 100000 + i % 100000",
        "ref": "substr('ACGT', 1 + i % 4, 1)",
        "alt": "substr('CGTA', 1 + i % 4, 1)",
        "variant_id": "concat_ws(':', 'GRCh38', gene, i, 'A', 'C')",
        "gene_symbol": "'GENE' || gene",
        "gene_id": "'ENSG' || gene",
        "label_value": "random()",
        "effect": "random()",
        "source_line": "i + 2",
        **more,
    }
    fill = {"VARCHAR": "'.'", "BIGINT": "1", "DOUBLE": "0.5", "BOOLEAN": "false"}
    columns = [
        f"({given.get(c.name, 'null' if c.nullable else fill[c.type])})::{c.type} as {quote(c.name)}" for c in contract(table).columns
    ]
    return f"select {', '.join(columns)} from (select i, i * {genes} // {n} as gene from range({n}) as r (i))"


def write(publication: Publication, scratch: duckdb.DuckDBPyConnection, table: str, source: str, name: str, sql: str) -> DataFile:
    """Write rows as one upstream file's."""
    with TableWriter(contract(table), publication.data_path(table, name), {}) as writer:
        for batch in scratch.sql(sql).to_arrow_reader(122_880):
            writer.write(pa.Table.from_batches([batch]))
        return writer.close(source=source, version="1", assembly="GRCh38", unit=name, genome=None)


def make(home: Path, rows: int) -> None:
    """Publish a store of ``rows`` records, half of GTEx's kind and half of ClinVar's."""
    more = max(rows / UNIT, 0.01)
    tissues, genes, traits = max(round(49 * more), 2), max(round(20_000 * more), 50), max(round(5_000 * more), 10)
    with StoreFolder(home).writer() as publication:
        scratch = connect(publication.scratch)
        started = time.process_time()
        said = {"source": "'gtex_v8_eqtl'", "source_version": "'1'"}
        files = [
            write(publication, scratch, "gtex_eqtl", "gtex_v8_eqtl", f"t{t}", rows_of("gtex_eqtl", rows // 2 // tissues, t, genes, {
                **said, "tissue": f"'tissue {t}'", "source_file": f"'t{t}'",
            }))
            for t in range(tissues)
        ]  # fmt: skip
        said = {"source": "'clinvar'", "source_version": "'1'", "source_file": "'c'", "trait": f"'trait ' || hash(i) % {traits}"}
        sql = rows_of("clinvar_record", rows - rows // 2, -1, genes, said)
        files.append(write(publication, scratch, "clinvar_record", "clinvar", "c", sql))
        written = time.process_time()
        copies, _ = sorted_copies(publication, [], files, print, scratch)
        print(
            f"{rows:,} rows in {len(files)} files: {written - started:.0f} s CPU, {sum(f.bytes for f in files) / 1e6:.0f} MB; copies: "
            f"{time.process_time() - written:.0f} s CPU, {sum(f.bytes for f in copies) / 1e6:.0f} MB",
            flush=True,
        )
        publication.publish(publication.draft(files=(*files, *copies), simulated=True))
        scratch.close()


def questions(store: lrbstore.Store) -> dict[str, Conditions]:
    """Choose values that are there: a row's tissue and place, a gene that has a tissue, a trait of a few hundred rows or so."""
    (tissue, gene, chrom, pos), *_ = store.sql(
        "select tissue, gene_symbol, chrom, pos from variant_record where tissue > '' and gene_symbol > '' and assembly = 'GRCh38' limit 1"
    ).fetchall()
    (trait,), *_ = store.sql(
        "select trait from variant_record where trait > '' group by trait having count(*) < 5000 order by count(*) desc, trait limit 1"
    ).fetchall()
    return {
        "tissue": [("tissue", "==", tissue)],
        "trait": [("trait", "==", trait)],
        "gene": [("gene_symbol", "==", gene)],
        "region": [
            ("assembly", "==", "GRCh38"),
            ("chrom", "==", chrom),
            ("pos", ">=", max(pos - 500_000, 1)),
            ("pos", "<=", pos + 500_000),
        ],
    }


def sql_of(conditions: Conditions) -> str:
    """Write a question in SQL; without conditions it is the counts by tissue."""
    if not conditions:
        return "select tissue, count(*) as n from variant_record group by tissue"
    said = [
        f"{column} {operator.replace('==', '=')} {value if isinstance(value, int) else _text(value)}"
        for column, operator, value in conditions
    ]
    return f"select {', '.join(COLUMNS)} from variant_record where {' and '.join(said)}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def by_polars(path: Path, conditions: Conditions) -> int:
    """Ask with Polars; returns the number of rows, as all ways do."""
    rows = pl.scan_parquet(path)
    if not conditions:
        return rows.group_by("tissue").len().collect().height
    compare = {"==": pl.Expr.eq, ">=": pl.Expr.ge, "<=": pl.Expr.le}
    return (
        rows.filter(*(compare[operator](pl.col(column), value) for column, operator, value in conditions)).select(COLUMNS).collect().height
    )


def by_pandas(path: Path, conditions: Conditions) -> int:
    """Ask with pandas."""
    if not conditions:
        return len(pd.read_parquet(path, columns=["tissue"]).groupby("tissue", dropna=False).size())
    return len(pd.read_parquet(path, columns=COLUMNS, filters=conditions))


def arrow(ask: Callable[[str], duckdb.DuckDBPyRelation], conditions: Conditions) -> int:
    """Ask DuckDB, by ``store.sql`` or a connection's."""
    return ask(sql_of(conditions)).to_arrow_table().num_rows


def load_sqlite(path: Path, store: lrbstore.Store) -> sqlite3.Connection:
    """Load the columns that are asked for, and index them: by tissue, trait, gene and place, and by the allele's id."""
    columns = ["assembly", *COLUMNS]
    into = sqlite3.connect(path)
    into.execute(f"create table variant_record ({', '.join(columns)})")
    rows = store.cursor("").execute(f"select {', '.join(columns)} from variant_record order by hash(record_id)")
    while some := rows.fetchmany(100_000):
        into.executemany(f"insert into variant_record values ({', '.join('?' * len(columns))})", some)
    for keys in ("tissue", "trait", "gene_symbol", "assembly, chrom, pos", "variant_id"):
        into.execute(f"create index by_{keys.replace(', ', '_')} on variant_record ({keys})")
    into.commit()
    into.execute("analyze")
    return into


def by_sqlite(loaded: sqlite3.Connection, conditions: Conditions) -> int:
    """Ask SQLite."""
    return len(loaded.execute(sql_of(conditions)).fetchall())


def medians(ways: dict[str, Callable[[Conditions], int]], conditions: Conditions, turns: int) -> dict[str, float]:
    """Ask one question in all ways, see that each has as many rows, and give the median seconds of each."""
    counts = {name: way(conditions) for name, way in ways.items()}
    assert len(set(counts.values())) == 1, counts
    taken = in_turns({name: partial(way, conditions) for name, way in ways.items()}, turns)
    print(f"  {next(iter(counts.values())):,} rows; " + ", ".join(f"{name} {1e3 * s:.1f} ms" for name, s in taken.items()), flush=True)
    return taken


def beside_files(report: Report, store: lrbstore.Store, folder: Path, rows: int, turns: int) -> None:
    """Ask the store, the view over the sources' files, and those who read one unsorted file."""
    path = folder / "unsorted.parquet"
    writing = store.cursor("")
    writing.execute(f"set temp_directory = '{folder}/spill'")
    writing.execute(f"copy (from variant_record order by hash(record_id)) to '{path}' (format parquet, compression zstd)")
    plain = connect()
    plain.execute(f"create view variant_record as from read_parquet('{path}')")
    ways: dict[str, Callable[[Conditions], int]] = {
        "lrbstore": partial(arrow, store.sql),
        "one unsorted Parquet file, DuckDB": partial(arrow, plain.sql),
        "the same file, Polars": partial(by_polars, path),
        "the same file, pandas": partial(by_pandas, path),
        "the sources' files, DuckDB": partial(arrow, store.cursor("").sql),
    }
    for name, conditions in {**questions(store), "counts by tissue": []}.items():
        taken = medians(ways, conditions, turns)
        for beside in list(ways)[1:]:
            aim = AIMS.get(name) if beside == list(ways)[1] else None
            report(Measure(f"SQL over {millions(rows)} rows", beside, taken[beside] / taken["lrbstore"], name, aim=aim))


def beside_sqlite(report: Report, folder: Path, rows: int, turns: int) -> None:
    """Ask a smaller store, and SQLite with its rows."""
    make(folder / "small", rows)
    with lrbstore.open(folder / "small") as store:
        loaded = load_sqlite(folder / "rows.sqlite", store)
        ways: dict[str, Callable[[Conditions], int]] = {"lrbstore": partial(arrow, store.sql), "SQLite": partial(by_sqlite, loaded)}
        for name, conditions in {**questions(store), "counts by tissue": []}.items():
            taken = medians(ways, conditions, turns)
            report(Measure(f"SQL over {millions(rows)} rows", "SQLite with five indexes", taken["SQLite"] / taken["lrbstore"], name))
        loaded.close()


def tenfold(report: Report, store: lrbstore.Store, folder: Path, rows: int, turns: int) -> None:
    """Ask the store, and one of ten times the rows: answers are of one size."""
    home = folder / "tenfold"
    if not home.exists():
        make(home, 10 * rows)
    with lrbstore.open(home) as larger:
        there = questions(larger)
        for name, conditions in questions(store).items():
            ways = {"few": partial(arrow, store.sql, conditions), "many": partial(arrow, larger.sql, there[name])}
            taken = in_turns(ways, turns)
            print(f"  {ways['few']():,} and {ways['many']():,} rows; {', '.join(f'{1e3 * s:.1f} ms' for s in taken.values())}")
            what = f"SQL over {millions(10 * rows)} rows"
            beside = f"the same question over {millions(rows)}"
            report(Measure(what, beside, taken["many"] / taken["few"], name, unit="x the time", aim=TENFOLD, at_most=True))


def millions(rows: int) -> str:
    """Write a number of rows."""
    return f"{rows / 1e6:.3g} M"


def main(given: argparse.Namespace) -> None:
    """Take the measures."""
    report = Report(given.measures)
    with tempfile.TemporaryDirectory() as work:
        folder = given.folder or Path(work)
        home = given.store or folder / "store"
        if not home.exists():
            make(home, given.rows)
        with lrbstore.open(home) as store:
            ((rows,),) = store.sql("select count(*) from variant_record").fetchall()
            if given.tenfold:
                tenfold(report, store, folder, rows, given.turns)
                return
            beside_files(report, store, folder, rows, given.turns)
        if not given.store:
            beside_sqlite(report, folder, rows // 7, given.turns)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=UNIT, help="rows to make where no store is given")
    arguments.add_argument("--store", type=Path, help="a store to ask instead")
    arguments.add_argument("--turns", type=int, default=7, help="times that each question is asked in each way")
    arguments.add_argument("--tenfold", action="store_true", help="instead of the peers: a store of ten times the rows")
    arguments.add_argument("--folder", type=Path, help="where rows and files are put, and stay; a temporary folder by default")
    main(arguments.parse_args())
