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


# ── strata ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

ROW = 30  #: Height of a row of a map, in pixels.
_ENDS = (COLOURS[1], "#F7F7F7", COLOURS[4])  #: Orange below, blue above; dark text is read on all of it.


def _told(frame: pl.DataFrame) -> list[str]:
    """Name the columns that a tooltip shows: all that hold anything, less what is drawn as words."""
    return [name for name in frame.columns if name != "said" and frame[name].null_count() < frame.height]


def counts_map(frame: pl.DataFrame, *, x: str, y: str, x_order: Sequence[str], y_order: Sequence[str]) -> Any:
    """Draw how many examples there are in pairs of strata, with the number in each cell; grey where there are too few.

    Args:
        frame: Columns ``x``, ``y``, ``n``, ``note``; further ones are in the tooltip.
        x: Column of strata that stand side by side.
        y: Column of strata that stand one below the other.
        x_order: Their order.
        y_order: Likewise.
    """
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:N", sort=list(x_order), title=None, axis=alt.Axis(orient="top", labelAngle=-45, labelLimit=110)),
        y=alt.Y(f"{y}:N", sort=list(y_order), title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=_told(frame),
    )
    few = alt.FieldOneOfPredicate(field="n", oneOf=[0])
    cells = base.mark_rect(stroke="white").encode(
        color=alt.condition(few, alt.value("#F4F4F4"), alt.Color("n:Q", scale=alt.Scale(range=["#EAF4FB", COLOURS[4]]), legend=None))
    )
    grey = alt.expr.isValid(alt.datum.note)
    words = base.mark_text(fontSize=11).encode(
        text=alt.Text("n:Q", format=","), color=alt.condition(grey, alt.value("#767676"), alt.value("#111"))
    )
    return (cells + words).properties(width="container", height={"step": ROW})


def counts_bars(frame: pl.DataFrame, *, y: str, order: Sequence[str]) -> Any:
    """Draw how many examples there are in each stratum, with the number at each bar; grey where there are too few.

    Args:
        frame: Columns ``y``, ``n``, ``note``; further ones are in the tooltip.
        y: Column of strata.
        order: Their order.
    """
    return _bars_with_words(frame.with_columns(said=pl.col("n").map_elements("{:,}".format, pl.String)), "n", y, order, "examples")


def share_bars(frame: pl.DataFrame, *, y: str, order: Sequence[str], title: str) -> Any:
    """Draw the share of positives of each stratum, with n; grey where there are too few.

    Args:
        frame: Columns ``y``, ``share``, ``n``, ``note``; further ones are in the tooltip.
        y: Column of strata.
        order: Their order.
        title: What the positives are.
    """
    said = pl.concat_str(
        (pl.col("share") * 100).map_elements("{:.1f} %".format, pl.String),
        pl.lit("  n "),
        pl.col("n").map_elements("{:,}".format, pl.String),
    )
    return _bars_with_words(frame.with_columns(said=said.fill_null("no examples")), "share", y, order, title, alt.Scale(domain=[0, 1.25]))


def _bars_with_words(frame: pl.DataFrame, x: str, y: str, order: Sequence[str], title: str, scale: Any = alt.Undefined) -> Any:
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:Q", title=title, scale=scale, axis=alt.Axis(format="~%" if x == "share" else "~s", tickCount=4, values=_shares(x))),
        y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=_told(frame),
    )
    grey = alt.expr.isValid(alt.datum.note)
    bar = base.mark_bar().encode(color=alt.condition(grey, alt.value(GREY), alt.value(COLOURS[4])))
    words = base.mark_text(align="left", dx=4, fontSize=11).encode(text="said:N")
    return (bar + words).properties(width="container", height={"step": 24})


def _shares(x: str) -> Any:
    return [0, 0.25, 0.5, 0.75, 1] if x == "share" else alt.Undefined


def class_bars(frame: pl.DataFrame, *, y: str, order: Sequence[str], classes: Sequence[str]) -> Any:
    """Draw the shares of several classes in each stratum.

    Args:
        frame: Columns ``y``, ``class``, ``share``, ``n_class``, ``n``.
        y: Column of strata.
        order: Their order.
        classes: Of the label, in its order.
    """
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of examples", axis=alt.Axis(format="~%"), scale=alt.Scale(domain=[0, 1])),
            y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=150)),
            color=alt.Color(
                "class:N",
                sort=list(classes),
                scale=alt.Scale(range=list(COLOURS)),
                legend=alt.Legend(orient="bottom", columns=2, title=None),
            ),
            tooltip=_told(frame),
        )
        .properties(width="container", height={"step": 24})
    )


def boxes(frame: pl.DataFrame, *, y: str, order: Sequence[str], title: str) -> Any:
    """Draw how numbers lie in each stratum: the middle half as a box with its median, 5 % to 95 % as a line.

    Args:
        frame: Columns ``y``, ``q05``, ``q25``, ``median``, ``q75``, ``q95``, ``n``, ``note``.
        y: Column of strata.
        order: Their order.
        title: What the numbers are.
    """
    grey = alt.expr.isValid(alt.datum.note)
    base = alt.Chart(frame).encode(
        y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=150)), tooltip=_told(frame)
    )
    line = base.mark_rule(color="#666").encode(x=alt.X("q05:Q", title=title, scale=alt.Scale(zero=False)), x2="q95:Q")
    box = base.mark_bar(size=13).encode(x="q25:Q", x2="q75:Q", color=alt.condition(grey, alt.value(GREY), alt.value(COLOURS[4])))
    middle = base.mark_tick(color="#111", thickness=2, size=13).encode(x="median:Q")
    return (line + box + middle).properties(width="container", height={"step": 24})


def waterfall(frame: pl.DataFrame) -> Any:
    """Draw an account: where it begins, what each step takes away, what is left.

    Args:
        frame: Columns ``step``, ``n`` (what a step takes is below 0), ``meaning``, in order; the first and the last are totals.
    """
    n = frame["n"].to_list()
    ends = [n[0]]
    for one in n[1:-1]:
        ends.append(ends[-1] + one)
    ends.append(n[-1])
    starts = [0, *(ends[:-2] if len(n) > 2 else []), 0]
    shown = frame.with_columns(
        start=pl.Series(starts, dtype=pl.Int64),
        end=pl.Series(ends, dtype=pl.Int64),
        is_total=pl.Series([True, *[False] * (len(n) - 2), True]),
        said=pl.Series([f"{one:,}".replace("-", "−") for one in n]),
    )
    shown = shown.with_columns(right=pl.max_horizontal("start", "end"))
    base = alt.Chart(shown).encode(
        y=alt.Y("step:N", sort=frame["step"].to_list(), title=None, axis=alt.Axis(labelLimit=190)), tooltip=["step", "n", "meaning"]
    )
    scale = alt.Scale(domain=[0, max(ends) * 1.15 or 1])
    bar = base.mark_bar().encode(
        x=alt.X("start:Q", title="rows", scale=scale, axis=alt.Axis(format="~s", tickCount=5)),
        x2="end:Q",
        color=alt.condition(alt.datum.is_total, alt.value(COLOURS[4]), alt.value(COLOURS[1])),
    )
    words = base.mark_text(align="left", dx=4, fontSize=11).encode(x=alt.X("right:Q", scale=scale), text="said:N")
    return (bar + words).properties(width="container", height={"step": 28})
