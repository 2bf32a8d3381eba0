-- One line of a model's VCF → one row of cell_model_variant for each ALT, or one where there is none.
-- Input: typed (the eight columns with their types, null for `.`; INFO taken apart; FORMAT and samples are in extra), file (one row of constants).
with cut as (
    select
        t.source_line, t.CHROM as contig, t.POS as pos, t.ID as upstream_id, t.REF as ref_text, t.QUAL as qual, t.FILTER as filter, t.extra,
        coalesce(string_split(t.ALT, ','), [null]) as alts,
        t.info_item.VD as vd, t.info_item.VC as vc, t.info_other, t.info_repeated,
        coalesce(t.info_has.DRV, false) as is_drv,
        coalesce(t.info_has.CPV, false) as is_cpv,
        coalesce(t.info_has.NPGL, false) as is_npgl,
        f.assembly, f.cell_model_id, f.sequencing_source, c.chrom, c.length
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.CHROM
),
lines as (
    select
        *,
        -- VAGrENT's default annotation: gene|transcript|r.|c.|p.|further terms
        string_split(vd, '|') as parts,
        coalesce(
            vcf_place_reason(contig, chrom, length, assembly, pos, ref_text),
            case
                when info_repeated is not null then 'INFO: ' || info_repeated || ' comes more than once'
            end
        ) as line_reason
    from cut
),
alleles as (
    select *, unnest(alts) as upstream_alt, unnest(range(len(alts))) as sub_row from lines
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
    case when regexp_full_match(a.upstream_id, 'rs[0-9]+') then a.upstream_id end as rs_id,
    passport_text(a.parts[1]) as gene_symbol,
    a.cell_model_id,
    'cmp_flag' as label_name,
    case when a.is_drv then 'DRV' when a.is_cpv then 'CPV' when a.is_npgl then 'NPGL' end as label_text,
    a.sequencing_source,
    a.is_drv,
    a.is_cpv,
    a.is_npgl,
    case when a.upstream_alt is not null then a.sub_row + 1 end as allele_ordinal,
    a.upstream_alt,
    a.upstream_id,
    a.qual,
    a.filter,
    passport_text(a.parts[2]) as transcript_id,
    passport_text(a.parts[3]) as rna_mutation,
    passport_text(a.parts[4]) as cdna_mutation,
    passport_text(a.parts[5]) as protein_mutation,
    a.vc as consequence,
    a.vd,
    a.info_other,
    a.extra,
    coalesce(a.line_reason, vcf_alt_reason(a.upstream_alt)) as reject_reason
from alleles as a
