-- One row is a sequence of the oligos of a source, with what splits keep together.
-- Two sequences are in one group where they are alleles or placements of one variant, or of one pair, or joined by a chain of such.
create view oligo_group as
with recursive member as materialized (  -- what a sequence belongs to: a variant, or a pair with its reference
    select distinct
        source,
        sequence_id,
        coalesce(nullif(regexp_extract(variant_name, '^((rs|ss|esv|nsv)[0-9]+|[0-9XY]+_[0-9]+)'), ''), variant_name) as site
    from oligo
    where variant_name is not null
    union
    select distinct m.source, m.sequence_id, r.sequence_id
    from oligo_measurement as m
    join oligo_measurement as r
        on r.source = m.source and r.source_version = m.source_version and r.source_file = m.source_file and r.pair = m.pair
    where r.allele = 'ref' and m.sequence_id is not null and r.sequence_id is not null
),

-- Sites that share a sequence, and of each all that it reaches.
neighbour as materialized (
    select distinct a.source, a.site, b.site as other
    from member as a
    join member as b on b.source = a.source and b.sequence_id = a.sequence_id and b.site <> a.site
),

reached as (
    select source, site, other from neighbour
    union
    select r.source, r.site, n.other
    from reached as r
    join neighbour as n on n.source = r.source and n.site = r.other
),

grouped as (
    select m.source, m.sequence_id, min(least(m.site, r.first_site)) as site
    from member as m
    left join (select source, site, min(other) as first_site from reached group by all) as r on r.source = m.source and r.site = m.site
    group by all
)

select
    o.source,                                                   -- source that has the sequence
    o.sequence_id,                                              -- md5 of the sequence
    coalesce(any_value(g.site), o.sequence_id) as oligo_group   -- first of the linked variants, or the sequence_id of a pair's reference, or the sequence's own
from oligo as o
left join grouped as g on g.source = o.source and g.sequence_id = o.sequence_id
group by o.source, o.sequence_id;
