"""What a file of the GWAS Catalog says about itself: its name carries the date of the release and, for older ones, the assembly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.spec import Part


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read version and assembly from a file's name.

    Returns:
        ``version``, the date in the name as YYYY-MM-DD, None where it has none, so that a version must be given. ``assembly`` as the name
        spells it; else GRCh38 for the names that EBI gives (``gwas_catalog…``, ``gwas-catalog…``), whose positions are on GRCh38; None
        for trait mappings, which have no positions.

    Raises:
        ContractBroken: If the name is NHGRI's (``gwascatalog20120320…``) and does not say the assembly: it is never guessed.
    """
    date = re.search(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)", path.name)
    said: dict[str, Any] = {
        "version": "-".join(date.groups()) if date else None,
        "version_from": "a date in its name, as in gwas_catalog_v1.0.2-associations_e111_r2024-03-01.tsv,",
    }
    if part.name == "trait_mappings":
        return said
    assembly = re.search(r"GRCh\d+|hg\d+", path.name, re.IGNORECASE)
    if assembly is None and part.name == "associations_nhgri":
        raise ContractBroken(f"{path} does not say its assembly; expected a name such as gwascatalog20120320.hg19.tsv")
    return {**said, "assembly": assembly[0] if assembly else "GRCh38"}
