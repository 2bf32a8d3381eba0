"""A real browser on the running app: every page opens without an error or a request to the outside, links carry the view, files are true.

Needs Playwright (extra ``browser``) and the system's chromium; skips, saying so, where one is missing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lrbstore

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = sorted(path.stem for path in (Path(__file__).parents[1] / "dashboard" / "views").glob("*.py"))
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(scored_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app, started as users start it."""
    pytest.importorskip("streamlit", reason="the dashboard needs the extra 'dashboard' (make extras)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("dashboard") / "log"
    with log.open("wb") as said:
        words = [sys.executable, "-m", "lrbstore.cli", "dashboard", "--store", str(scored_store), "--port", str(port)]
        server = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT, env={**os.environ, "HOME": str(log.parent)})
    try:
        for _ in range(240):
            assert server.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5)
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail(f"the app did not start: {log.read_text()}")
        yield f"http://127.0.0.1:{port}"
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver = pytest.importorskip("playwright.sync_api", reason="driving a browser needs the extra 'browser' (make extras)")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    with driver.sync_playwright() as started:
        held = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield held
        held.close()


class Visit:
    """A reader's visit: a tab, with what it logged as errors and what it asked of others than the app."""

    def __init__(self, browser: Any, url: str, width: int = 1400) -> None:
        self.tab = browser.new_page(viewport={"width": width, "height": 900}, accept_downloads=True)
        self.tab.set_default_timeout(90_000)
        self.url, self.errors, self.outside = url, [], []
        self.tab.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on(
            "request", lambda asked: None if asked.url.startswith((url, "ws", "data:", "blob:")) else self.outside.append(asked.url)
        )

    def go(self, link: str) -> None:
        self.tab.goto(f"{self.url}/{link}")
        self.settle()

    def settle(self) -> None:
        """Wait until the page is drawn to its foot and nothing runs."""
        self.tab.wait_for_selector("[data-testid=stCaptionContainer]:has-text('licences and citations of the sources')")
        self.tab.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")
        self.tab.wait_for_timeout(300)

    def is_clean(self) -> None:
        assert not self.errors
        assert not self.outside
        assert not self.tab.locator("[data-testid=stException]").count()


@pytest.fixture
def visit(browser: Any, url: str) -> Iterator[Visit]:
    held = Visit(browser, url)
    yield held
    held.tab.close()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_clean_and_fits_its_screen(browser, url, page, width, tmp_path):
    visit = Visit(browser, url, width)
    visit.go("" if page == "overview" else page)
    visit.is_clean()
    assert visit.tab.locator("h1").count() == 1
    wide = visit.tab.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= width, f"{page} is {wide} px wide on a screen of {width}"
    visit.tab.screenshot(path=tmp_path / f"{page}_{width}.png")
    assert (tmp_path / f"{page}_{width}.png").stat().st_size > 5_000
    visit.tab.close()


def _downloaded(visit: Visit, form: str, of: int = 0) -> Path:
    visit.tab.get_by_role("button", name="Take away").nth(of).click()
    with visit.tab.expect_download() as held:
        visit.tab.get_by_role("button", name=form, exact=True).click()
    return Path(held.value.path())


def test_a_file_holds_what_the_query_gives(visit, scored_store, tmp_path):
    visit.go("")
    file = _downloaded(visit, "Parquet")
    taken = pl.read_parquet(file)
    with lrbstore.open(scored_store) as store:
        assert {*taken["task"]} == {*lrbstore.tasks(store)["name"]} != set()
    visit.is_clean()


def test_the_release_is_pinned_by_a_link(visit, scored_store):
    visit.go("")
    visit.tab.get_by_role("button", name="Pin the link").click()
    visit.tab.wait_for_url("**release=**")
    with lrbstore.open(scored_store) as store:
        assert f"release={store.release}" in visit.tab.url
    visit.settle()
    assert visit.tab.get_by_text("pinned to the release").count()
    visit.tab.get_by_role("link", name="Strata").click()  # the menu leads on, and keeps the pin
    visit.tab.wait_for_url("**/strata**release=**")
    visit.settle()
    assert visit.tab.get_by_text("pinned to the release").count()
    visit.tab.get_by_role("button", name="Let go of it").click()
    visit.tab.get_by_role("button", name="Pin the link").wait_for()
    assert "release=" not in visit.tab.url


def test_a_link_to_another_view_leads_there_and_back_again(visit, scored_store):
    with lrbstore.open(scored_store) as store:
        ((one,),) = store.sql("select variant_id from variant_record where assembly = 'GRCh38' order by variant_id desc limit 1").fetchall()
        release = store.release
    _, chrom, pos, ref, alt = one.split(":")
    visit.go(f"variants?variant={one}&release={release}")
    said = visit.tab.get_by_role("heading", name=f"Variant {one}").first
    assert said.count()
    visit.tab.get_by_role("link", name="Its locus").click()
    visit.tab.wait_for_url("**/locus?**")
    visit.settle()
    assert visit.tab.get_by_text(f"{chrom}:{int(pos):,} {ref}>{alt}").count()
    assert visit.tab.get_by_text("pinned to the release").count()
    visit.tab.go_back()
    visit.settle()
    assert said.count()
    visit.is_clean()


def test_a_deep_link_is_followed_and_its_records_taken_away_are_those_of_the_query(visit, scored_store):
    visit.go("variants?source=clinvar&significance=Pathogenic")
    with lrbstore.open(scored_store) as store:
        wanted = store.sql(
            "select record_id, source, chrom, pos, ref, alt from variant_record where source = 'clinvar' "
            "and record_id in (select record_id from clinvar_record where clinical_significance = 'Pathogenic') order by all"
        ).pl()
    assert wanted.height
    assert visit.tab.get_by_text(f"{wanted.height:,} records", exact=True).count() == 1
    takes = visit.tab.get_by_role("button", name="Take away")
    taken = pl.read_csv(_downloaded(visit, "CSV", takes.count() - 1), infer_schema_length=None)
    assert taken.height == wanted.height
    assert (
        taken.select("chrom", "pos", "ref", "alt").sort(pl.all()).rows()
        == wanted.select("chrom", "pos", "ref", "alt").sort(pl.all()).rows()
    )
    visit.is_clean()


def test_a_filter_changes_the_answer_and_the_link_that_shows_it_again(browser, visit, url, scored_store):
    visit.go("variants")
    with lrbstore.open(scored_store) as store:
        ((tissue, n),) = store.sql(
            "select tissue, count(*) from variant_record where tissue is not null group by all order by 2 desc, 1 limit 1"
        ).fetchall()
    box = visit.tab.locator("[data-testid=stSelectbox]").filter(has_text="Tissue")
    box.get_by_role("combobox").click()
    visit.tab.get_by_role("option", name=tissue, exact=True).click()
    visit.tab.get_by_text(f"{n:,} records", exact=True).wait_for()
    visit.settle()
    assert "tissue=" in visit.tab.url
    visit.is_clean()
    again = Visit(browser, url)
    again.go(visit.tab.url.removeprefix(f"{url}/"))
    assert again.tab.get_by_text(f"{n:,} records", exact=True).count() == 1
    again.tab.close()


def test_a_page_is_reached_by_keys_alone(visit):
    visit.go("")
    for _ in range(40):
        visit.tab.keyboard.press("Tab")
        if "Variants" in (visit.tab.evaluate("document.activeElement.innerText") or ""):
            break
    visit.tab.keyboard.press("Enter")
    visit.tab.wait_for_url("**/variants**")
    visit.settle()
    assert visit.tab.get_by_role("heading", name="Variants", exact=True).count() == 1
    visit.is_clean()
