-- All CAGE windows of a version are equally wide (which of the two widths it is stands in source_file.facts).
-- severity: error
select source_version, "end" - start as width_bp, count(*)::BIGINT as n_windows
from cage_window
group by source_version, "end" - start
qualify count(*) over (partition by source_version) > 1
