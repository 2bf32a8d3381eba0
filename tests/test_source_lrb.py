"""LRB: the layouts that its files come in, labels joined by row number, and label arrays found by name."""

from __future__ import annotations

import csv
import gzip
import json
import runpy
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from asking import ask, opened

import lrbstore
from lrbstore.cage import from_rings, rings_for
from lrbstore.errors import ContractBroken, LrbStoreError, MissingData
from lrbstore.ingest import reading
from lrbstore.ingest.lrb import load
from lrbstore.ingest.pipeline import Outcome, ingest

HERE = Path(__file__).resolve().parent
label_array = runpy.run_path(str(HERE / "sources" / "lrb" / "build.py"))["label_array"]

V1, V2 = "variant_effect_gene_expression", "variant_effect_causal_eqtl"
EQTL = ["CHROM", "POS", "REF", "ALT", "SNP", "label", "tissue", "distance_to_nearest_TSS", "split"]
VARIANTS = [
    dict(zip(EQTL, row, strict=True))
    for row in [
        ("chr1", 1001, "A", "G", "rs11", 1, "Liver", 10, "train"),
        ("chr9", 1002, "C", "T", "rs12", 0, "Whole_Blood", 20, "test"),
        ("chr22", 1003, "G", "C", "rs13", 1, "Lung", 30, "train"),
        ("chr10", 1004, "T", "A", "rs14", 0, "Liver", 40, "test"),
    ]
]
WIDTH = 114_688


# ── writing the provider's files, asking the store ───────────────────────────────────────────────────────────────────────────────


