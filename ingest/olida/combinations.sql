-- One row of Combination → one row of olida_combination. Input: typed, members.
with one as (
    select source_line, ordinal, any_value(gene_symbol) as gene, bool_and(unresolved is null) as is_resolved
    from members
    group by source_line, ordinal
),
counted as (
    select
        source_line, count(*) as n_members, count(*) filter (where is_resolved) as n_resolved,
        list(gene order by ordinal) filter (where gene is not null) as genes
    from one
    group by source_line
)
select
    t.source_line,
    t."OLIDA ID" as combination_id,
    t.Diseases as disease,
    1 as label,
    t."Oligogenic Effect" as oligogenic_effect,
    t.FINALmeta as final_meta,
    t.GENEmeta as gene_meta,
    t.VARmeta as var_meta,
    t.FUNmeta as fun_meta,
    t.STATmeta as stat_meta,
    coalesce(c.n_members, 0) as n_members,
    coalesce(c.n_resolved, 0) as n_resolved,
    list_filter(coalesce(c.genes, []), lambda gene, i: list_position(c.genes, gene) = i) as genes,
    'CC BY-NC-SA 4.0' as licence,
    t."Omim Id" as omim_id,
    t.Ethnicity as ethnicity,
    t."Associated Variants" as associated_variants,
    t.extra
from typed as t
left join counted as c using (source_line)
