"""A task: a question with examples, a label, splits, strata and metrics, opened at one window length."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from lrbstore.catalogue import ALL, TaskSpec, task_spec, task_specs
from lrbstore.contract import literal, quote
from lrbstore.dataset import Dataset, Filters, as_arguments, condition, settings_of
from lrbstore.errors import BadSpec, MissingData, UnknownName
from lrbstore.kinds import KINDS
from lrbstore.predictions import expects
from lrbstore.published import beside, published
from lrbstore.retrieval import retrieve
from lrbstore.scoring import Comparison, Intervals, compare, score
from lrbstore.store import Store, damage_said, open_store
from lrbstore.window import WindowSpec, check_seq_len


class Task:
    """A task on a store, at one window length. Opening reads no rows.

    Attributes:
        spec: What the task's folder says.
        store: The store that its examples come from.
        window: Window length, policy, edge and REF settings.
        split_scheme: Name of the split scheme.
        filters: Columns that examples are filtered by (``tissue="Liver"``).
    """

    def __init__(self, store: Store, spec: TaskSpec, window: WindowSpec, split_scheme: str, filters: Filters) -> None:
        self.store, self.spec, self.window, self.split_scheme, self.filters = store, spec, window, split_scheme, filters
        self._datasets: dict[str, Dataset] = {}

    @classmethod
    def open(
        cls,
        store: Store,
        name: str,
        seq_len: int | None = None,
        *,
        window: str | None = None,
        edge: str | None = None,
        on_ref_mismatch: str = "flag",
        split_scheme: str | None = None,
        subset: bool = False,
        need_rows: bool = True,
        **task_options: Any,
    ) -> Task:
        """Open a task; see :func:`lrbstore.task`.

        With ``need_rows=False`` it is not asked whether there is an example at all, which takes seconds where the task's view must be made
        to its end first: who then finds none says why with :meth:`need_rows`.
        """
        spec = task_spec(name)
        if edge is None:  # a task's own rule is one of strict; the published loader knows none but to drop
            edge = spec.edge if (window or spec.window) == "strict" else "drop"
        policy = WindowSpec(seq_len=1, policy=window or spec.window, edge=edge, on_ref_mismatch=on_ref_mismatch).policy
        lengths, held = store.contigs(spec)
        longest = max((length for chrom, length in lengths.items() if chrom in held), default=None)
        length = check_seq_len(
            spec.seq_len if seq_len is None else seq_len, kind=spec.kind, policy=policy, longest_contig=longest, edge=edge
        )
        scheme = split_scheme or spec.split_scheme
        if scheme not in spec.schemes:
            raise UnknownName(f"split scheme of {spec.name}", scheme, spec.schemes)
        if subset:
            raise BadSpec(f"{spec.name} has no smaller subset upstream; leave subset out")
        settings = {setting: task_options.pop(setting) for setting in KINDS[spec.kind].settings if setting in task_options}
        filters: Filters = {}
        for option, value in task_options.items():
            if option == "fits" and spec.fits is not None:
                if not isinstance(value, bool):
                    raise BadSpec(f"fits={value!r}; expected True (examples whose whole contig is at most seq_len long) or False (all)")
                filters.update({"fits": True} if value else {})
                continue
            if option not in spec.options:
                raise UnknownName(
                    f"option of {spec.name}",
                    option,
                    [
                        *spec.options,
                        *(["fits"] if spec.fits else []),
                        *KINDS[spec.kind].settings,
                        "seq_len",
                        "window",
                        "edge",
                        "on_ref_mismatch",
                        "split_scheme",
                    ],
                )
            filters[option] = _wanted(store, spec, option, value)
        task = cls(store, spec, WindowSpec(length, policy, edge, on_ref_mismatch, **settings), scheme, filters)
        if need_rows:
            task.need_rows()
        return task

    def need_rows(self) -> None:
        """Say what is missing where there is no example: the task's sources, a value, or one that has all of the values.

        Raises:
            MissingData: If the store holds no rows for the task.
            UnknownName: If no example has a value that was asked for.
            BadSpec: If no example has all of them.
        """
        where, values = condition(self.spec, self.window, self.filters)
        # On the good way one question is asked, which skips most of a task of millions; only without an answer it is asked why.
        with damage_said(), contextlib.suppress(duckdb.ConversionException):
            if self._has_example(where, values):
                return
        with damage_said():
            some = self._has_example("", {})
        if not some:
            held = {i.source for i in self.store.manifest.inputs} & set(self.spec.sources)
            absent = [s for s in self.spec.sources if s not in held]
            run = " and ".join(f"lrbstore ingest {s} PATH… --store {self.store.path}" for s in absent or self.spec.sources)
            there = f"; {', '.join(sorted(held))} alone give it none" if held else ""
            raise MissingData(f"the store at {self.store.path} holds no rows for {self.spec.name}{there}; run: {run}")
        for column, value in values.items():
            with damage_said():
                with contextlib.suppress(duckdb.ConversionException):
                    if self._has_example(f"{quote(column)} = $value", {"value": value}):
                        continue
                known = (
                    self.store.cursor(self.spec.name)
                    .execute(f"select distinct {quote(column)} from {self.spec.name}.examples where {quote(column)} is not null")
                    .fetchall()
                )
            raise UnknownName(f"{column} among the examples of {self.spec.name}", str(value), (str(row[0]) for row in known))
        said = ", ".join(f"{column}={value!r}" for column, value in self.filters.items())
        raise BadSpec(f"no example of {self.spec.name} has all of {said} (seq_len={self.window.seq_len}); leave one of them out")

    def _has_example(self, where: str, values: dict[str, str | bool]) -> bool:
        asked = f"select 1 from {self.spec.name}.examples {f'where {where}' if where else ''} limit 1"
        return bool(self.store.cursor(self.spec.name).execute(asked, values).fetchall())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what reopens the task: the store's folder and release, and the settings."""
        return _reopen, (self.store.path, self.store.release, self.spec.name, self.window, self.split_scheme, self.filters)

    @property
    def name(self) -> str:
        """The task's name."""
        return self.spec.name

    @property
    def seq_len(self) -> int:
        """Window length in bp."""
        return self.window.seq_len

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, training first."""
        return self.spec.splits(self.split_scheme)

    def __getitem__(self, split: str) -> Dataset:
        """Return a split as a data set.

        Raises:
            UnknownName: If the split scheme has no such split.
        """
        if split not in self.splits:
            raise UnknownName(f"split of {self.spec.name}", split, self.splits)
        if split not in self._datasets:
            self._datasets[split] = Dataset(self.store, self.spec, self.split_scheme, split, self.window, self.filters)
        return self._datasets[split]

    @property
    def train(self) -> Dataset:
        """The training split."""
        return self["train"]

    @property
    def validation(self) -> Dataset:
        """The validation split; most tasks have none, which is a clear error."""
        return self["validation"]

    @property
    def test(self) -> Dataset:
        """The test split."""
        return self["test"]

    def __repr__(self) -> str:
        chosen = as_arguments(settings_of(self.spec, self.window, self.split_scheme, self.filters))
        simulated = " · SIMULATED" if self.store.simulated else ""
        return (
            f"lrbstore.task({self.spec.name!r}, {chosen}) · {self.spec.title}\n"
            f"  {self.spec.assembly} · splits {', '.join(self.splits)} · release {self.store.release}{simulated}"
        )

    def score(
        self,
        predictions: Any = None,
        by: str | Sequence[str] = (),
        split: str = "test",
        *,
        model: str | None = None,
        predictor: str | None = None,
        replicate: str | None = None,
        allow_missing: bool = False,
        keep: bool = False,
        intervals: Intervals | None = None,
        metrics: Sequence[str] = (),
        direction: str | None = None,
        train: Any = None,
        published: bool = False,
    ) -> pl.DataFrame:
        """Score predictions for a split, overall and per stratum.

        Args:
            predictions: A Parquet or CSV file, a frame with ``example_id`` and ``prediction``, a mapping example_id → prediction, or an
                array in the order of the split; ``print(task.expects())`` says more. None: those that the store has of ``model``.
            by: Stratifiers: ``tissue``, ``chromosome``, ``gene_type``, ``tss_distance:caduceus``, ``tss_distance:viztool``,
                ``tss_distance:0,5000,50000``, ``gc``, ``repeat``, ``label_level`` …
            split: The split that was predicted.
            model: Whose predictions they are.
            predictor: The way of predicting with it.
            replicate: Its seed or replicate.
            allow_missing: Score the examples that have a finite prediction; the others are counted in ``n_missing``.
            keep: Publish the predictions in the store's next release, so that they can be scored again by the name of ``model``.
            intervals: How they are made, ``lrbstore.Intervals(cluster="gene_id", replicates=1000)``; by formula where the metric has one,
                else by a bootstrap over examples, if nothing is said.
            metrics: Further metrics beside the task's own, ``("brier", "calibration_error")``: any that fit the shape of its labels.
            direction: Whether ``higher`` or ``lower`` predictions mean the positive (the higher) label, as the task declares if nothing
                is said; ``train`` finds it on the training split; ``test`` on the scored rows, which the scores then say.
            train: For direction ``train``: predictions for the training split; None for those that the store has of ``model``.
            published: Put the published scores of this task, of the same metrics and strata, under the computed ones: ``origin`` tells
                them apart, and ``note`` what keeps them from being compared as they stand.

        Returns:
            A polars frame in the columns of table ``score``: one row for each metric and stratum, with n, n_pos, n_neg and n_missing.

        Raises:
            IncompletePredictions: If an example has no prediction, or two, or one that is not finite, or an id is unknown.
            BadSpec: If predictions are of another shape than labels, are the labels, or say that they are for something else; a metric
                does not fit the labels; predictions for the training split are needed, or say nothing about the direction.
            UnknownName: If there is no such split, stratifier, metric or direction, or the store has no predictions of the model.
            MissingData: If published scores are asked for, and the store has none.
        """
        known = self._published() if published else None
        found = score(
            self[split],
            predictions,
            by,
            model,
            predictor=predictor,
            replicate=replicate,
            allow_missing=allow_missing,
            keep=keep,
            intervals=intervals,
            metrics=metrics,
            direction=direction,
            train=train,
        )
        return found if known is None else beside(found, known)

    def compare(
        self,
        models: Sequence[str] | Mapping[str, Any],
        by: str | Sequence[str] = (),
        split: str = "test",
        *,
        metrics: Sequence[str] = (),
        allow_missing: bool = False,
        intervals: Intervals | None = None,
        direction: str | None = None,
        train: Mapping[str, Any] | None = None,
        published: bool = False,
    ) -> Comparison:
        """Compare models on the same examples of a split: see :func:`lrbstore.scoring.compare`.

        Args:
            models: Names of two or more models whose predictions the store has, or a mapping name → predictions.
            by: Stratifiers, as for :meth:`score`.
            split: The split that was predicted.
            metrics: Which metrics, of the task's own or others that fit its labels; all of its own by default.
            allow_missing: Compare on the examples that all models have a prediction for.
            intervals: How they are made; ``lrbstore.Intervals(cluster="gene_id")``.
            direction: As for :meth:`score`, for each model by itself.
            train: For direction ``train``: by the model's name, its predictions for the training split; else those that the store has.
            published: As for :meth:`score`; published scores have no tie group and no difference.

        Returns:
            ``scores``, with tie groups, and ``differences``, paired, with intervals and adjusted p: two polars frames.
        """
        known = self._published() if published else None
        found = compare(
            self[split],
            models,
            by,
            metrics=metrics,
            allow_missing=allow_missing,
            intervals=intervals,
            direction=direction,
            train=train,
        )
        return found if known is None else dataclasses.replace(found, scores=beside(found.scores, known))

    def _published(self) -> pl.DataFrame:
        """Read this task's published scores; of all its examples, which is said where only some are asked for."""
        rows = published(self.store, self.name)
        if not self.filters:
            return rows
        said = "of examples that are not chosen by " + as_arguments({"filters": self.filters})
        return rows.with_columns(pl.concat_str("note", pl.lit(said), separator="; ", ignore_nulls=True).alias("note"))

    def retrieve(
        self,
        model: str,
        by: str | Sequence[str] = (),
        split: str = "test",
        *,
        reference: str = "train",
        k: int = 10,
        layer: str | None = None,
        metric: str | None = None,
        label: str | None = None,
        apart: str | Sequence[str] | None = None,
        allow_missing: bool = False,
        cluster: str | None = None,
    ) -> pl.DataFrame:
        """Score a model's representations: the share of an example's nearest neighbours that have its label.

        Args:
            model: Whose representations; they are kept with ``lrbstore representations keep`` or :func:`lrbstore.representations.keep`.
            by: Stratifiers of the queries, as for :meth:`score`.
            split: The split whose examples are the queries; ``all`` for all examples of the task.
            reference: Where neighbours are looked for: a split of this task; or of another task with the same classes, as
                ``gvrep_clinvar_pathogenicity.train``; that task's name alone for all of its examples.
            k: How many neighbours.
            layer: Which of the model's representations, if there are several.
            metric: ``cosine`` or ``euclidean``; the one that the set advises if nothing is said.
            label: A column of the examples that is compared in place of the task's label.
            apart: Columns whose value a query must not share with a neighbour; ``variant_id`` where both sides have it, if nothing is said.
            allow_missing: Pass over examples without a vector; queries without one are counted in ``n_missing``.
            cluster: Column of the queries whose values are taken to be drawn as a whole, for the interval.

        Returns:
            A polars frame in the columns of table ``score``, see :func:`lrbstore.retrieval.retrieve`.

        Raises:
            BadSpec: If labels are no classes, or others in the reference.
            UnknownName: If there is no such split, task, column or stratifier, or the store has no representations of the model.
            IncompletePredictions: If examples have no vector, and that is not allowed.
        """
        return retrieve(
            self._queries(split),
            self._references(reference),
            model,
            k=k,
            layer=layer,
            metric=metric,
            by=by,
            label=label,
            apart=apart,
            allow_missing=allow_missing,
            cluster=cluster,
        )

    def _queries(self, split: str) -> Dataset:
        return Dataset(self.store, self.spec, self.split_scheme, ALL, self.window, self.filters) if split == ALL else self[split]

    def _references(self, name: str) -> Dataset:
        """Find the data set that ``reference`` means: a split, a task, or a task's split; another task as it opens by itself."""
        if name in {*self.splits, ALL}:
            return self._queries(name)
        other, _, split = name.partition(".")
        if not split and other not in task_specs():  # a split misspelt is likelier than a task
            raise UnknownName("reference", name, [*self.splits, ALL, *task_specs()])
        return Task.open(self.store, other)._queries(split or ALL)

    def expects(self, split: str = "test") -> str:
        """Say which predictions :meth:`score` wants for a split: how many, of what shape, under which ids; for ``print``."""
        return expects(self[split])

    def overlap(self, *seq_lens: int) -> pl.DataFrame:
        """Tell how many windows of one split share bases with windows of another, and how many bases.

        Args:
            *seq_lens: Window lengths in bp; the task's own by default.

        Returns:
            One row for each length and pair of splits: seq_len, split, versus, n_windows (of ``split``), n_overlapping (of them, those that
            share a base with a window of ``versus``), share_overlapping, mean_shared and max_shared (share of a window's bases that some
            window of ``versus`` covers, 0 … 1, over all windows of ``split``).
        """
        frames = [self._overlap(length) for length in (seq_lens or (self.window.seq_len,))]
        return pl.concat(frames)

    def _overlap(self, seq_len: int) -> pl.DataFrame:
        lengths = check_seq_len(seq_len, kind=self.spec.kind, policy=self.window.policy, edge=self.window.edge)
        window = dataclasses.replace(self.window, seq_len=lengths, on_ref_mismatch="flag")
        cursor = self.store.cursor(self.spec.name)
        tables = []
        for split in self.splits:
            windows = Dataset(self.store, self.spec, self.split_scheme, split, window, self.filters).window_table()
            names = {"chrom": "chrom", "window_start": "start", "window_end": "stop"}
            tables.append(
                pa.table(
                    {
                        "split": pa.array([split] * windows.num_rows, pa.string()),
                        **{new: windows[old] for old, new in names.items()},
                    }
                )
            )
        cursor.register("window_rows", pa.concat_tables(tables))
        pairs = [(a, b) for i, b in enumerate(self.splits) for a in self.splits[i + 1 :]]
        wanted = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in pairs) or "(null::VARCHAR, null::VARCHAR)"  # a single split
        frame = cursor.sql(f"with pairs(split, versus) as (values {wanted}) {_OVERLAP_SQL}").pl()
        cursor.unregister("window_rows")
        return frame.with_columns(pl.lit(seq_len, pl.Int64).alias("seq_len")).select("seq_len", pl.exclude("seq_len"))


