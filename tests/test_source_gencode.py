"""GENCODE: files read back by a plain reading of GTF, attributes of every kind, and files that are not what they should be."""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lrbstore
from lrbstore.engine import connect
from lrbstore.errors import ContractBroken
from lrbstore.ingest.gencode import load, simulate
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.simulation import World, build_world, gene_counts
from lrbstore.manifest import version_key

RAW = Path(__file__).resolve().parent / "sources" / "gencode" / "raw"
HEAD = (
    "##description: evidence-based annotation of the human genome (GRCh38), version 45 (Ensembl 111)\n##provider: GENCODE\n##format: gtf\n"
)
GENE = 'chr1\tHAVANA\tgene\t1\t900\t.\t+\t.\tgene_id "ENSG00900000001.1"; gene_type "lncRNA"; gene_name "A"; level 2;\n'


# ── a plain reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def attributes(text: str) -> dict[str, list[str]]:
    """Read a ninth column letter by letter."""
    found: dict[str, list[str]] = defaultdict(list)
    i = 0
    while i < len(text):
        if text[i] in " ;":
            i += 1
            continue
        end = text.index(" ", i)
        key, i = text[i:end], end + 1
        while text[i] == " ":
            i += 1
        if text[i] == '"':
            end = text.index('"', i + 1)
            value, i = text[i + 1 : end], end + 1
        else:
            end = next((j for j in range(i, len(text)) if text[j] in "; "), len(text))
            value, i = text[i:end], end
        found[key].append(value)
    return dict(found)


