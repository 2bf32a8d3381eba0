-- One row per variant and tissue. A variant that is labelled in several tissues is several examples, as upstream has it.
select
    e.record_id::VARCHAR as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    e.label,
    e.tissue,
    e.tissue_name,
    e.distance_to_nearest_tss,
    e.distance_to_nearest_tss as tss_distance_bp,
    e.variant_id,
    e.rs_id,
    e.split,
    e.record_id,
    e.source_file,
    e.source_line
from lrb_eqtl as e
