"""Take the README's screenshots: ``python tests/screenshots.py STORE [OUT]``, every page at 1,400 and 390 px, as a reader sees them.

Needs the extras ``dashboard`` and ``browser`` and the system's chromium. Without OUT they go to ``dashboard/screenshots``.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright
from test_dashboard_browser import CHROMIUM, FLAGS, PAGES, Visit

#: What is worth seeing on a page, where it is more than the page by itself.
LINKS = {"strata": "strata?task=variant_effect_gene_expression&by=tss_distance%3Aviztool"}
WIDTHS = (1400, 390)


def main(store: str, out: Path) -> None:
    """Start the app on a store and visit its pages."""
    out.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "lrbstore.cli", "dashboard", "--store", store, "--port", str(port)], env={**os.environ}
    )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5)
                break
            except OSError:
                time.sleep(0.5)
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            for page in PAGES:
                for width in WIDTHS:
                    visit = Visit(browser, url, width)
                    visit.go(LINKS.get(page, "" if page == "overview" else page))
                    visit.tab.wait_for_timeout(1_500)  # charts take their height last
                    height = visit.tab.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
                    visit.tab.set_viewport_size({"width": width, "height": min(int(height) + 80, 6_000)})
                    visit.settle()
                    visit.tab.wait_for_timeout(1_500)  # charts follow the size
                    visit.tab.screenshot(path=out / f"{page}_{width}.png")
                    print(f"{page} {width} px: {len(visit.outside)} requests to the outside, errors {visit.errors}")
                    visit.tab.close()
            browser.close()
    finally:
        server.terminate()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "dashboard" / "screenshots")
