"""Baselines: predictions that need no model, so that a model's score has something under it. Each fits any task that has what it needs.

A baseline learns from the training split alone, its direction too. Adding one is a function with :func:`_baseline` over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl

from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.kinds import KINDS
from lrbstore.metrics import apply_transform
from lrbstore.predictions import ID
from lrbstore.task import Task
from lrbstore.window import cage_bins

Predicted = tuple[list[str], np.ndarray]  #: Ids of the examples, and float64 predictions in the shape of their labels, in order.


@dataclass(frozen=True)
class Baseline:
    """One baseline.

    Attributes:
        name: What it is asked for by, and the name of the model that its predictions are kept under.
        about: What it predicts, in one line.
        lacks: Says what a task lacks for it; None where it fits.
        predict: Takes the task, the split and a seed.
    """

    name: str
    about: str
    lacks: Callable[[Task], str | None]
    predict: Callable[[Task, str, int], Predicted]


BASELINES: dict[str, Baseline] = {}


_Function = TypeVar("_Function", bound=Callable[..., Predicted])


def _baseline(lacks: Callable[[Task], str | None] = lambda _: None) -> Callable[[_Function], _Function]:
    """Enter a function of task, split and seed into `BASELINES` under its own name; its docstring's first line says what it predicts."""

    def enter(function: _Function) -> _Function:
        about = (function.__doc__ or "").splitlines()[0]
        BASELINES[function.__name__] = Baseline(function.__name__, about, lacks, function)
        return function

    return enter


def predict(task: Task, name: str, *, split: str = "test", seed: int = 0) -> Predicted:
    """Predict a split with a baseline.

    Args:
        task: The task, opened at a window length.
        name: A key of `BASELINES`.
        split: The split to predict.
        seed: Of what is drawn: random predictions, a sample of the training rows.

    Returns:
        Ids of the examples and predictions float64 in the shape of the labels, in the order of the split.

    Raises:
        UnknownName: If there is no such baseline, or no such split.
        BadSpec: If the task lacks what the baseline needs, or a split that it needs has no examples at this window length.
        MissingData: If it reads sequences, and no genome is registered for the task's assembly.
    """
    if name not in BASELINES:
        raise UnknownName("baseline", name, BASELINES)
    own = BASELINES[name]
    if lack := own.lacks(task):
        fit = ", ".join(other for other, one in BASELINES.items() if not one.lacks(task))
        raise BadSpec(f"baseline {name!r} does not fit {task.name}: {lack}; those that do: {fit}")
    return own.predict(task, split, seed)


# ── without a sequence ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _no_training(task: Task) -> str | None:
    return None if "train" in task.splits else f"split scheme {task.split_scheme!r} has no training split"


def _lacks_column(*columns: str) -> Callable[[Task], str | None]:
    def lacks(task: Task) -> str | None:
        there = set(task.spec.columns) | set(task["test"]._columns if "test" in task.splits else ())
        return _no_training(task) or (None if there & set(columns) else f"its examples have no column {' or '.join(columns)}")

    return lacks


def _labels(dataset: Dataset) -> np.ndarray:
    """Return a split's labels as its metrics see them: float64, first axis the examples."""
    labels = dataset.labels()
    if not len(labels):
        raise BadSpec(f"{dataset!r} has no examples to learn from; ask for a shorter seq_len, or see dropped()")
    transform = dataset.spec.metrics[0].transform
    return apply_transform(labels, transform) if transform != "none" else labels.astype(np.float64)


def _ids(dataset: Dataset) -> list[str]:
    return [str(one) for one in dataset.rows(ID)[ID].to_pylist()]


def _everywhere(dataset: Dataset, value: np.ndarray) -> Predicted:
    ids = _ids(dataset)
    return ids, np.broadcast_to(value, (len(ids), *dataset.label_shape)).copy()


@_baseline(_no_training)
def constant(task: Task, split: str, seed: int) -> Predicted:
    """The mean label of the training split, the same number for every example and track (of classes: their shares)."""
    del seed
    labels = _labels(task.train)
    return _everywhere(task[split], labels.mean(axis=0) if task.spec.label.classes else np.array(labels.mean()))


@_baseline()
def random(task: Task, split: str, seed: int) -> Predicted:
    """Independent random numbers, between 0 and 1 for classes and standard normal else: what nothing at all scores."""
    ids, rng = _ids(task[split]), np.random.default_rng(seed)
    shape, label = (len(ids), *task[split].label_shape), task.spec.label
    return ids, rng.random(shape) if label.positive or label.classes else rng.normal(size=shape)


