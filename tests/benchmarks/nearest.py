"""Exact nearest neighbours by representations: ``python tests/benchmarks/nearest.py [--rows N] [--width D] [--queries Q]``.

Makes a store of N variants with simulated vectors of D float32 and looks for the 10 nearest of Q of them by cosine distance. Beside it:
scikit-learn's brute force with all vectors in memory; the table macro ``nearest`` in DuckDB, one query at a time; and a bare matrix product
of the same size, which is the machine's limit. The vectors are in memory for scikit-learn; for lrbstore they come from the store's Parquet,
so that what is held is blocks of them: the peak beside the size of the set.
The difference of distances is to scikit-learn's in double precision.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from measure import Measure, Report, in_turns, parser, peers

import lrbstore
from lrbstore.contract import contract
from lrbstore.neighbours import Neighbours, k_nearest
from lrbstore.parquet import TableWriter
from lrbstore.release import StoreFolder
from lrbstore.representations import Kept, keep, kept_set

with peers():
    from sklearn.neighbors import NearestNeighbors

K = 10
AT_ONCE = 4096  #: References of a block of the bare product.


def make_store(home: Path, n: int) -> list[str]:
    """Publish a store of n variants that no record speaks of; return their ids."""
    ids = [f"GRCh38:chr1:{i + 1}:A:G" for i in range(n)]
    columns = {"assembly": "GRCh38", "chrom": "chr1", "ref": "A", "alt": "G", "variant_type": "snv"}
    table = {name: pa.repeat(value, n) for name, value in columns.items()}
    with StoreFolder(home).writer() as publication:
        with TableWriter(contract("variant_allele"), publication.data_path("variant_allele", "all"), {}) as writer:
            writer.write(pa.table({"variant_id": ids, "pos": np.arange(1, n + 1), **table}))
            file = writer.close(source=None, version=None, assembly="GRCh38", unit=None, genome=None)
        publication.publish(publication.draft(files=(file,), simulated=True))
    return ids


@contextlib.contextmanager
def peak_mb(found: list[float]) -> Iterator[None]:
    """Measure what the process comes to hold at most, beyond what it held before (Linux's own account)."""
    status, marks = Path("/proc/self/status"), Path("/proc/self/clear_refs")

    def said(name: str) -> float:
        return next(float(line.split()[1]) / 1e3 for line in status.read_text().splitlines() if line.startswith(name))

    if not marks.exists():
        yield
        return
    marks.write_text("5")
    before = said("VmRSS")
    yield
    found.append(said("VmHWM") - before)


def search(held: Kept, places: np.ndarray) -> Neighbours:
    """Look for neighbours of some of a set's vectors, its others read from the store."""
    everyone = np.arange(len(held.ids))
    return k_nearest(held.take(places), held.taken(everyone), K, "cosine", apart=[(places, everyone)])


def product(queries: np.ndarray, vectors: np.ndarray) -> None:
    """Multiply as the search does, and look at nothing."""
    for first in range(0, len(vectors), AT_ONCE):
        queries @ vectors[first : first + AT_ONCE].T


def main(report: Report, rows: int, width: int, queries: int, turns: int) -> None:
    """Take the measures."""
    vectors = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    size = vectors.nbytes / 1e6
    at = f"{queries:,} queries, {rows:,} × {width}"
    with tempfile.TemporaryDirectory() as folder:
        home, path = Path(folder) / "store", Path(folder) / "vectors.npz"
        ids = make_store(home, rows)
        np.savez(path, ids=np.array(ids), embeddings=vectors)
        with lrbstore.open(home) as store:
            holds: list[float] = []
            with peak_mb(holds):
                keep(store, path, model="simulated")
        places = np.random.default_rng(1).permutation(rows)[:queries]
        with lrbstore.open(home) as store:
            held = kept_set(store, "simulated")
            with peak_mb(holds):
                mine = search(held, places)
            for what, megabytes in zip(("keeping representations: held", "nearest neighbours: held"), holds, strict=False):
                print(f"{what} {megabytes:.0f} MB at most", flush=True)
                report(Measure(what, "the vectors' own size", megabytes / size, at, unit="x the size", aim=1, at_most=True))
            oracle = NearestNeighbors(n_neighbors=K + 1, algorithm="brute", metric="cosine").fit(vectors)
            some = places[:100]
            exact = NearestNeighbors(n_neighbors=K + 1, algorithm="brute", metric="cosine").fit(vectors.astype(np.float64))
            far, near = exact.kneighbors(vectors[some].astype(np.float64))
            off = float(np.abs(far[:, 1:] - mine.distances[:100]).max())
            report(
                Measure("nearest neighbours: largest difference of distances", "scikit-learn in double precision", off, at, "", 1e-12, True)
            )
            print(f"the same neighbours: {(near[:, 1:] == mine.places[:100]).mean():.2%}")
            own = vectors[places]
            took = in_turns(
                {
                    "lrbstore": functools.partial(search, held, places),
                    "scikit-learn": functools.partial(oracle.kneighbors, own),
                    "product": functools.partial(product, own, vectors),
                },
                turns,
            )
            print(", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in took.items()), flush=True)
            limit = took["product"] / took["lrbstore"]
            what = "nearest neighbours, from the store"
            report(Measure(what, "scikit-learn, all in memory", took["scikit-learn"] / took["lrbstore"], at, aim=1, limit=limit))
            asked = f"select id, distance from nearest('simulated', '{ids[places[0]]}', {K})"
            took = in_turns(
                {"lrbstore": functools.partial(search, held, places[:1]), "macro": lambda: store.sql(asked).fetchall()}, max(turns - 2, 1)
            )
            print(", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in took.items()), flush=True)
            report(Measure(what, "DuckDB's list functions", took["macro"] / took["lrbstore"], f"1 query, {rows:,} × {width}"))
            found = pl.DataFrame(store.sql(asked).pl())["id"].to_list()
            print(f"the macro finds the same: {found == held.ids.gather(mine.places[0]).to_list()}")


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--width", type=int, default=256)
    arguments.add_argument("--queries", type=int, default=1_000)
    arguments.add_argument("--turns", type=int, default=5)
    given = arguments.parse_args()
    main(Report(given.measures), given.rows, given.width, given.queries, given.turns)
