-- The card's test split: chr8.
select * from bulk_rna_expression.examples where split = 'test'
