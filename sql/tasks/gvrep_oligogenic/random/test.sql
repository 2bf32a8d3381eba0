-- The authors' way: the test part of a random 80/10/10 over combinations, seed 42.
select * from gvrep_oligogenic.examples where random_split_42 = 'test'
