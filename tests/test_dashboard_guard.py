"""What a stranger's text may do to the store, to the machine and to the next reader: nothing. Each attack is followed by a look at both."""

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from damage import spoil

import lrbstore
from lrbstore.dashboard import guard
from lrbstore.dashboard.desk import Desk, Limits, TooLarge, locked, without_paths
from lrbstore.dashboard.launch import command, run
from lrbstore.dashboard.queries import sql
from lrbstore.errors import BadSpec

LIMITS = Limits(seconds=1.0, memory="300MB", rows=50, taken=100)
OFF = "disabled by configuration"  #: DuckDB's words where a file is not to be read.


@pytest.fixture(scope="module")
def folder(demo_store: Path) -> Path:
    return demo_store


@pytest.fixture(scope="module")
def desk(folder: Path) -> Iterator[Desk]:
    held = Desk(folder, limits=LIMITS)
    yield held
    held.close()


def seen(*folders: Path) -> dict[str, tuple[int, int, int]]:
    """What lies in some folders: inode, size and time of change of everything."""
    return {str(p): (s.st_ino, s.st_size, s.st_mtime_ns) for folder in folders for p in [folder, *folder.rglob("*")] for s in [p.lstat()]}


def settings(desk: Desk) -> list[tuple[str, ...]]:
    return desk.store.cursor("").execute("select name, value from duckdb_settings() order by name").fetchall()


