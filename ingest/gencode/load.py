"""GENCODE's GTF: nine columns without a header line; genes and transcripts become rows, all else blocks of a transcript.

The file is read once, in pieces. Rows of genes and transcripts (one in eleven) go to a scratch file as they stand; of the others only
place, kind and transcript are kept, some 60 bytes each, so that a whole release (3.4 million rows, 1.7 GB of text) loads in 1.4 GB. A
piece finds its transcript by id wherever that stands, so that a file sorted by position loads as well.

No row is lost: a piece that was folded into a transcript counts as loaded; one whose transcript is not there, was rejected, or does not
cover it is rejected.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from lrbstore.errors import ContractBroken
from lrbstore.ingest.cells import in_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import BadRow, reading, refuse_pointer
from lrbstore.ingest.spec import Part
from lrbstore.ingest.vcf import body_texts, lines_of, open_text

COLUMNS = ("seqname", "annotated_by", "feature", "start", "end", "score", "strand", "frame", "attribute")
#: Upstream's kind of piece → the lists of ``gencode_transcript`` that it goes to.
PIECES = {
    "exon": "exon",
    "CDS": "cds",
    "UTR": "utr",
    "five_prime_UTR": "utr",
    "three_prime_UTR": "utr",
    "start_codon": "start_codon",
    "stop_codon": "stop_codon",
    "Selenocysteine": "selenocysteine",
}
PARENTS = ("gene", "transcript")
_CHUNK = 50_000
_HEAD = 100  #: Lines among which the ``##`` lines and the first row are looked for.
_NAME = re.compile(r"^gencode\.v(M?\d+)(lift37)?(?:\.(.+?))?\.gtf(?:\.gz)?$")
_SAID = re.compile(r"genome(?: \((?P<own>[^)]+)\))?, version (?P<version>M?\d+)")
_MAPPED = re.compile(r"mapped to (\S+)")
#: Words between a file's version and ``annotation`` that name another set of rows than the full one on the chromosomes.
_SETS = ("basic", "primary_assembly", "chr_patch_hapl_scaff", "long_noncoding_RNAs", "tRNAs", "2wayconspseudos", "polyAs")
_PAIR = r'[A-Za-z_][A-Za-z0-9_.]*\s+(?:"[^"]*"|[^";\s]+)\s*;\s*'


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Read release and assembly from the ``##`` lines, and see that the file's name says the same; without such lines the name says it.

    A file of another set than the full one (``gencode.v45.basic.annotation.gtf.gz``) gets a version that its set begins
    (``basic.45``): such versions come before plain numbers, so that its rows never stand beside, or in the place of, the full file's.

    Raises:
        ContractBroken: If the file is no GTF of a human GENCODE release, or name and header say different ones.
    """
    del part
    refuse_pointer(path)
    meta, first = _head(path)
    name = _NAME.match(path.name)
    text = meta.get("description", "")
    if "gff-version" in meta or meta.get("format", "gtf").lower() not in {"gtf", "gtf2"} or _is_gff3(first):
        raise ContractBroken(f"{path} is a GFF3 by its first lines, not a GTF; GENCODE publishes both: fetch the file named …gtf.gz")
    if first is None:
        raise ContractBroken(f"{path} is empty or no GTF: none of its first {_HEAD} lines has nine columns; fetch it again")
    if _breaks_off(path):
        raise ContractBroken(
            f"{path} does not end with the end of a line, as every GTF of GENCODE does: it may be truncated; "
            "fetch it again and compare its size"
        )
    said = _SAID.search(text)
    by_name = (name[1], "GRCh37" if name[2] else _assembly_of(name[3] or "", name[1])) if name else (None, None)
    mapped = _MAPPED.search(text)
    by_header = (said["version"], mapped[1] if mapped else said["own"]) if said else (None, None)
    for what, of_name, of_header in zip(("release", "assembly"), by_name, by_header, strict=True):
        if of_name and of_header and of_name != of_header:
            raise ContractBroken(f"{path} is of {what} {of_name} by its name and of {of_header} by its header: one of the two is wrong")
    version, assembly = by_header[0] or by_name[0], by_header[1] or by_name[1]
    if "mouse" in text or (version or "").startswith("M"):
        raise ContractBroken(f"{path} is of the mouse genome; this store holds human assemblies: GRCh37, GRCh38")
    if assembly is None:
        raise ContractBroken(
            f"{path} does not say its assembly: it has no line ##description … (GRCh38), version 45 …, and its name none; "
            "fetch the file again, or write the assembly into its name (gencode.v45.GRCh38.gtf.gz)"
        )
    chosen = next((one for one in _SETS if name and name[3] and one in name[3].split(".")), None)
    lifted = "lift37" if mapped or (name and name[2]) else ""
    return {
        "version": f"{chosen}.{version}" if chosen and version else version,
        "version_from": "a line ##description: … version 45 …, or a name like gencode.v45.annotation.gtf.gz",
        "assembly": assembly,
        "constants": {"annotation": f"GENCODE v{version}{lifted}{f' {chosen}' if chosen else ''}"},
    }


