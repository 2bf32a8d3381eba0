"""Which copy of a united table answers a question.

``variant_record`` is kept in upstream's order, and once more in each order that its contract names (:class:`lrbstore.contract.Order`). The
copies have the same columns and, for the questions that are sent to them, the same rows; so nothing is at stake here but time. DuckDB's
own statistics then skip what a sorted copy need not read.

The question is parsed by DuckDB, and only the name of the table in its FROM is exchanged. A condition counts where it is one of those
joined by AND in the WHERE of the same SELECT: for an order that is a column's ``=`` or ``in``, for its last column also ``<``, ``>`` and
``between``. A SELECT that groups and has no such condition is sent to the complete order: it has one file where upstream has hundreds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from lrbstore.contract import Contract, Order, contract, contracts, parts_of, united_columns
from lrbstore.engine import read_parquet
from lrbstore.manifest import Manifest

SCHEMA = "sorted"  #: Of the views over copies; a view is made when a question is first sent to it.
_RANGES = {"COMPARE_LESSTHAN", "COMPARE_GREATERTHAN", "COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHANOREQUALTO"}


def routed(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[str, set[tuple[str, str]]]:
    """Exchange the name of a united table where a copy serves better.

    Args:
        connection: Any DuckDB; it parses and reads nothing.
        query: One statement.

    Returns:
        The statement, and the united tables with the orders that it now names; as it was, and none, where no copy serves it.
    """
    names = [c.name for c in contracts().values() if c.orders and c.name in query.lower()]
    if not names:
        return query, set()
    ((said,),) = connection.execute("select json_serialize_sql($query)", {"query": query}).fetchall()
    tree = json.loads(said)
    if tree["error"]:  # no select
        return query, set()
    text, found = query.encode(), set[tuple[str, str]]()
    for at, united, order, alias in sorted(_exchanges(tree, names), reverse=True):
        token = re.match(rb'(?:"?main"?\s*\.\s*)?(?:\b' + united.encode() + rb'\b|"' + united.encode() + rb'")', text[at:], re.IGNORECASE)
        if token is None:
            return query, set()
        name = f"{SCHEMA}.{united}_{order}{alias}"
        text = text[:at] + name.encode() + text[at + token.end() :]
        found.add((united, order))
    return text.decode(), found


def view_of_order(manifest: Manifest, root: Path, united: str, order: str) -> str:
    """Return the DDL of the view over a united table in an order.

    Files that are in no copy (of a store from before there were copies), or whose copy is damaged, are read as they stand.

    Args:
        manifest: The release.
        root: The store's folder.
        united: The united table.
        order: Name of the order.
    """
    rules = contract(united)
    by = next(o for o in rules.orders if o.name == order)
    copies, others = manifest.sorted_copies(united, order)
    whole = [c for c in copies if c.damage(root) is None]
    if len(whole) < len(copies):
        lost = {path for c in copies if c not in whole for path in c.made_of}
        others = [f for part in parts_of(united) for f in manifest.current(part.name) if f in others or f.path in lost]
    selects = [f"select * from {read_parquet(root / c.path for c in whole)}"] if whole else []
    for part in parts_of(united):
        if any(f.table == part.name for f in others) and (by.complete or by.columns[0] in part.column_names):
            files = read_parquet(root / f.path for f in others if f.table == part.name)
            selects.append(f"select {united_columns(rules, part)} from {files}")
    nothing = ", ".join(f"null::{c.type} as {c.name}" for c in rules.columns)
    return f"create view {SCHEMA}.{united}_{order} as {' union all '.join(selects) or f'select {nothing} where false'}"


def _exchanges(tree: Any, names: list[str]) -> Iterator[tuple[int, str, str, str]]:
    """List where a table's name stands (in bytes), the table, the order that serves there, and the alias that must be given."""
    named = list(_nodes(tree))
    hidden = {entry["key"].lower() for node in named if "cte_map" in node for entry in node["cte_map"]["map"]}
    # main.variant_record.pos names the table by its schema: no alias can stand for that.
    if any(len(node["column_names"]) > 2 for node in named if node.get("class") == "COLUMN_REF"):
        return
    for node in named:
        if node.get("type") != "SELECT_NODE":
            continue
        asked = list(_asked(node.get("where_clause")))
        groups = bool(node.get("group_expressions")) or node.get("aggregate_handling") == "FORCE_AGGREGATES"
        for table in _tables(node["from_table"]):
            name = table["table_name"].lower()
            if name not in names or name in hidden or table["schema_name"].lower() not in ("", "main") or table["catalog_name"]:
                continue
            called = (table["alias"] or name).lower()
            equal = {column for column, owner, is_range in asked if owner in ("", called) and not is_range}
            ranged = equal | {column for column, owner, _ in asked if owner in ("", called)}
            order = _serving(contract(name), equal, ranged, groups=groups)
            if order is not None:
                yield table["query_location"], name, order.name, "" if table["alias"] else f" as {name}"


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


def _asked(condition: dict[str, Any] | None) -> Iterator[tuple[str, str, bool]]:
    """List the columns that a WHERE bounds, each with the table it is said to be of ("" where that is not said), and whether by a range."""
    kind = (condition or {}).get("type")
    if condition is None or kind is None:
        return
    if kind == "CONJUNCTION_AND":
        for child in condition["children"]:
            yield from _asked(child)
        return
    if kind == "COMPARE_BETWEEN":
        sides = [condition["input"]]
    elif kind == "COMPARE_IN":
        sides = condition["children"][:1]
    elif kind == "COMPARE_EQUAL" or kind in _RANGES:
        sides = [condition["left"], condition["right"]]
        if all(side["class"] == "COLUMN_REF" for side in sides):  # a join
            return
    else:
        return
    for side in sides:
        if side["class"] == "COLUMN_REF":
            *owner, column = (name.lower() for name in side["column_names"])
            yield column, owner[-1] if owner else "", kind == "COMPARE_BETWEEN" or kind in _RANGES
