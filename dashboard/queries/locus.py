"""A variant, a gene or a region in its window: what lies there, what the window's rules do with it, and which letters are handed out.

Inside, intervals are 0-based half-open and ``pos`` is 1-based, as everywhere in this house; a region that a reader types is 1-based with
both ends in it, as genome browsers write it, and so is what leads to them. Windows are planned by :mod:`lrbstore.window` and cut by
:mod:`lrbstore.genome`: nothing is counted out here that they count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from lrbstore.alleles import check_reference, is_bases, trim_alleles
from lrbstore.assembly import assemblies, assembly
from lrbstore.bases import Sequences
from lrbstore.cage import BINS, RINGS, TRACKS, from_rings
from lrbstore.coordinates import overlap_bp, pos_of_start, start_of_pos
from lrbstore.dashboard import places
from lrbstore.dashboard.desk import Answer, Desk
from lrbstore.dashboard.places import Allele, Region, TypedAllele
from lrbstore.encoding import reverse_complement_text
from lrbstore.errors import BadSpec, MissingData, OutOfContig, UnknownName
from lrbstore.window import CAGE_BIN_BP, EDGES, REASON_TEXT, REASONS, WindowPlan, WindowSpec, plan_intervals, plan_points, plan_variants

LONGEST = 1_048_576  #: Bases of the longest window that is drawn.
TRANSCRIPTS = 30  #: That are drawn.
POINTS = 300  #: Records that are drawn one by one; where there are more, they are counted in bins.
WINDOW_BINS = 60  #: Bins across a window.
CAGE_WINDOWS = 4  #: Labelled windows that are drawn at once.
FLANK = 40  #: Letters shown on either side.


# ── what is looked at ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Place:
    """What is looked at.

    Attributes:
        kind: ``variant``, ``gene`` or ``region``.
        name: As it is called on screen.
        assembly: Its assembly.
        chrom: Its contig.
        start: 0-based first base: of REF, of the gene's anchor, of the region.
        end: 0-based end, exclusive.
        strand: ``-`` where the window is handed out reverse-complemented.
        anchor_is: What the window is centred on, in words.
        ref: REF in bases; None where no alleles are known.
        alt: ALT in bases; likewise.
        variant_id: Key of the allele, if it is one.
        gene_id: Ensembl gene id, if it is a gene.
        others: What else was meant by the same words, each as it can be asked for.
    """

    kind: str
    name: str
    assembly: str
    chrom: str
    start: int
    end: int
    strand: str = "+"
    anchor_is: str = ""
    ref: str | None = None
    alt: str | None = None
    variant_id: str | None = None
    gene_id: str | None = None
    others: tuple[str, ...] = ()

    @property
    def allele(self) -> Allele | None:
        """The allele, if it is one."""
        if self.ref is None or self.alt is None:
            return None
        return Allele(self.assembly, self.chrom, pos_of_start(self.start), self.ref, self.alt)


def held_assemblies(desk: Desk) -> tuple[str, ...]:
    """List the assemblies that the store has something on, the newest first; all that are known where it has nothing."""
    rows = desk.store.sql("select distinct unnest(assemblies) from source where is_current").fetchall()
    held = {str(name) for (name,) in rows} | {g.assembly for g in desk.store.manifest.genomes}
    return tuple(sorted(held & set(assemblies()) or assemblies(), reverse=True))


def resolve(desk: Desk, variant: str = "", gene: str = "", region: str = "", on: str | None = None) -> Place | None:
    """Find what a reader means: a variant goes before a gene, a gene before a region, and something worth seeing is behind all.

    Args:
        desk: The store.
        variant: ``chr22-123-A-G``, ``chr22:123 A>G``, a variant_id, an rs number or one of their relatives; position 1-based.
        gene: Symbol or Ensembl gene id.
        region: ``chr22:100-200``, 1-based with both ends in it, or one position.
        on: The assembly that is meant where the words do not say it; None: the one that has it, the newest first.

    Returns:
        The place; None where nothing was asked for and the store has nothing with a place.

    Raises:
        BadSpec: If the words cannot be read.
        UnknownName: If there is no such gene or assembly.
        ContigNotFound: If no assembly that may be meant has the contig.
        MissingData: If no record has that rs number.
        OutOfContig: If the place is not on its contig.
    """
    if variant:
        place: Place | None = _variant(desk, variant, on)
    elif gene:
        place = _gene(desk, gene, on)
    elif region:
        place = _region(desk, region, on)
    else:
        place = _worth_seeing(desk, on)
    if place is not None:
        length = desk.store.contig_lengths(place.assembly)[place.chrom]
        if place.start < 0 or place.end > length:
            raise OutOfContig(
                f"{place.name} is not on {place.chrom} of {place.assembly}, which has {length:,} bases; expected 1 to {length:,} (1-based)"
            )
    return place


def allele_of(desk: Desk, typed: TypedAllele, on: str | None) -> Allele:
    """Find which allele is meant: of the assemblies that it may be on, it is on the one with most of its records, else on the newest.

    Returns:
        The allele; in the letters of a record where the text has its digest alone and there is a record.

    Raises:
        ContigNotFound: If no such assembly has the contig.
    """
    found = []
    for allele in typed.on(*_meant(desk, on)):
        rows = _alleles(desk, "variant_id = $value and chrom = $chrom", value=allele.variant_id, chrom=allele.chrom)
        found.append((len(rows), allele if allele.is_spelt or not rows else _allele(rows[0])))
    return max(found, key=lambda one: one[0])[1]  # the first of equals: the newest assembly


def region_of(desk: Desk, text: str, on: str | None) -> tuple[Region, ...]:
    """Read a region and place it on the assemblies that it may be meant on, the newest first: the first is meant, the others could be.

    Raises:
        BadSpec: If it is none.
        ContigNotFound: If no such assembly has the contig.
    """
    typed = places.region(text)
    found = typed.on(*_meant(desk, on))
    if typed.first is None:  # a registered genome has its own lengths
        found = tuple(replace(one, end=desk.store.contig_lengths(one.assembly)[one.chrom]) for one in found)
    return found


def _meant(desk: Desk, on: str | None) -> tuple[str, ...]:
    return (on,) if on else held_assemblies(desk)


def _variant(desk: Desk, text: str, on: str | None) -> Place:
    typed = places.variant(text)
    if isinstance(typed, str):
        return _rs(desk, typed, on)
    allele = allele_of(desk, typed, on)
    if not allele.is_spelt:
        raise MissingData(f"no record in this store has the allele of {text}, and its letters are not in its name")
    return _of_alleles(allele)


def _of_alleles(allele: Allele, others: tuple[str, ...] = ()) -> Place:
    def short(letters: str) -> str:
        return letters if len(letters) <= 20 else f"{letters[:8]}…({len(letters)} bases)"

    where = allele.region
    return Place(
        "variant", f"{allele.chrom}:{allele.pos:,} {short(allele.ref)}>{short(allele.alt)}", where.assembly, where.chrom, where.start,
        where.end, anchor_is="the first base of REF", ref=allele.ref, alt=allele.alt, variant_id=allele.variant_id, others=others,
    )  # fmt: skip


def _allele(row: dict[str, Any]) -> Allele:
    return Allele(row["assembly"], row["chrom"], *trim_alleles(row["pos"], row["ref"], row["alt"]))


def _alleles(desk: Desk, condition: str, **values: str) -> list[dict[str, Any]]:
    """List alleles and bare places of records, those that most sources speak of first."""
    sql = f"""select assembly, chrom, variant_id, any_value(pos) as pos, any_value(ref) as ref, any_value(alt) as alt,
        count(distinct source)::BIGINT as n_sources, count(*)::BIGINT as n_records
        from variant_record where {condition} and pos is not null
        group by assembly, chrom, variant_id, case when variant_id is null then pos end
        order by variant_id is null, n_sources desc, n_records desc, assembly desc, chrom, pos, variant_id limit 50"""
    rows: list[dict[str, Any]] = desk.relation(sql, values).to_pylist()
    return rows


def _rs(desk: Desk, text: str, on: str | None) -> Place:
    wanted = {assembly(on).name} if on else set(held_assemblies(desk))
    rows = _alleles(desk, "rs_id = $value", value=text.lower())
    rows = [row for row in rows if row["assembly"] in wanted]
    if not rows:
        where = f" on {on}" if on else ""
        raise MissingData(
            f"no record in this store has {text.lower()} with a place{where}; its position and alleles can be asked for as well"
        )
    newest = max(row["assembly"] for row in rows)
    first, *more = [row for row in rows if row["assembly"] == newest]
    others = tuple(dict.fromkeys(row["variant_id"] for row in more if row["variant_id"]))
    if first["variant_id"] is not None:
        return _of_alleles(_allele(first), others)
    start = start_of_pos(first["pos"])
    return Place(
        "variant", f"{text.lower()} at {first['chrom']}:{first['pos']:,}", first["assembly"], first["chrom"], start, start + 1,
        anchor_is="its position; no record says its alleles",
    )  # fmt: skip


_GENE = """select * from gene_on($assembly) where {condition} order by symbol_rank, gene_id limit 1"""
_NEAR = """select symbol from (select distinct symbol from gene where symbol is not null)
    order by jaro_winkler_similarity(upper(symbol), upper($value)) desc, symbol limit 50"""


def _gene(desk: Desk, text: str, on: str | None) -> Place:
    by_id = places.gene_id(text)
    conditions = ["gene_id = $value"] if by_id else ["symbol = $value", "upper(symbol) = upper($value)"]
    found: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        for name in held_assemblies(desk) if not found else ():
            for row in desk.relation(_GENE.format(condition=condition), {"assembly": name, "value": by_id or text}).to_pylist():
                found[name] = row
    if not found:
        raise UnknownName("gene", text, [symbol for (symbol,) in desk.store.sql(_NEAR, params={"value": text}).fetchall()])
    wanted = assembly(on).name if on else next(iter(found))
    if wanted not in found:
        raise BadSpec(f"the gene {text} is on {' and '.join(found)} in this store and not on {wanted}: choose another assembly")
    row = found[wanted]
    pos = row["cage_tss_pos"] or row["tss_pos"]
    if pos is None:
        raise BadSpec(f"the gene {text} has no start site in this store: ask for its region")
    said = "the representative start site by CAGE, as task bulk_rna_expression has it" if row["cage_tss_pos"] else "the start site (TSS)"
    start = start_of_pos(pos)
    return Place(
        "gene", row["symbol"] or row["gene_id"], wanted, row["chrom"], start, start + 1, strand=row["strand"] or "+",
        anchor_is=f"{said} of {row['annotation']}", gene_id=row["gene_id"], others=tuple(name for name in found if name != wanted),
    )  # fmt: skip


def _region(desk: Desk, text: str, on: str | None) -> Place:
    one, *others = region_of(desk, text, on)
    return Place(
        "region", str(one), one.assembly, one.chrom, one.start, one.end,
        anchor_is="its middle base", others=tuple(other.assembly for other in others),
    )  # fmt: skip


def _worth_seeing(desk: Desk, on: str | None) -> Place | None:
    """Choose the allele that most sources speak of on the contig with the most records; else the gene of most transcripts; else a gene."""
    busiest = """select assembly, chrom from variant_record where variant_id is not null and chrom is not null
        and ($on is null or assembly = $on)
        group by all order by count(*) desc, assembly desc, chrom limit 1"""
    for name, chrom in desk.store.sql(busiest, params={"on": on}).fetchall():
        rows = _alleles(desk, "assembly = $assembly and chrom = $chrom and variant_id is not null", assembly=name, chrom=chrom)
        row = next((r for r in rows if is_bases(r["ref"]) and is_bases(r["alt"])), None)
        if row is not None:
            return _of_alleles(_allele(row))
    most = "select gene_id from transcript where $on is null or assembly = $on group by gene_id order by count(*) desc, gene_id limit 1"
    any_gene = "select gene_id from gene where $on is null or assembly = $on order by cage_tss_pos is null, gene_id limit 1"
    for sql in (most, any_gene):
        for (gene_id,) in desk.store.sql(sql, params={"on": on}).fetchall():
            return _gene(desk, gene_id, on)
    window = """select chrom, start, "end" from cage_window where $on is null or assembly = $on order by split, chrom, start limit 1"""
    for chrom, start, end in desk.store.sql(window, params={"on": on}).fetchall():
        return _region(desk, f"{chrom}:{pos_of_start(start)}-{end}", on)
    return None


# ── its window ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Frame:
    """The window of a place.

    Attributes:
        start: 0-based first base of what is handed out, before any edge rule: it may leave the contig.
        end: 0-based end, exclusive.
        anchor: Index of the anchor base in what is handed out.
        reverse: Whether that is the reverse complement.
        contig_length: Bases of the contig.
        reason: Why the window is dropped under ``edge="drop"``; ``kept`` where it is not.
        policy: ``strict`` or ``lrb``.
        seq_len: As asked for.
    """

    start: int
    end: int
    anchor: int
    reverse: bool
    contig_length: int
    reason: str
    policy: str
    seq_len: int

    @property
    def on_contig(self) -> tuple[int, int]:
        """The part of the window that is on the contig, 0-based half-open."""
        return max(self.start, 0), max(min(self.end, self.contig_length), 0)

    @property
    def left_off(self) -> int:
        """Bases of the window before the contig's first."""
        return overlap_bp(self.start, self.end, min(self.start, 0), 0)

    @property
    def right_off(self) -> int:
        """Bases of the window behind the contig's last."""
        return overlap_bp(self.start, self.end, self.contig_length, max(self.end, self.contig_length))


