"""The catalogue: tasks and sources as their folders describe them. Nothing is registered; a folder that is there is in the catalogue.

sql/tasks/<task>/task.toml              title, question, label, metrics, strata … (checked by :class:`TaskSpec`)
sql/tasks/<task>/examples.sql           one row per example; joins happen here and nowhere else
sql/tasks/<task>/<scheme>/<split>.sql   which examples are in a split, under a named scheme
ingest/<source>/source.toml             title, url, licence, citation …
"""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import pydantic

from lrbstore.assembly import assemblies
from lrbstore.contract import contracts, head, quote
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.layout import ingest_folder, sql_folder
from lrbstore.metrics import METRICS

ALL = "all"  #: In place of a split: every example of the task, those in no split too.


class _Spec(pydantic.BaseModel, frozen=True, extra="forbid"):
    pass


class Label(_Spec):
    """What is to be predicted.

    Attributes:
        key: Its key in an example and in a batch.
        dtype: numpy dtype that it is handed out as.
        column: Column of ``examples`` that holds it, for scalars.
        vectors: For vectors: ``table.column`` that holds them, keyed by the example's ``label_row``; a table alone where the columns
            are the rings of :mod:`lrbstore.cage`.
        tracks: For vectors: the table that names the last axis.
        bins: True where the label is an array bins × tracks whose bins follow from seq_len.
        unit: What the numbers are.
        positive: For two classes: what 1 means.
        classes: For several classes: their names in the order of the label's axis; ``column`` holds the name, the label is one-hot, and a
            prediction is one score for each class.
    """

    key: str
    dtype: str
    unit: str
    column: str | None = None
    vectors: str | None = None
    tracks: str | None = None
    bins: bool = False
    positive: str | None = None
    classes: tuple[str, ...] = ()


class Emit(_Spec):
    """A further key of an example.

    Attributes:
        column: The column of ``examples`` it comes from.
        dtype: ``str`` or a numpy one.
        members: For combinations: the column is a list with a value for each member.
    """

    column: str
    dtype: str
    members: bool = False


class MetricUse(_Spec):
    """A metric as a task uses it: with its transform of the labels and its options."""

    name: str
    transform: Literal["none", "log1p"] = "none"
    threshold: float | None = None

    @pydantic.field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in METRICS:
            raise ValueError(f"{name!r} is not a metric; known: {', '.join(sorted(METRICS))}")
        return name


class SequencesOf(_Spec):
    """Where windows are cut from, for a task whose sequences are not a genome's: a table with a sequence a row.

    Attributes:
        table: The table.
        name: Its column of names: what ``chrom`` of an example is.
        sequence: Its column of sequences, in bases.
    """

    table: str
    name: str
    sequence: str


