-- One row is a spelling that a source uses for a cell model: an id or a name.
create view cell_model_alias as
with spelt as (
    select source, model_id, model_id as alias, 'id' as kind from cell_bridge
    union
    select source, model_id, unnest([model_name, stripped_cell_line_name, ccle_name]), 'name' from history.depmap_model
    union
    select source, model_id, unnest([rrid, sanger_model_id]), 'id' from history.depmap_model
    union
    select source, model_id, model_name, 'name' from history.project_score_model
    union
    select source, model_id, model_name, 'name' from history.knockout_screen
)
select
    s.source,         -- the source that spells it so
    s.alias,          -- the spelling
    b.cell_model_id,  -- the canonical id that it stands for, key of cell_model
    min(s.kind) as kind,  -- id or name; a name, and a Cellosaurus id too, may stand for several models
from spelt as s
join cell_bridge as b on b.source = s.source and b.model_id = s.model_id
where s.alias is not null
group by all;
