"""Records in other orders than upstream's: the copies that serve questions by tissue, by trait and by place.

The rows of a source stay as its files have them, which is the order of tasks. One such order cannot serve every question: of a region,
GTEx has a few rows in each of its tissues' files. So ``variant_record``, which is a view over all sources' tables, is kept once more in
each order that the head of its contract names, and :mod:`lrbstore.orders` sends a question to the one that serves it.

A copy says which data files it was made of. It is used where all of them are shown, and any other file is read as it stands; so a
missing copy costs time and never a row.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

from lrbstore.contract import Contract, Order, contracts, parts_of, united_columns
from lrbstore.engine import read_parquet
from lrbstore.manifest import DataFile
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication

_GENES = 4096  #: Distinct genes that a Bloom filter is made for; a row group of neighbours holds fewer.


def sorted_copies(
    publication: Publication, kept: list[DataFile], fresh: list[DataFile], say: Callable[[str], None], scratch: duckdb.DuckDBPyConnection
) -> tuple[list[DataFile], set[str]]:
    """Write the copies of new records.

    Args:
        publication: The release in preparation.
        kept: Files of the release before that stay.
        fresh: The new data files.
        say: Progress.
        scratch: A DuckDB to sort with, bounded in memory.

    Returns:
        New files, and the paths of copies that no longer hold: those that were made of a file that is gone, and small ones whose rows
        are in a new one. A copy takes in those of its source's version that are no larger, so that a version that comes file by file
        leaves a few copies, and each of its rows is copied a few times.
    """
    made: list[DataFile] = []
    files = [f for f in (*kept, *fresh) if f.order is None]
    there = {f.path: f for f in files}
    copies = [f for f in kept if f.order is not None]
    outdated = {f.path for f in copies if not there.keys() >= set(f.made_of)}
    for united in (c for c in contracts().values() if c.orders):
        parts = {part.name: part for part in parts_of(united.name)}
        keys = {(f.source, f.version, f.assembly): None for f in fresh if f.table in parts}
        for key in keys:
            own = {f.path: f for f in files if f.table in parts and (f.source, f.version, f.assembly) == key}
            for order in united.orders:
                if not (order.complete or any(order.columns[0] in parts[f.table].column_names for f in own.values())):
                    continue
                sizes = {
                    copy: sum(own[path].rows for path in copy.made_of)
                    for copy in copies
                    if copy.order == order.name and copy.path not in outdated and own.keys() >= set(copy.made_of)
                }
                wanted = own.keys() - {path for copy in sizes for path in copy.made_of}
                n = sum(own[path].rows for path in wanted)
                for copy in sorted(sizes, key=lambda c: sizes[c]):
                    if sizes[copy] <= n:
                        wanted, n = wanted | set(copy.made_of), n + sizes[copy]
                        outdated.add(copy.path)
                say(f"{united.name} by {', '.join(order.columns)}")
                made.append(_copy(publication, united, order, [f for f in own.values() if f.path in wanted], scratch))
    return made, outdated


def _copy(publication: Publication, united: Contract, order: Order, files: list[DataFile], scratch: duckdb.DuckDBPyConnection) -> DataFile:
    root, first = publication.folder.path, files[0]
    selects = [
        f"select {united_columns(united, part)} from {read_parquet(root / f.path for f in files if f.table == part.name)}"
        for part in parts_of(united.name)
        if any(f.table == part.name for f in files)
    ]
    only = "" if order.complete else f"where {order.columns[0]} is not null"
    by = ", ".join([*order.columns, "source_file", "source_line", "record_id"])
    rows = scratch.sql(f"select * from ({' union all '.join(selects)}) as r {only} order by {by}")
    stem = "-".join(filter(None, ("by", order.name, first.source, first.version, first.assembly)))
    size = min(united.rows_per_group, sum(f.rows for f in files))
    bloom = {column: max(min(_GENES, size) if column.startswith("gene_") else size, 1) for column in order.bloom}
    with TableWriter(united, publication.data_path(united.name, stem), {"lrbstore.order": order.name}, bloom) as writer:
        for batch in rows.to_arrow_reader(united.rows_per_group):
            writer.write(pa.Table.from_batches([batch]))
        # No version: what of it is shown is decided by the files that it was made of.
        return writer.close(
            source=first.source,
            version=None,
            assembly=first.assembly,
            unit=None,
            genome=None,
            order=order.name,
            made_of=tuple(f.path for f in files),
        )
