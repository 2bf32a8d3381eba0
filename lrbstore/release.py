"""Releases on disk: one writer at a time, readers never disturbed, a crash leaves the old release or the new one.

    <store>/CURRENT            name of the release that readers open
    <store>/releases/*.json    manifests, one a release
    <store>/data/<table>/      immutable Parquet files
    <store>/genomes/           indexes and decoded forms of registered genomes
    <store>/chains/            copies of registered chain files
    <store>/scratch/           what an ingest cannot hold in memory; gone when it ends, a killed one's when the next begins
    <store>/lock               held by the one writer (an OS lock: a killed writer leaves none behind)

Publishing is: data files written aside, synced, renamed; then the manifest likewise; then ``CURRENT`` replaced. Only the last step is
visible to readers, and it is atomic.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import duckdb

from lrbstore.errors import CannotWrite, ContractBroken, HashMismatch, MissingData, StoreLocked, UnknownName
from lrbstore.manifest import SCHEMA_VERSION, Manifest, sql_digest
from lrbstore.parquet import sync_folder

_NAME = re.compile(r"(\d+)-[0-9a-f]{8}")
_FOLDERS = ("data", "genomes", "chains", "releases")
#: Tables of what models say. They are not part of a release's content, so that those may be kept without a change of any example.
_OF_MODELS = frozenset({"model", "predictor", "prediction", "representation", "representation_set"})
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@dataclass(frozen=True)
class StoreFolder:
    """The folder of a store: which releases lie in it, and how one is added."""

    path: Path

    @property
    def exists(self) -> bool:
        """True where something has been published."""
        return (self.path / "CURRENT").is_file()

    @property
    def current(self) -> str:
        """Name of the current release.

        Raises:
            MissingData: If nothing has been published here.
            ContractBroken: If ``CURRENT`` is damaged, or gone from a store that has releases.
        """
        said = None
        while True:
            try:
                name = (self.path / "CURRENT").read_bytes().decode("utf-8", "replace").strip()
            except (FileNotFoundError, NotADirectoryError):
                self._refuse_headless()
                raise MissingData(
                    f"there is no store at {self.path}; make one with: lrbstore ingest SOURCE PATH… --store {self.path} (or lrbstore demo)"
                ) from None
            except OSError as error:
                raise MissingData(f"the store at {self.path} cannot be read: {error.strerror}; ask its owner for access") from error
            if _NAME.fullmatch(name) and self.manifest_path(name).is_file():
                return name
            if name == said:
                raise ContractBroken(
                    f"{self.path / 'CURRENT'} says {name[:40]!r}, which is not a release of this store; found: "
                    f"{', '.join(self._manifests()) or 'none'}; write the name of the newest good one into it, or restore it from a copy"
                )
            said = name  # a writer and gc may have come between the two looks: look once more

    def releases(self) -> list[str]:
        """List the releases that were published here, oldest first.

        A manifest newer than the current one was written by a writer that was killed before it could publish: it is not a release.
        """
        if not self.exists:
            return []
        newest = _number(self.current)
        return [name for name in self._manifests() if _number(name) <= newest]

    def _manifests(self) -> list[str]:
        names = [p.stem for p in (self.path / "releases").glob("*.json") if _NAME.fullmatch(p.stem)]
        return sorted(names, key=lambda name: (_number(name), name))

    def _refuse_headless(self) -> None:
        """Refuse a folder that has lost its ``CURRENT``: a new start there would hide every release, and ``gc`` would take them."""
        for name in reversed(self._manifests()):
            try:
                first = json.loads(self.manifest_path(name).read_bytes()).get("parent") is None
            except (OSError, ValueError, AttributeError):
                first = False
            if not first:  # a first release may be what a killed writer left
                raise ContractBroken(
                    f"{self.path / 'CURRENT'} is missing, but the store has releases (newest: {name}); "
                    "write the name of the newest good one into it, or restore the store from a copy"
                )

    def manifest_path(self, release: str) -> Path:
        """Return where the manifest of a release lies."""
        return self.path / "releases" / f"{release}.json"

    def manifest(self, release: str | None = None) -> Manifest:
        """Read the manifest of a release, the current one by default.

        Raises:
            UnknownName: If there is no such release.
            SchemaTooNew, SchemaTooOld: If another lrbstore wrote it.
            ContractBroken: If the manifest, or ``CURRENT``, is damaged.
        """
        current = self.current
        name = current if release is None else release
        known = self.releases()
        if name not in known:
            raise UnknownName("release", name, known)
        try:
            return Manifest.read(self.manifest_path(name))
        except FileNotFoundError:  # gc took it since
            raise UnknownName("release", name, self.releases()) from None

    @contextlib.contextmanager
    def writer(self) -> Iterator[Publication]:
        """Become the store's one writer and prepare the next release.

        Nothing is visible until :meth:`Publication.publish`; leaving without it removes the files that were written.

        Raises:
            StoreLocked: If another process is writing.
            SchemaTooNew, SchemaTooOld: If the store belongs to another lrbstore (nothing is touched).
            ContractBroken: If the store's manifest or ``CURRENT`` is damaged (nothing is touched).
            CannotWrite: If the disk is full or the folder cannot be written to; the store is as it was.
        """
        self._base()
        existed = self.path.exists()
        with self._seize():
            publication = Publication(self, self._base())  # another writer may have published between the first look and the lock
            shutil.rmtree(publication.scratch, ignore_errors=True)  # a killed writer's: we hold the lock, so it is nobody's
            try:
                yield publication
            except (OSError, duckdb.IOException) as error:
                # DuckDB, which spills into the scratch folder, gives the system's words alone.
                number = error.errno if isinstance(error, OSError) else next((n for n in _FULL if os.strerror(n) in str(error)), None)
                if number is not None and number in _FULL:
                    raise CannotWrite(
                        f"the store at {self.path} could not be written: {os.strerror(number)}; it is as it was: "
                        "make room, or give another folder with --store"
                    ) from error
                raise
            finally:
                shutil.rmtree(publication.scratch, ignore_errors=True)
                publication.discard()
                if not self.exists:  # nothing came of it: leave no folder with a lock in it
                    with contextlib.suppress(OSError):
                        (self.path / "lock").unlink()
                        if not existed:
                            self.path.rmdir()

    def _base(self) -> Manifest | None:
        if self.exists:
            return self.manifest()
        self._refuse_headless()
        return None

    def _seize(self) -> IO[str]:
        """Take the writer's lock; it is let go when the handle is closed, or its process ends."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = (self.path / "lock").open("a+")
        except OSError as error:
            raise CannotWrite(f"cannot write to the store at {self.path}: {error.strerror}; give another folder with --store") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A writer that leaves a new folder empty takes its lock file away: a lock on that one would keep nobody out.
            ours = (self.path / "lock").stat().st_ino == os.fstat(handle.fileno()).st_ino
        except OSError:
            ours = False
        if not ours:
            handle.close()
            raise StoreLocked(f"another process is writing to the store at {self.path}; wait for it to finish (readers need not wait)")
        return handle

    def open(self, release: str | None = None) -> tuple[Manifest, int]:
        """Read a manifest and mark its release as open, so that ``gc`` spares it.

        Args:
            release: Name of the release, the current one by default.

        Returns:
            The manifest, and a file descriptor; the release counts as open until it is closed.

        Raises:
            As :meth:`manifest`.
        """
        while True:
            try:
                manifest = self.manifest(release)
                held = os.open(self.manifest_path(manifest.release), os.O_RDONLY | os.O_CLOEXEC)
            except MissingData:  # there is no store: looking again would find none either
                raise
            except (UnknownName, FileNotFoundError):
                if release is not None:
                    raise UnknownName("release", release, self.releases()) from None
                continue  # another release was published and this one collected between two of our looks
            with contextlib.suppress(OSError):  # a file system without locks can still be read
                fcntl.flock(held, fcntl.LOCK_SH)
            if os.fstat(held).st_nlink:
                return manifest, held
            os.close(held)  # gc was faster

    def gc(self, keep: int = 1) -> tuple[list[str], list[Path], list[str]]:
        """Remove old releases and the files that only they needed.

        The newest ``keep`` releases, and every release that a reader has open, are spared.

        Args:
            keep: How many of the newest releases stay (the current one always does).

        Returns:
            Names of the removed releases, the removed files, and the old releases that were spared because they are open.

        Raises:
            StoreLocked: If a writer is at work.
            MissingData: If there is no store.
        """
        _ = self.current
        with self.writer():
            removed: list[str] = []
            spared: list[str] = []
            newest = set(self.releases()[-max(keep, 1) :]) | {self.current}
            for release in self.releases():
                if release in newest:
                    continue
                with self.manifest_path(release).open(encoding="utf-8") as handle:
                    try:
                        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except OSError:
                        spared.append(release)
                        continue
                    self.manifest_path(release).unlink()
                    removed.append(release)
            orphans = self.orphans()
            # Manifests first: what is half removed is then an orphan again, never a release that lacks files.
            for path in sorted(orphans, key=lambda p: p.parent.name != "releases"):
                path.unlink()
            _remove_empty_folders(self.path)
            return removed, orphans, spared

    def orphans(self) -> list[Path]:
        """List files that no release names: what a killed writer or a removed release left behind.

        Raises:
            ContractBroken: If a manifest cannot be read: then nobody knows which files it names.
        """
        named: set[Path] = {self.path / "CURRENT"}
        for release in self.releases():
            with contextlib.suppress(FileNotFoundError):  # gc may be at work beside us
                manifest = Manifest.read(self.manifest_path(release))
                named.add(self.manifest_path(release))
                named |= {self.path / f.path for f in manifest.files}
                named |= {self.path / p for g in manifest.genomes for p in (g.path, g.index, g.cache)}
                named |= {self.path / c.path for c in manifest.chains}
        real = {path.resolve() for path in named}
        found = [p for folder in (*_FOLDERS, "scratch") for p in (self.path / folder).rglob("*") if p.is_file()]
        found += list(self.path.glob(".*.writing"))
        return sorted(p for p in found if p not in named and p.resolve() not in real)


