-- One row per verified variant with both alleles spelt out in bases and a class that is on one side, pathogenic or benign. Insertions and
-- deletions (ANNOVAR's -) and classes on neither side are no examples; they stay in verified_variant.
select
    v.record_id::VARCHAR as example_id,
    v.assembly,
    v.chrom,
    v.pos,                           -- 1-based: the window's anchor
    v.ref,
    v.alt,
    replace(v.chrom, 'chr', '') as chromosome,
    (v.class_side = 'pathogenic')::BIGINT as label,
    v.label_text as gvrep_class,     -- GV-Rep's label: the class as the file gives it
    v.trait,
    v.gene_symbol,
    v.func_refgene,
    v.sample_pseudonym,
    v.variant_id,
    v.rs_id,
    v.record_id,
    v.random_split_42,
    v.source_file,
    v.source_line
from verified_variant as v
where v.class_side is not null and v.variant_id is not null
