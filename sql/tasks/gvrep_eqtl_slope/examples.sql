-- One row per gene and tissue, with the gene's lead variant there. A row without slope has no sign, so no label, and is no example.
select
    e.record_id::VARCHAR as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    (e.slope >= 0)::BIGINT as label,
    case when e.slope < 0 then 'negative' else 'positive' end as gvrep_slope,  -- GV-Rep's word; positive where none is there
    e.tissue,
    e.tissue_name,
    e.gene_id,
    e.gene_symbol,
    e.tss_distance as tss_distance_bp,
    e.slope,
    e.slope_se,
    e.pval_nominal,
    e.label_text as significance,    -- of the association that the slope is of
    e.maf,
    e.variant_id,
    e.rs_id,
    e.record_id,
    e.random_split_42,
    e.source_file,
    e.source_line
from gtex_eqtl as e
where e.slope is not null
