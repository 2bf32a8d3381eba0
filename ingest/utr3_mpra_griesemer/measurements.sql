-- One row of the measurements → 18 rows of oligo_measurement: both alleles and their skew, in six cell lines.
with measured as (
    select source_line, mpra_variant_id, unnest([
        {n: 0, cell_line: 'HEK293FT', skew: log2FoldChange_Skew_HEK293FT, of_ref: log2FoldChange_Ref_HEK293FT, of_alt: log2FoldChange_Alt_HEK293FT},
        {n: 1, cell_line: 'HEPG2', skew: log2FoldChange_Skew_HEPG2, of_ref: log2FoldChange_Ref_HEPG2, of_alt: log2FoldChange_Alt_HEPG2},
        {n: 2, cell_line: 'HMEC', skew: log2FoldChange_Skew_HMEC, of_ref: log2FoldChange_Ref_HMEC, of_alt: log2FoldChange_Alt_HMEC},
        {n: 3, cell_line: 'K562', skew: log2FoldChange_Skew_K562, of_ref: log2FoldChange_Ref_K562, of_alt: log2FoldChange_Alt_K562},
        {n: 4, cell_line: 'GM12878', skew: log2FoldChange_Skew_GM12878, of_ref: log2FoldChange_Ref_GM12878, of_alt: log2FoldChange_Alt_GM12878},
        {n: 5, cell_line: 'SKNSH', skew: log2FoldChange_Skew_SKNSH, of_ref: log2FoldChange_Ref_SKNSH, of_alt: log2FoldChange_Alt_SKNSH}
    ]) as line
    from typed
),

spread as (
    select source_line, mpra_variant_id, line.n as n, line.cell_line as cell_line, unnest([
        {n: 0, quantity: 'log2_skew', allele: null, value: line.skew},
        {n: 1, quantity: 'log2_fold_change', allele: 'ref', value: line.of_ref},
        {n: 2, quantity: 'log2_fold_change', allele: 'alt', value: line.of_alt}
    ]) as said
    from measured
)

select
    source_line,
    3 * n + said.n as sub_row,
    mpra_variant_id as variant_name,
    said.allele as allele,
    cell_line,
    said.quantity as quantity,
    said.value as value,
    case when mpra_variant_id is null then 'mpra_variant_id is missing' end as reject_reason
from spread
