"""The VCF reader: its conformance to the specification's own test files, and what it does with headers and lines that break the rules."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

import pytest

import lrbstore
from lrbstore.errors import ContractBroken
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.vcf import VcfFile, VcfHeader, assembly_said

HEAD = "##fileformat=VCFv4.2\n"
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
ROW = "1\t100\t.\tA\tG\t.\t.\t.\n"


def write(folder: Path, content: str | bytes, name: str = "a.vcf") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(file: VcfFile) -> list[dict]:
    return [row for batch in file.batches() for row in batch.to_pylist()]


def body_of(path: Path, header_line: int) -> list[str]:
    """Read a file's lines behind its column names, the plain way."""
    text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
    return text.split("\n")[header_line:]


# ── conformance ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", ["4.2", "4.3"])
@pytest.mark.parametrize("kind", ["passed", "failed"])
def test_no_conformance_file_crashes_and_every_body_line_is_a_row_or_a_reject(realdata: Path, version: str, kind: str) -> None:
    paths = sorted((realdata / "vcf_conformance" / version / kind).glob("*.vcf"))
    assert len(paths) >= 25
    refused = []
    for path in paths:
        try:
            file = VcfFile(path)
        except ContractBroken:
            refused.append(path.name)
            continue
        body = body_of(path, file.header_line)
        rows = rows_of(file)
        assert len(rows) + len(file.bad) == len(body), path.name
        for row in rows:
            cells = body[row["source_line"] - file.header_line - 1].split("\t")
            assert [row[c] for c in file.header.columns] == cells[: len(file.header.columns)], path.name
            assert row.get("samples", "") == "\t".join(cells[9:]), path.name
        for bad in file.bad:
            assert bad.raw == body[bad.line - file.header_line - 1]
            assert bad.reason
        if kind == "passed":
            assert file.bad == [], path.name
    # What has no column POS, or no line at all.
    assert refused == {
        ("4.2", "failed"): ["failed_header_000.vcf"],
        ("4.3", "failed"): ["failed_empty.vcf", "failed_empty_sample.vcf", "failed_header_000.vcf"],
    }.get((version, kind), [])


