"""Export a task at a window length: Parquet, JSON lines or FASTA, streamed, with a sidecar that says exactly what it is."""

from __future__ import annotations

import datetime
import functools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lrbstore.dataset import Dataset
from lrbstore.errors import BadSpec, UnknownName
from lrbstore.kinds import KINDS
from lrbstore.task import Task

FORMATS = ("parquet", "jsonl", "fasta")


def export(
    task: Task,
    out: Path,
    *,
    split: str | None = None,
    form: str = "parquet",
    batch_size: int = 64,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write the examples of a task with their sequences.

    Args:
        task: The task, opened at a window length.
        out: Folder for the files; made if it is not there.
        split: One split, or all of them.
        form: ``parquet`` (labels as lists), ``jsonl``, or ``fasta`` (one record a sequence; it holds no labels).
        batch_size: Examples held in memory at a time.
        say: Progress.

    Returns:
        The files written: for each split the data and ``….json``, its sidecar of fingerprint, licence and citation.

    Raises:
        UnknownName: If the format or the split is unknown.
        BadSpec: If ``out`` is a file, or holds another data set (scheme, window, option, filter) of this task and split.
        MissingData: If no genome is registered for the task's assembly.
    """
    if form not in FORMATS:
        raise UnknownName("format", form, FORMATS)
    if out.exists() and not out.is_dir():
        raise BadSpec(f"{out} is a file; give a folder for the exported files")
    written = []
    for name in [split] if split else task.splits:
        dataset = task[name]
        batches = dataset.batches(batch_size, encoding="text")  # a missing genome is said before a file is made
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{task.name}.{name}.{task.window.seq_len}.{form}"
        sidecar = path.with_name(path.name + ".json")
        _see_it_is_the_same(sidecar, dataset.settings)
        aside, aside_sidecar = (p.with_name(f".{p.name}.writing") for p in (path, sidecar))
        try:
            writers: dict[str, Callable[..., int]] = {
                "parquet": functools.partial(_parquet, dataset),
                "jsonl": functools.partial(_jsonl, dataset),
                "fasta": functools.partial(_fasta, dataset),
            }
            n = writers[form](batches, aside, say)
            # Both files are complete before either is in its place: data never lie beside the sidecar of other data.
            aside_sidecar.write_text(json.dumps(_sidecar(task, dataset, n), indent=2) + "\n", encoding="utf-8")
            aside.replace(path)
            aside_sidecar.replace(sidecar)
        finally:
            aside.unlink(missing_ok=True)
            aside_sidecar.unlink(missing_ok=True)
        written += [path, sidecar]
    return written


def _see_it_is_the_same(sidecar: Path, settings: dict[str, Any]) -> None:
    """Never put a data set in the place of another one: a folder would then hold splits that do not belong together."""
    try:
        held = json.loads(sidecar.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    other = {key: held[key] for key, value in settings.items() if key in held and held[key] != value}
    if other:
        said = ", ".join(f"{key}={value!r} (now {settings[key]!r})" for key, value in other.items())
        raise BadSpec(f"{sidecar.parent} holds another data set under this name: {said}; give another folder (out=…, --out), or remove it")


def _sidecar(task: Task, dataset: Dataset, n: int) -> dict[str, Any]:
    spec = task.spec
    return {
        "task": spec.name,
        "split": dataset.split,
        "examples": n,
        "left_out": len(dataset._index.dropped_rows),
        **dataset.settings,
        "fingerprint": dataset.fingerprint,
        "release": task.store.release,
        "simulated": task.store.simulated,
        "assembly": spec.assembly,
        "genome_digest": task.store.sequence_digest(spec),
        "label": spec.label.model_dump(exclude_none=True),
        "label_shape": list(dataset.label_shape),
        "licence": spec.licence,
        "citation": spec.citation,
        "exported": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _parquet(dataset: Dataset, batches: Any, path: Path, say: Callable[[str], None]) -> int:
    schema = _table(dataset, dataset.empty_batch("text")).schema
    n = 0
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        for batch in batches:
            writer.write_table(_table(dataset, batch))
            n += len(batch["example_id"])
            say(f"{n:,} examples")
    return n


def _table(dataset: Dataset, batch: dict[str, Any]) -> pa.Table:
    """Write a batch as columns: labels as lists, and what members have as lists of it."""
    # By declared dtype, not by what a batch happens to hold: one with a missing value, or empty, has the type of its neighbours.
    types = {key: pa.string() if emit.dtype == "str" else pa.from_numpy_dtype(emit.dtype) for key, emit in dataset.spec.emits.items()}
    types |= dict.fromkeys(["example_id", "ref_check", *KINDS[dataset.spec.kind].sequences], pa.string())
    columns = {}
    offsets = batch.pop("member_offsets", None)
    for key, value in batch.items():
        if isinstance(value, np.ndarray) and value.ndim > 1:
            width = math.prod(value.shape[1:])
            flat = pa.array(value.reshape(-1))
            ends = np.arange(len(value) + 1, dtype=np.int32) * width
            columns[key] = pa.ListArray.from_arrays(pa.array(ends), flat)
        else:
            columns[key] = pa.array(value, types.get(key))
        if key in dataset.member_keys:
            columns[key] = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), columns[key])
    return pa.table(columns)


def _jsonl(dataset: Dataset, batches: Any, path: Path, say: Callable[[str], None]) -> int:
    n = 0
    with path.open("w", encoding="utf-8") as handle:
        for batch in batches:
            for example in dataset.unbatch(batch):
                handle.write(json.dumps({key: _plain(value) for key, value in example.items()}) + "\n")
            n += len(batch["example_id"])
            say(f"{n:,} examples")
    return n


def _fasta(dataset: Dataset, batches: Any, path: Path, say: Callable[[str], None]) -> int:
    """Write ``>id``, ``>id|ref``, ``>id|wild_type``; of a combination ``>id|ref|1`` and on, one for each member."""
    n, keys = 0, KINDS[dataset.spec.kind].sequences
    what = {key: re.sub("(_forward)?_?sequences?$", "", key) for key in keys}
    with path.open("w", encoding="ascii") as handle:
        for batch in batches:
            for example in dataset.unbatch(batch):
                for key in keys:
                    name = example["example_id"] + (f"|{what[key]}" if what[key] else "")
                    given = example[key]
                    named = [(name, given)] if isinstance(given, str) else [(f"{name}|{i}", one) for i, one in enumerate(given, 1)]
                    handle.writelines(f">{head}\n{sequence}\n" for head, sequence in named)
            n += len(batch["example_id"])
            say(f"{n:,} examples")
    return n
