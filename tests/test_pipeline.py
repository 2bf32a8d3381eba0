"""The pipeline's own parts: that the quick way of typing a column agrees with the slow one, cell by cell."""

from __future__ import annotations

import math

import duckdb
import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given

from lrbstore.ingest.pipeline import as_numbers

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
