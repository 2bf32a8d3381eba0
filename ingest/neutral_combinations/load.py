"""Neutral combinations: the file's name says the set and the assembly; members are ``chrom:pos:ref:alt:zygosity``, joined by ``/``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.combinations import load_members
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.spec import Part


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read set and assembly from a file's name (``1kgp_testset_hg38_combs.txt``).

    Returns:
        ``version``, that of the predictor whose sets they are; ``assembly``; the constant ``set_name``, which tells the ids of several
        sets apart.

    Raises:
        ContractBroken: If the name does not say the assembly: it is never guessed.
    """
    del part
    set_name = re.sub(r"_combs\.txt(\.gz)?$", "", path.name)
    said = set(re.findall(r"hg19|hg38|grch37|grch38", set_name.lower()))
    names = {{"hg19": "GRCh37", "hg38": "GRCh38", "grch37": "GRCh37", "grch38": "GRCh38"}[name] for name in said}
    if len(names) != 1:
        raise ContractBroken(
            f"{path} does not say its assembly: its name was expected to hold hg19 or hg38, as 1kgp_testset_hg38_combs.txt does; "
            "give the file its provider's name"
        )
    return {"version": "VarCoPP2.0", "assembly": names.pop(), "constants": {"set_name": set_name}}


def load_combinations(job: Job) -> None:
    """Load combinations with their members; a member that cannot be read stays in its combination, with the reason."""
    load_members(job, "members.sql", "combinations.sql")
