"""The simulated world: layouts, alleles that the genome confirms, determinism, and a signal that differs by stratum."""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import itertools
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pyfaidx
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from lrbstore.errors import BadSpec
from lrbstore.ingest import simulation
from lrbstore.ingest.simulation import TISSUES, contig_lengths, find_motifs, motif_delta, simulate

lrb = importlib.import_module("lrbstore.ingest.lrb.simulate")
gtex = importlib.import_module("lrbstore.ingest.gtex_v8_eqtl.simulate")
sqtl = importlib.import_module("lrbstore.ingest.gtex_v8_sqtl.simulate")
clinvar = importlib.import_module("lrbstore.ingest.clinvar.simulate")
mavedb = importlib.import_module("lrbstore.ingest.mavedb.simulate")

SCALE = 0.003
REALDATA = Path(__file__).resolve().parents[2] / "shared" / "realdata"
MOTIFS = ("GATAAG", "CGGAAG", "TGAGTC", "CAGGTA", "TTCAGC")
SIGNS = np.array([1, 1, 1, -1, -1])
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


def reverse_complement(sequence):
    return sequence.translate(COMPLEMENT)[::-1]


def read_text(path):
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def motif_counts(sequence):
    return np.array([sum(sequence.startswith(motif, i) for i in range(len(sequence))) for motif in MOTIFS])


@pytest.fixture(scope="session")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "out"
    written = simulate(folder, scale=SCALE, seed=3)
    assert sorted(written) == sorted(p for p in folder.rglob("*") if p.is_file())
    return folder


@pytest.fixture(scope="session")
def smallest(tmp_path_factory):
    return simulation.build_world(tmp_path_factory.mktemp("smallest"), scale=1e-6, seed=3)