def _plan(place: Place, contig_length: int, spec: WindowSpec) -> WindowPlan:
    if place.kind == "region":
        return plan_intervals([place.start], [place.end], contig_length, spec)
    if place.ref is not None and place.alt is not None:
        return plan_variants([place.start], len(place.ref), len(place.alt), contig_length, spec)
    return plan_points([place.start], contig_length, spec, minus=[place.strand == "-"])


def frame(desk: Desk, place: Place, seq_len: int, policy: str) -> Frame:
    """Plan the window of a place.

    Raises:
        BadSpec: If the length or the policy is none.
    """
    length = desk.store.contig_lengths(place.assembly)[place.chrom]
    plan = _plan(place, length, WindowSpec(seq_len, policy))
    return Frame(
        int(plan.start[0]), int(plan.end[0]), int(plan.anchor[0]), bool(plan.reverse[0]), length, REASONS[plan.reason[0]], policy, seq_len
    )


def edges(desk: Desk, place: Place, seq_len: int, policy: str) -> Answer:
    """Say what each edge rule does with the window: one row for each rule that the policy has."""
    length = desk.store.contig_lengths(place.assembly)[place.chrom]
    wished = frame(desk, place, seq_len, policy)
    rows = []
    for edge in EDGES if policy == "strict" else ("drop",):
        plan = _plan(place, length, WindowSpec(seq_len, policy, "drop" if edge == "error" else edge))
        start, end, reason = int(plan.start[0]), int(plan.end[0]), REASONS[plan.reason[0]]
        if reason != "kept":
            does = f"raises an error: {REASON_TEXT[reason]}" if edge == "error" else f"the example is left out: {REASON_TEXT[reason]}"
        elif start != wished.start:
            way = "right" if start > wished.start else "left"
            does = f"moved {abs(start - wished.start):,} bp to the {way}; the anchor is at index {int(plan.anchor[0]):,}"
        elif wished.left_off or wished.right_off:
            does = f"padded with N: {wished.left_off:,} on the left, {wished.right_off:,} on the right (forward strand)"
        else:
            does = "kept as it is"
        rows.append(
            {"edge": edge, "outcome": reason, "what_it_does": does, "start": start, "end": end, "anchor_index": int(plan.anchor[0])}
        )
    return Answer(
        "edges", "an edge rule, and what it makes of this window; start and end are 0-based half-open", pa.Table.from_pylist(rows),
        f"lrbstore.window.{_plan_said(place, length)}, lrbstore.window.WindowSpec({seq_len}, {policy!r}, edge))",
        chosen=_chosen(place, seq_len, policy), is_sql=False,
    )  # fmt: skip


