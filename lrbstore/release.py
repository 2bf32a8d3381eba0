"""Releases on disk: one writer at a time, readers never disturbed, a crash leaves the old release or the new one.

    <store>/CURRENT            name of the release that readers open
    <store>/releases/*.json    manifests, one a release
    <store>/data/<table>/      immutable Parquet files
    <store>/genomes/           indexes and decoded forms of registered genomes
    <store>/lock               held by the one writer (an OS lock: a killed writer leaves none behind)

Publishing is: data files written aside, synced, renamed; then the manifest likewise; then ``CURRENT`` replaced. Only the last step is
visible to readers, and it is atomic.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from lrbstore.errors import MissingData, StoreLocked, UnknownName
from lrbstore.manifest import SCHEMA_VERSION, DataFile, Manifest, sql_digest
from lrbstore.parquet import sync_folder


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
        """
        try:
            return (self.path / "CURRENT").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise MissingData(
                f"there is no store at {self.path}; make one with: lrbstore ingest SOURCE PATH… --store {self.path} (or lrbstore demo)"
            ) from None

    def releases(self) -> list[str]:
        """List the releases that lie here, oldest first."""
        return sorted(p.stem for p in (self.path / "releases").glob("*.json"))

    def manifest_path(self, release: str) -> Path:
        """Return where the manifest of a release lies."""
        return self.path / "releases" / f"{release}.json"

    def manifest(self, release: str | None = None) -> Manifest:
        """Read the manifest of a release, the current one by default.

        Raises:
            UnknownName: If there is no such release.
            SchemaTooNew, SchemaTooOld: If another lrbstore wrote it.
        """
        name = self.current if release is None else release
        if not self.manifest_path(name).is_file():
            raise UnknownName("release", name, self.releases())
        return Manifest.read(self.manifest_path(name))

    @contextlib.contextmanager
    def writer(self) -> Iterator[Publication]:
        """Become the store's one writer and prepare the next release.

        Nothing is visible until :meth:`Publication.publish`; leaving without it removes the files that were written.

        Raises:
            StoreLocked: If another process is writing.
            SchemaTooNew, SchemaTooOld: If the store belongs to another lrbstore (nothing is touched).
        """
        base = self.manifest() if self.exists else None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = (self.path / "lock").open("a+")
        except OSError as error:
            raise StoreLocked(f"cannot write to the store at {self.path}: {error.strerror}; give another folder with --store") from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreLocked(
                    f"another process is writing to the store at {self.path}; wait for it to finish (readers need not wait)"
                ) from None
            if self.exists:  # another writer may have published between the first look and the lock
                base = self.manifest()
            publication = Publication(self, base)
            try:
                yield publication
            finally:
                publication.discard()

    def hold(self, release: str) -> IO[str]:
        """Mark a release as open for as long as the returned handle lives, so that ``gc`` spares it."""
        handle = self.manifest_path(release).open(encoding="utf-8")
        fcntl.flock(handle, fcntl.LOCK_SH)
        return handle

    def gc(self, keep: int = 1) -> tuple[list[str], list[Path], list[str]]:
        """Remove old releases and the files that only they needed.

        The newest ``keep`` releases, and every release that a reader has open, are spared.

        Args:
            keep: How many of the newest releases stay (the current one always does).

        Returns:
            Names of the removed releases, the removed files, and the old releases that were spared because they are open.

        Raises:
            StoreLocked: If a writer is at work.
        """
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
            for path in orphans:
                path.unlink()
            return removed, orphans, spared

    def orphans(self) -> list[Path]:
        """List data and genome files that no release names: what a killed writer or an old release left behind."""
        named: set[Path] = set()
        for release in self.releases():
            manifest = Manifest.read(self.manifest_path(release))
            named |= {self.path / f.path for f in manifest.files}
            named |= {self.path / p for g in manifest.genomes for p in (g.path, g.index)}
        found = [p for folder in ("data", "genomes") for p in (self.path / folder).rglob("*") if p.is_file()]
        return sorted(p for p in found if p not in named and p.resolve() not in {n.resolve() for n in named})


@dataclass
class Publication:
    """The next release while it is being prepared. Files named here are removed again unless :meth:`publish` is reached.

    Attributes:
        folder: The store.
        base: The release that this one follows, or None for a new store.
        files: Data files to add.
        written: Every file put into the store so far.
    """

    folder: StoreFolder
    base: Manifest | None
    written: list[Path] = field(default_factory=list)
    published: bool = False

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
        number = int(self.base.release.split("-")[0]) + 1 if self.base else 1
        content = hashlib.sha256("\n".join(sorted(f.sha256 for f in draft.files)).encode())
        content.update("\n".join(sorted(g.digest for g in draft.genomes)).encode() + draft.sql_digest.encode())
        manifest = draft.model_copy(
            update={
                "release": f"{number:04d}-{content.hexdigest()[:8]}",
                "parent": self.base.release if self.base else None,
                "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            }
        )
        releases = self.folder.path / "releases"
        releases.mkdir(exist_ok=True)
        _write_durably(self.folder.manifest_path(manifest.release), manifest.model_dump_json(indent=1))
        _write_durably(self.folder.path / "CURRENT", manifest.release + "\n")
        self.published = True
        return manifest

    def draft(self, **changes: object) -> Manifest:
        """Return the base manifest (or an empty one) with changes, ready for :meth:`publish`."""
        from lrbstore.version import __version__

        fresh = {"schema_version": SCHEMA_VERSION, "package_version": __version__, "sql_digest": sql_digest()}
        if self.base is None:
            return Manifest(release="", parent=None, created="", **fresh, **changes)  # type: ignore[arg-type]
        return self.base.model_copy(update={**fresh, **changes})

    def discard(self) -> None:
        """Remove what was written, unless it has been published."""
        if not self.published:
            for path in self.written:
                path.unlink(missing_ok=True)
                path.with_name(f".{path.name}.writing").unlink(missing_ok=True)


def without(files: tuple[DataFile, ...], dropped: set[str]) -> tuple[DataFile, ...]:
    """Return ``files`` less those whose path is in ``dropped``."""
    return tuple(f for f in files if f.path not in dropped)


def _write_durably(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.writing")
    with aside.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    aside.replace(path)
    sync_folder(path.parent)
