-- One row of an sgenes file → one row of gtex_sqtl. Input: typed (upstream's columns with their types, null where the file lacks them),
-- file (one row of constants). The locus is that of the columns chr, variant_pos, ref and alt; where they say nothing, that of variant_id.
with cut as (
    select
        t.*,
        coalesce(t.chr, t.variant_pos::VARCHAR, t.ref, t.alt) is not null as is_annotated,
        gtex_variant(t.variant_id) as locus,
        gtex_phenotype(t.phenotype_id) as intron
    from typed as t
),
chosen as (
    select
        t.* exclude (locus, intron, ref, alt),
        case when t.is_annotated then t.chr else t.locus.contig end as contig,
        case when t.is_annotated then t.variant_pos else t.locus.pos end as pos,
        case when t.is_annotated then upper(t.ref) else t.locus.ref end as ref,
        case when t.is_annotated then upper(t.alt) else t.locus.alt end as alt,
        t.intron.contig as intron_contig, t.intron.start as intron_start, t.intron."end" as intron_end, t.intron.cluster_id as cluster_id,
        coalesce(t.gene_id, t.intron.gene_id) as gene_text
    from cut as t
),
placed as (
    select t.*, c.chrom, c.length, i.chrom as intron_chrom, f.tissue_name, f.assembly
    from chosen as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.contig
    left join contig_alias as i on i.assembly = f.assembly and i.alias = t.intron_contig
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.pos, p.ref, p.alt) as variant_id,
    p.assembly,
    p.chrom,
    p.pos,
    p.ref,
    p.alt,
    p.rs_id_dbSNP151_GRCh38p7 as rs_id,
    gtex_gene(p.gene_text).gene_id as gene_id,
    gtex_gene(p.gene_text).gene_version as gene_version,
    p.gene_name as gene_symbol,
    coalesce(v.tissue, tissue_plain(p.tissue_name)) as tissue,
    p.tissue_name,
    'pval_nominal' as label_name,
    gtex_significance(p.pval_nominal, p.pval_nominal_threshold) as label_text,
    p.pval_nominal as label_value,
    p.slope as effect,
    p.alt as effect_allele,
    'normalised intron excision ratio per ALT allele' as effect_unit,
    case when p.pval_nominal > 0 then -log10(p.pval_nominal) end as neg_log10_p,
    p.phenotype_id, p.intron_chrom, p.intron_start, p.intron_end, p.cluster_id,
    p.gene_chr, p.gene_start, p.gene_end, p.strand, p.num_var, p.beta_shape1, p.beta_shape2, p.true_df, p.pval_true_df,
    p.variant_id as gtex_variant_id,
    p.tss_distance, p.num_alt_per_site, p.minor_allele_samples, p.minor_allele_count, p.maf, p.ref_factor, p.pval_nominal, p.slope,
    p.slope_se, p.pval_perm, p.pval_beta, p.group_id, p.group_size, p.qval, p.pval_nominal_threshold,
    p.extra,
    coalesce(
        gtex_intron_unreadable(p.phenotype_id, p.intron_contig, p.intron_chrom, p.assembly),
        case
            when p.is_annotated
                then gtex_misplaced(['chr', 'variant_pos', 'ref', 'alt'], p.contig, p.chrom, p.length, p.pos, p.ref, p.alt, p.assembly)
            else gtex_unreadable(p.variant_id, p.contig, p.chrom, p.length, p.pos, p.ref, p.alt, p.assembly)
        end
    ) as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue_name)
