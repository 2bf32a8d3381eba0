-- The card's training split: every chromosome but chr9 and chr10.
select * from variant_effect_gene_expression.examples where split = 'train'
