"""Places as people type them, as they stand inside, and as genome browsers want them."""

from urllib.parse import parse_qs, urlsplit

import pytest

from lrbstore.assembly import assembly
from lrbstore.dashboard import places
from lrbstore.dashboard.places import Allele, Region
from lrbstore.errors import BadSpec, ContigNotFound


def region(text: str, *names: str) -> Region:
    """The first region that is meant."""
    return places.region(text).on(*(names or ("GRCh38",)))[0]


def variant(text: str, *names: str) -> Allele:
    """The first allele that is meant."""
    return places.variant(text).on(*(names or ("GRCh38",)))[0]


# ── regions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("chr1:1000-2000", 999, 2000),
        ("1:1,000-2,000", 999, 2000),
        ("chr1:1000..2000", 999, 2000),
        (" chr1:1,000 – 2,000 ", 999, 2000),
        ("hg38:chr1:1000-2000", 999, 2000),
        ("GRCh38 1 1000-2000", 999, 2000),
        ("NC_000001.11:1000-2000", 999, 2000),
        ("CHR1 1000", 999, 1000),
        ("chr1 : 1000", 999, 1000),
        ("chr1:1-1", 0, 1),
    ],
)
def test_regions_are_typed_from_one_and_kept_from_zero(text, start, end):
    found = region(text)
    assert found == Region("GRCh38", "chr1", start, end)
    assert (found.first, found.last) == (start + 1, end)
    assert region(str(found)) == found


def test_a_contig_alone_is_all_of_it():
    assert region("chr21") == Region("GRCh38", "chr21", 0, 46_709_983)
    assert region("hg19:21").end == assembly("GRCh37").lengths["chr21"]


@pytest.mark.parametrize(
    "text", ["chr1:0-5", "chr1:10-5", "chr1:a-b", "", "chr1:1-2-3", "1000-2000 of chr1", "nowhere", "hg38", f"chr1:1-{'9' * 19}", "chr1:١"]
)
def test_what_is_no_region_is_refused(text):
    with pytest.raises((BadSpec, ContigNotFound)):
        region(text)


def test_a_region_that_cannot_be_is_said_in_words():
    with pytest.raises(BadSpec, match="no region: it ends before it begins; expected chr22:100-200"):
        places.region("chr1:200-100")
    with pytest.raises(BadSpec, match=r"begins before base 1; expected .* 1-based"):
        places.region("chr1:0-5")
    with pytest.raises(ContigNotFound, match="no contig 'chr99' on GRCh38 or GRCh37; did you mean 'chr9'"):
        region("chr99:1-2", "GRCh38", "GRCh37")


def test_browsers_write_one_number_for_one_base():
    assert str(Region("GRCh38", "chr2", 1000, 1010)) == "chr2:1,001-1,010"
    assert str(Region("GRCh38", "chr2", 4, 5)) == "chr2:5"


# ── variants ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "GRCh38:chr1:1000:A:G",
        "grch38:1:1000:a:g",
        "hg38-1-1000-A-G",
        "b38 1 1000 A G",
        "chr1-1000-A-G",
        "1-1,000-a-g",
        "chr1:1000:A:G",
        "chr1:1000A>G",
        "chr1:1000 A>G",
        "1:1000 A>G",
        "1:1,000A>G",
        "1 1000 A G",
        "1_1000_A/G",
        "chr1_1000_A_G_b38",
        "NC_000001.11:g.1000A>G",
        "\tchr1-1000-A-G ",
    ],
)
def test_alleles_are_typed_in_many_ways(text):
    assert variant(text).variant_id == "GRCh38:chr1:1000:A:G"
    said = text.casefold().startswith(("grch", "hg", "b3")) or text.endswith("_b38")
    assert (places.variant(text).assembly == "GRCh38") == said


