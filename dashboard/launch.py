"""Start the app: Streamlit with this house's settings, on this machine alone unless told otherwise."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from lrbstore.errors import MissingExtra

APP = Path(__file__).with_name("served.py")

#: Colours of Okabe & Ito (2008), told apart by readers of every kind of colour vision; charts take them from here too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")

SETTINGS = {
    "browser.gatherUsageStats": "false",  # nothing is asked of the outside
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",  # a path of the server is nobody's business
    "theme.primaryColor": COLOURS[0],
    "theme.base": "light",
    "theme.baseRadius": "small",
}


def command(*, host: str, port: int) -> list[str]:
    """Write the command that starts the app.

    Raises:
        MissingExtra: If Streamlit is not installed.
    """
    if importlib.util.find_spec("streamlit") is None or importlib.util.find_spec("altair") is None:
        raise MissingExtra("dashboard", "the dashboard")
    given = {**SETTINGS, "server.address": host, "server.port": str(port)}
    return [sys.executable, "-m", "streamlit", "run", str(APP), *(part for k, v in given.items() for part in (f"--{k}", v))]


def run(store: Path, *, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Start the app on a store, in place of this process.

    Args:
        store: The store's folder.
        host: Address to listen at; this machine alone by default.
        port: Port to listen at.

    Raises:
        MissingExtra: If Streamlit is not installed.
    """
    started = command(host=host, port=port)
    os.execve(started[0], started, {**os.environ, "LRBSTORE_HOME": str(store)})  # noqa: S606 - no shell, no text of a user's
