"""The command line: the outermost layer. It alone calls ingest and the dashboard, and imports them late.

Answers go to stdout and nothing else does; notices, progress and errors go to stderr. An error is the one message of
:mod:`lrbstore.errors`, with a non-zero exit and no traceback.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lrbstore.errors import BadSpec, LrbStoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from lrbstore.manifest import Manifest
    from lrbstore.store import Store
    from lrbstore.task import Task

app = typer.Typer(
    name="lrbstore",
    help="A queryable store of genomic variants, labels and benchmark tasks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
genome_app = typer.Typer(help="Genomes that sequences are cut from.", no_args_is_help=True)
app.add_typer(genome_app, name="genome")
chain_app = typer.Typer(help="Chain files that positions are lifted by.", no_args_is_help=True)
app.add_typer(chain_app, name="chain")
predictions_app = typer.Typer(help="Models' predictions, given to be scored and kept in the store.", no_args_is_help=True)
app.add_typer(predictions_app, name="predictions")
representations_app = typer.Typer(help="Models' representations (embeddings), kept in the store.", no_args_is_help=True)
app.add_typer(representations_app, name="representations")


class Distance(StrEnum):
    """How far representations are from each other."""

    cosine = "cosine"
    euclidean = "euclidean"


class Format(StrEnum):
    """How a table is printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class ExportFormat(StrEnum):
    """How examples are written."""

    parquet = "parquet"
    jsonl = "jsonl"
    fasta = "fasta"


StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="DIR", help="Folder of the store; $LRBSTORE_HOME or the platform's data folder by default."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the table is printed.")]
WindowOption = Annotated[str | None, typer.Option("--window", help="Window policy, lrb or strict; the task's own by default.")]
EdgeOption = Annotated[
    str | None, typer.Option("--edge", help="With --window strict: drop, pad, shift or error; the task's own by default.")
]
SchemeOption = Annotated[str | None, typer.Option("--split-scheme", help="How the examples are split; the task's own by default.")]
TaskOption = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="A task's option, as in --option knockout=deleted; one or several."),
]
SplitOption = Annotated[str, typer.Option(help="The split that was predicted.")]
ModelOption = Annotated[str | None, typer.Option(help="Name of the model.")]
PredictorOption = Annotated[str | None, typer.Option(help="The way of predicting with the model, if there are several.")]
ReplicateOption = Annotated[str | None, typer.Option(help="Seed or replicate, if there are several.")]
LayerOption = Annotated[str | None, typer.Option(help="Which of the model's representations, if there are several.")]
DistanceOption = Annotated[Distance | None, typer.Option(help="The distance; the one that the set advises by default.")]
ByOption = Annotated[list[str] | None, typer.Option("--by", metavar="S", help="A stratifier; may be given several times.")]
DirectionOption = Annotated[
    str | None,
    typer.Option(
        help="Whether higher or lower predictions mean the positive label; train finds it on the training split, "
        "test on the scored rows, which the scores then say. As the task declares by default."
    ),
]
PublishedOption = Annotated[
    bool, typer.Option("--published", help="Put published scores of the same metrics and strata under these; they enter no rank.")
]
IntervalsOption = Annotated[str, typer.Option("--intervals", help="auto (a formula where there is one), formula, bootstrap or none.")]
ClusterOption = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Draw whole clusters in the bootstrap: gene_id, chrom, an LD block.")
]
ReplicatesOption = Annotated[int, typer.Option(min=1, help="Replicates of the bootstrap.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the bootstrap.")]
ReleaseOption = Annotated[str | None, typer.Option(help="A release by name; the current one by default.")]
SeqLenOption = Annotated[int | None, typer.Option("--seq-len", metavar="L", help="Window length in bp; the task's own by default.")]


@app.callback(invoke_without_command=True)
def about(context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    """A queryable store of genomic variants, labels and benchmark tasks."""
    if version:
        from lrbstore.version import __version__

        typer.echo(f"lrbstore {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# ── making a store ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def demo(
    out: Annotated[Path, typer.Argument(help="Folder for the simulated files and their store; made anew.")] = Path("lrbstore-demo"),
    scale: Annotated[float, typer.Option(help="Size, 1 being the published counts.")] = 0.02,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
) -> None:
    """Walk the whole way on simulated files: simulate, ingest, ask, open a task, fit a baseline, score it by stratum."""
    from lrbstore.demo import run

    with progress() as say:
        run(out, scale=scale, seed=seed, say=say, show=typer.echo)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder: genomes/ and one folder a source, in the providers' layouts.")],
    scale: Annotated[float, typer.Option(help="Size, 1 being the published counts.")] = 0.01,
    seed: Annotated[int, typer.Option(help="The same seed and scale give the same bytes.")] = 0,
    with_faults: Annotated[
        bool, typer.Option("--with-faults", help="Add rows that an ingest must reject or notice (repeated ones among them).")
    ] = False,
) -> None:
    """Write upstream files of every source, in the providers' formats, with genomes and a signal that can be learnt."""
    from lrbstore.ingest.simulation import simulate as write_files

    with progress() as say:
        written = write_files(out, scale=scale, seed=seed, with_faults=with_faults, progress=say)
    for path in written:
        typer.echo(path)


