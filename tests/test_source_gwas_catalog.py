"""The GWAS Catalog: layouts and their drift, texts that hold numbers, and the real files against a plain reading of the same text."""

from __future__ import annotations

import collections
import decimal
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import Outcome, ingest
from lrbstore.ingest.spec import source
from lrbstore.layout import ingest_folder, sql_folder

HERE = Path(__file__).resolve().parent
RAW = HERE / "sources" / "gwas_catalog" / "raw"
MODERN = RAW / "gwas_catalog_v1.0.2-associations_e111_r2024-03-01.tsv"
HEADER, GOOD = (line.split("\t") for line in MODERN.read_text().splitlines()[:2])
README = ingest_folder() / "gwas_catalog" / "README.md"


def write(path: Path, rows: list[dict[str, str]], columns: list[str] = HEADER) -> Path:
    """Write rows that differ from the fixture's first one."""
    good = dict(zip(HEADER, GOOD, strict=True))
    lines = ["\t".join({**good, **row}[name] for name in columns) for row in rows]
    path.write_text("\n".join(["\t".join(columns), *lines]) + "\n")
    return path


def held(tmp_path: Path, rows: list[dict[str, str]], query: str) -> list[tuple]:
    ingest(tmp_path / "store", "gwas_catalog", [write(tmp_path / MODERN.name, rows)])
    with lrbstore.open(tmp_path / "store") as store:
        return store.sql(query).fetchall()


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in ("gwas", "trait"):
            connection.execute((sql_folder() / "macros" / f"{name}.sql").read_text(encoding="utf-8"))
        yield connection


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "low", "high", "words", "direction", "unit"),
    [
        ("[0.025-0.033] unit increase", 0.025, 0.033, "unit increase", "increase", "unit"),
        ("[NR] unit decrease", None, None, "unit decrease", "decrease", "unit"),
        ("[0.03-0.05] (mg/dl decrease)", 0.03, 0.05, "mg/dl decrease", "decrease", "mg/dl"),
        ("[0.11-0.20] ((unit decrease))", 0.11, 0.20, "unit decrease", "decrease", "unit"),
        ("[1.66 – 2.85]", 1.66, 2.85, None, None, None),
        ("(1.10-1.23)", 1.1, 1.23, None, None, None),
        ("[-0.02-0.07] unit increase", -0.02, 0.07, "unit increase", "increase", "unit"),
        (" (unit increase)", None, None, "unit increase", "increase", "unit"),
        ("[2.74-6.66] (% s.d. taller)", 2.74, 6.66, "% s.d. taller", "increase", "% s.d."),
        ("[NR] % variance explained", None, None, "% variance explained", None, "% variance explained"),
        ("[NR]", None, None, None, None, None),
        ("NR", None, None, None, None, None),
        ("", None, None, None, None, None),
    ],
)
def test_the_text_of_an_interval_is_taken_apart(macros, text, low, high, words, direction, unit) -> None:
    query = "select gwas_ci(t, 1), gwas_ci(t, 2), w, gwas_direction(w), gwas_unit(w) from (select $t as t, gwas_ci_words($t) as w)"
    assert macros.execute(query, {"t": text}).fetchall() == [(low, high, words, direction, unit)]


@pytest.mark.parametrize("text", ["1E-400", "3E-971", "2E-9", "1", "5e-8", "0.05", "1.5E-320", "9.99E-10"])
def test_a_p_value_that_underflows_keeps_its_logarithm(macros, text) -> None:
    want = float(abs(decimal.Decimal(text).log10()))
    assert macros.execute("select gwas_neg_log10_p($t)", {"t": text}).fetchall()[0][0] == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("item", "allele"),
    [
        ("rs123-A", "A"),
        ("rs123 - at", "AT"),
        ("rs123-?", None),
        ("rs123", None),
        ("APOE-E4", None),
        ("HLA-A", None),
        ("HLA-A*02:01-?", None),
        ("chr1:5-G", "G"),
        ("NR", None),
    ],
)
def test_a_risk_allele_is_bases_of_a_snp(macros, item, allele) -> None:
    assert macros.execute("select gwas_risk_allele($t)", {"t": item}).fetchall() == [(allele,)]


@pytest.mark.parametrize(
    ("text", "curie"),
    [
        ("http://www.ebi.ac.uk/efo/EFO_0004339", "EFO:0004339"),
        ("http://purl.obolibrary.org/obo/MONDO_0005148", "MONDO:0005148"),
        ("MONDO:MONDO:0033613,MedGen:C5436628", "MONDO:0033613"),
        ("http://purl.obolibrary.org/obo/GO_0008150", "GO:0008150"),
        ("MedGen:C5436628", None),
    ],
)
def test_ids_of_terms_have_one_spelling(macros, text, curie) -> None:
    assert macros.execute("select trait_curie($t)", {"t": text}).fetchall() == [(curie,)]


# ── layouts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fixtures_have_the_published_columns() -> None:
    columns = {part.name: list(part.columns) for part in source("gwas_catalog").part}
    assert columns["associations"] == HEADER
    assert len(HEADER) == 38
    assert [name.upper() for name in columns["associations_nhgri"]] == [name.upper() for name in HEADER]