def _plan_said(place: Place, length: int) -> str:
    if place.kind == "region":
        return f"plan_intervals([{place.start}], [{place.end}], {length}"
    if place.ref is not None and place.alt is not None:
        return f"plan_variants([{place.start}], {len(place.ref)}, {len(place.alt)}, {length}"
    return f"plan_points([{place.start}], {length}, minus=[{place.strand == '-'}]"


def _chosen(place: Place, seq_len: int, policy: str) -> dict[str, Any]:
    return {"place": place.name, "assembly": place.assembly, "seq_len": seq_len, "window": policy}


# ── what lies in it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

_TRANSCRIPTS = """select symbol, gene_id, transcript_id, transcript_type, annotation, strand, start, "end", tss_pos, exon_starts, exon_ends,
        cds_start, cds_end, coalesce(is_canonical, false) as is_canonical
    from transcript
    where assembly = $assembly and chrom = $chrom and start < $to and "end" > $from
    qualify row_number() over (partition by transcript_id, start order by annotation desc) = 1
    union all by name
    -- Genes of which nothing but the start is known.
    select symbol, gene_id, null as transcript_id, gene_type as transcript_type, annotation, strand, tss_pos - 1 as start, tss_pos as "end",
        tss_pos, null as exon_starts, null as exon_ends, null as cds_start, null as cds_end, false as is_canonical
    from gene
    where assembly = $assembly and chrom = $chrom and start is null and tss_pos - 1 >= $from and tss_pos - 1 < $to"""


