-- One row of the file → Saluki's prediction for the pair in the file's cell line whose alternative oligo it is.
select
    t.source_line,
    f.task,
    md5(upper(t.seq)) || ':' || f.cell_line as example_id,
    f.model,
    f.predictor,
    [t.Prediction]::FLOAT[] as "values",
    case when t.seq is null then 'seq is missing' when t.Prediction is null then 'Prediction is missing' end as reject_reason
from typed as t
cross join file as f
