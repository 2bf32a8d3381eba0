"""How often intervals hold the truth, on simulated data whose truth is known: ``python tests/benchmarks/interval_coverage.py [--sims N]``.

Each line is one design and one metric: the share, in per cent, of 95 % intervals that hold the truth, for each method; of two models that
are equally good, the share of intervals of their difference that hold 0; and of how many simulations the note of the bootstrap's interval
says ``too_few`` or ``few_clusters``. With 1,000 simulations a share of 95 is known to ± 1.4.

Designs. *Classes*: scores are normal, shifted for the positives so that AUROC is as stated; the second model shares half of the noise.
*Numbers*: labels and predictions are normal with the stated correlation. *Clusters*: 10 examples each, sharing 60 % of the variance of
their scores, and the share of positives (a beta distribution with both parameters below 1: most clusters are nearly of one class).

How a simulation lies in its data set: *apart*: strata of one data set, which cut through no cluster; *alone*: the whole of a data set;
*cut*: one of four strata that cut through every cluster.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from lrbstore.comparison import differences_by_bootstrap, differences_by_delong
from lrbstore.intervals import ANALYTIC, Interval, analytic_intervals
from lrbstore.metrics import Grouped, Pair, by_group, metric
from lrbstore.ranks import Groups, Ordinals
from lrbstore.resampling import bootstrap

APART = 40  #: Strata of one data set.
CUT = 4
OF_CLUSTER = 10  #: Examples of a cluster within a stratum.
SHARED = 0.6  #: Of the variance, within a cluster.
BY_BOOTSTRAP = {"t": "Student t", "bca": "BCa", "percentile": "percentile"}
METHODS = ("formula", *BY_BOOTSTRAP.values(), "difference", "difference, DeLong", "flagged")


@dataclass(frozen=True)
class Design:
    """One way of making data.

    Attributes:
        units: Examples of a stratum, or clusters.
        clustered: Whether units are clusters.
        auroc: The truth, of classes.
        prevalence: Share of positives, of classes.
        rho: The truth, of numbers; None for classes.
        lies: ``apart``, ``alone`` or ``cut``.
    """

    units: int
    clustered: bool = False
    auroc: float = 0.8
    prevalence: float = 0.5
    rho: float | None = None
    lies: str = "apart"

    def __str__(self) -> str:
        kind = f"{self.units} {'clusters' if self.clustered else 'examples'}, {self.lies}"
        return f"{kind}, {f'ρ {self.rho}' if self.rho is not None else f'AUROC {self.auroc}, {self.prevalence:.0%} positive'}"

    @property
    def truths(self) -> dict[str, float]:
        """Each metric's truth."""
        if self.rho is not None:
            return {"pearson": self.rho, "spearman": 6 / math.pi * math.asin(self.rho / 2), "r2": 2 * self.rho - 1, "mse": 2 - 2 * self.rho}
        at = np.linspace(-12, 14, 200_001)
        hit, false = stats.norm.sf(at, self.shift), stats.norm.sf(at)
        precision = self.prevalence * hit / (self.prevalence * hit + (1 - self.prevalence) * false)
        # accuracy at the threshold half-way, where the classes are equally hard
        return {"auroc": self.auroc, "auprc": -np.trapezoid(precision, hit), "accuracy": stats.norm.cdf(self.shift / 2)}

    @property
    def shift(self) -> float:
        return math.sqrt(2) * stats.norm.ppf(self.auroc)

    def make(self, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray], Groups, np.ndarray | None]:
        """Make labels, predictions of two models, strata and clusters of one data set."""
        strata = {"apart": APART, "alone": 1, "cut": CUT}[self.lies]
        if not self.clustered:
            n, cluster, stratum = self.units * strata, None, np.repeat(np.arange(strata), self.units)
        elif self.lies == "cut":
            n = self.units * OF_CLUSTER * strata
            cluster, stratum = np.arange(n) % self.units, rng.integers(0, strata, n)
        else:
            n = self.units * OF_CLUSTER * strata
            cluster, stratum = np.arange(n) // OF_CLUSTER, np.arange(n) // (OF_CLUSTER * self.units)

        def noise() -> np.ndarray:
            own = rng.normal(size=n)
            if cluster is None:
                return own
            return math.sqrt(SHARED) * rng.normal(size=cluster.max() + 1)[cluster] + math.sqrt(1 - SHARED) * own

        if self.rho is not None:
            y = noise()
            predictions = {m: self.rho * y + math.sqrt(1 - self.rho**2) * noise() for m in "ab"}
            return y, predictions, Groups(stratum, strata), cluster
        share = self.prevalence if cluster is None else rng.beta(self.prevalence, 1 - self.prevalence, cluster.max() + 1)[cluster]
        y = rng.random(n) < share
        common = noise()
        predictions = {m: math.sqrt(0.5) * (common + noise()) + self.shift * y for m in "ab"}
        return y.astype(int), predictions, Groups(stratum, strata), cluster