def snapshot(store: Path) -> dict[str, bytes]:
    """Give every file of a store with its bytes."""
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def write_eqtl(folder: Path, rows: list[dict[str, Any]], name: str = V2) -> Path:
    (folder / name).mkdir(parents=True)
    with (folder / name / "All_Tissues.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def write_bulk(folder: Path, genes: list[str], values: list[str], *, header: str = "", mapping: str | None = None) -> Path:
    """Write gene and value lines, the latter with their header."""
    bulk = folder / "bulk_rna_expression"
    bulk.mkdir(parents=True)
    header = header or "id,symbol,chrom,strand,TSS,CAGE_representative_TSS,type,split"
    (bulk / "gene_coordinates.csv").write_text("\n".join([header, *genes]) + "\n")
    (bulk / "rna_expression_values.csv").write_text("\n".join(values) + "\n")
    if mapping is not None:
        (bulk / "label_mapping.csv").write_text(mapping)
    return folder


def gene(i: int, chrom: str = "chr1", split: str = "train") -> str:
    return f"ENSG{i:011d},G{i},{chrom},+,{1000 + i},{2000 + i},protein_coding,{split}"


def write_cage(
    folder: Path, rows: list[str], shards: dict[str, dict[str, np.ndarray]], header: str = ",chrom,start,stop,split,npy_idx"
) -> Path:
    cage = folder / "cage_prediction"
    (cage / "targets_subset").mkdir(parents=True, exist_ok=True)
    (cage / "sequences_coordinates.csv").write_text("\n".join([header, *rows]) + "\n")
    for name, arrays in shards.items():
        np.savez(cage / "targets_subset" / name, **arrays)
    return folder


def window(i: int, split: str, npy_idx: int, width: int = WIDTH) -> str:
    return f"{i},chr{i % 20 + 1},{1001 + i},{1001 + i + width},{split},{npy_idx}"


def labels_of(store: Path) -> dict[tuple[str, int], np.ndarray]:
    """Give every window's labels, put together from their rings: float32 (896, 50)."""
    rings = rings_for(896)
    query = f"select w.split, w.npy_idx, {', '.join(rings)} from cage_window as w join cage_label as l using (label_row)"
    rows = opened(store).sql(query).to_arrow_table()
    keys = zip(rows["split"].to_pylist(), rows["npy_idx"].to_pylist(), strict=True)
    return {key: from_rings([rows[ring][i].values.to_numpy()[None] for ring in rings], 896)[0] for i, key in enumerate(keys)}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a little of the source, to be copied before it is written to."""
    folder = tmp_path_factory.mktemp("filled")
    ingest(folder / "store", "lrb", [write_eqtl(folder / "raw", VARIANTS)])
    return folder / "store"


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "store")
    return tmp_path / "store"


def refused(store: Path, folder: Path, error: type[LrbStoreError] = ContractBroken) -> str:
    """See that a folder is refused and that the store is as it was; give the message."""
    before = snapshot(store)
    with pytest.raises(error) as caught:
        ingest(store, "lrb", [folder])
    assert snapshot(store) == before
    return str(caught.value)


# ── causal eQTLs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_same_bytes_under_both_folder_names_are_two_versions(tmp_path: Path) -> None:
    raw = write_eqtl(write_eqtl(tmp_path / "raw", VARIANTS, V1), VARIANTS, V2)
    outcome = ingest(tmp_path / "store", "lrb", [raw])
    assert sorted((f.version, f.rows_loaded) for f in outcome.loaded) == [("1", 4), ("2", 4)]
    assert len({f.sha256 for f in outcome.loaded}) == 1
    assert ask(tmp_path / "store", "select distinct source_version from lrb_eqtl") == [("2",)]
    both = ask(
        tmp_path / "store", "select source_version, list(record_id order by source_line) from history.lrb_eqtl group by 1 order by 1"
    )
    assert [version for version, _ in both] == ["1", "2"]
    assert both[0][1] == both[1][1], "the same row has the same id in either version"
    assert len(set(both[0][1])) == len(VARIANTS)


@pytest.mark.slow
def test_the_older_folder_after_the_newer_one_does_not_take_over(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "b", VARIANTS, V2)])
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "a", VARIANTS[:1], V1)])
    assert ask(tmp_path / "store", "select source_version, count(*) from lrb_eqtl group by 1") == [("2", 4)]
    assert ask(tmp_path / "store", "select source_version, count(*) from history.lrb_eqtl group by 1 order by 1") == [("1", 1), ("2", 4)]


def test_a_file_given_by_hand_is_found_by_its_name_and_its_version_may_be_said(tmp_path: Path) -> None:
    raw = write_eqtl(tmp_path / "raw", VARIANTS, "downloads")
    outcome = ingest(tmp_path / "store", "lrb", [raw / "downloads" / "All_Tissues.csv"], version="2024-06")
    assert [(f.version, f.rows_in) for f in outcome.loaded] == [("2024-06", 4)]


@pytest.mark.parametrize(
    "left_out", [["REF", "SNP", "split"], [], *(pytest.param([name], marks=pytest.mark.slow) for name in ("REF", "SNP", "split"))]
)
def test_columns_that_a_version_of_the_file_may_lack(left_out: list[str], tmp_path: Path) -> None:
    rows = [{key: row[key] for key in reversed(EQTL) if key not in left_out} for row in VARIANTS]  # and in another order
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "raw", rows)])
    found = ask(
        tmp_path / "store", "select chrom, pos, ref, alt, snp, label, tissue, distance_to_nearest_tss, split, variant_id from lrb_eqtl"
    )
    want = []
    for row in VARIANTS:
        chrom, pos, ref, alt, snp, label, tissue, distance, split = row.values()
        known = "REF" not in left_out
        want.append((
            chrom, pos, ref if known else None, alt, None if "SNP" in left_out else snp, label, tissue.replace("_", " "), distance,
            split,  # without the column: test is chr9 and chr10, which is what these rows say too
            f"GRCh38:{chrom}:{pos}:{ref}:{alt}" if known else None,
        ))  # fmt: skip
    assert found == want


@pytest.mark.parametrize("column", ["CHROM", "POS", "ALT", "label", "tissue", "distance_to_nearest_TSS"])
def test_a_missing_column_is_named_with_all_that_are_required(column: str, store: Path, tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != column} for row in VARIANTS]
    message = refused(store, write_eqtl(tmp_path / "raw", rows))
    assert f"lacks the column {column};" in message
    assert "required for variant_effect_causal_eqtl: CHROM, POS, ALT, label, tissue, distance_to_nearest_TSS" in message
    assert "All_Tissues.csv" in message


def test_chrom_is_understood_in_any_spelling(tmp_path: Path) -> None:
    spelt = ["chr1", "1", "NC_000001.11", "chrX", "X", "MT", "chrM"]
    rows = [{**VARIANTS[0], "CHROM": chrom} for chrom in spelt]
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "raw", rows)])
    found = [row[0] for row in ask(tmp_path / "store", "select variant_id from lrb_eqtl")]
    assert found == [f"GRCh38:{c}:1001:A:G" for c in ("chr1", "chr1", "chr1", "chrX", "chrX", "chrM", "chrM")]
    assert ask(tmp_path / "store", "select count(*) from variant") == [(3,)]


def test_extra_columns_are_kept_whatever_they_are_called(tmp_path: Path) -> None:
    names = ["Label", 'a "b"', "it's", "é x", "source_line", "extra", "raw_text", "contig"]
    rows = [
        {**{name: f"{name}={i}" for name in names[:1]}, **row, **{name: f"{name}={i}" for name in names[1:]}}
        for i, row in enumerate(VARIANTS)
    ]
    outcome = ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "raw", rows)])
    kept = ["source_line_" if name == "source_line" else name for name in names]  # the table's own column of that name is our line number
    assert outcome.loaded[0].facts == {"extra_columns": kept}
    found = ask(tmp_path / "store", "select extra, label, source_line from lrb_eqtl order by source_line")
    for i, (extra, label, line) in enumerate(found):
        assert json.loads(extra) == {name: f"{old}={i}" for name, old in zip(kept, names, strict=True)}
        assert (label, line) == (VARIANTS[i]["label"], i + 2)


def test_tissue_spellings_lead_to_one_tissue_and_are_remembered(tmp_path: Path) -> None:
    spelt = ["Whole_Blood", "Whole Blood", "whole blood | GTEx", "Minor_Moon_Gland", "Brain_Spinal_cord_cervical_c-1"]
    rows = [{**VARIANTS[0], "tissue": tissue} for tissue in spelt]
    ingest(tmp_path / "store", "lrb", [write_eqtl(tmp_path / "raw", rows)])
    with lrbstore.open(tmp_path / "store") as store:
        assert store.sql("select tissue, count(*) from lrb_eqtl group by 1 order by 1").fetchall() == [
            ("Brain Spinal Cord Cervical C1", 1), ("Minor Moon Gland", 1), ("Whole Blood", 3),
        ]  # fmt: skip
        aliases = dict(store.sql("select alias, tissue from tissue_alias where source = 'lrb'").fetchall())
        assert aliases == dict(zip(spelt, ["Whole Blood"] * 3 + ["Minor Moon Gland", "Brain Spinal Cord Cervical C1"], strict=True))
        assert {store.tissue(t) for t in ("WHOLE_BLOOD", "Whole blood | Roadmap")} == {"Whole Blood"}
        assert store.tissue("minor moon gland") == "Minor Moon Gland"
        assert len(lrbstore.task("variant_effect_gene_expression", 64, store=store, tissue="whole_blood").train.rows(["tissue"])) == 3


def test_swapped_files_are_refused_by_their_columns(store: Path, tmp_path: Path) -> None:
    raw = write_bulk(tmp_path / "raw", [gene(1)], ["Liver", "1.5"])
    bulk = raw / "bulk_rna_expression"
    bulk.joinpath("gene_coordinates.csv").rename(tmp_path / "g")
    bulk.joinpath("rna_expression_values.csv").rename(bulk / "gene_coordinates.csv")
    (tmp_path / "g").rename(bulk / "rna_expression_values.csv")
    message = refused(store, raw)
    assert "lacks the columns id, chrom, strand, TSS, CAGE_representative_TSS; found: Liver" in message


def test_only_what_is_there_is_loaded_and_the_rest_is_said(tmp_path: Path) -> None:
    raw = write_eqtl(tmp_path / "raw", VARIANTS)
    assert ingest(tmp_path / "store", "lrb", [raw]).missing == ["bulk_rna_expression", "cage_prediction"]
    write_bulk(raw, [gene(1)], ["Liver", "1.5"])
    outcome = ingest(tmp_path / "store", "lrb", [raw])
    assert (outcome.missing, outcome.known) == (["cage_prediction"], ["All_Tissues.csv"])
    assert {f.name for f in outcome.loaded} == {"gene_coordinates.csv", "rna_expression_values.csv"}
    with lrbstore.open(tmp_path / "store") as store, pytest.raises(MissingData, match="lrbstore ingest lrb"):
        lrbstore.task("cage_prediction", store=store)


# ── bulk RNA expression ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def expression(store: Path) -> dict[str, list[float]]:
    return dict(ask(store, "select gene_id, expression from lrb_gene join lrb_expression using (label_row) order by lrb_gene.source_line"))


@pytest.mark.slow
def test_labels_are_joined_by_row_number(tmp_path: Path) -> None:
    genes = [gene(i) for i in range(40)]
    rows = [f"{i / 8},{-i / 4},{i}" for i in range(40)]
    order = np.random.default_rng(5).permutation(40)
    ingest(tmp_path / "a", "lrb", [write_bulk(tmp_path / "raw_a", genes, ["x,y,z", *rows])])
    ingest(tmp_path / "b", "lrb", [write_bulk(tmp_path / "raw_b", genes, ["x,y,z", *(rows[i] for i in order)])])
    ingest(tmp_path / "c", "lrb", [write_bulk(tmp_path / "raw_c", [genes[i] for i in order], ["x,y,z", *(rows[i] for i in order)])])
    straight = expression(tmp_path / "a")
    assert straight == {f"ENSG{i:011d}": [i / 8, -i / 4, float(i)] for i in range(40)}
    assert expression(tmp_path / "b") == {f"ENSG{i:011d}": [j / 8, -j / 4, float(j)] for i, j in enumerate(order.tolist())}
    assert expression(tmp_path / "c") == straight, "permuting both files alike changes no gene's labels"
    assert list(expression(tmp_path / "c")) == [f"ENSG{i:011d}" for i in order]


@pytest.mark.parametrize(("n_genes", "n_values"), [(3, 2), (2, 3), (1, 0), (0, 1)])
def test_unequal_counts_are_refused(n_genes: int, n_values: int, store: Path, tmp_path: Path) -> None:
    raw = write_bulk(tmp_path / "raw", [gene(i) for i in range(n_genes)], ["Liver", *["0.5"] * n_values])
    message = refused(store, raw)
    assert f"rna_expression_values.csv has {n_values} rows" in message
    assert f"gene_coordinates.csv has {n_genes}" in message


def test_what_is_no_finite_number_rejects_the_gene_and_its_row(tmp_path: Path) -> None:
    cells = ["abc", "", "NA", "nan", "inf", "-Infinity", "1e400", "1_000", "0x10", "1;5", "１２"]
    genes = [gene(i) for i in range(len(cells) + 2)]
    raw = write_bulk(tmp_path / "raw", genes, ["Liver,Lung", *(f"0.5,{cell}" for cell in cells), "0.5,1", "-2, 3.5e0 "])
    ingest(tmp_path / "store", "lrb", [raw])
    rejects = ask(tmp_path / "store", "select source_line, source_file, reason, raw from reject order by all")
    want = []
    for line, cell in enumerate(cells, 2):
        reason = f"Lung: {cell!r} is not a finite number"
        want.append((line, "gene_coordinates.csv", reason, gene(line - 2)))
        want.append((line, "rna_expression_values.csv", reason, f"0.5,{cell}"))
    assert rejects == want
    assert list(expression(tmp_path / "store").values()) == [[0.5, 1.0], [-2.0, 3.5]]


@pytest.mark.parametrize(
    ("block", "chunk"), [(400, 37), (16 << 20, 37), *(pytest.param(*n, marks=pytest.mark.slow) for n in ((400, 1_000), (1_000, 5)))]
)
def test_bad_rows_in_either_file_are_accounted_for_across_blocks(
    block: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_BLOCK", block)
    monkeypatch.setattr(load, "_BULK_CHUNK", chunk)
    n = 300
    genes, values = [gene(i) for i in range(n)], [f"{i},{i / 8}" for i in range(n)]
    rng = np.random.default_rng(block + chunk)
    short_gene, bad_gene, short_value, bad_value = (set(rng.choice(n, 25, replace=False).tolist()) for _ in range(4))
    short_gene |= {n - 1, n - 2, 100, 101, 102}
    short_value |= {0, n - 1, n - 3}
    bad_gene -= short_gene
    bad_value -= short_value
    for i in bad_gene:
        genes[i] = gene(i, "chr77")
    for i in bad_value:
        values[i] = f"{i},none"
    for i in short_gene:
        genes[i] = f"ENSG{i:011d},G{i}"
    for i in short_value:
        values[i] = f"{i}"
    outcome = ingest(tmp_path / "store", "lrb", [write_bulk(tmp_path / "raw", genes, ["a,b", *values])])
    lost = short_gene | bad_gene | short_value | bad_value
    for file in outcome.loaded:
        assert (file.rows_in, file.rows_loaded, file.rows_rejected) == (n, n - len(lost), len(lost)), file.name
    found = ask(
        tmp_path / "store", "select g.source_line, e.source_line, expression from lrb_gene as g join lrb_expression as e using (label_row)"
    )
    assert sorted(found) == [(i + 2, i + 2, [float(i), i / 8]) for i in range(n) if i not in lost]
    reasons = {(file, line - 2): (reason, raw) for file, line, reason, raw in ask(
        tmp_path / "store", "select source_file, source_line, reason, raw from reject"
    )}  # fmt: skip
    assert set(reasons) == {(file, i) for i in lost for file in ("gene_coordinates.csv", "rna_expression_values.csv")}
    for i in lost:
        of_gene, gene_text = reasons["gene_coordinates.csv", i]
        of_value, value_text = reasons["rna_expression_values.csv", i]
        assert (gene_text, value_text) == (genes[i], values[i])
        if i in short_gene:
            assert of_gene == "2 columns instead of 8"
        if i in short_value:
            assert of_value == "1 columns instead of 2"
        elif i in short_gene:
            assert of_value == "its row of gene_coordinates.csv could not be cut into columns"
        elif i in bad_value:
            assert of_value == of_gene == "b: 'none' is not a finite number"
        if i in short_value and i not in short_gene:
            assert of_gene == "its row of rna_expression_values.csv could not be cut into columns"


@pytest.mark.parametrize("width", [1, 3, 218, 500])
def test_a_header_of_any_width_is_kept_in_its_order(width: int, tmp_path: Path) -> None:
    names = [f"tissue {i * 7919 % width:03d}" for i in range(width)]
    values = [",".join(str(row * 1000 + i) for i in range(width)) for row in range(3)]
    raw = write_bulk(tmp_path / "raw", [gene(i) for i in range(3)], [",".join(names), *values])
    outcome = ingest(tmp_path / "store", "lrb", [raw])
    assert {f.name: f.facts for f in outcome.loaded}["rna_expression_values.csv"] == {"tracks": width}
    assert ask(tmp_path / "store", "select track, track_name from expression_track") == list(enumerate(names))
    assert list(expression(tmp_path / "store").values()) == [[float(row * 1000 + i) for i in range(width)] for row in range(3)]


def test_gene_expression_is_one_row_a_gene_and_track(tmp_path: Path) -> None:
    raw = write_bulk(tmp_path / "raw", [gene(1), gene(2, "chr8", "test")], ["Liver,Liver | ENCODE,Whole Blood", "0.5,1.5,2.5", "3,4,5"])
    ingest(tmp_path / "store", "lrb", [raw])
    rows = ask(tmp_path / "store", "select gene_id, track, track_name, tissue, value, assembly from gene_expression order by 1, 2")
    first, second = "ENSG00000000001", "ENSG00000000002"
    assert rows == [
        (first, 0, "Liver", "Liver", 0.5, "GRCh37"),
        (first, 1, "Liver | ENCODE", "Liver", 1.5, "GRCh37"),
        (first, 2, "Whole Blood", "Whole Blood", 2.5, "GRCh37"),
        (second, 0, "Liver", "Liver", 3.0, "GRCh37"),
        (second, 1, "Liver | ENCODE", "Liver", 4.0, "GRCh37"),
        (second, 2, "Whole Blood", "Whole Blood", 5.0, "GRCh37"),
    ]


def test_a_mapping_is_kept_as_it_comes_and_may_be_missing(tmp_path: Path) -> None:
    genes, values = [gene(1)], ["a,b,c", "1,2,3"]
    ingest(tmp_path / "without", "lrb", [write_bulk(tmp_path / "raw0", genes, values)])
    assert ask(tmp_path / "without", "select mapping from expression_track") == [(None,)] * 3
    raw = write_bulk(tmp_path / "raw1", genes, values, mapping='Index,index,"say ""what"""\n0,x,"é, ü"\n1,y\n2,z,last\n')
    outcome = ingest(tmp_path / "with", "lrb", [raw])
    found = [row[0] and json.loads(row[0]) for row in ask(tmp_path / "with", "select mapping from expression_track order by track")]
    assert found == [
        {"Index": "0", "index": "x", 'say "what"': "é, ü"},
        None,  # its line is ragged; the next track keeps its own line
        {"Index": "2", "index": "z", 'say "what"': "last"},
    ]
    file = {f.name: f for f in outcome.loaded}["label_mapping.csv"]
    assert (file.rows_in, file.rows_loaded, file.rows_rejected) == (3, 2, 1)
    assert file.facts["columns"] == ["Index", "index", 'say "what"']


def test_expectos_own_table_is_accepted_and_split_by_chromosome(tmp_path: Path) -> None:
    header = "id,symbol,seqnames,strand,TSS,CAGE_representative_TSS,type"
    genes = [f"ENSG0000000000{i},G{i},{chrom},-,500,600,lincRNA" for i, chrom in enumerate(["chr8", "8", "chr1", "chr18", "chrX"])]
    ingest(tmp_path / "store", "lrb", [write_bulk(tmp_path / "raw", genes, ["a", *"12345"], header=header)])
    found = ask(tmp_path / "store", "select chrom, split from lrb_gene")
    assert found == [("chr8", "test"), ("chr8", "test"), ("chr1", "train"), ("chr18", "train"), ("chrX", "train")]


def test_coordinates_without_values_say_what_is_missing(store: Path, tmp_path: Path) -> None:
    raw = write_bulk(tmp_path / "raw", [gene(1)], ["a", "1"])
    (raw / "bulk_rna_expression" / "rna_expression_values.csv").unlink()
    message = refused(store, raw, MissingData)
    assert "rna_expression_values.csv is missing" in message


def test_corrected_values_for_the_same_genes_take_over(tmp_path: Path) -> None:
    raw = write_bulk(tmp_path / "raw", [gene(1), gene(2)], ["a", "1", "2"])
    first = ingest(tmp_path / "store", "lrb", [raw])
    (raw / "bulk_rna_expression" / "rna_expression_values.csv").write_text("a\n1\n20\n")
    second = ingest(tmp_path / "store", "lrb", [raw])
    assert len(second.loaded) == len(first.loaded) == 2
    assert list(expression(tmp_path / "store").values()) == [[1.0], [20.0]]
    assert ask(tmp_path / "store", "select sum(rows_in) from source_file") == [(4,)]
    with lrbstore.open(tmp_path / "store", release=first.manifest.release) as old:
        assert old.sql("select expression from lrb_expression").fetchall() == [([1.0],), ([2.0],)]


# ── CAGE ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def two_splits() -> dict[str, dict[str, np.ndarray]]:
    return {
        "targets-train-0-1.npz": {"target-train-0.npy": label_array(0), "target-train-1.npy": label_array(1000)},
        "targets-valid-0-0.npz": {"target-valid-0.npy": label_array(2000)},
    }


CAGE_ROWS = [window(0, "train", 0), window(1, "train", 1, 131_072), window(2, "validation", 0)]


@pytest.mark.parametrize("suffix", [".npy", ""])
@pytest.mark.parametrize("compress", [False, True])
def test_labels_come_back_bit_for_bit_under_either_spelling_of_the_key(suffix: str, compress: bool, tmp_path: Path) -> None:
    shards = {name: {key.removesuffix(".npy") + suffix: a for key, a in arrays.items()} for name, arrays in two_splits().items()}
    raw = write_cage(tmp_path / "raw", CAGE_ROWS, {} if compress else shards)
    if compress:
        for name, arrays in shards.items():
            np.savez_compressed(raw / "cage_prediction" / "targets_subset" / name, **arrays)
    outcome = ingest(tmp_path / "store", "lrb", [raw])
    found = labels_of(tmp_path / "store")
    assert set(found) == {("train", 0), ("train", 1), ("validation", 0)}
    for key, first in ((("train", 0), 0), (("train", 1), 1000), (("validation", 0), 2000)):
        np.testing.assert_array_equal(found[key], label_array(first)[0])
    files = {f.name: f for f in outcome.loaded}
    assert files["sequences_coordinates.csv"].facts == {"interval_width_bp": {"114688": 2, "131072": 1}}
    assert all(f.rows_rejected == 0 for f in outcome.loaded)


def test_arrays_without_their_axis_of_one_and_in_other_floats_are_the_same_labels(tmp_path: Path) -> None:
    arrays = {"target-train-0.npy": label_array(0)[0].astype(np.float64), "target-train-1.npy": label_array(1).astype(np.float16)}
    raw = write_cage(tmp_path / "raw", [window(0, "train", 0), window(1, "train", 1)], {"targets-train-0-1.npz": arrays})
    ingest(tmp_path / "store", "lrb", [raw])
    found = labels_of(tmp_path / "store")
    np.testing.assert_array_equal(found["train", 0], label_array(0)[0])
    np.testing.assert_array_equal(found["train", 1], label_array(1)[0].astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    "header", ["chrom,start,stop,split,npy_idx", ",chrom,start,stop,split,npy_idx", "Unnamed: 0,chrom,start,stop,split,npy_idx"]
)
def test_an_index_column_may_be_there_or_not(header: str, tmp_path: Path) -> None:
    rows = [row if header.count(",") == 5 else row.split(",", 1)[1] for row in CAGE_ROWS]
    ingest(tmp_path / "store", "lrb", [write_cage(tmp_path / "raw", rows, two_splits(), header)])
    found = ask(tmp_path / "store", 'select chrom, start, "end", split, npy_idx from cage_window')
    assert found == [
        ("chr1", 1000, 1000 + 114_688, "train", 0),
        ("chr2", 1001, 1001 + 131_072, "train", 1),
        ("chr3", 1002, 1002 + 114_688, "validation", 0),
    ]


@pytest.mark.parametrize("width", [114_687, 131_071, 0, *(pytest.param(n, marks=pytest.mark.slow) for n in (114_689, 196_608, -114_688))])
def test_windows_of_another_width_are_rejected(width: int, tmp_path: Path) -> None:
    outcome = ingest(tmp_path / "store", "lrb", [write_cage(tmp_path / "raw", [CAGE_ROWS[0], window(1, "train", 1, width)], two_splits())])
    reasons = ask(tmp_path / "store", "select reason from reject where source_file = 'sequences_coordinates.csv'")
    assert reasons == [(f"stop - start is {width}; expected 114688 (the labelled bins) or 131072 (the Basenji window)",)]
    assert {f.name: f.facts for f in outcome.loaded}["sequences_coordinates.csv"] == {"interval_width_bp": {"114688": 1}}


@pytest.mark.slow
def test_windows_of_a_missing_shard_are_rejected_until_it_comes(tmp_path: Path) -> None:
    rows = [*CAGE_ROWS, window(3, "test", 0), window(4, "test", 1)]
    raw = write_cage(tmp_path / "raw", rows, two_splits())
    first = ingest(tmp_path / "store", "lrb", [raw])
    reasons = ask(tmp_path / "store", "select source_line, reason from reject")
    assert reasons == [(line, f"no array target-test-{i}.npy is in the shards that were given") for i, line in enumerate((5, 6))]
    assert sorted(ask(tmp_path / "store", "select split, npy_idx from cage_prediction.examples")) == [
        ("train", 0),
        ("train", 1),
        ("validation", 0),
    ]

    test = {"target-test-0.npy": label_array(5), "target-test-1.npy": label_array(6), "target-test-2.npy": label_array(7)}
    np.savez(raw / "cage_prediction" / "targets_subset" / "targets-test-0-2.npz", **test)
    second = ingest(tmp_path / "store", "lrb", [raw])
    assert {f.name for f in second.loaded} == {
        "sequences_coordinates.csv",
        "targets-train-0-1.npz",
        "targets-valid-0-0.npz",
        "targets-test-0-2.npz",
    }
    found = labels_of(tmp_path / "store")
    assert len(found) == len(rows)
    np.testing.assert_array_equal(found["test", 1], label_array(6)[0])
    np.testing.assert_array_equal(found["train", 1], label_array(1000)[0])
    with lrbstore.open(tmp_path / "store") as opened:
        assert opened.sql("select source_file, source_line, reason from reject").fetchall() == [
            ("targets-test-0-2.npz", 2, "no window of sequences_coordinates.csv names this array")
        ]
        counts = opened.sql("select count(*), count(distinct record_id), count(distinct label_row) from cage_window").fetchall()
        assert counts == [(5, 5, 5)]
        assert opened.sql("select source_file, rows_in, rows_loaded from source_file order by 1").fetchall() == [
            ("sequences_coordinates.csv", 5, 5),
            ("targets-test-0-2.npz", 3, 2),
            ("targets-train-0-1.npz", 2, 2),
            ("targets-valid-0-0.npz", 1, 1),
        ]
    with lrbstore.open(tmp_path / "store", release=first.manifest.release) as old:
        assert old.sql("select count(*) from cage_window").fetchall() == [(3,)]
    assert ingest(tmp_path / "store", "lrb", [raw]).loaded == []
    (raw / "cage_prediction" / "targets_subset" / "targets-test-0-2.npz").unlink()
    assert ingest(tmp_path / "store", "lrb", [raw]).loaded == [], "fewer shards than before take nothing away"
    assert len(labels_of(tmp_path / "store")) == len(rows)


def spoiled(name: str) -> np.ndarray:
    array = label_array(0)
    if name == "nan":
        array[0, 17, 3] = np.nan
    if name == "inf":
        array[0, 895, 49] = np.inf
    with np.errstate(invalid="ignore"):
        others = {"whole numbers": array.astype(np.int32), "text": array.astype("U4")}
    others |= {"too few bins": array[:, :895], "too few tracks": array[:, :, :49], "two windows": np.concatenate([array, array])}
    others |= {"transposed": array.transpose(0, 2, 1), "empty": array[:0]}
    return others.get(name, array)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("too few bins", "float32 (1, 895, 50); expected floats of shape (1, 896, 50)"),
        ("too few tracks", "float32 (1, 896, 49)"),
        ("two windows", "float32 (2, 896, 50)"),
        ("transposed", "float32 (1, 50, 896)"),
        ("empty", "float32 (0, 896, 50)"),
        ("whole numbers", "int32 (1, 896, 50)"),
        ("text", "<U4 (1, 896, 50)"),
        ("nan", "holds 1 values that are not finite"),
        ("inf", "holds 1 values that are not finite"),
    ],
)
def test_an_array_of_another_kind_is_refused_by_name(name: str, says: str, store: Path, tmp_path: Path) -> None:
    shards = two_splits()
    shards["targets-train-0-1.npz"]["target-train-1.npy"] = spoiled(name)
    message = refused(store, write_cage(tmp_path / "raw", CAGE_ROWS, shards))
    assert says in message
    assert "targets-train-0-1.npz: target-train-1.npy" in message


