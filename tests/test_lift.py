"""Recorded liftover in a store: every allele and locus has a row, and no two assemblies join by their positions alone."""

import gzip
import json
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from asking import ask
from typer.testing import CliRunner

import lrbstore
from lrbstore.alleles import variant_id
from lrbstore.assembly import assembly
from lrbstore.chain import ChainRecord, read_chain
from lrbstore.cli import app
from lrbstore.errors import BadSpec, ContractBroken
from lrbstore.genome import Genome, register_fasta
from lrbstore.ingest.chains import add_chain
from lrbstore.ingest.genomes import add_genome
from lrbstore.ingest.lift import _lifted_alleles
from lrbstore.ingest.pipeline import ingest
from lrbstore.manifest import DataFile
from lrbstore.release import StoreFolder
from lrbstore.verify import verify

#                 1234567890123456789012345
TARGET = "NNNNNGATTACAGGCCTTAACCGTA"
# Bases 1-10 of the source are 6-15 of the target; 11-12 are the source's alone; 13-15 are 16-18; then the target has 19 alone; 16-17 are
# 20-21. Bases 1-8 of chr2 are 6-13 of the target on the other strand: base 1 is its base 13.
CHAINS = "chain 9 chr1 17 + 0 17 chr1 25 + 5 21 1\n10 2 0\n3 0 1\n2\n\nchain 8 chr2 10 + 0 8 chr1 25 - 12 20 2\n8\n\n"


def lifted(folder: Path, genome: Genome | None, *alleles: tuple[str, int, str, str]) -> list[dict[str, object]]:
    (folder / "tiny.chain").write_text(CHAINS)
    chain = read_chain(folder / "tiny.chain", "GRCh37", "GRCh38", source_lengths={}, target_lengths={})
    record = ChainRecord(
        source="GRCh37", target="GRCh38", digest=chain.digest, n_chains=2, simulated=True, path=Path("x"), source_path=Path("x")
    )
    columns = dict(zip(("chrom", "pos", "ref", "alt"), map(list, zip(*alleles, strict=True)), strict=True))
    columns["variant_id"] = [variant_id("GRCh37", *allele) for allele in alleles]
    return list(_lifted_alleles(chain, record, genome, pa.table(columns)).to_pylist())


def short(row: dict[str, object]) -> tuple[object, ...]:
    return row["status"], row["ref_check"], row["strand"], row["pos"], row["ref"], row["alt"]


@pytest.fixture
def target(tmp_path: Path) -> Genome:
    (tmp_path / "t.fa").write_text(f">chr1\n{TARGET}\n")
    return Genome(register_fasta(tmp_path / "t.fa", assembly("GRCh38"), tmp_path / "g", simulated=True))


@pytest.mark.parametrize(
    ("allele", "expected"),
    [
        (("chr1", 1, "G", "T"), ("mapped", "match", "+", 6, "G", "T")),
        (("chr1", 1, "T", "G"), ("swapped", "swapped", "+", 6, "T", "G")),
        (("chr1", 1, "C", "T"), ("ref_changed", "mismatch", "+", 6, "C", "T")),
        (("chr1", 11, "C", "T"), ("unmapped", None, None, None, None, None)),
        (("chr1", 11, "CA", "C"), ("unmapped", None, None, None, None, None)),
        (("chr7", 11, "C", "T"), ("unmapped", None, None, None, None, None)),
        (("chr1", 8, "GGC", "G"), ("mapped", "match", "+", 13, "GGC", "G")),
        (("chr1", 9, "GCAA", "G"), ("indel_crosses_gap", None, None, None, None, None)),
        (("chr1", 12, "AC", "A"), ("indel_crosses_gap", None, None, None, None, None)),
        (("chr1", 15, "TA", "T"), ("indel_crosses_gap", None, None, None, None, None)),  # the target has a base of its own between them
        (("chr1", 10, "C", "CTT"), ("indel_crosses_gap", None, None, None, None, None)),  # between 10 and 11, of which one is mapped
        (("chr1", 15, "T", "TG"), ("indel_crosses_gap", None, None, None, None, None)),  # into the target's own base
        (("chr1", 9, "G", "GTT"), ("mapped", "match", "+", 14, "G", "GTT")),
        (("chr1", 10, "C", "TTC"), ("mapped", "match", "+", 15, "C", "TTC")),  # anchored by the base behind it
        (("chr1", 13, "C", "TTC"), ("indel_crosses_gap", None, None, None, None, None)),
        (("chr2", 1, "C", "A"), ("mapped", "match", "-", 13, "G", "T")),
        (("chr2", 1, "CTG", "C"), ("mapped", "match", "-", 11, "CAG", "G")),
        (("chr2", 8, "C", "CA"), ("indel_crosses_gap", None, None, None, None, None)),
        (("chr2", 7, "T", "TA"), ("mapped", "match", "-", 7, "A", "TA")),
        (("chr2", 9, "C", "A"), ("unmapped", None, None, None, None, None)),
    ],
)
def test_an_allele_is_lifted_whole_or_not_at_all(
    tmp_path: Path, target: Genome, allele: tuple[str, int, str, str], expected: tuple[object, ...]
) -> None:
    (row,) = lifted(tmp_path, target, allele)
    assert short(row) == expected
    (unasked,) = lifted(tmp_path, None, allele)
    status = "mapped" if expected[0] in {"swapped", "ref_changed"} else expected[0]
    assert short(unasked) == (status, "unchecked" if expected[3] else None, *expected[2:])
    assert unasked["genome_digest"] is None