#: Stretches that each split covers are made disjoint first, so that one range join counts every shared base once.
_OVERLAP_SQL = """
, numbered as (
    select *, max(stop) over (partition by split, chrom order by start rows between unbounded preceding and 1 preceding) as reach
    from window_rows
),
marked as (
    -- Of the windows that begin at one place, the one that opens an island must come first: it alone reaches less far than its start.
    select *, sum((reach is null or reach < start)::BIGINT)
        over (partition by split, chrom order by start, reach nulls first rows unbounded preceding) as island
    from numbered
),
islands as (
    select split, chrom, min(start) as start, max(stop) as stop from marked group by split, chrom, island
),
windows as (
    select row_number() over () as n_, * from window_rows
),
shared as (
    select p.split, p.versus, w.n_, sum(least(w.stop, i.stop) - greatest(w.start, i.start)) / any_value(w.stop - w.start) as share
    from pairs as p
    join windows as w on w.split = p.split
    join islands as i on i.split = p.versus and i.chrom = w.chrom and i.start < w.stop and w.start < i.stop
    group by p.split, p.versus, w.n_
),
totals as (
    select split, count(*) as n_windows from window_rows group by split
)
select
    p.split,
    p.versus,
    coalesce(any_value(t.n_windows), 0)::BIGINT as n_windows,
    count(s.n_)::BIGINT as n_overlapping,
    count(s.n_) / any_value(t.n_windows) as share_overlapping,
    coalesce(sum(s.share), 0) / any_value(t.n_windows) as mean_shared,
    coalesce(max(s.share), 0) as max_shared
from pairs as p
left join totals as t on t.split = p.split
left join shared as s on s.split = p.split and s.versus = p.versus
where p.split is not null
group by p.split, p.versus
order by p.split, p.versus
"""