@app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="Name of the source; 'lrbstore sources' lists them.")],
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Files, or folders in the provider's own layout; none where the source brings its own."),
    ] = None,
    store: StoreOption = None,
    version: Annotated[str | None, typer.Option(help="Overrides the version that the files say.")] = None,
    format: FormatOption = Format.table,  # noqa: A002 - the option's name
) -> None:
    """Load a provider's files into the store, as one new release. Every row is loaded or stands in table reject."""
    from lrbstore.ingest.pipeline import ingest as load
    from lrbstore.ingest.simulation import is_simulated

    paths = paths or []
    simulated = any(is_simulated(path) for path in paths)
    with progress() as say:
        outcome = load(_folder(store, simulated=simulated), source, paths, version=version, simulated=simulated, progress=say)
    for name in outcome.known:
        notice(f"{name}: already in the store, nothing to do")
    for part in outcome.missing:
        notice(f"{part}: no file of it was given")
    for path in outcome.passed_over:
        notice(f"{path}: not a file of {source}, passed over")
    for i in outcome.loaded:
        if not i.rows_in:
            notice(f"{i.name}: holds no rows")
    if outcome.new_tissues:
        shown = ", ".join(outcome.new_tissues[:6]) + (f" … ({len(outcome.new_tissues)} in all)" if len(outcome.new_tissues) > 6 else "")
        notice(f"tissues that nothing knew before: {shown}")
    if outcome.loaded and outcome.manifest:
        notice(f"release {outcome.manifest.release}" + (" (simulated)" if outcome.manifest.simulated else ""))
    rows = [
        {
            "source": i.source, "version": i.version, "file": i.name, "assembly": i.assembly, "rows_in": i.rows_in,
            "rows_loaded": i.rows_loaded, "rows_rejected": i.rows_rejected,
        }
        for i in outcome.loaded
    ]  # fmt: skip
    show_rows(rows, format)
    rejected = sum(i.rows_rejected for i in outcome.loaded)
    if rejected:
        where = f" --store {store}" if store else ""
        notice(f'{rejected:,} rows were rejected: lrbstore sql "select source_file, source_line, reason, raw from reject"{where}')


@genome_app.command("add")
def genome_add(
    assembly: Annotated[str, typer.Argument(help="GRCh37 or GRCh38 (hg19 and hg38 are understood).")],
    fasta: Annotated[Path, typer.Argument(help="A FASTA, plain or gzip; some contigs are enough.")],
    store: StoreOption = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="The FASTA is simulated: its contigs have lengths of their own.")] = False,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the FASTA into the store instead of reading it where it lies.")] = False,
) -> None:
    """Register a FASTA as the sequence of an assembly, and compare every REF allele with it."""
    from lrbstore.ingest.genomes import add_genome

    folder = _folder(store, simulated=simulated)
    before = _current(folder)
    with progress() as say:
        manifest = add_genome(folder, assembly, fasta, simulated=simulated, copy=copy, progress=say)
    _say_release(manifest, before, fasta)
    with opened(store) as opened_store:
        query = (
            "select v.assembly, v.ref_check, count(*)::BIGINT as n_alleles from variant as v join assembly as a using (assembly) "
            "where a.is_genome_added group by all order by all"
        )
        show(opened_store.sql(query).to_arrow_reader(), Format.table)


@genome_app.command("cache")
def genome_cache(
    assembly: Annotated[str | None, typer.Argument(help="GRCh37 or GRCh38; every registered genome if left out.")] = None,
    store: StoreOption = None,
) -> None:
    """Decode a registered genome once into a flat file in the store: windows are then cut at the speed of memory."""
    from lrbstore.ingest.genomes import cache_genome

    with progress() as say:
        written = cache_genome(_folder(store), assembly, progress=say)
    for path in written:
        notice(f"{path}: {path.stat().st_size:,} bases")


@chain_app.command("add")
def chain_add(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Assembly that positions come from, GRCh37 or GRCh38 (or hg19, hg38).")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Assembly that they are lifted to.")],
    file: Annotated[Path, typer.Argument(help="A chain file as UCSC writes them, plain or gzip; it is copied into the store.")],
    store: StoreOption = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="The file is simulated, for simulated genomes.")] = False,
) -> None:
    """Register a chain file, and lift every allele of FROM to TO: select * from variant_record_on('GRCh38')."""
    from lrbstore.assembly import assembly as named
    from lrbstore.ingest.chains import add_chain
    from lrbstore.ingest.simulation import is_simulated

    simulated = simulated or is_simulated(file)
    folder = _folder(store, simulated=simulated)
    before = _current(folder)
    with progress() as say:
        manifest = add_chain(folder, source, target, file, simulated=simulated, progress=say)
    _say_release(manifest, before, file)
    way = (named(source).name, named(target).name)
    chain = next(c for c in manifest.chains if (c.source, c.target) == way)
    for contig, reason in chain.ignored.items():
        notice(f"{contig}: its chains are not used: {reason}")
    with opened(store) as opened_store:
        query = (
            "select assembly, to_assembly, status, ref_check, strand, count(*)::BIGINT as n_alleles from variant_lift "
            "where chain_digest = $digest group by all order by all"
        )
        show(opened_store.sql(query, {"digest": chain.digest}).to_arrow_reader(), Format.table)


