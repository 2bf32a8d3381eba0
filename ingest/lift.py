"""What a registered chain says about the alleles and loci of a store: where each lies in another assembly, and whether it still fits.

Nothing is left out: what cannot be lifted has a row that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from lrbstore.alleles import check_reference, left_align, variant_id
from lrbstore.chain import Chain, ChainRecord, reverse_complement
from lrbstore.contract import contract, parts_of
from lrbstore.engine import read_parquet
from lrbstore.genome import Genome
from lrbstore.manifest import DataFile
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication

TABLES = ("variant_lift", "locus_lift")
_CHUNK = 200_000  #: Alleles lifted at a time.
_STATUS = {"swapped": "swapped", "mismatch": "ref_changed"}  #: What the target genome says, where it is not simply "mapped".


def lift(
    publication: Publication,
    record: ChainRecord,
    genome: Genome | None,
    files: Sequence[DataFile],
    known: Sequence[DataFile],
    say: Callable[[str], None],
    scratch: duckdb.DuckDBPyConnection,
) -> list[DataFile]:
    """Lift the alleles and loci of some data files by one chain.

    Args:
        publication: The release in preparation.
        record: The registered chain.
        genome: The genome registered for the chain's target, or None.
        files: Data files whose alleles (``variant_allele``) and loci (tables of records) are lifted; others are passed over.
        known: Data files whose loci have been lifted before (``locus_lift``).
        say: Progress.
        scratch: A DuckDB to compute with.

    Returns:
        New files of ``variant_lift`` and ``locus_lift``.

    Raises:
        MissingData, HashMismatch: If the store's copy of the chain file is gone, or is another.
    """
    alleles = [f for f in files if f.table == "variant_allele"]
    loci = _loci(scratch, publication, record, files, [f for f in known if f.table == "locus_lift" and f.unit == record.digest])
    if not alleles and not loci.num_rows:
        return []
    chain = record.open(publication.folder.path)
    made: list[DataFile] = []
    what = f"{record.source} lifted to {record.target}"
    if loci.num_rows:
        with _writer(publication, "locus_lift") as writer:
            writer.write(_lifted_loci(chain, record, loci))
            made.append(_closed(writer, record, None))
        say(f"loci of {what}: {loci.num_rows:,}")
    if alleles:
        done = 0
        with _writer(publication, "variant_lift") as writer:
            for rows in _alleles(scratch, publication, alleles, record.source):
                scratch.register("lifted", _lifted_alleles(chain, record, genome, rows))
                writer.write(
                    scratch.sql(
                        "select * exclude (left_id), variant_id(to_assembly, chrom, pos, ref, alt) as lifted_variant_id, "
                        "coalesce(left_id, lifted_variant_id) as lifted_left_aligned_id from lifted"
                    ).to_arrow_table()
                )
                scratch.unregister("lifted")
                done += rows.num_rows
                say(f"alleles of {what}: {done:,}")
            if writer.rows:
                made.append(_closed(writer, record, genome))
            else:
                writer.abandon()
    return made


def _lifted_alleles(chain: Chain, record: ChainRecord, genome: Genome | None, rows: pa.Table) -> pa.Table:
    refs, alts = rows["ref"].to_pylist(), rows["alt"].to_pylist()
    chroms: list[str | None] = rows["chrom"].to_pylist()
    pos = rows["pos"].to_numpy().astype(np.int64)
    n_ref = np.array([len(ref) for ref in refs], dtype=np.int64)
    # An insertion has no bases of its own here: the two bases that it comes between must lie together in the target.
    comes = np.array([len(r) == 1 < len(a) for r, a in zip(refs, alts, strict=True)], dtype=np.bool_)
    before = np.array([c and not a.startswith(r) for c, r, a in zip(comes, refs, alts, strict=True)], dtype=np.bool_)
    first, last = pos, pos + n_ref - 1
    at_first, at_last = chain.lift(chroms, first), chain.lift(chroms, last)
    left, right = chain.lift(chroms, first - before), chain.lift(chroms, last + (comes & ~before))
    is_whole = at_first.is_mapped & at_last.is_mapped & (left.block == right.block)
    is_unmapped = ~at_first.is_mapped & ~at_last.is_mapped
    is_minus = at_first.is_minus
    place = np.where(is_minus, at_last.pos, at_first.pos)
    new_refs = [_turned(ref, minus) if whole else None for ref, minus, whole in zip(refs, is_minus, is_whole, strict=True)]
    new_alts = [_turned(alt, minus) if whole else None for alt, minus, whole in zip(alts, is_minus, is_whole, strict=True)]
    new_chroms: list[Any] = [chrom if whole else None for chrom, whole in zip(at_first.chrom.tolist(), is_whole, strict=True)]
    new_pos = [p if whole else None for p, whole in zip(place.tolist(), is_whole, strict=True)]
    checks = check_reference(genome, new_chroms, new_pos, new_refs, new_alts) if genome else ["unchecked"] * len(refs)
    status = [
        _STATUS.get(check, "mapped") if whole else "unmapped" if unmapped else "indel_crosses_gap"
        for check, whole, unmapped in zip(checks, is_whole, is_unmapped, strict=True)
    ]
    left_ids: list[str | None] = [None] * len(refs)
    if genome:
        for i, check in enumerate(checks):
            ref, alt = new_refs[i], new_alts[i]
            if check == "match" and ref and alt and len(ref) != len(alt):
                left_ids[i] = variant_id(record.target, new_chroms[i], *left_align(genome, new_chroms[i], new_pos[i] or 0, ref, alt))
    n = len(refs)
    return pa.table(
        {
            "variant_id": rows["variant_id"],
            "assembly": pa.array([record.source] * n, pa.string()),
            "to_assembly": pa.array([record.target] * n, pa.string()),
            "chain_digest": pa.array([record.digest] * n, pa.string()),
            "genome_digest": pa.array([genome.digest if genome else None] * n, pa.string()),
            "status": pa.array(status, pa.string()),
            "ref_check": pa.array([check if whole else None for check, whole in zip(checks, is_whole, strict=True)], pa.string()),
            "strand": pa.array([("-" if m else "+") if w else None for m, w in zip(is_minus, is_whole, strict=True)], pa.string()),
            "chrom": pa.array(new_chroms, pa.string()),
            "pos": pa.array(new_pos, pa.int64()),
            "ref": pa.array(new_refs, pa.string()),
            "alt": pa.array(new_alts, pa.string()),
            "left_id": pa.array(left_ids, pa.string()),
        }
    )


def _turned(allele: str, is_minus: bool) -> str:
    return reverse_complement(allele) if is_minus else allele


def _lifted_loci(chain: Chain, record: ChainRecord, loci: pa.Table) -> pa.Table:
    found = chain.lift(loci["chrom"].to_pylist(), loci["pos"].to_numpy())
    n, mapped = loci.num_rows, found.is_mapped.tolist()
    return pa.table(
        {
            "assembly": pa.array([record.source] * n, pa.string()),
            "chrom": loci["chrom"],
            "pos": loci["pos"],
            "to_assembly": pa.array([record.target] * n, pa.string()),
            "chain_digest": pa.array([record.digest] * n, pa.string()),
            "status": pa.array(["mapped" if m else "unmapped" for m in mapped], pa.string()),
            "strand": pa.array([("-" if s else "+") if m else None for s, m in zip(found.is_minus, mapped, strict=True)], pa.string()),
            "lifted_chrom": pa.array(found.chrom.tolist(), pa.string()),
            "lifted_pos": pa.array([p if m else None for p, m in zip(found.pos.tolist(), mapped, strict=True)], pa.int64()),
        }
    )


def _loci(
    connection: duckdb.DuckDBPyConnection, publication: Publication, record: ChainRecord, files: Sequence[DataFile], known: list[DataFile]
) -> pa.Table:
    """List the distinct loci, of the chain's assembly, of records without alleles."""
    root = publication.folder.path
    tables = {part.name for part in parts_of("variant_record") if {"variant_id", "assembly", "chrom", "pos"} <= set(part.column_names)}
    rows = [
        f"select chrom, pos from {read_parquet([root / f.path])} "
        "where assembly = $assembly and variant_id is null and chrom is not null and pos >= 1"
        for f in files
        if f.table in tables
    ]
    if not rows:
        return pa.table({"chrom": pa.array([], pa.string()), "pos": pa.array([], pa.int64())})
    seen = f"anti join {read_parquet(root / f.path for f in known)} as k using (chrom, pos)" if known else ""
    query = f"select distinct chrom, pos from ({' union all '.join(rows)}) as r {seen} order by chrom, pos"
    return connection.sql(query, params={"assembly": record.source}).to_arrow_table()


def _alleles(connection: duckdb.DuckDBPyConnection, publication: Publication, files: list[DataFile], assembly: str) -> Iterator[pa.Table]:
    paths = read_parquet(publication.folder.path / f.path for f in files)
    relation = connection.cursor().sql(f"select variant_id, chrom, pos, ref, alt from {paths} where assembly = $a", params={"a": assembly})
    for batch in relation.to_arrow_reader(_CHUNK):
        yield pa.Table.from_batches([batch])


def _writer(publication: Publication, table: str) -> TableWriter:
    return TableWriter(contract(table), publication.data_path(table, table), {})


def _closed(writer: TableWriter, record: ChainRecord, genome: Genome | None) -> DataFile:
    return writer.close(source=None, version=None, assembly=record.source, unit=record.digest, genome=genome.digest if genome else None)
