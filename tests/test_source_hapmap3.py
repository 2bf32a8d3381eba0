"""HapMap lists: every row of the real ones, and the evidence for the order of their alleles from two sides that know nothing of them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import ingest

ROWS = {
    "PAN.hapmap3.hg19.EAF.core.tsv.gz": ("GRCh37", 30_000),
    "PAN.hapmap3.hg38.EAF.core.tsv.gz": ("GRCh38", 30_000),
    "hapmap3.hg19.chr1head_8_17_20_21_22.snplist.tsv.gz": ("GRCh37", 167_753),
    "hapmap3.hg38.chr1head_8_17_20_21_22.snplist.tsv.gz": ("GRCh38", 166_800),
}


@pytest.fixture(scope="module")
def store(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    path = tmp_path_factory.mktemp("hapmap3")
    loaded = ingest(path, "hapmap3", [realdata / "variants_misc" / name for name in ROWS]).loaded
    assert {f.name: (f.assembly, f.rows_in, f.rows_loaded, f.rows_rejected, f.version) for f in loaded} == {
        name: (assembly, n, n, 0, "3") for name, (assembly, n) in ROWS.items()
    }
    with lrbstore.open(path) as opened:
        yield opened


def read(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle, delimiter="\t")


def pieces(realdata: Path, assembly: str) -> Iterator[tuple[str, int, str]]:
    """Read the pieces of real sequence: contig, 1-based position of the first base, bases."""
    for path in sorted((realdata / "reference").glob(f"{assembly}.*.fa.gz")):
        _, chrom, span, *_ = path.name.split(".")
        with gzip.open(path, "rt") as handle:
            yield chrom, int(span.split("-")[0]), "".join(line.strip() for line in handle if not line.startswith(">")).upper()


@pytest.mark.slow
def test_every_cell_of_the_frequencies_is_kept(store: lrbstore.Store, realdata: Path) -> None:
    for name in list(ROWS)[:2]:
        query = (
            "select upstream_id, upstream_ref, upstream_alt, chrom, pos, populations, population_frequencies "
            "from known_variant where source_file = $f order by source_line"
        )
        for row, found in zip(read(realdata / "variants_misc" / name), store.sql(query, params={"f": name}).fetchall(), strict=True):
            given = {key: float(value) for key, value in list(row.items())[5:]}
            assert found[:5] == (row["SNPID"], row["REF"], row["ALT"], f"chr{row['CHR']}", int(row["POS"]))
            assert dict(zip(*found[5:], strict=True)) == given


@pytest.mark.slow
@pytest.mark.parametrize(("assembly", "n"), [("GRCh37", 16), ("GRCh38", 1)])
def test_ref_is_the_base_of_the_real_genome(store: lrbstore.Store, realdata: Path, assembly: str, n: int) -> None:
    seen = 0
    for chrom, first, bases in pieces(realdata, assembly):
        query = "select pos, ref from known_variant where assembly = $a and chrom = $c and ref is not null and pos between $lo and $hi"
        rows = store.sql(query, params={"a": assembly, "c": chrom, "lo": first, "hi": first + len(bases) - 1}).fetchall()
        assert [ref for _, ref in rows] == [bases[pos - first] for pos, _ in rows]
        seen += len(rows)
    assert seen == n


@pytest.mark.slow
def test_alleles_and_frequencies_are_those_of_gtex(store: lrbstore.Store, realdata: Path) -> None:
    """GTEx's lead variants at the same places: the same REF and ALT always, and nearly always a frequency on the same side."""
    gtex: dict[tuple[str, int], tuple[str, str, float]] = {}
    for path in sorted((realdata / "gtex_v8").glob("*.v8.egenes.txt.gz")):
        for row in read(path):
            maf = float(row["maf"])
            frequency = maf if row["ref_factor"] == "1" else 1 - maf
            gtex[row["chr"], int(row["variant_pos"])] = row["ref"], row["alt"], frequency
    query = (
        "select chrom, pos, ref, alt, population_frequencies[list_position(populations, 'EUR')] "
        "from known_variant where assembly = 'GRCh38' and ref is not null"
    )
    shared = [(row, gtex[row[0], row[1]]) for row in store.sql(query).fetchall() if (row[0], row[1]) in gtex]
    assert len(shared) > 900
    assert all(row[2:4] == theirs[:2] for row, theirs in shared)
    same_side = sum(abs(row[4] - theirs[2]) < abs(1 - row[4] - theirs[2]) for row, theirs in shared)
    assert same_side / len(shared) > 0.95


@pytest.mark.slow
def test_places_and_alleles_of_the_lists(store: lrbstore.Store, realdata: Path) -> None:
    for name in list(ROWS)[2:]:
        query = "select rs_id, a1, a2, chrom, pos from known_variant where source_file = $f order by source_line"
        want = [(r["rsid"], r["A1"], r["A2"], f"chr{r['#CHROM']}", int(r["POS"])) for r in read(realdata / "variants_misc" / name)]
        assert store.sql(query, params={"f": name}).fetchall() == want


def test_a_list_whose_name_does_not_say_its_assembly_is_refused(tmp_path: Path) -> None:
    for name in ("hapmap3.snplist.tsv", "hapmap3.hg19.hg38.snplist.tsv"):
        path = tmp_path / name
        path.write_text("rsid\tA1\tA2\t#CHROM\tPOS\nrs1\tA\tG\t1\t1000\n")
        with pytest.raises(ContractBroken, match="does not say its assembly"):
            ingest(tmp_path / "store", "hapmap3", [path])
