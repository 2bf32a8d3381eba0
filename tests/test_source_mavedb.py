"""MaveDB: file names and headers of API and dump, metadata that comes late, HGVS read by another reader, the real files value by value."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pyfaidx
import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.mavedb.load import urn_of
from lrbstore.ingest.pipeline import Outcome, ingest
from lrbstore.verify import verify

RAW = Path(__file__).resolve().parent / "sources" / "mavedb" / "raw"
URN = "urn:mavedb:90000007-a-1"
HEADER = "accession,hgvs_nt,hgvs_splice,hgvs_pro,score"


def ask(store: Path, query: str) -> list[dict[str, Any]]:
    with lrbstore.open(store) as opened:
        relation = opened.sql(query)
        return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def write(folder: Path, rows: list[str], name: str = "urn-mavedb-90000007-a-1_scores.csv", header: str = HEADER) -> Path:
    """Write a score CSV; each row lacks its accession, which is counted."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join([header, *(f"{URN}#{k},{row}" for k, row in enumerate(rows, 1))]) + "\n")
    return folder / name


def describe(folder: Path, sequence: str = "ACGT", licence: str = "CC0", name: str = "score_sets.json") -> None:
    target = {"name": "T", "targetSequence": {"sequence": sequence, "sequenceType": "dna"}}
    (folder / name).write_text(json.dumps([{"urn": URN, "license": {"shortName": licence}, "targetGenes": [target]}]))


# ── names, headers, versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("stem", ["urn-mavedb-90000007-a-1", "urn_mavedb_90000007-a-1", "urn:mavedb:90000007-a-1"])
@pytest.mark.parametrize("ending", ["_scores.csv", ".scores.csv", "_scores.csv.gz"])
def test_every_spelling_of_a_urn_is_read(stem: str, ending: str) -> None:
    assert urn_of(Path(stem + ending)) == URN


def test_a_name_without_a_urn_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ["n.1A>T,NA,NA,1"], "urn-mavedb-mine_scores.csv")
    with pytest.raises(ContractBroken, match="holds no URN of a score set"):
        ingest(tmp_path / "store", "mavedb", [path])


def test_a_file_of_another_score_set_is_refused_whole(tmp_path: Path) -> None:
    path = write(tmp_path, ["n.1A>T,NA,NA,1"], "urn-mavedb-90000008-a-1_scores.csv")
    with pytest.raises(ContractBroken, match=f"its name says urn:mavedb:90000008-a-1, its rows are of {URN}"):
        ingest(tmp_path / "store", "mavedb", [path])
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [("{", "is not JSON"), ("[1, 2]", "no score sets"), ('{"a": 1}', "no score sets"), ('{"experimentSets": []}', "of which version")],
)
def test_metadata_of_another_kind_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "main.json").write_text(text)
    with pytest.raises(ContractBroken, match=says):
        ingest(tmp_path / "store", "mavedb", [tmp_path / "main.json"])


def test_a_score_is_required(tmp_path: Path) -> None:
    path = write(tmp_path, ["n.1A>T,NA,NA,1"], header=HEADER.replace("score", "points"))
    with pytest.raises(ContractBroken, match="lacks the column score"):
        ingest(tmp_path / "store", "mavedb", [path])


@pytest.mark.slow
def test_a_dump_takes_over_from_files_without_a_date(tmp_path: Path) -> None:
    write(tmp_path / "api", ["n.1A>T,NA,NA,1"])
    ingest(tmp_path / "store", "mavedb", [tmp_path / "api"])
    ingest(tmp_path / "store", "mavedb", [RAW / "dump"])
    assert {r["source_version"] for r in ask(tmp_path / "store", "from mave_score")} == {"2025-06-12"}
    assert {r["source_version"] for r in ask(tmp_path / "store", "from history.mave_score")} == {"2025-06-12", "undated"}


@pytest.mark.slow
def test_metadata_may_come_later_and_rows_are_then_loaded_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "raw", ["n.2del,NA,NA,1", "n.3_4delinsAA,NA,NA,2"])
    ingest(tmp_path / "store", "mavedb", [path])
    columns = "select record_id, licence, target_ref, target_alt from mave_score order by source_line"
    alone = ask(tmp_path / "store", columns)
    assert [(r["licence"], r["target_ref"], r["target_alt"]) for r in alone] == [(None, None, ""), (None, None, "AA")]
    describe(path.parent)
    ingest(tmp_path / "store", "mavedb", [path.parent])
    both = ask(tmp_path / "store", columns)
    assert [(r["licence"], r["target_ref"], r["target_alt"]) for r in both] == [("CC0", "C", ""), ("CC0", "GT", "AA")]
    assert [r["record_id"] for r in both] == [r["record_id"] for r in alone]
    assert ask(tmp_path / "store", "select count(*) as n from history.mave_score") == [{"n": 2}]


