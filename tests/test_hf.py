"""Hugging Face's data sets over ours: copied, and streamed. All slow: to import them takes longer than most tests."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lrbstore

EQTL, CAGE, OLIGO = "variant_effect_gene_expression", "cage_prediction", "gvrep_oligogenic"
HAS_TORCH = importlib.util.find_spec("torch") is not None

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("datasets") is None, reason="datasets is not installed (an optional extra: make extras)"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),  # more workers than cores: a matter of speed
]


@pytest.fixture
def ds(store: lrbstore.Store) -> lrbstore.Dataset:
    return lrbstore.task(EQTL, 64, store=store).test


def _ids(stream: Any) -> list[str]:
    return [example["example_id"] for example in stream]


def test_a_copy_holds_the_same_examples(ds: lrbstore.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    copied = ds.to_hf()
    assert copied.num_rows == len(ds)
    assert copied[3]["ref_forward_sequence"] == ds[3]["ref_forward_sequence"]
    assert copied["example_id"][:] == [e["example_id"] for e in ds]


@pytest.mark.parametrize(("task", "encoding"), [(EQTL, "text"), (EQTL, "one_hot"), (CAGE, "codes"), (OLIGO, "text")])
def test_a_stream_holds_the_same_examples(store: lrbstore.Store, task: str, encoding: str):
    ds = lrbstore.task(task, 256, store=store).train
    stream = ds.hf_stream(4, encoding)
    n = 0
    for i, example in enumerate(stream):
        expected = ds.example(i, encoding=encoding)
        assert example.keys() == expected.keys()
        assert all(np.array_equal(example[key], value) for key, value in expected.items())
        n += 1
    assert n == len(ds)


def test_a_stream_cuts_only_what_is_asked_for(ds: lrbstore.Dataset, monkeypatch: pytest.MonkeyPatch):
    calls = []
    take = lrbstore.Dataset.take
    monkeypatch.setattr(lrbstore.Dataset, "take", lambda *a: calls.append(len(a[1])) or take(*a))
    stream = ds.hf_stream(4)
    assert calls == []
    assert len(list(stream.take(6))) == 6
    assert calls == [4, 4]


def test_a_stream_goes_on_from_its_state(ds: lrbstore.Dataset):
    expected = [i for batch in ds.batches(4, shuffle=True, seed=3) for i in batch["example_id"].tolist()]
    for k in (0, 3, 4, 9, len(ds)):
        stream = ds.hf_stream(4, shuffle=True, seed=3)
        stream.state_dict()
        iterator = iter(stream)
        had = [next(iterator)["example_id"] for _ in range(k)]
        state = json.loads(json.dumps(stream.state_dict()))
        again = ds.hf_stream(4, shuffle=True, seed=3)
        again.load_state_dict(state)
        assert had + _ids(again) == expected


def test_a_stream_is_shared_out_over_ranks(ds: lrbstore.Dataset):
    from datasets.distributed import split_dataset_by_node

    for world in (2, 3):
        ranks = [_ids(split_dataset_by_node(ds.hf_stream(4), rank=r, world_size=world)) for r in range(world)]
        assert sorted(itertools.chain(*ranks)) == sorted(_ids(ds))


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed (an optional extra: make extras)")
@pytest.mark.parametrize(("context", "workers"), [(None, 0), ("fork", 2), ("fork", 3), ("spawn", 2), ("forkserver", 2)])
def test_a_stream_is_shared_out_over_workers_in_order(ds: lrbstore.Dataset, context: str | None, workers: int):
    import torch

    stream = ds.hf_stream(4, "codes", shuffle=True).with_format("torch")
    loader = torch.utils.data.DataLoader(stream, batch_size=4, num_workers=workers, multiprocessing_context=context)
    found = list(loader)
    for ours, theirs in zip(found, ds.batches(4, encoding="codes", shuffle=True), strict=True):
        assert ours["example_id"] == theirs["example_id"].tolist()
        assert np.array_equal(ours["ref_forward_sequence"].numpy(), theirs["ref_forward_sequence"])
