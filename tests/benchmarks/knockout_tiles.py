"""How much of a knockout matrix is read for one gene, and for one model: ``python tests/benchmarks/knockout_tiles.py [GENES SCREENS]``.

Writes a matrix of the published size (17,548 × 1,107), ingests it, and counts the row groups whose statistics admit a key, and DuckDB's
own time. Everything lies in a temporary folder.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

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


def main(n_genes: int = 17_548, n_screens: int = 1_107) -> None:
    """Print the ratios."""
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
            for what, column, key, where in (
                ("one gene in all models", "gene_symbol", gene, "gene_symbol = $key"),
                ("all genes of one model", "screen_id", model, "cell_model_id = $key"),
                ("one gene in one model", "gene_symbol", gene, f"gene_symbol = $key and cell_model_id = '{model}'"),
                ("the whole matrix", "gene_symbol", "", "$key = ''"),
            ):
                admit, total = admitting(paths, column, key, key + "~") if key else (1, 1)
                sql = f"select count(*), avg(essentiality) from gene_knockout where {where}"
                store.sql(sql, params={"key": key}).fetchall()
                started = time.perf_counter()
                rows = store.sql(sql, params={"key": key}).fetchall()[0][0]
                said = f"{admit} of {total} row groups ({admit / total:.1%})" if key else "all row groups"
                print(f"{what}: {rows:,} rows, {said} by {column}, {1000 * (time.perf_counter() - started):.0f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
