-- One row is a cell model over all sources: a cell line, an organoid. Its other ids and names are in cell_model_alias.
create view cell_model as
with said as (
    select b.cell_model_id, 1 as rank, m.model_id, m.model_name, m.tissue, m.cancer_type, m.source
    from depmap_model as m
    join cell_bridge as b on b.source = m.source and b.model_id = m.model_id
    union all
    select b.cell_model_id, 2, m.model_id, m.model_name, m.tissue, m.cancer_type, m.source
    from project_score_model as m
    join cell_bridge as b on b.source = m.source and b.model_id = m.model_id
    union all
    select b.cell_model_id, 3, s.model_id, s.model_name, null, null, s.source
    from knockout_screen as s
    join cell_bridge as b on b.source = s.source and b.model_id = s.model_id
)
select
    cell_model_id,                                                          -- canonical id: SIDM… where known, else ACH-…, else a name
    first(model_name order by rank, model_id) filter (where model_name is not null) as model_name,  -- name, DepMap's before Project Score's
    first(tissue order by rank, model_id) filter (where tissue is not null) as tissue,  -- canonical tissue
    first(cancer_type order by rank, model_id) filter (where cancer_type is not null) as cancer_type,  -- disease, in its source's words
    list(distinct model_id order by model_id) filter (where model_id like 'ACH-%') as depmap_ids,  -- DepMap ids; two models may share a Sanger id
    list(distinct source order by source) as sources,                       -- sources that know it
from said
group by cell_model_id;
