-- GV-Rep's way of splitting: 80 % train, 10 % validation, 10 % test, drawn at random over records. Membership is a function of the record's id
-- and the seed alone, so it is the same in every store, and stays with a record when others come or go; torch's random_split, which
-- the authors call, depends on the order and number of rows. One variant may stand in train and test: that is the authors' leak, kept by name.
--
-- What has been drawn is stored: the column random_split_42 of a table of records is the part of each row under seed 42, the authors' default.
-- A store thus keeps its splits, whatever becomes of this rule; the audit stored_splits_are_drawn compares the two. Another stored seed is
-- another such column; random_split(record_id, 7) draws with any seed.
--
-- The draw: both halves of the id folded into 32 bits, the seed added as a multiple of 2^32 / golden ratio (Knuth, TAOCP 3, 6.4), then
-- Mueller's integer hash (two rounds of shift and multiply, whose products stay within BIGINT), modulo 10.
-- record_id: BIGINT, 0 or more; seed: a whole number from 0 to 2^31.
create or replace macro low_32(number) as number & 4294967295;
create or replace macro folded_32(number) as xor(number, number >> 16);
create or replace macro hashed_32(number) as folded_32(low_32(folded_32(low_32(folded_32(number) * 73244475)) * 73244475));
create or replace macro tenth(record_id, seed) as hashed_32(low_32(xor(low_32(record_id), record_id >> 32) + seed * 2654435769)) % 10;
create or replace macro random_split(record_id, seed) as
    case tenth(record_id, seed) when 8 then 'validation' when 9 then 'test' else 'train' end;
