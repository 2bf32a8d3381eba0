-- The authors' way: the validation part of a random 80/10/10 over records, seed 42.
select * from gvrep_gwas.examples where random_split_42 = 'validation'
