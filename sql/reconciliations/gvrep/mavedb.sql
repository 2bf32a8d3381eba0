-- MaveDB. GV-Rep keeps rows with a nucleotide change and a score, of score sets whose first target is DNA; of at most 1,024 bases where its
-- headline length is asked for. Protein-level rows drop out. The last number of a score set's URN stands behind its experiment's.
with variant_score as (
    select
        urn,
        regexp_replace(urn, '-[0-9]+$', '') as experiment_urn,
        coalesce(target_sequence_type = 'dna', false) and hgvs_nt is not null and score is not null as is_kept,
        target_length
    from mave_score
)
select
    count(*) as mave_variants,
    count(*) filter (is_kept) as mave_records,
    count(*) filter (is_kept and target_length <= 1024) as mave_records_1024,
    count(distinct urn) filter (is_kept) as mave_score_sets_kept,
    count(distinct experiment_urn) filter (is_kept) as mave_experiments_kept
from variant_score
