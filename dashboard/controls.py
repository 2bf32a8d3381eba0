"""Controls that live in the URL: a link shows exactly the view that it was copied from.

Each control is bound to the query parameter of its key. A link may say anything: a value that there is none of is refused in words (once,
where the page is first drawn), and the default is shown in its place. A value is kept while its reader looks at other pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from lrbstore.catalogue import TaskSpec
from lrbstore.errors import near_names
from lrbstore.window import EDGES, POLICIES

_REFUSED = "refused_"


def refused() -> list[str]:
    """Say what the link asked for and could not be shown; each is said once."""
    return st.session_state.pop(_REFUSED, [])


def _asked(key: str) -> list[str]:
    """What the link says of a control that is drawn for the first time."""
    return [] if key in st.session_state else st.query_params.get_all(key)


def refuse(key: str, value: str, expected: str, shown: str = "the default") -> None:
    """Keep in mind what a link asks for and is not shown, and what is shown in its place."""
    st.session_state.setdefault(_REFUSED, []).append(
        f"The link asks for {key} = {value!r}; {expected}{'' if expected.endswith('?') else '.'} Shown is {shown}."
    )


def one(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    default: str | None = None,
    say: Callable[[str], str] = str,
    lacking: str = "there is none of that name",
    **more: Any,
) -> str:
    """Choose one of some names; ``lacking`` says what is wrong with another one."""
    options = list(options)
    for value in _asked(key):
        if value not in options:
            refuse(key, value, f"{lacking}{near_names(value, options, key)}")
    _forget_unknown(key, options)
    index = options.index(default) if default in options else 0
    return st.selectbox(label, options, index=index, key=key, format_func=say, bind="query-params", persist_state="session", **more)


def maybe(
    label: str, options: Sequence[str], key: str, *, say: Callable[[str], str] = str, placeholder: str = "any", **more: Any
) -> str | None:
    """Choose one of some names, or none of them."""
    options = list(options)
    for value in _asked(key):
        if value and value not in options:
            refuse(key, value, f"there is none of that name{near_names(value, options, key)}")
    _forget_unknown(key, options)
    return st.selectbox(
        label, options, index=None, key=key, format_func=say, placeholder=placeholder, bind="query-params", persist_state="session", **more
    )


def some(
    label: str, options: Sequence[str], key: str, *, default: Sequence[str] = (), say: Callable[[str], str] = str, **more: Any
) -> tuple[str, ...]:
    """Choose any of some names. Of a link that holds others as well, those that there are are shown."""
    options = list(options)
    asked = [value for value in _asked(key) if value]
    good = [value for value in asked if value in options]
    for value in asked:
        if value not in options:
            said = f"there is none of that name{near_names(value, options, key)}"
            refuse(key, value, said, "what else it asks for" if good else "the default")
    if good and len(good) < len(asked):
        st.query_params[key] = good  # Streamlit shows the default if any of them is unknown
    held = st.session_state.get(key)
    if held is not None and not set(held) <= set(options):
        st.session_state[key] = [value for value in held if value in options]
    given = {} if key in st.session_state else {"default": [d for d in default if d in options]}
    return tuple(st.multiselect(label, options, key=key, format_func=say, bind="query-params", persist_state="session", **given, **more))


def _forget_unknown(key: str, options: list[str]) -> None:
    """Let go of a value that another control's change has taken away."""
    if st.session_state.get(key) is not None and st.session_state[key] not in options:
        del st.session_state[key]


def number(label: str, key: str, *, low: int, high: int, default: int, step: int = 1, **more: Any) -> int:
    """Choose a whole number between two."""
    for value in _asked(key):
        try:
            fits = low <= int(value) <= high
        except ValueError:
            fits = False
        if not fits:
            refuse(key, value, f"expected a whole number from {low:,} to {high:,}")
    held = st.session_state.get(key)
    if held is not None and not (isinstance(held, int) and low <= held <= high):  # another page's control of this name has other bounds
        del st.session_state[key]
    return int(st.number_input(label, low, high, default, step, key=key, bind="query-params", persist_state="session", **more))


def maybe_number(label: str, key: str, *, low: int, high: int, placeholder: str, **more: Any) -> int | None:
    """Choose a whole number between two, or leave it open; the placeholder says what then holds."""
    for value in _asked(key):
        try:
            fits = not value or low <= int(value) <= high
        except ValueError:
            fits = False
        if not fits:
            refuse(key, value, f"expected a whole number from {low:,} to {high:,}")
    found = st.number_input(
        label, low, high, None, 1, key=key, placeholder=placeholder, bind="query-params", persist_state="session", **more
    )
    return None if found is None else int(found)


def text(label: str, key: str, *, default: str = "", most: int = 200, **more: Any) -> str:
    """Take a line of text. It is a value in a question, never a part of its SQL."""
    if not isinstance(st.session_state.get(key) or "", str):  # another page's control of this name holds several
        del st.session_state[key]
    return str(st.text_input(label, default, max_chars=most, key=key, bind="query-params", persist_state="session", **more) or "").strip()


def passage(label: str, key: str, *, default: str = "", most: int, height: int = 200, **more: Any) -> str:
    """Take several lines of text, which a link holds as well."""
    bound = {"max_chars": most, "height": height, "key": key, "bind": "query-params", "persist_state": "session"}
    return str(st.text_area(label, default, **bound, **more) or "").strip()


def flag(label: str, key: str, *, default: bool = False, **more: Any) -> bool:
    """Choose yes or no."""
    return bool(st.toggle(label, default, key=key, bind="query-params", persist_state="session", **more))


def tabs(names: Sequence[str], key: str) -> Mapping[str, Any]:
    """Lay answers behind each other; one whose ``open`` is false is not on screen, and need not be asked for."""
    for value in _asked(key):
        if value not in names:
            refuse(key, value, f"there is none of that name{near_names(value, names, key)}")
    return dict(zip(names, st.tabs(list(names), key=key, on_change="rerun", bind="query-params"), strict=True))


def task_settings(spec: TaskSpec, *, whose: str = "the task's own", own: Mapping[str, Any] | None = None) -> tuple[tuple[str, Any], ...]:
    """Choose how a task is opened: split scheme, window length, policy and edge. What is left open is None: as the task declares.

    Args:
        spec: The task.
        whose: Who says what holds where nothing is chosen.
        own: What that is; the task's own by default.

    Returns:
        Arguments of :func:`lrbstore.task` with their values; hashable.
    """
    said = own or {"split_scheme": spec.split_scheme, "seq_len": spec.seq_len, "window": spec.window}
    scheme = maybe("Split scheme", list(spec.schemes), "split_scheme", placeholder=f"{said['split_scheme']} ({whose})")
    length = maybe_number("Window length, bp", "seq_len", low=1, high=10_000_000, placeholder=f"{said['seq_len']:,} ({whose})")
    policy = maybe("Window policy", POLICIES, "window", placeholder=f"{said['window']} ({whose})")
    usual = said.get("edge") or (spec.edge if (policy or spec.window) == "strict" else "drop")
    edge = maybe("At a contig's end", EDGES, "edge", placeholder=f"{usual} ({whose})")
    return (("split_scheme", scheme), ("seq_len", length), ("window", policy), ("edge", edge))
