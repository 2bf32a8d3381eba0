"""Batches that cross from a worker process to the process that reads them, in memory that both have and that is used again.

A tensor that PyTorch sends from process to process is copied into shared memory made for it alone: handed over by the system page by page,
passed by way of a socket, and given back when the tensor is gone. For windows that takes longer than to cut them. Here a worker has a few
stretches of shared memory, big enough for a batch each, and cuts into one that is free; what is sent says where the arrays lie. The reader
maps a worker's memory once, through ``/proc``. A stretch is free again when the last array or tensor over it is gone, on whichever side:
arrays hold a :class:`_Lease`, which clears the stretch's flag in the first page of the memory. A worker that finds none free, because its
reader keeps batches, sends them as PyTorch does; so it is on systems other than Linux.
"""

from __future__ import annotations

import math
import mmap
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.buffers import Buffers

_SLOTS = 8  #: Stretches a worker has: those that wait, those that the reader has, the one that is cut into. Unused ones take no memory.
_FEWEST = 4  #: Fewer are not worth it.
_MOST_BYTES = 1 << 30  #: Of all stretches of a worker.
_ALIGNED = 64

_Token = tuple[int, int, int]  # process, its descriptor, and a number that no other memory has


class _Memory:
    """Stretches of shared memory, each with a flag that says whether it is in use."""

    def __init__(self, file: int, slots: int, size: int) -> None:
        self.slots, self.size = slots, size
        self._map = mmap.mmap(file, mmap.PAGESIZE + slots * size)
        letters = np.frombuffer(self._map, np.uint8)
        self.flags, self.address = letters[:slots], letters.__array_interface__["data"][0] + mmap.PAGESIZE


class _Lease:
    """The use of a stretch, held by every array over it. Who lets go last frees the stretch, unless it was sent on."""

    def __init__(self, memory: _Memory, slot: int) -> None:
        self.memory, self.slot, self.is_sent, self._process = memory, slot, False, os.getpid()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        at = self.memory.address + self.slot * self.memory.size
        return {"data": (at, False), "shape": (self.memory.size,), "typestr": "|u1", "version": 3}

    def __del__(self) -> None:
        if not self.is_sent and self._process == os.getpid():  # a forked process lets go of what is not its own
            self.memory.flags[self.slot] = 0


