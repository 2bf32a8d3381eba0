"""The pipeline's own parts: that the quick way of typing a column agrees with the slow one, cell by cell."""

from __future__ import annotations

import math

import duckdb
import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from lrbstore.ingest import cells, pipeline
from lrbstore.ingest.cells import as_numbers

PLAIN = (
    st.integers(-(10**19), 10**19).map(str) | st.floats().map(repr) | st.floats(allow_nan=False, allow_infinity=False).map("{:.6g}".format)
)
ODD = st.sampled_from(
    ["", " 1", "1 ", "+1", "1.0", "1e3", "1_0", "0x1F", "0X1F", "inf", "-NaN", "1e400", "1e-400", ".5", "5.", "--1", "٣", "1,5"]
)


@pytest.mark.parametrize("type_", ["BIGINT", "DOUBLE"])
@given(cells=st.lists(st.none() | PLAIN | ODD, max_size=6))
def test_plain_numbers_are_what_duckdb_makes_of_them(type_: str, cells: list[str | None]) -> None:
    found = as_numbers(pa.array(cells, pa.string()), type_)
    if found is None:
        return
    with duckdb.connect() as connection:
        for text, number in zip(cells, found.to_pylist(), strict=True):
            ((want,),) = connection.execute(f"select try_cast(?::VARCHAR as {type_})", [text]).fetchall()
            assert number == want
            assert number is None or math.isfinite(number)


@pytest.mark.parametrize("text", ["", " 1", "1.5", "1e3", "1_0", "0x1F", "inf", "9223372036854775808"])
def test_what_is_no_plain_whole_number_is_left_to_the_careful_way(text: str) -> None:
    assert as_numbers(pa.array(["1", text, None]), "BIGINT") is None


def test_plain_columns_take_the_quick_way() -> None:
    assert as_numbers(pa.array(["1", "-2", None]), "BIGINT").to_pylist() == [1, -2, None]
    assert as_numbers(pa.array(["1.5", "2e-300", None]), "DOUBLE").to_pylist() == [1.5, 2e-300, None]
    assert as_numbers(pa.array([None, None], pa.string()), "BIGINT").to_pylist() == [None, None]


@settings(deadline=None)
@given(
    pieces=st.lists(st.lists(st.integers(-(2**62), 2**62) | st.integers(0, 9), max_size=20), max_size=12),
    asked=st.lists(st.integers(0, 12)),
)
def test_taken_ids_are_those_that_were_added(pieces: list[list[int]], asked: list[int]) -> None:
    taken = pipeline.TakenIds(np.empty(0, np.int64))
    for piece in pieces:
        taken.add(np.array(piece, np.int64))
    held = [number for piece in pieces for number in piece]
    asked = asked + held
    assert len(taken) == len(held)
    assert taken.contain(np.array(asked, np.int64)).tolist() == [number in set(held) for number in asked]


@pytest.mark.parametrize(("most_bytes", "expected"), [(1 << 20, [7, 7, 6]), (1, [5, 1, 5, 1, 5, 1, 2])])
def test_chunks_are_full_or_of_so_many_bytes_and_keep_every_row_in_order(
    monkeypatch: pytest.MonkeyPatch, most_bytes: int, expected: list[int]
) -> None:
    monkeypatch.setattr(cells, "_CHUNK_BYTES", most_bytes)
    rows = pa.table({"x": list(range(20))})
    batches = iter([rows.slice(0, 6), rows.slice(6, 6), rows.slice(12, 6), rows.slice(18)])
    chunks = list(cells.in_chunks(batches, 7 if most_bytes > 1 else 5))
    assert [chunk.num_rows for chunk in chunks] == expected
    assert pa.concat_tables(chunks).equals(rows)
