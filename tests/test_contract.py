"""What the SQL files say about tables is what users see: comments, types, views, and nothing that another engine cannot read."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
from asking import ask, opened

import lrbstore
from lrbstore.catalogue import task_specs
from lrbstore.contract import Contract, contract, contracts, head, literal, parts_of, quote, read_contracts
from lrbstore.errors import BadSpec, MissingData, UnknownName
from lrbstore.ingest.genomes import add_genome
from lrbstore.layout import sql_folder
from lrbstore.release import StoreFolder

PLAIN = r"(BIGINT|INTEGER|DOUBLE|FLOAT|VARCHAR|BOOLEAN|DATE)(\[\])?"  # what every engine that reads Parquet has


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a release without any source was published."""
    store = tmp_path_factory.mktemp("empty") / "store"
    with StoreFolder(store).writer() as publication:
        publication.publish(publication.draft(note="nothing yet"))
    return store


@pytest.fixture(scope="module")
def genome_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("genome")
    (folder / "tiny.fa").write_text(">chr1\nACGTACGTAC\nGTNNacgt\n>chr2\nTTTT\n")
    add_genome(folder / "store", "GRCh38", folder / "tiny.fa", simulated=True)
    return folder / "store"


def relations(store: lrbstore.Store) -> list[str]:
    sql = "select schema_name, view_name from duckdb_views() where not internal union all "
    sql += "select schema_name, table_name from duckdb_tables() where not internal"
    return [f"{schema}.{quote(name)}" for schema, name in store.sql(sql).fetchall()]


# ── every table and every column ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_table_of_the_contract_is_there(demo_store):
    with lrbstore.open(demo_store) as store:
        found = set(relations(store))
    assert {f"main.{name}" for name in contracts()} <= found
    assert {f"history.{c.name}" for c in contracts().values() if c.stored and c.history} <= found
    for name, spec in task_specs().items():
        assert f"{name}.examples" in found
        assert {spec.view(scheme, split) for scheme, splits in spec.schemes.items() for split in splits} <= found


