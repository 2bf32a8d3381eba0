"""Which text of a reader's may be run as SQL, and how it is run: pure, nothing here touches a store.

Three walls stand behind each other, since each has a hole of its own. The text is one statement and a question (a ``copy`` inside a CTE
passes for one) that asks of tables, and not of the files they lie in or of the server. It is run inside a ``select * from (…)``, where such
a ``copy`` is refused, and where its rows are bounded. And the DuckDB that runs it reads the store's data files alone, within a time and a
memory, and its settings are locked: see :func:`lrbstore.dashboard.desk.locked`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from typing import Any

import duckdb

from lrbstore.errors import BadSpec
from lrbstore.layout import sql_folder

LENGTH = 20_000  #: Characters that a question may have.

#: What may be asked of by a name of DuckDB's own: what makes rows of the question's words alone, and what describes tables. All else of it
#: is kept out, of later versions too: files by their names, settings, and texts of views, in which stands where the store's files lie.
_MAKES_ROWS = frozenset({
    "generate_series", "json_each", "json_tree", "pg_timezone_names", "query", "query_table", "range",
    "repeat", "repeat_row", "summary", "test_all_types", "unnest",
})  # fmt: skip
_DESCRIBES = frozenset({"duckdb_columns", "duckdb_constraints", "duckdb_functions", "duckdb_keywords", "duckdb_tables", "duckdb_types"})
_DESCRIBES_IN = {"information_schema": frozenset(["columns", "schemata", "tables"])}
_OWN = ("duckdb_", "pg_", "pragma_", "sqlite_")  #: How the names of DuckDB's own views begin; the store has none that does.
#: Functions of a value that tell of the server, or that run what cannot be looked into.
_TELLS = frozenset(["current_setting", "getenv", "json_execute_serialized_sql", "json_serialize_plan", "pg_get_viewdef"])


_IS_FILE = re.compile(r"[/\\*?\[]")  #: Tables are called by words; a name with one of these is a file's, or that of many.


def admitted(text: str) -> str:
    """Admit one question.

    Args:
        text: What a reader wrote.

    Returns:
        It without the semicolons around it.

    Raises:
        BadSpec: If it is too long, is no SQL, is more or less than one statement, or one that is no question; or if it asks of anything
            but tables.
    """
    text = text.strip()
    if len(text) > LENGTH:
        raise BadSpec(f"the question has {len(text):,} characters; expected at most {LENGTH:,}")
    if "\0" in text:  # what follows it would be read by some and not by others
        raise BadSpec("the question has a NUL character; expected text")
    kinds = _kinds(text)
    if len(kinds) != 1:
        raise BadSpec(f"{len(kinds)} statements were given; expected one question")
    if kinds[0] == "MULTI":
        raise BadSpec("this is run as several statements; expected one question: name the columns of a pivot, as in pivot … on … in (…)")
    if kinds[0] != "SELECT":
        raise BadSpec(
            f"{kinds[0].lower()} is no question; expected select, from, with, values, describe, show or summarize: this page only reads"
        )
    question = _without_semicolons(text.lstrip("; \t\r\n"))
    _see_what_it_asks_of(question)
    return question


def bounded(question: str, rows: int) -> str:
    """Wrap a question so that it gives at most so many rows, and so that nothing but a question can be meant by it.

    The lines of its own keep a comment at the question's end from swallowing the rest.
    """
    return f"select * from (\n{question}\n) as q limit {rows}"


def _kinds(text: str) -> list[str]:
    """Name the kinds of the statements in a text."""
    try:
        return [str(statement.type).rpartition(".")[2] for statement in duckdb.extract_statements(text)]
    except duckdb.Error as error:
        raise BadSpec(f"this SQL cannot be run: {error}") from error


def _see_what_it_asks_of(question: str) -> None:
    """Refuse a question of anything but tables: in any part of it, and in the texts that it hands on to be run."""
    ahead: list[Any] = [_tree(question)]
    while ahead:
        node = ahead.pop()
        if isinstance(node, list):
            ahead += node
        if not isinstance(node, dict):
            continue
        ahead += node.values()
        kind = node.get("type")
        if kind == "BASE_TABLE":
            _see_name([node.get("schema_name"), node.get("table_name")])
        elif kind == "FUNCTION" and _called(node) in _TELLS:
            raise BadSpec(f"{_called(node)} is not answered here; expected a question of the tables")
        elif kind == "TABLE_FUNCTION":
            name = _called(node["function"])
            if name not in _MAKES_ROWS | _DESCRIBES | _looks_up():
                raise BadSpec(f"{name} is not answered here; expected a question of the tables: no file is read by its name")
            if name == "query":
                ahead += [_tree(text) for text in _texts(node["function"])]
            if name == "query_table":
                for text in _texts(node["function"]):
                    _see_name([text] if _IS_FILE.search(text) else text.replace('"', "").split("."))


def _see_name(path: Sequence[str | None]) -> None:
    """Refuse the name of a view of DuckDB's own, but for those that describe tables."""
    *schemas, name = [(part or "").lower() for part in path]
    if "." in name or _IS_FILE.search(name):
        raise BadSpec(f"{name} is not answered here; expected a question of the tables: no file is read by its name")
    known = [_DESCRIBES_IN[schema] for schema in schemas if schema in _DESCRIBES_IN]
    if any(name not in names for names in known) or (name.startswith(_OWN) and name not in _DESCRIBES):
        raise BadSpec(f"{name} is not answered here; expected a question of the tables, as duckdb_tables() and duckdb_columns() list them")


