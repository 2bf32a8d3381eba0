"""The questions of ``sql/questions``: each is answered on a simulated store and on real files, and plain Python over the tables agrees.

The oracles read stored tables as rows and lift by a dictionary; of the questions' own means they share the tables ``variant_lift`` and
``locus_lift`` and the view ``trait_alias``, which other tests see to.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import generated_docs
import pytest
from typer.testing import CliRunner

import lrbstore
from lrbstore.cli import app
from lrbstore.ingest.chains import add_chain
from lrbstore.ingest.pipeline import ingest

QUESTIONS = generated_docs.questions()
CLASSED = ("Pathogenic", "Likely_pathogenic")
Rows = list[dict[str, Any]]


class Asked:
    """A store, its tables as lists of dicts, and its questions."""

    def __init__(self, store: lrbstore.Store) -> None:
        self.store = store
        self._tables: dict[str, Rows] = {}
        lifted = self.table("variant_lift", "variant_id, to_assembly, status, lifted_variant_id, lifted_left_aligned_id")
        self.lifted = {row["variant_id"]: row for row in lifted if row["to_assembly"] == "GRCh38"}

    def table(self, name: str, columns: str = "*") -> Rows:
        key = f"{name}({columns})"
        if key not in self._tables:
            self._tables[key] = self.store.sql(f"select {columns} from {name}").to_arrow_table().to_pylist()
        return self._tables[key]

    def ask(self, name: str, **params: str) -> Rows:
        return self.store.sql(QUESTIONS[name].sql, params=params).to_arrow_table().to_pylist()

    def on_38(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """Give the id of a row's allele on GRCh38 and how it came there; None where it did not."""
        if row["variant_id"] is None:
            return None
        if row["assembly"] == "GRCh38":
            return row["variant_id"], "native"
        lifted = self.lifted.get(row["variant_id"])
        return (lifted["lifted_variant_id"], "mapped") if lifted and lifted["status"] == "mapped" else None

    def clinvar(self) -> dict[str, Rows]:
        """Give ClinVar's records by their allele on GRCh38: of a variant in both files, the one on GRCh38."""
        columns = "record_id, variant_id, assembly, variation_id, gene_symbols, clnsig_class, clinical_significance"
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for row in sorted(self.table("clinvar_record", columns), key=lambda r: (r["assembly"] != "GRCh38", r["record_id"])):
            if place := self.on_38(row):
                found.setdefault((place[0], row["variation_id"]), {**row, "lift_status": place[1]})
        by_allele: dict[str, Rows] = defaultdict(list)
        for (allele, _), row in found.items():
            by_allele[allele].append(row)
        return by_allele


# ── what each answer must be ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pathogenic_lead_eqtls(asked: Asked, gene: str | None, tissue: str | None) -> Rows:
    clinvar = asked.clinvar()
    return [
        {
            "clinvar_record_id": c["record_id"],
            "eqtl_record_id": e["record_id"],
            "gene": gene,
            "tissue": e["tissue"],
            "n": len(c["gene_symbols"]),
        }
        for e in asked.table("gtex_eqtl", "record_id, variant_id, tissue")
        for c in clinvar.get(e["variant_id"], [])
        if c["clnsig_class"] in CLASSED and (gene is None or gene in c["gene_symbols"]) and tissue in {None, e["tissue"]}
    ]


def mave_beside_clinvar(asked: Asked, gene: str) -> set[tuple[Any, ...]]:
    clinvar = asked.clinvar()
    return {
        (m["record_id"], c["record_id"], m["score"], c["clnsig_class"], c["clinical_significance"])
        for m in asked.table("mave_score", "record_id, variant_id, assembly, score")
        if m["score"] is not None and (place := asked.on_38(m))
        for c in clinvar.get(place[0], [])
        if c["clinical_significance"] is not None and (gene == "%" or gene in c["gene_symbols"])
    }


