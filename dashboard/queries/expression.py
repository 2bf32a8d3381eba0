"""How strongly genes are expressed in tissues, as task bulk_rna_expression has it.

The numbers are the benchmark's labels as its provider gives them: standardised log(1 + x), without a unit. No transform is applied here,
and none can be undone: they are no counts and no RPKM.

A gene's values lie in one row, as a vector: rank, variance and filters are computed on vectors, and only what is shown is taken apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrbstore.contract import contracts
from lrbstore.dashboard.desk import Answer, Desk
from lrbstore.errors import BadSpec

GENES = 50  #: On screen at once.
TRACKS = 40  #: On screen at once.
RANKINGS = ("variance", "mean", "highest")  #: What genes are ordered by where none are chosen.
_RANKED_BY = {
    "variance": "list_var_pop(v.wanted)",
    "mean": "list_avg(v.wanted)",
    "highest": "list_max(v.wanted)",
}


def what_they_are() -> str:
    """Say what the numbers are, as the contract of the column does."""
    return next(c.comment for c in contracts()["lrb_expression"].columns if c.name == "expression")


def unit(desk: Desk) -> str:
    """Name the unit of the values, as the store gives it; empty where it holds none."""
    rows = desk.store.sql("select unit from gene_expression limit 1").fetchall()
    return str(rows[0][0]) if rows else ""


_NAMES = """select gene_id, case when symbol is not null and count(*) over (partition by symbol) = 1 then symbol else gene_id end as name
    from lrb_gene"""


def gene_names(desk: Desk) -> tuple[str, ...]:
    """Name the genes that can be chosen: by symbol, or by id where the symbol is missing or another gene's as well."""
    return tuple(str(name) for (name,) in desk.store.sql(f"select name from ({_NAMES}) order by name").fetchall())


def name_of(desk: Desk, gene_id: str) -> str | None:
    """Give the name under which a gene can be chosen; None where it has no expression here."""
    rows = desk.store.sql(f"select name from ({_NAMES}) where gene_id = $gene", params={"gene": gene_id}).fetchall()
    return str(rows[0][0]) if rows else None


def track_names(desk: Desk) -> tuple[str, ...]:
    """Name the tracks in the order of the vectors."""
    return tuple(str(name) for (name,) in desk.store.sql("select track_name from expression_track order by track").fetchall())


def tissues(desk: Desk) -> tuple[str, ...]:
    """Name the canonical tissues that tracks are of."""
    return tuple(str(name) for (name,) in desk.store.sql("select distinct tissue from expression_track order by tissue").fetchall())


def strata(desk: Desk) -> dict[str, tuple[str, ...]]:
    """Give the values of what genes can be filtered by: ``gene_type``, ``split``."""
    found: dict[str, tuple[str, ...]] = {}
    for column in ("gene_type", "split"):
        rows = desk.store.sql(f"select distinct {column} from lrb_gene where {column} is not null order by 1").fetchall()
        found[column] = tuple(str(value) for (value,) in rows)
    return found


def _tracks(desk: Desk, tissues: Sequence[str]) -> tuple[list[int], int]:
    """Give the tracks that are shown, and how many there would be."""
    condition = "where tissue in (select unnest($tissues))" if tissues else ""
    params: dict[str, Any] = {"tissues": list(tissues)} if tissues else {}
    rows = desk.store.sql(f"select track from expression_track {condition} order by track", params=params or None).fetchall()
    tracks = [int(track) for (track,) in rows]
    return tracks[:TRACKS], len(tracks)


_VECTORS = """select g.gene_id, coalesce(g.symbol, g.gene_id) as gene, g.gene_type, g.split, g.assembly, g.label_row,
        list_transform($tracks, lambda t: e.expression[t + 1]) as wanted
    from lrb_gene as g
    join lrb_expression as e on e.label_row = g.label_row
    where ($gene_type is null or g.gene_type = $gene_type) and ($split is null or g.split = $split)"""


