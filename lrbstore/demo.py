"""The whole way on simulated files, from what providers publish to scores by stratum. What a newcomer runs first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from lrbstore.baseline import predict
from lrbstore.errors import BadSpec
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.simulation import is_simulated, simulate, sources
from lrbstore.store import Store
from lrbstore.task import Task

Say = Callable[[str], None]
_BY_TRAIT_AND_TISSUE = """select e.tissue, t.trait, count(*)::BIGINT as n_variants, round(max(e.neg_log10_p), 1) as best_neg_log10_p
from variant_record as e
join variant_record as c on c.variant_id = e.variant_id and c.source = 'clinvar'
join record_trait as t on t.record_id = c.record_id
where e.source = 'gtex_v8_eqtl' and e.label_text = 'significant' and t.trait not in ('not provided', 'not specified')
group by all order by n_variants desc, e.tissue, t.trait limit 8"""


def run(out: Path, *, scale: float, seed: int, say: Say, show: Say) -> Path:
    """Walk the whole way.

    Args:
        out: A folder of the demo's own: ``files/`` (simulated upstream files) and ``store/`` are made anew in it.
        scale: Size of the simulation, 1 being the published counts.
        seed: Of the simulation.
        say: Progress.
        show: Takes the text that a person reads.

    Returns:
        The store.

    Raises:
        BadSpec: If ``out`` holds a ``files/`` or ``store/`` that no demo made.
    """
    began = time.monotonic()
    files, store = out / "files", out / "store"
    for folder in (files, store):
        if folder.exists() and not is_simulated(files):
            raise BadSpec(f"{folder} exists and was not made by a demo; give another folder: lrbstore demo OUT")
    shutil.rmtree(store, ignore_errors=True)
    shutil.rmtree(files, ignore_errors=True)

    show(f"$ lrbstore simulate {files} --scale {scale:g}")
    written = simulate(files, scale=scale, seed=seed, progress=say)
    size = sum(p.stat().st_size for p in written if p.is_file())
    show(f"  {len(written)} files in the providers' formats, {size / 1e6:.0f} MB\n")

    for assembly in ("GRCh37", "GRCh38"):
        show(f"$ lrbstore genome add {assembly} {files}/genomes/{assembly}.fa --simulated --store {store}")
        add_genome(store, assembly, files / "genomes" / f"{assembly}.fa", simulated=True, progress=say)
    for source in sources():
        show(f"$ lrbstore ingest {source} {files}/{source} --store {store}")
        loaded = ingest(store, source, [files / source], simulated=True, progress=say).loaded
        rejected = sum(i.rows_rejected for i in loaded)
        show(f"  {len(loaded)} files, {sum(i.rows_loaded for i in loaded):,} rows loaded, {rejected:,} rejected")

    with Store(store) as held:
        show('\n$ lrbstore sql "variants that are significant eQTLs, by tissue and by what ClinVar says of the same allele"')
        show(_BY_TRAIT_AND_TISSUE)
        show(_table(held.sql(_BY_TRAIT_AND_TISSUE).pl()))

        task = Task.open(held, "bulk_rna_expression", 4096)
        show('>>> task = lrbstore.task("bulk_rna_expression", seq_len=4096)')
        show(repr(task))
        show(f">>> task.train, task.test\n{len(task.train):,} and {len(task.test):,} genes; left out by the window: "
             f"{task.train.dropped().num_rows:,} and {task.test.dropped().num_rows:,}")  # fmt: skip
        example = task.test[0]
        show(f">>> task.test[0]\n{ {key: _brief(value) for key, value in example.items()} }")
        _score(task, ("kmer_ridge", "gc_content"), ("gene_type",), say, show)
        for name, length, models, by in (
            ("variant_effect_gene_expression", 4096, ("tss_distance", "kmer_ridge", "gc_content", "random"), ("tss_distance:caduceus",)),
            ("cage_prediction", 2048, ("kmer_ridge",), ()),
            ("gvrep_eqtl_pval", 2048, ("tss_distance", "kmer_ridge"), ("tss_distance:viztool",)),
        ):
            _score(Task.open(held, name, length), models, by, say, show)
        show(f"The store is at {store} (release {held.folder.current}, SIMULATED). {time.monotonic() - began:.0f} s in all. Next:")
        show(
            f"  lrbstore tasks --store {store}\n"
            f'  lrbstore sql "from variant_record limit 5" --store {store}\n'
            "  lrbstore compare variant_effect_gene_expression tss_distance kmer_ridge --seq-len 4096 --by tss_distance:viztool "
            f"--store {store}\n"
            f"  lrbstore dashboard --store {store}     # or: make dashboard\n"
            f"  lrbstore verify --store {store}"
        )
    return store


def _score(task: Task, models: tuple[str, ...], by: tuple[str, ...], say: Say, show: Say) -> None:
    """Fit baselines, keep their predictions in the store, and show their scores by stratum."""
    frames = []
    for model in models:
        say(f"baseline {model} on {task.name}")
        ids, values = predict(task, model)
        given = {"example_id": ids, "prediction": values.reshape(len(ids), -1).tolist() if values.ndim > 1 else values}
        frames.append(task.score(given, by=by, model=model, predictor="baseline", keep=True))
    main = next((use.name for use in task.spec.metrics if use.threshold is None), task.spec.metrics[0].name)
    frame = pl.concat(frames).filter(metric=main)
    show(f"\n$ lrbstore baseline {task.name} {' '.join(models)} --seq-len {task.window.seq_len}" + "".join(f" --by {s}" for s in by))
    sure = ["ci_low", "ci_high"] if frame["ci_low"].is_not_null().any() else []
    columns = ["model", "metric", "stratum", "value", *sure, "n"]
    columns += ["n_pos", "n_neg"] if frame["n_pos"].is_not_null().any() else []
    show(_table(frame.select(columns).with_columns(pl.col("stratum").fill_null("-"))))


def _table(frame: pl.DataFrame) -> str:
    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, tbl_width_chars=150, fmt_str_lengths=70,
        tbl_formatting="UTF8_BORDERS_ONLY", float_precision=3,
    ):  # fmt: skip
        return str(frame)


def _brief(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) < 40 else f"{value[:12]}… ({len(value):,} bp)"
    return f"{value.dtype}{list(value.shape)}" if getattr(value, "shape", ()) else value
