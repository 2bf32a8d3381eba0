-- GTEx v8 sQTL: a row of an sgenes file is a gene tested for splicing in a tissue with its lead variant and intron.
select
    count(*) as sqtl_records,
    count(*) filter (label_text = 'significant') as sqtl_significant,
    count(*) filter (qval <= 0.05) as sqtl_sgenes,
    count(distinct gtex_variant_id) as sqtl_variants,
    count(distinct tissue_name) as sqtl_tissues
from gtex_sqtl
