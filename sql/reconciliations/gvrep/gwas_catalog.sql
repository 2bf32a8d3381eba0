-- GWAS Catalog on GRCh38. The published numbers count distinct values of raw columns. GV-Rep's loader then drops a row whose risk allele
-- is ?, or which lacks position, allele frequency, interval or effect; it also drops SNPs that Ensembl does not give two alleles for.
with association as (
    select
        *,
        coalesce(strongest_snp_risk_allele not like '%?%', false) and chr_pos is not null and risk_allele_frequency_text is not null
            and ci_text is not null and or_or_beta is not null as is_kept
    from gwas_association
    where assembly = 'GRCh38'
)
select
    count(distinct snps) as gwas_snps,
    count(distinct snps) filter (is_kept) as gwas_snps_kept,
    count(*) filter (is_kept) as gwas_rows_kept,
    count(distinct trait) as gwas_traits_associated
from association
