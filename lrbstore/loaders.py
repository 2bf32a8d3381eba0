"""A data set as others' loaders want it: PyTorch (map-style and batch by batch), Hugging Face (copied or streamed), Arrow.

PyTorch and Hugging Face are optional extras; they are imported when they are asked for.

What is shared out is whole batches, by number. A :class:`Plan` numbers them over the whole data set, in an order that depends on the seed
and on the epoch alone; batch ``b`` holds the places ``order[b * size : (b + 1) * size]``. Rank ``r`` of ``R`` takes every ``R``-th of
them, and worker ``w`` of ``W`` every ``W``-th of those::

    b = start + (j * W + w) * R + r        j = 0, 1, 2, …

So every batch is handed out once for any ``W`` and ``R``, a rank's batches and their order do not depend on ``W``, and what all ranks have
had after as many steps is a prefix of the order: one number says where to go on, with the same workers and ranks or with others.
"""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lrbstore.bases import set_threads
from lrbstore.buffers import Buffers
from lrbstore.catalogue import TaskSpec
from lrbstore.crossing import sender
from lrbstore.encoding import check_encoding
from lrbstore.errors import BadSpec, ContractBroken, MissingExtra
from lrbstore.kinds import KINDS

Int64Array = npt.NDArray[np.int64]


class Readable(Protocol):
    """What is needed to read a data set in batches."""

    def __len__(self) -> int: ...

    def take(self, rows: Any, encoding: str = "bytes", room: Buffers | None = None) -> dict[str, Any]:
        """Make one batch of the examples at some places, with large arrays out of some room."""
        ...

    def order(self, shuffle: bool, seed: int) -> Int64Array:
        """List all places, in order or in a seeded permutation."""
        ...


