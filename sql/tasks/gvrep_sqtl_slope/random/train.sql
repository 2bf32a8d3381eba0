-- The authors' way: the train part of a random 80/10/10 over records, seed 42.
select * from gvrep_sqtl_slope.examples where random_split_42 = 'train'
