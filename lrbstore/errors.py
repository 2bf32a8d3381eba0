"""Every error that lrbstore raises on purpose, as one tree; each also is the builtin that a caller would catch.

    LrbStoreError
    ├── UnknownName (KeyError)            a task, source, assembly, tissue, stratum …; near names are offered
    ├── BadSpec (ValueError)              a setting, file or option that says something impossible
    ├── MissingData (FileNotFoundError)   what was asked for is not in the store; says the command that makes it
    ├── ContractBroken (ValueError)       rows that break a rule; names table, column, rule and the first offender
    ├── HashMismatch (OSError)            a file is not what it was
    ├── SchemaTooOld, SchemaTooNew (RuntimeError)   the store was written by another lrbstore
    ├── StoreLocked (RuntimeError)        another writer is at work
    ├── CannotWrite (OSError)             the disk is full, or the folder cannot be written to
    ├── ContigNotFound (KeyError)         a contig that the assembly or the registered genome lacks
    ├── OutOfContig (IndexError)          an interval that leaves its contig
    ├── WrongAssembly (ValueError)        a FASTA that is not the assembly it is registered as
    ├── IncompletePredictions (ValueError)  missing, unknown, duplicate or non-finite predictions, counted
    └── MissingExtra (ImportError)        an optional dependency; says the pip line

A message has up to four parts, in this order: what failed, with which value, what was expected, what to do next. The command
line prints exactly that message, on stderr, without a traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Self

_LISTED = 12  #: Names that an error lists.


class LrbStoreError(Exception):
    """The root: ``except LrbStoreError`` catches everything that lrbstore raises on purpose.

    Attributes:
        row: Which of the rows that were handed in the error is about, from 0, if its message begins with that: whoever knows the rows by
            a better name than a number can put it there (:meth:`about`).
    """

    row: int | None = None

    def __str__(self) -> str:
        # KeyError prints the repr of its argument: a message is not a key.
        return " ".join(str(part) for part in self.args)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what was said, whatever it was made of: workers hand their errors on."""
        return _again, (type(self), self.args, self.__dict__)

    @classmethod
    def of_row(cls, row: int, said: str) -> Self:
        """Make the error of one of many rows: ``row 3: …``."""
        error = cls(f"row {row}: {said}")
        error.row = row
        return error

    def about(self, name: str) -> Self:
        """Say the same of ``name`` in place of a row's number."""
        return type(self)(f"{name}: {str(self).removeprefix(f'row {self.row}: ')}")


def _again(kind: type[LrbStoreError], args: tuple[Any, ...], said: dict[str, Any]) -> LrbStoreError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(said)
    return error


class UnknownName(LrbStoreError, KeyError):
    """A name that nothing in the store answers to.

    Args:
        kind: What was looked up, in one word (``task``, ``source``, ``assembly``, ``tissue``).
        name: The name that was given.
        known: All names that would have been understood; near ones are offered, or all when they are few.
        see: What lists them all; said where they are not few.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str], see: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(set(known))
        near = near_names(str(name), self.known, kind)
        all_of_them = f"{' To' if near.endswith('?') else '; to'} see all {len(self.known)}: {see}"
        super().__init__(f"unknown {kind} {name!r}{near}{all_of_them if see and len(self.known) > _LISTED else ''}")


class BadSpec(LrbStoreError, ValueError):
    """A setting, a definition file or an option that says something impossible."""


class MissingData(LrbStoreError, FileNotFoundError):
    """Data that the store does not hold (yet); the message says the command that makes it."""


class ContractBroken(LrbStoreError, ValueError):
    """Rows that break a rule of a table or a file."""


class HashMismatch(LrbStoreError, OSError):
    """A file whose content is not what was recorded."""


class SchemaTooOld(LrbStoreError, RuntimeError):
    """A store written by an older lrbstore whose layout this one no longer reads."""


class SchemaTooNew(LrbStoreError, RuntimeError):
    """A store written by a newer lrbstore."""


class StoreLocked(LrbStoreError, RuntimeError):
    """Another process is writing to the store."""


class CannotWrite(LrbStoreError, OSError):
    """The disk is full, or the store's folder cannot be written to."""


class ContigNotFound(LrbStoreError, KeyError):
    """A contig that the assembly, or the registered genome, does not have."""


class OutOfContig(LrbStoreError, IndexError):
    """An interval that leaves its contig."""


class WrongAssembly(LrbStoreError, ValueError):
    """A FASTA whose contig lengths or bases are not those of the assembly it is registered as."""


class IncompletePredictions(LrbStoreError, ValueError):
    """Predictions that do not cover the examples exactly once with finite numbers; carries the counts.

    Attributes:
        counts: ``{"missing": n, "unknown": n, "duplicate": n, "non_finite": n}``.
        unknown: Some of the unknown ids.
    """

    def __init__(self, message: str, counts: dict[str, int], unknown: Sequence[str] = ()) -> None:
        self.counts, self.unknown = counts, tuple(unknown)
        super().__init__(message)


class MissingExtra(LrbStoreError, ImportError):
    """An optional dependency that is not installed.

    Args:
        extra: Name of the extra in ``pip install 'lrbstore[extra]'``.
        wanted_for: What the dependency would have been used for.
    """

    def __init__(self, extra: str, wanted_for: str) -> None:
        super().__init__(f"{wanted_for} needs the extra '{extra}', which is not installed; run: pip install 'lrbstore[{extra}]'")


def near_names(name: str, known: Iterable[str], kind: str = "name") -> str:
    """Say which known names are meant most likely: ``; did you mean …?``, or list them all when they are few.

    Args:
        name: What was given.
        known: The names that exist.
        kind: What they are, for the message.

    Returns:
        A tail for an error message, beginning with ``;``, or an empty string when nothing is known.
    """
    known = sorted(set(known))
    lowered = {candidate.lower(): candidate for candidate in reversed(known)}
    near = [lowered[match] for match in difflib.get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.6)]
    # Part of a long name is far from it by its letters: melanoma, of "Melanoma, familial, susceptibility to".
    if not near and len(name) > 2:
        near = [candidate for low, candidate in sorted(lowered.items(), key=lambda pair: len(pair[0])) if name.lower() in low][:3]
    if not near and len(known) > _LISTED:  # a word of it: gene_name, of gene_id and gene_symbol
        words = _words(name)
        shared = [candidate for low, candidate in lowered.items() if words & _words(low)]
        near = sorted(shared, key=lambda c: (-difflib.SequenceMatcher(None, name.lower(), c.lower()).ratio(), c))[:3]
    if near:
        return f"; did you mean {' or '.join(repr(n) for n in near)}?"
    if not known:
        return f"; no {kind} is known here"
    # Where a name has a comma of its own, the list would not tell where it ends.
    written = [repr(n) for n in known[:_LISTED]] if any("," in n for n in known) else known[:_LISTED]
    shown = ", ".join(written) + (f", … ({len(known)} in all)" if len(known) > _LISTED else "")
    return f"; known: {shown}"


def _words(name: str) -> set[str]:
    """Give the words of a name, without the short ones that stand in many."""
    return {word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > 3}
