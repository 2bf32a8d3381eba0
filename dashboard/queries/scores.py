"""How models do on a task, overall and by stratum: scores, paired differences and tie groups of the predictions that the store has.

All numbers are those of :meth:`lrbstore.Task.score` and :meth:`lrbstore.Task.compare`; what is added beside them is what a metric is by
chance and the mean over the strata that are large enough.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import TaskSpec, task_spec
from lrbstore.dashboard.desk import Answer, Desk, TooLarge, in_bounds
from lrbstore.dashboard.queries.strata import NONE, chosen, columns_of, dataset, opening
from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.intervals import ANALYTIC
from lrbstore.metrics import metric
from lrbstore.published import beside, published
from lrbstore.scoring import Intervals
from lrbstore.strata import strata_names

Settings = Sequence[tuple[str, Any]]

OVERALL = "overall"
MACRO = "macro over the reported strata"
MOST_MODELS = 12  #: Beside each other.
METHODS = ("auto", "formula", "bootstrap", "none")  #: Of intervals; ``auto`` is what is there at once.
SECOND = 5_000_000  #: Numbers times replicates of a bootstrap that take about a second on 2 cores.
QUICK = 2  #: Seconds that a bootstrap may take without having been asked for.


# ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def kept(desk: Desk, task: str) -> Answer:
    """List the sets of predictions that the store has for a task: whose they are, and the split and window that they are for.

    Those that came with a source are for any (``split``, ``seq_len``, … are null).
    """
    return desk.ask(
        "predictions",
        "a set of predictions",
        'select task, model, predictor, replicate, split_scheme, split, seq_len, "window", n, n_missing, source, settings, release '
        "from predictor where task = $task order by all",
        {"task": task_spec(task).name},
        chosen={"task": task},
        sources=desk.sources_of(task_spec(task).name),
    )


@dataclass(frozen=True)
class View:
    """What some predictions are for: a split at one window.

    Attributes:
        split: The split.
        settings: Arguments of :func:`lrbstore.task`.
        names: The sets, ``model/predictor`` or ``model/predictor/replicate``.
    """

    split: str
    settings: tuple[tuple[str, Any], ...]
    names: tuple[str, ...]

    def __str__(self) -> str:
        said = dict(self.settings)
        more = [f"{k}={v}" for k, v in said.items() if k not in {"seq_len", "window", "edge", "split_scheme", "on_ref_mismatch"}]
        ways = ", ".join([f"{said['seq_len']:,} bp", str(said["window"]), f"edge {said['edge']}", str(said["split_scheme"]), *more])
        return f"split {self.split} at {ways}"


def views(desk: Desk, task: str) -> list[View]:
    """List what there are predictions for, most sets first; where those of a source are alone, each split as the task opens by itself."""
    spec = task_spec(task)
    rows = kept(desk, task).table.to_pylist()
    everywhere = tuple(dict.fromkeys(_name(row) for row in rows if row["settings"] is None))
    found: dict[tuple[str, tuple[tuple[str, Any], ...]], list[str]] = {}
    for row in rows:
        if row["settings"] is not None:
            said = json.loads(row["settings"])
            filters = said.pop("filters", {})
            found.setdefault((row["split"], tuple(sorted({**said, **filters}.items()))), []).append(_name(row))
    listed = [View(split, settings, (*names, *everywhere)) for (split, settings), names in found.items()]
    if everywhere:
        policy, edge = spec.window, spec.edge if spec.window == "strict" else "drop"
        own = {"edge": edge, "on_ref_mismatch": "flag", "seq_len": spec.seq_len, "window": policy}
        for scheme in spec.schemes:
            for split in spec.splits(scheme):
                settings = tuple(sorted({**own, "split_scheme": scheme}.items()))
                if (split, settings) not in found:
                    listed.append(View(split, settings, everywhere))
    return sorted(
        listed, key=lambda v: (-len(v.names), v.split != "test", dict(v.settings)["split_scheme"] != spec.split_scheme, v.split, str(v))
    )


def fitting(found: Sequence[View], split: str | None, settings: Settings) -> list[View]:
    """Choose those that are for what a reader chose; None leaves a choice open."""
    wanted = {name: value for name, value in settings if value is not None}
    return [v for v in found if split in {None, v.split} and all(dict(v.settings).get(k) == value for k, value in wanted.items())]


def _name(row: Mapping[str, Any]) -> str:
    return "/".join(part for part in (row["model"], row["predictor"], row["replicate"]) if part)


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Shorten names of sets as far as they stay apart."""
    names = list(names)
    for parts in (1, 2):
        short = ["/".join(name.split("/")[:parts]) for name in names]
        if len(set(short)) == len(names):
            return dict(zip(names, short, strict=True))
    return {name: name for name in names}


