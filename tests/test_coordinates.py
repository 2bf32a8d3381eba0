"""Coordinates: the SQL macros and their Python twins agree, and what is turned round comes back."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbstore import coordinates
from lrbstore.layout import sql_folder

PLACE = st.integers(0, 60)
ARITY = {"start_of_pos": 1, "pos_of_start": 1, "interval_length": 2, "distance_bp": 2, "interval_overlaps": 4, "overlap_bp": 4}


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute((sql_folder() / "macros" / "coordinates.sql").read_text(encoding="utf-8"))
        yield connection


def asked(con, macro, values):
    marks = ", ".join("?::BIGINT" for _ in values)
    return con.execute(f"select {macro}({marks})", list(values)).fetchone()[0]


@pytest.mark.parametrize("macro", sorted(ARITY))
def test_macro_is_its_twin(con, macro):
    @given(st.lists(PLACE | st.integers(0, 2**40), min_size=ARITY[macro], max_size=ARITY[macro]))
    def check(values):
        assert asked(con, macro, values) == getattr(coordinates, macro)(*values)

    check()


@pytest.mark.parametrize("macro", sorted(ARITY))
def test_a_null_gives_null(con, macro):
    for place in range(ARITY[macro]):
        values = [5, 9, 6, 12][: ARITY[macro]]
        values[place] = None
        answer = asked(con, macro, values)
        # SQL's own logic: `false and null` is false; an overlap that other values rule out may be said to be none.
        assert answer is None or (macro == "interval_overlaps" and answer is False)


def test_every_macro_of_the_file_has_a_twin(con):
    names = {row[0] for row in con.execute("select distinct function_name from duckdb_functions() where not internal").fetchall()}
    assert names == set(ARITY)


@given(st.integers(1, 2**40))
def test_round_trip(pos):
    assert coordinates.pos_of_start(coordinates.start_of_pos(pos)) == pos
    start = coordinates.start_of_pos(pos)
    assert coordinates.interval_length(start, pos) == 1  # the base at pos is [pos - 1, pos)


@given(PLACE, PLACE, PLACE, PLACE)
def test_overlap_is_counting_shared_bases(a, b, c, d):
    shared = len(set(range(a, b)) & set(range(c, d)))
    assert coordinates.overlap_bp(a, b, c, d) == shared
    assert coordinates.interval_overlaps(a, b, c, d) is (shared > 0)
    assert coordinates.interval_overlaps(c, d, a, b) is (shared > 0)


@given(PLACE, PLACE)
def test_distance(a, b):
    assert coordinates.distance_bp(a, b) == coordinates.distance_bp(b, a) == len(range(min(a, b), max(a, b)))