def test_an_indel_turned_round_joins_by_its_left_aligned_form(tmp_path: Path, target: Genome) -> None:
    (row,) = lifted(tmp_path, target, ("chr2", 1, "CTG", "C"))
    # CA at 11-12 of the target goes, which leaves the same as AC at 10-11: anchored by the T before it.
    assert row["left_id"] == "GRCh38:chr1:9:TAC:T"


# ── a store ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def lifted_store(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ClinVar on both assemblies and GTEx on one, without a genome, and the simulated chain."""
    store = tmp_path_factory.mktemp("lift") / "store"
    ingest(store, "clinvar", [simulated / "clinvar"], simulated=True)
    add_chain(store, "hg19", "hg38", simulated / "chains/hg19ToHg38.over.chain.gz", simulated=True)
    ingest(store, "gtex_v8_eqtl", [simulated / "gtex_v8_eqtl/Liver.v8.egenes.txt.gz"], simulated=True)
    return store


@pytest.fixture
def store(lifted_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lifted_store, tmp_path / "store"))


def files_of(store: Path, *tables: str) -> list[DataFile]:
    return [f for f in StoreFolder(store).manifest().files if f.table in tables]


def test_every_allele_and_locus_of_the_assembly_has_one_row(lifted_store: Path) -> None:
    missing = "select variant_id from variant_allele where assembly = 'GRCh37' except select variant_id from variant_lift"
    assert ask(lifted_store, missing) == []
    assert ask(lifted_store, "select count(*) = count(distinct variant_id) from variant_lift") == [(True,)]
    records = (
        "select distinct assembly, chrom, pos from variant_record where assembly = 'GRCh37' and variant_id is null and pos is not null"
    )
    assert ask(lifted_store, f"({records}) except select assembly, chrom, pos from locus_lift") == []
    assert ask(lifted_store, f"select count(*) = (select count(*) from ({records})) and count(*) > 0 from locus_lift") == [(True,)]


def test_the_macro_shows_every_record_once_with_its_place_or_why_it_has_none(lifted_store: Path) -> None:
    ((n,),) = ask(lifted_store, "select count(*) from variant_record")
    for on in ("GRCh37", "GRCh38"):
        assert ask(lifted_store, f"select count(*), count(distinct record_id) from variant_record_on('{on}')") == [(n, n)]
    rows = ask(lifted_store, "select assembly, lift_status, count(*), count(chrom_on) from variant_record_on('GRCh37') group by all")
    assert {(a, s): located for a, s, _, located in rows if s == "no_chain"} == {("GRCh38", "no_chain"): 0}
    natives = "select chrom = chrom_on and pos = pos_on and variant_id is not distinct from variant_id_on and strand_on = '+'"
    assert ask(lifted_store, f"{natives} as same from variant_record_on('GRCh38') where lift_status = 'native' group by all") == [(True,)]
    statuses = {s for (s,) in ask(lifted_store, "select distinct lift_status from variant_record_on('GRCh38')")}
    assert statuses >= {"native", "mapped", "unmapped"}
    by_alias = "select lift_status, count(*), count(chrom_on) from variant_record_on('{}') group by all order by all"
    assert ask(lifted_store, by_alias.format("HG38")) == ask(lifted_store, by_alias.format("GRCh38"))
    for what in ("*", "count(*)"):  # whether or not a column is asked for
        with pytest.raises(Exception, match=r"unknown assembly hg18; known: GRCh37 \(hg19, b37\), GRCh38 \(hg38\)"):
            ask(lifted_store, f"select {what} from variant_record_on('hg18')")


