-- One row per pair of oligos and cell line: an alternative oligo as a change of its reference.
with paired as (
    select a.*, r.sequence_id as reference_id, s.sequence as ref_oligo, t.sequence as alt_oligo, s.n_bases, s.gc
    from oligo_measurement as a
    join oligo_measurement as r on r.source_version = a.source_version and r.source_file = a.source_file and r.pair = a.pair
    join siegel_oligo as s on s.sequence_id = r.sequence_id
    join siegel_oligo as t on t.sequence_id = a.sequence_id
    where a.source = 'utr3_mpra_siegel' and r.source = 'utr3_mpra_siegel' and a.allele = 'alt' and r.allele = 'ref' and a.value is not null
),

-- From the first base that differs to the last; where bases only go or come, the one before them stays in both alleles (VCF).
begun as (
    select *, common_prefix(ref_oligo, alt_oligo) as same
    from paired
),

ended as (
    select *, least(common_suffix(ref_oligo, alt_oligo), length(ref_oligo) - same, length(alt_oligo) - same) as same_after
    from begun
),

anchored as (
    select *, greatest(0, same - (least(length(ref_oligo), length(alt_oligo)) = same + same_after)::BIGINT) as kept
    from ended
)

select
    e.sequence_id || ':' || e.cell_line as example_id,
    'oligo' as assembly,             -- the word for it: positions are in oligos, not on a genome
    e.reference_id as chrom,         -- the reference oligo's sequence is a contig of its own
    e.kept + 1 as pos,               -- 1-based in the reference oligo: the window's anchor
    substr(e.ref_oligo, e.kept + 1, length(e.ref_oligo) - e.kept - e.same_after) as ref,  -- from the first base that differs to the last
    substr(e.alt_oligo, e.kept + 1, length(e.alt_oligo) - e.kept - e.same_after) as alt,  -- what stands there in the alternative oligo
    e.value as label,                -- the label: stability of the alternative oligo less that of its reference
    e.cell_line,                     -- cell line, as the provider spells it
    e.sequence_id as alt_oligo,      -- md5 of the alternative oligo's sequence
    g.oligo_group,                   -- what the scheme held_out keeps together: a reference and all oligos that are compared with it
    e.n_bases,                       -- length of the reference oligo
    e.gc,                            -- share of G and C among its bases
    e.record_id,                     -- key of oligo_measurement
    e.source_file,                   -- upstream file
    e.source_line                    -- line in that file, 1-based
from anchored as e
join oligo_group as g on g.source = e.source and g.sequence_id = e.sequence_id
order by e.source_file, e.source_line  -- of files in upstream's order: a join keeps none
