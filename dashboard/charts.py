"""Charts: pure functions from a frame to an Altair chart. Colours can be told apart by readers of every kind of colour vision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lrbstore.dashboard.launch import COLOURS

alt.data_transformers.disable_max_rows()  # what is drawn is an aggregate, and the desk bounds it
GREY = "#B8B8B8"  #: What rests on too few examples to be read.


def bars(
    frame: pl.DataFrame,
    *,
    x: str,
    y: str,
    colour: str | None = None,
    x_title: str | None = None,
    log: bool = False,
    order: Sequence[str] | None = None,
) -> Any:
    """Draw bars that lie, longest first: one for each value of ``y``, stacked by ``colour``.

    Args:
        frame: One row for each bar or part of one.
        x: Column of numbers.
        y: Column of names.
        colour: Column of parts.
        x_title: What the numbers are.
        log: On a logarithmic scale; parts then lie beside each other.
        order: Names in their own order, in place of the longest first.
    """
    sort: Any = list(order) if order is not None else "-x"
    encoding: dict[str, Any] = {
        "x": alt.X(f"{x}:Q", title=x_title or x, scale=alt.Scale(type="symlog") if log else alt.Undefined, axis=alt.Axis(format="~s")),
        "y": alt.Y(f"{y}:N", title=None, sort=sort, axis=alt.Axis(labelLimit=220)),
        "tooltip": list(frame.columns),
    }
    if colour:
        encoding["color"] = alt.Color(
            f"{colour}:N", scale=alt.Scale(range=list(COLOURS)), legend=alt.Legend(orient="bottom", columns=2, labelLimit=160, title=None)
        )
        if log:
            encoding["yOffset"] = f"{colour}:N"
    mark = alt.Chart(frame).mark_bar() if colour else alt.Chart(frame).mark_bar(color=COLOURS[0])
    return mark.encode(**encoding).properties(width="container")