def cluster_columns(desk: Desk, task: str) -> list[str]:
    """List columns whose values a bootstrap may draw as a whole."""
    ids = {"example_id", "ref", "alt", "reference", "sequence"}
    return [c for c, kind in columns_of(desk, task).items() if kind == "VARCHAR" and c not in ids and not c.startswith("source_")]


# ── how sure, within the time of a screen ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Way:
    """How intervals are made, and what is said of that.

    Attributes:
        method: As :class:`lrbstore.Intervals` has it.
        said: In words.
        seconds: That a bootstrap takes, about.
    """

    method: str
    said: str
    seconds: float = 0.0


def way(
    desk: Desk, task: str, split: str, settings: Settings, name: str, n_models: int, asked: str, replicates: int, cluster: str | None
) -> Way:
    """Decide how the intervals of a metric are made, so that an answer is there within a second or two unless more was asked for.

    Raises:
        TooLarge: If a bootstrap that was asked for would take longer than a question may.
    """
    ds = dataset(desk, task, split, settings)
    with in_bounds(desk.limits):
        n, width = len(ds), int(np.prod(ds.label_shape))
        has_formula = (name, 1 + len(ds.label_shape)) in ANALYTIC and cluster is None
    seconds = n * width * replicates * n_models / SECOND
    drawn = f"bootstrap of {replicates:,} replicates" + (f" over values of {cluster}" if cluster else "")
    if asked == "none":
        return Way("none", "none was asked for")
    if has_formula and asked in {"auto", "formula"}:
        return Way("formula", f"by formula ({ANALYTIC[name, 1 + len(ds.label_shape)][0]}), 95 %")
    if asked == "formula":
        return Way("formula" if cluster is None else "none", f"none: {name} has no formula" + (" over clusters" if cluster else ""))
    if asked == "auto" and seconds > QUICK:
        return Way("none", f"none: a {drawn} over {n:,} examples and {n_models} models takes about {seconds:,.0f} s; choose 'bootstrap'")
    if seconds > desk.limits.seconds:
        raise TooLarge(
            f"a {drawn} over {n:,} examples and {n_models} models takes about {seconds:,.0f} s: choose fewer replicates or models, or run "
            f"`lrbstore score {task} --model NAME --replicates {replicates}`"
        )
    return Way("auto" if asked == "auto" else "bootstrap", f"{drawn}, 95 %", seconds)


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_set(
    desk: Desk,
    task: str,
    split: str,
    name: str,
    by: str,
    further: str | None,
    method: str,
    replicates: int,
    cluster: str | None,
    allow_missing: bool,
    settings: Settings,
) -> Answer:
    """Score one set of predictions.

    Args:
        desk: The store.
        task: The task's name.
        split: The split.
        name: The set, as :class:`View` names it.
        by: A named stratifier.
        further: A metric that is none of the task's own.
        method: As :class:`lrbstore.Intervals` has it.
        replicates: Of a bootstrap.
        cluster: Column whose values are drawn as a whole.
        allow_missing: Score the examples that have a prediction.
        settings: Arguments of :func:`lrbstore.task`.

    Returns:
        Rows of table ``score``.

    Raises:
        UnknownName, BadSpec, IncompletePredictions: As :meth:`lrbstore.Task.score`.
    """
    if by not in strata_names():  # an expression would be a reader's text in SQL
        raise UnknownName("stratum", by, strata_names())
    ds = dataset(desk, task, split, settings)
    (row,) = {tuple(r[k] for k in ("model", "predictor", "replicate")) for r in kept(desk, task).table.to_pylist() if _name(r) == name}
    given = {k: v for k, v in zip(("model", "predictor", "replicate"), row, strict=True) if v is not None}
    asked: dict[str, Any] = {**given, "by": by, "split": split, "metrics": (further,) if further else (), "allow_missing": allow_missing}
    how: dict[str, Any] = {"method": method, "replicates": replicates, "cluster": cluster}
    with in_bounds(desk.limits):
        frame = desk.task(task, **_open(settings)).score(None, **asked, intervals=Intervals(**how))
    return Answer(
        "score",
        f"a metric of {name} in a stratum",
        frame.to_arrow(),
        f"import lrbstore\n\n{_task(ds)}\nscores = task.score({_written(asked)}, intervals=lrbstore.Intervals({_written(how)}))",
        chosen=chosen(ds, model=name, by=by, **how),
        sources=desk.sources_of(ds.spec.name),
        is_sql=False,
    )


