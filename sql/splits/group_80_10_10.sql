-- A split that is drawn for groups known by name: all rows of a group are in one part.
--
--   group_split(name, seed)    VARCHAR    'train', 'validation' or 'test'; the rule of random_split, with half of the name's md5 for an id
--
-- The md5 is taken once, as the parameter of a lambda: an argument of a macro is written out wherever it stands, and the rule has it in
-- thirty-two places.
create or replace macro group_split(name, seed) as
    list_transform([(md5_number_upper(name) >> 1)::BIGINT], lambda half: random_split(half, seed))[1];
