-- The other groups of targets.
select * from gvrep_mave_construct.examples where group_split(target_group, 45) = 'train'