def _group_means(task: Task, split: str, column: str) -> Predicted:
    """Predict the mean label of the training examples of the same group; of a group that is not among them, the mean of all."""
    train, test = task.train, task[split]
    labels = _labels(train)
    of_train = pl.Series("key", train.rows([ID, column])[column]).cast(pl.String)
    of_test = pl.Series("key", test.rows([ID, column])[column]).cast(pl.String)
    known = of_train.unique().drop_nulls().sort()
    place = {key: i for i, key in enumerate(known.to_list())}
    codes = np.array([place.get(key, len(place)) for key in of_train.to_list()], np.int64)
    flat = labels.reshape(len(labels), -1)
    sums = np.zeros((len(place) + 1, flat.shape[1]))
    np.add.at(sums, codes, flat)
    counts = np.bincount(codes, minlength=len(place) + 1)[:, None]
    means = np.where(counts > 0, sums / np.maximum(counts, 1), flat.mean(axis=0))
    means[-1] = flat.mean(axis=0)
    chosen = np.array([place.get(key, len(place)) for key in of_test.to_list()], np.int64)
    return _ids(test), means[chosen].reshape(len(chosen), *test.label_shape)


@_baseline(lambda task: "bins × tracks are no labels of a gene" if task.spec.label.bins else _lacks_column("gene_id", "gene_symbol")(task))
def gene_mean(task: Task, split: str, seed: int) -> Predicted:
    """The mean label of the gene's training examples; the mean of all for a gene that has none."""
    del seed
    return _group_means(task, split, "gene_id" if "gene_id" in task.train._columns else "gene_symbol")


@_baseline(lambda task: _no_training(task) if task.spec.label.tracks else _lacks_column("tissue")(task))
def tissue_mean(task: Task, split: str, seed: int) -> Predicted:
    """The mean label of the tissue's training examples; of vectors the mean of each track."""
    del seed
    if task.spec.label.tracks:
        labels = _labels(task.train)
        return _everywhere(task[split], labels.reshape(-1, labels.shape[-1]).mean(axis=0))
    return _group_means(task, split, "tissue")


def _line(task: Task, split: str, feature: Callable[[Dataset], np.ndarray]) -> Predicted:
    """Fit the labels by least squares on one number an example, on the training split; predict another split.

    So the direction is the training split's; where all numbers are one, the mean.
    """
    x, labels = feature(task.train), _labels(task.train)
    y = labels.reshape(len(labels), -1)
    centre, mean = x.mean(), y.mean(axis=0)
    spread = float(((x - centre) ** 2).sum())
    slope = (x - centre) @ (y - mean) / spread if spread > 0 else np.zeros(y.shape[1])
    test = task[split]
    predicted = (feature(test) - centre)[:, None] * slope + mean
    return _ids(test), predicted.reshape(len(predicted), *test.label_shape)


@_baseline(lambda task: "bins × tracks have no one distance" if task.spec.label.bins else _lacks_column("tss_distance_bp")(task))
def tss_distance(task: Task, split: str, seed: int) -> Predicted:
    """A line in log(1 + distance to the transcription start site), fitted on the training split."""
    del seed

    def distance(dataset: Dataset) -> np.ndarray:
        values = dataset.rows([ID, "tss_distance_bp"])["tss_distance_bp"].to_numpy().astype(np.float64)
        middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
        return np.log1p(np.abs(np.where(np.isfinite(values), values, middle)))

    return _line(task, split, distance)


@_baseline(lambda task: "bins × tracks have no one window" if task.spec.label.bins else _no_training(task))
def gc_content(task: Task, split: str, seed: int) -> Predicted:
    """A line in the share of G and C in the window, fitted on the training split; of a combination the mean over its members."""
    del seed

    def share(dataset: Dataset) -> np.ndarray:
        shares = []
        for batch in dataset.batches(256):
            letters = batch[KINDS[dataset.spec.kind].sequences[0]]
            known = np.count_nonzero(letters != ord("N"), axis=-1)
            gc = np.count_nonzero((letters == ord("G")) | (letters == ord("C")), axis=-1) / np.maximum(known, 1)
            if "member_offsets" in batch:
                offsets = batch["member_offsets"]
                gc = np.add.reduceat(gc, offsets[:-1]) / np.diff(offsets)
            shares.append(gc)
        return np.concatenate(shares) if shares else np.zeros(0)

    return _line(task, split, share)


# ── k-mers ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@_baseline(_no_training)
def kmer_ridge(
    task: Task, split: str = "test", seed: int = 0, *, k: int = 5, flank: int = 1_024, alpha: float = 10.0, most_train: int = 20_000
) -> Predicted:
    """Ridge regression on counts of 5-mers around the anchor, fitted on the training split.

    A point or interval task counts k-mers (of both strands together) in the central ``2·flank`` bases; CAGE counts them in each bin of
    128 bp. A variant task takes the difference alt − ref of the counts, once with its sign and once absolute: only k-mers that overlap
    the variant remain. A combination adds these up over its members; a gene that is knocked out is the alt of the gene as it is.
    Features are standardised on the training rows; the intercept is not penalised.

    Args:
        task: The task, opened at a window length.
        split: The split to predict.
        seed: Of the sample of training rows.
        k: Length of a k-mer; 4**k features.
        flank: Bases on either side of the window's middle that are looked at.
        alpha: Strength of the ridge penalty, per training row of unit variance.
        most_train: Training rows used at most: a seeded sample where there are more. For CAGE a row is a bin.

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
