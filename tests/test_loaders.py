"""Loaders without their libraries: which batches are whose, Arrow streams, the self-test; the clear message when an extra is missing.

With the libraries: test_torch.py, test_hf.py.
"""

from __future__ import annotations

import itertools
import os
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrbstore
from lrbstore import loaders
from lrbstore.loaders import Plan, Share, epoch_seed, self_test

EQTL, CAGE, OLIGO = "variant_effect_gene_expression", "cage_prediction", "gvrep_oligogenic"


@pytest.fixture
def ds(store: lrbstore.Store) -> lrbstore.Dataset:
    return lrbstore.task(EQTL, 64, store=store).test


class Numbers:
    """A data set of numbers: enough to share out."""

    fingerprint = "numbers"

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def order(self, shuffle: bool = False, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).permutation(self.n) if shuffle else np.arange(self.n)

    def take(self, rows: Any, encoding: str = "bytes", room: Any = None) -> dict[str, Any]:
        return {"example_id": np.asarray(rows)}


def test_an_example_in_every_encoding(ds: lrbstore.Dataset):
    batches = {e: next(ds.batches(4, encoding=e)) for e in ("bytes", "codes", "one_hot")}
    for encoding, batch in batches.items():
        one = ds.example(-len(ds), encoding=encoding)
        assert np.array_equal(one["ref_forward_sequence"], batch["ref_forward_sequence"][0])
        assert one["ref_forward_sequence"].dtype == batch["ref_forward_sequence"].dtype
    assert ds.example(1)["example_id"] == ds[1]["example_id"]
    with pytest.raises(lrbstore.UnknownName, match="one_hot"):
        ds.example(0, encoding="onehot")
    with pytest.raises(IndexError):
        ds.example(len(ds))


