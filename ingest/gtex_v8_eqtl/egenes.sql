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
    gtex_gene(p.gene_id).gene_id as gene_id,
    gtex_gene(p.gene_id).gene_version as gene_version,
    p.gene_name as gene_symbol,
    coalesce(v.tissue, tissue_plain(p.tissue_name)) as tissue,
    p.tissue_name,
    'pval_nominal' as label_name,
    gtex_significance(p.pval_nominal, p.pval_nominal_threshold) as label_text,
    p.pval_nominal as label_value,
    p.slope as effect,
    upper(p.alt) as effect_allele,
    'normalised expression per ALT allele' as effect_unit,
    case when p.pval_nominal > 0 then -log10(p.pval_nominal) end as neg_log10_p,
    p.gene_chr, p.gene_start, p.gene_end, p.strand, p.num_var, p.beta_shape1, p.beta_shape2, p.true_df, p.pval_true_df,
    p.variant_id as gtex_variant_id,
    p.tss_distance, p.num_alt_per_site, p.minor_allele_samples, p.minor_allele_count, p.maf, p.ref_factor, p.pval_nominal, p.slope,
    p.slope_se, p.pval_perm, p.pval_beta, p.qval, p.pval_nominal_threshold, p.log2_aFC, p.log2_aFC_lower, p.log2_aFC_upper,
    gtex_misplaced(['chr', 'variant_pos', 'ref', 'alt'], p.chr, p.chrom, p.length, p.variant_pos, p.ref, p.alt, p.assembly) as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue_name)
