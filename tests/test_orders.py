"""Questions are read from the copy that serves them, and the answers are those of a scan over upstream's rows."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from asking import ask, opened
from eqtl_files import eqtl

import lrbstore
from lrbstore.contract import Order, contract, parts_of
from lrbstore.errors import BadSpec
from lrbstore.ingest import copies as copying
from lrbstore.ingest.pipeline import ingest
from lrbstore.manifest import DataFile, file_sha256
from lrbstore.orders import Bounds, SortedCopies, routed
from lrbstore.parquet import TableWriter
from lrbstore.release import StoreFolder
from lrbstore.verify import verify

RECORDS = "select * from variant_record"


@pytest.fixture
def store(lines: list[str], tmp_path: Path) -> Path:
    """A store of 40 eQTLs."""
    ingest(tmp_path / "store", "lrb", [eqtl(tmp_path, lines[:41])], simulated=True)
    return tmp_path / "store"


def copies(path: Path) -> list[DataFile]:
    return [f for f in StoreFolder(path).manifest().files if f.order is not None]


def sent(query: str, params: object = None) -> tuple[str, list[tuple[str, Bounds]]]:
    """Say what a question becomes where each order has one view, and for which orders and bounds views were wanted."""
    wanted: list[tuple[str, Bounds]] = []

    def view(united: str, order: Order, bounds: Bounds) -> str:
        wanted.append((order.name, bounds))
        return f"sorted.{united}_{order.name}"

    return routed(duckdb.connect(), query, params, view), wanted


def scanned(path: Path, query: str) -> list[tuple[object, ...]]:
    """Answer from the view over upstream's files: a cursor's own SQL is sent nowhere else."""
    return opened(path).cursor(query).sql(query).fetchall()


def whole(path: Path, *, verified: bool = True) -> None:
    """Hold answers by tissue, by gene and by place against a scan, and hear what verify says."""
    for column in ("tissue", "gene_id"):
        for (value,) in scanned(path, f"select {column} from variant_record group by 1 having {column} is not null order by 1 limit 2"):
            query = f"{RECORDS} where {column} = '{value}'"
            assert sorted(ask(path, query), key=repr) == sorted(scanned(path, query), key=repr)
    query = f"{RECORDS} where chrom = 'chr1' and pos between 1 and 100000000"
    assert sorted(ask(path, query), key=repr) == sorted(scanned(path, query), key=repr)
    counts = "select tissue, count(*) from variant_record group by tissue order by all"
    assert ask(path, counts) == scanned(path, counts)
    if verified:
        assert [f for f in verify(opened(path)) if f.level == "failure"] == []


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_are_those_of_a_scan(demo_store: Path):
    wheres = []
    for column in ("tissue", "trait", "gene_symbol", "gene_id", "rs_id", "variant_id"):
        most = f"select {column} from variant_record group by 1 having {column} is not null order by count(*) desc limit 3"
        wheres += ["{} = '{}'".format(column, value.replace("'", "''")) for (value,) in scanned(demo_store, most)]
    middle = "select chrom, median(pos)::BIGINT from variant_record where pos > 0 group by 1 order by 1 limit 4"
    for chrom, pos in scanned(demo_store, middle):
        wheres.append(f"assembly = 'GRCh38' and chrom = '{chrom}' and pos between {pos - 200_000} and {pos + 200_000}")
    wheres += ["tissue in ('Liver', 'Lung') and label_value < 0.5", "trait = 'there is none'", "chrom = 'chr1' and 5000000 > pos"]
    found = 0
    for where in wheres:
        query = f"{RECORDS} where {where}"
        assert sent(query)[1], where
        rows = ask(demo_store, query)
        assert sorted(rows, key=repr) == sorted(scanned(demo_store, query), key=repr), where
        found += len(rows)
    assert found > 50


def test_each_copy_has_its_rows_in_its_order(demo_store: Path):
    manifest = opened(demo_store).manifest
    for order in contract("variant_record").orders:
        files, others = manifest.sorted_copies("variant_record", order.name)
        assert files
        lacking = {p.name for p in parts_of("variant_record") if order.columns[0] not in p.column_names}
        assert {f.table for f in others} <= (set() if order.complete else lacking)
        for file in files:
            keys = ", ".join([*order.columns, "source_file", "source_line"])
            rows = duckdb.connect().sql(f"select {keys} from '{demo_store / file.path}'").fetchall()
            assert rows == sorted(rows, key=lambda row: [(v is None, v) for v in row])
            assert len(rows) == file.rows
            assert order.complete or all(row[0] is not None for row in rows)


def test_parameters_and_joins(demo_store: Path):
    store = opened(demo_store)
    ((tissue, gene),) = store.sql(
        "select tissue, gene_id from variant_record where tissue is not null and gene_id is not null limit 1"
    ).fetchall()
    joined = "select count(*) from variant_record as r join tissue as t using (tissue) where r.gene_id = $g and t.tissue = $t"
    for query, params in (
        ("select count(*) from variant_record where tissue = ? and gene_id = ?", [tissue, gene]),
        (joined, {"g": gene, "t": tissue}),
        ("with r as (from variant_record where gene_id = $g) select count(*) from r where tissue = $t", {"g": gene, "t": tissue}),
    ):
        assert [name for name, _ in sent(query, params)[1]] == ["chrom_pos"]
        assert store.sql(query, params=params).fetchall() == store.cursor(query).execute(query, params).fetchall() != [(0,)]


# ── which copy ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("from {variant_record} where tissue = 'Liver'", "tissue"),
        ("from {variant_record} r where 'x' = r.trait", "trait"),
        ('from {main."variant_record"} as r where trait in (?)', "trait"),
        ("from {Variant_Record} where trait = 'x' and tissue = 'y'", "trait"),
        ("from {variant_record} where gene_id = $g and tissue = 'y'", "chrom_pos"),
        ("from {variant_record} where chrom = 'chr1' and pos < 9", "chrom_pos"),
        ("from {variant_record} where chrom = 'chr1'", "chrom_pos"),
        ("select 'é variant_record' /* ü */ from {variant_record} where trait = 'ß'", "trait"),
        ("select tissue, count(*) from {variant_record} group by all", "chrom_pos"),
        ("select * from (from {variant_record} where tissue = 'x') join variant_record using (record_id)", "tissue"),
    ],
)
def test_the_table_is_exchanged(query: str, order: str):
    before, _, rest = query.partition("{")
    name, _, after = rest.partition("}")
    alias = "" if after.split()[0] in ("r", "as") else " as variant_record"
    served, wanted = sent(before + name + after)
    assert served == f"{before}sorted.variant_record_{order}{alias}{after}"
    assert [name for name, _ in wanted] == [order]


@pytest.mark.parametrize(
    "query",
    [
        "from variant_record",
        "from variant_record where tissue = 'x' or trait = 'y'",
        "from variant_record where tissue <> 'x'",
        "from variant_record where tissue > 'x'",
        "from variant_record where pos = 5",
        "from variant_record r join record_trait t using (record_id) where t.trait = 'x'",
        "from history.variant_record where tissue = 'x'",
        "with variant_record as (select 1 as tissue) from variant_record where tissue = 1",
        "select main.variant_record.tissue from variant_record where tissue = 'x'",
        "from variant_record_on('GRCh38') where tissue = 'x'",
        "describe variant_record",
        "from clinvar_record where trait = 'variant_record'",
        "from variant_record where",
    ],
)
def test_what_no_copy_serves_stays_as_it_is(query: str):
    assert sent(query) == (query, [])


# ── which files of a copy ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def cut_store(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's records in copies of many small files."""
    path = tmp_path_factory.mktemp("cut") / "store"
    shutil.copytree(demo_store, path)
    with pytest.MonkeyPatch.context() as patch, StoreFolder(path).writer() as publication:
        patch.setattr(copying, "_ROWS", 700)
        files = [f for f in publication.draft().files if f.order is None]
        made, _ = copying.sorted_copies(publication, [], files, str, duckdb.connect())
        publication.publish(publication.draft(files=(*files, *made)))
    return path


