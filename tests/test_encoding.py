"""Encodings: each form says the same bases, and opposite strands are opposite."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrbstore import encoding as enc
from lrbstore.errors import BadSpec, UnknownName

ANY_BYTES = st.integers(1, 5).flatmap(
    lambda n: st.integers(0, 9).flatmap(lambda k: st.lists(st.binary(min_size=k, max_size=k), min_size=n, max_size=n))
)


def array(rows):
    return np.array([list(row) for row in rows], np.uint8).reshape(len(rows), len(rows[0]))


def plain_normalised(row):
    return "".join(c if c in "ACGT" else "N" for c in row.decode("latin-1").upper())


# 'ß'.upper() is 'SS' and 'µ' leaves latin-1: both are no bases, but change lengths; compare byte by byte instead.
def normalised_by_byte(row):
    return "".join(plain_normalised(bytes([byte])) if byte < 128 else "N" for byte in row)


@given(ANY_BYTES)
def test_every_encoding_says_the_same(rows):
    letters = enc.normalise(array(rows))
    text = [normalised_by_byte(row) for row in rows]
    assert enc.encode(letters, "text") == text
    assert enc.encode(letters, "bytes") is letters
    codes = enc.encode(letters, "codes")
    assert codes.dtype == np.int8
    assert codes.tolist() == [["ACGTN".index(c) for c in row] for row in text]
    hot = enc.encode(letters, "one_hot")
    assert hot.dtype == np.uint8
    assert hot.shape == (len(rows), 4, len(rows[0]))
    assert hot.transpose(0, 2, 1).tolist() == [[[int(c == base) for base in "ACGT"] for c in row] for row in text]
    assert np.array_equal(enc.from_codes(codes), letters)


@given(ANY_BYTES)
def test_letters_of_either_case_and_strange_ones_need_no_normalising_first(rows):
    raw = array(rows)
    letters = enc.normalise(raw)
    assert np.array_equal(enc.to_codes(raw), enc.to_codes(letters))
    assert np.array_equal(enc.one_hot(raw), enc.one_hot(letters))
    assert np.array_equal(enc.reverse_complement(raw), enc.reverse_complement(letters))


@given(st.lists(st.text("ACGTNacgtnRY-", max_size=12), min_size=1, max_size=4))
def test_reverse_complement(sequences):
    partner = {"A": "T", "C": "G", "G": "C", "T": "A"}
    for sequence in sequences:
        expected = "".join(partner.get(c.upper(), "N") for c in reversed(sequence))
        assert enc.reverse_complement_text(sequence) == expected
        one = np.frombuffer(sequence.encode(), np.uint8)
        assert enc.reverse_complement(one).tobytes().decode() == expected
        assert enc.to_text(enc.reverse_complement(one[None, :])) == [expected]
        assert enc.reverse_complement_text(expected) == "".join(c if c in "ACGT" else "N" for c in sequence.upper())


def test_reverse_complement_of_text_outside_ascii_keeps_the_length():
    assert enc.reverse_complement_text("Aéc") == "GNT"


def test_text_to_array_and_back():
    assert enc.to_text(enc.from_text(["ACGT", "nnnn"])) == ["ACGT", "nnnn"]
    assert enc.from_text([]).shape == (0, 0)
    assert enc.to_text(np.empty((3, 0), np.uint8)) == ["", "", ""]
    assert enc.from_text(["AC"]).flags.writeable
    with pytest.raises(BadSpec, match="from 1 to 2"):
        enc.from_text(["A", "AC"])
    with pytest.raises(BadSpec, match="ASCII"):
        enc.from_text(["é"])


def test_codes_outside_the_table_are_refused():
    with pytest.raises(BadSpec, match="-1"):
        enc.from_codes(np.array([[0, -1]], np.int8))
    with pytest.raises(IndexError):
        enc.from_codes(np.array([[5]], np.int8))


def test_unknown_encoding_offers_the_known_ones():
    with pytest.raises(UnknownName, match="one_hot"):
        enc.encode(np.zeros((1, 1), np.uint8), "onehot")
    assert enc.ENCODINGS == ("text", "bytes", "codes", "one_hot", "one_hot_float32")


@given(st.integers(0, 70), st.lists(st.booleans(), max_size=6), st.integers(0, 2**32))
def test_turned_rows_are_the_opposite_strand(length: int, turned: list[bool], seed: int) -> None:
    letters = np.random.default_rng(seed).choice(np.frombuffer(b"ACGTN", np.uint8), (len(turned), length))
    rows = np.array(turned, np.bool_)
    wanted = np.where(rows[:, None], enc.reverse_complement(letters), letters)
    enc.turn(letters, rows)
    assert np.array_equal(letters, wanted)
