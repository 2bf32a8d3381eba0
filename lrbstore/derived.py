"""Derived columns: what is said of an example that no column of its view says, computed from its windows or its label when asked for.

A column is one entry of :data:`DERIVED`: a function under :func:`_derived` whose docstring says what the numbers are. Data sets name them
beside their view's own columns (:attr:`lrbstore.dataset.Dataset.columns`), so strata, expressions and clusters may read them.

Nothing is cut: letters are counted where they lie, each once however many windows share it (:meth:`lrbstore.bases.Bases.count`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lrbstore.alleles import REF_CHECKS
from lrbstore.bases import Counted, Int64Array, inside, is_at, is_gc
from lrbstore.catalogue import TaskSpec
from lrbstore.errors import BadSpec, LrbStoreError, MissingData
from lrbstore.kinds import KINDS, Windows
from lrbstore.store import Store

_WINDOWS_AT_ONCE = 1 << 20  #: Windows whose letters are counted in one walk over the sequences: some 200 bytes of memory each.
_CHECKED_AT_ONCE = 1 << 16  #: Windows whose REF is looked up at a time.
_LABELS_AT_ONCE = 1 << 25  #: Bytes of label vectors in memory at a time.


@dataclass(frozen=True, eq=False)
class Examples:
    """What derived columns are computed from: the examples of a data set, in its order.

    Attributes:
        spec: The task.
        store: The store.
        windows: The windows of n examples; may be packed.
        contig: Contig of each window, its place in the ``lengths`` of what windows are cut from; may be packed.
        labels: Gives the labels of some examples: an array whose first axis is they.
        ref_checks: Gives what the genome says of the REF of some windows: int8, places in ``REF_CHECKS``.
    """

    spec: TaskSpec
    store: Store
    windows: Windows
    contig: npt.NDArray[Any]
    labels: Callable[[slice], npt.NDArray[Any]]
    ref_checks: Callable[[slice], npt.NDArray[np.int8]]

    def by_window(self, n: int) -> Iterator[tuple[slice, Int64Array, Int64Array, Int64Array]]:
        """Go through the windows in blocks of n: which, contigs, starts and ends (0-based half-open; beyond the contig where padded)."""
        for first in range(0, len(self.contig), n):
            rows = slice(first, min(first + n, len(self.contig)))
            plan = self.windows.plan.take(rows)
            yield rows, self.contig[rows].astype(np.int64), plan.start, plan.end

    def pooled(self, add: np.ufunc, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Put what is said of each window (last axis) together for each example: of a combination over its members."""
        offsets = self.windows.offsets
        return values if offsets is None or not values.shape[-1] else np.asarray(add.reduceat(values, offsets[:-1], axis=-1))


@dataclass(frozen=True)
class Derived:
    """A derived column.

    Attributes:
        name: Its name.
        type: Its type.
        about: What it says.
        lacks: Says, as an error, why examples of a task cannot have it; None where they can. Without a store only what the task tells.
        compute: Computes it: one value an example. Raises where only the data tell that it is lacking.
    """

    name: str
    type: pa.DataType
    about: str
    lacks: Callable[[TaskSpec, Store | None], LrbStoreError | None]
    compute: Callable[[Examples], pa.Array]


DERIVED: Final[dict[str, Derived]] = {}
"""Derived columns by name."""


def _derived(
    type_: pa.DataType, lacks: Callable[[TaskSpec, Store | None], str | LrbStoreError | None]
) -> Callable[[Callable[[Examples], pa.Array]], Callable[[Examples], pa.Array]]:
    """Enter a function as the column of its name, whose docstring says what it is."""

    def enter(compute: Callable[[Examples], pa.Array]) -> Callable[[Examples], pa.Array]:
        name = compute.__name__

        def why(spec: TaskSpec, store: Store | None) -> LrbStoreError | None:
            found = lacks(spec, store)
            return _lacking(name, found) if isinstance(found, str) else found

        DERIVED[name] = Derived(name, type_, " ".join(str(compute.__doc__).split()), why, compute)
        return compute

    return enter


def _lacking(name: str, why: str) -> BadSpec:
    return BadSpec(f"the column {name} cannot be derived: {why}")


# ── what makes columns lacking ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _no_sequences(spec: TaskSpec, store: Store | None) -> LrbStoreError | None:
    if store is not None and spec.sequences is None:
        try:
            store.genome(spec.assembly)
        except MissingData as error:
            return error
    return None


def _no_case(spec: TaskSpec, store: Store | None) -> str | LrbStoreError | None:
    if spec.sequences is not None:
        return f"windows of {spec.name} are cut from table {spec.sequences.table}, and soft-masking is told by the letter case of a FASTA"
    return _no_sequences(spec, store)


