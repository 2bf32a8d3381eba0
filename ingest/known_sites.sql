-- One line of a sites VCF (dbSNP, gnomAD) → one row of known_variant for each ALT, or one where there is none.
-- Input: typed (the columns as text but POS, null for `.`, and INFO taken apart), file (one row of constants).
with cut as (
    select
        t.* exclude (CHROM), t.CHROM as contig, coalesce(string_split(t.ALT, ','), [null]) as alts, f.assembly, c.chrom, c.length
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHROM
),
-- The values that get columns of their own; lists are by ALT, those of CAF and FREQ begin with REF.
texts as (
    select
        *,
        string_split(info_item.AF, ',') as afs,
        string_split(info_item.AC, ',') as acs,
        string_split(info_item.nhomalt, ',') as homs,
        info_item.AN as an,
        string_split(replace(replace(info_item.CAF, '[', ''), ']', ''), ',') as cafs,
        string_split(info_item.FREQ, '|') as studies,
        info_item.GMAF as gmaf,
        coalesce(info_item.VC, info_item.variant_type) as variant_class,
        info_item.dbSNPBuildID as build,
        percent_decode(info_item.GENEINFO) as geneinfo,
        percent_decode(info_item.CLNSIG) as clin_sig,
        -- gnomAD's populations; a file with FREQ has none of them
        case when info_item.FREQ is null then
            list_filter(
                [
                    {'name': 'afr', 'text': info_item.AF_afr},
                    {'name': 'amr', 'text': info_item.AF_amr},
                    {'name': 'ami', 'text': info_item.AF_ami},
                    {'name': 'asj', 'text': info_item.AF_asj},
                    {'name': 'eas', 'text': info_item.AF_eas},
                    {'name': 'fin', 'text': info_item.AF_fin},
                    {'name': 'mid', 'text': info_item.AF_mid},
                    {'name': 'nfe', 'text': info_item.AF_nfe},
                    {'name': 'oth', 'text': info_item.AF_oth},
                    {'name': 'remaining', 'text': info_item.AF_remaining},
                    {'name': 'sas', 'text': info_item.AF_sas}
                ],
                lambda one: one.text is not null
            )
        end as groups
    from cut
),
lines as (
    select
        *,
        len(alts) as n_alts,
        case
            when afs is not null then 'AF'
            when cafs is not null then 'CAF'
            when len(list_filter(studies, lambda study: starts_with(study, '1000Genomes:'))) > 0 then 'FREQ:1000Genomes'
        end as frequency_from,
        coalesce(
            ['.'] || afs,
            cafs,
            string_split(substr(list_filter(studies, lambda study: starts_with(study, '1000Genomes:'))[1], 13), ',')
        ) as frequencies,
        coalesce(
            vcf_place_reason(contig, chrom, length, assembly, POS, REF),
            case
                when QUAL is not null and try_cast(QUAL as DOUBLE) is null then 'QUAL: ''' || QUAL || ''' is not a number'
                when info_repeated is not null then 'INFO: ' || info_repeated || ' comes more than once'
                when len(afs) <> len(alts) then 'INFO: AF has ' || len(afs) || ' values for ' || len(alts) || ' ALT alleles'
                when len(acs) <> len(alts) then 'INFO: AC has ' || len(acs) || ' values for ' || len(alts) || ' ALT alleles'
                when len(homs) <> len(alts) then 'INFO: nhomalt has ' || len(homs) || ' values for ' || len(alts) || ' ALT alleles'
                when len(cafs) <> len(alts) + 1 then 'INFO: CAF has ' || len(cafs) || ' values for REF and ' || len(alts) || ' ALT alleles'
                when an is not null and not regexp_full_match(an, '[0-9]{1,18}') then 'INFO: AN ''' || an || ''' is not a whole number'
                when gmaf is not null and not coalesce(try_cast(gmaf as DOUBLE) between 0 and 1, false)
                    then 'INFO: GMAF ''' || gmaf || ''' is not a number from 0 to 1'
            end
        ) as line_reason
    from texts
),
alleles as (
    select *, unnest(alts) as upstream_alt, unnest(range(n_alts)) as sub_row from lines
),
numbers as (
    select
        *,
        nullif(trim(frequencies[sub_row + 2]), '.') as frequency,
        nullif(acs[sub_row + 1], '.') as ac,
        nullif(homs[sub_row + 1], '.') as hom,
        -- Name and text of each population's frequency of this ALT; those without one are left out.
        list_filter(
            case
                when studies is not null then list_transform(
                    studies,
                    lambda study: {
                        'name': split_part(study, ':', 1),
                        'value': try_cast(string_split(substr(study, strpos(study, ':') + 1), ',')[sub_row + 2] as DOUBLE)
                    }
                )
                else list_transform(
                    groups, lambda one: {'name': one.name, 'value': try_cast(split_part(one.text, ',', sub_row + 1) as DOUBLE)}
                )
            end,
            lambda pair: pair.value is not null
        ) as pairs
    from alleles
)
select
    a.source_line,
    a.sub_row,
    variant_id(a.assembly, a.chrom, a.POS, a.REF, a.upstream_alt) as variant_id,
    a.assembly,
    a.chrom as chrom,
    a.POS as pos,
    upper(a.REF) as ref,
    case when is_bases(a.upstream_alt) then upper(a.upstream_alt) end as alt,
    list_filter(string_split(a.ID, ';'), lambda name: regexp_full_match(name, 'rs[0-9]+'))[1] as rs_id,
    nullif(split_part(split_part(a.geneinfo, '|', 1), ':', 1), '') as gene_symbol,
    'allele_frequency' as label_name,
    try_cast(a.frequency as DOUBLE) as label_value,
    a.ID as upstream_id,
    case when a.upstream_alt is not null then a.sub_row + 1 end as allele_ordinal,
    a.REF as upstream_ref,
    a.upstream_alt,
    vcf_alt_note(a.upstream_alt) as allele_note,
    try_cast(a.QUAL as DOUBLE) as qual,
    a.FILTER as filter,
    try_cast(a.frequency as DOUBLE) as allele_frequency,
    case when a.frequency is not null then a.frequency_from end as frequency_from,
    try_cast(a.ac as BIGINT) as allele_count,
    try_cast(a.an as BIGINT) as allele_number,
    try_cast(a.hom as BIGINT) as homozygotes,
    try_cast(a.gmaf as DOUBLE) as minor_allele_frequency,
    case when len(a.pairs) > 0 then list_transform(a.pairs, lambda pair: pair.name) end as populations,
    case when len(a.pairs) > 0 then list_transform(a.pairs, lambda pair: pair.value) end as population_frequencies,
    a.variant_class,
    try_cast(a.build as BIGINT) as dbsnp_build,
    a.geneinfo,
    a.clin_sig,
    a.INFO as info,
    a.FORMAT as format,
    a.samples,
    a.extra,
    coalesce(
        a.line_reason,
        vcf_alt_reason(a.upstream_alt),
        case
            when a.frequency is not null and not coalesce(try_cast(a.frequency as DOUBLE) between 0 and 1, false)
                then 'INFO: ' || a.frequency_from || ' ''' || a.frequency || ''' is not a number from 0 to 1'
            when a.ac is not null and not regexp_full_match(a.ac, '[0-9]{1,18}') then 'INFO: AC ''' || a.ac || ''' is not a whole number'
            when a.hom is not null and not regexp_full_match(a.hom, '[0-9]{1,18}')
                then 'INFO: nhomalt ''' || a.hom || ''' is not a whole number'
        end
    ) as reject_reason
from numbers as a
