"""Questions of the united table against one unsorted file: ``python tests/benchmarks/table_layout.py [--rows 7000000] [--store DIR]``.

Asks ``variant_record`` by tissue, trait, gene and region, and for counts by tissue, in three ways, in alternation, warm, medians:

* sorted: ``store.sql``, which reads the copy that is sorted for the question;
* upstream: the view over the sources' files as they lie, which is what the question says;
* one file: the same rows and columns in one unsorted Parquet file (zstd), read by DuckDB.

Without a store it makes its own rows, half like GTEx (a tissue a file, by place within it), half like ClinVar (one file by place, with
traits), and says what the copies cost. There are as many more tissues, traits, genes and bases as there are more rows, so that answers are
of one size at any number of rows. ``--no-file`` leaves the unsorted file out, to compare the sorted copies at 7 and at 70 million rows.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

import lrbstore
from lrbstore.contract import contract, quote
from lrbstore.engine import connect
from lrbstore.ingest.copies import sorted_copies
from lrbstore.manifest import DataFile
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication, StoreFolder

COLUMNS = "record_id, variant_id, chrom, pos, ref, alt, gene_symbol, tissue, trait, label_value, effect"
UNIT = 7_000_000  #: Rows for which there are 49 tissues, 20,000 genes and 5,000 traits.


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


def questions(store: lrbstore.Store) -> dict[str, str]:
    """Choose values that are there: a row's tissue and place, a gene that has a tissue, a trait of a few hundred rows or so."""
    (tissue, gene, chrom, pos), *_ = store.sql(
        "select tissue, gene_symbol, chrom, pos from variant_record where tissue > '' and gene_symbol > '' and assembly = 'GRCh38' limit 1"
    ).fetchall()
    (trait,), *_ = store.sql(
        "select trait from variant_record where trait > '' group by trait having count(*) < 5000 order by count(*) desc, trait limit 1"
    ).fetchall()
    from_, where = f"select {COLUMNS} from variant_record where", {
        "tissue": f"tissue = '{tissue}'",
        "trait": "trait = '{}'".format(trait.replace("'", "''")),
        "gene": f"gene_symbol = '{gene}'",
        "region": f"assembly = 'GRCh38' and chrom = '{chrom}' and pos between {max(pos - 500_000, 1)} and {pos + 500_000}",
    }  # fmt: skip
    return {name: f"{from_} {said}" for name, said in where.items()} | {
        "counts": "select tissue, count(*) from variant_record group by tissue"
    }


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Print a table of medians and ratios; returns milliseconds by question and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=UNIT, help="rows to make where no store is given")
    parser.add_argument("--store", type=Path, help="a store to ask instead")
    parser.add_argument("--repeat", type=int, default=7, help="times that each question is asked in each way")
    parser.add_argument("--no-file", action="store_true", help="leave the unsorted file out")
    parser.add_argument("--folder", type=Path, help="where to put rows and file; a temporary folder by default")
    given = parser.parse_args(arguments)
    medians: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home, path = given.store or Path(folder) / "store", Path(folder) / "unsorted.parquet"
        if given.store is None:
            make(home, given.rows)
        with lrbstore.open(home) as store:
            plain = connect()
            if not given.no_file:
                writing = store.cursor("")
                writing.execute(f"set temp_directory = '{folder}/spill'")
                writing.execute(f"copy (from variant_record order by hash(record_id)) to '{path}' (format parquet, compression zstd)")
                plain.execute(f"create view variant_record as from read_parquet('{path}')")
            for name, query in questions(store).items():
                ways = {"sorted": store.sql, "upstream": store.cursor("").sql} | ({} if given.no_file else {"one file": plain.sql})
                taken: dict[str, list[float]] = {way: [] for way in ways}
                counts: dict[str, int] = {}
                for turn in range(given.repeat + 1):  # the first warms
                    for way, ask in ways.items():
                        started = time.perf_counter()
                        counts[way] = ask(query).to_arrow_table().num_rows
                        if turn:
                            taken[way].append(1e3 * (time.perf_counter() - started))
                assert len(set(counts.values())) == 1, counts
                medians[name] = {way: statistics.median(times) for way, times in taken.items()}
                told = ", ".join(f"{way} {ms:.1f} ms" for way, ms in medians[name].items())
                ratios = ", ".join(f"{medians[name][way] / medians[name]['sorted']:.1f}x {way}" for way in ways if way != "sorted")
                print(f"{name}: {counts['sorted']:,} rows; {told}; {ratios}", flush=True)
    return medians


if __name__ == "__main__":
    main()
