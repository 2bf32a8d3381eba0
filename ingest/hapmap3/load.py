"""What a HapMap list says about itself: only its name tells assembly and version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.spec import Part
from lrbstore.ingest.vcf import name_said


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read the assembly and HapMap's phase from a file's name (``PAN.hapmap3.hg38.EAF.core.tsv.gz``).

    Raises:
        ContractBroken: If the name does not say one assembly: it is never guessed.
    """
    del part
    names = name_said(path.name)
    if len(names) != 1:
        raise ContractBroken(
            f"{path} does not say its assembly, which nothing but the name can: expected hg19 or hg38 in it, as in "
            "PAN.hapmap3.hg38.EAF.core.tsv.gz"
        )
    phase = re.search(r"hapmap(\d+)", path.name)
    return {"assembly": names[0], "version": phase[1] if phase else None, "version_from": "a name with hapmap3"}
