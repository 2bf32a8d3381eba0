"""Which text of a reader's may be run as SQL, and how it is run: pure, nothing here touches a store.

Three walls stand behind each other, since each has a hole of its own. The text is one statement and a question (a ``copy`` inside a CTE
passes for one). It is run inside a ``select * from (…)``, where such a ``copy`` is refused, and where its rows are bounded. And the DuckDB
that runs it reads the store's data files alone, within a time and a memory, and its settings are locked: see
:func:`lrbstore.dashboard.desk.locked`.
"""

from __future__ import annotations

import duckdb

from lrbstore.errors import BadSpec

LENGTH = 20_000  #: Characters that a question may have.


def admitted(text: str) -> str:
    """Admit one question.

    Args:
        text: What a reader wrote.

    Returns:
        It without the semicolons around it.

    Raises:
        BadSpec: If it is too long, is no SQL, is more or less than one statement, or one that is no question.
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
    return _without_semicolons(text.lstrip("; \t\r\n"))


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
