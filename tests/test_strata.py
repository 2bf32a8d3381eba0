"""Strata: every number in exactly one, presets and edges of one's own, and names that do not exist."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

import lrbstore
from lrbstore.catalogue import task_specs
from lrbstore.ingest.pipeline import ingest
from lrbstore.layout import sql_folder
from lrbstore.strata import strata_names, stratifier

PRESETS = {"caduceus": (0, 30_000, 100_000), "viztool": (0, 10_000, 100_000)}
#: Distances at, below and above every edge, on both sides of the TSS.
DISTANCES = [
    d * sign for sign in (1, -1) for d in (0, 1, 9_999, 10_000, 10_001, 29_999, 30_000, 30_001, 99_999, 100_000, 100_001, 5_000_000)
]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute((sql_folder() / "macros" / "bins.sql").read_text())
        opened.execute("create table examples as select unnest($1::BIGINT[]) as tss_distance_bp", [[*DISTANCES, None]])
        yield opened


def _strata(connection: duckdb.DuckDBPyConnection, by: str) -> dict[int | None, str | None]:
    return dict(connection.execute(f"select tss_distance_bp, {stratifier(by).sql} from examples").fetchall())


def _expected(distance: int, edges: tuple[float, ...], labels: tuple[str, ...]) -> str:
    """The one half-open bin of the absolute distance; ``labels`` begins with the one below all edges."""
    return labels[sum(abs(distance) >= edge for edge in edges)]


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_put_every_distance_in_exactly_one_stratum(connection: duckdb.DuckDBPyConnection, preset: str) -> None:
    found = _strata(connection, f"tss_distance:{preset}")
    low, high = PRESETS[preset][1] // 1000, PRESETS[preset][2] // 1000
    labels = ("<0", f"0-{low}k", f"{low}k-{high}k", f"{high}k+")
    assert found.pop(None) is None  # no distance, no stratum
    assert found == {d: _expected(d, PRESETS[preset], labels) for d in DISTANCES}
    assert stratifier(f"tss_distance:{preset}").order == labels


def test_the_published_edges_open_the_stratum_above(connection: duckdb.DuckDBPyConnection) -> None:
    """Published with both edges in, so that 30,000 and 100,000 counted twice; here each counts once."""
    found = _strata(connection, "tss_distance:caduceus")
    for sign in (1, -1):
        assert [found[sign * d] for d in (29_999, 30_000, 99_999, 100_000)] == ["0-30k", "30k-100k", "30k-100k", "100k+"]


@pytest.mark.parametrize(
    ("text", "edges", "labels"),
    [
        ("0,5000,50000", (0, 5_000, 50_000), ("<0", "0-5k", "5k-50k", "50k+")),
        ("30000", (30_000,), ("<30k", "30k+")),
        ("1000, 2e5", (1_000, 200_000), ("<1k", "1k-200k", "200k+")),
        ("9999.5,10000.25", (9_999.5, 10_000.25), ("<9999.5", "9999.5-10000.25", "10000.25+")),
        ("1,1000001", (1, 1_000_001), ("<1", "1-1000001", "1000001+")),
        ("99999.123456,100000.9", (99_999.123456, 100_000.9), ("<99999.123456", "99999.123456-100000.9", "100000.9+")),
    ],
)
def test_edges_of_ones_own_are_taken_to_the_last_digit(
    connection: duckdb.DuckDBPyConnection, text: str, edges: tuple[float, ...], labels: tuple[str, ...]
) -> None:
    found = _strata(connection, f"tss_distance:{text}")
    assert found.pop(None) is None
    assert found == {d: _expected(d, edges, labels) for d in DISTANCES}
    assert stratifier(f"tss_distance:{text}").order == labels
    assert " " not in stratifier(f"tss_distance:{text}").name


def test_a_short_name_is_the_preset_and_the_file_alone_its_first_one() -> None:
    assert stratifier("viztool") == stratifier("tss_distance:viztool")
    assert stratifier("tss_distance") == stratifier("tss_distance:caduceus")
    assert stratifier("tissue").name == "tissue"


def test_the_hash_tells_what_was_computed() -> None:
    assert stratifier("tss_distance:0,30000,100000").hash == stratifier("tss_distance:caduceus").hash
    hashes = [stratifier(name).hash for name in [*strata_names(), "tss_distance:0,30000", "tss_distance:0,30000.5"]]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    ("by", "error", "said"),
    [
        ("tisue", lrbstore.UnknownName, "did you mean 'tissue'"),
        ("viztol", lrbstore.UnknownName, "did you mean 'viztool'"),
        ("tss_distance:viztol", lrbstore.UnknownName, "did you mean 'viztool'"),
        ("tss_distanc:viztool", lrbstore.UnknownName, "did you mean 'tss_distance"),
        ("nothing like it", lrbstore.UnknownName, "known: "),
        ("", lrbstore.UnknownName, "known: "),
        ("tissue:3", lrbstore.BadSpec, "tissue has no edges; use by='tissue'"),
        ("tss_distance:3,2", lrbstore.BadSpec, "expected ascending numbers"),
        ("tss_distance:3,3", lrbstore.BadSpec, "expected ascending numbers"),
        ("tss_distance:1-2", lrbstore.BadSpec, "expected ascending numbers"),
        ("tss_distance:,", lrbstore.BadSpec, "expected ascending numbers"),
        ("tss_distance:0,1e999", lrbstore.BadSpec, "expected ascending numbers"),
        ("tss_distance:0,1e16", lrbstore.BadSpec, "1e15"),
        ("tss_distance:0,10) or (1=1", lrbstore.UnknownName, "unknown preset"),
    ],
)
def test_names_and_edges_that_are_none(by: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        stratifier(by)


def test_every_file_says_what_it_needs_and_is_about() -> None:
    for path in sorted((sql_folder() / "strata").glob("*.sql")):
        found = stratifier(path.stem)
        assert found.about
        assert found.needs
        assert all(column in found.sql for column in found.needs)
    assert {use for spec in task_specs().values() for use in spec.strata} <= {path.stem for path in (sql_folder() / "strata").glob("*.sql")}


def test_strata_of_a_task_are_disjoint_and_complete(tmp_path: Path) -> None:
    """Over real rows with null and edge distances: the strata's counts add up to all, an absent distance has a line of its own."""
    path = tmp_path / "All_Tissues.csv"
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("CHROM", "POS", "REF", "ALT", "label", "tissue", "distance_to_nearest_TSS", "split"))
        for i, distance in enumerate([*DISTANCES, "", ""]):
            writer.writerow(("chr9", 1_000 + i, "A", "C", i % 2, ("Liver", "Whole_Blood", "Lung")[i % 3], distance, "test"))
        writer.writerow(("chr1", 1_000, "A", "C", 1, "Liver", 5, "train"))
    ingest(tmp_path / "store", "lrb", [path], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        task = lrbstore.task("variant_effect_gene_expression", 100, store=opened)
        n = len(DISTANCES) + 2
        scored = task.score(np.linspace(0, 1, n), by=("tss_distance:viztool", "tss_distance:20000", "tissue", "chromosome")).to_dicts()
        for name in ("tss_distance:viztool", "tss_distance:20000", "tissue", "chromosome"):
            mine = [row for row in scored if row["stratifier"] == name and row["metric"] == "auroc"]
            assert sum(row["n"] for row in mine) == n
            assert len({row["stratum"] for row in mine}) == len(mine)
            assert all(row["n"] == row["n_pos"] + row["n_neg"] for row in mine)
        order = [row["stratum"] for row in scored if row["stratifier"].startswith("tss_distance") and row["metric"] == "auroc"]
        assert order == ["0-10k", "10k-100k", "100k+", None, "<20k", "20k+", None]
        assert [row["n"] for row in scored if row["stratum"] is None and row["stratifier"] == "tss_distance:20000"] == [2] * 4
