"""Verify a store: every byte, every count, every rule of every table, and the audits."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from lrbstore.assembly import assembly
from lrbstore.catalogue import TaskSpec, task_specs
from lrbstore.chain import ChainRecord
from lrbstore.contract import contract, head, literal, quote, united_columns
from lrbstore.engine import read_parquet
from lrbstore.errors import LrbStoreError
from lrbstore.genome import GenomeRecord, check_cache, map_fasta, register_fasta
from lrbstore.kinds import KINDS
from lrbstore.layout import sql_folder
from lrbstore.manifest import DataFile, file_sha256
from lrbstore.store import Store


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        check: The check's name: ``sha256``, ``rows``, ``contract``, ``audit …``, ``orphan``, ``genome``, ``chain``.
        subject: The file, table or task it is about.
        level: ``ok``, ``note`` (worth knowing, not wrong) or ``failure``.
        said: What was found, with the first offender.
    """

    check: str
    subject: str
    level: str
    said: str


def verify(store: Store, say: Callable[[str], None] = lambda _: None) -> Iterator[Finding]:
    """Check a release.

    Args:
        store: An open store.
        say: Progress.

    Yields:
        A finding for each file, table and audit; failures are what must not be.
    """
    broken: set[str] = set()
    for file in store.manifest.files:
        say(f"sha256 of {file.path}")
        finding = _bytes(store.path / file.path, file)
        if finding.level == "failure":
            broken.add(file.table)
        yield finding
    for file in store.manifest.files:
        if file.table not in broken:
            yield _rows(store.path / file.path, file)
    yield from _accounts(store, broken)
    yield from _copies(store, broken)
    for table in sorted({f.table for f in store.manifest.files} - broken):
        say(f"contract of {table}")
        yield from _contract(store, table)
    for record in store.manifest.genomes:
        say(f"genome {record.assembly}")
        yield _genome(store, record)
    for chain in store.manifest.chains:
        yield _chain(store, chain)
    if not broken:
        for path in sorted((sql_folder() / "audits").glob("*.sql")):
            say(f"audit {path.stem}")
            try:
                yield from audit(store, path)
            except (duckdb.Error, LrbStoreError) as error:  # tables that break their contract may not even be asked
                yield Finding(f"audit {path.stem}", "store", "failure", f"it cannot be run: {str(error).splitlines()[0]}")
    try:
        for orphan in store.folder.orphans():
            yield Finding("orphan", str(orphan.relative_to(store.path)), "note", "no release names this file; lrbstore gc removes it")
    except LrbStoreError as error:
        yield Finding("release", "another release", "failure", str(error))


def audit(store: Store, path: Path) -> Iterator[Finding]:
    """Run one audit: a query whose rows are counter-examples, or a report where its head says so.

    A head line ``each: task`` runs it for every task that has rows, with ``{task}``, ``{splits}`` (example_id and split_view over all
    splits) and ``{anchors}`` (split_view, chrom, centre) filled in.
    """
    text = path.read_text(encoding="utf-8").strip().removesuffix(";")
    _, keys = head(text)
    severity = keys.get("severity", "error")
    runs: list[tuple[str, str]] = [(path.stem, text)]
    if keys.get("each") == "task":
        runs = [(spec.name, _fill(text, spec)) for spec in task_specs().values() if _has_rows(store, spec)]
    for subject, sql in runs:
        rows = store.sql(f"select * from ({sql}\n) as counter_examples").to_arrow_table()
        check = f"audit {path.stem}"
        if severity == "report":
            said = "; ".join(", ".join(f"{k} {_short(v)}" for k, v in row.items()) for row in rows.slice(0, 8).to_pylist())
            yield Finding(check, subject, "note" if rows.num_rows else "ok", said or "nothing to report")
        elif rows.num_rows:
            first = ", ".join(f"{k} = {v}" for k, v in rows.slice(0, 1).to_pylist()[0].items())
            yield Finding(check, subject, "failure", f"{rows.num_rows:,} counter-examples; the first: {first}")
        else:
            yield Finding(check, subject, "ok", "no counter-example")