class TaskSpec(_Spec):
    """A task as its folder describes it.

    Attributes:
        kind: ``point`` (a TSS), ``variant`` (ref and alt), ``cage`` (an interval with binned labels), ``combination`` (several variants),
            ``knockout`` (a gene as it is and knocked out): see :mod:`lrbstore.kinds`.
        assembly: What ``chrom`` and positions are on: an assembly, or the word for it where ``sequences`` is given.
        sequences: The table that windows are cut from, where it is not a genome. Then no genome need be registered.
        window: The default window policy.
        edge: What ``strict`` does with a window that leaves its contig, by default; ``lrb`` always drops.
        seq_len: The default window length in bp.
        emits: Further keys of an example, in the order in which they are handed out.
        remainder: Split scheme → which examples are in none of its splits, and why; every other scheme holds all examples.
        options: Columns that ``lrbstore.task(…, column=value)`` may filter by.
        fits: Column with the length of an example's contig, where contigs are short: ``lrbstore.task(…, fits=True)`` then takes the
            examples whose whole contig is at most ``seq_len`` long; the others stand in the ledger.
        direction: Whether a higher or a lower prediction means a higher label.
    """

    name: str
    title: str
    question: str
    example: str
    kind: Literal["point", "variant", "cage", "combination", "knockout"]
    assembly: str
    sequences: SequencesOf | None = None
    sources: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    window: Literal["lrb", "strict"]
    edge: Literal["drop", "pad", "shift", "error"] = "drop"
    seq_len: int
    split_scheme: str
    label: Label
    emits: dict[str, Emit]
    remainder: dict[str, str] = {}
    options: tuple[str, ...] = ()
    fits: str | None = None
    strata: tuple[str, ...] = ()
    metrics: tuple[MetricUse, ...]
    direction: Literal["higher", "lower"] = "higher"
    published: dict[str, int] = {}
    notes: str = ""
    licence: str
    citation: str

    @property
    def folder(self) -> Path:
        """The task's folder."""
        return sql_folder() / "tasks" / self.name

    @property
    def examples_sql(self) -> str:
        """The select that gives one row per example."""
        return _select(self.folder / "examples.sql")

    @functools.cached_property
    def columns(self) -> dict[str, str]:
        """Columns of ``examples`` with their meanings, in order, as far as ``examples.sql`` and the contracts say them.

        A column's own ``-- comment`` at the end of its line counts first; one that is passed through from a table means what it means
        there; a name that ``variant_record`` has means the same everywhere.
        """
        listed, _, read = self.examples_sql.rpartition("\nselect\n")[2].partition("\nfrom ")
        tables = {alias: table for table, alias in re.findall(r"\b(?:from|join) (\w+) as (\w+)", f"from {read}")}
        found = {}
        for line in listed.removeprefix("select\n").splitlines():
            code, _, comment = (part.strip() for part in line.partition("--"))
            passed = _PASSED_THROUGH.fullmatch(code.rstrip(","))
            name = (passed["new"] or passed["name"]) if passed else next(iter(_NAMED.findall(code)), None)
            if name is None:  # a line of a longer expression
                continue
            there = _meanings(tables.get(passed["alias"], "")).get(passed["name"]) if passed else None
            usual = {**_meanings("variant_record"), **_USUAL, **({self.label.column: self._label_said} if self.label.column else {})}
            if said := comment or (usual.get(name) if name in _USUAL else there) or usual.get(name):
                found[name] = said
        return found

    @property
    def _label_said(self) -> str:
        return f"the label: {self.label.unit}" + (f"; 1 means {self.label.positive}" if self.label.positive else "")

    @functools.cached_property
    def schemes(self) -> dict[str, dict[str, str]]:
        """Split schemes: scheme → split → the select that gives its examples."""
        return {
            folder.name: {path.stem: _select(path) for path in sorted(folder.glob("*.sql"))}
            for folder in sorted(self.folder.iterdir())
            if folder.is_dir()
        }

    def splits(self, scheme: str) -> tuple[str, ...]:
        """Names of a scheme's splits: train, validation, test, then any others by name."""
        order = ["train", "validation", "test"]
        return tuple(sorted(self.schemes[scheme], key=lambda s: (order.index(s) if s in order else len(order), s)))

    def view(self, scheme: str, split: str) -> str:
        """Name the view of a split: ``task.split`` under the default scheme, ``task.scheme_split`` under another."""
        if split == ALL:
            return f"{self.name}.examples"
        return f"{self.name}.{quote(split if scheme == self.split_scheme else f'{scheme}_{split}')}"

    @functools.cached_property
    def digest(self) -> str:
        """sha256 over the folder: the same digest means the same definition."""
        digest = hashlib.sha256()
        for path in sorted(p for p in self.folder.rglob("*") if p.suffix in {".sql", ".toml"}):
            digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


#: ``e.tss_distance as tss_distance_bp,`` and ``e.chrom,``: a table's own column, under its own name or another.
_PASSED_THROUGH = re.compile(r'(?P<alias>\w+)\."?(?P<name>\w+)"?(?:::\w+)?(?: as "?(?P<new>\w+)"?)?')
_NAMED = re.compile(r'(?:^| )as "?(\w+)"?,?$')
#: What every task's examples have, and no table.
_USUAL = {
    "example_id": "id of the example, unique in the task; predictions are given by it",
    "chromosome": "chrom without chr, as the published loader hands it out",
}


def _meanings(table: str) -> dict[str, str]:
    known = contracts().get(table)
    return {column.name: column.comment for column in known.columns} if known else {}


