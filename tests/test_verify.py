"""verify names what is wrong, whatever is wrong, and calls a sound store sound."""

import json
import shutil
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lrbstore
from lrbstore.contract import contract, contracts
from lrbstore.errors import HashMismatch, LrbStoreError, MissingData
from lrbstore.ingest.genomes import add_genome, cache_genome
from lrbstore.ingest.pipeline import ingest
from lrbstore.layout import sql_folder
from lrbstore.manifest import DataFile, Manifest, file_sha256
from lrbstore.release import StoreFolder
from lrbstore.verify import Finding, audit, verify


@pytest.fixture(scope="module")
def sound(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store with every kind of table but CAGE's: a copied genome, eQTLs of two sources, expression vectors."""
    folder = tmp_path_factory.mktemp("verify")
    tiny = "".join(f">{name}\n" + textwrap.fill("ACGTTGCA" * 200, 60) + "\n" for name in ("chr1", "chr2"))
    (folder / "tiny.fa").write_text(tiny)
    add_genome(folder / "store", "GRCh38", folder / "tiny.fa", simulated=True, copy=True)
    ingest(folder / "store", "lrb", [simulated / "lrb/variant_effect_causal_eqtl", simulated / "lrb/bulk_rna_expression"], simulated=True)
    ingest(folder / "store", "gtex_v8_eqtl", [simulated / "gtex_v8_eqtl/Liver.v8.egenes.txt.gz"], simulated=True)
    return folder / "store"


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "store"))


def findings(path: Path) -> list[Finding]:
    with lrbstore.open(path) as opened:
        return list(verify(opened))


def failures(path: Path) -> list[tuple[str, str]]:
    return [(f.check, f.subject) for f in findings(path) if f.level == "failure"]


def data_files(path: Path) -> list[DataFile]:
    return list(StoreFolder(path).manifest().files)


def republish(path: Path, **changes: object) -> None:
    """Write the current manifest anew with changes, as a defect of ours would have written it."""
    manifest = StoreFolder(path).manifest()
    StoreFolder(path).manifest_path(manifest.release).write_text(manifest.model_copy(update=changes).model_dump_json())


def rewrite(path: Path, file: DataFile, change) -> None:
    """Replace a data file by changed rows, with a manifest that agrees: only what the rows say is wrong then."""
    rows = change(pq.read_table(path / file.path))
    pq.write_table(rows, path / file.path)
    line = file.model_copy(
        update={"rows": rows.num_rows, "bytes": (path / file.path).stat().st_size, "sha256": file_sha256(path / file.path)}
    )
    republish(path, files=tuple(line if f.path == file.path else f for f in data_files(path)))


def file_of(path: Path, table: str) -> DataFile:
    return next(f for f in data_files(path) if f.table == table)


# ── sound ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sound_store_has_no_failure_and_every_file_is_looked_at(sound):
    found = findings(sound)
    assert [f for f in found if f.level == "failure"] == []
    for check in ("sha256", "rows"):
        assert {f.subject for f in found if f.check == check} == {f.path for f in data_files(sound)}
    assert {f.subject for f in found if f.check == "contract"} == {f.table for f in data_files(sound)}
    assert {f.check for f in found if f.check.startswith("audit")} == {f"audit {p.stem}" for p in (sql_folder() / "audits").glob("*.sql")}
    assert {f.subject for f in found if f.check == "genome"} == {"GRCh38"}
    assert {f.subject for f in found if f.check == "accounted for"} == {
        "lrb All_Tissues.csv", "lrb gene_coordinates.csv", "gtex_v8_eqtl Liver.v8.egenes.txt.gz",
    }  # fmt: skip


@pytest.mark.slow
def test_the_demo_store_is_sound(demo_store):
    assert failures(demo_store) == []


# ── damaged files ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_one_wrong_byte_in_any_file_is_found_and_named(store):
    files = data_files(store)
    assert {f.table for f in files} >= {"lrb_eqtl", "lrb_gene", "lrb_expression", "gtex_eqtl", "variant_allele", "variant_reference"}
    for i, file in enumerate(files):
        path = store / file.path
        raw = bytearray(path.read_bytes())
        at = (0, len(raw) // 3, len(raw) // 2, len(raw) - 20, len(raw) - 1)[
            i % 5
        ]  # magic, pages, footer, magic: open must survive them all
        raw[at] ^= 0x01
        path.write_bytes(raw)
        assert failures(store) == [("sha256", file.path)], at
        raw[at] ^= 0x01
        path.write_bytes(raw)
    assert failures(store) == []


def test_a_wrong_byte_in_a_page_is_noticed_by_a_reader_that_checks_pages(store):
    for file in data_files(store):
        path = store / file.path
        raw, metadata = path.read_bytes(), pq.read_metadata(path)
        for c in range(metadata.num_columns):
            chunk = metadata.row_group(0).column(c)
            begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
            damaged = bytearray(raw)
            damaged[begin + chunk.total_compressed_size - 1] ^= 0x40  # the last byte of the last page's body
            path.write_bytes(damaged)
            with pytest.raises(OSError, match=r"(?i)checksum|crc"):
                pq.read_table(path, page_checksum_verification=True)
        path.write_bytes(raw)


