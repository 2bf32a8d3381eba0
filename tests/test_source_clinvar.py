"""ClinVar: invented files against rows written by hand, and every line of every file against plain string splitting."""

from __future__ import annotations

import csv
import gzip
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest

import lrbstore
from lrbstore.alleles import variant_id
from lrbstore.contract import contract
from lrbstore.errors import ContractBroken, UnknownName
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.info import InfoKeys
from lrbstore.ingest.pipeline import Outcome, ingest

HERE = Path(__file__).resolve()
RAW = HERE.parent / "sources" / "clinvar" / "raw"
EXPECTED = HERE.parent / "sources" / "clinvar" / "expected"
REAL = HERE.parents[2] / "shared" / "realdata" / "clinvar"
OLD_REAL = REAL / "clinvar_20191007.GRCh37.chr1_ISG15.vcf.gz"
NEW_REAL = REAL / "clinvar_20260226.GRCh38.cancer_genes.vcf.gz"

HEADER = "##fileformat=VCFv4.1\n##fileDate=2025-03-08\n##source=ClinVar\n##reference=GRCh38\n"
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
LINE = "1\t1000001\t900001\tA\tG\t.\t.\tCLNSIG=Benign;CLNREVSTAT=practice_guideline\n"


# ── what the store holds ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(store: Path, name: str) -> list[dict]:
    """Read all rows of a table's data files, in upstream's order."""
    if not list(store.glob(f"data/{name}/*.parquet")):
        return []
    order = "source_file, source_line" + {"clinvar_record": ", allele_ordinal", "reject": ""}.get(name, ", ordinal")
    found = duckdb.sql(f"select * from read_parquet('{store}/data/{name}/*.parquet') order by {order}")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def traits_of(records: list[dict], store: Path) -> list[dict]:
    """Give record_trait's rows with the line and ALT of their record, in upstream's order."""
    place = {r["record_id"]: (r["source_file"], r["source_line"], r["allele_ordinal"]) for r in records}
    rows = []
    for row in table(store, "record_trait"):
        file, line, allele = place[row["record_id"]]
        assert (row["source_file"], row["source_line"], row["source"]) == (file, line, "clinvar")
        rows.append({**row, "allele_ordinal": allele})
    return sorted(rows, key=lambda r: (r["source_file"], r["source_line"], r["allele_ordinal"] or 0, r["ordinal"]))


