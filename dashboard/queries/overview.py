"""What the store holds: releases of sources, tasks with their splits, models."""

from __future__ import annotations

import pyarrow as pa

from lrbstore.catalogue import task_specs
from lrbstore.dashboard.desk import Answer, Desk
from lrbstore.task import tasks as catalogue

REASONS = 100  #: Of rows that could not be loaded, on screen.

_FIGURES = """select
    (select count(*) from variant_record) as n_records,
    (select count(*) from variant_allele) as n_variants,  -- table variant, without what a genome says
    (select count(distinct source) from source where is_current) as n_sources,
    (select count(distinct model) from predictor) as n_models,
    (select count(*) from reject) as n_rejected"""

_SOURCES = """select source, version, title, n_files, rows_in, rows_loaded, rows_rejected, assemblies, licence, citation, url
from source where is_current order by rows_loaded desc, source, version"""

_KINDS = """select source, coalesce(label_name, 'no label') as label_name, count(*)::BIGINT as n_records,
    count(variant_id)::BIGINT as n_with_allele, count(tissue)::BIGINT as n_with_tissue,
    count(trait)::BIGINT as n_with_trait, count(gene_id)::BIGINT as n_with_gene
from variant_record group by all order by n_records desc, source, label_name"""

_REJECTS = """select source, source_file, reason, count(*)::BIGINT as n_rows
from reject group by all order by n_rows desc, source, source_file, reason"""

_MODELS = """select p.task, p.model, p.predictor, coalesce(p.replicate, '-') as replicate, count(*)::BIGINT as n_examples
from prediction as p group by all order by p.task, p.model, p.predictor, replicate"""


def figures(desk: Desk) -> Answer:
    """Count what there is: one row."""
    return desk.ask("figures", "the whole store", _FIGURES)


def sources(desk: Desk) -> Answer:
    """List the sources that the store holds, those with the most rows first."""
    held = sorted({i.source for i in desk.store.manifest.inputs})
    return desk.ask("sources", "a source at one version", _SOURCES, sources=held)


def records(desk: Desk) -> Answer:
    """Count records on variants by source and what they say."""
    held = sorted({i.source for i in desk.store.manifest.inputs})
    return desk.ask("records", "what one source says of variants under one name", _KINDS, sources=held)


def tasks(desk: Desk, counted: bool = False) -> Answer:
    """List the tasks, those that this store can open first.

    Args:
        desk: The store.
        counted: With the examples of each split, for which every task's rows are gone through: seconds, where there are millions.
    """
    counts = {one["name"]: one["rows"] for one in catalogue(desk.store).to_dicts()} if counted else {}
    rows = [
        {
            "task": spec.name,
            "question": spec.title,
            "sources": ", ".join(spec.sources),
            "here": bool(desk.sources_of(spec.name)),
            **({"n_examples": sum(s["n"] for s in counts[spec.name])} if counted else {}),
            "splits": ", ".join(f"{s['split']} {s['n']:,}" for s in counts[spec.name])
            if counted
            else ", ".join(spec.splits(spec.split_scheme)),
            "metrics": ", ".join(use.name for use in spec.metrics),
            "assembly": spec.assembly,
        }
        for spec in task_specs().values()
    ]
    rows.sort(key=lambda row: (not row["here"], row["task"]))
    held = tuple(sorted({i.source for i in desk.store.manifest.inputs}))
    table, chosen = pa.Table.from_pylist(rows), {"counted": counted}
    return Answer("tasks", "a task under its own split scheme", table, "lrbstore.tasks(store)", chosen=chosen, sources=held, is_sql=False)


def models(desk: Desk) -> Answer:
    """List whose predictions the store has."""
    return desk.ask("models", "a model's predictions for a task", _MODELS)


def rejected(desk: Desk) -> Answer:
    """Say what could not be loaded, and why: of many reasons those of the most rows are on screen."""
    n = desk.relation(f"select count(*) as n from ({_REJECTS})")["n"][0].as_py()
    held = sorted({i.source for i in desk.store.manifest.inputs})
    return desk.ask("rejected", "a reason in a file", _REJECTS, sources=held, page=f"select * from ({_REJECTS}) limit {REASONS}", n=n)
