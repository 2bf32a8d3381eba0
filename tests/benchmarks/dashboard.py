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

from lrbstore.catalogue import task_specs
from lrbstore.dashboard.desk import Desk
from lrbstore.dashboard.queries import expression, locus, overview, scores, sql, strata, variants
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


def of_strata(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Strata, of each task that the store has rows for: opened first, then cut by two ways."""
    for task in [name for name in strata.task_names(desk) if desk.sources_of(name)]:
        split = "test" if "test" in task_specs()[task].splits(task_specs()[task].split_scheme) else "all"
        chosen = {"task": task, "split": split}
        yield f"Strata: {task}.{split}: from rows to examples", strata.ledger, chosen
        for by in [way for way in strata.ways_to_cut(desk, task) if way in strata.columns_of(desk, task)][:2]:
            yield f"Strata: {task}.{split}: examples by {by}", strata.cells, {**chosen, "by": by}
            yield f"Strata: {task}.{split}: labels by {by}", strata.labels, {**chosen, "by": by}


def of_scores(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Scores, of each task that the store has predictions for, as it is opened."""
    for task in [name for name in strata.task_names(desk) if scores.kept(desk, name).rows]:
        view = scores.views(desk, task)[0]
        names, by = view.names[: scores.MOST_MODELS], strata.ways_to_cut(desk, task)[0]
        metric = task_specs()[task].metrics[0].name
        how = scores.way(desk, task, view.split, view.settings, metric, len(names), "auto", 200, None)
        chosen: dict[str, Any] = {"task": task, "split": view.split, "by": by, "settings": view.settings}
        chosen |= {"method": how.method, "replicates": 200, "cluster": None, "allow_missing": False}
        for name in names:
            yield f"Scores: {task}: {name} by {by}", scores.of_set, {**chosen, "name": name, "further": None}
        if len(names) > 1:
            yield f"Scores: {task}: {len(names)} compared by {by}", scores.compared, {**chosen, "names": names, "name": metric}


def of_locus(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Locus: the place that it opens with, and a gene, in windows as models read them."""
    yield "Locus: the first place", locus.resolve, {}
    genes = desk.relation("select gene_id from gene where symbol is not null order by gene_id limit 1").column(0).to_pylist()
    for typed in [{}, *({"gene": one} for one in genes)]:
        place = locus.resolve(desk, **typed)
        for seq_len in (16_384, 1_048_576) if place else ():
            window = locus.frame(desk, place, seq_len, "strict")
            low, high = window.on_contig
            said = f"Locus: {place.name}, {seq_len:,} bp"
            for question in (locus.transcripts, locus.binned, locus.points):
                yield f"{said}: {question.__name__}", question, {"place": place, "start": low, "end": high}
            yield f"{said}: composition", locus.composition, {"place": place, "start": window.start, "end": window.end}
        if place:
            yield f"Locus: {place.name}: letters", locus.letters, {"place": place}
            yield f"Locus: {place.name}: records", locus.records, {"place": place}


def of_expression(desk: Desk) -> Iterator[Question]:
    """List the questions of the page Expression."""
    names = expression.gene_names(desk)
    if names:
        yield "Expression: names of genes", expression.gene_names, {}
        yield "Expression: genes that rank first", expression.matrix, {}
        yield "Expression: two genes", expression.matrix, {"genes": names[:2]}
        yield "Expression: top of a track", expression.top_of_track, {"track_name": expression.track_names(desk)[0]}


def of_sql(desk: Desk) -> Iterator[Question]:
    """List the examples of the page SQL, and its list of columns."""
    yield "SQL: columns of variant_record", sql.columns, {"table": "variant_record"}
    for example in sql.examples(desk):
        yield f"SQL: {example.asks}", sql.asked, {"text": example.sql}


PAGES = (of_overview, of_variants, of_strata, of_scores, of_locus, of_expression, of_sql)


def main() -> None:
    """Print one line a question."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--store", type=Path, required=True)
    arguments.add_argument("--repeat", type=int, default=3, help="answers behind the first")
    arguments.add_argument("--page", help="only this one, as overview")
    given = arguments.parse_args()
    desk = Desk(given.store)
    print(f"release {desk.store.release}; {overview.figures(desk).table.to_pylist()[0]}")
    print(f"{'question':70}{'first s':>9}{'CPU s':>8}{'then s':>9}{'CPU s':>8}")
    for page in PAGES:
        if given.page and not page.__name__.endswith(given.page.lower()):
            continue
        for name, question, chosen in page(desk):
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
