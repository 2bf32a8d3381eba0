"""Run the benchmarks and print one table: ``python tests/benchmarks/run.py [--only NAME …] [--write README.md]``, or ``make bench``.

Each benchmark runs in a process of its own, one after the other; nothing else should be running. ``--write`` puts the table between the
marks of a README, with the date and the versions.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measure import Measure, table

HERE = Path(__file__).parent
ORDER = (
    "windows",
    "batches",
    "torch_workers",
    "epoch",
    "first_batch",
    "table_layout",
    "strata_metrics",
    "intervals",
    "nearest",
    "ingest_scale",
    "knockout_tiles",
)
LIBRARIES = ("lrbstore", "numpy", "duckdb", "pyarrow", "pyfaidx", "pysam", "polars", "pandas", "scikit-learn", "scipy", "torch", "datasets")
BEGIN, END = "<!-- speed: begin (make bench) -->", "<!-- speed: end -->"


def processor() -> str:
    """Name the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def setting() -> str:
    """Say when, on what and with which versions."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{datetime.date.today():%Y-%m-%d}, {cores} cores ({processor()}), Python {platform.python_version()}, {', '.join(found)}."


def put(path: Path, lines: list[str]) -> None:
    """Write lines between the marks of a file."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{path} has no lines '{BEGIN}' and '{END}' to write between")
    before, rest = text.split(BEGIN, 1)
    path.write_text("\n".join([before + BEGIN, *lines, END]) + rest.split(END, 1)[1])


def main() -> None:
    """Run, print and write."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", action="append", choices=ORDER, help="a benchmark (may be repeated); all by default")
    arguments.add_argument("--write", type=Path, help="a README whose table is to be renewed")
    given = arguments.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "measures"
        path.touch()
        for name in given.only or ORDER:
            print(f"== {name}", flush=True)
            if subprocess.run([sys.executable, str(HERE / f"{name}.py"), "--measures", str(path)], check=False).returncode:
                failed.append(name)
        lines = [setting(), "", *table(Measure(**json.loads(line)) for line in path.read_text().splitlines())]
    print("\n".join(["", *lines]))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    if given.write:
        put(given.write, lines)


if __name__ == "__main__":
    main()
