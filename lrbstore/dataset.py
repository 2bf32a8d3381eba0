"""A data set: the examples of one split at one window length, with sequences cut only when they are asked for.

Rows stream from the split's view in upstream's order; a window policy (:mod:`lrbstore.window`) says which of them have a window; what is
left out stands in the ledger. The first batch needs the first rows only. ``len``, indexing and shuffling need every row's place once: from
then on all batches come from that index, and the store is not asked again.

Rows become arrays and columns (:class:`_Held`) a few thousand at a time while they stream, all of them for the index. A batch is some rows
of those, by number: no Python runs a row, but for alleles of several bases and, of knocked-out genes, the stretch that is masked.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import operator
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lrbstore import encoding as enc
from lrbstore.alleles import REF_CHECKS
from lrbstore.bases import Sequences
from lrbstore.buffers import Buffers
from lrbstore.cage import Central
from lrbstore.catalogue import TaskSpec, task_spec
from lrbstore.columns import Column, Numbers, Rows, column_of, join
from lrbstore.contract import quote
from lrbstore.derived import DERIVED, Examples
from lrbstore.errors import BadSpec, ContractBroken, LrbStoreError, UnknownName
from lrbstore.kinds import KINDS, Kind, Seen, Spots, Windows, ref_checks, seen_in
from lrbstore.loaders import arrow_reader, hf_dataset, hf_stream, torch_batches, torch_dataset
from lrbstore.packing import joined, packed
from lrbstore.parquet import Form, Plain, Vectors
from lrbstore.store import Store, damage_said
from lrbstore.window import CONTIG_NOT_IN_GENOME, CONTIG_UNKNOWN, REASON_TEXT, REASONS, WindowSpec, cage_bins

Filters = dict[str, str | bool]

_STREAM_ROWS = 4_096  #: Rows planned at a time while streaming.
_INDEX_ROWS = 131_072  #: Rows planned at a time where all of them are.
_STRETCH = 1 << 22  #: Bytes of one sequence's array that are cut at once where batches are smaller: enough for two threads.
_LABEL = ""  #: Key of the column of labels: no task can emit it.
_REF_CHECKS = np.array(REF_CHECKS, object)


@dataclass(frozen=True, eq=False)
class _Held:
    """Rows that all have their windows, as batches are made of them.

    Attributes:
        windows: Their windows.
        spots: Where each window lies and what is done to it.
        columns: Key of a batch → column; ids, labels (a value, or the row of a vector) and what is emitted, of members member by member.
        more: Key of a batch → what follows from the windows, one value a window.
        checks: int8, one a window: what the genome says of REF, a place in ``REF_CHECKS``; -1 where it was not asked yet.
    """

    windows: Windows
    spots: Spots
    columns: dict[str, Column]
    more: dict[str, npt.NDArray[Any]]
    checks: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.windows)

    def packed(self) -> _Held:
        """Keep the same in fewer bytes, to take rows out of it: an index holds them all."""
        columns = {key: column.packed() for key, column in self.columns.items()}
        more = {key: packed(values) if (values == values[:1]).all() else values for key, values in self.more.items()}  # of their dtype
        return dataclasses.replace(self, windows=self.windows.packed(), spots=self.spots.packed(), columns=columns, more=more)

    @classmethod
    def join(cls, pieces: Sequence[_Held]) -> _Held:
        """Put rows one after the other. The pieces lose their columns as they are joined: all of them twice would be much."""
        columns = {key: join([piece.columns.pop(key) for piece in pieces]) for key in list(pieces[0].columns)}
        return cls(
            Windows.join([p.windows for p in pieces]),
            Spots.join([p.spots for p in pieces]),
            columns,
            {key: joined([piece.more[key] for piece in pieces]) for key in pieces[0].more},
            np.concatenate([piece.checks for piece in pieces]),
        )


@dataclass(frozen=True, eq=False)
class _Index:
    """All rows of a split: those that are examples, and of the others the windows that they would have had, with their numbers."""

    kept: _Held
    dropped: Windows
    dropped_rows: npt.NDArray[np.int64]


class Dataset(Sequence[dict[str, Any]]):
    """The examples of a split, each with its window. Made by a task (``task.test``), not by hand.

    ``ds[i]`` follows upstream's row order, less the rows that the window policy left out. A data set can be pickled and may cross a
    fork: each process opens the store and the genome for itself.

    Args:
        store: An open store; rows come from it as long as it is open.
        spec: The task.
        scheme: Name of the split scheme.
        split: Name of the split.
        window: Window length, policy, edge and REF settings.
        filters: Columns of the examples that must have a value (the task's options); ``fits`` where only whole contigs are asked for.
    """

    def __init__(self, store: Store, spec: TaskSpec, scheme: str, split: str, window: WindowSpec, filters: Filters) -> None:
        self.spec, self.scheme, self.split, self.window, self.filters = spec, scheme, split, window, dict(filters)
        self.store, self._path, self._release = store, store.path, store.release
        self._to_hold: tuple[str, ...] = ()  # columns of the examples that are read with the index, and
        self._in_memory: dict[str, pa.ChunkedArray] = {}  # those that hold() keeps,
        self._holding = threading.Lock()  # one after the other

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self._path, self._release, self.spec.name, self.scheme, self.split, self.window, self.filters)

    def __repr__(self) -> str:
        counted = f"{len(self):,} examples, {len(self._index.dropped_rows):,} left out" if "_index" in self.__dict__ else "not counted yet"
        return f"<{self.spec.name}.{self.split}: {self.spec.assembly}, {as_arguments(self.settings)}\n {counted}; release {self._release}>"

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def __len__(self) -> int:
        return len(self._index.kept)

    def __getitem__(self, item: Any) -> Any:
        """Return one example, or a list of them for a slice.

        Returns:
            A dict with the published loader's keys: sequences as ``str``, ``chromosome`` without ``chr``, labels as numpy, and
            ``example_id``. What is said of each member of a combination is a list, or an array, in member order.

        Raises:
            IndexError: Beyond the last example.
            TypeError: If the index is no whole number.
            MissingData: If no genome is registered for the task's assembly.
        """
        if isinstance(item, slice):
            return [self[i] for i in range(*item.indices(len(self)))]
        return self.example(operator.index(item))

    def example(self, i: int, *, encoding: str = "text") -> dict[str, Any]:
        """Return example ``i`` with its sequences in an encoding; ``ds[i]`` is ``ds.example(i)``.

        Args:
            i: Place in the data set; negative from its end.
            encoding: ``text`` str; ``bytes`` uint8 (L,); ``codes`` int8 (L,); ``one_hot`` uint8 (4, L);
                ``one_hot_float32`` float32 (4, L). Of a combination of m members a list of m str, or the arrays with m in front.

        Raises:
            IndexError: Beyond the last example.
            UnknownName: If there is no such encoding.
            MissingData: If no genome is registered for the task's assembly.
        """
        enc.check_encoding(encoding)
        if not -len(self) <= i < len(self):
            raise IndexError(f"example {i} of {len(self)}" + ("" if len(self) else "; no row has a window of this length: see dropped()"))
        return next(self.unbatch(self.take([i % len(self)], encoding)))

    def take(self, rows: npt.ArrayLike, encoding: str = "bytes", room: Buffers | None = None) -> dict[str, Any]:
        """Return some examples as one batch.

        Args:
            rows: Integer, shape ``(n,)``: places in the data set, from 0, in any order; the batch is in that order.
            encoding: See :meth:`batches`.
            room: Gives the memory of large arrays; new memory by default.

        Returns:
            A batch as :meth:`batches` gives it.

        Raises:
            BadSpec: If the places are not a list of whole numbers.
            IndexError: If one of them is below 0 or beyond the last example.
            UnknownName: If there is no such encoding.
            MissingData: If no genome is registered for the task's assembly.
        """
        enc.check_encoding(encoding)
        places = np.asarray(rows)
        if places.ndim != 1 or (places.size and places.dtype.kind not in "iu"):
            raise BadSpec(f"places are {places.dtype} of shape {places.shape}; expected one list of whole numbers")
        outside = (places < 0) | (places >= len(self))
        if outside.any():
            raise IndexError(f"example {places[int(outside.argmax())]} of {len(self)}")
        return self._batch(self._index.kept, places.astype(np.int64), encoding, room or Buffers())

    def order(self, shuffle: bool = False, seed: int = 0) -> npt.NDArray[np.int64]:
        """Return the places of all examples in the order of an epoch: int64 ``(len(ds),)``.

        Args:
            shuffle: A permutation of all examples, the same for the same seed, whoever asks; else 0, 1, 2, …
            seed: Of the permutation.
        """
        places = np.arange(len(self), dtype=np.int64)
        if shuffle:
            np.random.default_rng(seed).shuffle(places)  # what permutation(places) gives, without another copy of them
        return places

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.batches(64, encoding="text"):
            yield from self.unbatch(batch)

    def unbatch(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Take a batch of this data set apart into its examples, each as ``ds[i]`` gives it (in the batch's encoding)."""
        offsets = batch.get("member_offsets")
        for i in range(len(batch["example_id"])):
            if offsets is None:
                yield {key: value[i] for key, value in batch.items()}
            else:
                own = slice(offsets[i], offsets[i + 1])
                yield {
                    key: _members(value, own) if key in self.member_keys else value[i]
                    for key, value in batch.items()
                    if key != "member_offsets"
                }

    @functools.cached_property
    def member_keys(self) -> frozenset[str]:
        """Keys of a batch that have a value for each member of an example, not for each example; none but for combinations."""
        if not self._kind.members:
            return frozenset()
        emitted = (key for key, emit in self.spec.emits.items() if emit.members)
        return frozenset([*self._kind.sequences, *emitted, "ref_check", "anchor_index"])

    def batches(self, batch_size: int = 256, *, encoding: str = "bytes", shuffle: bool = False, seed: int = 0) -> Iterator[dict[str, Any]]:
        """Go through the examples in batches.

        Args:
            batch_size: Examples a batch; the last may be smaller.
            encoding: ``bytes`` uint8 (n, L) ASCII; ``codes`` int8 (n, L), A C G T N = 0 … 4; ``one_hot`` uint8 (n, 4, L), N all zero;
                ``one_hot_float32`` the same as float32; ``text`` a list of str.
            shuffle: Go through a permutation of all examples, that of :meth:`order`; the same for the same seed.
            seed: Of the permutation.

        Yields:
            Dicts of arrays of n rows, which are the receiver's own: the keys of ``ds[i]``. Text is an array of dtype object, each a str, or
            None where there is none; so are numbers, but only in a batch that lacks one of them. What a combination has for each member is
            stacked over the members of the batch, and ``member_offsets`` int64 (n + 1,) says which are whose: example ``i`` has
            ``offsets[i]:offsets[i + 1]``. Under ``window="lrb"`` a multi-base ALT makes the text longer than L, as the published loader
            does; array encodings cut it to L.

        Raises:
            BadSpec: If ``batch_size`` is not positive.
            UnknownName: If there is no such encoding.
            MissingData: If no genome is registered for the task's assembly.
        """
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise BadSpec(f"batch_size={batch_size!r}; expected a whole number of at least 1")
        enc.check_encoding(encoding)
        _ = self._genome  # so that a missing genome is said at the call, not at the first batch
        return self._shuffled(int(batch_size), encoding, seed) if shuffle else self._streamed(int(batch_size), encoding)

    def empty_batch(self, encoding: str = "bytes") -> dict[str, Any]:
        """Make a batch of no examples: the keys, dtypes and shapes, but for the first axis, that :meth:`batches` gives.

        Raises:
            UnknownName: If there is no such encoding.
            MissingData: If no genome is registered for the task's assembly.
        """
        enc.check_encoding(encoding)
        nothing = self._nothing(self._needed)
        return self._batch(self._held(nothing, self._plan_rows(nothing)), slice(0, 0), encoding, Buffers())

    def torch(self, encoding: str = "codes") -> Any:
        """Return the examples as a map-style PyTorch data set (extra ``torch``); see :func:`lrbstore.loaders.torch_dataset`."""
        return torch_dataset(self, encoding)

    def torch_batches(
        self,
        batch_size: int = 256,
        encoding: str = "codes",
        *,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> Any:
        """Return the examples as an iterable PyTorch data set of whole batches; see :func:`lrbstore.loaders.torch_batches`."""
        return torch_batches(self, batch_size, encoding, shuffle=shuffle, seed=seed, drop_last=drop_last, rank=rank, world_size=world_size)

    def to_hf(self) -> Any:
        """Copy the examples into a Hugging Face data set (extra ``hf``); see :func:`lrbstore.loaders.hf_dataset`."""
        return hf_dataset(self)

    def hf_stream(self, batch_size: int = 64, encoding: str = "text", *, shuffle: bool = False, seed: int = 0) -> Any:
        """Stream the examples as a Hugging Face data set that stores nothing (extra ``hf``); see :func:`lrbstore.loaders.hf_stream`."""
        return hf_stream(self, batch_size, encoding, shuffle=shuffle, seed=seed)

    def arrow(self, batch_size: int = 256, encoding: str = "bytes") -> pa.RecordBatchReader:
        """Stream the examples with their sequences as Arrow record batches; see :func:`lrbstore.loaders.arrow_reader`."""
        return arrow_reader(self, batch_size, encoding)

    def rows(self, columns: str | Sequence[str] | None = None) -> pa.Table:
        """Return the examples without sequences and label vectors.

        Args:
            columns: Names, or one name, among :attr:`columns`; those of the task's ``examples`` by default. Derived ones
                (:mod:`lrbstore.derived`) are computed when they are first asked for, and kept.

        Returns:
            An Arrow table of ``len(ds)`` rows, in the order of ``ds``.

        Raises:
            UnknownName: If the task has no such column.
            BadSpec, MissingData: If a derived column is lacking; says why.
        """
        wanted = self._view_columns if columns is None else [columns] if isinstance(columns, str) else list(columns)
        for column in wanted:
            if lack := self.lacks(column):
                raise lack
        derived = [column for column in dict.fromkeys(wanted) if column not in self._view_columns]
        table = self._read_kept(list(dict.fromkeys(c for c in wanted if c not in derived)) or ["example_id"])
        for column in derived:
            table = table.append_column(column, self._derive(column))
        return table.select(wanted).combine_chunks()

    def hold(self, columns: Sequence[str]) -> None:
        """Keep columns of the examples in memory: :meth:`rows`, strata and clusters then take them from there.

        For who asks many questions of the same examples: a view over millions of records takes seconds each time. What is not kept yet is
        read in one pass, together with the windows if those are not placed yet.

        Args:
            columns: Names; those of the task's ``examples`` are kept, text as codes of its values. Derived ones are kept anyway.
        """
        with self._holding:
            self._to_hold = tuple(c for c in dict.fromkeys(columns) if c in self._view_columns)
            if any(c not in self._in_memory for c in self._to_hold):
                self._index  # noqa: B018 - made when it is first looked at, and these columns with it
            # Or not with it: it was there before, or another thread came first.
            if lacking := [c for c in self._to_hold if c not in self._in_memory]:
                self._in_memory = {**self._in_memory, **_by_column([_coded(self._read_kept(lacking))])}

    @property
    def columns(self) -> list[str]:
        """Names that :meth:`rows`, strata and clusters understand: the columns of the task's ``examples``, then derived ones.

        Of the latter those that the task and the store can give: that a FASTA is not soft-masked is said when it is read.
        """
        return [*self._view_columns, *(name for name in DERIVED if name not in self._view_columns and self.lacks(name) is None)]

    def lacks(self, column: str) -> LrbStoreError | None:
        """Say, as an error, why the examples have no column of a name; None where they have one."""
        if column in self._view_columns:
            return None
        if column in DERIVED:
            return DERIVED[column].lacks(self.spec, self.store)
        return UnknownName(
            f"column of the examples of {self.spec.name}", column, self.columns, see=f"ds.columns, or lrbstore describe {self.spec.name}"
        )

    def dropped(self) -> pa.Table:
        """Return the ledger: every row of the split that the window policy left out, with its reason.

        Returns:
            An Arrow table: example_id, chrom, the row's locus (of a combination that of the first member without a window, ``member``
            being its place, from 1), window_start and window_end (0-based, half-open; the window that it would
            have had), contig_length (bp; null where unknown), reason, meaning, source_file, source_line.
        """
        columns, lost = ["example_id", *self._kind_columns, "source_file", "source_line"], self._index.dropped_rows
        files = self._read_all(columns).take(pa.array(lost)) if len(lost) else self._nothing(columns)
        places, offsets = self._kind.places(files)
        windows = self._index.dropped
        first = windows.first_dropped(np.arange(files.num_rows))
        here, plan = places.take(pa.array(first)), windows.plan.take(first)
        member = ["member"] if offsets is not None else []
        lengths = self._lengths(here["chrom"].combine_chunks())
        reasons = [REASONS[code] for code in plan.reason.tolist()]
        return pa.table(
            {
                **{name: here[name] for name in ["example_id", *member, "chrom", *self._kind.locus]},
                "window_start": pa.array(plan.start),
                "window_end": pa.array(plan.start + plan.length),
                "contig_length": pa.array(lengths, mask=lengths < 0),
                "reason": pa.array(reasons, pa.string()),
                "meaning": pa.array([REASON_TEXT[r] for r in reasons], pa.string()),
                "source_file": files["source_file"],
                "source_line": files["source_line"],
            }
        )

    def left_out(self) -> dict[str, int]:
        """Count the rows of :meth:`dropped` by their reason, the most frequent first, without reading them."""
        windows = self._index.dropped
        reasons = windows.plan.take(windows.first_dropped(np.arange(len(self._index.dropped_rows)))).reason
        codes, counts = np.unique(reasons, return_counts=True)
        return {REASONS[codes[i]]: int(counts[i]) for i in np.argsort(-counts, kind="stable")}

    @property
    def settings(self) -> dict[str, Any]:
        """What tells data sets of one task and split apart; see :func:`settings_of`."""
        return settings_of(self.spec, self.window, self.scheme, self.filters)

    @property
    def fingerprint(self) -> str:
        """sha256 over all that decides what this data set hands out, and in which order.

        Task and its definition, split and scheme, filters, window policy and length, content of the release (the second half of its
        name: what models predict is no part of it), digest of the genome or of the table of sequences that windows are cut from.
        """
        settings = self.settings
        scheme, filters = settings.pop("split_scheme"), settings.pop("filters")
        whole = {
            **settings,
            "task": self.spec.name,
            "definition": self.spec.digest,
            "scheme": scheme,
            "split": self.split,
            "filters": sorted(filters.items()),
            "order": "upstream's rows",
            "content": self._release.partition("-")[2],  # a release that only predictions were added to has the same examples
            "genome": self.store.sequence_digest(self.spec),
        }
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @functools.cached_property
    def _view_columns(self) -> list[str]:
        return [row[0] for row in self.store.cursor(self.spec.name).execute(f"describe {self.spec.name}.examples").fetchall()]

    def _derive(self, column: str) -> pa.Array:
        """Compute a derived column, one value an example, once."""
        if column not in self._derived:
            held = self._index.kept
            self._derived[column] = DERIVED[column].compute(
                Examples(
                    self.spec,
                    self.store,
                    held.windows,
                    held.spots.contig,
                    lambda rows: self._labels(held.columns[_LABEL].take(rows), Buffers()),
                    lambda windows: self._checks(held, windows, held.spots.take(windows), None),
                )
            )
        return self._derived[column]

    @functools.cached_property
    def _derived(self) -> dict[str, pa.Array]:
        return {}

    @property
    def _kind(self) -> Kind:
        return KINDS[self.spec.kind]

    @property
    def _kind_columns(self) -> tuple[str, ...]:
        """Columns that the places of windows are read from; those of a combination hold their contigs themselves."""
        return self._kind.columns if self._kind.members else ("chrom", *self._kind.columns)

    @functools.cached_property
    def _needed(self) -> list[str]:
        """Columns that an example is made of."""
        label = [self.spec.label.column or "label_row"]
        fits = [self.spec.fits] if self.spec.fits and self.filters.get("fits") else []
        return list(dict.fromkeys(["example_id", *self._kind_columns, *fits, *label, *(emit.column for emit in self.spec.emits.values())]))

    def _relation(self, columns: Sequence[str]) -> Any:
        # What does not fit is left out by its length, as other rows are, and stands in the ledger; the options choose the examples.
        options = {column: value for column, value in self.filters.items() if column != "fits"}
        where, values = condition(self.spec, self.window, options)
        sql = f"select {', '.join(quote(c) for c in columns)} from {self.spec.view(self.scheme, self.split)}"
        cursor = self.store.cursor(self.spec.name)
        return cursor.sql(f"{sql} where {where}", params=values) if where else cursor.sql(sql)

    def _read_all(self, columns: Sequence[str]) -> pa.Table:
        with damage_said():
            return self._relation(columns).to_arrow_table()

    def _nothing(self, columns: Sequence[str]) -> pa.Table:
        """Read no row, for its columns."""
        with damage_said():
            return self._relation(columns).limit(0).to_arrow_table()

    def _read_kept(self, columns: Sequence[str]) -> pa.Table:
        """Read the rows that are examples."""
        if self._in_memory.keys() >= {*columns}:
            held = {c: self._in_memory[c] for c in columns}
            return pa.table({c: v.cast(v.type.value_type) if pa.types.is_dictionary(v.type) else v for c, v in held.items()})
        table, dropped = self._read_all(columns), self._index.dropped_rows
        if not len(dropped):
            return table
        is_kept = np.ones(table.num_rows, np.bool_)
        is_kept[dropped] = False
        return table.filter(pa.array(is_kept))

    @functools.cached_property
    def _index(self) -> _Index:
        """Every row of the split, with its windows: made once, for ``len``, indexing, shuffling and the ledger."""
        kept: list[_Held] = []
        held: list[pa.Table] = []
        dropped: list[Windows] = []
        dropped_rows: list[npt.NDArray[np.int64]] = []
        n, to_hold = 0, self._to_hold
        for table, windows in self._planned(_INDEX_ROWS, to_hold):
            is_kept = windows.kept
            lost = np.flatnonzero(~is_kept)
            dropped.append(windows.take(lost))
            dropped_rows.append(lost + n)
            own = _only(table, windows)
            kept.append(self._held(*own).packed())
            held.append(_coded(own[0].select(to_hold)))
            n += len(is_kept)
        if to_hold:
            self._in_memory = {**self._in_memory, **_by_column(held or [self._nothing(to_hold)])}
        if not kept:
            nothing = self._nothing(self._needed)
            windows = self._plan_rows(nothing)
            return _Index(self._held(nothing, windows), windows, np.zeros(0, np.int64))
        return _Index(_Held.join(kept), Windows.join(dropped), np.concatenate(dropped_rows))

    def _held(self, table: pa.Table, windows: Windows) -> _Held:
        """Turn rows that all have their windows into what batches are made of."""
        spec, (places, _) = self.spec, self._kind.places(table)
        label = spec.label.column or "label_row"
        columns: dict[str, Column] = {"example_id": column_of(table["example_id"], "str", is_key=True)}
        columns[_LABEL] = column_of(table[label], "str" if spec.label.classes else spec.label.dtype if spec.label.column else "int64")
        for key, emit in spec.emits.items():
            columns[key] = column_of(_flat(table[emit.column]) if emit.members else table[emit.column], emit.dtype)
        spots = self._kind.spots(places, self._contig_places)
        return _Held(windows, spots, columns, self._kind.more(spots, windows.plan, self.window), np.full(len(spots), -1, np.int8))

    @functools.cached_property
    def _contig_places(self) -> dict[str, int]:
        """Contigs that windows can be cut from, each with its place in the ``lengths`` of what they are cut from."""
        return {name: place for place, name in enumerate(self._contigs[1])}

    def _planned(self, n: int = _STREAM_ROWS, more: Sequence[str] = ()) -> Iterator[tuple[pa.Table, Windows]]:
        """Stream the split's rows in upstream's order, each piece with its windows, and with more columns than they are made of."""
        with damage_said():
            reader = self._relation(list(dict.fromkeys([*self._needed, *more]))).to_arrow_reader(n)
        while True:
            with damage_said():
                batch = next(reader, None)
            if batch is None:
                return
            table = pa.Table.from_batches([batch])
            yield table, self._plan_rows(table)

    def _plan_rows(self, table: pa.Table) -> Windows:
        places, offsets = self._kind.places(table)
        try:
            plan = self._kind.plan(places, self._lengths(places["chrom"].combine_chunks()), self.window)
        except LrbStoreError as error:
            raise error if error.row is None else error.about(self._kind.named(places, error.row)) from None
        if self.spec.fits and self.filters.get("fits"):
            longer = ~pc.fill_null(pc.less_equal(table[self.spec.fits], self.window.seq_len), False).to_numpy()
            plan = plan.drop(longer if offsets is None else np.repeat(longer, np.diff(offsets)), "contig_longer_than_window")
        if self._kind.has_ref and self.window.on_ref_mismatch != "flag":
            kept = np.flatnonzero(plan.kept)
            spots = self._kind.spots(places, self._contig_places).take(kept)
            checks = _REF_CHECKS[ref_checks(self._genome, spots)]
            wrong = np.zeros(len(plan), np.bool_)
            wrong[kept[(checks != "match") & (checks != "n")]] = True
            if wrong.any() and self.window.on_ref_mismatch == "error":
                i = int(wrong.argmax())
                raise ContractBroken(
                    f"REF of {self._kind.named(places, i)} is not what the genome has there: {checks[np.searchsorted(kept, i)]}; "
                    "use on_ref_mismatch='flag' or 'drop'"
                )
            plan = plan.drop(wrong, "ref_mismatch")
        return Windows(plan, offsets)

    def window_table(self) -> pa.Table:
        """Return the windows of all examples, in the order of ``ds``, one row for each member of a combination.

        Returns:
            An Arrow table: example_id, chrom, window_start, window_end (0-based, half-open).
        """
        places, _ = self._kind.places(self._read_kept(["example_id", *self._kind_columns]))
        plan = self._index.kept.windows.plan.take(slice(None))
        return pa.table(
            {
                "example_id": places["example_id"],
                "chrom": places["chrom"],
                "window_start": pa.array(plan.start),
                "window_end": pa.array(plan.end),
            }
        )

    def _lengths(self, chroms: pa.Array) -> np.ndarray:
        """Return each row's contig length, or the code that says why it has none."""
        lengths, held = self._contigs
        encoded = chroms.dictionary_encode()
        by_name = [
            CONTIG_UNKNOWN if name not in lengths else CONTIG_NOT_IN_GENOME if name not in held else lengths[name]
            for name in encoded.dictionary.to_pylist()
        ]
        table = np.array([*by_name, CONTIG_UNKNOWN], np.int64)
        return table[encoded.indices.fill_null(len(by_name)).to_numpy(zero_copy_only=False)]

    @functools.cached_property
    def _contigs(self) -> tuple[Mapping[str, int], Collection[str]]:
        return self.store.contigs(self.spec)

    # ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _streamed(self, size: int, encoding: str) -> Iterator[dict[str, Any]]:
        """Batches in order: rows are read, planned and cut as they are needed; or taken from the index, where there is one."""
        room = Buffers()
        if "_index" in self.__dict__:
            yield from self._stretches(self._index.kept, None, size, encoding, room)
            return
        waiting: list[tuple[pa.Table, Windows]] = []
        n = 0
        for planned in self._planned():
            waiting.append(_only(*planned))
            n += len(waiting[-1][1])
            if n < size:
                continue
            rows, windows = pa.concat_tables([t for t, _ in waiting]), Windows.join([w for _, w in waiting])
            whole = n // size * size
            held = self._held(rows.slice(0, whole), windows.take(slice(0, whole)))
            yield from self._stretches(held, None, size, encoding, room)
            waiting, n = [(rows.slice(whole), windows.take(slice(whole, n)))], n - whole
        if n:
            held = self._held(pa.concat_tables([t for t, _ in waiting]), Windows.join([w for _, w in waiting]))
            yield self._batch(held, slice(0, n), encoding, room)

    def _shuffled(self, size: int, encoding: str, seed: int) -> Iterator[dict[str, Any]]:
        yield from self._stretches(self._index.kept, self.order(True, seed), size, encoding, Buffers())

    def _stretches(
        self, held: _Held, order: npt.NDArray[np.int64] | None, size: int, encoding: str, room: Buffers
    ) -> Iterator[dict[str, Any]]:
        """Batches of rows, all in their order or some in another; of short windows several are cut at once and handed out piece by piece.

        What a batch costs beside its bases is then paid once for several, and there are enough bases for two threads.
        """
        n = len(held) if order is None else len(order)
        at_once = size * self._batches_at_once(size, encoding)
        # Numbers of which one is missing are objects: in the batch that lacks it, and in no other.
        gaps = [key for key in self.spec.emits if isinstance(c := held.columns[key], Numbers) and c.missing is not None]
        for first in range(0, n, at_once):
            last = min(first + at_once, n)
            stretch = self._batch(held, slice(first, last) if order is None else order[first:last], encoding, room)
            if last - first <= size:
                yield stretch
                continue
            for start in range(first, last, size):
                rows = slice(start, min(start + size, last))
                own = slice(rows.start - first, rows.stop - first)
                batch = {key: value[own] for key, value in stretch.items()}
                batch.update({key: held.columns[key].take(rows if order is None else order[rows]) for key in gaps})
                yield batch

    def _batches_at_once(self, size: int, encoding: str) -> int:
        """Say how many batches are cut at once: one of text, or where an example has several windows."""
        if encoding == "text" or self._kind.members:
            return 1
        shape, dtype = enc.encoded_form(encoding, size, self.window.seq_len)
        fill = _STRETCH // (math.prod(shape) * dtype.itemsize)
        return max(min(fill, _STREAM_ROWS // size), 1)

    def _batch(self, held: _Held, rows: Rows, encoding: str, room: Buffers) -> dict[str, Any]:
        """Make a batch of some rows."""
        kind, genome, windows = self._kind, self._genome, held.windows.take(rows)
        members = held.windows.of(rows)
        spots, plan = held.spots.take(members), windows.plan
        out: dict[str, Any] = {"example_id": held.columns["example_id"].take(rows)}
        try:
            out.update(kind.cut(genome, spots, plan, self.window, encoding, room))
        except ContractBroken as error:
            raise ContractBroken(f"{self.spec.name}: {error}") from None
        out[self.spec.label.key] = self._labels(held.columns[_LABEL].take(rows), room)
        for key, emit in self.spec.emits.items():
            out[key] = held.columns[key].take(members if emit.members else rows)
        out.update({key: values[members].copy() if isinstance(members, slice) else values[members] for key, values in held.more.items()})
        if self.window.policy == "strict":
            if kind.has_ref:
                seen = None if encoding == "text" else seen_in(out[kind.sequences[0]], encoding, plan.anchor)
                out["ref_check"] = _REF_CHECKS[self._checks(held, members, spots, seen)]
            if self.window.edge == "shift":
                out["anchor_index"] = np.array(plan.anchor)
        if windows.offsets is not None:
            out["member_offsets"] = windows.offsets
        return out

    def _checks(self, held: _Held, members: Rows, spots: Spots, seen: Seen | None) -> npt.NDArray[np.int8]:
        """Tell what the genome says of the REF of some windows: it is asked once, of neighbours a few thousand at a time."""
        found = held.checks[members]
        if (found >= 0).all():
            return found
        if isinstance(members, slice):
            first, last = (edge // _STREAM_ROWS for edge in (members.start, members.stop - 1))
            block = slice(first * _STREAM_ROWS, (last + 1) * _STREAM_ROWS)
            held.checks[block] = ref_checks(self._genome, held.spots.take(block))
        else:
            held.checks[members] = ref_checks(self._genome, spots, seen)
        return held.checks[members]

    @property
    def label_shape(self) -> tuple[int, ...]:
        """Shape of one example's label."""
        return self._labels(self._index.kept.columns[_LABEL].take(slice(0, 0)), Buffers()).shape[1:]

    def labels(self) -> npt.NDArray[Any]:
        """Return the labels of all examples, in the order of ``ds``: an array of the label's dtype, first axis ``len(ds)``."""
        return self._labels(self._index.kept.columns[_LABEL].take(slice(None)), Buffers())

    @functools.cached_property
    def _genome(self) -> Sequences:
        return self.store.sequences(self.spec)

    def _labels(self, values: npt.NDArray[Any], room: Buffers) -> npt.NDArray[Any]:
        """Make labels of what the column of labels says, or of the rows of their vectors."""
        label = self.spec.label
        if label.column is not None and label.classes:
            one_hot = values[:, None] == np.array(label.classes, object)
            if not one_hot.any(axis=1).all():
                other = values[int((~one_hot.any(axis=1)).argmax())]
                raise ContractBroken(f"{self.spec.name}: the label {other!r} is none of the classes {', '.join(label.classes)}")
            return one_hot.astype(label.dtype)
        if label.column is not None:
            return values.astype(label.dtype, copy=False)
        if not label.bins:
            form: Form = Plain(str(label.vectors).split(".")[1])
        else:
            form = Central(cage_bins(self.window.seq_len, self.window.policy)[1])
        # Who has asked for an index goes through the examples more than once.
        return self._vectors.take(values, form, room, again="_index" in self.__dict__)

    @functools.cached_property
    def _vectors(self) -> Vectors:
        table = str(self.spec.label.vectors).split(".")[0]
        return Vectors(self.store.data_files(table), "label_row")


def settings_of(spec: TaskSpec, window: WindowSpec, scheme: str, filters: Filters) -> dict[str, Any]:
    """List what tells data sets of one task and split apart, by the names that :func:`lrbstore.task` has for it.

    A setting that stands here is in fingerprints, in what tasks and data sets say of themselves, and in the sidecars of exports.

    Returns:
        Setting → value, those of the kind of task alone included; under ``filters`` column → value.
    """
    return {
        "split_scheme": scheme,
        "seq_len": window.seq_len,
        "window": window.policy,
        "edge": window.edge,
        "on_ref_mismatch": window.on_ref_mismatch,
        **{name: getattr(window, name) for name in KINDS[spec.kind].settings},
        "filters": dict(filters),
    }


def as_arguments(settings: Mapping[str, Any]) -> str:
    """Write settings as the arguments that they are."""
    given = {**settings, **settings["filters"]}
    del given["filters"]
    return ", ".join(f"{name}={value!r}" for name, value in given.items())


def condition(spec: TaskSpec, window: WindowSpec, filters: Filters) -> tuple[str, dict[str, str | bool]]:
    """Write a task's filters as SQL over its examples: the condition, empty where there is none, and the values of its parameters."""
    values = {column: value for column, value in filters.items() if column != "fits"}
    terms = [f"{quote(column)} = ${column}" for column in values]
    if filters.get("fits") and spec.fits:
        terms.append(f"{quote(spec.fits)} <= {window.seq_len}")
    return " and ".join(terms), values


def _reopen(path: Path, release: str, task: str, scheme: str, split: str, window: WindowSpec, filters: Filters) -> Dataset:
    return Dataset(_store_of(path, release, os.getpid()), task_spec(task), scheme, split, window, filters)


@functools.lru_cache(maxsize=4)
def _store_of(path: Path, release: str, pid: int) -> Store:
    """Share one store among the data sets that a process unpickles."""
    del pid
    return Store(path, release)


def _only(table: pa.Table, windows: Windows) -> tuple[pa.Table, Windows]:
    """Keep the rows that have all their windows."""
    is_kept = windows.kept
    return (table, windows) if is_kept.all() else (table.filter(pa.array(is_kept)), windows.take(np.flatnonzero(is_kept)))


def _coded(table: pa.Table) -> pa.Table:
    """Write text as codes of its values; ids, which are all different, stay as they are."""
    text = {f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "example_id"}
    return pa.table({name: table[name].dictionary_encode() if name in text else table[name] for name in table.column_names})


def _by_column(pieces: Sequence[pa.Table]) -> dict[str, pa.ChunkedArray]:
    """Put tables one after the other."""
    whole = pa.concat_tables(pieces).unify_dictionaries()
    return {name: whole[name] for name in whole.column_names}


def _members(value: Any, own: slice) -> Any:
    """Give one example's part of what a batch has for each member: text as a list of str, numbers as an array."""
    some = value[own]
    return list(some) if isinstance(some, list) or some.dtype == object else some


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lay the lists of a column out one after the other."""
    return pa.chunked_array([chunk.flatten() for chunk in column.chunks], column.type.value_type)
