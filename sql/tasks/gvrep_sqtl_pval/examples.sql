-- One row per gene and tissue, with the gene's lead variant and intron there.
-- A row without p-value or threshold has no label and is no example.
select
    s.record_id::VARCHAR as example_id,
    s.assembly,
    s.chrom,
    s.pos,                           -- 1-based: the window's anchor
    s.ref,
    s.alt,
    replace(s.chrom, 'chr', '') as chromosome,
    (s.label_text = 'significant')::BIGINT as label,
    sign(s.intron_end - s.intron_start)::BIGINT as gvrep_splice_change,  -- 1 in every row: an intron ends behind its start
    s.tissue,
    s.tissue_name,
    s.gene_id,
    s.gene_symbol,
    s.tss_distance as tss_distance_bp,
    s.phenotype_id,
    s.intron_chrom,
    s.intron_start,                  -- 1-based last base of the exon before the intron
    s.intron_end,                    -- 1-based first base of the exon behind it
    s.cluster_id,
    s.pval_nominal,
    s.slope,
    s.slope_se,
    s.label_text as significance,    -- of the association
    s.maf,
    s.variant_id,
    s.rs_id,
    s.record_id,
    s.random_split_42,
    s.source_file,
    s.source_line
from gtex_sqtl as s
where s.label_text is not null
