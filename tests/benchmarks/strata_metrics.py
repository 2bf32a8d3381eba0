"""Metrics of all strata in one pass, against a loop: ``python tests/benchmarks/strata_metrics.py [--rows N] [--strata K] [--repeats R]``.

Each line is one set of metrics over one set of scores: medians, in ms of processor time, of repeats in which the ways take turns.
*loop* is scikit-learn's and SciPy's functions over the strata's slices (one sort by stratum, then a Python loop); *plain* the house's own
functions over the same slices; *grouped* one call of `by_group`. The difference is the largest between loop and grouped, over all values.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats
from sklearn import metrics as oracle

from lrbstore.metrics import by_group, metric
from lrbstore.ranks import Groups

ORACLES: dict[str, Callable[[Any, Any], float]] = {
    "auroc": oracle.roc_auc_score,
    "auprc": oracle.average_precision_score,
    "pearson": lambda y, p: stats.pearsonr(y, p).statistic,
    "spearman": lambda y, p: stats.spearmanr(y, p).statistic,
    "r2": oracle.r2_score,
}
BINARY, REAL = ("auroc", "auprc"), ("pearson", "spearman", "r2")


def slices(of: np.ndarray, y: np.ndarray, p: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut labels and predictions into the slices of the strata."""
    order = np.argsort(of, kind="stable")
    cuts = np.flatnonzero(np.diff(of[order])) + 1
    return list(zip(np.split(y[order], cuts), np.split(p[order], cuts), strict=True))


def loop(names: tuple[str, ...], y: np.ndarray, p: np.ndarray, ofs: list[np.ndarray]) -> list[float]:
    """Call the reference for every stratum."""
    return [ORACLES[name](*own) for of in ofs for cut in [slices(of, y, p)] for name in names for own in cut]


def plain(names: tuple[str, ...], y: np.ndarray, p: np.ndarray, ofs: list[np.ndarray]) -> list[float | None]:
    """Call the house's metric for every stratum."""
    return [metric(name)(*own).value for of in ofs for cut in [slices(of, y, p)] for name in names for own in cut]


def grouped(names: tuple[str, ...], y: np.ndarray, p: np.ndarray, ofs: list[np.ndarray]) -> list[float | None]:
    """Call the house's metrics for all strata at once."""
    found = by_group([(metric(name), {}) for name in names], y, p, [Groups(of, int(of.max()) + 1) for of in ofs])
    return [value.value for of_groups in found for values in of_groups for value in values if value.reason != "no examples"]


def timed(ways: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Let the ways take turns; the median of each in ms of processor time, and its answer."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    answers = {}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.process_time()
            answers[name] = way()
            spent[name].append(1000 * (time.process_time() - started))
    return {name: statistics.median(times) for name, times in spent.items()}, answers


def peak_mb(way: Callable[[], Any]) -> float:
    """Measure what a call holds at most, beyond its input."""
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main(rows: int, strata: int, repeats: int) -> None:
    """Print the table."""
    rng = np.random.default_rng(0)
    of = rng.integers(0, strata, rows)
    three = [of, rng.integers(0, 22, rows), rng.integers(0, 3, rows)]
    classes = rng.integers(0, 2, rows)
    real = rng.normal(size=rows)
    print(f"{rows:,} rows, {strata:,} strata, {repeats} repeats")
    print("| scores | metrics | stratifiers | loop ms | plain ms | grouped ms | loop / grouped | plain / grouped | difference | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for names, y in ((BINARY, classes), (("auroc",), classes), (("auprc",), classes), (REAL, real), *(((name,), real) for name in REAL)):
        for said, digits in (("continuous", None), ("2 decimals", 2)):
            p = rng.normal(size=rows) + y
            p = p if digits is None else p.round(digits)
            for ofs in ([of], three) if len(names) > 1 else ([of],):
                ways = {way.__name__: functools.partial(way, names, y, p, ofs) for way in (loop, plain, grouped)}
                ms, answers = timed(ways, repeats)
                difference = max(abs(a - b) for a, b in zip(answers["loop"], answers["grouped"], strict=True) if b is not None)
                print(
                    f"| {said} | {', '.join(names)} | {len(ofs)} | {ms['loop']:.0f} | {ms['plain']:.0f} | {ms['grouped']:.0f} "
                    f"| {ms['loop'] / ms['grouped']:.1f}x | {ms['plain'] / ms['grouped']:.1f}x | {difference:.1e} "
                    f"| {peak_mb(ways['grouped']):.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--strata", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    main(given.rows, given.strata, given.repeats)
