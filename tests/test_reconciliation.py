"""Reconciliations: every count against a plain reading of the same files, every published number against its parts and its reference."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrbstore
from lrbstore import reconciliation
from lrbstore.contract import contracts
from lrbstore.describe import reconcile, reconciliation_notes, reconciliation_table
from lrbstore.errors import BadSpec, LrbStoreError, UnknownName
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.spec import sources
from lrbstore.layout import sql_folder
from lrbstore.reconciliation import COLUMNS, bodies, body, read_body

FIGURES = [(b.name, f) for b in bodies().values() for f in b.figures]

# ── what is published ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sums_that_are_called_seven_million_are_sums() -> None:
    figures = {f.name: f for f in body("gvrep").figures}
    six = ["clinvar_clnsig", "cmp_records", "sqtl_records", "eqtl_records", "gwas_snps", "mave_records"]
    assert [figures[name].published for name in six] == [1_154_103, 741_738, 618_932, 1_207_976, 306_890, 3_166_541]
    assert sum(figures[name].published for name in six) == figures["total_with_clnsig"].published == 7_196_180
    assert 7_196_180 - 1_154_103 + 1_739_691 == figures["total_with_clndn"].published == 7_781_768
    assert 7_196_180 + 1_739_691 == figures["total_with_both"].published == 8_935_871
    assert 7_196_180 - 1_154_103 == figures["total_without_clinvar"].published == 6_042_077
    assert figures["clinvar_clnsig"].published == 714_866 + 195_030 + 143_348 + 100_859
    assert figures["cmp_records"].published == 740_404 + 1_334
    assert 17_548 * 1_107 == figures["knockout_cells"].published == 19_425_636
    for f in figures.values():
        assert not f.sum_of or sum(figures[part].published for part in f.sum_of) == f.published


@pytest.mark.parametrize(("name", "figure"), FIGURES, ids=[f"{b}-{f.name}" for b, f in FIGURES])
def test_every_figure_says_what_it_counts_and_where_it_is_published(name: str, figure: reconciliation.Figure) -> None:
    assert re.search(r"https://|doi:|sum of its parts", figure.published_in)
    assert len(figure.definition) > 5
    if figure.source:
        parts = {part.name for part in sources()[figure.source].part}
        assert figure.part in parts, f"{figure.source} has the parts {parts}"
        columns = [text for text in body(name).counts.values() if re.search(rf" as {figure.name}\b", text)]
        assert len(columns) == 1 or (not columns and figure.remark), "counted once, or not at all with the reason as its remark"


def test_two_definitions_of_one_number_are_two_lines() -> None:
    by_number: dict[int, list[str]] = {}
    for figure in body("gvrep").figures:
        by_number.setdefault(figure.published, []).append(figure.name)
    assert by_number[1_107] == ["knockout_columns", "knockout_models"]
    assert set(by_number[1_808]) == {"olida_combinations", "olida_combinations_usable"}
    assert by_number[579] == ["olida_combinations_kept"]
    assert by_number[156] == ["verified_variants", "verified_records", "verified_examples"]
    assert by_number[155] == ["verified_embedded"]


# ── counts against a plain reading of the files ──────────────────────────────────────────────────────────────────────────────────────


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")


def table_of(path: Path, delimiter: str = "\t") -> list[dict[str, str]]:
    quoting = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    return list(csv.DictReader(io.StringIO(text_of(path)), delimiter=delimiter, quoting=quoting))


def tables_of(folder: Path, pattern: str, delimiter: str = "\t") -> list[dict[str, str]]:
    return [row for path in sorted(folder.glob(pattern)) for row in table_of(path, delimiter)]


def vcf_lines(path: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    for line in text_of(path).splitlines():
        if not line.startswith("#"):
            cells = line.split("\t")
            yield cells, dict(item.partition("=")[::2] for item in cells[7].split(";"))


def is_bases(text: str) -> bool:
    return bool(text) and set(text.upper()) <= set("ACGTN")


def plain_clinvar(folder: Path) -> dict[str, int]:
    pairs = {"Pathogenic/Likely_pathogenic": "Likely_pathogenic", "Benign/Likely_benign": "Likely_benign"}
    classes: list[str] = []
    diseases: list[str] = []
    named = examples = 0
    for path in folder.glob("*GRCh38*.vcf.gz"):
        for cells, info in vcf_lines(path):
            clnsig = pairs.get(info.get("CLNSIG", ""), info.get("CLNSIG", ""))
            if clnsig in {"Pathogenic", "Likely_pathogenic", "Benign", "Likely_benign"}:
                classes.append(clnsig)
                examples += sum(map(is_bases, cells[4].split(",")))
            first = re.split(r"[|,]", info.get("CLNDN", "N"))[0]
            if first != "not_provided":
                diseases.append(re.sub(r"_\d+$", "", first))
                named += "CLNDN" in info
    return {
        "clinvar_clnsig": len(classes),
        **{f"clinvar_{c.lower()}": classes.count(c) for c in ("Likely_benign", "Benign", "Pathogenic", "Likely_pathogenic")},
        "clinvar_clnsig_examples": examples,
        "clinvar_clndn": len(diseases),
        "clinvar_clndn_named": named,
        "clinvar_diseases": len(set(diseases)),
    }


def plain_passports(folder: Path) -> dict[str, int]:
    flags = []
    examples = 0
    for path in folder.rglob("SIDM*.vcf.gz"):
        for cells, info in vcf_lines(path):
            flag = next((f for f in ("DRV", "CPV", "NPGL") if f in info), None)
            flags.append(flag)
            examples += sum(map(is_bases, cells[4].split(","))) if flag else 0
    drv, npgl = flags.count("DRV"), flags.count("NPGL")
    return {"cmp_records": drv + npgl, "cmp_npgl": npgl, "cmp_drv": drv, "cmp_examples": examples}


def plain_qtl(folder: Path, kind: str) -> dict[str, int]:
    genes = f"{kind[0]}genes"
    rows = tables_of(folder, f"*.{genes}.txt.gz")
    pairs = {"eqtl_pairs": len(tables_of(folder, "*.signif_variant_gene_pairs.txt.gz"))} if kind == "eqtl" else {}
    return {
        f"{kind}_records": len(rows),
        f"{kind}_significant": sum(float(r["pval_nominal"]) < float(r["pval_nominal_threshold"]) for r in rows),
        f"{kind}_{genes}": sum(float(r["qval"]) <= 0.05 for r in rows),
        f"{kind}_variants": len({r["variant_id"] for r in rows}),
        f"{kind}_tissues": len(list(folder.glob(f"*.{genes}.txt.gz"))),
        **pairs,
    }


def plain_gwas(folder: Path) -> dict[str, int]:
    rows = tables_of(folder, "*associations*.tsv.gz")
    needed = ("CHR_POS", "RISK ALLELE FREQUENCY", "95% CI (TEXT)", "OR or BETA", "STRONGEST SNP-RISK ALLELE")
    kept = [r for r in rows if all(r[c] for c in needed) and "?" not in r["STRONGEST SNP-RISK ALLELE"]]
    return {
        "gwas_snps": len({r["SNPS"] for r in rows if r["SNPS"]}),
        "gwas_snps_kept": len({r["SNPS"] for r in kept}),
        "gwas_rows_kept": len(kept),
        "gwas_traits": len({r["Disease trait"] for r in tables_of(folder, "*trait-mappings*.tsv.gz")}),
        "gwas_traits_associated": len({r["DISEASE/TRAIT"] for r in rows}),
    }


def plain_mave(folder: Path) -> dict[str, int]:
    said = json.loads(text_of(folder / "main.json"))
    experiments = {s["urn"]: e["urn"] for group in said["experimentSets"] for e in group["experiments"] for s in e["scoreSets"]}
    targets = {
        s["urn"]: s["targetGenes"][0].get("targetSequence") or {}
        for group in said["experimentSets"]
        for e in group["experiments"]
        for s in e["scoreSets"]
    }
    rows = tables_of(folder / "csv", "*.scores.csv", ",")
    kept = []
    for row in rows:
        urn = row["accession"].split("#")[0]
        if targets[urn].get("sequenceType") == "dna" and row["hgvs_nt"] not in {"", "NA"} and row["scores.score"] not in {"", "NA"}:
            kept.append(urn)
    return {
        "mave_variants": len(rows),
        "mave_records": len(kept),
        "mave_records_1024": sum(len(targets[urn]["sequence"]) <= 1024 for urn in kept),
        "mave_score_sets": len(experiments),
        "mave_experiments": len(set(experiments.values())),
        "mave_score_sets_kept": len(set(kept)),
        "mave_experiments_kept": len({experiments[urn] for urn in kept}),
    }


def plain_knockout(folder: Path) -> dict[str, int]:
    (path,) = folder.glob("*scaled_bayesian_factors*.tsv")
    lines = [line.split("\t") for line in text_of(path).splitlines()]
    models = next(line for line in lines if line[0] == "model_id")
    columns = [i for i, cell in enumerate(models) if cell.startswith("SIDM")]
    header = next(i for i, line in enumerate(lines) if "symbol" in line)
    genes = lines[header + 1 :]
    filled = [[gene[i] not in {"", "NA", "NaN"} for i in columns] for gene in genes]
    return {
        "knockout_genes": len(genes),
        "knockout_columns": len(columns),
        "knockout_models": len({models[i] for i in columns}),
        "knockout_cells": len(genes) * len(columns),
        "knockout_scores": sum(map(sum, filled)),
        "knockout_first_column": sum(row[0] for row in filled),
    }


def plain_olida(folder: Path) -> dict[str, int]:
    placed = {
        r["Entry Id"]
        for r in table_of(folder / "SMALLVARIANT.tsv")
        if r["Genomic Position Hg38"] != "N.A." and is_bases(r["Ref Allele"]) and is_bases(r["Alt Allele"])
    }
    title, _, table = text_of(folder / "Combination.tsv").partition("\n")
    assert title.startswith("OLIDA combinations"), "the export's title above the header"
    rows = list(csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE))
    kept = [r for r in rows if int(r["FINALmeta"]) >= 1]
    entries = {r["OLIDA ID"]: [item.strip().split(":")[0] for item in r["Associated Variants"].split(";")] for r in kept}
    return {
        "olida_combinations": len(rows),
        "olida_combinations_usable": sum(len(e) >= 2 and set(e[:2]) <= placed for e in entries.values()),
        "olida_combinations_kept": len(kept),
        "olida_diseases": len({r["Diseases"] for r in rows}),
        "olida_disease_rows": len(table_of(folder / "Disease.tsv")),
        "olida_diseases_kept": len({r["Diseases"] for r in kept}),
        "olida_2022_combinations": len(set(re.findall(r"OLI\d+", text_of(folder / "olida_scores.txt")))),
    }


def plain_verified(folder: Path) -> dict[str, int]:
    rows = table_of(folder / "verified_real_clinvar.csv", ",")
    sided = {"Pathogenic", "Likely pathogenic", "Benign", "Likely benign"}
    return {
        "verified_variants": len({(r["Chr_hg38"], r["Start_hg38"], r["Ref"], r["Alt"]) for r in rows}),
        "verified_records": len(rows),
        "verified_examples": sum(is_bases(r["Ref"]) and is_bases(r["Alt"]) and r["Class"] in sided for r in rows),
    }


def plain_lrb(folder: Path) -> dict[str, int]:
    eqtl = [r["split"] for r in table_of(folder / "variant_effect_causal_eqtl/All_Tissues.csv", ",")]
    genes = [r["split"] for r in table_of(folder / "bulk_rna_expression/gene_coordinates.csv", ",")]
    windows = [r["split"] for r in table_of(folder / "cage_prediction/sequences_coordinates.csv", ",")]
    header = text_of(folder / "bulk_rna_expression/rna_expression_values.csv").partition("\n")[0]
    return {
        **{f"eqtl_{split}{v}": eqtl.count(split) for split in ("train", "test") for v in ("", "_v1")},
        "eqtl_rows": len(eqtl),
        **{f"bulk_rna_{split}": genes.count(split) for split in ("train", "test")},
        "bulk_rna_genes": len(genes),
        "bulk_rna_tracks": len(next(csv.reader([header]))),
        **{f"cage_{split}": windows.count(split) for split in ("train", "validation", "test")},
        "cage_windows": len(windows),
        "cage_tracks": 50,
    }


@pytest.fixture(scope="module")
def counted(demo_store: Path) -> dict[tuple[str, str], dict]:
    with lrbstore.open(demo_store) as opened:
        return {(row["body"], row["figure"]): row for row in reconcile(opened).to_pylist()}


def test_counts_are_those_of_a_plain_reading_of_the_files(counted: dict, simulated: Path) -> None:
    plain = {
        "gvrep": {
            **plain_clinvar(simulated / "clinvar"),
            **plain_passports(simulated / "cell_model_passports"),
            **plain_qtl(simulated / "gtex_v8_eqtl", "eqtl"),
            **plain_qtl(simulated / "gtex_v8_sqtl", "sqtl"),
            **plain_gwas(simulated / "gwas_catalog"),
            **plain_mave(simulated / "mavedb"),
            **plain_knockout(simulated / "project_score"),
            **plain_olida(simulated / "olida"),
            **plain_verified(simulated / "verified_variants"),
        },
        "lrb": plain_lrb(simulated / "lrb"),
    }
    of_a_source = {(b, f.name) for b, f in FIGURES if f.source}
    assert {(b, name) for b, counts in plain.items() for name in counts} == of_a_source - {("gvrep", "verified_embedded")}
    found = {b: {name: counted[b, name]["in_store"] for name in counts} for b, counts in plain.items()}
    assert found == plain
    six = ["cmp_records", "sqtl_records", "eqtl_records", "gwas_snps", "mave_records"]
    without = sum(plain["gvrep"][name] for name in six)
    assert counted["gvrep", "total_without_clinvar"]["in_store"] == without
    assert counted["gvrep", "total_with_clnsig"]["in_store"] == without + plain["gvrep"]["clinvar_clnsig"]
    assert counted["gvrep", "total_with_clndn"]["in_store"] == without + plain["gvrep"]["clinvar_clndn"]
    assert counted["gvrep", "total_with_both"]["in_store"] == without + plain["gvrep"]["clinvar_clnsig"] + plain["gvrep"]["clinvar_clndn"]


def test_examples_are_those_of_the_tasks(counted: dict, demo_store: Path) -> None:
    tasks = {
        "clinvar_clnsig_examples": "gvrep_clinvar_clnsig",
        "cmp_examples": "gvrep_cell_passport",
        "verified_examples": "gvrep_verified",
    }
    with lrbstore.open(demo_store) as opened:
        for figure, task in tasks.items():
            assert opened.sql(f"select count(*) from {task}.examples").fetchall() == [(counted["gvrep", figure]["in_store"],)]


def test_rows_of_the_files_are_those_of_source_file(counted: dict, demo_store: Path) -> None:
    with lrbstore.open(demo_store) as opened:
        sums = ", ".join(f"sum({c})::BIGINT" for c in ("rows_in", "rows_loaded", "rows_rejected"))
        asked = f"select {sums} from source_file where source = ? and part = ?"
        for name in ("eqtl_records", "eqtl_pairs", "cmp_records", "gwas_snps", "verified_records", "olida_disease_rows"):
            row = counted["gvrep", name]
            files = opened.sql(asked, [row["source"], row["part"]]).fetchall()
            assert files == [(row["in_files"], row["rows_loaded"], row["rows_rejected"])]
        one = opened.sql("select rows_in from source_file where source = 'clinvar' and assembly = 'GRCh38'").fetchall()
        assert [(counted["gvrep", "clinvar_clnsig"]["in_files"],)] == one, "GRCh37 is another file"
    assert counted["gvrep", "mave_variants"]["in_files"] == counted["gvrep", "mave_variants"]["in_store"], (
        "annotations are not rows of scores"
    )
    both, single = counted["gvrep", "total_with_both"], counted["gvrep", "total_with_clnsig"]
    assert both["in_files"] == single["in_files"], "one file that two parts are counted of is counted once"


def test_a_simulated_store_says_so_and_never_agrees(counted: dict) -> None:
    assert {row["status"] for row in counted.values()} == {"simulated", "not counted"}
    assert [key for key, row in counted.items() if row["status"] == "not counted"] == [("gvrep", "verified_embedded")]
    for row in counted.values():
        if row["in_store"] is not None:
            assert row["difference"] == row["in_store"] - row["published"]
            assert row["ratio"] == pytest.approx(row["in_store"] / row["published"])


def test_the_view_is_what_its_contract_says(demo_store: Path) -> None:
    with lrbstore.open(demo_store) as opened:
        described = opened.sql("describe reconciliation").fetchall()
        rows = opened.sql("select * from reconciliation order by body, ordinal").to_arrow_table().to_pylist()
    assert [tuple(row[:2]) for row in described] == [(c.name, c.type) for c in contracts()["reconciliation"].columns]
    assert [(row["body"], row["ordinal"]) for row in rows] == [(b.name, n) for b in bodies().values() for n, _ in enumerate(b.figures, 1)]
    for column in contracts()["reconciliation"].columns:
        assert column.nullable or all(row[column.name] is not None for row in rows)


def test_a_question_about_one_body_reads_nothing_of_the_others(demo_store: Path) -> None:
    def scans(opened: lrbstore.Store, where: str) -> int:
        plan = opened.sql(f"explain select * from reconciliation where {where}").fetchall()
        return sum(row[1].count("READ_PARQUET") for row in plan)

    with lrbstore.open(demo_store) as opened:
        assert scans(opened, "body = 'nobody'") == 0
        assert 0 < scans(opened, "body = 'lrb'") <= 5 < scans(opened, "body = 'gvrep'")


def test_the_table_is_readable_in_120_columns(demo_store: Path) -> None:
    with lrbstore.open(demo_store) as opened:
        rows = reconcile(opened, "gvrep")
    short = reconciliation_table(rows, "gvrep")
    assert [row["figure"] for row in short] == [f.name for f in body("gvrep").figures]
    assert max(sum(max(len(name), *(len(r[name]) for r in short)) + 3 for name in short[0]), 0) <= 120
    said = list(reconciliation_notes(rows, "gvrep"))
    assert max(map(len, said)) <= 120
    assert all(any(line.startswith(f"{f.name} [") for line in said) for f in body("gvrep").figures)


# ── stores that hold little ──────────────────────────────────────────────────────────────────────────────────────────────────────────

VCF = "##fileformat=VCFv4.1\n##fileDate={date}\n##source=ClinVar\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
VERIFIED = "Chr_hg38,Start_hg38,Ref,Alt,avsnp147,Class,Sample ID,HGMD_Phen,Func.refGene\n"


def clinvar(folder: Path, date: str, infos: list[str], alt: str = "G") -> Path:
    path = folder / f"clinvar_{date.replace('-', '')}.vcf"
    rows = [f"1\t{1000 + i}\t{i}\tA\t{alt}\t.\t.\t{info}\n" for i, info in enumerate(infos)]
    path.write_text(VCF.format(date=date) + "".join(rows))
    return path


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ClinVar in two versions, the later of seven lines and a bad one, and four verified rows; nothing else."""
    folder = tmp_path_factory.mktemp("little")
    ingest(folder / "store", "clinvar", [clinvar(folder, "2024-04-16", ["CLNSIG=Benign;CLNDN=not_provided", "CLNSIG=none=of=it;CLNDN"])])
    later = [
        "CLNSIG=Pathogenic;CLNDN=Spinal_muscular_atrophy,_X-linked_2|VEXAS_syndrome",
        "CLNSIG=Pathogenic/Likely_pathogenic;CLNDN=Spinal_muscular_atrophy",
        "CLNSIG=Benign/Likely_benign;CLNDN=not_provided",
        "CLNSIG=Benign|other;CLNDN=Some_disease_7",
        "CLNSIG=Uncertain_significance;CLNDN=Some_disease_12|not_provided",
        "CLNSIG=Likely_benign",
    ]
    path = clinvar(folder, "2024-05-01", later)
    with path.open("a") as handle:
        handle.write("1\t2000\t90\tA\tC,T\t.\t.\tCLNSIG=Pathogenic;CLNDN=not_provided\n1\t2001\t91\tA-\tC\t.\t.\tCLNSIG=Pathogenic\n")
    ingest(folder / "store", "clinvar", [path])
    verified = folder / "verified_real_clinvar.csv"
    rows = [
        "1,500,A,T,.,Pathogenic,s1,.,exonic",
        "1,500,A,T,.,Pathogenic,s2,.,exonic",
        "2,7,A,-,.,Benign,s1,.,exonic",
        "2,9,A,C,.,DM?,s1,.,.",
    ]
    verified.write_text(VERIFIED + "".join(f"{row}\n" for row in rows))
    ingest(folder / "store", "verified_variants", [verified])
    return folder / "store"


