"""Ask a store on disk a question. To open one takes half a second, so the last few are kept open; a new release is noticed."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import lrbstore

_KEPT = 3
_held: OrderedDict[Path, lrbstore.Store] = OrderedDict()


def opened(path: Path) -> lrbstore.Store:
    """Return the current release of a store, open; not to be closed, and good until a few others have been asked for."""
    held = _held.pop(path, None)
    if held is not None and not held._is_current():
        held.close()
        held = None
    _held[path] = held or lrbstore.open(path)
    while len(_held) > _KEPT:
        _held.popitem(last=False)[1].close()
    return _held[path]


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of an answer."""
    return opened(path).sql(query).fetchall()


def close_all() -> None:
    """Close what is held; what a module has asked is not kept for the next."""
    while _held:
        _held.popitem()[1].close()
