-- GV-Rep's way of splitting: 80 % train, 10 % validation, 10 % test, drawn at random over records. Membership is a function of the example's id
-- and the seed alone, so it is the same in every store, and stays with an example when others come or go; torch's random_split, which
-- the authors call, depends on the order and number of rows. One variant may stand in train and test: that is the authors' leak, kept by name.
create or replace macro random_split(example_id, seed) as
    case (md5_number_upper(seed::VARCHAR || ':' || example_id) % 10)::BIGINT
        when 8 then 'validation'
        when 9 then 'test'
        else 'train'
    end;
