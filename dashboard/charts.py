"""Charts: pure functions from a frame to an Altair chart. Colours can be told apart by readers of every kind of colour vision."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from lrbstore.dashboard.launch import COLOURS

alt.data_transformers.disable_max_rows()  # what is drawn is an aggregate, and the desk bounds it
GREY = "#B8B8B8"  #: What rests on too few examples to be read.

# Names break into lines of 26 letters, where they have a line's end, a space or else a slash; a longer word stays whole, up to the limit.
_IN_LINES = "split(trim(replace(datum.label, regexp('(.{1,26}(?= |$)|.{0,25}/)[ \\\\n]*', 'gm'), '$1\\n')), '\\n')"
_IS_LONG = f"length({_IN_LINES}) > 1"
_ROOM = "bandwidth('x')"  # Pixels of a column, which follow the screen's width.


def _baseline(level: str = "false") -> Any:
    """Set several lines about the middle, which Vega's own baseline gives to the first of them."""
    return alt.condition(f"{level} || {_IS_LONG}", alt.value("bottom"), alt.value("middle"))


def _names(limit: int, **more: Any) -> Any:
    """Write names beside rows, all of them."""
    return alt.Axis(labelFlush=False, labelLimit=limit, labelExpr=_IN_LINES, labelBaseline=_baseline(), labelOverlap=False, **more)


def _heads() -> Any:
    """Write names above columns: level where there is room, else upright, so that none runs into its neighbour or off the chart."""
    level = f"{_ROOM} > 84"
    return alt.Axis(
        orient="top",
        labelExpr=_IN_LINES,
        labelOverlap=False,
        labelLimit=alt.ExprRef(f"{level} ? {_ROOM} : 130"),
        labelAngle=alt.ExprRef(f"{level} ? 0 : -90"),
        labelAlign=alt.ExprRef(f"{level} ? 'center' : 'left'"),
        labelBaseline=_baseline(level),
    )