def known(desk: Desk, task: str) -> pl.DataFrame:
    """Read the published scores of a task; no rows where the store has none."""
    if not desk.relation("select 1 from published_score where task = $task limit 1", {"task": task_spec(task).name}).num_rows:
        return pl.DataFrame()
    return published(desk.store, task_spec(task).name)


def together(desk: Desk, task: str, answers: Mapping[str, Answer], name: str, with_published: bool = False) -> Answer:
    """Put models beside each other by one metric: overall, in the mean over strata, and in each stratum.

    Args:
        desk: The store.
        task: The task's name.
        answers: What each set is called → its scores.
        name: The metric.
        with_published: Put published scores of the same metric and strata among them.

    Returns:
        Rows of table ``score`` with further columns: ``name`` what the set is called; ``place`` the stratum, ``OVERALL`` or ``MACRO``;
        ``chance`` what the metric is there by chance, ``above_chance`` the value less that (both null where there is none); ``state``:
        ``scored``, ``too_few`` or ``undefined``. The row of ``MACRO`` is the mean over the strata that are neither: ``n`` their examples.
    """
    spec = task_spec(task)
    frames = []
    for called, answer in answers.items():
        frame = answer.frame.filter(metric=name)
        frames.append(frame.with_columns(pl.lit(called).alias("name")))
    if not frames:
        raise BadSpec("no set of predictions could be scored")
    found = pl.concat(frames)
    if with_published and (theirs := known(desk, task)).height:
        found = beside(found, theirs).with_columns(
            pl.coalesce("name", pl.format("{}, published", pl.concat_str("model", "predictor", separator="/", ignore_nulls=True)))
        )
    # Sets may be called the same, told apart by their files alone; so may published scores, by how they were made.
    same = ["name", "stratifier", "stratum"]
    found = found.with_columns(
        pl.when((pl.len().over(same) > 1).any().over("name"))
        .then(pl.format("{} ({})", pl.col("name"), pl.int_range(pl.len()).over(same) + 1))
        .otherwise("name")
        .alias("name")
    )
    rows = [_told(row, spec, name) for row in found.to_dicts()]
    for called in dict.fromkeys(row["name"] for row in rows):
        # Of published rows none is made up: which strata they have is not ours to average over.
        own = [row for row in rows if row["name"] == called and row["stratifier"] != OVERALL and row["origin"] != "published"]
        if own:
            rows.append(_macro(own))
    order = {place: i for i, place in enumerate([OVERALL, MACRO])}
    rows.sort(key=lambda row: order.get(row["place"], len(order)))
    codes = [answer.made_by.rpartition("scores = ")[::2] for answer in answers.values()]
    calls = "".join(f"    {call},\n" for _, call in codes)
    first = next(iter(answers.values()))
    return Answer(
        "scores",
        f"{name} of a model in a stratum",
        pa.Table.from_pylist(rows, schema=_schema(found)),
        f"{codes[0][0]}scores = [\n{calls}]" + ("\n# further rows: the same with published=True" if with_published else ""),
        chosen={**first.chosen, "metric": name, "models": list(answers), "stratifier_hash": _hash(found)},
        sources=first.sources,
        is_sql=False,
    )


