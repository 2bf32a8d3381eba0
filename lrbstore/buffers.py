"""Memory of large batches, used again once a batch is gone.

Fresh memory of tens of megabytes is handed over by the system page by page, which takes longer than the copy into it. Whoever goes
through batches lets go of one before the next but one is made: its memory then serves again.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST = 8  #: Arrays that are remembered: those of two batches.
_WORTH = 1 << 16  #: Bytes from which memory is kept: what is smaller comes from the allocator's own store.


class Buffers:
    """Arrays for one reader's batches. An array is handed out again only when nothing refers to it, nor to a view of it, any more."""

    def __init__(self) -> None:
        self._blocks: list[npt.NDArray[np.uint8]] = []

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array of any content, as ``numpy.empty`` does."""
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if n_bytes < _WORTH:
            return np.empty(shape, dtype)
        for i in range(len(self._blocks)):
            if len(self._blocks[i]) == n_bytes and _references(self._blocks, i) == _ALONE:
                return self._blocks[i].view(dtype).reshape(shape)
        block = np.empty(n_bytes, np.uint8)
        self._blocks = [*self._blocks, block][-_MOST:]  # who keeps batches keeps their memory; here it is forgotten
        return block.view(dtype).reshape(shape)


def _references(blocks: list[npt.NDArray[np.uint8]], i: int) -> int:
    return sys.getrefcount(blocks[i])


_ALONE = _references([np.empty(0, np.uint8)], 0)  #: References to an array that only its list knows.
