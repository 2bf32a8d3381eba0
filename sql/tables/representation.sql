-- One row is a model's representation (embedding) of one example of a task, or of one variant.
-- unique: task, example_id, variant_id, model, layer
-- rows_per_group: 8192
create table representation (
    task            VARCHAR,           -- name of the task; null where it is of a variant
    example_id      VARCHAR,           -- id of the example, unique in the task; null where it is of a variant
    variant_id      VARCHAR,           -- key of variant; null where it is of an example
    model           VARCHAR NOT NULL,  -- name of the model, key of model
    layer           VARCHAR NOT NULL,  -- which of the model's representations: a layer, a way of pooling; key of representation_set
    vector          FLOAT[] NOT NULL check (len(vector) > 0),  -- the numbers, as many as the set's dimension
    source          VARCHAR NOT NULL,  -- name of the source that the numbers came with; user for a user's own
    source_version  VARCHAR NOT NULL,  -- the provider's version; of a user's set, what tells it from others
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL    -- row in that file, 1-based
);
