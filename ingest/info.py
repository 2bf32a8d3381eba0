"""INFO of a VCF, ``KEY=value;KEY=value;FLAG``, taken apart in one pass over a chunk's text: a column a key.

A select over ``typed`` asks by naming: ``info_item.CLNSIG`` is the value of CLNSIG as it was written, percent escapes included, and
``info_has.DB`` whether DB stands there, with or without a value. ``info_other`` are the items whose keys the select does not name, and
``info_repeated`` is the first key that comes again, which VCF does not allow: which value is meant, nobody can say.

INFO is cut at ``;``, an item at its first ``=``, and a key is compared whole, so CLNDN is never found inside ONCDN or CLNDNINCL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_ASKED = re.compile(r"\binfo_(item|has)\.(\w+)")
_SLICE = 8192  #: Texts taken apart at a time: what is computed for some 100,000 items stays in the processor's cache.
_SEMICOLON, _EQUALS, _POINT = b";=."


@dataclass(frozen=True)
class InfoKeys:
    """The keys of INFO that a select names.

    Attributes:
        values: Those whose value it wants (``info_item.KEY``).
        flags: Those whose presence it wants (``info_has.KEY``).
        other: Whether it wants the items with other keys (``info_other``).
    """

    values: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    other: bool = False

    @staticmethod
    def named_in(*selects: str) -> InfoKeys:
        """Find the keys that some selects name."""
        text = "\n".join(selects)
        found = list(dict.fromkeys(_ASKED.findall(text)))
        values, flags = (tuple(key for kind, key in found if kind == wanted) for wanted in ("item", "has"))
        return InfoKeys(values, flags, "info_other" in text)

    def __bool__(self) -> bool:
        return self != InfoKeys()


@dataclass(frozen=True)
class _Items:
    """The items of a column of texts, in order.

    Attributes:
        row: int32 (m,): the row that each stands in.
        cuts: int32 (m, 4): bytes of ``data`` at which an item starts, its first ``=`` stands (its end, where it has none), its value
            starts, and it ends, with a ``;``.
        data: The texts one after another, each with a ``;`` behind it.
    """

    row: np.ndarray
    cuts: np.ndarray
    data: pa.Buffer

    def pieces(self, *which: int) -> pa.Array:
        """Give the text between some of an item's cuts, and from the last to the next item's first, item after item: no byte is moved."""
        cuts = np.append(self.cuts[:, which].ravel(), len(self.data))
        return pa.StringArray.from_buffers(len(cuts) - 1, pa.py_buffer(cuts.astype(np.int32, copy=False)), self.data)


def take_apart(texts: pa.Array, keys: InfoKeys) -> dict[str, pa.ChunkedArray]:
    """Take a column of INFO apart.

    Args:
        texts: INFO as text (n,), null where there is none.
        keys: What is wanted of it.

    Returns:
        ``info_item``: a struct of text, one field a key: null where the key is absent, a flag, empty or ``.``; the first if it is
        repeated. ``info_has``: a struct of bool, whether the key is there. ``info_other``: text, the items with other keys as they stand,
        in order, joined by ``;``; null where there are none, or they are not wanted. ``info_repeated``: text, the first key that came
        before; null where none did.
    """
    pieces = [_apart(texts.slice(first, _SLICE), keys) for first in range(0, max(len(texts), 1), _SLICE)]
    return {name: pa.chunked_array([piece[name] for piece in pieces]) for name in pieces[0]}


def _apart(texts: pa.Array, keys: InfoKeys) -> dict[str, pa.Array]:
    """Take a few thousand texts apart; see :func:`take_apart`."""
    n = len(texts)
    items = _items(texts)
    parts, m = items.pieces(0, 1, 2, 3), len(items.row)  # of each item: key, =, value, ;
    encoded = parts.take(pa.array(np.arange(0, 4 * m, 4))).dictionary_encode()
    codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    codes = codes.astype(np.uint16) if len(names) < 1 << 16 else codes  # sixteen bits are sorted by counting
    by_key = np.argsort(codes, kind="stable").astype(np.int32)
    row, code = items.row[by_key], codes[by_key]
    bounds = np.searchsorted(code, np.arange(len(names) + 1))
    code_of = {name: i for i, name in enumerate(names)}
    same = np.zeros(m, np.bool_)  # whether the key stands in that row before
    same[1:] = (code[1:] == code[:-1]) & (row[1:] == row[:-1])
    text, (_, _, value, end) = np.frombuffer(items.data, np.uint8), items.cuts.T
    blank = (end == value) | ((end == value + 1) & (text[value] == _POINT)) if m else np.empty(0, np.bool_)

    def of(key: str) -> slice:
        return slice(bounds[code_of[key]], bounds[code_of[key] + 1]) if key in code_of else slice(0)

    def values(key: str) -> pa.Array:
        here = of(key)
        first = ~same[here]
        rows, chosen = row[here][first], by_key[here][first]
        if not len(rows):
            return pa.nulls(n, pa.string())
        place, missing = np.zeros(n, np.int32), np.ones(n, np.bool_)
        place[rows], missing[rows] = 4 * chosen + 2, blank[chosen]
        return parts.take(pa.array(place, mask=missing))

    def flags(key: str) -> pa.Array:
        there = np.zeros(n, np.bool_)
        there[row[of(key)]] = True
        return pa.array(there)

    others = np.empty(0, np.int64)
    if keys.other:
        wanted = {*keys.values, *keys.flags}
        unnamed = np.array([name not in wanted for name in names], np.bool_)
        others = np.flatnonzero(unnamed[codes] & (items.cuts[:, 3] > items.cuts[:, 0]))
    repeated: dict[int, str] = {}
    for i in np.sort(by_key[same]).tolist():
        if names[codes[i]]:
            repeated.setdefault(int(items.row[i]), names[codes[i]])
    return {
        "info_item": _struct(keys.values, [values(key) for key in keys.values], n),
        "info_has": _struct(keys.flags, [flags(key) for key in keys.flags], n),
        "info_other": _joined(items, others, n),
        "info_repeated": pa.array(map(repeated.get, range(n)), pa.string()) if repeated else pa.nulls(n, pa.string()),
    }


def _items(texts: pa.Array) -> _Items:
    """Find the items of a column of texts: a null has none, an empty text one that is empty."""
    there = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False)).astype(np.int32)
    ended = pc.binary_join_element_wise(texts.drop_null(), "", ";")
    _, offsets, data = ended.buffers()
    data = data or pa.py_buffer(b"")
    offset = np.frombuffer(offsets, np.int32, len(there) + 1) if len(there) else np.zeros(1, np.int32)
    text = np.frombuffer(data, np.uint8, offset[-1])
    end = np.flatnonzero(text == _SEMICOLON).astype(np.int32)
    signs = np.append(np.flatnonzero(text == _EQUALS), offset[-1]).astype(np.int32)
    cuts = np.empty((len(end), 4), np.int32)
    cuts[:1, 0], cuts[1:, 0], cuts[:, 3] = 0, end[:-1] + 1, end
    cuts[:, 1] = np.minimum(signs[np.searchsorted(signs, cuts[:, 0])], end)
    cuts[:, 2] = np.minimum(cuts[:, 1] + 1, end)
    return _Items(np.repeat(there, np.diff(np.searchsorted(end, offset))), cuts, data.slice(0, offset[-1]))


def _struct(names: tuple[str, ...], columns: list[pa.Array], n: int) -> pa.Array:
    """Make a struct of columns; one without fields DuckDB does not have."""
    return pa.StructArray.from_arrays(columns, list(names)) if names else pa.nulls(n, pa.string())


def _joined(items: _Items, chosen: np.ndarray, n: int) -> pa.Array:
    """Join some items of each row by ``;``, as they stand; null for a row of which none was chosen."""
    if not len(chosen):
        return pa.nulls(n, pa.string())
    row = items.row[chosen]
    rows, firsts = np.unique(row, return_index=True)
    lists = pa.ListArray.from_arrays(pa.array(np.append(firsts, len(row)).astype(np.int32)), items.pieces(0, 3).take(pa.array(2 * chosen)))
    place, missing = np.zeros(n, np.int64), np.ones(n, np.bool_)
    place[rows], missing[rows] = np.arange(len(rows)), False
    return pc.binary_join(lists, ";").take(pa.array(place, mask=missing))
