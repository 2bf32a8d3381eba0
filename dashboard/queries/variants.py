"""Records on variants under the reader's filters, how many there are of what, and all that is known of one variant.

Every question is asked of the same rows (:func:`_rows`): those of ``variant_record`` that meet the filters. Filters on its own columns are
written as ``=`` on them, joined by AND, so that the store reads the copy that is sorted for them. A record can be named in two ways by a
gene (symbol, id) and by a trait (its main one, or another in ``record_trait``): then the rows are two such selects, of which the second
leaves out what the first has. A filter on a column that only some sources have (:data:`EXTRA`) is asked of their tables, with the columns
of ``variant_record``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from lrbstore.contract import contract, literal, parts_of, united_columns
from lrbstore.dashboard import places
from lrbstore.dashboard.desk import Answer, Desk
from lrbstore.dashboard.places import Allele
from lrbstore.dashboard.queries.locus import allele_of, region_of

#: What only some sources say, by the names that columns of it have in their tables.
EXTRA = {"significance": ("clinical_significance",), "consequence": ("molecular_consequence", "consequence")}
STRATA = {"tissue": "tissue", "trait": "trait", "gene": "coalesce(gene_symbol, gene_id)", **{name: name for name in EXTRA}}
ROWS = 50  #: Rows of a page.
MOST = 15  #: Values of a stratum that are listed.
_SHOWN = (
    "source", "assembly", "chrom", "pos", "ref", "alt", "label_name", "label_text", "label_value", "gene_symbol", "tissue", "trait",
    "effect",     "effect_allele", "effect_unit", "neg_log10_p", "rs_id", "variant_id", "gene_id", "cell_model_id", "source_version",
    "source_file", "source_line", "record_id",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """What a reader chose; what is empty filters nothing.

    Attributes:
        source: Sources.
        tissue: A canonical tissue.
        trait: A trait as its source spells it: the main one of a record or any other of it.
        gene: A symbol or an Ensembl gene id.
        region: As typed, 1-based and inclusive.
        assembly: The region's, where it names none; None: the newest of those in the store that have the contig.
        significance: A clinical significance.
        consequence: A molecular consequence; of ClinVar's the first.
    """

    source: tuple[str, ...] = ()
    tissue: str | None = None
    trait: str | None = None
    gene: str | None = None
    region: str | None = None
    assembly: str | None = None
    significance: str | None = None
    consequence: str | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Name what filters."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "assembly" and getattr(self, f.name)}
        return {**named, **({"assembly": self.assembly} if self.region and self.assembly else {})}


# ── what can be chosen ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def sources(desk: Desk) -> tuple[str, ...]:
    """Name the sources that speak of variants."""
    return tuple(sorted({f.source for part in parts_of("variant_record") for f in desk.store.manifest.current(part.name) if f.source}))


def values(desk: Desk, stratum: str) -> Answer:
    """List all values of a stratum, the most frequent first: what a filter on it offers.

    Args:
        desk: The desk.
        stratum: One of :data:`STRATA`.
    """
    if stratum == "trait":  # the other traits of a record are filtered by as well
        sql = """select trait as value, count(*)::BIGINT as n_records from (
    select trait from variant_record where trait is not null
    union all
    select t.trait from record_trait as t where t.ordinal > 1
) where trait is not null group by trait order by n_records desc, value"""
    elif stratum in EXTRA and not _parts(desk, {stratum}):
        sql = "select null::VARCHAR as value, 0::BIGINT as n_records where false"
    else:
        rows, _ = _rows(desk, Chosen(), {stratum} & EXTRA.keys())
        sql = f"""select {STRATA[stratum]} as value, count(*)::BIGINT as n_records from {rows}
group by value having value is not null order by n_records desc, value"""
    return Answer(f"{stratum}_values", f"a {stratum}", desk.relation(sql), sql)


def matches(known: pa.Table, text: str, most: int = 10) -> tuple[str | None, tuple[tuple[str, int], ...]]:
    """Find what a reader typed among the values of :func:`values`.

    Args:
        known: Columns value and n_records, the most frequent first.
        text: What was typed.
        most: Values that are offered.

    Returns:
        The value of that name, whatever its case; else None and the most frequent values that hold the text, with their counts.
    """
    folded = text.casefold()
    near: list[tuple[str, int]] = []
    pairs = list(zip(known["value"].to_pylist(), known["n_records"].to_pylist(), strict=True))
    same = [value for value, _ in pairs if value.casefold() == folded]
    if same:
        return (text if text in same else same[0]), ()
    for value, n in pairs:
        if folded in value.casefold() and len(near) < most:
            near.append((value, n))
    return None, tuple(near)


# ── the rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parts(desk: Desk, extra: Iterable[str]) -> dict[str, dict[str, str]]:
    """List the sources' tables that have rows and say all of some extras: table → extra → its column; "null" for others it lacks."""
    found: dict[str, dict[str, str]] = {}
    for part in parts_of("variant_record"):
        said = {name: next((c for c in columns if c in part.column_names), "null::VARCHAR") for name, columns in EXTRA.items()}
        if desk.store.manifest.current(part.name) and all(said[name] != "null::VARCHAR" for name in extra):
            found[part.name] = said
    return found