# ── asking it ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def sources(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """List the sources: what each is, and how much of it the store holds."""
    from lrbstore.catalogue import source_cards
    from lrbstore.errors import MissingData

    held: dict[str, list[tuple[str, int, int]]] = {}
    try:
        with opened(store) as opened_store:
            for name, version, n, rejected in (
                opened_store.cursor("").execute("select source, version, rows_loaded, rows_rejected from source").fetchall()
            ):
                held.setdefault(name, []).append((version, n, rejected))
    except MissingData:
        if store is not None:
            raise
    rows = [
        {
            "source": card.name,
            "title": card.title,
            "assemblies": ", ".join(card.assemblies),
            "in_store": "; ".join(f"{v}: {n:,} rows, {r:,} rejected" for v, n, r in held.get(card.name, [])) or "-",
            "licence": card.licence,
            "url": card.url,
        }
        for card in source_cards().values()
    ]
    show_rows(rows, format)


@app.command()
def tasks(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """List the tasks, with their rows per split."""
    from lrbstore.task import tasks as catalogue

    if store is not None:
        with opened(store) as opened_store:
            rows = catalogue(opened_store).to_dicts()
    else:
        rows = catalogue().to_dicts()
    for row in rows:
        row["metrics"] = ", ".join(row["metrics"])
        row["rows"] = ", ".join(f"{s['split']} {'-' if s['n'] is None else format_count(s['n'])}" for s in row["rows"])
    show_rows(rows, format)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(metavar="TASK", help="Name or alias of a task; or a table's.")], store: StoreOption = None
) -> None:
    """Print everything that a task's folder says, as a page: question, label, splits, metrics, strata, SQL. Or a table's columns."""
    from lrbstore.describe import page
    from lrbstore.errors import MissingData

    try:
        with opened(store) as opened_store:
            typer.echo(page(name, opened_store))
    except MissingData:
        if store is not None:
            raise
        typer.echo(page(name, None))


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="One statement of DuckDB SQL; '-' reads it from stdin, '@FILE' from a file, '@NAME' from sql/questions.")
    ],
    param: Annotated[list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="What $NAME stands for; one or several.")] = None,
    store: StoreOption = None,
    release: Annotated[str | None, typer.Option(help="A release by name; the current one by default.")] = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Ask a question in SQL, e.g. "select tissue, count(*) from variant_record group by tissue"."""
    params = _named_values(param or (), "--param", "gene=TP53")
    statement = sys.stdin.read() if query == "-" else _question(query[1:]) if query.startswith("@") else query
    if query.startswith("@"):
        _see_params(query, statement, params)
    with opened(store, release) as opened_store:
        relation = opened_store.sql(statement, params or None)
        if relation is None:
            raise BadSpec("this statement gives no rows; lrbstore sql answers questions (select, describe, summarize, show)")
        show(relation.to_arrow_reader(), format)


@app.command()
def reconcile(
    body: Annotated[str | None, typer.Argument(metavar="[BODY]", help="Whose numbers: gvrep, lrb …; all by default.")] = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Set published numbers beside the counts in the files and in the store, and say which definition gives which number."""
    from lrbstore.describe import reconcile, reconciliation_notes, reconciliation_table
    from lrbstore.reconciliation import bodies
    from lrbstore.reconciliation import body as look_up

    chosen = [look_up(body)] if body is not None else list(bodies().values())
    with opened(store) as opened_store:
        counted = reconcile(opened_store, body)
    if format is not Format.table:
        show(counted.to_reader(), format)
        return
    for one in chosen:
        typer.echo(f"{one.title}\n")
        show_rows(reconciliation_table(counted, one.name), format, all_rows=True)
        typer.echo("\n".join(reconciliation_notes(counted, one.name)) + "\n")


@app.command()
def export(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    seq_len: SeqLenOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")] = Path("export"),
    split: Annotated[str | None, typer.Option(help="One split; all of them by default.")] = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="How the examples are written.")] = ExportFormat.parquet,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    store: StoreOption = None,
) -> None:
    """Write a task's examples with their sequences, each file with a sidecar of fingerprint, licence and citation."""
    from lrbstore.export import export as write

    with opened(store) as opened_store, progress() as say:
        chosen = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)
        written = write(chosen, out, split=split, form=form.value, say=say)
        for name in [split] if split else chosen.splits:
            reasons = collections.Counter(chosen[name].dropped()["reason"].to_pylist())
            left_out = ", ".join(f"{n:,} {reason}" for reason, n in reasons.most_common()) or "none"
            notice(f"{name}: {len(chosen[name]):,} examples; left out: {left_out}")
    for path in written:
        typer.echo(path)


def _see_params(name: str, statement: str, params: dict[str, str]) -> None:
    """See that a kept question gets the parameters that its head declares, all of them and no other."""
    declared = dict(re.findall(r"^-- \$(\w+) = (.*)$", statement, re.MULTILINE))
    if missing := [f"--param {key}=… ({said})" for key, said in declared.items() if key not in params]:
        raise BadSpec(f"{name} needs {' and '.join(missing)}")
    if declared and (other := sorted(set(params) - set(declared))):
        raise BadSpec(f"{name} has no parameter {', '.join(other)}; it has {', '.join(declared)}")


