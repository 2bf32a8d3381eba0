-- HGVS of nucleotides, applied to a sequence. 1-based positions, as HGVS counts; only positions along the sequence itself are understood
-- (no c.-12, c.88+2), and bases that are spelt out.

-- A change cut into its parts, at its bases a … b; see hgvs_change.
create or replace macro hgvs_located(part, a, b, sequence) as
    case
        when part.change = '' or a < 1 or b > length(sequence) or b < a then null
        when part.inserted <> '' then
            case when b = a + 1 then {first: b, last: a, ref: '', alt: part.inserted, matches: null::BOOLEAN} end
        when starts_with(part.change, 'dup') then
            case when part.doubled = '' or length(part.doubled) = b - a + 1 then {
                first: b + 1, last: b, ref: '', alt: coalesce(nullif(part.doubled, ''), substr(sequence, a, b - a + 1)),
                matches: nullif(part.doubled, '') = substr(sequence, a, b - a + 1)
            } end
        when part.change = 'inv' then
            case when b > a then {
                first: a, last: b, ref: substr(sequence, a, b - a + 1),
                alt: reverse(translate(substr(sequence, a, b - a + 1), 'ACGT', 'TGCA')), matches: null::BOOLEAN
            } end
        when concat(part.was, part.deleted) <> '' and length(concat(part.was, part.deleted)) <> b - a + 1 then null
        else {
            first: a, last: b,
            ref: coalesce(nullif(concat(part.was, part.deleted), ''), substr(sequence, a, b - a + 1)),
            alt: case when part.change = '=' then substr(sequence, a, b - a + 1) else concat(part.becomes, part.replaced) end,
            matches: nullif(concat(part.was, part.deleted), '') = substr(sequence, a, b - a + 1)
        }
    end;

-- (A lambda over a list of one is a name for a value that is used more than once: a macro's argument is worked out anew at each use.)
--
-- One change: the bases first … last of the sequence become alt. An insertion, or what a duplication adds, stands before base "first" and
-- has last = first - 1. ref: the bases as HGVS spells them, else the sequence's; matches: whether those that are spelt are the
-- sequence's, null where none are. Null where the change is not understood, or is not on the sequence.
create or replace macro hgvs_change(change, sequence) as (
    list_transform(
        [regexp_extract(
            change,
            '^(\d+)(?:_(\d+))?(=|([ACGT]+)>([ACGT]+)|del([ACGT]*)(?:ins([ACGT]+))?|ins([ACGT]+)|dup([ACGT]*)|inv)$',
            ['first', 'last', 'change', 'was', 'becomes', 'deleted', 'replaced', 'inserted', 'doubled']
        )],
        lambda hgvs_part: hgvs_located(
            hgvs_part,
            try_cast(hgvs_part.first as BIGINT),
            try_cast(coalesce(nullif(hgvs_part.last, ''), nullif(hgvs_part.first, '')) as BIGINT),
            sequence
        )
    )[1]
);

-- Sorted changes as one; see hgvs_stretch.
create or replace macro hgvs_joined(sorted, sequence) as
    case when len(list_filter(
        sorted,
        lambda hgvs_one, hgvs_i: hgvs_one is null or (hgvs_i > 1 and (
            hgvs_one.first <= sorted[hgvs_i - 1].last
            or (hgvs_one.first = sorted[hgvs_i - 1].first and hgvs_one.last = sorted[hgvs_i - 1].last)
        ))
    )) = 0 then {
        first: sorted[1].first,
        last: sorted[-1].last,
        ref: list_aggregate(list_transform(sorted, lambda hgvs_one, hgvs_i: case
            when hgvs_i = 1 then hgvs_one.ref
            else substr(sequence, sorted[hgvs_i - 1].last + 1, hgvs_one.first - sorted[hgvs_i - 1].last - 1) || hgvs_one.ref
        end), 'string_agg', ''),
        alt: list_aggregate(list_transform(sorted, lambda hgvs_one, hgvs_i: case
            when hgvs_i = 1 then hgvs_one.alt
            else substr(sequence, sorted[hgvs_i - 1].last + 1, hgvs_one.first - sorted[hgvs_i - 1].last - 1) || hgvs_one.alt
        end), 'string_agg', ''),
        matches: list_bool_and(list_transform(sorted, lambda hgvs_one: hgvs_one.matches))
    } end;

-- Changes as one: from the first base that any of them touches to the last, with the sequence's own bases between them. Each is placed in
-- the sequence as it was before, so that none moves another. Null where one is not understood, or two touch the same bases.
create or replace macro hgvs_stretch(changes, sequence) as (
    list_transform(
        [list_sort(list_transform(string_split(changes, ';'), lambda hgvs_text: hgvs_change(hgvs_text, sequence)))],
        lambda hgvs_sorted: hgvs_joined(hgvs_sorted, sequence)
    )[1]
);
