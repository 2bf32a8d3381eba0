-- Every combination has n_members members on each assembly that it is given on, and no member is without its combination.
-- severity: error
with counted as (
    select source, source_version, record_id, assembly, count(*) as n, count(distinct ordinal) as n_ordinals
    from history.combination_member
    group by all
)
select
    coalesce(m.source, c.source) as source,
    coalesce(m.record_id, c.record_id) as record_id,
    c.combination_id,
    m.assembly,
    c.n_members,
    m.n as n_found
from history.combination as c
full join counted as m on m.source = c.source and m.source_version = c.source_version and m.record_id = c.record_id
where c.record_id is null
   or (m.record_id is null and c.n_members > 0)
   or m.n <> c.n_members
   or m.n_ordinals <> c.n_members
