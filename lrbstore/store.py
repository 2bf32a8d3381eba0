"""Open a release and ask it questions.

Opening makes an in-memory DuckDB whose views read the release's Parquet files. Nothing is loaded; no long-lived database file is the
truth. ``main`` holds the tables as they are current; ``history`` holds every version of every source, so that a diff is a query; each
task has a schema of its own, with its examples and its splits as views.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import graphlib
import os
import re
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import platformdirs
import pyarrow as pa

from lrbstore.assembly import assemblies, assembly
from lrbstore.bases import Sequences
from lrbstore.catalogue import TaskSpec, source_cards, task_specs
from lrbstore.contract import Contract, Order, contracts, literal, parts_of, quote, united_columns
from lrbstore.engine import connect, read_parquet, run, run_folder
from lrbstore.errors import BadSpec, HashMismatch, LrbStoreError, MissingData, UnknownName
from lrbstore.genome import Genome
from lrbstore.manifest import DataFile, Manifest
from lrbstore.orders import SCHEMA, Bounds, SortedCopies, routed
from lrbstore.reconciliation import make_view
from lrbstore.release import StoreFolder
from lrbstore.sequences import SequenceTable
from lrbstore.vocabulary import tissue_key, vocabulary


def default_path() -> Path:
    """Return where the store lies when nothing is said: ``$LRBSTORE_HOME``, else the platform's folder for data."""
    home = os.environ.get("LRBSTORE_HOME")
    return Path(home) if home else Path(platformdirs.user_data_dir("lrbstore"))


