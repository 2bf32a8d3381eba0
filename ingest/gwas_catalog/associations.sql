-- One row of the catalogue → one row of gwas_association. Input: typed (upstream's columns with their types), file (one row of constants).
-- Headers differ in case between releases, which SQL does not mind.
with cut as (
    select
        t.*,
        f.assembly,
        gwas_list(t.SNPS) as items,
        trim(t."P-VALUE") as p_text,
        trim(t.PVALUE_MLOG) as mlog_text,
        trim(t."OR or BETA") as effect_text,
        gwas_ci_words(t."95% CI (TEXT)") as words
    from typed as t
    cross join file as f
),
known as (
    select
        *,
        case
            when regexp_matches(concat_ws(' ', SNPS, "STRONGEST SNP-RISK ALLELE"), '\sx\s') then 'interaction'
            when len(items) > 1 or contains(lower("STRONGEST SNP-RISK ALLELE"), 'haplotype') then 'haplotype'
            when len(items) = 1 then 'single'
        end as kind,
        case when p_text not in ('NS', 'NR', 'Pending', 'E') then p_text end as p_number,
        case when isfinite(try_cast(mlog_text as DOUBLE)) then try_cast(mlog_text as DOUBLE) end as mlog,
        case when effect_text not in ('NR', 'Pending') then effect_text end as effect_number,
        gwas_direction(words) as direction
    from cut
),
judged as (
    select
        *,
        kind = 'single' as is_single,
        try_cast(p_number as DOUBLE) as p,
        try_cast(effect_number as DOUBLE) as upstream_effect,
        case
            when try_cast(effect_number as DOUBLE) is null then 'unknown'
            when words is null and try_cast(effect_number as DOUBLE) > 0 and coalesce(gwas_ci("95% CI (TEXT)", 1), 0) >= 0 then 'odds_ratio'
            when direction is not null then 'beta'
            else 'unknown'
        end as effect_kind
    from known
),
placed as (
    select j.*, c.chrom as contig, c.length
    from judged as j
    left join contig_alias as c on j.is_single and c.assembly = j.assembly and c.alias = gwas_chrom(trim(j.CHR_ID))
)
select
    p.source_line,
    p.assembly,
    p.kind,
    len(p.items) as n_snps,
    p.contig as chrom,
    case when p.is_single then try_cast(p.CHR_POS as BIGINT) end as pos,
    case when p.is_single then gwas_rs(p.items[1]) end as rs_id,
    nullif(regexp_extract(trim(p.SNP_GENE_IDS), '^(ENSG[0-9]+)$', 1), '') as gene_id,
    nullif(regexp_extract(trim(p.MAPPED_GENE), '^([^\s,;]+)$', 1), '') as gene_symbol,
    trim(p."DISEASE/TRAIT") as trait,
    'p_value' as label_name,
    p.p as label_value,
    p.p as p_value,
    p.p_text as p_value_as_written,
    coalesce(p.mlog, gwas_neg_log10_p(p.p_number)) as neg_log10_p,
    p.mlog as pvalue_mlog,
    p."P-VALUE (TEXT)" as p_value_text,
    case when p.is_single then gwas_risk_allele(trim(p."STRONGEST SNP-RISK ALLELE")) end as risk_allele,
    case
        when try_cast(regexp_extract(trim(p."RISK ALLELE FREQUENCY"), '^([0-9]*\.?[0-9]+)(\s*\(.*)?$', 1) as DOUBLE) <= 1
            then try_cast(regexp_extract(trim(p."RISK ALLELE FREQUENCY"), '^([0-9]*\.?[0-9]+)(\s*\(.*)?$', 1) as DOUBLE)
    end as risk_allele_frequency,
    p."RISK ALLELE FREQUENCY" as risk_allele_frequency_text,
    case
        when p.effect_kind = 'odds_ratio' then p.upstream_effect
        when p.effect_kind = 'beta' and p.direction = 'decrease' then -abs(p.upstream_effect)
        when p.effect_kind = 'beta' then p.upstream_effect
    end as effect,
    p.effect_kind,
    case p.effect_kind when 'odds_ratio' then 'odds ratio' when 'beta' then gwas_unit(p.words) end as effect_unit,
    p.direction as effect_direction,
    case when p.is_single then gwas_risk_allele(trim(p."STRONGEST SNP-RISK ALLELE")) end as effect_allele,
    p.upstream_effect as or_or_beta,
    gwas_ci(p."95% CI (TEXT)", 1) as ci_low,
    gwas_ci(p."95% CI (TEXT)", 2) as ci_high,
    p."95% CI (TEXT)" as ci_text,
    gwas_date(p."DATE ADDED TO CATALOG") as date_added_to_catalog,
    p.PUBMEDID as pubmedid,
    p."FIRST AUTHOR" as first_author,
    gwas_date(p."DATE") as date,
    p.JOURNAL as journal, p.LINK as link, p.STUDY as study,
    p."INITIAL SAMPLE SIZE" as initial_sample_size,
    p."REPLICATION SAMPLE SIZE" as replication_sample_size,
    p.REGION as region, p.CHR_ID as chr_id, p.CHR_POS as chr_pos,
    p."REPORTED GENE(S)" as reported_genes,
    p.MAPPED_GENE as mapped_gene, p.UPSTREAM_GENE_ID as upstream_gene_id, p.DOWNSTREAM_GENE_ID as downstream_gene_id,
    p.SNP_GENE_IDS as snp_gene_ids, p.UPSTREAM_GENE_DISTANCE as upstream_gene_distance,
    p.DOWNSTREAM_GENE_DISTANCE as downstream_gene_distance,
    p."STRONGEST SNP-RISK ALLELE" as strongest_snp_risk_allele,
    p.SNPS as snps, p.MERGED as merged, p.SNP_ID_CURRENT as snp_id_current, p.CONTEXT as context, p.INTERGENIC as intergenic,
    p."PLATFORM [SNPS PASSING QC]" as platform,
    p.CNV as cnv, p.MAPPED_TRAIT as mapped_trait, p.MAPPED_TRAIT_URI as mapped_trait_uri,
    p."STUDY ACCESSION" as study_accession,
    p."GENOTYPING TECHNOLOGY" as genotyping_technology,
    p.extra,
    case
        when p.is_single and p.CHR_ID is not null and p.contig is null
            then 'CHR_ID: contig ''' || p.CHR_ID || ''' is not in ' || p.assembly
        when p.is_single and p.CHR_POS is not null and not regexp_full_match(p.CHR_POS, '[0-9]{1,12}')
            then 'CHR_POS: ''' || p.CHR_POS || ''' is not a whole number'
        when p.is_single and p.CHR_POS is not null and p.CHR_ID is null then 'CHR_ID is missing, yet CHR_POS is ' || p.CHR_POS
        when p.is_single and try_cast(p.CHR_POS as BIGINT) > p.length
            then 'CHR_POS: ' || p.CHR_POS || ' is beyond the end of ' || p.contig || ' (' || p.length || ' bp)'
        when p.p_number is not null and (p.p is null or gwas_neg_log10_p(p.p_number) is null and p.p <> 0)
            then 'P-VALUE: ''' || p.p_text || ''' is not a number'
        when p.p < 0 or p.p > 1 then 'P-VALUE: ' || p.p_text || ' is not between 0 and 1'
        when p.mlog is null and lower(p.mlog_text) not in ('infinity', 'inf', 'nan', 'nr') then 'PVALUE_MLOG: ''' || p.mlog_text || ''' is not a number'
        when p.mlog < 0 then 'PVALUE_MLOG: ' || p.mlog_text || ' is negative: no p-value is above 1'
        when p.effect_number is not null and not coalesce(isfinite(p.upstream_effect), false)
            then 'OR or BETA: ''' || p.effect_text || ''' is not a number'
    end as reject_reason
from placed as p
