-- The diseases of each accepted record: item i of CLNDN with item i of CLNDISDB, empty items counted; for a variant that ClinVar knows only
-- as part of others (neither key is there), CLNDNINCL with CLNDISDBINCL.
-- Input: accepted (the chunk's rows of clinvar_record), typed (the lines that they came from).
-- A list is cut before its percent escapes are decoded, lest %7C become a separator: where INFO has any, the text is taken from there.
with texts as (
    select
        a.source, a.source_version, a.record_id, a.source_file, a.source_line, a.sub_row_,
        case when contains(t.INFO, '%') then t.info_item.CLNDN else a.clndn end as names,
        case when contains(t.INFO, '%') then t.info_item.CLNDISDB else a.clndisdb end as ids,
        case when contains(t.INFO, '%') then t.info_item.CLNDNINCL else a.clndnincl end as names_included,
        case when contains(t.INFO, '%') then t.info_item.CLNDISDBINCL else a.clndisdbincl end as ids_included
    from accepted as a
    join typed as t using (source_line)
),
lists as (
    select
        * exclude (names, ids, names_included, ids_included),
        string_split(case when coalesce(names, ids) is null then names_included else names end, '|') as names,
        string_split(case when coalesce(names, ids) is null then ids_included else ids end, '|') as ids
    from texts
),
items as (
    select
        * exclude (names, ids),
        unnest(range(1, greatest(len(names), len(ids)) + 1)) as ordinal,
        unnest(names) as name,
        unnest(ids) as id
    from lists
)
select
    source, source_version, record_id, ordinal,
    clinvar_name(name) as trait,
    clinvar_ids(id) as trait_id,
    source_file, source_line
from items
order by source_line, sub_row_, ordinal