@dataclass
class Publication:
    """The next release while it is being prepared. Files named here are removed again unless :meth:`publish` is reached.

    Attributes:
        folder: The store.
        base: The release that this one follows, or None for a new store.
        files: Data files to add.
        written: Every file put into the store so far.
        release: Name of the release, once its manifest is being written.
    """

    folder: StoreFolder
    base: Manifest | None
    written: list[Path] = field(default_factory=list)
    release: str | None = None

    @property
    def scratch(self) -> Path:
        """The folder for what does not fit into memory; it is removed when the writer is done."""
        return self.folder.path / "scratch"

    def data_path(self, table: str, stem: str) -> Path:
        """Choose a fresh path for a data file; it counts as written from now on."""
        path = self.folder.path / "data" / table / f"{stem}-{uuid.uuid4().hex[:8]}.parquet"
        self.written.append(path)
        return path

    def publish(self, draft: Manifest) -> Manifest:
        """Make ``draft`` the current release.

        Args:
            draft: A manifest whose ``release``, ``parent`` and ``created`` are filled in here.

        Returns:
            The manifest as published. Its name is a running number and a digest of its content.
        """
        # Above every manifest that lies there, so that nothing a killed writer left is ever overwritten.
        number = 1 + max(map(_number, self.folder._manifests()), default=0)
        # Copies in other orders follow from the files that they were made of; what models predict changes no example.
        said = [f.sha256 for f in draft.files if f.order is None and f.table not in _OF_MODELS]
        content = hashlib.sha256("\n".join(sorted(said)).encode())
        content.update("\n".join(sorted(g.digest for g in draft.genomes)).encode() + draft.sql_digest.encode())
        content.update("".join(sorted(c.digest for c in draft.chains)).encode())
        manifest = draft.model_copy(
            update={
                "release": f"{number:04d}-{content.hexdigest()[:8]}",
                "parent": self.base.release if self.base else None,
                "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            }
        )
        self.release = manifest.release
        releases = self.folder.path / "releases"
        releases.mkdir(exist_ok=True)
        for folder in (self.folder.path / "data", self.folder.path / "genomes", self.folder.path / "chains", self.folder.path):
            if folder.is_dir():
                sync_folder(folder)  # new folders of tables must be as durable as the files in them
        _write_durably(self.folder.manifest_path(manifest.release), manifest.model_dump_json(indent=1))
        _write_durably(self.folder.path / "CURRENT", manifest.release + "\n")
        return manifest

    def check_base(self) -> None:
        """Refuse to build on damage: what is there is read to number repeats, to find new alleles, and stays part of the new release.

        Raises:
            HashMismatch: If a data file of the current release is gone or of another size.
        """
        for file in self.base.files if self.base else ():
            said = file.damage(self.folder.path)
            if said:
                raise HashMismatch(f"{said}; nothing was written: restore the file from a copy (lrbstore verify lists what is wrong)")

    def draft(self, **changes: object) -> Manifest:
        """Return the base manifest (or an empty one) with changes, ready for :meth:`publish`."""
        from lrbstore.version import __version__

        fresh = {"schema_version": SCHEMA_VERSION, "package_version": __version__, "sql_digest": sql_digest()}
        if self.base is None:
            return Manifest(release="", parent=None, created="", **fresh, **changes)
        return self.base.model_copy(update={**fresh, **changes})

    def discard(self) -> None:
        """Remove what was written, unless it has been published.

        What ``CURRENT`` says decides, and nothing else: an error may come after readers have begun to see the release.
        """
        if self.release is not None and self._is_visible():
            return
        root = self.folder.path
        written = [*self.written, *([self.folder.manifest_path(self.release)] if self.release else [])]
        aside = [path.with_name(f".{path.name}.writing") for path in (*written, root / "CURRENT")]
        for path in (*aside, *written):
            with contextlib.suppress(OSError):  # what cannot be removed is an orphan, which gc takes
                path.unlink(missing_ok=True)
        _remove_empty_folders(root)

    def _is_visible(self) -> bool:
        try:
            return (self.folder.path / "CURRENT").read_text(encoding="utf-8").strip() == self.release
        except FileNotFoundError:
            return False
        except OSError:
            return True  # nobody can tell: keep the files


def _number(release: str) -> int:
    return int(release.split("-", maxsplit=1)[0])


def _remove_empty_folders(root: Path) -> None:
    tops = [root / name for name in (*_FOLDERS, "scratch")]
    for folder in sorted((p for top in tops for p in (top, *top.rglob("*")) if p.is_dir()), reverse=True):
        with contextlib.suppress(OSError):  # only empty ones go
            folder.rmdir()


def _write_durably(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.writing")
    with aside.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(path)
    sync_folder(path.parent)
