"""How fast paired bootstraps of all strata are: ``python tests/benchmarks/intervals.py [--rows N] [--strata K] [--replicates R]``.

Two models over a million examples in 2,000 clusters and 100 strata that cut through them, 1,000 replicates. Peer: a plain loop, which takes
the rows of a replicate and calls scikit-learn's or SciPy's function for each stratum and model; it is timed on a few replicates, and the
ratio is of seconds per replicate. It is given the rows of the strata ready sorted. Values of both are compared. Memory is what the process
holds at most, beyond what it held with the inputs made.
"""

from __future__ import annotations

import resource
import time

import numpy as np
from measure import Measure, Report, parser
from scipy import stats
from sklearn import metrics as oracle

from lrbstore.metrics import METRICS
from lrbstore.ranks import Groups
from lrbstore.resampling import Draws, bootstrap

ORACLES = {
    "auroc": oracle.roc_auc_score,
    "auprc": oracle.average_precision_score,
    "pearson": lambda y, p: stats.pearsonr(y, p).statistic,
    "spearman": lambda y, p: stats.spearmanr(y, p).statistic,
}
CLUSTERS = 2_000


def peak_mb() -> float:
    """Give what the process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


class Work:
    """One set of labels, predictions, strata and clusters."""

    def __init__(self, rows: int, strata: int) -> None:
        rng = np.random.default_rng(0)
        self.groups = Groups(rng.integers(0, strata, rows), strata)
        self.clusters = rng.integers(0, CLUSTERS, rows)
        self.classes = rng.integers(0, 2, rows)
        self.predictions = {model: rng.normal(size=rows) + self.classes for model in "ab"}
        self.numbers = self.classes + rng.normal(size=rows)

    def labels(self, name: str) -> np.ndarray:
        return self.classes if METRICS[name].kind == "binary" else self.numbers

    def ours(self, name: str, replicates: int, by_cluster: bool = True) -> tuple[float, np.ndarray]:
        """Give the seconds of all replicates, and the values (models, strata, replicates)."""
        started = time.perf_counter()
        found = bootstrap(
            [(METRICS[name], {})],
            self.labels(name),
            self.predictions,
            [self.groups],
            clusters=self.clusters if by_cluster else None,
            replicates=replicates,
        )
        return time.perf_counter() - started, found.found[0][0].replicates

    def theirs(self, name: str, replicates: int) -> tuple[float, np.ndarray]:
        """Do the same by a plain loop."""
        labels, weights = self.labels(name), np.empty((replicates, CLUSTERS))
        Draws(CLUSTERS, replicates, 0)(0, replicates, weights)
        members = np.split(np.argsort(self.groups.codes, kind="stable"), np.cumsum(self.groups.counts)[:-1])
        out = np.empty((len(self.predictions), self.groups.n_groups, replicates))
        started = time.perf_counter()
        for replicate, own in enumerate(weights.astype(int)):
            for group, rows in enumerate(members):
                taken = np.repeat(rows, own[self.clusters[rows]])
                for model, predicted in enumerate(self.predictions.values()):
                    out[model, group, replicate] = ORACLES[name](labels[taken], predicted[taken])
        return time.perf_counter() - started, out


def main() -> None:
    """Take the measures."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--strata", type=int, default=100)
    arguments.add_argument("--replicates", type=int, default=1_000)
    arguments.add_argument("--plain", type=int, default=2, help="replicates of the plain loop")
    given = arguments.parse_args()
    report = Report(given.measures)
    work = Work(given.rows, given.strata)
    held = peak_mb()
    size = f"{given.rows:,} rows × {given.strata:,} strata × {given.replicates:,} replicates × 2 models"
    for name, oracle_of in ORACLES.items():
        peer = f"a loop over {'scikit-learn' if oracle_of in {oracle.roc_auc_score, oracle.average_precision_score} else 'SciPy'}"
        took, values = work.ours(name, given.replicates)
        report(Measure(f"cluster bootstrap, {size}", peer, took, name, "s", 60, at_most=True))
        if name == "auroc":
            report(Measure("memory of the cluster bootstrap", peer, peak_mb() - held, name, "MB", 1000, at_most=True))
        plain, expected = work.theirs(name, given.plain)
        np.testing.assert_allclose(values[:, :, : given.plain], expected, rtol=1e-9, atol=1e-9)
        report(Measure("replicates of the cluster bootstrap", peer, plain / given.plain / (took / given.replicates), name))
    took, _ = work.ours("auroc", given.replicates, by_cluster=False)
    report(Measure(f"bootstrap by example, {size}", "the same by cluster", took, "auroc", "s", 60, at_most=True))
    report(Measure("memory of all bootstraps", "the inputs", peak_mb() - held, "", "MB", 1000, at_most=True))


if __name__ == "__main__":
    main()
