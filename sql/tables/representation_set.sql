-- One row is a set of representations: one layer of a model, for the examples of a task or for variants.
create table representation_set (
    task            VARCHAR,           -- name of the task; null where the set is keyed by variant
    model           VARCHAR NOT NULL,  -- name of the model, key of model
    layer           VARCHAR NOT NULL,  -- which of the model's representations: a layer, a way of pooling; as_given where nobody says
    about           VARCHAR,           -- what was done to get the numbers: context length, pooling
    dimension       BIGINT NOT NULL,   -- numbers in a vector
    dtype           VARCHAR NOT NULL check (dtype in ('float16', 'float32', 'float64')),  -- of the numbers as they were given; they are kept as float32
    metric          VARCHAR NOT NULL check (metric in ('cosine', 'euclidean')),  -- distance that neighbours are to be found by, if nothing else is said
    n               BIGINT NOT NULL,   -- vectors in the set
    n_missing       BIGINT,            -- examples of the task without one; null where the set is keyed by variant
    release         VARCHAR,           -- release of the store that the examples or variants came from; null for a source's
    kept_at         VARCHAR,           -- when a user put it into the store, ISO 8601 in UTC; null for a source's
    source          VARCHAR NOT NULL,  -- name of the source that the numbers came with; user for a user's own
    source_version  VARCHAR NOT NULL,  -- the provider's version; of a user's set, what tells it from others
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT             -- null: the file as a whole is meant
);