def test_34_columns_in_any_order_do(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "gwas_catalog", [write(tmp_path / "gwas_catalog_v1.0_r2020-01-02.tsv", [{}], HEADER[33::-1])])
    with lrbstore.open(tmp_path / "store") as store:
        query = "select source_version, assembly, rs_id, mapped_trait, study_accession from gwas_association"
        assert store.sql(query).fetchall() == [("2020-01-02", "GRCh38", "rs101", None, None)]
        assert store.sql("select trait, trait_id from record_trait").fetchall() == [("Invented height", None)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gwascatalog20120320.tsv", "does not say its assembly"),
        ("gwas_catalog_v1.0.2-associations_e111.tsv", "a date in its name"),
    ],
)
def test_a_name_that_says_too_little_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ContractBroken, match=message):
        ingest(tmp_path / "store", "gwas_catalog", [write(tmp_path / name, [{}])])
    assert not (tmp_path / "store").exists()


def test_a_missing_column_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="lacks the column P-VALUE"):
        ingest(tmp_path / "store", "gwas_catalog", [write(tmp_path / MODERN.name, [{}], [c for c in HEADER if c != "P-VALUE"])])


def test_windows_text_is_refused_where_utf_8_is_promised(tmp_path: Path) -> None:
    path = write(tmp_path / MODERN.name, [{"STUDY": "caf~"}])
    path.write_bytes(path.read_bytes().replace(b"~", b"\xe9"))
    with pytest.raises(ContractBroken, match=r"cannot be read to its end"):
        ingest(tmp_path / "store", "gwas_catalog", [path])


def test_a_frequency_above_1_is_kept_as_text_alone(tmp_path: Path) -> None:
    rows = [{"RISK ALLELE FREQUENCY": text} for text in ("1.24", "0.5 (men)", "1")]
    query = "select risk_allele_frequency, risk_allele_frequency_text from gwas_association order by source_line"
    assert held(tmp_path, rows, query) == [(None, "1.24"), (0.5, "0.5 (men)"), (1.0, "1")]


def test_a_spelling_without_id_takes_the_terms_that_the_mappings_know(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "gwas_catalog", [RAW])
    with lrbstore.open(tmp_path / "store") as store:
        alias = "select trait, trait_id from trait_alias where alias = $a order by 1"
        assert store.sql(alias, params={"a": "Invented height"}).fetchall() == [("body height", "EFO:0004339")]
        assert store.sql(alias, params={"a": "Invented pair"}).fetchall() == [
            ("body height", "EFO:0004339"),
            ("body weight", "EFO:0004338"),
        ]
        found = store.sql("select trait_id, sources, aliases from trait where trait = 'body height'").fetchall()
        assert found == [("EFO:0004339", ["gwas_catalog"], ["Invented height", "Invented pair", "body height"])]


# ── the real files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

Real = tuple[lrbstore.Store, dict[str, Outcome], dict[str, list[dict[str, str]]]]
NAMES = {
    "2012-03-07": ("gwascatalog20120307.hg19.tsv.gz", "windows-1252"),
    "2012-03-20": ("gwascatalog20120320.hg19.tsv.gz", "windows-1252"),
    "2015-06-08": ("gwas_catalog_v1.0.1-downloaded_2015-06-08.GRCh38.tsv.gz", "utf-8"),
}


