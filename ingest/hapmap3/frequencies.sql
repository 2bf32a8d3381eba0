-- One row of a list of frequencies → one row of known_variant. Input: typed (upstream's columns with their types), file (constants).
-- The columns REF and ALT of these files are exchanged: SNPID (contig:pos:REF:ALT) has the genome's order, and the frequencies count its
-- second allele. So REF and ALT are taken from SNPID, and the two columns must name the same pair. (932 of 932 lead variants of GTEx v8, and
-- all 17 places in pieces of real sequence, have SNPID's order; tests/test_source_hapmap3.py.)
-- There is no frequency over all populations, hence no label_value.
with placed as (
    select
        t.* exclude (CHR), t.CHR as contig, string_split(t.SNPID, ':') as named, f.assembly, c.chrom, c.length,
        list_filter(
            list_zip(
                [
                    'GBR', 'FIN', 'CHS', 'PUR', 'CDX', 'CLM', 'IBS', 'PEL', 'PJL', 'KHV', 'ACB', 'GWD', 'ESN', 'BEB',
                    'MSL', 'STU', 'ITU', 'CEU', 'YRI', 'CHB', 'JPT', 'LWK', 'ASW', 'MXL', 'TSI', 'GIH', 'EUR', 'EAS',
                    'AMR', 'SAS', 'AFR'
                ],
                [
                    t.GBR, t.FIN, t.CHS, t.PUR, t.CDX, t.CLM, t.IBS, t.PEL, t.PJL, t.KHV, t.ACB, t.GWD, t.ESN, t.BEB,
                    t.MSL, t.STU, t.ITU, t.CEU, t.YRI, t.CHB, t.JPT, t.LWK, t.ASW, t.MXL, t.TSI, t.GIH, t.EUR, t.EAS,
                    t.AMR, t.SAS, t.AFR
                ]
            ),
            lambda pair: pair[2] is not null
        ) as pairs
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHR
),
odd as (
    select *, named[3] as genome_ref, named[4] as genome_alt, list_filter(pairs, lambda pair: not pair[2] between 0 and 1)[1] as bad from placed
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.POS, p.genome_ref, p.genome_alt) as variant_id,
    p.assembly,
    p.chrom,
    p.POS as pos,
    upper(p.genome_ref) as ref,
    upper(p.genome_alt) as alt,
    'allele_frequency' as label_name,
    p.SNPID as upstream_id,
    1 as allele_ordinal,
    p.REF as upstream_ref,
    p.ALT as upstream_alt,
    list_transform(p.pairs, lambda pair: pair[1]) as populations,
    list_transform(p.pairs, lambda pair: pair[2]) as population_frequencies,
    p.extra,
    coalesce(
        replace(vcf_place_reason(p.contig, p.chrom, p.length, p.assembly, p.POS, p.REF), 'CHROM', 'CHR'),
        case
            when p.ALT is null then 'ALT is missing'
            when not is_bases(p.ALT) then 'ALT: ''' || p.ALT || ''' is not a sequence of A, C, G, T or N'
            when len(p.named) is distinct from 4 or try_cast(p.named[2] as BIGINT) is distinct from p.POS
                or list_sort([upper(p.named[3]), upper(p.named[4])]) <> list_sort([upper(p.REF), upper(p.ALT)])
                then 'SNPID: ''' || coalesce(p.SNPID, '') || ''' is not contig:pos:allele:allele of ' || p.POS || ', ' || p.REF || ' and ' || p.ALT
            when p.bad is not null then p.bad[1] || ': ' || p.bad[2] || ' is not a number from 0 to 1'
        end
    ) as reject_reason
from odd as p