def members_in_clinvar(asked: Asked, source: str) -> Counter[tuple[Any, ...]]:
    clinvar = asked.clinvar()
    members: dict[tuple[int, int], Rows] = defaultdict(list)
    for m in asked.table("combination_member"):
        if source in {"%", m["source"]}:
            members[m["record_id"], m["ordinal"]].append(m)
    want: Counter[tuple[Any, ...]] = Counter()
    for (_, ordinal), rows in members.items():
        places = [asked.on_38(m) for m in sorted(rows, key=lambda m: m["assembly"] != "GRCh38")]
        allele, status = next((p for p in places if p), (None, None))
        calls = [c for c in clinvar.get(allele or "", []) if c["clinical_significance"] is not None]
        combination = next(m["combination_id"] for m in rows)
        for call in calls or [{}]:
            want[combination, ordinal, allele, status if allele else None, call.get("record_id"), call.get("clinical_significance")] += 1
    return want


def traits_of_essential_genes(asked: Asked, cell_line: str, max_p: float) -> dict[str, tuple[int, set[str]]]:
    spelt = {(a["source"], a["model_id"]): a["cell_model_id"] for a in asked.table("cell_bridge")}
    models = {a["cell_model_id"] for a in asked.table("cell_model_alias") if a["alias"].lower() == cell_line.lower()}
    screens = {s["screen_id"]: s for s in asked.table("knockout_screen") if spelt[s["source"], s["model_id"]] in models}
    essential = set()
    for k in asked.table("knockout_score", "screen_id, gene_symbol, score"):
        if (screen := screens.get(k["screen_id"])) and k["score"] is not None:
            is_bayes = screen["score_unit"] == "scaled Bayes factor"
            assert screen["higher_means"] == ("more essential" if is_bayes else "less essential")
            if k["score"] > 0 if is_bayes else k["score"] < -0.5:
                essential.add(k["gene_symbol"])
    want: dict[str, tuple[int, set[str]]] = {}
    for g in asked.table("gwas_association", "trait, gene_symbol, neg_log10_p"):
        if g["gene_symbol"] in essential and g["neg_log10_p"] is not None and 10 ** -g["neg_log10_p"] <= max_p * (1 + 1e-9):
            n, genes = want.get(g["trait"], (0, set()))
            want[g["trait"]] = n + 1, genes | {g["gene_symbol"]}
    return want


def records_of_a_variant(asked: Asked, variant: str) -> set[tuple[int, str, str]]:
    left = {v["variant_id"]: v["left_aligned_id"] for v in asked.table("variant", "variant_id, left_aligned_id")}
    _, chrom, pos, _, _ = variant.split(":")
    want, rs_ids, rest = set(), set(), []
    there = {
        (row["chrom"], row["pos"])
        for row in asked.table("locus_lift")
        if row["to_assembly"] == "GRCh38" and (row["lifted_chrom"], row["lifted_pos"]) == (chrom, int(pos))
    }
    for r in asked.table("variant_record", "record_id, variant_id, assembly, chrom, pos, rs_id"):
        if r["variant_id"] is None:
            rest.append(r)
            continue
        lifted = asked.lifted.get(r["variant_id"])
        status = (
            "native" if left[r["variant_id"]] == left[variant] else
            "mapped" if lifted and lifted["status"] == "mapped" and lifted["lifted_left_aligned_id"] == left[variant] else None
        )  # fmt: skip
        if status:
            want.add((r["record_id"], "allele", status))
            rs_ids.add(r["rs_id"])
    for r in rest:
        if r["rs_id"] and r["rs_id"] in rs_ids:
            if (r["assembly"], r["chrom"], r["pos"]) == ("GRCh38", chrom, int(pos)):
                want.add((r["record_id"], "rs_id", "native"))
            elif r["assembly"] == "GRCh37" and (r["chrom"], r["pos"]) in there:
                want.add((r["record_id"], "rs_id", "mapped"))
    return want


