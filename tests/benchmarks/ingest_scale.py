"""Ingest beside bare reading: ``python tests/benchmarks/ingest_scale.py [--scale 0.05] [--files FOLDER] [--source NAME …] [--repeat 1]``.

Simulates every source's files at a scale (1 is the published counts), or takes a folder that ``lrbstore simulate`` has written. Then,
source by source and in alternation, each time in a process of its own:

* lrbstore: ``ingest`` of the source's folder into one store: every file hashed, cut, typed, brought to its table, checked row by row, ids
  given out, Parquet written, synced and hashed, new alleles derived, and the release published;
* polars: the same files read one by one, and each written as it stands into a Parquet file (zstd, unsorted): types inferred from 10,000
  rows, plain text where that does not hold to the end; VCF as text by tabs. Nothing is checked, joined, cut out of INFO or numbered.
  What polars does not read (CAGE targets as npz, metadata as JSON) is read by numpy and json, and the arrays written by polars.

Seconds are those of the call, without the start of Python and the imports; CPU seconds, over all threads, stand beside them, because a
machine that others share stretches the former. Peak is the process's own largest resident size. Files are read from a warm page cache as
far as it reaches, for both. No genome or chain is registered: what they cost is a step of its own (``lrbstore genome add``).
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Measure, Report, parser

OTHER = {"genomes", "chains"}  #: Folders beside the sources'.
SCALE = 0.05  #: A twentieth of the published counts; at less, what each ingest takes whatever its rows would be most of what is measured.
TIME = 3  #: Times as long as polars that all ingests together may take.
PEAK_MB = 4096  #: What any of them may hold at most.


@dataclass(frozen=True)
class Cost:
    """What one call took: rows read, rows loaded and rejected (lrbstore), wall and CPU seconds, peak resident size in MB."""

    rows: int
    loaded: int
    rejected: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


def peak_mb() -> float:
    """Return this process's largest resident size in MB: since its exec, which getrusage does not tell from its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def by_lrbstore(store: Path, folder: Path) -> tuple[int, int, int]:
    """Ingest a source's folder; returns rows in, loaded and rejected."""
    from lrbstore.ingest.pipeline import ingest

    loaded = ingest(store, folder.name, [folder], simulated=True).loaded
    return sum(i.rows_in for i in loaded), sum(i.rows_loaded for i in loaded), sum(i.rows_rejected for i in loaded)


def by_polars(out: Path, folder: Path) -> tuple[int, int, int]:
    """Read each file of a source's folder and write it as Parquet; returns rows, loaded (the same) and rejected (none)."""
    import numpy as np
    import polars as pl

    out.mkdir(parents=True)
    rows = 0
    for number, path in enumerate(sorted(p for p in folder.rglob("*") if p.is_file())):
        if path.suffix == ".json":
            json.loads(path.read_text())
            continue
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                frames = [pl.DataFrame({name: arrays[name].reshape(len(arrays[name]), -1)}) for name in arrays.files]
        else:
            frames = [read_text(path)]
        for i, frame in enumerate(frames):
            frame.write_parquet(out / f"{number}-{i}.parquet")
        rows += frames[0].height
    return rows, rows, 0


def read_text(path: Path) -> Any:
    """Read a delimited file with polars: typed by its first rows, or as text where that fails."""
    import polars as pl

    with (gzip.open if path.suffix in {".gz", ".bgz"} else open)(path, "rb") as handle:
        first = next((line for line in handle if not line.startswith(b"##")), b"")
    options = {
        "separator": "\t" if b"\t" in first else ",",
        "quote_char": None if b"\t" in first and not first.startswith(b'"') else '"',
        "comment_prefix": "##",
        "encoding": "utf8-lossy",
        "truncate_ragged_lines": True,
    }
    try:
        return pl.read_csv(path, infer_schema_length=10_000, **options)
    except pl.exceptions.PolarsError:
        return pl.read_csv(path, infer_schema=False, **options)


def measured(how: str, target: Path, folder: Path) -> None:
    """Do one half for one source and print its cost as JSON: what the child processes run."""
    work = {"lrbstore": by_lrbstore, "polars": by_polars}[how]
    if how == "lrbstore":
        import lrbstore.ingest.pipeline  # noqa: F401 - not to be timed
    else:
        import polars  # noqa: F401 - not to be timed
    started, started_cpu = time.perf_counter(), time.process_time()
    rows, loaded, rejected = work(target, folder)
    cost = (rows, loaded, rejected, time.perf_counter() - started, time.process_time() - started_cpu, peak_mb())
    print(json.dumps(cost))


