-- One row per ALT allele of ClinVar that is called pathogenic or benign, likely or not. Conflicting and uncertain ones are no examples.
select
    e.record_id::VARCHAR as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    clinvar_pathogenicity(e.clinical_significance) as label,  -- 1 pathogenic, 0 benign, modifiers such as risk_factor set aside
    (e.clnsig_class in ('Pathogenic', 'Likely_pathogenic'))::BIGINT as gvrep_label,  -- null where GV-Rep's exact match passes the line over
    e.variant_id,
    e.variation_id,
    e.rs_id,
    e.gene_symbol,
    e.trait,
    e.clnvc as variant_class,        -- GV-Rep's annotation of a ClinVar example
    e.molecular_consequence,
    e.clinical_significance,
    e.review_stars,
    e.origins,
    e.record_id,
    e.random_split_42,
    e.source_file,
    e.source_line
from clinvar_record as e
where clinvar_pathogenicity(e.clinical_significance) is not null and e.alt is not null and e.assembly = 'GRCh38'
