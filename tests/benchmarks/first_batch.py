"""From opening a store to a batch, as the store grows: ``python tests/benchmarks/first_batch.py [--rows 7000 …]``.

Stores with 7 thousand to 7 million examples of two tasks: causal eQTLs (one file, ``window="lrb"``) and the sign of GTEx's slopes (49
files, a tissue each, ``window="strict"``). Each way in a process of its own, imports not counted:

* streamed: ``lrbstore.open`` to the first batch of ``task(...).train.batches(256)``;
* shuffled: the same with ``shuffle=True``, whose permutation needs every row's place;
* memory: the highest resident size while the first 200 batches are gone through, less what there was after the imports. Pages of files
  that are mapped, the genome's above all, are the system's to take back: they are counted apart.

Beside each stands the same at 70 thousand. Rows are written as an ingest writes them, without the sorted copies, which no task reads. The
genome (300 million random bases) is made.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from inputs import SIZES, write_fasta
from measure import Measure, Report, parser
from table_layout import rows_of, write

import lrbstore
from lrbstore.engine import connect
from lrbstore.ingest.genomes import add_genome
from lrbstore.release import StoreFolder

TASKS = {"variant_effect_gene_expression": "eQTLs", "gvrep_eqtl_slope": "GTEx slopes"}
ROWS = (7_000, 70_000, 700_000, 7_000_000)
BESIDE = 70_000  #: Rows of the store that the others are compared with.
LENGTH, BATCH, BATCHES = 2_048, 256, 200
FILES = 49  #: Of GTEx's rows: one a tissue.
MOST_TIMES, MOST_MB = 1.5, 500.0  #: Aims.
EDGE = 600_000  #: Bases at a contig's ends that have no variant.


def make(home: Path, fasta: Path, rows: int) -> None:
    """Publish a store with ``rows`` examples of each task, in the order of the genome within a file, and register the genome."""
    place = f"{EDGE} + (i * 7919 + hash(i)::HUGEINT % 1000003) % {min(SIZES) - 2 * EDGE}"
    common = {"chrom": "'chr' || (1 + i % 3)", "pos": f"({place})::BIGINT", "source_version": "'1'", "label_text": "'causal'"}
    with StoreFolder(home).writer() as publication:
        scratch = connect(publication.scratch)
        eqtl = {
            **common,
            "source": "'lrb'",
            "source_file": "'All_Tissues.csv'",
            "split": "'train'",
            "label": "i % 2",
            "tissue": "'tissue ' || i % 49",
            "tissue_name": "'tissue_' || i % 49",
            "distance_to_nearest_tss": "i % 100000",
        }
        files = [write(publication, scratch, "lrb_eqtl", "lrb", "eqtl", rows_of("lrb_eqtl", rows, 0, 20_000, eqtl))]
        for number in range(FILES):
            slopes = {
                **common,
                "source": "'gtex_v8_eqtl'",
                "source_file": f"'t{number}'",
                "tissue": f"'tissue {number}'",
                "slope": "random() - 0.5",
            }
            n = rows * (number + 1) // FILES - rows * number // FILES
            sql = rows_of("gtex_eqtl", n, number, 20_000, slopes)
            files.append(write(publication, scratch, "gtex_eqtl", "gtex_v8_eqtl", f"t{number}", sql))
        publication.publish(publication.draft(files=tuple(files), simulated=True))
        scratch.close()
    add_genome(home, "GRCh38", fasta, simulated=True)


def resident() -> dict[str, float]:
    """Tell this process's resident size in MB: ``all``, its highest so far ``highest``, and that of no file ``own``."""
    said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    size = {name: int(said[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM", "RssFile")}
    return {"all": size["VmRSS"], "highest": size["VmHWM"], "own": size["VmRSS"] - size["RssFile"]}


class Watch(threading.Thread):
    """Looks at the memory of this process's own every few milliseconds: the system keeps its highest value only with mapped files."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.done = resident()["own"], threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(0.005):
            self.highest = max(self.highest, resident()["own"])


def child(home: Path, task: str, way: str, what: str) -> None:
    """Print what one process finds: seconds; or MB of its own, and with mapped files."""
    started, before = time.perf_counter(), resident()
    if what == "seconds":
        with lrbstore.open(home) as store:
            next(lrbstore.task(task, seq_len=LENGTH, store=store).train.batches(BATCH, shuffle=way == "shuffled"))
            print(json.dumps([time.perf_counter() - started]))
        return
    Path("/proc/self/clear_refs").write_text("5")  # the highest size from here on
    watch = Watch()
    watch.start()
    with lrbstore.open(home) as store:
        batches = lrbstore.task(task, seq_len=LENGTH, store=store).train.batches(BATCH, shuffle=way == "shuffled")
        for _, _ in zip(range(BATCHES), batches, strict=False):
            pass
        watch.done.set()
        watch.join()
        print(json.dumps([watch.highest - before["own"], resident()["highest"] - before["all"]]))


def run(home: Path, task: str, way: str, what: str) -> list[float]:
    """Run :func:`child` in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--child", str(home), task, way, what], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{task}, {way} failed:\n{done.stderr}")
    return [float(value) for value in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    """Take the measures."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, nargs="+", default=list(ROWS), help="examples of each task")
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--folder", type=Path, help="where stores are kept, or taken from; a temporary folder by default")
    arguments.add_argument("--child", nargs=4, metavar=("STORE", "TASK", "WAY", "WHAT"), help="used by the benchmark itself")
    given = arguments.parse_args()
    if given.child:
        home, task, way, what = given.child
        child(Path(home), task, way, what)
        return
    report = Report(given.measures)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        fasta = folder / "genome.fa"
        if not fasta.exists():
            write_fasta(fasta)
        homes = {rows: folder / f"store-{rows}" for rows in given.rows}
        for rows, home in homes.items():
            if not home.exists():
                make(home, fasta, rows)
        for task, name in TASKS.items():
            for way in ("streamed", "shuffled"):
                found: dict[int, list[float]] = {rows: [] for rows in homes}
                for _ in range(given.turns):
                    for rows, home in homes.items():
                        found[rows] += run(home, task, way, "seconds")
                took = {rows: statistics.median(seconds) for rows, seconds in found.items()}
                print(f"{name}, {way}: " + ", ".join(f"{rows:,} rows {seconds:.2f} s" for rows, seconds in took.items()), flush=True)
                for rows, seconds in took.items():
                    if rows > BESIDE in took:
                        what, at = f"seconds from open to the first batch, {way}", f"{rows:,} {name}"
                        report(Measure(what, f"{BESIDE:,} rows", seconds / took[BESIDE], at, "x as long", MOST_TIMES, at_most=True))
                own, mapped = run(homes[max(homes)], task, way, "memory")
                at = f"{max(homes):,} {name}"
                report(Measure(f"memory of open and {BATCHES} batches, {way}", "after the imports", own, at, "MB", MOST_MB, at_most=True))
                report(Measure(f"memory with mapped files, {way}", "after the imports", mapped, at, "MB"))


if __name__ == "__main__":
    main()
