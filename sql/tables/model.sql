-- One row is a model as one source of predictions or published scores tells of it; two sources may both tell of one.
create table model (
    model           VARCHAR NOT NULL,  -- name of the model
    title           VARCHAR,           -- its name in full
    about           VARCHAR,           -- what kind of model it is and what it was trained on
    reference       VARCHAR,           -- where it is published
    source          VARCHAR NOT NULL,  -- name of the source that tells of it
    source_version  VARCHAR NOT NULL,  -- the provider's version
    source_file     VARCHAR NOT NULL,  -- upstream file
    source_line     BIGINT             -- null: the file as a whole is meant
);