@pytest.fixture(scope="session")
def faulty(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("faulty") / "out", []
    simulate(folder, scale=SCALE, seed=3, with_faults=True, progress=said.append)
    return folder, said


@pytest.fixture(scope="session")
def genomes(out, tmp_path_factory):
    index = tmp_path_factory.mktemp("index")
    return {
        a: pyfaidx.Fasta(str(out / f"genomes/{a}.fa"), indexname=str(index / f"{a}.fai"), sequence_always_upper=True)
        for a in ("GRCh37", "GRCh38")
    }


@pytest.fixture(scope="session")
def eqtl(out):
    return pl.read_csv(out / "lrb/variant_effect_causal_eqtl/All_Tissues.csv")


@pytest.fixture(scope="session")
def egenes(out):
    files = sorted((out / "gtex_v8_eqtl").glob("*.v8.egenes.txt.gz"))
    return {p.name.split(".")[0]: [line.split("\t") for line in read_text(p).splitlines()] for p in files}


@pytest.fixture(scope="session")
def vcf(out):
    def rows(assembly):
        text = read_text(out / f"clinvar/clinvar_{clinvar.DATE}.{assembly}.vcf.gz").splitlines()
        return [line.split("\t") for line in text if not line.startswith("#")]

    return {a: rows(a) for a in ("GRCh37", "GRCh38")}


def info(row):
    return dict(item.split("=", 1) for item in row[7].split(";"))


# ── layout ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_files_lie_where_the_providers_put_them(out):
    ours = ("SIMULATED.txt", "genomes/", "chains/", "lrb/", "gtex_v8_eqtl/", "clinvar/")  # other sources see to their own
    found = {re.sub(r"[A-Z][\w-]+\.v8", "*.v8", name) for name in digests(out) if name.startswith(ours)}
    n = lrb.counts(SCALE).cage
    assert found == {
        "SIMULATED.txt",
        "genomes/GRCh37.fa",
        "genomes/GRCh38.fa",
        "chains/hg19ToHg38.over.chain.gz",
        "chains/hg38ToHg19.over.chain.gz",
        "lrb/bulk_rna_expression/gene_coordinates.csv",
        "lrb/bulk_rna_expression/rna_expression_values.csv",
        "lrb/bulk_rna_expression/label_mapping.csv",
        "lrb/variant_effect_causal_eqtl/All_Tissues.csv",
        "lrb/cage_prediction/sequences_coordinates.csv",
        "lrb/cage_prediction/label_mapping.csv",
        f"lrb/cage_prediction/targets_subset/targets-train-0-{n['train'] - 1}.npz",
        f"lrb/cage_prediction/targets_subset/targets-valid-0-{n['validation'] - 1}.npz",
        f"lrb/cage_prediction/targets_subset/targets-test-0-{n['test'] - 1}.npz",
        "gtex_v8_eqtl/*.v8.egenes.txt.gz",
        "gtex_v8_eqtl/*.v8.signif_variant_gene_pairs.txt.gz",
        f"clinvar/clinvar_{clinvar.DATE}.GRCh37.vcf.gz",
        f"clinvar/clinvar_{clinvar.DATE}.GRCh38.vcf.gz",
    }


def test_headers_are_the_providers(out, egenes):
    def first_line(path):
        return (out / "lrb" / path).read_text().split("\n", 1)[0]

    assert first_line("bulk_rna_expression/gene_coordinates.csv") == "id,symbol,chrom,strand,TSS,CAGE_representative_TSS,type,split"
    assert first_line("cage_prediction/sequences_coordinates.csv") == ",chrom,start,stop,split,npy_idx"
    assert first_line("variant_effect_causal_eqtl/All_Tissues.csv") == "CHROM,POS,REF,ALT,SNP,label,tissue,distance_to_nearest_TSS,split"
    names = first_line("bulk_rna_expression/rna_expression_values.csv").split(",")
    assert len(set(names)) == 218
    assert {"Whole Blood", "Liver", "Cell line 001"} <= set(names)
    for folder, n in (("bulk_rna_expression", 218), ("cage_prediction", 50)):
        mapping = pl.read_csv(out / "lrb" / folder / "label_mapping.csv")
        assert mapping.columns == ["index", "name"]
        assert mapping["index"].to_list() == list(range(n))
    assert all(len(row) == 33 for rows in egenes.values() for row in rows)


def test_egenes_have_the_real_columns_and_number_formats(egenes):
    path = REALDATA / "gtex_v8" / "Kidney_Cortex.v8.egenes.txt.gz"
    if not path.is_file():
        pytest.skip("the real GTEx file is not beside this checkout")
    with gzip.open(path, "rt") as handle:
        header, *real = [next(handle).rstrip("\n").split("\t") for _ in range(3_000)]
    for rows in egenes.values():
        assert rows[0] == header

    def shape(cell):
        if re.fullmatch(r"-?\d+", cell):
            return "integer"
        if match := re.fullmatch(r"-?\d+\.(\d+)", cell):
            return "six decimals" if len(match[1]) == 6 else "number"
        return "number" if re.fullmatch(r"-?\d+(\.\d+)?e-\d+", cell) else "text" if cell else "empty"

    for number, name in enumerate(header):
        seen = {shape(row[number]) for row in real}
        mine = {shape(row[number]) for rows in egenes.values() for row in rows[1:]}
        if {"number", "integer", "six decimals"} <= seen:  # %.6g gives any of them
            seen |= {"number"}
        if "number" in seen and not name.startswith("log2"):
            seen |= {"integer", "six decimals"}
        assert mine <= seen, name


@pytest.mark.parametrize(("name", "date"), [("20260226.GRCh38.cancer_genes", "20260226"), ("20191007.GRCh37.chr1_ISG15", "20191007")])
def test_clinvar_header_declares_the_fields_of_its_date(name, date):
    path = REALDATA / "clinvar" / f"clinvar_{name}.vcf.gz"
    if not path.is_file():
        pytest.skip("the real ClinVar file is not beside this checkout")
    real = [line for line in read_text(path).splitlines() if line.startswith("#")]
    mine = clinvar.header(name.split(".")[1], date).splitlines()
    cut = re.compile(r",Description=.*")
    assert [cut.sub("", line) for line in mine] == [cut.sub("", line) for line in real]


def test_genomes_have_n_runs_soft_masking_iupac_codes_and_room_for_windows(out, genomes):
    for assembly in ("GRCh37", "GRCh38"):
        lines = (out / f"genomes/{assembly}.fa").read_text().split("\n")
        assert [line[1:] for line in lines if line.startswith(">")] == [*(f"chr{n}" for n in range(1, 23)), "chrX", "chrY", "chrM"]
        assert Counter(map(len, lines)).most_common(1)[0][0] == max(map(len, lines)) == 60
        text = "".join(lines[1:5_000])
        assert {*"acgtACGTN"} <= set(text)
        lengths = {name: len(genomes[assembly][name]) for name in genomes[assembly].keys()}  # noqa: SIM118
        assert min(n for name, n in lengths.items() if name != "chrM") > 590_000
        assert max(lengths, key=lengths.get) == "chr1"
        for name in ("chr1", "chr21", "chrX"):
            sequence = str(genomes[assembly][name])
            assert sequence.startswith("N" * 300)
            assert sequence.endswith("N" * 300)
            assert "N" * 1_000 in sequence[5_000:-5_000]
            assert set(sequence) - set("ACGTN") <= set("RYSWKM")
        assert set("".join(str(genomes[assembly][f"chr{n}"]) for n in range(1, 6))) & set("RYSWKM")
    assert {name: len(genomes["GRCh38"][name]) for name in contig_lengths(SCALE)} == contig_lengths(SCALE)
    assert len(genomes["GRCh37"]["chr1"]) != len(genomes["GRCh38"]["chr1"])


# ── counts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scale_one_has_the_published_counts():
    n = lrb.counts(1)
    assert n.bulk == {"train": 22_827, "test": 990}
    assert sum(n.eqtl.values()) == 97_922
    assert n.eqtl_tissues == 49
    assert n.cage == {"train": 33_891, "validation": 2_195, "test": 1_922}
    assert sum(math.ceil(size / 1_000) for size in n.cage.values()) == 39
    rows = gtex.counts(1)
    assert len(rows) == len(set(TISSUES)) == 49
    assert sum(rows.values()) == 1_207_976
    assert set(rows.values()) == {24_652, 24_653}
    assert (len(sqtl.counts(1)), sum(sqtl.counts(1).values())) == (49, 618_932)
    assert clinvar.counts(1) == {"GRCh37": 2_081_600, "GRCh38": 2_081_600}
    assert mavedb.counts(1) == mavedb.Counts(sets=1_373, dna_sets=1_304, rows=6_456_426, usable=3_166_541)
    assert 290e6 < sum(contig_lengths(1).values()) < 310e6


@pytest.mark.parametrize("scale", [1e-9, 0.003, 0.01, 0.05, 0.1, 0.3, 1])
def test_the_world_has_enough_genes_and_no_split_is_empty(scale):
    n, genes = lrb.counts(scale), simulation.gene_counts(scale)
    assert n.eqtl["test"] >= 60
    assert min(n.cage.values()) >= 2
    assert {"Liver", "Whole_Blood"} <= set(gtex.counts(scale))
    assert genes["chr8"] >= n.bulk["test"]
    assert sum(genes.values()) - genes["chr8"] >= n.bulk["train"]
    assert sum(genes.values()) - genes["chrY"] >= max(gtex.counts(scale).values())


@pytest.mark.slow
def test_files_have_the_rows_that_were_counted(out, eqtl, egenes, vcf):
    n = lrb.counts(SCALE)
    genes = pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv")
    assert dict(genes["split"].value_counts().iter_rows()) == n.bulk
    assert dict(eqtl["split"].value_counts().iter_rows()) == n.eqtl
    assert {tissue: len(rows) - 1 for tissue, rows in egenes.items()} == gtex.counts(SCALE)
    assert {a: len(rows) for a, rows in vcf.items()} == clinvar.counts(SCALE)


# ── bulk RNA ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_bulk_is_split_by_chr8_and_standardised(out, genomes):
    genes = pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv")
    values = pl.read_csv(out / "lrb/bulk_rna_expression/rna_expression_values.csv").to_numpy()
    assert ((genes["split"] == "test") == (genes["chrom"] == "chr8")).all()
    assert genes["id"].is_unique().all()
    assert set(genes["type"]) == {"protein_coding", "lincRNA"}
    assert set(genes.filter(pl.col("split") == "test")["type"]) == {"protein_coding", "lincRNA"}
    assert values.shape == (genes.height, 218)
    assert np.isfinite(values).all()
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-4)
    assert 0 < (genes["TSS"] == genes["CAGE_representative_TSS"]).mean() < 1
    for chrom, position in genes.select("chrom", "CAGE_representative_TSS").iter_rows():
        assert genomes["GRCh37"][chrom][position - 1].seq in "ACGTRYSWKM"


