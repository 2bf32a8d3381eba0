"""Where the folders that travel with lrbstore lie: ``sql/`` and ``ingest/``, installed or in a checkout."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from lrbstore.errors import MissingData


def sql_folder() -> Path:
    """Return the folder that holds tables, macros, splits, strata, tasks, assemblies and audits as data.

    Returns:
        A folder of plain files: ``lrbstore.sql`` of an installed package, else ``sql/`` beside ``lrbstore/`` of a checkout.

    Raises:
        MissingData: Neither is there, so that the installation is incomplete.
    """
    return _folder("sql", probe="assemblies")


def ingest_folder() -> Path:
    """Return the folder that holds one folder per source; see :func:`sql_folder` for where it is looked for.

    Raises:
        MissingData: It is not there, so that the installation is incomplete.
    """
    return _folder("ingest", probe="")


@cache
def _folder(name: str, probe: str) -> Path:
    """Find a mapped folder; ``probe`` names an entry that it must have, so that an empty leftover is not taken for it."""
    candidates: list[Path] = []
    spec = importlib.util.find_spec(f"lrbstore.{name}")
    if spec is not None:
        # An editable install lists a placeholder among the locations of a mapped folder: only real folders count.
        candidates += [Path(location) for location in spec.submodule_search_locations or []]
    candidates.append(Path(__file__).resolve().parent.parent / name)
    for folder in candidates:
        if folder.is_dir() and (folder / probe).exists():
            return folder
    looked = ", ".join(str(folder) for folder in candidates)
    raise MissingData(
        f"the folder '{name}' of lrbstore was not found (looked in {looked}); reinstall with: pip install --force-reinstall lrbstore"
    )
