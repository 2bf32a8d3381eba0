"""gvrep_clinvar_clndn: its labels, its draw of others and GV-Rep's own classes, against plain Python over ClinVar's records."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

import lrbstore

TASK = "gvrep_clinvar_clndn"
NO_DISEASE = {"not provided", "not specified"}


@pytest.fixture(scope="module")
def examples(store: lrbstore.Store) -> list[dict[str, Any]]:
    return list(store.sql(f"select * from {TASK}.examples").to_arrow_table().to_pylist())


@pytest.fixture(scope="module")
def named(store: lrbstore.Store) -> dict[int, set[str]]:
    """Give the diseases of every allele on GRCh38 for which ClinVar names one, cut out of CLNDN by hand."""
    rows = store.sql("select record_id, clndn from clinvar_record where assembly = 'GRCh38' and alt is not null and clndn is not null")
    diseases = {record: {name.replace("_", " ") for name in clndn.split("|")} - NO_DISEASE - {"."} for record, clndn in rows.fetchall()}
    return {record: names for record, names in diseases.items() if names}


def gvrep_text(clndn: str | None) -> str:
    """Read CLNDN as GV-Rep does: its VCF reader cuts at commas, it takes the first piece and takes a number from its end."""
    return re.sub(r"_\d+$", "", ("N" if clndn is None else clndn).split(",")[0])


def test_every_frequent_disease_against_equally_many_others(examples: list[dict[str, Any]], named: dict[int, set[str]]) -> None:
    counts = Counter(name for names in named.values() for name in names)
    frequent = sorted(counts, key=lambda name: (-counts[name], name))[:100]
    asked: dict[str, dict[int, int]] = defaultdict(dict)
    for row in examples:
        assert row["record_id"] not in asked[row["disease"]]
        asked[row["disease"]][row["record_id"]] = row["label"]
    assert set(asked) == set(frequent)
    for disease, labels in asked.items():
        assert {r for r, label in labels.items() if label == 1} == {r for r, names in named.items() if disease in names}
        others = {r for r, label in labels.items() if label == 0}
        assert others <= set(named)
        assert len(others) == counts[disease]
    # The draw is spread: no record is every disease's other.
    assert max(Counter(row["record_id"] for row in examples if row["label"] == 0).values()) < 20


def test_gvreps_label_is_the_whole_text_cut_at_a_comma(store: lrbstore.Store, examples: list[dict[str, Any]]) -> None:
    for row in examples:
        assert row["gvrep_disease"] == gvrep_text(row["clndn"])
        assert row["gvrep_label"] == (gvrep_text(row["clndn"]) == gvrep_text(row["disease"].replace(" ", "_")))
    assert {(row["label"], row["gvrep_label"]) for row in examples} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    texts = ["A_2|B_3", "A,_type_2", "A_12,_b|C", None, "not_provided|A", "A_"]
    found = store.sql("select clinvar_gvrep_disease(t) from unnest($texts::VARCHAR[]) as u(t)", {"texts": texts}).fetchall()
    assert [row[0] for row in found] == [gvrep_text(text) for text in texts] == ["A_2|B", "A", "A", "N", "not_provided|A", "A_"]


def test_one_disease_at_a_time(store: lrbstore.Store, examples: list[dict[str, Any]]) -> None:
    disease = Counter(row["disease"] for row in examples).most_common(1)[0][0]
    task = lrbstore.task(TASK, 256, store=store, disease=disease)
    assert {row["disease"] for row in task.test} == {disease}
    held_out = [row for row in examples if row["disease"] == disease and row["chrom"] in {"chr9", "chr10"}]
    assert len(task.test) + task.test.dropped().num_rows == len(held_out)


def test_all_questions_about_a_record_stand_in_one_part_at_random(store: lrbstore.Store) -> None:
    parts = " union all ".join(f"select record_id, '{part}' as part from {TASK}.random_{part}" for part in ("train", "validation", "test"))
    assert store.sql(f"select record_id from ({parts}) group by record_id having count(distinct part) > 1").fetchall() == []


@pytest.mark.slow
def test_real_clinvar(realdata: Path, tmp_path: Path) -> None:
    from lrbstore.ingest.pipeline import ingest

    ingest(tmp_path / "store", "clinvar", [realdata / "clinvar" / "clinvar_20260226.GRCh38.cancer_genes.vcf.gz"])
    with lrbstore.open(tmp_path / "store") as store:
        n, n_ids, n_named, n_gvrep = store.sql(
            f"select count(*), count(distinct example_id), sum(label), sum(gvrep_label) from {TASK}.examples"
        ).fetchall()[0]
        assert n == n_ids > 190_000
        assert n_named > n / 2  # the most frequent disease is named for more than half of the cut's records
        assert n_gvrep < n_named / 3  # what reading all names as one text loses
