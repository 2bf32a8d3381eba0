-- One row is a way of predicting a task with a model, and how many predictions one file holds that were made so.
create table predictor (
    task            VARCHAR NOT NULL,  -- name of the task
    model           VARCHAR NOT NULL,  -- name of the model, key of model
    predictor       VARCHAR NOT NULL,  -- name of the way: zero_shot where the model was not trained on the task
    about           VARCHAR,           -- what was done to get a number
    "window"        VARCHAR,           -- window policy that sequences were cut by, lrb or strict; null where the provider does not say
    seq_len         BIGINT,            -- window length in bp; null where the provider does not say
    n               BIGINT NOT NULL,   -- rows of prediction that the file holds
    source          VARCHAR NOT NULL,  -- name of the source that the numbers came with
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL    -- line in that file, 1-based, header included; 1 where the file as a whole is meant
);