@pytest.fixture(scope="module")
def real(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Three releases, loaded one after the other, and the same files cut by plain Python; columns in upper case."""
    folder = tmp_path_factory.mktemp("gwas")
    outcomes, texts = {}, {}
    for version, (name, encoding) in NAMES.items():
        outcomes[version] = ingest(folder / "store", "gwas_catalog", [realdata / "gwas" / name])
        header, *lines = gzip.decompress((realdata / "gwas" / name).read_bytes()).decode(encoding).removesuffix("\n").split("\n")
        columns = header.rstrip("\r").upper().split("\t")
        cut = [line.rstrip("\r").split("\t") for line in lines]
        texts[version] = [
            {**dict(zip(columns, row, strict=False)), "line": str(i)} for i, row in enumerate(cut, 2) if len(row) == len(columns)
        ]
    with lrbstore.open(folder / "store") as store:
        yield store, outcomes, texts


@pytest.mark.slow
def test_every_row_of_the_real_files_is_accounted_for(real: Real) -> None:
    store, outcomes, texts = real
    counts = {v: (i.rows_in, i.rows_loaded, i.rows_rejected) for v, outcome in outcomes.items() for i in outcome.loaded}
    assert counts == {"2012-03-07": (7_463, 7_463, 0), "2012-03-20": (7_557, 7_556, 1), "2015-06-08": (97_003, 96_999, 4)}
    reasons = store.sql("select source_version, reason, count(*) from reject group by all order by all").fetchall()
    assert reasons == [
        ("2012-03-20", "the line is empty", 1),
        ("2015-06-08", "P-VALUE: 4E6 is not between 0 and 1", 1),
        ("2015-06-08", "P-VALUE: 5E12 is not between 0 and 1", 2),
        ("2015-06-08", "P-VALUE: 9E7 is not between 0 and 1", 1),
    ]
    assert {v: len(rows) for v, rows in texts.items()} == {"2012-03-07": 7_463, "2012-03-20": 7_556, "2015-06-08": 97_003}


@pytest.mark.slow
def test_the_real_rows_say_what_a_plain_reading_says(real: Real) -> None:
    store, _, texts = real
    query = """select source_line, rs_id, chrom, pos, neg_log10_p, or_or_beta, trait, risk_allele, kind from history.gwas_association
        where source_version = $v order by 1"""
    for version, rows in texts.items():
        found = store.sql(query, params={"v": version}).fetchall()
        want = []
        for row in rows:
            p = row["P-VALUE"].strip()
            number = decimal.Decimal(p) if re.fullmatch(r"\d+E-?\d+", p) else None
            if number is not None and number > 1:
                continue
            snp, risk = row["SNPS"].strip(), row["STRONGEST SNP-RISK ALLELE"].strip()
            several = bool(re.search(r"[,;]| x ", snp))
            named = snp not in {"", "NR", "Pending"}
            kind = ("interaction" if " x " in snp else "haplotype") if several or "haplotype" in risk else "single" if named else None
            one = kind == "single"
            chrom = {"23": "X"}.get(row["CHR_ID"], row["CHR_ID"])
            effect = row["OR OR BETA"].strip()
            base = re.fullmatch(r"rs\d+[a-z]?\s*-\s*([ACGTacgt]+)", risk)
            want.append((
                int(row["line"]),
                snp if one and re.fullmatch(r"rs\d+", snp) else None,
                f"chr{chrom}" if one and chrom else None,
                int(row["CHR_POS"]) if one and row["CHR_POS"] else None,
                number,
                float(effect) if re.fullmatch(r"-?\d*\.?\d+", effect) else None,
                row["DISEASE/TRAIT"].strip() or None,
                base[1].upper() if base and one else None,
                kind,
            ))  # fmt: skip
        assert [(*r[:4], *r[5:7], r[8]) for r in found] == [(*w[:4], *w[5:7], w[8]) for w in want]
        for mine, theirs in zip(found, want, strict=True):
            if theirs[4] is None:
                assert mine[4] is None
            else:
                # PVALUE_MLOG was made from more digits than P-VALUE shows, at times.
                assert mine[4] == pytest.approx(float(-theirs[4].log10()), abs=0.2)
            if theirs[7] is not None:
                assert mine[7] == theirs[7]
    top = store.sql("select p_value, neg_log10_p from gwas_association where p_value_as_written = '3E-971' limit 1").fetchall()
    assert top == [(0.0, pytest.approx(970.5228787452803))]


@pytest.mark.slow
def test_the_real_snps_and_terms_are_all_there(real: Real) -> None:
    store, _, texts = real
    named = sum(
        len([s for s in re.split(r"[,;]| x ", row["SNPS"]) if s.strip() not in {"", "NR", "Pending"}]) for row in texts["2012-03-20"]
    )
    assert store.sql("select count(*) from gwas_snp where source_version = '2012-03-20'").fetchall() == [(named,)]
    assert store.sql("select sum(n_snps) from gwas_association where source_version = '2012-03-20'").fetchall() == [(named,)]
    terms = store.sql("select count(*), count(trait), count(trait_id) from record_trait where source_version = '2015-06-08'").fetchall()
    assert terms == [(96_999, 96_999, 96_997)]
    one = store.sql("select distinct trait from record_trait where trait_id like '%EFO_0004321'").fetchall()
    assert one == [("suicide, attempted",)]


@pytest.mark.slow
def test_a_newer_release_takes_over_and_the_diff_is_a_query(real: Real) -> None:
    store, _, texts = real
    versions = "select assembly, source_version, count(*) from gwas_association group by all order by all"
    assert store.sql(versions).fetchall() == [("GRCh37", "2012-03-20", 7_556), ("GRCh38", "2015-06-08", 96_999)]
    assert store.sql("select count(*) from history.gwas_association").fetchall() == [(7_463 + 7_556 + 96_999,)]
    query = re.search(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]  # type: ignore[index]
    found = collections.Counter({(bool(new), trait): n for new, trait, n in store.sql(query).fetchall()})
    old, new = (
        collections.Counter((row["DISEASE/TRAIT"].strip(), tuple(v for k, v in row.items() if k != "line")) for row in texts[v])
        for v in ("2012-03-07", "2012-03-20")
    )
    want: collections.Counter[tuple[bool, str]] = collections.Counter()
    for is_new, rows in ((True, new - old), (False, old - new)):
        for (trait, _), n in rows.items():
            want[is_new, trait] += n
    assert found == want
    assert sum(n for (is_new, _), n in want.items() if is_new) - sum(n for (is_new, _), n in want.items() if not is_new) == 7_556 - 7_463
