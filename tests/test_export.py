"""Exports: every format read back is the data set, the sidecar says what it is, and an interrupted export leaves nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lrbstore
from lrbstore.export import FORMATS, export
from lrbstore.ingest.pipeline import ingest

EQTL, BULK, CAGE, GVREP = "variant_effect_gene_expression", "bulk_rna_expression", "cage_prediction", "gvrep_eqtl_pval"
CASES = [
    (EQTL, 256, {}),
    (EQTL, 257, {"window": "strict", "edge": "shift", "tissue": "Liver"}),
    (BULK, 256, {}),
    (CAGE, 512, {}),
    (GVREP, 64, {}),
]


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize(("name", "length", "options"), CASES)
def test_what_is_read_back_is_the_data_set(
    store: lrbstore.Store, tmp_path: Path, name: str, length: int, options: dict[str, Any], form: str
) -> None:
    task = lrbstore.task(name, length, store=store, **options)
    written = export(task, tmp_path / "out", form=form, batch_size=7)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in written)
    assert len(written) == 2 * len(task.splits)
    for split, path in zip(task.splits, written[::2], strict=True):
        ds = task[split]
        assert path.name == f"{name}.{split}.{length}.{form}"
        shape = json.loads((path.parent / f"{path.name}.json").read_text())["label_shape"]
        rows = pq.read_table(path).to_pylist() if form == "parquet" else [json.loads(line) for line in path.read_text().splitlines()]
        assert len(rows) == len(ds)
        for i, (row, one) in enumerate(zip(rows, ds, strict=True)):
            assert list(row) == list(one)
            for key, value in one.items():
                found = row[key]
                if key == ds.spec.label.key:
                    assert np.array_equal(np.array(found, value.dtype).reshape(shape), value)
                else:
                    assert found == _plain(value), (i, key)


@pytest.mark.parametrize(("name", "length", "options"), CASES)
def test_fasta_holds_every_sequence_under_its_example(
    store: lrbstore.Store, tmp_path: Path, name: str, length: int, options: dict[str, Any]
) -> None:
    task = lrbstore.task(name, length, store=store, **options)
    path, _ = export(task, tmp_path, split="test", form="fasta", batch_size=5)
    lines = path.read_text().splitlines()
    expected = []
    for one in task.test:
        for key in [key for key in one if key.endswith("sequence")]:
            expected += [f">{one['example_id']}" + ("" if key == "sequence" else f"|{key[:3]}"), one[key]]
    assert lines == expected
    headers = lines[::2]
    assert len(set(headers)) == len(headers)


@pytest.mark.parametrize("form", FORMATS)
def test_the_sidecar_says_what_the_file_is(store: lrbstore.Store, tmp_path: Path, form: str) -> None:
    task = lrbstore.task(EQTL, 40_000, store=store, window="strict", edge="drop", on_ref_mismatch="drop", tissue="Liver")
    path, sidecar = export(task, tmp_path, split="train", form=form)
    said = json.loads(sidecar.read_text())
    ds = task.train
    assert sidecar.name == path.name + ".json"
    assert {key: said[key] for key in ("task", "split", "split_scheme", "seq_len", "window", "edge", "on_ref_mismatch", "filters")} == {
        "task": EQTL, "split": "train", "split_scheme": "published", "seq_len": 40_000, "window": "strict", "edge": "drop",
        "on_ref_mismatch": "drop", "filters": {"tissue": "Liver"},
    }  # fmt: skip
    assert (said["examples"], said["left_out"]) == (len(ds), ds.dropped().num_rows)
    assert said["left_out"] > 0
    assert (said["fingerprint"], said["release"], said["simulated"]) == (ds.fingerprint, store.release, True)
    assert (said["assembly"], said["genome_digest"]) == ("GRCh38", store.genome("GRCh38").digest)
    assert (said["label"]["key"], said["label_shape"]) == ("label", [])
    assert "CC BY-NC-SA" in said["licence"]
    assert "GTEx" in said["citation"]
    assert said["exported"].endswith("+00:00")


def test_the_same_export_again_is_the_same_file(store: lrbstore.Store, tmp_path: Path) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    for form in FORMATS:
        paths = [export(task, tmp_path / str(size), split="test", form=form, batch_size=size)[0] for size in (3, 500)]
        if form == "parquet":
            assert pq.read_table(paths[0]).equals(pq.read_table(paths[1]))
        else:
            assert paths[0].read_bytes() == paths[1].read_bytes()


def test_it_is_streamed(store: lrbstore.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a batch of sequences is made at a time, and batches reach the file as they come."""
    sizes: list[int] = []
    original = lrbstore.Dataset._batch

    def counting(self: lrbstore.Dataset, *arguments: Any) -> dict[str, Any]:
        batch = original(self, *arguments)
        sizes.append(len(batch["example_id"]))
        return batch

    monkeypatch.setattr(lrbstore.Dataset, "_batch", counting)
    said: list[str] = []
    task = lrbstore.task(GVREP, 64, store=store)
    n = len(task.train)
    path, _ = export(task, tmp_path, split="train", batch_size=50, say=said.append)
    assert max(sizes) == 50
    assert sum(sizes) == n
    assert said == [f"{min(at, n):,} examples" for at in range(50, n + 50, 50)]
    assert sizes.pop(0) == 0  # for the schema
    assert pq.ParquetFile(path).metadata.num_row_groups == len(sizes)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_an_interrupted_export_leaves_nothing(
    store: lrbstore.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, stop: type[BaseException]
) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    original, calls = lrbstore.Dataset._batch, [0]

    def failing(self: lrbstore.Dataset, *arguments: Any) -> dict[str, Any]:
        calls[0] += 1
        if calls[0] == 4:
            raise stop("stopped")
        return original(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(lrbstore.Dataset, "_batch", failing)
        with pytest.raises(stop, match="stopped"):
            export(task, tmp_path, split="train", form=form, batch_size=10)
    assert list(tmp_path.iterdir()) == []
    done = export(task, tmp_path, split="train", form=form)
    before = {path: path.read_bytes() for path in done}
    calls[0] = 0
    with monkeypatch.context() as patched:
        patched.setattr(lrbstore.Dataset, "_batch", failing)
        with pytest.raises(stop):
            export(task, tmp_path, split="train", form=form, batch_size=10)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before  # what was complete stays


def test_a_sidecar_that_cannot_be_written_leaves_no_data_without_one(
    store: lrbstore.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrbstore.export._sidecar", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        export(lrbstore.task(EQTL, 64, store=store), tmp_path, split="test")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_value_stays_missing_in_every_batch(simulated: Path, store: lrbstore.Store, tmp_path: Path) -> None:
    """A batch with a missing distance has the type of its neighbours."""
    with (simulated / "lrb" / "variant_effect_causal_eqtl" / "All_Tissues.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == "train"][-12:]
    for i in (0, 1, 2, 3, 9):
        rows[i]["distance_to_nearest_TSS"] = ""
    path = tmp_path / "All_Tissues.csv"
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    from lrbstore.ingest.genomes import add_genome

    add_genome(tmp_path / "store", "GRCh38", simulated / "genomes" / "GRCh38.fa", simulated=True)
    ingest(tmp_path / "store", "lrb", [path], simulated=True)
    expected = [int(row["distance_to_nearest_TSS"]) if row["distance_to_nearest_TSS"] else None for row in rows]
    with lrbstore.open(tmp_path / "store") as opened:
        task = lrbstore.task(EQTL, 16, store=opened)
        parquet, _ = export(task, tmp_path, split="train", batch_size=4)  # the first batch holds nothing else
        table = pq.read_table(parquet)
        assert table["distance_to_nearest_tss"].to_pylist() == expected
        assert table.schema.field("distance_to_nearest_tss").type == pa.int32()
        jsonl, _ = export(task, tmp_path, split="train", form="jsonl", batch_size=4)
        assert [json.loads(line)["distance_to_nearest_tss"] for line in jsonl.read_text().splitlines()] == expected


def test_an_empty_split_is_an_empty_file(store: lrbstore.Store, tmp_path: Path) -> None:
    longest = max(store.manifest.genome("GRCh38").contigs.values())
    task = lrbstore.task(EQTL, longest, store=store)
    for form in FORMATS:
        path, sidecar = export(task, tmp_path, split="test", form=form)
        assert (pq.read_table(path).num_rows if form == "parquet" else len(path.read_text())) == 0
        assert json.loads(sidecar.read_text())["examples"] == 0
        if form == "parquet":
            assert set(pq.read_schema(path).names) == set(lrbstore.task(EQTL, 64, store=store).test[0])


@pytest.mark.parametrize(
    ("name", "length", "options"),
    [*CASES, ("gvrep_oligogenic", 32, {}), ("gvrep_gene_knockout", 32, {"edge": "shift"}), ("gvrep_clinvar_clnsig", 32, {})],
)
def test_an_empty_split_has_the_schema_of_a_full_one(
    store: lrbstore.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, length: int, options: dict[str, Any]
) -> None:
    task = lrbstore.task(name, length, store=store, **options)
    full, _ = export(task, tmp_path / "full", split="train")
    monkeypatch.setattr(lrbstore.Dataset, "_streamed", lambda *_: iter(()))
    empty, _ = export(task, tmp_path / "empty", split="train")
    assert pq.read_table(full).num_rows > 0 == pq.read_table(empty).num_rows
    assert pq.read_schema(empty) == pq.read_schema(full)


def test_what_cannot_be_exported(store: lrbstore.Store, simulated: Path, tmp_path: Path) -> None:
    task = lrbstore.task(EQTL, 64, store=store)
    with pytest.raises(lrbstore.UnknownName, match="did you mean 'parquet'"):
        export(task, tmp_path / "out", form="parket")
    with pytest.raises(lrbstore.UnknownName, match="known: test, train"):
        export(task, tmp_path / "out", split="validation")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(lrbstore.BadSpec, match="is a file; give a folder"):
        export(task, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    ingest(tmp_path / "store", "lrb", [simulated / "lrb" / "variant_effect_causal_eqtl"], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened, pytest.raises(lrbstore.MissingData, match="lrbstore genome add GRCh38"):
        export(lrbstore.task(EQTL, 64, store=opened), tmp_path / "out")
    assert not (tmp_path / "out").exists()