def _rows(desk: Desk, chosen: Chosen, extra: Iterable[str] = ()) -> tuple[str, dict[str, Any]]:
    """Write what stands behind FROM for the records that meet the filters.

    One select is written flat, ``variant_record where …``: so a question that groups is read from the copy that is one file.

    Args:
        desk: The desk.
        chosen: The filters.
        extra: Extras that are wanted as columns; those that are filtered by come anyway.

    Returns:
        The text, of rows with the columns of ``variant_record`` and, where any is wanted, all of :data:`EXTRA`; and its parameters. A
        WHERE may be in it: a further one goes around a select of all of it.
    """
    params: dict[str, Any] = {}
    where: list[str] = []
    if chosen.source:
        params |= {f"source_{i}": name for i, name in enumerate(chosen.source)}
        where.append(f"source in ({', '.join(f'$source_{i}' for i in range(len(chosen.source)))})")
    if chosen.tissue:
        params["tissue"] = chosen.tissue
        where.append("tissue = $tissue")
    if chosen.region:
        place, *_ = region_of(desk, chosen.region, chosen.assembly)
        params |= {"assembly": place.assembly, "chrom": place.chrom, "first": place.first, "last": place.last}
        where.append("assembly = $assembly and chrom = $chrom and pos between $first and $last")
    ways: list[list[str]] = []
    if chosen.trait:
        params["trait"] = chosen.trait
        named = "record_id in (select record_id from record_trait where trait = $trait)"
        with_traits = sorted({literal(f.source) for f in desk.store.manifest.current("record_trait")})
        others = f"source in ({', '.join(with_traits) or 'null'}) and trait is distinct from $trait and {named}"
        ways.append(["trait = $trait", others])
    if chosen.gene:
        symbols, ids = _gene(desk, chosen.gene)
        params |= {f"symbol_{i}": s for i, s in enumerate(symbols)} | {f"gene_{i}": g for i, g in enumerate(ids)}
        by_symbol = f"gene_symbol in ({', '.join(f'$symbol_{i}' for i in range(len(symbols)))})"
        by_id = f"gene_id in ({', '.join(f'$gene_{i}' for i in range(len(ids)))})"
        others = f" and not coalesce({by_symbol}, false)" if symbols else ""
        ways.append([*([by_symbol] if symbols else []), *([by_id + others] if ids else [])])
    wanted = {*extra, *(name for name in EXTRA if getattr(chosen, name))}
    for name in EXTRA:
        if getattr(chosen, name):
            params[name] = getattr(chosen, name)
            where.append(f"{name} = ${name}")
    tables = ["variant_record"]
    if wanted:
        united = contract("variant_record")
        tables = [
            f"(select {united_columns(united, contract(part))}, {', '.join(f'{c} as {name}' for name, c in said.items())} from {part})"
            for part, said in _parts(desk, wanted).items()
        ]
        nothing = ", ".join(f"null::{c.type} as {c.name}" for c in united.columns)
        tables = tables or [f"(select {nothing}, {', '.join(f'null::VARCHAR as {name}' for name in EXTRA)} where false)"]
    parts = [
        " ".join([table, *(["where " + " and ".join(said)] if (said := [*where, *way]) else [])])
        for table in tables
        for way in itertools.product(*ways)
    ]
    return parts[0] if len(parts) == 1 else "(" + "\nunion all\n".join(f"select * from {part}" for part in parts) + ")", params