def test_counts_that_one_can_check_by_hand(little: Path) -> None:
    with lrbstore.open(little) as opened:
        rows = {row["figure"]: row for row in reconcile(opened, "gvrep").to_pylist()}
    found = {name: row["in_store"] for name, row in rows.items() if row["source"] in {"clinvar", "verified_variants"}}
    assert found == {
        "clinvar_clnsig": 5,
        "clinvar_likely_benign": 2,
        "clinvar_benign": 0,
        "clinvar_pathogenic": 2,
        "clinvar_likely_pathogenic": 1,
        "clinvar_clnsig_examples": 6,  # a line with two ALTs gives two
        "clinvar_clndn": 5,  # the one without CLNDN among them: its disease is N
        "clinvar_clndn_named": 4,
        "clinvar_diseases": 3,  # Spinal_muscular_atrophy twice, Some_disease twice, N
        "verified_variants": 3,
        "verified_records": 4,
        "verified_examples": 2,
        "verified_embedded": None,
    }
    files = rows["clinvar_clnsig"]
    assert (files["in_files"], files["rows_loaded"], files["rows_rejected"]) == (8, 7, 1), "the newer version alone"
    assert rows["clinvar_clnsig"]["status"] == "differs"
    assert rows["verified_embedded"]["status"] == "not counted"
    assert rows["mave_records"]["status"] == "not ingested"
    assert rows["mave_records"]["in_files"] is rows["mave_records"]["in_store"] is rows["mave_records"]["difference"] is None
    total = rows["total_with_both"]
    assert (total["in_store"], total["status"], total["in_files"]) == (10, "in part", 8)
    assert total["remark"].startswith("without cell_model_passports, gtex_v8_eqtl, gtex_v8_sqtl, gwas_catalog, mavedb")
    assert rows["total_without_clinvar"]["status"] == "not ingested"


