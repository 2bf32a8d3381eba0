-- The diseases of each accepted record: item i of CLNDN with item i of CLNDISDB, empty items counted; for a variant that ClinVar knows only
-- as part of others (neither key is there), CLNDNINCL with CLNDISDBINCL.
-- Input: accepted (the chunk's rows of clinvar_record), typed (the lines that they came from).
with keyed as (
    select source_line, items, info_keys(items) as keys
    from (select source_line, info_items(INFO) as items from typed)
),
texts as (
    select
        source_line,
        info_at(items, keys, 'CLNDN') as names,
        info_at(items, keys, 'CLNDISDB') as ids,
        info_at(items, keys, 'CLNDNINCL') as names_included,
        info_at(items, keys, 'CLNDISDBINCL') as ids_included
    from keyed
),
lists as (
    select
        source_line,
        string_split(case when coalesce(names, ids) is null then names_included else names end, '|') as names,
        string_split(case when coalesce(names, ids) is null then ids_included else ids end, '|') as ids
    from texts
),
items as (
    select a.source, a.source_version, a.record_id, a.source_file, a.source_line, a.sub_row_, l.names, l.ids,
        unnest(range(1, greatest(len(l.names), len(l.ids)) + 1)) as ordinal
    from accepted as a
    join lists as l using (source_line)
)
select
    source, source_version, record_id, ordinal,
    clinvar_name(names[ordinal]) as trait,
    clinvar_ids(ids[ordinal]) as trait_id,
    source_file, source_line
from items
order by source_line, sub_row_, ordinal
