"""The command line: answers on stdout alone, one clear message on stderr, no traceback, the store untouched by bad input."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from command import run, spawn

from lrbstore.manifest import SCHEMA_VERSION


def fails(*arguments: object, env: dict[str, str] | None = None, way: Callable[..., subprocess.CompletedProcess[bytes]] = run) -> str:
    done = way(*arguments, env=env)
    said = done.stderr.decode()
    assert done.returncode not in {0, None}, (arguments, done.stdout)
    assert done.stdout == b"", arguments
    assert "Traceback" not in said, said
    assert "leaked" not in said, said
    lines = [line for line in said.splitlines() if "SIMULATED" not in line]
    assert lines
    return "\n".join(lines)


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "lock"):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def before(demo_store: Path) -> str:
    return digest(demo_store)


def test_formats_hold_the_same_rows(demo_store: Path):
    labels = "list(distinct label_text order by label_text) as labels"
    query = f"select tissue, count(*) as n, {labels} from gtex_eqtl group by tissue order by tissue"
    out = {f: run("sql", query, "--store", demo_store, "--format", f).stdout for f in ("csv", "json", "parquet", "table")}
    rows = json.loads(out["json"])
    assert len(rows) > 2
    assert [r["n"] for r in rows] == [int(r["n"]) for r in csv.DictReader(io.StringIO(out["csv"].decode()))]
    assert pq.read_table(io.BytesIO(out["parquet"])).to_pylist() == rows
    assert "Whole Blood" in out["table"].decode()
    empty = run("sql", "select tissue from gtex_eqtl where false", "--store", demo_store, "--format", "csv")
    assert empty.stdout == b"tissue\n"


def test_published_numbers_stand_beside_the_counts_in_every_format(demo_store: Path):
    told = run("reconcile", "gvrep", "--store", demo_store)
    lines = told.stdout.decode().splitlines()
    assert max(map(len, lines)) <= 120
    assert any(line.split() and line.split()[0] == "total_with_clnsig" and "7,196,180" in line and "simulated" in line for line in lines)
    assert any("arxiv.org/abs/2407.16940" in line for line in lines)
    assert b"SIMULATED" in told.stderr
    rows = json.loads(run("reconcile", "--store", demo_store, "--format", "json").stdout)
    assert {row["body"] for row in rows} >= {"gvrep", "lrb"}
    assert {row["status"] for row in rows} == {"simulated", "not counted"}
    assert "did you mean 'gvrep'" in fails("reconcile", "gvrepp", "--store", demo_store)


def test_notices_go_to_stderr(demo_store: Path):
    done = spawn("sql", "select 1 as one", "--store", demo_store, "--format", "csv")
    assert done.stdout == b"one\n1\n"
    assert b"SIMULATED" in done.stderr
    assert b"leaked" not in done.stderr


def test_listings(demo_store: Path):
    assert {r["name"] for r in json.loads(run("tasks", "--store", demo_store, "--format", "json").stdout)} >= {"bulk_rna_expression"}
    assert {r["source"] for r in json.loads(run("sources", "--store", demo_store, "--format", "json").stdout)} >= {"lrb", "clinvar"}
    listed = json.loads(run("releases", "--store", demo_store, "--format", "json").stdout)
    assert [r["current"] for r in listed] == [False] * (len(listed) - 1) + [True]
    page = run("describe", "variant_effect_causal_eqtl", "--store", demo_store).stdout.decode()
    assert "# variant_effect_gene_expression" in page
    assert "select" in page
    assert "89,060" in page


def test_listings_without_a_store(tmp_path: Path):
    home = {"LRBSTORE_HOME": str(tmp_path / "none")}
    for command in (["tasks"], ["sources"], ["describe", "cage_prediction"]):
        done = run(*command, env=home)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_simulate_ingest_score_export_verify(tmp_path: Path):
    files, store = tmp_path / "files", tmp_path / "store"
    assert spawn("simulate", files, "--scale", "0.002", "--with-faults").returncode == 0
    added = spawn("genome", "add", "hg38", files / "genomes/GRCh38.fa", "--simulated", "--store", store)
    assert added.returncode == 0, added.stderr
    loaded = spawn("ingest", "gtex_v8_eqtl", files / "gtex_v8_eqtl", "--store", store, "--format", "json")
    assert loaded.returncode == 0, loaded.stderr
    rows = json.loads(loaded.stdout)
    assert sum(r["rows_rejected"] for r in rows) > 0
    assert b"rejected" in loaded.stderr
    again = spawn("ingest", "gtex_v8_eqtl", files / "gtex_v8_eqtl", "--store", store)
    assert b"already in the store" in again.stderr
    ids = json.loads(spawn("sql", "select example_id from gvrep_eqtl_pval.test", "--store", store, "--format", "json").stdout)
    (tmp_path / "p.csv").write_text("example_id,prediction\n" + "".join(f"{r['example_id']},0.5\n" for r in ids))
    message = fails("score", "gvrep_eqtl_pval", tmp_path / "p.csv", "--seq-len", 131072, "--store", store, way=spawn)
    assert "unknown" in message  # rows that the window dropped have no example
    scored = spawn("score", "gvrep_eqtl_pval", tmp_path / "p.csv", "--seq-len", 1, "--by", "viztool", "--store", store, "--format", "json")
    assert scored.returncode == 0, scored.stderr
    assert {r["stratum"] for r in json.loads(scored.stdout)} == {None, "0-10k", "10k-100k", "100k+"}
    exported = spawn(
        "export", "gvrep_eqtl_pval", "--seq-len", 64, "--split", "test", "--format", "fasta", "--out", tmp_path / "x", "--store", store
    )
    data, sidecar = [Path(line) for line in exported.stdout.decode().split()]
    assert data.read_text().startswith(">")
    assert json.loads(sidecar.read_text())["simulated"] is True
    checked = spawn("verify", "--store", store)
    assert checked.returncode == 0, checked.stdout
    collected = spawn("gc", "--store", store)
    assert b"removed 1 releases" in collected.stdout, collected.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["describe", "bulk_rna_expresion"], "did you mean 'bulk_rna_expression'"),
        (["ingest", "gtex", "."], "gtex_v8_eqtl"),
        (["genome", "add", "GRCh39", "x.fa"], "GRCh38"),
        (["export", "bulk_rna_expression", "--seq-len", "0"], "seq_len"),
        (["export", "bulk_rna_expression", "--seq-len", "-1"], "seq_len"),
        (["export", "bulk_rna_expression", "--seq-len", "300000000"], "longe"),
        (["export", "cage_prediction", "--seq-len", "300"], "300"),
        (["export", "cage_prediction", "--seq-len", "384"], "384"),
        (["export", "cage_prediction", "--seq-len", "114500"], "114"),
        (["export", "gvrep_eqtl_pval", "--split", "validation"], "test"),
        (["score", "gvrep_eqtl_pval", "nothing.csv"], "nothing.csv"),
        (["sql", "select * from variant_recrd"], "variant_record"),
        (["sql", "select tisue from gtex_eqtl"], "tissue"),
        (["sql", "select cast('x' as int)"], "query failed"),
        (["sql", "select 1", "--release", "0009-none"], "unknown release"),
        (["ingest", "lrb", "no/such/folder"], "does not exist"),
        (["frobnicate"], "No such command"),
    ],
)
def test_bad_input_is_one_message_and_changes_nothing(arguments: list[str], expected: str, demo_store: Path, before: str):
    given = arguments if arguments[0] == "frobnicate" else [*arguments, "--store", str(demo_store)]
    assert expected in fails(*given)
    assert digest(demo_store) == before


def test_an_answer_without_rows_says_so(demo_store: Path):
    done = run("sql", "@mave_beside_clinvar", "--param", "gene=NOPE", "--store", demo_store)
    assert (done.returncode, done.stdout.split()[:2]) == (0, [b"score_set", b"accession"])
    assert b"no rows" in done.stderr


def test_a_question_says_which_parameters_it_needs(demo_store: Path):
    assert "needs --param disease=" in fails("sql", "@members_in_clinvar", "--param", "source=dida", "--store", demo_store)
    assert "it has gene" in fails("sql", "@mave_beside_clinvar", "--param", "gene=%", "--param", "tissue=Liver", "--store", demo_store)


def test_what_is_exported_can_be_scored(demo_store: Path, tmp_path: Path):
    chosen = [
        "--seq-len",
        2000,
        "--edge",
        "pad",
        "--split-scheme",
        "random",
        "--option",
        "knockout=deleted",
        "--option",
        "is_gvrep_example=true",
    ]
    there = ["--split", "test", "--store", demo_store]
    done = run("export", "gvrep_gene_knockout", *chosen, *there, "--format", "jsonl", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    data, sidecar = (Path(line) for line in done.stdout.decode().split())
    said = json.loads(sidecar.read_text())
    assert (said["knockout"], said["split_scheme"], said["edge"], said["filters"]) == (
        "deleted",
        "random",
        "pad",
        {"is_gvrep_example": True},
    )
    ids = [json.loads(line)["example_id"] for line in data.read_text().splitlines()]
    assert ids
    (tmp_path / "p.csv").write_text("example_id,prediction\n" + "".join(f"{i},{n}\n" for n, i in enumerate(ids)))
    scored = run("score", "gvrep_gene_knockout", tmp_path / "p.csv", *chosen, *there, "--format", "json")
    assert {row["n"] for row in json.loads(scored.stdout)} == {len(ids)}
    assert "holds another data set" in fails("export", "gvrep_gene_knockout", *chosen[:4], *there, "--format", "jsonl", "--out", tmp_path)
    assert data.read_text().count("\n") == len(ids)


def test_a_folder_that_is_no_store(tmp_path: Path):
    assert "lrbstore ingest" in fails("sql", "select 1", "--store", tmp_path, way=spawn)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_store_is_refused_untouched(demo_store: Path, simulated: Path, tmp_path: Path):
    import shutil

    store = tmp_path / "newer"
    shutil.copytree(demo_store, store)
    manifest = store / "releases" / f"{(store / 'CURRENT').read_text().strip()}.json"
    manifest.write_text(manifest.read_text().replace(f'"schema_version": {SCHEMA_VERSION}', f'"schema_version": {SCHEMA_VERSION + 1}'))
    before = digest(store)
    for arguments in (["sql", "select 1"], ["ingest", "lrb", simulated / "lrb"], ["verify"], ["gc"]):
        assert "upgrade" in fails(*arguments, "--store", store)
    assert digest(store) == before


def test_simulated_data_never_goes_into_the_default_store(simulated: Path, tmp_path: Path):
    env = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}
    assert "--store" in fails("ingest", "lrb", simulated / "lrb", env=env)
    assert "--store" in fails("genome", "add", "GRCh38", simulated / "genomes/GRCh38.fa", "--simulated", env=env)
    assert not (tmp_path / "data").exists()


def test_a_pipe_that_closes_early(demo_store: Path):
    done = subprocess.run(
        f"{sys.executable} -m lrbstore.cli sql 'from gtex_eqtl' --store {demo_store} --format csv | head -1",
        shell=True,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert done.stdout.startswith(b"record_id,")
