-- The ontology terms of each accepted association: name i of MAPPED_TRAIT with item i of MAPPED_TRAIT_URI (gwas_term_names says how they
-- are paired); the trait as the catalogue words it where there are none. Input: accepted (the chunk's rows of gwas_association).
with lists as (
    select
        source, source_version, record_id, source_file, source_line,
        coalesce(mapped_trait, case when mapped_trait_uri is null then trait end) as names,
        list_filter(regexp_split_to_array(coalesce(mapped_trait_uri, ''), '\s*,\s*'), lambda uri: uri <> '') as uris
    from accepted
),
items as (
    select *, gwas_term_names(names, len(uris)) as terms, unnest(range(1, greatest(len(uris), 1) + 1)) as ordinal
    from lists
    where names is not null or len(uris) > 0
)
select
    source, source_version, record_id, ordinal,
    terms[ordinal] as trait,
    uris[ordinal] as trait_id,
    source_file, source_line
from items
order by source_line, ordinal
