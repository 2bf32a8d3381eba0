"""What is in this store."""

import polars as pl
import streamlit as st

from lrbstore.dashboard import charts, controls, parts
from lrbstore.dashboard.queries import overview

parts.head(
    "What is in this store", "Sources as their providers publish them, the tasks that are views over them, and whose predictions are kept."
)

(figures,) = parts.ask(overview.figures).table.to_pylist()
parts.links_refused()
for column, (label, name, about) in zip(
    st.columns(5),
    [
        ("Records", "n_records", "Upstream rows that say something about a variant."),
        ("Variants", "n_variants", "Alleles, those of combinations and of tasks' own tables among them."),
        ("Sources", "n_sources", "Whatever their versions."),
        ("Models", "n_models", "That the store has predictions of."),
        ("Rows rejected", "n_rejected", "Upstream rows that could not be loaded."),
    ],
    strict=True,
):
    column.metric(label, f"{figures[name]:,}", help=about)

st.subheader("Tasks")
counted = controls.flag(
    "Count the examples of each split", "counted", help="Goes through the rows of every task: half a minute where there are ten million."
)
parts.show(
    parts.ask(overview.tasks, counted=counted), columns={"n_examples": st.column_config.NumberColumn("examples", format="localized")}
)

st.subheader("Records on variants")
records = parts.ask(overview.records)
if records.rows:
    named = records.frame.with_columns(said=pl.format("{}: {}", "source", "label_name"))
    st.altair_chart(charts.bars(named, x="n_records", y="said", x_title="records"))
    parts.show(records, table=False)
else:
    parts.nothing("No source in this store speaks of variants; `lrbstore sources` lists those that do.")

st.subheader("Sources")
parts.show(parts.ask(overview.sources), columns={"url": st.column_config.LinkColumn("url")})

models = parts.ask(overview.models)
st.subheader("Predictions")
if models.rows:
    parts.show(models)
else:
    parts.nothing(
        "No model's predictions are kept yet: `lrbstore score TASK FILE --model NAME`, or `lrbstore baseline TASK gc_content --keep`."
    )

rejected = parts.ask(overview.rejected)
if rejected.rows:
    st.subheader("Rows that could not be loaded")
    parts.show(rejected, height=500)
parts.links_refused()
