"""Columns of examples as batches need them: made once for many rows, from which any rows are taken without a loop over them.

Numbers lie in arrays. Text that says few different things is a number a row and the texts once; ids that are whole numbers written out
are those numbers; other text stays in Arrow, which makes Python's own strings of it faster than any loop. Alleles, nearly all of one
base, are a letter a row, and the longer ones one after the other in one buffer.

A column can be packed (:mod:`lrbstore.packing`): what is taken out of it is as wide as it was.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore import encoding as enc
from lrbstore.packing import joined, packed

Rows = npt.NDArray[np.int64] | slice
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_FEW = 4  #: Text is kept once each if it comes that often on average.
_POWERS = 10 ** np.arange(1, 19, dtype=np.int64)
_SPELT = np.isin(np.arange(256), np.frombuffer(b"ACGTNacgtn", np.uint8))
_NORMALISED = np.frombuffer(enc.NORMALISED, np.uint8)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers, or any other values, in an array.

    Attributes:
        values: ``(n,)``, as wide as they need to be.
        dtype: What batches give.
        missing: bool ``(n,)``; None where no value is missing.
    """

    values: npt.NDArray[Any]
    dtype: npt.DTypeLike
    missing: BoolArray | None = None

    def take(self, rows: Rows) -> npt.NDArray[Any]:
        """Give some rows: an array of its own; of dtype object, and None for what is missing, if any of them is."""
        if self.missing is not None and (missing := self.missing[rows]).any():
            objects = self.values[rows].astype(object)
            objects[missing] = None
            return objects
        return self.values[rows].astype(self.dtype)

    def packed(self) -> Numbers:
        """Keep the same in fewer bytes."""
        return Numbers(packed(self.values), self.dtype, None if self.missing is None else packed(self.missing))


@dataclass(frozen=True, eq=False)
class Names:
    """Text that says few different things.

    Attributes:
        texts: Object array of the texts, and None at its end.
        codes: Unsigned ``(n,)``, place of each row's text.
    """

    texts: npt.NDArray[Any]
    codes: npt.NDArray[Any]

    def take(self, rows: Rows) -> npt.NDArray[Any]:
        """Give some rows as an object array of str, None where there is none."""
        return self.texts.take(self.codes[rows])

    def packed(self) -> Names:
        """Keep the same in fewer bytes."""
        return Names(self.texts, packed(self.codes))


@dataclass(frozen=True, eq=False)
class Decimals:
    """Text that is a whole number, written as Python writes it, in every row: ids."""

    values: Int64Array

    def take(self, rows: Rows) -> npt.NDArray[Any]:
        """Give some rows as an object array of str."""
        return np.array([*map(str, self.values[rows].tolist()), None], object)[:-1]

    def packed(self) -> Decimals:
        """Keep the same in fewer bytes."""
        return Decimals(packed(self.values))


@dataclass(frozen=True, eq=False)
class Texts:
    """Text that says something else in nearly every row, in Arrow."""

    values: pa.Array

    def take(self, rows: Rows) -> npt.NDArray[Any]:
        """Give some rows as an object array of str, None where there is none."""
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(len(self.values))
            some = self.values.slice(start, max(stop - start, 0))
        else:
            some = self.values.take(pa.array(rows))
        return np.asarray(some.to_numpy(zero_copy_only=False), object)

    def packed(self) -> Texts:
        """Arrow's form is packed already."""
        return self


Column = Numbers | Names | Decimals | Texts


