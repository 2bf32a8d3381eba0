"""What a dbSNP VCF says about itself: the assembly in ``##reference`` or the contigs, the build in ``##dbSNP_BUILD_ID``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.ingest.spec import Part
from lrbstore.ingest.vcf import VcfFile, assembly_said, load_sites

__all__ = ["describe_file", "load_sites"]


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read assembly and build from a VCF's header, else from the file's name (``dbsnp135.vcf.gz``).

    Raises:
        ContractBroken: If it is no VCF, or does not say its assembly, or two of them: it is never guessed.
    """
    del part
    header = VcfFile(path).header
    in_name = re.match(r"dbsnp[_.-]?b?(\d+)", path.name, re.IGNORECASE)
    build = next((value for value in header.meta.get("dbSNP_BUILD_ID", []) if value), in_name[1] if in_name else None)
    return {
        "assembly": assembly_said(header, path),
        "version": build,
        "version_from": "a line ##dbSNP_BUILD_ID=… or a name like dbsnp156.vcf.gz",
    }
