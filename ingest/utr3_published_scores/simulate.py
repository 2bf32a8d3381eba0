"""A simulated copy of the table of published figures: a few models on two data sets, with figures that nobody published."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from lrbstore.ingest.simulation import World

SOURCE = "utr3_published_scores"
COLUMNS = ("task", "dataset", "stratum", "model", "predictor", "metric", "value", "source")
_REFERENCE = "simulated figures: cell {}"


def simulate(world: World, out: Path) -> list[Path]:
    """Write one file below ``out``; give its path."""
    rng = world.rng(SOURCE, "figures")
    rows = []
    for number, model in enumerate(("Model A", "Model B", "Model C")):
        for line in ("GM12878", "HMEC", "K562"):
            key, source = ("mpra", "griesemer_2021", line, model, "Ridge"), _REFERENCE.format(1)
            rows.append([*key, "pearson_r", f"{0.2 + 0.1 * number + rng.uniform(0, 0.1):.2f}", source])
            rows.append([*key, "pearson_r_fisher95_halfwidth", "0.01", source])
        key, source = ("variant_effect", "clinvar", "all", model, "pratio"), _REFERENCE.format(2)
        rows.append([*key, "roc_auc", f"{0.5 + 0.1 * number + rng.uniform(0, 0.1):.3f}", source])
        rows.append([*key, "roc_auc_boot95_halfwidth", "0.02", source])
    path = out / "utr3_published_scores.csv"
    good = rows[0]
    faults = [("short row", good[:3]), ("value is not a number", [*good[:6], "high", good[7]])]
    text = [_line(row) for row in [list(COLUMNS), *rows]]
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.write("".join(f"{line}\n" for line in text))
        handle.writelines(world.fault_lines(SOURCE, path, len(text) + 1, [(kind, _line(row)) for kind, row in faults]))
    return [path]


def _line(cells: list[str]) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="").writerow(cells)
    return held.getvalue()
