-- The card's test split: chr9 and chr10.
select * from variant_effect_gene_expression.examples where split = 'test'
