-- One row of an egenes file → one row of gtex_eqtl. Input: typed (upstream's columns with their types), file (one row of constants).
with placed as (
    select t.*, c.chrom, c.length, f.tissue_name, f.assembly
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.chr
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.variant_pos, upper(p.ref), upper(p.alt)) as variant_id,
    p.assembly,
    p.chrom,
    p.variant_pos as pos,
    upper(p.ref) as ref,
    upper(p.alt) as alt,
    p.rs_id_dbSNP151_GRCh38p7 as rs_id,
    split_part(p.gene_id, '.', 1) as gene_id,
    try_cast(nullif(split_part(p.gene_id, '.', 2), '') as BIGINT) as gene_version,
    p.gene_name as gene_symbol,
    coalesce(v.tissue, tissue_plain(p.tissue_name)) as tissue,
    p.tissue_name,
    'pval_nominal' as label_name,
    case
        when p.pval_nominal < p.pval_nominal_threshold then 'significant'
        when p.pval_nominal >= p.pval_nominal_threshold then 'not_significant'
    end as label_text,
    p.pval_nominal as label_value,
    p.slope as effect,
    upper(p.alt) as effect_allele,
    'normalised expression per ALT allele' as effect_unit,
    case when p.pval_nominal > 0 then -log10(p.pval_nominal) end as neg_log10_p,
    p.gene_chr, p.gene_start, p.gene_end, p.strand, p.num_var, p.beta_shape1, p.beta_shape2, p.true_df, p.pval_true_df,
    p.variant_id as gtex_variant_id,
    p.tss_distance, p.num_alt_per_site, p.minor_allele_samples, p.minor_allele_count, p.maf, p.ref_factor, p.pval_nominal, p.slope,
    p.slope_se, p.pval_perm, p.pval_beta, p.qval, p.pval_nominal_threshold, p.log2_aFC, p.log2_aFC_lower, p.log2_aFC_upper,
    case
        when p.chrom is null then 'chr: contig ''' || coalesce(p.chr, '') || ''' is not in ' || p.assembly
        when p.variant_pos > p.length then 'variant_pos: ' || p.variant_pos || ' is beyond the end of ' || p.chrom || ' (' || p.length || ' bp)'
        when not regexp_full_match(upper(p.ref), '[ACGTN]+') then 'ref: ''' || p.ref || ''' is not a sequence of A, C, G, T or N'
        when not regexp_full_match(upper(p.alt), '[ACGTN]+') then 'alt: ''' || p.alt || ''' is not a sequence of A, C, G, T or N'
    end as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue_name)