def oriented_promoters(out, genome):
    genes = pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv")
    for chrom, strand, position in genes.select("chrom", "strand", "CAGE_representative_TSS").iter_rows():
        sequence = genome[chrom][max(0, position - 1_001) : position + 999].seq
        yield sequence if strand == "+" else reverse_complement(sequence)


@pytest.mark.slow
def test_expression_follows_motifs_in_protein_coding_genes_and_hardly_in_lincrna(out, genomes):
    genes = pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv")
    values = pl.read_csv(out / "lrb/bulk_rna_expression/rna_expression_values.csv").to_numpy()
    activity = np.array([motif_counts(sequence) @ SIGNS for sequence in oriented_promoters(out, genomes["GRCh37"])])
    is_coding = (genes["type"] == "protein_coding").to_numpy()

    def mean_correlation(rows):
        return np.mean([spearmanr(activity[rows], values[rows, t]).statistic for t in range(218)])

    assert mean_correlation(is_coding) > 0.6
    assert mean_correlation(~is_coding) < mean_correlation(is_coding) - 0.25
    # The genes' orientation matters: the other strand says little.
    other = np.array([motif_counts(reverse_complement(s)) @ SIGNS for s in oriented_promoters(out, genomes["GRCh37"])])
    assert abs(np.mean([spearmanr(other[is_coding], values[is_coding, t]).statistic for t in range(218)])) < 0.3


