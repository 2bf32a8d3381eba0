"""INFO taken apart: every rule by example, and many made-up texts against plain string splitting and the macro info_value."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from lrbstore.engine import connect
from lrbstore.ingest.info import InfoKeys, take_apart

ASKED = InfoKeys(("A", "AB", "CLNDN", "é", "none"), ("DB", "A", "no"), other=True)


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        yield connection


def by_hand(info: str | None) -> tuple[dict[str, str | None], dict[str, bool], str | None, str | None]:
    """Read one text: values, presence, the rest, the first key that comes again."""
    items = [] if info is None else info.split(";")
    keys = [item.split("=", 1)[0] for item in items]
    first = {key: item[len(key) + 1 :] for key, item in zip(reversed(keys), reversed(items), strict=True)}
    rest = [item for key, item in zip(keys, items, strict=True) if item and key not in {*ASKED.values, *ASKED.flags}]
    again = [key for i, key in enumerate(keys) if key and key in keys[:i]]
    return (
        {key: first.get(key) if first.get(key) not in {"", "."} else None for key in ASKED.values},
        {key: key in keys for key in ASKED.flags},
        ";".join(rest) or None,
        again[0] if again else None,
    )


def apart(texts: pa.Array) -> list[tuple[dict[str, str | None], dict[str, bool], str | None, str | None]]:
    columns = take_apart(texts, ASKED)
    names = ("info_item", "info_has", "info_other", "info_repeated")
    return list(zip(*(columns[name].to_pylist() for name in names), strict=True))


def test_the_keys_are_those_that_a_select_names() -> None:
    sql = "select t.info_item.AF_x, info_has.DB from typed as t where info_item.AF_x is null and my_info_item.no is null"
    assert InfoKeys.named_in(sql, "select info_item.B") == InfoKeys(("AF_x", "B"), ("DB",))
    assert InfoKeys.named_in("select info_has.DB, t.info_other") == InfoKeys((), ("DB",), other=True)
    assert not InfoKeys.named_in("select 1")


@pytest.mark.parametrize(
    "info",
    [
        *(
            "A=1;CLNDN=x",
            "CLNDNINCL=y;XCLNDN=z;CLNDN=x=1",
            "X=CLNDN=1",
            "A=;CLNDN=A=3",
            "DB;A=1",
            "DB=1",
            "A",
            "A=",
            "A=.",
            "A=..",
            "=x;;=",
        ),
        *("A=1;B=2;A=2", "A;A=2", "B;C;C;B", "A=1;;", ";", "", ".", "é=ß;A=é", "a=1;A=%3B", "A =1; A=2", None),
    ],
)
def test_one_text(info: str | None) -> None:
    assert apart(pa.array([info], pa.string())) == [by_hand(info)]


def test_many_texts_against_plain_splitting_and_the_macro(macros: duckdb.DuckDBPyConnection) -> None:
    draw = random.Random(5)
    endings = ["", "", "=", "=.", "=1", "=x=y", "=ß", "=%3B"]
    items = [f"{key}{ending}" for key in ("A", "AB", "CLNDN", "CLNDNINCL", "é", "DB", "a", "") for ending in endings]
    texts = [None if draw.random() < 0.1 else ";".join(draw.choices(items, k=draw.randrange(7))) for _ in range(2000)]
    column = pa.array(["of=the;slice=before", *texts], pa.string())[1:]
    assert apart(column) == [by_hand(text) for text in texts]
    macros.register("texts", pa.table({"info": column, "place": list(range(len(texts)))}))
    values = ", ".join(f"info_value(info, '{key}')" for key in ASKED.values)
    said = macros.execute(f"select {values} from texts order by place").fetchall()
    assert said == [tuple(values.values()) for values, *_ in apart(column)]


def test_more_keys_than_sixteen_bits_count() -> None:
    text = ";".join(f"K{i}=1" for i in range(70_000))
    columns = take_apart(pa.array([f"{text};A=2;K69999", "A=3"]), InfoKeys(("A",)))
    assert columns["info_item"].to_pylist() == [{"A": "2"}, {"A": "3"}]
    assert columns["info_repeated"].to_pylist() == ["K69999", None]


def test_slices_come_together_in_order() -> None:
    texts = [f"K{i}=1;A={i};K{i}" for i in range(20_000)]
    columns = take_apart(pa.array(texts), InfoKeys(("A",)))
    assert columns["info_item"].to_pylist() == [{"A": str(i)} for i in range(20_000)]
    assert columns["info_repeated"].to_pylist() == [f"K{i}" for i in range(20_000)]


@pytest.mark.parametrize("texts", [pa.array([], pa.string()), pa.array([None, None], pa.string()), pa.array(["", None])])
def test_nothing_to_take_apart(texts: pa.Array) -> None:
    assert apart(texts) == [by_hand(None)] * len(texts)