def _gene(desk: Desk, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the symbols and the ids of a gene; the text itself is one of them."""
    by_id = places.gene_id(text)
    text = by_id or text
    column, other = ("gene_id", "gene_symbol") if by_id else ("gene_symbol", "gene_id")
    in_gene = {"gene_symbol": "symbol", "gene_id": "gene_id"}
    sql = f"""select distinct {other} from variant_record where {column} = $gene and {other} is not null
union select distinct {in_gene[other]} from gene where {in_gene[column]} = $gene and {in_gene[other]} is not null order by 1"""
    others = tuple(desk.relation(sql, {"gene": text}).column(0).to_pylist())
    return (others, (text,)) if column == "gene_id" else ((text,), others)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def by_source(desk: Desk, **chosen: Any) -> Answer:
    """Count records by source."""
    filters = Chosen(**chosen)
    rows, params = _rows(desk, filters)
    sql = f"select source, count(*)::BIGINT as n_records from {rows} group by source order by n_records desc, source"
    return desk.ask("by_source", "a source", sql, params, chosen=filters.said, sources=_named(desk, filters))


def distinct(desk: Desk, **chosen: Any) -> Answer:
    """Count the variants that the records name, each once whatever its sources: one row. Of millions of records this takes a second."""
    filters = Chosen(**chosen)
    rows, params = _rows(desk, filters)
    sql = f"select count(distinct variant_id)::BIGINT as n_variants from {rows}"
    return desk.ask("n_variants", "all variants of these records", sql, params, chosen=filters.said, sources=_named(desk, filters))


def top(desk: Desk, stratum: str, **chosen: Any) -> Answer:
    """List the most frequent values of a stratum.

    Args:
        desk: The desk.
        stratum: One of :data:`STRATA`.
        **chosen: The filters, as in :class:`Chosen`.
    """
    filters = Chosen(**chosen)
    rows, params = _rows(desk, filters, {stratum} & EXTRA.keys())
    sql = f"""select {STRATA[stratum]} as {stratum}, count(*)::BIGINT as n_records from {rows}
group by {stratum} having {stratum} is not null order by n_records desc, {stratum} limit {MOST}"""
    return desk.ask(
        f"by_{stratum}",
        f"one of the {MOST} most frequent of {stratum}",
        sql,
        params,
        chosen=filters.said,
        sources=_named(desk, filters),
    )


@dataclass(frozen=True)
class Page:
    """Some rows of all that meet the filters.

    Attributes:
        answer: The rows, by ``record_id``.
        first: Whether no rows come before them.
        next: What the page behind them comes after; None where there is none.
    """

    answer: Answer
    first: bool
    next: int | None


def page(desk: Desk, after: int | None, n: int, **chosen: Any) -> Page:
    """Give a page of the records.

    Args:
        desk: The desk.
        after: The ``record_id`` that it comes after; None for the first page.
        n: How many records there are in all.
        **chosen: The filters, as in :class:`Chosen`.
    """
    filters = Chosen(**chosen)
    rows, params = _rows(desk, filters)
    extra = "".join(f", {name}" for name in EXTRA if filters.significance or filters.consequence)
    sql = f"select {', '.join(_SHOWN)}{extra} from {rows} order by record_id"
    # The keys first: every other column is then read for the rows of the page alone.
    keys = f"select record_id from (select * from {rows}) where record_id > $after order by record_id limit {ROWS + 1}"
    start = -(2**63) if after is None else after
    found = desk.relation(keys, {**params, "after": start}).column(0).to_pylist()
    shown = found[:ROWS]
    listed = ", ".join(map(str, shown)) or "null"
    asked = f"select {', '.join(_SHOWN)}{extra} from (select * from {rows}) where record_id in ({listed}) order by record_id"
    answer = desk.ask("variants", "a record", sql, params, chosen=filters.said, sources=_named(desk, filters), page=asked, n=n)
    return Page(answer, after is None, shown[-1] if len(found) > ROWS else None)


def previous(desk: Desk, after: int, **chosen: Any) -> int | None:
    """Say what the page before the one behind ``after`` comes after; None where that is the first page."""
    rows, params = _rows(desk, Chosen(**chosen))
    back = f"select record_id from (select * from {rows}) where record_id <= $after order by record_id desc limit {ROWS + 1}"
    before = desk.relation(back, {**params, "after": after}).column(0).to_pylist()
    return before[ROWS] if len(before) > ROWS else None


def _named(desk: Desk, chosen: Chosen) -> tuple[str, ...]:
    return chosen.source or sources(desk)


# ── one variant ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Card:
    """All that is known of a variant.

    Attributes:
        asked: The allele; None where the text names more than one, or none.
        others: Alleles that an rs number names.
        allele: Its row of ``variant``, and where a chain leads from there.
        records: Every record of it, on whichever assembly, and those that name its rs number and no alleles.
        traits: The traits of these records.
    """

    asked: Allele | None
    others: tuple[str, ...]
    allele: Answer
    records: Answer
    traits: Answer


def card(desk: Desk, text: str, on: str | None = None) -> Card:
    """Gather what is known of a variant.

    Args:
        desk: The desk.
        text: As :func:`lrbstore.dashboard.places.variant` reads it.
        on: The assembly whose position is meant where the text names none; None: the one that has records, the newest first.

    Raises:
        BadSpec: If the text is no variant.
        ContigNotFound: If no assembly that may be meant has the contig.
    """
    typed = places.variant(text)
    rs: list[str] = []
    asked: Allele | None = None
    others: tuple[str, ...] = ()
    if isinstance(typed, str):
        rs = [typed]
        found = "select distinct variant_id from variant_record where rs_id = $rs and variant_id is not null order by 1"
        others = tuple(desk.relation(found, {"rs": typed}).column(0).to_pylist())
        ids = [*others]
        meant = next((v for v in others if on and v.startswith(f"{on}:")), others[-1] if others else "")  # the last: the newest assembly
        if others and {*others} <= {*(same := _same(desk, meant))} and not isinstance(one := places.variant(meant), str):
            asked, ids, others = allele_of(desk, one, on), same, ()
    else:
        asked = allele_of(desk, typed, on)
        ids = _same(desk, asked.variant_id)
        names = "select distinct rs_id from variant_record where variant_id in ({}) and rs_id is not null"
        rs = desk.relation(*_among(names, ids)).column(0).to_pylist()
    in_ids, params = _among("{}", ids or [""])
    in_rs, more = _among("{}", rs or [""], "rs")
    params |= more
    of: dict[str, Any] = {"chosen": {"variant": text}, "sources": sources(desk)}
    allele = desk.ask(
        "variant", "an allele, or where a chain leads from there",
        f"""select variant_id, variant_type, ref_check, left_aligned_id, 'native' as lift_status, null::VARCHAR as strand,
    null::VARCHAR as lifted_from
from variant where variant_id in ({in_ids})
union all
select lifted_variant_id, null, ref_check, lifted_left_aligned_id, status, strand, variant_id
from variant_lift where variant_id in ({in_ids})
order by all""",
        _only(params, "variant_"), **of,
    )  # fmt: skip
    shown = ", ".join(c for c in _SHOWN if c != "record_id")
    records = desk.ask(
        "records_of_a_variant", "a record of the variant",
        f"""select {shown}, 'allele' as matched_by, record_id from variant_record where variant_id in ({in_ids})
union all
select {shown}, 'rs_id' as matched_by, record_id from variant_record where rs_id in ({in_rs}) and variant_id is null
order by matched_by, source, source_file, source_line, record_id""",
        params, **of,
    )  # fmt: skip
    listed = ", ".join(map(str, records.table["record_id"].to_pylist())) or "null"
    traits = desk.ask(
        "traits_of_a_variant", "a trait of a record of the variant",
        f"select source, trait, trait_id, ordinal, record_id from record_trait where record_id in ({listed}) order by all", **of,
    )  # fmt: skip
    return Card(asked, others, allele, records, traits)


def _same(desk: Desk, variant_id: str) -> list[str]:
    """Give the ids of an allele: as it stands, as others write it that left-aligned is the same, and where a chain leads from or to it."""
    sql = """with own as (select $id as id union select left_aligned_id from variant where variant_id = $id),
lifted as (
    select unnest([lifted_variant_id, lifted_left_aligned_id]) as id from variant_lift
    where variant_id in (select id from own) and status = 'mapped'
    union select variant_id from variant_lift where lifted_variant_id in (select id from own) and status = 'mapped'
    union select variant_id from variant_lift where lifted_left_aligned_id in (select id from own) and status = 'mapped'
),
both_ways as (select id from own union select id from lifted)
select id from both_ways union select variant_id from variant_reference where left_aligned_id in (select id from both_ways) order by 1"""
    found = desk.relation(sql, {"id": variant_id}).column(0).to_pylist()
    return [variant_id, *(v for v in found if v and v != variant_id)]


def _among(sql: str, given: Iterable[str], stem: str = "variant") -> tuple[str, dict[str, Any]]:
    """Write a list of values into an SQL's braces, as parameters."""
    params = {f"{stem}_{i}": value for i, value in enumerate(given)}
    return sql.format(", ".join(f"${name}" for name in params)), params


def _only(params: Mapping[str, Any], stem: str) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name.startswith(stem)}
