-- The card's training split: every chromosome but chr8.
select * from bulk_rna_expression.examples where split = 'train'
