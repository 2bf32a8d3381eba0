"""What a gnomAD sites VCF says about itself: the assembly by its contigs, the release by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.ingest.spec import Part
from lrbstore.ingest.vcf import VcfFile, assembly_said, load_sites

__all__ = ["describe_file", "load_sites"]


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read the assembly from a VCF's header or name, the release from its name (``gnomad.exomes.r2.1.1.sites.vcf.bgz`` is 2.1.1).

    Raises:
        ContractBroken: If it is no VCF, or does not say its assembly, or two of them: it is never guessed.
    """
    del part
    release = re.search(r"\.[rv](\d+(?:\.\d+)*)\.", path.name)
    return {
        "assembly": assembly_said(VcfFile(path).header, path),
        "version": release[1] if release else None,
        "version_from": "a name like gnomad.exomes.r2.1.1.sites.vcf.bgz",
    }
