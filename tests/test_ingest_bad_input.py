"""Input that is not what it should be: refused with one clear message and the store as it was, or rejected row by row with a reason."""

from __future__ import annotations

import gzip
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lrbstore
from lrbstore.errors import ContractBroken, LrbStoreError, MissingData, UnknownName
from lrbstore.ingest import pipeline, reading
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.spec import sources

FIXTURES = Path(__file__).resolve().parent / "sources"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00"

#: A file of each text part: source, path in the provider's layout, and whether the provider compresses it.
FILES = {
    "eqtl": ("lrb", "variant_effect_causal_eqtl/All_Tissues.csv"),
    "genes": ("lrb", "bulk_rna_expression/gene_coordinates.csv"),
    "values": ("lrb", "bulk_rna_expression/rna_expression_values.csv"),
    "windows": ("lrb", "cage_prediction/sequences_coordinates.csv"),
    "egenes": ("gtex_v8_eqtl", "Whole_Blood.v8.egenes.txt"),
    "vcf": ("clinvar", "clinvar_20250308.GRCh38.vcf"),
}
#: Columns that each part cannot do without, of which one is taken away.
NEEDED = {"eqtl": "ALT", "genes": "CAGE_representative_TSS", "windows": "npy_idx", "egenes": "pval_nominal", "vcf": "QUAL"}
EQTL = "CHROM,POS,REF,ALT,label,tissue,distance_to_nearest_TSS,split"


