"""Reporter assays of 3'UTRs: every cell of the real files, published correlations of published predictions, and groups that splits keep."""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lrbstore
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.pipeline import ingest
from lrbstore.ingest.reading import DelimitedFile
from lrbstore.ingest.spec import find_files, source
from lrbstore.layout import sql_folder

GRIESEMER, SIEGEL = "utr3_mpra_griesemer", "utr3_mpra_siegel"
FIXTURES = Path(__file__).parent / "sources"
LINES = ("HEK293FT", "HEPG2", "HMEC", "K562", "GM12878", "SKNSH")
#: Rows and rejected rows of the real files.
ROWS = {
    "griesemer2021_ENCFF090JTW.fasta.gz": ("oligos", 19_078, 0),
    "griesemer2021_ENCFF770UJN.fasta.gz": ("oligos", 25_408, 1),
    "griesemer2021_mpra.txt.gz": ("measurements", 15_266, 0),
    "griesemer2021_mpra_with_saluki_predictions.txt.gz": ("predictions", 15_137, 0),
    "siegel2022_fastUTR_mpra.txt.gz": ("measurements", 31_054, 0),
    "siegel2022_fastUTR_mpra_variants_Beas2B.txt.gz": ("variants", 4_462, 0),
    "siegel2022_fastUTR_mpra_variants_Jurkat.txt.gz": ("variants", 35_682, 0),
    "siegel2022_saluki_predictions.txt.gz": ("predictions", 31_054, 0),
    "siegel2022_saluki_predictions_variants_Beas2B.txt.gz": ("variant_predictions", 2_231, 0),
    "siegel2022_saluki_predictions_variants_Jurkat.txt.gz": ("variant_predictions", 17_841, 0),
}
#: Pearson correlation of Saluki's predictions by cell line, and on how many examples.
GOLDEN = {
    GRIESEMER: {
        "HMEC": (0.381, 30_148), "K562": (0.243, 30_148), "SKNSH": (0.201, 30_148), "GM12878": (0.122, 30_148),
        "HEK293FT": (0.092, 30_144), "HEPG2": (0.065, 30_148),
    },
    SIEGEL: {"Jurkat": (0.420, 30_253), "Beas2B": (0.561, 7_613)},
    "utr3_mpra_siegel_variant": {"Jurkat": (0.323, 17_841), "Beas2B": (0.475, 2_231)},
}  # fmt: skip


def read(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as handle:
        return [line.rstrip("\n").split("\t") for line in handle]


def number(text: str) -> float:
    return math.nan if text == "NA" else float(text)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture(scope="module")
def folder(realdata: Path) -> Path:
    return realdata / "utr3"


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrbstore.Store]:
    path = tmp_path_factory.mktemp("utr3")
    loaded = [i for name in (GRIESEMER, SIEGEL) for i in ingest(path, name, [folder]).loaded]
    assert {i.name: (i.part, i.rows_in, i.rows_rejected) for i in loaded} == ROWS
    assert all(i.rows_in == i.rows_loaded + i.rows_rejected for i in loaded)
    with lrbstore.open(path) as opened:
        yield opened


