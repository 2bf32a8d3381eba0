"""Strata: SQL expressions over a task's examples. Named ones are files of ``sql/strata``; anybody adds their own.

``by="tissue"`` names a file; ``by="tss_distance:viztool"`` a preset of it; ``by="tss_distance:0,5000,50000"`` edges of one's own;
``by="viztool"`` is short for the preset where only one file has it. ``by="tss_distance_bp / 10000"`` is an expression over the examples'
columns or derived ones (:mod:`lrbstore.derived`), ``by="mine.sql"`` a file like those of ``sql/strata``, and ``by="tissue & viztool"``
crosses two or more. The hash of the SQL travels with every score.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lrbstore.bins import bin_label, bin_labels
from lrbstore.contract import head
from lrbstore.derived import DERIVED
from lrbstore.errors import BadSpec, MissingData, UnknownName
from lrbstore.layout import sql_folder


@dataclass(frozen=True)
class Stratifier:
    """A way to cut examples into strata.

    Attributes:
        name: As it stands in a score: ``tissue``, ``tss_distance:caduceus``.
        sql: Expression over the columns of a task's ``examples`` and derived ones; the stratum's name, or null.
        needs: Columns that the expression reads.
        about: What the strata are.
        order: The strata in their natural order, where there is one; others are sorted by name.
        is_own: An expression of the user's: of its type nothing is known yet, and a number that is not whole is cut down to the whole
            one below it.
    """

    name: str
    sql: str
    needs: tuple[str, ...]
    about: str
    order: tuple[str, ...] = ()
    is_own: bool = False

    @property
    def hash(self) -> str:
        """First 12 hex digits of sha256 over the SQL: the same hash means the same strata."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class _File:
    name: str
    about: str
    sql: str
    needs: tuple[str, ...]
    presets: dict[str, tuple[float, ...]]


@functools.cache
def _files() -> dict[str, _File]:
    return {path.stem: _read(path) for path in sorted((sql_folder() / "strata").glob("*.sql"))}


def _read(path: Path) -> _File:
    text = path.read_text(encoding="utf-8")
    presets = {m[1]: _edges(m[2], m[1]) for m in re.finditer(r"^-- preset (\w+): ([^|\n]*)", text, re.M)}
    about, keys = head(re.sub(r"^-- preset .*\n", "", text, flags=re.M))
    sql = " ".join(line for line in text.splitlines() if line.strip() and not line.startswith("--")).strip().removesuffix(";")
    return _File(path.stem, about, sql, tuple(c.strip() for c in keys.get("needs", "").split(",") if c.strip()), presets)


def file_names() -> list[str]:
    """List the files of ``sql/strata`` by name."""
    return list(_files())


def strata_names() -> list[str]:
    """List what ``by`` understands: file names, and ``file:preset``."""
    return [n for f in _files().values() for n in ([f"{f.name}:{p}" for p in f.presets] if f.presets else [f.name])]


def stratifiers(by: str | Sequence[str], columns: Sequence[str]) -> list[Stratifier]:
    """Understand ``by``: one way to cut examples, or several, each on its own.

    Args:
        by: See the module.
        columns: Names of the examples' columns, which expressions may read.

    Raises:
        UnknownName, BadSpec: As :func:`stratifier`.
    """
    return [_crossed([_one(part.strip(), columns) for part in re.split(r"\s&\s", one)]) for one in ([by] if isinstance(by, str) else by)]


def _crossed(parts: list[Stratifier]) -> Stratifier:
    """Cross ways to cut: a stratum is a stratum of each; null where one of them is."""
    if len(parts) == 1:
        return parts[0]
    if own := [p.name for p in parts if p.is_own]:
        raise BadSpec(f"stratum {own[0]!r} is an expression, and only named strata are crossed with '&'; put it into a file: mine.sql")
    ordered = all(p.order for p in parts)
    return Stratifier(
        " & ".join(p.name for p in parts),
        " || ' & ' || ".join(f"({p.sql})::VARCHAR" for p in parts),
        tuple(dict.fromkeys(column for p in parts for column in p.needs)),
        "; ".join(p.about for p in parts),
        tuple(" & ".join(names) for names in itertools.product(*(p.order for p in parts))) if ordered else (),
    )


def _one(by: str, columns: Sequence[str]) -> Stratifier:
    """Understand one way to cut: a name, a file, or an expression."""
    path = Path(by.partition(":")[0])
    if path.suffix == ".sql":
        if not path.is_file():
            raise MissingData(f"there is no file of a stratum at {path}")
        return stratifier(by.replace(str(path), path.stem, 1), {path.stem: _read(path)})
    try:
        return stratifier(by)
    except UnknownName:
        columns = [*columns, *(name for name in DERIVED if name not in columns)]  # why one is lacking is said when it is read
        read = tuple(column for column in columns if re.search(rf"\b{re.escape(column)}\b", by))
        if not read or (by not in columns and re.fullmatch(r"[\w.]+(:[-+\w., ]*)?", by)):
            raise
        return Stratifier(by, by, read, "an expression of the user's", is_own=True)


def stratifier(by: str, files: Mapping[str, _File] | None = None) -> Stratifier:
    """Understand a named stratum.

    Args:
        by: A file's name, alone or with a preset or edges after a colon; or a preset's name.
        files: Strata by name; those of ``sql/strata`` by default.

    Raises:
        UnknownName: If no file or preset is called so; near names are offered.
        BadSpec: If own edges are not ascending numbers, or the stratum has no edges.
    """
    name, _, detail = by.partition(":")
    files = _files() if files is None else files
    if name not in files and not detail:
        owners = [f for f in files.values() if name in f.presets]
        if len(owners) == 1:
            return stratifier(f"{owners[0].name}:{name}")
    if name not in files:
        raise UnknownName("stratum", by, [*files, *strata_names(), *(preset for f in files.values() for preset in f.presets)])
    file = files[name]
    if "$edges" not in file.sql:
        if detail:
            raise BadSpec(f"stratum {by!r}: {name} has no edges; use by={name!r}")
        return Stratifier(name, file.sql, file.needs, file.about)
    detail = detail or next(iter(file.presets))
    if detail in file.presets:
        edges = file.presets[detail]
    elif re.fullmatch(r"[-+0-9.eE_, ]+", detail):
        edges = _edges(detail, by)
    else:
        raise UnknownName(f"preset of {name}", detail, file.presets)
    order = (str(bin_label(edges[0] - 1, edges)), *bin_labels(edges))
    # Every digit of an edge: a shorter form would move it.
    sql = file.sql.replace("$edges", "[" + ", ".join(str(int(e)) if e.is_integer() else repr(e) for e in edges) + "]")
    return Stratifier(f"{name}:{detail.replace(' ', '')}", sql, file.needs, file.about, order)


def _edges(text: str, what: str) -> tuple[float, ...]:
    try:
        edges = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        edges = ()
    if not edges or list(edges) != sorted(set(edges)) or not all(map(math.isfinite, edges)):
        raise BadSpec(f"stratum {what!r}: edges {text.strip()!r}; expected ascending numbers, e.g. tss_distance:0,10000,100000")
    return edges
