-- One row of a published list → one row of olida_listing. Input: typed, file (one row of constants).
select
    t.source_line,
    t.Combination_ID as combination_id,
    case when regexp_full_match(t.Combination_ID, 'OLI[0-9]+') then t.Combination_ID end as olida_id,
    f.list_name,
    f.list_kind,
    case when regexp_matches(f.list_name, '(?i)hg38') then 'GRCh38' when regexp_matches(f.list_name, '(?i)hg19') then 'GRCh37' end as annotated_on,
    t.FINALmeta as final_meta,
    t.GeneA as gene_a,
    t.GeneB as gene_b
from typed as t
cross join file as f
