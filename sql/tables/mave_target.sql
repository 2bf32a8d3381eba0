-- One row is one score set of MaveDB with its only target in bases: a construct that its variants are placed in.
-- Score sets of several targets are left out, whose first target alone is kept.
create view mave_target as
with said as (
    select urn, source_version, n_targets, gene_symbol, gene_id, target_sequence, target_sequence_type, target_length
    from mave_score_set
    where target_sequence is not null
    qualify row_number() over (partition by urn, source_version order by source_file, source_line) = 1
)
select
    urn,                                                        -- the score set: key of mave_score_set
    source_version,                                             -- date of the bulk dump, YYYY-MM-DD; undated for files of the API
    target_sequence,                                            -- the target, in bases, upper case
    target_length,                                              -- its length in bases
    coalesce(
        min(coalesce(gene_symbol, gene_id)) over (partition by target_sequence),
        md5(target_sequence)
    ) as target_group                                           -- what splits keep together: the gene's symbol or id, of any score set of this sequence, else its md5
from said
where target_sequence_type = 'dna' and n_targets = 1;
