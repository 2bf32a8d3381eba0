"""MaveDB: score CSVs, with the mapped HGVS and the metadata that lie beside them.

Metadata has two uses, and is read twice. As a part of its own it fills ``mave_score_set``, also for score sets whose CSV was not given.
As a companion of a score CSV it gives each row its licence and its target, so that a row can be exported by licence without a join, and
so that the rows are loaded anew when metadata comes later. A CSV alone loads too; those columns are null then.

Versions: rows of a bulk dump bear the dump's date (``asOf`` of ``main.json``). Anything else says no date, and needs none, as a published
score set never changes (a correction has a URN of its own): its version is ``undated``, and a dump takes over from it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lrbstore.errors import ContractBroken
from lrbstore.ingest.cells import FILE_NO, bad_rows, cells_of, in_alike_chunks
from lrbstore.ingest.pipeline import Job
from lrbstore.ingest.reading import DelimitedFile, refuse_pointer
from lrbstore.ingest.spec import Part, source

UNDATED = "undated"
_CHUNK = 100_000
_SCORES = re.compile(r"urn[-_:]mavedb[-_:](\d{8}-[a-z0-9]+-\d+)[._]scores\.csv(\.gz)?")
_ANNOTATIONS = Part(
    name="annotations",
    about="One row is a variant of a score set with its place on the genome.",
    files=("urn?mavedb?*.annotations.csv",),
    tables=("mave_score",),
    columns={
        "accession": "VARCHAR",
        "post_mapped_hgvs_g": "VARCHAR?",
        "post_mapped_vrs_digest": "VARCHAR?",
        "clingen_allele_id": "VARCHAR?",
    },
    also_called={
        "post_mapped_hgvs_g": ("mavedb.post_mapped_hgvs_g",),
        "post_mapped_vrs_digest": ("mavedb.post_mapped_vrs_digest",),
        "clingen_allele_id": ("clingen.clingen_allele_id",),
    },
    loader="load_scores",
    null=("", "NA", "NaN", "nan", "None", "null"),
)


def describe_file(part: Part, path: Path) -> dict[str, Any]:
    """Tell version and companions; the assembly differs by row and is told by each row's mapped HGVS.

    Returns:
        ``version``: the dump's date, or ``undated``; ``companions`` of a score CSV: its annotations, and the metadata that names it.

    Raises:
        ContractBroken: If a CSV's name holds no URN, or metadata is not MaveDB's.
    """
    if part.name == "score_sets":
        said = _read_metadata(path)
        return {"version": said.date if said.is_dump else UNDATED, "version_from": 'a date as "asOf" in main.json'}
    urn = urn_of(path)
    companions = [path.with_name(name) for name in _annotation_names(path.name) if path.with_name(name).is_file()]
    version: str | None = UNDATED
    for metadata in _metadata_beside(path):
        said = _read_metadata(metadata)
        version = said.date if said.is_dump else version
        if urn in said.score_sets:
            companions.append(metadata)
    return {"version": version, "version_from": 'a date as "asOf" in main.json', "companions": companions}


def urn_of(path: Path) -> str:
    """Read a score set's URN from a file's name, whatever stands between its parts (``urn-mavedb-``, ``urn_mavedb_``, ``urn:mavedb:``).

    Raises:
        ContractBroken: If the name holds none.
    """
    found = _SCORES.fullmatch(path.name)
    if found is None:
        raise ContractBroken(f"{path}: its name holds no URN of a score set; expected one like urn-mavedb-00000001-a-1_scores.csv")
    return f"urn:mavedb:{found[1]}"


def _annotation_names(name: str) -> list[str]:
    stem = re.sub(r"[._]scores\.csv(\.gz)?$", "", name)
    return [f"{stem}{separator}annotations.csv{ending}" for separator in "._" for ending in ("", ".gz")]


def _metadata_beside(path: Path) -> list[Path]:
    """List metadata in a CSV's folder, and the dump's ``main.json`` above ``csv/``; in this order the first that says a thing counts."""
    patterns = source("mavedb").part[0].files
    found = [path.parent.parent / "main.json"] if path.parent.name == "csv" else []
    found += sorted({p for pattern in patterns for p in path.parent.glob(pattern)}, key=lambda p: (p.name != "main.json", p.name))
    return [p for p in found if p.is_file()]


# ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Metadata:
    """What a metadata file says.

    Attributes:
        is_dump: Whether it is a bulk dump's ``main.json``.
        date: The dump's date, YYYY-MM-DD; None where there is none.
        rows: One dict for each score set, in the file's order: the columns of part ``score_sets``, lists as JSON texts.
        score_sets: URN → the first of its rows.
    """

    def __init__(self, is_dump: bool, date: str | None, rows: list[dict[str, str]]) -> None:
        self.is_dump, self.date, self.rows = is_dump, date, rows
        self.score_sets: dict[str, dict[str, str]] = {}
        for row in rows:
            self.score_sets.setdefault(row["urn"], row)


def _read_metadata(path: Path) -> Metadata:
    """Read a metadata file, once as long as it stays what it is: each CSV of a dump asks for ``main.json``."""
    state = path.stat()
    return _parse_metadata(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=8)
def _parse_metadata(path: Path, *state: int) -> Metadata:
    del state
    refuse_pointer(path)
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ContractBroken(f"{path} is not JSON ({error}); it may be truncated: fetch it again") from error
    is_dump = isinstance(said, dict) and "experimentSets" in said
    date = re.match(r"\d{4}-\d{2}-\d{2}", str(said.get("asOf", ""))) if is_dump else None
    rows = [_row(*found) for found in _score_sets(path, said)]
    return Metadata(is_dump, date[0] if date else None, rows)


def _score_sets(path: Path, said: Any) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Find score sets, with the URNs of experiment and experiment set, in any of the forms in which they are given out."""
    if isinstance(said, dict) and "experimentSets" in said:
        for group in said["experimentSets"]:
            for experiment in group.get("experiments") or []:
                for one in experiment.get("scoreSets") or []:
                    yield one, experiment.get("urn") or "", group.get("urn") or ""
        return
    if isinstance(said, dict) and isinstance(said.get("scoreset_metadata"), list):
        said = said["scoreset_metadata"]
    elif isinstance(said, dict):
        said = [said] if "urn" in said else list(said.values())
    if not isinstance(said, list) or not all(isinstance(one, dict) and "urn" in one for one in said):
        raise ContractBroken(
            f"{path} holds no score sets of MaveDB: expected the dump's main.json with experimentSets, or one score set or a list of them "
            "as the API gives them, each with its urn"
        )
    for one in said:
        experiment = one.get("experiment") or {}
        yield one, experiment.get("urn") or "", experiment.get("experimentSetUrn") or ""