def _step(names: Sequence[str], least: int = 24) -> Any:
    """Give rows the height that their names take, in lines of 26 letters."""
    lines = max((-(-len(name or "") // 26) for name in names), default=1)
    return alt.Step(max(least, 14 * lines + 4))


def _title(text: str) -> list[str]:
    """Break a title into lines that a narrow screen holds."""
    return textwrap.wrap(text, 32, break_long_words=False)


def _with_words(largest: int) -> Any:
    """Leave room for words behind the ends of bars, at every width of the screen: so many pixels a letter."""
    return [0, alt.ExprRef(f"max(width - {6 * largest + 10}, 40)")]


def _in_cells(size: int) -> Any:
    """Write in cells: smaller where columns are narrow, and not at all where not even that can be read."""
    return {
        "fontSize": alt.ExprRef(f"clamp({_ROOM} / 2.9, 7, {size})"),
        "opacity": alt.ExprRef(f"{_ROOM} < 22 ? 0 : 1"),
    }


def _legend(names: Sequence[str], **more: Any) -> Any:
    """Explain colours below a chart, long names one below the other."""
    columns = 2 if max(map(len, names), default=0) <= 14 else 1
    return alt.Legend(orient="bottom", columns=columns, title=None, labelLimit=230, **more)


def bars(frame: pl.DataFrame, *, x: str, y: str, x_title: str, order: Sequence[str] | None = None) -> Any:
    """Draw bars that lie, longest first, with their numbers at their ends.

    Args:
        frame: One row for each bar; its other columns stand in the tooltip.
        x: Column of numbers.
        y: Column of names.
        x_title: What the numbers are.
        order: Names in their own order, in place of the longest first.
    """
    sort = list(order) if order is not None else frame.sort(x, descending=True, maintain_order=True)[y].to_list()
    whole = frame[x].dtype.is_integer()
    form = "," if whole else ",.2f"
    room = alt.Scale(range=_with_words(max((len(format(one, form)) for one in frame[x].drop_nulls()), default=1)))
    base = alt.Chart(frame).encode(
        x=alt.X(f"{x}:Q", title=_title(x_title), scale=room, axis=alt.Axis(format="~s", grid=False)),
        y=alt.Y(f"{y}:N", title=None, sort=sort, axis=_names(220)),
        tooltip=list(frame.columns),
    )
    numbers = (
        base.mark_text(align="left", dx=4)
        .transform_calculate(end=f"max(0, datum['{x}'])")  # beside the bar, of numbers below 0 too
        .encode(x="end:Q", text=alt.Text(f"{x}:Q", format=form))
    )
    return (base.mark_bar(color=COLOURS[0]) + numbers).properties(width="container", height=_step(sort))


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
        x=alt.X(f"{x}:N", sort=list(x_order), title=None, axis=_heads()),
        y=alt.Y(f"{y}:N", sort=list(y_order), title=None, axis=_names(150)),
        tooltip=_told(frame),
    )
    blue = alt.Color("n:Q", scale=alt.Scale(range=["#EAF4FB", COLOURS[4]]), legend=None)
    grey = alt.expr.isValid(alt.datum.note)
    cells = base.mark_rect(stroke="white").encode(color=alt.condition(grey, alt.value("#E4E4E4"), blue))
    words = base.mark_text(**_in_cells(11)).encode(text=alt.Text("n:Q", format=","), color=alt.value("#111"))
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
    return _bars_with_words(frame.with_columns(said=said.fill_null("no examples")), "share", y, order, title)


def _bars_with_words(frame: pl.DataFrame, x: str, y: str, order: Sequence[str], title: str) -> Any:
    room = _with_words(max((len(one) for one in frame["said"]), default=1))
    scale = alt.Scale(range=room, domain=[0, 1] if x == "share" else alt.Undefined)
    base = alt.Chart(frame).encode(
        x=alt.X(
            f"{x}:Q", title=_title(title), scale=scale, axis=alt.Axis(format="~%" if x == "share" else "~s", tickCount=4, values=_shares(x))
        ),
        y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=_names(150)),
        tooltip=_told(frame),
    )
    grey = alt.expr.isValid(alt.datum.note)
    bar = base.mark_bar().encode(color=alt.condition(grey, alt.value(GREY), alt.value(COLOURS[4])))
    words = base.mark_text(align="left", dx=4, fontSize=11).encode(text="said:N")
    return (bar + words).properties(width="container", height=_step(order))


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
            y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=_names(150)),
            color=alt.Color(
                "class:N",
                sort=list(classes),
                scale=alt.Scale(range=list(COLOURS)),
                legend=_legend(classes),
            ),
            tooltip=_told(frame),
        )
        .properties(width="container", height=_step(order))
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
    base = alt.Chart(frame).encode(y=alt.Y(f"{y}:N", sort=list(order), title=None, axis=_names(150)), tooltip=_told(frame))
    line = base.mark_rule(color="#666").encode(
        x=alt.X("q05:Q", title=_title(title), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5)), x2="q95:Q"
    )
    box = base.mark_bar(size=13).encode(x="q25:Q", x2="q75:Q", color=alt.condition(grey, alt.value(GREY), alt.value(COLOURS[4])))
    middle = base.mark_tick(color="#111", thickness=2, size=13).encode(x="median:Q")
    return (line + box + middle).properties(width="container", height=_step(order))


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
        y=alt.Y("step:N", sort=frame["step"].to_list(), title=None, axis=_names(190)),
        tooltip=["step", "n", "meaning"],
    )
    scale = alt.Scale(domain=[0, max(ends) or 1], range=_with_words(max(map(len, shown["said"]))))
    bar = base.mark_bar().encode(
        x=alt.X("start:Q", title="rows", scale=scale, axis=alt.Axis(format="~s", tickCount=5)),
        x2="end:Q",
        color=alt.condition(alt.datum.is_total, alt.value(COLOURS[4]), alt.value(COLOURS[1])),
    )
    words = base.mark_text(align="left", dx=4, fontSize=11).encode(x=alt.X("right:Q", scale=scale), text="said:N")
    return (bar + words).properties(width="container", height={"step": 28})


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    base = alt.Chart(_cell_words(frame)).encode(
        x=alt.X(f"{above[0]}:N", sort=list(above[1]), title=None, axis=_heads()),
        y=alt.Y(f"{beside[0]}:N", sort=list(beside[1]), title=None, axis=_names(150)),
        tooltip=[one for one in told if one in _told(frame)],
    )
    is_scored = alt.datum.state == "scored"
    cells = base.mark_rect(stroke="white", invalid=None).encode(
        color=alt.condition(
            is_scored,
            alt.Color(
                f"{colour}:Q",
                scale=scale,
                legend=alt.Legend(orient="bottom", title=_title(title), titleLimit=260, format=".2~f", tickCount=4),
            ),
            alt.value("#E4E4E4"),
        )
    )
    ink = alt.condition(is_scored, alt.value("#111"), alt.value("#666"))
    below_too = f"{_ROOM} >= 40"
    value = base.mark_text(**_in_cells(12), dy=alt.ExprRef(f"{below_too} ? -6 : 0")).encode(text="said:N", color=ink)
    below = base.mark_text(fontSize=10, dy=7, limit=alt.ExprRef(f"min({_ROOM}, 110)"), opacity=alt.ExprRef(f"{below_too} ? 1 : 0")).encode(
        text="below:N", color=ink
    )
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
        ruled = _names(150, grid=True, bandPosition=0)
        y = {"y": alt.Y("place:N", sort=list(order), title=None, axis=ruled), "yOffset": alt.YOffset("name:N", sort=list(names))}
        by, domain = "name", list(names)
    else:  # more than there are colours: each row has its name, below that of the stratum
        shown = shown.with_columns(row=pl.format("{}\n{}", "place", pl.col("name").str.strip_suffix(", published")))
        there = set(shown["row"].to_list())
        named = [name.removesuffix(", published") for name in names]
        rows = [
            row for place in order for row in (f"{place}\n", *(f"{place}\n{name}" for name in named)) if row in there or row[-1] == "\n"
        ]
        axis = alt.Axis(
            labelFlush=False,
            labelLimit=165,
            labelOverlap=False,
            labelExpr="split(datum.label, '\\n')[1] || split(datum.label, '\\n')[0]",
            labelFontWeight=alt.condition("indexof(datum.label, '\\n') == length(datum.label) - 1", alt.value("bold"), alt.value("normal")),
        )
        y = {"y": alt.Y("row:N", sort=rows, title=None, scale=alt.Scale(domain=rows), axis=axis)}
        by, domain = "origin", ["computed", "published"]
    base = alt.Chart(shown).encode(tooltip=told, **y)
    hue = alt.Color(
        f"{by}:N",
        sort=domain,
        scale=alt.Scale(domain=domain, range=list(COLOURS[: len(domain)])),
        legend=_legend(domain),
    )
    ink = alt.condition(alt.datum.state == "scored", hue, alt.value(GREY))
    x = {"title": _title(title), "scale": alt.Scale(zero=False, nice=True), "axis": alt.Axis(tickCount=6)}
    lines = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ci_low:Q", **x), x2="ci_high:Q", color=ink)
    points = base.mark_point(filled=True, size=45, opacity=1).encode(x=alt.X("value:Q", **x), color=ink)
    ticks = base.mark_tick(color="#111", thickness=1.5, size=12).encode(x=alt.X("chance:Q", **x))
    steps = {"step": max(14, 34 // max(len(names), 1)), "for": "offset"} if by == "name" else {"step": 15}  # two lines of a name have room
    return (ticks + lines + points).properties(width="container", height=steps)


def differences(frame: pl.DataFrame, *, order: Sequence[str], title: str) -> Any:
    """Draw paired differences with their intervals beside 0, the adjusted p below each name; grey where there are too few.

    Args:
        frame: Columns ``place``, ``difference``, ``ci_low``, ``ci_high``, ``p_holm``, ``n``, ``note``.
        order: Places, in their order.
        title: What is less what.
    """
    p = pl.col("p_holm").map_elements("{:.2g}".format, pl.String)
    n = pl.col("n").map_elements("{:,}".format, pl.String)
    shown = frame.filter(pl.col("difference").is_not_null()).with_columns(
        row=pl.format("{}\n{}, n {}", "place", pl.when(pl.col("p_holm").is_null()).then(pl.lit("no p")).otherwise(pl.format("p {}", p)), n),
        is_few=pl.col("note").fill_null("").str.contains("too_few"),
    )
    of = dict(zip(shown["place"].to_list(), shown["row"].to_list(), strict=True))
    base = alt.Chart(shown).encode(
        y=alt.Y("row:N", sort=[of[place] for place in order if place in of], title=None, axis=_names(150, grid=True)),
        tooltip=[c for c in _told(shown) if c not in {"row", "is_few"}],
    )
    ink = alt.condition(alt.datum.is_few, alt.value(GREY), alt.value(COLOURS[0]))
    x = {"title": _title(title), "axis": alt.Axis(tickCount=5)}
    lines = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("ci_low:Q", **x), x2="ci_high:Q", color=ink)
    points = base.mark_point(filled=True, size=50, opacity=1).encode(x=alt.X("difference:Q", **x), color=ink)
    zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(color="#111", strokeDash=[4, 3]).encode(x=alt.X("x:Q", **x))
    return (zero + lines + points).properties(width="container", height={"step": 36})


def tie_groups(frame: pl.DataFrame, *, order: Sequence[str], names: Sequence[str]) -> Any:
    """Draw which models cannot be told apart: the number of a model's group in each stratum, the best's group coloured.

    Args:
        frame: Columns ``place``, ``name``, ``tie_group`` (null: undefined), ``n``, ``value``, ``note``.
        order: Places, in their order.
        names: Models, in their order.
    """
    above, beside = (("name", names), ("place", order)) if len(names) <= len(order) else (("place", order), ("name", names))
    base = alt.Chart(frame.with_columns(said=pl.col("tie_group").cast(pl.String).fill_null("–"))).encode(
        x=alt.X(f"{above[0]}:N", sort=list(above[1]), title=None, axis=_heads()),
        y=alt.Y(f"{beside[0]}:N", sort=list(beside[1]), title=None, axis=_names(150)),
        tooltip=[one for one in ("name", "place", "tie_group", "value", "n", "note") if one in _told(frame)],
    )
    cells = base.mark_rect(stroke="white").encode(
        color=alt.condition(alt.datum.tie_group == 1, alt.value(COLOURS[4]), alt.value("#F0F0F0"))
    )
    return (cells + base.mark_text(**_in_cells(12)).encode(text="said:N", color=alt.value("#111"))).properties(
        width="container", height={"step": ROW}
    )


# ── along the genome ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────
# The axis counts bases from 1: the base at pos lies from pos - 0.5 to pos + 0.5, so that [start, end), 0-based, is drawn from start + 0.5
# to end + 0.5, exactly. All charts of a page have one axis and one width for names, and lie above each other base by base.

_NAMES = 128  #: Pixels for the names on the left.
_LANE = 19  #: Pixels of a lane.
_AXIS = 84  #: Pixels of the axis below: what is given as a chart's height holds it, and the legend, as well.
_LEGEND = 66


def along(
    marks: Sequence[Any],
    *,
    chrom: str,
    start: int,
    end: int,
    locus: tuple[int, int] | None = None,
    contig_length: int | None = None,
    height: int = 160,
) -> Any:
    """Lay marks over a window: its edges dashed, what it is about in orange, and grey where the contig has ended.

    Args:
        marks: What :func:`genes`, :func:`dots`, :func:`counts` and :func:`signal` give.
        chrom: The contig, for the axis.
        start: 0-based start of the window.
        end: Its end, exclusive.
        locus: What the window is about, 0-based half-open: a base or a stretch.
        contig_length: Bases of the contig.
        height: Pixels, axis and legend included.
    """
    margin = max((end - start) * 0.02, 1)
    low, high = start + 0.5 - margin, end + 0.5 + margin
    axis = alt.Axis(format=",d", tickCount=4, grid=False, labelOverlap=True)
    x = alt.X("x:Q", title=f"position on {chrom}, 1-based", scale=alt.Scale(domain=[low, high], nice=False, zero=False), axis=axis)
    off = [{"x": low, "x2": 0.5}] if low < 0.5 else []
    if contig_length is not None and high > contig_length + 0.5:
        off.append({"x": contig_length + 0.5, "x2": high})
    layers = []
    if off:
        shade = alt.Chart(pl.DataFrame(off).with_columns(what=pl.lit("no base: the contig ends"))).mark_rect(color=GREY, opacity=0.5)
        layers.append(shade.encode(x=x, x2="x2:Q", tooltip="what:N"))
    bounds = pl.DataFrame({"x": [start + 0.5, end + 0.5], "what": ["the window's first base", "the window's end"]})
    layers.append(alt.Chart(bounds).mark_rule(strokeDash=[4, 3], color="#555555").encode(x=x, tooltip="what:N"))
    if locus is not None:
        about = pl.DataFrame(
            {"x": [locus[0] + 0.5], "x2": [locus[1] + 0.5], "what": [f"{chrom} [{locus[0]:,}, {locus[1]:,}), 0-based half-open"]}
        )
        if locus[1] - locus[0] > 1:
            layers.append(alt.Chart(about).mark_rect(color=COLOURS[1], opacity=0.35).encode(x=x, x2="x2:Q", tooltip="what:N"))
        else:
            base = about.with_columns(x=pl.col("x") + 0.5)
            layers.append(alt.Chart(base).mark_rule(color=COLOURS[1], strokeWidth=2).encode(x=x, tooltip="what:N"))
    return alt.layer(*layers, *(mark(x) for mark in marks)).properties(width="container", height=height)


def _lanes(lanes: Sequence[str]) -> Any:
    return alt.Y("lane:N", title=None, sort=list(lanes), axis=_side(labelLimit=_NAMES - 8, labelOverlap=False))


def _side(**more: Any) -> Any:
    return alt.Axis(labelFlush=False, minExtent=_NAMES, maxExtent=_NAMES, **more)


def _placed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(x=pl.col("start") + 0.5, x2=pl.col("end") + 0.5)


def lanes_height(n: int, *, legend: bool = True) -> int:
    """Give the pixels that so many lanes take, with what is below them."""
    return _LANE * max(n, 2) + _AXIS + (_LEGEND if legend else 0)


def genes(blocks: pl.DataFrame) -> Any:
    """Draw transcripts, a lane each: the body as a line, exons thin, coding parts thick, in the colour of the strand.

    Args:
        blocks: ``lane``, ``part`` (``body``, ``exon``, ``coding``), ``start``, ``end`` (0-based half-open), ``gene``, ``transcript``,
            ``type``, ``strand``; lanes from the top in the order of their first row.
    """
    order = list(dict.fromkeys(blocks["lane"].to_list()))
    frame = _placed(blocks)
    tooltip = ["gene", "transcript", "type", "part", "strand", alt.Tooltip("start:Q", format=",d", title="start (0-based)"), "end"]
    tooltip[-1] = alt.Tooltip("end:Q", format=",d", title="end (0-based, exclusive)")
    # No legend: the names bear arrows.
    colour = alt.Color("strand:N", scale=alt.Scale(domain=["+", "-"], range=[COLOURS[0], COLOURS[5]]), legend=None)

    def marks(x: Any) -> Any:
        base = alt.Chart(frame).encode(x=x, x2="x2:Q", y=_lanes(order), color=colour, tooltip=tooltip)
        return alt.layer(
            base.transform_filter("datum.part == 'body'").mark_rule(strokeWidth=1),
            base.transform_filter("datum.part == 'exon'").mark_bar(height=6, minBandSize=1),
            base.transform_filter("datum.part == 'coding'").mark_bar(height=13, minBandSize=1),
        )

    return marks


def dots(frame: pl.DataFrame) -> Any:
    """Draw variants one by one, a lane for each source, the one that is looked at in orange.

    Args:
        frame: ``source``, ``pos`` (1-based), ``variant``, ``n_records``, ``labels``, ``here`` (bool).
    """
    placed = frame.rename({"source": "lane"}).with_columns(x=pl.col("pos"))
    order = sorted(set(placed["lane"].to_list()))
    tooltip = ["lane", "variant", alt.Tooltip("pos:Q", format=",d", title="pos (1-based)"), "n_records", "labels"]
    colour = alt.condition("datum.here", alt.value(COLOURS[1]), alt.value(COLOURS[0]))

    def marks(x: Any) -> Any:
        ticks = alt.Chart(placed).mark_tick(thickness=2.5, height=13)
        return ticks.encode(x=x, y=_lanes(order), color=colour, tooltip=tooltip)

    return marks


def counts(frame: pl.DataFrame) -> Any:
    """Draw how many records lie in each bin, a lane for each source; the darker, the more.

    Args:
        frame: ``source``, ``start``, ``end`` (0-based half-open), ``n_records``, ``n_variants``.
    """
    placed = _placed(frame.rename({"source": "lane"}))
    order = sorted(set(placed["lane"].to_list()))
    colour = alt.Color(
        "n_records:Q",
        title="records a bin",
        scale=alt.Scale(scheme="viridis", reverse=True, type="symlog"),
        legend=alt.Legend(orient="bottom", direction="horizontal", gradientLength=120, gradientThickness=8, tickCount=3),
    )
    tooltip = ["lane", "n_records", "n_variants"]
    tooltip += [alt.Tooltip("start:Q", format=",d", title="start (0-based)"), alt.Tooltip("end:Q", format=",d", title="end (exclusive)")]

    def marks(x: Any) -> Any:
        bars_ = alt.Chart(placed).mark_bar(height=14, minBandSize=1)
        return bars_.encode(x=x, x2="x2:Q", y=_lanes(order), color=colour, tooltip=tooltip)

    return marks


def signal(frame: pl.DataFrame, *, title: str) -> Any:
    """Draw a value for each bin as a step.

    Args:
        frame: ``start``, ``end`` (0-based half-open), ``value``, ``npy_idx`` and ``split``: of which labelled window.
        title: What the values are.
    """
    placed = _placed(frame)
    tooltip = [alt.Tooltip("value:Q", format=".3~g", title=title), "split", "npy_idx"]
    tooltip += [alt.Tooltip("start:Q", format=",d", title="start (0-based)"), alt.Tooltip("end:Q", format=",d", title="end (exclusive)")]
    y = alt.Y("value:Q", title=None, axis=_side(tickCount=3, grid=False, format=".3~g"))

    def marks(x: Any) -> Any:
        return alt.Chart(placed).mark_rect(color=COLOURS[2], opacity=0.75).encode(x=x, x2="x2:Q", y=y, y2=alt.datum(0), tooltip=tooltip)

    return marks


def letters(before: str, marked: str, after: str, *, alt_allele: str | None, marked_is: str, longest: int = 60) -> str:
    """Write letters around a place as HTML, REF above ALT, both marked; on a narrow screen those nearest to the mark are seen.

    Args:
        before: Letters before what is marked.
        marked: What is marked.
        after: Letters behind it.
        alt_allele: What stands in its place in the second line; None: there is none.
        marked_is: What the first line is.
        longest: Letters of an allele that are written out.
    """

    def allele(text: str) -> str:
        return text if len(text) <= longest else f"{text[: longest // 2]}…{len(text):,} bases"

    lines = [(marked_is, allele(marked), COLOURS[4])]
    if alt_allele is not None:
        lines.append(("ALT", allele(alt_allele), COLOURS[1]))
    width = max(len(text) for _, text, _ in lines)
    cut = "overflow:hidden;white-space:pre"
    cells = [
        f"<span>{html.escape(name)}&nbsp;</span>"
        # Written from the right, what is too long is cut off on the left.
        f'<span style="{cut};direction:rtl;text-align:right">{html.escape(before)}</span>'
        f'<span style="white-space:pre"><b style="background:{colour};color:#000">{html.escape(text)}</b>{"-" * (width - len(text))}</span>'
        f'<span style="{cut}">{html.escape(after)}</span>'
        for name, text, colour in lines
    ]
    flanks = f"minmax(0,{max(len(before), 1)}ch) auto minmax(0,{max(len(after), 1)}ch)"
    style = f"display:grid;grid-template-columns:auto {flanks};justify-content:start;font-family:monospace;font-size:0.9rem;line-height:1.6"
    return f'<div style="{style}">{"".join(cells)}</div>'


def matrix(frame: pl.DataFrame, *, x: str, y: str, value: str, title: str) -> Any:
    """Draw a heat map in the order of the frame; the lighter, the higher.

    Args:
        frame: One row a cell.
        x: Column of the names below.
        y: Column of the names on the left.
        value: Column of numbers.
        title: What the numbers are.
    """
    columns, rows = (list(dict.fromkeys(frame[name].to_list())) for name in (x, y))
    colour = alt.Color(
        f"{value}:Q",
        title=title,
        scale=alt.Scale(scheme="viridis"),
        legend=alt.Legend(orient="top", direction="horizontal", gradientLength=160, gradientThickness=8, titleLimit=300),
    )
    across = alt.X(f"{x}:N", title=None, sort=columns, axis=alt.Axis(labelAngle=-90, labelLimit=150, labelOverlap=True))
    down = alt.Y(f"{y}:N", title=None, sort=rows, axis=alt.Axis(labelFlush=False, labelLimit=110, labelOverlap=False))
    chart = alt.Chart(frame).mark_rect().encode(x=across, y=down, color=colour, tooltip=list(frame.columns))
    return chart.properties(width="container", height=alt.Step(18))
