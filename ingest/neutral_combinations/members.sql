-- The variants of each combination → members. Input: typed, unit (assembly).
with cells as (
    select source_line, 1 as gene_ordinal, Gene_A as cell from typed where Gene_A is not null
    union all
    select source_line, 2, Gene_B from typed where Gene_B is not null
),
items as (
    select source_line, gene_ordinal, unnest(string_split(cell, '/')) as item, generate_subscripts(string_split(cell, '/'), 1) as place
    from cells
),
parsed as (
    select
        *,
        string_split(trim(item), ':') as parts,
        row_number() over (partition by source_line order by gene_ordinal, place) as ordinal
    from items
),
named as (
    select
        p.source_line, p.gene_ordinal, p.ordinal, p.item, len(p.parts) = 5 as is_whole,
        p.parts[1] as contig, try_cast(p.parts[2] as BIGINT) as site, p.parts[2] as at_text, upper(p.parts[3]) as ref_text,
        upper(p.parts[4]) as alt_text, p.parts[5] as zygosity_text
    from parsed as p
),
judged as (
    select
        n.*, u.assembly, c.chrom,
        case
            when not n.is_whole then 'the item is not chrom:pos:ref:alt:zygosity'
            when c.chrom is null then 'contig ''' || n.contig || ''' is not in ' || u.assembly
            when coalesce(n.site, 0) < 1 then 'position ''' || n.at_text || ''' is not a whole number from 1'
            when n.site > c.length then 'position ' || n.site || ' is beyond the end of ' || c.chrom || ' (' || c.length || ' bp)'
            when not (is_bases(n.ref_text) and is_bases(n.alt_text)) then 'the alleles are not spelt out in bases'
        end as unresolved
    from named as n
    cross join unit as u
    left join contig_alias as c on c.assembly = u.assembly and c.alias = n.contig
)
select
    source_line, ordinal, gene_ordinal,
    case when is_whole then 'small_variant' end as member_type,
    case when unresolved is null then variant_id(assembly, chrom, site, ref_text, alt_text) end as variant_id,
    assembly,
    case when unresolved is null then chrom end as chrom,
    case when unresolved is null then site end as pos,
    case when unresolved is null then ref_text end as ref,
    case when unresolved is null then alt_text end as alt,
    null::VARCHAR as gene_symbol,
    case when is_whole then zygosity_text end as zygosity,
    null::VARCHAR as cdna,
    null::VARCHAR as protein,
    null::VARCHAR as entry_id,
    item as member_text,
    unresolved
from judged
