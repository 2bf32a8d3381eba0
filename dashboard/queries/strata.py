"""A task's examples at one window length: how many there are in each stratum, how their labels lie, and what the window left out.

Strata are those of ``sql/strata`` with their presets, as far as the task's examples have the columns; they are cut as a score cuts them.
Expressions of a reader's own are not taken: they would be text in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import TaskSpec, task_specs
from lrbstore.dashboard.desk import Answer, Desk, TooLarge, in_bounds
from lrbstore.dataset import Dataset, as_arguments
from lrbstore.derived import DERIVED
from lrbstore.errors import UnknownName
from lrbstore.intervals import too_few
from lrbstore.predictions import ID
from lrbstore.scoring import Cut, cut_into_strata
from lrbstore.strata import strata_names, stratifier, stratifiers
from lrbstore.window import REASON_TEXT

NONE = "no stratum"  #: Examples for which the stratum is null.
ALL = "all examples"
MOST_CELLS = 5_000  #: Of a table of strata.
MOST_VALUES = 20_000_000  #: Numbers of label vectors that are read for a chart: 80 MB.
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


def task_names(desk: Desk) -> list[str]:
    """List the tasks of the catalogue: those first that the store has most sets of predictions for, then those whose sources it holds."""
    counted = {row["task"]: row["n"] for row in desk.relation("select task, count(*) as n from predictor group by task").to_pylist()}
    return sorted(task_specs(), key=lambda name: (-counted.get(name, 0), not desk.sources_of(name), name))


def ways_to_cut(desk: Desk, task: str) -> list[str]:
    """List the strata that the examples of a task can be cut by: the task's own first, each with its presets."""
    spec = task_specs()[task]
    columns = {*columns_of(desk, task), *(name for name, one in DERIVED.items() if one.lacks(spec, desk.store) is None)}
    own = spec.strata
    fits = [name for name in strata_names() if set(stratifier(name).needs) <= columns]
    return sorted(fits, key=lambda name: own.index(name.partition(":")[0]) if name.partition(":")[0] in own else len(own))


def columns_of(desk: Desk, task: str) -> dict[str, str]:
    """List the columns of a task's examples with their DuckDB types."""
    return {row["column_name"]: row["column_type"] for row in desk.relation(f"describe {task_specs()[task].name}.examples").to_pylist()}


def dataset(desk: Desk, task: str, split: str, settings: Sequence[tuple[str, Any]]) -> Dataset:
    """Open a split of a task.

    Args:
        desk: The store.
        task: The task's name.
        split: The split.
        settings: Arguments of :func:`lrbstore.task`; those that are None are the task's own.

    Returns:
        The split, with what its strata are cut by in memory: a reader looks at one after the other.
    """
    opened = desk.task(task, **{name: value for name, value in settings if value is not None})
    ds = opened[split]
    with in_bounds(desk.limits):
        ds.hold([ID, *(column for way in ways_to_cut(desk, task) for column in stratifier(way).needs)])
        if not len(ds) and not ds.left_out():
            opened.need_rows()
    return ds


def opening(ds: Dataset) -> str:
    """Write the call that opens a split."""
    return f"task = lrbstore.task({ds.spec.name!r}, {as_arguments(ds.settings)})\nds = task[{ds.split!r}]"


def chosen(ds: Dataset, **more: Any) -> dict[str, Any]:
    """Say what was chosen, by the names of the controls."""
    return {"task": ds.spec.name, "split": ds.split, **ds.settings, **{k: v for k, v in more.items() if v is not None}}