def _named_values(texts: Sequence[str], flag: str, example: str) -> dict[str, str]:
    """Read NAME=VALUE pairs."""
    values = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name:
            raise BadSpec(f"{flag} {text!r} is not understood; expected NAME=VALUE, as in {flag} {example}")
        values[name.removeprefix("$")] = value
    return values


def _opened_task(
    store: Store, name: str, seq_len: int | None, window: str | None, edge: str | None, split_scheme: str | None, options: list[str] | None
) -> Task:
    """Open a task with the options that every command on one takes."""
    from lrbstore.task import task

    return task(name, seq_len, store=store, window=window, edge=edge, split_scheme=split_scheme, **_task_options(options or ()))


def _not_by_default(task: Task) -> str:
    """Write the options with which a task was opened otherwise than by itself."""
    spec, window = task.spec, task.window
    given = {"seq-len": window.seq_len, "window": window.policy, "split-scheme": task.split_scheme}
    own = {"seq-len": spec.seq_len, "window": spec.window, "split-scheme": spec.split_scheme}
    options = "".join(f" --option {name}={value}" for name, value in task.filters.items())
    return "".join(f" --{name} {value}" for name, value in given.items() if value != own[name]) + options


def _task_options(texts: Sequence[str]) -> dict[str, Any]:
    """Read a task's options; true and false are what they say."""
    yes_no = {"true": True, "false": False}
    return {k: yes_no.get(v.lower(), v) for k, v in _named_values(texts, "--option", "knockout=deleted").items()}


@app.command()
def score(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Parquet or CSV with example_id and prediction; without it, what the store has of --model."),
    ] = None,
    by: ByOption = None,
    model: ModelOption = None,
    predictor: PredictorOption = None,
    replicate: ReplicateOption = None,
    split: SplitOption = "test",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Score the examples that have a prediction, and count the others.")
    ] = False,
    keep: Annotated[
        bool | None, typer.Option("--keep/--no-keep", help="Keep the file's predictions in the store; yes where they have a model's name.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A further metric beside the task's own, that fits its labels: brier. One or several.")
    ] = None,
    direction: DirectionOption = None,
    train: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For --direction train: predictions for the training split; by default what the store has."),
    ] = None,
    published: PublishedOption = False,
    intervals: IntervalsOption = "auto",
    cluster: ClusterOption = None,
    replicates: ReplicatesOption = 1_000,
    seed: SeedOption = 0,
    seq_len: SeqLenOption = None,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    release: ReleaseOption = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Score predictions for a task, overall and by stratum, with the counts beside every number."""
    if keep and not file:
        raise BadSpec("--keep keeps the predictions of a FILE; none was given")
    with opened(store, release) as opened_store:
        chosen = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)
        keep = keep if keep is not None else file is not None and model is not None and release is None
        with progress() as say:
            frame = chosen.score(
                file,
                by or (),
                split,
                model=model,
                predictor=predictor,
                replicate=replicate,
                allow_missing=allow_missing,
                keep=keep,
                intervals=_intervals(intervals, cluster, replicates, seed, say),
                metrics=metric or (),
                direction=direction,
                train=train,
                published=published,
            )
        computed, known = _by_origin(frame)
        if keep:
            names = ", ".join(computed["model"].unique(maintain_order=True).to_list())
            again = f"lrbstore score {chosen.name} --model {names}{_not_by_default(chosen)}"
            notice(f"kept in release {opened_store.folder.current}; score them again: {again}")
    _show_scores(frame, format)
    _say_unpublished(chosen, published, known)


@app.command()
def compare(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL…", help="Models whose predictions the store has; MODEL/PREDICTOR/REPLICATE where several.")
    ],
    by: ByOption = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="A metric that fits the task; by default its first that has no threshold. One or several.")
    ] = None,
    differences: Annotated[
        bool, typer.Option("--differences", help="Print the paired differences, with intervals and adjusted p.")
    ] = False,
    split: SplitOption = "test",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Compare on the examples that all models have a prediction for.")
    ] = False,
    direction: DirectionOption = None,
    train: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=FILE", help="For --direction train: a model's predictions for the training split; by default what the store has."
        ),
    ] = None,
    published: PublishedOption = False,
    cluster: ClusterOption = None,
    replicates: ReplicatesOption = 1_000,
    seed: SeedOption = 0,
    seq_len: SeqLenOption = None,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    release: ReleaseOption = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Compare models on the same examples: scores with intervals and tie groups, by stratum; or their paired differences."""
    with opened(store, release) as opened_store, progress() as say:
        chosen = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)
        uses = chosen.spec.metrics
        metrics = metric or [next((use.name for use in uses if use.threshold is None), uses[0].name)]
        how = _intervals("auto", cluster, replicates, seed, say)
        files = {name: Path(file) for name, file in _named_values(train or (), "--train", "MODEL=FILE").items()}
        found = chosen.compare(
            models,
            by or (),
            split,
            metrics=metrics,
            allow_missing=allow_missing,
            intervals=how,
            direction=direction,
            train=files,
            published=published,
        )
    computed, known = _by_origin(found.scores)
    if differences:
        frame = found.differences
        if format is Format.table:
            frame = frame.select(
                "metric", "stratifier", "stratum", "model_a", "model_b", "difference", "ci_low", "ci_high", "p_holm", "p_bh", "n", "note"
            )
        show_rows(frame.to_dicts(), format, columns=frame.columns)
    elif format is Format.table:
        _show_side_by_side(computed)
        _show_published(known)
    else:
        show_rows(found.scores.to_dicts(), format, columns=found.scores.columns)
    _say_unpublished(chosen, published, known)


