"""Cell Model Passports: two layouts of the CSV, names that say what a file is, and each value against a plain reading of the same file."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from asking import ask

from lrbstore.errors import ContractBroken
from lrbstore.ingest.cell_model_passports import simulate
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.simulation import build_world

RAW = Path(__file__).resolve().parent / "sources" / "cell_model_passports" / "raw"
SOURCE = "cell_model_passports"
HEADER, GOOD = (line.split(",") for line in (RAW / "mutations_all_20260316.csv").read_text().splitlines()[:2])
VCF_HEAD = "##fileformat=VCFv4.1\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def mutations(path: Path, rows: list[dict[str, str]], columns: list[str] | None = None) -> Path:
    columns = columns or HEADER
    lines = [",".join({**dict(zip(HEADER, GOOD, strict=True)), **row}[c] for c in columns) for row in rows]
    return write(path, "\n".join([",".join(columns), *lines]) + "\n")


def vcf(path: Path, info: list[str], head: str = "") -> Path:
    rows = "".join(f"chr1\t{1_000_001 + i}\t.\tG\tA\t.\tPASS\t{text}\n" for i, text in enumerate(info))
    return write(path, VCF_HEAD.format(head) + rows)


# ── the CSV of mutations ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_columns_go_by_name_in_any_order(tmp_path: Path) -> None:
    backwards = HEADER[::-1]
    store = tmp_path / "store"
    ingest(store, SOURCE, [mutations(tmp_path / "mutations_all_20260316.csv", [{}], backwards)])
    found = ask(
        store, "select cell_model_id, gene_symbol, gene_id, variant_id, label_text, vaf, sequencing_source from cell_model_mutation"
    )
    assert found == [("SIDM00001", "GENA", "ENSG09000000001", "GRCh38:chr1:1000001:G:A", "driver", 0.5, "Sanger")]


def test_flags_of_every_layout(tmp_path: Path) -> None:
    labels = {"t": "driver", "True": "driver", "TRUE": "driver", "f": "passenger", "False": "passenger", "": None}
    store = tmp_path / "store"
    ingest(store, SOURCE, [mutations(tmp_path / "mutations_summary_20260316.csv", [{"cancer_driver": text} for text in labels])])
    assert ask(store, "select label_text, cancer_driver, mutation_set from cell_model_mutation order by source_line") == [
        (label, None if label is None else label == "driver", "summary") for label in labels.values()
    ]


def test_values_of_both_layouts_equal_a_plain_reading(tmp_path: Path) -> None:
    store = tmp_path / "store"
    outcome = ingest(store, SOURCE, [RAW])
    assert all(f.rows_in == f.rows_loaded + f.rows_rejected for f in outcome.loaded)
    held = ask(
        store,
        "select source_file, source_line, cell_model_id, gene_symbol, upstream_ref, upstream_alt, pos, consequence, transcript_id, "
        "passport_gene_id from history.cell_model_mutation",
    )
    assert len(held) == 8
    text = {name: (RAW / name).read_text().splitlines() for name in {row[0] for row in held}}
    for name, line, *values in held:
        theirs = dict(zip(text[name][0].split(","), next(csv.reader([text[name][line - 1]])), strict=True))
        names = ("model_id", "gene_symbol", "reference", "alternative", "position", "effect", "transcript_id", "gene_id")
        assert ["" if value is None else str(value) for value in values] == [theirs.get(column, "") for column in names], (name, line)


def test_an_insertion_keeps_its_place_and_raw_alleles_but_has_no_variant_id(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, SOURCE, [mutations(tmp_path / "mutations_all_20260316.csv", [{"reference": "-", "alternative": "ac"}])])
    found = ask(store, "select chrom, pos, upstream_ref, upstream_alt, ref, alt, variant_id from cell_model_mutation")
    assert found == [("chr1", 1_000_001, "-", "ac", None, None, None)]
    assert ask(store, "select count(*) from variant") == [(0,)]
    assert ask(store, "select label_name, label_text, cell_model_id, effect from variant_record") == [
        ("cancer_driver", "driver", "SIDM00001", None)
    ]


def test_a_newer_release_takes_over_and_the_older_stays_in_history(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, SOURCE, [RAW])
    assert ask(store, "select distinct source_version from cell_model_mutation") == [("2026-03-16",)]
    assert ask(store, "select distinct source_version from history.cell_model_mutation order by 1") == [("2023-02-02",), ("2026-03-16",)]


@pytest.mark.parametrize("missing", ["model_id", "gene_symbol", "cancer_driver", "effect"])
def test_a_file_without_a_needed_column_is_refused_whole(tmp_path: Path, missing: str) -> None:
    path = mutations(tmp_path / "mutations_all_20260316.csv", [{}], [c for c in HEADER if c != missing])
    with pytest.raises(ContractBroken, match=f"lacks the column {missing}"):
        ingest(tmp_path / "store", SOURCE, [path])


# ── the models' VCFs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_label_is_the_first_flag_in_gv_reps_order(tmp_path: Path) -> None:
    said = {
        "DRV": ("DRV", True, False, False),
        "NPGL;CPV;DRV": ("DRV", True, True, True),
        "NPGL;CPV": ("CPV", False, True, True),
        "VC=missense;NPGL": ("NPGL", False, False, True),
        "VC=DRV;XNPGL;DRVX=1": (None, False, False, False),
        ".": (None, False, False, False),
    }
    store = tmp_path / "store"
    ingest(store, SOURCE, [vcf(tmp_path / "mutations_wgs_vcf_20221123" / "SIDM00007_sanger.vcf", list(said))])
    columns = "cell_model_id, sequencing_source, label_text, is_drv, is_cpv, is_npgl"
    found = ask(store, f"select {columns} from cell_model_variant order by source_line")
    assert found == [("SIDM00007", "sanger", *flags) for flags in said.values()]


def test_models_with_other_file_dates_are_one_version(tmp_path: Path) -> None:
    store, folder = tmp_path / "store", tmp_path / "mutations_wgs_vcf_20221123"
    files = [vcf(folder / f"SIDM0000{i}_sanger.vcf", ["DRV"], f"##fileDate=2022100{i}\n") for i in (1, 2, 3)]
    ingest(store, SOURCE, files)
    assert ask(store, "select distinct cell_model_id, source_version from cell_model_variant order by 1") == [
        (f"SIDM0000{i}", "2022-11-23") for i in (1, 2, 3)
    ]


def test_files_that_do_not_say_what_they_are_are_refused(tmp_path: Path) -> None:
    unnamed = vcf(tmp_path / "mutations_wgs_vcf_20221123" / "SIDMX_sanger.vcf", ["DRV"])
    with pytest.raises(ContractBroken, match="does not say whose variants"):
        ingest(tmp_path / "store", SOURCE, [unnamed])
    undated = vcf(tmp_path / "vcfs" / "SIDM00001_sanger.vcf", ["DRV"])
    with pytest.raises(ContractBroken, match="does not say of which version"):
        ingest(tmp_path / "store", SOURCE, [undated])
    latest = tmp_path / "model_list_latest.csv"
    shutil.copy(RAW / "model_list_20240110.csv", latest)
    with pytest.raises(ContractBroken, match="model_list_20230202"):
        ingest(tmp_path / "store", SOURCE, [latest])
    ingest(tmp_path / "store", SOURCE, [latest], version="2024-01-10")
    assert ask(tmp_path / "store", "select count(*) from passport_model") == [(3,)]
    both = vcf(
        tmp_path / "mutations_wgs_vcf_20221123" / "SIDM00002_sanger.vcf", ["DRV"], "##reference=GRCh38\n##contig=<ID=1,assembly=hg19>\n"
    )
    with pytest.raises(ContractBroken, match="two assemblies"):
        ingest(tmp_path / "store", SOURCE, [both])


def test_the_header_s_assembly_is_believed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(store, SOURCE, [vcf(tmp_path / "x_20221123" / "SIDM00001_sanger.vcf", ["DRV"], "##reference=ftp://somewhere/hg19.fa\n")])
    assert ask(store, "select assembly, variant_id from cell_model_variant") == [("GRCh37", "GRCh37:chr1:1000001:G:A")]


@pytest.mark.parametrize("name", ["mutations_20221399", "mutations_120221123", "mutations_2022112"])
def test_digits_that_are_no_day_are_no_version(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContractBroken, match="does not say of which version"):
        ingest(tmp_path / "store", SOURCE, [vcf(tmp_path / name / "SIDM00001_sanger.vcf", ["DRV"])])


# ── the simulated files ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scale_one_has_the_published_counts_and_small_scales_some_of_each() -> None:
    assert simulate.counts(1) == {"flagged": 741_738, "drivers": 1_334, "vcfs": 100, "models": 2_000}
    assert simulate.counts(0.003)["vcfs"] == 3
    assert simulate.counts(1e-9)["drivers"] >= 4 * 24


@pytest.mark.slow
def test_simulated_files_agree_with_each_other(tmp_path: Path) -> None:
    world = build_world(tmp_path, scale=1e-6, seed=1)
    (tmp_path / SOURCE).mkdir()
    simulate.simulate(world, tmp_path / SOURCE)
    store, n = tmp_path / "store", simulate.counts(1e-6)
    outcome = ingest(store, SOURCE, [tmp_path / SOURCE], simulated=True)
    assert sum(f.rows_rejected for f in outcome.loaded) == 0
    flags = dict(ask(store, "select label_text, count(*) from cell_model_variant group by 1"))
    assert (flags["DRV"], flags["NPGL"]) == (n["drivers"], n["flagged"] - n["drivers"])
    assert flags[None] > 0
    assert ask(store, "select count(*), count(*) filter (cancer_driver) from cell_model_mutation") == [(n["flagged"], n["drivers"])]
    spelt_out = "from cell_model_mutation as m where m.variant_id is not null"
    total = ask(store, f"select count(*) {spelt_out}")
    agree = "select 1 from cell_model_variant as v where v.variant_id = m.variant_id and v.cell_model_id = m.cell_model_id"
    assert ask(store, f"select count(*) {spelt_out} and exists ({agree} and v.is_drv = m.cancer_driver)") == total
    assert ask(store, "select count(distinct cell_model_id) from cell_model_variant semi join passport_model using (cell_model_id)") == [
        (3,)
    ]
    assert ask(store, "select distinct broad_id from passport_model where cell_model_id = 'SIDM00001'") == [("ACH-000001",)]