# ── eQTL ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_eqtl_rows_are_split_by_chr9_and_chr10_and_confirmed_by_the_genome(eqtl, genomes):
    assert ((eqtl["split"] == "test") == eqtl["CHROM"].is_in(["chr9", "chr10"])).all()
    assert set(eqtl["label"]) == {0, 1}
    assert eqtl.select("CHROM", "POS", "REF", "ALT", "tissue").is_unique().all()
    assert not eqtl.select("CHROM", "POS", "REF", "ALT").is_unique().all()  # some variants stand in several tissues
    assert set(eqtl["tissue"]) <= set(TISSUES)
    assert {"Liver", "Whole_Blood"} <= set(eqtl["tissue"])
    for chrom, position, ref, alt, snp in eqtl.select("CHROM", "POS", "REF", "ALT", "SNP").iter_rows():
        assert genomes["GRCh38"][chrom][position - 1].seq == ref
        assert alt in set("ACGT") - {ref}
        assert snp == f"{chrom}_{position}_{ref}_{alt}_b38"


def test_every_stratum_of_every_split_holds_both_labels(eqtl):
    distance = pl.col("distance_to_nearest_TSS")
    cells = eqtl.group_by("split", ((distance >= 30_000).cast(int) + (distance >= 100_000)).alias("stratum"), "label").len()
    assert cells.height == 2 * 3 * 2
    assert cells["len"].min() >= 3
    assert eqtl["distance_to_nearest_TSS"].min() >= 0


def test_distances_are_those_to_the_nearest_gene(out, eqtl, egenes):
    # GTEx lists a part of the genes: none of them may be nearer than the nearest.
    starts = {}
    for rows in egenes.values():
        for row in rows[1:]:
            starts.setdefault(row[2], set()).add(int(row[3]) if row[5] == "+" else int(row[4]))
    exact = 0
    for chrom, position, distance in eqtl.filter(pl.col("CHROM") != "chrY").select("CHROM", "POS", "distance_to_nearest_TSS").iter_rows():
        nearest = min(abs(position - tss) for tss in starts[chrom])
        assert nearest >= distance
        exact += nearest == distance
    assert exact > 0.8 * eqtl.height


def changes_a_motif(genome, chrom, position, ref, alt):
    before, behind = genome[chrom][max(0, position - 6) : position - 1].seq, genome[chrom][position : position + 5].seq
    old, new = before + ref + behind, before + alt + behind
    count = [motif_counts(s) + motif_counts(reverse_complement(s)) for s in (old, new)]
    return bool((count[0] != count[1]).any())


def test_labels_follow_motifs_near_the_tss_and_hardly_far_from_it(eqtl, genomes):
    variants = eqtl.select("CHROM", "POS", "REF", "ALT").iter_rows()
    score = np.array([changes_a_motif(genomes["GRCh38"], *variant) for variant in variants], dtype=float)
    label, distance = eqtl["label"].to_numpy(), eqtl["distance_to_nearest_TSS"].to_numpy()

    def auroc(lo, hi):
        rows = (distance >= lo) & (distance < hi)
        return roc_auc_score(label[rows], score[rows])

    near, middle, far = auroc(0, 30_000), auroc(30_000, 100_000), auroc(100_000, math.inf)
    assert near > 0.9
    assert near > middle + 0.08 > far + 0.16
    assert far > 0.53


def test_variants_off_motifs_have_the_bases_of_those_on_motifs(smallest):
    variants = smallest.variants
    shares = [
        np.array([(variants.ref[variants.is_snv & (variants.changes_motif == changes)] == base).mean() for base in "ACGT"])
        for changes in (False, True)
    ]
    # Unmatched, the shares would differ by 0.03: motifs hold more G and C than the background.
    np.testing.assert_allclose(shares[0], shares[1], atol=0.018)


# ── CAGE ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cage_windows_and_targets_belong_together(out):
    folder = out / "lrb/cage_prediction"
    windows = pl.read_csv(folder / "sequences_coordinates.csv")
    assert (windows["stop"] - windows["start"] == 114_688).all()
    assert windows[windows.columns[0]].to_list() == list(range(windows.height))
    assert windows.select("chrom", "start").is_unique().all()
    for split, name in (("train", "train"), ("validation", "valid"), ("test", "test")):
        index = windows.filter(pl.col("split") == split)["npy_idx"]
        (path,) = (folder / "targets_subset").glob(f"targets-{name}-*.npz")
        with np.load(path) as shard:
            assert shard.files == [f"target-{name}-{i}.npy" for i in index]  # the published keys end in .npy
            array = shard[f"target-{name}-{index[-1]}.npy"]
        assert array.shape == (1, 896, 50)
        assert array.dtype == np.float32
        assert (array >= 0).all()
        assert 0.02 < (array > 0).mean() < 0.4


