"""An epoch of causal eQTLs, REF and ALT with labels, beside the Arrow route: ``python tests/benchmarks/epoch.py [--rows N N]``.

lrbstore cuts windows as they are asked for. Hugging Face ``datasets`` runs a loader once, which writes every sequence into Arrow files,
and reads those: ``Dataset.from_generator`` with a generator that does for each row of the provider's CSV what the published loader does
(rows by pandas; pyfaidx's text, upper case, a regular expression for N; ALT by list and join), then batches of 256.

* first epoch: from opening the store, or from nothing built, to the last batch; each in a process of its own, imports not counted;
* later epoch: the same once more, in one process in turns. Shuffled ones beside shuffled ones;
* disk: what the store's folder grew by, and the size of the Arrow files, a pair.

lrbstore hands out bytes (uint8, REF and ALT of a batch an array each), ``datasets`` strings, its own form. Beside these stand bytes that
are copied batch by batch out of its Arrow tables, which is the least that a stored copy takes. lrbstore reads the FASTA as it was
registered, and in rows that say so the cache of ``lrbstore genome cache``. Both take the threads that they take by default.

Genome (300 million random bases) and CSV are made; at the longer window the CSV is shorter, for building is slow and takes 262 kB a pair.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from inputs import write_eqtls, write_fasta
from measure import Measure, Report, in_turns, parser

import lrbstore
from lrbstore.ingest.genomes import add_genome, cache_genome
from lrbstore.ingest.pipeline import ingest

TASK, BATCH, SAMPLE = "variant_effect_gene_expression", 256, 256
KEYS = ("ref_forward_sequence", "alt_forward_sequence")
ROWS = {2_048: 88_717, 131_072: 4_000}  #: Window length → rows; the published training split has 88,717.
AIMS = {2_048: (50, 5), 131_072: (100, 8)}  #: Of the first epoch, and of a later one.
STRINGS, TABLES = "datasets, strings", "datasets, Arrow tables copied as bytes"


class Inputs:
    """Where everything lies that is made for one window length."""

    def __init__(self, folder: Path, length: int) -> None:
        self.fasta, self.length = folder / "genome.fa", length
        own = folder / str(length)
        self.home, self.csv, self.built = own / "store", own / "variant_effect_causal_eqtl" / "All_Tissues.csv", own / "built"

    def make(self, rows: int) -> None:
        """Write the CSV and ingest it."""
        add_genome(self.home, "GRCh38", self.fasta, simulated=True)
        with lrbstore.open(self.home) as store:
            write_eqtls(self.csv, store.genome("GRCh38"), rows)
        ingest(self.home, "lrb", [self.csv], simulated=True)


def published(table: str, fasta: str, length: int) -> Iterator[dict[str, Any]]:
    """Yield the training split as the published loader does."""
    import pandas as pd
    import pyfaidx

    rows = pd.read_csv(table)
    genome = pyfaidx.Fasta(fasta, one_based_attributes=False)
    for _, row in rows[rows["split"] == "train"].iterrows():
        start = row["POS"] - 1 - length // 2
        end = start + length
        contig = genome[row["CHROM"]]
        if start < 0 or end >= len(contig):
            continue
        ref = re.sub("[^ATCG]", "N", str(contig[start:end]).upper())
        letters = list(ref)
        letters[length // 2] = row["ALT"]
        yield {
            KEYS[0]: ref,
            KEYS[1]: "".join(letters),
            "label": row["label"],
            "tissue": row["tissue"],
            "chromosome": row["CHROM"].removeprefix("chr"),
            "position": row["POS"],
            "distance_to_nearest_tss": row["distance_to_nearest_TSS"],
        }


def build(inputs: Inputs) -> Any:
    """Run the loader once into the cache folder, unless it has; returns the built data set."""
    import datasets

    datasets.disable_progress_bars()
    text = datasets.Value("string")
    features = {
        **dict.fromkeys(KEYS, text),
        "label": datasets.Value("int8"),
        "tissue": text,
        "chromosome": text,
        "position": datasets.Value("int32"),
        "distance_to_nearest_tss": datasets.Value("int32"),
    }
    return datasets.Dataset.from_generator(
        published,
        features=datasets.Features(features),
        cache_dir=str(inputs.built),
        gen_kwargs={"table": str(inputs.csv), "fasta": str(inputs.fasta), "length": inputs.length},
    )


def as_bytes(table: Any, key: str, length: int) -> npt.NDArray[np.uint8]:
    """Copy the sequences of an Arrow table into an array ``(n, length)`` of bytes, chunk by chunk."""
    chunks = table[key].chunks
    starts = [int(np.frombuffer(chunk.buffers()[1], np.int32, 1, 4 * chunk.offset)[0]) for chunk in chunks]
    flat = [np.frombuffer(chunk.buffers()[2], np.uint8, len(chunk) * length, at) for chunk, at in zip(chunks, starts, strict=True)]
    return np.concatenate(flat).reshape(-1, length)


def through(batches: Iterable[dict[str, Any]]) -> int:
    """Go through batches as a training loop does; returns the number of examples."""
    return sum(len(batch["label"]) for batch in batches)


def first(who: str, inputs: Inputs) -> float:
    """Take a first epoch in a process of its own; returns its seconds."""
    if who == "theirs":
        shutil.rmtree(inputs.built, ignore_errors=True)
    command = [sys.executable, __file__, "--child", who, str(inputs.fasta.parent), str(inputs.length)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{who} failed:\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def child(who: str, inputs: Inputs) -> None:
    """Print the seconds of a first epoch: what the child processes run."""
    if who == "theirs":
        import datasets  # noqa: F401 - not to be timed
        import pandas  # noqa: F401 - likewise
        import pyfaidx  # noqa: F401 - likewise

    started = time.perf_counter()
    if who == "theirs":
        through(build(inputs).iter(BATCH))
    else:
        with lrbstore.open(inputs.home) as store:
            ds = lrbstore.task(TASK, seq_len=inputs.length, store=store).train
            through(ds.batches(BATCH, encoding="bytes", shuffle=who == "shuffled"))
    print(json.dumps(time.perf_counter() - started))


def size(folder: Path) -> int:
    """Add up the bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def check(ds: lrbstore.Dataset, built: Any, length: int) -> None:
    """See that both routes give the same examples, in all the forms that are measured."""
    assert len(ds) == len(built)
    some = np.linspace(0, len(ds) - 1, SAMPLE).astype(np.int64)
    ours, texts, theirs = ds.take(some, "bytes"), ds.take(some, "text"), built[some]
    table = built.with_format("arrow")[some]
    for key in KEYS:
        assert [row.tobytes().decode() for row in ours[key]] == list(texts[key]) == list(theirs[key])
        assert (as_bytes(table, key, length) == ours[key]).all()
    for key in ("label", "tissue", "chromosome", "position", "distance_to_nearest_tss"):
        assert list(ours[key]) == list(theirs[key]), key


