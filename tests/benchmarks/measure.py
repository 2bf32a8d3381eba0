"""What a benchmark finds, and the one way of taking turns: a benchmark measures, says each finding to a :class:`Report`, and no more.

Every finding is a ratio within one run, because machines differ and are noisy: the ways of doing one thing take turns on the same work, and
medians are compared. Beside a ratio stands, where there is one, how near the machine's own limit is (a copy in memory).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One finding.

    Attributes:
        what: What lrbstore does, in a few words: the measures of one ``what`` and ``beside`` are one row of the table.
        beside: The peer or the limit that it is compared with.
        found: The figure.
        at: Where it was taken, one of the row's cells: a window's length, a question, a number of rows.
        unit: ``x``, times as fast as the peer; or the unit of another figure, such as ``x the time`` or ``MB``; empty if it has none.
        aim: What was aimed at, if anything.
        at_most: The aim is an upper bound.
        limit: Share of the machine's own limit that is reached, where there is one.
    """

    what: str
    beside: str
    found: float
    at: str = ""
    unit: str = "x"
    aim: float | None = None
    at_most: bool = False
    limit: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        return self.found <= self.aim if self.at_most else self.found >= self.aim


class Report:
    """Prints findings as they come, and keeps them in a file of JSON lines if asked."""

    def __init__(self, path: Path | None = None) -> None:
        self.path, self.measures = path, list[Measure]()

    def __call__(self, measure: Measure) -> None:
        """Take a finding."""
        self.measures.append(measure)
        found = f"{figure(measure.found)} {measure.unit}".rstrip()
        said = f"{measure.what}{f', {measure.at}' if measure.at else ''}: {found} beside {measure.beside}"
        aim = "" if measure.aim is None else f" (aim {'≤' if measure.at_most else '≥'} {figure(measure.aim)})"
        limit = "" if measure.limit is None else f", {measure.limit:.0%} of the limit"
        print(said + aim + limit, flush=True)
        if self.path:
            with self.path.open("a") as handle:
                handle.write(json.dumps(asdict(measure)) + "\n")


def parser(description: str | None) -> argparse.ArgumentParser:
    """Begin a benchmark's command line: every one takes ``--measures FILE``."""
    begun = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    begun.add_argument("--measures", type=Path, help="add the findings to this file, a line of JSON each")
    return begun


def in_turns(ways: Mapping[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Run each way once a turn; give the median seconds of each. The first turn, which fills caches, does not count."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(turns + 1):
        for place in range(len(names)):  # whoever is first finds the least in the caches: each is in turn
            name = names[(place + turn) % len(names)]
            started = time.perf_counter()
            ways[name]()
            if turn:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in taken.items()}


@contextlib.contextmanager
def peers() -> Iterator[None]:
    """Import those that a benchmark compares with inside this: what is missing ends it with a line that says where they come from."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is not installed, which this benchmark compares with; `make bench` installs all of them") from None


def figure(value: float) -> str:
    """Write a figure with as many digits as mean something."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 20 else f"{value:.1f}" if size >= 2 else f"{value:.2f}" if size >= 0.1 or not size else f"{value:.2g}"


def table(measures: Iterable[Measure]) -> list[str]:
    """Lay findings out as a Markdown table, those of one ``what`` and ``beside`` in a row."""
    rows: dict[tuple[str, str, str], list[Measure]] = {}
    for measure in measures:
        rows.setdefault((measure.what, measure.beside, measure.unit), []).append(measure)
    lines = ["| measure | at | beside | found | aim | of the limit |", "| --- | --- | --- | --- | --- | --- |"]
    for (what, beside, unit), own in rows.items():
        aims = [m.aim for m in own if m.aim is not None]
        sign = "" if not aims else "≤ " if own[0].at_most else "≥ "
        cells = (
            what,
            " / ".join(m.at for m in own),
            beside,
            " / ".join(figure(m.found) + ("" if m.met is not False else "\u2009↓" if not m.at_most else "\u2009↑") for m in own)
            + (" ×" if unit == "x" else f" {unit}".rstrip()),
            sign + " / ".join("–" if m.aim is None else figure(m.aim) for m in own) if aims else "",
            " / ".join("–" if m.limit is None else f"{m.limit:.0%}" for m in own) if any(m.limit is not None for m in own) else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