def text(value: object) -> str:
    """Write a value as the expected files do: lists by |, nothing for null."""
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def expected(name: str) -> list[dict[str, str]]:
    with (EXPECTED / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def as_text(rows: list[dict], columns: list[str]) -> list[dict[str, str]]:
    return [{c: text(row[c]) for c in columns} for row in rows]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    store = tmp_path_factory.mktemp("clinvar")
    return store, ingest(store, "clinvar", [RAW])


@pytest.fixture(scope="module")
def records(loaded: tuple[Path, Outcome]) -> list[dict]:
    return table(loaded[0], "clinvar_record")


def load(tmp_path: Path, content: str, name: str = "clinvar.vcf", **options: str) -> Path:
    """Ingest one file with the given content into a new store."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    ingest(tmp_path / "store", "clinvar", [path], **options)
    return tmp_path / "store"


# ── invented files against rows written by hand ──────────────────────────────────────────────────────────────────────────────────


def test_records_are_those_written_by_hand(records: list[dict]) -> None:
    want = expected("clinvar_record")
    assert as_text(records, list(want[0])) == want


def test_traits_are_those_written_by_hand(loaded: tuple[Path, Outcome], records: list[dict]) -> None:
    want = expected("record_trait")
    assert as_text(traits_of(records, loaded[0]), list(want[0])) == want


def test_rejects_are_those_written_by_hand(loaded: tuple[Path, Outcome]) -> None:
    want = expected("reject")
    rows = table(loaded[0], "reject")
    assert as_text(rows, list(want[0])) == want
    lines = {p.name: p.read_text(encoding="utf-8").split("\n") for p in RAW.iterdir()}
    for row in rows:
        upstream = lines[row["source_file"]][row["source_line"] - 1]
        assert row["raw"].rstrip("\t") == upstream  # an empty line is kept as its eight empty cells


def test_every_line_is_accounted_for(loaded: tuple[Path, Outcome], records: list[dict]) -> None:
    for file in loaded[1].loaded:
        n = sum(not line.startswith("#") for line in (RAW / file.name).read_text(encoding="utf-8").splitlines())
        own = {r["source_line"] for r in records if r["source_file"] == file.name}
        assert (file.rows_in, file.rows_loaded, file.rows_rejected) == (n, len(own), n - len(own))


def test_text_columns_outside_the_expected_file(records: list[dict]) -> None:
    by_line = {r["source_line"]: r for r in records if r["assembly"] == "GRCh38"}
    assert by_line[8]["clnvi"] == "LabX:A=B C|ClinGen:CA9"
    assert by_line[11]["clnsigconf"] == "Benign(1);Uncertain_significance(2)"
    assert by_line[11]["clnsig"] == "Conflicting_interpretations_of_pathogenicity,_other"
    assert by_line[11]["clnrevstat"] == "criteria_provided,_conflicting_interpretations"
    assert by_line[16]["info_other"] == "DB;XCLNSIG=Benign;CLNSIGX=Pathogenic"
    assert (by_line[16]["clnsig"], by_line[16]["clndn"], by_line[16]["oncdn"]) == (None, None, "Neoplasm")
    assert (by_line[20]["qual"], by_line[20]["filter"], by_line[20]["ssr"]) == (50.0, "PASS", 16)
    assert (by_line[8]["qual"], by_line[8]["filter"], by_line[8]["info_other"]) == (None, None, None)
    assert all(r["label_name"] == "clinical_significance" and r["label_text"] == r["clinical_significance"] for r in records)


def test_repeated_lines_stay_apart_and_ids_agree_over_rebuilds(records: list[dict], tmp_path: Path) -> None:
    ids = [r["record_id"] for r in records]
    assert len(set(ids)) == len(ids)
    ingest(tmp_path, "clinvar", [RAW])
    assert [r["record_id"] for r in table(tmp_path, "clinvar_record")] == ids


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    ingest(tmp_path, "clinvar", [RAW])
    again = ingest(tmp_path, "clinvar", [RAW])
    assert (again.loaded, sorted(again.known)) == ([], sorted(p.name for p in RAW.iterdir()))


# ── the file as a whole ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_block_gzipped_file_of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "clinvar_20250308.vcf.gz"
    other = LINE.replace("900001", "900002")
    path.write_bytes(b"".join(gzip.compress(part.encode()) for part in (HEADER + NAMES, LINE, other, "")))
    outcome = ingest(tmp_path / "store", "clinvar", [tmp_path])
    assert [(f.version, f.assembly, f.rows_loaded) for f in outcome.loaded] == [("2025-03-08", "GRCh38", 2)]


def test_windows_line_ends_leave_no_trace(tmp_path: Path) -> None:
    store = load(tmp_path, (HEADER + NAMES + LINE).replace("\n", "\r\n"))
    (row,) = table(store, "clinvar_record")
    assert (row["source_version"], row["clnrevstat"], row["review_stars"]) == ("2025-03-08", "practice_guideline", 4)


def test_a_file_without_reference_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match=r"does not say its assembly.*##reference=GRCh38"):
        load(tmp_path, HEADER.replace("##reference=GRCh38\n", "") + NAMES + LINE, version="2025-03-08")
    with pytest.raises(UnknownName, match="CHM13"):
        load(tmp_path, HEADER.replace("GRCh38", "CHM13v2") + NAMES + LINE)


def test_a_file_without_date_needs_a_version(tmp_path: Path) -> None:
    content = HEADER.replace("##fileDate=2025-03-08\n", "") + NAMES + LINE
    with pytest.raises(ContractBroken, match=r"does not say of which version it is.*##fileDate"):
        load(tmp_path, content)
    assert [r["source_version"] for r in table(load(tmp_path, content, version="2025-03"), "clinvar_record")] == ["2025-03"]


def test_a_given_version_overrides_the_date(tmp_path: Path) -> None:
    assert [r["source_version"] for r in table(load(tmp_path, HEADER + NAMES + LINE, version="mine"), "clinvar_record")] == ["mine"]


@pytest.mark.parametrize("spelling", ["hg19", "GRCh37.p13", "file:///data/Homo_sapiens.GRCh37.fa"])
def test_the_reference_may_be_spelt_otherwise(tmp_path: Path, spelling: str) -> None:
    store = load(tmp_path, HEADER.replace("GRCh38", spelling) + NAMES + LINE)
    assert [r["assembly"] for r in table(store, "clinvar_record")] == ["GRCh37"]


def test_a_file_that_is_no_vcf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="lacks the column INFO; found: CHROM, POS"):
        load(tmp_path, HEADER + NAMES.replace("\tINFO", "") + LINE)
    with pytest.raises(ContractBroken, match=r"clinvar.vcf: the header"):
        load(tmp_path, HEADER + LINE)


def test_further_columns_are_kept(tmp_path: Path) -> None:
    names, line = NAMES.replace("\n", "\tFORMAT\n"), LINE.replace("\n", "\tGT\n")
    (row,) = table(load(tmp_path, HEADER + names + line), "clinvar_record")
    assert row["extra"] == '{"FORMAT":"GT"}'


def test_an_escaped_separator_does_not_cut_a_list(tmp_path: Path) -> None:
    line = LINE.replace("CLNSIG", "CLNDN=One%7CTwo|Three;CLNDISDB=.|X:1%2C2;CLNSIG")
    store = load(tmp_path, HEADER + NAMES + line)
    assert [(r["ordinal"], r["trait"], r["trait_id"]) for r in table(store, "record_trait")] == [
        (1, "One|Two", None),
        (2, "Three", "X:1,2"),
    ]


def test_rows_stand_in_variant_record(loaded: tuple[Path, Outcome], records: list[dict]) -> None:
    with lrbstore.open(loaded[0]) as store:
        united = store.sql("select record_id, variant_id, label_text, trait from variant_record where source = 'clinvar'").fetchall()
    assert sorted(united, key=str) == sorted(((r["record_id"], r["variant_id"], r["label_text"], r["trait"]) for r in records), key=str)


def test_every_documented_key_has_its_column() -> None:
    columns = {c.name for c in contract("clinvar_record").columns}
    assert {key.lower() for key in KEYS} <= columns
    asked = InfoKeys.named_in((HERE.parents[1] / "ingest" / "clinvar" / "clinvar_record.sql").read_text(encoding="utf-8"))
    assert (set(asked.values), asked.flags, asked.other) == (set(KEYS), (), True)


# ── macros ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("info", "key", "value"),
    [
        ("A=1;CLNDN=x", "CLNDN", "x"),
        ("CLNDNINCL=y;XCLNDN=z;CLNDN=x=1", "CLNDN", "x=1"),
        ("CLNDNINCL=y", "CLNDN", None),
        ("A=;CLNDN=CLNSIG=3", "CLNSIG", None),
        ("FLAG;A=1", "FLAG", None),
        ("FLAG;A=1", "A", "1"),
        ("A=", "A", None),
        ("A=.", "A", None),
        ("A=é;B=ß", "B", "ß"),
        (None, "A", None),
    ],
)
def test_info_value(macros: duckdb.DuckDBPyConnection, info: str | None, key: str, value: str | None) -> None:
    assert macros.execute("select info_value($1, $2)", [info, key]).fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("a%3Bb", "a;b"), ("%2Cx%20y", ",x y"), ("50%", "50%"), ("%C3%A9", "é"), ("%FF", "%FF"), ("a+b", "a+b"), (None, None)],
)
def test_percent_decode(macros: duckdb.DuckDBPyConnection, written: str | None, meant: str | None) -> None:
    assert macros.execute("select percent_decode($1)", [written]).fetchall() == [(meant,)]


# ── every line against plain string splitting ────────────────────────────────────────────────────────────────────────────────────

KEYS = [
    *("AF_ESP", "AF_EXAC", "AF_TGP", "ALLELEID", "CLNDN", "CLNDNINCL", "CLNDISDB", "CLNDISDBINCL", "CLNHGVS", "CLNREVSTAT", "CLNSIG"),
    *("CLNSIGCONF", "CLNSIGINCL", "CLNSIGSCV", "CLNVC", "CLNVCSO", "CLNVI", "DBVARID", "GENEINFO", "MC", "ONC", "ONCCONF", "ONCDISDB"),
    *("ONCDISDBINCL", "ONCDN", "ONCDNINCL", "ONCINCL", "ONCREVSTAT", "ONCSCV", "ORIGIN", "RS", "SCI", "SCIDISDB", "SCIDISDBINCL"),
    *("SCIDN", "SCIDNINCL", "SCIINCL", "SCIREVSTAT", "SCISCV", "SSR"),
]
FLOATS, INTEGERS = {"AF_ESP", "AF_EXAC", "AF_TGP"}, {"ALLELEID", "ORIGIN", "SSR"}
STARS = {
    "practice_guideline": 4,
    "reviewed_by_expert_panel": 3,
    "criteria_provided,_multiple_submitters,_no_conflicts": 2,
    "criteria_provided,_conflicting_classifications": 1,
    "criteria_provided,_single_submitter": 1,
}
CLASSES = {c: c for c in ("Pathogenic", "Likely_pathogenic", "Benign", "Likely_benign")} | {
    "Pathogenic/Likely_pathogenic": "Likely_pathogenic",
    "Benign/Likely_benign": "Likely_benign",
}
WORDS = ["germline", "somatic", "inherited", "paternal", "maternal", "de-novo", "biparental", "uniparental", "not-tested"]
BITS = {1 << i: word for i, word in enumerate([*WORDS, "tested-inconclusive"])} | {1073741824: "other"}


def items(value: str) -> list[str | None]:
    return [None if item in {".", ""} else unquote(item) for item in value.split("|")]


def read_line(line: str) -> tuple[list[dict], list[tuple[int, str | None, str | None]]]:
    """Read a good line by hand: its records (without what the store adds), and the traits that each of them has."""
    chrom, pos, id_, ref, alt, qual, filter_, info = line.split("\t")
    pairs = [item.partition("=") for item in info.split(";")]
    raw = {key: value for key, equals, value in pairs if equals and value not in {"", "."}}
    row: dict = {key.lower(): unquote(raw[key]) if key in raw else None for key in KEYS}
    row |= {key.lower(): float(raw[key]) for key in FLOATS & raw.keys()} | {key.lower(): int(raw[key]) for key in INTEGERS & raw.keys()}
    row["info_other"] = ";".join(a + b + c for a, b, c in pairs if a not in KEYS and (a + b + c) != ".") or None
    significance = row["clnsig"]
    if significance:
        significance = "|".join(re.split(r",_(?!low_penetrance)", significance))
        significance = significance.replace("Conflicting_interpretations", "Conflicting_classifications")
    status = row["clnrevstat"]
    if status:
        status = {"no_assertion_provided": "no_classification_provided"}.get(status, status.replace("interpretation", "classification"))
    tail = "" if "CLNDN" in raw or "CLNDISDB" in raw else "INCL"
    names = items(raw[f"CLNDN{tail}"].replace("_", " ")) if f"CLNDN{tail}" in raw else []
    ids = items(raw[f"CLNDISDB{tail}"]) if f"CLNDISDB{tail}" in raw else []
    n = max(len(names), len(ids))
    names, ids = names + [None] * (n - len(names)), ids + [None] * (n - len(ids))
    given = [name for name in names if name]
    real = [name for name in given if name not in {"not provided", "not specified"}]
    genes = [gene.rsplit(":", 1) for gene in raw["GENEINFO"].split("|")] if "GENEINFO" in raw else None
    terms = [unquote(term.split("|")[1]) for term in raw["MC"].split(",")] if "MC" in raw else None
    origin = row["origin"]
    row |= {
        "chrom": "chr" + chrom,
        "pos": int(pos),
        "ref": ref.upper(),
        "variation_id": int(id_),
        "qual": None if qual == "." else float(qual),
        "filter": None if filter_ == "." else filter_,
        "rs_id": "rs" + re.findall(r"\d+", raw["RS"])[0] if "RS" in raw else None,
        "gene_symbol": unquote(genes[0][0]) if genes else None,
        "gene_symbols": [unquote(symbol) for symbol, _ in genes] if genes else None,
        "ncbi_gene_ids": [int(number) for _, number in genes] if genes else None,
        "trait": (real or given or [None])[0],
        "label_name": "clinical_significance",
        "label_text": significance,
        "clinical_significance": significance,
        "clnsig_class": CLASSES.get(row["clnsig"]),
        "review_status": status,
        "review_stars": STARS.get(status, 0) if status else None,
        "is_included": (significance is None or significance == "no_classification_for_the_single_variant")
        and bool(raw.keys() & {"CLNSIGINCL", "CLNDNINCL", "CLNDISDBINCL"}),
        "molecular_consequence": terms[0] if terms else None,
        "molecular_consequences": terms,
        "origins": None if origin is None else [word for bit, word in BITS.items() if origin & bit] or ["unknown"],
    }
    records = []
    for ordinal, allele in enumerate(alt.split(","), 1):
        bases = re.fullmatch("[ACGTNacgtn]+", allele) is not None
        records.append(
            {
                **row,
                "alt": allele.upper() if bases else None,
                "upstream_alt": None if allele == "." else allele,
                "allele_ordinal": None if allele == "." else ordinal,
            }
        )
    return records, [(i, name, ids[i - 1]) for i, name in enumerate(names, 1)]


def read_file(path: Path, assembly: str, rejected: set[int]) -> tuple[list[dict], list[tuple]]:
    records, traits = [], []
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            if line.startswith("#") or number in rejected:
                continue
            rows, diseases = read_line(line.rstrip("\n"))
            for row in rows:
                if row["chrom"] == "chrMT" and assembly == "GRCh38":
                    row["chrom"] = "chrM"
                key = variant_id(assembly, row["chrom"], row["pos"], row["ref"], row["alt"]) if row["alt"] else None
                records.append({**row, "assembly": assembly, "variant_id": key, "source_line": number, "source_file": path.name})
                traits += [(number, row["allele_ordinal"], *disease) for disease in diseases]
    return records, traits


def assert_agrees(store: Path, path: Path, assembly: str) -> None:
    """Compare every column of every record, and every trait, with the reading by hand."""
    found = [r for r in table(store, "clinvar_record") if r["source_file"] == path.name]
    rejected = {r["source_line"] for r in table(store, "reject") if r["source_file"] == path.name}
    want, want_traits = read_file(path, assembly, rejected)
    assert len(found) == len(want)
    added = {"record_id", "random_split_42", "source", "source_version", "extra"}
    assert {c.name for c in contract("clinvar_record").columns} == want[0].keys() | added
    for row, by_hand in zip(found, want, strict=True):
        if {k: v for k, v in row.items() if k not in added} != by_hand:
            differing = {k: (row[k], v) for k, v in by_hand.items() if row[k] != v}
            pytest.fail(f"{path.name}, line {row['source_line']}: {differing}")
    traits = [
        (r["source_line"], r["allele_ordinal"], r["ordinal"], r["trait"], r["trait_id"])
        for r in traits_of(found_by_file(store), store)
        if r["source_file"] == path.name
    ]
    assert traits == want_traits


def found_by_file(store: Path) -> list[dict]:
    found = duckdb.sql(
        f"select record_id, source_file, source_line, allele_ordinal from read_parquet('{store}/data/clinvar_record/*.parquet')"
    )
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@pytest.mark.parametrize(("name", "assembly"), [("clinvar_20191007.GRCh37.vcf", "GRCh37"), ("clinvar_20250308.GRCh38.vcf", "GRCh38")])
def test_invented_files_agree_with_a_reading_by_hand(loaded: tuple[Path, Outcome], name: str, assembly: str) -> None:
    assert_agrees(loaded[0], RAW / name, assembly)


@pytest.mark.skipif(not OLD_REAL.is_file(), reason=f"no real ClinVar file at {OLD_REAL}")
def test_a_real_file_of_2019_agrees_with_a_reading_by_hand(tmp_path: Path) -> None:
    (file,) = ingest(tmp_path, "clinvar", [OLD_REAL]).loaded
    assert (file.version, file.assembly, file.rows_in, file.rows_loaded, file.rows_rejected) == ("2019-10-07", "GRCh37", 72, 72, 0)
    assert_agrees(tmp_path, OLD_REAL, "GRCh37")


@pytest.mark.slow
@pytest.mark.skipif(not NEW_REAL.is_file(), reason=f"no real ClinVar file at {NEW_REAL}")
def test_a_real_file_of_2026_agrees_with_a_reading_by_hand(tmp_path: Path) -> None:
    (file,) = ingest(tmp_path, "clinvar", [NEW_REAL]).loaded
    with gzip.open(NEW_REAL, "rt", encoding="utf-8") as handle:
        lines = [line.rstrip("\n").split("\t") for line in handle if not line.startswith("#")]
    assert (file.version, file.assembly, file.rows_in, file.rows_rejected) == ("2026-02-26", "GRCh38", len(lines), 0)
    assert len(lines) == 60_436
    tally = Counter(match[1] for cells in lines if (match := re.search(r"(?:^|;)CLNSIG=([^;]*)", cells[7])))
    query = f"select clnsig, count(*) from read_parquet('{tmp_path}/data/clinvar_record/*.parquet') where clnsig is not null group by 1"
    assert dict(duckdb.sql(query).fetchall()) == tally
    assert_agrees(tmp_path, NEW_REAL, "GRCh38")


@pytest.mark.slow
def test_every_isg15_allele_is_the_real_genomes(realdata, tmp_path):
    fasta, store = tmp_path / "GRCh37.fa", tmp_path / "store"
    subprocess.run([sys.executable, str(realdata / "build_genome.py"), "GRCh37", str(fasta), "chr1"], check=True)
    ingest(store, "clinvar", [realdata / "clinvar" / "clinvar_20191007.GRCh37.chr1_ISG15.vcf.gz"])
    add_genome(store, "GRCh37", fasta)
    with lrbstore.open(store) as opened:
        query = "select ref_check, count(*) from variant_record join variant using (variant_id) group by all"
        assert opened.sql(query).fetchall() == [("match", 72)]
    fasta.unlink()


@pytest.mark.parametrize(
    ("clnsig", "is_pathogenic"),
    [
        ("Pathogenic", 1),
        ("Likely_pathogenic", 1),
        ("Pathogenic/Likely_pathogenic|risk_factor", 1),
        ("Pathogenic/Likely_pathogenic/Pathogenic,_low_penetrance", 1),
        ("Benign|other", 0),
        ("Benign/Likely_benign", 0),
        ("Uncertain_significance", None),
        ("Conflicting_classifications_of_pathogenicity", None),
        ("Conflicting_classifications_of_pathogenicity|Pathogenic", None),
        ("Benign|Pathogenic", None),
        ("drug_response", None),
        (None, None),
    ],
)
def test_pathogenicity_is_read_term_by_term(macros: duckdb.DuckDBPyConnection, clnsig: str | None, is_pathogenic: int | None) -> None:
    assert macros.execute("select clinvar_pathogenicity(?)", [clnsig]).fetchall() == [(is_pathogenic,)]
