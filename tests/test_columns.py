"""Columns of batches against Python lists of the same values, and memory that is used again."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbstore.alleles import is_bases
from lrbstore.buffers import Buffers
from lrbstore.columns import Alleles, Decimals, Names, Texts, column_of, join
from lrbstore.encoding import NORMALISED
from lrbstore.packing import joined, packed

TEXT = st.lists(st.one_of(st.none(), st.sampled_from(["liver", "lung", ""])), max_size=40) | st.lists(
    st.none() | st.text(max_size=3), max_size=20
)
NUMBERS = st.lists(st.none() | st.integers(-(2**31), 2**31), max_size=20)
ALLELES = st.lists(st.none() | st.sampled_from(["", "A", "c", "N", ".", "*", "<DEL>", "ACGT", "gattaca", "R", "CN", "T" * 70]), max_size=30)


def _in_pieces(values: list[object], cuts: list[int]) -> list[list[object]]:
    edges = [0, *sorted(cut % (len(values) + 1) for cut in cuts), len(values)]
    return [values[a:b] for a, b in itertools.pairwise(edges)]


def _rows(data: st.DataObject, n: int) -> slice | np.ndarray:
    """Draw rows in any order, with repeats, or a slice."""
    if not n or data.draw(st.booleans()):
        first, last = sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))
        return slice(first, last)
    return np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=20)), np.int64)


def _listed(values: list[object], rows: slice | np.ndarray) -> list[object]:
    return values[rows] if isinstance(rows, slice) else [values[i] for i in rows.tolist()]


@given(data=st.data(), cuts=st.lists(st.integers(0, 100), max_size=3), kind=st.sampled_from(["str", "int64"]), is_packed=st.booleans())
def test_columns_give_what_lists_give(data: st.DataObject, cuts: list[int], kind: str, is_packed: bool) -> None:
    values = data.draw(TEXT if kind == "str" else NUMBERS)
    type_ = pa.string() if kind == "str" else pa.int64()
    pieces = [column_of(pa.chunked_array([pa.array(piece, type_)]), kind) for piece in _in_pieces(values, cuts)]
    column = join([piece.packed() for piece in pieces] if is_packed else pieces)
    rows = _rows(data, len(values))
    wanted, found = _listed(values, rows), column.take(rows)
    assert found.tolist() == wanted
    assert found.dtype == (object if kind == "str" or None in wanted else np.int64)
    before = column.take(slice(None)).tolist()
    found[...] = found[::-1].copy()  # what is handed out is the receiver's own
    assert column.take(slice(None)).tolist() == before


KEYS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.sampled_from(["0", "-0", "007", "+5", " 5", "-1", "9" * 18, "1" + "0" * 18, "9" * 19, "", "-", "1e3", "1.0", "\u0663", "x"]),
)


@given(keys=st.lists(KEYS, max_size=12), cuts=st.lists(st.integers(0, 100), max_size=2))
def test_ids_come_out_letter_by_letter_as_they_went_in(keys: list[str], cuts: list[int]) -> None:
    pieces = [column_of(pa.chunked_array([pa.array(piece, pa.string())]), "str", is_key=True) for piece in _in_pieces(list(keys), cuts)]
    assert join([piece.packed() for piece in pieces]).take(slice(None)).tolist() == keys


def test_ids_that_are_numbers_are_kept_as_numbers() -> None:
    def kept(*keys: str | None) -> object:
        return type(column_of(pa.chunked_array([pa.array(keys, pa.string())]), "str", is_key=True))

    assert kept("12", "-3", str(2**63 - 1), str(-(2**63))) is Decimals
    assert kept() is Decimals  # so that rows that are all left out do not turn the others to text
    for other in ("007", "+5", "-0", " 5", "chr1", str(2**63), None):
        assert kept("12", other) is Texts


@given(
    pieces=st.lists(
        st.lists(st.integers(-(2**40), 2**40), max_size=5)
        | st.lists(st.integers(-3, 3), max_size=5)
        | st.integers(1, 30_000).map(lambda n: [7] * n),
        min_size=1,
        max_size=4,
    )
)
def test_packed_numbers_are_the_same_numbers(pieces: list[list[int]]) -> None:
    arrays = [packed(np.array(piece, np.int64)) for piece in pieces]
    whole = joined(arrays)
    assert whole.tolist() == list(itertools.chain(*pieces))
    for values in (whole, *arrays):
        assert values.itemsize == 8 or not values.size or np.abs(values).max() < 2**31


def test_what_all_rows_have_is_kept_once() -> None:
    same = joined([packed(np.full(1_000_000, 2_048)) for _ in range(3)])
    assert same.shape == (3_000_000,)
    assert same.strides == (0,)
    zeros = joined([packed(np.array([0.0, 0.0])), packed(np.array([-0.0, -0.0]))])
    assert np.signbit(zeros).tolist() == [False, False, True, True]
    large = packed(np.arange(100_000))
    assert large.dtype == np.int32
    assert (large == np.arange(100_000)).all()


def test_text_that_says_few_things_is_kept_once() -> None:
    few = column_of(pa.chunked_array([["a", "b", None, "a"] * 10]), "str")
    assert isinstance(few, Names)
    assert few.codes.dtype == np.uint8
    keys = column_of(pa.chunked_array([[f"id {i}" for i in range(40)]]), "str", is_key=True)
    assert isinstance(keys, Texts)
    assert isinstance(join([few, keys]), Texts)
    many = join([column_of(pa.chunked_array([[f"{i % 70 + 70 * k}" for i in range(280)]]), "str") for k in range(5)])
    assert isinstance(many, Names)
    assert many.codes.dtype == np.uint16
    assert many.take(np.array([0, 1399])).tolist() == ["0", "349"]


@pytest.mark.parametrize(("type_", "values"), [(pa.float32(), [0.5, None, 2.0]), (pa.bool_(), [True, None, False])])
def test_a_missing_number_makes_objects_of_its_batch_alone(type_: pa.DataType, values: list[object]) -> None:
    column = column_of(pa.chunked_array([pa.array(values, type_)]), "float64" if type_ == pa.float32() else "bool")
    assert column.take(slice(0, 2)).tolist() == values[:2]
    assert column.take(slice(0, 2)).dtype == object
    assert column.take(np.array([2, 0])).dtype == (np.float64 if type_ == pa.float32() else np.bool_)


@given(values=ALLELES, data=st.data(), cuts=st.lists(st.integers(0, 100), max_size=3))
def test_alleles_are_what_their_text_is(values: list[str | None], data: st.DataObject, cuts: list[int]) -> None:
    alleles = Alleles.join([Alleles.of(pa.chunked_array([pa.array(piece, pa.string())])) for piece in _in_pieces(values, cuts)])
    for _ in range(2):  # what was taken can be taken from
        rows = _rows(data, len(values))
        values, alleles = _listed(values, rows), alleles.take(rows)
        letters = [(text or "").encode().translate(NORMALISED) for text in values]
        assert alleles.size.tolist() == [len(one) for one in letters]
        assert alleles.spelt.tolist() == [is_bases(text) for text in values]
        assert alleles.letter.tolist() == [one[0] if one else 0 for one in letters]
        chosen = np.flatnonzero(alleles.size > 0)[::-1]
        begin, size = alleles.span(chosen)
        laid_out = alleles.laid_out().tobytes()
        assert [laid_out[a : a + n] for a, n in zip(begin.tolist(), size.tolist(), strict=True)] == [letters[i] for i in chosen]


def test_alleles_of_a_slice_do_not_see_what_lies_before_it() -> None:
    column = pa.chunked_array([pa.array(["ACG", None, "t", "GA"]).slice(1)])
    alleles = Alleles.of(column)
    assert alleles.size.tolist() == [0, 1, 2]
    assert alleles.laid_out().tobytes() == b"GA\0TG"


def test_memory_is_used_again_only_when_nobody_has_it() -> None:
    def address(array: np.ndarray) -> int:
        return int(array.__array_interface__["data"][0])

    room = Buffers()
    first = room.empty((2, 1 << 20), np.uint8)
    at, view = address(first), first[1, 5:9]
    first[...] = 7
    del first
    second = room.empty((2, 1 << 20), np.uint8)
    second[...] = 0
    assert address(second) != at, "a view still has it"
    assert view.tolist() == [7] * 4
    del view
    third = room.empty((1 << 18,), np.float64)
    assert address(third) == at, "of as many bytes, whatever they are"
    held = [room.empty((1 << 21,), np.uint8) for _ in range(30)]
    assert len({address(one) for one in [*held, second, third]}) == 32
    small = room.empty((10,), np.int16)
    assert small.shape == (10,)
    assert small.base is None
