-- ClinVar on GRCh38. GV-Rep reads a line of the VCF once, with its first ALT; its reader cuts CLNDN at commas as well as at |, and gives a
-- line without CLNDN the disease N (the first letter of NA).
with line as (
    select
        *,
        coalesce(allele_ordinal, 1) = 1 as is_first,
        coalesce(regexp_extract(clndn, '^[^|,]*'), 'N') as first_disease
    from clinvar_record
    where assembly = 'GRCh38'
)
select
    count(*) filter (is_first and clnsig_class is not null) as clinvar_clnsig,
    count(*) filter (is_first and clnsig_class = 'Likely_benign') as clinvar_likely_benign,
    count(*) filter (is_first and clnsig_class = 'Benign') as clinvar_benign,
    count(*) filter (is_first and clnsig_class = 'Pathogenic') as clinvar_pathogenic,
    count(*) filter (is_first and clnsig_class = 'Likely_pathogenic') as clinvar_likely_pathogenic,
    count(*) filter (clnsig_class is not null and alt is not null) as clinvar_clnsig_examples,
    count(*) filter (is_first and first_disease <> 'not_provided') as clinvar_clndn,
    count(*) filter (is_first and first_disease <> 'not_provided' and clndn is not null) as clinvar_clndn_named,
    count(distinct regexp_replace(first_disease, '_[0-9]+$', '')) filter (is_first and first_disease <> 'not_provided') as clinvar_diseases
from line
