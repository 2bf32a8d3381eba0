"""The manifest: one JSON file that is a release. What is not listed in it does not exist for a reader.

A release lists immutable Parquet files (rows, bytes, sha256), the upstream files they were made from (with every row accounted for),
and the genomes and chains that were registered when it was published.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

import pydantic

from lrbstore.chain import ChainRecord
from lrbstore.errors import ContractBroken, SchemaTooNew, SchemaTooOld
from lrbstore.genome import GenomeRecord
from lrbstore.layout import sql_folder

SCHEMA_VERSION = 2  #: Version of the layout on disk and of the stored tables; apart from the package's version.


Key = tuple[str | int | None, ...]  #: Values of the columns that rows are sorted by; null comes after all others.


class _Frozen(pydantic.BaseModel, frozen=True, extra="forbid"):
    pass


class DataFile(_Frozen):
    """One immutable Parquet file of one table."""

    table: str
    path: str  #: Relative to the store.
    rows: int
    bytes: int
    sha256: str
    source: str | None = None
    version: str | None = None
    assembly: str | None = None
    unit: str | None = None  #: sha256 of the primary upstream file that the rows come from.
    genome: str | None = None  #: Digest of the genome that derived rows were computed with.
    order: str | None = None  #: Of a copy of rows that lie in other files: the order that it keeps them in.
    made_of: tuple[str, ...] = ()  #: Of such a copy: the paths of those files. All files with the same ones are one copy.
    span: tuple[Key, Key] | None = None  #: Of a file of such a copy: what it is sorted by, of its first row and of its last.

    def damage(self, store: Path) -> str | None:
        """Say what is wrong with the file at a glance (gone, or of another size), or return None; every byte is ``verify``'s business."""
        try:
            size = (store / self.path).stat().st_size
        except OSError as error:
            return f"{store / self.path} is missing ({error.strerror})"
        return None if size == self.bytes else f"{store / self.path} is damaged: {size:,} bytes; {self.bytes:,} were written"


class InputFile(_Frozen):
    """One upstream file, with every row of it accounted for: ``rows_in == rows_loaded + rows_rejected``."""

    source: str
    version: str
    part: str
    assembly: str | None
    unit: str  #: sha256 of the unit's primary file; companions (label shards, mappings) carry their primary's.
    name: str
    sha256: str
    bytes: int
    rows_in: int
    rows_loaded: int
    rows_rejected: int
    constants: dict[str, str] = {}  #: What its name or header says of all its rows (the tissue).
    facts: dict[str, Any] = {}  #: What was found in the file rather than assumed (interval widths, extra columns …).

    @pydantic.model_validator(mode="after")
    def _every_row_accounted_for(self) -> InputFile:
        if self.rows_in != self.rows_loaded + self.rows_rejected:
            raise ContractBroken(
                f"{self.name}: {self.rows_in} rows in, but {self.rows_loaded} loaded and {self.rows_rejected} rejected; "
                "every row must be one or the other (a defect of the source's load: please report it)"
            )
        return self


class Manifest(_Frozen):
    """A release."""

    release: str
    parent: str | None
    created: str  #: ISO 8601, UTC.
    schema_version: int
    package_version: str
    sql_digest: str
    note: str = ""
    simulated: bool = False
    files: tuple[DataFile, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    genomes: tuple[GenomeRecord, ...] = ()
    chains: tuple[ChainRecord, ...] = ()  #: One for each pair of assemblies at most.

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest, refusing one that another schema wrote.

        Raises:
            SchemaTooNew: If a newer lrbstore wrote it.
            SchemaTooOld: If an older one did, in a layout no longer read.
        """
        raw = path.read_bytes().decode("utf-8", "replace")
        found = re.search(r'"schema_version":\s*(\d+)', raw)
        version = int(found[1]) if found else None
        if version is not None and version > SCHEMA_VERSION:
            raise SchemaTooNew(
                f"the store at {path.parent.parent} was written with schema {version}; this lrbstore reads schema {SCHEMA_VERSION}; "
                "upgrade it: pip install --upgrade lrbstore"
            )
        if version is not None and version < SCHEMA_VERSION:
            raise SchemaTooOld(
                f"the store at {path.parent.parent} was written with schema {version}; this lrbstore reads schema {SCHEMA_VERSION}; "
                "ingest the upstream files again into a new store"
            )
        try:
            return cls.model_validate_json(raw)
        except pydantic.ValidationError as error:
            raise ContractBroken(f"{path} is not a manifest of this store: {error.errors()[0]['msg']}; restore it from a copy") from error

    def current(self, table: str) -> list[DataFile]:
        """List the files of a table that the default views show: for each source and assembly, those of its newest version."""
        return self._current.get(table, [])

    @functools.cached_property
    def _current(self) -> dict[str, list[DataFile]]:
        from lrbstore.contract import contract

        newest: dict[tuple[str, str | None, str | None], str] = {}
        for file in self.files:
            rivals = (file.table, file.source, file.assembly)
            if file.version is not None and newest.get(rivals) != file.version:
                newest[rivals] = max(newest.get(rivals, file.version), file.version, key=version_key)
        found: dict[str, list[DataFile]] = {}
        for file in self.files:
            supersedes = file.version is not None and contract(file.table).history
            if not supersedes or file.version == newest[(file.table, file.source, file.assembly)]:
                found.setdefault(file.table, []).append(file)
        return found

    def sorted_copies(self, united: str, order: str) -> tuple[list[DataFile], list[DataFile]]:
        """List the files of the copies of a united table in an order, and the current files whose rows are in none of them.

        A copy that holds rows which the default views do not show (of a version that was superseded) is not listed, so that the two
        lists together have every row once, whatever was copied when.
        """
        from lrbstore.contract import parts_of

        shown = {f.path: f for part in parts_of(united) for f in self.current(part.name)}
        copies = [f for f in self.files if f.table == united and f.order == order and shown.keys() >= set(f.made_of)]
        covered = {path for copy in copies for path in copy.made_of}
        return copies, [f for path, f in shown.items() if path not in covered]

    def genome(self, assembly: str) -> GenomeRecord | None:
        """Return the genome registered for an assembly, or None."""
        return next((g for g in self.genomes if g.assembly == assembly), None)


def version_key(version: str) -> list[tuple[int, int, str]]:
    """Order versions as people read them: digits as numbers (``v10`` after ``v8``), the rest as text."""
    return [(1, int(p), "") if p.isdigit() else (0, 0, p) for p in re.findall(r"\d+|\D+", version)]


@functools.cache
def sql_digest() -> str:
    """Return sha256 over the whole ``sql/`` folder: the same digest means the same contracts, views and tasks."""
    digest = hashlib.sha256()
    folder = sql_folder()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".sql", ".toml", ".tsv"}):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