def cells(desk: Desk, task: str, split: str, by: str, by2: str | None = None, settings: Sequence[tuple[str, Any]] = ()) -> Answer:
    """Count the examples in each stratum, or in each pair of strata of two ways to cut; those of classes by class.

    Returns:
        Columns ``stratum``, ``stratum_2`` (of two ways), ``n``, ``n_pos`` and ``n_neg`` (of a label of two classes), ``note`` where there
        are too few to compare models on. Pairs without an example have n = 0.

    Raises:
        TooLarge: If there are more than ``MOST_CELLS`` of them.
    """
    ds = dataset(desk, task, split, settings)
    with in_bounds(desk.limits):
        cuts = _cuts(ds, [by, *([by2] if by2 else [])])
        truth = ds.labels() if _has_classes(ds.spec) else None
    first, second = cuts[0], cuts[1] if by2 else None
    width = second.groups.n_groups if second else 1
    n_cells = first.groups.n_groups * width
    if n_cells > MOST_CELLS:
        raise TooLarge(f"{by} by {by2} gives {n_cells:,} cells: choose strata of which there are fewer")
    codes = first.groups.codes.astype(np.int64) * width + (second.groups.codes if second else 0)
    n = np.bincount(codes, minlength=n_cells)
    columns: dict[str, Any] = {"stratum": np.repeat(np.array(_said(first), object), width)}
    if second:
        columns["stratum_2"] = np.tile(np.array(_said(second), object), first.groups.n_groups)
    columns["n"] = n
    notes = [too_few(int(one)) for one in n]
    if truth is not None:
        n_pos = np.bincount(codes, weights=truth != 0, minlength=n_cells).astype(np.int64)
        columns |= {"n_pos": n_pos, "n_neg": n - n_pos}
        notes = [too_few(int(one), int(pos), int(one - pos)) for one, pos in zip(n, n_pos, strict=True)]
    ways = ", ".join(repr(cut.name) for cut in cuts)
    made_by = (
        "import collections, lrbstore\nfrom lrbstore.scoring import cut_into_strata\nfrom lrbstore.strata import stratifiers\n\n"
        f"{opening(ds)}\ncuts = cut_into_strata(ds, stratifiers([{ways}], ()))\n"
        "counts = collections.Counter(zip(*([cut.strata[i] for i in cut.groups.codes] for cut in cuts)))"
    )
    return Answer(
        "strata",
        f"the examples of {task}.{split} in a stratum" + (" of each of two ways to cut" if by2 else ""),
        pa.table({**columns, "note": pa.array(notes, pa.string())}),
        made_by,
        chosen={**chosen(ds, by=by, by2=by2), **{f"hash_of_{cut.name}": cut.hash for cut in cuts}},
        sources=desk.sources_of(ds.spec.name),
        is_sql=False,
    )


def labels(desk: Desk, task: str, split: str, by: str, settings: Sequence[tuple[str, Any]] = ()) -> Answer:
    """Say how the labels lie, of all examples and of each stratum.

    Returns:
        Columns ``stratum`` and ``n``, and of two classes ``n_pos`` and ``share``; of several classes a row for each, ``class``,
        ``n_class`` and ``share``; of numbers ``mean``, ``low``, ``high`` and the quantiles of ``QUANTILES``: of vectors, of each
        example's mean over its vector.

    Raises:
        TooLarge: If the label vectors are more than ``MOST_VALUES`` numbers.
    """
    ds = dataset(desk, task, split, settings)
    label, spec = ds.spec.label, ds.spec
    with in_bounds(desk.limits):
        n_values = len(ds) * int(np.prod(ds.label_shape))
        if n_values > MOST_VALUES:
            raise TooLarge(
                f"the labels of these {len(ds):,} examples are {n_values:,} numbers ({' × '.join(map(str, ds.label_shape))} each): "
                "they are not read for a chart"
            )
        values = ds.labels()
        (cut,) = _cuts(ds, [by])
    groups = {ALL: np.arange(len(ds)), **{name: np.flatnonzero(cut.groups.codes == i) for i, name in enumerate(_said(cut))}}
    rows: list[dict[str, Any]] = []
    for name, own in groups.items():
        here = values[own]
        n = len(own)
        if label.classes:
            rows += [
                {"stratum": name, "n": n, "class": one, "n_class": int(count), "share": count / n if n else None}
                for one, count in zip(label.classes, here.sum(axis=0).tolist(), strict=True)
            ]
        elif _has_classes(spec):
            n_pos = int(np.count_nonzero(here))
            rows.append({"stratum": name, "n": n, "n_pos": n_pos, "share": n_pos / n if n else None, "note": too_few(n, n_pos, n - n_pos)})
        else:
            numbers = pl.Series(here.reshape(n, -1).mean(axis=1, dtype=np.float64) if n else np.zeros(0))
            rows.append(
                {
                    "stratum": name,
                    "n": n,
                    "mean": numbers.mean(),
                    "low": numbers.min(),
                    **{key: numbers.quantile(q, "linear") for key, q in QUANTILES.items()},
                    "high": numbers.max(),
                    "note": too_few(n),
                }
            )
    mean = "a vector's mean, " if ds.label_shape and not label.classes else ""
    return Answer(
        "labels",
        f"the labels of {task}.{split} in a stratum ({mean}{label.unit})" if not label.classes else "a class in a stratum",
        pa.Table.from_pylist(rows),
        "import lrbstore\nfrom lrbstore.scoring import cut_into_strata\nfrom lrbstore.strata import stratifiers\n\n"
        f"{opening(ds)}\n(cut,) = cut_into_strata(ds, stratifiers([{cut.name!r}], ()))\n"
        "labels = {name: ds.labels()[cut.groups.codes == i] for i, name in enumerate(cut.strata)}",
        chosen={**chosen(ds, by=by), f"hash_of_{cut.name}": cut.hash},
        sources=desk.sources_of(spec.name),
        is_sql=False,
    )


