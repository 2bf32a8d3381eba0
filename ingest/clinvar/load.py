"""What a ClinVar VCF says about itself: ``##reference`` is the assembly, ``##fileDate`` the version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.reading import DelimitedFile
from lrbstore.ingest.spec import Part


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read assembly and version from a VCF's ``##`` lines.

    Returns:
        ``assembly`` as the header spells it, without a patch level (``GRCh38.p14`` is GRCh38); ``version``, the file's date as
        YYYY-MM-DD, None where the file has no date, so that a version must be given; ``version_from``, where it stands.

    Raises:
        ContractBroken: If the header does not say the assembly: it is never guessed.
    """
    said: dict[str, str] = {}
    for line in DelimitedFile(path, part.delimiter, part.quote).preamble:
        key, equals, value = line.removeprefix("##").partition("=")
        if equals and value.strip():
            said.setdefault(key, value.strip())
    if "reference" not in said:
        raise ContractBroken(
            f"{path} does not say its assembly: no line ##reference=… before the column names; expected ##reference=GRCh37 or "
            "##reference=GRCh38, as in ClinVar's own VCF; fetch the file again, or add that line"
        )
    # A path or a patch level may surround the name; what holds no such name is looked up whole, which fails with the known ones.
    name = re.search(r"GRCh\d+|hg\d+|b37", said["reference"], re.IGNORECASE)
    return {
        "assembly": name[0] if name else said["reference"],
        "version": _date(said.get("fileDate")),
        "version_from": "a line ##fileDate=YYYY-MM-DD before the column names",
    }


def _date(text: str | None) -> str | None:
    """Write a date as YYYY-MM-DD where it has eight digits; else leave it as the file has it."""
    digits = re.fullmatch(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})", text or "")
    return "-".join(digits.groups()) if digits else text
