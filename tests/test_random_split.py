"""The authors' random split: what is drawn, that it is stored with each record, and that it stays."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from asking import opened
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

import lrbstore
from lrbstore.catalogue import task_specs
from lrbstore.contract import contracts
from lrbstore.engine import connect, run_folder
from lrbstore.ingest.pipeline import ingest
from lrbstore.layout import sql_folder

DRAWN = sorted(name for name, contract in contracts().items() if contract.drawn and contract.stored)
RANDOM = sorted(name for name, spec in task_specs().items() if "random" in spec.schemes)


@pytest.fixture(scope="module")
def rule() -> duckdb.DuckDBPyConnection:
    connection = connect()
    run_folder(connection, "splits")
    return connection


def drawn(rule: duckdb.DuckDBPyConnection, ids: np.ndarray, seed: int) -> np.ndarray:
    rule.register("ids", pa.table({"record_id": pa.array(ids, pa.int64())}))
    return np.array(rule.sql(f"select random_split(record_id, {seed}) as part from ids").to_arrow_table()["part"].to_pylist())


def by_numpy(ids: np.ndarray, seed: int) -> np.ndarray:
    """Draw as ``sql/splits/random_80_10_10.sql`` says, in unsigned 64-bit arithmetic."""
    low = np.uint64(0xFFFFFFFF)
    x = ids.astype(np.uint64)
    x = ((x & low) ^ (x >> np.uint64(32))) + np.uint64(seed * 2654435769) & low
    for _ in range(2):
        x = (x ^ (x >> np.uint64(16))) * np.uint64(73244475) & low
    x ^= x >> np.uint64(16)
    return np.array(["train"] * 8 + ["validation", "test"])[(x % np.uint64(10)).astype(np.int64)]


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=50), st.integers(0, 2**31))
def test_the_rule_is_the_one_that_its_file_tells(rule: duckdb.DuckDBPyConnection, ids: list[int], seed: int) -> None:
    assert (drawn(rule, np.array(ids), seed) == by_numpy(np.array(ids), seed)).all()


@pytest.mark.parametrize("step", [1, 3, 1107, 2**27 + 3])
@pytest.mark.parametrize("seed", [0, 42])
def test_ids_that_follow_each_other_are_drawn_as_evenly_as_hashes(rule: duckdb.DuckDBPyConnection, step: int, seed: int) -> None:
    parts = drawn(rule, 987_654_321 + step * np.arange(200_000), seed)
    counts = [np.count_nonzero(parts == part) for part in ("train", "validation", "test")]
    assert chisquare(counts, np.array([0.8, 0.1, 0.1]) * len(parts)).pvalue > 1e-4
    together = np.count_nonzero((parts[:-1] == "test") & (parts[1:] == "test"))  # 1 % of neighbours, if they know nothing of each other
    assert abs(together - 2_000) < 5 * np.sqrt(2_000)


def test_another_seed_is_another_draw(rule: duckdb.DuckDBPyConnection) -> None:
    ids = np.arange(100_000)
    both = np.count_nonzero((drawn(rule, ids, 42) == "test") & (drawn(rule, ids, 7) == "test"))
    assert abs(both - 1_000) < 5 * np.sqrt(1_000)


@pytest.mark.parametrize("table", DRAWN)
def test_each_record_keeps_its_part(demo_store: Path, table: str) -> None:
    rows = opened(demo_store).sql(f"select record_id, random_split_42 as part from {table}").to_arrow_table()
    assert rows.num_rows
    assert (np.array(rows["part"].to_pylist()) == by_numpy(rows["record_id"].to_numpy(), 42)).all()


@pytest.mark.parametrize("task", RANDOM)
def test_a_random_split_is_what_is_stored(demo_store: Path, task: str) -> None:
    store = opened(demo_store)
    view = task_specs()[task].view
    stored = dict(store.sql(f"select example_id, random_split_42 from {task}.examples").fetchall())
    split = {
        example_id: part
        for part in ("train", "validation", "test")
        for (example_id,) in store.sql(f"select example_id from {view('random', part)}").fetchall()
    }
    assert split == stored


@pytest.mark.slow
def test_membership_stays_when_other_records_come(simulated: Path, tmp_path: Path) -> None:
    files = sorted((simulated / "gtex_v8_eqtl").glob("*.egenes.txt.gz"))
    ingest(tmp_path / "store", "gtex_v8_eqtl", files[:1], simulated=True)
    asked = "select record_id, random_split_42 from gtex_eqtl"
    with lrbstore.open(tmp_path / "store") as store:
        before = set(store.sql(asked).fetchall())
    ingest(tmp_path / "store", "gtex_v8_eqtl", files[1:], simulated=True)
    with lrbstore.open(tmp_path / "store") as store:
        after = set(store.sql(asked).fetchall())
    assert before < after


def test_the_audit_knows_every_table_and_sees_a_part_that_is_not_drawn(demo_store: Path) -> None:
    text = (sql_folder() / "audits" / "stored_splits_are_drawn.sql").read_text(encoding="utf-8")
    united = {contracts()[name].unites for name in DRAWN} | set(DRAWN)
    named = {name for name in contracts() if f"history.{name}\n" in text}
    assert all(name in named or contracts()[name].unites in named for name in DRAWN)
    assert named <= united
    store = opened(demo_store)
    assert not store.sql(text).fetchall()
    with store.cursor() as own:  # as if the rule had been changed since
        own.execute("create temp macro random_split(record_id, seed) as 'train'")
        moved = own.execute(text).fetchall()
    assert {(row[3], row[4]) for row in moved} == {("validation", "train"), ("test", "train")}