def snapshot(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def copy_raw(source: str, folder: Path) -> Path:
    """Copy a source's invented files, binary ones included."""
    shutil.copytree(FIXTURES / source / "raw", folder)
    if (FIXTURES / source / "build.py").is_file():
        runpy.run_path(str(FIXTURES / source / "build.py"))["build"](folder)
    return folder


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds something already."""
    folder = tmp_path_factory.mktemp("filled")
    path = folder / "All_Tissues.csv"
    path.write_text(f"{EQTL}\nchr1,5,A,C,1,Liver,5,train\n")
    ingest(folder / "store", "lrb", [path])
    return folder / "store"


@pytest.fixture
def refuse(filled: Path, tmp_path: Path) -> Callable[..., str]:
    """Give a function that sees an ingest refused in one line, with the store as it was; it returns the message."""
    store = tmp_path / "store"
    shutil.copytree(filled, store)

    def see(source: str, paths: list[Path], error: type[LrbStoreError] = ContractBroken) -> str:
        before = snapshot(store)
        with pytest.raises(error) as caught:
            ingest(store, source, paths)
        assert snapshot(store) == before
        message = str(caught.value)
        assert "\n" not in message
        return message

    return see


def load(tmp_path: Path, content: str | bytes, n: list[int] = [0]) -> tuple[list[tuple], list[tuple], tuple[int, int, int]]:  # noqa: B006
    """Ingest one eQTL file into a new store: rows, rejects, and its account."""
    n[0] += 1
    folder = tmp_path / str(n[0])
    folder.mkdir()
    path = folder / "All_Tissues.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    file = ingest(folder / "store", "lrb", [path]).loaded[0]
    with lrbstore.open(folder / "store") as store:
        rows = store.sql(
            "select source_line, chrom, pos, ref, alt, label, tissue_name, split from lrb_eqtl order by source_line"
        ).fetchall()
        rejects = store.sql("select source_line, reason, raw from reject order by source_line").fetchall()
    return rows, rejects, (file.rows_in, file.rows_loaded, file.rows_rejected)


# ── nothing, or something else ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("source", sources())
def test_a_folder_with_nothing_of_the_source_says_what_it_is_made_of(source: str, refuse: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    assert "nothing of source" in refuse(source, [folder], MissingData)
    (folder / "notes.txt").write_text("hello")
    (folder / "photo.png").write_bytes(PNG)
    message = refuse(source, [folder, folder / "notes.txt"], MissingData)
    assert f"nothing of source {source!r} was found in {folder}, {folder / 'notes.txt'}" in message
    for part in sources()[source].part:
        assert part.files[0] in message


@pytest.mark.parametrize("source", sources())
def test_a_path_that_does_not_exist_is_named(source: str, refuse: Callable[..., str], tmp_path: Path) -> None:
    here = copy_raw(source, tmp_path / "raw")
    message = refuse(source, [here, tmp_path / "nowhere"], MissingData)
    assert f"{tmp_path / 'nowhere'} does not exist" in message
    assert sources()[source].part[0].files[0] in message


def test_refusals_before_the_first_byte_make_no_store(tmp_path: Path) -> None:
    for paths in ([tmp_path], [tmp_path / "nowhere"]):
        with pytest.raises(MissingData):
            ingest(tmp_path / "store", "lrb", paths)
    with pytest.raises(UnknownName, match="did you mean 'clinvar'"):
        ingest(tmp_path / "store", "clinvra", [tmp_path])
    assert list(tmp_path.iterdir()) == []


# ── damaged files ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


OTHER_KINDS = {
    "empty": b"",
    "png": PNG,
    "blank": b"\n\n",
    "utf-16": "CHROM,POS\n".encode("utf-16"),
    "html": b"<!DOCTYPE html>\n<html></html>\n",
}


@pytest.mark.parametrize("content", OTHER_KINDS.values(), ids=OTHER_KINDS)
@pytest.mark.parametrize("part", FILES)
def test_a_file_of_another_kind_is_refused_by_name(part: str, content: bytes, refuse: Callable[..., str], tmp_path: Path) -> None:
    source, name = FILES[part]
    raw = copy_raw(source, tmp_path / "raw")
    (raw / name).write_bytes(content)
    message = refuse(source, [raw])
    assert str(raw / name) in message


@pytest.mark.parametrize("name", ["All_Tissues.csv", "rna_expression_values.csv", "targets-valid-0-0.npz"])
def test_a_clone_without_its_large_files_says_so(name: str, refuse: Callable[..., str], tmp_path: Path) -> None:
    raw = copy_raw("lrb", tmp_path / "raw")
    (path,) = [p for p in raw.rglob(name) if p.parent.name != "variant_effect_gene_expression"]
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n")
    message = refuse("lrb", [raw])
    assert f"{path} is a git-lfs pointer" in message
    assert "git lfs pull" in message


@pytest.mark.parametrize("part", NEEDED)
def test_a_missing_column_is_named_beside_all_that_are_required(part: str, refuse: Callable[..., str], tmp_path: Path) -> None:
    source, name = FILES[part]
    raw = copy_raw(source, tmp_path / "raw")
    text = (raw / name).read_text()
    assert NEEDED[part] in text
    (raw / name).write_text(text.replace(NEEDED[part], "renamed", 1))
    message = refuse(source, [raw])
    assert f"{raw / name} lacks the column {NEEDED[part]}; found: " in message
    assert "renamed" in message
    (spec,) = [p for p in sources()[source].part if NEEDED[part] in p.columns and p.name in message]
    assert f"required for {spec.name}: {', '.join(spec.required)}" in message


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
@pytest.mark.parametrize("part", ["egenes", "vcf"])
def test_a_download_that_broke_off_is_refused(part: str, share: float, refuse: Callable[..., str], tmp_path: Path) -> None:
    source, name = FILES[part]
    raw = copy_raw(source, tmp_path / "raw")
    lines = (raw / name).read_text().splitlines(keepends=True)
    whole = gzip.compress("".join(lines).encode() + lines[-1].encode() * 5_000)
    (raw / name).unlink()
    cut = raw / f"{name}.gz"
    cut.write_bytes(whole[: int(len(whole) * share)])
    message = refuse(source, [raw])
    assert str(cut) in message
    assert "fetch it again" in message


def test_a_good_file_before_a_damaged_one_is_not_kept_alone(refuse: Callable[..., str], tmp_path: Path) -> None:
    raw = copy_raw("gtex_v8_eqtl", tmp_path / "raw")
    (raw / "Zzz.v8.egenes.txt").write_bytes(PNG)  # the last by name: the others have been loaded when it is met
    assert "Zzz.v8.egenes.txt" in refuse("gtex_v8_eqtl", [raw])


def test_a_quote_left_open_is_refused_rather_than_swallowing_rows(refuse: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "All_Tissues.csv"
    path.write_text(f'{EQTL}\nchr1,6,A,C,1,"Liver,5,train\nchr1,7,A,C,1,Liver,5,train\nchr1,8,A,C,1,Liver,5,train\n')
    message = refuse("lrb", [path])
    assert "a quoted cell runs over the end of its line" in message
    assert str(path) in message


def test_a_line_longer_than_a_block_is_refused(refuse: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", 1 << 16)
    path = tmp_path / "All_Tissues.csv"
    path.write_text(f"{EQTL}\nchr1,6,A,{'C' * 200_000},1,Liver,5,train\n")
    assert "a line of it is longer than 65,536 bytes" in refuse("lrb", [path])


# ── unusual files that are good ──────────────────────────────────────────────────────────────────────────────────────────────────

LINES = ["chr1,6,A,C,1,Liver,5,train", "chr9,7,G,T,0,Lung,5,test"]
WANT = [(2, "chr1", 6, "A", "C", 1, "Liver", "train"), (3, "chr9", 7, "G", "T", 0, "Lung", "test")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks_change_nothing(end: str, bom: str, last: bool, tmp_path: Path) -> None:
    text = bom + end.join([EQTL, *LINES]) + (end if last else "")
    assert load(tmp_path, text) == (WANT, [], (2, 2, 0))


def test_quoted_cells_are_the_same_as_bare_ones(tmp_path: Path) -> None:
    quoted = "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in [EQTL, *LINES]) + "\n"
    assert load(tmp_path, quoted) == (WANT, [], (2, 2, 0))


@pytest.mark.parametrize("content", [EQTL, f"{EQTL}\n", f"\ufeff{EQTL}\r\n"])
def test_a_header_alone_is_a_file_without_rows(content: str, tmp_path: Path) -> None:
    assert load(tmp_path, content) == ([], [], (0, 0, 0))


def test_names_in_any_script_are_kept(tmp_path: Path) -> None:
    text = f"{EQTL},注\nchr1,6,A,C,1,Île_flottante,5,train,héé\nchr1,7,A,C,1,肝臓,5,train,\U0001f9ec\n"
    rows, rejects, _ = load(tmp_path, text)
    assert [row[6] for row in rows] == ["Île_flottante", "肝臓"]
    assert rejects == []


def test_blank_lines_count_and_are_rejected(tmp_path: Path) -> None:
    rows, rejects, account = load(tmp_path, f"{EQTL}\n\n{LINES[0]}\n\n\n{LINES[1]}\n\n")
    assert [row[0] for row in rows] == [3, 6]
    assert [(line, reason) for line, reason, _ in rejects] == [(line, "the line is empty") for line in (2, 4, 5, 7)]
    assert account == (6, 2, 4)


def test_a_long_cell_is_kept_whole(tmp_path: Path) -> None:
    long = "ACGT" * 100_000
    rows, rejects, _ = load(tmp_path, f"{EQTL}\nchr1,6,A,{long},1,Liver,5,train\n{LINES[1]}\n")
    assert (rows[0][4], len(rows), rejects) == (long, 2, [])


# ── row by row ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────

bad_lines = st.sampled_from([
    ("chr1,6,A,C,1,Liver,5", "7 columns instead of 8"),
    ("chr1,6,A,C,1,Liver,5,train,more", "9 columns instead of 8"),
    ("nonsense", "1 columns instead of 8"),
    ("", "the line is empty"),
    ("chr1,six,A,C,1,Liver,5,train", "POS: 'six' is not a whole number"),
    ("chr1,6.5,A,C,1,Liver,5,train", "POS: '6.5' is not a whole number"),
    ("chr1,1e3,A,C,1,Liver,5,train", "POS: '1e3' is not a whole number"),
    ("chr1,99999999999999999999,A,C,1,Liver,5,train", "POS: '99999999999999999999' is not a whole number"),
    ("chr1,,A,C,1,Liver,5,train", "pos is missing"),
    ("chr1,-6,A,C,1,Liver,5,train", "pos breaks the rule (pos >= 1): pos = -6"),
    ("chr1,248956423,A,C,1,Liver,5,train", "POS: 248956423 is beyond the end of chr1 (248956422 bp)"),
    ("chr0,6,A,C,1,Liver,5,train", "CHROM: contig 'chr0' is not in GRCh38"),
    (",6,A,C,1,Liver,5,train", "CHROM is missing"),
    ("chr1,6,A,,1,Liver,5,train", "alt is missing"),
    ("chr1,6,A,<DEL>,1,Liver,5,train", "ALT: '<DEL>' is not a sequence of A, C, G, T or N"),
    ("chr1,6,-,C,1,Liver,5,train", "REF: '-' is not a sequence of A, C, G, T or N"),
    ("chr1,6,A,C,2,Liver,5,train", "label: 2 is neither 0 nor 1"),
    ("chr1,6,A,C,,Liver,5,train", "label_text is missing"),
    ("chr1,6,A,C,1,NA,5,train", "tissue is missing"),
    ("chr1,6,A,C,1,Liver,near,train", "distance_to_nearest_TSS: 'near' is not a whole number"),
    ("chr1,6,A,C,1,Liver,5,dev", "split breaks the rule (split IN ('train', 'validation', 'test')): split = dev"),
])  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    drawn=st.lists(st.integers(1, 9_999) | bad_lines, max_size=60),
    block=st.sampled_from([256, 512, 16 << 20]),
    chunk=st.sampled_from([1, 7, 100_000]),
)
def test_every_line_is_loaded_under_its_number_or_rejected_with_its_reason(
    drawn: list[int | tuple[str, str]], block: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_BLOCK", block)
    monkeypatch.setattr(pipeline, "_CHUNK", chunk)
    lines = [f"chr2,{item},a,c,0,Liver,5,train" if isinstance(item, int) else item[0] for item in drawn]
    rows, rejects, account = load(tmp_path, "\n".join([EQTL, *lines]) + "\n")
    numbered = list(enumerate(drawn, 2))
    good = [(line, "chr2", pos, "A", "C", 0, "Liver", "train") for line, pos in numbered if isinstance(pos, int)]
    bad = [(line, item[1]) for line, item in numbered if not isinstance(item, int)]
    assert rows == good
    assert [(line, reason) for line, reason, _ in rejects] == bad
    assert all(raw in {lines[line - 2], ",,,,,,,"} for line, _, raw in rejects)
    assert account == (len(drawn), len(good), len(bad))


def test_rows_that_say_the_same_stay_apart_and_keep_their_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for chunk in (1, 3, 100_000):
        monkeypatch.setattr(pipeline, "_CHUNK", chunk)
        monkeypatch.setattr(reading, "_BLOCK", 200 if chunk == 1 else 16 << 20)
        path = tmp_path / str(chunk) / "All_Tissues.csv"
        path.parent.mkdir()
        path.write_text("\n".join([EQTL, *[LINES[0]] * 5, LINES[1], *[LINES[0]] * 2]) + "\n")
        ingest(tmp_path / str(chunk) / "store", "lrb", [path])
        with lrbstore.open(tmp_path / str(chunk) / "store") as store:
            ids.append([row[0] for row in store.sql("select record_id from lrb_eqtl order by source_line").fetchall()])
    assert len(set(ids[0])) == 8
    assert ids[0] == ids[1] == ids[2]