def test_scaffolds_keep_what_looks_like_a_separator():
    assert variant("chrUn_gl000225_100_A_G", "GRCh37") == Allele("GRCh37", "chrUn_gl000225", 100, "A", "G")
    assert variant("KI270728.1-100-A-G").chrom == "KI270728.1"


def test_the_text_names_the_assembly_else_the_control_does_and_alleles_are_trimmed():
    for text in ("GRCh37:1:1000:A:G", "hg19 chr1:1000 A>G", "b37-1-1000-A-G", "1_1000_A_G_b37", "hg19_1_1000_A_G_b37"):
        assert variant(text, "GRCh38").assembly == "GRCh37"
    assert variant("1-1000-A-G", "GRCh37").assembly == "GRCh37"
    assert variant("1-1000-A-G", "hg19").assembly == "GRCh37"
    assert variant("chr1-1000-GCA-GCG") == Allele("GRCh38", "chr1", 1002, "A", "G")
    assert places.variant("RS123") == places.variant(" rs123 ") == "rs123"
    with pytest.raises(BadSpec, match="one assembly and not GRCh37 and GRCh38"):
        places.variant("hg38:1_1000_A_G_b37")


def test_it_may_be_meant_on_every_assembly_that_has_the_contig():
    typed = places.variant("1-1000-A-G")
    assert [a.variant_id for a in typed.on("GRCh38", "GRCh37")] == ["GRCh38:chr1:1000:A:G", "GRCh37:chr1:1000:A:G"]
    assert [r.assembly for r in places.region("chrUn_gl000225:1-5").on("GRCh38", "GRCh37")] == ["GRCh37"]


def test_a_variant_id_with_a_digest_is_read_as_it_is():
    for ref, alt, bases in (("A", f"99-{'0' * 32}", 1), (f"80-{'0' * 32}", "A", 80), (f"80-{'0' * 32}", f"99-{'a1' * 16}", 80)):
        key = f"GRCh38:chr1:1000:{ref}:{alt}"
        found = variant(key)
        assert found.variant_id == key
        assert not found.is_spelt
        assert found.region == Region("GRCh38", "chr1", 999, 999 + bases)
    assert variant(f"1-1000-A-99-{'AB' * 16}").alt == f"99-{'ab' * 16}"
    long = "ACGTT" * 20
    spelt = variant(f"chr1-1000-A-{long}")
    assert spelt.is_spelt
    assert variant(spelt.variant_id).variant_id == spelt.variant_id


@pytest.mark.parametrize(
    "text",
    [
        "rs", "rs12x", "chr1-1000", "chr1-0-A-G", "chr1-1000-A-<DEL>", "chrZ-1000-A-G", "nothing", "", f"chr1-{'9' * 19}-A-G",
        f"chr1:10080-{'0' * 32}:A", "chr1-1000-A-G; drop table variant",
    ],
)  # fmt: skip
def test_what_is_no_variant_is_refused(text):
    with pytest.raises((BadSpec, ContigNotFound)):
        variant(text)


def test_a_gene_id_is_read_without_its_version():
    assert places.gene_id(" ensg00000012048.23 ") == places.gene_id("ENSG00000012048") == "ENSG00000012048"
    assert places.gene_id("BRCA1") is places.gene_id("ENSG1") is None


# ── links out ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def asked(address: str, key: str) -> str:
    return parse_qs(urlsplit(address).query)[key][0]


