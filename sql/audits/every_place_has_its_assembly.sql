-- A record that stands somewhere on a genome says on which assembly, and a record with a variant_id says where.
-- severity: error
select r.source, r.record_id, r.assembly, r.chrom, r.pos, r.variant_id
from history.variant_record as r
where (r.assembly is null and (r.chrom is not null or r.pos is not null))
    or (r.variant_id is not null and (r.assembly is null or r.chrom is null or r.pos is null))
