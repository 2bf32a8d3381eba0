-- Causal eQTLs: rows of the file, before any window is cut.
select
    count(*) as eqtl_rows,
    count(*) filter (split = 'train') as eqtl_train,
    count(*) filter (split = 'train') as eqtl_train_v1,
    count(*) filter (split = 'test') as eqtl_test,
    count(*) filter (split = 'test') as eqtl_test_v1
from lrb_eqtl