def in_a_process(how: str, target: Path, folder: Path) -> Cost:
    """Run :func:`measured` in a process of its own."""
    command = [sys.executable, __file__, "--child", how, str(target), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{how} failed on {folder}:\n{done.stderr}")
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print one line a source, and take the measures of all."""
    arguments = parser(__doc__)
    arguments.add_argument("--scale", type=float, default=SCALE, help="of the simulated files; 1 is the published counts")
    arguments.add_argument("--files", type=Path, help="a folder that lrbstore simulate has written, instead of simulating")
    arguments.add_argument("--source", action="append", help="only this source (may be repeated)")
    arguments.add_argument("--repeat", type=int, default=1, help="rounds; the fastest of each half counts")
    arguments.add_argument("--child", nargs=3, metavar=("HOW", "TARGET", "FOLDER"), help=argparse.SUPPRESS)
    given = arguments.parse_args()
    report = Report(given.measures)
    if given.child:
        how, target, folder = given.child
        measured(how, Path(target), Path(folder))
        return
    with tempfile.TemporaryDirectory() as work:
        files = given.files or Path(work) / "files"
        if not given.files:
            command = [sys.executable, "-m", "lrbstore.cli", "simulate", str(files), "--scale", str(given.scale)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        names = given.source or sorted(p.name for p in files.iterdir() if p.is_dir() and p.name not in OTHER)
        print(f"{'source':22}{'rows in':>11}{'loaded':>11}{'rejected':>9}{'lrbstore s':>11}{'CPU s':>8}{'peak MB':>9}", end="")
        print(f"{'polars s':>10}{'CPU s':>8}{'peak MB':>9}{'ratio':>7}{'of CPU':>8}")
        best: dict[tuple[str, str], Cost] = {}
        for repeat in range(given.repeat):
            store = Path(work) / f"store-{repeat}"
            for name in names:
                for how, target in (("lrbstore", store), ("polars", Path(work) / "bare" / name)):
                    cost = in_a_process(how, target, files / name)
                    best[name, how] = min(best.get((name, how), cost), cost, key=lambda c: c.seconds)
                shutil.rmtree(Path(work) / "bare")
                if repeat == given.repeat - 1:
                    show(name, best[name, "lrbstore"], best[name, "polars"])
            shutil.rmtree(store)
        ours, bare = (total([best[name, how] for name in names]) for how in ("lrbstore", "polars"))
    show("total", ours, bare)
    what, beside = f"ingest of {ours.rows / 1e6:.2g} M rows of {len(names)} sources", "Polars, file to Parquet"
    report(Measure(what, beside, ours.seconds / bare.seconds, "time", unit="x the time", aim=TIME, at_most=True))
    report(Measure(what, beside, ours.cpu_seconds / bare.cpu_seconds, "CPU time", unit="x the time"))
    report(Measure(f"{what}: peak of memory", f"Polars' {bare.peak_mb:,.0f} MB", ours.peak_mb, unit="MB", aim=PEAK_MB, at_most=True))


def total(costs: list[Cost]) -> Cost:
    """Add costs up; of peaks the largest counts."""
    return Cost(
        rows=sum(c.rows for c in costs),
        loaded=sum(c.loaded for c in costs),
        rejected=sum(c.rejected for c in costs),
        seconds=sum(c.seconds for c in costs),
        cpu_seconds=sum(c.cpu_seconds for c in costs),
        peak_mb=max(c.peak_mb for c in costs),
    )


def show(name: str, ours: Cost, bare: Cost) -> None:
    """Print one line of the table."""
    print(f"{name:22}{ours.rows:>11,}{ours.loaded:>11,}{ours.rejected:>9,}", end="")
    print(f"{ours.seconds:>11.1f}{ours.cpu_seconds:>8.1f}{ours.peak_mb:>9.0f}", end="")
    print(f"{bare.seconds:>10.1f}{bare.cpu_seconds:>8.1f}{bare.peak_mb:>9.0f}", end="")
    print(f"{ours.seconds / bare.seconds:>7.1f}{ours.cpu_seconds / bare.cpu_seconds:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
