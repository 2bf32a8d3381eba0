-- One row of an sqtl_signifpairs file → one row of gtex_sqtl_pair. Input: typed (upstream's columns with their types), file (one row of
-- constants). The file has no columns for the locus, the intron or the gene: they are in variant_id and phenotype_id.
with cut as (
    select t.*, gtex_variant(t.variant_id) as locus, gtex_phenotype(t.phenotype_id) as intron from typed as t
),
placed as (
    select
        t.* exclude (locus, intron), t.locus.contig as contig, t.locus.pos as pos, t.locus.ref as ref, t.locus.alt as alt,
        t.intron.contig as intron_contig, t.intron.start as intron_start, t.intron."end" as intron_end, t.intron.cluster_id as cluster_id,
        t.intron.gene_id as gene_text,
        c.chrom, c.length, i.chrom as intron_chrom, f.tissue_name, f.assembly
    from cut as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.locus.contig
    left join contig_alias as i on i.assembly = f.assembly and i.alias = t.intron.contig
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.pos, p.ref, p.alt) as variant_id,
    p.assembly,
    p.chrom,
    p.pos,
    p.ref,
    p.alt,
    gtex_gene(p.gene_text).gene_id as gene_id,
    gtex_gene(p.gene_text).gene_version as gene_version,
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
    p.variant_id as gtex_variant_id,
    p.tss_distance, p.ma_samples, p.ma_count, p.maf, p.pval_nominal, p.slope, p.slope_se, p.pval_nominal_threshold, p.min_pval_nominal,
    p.pval_beta,
    coalesce(
        gtex_intron_unreadable(p.phenotype_id, p.intron_contig, p.intron_chrom, p.assembly),
        gtex_unreadable(p.variant_id, p.contig, p.chrom, p.length, p.pos, p.ref, p.alt, p.assembly)
    ) as reject_reason
from placed as p
left join tissue_vocabulary as v on v.key = tissue_key(p.tissue_name)
