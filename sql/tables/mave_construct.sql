-- One row is one score of MaveDB as its assay saw it: the score set's target, and the target with the variant's changes in it.
-- Score sets of several targets are left out, and rows with a change that is not understood (hgvs_change says which are).
create view mave_construct as
with joined as (
    select m.*, t.target_sequence, t.target_group, length(t.target_sequence) as n_bases
    from mave_score as m
    join mave_target as t on t.urn = m.urn and t.source_version = m.source_version
    where m.hgvs_nt is not null
),

-- Single changes are in mave_score; the others are read from the text. A list of one or none, unnested, is a row or none: a condition that
-- a change is there would have DuckDB work it out twice.
told as (
    select
        j.*,
        unnest(list_filter([
            case
                when j.is_wild_type then {
                    first: case when j.target_pos between 1 and j.n_bases then j.target_pos else j.n_bases // 2 + 1 end,
                    ref: substr(j.target_sequence, case when j.target_pos between 1 and j.n_bases then j.target_pos else j.n_bases // 2 + 1 end, 1),
                    alt: substr(j.target_sequence, case when j.target_pos between 1 and j.n_bases then j.target_pos else j.n_bases // 2 + 1 end, 1),
                    matches: null::BOOLEAN
                }
                when j.n_changes = 1 and j.target_pos is not null and j.target_alt is not null then {
                    first: case when j.target_ref = '' then j.target_end else j.target_pos end,
                    ref: coalesce(
                        j.target_ref,
                        case when j.target_end <= j.n_bases then substr(j.target_sequence, j.target_pos, j.target_end - j.target_pos + 1) end
                    ),
                    alt: j.target_alt,
                    matches: j.target_ref_matches
                }
                when not starts_with(j.hgvs_nt, 'NC_') then hgvs_stretch(
                    regexp_extract(j.hgvs_nt, '^(?:[^:]+:)?[cngmo]\.\[?([^:\[\]]+)\]?$', 1),
                    j.target_sequence
                )::STRUCT("first" BIGINT, "ref" VARCHAR, alt VARCHAR, matches BOOLEAN)
            end
        ], lambda hgvs_told: hgvs_told is not null)) as change
    from joined as j
),

-- VCF keeps a base in each allele: the one before what goes or comes, or the one after where that is the target's first base.
placed as (
    select
        *,
        coalesce(change.ref = '' or (change.ref is not null and change.alt = ''), false) as is_anchored,
        case
            when not coalesce(change.ref = '' or (change.ref is not null and change.alt = ''), false) then ''
            when change.first > 1 then substr(target_sequence, change.first - 1, 1)
            else substr(target_sequence, change.first + length(change.ref), 1)
        end as anchor
    from told
)

select
    record_id,                                                  -- key of mave_score
    random_split_42,                                            -- part of this record in the random split under seed 42: train (8 of 10), validation or test
    source,                                                     -- mavedb
    source_version,                                             -- date of the bulk dump, YYYY-MM-DD; undated for files of the API
    urn,                                                        -- the score set: key of mave_target
    accession,                                                  -- the variant in its score set
    hgvs_nt,                                                    -- nucleotide change relative to the target
    score,                                                      -- the score set's score; null for NA
    case when is_anchored and change.first > 1 then change.first - 1 else change.first end as pos,  -- 1-based first base of REF in the target; of the wild type its place, else the target's middle
    case when change.first > 1 then anchor || change.ref else change.ref || anchor end as ref,  -- REF in the target: from the first base that is changed to the last, as hgvs_nt spells them, else the target's; with the base before where bases only go or come (VCF)
    case when change.first > 1 then anchor || change.alt else change.alt || anchor end as alt,  -- ALT in its place; for the wild type that base again
    target_sequence as ref_construct,                           -- the target, in bases
    case
        when is_wild_type then target_sequence
        when change.first - 1 + length(change.ref) <= n_bases
            then left(target_sequence, change.first - 1) || change.alt || substr(target_sequence, change.first + length(change.ref))
    end as alt_construct,                                       -- the target with the changes: longer or shorter where bases are inserted or deleted; null where they are not on it
    n_bases as target_length,                                   -- bases of ref_construct: GV-Rep takes targets of at most seq_len
    target_group,                                               -- what splits keep together, see mave_target
    target_pos,                                                 -- 1-based first base of a single change in the target; the base before an insertion
    change.matches as target_ref_matches,                       -- whether bases that hgvs_nt spells are the target's; null where it spells none
    n_changes,                                                  -- changes in hgvs_nt: 2 for c.[1A>T;2C>G], 0 for the wild type
    is_wild_type,                                               -- whether the row is the target itself
    is_synonymous,                                              -- whether the protein stays as it is
    hgvs_pro,                                                   -- protein change relative to the target
    gene_id,                                                    -- Ensembl gene id without its version, where the score set has exactly one
    gene_symbol,                                                -- symbol that MaveDB mapped the target to
    target_name,                                                -- name of the target
    variant_id,                                                 -- key of variant, where MaveDB mapped it to one base of a genome
    licence,                                                    -- short name of the score set's licence
    source_file,                                                -- upstream file
    source_line,                                                -- line in that file, 1-based, header included
from placed;
