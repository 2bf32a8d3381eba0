"""DIDA: alleles found by gene and cDNA change, zygosity from two equal alleles, and the real files against a plain reading of them."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import lrbstore
from lrbstore.ingest.pipeline import ingest


def rows(path: Path, delimiter: str = "\t") -> list[dict[str, str]]:
    with gzip.open(path, "rt", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def test_the_real_files_give_every_allele_its_place(realdata: Path, tmp_path: Path) -> None:
    folder = realdata / "olida"
    outcome = ingest(tmp_path / "store", "dida", [folder])
    assert {(f.name, f.rows_in, f.rows_rejected) for f in outcome.loaded} == {
        ("DIDA_combs.csv.gz", 258, 0),
        ("DIDA_vars.csv.gz", 448, 0),
        ("dida_v2_full.csv.gz", 258, 0),
    }
    places = {(row["Gene name"], row["cDNA change"]): row for row in rows(folder / "DIDA_vars.csv.gz")}
    want: Counter[tuple] = Counter()
    for row in rows(folder / "DIDA_combs.csv.gz"):
        for gene in "AB":
            first, second = (row[f"Allele {allele} Gene {gene} cDNA change"] for allele in "12")
            for change in {first, second} - {"wild type"}:
                listed = places[row[f"Gene {gene}"], change]
                zygosity = "Homozygous" if first == second else "Heterozygous"
                locus = ("chr" + listed["Chromosome"], int(listed["Genomic position"]), listed["Ref allele"], listed["Alt allele"])
                want[row["ID"], row[f"Gene {gene}"], change, zygosity, *locus] += 1
    with lrbstore.open(tmp_path / "store") as store:
        query = "select combination_id, gene_symbol, cdna, zygosity, chrom, pos, ref, alt from combination_member"
        assert Counter(store.sql(query).fetchall()) == want
        assert store.sql("select count(*) from combination_member where unresolved is not null").fetchall() == [(0,)]
        assert store.sql("select distinct assembly from combination_member").fetchall() == [("GRCh37",)]
        effects = dict(store.sql("select oligogenic_effect, count(*) from combination group by 1").fetchall())
        predicted = dict(store.sql("select digenic_effect, count(*) from dida_annotation group by 1").fetchall())
        joined = store.sql("select count(*) from dida_annotation join combination using (combination_id)").fetchall()
    assert effects == {None: 93, "TD": 90, "CO": 75}
    assert predicted == {"UK": 93, "TD": 90, "CO": 75}
    assert joined == [(258,)]
