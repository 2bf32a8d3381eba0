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
    base = alt.Chart(frame).encode(y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=150)), tooltip=_told(frame))
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


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


_IN_LINES = "split(replace(datum.label, ', published', ' over published'), ' over ')"  # long names stand on two lines
_PLACES = alt.Axis(labelLimit=130, labelExpr=_IN_LINES)
_PLACES_RULED = alt.Axis(labelLimit=130, labelExpr=_IN_LINES, grid=True, bandPosition=0)


def _cell_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Write what stands in a cell of a map of scores: the number with n below it, or why there is none."""
    n = pl.when(pl.col("n").is_null()).then(pl.lit("n ?")).otherwise(pl.format("n {}", pl.col("n").map_elements("{:,}".format, pl.String)))
    why = pl.col("note").fill_null("").str.split(";").list.first().str.split(":").list.first().str.replace(" only", "")
    return frame.with_columns(
        said=pl.when(pl.col("value").is_null())
        .then(pl.lit("undefined:"))
        .otherwise(pl.col("value").map_elements("{:.3f}".format, pl.String)),
        below=pl.when(pl.col("value").is_null()).then(pl.format("{}, {}", why, n)).otherwise(n),
    )


def scores_map(frame: pl.DataFrame, *, order: Sequence[str], names: Sequence[str], title: str, lower_is_better: bool) -> Any:
    """Draw models side by side over strata: coloured from what the metric is by chance (white), grey where there are too few.

    Args:
        frame: Columns ``name``, ``place``, ``value``, ``n``, ``above_chance``, ``state``, ``note``; further ones are in the tooltip.
        order: Places, in their order.
        names: Models, in their order.
        title: What the colours are.
        lower_is_better: Whether blue is on the low side.
    """
    has_chance = frame["above_chance"].null_count() < frame.height
    colour = "above_chance" if has_chance else "value"
    held = frame.filter(pl.col("state") == "scored")[colour].drop_nulls().to_list()
    ends = list(_ENDS[::-1] if lower_is_better else _ENDS)
    if has_chance:
        far = max([abs(one) for one in held] or [1.0]) or 1.0
        scale = alt.Scale(domain=[-far, 0, far], range=ends, interpolate="lab")
    else:
        scale = alt.Scale(range=["#F7F7F7", ends[2]] if not lower_is_better else [ends[0], "#F7F7F7"])
    told = ["name", "place", "value", "chance", "ci_low", "ci_high", "n", "n_pos", "n_neg", "n_missing", "origin", "note"]
    # What is longer stands below each other, so that cells stay wide.
    above, beside = (("name", names), ("place", order)) if len(names) <= len(order) else (("place", order), ("name", names))
    slanted = alt.Axis(orient="top", labelAngle=-50, labelLimit=130, labelOverlap=False, labelExpr=_IN_LINES)
    base = alt.Chart(_cell_words(frame)).encode(
        x=alt.X(f"{above[0]}:N", sort=list(above[1]), title=None, axis=slanted),
        y=alt.Y(f"{beside[0]}:N", sort=list(beside[1]), title=None, axis=_PLACES),
        tooltip=[one for one in told if one in _told(frame)],
    )
    is_scored = alt.datum.state == "scored"
    cells = base.mark_rect(stroke="white", invalid=None).encode(
        color=alt.condition(
            is_scored,
            alt.Color(
                f"{colour}:Q", scale=scale, legend=alt.Legend(orient="bottom", title=title, titleLimit=300, format=".2~f", tickCount=4)
            ),
            alt.value("#E4E4E4"),
        )
    )
    ink = alt.condition(is_scored, alt.value("#111"), alt.value("#666"))
    value = base.mark_text(fontSize=12, dy=-6).encode(text="said:N", color=ink)
    below = base.mark_text(fontSize=10, dy=7, limit=110).encode(text="below:N", color=ink)
    return (cells + value + below).properties(width="container", height={"step": 34})


def forest(frame: pl.DataFrame, *, order: Sequence[str], names: Sequence[str], title: str) -> Any:
    """Draw scores with their intervals, a row for each model within each stratum; a black tick is what the metric is by chance.

    Args:
        frame: Columns ``name``, ``place``, ``value``, ``ci_low``, ``ci_high``, ``chance``, ``n``, ``state``, ``note``.
        order: Places, in their order.
        names: Models, in their order.
        title: Of the metric.
    """
    shown = frame.filter(pl.col("value").is_not_null())
    told = [one for one in ("name", "place", "value", "ci_low", "ci_high", "ci_method", "n", "chance", "note") if one in _told(shown)]
    if len(names) <= len(COLOURS):
        y = {"y": alt.Y("place:N", sort=list(order), title=None, axis=_PLACES_RULED), "yOffset": alt.YOffset("name:N", sort=list(names))}
        by, domain = "name", list(names)
    else:  # more than there are colours: each row has its name
        shown = shown.with_columns(row=pl.format("{}: {}", "place", "name"))
        rows = [f"{place}: {name}" for place in order for name in names]
        y = {"y": alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelLimit=190))}
        by, domain = "origin", ["computed", "published"]
    base = alt.Chart(shown).encode(tooltip=told, **y)
    hue = alt.Color(
        f"{by}:N",
        sort=domain,
        scale=alt.Scale(domain=domain, range=list(COLOURS[: len(domain)])),
        legend=alt.Legend(orient="bottom", columns=2, title=None, labelLimit=160),
    )
    ink = alt.condition(alt.datum.state == "scored", hue, alt.value(GREY))
    scale = alt.Scale(zero=False, nice=True)
    lines = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ci_low:Q", title=title, scale=scale), x2="ci_high:Q", color=ink)
    points = base.mark_point(filled=True, size=45, opacity=1).encode(x=alt.X("value:Q", title=title, scale=scale), color=ink)
    ticks = base.mark_tick(color="#111", thickness=1.5, size=12).encode(x=alt.X("chance:Q", title=title, scale=scale))
    return (ticks + lines + points).properties(width="container", height={"step": 14, "for": "offset"} if by == "name" else {"step": 15})


def differences(frame: pl.DataFrame, *, order: Sequence[str], title: str) -> Any:
    """Draw paired differences with their intervals beside 0, the adjusted p written at each; grey where there are too few.

    Args:
        frame: Columns ``place``, ``difference``, ``ci_low``, ``ci_high``, ``p_holm``, ``n``, ``note``.
        order: Places, in their order.
        title: What is less what.
    """
    shown = frame.filter(pl.col("difference").is_not_null()).with_columns(
        said=pl.when(pl.col("p_holm").is_null())
        .then(pl.format("no p, n {}", "n"))
        .otherwise(pl.format("p {}, n {}", pl.col("p_holm").map_elements("{:.2g}".format, pl.String), "n")),
        edge=pl.max_horizontal("difference", "ci_high"),
        is_few=pl.col("note").fill_null("").str.contains("too_few"),
    )
    base = alt.Chart(shown).encode(
        y=alt.Y("place:N", sort=list(order), title=None, axis=_PLACES),
        tooltip=[c for c in _told(shown) if c not in {"edge", "is_few"}],
    )
    ink = alt.condition(alt.datum.is_few, alt.value(GREY), alt.value(COLOURS[0]))
    lines = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ci_low:Q", title=title), x2="ci_high:Q", color=ink)
    points = base.mark_point(filled=True, size=50, opacity=1).encode(x="difference:Q", color=ink)
    words = base.mark_text(align="left", dx=6, fontSize=10).encode(x="edge:Q", text="said:N")
    zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(color="#111", strokeDash=[4, 3]).encode(x="x:Q")
    return (zero + lines + points + words).properties(width="container", height={"step": 24})