def large_enough(frame: pl.DataFrame, most: int = 12) -> tuple[pl.DataFrame, int]:
    """Leave out, where strata are more than ``most``, those that no model is scored in for want of examples; give how many those are.

    Args:
        frame: Rows of :func:`together`; ``OVERALL`` and ``MACRO`` stay.
        most: Strata up to which all stay.
    """
    large = pl.col("place").is_in([OVERALL, MACRO]) | (pl.col("state") == "scored").any().over("place")
    n = frame.filter(~pl.col("place").is_in([OVERALL, MACRO]))["place"].n_unique()
    found = frame.filter(large)
    n_left = frame["place"].n_unique() - found["place"].n_unique()
    return (found, n_left) if n > most else (frame, 0)


def _told(row: dict[str, Any], spec: TaskSpec, name: str) -> dict[str, Any]:
    chance = metric(name).by_chance(row["n_pos"], row["n_neg"], max(len(spec.label.classes), 2))
    few = "too_few" in (row["note"] or "")
    return {
        **row,
        "place": OVERALL if row["stratifier"] == OVERALL else NONE if row["stratum"] is None else row["stratum"],
        "chance": chance,
        "above_chance": None if chance is None or row["value"] is None else row["value"] - chance,
        "state": "undefined" if row["value"] is None else "too_few" if few else "scored",
    }