class _Room(Buffers):
    """Gives arrays one behind the other out of a stretch; new ones where it is full."""

    def __init__(self, lease: _Lease) -> None:
        super().__init__()
        self.lease = lease
        self._letters, self._next = np.asarray(lease), 0

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Make an array of any content."""
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if self._next + n_bytes > len(self._letters):
            return np.empty(shape, dtype)
        at, self._next = self._next, _aligned(self._next + n_bytes)
        return self._letters[at : at + n_bytes].view(dtype).reshape(shape)

    def place(self, array: npt.NDArray[Any]) -> int | None:
        """Tell where in the stretch an array begins; None if it does not lie there."""
        at = array.__array_interface__["data"][0] - self._letters.__array_interface__["data"][0]
        return at if 0 <= at < len(self._letters) and array.flags.c_contiguous else None


class Parcel(dict[str, Any]):
    """A batch in a worker, as a dict; in the process that it is sent to a plain dict, over the same memory where nobody changed it."""

    def __init__(self, values: Mapping[str, Any], token: _Token, lease: _Lease, laid: dict[str, tuple[Any, int, npt.NDArray[Any]]]) -> None:
        super().__init__(values)
        self._token, self._lease, self._laid = token, lease, laid

    def __copy__(self) -> dict[str, Any]:
        return dict(self)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        del protocol
        if self._lease.is_sent:  # again: those who get it cannot both have the stretch
            return dict, (dict(self),)
        laid: dict[str, tuple[int, tuple[int, ...], str]] = {}
        others = {}
        for key, value in self.items():
            if key in self._laid and self._laid[key][0] is value:
                _, at, array = self._laid[key]
                laid[key] = at, array.shape, array.dtype.str
            else:
                others[key] = value
        self._lease.is_sent = True
        memory = self._lease.memory
        return _received, (self._token, memory.slots, memory.size, self._lease.slot, list(self), laid, others)


class Sender:
    """A worker's stretches of shared memory. They are as large as the batches turn out to be."""

    def __init__(self) -> None:
        self._memory: _Memory | None = None
        self._files: list[int] = []  # open as long as this process: a reader may yet have to map them
        self._token: _Token = (os.getpid(), -1, 0)

    def send(self, make: Callable[[Buffers], dict[str, Any]], as_tensor: Callable[[Any], Any]) -> dict[str, Any]:
        """Make a batch that is to be sent.

        Args:
            make: Makes it with arrays out of some room.
            as_tensor: Makes a tensor over an array's memory; other values it leaves alone, or makes lists of.

        Returns:
            The batch of tensors: a :class:`Parcel` if there was a stretch for it.
        """
        memory = self._memory
        free = [] if memory is None else np.flatnonzero(memory.flags == 0).tolist()
        if memory is None or not free:
            batch = make(Buffers())
            if memory is None:
                self._hire(_needed(batch))
            return {key: as_tensor(value) for key, value in batch.items()}
        memory.flags[free[0]] = 1
        room = _Room(_Lease(memory, free[0]))
        batch, laid, token = make(room), dict[str, tuple[int, npt.NDArray[Any]]](), self._token
        for key, value in batch.items():
            if isinstance(value, np.ndarray) and value.dtype != object and (at := room.place(value)) is not None:
                laid[key] = at, value
        for key, value in batch.items():
            if isinstance(value, np.ndarray) and value.dtype != object and key not in laid:
                moved = room.empty(value.shape, value.dtype)
                if (at := room.place(moved)) is not None:
                    moved[...] = value
                    laid[key] = at, moved
        batch.update({key: array for key, (_, array) in laid.items()})
        if (needed := _needed(batch)) > memory.size:
            self._hire(needed + needed // 4)
        tensors = {key: as_tensor(value) for key, value in batch.items()}
        return Parcel(tensors, token, room.lease, {key: (tensors[key], at, array) for key, (at, array) in laid.items()})

    def _hire(self, needed: int) -> None:
        size = -(-needed // mmap.PAGESIZE) * mmap.PAGESIZE
        slots = min(_SLOTS, _MOST_BYTES // max(size, 1))
        if slots < _FEWEST:
            return
        file = os.memfd_create("lrbstore-batches")
        os.truncate(file, mmap.PAGESIZE + slots * size)
        self._files.append(file)
        self._memory, self._token = _Memory(file, slots, size), (os.getpid(), file, int.from_bytes(os.urandom(7), "big"))


_sender: Sender | None = None
_rings: dict[_Token, _Memory] = {}


def sender() -> Sender | None:
    """Return this worker's sender; None where the system lacks what it takes."""
    global _sender  # noqa: PLW0603 - one a process
    if sys.platform != "linux" or not os.path.isdir("/proc/self/fd"):
        return None
    if _sender is None or _sender._token[0] != os.getpid():
        _sender = Sender()
    return _sender


def _needed(batch: Mapping[str, Any]) -> int:
    return sum(_aligned(value.nbytes) for value in batch.values() if isinstance(value, np.ndarray) and value.dtype != object)


def _aligned(n: int) -> int:
    return -(-n // _ALIGNED) * _ALIGNED


def _received(
    token: _Token,
    slots: int,
    size: int,
    slot: int,
    keys: list[str],
    laid: Mapping[str, tuple[int, tuple[int, ...], str]],
    others: Mapping[str, Any],
) -> dict[str, Any]:
    """Make a batch of what was sent: tensors over the worker's memory, which is free again when they are gone."""
    import torch

    if token not in _rings:
        for old in [ring for ring in _rings if not os.path.isdir(f"/proc/{ring[0]}")]:
            _rings.pop(old, None)  # its worker has ended; batches that are still held have it mapped
        file = os.open(f"/proc/{token[0]}/fd/{token[1]}", os.O_RDWR)
        try:
            _rings[token] = _Memory(file, slots, size)
        finally:
            os.close(file)
    letters = np.asarray(_Lease(_rings[token], slot))
    out: dict[str, Any] = {}
    for key in keys:
        if key in laid:
            at, shape, dtype = laid[key]
            n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
            out[key] = torch.from_numpy(letters[at : at + n_bytes].view(dtype).reshape(shape))
        else:
            out[key] = others[key]
    return out
