-- One row per oligo of a variant (an allele) and cell line with a measurement, where the libraries have that oligo's sequence.
with named as (  -- five variants are named in both libraries, with other sequences: that of ENCFF770UJN counts
    select variant_name, allele, arg_max(sequence_id, library) as sequence_id, any_value(rs_id) as rs_id
    from oligo
    where source = 'utr3_mpra_griesemer' and allele is not null
    group by variant_name, allele
)

select
    m.variant_name || ':' || m.allele || ':' || m.cell_line as example_id,
    'oligo' as assembly,             -- the word for it: positions are in oligos, not on a genome
    s.sequence_id as chrom,          -- the oligo's sequence is a contig of its own
    s.n_bases // 2 + 1 as pos,       -- 1-based middle of the oligo: the window's anchor
    '+' as strand,                   -- sequences are read as they were synthesised
    m.value as label,                -- the label, as published
    m.cell_line,
    m.allele,
    m.variant_name,
    n.rs_id,                         -- dbSNP id that the variant's name begins with
    g.oligo_group,                   -- what the scheme held_out keeps together: all oligos of a variant, and of those that share a sequence with it
    s.n_bases,
    s.gc,
    m.record_id,
    m.source_file,
    m.source_line
from oligo_measurement as m
join named as n on n.variant_name = m.variant_name and n.allele = m.allele
join griesemer_oligo as s on s.sequence_id = n.sequence_id
join oligo_group as g on g.source = m.source and g.sequence_id = n.sequence_id
where m.source = 'utr3_mpra_griesemer' and m.quantity = 'log2_fold_change' and m.value is not null
order by m.source_file, m.source_line, m.cell_line, m.allele desc  -- of files in upstream's order: a join keeps none
