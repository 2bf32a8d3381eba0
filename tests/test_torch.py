"""PyTorch's own loaders over data sets: workers, ranks, epochs, states. All slow: to import PyTorch takes longer than most tests."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import pickle
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbstore

EQTL, BULK, CAGE, OLIGO = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_oligogenic"
CONTEXTS = ["fork", "spawn", "forkserver"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed (an optional extra: make extras)"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),  # more workers than cores: a matter of speed
]


@pytest.fixture(scope="module")
def ds(store: lrbstore.Store) -> lrbstore.Dataset:
    opened = lrbstore.task(EQTL, 64, store=store).train
    assert len(opened) > 60
    return opened


def _ids(batches: Any) -> list[list[str]]:
    return [batch["example_id"] for batch in batches]


def _expected(ds: lrbstore.Dataset, size: int, **options: Any) -> list[list[str]]:
    return [batch["example_id"].tolist() for batch in ds.batches(size, encoding="codes", **options)]


def _same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    import torch

    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, np.ndarray) and value.dtype != object:
            assert isinstance(found[key], torch.Tensor), key
            assert found[key].numpy().dtype == value.dtype, key
            assert np.array_equal(found[key].numpy(), value), key
        else:
            assert found[key] == list(value), key


# ── map-style ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("context", CONTEXTS)
def test_workers_hand_out_the_same_examples(ds: lrbstore.Dataset, context: str):
    import torch

    wrapped = ds.torch(encoding="codes")
    assert len(pickle.loads(pickle.dumps(wrapped))) == len(ds)
    loader = torch.utils.data.DataLoader(wrapped, batch_size=8, num_workers=2, multiprocessing_context=context)
    found = list(loader)
    expected = list(ds.batches(8, encoding="codes"))
    assert _ids(found) == [batch["example_id"].tolist() for batch in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array_equal(ours["alt_forward_sequence"].numpy(), theirs["alt_forward_sequence"])
        assert np.array_equal(ours["label"].numpy(), theirs["label"])
        assert ours["label"].numpy().dtype == theirs["label"].dtype


@pytest.mark.parametrize("encoding", ["codes", "one_hot", "text"])
@pytest.mark.parametrize("task", [EQTL, BULK, CAGE, OLIGO])
def test_a_batch_is_fetched_at_once_and_handed_on_as_it_is(
    store: lrbstore.Store, task: str, encoding: str, monkeypatch: pytest.MonkeyPatch
):
    import torch

    ds = lrbstore.task(task, 256, store=store, window="strict", edge="pad").train
    wrapped = ds.torch(encoding)
    calls: list[list[int]] = []
    take = lrbstore.Dataset.take

    def watched(self: lrbstore.Dataset, rows: Any, encoding: str = "bytes", *more: Any) -> dict[str, Any]:
        calls.append(np.asarray(rows).tolist())
        return take(self, rows, encoding)

    monkeypatch.setattr(lrbstore.Dataset, "take", watched)
    places = [5, 0, 3, 3]
    (found,) = torch.utils.data.DataLoader(torch.utils.data.Subset(wrapped, places), batch_size=4, collate_fn=wrapped.collate)
    assert calls == [places]
    _same(found, ds.take(places, encoding))
    # as a list of examples it is the same
    _same(wrapped.collate([wrapped[i] for i in places]), ds.take(places, encoding))
    one, expected = wrapped[-1], ds.example(-1, encoding=encoding)
    assert one.keys() == expected.keys()
    for key, value in expected.items():
        held = one[key].numpy() if isinstance(one[key], torch.Tensor) else one[key]
        assert np.array_equal(held, value), key
    with pytest.raises(IndexError):
        wrapped[len(ds)]


def test_a_tensor_lies_where_the_array_lay(ds: lrbstore.Dataset, monkeypatch: pytest.MonkeyPatch):
    made = []
    take = lrbstore.Dataset.take
    monkeypatch.setattr(lrbstore.Dataset, "take", lambda *a: made.append(take(*a)) or made[-1])
    batch = next(iter(ds.torch_batches(16, "one_hot")))
    for key in ("ref_forward_sequence", "alt_forward_sequence"):
        assert batch[key].data_ptr() == made[0][key].__array_interface__["data"][0]


def test_training_of_the_readme_runs(demo_store: Path):
    from test_docs import blocks

    _, code = blocks("python")
    assert '"build/demo/store"' in code
    held: dict[str, Any] = {}
    exec(compile(code.replace('"build/demo/store"', repr(str(demo_store))), "README.md", "exec"), held)
    assert held["checkpoint"]["epoch"] == 1
    assert held["checkpoint"]["batch"] == len(held["loader"])
    assert held["batch"]["ref_forward_sequence"].shape[1] == 4096
    held["store"].close()


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("context", "workers"), [(None, 0), ("fork", 1), ("fork", 3), ("spawn", 2), ("forkserver", 2)])
def test_batches_arrive_in_order_for_any_number_of_workers(ds: lrbstore.Dataset, context: str | None, workers: int):
    for options in ({}, {"shuffle": True, "seed": 4}):
        loader = ds.torch_batches(7, **options).loader(workers, multiprocessing_context=context)
        expected = list(ds.batches(7, encoding="codes", **options))
        assert len(loader) == len(expected)
        found = list(loader)
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            _same(ours, theirs)
        if context == "spawn":
            break  # once is slow enough


def test_members_and_labels_come_as_in_batches(store: lrbstore.Store):
    for task in (OLIGO, CAGE, BULK):
        ds = lrbstore.task(task, 256, store=store).train
        for ours, theirs in zip(ds.torch_batches(5, "one_hot").loader(2), ds.batches(5, encoding="one_hot"), strict=True):
            _same(ours, theirs)


def test_ranks_share_the_batches_out(ds: lrbstore.Dataset):
    expected = _expected(ds, 4, shuffle=True, seed=1)
    for world, workers in ((2, 2), (3, 0), (3, 2)):
        ranks = [_ids(ds.torch_batches(4, shuffle=True, seed=1, rank=r, world_size=world).loader(workers)) for r in range(world)]
        assert ranks == [expected[r::world] for r in range(world)]
        even = [_ids(ds.torch_batches(4, shuffle=True, seed=1, drop_last=True, rank=r, world_size=world)) for r in range(world)]
        whole = [batch for batch in expected if len(batch) == 4]
        assert even == [whole[: len(whole) // world * world][r::world] for r in range(world)]
    for wrong in ({"rank": 0}, {"world_size": 2}, {"rank": 2, "world_size": 2}, {"rank": -1, "world_size": 2}):
        with pytest.raises(lrbstore.BadSpec, match="world size"):
            ds.torch_batches(4, **wrong)


def test_rank_and_world_size_are_found_in_torch_distributed(ds: lrbstore.Dataset):
    import torch.distributed

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=0, world_size=1)
    try:
        batches = ds.torch_batches(4)
        assert (batches.rank, batches.world) == (0, 1)
        assert _ids(batches.loader(2)) == _expected(ds, 4)
    finally:
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (2, True)])
def test_epochs_reach_the_workers(ds: lrbstore.Dataset, workers: int, persistent: bool):
    loader = ds.torch_batches(9, shuffle=True, seed=2).loader(workers, persistent_workers=persistent)
    orders = []
    for epoch in (0, 1, 2, 1):
        loader.set_epoch(epoch)
        orders.append(_ids(loader))
    assert orders[0] == _expected(ds, 9, shuffle=True, seed=2)
    assert orders[1] == orders[3]
    assert len({json.dumps(order) for order in orders}) == 3
    assert len({json.dumps(sorted(itertools.chain(*order))) for order in orders}) == 1


@pytest.mark.parametrize(("before", "after", "persistent"), [(0, 0, False), (0, 3, False), (2, 0, False), (3, 2, True), (2, 3, False)])
def test_after_a_state_the_rest_comes_once_and_in_order(ds: lrbstore.Dataset, before: int, after: int, persistent: bool):
    def made(workers: int) -> Any:
        options = {"persistent_workers": True} if persistent and workers else {}
        return ds.torch_batches(5, shuffle=True, seed=8).loader(workers, **options)

    whole = made(0)
    whole.set_epoch(1)
    expected = _ids(whole)
    for k in (0, 1, 4, len(expected) - 1, len(expected)):
        loader = made(before)
        loader.set_epoch(1)
        iterator = iter(loader)
        had = [next(iterator)["example_id"] for _ in range(k)]
        state = json.loads(json.dumps(loader.state_dict()))  # as a checkpoint holds it
        del iterator
        again = made(after)
        again.load_state_dict(state)
        again.set_epoch(1)  # a loop over epochs says so first; it changes nothing
        rest = _ids(again)
        assert had + rest == expected
        assert _ids(again) == expected  # the next pass is a whole one
        again.set_epoch(0)
        assert _ids(again) == _expected(ds, 5, shuffle=True, seed=8)


def test_ranks_go_on_with_other_ranks_and_workers(ds: lrbstore.Dataset):
    def made(rank: int, world: int, workers: int) -> Any:
        return ds.torch_batches(3, shuffle=True, seed=8, rank=rank, world_size=world).loader(workers)

    expected = _expected(ds, 3, shuffle=True, seed=8)
    states, had = [], []
    for rank in range(2):
        loader = made(rank, 2, 2)
        iterator = iter(loader)
        had += [next(iterator)["example_id"] for _ in range(3)]
        states.append(loader.state_dict())
        del iterator
    assert states[0] == states[1]
    rest = []
    for rank in range(3):
        again = made(rank, 3, rank)
        again.load_state_dict(states[0])
        rest += _ids(again)
    assert sorted(had + rest) == sorted(expected)


def test_the_iterable_has_a_state_of_its_own(ds: lrbstore.Dataset):
    """What a loader asks its workers for that keeps the state of each of them."""
    batches = ds.torch_batches(5, shuffle=True)
    iterator = iter(batches)
    had = [next(iterator)["example_id"] for _ in range(3)]
    again = ds.torch_batches(5, shuffle=True)
    again.load_state_dict(batches.state_dict())
    assert had + _ids(again) == _expected(ds, 5, shuffle=True)
    with pytest.raises(lrbstore.BadSpec, match="seed=0"):
        ds.torch_batches(5, shuffle=True, seed=1).load_state_dict(batches.state_dict())
    with pytest.raises(lrbstore.BadSpec, match="made already"):
        batches.loader(batch_size=4)
    with pytest.raises(lrbstore.BadSpec, match="epoch -1"):
        batches.set_epoch(-1)


def test_workers_cut_with_one_thread(ds: lrbstore.Dataset, monkeypatch: pytest.MonkeyPatch):
    from lrbstore import bases

    take = lrbstore.Dataset.take
    monkeypatch.setattr(lrbstore.Dataset, "take", lambda *a: {**take(*a), "threads": np.array([bases._crew.size])})
    bases.set_threads(3)
    try:
        assert {int(batch["threads"]) for batch in ds.torch_batches(16).loader(2)} == {1}
        assert {int(batch["threads"]) for batch in ds.torch_batches(16).loader(0)} == {3}
    finally:
        bases._crew._process = 0


# ── memory that workers and their reader share ───────────────────────────────────────────────────────────────────────────────────────


def _uses() -> int:
    """Count the stretches of workers' memory that are in use, as this process sees them."""
    from lrbstore import crossing

    return sum(int(memory.flags.sum()) for memory in crossing._rings.values())


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("encoding", ["codes", "one_hot_float32"])
def test_batches_that_are_held_stay_as_they_are(ds: lrbstore.Dataset, context: str, encoding: str):
    """A reader that holds some batches, or parts of them, while others come whose memory is used again."""
    expected = list(ds.batches(2, encoding=encoding, shuffle=True, seed=3))
    rng = np.random.default_rng(0)
    held: dict[int, Any] = {}
    loader = ds.torch_batches(2, encoding, shuffle=True, seed=3).loader(2, multiprocessing_context=context)
    for number, batch in enumerate(loader):
        _same(batch, expected[number])
        if number % 3:
            held[number] = batch["alt_forward_sequence"][1:] if number % 2 else batch
        while len(held) > rng.integers(1, 12):
            del held[int(rng.choice(list(held)))]
        for at, kept in held.items():
            if isinstance(kept, dict):
                _same(kept, expected[at])
            else:
                assert np.array_equal(kept.numpy(), expected[at]["alt_forward_sequence"][1:])
    assert number == len(expected) - 1