def _breaks_off(path: Path) -> bool:
    """Tell a text file whose last line has no end; what is packed says by itself where it was cut."""
    with path.open("rb") as handle:
        if handle.read(2) == b"\x1f\x8b" or not handle.seek(0, 2):
            return False
        handle.seek(-1, 2)
        return handle.read(1) != b"\n"


def _head(path: Path) -> tuple[dict[str, str], list[str] | None]:
    """Read the ``##key: value`` lines, and the cells of the first row of nine columns, or None where none of the first lines is one."""
    meta: dict[str, str] = {}
    with reading(path), open_text(path) as handle:
        text = handle.read(1 << 20).decode("utf-8", "replace")
    for line in text.splitlines()[:_HEAD]:
        if line.startswith("##"):
            key, _, value = line[2:].partition(" " if line.startswith("##gff-version") else ":")
            meta.setdefault(key.strip(), value.strip())
        elif not line.startswith("#") and line.count("\t") == len(COLUMNS) - 1:
            return meta, line.split("\t")
    return meta, None


def _is_gff3(cells: list[str] | None) -> bool:
    return cells is not None and re.match(r"[A-Za-z_]+=[^\"]*(;|$)", cells[-1]) is not None


def _assembly_of(middle: str, version: str) -> str | None:
    """Tell the assembly that a name says; releases 3c to 19 were on GRCh37."""
    named = re.search(r"GRC[hm]\d+", middle)
    return named[0] if named else "GRCh37" if version.isdigit() and int(version) <= 19 else None


def load_gtf(job: Job) -> None:
    """Load a GTF into ``gencode_gene`` and ``gencode_transcript``."""
    path = job.unit.path
    bad: list[BadRow] = []
    with tempfile.TemporaryFile() as spill:
        verdicts = _judge(_read(job, spill, bad), _transcripts(spill))
        folded = _fold(verdicts.filter(pl.col("reason").is_null()))
        accepted = _write(job, spill, folded)
    verdicts = verdicts.with_columns(
        reason=pl.when(pl.col("reason").is_null() & ~pl.col("parent").is_in(accepted.implode()))
        .then(pl.format("its transcript on line {} was rejected", "parent"))
        .otherwise("reason")
    )
    lost = verdicts.filter(pl.col("reason").is_not_null()).sort("line")
    bad += _raw(path, lost)
    job.rows_in(path, len(bad) + verdicts.height - lost.height)
    job.reject(path, sorted(bad, key=lambda row: row.line))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(path: Path, bad: list[BadRow]) -> Iterator[pa.Table]:
    """Cut the lines at their tabs; comment lines are left out, and lines of another number of columns put aside."""
    width = len(COLUMNS)
    with reading(path):
        for text, number in body_texts(path, 0, 1):
            if (plain := _plain_rows(text, number)) is not None:
                yield plain
                continue
            lines, numbers = lines_of(text, number, bad)
            tabs = pc.count_substring(lines, "\t")
            comment = pc.starts_with(lines, "#")
            good = pc.and_not(pc.equal(tabs, width - 1), comment)
            if not pc.all(good).as_py():
                wrong = pc.and_not(pc.invert(good), comment)
                for line, own, n in zip(*(a.filter(wrong).to_pylist() for a in (lines, numbers, tabs)), strict=True):
                    said = f"{n + 1} column{'s' if n else ''} instead of {width}" if line.strip() else "the line is empty"
                    bad.append(BadRow(own, said, line))
            cells = pc.split_pattern(lines.filter(good), "\t")
            yield pa.table([*(pc.list_element(cells, i) for i in range(width)), numbers.filter(good)], names=[*COLUMNS, "source_line"])


