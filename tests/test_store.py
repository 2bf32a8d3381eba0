"""An open store: questions, threads, the shared default store, moving a store; and what a second ingest does to it."""

import csv
import gzip
import os
import random
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import numpy as np
import pytest
from asking import ask
from damage import spoil
from eqtl_files import eqtl
from hypothesis import given, settings
from hypothesis import strategies as st

import lrbstore
from lrbstore.errors import BadSpec, HashMismatch, LrbStoreError, MissingData, UnknownName
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import ingest, number_repeats
from lrbstore.ingest.simulation import simulate
from lrbstore.ingest.spec import sources
from lrbstore.release import StoreFolder
from lrbstore.store import default_path
from lrbstore.verify import verify


@pytest.fixture(scope="module")
def small(lines, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a copied genome and 40 eQTLs."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "tiny.fa").write_text(">chr1\n" + textwrap.fill("ACGTTGCA" * 500, 60) + "\n>chr2\n" + "TTGGCCAA" * 7 + "\n")
    add_genome(folder / "store", "GRCh38", folder / "tiny.fa", simulated=True, copy=True)
    (folder / "tiny.fa").unlink()
    ingest(folder / "store", "lrb", [eqtl(folder, lines[:41])], simulated=True)
    return folder / "store"


@pytest.fixture
def store(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "store"))


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_by_name_and_by_place(small):
    with lrbstore.open(small) as opened:
        tissue, n = opened.sql("select tissue, count(*) from variant_record group by all order by all").fetchall()[0]
        assert opened.sql("select count(*) from variant_record where tissue = $t", params={"t": tissue}).fetchall() == [(n,)]
        assert opened.sql("select count(*) from variant_record where tissue = ? and pos > ?", params=[tissue, 0]).fetchall() == [(n,)]
        assert opened.sql("select $list", params={"list": [1, 2]}).fetchall() == [([1, 2],)]
        assert opened.sql("select $t", params={"t": "'; drop view variant_record; --"}).fetchall() == [("'; drop view variant_record; --",)]


@pytest.mark.parametrize(
    ("sql", "params", "said"),
    [
        ("selec 1", None, "syntax error"),
        ("select nothing_like_it from variant_record", None, "nothing_like_it"),
        ("select * from variant_recrod", None, "variant_record"),
        ("select $missing", {}, "missing"),
        ("select $t", {"u": 1}, "t"),
        ("select no_such_function(1)", None, "no_such_function"),
    ],
)
def test_sql_that_cannot_be_run_is_one_clear_error(small, sql, params, said):
    with lrbstore.open(small) as opened, pytest.raises(BadSpec, match=rf"(?s)this SQL cannot be run: .*{said}"):
        opened.sql(sql, params=params)


def test_answers_come_in_every_form(small):
    with lrbstore.open(small) as opened:
        relation = opened.sql("select tissue, pos from variant_record order by record_id limit 3")
        assert relation.pl().shape == (3, 2)
        assert relation.to_arrow_table().num_rows == 3
        assert len(relation.fetchall()) == 3
        assert relation.columns == ["tissue", "pos"]


def test_python_variables_are_not_tables(small):
    import pyarrow as pa

    a_table = pa.table({"x": [1]})
    variant = pa.table({"x": [1, 2, 3]})  # a name that is a view's: the view is meant
    with lrbstore.open(small) as opened:
        with pytest.raises(BadSpec, match="a_table"):
            opened.sql("select * from a_table").fetchall()
        assert "variant_id" in opened.sql("select * from variant").columns
    assert a_table.num_rows + variant.num_rows == 4


def test_nothing_is_fetched_from_anywhere(small):
    with lrbstore.open(small) as opened:
        said = dict(opened.sql("select name, value from duckdb_settings() where name like 'auto%known_extensions'").fetchall())
        assert said == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def test_relations_do_not_disturb_each_other(small):
    with lrbstore.open(small) as opened:
        one = opened.sql("select record_id from variant_record order by record_id")
        two = opened.sql("select -record_id from variant_record order by record_id desc")
        forth, back = iter(one.to_arrow_reader(7)), iter(two.to_arrow_reader(7))
        first, second = next(forth)[0].to_pylist(), next(back)[0].to_pylist()
        opened.sql("select 1").fetchall()
        for batch, other in zip(forth, back, strict=True):  # in turns
            first += batch[0].to_pylist()
            second += other[0].to_pylist()
        expected = [row[0] for row in opened.sql("select record_id from variant_record order by 1").fetchall()]
        del forth, back
    assert first == [-n for n in second[::-1]] == expected


