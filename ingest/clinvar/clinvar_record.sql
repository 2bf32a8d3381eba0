-- One line of a ClinVar VCF → one row of clinvar_record for each ALT, or one where there is none.
-- Input: typed (the eight columns with their types, null for `.`, and INFO taken apart), file (one row of constants).
-- Step 1: the text of each key that ClinVar's headers of 2017 to 2026 declare, still with its percent escapes: each has a column of its own; a contig and an assembly for the line.
with texts as (
    select
        t.source_line, t.CHROM as contig, t.POS as pos, t.ID as variation_id, t.REF as ref_text, t.QUAL as qual, t.FILTER as filter, t.extra,
        coalesce(string_split(t.ALT, ','), [null]) as alts,
        f.assembly, c.chrom, c.length,
        t.info_item.AF_ESP as af_esp,
        t.info_item.AF_EXAC as af_exac,
        t.info_item.AF_TGP as af_tgp,
        t.info_item.ALLELEID as alleleid,
        t.info_item.CLNDN as clndn,
        t.info_item.CLNDNINCL as clndnincl,
        t.info_item.CLNDISDB as clndisdb,
        t.info_item.CLNDISDBINCL as clndisdbincl,
        t.info_item.CLNHGVS as clnhgvs,
        t.info_item.CLNREVSTAT as clnrevstat,
        t.info_item.CLNSIG as clnsig,
        t.info_item.CLNSIGCONF as clnsigconf,
        t.info_item.CLNSIGINCL as clnsigincl,
        t.info_item.CLNSIGSCV as clnsigscv,
        t.info_item.CLNVC as clnvc,
        t.info_item.CLNVCSO as clnvcso,
        t.info_item.CLNVI as clnvi,
        t.info_item.DBVARID as dbvarid,
        t.info_item.GENEINFO as geneinfo,
        t.info_item.MC as mc,
        t.info_item.ONC as onc,
        t.info_item.ONCCONF as oncconf,
        t.info_item.ONCDISDB as oncdisdb,
        t.info_item.ONCDISDBINCL as oncdisdbincl,
        t.info_item.ONCDN as oncdn,
        t.info_item.ONCDNINCL as oncdnincl,
        t.info_item.ONCINCL as oncincl,
        t.info_item.ONCREVSTAT as oncrevstat,
        t.info_item.ONCSCV as oncscv,
        t.info_item.ORIGIN as origin,
        t.info_item.RS as rs,
        t.info_item.SCI as sci,
        t.info_item.SCIDISDB as scidisdb,
        t.info_item.SCIDISDBINCL as scidisdbincl,
        t.info_item.SCIDN as scidn,
        t.info_item.SCIDNINCL as scidnincl,
        t.info_item.SCIINCL as sciincl,
        t.info_item.SCIREVSTAT as scirevstat,
        t.info_item.SCISCV as sciscv,
        t.info_item.SSR as ssr,
        t.info_other,
        t.info_repeated
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHROM
),
-- Step 2: what a line says, once for all of its alleles.
lines as (
    select
        *,
        len(alts) as n_alts,
        nullif('rs' || regexp_extract(rs, '^(?:rs)?([0-9]+)(?:[,|]|$)', 1), 'rs') as rs_id,
        -- A macro repeats its argument: what it is to look at is cut out in a step of its own.
        list_transform(
            list_transform(string_split(geneinfo, '|'), lambda gene: split_part(gene, ':', 1)), lambda symbol: clinvar_ids(symbol)
        ) as gene_symbols,
        list_transform(string_split(geneinfo, '|'), lambda gene: try_cast(split_part(gene, ':', -1) as BIGINT)) as ncbi_gene_ids,
        list_transform(
            list_transform(string_split(mc, ','), lambda term: split_part(term, '|', 2)), lambda word: nullif(percent_decode(word), '')
        ) as molecular_consequences,
        string_split(case when clndn is null and clndisdb is null then clndnincl else clndn end, '|') as diseases,
        -- Several numbers in one ORIGIN are bits of the same kind.
        case
            when contains(origin, ',') then list_bit_or(list_transform(string_split(origin, ','), lambda bits: try_cast(bits as BIGINT)))
            else try_cast(origin as BIGINT)
        end as origin_bits,
        coalesce(
            vcf_place_reason(contig, chrom, length, assembly, pos, ref_text),
            case
                when info_repeated is not null then 'INFO: ' || info_repeated || ' comes more than once'
                when not regexp_full_match(alleleid, '[0-9]{1,18}') then 'INFO: ALLELEID ''' || alleleid || ''' is not a whole number'
                when not regexp_full_match(ssr, '[0-9]{1,18}') then 'INFO: SSR ''' || ssr || ''' is not a whole number'
                when not regexp_full_match(origin, '[0-9]{1,18}(,[0-9]{1,18})*') then 'INFO: ORIGIN ''' || origin || ''' is not a whole number'
                when not coalesce(try_cast(af_esp as DOUBLE) between 0 and 1, af_esp is null)
                    then 'INFO: AF_ESP ''' || af_esp || ''' is not a number from 0 to 1'
                when not coalesce(try_cast(af_exac as DOUBLE) between 0 and 1, af_exac is null)
                    then 'INFO: AF_EXAC ''' || af_exac || ''' is not a number from 0 to 1'
                when not coalesce(try_cast(af_tgp as DOUBLE) between 0 and 1, af_tgp is null)
                    then 'INFO: AF_TGP ''' || af_tgp || ''' is not a number from 0 to 1'
            end
        ) as line_reason
    from texts
),
-- Step 3: one row for each ALT.
alleles as (
    select *, unnest(alts) as upstream_alt, unnest(range(n_alts)) as sub_row from lines
)
select
    a.source_line,
    a.sub_row,
    variant_id(a.assembly, a.chrom, a.pos, a.ref_text, a.upstream_alt) as variant_id,
    a.assembly,
    a.chrom,
    a.pos,
    upper(a.ref_text) as ref,
    case when is_bases(a.upstream_alt) then upper(a.upstream_alt) end as alt,
    a.rs_id,
    a.gene_symbols[1] as gene_symbol,
    clinvar_name(
        coalesce(
            list_filter(a.diseases, lambda item: item not in ('', '.', 'not_provided', 'not_specified'))[1],
            list_filter(a.diseases, lambda item: item not in ('', '.'))[1]
        )
    ) as trait,
    'clinical_significance' as label_name,
    clinvar_significance(percent_decode(a.clnsig)) as label_text,
    a.variation_id,
    case when a.upstream_alt is not null then a.sub_row + 1 end as allele_ordinal,
    a.upstream_alt,
    a.qual,
    a.filter,
    clinvar_significance(percent_decode(a.clnsig)) as clinical_significance,
    clinvar_class(percent_decode(a.clnsig)) as clnsig_class,
    clinvar_review_status(percent_decode(a.clnrevstat)) as review_status,
    clinvar_stars(percent_decode(a.clnrevstat)) as review_stars,
    coalesce(a.clnsig, '') in ('', 'no_classification_for_the_single_variant', 'no_interpretation_for_the_single_variant')
        and coalesce(a.clnsigincl, a.clndnincl, a.clndisdbincl) is not null as is_included,
    a.gene_symbols,
    a.ncbi_gene_ids,
    a.molecular_consequences[1] as molecular_consequence,
    a.molecular_consequences,
    clinvar_origins(a.origin_bits) as origins,
    try_cast(a.af_esp as DOUBLE) as af_esp,
    try_cast(a.af_exac as DOUBLE) as af_exac,
    try_cast(a.af_tgp as DOUBLE) as af_tgp,
    try_cast(a.alleleid as BIGINT) as alleleid,
    percent_decode(a.clndn) as clndn,
    percent_decode(a.clndnincl) as clndnincl,
    percent_decode(a.clndisdb) as clndisdb,
    percent_decode(a.clndisdbincl) as clndisdbincl,
    percent_decode(a.clnhgvs) as clnhgvs,
    percent_decode(a.clnrevstat) as clnrevstat,
    percent_decode(a.clnsig) as clnsig,
    percent_decode(a.clnsigconf) as clnsigconf,
    percent_decode(a.clnsigincl) as clnsigincl,
    percent_decode(a.clnsigscv) as clnsigscv,
    percent_decode(a.clnvc) as clnvc,
    percent_decode(a.clnvcso) as clnvcso,
    percent_decode(a.clnvi) as clnvi,
    percent_decode(a.dbvarid) as dbvarid,
    percent_decode(a.geneinfo) as geneinfo,
    percent_decode(a.mc) as mc,
    percent_decode(a.onc) as onc,
    percent_decode(a.oncconf) as oncconf,
    percent_decode(a.oncdisdb) as oncdisdb,
    percent_decode(a.oncdisdbincl) as oncdisdbincl,
    percent_decode(a.oncdn) as oncdn,
    percent_decode(a.oncdnincl) as oncdnincl,
    percent_decode(a.oncincl) as oncincl,
    percent_decode(a.oncrevstat) as oncrevstat,
    percent_decode(a.oncscv) as oncscv,
    a.origin_bits as origin,
    percent_decode(a.rs) as rs,
    percent_decode(a.sci) as sci,
    percent_decode(a.scidisdb) as scidisdb,
    percent_decode(a.scidisdbincl) as scidisdbincl,
    percent_decode(a.scidn) as scidn,
    percent_decode(a.scidnincl) as scidnincl,
    percent_decode(a.sciincl) as sciincl,
    percent_decode(a.scirevstat) as scirevstat,
    percent_decode(a.sciscv) as sciscv,
    try_cast(a.ssr as BIGINT) as ssr,
    a.info_other,
    a.extra,
    coalesce(a.line_reason, vcf_alt_reason(a.upstream_alt)) as reject_reason
from alleles as a
