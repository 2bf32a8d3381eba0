-- One row is a set of predictions: what one model says of a task in one way, with one seed; of the split and window named, if any is.
create table predictor (
    task            VARCHAR NOT NULL,  -- name of the task
    model           VARCHAR NOT NULL,  -- name of the model, key of model
    predictor       VARCHAR NOT NULL,  -- name of the way: zero_shot where the model was not trained on the task
    replicate       VARCHAR,           -- seed or replicate; null where there is one only
    about           VARCHAR,           -- what was done to get a number
    "window"        VARCHAR,           -- window policy that sequences were cut by, lrb or strict; null where the provider does not say
    seq_len         BIGINT,            -- window length in bp; null where the provider does not say
    split_scheme    VARCHAR,           -- split scheme, where the set is for one split; null where it is for all examples
    split           VARCHAR,           -- split that was predicted, likewise
    settings        VARCHAR,           -- JSON: all settings of the data set that was predicted; null where the provider does not say
    release         VARCHAR,           -- release of the store that the examples came from; null for a source's
    fingerprint     VARCHAR,           -- fingerprint of the data set that was predicted; null for a source's
    n               BIGINT NOT NULL,   -- predictions in the set
    n_missing       BIGINT,            -- examples of the split without one, where that was allowed
    kept_at         VARCHAR,           -- when a user put it into the store, ISO 8601 in UTC; null for a source's
    source          VARCHAR NOT NULL,  -- name of the source that the numbers came with; user for a user's own
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT             -- null: the file as a whole is meant
);
