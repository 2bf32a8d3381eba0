"""How fast windows are cut, beside their peers and the machine's own limit: ``python tests/benchmarks/windows.py [--fasta FILE]``.

Every measure is a ratio within one run: the ways of doing one thing take turns on the same windows, and medians are compared; the first
turn, which fills caches, does not count. Peers: pyfaidx; pysam where it is installed; what the published loader does with pyfaidx's text
(upper case, a regular expression for N, ALT by list and join). Limits: a copy of random stretches of the same lengths from memory, and a
copy of a whole output.

A FASTA of its own (300 million random bases in three contigs, half of them in lower case, 60 bases a line) is made unless one is given.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyfaidx

from lrbstore.assembly import assembly
from lrbstore.genome import Genome, register_fasta, write_cache

LENGTHS = (2_048, 16_384, 131_072)
SHARE = 1 << 26  #: Bytes of windows a turn.
AIMS = {
    "bytes from the FASTA, to pyfaidx": (9, 4.5, 6.5),
    "bytes from the cache, to pyfaidx": (15, 10, 14),
    "bytes from the cache, of a random-window copy": (0.9, 0.9, 0.9),
    "ref + alt from the cache, to the published loader's way": (30, 80, 130),
    "one_hot from the cache, of a copy of the output": (None, None, 0.85),
    "one_hot_float32 from the cache, of a copy of the output": (None, None, 0.85),
}


def write_fasta(path: Path, sizes: tuple[int, ...] = (150_000_000, 100_000_000, 50_000_000)) -> None:
    """Write a FASTA of random bases, with stretches of lower case and of N."""
    rng = np.random.default_rng(1)
    with path.open("wb") as out:
        for number, size in enumerate(sizes, 1):
            bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size, dtype=np.int8)]
            for start in rng.integers(0, size, size // 4_000).tolist():
                bases[start : start + 2_000] |= 0x20
            for start in rng.integers(0, size, 5).tolist():
                bases[start : start + size // 3_000] = ord("N")
            whole = size // 60
            lines = np.full((whole, 61), ord("\n"), np.uint8)
            lines[:, :60] = bases[: whole * 60].reshape(whole, 60)
            out.write(b">chr%d\n" % number + lines.tobytes() + bases[whole * 60 :].tobytes() + (b"\n" if size % 60 else b""))


def in_turns(ways: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Run each way once a turn; give the median seconds of each, the first turn left out."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if turn:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


class Windows:
    """The ways of cutting one set of random windows."""

    def __init__(self, plain: Genome, cached: Genome, oracle: pyfaidx.Fasta, length: int) -> None:
        rng = np.random.default_rng(length)
        names, sizes = list(plain.lengths), np.array(list(plain.lengths.values()))
        self.n, self.length, self.plain, self.cached, self.oracle = max(SHARE // length, 64), length, plain, cached, oracle
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

    def by_copy(self) -> None:
        flat, out, length = self.flat, self.out, self.length
        for row, start in enumerate(self.at):
            out[row] = flat[start : start + length]

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


def one_hot(windows: Windows, encoding: str, turns: int) -> float:
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


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--fasta", type=Path, help="a FASTA with contigs of GRCh38, read where it lies")
    arguments.add_argument("--turns", type=int, default=7)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fasta = given.fasta or Path(folder) / "bench.fa"
        if not given.fasta:
            write_fasta(fasta)
        record = register_fasta(fasta, assembly("GRCh38"), Path(folder) / "plain", simulated=True)
        again = register_fasta(fasta, assembly("GRCh38"), Path(folder) / "cached", simulated=True)
        write_cache(again)
        table: dict[str, list[float | None]] = {name: [] for name in AIMS}
        with pyfaidx.Fasta(str(fasta), indexname=str(record.index)) as oracle:
            for length in LENGTHS:
                windows = Windows(Genome(record), Genome(again), oracle, length)
                windows.check()
                seconds = in_turns(
                    {
                        "pyfaidx": windows.by_pyfaidx,
                        "fasta": windows.from_fasta,
                        "cache": windows.from_cache,
                        "copy": windows.by_copy,
                        "pairs": windows.pairs,
                        "published": windows.published_pairs,
                    },
                    given.turns,
                )
                print(f"{length:,} bp: pyfaidx {windows.n / seconds['pyfaidx']:,.0f} windows/s, "
                      f"cache {windows.n * length / seconds['cache'] / 1e9:.1f} GB/s", flush=True)  # fmt: skip
                row = (
                    seconds["pyfaidx"] / seconds["fasta"],
                    seconds["pyfaidx"] / seconds["cache"],
                    seconds["copy"] / seconds["cache"],
                    seconds["published"] / seconds["pairs"],
                    one_hot(windows, "one_hot", given.turns) if length == LENGTHS[-1] else None,
                    one_hot(windows, "one_hot_float32", given.turns) if length == LENGTHS[-1] else None,
                )
                for name, value in zip(AIMS, row, strict=True):
                    table[name].append(value)
    print(f"{'':58s}" + "".join(f"{f'{length:,} bp':>20s}" for length in LENGTHS))
    for name, values in table.items():
        cells = ["" if v is None else f"{v:.2f} (aim {aim})" for v, aim in zip(values, AIMS[name], strict=True)]
        print(f"{name:58s}" + "".join(f"{cell:>20s}" for cell in cells))


if __name__ == "__main__":
    main()