def test_damaged_labels_are_never_handed_out(demo_store, tmp_path):
    """DuckDB does not check pages; what is handed to a model does."""
    store = Path(shutil.copytree(demo_store, tmp_path / "demo"))
    file = file_of(store, "lrb_expression")
    metadata, raw = pq.read_metadata(store / file.path), bytearray((store / file.path).read_bytes())
    chunk = metadata.row_group(0).column(metadata.schema.to_arrow_schema().get_field_index("expression"))
    raw[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 0x01
    (store / file.path).write_bytes(raw)
    with lrbstore.open(store) as opened:
        task = lrbstore.task("bulk_rna_expression", seq_len=64, store=opened)
        with pytest.raises(HashMismatch, match=rf"{Path(file.path).name}.*lrbstore verify"):
            list(task.train.batches(64))


@pytest.mark.parametrize("keep", [pytest.param(0, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.slow), -9])
def test_a_truncated_file_is_named_and_the_other_tables_stay_of_use(store, keep):
    file = file_of(store, "gtex_eqtl")
    raw = (store / file.path).read_bytes()
    (store / file.path).write_bytes(raw[:keep])
    assert failures(store) == [("sha256", file.path)]
    with lrbstore.open(store) as opened:
        assert opened.sql("select count(*) > 0 from lrb_eqtl").fetchall() == [(True,)]
        for table in ("gtex_eqtl", "history.gtex_eqtl", "variant_record"):  # never a part of the rows in silence
            with pytest.raises(Exception, match=rf"{Path(file.path).name} is damaged.*lrbstore verify"):
                opened.sql(f"select count(*) from {table}").fetchall()


def test_a_missing_file_is_named_and_the_other_tables_stay_of_use(store):
    file = file_of(store, "lrb_eqtl")
    (store / file.path).unlink()
    assert failures(store) == [("sha256", file.path)]
    assert "missing" in next(f.said for f in findings(store) if f.level == "failure")
    with lrbstore.open(store) as opened:
        assert opened.sql("select count(*) > 0 from gtex_eqtl").fetchall() == [(True,)]
        with pytest.raises(Exception, match=rf"{Path(file.path).name} is missing.*lrbstore verify"):
            opened.sql("select count(*) from variant_record").fetchall()


@pytest.mark.parametrize(
    "table",
    [
        "lrb_gene",
        "variant_allele",
        *(pytest.param(t, marks=pytest.mark.slow) for t in ("lrb_expression", "expression_track", "tissue_alias", "variant_reference")),
    ],
)
def test_any_file_may_be_missing_and_verify_still_tells(store, table):
    for file in [f for f in data_files(store) if f.table == table]:
        (store / file.path).unlink()
    assert set(failures(store)) == {("sha256", f.path) for f in data_files(store) if f.table == table}


def test_a_file_that_vanishes_while_the_store_is_open_is_one_error(store):
    file = file_of(store, "gtex_eqtl")
    with lrbstore.open(store) as opened:
        (store / file.path).unlink()
        with pytest.raises(Exception, match=Path(file.path).name):
            opened.sql("select count(slope) from gtex_eqtl").fetchall()


def test_new_rows_are_not_put_upon_damaged_ones(store, simulated):
    """An ingest reads what is there (ids, alleles): damage there must stop it, not spread."""
    file = file_of(store, "variant_allele")
    (store / file.path).write_bytes((store / file.path).read_bytes()[:-9])
    release = StoreFolder(store).current
    with pytest.raises(LrbStoreError, match=Path(file.path).name):
        ingest(store, "gtex_v8_eqtl", [simulated / "gtex_v8_eqtl/Whole_Blood.v8.egenes.txt.gz"], simulated=True)
    assert StoreFolder(store).current == release


# ── genomes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("which", ["path", "index"])
@pytest.mark.parametrize("how", ["a byte", *(pytest.param(how, marks=pytest.mark.slow) for how in ("truncated", "missing"))])
def test_a_damaged_genome_is_found(store, which, how):
    record = StoreFolder(store).manifest().genome("GRCh38")
    path = store / getattr(record, which)
    raw = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(raw[:-10])
    else:
        at = raw.rindex(b"A") if which == "path" else raw.rindex(b"60")  # the last base that is an A; the bases a line
        path.write_bytes(raw[:at] + (b"C" if which == "path" else b"59") + raw[at + (1 if which == "path" else 2) :])
    assert failures(store) == [("genome", "GRCh38")]


# ── wrong content ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_wrong_number_of_rows_in_the_manifest_is_found(store):
    file = file_of(store, "lrb_gene")
    republish(store, files=tuple(f.model_copy(update={"rows": f.rows + 1}) if f == file else f for f in data_files(store)))
    assert failures(store) == [("rows", file.path)]


def test_rows_that_went_missing_are_found(store):
    file = file_of(store, "lrb_eqtl")
    rewrite(store, file, lambda rows: rows.slice(1))
    found = failures(store)
    assert ("accounted for", "lrb All_Tissues.csv") in found
    assert {check for check, _ in found} <= {"accounted for", "copy"}


@pytest.mark.slow
def test_a_rule_of_a_table_that_rows_break_is_found(store):
    def move(rows: pa.Table) -> pa.Table:
        return rows.set_column(rows.column_names.index("pos"), "pos", pa.array([0] * rows.num_rows, pa.int64()))

    rewrite(store, file_of(store, "lrb_eqtl"), move)
    found = [f for f in findings(store) if f.check == "contract" and f.level == "failure"]
    assert [f.subject for f in found] == ["lrb_eqtl"]
    assert "pos" in found[0].said


@pytest.mark.slow
def test_a_null_where_none_may_be_is_found(store):
    def forget(rows: pa.Table) -> pa.Table:
        return rows.set_column(rows.column_names.index("chrom"), "chrom", pa.array([None] * rows.num_rows, pa.string()))

    rewrite(store, file_of(store, "lrb_gene"), forget)
    assert ("contract", "lrb_gene") in failures(store)


@pytest.mark.slow
def test_a_column_of_another_type_is_found(store):
    def as_text(rows: pa.Table) -> pa.Table:
        return rows.set_column(rows.column_names.index("source_line"), "source_line", rows["source_line"].cast(pa.string()))

    rewrite(store, file_of(store, "lrb_gene"), as_text)
    said = {f.subject: f.said for f in findings(store) if f.check == "contract" and f.level == "failure"}
    assert "source_line is VARCHAR, not BIGINT" in said["lrb_gene"]


@pytest.mark.slow
def test_a_column_that_is_missing_is_found(store):
    rewrite(store, file_of(store, "lrb_gene"), lambda rows: rows.drop_columns(["symbol"]))
    said = {f.subject: f.said for f in findings(store) if f.check == "contract" and f.level == "failure"}
    assert "symbol is missing" in said["lrb_gene"]


@pytest.mark.slow
def test_a_repeated_record_id_is_found(store):
    def repeat(rows: pa.Table) -> pa.Table:
        first = rows["record_id"][0].as_py()
        return rows.set_column(rows.column_names.index("record_id"), "record_id", pa.array([first] * rows.num_rows, pa.int64()))

    rewrite(store, file_of(store, "lrb_eqtl"), repeat)
    assert "audit record_id_is_unique" in {check for check, _ in failures(store)}


@pytest.mark.slow
def test_a_record_without_its_allele_is_found(store):
    republish(store, files=tuple(f for f in data_files(store) if f.table != "variant_allele"))
    assert "audit every_record_has_its_allele" in {check for check, _ in failures(store)}


def test_splits_that_share_an_example_are_found(store, tmp_path):
    with lrbstore.open(store) as opened:
        opened.cursor().execute(
            "create or replace view variant_effect_gene_expression.test as select * from variant_effect_gene_expression.examples"
        )
        (found,) = [
            f for f in audit(opened, sql_folder() / "audits/splits_are_disjoint.sql") if f.subject == "variant_effect_gene_expression"
        ]
    assert found.level == "failure"
    assert "counter-examples; the first" in found.said


@pytest.mark.slow
def test_orphans_are_notes(store):
    orphan = store / "data" / "gtex_eqtl" / "left-behind.parquet"
    orphan.write_bytes(b"PAR1")
    (store / "releases" / ".0009-deadbeef.json.writing").write_text("{")
    notes = {f.subject: f for f in findings(store) if f.check == "orphan"}
    assert set(notes) == {"data/gtex_eqtl/left-behind.parquet", "releases/.0009-deadbeef.json.writing"}
    assert {f.level for f in notes.values()} == {"note"}
    assert "lrbstore gc" in notes["data/gtex_eqtl/left-behind.parquet"].said
    StoreFolder(store).gc()
    assert not orphan.exists()
    assert [f for f in findings(store) if f.check == "orphan"] == []


def test_the_manifest_survives_its_round_trip(sound):
    manifest = StoreFolder(sound).manifest()
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
    assert json.loads(manifest.model_dump_json())["schema_version"] == manifest.schema_version
    assert all(not Path(f.path).is_absolute() for f in manifest.files)
    assert all(f.table in contracts() and (contract(f.table).stored or f.order) for f in manifest.files)


@pytest.mark.slow
def test_a_genomes_cache_is_compared_with_its_fasta(store: Path) -> None:
    (cache,) = cache_genome(store, "hg38")
    assert not failures(store)
    assert cache not in StoreFolder(store).orphans()
    raw = cache.read_bytes()
    cache.write_bytes(raw[:700] + b"N" + raw[701:])
    assert failures(store) == [("genome", "GRCh38")]
    cache.unlink()
    assert not failures(store)


def test_a_store_without_a_genome_has_nothing_to_cache(simulated: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "store", "gtex_v8_eqtl", [simulated / "gtex_v8_eqtl/Liver.v8.egenes.txt.gz"], simulated=True)
    for name in (None, "GRCh37"):
        with pytest.raises(MissingData, match=r"no genome is registered.*lrbstore genome add"):
            cache_genome(tmp_path / "store", name)
