-- Records of every assembly with a place on one: select * from variant_record_on('GRCh38'), or 'hg38'.
-- Every record is there once, with its own columns unchanged, and beside them:
--   lift_status      native (the record is on that assembly), mapped, swapped (the target genome has ALT in REF's place), ref_changed (it
--                    has neither), unmapped, indel_crosses_gap, no_locus (the record has no position), no_chain (no chain leads there:
--                    lrbstore chain add)
--   strand_on        -: alleles are complemented (effect_allele, which is the source's, is not)
--   chrom_on, pos_on, ref_on, alt_on   the place there, pos 1-based; alleles as the record gives them where native, else trimmed ones
--   variant_id_on    variant_id there; null where the record has no alleles or could not be lifted
create or replace macro variant_record_on(on_assembly) as table
    select
        r.*,
        case
            when r.assembly = assembly_named(on_assembly) then 'native'
            when v.status is not null then v.status
            when r.chrom is null or r.pos is null then 'no_locus'
            else coalesce(l.status, 'no_chain')
        end as lift_status,
        case when r.assembly = assembly_named(on_assembly) then '+' else coalesce(v.strand, l.strand) end as strand_on,
        case when r.assembly = assembly_named(on_assembly) then r.chrom else coalesce(v.chrom, l.lifted_chrom) end as chrom_on,
        case when r.assembly = assembly_named(on_assembly) then r.pos else coalesce(v.pos, l.lifted_pos) end as pos_on,
        case when r.assembly = assembly_named(on_assembly) then r.ref else v.ref end as ref_on,
        case when r.assembly = assembly_named(on_assembly) then r.alt else v.alt end as alt_on,
        case when r.assembly = assembly_named(on_assembly) then r.variant_id else v.lifted_variant_id end as variant_id_on
    from variant_record as r
    left join variant_lift as v on v.variant_id = r.variant_id and v.to_assembly = assembly_named(on_assembly)
    left join locus_lift as l
        on r.variant_id is null
        and l.assembly = r.assembly
        and l.chrom = r.chrom
        and l.pos = r.pos
        and l.to_assembly = assembly_named(on_assembly)
    where assembly_named(on_assembly) is not null;  -- to ask for no column of it is no way round an unknown name
