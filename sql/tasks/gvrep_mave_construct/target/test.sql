-- A fifth of the groups of targets: no gene and no target sequence of a test example is in train. Of the seeds with which the few targets
-- of the smallest simulation fall on both sides, 45 is one; it has no other meaning.
select * from gvrep_mave_construct.examples where group_split(target_group, 45) <> 'train'
