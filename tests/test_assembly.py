"""Assemblies: contigs, lengths and spellings, compared with upstream's own files where these are at hand."""

import gzip
import json
import pickle
from pathlib import Path

import duckdb
import pytest

from lrbstore.assembly import DOOR_ALIASES, assemblies, assembly
from lrbstore.engine import connect
from lrbstore.errors import UnknownName
from lrbstore.layout import ingest_folder, sql_folder

REALDATA = Path(__file__).resolve().parents[1].parent / "shared" / "realdata"
needs_realdata = pytest.mark.skipif(not REALDATA.is_dir(), reason="real upstream files are not beside this checkout")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("hg19", "GRCh37"),
        ("HG19", "GRCh37"),
        ("b37", "GRCh37"),
        ("grch37", "GRCh37"),
        ("hg38", "GRCh38"),
        ("GRCh38", "GRCh38"),
        ("grch38", "GRCh38"),
    ],
)
def test_door_aliases_lead_to_one_name(given, name):
    assert assembly(given).name == name
    assert assembly(given) is assembly(name)


def test_unknown_assembly_offers_near_names():
    with pytest.raises(UnknownName, match="did you mean") as caught:
        assembly("hg37")
    assert {"hg38", "hg19", "GRCh37"} & set(str(caught.value).replace("'", " ").replace("?", " ").split())
    with pytest.raises(KeyError):
        assembly("mm10")


@pytest.mark.parametrize(
    ("name", "spelling", "chrom"),
    [
        ("GRCh38", "1", "chr1"),
        ("GRCh38", "chr1", "chr1"),
        ("GRCh38", "Chr1", "chr1"),
        ("GRCh38", "x", "chrX"),
        ("GRCh38", "NC_000001.11", "chr1"),
        ("GRCh38", "CM000663.2", "chr1"),
        ("GRCh38", "NC_000001.10", None),  # GRCh37's
        ("GRCh38", "NC_000001", None),
        ("GRCh38", "MT", "chrM"),
        ("GRCh38", "chrM", "chrM"),
        ("GRCh38", "chrMT", "chrM"),
        ("GRCh38", "NC_012920.1", "chrM"),
        ("GRCh38", "chr16_KI270728v1_random", "KI270728.1"),
        ("GRCh38", "KI270728.1", "KI270728.1"),
        ("GRCh38", "chr23", None),
        ("GRCh38", "", None),
        ("GRCh37", "NC_000001.10", "chr1"),
        ("GRCh37", "MT", "chrMT"),
        ("GRCh37", "chrMT", "chrMT"),
        ("GRCh37", "NC_012920.1", "chrMT"),
        ("GRCh37", "chrM", "chrM"),
        ("GRCh37", "NC_001807.4", "chrM"),
        ("GRCh37", "GL000225.1", "chrUn_gl000225"),
        ("GRCh37", "chrUn_gl000225", "chrUn_gl000225"),
    ],
)
def test_spellings(name, spelling, chrom):
    assert assembly(name).canonical(spelling) == chrom


def test_the_two_mitochondria_of_grch37_differ():
    lengths = assembly("GRCh37").lengths
    assert (lengths["chrM"], lengths["chrMT"]) == (16_571, 16_569)
    assert assembly("GRCh38").lengths["chrM"] == 16_569


@pytest.mark.parametrize("name", assemblies())
def test_aliases_cover_every_contig_once(name):
    known = assembly(name)
    aliases = known.aliases()
    assert set(aliases.values()) == set(known.lengths)
    assert all(aliases[chrom] == chrom for chrom in known.lengths)
    assert len({spelling.casefold() for spelling in aliases}) == len(aliases)
    assert all(length > 0 for length in known.lengths.values())
    assert list(known.lengths)[:24] == [f"chr{c}" for c in [*range(1, 23), "X", "Y"]]


def test_an_assembly_is_a_value():
    known = assembly("GRCh38")
    known.canonical("1")
    known.lengths["chr1"] = 5
    assert known.lengths["chr1"] == 248_956_422
    assert pickle.loads(pickle.dumps(known)) == known
    assert hash(known) == hash(assembly("hg38"))
    with pytest.raises(AttributeError):
        known.name = "other"


def test_folders_are_found():
    assert (sql_folder() / "assemblies" / "GRCh38.tsv").is_file()
    assert ingest_folder().name == "ingest"


@needs_realdata
@pytest.mark.parametrize(("name", "file"), [("GRCh37", "hg19.genome"), ("GRCh38", "hg38.genome")])
def test_lengths_are_those_of_the_browser_files(name, file):
    known = assembly(name)
    rows = [line.split() for line in (REALDATA / "expecto_basenji" / file).read_text().splitlines() if line.strip()]
    assert len(rows) > 90
    assert {chrom: known.lengths.get(known.canonical(chrom)) for chrom, _ in rows} == {chrom: int(length) for chrom, length in rows}


@needs_realdata
@pytest.mark.parametrize(
    ("name", "chain"),
    [("GRCh38", "hg38ToHg19.over.chain.gz"), ("GRCh37", "hg19ToHg38.over.chain.gz"), ("GRCh37", "b37ToHg38.over.chain.gz")],
)
def test_chain_files_agree_in_names_and_lengths(name, chain):
    known = assembly(name)
    with gzip.open(REALDATA / "chains" / chain, "rt") as handle:
        said = {line.split()[2]: int(line.split()[3]) for line in handle if line.startswith("chain")}
    differing = {chrom: length for chrom, length in said.items() if known.lengths.get(known.canonical(chrom)) != length}
    # The b37 chain is hg19's with other names: it gives MT the length of hg19's chrM.
    assert differing == ({"MT": 16_571} if chain.startswith("b37") else {})


@needs_realdata
@pytest.mark.parametrize(("name", "key"), [("GRCh37", "19"), ("GRCh38", "38")])
def test_refseq_accessions_are_ncbis(name, key):
    accessions = json.loads((REALDATA / "variants_misc" / "chromosomes_nc.json").read_text())["homo sapiens"][key]
    assert len(accessions) == 25
    for chrom, accession in accessions.items():
        assert assembly(name).canonical(accession) == assembly(name).canonical(chrom)


def test_sql_understands_the_same_names():
    spellings = [*assemblies(), *DOOR_ALIASES, *(name.upper() for name in DOOR_ALIASES)]
    with connect() as connection:
        for spelling in spellings:
            assert connection.execute("select assembly_named($name)", {"name": spelling}).fetchall() == [(assembly(spelling).name,)]
        for unknown in ("hg18", "", None):
            with pytest.raises(duckdb.Error) as caught:
                connection.execute("select assembly_named($name)", {"name": unknown}).fetchall()
            assert all(name in str(caught.value) for name in (*assemblies(), *DOOR_ALIASES))