# ── the real files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_every_cell_of_the_real_measurements_is_kept(store: lrbstore.Store, folder: Path) -> None:
    header, *rows = read(folder / "griesemer2021_mpra.txt.gz")
    want = {}
    for row in rows:
        for column, text in zip(header[1:], row[1:], strict=True):
            _, what, line = column.split("_")
            want[row[0], None if what == "Skew" else what.lower(), line] = None if text == "NA" else float(text)
    query = f"select variant_name, allele, cell_line, value from oligo_measurement where source = '{GRIESEMER}'"
    assert {row[:3]: row[3] for row in store.sql(query).fetchall()} == want
    assert len(want) == 18 * 15_266

    query = "select sequence_id, cell_line, value from oligo_measurement where quantity = 'stability' order by source_line, cell_line desc"
    rows = read(folder / "siegel2022_fastUTR_mpra.txt.gz")
    flat = [(md5(row[0]), line, None if row[k] == "NA" else float(row[k])) for row in rows for k, line in ((1, "Jurkat"), (2, "Beas2B"))]
    assert store.sql(query).fetchall() == flat
    for line in ("Jurkat", "Beas2B"):
        columns, there = "sequence_id, value, allele, pair", f"source_file like '%variants_{line}%'"
        query = f"select {columns} from oligo_measurement where {there} order by source_line"
        rows = read(folder / f"siegel2022_fastUTR_mpra_variants_{line}.txt.gz")
        assert store.sql(query).fetchall() == [(md5(s), float(x), ("alt", "ref")[i % 2], i // 2 + 1) for i, (s, x) in enumerate(rows)]


@pytest.mark.slow
def test_every_record_of_the_real_libraries_is_kept_under_each_of_its_names(store: lrbstore.Store, folder: Path) -> None:
    for library in ("ENCFF090JTW", "ENCFF770UJN"):
        with gzip.open(folder / f"griesemer2021_{library}.fasta.gz", "rt") as handle:
            records = [piece.split("\n", 1) for piece in handle.read().split(">")[1:] if piece.count("<") == 0]
        if library == "ENCFF770UJN":  # the sequence of one record holds the letters <LEH>
            records = [(name, text) for name, text in records if not name.startswith("LEH")]
        sequences = {name: text.replace("\n", "") for name, text in records}
        query = f"select oligo_id, sequence, sequence_id, gc from oligo where library = '{library}'"
        found = store.sql(query).fetchall()
        lost = {"esv2672388_alt"} if library == "ENCFF770UJN" else set()
        assert {row[0] for row in found} == {one for name in sequences for one in name.split("/")} - lost
        assert all(row[2] == md5(row[1]) and row[3] == sum(map(row[1].count, "GC")) / len(row[1]) for row in found)
        # the other form of the library is its sequences, in its order: it adds nothing
        alone = [row[0] for row in read(folder / f"griesemer2021_{library}.sequences.txt.gz")]
        assert len(alone) == ROWS[f"griesemer2021_{library}.fasta.gz"][1]
        assert {row[1] for row in found} == set(alone) - {s for s in alone if "<" in s}


@pytest.mark.slow
def test_known_correlations_come_out_from_the_files_alone_and_through_the_store(store: lrbstore.Store, folder: Path) -> None:
    plain: dict[str, dict[str, tuple[list[float], list[float]]]] = {task: {} for task in GOLDEN}
    header, *rows = read(folder / "griesemer2021_mpra_with_saluki_predictions.txt.gz")
    named = [dict(zip(header, row, strict=True)) for row in rows]
    for line in LINES:
        labels = [number(row[f"log2FoldChange_{a}_{line}"]) for a in ("Ref", "Alt") for row in named]
        plain[GRIESEMER][line] = labels, [float(row[f"{a}_pred"]) for a in ("Ref", "Alt") for row in named]
    predicted = {s: float(x) for s, x in read(folder / "siegel2022_saluki_predictions.txt.gz")[1:]}
    rows = read(folder / "siegel2022_fastUTR_mpra.txt.gz")
    for k, line in ((1, "Jurkat"), (2, "Beas2B")):
        plain[SIEGEL][line] = [number(row[k]) for row in rows], [predicted[row[0]] for row in rows]
        changes = {s: float(x) for s, x in read(folder / f"siegel2022_saluki_predictions_variants_{line}.txt.gz")[1:]}
        pairs = read(folder / f"siegel2022_fastUTR_mpra_variants_{line}.txt.gz")[::2]
        plain["utr3_mpra_siegel_variant"][line] = [float(x) for _, x in pairs], [changes[s] for s, _ in pairs]

    for name, by_line in GOLDEN.items():
        task = lrbstore.task(name, store=store)
        assert task.splits == ("test",)
        assert task.test.dropped().num_rows == 0
        query = (
            f"select e.example_id, p.\"values\"[1] as prediction from {name}.examples as e join prediction as p on p.task = '{name}' and "
        )
        frame = store.sql(query + "p.example_id = e.example_id and p.model = 'saluki' and p.predictor = 'zero_shot'").pl()
        assert len(frame) == len(task.test)  # each example has a prediction: no score stands on fewer
        found = task.score(frame, by="cell_line").filter((pl.col("metric") == "pearson") & (pl.col("stratifier") == "cell_line"))
        scores = {row["stratum"]: (row["value"], row["n"]) for row in found.to_dicts()}
        assert set(scores) == set(by_line)
        for line, (r, n) in by_line.items():
            labels, numbers = (np.array(one) for one in plain[name][line])
            known = np.isfinite(labels)
            assert np.corrcoef(labels[known], numbers[known])[0, 1] == pytest.approx(scores[line][0], abs=1e-6)
            assert (round(scores[line][0], 3), scores[line][1], int(known.sum())) == (r, n, n)


@pytest.mark.slow
def test_what_has_no_example_is_what_has_no_prediction(store: lrbstore.Store, folder: Path) -> None:
    measured = {row[0] for row in read(folder / "griesemer2021_mpra.txt.gz")[1:]}
    predicted = {row[4] for row in read(folder / "griesemer2021_mpra_with_saluki_predictions.txt.gz")[1:]}
    query = f"select distinct variant_name from oligo where source = '{GRIESEMER}' and allele is not null"
    named = {row[0] for row in store.sql(query).fetchall()}
    assert measured - named == measured - predicted
    assert len(measured - named) == 129
    # predictions are also of examples without a label
    for name, n in ((GRIESEMER, 12 * 63 + 4), (SIEGEL, 2 * 31_054 - 30_253 - 7_613), ("utr3_mpra_siegel_variant", 0)):
        query = f"select count(*) from prediction where task = '{name}' and example_id not in (select example_id from {name}.examples)"
        assert store.sql(query).fetchall() == [(n,)]


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_groups_are_the_connected_ones_and_no_split_parts_them(store: lrbstore.Store, folder: Path, name: str) -> None:
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        parent.setdefault(one, one)
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    if name == GRIESEMER:
        query = f"select variant_name, sequence_id from oligo where source = '{GRIESEMER}' and allele is not null"
        for variant, sequence in store.sql(query).fetchall():
            found = re.match(r"((rs|ss|esv|nsv)\d+|[0-9XY]+_\d+)", variant)
            parent[root(found[0] if found else variant)] = root(sequence)
    else:
        for line in ("Jurkat", "Beas2B"):
            rows = read(folder / f"siegel2022_fastUTR_mpra_variants_{line}.txt.gz")
            for alt, ref in zip(rows[::2], rows[1::2], strict=True):
                parent[root(md5(alt[0]))] = root(md5(ref[0]))
    rows = store.sql(f"select distinct chrom, oligo_group from {name}.examples").fetchall()
    both = {(root(sequence), group) for sequence, group in rows}
    assert len(both) == len({a for a, _ in both}) == len({b for _, b in both})  # one group for each connected part, and the other way round
    sides: dict[str, set[str]] = defaultdict(set)
    n = {}
    for split in ("train", "validation", "test"):
        ids = store.sql(f"select chrom, oligo_group from {name}.held_out_{split}").fetchall()
        n[split] = len(ids)
        for sequence, _ in ids:
            sides[root(sequence)].add(split)
    assert max(map(len, sides.values())) == 1
    assert 0.76 < n["train"] / sum(n.values()) < 0.84
    assert sum(n.values()) == len(lrbstore.task(name, store=store).test)


@pytest.mark.slow
def test_a_change_puts_the_alternative_oligo_in_the_place_of_the_reference(store: lrbstore.Store) -> None:
    sequences = dict(store.sql("select sequence_id, sequence from siegel_oligo").fetchall())
    for chrom, pos, ref, alt, other in store.sql(
        "select chrom, pos, ref, alt, alt_oligo from utr3_mpra_siegel_variant.examples"
    ).fetchall():
        own = sequences[chrom]
        assert own[pos - 1 : pos - 1 + len(ref)] == ref
        assert own[: pos - 1] + alt + own[pos - 1 + len(ref) :] == sequences[other]
        assert min(len(ref), len(alt)) == 1 or (ref[0] != alt[0] and ref[-1] != alt[-1])


# ── which file is which ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_files_are_known_by_what_they_hold_under_upstreams_names_and_others(tmp_path: Path) -> None:
    sabeti, siegel = tmp_path / "Fig6_S7" / "Sabeti_testSet", tmp_path / "Fig6_S7" / "Siegel_testSet"
    shutil.copytree(FIXTURES / GRIESEMER / "raw", sabeti)
    shutil.copytree(FIXTURES / SIEGEL / "raw", siegel)
    for path in [*sabeti.glob("*.txt"), *siegel.glob("*.txt")]:  # as they come: gzipped, two of them of one name
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    parts = {name: {path.name: part.name for part, path in find_files(source(name), [tmp_path])} for name in (GRIESEMER, SIEGEL)}
    assert parts == {
        GRIESEMER: {
            "ENCFF900AAA.fasta": "oligos", "ENCFF900BBB.fasta": "oligos", "fastUTR_mpra.txt.gz": "measurements",
            "fastUTR_mpra_with_predictions.txt.gz": "predictions",
        },
        SIEGEL: {
            "fastUTR_mpra.txt.gz": "measurements", "fastUTR_mpra_Beas2B.txt.gz": "variants", "fastUTR_mpra_Jurkat.txt.gz": "variants",
            "fastUTR_MPRA_predictions.txt.gz": "predictions", "fastUTR_MPRA_predictions_Jurkat.txt.gz": "variant_predictions",
        },
    }  # fmt: skip
    others = tmp_path / "others"
    others.mkdir()
    names = {
        sabeti / "fastUTR_mpra.txt.gz": "griesemer2021_mpra.txt.gz",
        sabeti / "fastUTR_mpra_with_predictions.txt.gz": "griesemer2021_mpra_2.txt.gz",  # its columns tell
        siegel / "fastUTR_mpra.txt.gz": "siegel2022_values.txt.gz",
        siegel / "fastUTR_mpra_Jurkat.txt.gz": "siegel2022_pairs_jurkat.txt.gz",
        siegel / "fastUTR_MPRA_predictions.txt.gz": "siegel2022_saluki.txt.gz",
    }
    for path, name in names.items():
        shutil.copy(path, others / name)
    said = {path.name: part.name for name in (GRIESEMER, SIEGEL) for part, path in find_files(source(name), [others])}
    assert said == {
        names[folder / path]: parts[name][path]
        for name, folder in ((GRIESEMER, sabeti), (SIEGEL, siegel))
        for path in parts[name]
        if folder / path in names
    }
    with pytest.raises(MissingData, match="nothing of source 'utr3_mpra_siegel'"):
        find_files(source(SIEGEL), [sabeti])
    with pytest.raises(MissingData, match="nothing of source 'utr3_mpra_griesemer'"):
        find_files(source(GRIESEMER), [siegel])


@pytest.mark.parametrize(
    ("name", "file", "text", "said"),
    [
        (GRIESEMER, "fastUTR_mpra.txt", "variant\tlog2FC\nrs1\t1\n", "its first line 'variant.tlog2FC' is no header of this assay"),
        (GRIESEMER, "fastUTR_mpra.txt", "", "its first line '' is no header"),
        (
            GRIESEMER,
            "fastUTR_mpra.txt",
            "mpra_variant_id\tlog2FoldChange_Ref_HMEC\nrs1\t1\n",
            "lacks the columns log2FoldChange_Skew_HEK293FT",
        ),
        (GRIESEMER, "fastUTR_mpra.txt", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a git-lfs pointer"),
        (GRIESEMER, "ENCFF900AAA.fasta", "ACGT\n>rs1_ref\nACGT\n", "line 1 is 'ACGT'; expected a FASTA file"),
        (GRIESEMER, "ENCFF900AAA.fasta", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "is a git-lfs pointer"),
        (SIEGEL, "fastUTR_mpra.txt", "sequence\tJurkat\tBeas2B\nACGT\t1\t2\n", "is that of no file of this assay"),
        (SIEGEL, "fastUTR_mpra.txt", "ACGT\t1\t2\t3\n", "is that of no file of this assay"),
        (SIEGEL, "fastUTR_mpra.txt", "ACGT,1,2\n", "is that of no file of this assay"),
        (SIEGEL, "fastUTR_mpra.txt", "", "is that of no file of this assay"),
        (
            SIEGEL,
            "fastUTR_mpra_K562.txt",
            "ACGT\t1\nACGA\t0\n",
            "its name does not say in which; expected one that ends in Jurkat or Beas2B",
        ),
    ],
)
def test_a_file_of_another_layout_is_refused_whole(name: str, file: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / file).write_text(text)
    with pytest.raises(ContractBroken, match=said):
        ingest(tmp_path / "store", name, [tmp_path / "raw"])
    assert not list((tmp_path / "store").rglob("*.parquet"))


def test_a_download_that_broke_off_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"{'ACGT' * 10}{md5(str(i)).translate(str.maketrans('0123456789abcdef', 'ACGT' * 4))}\t0.5\tNA\n" for i in range(3_000))
    whole = gzip.compress(rows.encode())
    (tmp_path / "fastUTR_mpra.txt.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ContractBroken, match="cannot be read to its end"):
        ingest(tmp_path / "store", SIEGEL, [tmp_path / "fastUTR_mpra.txt.gz"])


# ── small mechanisms ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["plain.txt", "packed.txt.gz"])
def test_a_file_without_a_header_keeps_its_first_line_and_its_numbers(name: str, end: str, tmp_path: Path) -> None:
    content = end.join(["A\t1", "C\t2\t3", "", "G\t4"]).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    file = DelimitedFile(tmp_path / name, "\t", False, names=("base", "number"))
    rows = [row for batch in file.batches() for row in batch.to_pylist()]
    assert [tuple(row.values()) for row in rows] == [("A", "1", 1), ("", "", 3), ("G", "4", 4)]  # a blank line is rejected later
    assert [(row.line, row.reason) for row in file.bad] == [(2, "3 columns instead of 2")]
    with pytest.raises(ContractBroken, match="its first line has 2 columns; expected a file without a header, of 3: a, b, c"):
        DelimitedFile(tmp_path / name, "\t", False, names=("a", "b", "c"))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute((sql_folder() / "macros" / "sequences.sql").read_text(encoding="utf-8"))
        yield connection


SEQUENCES = st.tuples(st.text("AC", max_size=300), st.text("AC", max_size=6), st.text("AC", max_size=6), st.text("AC", max_size=300))


def alike(a: str, b: str) -> int:
    """Count the letters that two texts begin with alike."""
    return next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


@settings(max_examples=30)
@given(st.lists(SEQUENCES, min_size=1, max_size=20))
def test_what_two_sequences_have_in_common_is_as_counted(con: duckdb.DuckDBPyConnection, pieces: list[tuple[str, str, str, str]]) -> None:
    pairs = [(head + one + tail, head + other + tail) for head, one, other, tail in pieces]
    query = "select common_prefix(pair[1], pair[2]), common_suffix(pair[1], pair[2]) from (select unnest($pairs) as pair)"
    found = con.execute(query, {"pairs": [list(pair) for pair in pairs]}).fetchall()
    assert found == [(alike(a, b), alike(a[::-1], b[::-1])) for a, b in pairs]


@pytest.mark.slow
def test_simulated_predictions_say_something_of_simulated_labels(demo_store: Path) -> None:
    with lrbstore.open(demo_store) as opened:
        query = "select corr(e.label, p.\"values\"[1]) from {0}.examples as e join prediction as p using (example_id) where p.task = '{0}'"
        for name in GOLDEN:
            assert opened.sql(query.format(name)).fetchall()[0][0] > 0.2
        with (FIXTURES / GRIESEMER / "expected" / "oligo.csv").open(newline="") as handle:
            known = set(next(csv.reader(handle)))
        assert known <= {row[0] for row in opened.sql("describe oligo").fetchall()}
        joined = "select count(distinct o.rs_id) from oligo as o join variant_record as r on r.rs_id = o.rs_id"
        assert opened.sql(joined).fetchall()[0][0] > 10  # simulated sources join
