"""The app: which pages there are, in which order, and what stands around each. ``lrbstore dashboard`` runs this file."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from lrbstore.dashboard import parts

PAGES = {  # file under views/ → its icon; the title is the file's name
    "overview": "home",
    "variants": "genetics",
    "strata": "grid_on",
    "scores": "leaderboard",
    "locus": "location_on",
    "expression": "bar_chart",
    "sql": "terminal",
}


def main() -> None:
    """Draw the page that the reader is on."""
    st.set_page_config("lrbstore", page_icon="🧬", layout="wide")
    # Not pages/: until st.navigation was called once, Streamlit runs a file of such a folder by itself, without this app around it.
    folder = Path(__file__).parent / "views"
    title = {"sql": "SQL"}
    pages = [
        st.Page(folder / f"{name}.py", title=title.get(name, name.capitalize()), icon=f":material/{icon}:", default=name == "overview")
        for name, icon in PAGES.items()
    ]
    page = st.navigation(pages, position="top")
    with parts.said():
        held = parts.desk()
        with parts.said():
            page.run()
            parts.others_refused((parts.RELEASE, "page_after"))
        parts.foot(held)


main()
