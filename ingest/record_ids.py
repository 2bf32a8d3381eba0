"""Record ids: a hash of a row's content, and what tells rows of the same content apart."""

from __future__ import annotations

import hashlib

import numpy as np


class TakenIds:
    """Ids that are given out already: a few ascending arrays, each less than half as long as the one before it.

    To keep them in one array would mean to sort it anew for each of a dump's 1,373 score sets.

    Args:
        ids: int64 (n,), in any order.
    """

    def __init__(self, ids: np.ndarray) -> None:
        self._runs: list[np.ndarray] = []
        self.add(ids)

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def add(self, ids: np.ndarray) -> None:
        """Take more ids, int64 (n,), in any order."""
        if not len(ids):
            return
        self._runs.append(np.sort(ids))
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")  # two ascending halves are merged at once

    def contain(self, ids: np.ndarray) -> np.ndarray:
        """Tell of each of some ids, int64 (n,), whether it is taken: bool (n,). Ascending ids are looked up much faster."""
        found = np.zeros(len(ids), np.bool_)
        for run in self._runs:
            found |= run[np.minimum(np.searchsorted(run, ids), len(run) - 1)] == ids
        return found


def number_repeats(base: np.ndarray, seen: np.ndarray | TakenIds) -> np.ndarray:
    """Tell repeats of the same content apart.

    Args:
        base: int64 (n,) hash of each row's content.
        seen: Int64 ids that are taken already.

    Returns:
        int64 (n,): ``base`` where the content is new, and for the k-th repeat a hash of base and k. Rows of the same content are
        interchangeable, so the set of ids does not depend on the order in which files came.
    """
    seen = seen if isinstance(seen, TakenIds) else TakenIds(seen)
    ids = base.copy()
    order = np.argsort(base, kind="stable")
    ordered = base[order]
    met = seen.contain(ordered)
    same = ordered[1:] == ordered[:-1]
    doubtful = met.copy()
    doubtful[1:] |= same
    doubtful[:-1] |= same
    taken = set(ordered[met].tolist())
    for i in np.sort(order[doubtful]).tolist():
        content, k, candidate = int(base[i]), 0, int(base[i])
        while candidate in taken or (k > 0 and seen.contain(np.array([candidate], np.int64))[0]):
            k += 1
            candidate = int.from_bytes(hashlib.md5(f"{content}\x1f{k}".encode(), usedforsecurity=False).digest()[:8], "big") >> 1
        taken.add(candidate)
        ids[i] = candidate
    return ids