@pytest.mark.slow
def test_the_simulated_chain_fits_the_simulated_genomes(store: Path, simulated: Path) -> None:
    before = ask(store, "select status, ref_check, count(*) from variant_lift where status = 'mapped' group by all")
    assert [row[:2] for row in before] == [("mapped", "unchecked")]
    for name in ("GRCh37", "GRCh38"):
        add_genome(store, name, simulated / f"genomes/{name}.fa", simulated=True)
    # What agrees with its own genome agrees with the other one where it is lifted to, and what does not, does not.
    query = "select v.ref_check, l.status, l.ref_check, count(*) from variant_lift as l join variant as v using (variant_id) group by all"
    counts = Counter({row[:3]: row[3] for row in ask(store, query)})
    assert set(counts) <= {
        ("match", "mapped", "match"),
        ("mismatch", "ref_changed", "mismatch"),
        ("contig_not_in_genome", "unmapped", None),
    }
    assert counts["match", "mapped", "match"] > 1_000
    # One file a chain: what an earlier genome, or none, said is gone.
    assert [f.genome for f in files_of(store, "variant_lift")] == [StoreFolder(store).manifest().genome("GRCh38").digest]
    # ClinVar's two files speak of the same variants: lifted, they join, and by position alone most would not.
    together = (
        "select count(*), count(*) filter (a.variant_id = l.lifted_variant_id) from clinvar_record as a "
        "join clinvar_record as b on a.variation_id = b.variation_id and a.assembly = 'GRCh38' and b.assembly = 'GRCh37' "
        "join variant_lift as l on l.variant_id = b.variant_id"
    )
    ((n, joined),) = ask(store, f"{together} where a.variant_id is not null and l.status = 'mapped'")
    assert n == joined > 500
    with lrbstore.open(store) as opened:
        assert [f for f in verify(opened) if f.level == "failure"] == []


def test_what_comes_later_is_lifted_too(simulated: Path, tmp_path: Path, lifted_store: Path) -> None:
    store = tmp_path / "other"
    add_chain(store, "hg19", "hg38", simulated / "chains/hg19ToHg38.over.chain.gz", simulated=True)
    add_chain(store, "hg38", "hg19", simulated / "chains/hg38ToHg19.over.chain.gz", simulated=True)
    ingest(store, "clinvar", [simulated / "clinvar"], simulated=True)
    columns = "variant_id, status, chrom, pos, ref, alt, lifted_variant_id"
    query = f"select {columns} from variant_lift where assembly = 'GRCh37' order by all"
    assert ask(store, query) == ask(lifted_store, query)
    loci = "select chrom, pos, status, lifted_chrom, lifted_pos from locus_lift where assembly = 'GRCh37' order by all"
    assert ask(store, loci) == ask(lifted_store, loci)
    ask_back = (
        "select count(*), count(*) filter (b.lifted_variant_id = a.variant_id) from variant_lift as a "
        "join variant_lift as b on b.variant_id = a.lifted_variant_id and b.to_assembly = a.assembly where a.assembly = 'GRCh37'"
    )
    ((n, back),) = ask(store, ask_back)
    assert n == back > 500


