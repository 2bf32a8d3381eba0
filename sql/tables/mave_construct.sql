-- One row is one score of MaveDB as its assay saw it: the score set's target, and the target with the variant's single change in it.
-- Score sets of several targets are left out, whose first target alone is kept, and rows of several changes.
create view mave_construct as
with target as (
    select urn, source_version, n_targets, target_sequence_type, target_sequence, target_length
    from mave_score_set
    where target_sequence is not null
    qualify row_number() over (partition by urn, source_version order by source_file, source_line) = 1
)
select
    m.record_id,                                                -- key of mave_score
    m.source,                                                   -- mavedb
    m.source_version,                                           -- date of the bulk dump, YYYY-MM-DD; undated for files of the API
    m.urn,                                                      -- the score set: key of mave_score_set
    m.accession,                                                -- the variant in its score set
    m.hgvs_nt,                                                  -- nucleotide change relative to the target
    m.score,                                                    -- the score set's score; null for NA
    s.target_sequence as ref_construct,                         -- the target, in bases
    case
        when m.is_wild_type then s.target_sequence
        when m.target_ref = '' then left(s.target_sequence, m.target_pos) || m.target_alt || substr(s.target_sequence, m.target_pos + 1)
        else left(s.target_sequence, m.target_pos - 1) || m.target_alt || substr(s.target_sequence, m.target_end + 1)
    end as alt_construct,                                       -- the target with the change: longer or shorter where bases are inserted or deleted
    s.target_length,                                            -- bases of ref_construct: GV-Rep takes targets of at most seq_len
    m.target_pos,                                               -- 1-based first base of the change in the target; the base before an insertion
    m.target_ref_matches,                                       -- whether bases that hgvs_nt spells are the target's; null where it spells none
    m.is_wild_type,                                             -- whether the row is the target itself
    m.variant_id,                                               -- key of variant, where MaveDB mapped it to one base of a genome
    m.licence,                                                  -- short name of the score set's licence
    m.source_file,                                              -- upstream file
    m.source_line,                                              -- line in that file, 1-based, header included
from mave_score as m
join target as s on s.urn = m.urn and s.source_version = m.source_version
where s.target_sequence_type = 'dna'
    and s.n_targets = 1
    and m.hgvs_nt is not null
    and (m.is_wild_type or (m.n_changes = 1 and m.target_pos is not null and m.target_alt is not null));
