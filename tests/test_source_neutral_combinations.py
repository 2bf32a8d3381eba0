"""Neutral combinations: the file's name says set and assembly, and the real set loads as a plain reading of it has it."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import ingest

RAW = Path(__file__).resolve().parent / "sources" / "neutral_combinations" / "raw"


@pytest.mark.parametrize("name", ["1kgp_testset_combs.txt", "1kgp_hg19_to_hg38_combs.txt"])
def test_a_name_without_one_assembly_is_refused(name: str, tmp_path: Path) -> None:
    shutil.copy(RAW / "1kgp_testset_hg38_combs.txt", tmp_path / name)
    with pytest.raises(ContractBroken, match="does not say its assembly"):
        ingest(tmp_path / "store", "neutral_combinations", [tmp_path / name])


def test_sets_that_count_alike_stay_apart(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "neutral_combinations", [RAW])
    with lrbstore.open(tmp_path / "store") as store:
        ids = store.sql("select combination_id from combination where combination_id like '%:set_1_neg_1' order by 1").fetchall()
        types = store.sql("select variant_type from variant where variant_id = 'GRCh38:chr4:700000:AC:GT'").fetchall()
    assert ids == [("1kgp_testset_hg38:set_1_neg_1",), ("1kgp_trainingset_hg19:set_1_neg_1",)]
    assert types == [("mnv",)]  # the alleles of members are variants like any other


def test_the_real_set_gives_every_member_in_order(realdata: Path, tmp_path: Path) -> None:
    path = realdata / "olida" / "HG38_1kgp_neutral_hg38_combs.txt.gz"
    (loaded,) = ingest(tmp_path / "store", "neutral_combinations", [path]).loaded
    assert (loaded.rows_in, loaded.rows_rejected) == (10_000, 0)
    want = []
    with gzip.open(path, "rt", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            cells = [item.split(":") for gene in ("Gene_A", "Gene_B") for item in row[gene].split("/")]
            genes = [1] * (1 + row["Gene_A"].count("/")) + [2] * (1 + row["Gene_B"].count("/"))
            for ordinal, (gene, (chrom, pos, ref, alt, zygosity)) in enumerate(zip(genes, cells, strict=True), start=1):
                combination = f"HG38_1kgp_neutral_hg38:{row['Combination_ID']}"
                want.append((combination, ordinal, gene, f"chr{chrom}", int(pos), ref, alt, zygosity, None))
    with lrbstore.open(tmp_path / "store") as store:
        query = "select combination_id, ordinal, gene_ordinal, chrom, pos, ref, alt, zygosity, unresolved from combination_member"
        assert Counter(store.sql(query).fetchall()) == Counter(want)
        assert len(want) == 22_124
        shares = store.sql("select label, individual_id is null, count(*) from combination group by all").fetchall()
        lost = store.sql("select count(*) from combination_member anti join variant using (variant_id)").fetchall()
    assert shares == [(0, False, 10_000)]
    assert lost == [(0,)]
