-- One row of the ANNOVAR table → one row of verified_variant. Input: typed (the columns with their types, samples already numbered),
-- file (one row of constants).
with placed as (
    select t.*, c.chrom, c.length, f.assembly, coalesce(is_bases(t.Ref) and is_bases(t.Alt), false) as is_spelt_out
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.Chr_hg38
)
select
    p.source_line,
    case when p.is_spelt_out then variant_id(p.assembly, p.chrom, p.Start_hg38, p.Ref, p.Alt) end as variant_id,
    p.assembly,
    p.chrom,
    p.Start_hg38 as pos,
    case when p.is_spelt_out then upper(p.Ref) end as ref,
    case when p.is_spelt_out then upper(p.Alt) end as alt,
    case when regexp_full_match(p.avsnp147, 'rs[0-9]+') then p.avsnp147 end as rs_id,
    p."Gene.refGene" as gene_symbol,
    p.HGMD_Phen as trait,
    'class' as label_name,
    p."Class" || '' as label_text,  -- an expression: a bare column would keep upstream's case
    verified_class(p."Class") as class_side,
    p.Ref as upstream_ref,
    p.Alt as upstream_alt,
    p.End_hg38 as end_pos,
    p."Sample ID" as sample_pseudonym,
    p."Func.refGene" as func_refgene,
    p."ExonicFunc.refGene" as exonic_func_refgene,
    p."AAChange.refGene" as aa_change_refgene,
    p.avsnp147 || '' as avsnp147,
    p.extra,
    case
        when p.Chr_hg38 is null then 'Chr_hg38 is missing'
        when p.chrom is null then 'Chr_hg38: contig ''' || p.Chr_hg38 || ''' is not in ' || p.assembly
        when p.Start_hg38 is null then 'Start_hg38 is missing'
        when p.Start_hg38 < 1 then 'Start_hg38: ' || p.Start_hg38 || ' is before the first base of ' || p.chrom
        when p.Start_hg38 > p.length
            then 'Start_hg38: ' || p.Start_hg38 || ' is beyond the end of ' || p.chrom || ' (' || p.length || ' bp)'
        when p.End_hg38 < p.Start_hg38 then 'End_hg38: ' || p.End_hg38 || ' is before Start_hg38 (' || p.Start_hg38 || ')'
        when p.Ref is null then 'Ref is missing'
        when p.Alt is null then 'Alt is missing'
        when not (p.Ref = '-' or is_bases(p.Ref)) then 'Ref: ''' || p.Ref || ''' is neither - nor a sequence of A, C, G, T or N'
        when not (p.Alt = '-' or is_bases(p.Alt)) then 'Alt: ''' || p.Alt || ''' is neither - nor a sequence of A, C, G, T or N'
        when p.Ref = '-' and p.Alt = '-' then 'Ref and Alt are both -'
    end as reject_reason
from placed as p
