"""Metrics of all strata in one pass, beside a loop: ``python tests/benchmarks/strata_metrics.py [--rows N] [--strata K] [--each]``.

The ways take turns on the same scores, some of them with ties: *loop* is scikit-learn's and SciPy's functions over the strata's slices (one
sort by stratum, then a Python loop); *plain* lrbstore's own functions over the same slices; *grouped* one call of ``by_group``. With three
stratifiers the loop sorts three times. The difference is the largest between loop and grouped, over all values.
"""

from __future__ import annotations

import functools
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Measure, Report, in_turns, parser, peers

from lrbstore.metrics import by_group, metric
from lrbstore.ranks import Groups

with peers():
    from scipy import stats
    from sklearn import metrics as oracle

ORACLES: dict[str, Callable[[Any, Any], float]] = {
    "auroc": oracle.roc_auc_score,
    "auprc": oracle.average_precision_score,
    "pearson": lambda y, p: stats.pearsonr(y, p).statistic,
    "spearman": lambda y, p: stats.spearmanr(y, p).statistic,
    "r2": oracle.r2_score,
}
NAMES = {"auroc": "AUROC", "auprc": "AUPRC", "pearson": "Pearson", "spearman": "Spearman", "r2": "R²"}
PEER = "scikit-learn and SciPy, stratum by stratum"
AIM = 2  #: Times as fast as the loop, for AUROC and AUPRC together.
EXACT = 1e-12  #: What values may differ by, at most.
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


def peak_mb(way: Callable[[], Any]) -> float:
    """Measure what a call holds at most, beyond its input."""
    tracemalloc.start()
    try:
        way()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main(report: Report, rows: int, strata: int, turns: int, *, each: bool) -> None:
    """Take the measures."""
    rng = np.random.default_rng(0)
    of = rng.integers(0, strata, rows)
    three = [of, rng.integers(0, 22, rows), rng.integers(0, 3, rows)]
    classes = rng.integers(0, 2, rows)
    real = rng.normal(size=rows)
    sets = [(BINARY, classes), (REAL, real)]
    sets += [((name,), y) for names, y in sets for name in names] if each else []
    for names, y in sets:
        what, differences = f"{', '.join(NAMES[name] for name in names)} of {strata:,} strata, {rows / 1e6:g} M rows", []
        for said, digits in (("no ties", None), ("2 decimals", 2)):
            p = rng.normal(size=rows) + y
            p = p if digits is None else p.round(digits)
            for at, ofs in ((said, [of]), (f"{said}, 3 stratifiers", three)):
                ways = {way.__name__: functools.partial(way, names, y, p, ofs) for way in (loop, plain, grouped)}
                differences += [abs(a - b) for a, b in zip(ways["loop"](), ways["grouped"](), strict=True) if b is not None]
                took = in_turns(ways, turns)
                told = ", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in took.items())
                print(f"  {told}; grouped holds {peak_mb(ways['grouped']):.0f} MB at most beside its input", flush=True)
                report(Measure(what, PEER, took["loop"] / took["grouped"], at, aim=AIM if names == BINARY else None))
                report(Measure(what, "lrbstore's own metrics, one by one", took["plain"] / took["grouped"], at))
        report(Measure(f"{what}: largest difference", PEER, max(differences), unit="", aim=EXACT, at_most=True))


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--strata", type=int, default=100)
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--each", action="store_true", help="each metric by itself, too")
    given = arguments.parse_args()
    main(Report(given.measures), given.rows, given.strata, given.turns, each=given.each)
