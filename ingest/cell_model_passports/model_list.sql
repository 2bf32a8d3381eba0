-- One row of a list of models → one row of passport_model. Input: typed (upstream's columns with their types).
-- A name that differs from upstream's in case alone needs an expression: DuckDB would keep upstream's case for the bare column.
select
    t.source_line,
    t.model_id as cell_model_id,
    t.model_name,
    coalesce(v.tissue, tissue_plain(t.tissue)) as tissue,
    t.tissue as tissue_as_given,
    t.cancer_type,
    t.cancer_type_detail,
    nullif(t.BROAD_ID, '') as broad_id,
    nullif(t.CCLE_ID, '') as ccle_id,
    nullif(t.COSMIC_ID, '') as cosmic_id,
    nullif(t.RRID, '') as rrid,
    t.synonyms,
    t.model_type,
    t.growth_properties,
    t.tissue_status,
    t.sample_site,
    t.msi_status,
    t.extra
from typed as t
left join tissue_vocabulary as v on v.key = tissue_key(t.tissue)