def matrix(
    desk: Desk,
    genes: tuple[str, ...] = (),
    tissues: tuple[str, ...] = (),
    gene_type: str | None = None,
    split: str | None = None,
    ranking: str = "variance",
    most: int = GENES,
) -> Answer:
    """Give the values of genes in tissues, one row for each pair: the genes that are named, or those that rank first.

    Args:
        desk: The store.
        genes: Symbols or gene ids; none: those that rank first.
        tissues: Canonical tissues; none: the first tracks of the data set.
        gene_type: Only genes of this biotype.
        split: Only genes of this split of bulk_rna_expression.
        ranking: Where no gene is named, what they are ordered by, over the tracks that are shown: see ``RANKINGS``.
        most: Genes, up to ``GENES``.

    Raises:
        BadSpec: If there is no such ranking, or more genes are named than a screen shows.
    """
    if ranking not in RANKINGS:
        raise BadSpec(f"genes cannot be ordered by {ranking!r}; expected one of {', '.join(RANKINGS)}")
    if len(genes) > GENES:
        raise BadSpec(f"{len(genes)} genes were chosen; a screen shows {GENES}: choose fewer")
    tracks, _ = _tracks(desk, tissues)
    params: dict[str, Any] = {"tracks": tracks, "gene_type": gene_type, "split": split, "most": min(most, GENES)}
    named = ""
    if genes:
        params["most"] = GENES  # a symbol may be several genes'
        params["genes"] = list(genes)
        named = "and (g.symbol in (select unnest($genes)) or g.gene_id in (select unnest($genes)))"
    sql = f"""with v as ({_VECTORS} {named}),
chosen as (select *, row_number() over (order by {_RANKED_BY[ranking]} desc nulls last, v.gene_id) as rank from v order by rank limit $most)
select c.rank, c.gene, c.gene_id, c.gene_type, c.split, t.tissue, t.track_name, t.track, c.value, '{unit(desk)}' as unit
from (select * exclude (wanted), unnest($tracks) as track, unnest(wanted) as value from chosen) as c
join expression_track as t on t.track = c.track
order by c.rank, t.track"""
    # A matrix in long form: as many rows as genes times tracks, which are bounded above.
    table = desk.relation(sql, params)
    chosen = {"genes": list(genes), "tissues": list(tissues), "gene_type": gene_type, "split": split, "ranking": ranking}
    return Answer("expression", "a gene's value on a track", table, sql, params, chosen, ("lrb",))


_ACROSS = "select tissue, track_name, track, value, unit from gene_expression where gene_id = $gene order by value desc, track"


def across(desk: Desk, gene_id: str) -> Answer:
    """Give a gene's value on every track, the highest first."""
    about = "a track, and the gene's value on it"
    return desk.ask("gene_across_tissues", about, _ACROSS, {"gene": gene_id}, chosen={"gene": gene_id}, sources=("lrb",))


def counted(desk: Desk, gene_type: str | None = None, split: str | None = None, tissues: tuple[str, ...] = ()) -> tuple[int, int]:
    """Count the genes and the tracks that the filters leave."""
    sql = "select count(*) from lrb_gene where ($gene_type is null or gene_type = $gene_type) and ($split is null or split = $split)"
    ((n,),) = desk.store.sql(sql, params={"gene_type": gene_type, "split": split}).fetchall()
    return int(n), _tracks(desk, tissues)[1]


def top_of_track(desk: Desk, track_name: str, gene_type: str | None = None, split: str | None = None, most: int = 25) -> Answer:
    """Give the genes with the highest values on a track, with how many are ranked."""
    sql = """select coalesce(g.symbol, g.gene_id) as gene, g.gene_id, g.gene_type, g.split, t.tissue, t.track_name,
    e.expression[t.track + 1] as value
from lrb_gene as g
join lrb_expression as e on e.label_row = g.label_row
cross join expression_track as t
where t.track_name = $track and ($gene_type is null or g.gene_type = $gene_type) and ($split is null or g.split = $split)
order by value desc, g.gene_id"""
    params = {"track": track_name, "gene_type": gene_type, "split": split}
    n = counted(desk, gene_type, split)[0]
    chosen = {"tissue": track_name, "gene_type": gene_type, "split": split}
    page = f"select * from ({sql}) limit {most}"
    return desk.ask("top_genes", "a gene and its value on the track", sql, params, chosen=chosen, sources=("lrb",), page=page, n=n)
