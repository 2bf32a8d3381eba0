-- One row of a list of frequencies → one row of known_variant. Input: typed (upstream's columns with their types), file (constants).
-- The frequency of a population is ALT's; there is none over all of them, hence no label_value.
with placed as (
    select
        t.* exclude (CHR), t.CHR as contig, f.assembly, c.chrom, c.length,
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
    select *, list_filter(pairs, lambda pair: not pair[2] between 0 and 1)[1] as bad from placed
)
select
    p.source_line,
    variant_id(p.assembly, p.chrom, p.POS, p.REF, p.ALT) as variant_id,
    p.assembly,
    p.chrom,
    p.POS as pos,
    upper(p.REF) as ref,
    upper(p.ALT) as alt,
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
            when p.bad is not null then p.bad[1] || ': ' || p.bad[2] || ' is not a number from 0 to 1'
        end
    ) as reject_reason
from odd as p
