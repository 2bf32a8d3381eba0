-- How many test windows share bases with a train window, and how much of a window at most, as windows grow.
-- each: task
-- severity: report
with lengths as (
    select unnest([2048, 16384, 131072, 524288]) as seq_len
),
centred as (
    select split_view, chrom, seq_len, centre - seq_len // 2 as start, centre - seq_len // 2 + seq_len as stop
    from ({anchors}) as a cross join lengths
),
numbered as (  -- a gap opens where a train window starts after everything before it has ended
    select *, max(stop) over (partition by chrom, seq_len order by start rows between unbounded preceding and 1 preceding) as reach
    from centred
    where split_view = 'train'
),
islands as (
    select chrom, seq_len, min(start) as start, max(stop) as stop
    from (
        select *, count(*) filter (reach is null or reach < start) over (partition by chrom, seq_len order by start rows unbounded preceding) as island
        from numbered
    )
    group by chrom, seq_len, island
),
shared as (  -- one range join: each test window against the disjoint stretches that train covers
    select t.seq_len, t.chrom, t.start, sum(least(t.stop, i.stop) - greatest(t.start, i.start)) as bases
    from centred as t
    join islands as i on i.seq_len = t.seq_len and i.chrom = t.chrom and i.start < t.stop and t.start < i.stop
    where t.split_view = 'test'
    group by t.seq_len, t.chrom, t.start
)
select
    seq_len,
    count(*)::BIGINT as n_test_windows_that_overlap,
    max(bases / seq_len) as most_of_a_window,
    avg(bases / seq_len) as share_of_a_window
from shared
group by seq_len
order by seq_len
