-- One row is a distinct allele, with what the registered genome says about it.
create view variant as
select
    a.variant_id,    -- key: assembly:chrom:pos:ref:alt of the trimmed alleles
    a.assembly,      -- canonical assembly
    a.chrom,         -- canonical contig
    a.pos,           -- 1-based position of the first base of the trimmed REF
    a.ref,           -- trimmed reference allele
    a.alt,           -- trimmed alternative allele
    a.variant_type,  -- snv, mnv, insertion, deletion or indel
    coalesce(r.left_aligned_id, a.variant_id) as left_aligned_id,  -- id of the left-aligned form; the id itself until a genome is asked
    coalesce(r.ref_check, 'unchecked') as ref_check,  -- match, swapped, mismatch, n, off_contig, contig_not_in_genome or unchecked
from variant_allele as a
left join variant_reference as r on r.variant_id = a.variant_id;
