"""Published figures: each becomes a row, and its half-width, which is a line of its own upstream, that row's interval."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.contract import contract
from lrbstore.ingest.cells import as_numbers
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow
from lrbstore.ingest.spec import Part

VERSION = "2025"  #: The file bears no date: the year in which the benchmark was published.
_KEY = ("task", "dataset", "stratum", "model", "predictor", "source")  #: What a figure and its half-width have in common.
#: Metric of a half-width → metric of its figure, and what is done with it.
_HALF_WIDTHS = {
    "roc_auc_boot95_halfwidth": ("roc_auc", "half of a 95 % bootstrap interval on either side"),
    "pearson_r_fisher95_halfwidth": ("pearson_r", "half of a 95 % interval of Fisher's z on either side"),
    "pearson_r_t95_of_fold_sd_halfwidth": (
        "pearson_r_mean_folds",
        "t quantile (95 %) times the standard deviation of the folds, on either side",
    ),
}
_SCHEMA = pa.schema(
    [("figure_line", pa.int64()), ("half_width", pa.float64()), ("half_width_line", pa.int64()), ("ci_method", pa.string())]
)


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell the version."""
    del part, path
    return {"version": VERSION}


def load_scores(job: Job) -> None:
    """Load the figures, each with its half-width: a few thousand rows, read at once.

    A half-width goes to the rejects if it is no number, or if it has not exactly one loaded figure.
    """
    path = job.unit.path
    file = job.read(path)
    batches = list(file.batches())
    job.rows_in(path, len(file.bad))
    job.reject(path, file.bad)
    if not batches:
        return
    rows = pa.concat_tables(batches)
    job.rows_in(path, rows.num_rows)
    is_half_width = pc.ends_with(rows["metric"], "_halfwidth")
    figures, widths = rows.filter(pc.invert(is_half_width)), rows.filter(is_half_width)
    joined, bad = _join(figures.to_pylist(), widths.to_pylist())
    job.scratch.register("half_width_arrow", pa.Table.from_pylist(list(joined.values()), schema=_SCHEMA))
    job.scratch.execute("create or replace temp table half_width as select * from half_width_arrow")
    job.scratch.unregister("half_width_arrow")
    job.typed(figures)
    kept = job.canonical((job.spec.folder / "scores.sql").read_text(encoding="utf-8"), "published_score")
    job.write("published_score", kept)
    job.write("model", _models(job, list(dict.fromkeys(kept["model"].to_pylist()))))
    loaded = set(kept["source_line"].to_pylist())
    figure_of = {said["half_width_line"]: line for line, said in joined.items()}
    for row in widths.to_pylist():
        line = figure_of.get(row["source_line"])
        if line is not None and line not in loaded:
            bad.append(BadRow(row["source_line"], f"its figure on line {line} was rejected", _raw(row)))
    job.reject(path, sorted(bad, key=lambda one: one.line))


def _models(job: Job, names: list[str]) -> pa.Table:
    """Say of each model that figures name what ``models.tsv`` knows of it; nothing more than its name of others."""
    with (job.spec.folder / "models.tsv").open(encoding="utf-8", newline="") as handle:
        known = {row["model"]: row for row in csv.DictReader(handle, delimiter="\t")}
    told = {"source": job.spec.name, "source_version": job.unit.version, "source_file": job.unit.path.name, "source_line": None}
    rows = []
    for name in names:
        own = known.get(name, {})
        rows.append({"model": name, "about": own.get("about"), "reference": own.get("reference") or None, **told})
    return pa.Table.from_pylist(rows, schema=contract("model").schema)


def _join(figures: list[dict[str, Any]], widths: list[dict[str, Any]]) -> tuple[dict[int, dict[str, Any]], list[BadRow]]:
    """Give each half-width to its figure.

    Returns:
        Line of a figure → the columns of ``_SCHEMA``; and the half-widths that belong to none.
    """
    lines: dict[tuple[str, ...], list[int]] = {}
    for row in figures:
        if as_numbers(pa.array([row["value"]]), "DOUBLE") is None:
            continue  # it will be rejected for that
        lines.setdefault((*(row[name] for name in _KEY), row["metric"]), []).append(row["source_line"])
    joined: dict[int, dict[str, Any]] = {}
    bad: list[BadRow] = []
    for row in widths:
        metric, method = _HALF_WIDTHS.get(row["metric"], ("", ""))
        found = lines.get((*(row[name] for name in _KEY), metric), [])
        number = as_numbers(pa.array([row["value"]]), "DOUBLE")
        if not metric:
            reason = f"metric: {row['metric']!r} is no half-width that is known: {', '.join(_HALF_WIDTHS)}"
        elif number is None or number[0].as_py() < 0:
            reason = f"value: {row['value']!r} is not a half-width: a finite number, 0 or more"
        elif len(found) != 1:
            reason = f"{len(found)} figures {metric} have its {', '.join(_KEY)}; expected one"
        elif found[0] in joined:
            reason = f"its figure on line {found[0]} has a half-width on line {joined[found[0]]['half_width_line']} already"
        else:
            said = (found[0], number[0].as_py(), row["source_line"], method)
            joined[found[0]] = dict(zip(_SCHEMA.names, said, strict=True))
            continue
        bad.append(BadRow(row["source_line"], reason, _raw(row)))
    return joined, bad


def _raw(row: dict[str, Any]) -> str:
    return ",".join(row[name] for name in row if name != "source_line")
