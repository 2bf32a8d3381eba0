-- GTF's ninth column: key "value"; key number; … A key may come several times (tag, ont). A value in quotes may hold a semicolon and
-- another key's name, so that the text is cut into pairs from its start; it is null where anything else stands between them.
create or replace macro gtf_is_well_formed(attributes) as
    regexp_full_match(attributes, '\s*([A-Za-z_][A-Za-z0-9_.]*\s+("[^"]*"|[^";\s]+)\s*;\s*)*([A-Za-z_][A-Za-z0-9_.]*\s+("[^"]*"|[^";\s]+)\s*)?');
-- Keys and values, in the file's order: lists of the same length.
create or replace macro gtf_keys(attributes) as
    regexp_extract_all(attributes, '([A-Za-z_][A-Za-z0-9_.]*)\s+(?:"[^"]*"|[^";\s]+)', 1);
create or replace macro gtf_values(attributes) as
    list_transform(
        regexp_extract_all(attributes, '[A-Za-z_][A-Za-z0-9_.]*\s+("[^"]*"|[^";\s]+)', 1),
        lambda value: case when starts_with(value, '"') then value[2:-2] else value end
    );
-- The first value of a key, and all of them; null where the key does not come.
create or replace macro gtf_first(keys, vals, wanted) as nullif(vals[list_position(keys, wanted)], '');
create or replace macro gtf_all(keys, vals, wanted) as
    case when list_contains(keys, wanted) then list_where(vals, list_transform(keys, lambda key: key = wanted)) end;
-- JSON of the keys that no column holds, each with the list of its values.
create or replace macro gtf_others(keys, vals, known) as
    case
        when not list_has_all(known, keys) then
            to_json(
                map_from_entries(
                    list_transform(
                        list_sort(list_distinct(list_filter(keys, lambda key: not list_contains(known, key)))),
                        lambda other: {'k': other, 'v': list_where(vals, list_transform(keys, lambda key: key = other))}
                    )
                )
            )::VARCHAR
    end;
-- Ensembl ids as GENCODE decorates them: ENSG00000182378.15, ….15_PAR_Y for the copy on chrY, ENSGR0000182378.15 for it before release 25,
-- and ….15_2 where the second mapping to GRCh37 is meant.
create or replace macro ensembl_stem(id) as
    regexp_replace(regexp_replace(id, '(\.[0-9]+)?(_[0-9]+)?(_PAR_Y)?(_[0-9]+)?$', ''), '^(ENS[GT])R([0-9]{10})$', '\10\2');
create or replace macro ensembl_version(id) as try_cast(nullif(regexp_extract(id, '\.([0-9]+)(_[0-9]+)?(_PAR_Y)?(_[0-9]+)?$', 1), '') as BIGINT);
create or replace macro ensembl_mapping(id) as
    try_cast(nullif(regexp_extract(id, '\.[0-9]+(?:_PAR_Y)?_([0-9]+)(_PAR_Y)?$', 1), '') as BIGINT);
create or replace macro ensembl_is_par_y(id) as regexp_matches(id, '_PAR_Y(_[0-9]+)?$|^ENS[GT]R[0-9]{10}');

-- Why the place, the strand or the attributes of a row cannot be read; null where they can. Hand in columns: a repeat repeats the text.
create or replace macro gtf_row_reason(seqname, chrom, length, assembly, first, last, strand, is_well_formed) as
    case
        when chrom is null then 'seqname: ''' || coalesce(seqname, '.') || ''' is not a contig of ' || assembly
        when first < 1 then 'start: ' || first || ' is before the first base of ' || chrom
        when first > last then 'start: ' || first || ' is behind end ' || last
        when last > length then 'end: ' || last || ' is beyond the end of ' || chrom || ' (' || length || ' bp)'
        when strand is null or strand not in ('+', '-') then 'strand: ''' || coalesce(strand, '.') || ''' is neither + nor -'
        when not is_well_formed then 'attribute is not of the form key "value"; …'
    end;