@pytest.mark.parametrize(
    ("name", "chrom", "start", "end", "ucsc", "ensembl", "gnomad"),
    [
        ("GRCh38", "chr22", 100, 200, ("hg38", "chr22:101-200"), ("www", "22:101-200"), "/region/22-101-200?dataset=gnomad_r4"),
        ("GRCh37", "chrX", 0, 1, ("hg19", "chrX:1-1"), ("grch37", "X:1-1"), "/region/X-1-1?dataset=gnomad_r2_1"),
        ("GRCh38", "chrY", -5, 10, ("hg38", "chrY:1-10"), ("www", "Y:1-10"), "/region/Y-1-10?dataset=gnomad_r4"),
        ("GRCh38", "chrM", 9, 20, ("hg38", "chrM:10-20"), ("www", "MT:10-20"), None),
        ("GRCh37", "chrM", 9, 20, ("hg19", "chrM:10-20"), None, None),  # not Ensembl's mitochondrion
        ("GRCh37", "chrMT", 9, 20, ("hg19", "chrMT:10-20"), ("grch37", "MT:10-20"), None),
        ("GRCh38", "KI270728.1", 9, 20, ("hg38", "chrUn_KI270728v1"), ("www", "KI270728.1:10-20"), None),
    ],
)
def test_links_count_from_1_under_the_sites_own_names(name, chrom, start, end, ucsc, ensembl, gnomad):
    if chrom == "KI270728.1":
        ucsc = (ucsc[0], next(s for c in assembly(name).contigs if c.chrom == chrom for s in c.spellings if s.startswith("chr")) + ":10-20")
    found = places.links(Region(name, chrom, start, end))
    assert (asked(found["UCSC"], "db"), asked(found["UCSC"], "position")) == ucsc
    assert ("Ensembl" in found) == (ensembl is not None)
    if ensembl:
        assert urlsplit(found["Ensembl"]).netloc == f"{ensembl[0]}.ensembl.org"
        assert asked(found["Ensembl"], "r") == ensembl[1]
    assert found.get("gnomAD", "") == (f"https://gnomad.broadinstitute.org{gnomad}" if gnomad else "")


def test_a_link_ends_where_the_contig_does_and_a_variant_is_named_with_its_alleles():
    length = assembly("GRCh38").lengths["chr22"]
    assert asked(places.links(Region("GRCh38", "chr22", length - 5, length + 100))["UCSC"], "position").endswith(f"-{length}")
    assert places.links(Region("GRCh38", "chr22", length, length + 100)) == {}
    around = Region("GRCh38", "chr22", 0, 1000)
    found = places.links(around, variant("chr22-123-AG-A"))
    assert found["gnomAD"] == "https://gnomad.broadinstitute.org/variant/22-123-AG-A?dataset=gnomad_r4"
    assert asked(found["UCSC"], "position") == "chr22:1-1000"
    unspelt = places.links(around, variant(f"chr22-123-A-99-{'0' * 32}"))
    assert unspelt["gnomAD"] == "https://gnomad.broadinstitute.org/region/22-1-1000?dataset=gnomad_r4"


def test_a_gene_has_a_page_of_its_own():
    here = Region("GRCh37", "chr17", 41_196_311, 41_277_500)
    found = places.links(here, gene="ENSG00000012048")
    assert found["Ensembl (gene)"] == "https://grch37.ensembl.org/Homo_sapiens/Gene/Summary?g=ENSG00000012048"
    assert "Ensembl (gene)" not in places.links(here)


def test_links_say_the_bases_of_ref_from_one():
    # rs429358: chr19:44908684 T>C on GRCh38, chr19:45411941 on GRCh37 (dbSNP)
    new = variant("19-44908684-T-C")
    found = places.links(new.region, new)
    assert found["UCSC"].endswith("db=hg38&position=chr19%3A44908684-44908684")
    assert found["Ensembl"].startswith("https://www.ensembl.org/")
    assert found["Ensembl"].endswith("r=19%3A44908684-44908684")
    assert found["gnomAD"].endswith("/variant/19-44908684-T-C?dataset=gnomad_r4")
    deletion = variant("19-45411941-TAC-T", "GRCh37")
    old = places.links(deletion.region, deletion)
    assert old["UCSC"].endswith("db=hg19&position=chr19%3A45411941-45411943")
    assert old["Ensembl"].startswith("https://grch37.ensembl.org/")
    assert old["gnomAD"].endswith("19-45411941-TAC-T?dataset=gnomad_r2_1")
