"""Every source: its folder is complete, and its raw files give the rows that stand beside them.

``tests/sources/<source>/raw`` holds a few invented rows in the provider's layout, ``expected/<table>.csv`` the rows that they become:
only the columns that the CSV's header names are compared, lists are written with ``|``, nothing means null. A column that a table lacks is
looked up in the source's first table, by ``record_id``. What cannot be written as text is made by ``build.py`` beside the two folders.
"""

from __future__ import annotations

import csv
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lrbstore
from lrbstore.contract import contract, quote
from lrbstore.ingest.pipeline import Outcome, ingest
from lrbstore.ingest.spec import SourceSpec, sources

FIXTURES = Path(__file__).resolve().parent / "sources"
TABLES = sorted((name, path.stem) for name in sources() for path in (FIXTURES / name / "expected").glob("*.csv"))

Loaded = tuple[lrbstore.Store, Outcome, Path]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Loaded]]:
    """Give a function that ingests a source's raw files once and opens the store."""
    held: dict[str, Loaded] = {}

    def get(source: str) -> Loaded:
        if source not in held:
            folder = tmp_path_factory.mktemp(source)
            raw = folder / "raw"
            shutil.copytree(FIXTURES / source / "raw", raw)
            if (FIXTURES / source / "build.py").is_file():
                runpy.run_path(str(FIXTURES / source / "build.py"))["build"](raw)
            outcome = ingest(folder / "store", source, [raw])
            held[source] = (lrbstore.open(folder / "store"), outcome, raw)
        return held[source]

    yield get
    for store, _, _ in held.values():
        store.close()


def cell(value: object) -> str:
    """Write a value as the expected files do."""
    if isinstance(value, list):
        return "|".join(map(cell, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def rows_of(store: lrbstore.Store, spec: SourceSpec, table: str, columns: list[str]) -> list[tuple[str, ...]]:
    """Read every version's rows of a table as text, sorted."""
    rules = contract(table)
    main = spec.part[0].tables[0]
    schema = "history" if rules.history else "main"
    named = [f"t.{quote(c)}" if c in rules.column_names else f"m.{quote(c)}" for c in columns]
    join = "" if set(columns) <= set(rules.column_names) else f" join history.{main} as m using (record_id, source_version)"
    found = store.sql(f"select {', '.join(named)} from {schema}.{table} as t{join} where t.source = $s", params={"s": spec.name}).fetchall()
    return sorted(tuple(map(cell, row)) for row in found)


def expected_rows(source: str, table: str) -> tuple[list[str], list[tuple[str, ...]]]:
    with (FIXTURES / source / "expected" / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    return header, sorted(map(tuple, rows))


@pytest.mark.parametrize("source", sources())
def test_a_source_says_what_it_is_and_brings_a_fixture_for_every_part_and_table(source: str) -> None:
    spec = sources()[source]
    for said in (spec.title, spec.url, spec.licence, spec.citation, spec.coordinates, spec.bring):
        assert len(said.strip()) > 10
    assert spec.url.startswith("https://")
    assert (FIXTURES / source / "raw").is_dir(), f"tests/sources/{source}/raw is missing"
    held = {path.stem for path in (FIXTURES / source / "expected").glob("*.csv")}
    wanted = {table for part in spec.part for table in part.tables} | {"reject"}
    assert held >= wanted, f"tests/sources/{source}/expected lacks {sorted(wanted - held)}"


@pytest.mark.parametrize("source", sources())
def test_every_part_is_in_the_fixture_and_every_row_is_accounted_for(source: str, load: Callable[[str], Loaded]) -> None:
    store, outcome, _ = load(source)
    assert outcome.missing == []
    assert {file.part for file in outcome.loaded} == {part.name for part in sources()[source].part}
    counts = store.sql("select source_version, source_file, count(*) from reject group by all").fetchall()
    rejected = {(version, file): n for version, file, n in counts}
    for file in outcome.loaded:
        assert file.rows_in == file.rows_loaded + file.rows_rejected
        assert file.rows_in > 0
    by_name: dict[Any, int] = {}
    for file in outcome.loaded:
        by_name[file.version, file.name] = by_name.get((file.version, file.name), 0) + file.rows_rejected
    assert {key: n for key, n in by_name.items() if n} == rejected


@pytest.mark.parametrize(("source", "table"), TABLES, ids=[f"{s}-{t}" for s, t in TABLES])
def test_the_raw_files_give_the_expected_rows(source: str, table: str, load: Callable[[str], Loaded]) -> None:
    columns, want = expected_rows(source, table)
    assert rows_of(load(source)[0], sources()[source], table, columns) == want


@pytest.mark.parametrize("source", sources())
def test_the_same_files_again_change_nothing(source: str, load: Callable[[str], Loaded]) -> None:
    store, outcome, raw = load(source)
    again = ingest(store.path, source, [raw])
    assert again.loaded == []
    assert again.known
    assert store.folder.current == outcome.manifest.release


def test_the_comparison_sees_a_changed_cell(load: Callable[[str], Loaded]) -> None:
    columns, want = expected_rows("lrb", "lrb_gene")
    changed = sorted([*want[1:], tuple("chr2" if value == "chr1" else value for value in want[0])])
    assert changed != want
    assert rows_of(load("lrb")[0], sources()["lrb"], "lrb_gene", columns) != changed
