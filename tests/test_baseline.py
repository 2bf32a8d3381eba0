"""The baseline: k-mer counts against a naive count, and a score that finds the signal that simulation plants."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import lrbstore
from lrbstore import baseline
from lrbstore.baseline import kmer_counts, kmer_ridge

EQTL, BULK, CAGE, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_eqtl_pval"


def _naive(sequence: str, k: int) -> dict[str, int]:
    """Count k-mers as text; a k-mer and its reverse complement under the one that comes first in the alphabet."""
    counts: dict[str, int] = {}
    for i in range(len(sequence) - k + 1):
        word = sequence[i : i + k]
        if "N" in word:
            continue
        word = min(word, word[::-1].translate(str.maketrans("ACGT", "TGCA")))
        counts[word] = counts.get(word, 0) + 1
    return counts


def _canonical_words(k: int) -> list[str]:
    words = [""]
    for _ in range(k):
        words = [word + base for word in words for base in "ACGT"]
    return sorted({min(word, word[::-1].translate(str.maketrans("ACGT", "TGCA"))) for word in words})


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("length", [1, 4, 5, 60])
def test_kmers_are_counted_as_by_hand(k: int, length: int) -> None:
    rng = np.random.default_rng(k * 100 + length)
    letters = rng.choice(np.frombuffer(b"ACGTN", np.uint8), (6, length), p=[0.24, 0.24, 0.24, 0.23, 0.05])
    words = _canonical_words(k)
    counts = kmer_counts(letters, k)
    assert counts.shape == (6, len(words))
    assert counts.dtype == np.float32
    for row, sequence in zip(counts, letters, strict=True):
        naive = _naive(sequence.tobytes().decode(), k)
        assert row.tolist() == [naive.get(word, 0) for word in words]


def test_kmers_do_not_depend_on_the_strand() -> None:
    letters = np.random.default_rng(0).choice(np.frombuffer(b"ACGTN", np.uint8), (5, 90))
    assert np.array_equal(kmer_counts(letters, 4), kmer_counts(lrbstore.encoding.reverse_complement(letters), 4))


def _value(frame: pl.DataFrame, metric: str, stratum: str | None = None) -> float:
    (row,) = frame.filter((pl.col("metric") == metric) & pl.col("stratum").eq_missing(pl.lit(stratum, pl.String))).to_dicts()
    return float(row["value"])


@pytest.mark.parametrize("name", [EQTL, GVREP])
def test_the_baseline_finds_causal_variants(store: lrbstore.Store, name: str) -> None:
    task = lrbstore.task(name, 1_024, store=store)
    ids, values = kmer_ridge(task)
    assert ids == task.test.rows("example_id")["example_id"].to_pylist()
    assert values.shape == (len(task.test),)
    frame = task.score(dict(zip(ids, values, strict=True)))
    assert _value(frame, "auroc") > 0.55
    shuffled = np.random.default_rng(0).permutation(values)
    assert _value(task.score(shuffled), "auroc") < _value(frame, "auroc")


def test_the_baseline_is_better_on_protein_coding_genes_than_on_lincrnas(store: lrbstore.Store) -> None:
    task = lrbstore.task(BULK, 4_096, store=store)
    ids, values = kmer_ridge(task)
    assert values.shape == (len(task.test), 218)
    frame = task.score(dict(zip(ids, values, strict=True)), by="gene_type")
    coding, linc = (_value(frame, "mean_spearman_across_tissues", kind) for kind in ("protein_coding", "lincRNA"))
    assert coding > linc
    assert coding > 0.3


def test_the_baseline_follows_cage_along_the_sequence(store: lrbstore.Store) -> None:
    task = lrbstore.task(CAGE, 2_048, store=store)
    ids, values = kmer_ridge(task)
    assert values.shape == (len(task.test), 16, 50)
    assert _value(task.score(values), "mean_pearson_across_tracks") > 0.2
    assert ids == task.test.rows("example_id")["example_id"].to_pylist()


def test_the_baseline_is_the_same_twice_and_predicts_any_split(store: lrbstore.Store) -> None:
    task = lrbstore.task(EQTL, 128, store=store)
    (ids, values), (_, again) = kmer_ridge(task, k=3, split="train", most_train=50), kmer_ridge(task, k=3, split="train", most_train=50)
    assert len(ids) == len(task.train)
    assert np.array_equal(values, again)
    assert not np.allclose(values, kmer_ridge(task, k=3, split="train", most_train=50, seed=1)[1])
    with pytest.raises(lrbstore.UnknownName, match="known: test, train"):
        kmer_ridge(task, split="validation")


@pytest.mark.parametrize(("name", "length", "bins"), [(EQTL, 128, 1), (CAGE, 16_384, 128), (CAGE, 114_688, 896)])
def test_memory_is_bounded_by_rows_of_features(
    store: lrbstore.Store, monkeypatch: pytest.MonkeyPatch, name: str, length: int, bins: int
) -> None:
    """A CAGE window is hundreds of rows: neither a batch nor the training table grows with the number of bins in a window."""
    at_once: list[int] = []
    original = baseline.kmer_counts

    def counting(letters: np.ndarray, k: int) -> Any:
        at_once.append(len(letters))
        return original(letters, k)

    monkeypatch.setattr(baseline, "kmer_counts", counting)
    x, y = baseline._features(lrbstore.task(name, length, store=store).train, 2, 64, 100, 0)
    assert len(x) == len(y) == 100
    assert max(at_once) <= 2_048
    assert sum(at_once) <= max(2_048, bins) * (2 if name == EQTL else 1)


def test_without_examples_the_baseline_says_so(store: lrbstore.Store) -> None:
    longest = max(store.manifest.genome("GRCh38").contigs.values())
    with pytest.raises(lrbstore.BadSpec, match="no examples to fit on"):
        kmer_ridge(lrbstore.task(EQTL, longest, store=store))
