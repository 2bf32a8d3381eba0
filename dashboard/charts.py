"""Charts: pure functions from a frame to an Altair chart. Colours can be told apart by readers of every kind of colour vision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lrbstore.dashboard.launch import COLOURS

alt.data_transformers.disable_max_rows()  # what is drawn is an aggregate, and the desk bounds it
GREY = "#B8B8B8"  #: What rests on too few examples to be read.


def bars(frame: pl.DataFrame, *, x: str, y: str, x_title: str, log: bool = False, order: Sequence[str] | None = None) -> Any:
    """Draw bars that lie, longest first, with their numbers at their ends.

    Args:
        frame: One row for each bar; its other columns stand in the tooltip.
        x: Column of numbers.
        y: Column of names.
        x_title: What the numbers are.
        log: On a logarithmic scale (symmetric, so that 0 has a place).
        order: Names in their own order, in place of the longest first.
    """
    sort: Any = list(order) if order is not None else "-x"
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:Q", title=x_title, scale=alt.Scale(type="symlog") if log else alt.Undefined, axis=alt.Axis(format="~s", grid=False)),
        y=alt.Y(f"{y}:N", title=None, sort=sort, axis=alt.Axis(labelLimit=220)),
        tooltip=list(frame.columns),
    )
    numbers = base.mark_text(align="left", dx=4).encode(text=alt.Text(f"{x}:Q", format=",~f"))
    return (base.mark_bar(color=COLOURS[0]) + numbers).properties(width="container", height=alt.Step(22))
