"""A small baseline that any task can be run against: ridge regression on k-mer counts around the anchor.

It exists so that a model's score has something under it, and so that the whole way from table to score can be walked without a model.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec
from lrbstore.kinds import KINDS
from lrbstore.metrics import apply_transform
from lrbstore.task import Task
from lrbstore.window import cage_bins


def kmer_ridge(
    task: Task, *, split: str = "test", k: int = 5, flank: int = 1_024, alpha: float = 10.0, most_train: int = 20_000, seed: int = 0
) -> tuple[list[str], np.ndarray]:
    """Fit ridge regression on the training split's k-mer counts, and predict another split.

    A point or interval task counts k-mers (of both strands together) in the central ``2·flank`` bases; CAGE counts them in each bin of
    128 bp. A variant task takes the difference alt − ref of the counts, once with its sign and once absolute: only k-mers that overlap
    the variant remain. A combination adds these up over its members; a gene that is knocked out is the alt of the gene as it is.
    Features are standardised on the training rows; the intercept is not penalised.

    Args:
        task: The task, opened at a window length.
        split: The split to predict.
        k: Length of a k-mer; 4**k features.
        flank: Bases on either side of the window's middle that are looked at.
        alpha: Strength of the ridge penalty, per training row of unit variance.
        most_train: Training rows used at most: a seeded sample where there are more. For CAGE a row is a bin.
        seed: Of that sample.

    Returns:
        Ids of the examples and predictions float64 in the shape of the labels, in the order of the split. Binary tasks get a score that
        grows with the probability of label 1, centred so that 0.5 is the training share.

    Raises:
        BadSpec: If the training split, or the one to be predicted, has no examples at this window length.
        UnknownName: If there is no such split.
        MissingData: If no genome is registered for the task's assembly.
    """
    transform = task.spec.metrics[0].transform
    x, y = _features(task.train, k, flank, most_train, seed)
    y = apply_transform(y, transform) if transform != "none" else y.astype(np.float64)
    shape = y.shape[1:] if task.spec.kind != "cage" else y.shape[2:]
    y = y.reshape(len(x), -1)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1
    z = (x - centre) / scale
    mean = y.mean(axis=0)
    gram = z.T @ z + alpha * np.sqrt(len(z)) * np.eye(z.shape[1])
    weights = np.linalg.solve(gram, z.T @ (y - mean))
    ids: list[str] = []
    predicted: list[np.ndarray] = []
    for batch in task[split].batches(_windows_at_once(task[split])):
        ids += batch["example_id"].tolist()
        features, rows = _of_batch(task[split], batch, k, flank)
        values = ((features - centre) / scale) @ weights + mean
        if task.spec.label.positive:
            values = values - mean + 0.5
        predicted.append(values.reshape(rows, -1, *shape) if task.spec.kind == "cage" else values.reshape(rows, *shape))
    if not predicted:
        raise BadSpec(f"{task[split]!r} has no examples to predict; ask for a shorter seq_len, or see dropped()")
    return ids, np.concatenate(predicted)


def _features(dataset: Dataset, k: int, flank: int, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    shuffle = len(dataset) * _rows_in_a_window(dataset) > most
    xs, ys, n = [], [], 0
    for batch in dataset.batches(_windows_at_once(dataset), shuffle=shuffle, seed=seed):
        features, _ = _of_batch(dataset, batch, k, flank)
        labels = batch[dataset.spec.label.key]
        xs.append(features)
        ys.append(labels.reshape(-1, 1, labels.shape[-1]) if dataset.spec.kind == "cage" else labels)
        n += len(features)
        if n >= most:
            break
    if not xs:
        raise BadSpec(f"{dataset!r} has no examples to fit on; ask for a shorter seq_len, or see dropped()")
    return np.concatenate(xs)[:most].astype(np.float64), np.concatenate(ys)[:most]


def _rows_in_a_window(dataset: Dataset) -> int:
    return cage_bins(dataset.window.seq_len, dataset.window.policy)[1] if dataset.spec.kind == "cage" else 1


def _windows_at_once(dataset: Dataset) -> int:
    """Windows in a batch: about 2,048 rows of features, because a table of 4**k counts a row is made of each batch."""
    return max(1, 2_048 // _rows_in_a_window(dataset)) if dataset.spec.kind == "cage" else 256


def _of_batch(dataset: Dataset, batch: dict[str, Any], k: int, flank: int) -> tuple[np.ndarray, int]:
    keys = KINDS[dataset.spec.kind].sequences
    if len(keys) == 2:
        ref, alt = (_middle(batch[key], flank) for key in keys)
        change = kmer_counts(alt, k) - kmer_counts(ref, k)
        features = np.concatenate([change, np.abs(change)], axis=1)
        if "member_offsets" in batch:
            features = np.add.reduceat(features, batch["member_offsets"][:-1])
        return features, len(features)
    letters = batch["sequence"]
    if dataset.spec.kind == "cage":
        bins = batch[dataset.spec.label.key].shape[1]
        trimmed = (letters.shape[1] - bins * 128) // 2
        pieces = letters[:, trimmed : trimmed + bins * 128].reshape(-1, 128)
        return kmer_counts(pieces, k), len(letters)
    return kmer_counts(_middle(letters, flank), k), len(letters)


def _middle(letters: np.ndarray, flank: int) -> np.ndarray:
    middle = letters.shape[1] // 2
    return letters[:, max(middle - flank, 0) : middle + flank]


def kmer_counts(letters: np.ndarray, k: int) -> np.ndarray:
    """Count k-mers, a k-mer and its reverse complement as one.

    Args:
        letters: uint8 (n, L), ASCII A C G T N.
        k: Length of a k-mer.

    Returns:
        float32 (n, number of k-mers up to reverse complement); k-mers that touch an N are not counted.
    """
    codes = np.full(256, -1, np.int64)
    codes[np.frombuffer(b"ACGT", np.uint8)] = np.arange(4)
    x = codes[letters]
    n, width = x.shape
    size = 4**k
    if width < k:
        return np.zeros((n, len(np.unique(_canonical(k)))), np.float32)
    number = np.zeros((n, width - k + 1), np.int64)
    known = np.ones((n, width - k + 1), bool)
    for i in range(k):
        piece = x[:, i : width - k + 1 + i]
        number = number * 4 + np.maximum(piece, 0)
        known &= piece >= 0
    canonical = _canonical(k)
    rows = np.broadcast_to(np.arange(n)[:, None], number.shape)[known]
    counts = np.bincount(rows * size + canonical[number[known]], minlength=n * size).reshape(n, size)
    return counts[:, np.unique(canonical)].astype(np.float32)


def _canonical(k: int) -> np.ndarray:
    """Return, for each k-mer's number, the smaller of it and its reverse complement's."""
    number = np.arange(4**k)
    rest, complement = number.copy(), np.zeros_like(number)
    for _ in range(k):
        complement = complement * 4 + (3 - rest % 4)
        rest //= 4
    return np.minimum(number, complement)