class SourceCard(_Spec):
    """What the reader needs of a source's description; how it is loaded is the ingest side's business.

    Attributes:
        name: Its folder's name.
        title, url, licence, citation: What it is, where its provider publishes it, under which terms, and what to cite.
        assemblies: Assemblies that its positions are on.
        bring: How a user gets the real files.
        tables: The stored tables that it fills.
    """

    name: str
    title: str
    url: str
    licence: str
    citation: str
    assemblies: tuple[str, ...]
    bring: str
    tables: tuple[str, ...]


@functools.cache
def task_specs() -> dict[str, TaskSpec]:
    """Read every task under ``sql/tasks``, by name.

    Raises:
        BadSpec: If a folder does not describe a task; names file, key and what was expected.
    """
    return {path.parent.name: _read(path) for path in sorted((sql_folder() / "tasks").glob("*/task.toml"))}


def task_spec(name: str) -> TaskSpec:
    """Look a task up by its name or one of its aliases.

    Raises:
        UnknownName: If there is no such task; near names are offered.
    """
    specs = task_specs()
    for spec in specs.values():
        if name == spec.name or name in spec.aliases:
            return spec
    raise UnknownName("task", name, [*specs, *(alias for spec in specs.values() for alias in spec.aliases)])


@functools.cache
def source_cards() -> dict[str, SourceCard]:
    """Read the description of every source, by name."""
    cards = {}
    for path in sorted(ingest_folder().glob("*/source.toml")):
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        card = {k: said[k] for k in SourceCard.model_fields if k not in {"name", "tables"}}
        cards[path.parent.name] = SourceCard(name=path.parent.name, tables=tables_of(said), **card)
    return cards


def said_plainly(error: Exception) -> str:
    """Say what is wrong with a definition file: key and rule, one a line's worth, without the library's own words."""
    if not isinstance(error, pydantic.ValidationError):
        return str(error)
    found = error.errors(include_url=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in found[:4]) + (" …" if len(found) > 4 else "")


def tables_of(said: dict[str, Any]) -> tuple[str, ...]:
    """List the stored tables that a ``source.toml`` says its parts fill."""
    return tuple(dict.fromkeys(table for part in said.get("part", ()) for table in part.get("tables", ())))


def _read(path: Path) -> TaskSpec:
    try:
        spec = TaskSpec(name=path.parent.name, **tomllib.loads(path.read_text(encoding="utf-8")))
        schemes = spec.schemes
        if spec.split_scheme not in schemes:
            raise ValueError(f"split_scheme {spec.split_scheme!r} has no folder; there are: {', '.join(schemes) or 'none'}")
        if unknown := set(spec.remainder) - set(schemes):
            raise ValueError(f"remainder names the scheme {sorted(unknown)[0]!r}, which has no folder; there are: {', '.join(schemes)}")
        if (spec.assembly in assemblies()) == (spec.sequences is not None):
            raise ValueError(
                f"assembly {spec.assembly!r} is none of {', '.join(assemblies())}, and no table of sequences is given"
                if spec.sequences is None
                else f"sequences are those of table {spec.sequences.table}, but assembly is {spec.assembly!r}; expected a word of their own"
            )
        if spec.edge != "drop" and spec.window == "lrb":
            raise ValueError(f"edge {spec.edge!r} does not go with window 'lrb', which always drops")
        if spec.kind != "combination" and (lists := [key for key, emit in spec.emits.items() if emit.members]):
            raise ValueError(f"emits.{lists[0]}: only an example of kind 'combination' has members")
        for scheme, splits in schemes.items():
            for split, text in splits.items():
                # A folder copied from another task must not go on reading that one's examples.
                if f"{spec.name}.examples" not in text:
                    raise ValueError(f"{scheme}/{split}.sql does not read {spec.name}.examples")
    except (tomllib.TOMLDecodeError, ValueError, OSError) as error:
        raise BadSpec(f"{path} does not describe a task: {said_plainly(error)}") from error
    return spec


def _select(path: Path) -> str:
    """Read a SQL file that holds one select, without its head comment and its closing semicolon."""
    text = path.read_text(encoding="utf-8")
    head(text)
    return text.strip().removesuffix(";")
