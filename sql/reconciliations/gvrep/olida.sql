-- OLIDA. GV-Rep's loader asks for FINALmeta of 1 and more, and for places on GRCh38 and alleles of the first two variants.
with resolved as (
    select record_id
    from olida_member
    where assembly = 'GRCh38' and ordinal <= 2 and variant_id is not null
    group by record_id
    having count(*) = 2
)
select
    count(*) as olida_combinations,
    count(*) filter (final_meta >= 1) as olida_combinations_kept,
    count(*) filter (final_meta >= 1 and r.record_id is not null) as olida_combinations_usable,
    count(distinct disease) as olida_diseases,
    count(distinct disease) filter (final_meta >= 1) as olida_diseases_kept
from olida_combination as c
left join resolved as r using (record_id)
