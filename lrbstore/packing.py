"""Arrays of millions of rows in as few bytes as their values need.

A data set that is shuffled holds a place, alleles and a label for every row. Most of what is said of a row is said of all of them (a
window's length, a point change's size), and no position needs eight bytes. What is packed is only read: rows are taken out of it, and
whoever takes them makes them as wide as they were.
"""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_NARROW = [(np.dtype(f"int{bits}"), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)]  #: With what they hold.
_WORTH = 1 << 16  #: Bytes that are worth memory of their own.


def packed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Keep the same values in fewer bytes.

    Args:
        values: ``(n,)``.

    Returns:
        What all rows have is kept once, as an array without a stride; whole numbers are as narrow as they fit. Floats stay as they are:
        of two that are equal, 0.0 and -0.0, one would be lost.
    """
    if not len(values) or values.dtype == object:
        return values
    if values.dtype.kind in "biu" and (values == values[0]).all():
        return np.broadcast_to(values[:1].copy()[0], values.shape)
    dtype = values.dtype
    if dtype.kind == "i":
        low, high = values.min(), values.max()
        dtype = next((narrow for narrow, least, most in _NARROW if least <= low and high <= most), dtype)
    return _apart(values, dtype)


def _apart(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Copy values to memory that goes back to the system as soon as it is let go: the allocator keeps what lies among other things."""
    n_bytes = len(values) * dtype.itemsize
    if n_bytes < _WORTH:
        return values.astype(dtype)
    copy = np.frombuffer(mmap.mmap(-1, n_bytes, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), dtype)
    copy[:] = values
    return copy


def joined(pieces: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Put packed arrays one after the other, each as wide as the widest; what all rows of all pieces have is still kept once."""
    some = [piece for piece in pieces if len(piece)]
    if some and all(piece.strides == (0,) and piece[0] == some[0][0] for piece in some):
        return np.broadcast_to(some[0][0], sum(map(len, some)))
    return np.concatenate(pieces)