def _row(one: dict[str, Any], experiment: str, experiment_set: str) -> dict[str, str]:
    """Flatten one score set: the API's keys (camelCase), or those of tools that pass it on (``target_gene_name``)."""
    targets = one.get("targetGenes") or []
    if not targets and "target_sequence" in one:
        reference = one.get("target_uniprot_ref") or {}
        targets = [{
            "name": one.get("target_gene_name"),
            "category": one.get("target_gene_category"),
            "targetSequence": {"sequence": one.get("target_sequence"), "sequenceType": one.get("target_sequence_type")},
            "externalIdentifiers": [_uniprot(reference)] if reference else [],
        }]  # fmt: skip
    first = targets[0] if targets else {}
    sequence, accession = first.get("targetSequence") or {}, first.get("targetAccession") or {}
    licence = one.get("license") or {}
    identifiers = [i.get("identifier") or {} for target in targets for i in target.get("externalIdentifiers") or []]
    genes = [str(i.get("identifier")).split(".")[0] for i in identifiers if str(i.get("identifier")).startswith("ENSG")]
    row: dict[str, Any] = {
        "urn": one.get("urn"),
        "experiment_urn": experiment,
        "experiment_set_urn": experiment_set,
        "title": one.get("title"),
        "short_description": one.get("shortDescription"),
        "abstract_text": one.get("abstractText"),
        "method_text": one.get("methodText"),
        "licence": licence.get("shortName"),
        "licence_name": licence.get("longName"),
        "n_variants": one.get("numVariants"),
        "published_date": one.get("publishedDate"),
        "n_targets": len(targets),
        "target_names": [t.get("name") for t in targets],
        "target_categories": [t.get("category") for t in targets],
        "target_sequence": str(sequence.get("sequence") or "").upper(),
        "target_sequence_type": str(sequence.get("sequenceType") or "").lower(),
        "target_accession": accession.get("accession"),
        "target_assembly": accession.get("assembly") or one.get("target_reference_genome"),
        "gene_id": genes[0] if len(set(genes)) == 1 else None,
        "gene_symbol": (first.get("mappedHgncName") or accession.get("gene")) if len(targets) == 1 else None,
        "organism": (sequence.get("taxonomy") or {}).get("organismName"),
        "external_ids": [f"{i.get('dbName')}:{i.get('identifier')}" for i in identifiers],
        "publication_ids": _publications(one.get("primaryPublicationIdentifiers")),
        "secondary_publication_ids": _publications(one.get("secondaryPublicationIdentifiers")),
    }
    return {k: json.dumps(v, ensure_ascii=False) if isinstance(v, list) else "" if v is None else str(v) for k, v in row.items()}


