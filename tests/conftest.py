"""What many modules start from: real and simulated files, and the store made of the latter, as a path and open."""

from __future__ import annotations  # a type of DuckDB's that is still held at the end is called a leak

from collections.abc import Iterator
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


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Try a property on a quarter of its examples with the quick tests, and on all of them with the slow ones."""
    held = [item for item in items if is_hypothesis_test(getattr(item, "obj", None))]
    if "not slow" not in config.option.markexpr:
        for item in held:
            item.add_marker(pytest.mark.slow)
        return
    for test in {item.obj for item in held}:  # type: ignore[attr-defined]
        full = test._hypothesis_internal_use_settings  # what @settings sets; it may not be applied twice
        test._hypothesis_internal_use_settings = settings(full, max_examples=max(5, full.max_examples // 4))


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


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upstream files of every source in the providers' formats, with genomes; small."""
    from lrbstore.ingest.simulation import simulate

    out = tmp_path_factory.mktemp("simulated") / "files"
    simulate(out, scale=0.003)
    return out


@pytest.fixture(scope="session")
def demo_store(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made from the simulated files by the real ingest, with both genomes. Read it; copy it before writing to it."""
    from lrbstore.ingest.genomes import add_genome
    from lrbstore.ingest.pipeline import ingest
    from lrbstore.ingest.simulation import sources

    store = tmp_path_factory.mktemp("store") / "demo"
    for assembly in ("GRCh37", "GRCh38"):
        add_genome(store, assembly, simulated / "genomes" / f"{assembly}.fa", simulated=True)
    for source in sources():
        ingest(store, source, [simulated / source], simulated=True)
    return store


@pytest.fixture(scope="module")
def store(demo_store: Path) -> Iterator[lrbstore.Store]:
    """The demo store, open. A module that needs another store has a fixture of this name."""
    with lrbstore.open(demo_store) as opened:
        yield opened


@pytest.fixture(scope="session")
def scored_store(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo store with three baselines' predictions for the task of causal eQTLs. Read it only."""
    import shutil

    import command

    store = tmp_path_factory.mktemp("scored") / "store"
    shutil.copytree(demo_store, store)
    kept = command.run(
        "baseline", "variant_effect_gene_expression", "tss_distance", "gc_content", "random", "--seq-len", 2048, "--keep", "--store", store
    )
    assert not kept.returncode, kept.stderr.decode()
    return store


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
