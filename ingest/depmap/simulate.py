"""Simulated DepMap files: Model.csv, CRISPRGeneEffect.csv and the inferred common essentials of one release.

Genes and essentiality are Project Score's, with the opposite sign: Chronos is about -1 for an essential gene. A fifth of the models are
Project Score's too, by their Sanger id.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lrbstore.ingest.project_score.simulate import TISSUES, counts, essentiality, knocked_out, model
from lrbstore.ingest.simulation import World, scaled

SOURCE = "depmap"
RELEASE = "24Q2"
PUBLISHED_MODELS = 400  # half the real release's: the demo's second matrix, not its largest
SHARED_SHARE = 0.2
_LINEAGES = (
    *("Bone", "Breast", "CNS/Brain", "Uterus", "Esophagus/Stomach", "Lymphoid", "Head and Neck", "Bowel", "Lung", "Ovary/Fallopian Tube"),
    *("Pancreas", "Peripheral Nervous System", "Esophagus/Stomach"),
)
LINEAGES = dict(zip(TISSUES, _LINEAGES, strict=True))  #: Project Score's tissue → DepMap's word for it.
COLUMNS = (
    "ModelID,PatientID,CellLineName,StrippedCellLineName,DepmapModelType,OncotreeLineage,OncotreePrimaryDisease,OncotreeSubtype,"
    "OncotreeCode,PatientMolecularSubtype,RRID,Age,AgeCategory,Sex,PatientRace,PrimaryOrMetastasis,SampleCollectionSite,GrowthPattern,"
    "EngineeredModel,CCLEName,WTSIMasterCellID,SangerModelID,COSMICID"
)


def n_models(scale: float) -> int:
    """Give the number of models in the matrix: 400 at scale 1, at least 20."""
    return scaled(scale, PUBLISHED_MODELS, 20)


def simulate(world: World, out: Path) -> list[Path]:
    """Write the three files below ``out/24Q2``; give their paths."""
    folder = out / RELEASE
    folder.mkdir()
    n, rng, genes = n_models(world.scale), world.rng(SOURCE, "matrix"), knocked_out(world)
    shared = min(round(SHARED_SHARE * n), counts(world.scale)["models"])
    numbers = [i if i < shared else 5_000 + i for i in range(n)]
    rng.shuffle(numbers)
    models = [(f"ACH-{990_000 + i:06d}", model(number), number < 5_000) for i, number in enumerate(numbers)]
    paths = [folder / name for name in ("Model.csv", "CRISPRGeneEffect.csv", "CRISPRInferredCommonEssentials.csv")]
    with paths[0].open("w", encoding="utf-8", newline="") as handle:
        handle.write(f"\ufeff{COLUMNS}\n")
        good = ""
        for i, (ach, (sidm, name, tissue), bridged) in enumerate(models):
            plain, lineage = name.upper().replace("-", ""), LINEAGES[TISSUES[tissue]]
            subtype = '"TP53(del), KRAS and NRAS mutations"' if i % 5 == 0 else ""
            good = (
                f"{ach},PT-{i:06d},{name},{plain},SIM,{lineage},{TISSUES[tissue]} Cancer,Simulated Subtype,SIM,{subtype},CVCL_S{i:03d},"
                f"{'' if i % 5 == 4 else f'{30 + i % 50}.0'},Adult,{'Female' if i % 2 else 'Male'},,Primary,,Adherent,,{plain}_SIM,"
                f"{i if bridged else ''},{sidm if bridged else ''},{f'{9_900_000 + i}.0' if bridged else ''}"
            )
            handle.write(good + "\n")
        faults = [
            ("short row", "ACH-990999,PT-1,Short"),
            ("bad model id", good.replace(models[-1][0], "ACH_1")),
            ("repeated model id", good),
        ]
        handle.write("".join(world.fault_lines(SOURCE, paths[0], n + 2, faults)))
    symbols = [f"{world.genes.symbol[g]} ({world.genes.entrez[g]})" for g in genes.tolist()]
    effect = essentiality(world, genes, np.array([tissue for _, (_, _, tissue), _ in models]))
    with paths[1].open("w", newline="") as handle:
        handle.write(",".join(["", *symbols]) + "\n")
        cells: list[str] = []
        for i, (ach, _, _) in enumerate(models):
            scores = -effect[:, i] + rng.normal(0, 0.15, len(genes))
            missing = rng.random(len(genes)) < 0.005
            cells = [ach, *("" if m else f"{s:.15g}" for s, m in zip(scores.tolist(), missing.tolist(), strict=True))]
            handle.write(",".join(cells) + "\n")
        rows = [("short row", ",".join(cells[:5])), ("score is not a number", ",".join([*cells[:3], "low", *cells[4:]]))]
        handle.write("".join(world.fault_lines(SOURCE, paths[1], n + 2, rows)))
    common = essentiality(world, genes, np.arange(len(TISSUES))).all(axis=1)
    paths[2].write_text("Essentials\n" + "".join(f"{symbols[row]}\n" for row in np.flatnonzero(common).tolist()))
    return paths