def plain(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Read a GTF whose rows are all good: genes, transcripts with their pieces, and the number of rows."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.name.endswith(".gz") else raw).decode()
    genes, transcripts = [], {}
    pieces: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    n = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            continue
        n += 1
        chrom, _, feature, start, end, _, strand, _, words = line.split("\t")
        said = attributes(words)
        row = {
            "source_line": number,
            "chrom": chrom,
            "start": int(start) - 1,
            "end": int(end),
            "strand": strand,
            "tss_pos": int(end) if strand == "-" else int(start),
            "symbol": said["gene_name"][0],
            "gene_type": said["gene_type"][0],
            "upstream_gene_id": said["gene_id"][0],
            "gene_id": said["gene_id"][0].partition(".")[0],
            "level": int(said["level"][0]),
            "tags": said.get("tag"),
        }
        if feature == "gene":
            genes.append(row)
        elif feature == "transcript":
            row |= {"transcript_id": said["transcript_id"][0].partition(".")[0], "transcript_type": said["transcript_type"][0]}
            transcripts[said["transcript_id"][0]] = row
        else:
            pieces[said["transcript_id"][0]][feature].append((int(start) - 1, int(end)))
    for name, row in transcripts.items():
        own = pieces[name]
        for feature, lists in (
            ("exon", "exon"),
            ("CDS", "cds"),
            ("UTR", "utr"),
            ("start_codon", "start_codon"),
            ("stop_codon", "stop_codon"),
        ):
            blocks = sorted(own[feature])
            row[f"{lists}_starts"] = [b[0] for b in blocks] or None
            row[f"{lists}_ends"] = [b[1] for b in blocks] or None
        # base by base: what is exon behind the last base that is coding or of the stop codon, as the transcript is read
        coding = {i for lo, hi in own["CDS"] for i in range(lo, hi)}
        stop = {i for lo, hi in own["stop_codon"] for i in range(lo, hi)}
        exon = {i for lo, hi in own["exon"] for i in range(lo, hi)}
        rest = exon - coding - stop if coding else set()
        first, last = min(coding, default=0), max(coding, default=0)
        left, right = {i for i in rest if i < first}, {i for i in rest if i > last}
        before, behind = (left, right) if row["strand"] == "+" else (right, left)
        row["utr3"], row["utr5"] = behind, before
    return genes, list(transcripts.values()), n


def rows_of(store: lrbstore.Store, table: str, columns: list[str]) -> list[dict[str, Any]]:
    found = store.sql(f"select * from {table} order by source_line").pl().to_dicts()
    return [{c: row[c] for c in columns} for row in found]


def see_same(path: Path, store: Path, *, rejected: int = 0) -> None:
    genes, transcripts, n = plain(path)
    (file,) = ingest(store, "gencode", [path]).loaded
    assert (file.rows_in, file.rows_loaded, file.rows_rejected) == (n, n - rejected, rejected)
    with lrbstore.open(store) as opened:
        assert rows_of(opened, "gencode_gene", list(genes[0])) == genes
        got = opened.sql("select * from gencode_transcript order by source_line").pl().to_dicts()
        assert len(got) == len(transcripts)
        for row, want in zip(got, transcripts, strict=True):
            for side in ("utr3", "utr5"):
                bases = want.pop(side)
                starts, ends = row[f"{side}_starts"] or [], row[f"{side}_ends"] or []
                assert {i for lo, hi in zip(starts, ends, strict=True) for i in range(lo, hi)} == bases
            assert {c: row[c] for c in want} == want
            assert row["cds_start"] == (min(row["cds_starts"]) if row["cds_starts"] else None)
            assert row["cds_end"] == (max(row["cds_ends"]) if row["cds_ends"] else None)
            assert len(row["exon_ids"]) == len(row["exon_starts"])


@pytest.mark.parametrize("name", ["gencode.v19.CNTN4.GRCh37.gtf.gz", "gencode.v19.chr20_250k.GRCh37.gtf.gz"])
def test_a_real_file_agrees_with_a_plain_reading(realdata: Path, tmp_path: Path, name: str) -> None:
    see_same(realdata / "annotation" / name, tmp_path / "store")


def test_a_real_file_of_exons_alone_is_rejected_row_by_row(realdata: Path, tmp_path: Path) -> None:
    path = realdata / "annotation" / "gencode.v24lift37.chr9.GRCh37.gtf.gz"  # cut by someone who left the other rows out
    (file,) = ingest(tmp_path, "gencode", [path]).loaded
    assert (file.version, file.assembly, file.rows_in, file.rows_loaded, file.rows_rejected) == ("24", "GRCh37", 5_964, 0, 5_964)
    with lrbstore.open(tmp_path) as store:
        (first,) = store.sql("select reason, raw from reject order by source_line limit 1").fetchall()
    assert first[0] == "the file has no row for its transcript ENST00000421620.2_1"
    with gzip.open(path, "rt") as handle:
        assert first[1] == next(handle).rstrip("\n")


@pytest.mark.slow
def test_the_order_of_the_rows_makes_no_difference(tmp_path: Path) -> None:
    lines = (RAW / "gencode.v45.annotation.gtf").read_text().splitlines(keepends=True)
    good = lines[5:38]
    for name, rows in (("a", good), ("b", sorted(good, key=lambda line: (line.split("\t")[0], int(line.split("\t")[3]))))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gencode.v45.annotation.gtf").write_text("".join([*lines[:5], *rows]))
        assert ingest(tmp_path / name / "store", "gencode", [tmp_path / name]).loaded[0].rows_rejected == 0
    found = []
    for name in ("a", "b"):
        with lrbstore.open(tmp_path / name / "store") as store:
            query = "select * exclude (source_line, folded_lines) from gencode_transcript order by record_id"
            found.append(store.sql(query).fetchall())
    assert found[0] == found[1]


def test_pieces_that_are_cut_apart_by_a_chunk_find_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_CHUNK", 2)
    monkeypatch.setattr("lrbstore.ingest.vcf._BLOCK", 1_000)
    lines = (RAW / "gencode.v45.annotation.gtf").read_text().splitlines(keepends=True)
    path = tmp_path / "gencode.v45.annotation.gtf"
    path.write_text(
        "".join(line for line in lines[:38] if "_PAR_Y" not in line and "\tSelenocysteine\t" not in line and "note" not in line)
    )
    see_same(path, tmp_path / "store")


# ── attributes ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from(["gene_id", "transcript_id", "exon_id", "tag", "ont", "level", "a_b", "transcript_id_2"])
QUOTED = st.text(alphabet="abE1.;_ ='\"".replace('"', ""), max_size=12) | st.sampled_from(["a; transcript_id ", "x; exon_id", "; gene_id "])
BARE = st.text(alphabet="ab1._-", min_size=1, max_size=5)
PAIRS = st.lists(st.tuples(NAMES, QUOTED.map(lambda v: (v, True)) | BARE.map(lambda v: (v, False))), max_size=8)


def test_text_cut_at_once_gives_the_rows_that_it_gives_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        b"##x",
        b"#y",
        b"",
        b" ",
        b"a\tb",
        b"\xff\t" * 9,
        b"\xff" + b"\t" * 8,
        b"\xef\xbb\xbf" + b"\t" * 8,
        b'"\t"' + b"\t" * 7,
        b"\t" * 8,
    ]
    odd += [b"a\rb" + b"\t" * 8, "é\t1\tNA".encode() + b"\t" * 6 + b'x "a;b";', b"\t" * 9]
    row = GENE.strip().encode()
    path = tmp_path / "a.gtf"
    for end in (b"\n", b"\r\n"):
        for last in (b"", end, end * 2):
            path.write_bytes(end.join([row, row, *(line for one in odd for line in (one, row, row))]) + last)
            for block in (100, 150, 400, 5000):
                monkeypatch.setattr("lrbstore.ingest.vcf._BLOCK", block)
                quick, slow = [], []
                at_once = pa.concat_tables(load._rows(path, quick))
                with monkeypatch.context() as patch:
                    patch.setattr(load, "_plain_rows", lambda text, number: None)
                    assert at_once.equals(pa.concat_tables(load._rows(path, slow)))
                assert quick == slow
                assert len(at_once) > 2 * len(odd)


@pytest.fixture(scope="module")
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(PAIRS, st.booleans())
def test_attributes_are_read_as_they_were_written(scratch: duckdb.DuckDBPyConnection, pairs: list, closed: bool) -> None:
    text = "; ".join(f'{key} "{value}"' if quoted else f"{key} {value}" for key, (value, quoted) in pairs) + ";" * (closed and bool(pairs))
    want = attributes(text)
    assert sum(map(len, want.values())) == len(pairs)
    query = "select gtf_is_well_formed(a), gtf_keys(a), gtf_values(a), gtf_all(gtf_keys(a), gtf_values(a), 'tag') from (select ? as a)"
    good, keys, values, tags = scratch.execute(query, [text]).fetchall()[0]
    assert good
    assert list(zip(keys, values, strict=True)) == [(key, value) for key, (value, _) in pairs]
    assert tags == want.get("tag")
    for name in ("transcript_id", "exon_id"):  # the reader of pieces has a way of its own to these two
        frame = load._pieces(_piece(text))
        column = "transcript" if name == "transcript_id" else name
        assert frame[column].to_list() == [want[name][0] if name in want else None], text


def _piece(text: str) -> Any:
    import pyarrow as pa

    cells = {key: ["1"] for key in load.COLUMNS} | {"feature": ["exon"], "attribute": [text]}
    return pa.table({**cells, "source_line": [1]})


@pytest.mark.parametrize(
    "text",
    [
        'gene_id "a',
        'gene_id "a"b";',
        'gene_id="a"',
        "ID=gene1;Name=x",
        'gene_id "a" tag "b";',
        "gene_id ;",
        ';; gene_id "a"; "b";',
    ],
)
def test_what_is_no_list_of_attributes_is_told(scratch: duckdb.DuckDBPyConnection, text: str) -> None:
    assert scratch.execute("select gtf_is_well_formed(?)", [text]).fetchall() == [(False,)]


@pytest.mark.parametrize(
    ("name", "stem", "version", "mapping", "par"),
    [
        ("ENSG00000290825.1", "ENSG00000290825", 1, None, False),
        ("ENSG00000002586.20_PAR_Y", "ENSG00000002586", 20, None, True),
        ("ENSGR0000002586.13", "ENSG00000002586", 13, None, True),  # up to release 24
        ("ENSTR0000381192.3", "ENST00000381192", 3, None, True),
        ("ENSG00000236875.3_1", "ENSG00000236875", 3, 1, False),
        ("ENSG00000002586.20_7_PAR_Y", "ENSG00000002586", 20, 7, True),
        ("ENSG00000002586.20_PAR_Y_7", "ENSG00000002586", 20, 7, True),
        ("ENSG00000290825", "ENSG00000290825", None, None, False),
        ("gene_7", "gene", None, None, False),
    ],
)
def test_ids_come_apart(scratch: duckdb.DuckDBPyConnection, name: str, stem: str, version: Any, mapping: Any, par: bool) -> None:
    query = "select ensembl_stem(i), ensembl_version(i), ensembl_mapping(i), ensembl_is_par_y(i) from (select ? as i)"
    assert scratch.execute(query, [name]).fetchall() == [(stem, version, mapping, par)]


# ── releases ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def described(tmp_path: Path, name: str, text: str) -> tuple[Any, ...]:
    path = tmp_path / name
    path.write_text(text)
    said = load.describe_file(None, path)  # type: ignore[arg-type]
    return said["version"], said["assembly"], said["constants"]["annotation"]


@pytest.mark.parametrize(
    ("name", "head", "want"),
    [
        ("gencode.v45.annotation.gtf", HEAD, ("45", "GRCh38", "GENCODE v45")),
        ("gencode.v45.basic.annotation.gtf", HEAD, ("basic.45", "GRCh38", "GENCODE v45 basic")),
        ("gencode.v45.primary_assembly.annotation.gtf", HEAD, ("primary_assembly.45", "GRCh38", "GENCODE v45 primary_assembly")),
        (
            "gencode.v45lift37.basic.annotation.gtf",
            HEAD.replace(" (GRCh38)", "").replace("111)", "111), mapped to GRCh37 with gencode-backmap"),
            ("basic.45", "GRCh37", "GENCODE v45lift37 basic"),
        ),
        ("gencode.v19.annotation.gtf", HEAD.replace("GRCh38", "GRCh37").replace("45", "19"), ("19", "GRCh37", "GENCODE v19")),
        ("gencode.v19.annotation.gtf", "", ("19", "GRCh37", "GENCODE v19")),
        ("gencode.v45.GRCh38.gtf", "", ("45", "GRCh38", "GENCODE v45")),
        ("mine.gtf", HEAD, ("45", "GRCh38", "GENCODE v45")),
    ],
)
def test_a_file_says_its_release_and_assembly(tmp_path: Path, name: str, head: str, want: tuple[str, ...]) -> None:
    assert described(tmp_path, name, head + GENE) == want


@pytest.mark.slow
def test_a_part_of_a_release_never_stands_in_the_place_of_the_full_one(tmp_path: Path) -> None:
    assert sorted(["46", "basic.46", "45", "primary_assembly.45", "basic.45"], key=version_key) == [
        "basic.45",
        "basic.46",
        "primary_assembly.45",
        "45",
        "46",
    ]
    ingest(tmp_path, "gencode", [RAW / "gencode.v45.annotation.gtf", RAW / "gencode.v45lift37.annotation.gtf"])
    count = "select count(*) from {}.gencode_transcript where assembly = 'GRCh38'"
    with lrbstore.open(tmp_path) as store:
        before = store.sql(count.format("main")).fetchall()
    (tmp_path / "gencode.v46.basic.annotation.gtf").write_text(
        (RAW / "gencode.v45.basic.annotation.gtf").read_text().replace("version 45", "version 46")
    )
    ingest(tmp_path, "gencode", [tmp_path / "gencode.v46.basic.annotation.gtf"])
    with lrbstore.open(tmp_path) as store:
        assert store.sql(count.format("main")).fetchall() == before == [(5,)]
        assert store.sql(count.format("history")).fetchall() == [(6,)]
        assert store.sql("select distinct annotation from gene order by all").fetchall() == [("GENCODE v45",), ("GENCODE v45lift37",)]


# ── files that are not what they should be ───────────────────────────────────────────────────────────────────────────────────────────

GFF3 = "chr1\tHAVANA\tgene\t1\t900\t.\t+\t.\tID=ENSG00900000001.1;gene_id=ENSG00900000001.1;gene_name=A\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gencode.v46.annotation.gtf", HEAD + GENE, "is of release 46 by its name and of 45 by its header"),
        ("gencode.v45lift37.annotation.gtf", HEAD + GENE, "is of assembly GRCh37 by its name and of GRCh38 by its header"),
        ("gencode.v45.annotation.gtf", GENE, "does not say its assembly"),
        ("gencode.v45.annotation.gtf", "##gff-version 3\n" + HEAD.replace("gtf", "gff3") + GFF3, "is a GFF3 by its first lines"),
        ("gencode.v45.annotation.gtf", HEAD.replace("gtf", "gff3") + GFF3, "is a GFF3 by its first lines"),
        ("gencode.v45.annotation.gtf", HEAD + GFF3, "is a GFF3 by its first lines"),
        ("gencode.vM34.annotation.gtf", HEAD.replace("human", "mouse").replace("GRCh38", "GRCm39").replace("45", "M34") + GENE, "mouse"),
        ("gencode.v45.annotation.gtf", "", "is empty or no GTF"),
        ("gencode.v45.annotation.gtf", HEAD, "is empty or no GTF"),
        ("gencode.v45.annotation.gtf", "<!DOCTYPE html>\n<html></html>\n", "is empty or no GTF"),
        ("gencode.v45.annotation.gtf", "version https://git-lfs.github.com/spec/v1\noid\n", "is a git-lfs pointer"),
        ("gencode.v45.annotation.gtf", "\x00\x01\x02" * 500, "is empty or no GTF"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ContractBroken, match=re.escape(said)) as caught:
        ingest(tmp_path / "store", "gencode", [tmp_path / name])
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.3, 0.98])
def test_a_download_that_broke_off_is_refused(tmp_path: Path, share: float) -> None:
    rows = "".join(GENE.replace("00001.1", f"{n:05d}.1") for n in range(1, 20_000))
    whole = gzip.compress((HEAD + rows).encode())
    path = tmp_path / "gencode.v45.annotation.gtf.gz"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ContractBroken, match="cannot be read to its end"):
        ingest(tmp_path / "store", "gencode", [path])
    assert not list((tmp_path / "store").glob("releases/*"))