def test_a_failed_question_spoils_nothing(small):
    with lrbstore.open(small) as opened:
        cursor = opened.cursor()
        cursor.execute("begin")
        with pytest.raises(duckdb.Error):
            cursor.execute("select error('no')").fetchall()
        assert opened.sql("select count(*) from lrb_eqtl").fetchall() == [(40,)]


def test_four_threads_ask_at_once(demo_store):
    questions = [
        "select count(*), sum(pos) from variant_record",
        "select tissue, count(*) from gtex_eqtl group by all order by all",
        "select count(*) from clinvar_record join variant using (variant_id)",
        "select chrom, min(pos), max(pos) from variant group by all order by all",
    ]
    with lrbstore.open(demo_store) as opened:
        expected = [opened.sql(q).fetchall() for q in questions]
        wrong = []

        def work(seed: int) -> None:
            order = random.Random(seed)
            for _ in range(8):
                i = order.randrange(len(questions))
                if opened.sql(questions[i]).fetchall() != expected[i]:
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert all(len(e) > 0 for e in expected)


def test_a_closed_store_says_so(small):
    opened = lrbstore.open(small)
    relation = opened.sql("select count(*) from lrb_eqtl")
    opened.close()
    opened.close()
    with pytest.raises(LrbStoreError, match=r"has been closed; open it again: lrbstore\.open"):
        opened.sql("select 1")
    with pytest.raises(duckdb.Error, match="closed"):
        relation.fetchall()


def test_a_store_says_what_it_is(small):
    with lrbstore.open(small) as opened:
        assert str(small) in repr(opened)
        assert opened.release in repr(opened)
        assert "SIMULATED" in repr(opened)
        assert "lrb" in repr(opened)


def test_tissues_by_any_spelling(demo_store):
    with lrbstore.open(demo_store) as opened:
        assert opened.tissue("Whole_Blood") == opened.tissue("whole blood") == "Whole Blood"
        with pytest.raises(UnknownName, match="did you mean 'Liver'"):
            opened.tissue("Livr")


def test_what_is_not_there_says_how_to_get_it(small):
    with lrbstore.open(small) as opened:
        with pytest.raises(MissingData, match="lrbstore genome add GRCh37"):
            opened.genome("hg19")
        with pytest.raises(UnknownName, match="GRCh38"):
            opened.genome("GRCh83")
        assert not opened.has_genome("GRCh37")
        assert opened.has_genome("hg38")
        assert opened.contig_lengths("GRCh38")["chr1"] == 4000, "a registered contig's own length"
        assert opened.contig_lengths("GRCh38")["chr3"] == 198_295_559, "else the built-in one"


# ── where a store lies ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_moved_store_still_cuts_sequences(store, tmp_path):
    shutil.move(store, tmp_path / "elsewhere")
    with lrbstore.open(tmp_path / "elsewhere") as opened:
        assert opened.genome("GRCh38").fetch("chr1", 0, 8) == b"ACGTTGCA"
        assert [f for f in verify(opened) if f.level == "failure"] == []


