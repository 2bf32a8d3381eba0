"""A reader's own question in SQL."""

import streamlit as st

from lrbstore.dashboard import controls, parts
from lrbstore.dashboard.guard import LENGTH
from lrbstore.dashboard.queries import sql

Q = "q"

desk = parts.desk()
limits = desk.limits
parts.head(
    "SQL",
    f"One question in DuckDB's SQL, which only reads. It may take {limits.seconds:g} s and {limits.memory} of memory; "
    f"{limits.rows:,} rows are shown, {limits.taken:,} can be taken away. A question of a task names its view: "
    "`variant_effect_gene_expression.examples`.",
)


def take(text: str) -> None:
    """Put an example into the field."""
    st.session_state[Q] = text


examples = sql.examples(desk)
with st.sidebar:
    table = controls.one("Columns of", parts.ask(sql.tables), "table", default="variant_record")
    parts.show(parts.ask(sql.columns, table), height=600)

st.caption("To begin with, what this store can be asked:")
with st.container(horizontal=True):
    for number, example in enumerate(examples):
        st.button(example.asks, key=f"example{number}_", on_click=take, args=(example.sql,))
text = controls.passage("Question", Q, default=examples[0].sql, most=LENGTH, height=220, help="Ctrl + Enter asks; the link holds the text.")

if not text:
    parts.nothing("Nothing is asked: write a question, or take one of the examples.")
else:
    with parts.said():
        asked = parts.ask(sql.asked, text)
        n = asked.answer.table.num_rows
        if not asked.is_cut:
            st.caption(f"Took {asked.seconds:.2f} s.")
        elif asked.is_counted:
            st.caption(f"The first {n:,} of {asked.answer.rows:,} rows; took {asked.seconds:.2f} s.")
        else:
            st.warning(
                f"The first {n:,} rows; took {asked.seconds:.2f} s. There are more: to count them takes longer than {limits.seconds:g} s, "
                "so only these can be taken away.",
                icon=":material/content_cut:",
            )
        if n:
            parts.show(asked.answer, height=500)
        else:
            parts.nothing("No row answers this question.")
parts.links_refused()