def test_nothing_is_said_of_a_store_without_these_sources(tmp_path: Path, simulated: Path) -> None:
    path = next((simulated / "hapmap3").rglob("*.snplist*"), None) or next((simulated / "dida").glob("*"))
    ingest(tmp_path / "store", path.relative_to(simulated).parts[0], [path.parent], simulated=True)
    with lrbstore.open(tmp_path / "store") as opened:
        rows = reconcile(opened).to_pylist()
    assert {row["status"] for row in rows} == {"not ingested"}
    for name in ("in_files", "rows_loaded", "rows_rejected", "in_store", "difference", "ratio"):
        assert {row[name] for row in rows} == {None}


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

HEAD = "# Some body of work\n" + "\t".join(COLUMNS) + "\n"
ROW = "rows\tverified_variants\tverified\t\trows of the file\t4\thttps://example.org\t\t"


def folder_of(tmp_path: Path, text: str, **counts: str) -> Path:
    folder = tmp_path / "somebody"
    folder.mkdir()
    (folder / "published.tsv").write_text(text)
    for name, sql in counts.items():
        (folder / f"{name}.sql").write_text(sql)
    return folder


@pytest.fixture
def opened_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, little: Path):
    """Open the little store with one body of work: a folder of a test's own."""

    def open_it(text: str, **counts: str) -> lrbstore.Store:
        own = read_body(folder_of(tmp_path, text, **counts))
        monkeypatch.setattr(reconciliation, "bodies", lambda: {own.name: own})
        return lrbstore.open(little)

    return open_it


