-- The authors' way: the train part of a random 80/10/10 over records, seed 42.
select * from gvrep_gene_knockout.examples where random_split_42 = 'train' order by record_id
