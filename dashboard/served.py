"""What the server hands out: Streamlit with the app, and the document of each page.

A link to a page (``/scores?…``) is opened by Streamlit's own document, which does not know how deep it lies and asks for the server below
the page's path first: two answers of 404 in the browser's console and a delay, at each link. The documents here say where the server is.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util

HERE = Path(__file__).parent
#: Pages lie one level below the server's root, whatever that is called behind a proxy.
_ROOT = '<head><script>window.__streamlit = {BACKEND_BASE_URL: new URL(".", window.location.href).href};</script>'


def document(request: Request) -> HTMLResponse:
    """Give Streamlit's document, with the server's address in it."""
    del request
    text = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(text.replace("<head>", _ROOT, 1), headers={"Cache-Control": "no-cache"})


app = st.App(HERE / "app.py", routes=[Route(f"/{page.stem}", document) for page in sorted((HERE / "views").glob("*.py"))])