@pytest.mark.slow
@pytest.mark.parametrize("version", ["4.2", "4.3"])
def test_every_conformance_file_goes_the_whole_way(realdata: Path, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through typing, SQL and the table's contract: the files' assemblies are invented, so that one is given here."""
    from lrbstore.ingest.dbsnp import load

    monkeypatch.setattr(load, "describe_file", lambda part, path: {"assembly": "GRCh37", "version": "1"})
    raw = tmp_path / "raw"
    raw.mkdir()
    bodies: dict[str, list[str]] = {}
    first: dict[str, int] = {}
    for kind in ("passed", "failed"):
        # A few failed files of each sort: the reader itself has been through all of them.
        paths = sorted((realdata / "vcf_conformance" / version / kind).glob("*.vcf"))
        for path in paths if kind == "passed" else [p for p in paths if "_body_" in p.name][::3]:
            file = VcfFile(path)
            name = f"dbsnp_{kind}_{path.name}"
            shutil.copyfile(path, raw / name)
            bodies[name], first[name] = body_of(path, file.header_line), file.header_line + 1
    outcome = ingest(tmp_path / "store", "dbsnp", [raw])
    assert {file.name for file in outcome.loaded} | set(outcome.known) == set(bodies)
    with lrbstore.open(tmp_path / "store") as store:
        loaded = store.sql("select distinct source_file, source_line from known_variant").fetchall()
        rejected = store.sql("select source_file, source_line, reason, raw from reject").fetchall()
        spelt = store.sql("select count(*) from known_variant where (variant_id is null) <> (allele_note is not null)").fetchall()
    assert spelt == [(0,)]
    for file in outcome.loaded:
        lines = {line for name, line in loaded if name == file.name}
        out = {line: reason for name, line, reason, _ in rejected if name == file.name}
        n = len(bodies[file.name])
        assert (file.rows_in, file.rows_loaded, file.rows_rejected) == (n, len(lines), len(out)), file.name
        assert lines | set(out) == set(range(first[file.name], first[file.name] + n)), file.name
        if file.name.startswith("dbsnp_passed"):
            # Legitimately without a place: a contig that no assembly has, a telomere (POS 0), a place beyond the contig's end.
            assert all(reason.startswith(("CHROM: contig", "POS: 0 is before", "POS: ")) for reason in out.values()), (file.name, out)


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_cut_is_put_aside_with_line_and_reason(tmp_path: Path) -> None:
    lines = [ROW, "1\t2\n", "\n", "#late\n", ROW.rstrip("\n") + "\t\t\n", ROW.rstrip("\n") + "\tx\n", "\t\n", ROW]
    file = VcfFile(write(tmp_path, HEAD + NAMES + "".join(lines)))
    assert [row["source_line"] for row in rows_of(file)] == [3, 7, 10]
    assert [(bad.line, bad.reason) for bad in file.bad] == [
        (4, "2 columns instead of 8"),
        (5, "the line is empty"),
        (6, "a header line stands among the rows"),
        (8, "9 columns instead of 8"),
        (9, "the line is empty"),
    ]


def test_a_line_that_is_no_utf8_costs_itself_only(tmp_path: Path) -> None:
    file = VcfFile(write(tmp_path, (HEAD + NAMES + ROW).encode() + b"1\t101\t\xff\tA\tG\t.\t.\t.\n" + ROW.encode()))
    assert [row["source_line"] for row in rows_of(file)] == [3, 5]
    assert [(bad.line, bad.reason) for bad in file.bad] == [(4, "not UTF-8: byte 0xff")]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_line_ends_make_no_difference(tmp_path: Path, end: str, last: bool) -> None:
    text = (HEAD + NAMES + ROW + ROW).replace("\n", end)
    file = VcfFile(write(tmp_path, text if last else text.removesuffix(end)))
    assert [(row["source_line"], row["INFO"]) for row in rows_of(file)] == [(3, "."), (4, ".")]
    assert file.bad == []


def bgzip(data: bytes, size: int) -> bytes:
    """Pack as bgzip does: members of their own with the field BC, and an empty one at the end."""
    out = b""
    for piece in [*(data[i : i + size] for i in range(0, len(data), size)), b""]:
        pack = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = pack.compress(piece) + pack.flush()
        total = len(body) + 25
        out += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0" + total.to_bytes(2, "little") + body
        out += zlib.crc32(piece).to_bytes(4, "little") + len(piece).to_bytes(4, "little")
    return out


@pytest.mark.parametrize("name", ["a.vcf.gz", "a.vcf.bgz", "a.vcf"])
def test_packing_is_told_by_the_bytes(tmp_path: Path, name: str) -> None:
    data = (HEAD + NAMES + ROW * 5_000).encode()
    for packed in (gzip.compress(data, mtime=0), bgzip(data, 10_000), data):
        assert len(rows_of(VcfFile(write(tmp_path, packed, name)))) == 5_000


def test_rows_over_many_blocks_keep_their_lines(tmp_path: Path) -> None:
    rows = [f"1\t{i}\t.\tA\tG\t.\t.\t{'x' * (i % 300)}\n" for i in range(1, 60_001)]
    rows[40_000] = "broken\n"
    file = VcfFile(write(tmp_path, HEAD + NAMES + "".join(rows)))
    assert [(row["source_line"] - 2) - int(row["POS"]) for row in rows_of(file)] == [0] * 59_999
    assert [bad.line for bad in file.bad] == [40_003]


def test_a_truncated_file_is_one_clear_error(tmp_path: Path) -> None:
    data = gzip.compress((HEAD + NAMES + "".join(f"1\t{i}\t.\tA\tG\t.\t.\tX={i * i}\n" for i in range(200_000))).encode(), mtime=0)
    file = VcfFile(write(tmp_path, data[: len(data) // 2], "a.vcf.gz"))
    with pytest.raises(ContractBroken, match="cannot be read to its end"):
        rows_of(file)


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_header_is_taken_apart(tmp_path: Path) -> None:
    head = VcfFile(
        write(
            tmp_path,
            HEAD + "##reference=file:///x.fa\n##reference=second\n##contig=<ID=1,length=249250621,assembly=b37>\n"
            '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency, \\"AF\\" > 0">\n'
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n' + NAMES.rstrip("\n") + "\tFORMAT\tS1\tS2\n",
        )
    ).header
    assert (head.fileformat, head.reference) == ("VCFv4.2", ["file:///x.fa", "second"])
    assert head.contigs == {"1": {"length": "249250621", "assembly": "b37"}}
    assert head.declared["INFO"]["AF"]["Description"] == 'Frequency, \\"AF\\" > 0'
    assert list(head.declared["FORMAT"]) == ["GT"]
    assert (head.samples, head.has_format, head.width, head.problems) == (["S1", "S2"], True, 11, [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (NAMES + ROW, "does not stand once, on line 1: not said"),
        ("##fileformat=VCF v4.2\n" + NAMES + ROW, "VCF v4.2"),
        (HEAD + "a stray line\n" + NAMES + ROW, "line 2 does not start with ##"),
        (HEAD + "##nothing\n" + NAMES + ROW, "line 2 is not of the form"),
        (HEAD + '##INFO=<ID=A,Description="open\n' + NAMES + ROW, "line 2: ##INFO=<…> is not closed"),
        (HEAD + "##INFO=<Number=1>\n" + NAMES + ROW, "line 2: ##INFO=<…> has no ID"),
        (HEAD + "##contig=<ID=1>\n##contig=<ID=1>\n" + NAMES + ROW, "contig 1 is declared a second time"),
        (HEAD + NAMES.replace("\t", " ") + ROW, "parted by spaces"),
        (HEAD + NAMES.rstrip("\n") + "\t\n" + ROW, "end in a tab"),
        (HEAD + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tINFO\tFILTER\n" + ROW, "the fixed columns are"),
        (HEAD.encode() + b"##x=\xff\n" + (NAMES + ROW).encode(), "line 2 is not UTF-8"),
        ("\ufeff" + HEAD + NAMES + ROW, None),
    ],
    ids=["none", "format", "stray", "no key", "open", "no ID", "twice", "spaces", "tab", "order", "bytes", "mark"],
)
def test_a_header_problem_is_a_fact_and_the_row_is_read(tmp_path: Path, content: str | bytes, problem: str | None) -> None:
    file = VcfFile(write(tmp_path, content))
    assert [(row["CHROM"], row["POS"], row["REF"], row["ALT"]) for row in rows_of(file)] == [("1", "100", "A", "G")]
    assert len(file.header.problems) == (problem is not None)
    assert problem is None or problem in file.header.problems[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "not a VCF"),
        (b"gene,tpm\nA,1\n", "not a VCF"),
        (HEAD.encode() + ROW.encode() * 200, "not a VCF"),
        (HEAD.encode() * 3, "not a VCF"),
        (b"BCF\x02\x02\0\0", "bcftools view"),
        (b"\x89PNG\0\0\n", "it is not text"),
        (b"x" * (5 << 20), "more than 4,194,304 bytes"),
        (HEAD.encode() + b"#CHROM\tPOSITION\tREF\tALT\n", "lacks the column POS"),
        (HEAD.encode() + b"#CHROM\tPOS\tREF\tREF\tALT\n", "REF more than once"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
    ],
    ids=["empty", "blank", "csv", "no names", "header only", "BCF", "PNG", "one line", "POS", "REF", "pointer", "gzip"],
)
def test_what_is_no_vcf_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ContractBroken, match=said):
        VcfFile(write(tmp_path, content))


# ── assemblies ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def header(tmp_path: Path, *lines: str) -> VcfHeader:
    return VcfFile(write(tmp_path, HEAD + "".join(line + "\n" for line in lines) + NAMES)).header


@pytest.mark.parametrize(
    ("line", "name", "want"),
    [
        ("##reference=GRCh37.p13", "a.vcf", "GRCh37"),
        ("##reference=ftp://ftp.ncbi.nlm.nih.gov/GCF_000001405.25_GRCh37.p13.fna", "a.vcf", "GRCh37"),
        ("##reference=file:///seq/Homo_sapiens_assembly38.fasta", "a.vcf", "GRCh38"),
        ("##contig=<ID=1,assembly=b37>", "a.vcf", "GRCh37"),
        ("##contig=<ID=chr21,length=46709983>", "a.vcf", "GRCh38"),
        ("##contig=<ID=chr21,length=48129895>", "a.vcf", "GRCh37"),
        ("##reference=human.fa", "a.hg38.vcf", "GRCh38"),
        ("##reference=human.fa", "GCF_000001405.40.vcf", "GRCh38"),
        ("##contig=<ID=20,length=62435964,assembly=B36>", "a.vcf", "NCBI36"),
    ],
)
def test_an_assembly_is_read_wherever_it_is_said(tmp_path: Path, line: str, name: str, want: str) -> None:
    assert assembly_said(header(tmp_path, line), Path(name)) == want


def test_an_assembly_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match="does not say its assembly"):
        assembly_said(header(tmp_path, "##contig=<ID=1,length=5>"), Path("a.vcf"))
    with pytest.raises(ContractBroken, match=r"two assemblies \(GRCh37 by ##reference; GRCh38 by ##contig lengths\)"):
        assembly_said(header(tmp_path, "##reference=hg19", "##contig=<ID=chr21,length=46709983>"), Path("a.vcf"))
    with pytest.raises(ContractBroken, match="two assemblies"):
        assembly_said(header(tmp_path, "##reference=hg19"), Path("a.GRCh38.vcf"))
