"""What a GTEx v8 sQTL file says about itself: as with the eQTL files, its name carries the tissue and the version."""

from __future__ import annotations

from lrbstore.ingest.gtex_v8_eqtl.load import describe_file

__all__ = ["describe_file"]
