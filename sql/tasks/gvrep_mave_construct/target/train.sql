-- The other groups of targets.
select * from gvrep_mave_construct.examples where random_split((md5_number_upper(target_group) >> 1)::BIGINT, 45) = 'train'