def column_of(values: pa.ChunkedArray, dtype: str, *, is_key: bool = False) -> Column:
    """Make a column of values from Arrow.

    Args:
        values: The values.
        dtype: ``str``, or the numpy dtype of numbers.
        is_key: Every text is its own: not even looked whether there are few.
    """
    if dtype == "str":
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            return Numbers(np.array([*values.to_pylist(), None], object)[:-1], object)
        flat = values.combine_chunks()
        if is_key:
            if (numbers := _as_decimals(flat)) is not None:
                return Decimals(numbers)
        else:
            encoded = flat.dictionary_encode()
            if len(encoded.dictionary) * _FEW <= len(flat):
                texts = np.array([*encoded.dictionary.to_pylist(), None], object)
                return Names(texts, _narrow(encoded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False), len(texts)))
        return Texts(flat)
    if not values.null_count:
        return Numbers(values.to_numpy().astype(dtype), dtype)
    # What is beside a missing value is given as upstream has it.
    filled = pc.fill_null(values, False if pa.types.is_boolean(values.type) else 0).to_numpy()
    return Numbers(filled, dtype, values.is_null().to_numpy())


def _as_decimals(texts: pa.Array) -> Int64Array | None:
    """Read texts as whole numbers; None if one of them is none, or not written as Python would write it."""
    if texts.null_count or (len(texts) and not texts[0].as_py().removeprefix("-").isdigit()):
        return None
    try:
        values: Int64Array = texts.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    # The one way to write a number that has no needless letter: so its length tells.
    size = np.searchsorted(_POWERS, np.abs(values), side="right") + 1 + (values < 0)
    is_least = values == np.iinfo(np.int64).min  # its absolute value is none
    return values if (is_least | (size == pc.binary_length(texts).to_numpy())).all() else None


