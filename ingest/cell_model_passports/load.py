"""What a file of the Cell Model Passports says about itself: its name carries the release's date, a VCF's also model and laboratory."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from lrbstore.errors import ContractBroken
from lrbstore.ingest.reading import DelimitedFile
from lrbstore.ingest.spec import Part

_DATE = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")
_MODEL = re.compile(r"(SIDM\d+)_([^_.]+)")
_ASSEMBLY = re.compile(r"GRCh3[78]|hg19|hg38|b37", re.IGNORECASE)


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read version, assembly and constants from a file's name, its folder's name and, for a VCF, its ``##`` lines.

    The version is the release's date: of a CSV from its own name, of a VCF from its folder's (``mutations_wgs_vcf_20221123``), never
    from ``##fileDate``: that one differs between models, and a newer version hides an older one.

    Returns:
        ``assembly``: what the VCF's header names, else GRCh38, on which the provider gives all of its positions; ``version`` as
        YYYY-MM-DD, None where no name has a date; ``version_from``; ``constants``: ``cell_model_id`` and ``sequencing_source`` of a
        VCF, ``mutation_set`` (``all``, ``summary``) of a CSV of mutations.

    Raises:
        ContractBroken: If a VCF's name does not say whose it is, or its header names two assemblies.
    """
    if part.name == "vcf":
        return {
            "assembly": _assembly(part, path),
            "version": _date(path.parent.name) or _date(path.name),
            "version_from": "a date in the name of its folder, as in mutations_wgs_vcf_20221123,",
            "constants": _whose(path),
        }
    return {
        "assembly": "GRCh38",
        "version": _date(path.name) or _date(path.parent.name),
        "version_from": f"a date in its name, as in {part.files[0].replace('*', '20230202')},",
        "constants": {"mutation_set": path.name.split("_")[1]} if part.name == "mutations" else {},
    }


def _date(name: str) -> str | None:
    """Return the first date YYYYMMDD in a name as YYYY-MM-DD; eight digits that are no day are none."""
    for year, month, day in _DATE.findall(name):
        try:
            return datetime.date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    return None


def _whose(path: Path) -> dict[str, str]:
    said = _MODEL.match(path.name)
    if said is None:
        raise ContractBroken(
            f"{path} does not say whose variants it holds; expected a name as in SIDM00001_sanger_….vcf.gz: the model's id, "
            "then who sequenced it; fetch it again under its own name"
        )
    return {"cell_model_id": said[1], "sequencing_source": said[2]}


def _assembly(part: Part, path: Path) -> str:
    told = [line for line in DelimitedFile(path, part.delimiter, part.quote).preamble if line.startswith(("##reference=", "##contig="))]
    ours = {"hg38": "GRCh38", "grch38": "GRCh38"}
    named = {ours.get(name.lower(), "GRCh37") for line in told for name in _ASSEMBLY.findall(line)}
    if len(named) > 1:
        raise ContractBroken(f"{path} names two assemblies in its ##reference and ##contig lines: {', '.join(sorted(named))}; expected one")
    return named.pop() if named else "GRCh38"