def _fill(text: str, spec: TaskSpec) -> str:
    splits = spec.schemes[spec.split_scheme]
    chrom, centre = KINDS[spec.kind].anchors
    ids = " union all ".join(f"select example_id, {literal(s)} as split_view from {spec.view(spec.split_scheme, s)}" for s in splits)
    anchors = " union all ".join(
        f"select {literal(s)} as split_view, {chrom} as chrom, {centre} as centre from {spec.view(spec.split_scheme, s)}" for s in splits
    )
    return text.replace("{task}", spec.name).replace("{splits}", ids).replace("{anchors}", anchors)


def _has_rows(store: Store, spec: TaskSpec) -> bool:
    return bool(store.cursor().execute(f"select 1 from {spec.name}.examples limit 1").fetchall())


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _bytes(path: Path, file: DataFile) -> Finding:
    if not path.is_file():
        return Finding(
            "sha256", file.path, "failure", "the file is missing; restore it from a copy, or ingest its source again into a new store"
        )
    if path.stat().st_size != file.bytes:
        return Finding("sha256", file.path, "failure", f"{path.stat().st_size:,} bytes; {file.bytes:,} were written")
    found = file_sha256(path)
    if found != file.sha256:
        return Finding(
            "sha256", file.path, "failure", f"sha256 is {found[:16]}…; {file.sha256[:16]}… was written: restore the file from a copy"
        )
    return Finding("sha256", file.path, "ok", f"{file.bytes:,} bytes")


def _rows(path: Path, file: DataFile) -> Finding:
    n = pq.read_metadata(path).num_rows
    return Finding("rows", file.path, "ok" if n == file.rows else "failure", f"{n:,} rows; the manifest says {file.rows:,}")


def _accounts(store: Store, broken: set[str]) -> Iterator[Finding]:
    """Count the lines of every primary file that became rows or rejects, and compare with what was recorded when it was read."""
    for i in store.manifest.inputs:
        own = [f for f in store.manifest.files if (f.source, f.version, f.unit) == (i.source, i.version, i.unit)]
        if i.sha256 != i.unit or any(f.table in broken for f in own):
            continue  # companions are rows of their primary's tables
        params = {"name": i.name}
        counts = []
        for kind in (False, True):
            selects = [
                f"select source_line from {read_parquet([store.path / f.path])} where source_file = $name"
                for f in own
                if (f.table == "reject") is kind
            ]
            selects += [  # a table that folds several lines into a row says which
                f"select unnest(folded_lines) as source_line from {read_parquet([store.path / f.path])} where source_file = $name"
                for f in own
                if (f.table == "reject") is kind and "folded_lines" in contract(f.table).column_names
            ]
            sql = f"select count(distinct source_line) from ({' union all '.join(selects)})"
            counts.append(store.cursor().execute(sql, params).fetchall()[0][0] if selects else 0)
        said = f"{i.rows_in:,} rows in = {i.rows_loaded:,} loaded + {i.rows_rejected:,} rejected"
        if counts != [i.rows_loaded, i.rows_rejected]:
            yield Finding(
                "accounted for", f"{i.source} {i.name}", "failure", f"{said}; found {counts[0]:,} loaded and {counts[1]:,} rejected"
            )
        else:
            yield Finding("accounted for", f"{i.source} {i.name}", "ok", said)


def _copies(store: Store, broken: set[str]) -> Iterator[Finding]:
    """Compare each sorted copy with the files that it was made of: as many rows, and the same ones, each file's where the manifest says."""
    by_path = {f.path: f for f in store.manifest.files}
    copies: dict[tuple[str, str, tuple[str, ...]], list[DataFile]] = {}
    for file in store.manifest.files:
        if file.order is not None:
            copies.setdefault((file.table, file.order, file.made_of), []).append(file)
    for (table, name, made_of), files in copies.items():
        subject = files[0].path
        parts = [by_path[path] for path in made_of if path in by_path]
        if broken & {table, *(f.table for f in parts)}:
            continue
        if len(parts) < len(made_of):
            yield Finding("copy", subject, "failure", "it was made of files that the release does not list")
            continue
        united = contract(table)
        order = next((o for o in united.orders if o.name == name), None)
        if order is None:
            yield Finding("copy", subject, "note", f"this lrbstore knows no order {name}, and reads upstream's instead")
            continue
        columns = ", ".join(quote(c) for c in united.column_names)
        only = "" if order.complete else f"where {order.columns[0]} is not null"
        selects = [
            f"select {united_columns(united, contract(part))} from {read_parquet(store.path / f.path for f in parts if f.table == part)}"
            for part in sorted({f.table for f in parts})
        ]
        said = [
            store.cursor("").execute(f"select count(*), sum(hash({columns})) from {rows}").fetchall()[0]
            for rows in (read_parquet(store.path / f.path for f in files), f"({' union all '.join(selects)}) as r {only}")
        ]
        elsewhere = next((f.path for f in files if not _is_there(store, f, order.columns)), None)
        if said[0] != said[1]:
            told = f"{said[0][0]:,} rows, {said[1][0]:,} in the files that it was made of" if said[0][0] != said[1][0] else "other rows"
            yield Finding("copy", subject, "failure", f"{told}; ingest its source again into a new store")
        elif elsewhere:
            yield Finding(
                "copy", elsewhere, "failure", "rows lie outside of what the manifest says; ingest its source again into a new store"
            )
        else:
            yield Finding("copy", subject, "ok", f"the rows of {len(parts)} files by {', '.join(order.columns)}, in {len(files)}")