def variants_by_trait_and_tissue(asked: Asked) -> dict[tuple[str, str], set[str]]:
    """Give the variants by canonical trait and tissue; traits of one name and two ids are one here."""
    canonical: dict[tuple[str, str], list[tuple[str, str | None]]] = defaultdict(list)
    for a in asked.table("trait_alias"):
        canonical[a["source"], a["alias"]].append((a["trait"], a["trait_id"]))
    traits: dict[int, set[str]] = defaultdict(set)
    for t in asked.table("record_trait", "source, record_id, trait, trait_id"):
        if t["trait"] not in {None, "not provided", "not specified"} and t["source"] in {"clinvar", "gwas_catalog"}:
            known = canonical[t["source"], t["trait"]]
            exact = [name for name, key in known if key and t["trait_id"] and _is_in(key, t["trait_id"])]
            traits[t["record_id"]] |= set(exact or [name for name, _ in known] or [t["trait"]])
    named: dict[str, set[str]] = defaultdict(set)
    at: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    for c in asked.table("clinvar_record", "record_id, variant_id, assembly"):
        if place := asked.on_38(c):
            named[place[0]] |= traits[c["record_id"]]
    for g in asked.table("gwas_association", "record_id, assembly, chrom, pos, rs_id"):
        if g["assembly"] == "GRCh38" and g["pos"] is not None:
            at[g["rs_id"], g["chrom"], g["pos"]] |= traits[g["record_id"]]
    want: dict[tuple[str, str], set[str]] = defaultdict(set)
    for e in asked.table("gtex_eqtl", "variant_id, rs_id, chrom, pos, tissue, pval_nominal, pval_nominal_threshold"):
        if e["pval_nominal"] < e["pval_nominal_threshold"]:
            for trait in named.get(e["variant_id"], set()) | at.get((e["rs_id"], e["chrom"], e["pos"]), set()):
                want[trait, e["tissue"]].add(e["variant_id"])
    return want


def _is_in(curie: str, text: str) -> bool:
    prefix, _, number = curie.partition(":")
    return bool(re.search(rf"\b{re.escape(prefix)}[:_]{re.escape(number)}\b", text))


# ── on simulated files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def demo(demo_store: Path, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The demo store with the chain from GRCh37: without it, what is on GRCh37 alone stays there."""
    path = tmp_path_factory.mktemp("questions") / "store"
    shutil.copytree(demo_store, path)
    add_chain(path, "GRCh37", "GRCh38", simulated / "chains" / "hg19ToHg38.over.chain.gz", simulated=True)
    with lrbstore.open(path) as store:
        yield Asked(store)


def check_pathogenic_lead_eqtls(asked: Asked) -> int:
    every = pathogenic_lead_eqtls(asked, None, None)
    clinvar = {c["record_id"]: c for rows in asked.clinvar().values() for c in rows}
    pairs = Counter((gene, row["tissue"]) for row in every for gene in clinvar[row["clinvar_record_id"]]["gene_symbols"])
    n = 0
    for gene, tissue in [pair for pair, _ in pairs.most_common(3)]:
        want = pathogenic_lead_eqtls(asked, gene, tissue)
        got = asked.ask("pathogenic_lead_eqtls", gene=gene, tissue=tissue)
        assert sorted((r["clinvar_record_id"], r["eqtl_record_id"]) for r in got) == sorted(
            (r["clinvar_record_id"], r["eqtl_record_id"]) for r in want
        )
        assert all(r["tissue"] == tissue and r["clinical_significance"] for r in got)
        n += len(got)
    return n


def check_mave_beside_clinvar(asked: Asked) -> int:
    got = asked.ask("mave_beside_clinvar", gene="%")
    rows = [(r["mave_record_id"], r["clinvar_record_id"], r["score"], r["clnsig_class"], r["clinical_significance"]) for r in got]
    assert len(set(rows)) == len(rows)
    assert set(rows) == mave_beside_clinvar(asked, "%")
    for gene in {r["gene_symbol"] for r in got[:3]}:
        some = asked.ask("mave_beside_clinvar", gene=gene)
        assert {(r["mave_record_id"], r["clinvar_record_id"]) for r in some} == {row[:2] for row in mave_beside_clinvar(asked, gene)}
    return len(got)


def check_members_in_clinvar(asked: Asked) -> int:
    n = 0
    for source in ("dida", "%"):
        got = asked.ask("members_in_clinvar", disease="%", source=source)
        rows = Counter(
            (r["combination_id"], r["ordinal"], r["variant_id"], r["lift_status"] if r["variant_id"] else None, r["clinvar_record_id"],
             r["clinical_significance"])
            for r in got
        )  # fmt: skip
        assert rows == members_in_clinvar(asked, source)
        n += len(got)
    one = next(r["disease"] for r in got)
    assert {r["disease"] for r in asked.ask("members_in_clinvar", disease=one, source="%")} == {one}
    return n


