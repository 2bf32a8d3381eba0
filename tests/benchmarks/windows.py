"""How fast windows are cut, beside their peers and the machine's own limit: ``python tests/benchmarks/windows.py [--fasta FILE]``.

The ways of doing one thing take turns on the same windows. Peers: pyfaidx and pysam; what the published loader does with pyfaidx's text
(upper case, a regular expression for N, ALT by list and join). Limits: a copy of random stretches of the same lengths from memory by one
thread, twice for two sequences, and a copy of a whole output.

Cold: the file's pages are dropped from memory before each turn; what lies below the file system may still hold them.

A FASTA of its own (300 million random bases in three contigs, half of them in lower case, 60 bases a line) is made unless one is given.
"""

from __future__ import annotations

import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyfaidx
from inputs import write_fasta
from measure import Measure, Report, in_turns, parser, peers

from lrbstore.assembly import assembly
from lrbstore.genome import Genome, register_fasta, write_cache

with peers():
    import pysam

LENGTHS = (2_048, 16_384, 131_072)
SHARE = 1 << 26  #: Bytes of windows a turn.
AIMS = {  # by way and length
    "FASTA": (9, 4.5, 6.5),
    "cache": (15, 10, 14),
    "pairs": (30, 80, 130),
}
OF_A_COPY = 0.9  #: Share of a copy of random windows that windows from the cache are to reach.
OF_AN_OUTPUT = 0.85  #: Share of copying its output that one-hot is to reach at the longest windows.
COLD = 3_000  #: Windows at most that are cut from a cold file.


