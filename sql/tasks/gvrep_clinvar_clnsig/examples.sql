-- One row per ALT allele of ClinVar that GV-Rep's four classes know. A line of another class, or without an ALT in bases, is no example.
select
    e.record_id::VARCHAR as example_id,
    e.assembly,
    e.chrom,
    e.pos,                           -- 1-based: the window's anchor
    e.ref,
    e.alt,
    replace(e.chrom, 'chr', '') as chromosome,
    e.clnsig_class as label_class,   -- GV-Rep's class: each pair as its weaker half
    e.clinical_significance in ('Pathogenic', 'Likely_pathogenic', 'Benign', 'Likely_benign') as is_one_class,  -- false for the pairs
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
where e.clnsig_class is not null and e.alt is not null and e.assembly = 'GRCh38'