def test_large_shards_are_named_by_their_first_and_last_index(smallest, tmp_path, monkeypatch):
    monkeypatch.setattr(lrb, "SHARD_ARRAYS", 4)
    lrb._cage(smallest, tmp_path / "cage", lrb.Counts(bulk={}, eqtl={}, cage={"train": 10, "validation": 4, "test": 3}, eqtl_tissues=3))
    names = sorted(p.name for p in (tmp_path / "cage/targets_subset").iterdir())
    assert names == sorted([f"targets-{x}.npz" for x in ("train-0-3", "train-4-7", "train-8-9", "valid-0-3", "test-0-2")])
    with np.load(tmp_path / "cage/targets_subset/targets-train-8-9.npz") as shard:
        assert shard.files == ["target-train-8.npy", "target-train-9.npy"]


@pytest.mark.slow
def test_cage_bins_with_activators_have_higher_counts_and_overlapping_windows_agree(out, genomes):
    windows = pl.read_csv(out / "lrb/cage_prediction/sequences_coordinates.csv").filter(pl.col("split") == "train")
    (path,) = (out / "lrb/cage_prediction/targets_subset").glob("targets-train-*.npz")
    seen, with_motif, without = {}, [], []
    agreed = 0
    with np.load(path) as shard:
        for chrom, start, index in windows.select("chrom", "start", "npy_idx").iter_rows():
            values = shard[f"target-train-{index}.npy"][0]
            for number in range(896):
                key = (chrom, start + 128 * number)
                if key in seen:
                    assert (seen[key] == values[number]).all()
                    agreed += 1
                seen[key] = values[number]
            sequence = genomes["GRCh38"][chrom][start - 1 : start - 1 + 114_688].seq
            for number in range(0, 896, 16):
                piece = sequence[128 * number : 128 * number + 128]
                both = motif_counts(piece) + motif_counts(reverse_complement(piece))
                if both[3:].sum() == 0:
                    (with_motif if both[:3].sum() else without).append(values[number].mean())
    assert agreed > 0
    assert np.mean(with_motif) > 5 * np.mean(without)


