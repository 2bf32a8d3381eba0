"""Damage a data file so that DuckDB fails within: it then answers nothing more, whatever it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq


def _varint(n: int) -> bytes:
    """A whole number as Thrift's compact protocol writes it: zigzag, seven bits a byte."""
    n, out = n << 1, bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes([*out, n])


def spoil(file: Path) -> str:
    """Make the size of a Parquet file's first column negative in its footer, and name it; the file keeps its length.

    To read the column is an error within DuckDB 2.0 ("Information loss on integer cast"), after which all of it is invalid.
    """
    column = pq.ParquetFile(file).metadata.row_group(0).column(0)
    sizes = b"\x16" + _varint(column.total_uncompressed_size) + b"\x16" + _varint(column.total_compressed_size)
    content = file.read_bytes()
    at = content.rindex(sizes) + sizes.rindex(b"\x16") + 1
    fresh = file.with_name(file.name + ".spoilt")  # by another name first: the file may be a link to one that others read
    fresh.write_bytes(content[:at] + bytes([content[at] | 1]) + content[at + 1 :])
    os.replace(fresh, file)
    return str(column.path_in_schema)
