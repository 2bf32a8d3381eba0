-- One row of a variation cache → one row of known_variant for each alternative allele, or one where the alleles are not listed.
-- Input: typed (upstream's columns with their types), file (one row of constants; contig is the one that the file's name says).
-- allele_string is REF/ALT/ALT…; an allele of no bases is -, and then VCF's way to write the change needs the base before, which the file
-- does not have: such an allele stays a record without variant_id, at that base's position.
with placed as (
    select
        t.*, f.contig, f.assembly, c.chrom, c.length,
        coalesce(t."end", t.start) as stop,
        string_split(t.allele_string, '/') as names,
        list_zip(
            [
                    'AFR', 'AMR', 'EAS', 'EUR', 'SAS', 'AA', 'EA', 'gnomADe', 'gnomADe_AFR', 'gnomADe_AMR',
                    'gnomADe_ASJ', 'gnomADe_EAS', 'gnomADe_FIN', 'gnomADe_MID', 'gnomADe_NFE', 'gnomADe_REMAINING',
                    'gnomADe_SAS'
            ],
            [
                    t.AFR, t.AMR, t.EAS, t.EUR, t.SAS, t.AA, t.EA, t.gnomADe, t.gnomADe_AFR, t.gnomADe_AMR,
                    t.gnomADe_ASJ, t.gnomADe_EAS, t.gnomADe_FIN, t.gnomADe_MID, t.gnomADe_NFE, t.gnomADe_REMAINING,
                    t.gnomADe_SAS
            ]
        ) as frequencies
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = f.contig
),
alleles as (
    select *, greatest(len(names) - 1, 1) as n_alts, unnest(range(greatest(len(names) - 1, 1))) as sub_row from placed
),
pairs as (
    select
        *,
        case when len(names) > 1 then names[1] end as upstream_ref,
        case when len(names) > 1 then names[sub_row + 2] end as upstream_alt
    from alleles
),
noted as (
    select
        *,
        case
            when upstream_alt is null then 'alleles are not listed'
            when strand = -1 then 'alleles are on the reverse strand'
            when (upstream_ref = '-' and is_bases(upstream_alt)) or (upstream_alt = '-' and is_bases(upstream_ref))
                then 'the base before is not given'
            when not (is_bases(upstream_ref) and is_bases(upstream_alt)) then 'alleles are not spelt out in bases'
            when length(upstream_ref) <> stop - start + 1 then 'REF does not fit start and end'
        end as allele_note,
        list_filter(
            list_transform(
                frequencies,
                lambda pair: {'name': pair[1], 'value': try_cast(ensembl_frequency(pair[2], upstream_alt) as DOUBLE)}
            ),
            lambda pair: pair.value is not null
        ) as known,
        try_cast(ensembl_frequency(AF, upstream_alt) as DOUBLE) as own_frequency,
        case
            when minor_allele = upstream_alt then minor_allele_freq
            when minor_allele = upstream_ref and n_alts = 1 then 1 - minor_allele_freq
        end as by_minor
    from pairs
)
select
    n.source_line,
    n.sub_row,
    case when n.allele_note is null then variant_id(n.assembly, n.chrom, n.start, n.upstream_ref, n.upstream_alt) end as variant_id,
    n.assembly,
    n.chrom,
    case when n.allele_note = 'the base before is not given' then n.start - 1 else n.start end as pos,
    case when n.allele_note is null then upper(n.upstream_ref) end as ref,
    case when n.allele_note is null then upper(n.upstream_alt) end as alt,
    case when regexp_full_match(n.variation_name, 'rs[0-9]+') then n.variation_name end as rs_id,
    'allele_frequency' as label_name,
    coalesce(n.own_frequency, n.by_minor) as label_value,
    n.variation_name as upstream_id,
    case when n.upstream_alt is not null then n.sub_row + 1 end as allele_ordinal,
    n.upstream_ref,
    n.upstream_alt,
    n.allele_note,
    n.allele_string,
    n.start as upstream_start,
    n.stop as upstream_end,
    case when coalesce(n.strand, 1) = 1 then '+' when n.strand = -1 then '-' end as strand,
    coalesce(n.own_frequency, n.by_minor) as allele_frequency,
    case when n.own_frequency is not null then 'AF' when n.by_minor is not null then 'minor_allele_freq' end as frequency_from,
    n.minor_allele,
    n.minor_allele_freq as minor_allele_frequency,
    case when len(n.known) > 0 then list_transform(n.known, lambda pair: pair.name) end as populations,
    case when len(n.known) > 0 then list_transform(n.known, lambda pair: pair.value) end as population_frequencies,
    n.clin_sig,
    coalesce(n.failed, 0) > 0 as failed,
    coalesce(n.somatic, 0) > 0 as somatic,
    coalesce(n.phenotype_or_disease, 0) > 0 as phenotype_or_disease,
    n.pubmed,
    n.var_synonyms,
    n.extra,
    case
        when n.chrom is null then 'contig ''' || n.contig || ''' is not in ' || n.assembly
        when n.start is null then 'start is missing'
        when n.start < 1 then 'start: ' || n.start || ' is before the first base of ' || n.chrom
        when n.start > n.length + 1 then 'start: ' || n.start || ' is beyond the end of ' || n.chrom || ' (' || n.length || ' bp)'
        when n.stop > n.length then 'end: ' || n.stop || ' is beyond the end of ' || n.chrom || ' (' || n.length || ' bp)'
        when n.stop < n.start - 1 then 'end: ' || n.stop || ' is before start ' || n.start
        when n.allele_string is null then 'allele_string is missing'
        when n.strand not in (1, -1) then 'strand: ' || n.strand || ' is neither 1 nor -1'
    end as reject_reason
from noted as n