@pytest.mark.parametrize("which", ["demo_store", "empty"])
def test_every_table_and_column_has_a_meaning(which, request):
    with lrbstore.open(request.getfixturevalue(which)) as store:
        columns = store.sql(
            "select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
        tables = store.sql(
            "select schema_name || '.' || view_name, comment from duckdb_views() "
            "where not internal and (schema_name in ('main', 'history') or view_name = 'examples') "
            "union all select schema_name || '.' || table_name, comment from duckdb_tables() where not internal"
        ).fetchall()
    assert len(columns) > 1_000
    assert [name for name, comment in columns if not comment or len(comment) < 2] == []
    assert [name for name, comment in tables if not comment or len(comment) < 10] == []


def test_a_task_says_what_the_columns_of_its_examples_mean(demo_store):
    """Its own comment first, else that of the table's column that is passed through, else that of variant_record."""
    said = task_specs()["gvrep_eqtl_pval"].columns
    of = {column.name: column.comment for column in contract("gtex_eqtl").columns}
    assert said["pos"] == "1-based: the window's anchor"
    assert (said["maf"], said["tss_distance_bp"]) == (of["maf"], of["tss_distance"])
    assert said["label"] == "the label: class; 1 means significant"
    gwas = task_specs()["gvrep_gwas"].columns  # whose columns come from a subquery
    assert gwas["alt"] == {column.name: column.comment for column in contract("variant_record").columns}["alt"]
    assert gwas["effect_alt"] == "effect of ALT, in effect_alt_unit"  # the last line of a longer expression
    with lrbstore.open(demo_store) as store:
        for name, spec in task_specs().items():
            assert [row[0] for row in store.sql(f"describe {name}.examples").fetchall()] == list(spec.columns), name


@pytest.mark.parametrize("which", [pytest.param("demo_store", marks=pytest.mark.slow), "empty"])
def test_no_type_that_another_engine_lacks(which, request):
    with lrbstore.open(request.getfixturevalue(which)) as store:
        for relation in relations(store):
            for name, type_, *_ in store.sql(f"describe {relation}").fetchall():
                assert re.fullmatch(PLAIN, type_), f"{relation}.{name} is {type_}"


@pytest.mark.slow
def test_a_view_has_the_same_types_with_and_without_data(demo_store, empty):
    with lrbstore.open(demo_store) as full, lrbstore.open(empty) as bare:
        assert sorted(relations(full)) == sorted(relations(bare))
        for relation in relations(full):
            described = [[row[:2] for row in store.sql(f"describe {relation}").fetchall()] for store in (full, bare)]
            assert described[0] == described[1], relation


@pytest.mark.parametrize("name", [name for name, c in contracts().items() if c.kind == "table"])
def test_a_tables_view_has_the_contracts_columns_in_order(demo_store, name):
    found = [(row[0], row[1]) for row in ask(demo_store, f"describe {name}")]
    assert found == [(c.name, c.type) for c in contract(name).columns]


def test_a_views_columns_are_all_described(demo_store):
    with lrbstore.open(demo_store) as store:
        for name, c in contracts().items():
            if c.kind == "view":
                assert [row[0] for row in store.sql(f"describe {name}").fetchall()] == list(c.column_names), name


# ── stores without sources ───────────────────────────────────────────────────────────────────────────────────────────────────────────

FROM_THE_HOUSE = {
    "main.assembly",
    "main.contig",
    "main.meaning",
    "main.reconciliation",
    "main.tissue",
    "main.tissue_alias",
    "main.vocabulary_",
}  #: Filled without any source.


@pytest.mark.slow
@pytest.mark.parametrize("which", ["empty", "genome_only"])
def test_every_view_of_a_store_without_sources_is_empty_and_can_be_asked(which, request):
    with lrbstore.open(request.getfixturevalue(which)) as store:
        counts = {relation: store.sql(f"select count(*) from {relation}").fetchall()[0][0] for relation in relations(store)}
        for relation in counts:
            assert store.sql(f"select * from {relation} limit 5").to_arrow_table().num_columns > 0
        source = store.sql("select count(*) from source").fetchall()
    assert len(counts) > 40
    assert {relation for relation, n in counts.items() if n} == FROM_THE_HOUSE
    assert source == [(0,)]


def test_a_store_with_only_a_genome_cuts_sequences(genome_only):
    with lrbstore.open(genome_only) as store:
        assert store.genome("hg38").fetch("1", 8, 18) == b"ACGTNNACGT"
        assert store.simulated
        assert "SIMULATED" in repr(store)
        contigs = store.sql("select chrom, length from contig where assembly = 'GRCh38' and is_in_genome order by chrom").fetchall()
        assert contigs == [("chr1", 18), ("chr2", 4)]
        assert store.sql("select n_genome_contigs from assembly where assembly = 'GRCh38'").fetchall() == [(2,)]


@pytest.mark.parametrize("name", task_specs())
def test_a_task_on_an_empty_store_says_what_to_ingest(empty, name):
    with pytest.raises(MissingData, match=rf"no rows for {name}; run: lrbstore ingest \w+"):
        lrbstore.task(name, store=opened(empty))


# ── reading a contract ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_one(folder: Path, text: str) -> Contract:
    """Read ``thing.sql``, beside the table that it unites into."""
    (folder / "thing.sql").write_text(text)
    (folder / "variant_record.sql").write_text(
        "-- One row.\n-- united: from things\ncreate table variant_record (\n    n  BIGINT,  -- n\n);\n"
    )
    return read_contracts(folder)["thing"]


GOOD = """-- One row is a thing
-- that goes over two lines.
-- unites: variant_record
-- rows_per_group: 10
create table thing (
    record_id  BIGINT NOT NULL,  -- its id
    "end"      BIGINT NOT NULL check ("end" > 0),  -- 0-based, exclusive
    word       VARCHAR check (word in ('a', 'b')),  -- a word: a or b
    numbers    FLOAT[],  -- some numbers
);
"""


@pytest.fixture
def connection():
    import duckdb

    with duckdb.connect() as connected:
        yield connected


def test_a_contract_is_read_from_its_file(tmp_path):
    read = read_one(tmp_path, GOOD)
    assert read.grain == "One row is a thing that goes over two lines."
    assert (read.unites, read.rows_per_group, read.stored, read.history) == ("variant_record", 10, True, True)
    assert [(c.name, c.type, c.nullable, c.comment) for c in read.columns] == [
        ("record_id", "BIGINT", False, "its id"),
        ("end", "BIGINT", False, "0-based, exclusive"),
        ("word", "VARCHAR", True, "a word: a or b"),
        ("numbers", "FLOAT[]", True, "some numbers"),
    ]
    assert [rule.says for rule in read.rules[:2]] == ["record_id is missing", "end is missing"]
    assert len(read.rules) == 4
    assert read.schema.field("record_id") == pa.field("record_id", pa.int64(), nullable=False)
    assert read.schema.field("numbers").type.value_type == pa.float32()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  -- its id", "", "record_id"),
        ("create table thing", "create table another", "must create the table 'thing'"),
        ("unites: variant_record", "unites: nothing", "unites 'nothing'"),
        ("-- its id", "-- its id\n    and, -- more", "not the DDL"),
        ("-- rows_per_group: 10", "-- rows_in_group: 10", "rows_in_group"),
    ],
    ids=["no comment", "another name", "unites into nothing", "no SQL", "unknown head line"],
)
def test_a_file_that_is_no_contract_says_why(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(BadSpec, match=said):
        read_one(tmp_path, GOOD.replace(old, new))


def test_rules_hold_as_sql(tmp_path, connection):
    """A rule that is null (a missing value where one may be missing) is kept; a NOT NULL rule never is null."""
    read = read_one(tmp_path, GOOD)
    rules = ", ".join(f"coalesce(({r.expression}), true)" for r in read.rules)
    judged = f'select {rules} from (select $a as record_id, $b as "end", $c as word)'
    assert connection.execute(judged, {"a": 1, "b": 1, "c": "a"}).fetchone() == (True, True, True, True)
    assert connection.execute(judged, {"a": 1, "b": 1, "c": None}).fetchone() == (True, True, True, True)
    bad = connection.execute(judged, {"a": None, "b": 0, "c": "z"}).fetchone()
    assert sorted(bad) == [False, False, False, True]


def test_an_unknown_table_offers_near_names():
    with pytest.raises(UnknownName, match="did you mean 'variant_record'"):
        contract("variant_records")


def test_head_lines_may_come_several_times():
    assert head("-- prose\n-- more\n-- key: a\n-- key: b\nselect 1 -- not: head") == ("prose more", {"key": "a\nb"})


@pytest.mark.parametrize(("name", "quoted"), [("end", '"end"'), ("pos", "pos"), ("Odd Name", '"Odd Name"'), ("order", '"order"')])
def test_names_are_quoted_where_sql_needs_it(connection, name, quoted):
    assert quote(name) == quoted
    assert connection.sql(f"select 1 as {quoted}").columns == [name]


@pytest.mark.parametrize("text", ["plain", "it's", "''", "a\\'b", "é\n", "{files}", None])
def test_literals_survive_sql(connection, text):
    assert connection.execute(f"select {literal(text)}").fetchone() == (text,)


def test_what_unites_shares_its_columns_names_and_types():
    """The union casts; a part whose column means something else under the same name would be cast in silence."""
    for united in (c for c in contracts().values() if c.united):
        assert parts_of(united.name), united.name
        types = {c.name: c.type for c in united.columns}
        for part in parts_of(united.name):
            required = {c.name for c in united.columns if not c.nullable}
            assert required <= set(part.column_names), part.name
            assert [c.name for c in part.columns if c.name in types and c.type != types[c.name]] == [], part.name


def test_every_ingested_row_says_where_it_is_from():
    for c in contracts().values():
        if c.stored and c.history and c.name not in {"tissue_alias", "variant_allele", "variant_reference"}:
            assert {"source", "source_version", "source_file", "source_line"} <= set(c.column_names), c.name


def test_no_sql_file_uses_a_type_that_another_engine_lacks():
    for path in sorted(sql_folder().rglob("*.sql")):
        code = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"\b(HUGEINT|UHUGEINT|UBIGINT|UINTEGER|USMALLINT|UTINYINT|ENUM)\b", code.upper()), path
