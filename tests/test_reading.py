"""Delimited text: every line comes out with its number, or stands among the bad ones with its text, whatever the block size."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lrbstore.errors import ContractBroken
from lrbstore.ingest import reading
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.reading import BadRow, DelimitedFile

Rows = list[tuple[int, list[str]]]


def read(path: Path, **how: object) -> tuple[DelimitedFile, Rows]:
    file = DelimitedFile(path, **how)
    rows: Rows = []
    for table in file.batches():
        cells = [table[c].to_pylist() for c in file.columns]
        rows += [(line, [column[i] for column in cells]) for i, line in enumerate(table["source_line"].to_pylist())]
    return file, rows


def naive(text: str, delimiter: str, n_preamble: int = 0, quoted: bool = False) -> tuple[list[str], Rows, list[tuple[int, str]]]:
    """Cut a text line by line: header, rows with their numbers, and the lines of another width. An empty line is a row of empty cells."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if lines[-1] == "":
        lines.pop()

    def cut(line: str) -> list[str]:
        return next(csv.reader([line], delimiter=delimiter)) if quoted else line.split(delimiter)

    header = cut(lines[n_preamble])
    rows: Rows = []
    bad: list[tuple[int, str]] = []
    for number, line in enumerate(lines[n_preamble + 1 :], n_preamble + 2):
        cells = [""] * len(header) if line == "" else cut(line)
        if len(cells) == len(header):
            rows.append((number, cells))
        else:
            bad.append((number, line))
    return header, rows, bad


def put(folder: Path, content: bytes | str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# ── against a naive reader ───────────────────────────────────────────────────────────────────────────────────────────────────────

plain_cells = st.text(st.characters(codec="utf-8", exclude_characters=',\t"\r\n\x00\ufeff'), max_size=8)
quoted_cells = st.text(st.sampled_from('a é",\t;#1'), max_size=6)


@st.composite
def files(draw: st.DrawFn, cells: st.SearchStrategy[str], delimiter: str, quoted: bool) -> tuple[str, int]:
    """Draw a text of rows, some of another width, and the number of its ``##`` lines."""
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width) | st.lists(cells, max_size=6), max_size=40))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    preamble = draw(st.integers(0, 3))
    made = io.StringIO()
    if quoted:
        writer = csv.writer(
            made, delimiter=delimiter, lineterminator=end, quoting=draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
        )
        writer.writerows([row for row in rows if row])
    else:
        made.write("".join(delimiter.join(row) + end for row in rows))
    header = delimiter.join(f"column {i}" for i in range(width))
    text = "".join(f"##key={i}{delimiter}x{end}" for i in range(preamble)) + header + end + made.getvalue()
    if draw(st.booleans()) and rows:
        text = text.removesuffix(end)
    if draw(st.booleans()) and not preamble:
        text = "\ufeff" + text
    return text, preamble


@pytest.mark.parametrize("delimiter", [",", "\t"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), block=st.sampled_from([320, 512, 1_000, 1 << 20]), zipped=st.booleans())
def test_lines_and_numbers_agree_with_a_naive_reader(delimiter: str, data: st.DataObject, block: int, zipped: bool) -> None:
    text, preamble = data.draw(files(plain_cells, delimiter, quoted=False))
    check(text, delimiter, preamble, block, zipped, quoted=False)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=files(quoted_cells, ",", quoted=True), block=st.sampled_from([320, 512, 1 << 20]))
def test_quoted_cells_agree_with_the_csv_module(drawn: tuple[str, int], block: int) -> None:
    check(drawn[0], ",", drawn[1], block, zipped=False, quoted=True)


def check(text: str, delimiter: str, preamble: int, block: int, zipped: bool, quoted: bool) -> None:
    header, want, bad = naive(text, delimiter, preamble, quoted)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", block)
        content = text.encode()
        path = put(Path(folder), gzip.compress(content) if zipped else content, "file.csv.gz" if zipped else "file.csv")
        file, rows = read(path, delimiter=delimiter, quote=quoted)
    assert file.columns == header
    assert file.header_line == preamble + 1
    assert file.preamble == [f"##key={i}{delimiter}x" for i in range(preamble)]
    assert rows == want
    assert [(row.line, row.raw) for row in file.bad] == bad
    n = len(header)
    cut = [len(next(csv.reader([raw], delimiter=delimiter))) if quoted else raw.count(delimiter) + 1 for _, raw in bad]
    assert [row.reason for row in file.bad] == [f"{k} columns instead of {n}" for k in cut]


