-- One row per flagged variant of a cell model (INFO carries DRV, CPV or NPGL), with both alleles spelt out in bases, and what the list of
-- models says about the model. A row without a flag has no label of GV-Rep's and is no example; it stays in cell_model_variant.
with model as (
    -- One row a model, should two lists of one version have been given.
    select
        cell_model_id,
        min(model_name) as model_name,
        min(tissue) as tissue,
        min(cancer_type) as cancer_type,
        min(broad_id) as broad_id
    from passport_model
    group by cell_model_id
)
select
    v.record_id::VARCHAR as example_id,
    v.assembly,
    v.chrom,
    v.pos,                           -- 1-based: the window's anchor
    v.ref,
    v.alt,
    replace(v.chrom, 'chr', '') as chromosome,
    v.is_drv::BIGINT as label,       -- corrected: a cancer driver, whatever other flags there are
    v.label_text as gvrep_flag,      -- GV-Rep's label: the first of DRV, CPV, NPGL
    case v.label_text when 'DRV' then 1 when 'NPGL' then 0 end::BIGINT as gvrep_label,  -- its two published classes; null for CPV
    regexp_replace(v.source_file, '\.vcf(\.gz)?$', '') as gvrep_annotation,             -- its annotation: the file's stem
    v.cell_model_id,
    m.model_name,                    -- the model's name, as the list of models has it; null where no list was given
    m.tissue,                        -- canonical tissue that the model was taken from
    m.cancer_type,                   -- kind of cancer
    m.broad_id,                      -- DepMap's id of the model
    v.sequencing_source,
    v.gene_symbol,
    v.transcript_id,
    v.protein_mutation,
    v.cdna_mutation,
    v.consequence as molecular_consequence,
    v.is_drv,
    v.is_cpv,
    v.is_npgl,
    v.variant_id,
    v.rs_id,
    v.record_id,
    v.random_split_42,
    v.source_file,
    v.source_line
from cell_model_variant as v
left join model as m using (cell_model_id)
where v.label_text is not null and v.variant_id is not null and v.assembly = 'GRCh38'
order by v.source_file, v.source_line  -- of files in upstream's order: a join keeps none
