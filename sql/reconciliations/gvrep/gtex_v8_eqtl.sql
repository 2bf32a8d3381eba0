-- GTEx v8 eQTL: a row of an egenes file is a tested gene in a tissue with its lead variant.
select
    count(*) as eqtl_records,
    count(*) filter (label_text = 'significant') as eqtl_significant,
    count(*) filter (qval <= 0.05) as eqtl_egenes,
    count(distinct gtex_variant_id) as eqtl_variants,
    count(distinct tissue_name) as eqtl_tissues
from gtex_eqtl
