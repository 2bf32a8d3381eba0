-- Every row of record_trait belongs to a record.
-- severity: error
select t.source, t.record_id, t.trait
from history.record_trait as t
anti join history.variant_record as r using (record_id)
