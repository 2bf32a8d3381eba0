-- One row of DIDA_combs → one row of dida_combination. Input: typed, members, file (one row of constants).
with counted as (
    select source_line, count(*) as n_members, count(*) filter (where unresolved is null) as n_resolved from members group by source_line
)
select
    t.source_line,
    t.ID as combination_id,
    f.assembly,
    t."Disease name (ORPHANET)" as disease,
    1 as label,
    t."Oligogenic effect" as oligogenic_effect,
    coalesce(c.n_members, 0) as n_members,
    coalesce(c.n_resolved, 0) as n_resolved,
    list_filter([t."Gene A", nullif(t."Gene B", t."Gene A")], lambda gene: gene is not null) as genes,
    'DIDA terms of use' as licence,
    t."Gene A" as gene_a,
    t."Gene B" as gene_b,
    t."Allele 1 Gene A cDNA change" as allele_1_gene_a,
    t."Allele 2 Gene A cDNA change" as allele_2_gene_a,
    t."Allele 1 Gene B cDNA change" as allele_1_gene_b,
    t."Allele 2 Gene B cDNA change" as allele_2_gene_b,
    t."Gene relationship" as gene_relationship,
    t.extra
from typed as t
cross join file as f
left join counted as c using (source_line)