@app.command()
def baseline(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Baselines; without one, all that fit are listed.")] = None,
    by: ByOption = None,
    split: SplitOption = "test",
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Keep the predictions in the store, under the baseline's name.")] = True,
    intervals: IntervalsOption = "auto",
    cluster: ClusterOption = None,
    replicates: ReplicatesOption = 1_000,
    seed: SeedOption = 0,
    seq_len: SeqLenOption = None,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Predict a task with a baseline, so that a model's score has something under it, and score that."""
    import polars as pl

    from lrbstore.baseline import BASELINES, predict

    with opened(store) as opened_store, progress() as say:
        chosen = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)
        if not names:
            rows = [{"baseline": name, "predicts": one.about, "lacks": one.lacks(chosen)} for name, one in BASELINES.items()]
            show_rows(rows, format, all_rows=True)
            return
        frames = []
        for name in names:
            say(f"baseline {name} on {chosen.name}")
            ids, values = predict(chosen, name, split=split, seed=seed)
            given = {"example_id": ids, "prediction": values.reshape(len(ids), -1).tolist() if values.ndim > 1 else values}
            how = _intervals(intervals, cluster, replicates, seed, say)
            frames.append(chosen.score(given, by or (), split, model=name, predictor="baseline", keep=keep, intervals=how))
        if keep:
            beside = f"lrbstore compare {chosen.name} {' '.join(names)} MODEL{_not_by_default(chosen)}"
            notice(f"kept in release {opened_store.folder.current}; beside a model: {beside}")
    _show_scores(pl.concat(frames), format)


def _intervals(method: str, cluster: str | None, replicates: int, seed: int, say: Callable[[str], None]) -> Any:
    """Read the options of intervals; progress of a bootstrap is said."""
    from lrbstore.scoring import Intervals

    return Intervals(method, cluster, replicates, seed, progress=lambda done, steps: say(f"bootstrap: {100 * done // max(steps, 1)} %"))


def _show_scores(frame: Any, form: Format) -> None:
    """Print rows of table ``score``; a person sees the columns that say something, and published ones in a table of their own."""
    known = frame.clear()
    if form is Format.table:
        frame, known = _by_origin(frame)
        several = [c for c in ("model", "predictor", "replicate") if frame[c].n_unique() > 1]
        missing = ["n_missing"] if frame["n_missing"].sum() else []
        sure = ["ci_low", "ci_high"] if frame["ci_low"].count() else []
        frame = frame.select(
            *several, "metric", "transform", "stratifier", "stratum", "value", *sure, "n", "n_pos", "n_neg", *missing, "note"
        )
    show_rows(frame.to_dicts(), form, columns=frame.columns, all_rows=True)
    _show_published(known)


def _show_published(known: Any) -> None:
    """Print published rows of table ``score`` for a person: what keeps them from being compared once, not in each row."""
    if not len(known):
        return
    counts = ["n"] if known["n"].count() else []
    columns = ["origin", "model", "predictor", "metric", "stratifier", "stratum", "value", "ci_low", "ci_high", *counts]
    show_rows(known.select(columns).to_dicts(), Format.table, columns=columns, all_rows=True)
    for note in known["note"].drop_nulls().unique(maintain_order=True):
        notice(f"published: {note}")


def _by_origin(frame: Any) -> tuple[Any, Any]:
    """Part rows of table ``score`` into computed and published ones."""
    is_published = frame["origin"] == "published"
    return frame.filter(~is_published), frame.filter(is_published)


def _say_unpublished(task: Task, asked: bool, known: Any) -> None:
    """Say so where published scores were asked for and none is of what was computed; they are mostly of strata."""
    if asked and not len(known):
        notice(
            f"no published score is of these metrics and strata of {task.name}; those there are: lrbstore sql "
            f'"select task, metric, stratifier, count(*) from published_score group by all" --store {task.store.path}'
        )


