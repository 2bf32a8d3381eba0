-- What does every source say of a variant?
-- One row is a record of the allele, on whichever assembly its source has it, or one that names its rs number at its place and no alleles,
-- as the GWAS Catalog's do.
-- $variant = 'GRCh38:chr1:213981376:G:T': its variant_id on either assembly
-- The allele and its place: as asked, and where a chain leads from there.
with asked as (
    select coalesce(max(left_aligned_id), $variant) as id, any_value(assembly) as assembly, any_value(chrom) as chrom, any_value(pos) as pos,
        'native' as lift_status
    from variant
    where variant_id = $variant
    union all
    select lifted_left_aligned_id, to_assembly, chrom, pos, status from variant_lift where variant_id = $variant and status = 'mapped'
),
-- What lies there, and what a chain leads there. 'native' is the later word of the alphabet.
same as (
    select variant_id, max(lift_status) as lift_status
    from (
        select v.variant_id, a.lift_status from variant as v join asked as a on a.id = v.left_aligned_id
        union all
        select l.variant_id, l.status from variant_lift as l join asked as a on a.id = l.lifted_left_aligned_id where l.status = 'mapped'
    )
    group by variant_id
),
places as (
    select assembly, chrom, pos, max(lift_status) as lift_status
    from (
        select assembly, chrom, pos, lift_status from asked
        union all
        select l.assembly, l.chrom, l.pos, l.status
        from locus_lift as l
        join asked as a on a.assembly = l.to_assembly and a.chrom = l.lifted_chrom and a.pos = l.lifted_pos
    )
    group by assembly, chrom, pos
),
of_the_allele as (
    select r.*, s.lift_status, 'allele' as matched_by from variant_record as r join same as s using (variant_id)
),
of_the_place as (
    select r.*, p.lift_status, 'rs_id' as matched_by
    from variant_record as r
    join places as p on p.assembly = r.assembly and p.chrom = r.chrom and p.pos = r.pos
    where r.variant_id is null and r.rs_id in (select rs_id from of_the_allele)
)
select
    source,
    source_version,
    matched_by,                                -- allele, or rs_id: which alleles the record means is not told
    lift_status,                               -- mapped: the record is on the other assembly
    label_name,
    label_text,
    label_value,
    effect,
    effect_allele,
    effect_unit,
    neg_log10_p,
    gene_symbol,
    tissue,
    trait,
    cell_model_id,
    rs_id,
    variant_id,                                -- on the record's own assembly
    source_file,
    source_line,
    record_id
from (from of_the_allele union all from of_the_place)
order by matched_by, source, source_file, source_line, variant_id;
