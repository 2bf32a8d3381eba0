"""What a source says about itself: ``ingest/<source>/source.toml``, read and checked. The list of sources is the list of folders.

A source has parts, one for each kind of file that its provider publishes. Most parts are delimited text: the TOML names the columns
with their types, and a SQL file beside it turns them into canonical columns. A part that is not text by rows names a function of the
folder's ``load.py`` instead.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Literal

import pydantic

from lrbstore.catalogue import SourceCard, said_plainly, tables_of
from lrbstore.contract import contracts
from lrbstore.errors import BadSpec, MissingData, UnknownName
from lrbstore.layout import ingest_folder

Type = Literal["VARCHAR", "BIGINT", "DOUBLE"]


class _Spec(pydantic.BaseModel, frozen=True, extra="forbid"):
    pass


class Part(_Spec):
    """One kind of file of a source.

    Attributes:
        name: The part's name inside its source.
        about: What a row of the file is, in one sentence.
        files: Patterns of the file's path, matched from its end (``*.v8.egenes.txt.gz``, ``bulk_rna_expression/gene_coordinates.csv``).
        tables: Tables that the part fills.
        columns: Upstream column → type; a type that ends in ``?`` marks a column that need not be there.
        also_called: Other headers under which a column is found.
        sql: The SQL file that turns typed columns into the part's first table.
        also: Further tables made from the accepted rows, each with its SQL file.
        loader: Name of a function in the folder's ``load.py`` for files that are not text by rows.
        together: Whether the loader takes a list of neighbouring files at once: for parts of hundreds of small files, each of which would
            have its SQL planned anew.
        delimiter, quote, null: How the text is cut, and which cells mean "no value".
        encoding: Of the text; a byte that it does not know refuses the file.
        titled: Whether a title line may stand above the header.
        headerless: Whether the first line is a row already: ``columns`` are then the file's, in order.
    """

    name: str
    about: str
    files: tuple[str, ...]
    tables: tuple[str, ...]
    columns: dict[str, str] = {}
    also_called: dict[str, tuple[str, ...]] = {}
    sql: str | None = None
    also: dict[str, str] = {}
    loader: str | None = None
    together: bool = False
    delimiter: str = ","
    quote: bool = True
    null: tuple[str, ...] = ("",)
    encoding: str = "utf-8"
    titled: bool = False
    headerless: bool = False

    @pydantic.model_validator(mode="after")
    def _complete(self) -> Part:
        if (self.sql is None) == (self.loader is None):
            raise ValueError(f"part {self.name!r} needs either sql or loader")
        if self.together and self.loader is None:
            raise ValueError(f"part {self.name!r} is loaded together, which needs a loader")
        for table in self.tables:
            if table not in contracts():
                raise ValueError(f"part {self.name!r} fills table {table!r}, which has no file under sql/tables")
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that a file must have."""
        return tuple(name for name, type_ in self.columns.items() if not type_.endswith("?"))


class SourceSpec(SourceCard):
    """A provider's data set, as its ``source.toml`` describes it: its card, and how it is loaded.

    Attributes:
        coordinates: In words: the base of upstream's positions.
        part: The kinds of file that it is made of.
    """

    coordinates: str
    part: tuple[Part, ...]

    @property
    def folder(self) -> Path:
        """The source's folder."""
        return ingest_folder() / self.name

    def module(self, name: str) -> ModuleType | None:
        """Import ``<folder>/<name>.py``, or return None where the source has no such file."""
        if not (self.folder / f"{name}.py").is_file():
            return None
        return importlib.import_module(f"lrbstore.ingest.{self.name}.{name}")


@functools.cache
def sources() -> dict[str, SourceSpec]:
    """Read every source under ``ingest/``.

    Raises:
        BadSpec: If a ``source.toml`` is not a source's description; names the file, the key and what was expected.
    """
    return {path.parent.name: _read(path) for path in sorted(ingest_folder().glob("*/source.toml"))}


def source(name: str) -> SourceSpec:
    """Look a source up by name.

    Raises:
        UnknownName: If no folder of that name is there; near names are offered.
    """
    try:
        return sources()[name]
    except KeyError:
        raise UnknownName("source", name, sources()) from None


def _read(path: Path) -> SourceSpec:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        return SourceSpec(name=path.parent.name, tables=tables_of(said), **said)
    except (tomllib.TOMLDecodeError, pydantic.ValidationError) as error:
        raise BadSpec(f"{path} does not describe a source: {said_plainly(error)}") from error


def find_files(spec: SourceSpec, paths: list[Path]) -> list[tuple[Part, Path]]:
    """Find the files of a source among files and folders.

    Args:
        spec: The source.
        paths: Files, or folders in the provider's own layout; none: what the source brings along in its own folder.

    Where names do not tell, the source does: ``is_part(part, path)`` of its ``load.py`` looks into a file whose name matches.

    Returns:
        Pairs of part and file, parts in the order of ``source.toml`` and files by name.

    Raises:
        MissingData: If a path does not exist, or nothing in the paths belongs to the source.
        ContractBroken: If a file whose name matches is none that the source knows.
    """
    paths = paths or [spec.folder]
    candidates: list[Path] = []
    for path in paths:
        if not path.exists():
            raise MissingData(f"{path} does not exist; give files or a folder in the provider's layout: {expected_layout(spec)}")
        candidates += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path.absolute()]
    found: list[tuple[Part, Path]] = []
    looks: Callable[[Part, Path], bool] | None = getattr(spec.module("load"), "is_part", None)
    for part in spec.part:
        for path in dict.fromkeys(candidates):
            if any(matches(path, pattern) for pattern in part.files) and (looks is None or looks(part, path)):
                found.append((part, path))
    if not found and paths == [spec.folder]:
        raise MissingData(f"source {spec.name!r} brings no files along; give files or a folder: {expected_layout(spec)}. {spec.bring}")
    if not found:
        given = ", ".join(str(p) for p in paths)
        raise MissingData(f"nothing of source {spec.name!r} was found in {given}; it is made of {expected_layout(spec)}")
    return found


def expected_layout(spec: SourceSpec) -> str:
    """Say which files a source is made of, for messages."""
    return "; ".join(f"{part.files[0]} ({part.name})" for part in spec.part)


def matches(path: Path, pattern: str) -> bool:
    """Tell whether the end of a path matches a pattern, folder by folder; a bare file given by hand matches by its name alone."""
    wanted = pattern.split("/")
    tail = path.parts[-len(wanted) :]
    return len(tail) == len(wanted) and all(fnmatch.fnmatchcase(t, w) for t, w in zip(tail, wanted, strict=True))
