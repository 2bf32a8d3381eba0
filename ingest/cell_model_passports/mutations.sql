-- One row of a CSV of mutations → one row of cell_model_mutation. Input: typed (upstream's columns with their types), file (one row of
-- constants). Files before 2026 have neither place nor alleles: chromosome, position, reference and alternative are null then.
with placed as (
    select t.*, c.chrom, c.length, f.assembly, f.mutation_set,
        coalesce(is_bases(t.reference) and is_bases(t.alternative), false) as is_spelt_out
    from typed as t
    cross join file as f
    left join contig_alias as c on c.assembly = f.assembly and c.alias = t.chromosome
)
select
    p.source_line,
    case when p.is_spelt_out then variant_id(p.assembly, p.chrom, p.position, p.reference, p.alternative) end as variant_id,
    p.assembly,
    p.chrom,
    p.position as pos,
    case when p.is_spelt_out then upper(p.reference) end as ref,
    case when p.is_spelt_out then upper(p.alternative) end as alt,
    split_part(p.ensembl_gene_id, '.', 1) as gene_id,
    p.gene_symbol,
    p.model_id as cell_model_id,
    'cancer_driver' as label_name,
    case passport_flag(p.cancer_driver) when true then 'driver' when false then 'passenger' end as label_text,
    passport_flag(p.cancer_driver)::BIGINT::DOUBLE as label_value,
    p.model_name,
    p.mutation_set,
    p.reference as upstream_ref,
    p.alternative as upstream_alt,
    try_cast(nullif(split_part(p.ensembl_gene_id, '.', 2), '') as BIGINT) as gene_version,
    p.gene_id as passport_gene_id,
    p.transcript_id,
    passport_text(p.protein_mutation) as protein_mutation,
    passport_text(p.rna_mutation) as rna_mutation,
    passport_text(p.cdna_mutation) as cdna_mutation,
    passport_flag(p.cancer_driver) as cancer_driver,
    passport_flag(p.cancer_predisposition_variant) as cancer_predisposition_variant,
    p.effect as consequence,
    p.vaf,
    passport_flag(p.coding) as coding,
    p.source as sequencing_source,
    p.extra,
    case
        when p.model_id is null then 'model_id is missing'
        when p.cancer_driver is not null and passport_flag(p.cancer_driver) is null
            then 'cancer_driver: ''' || p.cancer_driver || ''' is neither t nor f'
        when p.cancer_predisposition_variant is not null and passport_flag(p.cancer_predisposition_variant) is null
            then 'cancer_predisposition_variant: ''' || p.cancer_predisposition_variant || ''' is neither t nor f'
        when p.coding is not null and passport_flag(p.coding) is null then 'coding: ''' || p.coding || ''' is neither t nor f'
        when p.chromosome is not null and p.chrom is null then 'chromosome: contig ''' || p.chromosome || ''' is not in ' || p.assembly
        when p.chromosome is null and p.position is not null then 'chromosome is missing, though position is ' || p.position
        when p.chromosome is not null and p.position is null then 'position is missing, though chromosome is ' || p.chromosome
        when p.position < 1 then 'position: ' || p.position || ' is before the first base of ' || p.chrom
        when p.position > p.length
            then 'position: ' || p.position || ' is beyond the end of ' || p.chrom || ' (' || p.length || ' bp)'
        when not (p.reference = '-' or is_bases(p.reference))
            then 'reference: ''' || p.reference || ''' is neither - nor a sequence of A, C, G, T or N'
        when not (p.alternative = '-' or is_bases(p.alternative))
            then 'alternative: ''' || p.alternative || ''' is neither - nor a sequence of A, C, G, T or N'
    end as reject_reason
from placed as p
