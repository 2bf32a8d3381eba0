-- Every example of a task has an id of its own.
-- each: task
-- severity: error
select example_id, count(*)::BIGINT as n_times
from {task}.examples
group by example_id
having count(*) > 1
