-- One row of a list of SNPs → one row of known_variant without alleles in order. Input: typed (upstream's columns), file (constants).
-- A1 is now REF, now ALT, and nothing in the file says which: the two stay apart from ref and alt.
with placed as (
    select t.* exclude ("#CHROM"), t."#CHROM" as contig, f.assembly, c.chrom, c.length
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t."#CHROM"
)
select
    p.source_line,
    p.assembly,
    p.chrom,
    p.POS as pos,
    case when regexp_full_match(p.rsid, 'rs[0-9]+') then p.rsid end as rs_id,
    'allele_frequency' as label_name,
    p.rsid as upstream_id,
    'no REF and ALT' as allele_note,
    p.A1 as a1,
    p.A2 as a2,
    p.extra,
    case
        when p.contig is null then '#CHROM is missing'
        when p.chrom is null then '#CHROM: contig ''' || p.contig || ''' is not in ' || p.assembly
        when p.POS is null then 'POS is missing'
        when p.POS > p.length then 'POS: ' || p.POS || ' is beyond the end of ' || p.chrom || ' (' || p.length || ' bp)'
        when p.rsid is null then 'rsid is missing'
        when not coalesce(is_bases(p.A1), false) then 'A1: ''' || coalesce(p.A1, '') || ''' is not a sequence of A, C, G, T or N'
        when not coalesce(is_bases(p.A2), false) then 'A2: ''' || coalesce(p.A2, '') || ''' is not a sequence of A, C, G, T or N'
    end as reject_reason
from placed as p