def opened_for(path: Path, query: str, params: object = None) -> list[tuple[int, int]]:
    """Say how many files of a copy a question may find rows in, and how many there are."""
    store, counts = opened(path), list[tuple[int, int]]()
    of = SortedCopies(store.manifest, store.path)

    def view(united: str, order: Order, bounds: Bounds) -> str:
        counts.append((len(of.files(united, order, bounds)), len(of.files(united, order, {}))))
        return united

    routed(duckdb.connect(), query, params, view)
    return counts


@pytest.mark.slow
def test_no_row_is_lost_where_files_are_left_out(cut_store: Path):
    """Brute force: every kind of condition, at values that are there, between them and beyond, against a scan."""
    wheres = ["tissue = 'ß'", "trait < 'x' and trait = ''", "chrom = 'chr1'", "chrom = 'chrY' and pos > 5", "tissue = null", "pos = 7"]
    for column in ("tissue", "trait", "gene_symbol", "gene_id", "rs_id", "variant_id"):
        values = scanned(cut_store, f"select distinct {column} from variant_record where {column} is not null order by 1")
        some = ["'{}'".format(value.replace("'", "''")) for (value,) in values[:: max(len(values) // 3, 1)]]
        wheres += [f"{column} = {value}" for value in some] + [f"{column} in ({', '.join(some)}, 'none')", f"'~' = {column}"]
    places = scanned(cut_store, "select distinct chrom, pos from variant_record where chrom is not null and pos is not null order by 1, 2")
    for chrom, pos in places[:: len(places) // 4]:
        of = f"chrom = '{chrom}' and"
        wheres += [f"{of} pos = {pos}", f"{of} pos >= {pos}", f"{of} {pos} > pos", f"{of} pos <= {pos} and pos > {pos - 1_000_000}"]
        wheres += [f"{of} pos between {pos - 500_000} and {pos} and pos in ({pos}, 5)", f"{of} pos between {pos} and {pos - 1}"]
        wheres += [f"chrom in ('{chrom}', 'chr9') and pos < {pos}", f"{of} tissue = 'Liver' and pos < 1e7", f"{of} pos < '{pos}'"]
    fewer = 0
    for where in wheres:
        query = f"{RECORDS} where {where}"
        assert sorted(ask(cut_store, query), key=repr) == sorted(scanned(cut_store, query), key=repr), where
        fewer += any(some < there for some, there in opened_for(cut_store, query))
    assert fewer > len(wheres) // 2


def test_few_files_are_opened(cut_store: Path):
    ((tissue, n),) = scanned(cut_store, "select tissue, count(*) from variant_record where tissue > '' group by 1 order by 2 desc limit 1")
    for query, params in (
        (f"{RECORDS} where tissue = '{tissue}'", None),
        (f"{RECORDS} where tissue = $t", {"t": tissue}),
        (f"{RECORDS} where tissue = ?", [tissue]),
    ):
        ((some, there),) = opened_for(cut_store, query, params)
        assert some < there
        assert len(opened(cut_store).sql(query, params=params).fetchall()) == n
    ((gene,),) = scanned(cut_store, "select gene_symbol from variant_record where gene_symbol > '' group by 1 order by count(*), 1 limit 1")
    ((some, there),) = opened_for(cut_store, f"{RECORDS} where gene_symbol = '{gene}'")
    assert some * 5 < there


@pytest.mark.parametrize(
    "query",
    [
        "from (select 'Liver' as tissue, min(record_id) as record_id from variant_record where tissue is null) "
        "anti join variant_record using (record_id) where tissue = 'Liver'",
        "select count(*) from (select 'Lung' as tissue, 0 as pos) a asof join variant_record r on a.pos <= r.pos where r.tissue = 'Liver'",
        "select count(*) from variant_record as r(x, tissue) where tissue = 'clinvar'",
        "select upper(tissue) as tissue from variant_record where tissue = 'LIVER'",
        "from variant_record where tissue = 'liver' collate nocase",
        "from variant_record where tissue = 'Li' || 'ver'",
        "from variant_record where tissue = $t",
    ],
)
def test_what_may_mean_something_else_leaves_no_file_out(cut_store: Path, query: str):
    """Of a name that may be another table's or of another row, and of a value that is not known, nothing is concluded."""
    params = {"t": None} if "$t" in query else None
    wanted = sent(query, params)[1]
    assert all(all(low != high for low, high in stretches) for _, bounds in wanted for stretches in bounds.values()) or "upper" in query
    if "asof" in query:  # which of several rows at one place is taken is not said
        return
    found = opened(cut_store).sql(query, params=params).fetchall()
    plainly = opened(cut_store).cursor(query).execute(query, params).fetchall()
    assert sorted(found, key=repr) == sorted(plainly, key=repr)


def test_conditions_of_a_join_hold_for_the_table_that_they_name(cut_store: Path):
    query = (
        "select count(*), count(b.tissue) from variant_record a "
        "left join variant_record b on a.gene_id = b.gene_id and a.tissue <> b.tissue where a.tissue = 'Liver'"
    )
    assert ask(cut_store, query) == scanned(cut_store, query)
    assert [some < there for some, there in opened_for(cut_store, query)] == [True]


@pytest.mark.slow
def test_a_lost_file_costs_its_copy_and_no_row(cut_store: Path, tmp_path: Path):
    path = shutil.copytree(cut_store, tmp_path / "store")
    copy = next(f for f in copies(path) if f.order == "tissue")
    (path / copy.path).unlink()
    ((tissue,),) = scanned(path, "select tissue from variant_record where tissue > '' group by 1 order by count(*) desc limit 1")
    query = f"{RECORDS} where tissue = '{tissue}'"
    assert sorted(ask(path, query), key=repr) == sorted(scanned(path, query), key=repr)


@pytest.mark.slow
def test_verify_reads_all_files_of_a_copy(cut_store: Path, tmp_path: Path):
    path = shutil.copytree(cut_store, tmp_path / "store")
    with lrbstore.open(path) as store:
        assert [f for f in verify(store) if f.level == "failure"] == []
    folder = StoreFolder(path)
    manifest = folder.manifest()
    moved = next(f for f in copies(path) if f.order == "tissue")
    files = tuple(f if f != moved else f.model_copy(update={"span": (("A",), ("B",))}) for f in manifest.files)
    folder.manifest_path(manifest.release).write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    with lrbstore.open(path) as store:
        assert [(f.check, f.subject) for f in verify(store) if f.level == "failure"] == [("copy", moved.path)]


def test_an_error_is_said_of_the_question_as_it_was_asked(store: Path):
    with pytest.raises(BadSpec) as said:
        opened(store).sql("select nothing_like_it from variant_record where tissue = 'x'")
    assert "nothing_like_it" in str(said.value)
    assert "sorted." not in str(said.value)


# ── copies through ingests ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_same_file_again_and_another_file(store: Path, lines: list[str], tmp_path: Path):
    before = copies(store)
    assert [(f.order, f.rows) for f in before] == [("tissue", 40), ("chrom_pos", 40)]
    ingest(store, "lrb", [eqtl(tmp_path / "again", lines[:41])], simulated=True)
    assert copies(store) == before
    ingest(store, "lrb", [eqtl(tmp_path / "more", [lines[0], *lines[41:61]])], simulated=True)  # smaller: a copy beside the old one
    assert [f.rows for f in copies(store) if f.order == "tissue"] == [40, 20]
    whole(store, verified=False)
    ingest(store, "lrb", [eqtl(tmp_path / "most", [lines[0], *lines[61:81]])], simulated=True)  # takes in what is no larger
    assert [f.rows for f in copies(store) if f.order == "tissue"] == [80]
    whole(store)
    _, removed, _ = StoreFolder(store).gc()
    assert len([p for p in removed if p.parent.name == "variant_record"]) == 4
    whole(store, verified=False)


@pytest.mark.slow
def test_a_new_version_hides_the_copies_of_the_old(store: Path, lines: list[str], tmp_path: Path):
    ingest(tmp_path / "two", "lrb", [eqtl(tmp_path, lines[:21], "1")], simulated=True)
    ingest(tmp_path / "two", "lrb", [eqtl(tmp_path, [lines[0], *lines[11:31]], "2")], simulated=True)
    counts = "select source_version, count(*) from variant_record where chrom = 'chr1' or true group by all"
    assert ask(tmp_path / "two", counts) == [("2", 20)]
    assert len(copies(tmp_path / "two")) == 4
    whole(tmp_path / "two")


@pytest.mark.slow
def test_a_store_without_copies_answers_the_same_and_gets_them(store: Path, lines: list[str], tmp_path: Path):
    manifest = StoreFolder(store).manifest()
    old = [f.model_dump(exclude={"order", "made_of"}) for f in manifest.files if f.order is None]
    path = StoreFolder(store).manifest_path(manifest.release)
    path.write_text(manifest.model_copy(update={"files": ()}).model_dump_json().replace('"files":[]', f'"files":{_json(old)}'))
    assert copies(store) == []
    whole(store, verified=False)
    ingest(store, "lrb", [eqtl(tmp_path, [lines[0], *lines[41:51]])], simulated=True)
    assert [f.rows for f in copies(store) if f.order == "tissue"] == [50]
    whole(store)


def _json(rows: object) -> str:
    return json.dumps(rows)


def test_a_damaged_copy_is_passed_over_and_verify_says_so(store: Path):
    copy = next(f for f in copies(store) if f.order == "tissue")
    path = store / copy.path
    path.write_bytes(path.read_bytes()[:-1])
    with lrbstore.open(store) as said:
        ((tissue, n),) = said.cursor("").sql("select tissue, count(*) from variant_record group by 1 order by 2 desc limit 1").fetchall()
        assert said.sql(f"select count(*) from variant_record where tissue = '{tissue}'").fetchall() == [(n,)]
        assert ("sha256", copy.path) in {(f.check, f.subject) for f in verify(said) if f.level == "failure"}


@pytest.mark.slow
def test_verify_finds_a_copy_with_other_rows(store: Path):
    folder = StoreFolder(store)
    manifest = folder.manifest()
    other = next(f for f in copies(store) if f.order == "tissue")
    files = tuple(f if f != other else f.model_copy(update={"made_of": ("data/lrb_eqtl/gone.parquet",)}) for f in manifest.files)
    folder.manifest_path(manifest.release).write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    with lrbstore.open(store) as said:
        assert [f.check for f in verify(said) if f.level == "failure"] == ["copy"]
        assert said.sql("select count(*) from variant_record where tissue > '' and chrom = 'chr1'") is not None
    rows = duckdb.connect().sql(f"select * replace (label_name || '!' as label_name) from '{store / other.path}'").to_arrow_table()
    with TableWriter(contract("variant_record"), store / other.path, {}) as writer:
        writer.write(rows)
        changed = writer.close(source=other.source, version=None, assembly=other.assembly, unit=None, genome=None)
    changed = other.model_copy(update={"bytes": changed.bytes, "sha256": file_sha256(store / other.path)})
    files = tuple(f if f != other else changed for f in manifest.files)
    folder.manifest_path(manifest.release).write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    with lrbstore.open(store) as said:
        assert [(f.check, f.subject) for f in verify(said) if f.level == "failure"] == [("copy", other.path)]


def test_copies_are_no_part_of_a_releases_name(store: Path):
    """A fingerprint holds the release's name: what follows from other files must not change it."""
    with StoreFolder(store).writer() as publication:
        base = publication.draft()
        name = base.release.partition("-")[2]
        bare = publication.draft(files=tuple(f for f in base.files if f.order is None))
        assert publication.publish(bare).release.partition("-")[2] == name


@pytest.mark.slow
def test_a_moved_store_and_a_copied_folder_keep_their_copies(store: Path, tmp_path: Path):
    moved = Path(shutil.move(store, tmp_path / "elsewhere"))
    whole(moved)