@functools.cache
def _looks_up() -> frozenset[str]:
    """Name the store's own functions that give rows: those of ``sql/lookups``."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((sql_folder() / "lookups").glob("*.sql"))]
    names = {name for text in texts for name in re.findall(r"create or replace macro (\w+)", text)}
    return frozenset(name for name in names if not name.startswith(_OWN))


def _called(function: dict[str, Any]) -> str:
    """Name a function, without the schema that it was called by."""
    return str(function["function_name"]).lower()


def _texts(function: dict[str, Any]) -> list[str]:
    """Give the texts that a function is called with to run it.

    Raises:
        BadSpec: If one is made by the question itself: it cannot be looked into before it is run.
    """
    given = [argument["expression"] for argument in function["arguments"][:1]]  # query(text), query_table(name or list of names, by_name)
    if given and given[0].get("function_name") == "list_value":
        given = [argument["expression"] for argument in given[0]["arguments"]]
    texts = [str(one["literal"]["text"]) for one in given if one.get("class") == "CONSTANT" and one["literal"].get("kind") == "STRING"]
    if len(texts) != len(given):
        raise BadSpec(f"{_called(function)} is called with what the question makes; expected plain text")
    return texts


def _tree(question: str) -> Any:
    """Parse a question."""
    try:
        ((said,),) = _parser().cursor().execute("select json_serialize_sql($question)", {"question": question}).fetchall()
        tree = json.loads(said)
    except RecursionError as error:
        raise BadSpec("the question is nested too deeply; expected a simpler one") from error
    except duckdb.Error as error:
        raise BadSpec(f"this SQL cannot be run: {error}") from error
    if tree["error"]:
        raise BadSpec(f"this SQL cannot be run: {tree.get('error_message', 'it cannot be parsed')}")
    return tree["statements"]


@functools.cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A DuckDB that parses and reads nothing."""
    return duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true"})


def _without_semicolons(text: str) -> str:
    """Cut off semicolons behind which nothing but comments stand; others are part of a text or a comment."""
    while (at := text.rfind(";")) >= 0:
        try:
            rest = _kinds(text[at + 1 :])
        except BadSpec:
            return text
        if rest:
            return text
        text = text[:at].rstrip()
    return text