def _is_there(store: Store, file: DataFile, columns: tuple[str, ...]) -> bool:
    """Tell whether the rows of a file of a copy begin and end with the keys that are said."""
    if file.span is None:
        return True
    keys = ", ".join(columns)
    rows = f"(select row({keys}) as key from {read_parquet([store.path / file.path])})"
    found = [f"(select key from {rows} order by {', '.join(f'key[{i}] {way}' for i in range(1, len(columns) + 1))} limit 1)" for way in (
        "asc nulls last", "desc nulls first",
    )]  # fmt: skip
    ((first, last),) = store.cursor("").execute(f"select {', '.join(found)}").fetchall()
    return (tuple(first), tuple(last)) == file.span


def _genome(store: Store, record: GenomeRecord) -> Finding:
    """Read a genome from its first base to its last: its digest and its index must be those that were registered, its cache the same."""
    try:
        genome = store.genome(record.assembly)
        map_fasta(genome.record)  # says what is wrong where the file has been replaced or is gone
        with tempfile.TemporaryDirectory() as folder:
            again = register_fasta(genome.record.path, assembly(record.assembly), Path(folder), simulated=record.simulated)
            if again.digest != record.digest:
                return Finding("genome", record.assembly, "failure", f"{genome.record.path} has changed: digest {again.digest[:12]}…, "
                               f"registered as {record.digest[:12]}…; restore it from a copy, or run: lrbstore genome add")  # fmt: skip
            if again.index.read_bytes() != genome.record.index.read_bytes():
                return Finding("genome", record.assembly, "failure", f"{genome.record.index} is damaged; restore it from a copy")
        check_cache(genome.record)
    except (LrbStoreError, OSError, ValueError) as error:
        return Finding("genome", record.assembly, "failure", str(error))
    return Finding("genome", record.assembly, "ok", f"{len(record.contigs)} contigs, digest {record.digest[:12]}")


def _chain(store: Store, record: ChainRecord) -> Finding:
    subject = f"{record.source} to {record.target}"
    try:
        chain = record.open(store.path)
    except LrbStoreError as error:
        return Finding("chain", subject, "failure", str(error))
    return Finding("chain", subject, "ok", f"{chain.n_chains:,} chains, digest {chain.digest[:12]}")


def _contract(store: Store, table: str) -> Iterator[Finding]:
    rules = contract(table)
    source = read_parquet(store.path / f.path for f in store.manifest.files if f.table == table)
    found = dict(store.cursor().execute(f"select column_name, column_type from (describe select * from {source})").fetchall())
    wrong = [f"{c.name} is {found.get(c.name, 'missing')}, not {c.type}" for c in rules.columns if found.get(c.name) != c.type]
    if wrong:
        yield Finding("contract", table, "failure", "; ".join(wrong))
        return
    if rules.rules:
        counts = ", ".join(f"count(*) filter (where not coalesce(({r.expression}), true))" for r in rules.rules)
        values = store.cursor().execute(f"select {counts} from {source}").fetchall()[0]
        for rule, n in zip(rules.rules, values, strict=True):
            if n:
                yield Finding("contract", table, "failure", f"{n:,} rows: {rule.says}")
                return
    yield Finding("contract", table, "ok", f"{len(rules.columns)} columns, {len(rules.rules)} rules")
