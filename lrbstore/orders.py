"""Which copy of a united table answers a question.

``variant_record`` is kept in upstream's order, and once more in each order that its contract names (:class:`lrbstore.contract.Order`). The
copies have the same columns and, for the questions that are sent to them, the same rows; so nothing is at stake here but time. DuckDB's
own statistics then skip what a sorted copy need not read.

The question is parsed by DuckDB, and only the name of the table in its FROM is exchanged. A condition counts where it is one of those
joined by AND in the WHERE of the same SELECT: for an order that is a column's ``=`` or ``in``, for its last column also ``<``, ``>`` and
``between``. A SELECT that groups and has no such condition is sent to the complete order: it has one file where upstream has hundreds.

Where a condition's values are known (constants and parameters), only those files of a copy are opened that can have such rows: each says
between which keys its rows lie, and lists the values that are few in it (its genes). DuckDB passes over every row group of a file that it
opens, and takes longer for that, in a copy of hundreds, than for the answer.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lrbstore.contract import Contract, Order, contract, contracts, parts_of, united_columns
from lrbstore.engine import read_parquet
from lrbstore.manifest import DataFile, Key, Manifest
from lrbstore.parquet import listed

SCHEMA = "sorted"  #: Of the views over copies; a view is made when a question is first sent to it.
#: Comparisons that bound a column from below or above; turned round where the column is on the right.
_LOWER, _UPPER = {"COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO"}, {"COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO"}
_JOINS = {"REGULAR", "CROSS", "NATURAL"}  #: After which a condition in the WHERE holds for the rows of the table, one by one.
_SHOWING = {"INNER", "LEFT", "RIGHT", "OUTER", "FULL"}  #: Joins that show the columns of both sides.
_SCALARS: dict[str, type] = {"VARCHAR": str, "BIGINT": int}  #: Whose order is the same in Python as in DuckDB.
_APART = 64  #: Values of one condition that are told apart; more are taken for all between the least and the greatest.

Place = tuple[int, str | int]  #: A value's place among all of its column: (1, value); null is the last.
Stretch = tuple[Place, Place]  #: Its first and its last place, both in it.
Bounds = Mapping[str, Sequence[Stretch]]  #: By column: where the values lie that a row must have.
_FIRST, _NULL, _LAST = (0, 0), (2, 0), (3, 0)  #: Places of what bounds nothing, and of null.


def routed(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    params: Mapping[str, Any] | Sequence[Any] | None,
    view: Callable[[str, Order, Bounds], str],
) -> str:
    """Exchange the name of a united table where a copy serves better.

    Args:
        connection: Any DuckDB; it parses and reads nothing.
        query: One statement.
        params: Its parameters.
        view: Given a united table, the order that serves, and the bounds that the question sets, returns the name of a view that has
            every row of the table within these bounds.

    Returns:
        The statement; as it was where no copy serves it.
    """
    names = [c.name for c in contracts().values() if c.orders and c.name in query.lower()]
    if not names:
        return query
    ((said,),) = connection.execute("select json_serialize_sql($query)", {"query": query}).fetchall()
    tree = json.loads(said)
    if tree["error"]:  # no select
        return query
    text = query.encode()
    for exchange in sorted(_exchanges(tree, names, _Values(params)), key=lambda e: -e.at):
        name = exchange.united.encode()
        token = re.match(rb'(?:"?main"?\s*\.\s*)?(?:\b' + name + rb'\b|"' + name + rb'")', text[exchange.at :], re.IGNORECASE)
        if token is None:
            return query
        put = view(exchange.united, exchange.order, exchange.bounds) + exchange.alias
        text = text[: exchange.at] + put.encode() + text[exchange.at + token.end() :]
    return text.decode()


class SortedCopies:
    """The sorted copies of a release.

    Args:
        manifest: The release.
        root: The store's folder.
    """

    def __init__(self, manifest: Manifest, root: Path) -> None:
        self._manifest, self._root = manifest, root
        self._whole: dict[tuple[str, str], tuple[list[DataFile], str]] = {}
        self._listed: dict[str, dict[str, bytes]] = {}

    def files(self, united: str, order: Order, bounds: Bounds) -> tuple[str, ...]:
        """List the files of the copies that can have rows within bounds.

        Args:
            united: The united table.
            order: The order.
            bounds: Where the values lie that a row must have; a column that is not named may have any.

        Returns:
            Their paths.
        """
        reach: list[tuple[tuple[Place, ...], tuple[Place, ...]]] = [((), ())]
        for column in order.columns:
            stretches = bounds.get(column, [(_FIRST, _LAST)])
            reach = [((*low, first), (*high, last)) for (low, high), (first, last) in itertools.product(reach, stretches)]
        copies, _ = self._there(united, order)
        return tuple(f.path for f in copies if _meets(f.span, reach) and self._has(f, order, bounds))

    def sql(self, united: str, order: Order, files: Sequence[str]) -> str:
        """Return the select over some files of the copies, and over all files that are in no copy.

        Files that are in no copy (of a store from before there were copies), or whose copy is damaged, are read as they stand.
        """
        rules = contract(united)
        _, others = self._there(united, order)
        selects = [f"select * from {read_parquet(self._root / path for path in files)}"] if files else []
        nothing = ", ".join(f"null::{c.type} as {c.name}" for c in rules.columns)
        return " union all ".join(filter(None, [*selects, others])) or f"select {nothing} where false"

    def _there(self, united: str, order: Order) -> tuple[list[DataFile], str]:
        """Give the files of the copies of which all files are there, and the select over the rows that are in none of these."""
        if (united, order.name) not in self._whole:
            rules = contract(united)
            copies, others = self._manifest.sorted_copies(united, order.name)
            lost = {path for copy in copies if copy.damage(self._root) for path in copy.made_of}
            others = [f for part in parts_of(united) for f in self._manifest.current(part.name) if f in others or f.path in lost]
            selects = [
                f"select {united_columns(rules, part)} from {read_parquet(self._root / f.path for f in others if f.table == part.name)}"
                for part in parts_of(united)
                if any(f.table == part.name for f in others) and (order.complete or order.columns[0] in part.column_names)
            ]
            self._whole[united, order.name] = [c for c in copies if lost.isdisjoint(c.made_of)], " union all ".join(selects)
        return self._whole[united, order.name]

    def _has(self, file: DataFile, order: Order, bounds: Bounds) -> bool:
        """Tell whether a file may have the values that are asked for of a column that the order is not sorted by."""
        for column in order.bloom:
            stretches = bounds.get(column)
            if stretches is None or any(first != last for first, last in stretches):
                continue
            if file.path not in self._listed:
                try:
                    self._listed[file.path] = listed(self._root / file.path)
                except (OSError, pa.ArrowException):  # DuckDB will say so
                    self._listed[file.path] = {}
            values = self._listed[file.path].get(column)
            if values is not None and not any(f"\0{value}\0".encode() in values for (_, value), _ in stretches):
                return False
        return True


def _meets(span: tuple[Key, Key] | None, reach: list[tuple[tuple[Place, ...], tuple[Place, ...]]]) -> bool:
    if span is None:
        return True
    first, last = (tuple(_NULL if value is None else (1, value) for value in key) for key in span)
    return any(low <= last and first <= high for low, high in reach)


@dataclass(frozen=True)
class _Asked:
    """What a condition says of a column: of which table ("" where that is not said), whether by a range, and where its values lie."""

    column: str
    owner: str
    is_range: bool
    stretches: Sequence[Stretch]


@dataclass(frozen=True)
class _Exchange:
    """Where a table's name stands (in bytes), the table, the order that serves there, its bounds, and the alias that must be given."""

    at: int
    united: str
    order: Order
    bounds: Bounds
    alias: str


