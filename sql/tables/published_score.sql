-- One row is a score that somebody published: one metric of one predictor on one stratum, in the columns of score as far as they are said,
-- with where it stands. Nothing in it was computed here, and how many examples it stands on is mostly not said.
create table published_score (
    record_id         BIGINT NOT NULL,   -- key of the record
    task              VARCHAR,           -- name of the task here that asks the same of the same assay, the note says with which difference; null where there is none
    model             VARCHAR NOT NULL,  -- name of the model, as published
    predictor         VARCHAR NOT NULL,  -- way of predicting with it, as published
    replicate         VARCHAR,           -- seed or replicate; null where none is said
    metric            VARCHAR NOT NULL,  -- name of the metric here; as published where there is none of the kind
    transform         VARCHAR,           -- transform of the labels before scoring; null where not said
    stratifier        VARCHAR,           -- what the strata are by, as in score; overall for all rows together; null where there is no such stratifier here
    stratum           VARCHAR,           -- name of the stratum under that stratifier; as published where there is none
    seq_len           BIGINT,            -- window length; null where not said
    origin            VARCHAR NOT NULL check (origin = 'published'),  -- published
    value             DOUBLE NOT NULL,   -- the number
    ci_low            DOUBLE,            -- lower end of the interval: the value less the published half-width
    ci_high           DOUBLE,            -- upper end of the interval: the value and the published half-width
    ci_method         VARCHAR,           -- what the half-width is half of; null where none was published
    half_width        DOUBLE,            -- published half-width
    folded_lines      BIGINT[],          -- line of the half-width in the file, 1-based, folded into this row; null where there is none
    n                 BIGINT,            -- examples that the number stands on; null where not said
    n_pos             BIGINT,            -- positives among them; null where not said
    n_neg             BIGINT,            -- negatives among them; null where not said
    direction         VARCHAR,           -- whether higher or lower predictions mean the positive label; null where not said
    direction_by      VARCHAR,           -- who chose the direction: chosen_on_test where it was chosen on the labels that were scored; null where not said
    note              VARCHAR,           -- what keeps the number from being compared as it stands
    published_task    VARCHAR NOT NULL,  -- upstream's task
    published_dataset VARCHAR NOT NULL,  -- upstream's data set
    published_stratum VARCHAR NOT NULL,  -- upstream's stratum
    published_metric  VARCHAR NOT NULL,  -- upstream's metric
    reference         VARCHAR NOT NULL,  -- where it stands: repository, commit, file and cell, and table or figure
    source            VARCHAR NOT NULL,  -- name of the source
    source_version    VARCHAR NOT NULL,  -- the provider's version
    source_file       VARCHAR NOT NULL,  -- upstream file
    source_line       BIGINT NOT NULL    -- line in that file, 1-based, header included
);
