-- The other groups of targets.
select * from gvrep_mave_construct.examples where random_split(target_group, 13) = 'train'
