"""How data files are written (every setting, on every file of a store), and how label vectors are read back."""

import os
import pickle
import shutil
import threading
import unittest.mock
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lrbstore
from lrbstore.cage import Central
from lrbstore.contract import contract
from lrbstore.errors import ContractBroken, HashMismatch, MissingData
from lrbstore.manifest import file_sha256
from lrbstore.parquet import Plain, TableWriter, Vectors

NOBODY = {"source": None, "version": None, "assembly": None, "unit": None, "genome": None}
WIDTH = 7


def vectors(first: int, n: int, seed: int = 0) -> pa.Table:
    """Rows of lrb_expression whose vectors say which row they are."""
    noise = np.random.default_rng(seed).normal(size=(n, WIDTH)).astype(np.float32)
    noise[:, 0] = np.arange(first, first + n)
    return pa.table(
        {
            "label_row": np.arange(first, first + n),
            "expression": pa.FixedSizeListArray.from_arrays(noise.ravel(), WIDTH).cast(pa.list_(pa.float32())),
            "source": ["x"] * n,
            "source_version": ["1"] * n,
            "source_file": ["x.csv"] * n,
            "source_line": np.arange(2, n + 2),
        }
    )


def expression_file(path: Path, first: int, n: int, seed: int = 0) -> np.ndarray:
    table = vectors(first, n, seed)
    with TableWriter(contract("lrb_expression"), path, {}) as writer:
        for start in range(0, n, 700):  # pieces that do not fit the row groups
            writer.write(table.slice(start, 700))
        writer.close(**NOBODY)
    return np.array(table["expression"].to_pylist(), np.float32)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], np.ndarray, np.ndarray]:
    """Three files, out of order, with a gap of 500 rows before the last; the running numbers and the whole column."""
    folder = tmp_path_factory.mktemp("vectors")
    columns = [expression_file(folder / f"{i}.parquet", first, n, i) for i, (first, n) in enumerate([(0, 5000), (5000, 30), (5530, 2100)])]
    rows = np.concatenate([np.arange(0, 5030), np.arange(5530, 7630)])
    return [folder / "2.parquet", folder / "0.parquet", folder / "1.parquet"], rows, np.concatenate(columns)


# ── every file of a store ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def data_files(demo_store: Path) -> list[tuple[str, Path]]:
    with lrbstore.open(demo_store) as store:
        return [(f.table, demo_store / f.path) for f in store.manifest.files]


def test_the_demo_store_has_a_file_of_every_kind_of_column(data_files):
    tables = {table for table, _ in data_files}
    assert {
        "lrb_eqtl",
        "lrb_gene",
        "lrb_expression",
        "cage_label",
        "cage_window",
        "gtex_eqtl",
        "clinvar_record",
        "variant_allele",
    } <= tables


def leaf_types(schema: pa.Schema) -> list[tuple[str, pa.DataType, bool]]:
    """Columns with their types; the name of a list's inner field is the format's business."""
    return [(f.name, pa.list_(f.type.value_type) if pa.types.is_list(f.type) else f.type, f.nullable) for f in schema]


def test_the_schema_of_every_file_is_the_contract(data_files):
    for table, path in data_files:
        assert leaf_types(pq.read_schema(path)) == leaf_types(contract(table).schema), path.name


def encodings(path: Path) -> list[tuple[str, str, set[str]]]:
    metadata = pq.read_metadata(path)
    columns = [metadata.row_group(g).column(c) for g in range(metadata.num_row_groups) for c in range(metadata.num_columns)]
    return [(c.path_in_schema, c.physical_type, set(c.encodings)) for c in columns]


def test_the_encodings_of_every_file_are_those_of_the_design(data_files):
    seen = set()
    for _, path in data_files:
        for name, physical, found in encodings(path):
            seen.add(physical)
            if physical in {"INT32", "INT64"}:
                assert "DELTA_BINARY_PACKED" in found, (path.name, name)
                assert not found & {"PLAIN", "RLE_DICTIONARY", "PLAIN_DICTIONARY"}, (path.name, name)
            elif physical in {"FLOAT", "DOUBLE"}:
                assert "BYTE_STREAM_SPLIT" in found, (path.name, name)
                assert not found & {"PLAIN", "RLE_DICTIONARY", "PLAIN_DICTIONARY"}, (path.name, name)
            elif physical == "BYTE_ARRAY":
                assert "RLE_DICTIONARY" in found, (path.name, name)
    assert seen == {"INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY", "BOOLEAN"}


def varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (raw[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not raw[at - 1] & 0x80:
            return value, at


def page_header(raw: bytes, at: int) -> dict[int, int]:
    """Read the leading integers of a Thrift compact PageHeader: 1 type, 2 uncompressed size, 3 compressed size, 4 crc (if there)."""
    fields, number = {}, 0
    while raw[at] & 0x0F == 5:  # an i32
        number += raw[at] >> 4
        value, at = varint(raw, at + 1)
        fields[number] = value >> 1 ^ -(value & 1)
    return fields


def test_every_data_page_is_of_version_2_with_a_checksum(data_files):
    for _, path in data_files:
        raw, metadata = path.read_bytes(), pq.read_metadata(path)
        for g in range(metadata.num_row_groups):
            for c in range(metadata.num_columns):
                header = page_header(raw, metadata.row_group(g).column(c).data_page_offset)
                assert header[1] == 3, (path.name, "DATA_PAGE_V2 is page type 3 of parquet.thrift")
                assert 4 in header, (path.name, "crc is field 4 of PageHeader")


def test_row_groups_are_of_the_contracts_size(data_files, tmp_path):
    for table, path in data_files:
        metadata = pq.read_metadata(path)
        sizes = [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]
        assert all(size == contract(table).rows_per_group for size in sizes[:-1]), path.name
        assert 0 < sizes[-1] <= contract(table).rows_per_group, path.name
    expression_file(tmp_path / "big.parquet", 0, 5000)
    metadata = pq.read_metadata(tmp_path / "big.parquet")
    assert [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)] == [2048, 2048, 904]
    assert contract("gtex_eqtl").rows_per_group == 122_880


def test_a_file_says_what_it_was_made_from(demo_store):
    with lrbstore.open(demo_store) as store:
        file = next(f for f in store.manifest.files if f.table == "gtex_eqtl")
        said = pq.read_schema(demo_store / file.path).metadata
    assert said[b"lrbstore.source"] == b"gtex_v8_eqtl"
    assert said[b"lrbstore.sha256"].decode() == file.unit
    assert said[b"lrbstore.input"].endswith(b".v8.egenes.txt.gz")


# ── TableWriter ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_is_read_back_in_order(written):
    paths, rows, values = written
    tables = [pq.read_table(path, page_checksum_verification=True) for path in sorted(paths)]
    assert np.array_equal(np.concatenate([t["label_row"].to_numpy() for t in tables]), rows)
    assert np.array_equal(np.array(pa.concat_tables(tables)["expression"].to_pylist(), np.float32), values)


def test_the_manifests_line_of_a_file_is_true(tmp_path):
    path = tmp_path / "data" / "lrb_expression" / "a.parquet"
    with TableWriter(contract("lrb_expression"), path, {"k": "v"}) as writer:
        writer.write(vectors(0, 10))
        assert not path.exists(), "nothing lies under the final name before it is complete"
        line = writer.close(source="s", version="1", assembly="GRCh38", unit="u", genome=None)
    assert (line.path, line.rows, line.bytes) == ("data/lrb_expression/a.parquet", 10, path.stat().st_size)
    assert line.sha256 == file_sha256(path)
    assert [p.name for p in path.parent.iterdir()] == ["a.parquet"]


@pytest.mark.parametrize("n", [0, 10, 5000], ids=["before a row", "before a row group", "after row groups"])
def test_a_writer_that_is_given_up_leaves_nothing(tmp_path, n):
    folder = tmp_path / "lrb_expression"

    def work() -> None:
        with TableWriter(contract("lrb_expression"), folder / "a.parquet", {}) as writer:
            writer.write(vectors(0, n) if n else vectors(0, 1).slice(0, 0))
            assert folder.exists() == (n == 5000)
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        work()
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_null_in_a_not_null_column_is_not_written(tmp_path):
    rows = vectors(0, 3)
    rows = rows.set_column(2, "source", pa.array(["x", None, "x"]))
    with (
        TableWriter(contract("lrb_expression"), tmp_path / "a.parquet", {}) as writer,
        pytest.raises(ContractBroken, match=r"lrb_expression.*source is missing"),
    ):
        writer.write(rows)
    writer.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_table_without_rows_is_a_file_without_rows(tmp_path):
    with TableWriter(contract("reject"), tmp_path / "a.parquet", {}) as writer:
        assert writer.close(**NOBODY).rows == 0
    assert pq.read_table(tmp_path / "a.parquet").schema.names == list(contract("reject").column_names)


# ── Vectors ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


WHERE = pytest.mark.parametrize(("whole", "disk"), [(0, 0.0), (0, 0.25), (1 << 28, 0.0)], ids=["not kept", "in a file", "in memory"])
EXPRESSION = Plain("expression")


@WHERE
@pytest.mark.parametrize("again", [False, True])
def test_random_takes_equal_the_whole_column(written, whole, disk, again):
    paths, rows, values = written
    reader = Vectors(paths, "label_row", keep=2, whole=whole, disk=disk)
    rng = np.random.default_rng(1)
    for _ in range(20):
        chosen = rng.integers(0, len(rows), size=rng.integers(1, 400))  # in any order, with repeats
        taken = reader.take(rows[chosen], EXPRESSION, again=again)
        assert taken.dtype == np.float32
        assert np.array_equal(taken, values[chosen])
    everything = reader.take(rows, EXPRESSION)
    assert np.array_equal(everything, values)


def test_no_rows_still_have_a_width(written):
    taken = Vectors(written[0], "label_row").take(np.array([], np.int64), EXPRESSION)
    assert taken.shape == (0, WIDTH)


@pytest.mark.parametrize("row", [-1, 5030, 5529, 7630, 10**9])
def test_a_row_that_no_file_holds_is_an_error_not_another_row(written, row):
    with pytest.raises(MissingData, match=f"label_row {row} "):
        Vectors(written[0], "label_row").take(np.array([0, row]), EXPRESSION)


def test_pickled_vectors_read_the_same(written):
    paths, rows, values = written
    reader = Vectors(paths, "label_row")
    reader.take(rows[:3], EXPRESSION)
    again = pickle.loads(pickle.dumps(reader))
    assert len(pickle.dumps(reader)) < 4000, "paths travel, decoded rows do not"
    assert np.array_equal(again.take(rows[::97], EXPRESSION), values[::97])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # workers of a data loader are forked from a process with threads
@WHERE
def test_forked_vectors_read_the_same(written, whole, disk):
    paths, rows, values = written
    reader = Vectors(paths, "label_row", keep=1, whole=whole, disk=disk)
    reader.take(rows[:3], EXPRESSION)
    children = []
    for part in range(3):
        child = os.fork()
        if child == 0:
            try:
                mine = np.random.default_rng(part).permutation(len(rows))
                same = np.array_equal(reader.take(rows[mine], EXPRESSION), values[mine])
                os._exit(0 if same else 1)
            except BaseException:
                os._exit(2)
        children.append(child)
    assert np.array_equal(reader.take(rows, EXPRESSION), values)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]