def join(pieces: Sequence[Column]) -> Column:
    """Put columns of the same thing one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    if all(isinstance(piece, Names) for piece in pieces):
        return _join_names([piece for piece in pieces if isinstance(piece, Names)])
    if all(isinstance(piece, Decimals) for piece in pieces):
        return Decimals(joined([piece.values for piece in pieces if isinstance(piece, Decimals)]))
    if any(isinstance(piece, Names | Decimals | Texts) for piece in pieces):
        arrays = [piece.values if isinstance(piece, Texts) else pa.array(piece.take(slice(None)), pa.string()) for piece in pieces]
        if sum(array.nbytes for array in arrays) > np.iinfo(np.int32).max:
            arrays = [array.cast(pa.large_string()) for array in arrays]
        return Texts(pa.concat_arrays(arrays))
    numbers = [piece for piece in pieces if isinstance(piece, Numbers)]
    values, dtype = joined([piece.values for piece in numbers]), numbers[0].dtype
    if all(piece.missing is None for piece in numbers):
        return Numbers(values, dtype)
    none = np.broadcast_to(np.False_, 1)
    return Numbers(values, dtype, joined([np.broadcast_to(none, len(p.values)) if p.missing is None else p.missing for p in numbers]))


def _join_names(pieces: Sequence[Names]) -> Names:
    places: dict[str | None, int] = {}
    codes = []
    for piece in pieces:
        own = [places.setdefault(text, len(places)) for text in piece.texts[:-1].tolist()]
        codes.append((np.array([*own, -1], np.int64), piece.codes))
    joined = np.concatenate([_narrow(np.where(table < 0, len(places), table)[some], len(places) + 1) for table, some in codes])
    return Names(np.array([*places, None], object), joined)


def _narrow(codes: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """Give codes below ``n`` in as few bytes as they need."""
    return codes.astype(np.min_scalar_type(max(n - 1, 0)))


@dataclass(frozen=True, eq=False)
class Alleles:
    """Alleles, in upper case, everything outside A, C, G, T as N.

    Attributes:
        letter: uint8 ``(n,)``, an allele's first letter; 0 where there is none.
        size: int32 ``(n,)``, letters; 0 where an allele is missing.
        spelt: bool ``(n,)``, the allele is written in A, C, G, T, N in upper or lower case.
        longer: int64, ascending: rows of more than one letter.
        offsets: int64 ``(longer + 1,)``, where the letters of each of them begin and end in ``letters``.
        letters: uint8, the letters of those one after the other.
    """

    letter: npt.NDArray[np.uint8]
    size: npt.NDArray[np.int32]
    spelt: BoolArray
    longer: Int64Array
    offsets: Int64Array
    letters: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.size)

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Alleles:
        """Take alleles out of a column of text."""
        text = column.combine_chunks().cast(pa.large_string())
        n = len(text)
        if not n:
            none, letters = np.zeros(0, np.int64), np.zeros(0, np.uint8)
            return cls(letters, none.astype(np.int32), none.astype(np.bool_), none, _offsets(none), letters)
        ends = np.frombuffer(text.buffers()[1], np.int64, n + 1, offset=8 * text.offset)
        size = np.diff(ends)
        size[text.is_null().to_numpy(zero_copy_only=False)] = 0  # what a null covers is nobody's
        raw = np.frombuffer(text.buffers()[2], np.uint8) if ends[-1] else np.zeros(1, np.uint8)
        first = raw[np.minimum(ends[:-1], len(raw) - 1)]
        letter = np.where(size > 0, _NORMALISED[first], 0).astype(np.uint8)
        spelt = (size > 0) & _SPELT[first]
        longer = np.flatnonzero(size > 1)
        offsets = _offsets(size[longer])
        at = np.repeat(ends[longer] - offsets[:-1], size[longer]) + np.arange(offsets[-1])
        found = raw[at]
        if len(longer):
            spelt[longer] = np.logical_and.reduceat(_SPELT[found], offsets[:-1])
        return cls(letter, size.astype(np.int32), spelt, longer, offsets, _NORMALISED[found])

    def take(self, rows: Rows) -> Alleles:
        """Give some rows."""
        size = self.size[rows].astype(np.int32, copy=False)
        mine = np.flatnonzero(size > 1)
        if isinstance(rows, slice):
            first = int(np.searchsorted(self.longer, rows.indices(len(self))[0]))
            places = np.arange(first, first + len(mine))
        else:
            places = np.searchsorted(self.longer, rows[mine])
        offsets = _offsets(size[mine])
        at = np.repeat(self.offsets[places] - offsets[:-1], size[mine]) + np.arange(offsets[-1])
        return Alleles(self.letter[rows], size, self.spelt[rows], mine, offsets, self.letters[at])

    def packed(self) -> Alleles:
        """Keep the same in fewer bytes."""
        return dataclasses.replace(self, letter=packed(self.letter), size=packed(self.size), spelt=packed(self.spelt))

    @classmethod
    def join(cls, pieces: Sequence[Alleles]) -> Alleles:
        """Put alleles one after the other."""
        rows = list(itertools.accumulate([len(piece) for piece in pieces], initial=0))
        letters = list(itertools.accumulate([len(piece.letters) for piece in pieces], initial=0))
        return cls(
            joined([piece.letter for piece in pieces]),
            joined([piece.size for piece in pieces]),
            joined([piece.spelt for piece in pieces]),
            np.concatenate([piece.longer + first for piece, first in zip(pieces, rows, strict=False)]),
            np.concatenate([np.zeros(1, np.int64), *(piece.offsets[1:] + first for piece, first in zip(pieces, letters, strict=False))]),
            np.concatenate([piece.letters for piece in pieces]),
        )

    def span(self, rows: npt.NDArray[Any]) -> tuple[Int64Array, Int64Array]:
        """Tell where the letters of some rows begin in :meth:`laid_out`, and how many each has."""
        size = self.size[rows].astype(np.int64)
        at = np.searchsorted(self.longer, rows)
        begin = np.where(size > 1, self.offsets[np.minimum(at, len(self.offsets) - 1)], len(self.letters) + np.asarray(rows))
        return begin, size

    def laid_out(self) -> npt.NDArray[np.uint8]:
        """Give the letters of the longer alleles one after the other, and behind them every row's first letter."""
        return np.concatenate([self.letters, self.letter])


def _offsets(sizes: npt.NDArray[Any]) -> Int64Array:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
