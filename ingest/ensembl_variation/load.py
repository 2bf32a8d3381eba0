"""Ensembl's variation cache: text parted by single spaces, whose column names, assembly and sources stand in ``info.txt`` beside it.

A line ends with its last cell that is not empty, so that lines have 6 to 31 cells. The contig stands in no line: the file's name says it
(``ensembl84_variation.chr21….txt.gz``), or the folder (``homo_sapiens/84_GRCh38/21/25000001-26000000_var.gz``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.assembly import assembly
from lrbstore.errors import ContractBroken, MissingData
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow, reading, refuse_pointer
from lrbstore.ingest.spec import Part
from lrbstore.ingest.vcf import body_lines, name_said

INFO = "info.txt"
_CHUNK = 100_000


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read the release and contig from a file's name or folder, the assembly from ``info.txt``.

    Raises:
        MissingData: If there is no ``info.txt`` in the file's folder or the one above.
        ContractBroken: If name and folder do not say the contig, or say another assembly than ``info.txt``.
    """
    del part
    info = next((p for p in (path.with_name(INFO), path.parent.with_name(INFO)) if p.is_file()), None)
    if info is None:
        raise MissingData(
            f"{path.with_name(INFO)} is missing; it names the columns of {path.name}: give the cache's folder as Ensembl packs it"
        )
    said = _info(info)
    contig = re.search(r"\.(?:chr)?([0-9]{1,2}|X|Y|MT)\.", path.name)
    folder = re.search(r"^(\d+)_", path.parent.parent.name)
    release = re.match(r"ensembl(\d+)_", path.name) or folder
    place = contig[1] if contig else path.parent.name if folder else None
    if place is None:
        raise ContractBroken(
            f"{path} does not say its contig: neither the name (ensembl84_variation.chr21.txt.gz) nor the folder (84_GRCh38/21/) does"
        )
    if "variation_cols" not in said or "assembly" not in said:
        raise ContractBroken(f"{info} lacks the line variation_cols or assembly; expected the {INFO} of an Ensembl cache: fetch it again")
    own = assembly(said["assembly"]).name
    other = [name for name in name_said(f"{path.parent.parent.name if folder else ''} {path.name}") if name != own]
    if other:
        raise ContractBroken(f"{path} is on {other[0]} by its name and on {own} by {info}: they do not belong together")
    return {
        "assembly": own,
        "version": release[1] if release else None,
        "version_from": "a name like ensembl84_variation.chr21.txt.gz or a folder like 84_GRCh38",
        "constants": {"contig": place},
        "companions": [info],
    }


def _info(path: Path) -> dict[str, str]:
    """Read ``info.txt``: key, tab, value; the last line of a key counts."""
    said: dict[str, str] = {}
    with reading(path):
        for line in path.read_text(encoding="utf-8").splitlines():
            key, tab, value = line.partition("\t")
            if tab and not line.startswith("#"):
                said[key] = value.strip()
    return said


def load_cache(job: Job) -> None:
    """Load a cache file into ``known_variant``, chunk by chunk; one row for each alternative allele of a line."""
    path, info = job.unit.path, job.unit.companions[0]
    refuse_pointer(path)
    said = _info(info)
    columns = said["variation_cols"].split(",")
    missing = [name for name in job.unit.part.required if name not in columns]
    if missing:
        raise ContractBroken(f"{info}: variation_cols lacks {', '.join(missing)}; found: {', '.join(columns)}; is it of this cache?")
    unknown = [name for name in columns if name not in job.unit.part.columns]
    if unknown:
        job.fact(path, "extra_columns", unknown)
    job.fact(info, "said", {key: value for key, value in said.items() if key.startswith(("source_", "assembly"))})
    job.rows_in(info, len(said))  # its lines are facts, none of them a row
    sql = (job.spec.folder / "known_variant.sql").read_text(encoding="utf-8")
    bad: list[BadRow] = []
    done = 0
    for rows in in_chunks(_batches(path, columns, bad), _CHUNK):
        job.typed(rows)
        job.rows_in(path, rows.num_rows)
        job.write("known_variant", job.canonical(sql, "known_variant"))
        done += rows.num_rows
        job.run.say(f"{path.name}: {done:,} lines")
    job.rows_in(path, len(bad))
    job.reject(path, sorted(bad, key=lambda row: row.line))


def _batches(path: Path, columns: list[str], bad: list[BadRow]) -> Iterator[pa.Table]:
    """Cut lines at single spaces and fill up the cells that were left out at the end."""
    width = len(columns)
    with reading(path):
        for lines, numbers in body_lines(path, 0, 1, bad):
            cells = pc.add(pc.count_substring(lines, " "), 1)
            good = pc.less_equal(cells, width)
            for line, number, n in zip(*(a.filter(pc.invert(good)).to_pylist() for a in (lines, numbers, cells)), strict=True):
                bad.append(BadRow(number, f"{n} columns, of which {INFO} names {width}", line))
            kept, padding = lines.filter(good), pc.subtract(width, cells.filter(good))
            if not len(kept):
                continue
            full = pc.binary_join_element_wise(kept, pc.binary_repeat(pa.array([" "] * len(kept), pa.string()), padding), "")
            parts = pc.split_pattern(full, " ")
            yield pa.table([*(pc.list_element(parts, i) for i in range(width)), numbers.filter(good)], names=[*columns, "source_line"])
