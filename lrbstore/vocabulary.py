"""Canonical names: ``sql/vocabulary/tissue.tsv`` and the one rule by which a source's spelling finds its tissue.

A spelling is compared by its key: what a provider adds after `` | `` is cut off, letters are lower-cased, and everything that is neither
letter nor digit is dropped. So GTEx's ``Whole_Blood`` and ExPecto's ``Whole Blood`` are one tissue without a list. The file lists the
canonical names, and the few spellings that the rule cannot join. A spelling that nothing knows becomes a tissue of its own, with spaces
for underscores.
"""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import dataclass

from lrbstore.layout import sql_folder

_SUFFIX = re.compile(r"[ \t]+\|[ \t].*$")


@dataclass(frozen=True)
class TissueAlias:
    """A spelling, its key and the canonical tissue it stands for."""

    alias: str
    key: str
    tissue: str


def tissue_key(spelling: str) -> str:
    """Reduce a spelling to what is compared: ``Brain_Spinal_cord_cervical_c-1`` → ``brainspinalcordcervicalc1``."""
    return re.sub(r"[^a-z0-9]", "", _SUFFIX.sub("", spelling).lower())


def tissue_plain(spelling: str) -> str:
    """Write a spelling that no canonical name is known for: the provider's suffix cut off, spaces for underscores."""
    return _SUFFIX.sub("", spelling).replace("_", " ").strip(" \t")


@functools.cache
def vocabulary() -> tuple[TissueAlias, ...]:
    """Read ``sql/vocabulary/tissue.tsv``: canonical names and further spellings."""
    rows: list[TissueAlias] = []
    with (sql_folder() / "vocabulary" / "tissue.tsv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader((line for line in handle if not line.startswith("#")), delimiter="\t"):
            for alias in [row["tissue"], *filter(None, (row["also"] or "").split(";"))]:
                rows.append(TissueAlias(alias.strip(), tissue_key(alias), row["tissue"]))
    return tuple(rows)


def tissue_aliases(source: str) -> tuple[TissueAlias, ...]:
    """Return the spellings that hold for a source: today the vocabulary holds for all alike."""
    del source
    return vocabulary()


def tissue_name(spelling: str) -> str:
    """Return the canonical tissue of a spelling; an unknown one stands for itself."""
    by_key = {row.key: row.tissue for row in vocabulary()}
    return by_key.get(tissue_key(spelling), tissue_plain(spelling))
