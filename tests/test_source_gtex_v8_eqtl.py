"""GTEx v8 lead variants: the layout, the real files value by value, and the guard against a genome of another assembly."""

from __future__ import annotations

import gzip
import math
import runpy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyfaidx
import pytest
from asking import ask

import lrbstore
from lrbstore.errors import ContractBroken, MissingData, WrongAssembly
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.pipeline import Outcome, ingest
from lrbstore.ingest.spec import source

HERE = Path(__file__).resolve().parent
RAW = HERE / "sources" / "gtex_v8_eqtl" / "raw"
COLUMNS = list(source("gtex_v8_eqtl").part[0].columns)
HEADER, GOOD = (line.split("\t") for line in (RAW / "Whole_Blood.v8.egenes.txt").read_text().splitlines()[:2])
#: Upstream's columns that go by another name in gtex_eqtl; the rest keep theirs.
RENAMED = {
    "gene_name": "gene_symbol",
    "chr": "chrom",
    "variant_pos": "pos",
    "variant_id": "gtex_variant_id",
    "rs_id_dbSNP151_GRCh38p7": "rs_id",
}
#: Set A of the real files: GRCh38 chr21, 1-based and inclusive.
SLICE = (24_985_581, 26_000_306)


def snapshot(store: Path) -> dict[str, bytes]:
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*")) if p.is_file()}


def line(**changes: str) -> str:
    assert set(changes) <= set(HEADER)
    return "\t".join(changes.get(name, cell) for name, cell in zip(HEADER, GOOD, strict=True))


def variant(chrom: str, pos: int, ref: str, alt: str, **changes: str) -> str:
    return line(chr=chrom, variant_pos=str(pos), ref=ref, alt=alt, variant_id=f"{chrom}_{pos}_{ref}_{alt}_b38", **changes)


def write(folder: Path, lines: list[str], name: str = "Whole_Blood.v8.egenes.txt") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(["\t".join(HEADER), *lines]) + "\n")
    return folder


# ── the layout ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fixture_has_gtexs_33_columns() -> None:
    assert HEADER == COLUMNS
    assert len(COLUMNS) == 33


