"""dbSNP, gnomAD and Ensembl's cache: the real files line by line against plain string splitting, and against the real genome's pieces."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import lrbstore
from lrbstore.alleles import variant_id
from lrbstore.errors import ContractBroken, MissingData, UnknownName
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest

DBSNP_132 = "dbsnp132.GRCh37.chr17_69k_70k.vcf.gz"
DBSNP_135 = "dbsnp135.GRCh37.chr1_1M.exome_intervals.vcf.gz"
GNOMAD = "gnomad.exomes.r2.1.1.sites.GRCh37.chr1_100.vcf.gz"
CACHE = "ensembl84_variation.chr21.25000001-26000000.GRCh38.txt.gz"
VCF = "##fileformat=VCFv4.2\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t100\trs1\tA\tG\t.\t.\t.\n"


def lines_of(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return handle.read().splitlines()


def records(store: Path, source: str) -> list[dict[str, Any]]:
    with lrbstore.open(store) as opened:
        found = opened.sql(f"select * from known_variant where source = '{source}' order by source_line, allele_ordinal")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


# ── sites VCFs ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "name", "version", "n"),
    [("dbsnp", DBSNP_132, "132", 12), ("dbsnp", DBSNP_135, "135", 734), ("gnomad", GNOMAD, "2.1.1", 100)],
)
def test_a_real_sites_vcf_agrees_with_a_reading_by_hand(
    realdata: Path, tmp_path: Path, source: str, name: str, version: str, n: int
) -> None:
    path = realdata / "variants_misc" / name
    (file,) = ingest(tmp_path, source, [path]).loaded
    assert (file.version, file.assembly, file.rows_in, file.rows_loaded, file.rows_rejected) == (version, "GRCh37", n, n, 0)
    want = []
    for number, line in enumerate(lines_of(path), start=1):
        if line.startswith("#"):
            continue
        chrom, pos, name_, ref, alts, _, filter_, info, *_ = line.split("\t")
        values = dict(item.partition("=")[::2] for item in info.split(";"))
        for i, alt in enumerate(alts.split(",")):
            frequency = values["AF"].split(",")[i] if "AF" in values else None
            count = values["AC"].split(",")[i] if "AC" in values else None
            want.append(
                {
                    "source_line": number,
                    "allele_ordinal": i + 1,
                    "variant_id": variant_id("GRCh37", f"chr{chrom}", int(pos), ref, alt),
                    "chrom": f"chr{chrom}",
                    "pos": int(pos),
                    "ref": ref,
                    "alt": alt,
                    "rs_id": name_ if name_ != "." else None,
                    "filter": filter_,
                    "allele_frequency": float(frequency) if frequency else None,
                    "label_value": float(frequency) if frequency else None,
                    "allele_count": int(count) if count else None,
                    "minor_allele_frequency": float(values["GMAF"]) if "GMAF" in values else None,
                    "variant_class": values.get("VC") or values.get("variant_type"),
                    "info": info,
                }
            )
    got = records(tmp_path, source)
    assert [{key: row[key] for key in want[0]} for row in got] == want
    if name == DBSNP_135:
        assert len(got) == n + 7  # seven lines have two ALT alleles


@pytest.mark.slow
def test_rs_numbers_lead_to_alleles(realdata: Path, tmp_path: Path) -> None:
    ingest(tmp_path, "dbsnp", [realdata / "variants_misc" / DBSNP_135])
    with lrbstore.open(tmp_path) as store:
        query = "select variant_id from variant_record where rs_id = 'rs75062661'"
        assert store.sql(query).fetchall() == [("GRCh37:chr1:69511:A:G",)]


@pytest.mark.slow
def test_a_newer_build_takes_over_and_catalogues_stand_side_by_side(tmp_path: Path) -> None:
    for name, head in (("dbsnp99.vcf", "##reference=GRCh37\n"), ("dbsnp100.vcf", "##reference=GRCh37\n")):
        (tmp_path / name).write_text(VCF.format(head))
        ingest(tmp_path / "store", "dbsnp", [tmp_path / name])
    (tmp_path / "gnomad.v4.1.sites.vcf").write_text(VCF.format("##contig=<ID=chr1,length=248956422>\n"))
    ingest(tmp_path / "store", "gnomad", [tmp_path / "gnomad.v4.1.sites.vcf"])
    with lrbstore.open(tmp_path / "store") as store:
        query = "select source, source_version, assembly from {}.known_variant order by all"
        new = [("dbsnp", "100", "GRCh37"), ("gnomad", "4.1", "GRCh38")]
        assert store.sql(query.format("main")).fetchall() == new
        assert store.sql(query.format("history")).fetchall() == [new[0], ("dbsnp", "99", "GRCh37"), new[1]]


@pytest.mark.parametrize(
    ("source", "name", "head", "said"),
    [
        ("dbsnp", "dbsnp1.vcf", "", "does not say its assembly"),
        ("dbsnp", "dbsnp.vcf", "##reference=GRCh37\n", "of which version"),
        ("dbsnp", "dbsnp1.vcf", "##reference=GRCh37\n##contig=<ID=21,length=46709983>\n", "says two assemblies"),
        ("gnomad", "gnomad.sites.GRCh37.vcf", "", "of which version"),
        ("gnomad", "gnomad.r2.1.sites.GRCh38.vcf", "##contig=<ID=1,length=249250621>\n", "says two assemblies"),
    ],
)
def test_what_a_file_does_not_say_is_not_guessed(tmp_path: Path, source: str, name: str, head: str, said: str) -> None:
    (tmp_path / name).write_text(VCF.format(head))
    with pytest.raises(ContractBroken, match=said):
        ingest(tmp_path / "store", source, [tmp_path / name])


def test_an_assembly_that_is_not_known_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dbsnp1.vcf").write_text(VCF.format("##reference=hg18\n"))
    with pytest.raises(UnknownName, match="NCBI36"):
        ingest(tmp_path / "store", "dbsnp", [tmp_path / "dbsnp1.vcf"])


# ── Ensembl's cache ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def cache(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("cache")
    by_name = {file.name: file for file in ingest(store, "ensembl_variation", [realdata / "vep_chr21"]).loaded}
    file = by_name[CACHE]
    assert (file.version, file.assembly, file.rows_in, file.rows_loaded, file.rows_rejected) == ("84", "GRCh38", 116_193, 116_193, 0)
    assert by_name["info.txt"].rows_rejected == 0
    return store


@pytest.mark.slow
def test_every_line_of_the_real_cache_agrees_with_a_reading_by_hand(realdata: Path, cache: Path) -> None:
    got = records(cache, "ensembl_variation")
    at = 0
    for number, line in enumerate(lines_of(realdata / "vep_chr21" / CACHE), start=1):
        cells = line.split(" ") + [""] * 32
        name, start, end, alleles = cells[0], int(cells[3]), int(cells[4] or cells[3]), cells[5].split("/")
        for i, alt in enumerate(alleles[1:] or [None]):
            row, at = got[at], at + 1
            ref = alleles[0]
            spelt = alt is not None and bool(re.fullmatch("[ACGT]+", ref) and re.fullmatch("[ACGT]+", alt)) and len(ref) == end - start + 1
            assert (row["source_line"], row["upstream_id"], row["allele_string"]) == (number, name, cells[5])
            assert row["rs_id"] == (name if name.startswith("rs") else None)
            assert (row["allele_ordinal"], row["upstream_alt"]) == (None if alt is None else i + 1, alt)
            assert row["variant_id"] == (variant_id("GRCh38", "chr21", start, ref, alt) if spelt else None)
            assert (row["ref"], row["alt"]) == ((ref, alt) if spelt else (None, None))
            between = alt is not None and "-" in (ref, alt) and bool(re.fullmatch("[ACGT-]+", ref + alt))
            assert row["pos"] == (start - 1 if between else start)
            assert (row["allele_note"] is None) == spelt
            assert (row["failed"], row["somatic"]) == (cells[1] == "1", cells[2] == "1")
            assert row["clin_sig"] == (cells[9] or None)
            if cells[7] == alt and not cells[30]:
                assert row["label_value"] == float(cells[8])
            african = dict(item.split(":") for item in cells[12].split(",") if item).get(alt)
            named = dict(zip(row["populations"] or [], row["population_frequencies"] or [], strict=True))
            assert named.get("AFR") == (float(african) if african else None)
    assert at == len(got)
    notes = Counter(row["allele_note"] for row in got)
    assert notes == {
        None: 111_467,
        "the base before is not given": 8_458,
        "alleles are not listed": 641,
        "REF does not fit start and end": 50,
        "alleles are not spelt out in bases": 38,
    }


@pytest.mark.slow
def test_ref_of_the_real_cache_is_the_base_of_the_real_genome(realdata: Path, cache: Path, tmp_path: Path) -> None:
    """Set A of the real data: the piece of chr21, in a contig that is N elsewhere."""
    (piece,) = (realdata / "reference").glob("GRCh38.chr21.*.fa.gz")
    first = int(piece.name.split(".")[2].split("-")[0])
    with gzip.open(piece, "rt") as handle:
        bases = "".join(line.strip() for line in handle if not line.startswith(">")).upper()
    contig = "N" * (first - 1) + bases
    fasta = tmp_path / "GRCh38.fa"
    fasta.write_text(">chr21\n" + contig + "N" * (46_709_983 - len(contig)) + "\n")
    add_genome(cache, "GRCh38", fasta)
    with lrbstore.open(cache) as store:
        query = "select ref_check, failed, count(*) from known_variant join variant using (variant_id) group by all order by count(*)"
        found = store.sql(query).fetchall()
    fasta.unlink()
    assert sum(n for *_, n in found) == 111_467
    # What is not the genome's base, Ensembl itself marks as failed.
    assert {(check, failed, n) for check, failed, n in found if check != "match"} == {("mismatch", True, 5)}


def test_a_cache_without_its_info_or_contig_or_of_another_assembly_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ensembl84_variation.chr21.txt"
    path.write_text("rs1   25000001  C/T\n")
    with pytest.raises(MissingData, match=r"info\.txt is missing"):
        ingest(tmp_path / "store", "ensembl_variation", [path])
    info = tmp_path / "info.txt"
    info.write_text("assembly\tGRCh37\n")
    with pytest.raises(ContractBroken, match="lacks the line variation_cols"):
        ingest(tmp_path / "store", "ensembl_variation", [path])
    info.write_text("assembly\tGRCh37\nvariation_cols\tvariation_name,failed,somatic,start,end\n")
    with pytest.raises(ContractBroken, match="variation_cols lacks allele_string"):
        ingest(tmp_path / "store", "ensembl_variation", [path])
    info.write_text("assembly\tGRCh37\nvariation_cols\tvariation_name,failed,somatic,start,end,allele_string\n")
    with pytest.raises(ContractBroken, match="do not belong together"):
        ingest(tmp_path / "store", "ensembl_variation", [path.rename(tmp_path / "ensembl84_variation.chr21.GRCh38.txt")])


def test_a_cache_in_its_own_folders_says_contig_and_release_by_them(tmp_path: Path) -> None:
    folder = tmp_path / "homo_sapiens" / "84_GRCh38" / "21"
    folder.mkdir(parents=True)
    (folder.parent / "info.txt").write_text("assembly\tGRCh38\nvariation_cols\tvariation_name,failed,somatic,start,end,allele_string\n")
    (folder / "25000001-26000000_var.gz").write_bytes(gzip.compress(b"rs1   25000001  C/T\n", mtime=0))
    outcome = ingest(tmp_path / "store", "ensembl_variation", [tmp_path / "homo_sapiens"])
    assert {file.version for file in outcome.loaded} == {"84"}
    assert [row["variant_id"] for row in records(tmp_path / "store", "ensembl_variation")] == ["GRCh38:chr21:25000001:C:T"]
