-- Bulk RNA expression: a gene is a row of the matrix.
select
    count(*) as bulk_rna_genes,
    count(*) filter (split = 'train') as bulk_rna_train,
    count(*) filter (split = 'test') as bulk_rna_test,
    (select count(*) from expression_track) as bulk_rna_tracks
from lrb_gene
