-- One row per gene and tissue, with the gene's lead variant there. A row without p-value or threshold has no label and is no example.
select
    e.record_id::VARCHAR as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    (e.label_text = 'significant')::BIGINT as label,
    e.tissue,
    e.tissue_name,
    e.gene_id,
    e.gene_symbol,
    e.tss_distance as tss_distance_bp,
    e.pval_nominal,
    e.slope,
    e.maf,
    e.variant_id,
    e.rs_id,
    e.record_id,
    e.random_split_42,
    e.source_file,
    e.source_line
from gtex_eqtl as e
where e.label_text is not null
