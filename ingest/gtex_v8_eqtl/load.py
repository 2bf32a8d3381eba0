"""What a GTEx v8 file says about itself: its name carries the tissue and the version, and v8 is on GRCh38."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lrbstore.ingest.spec import Part


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read tissue and version from a file's name (``Whole_Blood.v8.egenes.txt.gz``)."""
    del part
    tissue, version, *_ = path.name.split(".")
    return {"version": version, "assembly": "GRCh38", "constants": {"tissue_name": tissue}}