@WHERE
def test_threads_share_one_reader(written, whole, disk):
    paths, rows, values = written
    reader, wrong = Vectors(paths, "label_row", keep=1, whole=whole, disk=disk), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(30):
            chosen = rng.integers(0, len(rows), 50)
            if not np.array_equal(reader.take(rows[chosen], EXPRESSION), values[chosen]):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Reads:
    """Counts the row groups that are decoded."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.groups: list[int] = []
        read = pq.ParquetFile.read_row_groups

        def counted(file, groups, **options):
            self.groups += groups
            return read(file, groups, **options)

        monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counted)


def test_what_is_asked_for_again_is_decoded_once_more_at_most(written, monkeypatch):
    paths, rows, values = written
    reader, reads = Vectors(paths, "label_row", keep=1, whole=0), Reads(monkeypatch)
    for _ in range(2):
        assert np.array_equal(reader.take(rows, EXPRESSION), values)
    n = len(reads.groups)
    assert n <= 2 * 7
    for seed in range(3):
        mine = np.random.default_rng(seed).permutation(len(rows))
        assert np.array_equal(reader.take(rows[mine], EXPRESSION), values[mine])
    assert len(reads.groups) == n
    assert not [path for path in paths[0].parent.iterdir() if path.suffix != ".parquet"], "the file has no name"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_forked_process_put_into_the_file_its_siblings_find(written, monkeypatch):
    paths, rows, values = written
    reader = Vectors(paths, "label_row", whole=0)
    reader.take(rows[:0], EXPRESSION, again=True)
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if np.array_equal(reader.take(rows, EXPRESSION), values) else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    reads = Reads(monkeypatch)
    assert np.array_equal(reader.take(rows, EXPRESSION), values)
    assert reads.groups == []


def test_without_room_vectors_are_decoded_each_time(written, monkeypatch):
    paths, rows, values = written
    full = OSError(28, "No space left on device")
    for name in ("lrbstore.parquet._write", "lrbstore.parquet.tempfile.TemporaryFile"):
        reader = Vectors(paths, "label_row", keep=1, whole=0)
        with monkeypatch.context() as patched:
            patched.setattr(name, unittest.mock.Mock(side_effect=full))
            for _ in range(3):
                assert np.array_equal(reader.take(rows, EXPRESSION, again=True), values)
    small = Vectors(paths, "label_row", whole=0, disk=1e-12)
    assert np.array_equal(small.take(rows, EXPRESSION, again=True), values)
    assert small.disk == 0


@pytest.fixture(scope="module")
def labels(demo_store) -> tuple[list[Path], np.ndarray, np.ndarray]:
    """Files of CAGE labels, their rows' numbers, and all bins put together from the rings: float32 (rows, 896, 50)."""
    with lrbstore.open(demo_store) as store:
        paths = store.data_files("cage_label")
        whole = store.sql("select * from cage_label order by label_row").to_arrow_table()
    flat = [whole[f"ring_{k}"].combine_chunks().flatten().to_numpy() for k in range(7)]
    rings = [ring.astype(np.float32).reshape(len(whole), 2, -1, 50) for ring in flat]
    bins = np.concatenate([*(ring[:, 0] for ring in rings[::-1]), *(ring[:, 1] for ring in rings)], axis=1)
    return paths, whole["label_row"].to_numpy(), bins


