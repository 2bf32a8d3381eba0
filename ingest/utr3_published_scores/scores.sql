-- One figure → one row of published_score. Input: typed, and half_width (line of a figure → its half-width, the line of that, and what it is).
with named as (
    select
        t.*,
        h.half_width,
        h.half_width_line,
        h.ci_method,
        t.dataset = 'griesemer_2021' as is_griesemer,
        t.dataset = 'siegel_2022' as is_siegel,
        t.dataset = 'siegel_2022' and ends_with(t.stratum, '|stability') as is_stability,
        t.task = 'variant_effect' and t.predictor <> 'MLP' as is_flipped
    from typed as t
    left join half_width as h on h.figure_line = t.source_line
)

select
    source_line,
    case when is_griesemer then 'utr3_mpra_griesemer' when is_stability then 'utr3_mpra_siegel' end as task,
    model,
    predictor,
    null::VARCHAR as replicate,
    case metric when 'roc_auc' then 'auroc' when 'roc_auc_unrounded' then 'auroc' when 'pearson_r' then 'pearson' else metric end as metric,
    null::VARCHAR as transform,
    case when is_griesemer or is_siegel then 'cell_line' when stratum = 'all' then 'overall' end as stratifier,
    case when is_siegel then split_part(stratum, '|', 1) when stratum <> 'all' then stratum end as stratum,
    nullif(regexp_extract(stratum, '^max_seq_len=([0-9]+)$', 1), '')::BIGINT as seq_len,
    'published' as origin,
    "value",
    round("value" - half_width, 9) as ci_low,
    round("value" + half_width, 9) as ci_high,
    ci_method,
    half_width,
    case when half_width_line is not null then [half_width_line] end as folded_lines,
    case when is_flipped then 'chosen_on_test' end as direction_by,
    case
        when stratum = 'best_predictor' then 'the best of up to eleven predictors of the model, chosen by the labels that it is scored on'
        when is_flipped then 'an AUC below 0.5 was replaced by 1 - AUC after looking at the labels, and where is not said'
        when is_griesemer then 'held-out predictions of a regressor trained on the other genes, on the oligos that lie in one 3''UTR of the authors'' set: fewer '
            || 'than the task has, and by the intervals not as many for every model (15,970 or 5,734)'
        when is_stability then 'held-out predictions of a regressor trained on the other chromosomes, on single-base haplotypes alone: by the intervals more in Beas2B than '
            || 'there are here; that this stability has the numbers of task utr3_mpra_siegel is not verified'
        when is_siegel then 'held-out predictions of a regressor trained on the other chromosomes, on single-base haplotypes; steady state is no task here'
        when metric = 'roc_auc_unrounded' then 'not rounded'
    end as note,
    task as published_task,
    dataset as published_dataset,
    stratum as published_stratum,
    metric as published_metric,
    "source" as reference
from named
