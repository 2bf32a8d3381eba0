"""Simulated Project Score files: the combined matrix with its four header rows, the manifest, and the shares by tissue.

One in ten genes is essential in every model, one in ten in the models of some tissues; DepMap's and the plain matrix, drawn from the
same genes and models, agree, with the opposite sign. Some models were screened twice, at Sanger and at Broad.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.simulation import Floats, Ints, World, gzip_text, scaled

SOURCE = "project_score"
PUBLISHED = {"genes": 17_548, "screens": 1_107}
NAME = "Project_score_combined_Sanger_v2_Broad_21Q2_fitness_scores_scaled_bayesian_factors_20250624.tsv"
TWICE_SHARE = 0.03  # of the screens: a model that the other centre screened too
NA_SHARE = 0.01
TISSUES = (
    *("Bone", "Breast", "Central Nervous System", "Endometrium", "Esophagus", "Haematopoietic and Lymphoid", "Head and Neck"),
    *("Large Intestine", "Lung", "Ovary", "Pancreas", "Peripheral Nervous System", "Stomach"),
)


def counts(scale: float) -> dict[str, int]:
    """Give genes, screens and models: 17,548 genes and 1,107 screens at scale 1."""
    genes, screens = scaled(scale, PUBLISHED["genes"], 80), scaled(scale, PUBLISHED["screens"], 24)
    return {"genes": genes, "screens": screens, "models": screens - max(2, round(TWICE_SHARE * screens))}


def knocked_out(world: World) -> Ints:
    """Choose the genes that are knocked out: protein-coding ones, by row of ``world.genes``."""
    coding = np.flatnonzero(world.genes.type == "protein_coding")
    _, first = np.unique(world.genes.symbol[coding], return_index=True)
    return np.sort(world.rng("knockout", "genes").permutation(coding[first])[: counts(world.scale)["genes"]]).astype(np.int64)


def essentiality(world: World, genes: Ints, tissues: Ints) -> Floats:
    """Give how essential genes are in models of some tissues: about 1 where they are, about 0 elsewhere; shape (genes, models).

    Args:
        world: The world.
        genes: Rows of ``world.genes``.
        tissues: Numbers in ``TISSUES``, one a model.
    """
    draw = world.rng("knockout", "essential").random((len(world.genes.symbol), 1 + len(TISSUES)))[genes]
    common, selective = draw[:, :1] < 0.1, (draw[:, :1] >= 0.9) & (draw[:, 1:] < 0.3)
    return np.asarray((common | selective)[:, tissues], dtype=np.float64)


def model(number: int) -> tuple[str, str, int]:
    """Give a model's Sanger id, name, and tissue by number in ``TISSUES``."""
    return f"SIDM{90_000 + number:05d}", f"Sim-{number}", number % len(TISSUES)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the three files below ``out``; give their paths."""
    n, genes, rng = counts(world.scale), knocked_out(world), world.rng(SOURCE, "matrix")
    numbers = np.concatenate([np.arange(n["models"]), np.arange(n["screens"] - n["models"])])
    models = [model(int(number)) for number in numbers]
    centres = ["Broad" if i >= n["models"] or i % 3 == 2 else "Sanger" for i in range(n["screens"])]
    passed = ["FALSE" if draw < 0.03 else "TRUE" for draw in rng.random(n["screens"])]
    effect = essentiality(world, genes, np.array([tissue for _, _, tissue in models]))
    path = out / NAME
    lead = ["", ""]
    with path.open("w", newline="") as handle:
        for label, cells in (
            ("model_name", [name for _, name, _ in models]),
            ("model_id", [sidm for sidm, _, _ in models]),
            ("source", centres),
            ("qc_pass", passed),
        ):
            handle.write("\t".join([label, *lead, *cells]) + "\n")
        handle.write("\t".join(["gene_id", "symbol", "ensembl_gene_id", *[""] * n["screens"]]) + "\n")
        good = ""
        for row, gene in enumerate(genes.tolist()):
            scores = 6 * effect[row] - 3 + rng.normal(0, 0.8, n["screens"])
            missing = rng.random(n["screens"]) < NA_SHARE
            cells = ["" if m else f"{s:.6g}" for s, m in zip(scores.tolist(), missing.tolist(), strict=True)]
            good = "\t".join([f"SIDG{90_000 + row}", str(world.genes.symbol[gene]), str(world.genes.gene_id[gene]), *cells])
            handle.write(good + "\n")
        cells = good.split("\t")
        faults = [
            ("short row", "\t".join(cells[:7])),
            ("score is not a number", "\t".join([*cells[:5], "high", *cells[6:]])),
            ("no symbol", "\t".join([cells[0], "", *cells[2:]])),
        ]
        handle.write("".join(world.fault_lines(SOURCE, path, len(genes) + 6, faults)))
    return [path, _manifest(world, out, models[: n["models"]]), _essential(world, out, genes, models)]


def _manifest(world: World, out: Path, models: list[tuple[str, str, int]]) -> Path:
    path, rng = out / "project_score_manifest.csv.gz", world.rng(SOURCE, "manifest")
    with gzip_text(path) as write:
        write(
            "\ufeffmodel_id,name,cosmic,tissue,cancer_type,MSI,transduction_efficiency,cas9_activity,n_replicates,experiment_identifier,"
            "library,rep_qc,cell_line_qc,Hart_AUROC,Hart_AUPRRC,ribosomal,Hart_ess_genes,Hart_non_ess_genes,cell_line_high_qc\n"
        )
        for number, (sidm, name, tissue) in enumerate(models):
            cosmic = "NA" if number % 17 == 3 else str(9_900_000 + number)
            a, b = rng.uniform(10, 40, 2).tolist()
            write(
                f'{sidm},{name},{cosmic},{TISSUES[tissue]},{TISSUES[tissue]} Carcinoma,MSI-S,"{a:.1f}, {b:.1f}","90.1, 85.2",2,'
                f'"{name}_R1, {name}_R2","V1.0, V1.1","TRUE, TRUE",TRUE,{rng.uniform(0.85, 0.97):.6f},0.75,3.1,1.5,10.2,TRUE\n'
            )
    return path


def _essential(world: World, out: Path, genes: Ints, models: list[tuple[str, str, int]]) -> Path:
    path = out / "projectscore_essential_sanger_depmap19.tsv.gz"
    sets = ("Ribosomal_Proteins", "DNA_replication", "RNA_polymerase", "Proteasome", "Spliceosome", "Histones")
    names = ["Gene", "description", "family", "hgnc_id", "entrez_id", "ensemble_id", "location", "pubmed_id", "Vulnerable_Cell_lines_perc"]
    names += [*sets, "curated_BAGEL_essential", "curated_BAGEL_nonEssential", "ADM_PanCancer_CF"]
    names += [part for t in TISSUES for part in (f"Vuln_CL_perc.{t.replace(' ', '.')}", t.replace(" ", "."))]
    by_tissue = essentiality(world, genes, np.arange(len(TISSUES)))
    over_all = by_tissue[:, [tissue for _, _, tissue in models]].mean(axis=1)
    with gzip_text(path) as write:
        write("\t".join(names) + "\n")
        line = 1
        for row in np.flatnonzero(by_tissue.any(axis=1)).tolist():
            gene, core = genes[row], bool(by_tissue[row].all())
            entrez = str(world.genes.entrez[gene])
            cells = [str(world.genes.symbol[gene]), "simulated gene", "", f"HGNC:{entrez}", entrez, str(world.genes.gene_id[gene]), "", ""]
            cells += [f"{100 * over_all[row]:.6g}", *["FALSE"] * len(sets), "FALSE", "FALSE", "TRUE" if core else "FALSE"]
            for share in by_tissue[row].tolist():
                cells += [f"{100 * share:g}", "" if share == 0 else "CF" if core else "CS"]
            write("\t".join(cells) + "\n")
            line += 1
    return path
