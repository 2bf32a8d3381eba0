-- One row of a set → one row of neutral_combination. Input: typed, members, file (one row of constants).
with counted as (
    select source_line, count(*) as n_members, count(*) filter (where unresolved is null) as n_resolved from members group by source_line
)
select
    t.source_line,
    f.set_name || ':' || t.Combination_ID as combination_id,
    f.assembly,
    0 as label,
    t.Individual_ID as individual_id,
    coalesce(c.n_members, 0) as n_members,
    coalesce(c.n_resolved, 0) as n_resolved,
    []::VARCHAR[] as genes,
    'GPL-3.0 (repository); 1000 Genomes Project data are open' as licence,
    t.Gene_A as gene_a_variant,
    t.Gene_B as gene_b_variant,
    t.extra
from typed as t
cross join file as f
left join counted as c using (source_line)
