-- One row per oligo and cell line with a stability.
select
    m.sequence_id || ':' || m.cell_line as example_id,
    'oligo' as assembly,             -- the word for it: positions are in oligos, not on a genome
    s.sequence_id as chrom,          -- the oligo's sequence is a contig of its own
    s.n_bases // 2 + 1 as pos,       -- 1-based middle of the oligo: the window's anchor
    '+' as strand,                   -- sequences are read as they were synthesised
    m.value as label,                -- the label, as published
    m.cell_line,
    p.allele,                        -- ref or alt, where the oligo is one of a pair; null for the others
    p.reference_id as variant_name,  -- the pair's reference, by its sequence_id: the oligos that differ from it have no name
    g.oligo_group,                   -- what the scheme held_out keeps together: a reference and all oligos that are compared with it
    s.n_bases,
    s.gc,
    m.record_id,
    m.source_file,
    m.source_line
from oligo_measurement as m
join siegel_oligo as s on s.sequence_id = m.sequence_id
join oligo_group as g on g.source = m.source and g.sequence_id = m.sequence_id
left join (
    select a.sequence_id, min(a.allele) as allele, min(r.sequence_id) as reference_id
    from oligo_measurement as a
    join oligo_measurement as r on r.source_version = a.source_version and r.source_file = a.source_file and r.pair = a.pair
    where a.source = 'utr3_mpra_siegel' and r.source = 'utr3_mpra_siegel' and r.allele = 'ref'
    group by a.sequence_id
) as p on p.sequence_id = m.sequence_id
where m.source = 'utr3_mpra_siegel' and m.quantity = 'stability' and m.value is not null
order by m.source_file, m.source_line, m.cell_line desc  -- of files in upstream's order: a join keeps none
