-- One row of the file → Saluki's prediction for each example that its two oligos are: one number for an allele, whatever the cell line.
with told as (
    select
        source_line,
        mpra_variant_id,
        Ref_pred,
        Alt_pred,
        unnest(['HEK293FT', 'HEPG2', 'HMEC', 'K562', 'GM12878', 'SKNSH']) as cell_line,
        unnest(range(6)) as n
    from typed
),

spread as (
    select *, unnest([{k: 0, allele: 'ref', predicted: Ref_pred}, {k: 1, allele: 'alt', predicted: Alt_pred}]) as said
    from told
)

select
    s.source_line,
    2 * s.n + said.k as sub_row,
    f.task,
    s.mpra_variant_id || ':' || said.allele || ':' || s.cell_line as example_id,
    f.model,
    f.predictor,
    [said.predicted]::FLOAT[] as "values",
    case
        when s.mpra_variant_id is null then 'mpra_variant_id is missing'
        when s.Ref_pred is null then 'Ref_pred is missing'
        when s.Alt_pred is null then 'Alt_pred is missing'
    end as reject_reason
from spread as s
cross join file as f
