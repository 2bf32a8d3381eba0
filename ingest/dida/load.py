"""DIDA's combinations name their alleles by gene and cDNA change; where those lie is in the list of variants beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrbstore.ingest.combinations import load_list, load_members
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part

VERSION = "2"  #: The update of 258 combinations (dida_v2_full); the files themselves do not say.
VARIANTS = Part(
    name="variants",
    about="One row is one variant of DIDA, on GRCh37.",
    files=("DIDA_vars.csv", "DIDA_vars.csv.gz"),
    tables=("dida_variant",),
    sql="variants.sql",
    delimiter="\t",
    null=("", "N/A"),
    columns={
        "ID": "VARCHAR",
        "Genomic position": "BIGINT",
        "Chromosome": "VARCHAR",
        "Ref allele": "VARCHAR",
        "Alt allele": "VARCHAR",
        "Gene name": "VARCHAR",
        "cDNA change": "VARCHAR",
        "Protein change": "VARCHAR?",
        "Variant effect": "VARCHAR?",
        "unnamed_9": "VARCHAR?",  # every line ends in a tab
    },
)


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell version and assembly, and find the list of variants beside the combinations; without it members stay unresolved."""
    found = [path.with_name(name) for name in VARIANTS.files if path.with_name(name).is_file()]
    return {"version": VERSION, "assembly": "GRCh37", "companions": found[:1] if part.name == "combinations" else []}


def load_combinations(job: Job) -> None:
    """Load the list of variants, then the combinations with their members."""
    load_list(job, next(iter(job.unit.companions), None), VARIANTS, "listed")
    load_members(job, "members.sql", "combinations.sql")
