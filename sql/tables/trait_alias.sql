-- One row is a spelling that a source uses for a trait or disease, with the canonical trait that it stands for; several rows where a
-- catalogue's trait is mapped to several terms.
create view trait_alias as
with written as (
    select distinct source, trait, trait_id from record_trait where trait is not null
),
said as (
    select source, trait as alias, trait_curie(trait_id) as id, case when starts_with(trait_id, 'http') then 1 else 2 end as rank
    from written
    union
    select source, efo_term, trait_curie(efo_uri), 0 from trait_mapping
    union
    select source, disease_trait, trait_curie(efo_uri), 3 from trait_mapping
),
names as (
    select id, min({'rank': rank, 'alias': alias}).alias as name from said where id is not null group by id
),
spellings as (
    select distinct lower(alias) as spelling, id from said where id is not null
)
select distinct
    s.source as source,  -- the source that spells it so
    s.alias as alias,  -- the spelling
    coalesce(n.name, s.alias) as trait,  -- the canonical name: the ontology's, as the trait mappings or else the sources give it; the spelling itself where no id is known
    coalesce(s.id, k.id) as trait_id,  -- the term's id (MONDO:0005148); that of the same spelling elsewhere where the source gives none
from said as s
left join spellings as k on s.id is null and k.spelling = lower(s.alias)
left join names as n on n.id = coalesce(s.id, k.id);
