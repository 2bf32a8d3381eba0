"""The alleles of new records, and what a genome says about them.

A record keeps its source's spelling. Its allele is written once into ``variant_allele``, keyed by an id that needs no genome; what needs
a genome (does REF agree? where does an indel lie when left-aligned?) is a derived table that ``lrbstore genome add`` makes anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa

from lrbstore.alleles import check_reference, left_align, variant_id
from lrbstore.contract import contract, parts_of
from lrbstore.engine import read_parquet
from lrbstore.errors import WrongAssembly
from lrbstore.genome import Genome
from lrbstore.ingest.lift import lift
from lrbstore.manifest import DataFile, Manifest
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication

_CHUNK = 200_000  #: Alleles checked at a time.
#: A genome is called wrong when, of at least this many alleles that can be compared …
_FEWEST_COMPARABLE = 30
#: … more than this share agree neither as REF nor as ALT. A wrong assembly gives about one half; one that swaps REF and ALT none.
_MOST_MISMATCHES = 0.2


def derive_alleles(
    publication: Publication, base: Manifest, files: list[DataFile], say: Callable[[str], None], scratch: duckdb.DuckDBPyConnection
) -> list[DataFile]:
    """Write the alleles that new data files bring, and check them against the registered genomes.

    Args:
        publication: The release in preparation.
        base: What the store holds already.
        files: The new data files.
        say: Progress.
        scratch: A DuckDB to compute with.

    Returns:
        New files of ``variant_allele`` and ``variant_reference``, and of ``variant_lift`` and ``locus_lift`` where chains are registered.

    Raises:
        WrongAssembly: If the new alleles do not fit the genome of their assembly.
    """
    record_tables = [part.name for united in ("variant_record", "combination_member") for part in parts_of(united)]
    records = [f for f in files if f.table in record_tables]
    if not records:
        return []
    say("alleles")
    root = publication.folder.path
    # Reading only what an allele is made of, table by table: the ids were computed when the rows were loaded.
    rows = " union all ".join(f"select variant_id, assembly, chrom, pos, ref, alt from {read_parquet([root / f.path])}" for f in records)
    known = [f for f in base.files if f.table == "variant_allele"]
    unknown = f"anti join {read_parquet(root / f.path for f in known)} as k using (variant_id)" if known else ""
    scratch.execute(
        "create or replace temp table fresh as select variant_id, assembly, chrom, trimmed_pos(pos, ref, alt) as pos, "
        "trimmed_ref(pos, ref, alt) as ref, trimmed_alt(pos, ref, alt) as alt, "
        "coalesce(variant_type(ref, alt), 'identical') as variant_type "
        f"from (select variant_id, any_value(assembly) as assembly, any_value(chrom) as chrom, any_value(pos) as pos, "
        f"any_value(ref) as ref, any_value(alt) as alt from ({rows}) where variant_id is not null group by variant_id) as r {unknown}"
    )
    made: list[DataFile] = []
    ((n,),) = scratch.execute("select count(*) from fresh").fetchall()
    if n:
        with _writer(publication, "variant_allele") as writer:
            ordered = "select * from fresh order by assembly, chrom, pos, ref, alt"
            for batch in scratch.sql(ordered).to_arrow_reader(_CHUNK):
                writer.write(pa.Table.from_batches([batch]))
            made.append(writer.close(source=None, version=None, assembly=None, unit=None, genome=None))
    for record in base.genomes:
        made += check_alleles(publication, Genome(record.located(root)), made, say, scratch)
    alleles = [f for f in made if f.table == "variant_allele"]
    for chain in base.chains:
        genome = base.genome(chain.target)
        made += lift(publication, chain, Genome(genome.located(root)) if genome else None, [*alleles, *records], base.files, say, scratch)
    return made


def check_alleles(
    publication: Publication, genome: Genome, files: list[DataFile], say: Callable[[str], None], scratch: duckdb.DuckDBPyConnection
) -> list[DataFile]:
    """Compare alleles with a genome and write what it says into ``variant_reference``.

    Args:
        publication: The release in preparation.
        genome: The genome to ask; only alleles of its assembly are compared.
        files: Files of ``variant_allele`` (others are passed over).
        say: Progress.
        scratch: A DuckDB to compute with.

    Returns:
        New files of ``variant_reference``, none where there is nothing to compare.

    Raises:
        WrongAssembly: If too many of the alleles that can be compared agree neither as REF nor as ALT.
    """
    alleles = [f for f in files if f.table == "variant_allele"]
    if not alleles:
        return []
    counts: dict[str, int] = {}
    example: tuple[str, str] | None = None
    done = 0
    with _writer(publication, "variant_reference") as writer:
        for rows in _alleles_of(scratch, publication, alleles, genome.assembly):
            chroms, refs, alts = (rows[c].to_pylist() for c in ("chrom", "ref", "alt"))
            positions = rows["pos"].to_numpy()
            checks = check_reference(genome, chroms, positions, refs, alts)
            for check in set(checks):
                counts[check] = counts.get(check, 0) + checks.count(check)
            if example is None and "mismatch" in checks:
                example = (rows["variant_id"][checks.index("mismatch")].as_py(), str(genome.record.source_path))
            writer.write(
                pa.table(
                    {
                        "variant_id": rows["variant_id"],
                        "genome_digest": [genome.digest] * rows.num_rows,
                        "ref_check": checks,
                        "left_aligned_id": _left_aligned(genome, chroms, positions, refs, alts, checks),
                    }
                )
            )
            done += rows.num_rows
            say(f"reference alleles of {genome.assembly}: {done:,}")
        comparable = sum(counts.get(c, 0) for c in ("match", "swapped", "mismatch"))
        wrong = counts.get("mismatch", 0)
        if comparable >= _FEWEST_COMPARABLE and wrong > _MOST_MISMATCHES * comparable:
            raise WrongAssembly(
                f"{wrong:,} of {comparable:,} alleles of {genome.assembly} that can be compared agree with "
                f"{example[1] if example else genome.record.source_path} neither as REF nor as ALT "
                f"(first: {example[0] if example else '?'}); less than {_MOST_MISMATCHES:.0%} was expected: "
                "either this FASTA is not that assembly, or the file's positions are not on it"
            )
        if not writer.rows:
            writer.abandon()
            return []
        return [writer.close(source=None, version=None, assembly=genome.assembly, unit=None, genome=genome.digest)]


def _left_aligned(
    genome: Genome, chroms: list[str], positions: np.ndarray, refs: list[str], alts: list[str], checks: list[str]
) -> list[str | None]:
    """Left-align the indels whose REF the genome confirms; any other allele is its own left-aligned form."""
    ids: list[str | None] = [None] * len(chroms)
    for i, (ref, alt) in enumerate(zip(refs, alts, strict=True)):
        if len(ref) != len(alt) and checks[i] == "match":
            pos, ref_, alt_ = left_align(genome, chroms[i], int(positions[i]), ref, alt)
            ids[i] = variant_id(genome.assembly, chroms[i], pos, ref_, alt_)
    return ids


def _alleles_of(
    connection: duckdb.DuckDBPyConnection, publication: Publication, files: list[DataFile], assembly: str
) -> Iterator[pa.Table]:
    root = publication.folder.path
    for file in files:
        relation = connection.cursor().sql(f"select * from {read_parquet([root / file.path])} where assembly = $a", params={"a": assembly})
        for batch in relation.to_arrow_reader(_CHUNK):
            yield pa.Table.from_batches([batch])


def _writer(publication: Publication, table: str) -> TableWriter:
    return TableWriter(contract(table), publication.data_path(table, table), {})