def test_line_numbers_over_many_blocks_with_bad_rows_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", 1 << 12)
    lines = ["a,b,c"] + [f"{i},{i}" if i % 7 == 0 or 1_000 < i < 2_000 else "" if i % 11 == 0 else f"{i},x,y" for i in range(2, 20_000)]
    file, rows = read(put(tmp_path, "\n".join(lines)))
    assert len(rows) + len(file.bad) == len(lines) - 1
    assert all(cells[0] in {str(line), ""} for line, cells in rows)
    assert all(row.raw == f"{row.line},{row.line}" for row in file.bad)
    assert [line for line, _ in rows] == sorted({line for line, _ in rows})


def test_chunks_keep_rows_and_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", 256)
    path = put(tmp_path, "a,b\n" + "".join(f"{i},{-i}\n" for i in range(1_000)))
    chunks = list(in_chunks(DelimitedFile(path).batches(), 300))
    assert [line for chunk in chunks for line in chunk["source_line"].to_pylist()] == list(range(2, 1_002))
    assert all(chunk.num_rows >= 300 for chunk in chunks[:-1])
    assert len(chunks) == 4


# ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\r\n", "\ufeffa,b"])
def test_a_header_alone_has_no_rows(text: str, tmp_path: Path) -> None:
    file, rows = read(put(tmp_path, text))
    assert (file.columns, rows, file.bad) == (["a", "b"], [], [])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end"])
def test_line_ends_and_a_missing_last_one(end: str, last: str, tmp_path: Path) -> None:
    text = end.join(["a,b", "1,2", "3,4"]) + (end if last else "")
    assert read(put(tmp_path, text))[1] == [(2, ["1", "2"]), (3, ["3", "4"])]


def test_names_in_utf_8_a_byte_order_mark_a_hash_and_unnamed_columns(tmp_path: Path) -> None:
    assert read(put(tmp_path, "\ufeffgène,組織,\n1,2,3\n"))[0].columns == ["gène", "組織", "unnamed_2"]
    assert read(put(tmp_path, "#CHROM\tPOS\n1\t2\n"), delimiter="\t", quote=False)[0].columns == ["CHROM", "POS"]
    assert read(put(tmp_path, ",a\n1,2\n"))[0].columns == ["unnamed", "a"]
    assert read(put(tmp_path, '"a, b","c ""d"""\n1,2\n'))[0].columns == ["a, b", 'c "d"']


def test_a_column_called_source_line_does_not_hide_the_lines_number(tmp_path: Path) -> None:
    file, rows = read(put(tmp_path, "source_line,b\n70,x\n80,y\n"))
    assert file.columns == ["source_line_", "b"]
    assert rows == [(2, ["70", "x"]), (3, ["80", "y"])]


def test_quotes_are_letters_where_the_format_has_none(tmp_path: Path) -> None:
    path = put(tmp_path, 'a\tb\n"x\ty"\n1\t"2\n')
    assert read(path, delimiter="\t", quote=False)[1] == [(2, ['"x', 'y"']), (3, ["1", '"2'])]


def test_cells_are_text_as_they_stand(tmp_path: Path) -> None:
    cells = ["NA", "null", "", " x ", "1e5", "True", "0012", "nan", "#", "'"]
    assert read(put(tmp_path, "a,b\n" + "".join(f"{c},z\n" for c in cells)))[1] == [(i, [c, "z"]) for i, c in enumerate(cells, 2)]


def test_a_long_line_is_read_and_one_longer_than_a_block_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * (3 << 20)
    path = put(tmp_path, f"a,b\n1,2\n3,{long}\n5,6\n")
    assert read(path)[1] == [(2, ["1", "2"]), (3, ["3", long]), (4, ["5", "6"])]
    monkeypatch.setattr(reading, "_BLOCK", 1 << 20)
    with pytest.raises(ContractBroken, match=r"file\.csv cannot be read to its end: a line of it is longer than 1,048,576 bytes"):
        read(path)