def test_an_unpacked_download_that_broke_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gencode.v45.annotation.gtf").write_text(HEAD + GENE + GENE.partition("; gene_type")[0])
    with pytest.raises(ContractBroken, match="does not end with the end of a line"):
        ingest(tmp_path / "store", "gencode", [tmp_path])


def test_every_row_of_a_file_of_faults_is_accounted_for(tmp_path: Path) -> None:
    (file,) = ingest(tmp_path, "gencode", [RAW / "gencode.v45.annotation.gtf"]).loaded
    lines = (RAW / "gencode.v45.annotation.gtf").read_text().splitlines()
    assert file.rows_in == len(lines) - 5 == file.rows_loaded + file.rows_rejected
    assert sum(file.facts["features"].values()) == file.rows_in - 2  # one of eight columns, one empty
    with lrbstore.open(tmp_path) as store:
        rejects = store.sql("select source_line, raw from reject order by source_line").fetchall()
        assert [raw for _, raw in rejects] == [lines[number - 1] for number, _ in rejects]
        lists = ("exon", "cds", "utr", "start_codon", "stop_codon", "selenocysteine")
        query = f"select {' + '.join(f'coalesce(sum(len({name}_starts)), 0)' for name in lists)} from gencode_transcript"
        pieces = store.sql(query).fetchall()[0][0]
        rows = store.sql("select (select count(*) from gencode_gene) + (select count(*) from gencode_transcript)").fetchall()[0][0]
    assert pieces + rows == file.rows_loaded  # what was folded is there
    assert Counter(line.split("\t")[2] for line in lines[5:38])["exon"] == 8


