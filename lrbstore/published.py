"""Published scores beside computed ones: rows of table ``published_score`` in the columns of ``score``, told apart by ``origin``.

They stand on rows, splits and training of their own, which their notes say as far as it is known; so they enter no rank and no difference.
"""

from __future__ import annotations

import polars as pl

from lrbstore.contract import contract, quote
from lrbstore.errors import MissingData
from lrbstore.scoring import score_table
from lrbstore.store import Store

SOURCE = "utr3_published_scores"  #: The source that brings published scores; it needs no path.


def published(store: Store, task: str) -> pl.DataFrame:
    """Read the published scores of a task.

    Args:
        store: The store.
        task: Name of the task.

    Returns:
        Columns of table ``score``, ``origin`` being ``published``, in the provider's order. What was not published is null: the split,
        mostly ``n``, and the interval where no half-width was; ``release`` is the store's, whose copy it is.

    Raises:
        MissingData: If the store has no published scores of any task.
    """
    if not store.sql("select 1 from published_score limit 1").fetchall():
        raise MissingData(
            f"the store at {store.path} has no published scores; they come along with lrbstore, run: "
            f"lrbstore ingest {SOURCE} --store {store.path}"
        )
    said = set(contract("published_score").schema.names)
    columns = ", ".join(quote(c.name) for c in contract("score").columns if c.name in said)
    rows = store.sql(f"select {columns} from published_score where task = $task order by source_file, source_line", {"task": task}).pl()
    return score_table([{**row, "release": store.release} for row in rows.to_dicts()])


def beside(scores: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Put published scores under computed ones of the same metric, stratifier and stratum.

    Args:
        scores: Columns of table ``score``, and perhaps more, which are null in published rows.
        rows: As :func:`published` gives them.

    Returns:
        ``scores``, then the published rows in the order of their metrics and strata there; those of others are left out.
    """
    keys = ["metric", "stratifier", "stratum"]
    places = scores.select(keys).unique(maintain_order=True).with_row_index("place")
    own = rows.join(places, on=keys, nulls_equal=True, maintain_order="left").sort("place", maintain_order=True).drop("place")
    return pl.concat([scores, own], how="diagonal")
