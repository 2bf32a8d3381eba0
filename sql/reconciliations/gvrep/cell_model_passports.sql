-- Cell Model Passports' VCFs. GV-Rep's class is the first of DRV, CPV and NPGL that a line carries (label_text), and of a line's ALTs it
-- reads the first.
select
    count(*) filter (is_first and label_text in ('DRV', 'NPGL')) as cmp_records,
    count(*) filter (is_first and label_text = 'NPGL') as cmp_npgl,
    count(*) filter (is_first and label_text = 'DRV') as cmp_drv,
    count(*) filter (label_text is not null and variant_id is not null and assembly = 'GRCh38') as cmp_examples
from (select *, coalesce(allele_ordinal, 1) = 1 as is_first from cell_model_variant) as line
