"""Predictions that a provider publishes beside its data: rows of ``prediction``, and what stands once for their file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lrbstore.contract import contract
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job

_CHUNK = 10_000  #: Upstream rows at a time: each may be the prediction of a dozen examples.


@dataclass(frozen=True)
class Predictor:
    """A model, and how a file's predictions were made with it.

    Attributes:
        task: The task that the predictions are of.
        model, title, reference: The model, see table ``model``.
        model_about: What kind of model it is.
        predictor, about: The way of predicting, see table ``predictor``.
        window, seq_len: Of the windows that were predicted from; None where the provider does not say.
    """

    task: str
    model: str
    title: str
    model_about: str
    reference: str
    predictor: str
    about: str
    window: str | None = None
    seq_len: int | None = None


def load_predictions(job: Job, sql: str, predictor: Predictor) -> None:
    """Load a file of predictions by rows.

    Args:
        job: The file's job.
        sql: Name of a SQL file of the source's folder: a select over ``typed`` and ``file`` (which has ``task``, ``model`` and
            ``predictor``) that gives the columns of ``prediction``.
        predictor: What the predictions are; goes to the tables ``predictor`` and ``model``.
    """
    path = job.unit.path
    text = (job.spec.folder / sql).read_text(encoding="utf-8")
    constants = {"task": predictor.task, "model": predictor.model, "predictor": predictor.predictor}
    file = job.read(path)
    n = 0
    for rows in in_chunks(file.batches(), _CHUNK):
        job.rows_in(path, rows.num_rows)
        job.typed(rows)
        kept = job.canonical(text, "prediction", constants)
        job.write("prediction", kept)
        n += kept.num_rows
        job.run.say(f"{path.name}: {n:,} predictions")
    job.rows_in(path, len(file.bad))
    job.reject(path, file.bad)
    if not n:
        return
    told = {"source": job.spec.name, "source_version": job.unit.version, "source_file": path.name, "source_line": None}
    more = {"about": predictor.about, "window": predictor.window, "seq_len": predictor.seq_len, "n": n}
    model = {"model": predictor.model, "title": predictor.title, "about": predictor.model_about, "reference": predictor.reference}
    for table, row in (("predictor", {**constants, **more, **told}), ("model", {**model, **told})):
        job.write(table, pa.Table.from_pylist([row], schema=contract(table).schema))