@pytest.mark.slow
def test_score_sets_loaded_together_are_as_each_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns, extras, odd cells, repeats and annotations differ from file to file; nothing of one file is found in another."""
    headers = [HEADER, f'{HEADER},sd,"odd ""name""",exp', HEADER.replace("score", "scores.score,scores.exp,é"), f"{HEADER},exp"]
    cells = [["1", "high", "-2.5"], ['1,0.5,"a ""b"" \\",x', "2,NA,,y", "3,wide,1,2"], ["1,2,ü", "NA,NA,NA"], ["+1,x", "1_000,y", "7"]]
    tables = ("mave_score", "reject")
    for i in range(12):
        urn = f"urn:mavedb:9000{i:04}-a-1"
        path = tmp_path / "raw" / f"{urn.replace(':', '-')}_scores.csv"
        path.parent.mkdir(exist_ok=True)
        rows = [f"{urn}#{k},c.{k}A>T,NA,NA,{cell}" for k, cell in enumerate(cells[i % 4], 1)]
        rows += [f"{urn}#1,c.9A>T,NA,NA,{cells[i % 4][0]}", rows[1].replace(f"{urn}#2", "urn:mavedb:90000000-a-1#1")]
        path.write_text("\n".join([headers[i % 4], *rows]) + "\n", encoding="utf-8")
        if i % 3:
            mapped = [f"{a},NC_000001.11:g.{i + 1}A>T" for a in (f"{urn}#1", f"{urn}#1", f"{urn}#99", "urn:mavedb:90000000-a-1#1")]
            beside = path.with_name(path.name.replace("_scores", "_annotations"))
            beside.write_text("\n".join(["accession,post_mapped_hgvs_g", *mapped]) + "\n")

    def load(store: str, together: int) -> tuple[Outcome, list[list[tuple[Any, ...]]]]:
        monkeypatch.setattr("lrbstore.ingest.pipeline._TOGETHER", together)
        outcome = ingest(tmp_path / store, "mavedb", [tmp_path / "raw"])
        with lrbstore.open(tmp_path / store) as opened:
            return outcome, [opened.sql(f"from {table}").fetchall() for table in tables]

    outcome, found = load("together", 5)
    alone, each = load("alone", 1)
    assert found == each
    assert outcome.loaded == alone.loaded
    assert all(found)
    extra = [row["extra"] for row in ask(tmp_path / "together", "select extra from mave_score")]
    assert json.dumps({'odd "name"': 'a "b" \\', "exp": "x"}, separators=(",", ":")) in extra


def test_of_two_metadata_files_the_first_that_says_a_thing_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "raw", ["n.2del,NA,NA,1"])
    describe(path.parent, "", "CC0", "score_sets_1.json")
    describe(path.parent, "AAAA", "CC BY 4.0", "score_sets_2.json")
    ingest(tmp_path / "store", "mavedb", [path])
    assert ask(tmp_path / "store", "select licence, target_ref from mave_score") == [{"licence": "CC0", "target_ref": "A"}]


# ── HGVS ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

CHANGES = {
    # hgvs_nt: (n_changes, is_wild_type, target_pos, target_end, target_ref, target_alt, target_ref_matches); the target is ACGTACGT
    "c.1A>T": (1, False, 1, 1, "A", "T", True),
    "n.2A>T": (1, False, 2, 2, "A", "T", False),
    "c.3_4del": (1, False, 3, 4, "GT", "", None),
    "c.3_4delGT": (1, False, 3, 4, "GT", "", True),
    "c.3_4delGTC": (1, False, None, None, None, None, None),
    "c.3_4delinsA": (1, False, 3, 4, "GT", "A", None),
    "c.3delGinsAA": (1, False, 3, 3, "G", "AA", True),
    "c.3_4insA": (1, False, 3, 4, "", "A", None),
    "c.3_5insA": (1, False, None, None, None, None, None),
    "c.4_3del": (1, False, None, None, None, None, None),
    "c.9G>A": (1, False, 9, 9, "G", "A", None),
    "c.8_9del": (1, False, 8, 9, None, "", None),
    "c.0A>T": (1, False, None, None, None, None, None),
    "c.-1A>T": (1, False, None, None, None, None, None),
    "c.*1A>T": (1, False, None, None, None, None, None),
    "c.1+1A>T": (1, False, None, None, None, None, None),
    "c.1dup": (1, False, None, None, None, None, None),
    "c.[1A>T;2C>G]": (2, False, None, None, None, None, None),
    "c.[1A>T;2C>G;3_4del]": (3, False, None, None, None, None, None),
    "c.2=": (0, True, 2, 2, "C", "C", None),
    "c.=": (0, True, None, None, None, None, None),
    "_wt": (0, True, None, None, None, None, None),
    "_sy": (None, False, None, None, None, None, None),
    "NM_1.1:c.4T>G": (1, False, 4, 4, "T", "G", None),
    "NC_000001.11:g.12T>C": (1, False, None, None, None, None, None),
}


