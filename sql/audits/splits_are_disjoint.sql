-- No example is in two splits of a task's default scheme.
-- each: task
-- severity: error
select example_id, list(split_view order by split_view) as splits
from ({splits})
group by example_id
having count(distinct split_view) > 1