def take_measures(report: Report, inputs: Inputs, turns: int) -> None:
    """Take the measures at one window length."""
    length, before = inputs.length, size(inputs.home)
    aims, found = AIMS.get(length, (None, None)), dict[str, list[float]]()
    for _ in range(turns):
        for who in ("theirs", "ours", "shuffled"):
            found.setdefault(who, []).append(first(who, inputs))
    grown = size(inputs.home) - before
    built = build(inputs)
    at, n = f"{length:,} bp, {len(built):,} rows", len(built)
    took = {who: statistics.median(seconds) for who, seconds in found.items()}
    print(f"{at}: first epoch " + ", ".join(f"{who} {seconds:.2f} s" for who, seconds in took.items()), flush=True)
    report(Measure("first epoch of eQTL pairs, building included", STRINGS, took["theirs"] / took["ours"], at, aim=aims[0]))
    report(Measure("first epoch of eQTL pairs, shuffled", STRINGS, took["theirs"] / took["shuffled"], at))
    disk = sum(Path(file["filename"]).stat().st_size for file in built.cache_files)
    report(Measure("disk for sequences, lrbstore", "its store before", grown / n, at, "bytes a pair", aim=0, at_most=True))
    report(Measure("disk for sequences, datasets", "an empty cache", disk / n, at, "bytes a pair"))

    def arrow_epoch() -> None:
        for table in built.with_format("arrow").iter(BATCH):
            for key in KEYS:
                as_bytes(table, key, length)

    for where in ("", " from the genome's cache"):
        if where:
            cache_genome(inputs.home)
        with lrbstore.open(inputs.home) as store:
            task = lrbstore.task(TASK, seq_len=length, store=store)
            ds, streamed = task.train, lrbstore.task(TASK, seq_len=length, store=store).train
            check(ds, built, length)
            ways: dict[str, Callable[[], object]] = {
                "streamed": lambda ds=streamed: through(ds.batches(BATCH, encoding="bytes")),
                "shuffled": lambda ds=ds: through(ds.batches(BATCH, encoding="bytes", shuffle=True)),
                "theirs": lambda: through(built.iter(BATCH)),
                "theirs shuffled": lambda: through(built.shuffle(seed=0, keep_in_memory=True).iter(BATCH)),
                "arrow": arrow_epoch,
            }
            took = in_turns(ways, turns)
        print(f"{at}: later epoch{where} " + ", ".join(f"{way} {n / seconds:,.0f}/s" for way, seconds in took.items()), flush=True)
        what = f"later epoch of eQTL pairs{where}"
        report(Measure(what, STRINGS, took["theirs"] / took["streamed"], at, aim=aims[1]))
        report(Measure(f"{what}, shuffled", STRINGS, took["theirs shuffled"] / took["shuffled"], at, aim=aims[1]))
        report(Measure(what, TABLES, took["arrow"] / took["streamed"], at))


def main() -> None:
    """Take the measures."""
    arguments = parser(__doc__)
    arguments.add_argument("--rows", type=int, nargs=len(ROWS), default=list(ROWS.values()), help=f"at {', '.join(map(str, ROWS))} bp")
    arguments.add_argument("--turns", type=int, default=2)
    arguments.add_argument("--folder", type=Path, help="where everything is put; a temporary folder by default")
    arguments.add_argument("--child", nargs=3, metavar=("WHO", "FOLDER", "LENGTH"), help="used by the benchmark itself")
    given = arguments.parse_args()
    if given.child:
        who, folder, length = given.child
        child(who, Inputs(Path(folder), int(length)))
        return
    report = Report(given.measures)
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        write_fasta(Path(temporary) / "genome.fa")
        for length, rows in zip(ROWS, given.rows, strict=True):
            inputs = Inputs(Path(temporary), length)
            inputs.make(rows)
            take_measures(report, inputs, given.turns)
            shutil.rmtree(inputs.built)


if __name__ == "__main__":
    main()