@pytest.mark.parametrize("block", [64, 1 << 20])
@pytest.mark.parametrize("text", ['a,b\n1,"x\n2,3\n4,5\n', 'a,b\n1,"x\ny"\n2,3\n', 'a,b\n1,2,"x\n3,4\n5,6\n', 'a,b\n1,"x\n'])
def test_a_quote_that_swallows_lines_is_refused(text: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK", block)
    with pytest.raises(ContractBroken, match=r"file\.csv"):
        read(put(tmp_path, text + "7,8\n" * 40))


def test_the_refusal_of_an_open_quote_says_where(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match=r"a quoted cell runs over the end of its line \('open' …\); expected one row a line"):
        read(put(tmp_path, 'a,b\n1,"open\n2,3\n'))


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "file.csv", "is empty; expected a header line"),
        (gzip.compress(b"", mtime=0), "file.csv.gz", "is empty; expected a header line"),
        (b"\n1,2\n", "file.csv", "line 1 is empty; expected the header"),
        (b"##only\n##comments\n", "file.csv", "is empty; expected a header line"),
        (b"a,b,a\n1,2,3\n", "file.csv", "the header names a more than once"),
        (b"a,b\r1,2\r3,4\r", "file.csv", "the header cannot be cut into columns"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file.csv", "cannot be read to its end: 'utf-8' codec"),
        ("a,b\n1,2\n".encode("utf-16"), "file.csv", "cannot be read to its end: 'utf-8' codec"),
        (b"a,b\n1,2\n1,\xff\xfe\n", "file.csv", "cannot be read to its end"),
        (b"a,b\n1,2\n", "file.csv.gz", "cannot be read to its end: zlib inflate failed: incorrect header check"),
        (b"\x89PNG\r\n\x1a\n", "file.csv.gz", "cannot be read to its end: zlib inflate failed"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 9_000, mtime=0)[:60], "file.csv.gz", "Truncated compressed stream"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-4], "file.csv.gz", "Truncated compressed stream"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0) + b"trailing", "file.csv.gz", "incorrect header check"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-8] + b"\x00" * 8, "file.csv.gz", "incorrect data check"),
    ],
)
def test_what_is_no_such_file_is_refused_by_name(content: bytes, name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ContractBroken) as caught:
        read(put(tmp_path, content, name))
    assert str(caught.value).startswith(str(tmp_path / name))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_gzip_file_cut_anywhere_is_refused(share: float, tmp_path: Path) -> None:
    whole = gzip.compress("".join(["a,b\n", *(f"{zlib.crc32(str(i).encode())},{i}\n" for i in range(20_000))]).encode())
    with pytest.raises(ContractBroken, match="truncated, damaged or of another kind: fetch it again"):
        read(put(tmp_path, whole[: int(len(whole) * share)], "file.csv.gz"))
    assert len(read(put(tmp_path, whole, "file.csv.gz"))[1]) == 20_000


def test_gzip_members_one_after_another_are_one_file(tmp_path: Path) -> None:
    parts = [b"a,b\n1,", b"2\n3,4\n5", b",6\n", b""]
    path = put(tmp_path, b"".join(map(gzip.compress, parts)), "file.csv.gz")
    assert read(path)[1] == [(2, ["1", "2"]), (3, ["3", "4"]), (4, ["5", "6"])]


def test_a_missing_file_stays_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DelimitedFile(tmp_path / "nothing.csv")


def test_reading_twice_gives_the_same_rows_and_counts_bad_ones_again(tmp_path: Path) -> None:
    file = DelimitedFile(put(tmp_path, "a,b\n1\n2,3\n"))
    first = [t.to_pylist() for t in file.batches()]
    assert file.bad == [BadRow(2, "1 columns instead of 2", "1")]
    assert [t.to_pylist() for t in file.batches()] == first
    assert file.bad == [BadRow(2, "1 columns instead of 2", "1")] * 2
