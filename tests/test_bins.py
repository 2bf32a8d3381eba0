"""Half-open bins: the DuckDB macros and their Python twin say the same, and what a table worked out by hand says."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrbstore.bins import bin_label, bin_labels, bin_ordinal
from lrbstore.errors import BadSpec

MACROS = Path(__file__).resolve().parents[1] / "sql" / "macros" / "bins.sql"
TSS_EDGES = [0, 30_000, 100_000]


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MACROS.read_text(encoding="utf-8"))
    return connection


def in_sql(db: duckdb.DuckDBPyConnection, x: float | None, edges: list[float]) -> tuple[int | None, str | None]:
    return db.execute(
        "select bin_ordinal($x::double, $edges::double[]), bin_label($x::double, $edges::double[])", {"x": x, "edges": edges}
    ).fetchone()


@pytest.mark.parametrize(
    ("x", "edges", "ordinal", "label"),
    [
        (0, TSS_EDGES, 0, "0-30k"),
        (29_999, TSS_EDGES, 0, "0-30k"),
        (30_000, TSS_EDGES, 1, "30k-100k"),
        (99_999.5, TSS_EDGES, 1, "30k-100k"),
        (100_000, TSS_EDGES, 2, "100k+"),
        (math.inf, TSS_EDGES, 2, "100k+"),
        (-0.0, TSS_EDGES, 0, "0-30k"),
        (-1, TSS_EDGES, -1, "<0"),
        (-math.inf, TSS_EDGES, -1, "<0"),
        (None, TSS_EDGES, None, None),
        (math.nan, TSS_EDGES, None, None),
        (0.075, [0.05, 0.075, 0.1], 1, "0.075-0.1"),
        (0.01, [0.05, 0.075, 0.1], -1, "<0.05"),
        (2_000_000, [1_000_000, 2_500_000], 0, "1M-2500k"),
        (2_500_001, [1_000_000, 2_500_000], 1, "2500k+"),
        (1_234, [999, 1_500], 0, "999-1500"),
        (-500, [-1_000, 0], 0, "-1k-0"),
        (7, [5], 0, "5+"),
        (4, [5], -1, "<5"),
    ],
)
def test_a_number_lies_in_one_named_bin(db, x, edges, ordinal, label):
    assert (bin_ordinal(x, edges), bin_label(x, edges)) == (ordinal, label)
    assert in_sql(db, x, edges) == (ordinal, label)


edge_numbers = st.one_of(
    st.integers(-3_000, 3_000).map(float),
    st.integers(-2_000, 2_000).map(lambda n: n * 500.0),
    st.integers(-10, 10).map(lambda n: n * 1e6),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.floats(-1.0, 1.0, allow_nan=False, allow_subnormal=False),
)
ascending = st.lists(edge_numbers, min_size=1, max_size=6, unique=True).map(sorted)


@settings(deadline=None, max_examples=200)
@given(data=st.data(), edges=ascending)
def test_the_macro_equals_its_twin(db, data, edges):
    x = data.draw(st.one_of(st.none(), st.sampled_from(edges), edge_numbers, st.sampled_from([math.nan, math.inf, -math.inf])))
    assert in_sql(db, x, edges) == (bin_ordinal(x, edges), bin_label(x, edges))


@settings(deadline=None, max_examples=100)
@given(edges=ascending, x=st.floats(-1e15, 1e15, allow_nan=False))
def test_every_number_from_the_first_edge_on_lies_in_exactly_one_bin(edges, x):
    inside = [ordinal for ordinal, low in enumerate(edges) if low <= x and (ordinal + 1 == len(edges) or x < edges[ordinal + 1])]
    assert inside == ([bin_ordinal(x, edges)] if x >= edges[0] else [])
    assert len(set(bin_labels(edges))) == len(edges)


def test_a_column_of_any_number_type_is_binned(db):
    for column_type in ("smallint", "bigint", "hugeint", "float", "double", "decimal(18, 2)"):
        numbers = f"(select unnest([-5, 0, 100, 5000])::{column_type} as x)"
        rows = db.execute(f"select bin_label(x, [0, 100, 1000]), typeof(bin_ordinal(x, [0, 100, 1000])) from {numbers}").fetchall()
        assert rows == [("<0", "BIGINT"), ("0-100", "BIGINT"), ("100-1k", "BIGINT"), ("1k+", "BIGINT")], column_type


def test_edges_may_be_decimal_literals(db):
    # 0.05 written in SQL is a DECIMAL, and all elements of a list share one scale
    assert db.execute("select bin_label(0.06::double, [.05, .075, 0.1])").fetchone() == ("0.05-0.075",)


@pytest.mark.parametrize(
    ("edges", "labels"),
    [(TSS_EDGES, ["0-30k", "30k-100k", "100k+"]), ([0, 1_000, 10_000], ["0-1k", "1k-10k", "10k+"]), ([0.5], ["0.5+"])],
)
def test_labels_are_listed_in_bin_order(db, edges, labels):
    assert bin_labels(edges) == labels
    assert db.execute("select bin_labels($edges)", {"edges": edges}).fetchone() == (labels,)


@pytest.mark.parametrize("edges", [[], [1, 1], [2, 1], [0, math.nan], [0, math.inf], [0, 2e15], [0, None, 5]])
def test_impossible_edges_are_refused_on_both_sides(db, edges):
    for function in (bin_ordinal, bin_label):
        with pytest.raises(BadSpec, match="strictly ascending"):
            function(1.0, edges)
    for macro in ("bin_ordinal", "bin_label"):
        with pytest.raises(duckdb.Error, match="strictly ascending"):
            db.execute(f"select {macro}(1.0, $edges::double[])", {"edges": edges}).fetchall()


def test_the_file_holds_macro_definitions_only():
    code = "\n".join(line for line in MACROS.read_text(encoding="utf-8").splitlines() if not line.startswith("--"))
    statements = [statement.strip() for statement in code.split(";") if statement.strip()]
    assert len(statements) == 5
    assert all(statement.startswith("create or replace macro ") for statement in statements)