def _macro(own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Average the strata of one model that are defined and large enough; examples without a stratum are none."""
    reported = [row for row in own if row["state"] == "scored" and row["place"] != NONE]
    left_out = [f"{row['place']} ({row['state']})" for row in own if row["state"] != "scored" and row["place"] != NONE]
    keys = ("task", "split", "model", "predictor", "replicate", "metric", "transform", "window", "seq_len", "release", "origin", "name")
    chances = [row["chance"] for row in reported]
    value = float(np.mean([row["value"] for row in reported])) if reported else None
    chance = float(np.mean(chances)) if chances and None not in chances else None
    counts = {c: None if any(row[c] is None for row in reported) else sum(row[c] for row in reported) for c in ("n", "n_missing")}
    said = [f"mean over {len(reported)} of {len(reported) + len(left_out)} strata"]
    said += [f"left out: {', '.join(left_out)}"] if left_out else []
    return {
        **{key: own[0][key] for key in keys},
        **counts,
        "stratifier": own[0]["stratifier"],
        "stratifier_hash": own[0]["stratifier_hash"],
        "stratum": MACRO,
        "place": MACRO,
        "value": value,
        "note": "; ".join(said if reported else ["none reported: no stratum is defined and large enough", *said[1:]]),
        "chance": chance,
        "above_chance": None if value is None or chance is None else value - chance,
        "state": "scored" if reported else "undefined",
    }


def _schema(found: pl.DataFrame) -> pa.Schema:
    more = {"place": pa.string(), "chance": pa.float64(), "above_chance": pa.float64(), "state": pa.string()}
    fields = [pa.field("name", pa.string()), pa.field("place", pa.string())]
    of_score = [f.with_nullable(True) for f in found.drop("name").to_arrow().schema]
    return pa.schema([*fields, *of_score, *(pa.field(k, v) for k, v in more.items() if k != "place")])


def _hash(found: pl.DataFrame) -> str | None:
    hashes = found.filter(pl.col("stratifier_hash") != "")["stratifier_hash"].unique().to_list()
    return hashes[0] if hashes else None


# ── comparisons ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Compared:
    """Models beside each other on the same rows.

    Attributes:
        scores: Rows of table ``score`` with ``tie_group`` and ``place``.
        differences: One row for each stratum and pair of models, with ``place``.
    """

    scores: Answer
    differences: Answer


def compared(
    desk: Desk,
    task: str,
    split: str,
    names: Sequence[str],
    by: str,
    name: str,
    method: str,
    replicates: int,
    cluster: str | None,
    allow_missing: bool,
    settings: Settings,
) -> Compared:
    """Compare sets of predictions by one metric on the same examples; arguments as for :func:`of_set`.

    Raises:
        TooLarge: If the bootstrap would take longer than a question may.
        UnknownName, BadSpec, IncompletePredictions: As :meth:`lrbstore.Task.compare`.
    """
    if by not in strata_names():
        raise UnknownName("stratum", by, strata_names())
    ds = dataset(desk, task, split, settings)
    with in_bounds(desk.limits):
        is_delong = name == "auroc" and not ds.label_shape and method != "bootstrap" and cluster is None
        seconds = 0.0 if is_delong else len(ds) * int(np.prod(ds.label_shape)) * replicates * len(names) / SECOND
        if seconds > desk.limits.seconds:
            raise TooLarge(
                f"a paired bootstrap of {replicates:,} replicates over {len(ds):,} examples takes about {seconds:,.0f} s: choose fewer "
                f"replicates, or run `lrbstore compare {task} {' '.join(names)} --by {by} --metric {name}`"
            )
        asked: dict[str, Any] = {"by": by, "split": split, "metrics": (name,), "allow_missing": allow_missing}
        how: dict[str, Any] = {"method": "bootstrap" if method == "bootstrap" else "auto", "replicates": replicates, "cluster": cluster}
        found = desk.task(task, **_open(settings)).compare(list(names), **asked, intervals=Intervals(**how))
    place = pl.when(pl.col("stratifier") == OVERALL).then(pl.lit(OVERALL)).otherwise(pl.col("stratum").fill_null(NONE)).alias("place")
    call = f"task.compare({list(names)!r}, {_written(asked)}, intervals=lrbstore.Intervals({_written(how)}))"
    code = f"import lrbstore\n\n{_task(ds)}\nfound = {call}"
    said: dict[str, Any] = {
        "chosen": chosen(ds, models=list(names), by=by, metric=name, **how),
        "sources": desk.sources_of(ds.spec.name),
        "is_sql": False,
    }
    return Compared(
        Answer("tie_groups", f"{name} of a model in a stratum", found.scores.with_columns(place).to_arrow(), f"{code}.scores", **said),
        Answer(
            "differences",
            f"{name} of model_a less that of model_b in a stratum",
            found.differences.with_columns(place).to_arrow(),
            f"{code}.differences",
            **said,
        ),
    )


def pair(differences: Answer, a: str, b: str) -> Answer:
    """Give the differences of two of the models that were compared, one less the other, adjusted as they were among all pairs."""
    frame = differences.frame
    number = {name: pl.col(name).cast(pl.Float64) for name in ("difference", "ci_low", "ci_high")}
    turned = frame.filter((pl.col("model_a") == b) & (pl.col("model_b") == a)).with_columns(
        model_a="model_b", model_b="model_a", difference=-number["difference"], ci_low=-number["ci_high"], ci_high=-number["ci_low"]
    )
    straight = frame.filter((pl.col("model_a") == a) & (pl.col("model_b") == b))
    own = pl.concat([straight.with_columns(number.values()), turned])
    chosen = {**differences.chosen, "model_a": a, "model_b": b}
    return dataclasses.replace(differences, table=own.to_arrow(), chosen=chosen)


def _open(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in settings if value is not None}


def _task(ds: Dataset) -> str:
    return opening(ds).partition("\n")[0]


def _written(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items() if value not in (None, (), False))
