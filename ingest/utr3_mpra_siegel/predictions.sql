-- One row of the file → Saluki's prediction for each example that the oligo is: one number, whatever the cell line.
select
    t.source_line,
    t.n as sub_row,
    f.task,
    md5(upper(t.seq)) || ':' || t.cell_line as example_id,
    f.model,
    f.predictor,
    [t.Prediction]::FLOAT[] as "values",
    case when t.seq is null then 'seq is missing' when t.Prediction is null then 'Prediction is missing' end as reject_reason
from (select *, unnest(['Jurkat', 'Beas2B']) as cell_line, unnest(range(2)) as n from typed) as t
cross join file as f