class Examples(Readable, Protocol):
    """What a loader needs of a data set."""

    spec: TaskSpec

    @property
    def member_keys(self) -> frozenset[str]:
        """Keys that have a value for each member of an example."""
        ...

    @property
    def fingerprint(self) -> str:
        """What tells data sets apart."""
        ...

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def unbatch(self, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Take a batch apart into its examples."""
        ...

    def batches(self, batch_size: int = 256, *, encoding: str = "bytes", shuffle: bool = False, seed: int = 0) -> Iterator[dict[str, Any]]:
        """Go through the examples in batches."""
        ...

    def empty_batch(self, encoding: str = "bytes") -> dict[str, Any]:
        """Make a batch of no examples."""
        ...


# ── which batches there are, and whose they are ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Share:
    """One process's part of the batches: worker ``worker`` of ``workers`` on rank ``rank`` of ``world``."""

    rank: int = 0
    world: int = 1
    worker: int = 0
    workers: int = 1

    @property
    def first(self) -> int:
        """Which batch, counted from the start, is its first."""
        return self.worker * self.world + self.rank

    @property
    def step(self) -> int:
        """How many batches on is its next."""
        return self.workers * self.world


class Plan:
    """All batches of a data set, by number. Can be pickled; what was computed stays behind.

    Args:
        dataset: The examples.
        batch_size: Examples a batch; the last one may be smaller.
        encoding: Of the sequences.
        shuffle: Go through a permutation of all examples, another one each epoch.
        seed: Of the permutation: that of epoch 0 is ``dataset.order(True, seed)``.
        drop_last: Leave out the last batch where it is smaller, and as many more as give each rank the same number of batches.

    Raises:
        BadSpec: If ``batch_size`` is not positive.
        UnknownName: If there is no such encoding.
    """

    def __init__(
        self, dataset: Examples, batch_size: int, encoding: str, *, shuffle: bool = False, seed: int = 0, drop_last: bool = False
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise BadSpec(f"batch_size={batch_size!r}; expected a whole number of at least 1")
        check_encoding(encoding)
        self.dataset, self.size, self.encoding = dataset, int(batch_size), encoding
        self.shuffle, self.seed, self.drop_last = bool(shuffle), int(seed), bool(drop_last)
        self._ordered: tuple[int, Int64Array] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        settings: dict[str, Any] = {"shuffle": self.shuffle, "seed": self.seed, "drop_last": self.drop_last}
        return functools.partial(Plan, **settings), (self.dataset, self.size, self.encoding)

    def end(self, start: int = 0, world: int = 1) -> int:
        """Say where the batches end that some ranks begin at ``start``."""
        n = len(self.dataset)
        if not self.drop_last:
            return -(-n // self.size)
        return start + max(n // self.size - start, 0) // world * world

    def numbers(self, share: Share, start: int = 0) -> range:
        """Number the batches of one process, from batch ``start`` on."""
        return range(start + share.first, self.end(start, share.world), share.step)

    def batch(self, number: int, epoch: int = 0, room: Buffers | None = None) -> dict[str, Any]:
        """Make a batch of an epoch, with large arrays out of some room."""
        return self.dataset.take(self._order(epoch)[number * self.size : (number + 1) * self.size], self.encoding, room)

    def _order(self, epoch: int) -> Int64Array:
        if self._ordered is None or self._ordered[0] != epoch * self.shuffle:
            self._ordered = epoch * self.shuffle, self.dataset.order(self.shuffle, epoch_seed(self.seed, epoch))
        return self._ordered[1]

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a number to mean the same batch."""
        return {"fingerprint": self.dataset.fingerprint, "batch_size": self.size, "shuffle": self.shuffle, "seed": self.seed}

    def check_state(self, state: Mapping[str, Any]) -> tuple[int, int]:
        """Read a state: epoch and number of the first batch that is still to come.

        Raises:
            BadSpec: If it is the state of another data set or of other settings, or no state.
        """
        if not {"epoch", "batch", *self.identity} <= set(state):
            raise BadSpec(
                f"this is no state of a loader: it has {', '.join(map(str, state)) or 'nothing'}; expected what state_dict() gave"
            )
        for name, value in self.identity.items():
            if state[name] != value:
                raise BadSpec(f"the state is of {name}={state[name]!r}, this loader of {name}={value!r}; expected the same")
        epoch, batch = operator.index(state["epoch"]), operator.index(state["batch"])
        if epoch < 0 or batch < 0:
            raise BadSpec(f"the state is of epoch {epoch}, batch {batch}; expected neither to be negative")
        return epoch, batch


def epoch_seed(seed: int, epoch: int) -> int:
    """Give an epoch's own seed; that of epoch 0 is the seed itself."""
    return seed if epoch == 0 else int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def _ranks(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Take rank and world size as given, or as torch.distributed has them."""
    if rank is None and world_size is None:
        import torch.distributed

        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1
    if rank is None or world_size is None or not 0 <= operator.index(rank) < operator.index(world_size):
        raise BadSpec(f"rank={rank!r}, world_size={world_size!r}; expected both or neither, the rank from 0 to below the world size")
    return rank, world_size


# ── PyTorch ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def torch_dataset(dataset: Examples, encoding: str) -> Any:
    """Wrap a data set for ``torch.utils.data.DataLoader``, with any number of workers, forked or spawned.

    Args:
        dataset: The examples.
        encoding: ``codes``, ``bytes``, ``one_hot``, ``one_hot_float32`` or ``text``.

    Returns:
        A map-style ``torch.utils.data.Dataset``: arrays and numbers as tensors, text as ``str``. A loader fetches a batch by one call.
        Give it ``collate_fn=wrapped.collate``: it hands that batch on as it is, text and numbers of which one is missing as lists. The
        loader's own takes the batch apart and puts it together again, and can do neither missing values nor combinations, whose members
        ``collate`` stacks, with ``member_offsets``, as batches of the data set have them.

    Raises:
        MissingExtra: If PyTorch is not installed.
        UnknownName: If there is no such encoding.
    """
    classes = _torch_classes("a PyTorch data set")
    check_encoding(encoding)
    return classes["TorchExamples"](dataset, encoding)


def torch_batches(
    dataset: Examples,
    batch_size: int,
    encoding: str,
    *,
    shuffle: bool = False,
    seed: int = 0,
    drop_last: bool = False,
    rank: int | None = None,
    world_size: int | None = None,
) -> Any:
    """Wrap a data set as an iterable one that yields whole batches, shared out over workers and ranks (see the head of this module).

    Args:
        dataset: The examples.
        batch_size: Examples a batch.
        encoding: ``codes``, ``bytes``, ``one_hot``, ``one_hot_float32`` or ``text``.
        shuffle: Go through a permutation of all examples; ``set_epoch(n)`` takes another one.
        seed: Of the permutation; the same on all ranks.
        drop_last: Whole batches only, and as many on each rank. Without it every example is handed out once: the last batch may be
            smaller, and some ranks may have one batch more than others, for which a collective operation would wait for ever.
        rank: This process among those that share the data set, from 0; as ``torch.distributed`` has it by default, if that is initialised
            when this is called, else alone.
        world_size: How many they are; given with the rank, or not at all.

    Returns:
        A ``torch.utils.data.IterableDataset`` of dicts of tensors, text as lists. ``loader(num_workers=2)`` makes the ``DataLoader`` for
        it, in which batches arrive in the order of the data set for any number of workers. Both have ``set_epoch(n)``, ``state_dict()``
        and ``load_state_dict(state)``: after a state was loaded, what had not been handed out comes once, in its order, with any number of
        workers. The loader's state is what it has handed out, not what workers prepared ahead. A state of ranks is that of ranks that
        have done as many steps; all of them load it.

    Raises:
        MissingExtra: If PyTorch is not installed.
        UnknownName: If there is no such encoding.
        BadSpec: If ``batch_size`` is not positive, or only one of rank and world size is given.
    """
    classes = _torch_classes("a PyTorch data set")
    plan = Plan(dataset, batch_size, encoding, shuffle=shuffle, seed=seed, drop_last=drop_last)
    return classes["TorchBatches"](plan, *_ranks(rank, world_size))


def _rebuilt(name: str, *arguments: Any) -> Any:
    """Make an object of one of PyTorch's classes in another process."""
    return _torch_classes("a PyTorch data set")[name](*arguments)


@functools.cache
def _torch_classes(what: str) -> dict[str, Any]:
    """Make the classes that inherit from PyTorch's, once PyTorch is asked for."""
    try:
        import torch
        from torch.utils.data import get_worker_info
    except ImportError as error:
        raise MissingExtra("torch", what) from error

    def as_tensor(value: Any) -> Any:
        """Turn an array into a tensor over the same memory; what cannot be one into a list."""
        if not isinstance(value, np.ndarray):
            return value
        if value.dtype == object:
            return value.tolist()
        return torch.from_numpy(np.ascontiguousarray(value) if value.flags.writeable else value.copy())

    def tensors(make: Callable[[Buffers], dict[str, Any]], encoding: str, room: Buffers) -> dict[str, Any]:
        """Make a batch of tensors, in some room; in a worker, ready to be sent."""
        sent = sender() if get_worker_info() is not None and encoding != "text" else None
        if sent is not None:
            return sent.send(make, as_tensor)
        return {key: as_tensor(value) for key, value in make(room).items()}

    class Fetched(Sequence[dict[str, Any]]):
        """A batch that was fetched as a whole, as the list of examples that it is; taken apart only for those who want that."""

        def __init__(self, dataset: Examples, batch: dict[str, Any]) -> None:
            self.dataset, self.batch = dataset, batch

        @functools.cached_property
        def _examples(self) -> list[dict[str, Any]]:
            return list(self.dataset.unbatch(self.batch))

        def __len__(self) -> int:
            return len(self.batch["example_id"])

        def __getitem__(self, i: Any) -> Any:
            return self._examples[i]

        def __iter__(self) -> Iterator[dict[str, Any]]:
            return iter(self._examples)

    class TorchExamples(torch.utils.data.Dataset):  # type: ignore[misc,name-defined,unused-ignore]
        """The examples of one split; each process opens store and genome for itself."""

        def __init__(self, dataset: Examples, encoding: str) -> None:
            self.dataset, self.encoding = dataset, encoding

        def __reduce__(self) -> tuple[Any, ...]:
            return _rebuilt, ("TorchExamples", self.dataset, self.encoding)

        def __len__(self) -> int:
            return len(self.dataset)

        def __getitem__(self, i: int) -> dict[str, Any]:
            return self.__getitems__([operator.index(i)])[0]

        def __getitems__(self, places: list[int]) -> Any:
            if get_worker_info() is not None:
                set_threads(1)
            rows, n = np.asarray(places, np.int64), len(self.dataset)
            if len(rows) and not -n <= rows.min() <= rows.max() < n:
                raise IndexError(f"example {rows[(rows < -n) | (rows >= n)][0]} of {n}")
            rows = np.where(rows < 0, rows + n, rows)
            return Fetched(self.dataset, tensors(lambda room: self.dataset.take(rows, self.encoding, room), self.encoding, Buffers()))

        def collate(self, examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
            """Put examples into a batch; what is said of members is stacked over all of them."""
            if isinstance(examples, Fetched):
                return examples.batch
            keys = self.dataset.member_keys
            if keys:
                merged = merge_members(list(examples), keys, torch.cat)
                merged["member_offsets"] = torch.from_numpy(merged["member_offsets"])
            else:
                merged = {key: [example[key] for example in examples] for key in examples[0]}
            for key, values in merged.items():
                if key not in keys and isinstance(values, list) and all(isinstance(value, torch.Tensor) for value in values):
                    merged[key] = torch.stack(values)
            return merged

    class TorchBatches(torch.utils.data.IterableDataset):  # type: ignore[misc,name-defined,unused-ignore]
        """The batches of one split that are this process's; each worker opens store and genome for itself."""

        def __init__(self, plan: Plan, rank: int, world: int, at: Any = None) -> None:
            self.plan, self.rank, self.world = plan, rank, world
            # Epoch and first batch, where workers see them too that outlive an epoch.
            self.at = torch.zeros(2, dtype=torch.int64).share_memory_() if at is None else at
            self._handed = 0  # batches by this object since its last iter(), counted for all workers and ranks

        def __reduce__(self) -> tuple[Any, ...]:
            return _rebuilt, ("TorchBatches", self.plan, self.rank, self.world, self.at)

        def __len__(self) -> int:
            return len(self.plan.numbers(Share(self.rank, self.world)))

        @property
        def epoch(self) -> int:
            """The epoch, from 0."""
            return int(self.at[0])

        def __iter__(self) -> Iterator[dict[str, Any]]:
            info = get_worker_info()
            share = Share(self.rank, self.world, *((info.id, info.num_workers) if info else (0, 1)))
            if info:
                set_threads(1)  # its siblings have the other cores
            epoch, start = self.at.tolist()
            self._handed, own = 0, Buffers()
            for number in self.plan.numbers(share, start):
                batch = tensors(functools.partial(self.plan.batch, number, epoch), self.plan.encoding, own)
                self._handed += share.step
                yield batch

        def set_epoch(self, epoch: int) -> None:
            """Go to an epoch: its permutation, from the front. To name the epoch that it is at changes nothing."""
            if operator.index(epoch) < 0:
                raise BadSpec(f"epoch {epoch}; expected 0 or more")
            if epoch != self.epoch:
                self.begin_at(epoch, 0)

        def begin_at(self, epoch: int, batch: int) -> None:
            """Say where the next iteration begins."""
            self.at[0], self.at[1] = epoch, batch
            self._handed = 0

        def state_dict(self, handed: int | None = None) -> dict[str, Any]:
            """Say what was handed out; of this object in this process: for a loader with workers ask the loader."""
            epoch, start = self.at.tolist()
            return {**self.plan.identity, "epoch": epoch, "batch": start + (self._handed if handed is None else handed)}

        def load_state_dict(self, state: Mapping[str, Any]) -> None:
            """Go on behind what a state says was handed out; holds until the epoch changes."""
            self.begin_at(*self.plan.check_state(state))

        def loader(self, num_workers: int = 0, **options: Any) -> Any:
            """Make the ``DataLoader`` of these batches; ``options`` are PyTorch's own (``multiprocessing_context``, ``pin_memory`` …)."""
            return BatchLoader(self, num_workers=num_workers, **options)

    class BatchLoader(torch.utils.data.DataLoader):  # type: ignore[misc,name-defined,unused-ignore]
        """A ``DataLoader`` that knows how many batches it has handed out."""

        def __init__(self, batches: TorchBatches, **options: Any) -> None:
            if taken := {"batch_size", "shuffle", "sampler", "batch_sampler", "collate_fn", "drop_last"} & set(options):
                raise BadSpec(f"{', '.join(sorted(taken))}: the batches are made already; give it to torch_batches(), or not at all")
            super().__init__(batches, batch_size=None, collate_fn=_as_it_is, **options)
            self._handed, self._is_fresh = 0, True

        def __iter__(self) -> Iterator[dict[str, Any]]:
            if not self._is_fresh:
                self.dataset.begin_at(self.dataset.epoch, 0)
            self._handed, self._is_fresh = 0, False
            len(self.dataset)  # forked workers find the rows planned, instead of planning them each
            for batch in super().__iter__():
                self._handed += self.dataset.world
                yield batch

        def set_epoch(self, epoch: int) -> None:
            """Go to an epoch: its permutation, from the front. To name the epoch that it is at changes nothing."""
            if epoch != self.dataset.epoch:
                self.dataset.set_epoch(epoch)
                self._handed, self._is_fresh = 0, True

        def state_dict(self) -> dict[str, Any]:
            """Say what was handed out: plain values, for a checkpoint."""
            state: dict[str, Any] = self.dataset.state_dict(self._handed)
            return state

        def load_state_dict(self, state: Mapping[str, Any]) -> None:
            """Go on behind what a state says was handed out, at the next iteration."""
            self.dataset.load_state_dict(state)
            self._handed, self._is_fresh = 0, True

    return {"TorchExamples": TorchExamples, "TorchBatches": TorchBatches, "BatchLoader": BatchLoader}


def _as_it_is(batch: dict[str, Any]) -> dict[str, Any]:
    return batch


def merge_members(
    examples: list[dict[str, Any]], keys: frozenset[str], join: Callable[[list[Any]], Any] = np.concatenate
) -> dict[str, Any]:
    """Put examples into a batch: what is said of members one after the other, everything else in a list.

    Args:
        examples: As ``ds.example(i)`` gives them.
        keys: What is said of members.
        join: Puts arrays one after the other.

    Returns:
        The keys of an example, and ``member_offsets`` int64 (n + 1,): example ``i`` has the members ``offsets[i]:offsets[i + 1]``.
    """
    out: dict[str, Any] = {}
    sizes = [len(next(value for key, value in example.items() if key in keys)) for example in examples]
    for key in examples[0]:
        values = [example[key] for example in examples]
        if key not in keys:
            out[key] = values
        else:
            out[key] = [one for value in values for one in value] if isinstance(values[0], list) else join(values)
    return {**out, "member_offsets": np.cumsum([0, *sizes], dtype=np.int64)}


# ── Hugging Face ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def hf_dataset(dataset: Examples) -> Any:
    """Copy a data set into Hugging Face's Arrow cache, sequences as text.

    Mind that this stores the sequences, once for every window length: for what stays lazy see :func:`hf_stream`.

    Args:
        dataset: The examples.

    Returns:
        A ``datasets.Dataset`` with the keys of ``ds[i]``.

    Raises:
        MissingExtra: If ``datasets`` is not installed.
    """
    datasets = _hugging_face("a Hugging Face data set")
    return datasets.Dataset.from_generator(_plain, gen_kwargs={"dataset": dataset})


def hf_stream(dataset: Examples, batch_size: int, encoding: str, *, shuffle: bool = False, seed: int = 0) -> Any:
    """Stream a data set as a Hugging Face one: sequences are cut when they are asked for, and nothing is stored.

    Each batch is a shard of its own. A ``DataLoader`` deals shards out to its workers, and ``datasets.distributed.split_dataset_by_node``
    to ranks, so that every example comes once. With a ``DataLoader(stream, batch_size=batch_size)`` batches arrive in order for any number
    of workers; with another batch size workers take turns inside of shards. To go on from ``stream.state_dict()`` cuts a part of one batch
    again, not more.

    Args:
        dataset: The examples.
        batch_size: Examples that are cut at a time.
        encoding: ``text`` (str), ``codes``, ``bytes``, ``one_hot`` or ``one_hot_float32`` (arrays).
        shuffle: Go through a permutation of all examples. ``stream.set_epoch`` puts the batches in another order, not the examples in them.
        seed: Of the permutation.

    Returns:
        A ``datasets.IterableDataset`` of the examples, with the keys of ``ds[i]``.

    Raises:
        MissingExtra: If ``datasets`` is not installed.
        UnknownName: If there is no such encoding.
        BadSpec: If ``batch_size`` is not positive.
    """
    datasets = _hugging_face("a Hugging Face stream")
    plan = Plan(dataset, batch_size, encoding, shuffle=shuffle, seed=seed)
    return datasets.IterableDataset.from_generator(_shards, gen_kwargs={"plan": plan, "batches": list(range(plan.end()))})


def _hugging_face(what: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("hf", what) from error
    return datasets


def _plain(dataset: Examples) -> Iterator[dict[str, Any]]:
    for example in dataset:
        yield {key: value.item() if isinstance(value, np.number) else value for key, value in example.items()}


def _shards(plan: Plan, batches: list[int]) -> Iterator[dict[str, Any]]:
    if multiprocessing.parent_process() is not None:
        set_threads(1)
    for number in batches:
        for example in plan.dataset.unbatch(plan.batch(number)):
            yield {key: value.item() if isinstance(value, np.generic) else value for key, value in example.items()}


# ── Arrow ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def arrow_reader(dataset: Examples, batch_size: int, encoding: str) -> pa.RecordBatchReader:
    """Stream a data set as Arrow record batches: the keys of ``ds.batches``, sequences cut as batches are read.

    Arrays are handed on without a copy; text is copied.

    Args:
        dataset: The examples.
        batch_size: Examples a record batch; the last one may be smaller.
        encoding: ``bytes`` fixed-size binary of L ASCII letters; ``text`` strings; ``codes`` fixed-size lists of L int8; ``one_hot``,
            ``one_hot_float32`` fixed-size lists of 4 of them. What a combination has for each member is a list of those.

    Returns:
        A reader, good for one pass. Label vectors are fixed-size lists, or such lists of them (CAGE: bins of tracks).

    Raises:
        BadSpec: If ``batch_size`` is not positive.
        UnknownName: If there is no such encoding.
        MissingData: If no genome is registered for the task's assembly.
    """
    batches = dataset.batches(batch_size, encoding=encoding)
    text = {"example_id", "ref_check", *KINDS[dataset.spec.kind].sequences}
    types = {key: pa.string() if emit.dtype == "str" else pa.from_numpy_dtype(emit.dtype) for key, emit in dataset.spec.emits.items()}
    types |= dict.fromkeys(text, pa.string())
    letters = frozenset(KINDS[dataset.spec.kind].sequences) if encoding == "bytes" else frozenset[str]()

    def record(batch: dict[str, Any]) -> pa.RecordBatch:
        offsets = batch.pop("member_offsets", None)
        columns = {}
        for key, value in batch.items():
            column = _column(value, types.get(key), is_binary=key in letters)
            if key in dataset.member_keys:
                column = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), column)
            columns[key] = column
        return pa.RecordBatch.from_pydict(columns)

    return pa.RecordBatchReader.from_batches(record(dataset.empty_batch(encoding)).schema, map(record, batches))


def _column(value: Any, text_or_missing: pa.DataType | None, *, is_binary: bool) -> pa.Array:
    """Make a column of what a batch has under a key, over the same memory where it is an array of numbers."""
    if not isinstance(value, np.ndarray) or value.dtype == object:
        return pa.array(value, text_or_missing)
    if is_binary:
        whole = np.ascontiguousarray(value)
        return pa.Array.from_buffers(pa.binary(value.shape[1]), len(value), [None, pa.py_buffer(whole)])
    column = pa.array(np.ascontiguousarray(value).reshape(-1))
    for width in value.shape[:0:-1]:
        column = pa.FixedSizeListArray.from_arrays(column, width)
    return column


# ── does it hold here? ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def self_test(
    dataset: Readable,
    workers: int = 2,
    *,
    contexts: Sequence[str] | None = None,
    encoding: str = "codes",
    batch_size: int = 16,
    batches: int = 16,
    timeout: float = 120,
) -> dict[str, int]:
    """See that worker processes read what this process reads, at the same time and in orders of their own.

    This process reads first, so that whatever it holds open (a file with its position, a connection) is there to be shared by mistake when
    it forks. All workers then read the same batches together. Systems differ in what a fork copies: run this once where you train; in a
    script under ``if __name__ == "__main__":``, as everything that spawns.

    Args:
        dataset: The examples.
        workers: Processes that read at a time.
        contexts: How they are started: ``fork``, ``spawn``, ``forkserver``; by default each that this system has.
        encoding: Of the sequences.
        batch_size: Examples a batch, from places all over the data set.
        batches: How many of them each worker reads.
        timeout: Seconds until a worker that does not answer is given up.

    Returns:
        For each way of starting, how many batches were compared.

    Raises:
        ContractBroken: If a worker read something else, failed, or did not answer; says which and how it was started.
    """
    n = len(dataset)
    places = np.random.default_rng(0).permutation(n)[: batch_size * batches]
    parts = [places[first : first + batch_size] for first in range(0, len(places), batch_size)]
    expected = [_digest(dataset.take(part, encoding)) for part in parts]
    compared = {}
    for name in contexts or multiprocessing.get_all_start_methods():
        context: Any = multiprocessing.get_context(name)
        gate = context.Barrier(workers)
        started: dict[Connection, Any] = {}
        try:
            for worker in range(workers):
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(
                    target=_read_for_self_test, args=(dataset, parts, encoding, worker, gate, sender, timeout), daemon=True
                )
                process.start()
                sender.close()
                started[receiver] = process
            for worker, receiver in enumerate(started):
                if not wait([receiver], timeout):
                    raise ContractBroken(f"{name}: worker {worker} did not answer within {timeout:g} s")
                try:
                    answer = receiver.recv()
                except EOFError:
                    raise ContractBroken(f"{name}: worker {worker} ended without an answer") from None
                if isinstance(answer, str):
                    raise ContractBroken(f"{name}: worker {worker} could not read: {answer}")
                wrong = [i for i, digest in enumerate(answer) if digest != expected[i]]
                if wrong:
                    raise ContractBroken(
                        f"{name}: worker {worker} read something else than this process in {len(wrong)} of {len(expected)} batches, "
                        f"first at places {parts[wrong[0]][:4].tolist()} …; does a file or a connection cross the fork?"
                    )
        except BaseException:
            for process in started.values():
                process.kill()
            raise
        finally:
            for receiver, process in started.items():
                receiver.close()
                process.join(5)
                if process.is_alive():
                    process.kill()
                    process.join()
        compared[name] = workers * len(expected)
    return compared


def _read_for_self_test(
    dataset: Readable, parts: list[Int64Array], encoding: str, worker: int, gate: Any, sender: Connection, timeout: float
) -> None:
    try:
        set_threads(1)
        gate.wait(timeout)
        digests = [""] * len(parts)
        for i in np.random.default_rng(worker).permutation(len(parts)).tolist():
            digests[i] = _digest(dataset.take(parts[i], encoding))
        sender.send(digests)
    except BaseException as error:  # told by the process that asked
        sender.send(f"{type(error).__name__}: {error}")


def _digest(batch: dict[str, Any]) -> str:
    """sha256 over all that a batch holds."""
    digest = hashlib.sha256()
    for key in sorted(batch):
        value = batch[key]
        is_plain = isinstance(value, np.ndarray) and value.dtype != object
        digest.update(f"{key} {value.dtype} {value.shape}\n".encode() if is_plain else f"{key}\n".encode())
        digest.update(np.ascontiguousarray(value).data if is_plain else repr(list(value)).encode())
    return digest.hexdigest()