@pytest.mark.parametrize("seq_len", [64, 40_000])
def test_memory_is_used_again_and_whoever_keeps_all_gets_all(store: lrbstore.Store, seq_len: int):
    from lrbstore import crossing

    ds = lrbstore.task(EQTL, seq_len, store=store, window="strict", edge="pad").train
    expected = list(ds.batches(2, encoding="codes"))
    loader = ds.torch_batches(2).loader(1)
    places = set()
    for number, batch in enumerate(loader):
        _same(batch, expected[number])
        places.add(batch["alt_forward_sequence"].data_ptr())
    assert len(expected) > 30
    if crossing.sys.platform == "linux":
        assert len(places) <= 1 + crossing._SLOTS
        del batch
        assert _uses() == 0
    everything = list(loader)  # more than there are stretches
    for ours, theirs in zip(everything, expected, strict=True):
        _same(ours, theirs)
    again = pickle.loads(pickle.dumps(everything[3]))
    _same(again, expected[3])
    del everything
    assert _uses() == 0


def _counted(batch: dict[str, Any]) -> dict[str, Any]:
    batch["n"] = len(batch["example_id"])
    batch["label"] = batch["label"] + 1
    batch["ref_forward_sequence"][:] = 4
    return batch


@pytest.mark.parametrize("collate", [_counted, None])
def test_what_a_collate_function_does_in_the_worker_arrives(ds: lrbstore.Dataset, collate: Any):
    import torch

    loader = torch.utils.data.DataLoader(ds.torch_batches(7), batch_size=None, num_workers=2, collate_fn=collate)
    for found, expected in zip(loader, ds.batches(7, encoding="codes"), strict=True):
        if collate:
            expected["label"] = expected["label"] + 1
            expected["ref_forward_sequence"][:] = 4
            assert found.pop("n") == len(expected["example_id"])
        _same(found, expected)


def test_a_forked_process_frees_nothing_of_its_parents(ds: lrbstore.Dataset):
    """Workers of another loader are forked while a batch is held; what they let go of is still in use."""
    loader = ds.torch_batches(2).loader(1)
    iterator = iter(loader)
    for _ in range(4):
        batch = next(iterator)
    before = batch["ref_forward_sequence"].clone()
    child = os.fork()
    if child == 0:
        batch.clear()
        os._exit(0)
    os.waitpid(child, 0)
    for _ in range(12):
        next(iterator)
    assert bool((batch["ref_forward_sequence"] == before).all())


def test_combinations_and_labels_of_any_size_cross(store: lrbstore.Store):
    for task, seq_len in ((OLIGO, 64), (BULK, 256), (CAGE, 2_048)):
        ds = lrbstore.task(task, seq_len, store=store).train if task != OLIGO else lrbstore.task(task, seq_len, store=store).test
        expected = list(ds.batches(3, encoding="codes"))
        for found, theirs in zip(ds.torch_batches(3).loader(2), expected, strict=True):
            _same(found, theirs)
