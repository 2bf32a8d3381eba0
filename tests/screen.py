"""Draw a page of the dashboard without a browser: Streamlit's own test runner, on a store of the tests.

Streamlit is an extra: who needs it asks for it with ``screen = pytest.importorskip("screen", …)`` or :func:`need`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[1] / "dashboard" / "app.py"
SECONDS = 60  #: That a page may take on a noisy machine.


def need() -> None:
    """Skip where the extra is not installed."""
    pytest.importorskip("streamlit", reason="the dashboard's pages need the extra 'dashboard' (make extras)")


@contextmanager
def page(name: str, store: Path, **params: str | Sequence[str]) -> Iterator[AppTest]:
    """Draw a page as a link shows it.

    Args:
        name: Its file under ``dashboard/views``, without ``.py``.
        store: The store.
        **params: Query parameters of the link.
    """
    need()
    with mock.patch.dict(os.environ, {"LRBSTORE_HOME": str(store)}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Streamlit's own, of its libraries
        from streamlit.testing.v1 import AppTest

        app = AppTest.from_file(str(APP), default_timeout=SECONDS)
        if name != "overview":
            app.run()  # the app says which pages there are
            app.switch_page(f"views/{name}.py")
        for key, value in params.items():
            app.query_params[key] = value if isinstance(value, str) else list(value)
        yield app.run()


def text(app: AppTest) -> str:
    """All that a page says in words: headings, captions, markdown, notices, errors."""
    kinds: list[Any] = [app.title, app.header, app.subheader, app.caption, app.markdown, app.info, app.warning, app.error, app.success]
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\u200b", "")


def is_sound(app: AppTest) -> None:
    """See that a page was drawn to its end: nothing was raised, and the foot is there."""
    assert not app.exception, [e.value for e in app.exception]
    assert "Release `" in text(app), text(app)
