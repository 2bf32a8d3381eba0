"""How many examples of a task there are in each stratum, how their labels lie, and what its window leaves out."""

import polars as pl
import streamlit as st

from lrbstore.catalogue import task_specs
from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.queries import strata

MOST_ROWS = 60  #: Strata that a chart shows; the table has them all.

held = parts.desk()
with st.sidebar:
    task = controls.one("Task", strata.task_names(held), "task")
    spec = task_specs()[task]
    settings = controls.task_settings(spec)
    split = controls.one("Split", spec.splits(dict(settings)["split_scheme"] or spec.split_scheme), "split", default="test")
    ways = strata.ways_to_cut(held, task)
    by = controls.one("Strata", ways, "by", lacking="this task's examples have no stratum of that name")
    by2 = controls.maybe("and", [way for way in ways if way != by], "by2", placeholder="nothing else")
parts.links_refused()

parts.head(f"Strata of {task}", spec.question)

with parts.said():
    ledger = parts.ask(strata.ledger, task, split, settings)
    account = {row["step"]: row["n"] for row in ledger.table.to_pylist()}
    st.caption(f"**n = {account['examples']:,}** examples of split {split}: {spec.example}.")

    with parts.said():
        cells = parts.ask(strata.cells, task, split, by, by2, settings)
        st.subheader(f"Examples by {by}" + (f" and {by2}" if by2 else ""))
        if not account["examples"]:
            parts.nothing(
                "No row of this split has a window of this length: the account below says why. A shorter window leaves more."
                if account["rows"]
                else "This store has no row of this split: the page Overview says which sources it has and which splits have examples."
            )
        elif by2:
            frame = cells.frame
            down, across = parts.largest(frame, "stratum", MOST_ROWS), parts.largest(frame, "stratum_2", MOST_ROWS)
            if len(across) > len(down):  # the longer way stands, so that a narrow screen shows it
                down, across, x, y = across, down, "stratum", "stratum_2"
            else:
                x, y = "stratum_2", "stratum"
            shown = frame.filter(pl.col(x).is_in(across), pl.col(y).is_in(down))
            st.altair_chart(charts.counts_map(shown, x=x, y=y, x_order=across, y_order=down))
        else:
            order = parts.largest(cells.frame, "stratum", MOST_ROWS)
            st.altair_chart(charts.counts_bars(cells.frame.filter(pl.col("stratum").is_in(order)), y="stratum", order=order))
        if account["examples"]:
            st.caption("Grey: too few to compare models on; the column `note` says what is missing.")
        parts.show(cells, table=False)

    if account["examples"]:
        st.subheader(f"Labels by {by}")
        with parts.said():
            found = parts.ask(strata.labels, task, split, by, settings)
            frame = found.frame
            order = parts.largest(frame, "stratum", MOST_ROWS, always=[strata.ALL])
            shown = frame.filter(pl.col("stratum").is_in(order))
            label = spec.label
            if label.classes:
                st.altair_chart(charts.class_bars(shown, y="stratum", order=order, classes=label.classes))
            elif "share" in frame.columns:
                st.altair_chart(charts.share_bars(shown, y="stratum", order=order, title=f"share that is {label.positive}"))
            else:
                vector = "mean over the vector of " if "vector" in found.about else ""
                st.altair_chart(charts.boxes(shown, y="stratum", order=order, title=vector + label.unit))
                st.caption("Box: the middle half and the median; line: from 5 % to 95 % of the examples.")
            parts.show(found, table=False)

    st.subheader("From rows to examples")
    st.altair_chart(charts.waterfall(ledger.frame))
    parts.show(ledger, table=False)
    if account["rows"] > account["examples"]:
        st.markdown("**Rows without a window**")
        parts.show(parts.ask(strata.dropped, task, split, settings), height=280)

parts.link("scores", "→ Scores by these strata", task=task, split=split, by=by)
