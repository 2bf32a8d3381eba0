-- Every record's variant_id is a row of variant.
-- severity: error
select r.source, r.record_id, r.variant_id
from variant_record as r
anti join variant as v using (variant_id)
where r.variant_id is not null