class Store:
    """A release of a store, open for reading.

    Args:
        path: The store's folder.
        release: Name of the release; the current one by default. A store keeps the release that it was opened with.
        settings: DuckDB's global settings, ``name = value``, set in this order once the views are there, in a forked process as well.

    Raises:
        MissingData: If nothing has been published there.
        UnknownName: If there is no such release.
        SchemaTooNew, SchemaTooOld: If another lrbstore wrote it.
    """

    def __init__(self, path: Path, release: str | None = None, *, settings: Sequence[str] = ()) -> None:
        self.path = Path(path).absolute()  # a relation made now is good after a change of the working folder
        self.folder = StoreFolder(self.path)
        self.manifest: Manifest
        self.manifest, held = self.folder.open(release)
        self._held, self._let_go = held, weakref.finalize(self, os.close, held)
        self._is_shared = False
        self._base, self._pid, self._settings = connect(), os.getpid(), tuple(settings)
        _opened.add(self)
        self._ready: set[str] = set()  # schemas whose views are there, beside main
        self._copies, self._sorted = SortedCopies(self.manifest, self.path), dict[tuple[str, str, tuple[str, ...]], str]()
        self._lock = threading.Lock()
        try:
            self._make_ready(self._base)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        simulated = " · SIMULATED" if self.manifest.simulated else ""
        sources = ", ".join(sorted({i.source for i in self.manifest.inputs})) or "no source yet"
        return f"lrbstore.Store({str(self.path)!r})\n  release {self.release}{simulated} · {sources}"

    @property
    def release(self) -> str:
        """Name of the release that is open."""
        return self.manifest.release

    @property
    def simulated(self) -> bool:
        """True where data or a genome in this release is simulated: nothing computed from it is biology."""
        return self.manifest.simulated or any(g.simulated for g in self.manifest.genomes) or any(c.simulated for c in self.manifest.chains)

    def sql(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> duckdb.DuckDBPyRelation:
        """Ask a question in SQL.

        A question of ``variant_record`` by tissue, trait, gene or region is read from the copy that is sorted for it, with the same rows.

        Args:
            query: One DuckDB statement; ``describe variant_record`` shows a table's columns with their meanings in ``duckdb_columns()``.
            params: Values for ``$name`` (a mapping) or ``?`` (a sequence).

        Returns:
            A lazy relation with a cursor of its own: ``.pl()``, ``.df()``, ``.to_arrow_table()``, ``.fetchall()``. It stays good as long
            as the store is open.

        Raises:
            BadSpec: If the statement cannot be understood, with DuckDB's explanation, or is no question but changes something.
        """
        try:
            statements = duckdb.extract_statements(query)
            if len(statements) != 1:
                raise BadSpec(f"{len(statements)} statements were given; expected one: a relation is the answer to one question")
            kind = str(statements[0].type).rpartition(".")[2]
            if kind in _CHANGES:
                raise BadSpec(
                    f"{kind.lower()} changes what is there, and a release never changes; expected a question (select, describe …)"
                )
            cursor = self.cursor(query)
            with contextlib.suppress(duckdb.Error):  # what is wrong with the question is said of the question as it was asked
                served = routed(cursor, query, params, self._view_of_order)
                if served != query:
                    return cursor.sql(served, params=params) if params is not None else cursor.sql(served)
            return cursor.sql(query, params=params) if params is not None else cursor.sql(query)
        except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
            raise BadSpec(f"this SQL cannot be run: {error}") from error

    def cursor(self, query: str | None = None) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB cursor of its own; one a thread and one a query. A forked process gets a DuckDB of its own first.

        Args:
            query: What is to be asked. The views of a task, and those of ``history``, are made when it is first named: all together
                take longer than everything else. None: anything may be asked.
        """
        if self._pid != os.getpid():
            _inherited.append(self._base)
            fresh = connect()
            self._make_ready(fresh)
            self._base, self._pid, self._ready, self._sorted, self._lock = fresh, os.getpid(), set(), {}, threading.Lock()
        try:
            with self._lock:
                for name in _schemas_named(query) - self._ready:
                    if name == HISTORY:
                        _history_views(self._base, self)
                    else:
                        _task_views(self._base, task_specs()[name])
                    self._ready.add(name)
            return self._base.cursor()
        except duckdb.ConnectionException as error:
            raise LrbStoreError(f"the store at {self.path} has been closed; open it again: lrbstore.open({str(self.path)!r})") from error

    def _make_ready(self, connection: duckdb.DuckDBPyConnection) -> None:
        _prepare(connection, self)
        for setting in self._settings:
            connection.execute(f"set global {setting}")

    def _view_of_order(self, united: str, order: Order, bounds: Bounds) -> str:
        """Return the name of the view over a sorted copy that has all rows within bounds; it is made where no question had it before."""
        with self._lock:
            files = self._copies.files(united, order, bounds)
            key = (united, order.name, files)
            if key not in self._sorted:
                name = f"{SCHEMA}.{united}_{order.name}_{len(self._sorted)}"
                self._base.execute(f"create view {name} as {self._copies.sql(united, order, files)}")
                self._sorted[key] = name
            return self._sorted[key]

    def genome(self, name: str) -> Genome:
        """Return the genome registered for an assembly.

        Raises:
            UnknownName: If there is no such assembly.
            MissingData: If no genome is registered for it; says the command.
            HashMismatch: If the FASTA changed since it was registered.
        """
        known = assembly(name)
        record = self.manifest.genome(known.name)
        if record is None:
            raise MissingData(
                f"no genome is registered for {known.name} in the store at {self.path}; "
                f"run: lrbstore genome add {known.name} FILE.fa[.gz] --store {self.path}"
            )
        if record.digest not in self._genomes:
            self._genomes[record.digest] = Genome(record.located(self.path))
        return self._genomes[record.digest]

    @cached_property
    def _genomes(self) -> dict[str, Genome]:
        return {}

    def has_genome(self, name: str) -> bool:
        """Tell whether sequences of an assembly can be cut."""
        return self.manifest.genome(assembly(name).name) is not None

    def contig_lengths(self, name: str) -> dict[str, int]:
        """Return contig → length in bp: a registered contig's own, else the built-in one."""
        known = assembly(name)
        record = self.manifest.genome(known.name)
        return {**known.lengths, **(record.contigs if record else {})}

    def sequences(self, spec: TaskSpec) -> Sequences:
        """Return what a task's windows are cut from: the genome of its assembly, or the table of sequences that it names.

        Raises:
            MissingData: If no genome is registered for the assembly; says the command.
            HashMismatch: If the FASTA, or a file of the table, changed.
        """
        given = spec.sequences
        if given is None:
            return self.genome(spec.assembly)
        key = (given.table, given.name, given.sequence)
        if key not in self._tables:
            columns = f"{quote(given.name)}, {quote(given.sequence)}"
            with damage_said():
                rows = self.cursor("").execute(f"select {columns} from {given.table} order by all").fetchall()
            self._tables[key] = SequenceTable(spec.assembly, rows, simulated=self.manifest.simulated)
        return self._tables[key]

    @cached_property
    def _tables(self) -> dict[tuple[str, str, str], SequenceTable]:
        return {}

    def contigs(self, spec: TaskSpec) -> tuple[Mapping[str, int], Collection[str]]:
        """Return contig → length in bp for a task's examples, and those of them that windows can be cut from, if only a genome is there."""
        if spec.sequences is not None:
            lengths = self.sequences(spec).lengths
            return lengths, lengths.keys()
        record, known = self.manifest.genome(assembly(spec.assembly).name), self.contig_lengths(spec.assembly)
        return known, known.keys() if record is None else record.contigs.keys()

    def sequence_digest(self, spec: TaskSpec) -> str | None:
        """Return the digest of what a task's windows are cut from; None where no genome is registered."""
        if spec.sequences is not None:
            return self.sequences(spec).digest
        record = self.manifest.genome(assembly(spec.assembly).name)
        return record.digest if record else None

    def tissue(self, spelling: str) -> str:
        """Return the canonical tissue of a spelling (``Whole_Blood`` → ``Whole Blood``).

        Raises:
            UnknownName: If no source in the store, nor the vocabulary, knows it; near names are offered.
        """
        rows = self.cursor("").execute("select distinct alias, tissue from tissue_alias").fetchall()
        by_key = {tissue_key(alias): tissue for alias, tissue in rows}
        found = by_key.get(tissue_key(spelling))
        if found is None:
            raise UnknownName("tissue", spelling, {tissue for _, tissue in rows})
        return found

    @property
    def is_alive(self) -> bool:
        """Whether questions can be asked: not once the store was closed, nor after an error within DuckDB, which then answers nothing."""
        try:
            self.cursor("").execute("select 1").fetchall()
        except (duckdb.FatalException, LrbStoreError):
            return False
        return True

    def _is_current(self) -> bool:
        # A store that was removed and made again of the same files has a release of the same name, but not of the same file.
        return self.release == self.folder.current and os.fstat(self._held).st_nlink > 0

    def data_files(self, table: str) -> list[Path]:
        """List the current Parquet files of a stored table, in the order in which its view reads them."""
        return [self.path / f.path for f in self.manifest.current(table)]

    def close(self) -> None:
        """Close the store: its relations end, and ``gc`` may remove its release once another is current. The shared one stays open."""
        if self._is_shared:
            return
        if self._pid == os.getpid():
            self._base.close()
        else:
            _inherited.append(self._base)
        self._let_go()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


# ── the shared default store ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_shared: dict[Path, Store] = {}
#: DuckDB instances of a parent process. A fork copies no threads: to use or to close one here would wait for its threads for ever.
_inherited: list[duckdb.DuckDBPyConnection] = []
_opened: weakref.WeakSet[Store] = weakref.WeakSet()
_outdated: list[Store] = []  #: Shared once, and of an older release now; kept, so that what was made from them stays good.


def open_store(path: str | os.PathLike[str] | None = None, release: str | None = None) -> Store:
    """Open a store.

    Args:
        path: Its folder; ``$LRBSTORE_HOME`` or the platform's folder for data by default.
        release: A release by name; the current one by default.

    Returns:
        A store that keeps its release. The default store without a release is shared, is never closed, and a later call notices a
        new release, and opens it anew after an error within DuckDB.
    """
    if path is not None or release is not None:
        return Store(Path(path) if path is not None else default_path(), release)
    home = default_path().absolute()
    held = _shared.get(home)
    if held is None or not held._is_current() or not held.is_alive:
        _shared[home] = Store(home)
        _shared[home]._is_shared = True
        if held is not None:
            _outdated.append(held)
    return _shared[home]


def _inherit() -> None:
    """Keep a parent's DuckDB in a forked process, also where nothing is ever asked of it there, or only the collector still knows of it."""
    _inherited.extend(store._base for store in list(_opened))
    gc.freeze()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_inherit)