def test_pickled_objects_are_refused(store: Path, tmp_path: Path) -> None:
    shards = {"targets-train-0-0.npz": {"target-train-0.npy": np.array([{"a": 1}], dtype=object)}}
    message = refused(store, write_cage(tmp_path / "raw", CAGE_ROWS[:1], shards))
    assert "targets-train-0-0.npz cannot be read" in message


@pytest.mark.parametrize("how", ["cut", "png", "empty", "flipped"])
def test_a_damaged_shard_is_refused_by_name(how: str, store: Path, tmp_path: Path) -> None:
    raw = write_cage(tmp_path / "raw", CAGE_ROWS, {})
    for name, arrays in two_splits().items():
        np.savez_compressed(raw / "cage_prediction" / "targets_subset" / name, **arrays)
    shard = raw / "cage_prediction" / "targets_subset" / "targets-train-0-1.npz"
    content = bytearray(shard.read_bytes())
    if how == "flipped":
        for i in range(200, 400):
            content[i] ^= 0x5A
    shard.write_bytes({"cut": content[: len(content) // 2], "png": b"\x89PNG\r\n\x1a\n" * 50, "empty": b"", "flipped": bytes(content)}[how])
    message = refused(store, raw)
    assert "targets-train-0-1.npz cannot be read" in message
    assert "fetch it again" in message


def test_an_array_with_a_strange_name_or_in_two_shards_is_refused(store: Path, tmp_path: Path) -> None:
    strange = {"targets-train-0-1.npz": {**two_splits()["targets-train-0-1.npz"], "labels": label_array(0)}}
    assert "holds 'labels.npy'; expected arrays named target-train-0.npy" in refused(store, write_cage(tmp_path / "a", CAGE_ROWS, strange))
    twice = {**two_splits(), "targets-train-1-1.npz": {"target-train-1.npy": label_array(1)}}
    assert "each array belongs to one shard" in refused(store, write_cage(tmp_path / "b", CAGE_ROWS, twice))


def test_windows_without_any_shard_are_missing_data(store: Path, tmp_path: Path) -> None:
    message = refused(store, write_cage(tmp_path / "raw", CAGE_ROWS, {}), MissingData)
    assert "targets_subset" in message
    assert "sequences_coordinates.csv" in message


@pytest.mark.slow
def test_loading_windows_takes_bounded_memory(tmp_path: Path) -> None:
    """Four times as many windows must not take more memory: a window's labels are 179 kB, three dozen MB in the larger case."""
    array = label_array(3)

    def peak(n: int) -> tuple[int, int]:
        rows = [window(i, "train", i) for i in range(n)]
        raw = write_cage(tmp_path / f"raw{n}", rows, {f"targets-train-0-{n - 1}.npz": {f"target-train-{i}.npy": array for i in range(n)}})
        tracemalloc.start()
        outcome = ingest(tmp_path / f"store{n}", "lrb", [raw])
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert next(f for f in outcome.loaded if f.name == "sequences_coordinates.csv").rows_loaded == n
        return held, pa.total_allocated_bytes()

    few, many = peak(128), peak(512)
    total = 512 * array.nbytes
    assert many[0] < 1.2 * few[0] + (2 << 20)
    assert many[0] < total / 2
    assert many[1] < 8 << 20, "nothing of the labels stays behind"


# ── the real gene table ──────────────────────────────────────────────────────────────────────────────────────────────────────────

KEPT = {65_536: (22_824, 989), 131_072: (22_812, 989), 524_288: (22_685, 984), 1_048_576: (22_495, 973)}


@pytest.fixture(scope="module")
def expecto(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, pl.DataFrame]:
    """ExPecto's real gene table without rRNA, as LRB has it, beside a made-up matrix of two tracks: no real values are to be had."""
    genes = pl.read_csv(gzip.decompress((realdata / "expecto_basenji" / "geneanno.csv.gz").read_bytes()))
    genes = genes.filter(pl.col("type") != "rRNA")
    folder = tmp_path_factory.mktemp("expecto")
    bulk = folder / "raw" / "bulk_rna_expression"
    bulk.mkdir(parents=True)
    genes.write_csv(bulk / "gene_coordinates.csv")
    row = pl.int_range(genes.height, eager=True)
    pl.DataFrame({"Liver": row / 8, "Whole Blood": -row / 16}).write_csv(bulk / "rna_expression_values.csv")
    return folder / "store", ingest(folder / "store", "lrb", [folder / "raw"]), genes


def test_the_real_gene_table_has_the_published_counts(expecto: tuple[Path, Outcome, pl.DataFrame]) -> None:
    store, outcome, genes = expecto
    assert [(f.name, f.rows_in, f.rows_rejected) for f in outcome.loaded] == [
        ("gene_coordinates.csv", 23_817, 0), ("rna_expression_values.csv", 23_817, 0),
    ]  # fmt: skip
    with lrbstore.open(store) as opened:
        counts = dict(opened.sql("select split, count(*) from bulk_rna_expression.examples group by 1").fetchall())
        assert counts == {"train": 22_827, "test": 990}
        found = opened.sql("select gene_id, symbol, chrom, strand, tss_pos, cage_tss_pos, gene_type, expression from lrb_gene "
                           "join lrb_expression using (label_row) order by lrb_gene.source_line").pl()  # fmt: skip
    for mine, theirs in zip(found.columns, genes.columns, strict=False):
        assert found[mine].to_list() == genes[theirs].to_list()
    values = np.array(found["expression"].to_list())
    np.testing.assert_array_equal(values, np.stack([np.arange(23_817) / 8, -np.arange(23_817) / 16], axis=1).astype(np.float32))


@pytest.mark.parametrize("seq_len", KEPT)
def test_windows_of_the_real_genes_that_leave_their_contig_are_named(seq_len: int, expecto: tuple[Path, Outcome, pl.DataFrame]) -> None:
    with lrbstore.open(expecto[0]) as opened:
        assert not opened.has_genome("GRCh37")
        task = lrbstore.task("bulk_rna_expression", seq_len, window="lrb", store=opened)
        lengths = opened.contig_lengths("GRCh37")
        for dataset, kept in zip((task.train, task.test), KEPT[seq_len], strict=True):
            assert len(dataset) == kept
            dropped = dataset.dropped()
            assert kept + dropped.num_rows == {"train": 22_827, "test": 990}[dataset.split]
            together = set(dataset.rows(["example_id"])["example_id"].to_pylist()) | set(dropped["example_id"].to_pylist())
            everyone = opened.sql("select gene_id from lrb_gene where split = $s", params={"s": dataset.split}).fetchall()
            assert together == {gene_id for (gene_id,) in everyone}
            for row in dropped.to_pylist():
                start = row["pos"] - 1 - seq_len // 2
                outside = start < 0 or start + seq_len >= lengths[row["chrom"]]
                assert outside, row
                assert len(row["reason"]) > 3
                assert len(row["meaning"]) > 10