class _Values:
    """The values of constants and parameters in a parsed question."""

    def __init__(self, params: Mapping[str, Any] | Sequence[Any] | None) -> None:
        named = isinstance(params, Mapping)
        self._params: dict[str, Any] = dict(params or {}) if named else {str(i): value for i, value in enumerate(params or (), 1)}

    def of(self, node: dict[str, Any]) -> Any:
        """Return a text or a whole number; None where it is neither, or no more than an expression."""
        if node["class"] == "PARAMETER":
            return self._params.get(node["identifier"])
        kind, text = (node["literal"]["kind"], node["literal"]["text"]) if node["class"] == "CONSTANT" else ("", "")
        return text if kind == "STRING" else int(text) if kind == "INTEGER" and re.fullmatch("-?[0-9]+", text) else None


def _exchanges(tree: Any, names: list[str], values: _Values) -> Iterator[_Exchange]:
    """List the names of united tables that are to be exchanged."""
    named = list(_nodes(tree))
    hidden = {entry["key"].lower() for node in named if "cte_map" in node for entry in node["cte_map"]["map"]}
    # main.variant_record.pos names the table by its schema: no alias can stand for that.
    if any(len(node["column_names"]) > 2 for node in named if node.get("class") == "COLUMN_REF"):
        return
    for node in named:
        if node.get("type") != "SELECT_NODE":
            continue
        asked = list(_asked(node.get("where_clause"), values))
        groups = bool(node.get("group_expressions")) or node.get("aggregate_handling") == "FORCE_AGGREGATES"
        for table in _tables(node["from_table"]):
            name = table["table_name"].lower()
            if name not in names or name in hidden or table["schema_name"].lower() not in ("", "main") or table["catalog_name"]:
                continue
            called = (table["alias"] or name).lower()
            own = [a for a in asked if a.owner in ("", called) and _holds(a, table, node)]
            order = _serving(contract(name), {a.column for a in own if not a.is_range}, {a.column for a in own}, groups=groups)
            if order is not None:
                alias = "" if table["alias"] else f" as {name}"
                yield _Exchange(table["query_location"], name, order, _bounds(contract(name), own), alias)