def test_changes_relative_to_the_target(tmp_path: Path) -> None:
    path = write(tmp_path / "raw", [f"{change},NA,NA,1" for change in CHANGES])
    describe(path.parent, "acgtacgt")
    ingest(tmp_path / "store", "mavedb", [path])
    columns = "n_changes, is_wild_type, target_pos, target_end, target_ref, target_alt, target_ref_matches"
    found = ask(tmp_path / "store", f"select hgvs_nt, {columns} from mave_score")
    assert {row.pop("hgvs_nt"): tuple(row.values()) for row in found} == CHANGES


MAPPED = {
    "NC_000013.11:g.32316461A>T": ("GRCh38", "chr13", 32316461, "A", "T", "GRCh38:chr13:32316461:A:T"),
    "NC_000013.10:g.32890598A>T": ("GRCh37", "chr13", 32890598, "A", "T", "GRCh37:chr13:32890598:A:T"),
    "NC_000023.11:g.100C>T": ("GRCh38", "chrX", 100, "C", "T", "GRCh38:chrX:100:C:T"),
    "NC_012920.1:m.100C>T": ("GRCh38", "chrM", 100, "C", "T", "GRCh38:chrM:100:C:T"),
    "NC_000013.9:g.32316461A>T": (None,) * 6,
    "NC_000013.11:g.32316461del": (None,) * 6,
    "NC_000013.11:g.32316461_32316462insT": (None,) * 6,
    "NM_000059.4:c.1A>T": (None,) * 6,
    "NC_000013.11:g.5=": (None,) * 6,
}


def test_the_version_of_an_accession_tells_the_assembly(tmp_path: Path) -> None:
    header = f"{HEADER},mavedb.post_mapped_hgvs_g"
    path = write(tmp_path / "raw", [f"n.1A>T,NA,NA,1,{mapped}" for mapped in MAPPED], header=header)
    outcome = ingest(tmp_path / "store", "mavedb", [path])
    assert outcome.loaded[0].rows_rejected == 0
    found = ask(tmp_path / "store", "select hgvs_g, assembly, chrom, pos, ref, alt, variant_id from mave_score")
    assert {row.pop("hgvs_g"): tuple(row.values()) for row in found} == MAPPED
    held = ask(tmp_path / "store", "select variant_id from variant order by 1")
    assert [row["variant_id"] for row in held] == sorted(m[5] for m in MAPPED.values() if m[5])


@pytest.mark.slow
def test_the_store_of_the_fixture_is_sound(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "mavedb", [RAW])
    with lrbstore.open(tmp_path / "store") as store:
        assert [f for f in verify(store) if f.level == "failure"] == []
        ((no_place, placed),) = store.sql("select count(*) filter (assembly is null), count(variant_id) from variant_record").fetchall()
        assert (no_place, placed) == (14, 3)  # the dump takes over from the folder beside it


# ── the simulated dump ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_simulated_alleles_are_the_genomes_and_the_targets(simulated: Path, demo_store: Path, tmp_path: Path) -> None:
    genome = pyfaidx.Fasta(str(simulated / "genomes" / "GRCh38.fa"), indexname=str(tmp_path / "fai"), sequence_always_upper=True)
    rows = ask(demo_store, "select chrom, pos, ref, alt, target_ref, target_alt, target_ref_matches from mave_score where pos is not null")
    assert len(rows) > 1_000
    assert all(str(genome[r["chrom"]][r["pos"] - 1]) == r["ref"] for r in rows)
    assert all(r["target_ref_matches"] for r in rows)
    flip = {"A": "T", "C": "G", "G": "C", "T": "A"}
    same = [(r["ref"], r["alt"]) == (r["target_ref"], r["target_alt"]) for r in rows]
    flipped = [(r["ref"], r["alt"]) == (flip[r["target_ref"]], flip[r["target_alt"]]) for r in rows]
    assert all(a != b for a, b in zip(same, flipped, strict=True))
    assert any(same)
    assert any(flipped)
    checks = ask(demo_store, "select ref_check, count(*) as n from variant join mave_score using (variant_id) group by 1")
    assert {r["ref_check"] for r in checks} == {"match"}
    with lrbstore.open(demo_store) as store:
        task = lrbstore.task("gvrep_mave", 64, store=store)
        assert min(len(task.train), len(task.test)) > 100