def _plain_rows(text: bytes, number: int) -> pa.Table | None:
    """Cut a piece of text at once, or return None where a line is a comment, empty, of other columns or no UTF-8: as few pieces are."""
    # Arrow takes an empty line for a row of empty cells, CR for a line's end, and leaves out a byte order mark.
    if text.startswith((b"#", b"\n", b"\xef\xbb\xbf")) or any(one in text for one in (b"\n#", b"\n\n", b"\r")):
        return None
    try:
        rows = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(use_threads=False, column_names=COLUMNS, block_size=len(text) + 1),
            parse_options=pacsv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    if rows.num_rows != text.count(b"\n") + 1:  # an empty last line is none to Arrow
        return None
    return rows.append_column("source_line", pa.array(np.arange(number, number + rows.num_rows)))


def _read(job: Job, spill: IO[bytes], bad: list[BadRow]) -> pl.DataFrame:
    """Read the file once: genes and transcripts into the scratch file, everything else as a frame of pieces."""
    path = job.unit.path
    counts: dict[str, int] = {}
    found: list[pl.DataFrame] = []
    schema = pa.schema([*((name, pa.string()) for name in COLUMNS), ("source_line", pa.int64())])
    done = 0
    with pa.ipc.new_stream(pa.PythonFile(spill, mode="w"), schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        for rows in in_chunks(_rows(path, bad), _CHUNK):
            for one in pc.value_counts(rows["feature"]).to_pylist():
                counts[one["values"]] = counts.get(one["values"], 0) + one["counts"]
            kept = pc.is_in(rows["feature"], pa.array(PARENTS))
            writer.write_table(rows.filter(kept))
            found.append(_pieces(rows.filter(pc.invert(kept))))
            done += rows.num_rows
            job.run.say(f"{path.name}: {done:,} rows read")
    job.fact(path, "features", dict(sorted(counts.items())))
    meta, _ = _head(path)
    if meta:
        job.fact(path, "header", meta)
    return pl.concat(found) if found else _pieces(schema.empty_table())


def _pieces(rows: pa.Table) -> pl.DataFrame:
    """Keep of exons, CDS, UTR and codons what their transcript needs."""
    frame = pl.DataFrame(rows)
    attribute = frame["attribute"]
    exon = frame["feature"] == "exon"
    closed = attribute.str.count_matches('"', literal=True) % 2 == 0
    return frame.select(
        pl.col("source_line").alias("line"),
        pl.col("feature").cast(pl.Categorical),
        pl.format("{}\t{}", "seqname", "strand").cast(pl.Categorical).alias("place"),
        pl.col("start").cast(pl.Int64, strict=False),
        pl.col("end").cast(pl.Int64, strict=False),
        pl.col("frame").cast(pl.Int8, strict=False),
        pl.when(closed).then(_value(attribute, "transcript_id")).cast(pl.Categorical).alias("transcript"),
        pl.when(closed & exon).then(_value(attribute.set(~exon, None), "exon_id")).alias("exon_id"),
    )


def _value(attribute: pl.Series, key: str) -> pl.Series:
    """Read the first value of a key.

    Where the key's name stands once, what is quoted behind it is the value, unless the quote is one that closes: then a blank or a
    semicolon follows, or nothing. All other texts are cut into pairs from their start, which takes ten times as long.
    """
    quick = attribute.str.extract(rf' {key} "([^"]*)"')
    sure = (attribute.str.count_matches(key, literal=True) == 1) & quick.str.contains(r"^[^;\s]")
    doubtful = attribute.is_not_null() & ~sure.fill_null(False)
    if not doubtful.any():
        return quick
    found = rf'^\s*(?:{_PAIR})*?{key}\s+(?:"([^"]*)"|([^";\s]+))'
    slow = attribute.filter(doubtful)
    slow = pl.select(pl.coalesce(slow.str.extract(found, 1), slow.str.extract(found, 2))).to_series()
    return quick.scatter(doubtful.arg_true(), slow)


def _parents(spill: IO[bytes]) -> Iterator[pa.Table]:
    spill.seek(0)
    for batch in pa.ipc.open_stream(pa.PythonFile(spill, mode="r")):
        yield pa.Table.from_batches([batch])


def _transcripts(spill: IO[bytes]) -> pl.DataFrame:
    """Read back which transcripts there are; of rows that repeat an id the first."""
    found = [_pieces(rows.filter(pc.equal(rows["feature"], "transcript"))) for rows in _parents(spill)]
    frame = pl.concat(found) if found else _pieces(pa.table({n: pa.array([], pa.string()) for n in COLUMNS} | {"source_line": []}))
    return (
        frame.filter(pl.col("transcript").is_not_null())
        .unique("transcript", keep="first", maintain_order=True)
        .select("transcript", pl.col("line").alias("parent"), *(pl.col(c).alias(f"own_{c}") for c in ("place", "start", "end")))
    )


# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _judge(pieces: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    """Find each piece's transcript, and say why it cannot be folded into it where it cannot."""
    start, end = pl.col("start"), pl.col("end")
    reason = (
        pl.when(~pl.col("feature").cast(pl.String).is_in(list(PIECES)))
        .then(pl.format("feature: '{}' is not one of a GENCODE GTF", "feature"))
        .when(start.is_null() | end.is_null())
        .then(pl.lit("start or end is not a whole number"))
        .when(start > end)
        .then(pl.format("start: {} is behind end {}", "start", "end"))
        .when(pl.col("transcript").is_null())
        .then(pl.lit("attribute: transcript_id is missing, or a quote is not closed"))
        .when(pl.col("parent").is_null())
        .then(pl.format("the file has no row for its transcript {}", "transcript"))
        .when(pl.col("place") != pl.col("own_place"))
        .then(pl.format("it lies on another contig or strand than its transcript on line {}", "parent"))
        .when((start < pl.col("own_start")) | (end > pl.col("own_end")))
        .then(pl.format("{}-{} is not within its transcript on line {}", "start", "end", "parent"))
    )
    joined = pieces.join(transcripts, on="transcript", how="left", maintain_order="left")
    return joined.with_columns(reason=reason).drop("own_place", "own_start", "own_end", "place", "transcript")


def _fold(pieces: pl.DataFrame) -> pl.DataFrame:
    """Gather pieces into lists, ascending on the genome; one row a transcript, keyed by its line."""
    kind = pieces.with_columns(kind=pl.col("feature").cast(pl.String).replace_strict(PIECES, return_dtype=pl.String))
    folded = pieces.sort("parent", "line").group_by("parent", maintain_order=True).agg(pl.col("line").alias("folded_lines"))
    for name in dict.fromkeys(PIECES.values()):
        more = {"exon": [pl.col("exon_id").alias("exon_ids")], "cds": [pl.col("frame").cast(pl.Int64).alias("cds_frames")]}.get(name, [])
        lists = (
            kind.filter(pl.col("kind") == name)
            .sort("parent", "start", "line")
            .group_by("parent", maintain_order=True)
            .agg((pl.col("start") - 1).alias(f"{name}_starts"), pl.col("end").alias(f"{name}_ends"), *more)
        )
        folded = folded.join(lists, on="parent", how="left", maintain_order="left")
    return folded.rename({"parent": "source_line"})


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write(job: Job, spill: IO[bytes], folded: pl.DataFrame) -> pl.Series:
    """Write genes and transcripts; give the lines of the transcripts that were accepted."""
    path = job.unit.path
    sql = {feature: (job.spec.folder / f"{feature}.sql").read_text(encoding="utf-8") for feature in PARENTS}
    accepted: list[pl.Series] = []
    for rows in in_chunks(_parents(spill), _CHUNK):
        job.rows_in(path, rows.num_rows)
        for feature in PARENTS:
            own = rows.filter(pc.equal(rows["feature"], feature))
            if not own.num_rows:
                continue
            first, last = own["source_line"][0].as_py(), own["source_line"][-1].as_py()
            job.scratch.register("folded", folded.filter(pl.col("source_line").is_between(first, last)).to_arrow())
            job.typed(own)
            taken = job.canonical(sql[feature], f"gencode_{feature}")
            job.scratch.unregister("folded")
            job.write(f"gencode_{feature}", taken)
            if feature == "transcript":
                accepted.append(pl.Series(taken["source_line"].to_numpy()))
    return pl.concat(accepted) if accepted else pl.Series([], dtype=pl.Int64)


def _raw(path: Path, lost: pl.DataFrame) -> list[BadRow]:
    """Read the file again for the text of pieces that are to be rejected; only where there are any."""
    reasons = dict(lost.select("line", "reason").iter_rows())
    found: list[BadRow] = []
    if reasons:
        wanted = pa.array(list(reasons), pa.int64())
        for rows in _rows(path, []):
            hit = rows.filter(pc.is_in(rows["source_line"], wanted))
            for number, *cells in zip(*(hit[c].to_pylist() for c in ("source_line", *COLUMNS)), strict=True):
                found.append(BadRow(number, reasons[number], "\t".join(cells)))
    return found