def check_traits_of_essential_genes(asked: Asked) -> int:
    n = 0
    names = {s["model_name"] or s["model_id"] for s in asked.table("knockout_screen")}
    for name in sorted(names)[:: max(1, len(names) // 4)]:
        got = asked.ask("traits_of_essential_genes", cell_line=name.lower(), max_p="5e-8")
        assert {r["trait"]: (r["n_associations"], set(r["genes"])) for r in got} == traits_of_essential_genes(asked, name, 5e-8)
        n += len(got)
    return n


def check_records_of_a_variant(asked: Asked) -> int:
    sources: dict[str, set[str]] = defaultdict(set)
    for r in asked.table("variant_record", "source, variant_id"):
        if r["variant_id"] and r["variant_id"].startswith("GRCh38:"):
            sources[r["variant_id"]].add(r["source"])
    n = 0
    for variant in sorted(sources, key=lambda v: (-len(sources[v]), v))[:4]:
        got = asked.ask("records_of_a_variant", variant=variant)
        want = records_of_a_variant(asked, variant)
        assert len(got) == len(want)
        assert {(r["record_id"], r["matched_by"], r["lift_status"]) for r in got} == want
        n += len({r["source"] for r in got})
    return n


def check_variants_by_trait_and_tissue(asked: Asked) -> int:
    got = asked.ask("variants_by_trait_and_tissue", trait="%", tissue="%")
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for r in got:
        assert r["n_variants"] == len(r["variant_ids"]) == len(set(r["variant_ids"]))
        found[r["trait"], r["tissue"]] |= set(r["variant_ids"])
    assert found == variants_by_trait_and_tissue(asked)
    trait, tissue = got[0]["trait"], got[0]["tissue"]
    some = asked.ask("variants_by_trait_and_tissue", trait=trait.upper(), tissue=tissue)
    assert [r for r in some if r["trait"] == trait] == [r for r in got if (r["trait"], r["tissue"]) == (trait, tissue)]
    return len(got)


CHECKS: dict[str, Callable[[Asked], int]] = {
    name.removeprefix("check_"): check for name, check in sorted(globals().items()) if name.startswith("check_")
}


def test_every_question_is_checked() -> None:
    assert set(CHECKS) == set(QUESTIONS)


@pytest.mark.parametrize("name", CHECKS)
def test_the_answer_is_that_of_plain_python(demo: Asked, name: str) -> None:
    assert CHECKS[name](demo) > 0


def test_records_of_both_assemblies_and_of_no_alleles_meet(demo: Asked) -> None:
    """What the questions are for: a combination's member on GRCh37 finds its call, and a variant its associations."""
    members = demo.ask("members_in_clinvar", disease="%", source="dida")
    assert {r["lift_status"] for r in members} >= {"mapped"}
    assert any(r["clinical_significance"] for r in members)
    scores = demo.ask("mave_beside_clinvar", gene="%")
    assert len({r["clnsig_class"] for r in scores} - {None}) >= 3
    ids = [r["variant_ids"][0] for r in demo.ask("variants_by_trait_and_tissue", trait="%", tissue="%") if "gwas_catalog" in r["sources"]]
    records = demo.ask("records_of_a_variant", variant=ids[0])
    assert {r["source"] for r in records if r["matched_by"] == "rs_id"} >= {"gwas_catalog"}
    assert "gtex_v8_eqtl" in {r["source"] for r in records}


def test_a_variant_has_the_same_records_asked_for_on_either_assembly(demo: Asked) -> None:
    left = {v["left_aligned_id"] for v in demo.table("variant", "variant_id, left_aligned_id")}
    lifted = [row for row in demo.lifted.values() if row["status"] == "mapped" and row["lifted_left_aligned_id"] in left]
    met = 0
    for row in sorted(lifted, key=lambda row: row["variant_id"])[:6]:
        here, there = (demo.ask("records_of_a_variant", variant=v) for v in (row["variant_id"], row["lifted_left_aligned_id"]))
        assert {(r["record_id"], r["matched_by"]) for r in here} == {(r["record_id"], r["matched_by"]) for r in there}
        assert {r["lift_status"] for r in here} == {"native", "mapped"}
        met += len({r["source"] for r in here})
    assert met > 6


def test_neutral_combinations_have_members_too(demo: Asked) -> None:
    members = demo.ask("members_in_clinvar", disease="%", source="neutral_combinations")
    wanted = {r["combination_id"] for r in demo.table("combination", "source, combination_id") if r["source"] == "neutral_combinations"}
    assert {r["combination_id"] for r in members} == wanted


def test_without_a_chain_the_assemblies_stay_apart(demo_store: Path) -> None:
    with lrbstore.open(demo_store) as store:
        apart = Asked(store)
        members = apart.ask("members_in_clinvar", disease="%", source="dida")
        assert {r["lift_status"] for r in members} == {"no_chain"}
        assert not any(r["variant_id"] or r["clinical_significance"] for r in members)


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_head_says_the_question_and_every_parameter(demo: Asked, name: str) -> None:
    one = QUESTIONS[name]
    assert one.question.endswith("?")
    assert one.row.startswith("One row is")
    assert set(re.findall(r"\$(\w+)", one.sql)) == set(one.examples)
    assert isinstance(demo.ask(name, **one.examples), list)  # the examples are of real files, so that they find nothing here


def test_the_command_line_knows_them_by_name(demo_store: Path, tmp_path: Path) -> None:
    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["sql", *arguments, "--store", str(demo_store), "--format", "csv"])

    done = call("@traits_of_essential_genes", "--param", "cell_line=Sim-0", "--param", "$max_p=5e-8")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("trait,n_associations,n_snps,genes,best_neg_log10_p\n")
    assert done.stdout.count("\n") > 1
    (tmp_path / "mine.sql").write_text("-- Mine\nselect $a || '!' as b\n")
    assert call(f"@{tmp_path / 'mine.sql'}", "--param", "a=x=y").stdout == "b\nx=y!\n"
    for said, arguments in {
        "did you mean 'traits_of_essential_genes'": ("@traits_of_essential_gene",),
        "expected NAME=VALUE": ("select 1", "--param", "a"),
        "cell_line": ("@traits_of_essential_genes", "--param", "max_p=1"),
    }.items():
        refused = call(*arguments)
        assert refused.exit_code != 0
        assert said in str(refused.exception)


# ── on real files ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def real(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    path = tmp_path_factory.mktemp("real") / "store"
    for source, names in {
        "clinvar": ("clinvar/clinvar_20260226.GRCh38.cancer_genes.vcf.gz",),
        "gtex_v8_eqtl": tuple(f"gtex_v8/{tissue}.v8.egenes.txt.gz" for tissue in ("Pancreas", "Whole_Blood")),
        "gwas_catalog": ("gwas/gwas_catalog_v1.0.1-downloaded_2015-06-08.GRCh38.tsv.gz",),
        "mavedb": ("mavedb",),
        "crispr_matrix": ("crispr/sanger_uvm_MAGeCK_gene_corrected_beta.tsv.gz",),
        "dida": ("olida",),
        "olida": ("olida",),
    }.items():
        ingest(path, source, [realdata / name for name in names])
    add_chain(path, "GRCh37", "GRCh38", realdata / "chains" / "hg19ToHg38.over.chain.gz")
    with lrbstore.open(path) as store:
        yield Asked(store)


#: What the cut of real files to be had here cannot answer: none of their pathogenic variants is a lead, no score set is mapped to a genome.
EMPTY_ON_REAL = {"pathogenic_lead_eqtls", "mave_beside_clinvar"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_real_files_are_answered_as_plain_python_says(real: Asked, name: str) -> None:
    assert (CHECKS[name](real) == 0) == (name in EMPTY_ON_REAL)


@pytest.mark.slow
def test_example_values_find_rows_in_real_files(real: Asked) -> None:
    answered = {name for name, one in QUESTIONS.items() if real.ask(name, **one.examples)}
    assert answered >= {"members_in_clinvar", "records_of_a_variant", "variants_by_trait_and_tissue"}
    assert real.ask("traits_of_essential_genes", cell_line="MP41", max_p="5e-8")
