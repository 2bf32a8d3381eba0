"""An ingest's memory does not grow with its rows: each in a process of its own, whose peak is measured."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

HEADER = (
    "variant_id gene_id tss_distance ma_samples ma_count maf pval_nominal slope slope_se pval_nominal_threshold min_pval_nominal pval_beta"
)
CHILD = """
import sys
from pathlib import Path
from lrbstore import engine
from lrbstore.ingest import pipeline, reading

engine.SCRATCH_MEMORY = "150MB"
pipeline._CHUNK = 20_000
reading._BLOCK = 1 << 18
found = pipeline.ingest(Path(sys.argv[1]), "gtex_v8_eqtl", [Path(sys.argv[2])], simulated=True).loaded
peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(found[0].rows_loaded, found[0].rows_rejected, peak // 1024)
"""


def write_pairs(path: Path, n: int) -> None:
    """Write variant-gene pairs, each of a variant of its own: what is kept for each row or each allele shows."""
    path.parent.mkdir()
    with gzip.open(path, "wt", compresslevel=1) as handle:
        handle.write("\t".join(HEADER.split()) + "\n")
        for i in range(n):
            variant = f"chr{1 + i % 5}_{1_000_000 + 173 * i % 50_000_000}_A_G_b38"
            label = f"0.0{i % 9 + 1}\t{i % 97 + 1}e-08\t0.{i}\t0.05\t1e-05\t1e-09\t1e-07"
            row = f"{variant}\tENSG009{i % 30_000:08d}.1\t{i % 999_983 - 500_000}\t30\t31\t{label}"
            handle.write(row + "\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """Six times the rows take no more than DuckDB's bound beyond what the smaller file takes, and that is more than a row group.

    DuckDB fills its bound when the alleles of many rows are gathered; the rows themselves, all in memory, would be some 450 MB more.
    """
    peaks = {}
    child = tmp_path / "child.py"  # DuckDB takes python -c for a person, and shows a progress bar
    child.write_text(CHILD)
    for n in (150_000, 900_000):
        path = tmp_path / str(n) / "Liver.v8.signif_variant_gene_pairs.txt.gz"
        write_pairs(path, n)
        command = [sys.executable, str(child), str(tmp_path / f"store-{n}"), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
        loaded, rejected, peaks[n] = map(int, done.stdout.split())
        assert (loaded, rejected) == (n, 0)
    assert peaks[900_000] < 700, peaks
    assert peaks[900_000] < peaks[150_000] + 260, peaks  # DuckDB's bound, what it holds on to while it sorts, and what allocators keep