class Windows:
    """The ways of cutting one set of random windows."""

    def __init__(self, plain: Genome, cached: Genome, oracle: pyfaidx.Fasta, handle: pysam.FastaFile, length: int) -> None:
        rng = np.random.default_rng(length)
        names, sizes = list(plain.lengths), np.array(list(plain.lengths.values()))
        self.n, self.length, self.plain, self.cached, self.oracle = max(SHARE // length, 64), length, plain, cached, oracle
        self.handle = handle
        self.places = rng.integers(0, len(names), self.n)
        self.starts = (rng.random(self.n) * (sizes[self.places] - length)).astype(np.int64)
        self.chroms = [names[place] for place in self.places.tolist()]
        self.out, self.alt = np.empty((self.n, length), np.uint8), np.empty((self.n, length), np.uint8)
        self.flat = np.random.default_rng(2).integers(65, 85, sizes.sum(), dtype=np.uint8)
        self.at = ((np.cumsum(sizes) - sizes)[self.places] + self.starts).tolist()

    def from_fasta(self) -> None:
        self.plain.windows(self.places, self.starts, self.length, out=self.out)

    def from_cache(self) -> None:
        self.cached.windows(self.places, self.starts, self.length, out=self.out)

    def by_pyfaidx(self) -> None:
        for chrom, start in zip(self.chroms, self.starts.tolist(), strict=True):
            str(self.oracle[chrom][start : start + self.length])

    def by_pysam(self) -> None:
        for chrom, start in zip(self.chroms, self.starts.tolist(), strict=True):
            self.handle.fetch(chrom, start, start + self.length)

    def by_copy(self) -> None:
        flat, out, length = self.flat, self.out, self.length
        for row, start in enumerate(self.at):
            out[row] = flat[start : start + length]

    def by_two_copies(self) -> None:
        flat, out, alt, length = self.flat, self.out, self.alt, self.length
        for row, start in enumerate(self.at):
            out[row] = flat[start : start + length]
            alt[row] = out[row]

    def pairs(self) -> None:
        self.cached.windows(self.places, self.starts, self.length, out=self.out, twin=self.alt)
        self.alt[:, self.length // 2] = ord("G")

    def published_pairs(self) -> None:
        for chrom, start in zip(self.chroms, self.starts.tolist(), strict=True):
            ref = re.sub("[^ATCG]", "N", str(self.oracle[chrom][start : start + self.length]).upper())
            letters = list(ref)
            letters[self.length // 2] = "G"
            "".join(letters)

    def check(self) -> None:
        """See that every way gives what pyfaidx gives."""
        for genome in (self.plain, self.cached):
            found = genome.windows(self.places[:20], self.starts[:20], self.length, encoding="text")
            for chrom, start, text in zip(self.chroms, self.starts.tolist(), found, strict=False):
                assert text == re.sub("[^ATCG]", "N", str(self.oracle[chrom][start : start + self.length]).upper())


def of_a_copy(windows: Windows, encoding: str, turns: int) -> float:
    """Give the speed of a one-hot encoding as a share of copying its output."""
    n = max(SHARE // windows.length // (4 if encoding == "one_hot" else 16), 8)
    dtype = np.uint8 if encoding == "one_hot" else np.float32
    out, other = np.empty((n, 4, windows.length), dtype), np.zeros((n, 4, windows.length), dtype)
    places, starts = windows.places[:n], windows.starts[:n]
    times = in_turns(
        {
            "cut": lambda: windows.cached.windows(places, starts, windows.length, encoding=encoding, out=out),
            "copy": lambda: np.copyto(other, out),
        },
        turns,
    )
    return times["copy"] / times["cut"]


def cold(fasta: Path, windows: Windows, turns: int) -> float:
    """Cut windows whose pages are not in memory: how much faster than pyfaidx."""
    n = min(COLD, windows.n // 4)
    places, starts, chroms = windows.places[:n], windows.starts[:n], windows.chroms[:n]

    def dropped(way: Callable[[], object]) -> float:
        with fasta.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        started = time.perf_counter()
        way()
        return time.perf_counter() - started

    def theirs() -> None:
        with pyfaidx.Fasta(str(fasta), indexname=str(windows.plain.record.index)) as oracle:
            for chrom, start in zip(chroms, starts.tolist(), strict=True):
                str(oracle[chrom][start : start + windows.length])

    def ours() -> None:
        Genome(windows.plain.record).windows(places, starts, windows.length, out=windows.out[:n])

    return statistics.median(dropped(theirs) for _ in range(turns)) / statistics.median(dropped(ours) for _ in range(turns))


def main() -> None:
    """Take the measures."""
    arguments = parser(__doc__)
    arguments.add_argument("--fasta", type=Path, help="a FASTA with contigs of GRCh38, read where it lies")
    arguments.add_argument("--turns", type=int, default=7)
    given = arguments.parse_args()
    report = Report(given.measures)
    with tempfile.TemporaryDirectory() as folder:
        fasta = given.fasta or Path(folder) / "bench.fa"
        if not given.fasta:
            write_fasta(fasta)
        record = register_fasta(fasta, assembly("GRCh38"), Path(folder) / "plain", simulated=True)
        again = register_fasta(fasta, assembly("GRCh38"), Path(folder) / "cached", simulated=True)
        write_cache(again)
        index = str(record.index)
        with pyfaidx.Fasta(str(fasta), indexname=index) as oracle, pysam.FastaFile(str(fasta), filepath_index=index) as handle:
            for place, length in enumerate(LENGTHS):
                windows = Windows(Genome(record), Genome(again), oracle, handle, length)
                windows.check()
                took = in_turns(
                    {
                        "pyfaidx": windows.by_pyfaidx,
                        "pysam": windows.by_pysam,
                        "FASTA": windows.from_fasta,
                        "cache": windows.from_cache,
                        "copy": windows.by_copy,
                        "pairs": windows.pairs,
                        "two copies": windows.by_two_copies,
                        "published": windows.published_pairs,
                    },
                    given.turns,
                )
                at = f"{length:,} bp"
                for way, what in (("FASTA", "bytes from the FASTA"), ("cache", "bytes from the cache")):
                    limit = took["copy"] / took[way]
                    report(Measure(what, "pyfaidx", took["pyfaidx"] / took[way], at, aim=AIMS[way][place], limit=limit))
                    report(Measure(what, "pysam", took["pysam"] / took[way], at, limit=limit))
                report(Measure("bytes from the cache", "random windows copied in memory", took["copy"] / took["cache"], at, aim=OF_A_COPY))
                ratio, limit = took["published"] / took["pairs"], took["two copies"] / took["pairs"]
                report(Measure("REF and ALT from the cache", "published loader's way", ratio, at, aim=AIMS["pairs"][place], limit=limit))
                report(Measure("bytes from a cold FASTA", "pyfaidx", cold(fasta, windows, min(given.turns, 3)), at))
                if place == len(LENGTHS) - 1:
                    for encoding, what in (("one_hot", "one-hot uint8"), ("one_hot_float32", "one-hot float32")):
                        share = of_a_copy(windows, encoding, given.turns)
                        report(Measure(f"{what} from the cache", "its output copied in memory", share, at, aim=OF_AN_OUTPUT))


if __name__ == "__main__":
    main()