@atexit.register
def _let_go() -> None:
    """Close what is shared before the interpreter takes DuckDB down."""
    for store in (*_shared.values(), *_outdated):
        store._is_shared = False
        store.close()
    _shared.clear()
    _outdated.clear()


@contextlib.contextmanager
def damage_said() -> Iterator[None]:
    """Turn what DuckDB says of a data file that is gone or damaged into an error of our own.

    Raises:
        MissingData: If a file is gone.
        HashMismatch: If one is damaged.
    """
    try:
        yield
    except LrbStoreError:
        raise
    except (duckdb.InvalidInputException, duckdb.IOException, pa.ArrowInvalid, OSError) as error:
        said = str(error).partition(" Error: ")[2] or str(error)
        kind = MissingData if " is missing (" in said else HashMismatch
        raise kind(said if "lrbstore verify" in said else f"a data file cannot be read: {said}; run: lrbstore verify") from error


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _prepare(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    run_folder(connection, "splits")
    connection.execute(f"create schema {HISTORY}; create schema {SCHEMA}")
    manifest = store.manifest
    _derive(connection, store)
    for contract in contracts().values():
        if contract.stored and contract.name != "tissue_alias":
            _view_of_files(connection, store, "main", contract, _scope(store, contract, manifest.current(contract.name)))
    _tissue_aliases(connection, store)
    _unite(connection, "main")
    for contract in _history_of_views():
        _view_of_history(connection, store, contract)
    for contract in _in_order([c for c in contracts().values() if c.kind == "view"]):
        run(connection, contract.ddl)
    run_folder(connection, "lookups")
    make_view(connection, manifest, simulated=store.simulated)


HISTORY = "history"  #: The schema that holds every version of every source.


def _history_of_views() -> list[Contract]:
    """List the stored tables whose every version some view of ``main`` reads."""
    views = (c.ddl for c in contracts().values() if c.kind == "view")
    read = {name for ddl in views for name in re.findall(rf"\b{HISTORY}\.(\w+)", ddl)}
    return [c for c in contracts().values() if c.stored and c.history and c.name in read]


def _view_of_history(connection: duckdb.DuckDBPyConnection, store: Store, contract: Contract) -> None:
    _view_of_files(connection, store, HISTORY, contract, [f for f in store.manifest.files if f.table == contract.name])


def _history_views(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Make the views of ``history`` that opening did not make."""
    made = _history_of_views()
    for contract in contracts().values():
        if contract.stored and contract.history and contract not in made:
            _view_of_history(connection, store, contract)
    _unite(connection, HISTORY)


def _unite(connection: duckdb.DuckDBPyConnection, schema: str) -> None:
    for contract in contracts().values():
        if contract.united:
            run(connection, f"create view {schema}.{contract.name} as {_union(contract, schema)}")


#: Statements that would change the views of an open store, and with them what its tasks are.
_CHANGES = frozenset({"ALTER", "ATTACH", "CREATE", "DELETE", "DETACH", "DROP", "INSERT", "MERGE_INTO", "UPDATE"})

#: A query with one of these asks what there is, so that every view must be there.
_ASKS_WHAT_THERE_IS = re.compile(r"duckdb_|information_schema|pg_catalog|sqlite_|\b(show|summarize|pragma)\b", re.IGNORECASE)


def _schemas_named(query: str | None) -> set[str]:
    """Tell which schemas beside ``main`` a query may read: tasks, and the history."""
    schemas = {HISTORY, *task_specs()}
    if query is None or _ASKS_WHAT_THERE_IS.search(query):
        return schemas
    text = query.lower()
    return {name for name in schemas if name in text}


def _in_order(views: list[Contract]) -> list[Contract]:
    """Order views so that one that reads another comes after it."""
    reads = {v.name: {w.name for w in views if w is not v and re.search(rf"\b(from|join) {w.name}\b", v.ddl)} for v in views}
    return [contracts()[name] for name in graphlib.TopologicalSorter(reads).static_order()]


def _scope(store: Store, contract: Contract, files: list[DataFile]) -> list[DataFile]:
    """Leave out what an earlier genome said: derived rows hold for the registered genomes alone."""
    if contract.name != "variant_reference":
        return files
    digests = {g.digest for g in store.manifest.genomes}
    return [f for f in files if f.genome in digests]


def _view_of_files(connection: duckdb.DuckDBPyConnection, store: Store, schema: str, contract: Contract, files: list[DataFile]) -> None:
    name = f"{schema}.{contract.name}"
    if files:
        columns = ", ".join(quote(c) for c in contract.column_names)
        _view(connection, store, f"create view {name} as select {columns} from {{files}}", files, contract)
    else:
        columns = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in contract.columns)
        run(connection, f"create view {name} as select {columns} where false")


def _view(connection: duckdb.DuckDBPyConnection, store: Store, ddl: str, files: list[DataFile], contract: Contract) -> None:
    """Make a view over data files. Where one is damaged the view says so when it is asked; the other tables, and verify, stay of use."""
    said = next(filter(None, (f.damage(store.path) for f in files)), None)
    if said is None:
        try:
            connection.execute(ddl.replace("{files}", read_parquet(store.path / f.path for f in files)))
            return
        except duckdb.Error as error:
            said = f"a file of table {contract.name} is damaged: {str(error).splitlines()[0]}"
    columns = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in contract.columns)
    told = literal(f"{said}; restore it from a copy (lrbstore verify --store {store.path} lists what is wrong)")
    head, _, _ = ddl.partition(" as ")
    connection.execute(f"{head} as select {columns} where error({told})::BOOLEAN")


def _union(contract: Contract, schema: str) -> str:
    """Unite the tables of the sources: a constant ``source``, and stored columns alone, so that filters reach the Parquet files."""
    selects = []
    for part in parts_of(contract.name):
        owners = [card.name for card in source_cards().values() if part.name in card.tables]
        # With its source as a constant, a branch of the union is cut off before any file of it is opened.
        constant = {"source": literal(owners[0])} if len(owners) == 1 else {}
        selects.append(f"select {united_columns(contract, part, constant)} from {schema}.{part.name}")
    if not selects:
        nothing = ", ".join(f"null::{c.type} as {quote(c.name)}" for c in contract.columns)
        selects.append(f"select {nothing} where false")
    return " union all ".join(selects)


def _task_views(connection: duckdb.DuckDBPyConnection, spec: TaskSpec) -> None:
    connection.execute(f"create schema {spec.name}")
    views = [(f"{spec.name}.examples", "examples.sql", spec.examples_sql)]
    views += [(spec.view(scheme, s), f"{scheme}/{s}.sql", text) for scheme, splits in spec.schemes.items() for s, text in splits.items()]
    for view, file, text in views:
        try:
            run(connection, f"create view {view} as {text}")
        except duckdb.Error as error:
            raise BadSpec(f"sql/tasks/{spec.name}/{file} is not a select that can be run: {error}") from error


def _derive(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Fill the small tables that follow from the manifest, the assemblies and the source folders."""
    rows: dict[str, list[tuple[Any, ...]]] = {"assembly": [], "contig": [], "source": [], "source_file": [], "score": [], "chain": []}
    rows["meaning"] = [("vocabulary_", None, "One row is a built-in spelling of a tissue; ask tissue_alias instead.")]
    for said in contracts().values():
        rows["meaning"] += [(said.name, None, said.grain), *((said.name, column.name, column.comment) for column in said.columns)]
    for spec in task_specs().values():
        examples = f"{spec.name}.examples"
        rows["meaning"] += [(examples, None, f"One row is {spec.example}."), *((examples, *column) for column in spec.columns.items())]
    rows["meaning"] += [("vocabulary_", column.name, column.comment) for column in contracts()["tissue_alias"].columns]
    for name in assemblies():
        known, record, lengths = assembly(name), store.manifest.genome(name), store.contig_lengths(name)
        held = record.contigs if record else {}
        rows["assembly"].append((
            name, len(lengths), sum(lengths.values()), record is not None, bool(record and record.simulated),
            record.digest if record else None, len(held) if record else None,
        ))  # fmt: skip
        spellings: dict[str, list[str]] = {}
        for alias, chrom in known.aliases().items():
            if alias != chrom:
                spellings.setdefault(chrom, []).append(alias)
        rows["contig"] += [(name, chrom, length, spellings.get(chrom, []), chrom in held) for chrom, length in lengths.items()]
    rows["chain"] = [(c.source, c.target, c.digest, c.n_chains, c.simulated, c.source_path.name) for c in store.manifest.chains]
    rows["source"], rows["source_file"] = _source_rows(store.manifest)
    for table, values in rows.items():
        contract = contracts()[table]
        run(connection, contract.ddl)
        if values:
            columns = {c: [row[i] for row in values] for i, c in enumerate(contract.column_names)}
            _insert(connection, table, pa.table(columns, schema=contract.schema))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Put rows into a table, by the names of their columns: at once, for one by one they take longer than all views of a task."""
    connection.register("rows_arrow", rows)
    connection.execute(f"insert into {table} by name select * from rows_arrow")
    connection.unregister("rows_arrow")


def _source_rows(manifest: Manifest) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    import json

    cards = source_cards()
    files = [
        (i.source, i.version, i.part, i.assembly, i.name, i.sha256, i.bytes, i.rows_in, i.rows_loaded, i.rows_rejected, json.dumps(i.facts))
        for i in manifest.inputs
    ]
    rows = []
    for name, version in sorted({(i.source, i.version) for i in manifest.inputs}):
        card = cards.get(name)
        own = [i for i in manifest.inputs if (i.source, i.version) == (name, version)]
        # Rejects of every version stay in view, and say nothing of which is current.
        tables = [c.name for c in contracts().values() if c.history]
        current = any(f.version == version for table in tables for f in manifest.current(table) if f.source == name)
        rows.append((
            name, version,
            card.title if card else "", card.url if card else "", card.licence if card else "", card.citation if card else "",
            sorted({i.assembly for i in own if i.assembly}), current, len(own), sum(i.rows_in for i in own),
            sum(i.rows_loaded for i in own), sum(i.rows_rejected for i in own),
        ))  # fmt: skip
    return rows, files


def _tissue_aliases(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Unite the built-in spellings with those that the sources used."""
    connection.execute("create table vocabulary_ (source VARCHAR, alias VARCHAR, tissue VARCHAR)")
    spellings = {name: [getattr(row, name) for row in vocabulary()] for name in ("alias", "tissue")}
    _insert(connection, "vocabulary_", pa.table({"source": ["lrbstore"] * len(vocabulary()), **spellings}))
    files = store.manifest.current("tissue_alias")
    ddl = "create view tissue_alias as select source, alias, tissue from vocabulary_"
    if files:
        _view(connection, store, f"{ddl} union select source, alias, tissue from {{files}}", files, contracts()["tissue_alias"])
    else:
        connection.execute(ddl)
