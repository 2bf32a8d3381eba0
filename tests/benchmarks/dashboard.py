"""What the dashboard's pages ask, and the seconds it takes: ``python tests/benchmarks/dashboard.py --store FOLDER [--repeat 3]``.

Builds nothing: give it a store of the size that matters (``lrbstore simulate --scale 0.6``, and ingest a few sources). Each question is
asked of one open desk as a page asks it, without the caches of the screen; the first answer stands beside the median of those that
follow. CPU seconds, over all threads, tell more than wall time on a machine that others share.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lrbstore.dashboard.desk import Desk
from lrbstore.dashboard.queries import overview, sql, variants
from lrbstore.errors import LrbStoreError

Question = tuple[str, Callable[..., Any], dict[str, Any]]  #: Page and what is asked; the function; its arguments beside the desk.


def filters(desk: Desk) -> Iterator[tuple[str, dict[str, Any]]]:
    """Choose what a reader would filter by: the most frequent value of each stratum, the largest source, a region."""
    yield "no filter", {}
    held = variants.by_source(desk).table["source"].to_pylist()
    if held:
        yield f"source {held[0]}", {"source": (held[0],)}
    for stratum in variants.STRATA:
        known = variants.values(desk, stratum).table["value"].to_pylist()
        if known:
            yield f"{stratum} {known[0]}", {stratum: known[0]}
    yield "region chr1:1-2,000,000", {"region": "chr1:1-2,000,000"}


def of_variants(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Variants: what its controls offer, then all of them for each filter, and a card."""
    for stratum in variants.STRATA:
        yield f"Variants: values of {stratum}", variants.values, {"stratum": stratum}
    for name, chosen in filters(desk):
        n = sum(variants.by_source(desk, **chosen).table["n_records"].to_pylist())
        yield f"Variants: {name}: by source ({n:,})", variants.by_source, chosen
        yield f"Variants: {name}: distinct variants", variants.distinct, chosen
        for stratum in variants.STRATA:
            yield f"Variants: {name}: top {stratum}", variants.top, {"stratum": stratum, **chosen}
        first = variants.page(desk, None, n, **chosen)
        yield f"Variants: {name}: first page", variants.page, {"after": None, "n": n, **chosen}
        if first.next is not None:
            yield f"Variants: {name}: second page", variants.page, {"after": first.next, "n": n, **chosen}
    found = desk.relation("select variant_id from variant_record where variant_id is not null limit 1").column(0).to_pylist()
    if found:
        yield f"Variants: card of {found[0]}", variants.card, {"text": found[0]}


def of_overview(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Overview."""
    del desk
    for question in (overview.figures, overview.tasks, overview.records, overview.sources, overview.models, overview.rejected):
        yield f"Overview: {question.__name__}", question, {}


def of_sql(desk: Desk) -> Iterator[Question]:
    """List the examples of the page SQL, and its list of columns."""
    yield "SQL: columns of variant_record", sql.columns, {"table": "variant_record"}
    for example in sql.examples(desk):
        yield f"SQL: {example.asks}", sql.asked, {"text": example.sql}


PAGES = (of_overview, of_variants, of_sql)


def main() -> None:
    """Print one line a question."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--store", type=Path, required=True)
    arguments.add_argument("--repeat", type=int, default=3, help="answers behind the first")
    arguments.add_argument("--page", help="only questions whose name begins with this")
    given = arguments.parse_args()
    desk = Desk(given.store)
    print(f"release {desk.store.release}; {overview.figures(desk).table.to_pylist()[0]}")
    print(f"{'question':70}{'first s':>9}{'CPU s':>8}{'then s':>9}{'CPU s':>8}")
    for page in PAGES:
        for name, question, chosen in page(desk):
            if given.page and not name.startswith(given.page):
                continue
            taken = []
            for _ in range(1 + given.repeat):
                wall, cpu = time.perf_counter(), time.process_time()
                try:
                    question(desk, **chosen)
                except LrbStoreError as error:
                    name = f"{name}: {error}"[:69]
                taken.append((time.perf_counter() - wall, time.process_time() - cpu))
            then = [statistics.median(t[i] for t in taken[1:] or taken) for i in (0, 1)]
            print(f"{name[:69]:70}{taken[0][0]:9.2f}{taken[0][1]:8.2f}{then[0]:9.2f}{then[1]:8.2f}", flush=True)
    desk.close()


if __name__ == "__main__":
    main()
