-- Every resolved member's variant_id is a row of variant, and every other member says why it has none.
-- severity: error
select m.source, m.combination_id, m.ordinal, m.assembly, m.variant_id
from combination_member as m
left join variant as v using (variant_id)
where (m.variant_id is null) <> (m.unresolved is not null)
   or (m.variant_id is not null and v.variant_id is null)