def _show_side_by_side(scores: Any) -> None:
    """Print a comparison on one screen: a row a stratum, a column a model with value, interval and tie group."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in scores.iter_rows(named=True):
        key = (one["metric"], one["transform"], one["stratifier"], one["stratum"])
        counts = {"n": one["n"], **({"n_pos": one["n_pos"]} if one["n_pos"] is not None else {})}
        missing = {"n_missing": one["n_missing"]} if scores["n_missing"].sum() else {}
        row = rows.setdefault(
            key, {"metric": one["metric"], "stratifier": one["stratifier"], "stratum": one["stratum"], **counts, **missing}
        )
        sure = f" ({one['ci_low']:.2f}–{one['ci_high']:.2f})" if one["ci_low"] is not None else ""
        row[one["model"]] = f"{one['value']:.3f}{sure} #{one['tie_group']}" if one["value"] is not None else "undefined"
        row["note"] = "too few" if "too_few" in (one["note"] or "") else row.get("note")
    found = [{**{k: v for k, v in row.items() if k != "note"}, "note": row["note"]} for row in rows.values()]
    show_rows(found, Format.table, all_rows=True)
    notice("value (95 % interval) #tie group: models with the same number cannot be told apart; #1 is the best one's")


@predictions_app.command("template")
def predictions_template(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A .csv or .parquet file; TASK.SPLIT.csv by default.")] = None,
    split: SplitOption = "test",
    seq_len: SeqLenOption = None,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    store: StoreOption = None,
) -> None:
    """Write the ids of a split into a file, to be filled with predictions."""
    from lrbstore.predictions import expects, template, write_template

    with opened(store) as opened_store:
        dataset = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)[split]
        path = file or Path(f"{dataset.spec.name}.{split}.csv")
        write_template(template(dataset), path)
        notice(expects(dataset))
    typer.echo(path)


@predictions_app.command("list")
def predictions_list(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """List the sets of predictions that the store has.

    n counts the predictions of a set; n_test the examples of the task's test split, under its own scheme, that have one.
    """
    from lrbstore.predictions import listed

    with opened(store) as opened_store:
        show(listed(opened_store).to_arrow().to_reader(), format, all_rows=True)


@predictions_app.command("forget")
def predictions_forget(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    predictor: PredictorOption = None,
    replicate: ReplicateOption = None,
    store: StoreOption = None,
) -> None:
    """Publish a release without a model's predictions that were kept for a task; earlier releases have them until lrbstore gc."""
    from lrbstore.catalogue import task_spec
    from lrbstore.predictions import forget

    with opened(store) as opened_store:
        gone = forget(opened_store, task_spec(task).name, model, predictor, replicate)
        notice(f"{format_count(gone)} set(s) of predictions of {model} are not in release {opened_store.folder.current}")


@app.command()
def retrieve(
    task: Annotated[str, typer.Argument(help="Name or alias of a task.")],
    model: Annotated[str, typer.Option(help="Name of the model whose representations the store has.")],
    by: ByOption = None,
    k: Annotated[int, typer.Option("--k", min=1, help="How many neighbours.")] = 10,
    split: Annotated[str, typer.Option(help="The split whose examples are the queries; all for every example.")] = "test",
    reference: Annotated[str, typer.Option(help="Where neighbours are looked for: a split, another task, or TASK.SPLIT.")] = "train",
    layer: LayerOption = None,
    metric: DistanceOption = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="A column to compare in place of the task's label.")] = None,
    apart: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="No neighbour with the query's value of it: gene_symbol; variant_id by default, if there is one."
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Pass over examples without a representation, and count them.")
    ] = False,
    cluster: Annotated[str | None, typer.Option(metavar="COLUMN", help="Whole clusters are drawn, for the interval: gene_symbol.")] = None,
    seq_len: SeqLenOption = None,
    window: WindowOption = None,
    edge: EdgeOption = None,
    split_scheme: SchemeOption = None,
    option: TaskOption = None,
    release: ReleaseOption = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Score a model's representations: how many of an example's nearest neighbours have its label, overall and by stratum."""
    with opened(store, release) as opened_store, progress() as say:
        chosen = _opened_task(opened_store, task, seq_len, window, edge, split_scheme, option)
        say(f"neighbours of {chosen.name}.{split} by {model}")
        frame = chosen.retrieve(
            model,
            by or (),
            split,
            reference=reference,
            k=k,
            layer=layer,
            metric=metric.value if metric else None,
            label=label,
            apart=apart,
            allow_missing=allow_missing,
            cluster=cluster,
        )
    _show_scores(frame, format)


@app.command()
def nearest(
    variant: Annotated[str, typer.Argument(help="Id of a variant (variant_id); with --task, or of an example.")],
    model: Annotated[str, typer.Option(help="Name of the model whose representations the store has.")],
    k: Annotated[int, typer.Option("--k", min=1, help="How many neighbours.")] = 10,
    task: Annotated[str | None, typer.Option(help="Among the examples of a task; among variants by default.")] = None,
    layer: LayerOption = None,
    metric: DistanceOption = None,
    release: ReleaseOption = None,
    store: StoreOption = None,
    format: FormatOption = Format.table,  # noqa: A002
) -> None:
    """Find the nearest neighbours of a variant by a model's representations, with what is known of them."""
    from lrbstore.representations import nearest as find

    with opened(store, release) as opened_store:
        frame = find(opened_store, variant, model=model, k=k, task=task, layer=layer, metric=metric.value if metric else None)
    show(frame.to_arrow().to_reader(), format, all_rows=True)