def test_a_store_copied_without_its_times_still_cuts_sequences(store, tmp_path):
    shutil.copytree(store, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in (tmp_path / "copy").rglob("*"):
        os.utime(path, (1, 1))
    with lrbstore.open(tmp_path / "copy") as opened:
        assert opened.genome("GRCh38").fetch("chr2", 0, 8) == b"TTGGCCAA"
        assert opened.sql("select count(*) from lrb_eqtl").fetchall() == [(40,)]


def test_a_referenced_genome_that_changed_is_noticed(store, tmp_path):
    fasta = tmp_path / "mine.fa"
    fasta.write_text(">chr1\nACGTACGT\n")
    add_genome(store, "GRCh37", fasta, simulated=True)
    fasta.write_text(">chr1\nACGTACGG\n")
    os.utime(fasta, ns=(1, 1))
    with lrbstore.open(store) as opened, pytest.raises(HashMismatch, match="genome add GRCh37"):
        opened.genome("GRCh37").fetch("chr1", 0, 8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["it's a[bc]d *?", 'ünï "co", 100% {files}'])
def test_a_store_may_lie_in_a_folder_of_any_name(store, tmp_path, lines, name):
    home = tmp_path / name
    home.mkdir()
    shutil.move(store, home / "store")
    ingest(home / "store", "lrb", [eqtl(home, [lines[0], *lines[30:50]])], simulated=True)
    with lrbstore.open(home / "store") as opened:
        assert opened.sql("select count(*) from lrb_eqtl").fetchall() == [(60,)]
        assert opened.sql("select count(*) from variant where ref_check is null").fetchall() == [(0,)]
        assert opened.genome("GRCh38").fetch("chr1", 0, 4) == b"ACGT"
        assert [f for f in verify(opened) if f.level == "failure"] == []


def test_a_relative_path_is_good_after_a_change_of_folder(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with lrbstore.open("store") as opened:
        relation = opened.sql("select count(*) from lrb_eqtl")
        (tmp_path / "other").mkdir()
        monkeypatch.chdir(tmp_path / "other")
        assert relation.fetchall() == opened.sql("select count(*) from lrb_eqtl").fetchall() == [(40,)]
        assert opened.genome("GRCh38").fetch("chr1", 0, 4) == b"ACGT"
        assert opened.data_files("lrb_eqtl")[0].is_file()


# ── the shared default store ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def home(store, monkeypatch) -> Path:
    monkeypatch.setenv("LRBSTORE_HOME", str(store))
    return store


def test_the_default_store_is_where_the_environment_says(home, monkeypatch):
    assert default_path() == home
    assert lrbstore.open().path == home
    monkeypatch.delenv("LRBSTORE_HOME")
    assert default_path() != home
    assert default_path().name == "lrbstore"


def test_the_default_store_is_shared_and_notices_a_new_release(home, lines, tmp_path):
    early = lrbstore.open()
    assert lrbstore.open() is early
    relation = early.sql("select count(*) from lrb_eqtl")
    ingest(home, "lrb", [eqtl(tmp_path, [lines[0], *lines[60:70]])], simulated=True)
    late = lrbstore.open()
    assert late is not early
    assert late.release == StoreFolder(home).current
    assert late is lrbstore.open()
    name = early.release
    del early  # nobody but the relation is left
    assert StoreFolder(home).gc()[2] == [name], "the release that relations were made from is not collected"
    assert relation.fetchall() == [(40,)]
    assert late.sql("select count(*) from lrb_eqtl").fetchall() == [(50,)]


def test_the_default_store_is_never_closed(home):
    with lrbstore.open() as opened:
        assert opened.sql("select 1").fetchall() == [(1,)]
    lrbstore.open().close()
    assert lrbstore.open() is opened
    assert opened.sql("select count(*) from lrb_eqtl").fetchall() == [(40,)]


@pytest.mark.slow
def test_a_default_store_that_was_made_anew_is_noticed(home, lines, tmp_path):
    file = eqtl(tmp_path, lines[:11])
    shutil.rmtree(home)
    release = ingest(home, "lrb", [file], simulated=True).manifest.release
    early = lrbstore.open()
    shutil.rmtree(home)
    assert ingest(home, "lrb", [file], simulated=True).manifest.release == release, "same files, same name, other data files"
    assert lrbstore.open() is not early
    assert lrbstore.open().sql("select count(*) from lrb_eqtl").fetchall() == [(10,)]


def test_a_default_store_whose_duckdb_failed_within_is_opened_anew(home):
    with lrbstore.open(home) as intact:
        (file,) = intact.data_files("lrb_eqtl")
    column = spoil(file)
    broken = lrbstore.open()
    assert broken.is_alive
    with pytest.raises(duckdb.InternalException):
        broken.sql(f"select sum(hash({column})) from lrb_eqtl").fetchall()
    assert not broken.is_alive
    assert lrbstore.open() is not broken
    assert lrbstore.open().sql("select count(*) > 0 from contig").fetchall() == [(True,)]


def test_stores_opened_by_path_are_not_shared(home):
    with lrbstore.open(home) as one, lrbstore.open(home) as two:
        assert one is not two
        assert one is not lrbstore.open()


def test_a_default_store_that_is_not_there_says_how_to_make_one(tmp_path, monkeypatch):
    monkeypatch.setenv("LRBSTORE_HOME", str(tmp_path / "none"))
    with pytest.raises(MissingData, match="lrbstore ingest"):
        lrbstore.open()
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_process_ends_quietly_with_stores_open(store):
    script = "import lrbstore; s = lrbstore.open(); r = s.sql('select count(*) from lrb_eqtl'); print(r.fetchall())"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        env={**os.environ, "LRBSTORE_HOME": str(store)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "[(40,)]\n"), done.stderr
    assert "Traceback" not in done.stderr
    assert "ResourceWarning" not in done.stderr


# ── a second ingest ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def snapshot(path: Path) -> dict[str, int]:
    return {p.relative_to(path).as_posix(): p.stat().st_mtime_ns for p in path.rglob("*") if p.is_file() and p.name != "lock"}


def ids(path: Path, table: str = "lrb_eqtl", schema: str = "main") -> list[int]:
    return [row[0] for row in ask(path, f"select record_id from {schema}.{table} order by 1")]


def test_the_same_file_again_changes_nothing(store, lines, tmp_path):
    before = snapshot(store)
    outcome = ingest(store, "lrb", [eqtl(tmp_path, lines[:41])], simulated=True)
    assert outcome.known == ["All_Tissues.csv"]
    assert outcome.loaded == []
    assert outcome.manifest.release == StoreFolder(store).current
    assert snapshot(store) == before


@pytest.mark.parametrize(
    "statement", ["create or replace view gene as select 1 as x", "drop view variant_record", "insert into meaning values ('a', 'b', 'c')"]
)
def test_a_question_changes_nothing(demo_store, statement):
    with lrbstore.open(demo_store) as opened:
        with pytest.raises(BadSpec, match="changes what is there"):
            opened.sql(statement)
        assert opened.sql("from gene limit 1").columns[0] == "record_id"
        assert opened.sql("pivot (select tissue, label_text from gtex_eqtl) on label_text").fetchall()


def test_the_same_file_given_twice_counts_once(lines, tmp_path):
    one, other = eqtl(tmp_path / "a", lines[:11]), eqtl(tmp_path / "b", lines[:11])
    outcome = ingest(tmp_path / "store", "lrb", [one, one, other, one.parent], simulated=True)
    assert len(outcome.loaded) == 1
    assert outcome.known == ["All_Tissues.csv"]
    assert ask(tmp_path / "store", "select count(*) from lrb_eqtl") == [(10,)]
    assert ask(tmp_path / "store", "select n_files, rows_in, rows_loaded from source") == [(1, 10, 10)]


def test_another_file_of_the_same_version_adds(store, lines, tmp_path):
    ingest(store, "lrb", [eqtl(tmp_path, [lines[0], *lines[41:61]])], simulated=True)
    assert ask(store, "select count(*), count(distinct record_id) from lrb_eqtl") == [(60, 60)]
    assert ask(store, "select version, n_files, rows_loaded, is_current from source") == [("2", 2, 60, True)]


@pytest.mark.slow
def test_a_newer_version_takes_over_and_both_stay_queryable(lines, tmp_path):
    store = tmp_path / "store"
    ingest(store, "lrb", [eqtl(tmp_path, [*lines[:21], "a row of no use\n"], "1")], simulated=True)
    assert ask(store, "select source_version, count(*) from reject group by all") == [("1", 1)]
    assert ask(store, "select distinct source_version from lrb_eqtl") == [("1",)]
    ingest(store, "lrb", [eqtl(tmp_path, [lines[0], *lines[11:31]], "2")], simulated=True)
    assert ask(store, "select source_version, count(*) from lrb_eqtl group by all") == [("2", 20)]
    assert ask(store, "select source_version, count(*) from variant_record group by all") == [("2", 20)]
    assert ask(store, "select source_version, count(*) from history.variant_record group by all order by all") == [("1", 20), ("2", 20)]
    assert ask(store, "select version, is_current from source order by 1") == [("1", False), ("2", True)]
    diff = """
        select o.record_id is null as is_new, n.record_id is null as is_gone, count(*)
        from (from history.lrb_eqtl where source_version = '1') as o
        full join (from history.lrb_eqtl where source_version = '2') as n using (record_id) group by all order by all
    """
    assert ask(store, diff) == [(False, False, 10), (False, True, 10), (True, False, 10)]


def test_an_older_version_that_comes_later_does_not_take_over(lines, tmp_path):
    store = tmp_path / "store"
    ingest(store, "lrb", [eqtl(tmp_path, lines[:21], "2")], simulated=True)
    before = ids(store)
    ingest(store, "lrb", [eqtl(tmp_path, [lines[0], *lines[11:41]], "1")], simulated=True)
    assert ids(store) == before
    assert ask(store, "select source_version, count(*) from history.lrb_eqtl group by all order by all") == [("1", 30), ("2", 20)]


def test_version_ten_is_newer_than_version_nine(lines, tmp_path):
    store = tmp_path / "store"
    for version, first in (("v10", 1), ("v9", 11)):
        ingest(store, "lrb", [eqtl(tmp_path, [lines[0], *lines[first : first + 10]])], version=version, simulated=True)
    assert ask(store, "select distinct source_version from lrb_eqtl") == [("v10",)]


def clinvar(simulated: Path, folder: Path, assembly: str, date: str, n: int) -> Path:
    """Cut a simulated VCF to ``n`` records of a date."""
    folder.mkdir(parents=True, exist_ok=True)
    (original,) = (simulated / "clinvar").glob(f"*{assembly}*.vcf.gz")
    text = gzip.decompress(original.read_bytes()).decode().splitlines(keepends=True)
    top = [f"##fileDate={date}\n" if line.startswith("##fileDate") else line for line in text if line.startswith("#")]
    path = folder / f"clinvar_{date.replace('-', '')}.vcf"
    path.write_text("".join(top + [line for line in text if not line.startswith("#")][:n]))
    return path


@pytest.mark.slow
def test_a_newer_version_of_one_assembly_leaves_the_other(simulated, tmp_path):
    store = tmp_path / "store"
    for assembly, date, n in (("GRCh37", "2026-01-01", 30), ("GRCh38", "2026-01-01", 40), ("GRCh38", "2026-02-01", 50)):
        ingest(store, "clinvar", [clinvar(simulated, tmp_path / assembly, assembly, date, n)], simulated=True)
    found = ask(store, "select assembly, source_version, count(*) from clinvar_record group by all order by all")
    assert found == [("GRCh37", "2026-01-01", 30), ("GRCh38", "2026-02-01", 50)]
    assert ask(store, "select count(*) from history.clinvar_record") == [(120,)]
    orphans = "select count(*) from record_trait anti join clinvar_record using (record_id)"
    assert ask(store, orphans) == [(0,)], "traits follow their records"
    with lrbstore.open(store) as opened:
        assert [f for f in verify(opened) if f.level == "failure"] == []


def cage(simulated: Path, folder: Path, shards: list[str]) -> Path:
    shutil.copytree(simulated / "lrb/cage_prediction", folder, ignore=shutil.ignore_patterns("targets_subset"))
    (folder / "targets_subset").mkdir()
    for path in (simulated / "lrb/cage_prediction/targets_subset").iterdir():
        if any(path.name.startswith(f"targets-{s}") for s in shards):
            shutil.copy(path, folder / "targets_subset")
    return folder


@pytest.mark.slow
def test_a_unit_whose_companions_changed_is_replaced(simulated, tmp_path):
    partial = cage(simulated, tmp_path / "partial" / "cage_prediction", ["test", "valid"])
    whole = cage(simulated, tmp_path / "whole" / "cage_prediction", ["test", "valid", "train"])
    first = ingest(tmp_path / "store", "lrb", [partial], simulated=True)
    rejected = sum(i.rows_rejected for i in first.loaded)
    assert rejected > 0, "windows whose shard is missing are in the ledger"
    again = ingest(tmp_path / "store", "lrb", [whole], simulated=True)
    assert len(again.loaded) > 0
    ingest(tmp_path / "fresh", "lrb", [whole], simulated=True)
    for table in ("cage_window", "cage_label", "cage_track", "reject"):
        count = f"select count(*) from {table}"
        assert ask(tmp_path / "store", count) == ask(tmp_path / "fresh", count), table
    assert ids(tmp_path / "store", "cage_window") == ids(tmp_path / "fresh", "cage_window")
    joined = "select w.split, w.npy_idx, l.ring_0[1:5] from cage_window as w join cage_label as l using (label_row) order by 1, 2"
    assert ask(tmp_path / "store", joined) == ask(tmp_path / "fresh", joined)
    assert ask(tmp_path / "store", "select count(*) from history.cage_window") == ask(
        tmp_path / "fresh", "select count(*) from cage_window"
    )
    with lrbstore.open(tmp_path / "store") as opened:
        assert [f for f in verify(opened) if f.level == "failure"] == []
    # Fewer companions than are known: nothing new, so nothing is taken away.
    assert ingest(tmp_path / "store", "lrb", [partial], simulated=True).loaded == []


def test_one_file_with_two_sets_of_companions_is_refused(simulated, tmp_path):
    one = cage(simulated, tmp_path / "one" / "cage_prediction", ["test"])
    two = cage(simulated, tmp_path / "two" / "cage_prediction", ["test", "valid"])
    with pytest.raises(BadSpec, match="the same file, but what lies beside them differs"):
        ingest(tmp_path / "store", "lrb", [one, two], simulated=True)
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_record_ids_do_not_depend_on_how_files_come(lines, tmp_path):
    """Two files share rows, and one row stands in a file twice: whatever the order, each record has the id that it always had."""
    one = eqtl(tmp_path / "one", [lines[0], *lines[1:21], lines[5], lines[5]])
    two = eqtl(tmp_path / "two", [lines[0], *reversed(lines[11:31])])
    ways = {"together": [[one, two]], "the other way": [[two, one]], "one by one": [[one], [two]], "two first": [[two], [one]]}
    found = {}
    for name, calls in ways.items():
        for files in calls:
            ingest(tmp_path / name, "lrb", files, simulated=True)
        sql = "select record_id, chrom, pos, ref, alt, tissue, label_value from variant_record order by all"
        found[name] = ask(tmp_path / name, sql)
    rows = found["together"]
    assert len(rows) == len({row[0] for row in rows}) == 42
    assert all(other == rows for other in found.values())
    again = eqtl(tmp_path / "one", [lines[0], *lines[1:21], lines[5], lines[5]])
    ingest(tmp_path / "rebuilt", "lrb", [again, two], simulated=True)
    assert ask(tmp_path / "rebuilt", "select record_id from lrb_eqtl order by 1") == [(row[0],) for row in rows]


def test_identical_rows_stay_apart(lines, tmp_path):
    ingest(tmp_path / "store", "lrb", [eqtl(tmp_path, [lines[0], *[lines[1]] * 5])], simulated=True)
    assert ask(tmp_path / "store", "select count(*), count(distinct record_id), count(distinct variant_id) from lrb_eqtl") == [(5, 5, 1)]
    assert ask(tmp_path / "store", "select source_line from lrb_eqtl order by 1") == [(n,) for n in range(2, 7)]


contents = st.lists(st.integers(0, 5), max_size=30)


@settings(deadline=None)
@given(contents=contents, cuts=st.lists(st.integers(0, 30), max_size=4), seed=st.integers(0, 1000))
def test_repeats_are_numbered_alike_in_any_order(contents, cuts, seed):
    bases = np.array([10**12 + 7 * c for c in contents], np.int64)

    def run(order: np.ndarray, places: list[int]) -> dict[int, set[int]]:
        seen, given = np.empty(0, np.int64), {}
        for piece in np.split(order, sorted(p for p in places if p < len(order))):
            new = number_repeats(bases[piece], seen)
            for base, own in zip(bases[piece].tolist(), new.tolist(), strict=True):
                given.setdefault(base, set()).add(own)
            seen = np.sort(np.concatenate([seen, new]))
        assert len(seen) == len(set(seen.tolist())) == len(bases)
        return given

    whole = run(np.arange(len(bases)), [])
    assert run(np.random.default_rng(seed).permutation(len(bases)), cuts) == whole
    assert all(base in own for base, own in whole.items()), "what comes once has the hash of its content"


def test_a_repeat_that_meets_another_contents_id_goes_on(monkeypatch):
    """The second of content A would get an id that content B has already: it gets the next one."""
    (first, second) = number_repeats(np.array([5, 5], np.int64), np.empty(0, np.int64)).tolist()
    assert first == 5
    taken = np.sort(np.array([5, second], np.int64))
    (third,) = number_repeats(np.array([5], np.int64), taken).tolist()
    assert third not in {5, second}
    assert number_repeats(np.array([second], np.int64), taken).tolist() != [second]


# ── nothing is dropped in silence ────────────────────────────────────────────────────────────────────────────────────────────────────

NOTICED = {"repeated row", "several alleles", "symbolic allele"}  #: Odd, but rows all the same.


@pytest.fixture
def sound(simulated: Path, demo_store: Path) -> tuple[Path, Path]:
    return simulated, demo_store


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("faulty")
    simulate(folder / "files", scale=0.001, with_faults=True)
    for source in sources():
        ingest(folder / "store", source, [folder / "files" / source], simulated=True)
    return folder / "files", folder / "store"


@pytest.mark.slow
def test_every_faulty_row_is_rejected_with_its_reason(faulty):
    files, store = faulty
    with (files / "faults.csv").open(newline="") as handle:
        planted = list(csv.DictReader(handle))
    rejected = {(row[0], row[1], row[2]): row[3:] for row in ask(store, "select source, source_file, source_line, reason, raw from reject")}
    bad = [f for f in planted if f["kind"] not in NOTICED]
    assert len({f["kind"] for f in bad}) >= 8
    for fault in bad:
        reason, raw = rejected[fault["source"], Path(fault["file"]).name, int(fault["line"])]
        said, text = raw.replace('"', ""), fault["text"].replace('"', "")  # an export's quotes are taken off its cells
        if fault["source"] == "verified_variants":  # a patient's id does not enter the store by the back door either
            (sample, _, rest), kept = text.partition(","), said.partition(",")[2]
            assert sample not in raw
            assert kept == rest or said.startswith("(not kept: "), fault["kind"]
        else:
            assert said == text, fault["kind"]
        assert len(reason) > 10, fault["kind"]
    kept = {(f["source"], Path(f["file"]).name, int(f["line"])) for f in planted if f["kind"] in NOTICED}
    assert kept
    assert not kept & set(rejected)
    # And nothing else was rejected, but for the partner rows of the values file.
    extra = set(rejected) - {(f["source"], Path(f["file"]).name, int(f["line"])) for f in bad}
    assert {name for _, name, _ in extra} <= {"gene_coordinates.csv", "rna_expression_values.csv"}
    assert all("row of" in rejected[key][0] or "is not a" in rejected[key][0] for key in extra)


def count_rows(path: Path) -> int:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return sum(not line.startswith(b"##") for line in raw.splitlines()) - 1


@pytest.mark.parametrize("kind", ["sound", pytest.param("faulty", marks=pytest.mark.slow)])
def test_rows_in_are_the_rows_of_the_file_and_are_loaded_or_rejected(kind, request):
    files, store = request.getfixturevalue(kind)
    accounts = ask(store, "select source, source_file, rows_in, rows_loaded, rows_rejected from source_file")
    rejected = {row[:2]: row[2] for row in ask(store, "select source, source_file, count(*) from reject group by all")}
    tables = ("lrb_eqtl", "lrb_gene", "lrb_expression", "cage_window", "gtex_eqtl", "clinvar_record", "mave_score")
    counted = " union all ".join(f"select source, source_file, count(distinct source_line) from {t} group by all" for t in tables)
    loaded = {row[:2]: row[2] for row in ask(store, counted)}
    seen = 0
    for source, name, rows_in, rows_loaded, rows_rejected in accounts:
        assert rows_in == rows_loaded + rows_rejected
        assert rejected.get((source, name), 0) == rows_rejected, name
        if (source, name) in loaded and not name.endswith(".npz"):
            (path,) = (files / source).rglob(name)
            assert rows_in == count_rows(path), name
            assert loaded[source, name] == rows_loaded, name
            seen += 1
    assert seen == len(loaded) >= 8
    assert sum(row[4] for row in accounts) == sum(rejected.values())
    assert kind == "sound" or sum(rejected.values()) > 30


@pytest.mark.slow
def test_a_store_with_rejects_is_sound(faulty):
    with lrbstore.open(faulty[1]) as opened:
        # A gene id that upstream repeats is upstream's: the rows are kept, and the audit says so.
        assert {(f.check, f.subject) for f in verify(opened) if f.level == "failure"} <= {
            ("audit example_id_is_unique", "bulk_rna_expression")
        }