# ── whose batches are whose ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(
    n=st.integers(0, 60), size=st.integers(1, 9), world=st.integers(1, 4), workers=st.integers(1, 4), start=st.integers(0, 20),
    drop_last=st.booleans(),
)  # fmt: skip
def test_every_batch_comes_once_and_in_order(n: int, size: int, world: int, workers: int, start: int, drop_last: bool):
    plan = Plan(Numbers(n), size, "codes", drop_last=drop_last)
    by_rank = []
    for rank in range(world):
        own = [list(plan.numbers(Share(rank, world, worker, workers), start)) for worker in range(workers)]
        # a DataLoader asks its workers in turn; one that has no more is passed over
        in_turn = [b for step in itertools.zip_longest(*own) for b in step if b is not None]
        assert in_turn == list(plan.numbers(Share(rank, world), start))
        by_rank.append(in_turn)
    stop = n // size if drop_last else -(-n // size)
    handed = sorted(b for own in by_rank for b in own)
    if drop_last:
        assert len({len(own) for own in by_rank}) == 1
        assert handed == list(range(start, start + max(stop - start, 0) // world * world))
    else:
        assert handed == list(range(start, stop))
    # what all ranks have had after as many steps is a prefix
    for steps in range(min(map(len, by_rank)) + 1):
        assert sorted(b for own in by_rank for b in own[:steps]) == list(range(start, start + steps * world))


def test_batches_of_a_plan_are_the_data_sets_own(ds: lrbstore.Dataset):
    for shuffle in (False, True):
        plan = pickle.loads(pickle.dumps(Plan(ds, 7, "codes", shuffle=shuffle, seed=5)))
        ours = [plan.batch(b) for b in range(plan.end())]
        theirs = list(ds.batches(7, encoding="codes", shuffle=shuffle, seed=5))
        assert [b["example_id"].tolist() for b in ours] == [b["example_id"].tolist() for b in theirs]
        assert all(np.array_equal(a["alt_forward_sequence"], b["alt_forward_sequence"]) for a, b in zip(ours, theirs, strict=True))


def test_epochs_have_orders_of_their_own_that_do_not_change():
    plan = Plan(Numbers(50), 50, "codes", shuffle=True, seed=3)
    orders = [plan.batch(0, epoch)["example_id"].tolist() for epoch in (0, 1, 2, 1, 0)]
    assert orders[0] == orders[4] == Numbers(50).order(True, 3).tolist()
    assert orders[1] == orders[3]
    assert len({tuple(order) for order in orders}) == 3
    assert [epoch_seed(3, e) for e in range(3)] == [3, 457190280, 960329833]  # states of loaders outlive this process
    assert all(sorted(order) == list(range(50)) for order in orders)
    flat = Plan(Numbers(50), 50, "codes")
    assert flat.batch(0, 1)["example_id"].tolist() == list(range(50))


def test_a_state_of_something_else_is_refused():
    plan = Plan(Numbers(50), 5, "codes", shuffle=True, seed=3)
    state = {**plan.identity, "epoch": 1, "batch": 4}
    assert plan.check_state(state) == (1, 4)
    for change, said in (({"seed": 4}, "seed=4"), ({"batch_size": 6}, "batch_size=6"), ({"fingerprint": "x"}, "fingerprint='x'"),
                         ({"batch": -1}, "negative")):  # fmt: skip
        with pytest.raises(lrbstore.BadSpec, match=said):
            plan.check_state({**state, **change})
    with pytest.raises(lrbstore.BadSpec, match="no state of a loader"):
        plan.check_state({"epoch": 1})
    with pytest.raises(lrbstore.BadSpec, match="batch_size=0"):
        Plan(Numbers(5), 0, "codes")
    with pytest.raises(lrbstore.UnknownName, match="one_hot"):
        Plan(Numbers(5), 1, "onehot")


# ── Arrow ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


@pytest.mark.parametrize("encoding", ["bytes", "text", "codes", "one_hot"])
@pytest.mark.parametrize(("task", "length"), [(EQTL, 64), (OLIGO, 64), (CAGE, 256)])
def test_arrow_batches_hold_what_indexing_gives(store: lrbstore.Store, task: str, length: int, encoding: str):
    ds = lrbstore.task(task, length, store=store).train
    reader = ds.arrow(5, encoding)
    first = reader.read_next_batch()
    assert first.schema == reader.schema
    assert first.num_rows == 5
    key = next(key for key in reader.schema.names if key.endswith(("sequence", "sequences")))
    made = reader.schema.field(key).type.value_type if task == OLIGO else reader.schema.field(key).type
    wanted = {"bytes": pa.binary(length), "text": pa.string(), "codes": pa.list_(pa.int8(), length),
              "one_hot": pa.list_(pa.list_(pa.uint8(), length), 4)}[encoding]  # fmt: skip
    assert made == wanted
    if task == CAGE:
        assert reader.schema.field("labels").type == pa.list_(pa.list_(pa.float32(), 50), ds.example(0)["labels"].shape[0])
    for i, row in enumerate(first.to_pylist()):
        expected = ds.example(i, encoding=encoding)
        assert row.keys() == expected.keys()
        for name, value in row.items():
            letters = encoding == "bytes" and name.endswith(("sequence", "sequences"))
            assert (np.array(expected[name]).view(f"S{length}")[..., 0].tolist() if letters else _plain(expected[name])) == value, name
    assert first.num_rows + sum(batch.num_rows for batch in reader) == len(ds)


def test_arrow_does_not_copy_sequences(ds: lrbstore.Dataset, monkeypatch: pytest.MonkeyPatch):
    kept: list[dict[str, Any]] = []
    whole = lrbstore.Dataset.batches

    def watched(self: lrbstore.Dataset, *args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        for batch in whole(self, *args, **kwargs):
            kept.append(dict(batch))
            yield batch

    monkeypatch.setattr(lrbstore.Dataset, "batches", watched)
    for encoding in ("bytes", "codes", "one_hot"):
        batch = ds.arrow(8, encoding).read_next_batch()
        column = batch.column("ref_forward_sequence")
        while pa.types.is_fixed_size_list(column.type):
            column = column.values
        assert column.buffers()[1].address == kept[-1]["ref_forward_sequence"].__array_interface__["data"][0]


def test_arrow_batches_that_are_kept_stay_what_they_were(store: lrbstore.Store):
    ds = lrbstore.task(EQTL, 16_384, store=store).train
    kept = list(ds.arrow(65, "codes"))  # more than a megabyte each: memory that a data set may use again
    for first, batch in zip(range(0, len(ds), 65), kept, strict=True):
        expected = ds.take(np.arange(first, min(first + 65, len(ds))), "codes")
        assert batch.column("example_id").to_pylist() == expected["example_id"].tolist()
        found = batch.column("alt_forward_sequence").values.to_numpy()
        assert np.array_equal(found, expected["alt_forward_sequence"].reshape(-1))


def test_arrow_streams_go_into_sql_and_may_be_empty(store: lrbstore.Store, ds: lrbstore.Dataset):
    with duckdb.connect() as connection:
        connection.register("examples", ds.arrow(8, "text"))
        found = connection.execute("select count(*), min(length(ref_forward_sequence)) from examples").fetchall()
    assert found == [(len(ds), 64)]
    none = lrbstore.task(EQTL, 64, store=store, tissue="Liver").test
    table = none.arrow().read_all()
    assert table.num_rows == len(none)
    assert table.schema == ds.arrow().schema


# ── the self-test ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_forked_workers_read_what_this_process_reads(store: lrbstore.Store):
    for task, length in ((EQTL, 64), (CAGE, 256), (OLIGO, 64)):
        ds = lrbstore.task(task, length, store=store).train
        assert self_test(ds, contexts=["fork"], batch_size=4, batches=5) == {"fork": 10}


@pytest.mark.slow
def test_workers_however_started_read_what_this_process_reads(ds: lrbstore.Dataset):
    assert self_test(ds, workers=3).keys() == {"fork", "spawn", "forkserver"}


class SharesAPosition(Numbers):
    """What every reader of files does that opens before the fork: seek, then read, of one position for all."""

    def __init__(self, path: Path, n: int) -> None:
        super().__init__(n)
        self.handle = os.open(path, os.O_RDONLY)

    def take(self, rows: Any, encoding: str = "bytes", room: Any = None) -> dict[str, Any]:
        letters = []
        for row in rows.tolist():
            os.lseek(self.handle, row * 8, os.SEEK_SET)
            time.sleep(0)  # another process may go on here, as it may anywhere
            letters.append(os.read(self.handle, 8))
        return {"example_id": np.array(letters, object)}


class Opens(SharesAPosition):
    """The same, mended: each process opens the file for itself."""

    def __init__(self, path: Path, n: int) -> None:
        super().__init__(path, n)
        self.path, self.process = path, os.getpid()

    def take(self, rows: Any, encoding: str = "bytes", room: Any = None) -> dict[str, Any]:
        if self.process != os.getpid():
            self.handle, self.process = os.open(self.path, os.O_RDONLY), os.getpid()
        return super().take(rows)


class Waits(Numbers):
    """As a connection does whose threads the fork did not copy."""

    def __init__(self, n: int) -> None:
        super().__init__(n)
        self.process = os.getpid()

    def take(self, rows: Any, encoding: str = "bytes", room: Any = None) -> dict[str, Any]:
        if self.process != os.getpid():
            time.sleep(60)
        return super().take(rows)


class Fails(Waits):
    def take(self, rows: Any, encoding: str = "bytes", room: Any = None) -> dict[str, Any]:
        if self.process != os.getpid():
            raise OSError("bad file descriptor")
        return super().take(rows)


def test_the_self_test_catches_what_it_is_for(tmp_path: Path):
    (tmp_path / "numbers").write_bytes(b"".join(f"{i:8d}".encode() for i in range(4_000)))
    for kind in (SharesAPosition, Opens):
        dataset = kind(tmp_path / "numbers", 4_000)
        if kind is SharesAPosition:
            with pytest.raises(lrbstore.LrbStoreError, match=r"fork: worker \d read something else than this process in \d+ of 40 batches"):
                self_test(dataset, contexts=["fork"], batch_size=100, batches=40)
        else:
            assert self_test(dataset, contexts=["fork"], batch_size=100, batches=40) == {"fork": 80}
        os.close(dataset.handle)
    with pytest.raises(lrbstore.LrbStoreError, match=r"fork: worker 0 did not answer within 0\.3 s"):
        self_test(Waits(8), contexts=["fork"], timeout=0.3)
    with pytest.raises(lrbstore.LrbStoreError, match="could not read: OSError: bad file descriptor"):
        self_test(Fails(8), contexts=["fork"])


# ── without the extras ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_an_extra_its_pip_line_is_said(ds: lrbstore.Dataset, monkeypatch: pytest.MonkeyPatch):
    loaders._torch_classes.cache_clear()
    for module in ("torch", "datasets"):
        monkeypatch.setitem(sys.modules, module, None)
    for call in (ds.torch, ds.torch_batches):
        with pytest.raises(lrbstore.MissingExtra, match=r"pip install 'lrbstore\[torch\]'"):
            call()
    for call in (ds.to_hf, ds.hf_stream):
        with pytest.raises(lrbstore.MissingExtra, match=r"pip install 'lrbstore\[hf\]'"):
            call()