@representations_app.command("keep")
def representations_keep(
    file: Annotated[
        Path, typer.Argument(help="Parquet with example_id or variant_id and a column of lists; or npz with ids and embeddings.")
    ],
    model: Annotated[str, typer.Option(help="Name of the model.")],
    task: Annotated[str | None, typer.Option(help="The task whose examples they are of; of variants by default.")] = None,
    layer: Annotated[str | None, typer.Option(help="Which of the model's they are: a layer, a way of pooling.")] = None,
    metric: Annotated[Distance, typer.Option(help="What distance between them means something.")] = Distance.cosine,
    about: Annotated[str | None, typer.Option(help="What was done to get them: context length, pooling.")] = None,
    store: StoreOption = None,
) -> None:
    """Keep a model's representations of examples or variants in the store."""
    from lrbstore.representations import keep

    with opened(store) as opened_store, progress() as say:
        say(f"reading {file}")
        kept = keep(opened_store, file, model=model, layer=layer, task=task, metric=metric.value, about=about)
        missing = kept.row["n_missing"]
        lacking = f"; {format_count(missing)} examples of {kept.task} have none" if missing else ""
        notice(f"kept {kept!r} in release {opened_store.folder.current}{lacking}")


@representations_app.command("list")
def representations_list(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """List the sets of representations that the store has."""
    query = (
        "select task, model, layer, dimension, dtype, metric, n, n_missing, about, kept_at, source, source_file "
        "from representation_set order by all"
    )
    with opened(store) as opened_store:
        show(opened_store.sql(query).to_arrow_reader(), format, all_rows=True)


@representations_app.command("forget")
def representations_forget(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    task: Annotated[str | None, typer.Option(help="Those of a task's examples only.")] = None,
    layer: Annotated[str | None, typer.Option(help="Those of a layer only.")] = None,
    store: StoreOption = None,
) -> None:
    """Publish a release without a model's representations; earlier releases have them until lrbstore gc."""
    from lrbstore.representations import forget

    with opened(store) as opened_store:
        gone = forget(opened_store, model, layer=layer, task=task)
        notice(f"{format_count(gone)} set(s) of representations of {model} are not in release {opened_store.folder.current}")


# ── keeping it ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@app.command()
def dashboard(
    store: StoreOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 shows the store to the network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8501,
) -> None:
    """Open the store in a browser: strata, scores, loci, SQL (extra 'dashboard'). Only reads; on this machine alone by default."""
    from lrbstore.dashboard.launch import run

    folder = _folder(store)
    with opened(store) as held:  # a store that cannot be opened is said here, not in the browser
        notice(f"release {held.release}: http://{host}:{port} (stop with Ctrl-C)")
    run(folder.absolute(), host=host, port=port)


@app.command()
def verify(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """Check every byte, count and rule of the current release, and run the audits. Exits with 1 when something is wrong."""
    from lrbstore.verify import verify as check

    with opened(store) as opened_store, progress() as say:
        findings = list(check(opened_store, say))
    failures = [f for f in findings if f.level == "failure"]
    shown = findings if format is not Format.table else [f for f in findings if f.level != "ok"]
    if shown:
        show_rows([{"level": f.level, "check": f.check, "subject": f.subject, "said": f.said} for f in shown], format)
    notes = sum(f.level == "note" for f in findings)
    notice(f"{len(findings):,} checks: {len(findings) - len(failures) - notes:,} passed, {len(failures):,} failed, {notes:,} to note")
    if failures:
        raise typer.Exit(1)


@app.command()
def releases(store: StoreOption = None, format: FormatOption = Format.table) -> None:  # noqa: A002
    """List the releases, oldest first."""
    from lrbstore.release import StoreFolder

    folder = StoreFolder(_folder(store))
    current = folder.current
    rows = []
    for name in folder.releases():
        m = folder.manifest(name)
        rows.append({
            "release": name, "current": name == current, "created": m.created, "files": len(m.files),
            "rows": sum(f.rows for f in m.files if f.order is None),
            "bytes": sum(f.bytes for f in m.files), "simulated": m.simulated, "note": m.note,
        })  # fmt: skip
    show_rows(rows, format)


@app.command()
def gc(
    store: StoreOption = None,
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest releases stay.")] = 1,
) -> None:
    """Remove old releases and the files that only they needed; releases that are open are spared."""
    from lrbstore.release import StoreFolder

    folder = StoreFolder(_folder(store))
    _ = folder.current
    removed, files, spared = folder.gc(keep)
    for name in spared:
        notice(f"{name}: open in another process, spared")
    typer.echo(f"removed {len(removed)} releases and {len(files)} files")


# ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _question(name: str) -> str:
    """Read a question that sql/questions keeps under a name, or a file of SQL."""
    from lrbstore.errors import UnknownName
    from lrbstore.layout import sql_folder

    known = {path.stem: path for path in sorted((sql_folder() / "questions").glob("*.sql"))}
    path = known.get(name, Path(name))
    if not path.is_file():
        raise UnknownName("question", name, known)
    return path.read_text(encoding="utf-8")


def _folder(store: Path | None, *, simulated: bool = False) -> Path:
    from lrbstore.store import default_path

    if store is None and simulated and "LRBSTORE_HOME" not in os.environ:
        raise BadSpec("simulated data goes into a store of its own, never the default one; name one with --store DIR")
    return default_path() if store is None else store


def _current(store: Path) -> str | None:
    from lrbstore.release import StoreFolder

    folder = StoreFolder(store)
    return folder.current if folder.exists else None


def _say_release(manifest: Manifest, before: str | None, file: Path) -> None:
    """Say which release is current now; the one from before where the file was registered already."""
    if manifest.release == before:
        notice(f"{file.name}: already in the store, nothing to do")
    notice(f"release {manifest.release}" + (" (simulated)" if manifest.simulated else ""))


@contextlib.contextmanager
def opened(store: Path | None, release: str | None = None) -> Iterator[Store]:
    """Open the store for one command, saying so when it is simulated."""
    from lrbstore.store import Store as OpenStore

    held = OpenStore(_folder(store), release)
    try:
        if held.simulated:
            notice("this store is SIMULATED: nothing computed from it is biology")
        yield held
    finally:
        held.close()


def notice(text: str) -> None:
    """Say something beside the answer."""
    typer.echo(text, err=True)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what a long job is doing: a changing line on a terminal, now and then a line elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    last = time.monotonic()

    def say(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > 5:
            last = time.monotonic()
            notice(text)

    yield say


def format_count(n: int) -> str:
    """Write a count with thousands apart."""
    return f"{n:,}"


def show_rows(rows: list[dict[str, Any]], form: Format, columns: list[str] | None = None, *, all_rows: bool = False) -> None:
    """Print dicts as a table; the pretty one as far as ``all_rows`` says."""
    import pyarrow as pa

    if not rows and not columns:
        return
    table = pa.Table.from_pylist(rows) if rows else pa.table({c: pa.array([], pa.string()) for c in columns or []})
    show(table.to_reader(), form, all_rows=all_rows)


def show(reader: pa.RecordBatchReader, form: Format, *, all_rows: bool = False) -> None:
    """Print the batches of a result; only the pretty table looks at no more than the first rows, unless told to."""
    if form is Format.table:
        _show_table(reader, sys.maxsize if all_rows else _TABLE_ROWS)
    elif form is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(reader.schema.names)
        for batch in reader:
            writer.writerows(zip(*(_cells(column) for column in batch.columns), strict=True))
    elif form is Format.json:
        sys.stdout.write("[")
        first = True
        for batch in reader:
            for row in batch.to_pylist():
                sys.stdout.write(("\n " if first else ",\n ") + json.dumps(row, default=str, allow_nan=False))
                first = False
        sys.stdout.write("\n]\n")
    else:
        import pyarrow.parquet as pq

        with pq.ParquetWriter(sys.stdout.buffer, reader.schema) as out:
            for batch in reader:
                out.write_batch(batch)


_TABLE_ROWS = 50


def _cells(column: Any) -> list[Any]:
    return [json.dumps(v, default=str) if isinstance(v, list | dict) else v for v in column.to_pylist()]


def _show_table(reader: pa.RecordBatchReader, most: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else 160
    console = Console(width=width, highlight=False, markup=False, emoji=False)  # :A: in a variant's id is no emoji
    rows: list[list[Any]] = []
    more = False
    for batch in reader:
        taken = batch.slice(0, most - len(rows))
        rows += [list(row) for row in zip(*(_cells(c) for c in taken.columns), strict=True)]
        more |= taken.num_rows < batch.num_rows
        if more:
            break
    if not rows:
        console.print("  ".join(reader.schema.names), soft_wrap=True)
        notice("no rows")
        return
    if len(reader.schema.names) * 12 > console.width:
        _show_records(console, reader.schema.names, rows)
        if more:
            notice(f"first {_TABLE_ROWS} rows; the rest with --format csv, json or parquet")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, values in zip(reader.schema.names, zip(*rows, strict=True) if rows else ([],) * len(reader.schema.names), strict=True):
        numeric = any(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        # The first column names the row: it is never broken.
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=not table.columns and not numeric)
    for row in rows:
        table.add_row(*map(_shown, row))
    console.print(table)
    if more:
        notice(f"first {_TABLE_ROWS} rows; the rest with --format csv, json or parquet")


def _shown(value: Any) -> str:
    return "null" if value is None else f"{value:.6g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _show_records(console: Any, names: list[str], rows: list[list[Any]]) -> None:
    """Print rows one below the other, a column a line: a table too wide to be read beside one another."""
    width = max(map(len, names))
    for i, row in enumerate(rows, 1):
        console.print(f"── row {i} " + "─" * 40)
        for name, value in zip(names, row, strict=True):
            console.print(f"{name:<{width}}  {_shown(value)}", soft_wrap=True)


def main() -> None:
    """Run the command line; every error is one message and a non-zero exit."""
    code: int | None = 1
    try:
        code = app(standalone_mode=False)
    except LrbStoreError as error:
        notice(f"error: {error}")
    except (typer.Abort, KeyboardInterrupt):
        notice("stopped")
        code = 130
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        notice(f"error: {error.strerror or error}" + (f": {error.filename}" if error.filename else ""))
    except Exception as error:
        code = _told(error)
        if code is None:
            raise
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code or 0)


def _told(error: Exception) -> int | None:
    """Tell an error of the command line's or of DuckDB's in its own words; None where it is a defect of ours."""
    if hasattr(error, "exit_code"):  # typer's usage errors, and its Exit
        if hasattr(error, "show"):
            error.show()
        return int(error.exit_code)
    if "interrupted" in str(error).lower():  # Ctrl-C while DuckDB was at work
        notice("stopped")
        return 130
    if type(error).__module__.split(".")[0] in {"duckdb", "_duckdb"}:
        notice(f"error: the query failed: {error}")
        return 1
    return None


if __name__ == "__main__":
    main()
