"""The way of every file: fetch → load → check → write → record.

fetch   find the source's files, take their sha256, see what is new
load    raw columns → typed columns → canonical columns (the source's own SQL or Python)
check   the table's contract, row by row: what breaks a rule is rejected with the rule as its reason
write   Parquet files, aside
record  every file with its rows in, loaded and rejected; alleles; then one atomic release

Nothing is visible before the last step, so a file that turns out to be damaged leaves the store as it was.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lrbstore.assembly import assembly
from lrbstore.contract import Contract, Rule, contract, literal, quote
from lrbstore.engine import connect, read_parquet, run_folder
from lrbstore.errors import BadSpec, ContractBroken
from lrbstore.ingest.alleles import derive_alleles
from lrbstore.ingest.cells import FILE_NO, LINE, bad_rows, by_file, cells_of, in_chunks, quote_always, with_lines_alone
from lrbstore.ingest.copies import sorted_copies
from lrbstore.ingest.info import InfoKeys
from lrbstore.ingest.reading import BadRow, DelimitedFile
from lrbstore.ingest.record_ids import TakenIds, number_repeats
from lrbstore.ingest.spec import Part, SourceSpec, find_files, source
from lrbstore.manifest import DataFile, InputFile, Manifest, file_sha256
from lrbstore.parquet import TableWriter
from lrbstore.release import Publication, StoreFolder
from lrbstore.vocabulary import tissue_aliases

Progress = Callable[[str], None]
_CHUNK = 100_000  #: Upstream rows checked at a time; fewer where they hold much text.
_TOGETHER = 100  #: Units of a part that are loaded together, …
_TOGETHER_BYTES = 6 << 20  #: … or fewer, whose files come to so much.
_OWN = {"source_line", "content", "is_blank", "extra"}  #: Columns that every file's rows get beside their own.
_ASSIGNED = {"record_id", "label_row"}  #: Columns that are given out only after a row has been accepted.
_GIVEN = {"record_id", "source", "source_version", "source_file"}  #: Columns that the pipeline fills where a source's SQL does not.


@dataclass
class Outcome:
    """What an ingest did.

    Attributes:
        manifest: The release that is now current.
        loaded: The files that were loaded by this call.
        known: Names of files that were there already, byte for byte.
        missing: Parts of the source of which nothing was given.
        passed_over: Files that were named by hand and are none of the source's.
        new_tissues: Tissues that neither the vocabulary nor the store knew before.
    """

    manifest: Manifest | None
    loaded: list[InputFile] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    new_tissues: list[str] = field(default_factory=list)


@dataclass
class Unit:
    """What is loaded together: a primary file, and the companions that a loader reads beside it.

    Attributes:
        part: The part of the source.
        path: The primary file.
        version, assembly: Of the rows; from the file, never guessed.
        constants: Further facts that hold for the whole file (the tissue that its name says).
        companions: Files read beside it; with the primary they decide whether the unit is already in the store.
    """

    part: Part
    path: Path
    version: str
    assembly: str | None
    constants: dict[str, str] = field(default_factory=dict)
    companions: list[Path] = field(default_factory=list)
    sha256: str = ""
    companion_sha256: dict[Path, str] = field(default_factory=dict)


def ingest(
    store: Path, name: str, paths: list[Path], *, version: str | None = None, simulated: bool = False, progress: Progress | None = None
) -> Outcome:
    """Load a provider's files into a store, as one new release.

    The same file again changes nothing; another file of the same version adds to it; a file of a newer version takes over in the
    default views. A unit whose companions changed (label shards that were missing before) replaces what it was.

    Args:
        store: The store's folder; made if it is not there.
        name: Name of the source.
        paths: Files, or folders in the provider's own layout.
        version: Overrides the version that the files say.
        simulated: Marks the release as holding simulated data.
        progress: Called with a line of text now and then.

    Returns:
        What was done. Every row of every file is loaded or in table ``reject``.

    Raises:
        UnknownName: If there is no such source.
        MissingData: If none of its files is in ``paths``.
        ContractBroken: If a file is damaged or is not what its name says; the store is untouched.
        BadSpec: If one file was given twice with other companions each time, or simulated files are meant for a store of real ones.
        HashMismatch: If a data file of the store is gone or damaged.
        StoreLocked: If another process is writing.
        CannotWrite: If the disk is full or the folder cannot be written to; the store is untouched.
    """
    say = progress or (lambda _: None)
    spec = source(name)
    found = find_files(spec, paths)
    outcome = Outcome(None, missing=[p.name for p in spec.part if p.name not in {part.name for part, _ in found}])
    taken = {path for _, path in found}
    outcome.passed_over = [path for path in paths if path.is_file() and path.absolute() not in taken]
    units = [_unit(spec, part, path, version) for part, path in found]
    with StoreFolder(store).writer() as publication, contextlib.ExitStack() as at_end:
        publication.check_base()
        base = publication.draft()
        if simulated and base.inputs and not base.simulated:
            raise BadSpec(
                f"the store at {store} holds real data ({', '.join(sorted({i.source for i in base.inputs}))}); simulated files go into a "
                "store of their own: name another one with --store DIR"
            )
        run = Run(spec, publication, base, say)
        at_end.callback(run.scratch.close)
        fresh = []
        for unit in units:
            say(f"{unit.path.name}: reading")
            _take_hashes(unit)
            if run.is_known(unit):
                outcome.known.append(unit.path.name)
            else:
                fresh.append(unit)
        for units in _together(fresh):  # only now is it known which rows are to be replaced, and whose ids are free again
            run.load(units)
        outcome.loaded = run.inputs
        if not run.inputs:
            outcome.manifest = publication.base
            return outcome
        run.finish()
        outcome.new_tissues = run.new_tissues
        draft = publication.draft(
            files=tuple(f for f in base.files if f.path not in run.replaced) + tuple(run.files),
            inputs=tuple(i for i in base.inputs if (i.source, i.version, i.part, i.unit) not in run.replaced_units) + tuple(run.inputs),
            simulated=base.simulated or simulated,
            note=f"ingest {name}: {', '.join(i.name for i in run.inputs[:8])}" + (" …" if len(run.inputs) > 8 else ""),
        )
        outcome.manifest = publication.publish(draft)
    return outcome


def _unit(spec: SourceSpec, part: Part, path: Path, version: str | None) -> Unit:
    """Ask the source what a file says about itself."""
    module = spec.module("load")
    if module is None or not hasattr(module, "describe_file"):
        raise BadSpec(f"ingest/{spec.name}/load.py must define describe_file(part, path), which tells version, assembly and constants")
    said: dict[str, Any] = module.describe_file(part, path)
    name = said.get("assembly")
    version = version or said.get("version")
    if not version:
        raise ContractBroken(
            f"{path} does not say of which version it is; {said.get('version_from', 'a date or number')} was expected: "
            "fetch the file again, or give it alone and say which: --version VERSION"
        )
    return Unit(
        part=part,
        path=path,
        version=version,
        assembly=assembly(name).name if name else None,
        constants=said.get("constants", {}),
        companions=said.get("companions", []),
    )


def _refuse_other_name(unit: Unit, name: str, constants: dict[str, str]) -> None:
    """Refuse a copy that claims to be something else: the bytes are those of a file that is known by another name."""
    if unit.constants != constants:
        said, says = (", ".join(f"{k} = {v}" for k, v in c.items()) for c in (constants, unit.constants))
        raise ContractBroken(
            f"{unit.path} is byte for byte {name}, yet by its name {says}, where that one has {said}: one of the two is misnamed; "
            "fetch it again under its own name"
        )


def _take_hashes(unit: Unit) -> None:
    unit.sha256 = file_sha256(unit.path)
    unit.companion_sha256 = {path: file_sha256(path) for path in unit.companions}


def _together(units: list[Unit]) -> Iterator[list[Unit]]:
    """Part units, in their order, into those that are loaded together: neighbours of one part, version and assembly."""
    held: list[Unit] = []
    n_bytes = 0
    for unit in units:
        size = unit.path.stat().st_size
        alike = bool(held) and unit.part.together and _kind(held[0]) == _kind(unit)
        if held and not (alike and len(held) < _TOGETHER and n_bytes + size <= _TOGETHER_BYTES):
            yield held
            held, n_bytes = [], 0
        held.append(unit)
        n_bytes += size
    if held:
        yield held


def _kind(unit: Unit) -> tuple[str, str, str | None]:
    return unit.part.name, unit.version, unit.assembly


class Run:
    """One call of :func:`ingest`: what it has written so far, and a scratch DuckDB to load and check with."""

    def __init__(self, spec: SourceSpec, publication: Publication, base: Manifest, say: Progress) -> None:
        self.spec, self.publication, self.base, self.say = spec, publication, base, say
        self.files: list[DataFile] = []
        self.inputs: list[InputFile] = []
        self.replaced: set[str] = set()
        self.replaced_units: set[tuple[str, str, str, str]] = set()
        self._met: dict[tuple[str, str, str], Unit] = {}
        self.scratch = connect(publication.scratch)
        run_folder(self.scratch, "splits")
        self._fill("tissue_vocabulary", ["key", "tissue"], sorted({(row.key, row.tissue) for row in tissue_aliases(self.spec.name)}))
        aliases: list[tuple[object, ...]] = []
        for name in spec.assemblies:
            known = assembly(name)
            lengths = known.lengths
            aliases += [(known.name, alias, chrom, lengths[chrom]) for alias, chrom in known.aliases().items()]
        self._fill("contig_alias", ["assembly", "alias", "chrom", "length"], aliases)
        self._taken: dict[str, TakenIds] = {}
        self._columns_of: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
        self._tissues: set[tuple[str, str]] = set()
        self.new_tissues: list[str] = []

    def _fill(self, table: str, columns: list[str], rows: Sequence[tuple[object, ...]]) -> None:
        """Make a scratch table of a few hundred rows at once; row by row takes most of a second."""
        types = {"length": pa.int64()}
        arrays = {c: pa.array([row[i] for row in rows], types.get(c, pa.string())) for i, c in enumerate(columns)}
        self.scratch.register("rows_arrow", pa.table(arrays))
        self.scratch.execute(f"create table {table} as select * from rows_arrow")
        self.scratch.unregister("rows_arrow")

    # ── fetch ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def is_known(self, unit: Unit) -> bool:
        """Tell whether a unit is in the store already, or was met in this call; a unit with other companions is to be replaced.

        Raises:
            BadSpec: If a file was given twice with other companions each time: nothing says which are meant.
            ContractBroken: If the same bytes come under a name that says something else of them (another tissue).
        """
        met = self._met.setdefault((unit.part.name, unit.version, unit.sha256), unit)
        if met is not unit:
            if set(met.companion_sha256.values()) != set(unit.companion_sha256.values()):
                raise BadSpec(f"{met.path} and {unit.path} are the same file, but what lies beside them differs; give one of them")
            _refuse_other_name(unit, met.path.name, met.constants)
            return True
        same = [
            i
            for i in self.base.inputs
            if (i.source, i.version, i.part, i.unit) == (self.spec.name, unit.version, unit.part.name, unit.sha256)
        ]
        if not same:
            return False
        primary = next(i for i in same if i.sha256 == unit.sha256)
        _refuse_other_name(unit, primary.name, primary.constants)
        if {unit.sha256, *unit.companion_sha256.values()} <= {i.sha256 for i in same}:
            return True
        self.replaced_units.add((self.spec.name, unit.version, unit.part.name, unit.sha256))
        self.replaced |= {f.path for f in self.base.files if (f.source, f.version, f.unit) == (self.spec.name, unit.version, unit.sha256)}
        return False

    # ── load, check, write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self, units: list[Unit]) -> None:
        """Load one unit, or some together: rows into data files, every row of every file accounted for."""
        part, jobs = units[0].part, [Job(self, unit) for unit in units]
        try:
            if part.loader is not None:
                loader = getattr(self.spec.module("load"), part.loader)
                loader(jobs if part.together else jobs[0])
            else:
                jobs[0].load_delimited()
            done = [(job.close(), job.accounts()) for job in jobs]
        except BaseException:
            for job in jobs:
                job.abandon()
            raise
        for files, inputs in done:
            self.files += files
            self.inputs += inputs

    def taken_ids(self, unit: Unit, table: str) -> TakenIds:
        """Return the record ids that this version of the source already has in a table; ids given out are to be added to it."""
        key = f"{table}\0{unit.version}"
        if key not in self._taken:
            paths = [
                self.publication.folder.path / f.path
                for f in self.base.files
                if (f.table, f.source, f.version) == (table, self.spec.name, unit.version) and f.path not in self.replaced
            ]
            ids = [_column(path, "record_id") for path in paths]
            self._taken[key] = TakenIds(np.concatenate([np.empty(0, np.int64), *ids]))
        return self._taken[key]

    def next_label_row(self, table: str) -> int:
        """Return the first free running number of a label table."""
        paths = [self.publication.folder.path / f.path for f in self.base.files if f.table == table]
        tops = [int(_column(path, "label_row").max()) for path in paths]
        tops += [int(_column(self.publication.folder.path / f.path, "label_row").max()) for f in self.files if f.table == table]
        return max(tops, default=-1) + 1

    def columns_of(self, sql: str, part: Part, facts: tuple[str, ...]) -> set[str]:
        """Name the columns, in lower case, that a part's SQL gives: asked once, for to plan a long select takes 20 ms, and units are many.

        Args:
            sql: A select over ``typed``, whose columns are the part's, and ``file``.
            part: The part.
            facts: The columns of ``file``.
        """
        key = (sql, part.name, facts)
        if key not in self._columns_of:
            self._columns_of[key] = {row[0].casefold() for row in self.scratch.execute(f"describe {sql}").fetchall()}
        return self._columns_of[key]

    def typed(self, cells: pa.Table, part: Part, view: str = "typed") -> None:
        """Make the scratch table or view ``typed``: the part's columns with their types, null where the file says so.

        Beside them stand ``source_line``, ``extra`` (JSON of unknown columns), ``content`` (the cells as read, joined by chr(31): what the
        record's id is made of, and the text of a reject) and ``type_reason`` (why a cell is not of its type, else null), and what was taken
        out of INFO.

        Args:
            cells: What :func:`cells_of` made of rows, of one file or of several.
            part: The part.
            view: Another name for the table.
        """
        select, reasons = [], ["case when is_blank then 'the line is empty' end"]
        for i, (name, declared) in enumerate(part.columns.items()):
            type_ = declared.removesuffix("?")
            if type_ == "VARCHAR" or not pa.types.is_string(cells.schema.field(f"c{i}").type):
                select.append(f"c{i} as {quote_always(name)}")
                continue
            # Something in the chunk is no plain number: each cell is judged, by DuckDB's wider notion of one.
            value = f"try_cast(c{i} as {type_})"
            # DuckDB reads 1_000 as a number; no provider means that.
            whole, finite = f"regexp_full_match(c{i}, '[+-]?[0-9]+(\\.0+)?')", f"isfinite({value}) and not contains(c{i}, '_')"
            good = whole if type_ == "BIGINT" else finite
            tail = "' is not a whole number" if type_ == "BIGINT" else "' is not a finite number"
            select.append(f"{value} as {quote_always(name)}")
            reasons.append(
                f"case when c{i} is not null and (({value}) is null or not ({good})) then {literal(f'{name}: ' + chr(39))} || c{i} || "
                f"{literal(tail)} end"
            )
        extra = "case when extra is not null then to_json(extra)::VARCHAR end" if "extra" in cells.column_names else "null::VARCHAR"
        select += [name for name in cells.column_names if name not in _OWN and not re.fullmatch(r"c\d+", name)]
        # A view costs no copy; where something is computed from a row, a table, lest each scan compute it anew.
        kind, other = ("table", "view") if "extra" in cells.column_names or len(reasons) > 1 else ("view", "table")
        if self.scratch.execute(f"select 1 from duckdb_{other}s() where {other}_name = '{view}'").fetchall():
            self.scratch.execute(f"drop {other} {view}")
        self.scratch.register(f"{view}_arrow", cells)
        self.scratch.execute(
            f"create or replace temp {kind} {view} as select {', '.join([*select, 'source_line'])}, {extra} as extra, content, "
            f"coalesce({', '.join([*reasons, 'null'])}) as type_reason from {view}_arrow"
        )
        if kind == "table":
            self.scratch.unregister(f"{view}_arrow")

    def canonical(self, jobs: Sequence[Job], sql: str, table: str, constants: Sequence[dict[str, Any]]) -> list[pa.Table]:
        """Run a source's SQL over the scratch table ``typed`` and check the result against a table's contract.

        Args:
            jobs: The units that the rows are of, all of one part, version and assembly. Where they are several, ``source_line`` holds a
                row's number in ``jobs`` above its line (:func:`cells_of`) until the rows are parted again.
            sql: A select over ``typed`` and the table ``file`` (source, source_version, assembly, source_file, the unit's constants, and
                ``file_no``: the unit's number), which has a row for each unit. It gives the table's columns, ``source_line``, and, where it
                wants, ``reject_reason``. Several rows of one line need a column ``sub_row`` (0, 1, …) that tells them apart.
            table: The table that the rows are for.
            constants: More columns for ``file``, for each unit.

        Returns:
            The accepted rows of each unit, in upstream's order, with record ids; rejected lines are already in ``reject``. The scratch
            table ``accepted`` holds the same rows for the part's further tables.
        """
        rules = contract(table)
        unit = jobs[0].unit
        facts = [
            {
                "source": self.spec.name,
                "source_version": job.unit.version,
                "assembly": job.unit.assembly,
                "source_file": job.unit.path.name,
                **job.unit.constants,
                **more,
            }
            for job, more in zip(jobs, constants, strict=True)
        ]
        texts = {key: pa.array([None if row[key] is None else str(row[key]) for row in facts], pa.string()) for key in facts[0]}
        self.scratch.register("file_arrow", pa.table({**texts, "file_no": pa.array(range(len(jobs)), pa.int64())}))
        self.scratch.execute("create or replace temp table file as select * from file_arrow")
        self.scratch.unregister("file_arrow")
        # DuckDB keeps a column's own spelling where an alias differs from it in case alone (Combination_ID as combination_id).
        said = self.columns_of(sql, unit.part, tuple(texts))
        have = {"sub_row", "reject_reason", *rules.column_names, *_GIVEN}
        have = {name for name in have if name.casefold() in said}
        fill = [
            f"f_.{name} as {name}"
            for name in ("source", "source_version", "source_file")
            if name not in have and name in rules.column_names
        ]
        given = [f"c.{quote(c)} as {quote(c)}" for c in rules.column_names if c in have]
        blank = [f"null::{c.type} as {quote(c.name)}" for c in rules.columns if c.name not in {*have, *_GIVEN, *rules.drawn}]
        later = {*_ASSIGNED, *rules.drawn}
        judged = [f"when not coalesce(({r.expression}), true) then {_told(r)}" for r in rules.rules if r.column not in later]
        judge = f"case {' '.join(judged)} end" if judged else "null"
        with_id = "record_id" in rules.column_names
        # One statement whose answer goes straight to Arrow: to keep it as a table first costs as much as the source's own SQL.
        base = "(md5_number_upper(concat_ws(chr(31), source, content_, sub_row_::VARCHAR)) >> 1)::BIGINT" if with_id else "0"
        rows = self.scratch.sql(
            f"with canonical as ({sql}\n), checked as (select {', '.join([*fill, *given, *blank])}, "
            f"{'c.sub_row' if 'sub_row' in have else '0::BIGINT'} as sub_row_, "
            f"coalesce(t.type_reason, {'c.reject_reason' if 'reject_reason' in have else 'null'}) as reason_, "
            f"t.content as content_ from canonical as c join typed as t using (source_line) "
            f"join file as f_ on f_.file_no = t.{FILE_NO}) "
            f"select {base} as base_, * exclude (reason_, content_), coalesce(reason_, {judge}) as verdict_ from checked"
        ).to_arrow_table()
        places = rows["source_line"].to_numpy(), rows["sub_row_"].to_numpy()
        if np.any((np.diff(places[0]) < 0) | ((np.diff(places[0]) == 0) & (np.diff(places[1]) < 0))):
            rows = rows.take(pa.array(np.lexsort(places[::-1])))
        verdicts = dict(
            zip(*(rows.filter(pc.is_valid(rows["verdict_"]))[c].to_pylist()[::-1] for c in ("source_line", "verdict_")), strict=True)
        )
        if rules.unique:
            good = rows.select(["source_line", *rules.unique]).filter(pc.is_null(rows["verdict_"]))
            for job, own in zip(jobs, by_file(good, len(jobs)), strict=True):
                verdicts |= job.repeats(rules, own)
        lines = rows["source_line"].to_numpy()
        self._reject_lines(jobs, lines, verdicts)
        accepted = rows.drop_columns(["base_", "verdict_"])
        kept = ~np.isin(lines, np.fromiter(verdicts, np.int64, len(verdicts))) if verdicts else None
        base_ids = rows["base_"].to_numpy()
        if kept is not None:
            accepted, base_ids = accepted.filter(pa.array(kept)), base_ids[kept]
        if with_id:
            taken = self.taken_ids(unit, table)
            ids = number_repeats(base_ids, taken)
            taken.add(ids)
            accepted = accepted.add_column(0, "record_id", pa.array(ids))
        self.scratch.register("accepted", accepted)
        parted = by_file(accepted.drop_columns(["sub_row_"]), len(jobs))
        return [own if k == 0 else with_lines_alone(own) for k, own in enumerate(parted)]

    def _reject_lines(self, jobs: Sequence[Job], lines: np.ndarray, verdicts: dict[int, str]) -> None:
        """Reject the lines that were judged bad, and those of the scratch table ``typed`` of which no row was made."""
        typed = self.scratch.sql("select source_line from typed").to_arrow_table()["source_line"].to_numpy()
        if not verdicts and np.array_equal(typed, lines):  # nearly every chunk
            return
        wanted = np.union1d(np.setdiff1d(typed, lines), np.fromiter(verdicts, np.int64, len(verdicts)))
        if not len(wanted):
            return
        self.scratch.register("wanted", pa.table({"source_line": wanted}))
        raw = f"replace(content, chr(31), {literal(jobs[0].unit.part.delimiter)})"
        found = self.scratch.execute(
            f"select source_line, coalesce(type_reason, 'no row was made of it'), {raw} from typed semi join wanted using (source_line) "
            "order by source_line"
        ).fetchall()
        self.scratch.unregister("wanted")
        found = [(line, verdicts.get(line, reason), text) for line, reason, text in found]
        for k, job in enumerate(jobs):
            job.reject(job.unit.path, bad_rows(found, k))

    def note_tissues(self, pairs: set[tuple[str, str]]) -> None:
        """Remember which spellings of tissues were met."""
        self._tissues |= pairs

    # ── record ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self) -> None:
        """Write what follows from the loaded rows as a whole: tissue spellings, alleles, and what the genomes say about them."""
        known: set[tuple[str, str]] = set()  # spellings of this source; and the tissues that any source names
        named = {row.tissue for row in tissue_aliases(self.spec.name)}
        for file in self.base.files:
            if file.table == "tissue_alias":
                rows = self.scratch.execute(f"select alias, tissue from {self.parquet([file])}").fetchall()
                named |= {tissue for _, tissue in rows}
                known |= set(rows) if file.source == self.spec.name else set()
        fresh = sorted(self._tissues - known)
        self.new_tissues = sorted({tissue for _, tissue in fresh} - named)
        if fresh:
            with self.writer("tissue_alias", "aliases") as writer:
                writer.write(
                    pa.table(
                        {
                            "source": [self.spec.name] * len(fresh),
                            "alias": [alias for alias, _ in fresh],
                            "tissue": [tissue for _, tissue in fresh],
                        }
                    )
                )
                self.files.append(writer.close(source=self.spec.name, version=None, assembly=None, unit=None, genome=None))
        derived = derive_alleles(self.publication, self.base, self.files, self.say, self.scratch)
        kept = [f for f in self.base.files if f.path not in self.replaced]
        copies, outdated = sorted_copies(self.publication, kept, self.files, self.say, self.scratch)
        self.files += derived + copies
        self.replaced |= outdated

    def writer(self, table: str, stem: str, metadata: dict[str, str] | None = None) -> TableWriter:
        """Open a new data file of a table."""
        path = self.publication.data_path(table, f"{self.spec.name}-{stem}")
        return TableWriter(contract(table), path, {"lrbstore.source": self.spec.name, **(metadata or {})})

    def parquet(self, files: list[DataFile]) -> str:
        """Return the SQL that reads some data files."""
        return read_parquet(self.publication.folder.path / f.path for f in files)


@dataclass
class _Account:
    sha256: str
    size: int
    rows_in: int = 0
    rejected: int = 0
    facts: dict[str, Any] = field(default_factory=dict)


class Job:
    """One unit on its way: the source's code gives rows and rejects here, and never touches a file of the store itself."""

    def __init__(self, run: Run, unit: Unit) -> None:
        self.run, self.unit, self.spec = run, unit, run.spec
        self._writers: dict[str, TableWriter] = {}
        self._accounts = {
            path: _Account(sha256, path.stat().st_size) for path, sha256 in [(unit.path, unit.sha256), *unit.companion_sha256.items()]
        }
        self.scratch = run.scratch
        self._first_lines: dict[str, dict[Any, int]] = {}  # of each table: what tells rows apart → the line that has it first

    # what a source's load.py may use

    def rows_in(self, path: Path, n: int) -> None:
        """Count data rows of a file as read."""
        self._accounts[path].rows_in += n

    def fact(self, path: Path, name: str, value: object) -> None:
        """Record something that was found in a file rather than assumed."""
        self._accounts[path].facts[name] = value

    def reject(self, path: Path, rows: list[BadRow]) -> None:
        """Put rows of a file into table ``reject``."""
        if not rows:
            return
        self._accounts[path].rejected += len(rows)
        self.write(
            "reject",
            pa.table(
                {
                    "source": [self.spec.name] * len(rows),
                    "source_version": [self.unit.version] * len(rows),
                    "source_file": [path.name] * len(rows),
                    "source_line": pa.array([row.line for row in rows], pa.int64()),
                    "reason": [row.reason for row in rows],
                    "raw": [row.raw for row in rows],
                }
            ),
        )

    def write(self, table: str, rows: pa.Table) -> None:
        """Append checked rows to a table."""
        if not rows.num_rows:
            return
        rows = self._drawn(contract(table), rows)
        if table not in self._writers:
            stem = f"{self.unit.version}-{self.unit.sha256[:8]}"
            self._writers[table] = self.run.writer(
                table, stem, {"lrbstore.input": self.unit.path.name, "lrbstore.sha256": self.unit.sha256}
            )
        self._writers[table].write(rows)
        if {"tissue", "tissue_name"} <= set(rows.column_names):
            pairs = rows.select(["tissue_name", "tissue"]).drop_null().group_by(["tissue_name", "tissue"]).aggregate([])
            self.run.note_tissues(set(zip(pairs["tissue_name"].to_pylist(), pairs["tissue"].to_pylist(), strict=True)))

    def _drawn(self, rules: Contract, rows: pa.Table) -> pa.Table:
        """Add to each record its part of the random split, where its table keeps that."""
        if not rules.drawn:
            return rows
        self.scratch.register("to_draw", rows.select(["record_id"]))
        parts = ", ".join(f"random_split(record_id, {seed}) as {name}" for name, seed in rules.drawn.items())
        drawn = self.scratch.sql(f"select {parts} from to_draw").to_arrow_table()
        self.scratch.unregister("to_draw")
        for name in rules.drawn:
            rows = rows.append_column(name, drawn[name])
        return rows

    def end_group(self, table: str) -> None:
        """End a table's row group here: for rows that come in tiles, whose statistics are to skip the other tiles."""
        if table in self._writers:
            self._writers[table].end_group()

    def read(self, path: Path, part: Part | None = None) -> DelimitedFile:
        """Open a delimited file and see that it has the part's required columns.

        Raises:
            ContractBroken: If a required column is missing; says which, what was found, and what is required.
        """
        part = part or self.unit.part
        names = tuple(part.columns) if part.headerless else None
        file = DelimitedFile(path, part.delimiter, part.quote, part.encoding, part.titled, names)
        for name, others in part.also_called.items():
            for other in others:
                if other in file.columns and name not in file.columns:
                    file.columns[file.columns.index(other)] = name
        missing = [name for name in part.required if name not in file.columns]
        if missing:
            raise ContractBroken(
                f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; found: "
                f"{', '.join(file.columns[:40])}; required for {part.name}: {', '.join(part.required)}. Is it the right file?"
            )
        return file

    def typed(self, rows: pa.Table, part: Part | None = None, view: str = "typed", info: InfoKeys | None = None) -> None:
        """Make the scratch table or view ``typed`` of rows as read; see :func:`cells_of` and :meth:`Run.typed`."""
        part = part or self.unit.part
        self.run.typed(cells_of(rows, part, info=info), part, view)

    def canonical(self, sql: str, table: str, constants: dict[str, Any] | None = None) -> pa.Table:
        """Run a source's SQL over the scratch table ``typed`` and check it against a table's contract; see :meth:`Run.canonical`."""
        return self.run.canonical([self], sql, table, [constants or {}])[0]

    def repeats(self, rules: Contract, rows: pa.Table) -> dict[int, str]:
        """Find rows that repeat what must tell the rows of the file apart: no label could be told theirs.

        Args:
            rules: The table's contract.
            rows: Rows that keep its other rules, in upstream's order: ``source_line`` and the columns that ``rules.unique`` names.

        Returns:
            Why each line that repeats an earlier one is rejected.
        """
        first_lines = self._first_lines.setdefault(rules.name, {})
        columns = [pc.cast(rows[column], pa.string()).to_pylist() for column in rules.unique]
        keys = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        lines = rows["source_line"].to_pylist()
        fresh = dict(zip(keys, lines, strict=True))
        if len(fresh) == len(keys) and first_lines.keys().isdisjoint(fresh):
            first_lines.update(fresh)
            return {}
        repeats: dict[int, str] = {}
        for line, key in zip(lines, keys, strict=True):
            first = first_lines.setdefault(key, line)
            if first != line:
                said = [key] if len(columns) == 1 else key
                stand = "stands" if len(said) == 1 else "stand"
                repeats[line] = f"{' and '.join(rules.unique)} {' '.join(map(repr, said))} {stand} on line {first & LINE} already"
        return repeats

    def load_delimited(self) -> None:
        """Load a part that is text by rows: its columns typed, its SQL run, its contract checked, chunk by chunk."""
        part, path = self.unit.part, self.unit.path
        file = self.read(path)
        unknown = [c for c in file.columns if c not in part.columns]
        if unknown:
            self.fact(path, "extra_columns", unknown)
        sql = (self.spec.folder / str(part.sql)).read_text(encoding="utf-8")
        also = {table: (self.spec.folder / name).read_text(encoding="utf-8") for table, name in part.also.items()}
        info = InfoKeys.named_in(sql, *also.values())
        done = 0
        for rows in in_chunks(file.batches(), _CHUNK):
            self.typed(rows, info=info)
            self.rows_in(path, rows.num_rows)
            self.write(part.tables[0], self.canonical(sql, part.tables[0]))
            for table, text in also.items():
                self.write(table, self.scratch.sql(text).to_arrow_table())
            done += rows.num_rows
            self.run.say(f"{path.name}: {done:,} rows")
        self.rows_in(path, len(file.bad))
        self.reject(path, file.bad)

    # what the run calls

    def close(self) -> list[DataFile]:
        """Finish the unit's data files."""
        unit = self.unit
        return [
            writer.close(source=self.spec.name, version=unit.version, assembly=unit.assembly, unit=unit.sha256, genome=None)
            for writer in self._writers.values()
        ]

    def abandon(self) -> None:
        """Leave nothing of the unit behind."""
        for writer in self._writers.values():
            writer.abandon()

    def accounts(self) -> list[InputFile]:
        """Return each file of the unit with its rows accounted for."""
        return [
            InputFile(
                source=self.spec.name,
                version=self.unit.version,
                part=self.unit.part.name,
                assembly=self.unit.assembly,
                unit=self.unit.sha256,
                name=path.name,
                sha256=account.sha256,
                bytes=account.size,
                rows_in=account.rows_in,
                rows_loaded=account.rows_in - account.rejected,
                rows_rejected=account.rejected,
                constants=self.unit.constants if path == self.unit.path else {},
                facts=json.loads(json.dumps(account.facts)),
            )
            for path, account in self._accounts.items()
        ]


def _told(rule: Rule) -> str:
    """Return the SQL of a reason: the rule, and the values that break it."""
    values = " || ', ' || ".join(f"{literal(c)} || ' = ' || coalesce({quote(c)}::VARCHAR, 'null')" for c in rule.columns)
    return f"{literal(rule.says)} || ': ' || {values}" if values else literal(rule.says)


def _column(path: Path, column: str) -> np.ndarray:
    return pq.read_table(path, columns=[column])[column].to_numpy()
