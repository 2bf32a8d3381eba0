"""What every page has: the store that is open, a head, an answer with its count, its SQL and its files, errors in words, and a foot."""

from __future__ import annotations

import contextlib
import html
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import polars as pl
import pyarrow as pa
import streamlit as st

from lrbstore.dashboard import controls
from lrbstore.dashboard.desk import BROKEN, FORMS, Answer, Desk, TooLarge, file_name, without_paths, written
from lrbstore.dashboard.launch import COLOURS
from lrbstore.errors import LrbStoreError, MissingData, UnknownName
from lrbstore.release import StoreFolder
from lrbstore.store import default_path

RELEASE = "release"  #: Query parameter that pins a release.
_PINNED = "pinned_"  #: Key of the session's: the menu drops what stands in the URL.
_ROW = 35  #: Pixels of a table's row, as Streamlit draws it.


# ── the store ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def desk() -> Desk:
    """Open the store, once for all readers of a release: the one that the link pins, else the current one.

    A release that there is not (any more) is said, and the current one is shown. After an error within DuckDB, which then answers nothing
    more, the store is opened anew.

    Raises:
        MissingData: If there is no store.
    """
    path = default_path().absolute()
    pinned = st.query_params.get(RELEASE, st.session_state.get(_PINNED))
    if pinned is not None:
        try:
            held = _open(str(path), pinned)
        except UnknownName:
            controls.refuse(RELEASE, pinned, "the store has none of that name, or has let go of it")
            pin(None)
        else:
            pin(pinned)
            return held
    return _open(str(path), StoreFolder(path).current)


def pin(release: str | None) -> None:
    """Hold on to a release on this page and those that its reader goes to next; None lets go of it."""
    if release is None:
        st.session_state.pop(_PINNED, None)
        st.query_params.pop(RELEASE, None)
    elif st.query_params.get(RELEASE) != release or st.session_state.get(_PINNED) != release:
        st.session_state[_PINNED] = st.query_params[RELEASE] = release


@st.cache_resource(
    max_entries=3, show_spinner="Opening the store", validate=lambda held: held.store.is_alive, on_release=lambda held: held.close()
)
def _open(path: str, release: str) -> Desk:
    from pathlib import Path

    return Desk(Path(path), release or None)


def ask(question: Callable[..., Any], *args: Any, **chosen: Any) -> Any:
    """Ask a question of ``dashboard/queries``, whose first argument is the desk; the same question of the same release is answered once.

    Args:
        question: A function at the top of a module.
        *args: What it takes after the desk: text, numbers, tuples of them, None.
        **chosen: Likewise, by name.
    """
    held = desk()
    return _answered(
        f"{question.__module__}.{question.__qualname__}", held.store.release, str(held.store.path), args, chosen, held, question
    )


@st.cache_data(max_entries=300, show_spinner="Asking the store")
def _answered(
    name: str, release: str, path: str, args: Sequence[Any], chosen: Mapping[str, Any], _desk: Desk, _question: Callable[..., Any]
) -> Any:
    del name, release, path
    return _question(_desk, *args, **chosen)


# ── a page ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def head(title: str, about: str) -> None:
    """Begin a page; a long name in its title breaks after an underscore where the screen is narrow."""
    st.title(" ".join(word if len(word) < 18 else word.replace("_", "_\u200b") for word in title.split(" ")))
    st.caption(about)


@contextlib.contextmanager
def said() -> Iterator[None]:
    """Say an error in words where the answer would stand, and go on with the page."""
    try:
        yield
    except LrbStoreError as error:
        text = without_paths(str(error), default_path())
        if isinstance(error, TooLarge):
            st.warning(f"**Too much for a screen:** {text}.", icon=":material/hourglass_disabled:")
        elif isinstance(error, MissingData):
            st.info(f"**Not here.** {text}", icon=":material/inventory_2:")
        else:
            st.error(text, icon=":material/error:")
    except BROKEN as error:
        text = without_paths(str(error).splitlines()[0], default_path())  # what follows is a trace of DuckDB's own code
        st.error(
            f"**DuckDB failed within**, and is started anew for the next question: ask again. It may have been another reader's question. "
            f"Where it fails again, a data file may be damaged: `lrbstore verify` tells. What it said: {text}",
            icon=":material/error:",
        )


def links_refused() -> None:
    """Say what the link asked for and is not shown; called when a page's controls have been drawn."""
    for line in controls.refused():
        st.warning(line, icon=":material/link_off:")


def others_refused(known: Sequence[str] = (RELEASE,)) -> None:
    """Say what the link holds that no control of the page has taken; called when all of the page has been drawn."""
    for key in st.query_params:
        if key not in known and key not in st.session_state:
            st.warning(f"The link says {key} = {st.query_params[key]!r}: this page has no such control.", icon=":material/link_off:")


def link(page: str, label: str, **params: str | Sequence[str]) -> None:
    """Lead to another view, by its page and query parameters; what is pinned stays so.

    A link of the browser's own: its *back* then shows this view again. (Streamlit's drops parameters that both pages have.)
    """
    pinned = {RELEASE: st.query_params[RELEASE]} if RELEASE in st.query_params else {}
    address = f"{page}?{urlencode({**params, **pinned}, doseq=True)}"
    st.html(f'<a href="{html.escape(address)}" target="_self" style="color: {COLOURS[0]}">{html.escape(label)}</a>')


