"""Write small eQTL files of lrb, laid out as its provider does."""

from __future__ import annotations

from pathlib import Path


def eqtl(folder: Path, rows: list[str], version: str = "2") -> Path:
    """Write an eQTL file; the folder's name is what tells the version."""
    path = folder / {"1": "variant_effect_gene_expression", "2": "variant_effect_causal_eqtl"}[version] / "All_Tissues.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(rows))
    return path
