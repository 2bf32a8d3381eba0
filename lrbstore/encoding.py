"""Bases as numbers: ASCII bytes, codes and one-hot, and their reverse complement.

A batch of sequences is a uint8 array of ASCII letters, shape ``(n, length)``; every other form is made from it::

    text             list of str
    bytes            uint8 (n, length)        ASCII of A, C, G, T, N
    codes            int8  (n, length)        A, C, G, T = 0, 1, 2, 3; N = 4
    one_hot          uint8 (n, 4, length)     rows A, C, G, T; N is all zero
    one_hot_float32  float32 (n, 4, length)   the same as numbers that a model takes: four times the bytes to move

Upper and lower case mean the same base. Everything outside A, C, G, T (gaps, IUPAC ambiguity codes) is N.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lrbstore.errors import BadSpec, UnknownName

ENCODINGS = ("text", "bytes", "codes", "one_hot", "one_hot_float32")
BASES = b"ACGT"
N = ord("N")

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int8]


def _table(pairs: dict[int, int], default: int) -> bytes:
    """Build a 256-byte table for ``bytes.translate``; a pair given for an upper-case letter holds for the lower-case one too."""
    table = bytearray([default]) * 256
    for letter, value in pairs.items():
        table[letter] = table[letter | 0x20] = value
    return bytes(table)


# Letter to letter: upper case, everything outside ACGT becomes N.
NORMALISED = _table({base: base for base in BASES}, default=ord("N"))
# Letter to the letter of the complementary strand, normalised.
COMPLEMENT = _table(dict(zip(BASES, reversed(BASES), strict=True)), default=ord("N"))
# Letter to code.
CODE = _table({base: code for code, base in enumerate(BASES)}, default=4)

_LETTER = np.frombuffer(b"ACGTN", np.uint8)
_DTYPES: dict[str, type[np.generic]] = {"codes": np.int8, "one_hot_float32": np.float32}


def normalise(sequences: Bytes) -> Bytes:
    """Turn ASCII letters into upper-case A, C, G, T, N; same shape, a new uint8 array."""
    return _translated(sequences, NORMALISED, np.empty(sequences.shape, np.uint8))


def to_codes(sequences: Bytes, out: Codes | None = None) -> Codes:
    """Turn ASCII letters into codes: A, C, G, T = 0..3, everything else 4; int8 of the same shape."""
    return _translated(sequences, CODE, np.empty(sequences.shape, np.int8) if out is None else out)


def from_codes(codes: Codes) -> Bytes:
    """Turn codes 0..4 into the letters A, C, G, T, N; uint8 of the same shape.

    Raises:
        IndexError: A code above 4.
        BadSpec: A negative code.
    """
    if codes.size and int(codes.min()) < 0:
        raise BadSpec(f"a base code is {int(codes.min())}; expected 0..3 for A, C, G, T and 4 for N")
    return _LETTER[codes]


def one_hot(sequences: Bytes, out: Bytes | None = None) -> Bytes:
    """Turn ASCII letters ``(n, length)`` into uint8 ``(n, 4, length)``: rows A, C, G, T; N is all zero."""
    n, length = sequences.shape
    if out is None:
        out = np.empty((n, 4, length), np.uint8)
    # Clears the lower-case bit; no other byte than a letter lands on A, C, G or T that way.
    encode_into(sequences & np.uint8(0xDF), "one_hot", out)
    return out


def encode_into(letters: Bytes, encoding: str, out: npt.NDArray[Any]) -> None:
    """Encode upper-case letters A, C, G, T, N into an array of the form that :func:`encoded_form` tells.

    A few passes of whole-array arithmetic, each as fast as memory: meant for pieces that fit a core's cache.

    Args:
        letters: uint8 ``(n, length)``.
        encoding: Any but ``text``.
        out: Written to.
    """
    if encoding == "bytes":
        out[...] = letters
    elif encoding == "codes":
        # Bits 1 and 2 of the letters' ASCII codes, one xor the other, number A, C, G, T as 0, 1, 2, 3.
        codes, spare = out.view(np.uint8), np.empty(letters.shape, np.uint8)
        np.right_shift(letters, 1, out=codes)
        np.bitwise_xor(codes, np.right_shift(letters, 2, out=spare), out=codes)
        np.bitwise_and(codes, 3, out=codes)
        np.equal(letters, N, out=spare.view(np.bool_))
        np.bitwise_or(codes, np.left_shift(spare, 2, out=spare), out=codes)  # N comes out as 0 before
    elif encoding == "one_hot":
        for row, base in enumerate(BASES):
            np.equal(letters, base, out=out[:, row, :].view(np.bool_))
    else:
        hot = np.empty(letters.shape, np.bool_)
        for row, base in enumerate(BASES):
            out[:, row, :] = np.equal(letters, base, out=hot)


def to_text(sequences: Bytes) -> list[str]:
    """Turn ASCII letters ``(n, length)`` into n strings of that length, as they are."""
    n, length = sequences.shape
    letters = np.ascontiguousarray(sequences).reshape(-1).data
    if not length:
        return [""] * n
    return [str(letters[at : at + length], "ascii") for at in range(0, len(letters), length)]  # one copy each, and no other


def from_text(sequences: list[str]) -> Bytes:
    """Turn strings of one length into uint8 ``(n, length)``, as they are.

    Raises:
        BadSpec: The strings differ in length, or hold something other than ASCII.
    """
    lengths = {len(sequence) for sequence in sequences}
    if len(lengths) > 1:
        raise BadSpec(f"sequences of one length are needed for an array; found lengths from {min(lengths)} to {max(lengths)}")
    joined = "".join(sequences)
    if not joined.isascii():
        raise BadSpec("a sequence holds characters outside ASCII; expected letters of bases")
    return np.frombuffer(joined.encode("ascii"), np.uint8).reshape(len(sequences), lengths.pop() if lengths else 0).copy()


def reverse_complement(sequences: Bytes) -> Bytes:
    """Return the opposite strand of ASCII letters, read along the last axis; same shape, a new normalised uint8 array."""
    return _translated(sequences[..., ::-1], COMPLEMENT, np.empty(sequences.shape, np.uint8))


def turn(letters: Bytes, rows: npt.NDArray[np.bool_]) -> None:
    """Put the opposite strand in the place of some rows of upper-case letters A, C, G, T, N: uint8 ``(n, length)``; ``rows`` bool ``(n,)``.

    Whole-array arithmetic, meant for pieces that fit a core's cache; many times as fast as :func:`reverse_complement`.
    """
    n, length = int(rows.sum()), letters.shape[1]
    # Eight letters at a time, in words of 64 bits: rows are filled up on their left, which is their right once they are turned.
    filled = -length % 8
    words = np.empty((n, (length + filled) // 8), np.uint64)
    words.view(np.uint8)[:, filled:] = letters if n == len(letters) else letters[rows]
    words = words.byteswap(inplace=True)[:, ::-1].copy()
    # A and T differ by 0b10101, C and G by 0b100; bit 1 tells the pairs apart. N has it too, and it alone has bit 3.
    spare = np.right_shift(words, _ONE)
    np.bitwise_and(spare, _EACH, out=spare)
    np.multiply(spare, _DIFFERENCE, out=spare)
    np.bitwise_xor(spare, _A_TO_T, out=spare)
    np.bitwise_xor(words, spare, out=words)
    if n and np.bitwise_or.reduce(words, axis=None) & _IS_N:
        np.bitwise_and(words, _IS_N, out=spare)
        np.bitwise_xor(words, np.right_shift(spare, _ONE, out=spare), out=words)
    turned = words.view(np.uint8)[:, :length]
    if n == len(letters):
        letters[...] = turned
    else:
        letters[rows] = turned


_EACH, _A_TO_T, _IS_N = (np.uint64(int.from_bytes(bytes([byte]) * 8, "big")) for byte in (1, 0b10101, 0b1000))
_ONE, _DIFFERENCE = np.uint64(1), np.uint64(0b10101 ^ 0b100)


def reverse_complement_text(sequence: str) -> str:
    """Return the opposite strand of one sequence, normalised to upper-case A, C, G, T, N."""
    # Characters outside ASCII become one '?' each, which the table turns into N: the length is kept.
    return sequence.encode("ascii", "replace").translate(COMPLEMENT)[::-1].decode("ascii")


def check_encoding(encoding: str) -> str:
    """Return the encoding, or say which ones there are.

    Raises:
        UnknownName: Not one of :data:`ENCODINGS`.
    """
    if encoding not in ENCODINGS:
        raise UnknownName("encoding", encoding, ENCODINGS)
    return encoding


def encoded_form(encoding: str, n: int, length: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and dtype of a batch of n sequences in an encoding that is an array.

    Raises:
        UnknownName: An unknown encoding.
        BadSpec: ``text``, which is a list of strings.
    """
    if check_encoding(encoding) == "text":
        raise BadSpec(f"encoding 'text' is a list of strings, not an array; an output buffer needs {', '.join(ENCODINGS[1:])}")
    shape = (n, 4, length) if encoding.startswith("one_hot") else (n, length)
    return shape, np.dtype(_DTYPES.get(encoding, np.uint8))


def _translated(sequences: Bytes, table: bytes, out: npt.NDArray[Any]) -> npt.NDArray[Any]:
    # bytes.translate is twice as fast as indexing a table, which first makes 8-byte indices of every letter.
    out[...] = np.frombuffer(sequences.tobytes().translate(table), out.dtype).reshape(sequences.shape)
    return out


def encode(sequences: Bytes, encoding: str) -> Any:
    """Give a batch of ASCII letters the form that is asked for.

    Args:
        sequences: uint8 ``(n, length)``, upper-case A, C, G, T, N.
        encoding: One of :data:`ENCODINGS`; ``bytes`` returns the array itself.

    Returns:
        ``text`` a list of str; ``bytes`` uint8 ``(n, length)``; ``codes`` int8 ``(n, length)``; ``one_hot`` uint8 ``(n, 4, length)``;
        ``one_hot_float32`` float32 ``(n, 4, length)``.

    Raises:
        UnknownName: An unknown encoding.
    """
    check_encoding(encoding)
    if encoding == "text":
        return to_text(sequences)
    if encoding == "bytes":
        return sequences
    shape, dtype = encoded_form(encoding, *sequences.shape)
    out = np.empty(shape, dtype)
    encode_into(sequences, encoding, out)
    return out
