-- No two records of one version of a source share an id.
-- severity: error
select source, source_version, record_id, count(*)::BIGINT as n_times
from history.variant_record
group by source, source_version, record_id
having count(*) > 1
