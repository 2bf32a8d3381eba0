"""Charts: pure functions from a frame to an Altair chart. Colours can be told apart by readers of every kind of colour vision."""

from __future__ import annotations

import html
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
    return alt.Axis(minExtent=_NAMES, maxExtent=_NAMES, **more)


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
    across = alt.X(f"{x}:N", title=None, sort=columns, axis=alt.Axis(labelAngle=-60, labelLimit=150, labelOverlap=True))
    down = alt.Y(f"{y}:N", title=None, sort=rows, axis=alt.Axis(labelLimit=110, labelOverlap=False))
    chart = alt.Chart(frame).mark_rect().encode(x=across, y=down, color=colour, tooltip=list(frame.columns))
    return chart.properties(width="container", height=16 * len(rows) + 200)