def simulate(design: Design, sims: int, replicates: int) -> dict[str, dict[str, list[bool | None]]]:
    """Tell, for each metric and method, of which simulations the interval holds the truth; None where there was none."""
    truths = design.truths
    options = {"accuracy": {"threshold": design.shift / 2}}
    uses = [(metric(name), options.get(name, {})) for name in truths]
    found: dict[str, dict[str, list[bool | None]]] = {name: {m: [] for m in METHODS} for name in truths}

    def holds(interval: Interval, truth: float) -> bool | None:
        return None if interval.low is None or interval.high is None else interval.low <= truth <= interval.high

    done = seed = 0
    while done < sims:
        labels, predictions, groups, clusters = design.make(np.random.default_rng([seed, design.units]))
        drawn = bootstrap(
            uses, labels, predictions, [groups], clusters=clusters, replicates=replicates, seed=seed, jackknife=True, threads=1
        )
        pair = Pair(labels, predictions["a"])
        values = by_group(uses, labels, predictions["a"], [groups])[0]
        for (known, _), resampled, own in zip(uses, drawn.found[0], values, strict=True):
            into, truth = found[known.name], truths[known.name]
            if clusters is None and (known.name, 1) in ANALYTIC:
                into["formula"] += [holds(i, truth) for i in analytic_intervals(known, Grouped(pair, groups), own)]
            for method, said in BY_BOOTSTRAP.items():
                into[said] += [holds(resampled.interval(0, g, method=method), truth) for g in range(groups.n_groups)]
            into["flagged"] += [(note or "").startswith(("too_few", "few_clusters")) for note in resampled.notes]
            into["difference"] += [holds(d.interval, 0.0) for d in differences_by_bootstrap(drawn.models, resampled)]
            if known.name == "auroc" and clusters is None:
                scores = [Ordinals(p) for p in predictions.values()]
                into["difference, DeLong"] += [holds(d.interval, 0.0) for d in differences_by_delong("ab", groups, scores, labels != 0)]
        done, seed = done + groups.n_groups, seed + 1
    return found


def said(held: list[bool | None]) -> str:
    """Write a share, and how many intervals there were not, if that is more than 1 in 200."""
    those = [h for h in held if h is not None]
    if not those:
        return "none" if held else ""
    none = len(held) - len(those)
    return f"{100 * sum(those) / len(those):.1f}" + (f" ({100 * none / len(held):.0f} % none)" if none > len(held) / 200 else "")


DESIGNS = (
    *(Design(n, prevalence=p) for n in (50, 200, 1000) for p in (0.5, 0.1, 0.02) if n * p >= 4),
    *(Design(n, auroc=0.95, prevalence=p) for n in (50, 200, 1000) for p in (0.5, 0.1) if n * p >= 10),
    *(Design(n, rho=r) for n in (50, 200, 1000) for r in (0.0, 0.4, 0.9)),
    *(Design(k, clustered=True, prevalence=p) for k in (20, 50, 200) for p in (0.5, 0.1)),
    *(Design(k, clustered=True, rho=r) for k in (20, 50, 200) for r in (0.0, 0.4, 0.9)),
    *(Design(k, clustered=True, rho=0.4, lies=lies) for k in (20, 50) for lies in ("alone", "cut")),
    *(Design(k, clustered=True, lies=lies) for k in (20, 50) for lies in ("alone", "cut")),
    *(replace(d, lies="alone") for d in (Design(50), Design(200, prevalence=0.1), Design(50, rho=0.4))),
)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--sims", type=int, default=1000)
    arguments.add_argument("--replicates", type=int, default=1000)
    arguments.add_argument("--only", default="", help="designs whose name this pattern is found in")
    arguments.add_argument("--processes", type=int, default=os.cpu_count(), help="designs that are simulated at a time")
    given = arguments.parse_args()
    print(f"| design | metric | {' | '.join(METHODS)} |\n|{' --- |' * (2 + len(METHODS))}")
    designs = [design for design in DESIGNS if re.search(given.only, str(design))]
    simulated = functools.partial(simulate, sims=given.sims, replicates=given.replicates)
    with ProcessPoolExecutor(given.processes) as pool:
        for design, found in zip(designs, pool.map(simulated, designs), strict=True):
            for name, by_method in found.items():
                print(f"| {design} | {name} | {' | '.join(said(by_method[m]) for m in METHODS)} |", flush=True)


if __name__ == "__main__":
    main()