def test_a_chain_registered_again_takes_the_place_of_the_one_before(store: Path, simulated: Path, tmp_path: Path) -> None:
    text = gzip.decompress((simulated / "chains/hg19ToHg38.over.chain.gz").read_bytes()).decode()
    only = "".join(part + "\n\n" for part in text.strip().split("\n\n") if part.split()[2] == "chr1")
    (tmp_path / "chr1.chain").write_text(only)
    add_chain(store, "GRCh37", "GRCh38", tmp_path / "chr1.chain", simulated=True)
    assert ask(store, "select n_chains, source_file, is_simulated from chain") == [(1, "chr1.chain", True)]
    mapped = "select distinct split_part(variant_id, ':', 2) from variant_lift where status = 'mapped'"
    assert ask(store, mapped) == [("chr1",)]
    assert len(files_of(store, "variant_lift")) == len(files_of(store, "locus_lift")) == 1
    copies = sorted(p.name for p in (store / "chains").iterdir())
    assert len(copies) == 2  # the release before still has its own
    StoreFolder(store).gc()
    assert len(list((store / "chains").iterdir())) == 1


def test_the_same_chain_again_changes_nothing(store: Path, simulated: Path, tmp_path: Path) -> None:
    file = simulated / "chains/hg19ToHg38.over.chain.gz"
    before = StoreFolder(store).manifest(), sorted(store.rglob("*"))
    assert add_chain(store, "GRCh37", "GRCh38", file, simulated=True) == before[0]
    (tmp_path / "plain.chain").write_bytes(gzip.decompress(file.read_bytes()))
    assert add_chain(store, "hg19", "hg38", tmp_path / "plain.chain", simulated=True) == before[0]
    assert (StoreFolder(store).manifest(), sorted(store.rglob("*"))) == before
    # The other way is another chain, whatever its text.
    assert add_chain(store, "hg38", "hg19", simulated / "chains/hg38ToHg19.over.chain.gz", simulated=True) != before[0]


@pytest.mark.slow
def test_a_damaged_copy_is_found_and_mended(store: Path, simulated: Path) -> None:
    (copy,) = (store / "chains").iterdir()
    good = copy.read_bytes()
    copy.write_bytes(b"chain\n")
    with lrbstore.open(store) as opened:
        found = [f for f in verify(opened) if f.level == "failure"]
    assert [(f.check, f.subject) for f in found] == [("chain", "GRCh37 to GRCh38")]
    assert "lrbstore chain add GRCh37 GRCh38 FILE" in found[0].said
    before = StoreFolder(store).current
    for spoil in (lambda: None, copy.unlink):
        spoil()
        add_chain(store, "GRCh37", "GRCh38", simulated / "chains/hg19ToHg38.over.chain.gz", simulated=True)
        assert (StoreFolder(store).current, copy.read_bytes()) == (before, good)


def test_a_refused_chain_leaves_the_store_as_it_was(store: Path, simulated: Path, tmp_path: Path) -> None:
    before = StoreFolder(store).current, sorted(store.rglob("*"))
    (tmp_path / "bad.chain").write_text("chain 1 chr1\n")
    with pytest.raises(ContractBroken, match="line 1: a header of 3 fields"):
        add_chain(store, "hg19", "hg38", tmp_path / "bad.chain", simulated=True)
    with pytest.raises(BadSpec, match="say --simulated"):
        add_chain(store, "hg19", "hg38", simulated / "chains/hg19ToHg38.over.chain.gz")
    assert (StoreFolder(store).current, sorted(store.rglob("*"))) == before


def test_the_command(simulated: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = CliRunner().invoke(
        app, ["chain", "add", "hg19", "hg38", str(simulated / "chains/hg19ToHg38.over.chain.gz"), "--store", str(store)]
    )
    assert done.exit_code == 0, done.output
    assert StoreFolder(store).manifest().simulated  # the file lies under a folder that says so
    words = ["chain", "add", "GRCh37", "GRCh38", str(simulated / "chains/hg19ToHg38.over.chain.gz"), "--store", str(store)]
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 0, again.output
    assert "hg19ToHg38.over.chain.gz: already in the store, nothing to do" in again.output
    assert len(StoreFolder(store).releases()) == 1
    asked = CliRunner().invoke(app, ["sql", "select assembly, to_assembly from chain", "--store", str(store), "--format", "json"])
    assert json.loads(asked.stdout) == [{"assembly": "GRCh37", "to_assembly": "GRCh38"}]