def _uniprot(reference: dict[str, Any]) -> dict[str, Any]:
    return {"identifier": {"dbName": "UniProt", "identifier": str(reference.get("id")).removeprefix("uniprot:")}}


def _publications(listed: Any) -> list[str]:
    return [f"{one.get('dbName')}:{one.get('identifier')}" for one in listed or []]


def load_score_sets(job: Job) -> None:
    """Load a metadata file, score set by score set; its place in the file, from 1, stands for the line."""
    path = job.unit.path
    rows = _read_metadata(path).rows
    job.rows_in(path, len(rows))
    if not rows:
        return
    columns = list(job.unit.part.columns)
    texts = {name: pa.array([row[name] for row in rows], pa.string()) for name in columns}
    job.typed(pa.table({**texts, "source_line": pa.array(range(1, len(rows) + 1), pa.int64())}))
    job.write("mave_score_set", job.canonical(_sql(job, "score_sets.sql"), "mave_score_set"))


# ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load_scores(jobs: list[Job]) -> None:
    """Load score CSVs, each with its mapped HGVS where an annotations CSV lies beside it.

    A dump has more than a thousand of them, of a few thousand rows each: neighbours go through one statement.

    Raises:
        ContractBroken: If a file's first rows are all of another score set than its name says.
    """
    run, part = jobs[0].run, jobs[0].unit.part
    annotations = [next((p for p in job.unit.companions if p.suffix != ".json"), None) for job in jobs]
    _take_annotations(jobs, annotations)
    urns = [urn_of(job.unit.path) for job in jobs]
    constants = [{"urn": urn, **_facts(job, urn)} for job, urn in zip(jobs, urns, strict=True)]
    files: list[DelimitedFile] = []

    def pieces() -> Iterator[pa.Table]:
        for k, (job, urn) in enumerate(zip(jobs, urns, strict=True)):
            path = job.unit.path
            file = job.read(path)
            files.append(file)
            # The dump says scores.exp where the API says exp: one name for one column of a score set.
            plain = [name.removeprefix("scores.") for name in file.columns]
            file.columns = plain if len(set(plain)) == len(plain) else file.columns
            unknown = [name for name in file.columns if name not in part.columns]
            if unknown:
                job.fact(path, "extra_columns", unknown)
            done = 0
            for rows in file.batches():
                if not done:
                    _see_own(job, urn, rows["accession"])
                job.rows_in(path, rows.num_rows)
                done += rows.num_rows
                yield cells_of(rows, part, k)
            run.say(f"{path.name}: {done:,} rows")

    sql = _sql(jobs[0], "scores.sql")
    run.scratch.execute("create or replace temp table accession_taken (file_no BIGINT, accession VARCHAR)")
    for cells in in_alike_chunks(pieces(), _CHUNK):
        run.typed(cells, part)
        for job, own in zip(jobs, run.canonical(jobs, sql, "mave_score", constants), strict=True):
            job.write("mave_score", own)
        run.scratch.execute(f"insert into accession_taken select {FILE_NO}, accession from accepted")
    lost = run.scratch.execute(
        "select source_line, 'accession: no loaded row of the scores has ''' || accession || '''', replace(content, chr(31), ',') "
        "from annotation anti join accession_taken using (file_no, accession) order by source_line"
    ).fetchall()
    for k, (job, file, beside) in enumerate(zip(jobs, files, annotations, strict=True)):
        job.rows_in(job.unit.path, len(file.bad))
        job.reject(job.unit.path, file.bad)
        if beside is not None:
            job.reject(beside, bad_rows(lost, k))


