"""The optional loaders: the same examples, or a clear message when the extra is missing."""

import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest

import lrbstore

HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_HF = importlib.util.find_spec("datasets") is not None


@pytest.fixture
def ds(demo_store: Path):
    with lrbstore.open(demo_store) as store:
        yield lrbstore.task("variant_effect_gene_expression", 64, store=store).test


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


@pytest.mark.skipif(HAS_TORCH, reason="PyTorch is installed")
def test_without_torch_the_pip_line_is_said(ds: lrbstore.Dataset):
    with pytest.raises(lrbstore.MissingExtra, match=r"pip install 'lrbstore\[torch\]'"):
        ds.torch()


@pytest.mark.skipif(HAS_HF, reason="datasets is installed")
def test_without_datasets_the_pip_line_is_said(ds: lrbstore.Dataset):
    with pytest.raises(lrbstore.MissingExtra, match=r"pip install 'lrbstore\[hf\]'"):
        ds.to_hf()


@pytest.mark.skipif(not HAS_TORCH, reason="PyTorch is not installed (an optional extra)")
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_torch_workers_hand_out_the_same_examples(ds: lrbstore.Dataset, context: str):
    import torch

    wrapped = ds.torch(encoding="codes")
    assert len(pickle.loads(pickle.dumps(wrapped))) == len(ds)
    loader = torch.utils.data.DataLoader(wrapped, batch_size=8, num_workers=2, multiprocessing_context=context)
    ids, letters, labels = [], [], []
    for batch in loader:
        ids += batch["example_id"]
        letters.append(batch["alt_forward_sequence"].numpy())
        labels.append(batch["label"].numpy())
    expected = next(ds.batches(len(ds), encoding="codes"))
    assert ids == expected["example_id"].tolist()
    assert np.array_equal(np.concatenate(letters), expected["alt_forward_sequence"])
    assert np.array_equal(np.concatenate(labels), expected["label"])


@pytest.mark.skipif(not HAS_HF, reason="datasets is not installed (an optional extra)")
def test_hugging_face_holds_the_same_examples(ds: lrbstore.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    copied = ds.to_hf()
    assert copied.num_rows == len(ds)
    assert copied[3]["ref_forward_sequence"] == ds[3]["ref_forward_sequence"]
    assert copied["example_id"][:] == [e["example_id"] for e in ds]