# ── edges ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("length", [4_096, 131_072])
def test_some_windows_leave_the_contig_at_either_end(out, eqtl, genomes, split, length):
    genes = pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv").filter(pl.col("split") == split)
    own = eqtl.filter(pl.col("split") == split)
    for genome, rows in (
        (genomes["GRCh37"], genes.select("chrom", "CAGE_representative_TSS").rows()),
        (genomes["GRCh38"], own.select("CHROM", "POS").rows()),
    ):
        off_start = sum(position - 1 - length // 2 < 0 for _, position in rows)
        off_end = sum(position - 1 + length // 2 > len(genome[chrom]) for chrom, position in rows)
        assert off_start > 0
        assert off_end > 0
        assert off_start + off_end < 0.7 * len(rows)
    if length > 114_688:
        windows = pl.read_csv(out / "lrb/cage_prediction/sequences_coordinates.csv").filter(pl.col("split") == split)
        flank = (length - 114_688) // 2
        assert any(start - 1 - flank < 0 for start in windows["start"])
        assert any(stop - 1 + flank > len(genomes["GRCh38"][c]) for c, stop in windows.select("chrom", "stop").iter_rows())
        assert all(
            start >= 1 and stop - 1 <= len(genomes["GRCh38"][c]) for c, start, stop in windows.select("chrom", "start", "stop").iter_rows()
        )


def test_one_cage_window_ends_with_its_contig(out, genomes):
    windows = pl.read_csv(out / "lrb/cage_prediction/sequences_coordinates.csv")
    assert (windows["start"] == 1).any()
    assert any(stop - 1 == len(genomes["GRCh38"][chrom]) for chrom, stop in windows.select("chrom", "stop").iter_rows())


# ── GTEx ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_egenes_agree_with_the_genome_but_for_the_swapped_share(egenes, genomes):
    state = Counter()
    for rows in egenes.values():
        header = rows[0]
        for row in rows[1:]:
            cell = dict(zip(header, row, strict=True))
            position, ref, alt = int(cell["variant_pos"]), cell["ref"], cell["alt"]
            assert cell["variant_id"] == f"{cell['chr']}_{position}_{ref}_{alt}_b38"
            tss = int(cell["gene_start"] if cell["strand"] == "+" else cell["gene_end"])
            assert int(cell["tss_distance"]) == position - tss
            assert int(cell["gene_start"]) <= int(cell["gene_end"]) <= len(genomes["GRCh38"][cell["chr"]])
            assert abs(position - tss) <= 1_000_000
            bases = genomes["GRCh38"][cell["chr"]]
            if bases[position - 1 : position - 1 + len(ref)].seq == ref:
                state["indel" if len(ref + alt) > 2 else "match"] += 1
            else:
                assert bases[position - 1 : position - 1 + len(alt)].seq == alt
                state["swapped"] += 1
    share = state["swapped"] / state.total()
    assert 0.2 * gtex.SWAPPED_SHARE < share < 3 * gtex.SWAPPED_SHARE
    assert state["indel"] > 0.01 * state.total()


def test_small_p_values_go_with_changed_motifs(egenes, genomes):
    changed, significant, direction = [], [], []
    for row in egenes["Liver"][1:]:
        cell = dict(zip(egenes["Liver"][0], row, strict=True))
        if len(cell["ref"] + cell["alt"]) > 2 or genomes["GRCh38"][cell["chr"]][int(cell["variant_pos"]) - 1].seq != cell["ref"]:
            continue
        changed.append(changes_a_motif(genomes["GRCh38"], cell["chr"], int(cell["variant_pos"]), cell["ref"], cell["alt"]))
        significant.append(float(cell["pval_nominal"]) < float(cell["pval_nominal_threshold"]))
        direction.append(float(cell["slope"]) > 0)
        z = abs(float(cell["slope"])) / float(cell["slope_se"])
        assert math.erfc(z / math.sqrt(2)) == pytest.approx(float(cell["pval_nominal"]), rel=0.05)
    changed, significant = np.array(changed), np.array(significant)
    assert significant[changed].mean() > significant[~changed].mean() + 0.3
    assert 0.1 < np.mean(direction) < 0.9


# ── ClinVar ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clinvar_agrees_with_the_genome_but_for_a_handful(vcf, genomes):
    for assembly, rows in vcf.items():
        wrong = 0
        for chrom, position, _, ref, *_ in rows:
            own = genomes[assembly]["chrM" if chrom == "MT" else f"chr{chrom}"][int(position) - 1 : int(position) - 1 + len(ref)].seq
            wrong += own != ref
        assert wrong == clinvar.REF_MISMATCHES
        assert list(dict.fromkeys(row[0] for row in rows)) == [*map(str, range(1, 23)), "X", "Y", "MT"]
        keys = [(row[0], int(row[1])) for row in rows]
        assert all(a[1] <= b[1] for a, b in itertools.pairwise(keys) if a[0] == b[0])
        assert len({row[2] for row in rows}) == len(rows)
        assert len({tuple(row[:2] + row[3:5]) for row in rows}) == len(rows)


def test_both_assemblies_hold_the_same_alleles_at_their_own_places(vcf):
    by_id = [{row[2]: row for row in rows} for rows in vcf.values()]
    assert by_id[0].keys() == by_id[1].keys()
    moved = 0
    for number, row in by_id[0].items():
        other = by_id[1][number]
        assert (row[0], *row[3:7]) == (other[0], *other[3:7])
        assert info(row)["CLNHGVS"] != info(other)["CLNHGVS"] or row[0] == "MT"
        moved += row[1] != other[1]
    assert moved > 0.5 * len(by_id[0])


def test_clinvar_has_the_providers_quirks(vcf):
    rows = vcf["GRCh38"]
    infos = [info(row) for row in rows]
    assert all(row[5:7] == [".", "."] and "," not in row[4] for row in rows)
    assert any(row[4] == "." and i["CLNHGVS"].endswith("%3D") for row, i in zip(rows, infos, strict=True))
    included = [i for i in infos if "CLNSIGINCL" in i]
    assert included
    assert all("CLNSIG" not in i and "CLNDN" not in i and "CLNREVSTAT" not in i for i in included)
    assert any("|" in i["CLNSIGINCL"] for i in included)
    assert any("," in i.get("CLNDN", "") and "|" in i["CLNDN"] for i in infos)
    assert all(i["CLNDN"].count("|") == i["CLNDISDB"].count("|") for i in infos if "CLNDN" in i)
    assert any("." in i.get("CLNDISDB", "").split("|") for i in infos)
    assert any(i.get("CLNSIG") == "Pathogenic/Likely_pathogenic" for i in infos)
    assert all(("CLNSIGCONF" in i) == i.get("CLNSIG", "").startswith("Conflicting") for i in infos)
    assert any("|risk_factor" in i.get("CLNSIG", "") for i in infos)
    assert any("|" in i["GENEINFO"] for i in infos)
    assert any("," in i.get("MC", "") for i in infos)
    assert any("RS" in i for i in infos)
    assert not all("RS" in i for i in infos)
    assert {"1", "0", "3", "17"} <= {i.get("ORIGIN") for i in infos}
    assert {len(row[3]) - len(row[4]) > 0 for row in rows if len(row[3]) != len(row[4])} == {True, False}
    states = {i["CLNREVSTAT"] for i in infos if "CLNREVSTAT" in i}
    assert {"practice_guideline", "reviewed_by_expert_panel", "criteria_provided,_conflicting_classifications"} <= states
    assert not any("interpretation" in i.get("CLNSIG", "") + i.get("CLNREVSTAT", "") for i in infos)


def test_older_releases_spell_as_they_did(smallest, tmp_path):
    paths = clinvar.simulate(smallest, tmp_path, date="20191007")
    assert [path.name for path in paths] == ["clinvar_20191007.GRCh37.vcf.gz", "clinvar_20191007.GRCh38.vcf.gz"]
    text = read_text(paths[0])
    assert "CLNREVSTAT=criteria_provided,_conflicting_interpretations;CLNSIG=Conflicting_interpretations_of_pathogenicity" in text
    assert "conflicting_classifications" not in text
    assert re.search(r"CLNSIGCONF=\w+\(\d\),\w+\(\d\)", text)
    assert "CLNSIGSCV" not in text
    with pytest.raises(BadSpec, match="eight digits"):
        clinvar.simulate(smallest, tmp_path, date="2019-10-07")


def test_pathogenic_alleles_change_motifs_more_often(vcf, genomes):
    changed = {"Pathogenic": [], "Benign": []}
    for row in vcf["GRCh38"]:
        kind = info(row).get("CLNSIG")
        if kind in changed and len(row[3]) == len(row[4]) == 1 and row[4] != "." and row[0] != "MT":
            changed[kind].append(changes_a_motif(genomes["GRCh38"], f"chr{row[0]}", int(row[1]), row[3], row[4]))
    assert np.mean(changed["Pathogenic"]) > np.mean(changed["Benign"]) + 0.3


def test_sources_share_variants_and_genes(out, eqtl, egenes, vcf):
    in_gtex = {row[11] for rows in egenes.values() for row in rows[1:]}
    in_clinvar = {f"chr{row[0]}_{row[1]}_{row[3]}_{row[4]}_b38" for row in vcf["GRCh38"]}
    assert len(set(eqtl["SNP"]) & in_gtex) > 20
    assert len(set(eqtl["SNP"]) & in_clinvar) > 5
    bulk = set(pl.read_csv(out / "lrb/bulk_rna_expression/gene_coordinates.csv")["id"])
    assert len(bulk & {row[0].split(".")[0] for rows in egenes.values() for row in rows[1:]}) > 20


# ── determinism, faults, refusals ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(out, smallest, tmp_path):
    simulate(tmp_path / "again", scale=SCALE, seed=3)
    assert digests(tmp_path / "again") == digests(out)
    world = simulation.build_world(tmp_path / "other", scale=1e-6, seed=4)
    mine, others = digests(smallest.root), digests(tmp_path / "other")
    assert mine.keys() == others.keys()
    assert not set(mine.values()) & set(others.values())
    assert not np.array_equal(world.variants.start, smallest.variants.start)


@pytest.mark.slow
def test_faults_are_added_behind_the_good_rows_and_reported(out, faulty):
    folder, said = faulty
    with (folder / "faults.csv").open(newline="") as handle:
        faults = list(csv.DictReader(handle))
    assert any(f"{len(faults)} faulty rows" in line for line in said)
    assert {"lrb", "gtex_v8_eqtl", "clinvar"} <= {fault["source"] for fault in faults} <= set(simulation.sources())
    for fault in faults:
        assert fault["file"].startswith(fault["source"] + "/")
        assert read_text(folder / fault["file"]).split("\n")[int(fault["line"]) - 1] == fault["text"]
    by_file = {name: {f["kind"] for f in faults if f["file"] == name} for name in {f["file"] for f in faults}}
    assert len([name for name in by_file if name.startswith(("lrb/", "gtex_v8_eqtl/", "clinvar/"))]) == 7
    assert all("short row" in kinds and len(kinds) == len([f for f in faults if f["file"] == n]) for n, kinds in by_file.items())
    assert {"unknown chromosome", "bad allele", "repeated row"} <= by_file["lrb/variant_effect_causal_eqtl/All_Tissues.csv"]
    assert "several alleles" in by_file[f"clinvar/clinvar_{clinvar.DATE}.GRCh38.vcf.gz"]
    for name, digest in digests(out).items():
        path = folder / name
        if name in by_file:
            assert read_text(path).startswith(read_text(out / name))
        else:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, name
    rows = [
        (folder / "lrb/bulk_rna_expression" / f"{n}.csv").read_text().count("\n") for n in ("gene_coordinates", "rna_expression_values")
    ]
    assert rows[0] == rows[1]  # joined by row number


def test_pairs_are_of_significant_leads_and_begin_with_the_lead(out):
    def rows(path):
        header, *lines = (line.split("\t") for line in read_text(path).splitlines())
        return [dict(zip(header, line, strict=True)) for line in lines]

    for folder, leads, pairs, key in (
        ("gtex_v8_eqtl", "egenes", "signif_variant_gene_pairs", "gene_id"),
        ("gtex_v8_sqtl", "sgenes", "sqtl_signifpairs", "phenotype_id"),
    ):
        best = {row[key]: row for row in rows(out / folder / f"Liver.v8.{leads}.txt.gz")}
        first = {}
        for pair in rows(out / folder / f"Liver.v8.{pairs}.txt.gz"):
            lead = best[pair[key]]
            assert lead["variant_id"] == first.setdefault(pair[key], pair)["variant_id"]
            assert pair["min_pval_nominal"] == lead["pval_nominal"]
            assert float(lead["pval_nominal"]) <= float(pair["pval_nominal"]) < float(lead["pval_nominal_threshold"])
            position, tss = int(pair["variant_id"].split("_")[1]), int(lead["variant_pos"]) - int(lead["tss_distance"])
            assert position - tss == int(pair["tss_distance"])
        assert set(first) == {k for k, row in best.items() if float(row["pval_nominal"]) < float(row["pval_nominal_threshold"])}
        assert len(first) > 20


def test_introns_lie_in_their_genes_and_the_same_variants_come_up_in_both_kinds_of_file(out, egenes):
    lines = [line.split("\t") for line in read_text(out / "gtex_v8_sqtl/Liver.v8.sgenes.txt.gz").splitlines()]
    assert len(lines) - 1 == sqtl.counts(SCALE)["Liver"]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    for row in rows:
        chrom, start, end, cluster, gene = row["phenotype_id"].split(":")
        assert (chrom, gene) == (row["gene_chr"], row["gene_id"])
        assert int(row["gene_start"]) <= int(start) < int(end)
        assert cluster.startswith("clu_")
    known = {line[11] for tissue in egenes.values() for line in tissue[1:]}
    assert len(known & {row["variant_id"] for row in rows}) > 20


@pytest.mark.parametrize("scale", [0, -0.1, 1.5, math.nan, math.inf, "much", None])
def test_an_impossible_scale_is_refused(tmp_path, scale):
    with pytest.raises(BadSpec, match="scale"):
        simulate(tmp_path / "out", scale=scale)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_an_impossible_seed_is_refused(tmp_path, seed):
    with pytest.raises(BadSpec, match="seed"):
        simulate(tmp_path / "out", scale=SCALE, seed=seed)


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(BadSpec, match="not empty"):
        simulate(tmp_path, scale=SCALE)
    with pytest.raises(BadSpec, match="is a file"):
        simulate(tmp_path / "mine.txt", scale=SCALE)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_sources_are_found_by_their_folders():
    folder = Path(simulation.__file__).parent
    assert simulation.sources() == sorted(p.name for p in folder.iterdir() if (p / "simulate.py").is_file())
    assert {"lrb", "gtex_v8_eqtl", "clinvar"} <= set(simulation.sources())


# ── motifs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_motifs_are_found_on_both_strands_and_not_over_other_bases():
    text = "ACGATAAGTTCTTATCNNGATANAAG"
    hits = find_motifs(simulation._motif_codes(text))
    assert list(zip(hits.start.tolist(), hits.motif.tolist(), strict=True)) == [(2, 1), (10, -1)]
    assert text[10:16] == reverse_complement("GATAAG")
    np.testing.assert_array_equal(hits.counts(np.array([0, 3]), np.array([26, 11])), [[2, 0, 0, 0, 0], [1, 0, 0, 0, 0]])


def test_motif_delta_agrees_with_counting_text():
    rng = np.random.default_rng(0)
    text = "".join(rng.choice([*"ACGT", *MOTIFS, "N"], 800, p=[0.22, 0.22, 0.22, 0.22, *[0.022] * 5, 0.01]))
    codes = simulation._motif_codes(text)
    at = np.array([i for i in range(len(text)) if text[i] != "N"])
    alt = (codes[at] + rng.integers(1, 4, len(at))) % 4
    delta = motif_delta(codes, at, alt.astype(np.uint8))
    for row, (position, code) in enumerate(zip(at.tolist(), alt.tolist(), strict=True)):
        lo = max(0, position - 5)
        old = text[lo : position + 6]
        new = old[: position - lo] + "ACGT"[code] + old[position - lo + 1 :]
        want = [motif_counts(s) + motif_counts(reverse_complement(s)) for s in (old, new)]
        np.testing.assert_array_equal(delta[row], want[1] - want[0])
    assert (delta > 0).any()
    assert (delta < 0).any()


@pytest.mark.parametrize("chrom", ["chr1", "chr13", "chrM"])
def test_lifted_positions_hold_the_same_bases(smallest, chrom):
    codes = {assembly: genome.codes(chrom) for assembly, genome in smallest.genomes.items()}
    lifted, exists = smallest.lift(chrom, np.arange(len(codes["GRCh38"])))
    np.testing.assert_array_equal(codes["GRCh38"][exists], codes["GRCh37"][lifted[exists]])
    assert (np.diff(lifted[exists]) >= 1).all()
    assert 10 <= (~exists).sum() < 3_000