@pytest.fixture
def unchanged(desk: Desk, folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder beside the store; afterwards nothing has changed in both, nor where the process stands, and the desk still answers."""
    (tmp_path / "beside.csv").write_text("secret\n1\n")
    before, here, held = seen(folder, tmp_path), {*os.listdir()}, settings(desk)
    yield tmp_path
    assert seen(folder, tmp_path) == before
    assert {*os.listdir()} == here
    assert settings(desk) == held
    assert sql.asked(desk, "select count(*) as n from source").answer.table.to_pylist()[0]["n"] > 0


def refused(desk: Desk, text: str, said: str | None = None) -> None:
    with pytest.raises((BadSpec, TooLarge), match=said) as raised:
        sql.asked(desk, text)
    assert str(desk.store.path) not in str(raised.value)


def kept_off(desk: Desk, text: str) -> None:
    """See that the guard does not admit a text, and that what lies behind it would not let it read a file."""
    refused(desk, text)
    with pytest.raises(Exception, match=OFF):
        desk.store.sql(guard.bounded(text, 1)).fetchall()


# ── what it may ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("select 1", 1),
        ("select 1;", 1),
        ("select 1 ; ; -- said", 1),
        ("; select 1", 1),
        ("select ';' as a -- a; b", 1),
        ("select 1 -- ;", 1),
        ("/* ; */ select 1 /* ; */;", 1),
        ("values (1), (2)", 2),
        ("from range(3)", 3),
        ("with a as (select 1) select * from a", 1),
        ("describe select 1 as a", 1),
        ("summarize select 1 as a", 1),
        ("select 1 as a, 2 as a", 1),
        ("pivot (select 1 as a, 2 as b) on a in (1) using sum(b)", 1),
        ("""select interval 1 day as i, map {'a': 1} as "a ""map", '\\xFF'::blob as "blob", 1::hugeint as h""", 1),
        ("select * from range(7) order by range desc limit 2 offset 1", 2),
        ("select 1 where false", 0),
    ],
)
def test_a_question_is_answered_and_can_be_taken_away(desk, text, rows):
    asked = sql.asked(desk, text)
    assert (asked.answer.rows, asked.is_cut) == (rows, False)
    assert asked.answer.frame.height == rows
    assert desk.relation(asked.answer.made_by).num_rows == rows


def test_the_views_of_a_task_are_there_when_a_text_names_them(folder):
    fresh = Desk(folder, limits=LIMITS)
    ((n,),) = fresh.store.sql("select count(*) from variant_effect_gene_expression.test").fetchall()
    assert sql.asked(fresh, "select * from variant_effect_gene_expression.test").answer.rows == n
    assert sql.asked(fresh, "from query('select count(*) from bulk_rna_expression.examples')").answer.rows == 1
    fresh.close()


def test_more_rows_than_a_screen_holds_are_counted_and_taken_away_up_to_the_limit(desk):
    asked = sql.asked(desk, "from range(80) -- and a comment at its end")
    assert (asked.answer.table.num_rows, asked.answer.n, asked.is_cut, asked.is_counted) == (50, 80, True, True)
    assert desk.whole(asked.answer).num_rows == 80
    with pytest.raises(TooLarge, match="100 rows"):
        desk.whole(sql.asked(desk, "from range(101)").answer)


def test_rows_that_cannot_be_counted_in_time_are_said_so(desk):
    asked = sql.asked(desk, "with recursive t(n) as (select 1 union all select n + 1 from t) select n from t")
    assert (asked.is_cut, asked.is_counted, asked.answer.n) == (True, False, None)
    assert desk.whole(asked.answer).num_rows == LIMITS.rows == desk.relation(asked.answer.made_by).num_rows


def test_every_example_is_answered(desk):
    examples = sql.examples(desk)
    assert len(examples) >= 6
    for example in examples:
        assert sql.asked(desk, example.sql).answer.table.num_columns, example.asks


# ── what it may not ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

READERS = (
    "read_text", "read_csv", "read_csv_auto", "read_blob", "read_json", "read_json_objects", "read_parquet", "parquet_scan", "glob",
    "sniff_csv", "parquet_metadata", "parquet_schema", "parquet_kv_metadata", "parquet_file_metadata", "read_duckdb",
)  # fmt: skip


def test_no_file_outside_is_read(desk, unchanged, folder):
    for reader in READERS:
        outside = ("/etc/passwd", f"{unchanged}/beside.csv", f"{folder}/data/../../../../../../etc/passwd", "https://127.0.0.1:9/x")
        for path in outside:
            kept_off(desk, f"select * from {reader}('{path}')")


@pytest.mark.parametrize("what", ["CURRENT", "lock", "releases/*.json", "genomes/**"])
def test_nothing_of_the_store_but_its_data_is_read(desk, unchanged, folder, what):
    kept_off(desk, f"from read_text('{folder}/{what}')")
    kept_off(desk, f"from glob('{folder}/{what}')")


def test_a_link_that_leaves_the_data_is_not_followed(demo_store, tmp_path):
    store = tmp_path / "store"
    for path in demo_store.rglob("*"):
        if path.is_file():
            (store / path.relative_to(demo_store)).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, store / path.relative_to(demo_store))
    (tmp_path / "beside.csv").write_text("secret\n1\n")
    (store / "data" / "link.csv").symlink_to(tmp_path / "beside.csv")
    (store / "data" / "links").symlink_to(tmp_path)
    held = Desk(store, limits=LIMITS)
    for path in ("link.csv", "links/beside.csv"):
        kept_off(held, f"from read_csv('{store}/data/{path}')")
    assert sql.asked(held, "from variant_record limit 1").answer.rows == 1
    held.close()


@pytest.mark.parametrize(
    "text",
    [
        "from '/etc/passwd'",
        "from '{beside}/beside.csv'",
        "from query('from read_text(''/etc/passwd'')')",
        "from query_table('/etc/passwd')",
        "from query('copy (select 1) to ''{beside}/x''')",
        "from query('set threads = 1')",
        "from json_execute_serialized_sql(json_serialize_sql('from read_text(''/etc/passwd'')'))",
        "from duckdb_secrets()",
        "from enable_logging()",
        "from disable_logging()",
        "from enable_profiling()",
        "from pandas_scan(1)",
        "from arrow_scan(1, 2, 3)",
        "from force_checkpoint()",
        "from checkpoint()",
        "from truncate_duckdb_logs()",
        "from import_database('{beside}')",
        "select getenv('HOME')",
        "select error('{store}/data')",
        "select $name",
        "select ?",
        "with x as (copy (select 1) to '{store}/data/x.csv') select 1",
        "with x as materialized (copy (select 1) to '{store}/data/x.csv') select * from x",
        "with recursive x as (copy (select 1) to '{store}/data/x.csv') select 1",
        "select * from (with x as (copy (select 1) to '{store}/data/x.csv') select 1)",
        "select 1 union all (with x as (copy (select 1) to '{store}/data/x.csv') select 1)",
        "select exists (with x as (copy (select 1) to '{store}/data/x.csv') select 1)",
        "from query('with x as (copy (select 1) to ''{store}/data/x.csv'') select 1')",
        "with x as (insert into source select * from source returning *) select * from x",
    ],
)
def test_what_passes_for_a_question_and_is_none_fails_as_it_is_run(desk, unchanged, folder, text):
    refused(desk, text.format(beside=unchanged, store=folder))


@pytest.mark.parametrize(
    "text",
    [
        "create macro f() as table from read_text('/etc/passwd')",
        "create table t as select 1",
        "create temp table t as select 1",
        "create or replace view variant_record as select 1",
        "create secret (type s3)",
        "drop schema history cascade",
        "delete from source",
        "update source set version = ''",
        "insert into source select * from source",
        "alter view variant_record rename to v",
        "attach '{beside}/x.db'",
        "attach ':memory:' as other",
        "detach memory",
        "use history",
        "import database '{beside}'",
        "export database '{beside}'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "set global max_execution_time = 0",
        "reset memory_limit",
        "set lock_configuration = false",
        "set temp_directory = '{beside}'",
        "set variable a = 1",
        "set profiling_output = '{beside}/x'",
        "pragma threads = 1",
        "pragma enable_profiling",
        "pragma database_list",
        "call enable_logging()",
        "copy (select 1) to '{beside}/x.csv'",
        "copy (select 1) to '{store}/data/x.csv'",
        "copy (select 1) to '{store}/data/x.csv' (use_tmp_file false)",
        "copy source from '{beside}/beside.csv'",
        "explain select 1",
        "explain analyze copy (select 1) to '{store}/data/x.csv'",
        "prepare p as select 1",
        "execute p",
        "begin",
        "checkpoint",
        "vacuum",
        "pivot (select 1 as a, 2 as b) on a using sum(b)",
        "select 1; select 2",
        "select 1; copy (select 1) to '{store}/data/x.csv'",
        "select 1) as q; copy (select 1) to '{store}/data/x.csv'; select * from (select 2",
        "select 1) as q limit 1 --",
        "select 1) as q limit 1 /*",
        "select 1 /*",
        "select 'a",
        "select $$ a",
        "select (1",
        "select 1)",
        "select 1 \0) as q",
        "-- nothing",
        "",
        ";",
        "no sql at all",
        "select '" + "a" * guard.LENGTH + "'",
    ],
)
def test_what_is_no_question_is_not_admitted(desk, unchanged, folder, text):
    text = text.format(beside=unchanged, store=folder)
    with pytest.raises(BadSpec):
        guard.admitted(text)
    refused(desk, text)


@pytest.mark.parametrize(
    "text",
    ["1 + " * 4_000 + "1", "(" * 3_000 + "1" + ")" * 3_000, "not " * 4_000 + "true", "[" * 2_000 + "]" * 2_000],
    ids=["sum", "parentheses", "not", "list"],
)
def test_a_text_that_is_too_deep_is_refused_or_answered(desk, unchanged, text):
    with contextlib.suppress(BadSpec):
        assert sql.asked(desk, f"select {text}").answer.rows == 1


@pytest.mark.parametrize(
    "text",
    [
        "select max(a.range + b.range) from range(1000000000000) as a, range(1000000) as b",
        "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t",
        "select list(range) from range(1000000000)",
        "select count(*) from (select distinct range, range * 2 from range(1000000000))",
    ],
    ids=["cross join", "recursion", "list", "distinct"],
)
def test_what_takes_too_long_or_too_much_is_ended(desk, unchanged, text):
    with pytest.raises(TooLarge, match=r"longer than 1 s|more than 300MB"):
        sql.asked(desk, text)


@pytest.mark.parametrize("text", ["select write_log('x')", "select setseed(0.5)"])
def test_what_is_harmless_leaves_no_trace(desk, unchanged, text):
    sql.asked(desk, text)


def test_an_error_leaves_out_where_the_store_lies(desk, folder):
    refused(desk, f"from '{folder}/CURRENT'", "no file is read by its name")
    assert without_paths(f"IO Error: no file {folder}/CURRENT", folder) == "IO Error: no file STORE/CURRENT"


@pytest.mark.parametrize(
    "text",
    [
        "select current_setting('allowed_directories')",
        "select 'allowed_directories'.current_setting()",
        "select system.main.\"Current_Setting\"('allowed_directories')",
        "select hex(list_transform(['allowed_directories'], lambda x: current_setting(x))[1]::VARCHAR)",
        "select count(*) from contig where current_setting('allowed_directories')::VARCHAR like '[/%'",
        "from duckdb_settings()",
        "from pg_settings",
        "from memory.pg_catalog.pg_settings",
        "from duckdb_views()",
        "from duckdb_views",
        'from "DuckDB_Views"',
        "from pg_views",
        "from information_schema.views",
        "from sqlite_master",
        "from sqlite_temp_schema",
        "from duckdb_databases()",
        "from duckdb_external_file_cache()",
        "from duckdb_logs",
        "from parquet_metadata('*')",
        "select filename from read_parquet('data/**/*.parquet', filename = true)",
        "from glob('**')",
        "with v as (from duckdb_views()) select max(sql) from v",
        "select (select max(sql) from duckdb_views())",
        "summarize from duckdb_views()",
        "from query('from duckdb_views()')",
        "from query('from query(''from duckdb_views()'')')",
        "from query('from duckdb_' || 'views()')",
        "from query(e'from duckdb_vi\\x65ws()')",
        "from query($$from duckdb_views()$$)",
        "from query((select 'from duckdb_views()'))",
        "from query()",
        "from query(null)",
        "from query_table([])",
        "from query_table('\"main\".duckdb_views')",
        "from query_table('information_schema.views')",
        "from (describe duckdb_views)",
        "from contig group by all order by current_setting('allowed_directories')",
        "from query_table('duckdb_views')",
        "from histogram('duckdb_views', sql)",
        "from histogram_values('pg_settings', setting, bin_count := 1000, technique := 'sample')",
        "select max(pg_get_viewdef(range)) from range(40000)",
        "from '/store/data/model/user.parquet'",
        "from '**/*.parquet'",
        'from "model.parquet"',
        "from query_table('/store/data/model/user.parquet')",
        "from query_table(['**/*.parquet'])",
        "from query_table(['contig', 'main.duckdb_views'], true)",
        "from query_table('duckdb_' || 'views')",
        "from json_execute_serialized_sql(json_serialize_sql('from duckdb_views()'))",
        "select json_serialize_plan('from contig')",
        "explain from contig",
    ],
)
def test_an_answer_does_not_tell_where_the_store_lies(desk, text):
    refused(desk, text)


def test_no_macro_of_duckdbs_that_is_admitted_asks_for_what_is_not(desk):
    """Those that run a text, or look at DuckDB's own views, would do for a reader what the guard keeps from them."""
    told = desk.store.sql("select function_name, macro_definition from duckdb_functions() where internal and macro_definition is not null")
    looking = re.compile(
        r"(?<!\w)query(_table)?\(|duckdb_(?!columns|constraints|functions|keywords|tables|types)\w+\(|getenv|current_setting"
    )
    found = {name for name, text in told.fetchall() if looking.search(text)}
    assert found >= {"histogram_values", "pg_get_viewdef"}
    assert not found & (guard._MAKES_ROWS | guard._DESCRIBES)
    for name in found:
        refused(desk, f"select {name}(1)")
        refused(desk, f"from {name}(1)")


def test_nothing_that_describes_tables_tells_where_they_lie(desk, folder):
    own = ["duckdb_columns()", "duckdb_constraints()", "duckdb_functions()", "duckdb_tables()", "duckdb_types()", "duckdb_keywords()"]
    own += ["information_schema.columns", "information_schema.schemata", "information_schema.tables", "source_file", "assembly"]
    for text in [*(f"from {name}" for name in own), "show tables", "show all tables", "show databases", "describe variant_record"]:
        question = guard.admitted(text)
        rows = desk.store.sql(guard.bounded(question, 100_000)).fetchall()
        assert rows, text
        assert str(folder) not in str(rows), text


def test_the_functions_of_the_store_that_give_rows_can_be_asked(desk):
    assert sql.asked(desk, "select count(*) from gene_on('GRCh38')").answer.rows == 1
    assert sql.asked(desk, "select count(*) from variant_record_on('GRCh38')").answer.rows == 1
    assert guard._looks_up() >= {"gene_on", "nearest", "variant_record_on"}
    assert not any(name.startswith("duckdb_") for name in guard._looks_up())


def test_a_text_that_is_run_in_a_question_is_one_as_well(desk):
    assert sql.asked(desk, "from query_table(['source', 'source'])").answer.rows > 0
    assert sql.asked(desk, "from query_table(['source', 'source'], false)").answer.rows > 0
    assert sql.asked(desk, "from query('from query(''select 1'')')").answer.rows == 1


# ── the lock itself ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_cursor_is_bound_and_no_setting_can_be_changed(desk):
    wanted = {
        "max_execution_time": "1000", "temp_directory": "", "enable_external_access": "false", "lock_configuration": "true",
        "autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "allow_community_extensions": "false",
        "python_enable_replacements": "false",
    }  # fmt: skip
    for cursor in (desk.store.cursor(""), desk.store.cursor().cursor()):
        found = dict(cursor.sql("select name, value from duckdb_settings()").fetchall())
        assert {name: found[name].lower() for name in wanted} == wanted
        assert found["allowed_directories"].strip("[]").rstrip("/") == str(desk.store.path / "data")
        with pytest.raises(Exception, match="locked"):
            cursor.execute("set max_execution_time = 0")


def test_the_order_of_the_settings_is_one_that_holds(folder):
    names = [setting.partition(" =")[0] for setting in locked(folder, LIMITS)]
    assert names[-3:] == ["allowed_directories", "enable_external_access", "lock_configuration"]
    assert names.index("temp_directory") < names.index("enable_external_access")


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_is_locked_as_well(desk):
    child = os.fork()
    if not child:
        code = 1
        try:
            found = dict(settings(desk))
            code = 0 if found["lock_configuration"] == "true" and found["max_execution_time"] == "1000" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_path_with_quotes_in_it_is_a_path(demo_store, tmp_path):
    store = tmp_path / 'it\'s a "store"'
    store.symlink_to(demo_store)
    quoted = Desk(store, limits=LIMITS)
    assert sql.asked(quoted, "select count(*) from variant_record").answer.rows == 1
    quoted.close()


def test_the_server_listens_on_this_machine_alone_unless_told_otherwise():
    pytest.importorskip("streamlit")
    assert run.__kwdefaults__["host"] == "127.0.0.1"
    words = command(host=run.__kwdefaults__["host"], port=8501)
    said = dict(pairwise(words))
    assert said["--server.address"] == "127.0.0.1"
    assert said["--client.showErrorDetails"] == "none"
    assert said["--browser.gatherUsageStats"] == "false"


# ── when DuckDB itself fails ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_after_an_error_within_duckdb_every_reader_is_answered_again(demo_store, tmp_path):
    screen = pytest.importorskip("screen")
    shutil.copytree(demo_store, tmp_path / "store", copy_function=os.link)
    with lrbstore.open(demo_store) as intact:
        file = intact.manifest.current("olida_combination")[0].path
    fatal, sound = f"select sum(hash({spoil(tmp_path / 'store' / file)})) from olida_combination", "select 6 * 7 as answer"

    def asked(question: str) -> tuple[bool, str]:
        with screen.page("sql", tmp_path / "store", q=question) as app:
            screen.is_sound(app)
            return any("answer" in frame.value for frame in app.dataframe), "\n".join(e.value for e in app.error)

    for _ in range(2):
        answered, said = asked(fatal)
        assert not answered
        assert "DuckDB failed within" in said
        assert "Stack Trace" not in said
        assert str(tmp_path) not in said
        assert asked(sound) == (True, "")