def _see_own(job: Job, urn: str, accessions: pa.ChunkedArray) -> None:
    """Refuse a file of another score set."""
    said = accessions.filter(pc.invert(pc.is_in(accessions, pa.array(job.unit.part.null, pa.string()))))
    own = pc.or_(pc.equal(said, urn), pc.starts_with(said, f"{urn}#"))
    if len(said) and not pc.any(own).as_py():
        raise ContractBroken(
            f"{job.unit.path}: its name says {urn}, its rows are of {said[0].as_py().split('#')[0]}; rename it, or fetch the right one"
        )


def _take_annotations(jobs: list[Job], paths: list[Path | None]) -> None:
    """Fill the scratch table ``annotation`` (file_no, accession, hgvs_g, vrs_digest, clingen_allele_id) from the files that there are."""
    run, files = jobs[0].run, dict[int, DelimitedFile]()

    def pieces() -> Iterator[pa.Table]:
        for k, (job, path) in enumerate(zip(jobs, paths, strict=True)):
            if path is not None:
                files[k] = job.read(path, _ANNOTATIONS)
                for rows in files[k].batches():
                    job.rows_in(path, rows.num_rows)
                    yield cells_of(rows, _ANNOTATIONS, k)

    run.scratch.execute(
        "create or replace temp table annotation (file_no BIGINT, accession VARCHAR, hgvs_g VARCHAR, vrs_digest VARCHAR, "
        "clingen_allele_id VARCHAR, source_line BIGINT, content VARCHAR)"
    )
    columns = ", ".join(f"c{i}" for i in range(len(_ANNOTATIONS.columns)))  # all text: nothing is left to be typed
    for cells in in_alike_chunks(pieces(), _CHUNK):
        run.scratch.register("annotation_arrow", cells)
        run.scratch.execute(f"insert into annotation select {FILE_NO}, {columns}, source_line, content from annotation_arrow")
        run.scratch.unregister("annotation_arrow")
    bad = run.scratch.execute(
        "select source_line, case when accession is null then 'accession is missing' else 'accession: ''' || accession || "
        "''' stands in the file already' end, replace(content, chr(31), ',') from annotation "
        "qualify accession is null or source_line > min(source_line) over (partition by file_no, accession) order by source_line"
    ).fetchall()
    for k, file in files.items():
        path = file.path
        jobs[k].rows_in(path, len(file.bad))
        jobs[k].reject(path, file.bad)
        jobs[k].reject(path, bad_rows(bad, k))
    if bad:
        run.scratch.execute("delete from annotation where source_line in (select unnest($lines))", {"lines": [row[0] for row in bad]})


def _facts(job: Job, urn: str) -> dict[str, str | None]:
    """Put together what the metadata says of a score set: of two files the first that says a thing counts."""
    said: dict[str, str] = {}
    for path in job.unit.companions:
        if path.suffix == ".json":
            job.rows_in(path, 1)
            for key, value in _read_metadata(path).score_sets[urn].items():
                said[key] = said.get(key) or value
    kept = {key: said.get(key) or None for key in ("licence", "gene_id", "gene_symbol", "target_sequence", "target_sequence_type")}
    names = json.loads(said.get("target_names") or "[]")
    return {**kept, "n_targets": said.get("n_targets") or None, "target_name": names[0] if names else None}


def _sql(job: Job, name: str) -> str:
    return (job.spec.folder / name).read_text(encoding="utf-8")
