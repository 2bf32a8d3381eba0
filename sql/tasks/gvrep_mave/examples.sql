-- One row per nucleotide variant of a score set that has a score and is mapped to one base of GRCh38.
select
    m.record_id::VARCHAR as example_id,
    m.assembly,
    m.chrom,
    m.pos,                           -- 1-based: the window's anchor
    m.ref,
    m.alt,
    replace(m.chrom, 'chr', '') as chromosome,
    m.score as label,
    m.urn as score_set,
    m.accession,
    m.hgvs_nt,
    m.hgvs_pro,
    m.gene_id,
    m.gene_symbol,
    m.target_name,
    m.target_sequence_type,          -- GV-Rep takes dna alone
    m.target_length,                 -- GV-Rep takes targets of at most seq_len
    m.target_pos,                    -- where the variant stands in the construct, 1-based
    m.target_ref,
    m.target_alt,
    m.is_synonymous,
    m.licence,
    m.variant_id,
    m.record_id,
    m.random_split_42,
    m.source_file,
    m.source_line
from mave_score as m
where m.variant_id is not null and m.assembly = 'GRCh38' and m.score is not null and m.hgvs_nt is not null