# ── one gene, one row ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_gene_is_looked_up_once_whatever_annotations_are_there(tmp_path: Path) -> None:
    """LRB's genes and two releases stand side by side: gene has a row for each, gene_on one for each gene."""
    (tmp_path / "bulk_rna_expression").mkdir()
    (tmp_path / "bulk_rna_expression" / "gene_coordinates.csv").write_text(
        "id,symbol,chrom,strand,TSS,CAGE_representative_TSS,type,split\n"
        "ENSG00900000001,AONE,chr1,+,905,911,protein_coding,train\n"
        "ENSG00900000099,ONLY,chr8,-,5,7,lincRNA,test\n"
    )
    tracks = ",".join(f"Track {t}" for t in range(218))
    values = "\n".join(",".join(["0.5"] * 218) for _ in range(2))
    (tmp_path / "bulk_rna_expression" / "rna_expression_values.csv").write_text(f"{tracks}\n{values}\n")
    ingest(tmp_path / "store", "lrb", [tmp_path / "bulk_rna_expression"])
    ingest(tmp_path / "store", "gencode", [RAW])
    with lrbstore.open(tmp_path / "store") as store:
        rows = store.sql(
            "select annotation, tss_pos, cage_tss_pos from gene where gene_id = 'ENSG00900000001' and assembly = 'GRCh37' order by 1"
        )
        assert rows.fetchall() == [("ExPecto", 905, 911), ("GENCODE v45lift37", 901, None)]
        columns = "annotation, annotations, tss_pos, cage_tss_pos, symbol_rank"
        rows = store.sql(
            f"select {columns} from gene_on('GRCh37') where gene_id in ('ENSG00900000001', 'ENSG00900000099') order by gene_id"
        )
        assert rows.fetchall() == [
            ("GENCODE v45lift37", ["ExPecto", "GENCODE v45lift37"], 901, 911, 1),
            ("ExPecto", ["ExPecto"], 5, 7, 1),
        ]
        rows = store.sql("select gene_id, symbol, chrom, symbol_rank from gene_on('GRCh38') order by gene_id").fetchall()
        assert rows == [
            ("ENSG00900000001", "AONE", "chr1", 1),
            ("ENSG00900000002", "BTWO", "chr2", 1),
            ("ENSG00900000003", "CPAR", "chrX", 1),
            ("ENSG00900000004", "AONE", "chrM", 2),
        ]
        assert store.sql("select gene_id, symbol, chrom, symbol_rank from gene_on('hg38') order by gene_id").fetchall() == rows
        with pytest.raises(Exception, match=r"unknown assembly hg18; known: GRCh37 \(hg19, b37\), GRCh38 \(hg38\)"):
            store.sql("select count(*) from gene_on('hg18')").fetchall()
        # Tasks and views on genes read LRB's own table: a second annotation adds no row to them.
        assert store.sql("select count(*), count(distinct example_id) from bulk_rna_expression.examples").fetchall() == [(2, 2)]
        assert store.sql("select count(*) from gene_expression").fetchall() == [(2 * 218,)]


