-- One row is a model's numbers for one example of a task.
-- unique: task, example_id, model, predictor, replicate
create table prediction (
    task            VARCHAR NOT NULL,  -- name of the task
    example_id      VARCHAR NOT NULL,  -- id of the example, unique in the task
    model           VARCHAR NOT NULL,  -- name of the model, key of model
    predictor       VARCHAR NOT NULL,  -- way of predicting with it, key of predictor: zero_shot where it was not trained on the task
    replicate       VARCHAR,           -- seed or replicate; null where there is one only
    "values"        FLOAT[] NOT NULL check (len("values") > 0),  -- the numbers, of the shape that the task declares, flattened row by row: one for a scalar label
    source          VARCHAR NOT NULL,  -- name of the source that the numbers came with
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT NOT NULL    -- line in that file, 1-based, header included
);
