-- The authors' way: the validation part of a random 80/10/10 over records, seed 42: all questions about a record stand together.
select * from gvrep_clinvar_clndn.examples where random_split_42 = 'validation'