def transcripts(desk: Desk, place: Place, start: int, end: int) -> Answer:
    """List the transcripts that overlap a window, the place's own gene first, canonical ones before others, then the nearest.

    Args:
        desk: The store.
        place: What is looked at.
        start: 0-based start of the window.
        end: Its end, exclusive.
    """
    # A gene whose every transcript is known is not drawn as a start once more: ids are those of either.
    params = {"assembly": place.assembly, "chrom": place.chrom, "from": start, "to": end, "gene": place.gene_id or "", "at": place.start}
    ranked = f"""select * exclude (told) from (
        select *, bool_or(transcript_id is not null) over (partition by gene_id) as told from ({_TRANSCRIPTS})
    ) where transcript_id is not null or not told
    order by gene_id = $gene desc, is_canonical desc, transcript_id is null, greatest(start - $at, $at - "end", 0), symbol, transcript_id"""
    counted = desk.relation(f"select *, count(*) over ()::BIGINT as n from ({ranked}) limit {TRANSCRIPTS}", params)
    n = counted["n"][0].as_py() if counted.num_rows else 0
    return Answer(
        "transcripts", "a transcript in the window (or a gene of which only the start is known); start and end 0-based half-open",
        counted.drop_columns(["n"]), ranked, params, {"place": place.name}, ("gencode", "lrb"), n,
    )  # fmt: skip


