"""What is read of a knockout matrix for one gene, and for one model: ``python tests/benchmarks/knockout_tiles.py [--genes G --screens S]``.

Writes a matrix of the published size (17,548 × 1,107), ingests it, and counts the row groups whose statistics admit a key: their share of
the table is what DuckDB may read. Beside it, the time of each question beside that of the whole matrix, which reads all.
"""

from __future__ import annotations

import resource
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from measure import Measure, Report, in_turns, parser

import lrbstore
from lrbstore.ingest.pipeline import ingest

NAME = "Project_score_combined_Sanger_v2_Broad_21Q2_fitness_scores_scaled_bayesian_factors_20250624.tsv"


def write_matrix(path: Path, n_genes: int, n_screens: int) -> None:
    """Write a combined matrix of random scores, gene and model names in random order, one cell in a hundred empty."""
    rng = np.random.default_rng(0)
    models = [f"SIDM{90_000 + i:05d}" for i in rng.permutation(n_screens)]
    with path.open("w") as handle:
        for label, cells in (("model_name", models), ("model_id", models), ("source", ["Sanger"] * n_screens)):
            handle.write("\t".join([label, "", "", *cells]) + "\n")
        handle.write("\t".join(["gene_id", "symbol", "ensembl_gene_id", *[""] * n_screens]) + "\n")
        for i in rng.permutation(n_genes).tolist():
            cells = np.char.mod("%.6g", rng.normal(size=n_screens))
            cells[rng.random(n_screens) < 0.01] = ""
            handle.write("\t".join([f"SIDG{i:05d}", f"GENE{i:05d}", f"ENSG{i:011d}", *cells.tolist()]) + "\n")


def admitting(paths: list[Path], column: str, lo: str, hi: str) -> tuple[int, int]:
    """Count the row groups whose minimum and maximum of a column admit a key between ``lo`` and ``hi``, and all row groups."""
    admit = total = 0
    for path in paths:
        metadata = pq.read_metadata(path)
        at = metadata.schema.to_arrow_schema().get_field_index(column)
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(at).statistics
            admit += statistics.min <= hi and lo <= statistics.max
            total += 1
    return admit, total


def main(report: Report, n_genes: int, n_screens: int, turns: int) -> None:
    """Take the measures."""
    with tempfile.TemporaryDirectory() as folder:
        raw, home = Path(folder) / NAME, Path(folder) / "store"
        write_matrix(raw, n_genes, n_screens)
        started = time.perf_counter()
        ingest(home, "project_score", [raw], simulated=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"ingest: {time.perf_counter() - started:.1f} s, {raw.stat().st_size / 1e6:.0f} MB of text, peak {peak:.0f} MB")
        with lrbstore.open(home) as store:
            paths = store.data_files("knockout_score")
            print(f"parquet: {sum(p.stat().st_size for p in paths) / 1e6:.0f} MB")
            gene, model = f"GENE{n_genes // 3:05d}", f"SIDM{90_000 + n_screens // 3:05d}"
            asked = {
                "a gene in all models": ("gene_symbol", gene, f"gene_symbol = '{gene}'"),
                "all genes of a model": ("screen_id", model, f"cell_model_id = '{model}'"),
                "a gene in a model": ("gene_symbol", gene, f"gene_symbol = '{gene}' and cell_model_id = '{model}'"),
            }
            wheres = {at: where for at, (_, _, where) in asked.items()} | {"all": "true"}

            def ask(where: str) -> object:
                return store.sql(f"select count(*), avg(essentiality) from gene_knockout where {where}").fetchall()

            took = in_turns({at: partial(ask, where) for at, where in wheres.items()}, turns)
            for at, (column, key, _) in asked.items():
                admit, total = admitting(paths, column, key, key + "~")
                print(f"{at}: {admit} of {total} row groups by {column}, {1000 * took[at]:.0f} ms")
                report(Measure("knockout matrix, row groups read", "all of them", 100 * admit / total, at, unit="%"))
                report(Measure("knockout matrix, time", "the whole matrix", took["all"] / took[at], at))


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--genes", type=int, default=17_548)
    arguments.add_argument("--screens", type=int, default=1_107)
    arguments.add_argument("--turns", type=int, default=5)
    given = arguments.parse_args()
    main(Report(given.measures), given.genes, given.screens, given.turns)