def _wanted(store: Store, spec: TaskSpec, option: str, value: object) -> str | bool:
    """Read the value of an option: a name, or True and False where the column says yes or no."""
    described = store.cursor(spec.name).execute(f"describe {spec.name}.examples").fetchall()
    if {row[0]: row[1] for row in described}[option] == "BOOLEAN":
        known = {"true": True, "false": False}
        if isinstance(value, str | bool) and str(value).lower() in known:
            return known[str(value).lower()]
        raise BadSpec(f"{option}={value!r}; expected True or False")
    if not isinstance(value, str):
        raise BadSpec(f"{option}={value!r}; expected one name: open the task once for each")
    return store.tissue(value) if option == "tissue" else value


def _reopen(path: Path, release: str, name: str, window: WindowSpec, scheme: str, filters: Filters) -> Task:
    return Task(Store(path, release), task_spec(name), window, scheme, filters)


def task(
    name: str,
    seq_len: int | None = None,
    *,
    store: Store | str | None = None,
    window: str | None = None,
    edge: str | None = None,
    on_ref_mismatch: str = "flag",
    split_scheme: str | None = None,
    subset: bool = False,
    **task_options: Any,
) -> Task:
    """Open a benchmark task at any window length.

    Args:
        name: The task's name or alias; :func:`lrbstore.tasks` lists them.
        seq_len: Window length in bp; the task's own by default.
        store: A store, or the path of one; the default store if not given.
        window: ``"lrb"`` (the published loader, quirks included) or ``"strict"``; the task's own by default.
        edge: What ``strict`` does with a window that leaves its contig: ``drop``, ``pad`` with N, ``shift`` inside, or ``error``; the
            task's own by default (``drop``, but ``pad`` for tasks of short constructs).
        on_ref_mismatch: What ``strict`` does where REF is not the genome's base: ``flag``, ``drop`` or ``error``.
        split_scheme: Name of a split scheme of the task.
        subset: Upstream's smaller subset, for tasks that have one (none of today's).
        **task_options: Columns to filter by, as the task allows (``tissue="Liver"``; any source's spelling); and what only its kind has:
            ``knockout="masked"`` or ``"deleted"`` for a task of knocked-out genes; ``fits=True`` for a task on constructs, to take those
            of at most ``seq_len`` bases (the others stand in the ledger, ``dropped()``).

    Returns:
        The task. No row has been read.

    Raises:
        UnknownName: If the task, the scheme, an option or a tissue is unknown; near names are offered.
        BadSpec: If the window length or a setting cannot be served.
        MissingData: If there is no store, or it holds no rows for the task.
    """
    opened = store if isinstance(store, Store) else open_store(store)
    return Task.open(
        opened,
        name,
        seq_len,
        window=window,
        edge=edge,
        on_ref_mismatch=on_ref_mismatch,
        split_scheme=split_scheme,
        subset=subset,
        **task_options,
    )


def tasks(store: Store | str | None = None) -> pl.DataFrame:
    """List the catalogue of tasks.

    Args:
        store: The store whose rows are counted; the default store if there is one.

    Returns:
        A polars frame, one row a task: name, title, input, label, assembly, metrics, rows (split → examples before windowing; null
        without a store).
    """
    opened = store if isinstance(store, Store) else None
    if opened is None:
        try:
            opened = open_store(None if isinstance(store, Store) else store)
        except MissingData:
            if store is not None:
                raise
    rows = []
    for spec in task_specs().values():
        splits = spec.splits(spec.split_scheme)
        counts = [
            opened.cursor().execute(f"select count(*) from {spec.view(spec.split_scheme, s)}").fetchall()[0][0] if opened else None
            for s in splits
        ]
        rows.append(
            {
                "name": spec.name,
                "title": spec.title,
                "input": KINDS[spec.kind].input,
                "label": f"{spec.label.key}: {spec.label.unit}",
                "assembly": spec.assembly,
                "metrics": [use.name for use in spec.metrics],
                "rows": [{"split": s, "n": c} for s, c in zip(splits, counts, strict=True)],
            }
        )
    return pl.DataFrame(rows)
