-- One row per row of a score set with a nucleotide change and a score, placed in the score set's own target.
select
    c.record_id::VARCHAR as example_id,
    'construct' as assembly,         -- the word for it: positions are on targets, not on a genome
    c.urn as chrom,                  -- the target is a contig of its own
    c.pos,                           -- 1-based in the target: the window's anchor
    regexp_replace(c.ref, '[^ACGT]', 'N', 'g') as ref,  -- what a target has beside A, C, G, T is N, as in the sequences
    regexp_replace(c.alt, '[^ACGT]', 'N', 'g') as alt,  -- alternative bases, with N for what is not A, C, G, T
    c.score as label,
    c.urn as score_set,
    c.accession,
    c.hgvs_nt,
    c.hgvs_pro,
    c.gene_id,
    c.gene_symbol,
    c.target_name,
    c.target_length,                 -- GV-Rep takes targets of at most seq_len
    c.target_group,                  -- what splits keep together
    c.target_ref_matches,            -- whether the bases that hgvs_nt spells are the target's
    c.n_changes,
    c.is_wild_type,
    c.is_synonymous,
    c.licence,
    c.variant_id,                    -- where MaveDB mapped it to one base of a genome
    c.record_id,
    c.random_split_42,
    c.source_file,
    c.source_line
from mave_construct as c
where c.score is not null
order by c.source_file, c.source_line  -- of files in upstream's order: a join keeps none
