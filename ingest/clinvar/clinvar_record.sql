-- One line of a ClinVar VCF → one row of clinvar_record for each ALT, or one where there is none.
-- Input: typed (the eight columns with their types, null for `.`), file (one row of constants).
-- Step 1: INFO cut once; a contig and an assembly for the line.
with cut as (
    select
        t.source_line, t.CHROM as contig, t.POS as pos, t.ID as variation_id, t.REF as ref_text, t.QUAL as qual, t.FILTER as filter, t.extra,
        coalesce(string_split(t.ALT, ','), [null]) as alts,
        info_items(t.INFO) as items,
        f.assembly, c.chrom, c.length
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHROM
),
keyed as (
    select *, info_keys(items) as keys from cut
),
-- Step 2: each key's text, still with its percent escapes.
texts as (
    select
        * exclude (items, keys),
        info_at(items, keys, 'AF_ESP') as af_esp,
        info_at(items, keys, 'AF_EXAC') as af_exac,
        info_at(items, keys, 'AF_TGP') as af_tgp,
        info_at(items, keys, 'ALLELEID') as alleleid,
        info_at(items, keys, 'CLNDN') as clndn,
        info_at(items, keys, 'CLNDNINCL') as clndnincl,
        info_at(items, keys, 'CLNDISDB') as clndisdb,
        info_at(items, keys, 'CLNDISDBINCL') as clndisdbincl,
        info_at(items, keys, 'CLNHGVS') as clnhgvs,
        info_at(items, keys, 'CLNREVSTAT') as clnrevstat,
        info_at(items, keys, 'CLNSIG') as clnsig,
        info_at(items, keys, 'CLNSIGCONF') as clnsigconf,
        info_at(items, keys, 'CLNSIGINCL') as clnsigincl,
        info_at(items, keys, 'CLNSIGSCV') as clnsigscv,
        info_at(items, keys, 'CLNVC') as clnvc,
        info_at(items, keys, 'CLNVCSO') as clnvcso,
        info_at(items, keys, 'CLNVI') as clnvi,
        info_at(items, keys, 'DBVARID') as dbvarid,
        info_at(items, keys, 'GENEINFO') as geneinfo,
        info_at(items, keys, 'MC') as mc,
        info_at(items, keys, 'ONC') as onc,
        info_at(items, keys, 'ONCCONF') as oncconf,
        info_at(items, keys, 'ONCDISDB') as oncdisdb,
        info_at(items, keys, 'ONCDISDBINCL') as oncdisdbincl,
        info_at(items, keys, 'ONCDN') as oncdn,
        info_at(items, keys, 'ONCDNINCL') as oncdnincl,
        info_at(items, keys, 'ONCINCL') as oncincl,
        info_at(items, keys, 'ONCREVSTAT') as oncrevstat,
        info_at(items, keys, 'ONCSCV') as oncscv,
        info_at(items, keys, 'ORIGIN') as origin,
        info_at(items, keys, 'RS') as rs,
        info_at(items, keys, 'SCI') as sci,
        info_at(items, keys, 'SCIDISDB') as scidisdb,
        info_at(items, keys, 'SCIDISDBINCL') as scidisdbincl,
        info_at(items, keys, 'SCIDN') as scidn,
        info_at(items, keys, 'SCIDNINCL') as scidnincl,
        info_at(items, keys, 'SCIINCL') as sciincl,
        info_at(items, keys, 'SCIREVSTAT') as scirevstat,
        info_at(items, keys, 'SCISCV') as sciscv,
        info_at(items, keys, 'SSR') as ssr,
        nullif(
            array_to_string(
                list_filter(items, lambda item, place: item <> '' and not list_contains(clinvar_info_keys(), keys[place])), ';'
            ),
            ''
        ) as info_other,
        info_repeated(keys) as repeated
    from keyed
),
-- Step 3: what a line says, once for all of its alleles.
lines as (
    select
        *,
        len(alts) as n_alts,
        case
            when rs is null then null
            when regexp_matches(rs, '^(rs)?[0-9]+([,|]|$)') then 'rs' || regexp_extract(rs, '[0-9]+')
        end as rs_id,
        list_transform(string_split(geneinfo, '|'), lambda gene: clinvar_ids(split_part(gene, ':', 1))) as gene_symbols,
        list_transform(string_split(geneinfo, '|'), lambda gene: try_cast(split_part(gene, ':', -1) as BIGINT)) as ncbi_gene_ids,
        list_transform(string_split(mc, ','), lambda term: nullif(percent_decode(split_part(term, '|', 2)), '')) as molecular_consequences,
        string_split(case when clndn is null and clndisdb is null then clndnincl else clndn end, '|') as diseases,
        -- Several numbers in one ORIGIN are bits of the same kind.
        case
            when contains(origin, ',') then list_bit_or(list_transform(string_split(origin, ','), lambda bits: try_cast(bits as BIGINT)))
            else try_cast(origin as BIGINT)
        end as origin_bits,
        coalesce(
            vcf_place_reason(contig, chrom, length, assembly, pos, ref_text),
            case
                when len(repeated) > 0 then 'INFO: ' || repeated[1] || ' comes more than once'
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
-- Step 4: one row for each ALT.
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