@pytest.mark.slow
def test_simulated_counts_are_those_of_the_dump(simulated: Path, demo_store: Path) -> None:
    from lrbstore.ingest.mavedb.simulate import counts

    n = counts(0.003)
    usable = "count(*) filter (target_sequence_type = 'dna' and hgvs_nt is not null and score is not null)"
    found = ask(demo_store, f"select count(distinct urn) as sets, count(*) as n_rows, {usable} as usable from mave_score")
    assert found == [{"sets": n.sets, "n_rows": n.rows, "usable": n.usable}]
    assert ask(demo_store, "select count(*) as n, sum(n_variants)::BIGINT as v from mave_score_set") == [{"n": n.sets, "v": n.rows}]
    assert ask(demo_store, "select count(*) as n from reject where source = 'mavedb'") == [{"n": 0}]


# ── the real files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def real(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome, Path]:
    store = tmp_path_factory.mktemp("mavedb") / "store"
    return store, ingest(store, "mavedb", [realdata / "mavedb"]), realdata / "mavedb"


def test_every_row_of_the_real_files_is_loaded_with_every_value(real: tuple[Path, Outcome, Path]) -> None:
    store, outcome, folder = real
    assert sum(f.rows_rejected for f in outcome.loaded) == 0
    found = {row["accession"]: row for row in ask(store, "from mave_score")}
    n = 0
    for path in sorted(folder.glob("*_scores.csv")):
        with path.open(newline="") as handle:
            for line, row in enumerate(csv.DictReader(handle), 2):
                mine, n = found[row["accession"]], n + 1
                theirs = {k: None if v == "NA" else v for k, v in row.items()}
                assert (mine["source_file"], mine["source_line"]) == (path.name, line)
                assert [mine[c] for c in ("hgvs_nt", "hgvs_splice", "hgvs_pro")] == [
                    theirs[c] for c in ("hgvs_nt", "hgvs_splice", "hgvs_pro")
                ]
                assert mine["score"] == mine["label_value"] == float(row["score"])
                extra = json.loads(mine["extra"] or "{}")
                typed = {"sd": mine["sd"], "se": mine["se"], "SE": mine["se"]}
                for name in list(row)[5:]:
                    assert typed[name] == float(row[name]) if name in typed else extra[name] == row[name]
    assert n == len(found) == 2_113


def test_real_changes_agree_with_the_real_targets(real: tuple[Path, Outcome, Path]) -> None:
    store, _, folder = real
    said = json.loads((folder / "scoreset_metadata.json").read_text())["scoreset_metadata"]
    targets = {s["urn"]: s["target_sequence"] for s in said if s["target_sequence_type"] == "dna"}
    n = 0
    for row in ask(store, "from mave_score where hgvs_nt is not null"):
        parts = re.fullmatch(r"[nc]\.(\d+)(?:_(\d+))?(?:([ACGT])>([ACGT])|delins([ACGT]+)|=)", row["hgvs_nt"])
        assert parts is not None
        first, last = int(parts[1]), int(parts[2] or parts[1])
        assert (row["target_pos"], row["target_end"]) == (first, last)
        if row["urn"] in targets:
            there, n = targets[row["urn"]][first - 1 : last], n + 1
            assert row["target_ref"] == there
            assert row["target_alt"] == (parts[4] or parts[5] or there)
            assert row["target_ref_matches"] == (True if parts[3] else None)
            assert row["target_length"] == len(targets[row["urn"]])
    assert n == 39


def test_real_metadata(real: tuple[Path, Outcome, Path]) -> None:
    store, _, folder = real
    (answer,) = json.loads((folder / "scoreset_metadata_response.json").read_text()).values()
    (row,) = ask(store, "from mave_score_set where source_file = 'scoreset_metadata_response.json'")
    assert (row["urn"], row["title"], row["n_variants"]) == (answer["urn"], answer["title"], answer["numVariants"])
    assert (row["experiment_urn"], row["experiment_set_urn"]) == (answer["experiment"]["urn"], answer["experiment"]["experimentSetUrn"])
    assert (row["licence"], row["organism"]) == ("CC0", "Homo sapiens")
    assert row["target_sequence"] == answer["targetGenes"][0]["targetSequence"]["sequence"]
    assert row["external_ids"] == ["RefSeq:NM_007294.3", "UniProt:P38398"]
    assert row["secondary_publication_ids"] == ["PubMed:32720330", "PubMed:25741868", "PubMed:33208383"]
    assert ask(store, "select count(*) as n from mave_score_set") == [{"n": 13}]
