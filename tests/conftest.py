"""What many modules start from: real and simulated files, and the store made of the latter, as a path and open."""

from __future__ import annotations  # a type of DuckDB's that is still held at the end is called a leak

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import asking
import duckdb
import pytest
from hypothesis import is_hypothesis_test, settings

import lrbstore
from lrbstore.dashboard.desk import Desk
from lrbstore.engine import connect

settings.register_profile("house", deadline=None)  # machines are noisy: no test is about an absolute time
settings.load_profile("house")

REALDATA = Path(__file__).resolve().parents[2] / "shared" / "realdata"


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes in a test's name would bring in what differs by process (the clock in a gzip header), and xdist's workers must agree."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before tests are chosen by their markers, and after
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Try a property on a quarter of its examples with the quick tests, and on all of them with the slow ones.

    Of the tests that are left, one that needs the demo store comes first, and the other modules that need it come last: while a worker
    makes the store, another one has the tests that need none.
    """
    held = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]
    if "not slow" not in config.option.markexpr:
        for item in held:
            item.add_marker(pytest.mark.slow)
    else:
        for test in {item.obj for item in held}:  # type: ignore[attr-defined]
            full = test._hypothesis_internal_use_settings  # what @settings sets; it may not be applied twice
            test._hypothesis_internal_use_settings = settings(full, max_examples=max(5, full.max_examples // 4))
    yield
    needing = [item for item in items if "demo_store" in getattr(item, "fixturenames", ())]
    modules = {item.path for item in needing}
    items.sort(key=lambda item: 0 if item in needing[:1] else 2 if item.path in modules else 1)


@pytest.fixture(scope="module", autouse=True)
def _close_what_was_asked() -> Iterator[None]:
    yield
    asking.close_all()


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real upstream files; tests that need it skip where it is not."""
    if not REALDATA.is_dir():
        pytest.skip(f"the real upstream files are not here ({REALDATA.name} beside the checkout)")
    return REALDATA


@pytest.fixture(scope="session")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB without a store, where the macros can be asked."""
    with connect() as connection:
        yield connection


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a folder once for all workers of a run: the first one that needs it makes it, others wait."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed: this one tells why as well
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upstream files of every source in the providers' formats, with genomes; small."""
    from lrbstore.ingest.simulation import simulate

    return made_once(tmp_path_factory, "simulated", lambda out: simulate(out, scale=0.003))


@pytest.fixture(scope="session")
def demo_store(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made from the simulated files by the real ingest, with both genomes. Read it; copy it before writing to it."""
    from lrbstore.ingest.genomes import add_genome
    from lrbstore.ingest.pipeline import ingest
    from lrbstore.ingest.simulation import sources

    def make(store: Path) -> None:
        for assembly in ("GRCh37", "GRCh38"):
            add_genome(store, assembly, simulated / "genomes" / f"{assembly}.fa", simulated=True)
        for source in sources():
            ingest(store, source, [simulated / source], simulated=True)

    return made_once(tmp_path_factory, "demo_store", make)


@pytest.fixture(scope="module")
def store(demo_store: Path) -> Iterator[lrbstore.Store]:
    """The demo store, open. A module that needs another store has a fixture of this name."""
    with lrbstore.open(demo_store) as opened:
        yield opened


@pytest.fixture(scope="session")
def scored_store(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo store with three baselines' predictions for the task of causal eQTLs. Read it only."""
    import command

    names = ("tss_distance", "gc_content", "random")

    def make(store: Path) -> None:
        shutil.copytree(demo_store, store)
        kept = command.run("baseline", "variant_effect_gene_expression", *names, "--seq-len", 2048, "--keep", "--store", store)
        assert not kept.returncode, kept.stderr.decode()

    return made_once(tmp_path_factory, "scored_store", make)


@pytest.fixture(scope="module")
def desk(scored_store: Path) -> Iterator[Desk]:
    """The same store, open for the screen. A module that needs other limits has a fixture of this name."""
    held = Desk(scored_store)
    yield held
    held.close()


@pytest.fixture(scope="module")
def lines(simulated: Path) -> list[str]:
    """Header and rows of the simulated eQTL file of lrb; :mod:`eqtl_files` writes some of them."""
    return (simulated / "lrb/variant_effect_causal_eqtl/All_Tissues.csv").read_text().splitlines(keepends=True)