def nothing(why: str) -> None:
    """Say that an answer holds no rows, and what to do about it."""
    st.info(why, icon=":material/search_off:")


def counted(answer: Answer) -> str:
    """Say how many rows an answer has, and how many of them are on screen."""
    if answer.n is None or answer.n <= answer.table.num_rows:
        return f"{answer.table.num_rows:,} row{'' if answer.table.num_rows == 1 else 's'}"
    return f"{answer.table.num_rows:,} of {answer.n:,} rows"


def largest(frame: pl.DataFrame, column: str, most: int, always: Sequence[str] = ()) -> list[str]:
    """Name the strata that a chart shows, in their order: all, or where they are many the largest, which is said.

    Args:
        frame: Rows with a count ``n``.
        column: Of the strata.
        most: Strata that a chart shows.
        always: What is shown however small.
    """
    order: list[str] = frame[column].unique(maintain_order=True).to_list()
    sizes = frame.filter(~pl.col(column).is_in(always)).group_by(column).agg(pl.col("n").sum()).sort("n", column, descending=[True, False])
    if sizes.height <= most:
        return order
    kept = {*always, *sizes[column].to_list()[:most]}
    st.caption(f"The chart shows the {most} largest of {sizes.height:,} strata; the table has them all.")
    return [name for name in order if name in kept]


def show(
    answer: Answer, *, columns: Mapping[str, Any] | None = None, height: int | str = "content", table: bool = True, key: str = ""
) -> None:
    """Show an answer: its rows with their count, and below them what it takes to have them elsewhere.

    Args:
        answer: The answer.
        columns: Streamlit's ``column_config``.
        height: Of the table at most, in pixels; or Streamlit's words.
        table: False where a chart above shows the rows already; they are then folded in.
        key: Tells two answers of one name on a page apart.
    """
    if table:
        st.caption(f"{counted(answer)}; one row is {answer.about}.")
        _table(answer, columns, height)
    else:
        with st.expander(f"The numbers: {counted(answer)}; one row is {answer.about}"):
            _table(answer, columns, height)
    take_away(answer, key=key)


def _table(answer: Answer, columns: Mapping[str, Any] | None, height: int | str) -> None:
    numbers = {  # a p-value of 5e-19 has no use for eighteen zeros
        field.name: st.column_config.NumberColumn(format="%.4g") for field in answer.table.schema if pa.types.is_floating(field.type)
    }
    if isinstance(height, int):  # no empty rows below a few
        height = min(height, _ROW * (answer.table.num_rows + 1) + 3)
    st.dataframe(answer.table.to_pandas(), hide_index=True, width="stretch", height=height, column_config={**numbers, **(columns or {})})


def take_away(answer: Answer, *, key: str = "") -> None:
    """Offer an answer's rows as files, with the sidecar that says where they come from, and its SQL."""
    held = desk()
    release, name = held.store.release, f"{answer.name}{key}"
    with st.popover("Take away", icon=":material/download:"):
        st.caption(f"All {answer.rows:,} rows, as they were asked for. The sidecar says release, question, filters, licence and citation.")
        for form, mime in zip(FORMS, ("text/csv", "application/vnd.apache.parquet"), strict=True):
            st.download_button(
                form.upper() if form == "csv" else form.capitalize(),
                data=_file(held, answer, form),
                file_name=file_name(answer, release, form),
                mime=mime,
                key=f"{name}_{form}",
                on_click="ignore",
                width="stretch",
            )
        st.download_button(
            "Sidecar (JSON)",
            data=json.dumps(held.sidecar(answer), indent=2, default=str),
            file_name=file_name(answer, release, "json"),
            mime="application/json",
            key=f"{name}_sidecar",
            on_click="ignore",
            width="stretch",
        )
        st.caption("The same rows by hand:")
        st.code(answer.made_by, language="sql" if answer.is_sql else "python", wrap_lines=True)
        if answer.params:
            st.caption("with " + ", ".join(f"${name} = {value!r}" for name, value in answer.params.items()))


def _file(held: Desk, answer: Answer, form: str) -> Callable[[], bytes]:
    """Write the file when it is asked for."""

    def make() -> bytes:
        table: pa.Table = held.whole(answer)
        return written(table, form, held.sidecar(answer, table.num_rows))

    return make


def foot(held: Desk) -> None:
    """End a page: which release this is, of which genomes, under which licences; and the link that keeps showing it."""
    store = held.store
    st.divider()
    if store.simulated:
        st.warning("This store is **simulated**: nothing computed from it is biology.", icon=":material/science:")
    genomes = ", ".join(f"{g.assembly} {g.digest[:8]}" for g in store.manifest.genomes) or "none registered"
    left, middle, right = st.columns([3, 1, 1], vertical_alignment="center")
    left.caption(f"Release `{store.release}` · genomes: {genomes} · licences and citations of the sources: page Overview")
    with middle.popover("Licences"):
        st.markdown("\n".join(f"* **{source}**: {licence}" for source, licence in held.licences().items()) or "No source is held.")
    if st.query_params.get(RELEASE) == store.release:
        right.caption("This link is pinned to the release.")
        right.button("Let go of it", key="unpin_", on_click=pin, args=(None,), help="The link then shows the newest release.")
    else:
        about = "The link then shows this release, also when a newer one is there."
        right.button("Pin the link to this release", key="pin_", on_click=pin, args=(store.release,), help=about)
