-- One row is a canonical trait or disease: an ontology term, or a spelling that no term is known for.
create view trait as
select
    trait,  -- canonical name
    trait_id,  -- the term's id (EFO:0004339); null for a mere spelling
    list(distinct source order by source) as sources,  -- sources that name it
    list(distinct alias order by alias) as aliases,  -- all spellings, over all sources; by source in trait_alias
from trait_alias
group by trait, trait_id;
