-- The part of the random split that is stored with a record is the one that its id and the seed draw.
-- severity: error
with stored as (
    select source, source_version, record_id, random_split_42 from history.clinvar_record
    union all
    select source, source_version, record_id, random_split_42 from history.gtex_eqtl
    union all
    select source, source_version, record_id, random_split_42 from history.gtex_sqtl
    union all
    select source, source_version, record_id, random_split_42 from history.gwas_association
    union all
    select source, source_version, record_id, random_split_42 from history.mave_score
    union all
    select source, source_version, record_id, random_split_42 from history.knockout_score
    union all
    select source, source_version, record_id, random_split_42 from history.cell_model_variant
    union all
    select source, source_version, record_id, random_split_42 from history.verified_variant
    union all
    select source, source_version, record_id, random_split_42 from history.combination
)
select source, source_version, record_id, random_split_42 as stored, random_split(record_id, 42) as drawn
from stored
where random_split_42 <> random_split(record_id, 42)