@pytest.mark.slow
def test_gzip_and_plain_text_give_the_same_rows(tmp_path: Path) -> None:
    ingest(tmp_path / "plain", "gtex_v8_eqtl", [RAW])
    (tmp_path / "raw").mkdir()
    for path in RAW.iterdir():
        (tmp_path / "raw" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    ingest(tmp_path / "gzip", "gtex_v8_eqtl", [tmp_path / "raw"])
    for table in ("gtex_eqtl", "gtex_eqtl_pair"):
        query = f"select * exclude (source_file) from {table} order by tissue, source_line"
        assert ask(tmp_path / "plain", query) == ask(tmp_path / "gzip", query) != []
    assert {row[0] for row in ask(tmp_path / "gzip", "select distinct source_file from variant_record")} == {
        f"{p.name}.gz" for p in RAW.iterdir()
    }


def test_the_tissue_is_the_files_and_other_files_are_left_alone(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for i, name in enumerate(("Cells_EBV-transformed_lymphocytes", "Brain_Nucleus_accumbens_basal_ganglia", "Lung")):
        write(raw, [line(num_var=str(i))], f"{name}.v8.egenes.txt")
    write(raw, [line()], "Lung.v8.sgenes.txt")
    write(raw, [line()], "Lung.v7.egenes.txt")
    ingest(tmp_path / "store", "gtex_v8_eqtl", [raw])
    with lrbstore.open(tmp_path / "store") as store:
        assert store.sql("select tissue_name, tissue, source_version from gtex_eqtl order by 1").fetchall() == [
            ("Brain_Nucleus_accumbens_basal_ganglia", "Brain Nucleus Accumbens Basal Ganglia", "v8"),
            ("Cells_EBV-transformed_lymphocytes", "Cells EBV-Transformed Lymphocytes", "v8"),
            ("Lung", "Lung", "v8"),
        ]
        assert store.sql("select count(*) from source_file").fetchall() == [(3,)]
        task = lrbstore.task("gvrep_eqtl_pval", 64, store=store, tissue="lung | GTEx")
        assert task.train.rows(["tissue_name"])["tissue_name"].to_pylist() == ["Lung"]


def test_other_files_alone_are_missing_data(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", [line()], "Lung.v8.sgenes.txt")
    with pytest.raises(MissingData, match=r"nothing of source 'gtex_v8_eqtl'.*\*\.v8\.egenes\.txt\.gz"):
        ingest(tmp_path / "store", "gtex_v8_eqtl", [raw])
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("how", ["fewer", "more", "renamed"])
def test_a_header_of_another_release_is_refused(how: str, tmp_path: Path) -> None:
    ingest(tmp_path / "store", "gtex_v8_eqtl", [write(tmp_path / "good", [line()])])
    before = snapshot(tmp_path / "store")
    header, cells = list(HEADER), list(GOOD)
    if how == "fewer":
        header, cells = header[:-1], cells[:-1]
    elif how == "renamed":
        header[header.index("maf")] = "MAF"
    else:
        header, cells = ["extra", *header], ["1", *cells]
    (tmp_path / "Lung.v8.egenes.txt").write_text("\t".join(header) + "\n" + "\t".join(cells) + "\n")
    if how == "more":  # a further column is no reason to refuse
        outcome = ingest(tmp_path / "store", "gtex_v8_eqtl", [tmp_path / "Lung.v8.egenes.txt"])
        assert (outcome.loaded[0].rows_loaded, outcome.loaded[0].facts) == (1, {"extra_columns": ["extra"]})
        return
    missing = "maf" if how == "renamed" else "log2_aFC_upper"
    with pytest.raises(ContractBroken, match=f"lacks the column {missing}; .*required for egenes: gene_id, "):
        ingest(tmp_path / "store", "gtex_v8_eqtl", [tmp_path / "Lung.v8.egenes.txt"])
    assert snapshot(tmp_path / "store") == before


@pytest.mark.parametrize("column", COLUMNS)
def test_na_in_any_column_is_null_or_the_rows_rejection(column: str, na: dict[str, Any]) -> None:
    rejected = {"gene_id": "gene_id is missing", "variant_id": "gtex_variant_id is missing", "chr": "chr: contig '' is not in GRCh38",
                "variant_pos": "pos is missing", "ref": "ref is missing", "alt": "alt is missing"}  # fmt: skip
    for spelling in ("NA", ".", ""):
        row, reason = na[column, spelling]
        if column in rejected:
            assert (row, reason) == (None, rejected[column])
        else:
            assert reason is None
            assert row[RENAMED.get(column, column)] is None
            others = {RENAMED.get(c, c) for c in COLUMNS} - {RENAMED.get(column, column), "gene_id"}
            assert all(row[other] is not None for other in others)


@pytest.fixture(scope="module")
def na(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[dict[str, Any] | None, str | None]]:
    """Load a file in which each cell in turn says "no value" in each spelling; give the row, or why it was rejected."""
    folder = tmp_path_factory.mktemp("na")
    cases = [(column, spelling) for column in COLUMNS for spelling in ("NA", ".", "")]
    ingest(folder / "store", "gtex_v8_eqtl", [write(folder / "raw", [line(**{column: spelling}) for column, spelling in cases])])
    with lrbstore.open(folder / "store") as store:
        relation = store.sql("select * from gtex_eqtl")
        rows = {row["source_line"]: row for row in (dict(zip(relation.columns, r, strict=True)) for r in relation.fetchall())}
        reasons = dict(store.sql("select source_line, reason from reject").fetchall())
    return {case: (rows.get(i), reasons.get(i)) for i, case in enumerate(cases, 2)}


@pytest.mark.parametrize("column", [c for c, t in source("gtex_v8_eqtl").part[0].columns.items() if t != "VARCHAR"])
def test_what_is_no_number_rejects_its_row(column: str, spoilt: dict[str, list[str]]) -> None:
    whole = source("gtex_v8_eqtl").part[0].columns[column] == "BIGINT"
    cells = ["abc", "1_000", "inf", "nan", "0x1F", *(["0.5"] if whole else [])]
    assert spoilt[column] == [f"{column}: {cell!r} is not a {'whole' if whole else 'finite'} number" for cell in cells]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("spoilt")
    types = {c: t for c, t in source("gtex_v8_eqtl").part[0].columns.items() if t != "VARCHAR"}
    cases = [(c, cell) for c, t in types.items() for cell in ["abc", "1_000", "inf", "nan", "0x1F", *(["0.5"] if t == "BIGINT" else [])]]
    ingest(folder / "store", "gtex_v8_eqtl", [write(folder / "raw", [line(), *(line(**{c: cell}) for c, cell in cases)])])
    assert ask(folder / "store", "select source_line from gtex_eqtl") == [(2,)]
    found = ask(folder / "store", "select source_line, reason from reject order by 1")
    assert [at for at, _ in found] == list(range(3, len(cases) + 3))
    reasons: dict[str, list[str]] = {}
    for (column, _), (_, reason) in zip(cases, found, strict=True):
        reasons.setdefault(column, []).append(reason)
    return reasons


def test_alleles_of_every_kind_on_every_contig(tmp_path: Path) -> None:
    lines = [
        variant("chr1", 100, "A", "G"),
        variant("chrX", 101, "A", "AGG"),
        variant("chr22", 102, "ACT", "A"),
        variant("chr2", 103, "AC", "GT"),
        variant("chr3", 104, "ACG", "AT"),
        variant("chrX", 156_040_895, "T", "C"),
        variant("chrX", 156_040_896, "T", "C"),
    ]
    ingest(tmp_path / "store", "gtex_v8_eqtl", [write(tmp_path / "raw", lines)])
    with lrbstore.open(tmp_path / "store") as store:
        found = store.sql(
            "select e.source_line, v.variant_type, v.ref_check from gtex_eqtl as e join variant as v using (variant_id) order by 1"
        )
        assert found.fetchall() == [
            (line, kind, "unchecked") for line, kind in enumerate(["snv", "insertion", "deletion", "mnv", "indel", "snv"], 2)
        ]
        assert store.sql("select source_line from reject").fetchall() == [(8,)]


def test_a_p_value_that_underflowed_has_no_logarithm(tmp_path: Path) -> None:
    lines = [line(pval_nominal=p) for p in ("0", "0.0", "1e-300", "4.9e-324", "1", "NA")]
    ingest(tmp_path / "store", "gtex_v8_eqtl", [write(tmp_path / "raw", lines)])
    found = ask(tmp_path / "store", "select pval_nominal, neg_log10_p, label_text from gtex_eqtl order by source_line")
    assert found[:3] == [(0.0, None, "significant"), (0.0, None, "significant"), (1e-300, 300.0, "significant")]
    assert found[3][0] == 5e-324
    assert math.isclose(found[3][1], 323.306, rel_tol=1e-5)
    assert found[4:] == [(1.0, 0.0, "not_significant"), (None, None, None)]


# ── the guard against a genome of another assembly ───────────────────────────────────────────────────────────────────────────────


def alleles_file(folder: Path, n: int, swapped: int, mismatched: int) -> tuple[Path, Path]:
    """Write a small FASTA and n single-base variants on it, of which some have REF and ALT exchanged, and some have neither right."""
    rng = np.random.default_rng(n + swapped + mismatched)
    bases = rng.choice(list("ACGT"), 2_000)
    folder.mkdir()
    fasta = folder / "small.fa"
    fasta.write_text(">chr22\n" + "".join(bases) + "\n")
    lines = []
    for i, at in enumerate(rng.permutation(1_900)[:n].tolist()):
        here = str(bases[at])
        others = sorted(set("ACGT") - {here})
        if i < swapped:
            lines.append(variant("chr22", at + 1, others[0], here))
        elif i < swapped + mismatched:
            lines.append(variant("chr22", at + 1, others[0], others[1]))
        else:
            lines.append(variant("chr22", at + 1, here, others[0]))
    return write(folder / "raw", lines), fasta


@pytest.mark.parametrize(
    ("n", "swapped", "mismatched", "wrong"),
    [
        (100, 21, 0, False),
        (100, 0, 20, False),
        (100, 0, 21, True),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                (100, 100, 0, False),  # a source that exchanges REF and ALT throughout is on the right assembly
                (100, 21, 20, False),
                (100, 45, 55, True),
                (29, 0, 29, False),  # too few to tell
                (30, 0, 30, True),
            )
        ),
    ],
)
def test_only_alleles_that_fit_neither_way_speak_against_a_genome(
    n: int, swapped: int, mismatched: int, wrong: bool, tmp_path: Path
) -> None:
    raw, fasta = alleles_file(tmp_path / "files", n, swapped, mismatched)
    genome_last, genome_first = tmp_path / "genome_last", tmp_path / "genome_first"
    ingest(genome_last, "gtex_v8_eqtl", [raw])
    add_genome(genome_first, "GRCh38", fasta, simulated=True)
    before = snapshot(genome_last), snapshot(genome_first)
    if wrong:
        says = f"{mismatched} of {n} alleles of GRCh38 .* agree with .*small.fa neither as REF nor as ALT"
        with pytest.raises(WrongAssembly, match=says):
            add_genome(genome_last, "GRCh38", fasta, simulated=True)
        with pytest.raises(WrongAssembly, match=says):
            ingest(genome_first, "gtex_v8_eqtl", [raw])
        assert (snapshot(genome_last), snapshot(genome_first)) == before
        return
    add_genome(genome_last, "GRCh38", fasta, simulated=True)
    ingest(genome_first, "gtex_v8_eqtl", [raw])
    want = {"match": n - swapped - mismatched, "swapped": swapped, "mismatch": mismatched}
    for store in (genome_last, genome_first):
        assert dict(ask(store, "select ref_check, count(*) from variant group by 1")) == {k: v for k, v in want.items() if v}


# ── the real files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

Real = tuple[Path, Outcome, pl.DataFrame]


@pytest.fixture(scope="module")
def real(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Ten whole files of GTEx v8 in a store, and the same files as text by another reader."""
    files = sorted((realdata / "gtex_v8").glob("*.v8.egenes.txt.gz"))
    assert len(files) == 10
    frames = [
        pl.read_csv(f, separator="\t", infer_schema=False, quote_char=None).with_columns(
            pl.lit(f.name).alias("file"), (pl.int_range(pl.len()) + 2).alias("line")
        )
        for f in files
    ]
    store = tmp_path_factory.mktemp("gtex") / "store"
    return store, ingest(store, "gtex_v8_eqtl", files), pl.concat(frames)


@pytest.mark.slow
def test_every_row_of_the_real_files_is_loaded_with_every_value(real: Real) -> None:
    store, outcome, text = real
    assert {f.name: f.rows_in for f in outcome.loaded} == dict(text.group_by("file").len().iter_rows())
    assert all(f.rows_in == f.rows_loaded + f.rows_rejected for f in outcome.loaded)
    assert sum(f.rows_rejected for f in outcome.loaded) == 0
    with lrbstore.open(store) as opened:
        held = opened.sql("select * from gtex_eqtl order by source_file, source_line").pl()
    text = text.sort("file", "line")
    assert (held["source_file"] == text["file"]).all()
    assert (held["source_line"] == text["line"]).all()
    types = source("gtex_v8_eqtl").part[0].columns
    for name in COLUMNS:
        theirs = text[name].replace(["NA", ".", ""], [None, None, None])
        if name == "gene_id":
            mine = held["gene_id"] + "." + held["gene_version"].cast(pl.String)
        else:
            mine = held[RENAMED.get(name, name)]
            theirs = theirs.cast({"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String}[types[name]])
        assert mine.eq_missing(theirs).all(), name
    tissues = dict(ask(store, "select distinct source_file, tissue_name || '|' || tissue from gtex_eqtl"))
    assert tissues["Cells_Cultured_fibroblasts.v8.egenes.txt.gz"] == "Cells_Cultured_fibroblasts|Cells Cultured Fibroblasts"
    assert tissues["Whole_Blood.v8.egenes.txt.gz"] == "Whole_Blood|Whole Blood"
    ids = ask(store, "select count(*), count(distinct record_id) from gtex_eqtl")
    assert ids == [(held.height, held.height)]


@pytest.fixture(scope="module")
def with_slice(real: Real, realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of that store with the real piece of GRCh38's chr21 as its genome, and the FASTA."""
    folder = tmp_path_factory.mktemp("slice")
    fasta = folder / "chr21.fa"
    runpy.run_path(str(realdata / "build_genome.py"))["main"]("GRCh38", str(fasta), "chr21")
    shutil.copytree(real[0], folder / "store")
    add_genome(folder / "store", "GRCh38", fasta)
    return folder / "store", fasta


@pytest.mark.slow
def test_the_real_lead_variants_agree_with_the_real_sequence(with_slice: tuple[Path, Path]) -> None:
    store, _ = with_slice
    inside = f"chrom = 'chr21' and pos between {SLICE[0]} and {SLICE[1]}"
    assert ask(store, f"select ref_check, count(*) from variant where {inside} group by 1") == [("match", 53)]
    elsewhere = dict(ask(store, f"select ref_check, count(*) from variant where not ({inside}) group by 1"))
    assert set(elsewhere) == {"n", "contig_not_in_genome"}


@pytest.mark.slow
def test_windows_over_the_real_sequence_equal_an_independent_cut(with_slice: tuple[Path, Path], tmp_path: Path) -> None:
    store, fasta = with_slice
    chr21 = pyfaidx.Fasta(str(fasta), indexname=str(tmp_path / "chr21.fai"), sequence_always_upper=True)["chr21"]
    n, half = 2_048, 1_024
    with lrbstore.open(store) as opened:
        dataset = lrbstore.task("gvrep_eqtl_pval", n, store=opened).train
        rows = dataset.rows(["chrom", "pos", "ref", "alt", "label", "tissue_name", "pval_nominal"]).to_pylist()
        assert {row["chrom"] for row in rows} == {"chr21"}, "the other contigs are in the ledger"
        wanted = [i for i, row in enumerate(rows) if SLICE[0] + n <= row["pos"] <= SLICE[1] - n]
        assert len(wanted) > 50
        kinds = set()
        for i in wanted:
            row, example = rows[i], dataset[i]
            at = row["pos"] - 1
            long = str(chr21[at - half : at + n + len(row["ref"])])
            left, right = long[:half], long[half + len(row["ref"]) :]
            assert example["ref_forward_sequence"] == long[:n]
            assert example["alt_forward_sequence"] == (left + row["alt"] + right)[:n]
            assert "N" not in long[:n]
            assert (example["position"], example["chromosome"], example["label"]) == (row["pos"], "21", row["label"])
            assert example["ref_check"] == "match"
            kinds.add(np.sign(len(row["alt"]) - len(row["ref"])))
        assert kinds == {-1, 0, 1}, "deletions, substitutions and insertions"
        reasons = set(dataset.dropped()["reason"].to_pylist())
        assert reasons == {"contig_not_in_genome"}


@pytest.mark.slow
def test_a_grch37_piece_passed_off_as_grch38_is_refused_by_its_bases(real: Real, realdata: Path, tmp_path: Path) -> None:
    store, _, text = real
    piece = gzip.decompress((realdata / "reference" / "GRCh37.chr22.20000001-21000000.fa.gz").read_bytes()).decode()
    bases = "".join(piece.splitlines()[1:]).upper()
    length = 50_818_468  # GRCh38's chr22: by its length alone this FASTA is what it says it is
    sequence = "N" * 20_000_000 + bases + "N" * (length - 20_000_000 - len(bases))
    fasta = tmp_path / "trap.fa"
    fasta.write_text(">chr22\n" + "\n".join(sequence[i : i + 1_000_000] for i in range(0, length, 1_000_000)) + "\n")
    counts = {"match": 0, "swapped": 0, "mismatch": 0}
    leads = text.filter(pl.col("chr") == "chr22").select(pl.col("variant_pos").cast(pl.Int64), "ref", "alt").unique()
    for pos, ref, alt in leads.iter_rows():
        there = sequence[pos - 1 : pos - 1 + max(len(ref), len(alt))]
        if "N" in there[: len(ref)]:
            continue
        counts["match" if there.startswith(ref) else "swapped" if there.startswith(alt) else "mismatch"] += 1
    assert counts == {"match": 55, "swapped": 45, "mismatch": 114}
    before = snapshot(store)
    with pytest.raises(WrongAssembly, match=r"114 of 214 alleles of GRCh38 .*trap\.fa neither as REF nor as ALT"):
        add_genome(store, "GRCh38", fasta)
    assert snapshot(store) == before


# ── significant pairs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

PAIRS = source("gtex_v8_eqtl").part[1]
KIDNEY = "Kidney_Cortex.v8.signif_variant_gene_pairs.txt.gz"


def pairs(path: Path) -> list[dict[str, str]]:
    """Read a pairs file without any of our code."""
    with gzip.open(path, "rt", newline="") as handle:
        header, *rows = (text.rstrip("\n").split("\t") for text in handle)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.slow
def test_the_real_pairs_are_loaded_with_every_value(realdata: Path, tmp_path: Path) -> None:
    path = realdata / "gtex_v8" / KIDNEY
    (loaded,) = ingest(tmp_path / "store", "gtex_v8_eqtl", [path]).loaded
    assert (loaded.part, loaded.rows_in, loaded.rows_loaded, loaded.rows_rejected) == ("signif_pairs", 111_169, 111_169, 0)
    theirs = pairs(path)
    assert list(theirs[0]) == list(PAIRS.columns)
    same = ["tss_distance", "ma_samples", "ma_count", "maf", "pval_nominal", "slope", "slope_se", "pval_nominal_threshold",
            "min_pval_nominal", "pval_beta"]  # fmt: skip
    keys = "source_line, tissue, chrom, pos, ref, alt, gene_id || '.' || gene_version"
    mine = ask(tmp_path / "store", f"select {keys}, {', '.join(same)} from gtex_eqtl_pair order by 1")
    for at, (row, text) in enumerate(zip(mine, theirs, strict=True)):
        chrom, pos, ref, alt, build = text["variant_id"].split("_")
        assert build == "b38"
        want = (at + 2, "Kidney Cortex", chrom, int(pos), ref, alt, text["gene_id"], *(float(text[name]) for name in same))
        assert row == want
    assert ask(tmp_path / "store", "select label_text, count(*) from variant_record group by all") == [("significant", 111_169)]


@pytest.mark.slow
def test_a_pair_with_the_smallest_p_value_is_that_of_the_egenes_file(realdata: Path, tmp_path: Path) -> None:
    """The two files of a tissue say the same of a gene: its best p-value, its threshold, its beta-approximated p-value."""
    folder = realdata / "gtex_v8"
    ingest(tmp_path / "store", "gtex_v8_eqtl", [folder / KIDNEY, folder / "Kidney_Cortex.v8.egenes.txt.gz"])
    query = """
        select count(*), count(*) filter (p.min_pval_nominal = g.pval_nominal), count(*) filter (p.pval_beta = g.pval_beta),
            count(*) filter (p.pval_nominal_threshold = g.pval_nominal_threshold), count(*) filter (g.qval <= 0.05)
        from gtex_eqtl_pair as p join gtex_eqtl as g using (tissue, gene_id, gene_version)"""
    assert ask(tmp_path / "store", query) == [(111_169,) * 5]


@pytest.mark.slow
def test_a_pair_and_its_lead_variant_are_one_variant(tmp_path: Path) -> None:
    ingest(tmp_path / "store", "gtex_v8_eqtl", [RAW])
    query = "select count(*) from gtex_eqtl_pair as p join gtex_eqtl as g using (variant_id, gene_id, tissue)"
    assert ask(tmp_path / "store", query)[0][0] > 0
    # A deletion that GTEx writes with a base too many has the key of the short spelling.
    text = (RAW / "Whole_Blood.v8.signif_variant_gene_pairs.txt").read_text().splitlines()
    (tmp_path / "Lung.v8.signif_variant_gene_pairs.txt").write_text(text[0] + "\n" + text[1].replace("_G_A_", "_CTGA_CA_") + "\n")
    ingest(tmp_path / "store", "gtex_v8_eqtl", [tmp_path / "Lung.v8.signif_variant_gene_pairs.txt"])
    held = ask(tmp_path / "store", "select variant_id, ref, alt from gtex_eqtl_pair where tissue = 'Lung'")
    assert held == [("GRCh38:chr1:1000101:CTG:C", "CTGA", "CA")]


def test_a_copy_under_another_tissues_name_is_refused(tmp_path: Path):
    raw, copy = RAW / "Whole_Blood.v8.egenes.txt", tmp_path / "Liver.v8.egenes.txt"
    copy.write_bytes(raw.read_bytes())
    ingest(tmp_path / "store", "gtex_v8_eqtl", [raw])
    for paths in ([copy], [raw, copy]):
        with pytest.raises(ContractBroken, match="misnamed"):
            ingest(tmp_path / "store", "gtex_v8_eqtl", paths)
    with pytest.raises(ContractBroken, match="misnamed"):
        ingest(tmp_path / "fresh", "gtex_v8_eqtl", [raw, copy])
    assert not (tmp_path / "fresh").exists()


def test_the_slope_task_has_gvreps_label_where_there_is_a_slope(tmp_path: Path) -> None:
    slopes = ["0.5", "-0.25", "0", "-1e-300", "NA"]
    ingest(tmp_path / "store", "gtex_v8_eqtl", [write(tmp_path / "raw", [line(slope=slope) for slope in slopes])])
    query = "select source_line, label, gvrep_slope, slope from gvrep_eqtl_slope.examples order by 1"
    assert ask(tmp_path / "store", query) == [
        (2, 1, "positive", 0.5),
        (3, 0, "negative", -0.25),
        (4, 1, "positive", 0.0),  # GV-Rep: whatever is not below 0
        (5, 0, "negative", -1e-300),
    ]
