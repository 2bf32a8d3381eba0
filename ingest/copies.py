"""Records in other orders than upstream's: the copies that serve questions by tissue, by trait and by place.

The rows of a source stay as its files have them, which is the order of tasks. One such order cannot serve every question: of a region,
GTEx has a few rows in each of its tissues' files. So ``variant_record``, which is a view over all sources' tables, is kept once more in
each order that the head of its contract names, and :mod:`lrbstore.orders` sends a question to the one that serves it.

A copy is one or more files, cut where enough rows are in one; each says with which keys it begins and ends, so that a question opens those
alone that can have its rows. A copy says which data files it was made of. It is used where all of them are shown, and any other file is
read as it stands; so a missing copy costs time and never a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import duckdb
import pyarrow as pa

from lrbstore.contract import Contract, Order, contracts, parts_of, united_columns
from lrbstore.engine import read_parquet
from lrbstore.manifest import DataFile, Key
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication

_ROWS = 8 * 122_880  #: Of a file of a copy: what DuckDB takes to pass over a row group is taken for those of one file or two, not of all.
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
                there_already: dict[tuple[str, ...], list[str]] = {}  # the files of each copy, by what it was made of
                for copy in copies:
                    if copy.order == order.name and copy.path not in outdated and own.keys() >= set(copy.made_of):
                        there_already.setdefault(copy.made_of, []).append(copy.path)
                sizes = {made_of: sum(own[path].rows for path in made_of) for made_of in there_already}
                wanted = own.keys() - {path for made_of in sizes for path in made_of}
                n = sum(own[path].rows for path in wanted)
                for made_of in sorted(sizes, key=lambda m: sizes[m]):
                    if sizes[made_of] <= n:
                        wanted, n = wanted | set(made_of), n + sizes[made_of]
                        outdated.update(there_already[made_of])
                say(f"{united.name} by {', '.join(order.columns)}")
                made += _copy(publication, united, order, [f for f in own.values() if f.path in wanted], scratch)
    return made, outdated


def _copy(
    publication: Publication, united: Contract, order: Order, files: list[DataFile], scratch: duckdb.DuckDBPyConnection
) -> list[DataFile]:
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
    made: list[DataFile] = []
    for batches in _files(rows.to_arrow_reader(united.rows_per_group)):
        with TableWriter(united, publication.data_path(united.name, stem), {"lrbstore.order": order.name}, bloom) as writer:
            begin = end = None
            for batch in batches:
                writer.write(pa.Table.from_batches([batch]))
                begin, end = begin or _key(order, batch, 0), _key(order, batch, batch.num_rows - 1)
            # No version: what of it is shown is decided by the files that it was made of.
            made.append(
                writer.close(
                    source=first.source,
                    version=None,
                    assembly=first.assembly,
                    unit=None,
                    genome=None,
                    order=order.name,
                    made_of=tuple(f.path for f in files),
                    span=(begin, end) if begin and end else None,
                )
            )
    return made


def _files(batches: Iterable[pa.RecordBatch]) -> Iterator[Iterator[pa.RecordBatch]]:
    """Share rows out to files, at least one; each must be read before the next is asked for."""
    rest = (batch for batch in batches if batch.num_rows)
    at_hand = [next(rest, None)]

    def of_a_file() -> Iterator[pa.RecordBatch]:
        room = _ROWS
        while room and (batch := at_hand[0]) is not None:
            yield batch.slice(0, room)
            at_hand[0] = batch.slice(room) if room < batch.num_rows else next(rest, None)
            room -= min(room, batch.num_rows)

    yield of_a_file()
    while at_hand[0] is not None:
        yield of_a_file()


def _key(order: Order, batch: pa.RecordBatch, row: int) -> Key:
    return tuple(batch.column(column)[row].as_py() for column in order.columns)