def _holds(asked: _Asked, table: dict[str, Any], select: dict[str, Any]) -> bool:
    """Tell whether rows of a table that do not meet a condition can be left out before anything else is done with them."""
    if table["column_name_alias"] or table["sample"] or select["sample"]:
        return False
    joins = [node for node in _nodes(select["from_table"]) if node.get("type") == "JOIN"]
    # An ASOF or a positional join takes other rows where some are missing.
    if any(join["ref_type"] not in _JOINS or join.get("ranking_expression") for join in joins):
        return False
    # A column without its table's name is this table's, as it would be ambiguous else; but a semi or an anti join hides those of its right.
    return bool(asked.owner) or all(join["join_type"] in _SHOWING for join in joins)


def _bounds(united: Contract, asked: list[_Asked]) -> Bounds:
    """Bring conditions together, by column: a row meets all of them."""
    types = {c.name: _SCALARS.get(c.type) for c in united.columns}

    def of_its_type(place: Place, column: str) -> bool:
        return place[0] != 1 or type(place[1]) is types[column]

    found: dict[str, list[Stretch]] = {}
    for one in asked:
        if types.get(one.column) and all(of_its_type(place, one.column) for stretch in one.stretches for place in stretch):
            both = itertools.product(found.get(one.column, [(_FIRST, _LAST)]), one.stretches)
            met = [(max(a, c), min(b, d)) for (a, b), (c, d) in both if max(a, c) <= min(b, d)]
            found[one.column] = met if len(met) <= _APART else [(min(first for first, _ in met), max(last for _, last in met))]
    return found


def _serving(united: Contract, equal: set[str], ranged: set[str], *, groups: bool) -> Order | None:
    """Choose the order for a question: most columns first; then what is rarest: a gene or an id, a trait, a tissue; then a contig."""

    def serves(order: Order) -> bool:
        return {*order.columns[:-1]} <= equal and order.columns[-1] in ranged and (len(order.columns) > 1 or order.columns[0] in equal)

    orders = sorted(united.orders, key=lambda o: -len(o.columns))
    found = [o for o in orders if serves(o) and len(o.columns) > 1]
    found += [o for o in orders if equal & set(o.bloom)]
    found += [o for o in reversed(orders) if serves(o)]
    found += [o for o in orders if o.columns[0] in equal]
    found += [o for o in orders if o.complete and groups]
    return next(iter(found), None)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _tables(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List the tables that a FROM names itself; its subqueries are SELECTs of their own."""
    if source["type"] == "BASE_TABLE":
        yield source
    elif source["type"] == "JOIN":
        yield from _tables(source["left"])
        yield from _tables(source["right"])


def _asked(condition: dict[str, Any] | None, values: _Values) -> Iterator[_Asked]:
    """List what a WHERE says of columns."""
    kind = (condition or {}).get("type")
    if condition is None or kind is None:
        return
    if kind == "CONJUNCTION_AND":
        for child in condition["children"]:
            yield from _asked(child, values)
        return

    def place(node: dict[str, Any], unknown: Place) -> Place:
        value = values.of(node)
        return unknown if value is None else (1, value)

    def point(node: dict[str, Any]) -> Stretch:
        return place(node, _FIRST), place(node, _LAST)

    if kind == "COMPARE_BETWEEN":
        said = [(condition["input"], [(place(condition["lower"], _FIRST), place(condition["upper"], _LAST))])]
    elif kind == "COMPARE_IN":
        said = [(condition["children"][0], [point(node) for node in condition["children"][1:]])]
    elif kind == "COMPARE_EQUAL" or kind in _LOWER | _UPPER:
        sides = [condition["left"], condition["right"]]
        if all(side["class"] == "COLUMN_REF" for side in sides):  # a join
            return
        said = []
        for side, other, below in ((*sides, kind in _LOWER), (*sides[::-1], kind in _UPPER)):
            first, last = point(other)
            said.append((side, [(first, last)] if kind == "COMPARE_EQUAL" else [(first, _LAST)] if below else [(_FIRST, last)]))
    else:
        return
    for side, stretches in said:
        if side["class"] == "COLUMN_REF":
            *owner, column = (name.lower() for name in side["column_names"])
            is_range = kind == "COMPARE_BETWEEN" or kind in _LOWER | _UPPER
            yield _Asked(column, owner[-1] if owner else "", is_range, stretches)