def blocks(transcripts: Answer, start: int, end: int) -> pa.Table:
    """Cut transcripts into what is drawn, clipped to the window.

    Args:
        transcripts: What :func:`transcripts` gave.
        start: 0-based start of the window.
        end: Its end, exclusive.

    Returns:
        One row a block: ``lane`` (name with an arrow for the strand), ``part`` (``body``, ``exon`` or ``coding``), ``start``, ``end``
        (0-based half-open), and what a reader is told of it.
    """
    rows: list[dict[str, Any]] = []

    def put(one: dict[str, Any], lane: str, part: str, left: int, right: int) -> None:
        left, right = max(left, start), min(right, end)
        if left < right:
            said = {"gene": one["symbol"] or one["gene_id"], "transcript": one["transcript_id"] or "(start alone)"}
            rows.append(
                {"lane": lane, "part": part, "start": left, "end": right, **said, "type": one["transcript_type"], "strand": one["strand"]}
            )

    seen: dict[str, int] = {}
    for one in transcripts.table.to_pylist():
        arrow = "→" if one["strand"] == "+" else "←"
        label = f"{one['symbol'] or one['gene_id']} {arrow}" + (" ★" if one["is_canonical"] else "")
        seen[label] = seen.get(label, 0) + 1
        lane = label if seen[label] == 1 else f"{label} {seen[label]}"
        put(one, lane, "body", one["start"], one["end"])
        exons = list(zip(one["exon_starts"] or (), one["exon_ends"] or (), strict=True))
        for left, right in exons:
            put(one, lane, "exon", left, right)
            if one["cds_start"] is not None:
                put(one, lane, "coding", max(left, one["cds_start"]), min(right, one["cds_end"]))
    kinds = {"start": pa.int64(), "end": pa.int64()}
    names = ("lane", "part", "start", "end", "gene", "transcript", "type", "strand")
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, kinds.get(name, pa.string())) for name in names]))