def ledger(desk: Desk, task: str, split: str, settings: Sequence[tuple[str, Any]] = ()) -> Answer:
    """Account for every row of a split: how many there are, how many each reason leaves out, how many are examples.

    Returns:
        Columns ``step`` (``rows``, the reasons, most first, ``examples``), ``n`` (below 0 where rows are left out), ``meaning``.
    """
    ds = dataset(desk, task, split, settings)
    with in_bounds(desk.limits):
        n, left_out = len(ds), ds.left_out()
    rows = [
        {"step": "rows", "n": n + sum(left_out.values()), "meaning": "rows of the split"},
        *({"step": reason, "n": -count, "meaning": REASON_TEXT[reason]} for reason, count in left_out.items()),
        {"step": "examples", "n": n, "meaning": "rows that have a window"},
    ]
    return Answer(
        "ledger",
        f"a step from the rows of {task}.{split} to its examples",
        pa.Table.from_pylist(rows),
        f"import lrbstore\n\n{opening(ds)}\nn, left_out = len(ds), ds.left_out()",
        chosen=chosen(ds),
        sources=desk.sources_of(ds.spec.name),
        is_sql=False,
    )


def dropped(desk: Desk, task: str, split: str, settings: Sequence[tuple[str, Any]] = ()) -> Answer:
    """List the rows that have no window, the first of them where they are many."""
    ds = dataset(desk, task, split, settings)
    with in_bounds(desk.limits):
        left_out = ds.dropped()
    most = desk.limits.rows
    first = f", the first {most:,} of {left_out.num_rows:,}" if left_out.num_rows > most else ""
    return Answer(
        "left_out",
        f"a row of {task}.{split} without a window{first}",
        left_out.slice(0, most),
        f"import lrbstore\n\n{opening(ds)}\nleft_out = ds.dropped()" + (f".slice(0, {most})" if first else ""),
        chosen=chosen(ds),
        sources=desk.sources_of(ds.spec.name),
        is_sql=False,
    )


def _cuts(ds: Dataset, by: Sequence[str]) -> list[Cut]:
    """Cut a data set by named strata.

    Raises:
        UnknownName: If there is none of a name.
    """
    known = strata_names()
    for name in by:
        if name not in known:  # an expression would be a reader's text in SQL
            raise UnknownName("stratum", name, known)
    return cut_into_strata(ds, stratifiers(by, ()))


def _said(cut: Cut) -> list[str]:
    return [NONE if name is None else name for name in cut.strata]


def _has_classes(spec: TaskSpec) -> bool:
    return spec.label.positive is not None and not spec.label.classes and spec.label.column is not None
