-- One row is an id under which a source knows a cell model, with the one id that the store goes by: Sanger's SIDM… where any DepMap
-- release in the store knows it, else DepMap's ACH-…, else the name as given. The order in which files came makes no difference.
create view cell_bridge as
with depmap as (  -- the newest release that knows a model speaks for it
    select
        model_id,
        arg_max(sanger_model_id, source_version) as sanger_model_id,
        arg_max(model_key, source_version) as model_key
    from history.depmap_model
    group by model_id
),
named as (  -- a name is taken for a model only where no two models go by it
    select model_key, min(cell_model_id) as cell_model_id
    from (
        select model_key, coalesce(sanger_model_id, model_id) as cell_model_id from depmap
        union
        select model_key, model_id from history.project_score_model
    ) as names
    group by model_key
    having count(distinct cell_model_id) = 1
),
given as (
    select 'depmap' as source, model_id, null as model_key from depmap
    union
    select source, model_id, null from history.project_score_model
    union
    select source, model_id, case when not regexp_full_match(model_id, '(SIDM|ACH-)[0-9]+') then model_key end from history.knockout_screen
)
select
    g.source,    -- the source that knows the model by this id
    g.model_id,  -- the id, as the source has it
    min(coalesce(d.sanger_model_id, n.cell_model_id, g.model_id)) as cell_model_id,  -- canonical id of the cell model
    case
        when min(d.sanger_model_id) is not null then 'sanger id'
        when min(n.cell_model_id) is not null then 'name'
        else 'as given'
    end as matched_by,  -- what made the canonical id: DepMap's Sanger id, a name that one model alone has, or nothing
from given as g
left join depmap as d on d.model_id = g.model_id
left join named as n on n.model_key = g.model_key
group by g.source, g.model_id;