_HERE = "from variant_record where assembly = $assembly and chrom = $chrom and pos between $first and $last"


def _within(place: Place, start: int, end: int) -> dict[str, Any]:
    return {"assembly": place.assembly, "chrom": place.chrom, "first": pos_of_start(start), "last": end}


def binned(desk: Desk, place: Place, start: int, end: int) -> Answer:
    """Count the records in a window by source, in as many bins of one width as a screen shows."""
    width = max(-(-(end - start) // WINDOW_BINS), 1)
    sql = f"""select source, $from + (pos - $first) // $width * $width as start,
        least($from + (pos - $first) // $width * $width + $width, $to) as "end", count(*)::BIGINT as n_records,
        count(distinct coalesce(variant_id, pos::VARCHAR))::BIGINT as n_variants
        {_HERE} group by all order by source, start"""
    params = {**_within(place, start, end), "from": start, "to": end, "width": width}
    return desk.ask(
        "records_in_window", "a source's records in a bin; start and end 0-based half-open", sql, params, chosen={"place": place.name}
    )


def points(desk: Desk, place: Place, start: int, end: int) -> Answer:
    """List the variants in a window, by source, up to as many as are drawn one by one."""
    sql = f"""select source, pos, coalesce(variant_id, any_value(rs_id), 'no alleles') as variant, count(*)::BIGINT as n_records,
        string_agg(distinct label_text, ', ' order by label_text) as labels
        {_HERE} group by source, pos, variant_id order by source, pos, variant"""
    params = _within(place, start, end)
    return desk.ask(
        "variants_in_window", "a variant of a source; pos is 1-based", sql, params, chosen={"place": place.name},
        page=f"select * from ({sql}) limit {POINTS + 1}",
    )  # fmt: skip


_RECORDS = """select source, label_name, label_text, label_value, effect, effect_unit, neg_log10_p, gene_symbol, tissue, trait, rs_id,
        variant_id, pos, source_file, source_line, record_id
    from variant_record where """
_BARE = "assembly = $assembly and chrom = $chrom and pos between $pos and $pos and variant_id is null"


def records(desk: Desk, place: Place, most: int = 50) -> Answer:
    """List the records of a variant on its assembly, and those at its place that tell no alleles."""
    params: dict[str, Any] = {"assembly": place.assembly, "chrom": place.chrom, "pos": pos_of_start(place.start)}
    sql = _RECORDS + _BARE
    if place.variant_id is not None:
        sql = f"{_RECORDS} variant_id = $variant and chrom = $chrom union all {sql}"
        params["variant"] = place.variant_id
    sql += " order by variant_id is null, source, source_file, source_line"
    page = desk.relation(f"select *, count(*) over ()::BIGINT as n from ({sql}) limit {most}", params)
    n = page["n"][0].as_py() if page.num_rows else 0
    sources = sorted(set(page["source"].to_pylist()))
    return Answer(
        "records", "a record of this allele, or one at its place that tells no alleles", page.drop_columns(["n"]), sql, params,
        {"variant": place.variant_id or place.name}, tuple(sources), n,
    )  # fmt: skip


def cage_tracks(desk: Desk) -> tuple[str, ...]:
    """Name the CAGE tracks, in the order of the labels."""
    rows = desk.store.sql("select track, coalesce(track_name, 'track ' || track) from cage_track order by track").fetchall()
    return tuple(str(name) for _, name in rows)


_CAGE = """select start, "end", split, npy_idx, label_row from cage_window
    where assembly = $assembly and chrom = $chrom and start < $to and "end" > $from
    order by least("end", $to) - greatest(start, $from) desc, start, split limit {n}"""


def cage(desk: Desk, place: Place, start: int, end: int, track: int | None = None) -> Answer:
    """Give the CAGE labels that lie in a window, bin by bin: raw counts.

    Args:
        desk: The store.
        place: What is looked at.
        start: 0-based start of the window.
        end: Its end, exclusive.
        track: One track; None: the mean over all.

    Returns:
        One row a bin of 128 bp of a labelled window; of the labelled windows the few that overlap most.
    """
    params = {"assembly": place.assembly, "chrom": place.chrom, "from": start, "to": end}
    windows = desk.relation(_CAGE.format(n=CAGE_WINDOWS), params).to_pylist()
    rows: list[dict[str, Any]] = []
    rings = ", ".join(f"ring_{k}" for k in range(len(RINGS)))
    if windows:
        wanted = ", ".join(str(int(w["label_row"])) for w in windows)
        table = desk.relation(f"select label_row, {rings} from cage_label where label_row in ({wanted})")
        at = {row: i for i, row in enumerate(table["label_row"].to_pylist())}
        held = [table[f"ring_{k}"].combine_chunks().flatten().to_numpy().reshape(table.num_rows, -1) for k in range(len(RINGS))]
        labels = from_rings(held, BINS)
        for window in windows:
            values = labels[at[window["label_row"]]]
            drawn = values.mean(axis=1) if track is None else values[:, track]
            middle = (window["start"] + window["end"]) // 2
            first = middle - BINS // 2 * CAGE_BIN_BP  # the bins lie around the middle of the interval
            for i, value in enumerate(drawn.tolist()):
                left = first + i * CAGE_BIN_BP
                if overlap_bp(left, left + CAGE_BIN_BP, start, end):
                    rows.append(
                        {"start": left, "end": left + CAGE_BIN_BP, "value": value, "split": window["split"], "npy_idx": window["npy_idx"]}
                    )
    schema = pa.schema(
        [("start", pa.int64()), ("end", pa.int64()), ("value", pa.float64()), ("split", pa.string()), ("npy_idx", pa.int64())]
    )
    taken = "labels.mean(axis=2)" if track is None else f"labels[:, :, {track}]"
    made_by = f"""rows = store.sql(\"\"\"select w.start, w.split, w.npy_idx, {rings}
    from cage_window as w join cage_label using (label_row)
    where w.assembly = {place.assembly!r} and w.chrom = {place.chrom!r} and w.start < {end} and w."end" > {start}\"\"\").to_arrow_table()
rings = [numpy.stack(rows[f"ring_{{k}}"].to_pylist()) for k in range({len(RINGS)})]
labels = lrbstore.cage.from_rings(rings, {BINS})  # windows, bins, {TRACKS} tracks
values = {taken}"""
    return Answer(
        "cage_bins", f"a bin of {CAGE_BIN_BP} bp of a labelled window; start and end 0-based half-open, value a raw count",
        pa.Table.from_pylist(rows, schema=schema), made_by,
        chosen={"place": place.name, "track": "mean over all tracks" if track is None else track}, sources=("lrb",), is_sql=False,
    )  # fmt: skip


# ── its letters ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Letters:
    """The letters around a place, in the orientation that is handed out.

    Attributes:
        before: Letters before what is marked.
        marked: REF as the genome has it, or the anchor base.
        after: Letters behind it.
        alt: ALT, in REF's place; None where there is no allele.
        first_pos: 1-based position of the first letter shown.
        last_pos: 1-based position of the last letter shown: below the first on the reverse strand.
        reverse: Whether this is the reverse complement.
        ref_check: What the genome says of REF, in the store's words; None where there is no allele.
    """

    before: str
    marked: str
    after: str
    alt: str | None
    first_pos: int
    last_pos: int
    reverse: bool
    ref_check: str | None


@dataclass(frozen=True)
class Composition:
    """What the window is made of.

    Attributes:
        counts: Letters A, C, G, T, N on the contig, in this order.
        off_contig: Bases of the window that no contig has.
    """

    counts: tuple[int, int, int, int, int]
    off_contig: int

    @property
    def gc(self) -> float | None:
        """Share of G and C among A, C, G, T; None where there is none of them."""
        a, c, g, t, _ = self.counts
        return (c + g) / (a + c + g + t) if a + c + g + t else None


def _genome_of(desk: Desk, place: Place) -> tuple[Sequences, int]:
    """Give the genome of a place, and its contig's length there."""
    if not desk.store.has_genome(place.assembly):
        raise MissingData(
            f"no genome is registered for {place.assembly}, so that no letters can be shown; "
            f"run: lrbstore genome add {place.assembly} FILE.fa[.gz]"
        )
    genome = desk.store.genome(place.assembly)
    genome.fetch(place.chrom, 0, 0)  # says which contigs there are where this one is not among them
    return genome, genome.contig_length(place.chrom) or 0


def letters(desk: Desk, place: Place, flank: int = FLANK) -> Letters:
    """Read the letters around a place.

    Args:
        desk: The store.
        place: What is looked at; of a region its middle base is marked.
        flank: Letters on either side; fewer where the contig ends.

    Raises:
        MissingData: If no genome is registered; says the command.
        ContigNotFound: If the genome lacks the contig.
    """
    genome, length = _genome_of(desk, place)
    start, end = place.start, place.end
    if place.kind == "region":
        plan = _plan(place, length, WindowSpec(1, "strict"))
        start = int(plan.start[0] + plan.anchor[0])
        end = start + 1
    low, high = max(start - flank, 0), min(end + flank, length)
    text = genome.fetch(place.chrom, low, high).decode("ascii")
    before, marked, after = text[: start - low], text[start - low : end - low], text[end - low :]
    check = None
    if place.ref is not None:
        check = check_reference(genome, [place.chrom], [pos_of_start(place.start)], [place.ref], [place.alt])[0]
    first, last = pos_of_start(low), high
    if place.strand == "-":
        before, marked, after = (reverse_complement_text(part) for part in (after, marked, before))
        first, last = last, first
    return Letters(before, marked, after, place.alt, first, last, place.strand == "-", check)


def composition(desk: Desk, place: Place, start: int, end: int) -> Composition:
    """Count the letters of a window.

    Raises:
        MissingData: If no genome is registered; says the command.
        ContigNotFound: If the genome lacks the contig.
    """
    genome, length = _genome_of(desk, place)
    text = genome.fetch(place.chrom, max(start, 0), max(min(end, length), start, 0))
    a, c, g, t, n = (text.count(letter) for letter in (b"A", b"C", b"G", b"T", b"N"))
    return Composition((a, c, g, t, n), end - start - len(text))