# ── the simulated release ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    out = tmp_path_factory.mktemp("world")
    (out / "gencode").mkdir()
    made = build_world(out, scale=0.003, seed=0, with_faults=True)
    simulate.simulate(made, out / "gencode")
    return made


def test_the_simulated_release_has_the_published_size_at_scale_1() -> None:
    assert simulate.counts(1, sum(gene_counts(1).values())) == (63_187, 252_835)


@pytest.mark.slow
def test_simulated_files_load_but_for_their_faults_and_agree_with_the_world(world: World, tmp_path: Path) -> None:
    outcome = ingest(tmp_path, "gencode", [world.root / "gencode"], simulated=True)
    assert {f.assembly: f.rows_rejected for f in outcome.loaded} == {"GRCh38": len(world.faults), "GRCh37": 0}
    with lrbstore.open(tmp_path) as store:
        rejected = store.sql("select source_line, raw from reject order by source_line").fetchall()
        assert rejected == [(fault.line, fault.text) for fault in world.faults]
        for assembly in ("GRCh37", "GRCh38"):
            query = "select gene_id, symbol, chrom, strand, tss_pos - 1 from gene_on($a) where gene_id < 'ENSG0095' order by gene_id"
            rows = store.sql(query, params={"a": assembly}).fetchall()
            own = world.genes
            want = sorted(zip(*(a.tolist() for a in (own.gene_id, own.symbol, own.chrom, own.strand, own.tss[assembly])), strict=True))
            assert set(rows) <= set(want)
            assert len(rows) == len(want) if assembly == "GRCh38" else len(rows) > 0.9 * len(want)
        # Blocks of one kind never overlap, lie in exons, and a whole coding sequence is made of codons.
        coding = "from gencode_transcript where cds_start is not null and assembly = 'GRCh38'"
        sums = "list_sum(cds_ends) - list_sum(cds_starts), len(stop_codon_starts), cds_frames[case strand when '+' then 1 else -1 end]"
        rows = store.sql(f"select {sums} {coding}").fetchall()
        assert len(rows) > 500
        assert all(n % 3 == 0 for n, stop, _ in rows if stop)
        assert {frame for _, _, frame in rows} == {0}
        exon, parts = "list_sum(exon_ends) - list_sum(exon_starts)", []
        for part in ("utr5", "utr3", "cds", "stop_codon"):
            parts.append(f"coalesce(list_sum({part}_ends) - list_sum({part}_starts), 0)")
        assert store.sql(f"select count(*) {coding} and {exon} <> {' + '.join(parts)}").fetchall() == [(0,)]
        par = "select gene_id, chrom from gencode_gene where is_par_y or gene_id in (select gene_id from gencode_gene where is_par_y)"
        assert Counter(chrom for _, chrom in store.sql(par).fetchall()) == {"chrX": 3, "chrY": 3}


def test_simulated_rows_agree_with_a_plain_reading(world: World, tmp_path: Path) -> None:
    (raw,) = (world.root / "gencode").glob("*lift37*")
    lines = gzip.decompress(raw.read_bytes()).decode().splitlines(keepends=True)
    path = tmp_path / "gencode.v900lift37.annotation.gtf"
    path.write_text("".join([*lines[:5], *(line for line in lines[5:] if line.startswith("chrY\t"))]))
    see_same(path, tmp_path / "store")
