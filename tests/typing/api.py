"""Never run: type-checked against the installed wheel, so that the documented calls type-check for users."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa

import lrbstore


def documented() -> None:
    store: lrbstore.Store = lrbstore.open("somewhere")
    frame: pl.DataFrame = store.sql("select 1 as one").pl()
    task: lrbstore.Task = lrbstore.task("bulk_rna_expression", seq_len=4096, store=store, window="strict", edge="pad")
    ds: lrbstore.Dataset = task.test
    n: int = len(ds)
    example: dict[str, Any] = ds[0]
    batches: Iterator[dict[str, Any]] = ds.batches(256, encoding="one_hot", shuffle=True, seed=1)
    some: dict[str, Any] = ds.take([3, 0], "codes")
    stream: pa.RecordBatchReader = ds.arrow(256, encoding="bytes")
    loader = ds.torch_batches(64, "codes", shuffle=True, rank=0, world_size=2).loader(num_workers=2)
    rows: pa.Table = ds.rows(["example_id"])
    ledger: pa.Table = ds.dropped()
    said: str = ds.fingerprint
    scores: pl.DataFrame = task.score({"a": 1.0}, by=("tissue",), split="test")
    shared: pl.DataFrame = task.overlap(2048, 131072)
    genome: lrbstore.Genome = store.genome("GRCh38")
    digest: str = genome.digest
    lengths: dict[str, int] = genome.lengths
    print(frame, n, example, batches, some, stream, loader, rows, ledger, said, scores, shared, digest, lengths, lrbstore.tasks(store))
