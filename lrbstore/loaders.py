"""A data set as others' loaders want it: a PyTorch map-style data set, a Hugging Face data set. Both are optional extras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from lrbstore.encoding import check_encoding
from lrbstore.errors import MissingExtra


class Examples(Protocol):
    """What a loader needs of a data set."""

    @property
    def member_keys(self) -> frozenset[str]:
        """Keys that have a value for each member of an example."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[dict[str, Any]]: ...

    def example(self, i: int, *, encoding: str = "text") -> dict[str, Any]:
        """Return one example with its sequences in an encoding."""
        ...


def torch_dataset(dataset: Examples, encoding: str) -> Any:
    """Wrap a data set for ``torch.utils.data.DataLoader``, with any number of workers, forked or spawned.

    Args:
        dataset: The examples.
        encoding: ``codes``, ``bytes``, ``one_hot`` or ``text``.

    Returns:
        A map-style ``torch.utils.data.Dataset``: arrays and numbers as tensors, text as ``str``. Examples of a combination differ in their
        number of members: give its ``collate`` to the loader, ``DataLoader(wrapped, collate_fn=wrapped.collate)``, which stacks members
        and adds ``member_offsets``, as batches of the data set do. For every other kind it is the loader's own.

    Raises:
        MissingExtra: If PyTorch is not installed.
        UnknownName: If there is no such encoding.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("torch", "a PyTorch data set") from error
    check_encoding(encoding)

    class TorchExamples(torch.utils.data.Dataset):  # type: ignore[misc,name-defined,unused-ignore]
        """The examples of one split; each process opens store and genome for itself."""

        def __len__(self) -> int:
            return len(dataset)

        def __getitem__(self, i: int) -> dict[str, Any]:
            return {key: _tensor(value) for key, value in dataset.example(i, encoding=encoding).items()}

        @staticmethod
        def collate(examples: list[dict[str, Any]]) -> dict[str, Any]:
            """Put examples into a batch; what is said of members is stacked over all of them."""
            keys = dataset.member_keys
            if not keys:
                return dict(torch.utils.data.default_collate(examples))
            merged = merge_members(examples, keys, torch.cat)
            own = [{key: value for key, value in example.items() if key not in keys} for example in examples]
            offsets = torch.from_numpy(merged["member_offsets"])
            return {**merged, **torch.utils.data.default_collate(own), "member_offsets": offsets}

        def __reduce__(self) -> tuple[Any, ...]:
            return torch_dataset, (dataset, encoding)

    def _tensor(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.number):
            return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else torch.tensor(value.item())
        return value

    return TorchExamples()


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


def hf_dataset(dataset: Examples) -> Any:
    """Copy a data set into Hugging Face's Arrow cache, sequences as text.

    Mind that this stores the sequences, once for every window length: for what stays lazy, use the data set itself.

    Args:
        dataset: The examples.

    Returns:
        A ``datasets.Dataset`` with the keys of ``ds[i]``.

    Raises:
        MissingExtra: If ``datasets`` is not installed.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("hf", "a Hugging Face data set") from error
    return datasets.Dataset.from_generator(_plain, gen_kwargs={"dataset": dataset})


def _plain(dataset: Examples) -> Iterator[dict[str, Any]]:
    for example in dataset:
        yield {key: value.item() if isinstance(value, np.number) else value for key, value in example.items()}
