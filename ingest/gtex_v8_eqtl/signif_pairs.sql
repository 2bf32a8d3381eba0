-- One row of a signif_variant_gene_pairs file → one row of gtex_eqtl_pair. Input: typed (upstream's columns with their types), file (one
-- row of constants). The file has no columns for the locus: it is in variant_id.
with cut as (
    select t.*, gtex_variant(t.variant_id) as locus from typed as t
),
placed as (
    select
        t.* exclude (locus), t.locus.contig as contig, t.locus.pos as pos, t.locus.ref as ref, t.locus.alt as alt,
        c.chrom, c.length, f.tissue_name, f.assembly
    from cut as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.locus.contig
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.pos, p.ref, p.alt) as variant_id,
    p.assembly,
    p.chrom,
    p.pos,
    p.ref,
    p.alt,
    gtex_gene(p.gene_id).gene_id as gene_id,
    gtex_gene(p.gene_id).gene_version as gene_version,
    coalesce(v.tissue, tissue_plain(p.tissue_name)) as tissue,
    p.tissue_name,
    'pval_nominal' as label_name,
    gtex_significance(p.pval_nominal, p.pval_nominal_threshold) as label_text,
    p.pval_nominal as label_value,
    p.slope as effect,
    p.alt as effect_allele,
    'normalised expression per ALT allele' as effect_unit,
    case when p.pval_nominal > 0 then -log10(p.pval_nominal) end as neg_log10_p,
    p.variant_id as gtex_variant_id,
    p.tss_distance, p.ma_samples, p.ma_count, p.maf, p.pval_nominal, p.slope, p.slope_se, p.pval_nominal_threshold, p.min_pval_nominal,
    p.pval_beta,
    gtex_unreadable(p.variant_id, p.contig, p.chrom, p.length, p.pos, p.ref, p.alt, p.assembly) as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue_name)
