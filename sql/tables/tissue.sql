-- One row is a canonical tissue (or cell type): tissue = 'Liver' means the same in every source.
create view tissue as
select
    tissue,                                         -- canonical name
    count(distinct source)::BIGINT as n_sources,    -- sources that use it, the built-in vocabulary included
    list(distinct alias order by alias) as aliases  -- all spellings, over all sources; by source in tissue_alias
from tissue_alias
group by tissue;