def _no_ref(spec: TaskSpec, store: Store | None) -> str | LrbStoreError | None:
    return _no_sequences(spec, store) if KINDS[spec.kind].has_ref else f"examples of {spec.name} have no REF"


def _no_level(spec: TaskSpec, store: Store | None) -> str | None:
    del store
    label = spec.label
    said = label.positive or ", ".join(label.classes)
    return f"labels of {spec.name} are classes ({said}), which have no level" if said else None


# ── the columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@_derived(pa.float64(), _no_sequences)
def gc_share(examples: Examples) -> pa.Array:
    """G and C among A, C, G and T of the example's window, 0 to 1.

    As the genome has it, without ALT or knockout; of a combination over all members' windows; null where there is nothing but N.
    """
    gc, at = _counted(examples, [is_gc, is_at])
    return _share(gc, gc + at)


@_derived(pa.float64(), _no_sequences)
def n_share(examples: Examples) -> pa.Array:
    """N among the bases of the example's window as it is handed out, 0 to 1.

    Gaps, ambiguity codes, and what lies outside the contig; of a combination over all members' windows.
    """
    gc, at = _counted(examples, [is_gc, is_at])
    length = np.concatenate([np.zeros(0, np.int64), *(end - start for _, _, start, end in examples.by_window(_WINDOWS_AT_ONCE))])
    length = examples.pooled(np.add, length)
    return _share(length - gc - at, length)


@_derived(pa.float64(), _no_case)
def soft_masked_share(examples: Examples) -> pa.Array:
    """Lower-case letters among the bases that the registered FASTA has in the example's window, 0 to 1.

    Repeats, where the FASTA is soft-masked; of a combination over all members' windows; null where the FASTA has no base.
    """
    genome = examples.store.genome(examples.spec.assembly)
    masked, bases = np.zeros((2, len(examples.contig)), np.int64)
    for rows, contig, start, end in examples.by_window(_WINDOWS_AT_ONCE):
        masked[rows] = genome.count_soft_masked(contig, start, end)
        bases[rows] = np.subtract(*inside(genome.sizes[contig], start, end)[::-1])
    if not masked.any() and not genome.is_soft_masked():
        raise _lacking(
            "soft_masked_share", f"the FASTA registered for {genome.assembly}, {genome.record.path}, has no lower-case letter: register a "
            f"soft-masked one with `lrbstore genome add {genome.assembly} FASTA`"
        )  # fmt: skip
    return _share(*examples.pooled(np.add, np.stack([masked, bases])))


@_derived(pa.string(), _no_ref)
def ref_check(examples: Examples) -> pa.Array:
    """What the genome says of REF: match, swapped (it has ALT), mismatch, n, off_contig or unchecked.

    Of a combination all that it says of members, as match/mismatch.
    """
    said = np.zeros(len(examples.contig), np.int64)  # a bit for each thing that can be said
    for first in range(0, len(said), _CHECKED_AT_ONCE):
        rows = slice(first, min(first + _CHECKED_AT_ONCE, len(said)))
        said[rows] = 1 << examples.ref_checks(rows).astype(np.int64)
    bits, code = np.unique(examples.pooled(np.bitwise_or, said), return_inverse=True)
    names = ["/".join(name for place, name in enumerate(REF_CHECKS) if one >> place & 1) for one in bits.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(code, pa.int32()), pa.array(names, pa.string())).cast(pa.string())


@_derived(pa.float64(), _no_level)
def label_level(examples: Examples) -> pa.Array:
    """The label itself, or of a vector (tissues; bins and tracks of CAGE, at this window's length) the mean of its numbers."""
    n = len(examples.windows)
    level = np.full(n, np.nan)
    each = examples.labels(slice(0, min(n, 1))).nbytes or 1
    step = max(_LABELS_AT_ONCE // each, 1)
    for first in range(0, n, step):
        labels = examples.labels(slice(first, min(first + step, n)))
        level[first : first + len(labels)] = labels.reshape(len(labels), -1).mean(axis=1, dtype=np.float64)
    return pa.array(level, mask=np.isnan(level))


def _counted(examples: Examples, which: list[Counted]) -> npt.NDArray[np.int64]:
    """Count letters of each example: int64 (len(which), n)."""
    sequences = examples.store.sequences(examples.spec)
    found = np.zeros((len(which), len(examples.contig)), np.int64)
    for rows, contig, start, end in examples.by_window(_WINDOWS_AT_ONCE):
        found[:, rows] = sequences.count(which, contig, start, end)
    return examples.pooled(np.add, found)


def _share(some: Int64Array, of: Int64Array) -> pa.Array:
    return pa.array(some / np.maximum(of, 1), mask=of == 0)