def test_a_folder_is_a_body_of_work_without_a_line_of_code(opened_with) -> None:
    lines = [
        ROW,
        "variants\tverified_variants\tverified\t\tdistinct variants\t5\thttps://example.org\t\t",
        "lost\tverified_variants\tverified\t\twhat nobody counts\t1\thttps://example.org\t\tno column tells",
        "clinvar_lines\tclinvar\tvcf\tGRCh37\tlines on GRCh37\t6\thttps://example.org\t\t",
        "all\t\t\t\tboth\t9\tsum of its parts\trows variants\t",
        "all_three\t\t\t\tthree\t15\tsum of its parts\trows variants clinvar_lines\tit's a \"quoted\" remark",
    ]  # fmt: skip
    counts = "select count(*) as rows, count(distinct pos) as variants from verified_variant;"
    with opened_with(
        HEAD + "\n".join(lines) + "\n", verified=counts, clinvar="select count(*) as clinvar_lines from clinvar_record"
    ) as opened:
        rows = {row["figure"]: row for row in reconcile(opened, "somebody").to_pylist()}
    assert {name: (row["in_store"], row["difference"], row["status"], row["remark"]) for name, row in rows.items()} == {
        "rows": (4, 0, "equal", None),
        "variants": (3, -2, "differs", None),
        "lost": (None, None, "not counted", "no column tells"),
        "clinvar_lines": (None, None, "not ingested", None),
        "all": (7, -2, "differs", None),
        "all_three": (7, -8, "in part", 'without clinvar; it\'s a "quoted" remark'),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected head lines"),
        (HEAD.replace("remark", "remarks"), "the columns figure, source"),
        (HEAD.partition("\n")[2] + ROW, "expected head lines"),
        (HEAD + ROW + "\textra", "line 3: 10 columns"),
        (HEAD + ROW.replace("https://example.org", " "), "line 3: published_in is empty"),
        (HEAD + ROW.replace("rows of the file", ""), "definition is empty"),
        (HEAD + ROW.replace("\t4\t", "\t4,000\t"), "published '4,000' is not a whole number"),
        (HEAD + ROW.replace("\t4\t", "\t0\t"), "published '0'"),
        (HEAD + ROW.replace("rows\t", "two words\t", 1), "'two words' is not a plain name"),
        (HEAD + ROW + "\n" + ROW, "line 4: figure 'rows' .* comes twice"),
        (HEAD + ROW.replace("\tverified\t", "\t\t"), "has a source and its part"),
        (HEAD + ROW.replace("verified_variants", "verified_variant"), "did you mean 'verified_variants'"),
        (HEAD + ROW + "\nsum\t\t\t\tsum\t5\tsum of its parts\trows\t", "published as 5, but its parts sum to 4"),
        (HEAD + ROW + "\nsum\t\t\t\tsum\t5\tsum of its parts\trow\t", "sum of row, which is no figure there"),
        (HEAD + ROW + "\nsum\t\t\t\tsum\t5\tsum of its parts\t\t", "or is the sum_of others"),
    ],
)
def test_a_file_that_says_something_impossible_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSpec, match=said):
        read_body(folder_of(tmp_path, text))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select count(*) as rows from no_such_table", "somebody/verified.sql is not a select that can be run: .*no_such_table"),
        ("selec 1", "somebody/verified.sql is not a select"),
        ("select 'four' as rows", "the counts are not whole numbers"),
    ],
)
def test_a_count_that_cannot_be_run_is_one_clear_error_and_the_store_opens(opened_with, sql: str, said: str) -> None:
    with opened_with(HEAD + ROW, verified=sql) as opened:
        assert opened.sql("select count(*) from verified_variant").fetchall() == [(4,)]
        with pytest.raises(BadSpec, match=said):
            reconcile(opened)


def test_an_unknown_body_is_told_with_near_names(little: Path) -> None:
    with lrbstore.open(little) as opened:
        with pytest.raises(UnknownName, match="unknown body of work 'gvrpe'; did you mean 'gvrep'"):
            reconcile(opened, "gvrpe")
        with pytest.raises(LrbStoreError):
            reconcile(opened, "'; drop view reconciliation; --")


def test_no_select_repeats_a_published_number() -> None:
    for path in (sql_folder() / "reconciliations").glob("*/*.sql"):
        numbers = {int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*\d", path.read_text())}
        published = {f.published for f in body(path.parent.name).figures if f.published > 1000 and not f.sum_of}
        assert not numbers & published, path