@pytest.mark.parametrize("n_bins", [2, 16, 30, 64, 700, 896])
def test_the_central_bins_come_out_of_their_rings(labels, n_bins):
    paths, rows, bins = labels
    order = np.random.default_rng(n_bins).permutation(len(rows))[:20]
    middle = slice(448 - n_bins // 2, 448 + n_bins // 2)
    for options in ({}, {"whole": 0}, {"whole": 0, "disk": 0.0}):
        taken = Vectors(paths, "label_row", **options).take(rows[order], Central(n_bins), again=True)
        assert taken.shape == (len(order), n_bins, 50)
        assert np.array_equal(taken, bins[order][:, middle])


@pytest.fixture
def copies(written, tmp_path) -> list[Path]:
    return [Path(shutil.copy(path, tmp_path)) for path in written[0]]


def take_all(paths: list[Path], rows: np.ndarray) -> np.ndarray:
    return Vectors(paths, "label_row").take(rows, EXPRESSION)


def test_one_wrong_byte_in_any_page_of_vectors_is_noticed(written, copies):
    _, rows, values = written
    path = copies[1]  # the one with three row groups
    metadata, raw = pq.read_metadata(path), path.read_bytes()
    column = metadata.schema.to_arrow_schema().get_field_index("expression")
    for g in range(metadata.num_row_groups):
        chunk = metadata.row_group(g).column(column)
        last = chunk.data_page_offset + chunk.total_compressed_size - 1
        for at in (last, last - chunk.total_compressed_size // 2):
            damaged = bytearray(raw)
            damaged[at] ^= 0x10
            path.write_bytes(damaged)
            with pytest.raises(HashMismatch, match=rf"{path.name} is damaged.*lrbstore verify"):
                take_all(copies, rows)
    path.write_bytes(raw)
    assert np.array_equal(take_all(copies, rows), values)


@pytest.mark.parametrize("keep", [0, 4, 100, -1], ids=["empty", "four bytes", "the beginning", "all but a byte"])
def test_truncated_vectors_are_noticed(written, copies, keep):
    raw = copies[0].read_bytes()
    copies[0].write_bytes(raw[:keep])
    with pytest.raises(HashMismatch, match=copies[0].name):
        take_all(copies, written[1])


def test_missing_vectors_are_said_to_be_missing(written, copies):
    copies[2].unlink()
    with pytest.raises(MissingData, match=f"{copies[2].name} is missing"):
        take_all(copies, written[1])
